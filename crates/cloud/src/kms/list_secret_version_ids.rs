//! ListSecretVersionIds: the versions of a secret, newest first: those with a stage, or all.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::secrets;

use super::parameter::{PageNumber, PageSize};
use super::secret::{self, Flag};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Of which secret, and which page.
    pub struct Request {
        /// Whether versions without a stage are wanted too.
        pub all: Option<Flag> = "IncludeDeprecated",
        /// From 1.
        pub page_number: Option<PageNumber> = "PageNumber",
        /// At most this many.
        pub page_size: Option<PageSize<1, 100>> = "PageSize",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// How many a page holds.
        pub page_size: i64 = "PageSize",
        /// Its name.
        pub secret_name: String = "SecretName",
        /// How many there are.
        pub total_count: i64 = "TotalCount",
        /// The versions.
        pub versions: Vec<VersionItem> = "VersionIds" of "VersionId",
    }

    /// A version.
    pub struct VersionItem {
        /// When it was made.
        pub create_time: String = "CreateTime",
        /// Its id.
        pub version_id: String = "VersionId",
        /// Its stages.
        pub stages: Vec<String> = "VersionStages" of "VersionStage",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListSecretVersionIds",
    effect: Effect::Read,
    access: Access::Action("kms:ListSecretVersionIds"),
    idempotent: false,
    errors: &[secret::ERRORS, &[ErrorCode::KmsInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page_number = request.page_number.map_or(1, |PageNumber(number)| number);
    let page_size = request.page_size.map_or(10, |PageSize(size)| size);
    let record = secret::find(cx, &request.secret_name)?;
    let all = request.all.is_some_and(|Flag(all)| all);
    let stages = secrets::stages(cx.tx, &record.secret_id)?;
    let mut versions = Vec::new();
    for version in secrets::versions(cx.tx, &record.secret_id)? {
        let own = stages.iter().filter(|(_, on)| *on == version.version_id);
        let stages: Vec<String> = own.map(|(stage, _)| stage.clone()).collect();
        if all || !stages.is_empty() {
            let create_time = version.created_at.to_iso8601();
            versions.push(VersionItem { create_time, version_id: version.version_id, stages });
        }
    }
    let total_count = i64::try_from(versions.len()).map_err(ApiError::internal)?;
    let from = usize::try_from((page_number - 1) * page_size).map_err(ApiError::internal)?;
    let most = usize::try_from(page_size).map_err(ApiError::internal)?;
    let versions = versions.into_iter().skip(from).take(most).collect();
    Ok(Response { page_number, page_size, secret_name: record.secret_name, total_count, versions })
}
