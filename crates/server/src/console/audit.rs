//! The account's audit, the newest first, with filters.

use askama::Template;
use coffer_base::ErrorCode;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{items, moment, number, text};
use super::reply::{self, Reply};
use super::view::{self, Frame, View};

/// Outcomes of calls that no policy allows, or one denies.
const FORBIDDEN: [ErrorCode; 4] =
    [ErrorCode::EcsNoPermission, ErrorCode::EcsAccountOnly, ErrorCode::KmsNoPermission, ErrorCode::RamNoPermission];

/// A record as lists show it.
pub(super) struct Record {
    sequence: i64,
    pub(super) time: String,
    pub(super) principal: String,
    access_key_id: String,
    source: String,
    pub(super) action: String,
    resources: Vec<String>,
    pub(super) outcome: String,
    request_id: String,
    /// What else is on record: names and values.
    pub(super) details: Vec<(String, String)>,
}

impl Record {
    /// That of an answer.
    pub(super) fn of(value: &Value) -> Self {
        let resources = items(value, "Resources", "Resource").iter();
        let detail: Value = serde_json::from_str(&text(value, "Detail")).unwrap_or_default();
        let pair = |(name, value): (&String, &Value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        Self {
            sequence: number(value, "Sequence"),
            time: moment(value, "EventTime"),
            principal: text(value, "Principal"),
            access_key_id: text(value, "AccessKeyId"),
            source: text(value, "SourceIpAddress"),
            action: text(value, "EventName"),
            resources: resources.filter_map(|resource| resource.as_str().map(str::to_owned)).collect(),
            outcome: text(value, "Outcome"),
            request_id: text(value, "EventId"),
            details: detail.as_object().map(|detail| detail.iter().map(pair).collect()).unwrap_or_default(),
        }
    }

    /// The resources without account and region, which are the audit's own mostly; the record has them whole.
    fn short_resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(|arn| arn.splitn(5, ':').nth(4).unwrap_or(arn))
    }

    /// Whether policies did not let the caller do it.
    fn was_forbidden(&self) -> bool {
        FORBIDDEN.iter().any(|code| code.template().0 == self.outcome)
    }

    /// The part of the caller's ARN that tells callers of an account apart.
    pub(super) fn who(&self) -> &str {
        self.principal.rsplit(':').next().unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'a> {
    frame: Frame,
    action: &'a str,
    principal: &'a str,
    resource: &'a str,
    outcomes: Vec<(&'static str, bool)>,
    records: Vec<Record>,
    next: Option<String>,
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    let [action, principal, resource, outcome] = ["action", "principal", "resource", "outcome"].map(|n| view.field(n));
    let filters = [
        ("EventName", action),
        ("Principal", principal),
        ("ResourceName", resource),
        ("Outcome", outcome),
        ("NextToken", view.field("after")),
    ];
    let mut parameters = vec![("MaxResults", "50")];
    parameters.extend(filters.iter().filter(|(_, value)| !value.is_empty()));
    match view.asker().call(Product::Coffer, "LookupAuditRecords", &parameters).await {
        Ok(found) => {
            let (records, next) = (items(&found, "Records", "Record"), view.next(&text(&found, "NextToken")));
            let records = records.iter().map(Record::of).collect();
            let outcomes = view::options(["OK", "Failed"], outcome);
            let frame = view.frame("Audit", "audit");
            reply::page(StatusCode::OK, &Page { frame, action, principal, resource, outcomes, records, next })
        }
        Err(refusal) => view.refused(refusal),
    }
}
