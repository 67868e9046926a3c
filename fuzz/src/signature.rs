//! What a request says about its signature: read without trust, and never found to be good.

use coffer_base::Secret;
use coffer_cloud::auth::signature::{Claim, Scheme};
use coffer_cloud::parameters::Parameters;

use crate::input;

/// Headers that carry a signature; those that the input does not set are empty.
const HEADERS: [&str; 9] = [
    "authorization",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
    "x-acs-security-token",
    "host",
    "content-type",
];

pub(crate) fn run(data: &[u8]) {
    let (query, mut rest) = input::text(data);
    let mut headers = Vec::new();
    for name in HEADERS {
        let (value, after) = input::text(rest);
        rest = after;
        if !value.is_empty() {
            headers.push((name.to_owned(), value));
        }
    }
    let request = input::incoming(query, headers, rest.to_vec());
    let Ok(parameters) = Parameters::parse(&request) else { return };
    let Ok(claim) = Claim::read(&request, &parameters) else { return };
    let signs = !matches!(claim.scheme, Scheme::Bearer | Scheme::Anonymous);
    assert_eq!(signs, claim.access_key_id.is_some() && claim.timestamp.is_some());
    let secret = Secret::new("a secret that no input knows".to_owned());
    assert!(claim.verify(&request, &parameters, &secret).is_err());
}
