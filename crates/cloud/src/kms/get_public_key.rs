//! GetPublicKey: the public half of a version of a key pair.
//!
//! Where the vendor is silent: a key that can't be used shows nothing.

use coffer_base::{ApiError, Arn};

use super::asymmetric::{self, Pair};
use super::key::{self, Forms};
use super::parameter::DryRun;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which.
    pub struct Request {
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// The key's id or alias.
        pub key_id: String = "KeyId",
        /// The version's id.
        pub version_id: String = "KeyVersionId",
    }
}

response! {
    /// The public key.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
        /// In PEM.
        pub public_key: String = "PublicKey",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetPublicKey",
    effect: Effect::Read,
    access: Access::Action("kms:GetPublicKey"),
    idempotent: false,
    errors: asymmetric::ERRORS,
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let pair = Pair::open(cx, &request.key_id, &request.version_id, None)?;
    DryRun::end(request.dry_run)?;
    let public_key = asymmetric::pem(pair.material.public_key().map_err(ApiError::internal)?);
    Ok(Response { key_id: pair.key.key_id, key_version_id: pair.version_id, public_key })
}
