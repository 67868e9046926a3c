//! The NBD server: hands out anything that is an [`Export`] to the clients that there are: QEMU, libnbd, the kernel, fio.
//!
//! It speaks the fixed newstyle protocol as the NBD project's `doc/proto.md` describes it; comments name its sections. A connection has
//! a thread that reads requests in large pieces and executes those that take no time; replies go out together. What may
//! take long goes to a few threads of that connection, so that it holds up neither the others of this client nor any other client.
//! Everything that a client decides on is limited by [`Limits`].

mod buffer;
mod certificates;
mod counters;
mod handshake;
mod input;
mod protocol;
mod server;
mod service;
mod tls;
mod transmission;
mod transport;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::export::Export;

pub use self::certificates::{CertificateError, ClientFiles, ServerTls, mint};
pub use self::counters::{Counters, CountersSnapshot, LatencySnapshot};
pub use self::server::{Listen, Server, bind_unix};
pub use self::service::converse;
pub use self::transport::Transport;

/// A clock that never goes back: nanoseconds since some moment. Passed in by the wiring.
pub type MonotonicNs = fn() -> u64;

/// An export that a client may choose.
#[derive(Clone)]
pub struct Offer {
    /// Its name, which clients see in the list.
    pub name: String,
    /// What a person reads about it.
    pub description: String,
    /// The device.
    pub export: Arc<dyn Export>,
    /// Where its requests are counted.
    pub counters: Arc<Counters>,
}

/// The exports of a server, by name.
pub trait Exports: Send + Sync {
    /// The export of that name; the empty name asks for the default one.
    fn find(&self, name: &str) -> Option<Offer>;
    /// All of them.
    fn list(&self) -> Vec<Offer>;
}

/// A single export is the default one, too.
impl Exports for Offer {
    fn find(&self, name: &str) -> Option<Offer> {
        (name.is_empty() || name == self.name).then(|| self.clone())
    }

    fn list(&self) -> Vec<Offer> {
        vec![self.clone()]
    }
}

/// What clients may take of a server. The length of a request is the protocol's: 32 MiB.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Clients that have an export at a time; more are sent away.
    pub connections: usize,
    /// Clients that still negotiate at a time; the oldest of them makes room for one more. Who says nothing takes no room from those that
    /// have an export.
    pub handshakes: usize,
    /// Options before the transmission begins.
    pub options: u32,
    /// Data of an option.
    pub option_bytes: usize,
    /// From the connection to the transmission, TLS included.
    pub handshake: Duration,
    /// Payloads of a connection's requests in progress; at least 32 MiB.
    pub payload_bytes: usize,
    /// Requests of a connection in progress.
    pub requests: usize,
    /// Threads of a connection for what may take long; they are started when there is use for them. Without any, everything is done one after
    /// the other.
    pub workers: usize,
    /// How long clients may take to read the last replies when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            handshakes: 64,
            options: 128,
            option_bytes: 64 << 10,
            handshake: Duration::from_secs(10),
            payload_bytes: 64 << 20,
            requests: 256,
            workers: 16,
            drain: Duration::from_secs(1),
        }
    }
}

impl Limits {
    fn check(&self) {
        assert!(self.payload_bytes >= protocol::MOST_PAYLOAD_BYTES as usize, "the largest payload must fit");
        assert!(self.option_bytes <= input::Input::ROOM_BYTES, "an option must fit into the input");
        assert!(self.requests > 0, "a request must be possible");
        assert!(self.handshakes > 0, "a handshake must be possible");
    }
}

/// When something must be over.
pub(crate) struct Deadline {
    at_ns: u64,
    now: MonotonicNs,
}

impl Deadline {
    fn after(limit: Duration, now: MonotonicNs) -> Self {
        let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Self { at_ns: now().saturating_add(limit_ns), now }
    }

    /// What is left, which is never nothing; `TimedOut` afterwards.
    fn left(&self) -> io::Result<Duration> {
        let left_ns = self.at_ns.saturating_sub((self.now)());
        // A socket takes no timeout that is shorter than a microsecond.
        if left_ns < 1000 { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Duration::from_nanos(left_ns)) }
    }
}
