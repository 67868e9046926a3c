//! DecodeDiagnosticMessage: why a request of the caller's account was refused, from the message that came with the refusal.
//!
//! The message of another account is not there, and neither is one that was changed. Beyond the vendor's fields nothing is added.

use coffer_base::{ApiError, Arn, ErrorCode};

use crate::auth::{Diagnosis, MatchedPolicy};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The message.
    pub struct Request {
        /// As it came.
        pub message: String = "EncodedDiagnosticMessage",
    }
}

response! {
    /// What it says.
    pub struct Response {
        /// Why the request was refused.
        pub decoded: Decoded = "DecodedDiagnosticMessage",
    }

    /// Why a request was refused.
    pub struct Decoded {
        /// Whether a statement denies; else none allows.
        pub explicit: bool = "ExplicitDeny",
        /// The kind of policy that refused.
        pub policy_type: String = "NoPermissionPolicyType",
        /// The action.
        pub action: String = "AuthAction",
        /// The resource.
        pub resource: String = "AuthResource",
        /// Who asked.
        pub principal: Principal = "AuthPrincipal",
        /// What conditions could ask.
        pub conditions: Vec<ConditionItem> = "AuthConditions",
        /// The policies that are about it.
        pub matched: Vec<MatchedItem> = "MatchedPolicies",
    }

    /// Who asked.
    pub struct Principal {
        /// The kind.
        pub kind: String = "AuthPrincipalType",
        /// The account.
        pub owner: String = "AuthPrincipalOwnerId",
        /// The user's id, or role and session.
        pub name: String = "AuthPrincipalDisplayName",
    }

    /// A key of conditions.
    pub struct ConditionItem {
        /// The key.
        pub key: String = "ConditionKey",
        /// Its values in the request.
        pub values: Vec<String> = "ConditionValues",
    }

    /// A policy that is about it.
    pub struct MatchedItem {
        /// Its name.
        pub name: String = "PolicyIdentifier",
        /// The version in force.
        pub version: String = "PolicyVersion",
        /// `Custom`, `System` or `Session`.
        pub kind: String = "PolicyType",
        /// `Allow` or `Deny`.
        pub effect: String = "Effect",
        /// `Account`: there are no resource groups.
        pub scope: &'static str = "AttachedScope",
        /// What it is attached to.
        pub entity: String = "AttachedEntityType",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DecodeDiagnosticMessage",
    effect: Effect::Read,
    access: Access::Action("ram:DecodeDiagnosticMessage"),
    idempotent: false,
    errors: &[&[ErrorCode::RamMissingParameter, ErrorCode::RamDiagnosisExpired, ErrorCode::RamNoDiagnosis]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let diagnosis = Diagnosis::open(cx, &request.message)?;
    Ok(Response {
        decoded: Decoded {
            explicit: diagnosis.explicit,
            policy_type: diagnosis.policy_type,
            action: diagnosis.action,
            resource: diagnosis.resource,
            principal: Principal {
                kind: diagnosis.principal_type,
                owner: diagnosis.principal_owner,
                name: diagnosis.principal,
            },
            conditions: diagnosis.conditions.into_iter().map(|(key, values)| ConditionItem { key, values }).collect(),
            matched: diagnosis.matched.into_iter().map(item).collect(),
        },
    })
}

fn item(policy: MatchedPolicy) -> MatchedItem {
    MatchedItem {
        name: policy.name,
        version: policy.version,
        kind: policy.kind,
        effect: policy.effect,
        scope: "Account",
        entity: policy.entity,
    }
}
