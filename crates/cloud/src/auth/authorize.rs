//! May this caller do this to these resources? And may a service, through the role it was given?

use std::borrow::Cow;
use std::sync::Arc;

use coffer_base::error::AccessDenied;
use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::identities::{self, Role};
use coffer_store::tags::Tag;

use super::cache::InForce;
use super::diagnosis::{Diagnosis, Question};
use super::key_policy::{self, Grant};
use super::policy::{
    Context, Decision, Effect, Layers, Policy, PolicyKind, Principal, Refusal, Verdict, decide, evaluate_trust,
};
use super::tagged;
use crate::bootstrap;
use crate::caller::{Caller, Identity};
use crate::context::Cx;
use crate::operation::{Access, Operation};
use crate::product::Product;
use crate::settings::Callers;

/// Refuses unless the caller may perform `operation` on every one of the resources that were `found`, or says why none were. The
/// account itself owns what it has: only a key policy is asked about it.
///
/// Whoever may not have what the request names ([`Cx::named`]) is told that much, and not whether it is there. Policies are then asked
/// about the bare name, as if nothing was known of it: its owner, its own policy and its tags would tell.
pub fn authorize(
    cx: &Cx<'_>,
    product: Product,
    operation: &Operation,
    found: Result<&[Arn], ApiError>,
) -> Result<(), ApiError> {
    match operation.access {
        Access::Caller | Access::Anyone => return found.map(|_| ()),
        Access::MainAccount => return found.and_then(|_| require_main_account(cx)),
        access if is_account_only(cx, cx.caller, access) => return Err(ErrorCode::EcsAccountOnly.into()),
        Access::Action(_) | Access::AccountByDefault(_) | Access::Each(_) => {}
    }
    let allowed = Allowed::of(cx)?;
    match found {
        Err(error) if error.source().is_some() => Err(error),
        Err(error) => match allowed.first_refused_by_name(cx, operation)? {
            Some(by_name) => Err(by_name.error(cx, product)?),
            None => Err(error),
        },
        Ok(resources) => match allowed.first_refused(cx, operation, resources)? {
            Some(refused) => {
                let by_name = allowed.first_refused_by_name(cx, operation)?;
                Err(by_name.unwrap_or(refused).error(cx, product)?)
            }
            None => Ok(()),
        },
    }
}

/// The same of another action, on one thing that an operation needs besides its own resources and that the request calls `name`.
/// Gives back what was found.
pub fn require_named<T>(
    cx: &Cx<'_>,
    product: Product,
    action: &str,
    name: &Arn,
    found: Result<(T, Arn), ApiError>,
) -> Result<T, ApiError> {
    let allowed = Allowed::of(cx)?;
    match found {
        Err(error) if error.source().is_some() => Err(error),
        Err(error) => match allowed.refused_by_name(action, name) {
            Some(by_name) => Err(by_name.error(cx, product)?),
            None => Err(error),
        },
        Ok((found, resource)) => match allowed.refused(cx, action, &resource)? {
            Some(refused) => Err(allowed.refused_by_name(action, name).unwrap_or(refused).error(cx, product)?),
            None => Ok(found),
        },
    }
}

/// A question that was answered with no.
struct Refused<'a> {
    action: &'a str,
    resource: &'a Arn,
    context: Cow<'a, Context>,
    layers: Layers<'a>,
    refusal: Refusal,
}

impl<'a> Refused<'a> {
    fn of(action: &'a str, resource: &'a Arn, context: Cow<'a, Context>, layers: Layers<'a>) -> Option<Self> {
        match decide(&layers, action, resource.as_str(), &context) {
            Decision::Allowed => None,
            Decision::Refused(refusal) => Some(Self { action, resource, context, layers, refusal }),
        }
    }

    fn error(self, cx: &Cx<'_>, product: Product) -> Result<ApiError, ApiError> {
        let Self { action, resource, context, layers, refusal } = self;
        denied(cx, product, &Question { action, resource, context: &context, layers: &layers }, refusal)
    }
}

/// Refuses all but the account that the server was first started for.
fn require_main_account(cx: &Cx<'_>) -> Result<(), ApiError> {
    let main = bootstrap::main_account(cx.tx)?;
    let is_main = cx.caller.is_account() && main.as_ref() == Some(cx.account());
    if is_main { Ok(()) } else { Err(ErrorCode::EcsAccountOnly.into()) }
}

/// Whether an operation is for accounts alone, and the caller is none.
pub fn is_account_only(cx: &Cx<'_>, caller: &Caller, access: Access) -> bool {
    matches!(access, Access::AccountByDefault(_))
        && !caller.is_account()
        && cx.settings.default_encryption.callers == Callers::Account
}

/// Refuses unless the caller may also perform another action, on what an operation needs besides its own resources.
pub fn require(cx: &Cx<'_>, product: Product, action: &'static str, resource: &Arn) -> Result<(), ApiError> {
    Allowed::of(cx)?.require(cx, product, action, resource)
}

