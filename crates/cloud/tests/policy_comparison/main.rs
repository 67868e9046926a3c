//! The policy engine held against an evaluator written apart from it, as plainly as possible, on the documents' JSON itself; and the
//! table of every combination of what each kind of policy can say.
//!
//! `COFFER_POLICY_CASES` sets how many cases are generated; they are the same ones in the same order at every run.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod cases;
mod naive;

use std::sync::Arc;

use coffer_cloud::auth::policy::{
    Context, Decision, Effect, Grant, Layers, Policy, PolicyKind, Refusal, decide, evaluate, matching,
};
use serde_json::{Value, json};

const SEED: u64 = 20_260_801;

fn parsed(document: &Value, kind: PolicyKind) -> Arc<Policy> {
    Arc::new(Policy::parse(&document.to_string(), kind).unwrap_or_else(|error| panic!("{document}: {error}")))
}

fn context(pairs: &[(String, Vec<String>)]) -> Context {
    let one = |context, (key, values): &(String, Vec<String>)| {
        values.iter().fold(context, |context: Context, value| context.with(key, value.as_str()))
    };
    pairs.iter().fold(Context::new(), one)
}

fn words(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Allowed => ("", "Allow"),
        Decision::Refused(Refusal { policy_type, no_permission_type }) => (policy_type, no_permission_type),
    }
}

#[test]
fn the_engine_agrees_with_an_evaluator_written_apart() {
    let wanted = std::env::var("COFFER_POLICY_CASES").map_or(50_000, |text| text.parse().unwrap());
    let mut cases = cases::Cases::new(SEED);
    let mut tally = std::collections::BTreeMap::new();
    for number in 0..wanted {
        let case = cases.next();
        let identity: Vec<_> = case.identity.iter().map(|document| parsed(document, PolicyKind::Identity)).collect();
        let session = case.session.as_ref().map(|document| parsed(document, PolicyKind::Session));
        let context = context(&case.context);
        let layers =
            Layers { grant: Grant::Nothing, foreign: false, session: session.as_deref(), identity: Some(&identity) };
        let found = words(decide(&layers, case.action, case.resource, &context));
        let expected = naive::decide(&case);
        assert_eq!(found, expected, "case {number} of seed {SEED}: {case:?}");
        // The reasons are reasons: a refusal by a statement names one that denies, a permission one that allows.
        let reasons = matching(&layers, case.action, case.resource, &context);
        match expected.1 {
            "ExplicitDeny" => assert!(reasons.iter().any(|reason| !reason.allow), "case {number}"),
            "Allow" => assert!(reasons.iter().all(|reason| reason.allow) && !reasons.is_empty(), "case {number}"),
            _ => {}
        }
        *tally.entry(expected).or_insert(0_u64) += 1;
    }
    // Every outcome has its share, so that agreement means something.
    assert_eq!(tally.len(), 5, "{tally:?}");
    assert!(tally.values().all(|count| count * 50 > wanted), "{tally:?}");
    eprintln!("{wanted} cases of seed {SEED}: {tally:?}");
}

/// What a policy says, as the table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    NoPolicy,
    Nothing,
    Allow,
    Deny,
    Both,
}

const SAYS: [Says; 5] = [Says::NoPolicy, Says::Nothing, Says::Allow, Says::Deny, Says::Both];

fn policy(says: Says, kind: PolicyKind) -> Option<Arc<Policy>> {
    let statement = |effect, action| json!({"Effect": effect, "Action": action, "Resource": "*"});
    let statements = match says {
        Says::NoPolicy => return None,
        Says::Nothing => json!([statement("Allow", "x:y")]),
        Says::Allow => json!([statement("Allow", "e:*")]),
        Says::Deny => json!([statement("Deny", "e:a")]),
        Says::Both => json!([statement("Allow", "*"), statement("Deny", "e:a")]),
    };
    Some(parsed(&json!({"Version": "1", "Statement": statements}), kind))
}

/// The effect of a kind of policies, by the basic step.
fn effect(says: &[Says]) -> &'static str {
    if says.iter().any(|says| matches!(says, Says::Deny | Says::Both)) {
        "ExplicitDeny"
    } else if says.contains(&Says::Allow) {
        "Allow"
    } else {
        "ImplicitDeny"
    }
}

#[test]
fn every_combination_of_layers_is_decided_as_documented() {
    let mut seen = 0;
    for session in SAYS {
        for user in SAYS {
            for group in SAYS {
                for (grant, foreign) in [Grant::Nothing, Grant::Account, Grant::Direct, Grant::Denied]
                    .into_iter()
                    .flat_map(|grant| [(grant, false), (grant, true)])
                {
                    let session_policy = policy(session, PolicyKind::Session);
                    let identity: Vec<_> =
                        [user, group].into_iter().filter_map(|says| policy(says, PolicyKind::Identity)).collect();
                    let layers =
                        Layers { grant, foreign, session: session_policy.as_deref(), identity: Some(&identity) };
                    let found = words(decide(&layers, "e:a", "*", &Context::new()));
                    // The layers in the order in which they refuse; the first that does gives the answer.
                    let key = match (grant, foreign) {
                        (Grant::Denied, _) => "ExplicitDeny",
                        (Grant::Nothing, true) => "ImplicitDeny",
                        _ => "Allow",
                    };
                    let restricted = if session == Says::NoPolicy { "Allow" } else { effect(&[session]) };
                    let own = match effect(&[user, group]) {
                        "ImplicitDeny" if grant == Grant::Direct && !foreign => "Allow",
                        effect => effect,
                    };
                    let by_layer = [
                        ("ResourceBasedPolicy", key),
                        ("SessionPolicy", restricted),
                        ("AccountLevelIdentityBasedPolicy", own),
                    ];
                    let expected = by_layer.into_iter().find(|(_, effect)| *effect != "Allow").unwrap_or(("", "Allow"));
                    assert_eq!(found, expected, "{session:?} {user:?} {group:?} {grant:?} {foreign}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 5 * 5 * 5 * 8);
}

#[test]
fn the_account_itself_is_refused_by_a_key_policy_alone() {
    for (grant, foreign, expected) in [
        (Grant::Nothing, false, ("", "Allow")),
        (Grant::Denied, false, ("ResourceBasedPolicy", "ExplicitDeny")),
        (Grant::Nothing, true, ("ResourceBasedPolicy", "ImplicitDeny")),
        (Grant::Account, true, ("", "Allow")),
    ] {
        let layers = Layers { grant, foreign, session: None, identity: None };
        assert_eq!(words(decide(&layers, "e:a", "*", &Context::new())), expected);
    }
}

#[test]
fn widening_a_pattern_never_loses_what_it_matched() {
    let mut cases = cases::Cases::new(SEED + 1);
    for _ in 0..2000 {
        let case = cases.next();
        let allows = |pattern: &str| {
            let statement = json!({"Effect": "Allow", "Action": pattern, "Resource": "*"});
            let policy = parsed(&json!({"Version": "1", "Statement": [statement]}), PolicyKind::Identity);
            evaluate([&*policy], case.action, "*", &Context::new()).effect == Effect::Allow
        };
        for place in 0..=case.action.len() {
            let (start, end) = case.action.split_at(place);
            assert!(allows(&format!("{start}*{end}")), "{} at {place}", case.action);
            if !end.is_empty() {
                assert!(allows(&format!("{start}?{}", &end[1..])) && allows(&format!("{start}*")));
            }
        }
    }
}
