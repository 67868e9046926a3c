//! "Transmission": requests are executed and answered.

mod pace;
mod queue;
mod reader;
mod reply;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use self::queue::Queue;
use self::reader::Reader;
use self::reply::{Batch, Piece};
use super::buffer::Pool;
use super::handshake::Agreement;
use super::input::Input;
use super::protocol::{Errno, MOST_PAYLOAD_BYTES, Request, command, command_flag, state};
use super::transport::Transport;
use super::{Limits, MonotonicNs};
use crate::export::{Extent, Zeroing};
use crate::geometry::{UNIT_BYTES, is_zero};

/// From this length on zeros are looked for in what was read, to not send them. The export is not asked for its holes: where a file has
/// few, finding the next one can take far longer than reading.
const SPARSE_BYTES: u32 = 128 << 10;
/// Chunks of a structured reply to a read.
const MOST_CHUNKS: usize = 64;
/// Extents of a reply to `NBD_CMD_BLOCK_STATUS`; the client asks again for the rest.
const MOST_EXTENTS: usize = 4096;

/// What all threads of a connection share.
pub(super) struct Session<'a, T> {
    pub(super) transport: &'a T,
    pub(super) agreement: &'a Agreement,
    pub(super) limits: &'a Limits,
    /// Whether the server stops: nothing touches the export any more.
    pub(super) stopping: &'a AtomicBool,
    pub(super) now: MonotonicNs,
}

