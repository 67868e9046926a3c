//! What an instance's disks are made from: a public image, or an image of the account.
//!
//! Public images are the vendor's. Here they are names with a size and an operating system and no bytes: an instance is a record,
//! and its system disk begins blank.

use coffer_base::{AccountId, ApiError, Region};
use coffer_store::images::{self, Image, ImageDisk};

use super::owned;
use crate::context::Cx;

/// An image that the vendor would offer to everyone.
#[derive(Clone, Copy, Debug)]
pub struct PublicImage {
    /// Its id, the same in every region.
    pub image_id: &'static str,
    /// Its family.
    pub image_family: &'static str,
    /// For example `Ubuntu`.
    pub platform: &'static str,
    /// The operating system, for people, in Chinese.
    pub os_name: &'static str,
    /// The same in English.
    pub os_name_en: &'static str,
    /// `linux` or `windows`.
    pub os_type: &'static str,
    /// `x86_64` or `arm64`.
    pub architecture: &'static str,
    /// The size of its system disk in GiB.
    pub size_gib: i64,
    /// When it was published.
    pub created_at: &'static str,
}

macro_rules! public_images {
    ($($id:literal $family:literal $platform:literal $os_name:literal $os_name_en:literal $os_type:literal $architecture:literal $size:literal $created:literal;)*) => {
        /// The public images, the newest of each family.
        pub const PUBLIC: &[PublicImage] = &[$(PublicImage {
            image_id: $id, image_family: $family, platform: $platform, os_name: $os_name,
            os_name_en: $os_name_en, os_type: $os_type, architecture: $architecture, size_gib: $size, created_at: $created,
        },)*];
    };
}

#[rustfmt::skip]
public_images! {
    "aliyun_3_x64_20G_alibase_20250117.vhd" "acs:alibaba_cloud_linux_3_2104_lts_x64" "Aliyun" "Alibaba Cloud Linux  3.2104 LTS 64位" "Alibaba Cloud Linux  3.2104 LTS 64 bit" "linux" "x86_64" 20 "2025-01-20T02:43:12Z";
    "aliyun_3_arm64_20G_alibase_20250117.vhd" "acs:alibaba_cloud_linux_3_2104_lts_arm64" "Aliyun" "Alibaba Cloud Linux  3.2104 LTS 64位 ARM版" "Alibaba Cloud Linux  3.2104 LTS 64 bit ARM Edition" "linux" "arm64" 20 "2025-01-20T02:43:15Z";
    "ubuntu_22_04_x64_20G_alibase_20250113.vhd" "acs:ubuntu_22_04_x64" "Ubuntu" "Ubuntu  22.04 64位" "Ubuntu  22.04 64 bit" "linux" "x86_64" 20 "2025-01-14T06:12:40Z";
    "ubuntu_24_04_x64_20G_alibase_20250113.vhd" "acs:ubuntu_24_04_x64" "Ubuntu" "Ubuntu  24.04 64位" "Ubuntu  24.04 64 bit" "linux" "x86_64" 20 "2025-01-14T06:20:02Z";
    "debian_12_8_x64_20G_alibase_20241216.vhd" "acs:debian_12_8_x64" "Debian" "Debian  12.8 64位" "Debian  12.8 64 bit" "linux" "x86_64" 20 "2024-12-17T03:30:21Z";
    "rockylinux_9_5_x64_20G_alibase_20241216.vhd" "acs:rockylinux_9_5_x64" "Rocky Linux" "Rocky Linux  9.5 64位" "Rocky Linux  9.5 64 bit" "linux" "x86_64" 20 "2024-12-17T03:31:47Z";
    "win2022_21H2_x64_dtc_en-us_40G_alibase_20250115.vhd" "acs:windows_server_2022_en" "Windows Server 2022" "Windows Server  2022 数据中心版 64位英文版" "Windows Server  2022 Data Center Edition 64 bit English Edition" "windows" "x86_64" 40 "2025-01-16T05:02:33Z";
}

/// An image that instances can be made from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A public one.
    Public(&'static PublicImage),
    /// One of the account, with the disks it makes; its system disk comes first.
    Own(Box<Image>, Vec<ImageDisk>),
}

/// The image of that id in a region, if it is public or the caller's.
pub fn find(cx: &Cx<'_>, region: Region, image_id: &str) -> Result<Option<Source>, ApiError> {
    if let Some(image) = PUBLIC.iter().find(|image| image.image_id == image_id) {
        return Ok(Some(Source::Public(image)));
    }
    let Some(image) = owned::find_in::<Image>(cx, region, image_id)? else { return Ok(None) };
    let disks = images::disks_of(cx.tx, image_id)?;
    Ok(Some(Source::Own(Box::new(image), disks)))
}

/// The newest image of a family in a region that the caller may use.
pub fn newest_of_family(cx: &Cx<'_>, region: Region, family: &str) -> Result<Option<Source>, ApiError> {
    if let Some(image) = PUBLIC.iter().find(|image| image.image_family == family) {
        return Ok(Some(Source::Public(image)));
    }
    let filter = images::Filter {
        image_family: Some(family.to_owned()),
        statuses: Some(vec!["Available".to_owned()]),
        ..images::Filter::default()
    };
    let newest = images::list(cx.tx, cx.account(), region, &filter, &coffer_store::Start::Offset(0), 1)?.pop();
    newest.map_or(Ok(None), |image| find(cx, region, &image.image_id))
}

impl Source {
    /// Its id.
    pub fn image_id(&self) -> &str {
        match self {
            Self::Public(image) => image.image_id,
            Self::Own(image, _) => &image.image_id,
        }
    }

    /// The account whose image it is; a public one is nobody's.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Public(_) => None,
            Self::Own(image, _) => Some(&image.account),
        }
    }

    /// For example `Ubuntu`.
    pub fn platform(&self) -> &str {
        match self {
            Self::Public(image) => image.platform,
            Self::Own(image, _) => &image.platform,
        }
    }

    /// The operating system, for people.
    pub fn os_name(&self) -> &str {
        match self {
            Self::Public(image) => image.os_name,
            Self::Own(image, _) => &image.os_name,
        }
    }

    /// `linux` or `windows`.
    pub fn os_type(&self) -> &str {
        match self {
            Self::Public(image) => image.os_type,
            Self::Own(image, _) => &image.os_type,
        }
    }

    /// `x86_64`, `i386` or `arm64`.
    pub fn architecture(&self) -> &str {
        match self {
            Self::Public(image) => image.architecture,
            Self::Own(image, _) => &image.architecture,
        }
    }

    /// The size of its system disk in GiB.
    pub fn size_gib(&self) -> i64 {
        match self {
            Self::Public(image) => image.size_gib,
            Self::Own(image, _) => image.size_gib,
        }
    }

    /// The disks it makes, each from a snapshot. A public image has none.
    pub fn disks(&self) -> &[ImageDisk] {
        match self {
            Self::Public(_) => &[],
            Self::Own(_, disks) => disks,
        }
    }

    /// Whether instances can be made from it now.
    pub fn is_available(&self) -> bool {
        match self {
            Self::Public(_) => true,
            Self::Own(image, _) => image.status == "Available",
        }
    }
}
