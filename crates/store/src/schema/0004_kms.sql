-- What KMS keeps of keys beyond their making; secrets.

ALTER TABLE kms_keys ADD COLUMN deletion_protection INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kms_keys ADD COLUMN deletion_protection_description TEXT NOT NULL DEFAULT '';
-- A keyed digest, in hexadecimal, of the material that was imported first: no other may be imported again. NULL: none was yet.
ALTER TABLE kms_keys ADD COLUMN material_digest TEXT;
-- When imported material will be deleted. NULL: never.
ALTER TABLE kms_keys ADD COLUMN material_expire_at INTEGER;
-- The key policy. NULL: the default one.
ALTER TABLE kms_keys ADD COLUMN policy TEXT;
-- In kms_key_versions, sealed_material is empty for a key whose material has yet to be imported.

-- key_id NULL: under the account's domain key. delete_at NULL: not to be deleted.
CREATE TABLE kms_secrets (
    secret_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    secret_name TEXT NOT NULL,
    secret_type TEXT NOT NULL,
    description TEXT NOT NULL,
    key_id TEXT,
    delete_at INTEGER,
    updated_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX kms_secrets_by_name ON kms_secrets (account_id, region, secret_name);
CREATE INDEX kms_secrets_by_owner ON kms_secrets (account_id, region, created_at DESC, secret_id);
CREATE INDEX kms_secrets_by_key ON kms_secrets (key_id) WHERE key_id IS NOT NULL;

-- sealed: the value, under the secret's key. sequence: the order in which versions came.
CREATE TABLE kms_secret_versions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_id TEXT NOT NULL,
    version_id TEXT NOT NULL,
    data_type TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX kms_secret_versions_by_secret ON kms_secret_versions (secret_id, version_id);

-- A stage is on one version of a secret.
CREATE TABLE kms_secret_stages (
    secret_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    version_id TEXT NOT NULL,
    PRIMARY KEY (secret_id, stage)
) WITHOUT ROWID;
