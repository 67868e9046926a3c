//! What the operations with key pairs share: finding the version, and whether it is for that.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, ErrorCode};
use coffer_crypto::{KeySpec, Material};
use coffer_store::keys::Key;

use super::key::{self, Forms};
use super::parameter::DryRun;
use super::spec::{self, Usage};
use super::{cipher, encrypt};
use crate::context::Cx;
use crate::product::Product;

/// The errors of using a key pair.
pub const ERRORS: &[&[ErrorCode]] = &[encrypt::USE_ERRORS, &[ErrorCode::KeyVersionNotFound]];

/// The version that a request names, opened.
pub struct Pair {
    /// The key.
    pub key: Key,
    /// The version's id.
    pub version_id: String,
    /// Its kind.
    pub spec: KeySpec,
    /// Its material.
    pub material: Arc<Material>,
}

impl Pair {
    /// Finds and opens a version of an enabled key pair that is for `usage`, whatever that is where it is `None`.
    pub fn open(cx: &Cx<'_>, name: &str, version_id: &str, usage: Option<Usage>) -> Result<Self, ApiError> {
        let key = key::find(cx, name, Forms::IdOrAlias)?;
        key::require_user_key(&key)?;
        key::require_enabled(&key)?;
        let spec = spec::of(&key)?;
        let other_use = usage.is_some_and(|usage| usage.as_str() != key.key_usage);
        if spec.symmetric_bytes().is_some() || other_use {
            return Err(ErrorCode::KeyOperationUnsupported.into());
        }
        let version = key::version(cx, &key, version_id)?;
        let material = cipher::open_version(cx, &key, &version)?;
        Ok(Self { key, version_id: version.version_id, spec, material })
    }

    /// Refuses an algorithm that is of other kinds of keys, and ends a dry run.
    pub fn require(suits: bool, dry_run: Option<DryRun>) -> Result<(), ApiError> {
        if !suits {
            return Err(Product::Kms.invalid_parameter("Algorithm"));
        }
        Ok(DryRun::end(dry_run)?)
    }

    /// Puts the use on record; key and version for the answer.
    pub fn used(self, cx: &mut Cx<'_>) -> (String, String) {
        cipher::note(cx, &self.key, &self.version_id);
        (self.key.key_id, self.version_id)
    }
}

/// A public key in PEM (RFC 7468).
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_has_lines_of_64_characters() {
        assert_eq!(pem(&[0; 48]).lines().nth(1).unwrap().len(), 64);
        assert_eq!(pem(&[0; 49]).lines().map(str::len).collect::<Vec<_>>(), [26, 64, 4, 24]);
    }
}
