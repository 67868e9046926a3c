//! What is found is mended, and nothing that was not asked for.

use crate::site::Site;

#[test]
fn findings_are_reported_in_three_forms_and_mended_by_kind() {
    let site = Site::new();
    site.let_ecs_use_keys();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let disk = site.disk(&["--encrypted", "true", "--key", &key]);
    let plain = site.disk(&[]);
    site.json(&["attach", &disk, "--print"]);
    let snapshot = site.does(&["snapshot", "create", &disk, "--wait"]).trim().to_owned();
    site.does(&["key", "disable", &key]);
    let of = |kind: &str| site.json(&["compliance", "report", "--kind", kind]);
    let report = site.does(&["compliance", "report", "--output", "csv"]);
    for (kind, id) in [("DiskNotEncrypted", &plain), ("DiskKeyUnusable", &disk), ("SnapshotKeyUnusable", &snapshot)] {
        assert!(of(kind).as_array().unwrap().iter().any(|found| found["ResourceId"] == **id), "{kind}");
        assert!(report.contains(&format!("\"{kind}\",")) && site.does(&["compliance", "report"]).contains(kind));
    }
    let dry = site.json(&["compliance", "fix", "--kind", "DiskKeyUnusable", "--dry-run"]);
    assert_eq!((&dry[0]["Action"], &dry[0]["Outcome"]), (&"EnableKey".into(), &"would be called".into()));
    assert_eq!(of("DiskKeyUnusable").as_array().unwrap().len(), 1, "nothing was called");
    let fixed = site.coffer(&[
        "compliance",
        "fix",
        "--kind",
        "SnapshotKeyUnusable",
        "--kind",
        "DiskKeyUnusable",
        "--output",
        "json",
    ]);
    assert_eq!(fixed.code, 0, "{}", fixed.err);
    assert!(fixed.err.contains("[1/2]") && fixed.err.contains("EnableKey: done with another"), "{}", fixed.err);
    assert_eq!(of("DiskKeyUnusable").as_array().unwrap().len(), 0);
    // The other one is the system disk of this host's record.
    assert_eq!(of("DiskNotEncrypted").as_array().unwrap().len(), 2, "they were not asked for");

    let other = site.does(&["key", "create"]).trim().to_owned();
    site.does(&["disk", "rewrap", &disk, "--key", &other]);
    site.does(&["compliance", "fix", "--kind", "SnapshotUnderOldKey", "--resource", &snapshot]);
    assert_eq!(of("SnapshotSuperseded")[0]["ResourceId"].as_str(), Some(snapshot.as_str()));
    let slip = ["compliance", "fix", "--kind", "DiskNotEncrypted", "--resource", "d-nosuchdisk", "--resource", &plain];
    let slip = site.coffer(&slip);
    assert!(slip.code == 1 && slip.err.contains("no finding of these kinds of d-nosuchdisk\n"), "{}", slip.err);
    assert!(slip.out.contains(&plain), "the other one is mended");
    assert_eq!(site.coffer(&["compliance", "fix"]).code, 2, "kinds are chosen");
}

#[test]
fn what_can_not_be_mended_is_passed_over_and_told() {
    let site = Site::new();
    let [first, second] = [(); 2].map(|()| site.disk(&[]));
    site.let_ecs_use_keys();
    let key = site.does(&["key", "create"]).trim().to_owned();
    site.does(&["default-encryption", "enable"]);
    site.does(&["default-encryption", "set-key", &key]);
    site.does(&["key", "disable", &key]);
    let ran = site.coffer(&["compliance", "fix", "--kind", "DiskNotEncrypted"]);
    assert_eq!(ran.code, 5);
    assert!(ran.err.contains("2 of 2 findings could not be mended"), "{}", ran.err);
    assert!(ran.out.contains(&first) && ran.out.contains(&second) && ran.out.contains("failed: "), "{}", ran.out);
}
