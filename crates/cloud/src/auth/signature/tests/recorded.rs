//! Recorded requests of the official clients, and what may and may not be changed about them.

use coffer_base::Secret;
use serde::Deserialize;

use super::super::{Claim, Coverage, Hash, Proof, Scheme, V1Mac, v1, v3};
use super::{incoming, read, verify};
use crate::parameters::Parameters;
use crate::{Incoming, Method};

/// One of `vectors.json`, whose head says where they come from.
#[derive(Deserialize)]
struct Vector {
    id: String,
    scheme: String,
    verifies_with: Vec<String>,
    access_key_id: Option<String>,
    secret: Option<String>,
    security_token: Option<String>,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    canonical_request: Option<String>,
    string_to_sign: Option<String>,
    signature: Option<String>,
}

impl Vector {
    fn all() -> Vec<Self> {
        #[derive(Deserialize)]
        struct File {
            vectors: Vec<Vector>,
        }
        serde_json::from_str::<File>(include_str!("../vectors.json")).unwrap().vectors
    }

    fn find(id: &str) -> Self {
        Self::all().into_iter().find(|vector| vector.id == id).unwrap()
    }

    fn request(&self) -> Incoming {
        Incoming {
            method: if self.method == "GET" { Method::Get } else { Method::Post },
            path: self.path.clone(),
            headers: self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            body: self.body.clone().into_bytes(),
            ..incoming(&self.query)
        }
    }

    fn secret(&self) -> Secret<String> {
        Secret::new(self.secret.clone().unwrap())
    }

    fn is_signed(&self) -> bool {
        self.secret.is_some()
    }
}

/// The first way to build the string to sign under which the signature is right.
fn form_that_matches(
    claim: &Claim,
    request: &Incoming,
    parameters: &Parameters,
    secret: &Secret<String>,
) -> &'static str {
    match &claim.proof {
        Proof::Unsigned => "unsigned",
        Proof::Parameter(algorithm, signature) => {
            match v1::verify(*algorithm, signature, request, parameters, secret).unwrap() {
                v1::Form::Standard => "std",
                v1::Form::SkipEmpty => "skip-empty",
                v1::Form::PlusSpace => "plus-space",
            }
        }
        Proof::Header(authorization) => {
            let key = secret.expose().as_bytes();
            match authorization.verify(key, &[v3::Names::Encoded], request, parameters) {
                Ok(()) => "encoded-keys",
                Err(_) => "raw-keys",
            }
        }
        Proof::ScopedHeader(..) => "encoded-keys",
    }
}

#[test]
fn every_recorded_request_is_verified_from_its_wire_form_alone() {
    let vectors = Vector::all();
    assert_eq!(vectors.len(), 39);
    assert_eq!(vectors.iter().filter(|vector| vector.is_signed()).count(), 36);
    for vector in vectors {
        let id = &vector.id;
        let request = vector.request();
        let (claim, parameters) = read(&request).unwrap_or_else(|error| panic!("{id}: {error:?}"));
        let scheme = match vector.scheme.as_str() {
            "HMAC-SHA1 1.0" => Scheme::V1(V1Mac::HmacSha1),
            "ACS3-HMAC-SHA256" => Scheme::V3(Hash::Sha256),
            "ACS3-HMAC-SM3" => Scheme::V3(Hash::Sm3),
            "ACS4-HMAC-SHA256" => Scheme::V4(Hash::Sha256),
            "BEARERTOKEN" => Scheme::Bearer,
            "none (anonymous)" => Scheme::Anonymous,
            other => panic!("{id}: {other}"),
        };
        assert_eq!(claim.scheme, scheme, "{id}");
        assert_eq!(claim.access_key_id, vector.access_key_id, "{id}");
        assert_eq!(claim.security_token, vector.security_token, "{id}");
        if !vector.is_signed() {
            assert_eq!(vector.verifies_with, ["unsigned"], "{id}");
            let error = claim.verify(&request, &parameters, &Secret::new(String::new())).unwrap_err();
            assert_eq!(error.code_text(), "MissingSignature", "{id}");
            continue;
        }
        let coverage = claim.verify(&request, &parameters, &vector.secret());
        assert_eq!(coverage.unwrap_or_else(|error| panic!("{id}: {error:?}")), Coverage::Everything, "{id}");
        assert_eq!(form_that_matches(&claim, &request, &parameters, &vector.secret()), vector.verifies_with[0], "{id}");
    }
}

