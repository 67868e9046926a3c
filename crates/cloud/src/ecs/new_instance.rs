//! Making an instance: what RunInstances and CreateInstance share. Here an instance is a record that disks are attached to; there is no
//! hypervisor. What is about its guest (a password, user data, hardening) is checked; user data is kept, the rest has no effect.
//!
//! VPC is not served: ids of vSwitches and security groups are taken as they are, if they are well formed, and shown back. There is no
//! public address either; bandwidths are kept and shown.

use std::net::Ipv4Addr;

use coffer_base::{ApiError, Arn, ErrorCode, Region, Timestamp, ids};
use coffer_store::Record as _;
use coffer_store::identities;
use coffer_store::instances::{self, Instance};
use coffer_store::tags::{self, Resource};

use super::absent::{NoArns, NoDedicatedHost, NoDeploymentSet, NoHpcCluster, NoResourceGroup};
use super::disk_types::Level;
use super::encryption::Wish;
use super::image_source::{self, Source};
use super::instance_conditions;
use super::instance_disks::{self, Asked, InstanceDiskDescription, InstanceDiskName, Place, Plan, SystemCategory};
use super::instance_parameter::{
    Credit, HttpEndpoint, HttpTokens, InstanceDescription, InstanceName, InternetChargeType, IoOptimized, KnownType,
    NotHosted, Password, PeriodUnit, PostPaid, PrivateIp, PublicPool, SecurityEnhancement, SecurityGroupId,
    SpotInterruption, SpotStrategy, UserData, VSwitchId, is_host_name,
};
use super::instance_types::InstanceType;
use super::parameter::{Description, DiskName, KnownRegion, NewTags};
use super::quota;
use crate::auth;
use crate::context::Cx;
use crate::decode::request;
use crate::job::{self, Kind};
use crate::product::Product;

request! {
    /// What both operations ask of an instance.
    pub struct Machine {
        /// Dedicated hosts.
        pub affinity: Option<NotHosted> = "Affinity",
        /// Keys of other accounts.
        pub arn: NoArns = "Arn",
        /// About subscriptions: without effect.
        pub auto_renew: Option<bool> = "AutoRenew",
        /// About subscriptions: without effect.
        pub auto_renew_period: Option<i64> = "AutoRenewPeriod",
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// How a burstable instance is paid beyond its credits.
        pub credit: Option<Credit> = "CreditSpecification",
        /// Dedicated hosts.
        pub dedicated_host_id: Option<NoDedicatedHost> = "DedicatedHostId",
        /// Whether it is kept from being deleted.
        pub deletion_protection: Option<bool> = "DeletionProtection",
        /// Deployment sets.
        pub deployment_set_id: Option<NoDeploymentSet> = "DeploymentSetId",
        /// A description.
        pub description: Option<InstanceDescription> = "Description",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// The host's name; `${instance_id}` in it stands for the id.
        pub host_name: Option<String> = "HostName",
        /// HPC clusters.
        pub hpc_cluster_id: Option<NoHpcCluster> = "HpcClusterId",
        /// Whether the metadata service is to answer.
        pub http_endpoint: Option<HttpEndpoint> = "HttpEndpoint",
        /// How far answers of the metadata service travel.
        pub http_put_response_hop_limit: Option<i64> = "HttpPutResponseHopLimit",
        /// Whether the metadata service wants tokens.
        pub http_tokens: Option<HttpTokens> = "HttpTokens",
        /// The family whose newest image is taken.
        pub image_family: Option<String> = "ImageFamily",
        /// The image.
        pub image_id: Option<String> = "ImageId",
        /// How it is paid.
        pub charge_type: Option<PostPaid> = "InstanceChargeType",
        /// Its name.
        pub instance_name: Option<InstanceName> = "InstanceName",
        /// How bandwidth is paid.
        pub internet_charge_type: Option<InternetChargeType> = "InternetChargeType",
        /// Inbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_in: Option<i64> = "InternetMaxBandwidthIn",
        /// Outbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_out: Option<i64> = "InternetMaxBandwidthOut",
        /// Whether it is I/O optimized.
        pub io_optimized: Option<IoOptimized> = "IoOptimized",
        /// Its key pair.
        pub key_pair_name: Option<String> = "KeyPairName",
        /// The guest's password.
        pub password: Option<Password> = "Password",
        /// Whether the guest keeps the image's password.
        pub password_inherit: Option<bool> = "PasswordInherit",
        /// About subscriptions: without effect.
        pub period: Option<i64> = "Period",
        /// About subscriptions: without effect.
        pub period_unit: Option<PeriodUnit> = "PeriodUnit",
        /// Its private address.
        pub private_ip: Option<PrivateIp> = "PrivateIpAddress",
        /// Private pools.
        pub private_pool: Option<PublicPool> = "PrivatePoolOptions.MatchCriteria",
        /// Its RAM role.
        pub ram_role_name: Option<String> = "RamRoleName",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Resource groups.
        pub resource_group_id: Option<NoResourceGroup> = "ResourceGroupId",
        /// Whether the guest is hardened.
        pub security_enhancement: Option<SecurityEnhancement> = "SecurityEnhancementStrategy",
        /// Its security group.
        pub security_group_id: Option<SecurityGroupId> = "SecurityGroupId",
        /// For how long a spot instance is kept in any case, in hours.
        pub spot_duration_h: Option<i64> = "SpotDuration",
        /// What becomes of a spot instance that is not kept.
        pub spot_interruption: Option<SpotInterruption> = "SpotInterruptionBehavior",
        /// The most a spot instance may cost an hour.
        pub spot_price_limit: Option<f64> = "SpotPriceLimit",
        /// How it is bid for.
        pub spot_strategy: Option<SpotStrategy> = "SpotStrategy",
        /// The system disk's category.
        pub system_category: Option<SystemCategory> = "SystemDisk.Category",
        /// The system disk's description.
        pub system_description: Option<InstanceDiskDescription> = "SystemDisk.Description",
        /// The system disk's name.
        pub system_disk_name: Option<InstanceDiskName> = "SystemDisk.DiskName",
        /// The system disk's level.
        pub system_level: Option<Level> = "SystemDisk.PerformanceLevel",
        /// Tags of the instance and of its disks.
        pub tags: NewTags = "Tag",
        /// Dedicated hosts.
        pub tenancy: Option<NotHosted> = "Tenancy",
        /// Data for the guest.
        pub user_data: Option<UserData> = "UserData",
        /// Its vSwitch.
        pub vswitch_id: Option<VSwitchId> = "VSwitchId",
        /// The zone.
        pub zone_id: Option<String> = "ZoneId",
    }
}

