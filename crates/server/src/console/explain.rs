//! What the policies say to a question, to a request that is on record, or to a refusal: `ExplainAccess`, with every statement.

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{Refusal, items, moment, number, text};
use super::reply::{self, Reply};
use super::view::{Frame, View};

/// A parameter of the action, what it is called on the page, and an example.
type Ask = (&'static str, &'static str, &'static str);

const OF_RECORD: [Ask; 2] = [
    ("RequestId", "Request id", "of a record"),
    ("EncodedDiagnosticMessage", "Encoded diagnostic message", "of a refusal"),
];
const OF_PRINCIPAL: [Ask; 3] = [
    ("Principal", "Who", "root, user/alice, role/backup or an ARN"),
    ("AuthAction", "Action", "ecs:CreateDisk"),
    ("AuthResource.1", "Resource", "*"),
];
const OF_CONDITIONS: [Ask; 3] = [
    ("Context.1.Key", "Condition key", "acs:SourceIp"),
    ("Context.1.Value", "Its value", "192.0.2.1"),
    ("SessionPolicy", "Policy of the role's session", "JSON"),
];

/// A field of a form.
struct Field {
    name: &'static str,
    label: &'static str,
    example: &'static str,
    value: String,
}

/// A statement, and what it has to do with the decision.
struct Statement {
    policy: String,
    kind: String,
    version: String,
    attached_to: String,
    place: i64,
    effect: String,
    decides: bool,
    matches: bool,
    unmet: String,
    detail: String,
}

impl Statement {
    fn all_of(value: &Value) -> Vec<Self> {
        let statement = |value: &Value| Self {
            policy: text(value, "PolicyName"),
            kind: text(value, "PolicyType"),
            version: text(value, "PolicyVersion"),
            attached_to: text(value, "AttachedTo"),
            place: number(value, "Statement"),
            effect: text(value, "Effect"),
            decides: value["Decides"] == true,
            matches: value["Matches"] == true,
            unmet: text(value, "Unmet"),
            detail: text(value, "Detail"),
        };
        items(value, "Statements", "Statement").iter().map(statement).collect()
    }
}

/// What was said then.
struct Recorded {
    time: String,
    operation: String,
    outcome: String,
    statements: Vec<Statement>,
}

/// What is said now.
struct Decision {
    action: String,
    resource: String,
    is_allowed: bool,
    refused_by: String,
    reason: String,
    statements: Vec<Statement>,
}

impl Decision {
    fn of(value: &Value) -> Self {
        Self {
            action: text(value, "AuthAction"),
            resource: text(value, "AuthResource"),
            is_allowed: value["Allowed"] == true,
            refused_by: text(value, "NoPermissionPolicyType"),
            reason: text(value, "Reason"),
            statements: Statement::all_of(value),
        }
    }
}

struct Answer {
    principal: String,
    is_session_unknown: bool,
    recorded: Option<Recorded>,
    decisions: Vec<Decision>,
}

impl Answer {
    fn of(value: &Value) -> Self {
        let recorded = |value: &Value| Recorded {
            time: moment(value, "Time"),
            operation: text(value, "Operation"),
            outcome: text(value, "Outcome"),
            statements: Statement::all_of(value),
        };
        Self {
            principal: text(value, "Principal"),
            is_session_unknown: value["SessionPolicyUnknown"] == true,
            recorded: value["Recorded"].is_object().then(|| recorded(&value["Recorded"])),
            decisions: items(value, "Decisions", "Decision").iter().map(Decision::of).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "explain.html")]
struct Page {
    frame: Frame,
    of_record: Vec<Field>,
    of_principal: Vec<Field>,
    of_conditions: Vec<Field>,
    answer: Option<Result<Answer, Refusal>>,
}

impl Page {
    fn has_conditions(&self) -> bool {
        self.of_conditions.iter().any(|field| !field.value.is_empty())
    }
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    let asked = [&OF_RECORD[..], &OF_PRINCIPAL, &OF_CONDITIONS].concat();
    let given = asked.iter().map(|(name, ..)| (*name, view.field(name)));
    let parameters: Vec<_> = given.filter(|(_, value)| !value.is_empty()).collect();
    let answer = if parameters.is_empty() {
        None
    } else {
        let answer = view.asker().call(Product::Coffer, "ExplainAccess", &parameters).await;
        Some(answer.map(|value| Answer::of(&value)))
    };
    let fields = |asked: &[Ask]| {
        let field = |(name, label, example): &Ask| Field { name, label, example, value: view.field(name).to_owned() };
        asked.iter().map(field).collect()
    };
    let (of_record, of_principal, of_conditions) = (fields(&OF_RECORD), fields(&OF_PRINCIPAL), fields(&OF_CONDITIONS));
    let page = Page { frame: view.frame("Explain", "explain"), of_record, of_principal, of_conditions, answer };
    reply::page(StatusCode::OK, &page)
}
