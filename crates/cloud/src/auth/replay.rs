//! Each request counts once: the timestamp window and the memory of nonces.
//!
//! A write without a nonce is told by its signature instead. A nonce needs to be remembered only while its timestamp is acceptable. When
//! the memory is full, the account that takes most of it has its oldest second forgotten and, so that nothing in it can be replayed, its
//! timestamps up to it are no longer accepted: load narrows the window of who makes it, it never opens anybody's.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use coffer_base::{AccountId, ApiError, Clock, ErrorCode, Timestamp, limits};
use coffer_store::audit::Nonce;

/// What tells a signed request from every other: the first 16 bytes of a SHA-256 over access key and nonce, or signature.
pub type Fingerprint = [u8; 16];

/// The memory of nonces.
pub struct Replays {
    capacity: usize,
    seen: Mutex<Seen>,
    /// What tells the time instead of the service's clock, which test mode moves while clients sign by their own.
    clock: Option<Clock>,
}

#[derive(Clone, Default)]
struct Seen {
    nonces: HashSet<Fingerprint>,
    /// The same nonces, by account.
    accounts: HashMap<AccountId, Held>,
}

/// What is remembered of an account.
#[derive(Clone, Default)]
struct Held {
    count: usize,
    /// By second of their timestamp: when they may be forgotten.
    seconds: BTreeMap<i64, Vec<Fingerprint>>,
    /// Timestamps of this second and earlier are refused, since nonces of theirs were forgotten.
    forgotten: Option<i64>,
}

impl Replays {
    /// Remembers at most `capacity` nonces.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, seen: Mutex::default(), clock: None }
    }

    /// The same by another clock than the service's.
    #[must_use]
    pub fn by(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// A copy that goes its own way.
    #[must_use]
    pub fn fork(&self) -> Self {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { capacity: self.capacity, seen: Mutex::new(seen), clock: self.clock.clone() }
    }

    /// Knows a nonce that was accepted before this memory began.
    pub fn remember(&self, account: &AccountId, now: Timestamp, nonce: Nonce) {
        let second = nonce.expires_at.plus_ms(-limits::TIMESTAMP_WINDOW_MS).unix_ms().div_euclid(1000);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if nonce.expires_at >= now && !seen.has_forgotten(account, second) {
            seen.insert(account, second, nonce.fingerprint, self.capacity);
        }
    }

    /// Accepts a request that was signed at `signed_at`, once. To be called after its signature was found good, so that a forger
    /// can't use up somebody else's nonce. Without a nonce (`fingerprint` is `None`) only the window is checked.
    pub fn accept(
        &self,
        account: &AccountId,
        now: Timestamp,
        signed_at: Timestamp,
        fingerprint: Option<Fingerprint>,
    ) -> Result<(), ApiError> {
        let now = self.clock.as_ref().map_or(now, Clock::now);
        let distance = now.unix_ms().saturating_sub(signed_at.unix_ms()).saturating_abs();
        if distance > limits::TIMESTAMP_WINDOW_MS {
            return Err(ErrorCode::TimestampExpired.into());
        }
        let Some(fingerprint) = fingerprint else { return Ok(()) };
        let second = signed_at.unix_ms().div_euclid(1000);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = (now.unix_ms() - limits::TIMESTAMP_WINDOW_MS).div_euclid(1000);
        if seen.nonces.len() < self.capacity {
            seen.forget_before(account, oldest);
        } else {
            seen.forget_all_before(oldest);
        }
        if seen.has_forgotten(account, second) {
            return Err(ErrorCode::TimestampExpired.into());
        }
        let is_new = seen.insert(account, second, fingerprint, self.capacity);
        if is_new { Ok(()) } else { Err(ErrorCode::NonceUsed.into()) }
    }
}

impl Seen {
    fn has_forgotten(&self, account: &AccountId, second: i64) -> bool {
        self.accounts.get(account).is_some_and(|held| held.forgotten.is_some_and(|forgotten| second <= forgotten))
    }

