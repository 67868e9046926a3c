//! The file of a backup, front to back: a line that says what it is, the bytes of the files one after the other, a manifest in JSON that
//! says which bytes belong where, and its length and hash. So it is written in one go, and half of one has no end that fits.
//! Format: `docs/operations.md`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use coffer_crypto::digest::{self, Sha256};
use serde::{Deserialize, Serialize};

pub(super) const FORMAT: &str = "coffer-backup-1";
const HEAD: &[u8] = b"coffer-backup-1\n";
/// Bytes after the manifest: its length and its hash.
const TAIL_BYTES: u64 = 8 + 32;
/// The longest manifest that is read: of some millions of files.
const MOST_MANIFEST_BYTES: u64 = 2 << 30;
const PIECE: usize = 1 << 20;
/// How much is written between two syncs.
const SYNC_BYTES: u64 = 8 << 20;

/// Told of each so many bytes that are done.
pub(super) type Tell<'a> = &'a mut dyn FnMut(u64);

/// What is in a backup.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) format: String,
    /// When the picture of the database was taken, in ISO 8601.
    pub(super) made_at: String,
    /// The version of the program that made it.
    pub(super) version: String,
    /// The version of the database's schema.
    pub(super) schema: i64,
    /// Whether a server had the data directory meanwhile.
    pub(super) online: bool,
    /// Whether the volumes of disks are in it.
    pub(super) has_volumes: bool,
    /// Whether what keeps the root key is in it.
    pub(super) has_root_key: bool,
    pub(super) files: Vec<Entry>,
    /// The disks that become again what a snapshot in it holds.
    #[serde(default)]
    pub(super) disks: Vec<Held>,
}

/// A disk whose bytes are in the backup as a snapshot.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Held {
    /// The volume whose bytes they were.
    pub(super) volume_id: String,
    /// The snapshot; empty for a disk that nothing was ever written to.
    pub(super) snapshot_id: String,
}

/// A file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// Below the data directory, with `/` between.
    pub(super) path: String,
    /// How long it is.
    pub(super) length: u64,
    /// Where in the backup its bytes begin.
    at: u64,
    /// Offset and length of each stretch that is not a hole.
    extents: Vec<(u64, u64)>,
    /// SHA-256 of the stretches' bytes, in hexadecimal.
    sha256: String,
}

impl Entry {
    /// How many bytes of the backup are its own.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.extents.iter().map(|(_, length)| length).sum()
    }

    /// Whether it is a file below a directory, with stretches within its length.
    fn is_sound(&self, end: u64) -> bool {
        let path = Path::new(&self.path);
        let is_below = !self.path.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
        let mut last = Some(0);
        for (offset, length) in &self.extents {
            last = last.filter(|last| last <= offset).and_then(|_| offset.checked_add(*length));
        }
        let stored = self.extents.iter().try_fold(self.at, |sum, (_, length)| sum.checked_add(*length));
        is_below && last.is_some_and(|last| last <= self.length) && stored.is_some_and(|stored| stored <= end)
    }
}

/// What a backup that is being written has at the end of its name.
pub(super) const PARTIAL: &str = ".partial";

