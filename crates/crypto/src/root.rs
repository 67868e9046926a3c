//! The root key: 256 bits outside the database, from which everything at rest is protected. Here in a file that only its owner reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use coffer_base::{Rng, Secret};
use zeroize::Zeroize as _;

use crate::seal::{OpenError, SealKey};

/// First line of the file, so that a human or a backup tool knows what it is looking at.
const HEADER: &str = "coffer-root-key-1\n";
const FILE_BYTES: usize = HEADER.len() + 65;

/// The key at the top of the hierarchy.
pub struct RootKey(SealKey);

/// Why there is no root key. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file is not there.
    #[error(
        "the root key file {0} is missing; without it nothing in this data directory can be read: restore it from your backup"
    )]
    Missing(PathBuf),
    /// Others may read it.
    #[error("the root key file {0} can be read by others (mode {1:o}); run: chmod 600 {0}")]
    Exposed(PathBuf, u32),
    /// Not a root key file.
    #[error("{0} is not a root key file, or is damaged")]
    Malformed(PathBuf),
    /// It can't be read or written.
    #[error("the root key file {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
}

/// What a wrapped root key is bound to.
pub(crate) const CONTEXT: &[u8] = b"coffer/root-key/1";

impl RootKey {
    /// A new random key, written to `path` as [`RootKey::write`] does.
    pub fn create(path: &Path, rng: &dyn Rng) -> Result<Self, RootKeyError> {
        let key = Self::ephemeral(rng);
        key.write(path)?;
        Ok(key)
    }

    /// Writes the key itself to `path`: mode 0600, synced, with its directory, before this returns. Refuses to overwrite.
    pub fn write(&self, path: &Path) -> Result<(), RootKeyError> {
        let text = Secret::new(format!("{HEADER}{}\n", crate::digest::hex(self.0.bytes())));
        write_private(path, text.expose())
    }

    /// From its bytes.
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SealKey::from_bytes(bytes))
    }

    /// Its bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }

    /// This key, wrapped under another.
    pub fn wrapped_under(&self, key: &SealKey, rng: &dyn Rng) -> Vec<u8> {
        self.0.sealed_under(key.aead(), rng, CONTEXT)
    }

    /// Opens what [`RootKey::wrapped_under`] made.
    pub fn unwrap_under(key: &SealKey, wrapped: &[u8]) -> Result<Self, OpenError> {
        SealKey::open_under(key.aead(), CONTEXT, wrapped).map(Self)
    }

    /// Reads the key from `path`. Refuses a file that others may read.
    pub fn open(path: &Path) -> Result<Self, RootKeyError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => RootKeyError::Missing(path.to_owned()),
            _ => RootKeyError::Io(path.to_owned(), error),
        };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(RootKeyError::Exposed(path.to_owned(), mode));
        }
        let mut text = [0u8; FILE_BYTES + 1];
        let mut file = File::open(path).map_err(failed)?.take(text.len() as u64);
        let mut length = 0;
        while length < text.len() {
            match file.read(&mut text[length..]).map_err(failed)? {
                0 => break,
                n => length += n,
            }
        }
        let key = parse(&text[..length]).ok_or_else(|| RootKeyError::Malformed(path.to_owned()));
        text.zeroize();
        key
    }

    /// A new random key that is in memory only.
    pub fn ephemeral(rng: &dyn Rng) -> Self {
        Self(SealKey::generate(rng))
    }

    /// The expanded key.
    pub const fn aead(&self) -> &crate::Aead {
        self.0.aead()
    }
}

/// Writes a file that only its owner reads, synced with its directory before this returns. Refuses to overwrite.
pub fn write_private(path: &Path, text: &str) -> Result<(), RootKeyError> {
    let failed = |error| RootKeyError::Io(path.to_owned(), error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

fn parse(text: &[u8]) -> Option<RootKey> {
    let digits = text.strip_prefix(HEADER.as_bytes())?.strip_suffix(b"\n")?;
    let bytes = Secret::new(crate::digest::from_hex(std::str::from_utf8(digits).ok()?)?);
    Some(RootKey::from_bytes(bytes.expose().as_slice().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("coffer-root-{name}-{}", std::process::id()));
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn the_file_is_private_and_gives_the_same_key_again() {
        let dir = directory("again");
        let (path, rng) = (dir.join("root.key"), SeededRng::new(1));
        let created = RootKey::create(&path, &rng).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = created.aead().seal(&rng, b"", b"m");
        assert_eq!(RootKey::open(&path).unwrap().aead().open(b"", &sealed).unwrap().expose(), b"m");
        assert!(RootKey::create(&path, &rng).is_err(), "an existing key is never overwritten");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_missing_exposed_or_damaged_file_is_named() {
        let dir = directory("bad");
        let path = dir.join("root.key");
        assert!(matches!(RootKey::open(&path), Err(RootKeyError::Missing(_))));
        RootKey::create(&path, &SeededRng::new(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(RootKey::open(&path), Err(RootKeyError::Exposed(_, 0o640))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let good = fs::read(&path).unwrap();
        for bad in [&b""[..], b"coffer-root-key-1\nzz\n", &good[..good.len() - 2], &[&good[..], b"x"].concat()] {
            fs::write(&path, bad).unwrap();
            assert!(matches!(RootKey::open(&path), Err(RootKeyError::Malformed(_))));
        }
        fs::remove_dir_all(dir).unwrap();
    }
}
