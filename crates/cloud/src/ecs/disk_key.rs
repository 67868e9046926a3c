//! May ECS use this KMS key for disks? One answer for every operation; each words a "no" with its own code.

use coffer_base::{ApiError, Region};
use coffer_store::keys::Key;
use coffer_store::tags::{self, Resource, Tag};

use crate::auth::service_may;
use crate::context::Cx;
use crate::kms::key::{self, State};

/// The role through which ECS reaches a customer's keys ("AliyunECSDiskEncryptDefaultRole").
pub const ROLE: &str = "AliyunECSDiskEncryptDefaultRole";
const SERVICE: &str = "ecs.aliyuncs.com";
/// The tag that ECS puts on a customer's key that it uses.
const TAG_KEY: &str = "acs:ecs:disk-encryption";

/// Why ECS can't use a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
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

/// The key of that id, if ECS may use it for disks in `region`: it exists there, is symmetric and enabled, and, unless it is the
/// service key, the role allows its use. ECS's tag is put on it then.
pub fn usable(cx: &mut Cx<'_>, region: Region, key_id: &str) -> Result<Result<Key, Problem>, ApiError> {
    let owned = key::get(cx, key_id)?.filter(|key| key.account == *cx.account() && key.region == region);
    let Some(key) = owned else { return Ok(Err(Problem::NotFound)) };
    if !matches!(key.key_spec.as_str(), "Aliyun_AES_256" | "Aliyun_SM4") {
        return Ok(Err(Problem::NotSymmetric));
    }
    if State::of(&key)? != State::Enabled {
        return Ok(Err(Problem::NotEnabled));
    }
    if key.creator_type == "Service" {
        return Ok(Ok(key));
    }
    let actions = ["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt", "kms:TagResource"];
    let [describe, generate, decrypt, tag] = service_may(cx, &key.account, ROLE, SERVICE, actions, &key::arn(&key))?;
    if !(describe && generate && decrypt) {
        return Ok(Err(Problem::Unauthorized));
    }
    if !tags::of(cx.tx, &key.key_id)?.iter().any(|tag| tag.key == TAG_KEY) {
        if !tag {
            return Ok(Err(Problem::TagUnauthorized));
        }
        let on = Resource { account: &key.account, region, resource_type: "key", resource_id: &key.key_id };
        tags::set(cx.tx, on, &Tag { key: TAG_KEY.to_owned(), value: "true".to_owned() })?;
    }
    Ok(Ok(key))
}
