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
    use super::*;

    #[test]
    fn disks_of_before_there_were_volumes_have_their_first_one() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&MIGRATIONS[..2].concat()).unwrap();
        let disk =
            "INSERT INTO disks VALUES ('d-1', '1234567890123456', 'cn-hangzhou', '', '', '', 'cloud_essd', 'PL1', 20,
                    'Available', 'data', NULL, NULL, NULL, 0, 'Disabled', 0, 0, 0, 7, '', '', NULL, NULL, '');";
        connection.execute_batch(&format!("{disk} PRAGMA user_version = 2;")).unwrap();
        run(&connection).unwrap();
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
