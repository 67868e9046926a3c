//! The sealing keys in use: one for each account (its KMS domain key), and one for session tokens. They are stored sealed under the
//! root key and live, opened, in this process's memory only.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use coffer_base::{AccountId, Rng};
use coffer_crypto::{Material, OpenError, RootKey, SealKey};
use coffer_store::accounts::{self, SealedKey};
use coffer_store::{Db, StoreError, Tx};

/// The scope of the key that seals session tokens.
const SESSIONS: &str = "sessions";
/// The scope of what the signatures on proofs are made with.
const PROOFS: &str = "proofs";

/// Most versions of KMS keys that are kept ready for use; beyond it the memory starts afresh.
const READY: usize = 10_000;

/// The root key and what was opened with it.
pub struct Keyring {
    /// The root key; while it is being changed, the one before and the one after. The database says which of them counts.
    roots: RwLock<Vec<Arc<RootKey>>>,
    opened: RwLock<HashMap<String, Arc<SealKey>>>,
    versions: Arc<RwLock<HashMap<String, Version>>>,
}

/// A version of a KMS key that was opened, and what it was opened from.
struct Version {
    sealed: Vec<u8>,
    material: Arc<Material>,
}

/// Why the keyring can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The root key is not the one that sealed this data.
    #[error("the root key does not open this data directory: it belongs to another one")]
    WrongRoot,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the root key is the one that those sealing keys are sealed under; any is when there are none.
pub fn fits(root: &RootKey, keys: &[SealedKey]) -> bool {
    keys.iter().all(|key| SealKey::open_under(root.aead(), &context(&key.scope), &key.sealed).is_ok())
}

/// Seals every sealing key anew, under another root key; how many there are.
fn reseal(tx: &Tx<'_>, rng: &dyn Rng, old: &RootKey, new: &RootKey) -> Result<usize, KeyringError> {
    let keys = accounts::sealing_keys(tx)?;
    for SealedKey { scope, sealed } in &keys {
        let context = context(scope);
        let key = SealKey::open_under(old.aead(), &context, sealed).map_err(|OpenError| KeyringError::WrongRoot)?;
        let sealed = key.sealed_under(new.aead(), rng, &context);
        accounts::reseal_key(tx, &SealedKey { scope: scope.clone(), sealed })?;
    }
    Ok(keys.len())
}

impl Keyring {
    /// Opens every stored sealing key. Fails at the first that does not open: the root key is wrong.
    pub fn open(root: RootKey, tx: &Tx<'_>) -> Result<Self, KeyringError> {
        let mut opened = HashMap::new();
        for key in accounts::sealing_keys(tx)? {
            let open = SealKey::open_under(root.aead(), &context(&key.scope), &key.sealed);
            opened.insert(key.scope, Arc::new(open.map_err(|OpenError| KeyringError::WrongRoot)?));
        }
        let roots = RwLock::new(vec![Arc::new(root)]);
        Ok(Self { roots, opened: RwLock::new(opened), versions: Arc::default() })
    }

