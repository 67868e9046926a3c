//! The flat parameters of a request: the query, and the body where it holds parameters, decoded.

use coffer_base::{ApiError, ErrorCode, limits};

use crate::exchange::Incoming;

/// Decoded parameters. Names are unique; for one that is in the query and in the body the body counts.
#[derive(Debug, Default)]
pub struct Parameters {
    /// By name, in byte order.
    merged: Vec<(String, String)>,
    /// What the query alone holds, by name: V3 signs these apart from the body.
    query: Option<Vec<(String, String)>>,
    /// Whether the body was JSON, which V1 signatures do not cover.
    json_body: bool,
}

impl Parameters {
    /// Decodes the parameters of a request. Anything that is not well-formed is refused.
    pub fn parse(incoming: &Incoming) -> Result<Self, ApiError> {
        let query = decode_form(incoming.query.as_bytes())?;
        let (body, json_body) = match body_kind(incoming)? {
            BodyKind::None => (Vec::new(), false),
            BodyKind::Form => (decode_form(&incoming.body)?, false),
            BodyKind::Json => (decode_json(&incoming.body)?, true),
        };
        if body.is_empty() {
            return Ok(Self { merged: query, query: None, json_body });
        }
        let merged = merge(&query, body)?;
        Ok(Self { merged, query: Some(query), json_body })
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let place = self.merged.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&self.merged[place].1)
    }

    /// Every parameter, in byte order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.merged.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameters whose names begin with `prefix`, in byte order of the names.
    pub fn starting_with(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let first = self.merged.partition_point(|(name, _)| name.as_str() < prefix);
        self.merged[first..]
            .iter()
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameters of the query alone, in byte order of the names.
    pub fn query(&self) -> &[(String, String)] {
        self.query.as_ref().unwrap_or(&self.merged)
    }

    /// Whether the body was a JSON object.
    pub const fn has_json_body(&self) -> bool {
        self.json_body
    }
}

enum BodyKind {
    /// There is none, or it holds bytes that are no parameters.
    None,
    Form,
    Json,
}

fn body_kind(incoming: &Incoming) -> Result<BodyKind, ApiError> {
    if incoming.body.is_empty() {
        return Ok(BodyKind::None);
    }
    let content_type = incoming.header("content-type").unwrap_or("application/octet-stream");
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" => Ok(BodyKind::Form),
        "application/json" => Ok(BodyKind::Json),
        "application/octet-stream" => Ok(BodyKind::None),
        _ => Err(ErrorCode::UnsupportedContentType.into()),
    }
}

fn unparsable() -> ApiError {
    ErrorCode::Unparsable.into()
}

/// `name=value&…`, percent-encoded, a blank as `+` or `%20`; sorted by name.
fn decode_form(text: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs = Vec::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() >= limits::PARAMETERS {
            return Err(unparsable());
        }
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = equals.map_or((pair, &b""[..]), |place| (&pair[..place], &pair[place + 1..]));
        pairs.push((decode_percent(name)?, decode_percent(value)?));
    }
    sorted(pairs)
}

/// Sorts by name and checks what every source must keep to: limits, no empty name, no name twice.
fn sorted(mut pairs: Vec<(String, String)>) -> Result<Vec<(String, String)>, ApiError> {
    pairs.sort_unstable();
    let fits = |(name, value): &(String, String)| {
        !name.is_empty()
            && name.len() <= limits::PARAMETER_NAME_BYTES
            && value.len() <= limits::PARAMETER_VALUE_BYTES
            && !name.contains('\0')
            && !value.contains('\0')
    };
    let twice = pairs.windows(2).any(|pair| pair[0].0 == pair[1].0);
    if twice || pairs.len() > limits::PARAMETERS || !pairs.iter().all(fits) {
        return Err(unparsable());
    }
    Ok(pairs)
}

fn decode_percent(text: &[u8]) -> Result<String, ApiError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let value = digit().zip(digit()).ok_or_else(unparsable)?;
                u8::try_from(value.0 * 16 + value.1).map_err(|_| unparsable())?
            }
            byte => *byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| unparsable())
}

/// The members of a JSON object: texts as they are, numbers and truth values as JSON writes them, lists and objects as compact JSON.
fn decode_json(body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    if json_depth(body) > limits::JSON_DEPTH {
        return Err(unparsable());
    }
    let members: Members = serde_json::from_slice(body).map_err(|_| unparsable())?;
    sorted(members.0)
}

