//! Reads and writes through NBD, large and small, against peers, and what they cost the processor.

use std::error::Error;
use std::path::Path;

use super::Settings;
use super::client::{LARGE, Load, Order, SMALL};
use super::peers::{Kind, Peer};
use crate::median;
use crate::verdict;

const LOADS: [(&str, Load); 4] = [
    ("1 MiB sequential write, QD 8", Load { writes: true, block: LARGE, depth: 8, order: Order::Sequential }),
    ("1 MiB sequential read, QD 8", Load { writes: false, block: LARGE, depth: 8, order: Order::Sequential }),
    ("4 KiB random write, QD 32", Load { writes: true, block: SMALL, depth: 32, order: Order::Random }),
    ("4 KiB random read, QD 32", Load { writes: false, block: SMALL, depth: 32, order: Order::Random }),
];

/// The rounds of one server under one load.
#[derive(Default)]
struct Rounds {
    /// MiB/s of large requests, requests a second of small ones.
    rates: Vec<f64>,
    cpu_s_per_gib: Vec<f64>,
    /// Of a core: how busy the server and the load were.
    busy: Vec<f64>,
    load_busy: Vec<f64>,
}

pub(super) fn measure(place: &str, path: &Path, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let mut peers = Vec::new();
    for kind in &settings.servers {
        peers.push(Peer::start(*kind, path, settings.size_bytes)?);
    }
    println!("\n### Transfers over a Unix socket, volumes on {place}, {} MiB each\n", settings.size_bytes >> 20);
    println!("| load | server | by round | median | CPU s/GiB | server, load: cores | ratio of coffer | bar |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, load) in LOADS {
        let mut all: Vec<Rounds> = peers.iter().map(|_| Rounds::default()).collect();
        for round in 0..=settings.rounds {
            for (peer, rounds) in peers.iter_mut().zip(&mut all) {
                let mut seen = Rounds::default();
                one_round(peer, load, settings.seconds, &mut seen)?;
                // The first one warms up.
                if round > 0 {
                    rounds.add(seen);
                }
            }
        }
        for (peer, rounds) in peers.iter().zip(&all) {
            print_row(name, load, peer.kind, rounds, &all[0]);
        }
    }
    Ok(())
}

impl Rounds {
    fn add(&mut self, other: Self) {
        self.rates.extend(other.rates);
        self.cpu_s_per_gib.extend(other.cpu_s_per_gib);
        self.busy.extend(other.busy);
        self.load_busy.extend(other.load_busy);
    }
}

fn one_round(peer: &mut Peer, load: Load, seconds: f64, rounds: &mut Rounds) -> Result<(), Box<dyn Error>> {
    let (before, load_before) = (peer.cpu_seconds()?, super::peers::cpu_seconds("self")?);
    let outcome = peer.client.run(load, seconds)?;
    let (cpu, load_cpu) = (peer.cpu_seconds()? - before, super::peers::cpu_seconds("self")? - load_before);
    // What is written back later would take its time from the next server.
    peer.client.flush()?;
    let unit = if load.block == LARGE { 1.0 } else { 1.0 / 256.0 };
    let mib_per_s = outcome.rate() * unit;
    rounds.rates.push(outcome.rate());
    rounds.cpu_s_per_gib.push(cpu / (mib_per_s * outcome.seconds / 1024.0));
    rounds.busy.push(cpu / outcome.seconds);
    rounds.load_busy.push(load_cpu / outcome.seconds);
    Ok(())
}

/// How much faster than this server ours is to be.
const fn bar(kind: Kind, large: bool) -> Option<f64> {
    match (kind, large) {
        (Kind::CofferPlain, _) => Some(0.9),
        (Kind::NbdkitLuks, true) => Some(2.5),
        (Kind::NbdkitLuks, false) => Some(2.0),
        (Kind::QemuLuks, true) => Some(6.0),
        (Kind::QemuLuks, false) => Some(4.0),
        (Kind::Coffer | Kind::NbdkitPlain, _) => None,
    }
}

fn print_row(name: &str, load: Load, kind: Kind, rounds: &Rounds, coffer: &Rounds) {
    // Round by round: what disturbs the machine disturbs neighbours alike.
    let ratio = |a: &[f64], b: &[f64]| median(a.iter().zip(b).map(|(a, b)| a / b).collect());
    let speed = ratio(&coffer.rates, &rounds.rates);
    let mut bars =
        bar(kind, load.block == LARGE).map_or_else(String::new, |bar| format!("{bar}: {}", verdict(speed, bar, true)));
    let mut ratios = if kind == Kind::Coffer { String::new() } else { format!("{speed:.2}") };
    if kind == Kind::NbdkitLuks {
        let cpu = ratio(&coffer.cpu_s_per_gib, &rounds.cpu_s_per_gib);
        ratios = format!("{ratios}; CPU {cpu:.2}");
        bars = format!("{bars}; CPU 0.5: {}", verdict(cpu, 0.5, false));
    }
    let unit = if load.block == LARGE { "MiB/s" } else { "IOPS" };
    println!(
        "| {name} | {} | {} | {:.0} {unit} | {:.3} | {:.2}, {:.2} | {ratios} | {bars} |",
        kind.name(),
        crate::list(&rounds.rates),
        median(rounds.rates.clone()),
        median(rounds.cpu_s_per_gib.clone()),
        median(rounds.busy.clone()),
        median(rounds.load_busy.clone()),
    );
}
