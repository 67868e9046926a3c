//! One run: a seeded workload over a few volumes, cut off by power cuts, checked after each.

use std::sync::Arc;

use coffer_base::{Rng as _, SeededRng};
use coffer_block::export::{Export as _, Zeroing};
use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{Base, Objects};
use coffer_block::volume::{self, DataKey, Freezing, NewVolume, Step, Volume};
use coffer_crypto::PlainKey;

use crate::disk::{Disk, EIO, ENOSPC, Plant};
use crate::model::{Device, SECTOR, Value};
use crate::shots::{Shot, Shots};

/// Most volumes at a time.
const MOST_VOLUMES: usize = 3;
/// Operations of a run.
const OPERATIONS: u32 = 60;

/// What goes wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Power cuts, again and again.
    PowerCuts,
    /// The same, but sometimes it is the process that is killed, and the kernel keeps what it wrote, or just one call fails.
    Accidents,
    /// One call to the first volume's disk fails, with that error.
    OneFailure { call: u64, errno: i32 },
    /// Nothing.
    Nothing,
}

/// What a run counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) crashes: u64,
    pub(crate) kills: u64,
    /// Operations after which a volume went on although a call had failed in them, or was to.
    pub(crate) failures: u64,
    pub(crate) operations: u64,
    pub(crate) snapshots: u64,
    pub(crate) clones: u64,
    pub(crate) rekeys: u64,
    /// Calls to the first volume's disk, if nothing went wrong.
    pub(crate) calls: u64,
}

impl Counts {
    pub(crate) const fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.kills += other.kills;
        self.failures += other.failures;
        self.operations += other.operations;
        self.snapshots += other.snapshots;
        self.clones += other.clones;
        self.rekeys += other.rekeys;
    }
}

/// A volume, what it must hold, and the disk it is on.
struct Tested {
    id: String,
    disk: Disk,
    keys: Vec<DataKey>,
    device: Device,
    volume: Option<Arc<Volume>>,
    base: Option<Arc<dyn Base>>,
    /// The snapshot being made, and what it must hold.
    freezing: Option<Making>,
    next_sequence: u64,
    shots: Vec<Shot>,
    next_hydrated: u64,
}

/// A snapshot that is being made.
#[derive(Clone)]
struct Making {
    sequence: u64,
    content: Vec<Value>,
    key: DataKey,
    /// Whether the freeze returned, so that nothing may undo it.
    was_frozen: bool,
}

pub(crate) struct Run<'a> {
    random: Random,
    rng: SeededRng,
    shots: Shots<'a>,
    plant: Option<Plant>,
    trouble: Trouble,
    seed: u64,
    volumes: Vec<Tested>,
    made: u32,
    value: Value,
    counts: Counts,
    log: Vec<String>,
}

/// A failure, with what was done before it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) seed: u64,
    pub(crate) what: String,
    pub(crate) log: Vec<String>,
}

/// A small generator (splitmix64): the workload needs no more.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

impl<'a> Run<'a> {
    /// Runs the workload of a seed, at most `most` operations of it.
    pub(crate) fn run(
        seed: u64,
        trouble: Trouble,
        plant: Option<Plant>,
        objects: &'a Arc<Objects>,
        most: u32,
    ) -> Result<Counts, Failure> {
        let mut run = Self {
            random: Random::new(seed),
            rng: SeededRng::new(seed),
            shots: Shots::new(objects, seed),
            plant,
            trouble,
            seed,
            volumes: Vec::new(),
            made: 0,
            value: 0,
            counts: Counts::default(),
            log: Vec::new(),
        };
        let outcome = match trouble {
            Trouble::PowerCuts | Trouble::Accidents => run.work(most),
            Trouble::OneFailure { .. } | Trouble::Nothing => run.work_with_a_failure(),
        };
        let stored = run.volumes.iter().flat_map(|tested| {
            let complete = tested.shots.iter().map(|shot| shot.sequence);
            let begun = tested.freezing.iter().map(|making| making.sequence);
            complete.chain(begun).map(|sequence| (tested.id.as_str(), sequence))
        });
        run.shots.forget(stored);
        outcome.map(|()| run.counts).map_err(|what| Failure { seed, what, log: run.log })
    }

