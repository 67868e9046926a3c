//! Disks: the list, and one with its encryption, its history and what it did in the last hour.

use askama::Template;
use coffer_base::Timestamp;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::ask::{Asker, Refusal, items, moment, number, text};
use super::audit::Record;
use super::pager::{self, Pager};
use super::plot::{Plot, Series};
use super::reply::{self, Reply};
use super::view::{self, Frame, View};
use crate::serve::now;

/// A disk as lists show it.
pub(super) struct Disk {
    pub(super) id: String,
    pub(super) name: String,
    size_gib: i64,
    category: String,
    status: String,
    zone: String,
    description: String,
    can_be_shared: bool,
    created: String,
    instances: Vec<Attachment>,
    encrypted: bool,
    key: String,
}

struct Attachment {
    instance: String,
    device: String,
    since: String,
}

impl Disk {
    /// That of an answer.
    pub(super) fn of(value: &Value) -> Self {
        let attachment = |value: &Value| Attachment {
            instance: text(value, "InstanceId"),
            device: text(value, "Device"),
            since: moment(value, "AttachedTime"),
        };
        Self {
            id: text(value, "DiskId"),
            name: text(value, "DiskName"),
            size_gib: number(value, "Size"),
            category: text(value, "Category"),
            status: text(value, "Status"),
            zone: text(value, "ZoneId"),
            description: text(value, "Description"),
            can_be_shared: value["MultiAttach"] == "Enabled",
            created: moment(value, "CreationTime"),
            instances: items(value, "Attachments", "Attachment").iter().map(attachment).collect(),
            encrypted: value["Encrypted"] == true,
            key: text(value, "KMSKeyId"),
        }
    }

    /// Whether an instance can get it as it is.
    fn is_free(&self) -> bool {
        self.instances.is_empty() || self.can_be_shared
    }
}

#[derive(Template)]
#[template(path = "disks.html")]
struct ListPage<'a> {
    frame: Frame,
    encrypted: Option<bool>,
    statuses: Vec<(&'static str, bool)>,
    key: &'a str,
    disks: Vec<Disk>,
    pager: Pager,
}

/// The list.
pub(super) async fn list(view: &View<'_>) -> Reply {
    let (encrypted, status, key) = (view.field("encrypted"), view.field("status"), view.field("key"));
    let (page, size) = (view.page_number(), pager::SIZE.to_string());
    let number_text = page.to_string();
    let mut parameters = vec![("PageNumber", number_text.as_str()), ("PageSize", &size)];
    let filters = [("Encrypted", encrypted), ("Status", status), ("KMSKeyId", key)];
    parameters.extend(filters.iter().filter(|(_, value)| !value.is_empty()));
    match view.asker().call(Product::Ecs, "DescribeDisks", &parameters).await {
        Ok(answer) => {
            let frame = view.frame("Disks", "disks");
            let filters = [("encrypted", encrypted), ("status", status), ("key", key)];
            let pager = Pager::new(&frame, &filters, page, number(&answer, "TotalCount"));
            let statuses = view::options(["Available", "In_use", "Creating", "ReIniting"], status);
            let disks = items(&answer, "Disks", "Disk").iter().map(Disk::of).collect();
            reply::page(
                StatusCode::OK,
                &ListPage { frame, encrypted: encrypted.parse().ok(), statuses, key, disks, pager },
            )
        }
        Err(refusal) => view.refused(refusal),
    }
}

/// How a disk is encrypted.
struct Encryption {
    algorithm: String,
    key_version: String,
    rewrapped: String,
    reencrypted: String,
    under_way: String,
    new_key: String,
    progress: Option<i64>,
}

/// An instance to choose.
struct Instance {
    id: String,
    name: String,
    status: String,
}

#[derive(Template)]
#[template(path = "disk.html")]
struct OnePage {
    frame: Frame,
    disk: Disk,
    /// Those in its zone; none where they may not be listed: an id can be typed as well.
    instances: Vec<Instance>,
    keys: Vec<String>,
    encryption: Result<Encryption, Refusal>,
    export: Result<String, Refusal>,
    history: Result<Vec<Record>, Refusal>,
    plots: Result<Vec<Plot>, Refusal>,
}

