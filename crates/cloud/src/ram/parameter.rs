//! Parameter types of RAM that several operations share ("RAM API reference", value rules).

use std::fmt;

use coffer_base::{ApiError, ErrorCode, Secret};
use coffer_store::tags::Tag;

use crate::auth::policy::{Malformed, Policy, PolicyKind};
use crate::decode::{Field, Invalid, Parameter, Reader, json_strings, whole};

/// The errors of a name that is not there, or none.
pub const NAME_ERRORS: [ErrorCode; 3] =
    [ErrorCode::RamMissingParameter, ErrorCode::RamInvalidChars, ErrorCode::RamTooLong];

/// A name: at most `most` characters, each allowed by `allowed`.
fn name(text: &str, most: usize, allowed: fn(char) -> bool) -> Result<String, Invalid> {
    if !text.chars().all(allowed) {
        return Err(ErrorCode::RamInvalidChars.into());
    }
    short(text, most)
}

fn short(text: &str, most: usize) -> Result<String, Invalid> {
    if text.chars().count() > most {
        return Err(ErrorCode::RamTooLong.into());
    }
    Ok(text.to_owned())
}

macro_rules! text_parameter {
    ($($(#[$note:meta])* $type:ident = |$text:ident| $parse:expr;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $type(pub String);

            impl Parameter for $type {
                fn from_text($text: &str) -> Result<Self, Invalid> {
                    $parse.map(Self)
                }
            }
        )*
    };
}

text_parameter! {
    /// A user's name: 1 to 64 of letters, digits, `.`, `_` and `-`.
    UserName = |text| name(text, 64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    /// A group's name: 1 to 64 of letters, digits, `.`, `_` and `-`.
    GroupName = |text| name(text, 64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    /// A virtual MFA device's name: 1 to 64 of letters, digits, `.` and `-`.
    MfaDeviceName = |text| name(text, 64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    /// A code of an authenticator app: six digits.
    Code = |text| code(text);
    /// What the account is called at logon: 3 to 64 of lower-case letters, digits and `-`, which neither begins nor ends it and stands
    /// alone.
    AccountAlias = |text| alias(text);
    /// A role's name: 1 to 64 of letters, digits, `.` and `-`.
    RoleName = |text| name(text, 64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    /// A policy's name: 1 to 128 of letters, digits and `-`.
    PolicyName = |text| name(text, 128, |c| c.is_ascii_alphanumeric() || c == '-');
    /// A name shown to people: 1 to 128 characters, none of them a control.
    DisplayName = |text| name(text, 128, |c| !c.is_control());
    /// A remark: at most 128 characters.
    Comments = |text| short(text, 128);
    /// A description: at most 1024 characters.
    Description = |text| short(text, 1024);
    /// A telephone number: digits with `+` and `-`.
    MobilePhone = |text| format(text, text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-')) && text.len() <= 32);
    /// A mail address.
    Email = |text| format(text, text.len() <= 254 && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()));
    /// An access key's id.
    AccessKeyId = |text| name(text, 128, |c| c.is_ascii_alphanumeric() || c == '.');
}

fn format(text: &str, fits: bool) -> Result<String, Invalid> {
    if fits { Ok(text.to_owned()) } else { Err(ErrorCode::RamFormat.into()) }
}

fn code(text: &str) -> Result<String, Invalid> {
    let fits = text.len() == 6 && text.bytes().all(|digit| digit.is_ascii_digit());
    if fits { Ok(text.to_owned()) } else { Err(ErrorCode::RamCodeFormat.into()) }
}

fn alias(text: &str) -> Result<String, Invalid> {
    if !(3..=64).contains(&text.len()) {
        return Err(ErrorCode::RamAliasLength.into());
    }
    let allowed = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    format(text, allowed && !text.starts_with('-') && !text.ends_with('-') && !text.contains("--"))
}

/// What an update sets a text to: nothing where the parameter is sent empty, as Terraform does. `None` leaves it as it is.
#[derive(Clone, Debug)]
pub struct New<T>(pub Option<T>);

impl<T: Parameter + From<String> + Into<String>> Field for New<T> {
    const KIND: &'static str = T::KIND;
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Ok(Self(match reader.given(name) {
            Some("") => Some(String::new().into()),
            _ => Option::<T>::read(reader, name)?,
        }))
    }
}

impl<T: Into<String>> New<T> {
    /// Sets it.
    pub fn set(self, text: &mut String) {
        if let Self(Some(new)) = self {
            *text = new.into();
        }
    }
}

macro_rules! texts {
    ($($type:ident)*) => {
        $(
            impl From<String> for $type {
                fn from(text: String) -> Self {
                    Self(text)
                }
            }

            impl From<$type> for String {
                fn from($type(text): $type) -> Self {
                    text
                }
            }
        )*
    };
}

texts! { UserName GroupName DisplayName Comments Description MobilePhone Email }

/// A password as it was sent; whether it will do is the password policy's to say.
pub struct Password(pub Secret<String>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Parameter for Password {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        // Beyond this it takes long to hash, and the longest that a policy can ask for is 32.
        if text.chars().count() > 128 {
            return Err(ErrorCode::RamPasswordWeak.into());
        }
        Ok(Self(Secret::new(text.to_owned())))
    }
}

/// A virtual MFA device by its serial number: `acs:ram::<account>:mfa/<name>`.
#[derive(Clone, Debug)]
pub struct SerialNumber(pub String);

impl Parameter for SerialNumber {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let device = text.strip_prefix("acs:ram::").and_then(|rest| rest.split_once(":mfa/"));
        let named = device.is_some_and(|(account, name)| account.len() == 16 && MfaDeviceName::from_text(name).is_ok());
        if named { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

/// A policy version: `v1`, `v2`…
#[derive(Clone, Copy, Debug)]
pub struct VersionId(pub i64);

impl Parameter for VersionId {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let number = text.strip_prefix('v').filter(|digits| !digits.starts_with('0')).and_then(whole);
        Ok(Self(number.filter(|number: &i64| *number > 0).ok_or(ErrorCode::RamFormat)?))
    }
}

/// Longest session of a role: 3600 to 43200 seconds.
#[derive(Clone, Copy, Debug)]
pub struct MaxSession(pub i64);

impl Parameter for MaxSession {
    const KIND: &'static str = "Long";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let seconds = i64::from_text(text)?;
        if (3600..=43_200).contains(&seconds) { Ok(Self(seconds)) } else { Err(Invalid::Value) }
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug)]
pub struct Within<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> Parameter for Within<LEAST, MOST> {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let number = i64::from_text(text)?;
        if (LEAST..=MOST).contains(&number) { Ok(Self(number)) } else { Err(Invalid::Value) }
    }
}

/// What tags hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaggedType {
    /// A role.
    Role,
    /// A custom policy.
    Policy,
}

impl TaggedType {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Policy => "policy",
        }
    }
}

