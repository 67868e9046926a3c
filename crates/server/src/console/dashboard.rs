//! The first page: how a region stands, and all regions at a glance.

use askama::Template;
use coffer_base::Region;
use coffer_cloud::Product;
use hyper::StatusCode;

use super::ask::{Asker, Refusal, items, number, text};
use super::reply::{self, Reply};
use super::view::{Frame, View};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Page {
    frame: Frame,
    default: Result<Default, Refusal>,
    disks: Result<Share, Refusal>,
    keys: Vec<String>,
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
        keys: keys(&asker).await,
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

/// Keys to choose from; none where they may not be listed: an id can be typed as well.
async fn keys(asker: &Asker<'_>) -> Vec<String> {
    let listed = asker.call(Product::Kms, "ListKeys", &[("PageSize", "100")]).await.unwrap_or_default();
    items(&listed, "Keys", "Key").iter().map(|key| text(key, "KeyId")).collect()
}
