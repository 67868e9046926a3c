//! The same rules without any of the engine's structures: JSON, recursion and text.

use std::net::IpAddr;

use serde_json::Value;

use crate::cases::Case;

pub(crate) fn decide(case: &Case) -> (&'static str, &'static str) {
    if let Some(session) = &case.session {
        let said = basic_step(case, std::slice::from_ref(session));
        if said != "Allow" {
            return ("SessionPolicy", said);
        }
    }
    match basic_step(case, &case.identity) {
        "Allow" => ("", "Allow"),
        said => ("AccountLevelIdentityBasedPolicy", said),
    }
}

fn basic_step(case: &Case, documents: &[Value]) -> &'static str {
    let statements = documents.iter().flat_map(|document| document["Statement"].as_array().unwrap());
    let matching: Vec<&Value> = statements.filter(|statement| matches(case, statement)).collect();
    let says = |effect: &str| matching.iter().any(|statement| statement["Effect"] == effect);
    match (says("Deny"), says("Allow")) {
        (true, _) => "ExplicitDeny",
        (false, true) => "Allow",
        (false, false) => "ImplicitDeny",
    }
}

fn matches(case: &Case, statement: &Value) -> bool {
    let element = |name: &str, about: &dyn Fn(&str) -> bool| {
        let negated = &statement[format!("Not{name}")];
        if negated.is_null() {
            texts(&statement[name]).iter().any(|t| about(t))
        } else {
            !texts(negated).iter().any(|t| about(t))
        }
    };
    let action = |pattern: &str| like(&pattern.to_lowercase(), &case.action.to_lowercase());
    let resource = |pattern: &str| match case.resource.strip_prefix("acs:ram:*:") {
        Some(rest) => ["acs:ram:*:", "acs:ram::"]
            .iter()
            .any(|start| like(&pattern.to_lowercase(), &format!("{start}{rest}").to_lowercase())),
        None => like(pattern, case.resource),
    };
    element("Action", &action) && element("Resource", &resource) && conditions(case, statement)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        text => vec![text.as_str().unwrap().to_owned()],
    }
}

fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match (first, text.chars().next()) {
        ('*', None) => like(rest, text),
        ('*', Some(c)) => like(rest, text) || like(pattern, &text[c.len_utf8()..]),
        (_, None) => false,
        (p, Some(c)) => (p == '?' || p == c) && like(rest, &text[c.len_utf8()..]),
    }
}

fn conditions(case: &Case, statement: &Value) -> bool {
    let Some(operators) = statement["Condition"].as_object() else { return true };
    let denies = statement["Effect"] == "Deny";
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let known = case.context.iter().find(|(name, _)| name.to_lowercase() == key.to_lowercase());
            known.is_some_and(|(_, given)| condition(operator, given, &texts(values), denies))
        })
    })
}

fn condition(operator: &str, given: &[String], wanted: &[String], denies: bool) -> bool {
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let positive = operator.replace("Not", "");
    let negative = positive != operator;
    // A list of wanted values means any of them; a negative operator means none of them.
    let meets = |value: &String| wanted.iter().any(|wanted| compare(&positive, value, wanted)) != negative;
    match set {
        "ForAllValues" => given.iter().all(meets),
        "ForAnyValue" => given.iter().any(meets),
        // What grants less: one value that meets it denies, one that does not is not allowed.
        _ if denies => given.iter().any(meets),
        _ => given.iter().all(meets),
    }
}

fn compare(operator: &str, given: &str, wanted: &str) -> bool {
    match operator {
        "StringEquals" => given == wanted,
        "StringEqualsIgnoreCase" | "Bool" => given.to_lowercase() == wanted.to_lowercase(),
        "StringLike" => like(wanted, given),
        "IpAddress" | "IpAddressIncludeBorder" => within(given, wanted),
        _ => {
            let (kind, order) = if let Some(order) = operator.strip_prefix("Numeric") {
                (given.parse::<f64>().ok().zip(wanted.parse::<f64>().ok()), order)
            } else {
                (seconds(given).zip(seconds(wanted)), operator.strip_prefix("Date").unwrap())
            };
            kind.is_some_and(|(given, wanted)| match order {
                "Equals" => (given - wanted).abs() < 1e-9,
                "LessThan" => given < wanted,
                "LessThanEquals" => given <= wanted,
                "GreaterThan" => given > wanted,
                "GreaterThanEquals" => given >= wanted,
                other => panic!("{other}"),
            })
        }
    }
}

/// Whether an address is in a network, bit by bit as text.
fn within(address: &str, network: &str) -> bool {
    let bits = |text: &str| -> Option<String> {
        Some(match text.parse().ok()? {
            IpAddr::V4(address) => {
                address.octets().iter().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat()
            }
            IpAddr::V6(address) => {
                address.octets().iter().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat()
            }
        })
    };
    let (start, length) = network.split_once('/').unwrap_or((network, ""));
    let (Some(address), Some(start)) = (bits(address), bits(start)) else { return false };
    let length = length.parse().unwrap_or(start.len());
    address.len() == start.len() && address[..length] == start[..length]
}

/// Seconds since the beginning of 2026, for the moments that the cases have.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn seconds(text: &str) -> Option<f64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let days_before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][usize::try_from(month - 1).ok()?];
    let days = (year - 2026) * 365 + days_before + day - 1;
    let local = days * 86_400 + number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    let offset = if text.ends_with('Z') { 0 } else { number(20..22)? * 3600 };
    Some((local - offset) as f64)
}
