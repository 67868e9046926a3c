-- The bytes of disks and snapshots: which volume a disk has, what each volume is made of, and the manifests of snapshots.

-- A disk's volume is <disk_id>.<volume_number>; a reset gives it the next one.
ALTER TABLE disks ADD COLUMN volume_number INTEGER NOT NULL DEFAULT 1;
-- When its data key was last wrapped, and when its bytes were last encrypted anew; NULL: not since it was made.
ALTER TABLE disks ADD COLUMN rewrapped_at INTEGER;
ALTER TABLE disks ADD COLUMN reencrypted_at INTEGER;

-- A volume outlives its disk's row until its files are removed. A disk of before this table gets its row when it is first needed:
-- number 1, empty. is_made: whether its files are there; size_gib: how long they are. wrapped_data_key, under kms_key_id: as the files
-- have it. base_snapshot_id: the snapshot it reads what it does not hold itself from; empty for none. base_data_key: the snapshot's
-- data key, wrapped under the disk's KMS key (base_kms_key_id) and bound to the volume, so that a clone needs no key but its disk's;
-- NULL for a plain base. last_sequence: of the last snapshot begun.
CREATE TABLE volumes (
    volume_id TEXT PRIMARY KEY,
    disk_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    is_made INTEGER NOT NULL,
    size_gib INTEGER NOT NULL,
    base_snapshot_id TEXT NOT NULL,
    base_kms_key_id TEXT,
    base_data_key TEXT,
    last_sequence INTEGER NOT NULL,
    kms_key_id TEXT,
    wrapped_data_key TEXT,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX volumes_by_disk ON volumes (disk_id);
CREATE INDEX volumes_by_base ON volumes (base_snapshot_id) WHERE base_snapshot_id <> '';

-- The manifest of a snapshot's bytes. It outlives the snapshot's row (is_deleted) until its objects are freed. Snapshots of before
-- this table have none: they hold no bytes. volume_id: of which volume; empty for a copy. parent_sequence: of the
-- snapshot before it that it may build upon; 0 for none. state: reserved, frozen or kept.
-- root: in hexadecimal, once it is kept.
CREATE TABLE manifests (
    snapshot_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    volume_id TEXT NOT NULL,
    chain TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    parent_sequence INTEGER NOT NULL,
    state TEXT NOT NULL,
    root TEXT NOT NULL,
    kms_key_id TEXT,
    wrapped_data_key TEXT,
    is_deleted INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX manifests_by_chain ON manifests (chain, sequence);

-- What was done to a disk in the minute that begins at `at`.
CREATE TABLE disk_samples (
    disk_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    read_bytes INTEGER NOT NULL,
    written_bytes INTEGER NOT NULL,
    read_us INTEGER NOT NULL,
    write_us INTEGER NOT NULL,
    PRIMARY KEY (disk_id, at)
) WITHOUT ROWID;

-- Disks whose bytes are being encrypted anew: under a new data key, wrapped under kms_key_id and bound as the disk's. No row: none is.
-- bytes_per_s NULL: as fast as it goes.
CREATE TABLE reencryptions (
    disk_id TEXT PRIMARY KEY,
    kms_key_id TEXT NOT NULL,
    wrapped_data_key TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    bytes_per_s INTEGER,
    began_at INTEGER NOT NULL
) WITHOUT ROWID;
