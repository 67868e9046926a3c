//! KMS keys: the list with what hangs on each, and one with what can be done to it.

use std::fmt;

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{Asker, Refusal, items, moment, number, text};
use super::pager::{self, Pager};
use super::reply::{self, Reply};
use super::view::{Frame, View};

struct Key {
    id: String,
    arn: String,
    state: String,
    spec: String,
    usage: String,
    creator: String,
    origin: String,
    description: String,
    created: String,
    delete_date: String,
    rotation: String,
    last_rotation: String,
    protected: bool,
}

impl Key {
    fn of(value: &Value) -> Self {
        Self {
            id: text(value, "KeyId"),
            arn: text(value, "Arn"),
            state: text(value, "KeyState"),
            spec: text(value, "KeySpec"),
            usage: text(value, "KeyUsage"),
            creator: text(value, "Creator"),
            origin: text(value, "Origin"),
            description: text(value, "Description"),
            created: moment(value, "CreationDate"),
            delete_date: moment(value, "DeleteDate"),
            rotation: text(value, "AutomaticRotation"),
            last_rotation: moment(value, "LastRotationDate"),
            protected: value["DeletionProtection"] == "Enabled",
        }
    }
}

/// How much can't be used without a key.
struct Counts {
    disks: i64,
    running: i64,
    reencryptions: i64,
    snapshots: i64,
    images: i64,
    secrets: i64,
    defaults: i64,
}

impl Counts {
    fn of(value: &Value) -> Self {
        let count = |name: &str| number(value, name);
        Self {
            disks: count("Disks"),
            running: count("RunningDisks"),
            reencryptions: count("Reencryptions"),
            snapshots: count("Snapshots"),
            images: count("Images"),
            secrets: count("Secrets"),
            defaults: count("Defaults"),
        }
    }

    /// What is neither a disk nor a snapshot.
    fn others(&self) -> i64 {
        self.reencryptions + self.images + self.secrets + self.defaults
    }

    fn all(&self) -> i64 {
        self.disks + self.snapshots + self.others()
    }
}

impl fmt::Display for Counts {
    /// What there is of each kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let disks = format!("{} (of running instances: {})", self.disks, self.running);
        let others = [
            ("being encrypted anew under it", self.reencryptions),
            ("snapshots", self.snapshots),
            ("images", self.images),
            ("secrets", self.secrets),
            ("default of regions", self.defaults),
        ];
        let others = others.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(", {name}: {count}"));
        write!(f, "Disks: {disks}{}.", others.collect::<String>())
    }
}

/// Kinds of keys, in the vendor's words, the usual one first.
const SPECS: [&str; 10] = [
    "Aliyun_AES_256",
    "Aliyun_SM4",
    "Aliyun_AES_192",
    "Aliyun_AES_128",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_P256",
    "EC_P256K",
    "EC_SM2",
];

