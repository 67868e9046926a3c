//! Events at a webhook that is not always there, nor always the one that it should be.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use coffer_crypto::{digest, mac};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::site::{ID, KMS, RAM, SECRET, Site};

const KEY: &str = "a-secret-of-the-webhook";
const ACCEPTED: &str = "204 No Content";

/// Takes one delivery, answers it with that status, and gives its body if its signature is right.
fn receive(stream: impl Read + Write, status: &str) -> String {
    let mut reader = BufReader::new(stream);
    let (mut length, mut time, mut signature) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name {
            "content-length" => length = value.parse().unwrap(),
            "x-coffer-timestamp" => value.clone_into(&mut time),
            "x-coffer-signature" => value.clone_into(&mut signature),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let signed = [time.as_bytes(), b".", &body].concat();
    assert_eq!(signature, format!("sha256={}", digest::hex(&mac::hmac_sha256(KEY.as_bytes(), &signed))));
    write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").unwrap();
    reader.get_mut().flush().unwrap();
    String::from_utf8(body).unwrap()
}

fn events(body: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(body).unwrap();
    body["Events"].as_array().unwrap().clone()
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().unwrap().0
}

/// The bodies of deliveries, each of which is accepted, until that disk is among them.
fn bodies_until(disk: &str, mut next: impl FnMut() -> String) -> Vec<String> {
    let mut bodies = vec![next()];
    while !events(bodies.last().unwrap()).iter().any(|event| event["ResourceId"] == disk) {
        bodies.push(next());
    }
    bodies
}

/// The events of plain deliveries until that disk is among them, in order.
fn take_until(listener: &TcpListener, disk: &str) -> Vec<Value> {
    let bodies = bodies_until(disk, || receive(accept(listener), ACCEPTED));
    bodies.iter().flat_map(|body| events(body)).collect()
}

/// A server with that webhook, and a file with its secret.
fn site(url: &str, more: &str) -> (Site, PathBuf) {
    let listener_port = url.rsplit(':').next().unwrap().trim_end_matches("/hook");
    let secret = std::env::temp_dir().join(format!("coffer-webhook-{}-{listener_port}", std::process::id()));
    fs::write(&secret, KEY).unwrap();
    let file = secret.display();
    (Site::with(&format!("[events]\nwebhook_url = \"{url}\"\nwebhook_secret_file = \"{file}\"\n{more}")), secret)
}

#[test]
fn a_webhook_gets_every_event_in_order_also_after_failures_and_a_restart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut site, secret) = site(&format!("http://{}/hook", listener.local_addr().unwrap()), "");
    let first = site.disk(&[]);
    let refused = events(&receive(accept(&listener), "503 Service Unavailable"));
    let events = take_until(&listener, &first);
    assert_eq!(events[0], refused[0], "what was not accepted is sent again");
    let numbers: Vec<i64> = events.iter().map(|event| event["Id"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    // When the next delivery comes, the one before is on record.
    take_until(&listener, &site.disk(&[]));
    site.stop();
    site.start();
    let second = site.disk(&[]);
    let events = take_until(&listener, &second);
    assert!(events.iter().all(|event| event["ResourceId"] != *first), "what was accepted is not sent again");
    drop(site);
    fs::remove_file(secret).unwrap();
}

/// Who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    /// A server of TLS with a certificate for that name.
    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate.der().clone()], key.into()).unwrap())
    }
}

/// Accepts a connection and shakes hands: nothing where the other side does not want to.
fn shake_hands(listener: &TcpListener, config: &Arc<ServerConfig>) -> Option<StreamOwned<ServerConnection, TcpStream>> {
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), accept(listener));
    stream.conn.complete_io(&mut stream.sock).ok()?;
    Some(stream)
}

#[test]
fn a_webhook_over_tls_gets_nothing_until_its_certificate_is_of_the_right_authority_and_name_and_then_everything() {
    let (ours, others) = (Authority::new(), Authority::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ca = std::env::temp_dir().join(format!("coffer-webhook-ca-{}.pem", std::process::id()));
    fs::write(&ca, &ours.pem).unwrap();
    let url = format!("https://{}/hook", listener.local_addr().unwrap());
    let (site, secret) = site(&url, &format!("webhook_ca = \"{}\"\n", ca.display()));
    let first = site.disk(&[]);
    assert!(shake_hands(&listener, &others.server("127.0.0.1")).is_none(), "an authority that only calls itself ours");
    assert!(shake_hands(&listener, &ours.server("hooks.example")).is_none(), "another's certificate");
    let second = site.disk(&[]);
    let good = ours.server("127.0.0.1");
    let bodies = bodies_until(&second, || receive(shake_hands(&listener, &good).unwrap(), ACCEPTED));
    let events: Vec<Value> = bodies.iter().flat_map(|body| events(body)).collect();
    assert_eq!(events[0]["Cursor"], 1, "nothing was lost meanwhile");
    let place = |disk: &str| events.iter().position(|event| event["ResourceId"] == disk).unwrap();
    assert!(place(&first) < place(&second));
    let log = fs::read_to_string(site.folder.join("log")).unwrap();
    for reason in ["BadSignature", "not valid for name"] {
        assert!(log.contains(reason), "{reason} is not in {log}");
    }
    drop(site);
    for file in [ca, secret] {
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn what_is_sent_to_a_webhook_holds_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (site, file) = site(&format!("http://{}/hook", listener.local_addr().unwrap()), "");
    let root = (ID, SECRET);
    site.let_ecs_use_keys();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let secret =
        [("SecretName", "s"), ("VersionId", "1"), ("SecretData", "the-value-of-a-secret"), ("EncryptionKeyId", &key)];
    site.call(root, KMS, "CreateSecret", &secret);
    site.call(root, RAM, "CreateUser", &[("UserName", "u")]);
    let made = site.call(root, RAM, "CreateAccessKey", &[("UserName", "u")]);
    let data_key = site.call(root, KMS, "GenerateDataKey", &[("KeyId", &key)]);
    let disk = site.disk(&["--encrypted", "true", "--key", &key]);
    site.json(&["attach", &disk, "--print"]);
    site.does(&["key", "disable", &key]);
    let bodies = bodies_until(&site.disk(&[]), || receive(accept(&listener), ACCEPTED)).concat();
    for kind in ["KeyCreated", "DiskCreated", "DiskAttached", "KeyDisabled"] {
        assert!(bodies.contains(&format!("\"Kind\":\"{kind}\"")), "{kind} is not in {bodies}");
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = [
        SECRET.to_owned(),
        KEY.to_owned(),
        "the-value-of-a-secret".to_owned(),
        text(&made["AccessKey"]["AccessKeySecret"]),
        text(&data_key["Plaintext"]),
        text(&data_key["CiphertextBlob"]),
    ];
    for secret in secrets {
        assert!(!bodies.contains(&secret), "{secret} is in {bodies}");
    }
    drop(site);
    fs::remove_file(file).unwrap();
}
