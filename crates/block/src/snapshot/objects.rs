//! The object store, for callers that are plain threads: create-only objects by name. Several threads may call at once; none may be
//! a task of an asynchronous runtime.

use std::fs;
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Name;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use tokio::runtime::{Builder, Runtime};

use super::SnapshotError;

/// Threads on which a local store's calls wait for the disk.
const WAITING_THREADS: usize = 16;
/// In a local store, what separates an object's name from what is added to it while it is written.
const UNFINISHED: u8 = b'#';

/// Whether an object was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Put {
    /// It is there, durably.
    Stored,
    /// There was one of that name; it is as it was. It is durable once [`Objects::settle`] has returned.
    AlreadyThere,
}

/// A store of objects.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Where a local store's files are.
    root: Option<PathBuf>,
    /// The store itself, where it is in memory.
    memory: Option<Arc<InMemory>>,
    /// There until dropped.
    runtime: Option<Runtime>,
}

impl Objects {
    /// Objects as files in a directory, which is made if need be, for its owner only.
    pub fn local(root: &Path) -> Result<Self, SnapshotError> {
        let files = |source| SnapshotError::Files { object: root.display().to_string(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(files)?;
        let root = root.canonicalize().map_err(files)?;
        if let Some(parent) = root.parent() {
            sync(parent).map_err(files)?;
        }
        let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| failed("", error))?;
        let mut objects = Self::on(Arc::new(store.with_fsync(true)))?;
        objects.root = Some(root);
        Ok(objects)
    }

    /// Objects in memory.
    pub fn memory() -> Result<Self, SnapshotError> {
        Self::within(InMemory::new())
    }

    /// A copy of objects in memory, to which others can be added and taken from by itself; `None` of any other store.
    pub fn fork(&self) -> Option<Result<Self, SnapshotError>> {
        Some(Self::within(self.memory.as_ref()?.fork()))
    }

    fn within(memory: InMemory) -> Result<Self, SnapshotError> {
        let memory = Arc::new(memory);
        let mut objects = Self::on(Arc::clone(&memory) as Arc<dyn ObjectStore>)?;
        objects.memory = Some(memory);
        Ok(objects)
    }

    /// Objects of any store. What it has stored or deleted must be durable when its call returns.
    pub fn on(store: Arc<dyn ObjectStore>) -> Result<Self, SnapshotError> {
        let runtime = Builder::new_current_thread().max_blocking_threads(WAITING_THREADS).build();
        Ok(Self { store, root: None, memory: None, runtime: Some(runtime.map_err(SnapshotError::Threads)?) })
    }

    /// Makes an object, unless there is one of that name. A reader sees the whole object or none.
    pub fn put(&self, name: &str, bytes: Bytes) -> Result<Put, SnapshotError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.wait(self.store.put_opts(&path(name), bytes.into(), options)) {
            Ok(_) => Ok(Put::Stored),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Put::AlreadyThere),
            Err(error) => Err(failed(name, error)),
        }
    }

    /// An object of at most `limit` bytes.
    pub fn get(&self, name: &str, limit: usize) -> Result<Vec<u8>, SnapshotError> {
        let result = self.wait(self.store.get(&path(name))).map_err(|error| failed(name, error))?;
        let length = usize::try_from(result.range.end - result.range.start).unwrap_or(usize::MAX);
        if length > limit {
            return Err(damaged(name, "it is too long"));
        }
        let mut bytes = vec![0; length];
        self.fill(name, result.payload, &mut [&mut bytes])?;
        Ok(bytes)
    }

    /// An object whose length is known, into buffers one after the other.
    pub fn get_into(&self, name: &str, buffers: &mut [&mut [u8]]) -> Result<(), SnapshotError> {
        let result = self.wait(self.store.get(&path(name))).map_err(|error| failed(name, error))?;
        let expected: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        if result.range != (0..expected as u64) {
            return Err(damaged(name, "its length is wrong"));
        }
        self.fill(name, result.payload, buffers)
    }

    /// How long an object is; `None` if there is none.
    pub fn size_bytes(&self, name: &str) -> Result<Option<u64>, SnapshotError> {
        match self.wait(self.store.head(&path(name))) {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(name, error)),
        }
    }

    /// Deletes objects; it is no error if one is not there. Durable once [`Objects::settle`] has returned.
    pub fn delete(&self, names: impl IntoIterator<Item = String>) -> Result<(), SnapshotError> {
        let paths: Vec<_> = names.into_iter().map(|name| Ok(path(&name))).collect();
        let Some(Ok(first)) = paths.first() else { return Ok(()) };
        let first = first.to_string();
        let mut deleted = self.store.delete_stream(stream::iter(paths).boxed());
        self.wait(async {
            while let Some(result) = deleted.next().await {
                match result {
                    Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(failed(&first, error)),
                }
            }
            Ok(())
        })
    }

    /// Names and lengths of the objects in a directory and below, in no order, until `each` breaks off.
    pub fn list(
        &self,
        directory: &str,
        mut each: impl FnMut(&str, u64) -> ControlFlow<()>,
    ) -> Result<(), SnapshotError> {
        let prefix = path(directory);
        let mut found = self.store.list(Some(&prefix));
        self.wait(async {
            while let Some(object) = found.try_next().await.map_err(|error| failed(directory, error))? {
                if each(object.location.as_ref(), object.size).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Makes durable what was done in a directory, also by a process that was killed.
    pub fn settle(&self, directory: &str) -> Result<(), SnapshotError> {
        let Some(root) = &self.root else { return Ok(()) };
        let files = |source| SnapshotError::Files { object: directory.to_owned(), source };
        let place = root.join(directory);
        // What is removed empty is gone from the directory above.
        for above in place.ancestors().take_while(|above| above.starts_with(root)) {
            sync(above).or_else(|error| none_is_fine(error, io::ErrorKind::NotFound)).map_err(files)?;
        }
        Ok(())
    }

    /// Removes from a directory what a process that was killed has left unfinished there. Nothing may be written to it meanwhile.
    pub fn sweep(&self, directory: &str) -> Result<(), SnapshotError> {
        let Some(root) = &self.root else { return Ok(()) };
        let swept = fs::read_dir(root.join(directory)).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                if entry.file_name().as_encoded_bytes().contains(&UNFINISHED) {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        });
        let swept = swept.or_else(|error| none_is_fine(error, io::ErrorKind::NotFound));
        swept.map_err(|source| SnapshotError::Files { object: directory.to_owned(), source })
    }

    /// Removes a directory if nothing is left in it.
    pub fn prune(&self, directory: &str) -> Result<(), SnapshotError> {
        let Some(root) = &self.root else { return Ok(()) };
        let removed = fs::remove_dir(root.join(directory))
            .or_else(|error| none_is_fine(error, io::ErrorKind::NotFound))
            .or_else(|error| none_is_fine(error, io::ErrorKind::DirectoryNotEmpty));
        removed.map_err(|source| SnapshotError::Files { object: directory.to_owned(), source })
    }

    fn fill(&self, name: &str, payload: GetResultPayload, buffers: &mut [&mut [u8]]) -> Result<(), SnapshotError> {
        match payload {
            GetResultPayload::File(mut file, _) => buffers
                .iter_mut()
                .try_for_each(|buffer| file.read_exact(buffer))
                .map_err(|source| SnapshotError::Files { object: name.to_owned(), source }),
            GetResultPayload::Stream(mut pieces) => self.wait(async {
                let mut piece = Bytes::new();
                for buffer in buffers {
                    let mut rest = &mut buffer[..];
                    while !rest.is_empty() {
                        if piece.is_empty() {
                            let next = pieces.try_next().await.map_err(|error| failed(name, error))?;
                            piece = next.ok_or_else(|| damaged(name, "it ends early"))?;
                        }
                        let (now, later) = rest.split_at_mut(piece.len().min(rest.len()));
                        now.copy_from_slice(&piece.split_to(now.len()));
                        rest = later;
                    }
                }
                Ok(())
            }),
        }
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("there until dropped").block_on(work)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, and panics where waiting is not allowed. Nothing is under way any more.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

fn none_is_fine(error: io::Error, kind: io::ErrorKind) -> io::Result<()> {
    if error.kind() == kind { Ok(()) } else { Err(error) }
}

fn path(name: &str) -> Name {
    Name::parse(name).expect("the names of objects are made of chains' names and numbers")
}

fn damaged(name: &str, what: &'static str) -> SnapshotError {
    SnapshotError::Damaged { object: name.to_owned(), what }
}

fn failed(name: &str, error: object_store::Error) -> SnapshotError {
    match error {
        object_store::Error::NotFound { .. } => SnapshotError::Missing { object: name.to_owned() },
        source => SnapshotError::Store { object: name.to_owned(), source },
    }
}
