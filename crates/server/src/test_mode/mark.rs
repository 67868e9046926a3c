//! The mark of a data directory that is for test mode. A directory is for test mode from its first use on, or never.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::serve::Error;

const FILE: &str = "test-mode";
const TEXT: &str = "A server in test mode uses this directory. It keeps nothing, and what it makes can be guessed.\n";

/// A data directory in test mode, which this process has for as long as this lives.
pub(crate) struct Held {
    _lock: File,
}

/// Takes a data directory for test mode: an empty one, one that is not there, or one that was for test mode before.
pub(crate) fn take(data: &Path) -> Result<Held, Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(data)?;
    let mark = data.join(FILE);
    if !mark.exists() && fs::read_dir(data)?.next().is_some() {
        return Err(format!(
            "{} holds what no server in test mode has put there: --test-mode needs a data directory of its own",
            data.display()
        )
        .into());
    }
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&mark)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(format!("another server has {}", data.display()).into()),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    fs::write(&mark, TEXT)?;
    Ok(Held { _lock: lock })
}

/// Whether a data directory is for test mode.
pub(crate) fn is_marked(data: &Path) -> io::Result<bool> {
    data.join(FILE).try_exists()
}

/// Refuses a data directory that is for test mode.
pub(crate) fn refuse_if_marked(data: &Path) -> Result<(), Error> {
    if !is_marked(data)? {
        return Ok(());
    }
    Err(format!("{} is a data directory for test mode: serve it with --test-mode, or choose another", data.display())
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_for_test_mode_from_the_first_use_on_or_never() {
        let data = std::env::temp_dir().join(format!("coffer-mark-{}", std::process::id()));
        refuse_if_marked(&data).unwrap();
        let held = take(&data).unwrap();
        assert!(refuse_if_marked(&data).is_err());
        fs::write(data.join("server.pem"), "").unwrap();
        assert!(take(&data).is_err(), "another server has it");
        drop(held);
        take(&data).unwrap();
        fs::remove_file(data.join(FILE)).unwrap();
        assert!(take(&data).is_err(), "it holds something and has no mark");
        refuse_if_marked(&data).unwrap();
        fs::remove_dir_all(data).unwrap();
    }
}
