//! DescribeKeyVersion: a version of a key.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::{self, Forms};
use super::version_item::VersionItem;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which.
    pub struct Request {
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// The version's id.
        pub version_id: String = "KeyVersionId",
    }
}

response! {
    /// The version.
    pub struct Response {
        /// Described.
        pub version: VersionItem = "KeyVersion",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeKeyVersion",
    effect: Effect::Read,
    access: Access::Action("kms:DescribeKeyVersion"),
    idempotent: false,
    errors: &[key::NAME_ERRORS, &[ErrorCode::KeyVersionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::IdOrAlias)?;
    let version = key::version(cx, &key, &request.version_id)?;
    Ok(Response { version: VersionItem::of(version) })
}
