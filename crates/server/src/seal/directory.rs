//! The root key's files in a data directory, and how they change: every step leaves files of which one opens the database.
//!
//! `root.key` or `root.sealed` has the root key. A new one is written beside it first, under its name and `.next`; then the database
//! is sealed anew, if it is another key; then the new file takes its place. So the right file is the first that opens the database.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coffer_base::Rng;
use coffer_cloud::{Keyring, KeyringError, keyring};
use coffer_crypto::{RootKey, RootKeyError, SystemRng, write_private};
use coffer_store::accounts::{self, SealedKey};
use coffer_store::{Db, Options};

use super::sealed::Sealed;
use super::settings::{Method, SealSettings};
use crate::serve::Error;

const PLAIN: &str = "root.key";
const SEALED: &str = "root.sealed";
const NEXT: &str = ".next";

/// Called after each step: an error ends the work there, as a crash would.
pub(crate) type Checkpoint<'a> = &'a mut dyn FnMut() -> Result<(), Error>;

/// The root key, and the file that has it.
pub(crate) struct Found {
    pub(crate) root: RootKey,
    pub(crate) path: PathBuf,
    pub(crate) method: Method,
}

/// The files that may have the root key: those in place, then those that were to take their place.
pub(crate) fn files(data: &Path) -> Vec<PathBuf> {
    let in_place = in_place(data);
    in_place.iter().cloned().chain(in_place.iter().map(|path| next(path))).filter(|path| path.exists()).collect()
}

/// Takes the data directory for a server, with its root key. One in which nothing is sealed yet gets a root key. A root key that is
/// missing or wrong is found out before anything is touched.
pub(crate) fn open_database(data: &Path, settings: &SealSettings, options: Options) -> Result<(Db, RootKey), Error> {
    let keys = accounts::peek_sealing_keys(data)?;
    let known = if keys.is_empty() { None } else { Some(find(data, settings, &keys)?.root) };
    let db = Db::open(data, options)?;
    let keys = db.read(accounts::sealing_keys)?;
    let root = match known.filter(|root| keyring::fits(root, &keys)) {
        Some(root) => root,
        // The key may be there all the same: the first start was cut off after writing it.
        None if keys.is_empty() && !in_place(data).iter().any(|path| path.exists()) => first(data, settings)?,
        None => find(data, settings, &keys)?.root,
    };
    Ok((db, root))
}

fn first(data: &Path, settings: &SealSettings) -> Result<RootKey, Error> {
    for unfinished in files(data) {
        fs::remove_file(unfinished)?;
    }
    let root = RootKey::ephemeral(&SystemRng);
    let path = next(&data.join(name(settings.method)));
    write(&path, &root, settings.method, settings, &SystemRng)?;
    settle(data, &path, &mut || Ok(()))?;
    Ok(root)
}

fn in_place(data: &Path) -> [PathBuf; 2] {
    [data.join(PLAIN), data.join(SEALED)]
}

