//! Generated policies, and questions about them.

use coffer_base::{Rng, SeededRng};
use serde_json::{Map, Value, json};

/// A question, and the policies that answer it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) identity: Vec<Value>,
    pub(crate) session: Option<Value>,
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) context: Vec<(String, Vec<String>)>,
}

pub(crate) struct Cases(SeededRng);

const ACTIONS: [&str; 6] = ["ecs:CreateDisk", "ecs:DescribeDisks", "kms:Encrypt", "kms:Decrypt", "ram:GetRole", "e:a"];
const RESOURCES: [&str; 6] = [
    "acs:ecs:cn-hangzhou:1:disk/d-1",
    "acs:ecs:cn-beijing:1:disk/d-2",
    "acs:kms:cn-hangzhou:1:key/k",
    "acs:ram:*:1:role/Admin",
    "r:d/1",
    "*",
];
const ACTION_PATTERNS: [&str; 12] = [
    "*",
    "ecs:*",
    "ECS:createdisk",
    "ecs:*Disk",
    "ecs:*Disk*",
    "kms:?ecrypt",
    "kms:*crypt",
    "*:*",
    "ram:Get*",
    "e:?",
    "e:a*",
    "ecs:Create",
];
const RESOURCE_PATTERNS: [&str; 14] = [
    "*",
    "acs:ecs:*:*:disk/*",
    "acs:ecs:*:1:disk/d-1",
    "acs:ecs:cn-?????*:1:disk/d-?",
    "acs:*",
    "acs:kms:*:*:key*",
    "acs:kms:*:2:key/*",
    "acs:ram:*:1:role/admin",
    "acs:ram::1:role/ADMIN",
    "acs:ram:*:1:role/a*",
    "r:?/1",
    "r:**1",
    "r:*2",
    "ACS:ECS:*",
];
const OPERATORS: [&str; 30] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "IpAddress",
    "NotIpAddress",
    "IpAddressIncludeBorder",
    "NotIpAddressIncludeBorder",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringEquals",
    "ForAllValues:StringNotEquals",
    "ForAnyValue:StringNotEquals",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotLike",
    "ForAllValues:NumericLessThan",
];
const KEYS: [&str; 5] = ["acs:SourceIp", "team", "acs:CurrentTime", "Number", "missing"];
const WORDS: [&str; 7] = ["a", "A", "b", "ab", "b*", "?", "a?"];
const NUMBERS: [&str; 5] = ["1", "1.0", "2", "-3", "2.5"];
const DATES: [&str; 5] = [
    "2026-06-01T00:00:00Z",
    "2026-06-01T08:00:00+08:00",
    "2026-05-31T23:59:59Z",
    "2027-01-01T00:00:00Z",
    "2026-06-01T00:00:01Z",
];
const NETWORKS: [&str; 7] =
    ["10.0.0.0/8", "10.1.2.3", "10.1.2.4/31", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::1"];
const ADDRESSES: [&str; 6] = ["10.1.2.3", "10.1.2.4", "10.1.2.5", "11.0.0.0", "2001:db8::1", "2001:db9::"];

impl Cases {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % bound
    }

    fn one(&self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    /// One text, or a list of up to three.
    fn some(&self, of: &[&'static str]) -> Value {
        match self.below(3) {
            0 => json!(self.one(of)),
            count => (0..=count).map(|_| self.one(of)).collect(),
        }
    }

    pub(crate) fn next(&mut self) -> Case {
        let identity = (0..self.below(4)).map(|_| self.document()).collect();
        let session = (self.below(3) == 0).then(|| self.document());
        let (action, resource) = (self.one(&ACTIONS), self.one(&RESOURCES));
        Case { identity, session, action, resource, context: self.context() }
    }

    fn context(&self) -> Vec<(String, Vec<String>)> {
        let mut context = Vec::new();
        for (key, of) in
            [("acs:sourceip", &ADDRESSES[..]), ("Team", &WORDS[..5]), ("acs:CurrentTime", &DATES), ("number", &NUMBERS)]
        {
            if self.below(8) > 0 {
                let count = if key == "Team" { 1 + self.below(2) } else { 1 };
                context.push((key.to_owned(), (0..count).map(|_| self.one(of).to_owned()).collect()));
            }
        }
        context
    }

    fn document(&self) -> Value {
        let statements: Vec<Value> = (0..=self.below(3)).map(|_| self.statement()).collect();
        json!({"Version": "1", "Statement": statements})
    }

    fn statement(&self) -> Value {
        let mut statement = Map::new();
        statement.insert("Effect".to_owned(), json!(if self.below(3) > 0 { "Allow" } else { "Deny" }));
        let element = |name: &str| if self.below(6) == 0 { format!("Not{name}") } else { name.to_owned() };
        statement.insert(element("Action"), self.some(&ACTION_PATTERNS));
        statement.insert(element("Resource"), self.some(&RESOURCE_PATTERNS));
        if self.below(3) == 0 {
            let mut operators = Map::new();
            for _ in 0..=self.below(2) {
                let operator = self.one(&OPERATORS);
                let keys = (0..=self.below(2)).map(|_| (self.one(&KEYS).to_owned(), self.values(operator)));
                operators.insert(operator.to_owned(), Value::Object(keys.collect()));
            }
            statement.insert("Condition".to_owned(), Value::Object(operators));
        }
        Value::Object(statement)
    }

    fn values(&self, operator: &str) -> Value {
        self.some(match operator {
            "Bool" => &["true", "false"],
            _ if operator.contains("Numeric") => &NUMBERS,
            _ if operator.contains("Date") => &DATES,
            _ if operator.contains("Ip") => &NETWORKS,
            _ => &WORDS,
        })
    }
}
