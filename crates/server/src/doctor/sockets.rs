//! The directory of disks' sockets leaves room for their names.

use coffer_block::host;

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::chain;

pub(super) const CHECK: Check = Check { name: "sockets", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let room = host::require_room_for_sockets(&data.config.volumes.sockets);
    let remedy = "set volumes.sockets to a directory with a shorter path, for example below /run";
    Ok(room.err().map(|error| Finding::error(chain(&error), remedy)).into_iter().collect())
}
