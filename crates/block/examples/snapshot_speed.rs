//! How fast chunks are sealed and stored, and read back: `snapshot_speed [DIRECTORY] [MIB] [THREADS]`. The directory should be on a
//! RAM disk; the default is under `/dev/shm`. Rounds alternate; medians are told, by the clock and by the processor time of all threads
//! (what one core does that does nothing else). GB are 10^9 bytes.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement for the terminal")]

use std::error::Error;
use std::hint::black_box;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use coffer_base::SeededRng;
use coffer_block::bitmap::Bitmap;
use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{Chain, ChunkSource, DataKey, Manifest, ManifestRef, Objects, Upload, delete};
use coffer_crypto::{Aead, SystemRng};

const ROUNDS: usize = 5;

/// A device that is one chunk over and over, so that reading it costs a copy; between them may be zeros.
struct Repeated {
    chunk: Vec<u8>,
    chunks: u64,
    every: u64,
}

impl ChunkSource for Repeated {
    fn size_bytes(&self) -> u64 {
        self.chunks * CHUNK_BYTES as u64
    }

    fn changed(&self) -> io::Result<Bitmap> {
        let mut changed = Bitmap::new(self.chunks);
        for index in (0..self.chunks).step_by(usize::try_from(self.every).unwrap_or(usize::MAX)) {
            changed.insert(index);
        }
        Ok(changed)
    }

    fn read_chunk(&self, _: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.copy_from_slice(&self.chunk);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let root =
        PathBuf::from(arguments.next().unwrap_or_else(|| format!("/dev/shm/coffer-speed-{}", std::process::id())));
    let mib: u64 = arguments.next().unwrap_or_else(|| "1024".to_owned()).parse()?;
    let threads: usize = arguments.next().unwrap_or_else(|| "1".to_owned()).parse()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    coffer_base::Rng::fill(&SeededRng::new(1), &mut chunk);
    let source = Repeated { chunk, chunks: mib, every: 1 };
    let mut rates: [Vec<Rate>; 5] = Default::default();
    for round in 1..=ROUNDS as u64 {
        rates[0].push(cipher(&source)?);
        let memory = Arc::new(Objects::memory()?);
        let files = Arc::new(Objects::local(&root)?);
        for (objects, at) in [(memory, 1), (files, 3)] {
            let (stored, read) = pass(&objects, &source, round, threads)?;
            rates[at].push(stored);
            rates[at + 1].push(read);
        }
    }
    first_byte(&root, Repeated { chunks: 100 << 10, every: 1024, ..source })?;
    std::fs::remove_dir_all(&root)?;
    let names =
        ["cipher alone, sealed and opened", "memory: sealed", "memory: read back", "files: sealed", "files: read back"];
    for (name, rates) in names.into_iter().zip(rates) {
        let (by_clock, by_core) =
            (median(rates.iter().map(|rate| rate.clock)), median(rates.iter().map(|rate| rate.core)));
        println!("{name:>32}: {by_clock:.2} GB/s, {by_core:.2} GB a core's second");
    }
    Ok(())
}

/// GB a second.
struct Rate {
    clock: f64,
    core: f64,
}

fn median(rates: impl Iterator<Item = f64>) -> f64 {
    let mut rates: Vec<_> = rates.collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// When something has begun.
struct Since(Instant, f64);

impl Since {
    fn now() -> Result<Self, Box<dyn Error>> {
        Ok(Self(Instant::now(), processor_seconds()?))
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn rate(&self, source: &Repeated) -> Result<Rate, Box<dyn Error>> {
        let gigabytes = source.size_bytes() as f64 / 1e9;
        let core = gigabytes / (processor_seconds()? - self.1);
        Ok(Rate { clock: gigabytes / self.0.elapsed().as_secs_f64(), core })
    }
}

/// Processor time of this process, from the kernel, which counts it in hundredths.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks = fields.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}

/// The bytes through the cipher and back, in one buffer.
fn cipher(source: &Repeated) -> Result<Rate, Box<dyn Error>> {
    let (key, mut buffer) = (Aead::new(&[7; 32]), source.chunk.clone());
    let since = Since::now()?;
    for _ in 0..source.chunks {
        let (nonce, tag) = key.seal_in_place(&SystemRng, b"chunk", &mut buffer);
        key.open_in_place(&nonce, &tag, b"chunk", &mut buffer)?;
    }
    black_box(&buffer);
    since.rate(source)
}

/// A snapshot made and read once.
fn pass(
    objects: &Arc<Objects>,
    source: &Repeated,
    sequence: u64,
    threads: usize,
) -> Result<(Rate, Rate), Box<dyn Error>> {
    let (chain, key) = (Chain::new("d-speed.1")?, DataKey::new(&[3; 64])?);
    let upload = Upload { objects, chain: &chain, sequence, data_key: Some(&key), threads, rng: &SystemRng };
    let since = Since::now()?;
    let root = upload.run(source, None, &|_| ControlFlow::Continue(()))?.root;
    let stored = since.rate(source)?;
    let at = ManifestRef { chain: chain.clone(), sequence, root };
    let since = Since::now()?;
    let manifest = Manifest::open(objects, &at, Some(&key))?;
    let mut buffer = vec![0; CHUNK_BYTES];
    for index in 0..source.chunks {
        manifest.read_chunk(index, &mut buffer)?;
    }
    let read = since.rate(source)?;
    assert!(buffer == source.chunk, "what was read is what was stored");
    delete(objects, &at, None, None)?;
    Ok((stored, read))
}

/// How long it takes until the first chunk of a snapshot of 100 GiB is there, all of whose pages are.
fn first_byte(root: &Path, source: Repeated) -> Result<(), Box<dyn Error>> {
    let (chain, key, objects) = (Chain::new("d-large.1")?, DataKey::new(&[3; 64])?, Arc::new(Objects::local(root)?));
    let upload =
        Upload { objects: &objects, chain: &chain, sequence: 1, data_key: Some(&key), threads: 1, rng: &SystemRng };
    let root = upload.run(&source, None, &|_| ControlFlow::Continue(()))?.root;
    let at = ManifestRef { chain: chain.clone(), sequence: 1, root };
    let since = Instant::now();
    let manifest = Manifest::open(&objects, &at, Some(&key))?;
    manifest.read_chunk(50 << 10, &mut vec![0; CHUNK_BYTES])?;
    let first = since.elapsed();
    let present = manifest.present()?.count();
    println!("100 GiB: a chunk is there after {first:.1?}, what is present ({present}) after {:.1?}", since.elapsed());
    Ok(())
}
