//! Tags of disks, snapshots, instances and images: set, taken off, listed, counted; every refusal.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{AccountId, Region};
use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::images::Image;
use serde_json::Value;
use support::disks::*;
use support::{REGION, World, text};

/// Names and values of a request, owned.
type Pairs = Vec<(String, String)>;

fn pairs(resource_type: &str, ids: &[&str], rest: &[(&str, &str)]) -> Pairs {
    let mut pairs =
        vec![("RegionId".to_owned(), REGION.to_owned()), ("ResourceType".to_owned(), resource_type.to_owned())];
    pairs.extend(ids.iter().zip(1..).map(|(id, n)| (format!("ResourceId.{n}"), (*id).to_owned())));
    pairs.extend(rest.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    pairs
}

fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (&**name, &**value)).collect()
}

fn call(world: &World, action: &str, resource_type: &str, ids: &[&str], rest: &[(&str, &str)]) -> Value {
    world.ecs(action, &borrowed(&pairs(resource_type, ids, rest)))
}

/// Sets tags: key and value.
fn tag(world: &World, disk_id: &str, tags: &[(&str, &str)]) {
    let tags: Pairs = tags
        .iter()
        .zip(1..)
        .flat_map(|((key, value), n)| {
            [(format!("Tag.{n}.Key"), (*key).to_owned()), (format!("Tag.{n}.Value"), (*value).to_owned())]
        })
        .collect();
    call(world, "TagResources", "disk", &[disk_id], &borrowed(&tags));
}

/// What ListTagResources says of disks: resource, key, value.
fn list(world: &World, ids: &[&str], rest: &[(&str, &str)]) -> Vec<(String, String, String)> {
    entries(&call(world, "ListTagResources", "disk", ids, rest))
}

fn entries(answer: &Value) -> Vec<(String, String, String)> {
    let items = answer["TagResources"]["TagResource"].as_array().unwrap();
    items.iter().map(|item| (text(item, "ResourceId"), text(item, "TagKey"), text(item, "TagValue"))).collect()
}

/// The ids of the disks that a filter lists.
fn ids(world: &World, rest: &[(&str, &str)]) -> Vec<String> {
    let mut ids: Vec<String> = list(world, &[], rest).into_iter().map(|(id, ..)| id).collect();
    ids.dedup();
    ids
}

#[track_caller]
fn no(world: &World, action: &str, parameters: &Pairs, status: u16, code: &str, message: &str) {
    refused(world, action, &borrowed(parameters), status, code, message);
}

#[test]
fn tags_are_set_overwritten_and_taken_off() {
    let world = World::new();
    let disk_id = disk(&world, OPEN);
    tag(&world, &disk_id, &[("env", "test"), ("Team", "")]);
    tag(&world, &disk_id, &[("env", "prod")]);
    let entry = |key: &str, value: &str| (disk_id.clone(), key.to_owned(), value.to_owned());
    assert_eq!(list(&world, &[&disk_id], &[]), [entry("Team", ""), entry("env", "prod")]);
    let shown_tags = shown(&world, &disk_id)["Tags"]["Tag"].clone();
    assert_eq!(shown_tags, serde_json::json!([{"TagKey":"Team","TagValue":""},{"TagKey":"env","TagValue":"prod"}]));
    assert_eq!(listed(&world, &[("Tag.1.Key", "env"), ("Tag.1.Value", "prod")]), 1);
    call(&world, "UntagResources", "disk", &[&disk_id], &[("TagKey.1", "env"), ("TagKey.2", "never-set")]);
    assert_eq!(list(&world, &[&disk_id], &[]), [entry("Team", "")]);
    tag(&world, &disk_id, &[("a", "1"), ("b", "2")]);
    call(&world, "UntagResources", "disk", &[&disk_id], &[("All", "true")]);
    assert_eq!(list(&world, &[&disk_id], &[]), []);
}

