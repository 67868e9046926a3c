//! Policy documents: parsed once, strictly, into a form that is cheap to evaluate.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::condition::{BadCondition, Condition};
use super::glob::Pattern;

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Attached to users and roles.
    Identity,
    /// Who may assume a role.
    Trust,
    /// The same, as it is written today: what it can't mean is refused. Roles may have older ones.
    NewTrust,
    /// What a session is restricted to.
    Session,
    /// Who may use a KMS key: it names principals, and no resource but `*`, the key.
    Key,
}

/// Most characters of a policy, and of a session policy.
const MOST_CHARACTERS: usize = 6144;
const MOST_SESSION_CHARACTERS: usize = 2048;
/// Most bytes of a key policy ("Key policy").
const MOST_KEY_BYTES: usize = 32_768;

/// Why a document is refused, in words for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// A parsed policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its statements.
    pub statements: Vec<Statement>,
    /// Whether a condition of it asks for tags of the resource.
    pub asks_for_tags: bool,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// `Allow`, or `Deny`.
    pub allow: bool,
    /// On which actions; `true` for all but those listed.
    pub actions: (bool, Vec<Pattern>),
    /// On which resources; `true` for all but those listed. A trust policy has none: it is about its role.
    pub resources: (bool, Vec<Pattern>),
    /// For whom, in a trust policy.
    pub principals: Vec<(PrincipalKind, String)>,
    /// Under which conditions: all of them.
    pub conditions: Vec<Condition>,
}

/// Kinds of principals in a trust policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// An account, user or role.
    Ram,
    /// A service.
    Service,
    /// An identity provider.
    Federated,
}

impl Policy {
    /// Parses a document.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, Malformed> {
        let (length, most) = match kind {
            PolicyKind::Session => (text.chars().count(), MOST_SESSION_CHARACTERS),
            PolicyKind::Key => (text.len(), MOST_KEY_BYTES),
            PolicyKind::Identity | PolicyKind::Trust | PolicyKind::NewTrust => (text.chars().count(), MOST_CHARACTERS),
        };
        if length > most {
            return Err(Malformed(format!("The policy document is longer than {most} characters.")));
        }
        let raw = RawPolicy::parse(text)?;
        if raw.version != "1" {
            return Err(Malformed("The policy document is invalid. Version must be \"1\".".to_owned()));
        }
        if raw.statement.is_empty() {
            return Err(Malformed("The policy document is invalid. Statement is empty.".to_owned()));
        }
        let statements: Vec<Statement> =
            raw.statement.into_iter().map(|statement| statement.check(kind)).collect::<Result<_, _>>()?;
        let mut conditions = statements.iter().flat_map(|statement| &statement.conditions);
        let asks_for_tags = conditions.any(Condition::asks_for_tags);
        Ok(Self { statements, asks_for_tags })
    }

    /// Parses a key policy that a request sets, by the whole grammar ("Key policy"). One that was stored before a rule was asked for goes on
    /// to count, so [`Self::parse`] asks for less.
    pub fn parse_new_key(text: &str) -> Result<Self, Malformed> {
        let policy = Self::parse(text, PolicyKind::Key)?;
        RawPolicy::parse(text)?.statement.iter().try_for_each(RawStatement::require_key_grammar)?;
        Ok(policy)
    }

    /// Whom a trust policy or a key policy names, statement by statement.
    pub fn principals(&self) -> impl Iterator<Item = (PrincipalKind, &str)> {
        self.statements.iter().flat_map(|statement| &statement.principals).map(|(kind, text)| (*kind, text.as_str()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawPolicy {
    version: String,
    statement: Vec<RawStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawStatement {
    effect: String,
    action: Option<OneOrMore>,
    not_action: Option<OneOrMore>,
    resource: Option<OneOrMore>,
    not_resource: Option<OneOrMore>,
    principal: Option<UniqueMap<OneOrMore>>,
    condition: Option<UniqueMap<UniqueMap<OneOrMore>>>,
    sid: Option<String>,
}

impl RawPolicy {
    fn parse(text: &str) -> Result<Self, Malformed> {
        serde_json::from_str(text).map_err(|error| Malformed(format!("The policy document is invalid. {error}")))
    }
}

/// A text or a list of texts.
struct OneOrMore(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            One(Scalar),
            More(Vec<Scalar>),
        }
        Ok(Self(match Raw::deserialize(deserializer)? {
            Raw::One(text) => vec![text.0],
            Raw::More(texts) => texts.into_iter().map(|text| text.0).collect(),
        }))
    }
}

/// A text. Numbers and truth values are taken as JSON writes them.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            plain @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => Ok(Self(plain.to_string())),
            _ => Err(D::Error::custom("expected a string or a list of strings")),
        }
    }
}

