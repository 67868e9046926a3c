//! How often each source failed to prove who it is: whoever guesses secrets, tokens or passwords is made to wait, where the setting
//! says how often is too often; and always whoever sends what nobody signed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use coffer_base::{ApiError, ErrorCode, Timestamp, limits};

/// How long failures count, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Most sources kept; beyond it the memory starts afresh.
const CAPACITY: usize = 100_000;

/// What tells that somebody may be guessing.
const GUESSES: [ErrorCode; 11] = [
    ErrorCode::AccessKeyNotFound,
    ErrorCode::SignatureMismatchV1,
    ErrorCode::SignatureMismatchV3,
    ErrorCode::TokenMalformed,
    ErrorCode::TokenMismatch,
    ErrorCode::StsOidcInvalid,
    ErrorCode::StsSamlInvalid,
    ErrorCode::StsSamlProviderNotExist,
    ErrorCode::StsFederatedNoPermission,
    ErrorCode::RamCodeWrong,
    ErrorCode::RamOldPasswordWrong,
];

/// The memory of failures.
#[derive(Default)]
pub struct Failures {
    guesses: Counts,
    /// Failures of whatever kind of requests that nobody signed: each leaves a row of the audit.
    unsigned: Counts,
}

/// Of each source since when, and how many.
#[derive(Default)]
struct Counts(Mutex<HashMap<IpAddr, (Timestamp, u32)>>);

impl Failures {
    /// A copy that goes its own way.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { guesses: self.guesses.fork(), unsigned: self.unsigned.fork() }
    }

    /// Refuses a source that guessed `most` times within the last minute, where that is set; and what it does not sign also after
    /// [`limits::UNSIGNED_FAILURES`] such requests that failed.
    pub fn check(&self, source: IpAddr, most: Option<u32>, is_signed: bool, now: Timestamp) -> Result<(), ApiError> {
        most.map_or(Ok(()), |most| self.guesses.check(source, most, now))?;
        if is_signed { Ok(()) } else { self.unsigned.check(source, limits::UNSIGNED_FAILURES, now) }
    }

    /// Notes how a request of a source failed.
    pub fn note(&self, source: IpAddr, error: &ApiError, is_signed: bool, now: Timestamp) {
        if GUESSES.contains(&error.code()) {
            self.guesses.add(source, now);
        }
        // What is our fault is not counted against anybody.
        if !is_signed && error.source().is_none() {
            self.unsigned.add(source, now);
        }
    }
}

impl Counts {
    fn fork(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    fn check(&self, source: IpAddr, most: u32, now: Timestamp) -> Result<(), ApiError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&source) {
            Some((since, count)) if *count >= most && !is_over(*since, now) => {
                let wait_ms = WINDOW_MS - (now.unix_ms() - since.unix_ms());
                Err(ApiError::new(ErrorCode::Throttling).retry_after_ms(wait_ms))
            }
            _ => Ok(()),
        }
    }

    fn add(&self, source: IpAddr, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY && !known.contains_key(&source) {
            known.clear();
        }
        let (since, count) = known.entry(source).or_insert((now, 0));
        if is_over(*since, now) {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
    }
}

const fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.unix_ms() - since.unix_ms() >= WINDOW_MS
}
