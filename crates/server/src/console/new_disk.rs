//! The form of a new disk, with what the region's default makes of it as it is filled in.

use askama::Template;
use coffer_cloud::Product;
use hyper::StatusCode;
use serde_json::Value;

use super::ask::{Asker, Refusal, items, text};
use super::reply::{self, Reply};
use super::view::{Frame, View};

/// The fields of the form; the first of them decide about encryption.
const FIELDS: [&str; 9] = [
    "DiskCategory",
    "Encrypted",
    "KMSKeyId",
    "SnapshotId",
    "DiskName",
    "Size",
    "ZoneId",
    "PerformanceLevel",
    "Description",
];
const DECIDING: usize = 4;
/// The category that is chosen until another is, as on the command line.
const USUAL_CATEGORY: &str = "cloud_essd";

/// How a disk would be encrypted.
struct Forecast {
    encrypted: bool,
    /// Empty for a service key that would have to be made first.
    key: String,
    named_by: String,
}

#[derive(Template)]
#[template(path = "new_disk.html")]
struct Page {
    frame: Frame,
    /// What each of the fields holds.
    filled_in: [(&'static str, String); FIELDS.len()],
    /// Zones and categories; none where they may not be listed.
    zones: Vec<String>,
    categories: Vec<String>,
    keys: Vec<String>,
    default: Result<bool, Refusal>,
    forecast: Result<Forecast, Refusal>,
}

impl Page {
    fn value(&self, name: &str) -> &str {
        self.filled_in.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// The page.
pub(super) async fn page(view: &View<'_>) -> Reply {
    let (asker, frame) = (view.asker(), view.frame("New disk", "disks"));
    let filled_in = FIELDS.map(|name| {
        let usual = if name == "DiskCategory" { USUAL_CATEGORY } else { "" };
        let given = [frame.kept("CreateDisk", name), view.field(name), usual];
        (name, given.into_iter().find(|value| !value.is_empty()).unwrap_or_default().to_owned())
    });
    let deciding = filled_in.iter().take(DECIDING).filter(|(_, value)| !value.is_empty());
    let wanted: Vec<_> = deciding.map(|(name, value)| (*name, value.as_str())).collect();
    let forecast = asker.call(Product::Coffer, "DescribeNewDiskEncryption", &wanted).await.map(|found| Forecast {
        encrypted: found["Encrypted"] == true,
        key: text(&found, "KMSKeyId"),
        named_by: text(&found, "KeyNamedBy"),
    });
    let (zones, categories) = offers(&asker).await;
    let status = asker.call(Product::Ecs, "DescribeDiskEncryptionByDefaultStatus", &[]).await;
    let page = Page {
        frame,
        filled_in,
        zones,
        categories,
        // What brings itself up to date takes no list.
        keys: if view.live { Vec::new() } else { view.keys().await },
        default: status.map(|status| status["Encrypted"] == true),
        forecast,
    };
    reply::page(StatusCode::OK, &page)
}

/// Zones, and categories of disks.
async fn offers(asker: &Asker<'_>) -> (Vec<String>, Vec<String>) {
    let found = asker.call(Product::Ecs, "DescribeZones", &[("Verbose", "true")]).await.unwrap_or_default();
    let zones = items(&found, "Zones", "Zone");
    let offered =
        zones.first().map(|zone| items(zone, "AvailableDiskCategories", "DiskCategories")).unwrap_or_default();
    let categories = offered.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    (zones.iter().map(|zone| text(zone, "ZoneId")).collect(), categories)
}
