//! The thread that reads a client's requests, and executes those that take no time.

use std::io;

use super::Session;
use super::pace::Pace;
use super::queue::{Job, Queue};
use super::reply::Batch;
use crate::geometry::UNIT_BYTES;
use crate::nbd::buffer::{Lease, Pool};
use crate::nbd::input::Input;
use crate::nbd::protocol::{MOST_PAYLOAD_BYTES, REQUEST_BYTES, Request, command, command_flag};
use crate::nbd::transport::Transport;
use crate::storage::Buffer;

/// Up to this length a payload is small: it is received with others, and executed at once if that is quick.
const SMALL_BYTES: usize = 64 << 10;
/// Memory for small payloads whose replies go out together.
const SCRATCH_BYTES: usize = 256 << 10;
/// After so many requests of a client that waits for each reply, there is nobody to be held up: all is executed at once.
const ALONE: i32 = 8;
/// What held up others after all is not done again for so many requests.
const PENANCE: i32 = -256;
/// Workers of a connection whose small requests are quick.
const FEW: usize = 4;
/// What takes so long would hold up others.
const LONG_NS: u64 = 200_000;

/// The state of the reader.
pub(super) struct Reader<'s, 'p, T, F> {
    session: &'s Session<'s, T>,
    queue: &'s Queue<'p>,
    pool: &'p Pool,
    input: Input,
    batch: Batch,
    /// The payloads of the batch.
    scratch: Buffer,
    scratch_used: usize,
    start_worker: F,
    workers: usize,
    /// How many requests came one by one.
    alone: i32,
    held_up: bool,
    reads: Pace,
    writes: Pace,
}

/// What came of a request.
enum Step {
    Done,
    /// Not all of it is there yet.
    Incomplete,
    Disconnect,
}

impl<'s, 'p, T: Transport, F: Fn() -> io::Result<()>> Reader<'s, 'p, T, F> {
    pub(super) fn new(
        session: &'s Session<'s, T>,
        queue: &'s Queue<'p>,
        pool: &'p Pool,
        input: Input,
        start_worker: F,
    ) -> Self {
        Self {
            session,
            queue,
            pool,
            input,
            batch: Batch::default(),
            scratch: Buffer::new(SCRATCH_BYTES),
            scratch_used: 0,
            start_worker,
            workers: 0,
            alone: 0,
            held_up: false,
            reads: Pace::default(),
            writes: Pace::default(),
        }
    }

    /// Reads requests until there are none any more, or until one is none. Those before it get their replies.
    pub(super) fn run(mut self) -> io::Result<()> {
        let ended = self.read_requests();
        let sent = self.flush();
        ended.and(sent)
    }

