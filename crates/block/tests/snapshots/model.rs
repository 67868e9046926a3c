//! Chains with random histories, interrupted at any call to the store: every live snapshot reads right, and the store holds what the
//! live ones refer to and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use coffer_base::{Rng as _, SeededRng};
use coffer_block::geometry::chunks;
use coffer_block::snapshot::{Manifest, ManifestRef, PAGE_CHUNKS, SnapshotError, abandon, delete};
use coffer_crypto::PlainKey;

use crate::support::{Device, MIB, Place, assert_reads_as, chain, key};

const SEEDS: u64 = 50;
const STEPS: u64 = 40;

/// A snapshot as it must be.
#[derive(Clone)]
struct Snapshot {
    at: ManifestRef,
    device: Device,
    /// Which snapshot has stored each chunk, and each page.
    chunks: BTreeMap<u64, u64>,
    pages: BTreeMap<u64, u64>,
}

impl Snapshot {
    /// Some numbers in a row are of plain snapshots.
    fn is_sealed(sequence: u64) -> bool {
        !(sequence / 4).is_multiple_of(3)
    }

    fn key(sequence: u64) -> Option<PlainKey> {
        Self::is_sealed(sequence).then(|| key(sequence))
    }

    fn of(sequence: u64, device: &Device, parent: Option<&Self>) -> Self {
        let mut chunks = parent.map(|parent| parent.chunks.clone()).unwrap_or_default();
        for index in &device.changed {
            chunks.remove(index);
            if device.content.contains_key(index) {
                chunks.insert(*index, sequence);
            }
        }
        let page_of = |chunks: &BTreeMap<u64, u64>, page: u64| -> Vec<_> {
            chunks.range(page * PAGE_CHUNKS..(page + 1) * PAGE_CHUNKS).map(|(index, of)| (*index, *of)).collect()
        };
        let mut pages = BTreeMap::new();
        for page in chunks.keys().map(|index| index / PAGE_CHUNKS).collect::<BTreeSet<_>>() {
            let same = parent.filter(|parent| page_of(&parent.chunks, page) == page_of(&chunks, page));
            pages.insert(page, same.map_or(sequence, |parent| parent.pages[&page]));
        }
        let at = ManifestRef { chain: chain(), sequence, root: [0; 32] };
        Self { at, device: device.clone(), chunks, pages }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let chunks = self.chunks.iter().map(|(index, of)| format!("d-2ze.1/{of}/{index}"));
        let pages = self.pages.iter().map(|(index, of)| format!("d-2ze.1/{of}/page-{index}"));
        chunks.chain(pages).chain([format!("d-2ze.1/{}/manifest", self.at.sequence)])
    }
}

struct World {
    place: Place,
    rng: SeededRng,
    device: Device,
    /// The number that was used last, and the snapshot since which the device's changes are known.
    last: u64,
    since: Option<u64>,
    /// Complete, in order.
    live: Vec<Snapshot>,
    /// Begun to be deleted.
    dying: Vec<ManifestRef>,
    /// Begun to be made, and its parent's number.
    begun: Option<(Snapshot, Option<u64>)>,
    counts: Counts,
}