/// The errors of making an instance, besides those of its disks.
pub const ERRORS: &[ErrorCode] = &[
    ErrorCode::IdempotentParameterMismatch,
    ErrorCode::DryRunOperation,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsMissingParameter,
    ErrorCode::EcsRegionNotFound,
    ErrorCode::InstanceZoneNotFound,
    ErrorCode::NativeEncryptZone,
    ErrorCode::ArnsNotInWhiteList,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::DeploymentSetNotFound,
    ErrorCode::HpcClusterNotFound,
    ErrorCode::DedicatedHostNotFound,
    ErrorCode::InstanceTypeNotSupported,
    ErrorCode::InstanceNameMalformed,
    ErrorCode::HostNameMalformed,
    ErrorCode::InstanceDescriptionMalformed,
    ErrorCode::PasswordMalformed,
    ErrorCode::PasswordInheritMismatch,
    ErrorCode::UserDataTooLarge,
    ErrorCode::InternetChargeTypeNotSupported,
    ErrorCode::BandwidthOutMalformed,
    ErrorCode::BandwidthInMalformed,
    ErrorCode::ChargeTypeNotFound,
    ErrorCode::PayMethodInvalid,
    ErrorCode::IoOptimizedNotSupported,
    ErrorCode::InvalidSpotStrategy,
    ErrorCode::SpotPriceLimitInvalid,
    ErrorCode::SpotDurationInvalid,
    ErrorCode::PrivateIpMalformed,
    ErrorCode::PrivateIpOutside,
    ErrorCode::PrivateIpDuplicated,
    ErrorCode::PrivateIpExhausted,
    ErrorCode::VSwitchNotFound,
    ErrorCode::SecurityGroupNotFound,
    ErrorCode::RamRoleNotFound,
    ErrorCode::RamRoleNotForEcs,
    ErrorCode::PassRoleForbidden,
    ErrorCode::ImageNotFound,
    ErrorCode::ImageNotValid,
    ErrorCode::ImageInstanceTypeMismatch,
    ErrorCode::VcpuQuota,
];

