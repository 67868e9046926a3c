//! What the server does, in the text format of Prometheus (version 0.0.4). `docs/operations.md` has the table.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Mutex;

use coffer_base::ApiError;
use coffer_store::{audit, jobs};

use crate::dispatch::Cloud;
use crate::exchange::About;
use crate::volumes::guard;

/// Upper bounds of the latencies' buckets, in microseconds, and as they are written.
const BUCKETS: [(u64, &str); 13] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];
/// Most label sets of requests: clients choose what they ask for, and codes name parameters.
const MOST_SERIES: usize = 4096;
const NAME: &str = "coffer_request_duration_seconds";

/// What was answered how often, and how long it took.
#[derive(Default)]
pub(crate) struct Meter(Mutex<BTreeMap<Labels, Histogram>>);

/// Product, action and code.
type Labels = (&'static str, &'static str, String);

/// A metric of each kind of jobs: name, what it tells, and how it is read.
type OfJobs = (&'static str, &'static str, fn(&jobs::Waiting) -> i64);

#[derive(Clone, Copy, Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum_us: u64,
}

impl Meter {
    fn note(&self, about: &About, took_us: u64) {
        let product = about.product.map_or("", crate::product::Product::name);
        let mut labels: Labels = (product, about.action, about.code.clone().into_owned());
        let mut histograms = guard(&self.0);
        if histograms.len() >= MOST_SERIES && !histograms.contains_key(&labels) {
            "other".clone_into(&mut labels.2);
        }
        let histogram = histograms.entry(labels).or_default();
        for (bucket, _) in histogram.buckets.iter_mut().zip(BUCKETS).filter(|(_, (bound_us, _))| took_us <= *bound_us) {
            *bucket += 1;
        }
        histogram.count += 1;
        histogram.sum_us = histogram.sum_us.saturating_add(took_us);
    }

    fn render(&self, text: &mut String) -> fmt::Result {
        head(text, NAME, "histogram", "Requests by product, action and code, and how long they took.")?;
        for ((product, action, code), histogram) in &*guard(&self.0) {
            let labels = format!("product=\"{product}\",action=\"{action}\",code=\"{}\"", escaped(code));
            for ((_, bound), count) in BUCKETS.iter().zip(histogram.buckets) {
                writeln!(text, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {count}")?;
            }
            let Histogram { count, sum_us, .. } = histogram;
            writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
            writeln!(text, "{NAME}_sum{{{labels}}} {}.{:06}", sum_us / 1_000_000, sum_us % 1_000_000)?;
            writeln!(text, "{NAME}_count{{{labels}}} {count}")?;
        }
        Ok(())
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

impl Cloud {
    /// Counts an answer that took so long.
    pub fn meter(&self, about: &About, took_us: u64) {
        self.0.meter.note(about, took_us);
    }

    /// Every metric: of requests, the writer, jobs, the audit and this machine's volumes. Reads the database.
    pub fn metrics(&self) -> Result<String, ApiError> {
        let now = self.0.clock.now();
        let (jobs, (audit_rows, _)) =
            self.0.db.read(|tx| Ok::<_, ApiError>((jobs::waiting(tx, now)?, audit::head(tx)?)))?;
        let mut text = self.volume_metrics();
        self.0
            .meter
            .render(&mut text)
            .and_then(|()| self.render_rest(&mut text, &jobs, audit_rows))
            .map_err(ApiError::internal)?;
        Ok(text)
    }

    fn render_rest(&self, text: &mut String, jobs: &[jobs::Waiting], audit_rows: i64) -> fmt::Result {
        let writer = self.0.db.writer_stats();
        for (name, kind, help, value) in [
            ("coffer_writer_waiting", "gauge", "Writes that wait for the database's writer.", writer.waiting()),
            ("coffer_writer_writes_total", "counter", "Writes that were done.", writer.writes()),
            ("coffer_writer_commits_total", "counter", "Commits, each of one write or more.", writer.commits()),
            ("coffer_writer_refused_total", "counter", "Writes refused as the queue was full.", writer.refused()),
        ] {
            head(text, name, kind, help)?;
            writeln!(text, "{name} {value}")?;
        }
        let of_jobs: [OfJobs; 3] = [
            ("coffer_jobs_waiting", "Jobs that wait, by kind, those of later too.", |job| job.waiting),
            ("coffer_jobs_due", "Jobs that wait though they are due.", |job| job.due),
            ("coffer_jobs_failed", "Jobs that wait and have failed before.", |job| job.failed),
        ];
        for (name, help, read) in of_jobs {
            head(text, name, "gauge", help)?;
            for job in jobs {
                writeln!(text, "{name}{{kind=\"{}\"}} {}", escaped(&job.kind), read(job))?;
            }
        }
        head(text, "coffer_audit_rows_total", "counter", "Rows of the audit.")?;
        writeln!(text, "coffer_audit_rows_total {audit_rows}")?;
        head(text, "coffer_build_info", "gauge", "1, with the version of the program.")?;
        writeln!(text, "coffer_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::Product;

    fn about(code: String) -> About {
        About { product: Some(Product::Ecs), action: "CreateDisk", code: code.into() }
    }

    #[test]
    fn a_histogram_adds_up_and_its_series_are_bounded() {
        let meter = Meter::default();
        for took_us in [400, 700, 20_000_000] {
            meter.note(&about("OK".to_owned()), took_us);
        }
        for number in 0..2 * MOST_SERIES {
            meter.note(&about(format!("InvalidParameter.\"{number}")), 1);
        }
        let mut text = String::new();
        meter.render(&mut text).unwrap();
        let labels = "product=\"ecs\",action=\"CreateDisk\",code=\"OK\"";
        for line in [
            format!("{NAME}_bucket{{{labels},le=\"0.0005\"}} 1"),
            format!("{NAME}_bucket{{{labels},le=\"0.001\"}} 2"),
            format!("{NAME}_bucket{{{labels},le=\"10\"}} 2"),
            format!("{NAME}_bucket{{{labels},le=\"+Inf\"}} 3"),
            format!("{NAME}_sum{{{labels}}} 20.001100"),
            format!("{NAME}_count{{{labels}}} 3"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}");
        }
        assert!(text.contains("code=\"InvalidParameter.\\\"7\""));
        let series = text.lines().filter(|line| line.starts_with("coffer_request_duration_seconds_count")).count();
        assert_eq!(series, MOST_SERIES + 1, "those that are beyond share one");
    }
}
