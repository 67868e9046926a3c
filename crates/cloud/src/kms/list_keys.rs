//! ListKeys: the account's keys in the region, newest first, those of services included.
//!
//! Where the vendor is silent: a page past the last is empty and still counts; an alias is compared exactly, its prefix may be left
//! out.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys;

use super::filters::Filters;
use super::parameter::{PageNumber, PageSize};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which keys, and which page of them.
    pub struct Request {
        /// Only keys that meet these.
        pub filters: Option<Filters> = "Filters",
        /// From 1.
        pub page_number: Option<PageNumber> = "PageNumber",
        /// At most this many.
        pub page_size: Option<PageSize<1, 100>> = "PageSize",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The keys.
        pub keys: Vec<KeyItem> = "Keys" of "Key",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// How many a page holds.
        pub page_size: i64 = "PageSize",
        /// How many there are.
        pub total_count: i64 = "TotalCount",
    }

    /// A key.
    pub struct KeyItem {
        /// Its id.
        pub key_id: String = "KeyId",
        /// Its ARN.
        pub key_arn: String = "KeyArn",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListKeys",
    effect: Effect::Read,
    access: Access::Action("kms:ListKeys"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::kms(cx.region(), cx.account(), "key")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page_number = request.page_number.map_or(1, |PageNumber(number)| number);
    let page_size = request.page_size.map_or(10, |PageSize(size)| size);
    let region = cx.region();
    let filters = request.filters.unwrap_or_default();
    let offset = (page_number - 1) * page_size;
    let (found, total_count) = if filters.never {
        (Vec::new(), 0)
    } else {
        keys::list(cx.tx, cx.account(), region, &filters.filter, offset, page_size)?
    };
    let keys = found.into_iter().map(|key_id| KeyItem {
        key_arn: Arn::kms(region, cx.account(), &format!("key/{key_id}")).to_string(),
        key_id,
    });
    Ok(Response { keys: keys.collect(), page_number, page_size, total_count })
}
