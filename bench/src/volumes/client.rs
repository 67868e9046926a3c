//! A client of NBD that costs as little as one can: one thread, one connection, many requests under way, payloads that stay in the
//! processor's cache. fio's engine takes a core to itself long before a fast server does, so that it would measure itself.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use coffer_base::{Rng as _, SeededRng};

use crate::server::clock;

/// The size of large transfers.
pub(super) const LARGE: u32 = 1 << 20;
/// The size of small ones.
pub(super) const SMALL: u32 = 4096;
const READ: u16 = 0;
const WRITE: u16 = 1;
const FLUSH: u16 = 3;
const INPUT_BYTES: usize = 256 << 10;

/// In which order blocks are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// One after the other, and again from the beginning.
    Sequential,
    /// Any.
    Random,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) writes: bool,
    pub(super) block: u32,
    pub(super) depth: usize,
    pub(super) order: Order,
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) requests: u64,
    pub(super) seconds: f64,
}

impl Outcome {
    /// Requests a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    pub(super) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// A connection.
pub(super) struct Client {
    stream: UnixStream,
    pub(super) size_bytes: u64,
    payload: Vec<u8>,
    input: Vec<u8>,
    start: usize,
    end: usize,
    random: u64,
    cookie: u64,
}

impl Client {
    /// Connects, and agrees on the default export and structured replies, as QEMU and libnbd do.
    pub(super) fn connect(socket: &Path) -> Result<Self, Box<dyn Error>> {
        let mut payload = vec![0; LARGE as usize];
        SeededRng::new(7).fill(&mut payload);
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let input = vec![0; INPUT_BYTES];
        let mut client =
            Self { stream, size_bytes: 0, payload, input, start: 0, end: 0, random: 88_172_645, cookie: 0 };
        client.negotiate()?;
        Ok(client)
    }

    fn negotiate(&mut self) -> Result<(), Box<dyn Error>> {
        const STRUCTURED: u32 = 8;
        const GO: u32 = 7;
        let greeting = self.bytes(18)?;
        if !greeting.starts_with(b"NBDMAGICIHAVEOPT") {
            return Err("not an NBD server".into());
        }
        self.stream.write_all(&3u32.to_be_bytes())?;
        self.option(STRUCTURED, &[])?;
        if self.option_reply()?.0 != 1 {
            return Err("a server without structured replies".into());
        }
        self.option(GO, &[0; 6])?;
        loop {
            match self.option_reply()? {
                (1, _) => return Ok(()),
                (3, information) if information.starts_with(&[0, 0]) => {
                    self.size_bytes = u64::from_be_bytes(information[2..10].try_into()?);
                }
                (3, _) => {}
                (kind, text) => return Err(format!("refused ({kind:#x}): {}", String::from_utf8_lossy(&text)).into()),
            }
        }
    }

    fn option(&mut self, option: u32, data: &[u8]) -> io::Result<()> {
        let mut bytes = b"IHAVEOPT".to_vec();
        bytes.extend(option.to_be_bytes());
        bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
        bytes.extend(data);
        self.stream.write_all(&bytes)
    }

    fn option_reply(&mut self) -> Result<(u32, Vec<u8>), Box<dyn Error>> {
        let head = self.bytes(20)?;
        let (kind, length) = (be32(&head[12..]), be32(&head[16..]));
        Ok((kind, self.bytes(length as usize)?))
    }

    fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        self.need(length)?;
        let bytes = self.input[self.start..self.start + length].to_vec();
        self.start += length;
        Ok(bytes)
    }

