//! How fast the parts under a volume are on this machine: the ciphers on one core, and the drivers of files for calls that wait for
//! their end. `cargo run --release -p coffer-block --example speed -- DIRECTORY...`: each directory is measured, on whatever file system
//! it is.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use coffer_base::{Rng as _, SeededRng};
use coffer_block::storage::{Buffer, Crashy, Directory as _, Driver, LocalDirectory, Options, Storage};
use coffer_crypto::{SealKey, SystemRng, Xts};

const FILE_BYTES: u64 = 256 << 20;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(150);

fn main() -> ExitCode {
    ciphers();
    keys();
    crashes();
    for directory in std::env::args().skip(1) {
        if let Err(error) = drivers(Path::new(&directory)) {
            eprintln!("{directory}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Calls `run` for as long as a round lasts, with the number of the call; calls a second.
#[expect(clippy::disallowed_methods, reason = "measuring is what this is for")]
fn rate(run: &mut dyn FnMut(u64)) -> f64 {
    let (start, mut calls) = (Instant::now(), 0u32);
    while start.elapsed() < ROUND {
        for _ in 0..4 {
            run(u64::from(calls));
            calls += 1;
        }
    }
    f64::from(calls) / start.elapsed().as_secs_f64()
}

/// The median of rounds of several things, which take turns.
fn medians(things: &mut [Box<dyn FnMut(u64) + '_>]) -> Vec<f64> {
    let mut rates = vec![Vec::new(); things.len()];
    for _ in 0..ROUNDS {
        for (thing, rates) in things.iter_mut().zip(&mut rates) {
            rates.push(rate(&mut **thing));
        }
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[ROUNDS / 2]
    };
    rates.into_iter().map(median).collect()
}

fn ciphers() {
    let rng = SeededRng::new(1);
    let mut key = [0; 64];
    rng.fill(&mut key);
    let xts = Xts::new(&key).expect("a random key");
    let seal = SealKey::generate(&rng);
    for bytes in [4096usize, 1 << 20] {
        let mut buffers = [(); 3].map(|()| Buffer::new(bytes));
        let [encrypted, decrypted, sealed] = &mut buffers;
        let figures = medians(&mut [
            Box::new(|call| xts.encrypt(call, encrypted)),
            Box::new(|call| xts.decrypt(call, decrypted)),
            Box::new(|_| {
                let (nonce, tag) = seal.aead().seal_in_place(&SystemRng, b"1", sealed);
                seal.aead().open_in_place(&nonce, &tag, b"1", sealed).expect("what was just sealed");
            }),
        ]);
        let names = ["AES-256-XTS encrypt", "AES-256-XTS decrypt", "AES-256-GCM seal and open"];
        for (name, rate) in names.iter().zip(figures) {
            #[expect(clippy::cast_precision_loss, reason = "figures for people")]
            let speed = rate * bytes as f64 / 1e9;
            eprintln!("{name}, {bytes} bytes: {speed:.2} GB/s a core");
        }
    }
}

fn keys() {
    let key: [u8; 64] = std::array::from_fn(|index| u8::try_from(index).expect("64 bytes"));
    let mut unit = Buffer::new(4096);
    let figures = medians(&mut [Box::new(|call| Xts::new(&key).expect("halves differ").encrypt(call, &mut unit))]);
    eprintln!("keys locked, expanded, used once and wiped: {:.0} a second", figures[0]);
}

fn crashes() {
    let directory = Crashy::default();
    directory.create("data").and_then(|file| file.set_length(FILE_BYTES)).expect("memory");
    let mut data = Buffer::new(4096);
    data.fill(1);
    let figures = medians(&mut [Box::new(|call| {
        let file = directory.open("data").expect("it is there");
        file.set_length(FILE_BYTES).expect("memory");
        for write in 0..10 {
            file.write_at((call * 10 + write) % (FILE_BYTES / 4096) * 4096, &data).expect("memory");
        }
        directory.crash(call);
    })]);
    eprintln!("power cuts after 10 writes of 4096 bytes, in 256 MiB: {:.0} a second", figures[0]);
}

fn drivers(path: &Path) -> std::io::Result<()> {
    let all = [
        ("threads", Options { driver: Driver::Threads, direct: false }),
        ("uring", Options { driver: Driver::Uring, direct: false }),
        ("threads, O_DIRECT", Options { driver: Driver::Threads, direct: true }),
        ("uring, O_DIRECT", Options { driver: Driver::Uring, direct: true }),
    ];
    let mut files = Vec::new();
    for (name, options) in all {
        match LocalDirectory::new(&path.join("speed"), options) {
            Ok(directory) => files.push((name, full_file(&directory, files.len())?)),
            Err(error) => eprintln!("{}: {name}: {error}", path.display()),
        }
    }
    for bytes in [4096usize, 1 << 20] {
        let blocks = FILE_BYTES / bytes as u64;
        // Any order that meets all blocks and is not sequential.
        let offset = move |call: u64| call * 7919 % blocks * bytes as u64;
        let measure = |name: &str, run: &(dyn Fn(&dyn Storage, u64, &mut Buffer) + Sync)| {
            let mut things: Vec<Box<dyn FnMut(u64) + '_>> = Vec::new();
            for (_, file) in &files {
                let mut buffer = Buffer::new(bytes);
                buffer.fill(5);
                things.push(Box::new(move |call| run(&**file, offset(call), &mut buffer)));
            }
            for ((driver, _), rate) in files.iter().zip(medians(&mut things)) {
                eprintln!("{}: {name} of {bytes} bytes, {driver}: {rate:.0} a second", path.display());
            }
        };
        measure("read", &|file, offset, buffer| file.read_at(offset, buffer).expect("reading"));
        measure("write", &|file, offset, buffer| file.write_at(offset, buffer).expect("writing"));
        measure("write and sync", &|file, offset, buffer| {
            file.write_at(offset, buffer).and_then(|()| file.sync()).expect("writing");
        });
    }
    std::fs::remove_dir_all(path.join("speed"))
}

/// A file without holes.
fn full_file(directory: &LocalDirectory, number: usize) -> std::io::Result<std::sync::Arc<dyn Storage>> {
    let file = directory.create(&format!("data{number}"))?;
    file.set_length(FILE_BYTES)?;
    let mut data = Buffer::new(1 << 20);
    data.fill(3);
    for offset in (0..FILE_BYTES).step_by(data.len()) {
        file.write_at(offset, &data)?;
    }
    file.sync()?;
    Ok(file)
}
