//! SAML 2.0 responses with an assertion that an identity provider signed. The providers are the operator's setting: the operations that
//! register them belong to IMS. What is required of an assertion is what the vendor's page on role-based SSO requires.

pub mod canonical;
pub mod signature;
pub mod xml;

use coffer_base::{ApiError, ErrorCode, Timestamp};

use self::xml::{Element, Name};
use crate::settings::SamlProvider;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: Name = (SAML, "Assertion");
const ENCRYPTED_ASSERTION: Name = (SAML, "EncryptedAssertion");
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
const ROLE: &str = "https://www.aliyun.com/SAML-Role/Attributes/Role";
const SESSION_NAME: &str = "https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName";
/// Longest name of a subject in bytes: what is kept of it is kept in the audit.
const MOST_NAME_BYTES: usize = 1024;
/// How far the provider's clock may be ahead, in milliseconds.
const SKEW_MS: i64 = 60_000;

/// What an assertion says that was found good.
#[derive(Debug)]
pub struct Claims {
    /// What the provider calls the assertion: no other of its assertions has that id.
    pub id: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who signed.
    pub issuer: String,
    /// Where it was to be sent.
    pub recipient: String,
    /// Whom it is about.
    pub subject: String,
    /// The kind of name that is, for example `persistent`.
    pub subject_type: String,
    /// The roles it is good for, each with its provider: two ARNs.
    pub roles: Vec<(String, String)>,
    /// How the session is to be called.
    pub session_name: String,
    /// When the session is to end at the latest.
    pub session_ends_at: Option<Timestamp>,
}

/// Reads a response in base64: its one assertion must be signed by a key of the provider, made by its issuer for here, and not have
/// ended.
pub fn read(provider: &SamlProvider, response: &str, now: Timestamp) -> Result<Claims, ApiError> {
    let assertion = vouched_for(provider, response).ok_or(ErrorCode::StsSamlInvalid)?;
    let claims = claims(provider, &assertion, now).ok_or(ErrorCode::StsSamlInvalid)?;
    if claims.expires_at <= now { Err(ErrorCode::StsSamlExpired.into()) } else { Ok(claims) }
}

/// The assertion, read from the text that was signed and from nothing else.
fn vouched_for(provider: &SamlProvider, response: &str) -> Option<Element> {
    let bytes = signature::base64(response)?;
    let response = xml::parse(std::str::from_utf8(&bytes).ok()?)?;
    let status = response.is((PROTOCOL, "Response")).then(|| response.only((PROTOCOL, "Status"))).flatten()?;
    let code = status.only((PROTOCOL, "StatusCode"))?.attribute("Value")?;
    if response.attribute("Version") != Some("2.0") || code != SUCCESS {
        return None;
    }
    xml::parse(&signature::signed_assertion(&response, &provider.keys)?)
}

/// What an assertion claims.
fn claims(provider: &SamlProvider, assertion: &Element, now: Timestamp) -> Option<Claims> {
    let issuer = assertion.only((SAML, "Issuer"))?.text()?;
    if assertion.attribute("Version") != Some("2.0") || issuer != provider.issuer {
        return None;
    }
    let subject = assertion.only((SAML, "Subject"))?;
    let name = subject.only((SAML, "NameID"))?;
    let format = name.attribute("Format").unwrap_or("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    let confirmation = subject.only((SAML, "SubjectConfirmation"))?;
    let data = confirmation.only((SAML, "SubjectConfirmationData"))?;
    let recipient = data.attribute("Recipient")?;
    if confirmation.attribute("Method") != Some(BEARER) || recipient != provider.recipient {
        return None;
    }
    let conditions = conditions(provider, assertion)?;
    // Who confirms must say until when.
    let confirmed = period(data, now).ok()??;
    let valid = period(conditions, now).ok()?;
    let session_ends_at = session_end(assertion).ok()?;
    Some(Claims {
        // What was signed is referred to by it.
        id: assertion.attribute("ID")?.to_owned(),
        expires_at: [valid, session_ends_at].into_iter().flatten().fold(confirmed, Timestamp::min),
        issuer: issuer.to_owned(),
        recipient: recipient.to_owned(),
        subject: name.text().filter(|name| (1..=MOST_NAME_BYTES).contains(&name.len()))?.to_owned(),
        subject_type: format.strip_prefix(FORMAT).unwrap_or(format).to_owned(),
        roles: roles(assertion)?,
        session_name: session_name(assertion)?,
        session_ends_at,
    })
}

/// That a time is stated which is none, or that has not come.
struct NotNow;

/// When what is stated about times ends, if that is said; it must have begun.
fn period(element: &Element, now: Timestamp) -> Result<Option<Timestamp>, NotNow> {
    match moment(element, "NotBefore")? {
        Some(begins) if begins > now.plus_ms(SKEW_MS) => Err(NotNow),
        _ => moment(element, "NotOnOrAfter"),
    }
}

/// The moment in an attribute, if there is one.
fn moment(element: &Element, name: &str) -> Result<Option<Timestamp>, NotNow> {
    element.attribute(name).map(|text| Timestamp::parse_rfc3339(text).ok_or(NotNow)).transpose()
}

/// The conditions, if the assertion is for here. One that is not known can't be kept, and is no reason to believe.
fn conditions<'a>(provider: &SamlProvider, assertion: &'a Element) -> Option<&'a Element> {
    let conditions = assertion.only((SAML, "Conditions"))?;
    let mut restricted = false;
    for condition in conditions.elements() {
        let mut audiences = condition.elements().filter(|element| element.is((SAML, "Audience")));
        let is_for_here = audiences.any(|audience| audience.text() == Some(&provider.audience));
        if !condition.is((SAML, "AudienceRestriction")) || !is_for_here {
            return None;
        }
        restricted = true;
    }
    restricted.then_some(conditions)
}

/// When the provider's own session ends, if it says so.
fn session_end(assertion: &Element) -> Result<Option<Timestamp>, NotNow> {
    let mut end = None;
    for statement in assertion.elements().filter(|element| element.is((SAML, "AuthnStatement"))) {
        end = end.into_iter().chain(moment(statement, "SessionNotOnOrAfter")?).min();
    }
    Ok(end)
}

/// The values of the attribute of that name.
fn attribute<'a>(assertion: &'a Element, name: &str) -> Option<Vec<&'a str>> {
    let statements = assertion.elements().filter(|element| element.is((SAML, "AttributeStatement")));
    let attributes = statements.flat_map(Element::elements).filter(|element| element.is((SAML, "Attribute")));
    let named = attributes.filter(|attribute| attribute.attribute("Name") == Some(name));
    named.flat_map(Element::elements).map(|value| value.text().filter(|_| value.is((SAML, "AttributeValue")))).collect()
}

fn roles(assertion: &Element) -> Option<Vec<(String, String)>> {
    let pair = |value: &str| {
        let (role, provider) = value.split_once(',')?;
        Some((role.trim().to_owned(), provider.trim().to_owned()))
    };
    attribute(assertion, ROLE)?.into_iter().map(pair).collect()
}

fn session_name(assertion: &Element) -> Option<String> {
    match attribute(assertion, SESSION_NAME)?.as_slice() {
        [name] => Some((*name).to_owned()),
        _ => None,
    }
}