    /// Adds a nonce, and forgets the oldest ones of whoever has most for it if need be; `false` when it is there.
    fn insert(&mut self, account: &AccountId, second: i64, fingerprint: Fingerprint, capacity: usize) -> bool {
        if !self.nonces.insert(fingerprint) {
            return false;
        }
        let held = self.accounts.entry(account.clone()).or_default();
        held.seconds.entry(second).or_default().push(fingerprint);
        held.count += 1;
        while self.nonces.len() > capacity {
            let most = self.accounts.values_mut().max_by_key(|held| held.count).expect("every nonce is somebody's");
            most.forgotten = most.forget_oldest(&mut self.nonces);
        }
        true
    }

    /// Drops an account's seconds that lie outside the window for good.
    fn forget_before(&mut self, account: &AccountId, second: i64) {
        if let Some(held) = self.accounts.get_mut(account) {
            held.forget_before(second, &mut self.nonces);
        }
    }

    /// The same of everybody's.
    fn forget_all_before(&mut self, second: i64) {
        self.accounts.values_mut().for_each(|held| held.forget_before(second, &mut self.nonces));
    }
}

impl Held {
    fn forget_before(&mut self, second: i64, nonces: &mut HashSet<Fingerprint>) {
        while self.seconds.first_key_value().is_some_and(|(oldest, _)| *oldest < second) {
            self.forget_oldest(nonces);
        }
    }

    /// Drops the oldest second; which it was.
    fn forget_oldest(&mut self, nonces: &mut HashSet<Fingerprint>) -> Option<i64> {
        let (second, forgotten) = self.seconds.pop_first()?;
        self.count -= forgotten.len();
        for nonce in forgotten {
            nonces.remove(&nonce);
        }
        Some(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_700_000_000_000 + ms)
    }

    fn account(digit: &str) -> AccountId {
        AccountId::parse(&digit.repeat(16)).unwrap()
    }

    fn code(outcome: Result<(), ApiError>) -> Option<ErrorCode> {
        outcome.err().map(|error| error.code())
    }

    #[test]
    fn a_request_is_accepted_once_while_its_timestamp_is_in_the_window() {
        let replays = Replays::new(100);
        assert_eq!(code(replays.accept(&account("1"), at(0), at(0), Some([1; 16]))), None);
        assert_eq!(
            code(replays.accept(&account("1"), at(14 * MINUTE_MS), at(0), Some([1; 16]))),
            Some(ErrorCode::NonceUsed)
        );
        assert_eq!(code(replays.accept(&account("1"), at(2000), at(2000), Some([1; 16]))), Some(ErrorCode::NonceUsed));
        assert_eq!(code(replays.accept(&account("1"), at(0), at(0), Some([2; 16]))), None);
    }

    #[test]
    fn the_window_is_fifteen_minutes_either_way() {
        let replays = Replays::new(100);
        for (ms, expected) in [
            (-15 * MINUTE_MS, None),
            (-15 * MINUTE_MS - 1, Some(ErrorCode::TimestampExpired)),
            (15 * MINUTE_MS, None),
            (15 * MINUTE_MS + 1, Some(ErrorCode::TimestampExpired)),
        ] {
            assert_eq!(code(replays.accept(&account("1"), at(0), at(ms), None)), expected, "{ms}");
        }
    }

    #[test]
    fn a_full_memory_narrows_the_window_and_never_lets_a_replay_through() {
        let replays = Replays::new(3);
        for n in 0..6u8 {
            assert_eq!(code(replays.accept(&account("1"), at(6000), at(i64::from(n) * 1000), Some([n; 16]))), None);
        }
        for n in 0..6u8 {
            assert!(replays.accept(&account("1"), at(6000), at(i64::from(n) * 1000), Some([n; 16])).is_err(), "{n}");
        }
        assert_eq!(code(replays.accept(&account("1"), at(6000), at(6000), Some([9; 16]))), None);
    }

