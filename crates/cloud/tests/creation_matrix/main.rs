//! The creation matrix: every default × `Encrypted` × `KMSKeyId` × source, on every way in which a disk, a snapshot or an image comes to
//! be that may be encrypted. What the server does is held against an oracle that was written from the vendor's documentation: the key
//! that a listing shows and under which the data key really opens, or the error, after which everything is as it was.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod oracle;
mod page;
mod path;
mod scene;
#[path = "../support/mod.rs"]
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::keys::{self, Key, KeyVersion};
use coffer_store::snapshots::Snapshot;
use serde_json::json;

use oracle::{Case, Category, Default, Encrypted, KeyId, Outcome, Source, outcome};
use path::{Made, Path};
use scene::Scene;

/// Ways × sources: CreateDisk and both data disks, two system disks, each in two categories; copies of snapshots and of images.
const WAYS: usize = (3 * 4 + 2 * 3) * 2 + 2 * 3 + 2 * 2;
/// Defaults × keys × `Encrypted` of these, and the system disk of CreateInstance, which takes neither parameter.
const CELLS: usize = 4 * 8 * 3 * WAYS + 4 * 3 * 2;

#[test]
fn every_way_of_making_something_encrypts_it_as_the_rules_say() {
    let mut cells = 0;
    for default in Default::ALL {
        for key_id in KeyId::ALL {
            cells += try_scene(&Scene::new(default, key_id));
        }
    }
    assert_eq!(cells, CELLS);
}

/// Tries every case of a scene; how many there were.
fn try_scene(scene: &Scene) -> usize {
    let (default, key_id) = (scene.default, scene.key_id);
    let (mut cells, mut made) = (0, Vec::new());
    for path in Path::ALL {
        for encrypted in Encrypted::ALL {
            for (source, category) in Source::ALL.into_iter().flat_map(|s| Category::ALL.map(|c| (s, c))) {
                let case = Case { default, encrypted, key_id, source, category };
                if path.has(case) {
                    cells += 1;
                    made.extend(try_case(scene, path, case));
                }
            }
        }
    }
    open_to_decryption(scene, &made);
    for sealed in &made {
        opens(scene, sealed);
    }
    cells
}

/// What is encrypted, with which key, and its wrapped data key.
struct Sealed {
    made: Made,
    key: String,
    blob: String,
}

/// Tries a case. What is encrypted then.
fn try_case(scene: &Scene, path: Path, case: Case) -> Option<Sealed> {
    let expected = outcome(path.rules(), case);
    let before = matches!(expected, Outcome::Refused(..)).then(|| scene.world.state());
    match (path.make(scene, case), expected) {
        (Err((status, code)), Outcome::Refused(expected_status, expected_code)) => {
            assert_eq!((status, code.as_str()), (expected_status, expected_code), "{path:?} {case:?}");
            assert!(before == Some(scene.world.state()), "{path:?} {case:?} leaves something behind");
            None
        }
        (Ok(made), Outcome::Plain) => {
            let shown = (&made.shown["Encrypted"], &made.shown["KMSKeyId"]);
            assert_eq!(shown, (&json!(false), &json!("")), "{path:?} {case:?}");
            assert_eq!(wrapped(scene, &made), None, "{path:?} {case:?}");
            None
        }
        (Ok(made), Outcome::With(key)) => {
            let key = scene.key(key, path.region());
            let shown = (&made.shown["Encrypted"], &made.shown["KMSKeyId"]);
            assert_eq!(shown, (&json!(true), &json!(key)), "{path:?} {case:?}");
            let blob = wrapped(scene, &made).unwrap();
            Some(Sealed { made, key, blob })
        }
        (got, expected) => panic!("{path:?} {case:?}: expected {expected:?}, got {got:?}"),
    }
}

/// The wrapped data key in the row of what was made.
fn wrapped(scene: &Scene, made: &Made) -> Option<String> {
    match made.kind {
        "disk" => scene.world.row::<Disk>(&made.id).wrapped_data_key,
        _ => scene.world.row::<Snapshot>(&made.id).wrapped_data_key,
    }
}

/// Makes service keys customer's keys, as those alone can be used through KMS.
fn open_to_decryption(scene: &Scene, made: &[Sealed]) {
    let mut ids: Vec<String> = made.iter().map(|sealed| sealed.key.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    scene.world.store(move |tx| {
        for key_id in &ids {
            let mut key = Key::get(tx, key_id)?.unwrap();
            let version = KeyVersion::get(tx, key.primary_version_id.as_ref().unwrap())?.unwrap();
            keys::delete(tx, key_id)?;
            "User".clone_into(&mut key.creator_type);
            key.insert(tx)?;
            version.insert(tx)?;
        }
        Ok(())
    });
}

/// KMS itself opens the data key: with that key, and for what was made only.
fn opens(scene: &Scene, Sealed { made, key, blob }: &Sealed) {
    let world = &scene.world;
    let decrypt = |id: &str| {
        let kind = format!("acs:{}", made.kind);
        let context = json!({"acs:account": world.account.as_str(), "acs:region": made.region, kind: id}).to_string();
        let asked = [("RegionId", made.region), ("CiphertextBlob", blob.as_str()), ("EncryptionContext", &context)];
        world.call(&support::root(), Product::Kms, "Decrypt", &asked)
    };
    let (status, body) = decrypt(&made.id);
    assert_eq!((status, &body["KeyId"]), (200, &json!(key)), "{made:?}: {body}");
    let data_key = STANDARD.decode(support::text(&body, "Plaintext")).unwrap();
    assert_eq!(data_key.len(), 64, "two keys of AES-256-XTS");
    assert_eq!(decrypt("d-bp1aaaaaaaaaaaaaaaaa").0, 400, "{made:?} opens as another");
}

#[test]
fn the_page_of_the_matrix_is_up_to_date() {
    let path = format!("{}/../../{}", env!("CARGO_MANIFEST_DIR"), page::PATH);
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page::page(), "{} is out of date: cargo xtask coverage --write", page::PATH);
}
