//! RunInstances: new instances with their disks, started at once; all that are asked for, or none.
//!
//! The vendor: system and data disks obey the account's default encryption; an image's disks are made from its snapshots; tags go to
//! the disks too. Where it is silent: resources always suffice, so `MinAmount` is checked and then without effect; without `ZoneId` it
//! is the region's first zone in which every disk can be encrypted, as vSwitches are not known here.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::encryption::{self, Wish};
use super::instance_disks::{self, Asked, DataDisks, EncryptedText};
use super::instance_parameter::{AutoReleaseTime, InstanceName, KnownType, SecurityGroupIds};
use super::new_disk::Performance;
use super::new_instance::{self, Beyond, Machine, Naming, NewInstance};
use super::parameter::TAG_ERRORS;
use super::quota;
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What the instances are to be.
    pub struct Request {
        ..machine: Machine,
        /// How many.
        pub amount: Option<i64> = "Amount",
        /// About subscriptions: without effect.
        pub auto_pay: Option<bool> = "AutoPay",
        /// When they are to be released by themselves.
        pub auto_release_time: Option<AutoReleaseTime> = "AutoReleaseTime",
        /// Data disks.
        pub data_disks: DataDisks<true> = "DataDisk",
        /// A host's name for each instance.
        pub host_names: HostNames = "HostNames",
        /// The type.
        pub instance_type: Option<KnownType> = "InstanceType",
        /// How many will do.
        pub min_amount: Option<i64> = "MinAmount",
        /// Security groups.
        pub security_group_ids: SecurityGroupIds = "SecurityGroupIds",
        /// Whether the system disk may exceed its baseline for a while.
        pub system_bursting: Option<bool> = "SystemDisk.BurstingEnabled",
        /// Whether the system disk is to be encrypted.
        pub system_encrypted: Option<EncryptedText> = "SystemDisk.Encrypted",
        /// The key it is to be encrypted with.
        pub system_kms_key_id: Option<String> = "SystemDisk.KMSKeyId",
        /// Its IOPS beyond the baseline.
        pub system_provisioned_iops: Option<i64> = "SystemDisk.ProvisionedIops",
        /// Its size in GiB.
        pub system_size_gib: Option<SizeText> = "SystemDisk.Size",
        /// Whether names are numbered.
        pub unique_suffix: Option<bool> = "UniqueSuffix",
    }
    refused {
        "ClockOptions" unless "false", "CpuOptions.Core", "CpuOptions.NestedVirtualization", "CpuOptions.Numa",
        "CpuOptions.ThreadsPerCore", "CpuOptions.TopologyType", "DataDisk.N.AutoSnapshotPolicyId",
        "DataDisk.N.EncryptAlgorithm", "DataDisk.N.StorageClusterId", "DeploymentSetGroupNo",
        "HibernationOptions.Configured" unless "false", "ImageOptions" unless "false", "Ipv6Address" unless "false",
        "Ipv6AddressCount", "Isp", "LaunchTemplateId", "LaunchTemplateName", "LaunchTemplateVersion",
        "ManagedHostId", "NetworkInterface" unless "false", "NetworkInterfaceQueueNumber",
        "NetworkOptions" unless "false", "PrivateDnsNameOptions" unless "false", "PrivatePoolOptions.Id",
        "SchedulerOptions.DedicatedHostClusterId", "SecurityOptions.ConfidentialComputingMode",
        "SecurityOptions.EnableSecureBoot" unless "false", "SecurityOptions.TrustedSystemMode", "StorageSetId",
        "StorageSetPartitionNumber", "SystemDisk.AutoSnapshotPolicyId", "SystemDisk.EncryptAlgorithm",
        "SystemDisk.StorageClusterId",
    }
}

response! {
    /// The instances.
    pub struct Response {
        /// Their ids.
        pub instance_ids: Vec<String> = "InstanceIdSets" of "InstanceIdSet",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "RunInstances",
    effect: Effect::Write,
    access: Access::Action("ecs:RunInstances"),
    idempotent: true,
    errors: &[
        OWN_ERRORS,
        new_instance::ERRORS,
        instance_disks::ERRORS,
        &encryption::ERRORS,
        &quota::DISK_ERRORS,
        TAG_ERRORS,
    ],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::MinAmountMalformed,
    ErrorCode::AutoReleaseTimeMalformed,
    ErrorCode::InstanceNameTooLong,
    ErrorCode::HostNameTooLong,
];

/// Most instances of a request.
const MOST: usize = 100;

/// A size, which RunInstances types as text.
#[derive(Clone, Copy, Debug)]
pub struct SizeText(pub i64);

impl Parameter for SizeText {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        i64::from_text(text).map(Self)
    }
}

