//! `coffer disk`: disks listed, shown, made, their data keys wrapped again, and deleted.

use std::str::FromStr;

use clap::{Args, Subcommand};
use coffer_cloud::Product;
use serde_json::{Value, json};

use super::failure::{Failure, Reason};
use super::output::Output;
use super::reencrypt;
use super::session::{Connection, Session};

/// The id of a disk.
#[derive(Clone, Debug)]
pub(crate) struct DiskId(String);

impl DiskId {
    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DiskId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("d-").unwrap_or_default();
        if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("the id of a disk is d- and letters and digits")
        }
    }
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Disk {
    /// List the region's disks
    List(List),
    /// Show a disk: how it is encrypted, and where it is served
    Show(One),
    /// Create a data disk
    Create(Create),
    /// Wrap a disk's data key again, under its KMS key's newest version or under another; its bytes stay as they are
    Rewrap(Rewrap),
    /// Encrypt a disk's bytes anew under a new data key, or a plain disk's for the first time, while it is used
    Reencrypt(reencrypt::Reencrypt),
    /// Hold up what reencrypt began
    Pause(reencrypt::Pace),
    /// Let it go on
    Resume(reencrypt::Pace),
    /// Delete a disk and all that is on it
    Delete(One),
}

/// Which, and under what.
#[derive(Args, Debug)]
pub(crate) struct Rewrap {
    /// The disk
    disk: DiskId,
    /// KMS key [default: the one it has]
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Which disks.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those that are encrypted (true), or are not (false)
    #[arg(long, value_name = "BOOL")]
    encrypted: Option<bool>,
    /// Only those under that KMS key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// One of them.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// The disk
    disk: DiskId,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// What the new one is to be.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Size in GiB; from a snapshot at least as large as that, and no need to say
    #[arg(long, value_name = "GIB", required_unless_present = "snapshot")]
    size: Option<u32>,
    /// Zone [default: the region's first]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Category
    #[arg(long, value_name = "CATEGORY", default_value = "cloud_essd")]
    category: String,
    /// Name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether it is encrypted [default: what the region's default says]
    #[arg(long, value_name = "BOOL")]
    encrypted: Option<bool>,
    /// KMS key to encrypt it with; implies --encrypted true
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Snapshot to make it from
    #[arg(long, value_name = "ID")]
    snapshot: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: &[(&str, &str)] = &[
    ("DISK", "DiskId"),
    ("NAME", "DiskName"),
    ("ZONE", "ZoneId"),
    ("GIB", "Size"),
    ("STATUS", "Status"),
    ("INSTANCE", "InstanceId"),
    ("ENCRYPTED", "Encrypted"),
    ("KEY", "KMSKeyId"),
];

const FIELDS: &[(&str, &str)] = &[
    ("disk", "DiskId"),
    ("name", "DiskName"),
    ("serial", "SerialNumber"),
    ("zone", "ZoneId"),
    ("GiB", "Size"),
    ("category", "Category"),
    ("status", "Status"),
    ("bytes", "Encryption/DataStatus"),
    ("instance", "InstanceId"),
    ("made from", "SourceSnapshotId"),
    ("encrypted", "Encrypted"),
    ("cipher", "Encryption/Algorithm"),
    ("key", "KMSKeyId"),
    ("key version", "Encryption/KeyVersionId"),
    ("data key wrapped again", "Encryption/LastRewrapTime"),
    ("bytes encrypted anew", "Encryption/LastReencryptionTime"),
    ("encrypting anew, %", "Encryption/ReencryptionProgress"),
    ("export", "Export/Status"),
    ("uri", "Export/Uri"),
];

/// Does it.
pub(crate) fn run(verb: &Disk) -> Result<(), Failure> {
    match verb {
        Disk::List(list) => list.run(),
        Disk::Show(one) => one.show(),
        Disk::Create(create) => create.run(),
        Disk::Rewrap(rewrap) => rewrap.run(),
        Disk::Reencrypt(arguments) => reencrypt::begin(arguments),
        Disk::Pause(arguments) => reencrypt::pace(arguments, true),
        Disk::Resume(arguments) => reencrypt::pace(arguments, false),
        Disk::Delete(one) => one.delete(),
    }
}

/// A disk of the region.
pub(crate) fn find(session: &mut Session, disk_id: &str) -> Result<Value, Failure> {
    let ids = json!([disk_id]).to_string();
    let found = session.ecs("DescribeDisks", &[("DiskIds", &ids)])?;
    let disk = found["Disks"]["Disk"][0].clone();
    if disk.is_null() {
        let what = format!("there is no disk {disk_id} in {}", session.region);
        let next = "`coffer disk list` shows those there are; --region looks in another region";
        return Err(Failure::new(Reason::Refused, what).next(next));
    }
    Ok(disk)
}

impl List {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let mut parameters = Vec::new();
        parameters.extend(self.encrypted.map(|yes| ("Encrypted", if yes { "true" } else { "false" })));
        parameters.extend(self.key.as_deref().map(|key| ("KMSKeyId", key)));
        let disks = session.list((Product::Ecs, "DescribeDisks"), &parameters, ("Disks", "Disk"))?;
        Ok(self.output.list(COLUMNS, &disks)?)
    }
}

