//! Automatic rotation: a job makes a new version when the interval since the last one is over. While the key is not enabled rotation is
//! suspended; what was due then is done as soon as it is enabled again.

use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_store::keys::Key;
use coffer_store::{Tx, jobs};

use super::key::{self, State};
use super::spec;
use crate::decode::{Invalid, Parameter, whole};
use crate::job::{self, Kind};
use crate::product::Product;

const DAY_S: i64 = 24 * 60 * 60;

/// `RotationInterval`: whole days, hours, minutes or seconds, 7 to 730 days in all.
#[derive(Clone, Copy, Debug)]
pub struct RotationInterval(pub i64);

impl Parameter for RotationInterval {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let seconds = seconds(text).ok_or(Invalid::Value)?;
        if (7 * DAY_S..=730 * DAY_S).contains(&seconds) { Ok(Self(seconds)) } else { Err(Invalid::Value) }
    }
}

/// A length of time with its unit, in seconds.
pub fn seconds(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let number: i64 = whole(digits).filter(|number| *number >= 0)?;
    let unit_s = match unit {
        'd' => DAY_S,
        'h' => 3600,
        'm' => 60,
        's' => 1,
        _ => return None,
    };
    number.checked_mul(unit_s)
}

/// The period that a request asks for; `None` for no rotation.
pub fn interval(enable: bool, interval: Option<RotationInterval>) -> Result<Option<i64>, ApiError> {
    match (enable, interval) {
        (false, _) => Ok(None),
        (true, Some(RotationInterval(seconds))) => Ok(Some(seconds)),
        (true, None) => Err(Product::Kms.missing_parameter("RotationInterval")),
    }
}

/// Refuses a key whose material comes from elsewhere: a new version would need new material.
pub fn require_made_here(key: &Key) -> Result<(), ApiError> {
    match key.origin.as_str() {
        "EXTERNAL" => Err(ErrorCode::KeyOperationUnsupported.into()),
        _ => Ok(()),
    }
}

/// Refuses a key that can't be rotated by itself: also an asymmetric one, since whoever uses it must be told of a new version.
pub fn require_rotatable(key: &Key) -> Result<(), ApiError> {
    require_made_here(key)?;
    match spec::of(key)?.symmetric_bytes() {
        Some(_) => Ok(()),
        None => Err(ErrorCode::KeyOperationUnsupported.into()),
    }
}

/// When a key is next to be rotated; `None` while it is not.
pub fn next(key: &Key) -> Option<Timestamp> {
    key.rotation_interval_s.map(|seconds| key.last_rotation_at.plus_ms(seconds.saturating_mul(1000)))
}

/// Sets down the next rotation of a key as it is now, in place of what was set down before.
pub fn plan(tx: &Tx<'_>, key: &Key, now: Timestamp) -> Result<(), ApiError> {
    job::withdraw(tx, Kind::RotateKey, &key.key_id)?;
    if let Some(due) = next(key).filter(|_| State::of(key).is_ok_and(|state| state == State::Enabled)) {
        jobs::insert(tx, Kind::RotateKey.as_str(), &key.key_id, due.max(now), now)?;
    }
    Ok(())
}

/// Makes the version that is due.
pub fn rotate_if_due(maker: &key::Maker<'_>, key: &mut Key) -> Result<bool, ApiError> {
    let due = next(key).is_some_and(|due| due <= maker.now) && State::of(key)? == State::Enabled;
    if due {
        maker.rotate(key)?;
        plan(maker.tx, key, maker.now)?;
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_number_with_a_unit_between_a_week_and_two_years() {
        let parse = |text: &str| RotationInterval::from_text(text).ok().map(|RotationInterval(seconds)| seconds);
        assert_eq!(parse("7d"), Some(604_800));
        assert_eq!(parse("168h"), Some(604_800));
        assert_eq!(parse("10080m"), Some(604_800));
        assert_eq!(parse("605800s"), Some(605_800));
        assert_eq!(parse("730d"), Some(63_072_000));
        for text in
            ["", "7", "d", "6d", "731d", "+7d", "-7d", "7 d", "7D", "7w", "7dd", "604800漢", "9223372036854775807d"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
