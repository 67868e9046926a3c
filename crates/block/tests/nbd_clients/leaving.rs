//! Clients that go, and a server that goes.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::both_ways;
use crate::site::Site;
use crate::support::monotonic_ns;

/// A client that writes and reads until it can't any more.
const SCRIPT: &str = r"
h.set_uri_allow_local_file(True)
h.connect_uri(uri)
while True:
    h.pwrite(bytes(1 << 20), 0)
    h.pread(1 << 20, 0)
";

fn busy(site: &Site) -> Child {
    let script = format!("uri = {:?}\n{SCRIPT}", site.uri());
    let client = site.lasting("nbdsh").arg("-c").arg(script).stderr(Stdio::piped()).spawn().unwrap();
    eventually("the client is busy", || site.offer.counters.snapshot().writes > 10);
    client
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}

both_ways! {
    fn a_client_that_is_killed_is_forgotten(site) {
        let mut client = busy(site);
        client.kill().unwrap();
        client.wait().unwrap();
        eventually("it is forgotten", || site.server.connections() == 0);
        site.run("nbdinfo", &["--size", &site.uri()]);
    }

    fn a_busy_client_is_told_that_the_server_stops(site) {
        let client = busy(site);
        let start = monotonic_ns();
        site.server.stop();
        assert!(monotonic_ns() - start < 5_000_000_000);
        assert!(!client.wait_with_output().unwrap().status.success());
        let counted = site.offer.counters.snapshot();
        assert_eq!((site.server.connections(), counted.clients), (0, 0));
        assert!(!site.attempt("nbdinfo", &["--size", &site.uri()]).0);
        assert_eq!(site.offer.counters.snapshot(), counted);
    }
}
