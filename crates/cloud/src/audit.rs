//! Putting a write on record, and checking the record.

use coffer_base::{AccountId, ApiError, Arn, Timestamp};
use coffer_crypto::digest;
use coffer_store::audit::{self, Entry as Row, Nonce, Recorded};
use coffer_store::{StoreError, Tx};

use serde_json::{Map, Value};

use crate::auth::context;
use crate::auth::policy::Context;
use crate::caller::Identity;
use crate::context::Cx;
use crate::event::{self, Notes};
use crate::operation::Entry;

/// The member of a row's detail that holds what conditions could ask, by key.
pub const CONTEXT: &str = "context";
/// The member that says that the caller's session was restricted by a policy of its own.
pub const RESTRICTED: &str = "restricted";
/// The member of a session's beginning that holds that policy.
pub const SESSION_POLICY: &str = "sessionPolicy";
/// Longest condition's key, and longest value of one, that are put on record, in bytes; and most of a row's together.
const MOST_BYTES: usize = 512;
const MOST_CONTEXT_BYTES: usize = 16 * 1024;
/// Longest note that is put on record whole, in bytes: session policies are the longest that have to be.
const MOST_NOTE_BYTES: usize = 4096;

/// A call that was made: what is to be put on record about it, in its own transaction or after what it only read.
pub struct Line {
    at: Timestamp,
    account: AccountId,
    principal: Arn,
    access_key_id: String,
    peer: String,
    action: String,
    resources: String,
    outcome: String,
    request_id: String,
    detail: String,
    nonce: Option<Nonce>,
}

impl Line {
    /// Of a call as it ended.
    pub fn of(cx: &Cx<'_>, entry: &Entry, request_id: &str, resources: &[Arn], failure: Option<&ApiError>) -> Self {
        let resources: Vec<&str> = resources.iter().map(Arn::as_str).collect();
        Self {
            at: cx.now,
            account: cx.account().clone(),
            principal: cx.caller.arn(),
            access_key_id: cx.caller.access_key_id.clone(),
            peer: cx.origin.peer.to_string(),
            action: [entry.product.name(), ":", entry.operation.name].concat(),
            resources: resources.join(" "),
            outcome: failure.map_or("OK".into(), ApiError::code_text).into_owned(),
            request_id: request_id.to_owned(),
            detail: Value::Object(with_context(cx)).to_string(),
            nonce: None,
        }
    }

    /// The same with the nonce of the call, which is nowhere else that outlives the process.
    #[must_use]
    pub fn with_nonce(self, nonce: Option<Nonce>) -> Self {
        Self { nonce, ..self }
    }

    /// Appends it to the chain, and tells the events that follow from it and from what was noted.
    pub fn append(&self, tx: &Tx<'_>, notes: Notes<'_>) -> Result<(), ApiError> {
        let row = Row {
            at: self.at,
            account: &self.account,
            principal: self.principal.as_str(),
            access_key_id: &self.access_key_id,
            peer: &self.peer,
            action: &self.action,
            resources: &self.resources,
            outcome: &self.outcome,
            request_id: &self.request_id,
            detail: &self.detail,
        };
        append(tx, &row, self.nonce)?;
        event::of_row(tx, &row, notes)
    }
}

/// The notes, with what conditions could ask as far as the row does not say it: enough to ask the policies again.
fn with_context(cx: &Cx<'_>) -> Map<String, Value> {
    let mut detail = detail(&cx.notes);
    let asked = match &cx.caller.identity {
        // No policy is asked about whom nobody knows, and what such a caller says of itself is nothing to keep.
        Identity::Federated { .. } => Map::new(),
        _ => asked(&context(cx)),
    };
    if !asked.is_empty() {
        detail.insert(CONTEXT.to_owned(), Value::Object(asked));
    }
    if matches!(&cx.caller.identity, Identity::Session { policy: Some(_), .. }) {
        detail.insert(RESTRICTED.to_owned(), true.into());
    }
    detail
}

/// Whoever calls may say anything in a context; the record is not for that: what is long is left out, and what is too much.
fn asked(context: &Context) -> Map<String, Value> {
    let (mut asked, mut left) = (Map::new(), MOST_CONTEXT_BYTES);
    for (key, values) in context.entries() {
        let is_known = matches!(key, "acs:CurrentTime" | "acs:SourceIp" | "acs:PrincipalARN");
        let is_usual = key == "acs:SecureTransport" && values == ["false"];
        let is_long = key.len() > MOST_BYTES || values.iter().any(|value| value.len() > MOST_BYTES);
        if is_known || is_usual || is_long {
            continue;
        }
        let bytes = key.len() + values.iter().map(|value| value.len()).sum::<usize>();
        let Some(rest) = left.checked_sub(bytes) else { continue };
        left = rest;
        asked.insert(key.to_owned(), if let [value] = values[..] { value.into() } else { values.into() });
    }
    asked
}

