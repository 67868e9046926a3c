//! What the ways share on which somebody becomes a role's session for whom an identity provider vouches.

use coffer_base::{ApiError, ErrorCode};
use coffer_store::identities::{self, Role};

use super::issue::RoleArn;
use crate::auth::policy::{Context, Effect, Policy, PolicyKind, Principal, evaluate_trust};
use crate::context::Cx;

/// The role, if it is there and trusts the provider. Whoever calls is nobody yet: that a role is not there, that it does not trust and
/// why are one answer, so that a provider's users can't find out what roles there are.
pub(super) fn trusting_role(
    cx: &mut Cx<'_>,
    asked: &RoleArn,
    provider: &str,
    context: &Context,
) -> Result<Role, ApiError> {
    let role = identities::role(cx.tx, &asked.account, &asked.name)?.ok_or(ErrorCode::StsFederatedNoPermission)?;
    let trust = Policy::parse(&role.trust_policy, PolicyKind::Trust).map_err(ApiError::internal)?;
    if evaluate_trust(&trust, &Principal::Federated(provider), context).effect == Effect::Allow {
        return Ok(role);
    }
    cx.note("refusedBy", "trust policy".to_owned());
    Err(ErrorCode::StsFederatedNoPermission.into())
}
