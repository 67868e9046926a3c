//! QEMU's programs.

use std::fs;

use crate::both_ways;
use crate::site::Site;

fn qemu(site: &Site, program: &str, command: &[&str], before: &[&str], after: &[&str]) -> String {
    let (general, image) = site.qemu();
    let general: Vec<_> = general.iter().map(String::as_str).collect();
    site.run(program, &[command, &general, before, &[&image], after].concat())
}

both_ways! {
    fn qemu_io_reads_what_it_wrote(site) {
        let commands = [
            "write -P 0x11 0 1M", "write -P 0x22 -f 1000 5000", "read -P 0x11 0 1000", "read -P 0x22 1000 5000",
            "read -P 0x11 6000 1000", "write -z 64k 64k", "read -P 0 64k 64k", "write -z -u 128k 64k", "read -P 0 128k 64k",
            "discard 256k 256k", "read -P 0 256k 256k", "aio_write -P 0x33 4M 8M", "aio_write -P 0x44 12M 8M", "aio_flush",
            "aio_read -P 0x33 4M 8M", "aio_read -P 0x44 12M 8M", "aio_flush", "flush", "write -P 0x55 67108352 512",
        ];
        let arguments: Vec<_> = commands.iter().flat_map(|command| ["-c", command]).collect();
        let shown = qemu(site, "qemu-io", &[], &arguments, &[]);
        assert!(!shown.contains("verification failed") && !shown.contains("failed"), "{shown}");
        let calls = site.memory.calls();
        assert!(calls.iter().any(|call| call.starts_with("zero 65536 65536 no_hole=true")), "{calls:?}");
        assert!(calls.iter().any(|call| call == "trim 262144 262144"), "{calls:?}");
        assert_eq!(site.memory.bytes()[1000..6000], [0x22; 5000]);
        assert_eq!(site.offer.counters.snapshot().errors, 0);
    }

    fn qemu_img_converts_compares_and_maps(site) {
        let sample = site.sample("sample");
        let source = format!("driver=raw,file.filename={}", sample.display());
        qemu(site, "qemu-img", &["convert"], &["--target-image-opts", "-n", &source], &[]);
        assert!(site.memory.bytes() == fs::read(&sample).unwrap());
        assert!(qemu(site, "qemu-img", &["compare"], &[&source], &[]).contains("identical"));
        let copy = site.folder.file("copy");
        qemu(site, "qemu-img", &["convert"], &["-O", "raw"], &[copy.to_str().unwrap()]);
        assert!(site.memory.bytes() == fs::read(&copy).unwrap());
        let map = qemu(site, "qemu-img", &["map"], &["--output=json"], &[]);
        let extents: Vec<_> = map.lines().filter(|line| line.contains("\"start\"")).collect();
        assert_eq!(extents.len(), 3, "{map}");
        assert!(extents[1].contains("\"start\": 16777216, \"length\": 25165824") && extents[1].contains("\"zero\": true"), "{map}");
    }

    fn qemu_img_makes_an_image_of_its_own_on_the_device(site) {
        let (_, image) = site.qemu();
        let sample = site.sample("sample");
        // A qcow2 image whose clusters are the device's: small reads and writes in any order.
        let qcow = format!("driver=qcow2,file.{}", image.replace(',', ",file."));
        let target = site.folder.file("t.qcow2");
        site.run("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", sample.to_str().unwrap(), target.to_str().unwrap()]);
        site.run("nbdcopy", &[target.to_str().unwrap(), &site.uri()]);
        let (general, _) = site.qemu();
        let general: Vec<_> = general.iter().map(String::as_str).collect();
        let commands = ["-c", "write -P 0x66 17M 3M", "-c", "read -P 0x66 17M 3M", "-c", "flush", &qcow];
        let shown = site.run("qemu-io", &[&general[..], &commands].concat());
        assert!(!shown.contains("failed"), "{shown}");
        assert!(site.run("qemu-img", &[&["check"][..], &general, &[&qcow]].concat()).contains("No errors were found"));
    }
}
