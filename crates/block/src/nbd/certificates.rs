//! Certificates for one attachment: an authority that signs one server and one client and is then forgotten.
//!
//! Both sides accept what this authority signed and nothing else, so a certificate of another attachment opens nothing, and none can be
//! added later: the authority's private key is gone when [`mint`] returns. They have no useful end: the attachment's end is theirs.

use std::sync::Arc;

use coffer_base::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivatePkcs8KeyDer;

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// They can't be made, perhaps because a host's name is none.
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
    /// The TLS library does not take them.
    #[error("the certificates can't be used")]
    Use(#[from] rustls::Error),
    /// The TLS library does not take the authority.
    #[error("the certificate authority can't be used")]
    Verify(#[from] rustls::server::VerifierBuilderError),
}

/// What a client needs, in PEM: the files `ca-cert.pem`, `client-cert.pem` and `client-key.pem`, as QEMU and libnbd call them.
#[derive(Debug)]
pub struct ClientFiles {
    /// The authority's certificate.
    pub ca_certificate: String,
    /// The client's certificate.
    pub certificate: String,
    /// The client's private key.
    pub key: Secret<String>,
}

/// What a server needs.
#[derive(Clone, Debug)]
pub struct ServerTls(pub(super) Arc<ServerConfig>);

/// Makes an authority for the attachment of that name, with a certificate for a server that is reached under `hosts` (names and IP
/// addresses) and one for its client.
///
/// QEMU and GnuTLS ask for both key usages even though ECDSA does not use the second.
pub fn mint(attachment: &str, hosts: &[String]) -> Result<(ServerTls, ClientFiles), CertificateError> {
    let mut authority = named(&format!("Coffer attachment {attachment}"), &[])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let sign = |name: &str, hosts: &[String], purpose| {
        let mut leaf = named(name, hosts)?;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        leaf.extended_key_usages = vec![purpose];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        leaf.signed_by(&key, &issuer).map(|certificate| (certificate, key))
    };
    let (server, server_key) = sign("Coffer NBD server", hosts, ExtendedKeyUsagePurpose::ServerAuth)?;
    let (client, client_key) = sign(attachment, &[], ExtendedKeyUsagePurpose::ClientAuth)?;

    let mut roots = RootCertStore::empty();
    roots.add(authority_certificate.der().clone())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let private = PrivatePkcs8KeyDer::from(server_key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.der().clone()], private.into())?;
    let files = ClientFiles {
        ca_certificate: authority_certificate.pem(),
        certificate: client.pem(),
        key: Secret::new(client_key.serialize_pem()),
    };
    Ok((ServerTls(Arc::new(config)), files))
}

fn named(name: &str, hosts: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(hosts)?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    Ok(parameters)
}
