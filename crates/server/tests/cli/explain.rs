//! Why something is allowed or refused, and what a change would mean, for a person who reads it.

use std::fs;

use crate::site::{ID, RAM, SECRET, Site};

const DENY: &str = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:CreateDisk","Resource":"*"}]}"#;

#[test]
fn a_decision_and_what_a_change_would_mean_are_told() {
    let site = Site::new();
    let ram = |action: &str, parameters: &[(&str, &str)]| site.call((ID, SECRET), RAM, action, parameters);
    ram("CreateUser", &[("UserName", "alice")]);
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSFullAccess"), ("UserName", "alice")];
    ram("AttachPolicyToUser", &policy);
    let asked = ["explain", "--principal", "user/alice", "--action", "ecs:CreateDisk"];
    let told = site.does(&asked);
    assert!(told.contains("allowed    ecs:CreateDisk on *"), "{told}");
    assert!(told.contains("Allowed by statement 0 of AliyunECSFullAccess v1, attached to the user."), "{told}");
    assert_eq!(site.json(&asked)["Decisions"]["Decision"][0]["Allowed"], true);

    let key = ram("CreateAccessKey", &[("UserName", "alice")])["AccessKey"].clone();
    let (id, secret) = (key["AccessKeyId"].as_str().unwrap(), key["AccessKeySecret"].as_str().unwrap());
    let made = site.call(
        (id, secret),
        "2014-05-26",
        "CreateDisk",
        &[("RegionId", "cn-hangzhou"), ("ZoneId", "cn-hangzhou-b"), ("Size", "20")],
    );
    let request = made["RequestId"].as_str().unwrap();
    let told = site.does(&["explain", "--request", request]);
    assert!(told.contains("ecs:CreateDisk  OK"), "{told}");

    let file = site.folder.join("deny.json");
    fs::write(&file, DENY).unwrap();
    let file = file.to_str().unwrap();
    let told = site.does(&["explain", "what-if", "--attach", file, "--to", "user/alice"]);
    assert!(told.starts_with("1 of ") && told.contains(request) && told.contains("Denied by"), "{told}");
    let detach = ["explain", "what-if", "--detach", "AliyunECSFullAccess", "--system", "--from", "user/alice"];
    assert_eq!(site.json(&detach)["Changes"]["Change"][0]["After"], "Refused");
    let switched = site.json(&["explain", "what-if", "--default-encryption", "true"]);
    assert_eq!(switched["Changes"]["Change"][0]["After"], "Encrypted");
    for wrong in [&["explain"][..], &["explain", "what-if"], &["explain", "--principal", "root"]] {
        assert_eq!(site.coffer(wrong).code, 2, "{wrong:?}");
    }
}
