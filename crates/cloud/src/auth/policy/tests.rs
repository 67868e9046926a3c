//! Tables, properties, and a comparison with a naive evaluator written apart.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn identity(text: &str) -> Policy {
    Policy::parse(text, PolicyKind::Identity).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn statement(effect: &str, action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}"#)
}

fn policy(statements: &[String]) -> Policy {
    identity(&format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(",")))
}

fn effect(policies: &[Policy], action: &str, resource: &str) -> Effect {
    evaluate(policies, action, resource, &Context::new()).effect
}

const DISK: &str = "acs:ecs:cn-hangzhou:1234567890123456:disk/d-1";

#[test]
fn deny_beats_allow_and_silence_is_a_no() {
    let allow = || statement("Allow", "ecs:*", "*");
    let deny = || statement("Deny", "ecs:DeleteDisk", "*");
    assert_eq!(effect(&[policy(&[allow()])], "ecs:DeleteDisk", DISK), Effect::Allow);
    assert_eq!(effect(&[policy(&[allow(), deny()])], "ecs:DeleteDisk", DISK), Effect::ExplicitDeny);
    assert_eq!(effect(&[policy(&[deny()]), policy(&[allow()])], "ecs:DeleteDisk", DISK), Effect::ExplicitDeny);
    assert_eq!(effect(&[policy(&[deny()]), policy(&[allow()])], "ecs:CreateDisk", DISK), Effect::Allow);
    assert_eq!(effect(&[policy(&[allow()])], "kms:Encrypt", DISK), Effect::ImplicitDeny);
    assert_eq!(effect(&[], "ecs:CreateDisk", DISK), Effect::ImplicitDeny);
}

#[test]
fn patterns_match_as_documented() {
    for (pattern, action, expected) in [
        ("*", "ecs:CreateDisk", true),
        ("ecs:*", "ecs:CreateDisk", true),
        ("ecs:*Disk", "ecs:CreateDisk", true),
        ("ecs:*Disk*", "ecs:DescribeDisks", true),
        ("ecs:CREATEdisk", "ecs:CreateDisk", true),
        ("ecs:Create?isk", "ecs:CreateDisk", true),
        ("ecs:Create?Disk", "ecs:CreateDisk", false),
        ("ecs:**", "ecs:CreateDisk", true),
        ("ecs:Create", "ecs:CreateDisk", false),
        ("kms:*", "ecs:CreateDisk", false),
    ] {
        let allowed = effect(&[policy(&[statement("Allow", pattern, "*")])], action, DISK) == Effect::Allow;
        assert_eq!(allowed, expected, "{pattern}");
    }
    for (pattern, resource, expected) in [
        ("acs:ecs:*:*:disk/*", DISK, true),
        ("acs:ecs:*:1234567890123456:disk/d-1", DISK, true),
        ("acs:ecs:*:*:DISK/d-1", DISK, false),
        ("acs:ecs:cn-beijing:*:disk/*", DISK, false),
        ("acs:kms:*:*:*", "acs:kms:cn-hangzhou:1:key/k", true),
        ("acs:ecs:*:*:*", "*", false),
        ("*", "*", true),
        ("acs:ram:*:1:role/Admin", "acs:ram:*:1:role/admin", true),
        ("acs:ram::1:role/admin", "acs:ram:*:1:role/admin", true),
        ("acs:ram:*:2:role/admin", "acs:ram:*:1:role/admin", false),
    ] {
        let allowed = effect(&[policy(&[statement("Allow", "*", pattern)])], "x:y", resource) == Effect::Allow;
        assert_eq!(allowed, expected, "{pattern} on {resource}");
    }
}

#[test]
fn the_negated_elements_mean_all_but_those_listed() {
    let all_but = |element: &str, value: &str, other: &str| {
        identity(&format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","{element}":"{value}","{other}":"*"}}]}}"#
        ))
    };
    let policy = [all_but("NotAction", "ram:*", "Resource")];
    assert_eq!(effect(&policy, "ram:CreateUser", "*"), Effect::ImplicitDeny);
    assert_eq!(effect(&policy, "ecs:CreateDisk", "*"), Effect::Allow);
    let policy = [all_but("NotResource", "acs:ecs:*:*:disk/*", "Action")];
    assert_eq!(effect(&policy, "ecs:DeleteDisk", DISK), Effect::ImplicitDeny);
    assert_eq!(effect(&policy, "ecs:DeleteDisk", "acs:ecs:cn-hangzhou:1:snapshot/s"), Effect::Allow);
}