    fn work(&mut self, most: u32) -> Result<(), String> {
        self.make_volume(None)?;
        for _ in 0..OPERATIONS.min(most) {
            let at = usize::try_from(self.random.below(self.volumes.len() as u64)).unwrap();
            // A power cut comes while an operation is at work, or between two; so do other accidents.
            if !self.random.one_in(4) {
                self.operate(at)?;
            } else if self.trouble == Trouble::Accidents && self.random.one_in(3) {
                self.operate_with_a_failure(at)?;
            } else {
                let is_kill = self.trouble == Trouble::Accidents && self.random.one_in(2);
                let after = if self.random.one_in(3) { 0 } else { self.random.below(24) };
                self.volumes[at].disk.fail_after(after);
                let outcome = self.operate(at);
                let cut_off = if is_kill { "killed" } else { "power cut" };
                self.note(|| format!("  {cut_off}; the operation: {outcome:?}"));
                if let Err(what) = outcome
                    && !self.volumes[at].disk.has_failed()
                {
                    return Err(what);
                }
                if is_kill { self.kill(at)? } else { self.crash(at)? }
            }
            self.counts.operations += 1;
        }
        for at in 0..self.volumes.len() {
            self.finish(at)?;
        }
        Ok(())
    }

    /// One call fails in an operation. A volume that is not poisoned by that goes on; any other is opened anew.
    fn operate_with_a_failure(&mut self, at: usize) -> Result<(), String> {
        let after = self.random.below(24);
        let errno = if self.random.one_in(2) { ENOSPC } else { EIO };
        self.volumes[at].disk.fail_one_after(after, errno);
        let outcome = self.operate(at);
        self.note(|| format!("  a call fails; the operation: {outcome:?}"));
        if let Err(what) = outcome
            && !self.volumes[at].disk.has_failed()
        {
            return Err(what);
        }
        self.volumes[at].disk.spare();
        if self.volumes[at].volume.as_ref().is_some_and(|volume| !volume.is_poisoned()) {
            self.counts.failures += 1;
            let bytes = self.look(at)?;
            let adopted = self.volumes[at].device.adopt(&bytes);
            return adopted.map_err(|what| format!("after a call failed, volume {at}: {what}"));
        }
        self.read_on(at)?;
        self.volumes[at].volume = None;
        self.settle(at)
    }

    /// The same without power cuts, but for one call that fails. An operation then fails, or does what it should.
    fn work_with_a_failure(&mut self) -> Result<(), String> {
        self.make_volume(None)?;
        if let Trouble::OneFailure { call, errno } = self.trouble {
            self.volumes[0].disk.fail_once(call, errno);
        }
        for _ in 0..OPERATIONS {
            let at = usize::try_from(self.random.below(self.volumes.len() as u64)).unwrap();
            let outcome = self.operate(at);
            if let Err(what) = outcome {
                if !self.volumes[at].disk.has_failed() {
                    return Err(what);
                }
                self.note(|| format!("  a call failed: {what}"));
                self.read_on(at)?;
                self.volumes[at].volume = None;
                self.volumes[at].disk.mend();
                self.settle(at)?;
            }
        }
        self.counts.calls = self.volumes[0].disk.calls();
        if self.volumes[0].disk.has_failed() {
            // It had no consequence that anybody was told of: nor may it have any.
            self.volumes[0].disk.mend();
            self.volumes[0].volume = None;
            self.settle(0)?;
        }
        for at in 0..self.volumes.len() {
            self.finish(at)?;
        }
        Ok(())
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        self.log.push(text());
    }

