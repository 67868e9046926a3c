//! The directory is not one of test mode, which keeps nothing there.

use super::{Check, Data, Finding, Findings, Run};
use crate::test_mode;

pub(super) const CHECK: Check = Check { name: "test_mode", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let refused = test_mode::refuse_if_marked(&data.config.data);
    let remedy =
        "a server that keeps what it is given needs a data directory of its own: say with --data where that is";
    Ok(refused.err().map(|error| Finding::error(error.to_string(), remedy)).into_iter().collect())
}
