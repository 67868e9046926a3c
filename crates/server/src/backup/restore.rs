//! `coffer restore`: a data directory of a backup. Everything is verified before anything is written; it is written beside its place and
//! takes it with one rename, so that there is never half of one.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use coffer_base::Rng as _;
use coffer_crypto::SystemRng;
use coffer_store::volumes::{self, Volume};
use coffer_store::{Db, Options, StoreError, Tx, events};
use serde_json::{Value, json};

use super::archive::{self, Entry, Manifest, Reader};
use super::progress::Progress;
use crate::cli::{Failure, Output, Reason, chain};

/// What is made of which backup.
#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    backup: PathBuf,
    /// The data directory to make: it must be empty, or not be there
    #[arg(long, env = "COFFER_DATA", value_name = "DIR", required_unless_present = "verify")]
    data: Option<PathBuf>,
    /// The id that the backup must have, as `coffer backup` printed it: that of one that was replaced as a whole is another
    #[arg(long, value_name = "ID")]
    expect: Option<String>,
    /// Verify only
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    output: Output,
}

/// A disk whose volume is not in the backup.
struct Lost {
    volume: Volume,
    /// The snapshot that was made for the backup, and that it becomes again; empty if nothing was ever written to it.
    held: Option<String>,
    /// The newest snapshot that it can be reset to.
    snapshot_id: Option<String>,
}

impl Restore {
    /// Does it.
    pub(crate) fn run(&self) -> ExitCode {
        self.restore().map_or_else(|failure| failure.tell(), |()| ExitCode::SUCCESS)
    }

    fn restore(&self) -> Result<(), Failure> {
        let reader = self.verified()?;
        let Some(data) = self.data.as_ref().filter(|_| !self.verify) else {
            let facts =
                json!({"Id": reader.id, "Files": reader.manifest.files.len(), "MadeAt": reader.manifest.made_at});
            return Ok(self
                .output
                .done(&format!("The backup {} is whole; id {}", self.backup.display(), reader.id), &facts)?);
        };
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::machine(data.display(), chain(error));
        require_empty(data)?;
        let staging = Staging::new(data).map_err(|error| failed(&error))?;
        extract(&reader, &staging.path).map_err(|error| failed(&error))?;
        let lost = settle(&staging.path, &reader.manifest)?;
        staging.put(data).map_err(|error| failed(&error))?;
        self.tell(data, &reader, &lost)
    }

    /// The backup, every byte of which was read and is as it was written.
    fn verified(&self) -> Result<Reader, Failure> {
        let refused = |error: io::Error| {
            Failure::new(Reason::Found, format!("{}: {error}", self.backup.display()))
                .next("nothing was written; try another backup")
        };
        let reader = Reader::open(&self.backup).map_err(refused)?;
        if self.expect.as_ref().is_some_and(|id| *id != reader.id) {
            return Err(refused(io::Error::other(format!("it is another backup: its id is {}", reader.id))));
        }
        let mut progress = Progress::new("verifying", reader.manifest.files.iter().map(Entry::stored_bytes).sum());
        for entry in &reader.manifest.files {
            reader.read(entry, &mut |_, _| Ok(()), &mut |bytes| progress.add(bytes)).map_err(refused)?;
        }
        drop(progress);
        Ok(reader)
    }

    fn tell(&self, data: &Path, reader: &Reader, lost: &[Lost]) -> Result<(), Failure> {
        let manifest = &reader.manifest;
        if !manifest.has_root_key {
            eprintln!(
                "coffer: the backup has no root key: put its file into {} before the server starts.",
                data.display()
            );
        }
        let (held, lost): (Vec<&Lost>, Vec<&Lost>) = lost.iter().partition(|lost| lost.held.is_some());
        for disk in &lost {
            let remedy = match &disk.snapshot_id {
                Some(snapshot_id) => format!("ResetDisk to its snapshot {snapshot_id}"),
                None => "it has no snapshot: ReInitDisk makes it empty".to_owned(),
            };
            eprintln!("coffer: {}: NotInBackup: {remedy}.", disk.volume.disk_id);
        }
        let facts: Vec<Value> = lost
            .iter()
            .map(|lost| json!({"DiskId": lost.volume.disk_id, "DataStatus": "NotInBackup", "SnapshotId": lost.snapshot_id}))
            .collect();
        let clones: Vec<Value> =
            held.iter().map(|held| json!({"DiskId": held.volume.disk_id, "SnapshotId": held.held})).collect();
        let made_at = &manifest.made_at;
        let (lost, held) = (lost.len(), held.len());
        let others = match held {
            0 => String::new(),
            _ => format!(", {held} become again what their snapshots hold when the server starts"),
        };
        let place = data.display();
        let sentence = format!("{place} is as it was at {made_at}; {lost} disks have no bytes in it{others}");
        Ok(self.output.done(
            &sentence,
            &json!({"Data": data.display().to_string(), "Id": reader.id, "MadeAt": made_at, "Disks": facts, "FromSnapshots": clones,
                    "HasRootKey": manifest.has_root_key}),
        )?)
    }
}

