//! What of a region is not as it should be, each finding with what mends it; and all of them as files.

use askama::Template;
use coffer_cloud::Product;
use coffer_cloud::compliance::Kind;
use hyper::StatusCode;
use serde_json::Value;

use super::act;
use super::ask::{Refusal, items, text};
use super::pager;
use super::reply::{self, Reply};
use super::view::{self, Frame, View};
use crate::findings;

/// Most calls for a file: 10,000 findings, or 200,000 resources that were looked at.
const MOST_CALLS: usize = 100;

/// What a finding says.
struct Finding {
    kind: String,
    resource_type: String,
    id: String,
    key: String,
    detail: String,
    is_under_way: bool,
    remedy: Option<Remedy>,
}

/// What mends it.
struct Remedy {
    action: String,
    command: String,
    /// Of the form that does it, where there is one.
    fields: Option<Vec<(String, String)>>,
}

impl Finding {
    fn of(value: &Value) -> Self {
        let remedy = &value["Remedy"];
        Self {
            kind: text(value, "Kind"),
            resource_type: text(value, "ResourceType"),
            id: text(value, "ResourceId"),
            key: text(value, "KMSKeyId"),
            detail: text(value, "Detail"),
            is_under_way: value["UnderWay"] == true,
            remedy: remedy.is_object().then(|| Remedy::of(remedy)),
        }
    }

    /// The name of the form that calls its remedy: others on the page call the same.
    fn form(&self, remedy: &Remedy) -> String {
        format!("{} {} {}", remedy.action, self.kind, self.id)
    }
}

impl Remedy {
    fn of(value: &Value) -> Self {
        let action = text(value, "Action");
        let parameters = items(value, "Parameters", "Parameter").iter();
        let fields = parameters.map(|pair| (text(pair, "Name"), text(pair, "Value"))).collect();
        Self { command: text(value, "Command"), fields: act::offers(&action).then_some(fields), action }
    }
}

#[derive(Template)]
#[template(path = "compliance.html")]
struct Page<'a> {
    frame: Frame,
    kind: &'a str,
    kinds: Vec<(&'static str, bool)>,
    findings: Vec<Finding>,
    next: Option<String>,
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    match ask(view, &pager::SIZE.to_string(), view.field("after")).await {
        Ok(found) => {
            let findings = items(&found, "Findings", "Finding").iter().map(Finding::of).collect();
            let (kind, next) = (view.field("kind"), view.next(&text(&found, "NextToken")));
            let kinds = view::options(Kind::ALL.map(Kind::as_str), kind);
            let page = Page { frame: view.frame("Compliance", "compliance"), kind, kinds, findings, next };
            reply::page(StatusCode::OK, &page)
        }
        Err(refusal) => view.refused(refusal),
    }
}

/// All findings as a file, if there is one of that name.
pub(super) async fn file(view: &View<'_>, name: &str) -> Reply {
    let (kind, write): (_, fn(Vec<Value>) -> String) = match name {
        "findings.csv" => ("text/csv; charset=utf-8", |found| findings::csv(&found)),
        "findings.json" => ("application/json", findings::json),
        _ => return view.not_found(),
    };
    match all(view).await {
        Ok(found) => reply::file(kind, name, write(found)),
        Err(refusal) => view.refused(refusal),
    }
}

async fn all(view: &View<'_>) -> Result<Vec<Value>, Refusal> {
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..MOST_CALLS {
        let page = ask(view, "100", &token).await?;
        found.extend_from_slice(items(&page, "Findings", "Finding"));
        token = text(&page, "NextToken");
        if token.is_empty() {
            return Ok(found);
        }
    }
    let message =
        "There is more than the console looks through at once. Choose a kind, or use `coffer compliance report`.";
    Err(Refusal::own(StatusCode::PAYLOAD_TOO_LARGE, "TooManyFindings", message))
}

async fn ask(view: &View<'_>, most: &str, token: &str) -> Result<Value, Refusal> {
    let mut parameters = vec![("MaxResults", most)];
    let optional = [("Kind", view.field("kind")), ("NextToken", token)];
    parameters.extend(optional.iter().filter(|(_, value)| !value.is_empty()));
    view.asker().call(Product::Coffer, "DescribeComplianceFindings", &parameters).await
}
