//! CreateInstance: one new instance with its disks. It ends up stopped; StartInstance starts it.
//!
//! The vendor: it has no parameters for the encryption of the system disk, which the account's default decides, like that of data disks
//! that the request says nothing about. Where it is silent: without `ZoneId` it is the region's first zone in which every disk can
//! be encrypted.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::encryption::{self, Wish};
use super::instance_disks::{self, Asked, DataDisks};
use super::instance_parameter::KnownType;
use super::new_instance::{self, Beyond, Machine, Naming};
use super::parameter::TAG_ERRORS;
use super::quota;
use crate::context::Cx;
use crate::decode::request;
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What the instance is to be.
    pub struct Request {
        ..machine: Machine,
        /// Data disks.
        pub data_disks: DataDisks<false> = "DataDisk",
        /// The type.
        pub instance_type: KnownType = "InstanceType",
        /// The system disk's size in GiB.
        pub system_size_gib: Option<i64> = "SystemDisk.Size",
        /// The guest's time and package servers: without effect, as there is no guest.
        pub use_additional_service: Option<bool> = "UseAdditionalService",
    }
    refused {
        "ClusterId", "DataDisk.N.EncryptAlgorithm", "DataDisk.N.StorageClusterId", "DeploymentSetGroupNo",
        "HibernationOptions.Configured" unless "false", "InnerIpAddress", "ManagedHostId", "NodeControllerId",
        "PrivatePoolOptions.Id", "StorageSetId", "StorageSetPartitionNumber", "SystemDisk.StorageClusterId",
        "VlanId",
    }
}

response! {
    /// The instance.
    pub struct Response {
        /// Its id.
        pub instance_id: String = "InstanceId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateInstance",
    effect: Effect::Write,
    access: Access::Action("ecs:CreateInstance"),
    idempotent: true,
    errors: &[new_instance::ERRORS, instance_disks::ERRORS, &encryption::ERRORS, &quota::DISK_ERRORS, TAG_ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    new_instance::resources(
        cx,
        &request.machine,
        Some(request.instance_type),
        &[],
        &Wish::default(),
        &request.data_disks.0,
    )
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let dry_run = request.machine.dry_run == Some(true);
    let KnownType(instance_type) = request.instance_type;
    let system = Asked { size_gib: request.system_size_gib, ..Asked::default() };
    let beyond = Beyond { system, data: request.data_disks.0, ..Beyond::default() };
    let instance = new_instance::plan(cx, request.machine, instance_type, beyond)?.make(cx, &Naming::default())?;
    job::soon(cx, Kind::StopInstance, &instance.instance_id)?;
    // Everything was done, so everything was checked; the error undoes it.
    if dry_run { Err(ErrorCode::DryRunOperation.into()) } else { Ok(Response { instance_id: instance.instance_id }) }
}
