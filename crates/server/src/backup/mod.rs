//! `coffer backup` and `coffer restore`: everything that a server keeps, in one file and back.
//!
//! What is in it: a consistent picture of the database, the objects of snapshots, what keeps the root key, the certificates. Volumes are
//! written to all the time by a server that runs, so they are in it only if none does; else snapshots that it makes for the backup can
//! stand for them ([`disks`]). The database comes first and objects are
//! immutable; that none is removed meanwhile is what the lock on [`PIN`] is for.

mod archive;
mod disks;
mod progress;
mod restore;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use clap::Args;
use coffer_store::{Db, LOCK, StoreError, volumes};
use serde_json::{Value, json};

use crate::cli::{self, Failure, Lock, Output, Reason, chain};
use crate::config::{Config, ServeArguments};
use crate::place::require_data;
use crate::serve::now;
use archive::{Held, Manifest, Writer};
use disks::{Disks, Snapshots};
use progress::Progress;
pub(crate) use restore::Restore;

/// The file in the data directory whose shared lock keeps every object where it is.
pub(crate) const PIN: &str = "backup.lock";
const WITHOUT_DISKS: &str =
    "a server runs: the bytes of disks are not in the backup, those of their snapshots are; --with-disks makes some.";
const WITH_DISKS: &str = "the bytes of disks are in the backup as they were in the snapshots that were made for it.";
/// How often what is being copied is synced.
const SYNC_EVERY: Duration = Duration::from_millis(10);
/// What the files begin with that keep the root key.
const ROOT: &str = "root.";
/// What a copy of the database beside a backup that is being written has at the end of its name.
const COPY: &str = ".partial-database";

/// What is written where.
#[derive(Args)]
pub(crate) struct Backup {
    /// The file to write, or a directory to write one into
    #[arg(value_name = "FILE|DIR")]
    target: PathBuf,
    /// The data directory [default: the configuration file's, else coffer-data]
    #[arg(long, env = "COFFER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The server's configuration file
    #[arg(long, env = "COFFER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Leave out what keeps the root key: without its own copy of that, nobody can open the backup
    #[arg(long)]
    without_root_key: bool,
    #[command(flatten)]
    disks: Disks,
    #[command(flatten)]
    output: Output,
}

/// A file that belongs into it.
struct Source {
    /// Its name in the backup.
    name: String,
    path: PathBuf,
    /// How many bytes it takes.
    bytes: u64,
}

impl Backup {
    /// Writes it.
    pub(crate) fn run(&self) -> ExitCode {
        self.write().map_or_else(|failure| failure.tell(), |()| ExitCode::SUCCESS)
    }

    fn write(&self) -> Result<(), Failure> {
        let arguments =
            ServeArguments { data: self.data.clone(), config: self.config.clone(), ..ServeArguments::default() };
        let config = arguments.resolve().map_err(|error| Failure::new(Reason::Configuration, chain(&error)))?;
        require_data(&config.data)?;
        let target = self.place(&config.data)?;
        let lock = cli::lock(&config.data);
        if matches!(lock, Lock::None) {
            let what = format!("{} can't be locked", config.data.join(LOCK).display());
            return Err(
                Failure::new(Reason::Machine, what).next("run it as the user that the server runs as, or as root")
            );
        }
        let online = matches!(lock, Lock::Held);
        let mut snapshots = if online { self.disks.snapshots(&config.data, config.listen)? } else { None };
        let written = self.write_to(&config, &target, online, snapshots.as_ref());
        let ended = self.disks.end(snapshots.as_mut());
        if let (Err(_), Err(left)) = (&written, &ended) {
            left.tell();
        }
        let facts = written?;
        if online {
            eprintln!("coffer: {}", if snapshots.is_some() { WITH_DISKS } else { WITHOUT_DISKS });
        }
        let (bytes, files, id) = (&facts["Bytes"], &facts["Files"], facts["Id"].as_str().unwrap_or_default());
        self.output.done(&format!("{}\n{files} files, {bytes} bytes; id {id}", target.display()), &facts)?;
        ended?;
        snapshots.map_or(Ok(()), |snapshots| snapshots.require_all())
    }

