//! Recorded requests of the official clients, and what may and may not be changed about them.

use std::net::{IpAddr, Ipv4Addr};

use coffer_base::{ApiError, ErrorCode, Secret, Timestamp, limits};
use serde::Deserialize;

use super::{BASE64, Claim, Coverage, Hash, Proof, Scheme, V1Mac, v1, v3};
use crate::parameters::Parameters;
use crate::{Incoming, Method};
use base64::Engine as _;

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
        serde_json::from_str::<File>(include_str!("vectors.json")).unwrap().vectors
    }

    fn find(id: &str) -> Self {
        Self::all().into_iter().find(|vector| vector.id == id).unwrap()
    }

    fn request(&self) -> Incoming {
        Incoming {
            method: if self.method == "GET" { Method::Get } else { Method::Post },
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            body: self.body.clone().into_bytes(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: false,
        }
    }

    fn secret(&self) -> Secret<String> {
        Secret::new(self.secret.clone().unwrap())
    }

    fn is_signed(&self) -> bool {
        self.secret.is_some()
    }
}

fn read(request: &Incoming) -> Result<(Claim, Parameters), ApiError> {
    let parameters = Parameters::parse(request)?;
    Ok((Claim::read(request, &parameters)?, parameters))
}

fn verify(request: &Incoming, secret: &Secret<String>) -> Result<Coverage, ApiError> {
    let (claim, parameters) = read(request)?;
    claim.verify(request, &parameters, secret)
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
