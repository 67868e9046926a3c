//! ListPolicies: the policies that can be attached: the account's own, then the vendor's.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{policies, ram_tags};

use super::entity;
use super::item::{TagItem, VersionItem};
use super::listing::Page;
use super::parameter::{PolicyType, TagFilter, Within};
use crate::auth::system_policies;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::value::response;

request! {
    /// Which page.
    pub struct Request {
        /// Where the page begins.
        pub marker: Option<String> = "Marker",
        /// Most entries on it.
        pub size: Option<Within<1, 1000>> = "MaxItems",
        /// Only those of this type.
        pub policy_type: Option<PolicyType> = "PolicyType",
        /// Only those that bear all of these tags.
        pub tags: Option<TagFilter> = "Tag",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Whether there are more.
        pub is_truncated: bool = "IsTruncated",
        /// Where the next page begins, if there is one.
        pub marker: Option<String> = "Marker",
        /// By name.
        pub policies: Vec<PolicyItem> = "Policies" of "Policy",
    }

    /// A policy.
    pub struct PolicyItem {
        /// Its name.
        pub policy_name: String = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: &'static str = "PolicyType",
        /// A description.
        pub description: String = "Description",
        /// The version in force.
        pub default_version: String = "DefaultVersion",
        /// How often it is attached.
        pub attachment_count: i64 = "AttachmentCount",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListPolicies",
    effect: Effect::Read,
    access: Access::Action("ram:ListPolicies"),
    idempotent: false,
    errors: &[&[ErrorCode::RamInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "policy/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let tags = request.tags.map(|TagFilter(tags)| tags).unwrap_or_default();
    let filters = format!("{:?}/{tags:?}", request.policy_type);
    let listing = Listing { action: "ListPolicies", filters: &filters };
    let size = request.size.map_or(DEFAULT_SIZE, |Within(size)| size);
    let page = Page::new(cx, listing, "Marker", request.marker.as_deref(), size)?;
    // Custom policies come first; a position is a type and a name.
    let (from, after) = page.after.split_once('/').unwrap_or(("Custom", ""));
    let wants = |kind| request.policy_type.is_none_or(|wanted| wanted == kind);
    let mut found = Vec::new();
    if wants(PolicyType::Custom) && from == "Custom" {
        let own = policies::page(cx.tx, cx.account(), &tags, after, page.limit())?;
        found.extend(own.into_iter().map(Found::Custom));
    }
    // The vendor's bear no tags.
    if wants(PolicyType::System) && tags.is_empty() {
        let mut all: Vec<_> = system_policies::ALL.iter().filter(|p| from == "Custom" || p.name > after).collect();
        all.sort_unstable_by_key(|policy| policy.name);
        found.extend(all.into_iter().map(Found::System));
    }
    let marker = page.cut(cx, &mut found, Found::position)?;
    let policies = found.into_iter().map(|policy| item(cx, policy)).collect::<Result<_, _>>()?;
    Ok(Response { is_truncated: marker.is_some(), marker, policies })
}

enum Found {
    Custom(policies::Policy),
    System(&'static system_policies::SystemPolicy),
}

impl Found {
    fn position(&self) -> String {
        match self {
            Self::Custom(policy) => format!("Custom/{}", policy.policy_name),
            Self::System(policy) => format!("System/{}", policy.name),
        }
    }
}

fn item(cx: &Cx<'_>, found: Found) -> Result<PolicyItem, ApiError> {
    Ok(match found {
        Found::Custom(policy) => PolicyItem {
            attachment_count: entity::attachment_count(cx, PolicyType::Custom, &policy.policy_name)?,
            tags: ram_tags::of(cx.tx, &policy.account, "policy", &policy.policy_name)?
                .into_iter()
                .map(TagItem::from)
                .collect(),
            policy_name: policy.policy_name,
            policy_type: "Custom",
            description: policy.description,
            default_version: format!("v{}", policy.default_version),
            create_date: policy.created_at.to_iso8601(),
            update_date: policy.updated_at.to_iso8601(),
        },
        Found::System(policy) => {
            let version = VersionItem::of_system(policy);
            PolicyItem {
                attachment_count: entity::attachment_count(cx, PolicyType::System, policy.name)?,
                policy_name: policy.name.to_owned(),
                policy_type: "System",
                description: policy.description.to_owned(),
                default_version: version.version_id,
                create_date: version.create_date.clone(),
                update_date: version.create_date,
                tags: Vec::new(),
            }
        }
    })
}

/// Entries on a page when the request does not say.
const DEFAULT_SIZE: i64 = 100;