/// One disk.
pub(super) async fn one(view: &View<'_>, id: &str) -> Reply {
    let asker = view.asker();
    let ids = json!([id]).to_string();
    let found = match asker.call(Product::Ecs, "DescribeDisks", &[("DiskIds", &ids)]).await {
        Ok(found) => found,
        Err(refusal) => return view.refused(refusal),
    };
    let Some(disk) = items(&found, "Disks", "Disk").first().map(Disk::of) else {
        let message = "There is no such disk in this region.";
        return view.refused(Refusal::own(StatusCode::NOT_FOUND, "InvalidDiskId.NotFound", message));
    };
    // A page that brings itself up to date takes none of these, and asks often.
    let (mut past, mut did, mut near, mut keys) = (Ok(Vec::new()), Ok(Vec::new()), Vec::new(), Vec::new());
    if !view.live {
        (past, did) = (history(&asker, id).await, plots(&asker, id).await);
        (near, keys) = (instances(&asker, &disk.zone).await, view.keys().await);
    }
    let page = OnePage {
        frame: view.frame(id, "disks"),
        encryption: encryption(&asker, id).await,
        export: asker
            .call(Product::Coffer, "DescribeDiskExport", &[("DiskId", id)])
            .await
            .map(|export| text(&export, "Status")),
        history: past,
        plots: did,
        instances: near,
        keys,
        disk,
    };
    reply::page(StatusCode::OK, &page)
}

async fn encryption(asker: &Asker<'_>, id: &str) -> Result<Encryption, Refusal> {
    let shown = asker.call(Product::Coffer, "DescribeDiskEncryption", &[("DiskId", id)]).await?;
    Ok(Encryption {
        algorithm: text(&shown, "Algorithm"),
        key_version: text(&shown, "KeyVersionId"),
        rewrapped: moment(&shown, "LastRewrapTime"),
        reencrypted: moment(&shown, "LastReencryptionTime"),
        under_way: text(&shown, "ReencryptionStatus"),
        new_key: text(&shown, "ReencryptionKMSKeyId"),
        progress: shown["ReencryptionProgress"].as_i64(),
    })
}

/// The instances that can have a disk of that zone; an empty one is any.
async fn instances(asker: &Asker<'_>, zone: &str) -> Vec<Instance> {
    let wanted: Vec<_> = [("PageSize", "100"), ("ZoneId", zone)].into_iter().filter(|(_, v)| !v.is_empty()).collect();
    let found = asker.call(Product::Ecs, "DescribeInstances", &wanted).await.unwrap_or_default();
    let instance = |value: &Value| Instance {
        id: text(value, "InstanceId"),
        name: text(value, "InstanceName"),
        status: text(value, "Status"),
    };
    items(&found, "Instances", "Instance").iter().map(instance).collect()
}

/// What was done to it, as the audit has it.
async fn history(asker: &Asker<'_>, id: &str) -> Result<Vec<Record>, Refusal> {
    let wanted = [("ResourceName", id), ("MaxResults", "20")];
    let found = asker.call(Product::Coffer, "LookupAuditRecords", &wanted).await?;
    Ok(items(&found, "Records", "Record").iter().map(Record::of).collect())
}

const HOUR_MS: i64 = 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

async fn plots(asker: &Asker<'_>, id: &str) -> Result<Vec<Plot>, Refusal> {
    let now = now().unix_ms() / MINUTE_MS * MINUTE_MS;
    let (start, end) = (Timestamp::from_unix_ms(now - HOUR_MS), Timestamp::from_unix_ms(now + MINUTE_MS));
    let (from, until) = (start.to_iso8601(), end.to_iso8601());
    let wanted = [("DiskId", id), ("StartTime", from.as_str()), ("EndTime", &until)];
    let found = asker.call(Product::Ecs, "DescribeDiskMonitorData", &wanted).await?;
    let points = items(&found, "MonitorData", "DiskMonitorData");
    let series = |label, member: &str, idle: Option<f64>| {
        let mut values = vec![idle; 61];
        for point in points {
            let at = Timestamp::parse_iso8601(&text(point, "TimeStamp"));
            let nth = at.map(|at| (at.unix_ms() - start.unix_ms()) / MINUTE_MS);
            let place = nth.and_then(|nth| values.get_mut(usize::try_from(nth).ok()?));
            if let Some(place) = place {
                *place = Some(point[member].as_f64().unwrap_or_default());
            }
        }
        Series { label, values }
    };
    Ok(vec![
        Plot::new(
            "Throughput",
            "B/s",
            "1 h ago",
            vec![series("read", "BPSRead", Some(0.0)), series("written", "BPSWrite", Some(0.0))],
        ),
        Plot::new(
            "Latency",
            "µs",
            "1 h ago",
            vec![series("reads", "LatencyRead", None), series("writes", "LatencyWrite", None)],
        ),
    ])
}