    fn read_requests(&mut self) -> io::Result<()> {
        loop {
            while let Some(request) = self.input.request()? {
                match self.step(&request)? {
                    Step::Done => {}
                    Step::Incomplete => break,
                    Step::Disconnect => return Ok(()),
                }
            }
            // Nothing is left to do but to wait: now the client gets its replies.
            self.flush()?;
            if !self.input.fill(self.session.transport)? {
                let whole = self.input.available().is_empty();
                return if whole { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    fn step(&mut self, request: &Request) -> io::Result<Step> {
        if request.command == command::DISC {
            return Ok(Step::Disconnect);
        }
        let payload_bytes = request.payload_bytes();
        if payload_bytes > MOST_PAYLOAD_BYTES as usize {
            // "Size constraints" allows that, and it would be a waste to receive it all.
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a write that is too long"));
        }
        let there = self.input.available().len() - REQUEST_BYTES;
        if payload_bytes <= SMALL_BYTES && there < payload_bytes {
            return Ok(Step::Incomplete);
        }
        self.input.consume(REQUEST_BYTES);
        if let Err(refusal) = self.session.check(request) {
            self.session.refuse(request, &refusal, &mut self.batch);
            if payload_bytes > there || self.batch.is_full() {
                self.flush()?;
            }
            self.input.skip(self.session.transport, payload_bytes)?;
            return Ok(Step::Done);
        }
        self.notice_company(there > payload_bytes);
        if self.is_small(request) && (self.is_alone() || self.is_quick(request)) {
            self.at_once(request)
        } else {
            self.elsewhere(request)
        }?;
        Ok(Step::Done)
    }

    /// Keeps count of how the client sends its requests.
    fn notice_company(&mut self, more_there: bool) {
        if more_there || self.queue.outstanding() > 0 {
            self.alone = if self.held_up { PENANCE } else { self.alone.min(0) };
        } else {
            self.alone = (self.alone + 1).min(ALONE);
        }
        self.held_up = false;
    }

    fn is_alone(&self) -> bool {
        self.alone >= ALONE || self.session.limits.workers == 0
    }

    fn is_small(&self, request: &Request) -> bool {
        let transfers = matches!(request.command, command::READ | command::WRITE);
        let flushes = request.command == command::WRITE && request.has(command_flag::FUA);
        transfers && request.length_bytes() <= SMALL_BYTES && (!flushes || self.is_alone())
    }

    fn is_quick(&mut self, request: &Request) -> bool {
        let pace = if request.command == command::READ { &mut self.reads } else { &mut self.writes };
        pace.is_quick()
    }

    /// Executes a small request; its reply goes out with others.
    fn at_once(&mut self, request: &Request) -> io::Result<()> {
        let length = request.length_bytes();
        if self.scratch_used + length > SCRATCH_BYTES || self.batch.is_full() {
            self.flush()?;
        }
        let place = self.scratch_used;
        let data = &mut self.scratch[place..place + length];
        if request.command == command::WRITE {
            data.copy_from_slice(&self.input.available()[..length]);
            self.input.consume(length);
        } else {
            // The bytes stay until they are sent, those of a write do not.
            self.scratch_used += length.next_multiple_of(UNIT_BYTES);
        }
        let start = (self.session.now)();
        self.session.perform(request, data, place, &mut self.batch);
        let took_ns = self.session.since(start);
        self.held_up = took_ns > LONG_NS;
        if request.command == command::READ {
            self.reads.took(took_ns);
        } else if !request.has(command_flag::FUA) {
            self.writes.took(took_ns);
        }
        Ok(())
    }

    /// Has a worker execute a request, or does it here if nobody waits meanwhile.
    fn elsewhere(&mut self, request: &Request) -> io::Result<()> {
        // This may wait for the client, for memory or for workers.
        self.flush()?;
        let transfers = matches!(request.command, command::READ | command::WRITE);
        let mut payload = self.pool.take(if transfers { request.length_bytes() } else { 0 });
        if request.command == command::WRITE {
            self.input.take(self.session.transport, &mut payload)?;
        }
        if self.is_alone() { self.here(request, payload) } else { self.hand_over(request, payload) }
    }

    fn here(&mut self, request: &Request, mut payload: Lease<'_>) -> io::Result<()> {
        let start = (self.session.now)();
        self.session.perform(request, &mut payload, 0, &mut self.batch);
        self.held_up = self.session.since(start) > LONG_NS;
        self.batch.send(self.session.transport, &payload)
    }

    fn hand_over(&mut self, request: &Request, payload: Lease<'p>) -> io::Result<()> {
        if self.workers == 0 {
            (self.start_worker)()?;
            self.workers = 1;
        }
        let short = self.queue.push(Job { request: *request, payload }, self.session.limits.requests);
        if short && self.workers < self.most_workers() {
            match (self.start_worker)() {
                Ok(()) => self.workers += 1,
                Err(error) => tracing::warn!(%error, workers = self.workers, "a worker can't be started"),
            }
        }
        Ok(())
    }

    /// More threads than a few help only where they wait, not where they compute.
    fn most_workers(&self) -> usize {
        let most = self.session.limits.workers;
        if self.reads.is_slow() || self.writes.is_slow() { most } else { most.min(FEW) }
    }

    /// Sends the replies that there are.
    fn flush(&mut self) -> io::Result<()> {
        self.scratch_used = 0;
        self.batch.send(self.session.transport, &self.scratch)
    }
}
