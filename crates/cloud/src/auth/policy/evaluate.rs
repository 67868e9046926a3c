//! From policies to a decision ("Policy evaluation process"): a matching Deny refuses, else a matching Allow allows, else nothing
//! does; session policy and identity policies must each allow.

use std::sync::Arc;

use super::condition::{Condition, Context};
use super::document::{Policy, PrincipalKind, Statement};
use super::glob::{Case, Pattern};

/// What a set of policies says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allowed, and nothing denies.
    Allow,
    /// A statement denies.
    ExplicitDeny,
    /// No statement matches.
    ImplicitDeny,
}

/// What a set of policies says, and by which statement: the index of the policy and of the statement in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The effect.
    pub effect: Effect,
    /// The statement that decided.
    pub by: Option<(usize, usize)>,
}

/// A principal as a trust policy sees it.
#[derive(Clone, Copy, Debug)]
pub enum Principal<'a> {
    /// A RAM user: account and name.
    User(&'a str, &'a str),
    /// A role, or a session of it: account and name.
    Role(&'a str, &'a str),
    /// A service.
    Service(&'a str),
    /// An account itself.
    Account(&'a str),
    /// Someone whom an identity provider vouches for, by the provider's ARN.
    Federated(&'a str),
}

impl<'a> Principal<'a> {
    /// The account it belongs to.
    pub const fn account(&self) -> Option<&'a str> {
        match *self {
            Self::User(account, _) | Self::Role(account, _) | Self::Account(account) => Some(account),
            Self::Service(_) | Self::Federated(_) => None,
        }
    }
}

/// What a key policy says of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A statement denies.
    Denied,
    /// A statement allows this user or role by name, or the account to the account itself.
    Direct,
    /// A statement allows its account, which decides by its own policies.
    Account,
    /// No statement is about it.
    Nothing,
}

/// The policies that a decision passes through, in this order.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// What the policy of the resource itself says, for a key.
    pub grant: Grant,
    /// Whether the resource is another account's.
    pub foreign: bool,
    /// What the session is restricted to, if it is.
    pub session: Option<&'a Policy>,
    /// What is attached to the user with its groups, or to the role; `None` for the account itself.
    pub identity: Option<&'a [Arc<Policy>]>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The policy of the key itself.
    Key,
    /// The session policy.
    Session,
    /// What is attached.
    Identity,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allowed,
    /// No, and why.
    Refused(Refusal),
}

/// Why not, in the vendor's words for `AccessDeniedDetail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of policy that refused.
    pub policy_type: &'static str,
    /// `ImplicitDeny` or `ExplicitDeny`.
    pub no_permission_type: &'static str,
}

impl Refusal {
    /// What a set of policies of one kind says; `None` if it allows.
    pub const fn of(policy_type: &'static str, effect: Effect) -> Option<Self> {
        let no_permission_type = match effect {
            Effect::Allow => return None,
            Effect::ExplicitDeny => "ExplicitDeny",
            Effect::ImplicitDeny => "ImplicitDeny",
        };
        Some(Self { policy_type, no_permission_type })
    }
}

/// Decides whether `action` may be performed on `resource`. In its own account a caller needs a key policy's word or that of its own
/// policies, for another account's key both; a session policy must allow as well; and nothing may deny. The account itself may
/// everything that a key policy does not deny it.
pub fn decide(layers: &Layers<'_>, action: &str, resource: &str, context: &Context) -> Decision {
    let refusal = match (layers.grant, layers.foreign) {
        (Grant::Denied, _) => Refusal::of("ResourceBasedPolicy", Effect::ExplicitDeny),
        (Grant::Nothing, true) => Refusal::of("ResourceBasedPolicy", Effect::ImplicitDeny),
        _ => own_refusal(layers, action, resource, context),
    };
    refusal.map_or(Decision::Allowed, Decision::Refused)
}

