//! fio, which checks what it reads, against the server itself.

use std::process::Command;

use crate::site::{Site, text};

#[test]
fn fio_finds_on_an_encrypted_disk_what_it_wrote_with_flushes_between() {
    let mut site = Site::new("disks-fio");
    let instance_id = site.instance();
    let (disk_id, nbd) = site.attached(&instance_id, &[]);
    drop(nbd);
    let uri = format!("--uri={}", text(&site.export(&disk_id)["Uri"]));
    let snapshot_id = site.begin_snapshot(&disk_id);
    for (pattern, sizes) in [("--rw=randwrite", "--bsrange=512-64k"), ("--rw=write", "--bs=1m")] {
        let output = Command::new("fio")
            .args(["--name=verify", "--ioengine=nbd", &uri, pattern, sizes, "--iodepth=16", "--size=48m"])
            .args(["--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0", "--do_verify=1"])
            .args(["--fsync=32", "--randseed=7"])
            .current_dir(&site.data)
            .output()
            .expect("fio is not installed: `cargo xtask tools` does that");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && shown.contains("err= 0"), "{shown}");
    }
    site.until_accomplished(crate::site::HERE, &snapshot_id);
}
