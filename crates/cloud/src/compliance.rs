//! What of an account's disks, snapshots and keys in a region is not as it should be, and which call mends it.
//!
//! Rows are looked at in the order of listings: disks, then snapshots, then keys, each newest first. A page ends before the row whose
//! findings it has no room for, or after so many rows that a page of a large account takes no longer than others do.

use std::collections::HashMap;

use coffer_base::{ApiError, Region, Timestamp};
use coffer_store::disks::{self, Disk};
use coffer_store::keys::{self, Key};
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::volumes::Reencryption;
use coffer_store::{Record as _, Start};

use crate::context::Cx;
use crate::decode::{Invalid, Parameter};
use crate::ecs::{encryption, setting};
use crate::kms::service;
use crate::product::Product;

/// Rows read at a time.
const BATCH: i64 = 100;
/// Most rows looked at for a page.
const MOST_ROWS: usize = 2000;
const DAY_MS: i64 = 86_400_000;

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disk without a key.
    DiskNotEncrypted,
    /// A disk under another key than the region's default, where that is on.
    DiskNotOnDefaultKey,
    /// A disk whose key is not enabled, or gone.
    DiskKeyUnusable,
    /// A snapshot whose key is not enabled, or gone.
    SnapshotKeyUnusable,
    /// A snapshot that is plain or under another key, while its disk was encrypted anew or wrapped under one since.
    SnapshotUnderOldKey,
    /// The same, with a copy in its region that is under the disk's key: it is not needed any more.
    SnapshotSuperseded,
    /// A key whose newest version is older than the setting says.
    KeyPastRotationAge,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::DiskNotEncrypted,
        Self::DiskNotOnDefaultKey,
        Self::DiskKeyUnusable,
        Self::SnapshotKeyUnusable,
        Self::SnapshotUnderOldKey,
        Self::SnapshotSuperseded,
        Self::KeyPastRotationAge,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DiskNotEncrypted => "DiskNotEncrypted",
            Self::DiskNotOnDefaultKey => "DiskNotOnDefaultKey",
            Self::DiskKeyUnusable => "DiskKeyUnusable",
            Self::SnapshotKeyUnusable => "SnapshotKeyUnusable",
            Self::SnapshotUnderOldKey => "SnapshotUnderOldKey",
            Self::SnapshotSuperseded => "SnapshotSuperseded",
            Self::KeyPastRotationAge => "KeyPastRotationAge",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    const fn section(self) -> Section {
        match self {
            Self::DiskNotEncrypted | Self::DiskNotOnDefaultKey | Self::DiskKeyUnusable => Section::Disks,
            Self::SnapshotKeyUnusable | Self::SnapshotUnderOldKey | Self::SnapshotSuperseded => Section::Snapshots,
            Self::KeyPastRotationAge => Section::Keys,
        }
    }
}

impl Parameter for Kind {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Self::parse(text).ok_or(Invalid::Value)
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// `disk`, `snapshot` or `key`.
    pub resource_type: &'static str,
    /// Its id.
    pub resource_id: String,
    /// The key in question; `None` for what is plain.
    pub kms_key_id: Option<String>,
    /// What is the matter, in a sentence.
    pub detail: String,
    /// What mends it; `None` where no call does.
    pub remedy: Option<Remedy>,
    /// Whether that is being done already.
    pub is_under_way: bool,
}

/// A call that mends something.
#[derive(Clone, Debug)]
pub struct Remedy {
    /// The product.
    pub product: Product,
    /// The action.
    pub action: &'static str,
    /// Its parameters.
    pub parameters: Vec<(&'static str, String)>,
}

/// What a page begins after.
#[derive(Clone, Debug)]
pub struct Place {
    section: Section,
    after: Option<(Timestamp, String)>,
}

impl Place {
    /// Before everything.
    pub const BEGINNING: Self = Self { section: Section::Disks, after: None };

    /// As text, for a token.
    pub fn to_text(&self) -> String {
        let section = self.section.letter();
        self.after.as_ref().map_or_else(|| section.to_owned(), |(at, id)| format!("{section} {} {id}", at.unix_ms()))
    }

