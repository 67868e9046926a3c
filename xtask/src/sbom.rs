//! The bill of materials of the binary, in CycloneDX 1.5: every crate that is linked into it, or runs when it is built, from `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

/// The bill, the same bytes for the same source.
pub(crate) fn cyclonedx(epoch: &str) -> Result<String, String> {
    let target = target()?;
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &target]);
    let output = metadata.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let sums = checksums(&std::fs::read_to_string("Cargo.lock").map_err(|error| error.to_string())?);
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let bill = bill(&metadata, &sums, epoch)?;
    Ok(format!("{bill:#}\n"))
}

fn target() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say its host".to_owned())
}

fn bill(metadata: &Value, sums: &BTreeMap<(String, String), String>, epoch: &str) -> Result<Value, String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: BTreeMap<String, Vec<String>> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            (
                text(&node["id"]),
                list(&node["deps"]).iter().filter(|dep| is_linked(dep)).map(|dep| text(&dep["pkg"])).collect(),
            )
        })
        .collect();
    let root = packages.iter().find(|(_, package)| package["name"] == "coffer").ok_or("there is no package coffer")?.0;
    let (mut reached, mut ahead) = (BTreeSet::new(), vec![root.clone()]);
    while let Some(id) = ahead.pop() {
        if reached.insert(id.clone()) {
            ahead.extend(nodes.get(&id).cloned().unwrap_or_default());
        }
    }
    let url = |id: &str| {
        let package = &packages[id];
        format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
    };
    let component = |id: &String| {
        let package = &packages[id];
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        let mut component = json!({
            "type": "library", "bom-ref": url(id), "name": name, "version": version, "purl": url(id),
            "licenses": [{"expression": package["license"].as_str().unwrap_or("NOASSERTION").replace('/', " OR ")}],
        });
        if let Some(sum) = sums.get(&(name, version)) {
            component["hashes"] = json!([{"alg": "SHA-256", "content": sum}]);
        }
        component
    };
    let components: Vec<Value> = reached.iter().filter(|id| *id != root).map(component).collect();
    let dependencies: Vec<Value> = reached
        .iter()
        .map(|id| {
            let on: BTreeSet<String> = nodes.get(id).into_iter().flatten().map(|id| url(id)).collect();
            json!({"ref": url(id), "dependsOn": on})
        })
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": url(root), "name": "coffer", "version": packages[root]["version"]},
            "properties": [{"name": "source-date-epoch", "value": epoch}],
        },
        "components": components, "dependencies": dependencies,
    }))
}

/// Whether a dependency is for more than tests.
fn is_linked(dependency: &Value) -> bool {
    dependency["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The SHA-256 of each crate's archive, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let field = |package: &str, name: &str| {
        let value = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        value.map(|value| value.trim_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]");
    packages
        .filter_map(|package| {
            Some(((field(package, "name")?, field(package, "version")?), field(package, "checksum")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_listed_and_what_only_tests_use_is_not() {
        let package = |name: &str| json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0"});
        let on = |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [package("coffer"), package("linked"), package("built"), package("tested"), package("other")],
            "resolve": {"nodes": [
                {"id": "coffer", "deps": [on("linked", Value::Null), on("tested", json!("dev"))]},
                {"id": "linked", "deps": [on("built", json!("build"))]},
                {"id": "other", "deps": [on("tested", Value::Null)]},
            ]},
        });
        let lock = "[[package]]\nname = \"linked\"\nversion = \"1.0.0\"\nchecksum = \"ab\"\n";
        let bill = bill(&metadata, &checksums(lock), "7").unwrap();
        let names: Vec<&str> =
            bill["components"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
        assert_eq!(names, ["built", "linked"]);
        assert_eq!(bill["components"][1]["hashes"][0]["content"], "ab");
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["dependencies"][1]["dependsOn"], json!(["pkg:cargo/linked@1.0.0"]));
    }
}
