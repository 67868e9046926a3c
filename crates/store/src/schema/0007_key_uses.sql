-- When each version of a KMS key was last used, by which action and by whom: a minute late, at most. The audit has every use.
CREATE TABLE kms_key_uses (
    version_id TEXT PRIMARY KEY,
    used_at INTEGER NOT NULL,
    action TEXT NOT NULL,
    principal TEXT NOT NULL
) WITHOUT ROWID;
