//! The volumes of a machine: made, opened and exported, frozen for snapshots, removed. The one face of this crate to those who know
//! what a disk is.
//!
//! This stand-in keeps everything in memory; what is written is gone with the process.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coffer_base::Secret;
use coffer_crypto::digest;

use crate::export::{Export, Extent, Zeroing};
use crate::geometry::{CHUNK_BYTES, chunks};

/// Where a host keeps what, and how it reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The directory of volumes.
    pub volumes: PathBuf,
    /// The directory of snapshots' objects.
    pub objects: PathBuf,
    /// The directory of sockets.
    pub sockets: PathBuf,
    /// How files are read and written: `auto`, `threads` or `io_uring`.
    pub driver: String,
    /// Whether the machine's page cache is passed by.
    pub direct: bool,
    /// The address on which volumes are also served over TCP with TLS.
    pub nbd_listen: Option<std::net::SocketAddr>,
}

impl Options {
    /// Everything at its usual place below a data directory, read and written the usual way.
    pub fn below(data: &Path) -> Self {
        let driver = "auto".to_owned();
        let (volumes, objects, sockets) = (data.join("volumes"), data.join("objects"), data.join("nbd"));
        Self { volumes, objects, sockets, driver, direct: false, nbd_listen: None }
    }
}

/// A data key, opened.
#[derive(Clone, Debug)]
pub struct DataKey {
    /// The key: 64 bytes.
    pub plain: Secret<Vec<u8>>,
    /// The same as its owner keeps it, to be stored with the volume.
    pub wrapped: Vec<u8>,
}

/// A manifest by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRef {
    /// Its chain.
    pub chain: String,
    /// Its place in the chain, from 1.
    pub sequence: u64,
    /// What it must hash to.
    pub root: [u8; 32],
}

/// A snapshot that can be read.
#[derive(Clone, Debug)]
pub struct SnapshotSource {
    /// Its manifest.
    pub manifest: ManifestRef,
    /// Its data key; `None` for a plain one.
    pub data_key: Option<Secret<Vec<u8>>>,
}

/// What a new volume is to be.
#[derive(Clone, Debug)]
pub struct NewVolume {
    /// Its id.
    pub volume_id: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its data key; `None` for a plain one.
    pub key: Option<DataKey>,
    /// What it is a clone of.
    pub base: Option<SnapshotSource>,
}

/// How a volume is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportInfo {
    /// The socket.
    pub socket: PathBuf,
    /// The same over TCP and TLS, where that is on.
    pub tls: Option<TlsExport>,
}

/// How a volume is reached over TCP: by clients that have this certificate alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsExport {
    /// The NBD URI.
    pub uri: String,
    /// The authority that signed the server's certificate, in PEM.
    pub ca_certificate: String,
    /// The client's certificate, in PEM.
    pub client_certificate: String,
    /// The client's private key, in PEM.
    pub client_key: String,
}

/// What became of an upload or a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The manifest's root.
    pub root: [u8; 32],
    /// What it takes beyond its parent.
    pub stored_bytes: u64,
}

/// What was done to a volume since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// The time reads took together, in microseconds.
    pub read_us: u64,
    /// The time writes took together, in microseconds.
    pub write_us: u64,
}

/// An open volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeStatus {
    /// Whether it needs its base no more.
    pub is_hydrated: bool,
    /// Chunks it holds itself.
    pub hydrated_chunks: u64,
    /// All chunks.
    pub total_chunks: u64,
    /// What was done to it since it was opened.
    pub counters: Counters,
    /// Whether its I/O is stopped.
    pub fenced: bool,
    /// How many chunks are encrypted anew, of how many, while that is being done.
    pub rekey: Option<(u64, u64)>,
}

/// Why a host could not do something.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no such volume or snapshot.
    #[error("{0} is not there")]
    NotFound(String),
    /// The key is not the one it was made with.
    #[error("{0} does not open with this key")]
    WrongKey(String),
    /// It can't be done in this state.
    #[error("{0}")]
    State(String),
    /// Whoever asked gave it up.
    #[error("given up")]
    GivenUp,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Told what is done of how much; whether to go on.
