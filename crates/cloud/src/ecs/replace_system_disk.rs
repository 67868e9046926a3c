//! ReplaceSystemDisk: a stopped instance gets a new system disk, made from an image, and its old one is released.
//!
//! The vendor: category and level stay, the disk's id does not; without `SystemDisk.Size` the new disk has what it has by default in
//! RunInstances; an image with data disks won't do. The new disk is planned, encrypted and made as the system disk in RunInstances is,
//! whatever the old one was: so it obeys the account's default. Where it is silent: the name, the description, the tags and the
//! settings of the old disk pass to the new one; the old one's key is not needed; its automatic snapshots go with it where it says so.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;
use coffer_store::tags;

use super::absent::NoArns;
use super::credentials::KeyPairName;
use super::describe_instances::type_of;
use super::disk_types::{Category, Level};
use super::encryption::{self, Wish};
use super::existing_disk::SYSTEM_DEVICE;
use super::image_source::{self, Source};
use super::instance_disks::{self, Asked, Place};
use super::instance_parameter::{Password, SecurityEnhancement, is_host_name};
use super::new_disk::Performance;
use super::{existing_disk, new_instance, owned, quota};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which instance, and what its system disk is to be.
    pub struct Request {
        /// Keys of other accounts.
        pub arn: NoArns = "Arn",
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// Whether the disk is to be encrypted.
        pub encrypted: Option<bool> = "Encrypted",
        /// The image; without it the request is refused.
        pub image_id: Option<String> = "ImageId",
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// The key the disk is to be encrypted with.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// The key pair to log on with; of no use to Windows.
        pub key_pair_name: Option<KeyPairName> = "KeyPairName",
        /// The guest's password.
        pub password: Option<Password> = "Password",
        /// Whether the guest keeps the image's password.
        pub password_inherit: Option<bool> = "PasswordInherit",
        /// Whether the guest is hardened.
        pub security_enhancement: Option<SecurityEnhancement> = "SecurityEnhancementStrategy",
        /// The disk's size in GiB.
        pub size_gib: Option<i64> = "SystemDisk.Size",
        /// The guest's time and package servers: without effect, as there is no guest.
        pub use_additional_service: Option<bool> = "UseAdditionalService",
    }
    refused { "Architecture", "DiskId", "EncryptAlgorithm", "Platform", }
}

