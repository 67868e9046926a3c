//! Whether small requests are quick enough to be executed by the thread that reads them.
//!
//! On memory, or in the page cache, handing a request to another thread takes longer than executing it. On a disk that has to move,
//! executing them one after the other would leave it idle. So the reader measures what it executes, and when that becomes slow it
//! executes only a few any more, to notice when it becomes quick again.

/// What is quick, on average.
const QUICK_NS: u64 = 60_000;
/// No single measure counts for more: the thread may have been interrupted.
const MOST_NS: u64 = 4 * QUICK_NS;
/// While it is slow, one request out of so many is tried.
const TRIES: u32 = 32;

/// How quick requests of one kind were lately.
#[derive(Default)]
pub(super) struct Pace {
    average_ns: u64,
    skipped: u32,
}

impl Pace {
    /// Whether requests have become slow.
    pub(super) const fn is_slow(&self) -> bool {
        self.average_ns >= QUICK_NS
    }

    /// Whether the next request is to be executed at once.
    pub(super) fn is_quick(&mut self) -> bool {
        if !self.is_slow() {
            return true;
        }
        self.skipped += 1;
        if self.skipped < TRIES {
            return false;
        }
        self.skipped = 0;
        true
    }

    /// Takes into account how long one took.
    pub(super) fn took(&mut self, took_ns: u64) {
        let was_slow = self.average_ns >= QUICK_NS;
        self.average_ns =
            if was_slow && took_ns < QUICK_NS / 2 { took_ns } else { (self.average_ns * 7 + took_ns.min(MOST_NS)) / 8 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_slow_request_changes_nothing_and_several_do() {
        let mut pace = Pace::default();
        pace.took(10_000_000);
        assert!(pace.is_quick());
        (0..8).for_each(|_| pace.took(200_000));
        assert!(!pace.is_quick());
    }

    #[test]
    fn while_requests_are_slow_a_few_are_tried_and_a_quick_one_ends_it() {
        let mut pace = Pace::default();
        (0..100).for_each(|_| pace.took(1_000_000));
        assert_eq!((0..TRIES * 3).filter(|_| pace.is_quick()).count(), 3);
        pace.took(5_000);
        assert!(pace.is_quick() && pace.is_quick());
    }
}
