//! Fuzz targets: bytes from libFuzzer, shaped into what comes in through the port or is read from stores. `cargo xtask fuzz` builds this with the coverage
//! that libFuzzer steers by, and says which target to run.

#![no_main]
#![allow(clippy::unwrap_used, reason = "a test")]

mod bytes;
mod call;
mod form;
mod input;
mod manifest;
mod meta;
mod nbd_handshake;
#[path = "../../crates/block/tests/support/mod.rs"]
mod nbd_support;
mod nbd_transmission;
mod object;
mod operation;
mod policy;
mod saml;
mod signature;
mod sound;
#[path = "../../crates/cloud/tests/support/mod.rs"]
mod support;

use std::sync::LazyLock;

/// What is run: `COFFER_FUZZ_TARGET`.
static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("COFFER_FUZZ_TARGET").expect("COFFER_FUZZ_TARGET names a target");
    match name.as_str() {
        "bytes" => bytes::run,
        "call" => call::run,
        "form" => form::run,
        "manifest" => manifest::run,
        "meta" => meta::run,
        "object" => object::run,
        "nbd_handshake" => nbd_handshake::run,
        "nbd_transmission" => nbd_transmission::run,
        "operation" => operation::run,
        "policy" => policy::run,
        "saml" => saml::run,
        "signature" => signature::run,
        _ => panic!("{name} is none of the targets above"),
    }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