impl Parameter for TaggedType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "role" => Ok(Self::Role),
            "policy" => Ok(Self::Policy),
            _ => Err(Invalid::Value),
        }
    }
}

/// Most tags of a resource, in a request and altogether, and most resources in a request.
pub const MOST_TAGS: usize = 20;
const MOST_NAMES: usize = 50;

/// Tags to set: `[{"Key":"k","Value":"v"}]`, no key twice.
#[derive(Clone, Debug)]
pub struct Tags(pub Vec<Tag>);

impl Parameter for Tags {
    const KIND: &'static str = "Json";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let tags = tag_list(text)?;
        let is_repeated = |place: usize| tags[..place].iter().any(|(key, _)| *key == tags[place].0);
        if (0..tags.len()).any(is_repeated) {
            return Err(Invalid::Value);
        }
        let tag = |(key, value): (String, Option<String>)| Tag { key, value: value.unwrap_or_default() };
        Ok(Self(tags.into_iter().map(tag).collect()))
    }

    fn tags(&self) -> &[Tag] {
        &self.0
    }
}

/// Tags to look for: `[{"Key":"k","Value":"v"}]`; without a value, any will do.
#[derive(Clone, Debug)]
pub struct TagFilter(pub Vec<(String, Option<String>)>);

impl Parameter for TagFilter {
    const KIND: &'static str = "Json";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        tag_list(text).map(Self)
    }
}

