//! ExplainAccess: which statement of which policy allows or denies something, and why the others do not. About a principal of the
//! account with an action and resources; about a request that is on record; or about a refusal, by the message that came with it. Of
//! the last two the policies as they are now are asked, and what was said then is told as well.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::audit as rows;

use super::question::{Conditions, Resources};
use crate::auth::policy::{Context, Decision, Policy, PolicyKind};
use crate::auth::{Diagnosis, Explanation, Said, principal_arn};
use crate::context::Cx;
use crate::decode::request;
use crate::explain::recorded::{self, Again};
use crate::explain::{Question, principal};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// About what: a request, a message, or principal and action.
    pub struct Request {
        /// The request on record.
        pub request_id: Option<String> = "RequestId",
        /// The message that came with a refusal.
        pub message: Option<String> = "EncodedDiagnosticMessage",
        /// The principal: `root`, `user/<name>`, `role/<name>` or an ARN.
        pub principal: Option<String> = "Principal",
        /// The action, for example `ecs:CreateDisk`.
        pub action: Option<String> = "AuthAction",
        /// The resources.
        pub resources: Resources = "AuthResource",
        /// What conditions can ask besides the time and the principal.
        pub conditions: Conditions = "Context",
        /// What the role's session is restricted to.
        pub session_policy: Option<String> = "SessionPolicy",
    }
}

