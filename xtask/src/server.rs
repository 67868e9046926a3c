//! The server that the verbs drive.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report;

/// Builds it; where it is.
pub(crate) fn build() -> Result<PathBuf, String> {
    let mut build = Command::new(env!("CARGO"));
    report::success(build.args(["build", "-p", "coffer"]))?;
    Path::new("target/debug/coffer").canonicalize().map_err(|error| error.to_string())
}