/// Why a request fails.
struct Refusal(Errno, &'static str);

/// Serves a client until it says goodbye, goes away or breaks the rules. All its requests are done when this returns.
pub(super) fn serve<T: Transport>(session: &Session<'_, T>, input: Input) -> io::Result<()> {
    let _client = session.agreement.offer.counters.client();
    let pool = Pool::new(session.limits.payload_bytes);
    let queue = Queue::default();
    thread::scope(|scope| {
        // Also if the reader panics: otherwise the workers would wait for ever, and so would the scope.
        let _end = Ending(|| queue.close());
        let start_worker = || {
            let worker = || work(session, &queue);
            thread::Builder::new().name("nbd-worker".to_owned()).spawn_scoped(scope, worker).map(drop)
        };
        Reader::new(session, &queue, &pool, input, start_worker).run()
    })
}

/// What a worker does: executes requests as long as there are any.
fn work<T: Transport>(session: &Session<'_, T>, queue: &Queue<'_>) {
    // Without one of its threads a connection would wait for replies that never come.
    let panicked = Ending(|| {
        if thread::panicking() {
            queue.abandon();
            session.transport.close();
        }
    });
    let mut batch = Batch::default();
    while let Some(mut job) = queue.pop() {
        session.perform(&job.request, &mut job.payload, 0, &mut batch);
        if batch.send(session.transport, &job.payload).is_err() {
            // The client is gone. The reader notices by itself.
            session.transport.close();
        }
        // The memory first: who waits for the job to be done may need it.
        drop(job);
        queue.done();
    }
    drop(panicked);
}

/// Does something at the end of a scope, however it is left.
struct Ending<F: Fn()>(F);

impl<F: Fn()> Drop for Ending<F> {
    fn drop(&mut self) {
        self.0();
    }
}

impl<T: Transport> Session<'_, T> {
    /// Executes a request that was checked, and adds its reply. `data` is the payload, at `place` of what the batch will be sent with.
    fn perform(&self, request: &Request, data: &mut [u8], place: usize, batch: &mut Batch) {
        // It may have waited since it was checked.
        let done = self.check_running().and_then(|()| self.execute(request, data, place, batch));
        if let Err(refusal) = done {
            self.refuse(request, &refusal, batch);
        }
    }

    /// Answers a request with an error.
    fn refuse(&self, request: &Request, refusal: &Refusal, batch: &mut Batch) {
        self.agreement.offer.counters.error();
        let Refusal(errno, message) = refusal;
        if self.agreement.structured {
            batch.structured_error(request, *errno, message);
        } else {
            batch.simple(request, *errno as u32);
        }
    }

    /// Whether a request is one that this export can be asked, by "Request types" and "Error values".
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        self.check_running()?;
        self.check_flags(request)?;
        let writes = matches!(request.command, command::WRITE | command::TRIM | command::WRITE_ZEROES);
        if writes && self.agreement.offer.export.is_read_only() {
            return Err(Refusal(Errno::NotPermitted, "the export is read-only"));
        }
        if request.command == command::FLUSH {
            let nothing = request.offset == 0 && request.length == 0;
            return nothing.then_some(()).ok_or(Refusal(Errno::Invalid, "a flush has no offset and no length"));
        }
        let end = request.offset.checked_add(request.length.into());
        if end.is_none_or(|end| end > self.agreement.size_bytes) {
            let grows = matches!(request.command, command::WRITE | command::WRITE_ZEROES);
            return Err(Refusal(if grows { Errno::NoSpace } else { Errno::Invalid }, "beyond the end of the export"));
        }
        if request.command == command::READ && request.length > MOST_PAYLOAD_BYTES {
            // EOVERFLOW is for structured replies alone.
            let errno = if self.agreement.structured { Errno::Overflow } else { Errno::Invalid };
            return Err(Refusal(errno, "longer than the largest payload"));
        }
        Ok(())
    }

    fn check_running(&self) -> Result<(), Refusal> {
        let stops = self.stopping.load(Ordering::Relaxed);
        if stops { Err(Refusal(Errno::Shutdown, "the server stops")) } else { Ok(()) }
    }

    /// "Command flags": which there are for a command. FUA is accepted with every one.
    fn check_flags(&self, request: &Request) -> Result<(), Refusal> {
        let of_command = match request.command {
            command::READ if self.agreement.structured => command_flag::DF,
            command::READ | command::WRITE | command::FLUSH | command::TRIM | command::CACHE => 0,
            command::WRITE_ZEROES => command_flag::NO_HOLE | command_flag::FAST_ZERO,
            command::BLOCK_STATUS if self.agreement.allocation => command_flag::REQ_ONE,
            command::BLOCK_STATUS => return Err(Refusal(Errno::Invalid, "no metadata context was selected")),
            _ => return Err(Refusal(Errno::Invalid, "unknown command")),
        };
        let unknown = request.has(!(of_command | command_flag::FUA));
        if unknown { Err(Refusal(Errno::Invalid, "a flag that the command does not have")) } else { Ok(()) }
    }

    /// Does what a request that was checked asks for, and adds the reply if that succeeds.
    fn execute(&self, request: &Request, data: &mut [u8], place: usize, batch: &mut Batch) -> Result<(), Refusal> {
        let done = match request.command {
            command::READ => {
                return self.read(request, data, place, batch).map_err(|error| self.failed(request, &error));
            }
            command::BLOCK_STATUS => {
                return self.block_status(request, batch).map_err(|error| self.failed(request, &error));
            }
            _ => self.change(request, data),
        };
        done.map_err(|error| self.failed(request, &error))?;
        batch.simple(request, 0);
        Ok(())
    }

    /// Everything that answers only with success.
    fn change(&self, request: &Request, data: &mut [u8]) -> io::Result<()> {
        let (export, counters) = (&self.agreement.offer.export, &self.agreement.offer.counters);
        let (offset, length) = (request.offset, u64::from(request.length));
        if length == 0 && request.command != command::FLUSH {
            return Ok(());
        }
        match request.command {
            command::WRITE => {
                let start = (self.now)();
                export.write(offset, data)?;
                counters.write(request.length, self.since(start));
            }
            command::TRIM => {
                export.trim(offset, length)?;
                counters.trim();
            }
            command::WRITE_ZEROES => {
                let (no_hole, fast) = (request.has(command_flag::NO_HOLE), request.has(command_flag::FAST_ZERO));
                export.write_zeroes(offset, length, Zeroing { no_hole, fast })?;
                counters.zeroing();
            }
            command::CACHE => return export.cache(offset, length),
            _ => {}
        }
        // A write with forced unit access is one followed by a flush.
        let flushes = request.command == command::FLUSH || request.has(command_flag::FUA);
        if flushes {
            export.flush()?;
            counters.flush();
        }
        Ok(())
    }

    fn read(&self, request: &Request, data: &mut [u8], place: usize, batch: &mut Batch) -> io::Result<()> {
        let whole = place..place + data.len();
        let start = (self.now)();
        if !data.is_empty() {
            self.agreement.offer.export.read(request.offset, data)?;
        }
        self.agreement.offer.counters.read(request.length, self.since(start));
        if !self.agreement.structured {
            batch.simple_data(request, whole);
        } else if data.is_empty() {
            batch.pieces(request, &[]);
        } else if request.length >= SPARSE_BYTES && !request.has(command_flag::DF) {
            batch.pieces(request, &without_zeros(data, place));
        } else {
            batch.pieces(request, &[Piece::Data(whole)]);
        }
        Ok(())
    }

    fn block_status(&self, request: &Request, batch: &mut Batch) -> io::Result<()> {
        if request.length == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let one = request.has(command_flag::REQ_ONE);
        let extents = self.extents(request, if one { 1 } else { MOST_EXTENTS })?;
        let flags = |extent: &Extent| {
            let hole = if extent.is_hole { state::HOLE } else { 0 };
            hole | if extent.is_zero { state::ZERO } else { 0 }
        };
        batch.block_status(request, &merged(&extents, flags));
        Ok(())
    }

    /// The extents of a request's stretch, held to what [`crate::export::Export::extents`] promises.
    fn extents(&self, request: &Request, limit: usize) -> io::Result<Vec<Extent>> {
        let extents = self.agreement.offer.export.extents(request.offset, request.length.into(), limit)?;
        let total: u64 = extents.iter().map(|extent| extent.length_bytes).sum();
        let fits = !extents.is_empty() && extents.len() <= limit && total <= request.length.into();
        assert!(fits && extents.iter().all(|extent| extent.length_bytes > 0), "extents of a stretch are part of it");
        Ok(extents)
    }

    /// "Error values": what an export's error is called.
    fn failed(&self, request: &Request, error: &io::Error) -> Refusal {
        let fast = request.has(command_flag::FAST_ZERO);
        let refusal = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Refusal(Errno::NoSpace, "no space left")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Refusal(Errno::NotPermitted, "not permitted")
            }
            // "SHOULD NOT return `NBD_ENOTSUP` except" for fast zero.
            io::ErrorKind::Unsupported if fast => return Refusal(Errno::NotSupported, "not faster than writing zeros"),
            io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput => Refusal(Errno::Invalid, "not possible"),
            io::ErrorKind::OutOfMemory => Refusal(Errno::NoMemory, "out of memory"),
            _ => Refusal(Errno::Io, "I/O error"),
        };
        // A client may try for ever: every power of two is logged.
        let errors = self.agreement.offer.counters.errors() + 1;
        if errors.is_power_of_two() {
            let Request { command, offset, length, .. } = *request;
            let export = &self.agreement.offer.name;
            tracing::warn!(export, command, offset, length, errors, %error, "a request failed");
        }
        refusal
    }

    fn since(&self, start_ns: u64) -> u64 {
        (self.now)().saturating_sub(start_ns)
    }
}