/// Refuses unless the caller may give a role to a service (`ram:PassRole`).
pub fn require_passing(cx: &Cx<'_>, product: Product, role: &Arn, service: &str) -> Result<(), ApiError> {
    let mut allowed = Allowed::of(cx)?;
    allowed.context = allowed.context.with("acs:Service", service);
    allowed.require(cx, product, "ram:PassRole", role)
}

fn denied(cx: &Cx<'_>, product: Product, question: &Question<'_>, refusal: Refusal) -> Result<ApiError, ApiError> {
    let (action, resource) = (question.action, question.resource.as_str());
    let message = Diagnosis::of(cx, question, &refusal)?.seal(cx)?;
    Ok(refused(product, action, resource).denied(AccessDenied {
        action: action.to_owned(),
        principal_type: cx.caller.principal_type(),
        principal_owner_id: cx.account().to_string(),
        principal_display_name: cx.caller.display_name(),
        policy_type: refusal.policy_type,
        no_permission_type: refusal.no_permission_type,
        message,
    }))
}

/// What a principal's own policies allow.
pub struct Allowed<'a> {
    pub(super) caller: &'a Caller,
    /// `None` for the account itself, which may do everything.
    pub identity: Option<InForce>,
    /// What the session is restricted to.
    pub session: Option<&'a Policy>,
    /// What conditions can ask.
    pub context: Context,
}

impl<'a> Allowed<'a> {
    fn of(cx: &Cx<'a>) -> Result<Self, ApiError> {
        Self::to(cx, cx.caller, context(cx))
    }

    /// What the policies in force allow a principal in a context.
    pub fn to(cx: &Cx<'_>, caller: &'a Caller, context: Context) -> Result<Self, ApiError> {
        let session = match &caller.identity {
            Identity::Session { policy, .. } => policy.as_deref(),
            Identity::Account | Identity::User { .. } | Identity::Federated { .. } => None,
        };
        let identity = match (caller.entity_id(), &caller.identity) {
            (Some(id), _) => Some(cx.policies.effective(cx.tx, id)?),
            // Nothing is attached to whom nobody knows.
            (None, Identity::Federated { .. }) => Some(InForce::default()),
            (None, _) => None,
        };
        Ok(Self { caller, identity, session, context })
    }

    /// Refuses unless the caller may perform an action on a resource.
    fn require(&self, cx: &Cx<'_>, product: Product, action: &str, resource: &Arn) -> Result<(), ApiError> {
        self.refused(cx, action, resource)?.map_or(Ok(()), |refused| Err(refused.error(cx, product)?))
    }

    fn refused<'s>(&'s self, cx: &Cx<'_>, action: &'s str, resource: &'s Arn) -> Result<Option<Refused<'s>>, ApiError> {
        let context = self.context_of(cx, resource)?;
        let layers = self.layers(cx, action, resource, &context)?;
        Ok(Refused::of(action, resource, context, layers))
    }

    fn first_refused<'s>(
        &'s self,
        cx: &Cx<'_>,
        operation: &Operation,
        resources: &'s [Arn],
    ) -> Result<Option<Refused<'s>>, ApiError> {
        let actions = operation.access.actions(resources.len());
        // Nothing was asked about: that must not read as a yes.
        assert!(!resources.is_empty(), "every operation names a resource, `*` at least");
        assert_eq!(actions.len(), resources.len(), "an action for each resource");
        let mut asked = actions.into_iter().zip(resources);
        asked.find_map(|(action, resource)| self.refused(cx, action, resource).transpose()).transpose()
    }

    /// The first of what the request names that the caller may not have, unless it was found and is allowed as what it is.
    fn first_refused_by_name<'s>(
        &'s self,
        cx: &'s Cx<'_>,
        operation: &Operation,
    ) -> Result<Option<Refused<'s>>, ApiError> {
        for (place, (action, name)) in operation.access.actions(cx.named.len()).into_iter().zip(&cx.named).enumerate() {
            let found = cx.found.get(place).map(|found| self.refused(cx, action, found)).transpose()?;
            let is_allowed = matches!(found, Some(None));
            if let Some(refused) = self.refused_by_name(action, name).filter(|_| !is_allowed) {
                return Ok(Some(refused));
            }
        }
        Ok(None)
    }

    /// As if nothing was known of it but its name.
    fn refused_by_name<'s>(&'s self, action: &'s str, name: &'s Arn) -> Option<Refused<'s>> {
        Refused::of(action, name, Cow::Borrowed(&self.context), self.layers_of(Grant::Account, false))
    }

    /// What they come to for an action on a resource.
    pub fn decide(&self, cx: &Cx<'_>, action: &str, resource: &Arn) -> Result<Decision, ApiError> {
        let context = self.context_of(cx, resource)?;
        Ok(decide(&self.layers(cx, action, resource, &context)?, action, resource.as_str(), &context))
    }

    /// What conditions can ask about a resource: with its tags, where a policy asks for them.
    pub(super) fn context_of(&self, cx: &Cx<'_>, resource: &Arn) -> Result<Cow<'_, Context>, ApiError> {
        let of_session = self.session.is_some_and(|policy| policy.asks_for_tags);
        Ok(if of_session || self.identity.as_ref().is_some_and(|policies| asks_for_tags(policies)) {
            Cow::Owned(tagged::with_tags(cx, resource, &self.context)?)
        } else {
            Cow::Borrowed(&self.context)
        })
    }

    pub(super) fn layers(
        &self,
        cx: &Cx<'_>,
        action: &str,
        resource: &Arn,
        context: &Context,
    ) -> Result<Layers<'_>, ApiError> {
        let grant = key_policy::grant(cx, resource, &key_policy::principal(self.caller), action, context)?;
        let foreign = key_policy::owner(resource).is_some_and(|owner| owner != self.caller.account.as_str());
        Ok(self.layers_of(grant, foreign))
    }

    /// The same, where it is known what the resource's own policy says, and whether it is another account's.
    fn layers_of(&self, grant: Grant, foreign: bool) -> Layers<'_> {
        Layers { grant, foreign, session: self.session, identity: self.identity.as_deref() }
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
    let mut context =
        cx.conditions.iter().fold(Context::new(), |context, (key, value)| context.with(key, value.as_str()));
    for Tag { key, value } in &cx.origin.request_tags {
        context = context.with(&["acs:RequestTag/", key].concat(), value.as_str());
    }
    if let Some(agent) = &cx.origin.user_agent {
        context = context.with("acs:UserAgent", agent.as_str());
    }
    context
        .with("acs:CurrentTime", cx.now.to_iso8601())
        .with("acs:SecureTransport", if cx.origin.tls { "true" } else { "false" })
        .with("acs:SourceIp", cx.origin.peer.to_string())
        .with("acs:PrincipalARN", principal_arn(cx.caller))
}