    /// Writes it, and says what it is.
    fn write_to(
        &self,
        config: &Config,
        target: &Path,
        online: bool,
        snapshots: Option<&Snapshots>,
    ) -> Result<Value, Failure> {
        let _pin = pin(&config.data).map_err(|error| Failure::machine("keeping objects where they are", error))?;
        let failed = |error| Failure::machine(target.display(), error);
        let mut writer = Writer::create(target).map_err(failed)?;
        let manifest = self.fill(config, &mut writer, target, online, snapshots)?;
        let (files, schema, made_at) = (writer.entries().len(), manifest.schema, manifest.made_at.clone());
        let of_disks = manifest.disks.len();
        let (bytes, id) = writer.finish(manifest).map_err(failed)?;
        let missing = snapshots.map(Snapshots::missing).unwrap_or_default();
        Ok(json!({
            "Path": target.display().to_string(), "Id": id, "Bytes": bytes, "Files": files, "Schema": schema,
            "MadeAt": made_at, "HasVolumes": !online, "HasRootKey": !self.without_root_key,
            "DisksFromSnapshots": of_disks, "MissingDisks": missing,
        }))
    }

    /// The file to write.
    fn place(&self, data: &Path) -> Result<PathBuf, Failure> {
        let target = if self.target.is_dir() {
            clear(&self.target).map_err(|error| Failure::machine(self.target.display(), error))?;
            let moment: String = now().to_iso8601().chars().filter(char::is_ascii_alphanumeric).collect();
            self.target.join(format!("coffer-{moment}.backup"))
        } else {
            self.target.clone()
        };
        let directory = archive::parent(&target);
        let failed = |error| Failure::machine(directory.display(), error);
        let (directory, data) = (directory.canonicalize().map_err(failed)?, data.canonicalize().map_err(failed)?);
        if directory.starts_with(data) {
            return Err(Failure::new(Reason::Configuration, "a backup within the data directory is lost with it")
                .next("write it to another disk"));
        }
        Ok(target)
    }

    fn fill(
        &self,
        config: &Config,
        writer: &mut Writer,
        target: &Path,
        online: bool,
        snapshots: Option<&Snapshots>,
    ) -> Result<Manifest, Failure> {
        let failed =
            |what: &Path, error: &(dyn std::error::Error + 'static)| Failure::machine(what.display(), chain(error));
        // Kept until the end: what opens the database must be of the moment of its picture.
        let own = own_files(&config.data, self.without_root_key).map_err(|error| failed(&config.data, &error))?;
        let copy = Removed(archive::beside(target, COPY));
        copy.remove().map_err(|error| failed(&copy.0, &error))?;
        // The database takes an empty file that is there, and with it who may read it.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&copy.0);
        made.map_err(|error| failed(&copy.0, &error))?;
        let made_at = now().to_iso8601();
        let copied = synced_meanwhile(&copy.0, || Db::copy(&config.data, &copy.0));
        let copied = copied.map_err(|error| failed(&copy.0, &error))?;
        let schema = copied.map_err(|error| failed(&config.data, &error))?;
        let database = File::open(&copy.0).map_err(|error| failed(&copy.0, &error))?;
        let again = own_files(&config.data, self.without_root_key).map_err(|error| failed(&config.data, &error))?;
        if own.iter().ne(&again) {
            let what = "what keeps the root key, or another file, was changed while the backup was made";
            return Err(Failure::new(Reason::Machine, what).next("try again"));
        }
        let mut sources = Vec::new();
        for name in &own {
            sources.extend(
                source(config.data.join(&name.0), name.0.clone()).map_err(|error| failed(&config.data, &error))?,
            );
        }
        walk(&config.volumes.objects, "objects", &mut sources)
            .map_err(|error| failed(&config.volumes.objects, &error))?;
        if !online {
            let place = &config.volumes.volumes;
            walk(place, "volumes", &mut sources).map_err(|error| failed(place, &error))?;
        }
        let total = sources.iter().map(|source| source.bytes).sum::<u64>();
        let size = database.metadata().map_err(|error| failed(&copy.0, &error))?.len();
        let mut progress = Progress::new("backing up", total + size);
        let mut tell = |bytes| progress.add(bytes);
        writer.add(coffer_store::FILE, &database, &mut tell).map_err(|error| failed(target, &error))?;
        for source in sources {
            let file = match File::open(&source.path) {
                Ok(file) => file,
                // Of an upload that was given up meanwhile; what the database needs is counted below.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(&source.path, &error)),
            };
            writer.add(&source.name, &file, &mut tell).map_err(|error| failed(&source.path, &error))?;
        }
        drop(progress);
        let kept = Db::peek_file(&copy.0, volumes::kept).map_err(|error: StoreError| failed(&copy.0, &error))?;
        require_snapshots(&kept, writer)?;
        let disks: Vec<Held> = snapshots.map(|snapshots| snapshots.held(&kept)).transpose()?.unwrap_or_default();
        Ok(Manifest {
            format: archive::FORMAT.to_owned(),
            made_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            online,
            has_volumes: !online,
            has_root_key: !self.without_root_key,
            files: Vec::new(),
            disks,
        })
    }
}

/// Has a file that is being written synced again and again meanwhile. The syncs of a server on the same disk wait for what is being synced: that is
/// never much at once then.
fn synced_meanwhile<T>(path: &Path, write: impl FnOnce() -> T) -> io::Result<T> {
    let (writing, written) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let syncing = scope.spawn(move || {
            while written.recv_timeout(SYNC_EVERY) == Err(RecvTimeoutError::Timeout) {
                match File::open(path).and_then(|file| file.sync_data()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        });
        let outcome = write();
        drop(writing);
        syncing.join().unwrap_or_else(|_| Err(io::Error::other("syncing a copy panicked")))?;
        Ok(outcome)
    })
}

/// Removes what backups into a directory left there that were cut off: each had a name of its own, which no later one replaces.
fn clear(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("coffer-") && name.ends_with(archive::PARTIAL) && archive::is_abandoned(&path)? {
            Removed(path.with_file_name(name.replace(archive::PARTIAL, COPY))).remove()?;
            Removed(path).remove()?;
        }
    }
    Ok(())
}