struct Line {
    key: Key,
    hanging: Result<(Counts, Option<Use>), Refusal>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct ListPage {
    frame: Frame,
    keys: Vec<Result<Line, Refusal>>,
    pager: Pager,
}

/// The list.
pub(super) async fn list(view: &View<'_>) -> Reply {
    let (asker, page) = (view.asker(), view.page_number());
    let (page_text, size) = (page.to_string(), pager::SIZE.to_string());
    let listed = asker.call(Product::Kms, "ListKeys", &[("PageNumber", &page_text), ("PageSize", &size)]).await;
    let listed = match listed {
        Ok(listed) => listed,
        Err(refusal) => return view.refused(refusal),
    };
    let mut keys = Vec::new();
    for key in items(&listed, "Keys", "Key") {
        keys.push(line(&asker, &text(key, "KeyId")).await);
    }
    let frame = view.frame("Keys", "keys");
    let pager = Pager::new(&frame, &[], page, number(&listed, "TotalCount"));
    reply::page(StatusCode::OK, &ListPage { frame, keys, pager })
}

async fn line(asker: &Asker<'_>, id: &str) -> Result<Line, Refusal> {
    let shown = asker.call(Product::Kms, "DescribeKey", &[("KeyId", id)]).await?;
    let found = dependants(asker, &[("KeyId", id), ("MaxResults", "1")]).await;
    let hanging = found.map(|found| (Counts::of(&found["Counts"]), Use::of(&found["LastUse"])));
    Ok(Line { key: Key::of(&shown["KeyMetadata"]), hanging })
}

/// What hangs on a key, as the API says it.
async fn dependants(asker: &Asker<'_>, parameters: &[(&str, &str)]) -> Result<Value, Refusal> {
    asker.call(Product::Coffer, "DescribeKeyDependants", parameters).await
}

/// When a key or a version of it was last used.
struct Use {
    time: String,
    action: String,
    principal: String,
}

impl Use {
    /// Nothing where it never was.
    fn of(value: &Value) -> Option<Self> {
        let (action, principal) = (text(value, "Action"), text(value, "Principal"));
        value.is_object().then(|| Self { time: moment(value, "Time"), action, principal })
    }
}

/// A version of a key.
struct Version {
    id: String,
    created: String,
    last_use: Option<Use>,
}

/// Something that can't be used without the key.
struct Dependant {
    kind: String,
    id: String,
    versions: Vec<String>,
    /// Instances, and their states.
    instances: Vec<(String, String)>,
}

impl Dependant {
    fn of(value: &Value) -> Self {
        let versions = items(value, "KeyVersionIds", "KeyVersionId").iter().filter_map(Value::as_str);
        let attachments = items(value, "Attachments", "Attachment").iter();
        Self {
            kind: text(value, "Type"),
            id: text(value, "ResourceId"),
            versions: versions.map(str::to_owned).collect(),
            instances: attachments.map(|at| (text(at, "InstanceId"), text(at, "Status"))).collect(),
        }
    }
}

/// Everything that hangs on a key, or on the version that was asked for, page by page.
struct Hanging {
    counts: Counts,
    last_use: Option<Use>,
    versions: Vec<Version>,
    page: Vec<Dependant>,
    next: Option<String>,
}

impl Hanging {
    fn of(view: &View<'_>, value: &Value) -> Self {
        let version = |value: &Value| Version {
            id: text(value, "KeyVersionId"),
            created: moment(value, "CreationDate"),
            last_use: Use::of(&value["LastUse"]),
        };
        Self {
            counts: Counts::of(&value["Counts"]),
            last_use: Use::of(&value["LastUse"]),
            versions: items(value, "KeyVersions", "KeyVersion").iter().map(version).collect(),
            page: items(value, "Dependants", "Dependant").iter().map(Dependant::of).collect(),
            next: view.next(&text(value, "NextToken")),
        }
    }
}

#[derive(Template)]
#[template(path = "key.html")]
struct OnePage<'a> {
    frame: Frame,
    key: Key,
    aliases: Result<Vec<String>, Refusal>,
    /// The version that what is shown needs; empty for any.
    version: &'a str,
    hanging: Result<Hanging, Refusal>,
}

impl OnePage<'_> {
    /// Whether anything is known to become unreadable without the key.
    fn is_in_use(&self) -> bool {
        self.hanging.as_ref().is_ok_and(|hanging| hanging.counts.all() > 0)
    }

    /// Whether a version of it can be made on demand.
    fn can_rotate(&self) -> bool {
        self.key.origin == "Aliyun_KMS"
    }

    /// Whether it is a service's own.
    fn is_of_service(&self) -> bool {
        self.aliases.as_ref().is_ok_and(|aliases| aliases.iter().any(|alias| alias.starts_with(OF_SERVICE)))
    }
}

/// Under this a service has keys of its own, which nobody else changes.
const OF_SERVICE: &str = "alias/acs/";

/// One key.
pub(super) async fn one(view: &View<'_>, id: &str) -> Reply {
    let asker = view.asker();
    let shown = match asker.call(Product::Kms, "DescribeKey", &[("KeyId", id)]).await {
        Ok(shown) => shown,
        Err(refusal) => return view.refused(refusal),
    };
    let (version, size) = (view.field("version"), pager::SIZE.to_string());
    let mut wanted = vec![("KeyId", id), ("MaxResults", size.as_str())];
    let optional = [("KeyVersionId", version), ("NextToken", view.field("after"))];
    wanted.extend(optional.iter().filter(|(_, value)| !value.is_empty()));
    let hanging = dependants(&asker, &wanted).await.map(|found| Hanging::of(view, &found));
    let aliases = asker.call(Product::Kms, "ListAliasesByKeyId", &[("KeyId", id)]).await;
    let name = |alias: &Value| text(alias, "AliasName");
    let page = OnePage {
        frame: view.frame(id, "keys"),
        key: Key::of(&shown["KeyMetadata"]),
        aliases: aliases.map(|found| items(&found, "Aliases", "Alias").iter().map(name).collect()),
        version,
        hanging,
    };
    reply::page(StatusCode::OK, &page)
}
