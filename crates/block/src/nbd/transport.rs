//! What a connection runs over: a stream of bytes that one thread reads and several write.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A stream of bytes in both directions. One thread reads; any thread writes.
pub trait Transport: Send + Sync {
    /// Waits for bytes and puts them into `buffers`, the first one first; 0 at the end of the stream.
    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
    /// Writes all of `parts`, and nothing of what other threads write between them.
    fn write(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()>;
    /// How long a read or a write may wait, from now on; for ever if `None`.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    /// Says that nothing follows. An error changes nothing: the connection is over.
    fn finish(&self);
    /// Ends reads and writes of all threads.
    fn close(&self);
}

/// A socket.
pub(super) trait Socket: Send + Sync + Sized + 'static {
    fn read_some(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
    fn write_some(&self, parts: &[IoSlice<'_>]) -> io::Result<usize>;
    fn timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    fn shut(&self, how: Shutdown) -> io::Result<()>;
    fn duplicate(&self) -> io::Result<Self>;
}

macro_rules! socket {
    ($stream:ty) => {
        impl Socket for $stream {
            fn read_some(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&mut &*self).read_vectored(buffers)
            }

            fn write_some(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
                (&mut &*self).write_vectored(parts)
            }

            fn timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.set_read_timeout(timeout).and_then(|()| self.set_write_timeout(timeout))
            }

            fn shut(&self, how: Shutdown) -> io::Result<()> {
                self.shutdown(how)
            }

            fn duplicate(&self) -> io::Result<Self> {
                self.try_clone()
            }
        }
    };
}

socket!(UnixStream);
socket!(TcpStream);

/// A socket in clear.
pub(super) struct Plain<S> {
    socket: S,
    writing: Mutex<()>,
}

impl<S> Plain<S> {
    pub(super) const fn new(socket: S) -> Self {
        Self { socket, writing: Mutex::new(()) }
    }

    /// The socket, to go on with over something else.
    pub(super) fn into_inner(self) -> S {
        self.socket
    }
}

impl<S: Socket> Transport for Plain<S> {
    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        again(|| self.socket.read_some(buffers))
    }

    fn write(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        // Who panicked while it held the lock guards nothing any more.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        write_all(&self.socket, parts)
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.timeout(timeout)
    }

    fn finish(&self) {
        let _gone_already = self.socket.shut(Shutdown::Write);
    }

    fn close(&self) {
        let _gone_already = self.socket.shut(Shutdown::Both);
    }
}

/// Writes all of `parts`.
pub(super) fn write_all(socket: &impl Socket, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match again(|| socket.write_some(parts))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut parts, written),
        }
    }
    Ok(())
}

/// Does it again as long as a signal interrupts it.
pub(super) fn again<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
