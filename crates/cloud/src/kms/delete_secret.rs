//! DeleteSecret: a secret will be deleted when a window of days is over, or is at once. Until then it can't be read and can be restored.
//!
//! Where both ways are asked for, it is deleted at once, also while it waits.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{Record as _, secrets};

use super::secret::{self, Flag};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The secret, and when.
    pub struct Request {
        /// Whether it is deleted at once.
        pub force: Option<Flag> = "ForceDeleteWithoutRecovery",
        /// In how many days; 30 if nothing is said.
        pub window: Option<Days> = "RecoveryWindowInDays",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// 7 to 30 days.
#[derive(Clone, Copy, Debug)]
pub struct Days(i64);

impl Parameter for Days {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let days = i64::from_text(text)?;
        if (7..=30).contains(&days) { Ok(Self(days)) } else { Err(Invalid::Value) }
    }
}

response! {
    /// When.
    pub struct Response {
        /// When it will be gone.
        pub planned: String = "PlannedDeleteTime",
        /// Its name.
        pub secret_name: String = "SecretName",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteSecret",
    effect: Effect::Write,
    access: Access::Action("kms:DeleteSecret"),
    idempotent: false,
    errors: &[secret::ERRORS, &[ErrorCode::KmsInvalidParameter, ErrorCode::SecretPlannedDeleted]],
};

fn is_at_once(request: &Request) -> bool {
    request.force.is_some_and(|Flag(force)| force)
}

fn window_days(request: &Request) -> i64 {
    request.window.map_or(30, |Days(days)| days)
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    if !is_at_once(request) {
        cx.conditions.push(("kms:RecoveryWindowInDays", window_days(request).to_string()));
    }
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut record = secret::find(cx, &request.secret_name)?;
    if is_at_once(&request) {
        job::withdraw(cx.tx, Kind::DeleteSecret, &record.secret_id)?;
        secrets::delete(cx.tx, &record.secret_id)?;
        return Ok(Response { planned: cx.now.to_iso8601(), secret_name: record.secret_name });
    }
    secret::require_live(&record)?;
    let due = cx.now.plus_ms(window_days(&request) * DAY_MS);
    record.delete_at = Some(due);
    record.update(cx.tx)?;
    job::schedule(cx, Kind::DeleteSecret, &record.secret_id, due)?;
    Ok(Response { planned: due.to_iso8601(), secret_name: record.secret_name })
}
