//! Reading and writing.

use std::io;
use std::sync::atomic::Ordering;

use super::meta::Kind;
use super::{State, Volume, VolumeError};
use crate::export::{Export, Extent, Zeroing};
use crate::geometry::{CHUNK_BYTES, REGION_CHUNKS, SECTOR_BYTES, UNIT_BYTES, is_zero};
use crate::storage::Buffer;

/// A part of a transfer that lies in one chunk.
#[derive(Clone, Copy, Debug)]
struct Piece {
    chunk: u64,
    offset: u64,
    length: usize,
}

impl Piece {
    /// Whether it is made of whole units.
    const fn is_aligned(self) -> bool {
        self.offset.is_multiple_of(UNIT_BYTES as u64) && self.length.is_multiple_of(UNIT_BYTES)
    }

    /// The whole units that it touches, and where in them it begins.
    fn rounded(self) -> (Self, usize) {
        let lead = usize::try_from(self.offset % UNIT_BYTES as u64).expect("less than a unit");
        let length = (lead + self.length).next_multiple_of(UNIT_BYTES);
        (Self { chunk: self.chunk, offset: self.offset - lead as u64, length }, lead)
    }

    const fn unit(self) -> u64 {
        self.offset / UNIT_BYTES as u64
    }

    const fn end(self) -> u64 {
        self.offset + self.length as u64
    }
}

/// Cuts a stretch at the borders of chunks.
fn pieces(offset: u64, length_bytes: u64) -> impl Iterator<Item = Piece> {
    let end = offset + length_bytes;
    let piece = move |at: u64| {
        (at < end).then(|| {
            let chunk = at / CHUNK_BYTES as u64;
            let length = ((chunk + 1) * CHUNK_BYTES as u64).min(end) - at;
            Piece { chunk, offset: at, length: usize::try_from(length).expect("at most a chunk") }
        })
    };
    std::iter::successors(piece(offset), move |last| piece(last.end()))
}

