//! A connection from its first byte to its last, over whatever carries it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::handshake::{Handshake, Outcome, Privacy};
use super::input::Input;
use super::transmission::{Session, serve};
use super::transport::Transport;
use super::{Deadline, Exports, Limits, MonotonicNs};

/// What all connections of a server share.
pub(super) struct Service {
    pub(super) exports: Arc<dyn Exports>,
    pub(super) limits: Limits,
    pub(super) now: MonotonicNs,
    pub(super) stopping: AtomicBool,
}

/// Talks to one client over `transport`, in clear, until one of them ends it. An error says how the client broke the rules, or the stream.
pub fn converse(
    transport: &impl Transport,
    exports: Arc<dyn Exports>,
    limits: Limits,
    now: MonotonicNs,
) -> io::Result<()> {
    limits.check();
    Service { exports, limits, now, stopping: AtomicBool::new(false) }.converse(transport, &|| true)
}

impl Service {
    /// A connection in clear. `enter` is asked before the client has an export.
    pub(super) fn converse(&self, transport: &impl Transport, enter: &dyn Fn() -> bool) -> io::Result<()> {
        let mut input = Input::new();
        let mut handshake = self.handshake(Privacy::Clear, enter);
        handshake.greet(transport, &mut input)?;
        self.proceed(handshake, transport, input)
    }

    pub(super) fn handshake<'a>(&'a self, privacy: Privacy, enter: &'a dyn Fn() -> bool) -> Handshake<'a> {
        let deadline = Deadline::after(self.limits.handshake, self.now);
        Handshake::new(&*self.exports, &self.limits, &self.stopping, deadline, enter, privacy)
    }

    /// The rest of a connection after the greeting, or after TLS was initiated.
    pub(super) fn proceed(
        &self,
        mut handshake: Handshake<'_>,
        transport: &impl Transport,
        mut input: Input,
    ) -> io::Result<()> {
        let outcome = handshake.haggle(transport, &mut input)?;
        if let Outcome::Transmission(agreement) = &outcome {
            transport.set_timeout(None)?;
            let (limits, stopping, now) = (&self.limits, &self.stopping, self.now);
            tracing::debug!(
                export = agreement.offer.name,
                size_bytes = agreement.size_bytes,
                "an NBD client is served"
            );
            serve(&Session { transport, agreement, limits, stopping, now }, input)?;
        }
        transport.finish();
        Ok(())
    }
}
