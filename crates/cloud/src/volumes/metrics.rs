//! What the volumes of this machine do, in the text format of Prometheus (version 0.0.4). Named after disks; never what is on them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use coffer_block::host::VolumeStatus;

use super::{disk_of, guard};
use crate::dispatch::Cloud;

/// A metric of each open volume: name, kind, what it tells, and how it is read.
type Metric = (&'static str, &'static str, &'static str, fn(&VolumeStatus) -> u64);

const METRICS: [Metric; 12] = [
    ("coffer_disk_size_bytes", "gauge", "How long the disk is.", |status| status.size_bytes),
    ("coffer_disk_clients", "gauge", "NBD clients connected now.", |status| status.counters.clients),
    ("coffer_disk_fenced", "gauge", "1 while I/O is stopped.", |status| status.is_fenced.into()),
    ("coffer_disk_poisoned", "gauge", "1 after a sync failed: writes are refused.", |status| status.is_poisoned.into()),
    ("coffer_disk_base_chunks", "gauge", "MiB still read from the snapshot it was made from.", |status| {
        status.total_chunks - status.hydrated_chunks
    }),
    ("coffer_disk_reads_total", "counter", "Reads.", |status| status.counters.reads),
    ("coffer_disk_writes_total", "counter", "Writes.", |status| status.counters.writes),
    ("coffer_disk_read_bytes_total", "counter", "Bytes read.", |status| status.counters.read_bytes),
    ("coffer_disk_written_bytes_total", "counter", "Bytes written.", |status| status.counters.written_bytes),
    ("coffer_disk_read_microseconds_total", "counter", "Time of reads, added up.", |status| status.counters.read_us),
    ("coffer_disk_write_microseconds_total", "counter", "Time of writes, added up.", |status| status.counters.write_us),
    ("coffer_disk_errors_total", "counter", "Requests answered with an error.", |status| status.counters.errors),
];

impl Cloud {
    /// The metrics of this machine's volumes.
    pub fn volume_metrics(&self) -> String {
        let statuses = self.0.volumes.host.statuses();
        let unavailable: Vec<String> = guard(&self.0.volumes.outages).keys().cloned().collect();
        render(&statuses, &unavailable)
    }

    /// How much the clients of this machine's open volumes have read and written until now, in bytes.
    pub fn volume_bytes(&self) -> (u64, u64) {
        let statuses = self.0.volumes.host.statuses();
        statuses.values().fold((0, 0), |(read, written), status| {
            (read + status.counters.read_bytes, written + status.counters.written_bytes)
        })
    }
}

fn render(statuses: &BTreeMap<String, VolumeStatus>, unavailable: &[String]) -> String {
    let mut text = String::new();
    let head = |text: &mut String, name: &str, kind: &str, help: &str| {
        write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n").expect("a string takes everything");
    };
    for (name, kind, help, read) in METRICS {
        head(&mut text, name, kind, help);
        for (volume_id, status) in statuses {
            let value = read(status);
            writeln!(text, "{name}{{disk_id=\"{}\"}} {value}", disk_of(volume_id)).expect("a string takes everything");
        }
    }
    let name = "coffer_disk_key_unavailable";
    head(&mut text, name, "gauge", "1 while KMS does not open the key of a served disk.");
    for volume_id in statuses.keys() {
        let value = u8::from(unavailable.iter().any(|disk_id| disk_id == disk_of(volume_id)));
        writeln!(text, "{name}{{disk_id=\"{}\"}} {value}", disk_of(volume_id)).expect("a string takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_open_disk_has_every_metric_once() {
        let status = VolumeStatus {
            size_bytes: 4096,
            is_hydrated: true,
            hydrated_chunks: 1,
            total_chunks: 1,
            rekey: None,
            is_rekey_paused: false,
            counters: coffer_block::host::Counters { reads: 7, ..Default::default() },
            is_fenced: true,
            is_poisoned: false,
        };
        let statuses = BTreeMap::from([("d-1.1".to_owned(), status), ("d-2.3".to_owned(), status)]);
        let text = render(&statuses, &["d-2".to_owned()]);
        for line in [
            "coffer_disk_reads_total{disk_id=\"d-1\"} 7",
            "coffer_disk_fenced{disk_id=\"d-2\"} 1",
            "coffer_disk_key_unavailable{disk_id=\"d-1\"} 0",
            "coffer_disk_key_unavailable{disk_id=\"d-2\"} 1",
            "# TYPE coffer_disk_writes_total counter",
        ] {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}");
        }
    }
}
