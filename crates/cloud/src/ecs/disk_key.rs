//! May ECS use this KMS key for disks? One answer for every operation; each words a "no" with its own code.

use coffer_base::{AccountId, ApiError, ErrorCode, Region};
use coffer_store::keys::Key;
use coffer_store::tags::{self, Resource, Tag};

use crate::auth::{service_may, service_may_once_tagged};
use crate::context::Cx;
use crate::kms::key::{self, State};
use crate::kms::service::{self, Service};

/// The role through which ECS reaches a customer's keys ("AliyunECSDiskEncryptDefaultRole").
pub const ROLE: &str = "AliyunECSDiskEncryptDefaultRole";
/// The role through which ECS reads snapshots that an account shares with others.
pub const SHARE_ROLE: &str = "AliyunECSShareEncryptSnapshotDefaultRole";
/// ECS as a role trusts it.
pub const SERVICE: &str = "ecs.aliyuncs.com";
/// The tag that ECS puts on a customer's key that it uses.
const TAG_KEY: &str = "acs:ecs:disk-encryption";

/// Why ECS can't use a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// KMS is not open for its account in its region.
    KmsClosed,
    /// There is no such key in the account and region.
    NotFound,
    /// It is not of a kind that can wrap data keys of disks.
    NotSymmetric,
    /// It is not enabled.
    NotEnabled,
    /// The role is missing, does not trust ECS, or does not allow what is needed.
    Unauthorized,
    /// The role does not allow ECS to put its tag on the key.
    TagUnauthorized,
}

/// How an operation words each problem with a key.
#[derive(Clone, Copy, Debug)]
pub struct Wording {
    kms_closed: ErrorCode,
    not_found: ErrorCode,
    not_symmetric: ErrorCode,
    not_enabled: ErrorCode,
    unauthorized: ErrorCode,
    tag_unauthorized: ErrorCode,
}

impl Wording {
    /// CreateDisk, CreateInstance and RunInstances.
    pub const CREATE: Self = Self {
        kms_closed: ErrorCode::DiskKmsNotEnabled,
        not_found: ErrorCode::DiskKeyNotFound,
        not_symmetric: ErrorCode::KeyNotSymmetric,
        not_enabled: ErrorCode::DiskKeyNotEnabled,
        unauthorized: ErrorCode::KmsUnauthorized,
        tag_unauthorized: ErrorCode::KmsTagUnauthorized,
    };
    /// AttachDisk and CreateSnapshotGroup; ResizeDisk, ReInitDisk and CreateImage, whose pages have no code of their own for a key
    /// that is gone. None of these has one for a closed KMS: it lets ECS do as little as a missing role does.
    pub const ATTACH: Self = Self {
        kms_closed: ErrorCode::KmsUnauthorized,
        not_found: ErrorCode::AttachKeyNotFound,
        not_symmetric: ErrorCode::UsedKeyNotEnabled,
        not_enabled: ErrorCode::UsedKeyNotEnabled,
        unauthorized: ErrorCode::KmsUnauthorized,
        tag_unauthorized: ErrorCode::UsedKeyTagUnauthorized,
    };
    /// ResetDisk and ResetDisks.
    pub const RESET: Self = Self { not_found: ErrorCode::DiskKeyNotFound, ..Self::ATTACH };
    /// StartInstance.
    pub const START: Self = Self { not_found: ErrorCode::UsedKeyNotFound, ..Self::ATTACH };
    /// CreateSnapshot.
    pub const SNAPSHOT: Self = Self {
        not_found: ErrorCode::SnapshotKeyNotFound,
        tag_unauthorized: ErrorCode::SnapshotKeyTagUnauthorized,
        ..Self::ATTACH
    };
    /// CopySnapshot.
    pub const COPY_SNAPSHOT: Self = Self {
        kms_closed: ErrorCode::CopyKmsNotEnabled,
        not_found: ErrorCode::UsedKeyNotFound,
        not_symmetric: ErrorCode::CopyKeyNotSymmetric,
        ..Self::CREATE
    };
    /// CopyImage.
    pub const COPY_IMAGE: Self = Self { kms_closed: ErrorCode::CopyImageKmsNotEnabled, ..Self::CREATE };
    /// ModifyDiskSpec, which has no code of its own for a key that is gone.
    pub const SPEC: Self = Self {
        kms_closed: ErrorCode::SpecKeyTagUnauthorized,
        not_found: ErrorCode::SpecKeyNotEnabled,
        not_symmetric: ErrorCode::SpecKeyNotEnabled,
        not_enabled: ErrorCode::SpecKeyNotEnabled,
        unauthorized: ErrorCode::SpecKeyTagUnauthorized,
        tag_unauthorized: ErrorCode::SpecKeyTagUnauthorized,
    };

