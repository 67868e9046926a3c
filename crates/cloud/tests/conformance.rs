//! Every operation served, held against the vendor's metadata: its name, its parameters and their types, the fields of its answer,
//! the codes of its errors.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use coffer_cloud::{Entry, Product, Shape, operations};
use serde_json::Value;

const PRODUCTS: [Product; 4] = [Product::Ecs, Product::Kms, Product::Ram, Product::Sts];

fn read(name: &str) -> Value {
    let path = format!("{}/../../metadata/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Calls `check` with each operation and the vendor's description of it.
fn each(mut check: impl FnMut(&Entry, &Value, &str)) {
    let mut seen = 0;
    for product in PRODUCTS {
        let metadata = read(product.name());
        assert_eq!(metadata["version"], product.version());
        for entry in operations(product) {
            let name = entry.operation.name;
            let action = &metadata["actions"][name];
            assert!(action.is_object(), "{name} is no action of {}", product.code());
            check(entry, action, &format!("{}:{name}", product.code()));
            seen += 1;
        }
    }
    assert!(seen >= 44, "{seen} operations");
}

#[test]
fn every_parameter_is_the_vendors_and_of_its_type() {
    each(|entry, action, name| {
        let known = action["parameters"].as_object().unwrap();
        for fact in (entry.parameters)() {
            let Some(theirs) = known.get(fact.name) else {
                // Some lists are written out by index: `Filter.1.Key`.
                let prefix = format!("{}.", fact.name);
                assert!(known.keys().any(|key| key.starts_with(&prefix)), "{name} takes {}", fact.name);
                continue;
            };
            let kind = theirs["type"].as_str().unwrap();
            let same = match fact.kind {
                "Integer" | "Long" => matches!(kind, "Integer" | "Long"),
                "Json" => matches!(kind, "Json" | "String" | "Map" | "Object"),
                ours => kind == ours || (ours == "Boolean" && kind == "String" && fact.name == "DryRun"),
            };
            assert!(same, "{name}: {} is {} here and {kind} there", fact.name, fact.kind);
        }
    });
}

#[test]
fn what_the_vendor_requires_is_required() {
    each(|entry, action, name| {
        let ours = (entry.parameters)();
        for (parameter, theirs) in action["parameters"].as_object().unwrap() {
            if theirs["required"] == true {
                let fact = ours.iter().find(|fact| fact.name == parameter);
                assert!(fact.is_some_and(|fact| fact.required), "{name} must require {parameter}");
            }
        }
    });
}

#[test]
fn every_field_of_an_answer_is_the_vendors_and_of_its_type() {
    each(|entry, action, name| same_shape(&(entry.shape)(), &action["response"], name));
}

fn same_shape(ours: &Shape, theirs: &Value, path: &str) {
    match ours {
        Shape::Boolean => assert_eq!(theirs, "boolean", "{path}"),
        Shape::Integer => assert_eq!(theirs, "integer", "{path}"),
        Shape::Text => assert_eq!(theirs, "string", "{path}"),
        Shape::List(item) => same_shape(item, theirs.get(0).unwrap_or(&Value::Null), &format!("{path}[]")),
        Shape::Object(members) => {
            for (name, shape) in members {
                let inner = theirs.get(name).unwrap_or_else(|| panic!("{path} has no {name}"));
                same_shape(shape, inner, &format!("{path}.{name}"));
            }
        }
    }
}

#[test]
fn the_nine_errors_of_modify_disk_default_kms_key_id_are_declared_to_the_letter() {
    let errors = read("errors");
    let documented = errors["Ecs"]["ModifyDiskDefaultKMSKeyId"].as_array().unwrap();
    assert_eq!(documented.len(), 9);
    let entry = operations(Product::Ecs).iter().find(|e| e.operation.name == "ModifyDiskDefaultKMSKeyId").unwrap();
    let declared: Vec<_> = entry.operation.errors.iter().copied().flatten().collect();
    for row in documented {
        let message = row[2].as_str().unwrap().replace("%s", "{0}");
        let found = declared.iter().any(|code| {
            (i64::from(code.status()), code.template())
                == (row[0].as_i64().unwrap(), (row[1].as_str().unwrap(), &message))
        });
        assert!(found, "{row}");
    }
}
