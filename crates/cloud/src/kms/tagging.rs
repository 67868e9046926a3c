//! Tags of keys and secrets: how requests write them, and what they are put on.

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Region};
use coffer_store::tags::{self, Resource, Tag};
use serde::Deserialize;

use super::key::{self, Forms};
use super::{secret, service};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, json_strings};
use crate::product::Product;

/// Most tags of a resource, those of services aside.
const MOST: usize = 20;
/// Most resources in a request.
const MOST_RESOURCES: usize = 50;

/// Whether a text can be a tag's key or value: at most 128 characters, letters, digits and some signs.
fn allowed(text: &str) -> bool {
    text.chars().count() <= 128
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '/' | '\\' | '_' | '-' | '.' | '+' | '=' | ':' | '@'))
}

/// Whether a text can be the key of a user's tag: those of services begin with their own words.
fn is_key(text: &str) -> bool {
    !text.is_empty() && allowed(text) && !text.starts_with("aliyun") && !text.starts_with("acs:")
}

fn check(list: Vec<Tag>) -> Option<Vec<Tag>> {
    let repeated = |place: usize, tag: &Tag| list[..place].iter().any(|other| other.key == tag.key);
    let good = |(place, tag): (usize, &Tag)| is_key(&tag.key) && allowed(&tag.value) && !repeated(place, tag);
    let all_good = list.len() <= MOST && list.iter().enumerate().all(good);
    all_good.then_some(list)
}

/// `Tags`: `[{"TagKey":"k","TagValue":"v"}]`, at most 20, no key twice.
#[derive(Clone, Debug, Default)]
pub struct TagList(pub Vec<Tag>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Pair {
    tag_key: String,
    #[serde(default)]
    tag_value: String,
}

impl Parameter for TagList {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let pairs: Vec<Pair> = serde_json::from_str(text).map_err(|_| Invalid::Value)?;
        let tags = pairs.into_iter().map(|pair| Tag { key: pair.tag_key, value: pair.tag_value }).collect();
        check(tags).map(Self).ok_or(Invalid::Value)
    }

    fn tags(&self) -> &[Tag] {
        &self.0
    }
}

/// `TagKeys`: a JSON array of keys, or keys separated by commas.
#[derive(Clone, Debug)]
pub struct TagKeys(pub Vec<String>);

impl Parameter for TagKeys {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let listed = || text.split(',').map(str::to_owned).collect();
        let keys = if text.starts_with('[') { json_strings(text, MOST).ok_or(Invalid::Value)? } else { listed() };
        let good = (1..=MOST).contains(&keys.len()) && keys.iter().all(|key| is_key(key));
        if good { Ok(Self(keys)) } else { Err(Invalid::Value) }
    }
}

/// `Tag.N.Key` and `Tag.N.Value` of tags to be set: at least one.
#[derive(Clone, Debug)]
pub struct TagField(pub Vec<Tag>);

impl Field for TagField {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = true;
    const MEMBERS: &'static [&'static str] = &["Key", "Value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let tags = tags_of(reader, name)?;
        if tags.is_empty() {
            return Err(reader.missing(name));
        }
        check(tags).map(Self).ok_or_else(|| reader.invalid(name))
    }

    fn tags(&self) -> &[Tag] {
        &self.0
    }
}

/// The same as what a listing looks for: any key, and any value where none is given.
#[derive(Clone, Debug)]
pub struct TagFilter(pub Vec<(String, Option<String>)>);

impl Field for TagFilter {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Key", "Value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let tags = tags_of(reader, name)?;
        if tags.iter().any(|tag| tag.key.is_empty()) {
            return Err(reader.invalid(name));
        }
        Ok(Self(tags.into_iter().map(|tag| (tag.key, Some(tag.value).filter(|value| !value.is_empty()))).collect()))
    }
}

fn tags_of(reader: &Reader<'_>, name: &str) -> Result<Vec<Tag>, ApiError> {
    let listed = reader.structures(name, MOST)?;
    let member =
        |tag: &std::collections::BTreeMap<&str, &str>, name| tag.get(name).copied().unwrap_or_default().to_owned();
    Ok(listed.iter().map(|tag| Tag { key: member(tag, "Key"), value: member(tag, "Value") }).collect())
}

