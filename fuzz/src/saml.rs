//! SAML responses: nobody's text opens anything, and what canonicalization writes is read as what it was written from.

use std::sync::LazyLock;

use coffer_base::Timestamp;
use coffer_cloud::settings::{SAML_AUDIENCE, SAML_RECIPIENT, SamlProvider};
use coffer_cloud::sts::saml::canonical::canonical;
use coffer_cloud::sts::saml::{read, xml};
use coffer_crypto::{KeySpec, Material};

use crate::support::saml;

static PROVIDER: LazyLock<SamlProvider> = LazyLock::new(|| SamlProvider {
    arn: saml::ARN.to_owned(),
    issuer: saml::ISSUER.to_owned(),
    audience: SAML_AUDIENCE.to_owned(),
    recipient: SAML_RECIPIENT.to_owned(),
    keys: vec![Material::generate(KeySpec::Rsa2048, &coffer_crypto::SystemRng).public_key().unwrap().to_vec()],
});

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert!(read(&PROVIDER, &saml::encoded(&text), Timestamp::from_unix_ms(crate::support::NOW_MS)).is_err());
    let Some(document) = xml::parse(&text) else { return };
    let written = canonical(&document, &[], None);
    let again = xml::parse(&written).expect("what is canonical is well-formed");
    assert_eq!(canonical(&again, &[], None), written);
}
