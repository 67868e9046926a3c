//! Putting a write on record, and checking the record.

use coffer_base::{AccountId, ApiError, Arn, Timestamp};
use coffer_crypto::digest;
use coffer_store::Tx;
use coffer_store::audit::{self, Entry as Row};

use crate::context::Cx;
use crate::operation::Entry;

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
            detail: detail(&cx.notes),
        }
    }

    /// Appends it to the chain.
    pub fn append(&self, tx: &Tx<'_>) -> Result<(), ApiError> {
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
        append(tx, &row)
    }
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
        detail: &detail(deed.notes),
    };
    append(tx, &row)
}

fn detail(notes: &[(&'static str, String)]) -> String {
    let members = notes.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into()));
    serde_json::Value::Object(members.collect()).to_string()
}

fn append(tx: &Tx<'_>, row: &Row<'_>) -> Result<(), ApiError> {
    let (last, previous) = audit::head(tx)?;
    let sequence = last + 1;
    let chain = digest::sha256(&row.chained_bytes(&previous, sequence));
    audit::append(tx, sequence, row, &chain).map_err(ApiError::internal)
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The row that should have this number is missing or out of place.
    Missing(i64),
    /// The row of this number was changed, or one before it.
    Changed(i64),
}

/// Follows the chain from its beginning; how many rows it holds.
pub fn verify(tx: &Tx<'_>) -> Result<Result<i64, Broken>, coffer_store::StoreError> {
    const PAGE: i64 = 1000;
    let (mut last, mut previous) = (0, Vec::new());
    loop {
        let rows = audit::after(tx, last, PAGE)?;
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
