//! Parameter types of RAM that several operations share ("RAM API reference", value rules).

use coffer_base::{ApiError, ErrorCode};

use crate::auth::policy::{Malformed, Policy, PolicyKind};
use crate::decode::{Field, Invalid, Parameter, Reader};

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
