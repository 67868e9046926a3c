//! Snapshots, on stores in memory and in files.

mod checks;
mod local;
mod model;
mod rounds;
mod support;
mod tampering;
