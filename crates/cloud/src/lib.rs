//! The operations of the four products and everything a request passes on its way to one. No HTTP and no threads here: the
//! server hands in an [`Incoming`] and is called back with an [`Outgoing`].

pub mod auth;
mod exchange;
pub mod parameters;

pub use exchange::{Incoming, Method, Outgoing};
