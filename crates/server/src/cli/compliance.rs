//! `coffer compliance`: what is not as it should be, and mending it.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use coffer_cloud::Product;
use coffer_cloud::compliance::Kind;
use serde_json::{Value, json};

use super::failure::{Failure, Reason};
use super::output::{Output, table_of};
use super::session::{Connection, Session};
use super::snapshot;
use crate::findings;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Compliance {
    /// List the region's disks, snapshots and keys that are not as they should be, each with what mends it
    Report(Report),
    /// Mend findings of some kinds, one after the other
    Fix(Fix),
}

/// In which form the report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    #[default]
    Table,
    /// For scripts; the names are those of the API.
    Json,
    /// For spreadsheets.
    Csv,
}

/// Of what, and how.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// Only findings of that kind; may be repeated
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Vec<String>,
    #[command(flatten)]
    connection: Connection,
    /// Form of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Form,
}

/// What is mended.
#[derive(Args, Debug)]
pub(crate) struct Fix {
    /// Findings of that kind; may be repeated
    #[arg(long, required = true, value_name = "KIND", value_parser = kinds())]
    kind: Vec<String>,
    /// Only of that disk, snapshot or key; may be repeated
    #[arg(long, value_name = "ID")]
    resource: Vec<String>,
    /// Only say what would be called
    #[arg(long)]
    dry_run: bool,
    /// How long to wait for a copy of a snapshot
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    timeout: u32,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

const FIXED: &[(&str, &str)] =
    &[("RESOURCE", "ResourceId"), ("KIND", "Kind"), ("CALL", "Action"), ("OUTCOME", "Outcome")];

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(Kind::ALL.map(Kind::as_str))
}

/// Does it.
pub(crate) fn run(verb: &Compliance) -> Result<(), Failure> {
    match verb {
        Compliance::Report(report) => report.run(),
        Compliance::Fix(fix) => fix.run(),
    }
}

/// All findings of some kinds; of every kind where none is named.
fn all_of(session: &mut Session, kinds: &[String]) -> Result<Vec<Value>, Failure> {
    let all = [String::new()];
    let (mut found, region) = (Vec::new(), session.region.id());
    for kind in if kinds.is_empty() { &all[..] } else { kinds } {
        let mut token = String::new();
        loop {
            let parameters = [("RegionId", region), ("Kind", kind), ("MaxResults", "100"), ("NextToken", &token)];
            let page = session.call(Product::Coffer, "DescribeComplianceFindings", &parameters)?;
            found.extend(page["Findings"]["Finding"].as_array().into_iter().flatten().cloned());
            page["NextToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                break;
            }
        }
    }
    Ok(found)
}

impl Report {
    fn run(&self) -> Result<(), Failure> {
        let found = all_of(&mut self.connection.open()?, &self.kind)?;
        let mut out = io::stdout().lock();
        match self.output {
            Form::Table => out.write_all(table_of(findings::COLUMNS, &found).as_bytes())?,
            Form::Json => out.write_all(findings::json(found).as_bytes())?,
            Form::Csv => out.write_all(findings::csv(&found).as_bytes())?,
        }
        Ok(())
    }
}

impl Fix {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let mut found = all_of(&mut session, &self.kind)?;
        let named = |finding: &Value| {
            let id = finding["ResourceId"].as_str().unwrap_or_default();
            self.resource.is_empty() || self.resource.iter().any(|resource| resource == id)
        };
        found.retain(named);
        let has_none = |id: &&String| !found.iter().any(|finding| finding["ResourceId"].as_str() == Some(id));
        let passed_over: Vec<&str> = self.resource.iter().filter(has_none).map(String::as_str).collect();
        // What disks and snapshots need of their keys comes first, what takes something away last.
        found.sort_by_key(|finding| match finding["Remedy"]["Action"].as_str() {
            Some("DeleteSnapshot") => 2,
            _ => i32::from(finding["Remedy"]["Product"] != "Kms"),
        });
        let (total, mut done, mut refused) = (found.len(), Vec::<Value>::new(), 0);
        for (place, finding) in (1..).zip(&found) {
            let called = done.iter().any(|earlier| {
                let same = |name: &str| earlier["Remedy"][name] == finding["Remedy"][name];
                earlier["Called"] == true && same("Action") && same("Parameters")
            });
            let outcome = if called { Ok("done with another") } else { self.mend(&mut session, finding) };
            refused += usize::from(outcome.is_err());
            let text =
                outcome.as_ref().map_or_else(|failure| format!("failed: {}", failure.what()), |t| (*t).to_owned());
            let [kind, id, action] =
                [&finding["Kind"], &finding["ResourceId"], &finding["Remedy"]["Action"]].map(Value::clone);
            let shown = [&id, &action].map(|value| value.as_str().unwrap_or("-"));
            writeln!(io::stderr(), "[{place}/{total}] {} {}: {text}", shown[0], shown[1])?;
            done.push(json!({
                "Kind": kind, "ResourceId": id, "Action": action, "Outcome": text,
                "Remedy": finding["Remedy"], "Called": matches!(outcome, Ok("done" | "would be called")),
            }));
        }
        for item in &mut done {
            item.as_object_mut().map(|item| (item.remove("Called"), item.remove("Remedy")));
        }
        self.output.list(FIXED, &done)?;
        if refused == 0 && passed_over.is_empty() {
            return Ok(());
        }
        if refused == 0 {
            let what = format!("there is no finding of these kinds of {}", passed_over.join(", "));
            return Err(Failure::new(Reason::Found, what)
                .next("`coffer compliance report` lists what is to be mended; what is mended already is not in it"));
        }
        let mut what = String::new();
        write!(what, "{refused} of {total} findings could not be mended").map_err(io::Error::other)?;
        Err(Failure::new(Reason::Refused, what).next("the lines above say why; what is mended stays so"))
    }

    fn mend(&self, session: &mut Session, finding: &Value) -> Result<&'static str, Failure> {
        let remedy = &finding["Remedy"];
        let Some((product, action)) = remedy["Product"].as_str().and_then(product).zip(remedy["Action"].as_str())
        else {
            return Ok("no call mends it");
        };
        if finding["UnderWay"] == true {
            return Ok("under way");
        }
        if self.dry_run {
            return Ok("would be called");
        }
        let given = remedy["Parameters"]["Parameter"].as_array().into_iter().flatten();
        let parameters: Vec<_> =
            given.filter_map(|pair| Some((pair["Name"].as_str()?, pair["Value"].as_str()?))).collect();
        let answer = session.call(product, action, &parameters)?;
        if action == "CopySnapshot" {
            // Only one copy of a disk's snapshots is made at a time.
            let copy = answer["SnapshotId"].as_str().unwrap_or_default();
            snapshot::complete(session, copy, Duration::from_secs(self.timeout.into()))?;
        }
        Ok("done")
    }
}

fn product(code: &str) -> Option<Product> {
    Product::ALL.into_iter().find(|product| product.code() == code)
}
