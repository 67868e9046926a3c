//! What reaches the server before it is a request of anybody.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::site::Site;

/// Connections, streams of each, and how often each stream names the value that was sent once.
const CONNECTIONS: usize = 8;
const STREAMS: u32 = 128;
const NAMED: usize = 24;
const VALUE_BYTES: usize = 3900;
/// More than that must not be taken for it. Copied at once, the headers would take 96 MiB.
const MOST_GROWTH_KIB: u64 = 32 * 1024;

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACKNOWLEDGED: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header `a` with a long value, to be remembered (RFC 7541, 6.2.1).
fn remembered() -> Vec<u8> {
    // 127 and the rest in groups of seven bits, the lowest first (RFC 7541, 5.1).
    let rest = VALUE_BYTES - 127;
    let length = [127, u8::try_from(rest % 128).unwrap() | 128, u8::try_from(rest / 128).unwrap()];
    [&b"\x40\x01a"[..], &length, &[b'v'; VALUE_BYTES]].concat()
}

/// Requests whose bodies never come, each with long headers that take one byte to send.
fn bomb() -> Vec<u8> {
    let mut sent = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*frame(SETTINGS, 0, 0, &[])].concat();
    for stream in 0..STREAMS {
        // POST, http, /, and :authority = x; then the newest of what is remembered, again and again.
        let mut block = b"\x83\x86\x84\x01\x01x".to_vec();
        if stream == 0 {
            block.extend(remembered());
        }
        block.extend([0x80 | 0x3e; NAMED]);
        sent.extend(frame(HEADERS, END_HEADERS, 2 * stream + 1, &block));
    }
    sent.extend(frame(PING, 0, 0, b"all read"));
    sent
}

/// Takes frames until the ping is answered: what was sent before is read then.
fn await_pong(stream: &mut TcpStream) {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).unwrap();
        if (head[3], head[4]) == (PING, ACKNOWLEDGED) {
            return;
        }
    }
}

#[test]
fn headers_that_cost_a_byte_each_do_not_fill_the_memory() {
    let site = Site::new();
    let before = site.resident_kib();
    let bombs: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(site.address()).unwrap();
            stream.write_all(&bomb()).unwrap();
            await_pong(&mut stream);
            stream
        })
        .collect();
    // The requests that were begun before are looked at by the time this one is answered.
    site.does(&["status"]);
    let growth = site.resident_kib().saturating_sub(before);
    assert!(growth < MOST_GROWTH_KIB, "{growth} KiB");
    drop(bombs);
}

/// Status and body of what is answered there, and the connection ends.
fn ask(address: &str, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn the_endpoint_of_metadata_answers_programs_and_no_pages() {
    let site = Site::with("[metadata]\nlisten = \"127.0.0.1:0\"\nrole = \"app\"\n");
    let log = fs::read_to_string(site.folder.join("log")).unwrap();
    let line = log.lines().find(|line| line.contains("metadata endpoint")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let address = line["fields"]["address"].as_str().unwrap();
    let get = |headers: &str| {
        let path = "/latest/meta-data/ram/security-credentials/";
        ask(address, format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n").as_bytes())
    };
    assert_eq!(get(&format!("host: {address}\r\n")), (200, "app".to_owned()));
    assert_eq!(get("host: attacker.example\r\n"), (403, String::new()), "a name that was made to resolve to us");
    assert_eq!(get(&format!("host: {address}\r\nsec-fetch-site: none\r\n")), (403, String::new()));
}

#[test]
fn a_path_and_query_have_the_bytes_that_the_document_says_and_a_form_takes_what_is_longer() {
    const MOST: usize = 65_534;
    let site = Site::new();
    let get = |target_bytes: usize| {
        let target = format!("/?{}", "a".repeat(target_bytes - 2));
        ask(site.address(), format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
    };
    let (status, body) = get(MOST);
    assert!(status == 400 && body.contains("\"Code\"") && body.contains("\"RequestId\""), "{status} {body}");
    assert_eq!(get(MOST + 1), (414, String::new()), "the parser of HTTP answers before there is a request");
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/choices.md")).unwrap();
    assert!(document.contains("65,534 bytes"));

    let form = format!(
        "Action=AssumeRoleWithSAML&Version=2015-04-01&Format=JSON&SAMLProviderArn=a&RoleArn=b&SAMLAssertion={}",
        "A".repeat(100_000)
    );
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n",
        form.len()
    );
    let (status, body) = ask(site.address(), [head, form].concat().as_bytes());
    assert!(body.contains("SAML") || body.contains("Arn"), "the operation itself refuses it: {status} {body}");
}
