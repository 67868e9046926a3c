//! `KeyMetadata`, as CreateKey and DescribeKey show it.

use coffer_base::{ApiError, Timestamp};
use coffer_store::keys::Key;

use super::key::{self, State};
use super::rotation;
use crate::value::{Reply, Shape, Value, response};

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
        pub material_expire_time: String = "MaterialExpireTime",
    }
}

impl KeyMetadata {
    /// Describes a key.
    pub fn of(key: Key) -> Result<Self, ApiError> {
        let state = State::of(&key)?;
        let interval = key.rotation_interval_s;
        let next = rotation::next(&key);
        Ok(Self {
            arn: key::arn(&key).to_string(),
            creator: key.account.to_string(),
            creation_date: key.created_at.to_iso8601(),
            automatic_rotation: match (interval, state) {
                (None, _) => "Disabled",
                (Some(_), State::Disabled | State::PendingImport | State::PendingDeletion) => "Suspended",
                (Some(_), State::Enabled) => "Enabled",
            },
            rotation_interval: interval.map(|seconds| format!("{seconds}s")),
            next_rotation_date: next.map(Timestamp::to_iso8601),
            last_rotation_date: key.last_rotation_at.to_iso8601(),
            delete_date: key.delete_at.map(Timestamp::to_iso8601).unwrap_or_default(),
            key_id: key.key_id,
            description: key.description,
            key_state: key.state,
            key_usage: key.key_usage,
            key_spec: key.key_spec,
            origin: key.origin,
            protection_level: key.protection_level,
            primary_key_version: key.primary_version_id,
            material_expire_time: key.material_expire_at.map(Timestamp::to_iso8601).unwrap_or_default(),
        })
    }
}

/// The same as DescribeKey alone shows it: with whether the key is protected from deletion.
#[derive(Clone, Debug)]
pub struct WithProtection {
    metadata: KeyMetadata,
    protection: Protection,
}

response! {
    /// Whether a key is protected from deletion.
    pub struct Protection {
        /// `Enabled` or `Disabled`.
        pub deletion_protection: &'static str = "DeletionProtection",
        /// Why.
        pub description: String = "DeletionProtectionDescription",
    }
}

impl WithProtection {
    /// Describes a key.
    pub fn of(key: Key) -> Result<Self, ApiError> {
        let protection = Protection {
            deletion_protection: if key.deletion_protection { "Enabled" } else { "Disabled" },
            description: key.deletion_protection_description.clone(),
        };
        Ok(Self { metadata: KeyMetadata::of(key)?, protection })
    }
}

impl Reply for WithProtection {
    fn into_value(self) -> Option<Value> {
        match (self.metadata.into_value(), self.protection.into_value()) {
            (Some(Value::Object(members)), Some(Value::Object(more))) => Some(Value::Object([members, more].concat())),
            _ => unreachable!("both are objects"),
        }
    }

    fn shape() -> Shape {
        match (KeyMetadata::shape(), Protection::shape()) {
            (Shape::Object(members), Shape::Object(more)) => Shape::Object([members, more].concat()),
            _ => unreachable!("both are objects"),
        }
    }
}
