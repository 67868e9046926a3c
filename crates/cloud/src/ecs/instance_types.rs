//! Types of instances: the usual ones of the current families, with the figures of the vendor's "Overview of instance families".
//!
//! Where the vendor's answer depends on stock, every type is to be had in every zone here. Each takes [`MOST_DATA_DISKS`] data disks.

use super::disk_types::Category;

/// Most data disks on an instance, besides its system disk ("Limits").
pub const MOST_DATA_DISKS: usize = 16;

/// A family of types: what its types have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Family {
    /// Its id, for example `ecs.g7`.
    pub id: &'static str,
    /// For example `General-purpose`.
    pub category: &'static str,
    /// `EnterpriseLevel` or `CreditEntryLevel`.
    pub level: &'static str,
    /// `X86` or `ARM`.
    pub architecture: &'static str,
    /// The processor, for people.
    pub processor: &'static str,
    /// Its clock in GHz.
    pub clock_ghz: f64,
    /// Its turbo clock in GHz, where it has one.
    pub turbo_ghz: Option<f64>,
    /// Threads of a core: each is a vCPU.
    pub threads_per_core: i64,
    /// Whether disks are attached as NVMe devices.
    pub nvme: bool,
    /// Whether `cloud_essd_entry` disks can be attached.
    pub essd_entry: bool,
}

impl Family {
    const fn x86(id: &'static str, category: &'static str, processor: &'static str) -> Self {
        Self {
            id,
            category,
            level: "EnterpriseLevel",
            architecture: "X86",
            processor,
            clock_ghz: 2.7,
            turbo_ghz: None,
            threads_per_core: 2,
            nvme: false,
            essd_entry: false,
        }
    }

    /// Whether its CPU performance is bought with credits.
    pub fn is_burstable(&self) -> bool {
        self.level == "CreditEntryLevel"
    }
}

const ICE_LAKE: &str = "Intel Xeon(Ice Lake) Platinum 8369B";
const SAPPHIRE_RAPIDS: &str = "Intel Xeon(Sapphire Rapids) Platinum 8475B";

const C7: Family = Family { turbo_ghz: Some(3.5), ..Family::x86("ecs.c7", "Compute-optimized", ICE_LAKE) };
const G7: Family = Family { turbo_ghz: Some(3.5), ..Family::x86("ecs.g7", "General-purpose", ICE_LAKE) };
const R7: Family = Family { turbo_ghz: Some(3.5), ..Family::x86("ecs.r7", "Memory-optimized", ICE_LAKE) };
const C8I: Family =
    Family { turbo_ghz: Some(3.2), nvme: true, ..Family::x86("ecs.c8i", "Compute-optimized", SAPPHIRE_RAPIDS) };
const G8I: Family =
    Family { turbo_ghz: Some(3.2), nvme: true, ..Family::x86("ecs.g8i", "General-purpose", SAPPHIRE_RAPIDS) };
const G8Y: Family = Family {
    architecture: "ARM",
    clock_ghz: 2.75,
    threads_per_core: 1,
    nvme: true,
    ..Family::x86("ecs.g8y", "General-purpose", "YiTian 710")
};
const U1: Family =
    Family { clock_ghz: 2.5, essd_entry: true, ..Family::x86("ecs.u1", "General-purpose", "Intel Xeon Platinum") };
const T6: Family = Family {
    level: "CreditEntryLevel",
    clock_ghz: 2.5,
    turbo_ghz: Some(3.2),
    ..Family::x86("ecs.t6", "Shared", "Intel Xeon(Cascade Lake) Platinum 8269CY")
};

/// A type of instances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceType {
    /// Its id, for example `ecs.g7.large`.
    pub id: &'static str,
    /// Its family.
    pub family: &'static Family,
    /// vCPUs.
    pub vcpus: i64,
    /// Memory in GiB.
    pub memory_gib: i64,
    /// Baseline network bandwidth, each way, in Kbit/s.
    pub bandwidth_kbps: i64,
    /// Packets a second, each way.
    pub packets_per_s: i64,
    /// Queues of a network interface.
    pub eni_queues: i64,
    /// Most network interfaces.
    pub enis: i64,
    /// Most private IPv4 addresses of a network interface.
    pub ipv4_per_eni: i64,
    /// Most IPv6 addresses of a network interface.
    pub ipv6_per_eni: i64,
}

macro_rules! instance_types {
    ($($id:literal $family:ident $vcpus:literal $memory:literal $bandwidth:literal $packets:literal $queues:literal $enis:literal $ipv4:literal $ipv6:literal;)*) => {
        /// All types, by family and size.
        pub const ALL: &[InstanceType] = &[$(InstanceType {
            id: $id, family: &$family, vcpus: $vcpus, memory_gib: $memory, bandwidth_kbps: $bandwidth,
            packets_per_s: $packets, eni_queues: $queues, enis: $enis, ipv4_per_eni: $ipv4, ipv6_per_eni: $ipv6,
        },)*];
    };
}

