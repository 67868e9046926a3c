//! Policies of keys and secrets as requests write them, and the guard against one that nobody could change any more.

use coffer_base::{AccountId, ApiError, ErrorCode};
use coffer_store::keys::Key;

use super::key;
use crate::auth;
use crate::auth::key_policy::{self, Grant, Guarded};
use crate::auth::policy::{Policy, Principal};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter};
use crate::product::Product;

/// `Policy` of a key or a secret: at most 32 KiB of JSON.
#[derive(Clone, Debug)]
pub struct KeyPolicy(pub String);

impl Parameter for KeyPolicy {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Policy::parse_new_key(text).map(|_| Self(text.to_owned())).map_err(|_| Invalid::Value)
    }
}

/// `PolicyName`, which is `default`.
#[derive(Clone, Copy, Debug)]
pub struct PolicyName;

impl Parameter for PolicyName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text == "default" { Ok(Self) } else { Err(ErrorCode::KmsPolicyNotFound.into()) }
    }
}

/// What a key or a secret (`kind`) has that was given no policy: its account decides.
pub fn default_document(account: &AccountId, kind: &str) -> String {
    format!(
        r#"{{"Statement":[{{"Action":["kms:*"],"Effect":"Allow","Principal":{{"RAM":["acs:ram::{account}:*"]}},"Resource":["*"],"Sid":"kms default {kind} policy"}}],"Version":"1"}}"#
    )
}

/// Refuses a service key, which has no policy.
pub fn require_policy(key: &Key) -> Result<(), ApiError> {
    key::require_user_key(key).map_err(|_| ErrorCode::KeyPolicyUnsupported.into())
}

/// Refuses a policy under which the account it belongs to or the caller could not set another one, as `action` does.
pub fn require_changeable(cx: &Cx<'_>, guarded: Guarded<'_>, action: &str) -> Result<(), ApiError> {
    let context = auth::context(cx);
    for principal in [Principal::Account(guarded.account().as_str()), key_policy::principal(cx.caller)] {
        if guarded.grant(cx, &principal, action, &context)? == Grant::Denied {
            return Err(Product::Kms.invalid_parameter("Policy"));
        }
    }
    Ok(())
}
