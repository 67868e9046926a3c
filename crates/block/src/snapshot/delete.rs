//! Deletes a snapshot: what no other refers to, and no more.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::manifest::Structure;
use super::names::{Chain, ManifestRef};
use super::page::{PAGE_CHUNKS, Page};
use super::{Manifest, Objects, SnapshotError};

/// How many names are gathered before their objects are deleted.
const BATCH: usize = 1024;

/// Deletes a snapshot, given its neighbours among the chain's live snapshots: those that are complete and are not being deleted. Needs
/// no keys. After a crash or an error, the same call, or one with the neighbours of the moment, goes on.
pub fn delete(
    objects: &Arc<Objects>,
    snapshot: &ManifestRef,
    previous: Option<&ManifestRef>,
    next: Option<&ManifestRef>,
) -> Result<(), SnapshotError> {
    let chain = &snapshot.chain;
    for neighbour in [previous, next].into_iter().flatten() {
        assert!(neighbour.chain == *chain, "a neighbour is of the same chain");
        assert_ne!(neighbour.sequence, snapshot.sequence, "a snapshot is not its own neighbour");
    }
    let mut touched = BTreeSet::from([snapshot.sequence]);
    match Manifest::open(objects, snapshot, None) {
        Ok(manifest) => {
            let neighbours = [previous, next].into_iter().flatten();
            let neighbours = neighbours.map(|at| Manifest::open(objects, at, None)).collect::<Result<Vec<_>, _>>()?;
            objects.sweep(&chain.directory(snapshot.sequence))?;
            for index in 0..Structure::pages_of(manifest.size_bytes()) {
                free_page(&manifest, &neighbours, index, &mut touched)?;
            }
            for sequence in touched {
                clear(objects, chain, sequence)?;
            }
            objects.delete([chain.manifest(snapshot.sequence)])?;
        }
        // The manifest goes last: all that can be left is its directory.
        Err(SnapshotError::Missing { .. }) => {}
        Err(error) => return Err(error),
    }
    clear(objects, chain, snapshot.sequence)?;
    clear_chain(objects, chain)
}

/// Deletes whatever an upload has stored, whether it has come to an end or not. No live snapshot may have it as its parent.
pub fn abandon(objects: &Objects, chain: &Chain, sequence: u64) -> Result<(), SnapshotError> {
    let directory = chain.directory(sequence);
    objects.sweep(&directory)?;
    // First what makes it a snapshot.
    objects.delete([chain.manifest(sequence)])?;
    objects.settle(&directory)?;
    loop {
        let mut names = Vec::new();
        objects.list(&directory, |name, _| {
            names.push(name.to_owned());
            if names.len() < BATCH { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if names.is_empty() {
            clear(objects, chain, sequence)?;
            return clear_chain(objects, chain);
        }
        objects.delete(names)?;
    }
}

/// Frees a page and the chunks it refers to, as far as no neighbour refers to them. The page goes when the chunks are durably gone,
/// so that it is there to go on from.
fn free_page(
    manifest: &Manifest,
    neighbours: &[Manifest],
    index: u64,
    touched: &mut BTreeSet<u64>,
) -> Result<(), SnapshotError> {
    let at = manifest.page_ref(index);
    if at.sequence == 0 || neighbours.iter().any(|neighbour| neighbour.page_ref(index) == at) {
        return Ok(());
    }
    let page = match manifest.read_page(index) {
        Ok(page) => page,
        Err(SnapshotError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let others = neighbours.iter().map(|neighbour| neighbour.read_page(index)).collect::<Result<Vec<_>, _>>()?;
    let (objects, chain) = (manifest.objects(), &manifest.at().chain);
    let freed = freed(&page, &others);
    objects.delete(freed.iter().map(|(sequence, chunk)| chain.chunk(*sequence, index * PAGE_CHUNKS + chunk)))?;
    for sequence in freed.iter().map(|(sequence, _)| *sequence).collect::<BTreeSet<_>>() {
        objects.settle(&chain.directory(sequence))?;
        touched.insert(sequence);
    }
    touched.insert(at.sequence);
    objects.delete([chain.page(at.sequence, index)])
}

/// The objects that a page refers to and others do not: the snapshot that has stored it, and the chunk within the page.
fn freed(page: &Page, others: &[Page]) -> Vec<(u64, u64)> {
    let entries = page.entries().iter().enumerate();
    let alone = |at: usize, sequence| others.iter().all(|other| other.entries()[at].sequence != sequence);
    let freed = entries.filter(|(at, entry)| entry.is_some() && alone(*at, entry.sequence));
    freed.map(|(at, entry)| (entry.sequence, at as u64)).collect()
}

/// Makes deletions of a snapshot's objects durable, and removes its directory if it is empty now.
fn clear(objects: &Objects, chain: &Chain, sequence: u64) -> Result<(), SnapshotError> {
    objects.settle(&chain.directory(sequence))?;
    objects.prune(&chain.directory(sequence))
}

/// The same of the chain.
fn clear_chain(objects: &Objects, chain: &Chain) -> Result<(), SnapshotError> {
    objects.prune(chain.name())?;
    objects.settle(chain.name())
}
