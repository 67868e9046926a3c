//! Every parameter of every operation, left out or sent with what it can't be. The answer is an error of the caller's that the
//! operation declares (or the product's general one for parameters), never a failure of the server, and nothing is changed.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{ErrorCode, limits};
use coffer_cloud::{Entry, ParameterFact, Product, operations};
use serde_json::Value;
use support::{Pairs, World};

/// Calls `check` with each parameter, and its operation.
fn each(mut check: impl FnMut(&Entry, ParameterFact)) {
    let mut seen = 0;
    for entry in Product::ALL.iter().flat_map(|product| operations(*product)) {
        for fact in (entry.parameters)() {
            check(entry, fact);
            seen += 1;
        }
    }
    assert!(seen >= 140, "{seen} parameters");
}

/// The answer to the operation's sample after `change`. Unless it succeeds, it is in order as the head of this file says.
fn answer(entry: &Entry, change: impl FnOnce(&mut Pairs)) -> (u16, Value) {
    let (world, product, action) = (World::new(), entry.product, entry.operation.name);
    let mut parameters = world.sample(product, action);
    change(&mut parameters);
    let sender = world.sender(action);
    let before = world.state();
    let (status, body) = world.send(world.request(&sender, product, action, &parameters));
    if status != 200 {
        let sent = || format!("{action} {:.200}: {status} {body:.500}", format!("{parameters:?}"));
        assert!((400..500).contains(&status), "{}", sent());
        assert!(may_answer(entry, &body["Code"]), "{} is not declared", sent());
        assert!(before == world.state(), "{} changes something", sent());
    }
    (status, body)
}

/// Whether the operation may answer with a code: it declares it, or the code is the product's general one for a bad parameter.
fn may_answer(entry: &Entry, code: &Value) -> bool {
    let general = [
        entry.product.missing_parameter("Name").code(),
        entry.product.invalid_parameter("Name").code(),
        ErrorCode::Unparsable,
    ];
    let declared = entry.operation.errors.iter().copied().flatten();
    declared.chain(&general).any(|ours| match ours.template().0.split_once("{0}") {
        Some((before, after)) => code.as_str().is_some_and(|code| code.starts_with(before) && code.ends_with(after)),
        None => code == ours.template().0,
    })
}

/// Sets a parameter.
fn set(parameters: &mut Pairs, name: &str, value: &str) {
    parameters.retain(|(known, _)| known != name);
    parameters.push((name.to_owned(), value.to_owned()));
}

#[test]
fn a_sample_succeeds_as_it_is() {
    for entry in Product::ALL.iter().flat_map(|product| operations(*product)) {
        let (status, body) = answer(entry, |_| {});
        assert_eq!(status, 200, "{}: {body}", entry.operation.name);
    }
}

#[test]
fn a_required_parameter_that_is_missing_or_empty_is_named() {
    each(|entry, fact| {
        if fact.required {
            let expected = entry.product.missing_parameter(fact.name);
            let element = format!("{}.", fact.name);
            let mut answers = vec![answer(entry, |sample| {
                sample.retain(|(name, _)| name != fact.name && !name.starts_with(&element));
            })];
            if fact.may_be_empty {
                assert_eq!(answer(entry, |sample| set(sample, fact.name, "")).0, 200, "{}", entry.operation.name);
            } else if fact.kind != "RepeatList" {
                answers.push(answer(entry, |sample| set(sample, fact.name, "")));
            }
            for (status, body) in answers {
                // Some operations document a code of their own for it.
                if body["Code"] != *expected.code_text() && may_answer(entry, &body["Code"]) {
                    let code = body["Code"].as_str().unwrap();
                    assert!(code.starts_with("MissingParam") || code.starts_with("Invalid.Param"), "{body}");
                    continue;
                }
                assert_eq!(status, expected.status(), "{} {}: {body}", entry.operation.name, fact.name);
                assert_eq!(body["Code"], *expected.code_text(), "{}", entry.operation.name);
                assert_eq!(body["Message"], *expected.message(), "{}", entry.operation.name);
            }
        }
    });
}

#[test]
fn an_optional_parameter_that_is_empty_counts_as_absent() {
    each(|entry, fact| {
        if !fact.required {
            let absent = answer(entry, |sample| sample.retain(|(name, _)| name != fact.name));
            let empty = answer(entry, |sample| set(sample, fact.name, ""));
            let differ = |name: &str| absent.1.get(name) != empty.1.get(name);
            assert!(absent.0 == empty.0 && !differ("Code"), "{} {}: {}", entry.operation.name, fact.name, empty.1);
        }
    });
}

#[test]
fn what_is_no_whole_number_is_no_integer() {
    each(|entry, fact| {
        if matches!(fact.kind, "Integer" | "Long") {
            for text in
                ["ten", "+5", "1.5", "1e3", "0x10", " 7", "7 ", "٣", "9223372036854775808", "99999999999999999999999"]
            {
                let (status, body) = answer(entry, |sample| set(sample, fact.name, text));
                assert_ne!(status, 200, "{} {}={text}: {body}", entry.operation.name, fact.name);
            }
            // Numbers at the edges of what fits into one: in range or not, the server has to stand them.
            for text in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
                answer(entry, |sample| set(sample, fact.name, text));
            }
        }
    });
}

#[test]
fn a_word_is_no_boolean() {
    each(|entry, fact| {
        if fact.kind == "Boolean" {
            for text in ["maybe", "yes", "1", "0", "true false"] {
                let (status, body) = answer(entry, |sample| set(sample, fact.name, text));
                assert_ne!(status, 200, "{} {}={text}: {body}", entry.operation.name, fact.name);
            }
        }
    });
}

#[test]
fn any_text_is_answered() {
    let long = "x".repeat(limits::PARAMETER_VALUE_BYTES);
    let deep = "[".repeat(10_000);
    let digits = "9".repeat(5_000);
    let texts = [
        &long,
        &deep,
        &digits,
        "%",
        "{\"",
        "[1]",
        "null",
        "'; DROP TABLE disks; --",
        "\u{7f}\n\r\t",
        "\u{10ffff}é漢",
        "*",
        "../..",
    ];
    each(|entry, fact| {
        for text in texts {
            answer(entry, |sample| set(sample, fact.name, text));
        }
    });
}

#[test]
fn a_text_beyond_the_limit_is_refused() {
    let longer = "x".repeat(limits::PARAMETER_VALUE_BYTES + 1);
    each(|entry, fact| {
        let (status, body) = answer(entry, |sample| set(sample, fact.name, &longer));
        assert_eq!((status, body["Code"].as_str()), (400, Some("ParseRequestParameterException")), "{}", fact.name);
    });
}

#[test]
fn a_list_has_indices_from_one_and_an_end() {
    each(|entry, fact| {
        if fact.kind == "RepeatList" {
            let member = fact.members.first().map(|member| format!(".{member}")).unwrap_or_default();
            let element = |index: &str| (format!("{}.{index}{member}", fact.name), "x".to_owned());
            for index in ["0", "-1", "x", "", "01", "+1", "01x", "100001", "4294967296", "18446744073709551616"] {
                let (status, body) = answer(entry, |sample| sample.push(element(index)));
                assert_ne!(status, 200, "{} {}.{index}: {body}", entry.operation.name, fact.name);
            }
            let many = (1..=900).map(|index| element(&index.to_string()));
            let (status, body) = answer(entry, |sample| sample.extend(many));
            assert_ne!(status, 200, "{} {}: {body}", entry.operation.name, fact.name);
        }
    });
}
