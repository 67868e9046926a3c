//! DescribeInstanceTypes: the types of instances that there are, with their figures, by pages.
//!
//! The vendor: all types are shown unless filters say otherwise; models of processors match by a part of their name; the disks of a type
//! include its system disk. Where it is silent: a word that no type bears finds none; what a type has none of (credits, GPUs, local
//! disks, a turbo clock) counts as 0.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::instance_types::{ALL, InstanceType, MOST_DATA_DISKS};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::product::Product;
use crate::value::response;

request! {
    /// Which types, and which page of them.
    pub struct Request {
        /// Only of this architecture.
        pub architecture: Option<String> = "CpuArchitecture",
        /// Only of one of these.
        pub architectures: Words<2> = "CpuArchitectures",
        /// Only with this GPU: there are none.
        pub gpu_spec: Option<String> = "GPUSpec",
        /// Only with one of these GPUs.
        pub gpu_specs: Words<10> = "GpuSpecs",
        /// Only of one of these categories.
        pub categories: Words<10> = "InstanceCategories",
        /// Only of this category.
        pub category: Option<String> = "InstanceCategory",
        /// Only of this level.
        pub level: Option<String> = "InstanceFamilyLevel",
        /// Only of one of these families.
        pub families: Words<10> = "InstanceTypeFamilies",
        /// Only of this family.
        pub family: Option<String> = "InstanceTypeFamily",
        /// Only these.
        pub ids: Words<10> = "InstanceTypes",
        /// Only with local disks of one of these categories: there are none.
        pub local_storage_categories: Words<2> = "LocalStorageCategories",
        /// Only with local disks of this category.
        pub local_storage_category: Option<String> = "LocalStorageCategory",
        /// Most types on a page.
        pub max_results: Option<i64> = "MaxResults",
        /// Most vCPUs.
        pub most_vcpus: Option<i64> = "MaximumCpuCoreCount",
        /// Highest clock in GHz.
        pub most_clock: Option<f64> = "MaximumCpuSpeedFrequency",
        /// Highest turbo clock in GHz.
        pub most_turbo: Option<f64> = "MaximumCpuTurboFrequency",
        /// Most GPUs.
        pub most_gpus: Option<i64> = "MaximumGPUAmount",
        /// Most memory in GiB.
        pub most_memory: Option<f64> = "MaximumMemorySize",
        /// Least baseline of a burstable type.
        pub least_baseline: Option<i64> = "MinimumBaselineCredit",
        /// Fewest vCPUs.
        pub least_vcpus: Option<i64> = "MinimumCpuCoreCount",
        /// Lowest clock in GHz.
        pub least_clock: Option<f64> = "MinimumCpuSpeedFrequency",
        /// Lowest turbo clock in GHz.
        pub least_turbo: Option<f64> = "MinimumCpuTurboFrequency",
        /// Fewest disks.
        pub least_disks: Option<i64> = "MinimumDiskQuantity",
        /// Fewest IPv6 addresses of an interface.
        pub least_ipv6: Option<i64> = "MinimumEniIpv6AddressQuantity",
        /// Fewest private IPv4 addresses of an interface.
        pub least_ipv4: Option<i64> = "MinimumEniPrivateIpAddressQuantity",
        /// Fewest interfaces.
        pub least_enis: Option<i64> = "MinimumEniQuantity",
        /// Fewest RDMA interfaces.
        pub least_eris: Option<i64> = "MinimumEriQuantity",
        /// Fewest GPUs.
        pub least_gpus: Option<i64> = "MinimumGPUAmount",
        /// Least initial credits of a burstable type.
        pub least_initial: Option<i64> = "MinimumInitialCredit",
        /// Least inbound bandwidth in Kbit/s.
        pub least_bandwidth_in: Option<i64> = "MinimumInstanceBandwidthRx",
        /// Least outbound bandwidth in Kbit/s.
        pub least_bandwidth_out: Option<i64> = "MinimumInstanceBandwidthTx",
        /// Fewest packets a second inbound.
        pub least_packets_in: Option<i64> = "MinimumInstancePpsRx",
        /// Fewest packets a second outbound.
        pub least_packets_out: Option<i64> = "MinimumInstancePpsTx",
        /// Fewest local disks.
        pub least_local_disks: Option<i64> = "MinimumLocalStorageAmount",
        /// Smallest local disk in GiB.
        pub least_local_gib: Option<i64> = "MinimumLocalStorageCapacity",
        /// Least memory in GiB.
        pub least_memory: Option<f64> = "MinimumMemorySize",
        /// Fewest queues of the first interface.
        pub least_primary_queues: Option<i64> = "MinimumPrimaryEniQueueNumber",
        /// Fewest queue pairs of an RDMA interface.
        pub least_queue_pairs: Option<i64> = "MinimumQueuePairNumber",
        /// Fewest queues of another interface.
        pub least_secondary_queues: Option<i64> = "MinimumSecondaryEniQueueNumber",
        /// Where the page begins.
        pub next_token: Option<String> = "NextToken",
        /// Only with NVMe disks (`required`), or only without.
        pub nvme_support: Option<String> = "NvmeSupport",
        /// Only with a processor in whose name this stands.
        pub processor: Option<String> = "PhysicalProcessorModel",
        /// Only with one of these.
        pub processors: Words<10> = "PhysicalProcessorModels",
    }
    refused { "AdditionalAttributes", }
}

