//! What large disks and their snapshots cost: the memory of an attached one, a freeze and what writes feel of it, a clone, and objects
//! sealed and read back.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use coffer_base::{Rng as _, SeededRng};
use coffer_block::bitmap::Bitmap;
use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::host::{DataKey, Freeze, Host, ManifestRef, SnapshotSource, UploadOf, VolumeKeys};
use coffer_block::snapshot::{self, Chain, ChunkSource, Manifest, Objects, Upload};
use coffer_crypto::{PlainKey, SystemRng};

use super::client::{Client, LARGE, Load, Order, SMALL};
use super::peers::cpu_seconds;
use super::{Settings, ms, ours, percentile};
use crate::median;
use crate::server::clock;
use crate::verdict;

const TIB: u64 = 1 << 40;
const MIB: u64 = 1 << 20;
/// Between two writes while a disk is frozen: less than a thousand a second, whose latency is the server's and not that of a queue.
const PAUSE: Duration = Duration::from_millis(1);
/// What one page of a volume's bitmaps covers.
const GROUP_BYTES: u64 = 28 << 30;

/// What memory an attached disk of 1 TiB takes beyond an idle process.
pub(super) fn memory(path: &Path) -> Result<(), Box<dyn Error>> {
    let directory = path.join("memory");
    std::fs::create_dir_all(&directory)?;
    let (mut child, socket) = ours::spawn(&directory, TIB, true)?;
    let mut stdin = child.stdin.take().ok_or("no input")?;
    let mut answers = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut ask = || -> Result<f64, Box<dyn Error>> {
        stdin.write_all(&[1])?;
        let mut line = String::new();
        answers.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    };
    let attached = ask()?;
    let mut client = Client::connect(&socket)?;
    for (block, depth) in [(SMALL, 32), (LARGE, 8)] {
        for writes in [true, false] {
            let begin = clock();
            let load = Load { writes, block, depth, order: Order::Random };
            client.run_while(load, 4 << 30, |_| begin.elapsed() < Duration::from_millis(500))?;
        }
    }
    let used = ask()?;
    drop(client);
    drop(stdin);
    child.wait()?;
    std::fs::remove_dir_all(&directory)?;
    println!("\n### Memory that a disk of 1 TiB takes\n");
    println!("| moment | MiB | bar |");
    println!("| --- | --- | --- |");
    println!("| attached | {attached:.2} | 16: {} |", verdict(attached, 16.0, false));
    println!("| with a client, after QD 32 of 4 KiB and QD 8 of 1 MiB: queues too | {used:.2} | |");
    Ok(())
}

/// Content that is no two chunks' the same.
struct Content(Vec<u8>);

impl Content {
    fn new() -> Self {
        let mut bytes = vec![0; CHUNK_BYTES];
        SeededRng::new(3).fill(&mut bytes);
        Self(bytes)
    }

    /// Writes chunks of an exported volume.
    fn write(&self, host: &Host, volume_id: &str, chunks: impl Iterator<Item = u64>) -> Result<(), Box<dyn Error>> {
        let device = host.device(volume_id).ok_or("not exported")?;
        let mut buffer = coffer_block::storage::Buffer::new(CHUNK_BYTES);
        for chunk in chunks {
            buffer.copy_from_slice(&self.0);
            buffer[..8].copy_from_slice(&chunk.to_le_bytes());
            device.write(chunk * MIB, &mut buffer)?;
        }
        Ok(device.flush()?)
    }
}

/// Reads a frozen volume off, whole; the snapshot.
fn upload(host: &Host, key: &DataKey) -> Result<SnapshotSource, Box<dyn Error>> {
    let own = ours::plain_key();
    let what = UploadOf {
        volume_id: ours::VOLUME,
        sequence: 1,
        volume: Some((VolumeKeys { own: Some(key.clone()), next: None }, None)),
        snapshot_key: Some(own.clone()),
        parent: None,
    };
    let root = host.upload(what, &|_, _| true)?.root;
    let manifest = ManifestRef { chain: Chain::new(ours::VOLUME)?, sequence: 1, root };
    Ok(SnapshotSource { manifest, data_key: Some(own) })
}

fn freeze_now(host: &Host) -> Result<(), Box<dyn Error>> {
    Ok(host.freeze(&[Freeze { volume_id: ours::VOLUME.to_owned(), sequence: 1, parent: None }])?)
}

