//! A transport without a network: what the client sends is known beforehand.

use std::io::{self, IoSlice, IoSliceMut};
use std::sync::Mutex;
use std::time::Duration;

use coffer_block::nbd::Transport;

/// What the client sends, and what it was sent.
pub(crate) struct Script {
    sent: Mutex<Vec<u8>>,
    received: Mutex<Vec<u8>>,
    /// How many bytes arrive at a time, at most.
    piece_bytes: usize,
}

impl Script {
    pub(crate) fn new(mut sent: Vec<u8>, piece_bytes: usize) -> Self {
        sent.reverse();
        Self { sent: Mutex::new(sent), received: Mutex::default(), piece_bytes }
    }

    /// What the server sent.
    pub(crate) fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

impl Transport for Script {
    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut sent = self.sent.lock().unwrap();
        let mut read = 0;
        for place in buffers.iter_mut().flat_map(|buffer| buffer.iter_mut()).take(self.piece_bytes) {
            let Some(byte) = sent.pop() else { break };
            *place = byte;
            read += 1;
        }
        Ok(read)
    }

    fn write(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut received = self.received.lock().unwrap();
        for part in parts {
            received.extend_from_slice(part);
        }
        Ok(())
    }

    fn set_timeout(&self, _timeout: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&self) {}

    fn close(&self) {}
}

/// The client's flags: fixed newstyle, no zeros.
pub(crate) fn greeting() -> Vec<u8> {
    3_u32.to_be_bytes().to_vec()
}

/// An option.
pub(crate) fn option(number: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    [b"IHAVEOPT", &number.to_be_bytes()[..], &length.to_be_bytes(), data].concat()
}

/// The data of `NBD_OPT_INFO` and `NBD_OPT_GO`.
pub(crate) fn information(name: &str, wanted: &[u16]) -> Vec<u8> {
    let count = u16::try_from(wanted.len()).unwrap().to_be_bytes();
    [text(name), count.to_vec(), wanted.iter().flat_map(|one| one.to_be_bytes()).collect()].concat()
}

/// The data of the options about metadata contexts.
pub(crate) fn queries(name: &str, queries: &[&str]) -> Vec<u8> {
    let count = u32::try_from(queries.len()).unwrap().to_be_bytes();
    [text(name), count.to_vec(), queries.iter().flat_map(|query| text(query)).collect()].concat()
}

/// A string with its length before it.
pub(crate) fn text(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

/// Everything up to the transmission; `structured` with `base:allocation`.
pub(crate) fn up_to_transmission(name: &str, structured: bool) -> Vec<u8> {
    let mut bytes = greeting();
    if structured {
        bytes.extend(option(8, &[]));
        bytes.extend(option(10, &queries(name, &["base:allocation"])));
    }
    bytes.extend(option(7, &information(name, &[])));
    bytes
}

/// A request's header.
pub(crate) fn request(command: u16, flags: u16, cookie: u64, offset: u64, length: u32) -> Vec<u8> {
    let fields = [&0x2560_9513_u32.to_be_bytes()[..], &flags.to_be_bytes(), &command.to_be_bytes()];
    [&fields.concat(), &cookie.to_be_bytes()[..], &offset.to_be_bytes(), &length.to_be_bytes()].concat()
}
