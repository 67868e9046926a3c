//! Parameter types of the operations on snapshots.

use coffer_base::ErrorCode;

use super::parameter::{is_description, is_name, text_parameter};
use crate::decode::{Invalid, Parameter, json_strings, whole};

/// Names that begin so are the vendor's automatic snapshots'.
fn is_snapshot_name(text: &str) -> bool {
    is_name(text) && !text.starts_with("auto")
}

text_parameter!(
    /// The name of a snapshot.
    SnapshotName, is_snapshot_name, SnapshotNameMalformed
);
text_parameter!(
    /// A description, as CreateSnapshot words it.
    SnapshotDescription, is_description, ResourceDescriptionMalformed
);
text_parameter!(
    /// The name of a copy.
    CopyName, is_snapshot_name, CopyNameMalformed
);
text_parameter!(
    /// The description of a copy.
    CopyDescription, is_description, CopyDescriptionMalformed
);

macro_rules! retention_days {
    ($(#[$note:meta])* $type:ident, $code:ident) => {
        $(#[$note])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type(pub i64);

        impl Parameter for $type {
            const KIND: &'static str = "Integer";

            fn from_text(text: &str) -> Result<Self, Invalid> {
                let days = whole(text).filter(|days| (1..=65_536).contains(days));
                Ok(Self(days.ok_or(ErrorCode::$code)?))
            }
        }
    };
}

retention_days!(
    /// For how many days from its making a snapshot is kept: 1 to 65536.
    RetentionDays, RetentionDaysMalformed
);
retention_days!(
    /// The same for a copy.
    CopyRetentionDays, CopyRetentionDaysMalformed
);

/// `Category`, in any case; it is shown in lower case. The vendor no longer makes a difference between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotCategory(pub &'static str);

impl SnapshotCategory {
    /// The category of a snapshot that asks for none.
    pub const STANDARD: Self = Self("standard");
}

impl Parameter for SnapshotCategory {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = ["standard", "flash"].into_iter().find(|word| word.eq_ignore_ascii_case(text));
        Ok(Self(known.ok_or(ErrorCode::SnapshotCategoryMalformed)?))
    }
}

/// Most ids in a JSON array of them.
pub const MOST_IDS: usize = 100;

/// `SnapshotIds`: a JSON array.
#[derive(Clone, Debug)]
pub struct SnapshotIds(pub Vec<String>);

impl Parameter for SnapshotIds {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let ids = json_strings(text, usize::MAX).ok_or(Invalid::Value)?;
        if ids.len() > MOST_IDS {
            return Err(ErrorCode::SnapshotIdsTooMany.into());
        }
        Ok(Self(ids))
    }
}