/// `HostNames.N`.
#[derive(Clone, Debug)]
pub struct HostNames(pub Vec<String>);

impl Field for HostNames {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Ok(Self(reader.items(name, MOST)?.into_iter().map(str::to_owned).collect()))
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let wish = Wish {
        encrypted: request.system_encrypted.map(|EncryptedText(yes)| yes),
        kms_key_id: request.system_kms_key_id.clone(),
    };
    let (machine, groups) = (&request.machine, &request.security_group_ids.0);
    new_instance::resources(cx, machine, request.instance_type, groups, &wish, &request.data_disks.0)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let dry_run = request.machine.dry_run == Some(true);
    let namings = namings(&request)?;
    let new = plan(cx, request)?;
    let mut instance_ids = Vec::with_capacity(namings.len());
    for naming in &namings {
        let instance = new.make(cx, naming)?;
        job::soon(cx, Kind::StartInstance, &instance.instance_id)?;
        instance_ids.push(instance.instance_id);
    }
    // Everything was done, so everything was checked; the error undoes it.
    if dry_run { Err(ErrorCode::DryRunOperation.into()) } else { Ok(Response { instance_ids }) }
}

fn plan(cx: &Cx<'_>, request: Request) -> Result<NewInstance, ApiError> {
    let missing = || ApiError::with(ErrorCode::EcsMissingParameter, ["InstanceType".to_owned()]);
    let KnownType(instance_type) = request.instance_type.ok_or_else(missing)?;
    if request.machine.security_group_id.is_some() && !request.security_group_ids.0.is_empty() {
        return Err(Product::Ecs.invalid_parameter("SecurityGroupIds"));
    }
    let system = Asked {
        size_gib: request.system_size_gib.map(|SizeText(size_gib)| size_gib),
        wish: Wish {
            encrypted: request.system_encrypted.map(|EncryptedText(yes)| yes),
            kms_key_id: request.system_kms_key_id,
        },
        performance: Performance {
            provisioned_iops: request.system_provisioned_iops,
            bursting: request.system_bursting,
        },
        ..Asked::default()
    };
    let beyond = Beyond {
        system,
        data: request.data_disks.0,
        security_group_ids: request.security_group_ids.0,
        auto_release_at: request.auto_release_time.map(|time| time.at(cx.now)).transpose()?,
    };
    new_instance::plan(cx, request.machine, instance_type, beyond)
}

/// How each of the instances is named; as many as there are to be.
fn namings(request: &Request) -> Result<Vec<Naming>, ApiError> {
    let amount = request.amount.unwrap_or(1);
    let count = u32::try_from(amount).ok().filter(|count| (1..=MOST).contains(&(*count as usize)));
    let count = count.ok_or_else(|| Product::Ecs.invalid_parameter("Amount"))?;
    if request.min_amount.is_some_and(|least| !(1..=amount).contains(&least)) {
        return Err(ErrorCode::MinAmountMalformed.into());
    }
    let HostNames(host_names) = &request.host_names;
    if !host_names.is_empty() && (request.machine.host_name.is_some() || host_names.len() != count as usize) {
        return Err(Product::Ecs.invalid_parameter("HostNames"));
    }
    let unique = request.unique_suffix == Some(true);
    if unique {
        check_room_for_suffix(request)?;
    }
    let naming = |place: u32| Naming {
        place,
        suffix: if unique { format!("{:03}", place + 1) } else { String::new() },
        host_name: host_names.get(place as usize).cloned(),
    };
    Ok((0..count).map(naming).collect())
}

fn check_room_for_suffix(request: &Request) -> Result<(), ApiError> {
    const SUFFIX_CHARS: usize = 3;
    let too_long = |InstanceName(name): &InstanceName| name.chars().count() + SUFFIX_CHARS > 128;
    if request.machine.instance_name.as_ref().is_some_and(too_long) {
        return Err(ErrorCode::InstanceNameTooLong.into());
    }
    if request.machine.host_name.as_ref().is_some_and(|name| name.len() + SUFFIX_CHARS > 64) {
        return Err(ErrorCode::HostNameTooLong.into());
    }
    Ok(())
}
