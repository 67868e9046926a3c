//! Putting a write on record, and checking the record.

use coffer_base::{ApiError, Arn};
use coffer_crypto::digest;
use coffer_store::audit::{self, Entry as Row};

use crate::context::Cx;
use crate::operation::Entry;

/// Appends the row of one write to the chain.
pub fn record(
    cx: &Cx<'_>,
    entry: &Entry,
    request_id: &str,
    resources: &[Arn],
    failure: Option<&ApiError>,
) -> Result<(), ApiError> {
    let (last, previous) = audit::head(cx.tx)?;
    let resources: Vec<&str> = resources.iter().map(Arn::as_str).collect();
    let detail: serde_json::Map<String, serde_json::Value> =
        cx.notes.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    let (principal, peer) = (cx.caller.arn(), cx.origin.peer.to_string());
    let outcome = failure.map_or("OK".into(), ApiError::code_text);
    let row = Row {
        at: cx.now,
        account: cx.account(),
        principal: principal.as_str(),
        access_key_id: &cx.caller.access_key_id,
        peer: &peer,
        action: &format!("{}:{}", entry.product.name(), entry.operation.name),
        resources: &resources.join(" "),
        outcome: &outcome,
        request_id,
        detail: &serde_json::Value::Object(detail).to_string(),
    };
    let sequence = last + 1;
    let chain = digest::sha256(&row.chained_bytes(&previous, sequence));
    audit::append(cx.tx, sequence, &row, &chain).map_err(ApiError::internal)
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
pub fn verify(tx: &coffer_store::Tx<'_>) -> Result<Result<i64, Broken>, coffer_store::StoreError> {
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
