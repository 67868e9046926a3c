//! The NBD server, byte by byte.
#![allow(clippy::unwrap_used, reason = "a test")]

mod client;
mod handshake;
mod malformed;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod transmission;
