//! May this caller do this to these resources? And may a service, through the role it was given?

use coffer_base::error::AccessDenied;
use coffer_base::{AccountId, ApiError, Arn, ErrorCode};
use coffer_store::identities::{self, Role};

use super::policy::{Context, Decision, Effect, Layers, Policy, PolicyKind, Principal, decide, evaluate_trust};
use crate::caller::Identity;
use crate::context::Cx;
use crate::operation::{Access, Operation};
use crate::product::Product;
use crate::settings::Callers;

/// Refuses unless the caller may perform `operation` on every one of `resources`. The account itself owns what it has: no policy is
/// asked about it.
pub fn authorize(cx: &Cx<'_>, product: Product, operation: &Operation, resources: &[Arn]) -> Result<(), ApiError> {
    let action = match operation.access {
        Access::Caller => return Ok(()),
        Access::AccountByDefault(_)
            if !cx.caller.is_account() && cx.settings.default_encryption.callers == Callers::Account =>
        {
            return Err(ErrorCode::EcsAccountOnly.into());
        }
        Access::Action(action) | Access::AccountByDefault(action) => action,
    };
    let (entity_id, session) = match &cx.caller.identity {
        Identity::Account => return Ok(()),
        Identity::User { user_id, .. } => (user_id, None),
        Identity::Session { role_id, policy, .. } => (role_id, policy.as_deref()),
    };
    let identity = cx.policies.effective(cx.tx, entity_id)?;
    let layers = Layers { session, identity: &identity };
    let resources: Vec<&str> = resources.iter().map(Arn::as_str).collect();
    match decide(&layers, action, &resources, &context(cx)) {
        Decision::Allowed => Ok(()),
        Decision::Refused(refusal) => {
            let resource = resources.get(refusal.resource).copied().unwrap_or("*");
            Err(refused(product, action, resource).denied(AccessDenied {
                action: action.to_owned(),
                principal_type: cx.caller.principal_type(),
                principal_owner_id: cx.account().to_string(),
                principal_display_name: cx.caller.display_name(),
                policy_type: refusal.policy_type,
                no_permission_type: refusal.no_permission_type,
            }))
        }
    }
}

fn refused(product: Product, action: &str, resource: &str) -> ApiError {
    match product {
        Product::Ecs | Product::Location | Product::Coffer => ErrorCode::EcsNoPermission.into(),
        Product::Kms => ApiError::with(ErrorCode::KmsNoPermission, [resource.to_owned()]),
        Product::Ram => ApiError::with(ErrorCode::RamNoPermission, [resource.to_owned(), action.to_owned()]),
        Product::Sts => ErrorCode::StsNoPermission.into(),
    }
}

/// The condition keys that every request has, and those that the operation gave.
pub fn context(cx: &Cx<'_>) -> Context {
    let principal = match &cx.caller.identity {
        Identity::Session { role_name, .. } => {
            Arn::ram(cx.account(), &format!("role/{}", role_name.to_ascii_lowercase())).to_string()
        }
        _ => cx.caller.arn().to_string(),
    };
    let given = cx.conditions.iter().fold(Context::new(), |context, (key, value)| context.with(key, value.as_str()));
    given
        .with("acs:CurrentTime", cx.now.to_iso8601())
        .with("acs:SecureTransport", if cx.origin.tls { "true" } else { "false" })
        .with("acs:SourceIp", cx.origin.peer.to_string())
        .with("acs:PrincipalARN", principal)
}

/// Whether `service` (for example `ecs.aliyuncs.com`) may perform each of `actions` on `resource` through the account's role of
/// that name: the role is there, trusts the service, and its policies allow it. Answers action by action.
pub fn service_may<const N: usize>(
    cx: &Cx<'_>,
    account: &AccountId,
    role_name: &str,
    service: &str,
    actions: [&str; N],
    resource: &Arn,
) -> Result<[bool; N], ApiError> {
    let role = identities::role(cx.tx, account, role_name).map_err(ApiError::internal)?;
    let Some(role) = role.filter(|role| trusts(cx, role, service)) else { return Ok([false; N]) };
    let identity = cx.policies.effective(cx.tx, &role.role_id)?;
    let layers = Layers { session: None, identity: &identity };
    let context = Context::new().with("acs:CurrentTime", cx.now.to_iso8601());
    Ok(actions.map(|action| matches!(decide(&layers, action, &[resource.as_str()], &context), Decision::Allowed)))
}

/// Whether a role trusts a service.
pub fn trusts(cx: &Cx<'_>, role: &Role, service: &str) -> bool {
    let Ok(trust) = Policy::parse(&role.trust_policy, PolicyKind::Trust) else { return false };
    let context = Context::new().with("acs:CurrentTime", cx.now.to_iso8601());
    evaluate_trust(&trust, &Principal::Service(service), &context).effect == Effect::Allow
}
