//! What hangs on a KMS key, one by one.

use crate::{StoreError, Tx};

/// Something that nobody can use without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// `disk`, `snapshot`, `image`, `secret`, or `default` for a region's default key.
    pub kind: String,
    /// Its id; a secret's name, a default's region.
    pub id: String,
    /// The KMS ciphertext that takes the key, where it has one by itself.
    pub wrapped_data_key: Option<String>,
    /// The instances that a disk is attached to, separated by blanks.
    pub attached_to: Option<String>,
}

/// Everything that hangs on a key: disks first, then snapshots, images, secrets and defaults, each by id.
pub fn of_key(tx: &Tx<'_>, key_id: &str) -> Result<Vec<Dependent>, StoreError> {
    let sql = "
        SELECT 1 AS place, 'disk', d.disk_id AS id, d.wrapped_data_key,
            (SELECT group_concat(a.instance_id, ' ') FROM disk_attachments a WHERE a.disk_id = d.disk_id)
            FROM disks d WHERE d.kms_key_id = $1
        UNION ALL SELECT 2, 'snapshot', snapshot_id, wrapped_data_key, NULL FROM snapshots WHERE kms_key_id = $1
        UNION ALL SELECT DISTINCT 3, 'image', i.image_id, NULL, NULL
            FROM snapshots s JOIN image_disks i ON i.snapshot_id = s.snapshot_id WHERE s.kms_key_id = $1
        UNION ALL SELECT 4, 'secret', secret_name, NULL, NULL FROM kms_secrets WHERE key_id = $1
        UNION ALL SELECT 5, 'default', region, NULL, NULL FROM default_encryption WHERE kms_key_id = $1
        ORDER BY place, id";
    tx.all(sql, &[key_id.into()], |row| {
        Ok(Dependent {
            kind: row.text(1)?,
            id: row.text(2)?,
            wrapped_data_key: row.optional_text(3)?,
            attached_to: row.optional_text(4)?,
        })
    })
}
