//! Snapshots, on stores in memory and in files.

#![allow(clippy::unwrap_used, reason = "a test")]

mod checks;
mod local;
mod model;
mod rounds;
mod support;
mod tampering;
