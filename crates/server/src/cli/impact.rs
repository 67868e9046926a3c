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

use super::failure::{Failure, Reason};
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
    /// Read this data directory instead of asking a server, also while one runs on it: by the key's id or ARN, also of a key that is gone
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// The state of a key that was deleted.
const GONE: &str = "gone";

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
            Some(data) => self.look_up(data)?,
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

    /// The same from a data directory, as far as the records there go. Of what is on no record, nothing is said to hang on it.
    fn look_up(&self, data: &Path) -> Result<Value, Failure> {
        let key_id = self.key.rsplit_once(":key/").map_or(&*self.key, |(_, key_id)| key_id);
        let found = self.read(data, key_id).map_err(|error| Failure::machine("the records can't be read", error))?;
        let is_known = found["KeyState"] != GONE || !found["LastUse"].is_null();
        if is_known || !list(&found, "Dependants/Dependant").is_empty() {
            return Ok(found);
        }
        let what =
            format!("{key_id} is no key that {} has on record, nor does anything there need one", data.display());
        Err(Failure::new(Reason::Configuration, what).next("give a key's id; aliases are known to a server only"))
    }

    fn read(&self, data: &Path, key_id: &str) -> Result<Value, StoreError> {
        let version = self.version.as_ref().map(|VersionId(version_id)| cipher::blob_start(version_id));
        let wanted = Page { version, ..Page::default() };
        Db::peek(data, |tx| {
            let key = Key::get(tx, key_id)?;
            let versions = key_uses::of_key(tx, key_id)?.into_iter().map(|(id, last)| {
                let last_use = json!({
                    "Time": last.at.to_iso8601(), "Action": last.action, "Principal": last.principal, "KeyVersionId": id,
                });
                json!({"KeyVersionId": id, "LastUse": last_use})
            });
            let versions: Vec<Value> = versions.collect();
            let last = versions.iter().max_by_key(|version| version["LastUse"]["Time"].as_str()).cloned();
            let dependants: Vec<Value> = dependants::page(tx, key_id, &wanted)?.iter().map(shown).collect();
            Ok(json!({
                "KeyId": key_id,
                "KeyState": key.map_or_else(|| GONE.to_owned(), |key| key.state),
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
