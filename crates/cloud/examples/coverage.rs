//! What is served, held against the vendor's metadata: actions, parameters that are not taken, documented errors that are never given.
//! Run by `cargo xtask coverage`.

use std::error::Error;

use coffer_cloud::{Entry, Product, operations};
use serde_json::{Map, Value};

/// Parameters of every ECS action that say on whose behalf a caller acts: the caller is known by its signature.
const NOT_COUNTED: [&str; 4] = ["OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"];

fn main() -> Result<(), Box<dyn Error>> {
    let errors = read("errors")?;
    for product in [Product::Ecs, Product::Kms, Product::Ram, Product::Sts] {
        let metadata = read(product.name())?;
        let actions = metadata["actions"].as_object().ok_or("metadata without actions")?;
        let served = operations(product);
        say(&format!(
            "{} {}: {} of {} actions served",
            product.code(),
            product.version(),
            served.len(),
            actions.len()
        ))?;
        for entry in served {
            let name = entry.operation.name;
            say(&format!("  {name}"))?;
            let none = Map::new();
            let known = actions.get(name).and_then(|action| action["parameters"].as_object()).unwrap_or(&none);
            list("parameters not taken", &parameters_left(entry, known))?;
            list("documented errors never given", &errors_left(entry, &errors[product.code()][name]))?;
        }
    }
    Ok(())
}

fn read(name: &str) -> Result<Value, Box<dyn Error>> {
    let path = format!("{}/../../metadata/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn say(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}")
}

fn list(what: &str, names: &[String]) -> std::io::Result<()> {
    if names.is_empty() { Ok(()) } else { say(&format!("    {what}: {}", names.join(", "))) }
}

fn parameters_left(entry: &Entry, known: &Map<String, Value>) -> Vec<String> {
    let taken = (entry.parameters)();
    let is_taken =
        |name: &String| taken.iter().any(|fact| fact.name == name || name.starts_with(&format!("{}.", fact.name)));
    let handled = |name: &String| name == "RegionId" || NOT_COUNTED.contains(&name.as_str());
    known.keys().filter(|name| !is_taken(name) && !handled(name)).cloned().collect()
}

fn errors_left(entry: &Entry, documented: &Value) -> Vec<String> {
    let given: Vec<&str> = entry.operation.errors.iter().copied().flatten().map(|code| code.template().0).collect();
    let rows = documented.as_array().map(Vec::as_slice).unwrap_or_default();
    let codes = rows.iter().filter_map(|row| row[1].as_str());
    let general = |code: &&str| code.starts_with("Internal") || code.starts_with("ServiceUnavailable");
    codes.filter(|code| !given.contains(code) && !general(code)).map(str::to_owned).collect()
}
