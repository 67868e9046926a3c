//! Parameter types of ECS that several operations share. Each operation words an unknown region in its own way; the type says which.

use std::collections::{HashMap, HashSet};

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::tags::Tag;

use crate::decode::{Field, Invalid, Parameter, Reader};

macro_rules! region_parameter {
    ($(#[$note:meta])* $type:ident, $code:ident) => {
        $(#[$note])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type(pub Region);

        impl Parameter for $type {
            fn from_text(text: &str) -> Result<Self, Invalid> {
                Ok(Self(Region::parse(text).ok_or(ErrorCode::$code)?))
            }
        }
    };
}

region_parameter!(
    /// The region of most operations: unknown is 404 `InvalidRegionId.NotFound`.
    KnownRegion, EcsRegionNotFound
);
region_parameter!(
    /// The region of DescribeDisks: unknown is 400 `InvalidRegion.NotFound`.
    ListedRegion, DescribeRegionInvalid
);
region_parameter!(
    /// The region of the operations on tasks: unknown is 400 `InvalidRegionId.NotFound`.
    TaskRegion, TaskRegionNotFound
);
region_parameter!(
    /// The region of the two operations that show the default: unknown is 403 `InvalidParameter.RegionIdNotExists`.
    SettingRegion, DefaultRegionNotExists
);

/// The region of the four operations that change the default: it must exist and offer encryption.
#[derive(Clone, Copy, Debug)]
pub struct OfferedRegion(pub Region);

impl Parameter for OfferedRegion {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let SettingRegion(region) = SettingRegion::from_text(text)?;
        if !region.supports_disk_encryption() {
            return Err(ErrorCode::DefaultRegionNotSupported.into());
        }
        Ok(Self(region))
    }
}

/// A language for names of regions and zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `zh-CN`, the vendor's default.
    Chinese,
    /// `en-US`, and `ja`, for which we have no names.
    English,
}

impl Parameter for Language {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "zh-CN" => Ok(Self::Chinese),
            "en-US" | "ja" => Ok(Self::English),
            _ => Err(ErrorCode::InvalidAcceptLanguage.into()),
        }
    }
}

region_parameter!(
    /// Both regions of CopySnapshot: unknown is 403 `InvalidRegionId.NotExists`.
    CopyRegion, CopyRegionNotExists
);
region_parameter!(
    /// The region of the operations that list and delete groups of snapshots: the same code as [`KnownRegion`], in other words.
    GroupRegion, GroupRegionNotFound
);
region_parameter!(
    /// The region of DescribeAvailableResource and DescribeResourcesModification: unknown is 404 `Invalid.RegionId`.
    AvailableRegion, AvailableRegionNotFound
);
region_parameter!(
    /// The region of DescribeSnapshotLinks: unknown is 400 `InvalidRegionId`.
    LinksRegion, LinksRegionInvalid
);
region_parameter!(
    /// The region of DescribeSnapshotsUsage: unknown is 403 `InvalidParam.RegionId`.
    UsageRegion, UsageRegionInvalid
);
region_parameter!(
    /// The region of the image that CopyImage copies: unknown is 400 `SourceRegion.NotFound`.
    CopyImageSource, CopyImageSourceRegion
);
region_parameter!(
    /// The region that CopyImage copies to: unknown is 400 `DestinationRegion.NotFound`.
    CopyImageDestination, CopyImageDestinationRegion
);

/// `PostPaid` or `PrePaid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeType;

impl Parameter for ChargeType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "PostPaid" | "PrePaid" => Ok(Self),
            _ => Err(ErrorCode::InvalidInstanceChargeType.into()),
        }
    }
}

/// Most tags on a resource, and in a request ("Limits").
pub const MOST_TAGS: usize = 20;
const TAG_CHARACTERS: usize = 128;

/// The errors of setting tags.
pub const TAG_ERRORS: &[ErrorCode] =
    &[ErrorCode::TooManyTags, ErrorCode::DuplicateTagKey, ErrorCode::TagKeyMalformed, ErrorCode::TagValueMalformed];

/// `Tag.N.Key` and `Tag.N.Value` of a request that sets tags; `Tag.N.key` is the older spelling.
#[derive(Clone, Debug, Default)]
pub struct NewTags(pub Vec<Tag>);

impl Field for NewTags {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Key", "Value", "key", "value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let tags = new_tags(reader, name, ErrorCode::TooManyTags)?;
        if same_but_for_case(&tags, &tags) { Err(ErrorCode::DuplicateTagKey.into()) } else { Ok(Self(tags)) }
    }

    fn tags(&self) -> &[Tag] {
        &self.0
    }
}

/// Whether two of these tags have keys that differ in case alone: a resource bears one of them at most.
pub fn same_but_for_case(some: &[Tag], others: &[Tag]) -> bool {
    let folded: HashMap<String, &str> = some.iter().map(|tag| (tag.key.to_lowercase(), tag.key.as_str())).collect();
    others.iter().any(|tag| folded.get(&tag.key.to_lowercase()).is_some_and(|key| *key != tag.key))
}

