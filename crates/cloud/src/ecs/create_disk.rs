//! CreateDisk: a new data disk, encrypted where the request or the account's default says so.
//!
//! An encrypted disk gets a data key of its own, wrapped by KMS under the chosen key and bound to account, region and disk. The
//! vendor: see its page for sizes and categories. Where it is silent: a zone is needed unless the category is regional.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::disk_types::{Category, Level};
use super::encryption::{self, Wish};
use super::new_disk::{self, NewDisk};
use super::parameter::{Description, DiskName, KnownRegion, NewTags, TAG_ERRORS};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What the disk is to be.
    pub struct Request {
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
        /// Tags.
        pub tags: NewTags = "Tag",
        /// The zone.
        pub zone_id: Option<String> = "ZoneId",
    }
    refused { "AdvancedFeatures", "StorageClusterId", "StorageSetId", "StorageSetPartitionNumber", }
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
    errors: &[OWN_ERRORS, &new_disk::ERRORS, &encryption::ERRORS, TAG_ERRORS],
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
    ErrorCode::SnapshotNotFound,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::DiskNameMalformed,
    ErrorCode::DescriptionMalformed,
    ErrorCode::DiskCategoryNotSupported,
    ErrorCode::ProvisionedIopsUnsupported,
    ErrorCode::ProvisionedIopsLimit,
    ErrorCode::BurstingUnsupported,
    ErrorCode::BurstingTooSmall,
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

/// `Arn.N.*`: keys of other accounts, which the vendor offers by invitation only; nobody is invited here.
#[derive(Clone, Copy, Debug)]
pub struct NoArns;

impl Field for NoArns {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["AssumeRoleFor", "RoleType", "Rolearn"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        if reader.members(name).next().is_some() {
            return Err(ErrorCode::ArnsNotInWhiteList.into());
        }
        Ok(Self)
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let region = request.region.0;
    let mut resources = vec![Arn::ecs(region, cx.account(), "disk/*")];
    resources.extend(request.snapshot_id.iter().map(|id| Arn::ecs(region, cx.account(), &format!("snapshot/{id}"))));
    Ok(resources)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    let category = request.category.unwrap_or(Category::Cloud);
    let zone_id = zone(&request, category)?;
    refuse_absent(&request)?;
    let snapshot_id = request.snapshot_id.as_deref();
    let snapshot = snapshot_id.map(|id| new_disk::source(cx, region, id, ErrorCode::SnapshotNotFound)).transpose()?;
    let level = new_disk::level(category, request.performance_level)?;
    let size_gib = new_disk::data_disk_size(category, level, request.size_gib, snapshot.as_ref())?;
    check_performance(&request, category, level, size_gib)?;
    let multi_attach = request.multi_attach.is_some_and(|MultiAttach(on)| on);
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

fn zone(request: &Request, category: Category) -> Result<String, ApiError> {
    match (&request.zone_id, &request.instance_id) {
        (Some(_), Some(_)) => Err(ErrorCode::ZoneAndInstanceConflict.into()),
        (None, Some(_)) => Err(ErrorCode::InstanceNotFound.into()),
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

fn check_performance(
    request: &Request,
    category: Category,
    level: Option<Level>,
    size_gib: i64,
) -> Result<(), ApiError> {
    if let Some(iops) = request.provisioned_iops {
        if category != Category::Auto {
            return Err(ErrorCode::ProvisionedIopsUnsupported.into());
        }
        let most = (1000 * size_gib - category.iops(level, size_gib)).clamp(0, 50_000);
        if !(0..=most).contains(&iops) {
            return Err(ErrorCode::ProvisionedIopsLimit.into());
        }
    }
    if request.bursting_enabled == Some(true) {
        if category != Category::Auto {
            return Err(ErrorCode::BurstingUnsupported.into());
        }
        if size_gib <= 3 {
            return Err(ErrorCode::BurstingTooSmall.into());
        }
    }
    Ok(())
}
