//! ImportKeyMaterial: the material of an external key. What was imported once is the only material that can be imported again.
//!
//! Material may expire: a job deletes it then, and the key waits for it again. The metadata requires `KeyMaterialExpireUnix`, whose text says
//! that without it the material never does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_crypto::Material;
use coffer_store::keys::Key;

use super::import_token::ImportToken;
use super::key::{self, Forms, State};
use super::{cipher, spec};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// The key, and its material.
    pub struct Request {
        /// Wrapped, in base64.
        pub material: String = "EncryptedKeyMaterial",
        /// The token of the wrapping key.
        pub token: String = "ImportToken",
        /// Its id.
        pub key_id: String = "KeyId",
        /// When it expires; 0, as nothing, for never.
        pub expires: Option<Expiry> = "KeyMaterialExpireUnix",
    }
}

/// Seconds since 1970; `None` for 0, never.
#[derive(Clone, Copy, Debug)]
pub struct Expiry(Option<Timestamp>);

impl Parameter for Expiry {
    const KIND: &'static str = "Long";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        // The last second of the year 9999, beyond which no date can be written.
        let seconds = i64::from_text(text)?;
        match seconds {
            0 => Ok(Self(None)),
            1..=253_402_300_799 => Ok(Self(Some(Timestamp::from_unix_ms(seconds * 1000)))),
            _ => Err(Invalid::Value),
        }
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ImportKeyMaterial",
    effect: Effect::Write,
    access: Access::Action("kms:ImportKeyMaterial"),
    idempotent: false,
    errors: &[
        key::ID_ERRORS,
        &[
            ErrorCode::KmsInvalidParameter,
            ErrorCode::KeyOriginUnsupported,
            ErrorCode::KeyOperationUnsupported,
            ErrorCode::KeyStateConflict,
            ErrorCode::KeyMaterialInvalid,
            ErrorCode::ImportTokenInvalid,
            ErrorCode::ImportTokenExpired,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_external(&key)?;
    let state = State::of(&key)?;
    if state == State::PendingDeletion {
        return Err(ErrorCode::KeyStateConflict.into());
    }
    let expires_at = request.expires.and_then(|Expiry(moment)| moment);
    if expires_at.is_some_and(|moment| moment <= cx.now) {
        return Err(Product::Kms.invalid_parameter("KeyMaterialExpireUnix"));
    }
    let token = ImportToken::open(cx, &key, &request.token)?;
    let material = unwrap(&key, &token, &request.material)?;
    let digest = cipher::fingerprint(cx, &key, &material)?;
    if key.material_digest.as_ref().is_some_and(|first| *first != digest) {
        return Err(ErrorCode::KeyMaterialInvalid.into());
    }
    key::set_material(cx, &key, &material)?;
    key.material_digest = Some(digest);
    key.material_expire_at = expires_at;
    job::withdraw(cx.tx, Kind::ExpireMaterial, &key.key_id)?;
    if let Some(due) = expires_at {
        job::schedule(cx, Kind::ExpireMaterial, &key.key_id, due)?;
    }
    key::set_state(cx, &mut key, if state == State::Disabled { state } else { State::Enabled })?;
    cx.note("keyId", key.key_id);
    Ok(Response {})
}

/// The material, which has the length of the key's kind.
fn unwrap(key: &Key, token: &ImportToken, text: &str) -> Result<Material, ApiError> {
    let wrapped = STANDARD.decode(text).map_err(|_| ErrorCode::KeyMaterialInvalid)?;
    let plain = token.wrapping_key.decrypt(token.algorithm, &wrapped).map_err(|_| ErrorCode::KeyMaterialInvalid)?;
    Ok(Material::symmetric(spec::of(key)?, plain).map_err(|_| ErrorCode::KeyMaterialInvalid)?)
}