#[test]
fn a_session_policy_only_ever_takes_away() {
    let all = [Arc::new(policy(&[statement("Allow", "*", "*")]))];
    let reads = policy(&[statement("Allow", "ecs:Describe*", "*")]);
    let decide = |session, identity: &[Arc<Policy>], action| {
        let layers = Layers { grant: Grant::Nothing, foreign: false, session, identity: Some(identity) };
        decide(&layers, action, "*", &Context::new())
    };
    assert_eq!(decide(Some(&reads), &all, "ecs:DescribeDisks"), Decision::Allowed);
    assert_eq!(decide(None, &all, "ecs:DeleteDisk"), Decision::Allowed);
    let Decision::Refused(refusal) = decide(Some(&reads), &all, "ecs:DeleteDisk") else { panic!("allowed") };
    assert_eq!((refusal.policy_type, refusal.no_permission_type), ("SessionPolicy", "ImplicitDeny"));
    let Decision::Refused(refusal) = decide(Some(&reads), &[], "ecs:DescribeDisks") else { panic!("allowed") };
    assert_eq!(refusal.policy_type, "AccountLevelIdentityBasedPolicy");
}

#[test]
fn trust_policies_name_accounts_users_roles_and_services() {
    let trust = |principal: &str| {
        let text = format!(
            r#"{{"Version":"1","Statement":[{{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{principal}}}]}}"#
        );
        Policy::parse(&text, PolicyKind::Trust).unwrap()
    };
    let (user, role) = (Principal::User("1", "Ann"), Principal::Role("1", "ops"));
    let service = Principal::Service("ecs.aliyuncs.com");
    for (principal, expected) in [
        (r#"{"RAM":["acs:ram::1:root"]}"#, [true, true, false]),
        (r#"{"RAM":"acs:ram::1:*"}"#, [true, true, false]),
        (r#"{"RAM":"acs:ram::2:root"}"#, [false, false, false]),
        (r#"{"RAM":["acs:ram::1:user/ann"]}"#, [true, false, false]),
        (r#"{"RAM":["acs:ram::1:role/Ops"]}"#, [false, true, false]),
        (r#"{"Service":["ecs.aliyuncs.com"]}"#, [false, false, true]),
        (r#"{"Service":["rds.aliyuncs.com"]}"#, [false, false, false]),
        (r#"{"Federated":["acs:ram::1:root"]}"#, [false, false, false]),
    ] {
        let policy = trust(principal);
        let found = [&user, &role, &service]
            .map(|principal| evaluate_trust(&policy, principal, &Context::new()).effect == Effect::Allow);
        assert_eq!(found, expected, "{principal}");
    }
}

#[test]
fn conditions_compare_by_their_operators() {
    let context = Context::new()
        .with("acs:SourceIp", "10.1.2.3")
        .with("acs:SecureTransport", "true")
        .with("acs:CurrentTime", "2026-06-01T00:00:00Z")
        .with("kms:RecoveryWindowInDays", "7")
        .with("ecs:tag/Env", "Prod")
        .with("many", "a")
        .with("many", "b");
    for (operator, key, value, expected) in [
        ("StringEquals", "ecs:tag/env", r#""Prod""#, true),
        ("StringEquals", "ecs:tag/Env", r#"["Test","Prod"]"#, true),
        ("StringEquals", "ecs:tag/Env", r#""prod""#, false),
        ("StringEqualsIgnoreCase", "ecs:tag/Env", r#""prod""#, true),
        ("StringNotEquals", "ecs:tag/Env", r#"["Test","Prod"]"#, false),
        ("StringNotEquals", "ecs:tag/Env", r#""Test""#, true),
        ("StringNotEqualsIgnoreCase", "ecs:tag/Env", r#""PROD""#, false),
        ("StringLike", "ecs:tag/Env", r#""P?o*""#, true),
        ("StringNotLike", "ecs:tag/Env", r#""P*""#, false),
        ("NumericLessThan", "kms:RecoveryWindowInDays", r#""8""#, true),
        ("NumericLessThan", "kms:RecoveryWindowInDays", "7", false),
        ("NumericLessThanEquals", "kms:RecoveryWindowInDays", "7", true),
        ("NumericGreaterThan", "kms:RecoveryWindowInDays", "6.5", true),
        ("NumericNotEquals", "kms:RecoveryWindowInDays", "7", false),
        ("DateLessThan", "acs:CurrentTime", r#""2026-06-01T08:00:01+08:00""#, true),
        ("DateGreaterThanEquals", "acs:CurrentTime", r#""2026-06-01T08:00:00+08:00""#, true),
        ("DateEquals", "acs:CurrentTime", r#""2026-06-02T00:00:00Z""#, false),
        ("Bool", "acs:SecureTransport", r#""true""#, true),
        ("Bool", "acs:SecureTransport", "false", false),
        ("IpAddress", "acs:SourceIp", r#"["192.168.0.0/16","10.0.0.0/8"]"#, true),
        ("IpAddress", "acs:SourceIp", r#""10.1.2.3""#, true),
        ("IpAddress", "acs:SourceIp", r#""::/0""#, false),
        ("IpAddress", "acs:SourceIp", r#""0.0.0.0/0""#, true),
        ("NotIpAddress", "acs:SourceIp", r#""10.0.0.0/8""#, false),
        ("ForAllValues:StringEquals", "ecs:tag/Env", r#"["Prod"]"#, true),
        ("ForAnyValue:StringEquals", "ecs:tag/Env", r#"["Prod"]"#, true),
        ("StringEquals", "many", r#"["a","x"]"#, false),
        ("StringEquals", "many", r#"["a","b"]"#, true),
        ("StringNotEquals", "many", r#"["a","x"]"#, false),
        ("StringNotEquals", "many", r#"["x"]"#, true),
        ("ForAllValues:StringEquals", "many", r#"["a","x"]"#, false),
        ("ForAllValues:StringEquals", "many", r#"["a","b"]"#, true),
        ("ForAllValues:StringNotEquals", "many", r#"["a"]"#, false),
        ("ForAllValues:StringNotEquals", "many", r#"["x"]"#, true),
        ("ForAnyValue:StringNotEquals", "many", r#"["a"]"#, true),
        ("ForAnyValue:StringNotEquals", "many", r#"["a","b"]"#, false),
    ] {
        let text = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":{value}}}}}}}]}}"#
        );
        let allowed = evaluate([&identity(&text)], "a:b", "*", &context).effect == Effect::Allow;
        assert_eq!(allowed, expected, "{operator} {key} {value}");
    }
}

#[test]
fn of_several_values_an_allow_needs_all_and_a_deny_one() {
    let context = Context::new().with("many", "a").with("many", "b");
    for (operator, value, all, one) in [
        ("StringEquals", r#""a""#, false, true),
        ("StringEquals", r#"["a","b"]"#, true, true),
        ("StringEquals", r#""x""#, false, false),
        ("StringLike", r#""?""#, true, true),
        ("StringNotEquals", r#""a""#, false, true),
        ("StringNotEquals", r#"["a","b"]"#, false, false),
        ("StringNotEquals", r#""x""#, true, true),
        ("ForAllValues:StringEquals", r#""a""#, false, false),
        ("ForAnyValue:StringEquals", r#""a""#, true, true),
    ] {
        let condition = format!(r#","Condition":{{"{operator}":{{"many":{value}}}}}"#);
        let with = |effect: &str| statement(effect, "*", "*").replace('}', &format!("{condition}}}"));
        let decide = |statements: &[String]| evaluate([&policy(statements)], "a:b", "*", &context).effect;
        assert_eq!(decide(&[with("Allow")]) == Effect::Allow, all, "{operator} {value}");
        let denied = decide(&[statement("Allow", "*", "*"), with("Deny")]) == Effect::ExplicitDeny;
        assert_eq!(denied, one, "{operator} {value}");
    }
}

#[test]
fn a_key_that_the_request_lacks_makes_every_condition_false() {
    for (operator, value) in [
        ("StringEquals", "x"),
        ("StringNotEquals", "x"),
        ("StringNotLike", "x"),
        ("NumericNotEquals", "1"),
        ("DateNotEquals", "2026-01-01T00:00:00Z"),
        ("Bool", "false"),
        ("NotIpAddress", "10.0.0.0/8"),
        ("ForAllValues:StringEquals", "x"),
    ] {
        let text = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"acs:Missing":"{value}"}}}}}}]}}"#
        );
        assert_eq!(effect(&[identity(&text)], "a:b", "*"), Effect::ImplicitDeny, "{operator}");
    }
}

#[test]
fn a_malformed_document_is_refused_with_a_reason() {
    let long = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{}","Resource":"*"}}]}}"#,
        "a".repeat(6144)
    );
    let with = |rest: &str| format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow",{rest}}}]}}"#);
    let deep = format!(r#"{{"Version":"1","Statement":{}{}}}"#, "[".repeat(1000), "]".repeat(1000));
    for text in [
        "",
        "[]",
        "{}",
        r#"{"Statement":[]}"#,
        r#"{"Version":"1","Statement":[]}"#,
        r#"{"Version":"1","Statement":{}}"#,
        r#"{"Version":"2","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":1,"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"1","Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"1","Other":1,"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"1","Statement":[{"Action":"*","Resource":"*"}]}"#,
        &with(r#""Resource":"*""#),
        &with(r#""Action":[],"Resource":"*""#),
        &with(r#""Action":"","Resource":"*""#),
        &with(r#""Action":"*","NotAction":"*","Resource":"*""#),
        &with(r#""Action":"*""#),
        &with(r#""Action":"*","Resource":"*","NotResource":"*""#),
        &with(r#""Action":"*","Resource":"*","Principal":{"RAM":"*"}"#),
        &with(r#""Action":[["*"]],"Resource":"*""#),
        &with(r#""Action":"*","Action":"*","Resource":"*""#),
        &with(r#""Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"a":"b"}}"#),
        &with(r#""Action":"*","Resource":"*","Condition":{"Null":{"a":"true"}}"#),
        &with(r#""Action":"*","Resource":"*","Condition":{"Bool":{"a":"yes"}}"#),
        &with(r#""Action":"*","Resource":"*","Condition":{"IpAddress":{"a":"10.0.0.0/33"}}"#),
        &with(r#""Action":"*","Resource":"*","Condition":{"NumericEquals":{"a":"NaN"}}"#),
        &with(r#""Action":"*","Resource":"*","Condition":{"Bool":{"a":"true","a":"false"}}"#),
        &with(r#""Action":"*","Resource":"*","Condition":{"StringEquals":{"a":[]}}"#),
        &deep,
        &long,
    ] {
        let outcome = Policy::parse(text, PolicyKind::Identity);
        assert!(outcome.as_ref().is_err_and(|error| !error.0.is_empty()), "{}", &text[..text.len().min(200)]);
    }
    let Err(Malformed(message)) =
        Policy::parse(&with(r#""Action":"*","Resource":"*","Condition":{"Null":{"a":"true"}}"#), PolicyKind::Identity)
    else {
        panic!("accepted")
    };
    assert_eq!(message, "The condition operator 'Null' is not supported.");
    for text in [
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{}}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Principal":{"RAM":"*"}}]}"#,
    ] {
        assert!(Policy::parse(text, PolicyKind::Trust).is_err(), "{text}");
    }
}

/// What a document of the greatest length can cost. A step is a comparison of two characters, a nanosecond or two: half a million of
/// them would be the millisecond that an evaluation may take.
#[test]
fn no_document_costs_more_than_its_length_allows() {
    const MOST_STEPS: usize = 500_000;
    let steps = |patterns: &[String], resource: &str| -> usize {
        let steps = |text: &String| glob::Wild::new(text).matches(resource, glob::Case::Counts).1;
        patterns.iter().map(steps).sum()
    };
    // The longest resources that requests can name have some 300 characters: an ARN and a name of 255.
    let resource = format!("acs:kms:cn-hangzhou:1234567890123456:alias/{}", "a".repeat(255));
    for unit in ["*a", "*", "*aaaaaaaaaaaaaaaa", "?*", "*a?", "*aaaa?aaaa"] {
        let long = unit.repeat(6000 / unit.len());
        assert!(steps(&[format!("{long}b")], &resource) < MOST_STEPS, "{unit}");
    }
    for length in [8, 32, 64, 100, 128, 160, 200, 300] {
        let pattern = format!("*{}b*", "a".repeat(length));
        let patterns = vec![pattern; 6000 / (length + 6)];
        let found = steps(&patterns, &resource);
        assert!(found < MOST_STEPS, "{length}: {found}");
    }
}

#[test]
fn documents_that_are_too_long_too_deep_or_say_a_thing_twice_are_refused() {
    let policy = |resource: &str| {
        format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":{resource}}}]}}"#)
    };
    let room = 6144 - policy("\"\"").len();
    let exactly = policy(&format!("\"{}\"", "a".repeat(room)));
    assert_eq!(exactly.len(), 6144);
    assert!(Policy::parse(&exactly, PolicyKind::Identity).is_ok());
    let refused = [
        policy(&format!("\"{}\"", "a".repeat(room + 1))),
        policy(&format!("\"{}\"", "*".repeat(10_000))),
        policy(&format!("{}\"*\"{}", "[".repeat(100), "]".repeat(100))),
        policy(&format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100))),
        policy(r#""*","Resource":"*""#),
        policy(r#""*","Effect":"Deny""#),
        policy(r#""*","Condition":{"Bool":{"a":"true"},"Bool":{"b":"true"}}"#),
    ];
    for text in &refused {
        assert!(Policy::parse(text, PolicyKind::Identity).is_err(), "{text:.200}");
    }
}

/// The same rules, written as plainly as possible on the JSON itself.
mod naive {
    use serde_json::Value;

    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::Array(items) => items.iter().flat_map(texts).collect(),
            Value::String(text) => vec![text.clone()],
            other => vec![other.to_string()],
        }
    }

    fn like(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => like(&pattern[1..], text) || (!text.is_empty() && like(pattern, &text[1..])),
            (Some(b'?'), Some(_)) => like(&pattern[1..], &text[1..]),
            (Some(p), Some(t)) => p == t && like(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    fn element(statement: &Value, name: &str, text: &str) -> bool {
        let any = |value: &Value| texts(value).iter().any(|p| like(p.to_lowercase().as_bytes(), text.as_bytes()));
        match (&statement[name], &statement[format!("Not{name}")]) {
            (Value::Null, negated) => !any(negated),
            (plain, _) => any(plain),
        }
    }

    pub(super) fn decide(policies: &[Value], action: &str, resource: &str) -> &'static str {
        let statements: Vec<&Value> = policies.iter().flat_map(|p| p["Statement"].as_array().unwrap()).collect();
        let matching: Vec<&&Value> = statements
            .iter()
            .filter(|s| element(s, "Action", &action.to_lowercase()) && element(s, "Resource", resource))
            .collect();
        if matching.iter().any(|s| s["Effect"] == "Deny") {
            "ExplicitDeny"
        } else if matching.iter().any(|s| s["Effect"] == "Allow") {
            "Allow"
        } else {
            "ImplicitDeny"
        }
    }
}

fn statements() -> impl Strategy<Value = serde_json::Value> {
    let action = proptest::sample::select(vec!["*", "e:*", "e:a", "e:b*", "E:A", "k:?", "*:a", "k:*b*"]);
    let resource = proptest::sample::select(vec!["*", "r:*", "r:d/1", "r:d/*", "r:?/1", "s:*", "*1"]);
    (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        proptest::collection::vec(action, 1..3),
        proptest::collection::vec(resource, 1..3),
    )
        .prop_map(|(allow, not_action, not_resource, actions, resources)| {
            serde_json::json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                if not_action { "NotAction" } else { "Action" }: actions,
                if not_resource { "NotResource" } else { "Resource" }: resources,
            })
        })
}

fn documents() -> impl Strategy<Value = Vec<serde_json::Value>> {
    let document = proptest::collection::vec(statements(), 1..4)
        .prop_map(|statements| serde_json::json!({"Version": "1", "Statement": statements}));
    proptest::collection::vec(document, 0..4)
}

fn questions() -> impl Strategy<Value = (&'static str, &'static str)> {
    (
        proptest::sample::select(vec!["e:a", "e:b", "e:bx", "k:a", "k:ab", "x:a"]),
        proptest::sample::select(vec!["r:d/1", "r:d/2", "r:e/1", "s:1", "*"]),
    )
}

fn parsed(documents: &[serde_json::Value]) -> Vec<Policy> {
    documents.iter().map(|document| identity(&document.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_a_naive_one(documents in documents(), (action, resource) in questions()) {
        let found = format!("{:?}", effect(&parsed(&documents), action, resource));
        prop_assert_eq!(found, naive::decide(&documents, action, resource));
    }
}

proptest! {
    #[test]
    fn order_never_matters_and_a_deny_never_opens(documents in documents(), (action, resource) in questions()) {
        let policies = parsed(&documents);
        let before = effect(&policies, action, resource);
        let reversed: Vec<Policy> = policies.iter().rev().cloned().collect();
        prop_assert_eq!(effect(&reversed, action, resource), before);
        let denied: Vec<Policy> = policies.iter().cloned().chain([policy(&[statement("Deny", "e:*", "r:*")])]).collect();
        prop_assert!(before == Effect::Allow || effect(&denied, action, resource) != Effect::Allow);
        let allowed: Vec<Policy> = policies.into_iter().chain([policy(&[statement("Allow", "*", "*")])]).collect();
        let opened = effect(&allowed, action, resource);
        prop_assert_eq!(opened == Effect::ExplicitDeny, before == Effect::ExplicitDeny);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,300}") {
        for kind in [PolicyKind::Identity, PolicyKind::Trust, PolicyKind::Session] {
            let _outcome = Policy::parse(&text, kind);
        }
    }
}
