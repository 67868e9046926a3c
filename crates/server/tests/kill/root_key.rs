//! The root key is changed again and again while clients use keys, and the server is killed: it opens, and opens what it has sealed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use coffer_base::SeededRng;

use crate::client::Client;
use crate::harness::{KMS, Server};
use crate::live_a_while;

const KILLS: u32 = 30;

/// `coffer seal rotate`; why it could not.
fn rotate(data: &Path) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    let done = command.args(["seal", "rotate", "--data"]).arg(data).output().unwrap();
    if done.status.success() { Ok(()) } else { Err(String::from_utf8(done.stderr).unwrap()) }
}

/// What was encrypted under a key: the ciphertext.
type Sealed = Arc<Mutex<Vec<String>>>;

/// Makes keys and encrypts under them until the server dies or the work is over. Every answer must be good.
fn write(mut client: Client, sealed: &Sealed, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        let Ok(made) = client.call(KMS, "CreateKey", &[]) else { return };
        assert_eq!(made.status, 200, "{}", made.body);
        let key_id = made.body["KeyMetadata"]["KeyId"].as_str().unwrap();
        let Ok(answer) = client.call(KMS, "Encrypt", &[("KeyId", key_id), ("Plaintext", "kept")]) else { return };
        assert_eq!(answer.status, 200, "{}", answer.body);
        sealed.lock().unwrap().push(answer.body["CiphertextBlob"].as_str().unwrap().to_owned());
    }
}

fn start_writer(server: &Server, sealed: &Sealed, over: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (client, sealed, over) = (server.client(), Arc::clone(sealed), Arc::clone(over));
    let writer = std::thread::Builder::new().name("writer".to_owned());
    writer.spawn(move || write(client, &sealed, &over)).unwrap()
}

fn check(server: &Server, sealed: &Sealed) {
    let mut client = server.client();
    for blob in sealed.lock().unwrap().drain(..) {
        let answer = client.call(KMS, "Decrypt", &[("CiphertextBlob", &blob)]).unwrap();
        assert_eq!((answer.status, &answer.body["Plaintext"]), (200, &serde_json::json!("kept")), "{}", answer.body);
    }
}

#[test]
fn a_root_key_that_is_changed_while_clients_write_and_the_server_is_killed_opens_all_they_wrote() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kr-{}", std::process::id()));
    let (rng, sealed, mut rotated) = (SeededRng::new(30), Sealed::default(), 0);
    for _ in 0..KILLS {
        let (server, over) = (Server::start(&data), Arc::new(AtomicBool::new(false)));
        check(&server, &sealed);
        let writer = start_writer(&server, &sealed, &over);
        let (place, ends) = (data.clone(), Arc::clone(&over));
        let changes = move || {
            let mut done = 0u32;
            while !ends.load(Ordering::SeqCst) && rotate(&place).is_ok() {
                done += 1;
            }
            done
        };
        let changes = std::thread::Builder::new().spawn(changes).unwrap();
        live_a_while(server, &rng, 400);
        over.store(true, Ordering::SeqCst);
        writer.join().unwrap();
        rotated += changes.join().unwrap();
    }
    // Once without a kill: the server did it, and served meanwhile and afterwards.
    let (server, over) = (Server::start(&data), Arc::new(AtomicBool::new(false)));
    check(&server, &sealed);
    let before = std::fs::read(data.join("root.key")).unwrap();
    let writer = start_writer(&server, &sealed, &over);
    // That it takes connections does not say yet that it serves.
    assert_eq!(server.client().call(KMS, "ListKeys", &[]).unwrap().status, 200);
    rotate(&data).unwrap();
    over.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    assert_ne!(std::fs::read(data.join("root.key")).unwrap(), before);
    assert!(!data.join("root.key.next").exists(), "what was cut off before is ended");
    check(&server, &sealed);
    server.kill();
    let server = Server::start(&data);
    check(&server, &sealed);
    server.kill();
    eprintln!("{KILLS} kills, {rotated} changes of the root key before them");
    std::fs::remove_dir_all(data).unwrap();
}
