//! Who may come in over TLS.

use std::fs;

use coffer_block::nbd::mint;

use crate::site::{Site, install};

#[test]
fn a_certificate_of_another_attachment_does_not_open_this_one() {
    let site = Site::tls();
    assert!(site.attempt("nbdinfo", &[&site.uri()]).0);
    let reads = site.offer.counters.snapshot().reads;
    let ours = fs::read(site.certificates().join("ca-cert.pem")).unwrap();
    let (_, others) = mint("d-1", &["localhost".to_owned()]).unwrap();
    install(&others, &site.certificates());
    assert!(!site.attempt("nbdinfo", &[&site.uri()]).0, "the client does not trust this server");
    // Were it to, it would not be let in.
    fs::write(site.certificates().join("ca-cert.pem"), ours).unwrap();
    assert!(!site.attempt("nbdinfo", &[&site.uri()]).0);
    for file in ["client-cert.pem", "client-key.pem"] {
        fs::remove_file(site.certificates().join(file)).unwrap();
    }
    assert!(!site.attempt("nbdinfo", &[&site.uri()]).0, "no certificate at all");
    assert!(!site.attempt("nbdinfo", &[&site.uri().replace("nbds", "nbd")]).0, "no TLS");
    assert_eq!(site.offer.counters.snapshot().reads, reads);
}

#[test]
fn gnutls_finds_nothing_wrong_with_the_certificates() {
    let site = Site::tls();
    let directory = site.certificates();
    let file = |name: &str| directory.join(name).display().to_string();
    let verified = site.run(
        "certtool",
        &[
            "--verify",
            "--verify-profile=medium",
            "--load-ca-certificate",
            &file("ca-cert.pem"),
            "--infile",
            &file("client-cert.pem"),
        ],
    );
    assert!(verified.contains("Verified. The certificate is trusted."), "{verified}");
    let shown = site.run("certtool", &["--certificate-info", "--infile", &file("client-cert.pem")]);
    for expected in ["Digital signature", "Key encipherment", "TLS WWW Client", "CN=d-1"] {
        assert!(shown.contains(expected), "{expected} is not in {shown}");
    }
}