/// What a policy must allow the making of instances on: instances, the image that is named, and the snapshots of data disks.
pub fn resources(
    cx: &mut Cx<'_>,
    machine: &Machine,
    instance_type: Option<KnownType>,
    security_group_ids: &[String],
    system: &Wish,
    data: &[Asked],
) -> Result<Vec<Arn>, ApiError> {
    let region = machine.region.0;
    let image = match (&machine.image_id, &machine.image_family) {
        (Some(id), _) => image_source::find(cx, region, id)?,
        (None, Some(family)) => image_source::newest_of_family(cx, region, family)?,
        (None, None) => None,
    };
    let has_security_group = machine.security_group_id.is_some() || !security_group_ids.is_empty();
    let instance_type = instance_type.map(|KnownType(instance_type)| instance_type);
    instance_conditions::tell(cx, machine, instance_type, image.as_ref(), has_security_group);
    instance_disks::foresee(cx, region, image.as_ref(), system, data)?;
    let arn = |rest: &str| Arn::ecs(region, cx.account(), rest);
    let snapshots = data.iter().filter_map(|disk| disk.snapshot_id.as_deref()).map(|id| arn(&format!("snapshot/{id}")));
    // An image that is found by its family must be allowed as if it had been named.
    let image_id = machine.image_id.as_deref().or_else(|| image.as_ref().map(Source::image_id));
    let image = image_id.iter().map(|id| arn(&format!("image/{id}")));
    Ok([arn("instance/*")].into_iter().chain(image).chain(snapshots).collect())
}

/// What an instance is to be: valid in itself, but for the encryption of its disks.
#[derive(Debug)]
pub struct NewInstance {
    region: Region,
    zone_id: String,
    instance_type: &'static InstanceType,
    image: Source,
    system: Plan,
    data: Vec<Plan>,
    security_group_ids: Vec<String>,
    auto_release_at: Option<Timestamp>,
    bandwidth: Bandwidth,
    spot: Spot,
    machine: Machine,
}

/// What differs from one instance of a request to the next.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    /// Which of the request's instances it is, from 0.
    pub place: u32,
    /// What is appended to the names that the request gives.
    pub suffix: String,
    /// The host's name, in place of the one all share.
    pub host_name: Option<String>,
}

/// What only one of the two operations asks for.
#[derive(Clone, Debug, Default)]
pub struct Beyond {
    /// The system disk, where the shared parameters say nothing about it.
    pub system: Asked,
    /// Data disks.
    pub data: Vec<Asked>,
    /// Security groups, beside the one of the shared parameters.
    pub security_group_ids: Vec<String>,
    /// When it is to be released by itself.
    pub auto_release_at: Option<Timestamp>,
}

/// Checks everything that does not depend on keys.
pub fn plan(
    cx: &Cx<'_>,
    machine: Machine,
    instance_type: &'static InstanceType,
    beyond: Beyond,
) -> Result<NewInstance, ApiError> {
    let region = machine.region.0;
    let zone_id = zone(region, machine.zone_id.as_deref())?;
    let image = image(cx, &machine, instance_type)?;
    check_password(machine.password.as_ref(), machine.password_inherit, &image)?;
    require_role(cx, machine.ram_role_name.as_deref())?;
    if machine.credit.is_some() && !instance_type.family.is_burstable() {
        return Err(Product::Ecs.invalid_parameter("CreditSpecification"));
    }
    if machine.http_put_response_hop_limit.is_some_and(|limit| !(1..=64).contains(&limit)) {
        return Err(Product::Ecs.invalid_parameter("HttpPutResponseHopLimit"));
    }
    if machine.private_ip.is_some() && machine.vswitch_id.is_none() {
        return Err(ApiError::with(ErrorCode::EcsMissingParameter, ["\"VSwitchId\"".to_owned()]));
    }
    let one = machine.security_group_id.iter().map(|SecurityGroupId(id)| id.clone());
    let system = system_disk(&machine, beyond.system);
    Ok(NewInstance {
        region,
        system: instance_disks::plan_system(cx, instance_type, &image, system)?,
        data: instance_disks::plan_data(cx, region, instance_type, &image, beyond.data)?,
        security_group_ids: one.chain(beyond.security_group_ids).collect(),
        auto_release_at: beyond.auto_release_at,
        bandwidth: Bandwidth::of(&machine)?,
        spot: Spot::of(&machine)?,
        zone_id,
        instance_type,
        image,
        machine,
    })
}

