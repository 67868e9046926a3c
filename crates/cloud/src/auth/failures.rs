//! How often each source failed to prove who it is: whoever guesses secrets, tokens or passwords is made to wait. Off unless the setting
//! says how often is too often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use coffer_base::{ApiError, ErrorCode, Timestamp};

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

/// The memory of failures: since when, and how many.
#[derive(Default)]
pub struct Failures(Mutex<HashMap<IpAddr, (Timestamp, u32)>>);

impl Failures {
    /// A copy that goes its own way.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// Refuses a source that failed `most` times within the last minute.
    pub fn check(&self, source: IpAddr, most: u32, now: Timestamp) -> Result<(), ApiError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&source) {
            Some((since, count)) if *count >= most && !is_over(*since, now) => {
                let wait_ms = WINDOW_MS - (now.unix_ms() - since.unix_ms());
                Err(ApiError::new(ErrorCode::Throttling).retry_after_ms(wait_ms))
            }
            _ => Ok(()),
        }
    }

    /// Notes how a request of a source failed.
    pub fn note(&self, source: IpAddr, error: &ApiError, now: Timestamp) {
        if !GUESSES.contains(&error.code()) {
            return;
        }
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
