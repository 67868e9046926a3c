//! The first page: how a region stands, and all regions at a glance.

use askama::Template;
use coffer_base::Region;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{Asker, Refusal, items, moment, number, text};
use super::reply::{self, Reply};
use super::view::{Frame, View};

/// Events of a region that are shown, and among how many of the account's newest they are looked for.
const EVENTS: usize = 10;
const LOOKED_AT: i64 = 1000;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Page {
    frame: Frame,
    default: Result<Default, Refusal>,
    disks: Result<Share, Refusal>,
    keys: Vec<String>,
    events: Result<Vec<Event>, Refusal>,
    /// The regions that have something, and those that have nothing or may not be looked at.
    used: Vec<Line>,
    others: Vec<Line>,
}

/// What the account has chosen in a region.
struct Default {
    enabled: bool,
    key: String,
}

/// How many disks there are, and how many of them are encrypted.
struct Share {
    encrypted: i64,
    all: i64,
}

impl Share {
    fn per_cent(&self) -> i64 {
        if self.all == 0 { 0 } else { self.encrypted * 100 / self.all }
    }
}

/// Something that happened.
struct Event {
    time: String,
    kind: String,
    resource_type: String,
    id: String,
    principal: String,
}

impl Event {
    fn of(value: &Value) -> Self {
        Self {
            time: moment(value, "Time"),
            kind: text(value, "Kind"),
            resource_type: text(value, "ResourceType"),
            id: text(value, "ResourceId"),
            principal: text(value, "Principal"),
        }
    }
}

struct Line {
    id: &'static str,
    name: &'static str,
    enabled: Result<bool, Refusal>,
    disks: Result<Share, Refusal>,
}

impl Line {
    fn is_used(&self) -> bool {
        matches!(self.enabled, Ok(true)) || self.disks.as_ref().is_ok_and(|share| share.all > 0)
    }
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    let asker = view.asker();
    let mut regions = Vec::new();
    for region in Region::all() {
        let (enabled, disks) = (enabled(&asker, region).await, share(&asker, region).await);
        regions.push(Line { id: region.id(), name: region.name_en(), enabled, disks });
    }
    let (used, others) = regions.into_iter().partition(Line::is_used);
    let page = Page {
        frame: view.frame("Dashboard", "dashboard"),
        default: default(&asker, view.region).await,
        disks: share(&asker, view.region).await,
        keys: view.keys().await,
        events: events(&asker).await,
        used,
        others,
    };
    reply::page(StatusCode::OK, &page)
}

async fn enabled(asker: &Asker<'_>, region: Region) -> Result<bool, Refusal> {
    let status = asker.call_in(region, Product::Ecs, "DescribeDiskEncryptionByDefaultStatus", &[]).await?;
    Ok(status["Encrypted"] == true)
}

async fn default(asker: &Asker<'_>, region: Region) -> Result<Default, Refusal> {
    let enabled = enabled(asker, region).await?;
    if !enabled {
        return Ok(Default { enabled, key: String::new() });
    }
    let key = asker.call_in(region, Product::Ecs, "DescribeDiskDefaultKMSKeyId", &[]).await?;
    Ok(Default { enabled, key: text(&key, "KMSKeyId") })
}

async fn share(asker: &Asker<'_>, region: Region) -> Result<Share, Refusal> {
    let count = async |filter: &[(&str, &str)]| {
        let parameters = [&[("PageSize", "1")], filter].concat();
        let answer = asker.call_in(region, Product::Ecs, "DescribeDisks", &parameters).await?;
        Ok(number(&answer, "TotalCount"))
    };
    let all = count(&[]).await?;
    let encrypted = if all == 0 { 0 } else { count(&[("Encrypted", "true")]).await? };
    Ok(Share { encrypted, all })
}

/// The last of the region, the newest first.
async fn events(asker: &Asker<'_>) -> Result<Vec<Event>, Refusal> {
    let list = async |after: i64, most: i64| {
        let (after, most) = (after.to_string(), most.to_string());
        asker.call(Product::Coffer, "ListEvents", &[("Cursor", &after), ("MaxResults", &most)]).await
    };
    let latest = number(&list(0, 1).await?, "LatestCursor");
    let found = list((latest - LOOKED_AT).max(0), LOOKED_AT).await?;
    let here = items(&found, "Events", "Event").iter().filter(|event| event["RegionId"] == asker.region.id());
    Ok(here.rev().take(EVENTS).map(Event::of).collect())
}
