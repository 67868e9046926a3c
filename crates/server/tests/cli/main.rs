//! The command line against a real server, and what others' programs make of what it prints. They must be installed:
//! `apt-get install qemu-utils libnbd-bin python3-libnbd e2fsprogs fuse3 softhsm2 opensc`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod attach;
#[path = "../../src/client.rs"]
#[allow(dead_code, reason = "the binary itself looks at warnings")]
mod client;
mod credentials;
mod seal;
mod site;
mod verbs;
mod volume;
