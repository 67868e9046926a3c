-- Assertions of identity providers that opened a session: none does so twice. fingerprint: of the provider and the assertion's id.
CREATE TABLE assertions (
    account_id TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_by_end ON assertions (account_id, expires_at);

-- The nonce of a use, which changed nothing that its repetition would find: fingerprint and the end of its time window. Not chained.
ALTER TABLE audit ADD COLUMN nonce BLOB;
