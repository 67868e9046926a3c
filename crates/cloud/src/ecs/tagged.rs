//! What tags hang on, as the tag operations name it. Each kind of missing parameter has a code of its own there, 404 all of them.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_store::disks::Disk;
use coffer_store::images::Image;
use coffer_store::instances::Instance;
use coffer_store::snapshots::Snapshot;

use super::owned;
use super::parameter::KnownRegion;
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader};

/// Most resources in a request ("TagResources").
pub const MOST_RESOURCES: usize = 50;

/// The errors of naming resources: of [`TaggedRegion`], [`ResourceType`], [`ResourceIds`] and [`require`].
pub const ERRORS: [ErrorCode; 4] = [
    ErrorCode::EcsRegionNotFound,
    ErrorCode::InvalidResourceType,
    ErrorCode::TagResourcesTooMany,
    ErrorCode::TagResourceNotFound,
];

/// A type of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    /// A disk.
    Disk,
    /// An image.
    Image,
    /// An instance.
    Instance,
    /// A snapshot.
    Snapshot,
    /// One that the vendor has and of which there is none here.
    Absent(&'static str),
}

/// The types of the vendor that there are no resources of here ("TagResources").
const ABSENT: [&str; 15] = [
    "securitygroup",
    "volume",
    "eni",
    "ddh",
    "ddhcluster",
    "keypair",
    "launchtemplate",
    "reservedinstance",
    "snapshotpolicy",
    "elasticityassurance",
    "capacityreservation",
    "command",
    "invocation",
    "activation",
    "managedinstance",
];

impl ResourceType {
    /// The types that there are resources of.
    pub const PRESENT: [Self; 4] = [Self::Disk, Self::Image, Self::Instance, Self::Snapshot];

    /// The vendor's word, also in ARNs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Image => "image",
            Self::Instance => "instance",
            Self::Snapshot => "snapshot",
            Self::Absent(word) => word,
        }
    }

    /// Whether the caller has a resource of this type and id in a region.
    fn exists(self, cx: &Cx<'_>, region: Region, id: &str) -> Result<bool, ApiError> {
        Ok(match self {
            Self::Disk => owned::find_in::<Disk>(cx, region, id)?.is_some(),
            Self::Image => owned::find_in::<Image>(cx, region, id)?.is_some(),
            Self::Instance => owned::find_in::<Instance>(cx, region, id)?.is_some(),
            Self::Snapshot => owned::find_in::<Snapshot>(cx, region, id)?.is_some(),
            Self::Absent(_) => false,
        })
    }
}

impl Parameter for ResourceType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let present = Self::PRESENT.into_iter().find(|kind| kind.as_str() == text);
        let absent = || ABSENT.into_iter().find(|word| *word == text).map(Self::Absent);
        Ok(present.or_else(absent).ok_or(ErrorCode::InvalidResourceType)?)
    }
}

/// How an operation words that a parameter is missing.
pub trait Missing {
    /// `RegionId`.
    const REGION: ErrorCode;
    /// `ResourceType`.
    const RESOURCE_TYPE: ErrorCode;
    /// `ResourceId.N`.
    const RESOURCE_IDS: ErrorCode;
}

/// TagResources and ListTagResources.
#[derive(Clone, Copy, Debug)]
pub struct WithStop;

impl Missing for WithStop {
    const REGION: ErrorCode = ErrorCode::TagRegionMissing;
    const RESOURCE_TYPE: ErrorCode = ErrorCode::TagResourceTypeMissing;
    const RESOURCE_IDS: ErrorCode = ErrorCode::TagResourceIdsMissing;
}

/// UntagResources.
#[derive(Clone, Copy, Debug)]
pub struct WithoutStop;

impl Missing for WithoutStop {
    const REGION: ErrorCode = ErrorCode::UntagRegionMissing;
    const RESOURCE_TYPE: ErrorCode = ErrorCode::UntagResourceTypeMissing;
    const RESOURCE_IDS: ErrorCode = ErrorCode::UntagResourceIdsMissing;
}

/// What is tagged: `RegionId`, `ResourceType` and `ResourceId.N` go together.
#[derive(Clone, Debug)]
pub struct TaggedRegion<M>(pub Region, std::marker::PhantomData<M>);

impl<M: Missing> Field for TaggedRegion<M> {
    const KIND: &'static str = "String";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let KnownRegion(region) = Option::read(reader, name)?.ok_or(M::REGION)?;
        Ok(Self(region, std::marker::PhantomData))
    }
}

/// `ResourceType`.
#[derive(Clone, Debug)]
pub struct TaggedType<M>(pub ResourceType, std::marker::PhantomData<M>);

impl<M: Missing> Field for TaggedType<M> {
    const KIND: &'static str = "String";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let resource_type = Option::read(reader, name)?.ok_or(M::RESOURCE_TYPE)?;
        Ok(Self(resource_type, std::marker::PhantomData))
    }
}

/// `ResourceId.N`: at most [`MOST_RESOURCES`], each once; possibly none.
#[derive(Clone, Debug)]
pub struct ResourceIds(pub Vec<String>);

impl Field for ResourceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let items = reader.items(name, MOST_RESOURCES).map_err(|_| ErrorCode::TagResourcesTooMany)?;
        let mut ids: Vec<String> = items.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids))
    }
}

/// The same, at least one.
#[derive(Clone, Debug)]
pub struct SomeResourceIds<M>(pub Vec<String>, std::marker::PhantomData<M>);

impl<M: Missing> Field for SomeResourceIds<M> {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let ResourceIds(ids) = ResourceIds::read(reader, name)?;
        if ids.is_empty() {
            return Err(M::RESOURCE_IDS.into());
        }
        Ok(Self(ids, std::marker::PhantomData))
    }
}

/// The resources as policies name them.
pub fn arns(cx: &Cx<'_>, region: Region, resource_type: ResourceType, ids: &[String]) -> Vec<Arn> {
    let arn = |id: &String| Arn::ecs(region, cx.account(), &format!("{}/{id}", resource_type.as_str()));
    ids.iter().map(arn).collect()
}

/// Refuses unless all of them are the caller's, in that region and of that type.
pub fn require(cx: &Cx<'_>, region: Region, resource_type: ResourceType, ids: &[String]) -> Result<(), ApiError> {
    for id in ids {
        if !resource_type.exists(cx, region, id)? {
            return Err(ErrorCode::TagResourceNotFound.into());
        }
    }
    Ok(())
}