fn zone(region: Region, asked: Option<&str>) -> Result<String, ApiError> {
    let zones = region.zones();
    let found = match asked {
        None => zones.iter().find(|zone| Region::zone_supports_encrypted_system_disks(zone)),
        Some(asked) => zones.iter().find(|zone| **zone == asked),
    };
    Ok((*found.ok_or(ErrorCode::InstanceZoneNotFound)?).to_owned())
}

fn image(cx: &Cx<'_>, machine: &Machine, instance_type: &InstanceType) -> Result<Source, ApiError> {
    let region = machine.region.0;
    let found = match (&machine.image_id, &machine.image_family) {
        (Some(_), Some(_)) => return Err(Product::Ecs.invalid_parameter("ImageFamily")),
        (None, None) => return Err(ApiError::with(ErrorCode::EcsMissingParameter, ["ImageId".to_owned()])),
        (Some(id), None) => image_source::find(cx, region, id)?,
        (None, Some(family)) => image_source::newest_of_family(cx, region, family)?,
    };
    usable_image(found, instance_type)
}

/// The image, if instances of that type can be made from it now.
pub fn usable_image(found: Option<Source>, instance_type: &InstanceType) -> Result<Source, ApiError> {
    let image = found.ok_or(ErrorCode::ImageNotFound)?;
    if !image.is_available() {
        return Err(ErrorCode::ImageNotValid.into());
    }
    if !instance_type.runs(image.architecture()) {
        return Err(ErrorCode::ImageInstanceTypeMismatch.into());
    }
    Ok(image)
}

/// Refuses a password that the image's system does not take, and one beside the image's own.
pub fn check_password(password: Option<&Password>, inherit: Option<bool>, image: &Source) -> Result<(), ApiError> {
    let Some(password) = password else { return Ok(()) };
    if inherit == Some(true) {
        return Err(ErrorCode::PasswordInheritMismatch.into());
    }
    if password.suits(image.os_type()) { Ok(()) } else { Err(ErrorCode::PasswordMalformed.into()) }
}

/// Refuses a role that is not there, that does not trust ECS, or that the caller may not pass on.
fn require_role(cx: &Cx<'_>, role_name: Option<&str>) -> Result<(), ApiError> {
    let Some(role_name) = role_name else { return Ok(()) };
    let role = identities::role(cx.tx, cx.account(), role_name)?.ok_or(ErrorCode::RamRoleNotFound)?;
    if !auth::trusts(cx, &role, "ecs.aliyuncs.com") {
        return Err(ErrorCode::RamRoleNotForEcs.into());
    }
    let arn = Arn::ram(cx.account(), &format!("role/{}", role.role_name.to_ascii_lowercase()));
    auth::require_passing(cx, Product::Ecs, &arn, "ecs.aliyuncs.com").map_err(|error| match error.source() {
        Some(_) => error,
        None => ErrorCode::PassRoleForbidden.into(),
    })
}

fn system_disk(machine: &Machine, beyond: Asked) -> Asked {
    let name = machine.system_disk_name.clone().map(|InstanceDiskName(DiskName(name))| name);
    let description = machine.system_description.clone().map(|InstanceDiskDescription(Description(text))| text);
    Asked {
        category: machine.system_category.as_ref().map(|SystemCategory(category)| *category),
        level: machine.system_level,
        disk_name: name.unwrap_or_default(),
        description: description.unwrap_or_default(),
        ..beyond
    }
}

/// Bandwidth to the Internet, in Mbit/s.
#[derive(Clone, Copy, Debug)]
struct Bandwidth {
    inbound: i64,
    outbound: i64,
}

impl Bandwidth {
    /// Up to 10 outbound, 10 inbound are free; beyond that, as many inbound as outbound.
    fn of(machine: &Machine) -> Result<Self, ApiError> {
        let outbound = machine.internet_max_bandwidth_out.unwrap_or(0);
        if !(0..=100).contains(&outbound) {
            return Err(ErrorCode::BandwidthOutMalformed.into());
        }
        let most = outbound.max(10);
        let inbound = machine.internet_max_bandwidth_in.unwrap_or(most);
        if !(1..=most).contains(&inbound) {
            return Err(ErrorCode::BandwidthInMalformed.into());
        }
        Ok(Self { inbound, outbound })
    }
}

