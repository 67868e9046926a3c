//! ScheduleKeyDeletion: a key will be deleted, with its material, when a window of days is over. Until then it can't be used and its
//! deletion can be cancelled. A job does it; whether or not that has run, a key whose time has come is gone. The record tells how
//! much is encrypted under the key and will be lost with it, and where there is anything, the caller is warned.
//!
//! An operator may choose that a key in use is kept (`keys.deletion_in_use`); it then refuses in the same way.
//!
//! Where the vendor is silent: a key that is protected from deletion refuses it as a change of its state.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::dependants::Dependants;
use super::key::{self, Forms, State};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::settings::DeletionInUse;
use crate::value::response;

request! {
    /// The key, and when.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
        /// In how many days.
        pub window: Days = "PendingWindowInDays",
    }
}

/// 7 to 366 days.
#[derive(Clone, Copy, Debug)]
pub struct Days(i64);

impl Parameter for Days {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let days = i64::from_text(text)?;
        if (7..=366).contains(&days) { Ok(Self(days)) } else { Err(Invalid::Value) }
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ScheduleKeyDeletion",
    effect: Effect::Write,
    access: Access::Action("kms:ScheduleKeyDeletion"),
    idempotent: false,
    errors: &[&[
        ErrorCode::KmsInvalidParameter,
        ErrorCode::KmsServiceNotEnabled,
        ErrorCode::KeyNotFound,
        ErrorCode::AliasNotAllowed,
        ErrorCode::KeyOperationUnsupported,
        ErrorCode::KeyStateConflict,
    ]],
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_user_key(&key)?;
    if State::of(&key)? == State::PendingDeletion || key.deletion_protection {
        return Err(ErrorCode::KeyStateConflict.into());
    }
    let dependants = Dependants::of(cx.tx, &key)?;
    if dependants.any() && cx.settings.deletion_in_use == DeletionInUse::Refuse {
        return Err(ErrorCode::KeyStateConflict.into());
    }
    let due = cx.now.plus_ms(request.window.0 * DAY_MS);
    key.delete_at = Some(due);
    key::set_state(cx, &mut key, State::PendingDeletion)?;
    job::schedule(cx, Kind::DeleteKey, &key.key_id, due)?;
    cx.notes.extend(dependants.notes());
    dependants.warn(cx, &key);
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