    /// A volume of some chunks, the last of them often cut short; of a snapshot, a clone at least as long.
    fn make_volume(&mut self, of: Option<(Shot, usize)>) -> Result<(), String> {
        let tail = if self.random.one_in(2) { 0 } else { 4096 * (1 + self.random.below(200)) };
        let own = (1 + self.random.below(3)) * CHUNK_BYTES as u64 + tail;
        let least = of.as_ref().map_or(0, |(shot, _)| (shot.content.len() * SECTOR) as u64);
        let size_bytes = own.max(least);
        let id = format!("d-{}.{}", self.seed, self.made);
        self.made += 1;
        let key = (!self.random.one_in(4)).then(|| self.new_key());
        let disk = Disk::new(self.plant, self.random.next());
        let mut device = Device::new(usize::try_from(size_bytes).unwrap() / SECTOR);
        let mut base: Option<Arc<dyn Base>> = None;
        if let Some((shot, _)) = &of {
            device = Device::of(shot.content.clone());
            device.grow(usize::try_from(size_bytes).unwrap() / SECTOR);
            base = Some(self.shots.reader(shot)?);
        }
        let present = match &base {
            Some(base) => Some((b"base".to_vec(), base.present().map_err(|e| e.to_string())?)),
            None => None,
        };
        let new = NewVolume { volume_id: &id, size_bytes, key: key.as_ref(), base: present };
        volume::create(&*disk.sound(), &self.rng, &new).map_err(|error| format!("create: {error}"))?;
        self.note(|| format!("make {id}: {size_bytes} bytes, encrypted {}, clone {}", key.is_some(), of.is_some()));
        self.counts.clones += u64::from(of.is_some());
        self.volumes.push(Tested {
            id,
            disk,
            keys: key.into_iter().collect(),
            device,
            volume: None,
            base,
            freezing: None,
            next_sequence: 1,
            shots: Vec::new(),
            next_hydrated: 0,
        });
        self.open(self.volumes.len() - 1)
    }

    fn new_key(&mut self) -> DataKey {
        let mut plain = [0; 64];
        self.rng.fill(&mut plain);
        DataKey { plain: PlainKey::new(&plain).unwrap(), wrapped: self.random.next().to_le_bytes().to_vec() }
    }

    fn open(&mut self, at: usize) -> Result<(), String> {
        let tested = &mut self.volumes[at];
        let opened = Volume::open(&*tested.disk.directory(), &tested.id, &tested.keys, tested.base.clone());
        tested.volume = Some(Arc::new(opened.map_err(|error| format!("open: {error}"))?));
        Ok(())
    }

    fn operate(&mut self, at: usize) -> Result<(), String> {
        let volume = Arc::clone(self.volumes[at].volume.as_ref().expect("open between operations"));
        let said = |error: std::io::Error| error.to_string();
        let wrong = |error: volume::VolumeError| error.to_string();
        match self.random.below(44) {
            0..=11 => self.write(at, &volume),
            12..=15 => self.write_zeroes(at, &volume),
            16..=17 => self.trim(at, &volume),
            18..=21 => {
                self.note(|| format!("{at}: flush"));
                volume.flush().map_err(said)?;
                self.volumes[at].device.flush();
                Ok(())
            }
            22..=23 => self.verify(at, &volume),
            24..=26 => self.freeze(at, &volume),
            27..=29 => self.complete(at, &volume),
            30 => self.give_up(at, &volume),
            31 => {
                self.note(|| format!("{at}: merge"));
                volume.merge_overlay(&|| true).map_err(wrong)
            }
            32 => self.clone_snapshot(at),
            33 => self.delete_snapshot(at),
            34 => self.grow(at, &volume),
            35..=36 => self.begin_rekey(at, &volume),
            37..=40 => self.rekey(at, &volume),
            41 => {
                self.note(|| format!("{at}: checkpoint"));
                volume.checkpoint().map_err(wrong)
            }
            _ => self.hydrate_or_reopen(at, &volume),
        }
    }

    /// A stretch of sectors, half of them of whole units.
    fn stretch(&mut self, at: usize) -> std::ops::Range<usize> {
        let sectors = self.volumes[at].device.live.len() as u64;
        let most = if self.random.one_in(8) { sectors } else { 64 };
        let (mut first, mut length) = (self.random.below(sectors), 1 + self.random.below(most));
        if self.random.one_in(2) {
            first -= first % 8;
            length = length.next_multiple_of(8);
        }
        if self.random.one_in(10) {
            // A whole chunk.
            first -= first % 2048;
            length = 2048;
        }
        let end = (first + length).min(sectors);
        usize::try_from(first).unwrap()..usize::try_from(end).unwrap()
    }

