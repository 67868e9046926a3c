//! What hangs on a key: without it nobody can read these any more.

use coffer_base::ApiError;
use coffer_store::keys::Key;
use coffer_store::{Tx, disks, images, secrets, snapshots};

/// How many disks, snapshots, images and secrets are encrypted under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependents {
    /// Disks.
    pub disks: i64,
    /// Snapshots.
    pub snapshots: i64,
    /// Images with at least one snapshot under the key.
    pub images: i64,
    /// Secrets.
    pub secrets: i64,
}

impl Dependents {
    /// Those of a key. They are in its account and region, as ECS uses a key nowhere else.
    pub fn of(tx: &Tx<'_>, key: &Key) -> Result<Self, ApiError> {
        let kms_key_id = Some(key.key_id.clone());
        let of_disks = disks::Filter { kms_key_id: kms_key_id.clone(), ..disks::Filter::default() };
        let of_snapshots = snapshots::Filter { kms_key_id, ..snapshots::Filter::default() };
        Ok(Self {
            disks: disks::count(tx, &key.account, key.region, &of_disks)?,
            snapshots: snapshots::count(tx, &key.account, key.region, &of_snapshots)?,
            images: images::count_under_key(tx, &key.key_id)?,
            secrets: secrets::count_under_key(tx, &key.key_id)?,
        })
    }

    /// Whether there are any.
    pub const fn any(self) -> bool {
        self.disks + self.snapshots + self.images + self.secrets > 0
    }

    /// The counts, for the record.
    pub fn notes(self) -> [(&'static str, String); 4] {
        [
            ("disks", self.disks.to_string()),
            ("snapshots", self.snapshots.to_string()),
            ("images", self.images.to_string()),
            ("secrets", self.secrets.to_string()),
        ]
    }
}
