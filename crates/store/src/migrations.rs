//! Bringing a database up to date. A migration is a file, run once, in its own transaction; a released one is never changed.

use rusqlite::Connection;

use crate::StoreError;

/// Every migration, oldest first: the n-th brings a database from version n to n + 1.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_compute.sql"),
    include_str!("schema/0003_volumes.sql"),
    include_str!("schema/0004_kms.sql"),
    include_str!("schema/0005_ram.sql"),
    include_str!("schema/0006_proofs.sql"),
    include_str!("schema/0007_key_uses.sql"),
    include_str!("schema/0008_secrets.sql"),
    include_str!("schema/0009_events.sql"),
    include_str!("schema/0010_replays.sql"),
];

/// The version that they lead to.
pub(crate) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

/// Runs the migrations that `connection`'s database has not had. Refuses one that is newer than this program.
pub(crate) fn run(connection: &Connection) -> Result<(), StoreError> {
    let known = newest();
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, migration) in (1i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE;\n{migration}\nPRAGMA user_version = {version};\nCOMMIT;"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rusqlite::types::Value;

    use super::*;

    /// What each table has in each column of its rows.
    type Rows = BTreeMap<String, Vec<BTreeMap<String, Value>>>;

    /// What later migrations change on purpose, as `table.column`: with the migration's test beside this one.
    const CHANGED: [&str; 0] = [];

    /// A database as the first `version` migrations left it.
    fn at(version: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&MIGRATIONS[..version].concat()).unwrap();
        connection.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
        connection
    }

    fn tables(connection: &Connection) -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
        connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Two rows in each table, no value of which is another's.
    fn fill(connection: &Connection) {
        for table in tables(connection) {
            let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info($1)").unwrap();
            let columns = statement.query_map([&table], |row| Ok((row.get(0)?, row.get(1)?)));
            let columns: Vec<(String, String)> = columns.unwrap().map(Result::unwrap).collect();
            for row in 1..=2 {
                let values = columns.iter().enumerate().map(|(place, (name, kind))| match kind.as_str() {
                    "TEXT" => format!("'{table}.{name}.{row}'"),
                    "BLOB" => format!("CAST('{table}.{name}.{row}' AS BLOB)"),
                    "INTEGER" => format!("{}", place * 10 + row),
                    other => panic!("{table}.{name} is {other}"),
                });
                let values: Vec<String> = values.collect();
                connection.execute(&format!("INSERT INTO {table} VALUES ({})", values.join(", ")), []).unwrap();
            }
        }
    }

    fn rows(connection: &Connection) -> Rows {
        let read = |table: &String| {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
            let values = statement.query_map([], |row| {
                names.iter().enumerate().map(|(place, name)| Ok((name.clone(), row.get(place)?))).collect()
            });
            values.unwrap().map(Result::unwrap).collect()
        };
        tables(connection).iter().map(|table| (table.clone(), read(table))).collect()
    }

    #[test]
    fn every_row_of_every_earlier_version_is_kept_with_all_that_is_in_it() {
        for version in 1..MIGRATIONS.len() {
            let connection = at(version);
            fill(&connection);
            let before = rows(&connection);
            run(&connection).unwrap();
            let after = rows(&connection);
            for (table, before) in before {
                let after = &after[&table];
                assert_eq!(after.len(), before.len(), "{table} of version {version}");
                for (before, after) in before.iter().zip(after) {
                    for (name, value) in before {
                        let place = format!("{table}.{name}");
                        if !CHANGED.contains(&place.as_str()) {
                            assert_eq!(after.get(name), Some(value), "{place} of version {version}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn disks_of_before_there_were_volumes_have_their_first_one() {
        let connection = at(2);
        let disk =
            "INSERT INTO disks VALUES ('d-1', '1234567890123456', 'cn-hangzhou', '', '', '', 'cloud_essd', 'PL1', 20,
                    'Available', 'data', NULL, NULL, NULL, 0, 'Disabled', 0, 0, 0, 7, '', '', NULL, NULL, '');";
        connection.execute_batch(disk).unwrap();
        run(&connection).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        let tx = crate::Tx::new(&connection, None);
        let disk = <crate::disks::Disk as crate::Record>::get(&tx, "d-1").unwrap().unwrap();
        assert_eq!((crate::volumes::id_of(&disk), disk.rewrapped_at), ("d-1.1".to_owned(), None));
        assert_eq!(crate::volumes::of(&tx, &disk).unwrap(), None);
    }

    #[test]
    fn a_database_of_a_later_version_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection).unwrap();
        run(&connection).unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(run(&connection), Err(StoreError::Newer { found: 999, .. })));
    }
}
