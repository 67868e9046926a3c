//! Time as a parameter. Nothing below the binary's wiring asks the machine what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms)
    }

    /// Milliseconds since the epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// This moment moved by a number of milliseconds (saturating).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// `YYYY-MM-DDThh:mm:ssZ`, the form all four products use in replies; fractions are cut off.
    pub fn to_iso8601(self) -> String {
        let seconds = self.0.div_euclid(1000);
        let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `YYYY-MM-DDThh:mmZ`, the form of `ExpiredTime` in ECS replies.
    pub fn to_iso8601_minutes(self) -> String {
        let mut text = self.to_iso8601();
        text.truncate("YYYY-MM-DDThh:mm".len());
        text.push('Z');
        text
    }

    /// Parses exactly `YYYY-MM-DDThh:mm:ssZ`, as signatures require it. Anything else is `None`.
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        let shape = b"0000-00-00T00:00:00Z";
        let fits = text.len() == shape.len()
            && text.bytes().zip(shape).all(|(c, s)| if *s == b'0' { c.is_ascii_digit() } else { c == *s });
        if !fits {
            return None;
        }
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Self(moment.as_millisecond()))
    }

    /// Parses exactly `YYYY-MM-DDThh:mmZ`, as ECS writes the bounds of listings. Anything else is `None`.
    pub fn parse_iso8601_minutes(text: &str) -> Option<Self> {
        Self::parse_iso8601(&format!("{}:00Z", text.strip_suffix('Z')?))
    }

    /// Parses any RFC 3339 moment (`Z` or a numeric offset), as policy conditions allow it.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Self(moment.as_millisecond()))
    }
}

/// Where "now" comes from.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System(fn() -> Timestamp),
    Manual(Arc<AtomicI64>),
    Steered(fn() -> Timestamp, Arc<Mutex<Course>>),
}

/// How a steered clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// As fast as the machine's clock, so many milliseconds ahead of it.
    Running {
        /// How far; less than nothing is behind.
        ahead_ms: i64,
    },
    /// Not at all.
    Frozen {
        /// What it shows.
        at: Timestamp,
    },
}

impl Clock {
    /// The machine's clock, read by `read`; only the wiring of a binary supplies it.
    pub const fn system(read: fn() -> Timestamp) -> Self {
        Self(Source::System(read))
    }

    /// A clock that stands still until it is moved; clones move together.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.unix_ms()))))
    }

    /// A clock that runs with the machine's, which `read` reads, until it is steered; clones are steered together. For test mode.
    pub fn steered(read: fn() -> Timestamp) -> Self {
        Self(Source::Steered(read, Arc::new(Mutex::new(Course::Running { ahead_ms: 0 }))))
    }

    /// The current moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System(read) => read(),
            Source::Manual(unix_ms) => Timestamp(unix_ms.load(Ordering::SeqCst)),
            Source::Steered(read, course) => match *course.lock().unwrap_or_else(PoisonError::into_inner) {
                Course::Running { ahead_ms } => read().plus_ms(ahead_ms),
                Course::Frozen { at } => at,
            },
        }
    }

    /// When to look again at what should have changed by itself after `ms`: at once while the clock stands still, since that moment
    /// would never come.
    pub fn later(&self, ms: i64) -> Timestamp {
        let stands_still = matches!(self.course(), Some(Course::Frozen { .. }));
        self.now().plus_ms(if stands_still { 0 } else { ms })
    }

    /// How a steered clock runs; `None` for any other.
    pub fn course(&self) -> Option<Course> {
        let Source::Steered(_, course) = &self.0 else { return None };
        Some(*course.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has a steered clock run so from here on. Panics on any other, which nobody may steer.
    pub fn steer(&self, to: Course) {
        let Source::Steered(_, course) = &self.0 else { panic!("only a steered clock can be steered") };
        *course.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// Stops a steered clock where it is.
    pub fn freeze(&self) {
        self.steer(Course::Frozen { at: self.now() });
    }

    /// Lets a steered clock run on from where it is.
    pub fn unfreeze(&self) {
        let Source::Steered(read, _) = &self.0 else { panic!("only a steered clock can be steered") };
        self.steer(Course::Running { ahead_ms: self.now().unix_ms() - read().unix_ms() });
    }

    /// Has a steered clock show `at`, and then run or stand still as before.
    pub fn set(&self, at: Timestamp) {
        let runs = matches!(self.course(), Some(Course::Running { .. }));
        self.steer(Course::Frozen { at });
        if runs {
            self.unfreeze();
        }
    }

    /// Moves a manual clock on by `ms` milliseconds. Panics on a system clock, which nobody may set.
    pub fn advance_ms(&self, ms: i64) {
        match &self.0 {
            Source::System(_) | Source::Steered(..) => panic!("only a manual clock can be moved"),
            Source::Manual(unix_ms) => {
                unix_ms.fetch_add(ms, Ordering::SeqCst);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_being_written_and_parsed() {
        let text = "2026-01-02T03:04:05Z";
        assert_eq!(Timestamp::parse_iso8601(text).unwrap().to_iso8601(), text);
        assert_eq!(Timestamp::parse_iso8601(text).unwrap().to_iso8601_minutes(), "2026-01-02T03:04Z");
    }

    #[test]
    fn only_the_exact_form_is_a_request_timestamp() {
        for text in [
            "2026-01-02T03:04:05.000Z",
            "2026-01-02 03:04:05Z",
            "2026-13-02T03:04:05Z",
            "",
            "2026-01-02T03:04:05+08:00",
        ] {
            assert_eq!(Timestamp::parse_iso8601(text), None, "{text}");
        }
    }

    #[test]
    fn minutes_are_parsed_without_seconds_and_in_utc_only() {
        let moment = Timestamp::parse_iso8601_minutes("2026-01-02T03:04Z").unwrap();
        assert_eq!(moment.to_iso8601(), "2026-01-02T03:04:00Z");
        for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04", "2026-01-02T25:04Z", "Z", ""] {
            assert_eq!(Timestamp::parse_iso8601_minutes(text), None, "{text}");
        }
    }

    #[test]
    fn a_steered_clock_runs_stands_still_and_goes_where_it_is_set() {
        let clock = Clock::steered(|| Timestamp::from_unix_ms(1000));
        let other = clock.clone();
        assert_eq!((clock.now().unix_ms(), clock.later(5).unix_ms()), (1000, 1005));
        other.set(Timestamp::from_unix_ms(9000));
        assert_eq!((clock.now().unix_ms(), clock.course()), (9000, Some(Course::Running { ahead_ms: 8000 })));
        other.freeze();
        other.set(Timestamp::from_unix_ms(7000));
        assert_eq!((clock.now().unix_ms(), clock.later(5).unix_ms()), (7000, 7000));
        other.unfreeze();
        assert_eq!(clock.course(), Some(Course::Running { ahead_ms: 6000 }));
    }

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = Clock::manual(Timestamp::from_unix_ms(0));
        let other = clock.clone();
        clock.advance_ms(5);
        assert_eq!(other.now().unix_ms(), 5);
    }
}
