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
pub mod key_maker;
pub mod keyring;
pub mod kms;
pub mod location;
pub mod operation;
pub mod page;
pub mod parameters;
pub mod product;
pub mod ram;
pub mod settings;
pub mod sts;
pub mod value;
pub mod volumes;

pub use dispatch::{Cloud, operations};
pub use exchange::{Incoming, Method, Outgoing};
pub use keyring::{Keyring, KeyringError};
pub use operation::{Access, Effect, Entry, Operation, ParameterFact, Refused};
pub use product::Product;
pub use settings::Settings;
pub use value::Shape;
pub use volumes::{Volumes, Workers};