#[test]
fn every_type_of_resource_takes_tags_and_only_its_own() {
    let world = World::new();
    let (disk_id, instance_id) = (disk(&world, OPEN), world.instance("Running"));
    let snapshot_id = snapshot(&world, &disk_id, "accomplished", |_| {});
    let image_id = image(&world);
    let resources = [("disk", &disk_id), ("instance", &instance_id), ("snapshot", &snapshot_id), ("image", &image_id)];
    for (resource_type, id) in resources {
        call(&world, "TagResources", resource_type, &[id], &[("Tag.1.Key", "kind"), ("Tag.1.Value", resource_type)]);
        let answer = call(&world, "ListTagResources", resource_type, &[id], &[]);
        assert_eq!(answer["TagResources"]["TagResource"][0]["ResourceType"], resource_type);
        assert_eq!(entries(&answer), [(id.clone(), "kind".to_owned(), resource_type.to_owned())]);
        let other = if resource_type == "disk" { "snapshot" } else { "disk" };
        let parameters = pairs(other, &[id], &[("Tag.1.Key", "kind")]);
        no(&world, "TagResources", &parameters, 404, "InvalidResourceId.NotFound", NOT_FOUND);
    }
    // The vendor's other types are known, and there is none of them.
    let parameters = pairs("securitygroup", &["sg-bp1x"], &[("Tag.1.Key", "kind")]);
    no(&world, "TagResources", &parameters, 404, "InvalidResourceId.NotFound", NOT_FOUND);
    let none = call(&world, "ListTagResources", "keypair", &[], &[("Tag.1.Key", "kind")]);
    assert_eq!((entries(&none), &none["NextToken"]), (vec![], &"".into()));
}

/// The row of an image.
fn image(world: &World) -> String {
    let region = Region::parse(REGION).unwrap();
    let image_id = coffer_base::ids::ecs_id("m", region, &*world.rng);
    let image = Image {
        image_id: image_id.clone(),
        account: world.account.clone(),
        region,
        image_name: "base".to_owned(),
        image_version: String::new(),
        image_family: String::new(),
        description: String::new(),
        architecture: "x86_64".to_owned(),
        platform: "Ubuntu".to_owned(),
        os_name: "Ubuntu".to_owned(),
        os_type: "linux".to_owned(),
        boot_mode: String::new(),
        size_gib: 20,
        status: "Available".to_owned(),
        progress: 100,
        is_copied: false,
        created_at: world.clock.now(),
    };
    world.store(move |tx| image.insert(tx));
    image_id
}

const NOT_FOUND: &str = "The specified ResourceIds are not found in our records.";

#[test]
fn all_resources_are_tagged_or_none() {
    let world = World::new();
    let (mine, theirs) = (disk(&world, OPEN), disk(&world, OPEN));
    tag(&world, &mine, &[("old", "1")]);
    change(&world, &theirs, |disk| disk.account = AccountId::parse("1999999999999999").unwrap());
    for other in [&*theirs, "d-bp1x"] {
        for (action, rest) in [
            ("TagResources", ("Tag.1.Key", "new")),
            ("UntagResources", ("All", "true")),
            ("ListTagResources", ("Tag.1.Key", "old")),
        ] {
            let parameters = pairs("disk", &[&mine, other], &[rest]);
            no(&world, action, &parameters, 404, "InvalidResourceId.NotFound", NOT_FOUND);
        }
    }
    let elsewhere: Pairs = pairs("disk", &[&mine], &[("Tag.1.Key", "new")])
        .into_iter()
        .map(|(name, value)| if name == "RegionId" { (name, "cn-beijing".to_owned()) } else { (name, value) })
        .collect();
    no(&world, "TagResources", &elsewhere, 404, "InvalidResourceId.NotFound", NOT_FOUND);
    assert_eq!(list(&world, &[&mine], &[]), [(mine.clone(), "old".to_owned(), "1".to_owned())]);
}

#[test]
fn a_resource_bears_twenty_tags() {
    let world = World::new();
    let (full, empty) = (disk(&world, OPEN), disk(&world, OPEN));
    let keys: Vec<String> = (1..=20).map(|n| format!("k{n}")).collect();
    let tags: Vec<(&str, &str)> = keys.iter().map(|key| (&**key, "v")).collect();
    tag(&world, &full, &tags);
    // One that is there may still change.
    tag(&world, &full, &[("k7", "other")]);
    let parameters = pairs("disk", &[&empty, &full], &[("Tag.1.Key", "k21")]);
    let message = "The quota of tags on resource is beyond permitted range.";
    no(&world, "TagResources", &parameters, 400, "OperationDenied.QuotaExceed", message);
    assert_eq!((list(&world, &[&full], &[]).len(), list(&world, &[&empty], &[]).len()), (20, 0));
    call(&world, "UntagResources", "disk", &[&full], &[("TagKey.1", "k1")]);
    tag(&world, &full, &[("k21", "v")]);
}

