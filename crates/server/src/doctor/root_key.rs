//! The root key is there, and it is this store's.

use coffer_store::accounts;

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::chain;
use crate::seal;

pub(super) const CHECK: Check = Check { name: "root_key", run: Run::Database(check) };

fn check(data: &Data) -> Findings {
    let keys = accounts::peek_sealing_keys(&data.config.data)?;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(match seal::opens(&data.config.data, &data.config.seal, &keys) {
        Ok(()) => Vec::new(),
        Err(error) => vec![Finding::error(
            chain(&*error),
            "put this store's own root.key or root.sealed back, from a backup; nothing else opens it",
        )],
    })
}
