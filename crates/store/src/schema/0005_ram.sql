-- Groups of RAM users. name_key: the name in lower case, since RAM compares names without case.
CREATE TABLE user_groups (
    group_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    comments TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX user_groups_by_name ON user_groups (account_id, name_key);

CREATE TABLE group_members (
    user_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, group_id)
) WITHOUT ROWID;
CREATE INDEX group_members_by_group ON group_members (group_id);

-- No row: the user may not log on with a password. The hash is over the salt, which stays a user's own.
CREATE TABLE login_profiles (
    user_id TEXT PRIMARY KEY,
    salt BLOB NOT NULL,
    password_hash BLOB NOT NULL,
    reset_required INTEGER NOT NULL,
    mfa_required INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Passwords that a user had before, by the same salt.
CREATE TABLE past_passwords (
    user_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    password_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, place)
) WITHOUT ROWID;

-- user_id and activated_at are NULL until the device is bound; last_step: the latest time step whose code was taken.
CREATE TABLE mfa_devices (
    serial_number TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    sealed_seed BLOB NOT NULL,
    user_id TEXT,
    activated_at INTEGER,
    last_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX mfa_devices_by_account ON mfa_devices (account_id, serial_number);
CREATE UNIQUE INDEX mfa_devices_by_user ON mfa_devices (user_id);

-- An alias stands in the address at which users log on, so no two accounts have the same.
CREATE TABLE account_aliases (account_id TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE) WITHOUT ROWID;

-- No row: what the vendor begins with.
CREATE TABLE password_policies (
    account_id TEXT PRIMARY KEY,
    minimum_length INTEGER NOT NULL,
    lowercase INTEGER NOT NULL,
    uppercase INTEGER NOT NULL,
    numbers INTEGER NOT NULL,
    symbols INTEGER NOT NULL,
    hard_expiry INTEGER NOT NULL,
    max_age_d INTEGER NOT NULL,
    reuse_prevention INTEGER NOT NULL,
    max_login_attempts INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE security_preferences (
    account_id TEXT PRIMARY KEY,
    save_mfa_ticket INTEGER NOT NULL,
    change_password INTEGER NOT NULL,
    manage_access_keys INTEGER NOT NULL,
    manage_mfa_devices INTEGER NOT NULL,
    manage_public_keys INTEGER NOT NULL,
    login_session_h INTEGER NOT NULL,
    login_network_masks TEXT NOT NULL
) WITHOUT ROWID;

-- resource_type: role or policy.
CREATE TABLE ram_tags (
    account_id TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (account_id, resource_type, resource_name, tag_key)
) WITHOUT ROWID;

-- When a key last signed a request that was accepted, to the hour.
CREATE TABLE access_key_uses (access_key_id TEXT PRIMARY KEY, used_at INTEGER NOT NULL) WITHOUT ROWID;