#[rustfmt::skip]
instance_types! {
    "ecs.c7.large" C7 2 4 2_048_000 900_000 2 3 6 6;
    "ecs.c7.xlarge" C7 4 8 3_072_000 1_000_000 4 4 15 15;
    "ecs.c8i.large" C8I 2 4 2_560_000 1_000_000 2 3 6 6;
    "ecs.c8i.xlarge" C8I 4 8 4_096_000 1_200_000 4 4 15 15;
    "ecs.g7.large" G7 2 8 2_048_000 900_000 2 3 6 6;
    "ecs.g7.xlarge" G7 4 16 3_072_000 1_000_000 4 4 15 15;
    "ecs.g7.2xlarge" G7 8 32 5_120_000 1_600_000 8 4 15 15;
    "ecs.g8i.large" G8I 2 8 2_560_000 1_000_000 2 3 6 6;
    "ecs.g8i.xlarge" G8I 4 16 4_096_000 1_200_000 4 4 15 15;
    "ecs.g8y.small" G8Y 1 4 1_024_000 500_000 1 2 3 3;
    "ecs.g8y.large" G8Y 2 8 2_048_000 900_000 2 3 6 6;
    "ecs.r7.large" R7 2 16 2_048_000 900_000 2 3 6 6;
    "ecs.r7.xlarge" R7 4 32 3_072_000 1_000_000 4 4 15 15;
    "ecs.t6-c1m2.large" T6 2 4 81_920 100_000 1 2 2 1;
    "ecs.t6-c1m4.large" T6 2 8 81_920 100_000 1 2 2 1;
    "ecs.u1-c1m2.large" U1 2 4 1_024_000 300_000 2 2 6 2;
    "ecs.u1-c1m4.large" U1 2 8 1_024_000 300_000 2 2 6 2;
}

/// The families of [`ALL`], in order.
pub fn families() -> impl Iterator<Item = &'static Family> {
    let begins = |place: usize| place == 0 || ALL[place].family != ALL[place - 1].family;
    (0..ALL.len()).filter(move |place| begins(*place)).map(|place| ALL[place].family)
}

impl InstanceType {
    /// The type of that id.
    pub fn find(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|instance_type| instance_type.id == id)
    }

    /// Memory in GiB, as the vendor writes it.
    #[expect(clippy::cast_precision_loss, reason = "memory of an instance is far below 2^52 GiB")]
    pub const fn memory(&self) -> f64 {
        self.memory_gib as f64
    }

    /// Whether an image of that architecture (`x86_64`, `i386`, `arm64`) runs on it.
    pub fn runs(&self, image_architecture: &str) -> bool {
        (self.family.architecture == "ARM") == (image_architecture == "arm64")
    }

    /// Whether disks of a category can be attached to it.
    pub fn takes(&self, category: Category) -> bool {
        category != Category::EssdEntry || self.family.essd_entry
    }

    /// The baseline performance of all its vCPUs together in percent of one, where it is bought with credits.
    pub fn baseline_credit(&self) -> Option<i64> {
        let percent = if self.memory_gib > 4 { 30 } else { 20 };
        self.family.is_burstable().then_some(percent * self.vcpus)
    }

    /// The credits it begins with: 30 a vCPU.
    pub fn initial_credit(&self) -> Option<i64> {
        self.family.is_burstable().then_some(30 * self.vcpus)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_begin_with_their_family() {
        let ids: HashSet<_> = ALL.iter().map(|instance_type| instance_type.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for InstanceType { id, family, .. } in ALL {
            let rest = id.strip_prefix(family.id).unwrap_or_default();
            assert!(rest.starts_with(['.', '-']), "{id} {}", family.id);
        }
    }

    #[test]
    fn a_family_is_listed_once() {
        let ids: Vec<_> = families().map(|family| family.id).collect();
        assert_eq!(ids.len(), ids.iter().collect::<HashSet<_>>().len());
        assert_eq!(ids.len(), 8);
    }

    #[test]
    fn arm_images_run_on_arm_types_only() {
        let (arm, x86) = (InstanceType::find("ecs.g8y.large").unwrap(), InstanceType::find("ecs.g7.large").unwrap());
        assert!(arm.runs("arm64") && !arm.runs("x86_64"));
        assert!(x86.runs("x86_64") && x86.runs("i386") && !x86.runs("arm64"));
    }
}