response! {
    /// The new disk.
    pub struct Response {
        /// Its id.
        pub disk_id: String = "DiskId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ReplaceSystemDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:ReplaceSystemDisk"),
    idempotent: true,
    errors: &[OWN_ERRORS, &encryption::ERRORS, &quota::DISK_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::IdempotentParameterMismatch,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsMissingParameter,
    ErrorCode::ArnsNotInWhiteList,
    ErrorCode::InstanceNotFound,
    ErrorCode::InstanceStatusIncorrect,
    ErrorCode::ReplaceSystemDiskMissing,
    ErrorCode::DiskStatusIncorrect,
    ErrorCode::DiskSnapshotInProgress,
    ErrorCode::ImageNotFound,
    ErrorCode::ImageNotValid,
    ErrorCode::ImageInstanceTypeMismatch,
    ErrorCode::ReplaceImageWithDataDisks,
    ErrorCode::PasswordMalformed,
    ErrorCode::PasswordInheritMismatch,
    ErrorCode::SystemDiskSmallerThanImage,
    ErrorCode::SystemDiskTooSmall,
    ErrorCode::SystemDiskTooLarge,
    ErrorCode::ProvisionedIopsLimit,
    ErrorCode::BurstingTooSmall,
];

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let region = owned::region_of(cx, &request.instance_id);
    let image = request.image_id.iter().map(|id| Arn::ecs(region, cx.account(), &format!("image/{id}")));
    Ok([owned::arn(cx, "instance", &request.instance_id)].into_iter().chain(image).collect())
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let missing = || ApiError::with(ErrorCode::EcsMissingParameter, ["\"ImageId\"".to_owned()]);
    let image_id = request.image_id.ok_or_else(missing)?;
    let mut instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    if instance.status != "Stopped" {
        return Err(ErrorCode::InstanceStatusIncorrect.into());
    }
    let old = replaceable_disk(cx, &instance)?;
    let instance_type = type_of(&instance)?;
    let image = image_source::find(cx, instance.region, &image_id)?;
    let image = new_instance::usable_image(image, instance_type)?;
    if image.disks().iter().any(|disk| disk.disk_type != "system") {
        return Err(ErrorCode::ReplaceImageWithDataDisks.into());
    }
    new_instance::check_password(request.password.as_ref(), request.password_inherit, &image)?;
    let wish = Wish { encrypted: request.encrypted, kms_key_id: request.kms_key_id };
    let plan = instance_disks::plan_system(cx, instance_type, &image, asked(&old, request.size_gib, wish)?)?;
    let old_tags = tags::of(cx.tx, &old.disk_id)?;
    disks::detach(cx.tx, &old.disk_id, &instance.instance_id)?;
    existing_disk::release(cx.tx, &old, cx.now)?;
    let (region, zone_id, instance_id) = (instance.region, &*instance.zone_id, &*instance.instance_id);
    let place = Place { region, zone_id, instance_id, is_new: false };
    let mut new = instance_disks::make(cx, place, &plan, &old_tags)?;
    new.delete_auto_snapshot = old.delete_auto_snapshot;
    new.enable_auto_snapshot = old.enable_auto_snapshot;
    new.update(cx.tx)?;
    adopt(&mut instance, &image, request.key_pair_name);
    instance.update(cx.tx)?;
    cx.note("instanceId", instance.instance_id);
    cx.note("releasedDiskId", old.disk_id);
    Ok(Response { disk_id: new.disk_id })
}

/// The instance's system disk, if nothing is being done to it.
fn replaceable_disk(cx: &Cx<'_>, instance: &Instance) -> Result<Disk, ApiError> {
    let attached = disks::attached_to(cx.tx, &instance.instance_id)?;
    let system = attached.into_iter().find(|(attachment, _)| attachment.device == SYSTEM_DEVICE);
    let (_, disk) = system.ok_or(ErrorCode::ReplaceSystemDiskMissing)?;
    if disk.status != "In_use" || existing_disk::is_changing(cx, &disk)? {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    existing_disk::require_no_snapshot_in_progress(cx, &disk, ErrorCode::DiskSnapshotInProgress)?;
    Ok(disk)
}

/// What the request and the old disk say about the new one.
fn asked(old: &Disk, size_gib: Option<i64>, wish: Wish) -> Result<Asked, ApiError> {
    let category = Category::parse(&old.category).ok_or_else(|| ApiError::internal("a disk of an unknown category"))?;
    Ok(Asked {
        category: Some(category),
        level: Level::parse(&old.performance_level),
        size_gib,
        disk_name: old.disk_name.clone(),
        description: old.description.clone(),
        wish,
        performance: Performance { provisioned_iops: old.provisioned_iops, bursting: Some(old.bursting_enabled) },
        delete_with_instance: Some(old.delete_with_instance),
        ..Asked::default()
    })
}

/// Makes the instance one of the image's system. Its host's name stays if the system takes it.
fn adopt(instance: &mut Instance, image: &Source, key_pair_name: Option<KeyPairName>) {
    image.image_id().clone_into(&mut instance.image_id);
    image.os_name().clone_into(&mut instance.os_name);
    image.os_type().clone_into(&mut instance.os_type);
    if instance.os_type == "windows" {
        instance.key_pair_name.clear();
    } else if let Some(KeyPairName(name)) = key_pair_name {
        instance.key_pair_name = name;
    }
    if !is_host_name(&instance.host_name, &instance.os_type) {
        instance.host_name = new_instance::default_host_name(&instance.instance_id, &instance.os_type);
    }
}