/// From a snapshot of 100 GiB to the first byte of a clone that a client reads: made, opened, exported, connected to, read.
pub(super) fn clone(path: &Path, rounds: usize) -> Result<(), Box<dyn Error>> {
    const SIZE_BYTES: u64 = 100 << 30;
    /// Every 50th chunk: 2 GiB.
    const EVERY: u64 = 50;
    let directory = path.join("clone");
    let (host, key) = (ours::host(&directory)?, ours::key());
    ours::attach(&host, ours::VOLUME, SIZE_BYTES, Some(&key), None)?;
    Content::new().write(&host, ours::VOLUME, (0..SIZE_BYTES / MIB / EVERY).map(|n| n * EVERY))?;
    freeze_now(&host)?;
    let snapshot = upload(&host, &key)?;
    host.thaw(ours::VOLUME, 1, true)?;
    host.close(ours::VOLUME)?;
    let mut times_ms = Vec::new();
    for round in 0..rounds as u64 {
        let clone_key = ours::key();
        let begin = clock();
        let socket = ours::attach(&host, "d-clone.1", SIZE_BYTES, Some(&clone_key), Some(&snapshot))?;
        Client::connect(&socket)?.read_byte((500 + round * 20) * EVERY * MIB + 5)?;
        times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
        host.close("d-clone.1")?;
        host.remove("d-clone.1")?;
    }
    std::fs::remove_dir_all(&directory)?;
    println!(
        "\n### Clone of a snapshot of 100 GiB (2 GiB stored, on each of its pages), to the first byte read by a client\n"
    );
    println!("| by round, ms | median | bar |");
    println!("| --- | --- | --- |");
    let figure = median(times_ms.clone());
    println!("| {} | {figure:.1} ms | 100: {} |", crate::list(&times_ms), verdict(figure, 100.0, false));
    Ok(())
}

/// When a reply came, in nanoseconds, and how long it took.
type Seen = (u64, u64);

/// A freeze of a disk in use, and writes before, during and after it.
pub(super) fn freeze(path: &Path, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let directory = path.join("freeze");
    let (host, key) = (ours::host(&directory)?, ours::key());
    let socket = ours::attach(&host, ours::VOLUME, TIB, Some(&key), None)?;
    let groups = (1..TIB / GROUP_BYTES).map(|group| group * GROUP_BYTES / MIB);
    Content::new().write(&host, ours::VOLUME, (0..settings.freeze_mib).chain(groups))?;
    let (stop, begin) = (AtomicBool::new(false), clock());
    let now_ns = || u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let writer = || write_until(&stop, &socket, settings.freeze_mib * MIB, begin).map_err(|error| error.to_string());
    let pause = Duration::from_secs_f64(settings.seconds * 2.0);
    let (mut seen, at) = std::thread::scope(|scope| {
        let writer = std::thread::Builder::new().name("writer".to_owned()).spawn_scoped(scope, writer)?;
        let measured = (|| -> Result<[u64; 5], Box<dyn Error>> {
            std::thread::sleep(pause);
            let flushed = now_ns();
            host.device(ours::VOLUME).ok_or("not exported")?.flush()?;
            let frozen = now_ns();
            freeze_now(&host)?;
            let uploading = now_ns();
            upload(&host, &key)?;
            let uploaded = now_ns();
            host.thaw(ours::VOLUME, 1, true)?;
            std::thread::sleep(pause);
            Ok([flushed, frozen, uploading, uploaded, now_ns()])
        })();
        stop.store(true, Ordering::Relaxed);
        let seen = writer.join().map_err(|_| "the writer panicked")??;
        Ok::<_, Box<dyn Error>>((seen, measured?))
    })?;
    // Gone with its key: what is not merged yet need not be.
    host.remove(ours::VOLUME)?;
    std::fs::remove_dir_all(&directory)?;
    print_freeze(&mut seen, at, settings);
    Ok(())
}

fn write_until(stop: &AtomicBool, socket: &Path, within: u64, begin: Instant) -> Result<Vec<Seen>, Box<dyn Error>> {
    let (mut client, mut seen) = (Client::connect(socket)?, Vec::new());
    let load = Load { writes: true, block: SMALL, depth: 1, order: Order::Random };
    client.run_while(load, within, |latency_ns| {
        seen.push((u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX), latency_ns));
        std::thread::sleep(PAUSE);
        !stop.load(Ordering::Relaxed)
    })?;
    Ok(seen)
}

