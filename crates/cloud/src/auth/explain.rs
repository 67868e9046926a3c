//! Which statement of which policy allows or denies something, and why the others do not.

use coffer_base::{ApiError, Arn};

use super::authorize::Allowed;
use super::diagnosis::{MatchedPolicy, attached, described};
use super::key_policy;
use super::policy::{Context, Decision, Grant, Layer, Layers, Miss, Tried, decide, tried, tried_key};
use super::tagged::with_tags;
use crate::context::Cx;

/// A decision with its reasons.
#[derive(Debug)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Why, in a sentence.
    pub reason: String,
    /// Every statement that was asked: of the key's policy, of the session's, of those attached.
    pub statements: Vec<Said>,
}

/// What a statement says of a question.
#[derive(Debug)]
pub struct Said {
    /// The policy, and the statement's place in it.
    pub policy: MatchedPolicy,
    /// The part of it that the question does not meet (`Principal`, `Action`, `Resource` or `Condition`), and more in words; `None`
    /// for a statement that is about it.
    pub miss: Option<(&'static str, String)>,
    /// Whether the decision comes from it.
    pub decides: bool,
    layer: Layer,
    allow: bool,
}

impl Allowed<'_> {
    /// What they come to for an action on a resource, and why.
    pub fn explain(&self, cx: &Cx<'_>, action: &str, resource: &Arn) -> Result<Explanation, ApiError> {
        let context = self.context_of(cx, resource)?;
        let layers = self.layers(cx, action, resource, &context)?;
        let decision = decide(&layers, action, resource.as_str(), &context);
        let mut statements = self.of_key(cx, action, resource, &context)?;
        let attached = attached(cx, self.caller)?;
        let own = tried(&layers, action, resource.as_str(), &context);
        statements.extend(own.iter().filter_map(|tried| Some(said(tried, described(tried, &attached)?, &context))));
        for deciding in deciding(&layers, decision, &statements) {
            statements[deciding].decides = true;
        }
        let reason = reason(&layers, decision, &statements);
        Ok(Explanation { decision, reason, statements })
    }

    /// The statements of the policy of the key or the secret that a resource is. The default policy counts as one statement.
    fn of_key(&self, cx: &Cx<'_>, action: &str, resource: &Arn, context: &Context) -> Result<Vec<Said>, ApiError> {
        let Some(found) = key_policy::Found::by(cx, resource)? else { return Ok(Vec::new()) };
        let guarded = found.guarded();
        let (entity, name) = guarded.name();
        let described = |tried: &Tried<'_>, version: &str| MatchedPolicy {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: if entity == "key" { "Key" } else { "Secret" }.to_owned(),
            effect: if tried.allow { "Allow" } else { "Deny" }.to_owned(),
            entity: entity.to_owned(),
            statement: tried.statement,
        };
        let principal = key_policy::principal(self.caller);
        let Some(text) = guarded.policy() else {
            let is_own = principal.account() == Some(guarded.account().as_str());
            let miss = (!is_own).then_some(Miss::Principal);
            let tried = Tried { layer: Layer::Key, policy: 0, statement: 0, allow: true, miss };
            return Ok(vec![said(&tried, described(&tried, "default"), context)]);
        };
        let policy = cx.policies.of_key(text)?;
        let tagged;
        let context = if policy.asks_for_tags {
            tagged = with_tags(cx, resource, context)?;
            &tagged
        } else {
            context
        };
        let tried = tried_key(&policy, &principal, action, context);
        Ok(tried.map(|tried| said(&tried, described(&tried, ""), context)).collect())
    }
}

fn said(tried: &Tried<'_>, policy: MatchedPolicy, context: &Context) -> Said {
    let miss = tried.miss.map(|miss| match miss {
        Miss::Principal => ("Principal", "It is about others.".to_owned()),
        Miss::Action => ("Action", "It is about other actions.".to_owned()),
        Miss::Resource => ("Resource", "It is about other resources.".to_owned()),
        Miss::Condition(condition) => {
            let (key, given) = (condition.key(), context.values(condition.key()));
            let given = if given.is_empty() { "nothing".to_owned() } else { given.join(", ") };
            ("Condition", format!("Its condition on {key} does not hold; the request has {given}."))
        }
    });
    Said { policy, miss, decides: false, layer: tried.layer, allow: tried.allow }
}

/// The places of the statements that a decision comes from.
fn deciding(layers: &Layers<'_>, decision: Decision, statements: &[Said]) -> Vec<usize> {
    let first = |layer: Layer, allow: bool| {
        statements.iter().position(|said| said.layer == layer && said.allow == allow && said.miss.is_none())
    };
    match decision {
        Decision::Allowed if layers.identity.is_none() => Vec::new(),
        Decision::Allowed => {
            let own = first(Layer::Identity, true);
            let by_key = (layers.foreign || own.is_none()).then(|| first(Layer::Key, true)).flatten();
            [by_key, first(Layer::Session, true), own].into_iter().flatten().collect()
        }
        Decision::Refused(refusal) if refusal.no_permission_type == "ExplicitDeny" => {
            let layer = match refusal.policy_type {
                "ResourceBasedPolicy" => Layer::Key,
                "SessionPolicy" => Layer::Session,
                _ => Layer::Identity,
            };
            first(layer, false).into_iter().collect()
        }
        Decision::Refused(_) => Vec::new(),
    }
}

fn reason(layers: &Layers<'_>, decision: Decision, statements: &[Said]) -> String {
    let by: Vec<String> = statements.iter().filter(|said| said.decides).map(place).collect();
    let by = by.join(" and ");
    match decision {
        Decision::Allowed if by.is_empty() => {
            "The account itself may do everything that no key policy denies.".to_owned()
        }
        Decision::Allowed => format!("Allowed by {by}."),
        Decision::Refused(refusal) if refusal.no_permission_type == "ExplicitDeny" => format!("Denied by {by}."),
        Decision::Refused(refusal) => match refusal.policy_type {
            "ResourceBasedPolicy" => "The key is another account's, and no statement of its policy allows it.",
            "SessionPolicy" => "No statement of the session's policy allows it.",
            _ if layers.grant == Grant::Account => {
                "The key's policy leaves it to the account, and no statement of the policies attached allows it."
            }
            _ => "No statement of the policies attached allows it.",
        }
        .to_owned(),
    }
}

fn place(said: &Said) -> String {
    let MatchedPolicy { name, version, entity, statement, .. } = &said.policy;
    match said.layer {
        Layer::Key => format!("statement {statement} of the key's policy"),
        Layer::Session => format!("statement {statement} of the session's policy"),
        Layer::Identity => format!("statement {statement} of {name} {version}, attached to the {entity}"),
    }
}