    /// Seals every sealing key anew, under another root key; how many there are. Blocks until it is durable; whoever uses the keyring
    /// meanwhile notices nothing. Only one change at a time.
    pub fn change_root(self: Arc<Self>, db: &Db, rng: Arc<dyn Rng>, new: RootKey) -> Result<usize, KeyringError> {
        let (keyring, new) = (Arc::clone(&self), Arc::new(new));
        self.roots.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&new));
        let resealed = db.write(move |tx| reseal(tx, &*rng, &*keyring.root(tx)?, &new)).wait();
        // Whatever came of it: the database knows.
        let root = db.read(|tx| self.root(tx))?;
        *self.roots.write().unwrap_or_else(PoisonError::into_inner) = vec![root];
        resealed
    }

    /// The root key under which the database's keys are sealed at this moment.
    fn root(&self, tx: &Tx<'_>) -> Result<Arc<RootKey>, KeyringError> {
        let keys = accounts::sealing_keys(tx)?;
        let any = &keys[..keys.len().min(1)];
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        roots.iter().find(|root| fits(root, any)).cloned().ok_or(KeyringError::WrongRoot)
    }

    /// Whether its root key opens those sealing keys.
    pub fn fits(&self, keys: &[SealedKey]) -> bool {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        roots.iter().any(|root| fits(root, keys))
    }

    /// A copy to which accounts are added by itself.
    #[must_use]
    pub fn fork(&self) -> Self {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner).clone();
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self { roots: RwLock::new(roots), opened: RwLock::new(opened), versions: Arc::default() }
    }

    /// Makes and stores the sealing key of a new account.
    pub fn add_account(&self, tx: &Tx<'_>, rng: &dyn Rng, account: &AccountId) -> Result<(), KeyringError> {
        self.add(tx, rng, account.as_str())
    }

    /// Makes and stores the sealing key of session tokens.
    pub fn add_sessions(&self, tx: &Tx<'_>, rng: &dyn Rng) -> Result<(), KeyringError> {
        self.add(tx, rng, SESSIONS)
    }

    /// The domain key of an account.
    pub fn account(&self, account: &AccountId) -> Option<Arc<SealKey>> {
        self.get(account.as_str())
    }

    /// The key of session tokens.
    pub fn sessions(&self) -> Option<Arc<SealKey>> {
        self.get(SESSIONS)
    }

    /// The material of a KMS key's version: opened by `open`, or kept from the last time that it was opened from the same sealed bytes.
    /// Whoever asks has just read those in `tx`, so that a key that is gone is not used.
    pub fn version<E>(
        &self,
        tx: &Tx<'_>,
        version_id: &str,
        sealed: &[u8],
        open: impl FnOnce() -> Result<Material, E>,
    ) -> Result<Arc<Material>, E> {
        let known = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = known.get(version_id).filter(|version| version.sealed == sealed) {
            return Ok(Arc::clone(&version.material));
        }
        drop(known);
        let material = Arc::new(open()?);
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        // What may be gone since it was read is not kept: whoever deleted it comes for this lock after the generation changed, and so
        // either this is seen here, or what is kept now is wiped then.
        if !tx.is_current() {
            return Ok(material);
        }
        if versions.len() >= READY {
            versions.clear();
        }
        versions.insert(version_id.to_owned(), Version { sealed: sealed.to_vec(), material: Arc::clone(&material) });
        Ok(material)
    }

    /// Wipes what is kept of a version once `tx` is committed: its key is deleted, or its material is. Not before: others read it until
    /// then, and would keep it again.
    pub fn forget(&self, tx: &Tx<'_>, version_id: &str) {
        let (versions, version_id) = (Arc::clone(&self.versions), version_id.to_owned());
        tx.after_commit(move || {
            versions.write().unwrap_or_else(PoisonError::into_inner).remove(&version_id);
        });
    }

    /// What the signatures on proofs are made with: made when it is first needed, and not kept in memory.
    pub fn proof_seed(&self, tx: &Tx<'_>, rng: &dyn Rng) -> Result<SealKey, KeyringError> {
        let context = context(PROOFS);
        if let Some(key) = accounts::sealing_keys(tx)?.into_iter().find(|key| key.scope == PROOFS) {
            return SealKey::open_under(self.root(tx)?.aead(), &context, &key.sealed)
                .map_err(|OpenError| KeyringError::WrongRoot);
        }
        let key = SealKey::generate(rng);
        let sealed = key.sealed_under(self.root(tx)?.aead(), rng, &context);
        accounts::insert_sealing_key(tx, &SealedKey { scope: PROOFS.to_owned(), sealed })?;
        Ok(key)
    }

    fn get(&self, scope: &str) -> Option<Arc<SealKey>> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).get(scope).cloned()
    }

    fn add(&self, tx: &Tx<'_>, rng: &dyn Rng, scope: &str) -> Result<(), KeyringError> {
        let key = SealKey::generate(rng);
        let sealed = key.sealed_under(self.root(tx)?.aead(), rng, &context(scope));
        accounts::insert_sealing_key(tx, &SealedKey { scope: scope.to_owned(), sealed })?;
        self.opened.write().unwrap_or_else(PoisonError::into_inner).insert(scope.to_owned(), Arc::new(key));
        Ok(())
    }
}

