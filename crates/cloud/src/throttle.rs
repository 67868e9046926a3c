//! How often each account may call: a token bucket for each account and class of operations, where a setting says how often.
//!
//! A bucket holds what its period allows, and fills up evenly. It is kept as the moment at which it will be full again.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use coffer_base::{AccountId, ApiError, ErrorCode, Timestamp};

use crate::kms::throttling;
use crate::operation::Entry;
use crate::product::Product;
use crate::settings::Throttling;

/// Most buckets kept; beyond it those that are full are forgotten, and all of them if none is.
const CAPACITY: usize = 100_000;
const SECOND_NS: i64 = 1_000_000_000;
const MILLISECOND_NS: i64 = 1_000_000;

/// An account, and what its calls are counted as.
type Bucket = (AccountId, &'static str);

/// The buckets that are not full, each with the moment at which it will be, in nanoseconds since 1970.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Bucket, i64>>);

impl Throttle {
    /// Takes what one call costs, or refuses it: by the rate of the product, and by that of its class of KMS operations.
    pub fn take(&self, rates: &Throttling, entry: &Entry, account: &AccountId, now: Timestamp) -> Result<(), ApiError> {
        let bucket = |class| (account.clone(), class);
        if let Some(requests) = rates.requests_per_s
            && let Err(wait_ms) = self.spend(bucket(entry.product.name()), requests, 1, now)
        {
            return Err(ApiError::new(ErrorCode::Throttling).retry_after_ms(wait_ms));
        }
        if entry.product == Product::Kms
            && let Some(class) = throttling::class_of(entry.operation.name)
            && let Some(requests) = rates.kms.get(class.name)
            && let Err(wait_ms) = self.spend(bucket(class.name), *requests, class.period_s, now)
        {
            return Err(ApiError::new(ErrorCode::KmsThrottling).retry_after_ms(wait_ms));
        }
        Ok(())
    }

    /// Takes what one call costs; else says in how many milliseconds there will be as much.
    fn spend(&self, bucket: Bucket, requests: NonZeroU32, period_s: i64, now: Timestamp) -> Result<(), i64> {
        let (period, now) = (period_s * SECOND_NS, now.unix_ms() * (SECOND_NS / 1000));
        let cost = period / i64::from(requests.get());
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY && !buckets.contains_key(&bucket) {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= CAPACITY {
                buckets.clear();
            }
        }
        let full_at = buckets.entry(bucket).or_insert(now);
        let after = (*full_at).max(now) + cost;
        let missing_ns = after - now - period;
        if missing_ns > 0 {
            return Err((missing_ns + MILLISECOND_NS - 1) / MILLISECOND_NS);
        }
        *full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spends(throttle: &Throttle, account: &str, requests: u32, period_s: i64, at_ms: i64) -> bool {
        let account = AccountId::parse(account).unwrap();
        let requests = NonZeroU32::new(requests).unwrap();
        throttle.spend((account, "class"), requests, period_s, Timestamp::from_unix_ms(at_ms)).is_ok()
    }

    #[test]
    fn who_waits_as_long_as_is_said_is_served_and_not_a_millisecond_earlier() {
        let account = AccountId::parse("1234567890123456").unwrap();
        for (requests, period_s) in [(1, 1), (3, 1), (7, 1), (1000, 1), (50, 3600)] {
            let throttle = Throttle::default();
            let at = |ms| {
                let requests = NonZeroU32::new(requests).unwrap();
                throttle.spend((account.clone(), "class"), requests, period_s, Timestamp::from_unix_ms(ms))
            };
            (0..requests).for_each(|_| at(0).unwrap());
            let wait_ms = at(0).unwrap_err();
            assert!(wait_ms >= 1 && at(wait_ms - 1).is_err(), "{requests} in {period_s} s: {wait_ms}");
            assert_eq!(at(wait_ms), Ok(()), "{requests} in {period_s} s: {wait_ms}");
        }
    }

    #[test]
    fn a_bucket_gives_what_its_period_allows_at_once_and_fills_up_evenly() {
        let throttle = Throttle::default();
        let at = |ms| spends(&throttle, "1234567890123456", 4, 1, ms);
        assert_eq!([0; 6].map(at), [true, true, true, true, false, false]);
        assert_eq!([249, 250, 251, 750].map(at), [false, true, false, true]);
        assert_eq!([750, 751].map(at), [true, false]);
        assert_eq!([9000; 5].map(at), [true, true, true, true, false], "no more than a whole bucket is saved up");
        assert_eq!([8000, 9250].map(at), [false, true], "a clock that goes back gives nothing");
    }

    #[test]
    fn a_period_may_be_an_hour_and_each_account_has_its_own_bucket() {
        let throttle = Throttle::default();
        let at = |account, ms| spends(&throttle, account, 2, 3600, ms);
        assert_eq!([0; 3].map(|ms| at("1234567890123456", ms)), [true, true, false]);
        assert!(at("6543210987654321", 0));
        assert!(!at("1234567890123456", 1_799_999) && at("1234567890123456", 1_800_000));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..=CAPACITY {
            assert!(spends(&throttle, &format!("{:016}", 1_000_000_000_000_000 + number), 1, 1, 0));
        }
        assert!(throttle.0.lock().unwrap().len() <= CAPACITY);
    }
}
