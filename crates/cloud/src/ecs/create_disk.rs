//! CreateDisk: a new data disk, encrypted where the request or the account's default says so.
//!
//! An encrypted disk gets a data key of its own, wrapped by KMS under the chosen key and bound to account, region and disk. The
//! vendor: see its page for sizes and categories. Where it is silent: a zone is needed unless the category is regional.

use std::collections::BTreeMap;

use coffer_base::{ApiError, Arn, ErrorCode, ids};
use coffer_store::disks::{self, Disk};
use coffer_store::keys::Key;
use coffer_store::tags::{self, Resource};

use super::disk_types::{Category, Level};
use super::encryption::{self, Wish};
use super::parameter::{Description, DiskName, KnownRegion, NewTags};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::kms::cipher;
use crate::kms::encryption_context::EncryptionContext;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What the disk is to be.
    pub struct Request {
        /// Reserved by the vendor.
        pub advanced_features: Option<Withheld> = "AdvancedFeatures",
        /// Keys of other accounts, by invitation only.
        pub arn: NoArns = "Arn",
        /// Whether it may exceed its baseline for a while.
        pub bursting_enabled: Option<bool> = "BurstingEnabled",
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// A description.
        pub description: Option<Description> = "Description",
        /// Its category.
        pub category: Option<Category> = "DiskCategory",
        /// Its name.
        pub disk_name: Option<DiskName> = "DiskName",
        /// Reserved by the vendor.
        pub encrypt_algorithm: Option<String> = "EncryptAlgorithm",
        /// Whether it is to be encrypted.
        pub encrypted: Option<bool> = "Encrypted",
        /// The subscription instance it is to be attached to.
        pub instance_id: Option<String> = "InstanceId",
        /// The key it is to be encrypted with.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// Whether several instances may attach it.
        pub multi_attach: Option<MultiAttach> = "MultiAttach",
        /// An ESSD's level.
        pub performance_level: Option<Level> = "PerformanceLevel",
        /// IOPS beyond the baseline.
        pub provisioned_iops: Option<i64> = "ProvisionedIops",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// The resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Its size in GiB.
        pub size_gib: Option<i64> = "Size",
        /// The snapshot it is made from.
        pub snapshot_id: Option<String> = "SnapshotId",
        /// A dedicated block storage cluster.
        pub storage_cluster_id: Option<Withheld> = "StorageClusterId",
        /// A storage set.
        pub storage_set_id: Option<Withheld> = "StorageSetId",
        /// Partitions of the storage set.
        pub storage_set_partition_number: Option<i64> = "StorageSetPartitionNumber",
        /// Tags.
        pub tags: NewTags = "Tag",
        /// The zone.
        pub zone_id: Option<String> = "ZoneId",
    }
}

response! {
    /// The disk.
    pub struct Response {
        /// Its id.
        pub disk_id: String = "DiskId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:CreateDisk"),
    idempotent: true,
    errors: &ERRORS,
};

const OWN_ERRORS: [ErrorCode; 27] = [
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsMissingParameter,
    ErrorCode::EcsRegionNotFound,
    ErrorCode::ZoneNotFound,
    ErrorCode::ZoneWithRegionalDisk,
    ErrorCode::ZoneAndInstanceConflict,
    ErrorCode::InstanceNotFound,
    ErrorCode::SnapshotNotFound,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::DiskSourceMissing,
    ErrorCode::DiskSizeNotSupported,
    ErrorCode::DiskSizeBeyondRange,
    ErrorCode::DiskNameMalformed,
    ErrorCode::DescriptionMalformed,
    ErrorCode::DiskCategoryNotSupported,
    ErrorCode::PerformanceLevelMalformed,
    ErrorCode::PerformanceLevelNotMatch,
    ErrorCode::ProvisionedIopsUnsupported,
    ErrorCode::ProvisionedIopsLimit,
    ErrorCode::BurstingUnsupported,
    ErrorCode::BurstingTooSmall,
    ErrorCode::MultiAttachInvalid,
    ErrorCode::MultiAttachCategory,
    ErrorCode::EncryptAlgorithmNeedsEncrypted,
    ErrorCode::EncryptAlgorithmInvalid,
    ErrorCode::EncryptionNotSupported,
    ErrorCode::ArnsNotInWhiteList,
];

const ERRORS: [ErrorCode; OWN_ERRORS.len() + encryption::ERRORS.len() + super::parameter::TAG_ERRORS.len() + 1] = {
    let mut all = [ErrorCode::IdempotentParameterMismatch; OWN_ERRORS.len() + encryption::ERRORS.len() + super::parameter::TAG_ERRORS.len() + 1];
    let mut place = 0;
    while place < OWN_ERRORS.len() {
        all[place] = OWN_ERRORS[place];
        place += 1;
    }
    all
};

/// Whether several instances may attach a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiAttach(pub bool);

impl Parameter for MultiAttach {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "Disabled" => Ok(Self(false)),
            "Enabled" => Ok(Self(true)),
            _ => Err(ErrorCode::MultiAttachInvalid.into()),
        }
    }
}
