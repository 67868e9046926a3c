//! Snapshots.

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::ask::{Asker, Refusal, items, moment, number, text};
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
    description: String,
    retention_days: Option<i64>,
    source: String,
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
            description: text(value, "Description"),
            retention_days: value["RetentionDays"].as_i64(),
            source: text(value, "SourceSnapshotId"),
        }
    }
}

impl Snapshot {
    /// Its progress in steps of ten, so that who is read it is not told every per cent.
    fn tens(&self) -> i64 {
        self.progress.parse::<i64>().unwrap_or_default() / 10 * 10
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

impl Page<'_> {
    /// How many of them are not complete.
    fn under_way(&self) -> usize {
        self.snapshots.iter().filter(|snapshot| snapshot.status == "progressing").count()
    }
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

/// What was made from a snapshot, as far as one page of it goes.
struct MadeFrom {
    disks: i64,
    first: Vec<String>,
    images: i64,
}

impl MadeFrom {
    fn is_nothing(&self) -> bool {
        self.disks == 0 && self.images == 0
    }
}

#[derive(Template)]
#[template(path = "snapshot.html")]
struct OnePage {
    frame: Frame,
    snapshot: Snapshot,
    keys: Vec<String>,
    made_from: Result<MadeFrom, Refusal>,
}

/// One snapshot.
pub(super) async fn one(view: &View<'_>, id: &str) -> Reply {
    let (asker, ids) = (view.asker(), json!([id]).to_string());
    let found = match asker.call(Product::Ecs, "DescribeSnapshots", &[("SnapshotIds", &ids)]).await {
        Ok(found) => found,
        Err(refusal) => return view.refused(refusal),
    };
    let Some(snapshot) = items(&found, "Snapshots", "Snapshot").first().map(Snapshot::of) else {
        let message = "There is no such snapshot in this region.";
        return view.refused(Refusal::own(StatusCode::NOT_FOUND, "InvalidSnapshotId.NotFound", message));
    };
    let keys = if view.live { Vec::new() } else { view.keys().await };
    let page = OnePage { frame: view.frame(id, "snapshots"), snapshot, keys, made_from: made_from(&asker, id).await };
    reply::page(StatusCode::OK, &page)
}

async fn made_from(asker: &Asker<'_>, id: &str) -> Result<MadeFrom, Refusal> {
    let disks = asker.call(Product::Ecs, "DescribeDisks", &[("SnapshotId", id), ("PageSize", "10")]).await?;
    let images = asker.call(Product::Ecs, "DescribeImages", &[("SnapshotId", id), ("PageSize", "1")]).await?;
    let first = items(&disks, "Disks", "Disk").iter().map(|disk| text(disk, "DiskId")).collect();
    Ok(MadeFrom { disks: number(&disks, "TotalCount"), first, images: number(&images, "TotalCount") })
}
