//! AssumeRoleWithOIDC: whose word is taken, for what, and what the session then is.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::limits;
use coffer_cloud::{Incoming, Product};
use coffer_store::audit;
use serde_json::{Value, json};
use support::{World, oidc, owned, text};

fn world() -> World {
    let world = World::new();
    let trust = json!({"Version": "1", "Statement": [{
        "Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Federated": [oidc::ARN]},
        "Condition": {"StringEquals": {"oidc:iss": oidc::ISSUER, "oidc:aud": oidc::CLIENT},
                      "StringLike": {"oidc:sub": "repo:*"}}}]});
    let parameters = [("RoleName", "builder"), ("AssumeRolePolicyDocument", &*trust.to_string())];
    world.root(Product::Ram, "CreateRole", &parameters);
    let attached = [("PolicyType", "System"), ("PolicyName", "AliyunRAMReadOnlyAccess"), ("RoleName", "builder")];
    world.root(Product::Ram, "AttachPolicyToRole", &attached);
    world
}

/// Sends a request that nobody signed.
fn unsigned(world: &World, token: &str, change: &[(&str, &str)]) -> (u16, Value) {
    world.send(request(world, token, change))
}

fn request(world: &World, token: &str, change: &[(&str, &str)]) -> Incoming {
    let arn = format!("acs:ram::{}:role/builder", world.account);
    let mut parameters = owned(&[
        ("RoleArn", &arn),
        ("RoleSessionName", "build-7"),
        ("OIDCProviderArn", oidc::ARN),
        ("OIDCToken", token),
    ]);
    for (name, value) in change {
        parameters.retain(|(known, _)| known != name);
        parameters.push(((*name).to_owned(), (*value).to_owned()));
    }
    let mut incoming = world.request(&support::root(), Product::Sts, "AssumeRoleWithOIDC", &parameters);
    incoming.headers.retain(|(name, _)| name != "authorization");
    incoming
}

#[test]
fn a_providers_token_opens_a_session() {
    let world = world();
    let (status, made) = unsigned(&world, &oidc::token(&oidc::claims()), &[]);
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["OIDCTokenInfo"]["Subject"], "repo:coffer");
    assert_eq!(made["OIDCTokenInfo"]["ClientIds"], oidc::CLIENT);
    assert!(text(&made["AssumedRoleUser"], "Arn").ends_with(":assumed-role/builder/build-7"));
    let credentials = &made["Credentials"];
    let key = (text(credentials, "AccessKeyId"), text(credentials, "AccessKeySecret"));
    let token = text(credentials, "SecurityToken");
    let call = |action| world.send(world.session_request(&key, &token, Product::Ram, action, &[])).0;
    assert_eq!(call("ListUsers"), 200);
    assert_eq!(call("CreateGroup"), 400, "a name is missing");
    let group = world.session_request(&key, &token, Product::Ram, "CreateGroup", &owned(&[("GroupName", "g")]));
    assert_eq!(world.send(group).0, 403);
}

#[test]
fn a_token_that_is_not_the_providers_opens_nothing() {
    let world = world();
    let good = oidc::claims();
    let header = json!({"alg": "RS256", "kid": "key-1"});
    let claim = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        oidc::token(&claims)
    };
    let now = support::NOW_MS / 1000;
    let invalid = [
        oidc::signed(&header, &good, &oidc::key()),
        oidc::signed(&json!({"alg": "none"}), &good, &oidc::key()),
        oidc::token(&good).rsplit_once('.').unwrap().0.to_owned() + ".",
        oidc::signed(&json!({"alg": "HS256", "kid": "key-1"}), &good, &oidc::key()),
        claim("iss", json!("https://elsewhere.example.com")),
        claim("aud", json!("another")),
        claim("aud", json!([])),
        claim("iat", json!(now + 3600)),
        claim("nbf", json!(now + 61)),
        claim("nbf", json!(i64::MAX)),
        claim("nbf", json!("soon")),
        claim("exp", json!("soon")),
        claim("exp", json!(i64::MAX)),
        "text".to_owned(),
        "a.b.c".to_owned(),
    ];
    for token in &invalid {
        let (status, body) = unsigned(&world, token, &[]);
        assert_eq!((status, &body["Code"]), (400, &json!("AuthenticationFail.OIDCToken.Invalid")), "{token:.80}");
    }
    let (status, body) = unsigned(&world, &claim("exp", json!(now)), &[]);
    assert_eq!((status, &body["Code"]), (400, &json!("AuthenticationFail.OIDCToken.Expired")));
    for begins in [now - 10, now + 60] {
        assert_eq!(unsigned(&world, &claim("nbf", json!(begins)), &[]).0, 200);
    }
    // Every character of a good one counts.
    let token = oidc::token(&good);
    for place in (0..token.len()).step_by(17) {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let (status, _) = unsigned(&world, std::str::from_utf8(&changed).unwrap(), &[]);
        assert_eq!(status, 400, "{place}");
    }
}

