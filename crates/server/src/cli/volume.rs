//! `coffer volume`: the files of volumes and the objects of snapshots, looked at without a server. Reads only.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use coffer_block::snapshot::{self, Chain, Flaw, Manifest, ManifestRef, Objects, Structure};
use coffer_block::storage::LocalDirectory;
use coffer_block::volume::{self, Report};
use serde_json::{Value, json};

use super::disk::DiskId;
use super::failure::{Failure, Reason, chain};
use super::output::{Output, plain, table};
use crate::config::Kept;
use crate::manifests::{self, Expected};
use crate::place::{Place, require_data};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// Verify volumes' files, and say what is wrong; changes nothing
    Check(Check),
}

/// What is looked at.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// A volume's directory, or a disk [default: all volumes of the data directory]
    #[arg(value_name = "DIR|DISK")]
    target: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Verify the snapshots' objects too: that all are there and belong where they are, not what is sealed in them
    #[arg(long)]
    snapshots: bool,
    #[command(flatten)]
    output: Output,
}

/// Does it.
pub(crate) fn run(verb: &Volume) -> Result<(), Failure> {
    let Volume::Check(check) = verb;
    check.run()
}

/// The file that makes a directory a volume.
const META: &str = "meta";
/// The longest manifest is about 5 MiB.
const MOST_MANIFEST_BYTES: u64 = 16 << 20;

/// What is wrong somewhere.
struct Problem {
    subject: String,
    what: String,
}

impl Check {
    fn run(&self) -> Result<(), Failure> {
        let kept = self.place.resolve()?;
        let volumes = self.volumes(&kept.volumes.volumes)?;
        let lock = lock(&kept.data);
        if matches!(lock, Lock::Held) {
            eprintln!(
                "coffer: a server has {} open: findings may be writes under way. Stop it to be sure.",
                kept.data.display()
            );
        }
        let mut problems = Vec::new();
        let reports: Vec<Report> = volumes.iter().filter_map(|path| examine(path, &mut problems)).collect();
        let snapshots = if self.snapshots { self.check_snapshots(&kept, &mut problems)? } else { Vec::new() };
        drop(lock);
        self.tell(&reports, &snapshots, &problems)?;
        if problems.is_empty() {
            return Ok(());
        }
        let what = format!("{} findings", problems.len()).replace("1 findings", "1 finding");
        Err(Failure::new(Reason::Found, what)
            .next("keep a copy of the data directory before anything else is tried; snapshots may have what is lost"))
    }

    /// The directories of the volumes that were meant.
    fn volumes(&self, root: &Path) -> Result<Vec<PathBuf>, Failure> {
        let disk = self.target.as_deref().map(str::parse::<DiskId>).transpose();
        let prefix = match (&self.target, disk) {
            (None, _) => String::new(),
            (Some(_), Ok(Some(disk))) => format!("{}.", disk.as_str()),
            (Some(directory), _) => return one(Path::new(directory)),
        };
        let entries = match fs::read_dir(root) {
            Ok(entries) => entries,
            Err(error) => {
                return Err(Failure::machine(root.display(), error)
                    .next("say with --data where the server keeps its data, or give a volume's own directory"));
            }
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Failure::machine(root.display(), error))?;
            let is_meant = entry.file_name().to_string_lossy().starts_with(&prefix);
            found.extend((is_meant && entry.path().is_dir()).then(|| entry.path()));
        }
        found.sort();
        if let (true, Some(target)) = (found.is_empty(), &self.target) {
            let what = format!("{target} has no volume in {}", root.display());
            return Err(Failure::new(Reason::Machine, what).next("say with --data where the server keeps its data"));
        }
        Ok(found)
    }

    /// Every complete snapshot of what was meant; what is checked of it, without keys, and how much.
    fn check_snapshots(&self, kept: &Kept, problems: &mut Vec<Problem>) -> Result<Vec<Value>, Failure> {
        let prefix = match self.target.as_deref().map(str::parse::<DiskId>) {
            None => String::new(),
            Some(Ok(disk)) => format!("{}.", disk.as_str()),
            Some(Err(why)) => {
                return Err(Failure::new(Reason::Machine, format!("--snapshots: {why}"))
                    .next("name the disk instead of a directory, or nothing for all"));
            }
        };
        let mut expected = expected(&kept.data);
        expected.retain(|(name, _), _| name.starts_with(&prefix));
        let (root, mut found) = (&kept.volumes.objects, Vec::new());
        if root.is_dir() {
            let objects = Objects::local(root).map_err(|error| Failure::machine(root.display(), chain(&error)))?;
            let objects = Arc::new(objects);
            for name in names(root)?.into_iter().filter(|name| name.starts_with(&prefix)) {
                for sequence in names(&root.join(&name))?.iter().filter_map(|text| text.parse::<u64>().ok()) {
                    let manifest = root.join(&name).join(sequence.to_string()).join("manifest");
                    // Without a manifest it is one that is being made or was given up, unless the database knows better.
                    if manifest.is_file() {
                        let expected = expected.remove(&(name.clone(), sequence));
                        found.extend(verify(&objects, (&name, sequence), expected.as_ref(), &manifest, problems));
                    }
                }
            }
        }
        problems.extend(expected.into_values().map(|expected| Problem {
            subject: format!("{}/{}", expected.at.chain.name(), expected.at.sequence),
            what: format!("the manifest of {} is missing: the snapshot can't be read without it", expected.snapshot_id),
        }));
        Ok(found)
    }

    fn tell(&self, reports: &[Report], snapshots: &[Value], problems: &[Problem]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.output.is_json() {
            let findings: Vec<_> =
                problems.iter().map(|problem| json!({"Subject": problem.subject, "Finding": problem.what})).collect();
            let volumes: Vec<_> = reports.iter().map(facts).collect();
            return writeln!(out, "{:#}", json!({"Volumes": volumes, "Snapshots": snapshots, "Findings": findings}));
        }
        let heading = ["VOLUME", "SIZE", "STORED", "ENCRYPTED", "IN BASE", "CHANGED", "LAST SNAPSHOT", "STATE"];
        let heading = heading.map(str::to_owned).to_vec();
        out.write_all(table(std::iter::once(heading).chain(reports.iter().map(row)).collect()).as_bytes())?;
        if !snapshots.is_empty() {
            let row = |snapshot: &Value| {
                let cell = |name: &str| snapshot[name].to_string().trim_matches('"').to_owned();
                vec![cell("Chain"), cell("Sequence"), cell("SoundChunks"), cell("Faults")]
            };
            let heading = ["CHAIN", "SNAPSHOT", "SOUND CHUNKS", "FAULTS"].map(str::to_owned).to_vec();
            writeln!(
                out,
                "\n{}",
                table(std::iter::once(heading).chain(snapshots.iter().map(row)).collect()).trim_end()
            )?;
        }
        for problem in problems {
            writeln!(out, "{}", plain(&format!("{}: {}", problem.subject, problem.what)))?;
        }
        Ok(())
    }
}

