//! The root key under another KMS, which is a second server, and under a PKCS#11 token, which is SoftHSM's; and changed while the server
//! serves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::site::{ID, KMS, Ran, SECRET, Site};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// `coffer seal` on the site's data directory.
fn seal(site: &Site, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = site.binary();
    command.arg("seal").args(arguments).args(["--data", "data", "--config", "coffer.toml"]);
    command.envs(environment.iter().copied()).output().unwrap().into()
}

fn does(site: &Site, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let ran = seal(site, arguments, environment);
    assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
    ran.out
}

/// That a server which is started with that environment refuses, in one sentence.
fn refuses_to_start(site: &Site, environment: &[(&str, &str)], sentence: &str) {
    let mut serve: Command = site.binary();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data", "data", "--config", "coffer.toml"]);
    let ran: Ran = serve.envs(environment.iter().copied()).output().unwrap().into();
    let said: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("coffer: ")).collect();
    assert!(ran.code == 1 && said.len() == 1 && said[0].contains(sentence), "{}", ran.err);
}

#[test]
fn a_root_key_under_another_kms_opens_while_that_kms_lets_it() {
    let other = Site::new();
    let created = other.call((ID, SECRET), KMS, "CreateKey", &[]);
    let key = created["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let endpoint = format!("http://{}", other.address());
    let settings = format!("[seal]\nkms_endpoint = \"{endpoint}\"\nkms_key_id = \"{key}\"\n");
    let mut site = Site::with(&settings);
    let id = site.does(&["key", "create"]);
    site.stop();
    let access = [("ALIBABA_CLOUD_ACCESS_KEY_ID", ID), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)];
    does(&site, &["migrate", "--to", "kms"], &access);
    assert!(!site.data().join("root.key").exists());
    let sealed = fs::read_to_string(site.data().join("root.sealed")).unwrap();
    assert!(sealed.contains(&key) && sealed.contains("method = \"kms\""), "{sealed}");
    assert!(does(&site, &["status"], &access).contains("method kms; opens all 2 sealing keys"));
    does(&site, &["rotate"], &access);

    other.call((ID, SECRET), KMS, "DisableKey", &[("KeyId", &key)]);
    refuses_to_start(&site, &access, "the KMS that opens the root key: Decrypt");
    refuses_to_start(&site, &[], "the KMS that opens the root key: there is no access key");
    other.call((ID, SECRET), KMS, "EnableKey", &[("KeyId", &key)]);
    site.start_with(&access);
    assert!(site.does(&["key", "list"]).contains(id.trim()), "its keys are there");
    site.stop();
    does(&site, &["migrate", "--to", "file"], &access);
    site.start();
}

#[test]
fn a_kms_is_not_asked_for_the_root_key_in_the_clear() {
    let mut site = Site::with("[seal]\nkms_endpoint = \"http://kms.example\"\nkms_key_id = \"k\"\n");
    site.stop();
    let ran = seal(&site, &["migrate", "--to", "kms"], &[]);
    assert!(ran.code == 1 && ran.err.contains("must be asked over https"), "{}", ran.err);
    site.start();
}