/// What can be of any length takes the gate for one piece after the other, so that nobody who wants it alone, nor anybody behind them, waits
/// for the whole.
impl Export for Volume {
    fn size_bytes(&self) -> u64 {
        Self::size_bytes(self)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.require_within(offset, buffer.len() as u64)?;
        let state = self.shared();
        let mut rest = buffer;
        for piece in pieces(offset, rest.len() as u64) {
            let (part, tail) = std::mem::take(&mut rest).split_at_mut(piece.length);
            self.read_piece(&state, piece, part)?;
            rest = tail;
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &mut [u8]) -> io::Result<()> {
        self.require_within(offset, data.len() as u64)?;
        let state = self.shared();
        self.require_sound()?;
        let mut rest = data;
        for piece in pieces(offset, rest.len() as u64) {
            let (part, tail) = std::mem::take(&mut rest).split_at_mut(piece.length);
            self.write_piece(&state, piece, part)?;
            rest = tail;
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.require_unfenced()?;
        self.make_durable().map_err(VolumeError::into_io)
    }

    fn trim(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.require_within(offset, length_bytes)?;
        self.require_sound()?;
        let first = offset.next_multiple_of(UNIT_BYTES as u64);
        let end = (offset + length_bytes) / UNIT_BYTES as u64 * UNIT_BYTES as u64;
        for piece in pieces(first, end.saturating_sub(first)) {
            self.discard_piece(&self.shared(), piece)?;
        }
        Ok(())
    }

    fn write_zeroes(&self, offset: u64, length_bytes: u64, how: Zeroing) -> io::Result<()> {
        self.require_within(offset, length_bytes)?;
        self.require_sound()?;
        let is_slow = |piece: Piece| how.no_hole || !piece.is_aligned() || self.shared().is_diverted(piece.chunk);
        if how.fast && pieces(offset, length_bytes).any(is_slow) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        for piece in pieces(offset, length_bytes) {
            self.zero_piece(&self.shared(), piece, how.no_hole)?;
        }
        Ok(())
    }

    fn cache(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.require_within(offset, length_bytes)?;
        self.files.data.prefetch(offset, length_bytes)
    }

    fn extents(&self, offset: u64, length_bytes: u64, limit: usize) -> io::Result<Vec<Extent>> {
        self.require_within(offset, length_bytes)?;
        let (mut at, end) = (offset, offset + length_bytes);
        let mut extents: Vec<Extent> = Vec::new();
        while at < end {
            let (length_bytes, is_hole) = self.extent_at(&self.shared(), at, end)?;
            let count = extents.len();
            match extents.last_mut() {
                Some(last) if last.is_hole == is_hole => last.length_bytes += length_bytes,
                _ if count == limit => break,
                _ => extents.push(Extent { length_bytes, is_hole, is_zero: is_hole }),
            }
            at += length_bytes;
        }
        Ok(extents)
    }
}

impl Volume {
    fn require_unfenced(&self) -> io::Result<()> {
        if self.is_fenced() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the disk's key is not available: I/O is stopped",
            ));
        }
        Ok(())
    }

    fn require_within(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        let end = offset.checked_add(length_bytes).expect("the server checked the stretch");
        assert!(end <= self.size_bytes(), "the server checked the stretch");
        self.require_unfenced()
    }

    fn read_piece(&self, state: &State, piece: Piece, buffer: &mut [u8]) -> io::Result<()> {
        if state.base.contains(piece.chunk)
            && let Err(error) = self.copy_up(state, piece.chunk)
            && state.is_keyless()
        {
            return Err(error);
        }
        // What could not be brought over, as nothing may be written any more or there is no space, is read where it is.
        let _chunk = self.lock_shared(piece.chunk);
        if piece.is_aligned() {
            return self.fetch(state, piece, buffer);
        }
        let (whole, lead) = piece.rounded();
        let mut scratch = Buffer::new(whole.length);
        self.fetch(state, whole, &mut scratch)?;
        buffer.copy_from_slice(&scratch[lead..lead + piece.length]);
        Ok(())
    }

    fn write_piece(&self, state: &State, piece: Piece, data: &mut [u8]) -> io::Result<()> {
        self.note_change(state, piece.chunk)?;
        if state.base.contains(piece.chunk) {
            if self.is_whole(piece) && !state.is_diverted(piece.chunk) {
                return self.replace(state, piece, data);
            }
            self.copy_up(state, piece.chunk)?;
        }
        if piece.is_aligned() {
            let _chunk = self.lock_shared(piece.chunk);
            return self.store(state, piece, data);
        }
        // Nobody may write to the units that are shared with others between their being read and being written.
        let _chunk = self.lock_alone(piece.chunk);
        let (whole, lead) = piece.rounded();
        let mut scratch = Buffer::new(whole.length);
        self.fetch_edges(state, whole, &mut scratch)?;
        scratch[lead..lead + piece.length].copy_from_slice(data);
        self.store(state, whole, &mut scratch)
    }

    /// Writes a chunk of the base as a whole: what it was need not be brought over.
    fn replace(&self, state: &State, piece: Piece, data: &mut [u8]) -> io::Result<()> {
        let _chunk = self.lock_alone(piece.chunk);
        self.store(state, piece, data)?;
        self.leave_base(state, piece.chunk);
        Ok(())
    }

    /// Reads the first and the last unit of a stretch: those of which a part is to stay.
    fn fetch_edges(&self, state: &State, whole: Piece, buffer: &mut [u8]) -> io::Result<()> {
        let last = whole.length - UNIT_BYTES;
        self.fetch(state, Piece { length: UNIT_BYTES, ..whole }, &mut buffer[..UNIT_BYTES])?;
        if last > 0 {
            let piece = Piece { offset: whole.offset + last as u64, length: UNIT_BYTES, ..whole };
            self.fetch(state, piece, &mut buffer[last..])?;
        }
        Ok(())
    }

    /// Reads whole units of a chunk, with its lock held.
    fn fetch(&self, state: &State, piece: Piece, buffer: &mut [u8]) -> io::Result<()> {
        if state.base.contains(piece.chunk) {
            let mut chunk = Buffer::new(CHUNK_BYTES);
            Self::read_from_base(state, piece.chunk, &mut chunk)
                .expect("it leaves the base with its lock held alone")?;
            let within = usize::try_from(piece.offset % CHUNK_BYTES as u64).expect("less than a chunk");
            buffer.copy_from_slice(&chunk[within..within + piece.length]);
            assert!(!state.overlaid.contains(piece.chunk), "what is written to leaves the base before");
            return Ok(());
        }
        self.files.data.read_at(piece.offset, buffer)?;
        state.cipher_of(piece.chunk)?.decrypt(piece.unit(), buffer)?;
        if !state.overlaid.contains(piece.chunk) {
            return Ok(());
        }
        let mut over = Buffer::new(piece.length);
        self.files.overlay.read_at(piece.offset, &mut over)?;
        let hidden: Vec<bool> = over.chunks_exact(SECTOR_BYTES).map(|sector| !is_zero(sector)).collect();
        state.overlay_cipher.decrypt(piece.unit(), &mut over)?;
        let sectors = buffer.chunks_exact_mut(SECTOR_BYTES).zip(over.chunks_exact(SECTOR_BYTES));
        for ((below, above), _) in sectors.zip(hidden).filter(|(_, is_hidden)| *is_hidden) {
            below.copy_from_slice(above);
        }
        Ok(())
    }

    /// Writes whole units of a chunk that is here, with its lock held. The bytes are ciphertext afterwards.
    fn store(&self, state: &State, piece: Piece, data: &mut [u8]) -> io::Result<()> {
        if state.is_diverted(piece.chunk) {
            state.overlay_cipher.encrypt(piece.unit(), data)?;
            // Before the write: whoever reads from now on looks there.
            state.overlaid.insert(piece.chunk);
            state.touched.insert(piece.chunk);
            let written = self.files.overlay.write_at(piece.offset, data);
            self.overlay_changed.store(true, Ordering::Release);
            return written;
        }
        state.cipher_of(piece.chunk)?.encrypt(piece.unit(), data)?;
        let written = self.files.data.write_at(piece.offset, data);
        // After the write: a flush that does not see this one need not cover it, and one that does must.
        self.data_changed.store(true, Ordering::Release);
        written
    }

    /// Gives the space of whole units back if that costs nothing; else leaves them as they are.
    fn discard_piece(&self, state: &State, piece: Piece) -> io::Result<()> {
        let is_kept = state.base.contains(piece.chunk) && !self.is_whole(piece);
        if is_kept || state.is_diverted(piece.chunk) {
            return Ok(());
        }
        self.punch(state, piece)
    }

    fn zero_piece(&self, state: &State, piece: Piece, no_hole: bool) -> io::Result<()> {
        if no_hole || !piece.is_aligned() || state.is_diverted(piece.chunk) {
            return self.write_piece(state, piece, &mut Buffer::new(piece.length));
        }
        if state.base.contains(piece.chunk) && !self.is_whole(piece) {
            self.copy_up(state, piece.chunk)?;
        }
        self.punch(state, piece)
    }

    /// Makes whole units a hole. They are not diverted, and a base chunk is meant as a whole.
    fn punch(&self, state: &State, piece: Piece) -> io::Result<()> {
        self.note_change(state, piece.chunk)?;
        let _chunk = self.lock_alone(piece.chunk);
        let punched = self.files.data.punch(piece.offset, piece.length as u64);
        self.data_changed.store(true, Ordering::Release);
        punched?;
        if self.is_whole(piece) {
            self.leave_base(state, piece.chunk);
        }
        Ok(())
    }

    /// Whether a piece is all of its chunk.
    fn is_whole(&self, piece: Piece) -> bool {
        let end = ((piece.chunk + 1) * CHUNK_BYTES as u64).min(self.size_bytes());
        piece.offset == piece.chunk * CHUNK_BYTES as u64 && piece.end() == end
    }

    /// Puts on record that a chunk is about to be changed, so that the next snapshot looks at it even after a crash.
    fn note_change(&self, state: &State, chunk: u64) -> io::Result<()> {
        self.require_sound()?;
        let region = chunk / REGION_CHUNKS;
        if !state.intents.contains(region) {
            let mut meta = self.meta();
            let mut intents = meta.bitmap(Kind::Intent).clone();
            intents.insert(region);
            self.or_poison(meta.write(&[(Kind::Intent, &intents)])).map_err(VolumeError::into_io)?;
            state.intents.insert(region);
        }
        state.changed.insert(chunk);
        Ok(())
    }

    /// How long the stretch from `at` on is that is stored, or not stored.
    fn extent_at(&self, state: &State, at: u64, end: u64) -> io::Result<(u64, bool)> {
        const CHUNK: u64 = CHUNK_BYTES as u64;
        let chunk = at / CHUNK;
        if state.base.contains(chunk) || state.overlaid.contains(chunk) {
            return Ok((((chunk + 1) * CHUNK).min(end) - at, false));
        }
        let chunks = chunk..end.div_ceil(CHUNK);
        let elsewhere =
            [&state.base, &state.overlaid].map(|set| set.next_in(chunks.clone())).into_iter().flatten().min();
        let end = elsewhere.map_or(end, |chunk| end.min(chunk * CHUNK));
        Ok(match self.files.data.next_data(at)? {
            Some(data) if data.start <= at => (data.end.min(end) - at, false),
            Some(data) => (data.start.min(end) - at, true),
            None => (end - at, true),
        })
    }
}
