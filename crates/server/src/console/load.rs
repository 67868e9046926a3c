//! How much the server did in the last hour, in slots of ten seconds: a ring in memory that is as large after a year as after an hour.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use coffer_base::Timestamp;
use hyper::StatusCode;

use super::ask::Refusal;
use super::plot::{Plot, Series};
use super::reply::{self, Reply};
use super::view::{Frame, View};
use crate::serve::now;

/// How long a slot is, and how many are kept.
const SLOT_MS: i64 = 10_000;
const SLOTS: usize = 360;
/// How often the volumes are looked at: once a slot.
pub(super) const EVERY: Duration = Duration::from_millis(SLOT_MS.unsigned_abs());
/// Buckets of durations: bucket `n` counts what took less than 2^n microseconds and not less than half of that.
const BUCKETS: usize = 24;

/// What was done in a slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Which one since 1970.
    nth: i64,
    requests: u32,
    refusals: u32,
    buckets: [u32; BUCKETS],
    read_bytes: u64,
    written_bytes: u64,
}

#[derive(Default)]
struct Ring {
    slots: VecDeque<Slot>,
    /// What the volumes had read and written when they were last looked at.
    bytes: Option<(u64, u64)>,
}

impl Ring {
    /// The slot of a moment.
    fn at(&mut self, now: Timestamp) -> &mut Slot {
        let nth = now.unix_ms() / SLOT_MS;
        // A clock that was set back does not open the past again.
        if self.slots.back().is_none_or(|last| last.nth < nth) {
            if self.slots.len() == SLOTS {
                self.slots.pop_front();
            }
            let empty = Slot { nth, requests: 0, refusals: 0, buckets: [0; BUCKETS], read_bytes: 0, written_bytes: 0 };
            self.slots.push_back(empty);
        }
        self.slots.back_mut().expect("a slot was just added, or was there")
    }
}

/// The figures.
#[derive(Default)]
pub(crate) struct Load(Mutex<Ring>);

impl Load {
    /// Notes that a request was answered.
    pub(crate) fn request(&self, now: Timestamp, took: Duration, is_refusal: bool) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = ring.at(now);
        let bucket = (u128::BITS - took.as_micros().leading_zeros()) as usize;
        slot.buckets[bucket.min(BUCKETS - 1)] += 1;
        slot.requests += 1;
        slot.refusals += u32::from(is_refusal);
    }

    /// Notes what the volumes have read and written until now, in bytes. Less than before: one was closed, and begins anew.
    pub(super) fn volumes(&self, now: Timestamp, (read, written): (u64, u64)) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = ring.bytes.replace((read, written)).unwrap_or((read, written));
        let slot = ring.at(now);
        slot.read_bytes += read.saturating_sub(before.0);
        slot.written_bytes += written.saturating_sub(before.1);
    }

    /// The last hour, slot by slot; `None` where nothing was noted.
    fn hour(&self, now: Timestamp) -> Vec<Option<Slot>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = now.unix_ms() / SLOT_MS;
        let mut hour = vec![None; SLOTS];
        for slot in &ring.slots {
            let back = usize::try_from(last - slot.nth).ok().filter(|back| *back < SLOTS);
            if let Some(back) = back {
                hour[SLOTS - 1 - back] = Some(*slot);
            }
        }
        hour
    }
}

/// Below how many microseconds so many of a thousand requests were answered.
fn quantile_us(slot: &Slot, of_thousand: u64) -> Option<f64> {
    let all = u64::from(slot.requests);
    let mut seen = 0;
    let bucket = slot.buckets.iter().position(|count| {
        seen += u64::from(*count);
        all > 0 && seen * 1000 >= all * of_thousand
    })?;
    Some(f64::from(1u32 << bucket))
}

#[derive(Template)]
#[template(path = "load.html")]
struct Page {
    frame: Frame,
    plots: Vec<Plot>,
}

