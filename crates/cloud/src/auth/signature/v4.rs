//! Signature version 4 (`ACS4-HMAC-SHA256`): version 3's canonical request under a key derived for day, region and product.

use coffer_base::Secret;

use super::v3::Hash;

/// What the derived key is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `yyyymmdd`.
    pub date: String,
    /// The region, or `center`.
    pub region: String,
    /// The product's code.
    pub product: String,
}

impl Scope {
    /// Splits `<access key>/<date>/<region>/<product>/aliyun_v4_request`.
    pub fn parse(credential: &str) -> Option<(&str, Self)> {
        let [access_key_id, date, region, product, "aliyun_v4_request"] = credential.split('/').collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let scope = Self { date: date.to_owned(), region: region.to_owned(), product: product.to_owned() };
        Some((access_key_id, scope))
    }

    /// The signing key for this scope.
    pub fn key(&self, secret: &Secret<String>, hash: Hash) -> Secret<Vec<u8>> {
        let mut key = Secret::new([b"aliyun_v4".as_slice(), secret.expose().as_bytes()].concat());
        for part in [self.date.as_str(), &self.region, &self.product, "aliyun_v4_request"] {
            key = Secret::new(hash.hmac(key.expose(), part.as_bytes()).to_vec());
        }
        key
    }
}