/// How an instance is bid for. No bid is ever outdone here.
#[derive(Clone, Copy, Debug)]
struct Spot {
    strategy: &'static str,
    price_limit_milli: Option<i64>,
    duration_h: Option<i64>,
    interruption: &'static str,
}

impl Spot {
    fn of(machine: &Machine) -> Result<Self, ApiError> {
        let strategy = machine.spot_strategy.map_or("NoSpot", |SpotStrategy(word)| word);
        if machine.spot_duration_h.is_some_and(|hours| !(0..=6).contains(&hours)) {
            return Err(ErrorCode::SpotDurationInvalid.into());
        }
        // Beside another strategy a limit is without effect.
        let price_limit_milli = match (strategy, machine.spot_price_limit) {
            ("SpotWithPriceLimit", Some(limit)) => Some(thousandths(limit).ok_or(ErrorCode::SpotPriceLimitInvalid)?),
            ("SpotWithPriceLimit", None) => return Err(ErrorCode::SpotPriceLimitInvalid.into()),
            _ => None,
        };
        if strategy == "NoSpot" {
            return Ok(Self { strategy, price_limit_milli, duration_h: None, interruption: "" });
        }
        let interruption = machine.spot_interruption.map_or("Terminate", |SpotInterruption(word)| word);
        Ok(Self { strategy, price_limit_milli, duration_h: Some(machine.spot_duration_h.unwrap_or(1)), interruption })
    }
}

