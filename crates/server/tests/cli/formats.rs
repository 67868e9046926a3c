//! Upgrades: data directories as released versions left them, in `tests/formats/<version>`, are served by today's server. What makes such a
//! directory is here too and is tried each time with today's format, so that what a release leaves behind is known to be of use:
//! `cargo xtask formats --write` puts it on record.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::site::{ID, KMS, RAM, SECRET, Site};

const ROOT: (&str, &str) = (ID, SECRET);
const WRITE: &str = "COFFER_FORMATS_WRITE";
/// What the plain text is of everything that is encrypted.
const PLAINTEXT: &str = "as the release left it";
/// The digest that is signed.
const DIGEST: &str = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=";

/// What is in a directory, and what was answered when it was made.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    /// A key of two versions, and a ciphertext of each.
    key_id: String,
    ciphertext_blobs: [String; 2],
    signing_key_id: String,
    signing_key_version_id: String,
    signature: String,
    /// Both are attached; `SnapshotId` is of the encrypted one.
    plain_disk_id: String,
    disk_id: String,
    snapshot_id: String,
    /// The audit's end.
    anchor: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn io(site: &Site, disk: &str, command: &str) {
    let attached = site.json(&["attach", disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), command);
}

fn encrypt(site: &Site, key_id: &str) -> String {
    text(&site.call(ROOT, KMS, "Encrypt", &[("KeyId", key_id), ("Plaintext", PLAINTEXT)])["CiphertextBlob"])
}

/// The audit of a server that is stopped, which must hold; its end.
fn audited(site: &Site, anchor: &[&str]) -> String {
    let output = site.binary().args(["audit", "verify", "--data", "data"]).args(anchor).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    out.split_whitespace().find(|word| word.contains(':') && word.len() > 64).expect("it prints an anchor").to_owned()
}

/// Fills a new site with something of all that is sealed, hashed or has a format on disk, and stops it.
fn fill(site: &mut Site) -> Contents {
    let plain_disk_id = site.disk(&["--name", "plain"]);
    io(site, &plain_disk_id, "write -P 1 1M 4k");
    site.let_ecs_use_keys();
    let key_id = text(&site.call(ROOT, KMS, "CreateKey", &[])["KeyMetadata"]["KeyId"]);
    let first = encrypt(site, &key_id);
    site.call(ROOT, KMS, "CreateKeyVersion", &[("KeyId", &key_id)]);
    let second = encrypt(site, &key_id);
    let signing = [("KeySpec", "EC_P256"), ("KeyUsage", "SIGN/VERIFY")];
    let signing_key_id = text(&site.call(ROOT, KMS, "CreateKey", &signing)["KeyMetadata"]["KeyId"]);
    let versions = site.call(ROOT, KMS, "ListKeyVersions", &[("KeyId", &signing_key_id)]);
    let signing_key_version_id = text(&versions["KeyVersions"]["KeyVersion"][0]["KeyVersionId"]);
    let signed = site.call(ROOT, KMS, "AsymmetricSign", &signature_of(&signing_key_id, &signing_key_version_id));
    let secret = [("SecretName", "kept"), ("SecretData", PLAINTEXT), ("VersionId", "1")];
    site.call(ROOT, KMS, "CreateSecret", &secret);
    site.call(ROOT, RAM, "CreateUser", &[("UserName", "kept")]);
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunKMSReadOnlyAccess"), ("UserName", "kept")];
    site.call(ROOT, RAM, "AttachPolicyToUser", &policy);
    site.does(&["default-encryption", "enable"]);
    site.does(&["default-encryption", "set-key", &key_id]);
    let disk_id = site.disk(&["--name", "encrypted"]);
    io(site, &disk_id, "write -P 2 1M 64k");
    let snapshot_id = site.does(&["snapshot", "create", &disk_id, "--wait"]).trim().to_owned();
    io(site, &disk_id, "write -P 3 1M 4k");
    site.stop();
    Contents {
        ciphertext_blobs: [first, second],
        signature: text(&signed["Value"]),
        anchor: audited(site, &[]),
        key_id,
        signing_key_id,
        signing_key_version_id,
        plain_disk_id,
        disk_id,
        snapshot_id,
    }
}

fn signature_of<'a>(key_id: &'a str, version_id: &'a str) -> [(&'a str, &'a str); 4] {
    [("KeyId", key_id), ("KeyVersionId", version_id), ("Algorithm", "ECDSA_SHA_256"), ("Digest", DIGEST)]
}

