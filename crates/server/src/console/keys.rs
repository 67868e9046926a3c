//! KMS keys: the list with what hangs on each, and one with what can be done to it.

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{Asker, Refusal, items, moment, number, text};
use super::disks::Disk;
use super::pager::{self, Pager};
use super::reply::{self, Reply};
use super::snapshots::Snapshot;
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

/// How much is encrypted under a key.
struct Count {
    disks: Result<i64, Refusal>,
    snapshots: Result<i64, Refusal>,
}

struct Line {
    key: Key,
    count: Count,
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
    let count = Count {
        disks: under(asker, "DescribeDisks", id).await.map(|answer| number(&answer, "TotalCount")),
        snapshots: under(asker, "DescribeSnapshots", id).await.map(|answer| number(&answer, "TotalCount")),
    };
    Ok(Line { key: Key::of(&shown["KeyMetadata"]), count })
}

/// The first page of what is encrypted under a key.
async fn under(asker: &Asker<'_>, action: &str, id: &str) -> Result<Value, Refusal> {
    asker.call(Product::Ecs, action, &[("KMSKeyId", id), ("PageSize", "50")]).await
}

/// What is encrypted under a key: how many, and the first of them.
struct Dependants<T> {
    total: i64,
    first: Vec<T>,
}

#[derive(Template)]
#[template(path = "key.html")]
struct OnePage {
    frame: Frame,
    key: Key,
    aliases: Result<Vec<String>, Refusal>,
    disks: Result<Dependants<Disk>, Refusal>,
    snapshots: Result<Dependants<Snapshot>, Refusal>,
}

impl OnePage {
    /// Whether anything is known to become unreadable without the key.
    fn is_in_use(&self) -> bool {
        let disks = self.disks.as_ref().map_or(0, |found| found.total);
        disks + self.snapshots.as_ref().map_or(0, |found| found.total) > 0
    }
}

/// One key.
pub(super) async fn one(view: &View<'_>, id: &str) -> Reply {
    let asker = view.asker();
    let shown = match asker.call(Product::Kms, "DescribeKey", &[("KeyId", id)]).await {
        Ok(shown) => shown,
        Err(refusal) => return view.refused(refusal),
    };
    let disks = under(&asker, "DescribeDisks", id).await.map(|answer| Dependants {
        total: number(&answer, "TotalCount"),
        first: items(&answer, "Disks", "Disk").iter().map(Disk::of).collect(),
    });
    let snapshots = under(&asker, "DescribeSnapshots", id).await.map(|answer| Dependants {
        total: number(&answer, "TotalCount"),
        first: items(&answer, "Snapshots", "Snapshot").iter().map(Snapshot::of).collect(),
    });
    let aliases = asker.call(Product::Kms, "ListAliasesByKeyId", &[("KeyId", id)]).await;
    let name = |alias: &Value| text(alias, "AliasName");
    let page = OnePage {
        frame: view.frame(id, "keys"),
        key: Key::of(&shown["KeyMetadata"]),
        aliases: aliases.map(|found| items(&found, "Aliases", "Alias").iter().map(name).collect()),
        disks,
        snapshots,
    };
    reply::page(StatusCode::OK, &page)
}