#[test]
fn what_is_missing_has_a_code_of_its_own_and_untag_ends_without_a_stop() {
    let world = World::new();
    let disk_id = disk(&world, OPEN);
    for (action, last, stop) in [
        ("TagResources", ("Tag.1.Key", "k"), "."),
        ("UntagResources", ("TagKey.1", "k"), ""),
        ("ListTagResources", ("Tag.1.Key", "k"), "."),
    ] {
        let whole = pairs("disk", &[&disk_id], &[last]);
        for (name, code, what) in [
            ("RegionId", "MissingParameter.RegionId", "RegionId"),
            ("ResourceType", "MissingParameter.ResourceType", "ResourceType"),
            ("ResourceId.1", "MissingParameter.ResourceIds", "ResourceIds.N"),
            (last.0, "MissingParameter.Tags", "Tags"),
        ] {
            let without: Pairs = whole.iter().filter(|(n, _)| n != name).cloned().collect();
            if action == "ListTagResources" && !code.ends_with("RegionId") && !code.ends_with("Type") {
                world.ecs(action, &borrowed(&without));
                continue;
            }
            let message = format!("The parameter - {what} should not be null{stop}");
            no(&world, action, &without, 404, code, &message);
        }
    }
    let message = "The specified Tags and ResourcesIds are not allow to both empty.";
    no(&world, "ListTagResources", &pairs("disk", &[], &[]), 403, "BothEmpty.TagsAndResources", message);
}

