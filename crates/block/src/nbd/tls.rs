//! TLS over a TCP connection that one thread reads and several write.
//!
//! The session is locked only while it computes, never while it waits for the network: a thread that can't write, because the client
//! does not read, does not keep the reader from reading. What was encrypted must be sent in that order, so writers take turns
//! from encrypting to sending.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};

use super::Deadline;
use super::transport::{Socket as _, Transport, again, write_all};

/// What is received at once, and what is sent at once.
const PIECE_BYTES: usize = 256 << 10;
/// How long the client may take to accept that the session is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// A TLS session.
pub(super) struct Tls {
    socket: TcpStream,
    session: Mutex<ServerConnection>,
    incoming: Mutex<Incoming>,
    /// Encrypted, not sent yet. Taken before `session`.
    outgoing: Mutex<Vec<u8>>,
}

/// Received, not decrypted yet.
struct Incoming {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Tls {
    /// Makes a session with the client, who has been told to begin one. Fails if it has no certificate that the configuration
    /// asks for, or takes longer than `deadline`.
    pub(super) fn accept(socket: TcpStream, config: Arc<ServerConfig>, deadline: &Deadline) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        let incoming = Incoming { bytes: vec![0; PIECE_BYTES].into(), start: 0, end: 0 };
        let tls = Self {
            socket,
            session: Mutex::new(session),
            incoming: Mutex::new(incoming),
            outgoing: Mutex::new(Vec::new()),
        };
        tls.shake_hands(deadline)?;
        Ok(tls)
    }

    fn shake_hands(&self, deadline: &Deadline) -> io::Result<()> {
        let mut incoming = self.incoming.lock().expect("no panic under this lock");
        while self.session().is_handshaking() {
            self.socket.timeout(Some(deadline.left()?))?;
            if !incoming.receive(&self.socket)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // What follows the handshake is for `read`.
            while incoming.start < incoming.end && self.session().is_handshaking() {
                let fed = incoming.feed(&mut self.session());
                // Also after a failure: the client is told what is wrong.
                let sent = self.send_rest();
                fed.and(sent)?;
            }
        }
        Ok(())
    }

    /// Sends what the session has to say of its own.
    fn send_rest(&self) -> io::Result<()> {
        let mut outgoing = self.outgoing.lock().expect("no panic under this lock");
        collect(&mut self.session(), &mut outgoing)?;
        self.send(&mut outgoing)
    }

    fn send(&self, outgoing: &mut Vec<u8>) -> io::Result<()> {
        let sent = write_all(&self.socket, &mut [IoSlice::new(outgoing)]);
        outgoing.clear();
        sent
    }

    fn session(&self) -> MutexGuard<'_, ServerConnection> {
        self.session.lock().expect("no panic under this lock")
    }
}

impl Incoming {
    fn receive(&mut self, socket: &TcpStream) -> io::Result<bool> {
        self.start = 0;
        self.end = 0;
        self.end = again(|| (&mut &*socket).read(&mut self.bytes))?;
        Ok(self.end > 0)
    }

    /// Has the session decrypt some of it.
    fn feed(&mut self, session: &mut ServerConnection) -> io::Result<()> {
        self.start += session.read_tls(&mut &self.bytes[self.start..self.end])?;
        session.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(())
    }
}

/// Everything that a session has encrypted.
fn collect(session: &mut ServerConnection, outgoing: &mut Vec<u8>) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(outgoing)?;
    }
    Ok(())
}

impl Transport for Tls {
    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut incoming = self.incoming.lock().expect("no panic under this lock");
        loop {
            let mut session = self.session();
            match session.reader().read_vectored(buffers) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Also the end without a farewell, which is an error of its own.
                done => return done,
            }
            if incoming.start < incoming.end {
                incoming.feed(&mut session)?;
                let talks = session.wants_write();
                drop(session);
                if talks {
                    self.send_rest()?;
                }
            } else {
                drop(session);
                if !incoming.receive(&self.socket)? {
                    return Ok(0);
                }
            }
        }
    }

    fn write(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut outgoing = self.outgoing.lock().expect("no panic under this lock");
        for part in parts.iter() {
            let mut rest = &part[..];
            while !rest.is_empty() {
                let mut session = self.session();
                let taken = session.writer().write(rest)?;
                collect(&mut session, &mut outgoing)?;
                drop(session);
                rest = &rest[taken..];
                if outgoing.len() >= PIECE_BYTES {
                    self.send(&mut outgoing)?;
                }
            }
        }
        self.send(&mut outgoing)
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.timeout(timeout)
    }

    fn finish(&self) {
        self.session().send_close_notify();
        let _gone_already = self.set_timeout(Some(FAREWELL)).and_then(|()| self.send_rest());
        let _gone_already = self.socket.shut(Shutdown::Write);
    }

    fn close(&self) {
        let _gone_already = self.socket.shut(Shutdown::Both);
    }
}
