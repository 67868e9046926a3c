//! GetRandomPassword: a random text of letters, digits and punctuation marks. Nothing is kept.
//!
//! Where the vendor says two things: unless it is told otherwise, every kind of character that may be there is.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::secret::Flag;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request, whole};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What it may hold.
    pub struct Request {
        /// Characters that must not be there.
        pub without: Option<Characters> = "ExcludeCharacters",
        /// Whether there are no lower-case letters.
        pub no_lowercase: Option<Flag> = "ExcludeLowercase",
        /// Whether there are no digits.
        pub no_numbers: Option<Flag> = "ExcludeNumbers",
        /// Whether there are no punctuation marks.
        pub no_punctuation: Option<Flag> = "ExcludePunctuation",
        /// Whether there are no capital letters.
        pub no_uppercase: Option<Flag> = "ExcludeUppercase",
        /// How long; 32 if nothing is said.
        pub length: Option<Length> = "PasswordLength",
        /// Whether every kind must be there.
        pub each: Option<Flag> = "RequireEachIncludedType",
    }
}

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;

/// 8 to 128 characters.
#[derive(Clone, Copy, Debug)]
pub struct Length(usize);

impl Parameter for Length {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        whole(text).filter(|length| (8..=128).contains(length)).map(Self).ok_or(Invalid::Value)
    }
}

/// Characters that a password can have.
#[derive(Clone, Debug)]
pub struct Characters(String);

impl Parameter for Characters {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = |c| [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION].iter().any(|kind| kind.contains(c));
        if text.len() <= 128 && text.chars().all(known) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

response! {
    /// The text.
    pub struct Response {
        /// The text.
        pub password: String = "RandomPassword",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetRandomPassword",
    effect: Effect::Read,
    access: Access::Action("kms:GetRandomPassword"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let without = request.without.map(|Characters(text)| text).unwrap_or_default();
    let set = |flag: Option<Flag>| flag.is_some_and(|Flag(set)| set);
    let kinds = [
        (LOWERCASE, set(request.no_lowercase)),
        (UPPERCASE, set(request.no_uppercase)),
        (NUMBERS, set(request.no_numbers)),
        (PUNCTUATION, set(request.no_punctuation)),
    ];
    let left = |kind: &str| kind.chars().filter(|c| !without.contains(*c)).collect::<String>();
    let kinds: Vec<String> = kinds.into_iter().filter(|(_, excluded)| !excluded).map(|(kind, _)| left(kind)).collect();
    let kinds: Vec<String> = kinds.into_iter().filter(|kind| !kind.is_empty()).collect();
    if kinds.is_empty() {
        return Err(Product::Kms.invalid_parameter("ExcludeCharacters"));
    }
    let (alphabet, length) = (kinds.concat(), request.length.map_or(32, |Length(length)| length));
    let each = request.each.is_none_or(|Flag(each)| each);
    // To draw again until it fits keeps every text that fits as likely as any other.
    loop {
        let password = cx.rng.characters(alphabet.as_bytes(), length);
        if !each || kinds.iter().all(|kind| password.contains(|c| kind.contains(c))) {
            return Ok(Response { password });
        }
    }
}
