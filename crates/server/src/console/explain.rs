//! What the policy engine says to a question: a form for the operation that explains, made of the parameters it declares. Where the server
//! has no such operation there is no such page.

use askama::Template;
use coffer_cloud::{Effect, Entry, ParameterFact, Product, operations};
use hyper::StatusCode;
use serde_json::Value;

use super::ask::Refusal;
use super::reply::{self, Reply};
use super::view::{Frame, View};

#[derive(Template)]
#[template(path = "explain.html")]
struct Page {
    frame: Frame,
    action: &'static str,
    fields: Vec<Field>,
    answer: Option<Result<Vec<(String, String)>, Refusal>>,
}

/// A field of the form.
struct Field {
    name: String,
    value: String,
    required: bool,
}

/// The operation, if the server has it.
fn operation() -> Option<&'static Entry> {
    let explains =
        |entry: &&Entry| entry.operation.effect == Effect::Read && entry.operation.name.starts_with("Explain");
    operations(Product::Coffer).iter().find(explains)
}

/// Whether there is something to ask.
pub(super) fn is_there() -> bool {
    operation().is_some()
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    let Some(entry) = operation() else { return view.not_found() };
    let fields = fields(&(entry.parameters)(), |name| view.field(name).to_owned());
    let given: Vec<_> = fields.iter().filter(|field| !field.value.is_empty()).collect();
    let parameters: Vec<_> = given.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    let answer = if parameters.is_empty() {
        None
    } else {
        let answer = view.asker().call(Product::Coffer, entry.operation.name, &parameters).await;
        Some(answer.map(|value| lines(&value)))
    };
    reply::page(
        StatusCode::OK,
        &Page { frame: view.frame("Explain", "explain"), action: entry.operation.name, fields, answer },
    )
}

/// One field for each parameter; the first place of a list.
fn fields(facts: &[ParameterFact], value: impl Fn(&str) -> String) -> Vec<Field> {
    let names = facts.iter().flat_map(|fact| match (fact.kind, fact.members) {
        (_, [_, ..]) => fact.members.iter().map(|member| format!("{}.1.{member}", fact.name)).collect(),
        ("RepeatList", _) => vec![format!("{}.1", fact.name)],
        _ => vec![fact.name.to_owned()],
    });
    let required = |name: &str| facts.iter().any(|fact| fact.required && fact.name == name);
    names
        .filter(|name| name != "RegionId")
        .map(|name| Field { value: value(&name), required: required(&name), name })
        .collect()
}

/// An answer as names and values, in the order of their names. The items of a list are numbered, without the list's own name.
fn lines(value: &Value) -> Vec<(String, String)> {
    fn walk(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
        let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name} › {part}") };
        match value {
            Value::Object(members) => {
                for (part, value) in members {
                    match list(value) {
                        Some((item, values)) => {
                            let numbered = values.iter().zip(1..);
                            numbered.for_each(|(value, n)| walk(&below(&format!("{item} {n}")), value, out));
                        }
                        None => walk(&below(part), value, out),
                    }
                }
            }
            Value::String(text) => out.push((name.to_owned(), text.clone())),
            other => out.push((name.to_owned(), other.to_string())),
        }
    }
    let mut out = Vec::new();
    walk("", value, &mut out);
    out
}

/// A list as the API wraps it: an object whose only member is an array.
fn list(value: &Value) -> Option<(&str, &[Value])> {
    let mut members = value.as_object()?.iter();
    let (item, values) = members.next()?;
    if members.next().is_some() { None } else { Some((item, values.as_array()?)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_parameter_gets_a_field_and_a_list_gets_its_first_place() {
        let fact = |name, kind, required, members| ParameterFact { name, kind, required, members };
        let facts = [
            fact("Principal", "String", true, &[][..]),
            fact("Resource", "RepeatList", false, &[]),
            fact("Context", "RepeatList", false, &["Key", "Value"]),
            fact("RegionId", "String", false, &[]),
        ];
        let made = fields(&facts, str::to_lowercase);
        let names: Vec<_> = made.iter().map(|field| (field.name.as_str(), field.required)).collect();
        let expected =
            [("Principal", true), ("Resource.1", false), ("Context.1.Key", false), ("Context.1.Value", false)];
        assert_eq!(names, expected);
        assert_eq!(made[0].value, "principal");
    }

    #[test]
    fn an_answer_is_laid_out_by_its_names() {
        let answer = json!({"Decision": "Denied", "Statements": {"Statement": [{"Policy": "a", "Matched": true}]}});
        let expected = [("Decision", "Denied"), ("Statement 1 › Matched", "true"), ("Statement 1 › Policy", "a")];
        assert_eq!(lines(&answer), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
