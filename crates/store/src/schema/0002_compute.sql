-- Instances, what is attached to them, snapshots, images and the tasks that make them.

ALTER TABLE disks ADD COLUMN source_snapshot_id TEXT NOT NULL DEFAULT '';
ALTER TABLE disks ADD COLUMN image_id TEXT NOT NULL DEFAULT '';
-- When it was last attached and detached; attached_at is kept when it is detached.
ALTER TABLE disks ADD COLUMN attached_at INTEGER;
ALTER TABLE disks ADD COLUMN detached_at INTEGER;
-- The instance it was last detached from; empty for one that never was.
ALTER TABLE disks ADD COLUMN last_instance_id TEXT NOT NULL DEFAULT '';
CREATE INDEX disks_by_last_instance ON disks (last_instance_id) WHERE last_instance_id <> '';

-- A disk is attached to one instance, or to several where it is multi-attach.
CREATE TABLE disk_attachments (
    disk_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    device TEXT NOT NULL,
    attached_at INTEGER NOT NULL,
    PRIMARY KEY (disk_id, instance_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX disk_attachments_by_instance ON disk_attachments (instance_id, device);

-- security_group_ids: separated by commas.
CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    zone_id TEXT NOT NULL,
    instance_name TEXT NOT NULL,
    host_name TEXT NOT NULL,
    description TEXT NOT NULL,
    image_id TEXT NOT NULL,
    os_name TEXT NOT NULL,
    os_type TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    status TEXT NOT NULL,
    stopped_mode TEXT NOT NULL,
    security_group_ids TEXT NOT NULL,
    vswitch_id TEXT NOT NULL,
    private_ip TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    key_pair_name TEXT NOT NULL,
    ram_role_name TEXT NOT NULL,
    user_data TEXT NOT NULL,
    internet_charge_type TEXT NOT NULL,
    internet_max_bandwidth_in INTEGER NOT NULL,
    internet_max_bandwidth_out INTEGER NOT NULL,
    spot_strategy TEXT NOT NULL,
    spot_price_limit_milli INTEGER,
    spot_duration_h INTEGER,
    spot_interruption_behavior TEXT NOT NULL,
    credit_specification TEXT NOT NULL,
    http_endpoint TEXT NOT NULL,
    http_tokens TEXT NOT NULL,
    http_put_response_hop_limit INTEGER NOT NULL,
    deletion_protection INTEGER NOT NULL,
    auto_release_at INTEGER,
    started_at INTEGER,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX instances_by_owner ON instances (account_id, region, created_at DESC, instance_id);
CREATE UNIQUE INDEX instances_by_private_ip ON instances (account_id, region, private_ip);

-- snapshot_link_id: the chain of one disk's snapshots. group_id is empty for a snapshot made by itself. progress: 0 to 100.
-- wrapped_data_key: as of a disk, bound to account, region and snapshot. retention_days NULL: kept until it is deleted.
-- stored_bytes: what it takes beyond the snapshots before it in its chain.
CREATE TABLE snapshots (
    snapshot_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    snapshot_name TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    progress INTEGER NOT NULL,
    snapshot_type TEXT NOT NULL,
    category TEXT NOT NULL,
    snapshot_link_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    source_disk_id TEXT NOT NULL,
    source_disk_type TEXT NOT NULL,
    source_disk_size_gib INTEGER NOT NULL,
    source_snapshot_id TEXT NOT NULL,
    source_region TEXT NOT NULL,
    kms_key_id TEXT,
    wrapped_data_key TEXT,
    retention_days INTEGER,
    stored_bytes INTEGER NOT NULL DEFAULT 0,
    modified_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX snapshots_by_owner ON snapshots (account_id, region, created_at DESC, snapshot_id);
CREATE INDEX snapshots_by_disk ON snapshots (source_disk_id, created_at);
CREATE INDEX snapshots_by_group ON snapshots (group_id);
CREATE INDEX snapshots_by_source ON snapshots (source_snapshot_id) WHERE source_snapshot_id <> '';

-- Accounts other than its own that may make disks of a snapshot.
CREATE TABLE snapshot_shares (
    snapshot_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (snapshot_id, account_id)
) WITHOUT ROWID;

CREATE TABLE snapshot_groups (
    snapshot_group_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    group_name TEXT NOT NULL,
    description TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX snapshot_groups_by_owner ON snapshot_groups (account_id, region, created_at DESC, snapshot_group_id);

-- Images of accounts; the public ones are not rows.
CREATE TABLE images (
    image_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    image_name TEXT NOT NULL,
    image_version TEXT NOT NULL,
    image_family TEXT NOT NULL,
    description TEXT NOT NULL,
    architecture TEXT NOT NULL,
    platform TEXT NOT NULL,
    os_name TEXT NOT NULL,
    os_type TEXT NOT NULL,
    boot_mode TEXT NOT NULL,
    size_gib INTEGER NOT NULL,
    status TEXT NOT NULL,
    progress INTEGER NOT NULL,
    is_copied INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX images_by_owner ON images (account_id, region, created_at DESC, image_id);
CREATE INDEX images_by_name ON images (account_id, region, image_name);

-- The disks an image makes: its system disk from a snapshot, data disks from snapshots or blank (no snapshot_id).
CREATE TABLE image_disks (
    image_id TEXT NOT NULL,
    device TEXT NOT NULL,
    disk_type TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    size_gib INTEGER NOT NULL,
    PRIMARY KEY (image_id, device)
) WITHOUT ROWID;
CREATE INDEX image_disks_by_snapshot ON image_disks (snapshot_id);

-- Long work as its owner sees it. finished_at NULL: not over yet.
CREATE TABLE tasks (
    task_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    task_action TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    status TEXT NOT NULL,
    progress INTEGER NOT NULL,
    supports_cancel INTEGER NOT NULL,
    finished_at INTEGER,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tasks_by_owner ON tasks (account_id, region, created_at DESC, task_id);
CREATE INDEX tasks_by_resource ON tasks (resource_id);

CREATE INDEX disks_by_snapshot ON disks (source_snapshot_id) WHERE source_snapshot_id <> '';
CREATE INDEX disks_by_key ON disks (kms_key_id) WHERE kms_key_id IS NOT NULL;
CREATE INDEX snapshots_by_key ON snapshots (kms_key_id) WHERE kms_key_id IS NOT NULL;
