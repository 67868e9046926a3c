//! Conditions: `{operator: {key: value or values}}`, and the keys that a request brings.
//!
//! A key that the request does not have makes the condition false, whatever the operator. (The vendor states it for
//! `acs:MFAPresent`; for negative operators it is silent, and one rule in one place can be found and tested.)

use std::cell::OnceCell;
use std::net::IpAddr;

use coffer_base::Timestamp;

use super::glob::{Case, Pattern};

/// What a request brings to conditions: keys and their values. Keys compare without case, but for the tags in them: of two tags that
/// differ in case a condition means the one that is spelled as it spells it.
#[derive(Clone, Debug, Default)]
pub struct Context(Vec<(String, Vec<Given>)>);

/// A value, and what it was read as, once a condition asked: many ask for the same few keys.
#[derive(Clone, Debug)]
struct Given {
    text: String,
    address: OnceCell<Option<IpAddr>>,
    moment: OnceCell<Option<Timestamp>>,
}

impl Given {
    fn address(&self) -> Option<IpAddr> {
        *self.address.get_or_init(|| self.text.parse().ok())
    }

    fn moment(&self) -> Option<Timestamp> {
        *self.moment.get_or_init(|| Timestamp::parse_rfc3339(&self.text))
    }
}

impl Context {
    /// Nothing.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// With one more value of a key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = Given { text: value.into(), address: OnceCell::new(), moment: OnceCell::new() };
        match self.0.iter_mut().find(|(name, _)| is_same(name, key)) {
            Some((_, values)) => values.push(value),
            None => self.0.push((key.to_owned(), vec![value])),
        }
        self
    }

    /// Every key with its values.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.iter().map(|given| given.text.as_str()).collect()))
    }

    /// The values of a key as text; none when the request does not have it.
    pub fn values(&self, key: &str) -> Vec<&str> {
        self.get(key).iter().map(|given| given.text.as_str()).collect()
    }

    /// The values of a key; nothing when the request does not have it.
    fn get(&self, key: &str) -> &[Given] {
        let exact = self.0.iter().find(|(name, _)| is_same(name, key));
        let found = exact.or_else(|| self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)));
        found.map_or(&[], |(_, values)| values)
    }
}

/// Whether two names are of one key: without case, but for what follows a `/`, which is a tag's key.
fn is_same(one: &str, other: &str) -> bool {
    let tag = |name: &str| name.find('/').map(|slash| slash + 1);
    one.eq_ignore_ascii_case(other) && tag(one).is_none_or(|start| one[start..] == other[start..])
}

/// How an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    String,
    StringIgnoreCase,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Ip,
}

/// An order between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds<T: PartialOrd>(self, a: &T, b: &T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
        }
    }
}

/// A value as the document states it, parsed for its operator.
#[derive(Clone, Debug)]
enum Wanted {
    Text(String),
    Pattern(Pattern),
    Number(f64),
    Date(Timestamp),
    Bool(bool),
    Network(Network),
}

/// An address, or a block of addresses.
#[derive(Clone, Copy, Debug)]
struct Network {
    address: IpAddr,
    bits: u8,
}

/// One operator on one key.
#[derive(Clone, Debug)]
pub struct Condition {
    key: String,
    comparison: Comparison,
    /// Whether letters' case counts in patterns.
    case: Case,
    negated: bool,
    quantifier: Quantifier,
    wanted: Vec<Wanted>,
}

/// How many of a request's values must meet a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// All for an Allow, one for a Deny: what a statement says nothing of is neither let in nor let off by what stands beside it.
    Plain,
    /// `ForAnyValue:`, one.
    Any,
    /// `ForAllValues:`, all.
    All,
}

/// Why a condition can't be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadCondition {
    /// There is no such operator.
    Operator,
    /// The value is not of the operator's type.
    Value,
}

impl Condition {
    /// Parses one operator on one key.
    pub fn parse(operator: &str, key: &str, values: &[String]) -> Result<Self, BadCondition> {
        let (quantifier, name) = match operator.split_once(':') {
            None => (Quantifier::Plain, operator),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(_) => return Err(BadCondition::Operator),
        };
        let (comparison, negated) = comparison(name).ok_or(BadCondition::Operator)?;
        let wanted = values.iter().map(|value| parse_value(comparison, value)).collect::<Option<Vec<_>>>();
        let wanted = wanted.filter(|wanted| !wanted.is_empty()).ok_or(BadCondition::Value)?;
        let condition = Self { key: key.to_owned(), comparison, case: Case::Counts, negated, quantifier, wanted };
        Ok(if key.eq_ignore_ascii_case("acs:PrincipalARN") { condition.of_principals() } else { condition })
    }