/// An object whose names are unique: JSON allows a name twice, and readers then disagree on which counts.
struct UniqueMap<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for UniqueMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = UniqueMap<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueMap<T>, A::Error> {
                let mut members: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("`{name}` occurs twice")));
                    }
                    members.push((name, value));
                }
                Ok(UniqueMap(members))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
}

fn refuse<T>(message: &str) -> Result<T, Malformed> {
    Err(Malformed(message.to_owned()))
}

/// Exactly one of an element and its negation, with at least one pattern.
fn either(
    plain: Option<OneOrMore>,
    negated: Option<OneOrMore>,
    missing: &str,
    both: &str,
) -> Result<(bool, Vec<Pattern>), Malformed> {
    let (not, texts) = match (plain, negated) {
        (Some(OneOrMore(texts)), None) => (false, texts),
        (None, Some(OneOrMore(texts))) => (true, texts),
        (None, None) => return refuse(missing),
        (Some(_), Some(_)) => return refuse(both),
    };
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return refuse(missing);
    }
    Ok((not, texts.iter().map(|text| Pattern::new(text)).collect()))
}

/// Most characters of a key policy's `Sid`.
const MOST_SID_CHARACTERS: usize = 128;

impl RawStatement {
    /// What a key policy's statement must be beyond what it takes to be understood.
    fn require_key_grammar(&self) -> Result<(), Malformed> {
        let sign = |c: char| c.is_ascii_alphanumeric() || " _/+=.@-".contains(c);
        if self.sid.as_ref().is_some_and(|sid| sid.len() > MOST_SID_CHARACTERS || !sid.chars().all(sign)) {
            return refuse("A Sid has at most 128 letters, digits, blanks and signs.");
        }
        let of_kms = |action: &String| action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("kms:"));
        if !self.action.as_ref().is_some_and(|OneOrMore(actions)| actions.iter().all(of_kms)) {
            return refuse("The Action of a key policy is of KMS.");
        }
        let UniqueMap(principals) = self.principal.as_ref().expect("a statement of a parsed key policy has principals");
        if principals.iter().any(|(_, OneOrMore(named))| named.is_empty()) {
            return refuse("A Principal of a key policy names somebody.");
        }
        Ok(())
    }

    fn check(self, kind: PolicyKind) -> Result<Statement, Malformed> {
        let allow = match self.effect.as_str() {
            "Allow" => true,
            "Deny" => false,
            _ => return refuse("The policy document is invalid. Effect must be Allow or Deny."),
        };
        let assumes = self.action.as_ref().is_some_and(|OneOrMore(texts)| texts.iter().all(|text| is_assuming(text)));
        let actions = either(
            self.action,
            self.not_action,
            "Add an Action or NotAction element to the policy statement.",
            "A policy statement has either Action or NotAction.",
        )?;
        let (resources, principals) = match kind {
            PolicyKind::Trust | PolicyKind::NewTrust => {
                if self.resource.is_some() || self.not_resource.is_some() {
                    return refuse("A trust policy has no Resource element.");
                }
                let principals = principals(self.principal)?;
                if kind == PolicyKind::NewTrust && !assumes {
                    return refuse("The Action of a trust policy is sts:AssumeRole.");
                }
                if kind == PolicyKind::NewTrust && (principals.is_empty() || !principals.iter().all(can_assume)) {
                    return refuse(
                        "A Principal of a trust policy is \"*\", an ARN of RAM, a service or an identity provider.",
                    );
                }
                ((false, vec![Pattern::Anything]), principals)
            }
            PolicyKind::Key => {
                let whole = |resource: Option<OneOrMore>| resource.is_some_and(|OneOrMore(texts)| texts == ["*"]);
                if self.not_resource.is_some() || !whole(self.resource) {
                    return refuse("The Resource of a key policy is \"*\".");
                }
                ((false, vec![Pattern::Anything]), key_principals(self.principal)?)
            }
            PolicyKind::Identity | PolicyKind::Session => {
                if self.principal.is_some() {
                    return refuse("Only a trust policy has a Principal element.");
                }
                let resources = either(
                    self.resource,
                    self.not_resource,
                    "Add a Resource or NotResource element to the policy statement.",
                    "A policy statement has either Resource or NotResource.",
                )?;
                (resources, Vec::new())
            }
        };
        Ok(Statement { allow, actions, resources, principals, conditions: conditions(self.condition)? })
    }
}

