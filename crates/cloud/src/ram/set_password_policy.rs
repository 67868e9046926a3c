//! SetPasswordPolicy: what the passwords of RAM users must be from now on. What is not said is as the vendor begins with.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::preferences::{self, PasswordPolicy};

use super::entity;
use super::item::PasswordPolicyItem;
use super::parameter::Within;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The policy.
    pub struct Request {
        /// Whether nobody logs on with a password that is too old.
        pub hard_expiry: Option<bool> = "HardExpiry",
        /// Wrong passwords an hour; 0 for any number.
        pub max_login_attempts: Option<Within<0, 32>> = "MaxLoginAttemps",
        /// After how many days it is too old; 0 for never.
        pub max_age_d: Option<Within<0, 1095>> = "MaxPasswordAge",
        /// Least number of characters.
        pub minimum_length: Option<MinimumLength> = "MinimumPasswordLength",
        /// How many of its predecessors it may not be.
        pub reuse_prevention: Option<Within<0, 24>> = "PasswordReusePrevention",
        /// Whether it must hold a lower-case letter.
        pub lowercase: Option<bool> = "RequireLowercaseCharacters",
        /// Whether it must hold a digit.
        pub numbers: Option<bool> = "RequireNumbers",
        /// Whether it must hold a symbol.
        pub symbols: Option<bool> = "RequireSymbols",
        /// Whether it must hold an upper-case letter.
        pub uppercase: Option<bool> = "RequireUppercaseCharacters",
    }
}

/// 8 to 32 characters.
#[derive(Clone, Copy, Debug)]
pub struct MinimumLength(i64);

impl Parameter for MinimumLength {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let length = i64::from_text(text)?;
        if (8..=32).contains(&length) { Ok(Self(length)) } else { Err(ErrorCode::RamPasswordLengthRange.into()) }
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub policy: PasswordPolicyItem = "PasswordPolicy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetPasswordPolicy",
    effect: Effect::Write,
    access: Access::Action("ram:SetPasswordPolicy"),
    idempotent: false,
    errors: &[&[ErrorCode::RamInvalidParameter, ErrorCode::RamPasswordLengthRange]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let policy = PasswordPolicy {
        account: cx.account().clone(),
        minimum_length: request.minimum_length.map_or(8, |MinimumLength(length)| length),
        lowercase: request.lowercase.unwrap_or(false),
        uppercase: request.uppercase.unwrap_or(false),
        numbers: request.numbers.unwrap_or(false),
        symbols: request.symbols.unwrap_or(false),
        hard_expiry: request.hard_expiry.unwrap_or(false),
        max_age_d: request.max_age_d.map_or(0, |Within(days)| days),
        reuse_prevention: request.reuse_prevention.map_or(0, |Within(number)| number),
        max_login_attempts: request.max_login_attempts.map_or(5, |Within(number)| number),
    };
    preferences::set(cx.tx, cx.account(), &policy)?;
    Ok(Response { policy: policy.into() })
}