#[test]
fn the_server_builds_the_very_strings_the_clients_signed() {
    let mut built = 0;
    for vector in Vector::all().into_iter().filter(Vector::is_signed) {
        let id = &vector.id;
        let request = vector.request();
        let (claim, parameters) = read(&request).unwrap();
        match &claim.proof {
            Proof::Parameter(_, signature) => {
                let form =
                    if vector.verifies_with[0] == "plus-space" { v1::Form::PlusSpace } else { v1::Form::Standard };
                let string = String::from_utf8(v1::string_to_sign(&request, &parameters, form)).unwrap();
                assert_eq!(Some(&string), vector.string_to_sign.as_ref(), "{id}");
                assert_eq!(Some(signature), vector.signature.as_ref(), "{id}");
            }
            Proof::Header(authorization) | Proof::ScopedHeader(authorization, _) => {
                let raw = vector.verifies_with[0] == "raw-keys";
                let names = if raw { v3::Names::Raw } else { v3::Names::Encoded };
                let hash = request.header(authorization.content_header).unwrap();
                let canonical = authorization.canonical_request(&request, &parameters, hash, names);
                assert_eq!(Some(authorization.string_to_sign(&canonical)), vector.string_to_sign, "{id}");
                assert_eq!(String::from_utf8(canonical).ok(), vector.canonical_request, "{id}");
            }
            Proof::Unsigned => panic!("{id} is signed"),
        }
        built += 1;
    }
    assert_eq!(built, 36);
}

#[test]
fn the_worked_examples_of_the_public_documents_give_the_published_signatures() {
    for (id, published) in [
        ("v1-doc-describeregions", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
        ("v3-doc-runinstances", "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"),
    ] {
        let vector = Vector::find(id);
        let request = vector.request();
        assert_eq!(verify(&request, &vector.secret()).unwrap(), Coverage::Everything);
        // It is the published signature that was accepted, not merely one of the same request.
        let (claim, _) = read(&request).unwrap();
        match &claim.proof {
            Proof::Parameter(_, signature) => assert_eq!(signature, published),
            Proof::Header(_) => assert!(request.header("authorization").unwrap().ends_with(published)),
            Proof::Unsigned | Proof::ScopedHeader(..) => panic!("{id}"),
        }
    }
}

// ---- What may not be changed ----

/// The bytes with one bit of one byte flipped, for every byte and the two bits that reach other letters and the other case.
fn byte_flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(|at| [0x01, 0x20].map(|bit| (at, bit))).map(|(at, bit)| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= bit;
        flipped
    })
}

/// As above, as far as the result is text.
fn flips(text: &str) -> impl Iterator<Item = String> {
    byte_flips(text.as_bytes()).filter_map(|flipped| String::from_utf8(flipped).ok())
}

/// Everything the gateway goes by. A changed request that still says all the same is the same request.
fn meaning(request: &Incoming) -> Option<impl PartialEq + use<>> {
    let (claim, parameters) = read(request).ok()?;
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Some((
        (claim.scheme, claim.action, claim.version, claim.access_key_id, claim.security_token),
        (claim.timestamp, claim.nonce, parameters.iter().map(own).collect::<Vec<_>>()),
        parameters.query().map(own).collect::<Vec<_>>(),
    ))
}

/// Asserts that the changed request is refused or means the same; says whether it is refused.
fn assert_bound(vector: &Vector, changed: &Incoming, what: &str) -> bool {
    let refused = verify(changed, &vector.secret()).is_err();
    assert!(refused || meaning(changed) == meaning(&vector.request()), "{}: accepted {what}", vector.id);
    refused
}

#[test]
fn no_flipped_bit_of_a_query_is_accepted_with_another_meaning() {
    for vector in Vector::all().into_iter().filter(Vector::is_signed) {
        let mut refused = 0;
        for query in flips(&vector.query) {
            let changed = Incoming { query: query.clone(), ..vector.request() };
            refused += usize::from(assert_bound(&vector, &changed, &query));
        }
        // Only the case of hex digits may change: by far the most flips are refused.
        assert!(refused * 10 >= vector.query.len() * 2 * 8, "{}: {refused} of {}", vector.id, vector.query.len() * 2);
    }
}

#[test]
fn no_flipped_bit_of_a_body_is_accepted_with_another_meaning() {
    let mut bodies = 0;
    for vector in Vector::all().into_iter().filter(|vector| vector.is_signed() && !vector.body.is_empty()) {
        bodies += 1;
        let hashed = !vector.scheme.starts_with("HMAC");
        for body in byte_flips(vector.body.as_bytes()) {
            let what = String::from_utf8_lossy(&body).into_owned();
            let refused = assert_bound(&vector, &Incoming { body, ..vector.request() }, &what);
            assert!(refused || !hashed, "{}: the hash covers every byte of {what}", vector.id);
        }
    }
    assert_eq!(bodies, 8);
}