fn own_refusal(layers: &Layers<'_>, action: &str, resource: &str, context: &Context) -> Option<Refusal> {
    let identity = layers.identity?;
    let session = layers.session.map(|policy| evaluate([policy], action, resource, context).effect);
    let session = session.and_then(|effect| Refusal::of("SessionPolicy", effect));
    session.or_else(|| {
        let effect = evaluate(identity.iter().map(AsRef::as_ref), action, resource, context).effect;
        let by_key = layers.grant == Grant::Direct && !layers.foreign && effect == Effect::ImplicitDeny;
        if by_key { None } else { Refusal::of("AccountLevelIdentityBasedPolicy", effect) }
    })
}

/// A statement that a question was held against.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'p> {
    /// In which layer.
    pub layer: Layer,
    /// The index of its policy there.
    pub policy: usize,
    /// Its index in the policy.
    pub statement: usize,
    /// Whether it allows; else it denies.
    pub allow: bool,
    /// Why it is not about the question; `None` if it is.
    pub miss: Option<Miss<'p>>,
}

/// The first part of a statement that a question does not meet.
#[derive(Clone, Copy, Debug)]
pub enum Miss<'p> {
    /// It is about others.
    Principal,
    /// It is about other actions.
    Action,
    /// It is about other resources.
    Resource,
    /// This condition does not hold.
    Condition(&'p Condition),
}

/// Every statement of the session's and the identity's policies, held against a question: the reasons of a decision. To decide,
/// [`decide`] is faster.
pub fn tried<'p>(layers: &Layers<'p>, action: &str, resource: &str, context: &Context) -> Vec<Tried<'p>> {
    let session = layers.session.into_iter().map(|policy| (Layer::Session, 0, policy));
    let identity = layers.identity.into_iter().flatten().enumerate();
    let identity = identity.map(|(place, policy)| (Layer::Identity, place, policy.as_ref()));
    let mut tried = Vec::new();
    for (layer, policy, document) in session.chain(identity) {
        tried.extend(document.statements.iter().enumerate().map(|(statement, said)| Tried {
            layer,
            policy,
            statement,
            allow: said.allow,
            miss: miss(said, action, resource, context),
        }));
    }
    tried
}

/// Those of them that are about it.
pub fn matching<'p>(layers: &Layers<'p>, action: &str, resource: &str, context: &Context) -> Vec<Tried<'p>> {
    let mut matching = tried(layers, action, resource, context);
    matching.retain(|tried| tried.miss.is_none());
    matching
}

/// What a set of policies says of one action on one resource.
pub fn evaluate<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    action: &str,
    resource: &str,
    context: &Context,
) -> Verdict {
    basic_step(policies, |statement| is_about(statement, action, resource, context))
}

fn is_about(statement: &Statement, action: &str, resource: &str, context: &Context) -> bool {
    listed(&statement.actions, |pattern| pattern.matches(action, Case::Ignored))
        // Before the resources, whose patterns cost more.
        && unmet(statement, context).is_none()
        && listed(&statement.resources, |pattern| resource_matches(pattern, resource))
}

/// The first condition of a statement that a request does not meet.
fn unmet<'p>(statement: &'p Statement, context: &Context) -> Option<&'p Condition> {
    statement.conditions.iter().find(|condition| !condition.holds(context, statement.allow))
}

/// Why a statement is not about a request; `None` if it is.
fn miss<'p>(statement: &'p Statement, action: &str, resource: &str, context: &Context) -> Option<Miss<'p>> {
    if !listed(&statement.actions, |pattern| pattern.matches(action, Case::Ignored)) {
        return Some(Miss::Action);
    }
    if !listed(&statement.resources, |pattern| resource_matches(pattern, resource)) {
        return Some(Miss::Resource);
    }
    unmet(statement, context).map(Miss::Condition)
}

/// What a trust policy says of a principal that wants to assume its role.
pub fn evaluate_trust(policy: &Policy, principal: &Principal<'_>, context: &Context) -> Verdict {
    basic_step([policy], |statement| {
        listed(&statement.actions, |pattern| pattern.matches("sts:AssumeRole", Case::Ignored))
            && statement.principals.iter().any(|(kind, text)| principal_matches(*kind, text, principal))
            && unmet(statement, context).is_none()
    })
}

