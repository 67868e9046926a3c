//! What a change that was not made yet would have meant for the calls that are on record: the policies are asked once as they are and
//! once as they would be, about every recent call of the account. Nothing is written.

use std::sync::Arc;

use coffer_base::{ApiError, Region};
use coffer_store::audit::{self as rows, Recorded};
use coffer_store::keys::Key;
use coffer_store::policies::Effective;
use coffer_store::{Record as _, groups};
use serde_json::Value;

use super::recorded::{self, Again};
use super::{Question, principal};
use crate::audit;
use crate::auth::policy::{Decision, Policy};
use crate::auth::{Allowed, attached, principal_arn, service_context};
use crate::caller::Caller;
use crate::context::Cx;
use crate::ecs::disk_key;
use crate::ecs::encryption::{BY_DEFAULT, PLAIN_ASKED};
use crate::settings::ExplicitUnencrypted;

/// Rows read at a time.
const BATCH: i64 = 500;

/// A change.
#[derive(Debug)]
pub enum Change {
    /// A policy is attached.
    Attach(Target, Arc<Policy>),
    /// A policy is detached: its type and name.
    Detach(Target, String, String),
    /// A key can't be used any more.
    Key(Box<Key>, String),
    /// The default is switched in a region.
    Default(Region, bool),
}

/// Whom a policy is attached to.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// A user or a role, by its id.
    Entity(String),
    /// A group, by its id.
    Group(String),
}

impl Target {
    /// The user, group or role that a text names, `user/<name>` and so on; `None` where the account has none of that name.
    pub fn named(cx: &Cx<'_>, text: &str) -> Result<Option<Self>, ApiError> {
        if let Some(name) = text.strip_prefix("group/") {
            return Ok(groups::group(cx.tx, cx.account(), name)?.map(|group| Self::Group(group.group_id)));
        }
        let caller = principal::named(cx.tx, cx.account(), text)?;
        Ok(caller.and_then(|caller| caller.entity_id().map(str::to_owned)).map(Self::Entity))
    }

    /// Whether what is attached to it counts for a principal.
    fn means(&self, cx: &Cx<'_>, caller: &Caller) -> Result<bool, ApiError> {
        let Some(entity_id) = caller.entity_id() else { return Ok(false) };
        match self {
            Self::Entity(id) => Ok(id == entity_id),
            Self::Group(id) => Ok(groups::of_user(cx.tx, entity_id)?.iter().any(|(group, _)| group.group_id == *id)),
        }
    }

    const fn is_group(&self) -> bool {
        matches!(self, Self::Group(_))
    }
}

/// A call that would have come out otherwise.
#[derive(Debug)]
pub struct Changed {
    /// Its row.
    pub row: Recorded,
    /// What it was about.
    pub resource: String,
    /// How it comes out now: `Allowed`, `Refused`, `Encrypted` or `Plain`.
    pub before: &'static str,
    /// How it would.
    pub after: &'static str,
    /// Why, in a sentence.
    pub reason: String,
}

/// What became of the calls.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many were looked at.
    pub examined: i64,
    /// Of how many it can't be told: the principal or a session's policy is not known any more.
    pub unknown: i64,
    /// Those that would have come out otherwise, the newest first.
    pub changed: Vec<Changed>,
}

/// Looks at the account's last `most` calls that are on record and recent.
pub fn examine(cx: &Cx<'_>, change: &Change, most: i64) -> Result<Outcome, ApiError> {
    let (floor, mut before, mut outcome) = (recorded::floor(cx.tx)?, i64::MAX, Outcome::default());
    while outcome.examined < most {
        let page = rows::recent(cx.tx, cx.account(), before, floor, BATCH.min(most - outcome.examined))?;
        let Some(last) = page.last() else { break };
        before = last.sequence;
        for row in page {
            outcome.examined += 1;
            match change {
                Change::Attach(target, _) | Change::Detach(target, ..) => {
                    of_policy(cx, change, target, &row, floor, &mut outcome)?;
                }
                Change::Key(key, state) => of_key(key, state, row, &mut outcome)?,
                Change::Default(region, on) => of_default(cx, *region, *on, row, &mut outcome)?,
            }
        }
    }
    Ok(outcome)
}

fn of_policy(
    cx: &Cx<'_>,
    change: &Change,
    target: &Target,
    row: &Recorded,
    floor: i64,
    outcome: &mut Outcome,
) -> Result<(), ApiError> {
    // What a service did by itself no policy of a caller's is asked about.
    let asked = if row.request_id.is_empty() { None } else { Some(recorded::question(cx, row, floor)?) };
    let question = match asked {
        Some(Again::Ask(question)) => Some(question),
        Some(Again::Unrestricted(_) | Again::NoPrincipal) => {
            outcome.unknown += 1;
            None
        }
        None => None,
    };
    for question in question.into_iter().chain(by_service(cx, row)?) {
        if !target.means(cx, &question.caller)? {
            continue;
        }
        let now = Allowed::to(cx, &question.caller, question.context.clone())?;
        let mut then = Allowed::to(cx, &question.caller, question.context.clone())?;
        alter(change, &attached(cx, &question.caller)?, &mut then);
        for (action, resource) in &question.about {
            let [before, after] = [now.decide(cx, action, resource)?, then.decide(cx, action, resource)?];
            if before != after && (before == Decision::Allowed || after == Decision::Allowed) {
                let explained = then.explain(cx, action, resource)?.reason;
                let word = |decision| if decision == Decision::Allowed { "Allowed" } else { "Refused" };
                outcome.changed.push(Changed {
                    row: row.clone(),
                    resource: resource.to_string(),
                    before: word(before),
                    after: word(after),
                    reason: format!("{action}: {explained}"),
                });
            }
        }
    }
    Ok(())
}