/// The root key of what is sealed in the data directory. Reads only.
pub(crate) fn find(data: &Path, settings: &SealSettings, keys: &[SealedKey]) -> Result<Found, Error> {
    let mut failure = None;
    for path in files(data) {
        let outcome = open(&path, settings).and_then(|found| {
            if keyring::fits(&found.root, keys) { Ok(found) } else { Err(KeyringError::WrongRoot.into()) }
        });
        match outcome {
            Ok(found) => return Ok(found),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    Err(failure.unwrap_or_else(|| RootKeyError::Missing(data.join(PLAIN)).into()))
}

/// Whether the root key in the data directory opens what is sealed there; if not, why.
pub(crate) fn opens(data: &Path, settings: &SealSettings, keys: &[SealedKey]) -> Result<(), Error> {
    find(data, settings, keys).map(drop)
}

/// A data directory that this process has: a server that runs on it, or a command while none does.
pub(crate) struct Held<'a> {
    pub(crate) data: &'a Path,
    pub(crate) settings: &'a SealSettings,
    pub(crate) db: Db,
    pub(crate) keyring: Arc<Keyring>,
}

impl<'a> Held<'a> {
    /// Takes a data directory that no server runs on.
    pub(crate) fn take(data: &'a Path, settings: &'a SealSettings) -> Result<Self, Error> {
        // Once before anything is touched, and again when nobody else can touch it.
        find(data, settings, &accounts::peek_sealing_keys(data)?)?;
        let db = Db::open(data, Options::default())?;
        let root = find(data, settings, &db.read(accounts::sealing_keys)?)?.root;
        let keyring = Arc::new(db.read(|tx| Keyring::open(root, tx))?);
        Ok(Self { data, settings, db, keyring })
    }

    /// Makes a new root key, kept as the one before it was, and seals the database under it.
    pub(crate) fn rotate(&self, step: Checkpoint<'_>) -> Result<usize, Error> {
        let found = self.ended(step)?;
        let path = next(&found.path);
        write(&path, &RootKey::ephemeral(&SystemRng), found.method, self.settings, &SystemRng)?;
        step()?;
        // The file is what is left of the new key: it is read back before anything depends on it.
        let new = open(&path, self.settings)?.root;
        let resealed = Arc::clone(&self.keyring).change_root(&self.db, Arc::new(SystemRng), new)?;
        step()?;
        settle(self.data, &path, step)?;
        Ok(resealed)
    }

    /// Keeps the same root key in another way.
    pub(crate) fn migrate(&self, to: Method, new_settings: &SealSettings, step: Checkpoint<'_>) -> Result<(), Error> {
        let found = self.ended(step)?;
        let path = next(&self.data.join(name(to)));
        write(&path, &found.root, to, new_settings, &SystemRng)?;
        step()?;
        let keys = self.db.read(accounts::sealing_keys)?;
        if !keyring::fits(&open(&path, new_settings)?.root, &keys) {
            return Err(KeyringError::WrongRoot.into());
        }
        settle(self.data, &path, step)?;
        Ok(())
    }

    /// The root key, its file alone and in its place: what was cut off before is ended.
    fn ended(&self, step: Checkpoint<'_>) -> Result<Found, Error> {
        let mut found = find(self.data, self.settings, &self.db.read(accounts::sealing_keys)?)?;
        found.path = settle(self.data, &found.path, step)?;
        Ok(found)
    }
}

/// Puts the file that opens the database into its place, then removes the others.
fn settle(data: &Path, right: &Path, step: Checkpoint<'_>) -> Result<PathBuf, Error> {
    let name = right.file_name().unwrap_or_default().to_string_lossy();
    let place = data.join(name.strip_suffix(NEXT).unwrap_or(&name));
    if place != right {
        fs::rename(right, &place)?;
        File::open(data)?.sync_all()?;
        step()?;
    }
    for other in files(data).into_iter().filter(|path| *path != place) {
        fs::remove_file(other)?;
        File::open(data)?.sync_all()?;
        step()?;
    }
    Ok(place)
}

const fn name(method: Method) -> &'static str {
    match method {
        Method::File => PLAIN,
        Method::Passphrase | Method::Kms | Method::Pkcs11 => SEALED,
    }
}

fn next(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(NEXT);
    name.into()
}

fn write(path: &Path, root: &RootKey, method: Method, settings: &SealSettings, rng: &dyn Rng) -> Result<(), Error> {
    match Sealed::new(root, method, settings, rng)? {
        None => root.write(path)?,
        Some(sealed) => write_private(path, &sealed.text()?)?,
    }
    Ok(())
}

fn open(path: &Path, settings: &SealSettings) -> Result<Found, Error> {
    let plain = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PLAIN));
    let (root, method) = if plain {
        (RootKey::open(path)?, Method::File)
    } else {
        let sealed = Sealed::read(path)?;
        (sealed.open(settings)?, sealed.method())
    };
    Ok(Found { root, path: path.to_owned(), method })
}
