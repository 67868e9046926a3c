//! What hangs on a KMS key, one by one and counted.

use crate::{StoreError, Tx, Value};

/// Characters of a KMS ciphertext, in base64, that name the version of the key: all of its blobs begin with them.
pub const VERSION_CHARACTERS: usize = 48;

/// What can hang on a key, in the order of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disk.
    Disk,
    /// A disk whose bytes are being encrypted anew under the key.
    Reencryption,
    /// A snapshot.
    Snapshot,
    /// An image with at least one snapshot under the key.
    Image,
    /// A secret.
    Secret,
    /// A region's default: what is made there is made under the key.
    Default,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Disk, Self::Reencryption, Self::Snapshot, Self::Image, Self::Secret, Self::Default];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Reencryption => "reencryption",
            Self::Snapshot => "snapshot",
            Self::Image => "image",
            Self::Secret => "secret",
            Self::Default => "default",
        }
    }

    fn of(place: i64) -> Result<Self, StoreError> {
        let found = usize::try_from(place).ok().and_then(|place| Self::ALL.get(place));
        found.copied().ok_or(StoreError::Corrupt("kind of dependant"))
    }
}

/// Something that nobody can use without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependant {
    /// What it is.
    pub kind: Kind,
    /// Its id; a secret's name, a default's region.
    pub id: String,
    /// The KMS ciphertext that takes the key, where it has one by itself.
    pub wrapped_data_key: Option<String>,
    /// The beginnings of all ciphertexts it has under the key, each [`VERSION_CHARACTERS`] long: which versions it needs.
    pub versions: Vec<String>,
    /// The instances that a disk is attached to, and their states.
    pub attached_to: Vec<(String, String)>,
}

/// Which part of the list of a key's dependants is wanted.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The beginning of ciphertexts under a version: only what has one under it.
    pub version: Option<String>,
    /// Only what comes after this.
    pub after: Option<(Kind, String)>,
    /// At most so many; `None` for all.
    pub limit: Option<i64>,
}

/// How much hangs on a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the order of [`Kind::ALL`].
    pub of_kind: [i64; 6],
    /// Disks under the key that are attached to an instance that runs, or is about to.
    pub running: i64,
}

/// Everything that hangs on the key `$1`: the place of its kind, its id, its ciphertext, the beginnings of all of its ciphertexts.
const LIST: &str = "
    SELECT 0 AS place, d.disk_id AS id, d.wrapped_data_key AS wrapped, substr(d.wrapped_data_key, 1, 48) AS versions
        FROM disks d WHERE d.kms_key_id = $1
    UNION ALL SELECT 1, r.disk_id, r.wrapped_data_key, substr(r.wrapped_data_key, 1, 48)
        FROM reencryptions r WHERE r.kms_key_id = $1
    UNION ALL SELECT 2, s.snapshot_id, s.wrapped_data_key, substr(s.wrapped_data_key, 1, 48)
        FROM snapshots s WHERE s.kms_key_id = $1
    UNION ALL SELECT 3, i.image_id, NULL, group_concat(DISTINCT substr(s.wrapped_data_key, 1, 48))
        FROM snapshots s JOIN image_disks i ON i.snapshot_id = s.snapshot_id WHERE s.kms_key_id = $1 GROUP BY i.image_id
    UNION ALL SELECT 4, t.secret_name, NULL,
        (SELECT group_concat(DISTINCT CAST(substr(v.sealed, 1, 48) AS TEXT)) FROM kms_secret_versions v
            WHERE v.secret_id = t.secret_id)
        FROM kms_secrets t WHERE t.key_id = $1
    UNION ALL SELECT 5, e.region, NULL, NULL
        FROM default_encryption e JOIN kms_keys k ON k.account_id = e.account_id AND k.region = e.region
        WHERE k.key_id = $1 AND e.enabled = 1
            AND (e.kms_key_id = k.key_id OR e.kms_key_id IS NULL AND k.creator_type = 'Service')";

/// A page of what hangs on a key: disks first, then what is being encrypted anew, snapshots, images, secrets and defaults, each by id.
pub fn page(tx: &Tx<'_>, key_id: &str, page: &Page) -> Result<Vec<Dependant>, StoreError> {
    let after = page.after.as_ref();
    let place = after.map_or(-1, |(kind, _)| *kind as i64);
    let sql = format!(
        "SELECT place, id, wrapped, versions,
            (SELECT group_concat(a.instance_id || ' ' || i.status) FROM disk_attachments a
                JOIN instances i ON i.instance_id = a.instance_id WHERE place = 0 AND a.disk_id = id)
        FROM (SELECT * FROM ({LIST}) WHERE (place, id) > ($2, $3) AND ($4 IS NULL OR instr(versions, $4) > 0)
            ORDER BY place, id LIMIT $5)"
    );
    let values: [Value<'_>; 5] = [
        key_id.into(),
        place.into(),
        after.map_or("", |(_, id)| id.as_str()).into(),
        page.version.as_deref().into(),
        page.limit.unwrap_or(-1).into(),
    ];
    tx.all(&sql, &values, |row| {
        let list = |text: Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
        };
        let attached = list(row.optional_text(4)?);
        let attached = attached.iter().filter_map(|pair| pair.split_once(' '));
        Ok(Dependant {
            kind: Kind::of(row.integer(0)?)?,
            id: row.text(1)?,
            wrapped_data_key: row.optional_text(2)?,
            versions: list(row.optional_text(3)?),
            attached_to: attached.map(|(id, status)| (id.to_owned(), status.to_owned())).collect(),
        })
    })
}

/// How much hangs on a key, or on a version of it: the beginning of ciphertexts under that.
pub fn count(tx: &Tx<'_>, key_id: &str, version: Option<&str>) -> Result<Counts, StoreError> {
    let values = [key_id.into(), version.into()];
    let sql =
        format!("SELECT place, count(*) FROM ({LIST}) WHERE $2 IS NULL OR instr(versions, $2) > 0 GROUP BY place");
    let mut counts = Counts::default();
    for (kind, count) in tx.all(&sql, &values, |row| Ok((Kind::of(row.integer(0)?)?, row.integer(1)?)))? {
        counts.of_kind[kind as usize] = count;
    }
    let sql = "SELECT count(DISTINCT d.disk_id) FROM disks d JOIN disk_attachments a ON a.disk_id = d.disk_id
               JOIN instances i ON i.instance_id = a.instance_id
               WHERE d.kms_key_id = $1 AND ($2 IS NULL OR instr(d.wrapped_data_key, $2) = 1)
                   AND i.status IN ('Starting', 'Running')";
    counts.running = tx.count(sql, &values)?;
    Ok(counts)
}