#[test]
fn the_trust_policy_alone_decides_and_what_is_not_there_does_not_trust() {
    let world = world();
    let claims = |subject: &str| {
        let mut claims = oidc::claims();
        claims["sub"] = json!(subject);
        oidc::token(&claims)
    };
    let (status, body) = unsigned(&world, &claims("user:mallory"), &[]);
    assert_eq!((status, &body["Code"]), (403, &json!("AuthenticationFail.NoPermission")));
    // Nothing more is told to whom nobody knows: it would say that the role is there.
    assert_eq!(body.get("AccessDeniedDetail"), None);
    let several = json!([oidc::CLIENT, "another"]);
    let mut both = oidc::claims();
    both["aud"] = several;
    assert_eq!(unsigned(&world, &oidc::token(&both), &[]).0, 200);
    let token = oidc::token(&oidc::claims());
    let missing_role = format!("acs:ram::{}:role/missing", world.account);
    for change in [("RoleArn", &*missing_role), ("OIDCProviderArn", "acs:ram::1:oidc-provider/none")] {
        let (status, body) = unsigned(&world, &token, &[change]);
        assert_eq!((status, &body["Code"]), (403, &json!("AuthenticationFail.NoPermission")), "{change:?}");
    }
    let (status, body) = unsigned(&world, &token, &[("DurationSeconds", "3601")]);
    assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter.DurationSeconds")));
    // A role that trusts an account, not the provider.
    let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
    world.root(Product::Ram, "CreateRole", &[("RoleName", "plain"), ("AssumeRolePolicyDocument", trust)]);
    let plain = format!("acs:ram::{}:role/plain", world.account);
    assert_eq!(unsigned(&world, &token, &[("RoleArn", &plain)]).0, 403);
}

#[test]
fn what_nobody_signed_leaves_a_small_row_whatever_it_says() {
    let world = world();
    let long = "x".repeat(99_000);
    let tags: Vec<_> = (1..=8).map(|number| (format!("Tag.{number}.Key"), long.clone())).collect();
    let mut change: Vec<_> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for provider in [oidc::ARN, &long] {
        change.push(("OIDCProviderArn", provider));
        let mut incoming = request(&world, "text", &change);
        incoming.headers.push(("user-agent".to_owned(), "somebody".to_owned()));
        assert_ne!(world.send(incoming).0, 200);
        let mut last = None;
        world.db.read(|tx| audit::back(tx, i64::MAX, |row| last.replace(row).is_some())).unwrap();
        let last = last.unwrap();
        assert_eq!((&*last.action, &*last.detail), ("sts:AssumeRoleWithOIDC", "{}"));
        assert!(last.bytes() < 512, "{}", last.bytes());
    }
}

#[test]
fn a_source_whose_unsigned_calls_fail_is_made_to_wait_and_leaves_no_more_rows() {
    let world = world();
    let rows = || world.db.read(audit::head).unwrap().0;
    for _ in 0..limits::UNSIGNED_FAILURES {
        assert_eq!(unsigned(&world, "text", &[]).1["Code"], "AuthenticationFail.OIDCToken.Invalid");
    }
    let before = rows();
    let good = oidc::token(&oidc::claims());
    for token in ["text", &good] {
        let (status, body) = unsigned(&world, token, &[]);
        assert_eq!((status, &body["Code"]), (400, &json!("Throttling")));
    }
    assert_eq!(rows(), before);
    // What is signed is served, and so is another source.
    world.root(Product::Ram, "ListUsers", &[]);
    let mut elsewhere = request(&world, &good, &[]);
    elsewhere.peer = std::net::Ipv4Addr::new(192, 0, 2, 1).into();
    assert_eq!(world.send(elsewhere).0, 200);
    world.advance(60_000);
    assert_eq!(unsigned(&world, &good, &[]).0, 200);
}