/// The name of the object that a snapshot's manifest is.
pub(super) fn object_of(manifest: &volumes::Manifest) -> String {
    format!("objects/{}/{}/manifest", manifest.chain, manifest.sequence)
}

fn require_empty(data: &Path) -> Result<(), Failure> {
    match fs::read_dir(data).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(false) => Err(Failure::new(Reason::Configuration, format!("{} is not empty", data.display()))
            .next("restore into a new directory; the old one can be moved away")),
        Err(error) => Err(Failure::machine(data.display(), error)),
    }
}

/// A directory that is to take a place.
struct Staging {
    path: PathBuf,
    /// Locked as long as somebody works in it.
    lock: File,
    is_put: bool,
}

impl Staging {
    /// A new one beside the place; those that were left by restores that were cut off are removed.
    fn new(data: &Path) -> io::Result<Self> {
        let (parent, name) =
            (archive::parent(data), data.file_name().unwrap_or_default().to_string_lossy().into_owned());
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let prefix = format!(".{name}.restoring-");
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            let is_one = entry.file_name().to_string_lossy().starts_with(&prefix);
            if is_one && File::open(entry.path())?.try_lock().is_ok() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let path = parent.join(format!("{prefix}{}", SystemRng.uuid()));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::open(&path)?;
        lock.lock()?;
        Ok(Self { path, lock, is_put: false })
    }

    /// Puts it into its place: all of it, or nothing.
    fn put(mut self, data: &Path) -> io::Result<()> {
        sync_tree(&self.path)?;
        // Where there is a directory, only an empty one can be replaced so.
        fs::rename(&self.path, data)?;
        self.is_put = true;
        archive::sync_directory(archive::parent(data))?;
        self.lock.unlock()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_put
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            eprintln!("coffer: {} is left over: {error}", self.path.display());
        }
    }
}

/// Makes the names in every directory durable; the files are already.
fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    archive::sync_directory(directory)
}

fn extract(reader: &Reader, into: &Path) -> io::Result<()> {
    let mut progress = Progress::new("restoring", reader.manifest.files.iter().map(Entry::stored_bytes).sum());
    for entry in &reader.manifest.files {
        let path = into.join(&entry.path);
        DirBuilder::new().recursive(true).mode(0o700).create(archive::parent(&path))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.set_len(entry.length)?;
        reader.read(entry, &mut |offset, piece| file.write_all_at(piece, offset), &mut |bytes| progress.add(bytes))?;
        file.sync_all()?;
    }
    Ok(())
}

/// Brings the database up to date, requires the snapshots that it names, and puts on record which disks have no bytes, or those of a
/// snapshot: the server, which can open keys, makes them that.
fn settle(data: &Path, of: &Manifest) -> Result<Vec<Lost>, Failure> {
    let failed = |error: StoreError| Failure::new(Reason::Found, format!("the backup's database: {}", chain(&error)));
    let db = Db::open(data, Options::default()).map_err(failed)?;
    let names: BTreeSet<&str> = of.files.iter().map(|entry| entry.path.as_str()).collect();
    let kept = db.read(volumes::kept).map_err(failed)?;
    if let Some(missing) = kept.iter().find(|manifest| !names.contains(object_of(manifest).as_str())) {
        let what = format!("the objects of the snapshot {} are not in the backup", missing.snapshot_id);
        return Err(Failure::new(Reason::Found, what).next("nothing was written; try another backup"));
    }
    let is_missing =
        |volume: &Volume| volume.is_made && !names.contains(format!("volumes/{}/meta", volume.volume_id).as_str());
    let missing = db.read(volumes::all).map_err(failed)?.into_iter().filter(is_missing);
    let newest = |volume: &Volume| {
        let of_disk = kept.iter().filter(|manifest| volume.volume_id == manifest.volume_id);
        of_disk.max_by_key(|manifest| manifest.sequence).map(|manifest| manifest.snapshot_id.clone())
    };
    let held = |volume: &Volume| {
        of.disks.iter().find(|held| held.volume_id == volume.volume_id).map(|held| held.snapshot_id.clone())
    };
    let lost: Vec<Lost> =
        missing.map(|volume| Lost { held: held(&volume), snapshot_id: newest(&volume), volume }).collect();
    let marks: Vec<_> = lost.iter().map(|lost| (lost.volume.volume_id.clone(), lost.held.clone())).collect();
    let mark = move |tx: &Tx<'_>| {
        marks.iter().try_for_each(|(volume_id, held)| match held {
            Some(snapshot_id) => volumes::mark_to_be_cloned(tx, volume_id, snapshot_id),
            None => volumes::mark_lost(tx, volume_id),
        })?;
        events::jump(tx)
    };
    db.write(mark).wait().map_err(failed)?;
    Ok(lost)
}