#[test]
fn tag_requests_have_bounds() {
    let world = World::new();
    let disk_id = disk(&world, OPEN);
    let many_ids: Vec<String> = (0..51).map(|n| format!("d-bp1{n}")).collect();
    let many_ids: Vec<&str> = many_ids.iter().map(|id| &**id).collect();
    let many = |prefix: &str, suffix: &str| -> Pairs {
        (1..=21).map(|n| (format!("{prefix}.{n}{suffix}"), format!("k{n}"))).collect()
    };
    let key = |key: &'static str| vec![("Tag.1.Key".to_owned(), key.to_owned())];
    let value = |value: &str| [key("k"), vec![("Tag.1.Value".to_owned(), value.to_owned())]].concat();
    let two = |first: &str, second: &str| {
        vec![("Tag.1.Key".to_owned(), first.to_owned()), ("Tag.2.Key".to_owned(), second.to_owned())]
    };
    let (too_many_ids, too_many_tags) = (
        "The ResourceIds parameter's number is exceed , Valid : 50.",
        "The Tags parameter's number is exceed , Valid : 20.",
    );
    for action in ["TagResources", "UntagResources", "ListTagResources"] {
        let parameters = pairs("disk", &many_ids, &[("TagKey.1", "k"), ("Tag.1.Key", "k")]);
        let parameters =
            parameters.into_iter().filter(|(name, _)| action == "UntagResources" || name != "TagKey.1").collect();
        no(&world, action, &parameters, 400, "NumberExceed.ResourceIds", too_many_ids);
        let tags = if action == "UntagResources" { many("TagKey", "") } else { many("Tag", ".Key") };
        let parameters = pairs("disk", &[&disk_id], &borrowed(&tags));
        no(&world, action, &parameters, 400, "NumberExceed.Tags", too_many_tags);
        let parameters = pairs("cupboard", &[&disk_id], &[("Tag.1.Key", "k")]);
        let message = "The ResourceType provided does not exist in our records.";
        no(&world, action, &parameters, 404, "InvalidResourceType.NotFound", message);
    }
    let (malformed_key, malformed_value) =
        ("The specified Tag.n.Key is not valid.", "The specified Tag.n.Value is not valid.");
    let long = "v".repeat(129);
    for (tags, status, code, message) in [
        (two("k", "k"), 400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."),
        (two("key", "KEY"), 403, "TagKey.Duplication", "The TagKey has duplication with others, case-insensitive."),
        (key("acs:rm:rgId"), 400, "InvalidTagKey.Malformed", malformed_key),
        (key("Aliyun-x"), 400, "InvalidTagKey.Malformed", malformed_key),
        (key("see https://x"), 400, "InvalidTagKey.Malformed", malformed_key),
        (key(""), 400, "InvalidTagKey.Malformed", malformed_key),
        (value("http://x"), 400, "InvalidTagValue.Malformed", malformed_value),
        (value(&long), 400, "InvalidTagValue.Malformed", malformed_value),
    ] {
        no(&world, "TagResources", &pairs("disk", &[&disk_id], &borrowed(&tags)), status, code, message);
    }
    let parameters = pairs("disk", &[&disk_id], &[("TagKey.1", "k"), ("All", "true")]);
    let message = "The specified all is true, but the specified TagKey.N is not empty.";
    no(&world, "UntagResources", &parameters, 403, "Param.Conflict", message);
    let mut parameters = pairs("disk", &[&disk_id], &[("Tag.1.Key", "k")]);
    "mars".clone_into(&mut parameters[0].1);
    let message = "The specified RegionId does not exist.";
    no(&world, "TagResources", &parameters, 404, "InvalidRegionId.NotFound", message);
}

#[test]
fn a_resource_bears_no_two_tags_that_differ_in_case_alone() {
    let world = World::new();
    let disk_id = disk(&world, OPEN);
    tag(&world, &disk_id, &[("team", "red")]);
    let other_case = pairs("disk", &[&disk_id], &[("Tag.1.Key", "x"), ("Tag.2.Key", "Team"), ("Tag.2.Value", "blue")]);
    let message = "The TagKey has duplication with others, case-insensitive.";
    no(&world, "TagResources", &other_case, 403, "TagKey.Duplication", message);
    tag(&world, &disk_id, &[("team", "blue")]);
    let borne = list(&world, &[&disk_id], &[]);
    assert_eq!(borne.iter().map(|(_, key, value)| format!("{key}={value}")).collect::<Vec<_>>(), ["team=blue"]);
    call(&world, "UntagResources", "disk", &[&disk_id], &[("TagKey.1", "team")]);
    tag(&world, &disk_id, &[("Team", "blue")]);
}

#[test]
fn resources_are_found_by_tags_and_by_patterns_of_tags() {
    let world = World::new();
    let (a, b, c) = (disk(&world, OPEN), disk(&world, OPEN), disk(&world, OPEN));
    tag(&world, &a, &[("env", "product"), ("team", "red")]);
    tag(&world, &b, &[("env", "procure"), ("environment", "x")]);
    tag(&world, &c, &[("Env", "product"), ("my-env", "100%"), ("team", "blue")]);
    let found = |expected: &[&String], rest: &[(&str, &str)]| {
        let mut expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        expected.sort_unstable();
        assert_eq!(ids(&world, rest), expected, "{rest:?}");
    };
    found(&[&a, &b], &[("Tag.1.Key", "env")]);
    found(&[&a], &[("Tag.1.Key", "env"), ("Tag.1.Value", "product")]);
    found(&[&a], &[("Tag.1.Key", "env"), ("Tag.2.Key", "team")]);
    found(&[], &[("Tag.1.Key", "env"), ("Tag.2.Key", "Env")]);
    found(&[&a, &b], &[("TagFilter.1.TagKey", "env*")]);
    found(&[&a, &b, &c], &[("TagFilter.1.TagKey", "*env*")]);
    found(&[&a, &b], &[("TagFilter.1.TagKey", "env")]);
    found(&[&a, &b], &[("TagFilter.1.TagKey", "env"), ("TagFilter.1.TagValues.1", "pro*")]);
    found(&[&b], &[("TagFilter.1.TagKey", "env"), ("TagFilter.1.TagValues.1", "*cur*")]);
    found(
        &[&a, &b],
        &[
            ("TagFilter.1.TagKey", "env"),
            ("TagFilter.1.TagValues.1", "product"),
            ("TagFilter.1.TagValues.2", "procure"),
        ],
    );
    // The first value says how all are compared.
    found(
        &[&a],
        &[("TagFilter.1.TagKey", "env"), ("TagFilter.1.TagValues.1", "product"), ("TagFilter.1.TagValues.2", "pro*")],
    );
    found(&[&a], &[("TagFilter.1.TagKey", "env*"), ("TagFilter.2.TagKey", "team")]);
    found(&[&c], &[("TagFilter.1.TagKey", "my-env"), ("TagFilter.1.TagValues.1", "*0%*")]);
    found(&[], &[("TagFilter.1.TagKey", "my_env")]);
    // A resource that fits is listed with all its tags, and ids narrow the search.
    assert_eq!(list(&world, &[], &[("Tag.1.Key", "team"), ("Tag.1.Value", "red")]).len(), 2);
    assert_eq!(list(&world, &[&b], &[("Tag.1.Key", "team")]), []);
    let many: Pairs = (1..=6).map(|n| (format!("TagFilter.1.TagValues.{n}"), "v".to_owned())).collect();
    let many = [vec![("TagFilter.1.TagKey", "k")], borrowed(&many)].concat();
    let malformed = "The specified TagFilter is not valid.";
    for (rest, status, code, message) in [
        (
            &[("Tag.1.Value", "red")][..],
            400,
            "InvalidTag.Mismatch",
            "The specified Tag.n.Key and Tag.n.Value are not match.",
        ),
        (
            &[("Tag.1.Key", "env"), ("TagFilter.1.TagKey", "env")],
            400,
            "InvalidTags.MalFormed",
            "The tags must be empty, when the tagFilters is not empty.",
        ),
        (&[("TagFilter.1.TagKey", "e*v")], 403, "InvalidTagFilter.Malformed", malformed),
        (&[("TagFilter.1.TagValues.1", "v")], 403, "InvalidTagFilter.Malformed", malformed),
        (
            &[("TagFilter.1.TagKey", "env*"), ("TagFilter.1.TagValues.1", "v")],
            403,
            "InvalidTagFilter.Malformed",
            malformed,
        ),
        (
            &many,
            403,
            "NumberExceed.TagValues",
            "The number of the specified TagValues is beyond permitted range, the max is 5.",
        ),
    ] {
        no(&world, "ListTagResources", &pairs("disk", &[], rest), status, code, message);
    }
}

#[test]
fn a_page_holds_fifty_resources_and_a_token_is_good_for_its_listing_only() {
    let world = World::new();
    let mut expected: Vec<String> =
        (0..51).map(|_| disk(&world, &[("Size", "20"), ("Tag.1.Key", "a"), ("Tag.2.Key", "b")])).collect();
    expected.sort_unstable();
    let first = call(&world, "ListTagResources", "disk", &[], &[("Tag.1.Key", "a")]);
    let token = text(&first, "NextToken");
    let second = call(&world, "ListTagResources", "disk", &[], &[("Tag.1.Key", "a"), ("NextToken", &token)]);
    assert_eq!((entries(&first).len(), entries(&second).len(), &second["NextToken"]), (100, 2, &"".into()));
    let mut seen: Vec<String> = [entries(&first), entries(&second)].concat().into_iter().map(|(id, ..)| id).collect();
    seen.dedup();
    assert_eq!(seen, expected);
    let message = "The specified NextToken is not valid.";
    for (resource_type, key, token) in [("disk", "b", &*token), ("snapshot", "a", &token), ("disk", "a", "made-up")] {
        let parameters = pairs(resource_type, &[], &[("Tag.1.Key", key), ("NextToken", token)]);
        no(&world, "ListTagResources", &parameters, 403, "Invalid.NextToken", message);
    }
}

#[test]
fn describe_tags_counts_what_bears_a_tag() {
    let world = World::new();
    let (a, b, instance_id) = (disk(&world, OPEN), disk(&world, OPEN), world.instance("Running"));
    tag(&world, &a, &[("env", "prod"), ("team", "red")]);
    tag(&world, &b, &[("env", "prod")]);
    call(&world, "TagResources", "instance", &[&instance_id], &[("Tag.1.Key", "env"), ("Tag.1.Value", "prod")]);
    // The tags of keys are KMS's.
    world.disk_encryption_role();
    disk(&world, &[("Size", "20"), ("Encrypted", "true"), ("KMSKeyId", &world.customer_key())]);
    let tags = |rest: &[(&str, &str)]| world.ecs("DescribeTags", &[&[("RegionId", REGION)], rest].concat());
    let keys = |answer: &Value| -> Vec<String> {
        answer["Tags"]["Tag"].as_array().unwrap().iter().map(|tag| text(tag, "TagKey")).collect()
    };
    let all = tags(&[]);
    assert_eq!(
        (keys(&all), &all["TotalCount"], &all["PageSize"]),
        (vec!["env".to_owned(), "team".to_owned()], &2.into(), &50.into())
    );
    let counts = &all["Tags"]["Tag"][0]["ResourceTypeCount"];
    for (kind, count) in [("Disk", 2), ("Instance", 1), ("Image", 0), ("Snapshot", 0), ("Securitygroup", 0)] {
        assert_eq!(counts[kind], count, "{kind}");
    }
    for (rest, expected) in [
        (&[("ResourceType", "instance")][..], &["env"][..]),
        (&[("ResourceType", "eni")], &[]),
        (&[("ResourceId", &*a)], &["env", "team"]),
        (&[("ResourceId", &*b)], &["env"]),
        (&[("Tag.1.Key", "team")], &["team"]),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "blue")], &[]),
        (&[("Tag.1.key", "team"), ("Tag.2.Key", "env")], &["env", "team"]),
        (&[("PageSize", "1"), ("PageNumber", "2")], &["team"]),
        (&[("PageSize", "1"), ("PageNumber", "3")], &[]),
    ] {
        assert_eq!(keys(&tags(rest)), expected, "{rest:?}");
    }
    assert_eq!(tags(&[("PageSize", "1")])["TotalCount"], 2);
}