    #[test]
    fn who_fills_the_memory_narrows_the_window_for_its_own_account_alone() {
        let (replays, now) = (Replays::new(20), at(0));
        let (me, other) = (account("1"), account("2"));
        assert_eq!(code(replays.accept(&me, now, now, Some([200; 16]))), None);
        // All as far ahead as they may be, so that nothing of it is the oldest.
        let ahead = at(15 * MINUTE_MS);
        let refused = (0..100u8).filter(|n| replays.accept(&other, now, ahead, Some([*n; 16])).is_err()).count();
        assert!(refused > 0 && replays.seen.lock().unwrap().nonces.len() <= 20, "{refused}");
        assert_eq!(code(replays.accept(&other, now, now, Some([100; 16]))), Some(ErrorCode::TimestampExpired));
        assert_eq!(code(replays.accept(&me, now, now, Some([200; 16]))), Some(ErrorCode::NonceUsed));
        assert_eq!(code(replays.accept(&me, now, at(-14 * MINUTE_MS), Some([201; 16]))), None);
    }

    #[test]
    fn a_fork_knows_what_was_before_it_and_nothing_of_what_comes_after() {
        let replays = Replays::new(100);
        replays.accept(&account("1"), at(0), at(0), Some([1; 16])).unwrap();
        let fork = replays.fork();
        replays.accept(&account("1"), at(0), at(0), Some([2; 16])).unwrap();
        assert_eq!(code(fork.accept(&account("1"), at(0), at(0), Some([1; 16]))), Some(ErrorCode::NonceUsed));
        assert_eq!(code(fork.accept(&account("1"), at(0), at(0), Some([2; 16]))), None);
    }

    #[test]
    fn with_a_clock_of_its_own_the_service_s_does_not_matter() {
        let machine = Clock::manual(at(0));
        let replays = Replays::new(100).by(machine.clone());
        let in_a_month = at(30 * 24 * 60 * MINUTE_MS);
        assert_eq!(code(replays.accept(&account("1"), in_a_month, at(0), Some([1; 16]))), None);
        assert_eq!(
            code(replays.fork().accept(&account("1"), in_a_month, at(0), Some([1; 16]))),
            Some(ErrorCode::NonceUsed)
        );
        machine.advance_ms(16 * MINUTE_MS);
        assert_eq!(code(replays.accept(&account("1"), at(0), at(0), None)), Some(ErrorCode::TimestampExpired));
    }

    #[test]
    fn what_was_accepted_before_is_remembered_while_it_is_good_and_as_far_as_there_is_room() {
        let replays = Replays::new(3);
        let signed = |second: i64| at(second * 1000);
        let nonce = |second| Nonce {
            fingerprint: [u8::try_from(second).unwrap(); 16],
            expires_at: signed(second).plus_ms(limits::TIMESTAMP_WINDOW_MS),
        };
        // As the audit gives them: not in the order in which they were signed.
        for second in [4, 5, 1, 3, 2] {
            replays.remember(&account("1"), at(0), nonce(second));
        }
        for second in 1..=5 {
            let print = Some([u8::try_from(second).unwrap(); 16]);
            let expected = if second > 2 { ErrorCode::NonceUsed } else { ErrorCode::TimestampExpired };
            assert_eq!(
                code(replays.accept(&account("1"), at(5000), signed(second), print)),
                Some(expected),
                "{second}"
            );
        }
        assert_eq!(code(replays.accept(&account("1"), at(5000), signed(6), Some([6; 16]))), None);
        let old = Replays::new(3);
        old.remember(&account("1"), at(16 * MINUTE_MS), nonce(1));
        assert!(old.seen.lock().unwrap().nonces.is_empty());
    }

    #[test]
    fn what_left_the_window_is_forgotten() {
        let replays = Replays::new(100);
        for n in 0..50u8 {
            replays.accept(&account("1"), at(0), at(0), Some([n; 16])).unwrap();
        }
        replays.accept(&account("1"), at(40 * MINUTE_MS), at(40 * MINUTE_MS), Some([0; 16])).unwrap();
        assert_eq!(replays.seen.lock().unwrap().nonces.len(), 1);
    }
}
