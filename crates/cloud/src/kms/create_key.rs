//! CreateKey: a new key with its first version.
//!
//! The vendor today makes only default keys outside a KMS instance; here, as in its earlier editions, an account may have many.
//! Symmetric keys alone can have imported material or be rotated by themselves. A request for RSA is answered when the key is made,
//! which takes a moment.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_crypto::KeySpec;

use super::key::{self, New};
use super::metadata::KeyMetadata;
use super::parameter::{Description, NoInstance};
use super::policy::{self, KeyPolicy};
use super::quota;
use super::rotation::{self, RotationInterval};
use super::spec::{Spec, Usage};
use super::tagging::{self, ResourceType, TagList};
use crate::auth::key_policy::Guarded;
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
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
        /// Who may do what with it; without one the account decides.
        pub policy: Option<KeyPolicy> = "Policy",
        /// What protects it; stored as it was sent.
        pub protection_level: Option<ProtectionLevel> = "ProtectionLevel",
        /// How often it is to be rotated; needed where it is.
        pub rotation_interval: Option<RotationInterval> = "RotationInterval",
        /// Its tags.
        pub tags: Option<TagList> = "Tags",
    }
    refused { "KeyStorageMechanism", }
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
        ErrorCode::KmsMissingParameter,
        ErrorCode::KmsServiceNotEnabled,
        ErrorCode::KmsUnsupportedOperation,
        ErrorCode::KmsInstanceNotFound,
        ErrorCode::KmsLimitExceeded,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::kms(cx.region(), cx.account(), "key")])
}

/// A key pair that takes long to make.
pub fn costly(_cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    Ok(request.key_spec.and_then(|Spec(spec)| key::costly(spec)))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let spec = request.key_spec.map_or(KeySpec::Aes256, |Spec(spec)| spec);
    let usage = request.key_usage.unwrap_or_else(|| Usage::default_of(spec));
    if !usage.suits(spec) {
        return Err(Product::Kms.invalid_parameter("KeyUsage"));
    }
    let external = request.origin == Some(Origin::Imported);
    let rotation_interval_s =
        rotation::interval(request.enable_automatic_rotation == Some(true), request.rotation_interval)?;
    let symmetric = spec.symmetric_bytes().is_some();
    if external && !symmetric || rotation_interval_s.is_some() && (external || !symmetric) {
        return Err(ErrorCode::KmsUnsupportedOperation.into());
    }
    let region = cx.region();
    let new = New {
        spec,
        usage,
        external,
        protection_level: request.protection_level.map_or("SOFTWARE", |ProtectionLevel(level)| level),
        description: request.description.as_ref().map_or("", |Description(text)| text),
        rotation_interval_s,
        policy: request.policy.map(|KeyPolicy(text)| text),
        ..New::default()
    };
    let key = key::create(cx, region, new)?;
    quota::require_keys(cx, region)?;
    quota::require_versions(cx, &key)?;
    policy::require_changeable(cx, Guarded::Key(&key), "kms:SetKeyPolicy")?;
    let TagList(tags) = request.tags.unwrap_or_default();
    tagging::put(cx, ResourceType::Key, &key.account, region, &key.key_id, &tags)?;
    rotation::plan(cx.tx, &key, cx.now)?;
    cx.note("keyId", key.key_id.clone());
    Ok(Response { key: KeyMetadata::of(key)? })
}
