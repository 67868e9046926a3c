//! The vectors, and what must not verify.

use coffer_base::{ErrorCode, Secret};
use serde::Deserialize;

use super::{Claim, Scheme};
use crate::exchange::{Incoming, Method};
use crate::parameters::Parameters;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    verifies_with: Vec<String>,
    secret: Option<String>,
    access_key_id: Option<String>,
    security_token: Option<String>,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    canonical_request: Option<String>,
    string_to_sign: Option<String>,
}

impl Vector {
    fn all() -> Vec<Self> {
        let file: File = serde_json::from_str(include_str!("vectors.json")).unwrap();
        assert_eq!(file.vectors.len(), 39);
        file.vectors
    }

    fn is_signed(&self) -> bool {
        !self.verifies_with.iter().any(|mode| mode == "unsigned")
    }

    fn incoming(&self) -> Incoming {
        Incoming {
            method: if self.method == "GET" { Method::Get } else { Method::Post },
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            body: self.body.clone().into_bytes(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            tls: false,
        }
    }

    fn secret(&self) -> Secret<String> {
        Secret::new(self.secret.clone().unwrap_or_default())
    }
}

fn check(incoming: &Incoming, secret: &Secret<String>) -> Result<Claim, coffer_base::ApiError> {
    let parameters = Parameters::parse(incoming)?;
    let claim = Claim::read(incoming, &parameters)?;
    claim.verify(incoming, &parameters, secret)?;
    Ok(claim)
}

#[test]
fn all_thirty_nine_vectors_are_recognised_and_the_signed_ones_verify() {
    for vector in Vector::all() {
        let incoming = vector.incoming();
        if vector.is_signed() {
            let claim = check(&incoming, &vector.secret()).unwrap_or_else(|error| panic!("{}: {error:?}", vector.id));
            assert_eq!(claim.access_key_id, vector.access_key_id, "{}", vector.id);
            assert_eq!(claim.security_token, vector.security_token, "{}", vector.id);
        } else {
            let claim = Claim::read(&incoming, &Parameters::parse(&incoming).unwrap()).unwrap();
            let bearer = vector.id.contains("bearer");
            assert_eq!(matches!(claim.scheme, Scheme::Bearer), bearer, "{}", vector.id);
            assert_eq!(matches!(claim.scheme, Scheme::Anonymous), !bearer, "{}", vector.id);
        }
    }
}

#[test]
fn a_mismatch_shows_the_string_that_the_client_signed() {
    for vector in Vector::all().iter().filter(|vector| vector.is_signed()) {
        let error = check(&vector.incoming(), &Secret::new("another".to_owned())).unwrap_err();
        let message = error.message().into_owned();
        let standard = ["std", "encoded-keys"].iter().any(|mode| vector.verifies_with.iter().any(|m| m == mode));
        let shown = vector.canonical_request.as_ref().or(vector.string_to_sign.as_ref()).unwrap();
        if error.code() == ErrorCode::SignatureMismatchV1 {
            assert!(message.split(':').count() == 2, "a client takes what follows the only colon");
        }
        if standard {
            assert!(message.contains(shown.as_str()), "{}: {message}", vector.id);
        }
    }
}

/// Requests that mean the same after one byte was changed: they may verify.
fn same_meaning(a: &Incoming, b: &Incoming) -> bool {
    let read = |incoming: &Incoming| {
        let parameters = Parameters::parse(incoming).ok()?;
        let mut all: Vec<_> = parameters.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        // What is inside the signature itself is compared after decoding.
        all.retain(|(name, _)| name != "Signature");
        Some(all)
    };
    read(a) == read(b)
}

#[test]
fn no_single_byte_of_what_is_signed_can_be_changed() {
    let mut tried = 0;
    for vector in Vector::all().iter().filter(|vector| vector.is_signed()) {
        let (good, secret) = (vector.incoming(), vector.secret());
        for place in 0..good.query.len() {
            let mut changed = good.clone();
            let mut bytes = changed.query.into_bytes();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            changed.query = String::from_utf8(bytes).unwrap();
            tried += 1;
            assert!(check(&changed, &secret).is_err(), "{}: query byte {place}", vector.id);
        }
        for place in 0..good.body.len() {
            let mut changed = good.clone();
            changed.body[place] = if changed.body[place] == b'x' { b'y' } else { b'x' };
            tried += 1;
            let verified = check(&changed, &secret).is_ok();
            assert!(!verified || same_meaning(&good, &changed), "{}: body byte {place}", vector.id);
        }
        let signed = Claim::read(&good, &Parameters::parse(&good).unwrap()).unwrap();
        let (Scheme::V3(authorization) | Scheme::V4 { authorization, .. }) = &signed.scheme else { continue };
        for (index, (name, value)) in good.headers.iter().enumerate() {
            if !authorization.signed_headers.contains(name) && name != "authorization" {
                continue;
            }
            for place in 0..value.len() {
                let mut changed = good.clone();
                let mut bytes = value.clone().into_bytes();
                bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
                changed.headers[index].1 = String::from_utf8(bytes).unwrap();
                tried += 1;
                let outcome = check(&changed, &secret);
                let other_key = outcome.as_ref().is_ok_and(|claim| claim.access_key_id != signed.access_key_id);
                assert!(outcome.is_err() || other_key, "{}: {name} byte {place}", vector.id);
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

fn v1(query: &str) -> Incoming {
    Incoming {
        method: Method::Get,
        path: "/".to_owned(),
        query: query.to_owned(),
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        body: Vec::new(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        tls: false,
    }
}

#[test]
fn what_a_v1_request_lacks_is_named() {
    let full = "Action=A&Version=2014-05-26&AccessKeyId=k&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0\
                &SignatureNonce=n&Timestamp=2026-01-02T03%3A04%3A05Z&Signature=c2ln";
    for name in ["Action", "Version", "AccessKeyId", "Timestamp", "SignatureMethod"] {
        let without: Vec<&str> = full.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
        let error = check(&v1(&without.join("&")), &Secret::new(String::new())).unwrap_err();
        assert_eq!(error.code_text(), format!("Missing{name}"));
    }
    for (from, to, code) in [
        ("HMAC-SHA1", "SHA256withRSA", ErrorCode::InvalidSignatureMethod),
        ("2026-01-02T03%3A04%3A05Z", "2026-01-02T03%3A04%3A05.000Z", ErrorCode::TimestampFormat),
        ("SignatureVersion=1.0", "SignatureVersion=2.0", ErrorCode::IncompleteSignature),
        ("&Signature=c2ln", "", ErrorCode::MissingMandatory),
        ("&Signature=c2ln", "&Signature=", ErrorCode::MissingMandatory),
        ("c2ln", "c2ln", ErrorCode::SignatureMismatchV1),
        ("c2ln", "%20not%20base64", ErrorCode::SignatureMismatchV1),
    ] {
        let error = check(&v1(&full.replace(from, to)), &Secret::new(String::new())).unwrap_err();
        assert_eq!(error.code(), code, "{to}");
    }
}

#[test]
fn a_json_body_can_not_ride_along_with_a_v1_signature() {
    let vector = Vector::all().into_iter().find(|vector| vector.id == "v1-pyv2-post").unwrap();
    let mut incoming = vector.incoming();
    incoming.headers.retain(|(name, _)| name != "content-type");
    incoming.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    incoming.body = br#"{"RegionId":"cn-beijing"}"#.to_vec();
    assert_eq!(check(&incoming, &vector.secret()).unwrap_err().code(), ErrorCode::UnsupportedContentType);
}

#[test]
fn a_v3_signature_must_cover_what_is_used() {
    let vector = Vector::all().into_iter().find(|vector| vector.id == "v3-py-sts").unwrap();
    let good = vector.incoming();
    for name in ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-security-token", "x-acs-signature-nonce"] {
        let mut changed = good.clone();
        for header in &mut changed.headers {
            if header.0 == "authorization" {
                header.1 = header.1.replace(&format!(";{name}"), "");
            }
        }
        assert_eq!(check(&changed, &vector.secret()).unwrap_err().code(), ErrorCode::IncompleteSignature, "{name}");
        let mut doubled = good.clone();
        doubled.headers.insert(0, (name.to_owned(), "2026-01-02T03:04:05Z".to_owned()));
        assert!(check(&doubled, &vector.secret()).is_err(), "{name}");
    }
    for bad in ["ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 x", "ACS3-HMAC-SHA256 Credential=a,Credential=b"] {
        let mut changed = good.clone();
        changed.headers.retain(|(name, _)| name != "authorization");
        changed.headers.push(("authorization".to_owned(), bad.to_owned()));
        assert_eq!(check(&changed, &vector.secret()).unwrap_err().code(), ErrorCode::IncompleteSignature, "{bad}");
    }
}

#[test]
fn a_wrong_content_md5_is_noticed() {
    let vector = Vector::all().into_iter().find(|vector| vector.id == "v1-legacypy-post-form").unwrap();
    let mut incoming = vector.incoming();
    assert!(check(&incoming, &vector.secret()).is_ok());
    for header in &mut incoming.headers {
        if header.0 == "content-md5" {
            header.1 = "AAAAAAAAAAAAAAAAAAAAAA==".to_owned();
        }
    }
    assert_eq!(check(&incoming, &vector.secret()).unwrap_err().code(), ErrorCode::BodyDigestMismatch);
}
