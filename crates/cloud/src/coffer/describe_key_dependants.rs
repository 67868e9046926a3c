//! DescribeKeyDependants: everything that can't be used without a KMS key, or without a version of it, by pages; and when the key was
//! last used, by which action and by whom. Where a version is named, a region's default is not listed: it needs no version.

use std::collections::HashMap;

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::dependants::{self, Counts, Dependant, Kind, Page};
use coffer_store::key_uses::{self, KeyUse};
use coffer_store::keys::{self, Key, KeyVersion};

use crate::context::Cx;
use crate::decode::request;
use crate::kms::cipher;
use crate::kms::key::{self, Forms};
use crate::kms::parameter::PageSize;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::product::Product;
use crate::value::response;

/// Most versions that are shown: the newest.
const MOST_VERSIONS: i64 = 100;

request! {
    /// Which key, and which page.
    pub struct Request {
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// Only what needs this version of it.
        pub key_version_id: Option<String> = "KeyVersionId",
        /// Most dependants on a page; 100 where nothing is said.
        pub max_results: Option<PageSize<1, 500>> = "MaxResults",
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
    }
}

response! {
    /// A page, and what is known of the key.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// Its state.
        pub key_state: String = "KeyState",
        /// How much depends on it in all.
        pub counts: Totals = "Counts",
        /// What depends on it: disks, disks that are being encrypted anew, snapshots, images, secrets, defaults, each by id.
        pub dependants: Vec<Item> = "Dependants" of "Dependant",
        /// When it was last used; nothing if it never was.
        pub last_use: Option<Use> = "LastUse",
        /// Its versions, newest first: the one that was named, else the newest 100.
        pub versions: Vec<Version> = "KeyVersions" of "KeyVersion",
        /// Where the next page begins; empty on the last one.
        pub next_token: String = "NextToken",
    }

    /// How much depends on a key.
    pub struct Totals {
        /// Disks.
        pub disks: i64 = "Disks",
        /// Of these, disks of instances that run.
        pub running_disks: i64 = "RunningDisks",
        /// Disks that are being encrypted anew under it.
        pub reencryptions: i64 = "Reencryptions",
        /// Snapshots.
        pub snapshots: i64 = "Snapshots",
        /// Images.
        pub images: i64 = "Images",
        /// Secrets.
        pub secrets: i64 = "Secrets",
        /// Regions whose default it is.
        pub defaults: i64 = "Defaults",
    }

    /// Something that needs the key.
    pub struct Item {
        /// `disk`, `reencryption`, `snapshot`, `image`, `secret` or `default`.
        pub kind: &'static str = "Type",
        /// Its id; a secret's name, a default's region.
        pub id: String = "ResourceId",
        /// The versions it needs.
        pub versions: Vec<String> = "KeyVersionIds" of "KeyVersionId",
        /// The instances that a disk is attached to.
        pub attachments: Vec<Attachment> = "Attachments" of "Attachment",
    }

    /// An instance that has a disk.
    pub struct Attachment {
        /// Its id.
        pub instance_id: String = "InstanceId",
        /// Its state: while that is `Running` the disk is open.
        pub status: String = "Status",
    }

    /// A version of the key.
    pub struct Version {
        /// Its id.
        pub key_version_id: String = "KeyVersionId",
        /// When it was made.
        pub creation_date: String = "CreationDate",
        /// When it was last used; nothing if it never was.
        pub last_use: Option<Use> = "LastUse",
    }

    /// A use.
    pub struct Use {
        /// When.
        pub time: String = "Time",
        /// `product:Action`.
        pub action: String = "Action",
        /// The ARN of who called, or a service's name.
        pub principal: String = "Principal",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeKeyDependants",
    effect: Effect::Read,
    access: Access::Action("coffer:DescribeKeyDependants"),
    idempotent: false,
    errors: &[key::NAME_ERRORS, &[ErrorCode::KeyVersionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::IdOrAlias)?;
    let named = request.key_version_id.as_deref().map(|id| key::version(cx, &key, id)).transpose()?;
    let version = named.as_ref().map(|version| cipher::blob_start(&version.version_id));
    let (dependants, next_token) = list(cx, &request, &key, version.clone())?;
    let Counts { of_kind: [disks, reencryptions, snapshots, images, secrets, defaults], running } =
        dependants::count(cx.tx, &key.key_id, version.as_deref())?;
    let (last_use, versions) = used(cx, &key, named)?;
    let counts = Totals { disks, running_disks: running, reencryptions, snapshots, images, secrets, defaults };
    let dependants = dependants.into_iter().map(Item::of).collect();
    Ok(Response { key_id: key.key_id, key_state: key.state, counts, dependants, last_use, versions, next_token })
}

/// The page, and the token of the next one.
fn list(
    cx: &Cx<'_>,
    request: &Request,
    key: &Key,
    version: Option<String>,
) -> Result<(Vec<Dependant>, String), ApiError> {
    let filters = [&key.key_id, request.key_version_id.as_deref().unwrap_or_default()].join(" ");
    let listing = Listing { action: OPERATION.name, filters: &filters };
    let after = match request.next_token.as_deref().filter(|token| !token.is_empty()) {
        None => None,
        Some(token) => Some(
            listing
                .position(cx, token)?
                .as_deref()
                .and_then(position)
                .ok_or_else(|| Product::Coffer.invalid_parameter("NextToken"))?,
        ),
    };
    let size = request.max_results.map_or(100, |PageSize(size)| size);
    let page = Page { version, after, limit: Some(size + 1) };
    let mut found = dependants::page(cx.tx, &key.key_id, &page)?;
    let size = usize::try_from(size).map_err(ApiError::internal)?;
    let more = found.len() > size;
    found.truncate(size);
    let token = match found.last() {
        Some(last) if more => listing.token(cx, &format!("{} {}", last.kind.as_str(), last.id))?,
        _ => String::new(),
    };
    Ok((found, token))
}

fn position(text: &str) -> Option<(Kind, String)> {
    let (word, id) = text.split_once(' ')?;
    Some((Kind::ALL.into_iter().find(|kind| kind.as_str() == word)?, id.to_owned()))
}

/// The last use of the key, or of the version that was named; and the versions with theirs.
fn used(cx: &Cx<'_>, key: &Key, named: Option<KeyVersion>) -> Result<(Option<Use>, Vec<Version>), ApiError> {
    let ids = named.as_ref().map(|version| vec![version.version_id.clone()]);
    let ids = ids.map_or_else(|| keys::version_ids(cx.tx, &key.key_id), Ok)?;
    let uses = last_uses(cx, &key.key_id, &ids)?;
    let shown = |id: &String| uses.get(id).map(|last| Use::of(id, last));
    let last = ids.iter().filter(|id| uses.contains_key(*id)).max_by_key(|id| uses[*id].at);
    let versions = match named {
        Some(version) => vec![version],
        None => keys::list_versions(cx.tx, &key.key_id, 0, MOST_VERSIONS)?.0,
    };
    let versions = versions.into_iter().map(|version| Version {
        last_use: shown(&version.version_id),
        key_version_id: version.version_id,
        creation_date: version.created_at.to_iso8601(),
    });
    Ok((last.and_then(shown), versions.collect()))
}

impl Use {
    fn of(version_id: &str, last: &KeyUse) -> Self {
        Self {
            time: last.at.to_iso8601(),
            action: last.action.clone(),
            principal: last.principal.clone(),
            key_version_id: version_id.to_owned(),
        }
    }
}

impl Item {
    fn of(dependant: Dependant) -> Self {
        let versions = dependant.versions.iter().filter_map(|start| cipher::version_of(start));
        let attachments = dependant.attached_to.into_iter();
        Self {
            kind: dependant.kind.as_str(),
            id: dependant.id,
            versions: versions.collect(),
            attachments: attachments.map(|(instance_id, status)| Attachment { instance_id, status }).collect(),
        }
    }
}

/// The last use of each of a key's versions, of those that were ever used.
fn last_uses(cx: &Cx<'_>, key_id: &str, versions: &[String]) -> Result<HashMap<String, KeyUse>, ApiError> {
    let mut uses: HashMap<_, _> = key_uses::of_key(cx.tx, key_id)?.into_iter().collect();
    uses.extend(versions.iter().filter_map(|version_id| Some((version_id.clone(), cx.version_uses.get(version_id)?))));
    Ok(uses)
}
