//! Policies: any text is a policy or refused, and evaluation of one that was taken ends. Patterns match what a naive matcher says.

use coffer_cloud::auth::policy::{
    Context, Effect, Policy, PolicyKind, Principal, evaluate, evaluate_key, evaluate_trust,
};

use crate::input;

pub(crate) fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => document(rest),
        Some((_, rest)) => pattern(rest),
        None => {}
    }
}

fn document(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let context = Context::new().with("acs:SourceIp", "127.0.0.1").with("acs:CurrentTime", "2026-01-01T00:00:00Z");
    if let Ok(policy) = Policy::parse(&text, PolicyKind::Identity) {
        let everything = Policy::parse(
            r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#,
            PolicyKind::Identity,
        );
        let _any = allows(std::slice::from_ref(&policy), "acs:ecs:cn-hangzhou:1:disk/d-1", &context);
        assert!(!allows(&[policy, everything.unwrap()], "acs:ecs:cn-hangzhou:1:disk/d-1", &context), "a deny wins");
    }
    if let Ok(policy) = Policy::parse(&text, PolicyKind::Key) {
        let _any = evaluate_key(&policy, &Principal::User("1", "u"), "kms:Encrypt", &context);
    }
    if let Ok(policy) = Policy::parse(&text, PolicyKind::Trust) {
        let _any = evaluate_trust(&policy, &Principal::Service("ecs.aliyuncs.com"), &context);
    }
}

fn pattern(data: &[u8]) {
    let (pattern, rest) = input::text(data);
    let (resource, _) = input::text(rest);
    let statement = serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": pattern});
    let text = serde_json::json!({"Version": "1", "Statement": [statement]}).to_string();
    // The naive matcher is exponential, and does not know that RAM's own names have no case and no region.
    if pattern.len() + resource.len() > 60 || pattern.matches('*').count() > 4 || resource.starts_with("acs:ram:") {
        return;
    }
    let Ok(policy) = Policy::parse(&text, PolicyKind::Identity) else { return };
    let (pattern, characters): (Vec<_>, Vec<_>) = (pattern.chars().collect(), resource.chars().collect());
    assert_eq!(allows(&[policy], &resource, &Context::new()), matches(&pattern, &characters), "{text} {resource}");
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        Some((first, rest)) => {
            text.split_first().is_some_and(|(c, text)| (*first == '?' || first == c) && matches(rest, text))
        }
    }
}

fn allows(policies: &[Policy], resource: &str, context: &Context) -> bool {
    evaluate(policies, "ecs:CreateDisk", resource, context).effect == Effect::Allow
}