/// Serves a filled site, and requires everything that it was filled with.
fn require(site: &mut Site, contents: &Contents) {
    site.start();
    for blob in &contents.ciphertext_blobs {
        assert_eq!(site.call(ROOT, KMS, "Decrypt", &[("CiphertextBlob", blob)])["Plaintext"], PLAINTEXT);
    }
    let mut signed = signature_of(&contents.signing_key_id, &contents.signing_key_version_id).to_vec();
    signed.push(("Value", &contents.signature));
    assert_eq!(site.call(ROOT, KMS, "AsymmetricVerify", &signed)["Value"], true);
    let policies = site.call(ROOT, RAM, "ListPoliciesForUser", &[("UserName", "kept")]);
    assert_eq!(policies["Policies"]["Policy"][0]["PolicyName"], "AliyunKMSReadOnlyAccess");
    assert_eq!(site.call(ROOT, KMS, "GetSecretValue", &[("SecretName", "kept")])["SecretData"], PLAINTEXT);

    io(site, &contents.plain_disk_id, "read -P 1 1M 4k");
    io(site, &contents.disk_id, "read -P 3 1M 4k");
    io(site, &contents.disk_id, "read -P 2 1028k 60k");
    let shown = site.json(&["disk", "show", &contents.disk_id]);
    assert_eq!(shown["Encryption"]["KMSKeyId"], contents.key_id.as_str());
    let clone = site.disk(&["--snapshot", &contents.snapshot_id]);
    io(site, &clone, "read -P 2 1M 64k");

    // What was begun then goes on: the snapshots' chain, the keys, the audit.
    io(site, &contents.disk_id, "write -P 4 2M 4k");
    let snapshot = site.does(&["snapshot", "create", &contents.disk_id, "--wait"]).trim().to_owned();
    let clone = site.disk(&["--snapshot", &snapshot]);
    io(site, &clone, "read -P 3 1M 4k");
    io(site, &clone, "read -P 4 2M 4k");
    let blob = encrypt(site, &contents.key_id);
    assert_eq!(site.call(ROOT, KMS, "Decrypt", &[("CiphertextBlob", &blob)])["Plaintext"], PLAINTEXT);
    site.stop();
    audited(site, &["--anchor", &contents.anchor]);
    for check in [
        &["doctor", "--data", "data", "--only", "schema", "--only", "volumes", "--only", "objects"][..],
        &["volume", "check", "--snapshots", "--data", "data"],
    ] {
        let output = site.binary().args(check).output().unwrap();
        assert!(output.status.success(), "{check:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Where the directories are.
fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

/// Puts the site's data on record as of this version. Its certificates are not: a server makes itself new ones.
fn record(site: &Site, contents: &Contents) {
    let folder = formats().join(env!("CARGO_PKG_VERSION"));
    assert!(!folder.exists(), "{} is on record: what was released is never changed", folder.display());
    fs::create_dir_all(&folder).unwrap();
    let target = folder.join("data.tar.gz");
    let left_out = ["ca.pem", "server.pem", "server.key", "lock", "backup.lock", "nbd", "seal.sock", "coffer.db-shm"];
    let left_out = left_out.map(|name| format!("--exclude=./{name}"));
    let mut arguments = vec!["--sparse", "--sort=name", "--owner=0", "--group=0", "--use-compress-program=gzip -9n"];
    arguments.extend(left_out.iter().map(String::as_str));
    arguments.extend(["-cf", target.to_str().unwrap(), "-C", "data", "."]);
    site.run("tar", &arguments);
    fs::write(folder.join("contents.json"), serde_json::to_string_pretty(contents).unwrap() + "\n").unwrap();
}

/// A data directory that is on record, in place of the site's.
fn unpack(site: &mut Site, folder: &Path) -> Contents {
    site.stop();
    fs::remove_dir_all(site.data()).unwrap();
    fs::create_dir(site.data()).unwrap();
    let archive = folder.join("data.tar.gz");
    site.run("tar", &["--no-same-owner", "-xzf", archive.to_str().unwrap(), "-C", "data"]);
    serde_json::from_slice(&fs::read(folder.join("contents.json")).unwrap()).unwrap()
}

#[test]
fn a_data_directory_of_this_version_is_filled_and_opened_again() {
    let mut site = Site::new();
    let contents = fill(&mut site);
    if std::env::var_os(WRITE).is_some() {
        record(&site, &contents);
    }
    require(&mut site, &contents);
}

#[test]
fn data_directories_of_released_versions_are_served_with_all_that_is_in_them() {
    let mut found = 0;
    for folder in fs::read_dir(formats()).unwrap().map(|entry| entry.unwrap().path()) {
        eprintln!("{}", folder.display());
        let mut site = Site::new();
        let contents = unpack(&mut site, &folder);
        require(&mut site, &contents);
        found += 1;
    }
    assert!(found > 0, "`cargo xtask formats --write` makes the first one");
}