#[test]
fn a_root_key_under_a_token_opens_with_its_pin_and_its_key_alone() {
    let settings = format!("[seal]\npkcs11_module = \"{MODULE}\"\npkcs11_token = \"coffer\"\npkcs11_key = \"root\"\n");
    let mut site = Site::with(&settings);
    let id = site.does(&["key", "create"]);
    site.stop();
    let path = |name: &str| site.folder.join(name).to_str().unwrap().to_owned();
    let (configuration, tokens, pin, wrong) = (path("softhsm.conf"), path("tokens"), path("pin"), path("wrong-pin"));
    fs::create_dir(&tokens).unwrap();
    fs::write(&configuration, format!("directories.tokendir = {tokens}\n")).unwrap();
    fs::write(&pin, "1234\n").unwrap();
    fs::write(&wrong, "4321\n").unwrap();
    let token = |site: &Site, program: &str, arguments: &[&str]| {
        let output = site.command(program).args(arguments).env("SOFTHSM2_CONF", &configuration).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    token(
        &site,
        "softhsm2-util",
        &["--init-token", "--free", "--label", "coffer", "--so-pin", "1234", "--pin", "1234"],
    );
    let with = |pin| [("SOFTHSM2_CONF", configuration.as_str()), ("COFFER_PIN_FILE", pin)];
    let no_key = seal(&site, &["migrate", "--to", "pkcs11"], &with(&pin));
    assert!(no_key.code == 1 && no_key.err.contains("no AES key labelled \"root\""), "{}", no_key.err);
    let login = ["--module", MODULE, "--token-label", "coffer", "--login", "--pin", "1234"];
    token(&site, "pkcs11-tool", &[&login[..], &["--keygen", "--key-type", "AES:32", "--label", "root"]].concat());

    does(&site, &["migrate", "--to", "pkcs11"], &with(&pin));
    does(&site, &["rotate"], &with(&pin));
    assert!(does(&site, &["status"], &with(&pin)).contains("method pkcs11; opens all 2 sealing keys"));
    site.start_with(&with(&pin));
    assert!(site.does(&["key", "list"]).contains(id.trim()), "its keys are there");
    site.stop();
    refuses_to_start(&site, &with(&wrong), "the PKCS#11 token can't be used");
    token(&site, "pkcs11-tool", &[&login[..], &["--delete-object", "--type", "secrkey", "--label", "root"]].concat());
    refuses_to_start(&site, &with(&pin), "no AES key labelled");
    token(&site, "pkcs11-tool", &[&login[..], &["--keygen", "--key-type", "AES:32", "--label", "root"]].concat());
    refuses_to_start(&site, &with(&pin), "the key in the token does not open the root key");
}

#[test]
fn a_server_changes_its_root_key_by_its_own_configuration_while_it_serves() {
    let mut site = Site::with("[seal]\npassphrase_file = \"first\"\n");
    fs::write(site.folder.join("first"), "open sesame\n").unwrap();
    fs::write(site.folder.join("second"), "open barley\n").unwrap();
    let sealed = site.call((ID, SECRET), KMS, "CreateKey", &[])["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let encrypt = |site: &Site| site.call((ID, SECRET), KMS, "Encrypt", &[("KeyId", &sealed), ("Plaintext", "kept")]);
    let blob = encrypt(&site)["CiphertextBlob"].as_str().unwrap().to_owned();
    let socket = site.data().join("seal.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    // Not the configuration of who asks, which has no passphrase.
    let asks = |arguments: &[&str]| -> Ran {
        let mut command = site.binary();
        command.arg("seal").args(arguments).args(["--data", "data"]);
        command.output().unwrap().into()
    };
    let root = fs::read(site.data().join("root.key")).unwrap();
    let ran = asks(&["rotate"]);
    assert_eq!((ran.code, &*ran.out), (0, "a new root key; 2 sealing keys are sealed under it\n"), "{}", ran.err);
    assert_ne!(fs::read(site.data().join("root.key")).unwrap(), root);
    assert_eq!(asks(&["migrate", "--to", "passphrase"]).out, "the root key is kept by passphrase now\n");
    assert!(!site.data().join("root.key").exists());
    assert_eq!(asks(&["migrate", "--to", "passphrase", "--new-passphrase-file", "second"]).code, 0);
    let refused = asks(&["rotate"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("the passphrase does not open the root key"), "{}", refused.err);
    encrypt(&site);
    // The file is read again: it is what the next start reads.
    fs::write(site.folder.join("coffer.toml"), "[seal]\npassphrase_file = \"second\"\n").unwrap();
    assert_eq!(asks(&["rotate"]).code, 0);
    encrypt(&site);
    site.stop();
    assert!(!socket.exists());
    let ran = seal(&site, &["status"], &[]);
    assert!(ran.out.contains("method passphrase; opens all"), "{}{}", ran.out, ran.err);
    site.start();
    let plain = site.call((ID, SECRET), KMS, "Decrypt", &[("CiphertextBlob", &blob)]);
    assert_eq!(plain["Plaintext"], "kept");
}

#[test]
fn a_request_to_the_server_that_is_none_changes_nothing() {
    use std::io::{Read as _, Write as _};
    let site = Site::new();
    let root = fs::read(site.data().join("root.key")).unwrap();
    let long = vec![b'['; 100_000];
    for text in [&b"\"wipe\""[..], b"", b"{\"rotate\":1}", b"\xff\xfe", &long] {
        let mut stream = std::os::unix::net::UnixStream::connect(site.data().join("seal.sock")).unwrap();
        // A request that is too long is cut off while it is written.
        let sent = stream.write_all(text).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        assert!(sent.is_err() || read.is_err() || answer.is_empty() || answer.starts_with(b"{\"Err\""), "{answer:?}");
    }
    assert_eq!(fs::read(site.data().join("root.key")).unwrap(), root);
    assert_eq!(does(&site, &["rotate"], &[]), "a new root key; 2 sealing keys are sealed under it\n");
}
