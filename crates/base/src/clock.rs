//! Time as a parameter. Nothing below the binary's wiring asks the machine what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

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

    /// The current moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System(read) => read(),
            Source::Manual(unix_ms) => Timestamp(unix_ms.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock on by `ms` milliseconds. Panics on a system clock, which nobody may set.
    pub fn advance_ms(&self, ms: i64) {
        match &self.0 {
            Source::System(_) => panic!("only a manual clock can be moved"),
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
    fn clones_of_a_manual_clock_move_together() {
        let clock = Clock::manual(Timestamp::from_unix_ms(0));
        let other = clock.clone();
        clock.advance_ms(5);
        assert_eq!(other.now().unix_ms(), 5);
    }
}
