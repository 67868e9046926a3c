//! Parameter types of the operations on instances.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, ErrorCode, Secret, Timestamp};

use super::instance_types::InstanceType;
use crate::decode::{Field, Invalid, Parameter, Reader};

/// Declares parameters that are one of some words, with the error for any other.
macro_rules! words {
    ($($(#[$note:meta])* $type:ident [$($word:literal),*] $error:expr;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $type(pub &'static str);

            impl Parameter for $type {
                fn from_text(text: &str) -> Result<Self, Invalid> {
                    const WORDS: &[&str] = &[$($word),*];
                    Ok(Self(WORDS.iter().find(|word| **word == text).ok_or($error)?))
                }
            }
        )*
    };
}
pub(super) use words;

words! {
    /// `InternetChargeType`.
    InternetChargeType ["PayByTraffic", "PayByBandwidth"] ErrorCode::InternetChargeTypeNotSupported;
    /// `SpotStrategy`.
    SpotStrategy ["NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"] ErrorCode::InvalidSpotStrategy;
    /// `SpotInterruptionBehavior`.
    SpotInterruption ["Terminate", "Stop"] Invalid::Value;
    /// `CreditSpecification`.
    Credit ["Standard", "Unlimited"] Invalid::Value;
    /// `HttpEndpoint`.
    HttpEndpoint ["enabled", "disabled"] Invalid::Value;
    /// `HttpTokens`.
    HttpTokens ["optional", "required"] Invalid::Value;
    /// `IoOptimized`: every type here is I/O optimized.
    IoOptimized ["optimized"] ErrorCode::IoOptimizedNotSupported;
    /// `Tenancy` and `Affinity`: there are no dedicated hosts.
    NotHosted ["default"] Invalid::Value;
    /// `PrivatePoolOptions.MatchCriteria`: there are no private pools, so the public one is used.
    PublicPool ["Open", "None"] Invalid::Value;
    /// `PeriodUnit`: without effect, as nothing is bought for a period.
    PeriodUnit ["Week", "Month"] Invalid::Value;
    /// `SecurityEnhancementStrategy`: without effect, as there is no guest to harden.
    SecurityEnhancement ["Active", "Deactive"] Invalid::Value;
    /// `BatchOptimization`.
    BatchMode ["AllTogether", "SuccessFirst"] Invalid::Value;
    /// `StoppedMode`.
    StoppedMode ["KeepCharging", "StopCharging"] Invalid::Value;
}

/// `InstanceChargeType` of a new instance: nothing can be subscribed to here.
#[derive(Clone, Copy, Debug)]
pub struct PostPaid;

impl Parameter for PostPaid {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "PostPaid" => Ok(Self),
            "PrePaid" => Err(ErrorCode::PayMethodInvalid.into()),
            _ => Err(ErrorCode::ChargeTypeNotFound.into()),
        }
    }
}

/// A type that there is.
#[derive(Clone, Copy, Debug)]
pub struct KnownType(pub &'static InstanceType);

impl Parameter for KnownType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(InstanceType::find(text).ok_or(ErrorCode::InstanceTypeNotSupported)?))
    }
}

/// The name of an instance: 2 to 128 characters, a letter first, then letters, digits, `:`, `_`, `.` and `-`.
#[derive(Clone, Debug)]
pub struct InstanceName(pub String);

impl Parameter for InstanceName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let first = text.chars().next().is_some_and(char::is_alphabetic);
        let rest = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ':' | '_' | '.' | '-'));
        if !(2..=128).contains(&text.chars().count()) || !first || !rest {
            return Err(ErrorCode::InstanceNameMalformed.into());
        }
        Ok(Self(text.to_owned()))
    }
}

/// A description: 2 to 256 characters, not beginning as a URL.
#[derive(Clone, Debug)]
pub struct InstanceDescription(pub String);

