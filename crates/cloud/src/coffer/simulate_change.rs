//! SimulateChange: which recent calls of the account would have come out otherwise, had a change been made: a policy attached or
//! detached, a key disabled or on its way to be deleted, the default switched. Nothing is changed. Calls are those on record: writes,
//! and uses of keys.

use std::sync::Arc;

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys::Key;
use coffer_store::{Record as _, policies};

use crate::auth::policy::{Policy, PolicyKind};
use crate::context::Cx;
use crate::decode::request;
use crate::ecs::listing::filter_word;
use crate::ecs::parameter::KnownRegion;
use crate::explain::what_if::{self, Change, Changed, Target};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

/// Calls looked at unless it is said, and at most.
const USUAL: i64 = 1000;
const MOST: i64 = 5000;

filter_word!(
    /// The state that a key would be in.
    NewState, "Any", ["Disabled", "PendingDeletion"], EcsInvalidParameter
);

request! {
    /// One change.
    pub struct Request {
        /// Where the default would be switched.
        pub region: Option<KnownRegion> = "RegionId",
        /// The policy to be attached.
        pub document: Option<String> = "PolicyDocument",
        /// To whom: `user/<name>`, `group/<name>` or `role/<name>`.
        pub attach_to: Option<String> = "AttachTo",
        /// The policy to be detached.
        pub policy_name: Option<String> = "PolicyName",
        /// `Custom` or `System`; `Custom` unless it is given.
        pub policy_type: Option<String> = "PolicyType",
        /// From whom.
        pub detach_from: Option<String> = "DetachFrom",
        /// The key.
        pub key_id: Option<String> = "KeyId",
        /// What it would be; `Disabled` unless it is given.
        pub key_state: Option<NewState> = "KeyState",
        /// Whether the default would be on in the region.
        pub default_encryption: Option<bool> = "DefaultEncryption",
        /// Most calls to look at, from the newest on.
        pub max_calls: Option<i64> = "MaxCalls",
    }
}

response! {
    /// What would be.
    pub struct Response {
        /// How many calls were looked at.
        pub examined: i64 = "ExaminedCalls",
        /// Of how many it can't be told.
        pub unknown: i64 = "UnknownCalls",
        /// The calls that would have come out otherwise, the newest first.
        pub changes: Vec<ChangeItem> = "Changes" of "Change",
    }

    /// A call that would have come out otherwise.
    pub struct ChangeItem {
        /// The request.
        pub request_id: String = "ChangedRequestId",
        /// When.
        pub time: String = "Time",
        /// Who.
        pub principal: String = "Principal",
        /// What was called.
        pub operation: String = "Operation",
        /// What it was about.
        pub resource: String = "Resource",
        /// `OK`, or the code of the error, as it came out then.
        pub outcome: String = "RecordedOutcome",
        /// How it comes out now: `Allowed`, `Refused`, `Encrypted` or `Plain`.
        pub before: &'static str = "Before",
        /// How it would.
        pub after: &'static str = "After",
        /// Why, in a sentence.
        pub reason: String = "Reason",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SimulateChange",
    effect: Effect::Read,
    access: Access::Action("coffer:SimulateChange"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound, ErrorCode::ExplainedPrincipalNotFound]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let most = request.max_calls.unwrap_or(USUAL).clamp(1, MOST);
    let outcome = what_if::examine(cx, &change(cx, request)?, most)?;
    Ok(Response {
        examined: outcome.examined,
        unknown: outcome.unknown,
        changes: outcome.changed.into_iter().map(item).collect(),
    })
}

/// The one change that a request names.
fn change(cx: &Cx<'_>, request: Request) -> Result<Change, ApiError> {
    let region = request.region.map_or_else(|| cx.region(), |KnownRegion(region)| region);
    let Request { document, attach_to, policy_name, policy_type, detach_from, key_id, key_state, .. } = request;
    match (document, policy_name, key_id, request.default_encryption) {
        (Some(document), None, None, None) => {
            let policy = Policy::parse(&document, PolicyKind::Identity).map_err(|_| invalid("PolicyDocument"))?;
            Ok(Change::Attach(target(cx, attach_to, "AttachTo")?, Arc::new(policy)))
        }
        (None, Some(name), None, None) => {
            let kind = policy_type.unwrap_or_else(|| "Custom".to_owned());
            if !matches!(kind.as_str(), "Custom" | "System") {
                return Err(invalid("PolicyType"));
            }
            let target = target(cx, detach_from, "DetachFrom")?;
            let (Target::Entity(id) | Target::Group(id)) = &target;
            let attached = policies::attached(cx.tx, id)?;
            if !attached.iter().any(|policy| policy.policy_type == kind && policy.policy_name == name) {
                return Err(invalid("PolicyName"));
            }
            Ok(Change::Detach(target, kind, name))
        }
        (None, None, Some(key_id), None) => {
            let key = Key::get(cx.tx, &key_id)?.filter(|key| key.account == *cx.account());
            let state = key_state.and_then(|NewState(word)| word).unwrap_or("Disabled").to_owned();
            Ok(Change::Key(Box::new(key.ok_or_else(|| invalid("KeyId"))?), state))
        }
        (None, None, None, Some(on)) => Ok(Change::Default(region, on)),
        (None, None, None, None) => Err(Product::Coffer.missing_parameter("PolicyDocument")),
        _ => Err(invalid("PolicyDocument")),
    }
}

fn invalid(name: &str) -> ApiError {
    Product::Coffer.invalid_parameter(name)
}

fn target(cx: &Cx<'_>, text: Option<String>, name: &'static str) -> Result<Target, ApiError> {
    let text = text.ok_or_else(|| Product::Coffer.missing_parameter(name))?;
    Ok(Target::named(cx, &text)?.ok_or(ErrorCode::ExplainedPrincipalNotFound)?)
}

fn item(changed: Changed) -> ChangeItem {
    let row = changed.row;
    ChangeItem {
        request_id: row.request_id,
        time: row.at.to_iso8601(),
        principal: row.principal,
        operation: row.action,
        resource: changed.resource,
        outcome: row.outcome,
        before: changed.before,
        after: changed.after,
        reason: changed.reason,
    }
}