response! {
    /// The decisions.
    pub struct Response {
        /// The principal.
        pub principal: String = "Principal",
        /// What is on record of the request or in the message.
        pub recorded: Option<RecordedItem> = "Recorded",
        /// Whether the policies are asked without that which the session was restricted to, since it is not known.
        pub session_policy_unknown: bool = "SessionPolicyUnknown",
        /// The decisions now, one for each action and resource.
        pub decisions: Vec<DecisionItem> = "Decisions" of "Decision",
    }

    /// What was said then.
    pub struct RecordedItem {
        /// When, of a request on record.
        pub time: Option<String> = "Time",
        /// What was called, of a request on record.
        pub operation: Option<String> = "Operation",
        /// `OK`, or the code of the error; of a message the kind of refusal.
        pub outcome: String = "Outcome",
        /// The kind of policy that refused, of a message.
        pub policy_type: Option<String> = "NoPermissionPolicyType",
        /// The statements that were about it, of a message.
        pub matched: Vec<StatementItem> = "Statements" of "Statement",
    }

    /// A decision.
    pub struct DecisionItem {
        /// The action.
        pub action: String = "AuthAction",
        /// The resource.
        pub resource: String = "AuthResource",
        /// Whether it is allowed.
        pub is_allowed: bool = "Allowed",
        /// The kind of policy that refuses, or `AccountOnly`.
        pub policy_type: Option<&'static str> = "NoPermissionPolicyType",
        /// `ImplicitDeny` or `ExplicitDeny`.
        pub no_permission_type: Option<&'static str> = "NoPermissionType",
        /// Why, in a sentence.
        pub reason: String = "Reason",
        /// Every statement that was asked.
        pub statements: Vec<StatementItem> = "Statements" of "Statement",
    }

    /// A statement.
    pub struct StatementItem {
        /// The policy's name; a key's id for its policy; empty for a session's.
        pub policy_name: String = "PolicyName",
        /// `Custom`, `System`, `Session` or `Key`.
        pub policy_type: String = "PolicyType",
        /// The version in force.
        pub policy_version: String = "PolicyVersion",
        /// What the policy is attached to: `user`, `group`, `role`, `session` or `key`.
        pub attached_to: String = "AttachedTo",
        /// Its place in the policy, from 0.
        pub place: i64 = "Statement",
        /// `Allow` or `Deny`.
        pub effect: String = "Effect",
        /// Whether it is about this.
        pub matches: bool = "Matches",
        /// Whether the decision comes from it.
        pub decides: bool = "Decides",
        /// What of it is not met: `Principal`, `Action`, `Resource` or `Condition`.
        pub unmet: Option<&'static str> = "Unmet",
        /// The same in words.
        pub detail: Option<String> = "Detail",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ExplainAccess",
    effect: Effect::Read,
    access: Access::Action("coffer:ExplainAccess"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::ExplainedPrincipalNotFound,
        ErrorCode::ExplainedRequestNotFound,
        ErrorCode::RamDiagnosisExpired,
        ErrorCode::RamNoDiagnosis,
    ]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let invalid = |name| Product::Coffer.invalid_parameter(name);
    let session = request.session_policy.as_deref().map(|text| Policy::parse(text, PolicyKind::Session));
    let session = session.transpose().map_err(|_| invalid("SessionPolicy"))?;
    let (mut question, recorded, mut unknown) = match (&request.request_id, &request.message, &request.principal) {
        (Some(id), None, None) => of_request(cx, id)?,
        (None, Some(message), None) => of_message(cx, message)?,
        (None, None, Some(name)) => (of_principal(cx, &request, name)?, None, false),
        (None, None, None) => return Err(Product::Coffer.missing_parameter("Principal")),
        _ => return Err(invalid("Principal")),
    };
    if let Some(policy) = session {
        question.caller = principal::restricted(question.caller, policy);
        unknown = false;
    }
    let explained = question.explain(cx)?;
    let decisions = question
        .about
        .iter()
        .zip(explained)
        .map(|((action, resource), explained)| decision(action.clone(), resource.to_string(), explained));
    Ok(Response {
        decisions: decisions.collect(),
        principal: principal_arn(&question.caller),
        recorded,
        session_policy_unknown: unknown,
    })
}

type Asked = (Question, Option<RecordedItem>, bool);

fn of_principal(cx: &Cx<'_>, request: &Request, name: &str) -> Result<Question, ApiError> {
    let caller = principal::named(cx.tx, cx.account(), name)?.ok_or(ErrorCode::ExplainedPrincipalNotFound)?;
    let action = request.action.as_ref().ok_or_else(|| Product::Coffer.missing_parameter("AuthAction"))?;
    let mut context = Context::new();
    for (key, value) in &request.conditions.0 {
        context = context.with(key, value.as_str());
    }
    if context.values("acs:CurrentTime").is_empty() {
        context = context.with("acs:CurrentTime", cx.now.to_iso8601());
    }
    let context = context.with("acs:PrincipalARN", principal_arn(&caller));
    let about = request.resources.0.iter().map(|resource| (action.clone(), Arn::written(resource))).collect();
    Ok(Question { caller, about, context })
}

fn of_request(cx: &Cx<'_>, request_id: &str) -> Result<Asked, ApiError> {
    let floor = recorded::floor(cx.tx)?;
    let row = rows::of_request(cx.tx, cx.account(), request_id, floor)?.ok_or(ErrorCode::ExplainedRequestNotFound)?;
    let (question, unknown) = match recorded::question(cx, &row, floor)? {
        Again::Ask(question) => (question, false),
        Again::Unrestricted(question) => (question, true),
        Again::NoPrincipal => return Err(ErrorCode::ExplainedPrincipalNotFound.into()),
    };
    let item = RecordedItem {
        time: Some(row.at.to_iso8601()),
        operation: Some(row.action),
        outcome: row.outcome,
        policy_type: None,
        matched: Vec::new(),
    };
    Ok((question, Some(item), unknown))
}

fn of_message(cx: &Cx<'_>, message: &str) -> Result<Asked, ApiError> {
    let diagnosis = Diagnosis::open(cx, message)?;
    let caller = principal::shown(cx.tx, cx.account(), &diagnosis.principal_type, &diagnosis.principal)?;
    let caller = caller.ok_or(ErrorCode::ExplainedPrincipalNotFound)?;
    let mut context = Context::new();
    for (key, values) in &diagnosis.conditions {
        for value in values {
            context = context.with(key, value.as_str());
        }
    }
    let about = vec![(diagnosis.action, Arn::written(&diagnosis.resource))];
    let unknown = recorded::is_session(&caller);
    let matched = diagnosis.matched.into_iter().map(|policy| StatementItem {
        policy_name: policy.name,
        policy_type: policy.kind,
        policy_version: policy.version,
        attached_to: policy.entity,
        place: i64::try_from(policy.statement).unwrap_or(i64::MAX),
        decides: diagnosis.explicit && policy.effect == "Deny",
        effect: policy.effect,
        matches: true,
        unmet: None,
        detail: None,
    });
    let item = RecordedItem {
        time: None,
        operation: None,
        matched: matched.collect(),
        outcome: if diagnosis.explicit { "ExplicitDeny" } else { "ImplicitDeny" }.to_owned(),
        policy_type: Some(diagnosis.policy_type),
    };
    Ok((Question { caller, about, context }, Some(item), unknown))
}

fn decision(action: String, resource: String, explained: Explanation) -> DecisionItem {
    let refusal = match explained.decision {
        Decision::Allowed => None,
        Decision::Refused(refusal) => Some(refusal),
    };
    DecisionItem {
        action,
        resource,
        is_allowed: refusal.is_none(),
        policy_type: refusal.map(|refusal| refusal.policy_type),
        no_permission_type: refusal.map(|refusal| refusal.no_permission_type),
        reason: explained.reason,
        statements: explained.statements.into_iter().map(statement).collect(),
    }
}

fn statement(said: Said) -> StatementItem {
    let policy = said.policy;
    let (unmet, detail) = said.miss.unzip();
    StatementItem {
        policy_name: policy.name,
        policy_type: policy.kind,
        policy_version: policy.version,
        attached_to: policy.entity,
        place: i64::try_from(policy.statement).unwrap_or(i64::MAX),
        effect: policy.effect,
        matches: unmet.is_none(),
        decides: said.decides,
        unmet,
        detail,
    }
}