/// Tags to be set, each with a key of its own; `too_many` is how the operation refuses more than [`MOST_TAGS`].
pub fn new_tags(reader: &Reader<'_>, name: &'static str, too_many: ErrorCode) -> Result<Vec<Tag>, ApiError> {
    let tags: Vec<Tag> = pairs(reader, name, too_many)?
        .into_iter()
        .map(|(key, value)| Tag { key: key.unwrap_or_default(), value: value.unwrap_or_default() })
        .collect();
    let mut seen = HashSet::new();
    for tag in &tags {
        check_key(&tag.key)?;
        check_value(&tag.value)?;
        if !seen.insert(&tag.key) {
            return Err(ErrorCode::DuplicateTagKey.into());
        }
    }
    Ok(tags)
}

/// `Tag.N.Key`, and `Tag.N.Value` where the value matters too, of a request that lists what bears these tags.
#[derive(Clone, Debug, Default)]
pub struct TagFilter(pub Vec<(String, Option<String>)>);

impl Field for TagFilter {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Key", "Value", "key", "value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        wanted_tags(reader, name, ErrorCode::TooManyTags).map(Self)
    }
}

/// Tags to be looked for: the key, and the value where one is given; `too_many` as for [`new_tags`].
pub fn wanted_tags(
    reader: &Reader<'_>,
    name: &'static str,
    too_many: ErrorCode,
) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let mut tags = Vec::new();
    for (key, value) in pairs(reader, name, too_many)? {
        // A value without a key says nothing ("InvalidTag.Mismatch").
        let key = key.filter(|key| !key.is_empty()).ok_or(ErrorCode::TagMismatch)?;
        tags.push((key, value.filter(|value| !value.is_empty())));
    }
    Ok(tags)
}

type Pair = (Option<String>, Option<String>);

fn pairs(reader: &Reader<'_>, name: &'static str, too_many: ErrorCode) -> Result<Vec<Pair>, ApiError> {
    let members = reader.structures(name, MOST_TAGS).map_err(|_| too_many)?;
    let text = |text: Option<&&str>| text.map(|text| (*text).to_owned());
    let either = |member: &std::collections::BTreeMap<&str, &str>, new, old| text(member.get(new).or(member.get(old)));
    Ok(members.iter().map(|m| (either(m, "Key", "key"), either(m, "Value", "value"))).collect())
}

fn check_key(key: &str) -> Result<(), ErrorCode> {
    let lower = key.to_ascii_lowercase();
    let reserved = lower.starts_with("aliyun") || lower.starts_with("acs:");
    let length = key.chars().count();
    if length == 0 || length > TAG_CHARACTERS || reserved || holds_url(&lower) {
        return Err(ErrorCode::TagKeyMalformed);
    }
    Ok(())
}

fn check_value(value: &str) -> Result<(), ErrorCode> {
    if value.chars().count() > TAG_CHARACTERS || holds_url(&value.to_ascii_lowercase()) {
        return Err(ErrorCode::TagValueMalformed);
    }
    Ok(())
}

fn holds_url(lower: &str) -> bool {
    lower.contains("http://") || lower.contains("https://")
}

/// Whether a text can name a disk, a snapshot, a group or an image: 2 to 128 characters, a letter first, then letters, digits, `:`,
/// `_`, `.` and `-`; no URL.
pub fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    let first = text.chars().next().is_some_and(char::is_alphabetic);
    let rest = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ':' | '_' | '.' | '-'));
    (2..=128).contains(&length) && first && rest
}

/// Whether a text can describe something: 2 to 256 characters, not beginning as a URL.
pub fn is_description(text: &str) -> bool {
    let url = text.starts_with("http://") || text.starts_with("https://");
    (2..=256).contains(&text.chars().count()) && !url
}

macro_rules! text_parameter {
    ($(#[$note:meta])* $type:ident, $fits:expr, $code:ident) => {
        $(#[$note])*
        #[derive(Clone, Debug)]
        pub struct $type(pub String);

        impl $crate::decode::Parameter for $type {
            fn from_text(text: &str) -> Result<Self, $crate::decode::Invalid> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err(coffer_base::ErrorCode::$code.into()) }
            }
        }
    };
}
pub(crate) use text_parameter;

text_parameter!(
    /// The name of a disk.
    DiskName, is_name, DiskNameMalformed
);
text_parameter!(
    /// A description.
    Description, is_description, DescriptionMalformed
);

/// `MultiAttach` as a filter.
#[derive(Clone, Copy, Debug)]
pub struct MultiAttachFilter(pub &'static str);

impl Parameter for MultiAttachFilter {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let words = ["Disabled", "Enabled", "LegacyShared"];
        Ok(Self(words.into_iter().find(|word| *word == text).ok_or(ErrorCode::MultiAttachInvalid)?))
    }
}
