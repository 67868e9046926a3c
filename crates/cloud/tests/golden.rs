//! The exact bytes of answers, held against those recorded in `tests/golden`: of each operation's sample, of the sample without its
//! first required parameter, and of the sample under an unknown access key, each in JSON and in XML.
//!
//! Clock and randomness are the world's, so two runs answer alike to the byte. `cargo xtask golden --write` records them again; what
//! then differs is what a client would see differently.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coffer_cloud::{Entry, Product, operations};
use support::{Key, Pairs, World};

const SEED: u64 = 99;
/// Set to write the files instead of holding the answers against them.
const WRITE: &str = "COFFER_GOLDEN_WRITE";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// An answer as it is recorded: what was asked, status and content type on one line, the body on the next.
fn answer(entry: &Entry, what: &str, change: impl Fn(&mut Key, &mut Pairs)) -> String {
    let (product, action) = (entry.product, entry.operation.name);
    ["JSON", "XML"]
        .map(|format| {
            let world = World::new();
            let mut parameters = world.sample(product, action);
            let mut key = world.sender(action);
            change(&mut key, &mut parameters);
            parameters.push(("Format".to_owned(), format.to_owned()));
            world.reseed(SEED);
            let answer = world.answer(world.request(&key, product, action, &parameters));
            let body = String::from_utf8(answer.body).unwrap();
            format!("# {what}: {} {}\n{body}\n", answer.status, answer.content_type)
        })
        .concat()
}

/// The recorded answers of one operation.
fn recorded(entry: &Entry) -> String {
    let mut text = answer(entry, "sample", |_, _| {});
    if let Some(required) = (entry.parameters)().iter().find(|fact| fact.required) {
        let without = |name: &str| name != required.name && !name.starts_with(&format!("{}.", required.name));
        text += &answer(entry, &format!("without {}", required.name), |_, sample| {
            sample.retain(|(name, _)| without(name));
        });
    }
    text + &answer(entry, "unknown access key", |key, _| "LTAInobody".clone_into(&mut key.0))
}

/// Every operation's file and what belongs into it.
fn all() -> BTreeMap<PathBuf, String> {
    let entries = Product::ALL.iter().flat_map(|product| operations(*product));
    entries
        .map(|entry| {
            let name = format!("{}/{}.txt", entry.product.name(), entry.operation.name);
            (folder().join(name), recorded(entry))
        })
        .collect()
}

/// The files there are.
fn files() -> Vec<PathBuf> {
    let products = Product::ALL.iter().filter_map(|product| fs::read_dir(folder().join(product.name())).ok());
    products.flatten().map(|file| file.unwrap().path()).collect()
}

fn write(all: &BTreeMap<PathBuf, String>) {
    for stale in files().iter().filter(|path| !all.contains_key(*path)) {
        fs::remove_file(stale).unwrap();
    }
    for (path, text) in all {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What differs between the answers and the files, each with what to do about it.
fn findings(all: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in all {
        let name = path.strip_prefix(folder()).unwrap().display();
        match fs::read_to_string(path) {
            Err(_) => findings.push(format!("no golden bytes for {name}")),
            Ok(golden) => findings.extend(difference(&golden, text).map(|lines| format!("{name}: {lines}"))),
        }
    }
    for stale in files().iter().filter(|path| !all.contains_key(*path)) {
        findings.push(format!("{} is of no operation that is served", stale.display()));
    }
    findings
}

/// The first line that differs, as it was and as it is.
fn difference(golden: &str, text: &str) -> Option<String> {
    if golden == text {
        return None;
    }
    let (mut was, mut is) = (golden.lines(), text.lines());
    loop {
        let lines = (was.next(), is.next());
        if lines.0 != lines.1 {
            return Some(format!("\n  was {}\n  is  {}", lines.0.unwrap_or("shorter"), lines.1.unwrap_or("shorter")));
        }
        if lines == (None, None) {
            return Some("line ends differ".to_owned());
        }
    }
}

#[test]
fn every_answer_is_byte_for_byte_as_recorded() {
    let all = all();
    if std::env::var_os(WRITE).is_some() {
        write(&all);
    }
    let findings = findings(&all);
    assert!(findings.is_empty(), "{}\nrun cargo xtask golden --write", findings.join("\n"));
}