/// An hourly price in thousandths: more than nothing, and at most a million.
fn thousandths(price: f64) -> Option<i64> {
    let milli = (price * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number within the range")]
    (1.0..=1e9).contains(&milli).then_some(milli as i64)
}

/// What is an instance's own among those of a request.
struct Own {
    instance_id: String,
    instance_name: String,
    host_name: String,
    private_ip: Ipv4Addr,
    serial_number: String,
}

impl NewInstance {
    /// Makes an instance with its disks, all or nothing within the caller's transaction. It is `Pending`.
    pub fn make(&self, cx: &mut Cx<'_>, naming: &Naming) -> Result<Instance, ApiError> {
        let instance_id = ids::ecs_id("i", self.region, cx.rng);
        let own = Own {
            instance_name: match &self.machine.instance_name {
                Some(InstanceName(name)) => format!("{name}{}", naming.suffix),
                None => instance_id.clone(),
            },
            host_name: self.host_name(&instance_id, naming)?,
            private_ip: self.private_ip(cx, naming.place)?,
            serial_number: cx.rng.uuid(),
            instance_id,
        };
        let instance = self.row(cx, own);
        instance.insert(cx.tx)?;
        quota::require_vcpus(cx, self.region)?;
        let on = Resource {
            account: &instance.account,
            region: self.region,
            resource_type: "instance",
            resource_id: &instance.instance_id,
        };
        for tag in &self.machine.tags.0 {
            tags::set(cx.tx, on, tag)?;
        }
        let place =
            Place { region: self.region, zone_id: &self.zone_id, instance_id: &instance.instance_id, is_new: true };
        for plan in std::iter::once(&self.system).chain(&self.data) {
            instance_disks::make(cx, place, plan, &self.machine.tags.0)?;
        }
        if let Some(at) = self.auto_release_at {
            job::schedule(cx, Kind::ReleaseInstance, &instance.instance_id, at)?;
        }
        cx.note("instanceId", instance.instance_id.clone());
        Ok(instance)
    }

    fn row(&self, cx: &Cx<'_>, own: Own) -> Instance {
        let machine = &self.machine;
        let word = |word: Option<&'static str>, default: &str| word.unwrap_or(default).to_owned();
        let default_credit = if self.instance_type.family.is_burstable() { "Standard" } else { "" };
        // Windows has no use for key pairs.
        let key_pair_name = machine.key_pair_name.clone().filter(|_| self.image.os_type() != "windows");
        Instance {
            instance_id: own.instance_id,
            account: cx.account().clone(),
            region: self.region,
            zone_id: self.zone_id.clone(),
            instance_name: own.instance_name,
            host_name: own.host_name,
            description: machine.description.clone().map(|InstanceDescription(text)| text).unwrap_or_default(),
            image_id: self.image.image_id().to_owned(),
            os_name: self.image.os_name().to_owned(),
            os_type: self.image.os_type().to_owned(),
            instance_type: self.instance_type.id.to_owned(),
            status: "Pending".to_owned(),
            stopped_mode: NOT_STOPPED.to_owned(),
            security_group_ids: self.security_group_ids.join(","),
            vswitch_id: machine.vswitch_id.clone().map(|VSwitchId(id)| id).unwrap_or_default(),
            private_ip: own.private_ip.to_string(),
            serial_number: own.serial_number,
            key_pair_name: key_pair_name.unwrap_or_default(),
            ram_role_name: machine.ram_role_name.clone().unwrap_or_default(),
            user_data: machine.user_data.clone().map(|UserData(data)| data).unwrap_or_default(),
            internet_charge_type: word(machine.internet_charge_type.map(|word| word.0), "PayByTraffic"),
            internet_max_bandwidth_in: self.bandwidth.inbound,
            internet_max_bandwidth_out: self.bandwidth.outbound,
            spot_strategy: self.spot.strategy.to_owned(),
            spot_price_limit_milli: self.spot.price_limit_milli,
            spot_duration_h: self.spot.duration_h,
            spot_interruption_behavior: self.spot.interruption.to_owned(),
            credit_specification: word(machine.credit.map(|word| word.0), default_credit),
            http_endpoint: word(machine.http_endpoint.map(|word| word.0), "enabled"),
            http_tokens: word(machine.http_tokens.map(|word| word.0), "optional"),
            http_put_response_hop_limit: machine.http_put_response_hop_limit.unwrap_or(1),
            deletion_protection: machine.deletion_protection.unwrap_or(false),
            auto_release_at: self.auto_release_at,
            started_at: None,
            created_at: cx.now,
        }
    }

    /// The name asked for, else one made from the id, as the vendor makes it.
    fn host_name(&self, instance_id: &str, naming: &Naming) -> Result<String, ApiError> {
        let os_type = self.image.os_type();
        let Some(asked) = naming.host_name.as_ref().or(self.machine.host_name.as_ref()) else {
            return Ok(default_host_name(instance_id, os_type));
        };
        let name = format!("{}{}", asked.replace("${instance_id}", instance_id), naming.suffix);
        if is_host_name(&name, os_type) { Ok(name) } else { Err(ErrorCode::HostNameMalformed.into()) }
    }

    /// The address asked for, or so many after it; else a random free one of 172.16.0.0/12.
    fn private_ip(&self, cx: &Cx<'_>, place: u32) -> Result<Ipv4Addr, ApiError> {
        let is_taken =
            |address: Ipv4Addr| instances::private_ip_taken(cx.tx, cx.account(), self.region, &address.to_string());
        if let Some(PrivateIp(first)) = self.machine.private_ip {
            let address = u32::from(first).checked_add(place).map(Ipv4Addr::from).filter(Ipv4Addr::is_private);
            let address = address.ok_or(ErrorCode::PrivateIpOutside)?;
            return if is_taken(address)? { Err(ErrorCode::PrivateIpDuplicated.into()) } else { Ok(address) };
        }
        for _ in 0..MOST_DRAWS {
            let address = draw_address(cx);
            if !is_taken(address)? {
                return Ok(address);
            }
        }
        Err(ErrorCode::PrivateIpExhausted.into())
    }
}

/// The name of a host that was given none, made from the instance's id as the vendor makes it.
pub fn default_host_name(instance_id: &str, os_type: &str) -> String {
    let bare = instance_id.trim_start_matches("i-");
    let longest = if os_type == "windows" { 12 } else { bare.len() };
    format!("iZ{}Z", bare.get(..longest).unwrap_or(bare))
}

/// `StoppedMode` of an instance that is not stopped.
pub const NOT_STOPPED: &str = "Not-applicable";

/// How often a random address is drawn before the block counts as full.
const MOST_DRAWS: usize = 1000;

/// A random address of 172.16.0.0/12, but not one that a vSwitch reserves: the first and the last three of 256.
fn draw_address(cx: &Cx<'_>) -> Ipv4Addr {
    loop {
        let mut bytes = [0u8; 3];
        cx.rng.fill(&mut bytes);
        let [high, middle, low] = bytes;
        if (1..=252).contains(&low) {
            return Ipv4Addr::new(172, 16 | (high & 0x0f), middle, low);
        }
    }
}
