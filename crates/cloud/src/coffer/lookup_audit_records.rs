//! LookupAuditRecords: what the account's audit holds, the newest first. A call looks at a bounded number of rows: a page may be short, or
//! empty, and still say where to go on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::audit::{self, Recorded};

use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::product::Product;
use crate::value::response;

request! {
    /// Which records.
    pub struct Request {
        /// Only of this action, with its product or without: `CreateDisk`, `ecs:CreateDisk`.
        pub action: Option<String> = "EventName",
        /// Most records on a page.
        pub max_results: Option<i64> = "MaxResults",
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
        /// Only with this outcome: `OK`, `Failed` for any other, or an error's code.
        pub outcome: Option<String> = "Outcome",
        /// Only by callers whose ARN, or whose access key, has this in it.
        pub principal: Option<String> = "Principal",
        /// Only where a resource or a detail has this in it.
        pub resource: Option<String> = "ResourceName",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where to go on; nothing at the end.
        pub next_token: Option<String> = "NextToken",
        /// The records.
        pub records: Vec<Item> = "Records" of "Record",
    }

    /// A record.
    pub struct Item {
        /// Its number in the chain.
        pub sequence: i64 = "Sequence",
        /// When.
        pub time: String = "EventTime",
        /// The caller's ARN, or the service that did it.
        pub principal: String = "Principal",
        /// The access key that signed.
        pub access_key_id: String = "AccessKeyId",
        /// From where.
        pub source: String = "SourceIpAddress",
        /// `product:Action`.
        pub action: String = "EventName",
        /// What it was done to.
        pub resources: Vec<String> = "Resources" of "Resource",
        /// `OK`, or the error's code.
        pub outcome: String = "Outcome",
        /// The request.
        pub request_id: String = "EventId",
        /// What else is on record, as JSON.
        pub detail: String = "Detail",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "LookupAuditRecords",
    effect: Effect::Read,
    access: Access::Action("coffer:LookupAuditRecords"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter]],
};

/// Most records on a page, and how many there are unless it is said.
const MOST: i64 = 100;
const USUAL: i64 = 20;
/// Most bytes of records on a page that has more than one.
const MOST_BYTES: usize = 1024 * 1024;
/// Most rows that one call looks at, and most bytes of them.
const LOOKED_AT: usize = 10_000;
const LOOKED_AT_BYTES: usize = 64 * 1024 * 1024;

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let invalid = |name: &str| Product::Coffer.invalid_parameter(name);
    let most = request.max_results.unwrap_or(USUAL);
    if !(1..=MOST).contains(&most) {
        return Err(invalid("MaxResults"));
    }
    let filters = format!("{:?}", (&request.action, &request.outcome, &request.principal, &request.resource));
    let listing = Listing { action: OPERATION.name, filters: &filters };
    let before = match &request.next_token {
        None => i64::MAX,
        Some(token) => {
            let position = listing.position(cx, token)?.and_then(|position| position.parse().ok());
            position.ok_or_else(|| invalid("NextToken"))?
        }
    };
    let (records, next) = search(cx, &request, before, usize::try_from(most).map_err(ApiError::internal)?)?;
    let next_token = next.map(|before| listing.token(cx, &before.to_string())).transpose()?;
    Ok(Response { next_token, records: records.into_iter().map(item).collect() })
}

/// Goes back from a row. The records, and before which row to go on, unless that was all.
fn search(cx: &Cx<'_>, request: &Request, before: i64, most: usize) -> Result<(Vec<Recorded>, Option<i64>), ApiError> {
    let (mut next, mut is_all, mut found) = (before, true, Vec::new());
    let (mut rows, mut bytes, mut found_bytes) = (0, 0, 0);
    audit::back(cx.tx, before, |row| {
        let is_meant = row.account == *cx.account() && matches(request, &row);
        // The first one is answered however long it is: the next page would begin with it again.
        if is_meant && found_bytes + row.bytes() > MOST_BYTES && !found.is_empty() {
            is_all = false;
            return false;
        }
        (next, rows, bytes) = (row.sequence, rows + 1, bytes + row.bytes());
        if is_meant {
            found_bytes += row.bytes();
            found.push(row);
        }
        is_all = found.len() < most && rows < LOOKED_AT && bytes < LOOKED_AT_BYTES;
        is_all
    })?;
    Ok((found, (!is_all && next > 1).then_some(next)))
}

fn matches(request: &Request, row: &Recorded) -> bool {
    let asked = |wanted: &Option<String>, has: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(has);
    asked(&request.action, &|wanted| row.action == wanted || row.action.split(':').nth(1) == Some(wanted))
        && asked(&request.outcome, &|wanted| row.outcome == wanted || (wanted == "Failed" && row.outcome != "OK"))
        && asked(&request.principal, &|wanted| row.principal.contains(wanted) || row.access_key_id == wanted)
        && asked(&request.resource, &|wanted| row.resources.contains(wanted) || row.detail.contains(wanted))
}

fn item(row: Recorded) -> Item {
    Item {
        sequence: row.sequence,
        time: row.at.to_iso8601(),
        principal: row.principal,
        access_key_id: row.access_key_id,
        source: row.peer,
        action: row.action,
        resources: row.resources.split_whitespace().map(str::to_owned).collect(),
        outcome: row.outcome,
        request_id: row.request_id,
        detail: row.detail,
    }
}
