//! The bytes of disks, seen by their users: the server itself, over the API and NBD.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod bytes;
#[path = "../../src/client.rs"]
#[allow(dead_code, reason = "no test here looks at warnings")]
mod client;
mod fio;
#[path = "../kill/harness.rs"]
mod harness;
mod kills;
mod leaks;
mod model;
mod nbd;
mod outage;
mod site;
mod writer;
