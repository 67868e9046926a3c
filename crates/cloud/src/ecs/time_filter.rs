//! `Filter.N.Key` and `Filter.N.Value`, by which listings of ECS are bounded in time: each number stands for one key.

use coffer_base::{ApiError, ErrorCode, Timestamp};

use crate::decode::{Field, Reader};

/// What each number bounds: the time of making and the time of expiry, from below and from above.
const KEYS: [&str; 4] = ["CreationStartTime", "CreationEndTime", "ExpiredStartTime", "ExpiredEndTime"];

/// The bound of one number, as `yyyy-MM-ddTHH:mmZ`.
#[derive(Clone, Copy, Debug)]
pub struct TimeFilter<const N: usize>(pub Option<Timestamp>);

impl<const N: usize> Field for TimeFilter<N> {
    const KIND: &'static str = "String";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let Some(key) = reader.text(&format!("{name}.Key")) else { return Ok(Self(None)) };
        if key != KEYS[N - 1] {
            return Err(ErrorCode::FilterKeyNotFound.into());
        }
        let moment = reader.text(&format!("{name}.Value")).and_then(Timestamp::parse_iso8601_minutes);
        Ok(Self(Some(moment.ok_or(ErrorCode::FilterValueInvalid)?)))
    }
}