fn tag_list(text: &str) -> Result<Vec<(String, Option<String>)>, Invalid> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Item {
        key: String,
        value: Option<String>,
    }
    let items: Vec<Item> = serde_json::from_str(text).map_err(|_| Invalid::Value)?;
    let fits =
        |item: &Item| is_tag_key(&item.key) && item.value.as_ref().is_none_or(|value| value.chars().count() <= 128);
    if items.len() > MOST_TAGS || !items.iter().all(fits) {
        return Err(Invalid::Value);
    }
    Ok(items.into_iter().map(|item| (item.key, item.value)).collect())
}

/// 1 to 128 characters that do not begin as the vendor's own keys do.
fn is_tag_key(key: &str) -> bool {
    let reserved = ["aliyun", "acs:", "http://", "https://"].iter().any(|start| key.starts_with(start));
    !key.is_empty() && key.chars().count() <= 128 && !reserved
}

/// Keys of tags: `["k"]`.
#[derive(Clone, Debug)]
pub struct TagKeys(pub Vec<String>);

impl Parameter for TagKeys {
    const KIND: &'static str = "Json";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        json_strings(text, MOST_TAGS).map(Self).ok_or(Invalid::Value)
    }
}

/// Names of roles or policies: `["name"]`.
#[derive(Clone, Debug)]
pub struct ResourceNames(pub Vec<String>);

impl Parameter for ResourceNames {
    const KIND: &'static str = "Json";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let plain = |name: &String| {
            (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        };
        let names = json_strings(text, MOST_NAMES).filter(|names| !names.is_empty() && names.iter().all(plain));
        names.map(Self).ok_or(Invalid::Value)
    }
}

/// `Custom` or `System`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyType {
    /// The account's own.
    Custom,
    /// The vendor's.
    System,
}

impl PolicyType {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "Custom",
            Self::System => "System",
        }
    }
}

impl Parameter for PolicyType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "Custom" => Ok(Self::Custom),
            "System" => Ok(Self::System),
            _ => Err(Invalid::Value),
        }
    }
}

/// `Active` or `Inactive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStatus(pub &'static str);

impl Parameter for KeyStatus {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "Active" => Ok(Self("Active")),
            "Inactive" => Ok(Self("Inactive")),
            _ => Err(Invalid::Value),
        }
    }
}

/// A policy document that parses, as it was sent. `TRUST` tells a role's trust policy.
#[derive(Clone, Debug)]
pub struct Document<const TRUST: bool>(pub String);

impl<const TRUST: bool> Field for Document<TRUST> {
    const KIND: &'static str = "String";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let text = reader.text(name).ok_or_else(|| reader.missing(name))?;
        let kind = if TRUST { PolicyKind::Trust } else { PolicyKind::Identity };
        if text.chars().count() > 6144 {
            return Err(ApiError::with(ErrorCode::RamTooLong, [name.to_owned()]));
        }
        Policy::parse(text, kind).map_err(|Malformed(reason)| ApiError::with(ErrorCode::MalformedPolicy, [reason]))?;
        Ok(Self(text.to_owned()))
    }
}

/// A trust policy that an update gives a role, as it was sent; `None` leaves it the one it has.
#[derive(Clone, Debug)]
pub struct NewTrust(pub Option<String>);

impl Field for NewTrust {
    const KIND: &'static str = "String";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let document = reader.text(name).map(|_| Document::<true>::read(reader, name)).transpose()?;
        Ok(Self(document.map(|Document(text)| text)))
    }
}
