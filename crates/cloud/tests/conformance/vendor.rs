//! The vendor's metadata (`metadata/README.md`), flattened to names that can be held against ours.

use coffer_cloud::Product;
use serde_json::{Map, Value};

/// The products that the metadata describes.
pub(crate) const PRODUCTS: [Product; 4] = [Product::Ecs, Product::Kms, Product::Ram, Product::Sts];

/// A file of `metadata`, parsed.
pub(crate) fn file(name: &str) -> Value {
    let path = format!("{}/../../metadata/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What the vendor says of one product.
pub(crate) struct Vendor {
    /// The product.
    pub(crate) product: Product,
    /// Every action of the metadata.
    pub(crate) actions: Map<String, Value>,
    errors: Value,
    common: Value,
}

/// A documented error: status, code, message. The message is not always known.
pub(crate) struct Row {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: Option<String>,
}

impl Vendor {
    /// Reads what there is about `product`.
    pub(crate) fn read(product: Product) -> Self {
        let metadata = file(product.name());
        assert_eq!(metadata["version"], product.version());
        let Value::Object(actions) = metadata["actions"].clone() else { panic!("{product:?} has no actions") };
        let errors = file("errors");
        let (errors, common) = (errors[product.code()].clone(), errors["common"][product.code()].clone());
        Self { product, actions, errors, common }
    }

    /// Every parameter of an action; those of a list's elements as `Tag.N.Key`.
    pub(crate) fn parameters(&self, action: &str) -> Vec<String> {
        let mut names = Vec::new();
        let parameters = self.actions[action]["parameters"].as_object().expect("an action has parameters");
        flatten_parameters("", parameters, &mut names);
        names
    }

    /// Every field of an action's answer by its path, `Disks.Disk.DiskId`; lists add nothing to a path.
    pub(crate) fn fields(&self, action: &str) -> Vec<String> {
        let mut names = Vec::new();
        flatten_fields("", &self.actions[action]["response"], &mut names);
        // The gateway adds it to every answer.
        names.retain(|name| name != "RequestId");
        names
    }

    /// The errors in an action's own table.
    pub(crate) fn errors(&self, action: &str) -> Vec<Row> {
        rows(&self.errors[action])
    }

    /// The errors that any action of the product may answer with.
    pub(crate) fn common_errors(&self) -> Vec<Row> {
        rows(&self.common)
    }
}

fn flatten_parameters(prefix: &str, parameters: &Map<String, Value>, names: &mut Vec<String>) {
    for (name, about) in parameters {
        let full = format!("{prefix}{name}");
        let has_members = parameters.keys().any(|other| other.starts_with(&format!("{name}.")));
        // A list of type `Json` is sent as one text.
        match about["items"].as_object().filter(|_| about["type"] == "RepeatList") {
            Some(items) => flatten_parameters(&format!("{full}.N."), items, names),
            // A structure is sent by its members, which stand beside it.
            None if has_members => {}
            None => names.push(full),
        }
    }
}

fn flatten_fields(path: &str, shape: &Value, names: &mut Vec<String>) {
    match shape {
        Value::Array(items) => flatten_fields(path, &items[0], names),
        Value::Object(members) if !members.is_empty() => {
            for (name, inner) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten_fields(&path, inner, names);
            }
        }
        _ => names.push(path.to_owned()),
    }
}

fn rows(table: &Value) -> Vec<Row> {
    let rows = table.as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter()
        .map(|row| Row {
            status: row[0].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a row begins with a status"),
            code: row[1].as_str().expect("a row has a code").to_owned(),
            message: row[2].as_str().map(str::to_owned),
        })
        .collect()
}
