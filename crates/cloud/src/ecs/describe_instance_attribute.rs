//! DescribeInstanceAttribute: one instance of the account, in whichever region.
//!
//! What no instance here has (public addresses, a VLAN, dedicated hosts, locks, options of networks and of the guest's start) is empty
//! or off, as in DescribeInstances.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::describe_instances::{self, EXPIRED_TIME, VpcAttributes};
use super::listing::OperationLock;
use super::owned;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instance.
    pub struct Request {
        /// Its id.
        pub instance_id: String = "InstanceId",
    }
}

response! {
    /// The instance.
    pub struct Response {
        /// Its cluster.
        pub cluster_id: &'static str = "ClusterId",
        /// vCPUs.
        pub cpu: i64 = "Cpu",
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// How it is paid beyond its credits.
        pub credit_specification: String = "CreditSpecification",
        /// Its dedicated host.
        pub dedicated_host: DedicatedHost = "DedicatedHostAttribute",
        /// Its description.
        pub description: String = "Description",
        /// Its elastic address.
        pub eip_address: EipAddress = "EipAddress",
        /// Whether frames may be large.
        pub enable_jumbo_frame: bool = "EnableJumboFrame",
        /// Whether traffic inside the VPC is encrypted.
        pub enable_network_encryption: bool = "EnableNetworkEncryption",
        /// When it expires: never.
        pub expired_time: &'static str = "ExpiredTime",
        /// The host's name.
        pub host_name: String = "HostName",
        /// The image its system disk was made from.
        pub image_id: String = "ImageId",
        /// Its addresses in the classic network.
        pub inner_ip_addresses: Vec<String> = "InnerIpAddress" of "IpAddress",
        /// How it is paid.
        pub charge_type: &'static str = "InstanceChargeType",
        /// Its id.
        pub instance_id: String = "InstanceId",
        /// Its name.
        pub instance_name: String = "InstanceName",
        /// Its kind of network.
        pub network_type: &'static str = "InstanceNetworkType",
        /// Its type.
        pub instance_type: String = "InstanceType",
        /// How bandwidth is paid.
        pub internet_charge_type: String = "InternetChargeType",
        /// Inbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_in: i64 = "InternetMaxBandwidthIn",
        /// Outbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_out: i64 = "InternetMaxBandwidthOut",
        /// Whether it is I/O optimized.
        pub io_optimized: &'static str = "IoOptimized",
        /// Memory in MiB.
        pub memory_mib: i64 = "Memory",
        /// Options of its network.
        pub network_options: NetworkOptions = "NetworkOptions",
        /// What keeps it from being used.
        pub operation_locks: Vec<OperationLock> = "OperationLocks" of "LockReason",
        /// Its public addresses.
        pub public_ip_addresses: Vec<String> = "PublicIpAddress" of "IpAddress",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// Its security groups.
        pub security_group_ids: Vec<String> = "SecurityGroupIds" of "SecurityGroupId",
        /// Options of the guest's start.
        pub security_options: SecurityOptions = "SecurityOptions",
        /// Its serial number.
        pub serial_number: String = "SerialNumber",
        /// Its status.
        pub status: String = "Status",
        /// Whether it is paid for while it is stopped.
        pub stopped_mode: String = "StoppedMode",
        /// Its network of the classic network.
        pub vlan_id: &'static str = "VlanId",
        /// Its place in a VPC.
        pub vpc: VpcAttributes = "VpcAttributes",
        /// The zone it is in.
        pub zone_id: String = "ZoneId",
    }

    /// A dedicated host.
    pub struct DedicatedHost {
        /// Its id.
        pub host_id: &'static str = "DedicatedHostId",
        /// Its name.
        pub host_name: &'static str = "DedicatedHostName",
    }

    /// An elastic address.
    pub struct EipAddress {
        /// Its id.
        pub allocation_id: &'static str = "AllocationId",
        /// Its bandwidth in Mbit/s.
        pub bandwidth_mbps: i64 = "Bandwidth",
        /// How its bandwidth is paid.
        pub internet_charge_type: &'static str = "InternetChargeType",
        /// The address.
        pub ip_address: &'static str = "IpAddress",
    }

    /// Options of a network.
    pub struct NetworkOptions {
        /// How bandwidth is divided between network and disks.
        pub bandwidth_weighting: &'static str = "BandwidthWeighting",
        /// Whether frames may be large.
        pub enable_jumbo_frame: bool = "EnableJumboFrame",
        /// Whether traffic inside the VPC is encrypted.
        pub enable_network_encryption: bool = "EnableNetworkEncryption",
    }

    /// Options of a guest's start.
    pub struct SecurityOptions {
        /// Secure boot.
        pub enable_secure_boot: bool = "EnableSecureBoot",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstanceAttribute",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstanceAttribute"),
    idempotent: false,
    errors: &[&[ErrorCode::InstanceNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    let instance_type = describe_instances::type_of(&instance)?;
    Ok(Response {
        cluster_id: "",
        cpu: instance_type.vcpus,
        creation_time: instance.created_at.to_iso8601_minutes(),
        dedicated_host: DedicatedHost { host_id: "", host_name: "" },
        eip_address: EipAddress { allocation_id: "", bandwidth_mbps: 0, internet_charge_type: "", ip_address: "" },
        enable_jumbo_frame: false,
        enable_network_encryption: false,
        expired_time: EXPIRED_TIME,
        inner_ip_addresses: Vec::new(),
        charge_type: "PostPaid",
        network_type: "vpc",
        io_optimized: "optimized",
        memory_mib: instance_type.memory_gib * 1024,
        network_options: NetworkOptions {
            bandwidth_weighting: "",
            enable_jumbo_frame: false,
            enable_network_encryption: false,
        },
        operation_locks: Vec::new(),
        public_ip_addresses: Vec::new(),
        region_id: instance.region.id(),
        security_group_ids: describe_instances::security_groups(&instance),
        security_options: SecurityOptions { enable_secure_boot: false },
        vlan_id: "",
        vpc: VpcAttributes {
            nat_ip_address: "",
            private_ip_addresses: vec![instance.private_ip],
            vswitch_id: instance.vswitch_id,
            vpc_id: "",
        },
        credit_specification: instance.credit_specification,
        description: instance.description,
        host_name: instance.host_name,
        image_id: instance.image_id,
        instance_id: instance.instance_id,
        instance_name: instance.instance_name,
        instance_type: instance.instance_type,
        internet_charge_type: instance.internet_charge_type,
        internet_max_bandwidth_in: instance.internet_max_bandwidth_in,
        internet_max_bandwidth_out: instance.internet_max_bandwidth_out,
        serial_number: instance.serial_number,
        status: instance.status,
        stopped_mode: instance.stopped_mode,
        zone_id: instance.zone_id,
    })
}