    /// From such a text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(3, ' ');
        let letter = words.next()?;
        let section = Section::ALL.into_iter().find(|section| section.letter() == letter)?;
        let after = match (words.next(), words.next()) {
            (Some(at), Some(id)) => Some((Timestamp::from_unix_ms(at.parse().ok()?), id.to_owned())),
            _ => None,
        };
        Some(Self { section, after })
    }
}

/// What is looked at, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Disks,
    Snapshots,
    Keys,
}

impl Section {
    const ALL: [Self; 3] = [Self::Disks, Self::Snapshots, Self::Keys];

    const fn letter(self) -> &'static str {
        match self {
            Self::Disks => "d",
            Self::Snapshots => "s",
            Self::Keys => "k",
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Disks => Some(Self::Snapshots),
            Self::Snapshots => Some(Self::Keys),
            Self::Keys => None,
        }
    }
}

enum Row {
    Disk(Box<Disk>),
    Snapshot(Box<Snapshot>),
    Key(Box<Key>),
}

impl Row {
    fn position(&self) -> (Timestamp, String) {
        match self {
            Self::Disk(disk) => (disk.created_at, disk.disk_id.clone()),
            Self::Snapshot(snapshot) => (snapshot.created_at, snapshot.snapshot_id.clone()),
            Self::Key(key) => (key.created_at, key.key_id.clone()),
        }
    }
}

/// At most `most` findings of the caller's account in a region from a place on, all or of one kind; and where the next page begins.
pub fn examine(
    cx: &Cx<'_>,
    region: Region,
    wanted: Option<Kind>,
    mut place: Place,
    most: usize,
) -> Result<(Vec<Finding>, Option<Place>), ApiError> {
    let mut examiner = Examiner::new(cx, region)?;
    let (mut findings, mut seen) = (Vec::new(), 0);
    loop {
        let skipped = wanted.is_some_and(|kind| kind.section() != place.section);
        let rows = if skipped { Vec::new() } else { examiner.rows(&place)? };
        for row in &rows {
            let mut found = examiner.findings(row)?;
            found.retain(|finding| wanted.is_none_or(|kind| kind == finding.kind));
            if findings.len() + found.len() > most || seen == MOST_ROWS {
                return Ok((findings, Some(place)));
            }
            findings.append(&mut found);
            seen += 1;
            place.after = Some(row.position());
        }
        if rows.is_empty() {
            let Some(section) = place.section.next() else { return Ok((findings, None)) };
            place = Place { section, after: None };
        }
    }
}

struct Examiner<'c, 'a> {
    cx: &'c Cx<'a>,
    region: Region,
    /// The key that new disks come under, where the default is on and the key is made.
    default_key_id: Option<String>,
    keys: HashMap<String, Option<Key>>,
}

impl<'c, 'a> Examiner<'c, 'a> {
    fn new(cx: &'c Cx<'a>, region: Region) -> Result<Self, ApiError> {
        let default_key_id = match setting::enabled(cx, region)? {
            None => None,
            Some(default) if default.kms_key_id.is_some() => default.kms_key_id,
            Some(_) => service::service_key_id(cx.tx, cx.account(), region)?,
        };
        Ok(Self { cx, region, default_key_id, keys: HashMap::new() })
    }

    fn rows(&self, place: &Place) -> Result<Vec<Row>, ApiError> {
        let (tx, account, region) = (self.cx.tx, self.cx.account(), self.region);
        let start = match &place.after {
            Some((at, id)) => Start::After(*at, id.clone()),
            None => Start::Offset(0),
        };
        Ok(match place.section {
            Section::Disks => {
                let disks = disks::list(tx, account, region, &disks::Filter::default(), &start, BATCH)?;
                disks.into_iter().map(|disk| Row::Disk(Box::new(disk))).collect()
            }
            Section::Snapshots => {
                let all = snapshots::list(tx, account, region, &snapshots::Filter::default(), &start, BATCH)?;
                all.into_iter().map(|snapshot| Row::Snapshot(Box::new(snapshot))).collect()
            }
            Section::Keys => {
                let keys = keys::page(tx, account, region, &start, BATCH)?;
                keys.into_iter().map(|key| Row::Key(Box::new(key))).collect()
            }
        })
    }

