//! A token of a page serves the listing it was given for: of the same account, operation, region and filters, to the letter. Every
//! operation of ECS that takes one is tried; one that is new needs a row here.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Entry, Product, operations};
use serde_json::Value;
use support::instances::{HERE, run};
use support::{World, ZONE, other, owned, root, text};

type Parameter = (&'static str, &'static str);

/// A listing that has a second page.
struct Listing {
    entry: &'static Entry,
    /// What it is asked for.
    asked: Vec<Parameter>,
    /// Each of these makes it another listing.
    filters: &'static [Parameter],
    token: String,
}

impl Listing {
    fn action(&self) -> &'static str {
        self.entry.operation.name
    }

    fn takes(&self, name: &str) -> bool {
        takes(self.entry, name)
    }

    /// How a token of another listing is refused.
    fn refusal(&self) -> (u16, &'static str, &'static str) {
        match self.action() {
            "ListTagResources" => (403, "Invalid.NextToken", "The specified NextToken is not valid."),
            _ => (400, "InvalidParameter", "The specified parameter \"NextToken\" is not valid."),
        }
    }

    /// The parameters with a token, and `more` besides or in their place.
    fn with<'a>(&self, token: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all: Vec<(&str, &str)> = self.asked.clone();
        for (name, value) in [("NextToken", token)].iter().chain(more) {
            all.retain(|(known, _)| known != name);
            all.push((name, value));
        }
        all
    }

    /// The answer to a token must be a refusal. Reading changes nothing, so that is not looked at.
    #[track_caller]
    fn refuses(&self, world: &World, token: &str, why: &str) {
        let request = world.request(&root(), Product::Ecs, self.action(), &owned(&self.with(token, &[])));
        let (status, body) = world.send(request);
        let answer = (status, &*text(&body, "Code"), &*text(&body, "Message"));
        assert_eq!(answer, self.refusal(), "{} {why}: {token}", self.action());
    }
}

fn takes(entry: &Entry, name: &str) -> bool {
    (entry.parameters)().iter().any(|fact| fact.name == name)
}

/// What a listing is asked for so that it has a second page in [`world`], and filters that make it another one.
fn row(action: &str) -> (Vec<Parameter>, &'static [Parameter]) {
    let ten = ("MaxResults", "10");
    match action {
        "DescribeDisks" => {
            let filters = &[("ZoneId", ZONE), ("Category", "cloud_essd"), ("Tag.1.Key", "team"), ("DiskType", "data")];
            (vec![HERE, ten], filters)
        }
        "DescribeInstances" => (vec![HERE, ten], &[("ZoneId", ZONE), ("Status", "Running"), ("Tag.1.Key", "team")]),
        "DescribeNetworkInterfaces" => {
            (vec![HERE, ten], &[("Status", "Available"), ("VSwitchId", "vsw-bp1"), ("SecurityGroupId", "sg-bp1")])
        }
        "DescribeSnapshots" => {
            (vec![HERE, ten], &[("Status", "accomplished"), ("Encrypted", "false"), ("Tag.1.Key", "team")])
        }
        "DescribeSnapshotLinks" => {
            (vec![HERE, ten], &[("DiskIds", r#"["d-bp1"]"#), ("SnapshotLinkIds", r#"["sl-bp1"]"#)])
        }
        "DescribeSnapshotGroups" => {
            (vec![HERE, ("MaxResults", "1")], &[("Status.1", "accomplished"), ("Tag.1.Key", "team")])
        }
        "DescribeInstanceTypes" => {
            (vec![("MaxResults", "1")], &[("InstanceTypeFamily", "ecs.g7"), ("MinimumCpuCoreCount", "2")])
        }
        "ListTagResources" => {
            let asked = vec![HERE, ("ResourceType", "disk"), ("Tag.1.Key", "team")];
            (asked, &[("ResourceType", "instance"), ("Tag.1.Key", "other"), ("Tag.1.Value", "a"), ("Tag.2.Key", "b")])
        }
        other => panic!("{other} needs a row here"),
    }
}

/// A world with more of everything than a page holds.
fn world() -> World {
    let world = World::new();
    for _ in 0..51 {
        world.disk(&[("Tag.1.Key", "team")]);
    }
    let instances = run(&world, &[("Amount", "11"), ("SystemDisk.Category", "cloud_essd")]);
    world.settle();
    for instance_id in &instances[..2] {
        world.ecs("CreateSnapshotGroup", &[HERE, ("InstanceId", instance_id)]);
    }
    for _ in 0..11 {
        let disk_id = world.used_disk(&[]);
        world.done_snapshot(&disk_id, &[]);
    }
    world
}

/// Every listing that takes a token, with the token of its second page.
fn listings(world: &World) -> Vec<Listing> {
    let entries = operations(Product::Ecs).iter().filter(|entry| takes(entry, "NextToken"));
    let listings: Vec<_> = entries
        .map(|entry| {
            let (asked, filters) = row(entry.operation.name);
            let first = world.ecs(entry.operation.name, &asked);
            let token = text(&first, "NextToken");
            assert!(!token.is_empty(), "{} has one page", entry.operation.name);
            Listing { entry, asked, filters, token }
        })
        .collect();
    assert!(listings.len() >= 8, "{} listings", listings.len());
    listings
}

/// What an answer lists.
fn content(mut answer: Value) -> Value {
    for name in ["RequestId", "NextToken"] {
        answer.as_object_mut().unwrap().remove(name);
    }
    answer
}

#[test]
fn a_token_is_of_one_account_region_filter_and_operation() {
    let world = world();
    let listings = listings(&world);
    for listing in &listings {
        let (action, token) = (listing.action(), &*listing.token);
        let first = content(world.ecs(action, &listing.asked));
        let second = content(world.ecs(action, &listing.with(token, &[])));
        assert_ne!(first, second, "{action}");
        assert_eq!(content(world.ecs(action, &listing.with(token, &[]))), second, "{action}: a token serves again");

        world.refuses(&other(), Product::Ecs, action, &listing.with(token, &[]), listing.refusal());
        let region = listing.takes("RegionId").then_some(&("RegionId", "cn-beijing"));
        for change in listing.filters.iter().chain(region) {
            let parameters = listing.with(token, std::slice::from_ref(change));
            world.refuses(&root(), Product::Ecs, action, &parameters, listing.refusal());
        }
        for another in listings.iter().filter(|another| another.action() != action) {
            listing.refuses(&world, &another.token, another.action());
        }
    }
}

#[test]
fn a_token_that_was_changed_cut_off_or_made_longer_is_refused() {
    let world = world();
    for listing in listings(&world) {
        let token = &*listing.token;
        assert!(token.is_ascii());
        for at in 0..token.len() {
            let letter = if token[at..].starts_with('A') { 'B' } else { 'A' };
            listing.refuses(&world, &format!("{}{letter}{}", &token[..at], &token[at + 1..]), "changed");
            if at > 0 {
                listing.refuses(&world, &token[..at], "cut off");
                listing.refuses(&world, &token[at..], "without its beginning");
            }
        }
        for longer in [format!("{token}A"), format!("{token}="), format!("{token}{token}"), format!(" {token}")] {
            listing.refuses(&world, &longer, "made longer");
        }
        assert_eq!(world.call(&root(), Product::Ecs, listing.action(), &listing.with(token, &[])).0, 200);
    }
}
