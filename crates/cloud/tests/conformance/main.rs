//! Every operation served, held against the vendor's metadata: its name, its parameters and their types, the fields of its answer,
//! the codes of its errors.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod document;
mod exceptions;
mod gaps;
#[allow(dead_code, reason = "cargo xtask reached uses all of it")]
mod reached;
mod sources;
mod vendor;

use coffer_base::ErrorCode;
use coffer_cloud::{Entry, Product, Shape, operations};
use serde_json::Value;

use exceptions::{Difference, Exceptions, Section};
use gaps::Gaps;
use sources::Sources;
use vendor::{PRODUCTS, Row, Vendor};

/// Calls `check` with each operation, the vendor's description of it, and its name, `Ecs:CreateDisk`.
fn each(mut check: impl FnMut(&Entry, &Vendor, &str)) {
    let mut seen = 0;
    for product in PRODUCTS {
        let vendor = Vendor::read(product);
        for entry in operations(product) {
            let name = entry.operation.name;
            assert!(vendor.actions.contains_key(name), "{name} is no action of {}", product.code());
            check(entry, &vendor, &format!("{}:{name}", product.code()));
            seen += 1;
        }
    }
    assert!(seen >= 44, "{seen} operations");
}

#[test]
fn every_parameter_is_the_vendors_and_of_its_type() {
    each(|entry, vendor, name| {
        let known = vendor.actions[entry.operation.name]["parameters"].as_object().unwrap();
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
            // A few lists stand in the metadata without their members.
            let Some(items) = theirs["items"].as_object() else { continue };
            for member in fact.members {
                // The vendor's own clients still send `Tag.N.key` of some operations in lower case.
                let known = items.keys().any(|item| item.eq_ignore_ascii_case(member));
                assert!(known, "{name}: elements of {} have no {member}", fact.name);
            }
        }
    });
}

/// Required by the metadata; its own text there says what it means to leave it out.
const OPTIONAL_BY_ITS_TEXT: [(&str, &str); 1] = [("ImportKeyMaterial", "KeyMaterialExpireUnix")];

#[test]
fn what_the_vendor_requires_is_required() {
    each(|entry, vendor, name| {
        let ours = (entry.parameters)();
        for (parameter, theirs) in vendor.actions[entry.operation.name]["parameters"].as_object().unwrap() {
            if theirs["required"] == true {
                let fact = ours.iter().find(|fact| fact.name == parameter);
                let optional = OPTIONAL_BY_ITS_TEXT.contains(&(entry.operation.name, parameter));
                assert!(fact.is_some_and(|fact| fact.required != optional), "{name} must require {parameter}");
            }
        }
    });
}

#[test]
fn every_field_of_an_answer_is_the_vendors_and_of_its_type() {
    each(|entry, vendor, name| {
        same_shape(&(entry.shape)(), &vendor.actions[entry.operation.name]["response"], name);
    });
}