impl One {
    fn show(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let disk_id = self.disk.as_str();
        let mut disk = find(&mut session, disk_id)?;
        disk["Encryption"] = session.call(Product::Coffer, "DescribeDiskEncryption", &[("DiskId", disk_id)])?;
        let mut export = session.call(Product::Coffer, "DescribeDiskExport", &[("DiskId", disk_id)])?;
        // Whoever shows a disk to others does not mean to show its key.
        export.as_object_mut().map(|export| export.remove("Tls"));
        disk["Export"] = export;
        Ok(self.output.show(FIELDS, &disk)?)
    }

    fn delete(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let disk_id = self.disk.as_str();
        session.call(Product::Ecs, "DeleteDisk", &[("DiskId", disk_id)])?;
        Ok(self.output.done(&format!("{disk_id} is deleted."), &json!({"DiskId": disk_id}))?)
    }
}

impl Rewrap {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let mut parameters = vec![("DiskId", self.disk.as_str())];
        parameters.extend(self.key.as_deref().map(|key| ("KMSKeyId", key)));
        let wrapped = session.call(Product::Coffer, "RewrapDiskDataKey", &parameters)?;
        let text = |name: &str| wrapped[name].as_str().unwrap_or_default().to_owned();
        let (key, version) = (text("KMSKeyId"), text("KeyVersionId"));
        let disk_id = self.disk.as_str();
        let sentence = format!("The data key of {disk_id} is wrapped under {key}, version {version}.");
        Ok(self.output.done(&sentence, &wrapped)?)
    }
}

impl Create {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => first_zone(&mut session)?,
        };
        let size = self.size.map(|size| size.to_string());
        let encrypted = self.encrypted.or(self.key.as_ref().map(|_| true)).map(|yes| yes.to_string());
        let optional = [
            ("Size", &size),
            ("DiskName", &self.name),
            ("Encrypted", &encrypted),
            ("KMSKeyId", &self.key),
            ("SnapshotId", &self.snapshot),
        ];
        let mut parameters = vec![("ZoneId", zone.as_str()), ("DiskCategory", &self.category)];
        parameters.extend(optional.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        let made = session.ecs("CreateDisk", &parameters)?;
        Ok(self.output.done(made["DiskId"].as_str().unwrap_or_default(), &made)?)
    }
}

fn first_zone(session: &mut Session) -> Result<String, Failure> {
    let zones = session.ecs("DescribeZones", &[])?;
    let zone = zones["Zones"]["Zone"][0]["ZoneId"].as_str();
    zone.map(str::to_owned).ok_or_else(|| {
        Failure::new(Reason::Refused, format!("{} has no zone", session.region)).next("choose another with --region")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_disk_leads_to_no_other_path() {
        assert!("d-bp1lozudczuei5aomu7p".parse::<DiskId>().is_ok());
        for text in ["", "d-", "i-abc", "d-a/b", "d-..", "d-a.1"] {
            assert!(text.parse::<DiskId>().is_err(), "{text}");
        }
    }
}
