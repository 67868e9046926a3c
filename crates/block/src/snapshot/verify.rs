//! Reads everything that a snapshot refers to.

use std::ops::ControlFlow;

use super::object::Place;
use super::page::{Entry, PAGE_CHUNKS, Page};
use super::upload::{Progress, Watch};
use super::{Manifest, SnapshotError};
use crate::geometry::CHUNK_BYTES;

/// How many faults are told one by one.
const MOST_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Objects that are what they should be.
    pub sound_chunks: u64,
    /// Whether they were opened; without the key only their names, places and tags are looked at.
    pub opened: bool,
    /// What is wrong: the first hundred.
    pub faults: Vec<SnapshotError>,
    /// How many there are in all.
    pub fault_count: u64,
}

impl Verified {
    fn fault(&mut self, error: SnapshotError) {
        self.fault_count += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(error);
        }
    }
}

/// Reads and checks every page and every object. Goes on after what is wrong with one; fails if it is stopped.
pub fn verify(manifest: &Manifest, watch: &Watch<'_>) -> Result<Verified, SnapshotError> {
    let mut found = Verified { opened: manifest.has_keys(), ..Verified::default() };
    let (mut done, of) = (0, manifest.present_chunks());
    let mut buffer = vec![0; CHUNK_BYTES];
    for index in 0..manifest.structure().pages.len() as u64 {
        let page = manifest.read_page(index).map_err(|error| found.fault(error));
        for (entry, chunk) in page.iter().flat_map(Page::entries).zip(index * PAGE_CHUNKS..) {
            if !entry.is_some() {
                continue;
            }
            match check(manifest, *entry, chunk, &mut buffer) {
                Ok(()) => found.sound_chunks += 1,
                Err(error) => found.fault(error),
            }
            done += 1;
            if watch(Progress { done, of }) == ControlFlow::Break(()) {
                return Err(SnapshotError::Stopped);
            }
        }
    }
    Ok(found)
}

/// The names of the objects that a snapshot refers to and that are not there, the first hundred: they are looked for, not read.
pub fn missing(manifest: &Manifest) -> Result<Vec<String>, SnapshotError> {
    let mut names = Vec::new();
    for page in 0..manifest.structure().pages.len() as u64 {
        let page_entries = manifest.read_page(page)?;
        for (entry, index) in page_entries.entries().iter().zip(page * PAGE_CHUNKS..) {
            let name = Place { chain: &manifest.at().chain, sequence: entry.sequence, index }.name();
            if entry.is_some() && manifest.objects().size_bytes(&name)?.is_none() {
                names.push(name);
            }
            if names.len() == MOST_FAULTS {
                return Ok(names);
            }
        }
    }
    Ok(names)
}

fn check(manifest: &Manifest, entry: Entry, index: u64, buffer: &mut [u8]) -> Result<(), SnapshotError> {
    let place = Place { chain: &manifest.at().chain, sequence: entry.sequence, index };
    let sealed = manifest.read_sealed(place, entry, buffer)?;
    if manifest.has_keys() {
        sealed.open(&manifest.batch_key(entry.sequence)?.aead(), place, buffer)?;
    }
    Ok(())
}
