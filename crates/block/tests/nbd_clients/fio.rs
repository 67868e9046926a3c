//! fio, which checks what it reads.

use crate::both_ways;

both_ways! {
    fn fio_finds_what_it_wrote(site) {
        let uri = format!("--uri={}", site.uri().split("?tls").next().unwrap());
        for (pattern, sizes, depth) in [("randwrite", "512-64k", "32"), ("randrw", "4k-4k", "32"), ("write", "1m-1m", "8")] {
            let (rw, sizes, depth) = (format!("--rw={pattern}"), format!("--bsrange={sizes}"), format!("--iodepth={depth}"));
            let shown = site.run_at_home("fio", &[
                "--name=verify", "--ioengine=nbd", &uri, &rw, &sizes, &depth, "--size=48m", "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0",
                "--do_verify=1", "--fsync=64", "--randseed=7",
            ]);
            assert!(shown.contains("err= 0"), "{shown}");
        }
        let counted = site.offer.counters.snapshot();
        assert!(counted.flushes > 0 && counted.errors == 0, "{counted:?}");
        assert!(counted.bytes_read >= counted.bytes_written / 2, "{counted:?}");
    }
}