    fn findings(&mut self, row: &Row) -> Result<Vec<Finding>, ApiError> {
        match row {
            Row::Disk(disk) => self.of_disk(disk),
            Row::Snapshot(snapshot) => self.of_snapshot(snapshot),
            Row::Key(key) => Ok(self.of_key(key).into_iter().collect()),
        }
    }

    fn key(&mut self, key_id: &str) -> Result<Option<&Key>, ApiError> {
        if !self.keys.contains_key(key_id) {
            self.keys.insert(key_id.to_owned(), Key::get(self.cx.tx, key_id)?);
        }
        Ok(self.keys.get(key_id).and_then(Option::as_ref))
    }

    fn of_disk(&mut self, disk: &Disk) -> Result<Vec<Finding>, ApiError> {
        let base = |kind, detail: &str, remedy| Finding {
            kind,
            resource_type: "disk",
            resource_id: disk.disk_id.clone(),
            kms_key_id: disk.kms_key_id.clone(),
            detail: detail.to_owned(),
            remedy,
            is_under_way: false,
        };
        let remedy = |action, more: Option<(&'static str, String)>| {
            let parameters = [("DiskId", disk.disk_id.clone())].into_iter().chain(more).collect();
            Some(Remedy { product: Product::Coffer, action, parameters })
        };
        let Some(key_id) = &disk.kms_key_id else {
            let finding = if encryption::can_be_encrypted(disk)? {
                base(Kind::DiskNotEncrypted, "The disk is not encrypted.", remedy("ReencryptDisk", None))
            } else {
                base(Kind::DiskNotEncrypted, "The disk is not encrypted, and its category or region can't be.", None)
            };
            let is_under_way = Reencryption::get(self.cx.tx, &disk.disk_id)?.is_some();
            return Ok(vec![Finding { is_under_way, ..finding }]);
        };
        let mut findings = Vec::new();
        let key = self.key(key_id)?;
        let is_gone = key.is_none();
        if let Some((detail, remedy)) = not_enabled(key_id, key) {
            findings.push(base(Kind::DiskKeyUnusable, &detail, remedy));
        }
        if let Some(default) = self.default_key_id.as_ref().filter(|default| *default != key_id) {
            // A data key is wrapped anew by opening it: what is under a key that is gone stays there.
            let onto = remedy("RewrapDiskDataKey", Some(("KMSKeyId", default.clone()))).filter(|_| !is_gone);
            let finding = base(Kind::DiskNotOnDefaultKey, &format!("The region's default key is {default}."), onto);
            let is_under_way = Reencryption::get(self.cx.tx, &disk.disk_id)?.is_some();
            findings.push(Finding { is_under_way, ..finding });
        }
        Ok(findings)
    }

    fn of_snapshot(&mut self, snapshot: &Snapshot) -> Result<Vec<Finding>, ApiError> {
        let mut findings = Vec::new();
        let base = |kind, detail, remedy| Finding {
            kind,
            resource_type: "snapshot",
            resource_id: snapshot.snapshot_id.clone(),
            kms_key_id: snapshot.kms_key_id.clone(),
            detail,
            remedy,
            is_under_way: false,
        };
        let mut is_gone = false;
        if let Some(key_id) = &snapshot.kms_key_id {
            let key = self.key(key_id)?;
            is_gone = key.is_none();
            if let Some((detail, remedy)) = not_enabled(key_id, key) {
                findings.push(base(Kind::SnapshotKeyUnusable, detail, remedy));
            }
        }
        let disk = Disk::get(self.cx.tx, &snapshot.source_disk_id)?;
        let disk = disk.filter(|disk| disk.account == snapshot.account && disk.region == snapshot.region);
        let Some(key_id) = disk.and_then(|disk| disk.kms_key_id) else { return Ok(findings) };
        if snapshot.kms_key_id.as_ref() == Some(&key_id) || snapshot.status != "accomplished" {
            return Ok(findings);
        }
        let (tx, account, region) = (self.cx.tx, self.cx.account(), self.region);
        let copy = snapshots::status_of_copy(tx, &snapshot.snapshot_id, account, region, &key_id)?;
        findings.push(match copy.as_deref() {
            Some("accomplished") => {
                let detail = format!("A copy of it is under {key_id}, the key of its disk.");
                base(Kind::SnapshotSuperseded, detail, Some(self.deletion_of(snapshot)))
            }
            other => Finding {
                is_under_way: other.is_some(),
                ..base(
                    Kind::SnapshotUnderOldKey,
                    format!("Its disk is under {key_id} now."),
                    Some(self.copy_of(snapshot, key_id)).filter(|_| !is_gone),
                )
            },
        });
        Ok(findings)
    }