fn same_shape(ours: &Shape, theirs: &Value, path: &str) {
    match ours {
        Shape::Boolean => assert_eq!(theirs, "boolean", "{path}"),
        Shape::Integer => assert_eq!(theirs, "integer", "{path}"),
        Shape::Number => assert_eq!(theirs, "number", "{path}"),
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
    let errors = vendor::file("errors");
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

/// Fails with everything that the exceptions leave out or list in vain.
fn hold(section: Section, differences: &[Difference]) {
    let findings = Exceptions::read().findings(section, differences);
    assert!(findings.is_empty(), "metadata/exceptions.json, {section:?}:\n{}", findings.join("\n"));
}

/// What every operation lacks, of the kind that `pick` picks.
fn lacking(pick: fn(Gaps) -> std::collections::BTreeSet<String>) -> Vec<Difference> {
    let sources = Sources::read();
    let mut differences = Vec::new();
    each(|entry, vendor, name| {
        let missing = pick(gaps::of(vendor, entry, &sources));
        differences.extend(missing.into_iter().map(|missing| (name.to_owned(), missing)));
    });
    differences
}

#[test]
fn every_parameter_that_is_not_honoured_is_listed() {
    hold(Section::Parameters, &lacking(|gaps| gaps.parameters));
}

#[test]
fn every_field_that_is_not_given_is_listed() {
    hold(Section::Fields, &lacking(|gaps| gaps.fields));
}

#[test]
fn every_documented_error_that_is_not_given_is_listed() {
    let sources = Sources::read();
    let mut differences = lacking(|gaps| gaps.errors);
    for vendor in PRODUCTS.map(Vendor::read) {
        let action = format!("{}:{}", vendor.product.code(), gaps::COMMON);
        let missing = gaps::common(&vendor, &sources).errors;
        differences.extend(missing.into_iter().map(|missing| (action.clone(), missing)));
    }
    hold(Section::Errors, &differences);
}

#[test]
fn a_parameter_is_refused_exactly_where_the_list_says_so() {
    let exceptions = Exceptions::read();
    each(|entry, vendor, name| {
        let mut refused = Vec::new();
        for parameter in vendor.parameters(entry.operation.name) {
            let group = exceptions.group(Section::Parameters, name, &parameter);
            let by_code = entry.refused.iter().find(|refused| {
                let below = parameter.strip_prefix(refused.name);
                below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
            });
            let expected = match by_code {
                Some(refused) => entry.product.invalid_parameter(refused.name).code().template().0,
                None => "ignored",
            };
            if group.is_some() || by_code.is_some() {
                let listed = group.map(|group| group.sent.as_str());
                assert_eq!(listed, Some(expected), "{name} {parameter}");
            }
            refused.extend(by_code.map(|refused| refused.name));
        }
        for ours in entry.refused {
            assert!(refused.contains(&ours.name), "{name} refuses {}, which the vendor does not have", ours.name);
        }
    });
}

#[test]
fn an_operation_takes_a_client_token_where_the_vendors_does() {
    each(|entry, vendor, name| {
        let theirs = vendor.parameters(entry.operation.name).iter().any(|name| name == "ClientToken");
        let refused = entry.refused.iter().any(|refused| refused.name == "ClientToken");
        assert_eq!(entry.operation.idempotent, theirs && !refused, "{name}");
    });
}

/// The codes that `idempotent` looks for among those that an operation declares.
const TOKEN_CODES: [&str; 2] = ["IdempotentParameterMismatch", "InvalidClientToken.Malformed"];

#[test]
fn every_declared_error_is_given_by_the_code_of_its_operation() {
    let sources = Sources::read();
    for entry in Product::ALL.iter().flat_map(|product| operations(*product)) {
        let name = entry.operation.name;
        for code in gaps::declared(entry) {
            // An operation's own code for a token is found by its text.
            let of_token = entry.operation.idempotent && TOKEN_CODES.contains(&code.template().0);
            let reached = of_token || sources.reaches(entry.product, &sources::file_of(name), code);
            assert!(reached, "{name} declares {code:?}, which neither its file nor what it shares gives");
        }
    }
}

#[test]
fn every_error_of_the_catalogue_is_given_or_listed() {
    let sources = Sources::read();
    let unused = ErrorCode::ALL.iter().filter(|code| !sources.uses(**code));
    let differences: Vec<_> = unused.map(|code| (reached::CATALOGUE.to_owned(), format!("{code:?}"))).collect();
    hold(Section::Unused, &differences);
}

/// The rows of the action's table and of the product's common one that have the code of an error of ours.
fn rows(vendor: &Vendor, action: &str, code: ErrorCode) -> Vec<Row> {
    let mut rows = vendor.errors(action);
    rows.extend(vendor.common_errors());
    rows.retain(|row| gaps::fits(code.template().0, &row.code));
    rows
}

#[test]
fn every_error_beyond_the_vendors_tables_is_listed() {
    let mut differences = Vec::new();
    each(|entry, vendor, name| {
        for code in gaps::declared(entry).filter(|code| rows(vendor, entry.operation.name, *code).is_empty()) {
            differences.push((name.to_owned(), code.template().0.to_owned()));
        }
    });
    hold(Section::Additions, &differences);
}

#[test]
fn every_error_has_the_documented_status_and_text_or_is_listed() {
    let mut differences = Vec::new();
    each(|entry, vendor, name| {
        for code in gaps::declared(entry) {
            let rows = rows(vendor, entry.operation.name, code);
            let (template, text) = code.template();
            let same = |row: &Row| {
                row.status == code.status() && row.message.as_deref().is_none_or(|theirs| gaps::same_text(text, theirs))
            };
            if !rows.is_empty() && !rows.iter().any(same) {
                differences.push((name.to_owned(), template.to_owned()));
            }
        }
    });
    hold(Section::Wordings, &differences);
}

#[test]
fn the_table_of_compatibility_is_up_to_date() {
    let path = format!("{}/../../{}", env!("CARGO_MANIFEST_DIR"), document::PATH);
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == document::page(), "{} is out of date: cargo xtask coverage --write", document::PATH);
}