/// What the service does by itself, as a job: nobody calls, but it changes what an account has.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// When.
    pub at: Timestamp,
    /// Whose resource it is done to.
    pub account: &'a AccountId,
    /// The service, for example `kms.aliyuncs.com`.
    pub service: &'a str,
    /// `product:Action`.
    pub action: &'a str,
    /// The resource.
    pub resource: &'a Arn,
    /// What else belongs on record, by name.
    pub notes: &'a [(&'static str, String)],
}

/// Appends the row of what a job does, in the job's own transaction.
pub fn record_deed(tx: &Tx<'_>, deed: &Deed<'_>) -> Result<(), ApiError> {
    let row = Row {
        at: deed.at,
        account: deed.account,
        principal: deed.service,
        access_key_id: "",
        peer: "",
        action: deed.action,
        resources: deed.resource.as_str(),
        outcome: "OK",
        request_id: "",
        detail: &Value::Object(detail(deed.notes)).to_string(),
    };
    append(tx, &row, None)?;
    event::of_row(tx, &row, deed.notes)
}

fn detail(notes: &[(&'static str, String)]) -> Map<String, Value> {
    let bounded = |value: &str| value[..value.floor_char_boundary(MOST_NOTE_BYTES)].into();
    notes.iter().map(|(name, value)| ((*name).to_owned(), bounded(value))).collect()
}

fn append(tx: &Tx<'_>, row: &Row<'_>, nonce: Option<Nonce>) -> Result<(), ApiError> {
    let (last, previous) = audit::head(tx)?;
    let sequence = last + 1;
    let chain = digest::sha256(&row.chained_bytes(&previous, sequence));
    audit::append(tx, sequence, row, &chain, nonce).map_err(ApiError::internal)
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The row that should have this number is missing or out of place.
    Missing(i64),
    /// The row of this number was changed, or one before it.
    Changed(i64),
    /// No row has this number: the chain begins at 1.
    Added(i64),
}

/// Follows the chain from its beginning; how many rows it holds.
pub fn verify(tx: &Tx<'_>) -> Result<Result<i64, Broken>, StoreError> {
    if let Some(added) = audit::first(tx)?.filter(|first| *first < 1) {
        return Ok(Err(Broken::Added(added)));
    }
    let (mut last, mut previous) = (0, Vec::new());
    loop {
        let rows = match page(tx, last)? {
            Ok(rows) => rows,
            Err(broken) => return Ok(Err(broken)),
        };
        for row in &rows {
            if row.sequence != last + 1 {
                return Ok(Err(Broken::Missing(last + 1)));
            }
            let chain = digest::sha256(&row.entry().chained_bytes(&previous, row.sequence));
            if chain.as_slice() != row.chain {
                return Ok(Err(Broken::Changed(row.sequence)));
            }
            (last, previous) = (row.sequence, row.chain.clone());
        }
        if rows.is_empty() {
            return Ok(Ok(last));
        }
    }
}

/// The next rows, or the first of them, if that can be read but no row of the audit is like it.
fn page(tx: &Tx<'_>, last: i64) -> Result<Result<Vec<Recorded>, Broken>, StoreError> {
    const PAGE: i64 = 1000;
    match audit::after(tx, last, PAGE) {
        Err(error) if error.is_of_a_value() => match audit::after(tx, last, 1) {
            Err(error) if error.is_of_a_value() => Ok(Err(Broken::Changed(last + 1))),
            other => other.map(Ok),
        },
        other => other.map(Ok),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_conditions_could_ask_only_what_is_short_is_kept_and_not_more_than_a_row_may_have() {
        let (fits, long) = ("k".repeat(MOST_BYTES), "k".repeat(MOST_BYTES + 1));
        let context =
            Context::new().with(&fits, "1").with(&long, "2").with("a", long.as_str()).with("b", fits.as_str());
        let kept = asked(&context);
        assert_eq!(kept.keys().map(String::as_str).collect::<Vec<_>>(), ["b", &fits]);
        let many = (0..100).fold(Context::new(), |context, number| context.with(&format!("n{number}"), fits.as_str()));
        let bytes = Value::Object(asked(&many)).to_string().len();
        assert!((MOST_CONTEXT_BYTES - 2 * MOST_BYTES..MOST_CONTEXT_BYTES + 2 * MOST_BYTES).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_long_note_is_cut_between_characters() {
        let note = ["x".repeat(MOST_NOTE_BYTES - 1), "\u{e4}".to_owned()].concat();
        assert_eq!(detail(&[("subject", note)])["subject"].as_str().map(str::len), Some(MOST_NOTE_BYTES - 1));
    }
}