/// The principal as conditions see it: of a session, its role.
pub fn principal_arn(caller: &Caller) -> String {
    match &caller.identity {
        Identity::Session { role_name, .. } => role_principal(&caller.account, role_name),
        _ => caller.arn().to_string(),
    }
}

fn role_principal(account: &AccountId, role_name: &str) -> String {
    Arn::identity(account, &format!("role/{}", role_name.to_ascii_lowercase())).to_string()
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
    service_may_once_tagged(cx, account, role_name, service, actions, resource, None)
}

/// The same, where the service will first have put a tag on the resource.
pub fn service_may_once_tagged<const N: usize>(
    cx: &Cx<'_>,
    account: &AccountId,
    role_name: &str,
    service: &str,
    actions: [&str; N],
    resource: &Arn,
    tag: Option<&Tag>,
) -> Result<[bool; N], ApiError> {
    let role = identities::role(cx.tx, account, role_name).map_err(ApiError::internal)?;
    let Some(role) = role.filter(|role| trusts(cx, role, service)) else { return Ok([false; N]) };
    let identity = cx.policies.effective(cx.tx, &role.role_id)?;
    let context = service_context(cx.now, service).with("acs:PrincipalARN", role_principal(account, &role.role_name));
    let context = tag.map_or(context.clone(), |tag| tagged::with_tag(context, resource, tag));
    let own = if asks_for_tags(&identity) { tagged::with_tags(cx, resource, &context)? } else { context.clone() };
    let principal = Principal::Role(account.as_str(), &role.role_name);
    let mut answers = [false; N];
    for (answer, action) in answers.iter_mut().zip(actions) {
        let grant = key_policy::grant(cx, resource, &principal, action, &context)?;
        let layers = Layers { grant, foreign: false, session: None, identity: Some(&identity) };
        *answer = matches!(decide(&layers, action, resource.as_str(), &own), Decision::Allowed);
    }
    Ok(answers)
}

fn asks_for_tags(policies: &[Arc<Policy>]) -> bool {
    policies.iter().any(|policy| policy.asks_for_tags)
}

/// What conditions can ask when a service acts by itself. That has no client whose address or name could be asked for, and goes over no
/// network.
pub fn service_context(at: Timestamp, service: &str) -> Context {
    let context = Context::new().with("acs:CurrentTime", at.to_iso8601());
    context.with("acs:SecureTransport", "true").with("acs:Service", service)
}

/// Whether a role trusts a service.
pub fn trusts(cx: &Cx<'_>, role: &Role, service: &str) -> bool {
    let Ok(trust) = Policy::parse(&role.trust_policy, PolicyKind::Trust) else { return false };
    let context = service_context(cx.now, service);
    evaluate_trust(&trust, &Principal::Service(service), &context).effect == Effect::Allow
}

/// Refuses the assumption of a role that its trust policy does not allow.
pub fn refused_by_trust(cx: &Cx<'_>, role: &Role, verdict: Verdict, context: &Context) -> Result<(), ApiError> {
    let Some(refusal) = Refusal::of("AssumeRolePolicy", verdict.effect) else { return Ok(()) };
    let resource = Arn::ram(&role.account, &format!("role/{}", role.role_name));
    let layers = Layers { grant: Grant::Nothing, foreign: false, session: None, identity: None };
    let question = Question { action: "sts:AssumeRole", resource: &resource, context, layers: &layers };
    Err(denied(cx, Product::Sts, &question, refusal)?)
}
