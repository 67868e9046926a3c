//! What is under way: disks that are encrypted anew, snapshots that are being made, tasks.

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{Asker, Refusal, items, moment, text};
use super::reply::{self, Reply};
use super::snapshots::Snapshot;
use super::view::{Frame, View};

struct Reencryption {
    disk: String,
    key: String,
    status: String,
    progress: Option<i64>,
    began: String,
}

struct Task {
    id: String,
    action: String,
    status: String,
    resource: String,
    created: String,
    finished: String,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct Page {
    frame: Frame,
    reencryptions: Result<Vec<Reencryption>, Refusal>,
    snapshots: Result<Vec<Snapshot>, Refusal>,
    tasks: Result<Vec<Task>, Refusal>,
}

impl Page {
    /// How much of each is under way, as far as it may be seen.
    fn under_way(&self) -> [usize; 2] {
        [self.reencryptions.as_ref().map_or(0, Vec::len), self.snapshots.as_ref().map_or(0, Vec::len)]
    }
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    let asker = view.asker();
    let page = Page {
        frame: view.frame("Jobs", "jobs"),
        reencryptions: reencryptions(&asker).await,
        snapshots: snapshots(&asker).await,
        tasks: tasks(&asker).await,
    };
    reply::page(StatusCode::OK, &page)
}

async fn reencryptions(asker: &Asker<'_>) -> Result<Vec<Reencryption>, Refusal> {
    let found = asker.call(Product::Coffer, "DescribeDiskReencryptions", &[("PageSize", "100")]).await?;
    let item = |value: &Value| Reencryption {
        disk: text(value, "DiskId"),
        key: text(value, "KMSKeyId"),
        status: text(value, "Status"),
        progress: value["Progress"].as_i64(),
        began: moment(value, "StartTime"),
    };
    Ok(items(&found, "Reencryptions", "Reencryption").iter().map(item).collect())
}

async fn snapshots(asker: &Asker<'_>) -> Result<Vec<Snapshot>, Refusal> {
    let wanted = [("Status", "progressing"), ("PageSize", "100")];
    let found = asker.call(Product::Ecs, "DescribeSnapshots", &wanted).await?;
    Ok(items(&found, "Snapshots", "Snapshot").iter().map(Snapshot::of).collect())
}

async fn tasks(asker: &Asker<'_>) -> Result<Vec<Task>, Refusal> {
    let found = asker.call(Product::Ecs, "DescribeTasks", &[("PageSize", "50")]).await?;
    let item = |value: &Value| Task {
        id: text(value, "TaskId"),
        action: text(value, "TaskAction"),
        status: text(value, "TaskStatus"),
        resource: text(value, "ResourceId"),
        created: moment(value, "CreationTime"),
        finished: moment(value, "FinishedTime"),
    };
    Ok(items(&found, "TaskSet", "Task").iter().map(item).collect())
}
