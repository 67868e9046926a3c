//! A file's content in memory, of which only the pages that were written take space.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a page.
pub(super) const PAGE_BYTES: u64 = 4096;
const PAGE: usize = 4096;
type Page = Arc<[u8; PAGE]>;

/// Pages are shared between copies until one of them writes.
#[derive(Clone, Default)]
pub(super) struct Sparse {
    length: u64,
    pages: BTreeMap<u64, Page>,
}

impl Sparse {
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Forgets what is beyond the length, also what was written there while it was shorter.
    pub(super) fn set_length(&mut self, length: u64) {
        self.pages.split_off(&length.div_ceil(PAGE_BYTES));
        if let Some(bytes) = self.pages.get_mut(&(length / PAGE_BYTES)) {
            Arc::make_mut(bytes)[index(length % PAGE_BYTES)..].fill(0);
        }
        self.length = length;
    }

    /// Within the length.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) {
        for (page, within, part) in pieces(offset, buffer.len()) {
            match self.pages.get(&page) {
                Some(bytes) => buffer[part].copy_from_slice(&bytes[within]),
                None => buffer[part].fill(0),
            }
        }
    }

    /// Within the length, or beyond it: what is beyond shows when the length grows.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) {
        for (page, within, part) in pieces(offset, data.len()) {
            let bytes = self.pages.entry(page).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(bytes)[within].copy_from_slice(&data[part]);
        }
    }

    /// Costs as much as there are pages in the stretch, however long it is.
    pub(super) fn punch(&mut self, offset: u64, length: u64) {
        let (first, end) = (offset.div_ceil(PAGE_BYTES), (offset + length) / PAGE_BYTES);
        let whole: Vec<u64> =
            self.pages_in(offset..offset + length).filter(|page| (first..end).contains(page)).collect();
        for page in whole {
            self.pages.remove(&page);
        }
        for page in [offset / PAGE_BYTES, end] {
            let (from, to) = (offset.max(page * PAGE_BYTES), (offset + length).min((page + 1) * PAGE_BYTES));
            if !(first..end).contains(&page)
                && from < to
                && let Some(bytes) = self.pages.get_mut(&page)
            {
                Arc::make_mut(bytes)[index(from - page * PAGE_BYTES)..index(to - page * PAGE_BYTES)].fill(0);
            }
        }
    }

    /// As [`super::Storage::next_data`] has it.
    pub(super) fn next_data(&self, offset: u64) -> Option<Range<u64>> {
        let mut pages = self.pages_in(offset..self.length);
        let first = pages.next()?;
        let run = pages.zip(first + 1..).take_while(|(page, next)| page == next).count() as u64;
        Some(offset.max(first * PAGE_BYTES)..self.length.min((first + 1 + run) * PAGE_BYTES))
    }

    /// The pages that a stretch touches and that are there, in order.
    pub(super) fn pages_in(&self, stretch: Range<u64>) -> impl Iterator<Item = u64> + '_ {
        let pages = stretch.start / PAGE_BYTES..stretch.end.div_ceil(PAGE_BYTES).max(stretch.start / PAGE_BYTES);
        self.pages.range(pages).map(|(page, _)| *page)
    }

    /// Makes a page the other's, at no cost.
    pub(super) fn share(&mut self, other: &Self, page: u64) {
        match other.pages.get(&page) {
            Some(bytes) => self.pages.insert(page, Arc::clone(bytes)),
            None => self.pages.remove(&page),
        };
    }
}

/// A stretch of `length` bytes cut at pages: the page, where in it, and where in the stretch.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, Range<usize>, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        (done < length).then(|| {
            let at = offset + done as u64;
            let within = index(at % PAGE_BYTES);
            let part = done..length.min(done + PAGE - within);
            done = part.end;
            (at / PAGE_BYTES, within..within + part.len(), part)
        })
    })
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("less than a page")
}
