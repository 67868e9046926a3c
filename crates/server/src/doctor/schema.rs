//! The database is of a version that this program knows.

use std::cmp::Ordering;

use coffer_store::Db;

use super::{Check, Data, Finding, Findings, Run};

pub(super) const CHECK: Check = Check { name: "schema", run: Run::Database(check) };

fn check(data: &Data) -> Findings {
    let (found, known) = Db::versions(&data.config.data)?;
    Ok(match found.cmp(&known) {
        Ordering::Greater => {
            let what = format!("the database has schema {found}, this version knows up to {known}");
            let remedy = "install the version that wrote it, or a later one; or restore a backup of before the upgrade";
            vec![Finding::error(what, remedy)]
        }
        Ordering::Less => {
            let what =
                format!("the database has schema {found}; the next start makes it {known}, and there is no way back");
            vec![Finding::warning(what, "make a backup first: coffer backup")]
        }
        Ordering::Equal => Vec::new(),
    })
}