    fn write(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        let sectors = self.stretch(at);
        self.value += 1;
        let value = self.value;
        self.note(|| format!("{at}: write {value} at {sectors:?}"));
        let mut bytes = Vec::new();
        sectors.clone().for_each(|sector| crate::model::fill(&mut bytes, value, sector));
        let outcome = volume.write((sectors.start * SECTOR) as u64, &mut bytes);
        self.written(at, sectors, value, outcome)
    }

    fn write_zeroes(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        let sectors = self.stretch(at);
        self.note(|| format!("{at}: zero {sectors:?}"));
        let how = Zeroing { no_hole: self.random.one_in(4), fast: false };
        let outcome = volume.write_zeroes((sectors.start * SECTOR) as u64, (sectors.len() * SECTOR) as u64, how);
        self.written(at, sectors, 0, outcome)
    }

    fn written(
        &mut self,
        at: usize,
        sectors: std::ops::Range<usize>,
        value: Value,
        outcome: std::io::Result<()>,
    ) -> Result<(), String> {
        let device = &mut self.volumes[at].device;
        match outcome {
            Ok(()) => device.write(sectors, value),
            Err(error) => {
                device.write_cut_off(sectors, value);
                return Err(error.to_string());
            }
        }
        Ok(())
    }

    fn trim(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        let sectors = self.stretch(at);
        self.note(|| format!("{at}: trim {sectors:?}"));
        let (offset, length) = ((sectors.start * SECTOR) as u64, sectors.len() * SECTOR);
        // Each sector reads as before or as zeros; which is seen now.
        let mut bytes = vec![0; length];
        let outcome = volume.trim(offset, length as u64).and_then(|()| volume.read(offset, &mut bytes));
        let device = &mut self.volumes[at].device;
        if let Err(error) = outcome {
            device.write_cut_off(sectors, 0);
            return Err(error.to_string());
        }
        for (sector, found) in sectors.zip(bytes.chunks_exact(SECTOR)) {
            if found.iter().all(|byte| *byte == 0) {
                device.write(sector..sector + 1, 0);
            }
        }
        Ok(())
    }

    fn verify(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        let sectors = self.stretch(at);
        self.note(|| format!("{at}: read {sectors:?}"));
        let mut bytes = vec![0; sectors.len() * SECTOR];
        volume.read((sectors.start * SECTOR) as u64, &mut bytes).map_err(|error| error.to_string())?;
        let expected = self.volumes[at].device.expected(sectors.clone());
        match bytes.chunks_exact(SECTOR).zip(expected.chunks_exact(SECTOR)).position(|(a, b)| a != b) {
            None => Ok(()),
            Some(wrong) => {
                let sector = sectors.start + wrong;
                let found = crate::model::describe(&bytes[wrong * SECTOR..(wrong + 1) * SECTOR], sector);
                let live = self.volumes[at].device.live[sector];
                // A wrong read is a failure even when the power fails: it is told by panicking out of the run.
                self.volumes[at].disk.forgive();
                Err(format!("read of sector {sector}: {found} instead of write {live}"))
            }
        }
    }

    fn freeze(&mut self, at: usize, volume: &Arc<Volume>) -> Result<(), String> {
        if self.volumes[at].freezing.is_some() {
            return Ok(());
        }
        let key = self.new_key();
        let tested = &mut self.volumes[at];
        let sequence = tested.next_sequence;
        let parent = tested.shots.last().map(|shot| shot.sequence);
        tested.next_sequence += 1;
        tested.freezing = Some(Making { sequence, content: tested.device.live.clone(), key, was_frozen: false });
        self.note(|| format!("{at}: freeze for {sequence} upon {parent:?}"));
        volume::freeze(&[Freezing { volume, sequence, parent }]).map_err(|error| error.to_string())?;
        let tested = &mut self.volumes[at];
        tested.device.flush();
        tested.freezing.as_mut().expect("just set").was_frozen = true;
        Ok(())
    }