/// What ECS asked the account's role about the key that a call used, if it used a customer's.
fn by_service(cx: &Cx<'_>, row: &Recorded) -> Result<Option<Question>, ApiError> {
    let detail = recorded::detail(row)?;
    let Some(key) = detail["kmsKeyId"].as_str().map(|id| Key::get(cx.tx, id)).transpose()?.flatten() else {
        return Ok(None);
    };
    let Some(caller) = principal::named(cx.tx, &row.account, &["role/", disk_key::ROLE].concat())? else {
        return Ok(None);
    };
    if key.creator_type == "Service" || key.account != row.account {
        return Ok(None);
    }
    let resource = crate::kms::key::arn(&key);
    let actions = ["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"];
    let about = actions.map(|action| (action.to_owned(), resource.clone())).to_vec();
    let context = service_context(row.at, disk_key::SERVICE).with("acs:PrincipalARN", principal_arn(&caller));
    Ok(Some(Question { caller, about, context }))
}

/// Makes the policies what they would be for a principal whom the change means.
fn alter(change: &Change, attached: &[Effective], allowed: &mut Allowed<'_>) {
    let Some(in_force) = &allowed.identity else { return };
    let mut identity = in_force.to_vec();
    match change {
        Change::Attach(_, policy) => identity.push(Arc::clone(policy)),
        Change::Detach(target, kind, name) => {
            let place = attached.iter().position(|policy| is_of(policy, target, kind, name));
            if let Some(place) = place {
                identity.remove(place);
            }
        }
        Change::Key(..) | Change::Default(..) => {}
    }
    allowed.identity = Some(identity.into());
}

/// Whether an attached policy is the one that is to go. One that two groups of a user have counts twice, so it does not matter which.
pub fn is_of(policy: &Effective, target: &Target, kind: &str, name: &str) -> bool {
    let is_custom = policy.document_id.is_some();
    policy.policy_name == name
        && is_custom == (kind == "Custom")
        && (policy.entity_kind == "group") == target.is_group()
}

fn of_key(key: &Key, state: &str, row: Recorded, outcome: &mut Outcome) -> Result<(), ApiError> {
    let detail = recorded::detail(&row)?;
    let names =
        [("keyId", "keyVersionId"), ("kmsKeyId", "keyVersionId"), ("destinationKeyId", "destinationKeyVersionId")];
    // A version on record means that its material was needed.
    let is_used = names.iter().any(|(id, version)| detail[id] == *key.key_id && detail[version].is_string());
    if is_used && row.outcome == "OK" && key.state == "Enabled" {
        let resource = crate::kms::key::arn(key).to_string();
        let reason = format!("It used the key, which would be {state}.");
        outcome.changed.push(Changed { row, resource, before: "Allowed", after: "Refused", reason });
    }
    Ok(())
}

fn of_default(cx: &Cx<'_>, region: Region, on: bool, row: Recorded, outcome: &mut Outcome) -> Result<(), ApiError> {
    let detail = recorded::detail(&row)?;
    let place = format!("acs:ecs:{region}:");
    if row.outcome != "OK" || !row.resources.split(' ').any(|arn| arn.starts_with(&place)) {
        return Ok(());
    }
    let asked = &detail[audit::CONTEXT];
    let any_plain = ["ecs:IsDiskEncrypted", "ecs:IsSystemDiskEncrypted"].iter().any(|key| holds(&asked[key], "false"));
    let is_lenient = cx.settings.default_encryption.explicit_unencrypted == ExplicitUnencrypted::Encrypt;
    let (before, after, reason) = match on {
        true if any_plain && detail[PLAIN_ASKED] == "true" && !is_lenient => {
            ("Allowed", "Refused", "It asked for a plain disk, which is not made while the default is on.")
        }
        true if any_plain => ("Plain", "Encrypted", "It made a plain disk, which the default would encrypt."),
        false if detail[BY_DEFAULT] == "true" => {
            ("Encrypted", "Plain", "It made a disk that is encrypted since the default is on.")
        }
        _ => return Ok(()),
    };
    let resource = row.resources.clone();
    outcome.changed.push(Changed { row, resource, before, after, reason: reason.to_owned() });
    Ok(())
}

/// Whether a value, or one of a list, is that text.
fn holds(value: &Value, text: &str) -> bool {
    value == text || value.as_array().is_some_and(|all| all.iter().any(|one| one == text))
}