impl Parameter for InstanceDescription {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let url = text.starts_with("http://") || text.starts_with("https://");
        if !(2..=256).contains(&text.chars().count()) || url {
            return Err(ErrorCode::InstanceDescriptionMalformed.into());
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether it can be the name of a host with that operating system. Windows: 2 to 15 letters, digits and hyphens, not only digits.
/// Others: 2 to 64 characters in parts between periods. No part begins or ends with a hyphen or has two in a row.
pub fn is_host_name(name: &str, os_type: &str) -> bool {
    let is_part = |part: &str| {
        let plain = part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        !part.is_empty() && plain && !part.starts_with('-') && !part.ends_with('-') && !part.contains("--")
    };
    if os_type == "windows" {
        return (2..=15).contains(&name.len()) && is_part(name) && !name.bytes().all(|c| c.is_ascii_digit());
    }
    (2..=64).contains(&name.len()) && name.split('.').all(is_part)
}

/// Whether it can be the password of a guest: 8 to 30 characters of at least three kinds, letters of either case, digits and some
/// others.
pub fn is_password(text: &str) -> bool {
    const SPECIAL: &str = "()`~!@#$%^&*-_+=|{}[]:;'<>,.?/";
    let kinds: [fn(char) -> bool; 4] =
        [|c| c.is_ascii_uppercase(), |c| c.is_ascii_lowercase(), |c| c.is_ascii_digit(), |c| SPECIAL.contains(c)];
    let known = text.chars().all(|c| kinds.iter().any(|kind| kind(c)));
    let used = kinds.iter().filter(|kind| text.chars().any(**kind)).count();
    (8..=30).contains(&text.len()) && known && used >= 3
}

/// The password of a guest, where the operation has a code of its own for a malformed one. It is checked and then forgotten, as there is no guest.
#[derive(Debug)]
pub struct Password(Secret<String>);

impl Password {
    /// Whether a guest of that operating system takes it: Windows wants no slash in front.
    pub fn suits(&self, os_type: &str) -> bool {
        os_type != "windows" || !self.0.expose().starts_with('/')
    }
}

impl Parameter for Password {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if is_password(text) {
            Ok(Self(Secret::new(text.to_owned())))
        } else {
            Err(ErrorCode::PasswordMalformed.into())
        }
    }
}

/// Data for the guest: at most 32 KiB, in base64.
#[derive(Clone, Debug)]
pub struct UserData(pub String);

impl Parameter for UserData {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        const MOST_BYTES: usize = 32 * 1024;
        let data = STANDARD.decode(text).map_err(|_| Invalid::Value)?;
        if data.len() > MOST_BYTES {
            return Err(ErrorCode::UserDataTooLarge.into());
        }
        Ok(Self(text.to_owned()))
    }
}

/// A private IPv4 address.
#[derive(Clone, Copy, Debug)]
pub struct PrivateIp(pub Ipv4Addr);

impl Parameter for PrivateIp {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let address: Ipv4Addr = text.parse().map_err(|_| ErrorCode::PrivateIpMalformed)?;
        // Which block the vSwitch has is not known here; that it is a private one is.
        if address.is_private() { Ok(Self(address)) } else { Err(ErrorCode::PrivateIpOutside.into()) }
    }
}

/// Whether it looks like an id: the prefix, then 1 to 30 lower-case letters and digits. What VPC makes is not known here.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (1..=30).contains(&rest.len()) && rest.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// The id of a vSwitch.
#[derive(Clone, Debug)]
pub struct VSwitchId(pub String);

impl Parameter for VSwitchId {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if is_id(text, "vsw-") { Ok(Self(text.to_owned())) } else { Err(ErrorCode::VSwitchNotFound.into()) }
    }
}

/// The id of a security group.
#[derive(Clone, Debug)]
pub struct SecurityGroupId(pub String);

impl Parameter for SecurityGroupId {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if is_id(text, "sg-") { Ok(Self(text.to_owned())) } else { Err(ErrorCode::SecurityGroupNotFound.into()) }
    }
}

/// Most security groups of an instance ("Limits").
const MOST_SECURITY_GROUPS: usize = 16;

/// `SecurityGroupIds.N`: different ids.
#[derive(Clone, Debug, Default)]
pub struct SecurityGroupIds(pub Vec<String>);