/// `Name.N`: at most so many words, each of which will do. None: any will.
#[derive(Clone, Debug, Default)]
pub struct Words<const MOST: usize>(pub Vec<String>);

impl<const MOST: usize> Field for Words<MOST> {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Ok(Self(reader.items(name, MOST)?.into_iter().map(str::to_owned).collect()))
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The types, by family and size.
        pub types: Vec<TypeItem> = "InstanceTypes" of "InstanceType",
        /// Where the next page begins; empty on the last.
        pub next_token: String = "NextToken",
    }

    /// A type.
    pub struct TypeItem {
        /// Its id.
        pub id: &'static str = "InstanceTypeId",
        /// Its family.
        pub family: &'static str = "InstanceTypeFamily",
        /// The family's level.
        pub level: &'static str = "InstanceFamilyLevel",
        /// The family's category.
        pub category: &'static str = "InstanceCategory",
        /// `X86` or `ARM`.
        pub architecture: &'static str = "CpuArchitecture",
        /// vCPUs.
        pub vcpus: i64 = "CpuCoreCount",
        /// How they are made.
        pub cpu: CpuOptions = "CpuOptions",
        /// The processor.
        pub processor: &'static str = "PhysicalProcessorModel",
        /// Its clock in GHz.
        pub clock_ghz: f64 = "CpuSpeedFrequency",
        /// Its turbo clock in GHz.
        pub turbo_ghz: Option<f64> = "CpuTurboFrequency",
        /// Memory in GiB.
        pub memory_gib: f64 = "MemorySize",
        /// Most disks, the system disk among them.
        pub disks: i64 = "DiskQuantity",
        /// `required` where disks are NVMe devices, else `unsupported`.
        pub nvme_support: &'static str = "NvmeSupport",
        /// Baseline of a burstable type.
        pub baseline_credit: Option<i64> = "BaselineCredit",
        /// Initial credits of a burstable type.
        pub initial_credit: Option<i64> = "InitialCredit",
        /// Inbound bandwidth in Kbit/s.
        pub bandwidth_in: i64 = "InstanceBandwidthRx",
        /// Outbound bandwidth in Kbit/s.
        pub bandwidth_out: i64 = "InstanceBandwidthTx",
        /// Packets a second inbound.
        pub packets_in: i64 = "InstancePpsRx",
        /// Packets a second outbound.
        pub packets_out: i64 = "InstancePpsTx",
        /// Most network interfaces.
        pub enis: i64 = "EniQuantity",
        /// The same with those that are not shown: there are none.
        pub enis_in_all: i64 = "EniTotalQuantity",
        /// Whether an interface can have others below it.
        pub eni_trunk: bool = "EniTrunkSupported",
        /// Most private IPv4 addresses of an interface.
        pub ipv4_per_eni: i64 = "EniPrivateIpAddressQuantity",
        /// Most IPv6 addresses of an interface.
        pub ipv6_per_eni: i64 = "EniIpv6AddressQuantity",
        /// Queues of the first interface.
        pub primary_queues: i64 = "PrimaryEniQueueNumber",
        /// Queues of another interface.
        pub secondary_queues: i64 = "SecondaryEniQueueNumber",
        /// Most queues of an interface.
        pub most_queues: i64 = "MaximumQueueNumberPerEni",
        /// Queues of all interfaces together.
        pub queues_in_all: i64 = "TotalEniQueueQuantity",
        /// RDMA interfaces.
        pub eris: i64 = "EriQuantity",
        /// Queue pairs of an RDMA interface.
        pub queue_pairs: i64 = "QueuePairNumber",
        /// GPUs.
        pub gpus: i64 = "GPUAmount",
        /// Their model.
        pub gpu_spec: &'static str = "GPUSpec",
        /// The category of local disks.
        pub local_storage_category: &'static str = "LocalStorageCategory",
        /// Local disks.
        pub local_disks: i64 = "LocalStorageAmount",
    }

    /// How vCPUs are made.
    pub struct CpuOptions {
        /// Cores.
        pub cores: i64 = "Core",
        /// Threads of a core.
        pub threads_per_core: i64 = "ThreadsPerCore",
        /// Whether that can be changed.
        pub adjustable: bool = "HyperThreadingAdjustable",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstanceTypes",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstanceTypes"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter]],
};

