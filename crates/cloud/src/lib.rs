//! The operations of the products and everything a request passes on its way to one. No HTTP and no threads here: the server hands
//! in an [`Incoming`] and gets an [`Outgoing`] back.

pub mod audit;
pub mod auth;
pub mod bell;
pub mod bootstrap;
pub mod caller;
pub mod coffer;
pub mod compliance;
pub mod context;
pub mod costly;
pub mod decode;
pub mod dispatch;
pub mod ecs;
pub mod encode;
pub mod event;
pub mod exchange;
pub mod explain;
pub mod idempotent;
pub mod job;
pub mod jobs;
pub mod keyring;
pub mod kms;
pub mod location;
mod metrics;
pub mod operation;
pub mod page;
pub mod parameters;
pub mod product;
pub mod ram;
mod readiness;
pub mod settings;
pub mod sts;
pub mod testing;
pub mod throttle;
pub mod value;
pub mod version_uses;
pub mod volumes;

pub use dispatch::{Cloud, operations};
pub use exchange::{About, Incoming, Method, Outgoing};
pub use keyring::{Keyring, KeyringError};
pub use operation::{Access, Effect, Entry, Operation, ParameterFact, Refused};
pub use product::Product;
pub use settings::Settings;
pub use testing::Testing;
pub use value::Shape;
pub use volumes::{Volumes, Workers};