    /// Reads a frozen volume off, thaws it, and sees that the snapshot holds what it must.
    fn complete(&mut self, at: usize, volume: &Arc<Volume>) -> Result<(), String> {
        let Some(Making { sequence, content, key, .. }) = self.volumes[at].freezing.clone() else { return Ok(()) };
        self.note(|| format!("{at}: upload {sequence}"));
        let source = volume.frozen(sequence).ok_or("the freeze is lost")?;
        let parent = self.volumes[at].shots.last().cloned();
        let shot = self.shots.upload(&self.volumes[at].id, &source, sequence, &content, parent.as_ref(), key)?;
        let tested = &mut self.volumes[at];
        tested.shots.push(shot);
        tested.freezing = None;
        self.counts.snapshots += 1;
        volume.thaw(sequence, true).map_err(|error| error.to_string())
    }

    fn give_up(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        let Some(Making { sequence, .. }) = self.volumes[at].freezing.take() else { return Ok(()) };
        self.note(|| format!("{at}: give {sequence} up"));
        volume.thaw(sequence, false).map_err(|error| error.to_string())
    }

    fn clone_snapshot(&mut self, at: usize) -> Result<(), String> {
        if self.volumes.len() == MOST_VOLUMES || self.volumes[at].shots.is_empty() {
            return Ok(());
        }
        let shots = &self.volumes[at].shots;
        let shot = shots[usize::try_from(self.random.below(shots.len() as u64)).unwrap()].clone();
        self.make_volume(Some((shot, at)))
    }

    /// Deletes a snapshot that no clone is made of.
    fn delete_snapshot(&mut self, at: usize) -> Result<(), String> {
        let tested = &mut self.volumes[at];
        // The chain stands still while a snapshot builds upon it.
        if tested.shots.is_empty() || tested.freezing.is_some() || self.counts.clones > 0 {
            return Ok(());
        }
        let which = usize::try_from(self.random.below(tested.shots.len() as u64)).unwrap();
        let sequence = tested.shots[which].sequence;
        self.log.push(format!("{at}: delete snapshot {sequence}"));
        let previous = which.checked_sub(1).map(|before| tested.shots[before].clone());
        let next = tested.shots.get(which + 1).cloned();
        let shot = tested.shots.remove(which);
        self.shots.delete(&shot, previous.as_ref(), next.as_ref())?;
        for shot in &self.volumes[at].shots {
            self.shots.verify(shot)?;
        }
        Ok(())
    }

    fn grow(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        let size_bytes = volume.size_bytes() + 4096 * (1 + self.random.below(400));
        if size_bytes > 6 * CHUNK_BYTES as u64 {
            return Ok(());
        }
        self.note(|| format!("{at}: grow to {size_bytes}"));
        volume.grow(size_bytes).map_err(|error| error.to_string())?;
        self.volumes[at].device.grow(usize::try_from(size_bytes).unwrap() / SECTOR);
        Ok(())
    }

    fn begin_rekey(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        if volume.rekey_status().is_some() {
            return Ok(());
        }
        self.note(|| format!("{at}: begin to change the key"));
        let key = self.new_key();
        self.volumes[at].keys.push(key.clone());
        volume.begin_rekey(&self.rng, &key).map_err(|error| error.to_string())
    }

    fn rekey(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        self.note(|| format!("{at}: a step of changing the key"));
        let step = volume.rekey_step().map_err(|error| error.to_string())?;
        self.counts.rekeys += u64::from(step == Step::Done);
        Ok(())
    }

    fn hydrate_or_reopen(&mut self, at: usize, volume: &Volume) -> Result<(), String> {
        if self.random.one_in(2) {
            self.note(|| format!("{at}: close and open again"));
            volume.close().map_err(|error| error.to_string())?;
            self.volumes[at].device.flush();
            self.volumes[at].volume = None;
            return self.open(at);
        }
        self.note(|| format!("{at}: hydrate"));
        let from = self.volumes[at].next_hydrated;
        let next = volume.hydrate(from, 2).map_err(|error| error.to_string())?;
        self.volumes[at].next_hydrated = next.unwrap_or(0);
        volume.settle_base().map(drop).map_err(|error| error.to_string())
    }

