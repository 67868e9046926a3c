//! A directory of the file system, and what its files are read and written with.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{File, How};
use super::{ALIGNMENT, Buffer, Directory, Storage, check_name, uring};

/// What moves the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// [`Driver::Threads`]: for calls that wait for their end, which are all that [`Storage`] has, io_uring was measured to be slower at
    /// 4 KiB and no faster at 1 MiB (`examples/speed.rs`).
    #[default]
    Auto,
    /// `pread`, `pwrite` and `fdatasync` of the calling thread.
    Threads,
    /// io_uring, a ring per calling thread.
    Uring,
}

/// How files are opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What moves the bytes.
    pub driver: Driver,
    /// `O_DIRECT`: past the page cache.
    pub direct: bool,
}

/// A directory of the file system. Its files have mode 0600.
pub struct LocalDirectory {
    path: PathBuf,
    handle: fs::File,
    how: How,
}

/// Not a name that [`check_name`] allows, so no file of the directory's users.
const PROBE: &str = ".probe";

impl LocalDirectory {
    /// Opens a directory; makes it, with mode 0700, if it is not there, durably. Fails, and says why, if the system refuses io_uring
    /// or the file system refuses `O_DIRECT` where they are asked for.
    pub fn new(path: &Path, options: Options) -> io::Result<Self> {
        let failed = |error: io::Error| about(path, &error);
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => sync_parent(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        let handle = fs::File::open(path).map_err(failed)?;
        let how = How { uring: options.driver == Driver::Uring, direct: options.direct, read_only: false };
        let directory = Self { path: path.to_owned(), handle, how };
        directory.probe()?;
        Ok(directory)
    }

    /// Opens a directory that is there, and its files, only to read them.
    pub fn read_only(path: &Path) -> io::Result<Self> {
        let handle = fs::File::open(path).map_err(|error| about(path, &error))?;
        Ok(Self { path: path.to_owned(), handle, how: How { uring: false, direct: false, read_only: true } })
    }

    /// Uses what is asked for once, on a file that nobody sees.
    fn probe(&self) -> io::Result<()> {
        if !self.how.uring && !self.how.direct {
            return Ok(());
        }
        let path = self.path.join(PROBE);
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let used = file.write_all(&[1; ALIGNMENT]).and_then(|()| self.try_out(&path));
        fs::remove_file(&path)?;
        used
    }

    fn try_out(&self, path: &Path) -> io::Result<()> {
        if self.how.uring {
            uring::probe(path).map_err(|error| because("the system refuses io_uring", &error))?;
        }
        let refused = |error: io::Error| because("the file system refuses O_DIRECT", &about(&self.path, &error));
        let file = File::open(path, false, self.how).map_err(refused)?;
        let mut buffer = Buffer::new(ALIGNMENT);
        file.write_at(0, &buffer).and_then(|()| file.read_at(0, &mut buffer)).map_err(refused)
    }

    fn named(&self, name: &str) -> io::Result<PathBuf> {
        check_name(name)?;
        Ok(self.path.join(name))
    }
}

impl Directory for LocalDirectory {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        let path = self.named(name)?;
        let file = File::open(&path, true, self.how).map_err(|error| about(&path, &error))?;
        self.handle.sync_all()?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        let path = self.named(name)?;
        Ok(Arc::new(File::open(&path, false, self.how).map_err(|error| about(&path, &error))?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.named(name)?;
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(about(&path, &error)),
        }
        // Also if it was not there: an earlier removal may have failed after the file was gone.
        self.handle.sync_all()
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        let path = self.named(name)?;
        path.try_exists().map_err(|error| about(&path, &error))
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    because(&path.display().to_string(), error)
}

fn because(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
