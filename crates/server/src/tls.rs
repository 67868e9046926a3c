//! TLS: the operator's certificate, or one under an authority of our own made at the first start.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The authority's certificate, for clients to trust.
pub(crate) const CA_FILE: &str = "ca.pem";
pub(crate) const CHAIN_FILE: &str = "server.pem";
const KEY_FILE: &str = "server.key";

/// What is wrong with the certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file can't be read or written.
    #[error("the TLS file {0}")]
    Io(PathBuf, #[source] io::Error),
    /// A file is not PEM of the right kind.
    #[error("the TLS file {0} holds no usable PEM: {1}")]
    Pem(PathBuf, String),
    /// A certificate can't be made.
    #[error("a certificate could not be made")]
    Make(#[source] rcgen::Error),
    /// Certificate and key can't be used together.
    #[error("the certificate can't be used")]
    Unusable(#[source] rustls::Error),
}

/// The server's TLS configuration: from `own` certificate and key, or from those in `directory`, made there if they are missing.
pub(crate) fn configure(directory: &Path, own: Option<&(PathBuf, PathBuf)>) -> Result<Arc<ServerConfig>, TlsError> {
    if own.is_none() && !are_made(directory) {
        make(directory)?;
    }
    load(&files(directory, own))
}

/// The certificate chain's file and its key's.
pub(crate) fn files(directory: &Path, own: Option<&(PathBuf, PathBuf)>) -> (PathBuf, PathBuf) {
    own.cloned().unwrap_or_else(|| (directory.join(CHAIN_FILE), directory.join(KEY_FILE)))
}

/// Whether those in the directory are there.
pub(crate) fn are_made(directory: &Path) -> bool {
    let (chain, key) = files(directory, None);
    chain.exists() && key.exists()
}

/// The server's TLS configuration of a certificate chain and its key.
pub(crate) fn load((chain, key): &(PathBuf, PathBuf)) -> Result<Arc<ServerConfig>, TlsError> {
    let pem = |path: &Path, error: rustls_pki_types::pem::Error| TlsError::Pem(path.to_owned(), error.to_string());
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| pem(chain, error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| pem(key, error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, private))
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// An authority and a certificate under it for this machine's loopback names. The authority's private key is not kept: nobody can
/// make further certificates that clients who trust it would believe.
fn make(directory: &Path) -> Result<(), TlsError> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Coffer local authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate().map_err(TlsError::Make)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(TlsError::Make)?;
    let issuer = Issuer::new(authority, authority_key);

    let names = ["localhost", "*.localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut server = CertificateParams::new(names).map_err(TlsError::Make)?;
    server.distinguished_name.push(DnType::CommonName, "Coffer");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate().map_err(TlsError::Make)?;
    let server_certificate = server.signed_by(&server_key, &issuer).map_err(TlsError::Make)?;

    write(&directory.join(CA_FILE), &authority_certificate.pem(), 0o644)?;
    write(&directory.join(CHAIN_FILE), &server_certificate.pem(), 0o644)?;
    write(&directory.join(KEY_FILE), &server_key.serialize_pem(), 0o600)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let open = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| TlsError::Io(path.to_owned(), error))
}