    /// The power goes and comes back: what is there now must be allowed.
    fn crash(&mut self, at: usize) -> Result<(), String> {
        self.counts.crashes += 1;
        let tested = &mut self.volumes[at];
        tested.volume = None;
        tested.disk.crash(self.random.next());
        self.settle(at)
    }

    /// The process is gone, the kernel is not: what was written is there, and is durable once the volume is open again.
    fn kill(&mut self, at: usize) -> Result<(), String> {
        self.counts.kills += 1;
        let tested = &mut self.volumes[at];
        tested.volume = None;
        tested.disk.mend();
        self.settle(at)
    }

    /// Opens a volume after something went wrong: what is there now must be allowed.
    fn settle(&mut self, at: usize) -> Result<(), String> {
        self.open(at)?;
        let bytes = self.look(at)?;
        let settled = self.volumes[at].device.settle(&bytes);
        settled.map_err(|what| format!("after a power cut, volume {at}: {what}"))
    }

    /// Sees how far what was cut off has come, and reads the whole volume.
    fn look(&mut self, at: usize) -> Result<Vec<u8>, String> {
        let tested = &mut self.volumes[at];
        let volume = Arc::clone(tested.volume.as_ref().expect("open"));
        // A growth that was cut off is there or not.
        tested.device.grow(usize::try_from(volume.size_bytes()).unwrap() / SECTOR);
        // So is a freeze, and the end of one.
        match (&tested.freezing, volume.frozen_sequence()) {
            (Some(making), Some(sequence)) if making.sequence == sequence => {
                let source = volume.frozen(sequence).ok_or("the freeze is lost")?;
                Shots::compare(&source, &making.content)?;
            }
            (None, Some(sequence)) => {
                let is_complete = tested.shots.last().is_some_and(|shot| shot.sequence == sequence);
                volume.thaw(sequence, is_complete).map_err(|error| format!("thaw after a power cut: {error}"))?;
            }
            (None, None) => {}
            (Some(making), None) if !making.was_frozen => tested.freezing = None,
            (Some(_), found) => return Err(format!("after a power cut volume {at} is frozen for {found:?}")),
        }
        let mut bytes = vec![0; usize::try_from(volume.size_bytes()).unwrap()];
        volume.read(0, &mut bytes).map_err(|error| format!("read after a power cut: {error}"))?;
        Ok(bytes)
    }

    /// Whatever failed, the volume as it is says what is right, or that it can't.
    fn read_on(&mut self, at: usize) -> Result<(), String> {
        let tested = &self.volumes[at];
        let Some(volume) = &tested.volume else { return Ok(()) };
        let mut buffer = vec![0; CHUNK_BYTES];
        for first in (0..tested.device.live.len()).step_by(CHUNK_BYTES / SECTOR) {
            let sectors = (tested.device.live.len() - first).min(CHUNK_BYTES / SECTOR);
            let bytes = &mut buffer[..sectors * SECTOR];
            if volume.read((first * SECTOR) as u64, bytes).is_ok() {
                let checked = tested.device.check(first, bytes);
                checked.map_err(|what| format!("read on after a call failed, volume {at}: {what}"))?;
            }
        }
        Ok(())
    }

    /// At the end every snapshot is complete and every volume is read once more.
    fn finish(&mut self, at: usize) -> Result<(), String> {
        let volume = Arc::clone(self.volumes[at].volume.as_ref().expect("open between operations"));
        self.complete(at, &volume)?;
        volume.merge_overlay(&|| true).map_err(|error| error.to_string())?;
        let mut bytes = vec![0; usize::try_from(volume.size_bytes()).unwrap()];
        volume.read(0, &mut bytes).map_err(|error| error.to_string())?;
        let device = &mut self.volumes[at].device;
        device.flush();
        device.settle(&bytes).map_err(|what| format!("at the end, volume {at}: {what}"))?;
        for shot in &self.volumes[at].shots {
            self.shots.verify(shot)?;
        }
        Ok(())
    }
}
