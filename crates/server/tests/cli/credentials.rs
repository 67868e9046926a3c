//! Who asks whom: environment, profiles, temporary credentials, TLS, and what is said when something is missing.

use std::fs;

use serde_json::{Value, json};

use crate::site::{ACCOUNT, ID, RAM, Ran, SECRET, Site};

/// The binary with these variables only.
fn with(site: &Site, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    site.binary().args(arguments).envs(variables.iter().copied()).output().unwrap().into()
}

/// Temporary credentials of a role that may do all of ECS.
fn temporary(site: &Site) -> Value {
    let root = (ID, SECRET);
    let trust = json!({"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow",
        "Principal": {"RAM": [format!("acs:ram::{ACCOUNT}:root")]}}]})
    .to_string();
    site.call(root, RAM, "CreateRole", &[("RoleName", "worker"), ("AssumeRolePolicyDocument", &trust)]);
    let policy = |name| [("PolicyType", "System"), ("PolicyName", name)];
    let role = [&policy("AdministratorAccess")[..], &[("RoleName", "worker")]].concat();
    site.call(root, RAM, "AttachPolicyToRole", &role);
    site.call(root, RAM, "CreateUser", &[("UserName", "ann")]);
    let user = [&policy("AliyunSTSAssumeRoleAccess")[..], &[("UserName", "ann")]].concat();
    site.call(root, RAM, "AttachPolicyToUser", &user);
    let key = site.call(root, RAM, "CreateAccessKey", &[("UserName", "ann")])["AccessKey"].clone();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let arn = format!("acs:ram::{ACCOUNT}:role/worker");
    let parameters = [("RoleArn", arn.as_str()), ("RoleSessionName", "cli")];
    let caller = (text("AccessKeyId"), text("AccessKeySecret"));
    site.call((&caller.0, &caller.1), "2015-04-01", "AssumeRole", &parameters)["Credentials"].clone()
}

#[test]
fn profiles_and_temporary_credentials_are_used_as_the_aliyun_cli_keeps_them() {
    let site = Site::new();
    let credentials = temporary(&site);
    let profiles = json!({"current": "root", "profiles": [
        {"name": "root", "mode": "AK", "access_key_id": ID, "access_key_secret": SECRET, "region_id": "cn-beijing"},
        {"name": "worker", "mode": "StsToken", "access_key_id": credentials["AccessKeyId"],
         "access_key_secret": credentials["AccessKeySecret"], "sts_token": credentials["SecurityToken"],
         "region_id": "cn-shanghai"},
    ]});
    fs::create_dir(site.folder.join(".aliyun")).unwrap();
    fs::write(site.folder.join(".aliyun/config.json"), profiles.to_string()).unwrap();
    let endpoint = format!("http://{}", site.address());
    let asked = ["status", "--output", "json", "--endpoint", &endpoint];
    let status = |variables: &[(&str, &str)], more: &[&str]| {
        let ran = with(&site, variables, &[&asked[..], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let status: Value = serde_json::from_str(&ran.out).unwrap();
        (status["Arn"].as_str().unwrap().to_owned(), status["RegionId"].as_str().unwrap().to_owned())
    };
    let (root, worker) = (format!("acs:ram::{ACCOUNT}:root"), "cn-shanghai".to_owned());
    assert_eq!(status(&[], &[]), (root.clone(), "cn-beijing".to_owned()));
    let (arn, region) = status(&[], &["--profile", "worker"]);
    assert!(arn.contains("assumed-role/worker/cli") && region == worker, "{arn}");
    assert_eq!(status(&[("ALIBABA_CLOUD_PROFILE", "worker")], &["--region", "cn-hangzhou"]).1, "cn-hangzhou");
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let (id, secret, token) = (text("AccessKeyId"), text("AccessKeySecret"), text("SecurityToken"));
    let variables = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", id.as_str()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &secret),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", &token),
    ];
    assert!(status(&variables, &[]).0.contains("assumed-role/worker/cli"));
    assert_eq!(status(&variables, &["--profile", "root"]).0, root, "a profile that is named wins");
}

#[test]
fn a_server_is_asked_over_tls_if_its_certificate_is_signed_by_who_is_trusted() {
    let site = Site::new();
    let variables = [("ALIBABA_CLOUD_ACCESS_KEY_ID", ID), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)];
    let endpoint = format!("https://{}", site.address());
    let ca = site.data().join("ca.pem").display().to_string();
    let asked = ["disk", "list", "--endpoint", &endpoint];
    let trusted = with(&site, &variables, &[&asked[..], &["--ca", &ca]].concat());
    assert_eq!(trusted.code, 0, "{}", trusted.err);
    assert!(trusted.out.starts_with("DISK"), "{}", trusted.out);
    let other = with(&site, &[&variables[..], &[("SSL_CERT_FILE", &ca)]].concat(), &asked);
    assert_eq!(other.code, 0, "{}", other.err);
    let stranger = Site::new();
    let strange = stranger.data().join("ca.pem").display().to_string();
    let refused = with(&site, &variables, &[&asked[..], &["--ca", &strange]].concat());
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("--ca FILE"), "{}", refused.err);
    let nothing = with(&site, &variables, &[&asked[..], &["--ca", "/dev/null"]].concat());
    assert_eq!(nothing.code, 3, "{}", nothing.err);
}

#[test]
fn what_is_missing_or_wrong_has_an_exit_code_and_a_next_step() {
    let mut site = Site::new();
    let endpoint = format!("http://{}", site.address());
    let key = [("ALIBABA_CLOUD_ACCESS_KEY_ID", ID), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)];
    let asked = ["disk", "list", "--endpoint", &endpoint];
    let expect = |variables: &[(&str, &str)], arguments: &[&str], code: i32, part: &str| {
        let ran = with(&site, variables, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(part) && !ran.err.contains(SECRET), "{arguments:?}: {}", ran.err);
    };
    expect(&[], &asked, 3, "next: set ALIBABA_CLOUD_ACCESS_KEY_ID");
    expect(&key[..1], &asked, 3, "ALIBABA_CLOUD_ACCESS_KEY_SECRET is not");
    expect(&[], &[&asked[..], &["--profile", "none"]].concat(), 3, "aliyun configure");
    expect(&key, &[&asked[..], &["--region", "cn-atlantis"]].concat(), 3, "--region");
    expect(&key, &["disk", "list", "--endpoint", "ftp://a"], 3, "--endpoint");
    expect(&[key[0], ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong")], &asked, 5, "next: the secret is not");
    expect(&[("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIstranger000"), key[1]], &asked, 5, "InvalidAccessKeyId.NotFound");
    expect(&key, &["attach", "i-wrong"], 2, "the id of a disk is d-");
    expect(&key, &["disk"], 2, "Usage");
    site.stop();
    let ran = with(&site, &key, &asked);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("is `coffer serve` running there?"), "{}", ran.err);
}