/// A file that goes when this is dropped.
struct Removed(PathBuf);

impl Removed {
    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("coffer: {} is left over: {error}", self.0.display());
        }
    }
}

/// Waits until the server removes no object, and keeps it from removing any.
fn pin(data: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(data.join(PIN))?;
    file.lock_shared()?;
    Ok(file)
}

/// The files of the data directory itself, with their content's hash: all but the database, locks and what was not finished.
fn own_files(data: &Path, without_root_key: bool) -> io::Result<BTreeSet<(String, [u8; 32])>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_other = name.starts_with(coffer_store::FILE) || name == LOCK || name == PIN;
        if entry.file_type()?.is_file() && !is_other && !(without_root_key && name.starts_with(ROOT)) {
            files.insert((name, coffer_crypto::digest::sha256(&fs::read(entry.path())?)));
        }
    }
    Ok(files)
}

fn source(path: PathBuf, name: String) -> io::Result<Option<Source>> {
    match fs::metadata(&path) {
        Ok(found) => Ok(Some(Source { name, bytes: found.len().min(found.blocks() * 512), path })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every file below a directory, in order, but objects that were not finished. A directory that is not there has none.
fn walk(directory: &Path, name: &str, found: &mut Vec<Source>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let own = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{name}/{own}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &name, found)?;
        } else if !own.contains('#') {
            found.extend(source(entry.path(), name)?);
        }
    }
    Ok(())
}

/// That every snapshot of the database has its manifest among the files.
fn require_snapshots(kept: &[volumes::Manifest], writer: &Writer) -> Result<(), Failure> {
    let names: BTreeSet<&str> = writer.entries().iter().map(|entry| entry.path.as_str()).collect();
    let missing = kept.iter().find(|manifest| !names.contains(restore::object_of(manifest).as_str()));
    missing.map_or(Ok(()), |manifest| {
        let what = format!("the objects of the snapshot {} are missing", manifest.snapshot_id);
        Err(Failure::new(Reason::Found, what)
            .next("`coffer volume check --snapshots` says what else is missing; an earlier backup may have it"))
    })
}