fn one(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    if directory.join(META).is_file() {
        return Ok(vec![directory.to_owned()]);
    }
    let what =
        format!("{} is neither a disk's id nor a volume's directory: it has no file `{}`", directory.display(), META);
    Err(Failure::new(Reason::Machine, what)
        .next("volumes are the directories below `volumes` in the server's data directory"))
}

/// Names in a directory, in order: numbers by their value.
fn names(directory: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error| Failure::machine(directory.display(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        names.extend(entry.path().is_dir().then(|| entry.file_name().to_string_lossy().into_owned()));
    }
    names.sort_by_key(|name| (name.parse::<u64>().ok(), name.clone()));
    Ok(names)
}

fn examine(path: &Path, problems: &mut Vec<Problem>) -> Option<Report> {
    let report = LocalDirectory::read_only(path).map_err(|error| error.to_string());
    match report.and_then(|directory| volume::check(&directory, &[]).map_err(|error| chain(&error))) {
        Ok(report) => {
            problems.extend(report.findings.iter().map(|finding| Problem {
                subject: format!("{}/{}", report.volume_id, finding.file),
                what: finding.what.clone(),
            }));
            Some(report)
        }
        Err(what) => {
            problems.push(Problem { subject: path.display().to_string(), what });
            None
        }
    }
}

/// What is wrong with the volume in a directory.
pub(crate) fn faults(path: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    examine(path, &mut problems);
    problems.into_iter().map(|problem| format!("{}: {}", problem.subject, problem.what)).collect()
}

/// The snapshots that the database has as complete, by chain and number. Where there is none that can be read, volumes and objects can
/// be looked at all the same.
fn expected(data: &Path) -> BTreeMap<(String, u64), Expected> {
    if require_data(data).is_err() {
        return BTreeMap::new();
    }
    let expected = manifests::expected(data).unwrap_or_else(|error| {
        eprintln!("coffer: the database can't be read, which knows what snapshots there should be: {}", chain(&error));
        Vec::new()
    });
    expected
        .into_iter()
        .map(|expected| ((expected.at.chain.name().to_owned(), expected.at.sequence), expected))
        .collect()
}

fn verify(
    objects: &Arc<Objects>,
    (name, sequence): (&str, u64),
    expected: Option<&Expected>,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let subject = format!("{name}/{sequence}");
    let outcome = open(objects, (name, sequence), expected, path).and_then(|manifest| {
        let verified = snapshot::verify(&manifest, &|_| ControlFlow::Continue(())).map_err(|error| chain(&error))?;
        Ok((manifest, verified))
    });
    match outcome {
        Ok((manifest, verified)) => {
            let faults = verified.faults.iter().map(|fault| Problem { subject: subject.clone(), what: chain(fault) });
            problems.extend(faults);
            Some(json!({
                "Chain": name, "Sequence": sequence, "Chunks": manifest.present_chunks(),
                "SoundChunks": verified.sound_chunks, "Faults": verified.fault_count,
            }))
        }
        Err(what) => {
            problems.push(Problem { subject, what });
            None
        }
    }
}

/// Opens a manifest as what it says it is, if the database does not say what it must hash to.
fn open(
    objects: &Arc<Objects>,
    (name, sequence): (&str, u64),
    expected: Option<&Expected>,
    path: &Path,
) -> Result<Manifest, String> {
    let length_bytes = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length_bytes > MOST_MANIFEST_BYTES {
        return Err("its manifest is too long".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let (structure, _) = Structure::parse(&bytes).map_err(|flaw| match flaw {
        Flaw::Damaged(what) => format!("its manifest is damaged: {what}"),
        Flaw::Newer(version) => {
            format!("its manifest has the format's version {version}, which this program does not know")
        }
    })?;
    if expected.is_some_and(|expected| expected.at.root != structure.root()) {
        return Err("its manifest is not the one that was written for it".to_owned());
    }
    let chain_name = Chain::new(name).map_err(|error| chain(&error))?;
    let at = ManifestRef { chain: chain_name, sequence, root: structure.root() };
    Manifest::open(objects, &at, None).map_err(|error| chain(&error))
}

/// Whether a server has a data directory.
pub(crate) enum Lock {
    /// None has, nor will while this is kept.
    Ours(#[expect(dead_code, reason = "held, not read")] File),
    /// One has.
    Held,
    /// There is no data directory of a server, or its lock may not be read.
    None,
}

/// Whether one has this, and keeping one from it otherwise.
pub(crate) fn lock(data: &Path) -> Lock {
    let Ok(file) = File::open(data.join("lock")) else { return Lock::None };
    match file.try_lock_shared() {
        Ok(()) => Lock::Ours(file),
        Err(TryLockError::WouldBlock) => Lock::Held,
        Err(TryLockError::Error(_)) => Lock::None,
    }
}

fn facts(report: &Report) -> Value {
    json!({
        "VolumeId": report.volume_id,
        "SizeBytes": report.size_bytes,
        "StoredBytes": report.stored_bytes,
        "Encrypted": report.is_encrypted,
        "ChunksInBase": report.chunks_in_base,
        "ChangedChunks": report.changed_chunks,
        "IntentRegions": report.intent_regions,
        "LastSequence": report.last_sequence,
        "FrozenSequence": report.frozen_sequence,
        "RekeyedChunks": report.rekeyed_chunks,
        "Sound": report.findings.is_empty(),
    })
}

fn row(report: &Report) -> Vec<String> {
    let state = match (report.findings.len(), report.frozen_sequence, report.rekeyed_chunks, report.intent_regions) {
        (findings, ..) if findings > 0 => format!("{findings} FOUND"),
        (_, Some(sequence), ..) => format!("sound, snapshot {sequence} being read off"),
        (_, _, Some(chunks), _) => format!("sound, {chunks} chunks under the new key"),
        (_, _, _, regions) if regions > 0 => "sound, not closed in order".to_owned(),
        _ => "sound".to_owned(),
    };
    vec![
        report.volume_id.clone(),
        bytes(report.size_bytes),
        bytes(report.stored_bytes),
        if report.is_encrypted { "yes" } else { "no" }.to_owned(),
        report.chunks_in_base.to_string(),
        report.changed_chunks.to_string(),
        match report.last_sequence {
            0 => "-".to_owned(),
            sequence => sequence.to_string(),
        },
        state,
    ]
}

/// A size for people: three digits or four and a unit.
fn bytes(count: u64) -> String {
    let mut unit = 0;
    while count >> (10 * unit) >= 10_000 && unit < 4 {
        unit += 1;
    }
    format!("{} {}", count >> (10 * unit), ["B", "KiB", "MiB", "GiB", "TiB"][unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!([bytes(0), bytes(9999), bytes(20 << 30)].join(", "), "0 B, 9999 B, 20 GiB");
        assert_eq!([bytes(4096 << 10), bytes(1 << 40)].join(", "), "4096 KiB, 1024 GiB");
    }

    #[test]
    fn a_lock_that_a_server_holds_is_noticed_and_none_is_no_matter() {
        let data = std::env::temp_dir().join(format!("coffer-lock-{}", std::process::id()));
        assert!(matches!(lock(&data), Lock::None));
        let db = coffer_store::Db::open(&data, coffer_store::Options::default()).unwrap();
        assert!(matches!(lock(&data), Lock::Held));
        drop(db);
        let ours = lock(&data);
        assert!(matches!(ours, Lock::Ours(_)));
        assert!(coffer_store::Db::open(&data, coffer_store::Options::default()).is_err());
        drop(ours);
        fs::remove_dir_all(data).unwrap();
    }
}