#[test]
fn no_flipped_bit_of_a_signed_header_is_accepted() {
    let mut flipped = 0;
    for vector in Vector::all().into_iter().filter(|vector| vector.scheme.starts_with("ACS")) {
        let request = vector.request();
        let authorization = request.header("authorization").unwrap();
        let list = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
        for name in list.split(';') {
            let at = request.headers.iter().position(|(n, _)| n == name).unwrap();
            for value in flips(&request.headers[at].1) {
                let mut changed = request.clone();
                changed.headers[at].1.clone_from(&value);
                assert!(verify(&changed, &vector.secret()).is_err(), "{}: accepted {name}: {value}", vector.id);
                flipped += 1;
            }
        }
    }
    assert!(flipped > 5000);
}

#[test]
fn no_flipped_bit_of_an_authorization_header_is_accepted_for_the_same_key() {
    for vector in Vector::all().into_iter().filter(|vector| vector.scheme.starts_with("ACS")) {
        let request = vector.request();
        let at = request.headers.iter().position(|(name, _)| name == "authorization").unwrap();
        for value in flips(&request.headers[at].1) {
            let mut changed = request.clone();
            changed.headers[at].1.clone_from(&value);
            // Another key id is looked up to another secret; everything else has to break the signature.
            let same_key = read(&changed).is_ok_and(|(claim, _)| claim.access_key_id == vector.access_key_id);
            assert!(!same_key || verify(&changed, &vector.secret()).is_err(), "{}: accepted {value}", vector.id);
        }
    }
}

#[test]
fn no_flipped_bit_of_a_secret_is_accepted() {
    for vector in Vector::all().into_iter().filter(Vector::is_signed) {
        for secret in flips(vector.secret.as_ref().unwrap()) {
            assert!(verify(&vector.request(), &Secret::new(secret)).is_err(), "{}", vector.id);
        }
    }
}

#[test]
fn the_method_is_signed_and_where_headers_carry_the_signature_the_path_too() {
    for vector in Vector::all().into_iter().filter(Vector::is_signed) {
        let other = if vector.method == "GET" { Method::Post } else { Method::Get };
        assert!(verify(&Incoming { method: other, ..vector.request() }, &vector.secret()).is_err(), "{}", vector.id);
        let elsewhere = Incoming { path: "/ram".to_owned(), ..vector.request() };
        let in_headers = vector.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        assert_eq!(verify(&elsewhere, &vector.secret()).is_err(), in_headers, "{}", vector.id);
    }
}

#[test]
fn nothing_can_be_added_to_a_signed_request_that_changes_its_meaning() {
    for vector in Vector::all().into_iter().filter(Vector::is_signed) {
        let request = vector.request();
        let separator = if request.query.is_empty() { "" } else { "&" };
        let added = Incoming { query: format!("{}{separator}KMSKeyId=mine", request.query), ..request.clone() };
        assert!(verify(&added, &vector.secret()).is_err(), "{}", vector.id);
        for (content_type, body) in [
            ("application/x-www-form-urlencoded", "KMSKeyId=mine"),
            ("application/json", "{\"KMSKeyId\":\"mine\"}"),
            ("application/octet-stream", "KMSKeyId=mine"),
        ] {
            let mut with_body = request.clone();
            with_body.headers.retain(|(name, _)| name != "content-type");
            with_body.headers.push(("content-type".to_owned(), content_type.to_owned()));
            with_body.body = body.as_bytes().to_vec();
            assert!(verify(&with_body, &vector.secret()).is_err(), "{}: {content_type}", vector.id);
        }
    }
}

#[test]
fn a_body_cannot_be_made_parameters_or_not_by_another_content_type() {
    for vector in Vector::all().into_iter().filter(|vector| vector.is_signed() && !vector.body.is_empty()) {
        for content_type in [Some("application/octet-stream"), Some("application/json"), None] {
            let mut changed = vector.request();
            if changed.header("content-type").map(|current| current.split(';').next().unwrap()) == content_type {
                continue;
            }
            changed.headers.retain(|(name, _)| name != "content-type");
            changed.headers.extend(content_type.map(|value| ("content-type".to_owned(), value.to_owned())));
            assert!(verify(&changed, &vector.secret()).is_err(), "{}: {content_type:?}", vector.id);
        }
    }
}
