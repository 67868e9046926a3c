//! `KeyMetadata`, as CreateKey and DescribeKey show it.

use coffer_base::ApiError;
use coffer_store::keys::Key;

use super::key::{self, State};
use crate::value::response;

response! {
    /// A key, described. Every member is text.
    pub struct KeyMetadata {
        /// Its id.
        pub key_id: String = "KeyId",
        /// Its ARN.
        pub arn: String = "Arn",
        /// The account that made it.
        pub creator: String = "Creator",
        /// When.
        pub creation_date: String = "CreationDate",
        /// Its description.
        pub description: String = "Description",
        /// Its state.
        pub key_state: String = "KeyState",
        /// What it is for.
        pub key_usage: String = "KeyUsage",
        /// Its kind.
        pub key_spec: String = "KeySpec",
        /// Where its material comes from.
        pub origin: String = "Origin",
        /// What protects it.
        pub protection_level: String = "ProtectionLevel",
        /// Whether it is rotated by itself: `Enabled`, `Disabled` or `Suspended`.
        pub automatic_rotation: &'static str = "AutomaticRotation",
        /// How often, in seconds with their unit; absent while rotation is off.
        pub rotation_interval: Option<String> = "RotationInterval",
        /// When next; absent while rotation is off.
        pub next_rotation_date: Option<String> = "NextRotationDate",
        /// When last, or when it was made.
        pub last_rotation_date: String = "LastRotationDate",
        /// The version that encrypts.
        pub primary_key_version: Option<String> = "PrimaryKeyVersion",
        /// When it will be deleted; empty unless that is planned.
        pub delete_date: String = "DeleteDate",
        /// When imported material expires; empty where it does not.
        pub material_expire_time: &'static str = "MaterialExpireTime",
    }
}

impl KeyMetadata {
    /// Describes a key.
    pub fn of(key: Key) -> Result<Self, ApiError> {
        let state = State::of(&key)?;
        let interval = key.rotation_interval_s;
        let next = interval.map(|seconds| key.last_rotation_at.plus_ms(seconds.saturating_mul(1000)));
        Ok(Self {
            arn: key::arn(&key).to_string(),
            creator: key.account.to_string(),
            creation_date: key.created_at.to_iso8601(),
            automatic_rotation: match (interval, state) {
                (None, _) => "Disabled",
                (Some(_), State::Disabled | State::PendingDeletion) => "Suspended",
                (Some(_), State::Enabled) => "Enabled",
            },
            rotation_interval: interval.map(|seconds| format!("{seconds}s")),
            next_rotation_date: next.map(coffer_base::Timestamp::to_iso8601),
            last_rotation_date: key.last_rotation_at.to_iso8601(),
            delete_date: key.delete_at.map(coffer_base::Timestamp::to_iso8601).unwrap_or_default(),
            key_id: key.key_id,
            description: key.description,
            key_state: key.state,
            key_usage: key.key_usage,
            key_spec: key.key_spec,
            origin: key.origin,
            protection_level: key.protection_level,
            primary_key_version: key.primary_version_id,
            material_expire_time: "",
        })
    }
}
