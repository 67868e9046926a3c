//! DescribeKey: a key, in whatever state it is.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::{self, Forms};
use super::metadata::WithProtection;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key.
    pub struct Request {
        /// Its id, alias or ARN.
        pub key_id: String = "KeyId",
    }
}

response! {
    /// The key.
    pub struct Response {
        /// Described.
        pub key: WithProtection = "KeyMetadata",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeKey",
    effect: Effect::Read,
    access: Access::Action("kms:DescribeKey"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsServiceNotEnabled, ErrorCode::KeyNotFound, ErrorCode::AliasNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response { key: WithProtection::of(key::find(cx, &request.key_id, Forms::IdOrAlias)?)? })
}