/// What a key policy says of a principal that wants to do something with its key. Every resource in such a policy is that key.
pub fn evaluate_key(policy: &Policy, principal: &Principal<'_>, action: &str, context: &Context) -> Grant {
    let mut grant = Grant::Nothing;
    for statement in &policy.statements {
        if key_miss(statement, principal, action, context).is_some() {
            continue;
        }
        let named = |(kind, text): &(PrincipalKind, String)| principal_matches(*kind, text, principal);
        if !statement.allow {
            return Grant::Denied;
        }
        let by_name = |(_, text): &(PrincipalKind, String)| text.contains(":user/") || text.contains(":role/");
        let direct = statement.principals.iter().any(|principal| by_name(principal) && named(principal));
        if direct || matches!(principal, Principal::Account(_)) {
            grant = Grant::Direct;
        } else if grant == Grant::Nothing {
            grant = Grant::Account;
        }
    }
    grant
}

/// Every statement of a key policy, held against a question.
pub fn tried_key<'p>(
    policy: &'p Policy,
    principal: &Principal<'_>,
    action: &str,
    context: &Context,
) -> impl Iterator<Item = Tried<'p>> {
    policy.statements.iter().enumerate().map(move |(index, statement)| Tried {
        layer: Layer::Key,
        policy: 0,
        statement: index,
        allow: statement.allow,
        miss: key_miss(statement, principal, action, context),
    })
}

fn key_miss<'p>(
    statement: &'p Statement,
    principal: &Principal<'_>,
    action: &str,
    context: &Context,
) -> Option<Miss<'p>> {
    // Every resource in such a policy is its key.
    if !listed(&statement.actions, |pattern| pattern.matches(action, Case::Ignored)) {
        return Some(Miss::Action);
    }
    if !statement.principals.iter().any(|(kind, text)| principal_matches(*kind, text, principal)) {
        return Some(Miss::Principal);
    }
    unmet(statement, context).map(Miss::Condition)
}

fn basic_step<'p>(policies: impl IntoIterator<Item = &'p Policy>, matches: impl Fn(&Statement) -> bool) -> Verdict {
    let mut allowed = None;
    for (policy_index, policy) in policies.into_iter().enumerate() {
        for (statement_index, statement) in policy.statements.iter().enumerate() {
            if statement.allow && allowed.is_some() || !matches(statement) {
                continue;
            }
            let by = Some((policy_index, statement_index));
            if !statement.allow {
                return Verdict { effect: Effect::ExplicitDeny, by };
            }
            allowed = by;
        }
    }
    let effect = if allowed.is_some() { Effect::Allow } else { Effect::ImplicitDeny };
    Verdict { effect, by: allowed }
}

fn listed((negated, patterns): &(bool, Vec<Pattern>), matches: impl Fn(&Pattern) -> bool) -> bool {
    patterns.iter().any(matches) != *negated
}

/// RAM compares names of users and roles without case, and writes its own resources with `*` or with nothing for the region.
fn resource_matches(pattern: &Pattern, resource: &str) -> bool {
    let Some(rest) = resource.strip_prefix("acs:ram:") else { return pattern.matches(resource, Case::Counts) };
    let relative = rest.split_once(':').map_or(rest, |(_, relative)| relative);
    pattern.matches(resource, Case::Ignored)
        || pattern.matches(&["acs:ram::", relative].concat(), Case::Ignored)
        || pattern.matches(&["acs:ram:*:", relative].concat(), Case::Ignored)
}

fn principal_matches(kind: PrincipalKind, text: &str, principal: &Principal<'_>) -> bool {
    let of_account = |account: &str, own: String| {
        kind == PrincipalKind::Ram
            && (text == "*"
                || text == format!("acs:ram::{account}:root")
                || text == format!("acs:ram::{account}:*")
                || text.eq_ignore_ascii_case(&own))
    };
    match principal {
        Principal::User(account, name) => of_account(account, format!("acs:ram::{account}:user/{name}")),
        Principal::Role(account, name) => of_account(account, format!("acs:ram::{account}:role/{name}")),
        Principal::Account(account) => of_account(account, format!("acs:ram::{account}:root")),
        Principal::Service(name) => kind == PrincipalKind::Service && text == *name,
        Principal::Federated(arn) => kind == PrincipalKind::Federated && text == *arn,
    }
}
