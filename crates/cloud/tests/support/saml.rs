//! A SAML provider with a key of its own, and its responses. They are written as canonicalization would write them, so that what the
//! service makes of them is held against something that it did not make itself.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{SeededRng, Timestamp};
use coffer_cloud::settings::{SAML_AUDIENCE, SAML_RECIPIENT, SamlProvider};
use coffer_crypto::{Material, SigningAlgorithm, digest};

use super::{NOW_MS, oidc};

/// The provider's ARN.
pub(crate) const ARN: &str = "acs:ram::1234567890123456:saml-provider/directory";
/// Its entity id.
pub(crate) const ISSUER: &str = "https://directory.example.com/saml";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

static KEY: LazyLock<Material> = LazyLock::new(oidc::key);

pub(super) fn provider() -> SamlProvider {
    let text = str::to_owned;
    SamlProvider {
        arn: text(ARN),
        issuer: text(ISSUER),
        audience: text(SAML_AUDIENCE),
        recipient: text(SAML_RECIPIENT),
        keys: vec![KEY.public_key().unwrap().to_vec()],
    }
}

/// A moment so many seconds from the beginning of every world.
pub(crate) fn at(seconds: i64) -> String {
    Timestamp::from_unix_ms(NOW_MS + seconds * 1000).to_iso8601()
}

/// A good assertion for the role of that ARN, unsigned: `{signature}` is where its signature belongs.
pub(crate) fn assertion(role: &str) -> String {
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" IssueInstant=\"{now}\" Version=\"2.0\">\
         <saml:Issuer>{ISSUER}</saml:Issuer>{{signature}}<saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">alice</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData NotOnOrAfter=\"{end}\" Recipient=\"{SAML_RECIPIENT}\"></saml:SubjectConfirmationData>\
         </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{now}\" NotOnOrAfter=\"{end}\">\
         <saml:AudienceRestriction><saml:Audience>{SAML_AUDIENCE}</saml:Audience></saml:AudienceRestriction>\
         </saml:Conditions><saml:AuthnStatement AuthnInstant=\"{now}\"></saml:AuthnStatement><saml:AttributeStatement>\
         <saml:Attribute Name=\"https://www.aliyun.com/SAML-Role/Attributes/Role\">\
         <saml:AttributeValue>{role},{ARN}</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName\">\
         <saml:AttributeValue>alice@example.com</saml:AttributeValue></saml:Attribute>\
         </saml:AttributeStatement></saml:Assertion>",
        now = at(-10),
        end = at(300),
    )
}

/// What is signed of an assertion: the reference to it, for the digest of its text without a signature.
pub(crate) fn signed_info(assertion: &str) -> String {
    let value = STANDARD.encode(digest::sha256(assertion.replace("{signature}", "").as_bytes()));
    format!(
        "<ds:SignedInfo xmlns:ds=\"{DS}\">\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#_a1\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
}

/// A signature over that by a key.
pub(crate) fn signature_by(key: &Material, signed_info: &str) -> String {
    let digest = digest::sha256(signed_info.as_bytes());
    let value = key.sign(SigningAlgorithm::RsaPkcs1, &SeededRng::new(1), &digest).unwrap();
    let value = STANDARD.encode(value);
    format!(
        "<ds:Signature xmlns:ds=\"{DS}\">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
    )
}

/// The provider's signature over that.
pub(crate) fn signature_of_info(signed_info: &str) -> String {
    signature_by(&KEY, signed_info)
}

/// The provider's signature of an assertion.
pub(crate) fn signature(assertion: &str) -> String {
    signature_of_info(&signed_info(assertion))
}

/// The assertion with the provider's signature in it.
pub(crate) fn signed(assertion: &str) -> String {
    assertion.replace("{signature}", &signature(assertion))
}

/// A response that holds this.
pub(crate) fn response(content: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r1\" Version=\"2.0\">\
         <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         {content}</samlp:Response>"
    )
}

/// As it is sent.
pub(crate) fn encoded(response: &str) -> String {
    STANDARD.encode(response)
}
