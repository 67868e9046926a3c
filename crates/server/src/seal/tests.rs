//! Every change of the root key, cut off after every step; and keys that do not fit.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use coffer_base::{Clock, Rng};
use coffer_cloud::KeyringError;
use coffer_cloud::bootstrap::{self, Preset, Started};
use coffer_crypto::{RootKey, SystemRng};
use coffer_store::{Options, accounts};

use super::directory::{Checkpoint, Held, files, find, open_database};
use super::settings::{Method, SealSettings};
use crate::serve::{Error, now};

/// A data directory with an account, and what its domain key has sealed.
struct Place {
    folder: PathBuf,
    data: PathBuf,
    sealed: Vec<u8>,
}

impl Place {
    fn new(name: &str, settings: &SealSettings) -> Self {
        let folder = std::env::temp_dir().join(format!("coffer-seal-{name}-{}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        let mut place = Self { data: folder.join("data"), folder, sealed: Vec::new() };
        let started = place.start(settings).unwrap();
        let domain = started.keyring.account(&started.account).unwrap();
        place.sealed = domain.aead().seal(&SystemRng, b"", b"of before");
        place
    }

    fn start(&self, settings: &SealSettings) -> Result<Started, Error> {
        let (db, root) = open_database(&self.data, settings, Options::default())?;
        let rng: Arc<dyn Rng> = Arc::new(SystemRng);
        Ok(bootstrap::start(&db, &Clock::system(now), &rng, root, Preset::default())?)
    }

    /// That a server starts and has the keys that it had from the beginning.
    fn check(&self, settings: &SealSettings) {
        let started = self.start(settings).unwrap();
        assert!(started.root_access.is_none(), "it is no new directory");
        let domain = started.keyring.account(&started.account).unwrap();
        assert_eq!(domain.aead().open(b"", &self.sealed).unwrap().expose(), b"of before");
    }

    fn passphrase(&self, text: &str) -> SealSettings {
        let path = self.folder.join(format!("passphrase-{text}"));
        fs::write(&path, format!("{text}\n")).unwrap();
        SealSettings { passphrase_file: Some(path), ..SealSettings::default() }
    }

    fn names(&self) -> Vec<String> {
        files(&self.data).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    /// What counts in the directory.
    fn content(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(&self.data).unwrap().map(|entry| entry.unwrap());
        let entries = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
        // What SQLite keeps for its readers, empty when nobody writes.
        let entries = entries.filter(|(name, _)| !name.ends_with("-shm"));
        let read = entries.map(|(name, path)| (name, fs::read(path).unwrap()));
        read.filter(|(name, bytes)| !(name.ends_with("-wal") && bytes.is_empty())).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn rotate(data: &Path, settings: &SealSettings, step: Checkpoint<'_>) -> Result<usize, Error> {
    Held::take(data, settings)?.rotate(step)
}

fn migrate(
    data: &Path,
    settings: &SealSettings,
    (to, new): (Method, &SealSettings),
    step: Checkpoint<'_>,
) -> Result<(), Error> {
    Held::take(data, settings)?.migrate(to, new, step)
}

/// Does it again and again, cut off after one step more each time, until it is not cut off; how often it was.
fn cut_off(
    place: &Place,
    settings: &SealSettings,
    work: impl Fn(&mut dyn FnMut() -> Result<(), Error>) -> bool,
) -> u32 {
    for cut in 0u32.. {
        let mut steps = 0;
        let done = work(&mut || {
            steps += 1;
            if steps > cut { Err("cut off".into()) } else { Ok(()) }
        });
        place.check(settings);
        if done {
            return cut;
        }
    }
    unreachable!("it ends")
}

#[test]
fn a_rotation_that_is_cut_off_after_any_step_leaves_a_directory_that_opens_and_can_be_rotated() {
    let settings = SealSettings::default();
    let place = Place::new("rotate", &settings);
    let before = fs::read(place.data.join("root.key")).unwrap();
    let cuts = cut_off(&place, &settings, |step| rotate(&place.data, &settings, step).is_ok());
    assert!(cuts >= 3, "written, sealed anew, put in place: {cuts}");
    assert_eq!(place.names(), ["root.key"]);
    assert_ne!(fs::read(place.data.join("root.key")).unwrap(), before);
    fs::write(place.data.join("root.key"), before).unwrap();
    assert!(place.start(&settings).err().unwrap().to_string().contains("does not open this data directory"));
}

#[test]
fn a_server_starts_from_each_single_state_that_a_rotation_passes() {
    // Without the work of an attempt before, which the next attempt ends first.
    for cut in 0..3 {
        let place = Place::new(&format!("single-{cut}"), &SealSettings::default());
        let mut steps = 0;
        let outcome = rotate(&place.data, &SealSettings::default(), &mut || {
            steps += 1;
            if steps > cut { Err("cut off".into()) } else { Ok(()) }
        });
        assert_eq!(outcome.unwrap_err().to_string(), "cut off");
        assert_eq!(place.names().len(), if cut < 2 { 2 } else { 1 });
        place.check(&SealSettings::default());
    }
}

#[test]
fn a_migration_that_is_cut_off_after_any_step_opens_with_the_old_or_the_new_way() {
    let place = Place::new("migrate", &SealSettings::default());
    let settings = place.passphrase("open sesame");
    let to = |method| {
        let (place, settings) = (&place, &settings);
        move |step: &mut dyn FnMut() -> Result<(), Error>| {
            migrate(&place.data, settings, (method, settings), step).is_ok()
        }
    };
    assert!(cut_off(&place, &settings, to(Method::Passphrase)) >= 3);
    assert_eq!(place.names(), ["root.sealed"]);
    assert!(cut_off(&place, &settings, |step| rotate(&place.data, &settings, step).is_ok()) >= 3);
    assert!(cut_off(&place, &settings, to(Method::File)) >= 3);
    assert_eq!(place.names(), ["root.key"]);
}

#[test]
fn a_passphrase_is_changed_by_migrating_to_another() {
    let place = Place::new("change", &SealSettings::default());
    let (old, new) = (place.passphrase("old"), place.passphrase("new"));
    migrate(&place.data, &old, (Method::Passphrase, &old), &mut || Ok(())).unwrap();
    let both = SealSettings { new_passphrase_file: new.passphrase_file.clone(), ..old.clone() };
    migrate(&place.data, &old, (Method::Passphrase, &both), &mut || Ok(())).unwrap();
    place.check(&new);
    assert!(place.start(&old).err().unwrap().to_string().contains("a wrong one"));
}

#[test]
fn a_new_directory_is_sealed_as_the_settings_say() {
    let place = Place::new("new", &SealSettings::default());
    let settings = SealSettings { method: Method::Passphrase, ..place.passphrase("p") };
    fs::remove_dir_all(&place.data).unwrap();
    assert!(place.start(&settings).unwrap().root_access.is_some());
    assert_eq!(place.names(), ["root.sealed"]);
    assert!(place.start(&settings).unwrap().root_access.is_none());
}

#[test]
fn a_missing_or_wrong_root_key_is_one_sentence_and_changes_nothing() {
    let place = Place::new("wrong", &SealSettings::default());
    let (right, wrong) = (place.passphrase("right"), place.passphrase("wrong"));
    let nothing = SealSettings::default();
    migrate(&place.data, &right, (Method::Passphrase, &right), &mut || Ok(())).unwrap();
    let sealed = place.data.join("root.sealed");
    let good = fs::read_to_string(&sealed).unwrap();
    let refused = |settings: &SealSettings, sentence: &str| {
        let before = place.content();
        let work: [&dyn Fn() -> Option<Error>; 3] =
            [&|| place.start(settings).err(), &|| rotate(&place.data, settings, &mut || Ok(())).err(), &|| {
                migrate(&place.data, settings, (Method::File, settings), &mut || Ok(())).err()
            }];
        for work in work {
            let said = work().expect("it is refused").to_string();
            assert!(said.contains(sentence) && !said.contains('\n'), "{said}");
        }
        assert!(place.content() == before, "something was changed: {sentence}");
    };
    refused(&wrong, "the passphrase does not open the root key");
    refused(&nothing, "the passphrase is needed: name its file by COFFER_PASSPHRASE_FILE or seal.passphrase_file");
    for damaged in ["", "x = 1", &good.replace("passes = 3", "passes = 4000000"), &good.replace("sealed-1", "sealed-2")]
    {
        fs::write(&sealed, damaged).unwrap();
        refused(&right, if damaged.contains("4000000") { "out of range" } else { "is damaged" });
    }
    fs::remove_file(&sealed).unwrap();
    refused(&right, "is missing");
    RootKey::create(&place.data.join("root.key"), &SystemRng).unwrap();
    refused(&right, "does not open this data directory");
    fs::write(&sealed, good).unwrap();
    place.check(&right);
}

#[test]
fn a_directory_in_use_or_not_there_is_left_alone() {
    let settings = SealSettings::default();
    let place = Place::new("use", &settings);
    let running = open_database(&place.data, &settings, Options::default()).unwrap();
    let said = rotate(&place.data, &settings, &mut || Ok(())).unwrap_err().to_string();
    assert!(said.contains("in use by another process"), "{said}");
    drop(running);
    let nowhere = place.folder.join("nowhere");
    assert!(rotate(&nowhere, &settings, &mut || Ok(())).is_err() && !nowhere.exists());
    let keys = accounts::peek_sealing_keys(&place.data).unwrap();
    assert_eq!((find(&place.data, &settings, &keys).unwrap().method, keys.len()), (Method::File, 2));
}

/// Set in the process that is to be killed: the data directory that it changes.
const VICTIM: &str = "COFFER_SEAL_VICTIM";

/// A process that has the data directory and serves, as a server does: it writes all the time, and changes the root key with a pause
/// after each step, in which it says so. It goes on when it is told to.
fn be_killed(data: PathBuf) {
    let settings = SealSettings::default();
    let (db, root) = open_database(&data, &settings, Options::default()).unwrap();
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    let started = bootstrap::start(&db, &Clock::system(now), &rng, root, Preset::default()).unwrap();
    let keyring = Arc::new(started.keyring);
    let (writer, of_writer) = (db.clone(), Arc::clone(&keyring));
    // Each write makes sure of a key under the root key, whichever that is.
    let write = move || {
        for number in 0u64.. {
            let (keyring, name) = (Arc::clone(&of_writer), format!("written-{number}"));
            let written = writer.write(move |tx| -> Result<(), KeyringError> {
                keyring.proof_seed(tx, &SystemRng)?;
                Ok(accounts::set_fact(tx, &name, "1")?)
            });
            written.wait().unwrap();
        }
    };
    std::thread::Builder::new().spawn(write).unwrap();
    let step = &mut || {
        std::io::stdout().write_all(b"\nstep\n")?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        Ok(())
    };
    let held = Held { data: &data, settings: &settings, db, keyring };
    held.rotate(step).unwrap();
    std::process::exit(0);
}

#[test]
fn a_server_that_is_killed_after_any_step_of_a_rotation_opens_again_and_can_rotate() {
    if let Some(data) = std::env::var_os(VICTIM) {
        return be_killed(data.into());
    }
    let settings = SealSettings::default();
    let name = "seal::tests::a_server_that_is_killed_after_any_step_of_a_rotation_opens_again_and_can_rotate";
    for cut in 1.. {
        let place = Place::new(&format!("killed-{cut}"), &settings);
        let before = fs::read(place.data.join("root.key")).unwrap();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(VICTIM, &place.data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut steps = BufReader::new(victim.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        let mut go_on = victim.stdin.take().unwrap();
        let mut passed = 0;
        while passed < cut && steps.any(|line| line == "step") {
            passed += 1;
            if passed < cut {
                go_on.write_all(b"on\n").unwrap();
            }
        }
        if passed < cut {
            assert!(victim.wait().unwrap().success(), "it came to its end");
            assert!(cut > 3, "written, sealed anew, put in place: {cut}");
            assert_ne!(fs::read(place.data.join("root.key")).unwrap(), before);
            return place.check(&settings);
        }
        victim.kill().unwrap();
        assert_eq!(victim.wait().unwrap().signal(), Some(9));
        place.check(&settings);
        rotate(&place.data, &settings, &mut || Ok(())).unwrap();
        place.check(&settings);
        assert_eq!(place.names(), ["root.key"]);
        assert_ne!(fs::read(place.data.join("root.key")).unwrap(), before);
    }
}