/// How often something has happened: a history in which it has not proves nothing.
#[derive(Debug, Default)]
struct Counts {
    made: u64,
    shared: u64,
    cut_off: u64,
    given_up: u64,
    deleted: u64,
    deletions_cut_off: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let device = Device::new((1100 + seed % 1500) * MIB);
        let (place, rng) = (Place::new(), SeededRng::new(seed));
        let (live, dying) = (Vec::new(), Vec::new());
        Self { place, rng, device, last: 0, since: None, live, dying, begun: None, counts: Counts::default() }
    }

    fn draw(&self, below: u64) -> u64 {
        let mut bytes = [0; 8];
        self.rng.fill(&mut bytes);
        u64::from_le_bytes(bytes) % below
    }

    fn pick(&self, from: usize) -> usize {
        usize::try_from(self.draw(from as u64)).unwrap()
    }

    fn step(&mut self) {
        match self.draw(12) {
            0 => self.device.size_bytes += self.draw(300) * MIB,
            1..=4 => self.write(),
            5..=7 => self.snapshot(),
            8 | 9 => self.delete(),
            10 => self.go_on_deleting(),
            _ => self.give_up(),
        }
        self.check();
    }

    fn write(&mut self) {
        for _ in 0..=self.draw(3) {
            // Few places, so that they meet; at both sides of a page's end, and at the device's.
            let places = [0, 1, 2, 1022, 1023, 1024, 1025, chunks(self.device.size_bytes) - 1];
            let what = self.draw(4) * (1 + self.draw(1 << 40));
            self.device.write(places[self.pick(places.len())], what);
        }
    }

    /// Begins a snapshot, or goes on with the one that was begun.
    fn snapshot(&mut self) {
        let (mut snapshot, parent) = self.begun.take().unwrap_or_else(|| self.freeze());
        let sequence = snapshot.at.sequence;
        let parent_manifest = parent.map(|of| Self::open(&self.place, self.live(of)));
        self.maybe_fail();
        let own = Snapshot::key(sequence);
        let made = self.place.upload(&chain(), sequence, own.as_ref(), &snapshot.device, parent_manifest.as_ref());
        self.place.faults.never();
        match made {
            Ok(uploaded) => {
                snapshot.at.root = uploaded.root;
                self.counts.made += 1;
                self.counts.shared += u64::from(snapshot.chunks.values().any(|of| *of != sequence));
                self.live.push(snapshot);
            }
            Err(SnapshotError::Store { .. }) => {
                self.counts.cut_off += 1;
                self.begun = Some((snapshot, parent));
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// What the device holds now, on top of the snapshot that its changes are known since, if that is there.
    fn freeze(&mut self) -> (Snapshot, Option<u64>) {
        self.last += 1 + self.draw(2);
        let is_alike = |of: u64| Snapshot::is_sealed(of) == Snapshot::is_sealed(self.last);
        let newest = self.live.last().filter(|newest| Some(newest.at.sequence) == self.since);
        let newest = newest.filter(|newest| is_alike(newest.at.sequence)).cloned();
        let mut frozen = self.device.clone();
        if newest.is_none() {
            frozen.changed = frozen.content.keys().copied().collect();
        }
        self.device.changed.clear();
        self.since = Some(self.last);
        (Snapshot::of(self.last, &frozen, newest.as_ref()), newest.map(|newest| newest.at.sequence))
    }

    /// Gives up what was begun to be made. What has changed since is not known any more.
    fn give_up(&mut self) {
        let Some((snapshot, parent)) = self.begun.take() else { return };
        self.maybe_fail();
        let done = abandon(&self.place.objects, &chain(), snapshot.at.sequence);
        self.place.faults.never();
        self.since = None;
        if done.is_err() {
            // The next one uses another number: this one is still to be given up.
            self.begun = Some((snapshot, parent));
            return self.give_up();
        }
        self.counts.given_up += 1;
    }

    fn delete(&mut self) {
        let parent = self.begun.as_ref().and_then(|(_, parent)| *parent);
        if self.live.is_empty() {
            return;
        }
        let which = self.pick(self.live.len());
        if Some(self.live[which].at.sequence) != parent {
            let snapshot = self.live.remove(which);
            self.dying.push(snapshot.at);
            self.go_on_deleting();
        }
    }

    fn go_on_deleting(&mut self) {
        if self.dying.is_empty() {
            return;
        }
        let at = self.dying.remove(self.pick(self.dying.len()));
        self.maybe_fail();
        let previous = self.live.iter().rev().find(|live| live.at.sequence < at.sequence).map(|live| &live.at);
        let next = self.live.iter().find(|live| live.at.sequence > at.sequence).map(|live| &live.at);
        let deleted = delete(&self.place.objects, &at, previous, next);
        self.place.faults.never();
        match deleted {
            Ok(()) => self.counts.deleted += 1,
            Err(SnapshotError::Store { .. }) => {
                self.counts.deletions_cut_off += 1;
                self.dying.push(at);
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn maybe_fail(&self) {
        if self.draw(3) == 0 {
            self.place.faults.after(self.draw(16));
        }
    }

    fn live(&self, sequence: u64) -> &Snapshot {
        self.live.iter().find(|live| live.at.sequence == sequence).expect("parents are not deleted meanwhile")
    }

    fn open(place: &Place, snapshot: &Snapshot) -> Manifest {
        let key = Snapshot::key(snapshot.at.sequence);
        Manifest::open(&place.objects, &snapshot.at, key.as_ref()).unwrap()
    }

    fn check(&self) {
        for live in &self.live {
            assert_reads_as(&Self::open(&self.place, live), &live.device);
        }
        if self.begun.is_none() && self.dying.is_empty() {
            let wanted: BTreeSet<_> = self.live.iter().flat_map(Snapshot::names).collect();
            assert_eq!(self.place.names().into_iter().collect::<BTreeSet<_>>(), wanted);
        }
    }

    fn end(&mut self) {
        while self.begun.is_some() {
            self.snapshot();
        }
        while !self.dying.is_empty() {
            self.go_on_deleting();
        }
        self.check();
        while !self.live.is_empty() {
            self.delete();
        }
        while !self.dying.is_empty() {
            self.go_on_deleting();
        }
        assert!(self.place.names().is_empty());
    }
}

#[test]
fn live_snapshots_read_right_and_the_store_holds_what_they_refer_to_whatever_is_interrupted() {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        eprintln!("seed {seed}");
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step());
        world.end();
        counts.made += world.counts.made;
        counts.shared += world.counts.shared;
        counts.cut_off += world.counts.cut_off;
        counts.given_up += world.counts.given_up;
        counts.deleted += world.counts.deleted;
        counts.deletions_cut_off += world.counts.deletions_cut_off;
    }
    eprintln!("{counts:?}");
    let Counts { made, shared, cut_off, given_up, deleted, deletions_cut_off } = counts;
    assert!([made, shared, cut_off, given_up, deleted, deletions_cut_off].iter().all(|count| *count > SEEDS / 4));
}
