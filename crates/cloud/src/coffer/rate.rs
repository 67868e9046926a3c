//! How fast a disk is encrypted anew.

use coffer_base::ErrorCode;

use crate::decode::{Invalid, Parameter, whole};

/// Most MiB a second that can be asked for: more than any disk does.
const MOST: i64 = 1 << 20;

/// So many MiB a second.
#[derive(Clone, Copy, Debug)]
pub struct Rate(i64);

impl Rate {
    /// The same in bytes.
    pub const fn bytes_per_s(self) -> i64 {
        self.0 << 20
    }
}

impl Parameter for Rate {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let rate = whole(text).filter(|rate| (1..=MOST).contains(rate));
        rate.map(Self).ok_or_else(|| Invalid::from(ErrorCode::EcsInvalidParameter))
    }
}