/// Most types on a page.
const MOST_RESULTS: i64 = 1600;

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, mut request: Request) -> Result<Response, ApiError> {
    let invalid = |name: &str| Product::Ecs.invalid_parameter(name);
    let size = request.max_results.take().unwrap_or(MOST_RESULTS);
    if !(1..=MOST_RESULTS).contains(&size) {
        return Err(invalid("MaxResults"));
    }
    let token = request.next_token.take();
    // The debug text of what is left differs whenever the filters do, which is all that a token needs.
    let filters = format!("{request:?}");
    let listing = Listing { action: OPERATION.name, filters: &filters };
    let mut found: Vec<&'static InstanceType> = ALL.iter().filter(|one| lets_through(&request, one)).collect();
    if let Some(token) = token {
        let last = listing.position(cx, &token)?.ok_or_else(|| invalid("NextToken"))?;
        let place = found.iter().position(|one| one.id == last).ok_or_else(|| invalid("NextToken"))?;
        found.drain(..=place);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let next_token = match found.last() {
        Some(last) if more => listing.token(cx, last.id)?,
        _ => String::new(),
    };
    Ok(Response { types: found.into_iter().map(item).collect(), next_token })
}

/// Disks that can be attached, the system disk among them.
fn disks() -> i64 {
    i64::try_from(MOST_DATA_DISKS + 1).unwrap_or(i64::MAX)
}

const fn nvme_support(one: &InstanceType) -> &'static str {
    if one.family.nvme { "required" } else { "unsupported" }
}

fn lets_through(request: &Request, one: &InstanceType) -> bool {
    has_words(request, one) && has_parts(request, one) && has_amounts(request, one) && has_frequencies(request, one)
}

/// The filters that name something: one word, or several of which one will do.
fn has_words(request: &Request, one: &InstanceType) -> bool {
    let family = one.family;
    let none = Words::<0>::default();
    let (no_words, no_word) = (&none.0, &None);
    let filters = [
        (&request.architecture, &request.architectures.0, family.architecture),
        (&request.category, &request.categories.0, family.category),
        (&request.family, &request.families.0, family.id),
        (no_word, &request.ids.0, one.id),
        (&request.level, no_words, family.level),
        (&request.nvme_support, no_words, nvme_support(one)),
        (&request.local_storage_category, &request.local_storage_categories.0, ""),
    ];
    filters.into_iter().all(|(word, words, has)| {
        word.as_deref().is_none_or(|word| word == has) && (words.is_empty() || words.iter().any(|word| word == has))
    })
}

