//! The command line against a real server, and what others' programs make of what it prints. They must be installed:
//! `apt-get install qemu-utils libnbd-bin python3-libnbd e2fsprogs fuse3 softhsm2 opensc util-linux`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod attach;
mod backup;
#[path = "../../src/client.rs"]
#[allow(dead_code, reason = "the binary itself looks at warnings")]
mod client;
mod compliance;
mod credentials;
mod doctor;
mod events;
mod explain;
mod formats;
mod gateway;
mod pages;
mod records;
mod seal;
mod site;
mod start;
#[cfg(feature = "otel")]
mod traces;
mod verbs;
mod volume;
mod webhook;