#[test]
fn describe_tags_refuses_what_it_cannot_honour() {
    let world = World::new();
    let region = ("RegionId", REGION);
    let many: Pairs = (1..=21).map(|n| (format!("Tag.{n}.Key"), format!("k{n}"))).collect();
    let many = [vec![region], borrowed(&many)].concat();
    for (parameters, status, code, message) in [
        (&[("RegionId", "mars")][..], 404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."),
        (
            &[region, ("ResourceType", "Disk")],
            404,
            "InvalidResourceType.NotFound",
            "The ResourceType provided does not exist in our records.",
        ),
        (&[region, ("Category", "x")], 400, "InvalidParameter", "The specified parameter \"Category\" is not valid."),
        (&[region, ("PageSize", "101")], 400, "InvalidParameter", "The specified parameter \"PageSize\" is not valid."),
        (
            &[region, ("PageNumber", "0")],
            400,
            "InvalidParameter",
            "The specified parameter \"PageNumber\" is not valid.",
        ),
        (
            &[region, ("Tag.1.Value", "v")],
            400,
            "InvalidTag.Mismatch",
            "The specified Tag.n.Key and Tag.n.Value are not match.",
        ),
        (&many, 400, "InvalidTagCount", "The specified tags are beyond the permitted range."),
        (&[], 400, "MissingRegionId", "RegionId is mandatory for this action."),
    ] {
        refused(&world, "DescribeTags", parameters, status, code, message);
    }
}

#[test]
fn a_policy_is_asked_about_each_resource_that_is_tagged() {
    const POLICY: &str =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"acs:ecs:*:*:disk/*"}]}"#;
    let world = World::new();
    let (disk_id, instance_id) = (disk(&world, OPEN), world.instance("Running"));
    let user = world.user("disks", Some(POLICY));
    for (resource_type, id, status) in [("disk", &disk_id, 200), ("instance", &instance_id, 403)] {
        for (action, rest) in [("TagResources", ("Tag.1.Key", "k")), ("UntagResources", ("TagKey.1", "k"))] {
            let parameters = pairs(resource_type, &[id], &[rest]);
            let (got, body) = world.call(&user, Product::Ecs, action, &borrowed(&parameters));
            assert_eq!(got, status, "{action} {body}");
        }
    }
}

#[test]
fn tags_go_with_their_disk() {
    let world = World::new();
    let disk_id = disk(&world, OPEN);
    tag(&world, &disk_id, &[("env", "prod")]);
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    assert_eq!(world.ecs("DescribeTags", &[("RegionId", REGION)])["TotalCount"], 0);
    assert!(world.db.read(|tx| Disk::get(tx, &disk_id)).unwrap().is_none());
}