impl Field for SecurityGroupIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let mut ids: Vec<String> = Vec::new();
        for text in reader.items(name, MOST_SECURITY_GROUPS)? {
            if !is_id(text, "sg-") {
                return Err(ErrorCode::SecurityGroupNotFound.into());
            }
            if ids.iter().any(|id| id == text) {
                return Err(reader.invalid(name));
            }
            ids.push(text.to_owned());
        }
        Ok(Self(ids))
    }
}

/// Most ids of instances in a request.
pub const MOST_INSTANCE_IDS: usize = 100;

/// `InstanceId.N` of an operation on several instances: 1 to 100; one that is there twice counts once.
#[derive(Clone, Debug)]
pub struct InstanceIds(pub Vec<String>);

impl Field for InstanceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let ListedInstanceIds(ids) = ListedInstanceIds::read(reader, name)?;
        Ok(Self(ids.ok_or_else(|| reader.missing(name))?))
    }
}

/// `InstanceId.N` of a listing: `None` where it names none.
#[derive(Clone, Debug)]
pub struct ListedInstanceIds(pub Option<Vec<String>>);

impl Field for ListedInstanceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let mut ids: Vec<String> = Vec::new();
        for text in reader.items(name, MOST_INSTANCE_IDS)?.into_iter().filter(|text| !text.is_empty()) {
            if !ids.iter().any(|id| id == text) {
                ids.push(text.to_owned());
            }
        }
        Ok(Self(Some(ids).filter(|ids| !ids.is_empty())))
    }
}

/// `AutoReleaseTime`: full minutes, at least half an hour and at most three years ahead.
#[derive(Clone, Copy, Debug)]
pub struct AutoReleaseTime(Timestamp);

impl Parameter for AutoReleaseTime {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        const MINUTE_MS: i64 = 60_000;
        let at = Timestamp::parse_iso8601(text).ok_or(ErrorCode::AutoReleaseTimeMalformed)?;
        Ok(Self(Timestamp::from_unix_ms(at.unix_ms() - at.unix_ms().rem_euclid(MINUTE_MS))))
    }
}

impl AutoReleaseTime {
    /// The moment, if it is one that may be asked for at `now`.
    pub fn at(self, now: Timestamp) -> Result<Timestamp, ErrorCode> {
        const LEAST_MS: i64 = 30 * 60_000;
        const MOST_MS: i64 = 3 * 365 * 24 * 60 * 60_000;
        let Self(at) = self;
        if (now.plus_ms(LEAST_MS)..=now.plus_ms(MOST_MS)).contains(&at) {
            Ok(at)
        } else {
            Err(ErrorCode::AutoReleaseTimeMalformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_three_kinds_of_characters_and_only_known_ones() {
        for text in ["Passw0rd", "aA345678", "()`~!@#aB", "a1!a1!a1!"] {
            assert!(Password::from_text(text).is_ok(), "{text}");
        }
        for text in ["password", "Password", "Pass w0rd", "aA1", "aA1ééééééé", "aA1aA1aA1aA1aA1aA1aA1aA1aA1aA1aA1"]
        {
            assert!(Password::from_text(text).is_err(), "{text}");
        }
        assert!(!Password::from_text("/Passw0rd").is_ok_and(|password| password.suits("windows")));
        assert!(Password::from_text("/Passw0rd").is_ok_and(|password| password.suits("linux")));
    }

    #[test]
    fn host_names_differ_by_operating_system() {
        for name in ["web-1", "a.b.c", "1a"] {
            assert!(is_host_name(name, "linux"), "{name}");
        }
        for name in ["-a", "a-", "a--b", "a..b", ".a", "a", "a_b", "é1", ""] {
            assert!(!is_host_name(name, "linux"), "{name}");
        }
        assert!(is_host_name("WEB-1", "windows"));
        for name in ["a.b", "12", "abcdefghijklmnop"] {
            assert!(!is_host_name(name, "windows"), "{name}");
        }
    }

    #[test]
    fn ids_of_networks_are_checked_by_their_shape() {
        assert!(is_id("vsw-bp1s5fnvk4gn2tws03624", "vsw-"));
        for text in ["vsw-", "sg-bp1", "vsw-BP1", "vsw-a,b", "vsw-0123456789012345678901234567890"] {
            assert!(!is_id(text, "vsw-"), "{text}");
        }
    }
}
