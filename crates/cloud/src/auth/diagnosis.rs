//! Why a request was refused, in a sealed message that goes out with the refusal and that DecodeDiagnosticMessage opens again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::policies::{self, Effective};
use serde::{Deserialize, Serialize};

use super::policy::{Context, Layer, Layers, Refusal, Tried, matching};
use crate::caller::Caller;
use crate::context::Cx;
use crate::kms::cipher;

/// What the sealed bytes are bound to, besides the account whose key seals them.
const CONTEXT: &[u8] = b"coffer/diagnosis/1";
/// How long a message can be opened. The vendor's expire too, after a time it does not state.
const VALID_MS: i64 = 86_400_000;
const PURPOSE: &str = "diagnosis";
/// Longest message in characters.
const MOST_CHARACTERS: usize = 65_536;

/// What was asked.
pub struct Question<'a> {
    /// The action.
    pub action: &'a str,
    /// The resource.
    pub resource: &'a Arn,
    /// What conditions could ask.
    pub context: &'a Context,
    /// The policies that were asked.
    pub layers: &'a Layers<'a>,
}

/// Why it was refused.
#[derive(Debug, Serialize, Deserialize)]
pub struct Diagnosis {
    /// When the message can no longer be opened.
    pub expires_at_ms: i64,
    /// Whether a statement denies; else none allows.
    pub explicit: bool,
    /// The kind of policy that refused.
    pub policy_type: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The kind of principal.
    pub principal_type: String,
    /// The principal's account.
    pub principal_owner: String,
    /// The principal.
    pub principal: String,
    /// What conditions could ask: keys and values.
    pub conditions: Vec<(String, Vec<String>)>,
    /// The policies with a statement that is about it.
    pub matched: Vec<MatchedPolicy>,
}

/// A policy with a statement that is about a question.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedPolicy {
    /// Its name; empty for a session policy.
    pub name: String,
    /// The version in force, `v1`.
    pub version: String,
    /// `Custom`, `System` or `Session`.
    pub kind: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// `user`, `group` or `role`; `session` for a session policy.
    pub entity: String,
    /// The statement: its place in the document, from 0.
    pub statement: usize,
}

impl Diagnosis {
    /// Asks again, for the reasons.
    pub fn of(cx: &Cx<'_>, question: &Question<'_>, refusal: &Refusal) -> Result<Self, ApiError> {
        let conditions = question
            .context
            .entries()
            .map(|(key, values)| (key.to_owned(), values.into_iter().map(str::to_owned).collect()));
        Ok(Self {
            expires_at_ms: cx.now.unix_ms() + VALID_MS,
            explicit: refusal.no_permission_type == "ExplicitDeny",
            policy_type: refusal.policy_type.to_owned(),
            action: question.action.to_owned(),
            resource: question.resource.to_string(),
            principal_type: cx.caller.principal_type().to_owned(),
            principal_owner: cx.account().to_string(),
            principal: cx.caller.display_name(),
            conditions: conditions.collect(),
            matched: matched(cx, question)?,
        })
    }

    /// The message: only the caller's account can have it opened.
    pub fn seal(&self, cx: &Cx<'_>) -> Result<String, ApiError> {
        let plain = serde_json::to_vec(self).map_err(ApiError::internal)?;
        let sealed = cipher::seal_of_day(cx, cx.account(), PURPOSE, CONTEXT, &plain)?;
        Ok(STANDARD.encode(sealed))
    }

    /// Opens a message of the caller's account.
    pub fn open(cx: &Cx<'_>, message: &str) -> Result<Self, ApiError> {
        let sealed = Some(message).filter(|message| message.len() <= MOST_CHARACTERS);
        let sealed = sealed.and_then(|message| STANDARD.decode(message).ok()).ok_or(ErrorCode::RamNoDiagnosis)?;
        let domain = cipher::domain(cx, cx.account())?;
        let plain = domain.open_of_day(PURPOSE, CONTEXT, &sealed).map_err(|_| ErrorCode::RamNoDiagnosis)?;
        let diagnosis: Self = serde_json::from_slice(plain.expose()).map_err(ApiError::internal)?;
        if diagnosis.expires_at_ms <= cx.now.unix_ms() {
            return Err(ErrorCode::RamDiagnosisExpired.into());
        }
        Ok(diagnosis)
    }
}

fn matched(cx: &Cx<'_>, question: &Question<'_>) -> Result<Vec<MatchedPolicy>, ApiError> {
    let attached = attached(cx, cx.caller)?;
    let statements = matching(question.layers, question.action, question.resource.as_str(), question.context);
    Ok(statements.iter().filter_map(|found| described(found, &attached)).collect())
}

/// What is attached to a principal, in the order in which the cache of parsed policies has them.
pub fn attached(cx: &Cx<'_>, caller: &Caller) -> Result<Vec<Effective>, ApiError> {
    Ok(caller.entity_id().map(|id| policies::effective(cx.tx, id)).transpose()?.unwrap_or_default())
}

/// The policy of a statement of the session's or the identity's policies.
pub(super) fn described(found: &Tried<'_>, attached: &[Effective]) -> Option<MatchedPolicy> {
    let effect = if found.allow { "Allow" } else { "Deny" }.to_owned();
    let (name, version, kind, entity) = match found.layer {
        Layer::Key => return None,
        Layer::Session => (String::new(), None, "Session", "session".to_owned()),
        Layer::Identity => {
            let policy = attached.get(found.policy)?;
            let kind = if policy.document_id.is_some() { "Custom" } else { "System" };
            (policy.policy_name.clone(), policy.version, kind, policy.entity_kind.clone())
        }
    };
    let version = format!("v{}", version.unwrap_or(1));
    Some(MatchedPolicy { name, version, kind: kind.to_owned(), effect, entity, statement: found.statement })
}
