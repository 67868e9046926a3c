//! `coffer console`: a link that signs in to the console.

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::output::Output;
use super::session::Connection;

/// The options of `coffer console`.
#[derive(Args, Debug)]
pub(crate) struct Console {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Prints it. Nothing is sent: whoever opens it is asked for by the server then.
pub(crate) fn run(arguments: &Console) -> Result<(), Failure> {
    let link = arguments.connection.console_link()?;
    Ok(arguments.output.done(&link, &json!({"Url": link}))?)
}
