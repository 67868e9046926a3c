//! `coffer explain`: why something is allowed or refused.

use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use coffer_cloud::Product;
use serde_json::Value;

use super::failure::Failure;
use super::output::{Output, plain, table_of};
use super::session::Connection;
use super::what_if;

/// About what: a request, a message, or a principal with an action.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("about").required(true).args(["request", "message", "principal"]))]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Explain {
    #[command(subcommand)]
    what_if: Option<Other>,
    /// Request on record: a write, or a use of a key
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// The EncodedDiagnosticMessage that came with a refusal
    #[arg(long, value_name = "MESSAGE")]
    message: Option<String>,
    /// root, user/NAME, role/NAME, or an ARN
    #[arg(long, value_name = "PRINCIPAL", requires = "action")]
    principal: Option<String>,
    /// Action, for example ecs:CreateDisk
    #[arg(long, value_name = "ACTION", requires = "principal")]
    action: Option<String>,
    /// Resource; may be repeated [default: *]
    #[arg(long, value_name = "ARN", requires = "principal")]
    resource: Vec<String>,
    /// What a condition can ask, for example acs:SourceIp=192.0.2.1; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, requires = "principal")]
    context: Vec<(String, String)>,
    /// Policy that the role's session is restricted to
    #[arg(long, value_name = "JSON")]
    session_policy: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// What else is explained.
#[derive(Debug, Subcommand)]
enum Other {
    /// Say which recent calls would have come out otherwise, had a change been made that was not made yet
    WhatIf(Box<what_if::WhatIf>),
}

const COLUMNS: &[(&str, &str)] = &[
    ("POLICY", "PolicyName"),
    ("TYPE", "PolicyType"),
    ("VERSION", "PolicyVersion"),
    ("ATTACHED TO", "AttachedTo"),
    ("STATEMENT", "Statement"),
    ("EFFECT", "Effect"),
    ("MATCHES", "Matches"),
    ("DECIDES", "Decides"),
    ("WHY NOT", "Detail"),
];

/// `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("it is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Explains it.
pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    if let Some(Other::WhatIf(arguments)) = &arguments.what_if {
        return what_if::run(arguments);
    }
    let mut session = arguments.connection.open()?;
    let numbered = |name: &str, place: usize| format!("{name}.{}", place + 1);
    let mut parameters: Vec<(String, &str)> = Vec::new();
    for (name, value) in [
        ("RequestId", &arguments.request),
        ("EncodedDiagnosticMessage", &arguments.message),
        ("Principal", &arguments.principal),
        ("AuthAction", &arguments.action),
        ("SessionPolicy", &arguments.session_policy),
    ] {
        parameters.extend(value.as_deref().map(|value| (name.to_owned(), value)));
    }
    for (place, resource) in arguments.resource.iter().enumerate() {
        parameters.push((numbered("AuthResource", place), resource));
    }
    for (place, (key, value)) in arguments.context.iter().enumerate() {
        parameters.push((numbered("Context", place) + ".Key", key));
        parameters.push((numbered("Context", place) + ".Value", value));
    }
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let answer = session.call(Product::Coffer, "ExplainAccess", &parameters)?;
    if arguments.output.is_json() {
        return Ok(arguments.output.show(&[], &answer)?);
    }
    Ok(io::stdout().lock().write_all(for_people(&answer).as_bytes())?)
}

fn for_people(answer: &Value) -> String {
    let word = |value: &Value| plain(value.as_str().unwrap_or("-"));
    let mut text = format!("principal  {}\n", word(&answer["Principal"]));
    let recorded = &answer["Recorded"];
    if !recorded.is_null() {
        let what = [&recorded["Time"], &recorded["Operation"]].map(|value| value.as_str().map(plain));
        let what: Vec<String> = what.into_iter().flatten().chain([word(&recorded["Outcome"])]).collect();
        text.extend(["then       ", &what.join("  "), "\n"]);
    }
    if answer["SessionPolicyUnknown"] == true {
        text += "note       what the session may have been restricted to is not known, and was not asked\n";
    }
    for decision in answer["Decisions"]["Decision"].as_array().into_iter().flatten() {
        let said = if decision["Allowed"] == true { "allowed" } else { "refused" };
        let (action, resource) = (word(&decision["AuthAction"]), word(&decision["AuthResource"]));
        let reason = word(&decision["Reason"]);
        text.extend(["\n", said, "    ", &action, " on ", &resource, "\n           ", &reason, "\n"]);
        let statements = decision["Statements"]["Statement"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !statements.is_empty() {
            text += &table_of(COLUMNS, statements);
        }
    }
    text
}