    fn deletion_of(&self, snapshot: &Snapshot) -> Remedy {
        let parameters = vec![("RegionId", self.region.id().to_owned()), ("SnapshotId", snapshot.snapshot_id.clone())];
        Remedy { product: Product::Ecs, action: "DeleteSnapshot", parameters }
    }

    fn copy_of(&self, snapshot: &Snapshot, key_id: String) -> Remedy {
        let region = self.region.id().to_owned();
        let name = Some(&snapshot.snapshot_name).filter(|name| !name.is_empty()).unwrap_or(&snapshot.snapshot_id);
        let mut parameters = vec![
            ("RegionId", region.clone()),
            ("SnapshotId", snapshot.snapshot_id.clone()),
            ("DestinationRegionId", region),
            ("DestinationSnapshotName", name.clone()),
            ("DestinationSnapshotDescription", format!("copy of {}", snapshot.snapshot_id)),
            ("Encrypted", "true".to_owned()),
            ("KMSKeyId", key_id),
        ];
        parameters.extend(snapshot.retention_days.map(|days| ("RetentionDays", days.to_string())));
        Remedy { product: Product::Ecs, action: "CopySnapshot", parameters }
    }

    fn of_key(&self, key: &Key) -> Option<Finding> {
        let days = self.cx.settings.rotation_age_d;
        let is_past = key.last_rotation_at.plus_ms(days.saturating_mul(DAY_MS)) <= self.cx.now;
        if key.state != "Enabled" || !is_past {
            return None;
        }
        let since = key.last_rotation_at.to_iso8601();
        let (why, can_rotate) = match (key.creator_type.as_str(), key.origin.as_str()) {
            ("Service", _) => (" It is the service's own, which can't be rotated.", false),
            (_, "EXTERNAL") => (" Its material was imported: import another into a new key.", false),
            _ => ("", true),
        };
        let parameters = vec![("KeyId", key.key_id.clone())];
        Some(Finding {
            kind: Kind::KeyPastRotationAge,
            resource_type: "key",
            resource_id: key.key_id.clone(),
            kms_key_id: Some(key.key_id.clone()),
            detail: format!("Its newest version is of {since}, more than {days} days ago.{why}"),
            remedy: can_rotate.then_some(Remedy { product: Product::Kms, action: "CreateKeyVersion", parameters }),
            is_under_way: false,
        })
    }
}

/// What is the matter with a key, and what mends it; `None` for one that is enabled.
fn not_enabled(key_id: &str, key: Option<&Key>) -> Option<(String, Option<Remedy>)> {
    let state = key.map(|key| key.state.as_str());
    let action = match state {
        Some("Enabled") => return None,
        Some("Disabled") => Some("EnableKey"),
        Some("PendingDeletion") => Some("CancelKeyDeletion"),
        // Nobody but its owner has the material; what is gone comes back by no call.
        Some(_) | None => None,
    };
    let parameters = vec![("KeyId", key_id.to_owned())];
    let remedy = action.map(|action| Remedy { product: Product::Kms, action, parameters });
    Some((format!("The key {key_id} is {}.", state.unwrap_or("gone")), remedy))
}
