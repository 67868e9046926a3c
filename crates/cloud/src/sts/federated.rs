//! What the ways share on which somebody becomes a role's session for whom an identity provider vouches.

use coffer_base::{ApiError, ErrorCode};
use coffer_store::identities::{self, Role};

use super::issue::RoleArn;
use crate::auth::policy::{Context, Effect, Policy, PolicyKind, Principal, evaluate_trust};
use crate::context::Cx;
use crate::costly::Step;

/// The reading of what the provider signed, before the transaction: anybody can send it, and the one thread that writes is everybody's.
pub(super) fn reading<T: Send + Sync + 'static>(read: impl FnOnce() -> Result<T, ApiError> + Send + 'static) -> Step {
    Step::new(move |_| read().map_err(|error| error.code()))
}

/// What was read so.
pub(super) fn claims<'a, T: 'static>(cx: &Cx<'a>) -> Result<&'a T, ApiError> {
    let read: &Result<T, ErrorCode> = cx.prepared().ok_or_else(|| ApiError::internal("a proof that was not read"))?;
    read.as_ref().map_err(|code| (*code).into())
}

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