/// `TagKey.N`, possibly none.
#[derive(Clone, Debug)]
pub struct TagKeyField(pub Vec<String>);

impl Field for TagKeyField {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let keys = reader.items(name, MOST)?;
        if keys.iter().any(|key| !is_key(key)) {
            return Err(reader.invalid(name));
        }
        Ok(Self(keys.into_iter().map(str::to_owned).collect()))
    }
}

/// `ResourceId.N` of what must be named.
#[derive(Clone, Debug)]
pub struct ResourceIds(pub Vec<String>);

impl Field for ResourceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let OptionalResourceIds(ids) = OptionalResourceIds::read(reader, name)?;
        if ids.is_empty() { Err(reader.missing(name)) } else { Ok(Self(ids)) }
    }
}

/// `ResourceId.N` of what may be named.
#[derive(Clone, Debug)]
pub struct OptionalResourceIds(pub Vec<String>);

impl Field for OptionalResourceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let ids = reader.items(name, MOST_RESOURCES)?;
        Ok(Self(ids.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect()))
    }
}

/// `ResourceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    /// `key`; a resource's id is the key's.
    Key,
    /// `secret`; a resource's id is the secret's name.
    Secret,
}

impl Parameter for ResourceType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        [Self::Key, Self::Secret].into_iter().find(|kind| kind.as_str() == text).ok_or(Invalid::Value)
    }
}

impl ResourceType {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Secret => "secret",
        }
    }
}

/// A key or a secret whose tags are changed or shown.
pub struct Tagged {
    kind: ResourceType,
    id: String,
    account: AccountId,
    region: Region,
    /// Its ARN.
    pub arn: Arn,
}

/// The errors of finding what is tagged.
pub const ERRORS: &[ErrorCode] = &[
    ErrorCode::KmsInvalidParameter,
    ErrorCode::KmsMissingParameter,
    ErrorCode::KmsServiceNotEnabled,
    ErrorCode::KeyNotFound,
    ErrorCode::SecretNotFound,
];
/// The errors of changing tags.
pub const CHANGE_ERRORS: &[ErrorCode] =
    &[ErrorCode::KeyOperationUnsupported, ErrorCode::KeyPendingDeletion, ErrorCode::SecretPlannedDeleted];

impl Tagged {
    /// What a request names. A key may be named by an alias where `forms` says so.
    pub fn find(cx: &Cx<'_>, kind: ResourceType, name: &str, forms: Forms) -> Result<Self, ApiError> {
        match kind {
            ResourceType::Key => {
                let key = key::find(cx, name, forms)?;
                service::require_open(cx, key.region)?;
                let arn = key::arn(&key);
                Ok(Self { kind, id: key.key_id, account: key.account, region: key.region, arn })
            }
            ResourceType::Secret => {
                let secret = secret::find(cx, name)?;
                service::require_open(cx, secret.region)?;
                let arn = secret::arn(&secret);
                Ok(Self { kind, id: secret.secret_id, account: secret.account, region: secret.region, arn })
            }
        }
    }

    /// Refuses what is to be deleted, or is a service's own.
    fn require_changeable(&self, cx: &Cx<'_>) -> Result<(), ApiError> {
        match self.kind {
            ResourceType::Key => key::require_changeable(&key::owned(cx, &self.id)?),
            ResourceType::Secret => secret::require_live(&secret::of_id(cx, &self.id)?),
        }
    }

    /// Sets tags, each in place of one with the same key.
    pub fn set(&self, cx: &Cx<'_>, list: &[Tag]) -> Result<(), ApiError> {
        self.require_changeable(cx)?;
        put(cx, self.kind, &self.account, self.region, &self.id, list)
    }

    /// Removes tags.
    pub fn remove(&self, cx: &Cx<'_>, keys: &[String]) -> Result<(), ApiError> {
        self.require_changeable(cx)?;
        for key in keys {
            tags::remove(cx.tx, &self.id, key)?;
        }
        Ok(())
    }

    /// Removes every tag that a user may set.
    pub fn clear(&self, cx: &Cx<'_>) -> Result<(), ApiError> {
        let keys: Vec<String> = tags::of(cx.tx, &self.id)?.into_iter().map(|tag| tag.key).collect();
        self.remove(cx, &keys.into_iter().filter(|key| is_key(key)).collect::<Vec<_>>())
    }
}

