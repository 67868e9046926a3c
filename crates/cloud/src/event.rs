//! What happened, for whoever follows it. Most is told by the audit: each row that tells of a disk, a snapshot, an image, a key or the
//! default gives an event, in the same transaction. What is on no row is told where it is done.

use coffer_base::{AccountId, ApiError, Arn, Region, Timestamp};
use coffer_store::audit::Entry as Row;
use coffer_store::disks::Disk;
use coffer_store::events::{self, Event};
use coffer_store::keys::Key;
use coffer_store::{Record as _, Tx};
use serde_json::{Map, Value};

use crate::ecs::disk_key::Wording;
use crate::kms::dependants::Dependants;

/// What an action that succeeded tells, and the note that says of what.
const TOLD: &[(&str, &str, &str)] = &[
    ("ecs:CreateDisk", "DiskCreated", "diskId"),
    ("ecs:RunInstances", "DiskCreated", "diskId"),
    ("ecs:CreateInstance", "DiskCreated", "diskId"),
    ("ecs:ReplaceSystemDisk", "DiskCreated", "diskId"),
    ("ecs:ReplaceSystemDisk", "DiskDeleted", "releasedDiskId"),
    ("ecs:DeleteDisk", "DiskDeleted", "diskId"),
    ("ecs:AttachDisk", "DiskAttached", "diskId"),
    ("ecs:DetachDisk", "DiskDetached", "diskId"),
    ("ecs:ResizeDisk", "DiskResized", "diskId"),
    ("ecs:RunInstances", "InstanceCreated", "instanceId"),
    ("ecs:CreateInstance", "InstanceCreated", "instanceId"),
    ("ecs:DeleteInstance", "InstanceReleased", "instanceId"),
    ("ecs:DeleteInstances", "InstanceReleased", "instanceId"),
    ("ecs:CreateSnapshot", "SnapshotBegun", "snapshotId"),
    ("ecs:CreateSnapshotGroup", "SnapshotBegun", "snapshotId"),
    ("ecs:CopySnapshot", "SnapshotBegun", "snapshotId"),
    ("ecs:DeleteSnapshot", "SnapshotDeleted", "snapshotId"),
    ("ecs:CreateImage", "ImageBegun", "imageId"),
    ("ecs:CopyImage", "ImageBegun", "imageId"),
    ("ecs:DeleteImage", "ImageDeleted", "imageId"),
    ("kms:CreateKey", "KeyCreated", "keyId"),
    ("kms:EnableKey", "KeyEnabled", "keyId"),
    ("kms:DisableKey", "KeyDisabled", "keyId"),
    ("kms:ScheduleKeyDeletion", "KeyDeletionScheduled", "keyId"),
    ("kms:CancelKeyDeletion", "KeyDeletionCancelled", "keyId"),
    ("kms:DeleteKey", "KeyDeleted", "keyId"),
    ("kms:CreateKeyVersion", "KeyRotated", "keyId"),
    ("kms:ImportKeyMaterial", "KeyMaterialImported", "keyId"),
    ("kms:DeleteKeyMaterial", "KeyMaterialDeleted", "keyId"),
    ("coffer:RewrapDiskDataKey", "DiskRewrapped", "diskId"),
    ("coffer:ReencryptDisk", "ReencryptionBegun", "diskId"),
];

/// The same of the default, which is a region's.
const OF_DEFAULT: &[(&str, &str)] = &[
    ("ecs:EnableDiskEncryptionByDefault", "DefaultEncryptionEnabled"),
    ("ecs:DisableDiskEncryptionByDefault", "DefaultEncryptionDisabled"),
    ("ecs:ModifyDiskDefaultKMSKeyId", "DefaultKeyChanged"),
    ("ecs:ResetDiskDefaultKMSKeyId", "DefaultKeyChanged"),
];

/// What an action tells that a key refused, and the kind of resource it is about.
const REFUSED: &[(&str, &str, &str)] =
    &[("ecs:AttachDisk", "DiskAttachRefused", "disk"), ("ecs:StartInstance", "InstanceStartRefused", "instance")];

