//! The NBD server, byte by byte.

mod client;
mod handshake;
mod malformed;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod transmission;
