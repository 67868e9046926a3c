//! Categories of disks: their sizes, performance levels and what they can do ("Block storage performance", CreateDisk).

use std::ops::RangeInclusive;

use coffer_base::ErrorCode;

use crate::decode::{Invalid, Parameter};

/// A category of disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Basic.
    Cloud,
    /// Ultra disk.
    Efficiency,
    /// Standard SSD.
    Ssd,
    /// ESSD.
    Essd,
    /// ESSD AutoPL.
    Auto,
    /// ESSD Entry.
    EssdEntry,
    /// Regional ESSD.
    RegionalAuto,
    /// Standard elastic ephemeral disk.
    EphemeralStandard,
    /// Premium elastic ephemeral disk.
    EphemeralPremium,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 9] = [
        Self::Cloud,
        Self::Efficiency,
        Self::Ssd,
        Self::Essd,
        Self::Auto,
        Self::EssdEntry,
        Self::RegionalAuto,
        Self::EphemeralStandard,
        Self::EphemeralPremium,
    ];

    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Efficiency => "cloud_efficiency",
            Self::Ssd => "cloud_ssd",
            Self::Essd => "cloud_essd",
            Self::Auto => "cloud_auto",
            Self::EssdEntry => "cloud_essd_entry",
            Self::RegionalAuto => "cloud_regional_disk_auto",
            Self::EphemeralStandard => "elastic_ephemeral_disk_standard",
            Self::EphemeralPremium => "elastic_ephemeral_disk_premium",
        }
    }

    /// The category of the vendor's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == text)
    }

    /// Whether its bytes can be encrypted: ephemeral disks' can't.
    pub const fn can_be_encrypted(self) -> bool {
        !matches!(self, Self::EphemeralStandard | Self::EphemeralPremium)
    }

    /// Whether it is of the ESSD series: only there can system disks and disks from snapshots be encrypted ("Encrypt cloud disks").
    pub const fn is_essd_series(self) -> bool {
        matches!(self, Self::Essd | Self::Auto | Self::EssdEntry | Self::RegionalAuto)
    }

    /// Whether it can be a system disk.
    pub const fn can_be_system(self) -> bool {
        !matches!(self, Self::RegionalAuto | Self::EphemeralStandard | Self::EphemeralPremium)
    }

    /// Sizes of a system disk, in GiB ("RunInstances").
    pub fn system_sizes_gib(self, level: Option<Level>) -> RangeInclusive<i64> {
        match self {
            Self::Cloud => 20..=500,
            Self::Essd => level.map_or(20, Level::smallest_gib)..=2048,
            Self::Auto => 1..=2048,
            _ => 20..=2048,
        }
    }

    /// Whether several instances can attach it at once.
    pub const fn can_be_shared(self) -> bool {
        matches!(self, Self::Essd | Self::Auto | Self::RegionalAuto)
    }

    /// Sizes of a data disk, in GiB. An ESSD's smallest size depends on its level.
    pub fn sizes_gib(self, level: Option<Level>) -> RangeInclusive<i64> {
        match self {
            Self::Cloud => 5..=2000,
            Self::Efficiency | Self::Ssd => 20..=32_768,
            Self::Essd => level.map_or(20, Level::smallest_gib)..=65_536,
            Self::Auto => 1..=65_536,
            Self::EssdEntry => 10..=32_768,
            Self::RegionalAuto => 10..=65_536,
            Self::EphemeralStandard | Self::EphemeralPremium => 64..=8192,
        }
    }

    /// Baseline IOPS at a size.
    pub fn iops(self, level: Option<Level>, size_gib: i64) -> i64 {
        let (step, most) = match (self, level) {
            (Self::Cloud, _) => return 300,
            (Self::Efficiency, _) => (8, 5000),
            (Self::Ssd, _) => (30, 25_000),
            (Self::EssdEntry, _) => (8, 6000),
            (Self::Essd, Some(Level::Pl0)) => (12, 10_000),
            (Self::Essd, Some(Level::Pl2)) => (50, 100_000),
            (Self::Essd, Some(Level::Pl3)) => (50, 1_000_000),
            _ => (50, 50_000),
        };
        (1800 + step * size_gib).min(most)
    }

    /// Baseline throughput at a size, in MB/s.
    pub fn throughput_mbps(self, level: Option<Level>, size_gib: i64) -> i64 {
        let (base, percent, most) = match (self, level) {
            (Self::Cloud, _) => return 40,
            (Self::Efficiency, _) => (100, 15, 140),
            (Self::Ssd, _) => (120, 50, 300),
            (Self::EssdEntry, _) => (100, 15, 150),
            (Self::Essd, Some(Level::Pl0)) => (100, 25, 180),
            (Self::Essd, Some(Level::Pl2)) => (120, 50, 750),
            (Self::Essd, Some(Level::Pl3)) => (120, 50, 4000),
            _ => (120, 50, 350),
        };
        (base + size_gib * percent / 100).min(most)
    }
}

/// A performance level of an ESSD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// PL0.
    Pl0,
    /// PL1, the default.
    Pl1,
    /// PL2.
    Pl2,
    /// PL3.
    Pl3,
}

impl Level {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pl0 => "PL0",
            Self::Pl1 => "PL1",
            Self::Pl2 => "PL2",
            Self::Pl3 => "PL3",
        }
    }

    /// The level of the vendor's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pl0, Self::Pl1, Self::Pl2, Self::Pl3].into_iter().find(|level| level.as_str() == text)
    }

    /// The smallest data disk of this level, in GiB.
    pub const fn smallest_gib(self) -> i64 {
        match self {
            Self::Pl0 => 1,
            Self::Pl1 => 20,
            Self::Pl2 => 461,
            Self::Pl3 => 1261,
        }
    }
}

impl Parameter for Category {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self::parse(text).ok_or(ErrorCode::DiskCategoryNotSupported)?)
    }
}

impl Parameter for Level {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self::parse(text).ok_or(ErrorCode::PerformanceLevelMalformed)?)
    }
}
