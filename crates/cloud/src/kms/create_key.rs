//! CreateKey: a new key with its first version.
//!
//! The vendor today makes only default keys outside a KMS instance; here, as in its earlier editions, an account may have many.
//! Symmetric AES-256 keys with material made here; other specs, imported material and automatic rotation are refused by name.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::{self, New};
use super::metadata::KeyMetadata;
use super::parameter::{Description, NoInstance};
use super::service;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What the key is to be.
    pub struct Request {
        /// The instance it is to be in.
        pub instance_id: Option<NoInstance> = "DKMSInstanceId",
        /// A description.
        pub description: Option<Description> = "Description",
        /// Whether it is to be rotated by itself.
        pub enable_automatic_rotation: Option<bool> = "EnableAutomaticRotation",
        /// Its kind.
        pub key_spec: Option<Spec> = "KeySpec",
        /// What it is for.
        pub key_usage: Option<Usage> = "KeyUsage",
        /// Where its material comes from.
        pub origin: Option<Origin> = "Origin",
        /// What protects it; stored as it was sent.
        pub protection_level: Option<ProtectionLevel> = "ProtectionLevel",
    }
    refused { "KeyStorageMechanism", "Policy", "RotationInterval", "Tags" unless "[]", }
}

/// `KeySpec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// `Aliyun_AES_256`.
    Aes256,
    /// A spec of the vendor's that is not served.
    NotServed,
}

impl Parameter for Spec {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        const OTHERS: [&str; 9] = [
            "Aliyun_AES_128",
            "Aliyun_AES_192",
            "Aliyun_SM4",
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "EC_P256",
            "EC_P256K",
            "EC_SM2",
        ];
        match text {
            "Aliyun_AES_256" => Ok(Self::Aes256),
            _ if OTHERS.contains(&text) => Ok(Self::NotServed),
            _ => Err(Invalid::Value),
        }
    }
}

/// `KeyUsage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `ENCRYPT/DECRYPT`.
    Encrypt,
    /// `SIGN/VERIFY`, which a symmetric key can't be for.
    Sign,
}

impl Parameter for Usage {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "ENCRYPT/DECRYPT" => Ok(Self::Encrypt),
            "SIGN/VERIFY" => Ok(Self::Sign),
            _ => Err(Invalid::Value),
        }
    }
}

/// `Origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `Aliyun_KMS`.
    Made,
    /// `EXTERNAL`.
    Imported,
}

impl Parameter for Origin {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "Aliyun_KMS" => Ok(Self::Made),
            "EXTERNAL" => Ok(Self::Imported),
            _ => Err(Invalid::Value),
        }
    }
}

/// `ProtectionLevel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectionLevel(&'static str);

impl Parameter for ProtectionLevel {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "SOFTWARE" => Ok(Self("SOFTWARE")),
            "HSM" => Ok(Self("HSM")),
            _ => Err(Invalid::Value),
        }
    }
}

response! {
    /// The key.
    pub struct Response {
        /// Described.
        pub key: KeyMetadata = "KeyMetadata",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateKey",
    effect: Effect::Write,
    access: Access::Action("kms:CreateKey"),
    idempotent: false,
    errors: &[&[
        ErrorCode::KmsInvalidParameter,
        ErrorCode::KmsServiceNotEnabled,
        ErrorCode::KmsUnsupportedOperation,
        ErrorCode::KmsInstanceNotFound,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    service::require_open(cx, cx.region())?;
    Ok(vec![Arn::kms(cx.region(), cx.account(), "key")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let served = request.key_spec.is_none_or(|spec| spec == Spec::Aes256)
        && request.origin.is_none_or(|origin| origin == Origin::Made)
        && request.enable_automatic_rotation != Some(true);
    if !served {
        return Err(ErrorCode::KmsUnsupportedOperation.into());
    }
    if request.key_usage == Some(Usage::Sign) {
        return Err(crate::product::Product::Kms.invalid_parameter("KeyUsage"));
    }
    let region = cx.region();
    let new = New {
        protection_level: request.protection_level.map_or("SOFTWARE", |ProtectionLevel(level)| level),
        description: request.description.as_ref().map_or("", |Description(text)| text),
        ..New::default()
    };
    let key = key::create(cx, region, new)?;
    cx.note("keyId", key.key_id.clone());
    Ok(Response { key: KeyMetadata::of(key)? })
}