fn context(scope: &str) -> Vec<u8> {
    [b"coffer/sealing-key/1/".as_slice(), scope.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::{env, fs, process};

    use coffer_base::SeededRng;
    use coffer_crypto::{KeySpec, ProofKey};
    use coffer_store::{Db, Options};

    use super::*;

    fn scopes(db: &Db, root: &RootKey) -> Option<usize> {
        let keys = db.read(accounts::sealing_keys).unwrap();
        fits(root, &keys).then_some(keys.len())
    }

    #[test]
    fn what_is_made_after_the_root_key_changed_is_sealed_under_the_new_one_and_all_else_stays_as_it_is() {
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(1));
        let db = Db::in_memory().unwrap();
        let account = |digit: &str| AccountId::parse(&digit.repeat(16)).unwrap();
        let keyring = Arc::new(db.read(|tx| Keyring::open(RootKey::ephemeral(&*rng), tx)).unwrap());
        let add = |digit: &'static str| {
            let (keyring, rng, account) = (Arc::clone(&keyring), Arc::clone(&rng), account(digit));
            db.write(move |tx| {
                keyring.add_account(tx, &*rng, &account)?;
                keyring.proof_seed(tx, &*rng).map(|seed| ProofKey::new(&seed).public())
            })
        };
        let seed = add("1").wait().unwrap();
        let sealed = keyring.account(&account("1")).unwrap().aead().seal(&*rng, b"", b"m");
        let (new, copy) = (RootKey::ephemeral(&*rng), SealKey::generate(&*rng));
        let wrapped = new.wrapped_under(&copy, &*rng);
        let changed = Arc::clone(&keyring).change_root(&db, Arc::clone(&rng), new);
        assert_eq!(changed.unwrap(), 2, "the account's key, and that of the proofs");
        assert_eq!(add("2").wait().unwrap(), seed, "the same key under another");
        let new = RootKey::unwrap_under(&copy, &wrapped).unwrap();
        assert_eq!(scopes(&db, &new), Some(3));
        let again = db.read(|tx| Keyring::open(new, tx)).unwrap();
        assert_eq!(again.account(&account("1")).unwrap().aead().open(b"", &sealed).unwrap().expose(), b"m");
    }

    #[test]
    fn a_change_of_the_root_key_that_fails_leaves_the_one_before() {
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(1));
        let db = Db::in_memory().unwrap();
        let keyring = Arc::new(db.read(|tx| Keyring::open(RootKey::ephemeral(&*rng), tx)).unwrap());
        let (of_sessions, source) = (Arc::clone(&keyring), Arc::clone(&rng));
        db.write(move |tx| of_sessions.add_sessions(tx, &*source)).wait().unwrap();
        let damage = SealedKey { scope: "z-damaged".to_owned(), sealed: vec![0; 60] };
        db.write(move |tx| accounts::insert_sealing_key(tx, &damage)).wait().unwrap();
        let changed = Arc::clone(&keyring).change_root(&db, Arc::clone(&rng), RootKey::ephemeral(&*rng));
        assert!(matches!(changed, Err(KeyringError::WrongRoot)));
        let root = db.read(|tx| keyring.root(tx)).unwrap();
        let keys = db.read(accounts::sealing_keys).unwrap();
        let of_sessions: Vec<SealedKey> = keys.into_iter().filter(|key| key.scope == SESSIONS).collect();
        assert!(fits(&root, &of_sessions));
    }

    /// A keyring on a database of files, where what is read and what is written go on beside each other.
    fn on_files(name: &str) -> (PathBuf, Db, Arc<Keyring>) {
        let directory = env::temp_dir().join(format!("coffer-keyring-{name}-{}", process::id()));
        fs::remove_dir_all(&directory).ok();
        let db = Db::open(&directory, Options::default()).unwrap();
        let keyring = db.read(|tx| Keyring::open(RootKey::ephemeral(&SeededRng::new(1)), tx)).unwrap();
        (directory, db, Arc::new(keyring))
    }

    /// Whether the version "v" had to be opened for this.
    fn opens(keyring: &Keyring, tx: &Tx<'_>, sealed: &[u8]) -> bool {
        let mut opened = false;
        let open = || {
            opened = true;
            Ok::<_, ()>(Material::generate(KeySpec::Aes256, &SeededRng::new(1)))
        };
        keyring.version(tx, "v", sealed, open).unwrap();
        opened
    }

    fn read(db: &Db, keyring: &Keyring, sealed: &[u8]) -> bool {
        db.read(|tx| Ok::<_, StoreError>(opens(keyring, tx, sealed))).unwrap()
    }

    fn write(db: &Db, keyring: &Arc<Keyring>, work: impl FnOnce(&Tx<'_>, &Keyring) -> bool + Send + 'static) -> bool {
        let keyring = Arc::clone(keyring);
        db.write(move |tx| Ok::<_, StoreError>(work(tx, &keyring))).wait().unwrap()
    }

    #[test]
    fn a_version_is_opened_again_when_its_sealed_bytes_are_others() {
        let (directory, db, keyring) = on_files("opened");
        assert_eq!(
            ["a", "a", "b", "b"].map(|sealed| read(&db, &keyring, sealed.as_bytes())),
            [true, false, true, false]
        );
        let refused =
            db.read(|tx| Ok::<_, StoreError>(keyring.version(tx, "v", b"c", || Err::<Material, _>(())).is_err()));
        assert!(refused.unwrap() && !read(&db, &keyring, b"b"), "what does not open is not kept");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_version_is_forgotten_once_that_is_committed_and_who_read_it_before_does_not_bring_it_back() {
        let (directory, db, keyring) = on_files("forgotten");
        assert!(read(&db, &keyring, b"a"));
        let opened_again = write(&db, &keyring, |tx, keyring| {
            keyring.forget(tx, "v");
            opens(keyring, tx, b"a")
        });
        assert!(!opened_again, "it is there until the commit");
        assert!(keyring.versions.read().unwrap().is_empty());
        let opened = db.read(|tx| {
            write(&db, &keyring, |tx, keyring| {
                keyring.forget(tx, "v");
                false
            });
            Ok::<_, StoreError>(opens(&keyring, tx, b"a"))
        });
        assert!(opened.unwrap() && keyring.versions.read().unwrap().is_empty(), "used, but not kept");
        assert!(write(&db, &keyring, |tx, keyring| opens(keyring, tx, b"a")));
        assert!(keyring.versions.read().unwrap().is_empty(), "what is written may never be committed");
        fs::remove_dir_all(directory).unwrap();
    }
}
