//! What the console stands on: calls of a session, the audit looked up, encryption anew listed.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{Secret, Timestamp};
use coffer_cloud::auth::Login;
use coffer_cloud::{Incoming, Method, Product};
use coffer_store::audit;
use serde_json::{Value, json};
use support::{ALLOW_ALL, NOW_MS, World, root, text};

fn coffer(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Coffer, action, parameters)
}

fn login(access_key_id: &str, token: Option<&str>) -> Login {
    Login { access_key_id: access_key_id.to_owned(), security_token: token.map(|t| Secret::new(t.to_owned())) }
}

/// A request of ECS as the console sends it: not signed.
fn unsigned(query: &str) -> Incoming {
    Incoming {
        method: Method::Get,
        path: "/".to_owned(),
        query: format!("Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&{query}"),
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        body: Vec::new(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        tls: false,
    }
}

fn call_as(world: &World, login: &Login, query: &str) -> (u16, Value) {
    let answer = world.answer_as(unsigned(query), login);
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

const READER: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeDisks","Resource":"*"}]}"#;

#[test]
fn a_session_may_do_what_its_caller_may_and_what_it_tries_is_on_record() {
    let world = World::new();
    let (id, _) = world.user("reader", Some(READER));
    let user = login(&id, None);
    assert_eq!(call_as(&world, &user, "Action=DescribeDisks").0, 200);
    let (status, body) = call_as(&world, &user, "Action=CreateDisk&ZoneId=cn-hangzhou-b&Size=20");
    assert_eq!((status, &body["AccessDeniedDetail"]["AuthAction"]), (403, &json!("ecs:CreateDisk")));
    let tried = coffer(&world, "LookupAuditRecords", &[("EventName", "CreateDisk"), ("Outcome", "Failed")]);
    let record = &tried["Records"]["Record"][0];
    assert!(record["Principal"].as_str().unwrap().ends_with(":user/reader"), "{record}");
    assert_eq!(record["EventId"], body["RequestId"]);
}

#[test]
fn a_session_ends_with_its_key_its_user_and_its_role() {
    let world = World::new();
    let (id, _) = world.user("reader", Some(READER));
    let code = |login: &Login| call_as(&world, login, "Action=DescribeDisks").1["Code"].clone();
    let key = [("UserName", "reader"), ("UserAccessKeyId", &*id), ("Status", "Inactive")];
    world.root(Product::Ram, "UpdateAccessKey", &key);
    assert_eq!(code(&login(&id, None)), "InvalidAccessKeyId.Inactive");
    world.root(Product::Ram, "DeleteAccessKey", &[("UserName", "reader"), ("UserAccessKeyId", &id)]);
    assert_eq!(code(&login(&id, None)), "InvalidAccessKeyId.NotFound");

    let (anybody, asked) = (world.user("anybody", Some(ALLOW_ALL)), world.sample(Product::Sts, "AssumeRole"));
    let assumed = world.succeed(&anybody, Product::Sts, "AssumeRole", &as_pairs(&asked));
    let credentials = &assumed["Credentials"];
    let (id, token) = (text(credentials, "AccessKeyId"), text(credentials, "SecurityToken"));
    assert_eq!(call_as(&world, &login(&id, Some(&token)), "Action=DescribeDisks").0, 403, "the role may do nothing");
    assert_eq!(code(&login(&id, None)), "MissingSecurityToken");
    world.advance(24 * 60 * 60 * 1000);
    assert_eq!(code(&login(&id, Some(&token))), "InvalidSecurityToken.Expired");
}

fn as_pairs(pairs: &support::Pairs) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn nobody_gets_a_session_s_rights_by_leaving_the_signature_out() {
    let world = World::new();
    let query = "Action=DescribeDisks&AccessKeyId=LTAIrootrootrootrootroot";
    let answer = world.answer(unsigned(query));
    assert_eq!(answer.status, 400);
    assert!(String::from_utf8(answer.body).unwrap().contains("\"Code\":\"MissingSignature\""));
}

#[test]
fn the_audit_is_looked_up_by_page_and_by_filter_and_shows_no_other_account() {
    let (world, _, neighbour) = World::with_neighbour();
    let disk_id = world.disk(&[]);
    world.call(&root(), Product::Ecs, "DeleteDisk", &[("DiskId", "d-nothing")]);
    world.succeed(&neighbour, Product::Coffer, "CreateConsoleSession", &[]);
    let all = coffer(&world, "LookupAuditRecords", &[("MaxResults", "100")]);
    let records = all["Records"]["Record"].as_array().unwrap();
    assert!(records.len() >= 2 && all.get("NextToken").is_none(), "{all}");
    let own = format!("acs:ram::{}:root", world.account);
    assert!(records.iter().all(|record| record["Principal"] == own.as_str()), "{all}");
    assert!(records.is_sorted_by_key(|record| -record["Sequence"].as_i64().unwrap()));

    let (mut paged, mut token, mut last) = (Vec::new(), None::<String>, String::new());
    loop {
        let mut asked = vec![("MaxResults", "1")];
        asked.extend(token.as_deref().map(|token| ("NextToken", token)));
        let page = coffer(&world, "LookupAuditRecords", &asked);
        paged.extend(page["Records"]["Record"].as_array().unwrap().iter().cloned());
        let Some(next) = page["NextToken"].as_str() else { break };
        (token, last) = (Some(next.to_owned()), next.to_owned());
    }
    assert_eq!(&paged, records);

    let names = |filter: &[(&str, &str)]| {
        let found = coffer(&world, "LookupAuditRecords", filter);
        let records = found["Records"]["Record"].as_array().unwrap().iter();
        records.map(|record| text(record, "EventName")).collect::<Vec<_>>()
    };
    assert_eq!(names(&[("Outcome", "Failed")]), ["ecs:DeleteDisk"]);
    assert_eq!(names(&[("ResourceName", &disk_id)]), ["ecs:CreateDisk"]);
    assert_eq!(names(&[("Outcome", "OK"), ("EventName", "ecs:DeleteDisk")]), Vec::<String>::new());
    assert_eq!(names(&[("EventName", "Delete")]), Vec::<String>::new());
    assert_eq!(names(&[("Principal", "user/nobody")]), Vec::<String>::new());
    for parameters in [&[("Outcome", "OK"), ("NextToken", &*last)][..], &[("MaxResults", "101")]] {
        let (status, body) = world.call(&root(), Product::Coffer, "LookupAuditRecords", parameters);
        assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")), "{parameters:?}");
    }
}

#[test]
fn a_page_of_the_audit_is_bounded_by_its_bytes_too_and_no_record_is_lost_between_pages() {
    let world = World::new();
    let account = world.account.clone();
    let first = world.store(move |tx| {
        let (last, _) = audit::head(tx)?;
        // As long as rows of earlier versions may be.
        let detail = format!("{{\"a\":\"{}\"}}", "x".repeat(400_000));
        for number in 1..=7 {
            let entry = audit::Entry {
                at: Timestamp::from_unix_ms(NOW_MS),
                account: &account,
                principal: "p",
                access_key_id: "",
                peer: "",
                action: "kms:Decrypt",
                resources: "",
                outcome: "OK",
                request_id: "",
                detail: if number == 4 { &detail.repeat(4) } else { &detail },
            };
            audit::append(tx, last + number, &entry, b"", None)?;
        }
        Ok(last + 1)
    });
    let (mut found, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut asked = vec![("MaxResults", "100"), ("EventName", "kms:Decrypt")];
        asked.extend(token.as_deref().map(|token| ("NextToken", token)));
        let page = coffer(&world, "LookupAuditRecords", &asked);
        let records = page["Records"]["Record"].as_array().unwrap();
        let bytes: usize = records.iter().map(|record| text(record, "Detail").len()).sum();
        assert!(bytes <= 1024 * 1024 || records.len() == 1, "{bytes} in {}", records.len());
        found.extend(records.iter().map(|record| record["Sequence"].as_i64().unwrap()));
        let Some(next) = page["NextToken"].as_str() else { break };
        token = Some(next.to_owned());
    }
    assert_eq!(found, (first..first + 7).rev().collect::<Vec<_>>());
}

#[test]
fn disks_that_are_encrypted_anew_are_listed_in_their_region() {
    let world = World::new();
    let listed = |region: &str| {
        coffer(&world, "DescribeDiskReencryptions", &[("RegionId", region)])["Reencryptions"]["Reencryption"].clone()
    };
    let disk_id = world.disk(&[("Encrypted", "true")]);
    assert_eq!(listed("cn-hangzhou"), json!([]));
    let begun = coffer(&world, "ReencryptDisk", &[("DiskId", &disk_id)]);
    let item = &listed("cn-hangzhou")[0];
    assert_eq!((&item["DiskId"], &item["KMSKeyId"]), (&json!(disk_id), &begun["KMSKeyId"]));
    assert_eq!((&item["Status"], item.get("Progress")), (&json!("Waiting"), None));
    assert_eq!(listed("cn-beijing"), json!([]));
    coffer(&world, "ModifyDiskReencryption", &[("DiskId", &disk_id), ("Paused", "true")]);
    assert_eq!(listed("cn-hangzhou")[0]["Status"], "Paused");
}
