//! SQL, and the only place for it: the database, its migrations, and one module of typed functions per table family. Rows go in
//! and come out as plain structures; nothing here knows what an operation or a policy is.

pub mod accounts;
pub mod assertions;
pub mod audit;
mod connection;
mod db;
pub mod defaults;
pub mod dependants;
pub mod disks;
pub mod dump;
mod error;
pub mod events;
pub mod groups;
pub mod idempotency;
pub mod identities;
pub mod images;
pub mod instances;
pub mod jobs;
pub mod key_uses;
pub mod keys;
pub mod logins;
mod migrations;
pub mod policies;
pub mod preferences;
pub mod proofs;
pub mod ram_tags;
pub mod record;
pub mod secrets;
pub mod snapshots;
pub mod tags;
pub mod tasks;
pub mod volumes;
mod writer;

pub use connection::{Row, Tx, Value};
pub use db::{Db, FILE, LOCK, Options};
pub use error::StoreError;
pub use record::{Record, Start};
pub use writer::{Pending, WriterStats};
