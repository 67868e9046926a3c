//! Snapshots.

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{items, moment, number, text};
use super::pager::{self, Pager};
use super::reply::{self, Reply};
use super::view::{Frame, View};

/// A snapshot as lists show it.
pub(super) struct Snapshot {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) disk: String,
    size_gib: String,
    pub(super) status: String,
    /// In per cent.
    pub(super) progress: String,
    pub(super) created: String,
    encrypted: bool,
    key: String,
}

impl Snapshot {
    /// That of an answer.
    pub(super) fn of(value: &Value) -> Self {
        Self {
            id: text(value, "SnapshotId"),
            name: text(value, "SnapshotName"),
            disk: text(value, "SourceDiskId"),
            size_gib: text(value, "SourceDiskSize"),
            status: text(value, "Status"),
            progress: text(value, "Progress").trim_end_matches('%').to_owned(),
            created: moment(value, "CreationTime"),
            encrypted: value["Encrypted"] == true,
            key: text(value, "KMSKeyId"),
        }
    }
}

#[derive(Template)]
#[template(path = "snapshots.html")]
struct Page<'a> {
    frame: Frame,
    disk: &'a str,
    key: &'a str,
    snapshots: Vec<Snapshot>,
    pager: Pager,
}

/// The list.
pub(super) async fn list(view: &View<'_>) -> Reply {
    let (disk, key) = (view.field("disk"), view.field("key"));
    let (page, size) = (view.page_number(), pager::SIZE.to_string());
    let number_text = page.to_string();
    let mut parameters = vec![("PageNumber", number_text.as_str()), ("PageSize", &size)];
    parameters.extend([("DiskId", disk), ("KMSKeyId", key)].iter().filter(|(_, value)| !value.is_empty()));
    match view.asker().call(Product::Ecs, "DescribeSnapshots", &parameters).await {
        Ok(answer) => {
            let frame = view.frame("Snapshots", "snapshots");
            let pager = Pager::new(&frame, &[("disk", disk), ("key", key)], page, number(&answer, "TotalCount"));
            let snapshots = items(&answer, "Snapshots", "Snapshot").iter().map(Snapshot::of).collect();
            reply::page(StatusCode::OK, &Page { frame, disk, key, snapshots, pager })
        }
        Err(refusal) => view.refused(refusal),
    }
}
