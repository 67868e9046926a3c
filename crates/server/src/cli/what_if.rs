//! `coffer explain what-if`: what a change that was not made yet would have meant.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use coffer_cloud::Product;

use super::failure::{Failure, Reason};
use super::output::{Output, table_of};
use super::session::Connection;

/// Which change.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("change").required(true).args(["attach", "detach", "disable_key", "delete_key", "default_encryption"]))]
pub(crate) struct WhatIf {
    /// File with a policy that would be attached to --to
    #[arg(long, value_name = "FILE", requires = "to")]
    attach: Option<PathBuf>,
    /// Policy that would be detached from --from
    #[arg(long, value_name = "POLICY", requires = "from")]
    detach: Option<String>,
    /// The policy to be detached is a system policy
    #[arg(long, requires = "detach")]
    system: bool,
    /// user/NAME, group/NAME or role/NAME
    #[arg(long, value_name = "PRINCIPAL", requires = "attach")]
    to: Option<String>,
    /// user/NAME, group/NAME or role/NAME
    #[arg(long, value_name = "PRINCIPAL", requires = "detach")]
    from: Option<String>,
    /// Key that would be disabled
    #[arg(long, value_name = "KEY")]
    disable_key: Option<String>,
    /// Key that would be scheduled for deletion
    #[arg(long, value_name = "KEY")]
    delete_key: Option<String>,
    /// Whether the region's default encryption would be on
    #[arg(long, value_name = "BOOL")]
    default_encryption: Option<bool>,
    /// Calls to look at, from the newest on; at most 5000
    #[arg(long, value_name = "N", default_value_t = 1000)]
    calls: u32,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: &[(&str, &str)] = &[
    ("TIME", "Time"),
    ("PRINCIPAL", "Principal"),
    ("OPERATION", "Operation"),
    ("RESOURCE", "Resource"),
    ("THEN", "RecordedOutcome"),
    ("NOW", "Before"),
    ("WOULD BE", "After"),
    ("WHY", "Reason"),
    ("REQUEST", "ChangedRequestId"),
];

/// Asks.
pub(crate) fn run(arguments: &WhatIf) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let read = |path: &PathBuf| {
        fs::read_to_string(path)
            .map_err(|error| Failure::new(Reason::Configuration, format!("{}: {error}", path.display())))
    };
    let document = arguments.attach.as_ref().map(read).transpose()?;
    let (calls, region) = (arguments.calls.to_string(), session.region.id());
    let kind = arguments.detach.as_ref().map(|_| if arguments.system { "System" } else { "Custom" });
    let state = arguments.delete_key.as_ref().map(|_| "PendingDeletion");
    let on = arguments.default_encryption.map(|on| if on { "true" } else { "false" });
    let given = [
        ("PolicyDocument", document.as_deref()),
        ("AttachTo", arguments.to.as_deref()),
        ("PolicyName", arguments.detach.as_deref()),
        ("PolicyType", kind),
        ("DetachFrom", arguments.from.as_deref()),
        ("KeyId", arguments.disable_key.as_deref().or(arguments.delete_key.as_deref())),
        ("KeyState", state),
        ("DefaultEncryption", on),
    ];
    let mut parameters = vec![("RegionId", region), ("MaxCalls", &*calls)];
    parameters.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let answer = session.call(Product::Coffer, "SimulateChange", &parameters)?;
    if arguments.output.is_json() {
        return Ok(arguments.output.show(&[], &answer)?);
    }
    let changes = answer["Changes"]["Change"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} of {} calls would come out otherwise; of {} it can't be told.",
        changes.len(),
        answer["ExaminedCalls"],
        answer["UnknownCalls"]
    )?;
    if !changes.is_empty() {
        out.write_all(table_of(COLUMNS, changes).as_bytes())?;
    }
    Ok(())
}
