//! Making an image: what CreateImage and CopyImage share, and which operating system is on it.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::Record as _;
use coffer_store::images::{self, Image, ImageDisk};
use coffer_store::tags::{self, Resource, Tag};

use super::image_parameter::{Architecture, BootMode, Platform};
use super::image_source::{self, Source};
use crate::context::Cx;
use crate::job::{self, Kind};

/// The operating system of an image.
#[derive(Clone, Debug)]
pub struct System {
    /// `x86_64`, `i386` or `arm64`.
    pub architecture: String,
    /// For example `Ubuntu`.
    pub platform: String,
    /// Its name, for people.
    pub os_name: String,
    /// `linux` or `windows`.
    pub os_type: String,
    /// `BIOS`, `UEFI` or `UEFI-Preferred`; empty where unknown.
    pub boot_mode: String,
}

impl System {
    /// Of a disk about which nothing is known.
    fn unknown() -> Self {
        let platform = "Others Linux".to_owned();
        Self {
            architecture: "x86_64".to_owned(),
            os_name: platform.clone(),
            platform,
            os_type: "linux".to_owned(),
            boot_mode: String::new(),
        }
    }

    /// Of an image's row.
    pub fn of(image: &Image) -> Self {
        Self {
            architecture: image.architecture.clone(),
            platform: image.platform.clone(),
            os_name: image.os_name.clone(),
            os_type: image.os_type.clone(),
            boot_mode: image.boot_mode.clone(),
        }
    }

    /// Of what was made from an image, as long as that is still there.
    pub fn made_from(cx: &Cx<'_>, region: Region, image_id: &str) -> Result<Self, ApiError> {
        Ok(match image_source::find(cx, region, image_id)? {
            Some(Source::Own(image, _)) => Self::of(&image),
            Some(Source::Public(image)) => Self {
                architecture: image.architecture.to_owned(),
                platform: image.platform.to_owned(),
                os_name: image.os_name.to_owned(),
                os_type: image.os_type.to_owned(),
                boot_mode: String::new(),
            },
            None => Self::unknown(),
        })
    }

    /// The same, but for what a request says otherwise.
    pub fn with(
        mut self,
        architecture: Option<Architecture>,
        platform: Option<Platform>,
        boot_mode: Option<BootMode>,
    ) -> Result<Self, ErrorCode> {
        if let Some(Architecture(architecture)) = architecture {
            architecture.clone_into(&mut self.architecture);
        }
        if let Some(Platform(platform)) = platform.filter(|platform| platform.0 != self.platform) {
            platform.clone_into(&mut self.platform);
            platform.clone_into(&mut self.os_name);
            if platform.starts_with("Windows") { "windows" } else { "linux" }.clone_into(&mut self.os_type);
        }
        if let Some(BootMode(boot_mode)) = boot_mode {
            if self.architecture == "arm64" && boot_mode == "BIOS" {
                return Err(ErrorCode::ImageBootMode);
            }
            boot_mode.clone_into(&mut self.boot_mode);
        }
        Ok(self)
    }
}

/// What a new image is to be.
#[derive(Clone, Debug)]
pub struct NewImage<'a> {
    /// Its id.
    pub image_id: String,
    /// Where.
    pub region: Region,
    /// Its name; empty for none.
    pub image_name: String,
    /// Its version.
    pub image_version: String,
    /// Its family; empty for none.
    pub image_family: String,
    /// Its description.
    pub description: String,
    /// What is on it.
    pub system: System,
    /// Whether it is a copy of another.
    pub is_copied: bool,
    /// Its disks.
    pub disks: &'a [ImageDisk],
    /// Its tags.
    pub tags: &'a [Tag],
}

/// Begins an image. It is `Creating` until its snapshots are complete.
pub fn make(cx: &mut Cx<'_>, new: NewImage<'_>) -> Result<Image, ApiError> {
    let system_disk = new.disks.iter().find(|disk| disk.disk_type == "system");
    let system_disk = system_disk.ok_or_else(|| ApiError::internal("an image without a system disk"))?;
    let image = Image {
        image_id: new.image_id,
        account: cx.account().clone(),
        region: new.region,
        image_name: new.image_name,
        image_version: new.image_version,
        image_family: new.image_family,
        description: new.description,
        architecture: new.system.architecture,
        platform: new.system.platform,
        os_name: new.system.os_name,
        os_type: new.system.os_type,
        boot_mode: new.system.boot_mode,
        size_gib: system_disk.size_gib,
        status: "Creating".to_owned(),
        progress: 0,
        is_copied: new.is_copied,
        created_at: cx.now,
    };
    image.insert(cx.tx)?;
    images::set_disks(cx.tx, &image.image_id, new.disks)?;
    let on = Resource {
        account: &image.account,
        region: image.region,
        resource_type: "image",
        resource_id: &image.image_id,
    };
    for tag in new.tags {
        tags::set(cx.tx, on, tag)?;
    }
    job::soon(cx, Kind::CompleteImage, &image.image_id)?;
    cx.note("imageId", image.image_id.clone());
    Ok(image)
}

/// Refuses a name that another image of the caller's in the region has; `taken` words it.
pub fn require_free(cx: &Cx<'_>, region: Region, image_name: &str, taken: ErrorCode) -> Result<(), ApiError> {
    if !image_name.is_empty() && images::name_taken(cx.tx, cx.account(), region, image_name)? {
        return Err(taken.into());
    }
    Ok(())
}
