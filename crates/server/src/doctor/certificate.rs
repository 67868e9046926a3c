//! The certificate is valid, for a while yet, and for the names that the server is called by.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::{self, Failure, Reason};
use crate::serve::now;
use crate::tls;

pub(super) const CHECK: Check = Check { name: "certificate", run: Run::Data(check) };

/// How long before its end a warning is due.
const SOON_S: u64 = 14 * 24 * 3600;
const RENEW: &str = "renew it and start the server again; without tls.certificate in the settings, remove server.pem, server.key and \
                     ca.pem: the next start makes new ones";
const REPLACE: &str = "tls.certificate and tls.key name a certificate's chain and its own private key, in PEM, for the server's user to read; \
                       without them, remove server.pem, server.key and ca.pem: the next start makes new ones";

fn check(data: &Data) -> Findings {
    let own = data.config.tls.as_ref();
    if own.is_none() && !tls::are_made(&data.config.data) {
        // The next start makes them.
        return Ok(Vec::new());
    }
    let files = tls::files(&data.config.data, own);
    if let Err(error) = tls::load(&files) {
        return Ok(vec![Finding::error(cli::chain(&error), REPLACE)]);
    }
    let path = files.0;
    let chain = read(&path)?;
    let Some((leaf, rest)) = chain.split_first() else {
        return Ok(vec![Finding::error(format!("{} holds no certificate", path.display()), RENEW)]);
    };
    let mut findings = Vec::new();
    let now_s = u64::try_from(now().unix_ms() / 1000).unwrap_or_default();
    if !is_within(data, leaf, rest, now_s)? {
        findings.push(Finding::error(
            format!("the certificate in {} has expired, or is not valid yet", path.display()),
            RENEW,
        ));
    } else if !is_within(data, leaf, rest, now_s + SOON_S)? {
        findings.push(Finding::warning(format!("the certificate in {} ends within 14 days", path.display()), RENEW));
    }
    let parsed = ParsedCertificate::try_from(leaf).map_err(wrong)?;
    let listen = data.config.listen.ip();
    let hosts = data.hosts.iter().cloned().chain((!listen.is_unspecified()).then(|| listen.to_string()));
    for host in hosts {
        let name = ServerName::try_from(host.as_str())
            .map_err(|_| Failure::new(Reason::Configuration, format!("{host} is no host's name")))?;
        if verify_server_name(&parsed, &name).is_err() {
            let what = format!("the certificate in {} is not for {host}", path.display());
            findings.push(Finding::error(what, "have one made for that name too, and set tls.certificate and tls.key"));
        }
    }
    Ok(findings)
}

fn wrong(error: rustls::Error) -> Failure {
    Failure::new(Reason::Machine, format!("the certificate can't be read: {error}"))
}

fn read(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|error| Failure::machine(path.display(), error))
}

/// Whether the certificate is valid at that moment, whoever signed it.
fn is_within(
    data: &Data,
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'static>],
    at_s: u64,
) -> Result<bool, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rest.iter().cloned());
    let ca = data.config.data.join(tls::CA_FILE);
    if ca.exists() {
        roots.add_parsable_certificates(read(&ca)?);
    }
    if roots.is_empty() {
        // One that signed itself: what it is held against matters not for its time.
        roots.add_parsable_certificates([leaf.clone().into_owned()]);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = verifier.map_err(|error| Failure::machine("the certificate can't be verified", error))?;
    let name = ServerName::try_from("localhost").expect("a name");
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at_s));
    let outcome = verifier.verify_server_cert(leaf, rest, &name, &[], at);
    let is_time = |error: &CertificateError| {
        matches!(
            error,
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        )
    };
    Ok(!matches!(outcome, Err(rustls::Error::InvalidCertificate(error)) if is_time(&error)))
}
