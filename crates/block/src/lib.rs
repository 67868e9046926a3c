//! Volumes whose bytes are encrypted at rest: the engine, its snapshots, and the NBD server that hands them out. Knows no account, no
//! policy, no SQL.
//!
//! Bytes flow `nbd -> volume -> storage`; snapshots flow `volume -> snapshot -> objects`. Each arrow is a narrow trait
//! ([`export::Export`], [`storage::Storage`], [`snapshot::ChunkSource`]), so that each side is tested by itself.

pub mod bitmap;
pub mod export;
pub mod geometry;
pub mod host;
pub mod nbd;
pub mod snapshot;
pub mod storage;
pub mod volume;