    /// The same about ARNs of RAM: names of users and roles compare without case, and a `*` for the region, as RAM writes its resources,
    /// means what identities have there, nothing. (In a pattern it does anyway.)
    fn of_principals(mut self) -> Self {
        if self.comparison == Comparison::String {
            self.comparison = Comparison::StringIgnoreCase;
        }
        self.case = Case::Ignored;
        for wanted in &mut self.wanted {
            if let Wanted::Text(text) = wanted
                && let Some(rest) = text.strip_prefix("acs:ram:*:")
            {
                *text = ["acs:ram::", rest].concat();
            }
        }
        self
    }

    /// Whether a request meets it, in a statement that allows or in one that denies. Any wanted value will do; a negative operator must
    /// differ from all of them.
    pub fn holds(&self, context: &Context, allow: bool) -> bool {
        let given = context.get(&self.key);
        if given.is_empty() {
            return false;
        }
        let meets = |value: &Given| self.wanted.iter().any(|wanted| self.matches(value, wanted)) != self.negated;
        let all = match self.quantifier {
            Quantifier::All => true,
            Quantifier::Any => false,
            Quantifier::Plain => allow,
        };
        if all { given.iter().all(meets) } else { given.iter().any(meets) }
    }

    /// The key it asks for.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it asks for a tag of the resource, which is looked up for those that do only.
    pub fn asks_for_tags(&self) -> bool {
        let starts =
            |prefix: &str| self.key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        ["acs:ResourceTag/", "ecs:tag/", "kms:tag/", "ram:tag/"].into_iter().any(starts)
    }

    fn matches(&self, value: &Given, wanted: &Wanted) -> bool {
        let given = value.text.as_str();
        match (self.comparison, wanted) {
            (Comparison::String, Wanted::Text(text)) => given == text,
            (Comparison::StringIgnoreCase, Wanted::Text(text)) => given.eq_ignore_ascii_case(text),
            (Comparison::Like, Wanted::Pattern(pattern)) => pattern.matches(given, self.case),
            (Comparison::Number(order), Wanted::Number(n)) => {
                given.parse::<f64>().is_ok_and(|given| order.holds(&given, n))
            }
            (Comparison::Date(order), Wanted::Date(moment)) => {
                value.moment().is_some_and(|given| order.holds(&given, moment))
            }
            (Comparison::Bool, Wanted::Bool(yes)) => given.eq_ignore_ascii_case(if *yes { "true" } else { "false" }),
            (Comparison::Ip, Wanted::Network(network)) => value.address().is_some_and(|address| network.holds(address)),
            _ => false,
        }
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    use Comparison::{Bool, Date, Ip, Like, Number, String, StringIgnoreCase};
    let ordered = |order: &str| {
        Some(match order {
            "Equals" => (Order::Equal, false),
            "NotEquals" => (Order::Equal, true),
            "LessThan" => (Order::Less, false),
            "LessThanEquals" => (Order::LessOrEqual, false),
            "GreaterThan" => (Order::Greater, false),
            "GreaterThanEquals" => (Order::GreaterOrEqual, false),
            _ => return None,
        })
    };
    Some(match name {
        "StringEquals" => (String, false),
        "StringNotEquals" => (String, true),
        "StringEqualsIgnoreCase" => (StringIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (StringIgnoreCase, true),
        "StringLike" => (Like, false),
        "StringNotLike" => (Like, true),
        "Bool" => (Bool, false),
        "IpAddress" | "IpAddressIncludeBorder" => (Ip, false),
        "NotIpAddress" | "NotIpAddressIncludeBorder" => (Ip, true),
        _ => {
            if let Some((order, negated)) = name.strip_prefix("Numeric").and_then(ordered) {
                (Number(order), negated)
            } else {
                let (order, negated) = name.strip_prefix("Date").and_then(ordered)?;
                (Date(order), negated)
            }
        }
    })
}

fn parse_value(comparison: Comparison, text: &str) -> Option<Wanted> {
    Some(match comparison {
        Comparison::String | Comparison::StringIgnoreCase => Wanted::Text(text.to_owned()),
        Comparison::Like => Wanted::Pattern(Pattern::new(text)),
        Comparison::Number(_) => Wanted::Number(text.parse().ok().filter(|n: &f64| n.is_finite())?),
        Comparison::Date(_) => Wanted::Date(Timestamp::parse_rfc3339(text)?),
        Comparison::Bool if text.eq_ignore_ascii_case("true") => Wanted::Bool(true),
        Comparison::Bool if text.eq_ignore_ascii_case("false") => Wanted::Bool(false),
        Comparison::Bool => return None,
        Comparison::Ip => Wanted::Network(Network::parse(text)?),
    })
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(self, address: IpAddr) -> bool {
        let (a, b, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            _ => return false,
        };
        // Shifting by the whole width is no shift Rust allows; a block of no bits holds everything.
        let shift = width - u32::from(self.bits);
        a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
    }
}