fn print_freeze(seen: &mut [Seen], [flushed, frozen, uploading, uploaded, end]: [u64; 5], settings: &Settings) {
    const SETTLED_NS: u64 = 20_000_000;
    let between = |from: u64, to: u64| -> Vec<u64> {
        let during = seen.iter().filter(|(at, took)| *at > from && at - took < to);
        during.map(|(_, took)| *took).collect()
    };
    let stall = between(frozen, uploading + SETTLED_NS).into_iter().max().unwrap_or_default();
    println!(
        "\n### Freeze of a disk of 1 TiB with {} MiB written, under 4 KiB random writes, one each ms\n",
        settings.freeze_mib
    );
    println!("| | | bar |");
    println!("| --- | --- | --- |");
    let (call, stall) = (ms(uploading - frozen), ms(stall));
    // A freeze begins with one, without holding up writes; how long it takes is the disk's, and depends on what the client has not flushed.
    println!("| flush of what was written since the last one | {:.1} ms | |", ms(frozen - flushed));
    println!("| freeze call after it | {call:.1} ms | 50: {} |", verdict(call, 50.0, false));
    println!("| longest write meanwhile | {stall:.1} ms | 50: {} |", verdict(stall, 50.0, false));
    let mut p99_before = 0.0;
    for (name, from, to) in [
        ("before", 0, flushed),
        ("during the upload", uploading + SETTLED_NS, uploaded),
        ("merged back", uploaded, end),
    ] {
        let mut latencies = between(from, to);
        let (p50, p99) = (ms(percentile(&mut latencies, 50)), ms(percentile(&mut latencies, 99)));
        let longest = ms(latencies.last().copied().unwrap_or_default());
        let ratio = if from == 0 { String::new() } else { format!(", {:.2} times that before", p99 / p99_before) };
        let bar = if name.starts_with("during") {
            format!("2: {}", verdict(p99 / p99_before, 2.0, false))
        } else {
            String::new()
        };
        p99_before = if from == 0 { p99 } else { p99_before };
        let count = latencies.len();
        println!(
            "| writes {name}: p50, p99, longest of {count} | {p50:.3}, {p99:.3}, {longest:.1} ms{ratio} | {bar} |"
        );
    }
    println!("| upload | {:.1} s | |", ms(uploaded - uploading) / 1e3);
}

/// A device that is one chunk over and over, so that reading it costs a copy.
struct Repeated {
    chunk: Vec<u8>,
    chunks: u64,
}

impl ChunkSource for Repeated {
    fn size_bytes(&self) -> u64 {
        self.chunks * MIB
    }

    fn changed(&self) -> std::io::Result<Bitmap> {
        Ok(Bitmap::full(self.chunks))
    }

    fn read_chunk(&self, _: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.copy_from_slice(&self.chunk);
        Ok(())
    }
}

/// GB of chunks that a core seals and stores, and reads back, in a second that it does nothing else.
pub(super) fn objects(path: &Path, rounds: usize) -> Result<(), Box<dyn Error>> {
    let source = Repeated { chunk: Content::new().0, chunks: 1024 };
    let mut rates: [Vec<f64>; 4] = Default::default();
    let directory = path.join("objects");
    for round in 1..=rounds as u64 {
        let stores = [Arc::new(Objects::memory()?), Arc::new(Objects::local(&directory)?)];
        for (at, objects) in stores.iter().enumerate() {
            let (sealed, read) = seal_and_read(objects, &source, round)?;
            rates[2 * at].push(sealed);
            rates[2 * at + 1].push(read);
        }
    }
    std::fs::remove_dir_all(&directory)?;
    println!("\n### Objects under AES-256-GCM: GB (10^9 bytes) a second of one core\n");
    println!("| | median | bar |");
    println!("| --- | --- | --- |");
    for (name, rates) in ["memory: sealed", "memory: read back", "files: sealed", "files: read back"].iter().zip(rates)
    {
        let figure = median(rates);
        println!("| {name} | {figure:.2} | 1.5: {} |", verdict(figure, 1.5, true));
    }
    Ok(())
}

fn seal_and_read(objects: &Arc<Objects>, source: &Repeated, sequence: u64) -> Result<(f64, f64), Box<dyn Error>> {
    let (chain, key) = (Chain::new("d-speed.1")?, PlainKey::new(&[3; 64])?);
    let upload = Upload { objects, chain: &chain, sequence, data_key: Some(&key), threads: 1, rng: &SystemRng };
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let gigabytes = source.size_bytes() as f64 / 1e9;
    let begin = cpu_seconds("self")?;
    let root = upload.run(source, None, &|_| ControlFlow::Continue(()))?.root;
    let sealed = gigabytes / (cpu_seconds("self")? - begin);
    let at = snapshot::ManifestRef { chain: chain.clone(), sequence, root };
    let begin = cpu_seconds("self")?;
    let manifest = Manifest::open(objects, &at, Some(&key))?;
    let mut buffer = vec![0; CHUNK_BYTES];
    for index in 0..source.chunks {
        manifest.read_chunk(index, &mut buffer)?;
    }
    let read = gigabytes / (cpu_seconds("self")? - begin);
    assert!(buffer == source.chunk, "what was read is what was stored");
    snapshot::delete(objects, &at, None, None)?;
    Ok((sealed, read))
}
