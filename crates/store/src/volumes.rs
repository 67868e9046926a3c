//! The volumes behind disks, the manifests behind snapshots, and what was done to disks minute by minute.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::disks::Disk;
use crate::record::{self, Record as _, record};
use crate::{Row, StoreError, Tx, accounts};

record! {
    /// A volume's row.
    pub struct Volume in "volumes" {
        /// Its id: the disk's, a dot, a number.
        pub volume_id: String = "volume_id",
        /// The disk it is or was of.
        pub disk_id: String = "disk_id",
        /// The disk's owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// Whether its files are there.
        pub is_made: bool = "is_made",
        /// How long they are, in GiB.
        pub size_gib: i64 = "size_gib",
        /// The snapshot it is a clone of, as long as it needs it; empty for none.
        pub base_snapshot_id: String = "base_snapshot_id",
        /// The KMS key that the data key of that is wrapped under for this volume; `None` for a plain one.
        pub base_kms_key_id: Option<String> = "base_kms_key_id",
        /// That data key; `None` for a plain one.
        pub base_data_key: Option<String> = "base_data_key",
        /// The sequence of the last snapshot begun of it.
        pub last_sequence: i64 = "last_sequence",
        /// The key that its data key is wrapped under; `None` for a plain one.
        pub kms_key_id: Option<String> = "kms_key_id",
        /// Its wrapped data key, as its files have it; `None` for a plain one.
        pub wrapped_data_key: Option<String> = "wrapped_data_key",
        /// When its row was made.
        pub created_at: Timestamp = "created_at",
    }
}

