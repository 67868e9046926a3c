//! CreateKeyVersion: a further version of a key. A symmetric key encrypts with it from now on; every older one decrypts for ever.
//!
//! The vendor's editions differ: of asymmetric keys alone, seven days after the one before; of symmetric keys alone. Here it is of both,
//! at any time.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::{self, Forms, Maker};
use super::version_item::VersionItem;
use super::{quota, rotation, spec};
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
    }
}

response! {
    /// The version.
    pub struct Response {
        /// The new version.
        pub version: VersionItem = "KeyVersion",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateKeyVersion",
    effect: Effect::Write,
    access: Access::Action("kms:CreateKeyVersion"),
    idempotent: false,
    errors: &[key::ID_ERRORS, key::STATE_ERRORS, &[ErrorCode::KeyOperationUnsupported, ErrorCode::KmsLimitExceeded]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_user_key(&key)?;
    key::require_enabled(&key)?;
    rotation::require_made_here(&key)?;
    let version = Maker::of(cx).rotate(&mut key)?;
    quota::require_versions(cx, &key)?;
    rotation::plan(cx.tx, &key, cx.now)?;
    cx.note("keyId", key.key_id);
    cx.note("keyVersionId", version.version_id.clone());
    Ok(Response { version: VersionItem::of(version) })
}

/// A key pair that takes long to make.
pub fn costly(cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    Ok(key::costly(spec::of(&key::find(cx, &request.key_id, Forms::Id)?)?))
}