/// The filters that name a part of something.
fn has_parts(request: &Request, one: &InstanceType) -> bool {
    let filters = [
        (&request.processor, &request.processors.0, one.family.processor),
        (&request.gpu_spec, &request.gpu_specs.0, ""),
    ];
    filters.into_iter().all(|(part, parts, has)| {
        part.as_deref().is_none_or(|part| has.contains(part))
            && (parts.is_empty() || parts.iter().any(|part| has.contains(part.as_str())))
    })
}

/// The bounds of whole numbers.
fn has_amounts(request: &Request, one: &InstanceType) -> bool {
    let at_least = [
        (request.least_baseline, one.baseline_credit().unwrap_or(0)),
        (request.least_vcpus, one.vcpus),
        (request.least_disks, disks()),
        (request.least_ipv6, one.ipv6_per_eni),
        (request.least_ipv4, one.ipv4_per_eni),
        (request.least_enis, one.enis),
        (request.least_eris, 0),
        (request.least_gpus, 0),
        (request.least_initial, one.initial_credit().unwrap_or(0)),
        (request.least_bandwidth_in, one.bandwidth_kbps),
        (request.least_bandwidth_out, one.bandwidth_kbps),
        (request.least_packets_in, one.packets_per_s),
        (request.least_packets_out, one.packets_per_s),
        (request.least_local_disks, 0),
        (request.least_local_gib, 0),
        (request.least_primary_queues, one.eni_queues),
        (request.least_queue_pairs, 0),
        (request.least_secondary_queues, one.eni_queues),
    ];
    let at_most = [(request.most_vcpus, one.vcpus), (request.most_gpus, 0)];
    at_least.into_iter().all(|(least, has)| least.is_none_or(|least| has >= least))
        && at_most.into_iter().all(|(most, has)| most.is_none_or(|most| has <= most))
}

/// The bounds of other numbers.
fn has_frequencies(request: &Request, one: &InstanceType) -> bool {
    let (clock, turbo, memory) = (one.family.clock_ghz, one.family.turbo_ghz.unwrap_or(0.0), one.memory());
    let bounds = [
        (request.least_clock, request.most_clock, clock),
        (request.least_turbo, request.most_turbo, turbo),
        (request.least_memory, request.most_memory, memory),
    ];
    bounds
        .into_iter()
        .all(|(least, most, has)| least.is_none_or(|least| has >= least) && most.is_none_or(|most| has <= most))
}

fn item(one: &'static InstanceType) -> TypeItem {
    let family = one.family;
    TypeItem {
        id: one.id,
        family: family.id,
        level: family.level,
        category: family.category,
        architecture: family.architecture,
        vcpus: one.vcpus,
        cpu: CpuOptions {
            cores: (one.vcpus / family.threads_per_core).max(1),
            threads_per_core: family.threads_per_core,
            // RunInstances has parameters for it, which are refused.
            adjustable: false,
        },
        processor: family.processor,
        clock_ghz: family.clock_ghz,
        turbo_ghz: family.turbo_ghz,
        memory_gib: one.memory(),
        disks: disks(),
        nvme_support: nvme_support(one),
        baseline_credit: one.baseline_credit(),
        initial_credit: one.initial_credit(),
        bandwidth_in: one.bandwidth_kbps,
        bandwidth_out: one.bandwidth_kbps,
        packets_in: one.packets_per_s,
        packets_out: one.packets_per_s,
        enis: one.enis,
        enis_in_all: one.enis,
        eni_trunk: false,
        ipv4_per_eni: one.ipv4_per_eni,
        ipv6_per_eni: one.ipv6_per_eni,
        primary_queues: one.eni_queues,
        secondary_queues: one.eni_queues,
        most_queues: one.eni_queues,
        queues_in_all: one.eni_queues * one.enis,
        eris: 0,
        queue_pairs: 0,
        gpus: 0,
        gpu_spec: "",
        local_storage_category: "",
        local_disks: 0,
    }
}
