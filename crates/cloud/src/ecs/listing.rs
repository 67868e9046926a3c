//! What the listings of ECS share: filters that are one word of a few, bounds of the time of making, tags.

use std::collections::HashMap;

use coffer_base::{ApiError, Arn, ErrorCode, Region, Timestamp};
use coffer_store::tags::{self, Tag};

use crate::context::Cx;
use crate::decode::Reader;
use crate::value::response;

/// Declares a filter that is one of some words; the first one, in any case, restricts nothing.
macro_rules! filter_word {
    ($(#[$note:meta])* $type:ident, $any:literal, [$($word:literal),*], $code:ident) => {
        $(#[$note])*
        #[derive(Clone, Debug)]
        pub struct $type(pub Option<&'static str>);

        impl $crate::decode::Parameter for $type {
            fn from_text(text: &str) -> Result<Self, $crate::decode::Invalid> {
                const WORDS: &[&str] = &[$($word),*];
                if text.eq_ignore_ascii_case($any) {
                    return Ok(Self(None));
                }
                let word = WORDS.iter().find(|word| **word == text).ok_or(coffer_base::ErrorCode::$code)?;
                Ok(Self(Some(word)))
            }
        }
    };
}
pub(crate) use filter_word;

/// When what is listed was made: not before the one moment, not after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Created {
    /// `CreationStartTime`.
    pub from: Option<Timestamp>,
    /// `CreationEndTime`.
    pub until: Option<Timestamp>,
}

impl Created {
    /// Reads `Filter.N.Key` and `Filter.N.Value`, in whichever order. `unknown_key` and `bad_value` word what is neither.
    pub fn read(
        reader: &Reader<'_>,
        name: &'static str,
        unknown_key: ErrorCode,
        bad_value: ErrorCode,
    ) -> Result<Self, ApiError> {
        let mut created = Self::default();
        for filter in reader.structures(name, 10)? {
            let Some(key) = filter.get("Key").filter(|key| !key.is_empty()) else { continue };
            let bound = match *key {
                "CreationStartTime" => &mut created.from,
                "CreationEndTime" => &mut created.until,
                _ => return Err(unknown_key.into()),
            };
            let value = filter.get("Value").copied().unwrap_or_default();
            *bound = Some(Timestamp::parse_iso8601_minutes(value).ok_or(bad_value)?);
        }
        Ok(created)
    }
}

response! {
    /// A tag.
    pub struct TagItem {
        /// Its key.
        pub key: String = "TagKey",
        /// Its value.
        pub value: String = "TagValue",
    }

    /// What keeps a disk or an instance from being used.
    pub struct OperationLock {
        /// Why.
        pub lock_reason: String = "LockReason",
    }
}

/// What a policy must allow a listing on: what it names, or all of that kind where it names nothing.
pub fn resources(cx: &Cx<'_>, region: Region, kind: &str, ids: Option<&[String]>) -> Vec<Arn> {
    let arn = |id: &str| Arn::ecs(region, cx.account(), &format!("{kind}/{id}"));
    match ids {
        Some(ids) if !ids.is_empty() => ids.iter().map(|id| arn(id)).collect(),
        _ => vec![arn("*")],
    }
}

impl From<Tag> for TagItem {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

/// The tags of several resources, by resource.
pub fn tags_of(cx: &Cx<'_>, ids: &[String]) -> Result<HashMap<String, Vec<Tag>>, ApiError> {
    let mut found: HashMap<String, Vec<Tag>> = HashMap::new();
    for (id, tag) in tags::of_many(cx.tx, ids)? {
        found.entry(id).or_default().push(tag);
    }
    Ok(found)
}