/// Sets tags of a key or of a secret.
pub fn put(
    cx: &Cx<'_>,
    kind: ResourceType,
    account: &AccountId,
    region: Region,
    id: &str,
    list: &[Tag],
) -> Result<(), ApiError> {
    for tag in list {
        tags::set(cx.tx, Resource { account, region, resource_type: kind.as_str(), resource_id: id }, tag)?;
    }
    let own = tags::of(cx.tx, id)?.iter().filter(|tag| is_key(&tag.key)).count();
    if own > MOST { Err(ErrorCode::KmsLimitExceeded.into()) } else { Ok(()) }
}

/// The one of `KeyId` and `SecretName` that a request gives.
pub fn one(cx: &Cx<'_>, key_id: Option<&str>, secret_name: Option<&str>, forms: Forms) -> Result<Tagged, ApiError> {
    match (key_id, secret_name) {
        (Some(name), None) => Tagged::find(cx, ResourceType::Key, name, forms),
        (None, Some(name)) => Tagged::find(cx, ResourceType::Secret, name, forms),
        (None, None) => Err(Product::Kms.missing_parameter("KeyId")),
        (Some(_), Some(_)) => Err(Product::Kms.invalid_parameter("SecretName")),
    }
}

/// Everything that a request lists.
pub fn all(cx: &Cx<'_>, kind: ResourceType, ids: &[String]) -> Result<Vec<Tagged>, ApiError> {
    ids.iter().map(|id| Tagged::find(cx, kind, id, Forms::Id)).collect()
}

/// What a policy must allow an operation on that takes what [`one`] does.
pub fn resource_of_one(
    cx: &mut Cx<'_>,
    key_id: Option<&str>,
    secret_name: Option<&str>,
    forms: Forms,
) -> Result<Vec<Arn>, ApiError> {
    let named = match (key_id, secret_name) {
        (Some(name), _) => Some(key::named(cx, name)),
        (None, Some(name)) => Some(secret::named(cx, name)?),
        (None, None) => None,
    };
    cx.named.extend(named);
    Ok(vec![one(cx, key_id, secret_name, forms)?.arn])
}

/// What a policy must allow an operation on that takes what [`all`] does.
pub fn resources_of_all(cx: &mut Cx<'_>, kind: ResourceType, ids: &[String]) -> Result<Vec<Arn>, ApiError> {
    for id in ids {
        let named = match kind {
            ResourceType::Key => key::named(cx, id),
            ResourceType::Secret => secret::named(cx, id)?,
        };
        cx.named.push(named);
    }
    Ok(all(cx, kind, ids)?.into_iter().map(|tagged| tagged.arn).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_a_list_of_pairs_without_foreign_words_and_repetition() {
        let parse = |text: &str| TagList::from_text(text).ok().map(|TagList(tags)| tags.len());
        assert_eq!(parse(r#"[{"TagKey":"a","TagValue":"b"},{"TagKey":"c"}]"#), Some(2));
        assert_eq!(parse("[]"), Some(0));
        for text in [
            "",
            "{}",
            r#"[{"TagKey":""}]"#,
            r#"[{"TagKey":"acs:x"}]"#,
            r#"[{"TagKey":"aliyunx"}]"#,
            r#"[{"TagKey":"a b"}]"#,
            r#"[{"TagKey":"a","TagValue":"?"}]"#,
            r#"[{"TagKey":"a"},{"TagKey":"a"}]"#,
            r#"[{"Key":"a"}]"#,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let many: Vec<String> = (0..21).map(|n| format!(r#"{{"TagKey":"k{n}"}}"#)).collect();
        assert_eq!(parse(&format!("[{}]", many.join(","))), None);
        assert_eq!(parse(&format!("[{}]", many[1..].join(","))), Some(20));
    }

    #[test]
    fn keys_of_tags_are_an_array_or_separated_by_commas() {
        let parse = |text: &str| TagKeys::from_text(text).ok().map(|TagKeys(keys)| keys);
        assert_eq!(parse(r#"["a","b"]"#).unwrap(), ["a", "b"]);
        assert_eq!(parse("a,b").unwrap(), ["a", "b"]);
        for text in ["", "[]", "[1]", "a,,b", "[\"\"]", "acs:x"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
