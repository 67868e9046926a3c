-- What was destroyed, signed; each names the hash of the one before.
CREATE TABLE erase_proofs (
    sequence INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT;