/// What was read, cut into data and zeros; `place` is where it is in the batch.
fn without_zeros(data: &[u8], place: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut units = data.chunks(UNIT_BYTES).map(is_zero).peekable();
    while let Some(zero) = units.next() {
        let mut end = (start + UNIT_BYTES).min(data.len());
        while units.next_if_eq(&zero).is_some() {
            end = (end + UNIT_BYTES).min(data.len());
        }
        // A reply has few pieces: the last one is the rest, zeros or not.
        if pieces.len() + 1 == MOST_CHUNKS {
            pieces.push(Piece::Data(place + start..place + data.len()));
            break;
        }
        pieces.push(if zero {
            Piece::Hole(u32::try_from(end - start).expect("requests are limited"))
        } else {
            Piece::Data(place + start..place + end)
        });
        start = end;
    }
    pieces
}

/// Extents as lengths and flags, neighbours with equal flags put together.
fn merged(extents: &[Extent], flags: impl Fn(&Extent) -> u32) -> Vec<(u32, u32)> {
    let mut merged: Vec<(u32, u32)> = Vec::with_capacity(extents.len());
    for extent in extents {
        let length = u32::try_from(extent.length_bytes).expect("an extent is no longer than the request");
        match merged.last_mut() {
            Some((before, same)) if *same == flags(extent) => *before += length,
            _ => merged.push((length, flags(extent))),
        }
    }
    merged
}