/// The page: figures of the whole server, and so for the main account alone.
pub(super) fn page(view: &View<'_>) -> Reply {
    if !view.is_operator() {
        let message = "The figures of the whole server are for its main account itself.";
        return view.refused(Refusal::own(StatusCode::FORBIDDEN, "OperatorOnly", message));
    }
    let plots = plots(&view.console.load.hour(now()));
    reply::page(StatusCode::OK, &Page { frame: view.frame("Load", "load"), plots })
}

fn plots(hour: &[Option<Slot>]) -> Vec<Plot> {
    let seconds = f64::from(i32::try_from(SLOT_MS / 1000).unwrap_or(1));
    let rate = |label, read: fn(&Slot) -> f64| Series {
        label,
        values: hour.iter().map(|slot| Some(slot.as_ref().map_or(0.0, read) / seconds)).collect(),
    };
    let quantile = |label, of_thousand| Series {
        label,
        values: hour.iter().map(|slot| slot.as_ref().and_then(|slot| quantile_us(slot, of_thousand))).collect(),
    };
    #[expect(clippy::cast_precision_loss, reason = "a plot")]
    let bytes = [rate("read", |slot| slot.read_bytes as f64), rate("written", |slot| slot.written_bytes as f64)];
    vec![
        Plot::new(
            "API requests",
            "/s",
            "1 h ago",
            vec![rate("answered", |slot| f64::from(slot.requests)), rate("refused", |slot| f64::from(slot.refusals))],
        ),
        Plot::new(
            "Latency of API requests, at most",
            "µs",
            "1 h ago",
            vec![quantile("half of them", 500), quantile("99 of 100", 990)],
        ),
        Plot::new("Disks over NBD", "B/s", "1 h ago", bytes.into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(slot: i64) -> Timestamp {
        Timestamp::from_unix_ms(slot * SLOT_MS)
    }

    #[test]
    fn requests_fall_into_the_slot_of_their_moment_and_old_slots_are_forgotten() {
        let load = Load::default();
        for slot in 0..1000 {
            load.request(at(slot), Duration::from_micros(1500), slot % 2 == 0);
        }
        let hour = load.hour(at(1001));
        assert_eq!((hour.len(), load.0.lock().unwrap().slots.len()), (SLOTS, SLOTS));
        assert!(hour[SLOTS - 1].is_none() && hour[SLOTS - 2].is_none());
        let last = hour[SLOTS - 3].unwrap();
        assert_eq!((last.nth, last.requests, last.refusals), (999, 1, 0));
        assert!(hour.iter().flatten().count() == SLOTS - 2);
        load.request(at(5), Duration::ZERO, false);
        assert_eq!(load.hour(at(1001))[SLOTS - 3].unwrap().requests, 2, "the clock was set back");
    }

    #[test]
    fn a_quantile_is_a_bound_that_so_many_requests_were_below() {
        let load = Load::default();
        for took_us in [1, 3, 3, 100] {
            load.request(at(1), Duration::from_micros(took_us), false);
        }
        let slot = load.hour(at(1))[SLOTS - 1].unwrap();
        assert_eq!([250, 500, 750, 990].map(|n| quantile_us(&slot, n)), [Some(2.0), Some(4.0), Some(4.0), Some(128.0)]);
        load.volumes(at(2), (0, 0));
        assert_eq!(quantile_us(&load.hour(at(2))[SLOTS - 1].unwrap(), 500), None);
    }

    #[test]
    fn the_volumes_figures_are_what_was_added_since_the_last_look() {
        let load = Load::default();
        for (slot, bytes) in [(1, (1000, 50)), (2, (1500, 50)), (3, (200, 60))] {
            load.volumes(at(slot), bytes);
        }
        let hour = load.hour(at(3));
        let added = |back: usize| hour[SLOTS - 1 - back].map(|slot| (slot.read_bytes, slot.written_bytes)).unwrap();
        assert_eq!([added(2), added(1), added(0)], [(0, 0), (500, 0), (0, 10)]);
    }
}
