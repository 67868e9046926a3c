//! XML signatures (XML-DSig) in the one profile that SAML 2.0 has for assertions: enveloped in the assertion, one reference to it by
//! its id, exclusive canonicalization, SHA-256 and RSA. A signature that asks for anything else is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_crypto::{digest, is_signed_rs256};

use super::canonical::canonical;
use super::xml::{Element, Name, Node};
use super::{ASSERTION, ENCRYPTED_ASSERTION};

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SIGNATURE: Name = (DS, "Signature");
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const INCLUSIVE_NAMESPACES: Name = (EXCLUSIVE, "InclusiveNamespaces");
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// Most prefixes that a canonicalization includes.
const PREFIXES: usize = 16;
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The assertion of a response, as the very text that one of `keys` (SubjectPublicKeyInfo in DER) signed. Only what is read from that
/// text is vouched for: which element of the document it was can't be mistaken any more.
pub fn signed_assertion(response: &Element, keys: &[Vec<u8>]) -> Option<String> {
    let all = response.all();
    let is_assertion = |element: &&Element| element.is(ASSERTION) || element.is(ENCRYPTED_ASSERTION);
    // One, right below the response: an assertion that is wrapped in something has no business here.
    let assertion =
        response.only(ASSERTION).filter(|_| all.iter().copied().filter(|e| is_assertion(e)).count() == 1)?;
    let id = assertion.attribute("ID").filter(|id| !id.is_empty())?;
    let is_id = |name: &str| name.eq_ignore_ascii_case("id");
    let attributes = all.iter().flat_map(|element| &element.attributes);
    if attributes.filter(|attribute| is_id(&attribute.local) && attribute.value == id).count() != 1 {
        return None;
    }
    let signature = assertion.only(SIGNATURE)?;
    if assertion.all().iter().filter(|element| element.is(SIGNATURE)).count() != 1 {
        return None;
    }
    verified(assertion, id, signature, keys)
}

fn verified(assertion: &Element, id: &str, signature: &Element, keys: &[Vec<u8>]) -> Option<String> {
    let mut parts = parts(signature)?.into_iter();
    let (info, value, key_info) = (parts.next()?, parts.next()?, parts.next());
    // A key that the signature brings along proves nothing: it is not looked at.
    if !key_info.is_none_or(|element| element.is((DS, "KeyInfo"))) || parts.next().is_some() {
        return None;
    }
    let [method, algorithm, reference] = *children::<3>(info, (DS, "SignedInfo"))?;
    let info_prefixes = exclusive(method, (DS, "CanonicalizationMethod"))?;
    children::<0>(algorithm, (DS, "SignatureMethod")).filter(|_| has_algorithm(algorithm, RSA_SHA256))?;
    let (digest, inclusive) = referred(reference, id)?;
    // First what costs little: of what nobody signed no more than that is written.
    let signed = canonical(info, &info_prefixes, None);
    let value = bytes(value, (DS, "SignatureValue"))?;
    if !keys.iter().any(|key| is_signed_rs256(key, signed.as_bytes(), &value)) {
        return None;
    }
    let text = canonical(assertion, &inclusive, Some(signature));
    (digest == digest::sha256(text.as_bytes())).then_some(text)
}

/// The digest that a reference to the element of that id states, and the prefixes that its canonicalization includes.
fn referred<'a>(reference: &'a Element, id: &str) -> Option<(Vec<u8>, Vec<&'a str>)> {
    let [transforms, method, value] = *children::<3>(reference, (DS, "Reference"))?;
    let [enveloped, canonicalization] = *children::<2>(transforms, (DS, "Transforms"))?;
    children::<0>(enveloped, (DS, "Transform")).filter(|_| has_algorithm(enveloped, ENVELOPED))?;
    let inclusive = exclusive(canonicalization, (DS, "Transform"))?;
    children::<0>(method, (DS, "DigestMethod")).filter(|_| has_algorithm(method, SHA256))?;
    let uri = reference.attribute("URI")?;
    (uri.strip_prefix('#') == Some(id)).then_some((bytes(value, (DS, "DigestValue"))?, inclusive))
}

fn has_algorithm(element: &Element, algorithm: &str) -> bool {
    element.attribute("Algorithm") == Some(algorithm)
}

/// The prefixes listed in an exclusive canonicalization.
fn exclusive(element: &Element, name: Name) -> Option<Vec<&str>> {
    if !element.is(name) || !has_algorithm(element, EXCLUSIVE) {
        return None;
    }
    let parts = parts(element)?;
    match parts.as_slice() {
        [] => Some(Vec::new()),
        [listed] if listed.is(INCLUSIVE_NAMESPACES) && parts_are_none(listed) => {
            let list = listed.attribute("PrefixList")?.split_ascii_whitespace();
            let prefixes: Vec<_> = list.map(|prefix| if prefix == "#default" { "" } else { prefix }).collect();
            (prefixes.len() <= PREFIXES).then_some(prefixes)
        }
        _ => None,
    }
}

fn parts_are_none(element: &Element) -> bool {
    parts(element).is_some_and(|parts| parts.is_empty())
}

/// The elements in one that has that name and exactly `N` of them.
fn children<const N: usize>(element: &Element, name: Name) -> Option<Box<[&Element; N]>> {
    parts(element).filter(|_| element.is(name))?.into_boxed_slice().try_into().ok()
}

/// The elements in one that holds no text beside them.
fn parts(element: &Element) -> Option<Vec<&Element>> {
    let mut parts = Vec::new();
    for node in &element.children {
        match node {
            Node::Element(part) => parts.push(part),
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Text(_) => return None,
        }
    }
    Some(parts)
}

fn bytes(element: &Element, name: Name) -> Option<Vec<u8>> {
    base64(element.text().filter(|_| element.is(name))?)
}

/// What base64 stands for; its lines may be broken.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok()
}