record! {
    /// A manifest's row.
    pub struct Manifest in "manifests" {
        /// Its snapshot, which may be gone.
        pub snapshot_id: String = "snapshot_id",
        /// The snapshot's owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// The volume it is of; empty for a copy.
        pub volume_id: String = "volume_id",
        /// The chain its objects are in.
        pub chain: String = "chain",
        /// Its place in the chain.
        pub sequence: i64 = "sequence",
        /// The sequence of the snapshot that it may build upon; 0 for none.
        pub parent_sequence: i64 = "parent_sequence",
        /// `reserved`, `frozen` or `kept`.
        pub state: String = "state",
        /// What it must hash to, in hexadecimal; empty until it is kept.
        pub root: String = "root",
        /// The KMS key its data key is wrapped under; `None` for a plain one.
        pub kms_key_id: Option<String> = "kms_key_id",
        /// The wrapped data key; `None` for a plain one.
        pub wrapped_data_key: Option<String> = "wrapped_data_key",
        /// Whether its snapshot is gone and its objects are to be freed.
        pub is_deleted: bool = "is_deleted",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

record! {
    /// A disk whose bytes are being encrypted anew.
    pub struct Reencryption in "reencryptions" {
        /// The disk.
        pub disk_id: String = "disk_id",
        /// The key that its new data key is wrapped under.
        pub kms_key_id: String = "kms_key_id",
        /// Its new data key, wrapped.
        pub wrapped_data_key: String = "wrapped_data_key",
        /// Whether it is held up.
        pub is_paused: bool = "is_paused",
        /// At most so many bytes a second; `None`: as fast as it goes.
        pub bytes_per_s: Option<i64> = "bytes_per_s",
        /// When it was asked for.
        pub began_at: Timestamp = "began_at",
    }
}

/// The id of a disk's volume.
pub fn id_of(disk: &Disk) -> String {
    format!("{}.{}", disk.disk_id, disk.volume_number)
}

/// The volume of a disk; `None` for a disk of before there were volumes that was never asked for one.
pub fn of(tx: &Tx<'_>, disk: &Disk) -> Result<Option<Volume>, StoreError> {
    Volume::get(tx, &id_of(disk))
}

/// What a new volume is a clone of; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The snapshot.
    pub snapshot_id: String,
    /// The KMS key that the snapshot's data key is wrapped under for the volume.
    pub kms_key_id: Option<String>,
    /// That data key.
    pub data_key: Option<String>,
}

impl Volume {
    /// Forgets what it was a clone of: it needs that no more. Which snapshot that was.
    pub fn take_base(&mut self) -> String {
        (self.base_kms_key_id, self.base_data_key) = (None, None);
        std::mem::take(&mut self.base_snapshot_id)
    }
}

/// Adds the row of a disk's volume, which is to be made.
pub fn begin(tx: &Tx<'_>, disk: &Disk, base: Base, now: Timestamp) -> Result<Volume, StoreError> {
    let volume = Volume {
        volume_id: id_of(disk),
        disk_id: disk.disk_id.clone(),
        account: disk.account.clone(),
        region: disk.region,
        is_made: false,
        size_gib: disk.size_gib,
        base_snapshot_id: base.snapshot_id,
        base_kms_key_id: base.kms_key_id,
        base_data_key: base.data_key,
        last_sequence: 0,
        kms_key_id: disk.kms_key_id.clone(),
        wrapped_data_key: disk.wrapped_data_key.clone(),
        created_at: now,
    };
    volume.insert(tx)?;
    Ok(volume)
}

/// Every volume that is or was of a disk.
pub fn of_disk(tx: &Tx<'_>, disk_id: &str) -> Result<Vec<Volume>, StoreError> {
    record::all(tx, &Condition::new(" WHERE r.disk_id = $1", &[disk_id.into()]))
}

/// The disks that an instance in one of `statuses` has.
pub fn disks_on_instances(tx: &Tx<'_>, statuses: &[String]) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT a.disk_id FROM disk_attachments a JOIN instances i ON i.instance_id = a.instance_id
               WHERE i.status";
    let mut wanted = Condition::new(sql, &[]);
    wanted.in_list(statuses);
    wanted.sql.push_str(" ORDER BY a.disk_id");
    tx.all(&wanted.sql, &wanted.values, |row| row.text(0))
}

/// Whether a volume still needs the objects of a snapshot.
pub fn needs(tx: &Tx<'_>, snapshot_id: &str) -> Result<bool, StoreError> {
    let sql =
        "SELECT count(*) FROM (SELECT 1 FROM volumes WHERE base_snapshot_id = $1 AND base_snapshot_id <> '' LIMIT 1)";
    Ok(tx.count(sql, &[snapshot_id.into()])? == 1)
}

/// What the names of facts begin with that say which volumes' bytes are not in this store.
const LOST: &str = "volume-not-in-backup/";
/// What such a fact begins with if the disk is to be a clone of a snapshot.
const CLONE: &str = "to be a clone of ";

/// Puts on record that a volume's bytes are not in this store: the backup that it was restored from does not have them.
pub fn mark_lost(tx: &Tx<'_>, volume_id: &str) -> Result<(), StoreError> {
    accounts::set_fact(tx, &lost_fact(volume_id), "not in the backup")
}

/// The same of a volume in whose place there is to be a clone of that snapshot, as soon as its key opens; an empty one if none is named.
pub fn mark_to_be_cloned(tx: &Tx<'_>, volume_id: &str, snapshot_id: &str) -> Result<(), StoreError> {
    accounts::set_fact(tx, &lost_fact(volume_id), &format!("{CLONE}{snapshot_id}"))
}

/// Every volume of which that is on record, and the snapshot.
pub fn to_be_cloned(tx: &Tx<'_>) -> Result<Vec<(String, String)>, StoreError> {
    let facts = accounts::facts_of(tx, LOST)?.into_iter();
    Ok(facts.filter_map(|(volume_id, fact)| Some((volume_id, fact.strip_prefix(CLONE)?.to_owned()))).collect())
}

/// Whether that is on record of a disk's volume. A disk that was reset or initialised since has another.
pub fn is_lost(tx: &Tx<'_>, disk: &Disk) -> Result<bool, StoreError> {
    Ok(accounts::fact(tx, &lost_fact(&id_of(disk)))?.is_some())
}

fn lost_fact(volume_id: &str) -> String {
    format!("{LOST}{volume_id}")
}

/// Every volume of any disk.
pub fn all(tx: &Tx<'_>) -> Result<Vec<Volume>, StoreError> {
    record::all(tx, &Condition::new("", &[]))
}

/// The manifest of every snapshot that is complete and not deleted.
pub fn kept(tx: &Tx<'_>) -> Result<Vec<Manifest>, StoreError> {
    record::all(tx, &Condition::new(" WHERE r.state = 'kept' AND r.is_deleted = 0", &[]))
}

/// The manifests of a chain, in order.
pub fn chain(tx: &Tx<'_>, chain: &str) -> Result<Vec<Manifest>, StoreError> {
    let mut manifests: Vec<Manifest> = record::all(tx, &Condition::new(" WHERE r.chain = $1", &[chain.into()]))?;
    manifests.sort_by_key(|manifest| manifest.sequence);
    Ok(manifests)
}

/// What is being encrypted anew of an account's disks in a region, the oldest first: the volume's id and the row.
pub fn reencryptions(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    offset: i64,
    limit: i64,
) -> Result<Vec<(String, Reencryption)>, StoreError> {
    let sql = "SELECT r.disk_id FROM reencryptions r JOIN disks d ON d.disk_id = r.disk_id
               WHERE d.account_id = $1 AND d.region = $2 ORDER BY r.began_at, r.disk_id LIMIT $3 OFFSET $4";
    let values = [account.into(), region.into(), limit.into(), offset.into()];
    let mut found = Vec::new();
    for disk_id in tx.all(sql, &values, |row| row.text(0))? {
        let disk = Disk::get(tx, &disk_id)?.map(|disk| id_of(&disk));
        found.extend(disk.zip(Reencryption::get(tx, &disk_id)?));
    }
    Ok(found)
}

/// What was done to a disk in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the minute began.
    pub at: Timestamp,
    /// Reads.
    pub reads: i64,
    /// Writes.
    pub writes: i64,
    /// Bytes read.
    pub read_bytes: i64,
    /// Bytes written.
    pub written_bytes: i64,
    /// The time reads took together, in microseconds.
    pub read_us: i64,
    /// The time writes took together, in microseconds.
    pub write_us: i64,
}

