//! SetDeletionProtection: whether a key's deletion is refused.
//!
//! Where the vendor is silent: a key that is to be deleted already is no more protected than it can be changed otherwise.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::key::{self, Forms};
use super::parameter::Description;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// The key, and how it is to be.
    pub struct Request {
        /// Why; kept while it is on.
        pub description: Option<Description> = "DeletionProtectionDescription",
        /// Whether.
        pub enable: bool = "EnableDeletionProtection",
        /// The key's id.
        pub key_id: Option<String> = "KeyId",
        /// The key's ARN, in place of its id; with it, of the same key.
        pub arn: Option<String> = "ProtectedResourceArn",
    }
    refused { "KmsInstanceId", }
}

/// The key as the request names it, in one of two ways.
fn name(request: &Request) -> Result<&str, ApiError> {
    let named = request.key_id.as_deref().or(request.arn.as_deref());
    named.ok_or_else(|| Product::Kms.missing_parameter("ProtectedResourceArn"))
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetDeletionProtection",
    effect: Effect::Write,
    access: Access::Action("kms:SetDeletionProtection"),
    idempotent: false,
    errors: &[key::ID_ERRORS, key::CHANGE_ERRORS, &[ErrorCode::KmsInvalidParameter, ErrorCode::KmsMissingParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, name(request)?, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, name(&request)?, Forms::Id)?;
    let is_it = |named: &String| *named == key.key_id || named == key::arn(&key).as_str();
    if ![&request.key_id, &request.arn].into_iter().flatten().all(is_it) {
        return Err(Product::Kms.invalid_parameter("ProtectedResourceArn"));
    }
    key::require_changeable(&key)?;
    key.deletion_protection = request.enable;
    let description = request.description.filter(|_| request.enable);
    key.deletion_protection_description = description.map(|Description(text)| text).unwrap_or_default();
    key.update(cx.tx)?;
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
