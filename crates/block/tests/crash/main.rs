//! The crash simulator: seeded workloads over volumes on disks that lose power, each checked against a model after every power cut.
//!
//! `COFFER_CRASHES` asks for another number of power cuts than the one below, `COFFER_SEED` for the run of one seed alone.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

mod disk;
mod model;
mod run;
mod shots;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use coffer_block::snapshot::Objects;
use disk::{EIO, ENOSPC, PLANTS, Plant};
use run::{Counts, Failure, Run, Trouble};

/// Power cuts of a run of the tests.
const CRASHES: u64 = 20_000;
/// Power cuts after which a long run says how far it is.
const TELL_EVERY: u64 = 10_000;
/// Seeds after which a planted fault must have been found.
const MOST_SEEDS: u64 = 4_000;
/// Runs of which every call fails once.
const FAILING_SEEDS: u64 = 8;
/// Seeds that once failed; they stay.
const KEPT: &[u64] = &[2396];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// What goes wrong in the run of a seed. Even ones are as they were before there were other accidents, so that those that are kept mean the same.
const fn trouble(seed: u64) -> Trouble {
    if seed.is_multiple_of(2) { Trouble::PowerCuts } else { Trouble::Accidents }
}

/// Runs seeds from `first` on, on all cores, until so many power cuts were survived or one run fails.
fn runs(plant: Option<Plant>, crashes: u64, first: u64, most_seeds: u64) -> (Counts, u64, Option<Failure>) {
    let (next, failure) = (AtomicU64::new(first), Mutex::new(None::<Failure>));
    let total = Mutex::new(Counts::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let objects = Arc::new(Objects::memory().unwrap());
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_over = failure.lock().unwrap().is_some() || total.lock().unwrap().crashes >= crashes;
                    if is_over || seed >= first + most_seeds {
                        return;
                    }
                    match Run::run(seed, trouble(seed), plant, &objects, u32::MAX) {
                        Ok(counts) => {
                            let mut total = total.lock().unwrap();
                            let before = total.crashes / TELL_EVERY;
                            total.add(counts);
                            if total.crashes / TELL_EVERY > before {
                                println!("{seed} seeds: {total:?}");
                            }
                        }
                        Err(found) => drop(failure.lock().unwrap().get_or_insert(found)),
                    }
                }
            });
        }
    });
    (*total.lock().unwrap(), next.into_inner() - first, failure.into_inner().unwrap())
}

/// The shortest beginning of a failing run that fails.
fn minimised(failure: Failure, plant: Option<Plant>) -> Failure {
    let objects = Arc::new(Objects::memory().unwrap());
    for most in 1..100 {
        if let Err(shorter) = Run::run(failure.seed, trouble(failure.seed), plant, &objects, most) {
            return shorter;
        }
    }
    failure
}

fn tell(failure: Failure, plant: Option<Plant>) -> String {
    let Failure { seed, what, log } = minimised(failure, plant);
    format!("COFFER_SEED={seed}: {what}\n{}", log.join("\n"))
}

#[test]
fn no_power_cut_loses_what_was_flushed_invents_what_was_not_written_or_changes_a_snapshot() {
    let (crashes, first, seeds) = match number("COFFER_SEED") {
        Some(seed) => (u64::MAX, seed, 1),
        None => (number("COFFER_CRASHES").unwrap_or(CRASHES), 1, u64::MAX - 1),
    };
    let (counts, seeds, failure) = runs(None, crashes, first, seeds);
    println!("{seeds} seeds: {counts:?}");
    if let Some(failure) = failure {
        panic!("{}", tell(failure, None));
    }
}

#[test]
fn seeds_that_once_failed_do_not_fail_again() {
    let objects = Arc::new(Objects::memory().unwrap());
    for seed in KEPT {
        if let Err(failure) = Run::run(*seed, trouble(*seed), None, &objects, u32::MAX) {
            panic!("{}", tell(failure, None));
        }
    }
}

#[test]
fn every_planted_fault_is_found() {
    for plant in PLANTS {
        let (counts, seeds, failure) = runs(Some(plant), u64::MAX, 1, MOST_SEEDS);
        let failure = failure.unwrap_or_else(|| panic!("{plant:?} was not found in {seeds} runs: {counts:?}"));
        println!("{plant:?}: found by seed {} after {} power cuts: {}", failure.seed, counts.crashes, failure.what);
    }
}

#[test]
fn every_call_that_fails_ends_in_an_error_or_in_what_is_right() {
    let (next, failures) = (AtomicU64::new(1), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let objects = Arc::new(Objects::memory().unwrap());
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > FAILING_SEEDS {
                        return;
                    }
                    failures.fetch_add(fail_each_call(seed, &objects), Ordering::Relaxed);
                }
            });
        }
    });
    let failures = failures.into_inner();
    println!("{failures} calls failed, each in a run of its own");
    assert!(failures > 500, "{failures}");
}

/// Runs a seed once for each call that it makes to its first disk, with that call failing. How many there are.
fn fail_each_call(seed: u64, objects: &Arc<Objects>) -> u64 {
    let run = |trouble| Run::run(seed, trouble, None, objects, u32::MAX);
    let errno = if seed.is_multiple_of(3) { ENOSPC } else { EIO };
    let calls = run(Trouble::Nothing).unwrap_or_else(|failure| panic!("{failure:?}")).calls;
    for call in 0..calls {
        if let Err(Failure { what, log, .. }) = run(Trouble::OneFailure { call, errno }) {
            panic!("seed {seed}, call {call} of {calls}: {what}\n{}", log.join("\n"));
        }
    }
    calls
}