pub type Progress<'a> = &'a dyn Fn(u64, u64) -> bool;

/// The volumes of a machine. Clones share them.
#[derive(Clone, Default)]
pub struct Host(Arc<Shared>);

#[derive(Default)]
struct Shared {
    sockets: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    volumes: HashMap<String, Arc<Mutex<Volume>>>,
    snapshots: BTreeMap<(String, u64), Stored>,
}

type Chunks = BTreeMap<u64, Vec<u8>>;

#[derive(Default)]
struct Volume {
    size_bytes: u64,
    key: Option<[u8; 32]>,
    chunks: Chunks,
    frozen: Option<(u64, Chunks)>,
    is_open: bool,
    fenced: bool,
    counters: Counters,
}

#[derive(Clone)]
struct Stored {
    key: Option<[u8; 32]>,
    chunks: Chunks,
}

fn print(key: Option<&Secret<Vec<u8>>>) -> Option<[u8; 32]> {
    key.map(|key| digest::sha256(key.expose()))
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stored {
    fn root(&self) -> [u8; 32] {
        let mut bytes = Vec::new();
        for (index, chunk) in &self.chunks {
            bytes.extend(index.to_be_bytes());
            bytes.extend(digest::sha256(chunk));
        }
        digest::sha256(&bytes)
    }

    fn uploaded(&self) -> Uploaded {
        Uploaded { root: self.root(), stored_bytes: (self.chunks.len() * CHUNK_BYTES) as u64 }
    }
}

impl State {
    fn snapshot(&self, source: &SnapshotSource) -> Result<&Stored, HostError> {
        let ManifestRef { chain, sequence, root } = &source.manifest;
        let name = || format!("{chain}/{sequence}");
        let stored = self.snapshots.get(&(chain.clone(), *sequence)).ok_or_else(|| HostError::NotFound(name()))?;
        if stored.root() != *root {
            return Err(HostError::State(format!("{} is not what its root says", name())));
        }
        if stored.key != print(source.data_key.as_ref()) {
            return Err(HostError::WrongKey(name()));
        }
        Ok(stored)
    }
}

impl Host {
    /// A host that keeps everything in memory.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The host whose directories these are; they are made where they are not there.
    pub fn start(options: &Options) -> Result<Self, HostError> {
        for directory in [&options.volumes, &options.objects, &options.sockets] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        Ok(Self(Arc::new(Shared { sockets: options.sockets.clone(), state: Mutex::default() })))
    }

    fn volume(&self, volume_id: &str) -> Result<Arc<Mutex<Volume>>, HostError> {
        let found = guard(&self.0.state).volumes.get(volume_id).cloned();
        found.ok_or_else(|| HostError::NotFound(volume_id.to_owned()))
    }

    /// Makes a volume; what an earlier attempt left half made is replaced.
    pub fn make(&self, new: NewVolume) -> Result<(), HostError> {
        let mut state = guard(&self.0.state);
        let chunks = new.base.as_ref().map(|base| state.snapshot(base).cloned()).transpose()?;
        let volume = Volume {
            size_bytes: new.size_bytes,
            key: print(new.key.as_ref().map(|key| &key.plain)),
            chunks: chunks.map(|stored| stored.chunks).unwrap_or_default(),
            ..Volume::default()
        };
        state.volumes.insert(new.volume_id, Arc::new(Mutex::new(volume)));
        Ok(())
    }

    /// Opens a volume and exports it; nothing if it is.
    pub fn open(&self, volume_id: &str, key: Option<DataKey>, base: Option<SnapshotSource>) -> Result<(), HostError> {
        if let Some(base) = base {
            guard(&self.0.state).snapshot(&base)?;
        }
        let volume = self.volume(volume_id)?;
        let mut volume = guard(&volume);
        if volume.key != print(key.as_ref().map(|key| &key.plain)) {
            return Err(HostError::WrongKey(volume_id.to_owned()));
        }
        if !volume.is_open {
            (volume.is_open, volume.fenced, volume.counters) = (true, false, Counters::default());
        }
        Ok(())
    }

    /// Disconnects whoever is connected, flushes, and wipes the key; nothing if it is closed.
    pub fn close(&self, volume_id: &str) -> Result<(), HostError> {
        if let Ok(volume) = self.volume(volume_id) {
            guard(&volume).is_open = false;
        }
        Ok(())
    }

    /// How an open volume is reached.
    pub fn export(&self, volume_id: &str) -> Option<ExportInfo> {
        let volume = self.volume(volume_id).ok()?;
        let is_open = guard(&volume).is_open;
        is_open.then(|| ExportInfo { socket: self.0.sockets.join(format!("{volume_id}.sock")), tls: None })
    }

    /// Makes a volume larger, open or not.
    pub fn resize(&self, volume_id: &str, size_bytes: u64) -> Result<(), HostError> {
        let volume = self.volume(volume_id)?;
        let mut volume = guard(&volume);
        volume.size_bytes = volume.size_bytes.max(size_bytes);
        Ok(())
    }

    /// Removes a volume, if it is there.
    pub fn remove(&self, volume_id: &str) -> Result<(), HostError> {
        guard(&self.0.state).volumes.remove(volume_id);
        Ok(())
    }

    /// Freezes volumes, all at one moment, each under the sequence of its snapshot.
    pub fn freeze(&self, volumes: &[(String, u64)]) -> Result<(), HostError> {
        let state = guard(&self.0.state);
        let found = volumes.iter().map(|(id, sequence)| {
            let volume = state.volumes.get(id).ok_or_else(|| HostError::NotFound(id.clone()))?;
            Ok((volume, *sequence))
        });
        for (volume, sequence) in found.collect::<Result<Vec<_>, HostError>>()? {
            let mut volume = guard(volume);
            match &volume.frozen {
                Some((frozen, _)) if *frozen == sequence => {}
                Some(_) => return Err(HostError::State("another snapshot is being made".to_owned())),
                None => volume.frozen = Some((sequence, volume.chunks.clone())),
            }
        }
        Ok(())
    }

    /// Makes the snapshot that a volume was frozen for.
    #[expect(clippy::too_many_arguments, reason = "as agreed")]
    pub fn upload(
        &self,
        volume_id: &str,
        sequence: u64,
        _volume_key: Option<DataKey>,
        _base: Option<SnapshotSource>,
        snapshot_key: Option<Secret<Vec<u8>>>,
        parent: Option<SnapshotSource>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, HostError> {
        let volume = self.volume(volume_id)?;
        let frozen = guard(&volume).frozen.clone();
        let (_, chunks) = frozen
            .filter(|(frozen, _)| *frozen == sequence)
            .ok_or_else(|| HostError::State(format!("{volume_id} is not frozen for {sequence}")))?;
        if let Some(parent) = parent {
            guard(&self.0.state).snapshot(&parent)?;
        }
        self.store((volume_id.to_owned(), sequence), chunks, snapshot_key, progress)
    }

    fn store(
        &self,
        name: (String, u64),
        chunks: Chunks,
        key: Option<Secret<Vec<u8>>>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, HostError> {
        let total = chunks.len() as u64;
        for done in 0..=total {
            if !progress(done, total) {
                return Err(HostError::GivenUp);
            }
        }
        let stored = Stored { key: print(key.as_ref()), chunks };
        let uploaded = stored.uploaded();
        guard(&self.0.state).snapshots.insert(name, stored);
        Ok(uploaded)
    }

    /// Ends a freeze, whether its snapshot is complete or given up.
    pub fn thaw(&self, volume_id: &str, sequence: u64) -> Result<(), HostError> {
        if let Ok(volume) = self.volume(volume_id) {
            let mut volume = guard(&volume);
            if volume.frozen.as_ref().is_some_and(|(frozen, _)| *frozen == sequence) {
                volume.frozen = None;
            }
        }
        Ok(())
    }

    /// Copies a snapshot into a chain of its own, where its sequence is 1, under another key.
    pub fn copy_snapshot(
        &self,
        from: SnapshotSource,
        to_chain: &str,
        key: Option<Secret<Vec<u8>>>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, HostError> {
        let chunks = guard(&self.0.state).snapshot(&from)?.chunks.clone();
        self.store((to_chain.to_owned(), 1), chunks, key, progress)
    }

    /// Frees what no surviving neighbour in its chain refers to.
    pub fn delete_snapshot(
        &self,
        manifest: &ManifestRef,
        _previous: Option<&ManifestRef>,
        _next: Option<&ManifestRef>,
    ) -> Result<(), HostError> {
        guard(&self.0.state).snapshots.remove(&(manifest.chain.clone(), manifest.sequence));
        Ok(())
    }

    /// An open volume's state.
    pub fn status(&self, volume_id: &str) -> Option<VolumeStatus> {
        let volume = self.volume(volume_id).ok()?;
        let volume = guard(&volume);
        let total_chunks = chunks(volume.size_bytes);
        volume.is_open.then_some(VolumeStatus {
            is_hydrated: true,
            hydrated_chunks: total_chunks,
            total_chunks,
            counters: volume.counters,
            fenced: volume.fenced,
            rekey: None,
        })
    }

    /// Stops the I/O of an open volume, or lets it go on.
    pub fn fence(&self, volume_id: &str, fenced: bool) -> Result<(), HostError> {
        let volume = self.volume(volume_id)?;
        guard(&volume).fenced = fenced;
        Ok(())
    }

    /// An open volume as its clients see it.
    pub fn device(&self, volume_id: &str) -> Option<Arc<dyn Export>> {
        let volume = self.volume(volume_id).ok()?;
        let is_open = guard(&volume).is_open;
        is_open.then(|| Arc::new(Device(volume)) as Arc<dyn Export>)
    }
}

struct Device(Arc<Mutex<Volume>>);

/// The chunks of a stretch: index, offset inside, length.
fn parts(offset: u64, length: u64) -> impl Iterator<Item = (u64, usize, usize)> {
    let chunk = CHUNK_BYTES as u64;
    let end = offset + length;
    (offset / chunk..end.div_ceil(chunk)).map(move |index| {
        let (from, until) = (offset.max(index * chunk), end.min((index + 1) * chunk));
        let inside = usize::try_from(from - index * chunk).expect("inside a chunk");
        (index, inside, usize::try_from(until - from).expect("a chunk at most"))
    })
}

impl Device {
    fn volume(&self) -> io::Result<MutexGuard<'_, Volume>> {
        let volume = guard(&self.0);
        if volume.is_open && !volume.fenced { Ok(volume) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

impl Export for Device {
    fn size_bytes(&self) -> u64 {
        guard(&self.0).size_bytes
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut volume = self.volume()?;
        let mut at = 0;
        for (index, inside, length) in parts(offset, buffer.len() as u64) {
            let target = &mut buffer[at..at + length];
            match volume.chunks.get(&index) {
                Some(chunk) => target.copy_from_slice(&chunk[inside..inside + length]),
                None => target.fill(0),
            }
            at += length;
        }
        volume.counters.reads += 1;
        volume.counters.read_bytes += buffer.len() as u64;
        Ok(())
    }

    fn write(&self, offset: u64, data: &mut [u8]) -> io::Result<()> {
        let mut volume = self.volume()?;
        let mut at = 0;
        for (index, inside, length) in parts(offset, data.len() as u64) {
            let chunk = volume.chunks.entry(index).or_insert_with(|| vec![0; CHUNK_BYTES]);
            chunk[inside..inside + length].copy_from_slice(&data[at..at + length]);
            at += length;
        }
        volume.counters.writes += 1;
        volume.counters.written_bytes += data.len() as u64;
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.volume().map(drop)
    }

    fn trim(&self, _offset: u64, _length_bytes: u64) -> io::Result<()> {
        self.volume().map(drop)
    }

    fn write_zeroes(&self, offset: u64, length_bytes: u64, _how: Zeroing) -> io::Result<()> {
        for (index, inside, length) in parts(offset, length_bytes) {
            self.write(index * CHUNK_BYTES as u64 + inside as u64, &mut vec![0; length])?;
        }
        Ok(())
    }

    fn cache(&self, _offset: u64, _length_bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn extents(&self, _offset: u64, length_bytes: u64, _limit: usize) -> io::Result<Vec<Extent>> {
        Ok(vec![Extent { length_bytes, is_hole: false, is_zero: false }])
    }
}