    /// The codes, for an operation's table of errors. Some may be the same.
    pub const fn codes(&self) -> [ErrorCode; 6] {
        [
            self.kms_closed,
            self.not_found,
            self.not_symmetric,
            self.not_enabled,
            self.unauthorized,
            self.tag_unauthorized,
        ]
    }

    /// The error for a problem.
    pub const fn error(&self, problem: Problem) -> ErrorCode {
        match problem {
            Problem::KmsClosed => self.kms_closed,
            Problem::NotFound => self.not_found,
            Problem::NotSymmetric => self.not_symmetric,
            Problem::NotEnabled => self.not_enabled,
            Problem::Unauthorized => self.unauthorized,
            Problem::TagUnauthorized => self.tag_unauthorized,
        }
    }
}

/// The key of that id, if ECS may use it for the caller's disks in `region`: KMS is open, it exists there, is symmetric and enabled, and, unless
/// it is the service key, the role allows its use. ECS's tag is put on it then.
pub fn usable(cx: &mut Cx<'_>, region: Region, key_id: &str) -> Result<Result<Key, Problem>, ApiError> {
    let (key, is_tagged) = match allowed(cx, region, key_id)? {
        Ok(allowed) => allowed,
        Err(problem) => return Ok(Err(problem)),
    };
    if !is_tagged {
        let on = Resource { account: &key.account, region, resource_type: "key", resource_id: &key.key_id };
        tags::set(cx.tx, on, &tag())?;
    }
    Ok(Ok(key))
}

fn tag() -> Tag {
    Tag { key: TAG_KEY.to_owned(), value: "true".to_owned() }
}

/// The same, without putting the tag on it; whether it has that, or needs none.
pub fn allowed(cx: &Cx<'_>, region: Region, key_id: &str) -> Result<Result<(Key, bool), Problem>, ApiError> {
    let key = match existing(cx, cx.account(), region, key_id)? {
        Ok(key) if key.creator_type == "Service" => return Ok(Ok((key, true))),
        Ok(key) => key,
        Err(problem) => return Ok(Err(problem)),
    };
    let is_tagged = tags::of(cx.tx, &key.key_id)?.iter().any(|tag| tag.key == TAG_KEY);
    let (account, arn) = (&key.account, key::arn(&key));
    let actions = ["kms:DescribeKey", "kms:TagResource"];
    let [describe, may_tag] = service_may(cx, account, ROLE, SERVICE, actions, &arn)?;
    // The tag comes first: a role may allow the use of what has it and of nothing else.
    let new = (!is_tagged && may_tag).then(tag);
    let actions = ["kms:GenerateDataKey", "kms:Decrypt"];
    let [generate, decrypt] = service_may_once_tagged(cx, account, ROLE, SERVICE, actions, &arn, new.as_ref())?;
    if !(describe && generate && decrypt) {
        return Ok(Err(Problem::Unauthorized));
    }
    if !is_tagged && !may_tag {
        return Ok(Err(Problem::TagUnauthorized));
    }
    Ok(Ok((key, is_tagged)))
}

/// The key of another account's snapshot, if that account lets ECS read with it on the caller's behalf: through the role of
/// [`SHARE_ROLE`], which trusts `<caller's account>@ecs.aliyuncs.com` ("Share a snapshot").
pub fn readable_of_shared(
    cx: &Cx<'_>,
    owner: &AccountId,
    region: Region,
    key_id: &str,
) -> Result<Result<Key, Problem>, ApiError> {
    let key = match existing(cx, owner, region, key_id)? {
        // What is encrypted with a service key can't be shared.
        Ok(key) if key.creator_type == "Service" => return Ok(Err(Problem::Unauthorized)),
        Ok(key) => key,
        Err(problem) => return Ok(Err(problem)),
    };
    let service = format!("{}@{SERVICE}", cx.account());
    let [decrypt] = service_may(cx, owner, SHARE_ROLE, &service, ["kms:Decrypt"], &key::arn(&key))?;
    Ok(if decrypt { Ok(key) } else { Err(Problem::Unauthorized) })
}

fn existing(cx: &Cx<'_>, owner: &AccountId, region: Region, key_id: &str) -> Result<Result<Key, Problem>, ApiError> {
    cx.require_kms()?;
    if service::state(cx.tx, owner, region)? != Service::Open {
        return Ok(Err(Problem::KmsClosed));
    }
    let found = key::get(cx, key_id)?.filter(|key| key.account == *owner && key.region == region);
    let Some(key) = found else { return Ok(Err(Problem::NotFound)) };
    if !matches!(key.key_spec.as_str(), "Aliyun_AES_256" | "Aliyun_SM4") {
        return Ok(Err(Problem::NotSymmetric));
    }
    Ok(if State::of(&key)? == State::Enabled { Ok(key) } else { Err(Problem::NotEnabled) })
}
