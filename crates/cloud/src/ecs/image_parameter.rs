//! Parameter types of the operations on images.

use coffer_base::{ApiError, ErrorCode};

use super::parameter::{is_description, is_name, text_parameter};
use crate::decode::{Field, Invalid, Parameter, Reader, whole};

/// Names that begin so are the vendor's own.
fn is_image_name(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    is_name(text) && !lower.starts_with("acs:") && !lower.starts_with("aliyun")
}

/// The vendor bounds versions nowhere; a name's length is plenty.
fn is_image_version(text: &str) -> bool {
    text.chars().count() <= 128 && !text.chars().any(char::is_control)
}

text_parameter!(
    /// The name of an image.
    ImageName, is_image_name, ImageNameMalformed
);
text_parameter!(
    /// The name of a family of images.
    ImageFamily, is_image_name, ImageFamilyMalformed
);
text_parameter!(
    /// The version of an image.
    ImageVersion, is_image_version, ImageVersionMalformed
);
text_parameter!(
    /// The name of an image's copy.
    CopyImageName, is_image_name, CopyImageNameMalformed
);
text_parameter!(
    /// The description of an image's copy.
    CopyImageDescription, is_description, CopyImageDescriptionMalformed
);

macro_rules! word {
    ($(#[$note:meta])* $type:ident, [$($word:literal),* $(,)?], $invalid:expr) => {
        $(#[$note])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $type(pub &'static str);

        impl Parameter for $type {
            fn from_text(text: &str) -> Result<Self, Invalid> {
                let known = [$($word),*].into_iter().find(|word| *word == text);
                known.map(Self).ok_or($invalid)
            }
        }
    };
}

word!(
    /// `Architecture` of a new image.
    Architecture, ["i386", "x86_64", "arm64"], Invalid::Code(ErrorCode::ImageArchitectureMalformed)
);
word!(
    /// `Architecture` as a filter.
    ArchitectureFilter, ["i386", "x86_64", "arm64"], Invalid::Code(ErrorCode::ImageArchitectureInvalid)
);
word!(
    /// `OSType` as a filter.
    OsTypeFilter, ["windows", "linux"], Invalid::Code(ErrorCode::ImageOsTypeInvalid)
);
word!(
    /// `BootMode` of a new image.
    BootMode, ["BIOS", "UEFI", "UEFI-Preferred"], Invalid::Value
);
word!(
    /// `Platform` of a new image.
    Platform,
    [
        "Aliyun",
        "Anolis",
        "CentOS",
        "Ubuntu",
        "CoreOS",
        "SUSE",
        "Debian",
        "OpenSUSE",
        "FreeBSD",
        "RedHat",
        "Kylin",
        "UOS",
        "Fedora",
        "Fedora CoreOS",
        "CentOS Stream",
        "AlmaLinux",
        "Rocky Linux",
        "Gentoo",
        "Customized Linux",
        "Others Linux",
        "Windows Server 2022",
        "Windows Server 2019",
        "Windows Server 2016",
        "Windows Server 2012",
        "Windows Server 2008",
        "Windows Server 2003",
    ],
    Invalid::Code(ErrorCode::ImagePlatformMalformed)
);

/// `Features`: the way to instance metadata alone, and that only as it is anyway.
#[derive(Clone, Copy, Debug)]
pub struct NoFeatures;

impl Field for NoFeatures {
    const KIND: &'static str = "Struct";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        for (member, value) in reader.members(name) {
            match (member, value) {
                (_, "") | ("ImdsSupport", "v1") => {}
                ("ImdsSupport", _) => return Err(ErrorCode::ImageImdsUnsupported.into()),
                _ => return Err(reader.invalid(name)),
            }
        }
        Ok(Self)
    }
}

/// A disk that a new image is to make.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The last letter of its device.
    pub letter: Option<char>,
    /// Its size in GiB.
    pub size_gib: Option<i64>,
    /// The snapshot it is made from; `None` for a blank one.
    pub snapshot_id: Option<String>,
    /// Whether it is to be the system disk, whatever the snapshot was made of.
    pub is_system: Option<bool>,
}

/// `DiskDeviceMapping.N`: a system disk and at most 16 data disks.
#[derive(Clone, Debug)]
pub struct Mappings(pub Vec<Mapping>);

/// Most disks of an image.
const MOST_DISKS: usize = 17;

impl Field for Mappings {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Device", "DiskType", "Size", "SnapshotId"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let mut mappings = Vec::new();
        for members in reader.structures(name, MOST_DISKS)? {
            let text = |member: &str| members.get(member).copied().filter(|text| !text.is_empty());
            let size_gib = text("Size").map(|text| whole(text).ok_or(ErrorCode::ImageDiskSize)).transpose()?;
            mappings.push(Mapping {
                letter: text("Device").map(letter).transpose()?,
                size_gib,
                snapshot_id: text("SnapshotId").map(str::to_owned),
                is_system: text("DiskType").map(is_system).transpose()?,
            });
        }
        Ok(Self(mappings))
    }
}

/// The last letter of `/dev/xvda` to `/dev/xvdz`, or of `/dev/vda` to `/dev/vdz`, which is another word for the same.
fn letter(device: &str) -> Result<char, ErrorCode> {
    let rest = device.strip_prefix("/dev/xvd").or_else(|| device.strip_prefix("/dev/vd"));
    let only = rest.filter(|rest| rest.len() == 1).and_then(|rest| rest.chars().next());
    only.filter(char::is_ascii_lowercase).ok_or(ErrorCode::ImageDeviceMalformed)
}

fn is_system(word: &str) -> Result<bool, ErrorCode> {
    match word {
        "system" => Ok(true),
        "data" => Ok(false),
        _ => Err(ErrorCode::DiskTypeNotSupported),
    }
}
