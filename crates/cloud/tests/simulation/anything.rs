//! Calls of any operation with parameters by chance, from its own declaration: good ones, names of what earlier such calls made, and
//! rubbish. The model does not know their outcome; they never change what it knows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use coffer_cloud::{Effect, Entry, ParameterFact, Product, operations};
use serde_json::Value;

use super::dice::Dice;
use super::model::REGIONS;
use super::support::{ALLOW_ALL, Pairs, World};

/// What changes the default of a whole account: only calls that the model knows may do that.
const KNOWN_ONLY: [&str; 4] = [
    "EnableDiskEncryptionByDefault",
    "DisableDiskEncryptionByDefault",
    "ModifyDiskDefaultKMSKeyId",
    "ResetDiskDefaultKMSKeyId",
];
const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const RUBBISH: [&str; 8] = ["", "x", "-1", "99999999999", "{", "\u{7f}\u{10ffff}", "acs:kms:::", "true"];

/// Texts that answers held, by the member's name.
#[derive(Default)]
pub(crate) struct Seen(BTreeMap<String, Vec<String>>);

impl Seen {
    /// Keeps what an answer names.
    pub(crate) fn keep(&mut self, answer: &Value) {
        match answer {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(text) => self.0.entry(name.clone()).or_default().push(text.to_owned()),
                        None => self.keep(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.keep(item)),
            _ => {}
        }
    }

    /// What may stand in a parameter, as `Arn` in `RoleArn`. The latest: what is older is often gone.
    fn of(&self, name: &str) -> impl Iterator<Item = &String> {
        let fitting = self.0.iter().filter(move |(known, _)| name.ends_with(known.as_str()));
        fitting.flat_map(|(_, texts)| texts.iter().rev().take(4))
    }
}

/// The sample of each operation, from a world of its own: what else a good call needs besides names of what there is.
static SAMPLES: LazyLock<BTreeMap<(&'static str, &'static str), Pairs>> = LazyLock::new(|| {
    let every = Product::ALL.iter().flat_map(|product| operations(*product));
    let sample = |entry: &Entry| World::new().sample(entry.product, entry.operation.name);
    every.map(|entry| ((entry.product.name(), entry.operation.name), sample(entry))).collect()
});

/// An operation and its parameters: mostly its sample on what earlier calls made, else anything that its declaration names.
pub(crate) fn call(dice: &Dice, seen: &Seen) -> (&'static Entry, Pairs) {
    let every = Product::ALL.iter().flat_map(|product| operations(*product));
    let entry = dice.any(every.filter(|entry| !KNOWN_ONLY.contains(&entry.operation.name))).unwrap();
    if !dice.once_in(3) {
        let sample = SAMPLES[&(entry.product.name(), entry.operation.name)].iter();
        return (entry, sample.map(|(name, value)| (name.clone(), named(dice, seen, name, value))).collect());
    }
    let mut pairs = Pairs::new();
    for fact in (entry.parameters)() {
        let sent = if fact.required { !dice.once_in(16) } else { dice.once_in(8) };
        if sent {
            let value = if dice.once_in(8) { rubbish(dice) } else { value(dice, seen, &fact) };
            pairs.extend(names(&fact).into_iter().map(|name| (name, value.clone())));
        }
    }
    (entry, pairs)
}

/// A sample's value, the name of something from the sample's own world replaced by one from this.
fn named(dice: &Dice, seen: &Seen, name: &str, value: &str) -> String {
    let kind = name.split('.').next().unwrap_or(name);
    let kind = match kind {
        "ResourceId" if value.starts_with("d-") => "DiskId",
        "ResourceId" | "SourceKeyId" | "DestinationKeyId" => "KeyId",
        _ => kind.strip_suffix('s').unwrap_or(kind),
    };
    let names_something = ["Id", "Arn", "Blob"].iter().any(|end| kind.ends_with(end));
    match dice.any(seen.of(kind)) {
        Some(text) if names_something && value.starts_with('[') => format!("[\"{text}\"]"),
        Some(text) if names_something => text.clone(),
        _ => value.to_owned(),
    }
}

fn names(fact: &ParameterFact) -> Vec<String> {
    match fact.kind {
        "RepeatList" if fact.members.is_empty() => vec![format!("{}.1", fact.name)],
        "RepeatList" => fact.members.iter().map(|member| format!("{}.1.{member}", fact.name)).collect(),
        _ => vec![fact.name.to_owned()],
    }
}

fn rubbish(dice: &Dice) -> String {
    dice.pick(&RUBBISH).to_owned()
}

fn value(dice: &Dice, seen: &Seen, fact: &ParameterFact) -> String {
    if dice.once_in(2)
        && let Some(text) = dice.any(seen.of(fact.name))
    {
        return text.clone();
    }
    match fact.name {
        "RegionId" | "Id" => dice.pick(&REGIONS).to_owned(),
        "ZoneId" => format!("{}-a", dice.pick(&REGIONS)),
        "UserName" | "RoleName" | "PolicyName" => dice.pick(&["sim-a", "sim-b"]).to_owned(),
        "PolicyType" => dice.pick(&["Custom", "Custom", "System"]).to_owned(),
        "PolicyDocument" => ALLOW_ALL.to_owned(),
        "AssumeRolePolicyDocument" => TRUST.to_owned(),
        "ServiceCode" => "ecs".to_owned(),
        "Status" => dice.pick(&["Active", "Inactive"]).to_owned(),
        "AliasName" => dice.pick(&["alias/a", "alias/b"]).to_owned(),
        _ => match fact.kind {
            "Integer" | "Long" => dice.pick(&["1", "7", "20", "40"]).to_owned(),
            "Boolean" => dice.pick(&["true", "false"]).to_owned(),
            _ => "text".to_owned(),
        },
    }
}

/// Whether an operation can change anything.
pub(crate) fn writes(entry: &Entry) -> bool {
    entry.operation.effect != Effect::Read
}
