//! Everything in the database as text: for tests that hold two states against each other.

use std::collections::BTreeMap;

use crate::{StoreError, Tx};

/// The rows of every table, each row as its values in the order of the columns: integers and text as they are, bytes as `x'…'`, and
/// `NULL`. Sealed values stay sealed. The order of rows means nothing.
pub fn all(tx: &Tx<'_>) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let mut dump = BTreeMap::new();
    for table in tx.all(tables, &[], |row| row.text(0))? {
        let columns = tx.all("SELECT name FROM pragma_table_info($1)", &[(&table).into()], |row| row.text(0))?;
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let sql = format!("SELECT {} FROM \"{table}\"", quoted.join(" || ', ' || "));
        let rows = tx.all(&sql, &[], |row| row.text(0))?;
        dump.insert(table, rows);
    }
    Ok(dump)
}

#[cfg(test)]
mod tests {
    use coffer_base::Timestamp;

    use super::*;
    use crate::{Db, accounts};

    #[test]
    fn every_table_is_there_with_what_was_written() {
        let db = Db::in_memory().unwrap();
        let account = coffer_base::AccountId::parse("1234567890123456").unwrap();
        db.write(move |tx| accounts::insert(tx, &account, Timestamp::from_unix_ms(7))).wait().unwrap();
        let dump = db.read(all).unwrap();
        assert_eq!(dump["accounts"], ["'1234567890123456', 7"]);
        assert!(dump["disks"].is_empty() && dump.len() > 10);
    }
}
