//! `cargo xtask new-operation PRODUCT ACTION`: the file of an operation from the vendor's metadata, its line in the product's table,
//! and its place among the samples. What is left to write is marked `TODO`, and `todo!()`, which the lints keep out of a commit.

mod skeleton;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::name::snake_case;
use crate::report::{self, Counts};

/// The products whose actions the metadata describes.
pub(crate) const PRODUCTS: [&str; 4] = ["ecs", "kms", "ram", "sts"];
const SAMPLES: &str = "crates/cloud/tests/support/samples.rs";

/// Writes it into the repository.
pub(crate) fn run(product: &str, action: &str) -> Result<Counts, String> {
    let path = add(Path::new("."), product, action)?;
    println!("{path}, its line in the product's table, and a sample in {SAMPLES}: fill in what says TODO.");
    println!("What the vendor has and it will not do goes under `refused` and into metadata/exceptions.json.");
    Ok(Counts { passed: 1, ..Counts::default() })
}

/// Writes it into the repository at `root`; the path of the operation's file.
fn add(root: &Path, product: &str, action: &str) -> Result<String, String> {
    if !PRODUCTS.contains(&product) {
        return Err(format!("{product} is not one of {}", PRODUCTS.join(", ")));
    }
    let metadata = json(root, product)?;
    let Some(description) = metadata["actions"].get(action) else { return Err(not_distilled(product, action)) };
    let module = snake_case(action);
    let path = format!("crates/cloud/src/{product}/{module}.rs");
    if root.join(&path).exists() {
        return Err(format!("{path} is there already"));
    }
    let errors = json(root, "errors")?;
    let errors = &errors[metadata["product"].as_str().unwrap_or_default()][action];
    let text = skeleton::operation(product, action, description, errors);
    // Each text is ready before the first is written.
    let table = format!("crates/cloud/src/{product}/mod.rs");
    let with_line = with_line(&read(root, &table)?, &module).ok_or_else(|| format!("{table} holds no table"))?;
    let sample = skeleton::sample(action, description);
    let with_sample = with_sample(&read(root, SAMPLES)?, product, &sample)
        .ok_or_else(|| format!("{SAMPLES} has no place for samples of {product}"))?;
    for (path, text) in [(path.as_str(), text), (&table, with_line), (SAMPLES, with_sample)] {
        fs::write(root.join(path), text).map_err(|error| format!("{path}: {error}"))?;
    }
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024", "--config-path", "rustfmt.toml", &path, SAMPLES]).current_dir(root);
    report::success(&mut rustfmt)?;
    Ok(path)
}

fn not_distilled(product: &str, action: &str) -> String {
    format!(
        "metadata/{product}.json does not describe {action}.\nIf the vendor has it, make that file again with the action's \
         description at hand: metadata/README.md, \"Products\", says how (xtask/distil/distil.py)."
    )
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

fn json(root: &Path, name: &str) -> Result<Value, String> {
    let path = format!("metadata/{name}.json");
    serde_json::from_str(&read(root, &path)?).map_err(|error| format!("{path}: {error}"))
}

/// A product's table with one line more, in order.
fn with_line(table: &str, module: &str) -> Option<String> {
    let (before, rest) = table.split_once("operations! {")?;
    let (head, rest) = rest.split_once('\n')?;
    let (lines, after) = rest.split_once('}')?;
    let mut lines: Vec<&str> = lines.lines().collect();
    let line = format!("    {module},");
    let place = lines.iter().position(|known| *known > line.as_str()).unwrap_or(lines.len());
    lines.insert(place, &line);
    Some(format!("{before}operations! {{{head}\n{}\n}}{after}", lines.join("\n")))
}

/// The samples with one arm more: the last of its product that names an action.
fn with_sample(samples: &str, product: &str, arm: &str) -> Option<String> {
    let start = samples.find(&format!("fn sample_of_{product}("))?;
    // A product with many hands what one function does not know on to the next.
    let place = start + samples[start..].find("other => unlisted(other)")?;
    Some(format!("{}{arm}{}", &samples[..place], &samples[place..]))
}

#[cfg(test)]
mod tests;
