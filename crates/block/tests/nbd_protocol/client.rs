//! A client that says exactly what a test wants.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use coffer_block::nbd::{Limits, Listen, Offer, Server};

use crate::support::memory::Memory;
use crate::support::{Folder, monotonic_ns, offer, script};

/// A server of one device in memory.
pub(crate) struct Served {
    pub(crate) memory: Arc<Memory>,
    pub(crate) offer: Offer,
    pub(crate) server: Server,
    pub(crate) folder: Folder,
}

pub(crate) fn serve(memory: Memory, limits: Limits) -> Served {
    let (folder, memory) = (Folder::new(), Arc::new(memory));
    let offer = offer(&memory);
    let listen = Listen::Unix(folder.file("socket"));
    let server = Server::start(&listen, Arc::new(offer.clone()), limits, monotonic_ns).unwrap();
    Served { memory, offer, server, folder }
}

impl Served {
    /// A client that has not said anything.
    pub(crate) fn stranger(&self) -> Client {
        let stream = UnixStream::connect(self.folder.file("socket")).unwrap();
        // No test waits for ever.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client { stream }
    }

    /// A client that was greeted.
    pub(crate) fn greeted(&self) -> Client {
        let mut client = self.stranger();
        assert_eq!(client.read(18), b"NBDMAGICIHAVEOPT\x00\x03");
        client.write(&script::greeting());
        client
    }

    /// A client in transmission.
    pub(crate) fn client(&self, structured: bool) -> Client {
        let mut client = self.greeted();
        if structured {
            assert_eq!(client.option(8, &[]), [(ACK, vec![])]);
            client.option(10, &script::queries("", &["base:allocation"]));
        }
        assert_eq!(client.option(7, &script::information("disk", &[])).last().unwrap().0, ACK);
        client
    }
}

pub(crate) const ACK: u32 = 1;

pub(crate) struct Client {
    pub(crate) stream: UnixStream,
}

/// A reply or a chunk of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Simple { cookie: u64, error: u32 },
    Chunk { cookie: u64, flags: u16, kind: u16, payload: Vec<u8> },
}

impl Client {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn number<const N: usize>(&mut self) -> u64 {
        self.read(N).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Whether the server has hung up, and said nothing more.
    pub(crate) fn is_over(&mut self) -> bool {
        let mut byte = [0];
        // What was sent and not received may make it a reset.
        self.stream
            .read(&mut byte)
            .map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |read| read == 0)
    }

    /// Sends an option; the replies up to the last one.
    pub(crate) fn option(&mut self, number: u32, data: &[u8]) -> Vec<(u32, Vec<u8>)> {
        self.write(&script::option(number, data));
        let mut replies = Vec::new();
        loop {
            assert_eq!(self.number::<8>(), 0x3_e889_0455_65a9);
            assert_eq!(self.number::<4>(), number.into());
            let kind = u32::try_from(self.number::<4>()).unwrap();
            let length = usize::try_from(self.number::<4>()).unwrap();
            replies.push((kind, self.read(length)));
            if kind == ACK || kind >= 1 << 31 {
                return replies;
            }
        }
    }

    /// Sends a request without waiting.
    pub(crate) fn send(&mut self, command: u16, flags: u16, cookie: u64, (offset, length): (u64, u32), payload: &[u8]) {
        self.write(&[&script::request(command, flags, cookie, offset, length), payload].concat());
    }

    /// The next reply that is no data of a simple one.
    pub(crate) fn reply(&mut self) -> Reply {
        match self.number::<4>() {
            0x6744_6698 => {
                let error = u32::try_from(self.number::<4>()).unwrap();
                Reply::Simple { error, cookie: self.number::<8>() }
            }
            0x668e_33ef => {
                let flags = u16::try_from(self.number::<2>()).unwrap();
                let kind = u16::try_from(self.number::<2>()).unwrap();
                let cookie = self.number::<8>();
                let length = usize::try_from(self.number::<4>()).unwrap();
                Reply::Chunk { cookie, flags, kind, payload: self.read(length) }
            }
            other => panic!("{other:x} is no reply"),
        }
    }

    /// A request and the error of its simple or structured reply.
    pub(crate) fn error(&mut self, command: u16, flags: u16, stretch: (u64, u32), payload: &[u8]) -> u32 {
        self.send(command, flags, 77, stretch, payload);
        match self.reply() {
            Reply::Simple { cookie: 77, error } => error,
            Reply::Chunk { cookie: 77, flags: 1, kind: 0x8001, payload } => {
                let length = usize::from(u16::from_be_bytes([payload[4], payload[5]]));
                assert_eq!(payload.len(), 6 + length);
                u32::from_be_bytes(payload[..4].try_into().unwrap())
            }
            Reply::Chunk { cookie: 77, flags: 1, kind: 0 | 1 | 2 | 5, .. } => 0,
            other => panic!("{other:?}"),
        }
    }
}
