-- Wide rows whose keys are random are kept in order of insertion, so that a commit appends them; only their narrow index of keys is
-- written in random places. Narrow rows are kept in their key's own tree (WITHOUT ROWID).
-- Moments are milliseconds since 1970-01-01T00:00:00Z. Truth values are 0 and 1. "sealed" columns hold AES-256-GCM ciphertext.

-- Facts about this data directory, by name.
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE accounts (
    account_id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Sealing keys under the root key: one for each account (its KMS domain key), one for sessions.
CREATE TABLE sealing_keys (scope TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;

-- user_id is NULL for the account's own keys.
CREATE TABLE access_keys (
    access_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    user_id TEXT,
    sealed_secret BLOB NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX access_keys_by_user ON access_keys (user_id);

-- name_key: the name in lower case, since RAM compares names without case.
CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    mobile_phone TEXT NOT NULL,
    email TEXT NOT NULL,
    comments TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_name ON users (account_id, name_key);

CREATE TABLE roles (
    role_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    role_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    trust_policy TEXT NOT NULL,
    max_session_s INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX roles_by_name ON roles (account_id, name_key);

CREATE TABLE policies (
    account_id TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    description TEXT NOT NULL,
    default_version INTEGER NOT NULL,
    last_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, policy_name)
) WITHOUT ROWID;

-- document_id is never used twice, so a parsed document may be remembered under it.
CREATE TABLE policy_versions (
    document_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX policy_versions_by_policy ON policy_versions (account_id, policy_name, version);

-- entity_id is a user_id or a role_id; policy_type is Custom or System.
CREATE TABLE policy_attachments (
    entity_id TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    account_id TEXT NOT NULL,
    policy_type TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    attached_at INTEGER NOT NULL,
    PRIMARY KEY (entity_id, policy_type, policy_name)
) WITHOUT ROWID;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (account_id, policy_type, policy_name);

-- No row: the account never opened KMS in that region.
CREATE TABLE kms_services (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (account_id, region)
) WITHOUT ROWID;

-- creator_type: User or Service. primary_version_id is NULL for asymmetric keys.
CREATE TABLE kms_keys (
    key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    key_spec TEXT NOT NULL,
    key_usage TEXT NOT NULL,
    origin TEXT NOT NULL,
    protection_level TEXT NOT NULL,
    description TEXT NOT NULL,
    state TEXT NOT NULL,
    creator_type TEXT NOT NULL,
    primary_version_id TEXT,
    delete_at INTEGER,
    rotation_interval_s INTEGER,
    last_rotation_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX kms_keys_by_owner ON kms_keys (account_id, region, created_at DESC, key_id);

CREATE TABLE kms_key_versions (
    version_id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    sealed_material BLOB NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX kms_key_versions_by_key ON kms_key_versions (key_id, created_at);

-- alias_name with its prefix, for example alias/acs/ecs.
CREATE TABLE kms_aliases (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    alias_name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, region, alias_name)
) WITHOUT ROWID;
CREATE INDEX kms_aliases_by_key ON kms_aliases (key_id);

-- No row: never enabled in that region. kms_key_id NULL: the region's service key.
CREATE TABLE default_encryption (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    kms_key_id TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, region)
) WITHOUT ROWID;

-- wrapped_data_key: the KMS ciphertext of the disk's data key, bound to account, region and disk; NULL for a plain disk.
CREATE TABLE disks (
    disk_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    zone_id TEXT NOT NULL,
    disk_name TEXT NOT NULL,
    description TEXT NOT NULL,
    category TEXT NOT NULL,
    performance_level TEXT NOT NULL,
    size_gib INTEGER NOT NULL,
    status TEXT NOT NULL,
    disk_type TEXT NOT NULL,
    kms_key_id TEXT,
    wrapped_data_key TEXT,
    provisioned_iops INTEGER,
    bursting_enabled INTEGER NOT NULL,
    multi_attach TEXT NOT NULL,
    delete_with_instance INTEGER NOT NULL,
    delete_auto_snapshot INTEGER NOT NULL,
    enable_auto_snapshot INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX disks_by_owner ON disks (account_id, region, created_at DESC, disk_id);

CREATE TABLE resource_tags (
    resource_id TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    PRIMARY KEY (resource_id, tag_key)
) WITHOUT ROWID;
CREATE INDEX resource_tags_by_tag ON resource_tags (account_id, region, resource_type, tag_key, tag_value, resource_id);

-- fingerprint: SHA-256 over the parameters that count; response: the answer as JSON, without RequestId.
CREATE TABLE client_tokens (
    account_id TEXT NOT NULL,
    action TEXT NOT NULL,
    token TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    response TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, action, token)
) WITHOUT ROWID;
CREATE INDEX client_tokens_by_age ON client_tokens (created_at);

-- Nonces of writes, kept with their effect: a replay is refused even after a restart has emptied the memory of nonces. A replay has
-- the timestamp of what it repeats, and so its expires_at; in that order new rows fall into the same few pages.
CREATE TABLE nonces (expires_at INTEGER NOT NULL, fingerprint BLOB NOT NULL, PRIMARY KEY (expires_at, fingerprint)) WITHOUT ROWID;

-- chain: SHA-256 over the previous row's chain and this row.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    peer TEXT NOT NULL,
    action TEXT NOT NULL,
    resources TEXT NOT NULL,
    outcome TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    chain BLOB NOT NULL
);

-- Work that outlives the request that asked for it. due_at: not before then. state: waiting, done or failed.
CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX jobs_waiting ON jobs (state, due_at);
CREATE INDEX jobs_by_subject ON jobs (subject);