/// What was noted beside, by name.
pub type Notes<'a> = &'a [(&'static str, String)];

/// Tells what a row of the audit tells, if it does, in its transaction.
pub fn of_row(tx: &Tx<'_>, row: &Row<'_>, notes: Notes<'_>) -> Result<(), ApiError> {
    if row.outcome != "OK" {
        return refused(tx, row);
    }
    for (_, kind, note) in TOLD.iter().filter(|(action, ..)| *action == row.action) {
        for (_, id) in notes.iter().filter(|(name, _)| name == note) {
            // A service does by itself what was begun for a caller.
            let kind =
                if *kind == "ReencryptionBegun" && row.request_id.is_empty() { "ReencryptionDone" } else { kind };
            let resource_type = if *note == "releasedDiskId" { "disk" } else { note.trim_end_matches("Id") };
            let detail = detail(tx, kind, id, notes)?;
            append(tx, row, kind, (resource_type, id), detail)?;
        }
    }
    for (_, kind) in OF_DEFAULT.iter().filter(|(action, _)| *action == row.action) {
        let value_of = |wanted: &str| notes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        let detail = [("kmsKeyId".to_owned(), value_of("kmsKeyId").into())].into_iter().collect();
        append(tx, row, kind, ("region", value_of("regionId").unwrap_or_default()), detail)?;
    }
    Ok(())
}

fn refused(tx: &Tx<'_>, row: &Row<'_>) -> Result<(), ApiError> {
    let by_key = || Wording::ATTACH.codes().iter().any(|code| code.template().0 == row.outcome);
    let Some((_, kind, resource_type)) = REFUSED.iter().find(|(action, ..)| *action == row.action).filter(|_| by_key())
    else {
        return Ok(());
    };
    let sought = [":", resource_type, "/"].concat();
    let Some((_, id)) = row.resources.split(' ').find_map(|arn| arn.split_once(&sought)) else { return Ok(()) };
    let detail = [("code".to_owned(), row.outcome.into())].into_iter().collect();
    append(tx, row, kind, (resource_type, id), detail)
}

/// What else there is to say: of a disk how it is encrypted, of a key what hangs on it, of others what was noted beside.
fn detail(tx: &Tx<'_>, kind: &str, id: &str, notes: Notes<'_>) -> Result<Map<String, Value>, ApiError> {
    let mut detail = Map::new();
    let mut say = |name: &str, value: Value| drop(detail.insert(name.to_owned(), value));
    match kind {
        "DiskCreated" | "DiskRewrapped" | "ReencryptionDone" | "DiskResized" => {
            if let Some(disk) = Disk::get(tx, id)? {
                say("encrypted", disk.kms_key_id.is_some().into());
                say("kmsKeyId", disk.kms_key_id.into());
                say("sizeGiB", disk.size_gib.into());
                say("category", disk.category.into());
            }
        }
        "KeyDisabled" => {
            if let Some(key) = Key::get(tx, id)? {
                for (name, count) in Dependants::of(tx, &key)?.counts() {
                    say(name, count.into());
                }
            }
        }
        "DiskAttached" | "DiskDetached" | "KeyDeletionScheduled" | "KeyDeleted" | "KeyRotated" => {
            for (name, value) in notes {
                say(name, value.as_str().into());
            }
        }
        _ => {}
    }
    Ok(detail)
}

fn append(
    tx: &Tx<'_>,
    row: &Row<'_>,
    kind: &str,
    (resource_type, resource_id): (&str, &str),
    detail: Map<String, Value>,
) -> Result<(), ApiError> {
    let event = Event {
        account: row.account.clone(),
        at: row.at,
        kind: kind.to_owned(),
        region: if resource_type == "region" { resource_id } else { region_of(row.resources) }.to_owned(),
        resource_type: resource_type.to_owned(),
        resource_id: resource_id.to_owned(),
        principal: row.principal.to_owned(),
        request_id: row.request_id.to_owned(),
        detail: Value::Object(detail).to_string(),
    };
    Ok(events::append(tx, &event)?)
}

/// The region that the first of some ARNs names.
fn region_of(resources: &str) -> &str {
    let region = resources.split(' ').next().unwrap_or_default().split(':').nth(2).unwrap_or_default();
    if Region::parse(region).is_some() { region } else { "" }
}

/// What the service did by itself and the audit does not tell.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub account: &'a AccountId,
    /// What.
    pub kind: &'static str,
    /// Where.
    pub region: Region,
    /// `disk`, `snapshot` or `image`, and its id.
    pub resource: (&'static str, &'a str),
    /// What else there is to say.
    pub notes: Notes<'a>,
}

/// Tells it, in the transaction of what was done.
pub fn of_deed(tx: &Tx<'_>, deed: &Deed<'_>) -> Result<(), ApiError> {
    let (resource_type, resource_id) = deed.resource;
    let resource = Arn::ecs(deed.region, deed.account, &[resource_type, "/", resource_id].concat());
    let row = Row {
        at: deed.at,
        account: deed.account,
        principal: "ecs.aliyuncs.com",
        access_key_id: "",
        peer: "",
        action: "",
        resources: resource.as_str(),
        outcome: "OK",
        request_id: "",
        detail: "",
    };
    let detail = deed.notes.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    append(tx, &row, deed.kind, deed.resource, detail)
}
