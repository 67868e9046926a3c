//! ListKmsInstances: the dedicated instances of the account. Nobody can buy one here, so there is none to list.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::filters::Element;
use super::parameter::{PageNumber, PageSize};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which instances, and which page of them.
    pub struct Request {
        /// Only instances that meet these.
        pub filters: Option<Filters> = "Filters",
        /// From 1.
        pub page_number: Option<PageNumber> = "PageNumber",
        /// At most this many.
        pub page_size: Option<PageSize<1, 100>> = "PageSize",
    }
}

/// `Filters`, in the form of those of ListKeys.
#[derive(Clone, Copy, Debug)]
pub struct Filters;

impl Parameter for Filters {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Element::list(text).map(|_| Self)
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The instances.
        pub instances: Vec<InstanceItem> = "KmsInstances" of "KmsInstance",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// How many a page holds.
        pub page_size: i64 = "PageSize",
        /// How many there are.
        pub total_count: i64 = "TotalCount",
    }

    /// An instance.
    pub struct InstanceItem {
        /// Its ARN.
        pub arn: String = "KmsInstanceArn",
        /// Its id.
        pub instance_id: String = "KmsInstanceId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListKmsInstances",
    effect: Effect::Read,
    access: Access::Action("kms:ListKmsInstances"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::kms(cx.region(), cx.account(), "keystore")])
}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response {
        instances: Vec::new(),
        page_number: request.page_number.map_or(1, |PageNumber(number)| number),
        page_size: request.page_size.map_or(20, |PageSize(size)| size),
        total_count: 0,
    })
}
