//! CreateDisk: a new data disk, encrypted where the request or the account's default says so.
//!
//! An encrypted disk gets a data key of its own, wrapped by KMS under the chosen key and bound to account, region and disk. The
//! vendor: see its page for sizes and categories; an instance that it is to be attached to must be a subscription one, and there are
//! none here. Where it is silent: a zone is needed unless the category is regional.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::absent::NoArns;
use super::disk_types::{Category, Level};
use super::encryption::{self, Wish};
use super::new_disk::{self, NewDisk, Performance};
use super::parameter::{Description, DiskName, KnownRegion, NewTags, TAG_ERRORS};
use super::{owned, quota};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What the disk is to be.
    pub struct Request {
        /// Reserved by the vendor.
        pub advanced_features: Option<NoFeatures> = "AdvancedFeatures",
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
        /// A storage set.
        pub storage_set_id: Option<NoStorageSet> = "StorageSetId",
        /// Partitions of the storage set.
        pub storage_set_partition_number: Option<NoPartitions> = "StorageSetPartitionNumber",
        /// Tags.
        pub tags: NewTags = "Tag",
        /// The zone.
        pub zone_id: Option<String> = "ZoneId",
    }
    refused { "StorageClusterId", }
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
    errors: &[OWN_ERRORS, &new_disk::ERRORS, &encryption::ERRORS, &quota::DISK_ERRORS, TAG_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::IdempotentParameterMismatch,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsMissingParameter,
    ErrorCode::EcsRegionNotFound,
    ErrorCode::ZoneNotFound,
    ErrorCode::ZoneWithRegionalDisk,
    ErrorCode::ZoneAndInstanceConflict,
    ErrorCode::InstanceNotFound,
    ErrorCode::InstanceNotSubscription,
    ErrorCode::MultiAttachAndInstance,
    ErrorCode::DiskFeaturesInvalid,
    ErrorCode::StorageSetNotFound,
    ErrorCode::StorageSetPartitionInvalid,
    ErrorCode::EphemeralFromSnapshot,
    ErrorCode::BurstingMultiAttach,
    ErrorCode::SnapshotNotFound,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::DiskNameMalformed,
    ErrorCode::DescriptionMalformed,
    ErrorCode::DiskCategoryNotSupported,
    ErrorCode::MultiAttachInvalid,
    ErrorCode::MultiAttachCategory,
    ErrorCode::EncryptAlgorithmNeedsEncrypted,
    ErrorCode::EncryptAlgorithmInvalid,
    ErrorCode::ArnsNotInWhiteList,
];

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

macro_rules! not_offered {
    ($(#[$note:meta])* $type:ident $kind:literal $code:ident) => {
        $(#[$note])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        impl Parameter for $type {
            const KIND: &'static str = $kind;

            fn from_text(_: &str) -> Result<Self, Invalid> {
                Err(ErrorCode::$code.into())
            }
        }
    };
}

not_offered!(
    /// `AdvancedFeatures`: there are none here.
    NoFeatures "String" DiskFeaturesInvalid
);
not_offered!(
    /// `StorageSetId`: there are no storage sets here.
    NoStorageSet "String" StorageSetNotFound
);
not_offered!(
    /// `StorageSetPartitionNumber`: nor have they partitions.
    NoPartitions "Integer" StorageSetPartitionInvalid
);

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let region = request.region.0;
    let wish = Wish { encrypted: request.encrypted, kms_key_id: request.kms_key_id.clone() };
    let snapshot = match &request.snapshot_id {
        Some(id) => new_disk::readable(cx, region, id)?,
        None => None,
    };
    encryption::foresee(cx, region, &wish, snapshot.as_ref(), false)?;
    let mut resources = vec![Arn::ecs(region, cx.account(), "disk/*")];
    resources.extend(request.snapshot_id.iter().map(|id| Arn::ecs(region, cx.account(), &format!("snapshot/{id}"))));
    Ok(resources)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    let category = request.category.unwrap_or(Category::Cloud);
    let zone_id = zone(cx, &request, category)?;
    refuse_absent(&request)?;
    let snapshot_id = request.snapshot_id.as_deref();
    let snapshot = snapshot_id.map(|id| new_disk::source(cx, region, id, ErrorCode::SnapshotNotFound)).transpose()?;
    if snapshot.is_some() && matches!(category, Category::EphemeralStandard | Category::EphemeralPremium) {
        return Err(ErrorCode::EphemeralFromSnapshot.into());
    }
    let level = new_disk::level(category, request.performance_level)?;
    let size_gib = new_disk::data_disk_size(category, level, request.size_gib, snapshot.as_ref())?;
    let performance = Performance { provisioned_iops: request.provisioned_iops, bursting: request.bursting_enabled };
    new_disk::check_performance(category, level, size_gib, performance)?;
    let multi_attach = request.multi_attach.is_some_and(|MultiAttach(on)| on);
    if multi_attach && request.bursting_enabled == Some(true) {
        return Err(ErrorCode::BurstingMultiAttach.into());
    }
    if multi_attach && !category.can_be_shared() {
        return Err(ErrorCode::MultiAttachCategory.into());
    }
    let new = NewDisk {
        region,
        zone_id,
        disk_name: request.disk_name.map(|DiskName(name)| name).unwrap_or_default(),
        description: request.description.map(|Description(text)| text).unwrap_or_default(),
        category,
        level,
        size_gib,
        wish: Wish { encrypted: request.encrypted, kms_key_id: request.kms_key_id },
        is_system: false,
        of_new_instance: false,
        snapshot: snapshot.as_ref(),
        image_id: String::new(),
        provisioned_iops: request.provisioned_iops,
        bursting_enabled: request.bursting_enabled.unwrap_or(false),
        multi_attach,
        delete_with_instance: false,
        tags: &request.tags.0,
    };
    Ok(Response { disk_id: new_disk::make(cx, new)?.disk_id })
}

fn zone(cx: &Cx<'_>, request: &Request, category: Category) -> Result<String, ApiError> {
    match (&request.zone_id, &request.instance_id) {
        (Some(_), Some(_)) => Err(ErrorCode::ZoneAndInstanceConflict.into()),
        (None, Some(_)) if request.multi_attach == Some(MultiAttach(true)) => {
            Err(ErrorCode::MultiAttachAndInstance.into())
        }
        (None, Some(instance_id)) => {
            let instance: Option<Instance> = owned::find_in(cx, request.region.0, instance_id)?;
            // Every instance here is paid as it goes.
            Err(instance.map_or(ErrorCode::InstanceNotFound, |_| ErrorCode::InstanceNotSubscription).into())
        }
        (Some(_), None) if category == Category::RegionalAuto => Err(ErrorCode::ZoneWithRegionalDisk.into()),
        (None, None) if category == Category::RegionalAuto => Ok(String::new()),
        (None, None) => Err(ApiError::with(ErrorCode::EcsMissingParameter, ["ZoneId".to_owned()])),
        (Some(zone), None) if request.region.0.zones().contains(&zone.as_str()) => Ok(zone.clone()),
        (Some(_), None) => Err(ErrorCode::ZoneNotFound.into()),
    }
}

/// What a request may name but this server does not have.
fn refuse_absent(request: &Request) -> Result<(), ApiError> {
    if request.resource_group_id.is_some() {
        return Err(ErrorCode::ResourceGroupNotFound.into());
    }
    if request.encrypt_algorithm.is_some() {
        return Err(match request.encrypted {
            Some(true) => ErrorCode::EncryptAlgorithmInvalid,
            _ => ErrorCode::EncryptAlgorithmNeedsEncrypted,
        }
        .into());
    }
    Ok(())
}