impl Sample {
    /// Adds what else was done.
    pub const fn add(&mut self, other: &Self) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.read_bytes += other.read_bytes;
        self.written_bytes += other.written_bytes;
        self.read_us += other.read_us;
        self.write_us += other.write_us;
    }
}

/// Adds to what was done to a disk in a minute.
pub fn add_sample(tx: &Tx<'_>, disk_id: &str, sample: &Sample) -> Result<(), StoreError> {
    let sql = "INSERT INTO disk_samples (disk_id, at, reads, writes, read_bytes, written_bytes, read_us, write_us)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (disk_id, at) DO UPDATE SET reads = reads + excluded.reads,
               writes = writes + excluded.writes, read_bytes = read_bytes + excluded.read_bytes,
               written_bytes = written_bytes + excluded.written_bytes, read_us = read_us + excluded.read_us,
               write_us = write_us + excluded.write_us";
    let Sample { at, reads, writes, read_bytes, written_bytes, read_us, write_us } = *sample;
    let values = [reads, writes, read_bytes, written_bytes, read_us, write_us].map(Into::into);
    tx.execute(sql, &[&[disk_id.into(), at.into()], &values[..]].concat()).map(drop)
}

/// What was done to a disk in the minutes from one moment to before another, in order.
pub fn samples(tx: &Tx<'_>, disk_id: &str, from: Timestamp, until: Timestamp) -> Result<Vec<Sample>, StoreError> {
    let sql = "SELECT at, reads, writes, read_bytes, written_bytes, read_us, write_us FROM disk_samples
               WHERE disk_id = $1 AND at >= $2 AND at < $3 ORDER BY at";
    tx.all(sql, &[disk_id.into(), from.into(), until.into()], read_sample)
}

fn read_sample(row: &Row<'_>) -> Result<Sample, StoreError> {
    Ok(Sample {
        at: row.moment(0)?,
        reads: row.integer(1)?,
        writes: row.integer(2)?,
        read_bytes: row.integer(3)?,
        written_bytes: row.integer(4)?,
        read_us: row.integer(5)?,
        write_us: row.integer(6)?,
    })
}

/// Forgets what was done to a disk before a moment.
pub fn forget_samples(tx: &Tx<'_>, disk_id: &str, before: Timestamp) -> Result<(), StoreError> {
    tx.execute("DELETE FROM disk_samples WHERE disk_id = $1 AND at < $2", &[disk_id.into(), before.into()]).map(drop)
}