/// Whether a trust policy can be about an action: what it takes to assume a role, and to say who stands behind that.
fn is_assuming(action: &str) -> bool {
    ["sts:AssumeRole", "sts:SetSourceIdentity"].iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// Whether there can be such a principal of a trust policy.
fn can_assume((kind, text): &(PrincipalKind, String)) -> bool {
    let provider = |name: &str| {
        let named = name.strip_prefix("saml-provider/").or_else(|| name.strip_prefix("oidc-provider/"));
        named.is_some_and(|name| !name.is_empty())
    };
    match kind {
        PrincipalKind::Ram => text == "*" || is_identity(text),
        PrincipalKind::Service => {
            let (account, service) = text.split_once('@').unwrap_or(("0", text));
            let name = service.strip_suffix(".aliyuncs.com").unwrap_or_default();
            let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.');
            is_account(account) && !name.is_empty() && name.bytes().all(plain)
        }
        PrincipalKind::Federated => of_ram(text).is_some_and(|(account, name)| is_account(account) && provider(name)),
    }
}

/// Account and name in an identity's ARN.
fn of_ram(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("acs:ram::")?.split_once(':')
}

fn is_account(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is the ARN of an account, a user or a role.
fn is_identity(text: &str) -> bool {
    of_ram(text).is_some_and(|(account, name)| {
        let own = name.strip_prefix("user/").or_else(|| name.strip_prefix("role/"));
        let whole = matches!(name, "root" | "*") || own.is_some_and(|own| !own.is_empty());
        whole && is_account(account)
    })
}

/// Principals of a key policy: accounts, users and roles by their ARNs.
fn key_principals(raw: Option<UniqueMap<OneOrMore>>) -> Result<Vec<(PrincipalKind, String)>, Malformed> {
    let principals = principals(raw)?;
    let good = |(kind, text): &(PrincipalKind, String)| *kind == PrincipalKind::Ram && is_identity(text);
    if principals.iter().all(good) { Ok(principals) } else { refuse("A Principal of a key policy is an ARN of RAM.") }
}

fn principals(raw: Option<UniqueMap<OneOrMore>>) -> Result<Vec<(PrincipalKind, String)>, Malformed> {
    let Some(UniqueMap(members)) = raw.filter(|UniqueMap(members)| !members.is_empty()) else {
        return refuse("Add a Principal element to the trust policy.");
    };
    let mut principals = Vec::new();
    for (name, OneOrMore(texts)) in members {
        let kind = match name.as_str() {
            "RAM" => PrincipalKind::Ram,
            "Service" => PrincipalKind::Service,
            "Federated" => PrincipalKind::Federated,
            _ => return refuse("A Principal is RAM, Service or Federated."),
        };
        principals.extend(texts.into_iter().map(|text| (kind, text)));
    }
    Ok(principals)
}

fn conditions(raw: Option<UniqueMap<UniqueMap<OneOrMore>>>) -> Result<Vec<Condition>, Malformed> {
    let mut conditions = Vec::new();
    for (operator, UniqueMap(keys)) in raw.map(|UniqueMap(operators)| operators).unwrap_or_default() {
        for (key, OneOrMore(values)) in keys {
            let condition = Condition::parse(&operator, &key, &values).map_err(|bad| {
                Malformed(match bad {
                    BadCondition::Operator => format!("The condition operator '{operator}' is not supported."),
                    BadCondition::Value => format!("The value of '{key}' does not suit the operator '{operator}'."),
                })
            })?;
            conditions.push(condition);
        }
    }
    Ok(conditions)
}
