//! Signature V4, `ACS4-HMAC-SHA256` and `ACS4-HMAC-SM3`: the canonical request of V3, names encoded, under a key derived from the
//! secret for one day, region and product (client library `alibabacloud_gateway_pop`).

use coffer_base::{ApiError, ErrorCode, Secret};
use zeroize::Zeroizing;

use super::v3::{Authorization, read_headers};
use super::{Claim, Hash, Proof, Scheme, single};
use crate::Incoming;

const PREFIX: &str = "aliyun_v4";
const TERMINATOR: &str = "aliyun_v4_request";

/// What a derived key is good for: `yyyymmdd/region/product`, as the credential spells it.
#[derive(Clone)]
pub(super) struct Scope {
    date: String,
    region: String,
    product: String,
}

/// Reads a claim from an `Authorization` header that begins with `ACS4-`, and the `x-acs-` headers.
pub(super) fn read(authorization: &str, request: &Incoming) -> Result<Claim, ApiError> {
    let (algorithm, fields) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let (algorithm, hash, content_header) = match algorithm {
        "ACS4-HMAC-SHA256" => ("ACS4-HMAC-SHA256", Hash::Sha256, "x-acs-content-sha256"),
        "ACS4-HMAC-SM3" => ("ACS4-HMAC-SM3", Hash::Sm3, "x-acs-content-sm3"),
        _ => return Err(ErrorCode::InvalidSignatureMethod.into()),
    };
    let authorization = Authorization::parse(algorithm, hash, content_header, fields)?;
    let (access_key_id, scope) = Scope::parse(&authorization.credential).ok_or(ErrorCode::IncompleteSignature)?;
    let claim = read_headers(Scheme::V4(hash), &authorization, request)?;
    // A key derived for one day must not sign for another.
    let day = single(request, "x-acs-date")?.and_then(|date| date.get(..10)).unwrap_or_default().replace('-', "");
    if day != scope.date {
        return Err(ErrorCode::IncompleteSignature.into());
    }
    Ok(Claim { access_key_id: Some(access_key_id), proof: Proof::ScopedHeader(authorization, scope), ..claim })
}

impl Scope {
    fn parse(credential: &str) -> Option<(String, Self)> {
        let mut parts = credential.split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
        let (access_key_id, date, region, product, terminator) = (next()?, next()?, next()?, next()?, next()?);
        (terminator == TERMINATOR && parts.next().is_none()).then_some((access_key_id, Self { date, region, product }))
    }

    /// The region, or `center`.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// The chain of HMACs over date, region and product.
    pub(super) fn signing_key(&self, hash: Hash, secret: &Secret<String>) -> Zeroizing<[u8; 32]> {
        let root = Zeroizing::new([PREFIX, secret.expose()].concat());
        let mut key = Zeroizing::new(hash.hmac(root.as_bytes(), self.date.as_bytes()));
        for part in [&self.region, &self.product, TERMINATOR] {
            key = Zeroizing::new(hash.hmac(&*key, part.as_bytes()));
        }
        key
    }
}
