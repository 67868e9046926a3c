-- Policies of secrets, and secrets that KMS rotates.

-- The secret's policy. NULL: the default one.
ALTER TABLE kms_secrets ADD COLUMN policy TEXT;
-- What a managed secret is of, as JSON; empty for a generic one.
ALTER TABLE kms_secrets ADD COLUMN extended_config TEXT NOT NULL DEFAULT '';
-- Whose access keys KMS manages in it. NULL: a generic one.
ALTER TABLE kms_secrets ADD COLUMN user_id TEXT;
CREATE INDEX kms_secrets_by_user ON kms_secrets (user_id) WHERE user_id IS NOT NULL;
-- How often it is rotated by itself. NULL: not.
ALTER TABLE kms_secrets ADD COLUMN rotation_interval_s INTEGER;
-- When it was last rotated. NULL: never was.
ALTER TABLE kms_secrets ADD COLUMN rotated_at INTEGER;
-- Whether the last rotation failed.
ALTER TABLE kms_secrets ADD COLUMN rotation_failed INTEGER NOT NULL DEFAULT 0;
