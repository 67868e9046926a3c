//! A call that is on record, as a question to the policies as they are now.

use coffer_base::{ApiError, Arn};
use coffer_store::Tx;
use coffer_store::audit::{self as rows, Recorded};
use serde_json::Value;

use super::{Question, principal};
use crate::audit;
use crate::auth::policy::{Context, Policy, PolicyKind};
use crate::auth::principal_arn;
use crate::caller::{Caller, Identity};
use crate::context::Cx;
use crate::dispatch::operations;
use crate::operation::{Access, Entry};
use crate::product::Product;

/// How many rows of the audit, of all accounts, count as recent.
pub const RECENT_ROWS: i64 = 100_000;
/// Most beginnings of a session that are looked at for its policy: its access key's id is in one.
const MOST_BEGINNINGS: i64 = 10;

/// What became of the attempt to ask again.
#[derive(Debug)]
pub enum Again {
    /// The question. It is about nothing where no policy is asked about such a call.
    Ask(Question),
    /// The question, but the policy that the session was restricted to is not on record among the recent rows.
    Unrestricted(Question),
    /// The principal is gone, or is a service.
    NoPrincipal,
}

/// After which row the recent ones begin.
pub fn floor(tx: &Tx<'_>) -> Result<i64, ApiError> {
    Ok((rows::head(tx)?.0 - RECENT_ROWS).max(0))
}

/// The operation of a row.
pub fn entry(row: &Recorded) -> Option<&'static Entry> {
    let (product, name) = row.action.split_once(':')?;
    let product = Product::ALL.into_iter().find(|known| known.name() == product)?;
    operations(product).iter().find(|entry| entry.operation.name == name)
}

/// What else is on record of a row.
pub fn detail(row: &Recorded) -> Result<Value, ApiError> {
    serde_json::from_str(&row.detail).map_err(ApiError::internal)
}

/// The question that a row's call put to the policies.
pub fn question(cx: &Cx<'_>, row: &Recorded, floor: i64) -> Result<Again, ApiError> {
    let Some(mut caller) = principal::named(cx.tx, &row.account, &row.principal)? else {
        return Ok(Again::NoPrincipal);
    };
    let (detail, about) = (detail(row)?, about(row));
    let mut is_known = true;
    if detail[audit::RESTRICTED] == true {
        match session_policy(cx.tx, &row.access_key_id, floor)? {
            Some(policy) => caller = principal::restricted(caller, policy),
            None => is_known = false,
        }
    }
    let question = Question { context: context(row, &detail, &caller), caller, about };
    Ok(if is_known { Again::Ask(question) } else { Again::Unrestricted(question) })
}

/// The actions of policies that a row's call needed, each with its resource.
fn about(row: &Recorded) -> Vec<(String, Arn)> {
    let resources: Vec<Arn> = row.resources.split(' ').filter(|text| !text.is_empty()).map(Arn::written).collect();
    let actions = match entry(row).map(|entry| entry.operation.access) {
        Some(Access::Action(action) | Access::AccountByDefault(action)) => vec![action; resources.len()],
        Some(Access::Each(actions)) if actions.len() == resources.len() => actions.to_vec(),
        Some(Access::Each(_) | Access::MainAccount | Access::Caller | Access::Anyone) | None => return Vec::new(),
    };
    actions.into_iter().map(str::to_owned).zip(resources).collect()
}

fn context(row: &Recorded, detail: &Value, caller: &Caller) -> Context {
    let mut context = Context::new()
        .with("acs:CurrentTime", row.at.to_iso8601())
        .with("acs:SourceIp", row.peer.as_str())
        .with("acs:PrincipalARN", principal_arn(caller));
    for (key, values) in detail[audit::CONTEXT].as_object().into_iter().flatten() {
        let all = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
        for value in all.iter().filter_map(Value::as_str) {
            context = context.with(key, value);
        }
    }
    if context.values("acs:SecureTransport").is_empty() {
        context = context.with("acs:SecureTransport", "false");
    }
    context
}

/// What the session with that access key was restricted to when it began.
fn session_policy(tx: &Tx<'_>, access_key_id: &str, floor: i64) -> Result<Option<Policy>, ApiError> {
    for action in ["sts:AssumeRole", "sts:AssumeRoleWithOIDC"] {
        for row in rows::with_detail(tx, action, access_key_id, floor, MOST_BEGINNINGS)? {
            let detail = detail(&row)?;
            if detail["sessionAccessKeyId"] == access_key_id
                && let Some(text) = detail[audit::SESSION_POLICY].as_str()
            {
                return Policy::parse(text, PolicyKind::Session).map(Some).map_err(ApiError::internal);
            }
        }
    }
    Ok(None)
}

/// Whether a principal is a session of a role.
pub const fn is_session(caller: &Caller) -> bool {
    matches!(caller.identity, Identity::Session { .. })
}
