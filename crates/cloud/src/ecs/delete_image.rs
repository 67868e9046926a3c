//! DeleteImage: an image of the account goes, with its tags. The snapshots it was made from stay. One that is still being made is
//! given up; its snapshots are completed by themselves.
//!
//! The vendor: one that instances were made from goes only with `Force`; a copy in the making is cancelled by its task, not deleted.
//! Where the vendor contradicts itself: an unknown image is 404, as the error table says, and not ignored, as the text says.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::images::{self, Image};
use coffer_store::tasks;

use super::owned;
use super::parameter::KnownRegion;
use crate::context::Cx;
use crate::decode::request;
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The image.
    pub struct Request {
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Whether it goes although instances were made from it.
        pub force: Option<bool> = "Force",
        /// Its id.
        pub image_id: String = "ImageId",
        /// Where it is.
        pub region: KnownRegion = "RegionId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteImage",
    effect: Effect::Write,
    access: Access::Action("ecs:DeleteImage"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::EcsRegionNotFound,
        ErrorCode::ImageNotFound,
        ErrorCode::ImageCopying,
        ErrorCode::ImageInUse,
        ErrorCode::DryRunOperation,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), &format!("image/{}", request.image_id))])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let KnownRegion(region) = request.region;
    let image: Image = owned::find_in(cx, region, &request.image_id)?.ok_or(ErrorCode::ImageNotFound)?;
    if !tasks::unfinished(cx.tx, &image.image_id)?.is_empty() {
        return Err(ErrorCode::ImageCopying.into());
    }
    if request.force != Some(true) && images::is_in_use(cx.tx, cx.account(), region, &image.image_id)? {
        return Err(ErrorCode::ImageInUse.into());
    }
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    job::withdraw(cx.tx, Kind::CompleteImage, &image.image_id)?;
    images::delete(cx.tx, &image.image_id)?;
    cx.note("imageId", image.image_id);
    Ok(Response {})
}