/// Whether nobody writes that backup any more.
pub(super) fn is_abandoned(partial: &Path) -> io::Result<bool> {
    let file = match File::open(partial) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A backup that is being written, beside its place until it is whole.
pub(super) struct Writer {
    target: PathBuf,
    partial: PathBuf,
    file: File,
    position: u64,
    /// Bytes written since the last sync.
    unsynced: u64,
    entries: Vec<Entry>,
    is_finished: bool,
}

impl Writer {
    /// Begins one that is to be at `target`. What an attempt that was cut off left is replaced.
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        if target.try_exists()? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name"));
        }
        let partial = beside(target, PARTIAL);
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&partial)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another backup is being written there")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)?;
        file.write_all(HEAD)?;
        let (position, entries) = (HEAD.len() as u64, Vec::new());
        Ok(Self { target: target.to_owned(), partial, file, position, unsynced: 0, entries, is_finished: false })
    }

    /// Adds a file as it is now. Holes stay holes.
    pub(super) fn add(&mut self, path: &str, file: &File, tell: Tell<'_>) -> io::Result<()> {
        let (length, at) = (file.metadata()?.len(), self.position);
        let (mut hash, mut buffer) = (Sha256::default(), vec![0; PIECE]);
        let extents = extents(file, length)?;
        for (offset, length) in &extents {
            pieces(*offset, *length, |offset, size| {
                let piece = &mut buffer[..size];
                file.read_exact_at(piece, offset)?;
                hash.update(piece);
                self.file.write_all(piece)?;
                self.sync_now_and_then(size as u64)?;
                tell(size as u64);
                Ok(())
            })?;
            self.position += length;
        }
        let sha256 = digest::hex(&hash.finish());
        self.entries.push(Entry { path: path.to_owned(), length, at, extents, sha256 });
        Ok(())
    }

    /// The syncs of a server that runs on the same disk wait for what is being synced here: that is never much at once.
    fn sync_now_and_then(&mut self, written: u64) -> io::Result<()> {
        self.unsynced += written;
        if self.unsynced >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// The files so far.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Ends it: the whole of it is durable, and in its place. Its length and its id, which is the hash of its manifest.
    pub(super) fn finish(mut self, mut manifest: Manifest) -> io::Result<(u64, String)> {
        manifest.files = std::mem::take(&mut self.entries);
        let text = serde_json::to_vec(&manifest)?;
        let hash = digest::sha256(&text);
        self.file.write_all(&text)?;
        self.file.write_all(&(text.len() as u64).to_le_bytes())?;
        self.file.write_all(&hash)?;
        self.file.sync_all()?;
        std::fs::rename(&self.partial, &self.target)?;
        self.is_finished = true;
        sync_directory(parent(&self.target))?;
        Ok((self.position + text.len() as u64 + TAIL_BYTES, digest::hex(&hash)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = std::fs::remove_file(&self.partial)
        {
            eprintln!("coffer: {} is left over: {error}", self.partial.display());
        }
    }
}

/// A backup that is read.
pub(super) struct Reader {
    file: File,
    pub(super) manifest: Manifest,
    /// The hash of the manifest.
    pub(super) id: String,
}

impl Reader {
    /// Opens one: that it begins, ends and describes itself as one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut head = [0; HEAD.len()];
        let length = file.metadata()?.len();
        if file.read_exact(&mut head).is_err() || head != *HEAD {
            return Err(wrong("it is not a backup, or one of a format that this version does not know"));
        }
        let end = length.checked_sub(TAIL_BYTES).ok_or_else(half)?;
        let (mut size, mut hash) = ([0; 8], [0; 32]);
        file.seek(SeekFrom::Start(end))?;
        file.read_exact(&mut size)?;
        file.read_exact(&mut hash)?;
        let size = u64::from_le_bytes(size);
        let begin = end.checked_sub(size).filter(|begin| *begin >= HEAD.len() as u64).ok_or_else(half)?;
        if size > MOST_MANIFEST_BYTES {
            return Err(half());
        }
        let mut text = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        file.read_exact_at(&mut text, begin)?;
        if digest::sha256(&text) != hash {
            return Err(half());
        }
        let manifest: Manifest = serde_json::from_slice(&text)?;
        if manifest.format != FORMAT || !manifest.files.iter().all(|entry| entry.is_sound(begin)) {
            return Err(wrong("its manifest says what can't be"));
        }
        Ok(Self { file, manifest, id: digest::hex(&hash) })
    }

    /// Reads a file's bytes and holds them against the manifest; `write` gets each piece with its offset.
    pub(super) fn read(
        &self,
        entry: &Entry,
        write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
        tell: Tell<'_>,
    ) -> io::Result<()> {
        let (mut hash, mut buffer, mut at) = (Sha256::default(), vec![0; PIECE], entry.at);
        for (offset, length) in &entry.extents {
            pieces(*offset, *length, |offset, size| {
                let piece = &mut buffer[..size];
                self.file.read_exact_at(piece, at)?;
                at += size as u64;
                hash.update(piece);
                write(offset, piece)?;
                tell(size as u64);
                Ok(())
            })?;
        }
        if digest::hex(&hash.finish()) == entry.sha256 {
            Ok(())
        } else {
            Err(wrong(&format!("{} was changed since it was written", entry.path)))
        }
    }
}

fn half() -> io::Error {
    wrong("it ends too early, or its end was changed")
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// A stretch cut into pieces that fit the buffer.
fn pieces(offset: u64, length: u64, mut each: impl FnMut(u64, usize) -> io::Result<()>) -> io::Result<()> {
    let mut done = 0;
    while done < length {
        let size = usize::try_from(length - done).map_or(PIECE, |rest| rest.min(PIECE));
        each(offset + done, size)?;
        done += size as u64;
    }
    Ok(())
}

/// The stretches of a file that are not holes.
fn extents(file: &File, length: u64) -> io::Result<Vec<(u64, u64)>> {
    let (mut found, mut offset) = (Vec::new(), 0);
    while offset < length {
        let begin = match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
            Ok(begin) => begin,
            // No more data.
            Err(rustix::io::Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(begin))?.min(length);
        if begin >= end {
            break;
        }
        found.push((begin, end - begin));
        offset = end;
    }
    Ok(found)
}

/// The same name with something after it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The directory that a file is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT.to_owned(),
            made_at: String::new(),
            version: String::new(),
            schema: 1,
            online: false,
            has_volumes: true,
            has_root_key: true,
            files: Vec::new(),
            disks: Vec::new(),
        }
    }

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("coffer-archive-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn write(folder: &Path) -> PathBuf {
        let sparse = File::create_new(folder.join("sparse")).unwrap();
        sparse.set_len(1 << 30).unwrap();
        sparse.write_all_at(b"begin", 0).unwrap();
        sparse.write_all_at(b"end", 512 << 20).unwrap();
        let target = folder.join("backup");
        let mut writer = Writer::create(&target).unwrap();
        writer.add("a/sparse", &File::open(folder.join("sparse")).unwrap(), &mut |_| {}).unwrap();
        let (bytes, _) = writer.finish(manifest()).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().len(), bytes);
        assert!(bytes < 1 << 20, "holes take no space");
        target
    }

    fn verify(path: &Path) -> io::Result<()> {
        let reader = Reader::open(path)?;
        reader.manifest.files.iter().try_for_each(|entry| reader.read(entry, &mut |_, _| Ok(()), &mut |_| {}))
    }

    #[test]
    fn what_was_written_is_read_again_and_holes_stay_holes() {
        let folder = folder("read");
        let reader = Reader::open(&write(&folder)).unwrap();
        let [entry] = &reader.manifest.files[..] else { panic!("one file") };
        let mut found = Vec::new();
        let mut keep = |offset: u64, piece: &[u8]| {
            found.push((offset, piece[..3].to_vec()));
            Ok(())
        };
        reader.read(entry, &mut keep, &mut |_| {}).unwrap();
        assert_eq!(found, [(0, b"beg".to_vec()), (512 << 20, b"end".to_vec())]);
        assert_eq!((entry.path.as_str(), entry.length), ("a/sparse", 1 << 30));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_backup_that_is_cut_off_or_changed_anywhere_is_none() {
        let folder = folder("changed");
        let target = write(&folder);
        verify(&target).unwrap();
        let whole = fs::read(&target).unwrap();
        for length in [0, 5, HEAD.len(), 1000, whole.len() - 41, whole.len() - 1] {
            fs::write(&target, &whole[..length]).unwrap();
            assert!(verify(&target).is_err(), "cut off at {length}");
        }
        for place in (0..whole.len()).step_by(97).chain(whole.len() - 600..whole.len()) {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&target, &changed).unwrap();
            assert!(verify(&target).is_err(), "changed at {place}");
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_attempt_that_ends_early_leaves_nothing() {
        let folder = folder("early");
        drop(Writer::create(&folder.join("backup")).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_name_that_leads_out_of_the_directory_is_refused() {
        let entry = |path: &str| Entry {
            path: path.to_owned(),
            length: 4,
            at: 0,
            extents: vec![(0, 4)],
            sha256: String::new(),
        };
        assert!(entry("a/b").is_sound(4) && !entry("a/b").is_sound(3));
        for path in ["", "/a", "../a", "a/../b", "./a"] {
            assert!(!entry(path).is_sound(4), "{path}");
        }
    }
}
