//! `coffer key impact`: what hangs on a key, and when it was last used. Asked of a server, or, of a key that may be gone already, read from a
//! data directory.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use coffer_cloud::Product;
use coffer_cloud::kms::cipher;
use coffer_store::dependants::{self, Dependant, Page};
use coffer_store::keys::Key;
use coffer_store::{Db, Record as _, StoreError, key_uses};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use super::session::Connection;

/// Which key.
#[derive(Args, Debug)]
pub(crate) struct Impact {
    /// The key, or its alias
    key: String,
    /// Only what needs this version of it
    #[arg(long, value_name = "VERSION")]
    version: Option<VersionId>,
    /// Read this data directory instead of asking a server, also while one runs on it: by the key's id, also of a key that is gone
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// A version's id.
#[derive(Clone, Debug)]
struct VersionId(String);

impl FromStr for VersionId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 36 { Ok(Self(text.to_owned())) } else { Err("a version's id has 36 characters") }
    }
}

const FIELDS: &[(&str, &str)] = &[
    ("key", "KeyId"),
    ("state", "KeyState"),
    ("last used", "LastUse/Time"),
    ("by", "LastUse/Principal"),
    ("for", "LastUse/Action"),
    ("depend on it", "Count"),
];

const VERSIONS: &[(&str, &str)] = &[
    ("VERSION", "KeyVersionId"),
    ("LAST USED", "LastUse/Time"),
    ("FOR", "LastUse/Action"),
    ("BY", "LastUse/Principal"),
];

const DEPENDANTS: &[(&str, &str)] =
    &[("TYPE", "Type"), ("RESOURCE", "ResourceId"), ("VERSIONS", "Versions"), ("ATTACHED TO", "AttachedTo")];

impl Impact {
    /// Shows it.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut found = match &self.data {
            Some(data) => self.read(data).map_err(|error| Failure::machine("the records can't be read", error))?,
            None => self.ask()?,
        };
        if self.output.is_json() {
            return Ok(self.output.show(&[], &found)?);
        }
        let items = list(&found, "Dependants/Dependant").into_iter().map(|mut item| {
            item["Versions"] = words(&list(&item, "KeyVersionIds/KeyVersionId"));
            let attached = list(&item, "Attachments/Attachment").into_iter();
            item["AttachedTo"] = words(&attached.map(|instance| instance["InstanceId"].clone()).collect::<Vec<_>>());
            item
        });
        let items: Vec<Value> = items.collect();
        found["Count"] = items.len().into();
        self.output.show(FIELDS, &found)?;
        for (columns, rows) in [(VERSIONS, list(&found, "KeyVersions/KeyVersion")), (DEPENDANTS, items)] {
            if !rows.is_empty() {
                self.output.done("", &Value::Null)?;
                self.output.list(columns, &rows)?;
            }
        }
        Ok(())
    }

    /// What the server says, all pages as one.
    fn ask(&self) -> Result<Value, Failure> {
        let mut session = self.connection.open()?;
        let region = session.region.id();
        let (mut items, mut token) = (Vec::new(), String::new());
        loop {
            let mut asked =
                vec![("KeyId", &*self.key), ("RegionId", region), ("MaxResults", "500"), ("NextToken", &token)];
            asked.extend(self.version.as_ref().map(|VersionId(version_id)| ("KeyVersionId", version_id.as_str())));
            let mut page = session.call(Product::Coffer, "DescribeKeyDependants", &asked)?;
            items.extend(list(&page, "Dependants/Dependant"));
            page["NextToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                page["Dependants"]["Dependant"] = items.into();
                return Ok(page);
            }
        }
    }

    /// The same from a data directory, as far as the records there go.
    fn read(&self, data: &Path) -> Result<Value, StoreError> {
        let version = self.version.as_ref().map(|VersionId(version_id)| cipher::blob_start(version_id));
        let wanted = Page { version, ..Page::default() };
        Db::peek(data, |tx| {
            let key = Key::get(tx, &self.key)?;
            let versions = key_uses::of_key(tx, &self.key)?.into_iter().map(|(id, last)| {
                let last_use = json!({
                    "Time": last.at.to_iso8601(), "Action": last.action, "Principal": last.principal, "KeyVersionId": id,
                });
                json!({"KeyVersionId": id, "LastUse": last_use})
            });
            let versions: Vec<Value> = versions.collect();
            let last = versions.iter().max_by_key(|version| version["LastUse"]["Time"].as_str()).cloned();
            let dependants: Vec<Value> = dependants::page(tx, &self.key, &wanted)?.iter().map(shown).collect();
            Ok(json!({
                "KeyId": self.key,
                "KeyState": key.map_or_else(|| "gone".to_owned(), |key| key.state),
                "LastUse": last.map(|version| version["LastUse"].clone()),
                "KeyVersions": {"KeyVersion": versions},
                "Dependants": {"Dependant": dependants},
            }))
        })
    }
}

/// A dependant as the server shows it.
fn shown(dependant: &Dependant) -> Value {
    let versions = dependant.versions.iter().filter_map(|start| cipher::version_of(start));
    let attached = dependant.attached_to.iter().map(|(id, status)| json!({"InstanceId": id, "Status": status}));
    json!({
        "Type": dependant.kind.as_str(),
        "ResourceId": dependant.id,
        "KeyVersionIds": {"KeyVersionId": versions.collect::<Vec<_>>()},
        "Attachments": {"Attachment": attached.collect::<Vec<_>>()},
    })
}

/// The list at a path.
fn list(value: &Value, path: &str) -> Vec<Value> {
    value.pointer(&format!("/{path}")).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Several words in one cell.
fn words(list: &[Value]) -> Value {
    list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ").into()
}
