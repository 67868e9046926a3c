//! Parameter types of KMS that several operations share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::ErrorCode;

use crate::decode::{Invalid, Parameter, whole};

/// A page's number, from 1.
#[derive(Clone, Copy, Debug)]
pub struct PageNumber(pub i64);

impl Parameter for PageNumber {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let number = i64::from_text(text)?;
        if (1..=1_000_000).contains(&number) { Ok(Self(number)) } else { Err(Invalid::Value) }
    }
}

/// How many rows a page holds.
#[derive(Clone, Copy, Debug)]
pub struct PageSize<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> Parameter for PageSize<LEAST, MOST> {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let size = i64::from_text(text)?;
        if (LEAST..=MOST).contains(&size) { Ok(Self(size)) } else { Err(Invalid::Value) }
    }
}

/// A description: at most 8192 characters. An empty one takes the place of what was there.
#[derive(Clone, Debug)]
pub struct Description(pub String);

impl Parameter for Description {
    const MAY_BE_EMPTY: bool = true;

    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > 8192 { Err(Invalid::Value) } else { Ok(Self(text.to_owned())) }
    }
}

/// The name of an alias that a user may make: `alias/` and letters, digits, `_`, `-` and `/`, at most 255 characters in all, and
/// not in the vendor's own `alias/acs`.
#[derive(Clone, Debug)]
pub struct AliasName(pub String);

impl Parameter for AliasName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let name = text.strip_prefix("alias/").filter(|name| !name.is_empty()).ok_or(Invalid::Value)?;
        let allowed = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/'));
        if text.len() > 255 || !allowed || name.starts_with("acs") {
            return Err(Invalid::Value);
        }
        Ok(Self(text.to_owned()))
    }
}

/// `DryRun`, where `true` asks whether the call would succeed: it always fails, and the code says which.
#[derive(Clone, Copy, Debug)]
pub struct DryRun(pub bool);

impl Parameter for DryRun {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        bool::from_text(text).map(Self)
    }
}

impl DryRun {
    /// Ends a dry run that came this far.
    pub fn end(dry_run: Option<Self>) -> Result<(), ErrorCode> {
        match dry_run {
            Some(Self(true)) => Err(ErrorCode::KmsDryRun),
            _ => Ok(()),
        }
    }
}

/// `KeySpec` of a data key: `AES_256` or `AES_128`.
#[derive(Clone, Copy, Debug)]
pub struct DataKeySpec(usize);

impl Parameter for DataKeySpec {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "AES_256" => Ok(Self(32)),
            "AES_128" => Ok(Self(16)),
            _ => Err(Invalid::Value),
        }
    }
}

/// `NumberOfBytes` of a data key: 1 to 1024.
#[derive(Clone, Copy, Debug)]
pub struct DataKeyBytes(usize);

impl Parameter for DataKeyBytes {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        whole(text).filter(|bytes| (1..=1024).contains(bytes)).map(Self).ok_or(Invalid::Value)
    }
}

/// How long a data key is to be: 32 bytes, if nothing is said.
pub fn data_key_bytes(spec: Option<DataKeySpec>, bytes: Option<DataKeyBytes>) -> usize {
    let named = spec.map_or(32, |DataKeySpec(bytes)| bytes);
    bytes.map_or(named, |DataKeyBytes(bytes)| bytes)
}

/// Bytes in base64, at most as many as any ciphertext, signature or key of KMS has.
#[derive(Clone, Debug)]
pub struct Base64Bytes(pub Vec<u8>);

impl Parameter for Base64Bytes {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let bytes = STANDARD.decode(text).map_err(|_| Invalid::Value)?;
        if (1..=8192).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(Invalid::Value) }
    }
}

/// `Digest`: 32 bytes in base64, which all digests of KMS have.
#[derive(Clone, Copy, Debug)]
pub struct Digest(pub [u8; 32]);

impl Parameter for Digest {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let bytes = STANDARD.decode(text).map_err(|_| Invalid::Value)?;
        bytes.try_into().map(Self).map_err(|_| Invalid::Value)
    }
}

/// A KMS instance. There are none here.
#[derive(Clone, Copy, Debug)]
pub struct NoInstance;

impl Parameter for NoInstance {
    fn from_text(_: &str) -> Result<Self, Invalid> {
        Err(ErrorCode::KmsInstanceNotFound.into())
    }
}