/// How deep brackets nest, without regard to anything else: an upper bound that costs one pass.
fn json_depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// An object's members in order, a name possibly twice.
struct Members(Vec<(String, String)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> serde::de::Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    let text = match value {
                        serde_json::Value::String(text) => text,
                        serde_json::Value::Null => continue,
                        other => other.to_string(),
                    };
                    members.push((name, text));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn merge(query: &[(String, String)], body: Vec<(String, String)>) -> Result<Vec<(String, String)>, ApiError> {
    let mut merged = body;
    let own = merged.len();
    for pair in query {
        if merged[..own].binary_search_by(|(name, _)| name.cmp(&pair.0)).is_err() {
            merged.push(pair.clone());
        }
    }
    sorted(merged)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exchange::Method;

    fn incoming(query: &str, content_type: Option<&str>, body: &[u8]) -> Incoming {
        Incoming {
            method: Method::Post,
            path: "/".to_owned(),
            query: query.to_owned(),
            headers: content_type.map(|text| ("content-type".to_owned(), text.to_owned())).into_iter().collect(),
            body: body.to_vec(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            tls: false,
        }
    }

    fn parse(query: &str) -> Option<Vec<(String, String)>> {
        Parameters::parse(&incoming(query, None, b"")).ok().map(|parameters| parameters.merged)
    }

    #[test]
    fn both_ways_to_write_a_blank_are_read_and_reserved_characters_may_stand_bare() {
        let parameters = Parameters::parse(&incoming("a=1+2%203&b=!'()*~%2a&c&d=", None, b"")).unwrap();
        assert_eq!(parameters.get("a"), Some("1 2 3"));
        assert_eq!(parameters.get("b"), Some("!'()*~*"));
        assert_eq!((parameters.get("c"), parameters.get("d"), parameters.get("e")), (Some(""), Some(""), None));
    }

    #[test]
    fn the_body_counts_before_the_query() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let parameters = Parameters::parse(&incoming("a=query&b=query", Some(form), b"a=body&c=body")).unwrap();
        let all: Vec<_> = parameters.iter().collect();
        assert_eq!(all, [("a", "body"), ("b", "query"), ("c", "body")]);
        assert_eq!(parameters.query().len(), 2);
    }

    #[test]
    fn a_json_body_gives_its_members() {
        let body = br#"{"Text":"t","Number":5,"Yes":true,"List":["a",1],"Nothing":null}"#;
        let parameters = Parameters::parse(&incoming("", Some("application/json; charset=utf-8"), body)).unwrap();
        assert_eq!(parameters.get("Number"), Some("5"));
        assert_eq!(parameters.get("List"), Some(r#"["a",1]"#));
        assert_eq!(parameters.get("Nothing"), None);
        assert!(parameters.has_json_body());
    }

    #[test]
    fn names_with_a_prefix_are_found_together() {
        let parameters = Parameters::parse(&incoming("Tag.1.Key=a&Tag.2.Key=b&TagX=c&Ta=d", None, b"")).unwrap();
        assert_eq!(parameters.starting_with("Tag.").count(), 2);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for query in ["a=%", "a=%4", "a=%zz", "a=%ff", "=1", "a=1&a=2", "a=%00", "a%00=1"] {
            assert_eq!(parse(query), None, "{query}");
        }
        assert_eq!(parse(&format!("{}=1", "n".repeat(limits::PARAMETER_NAME_BYTES + 1))), None);
        assert_eq!(parse(&format!("a={}", "v".repeat(limits::PARAMETER_VALUE_BYTES + 1))), None);
        let many: Vec<String> = (0..=limits::PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(parse(&many.join("&")), None);
        for (kind, body) in [
            ("application/json", &b"[1]"[..]),
            ("application/json", br#"{"a":1,"a":2}"#),
            ("application/json", b"{"),
            ("application/x-www-form-urlencoded", b"a=\xff"),
            ("text/plain", b"a=1"),
        ] {
            assert!(Parameters::parse(&incoming("", Some(kind), body)).is_err(), "{kind}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Parameters::parse(&incoming("", Some("application/json"), deep.as_bytes())).is_err());
    }

    #[test]
    fn bytes_that_are_no_parameters_are_left_alone() {
        for kind in [None, Some("application/octet-stream")] {
            assert_eq!(Parameters::parse(&incoming("a=1", kind, b"\xff\xfe")).unwrap().iter().count(), 1);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(query in ".{0,200}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for kind in ["application/json", "application/x-www-form-urlencoded", "x"] {
                let _outcome = Parameters::parse(&incoming(&query, Some(kind), &body));
            }
        }
    }
}
