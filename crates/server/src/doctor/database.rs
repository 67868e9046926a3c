//! The database is whole. All of it is read: that takes as long as reading the file does.

use coffer_store::Db;

use super::{Check, Data, Finding, Findings, Run};

pub(super) const CHECK: Check = Check { name: "database", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let directory = &data.config.data;
    if !Db::exists(directory) {
        // A directory for test mode has none.
        return Ok(Vec::new());
    }
    if let Some(fault) = Db::fault(directory)? {
        let what = format!("the database is damaged: {}", fault.trim_start_matches("*** in database main ***\n"));
        let remedy = "keep a copy of the data directory, and restore a backup: coffer restore FILE --data DIR";
        return Ok(vec![Finding::error(what, remedy)]);
    }
    if Db::versions(directory)?.0 == 0 {
        let remedy = "restore a backup: coffer restore FILE --data DIR; if the very first start was cut off, start the server: \
                      it makes one";
        return Ok(vec![Finding::error("the database is empty", remedy)]);
    }
    Ok(Vec::new())
}
