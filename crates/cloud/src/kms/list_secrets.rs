//! ListSecrets: the account's secrets in the region, newest first.
//!
//! Where the vendor is silent: names and descriptions are found by any part of them.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::{secrets, tags};

use super::filters::Element;
use super::parameter::{PageNumber, PageSize};
use super::secret::Flag;
use super::tag_item::TagItem;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which secrets, and which page of them.
    pub struct Request {
        /// Whether tags are wanted.
        pub fetch_tags: Option<Flag> = "FetchTags",
        /// Only secrets that meet these.
        pub filters: Option<Filters> = "Filters",
        /// From 1.
        pub page_number: Option<PageNumber> = "PageNumber",
        /// At most this many.
        pub page_size: Option<PageSize<1, 100>> = "PageSize",
    }
}

/// `Filters`, as those of ListKeys.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    filter: secrets::Filter,
    creators: Vec<String>,
    /// Whether the filters ask for what no secret here can be.
    never: bool,
}

impl Parameter for Filters {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let mut filters = Self::default();
        for element in Element::list(text)? {
            let values = match element.key.as_str() {
                "SecretName" => &mut filters.filter.names,
                "Description" => &mut filters.filter.descriptions,
                "SecretType" => &mut filters.filter.types,
                "TagKey" => &mut filters.filter.tag_keys,
                "TagValue" => &mut filters.filter.tag_values,
                "Creator" => &mut filters.creators,
                "DKMSInstanceId" => {
                    filters.never = true;
                    continue;
                }
                _ => return Err(Invalid::Value),
            };
            values.extend(element.values);
        }
        Ok(filters)
    }
}

impl Filters {
    /// Whether only secrets are wanted that others made.
    fn is_of_others(&self, cx: &Cx<'_>) -> bool {
        !self.creators.is_empty() && !self.creators.iter().any(|creator| creator == cx.account().as_str())
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// How many a page holds.
        pub page_size: i64 = "PageSize",
        /// The secrets.
        pub secrets: Vec<SecretItem> = "SecretList" of "Secret",
        /// How many there are.
        pub total_count: i64 = "TotalCount",
    }

    /// A secret.
    pub struct SecretItem {
        /// When it was made.
        pub create_time: String = "CreateTime",
        /// When it will be deleted, if it is to be.
        pub planned: Option<String> = "PlannedDeleteTime",
        /// Its name.
        pub secret_name: String = "SecretName",
        /// What it is.
        pub secret_type: String = "SecretType",
        /// Its tags, if they are wanted.
        pub tags: Option<Vec<TagItem>> = "Tags" of "Tag",
        /// When it was last changed.
        pub update_time: String = "UpdateTime",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListSecrets",
    effect: Effect::Read,
    access: Access::Action("kms:ListSecrets"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::kms(cx.region(), cx.account(), "secret")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page_number = request.page_number.map_or(1, |PageNumber(number)| number);
    let page_size = request.page_size.map_or(10, |PageSize(size)| size);
    let filters = request.filters.unwrap_or_default();
    let (found, total_count) = if filters.never || filters.is_of_others(cx) {
        (Vec::new(), 0)
    } else {
        let offset = (page_number - 1) * page_size;
        secrets::list(cx.tx, cx.account(), cx.region(), &filters.filter, offset, page_size)?
    };
    let wanted = request.fetch_tags.is_some_and(|Flag(wanted)| wanted);
    let mut secrets = Vec::with_capacity(found.len());
    for secret in found {
        let tags = wanted.then(|| tags::of(cx.tx, &secret.secret_id)).transpose()?;
        secrets.push(SecretItem {
            create_time: secret.created_at.to_iso8601(),
            planned: secret.delete_at.map(Timestamp::to_iso8601),
            secret_name: secret.secret_name,
            secret_type: secret.secret_type,
            tags: tags.map(|tags| tags.into_iter().map(TagItem::of).collect()),
            update_time: secret.updated_at.to_iso8601(),
        });
    }
    Ok(Response { page_number, page_size, secrets, total_count })
}