    /// Waits until so many bytes are in the buffer.
    fn need(&mut self, length: usize) -> io::Result<()> {
        while self.end - self.start < length {
            if INPUT_BYTES - self.start < length.max(64) {
                self.input.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            let read = self.stream.read(&mut self.input[self.end..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.end += read;
        }
        Ok(())
    }

    fn skip(&mut self, mut length: usize) -> io::Result<()> {
        loop {
            let there = (self.end - self.start).min(length);
            self.start += there;
            length -= there;
            if length == 0 {
                return Ok(());
            }
            (self.start, self.end) = (0, 0);
            self.need(1)?;
        }
    }

    /// Reads one reply to its end; the cookie of the request.
    fn reply(&mut self) -> Result<u64, Box<dyn Error>> {
        loop {
            self.need(16)?;
            let head = &self.input[self.start..];
            let cookie = u64::from_be_bytes(head[8..16].try_into()?);
            match be32(head) {
                0x6744_6698 => {
                    let error = be32(&head[4..]);
                    self.start += 16;
                    return if error == 0 { Ok(cookie) } else { Err(format!("error {error}").into()) };
                }
                0x668e_33ef => {
                    self.need(20)?;
                    let head = &self.input[self.start..];
                    let (done, kind, length) =
                        (head[5] & 1 == 1, u16::from_be_bytes([head[6], head[7]]), be32(&head[16..]));
                    self.start += 20;
                    if kind >= 1 << 15 {
                        return Err("a request failed".into());
                    }
                    self.skip(length as usize)?;
                    if done {
                        return Ok(cookie);
                    }
                }
                other => return Err(format!("not a reply: {other:#x}").into()),
            }
        }
    }

    fn header(&mut self, command: u16, offset: u64, length: u32) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&0x2560_9513u32.to_be_bytes());
        bytes[6..8].copy_from_slice(&command.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.cookie.to_be_bytes());
        bytes[16..24].copy_from_slice(&offset.to_be_bytes());
        bytes[24..].copy_from_slice(&length.to_be_bytes());
        self.cookie += 1;
        bytes
    }

    /// Writes out requests, each with its payload if it is a write.
    fn send(&mut self, headers: &[[u8; 28]], payload: usize) -> io::Result<()> {
        // As many as a system takes at once.
        for headers in headers.chunks(256) {
            let mut slices: Vec<IoSlice<'_>> = Vec::with_capacity(headers.len() * 2);
            for header in headers {
                slices.push(IoSlice::new(header));
                if payload > 0 {
                    slices.push(IoSlice::new(&self.payload[..payload]));
                }
            }
            let mut rest = &mut slices[..];
            while !rest.is_empty() {
                let written = self.stream.write_vectored(rest)?;
                IoSlice::advance_slices(&mut rest, written);
            }
        }
        Ok(())
    }

    fn offset(&mut self, load: Load, within: u64) -> u64 {
        let blocks = within / u64::from(load.block);
        let block = match load.order {
            Order::Sequential => self.cookie % blocks,
            Order::Random => {
                self.random ^= self.random << 13;
                self.random ^= self.random >> 7;
                self.random ^= self.random << 17;
                self.random % blocks
            }
        };
        block * u64::from(load.block)
    }

    /// Keeps requests under way in the first `within` bytes until `go_on` says no; told of each reply's latency in nanoseconds.
    pub(super) fn run_while(
        &mut self,
        load: Load,
        within: u64,
        mut go_on: impl FnMut(u64) -> bool,
    ) -> Result<Outcome, Box<dyn Error>> {
        let (command, payload) = if load.writes { (WRITE, load.block as usize) } else { (READ, 0) };
        let begin = clock();
        let now_ns = || u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut sent = VecDeque::with_capacity(load.depth);
        let (mut wanted, mut headers, mut going) = (load.depth, Vec::with_capacity(load.depth), true);
        let first = self.cookie;
        while wanted > 0 || !sent.is_empty() {
            headers.clear();
            for _ in 0..wanted {
                let offset = self.offset(load, within);
                headers.push(self.header(command, offset, load.block));
                sent.push_back((self.cookie - 1, now_ns()));
            }
            self.send(&headers, payload)?;
            wanted = 0;
            // All replies that are there, at least one.
            loop {
                let cookie = self.reply()?;
                let at = sent.iter().position(|(known, _)| *known == cookie).ok_or("a reply to nothing")?;
                let (_, sent_ns) = sent.remove(at).expect("it was just found");
                going = going && go_on(now_ns() - sent_ns);
                wanted += usize::from(going);
                if sent.is_empty() || self.end - self.start < 16 {
                    break;
                }
            }
        }
        Ok(Outcome { requests: self.cookie - first, seconds: begin.elapsed().as_secs_f64() })
    }

    /// The same for some time.
    pub(super) fn run(&mut self, load: Load, seconds: f64) -> Result<Outcome, Box<dyn Error>> {
        let (begin, size_bytes) = (clock(), self.size_bytes);
        self.run_while(load, size_bytes, |_| begin.elapsed().as_secs_f64() < seconds)
    }

    /// Writes the whole device once and makes it durable.
    pub(super) fn fill(&mut self) -> Result<(), Box<dyn Error>> {
        let blocks = self.size_bytes / u64::from(LARGE);
        // Not with `run_while`: whatever the cookie is, every block is to be written.
        for block in 0..blocks {
            let header = self.header(WRITE, block * u64::from(LARGE), LARGE);
            self.send(&[header], LARGE as usize)?;
            self.reply()?;
        }
        self.flush()?;
        self.verify((blocks - 1) * u64::from(LARGE))
    }

    /// Reads a block that was filled, which must be what was written.
    fn verify(&mut self, offset: u64) -> Result<(), Box<dyn Error>> {
        let header = self.header(READ, offset, SMALL);
        self.send(&[header], 0)?;
        let mut seen = Vec::new();
        self.need(16)?;
        let head = if be32(&self.input[self.start..]) == 0x6744_6698 { 16 } else { 28 };
        self.bytes(head)?;
        while seen.len() < SMALL as usize {
            self.need(1)?;
            let there = (self.end - self.start).min(SMALL as usize - seen.len());
            seen.extend(self.bytes(there)?);
        }
        if seen == self.payload[..SMALL as usize] { Ok(()) } else { Err("what is read is not what was written".into()) }
    }

    /// Makes everything durable.
    pub(super) fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        let header = self.header(FLUSH, 0, 0);
        self.send(&[header], 0)?;
        self.reply().map(drop)
    }

    /// A small write somewhere, then a flush, each waited for.
    pub(super) fn write_and_flush(&mut self) -> Result<(), Box<dyn Error>> {
        let load = Load { writes: true, block: SMALL, depth: 1, order: Order::Random };
        let size_bytes = self.size_bytes;
        let offset = self.offset(load, size_bytes);
        let header = self.header(WRITE, offset, SMALL);
        self.send(&[header], SMALL as usize)?;
        self.reply()?;
        self.flush()
    }

    /// Reads a byte.
    pub(super) fn read_byte(&mut self, offset: u64) -> Result<(), Box<dyn Error>> {
        let header = self.header(READ, offset, 1);
        self.send(&[header], 0)?;
        self.reply().map(drop)
    }
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
