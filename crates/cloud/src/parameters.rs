//! The flat, decoded parameters of a request: query and body, the body's value winning where both name the same.
//!
//! Form decoding follows the URL standard's `application/x-www-form-urlencoded` (`+` is a space, `%XX` in either case, anything
//! else stands for itself), strictly: a stray `%`, bytes that are not UTF-8, NUL and a name given twice are refused.

use std::fmt;
use std::ops::Range;

use coffer_base::{ApiError, ErrorCode, limits};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Incoming;

/// The decoded parameters, sorted by name. All text lies in one buffer, so a request costs two allocations however many it has.
#[derive(Clone)]
pub struct Parameters {
    text: String,
    entries: Vec<Entry>,
    body: Body,
}

/// What the body of a request is to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    Empty,
    /// `application/x-www-form-urlencoded`, decoded into the parameters.
    Form,
    /// A JSON object, its members merged into the parameters.
    Json,
    /// Bytes that are no parameters: `application/octet-stream`, or no content type at all.
    Opaque,
}

/// One name and value in `text`, adjacent: the name first.
#[derive(Clone)]
struct Entry {
    start: usize,
    name_end: usize,
    value_end: usize,
    source: Source,
    /// The body gives this query parameter another value.
    shadowed: bool,
}

/// Ordered so that of two entries of one name the one that counts comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Body,
    Query,
}

impl Parameters {
    /// Decodes the query and, as its content type says, the body.
    ///
    /// Members of a JSON object become parameters: strings as they are, numbers and booleans as written, objects and arrays as
    /// compact JSON text, `null` as absent.
    ///
    /// # Errors
    /// `UnsupportedContentType` for a body of any other type; `Unparsable` for what cannot be decoded, a name given twice in one
    /// source, and anything beyond `limits::PARAMETERS`, `PARAMETER_NAME_BYTES`, `PARAMETER_VALUE_BYTES` and `JSON_DEPTH`.
    pub fn parse(request: &Incoming) -> Result<Self, ApiError> {
        let body = classify(request)?;
        let mut reader = Reader {
            text: Vec::with_capacity(request.query.len() + request.body.len()),
            entries: Vec::with_capacity(24),
        };
        reader.form(request.query.as_bytes(), Source::Query)?;
        match body {
            Body::Form => reader.form(&request.body, Source::Body)?,
            Body::Json => reader.json(&request.body)?,
            Body::Empty | Body::Opaque => {}
        }
        Ok(reader.finish(body)?)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.entries.partition_point(|entry| self.name(entry) < name);
        let entry = self.entries.get(at)?;
        (self.name(entry) == name).then(|| self.value(entry))
    }

    /// Every name and value, in byte order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.effective(&self.entries)
    }

    /// The names that begin with `prefix` and their values, in byte order of names.
    pub fn starting_with<'a>(&'a self, prefix: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let start = self.entries.partition_point(|entry| self.name(entry) < prefix);
        let rest = &self.entries[start..];
        let length = rest.partition_point(|entry| self.name(entry).starts_with(prefix));
        self.effective(&rest[..length])
    }

    /// The names and values of the query alone, in byte order of names: what V3 and V4 sign, next to the body's hash.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter(|entry| entry.source == Source::Query)
            .map(|entry| (self.name(entry), self.value(entry)))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no parameter at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the body was.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// Forgets the parameters whose value is empty, for a signature that does not cover them
    /// (see [`Coverage`](crate::auth::signature::Coverage)).
    pub fn drop_empty(&mut self) {
        self.entries.retain(|entry| !entry.shadowed && entry.name_end != entry.value_end);
    }

    fn effective<'a>(&'a self, entries: &'a [Entry]) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        entries.iter().filter(|entry| !entry.shadowed).map(|entry| (self.name(entry), self.value(entry)))
    }

    fn name(&self, entry: &Entry) -> &str {
        &self.text[entry.start..entry.name_end]
    }

    fn value(&self, entry: &Entry) -> &str {
        &self.text[entry.name_end..entry.value_end]
    }
}

/// Names only: values may be secrets, such as a plaintext to encrypt.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

fn classify(request: &Incoming) -> Result<Body, ErrorCode> {
    if request.body.is_empty() {
        return Ok(Body::Empty);
    }
    let Some(content_type) = request.header("content-type") else { return Ok(Body::Opaque) };
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    [
        ("application/x-www-form-urlencoded", Body::Form),
        ("application/json", Body::Json),
        ("application/octet-stream", Body::Opaque),
    ]
    .into_iter()
    .find_map(|(name, body)| media_type.eq_ignore_ascii_case(name).then_some(body))
    .ok_or(ErrorCode::UnsupportedContentType)
}

/// Collects decoded bytes; they become text, and names are ordered, once at the end.
struct Reader {
    text: Vec<u8>,
    entries: Vec<Entry>,
}

impl Reader {
    fn form(&mut self, encoded: &[u8], source: Source) -> Result<(), ErrorCode> {
        for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let start = self.text.len();
            decode_form(&pair[..equals], &mut self.text)?;
            let name_end = self.text.len();
            decode_form(pair.get(equals + 1..).unwrap_or_default(), &mut self.text)?;
            self.push(start, name_end, source)?;
        }
        Ok(())
    }

    fn json(&mut self, body: &[u8]) -> Result<(), ErrorCode> {
        let text = std::str::from_utf8(body).map_err(|_| ErrorCode::Unparsable)?;
        for (name, value) in members(text).map_err(|_| ErrorCode::Unparsable)? {
            if value.get() == "null" {
                continue;
            }
            let start = self.text.len();
            self.text.extend_from_slice(name.as_bytes());
            let name_end = self.text.len();
            self.json_value(value.get())?;
            self.push(start, name_end, Source::Body)?;
        }
        Ok(())
    }

    fn json_value(&mut self, value: &str) -> Result<(), ErrorCode> {
        match value.as_bytes().first() {
            Some(b'"') => {
                let string: String = serde_json::from_str(value).map_err(|_| ErrorCode::Unparsable)?;
                self.text.extend_from_slice(string.as_bytes());
                Ok(())
            }
            Some(b'{' | b'[') => compact_json(value, &mut self.text),
            _ => {
                self.text.extend_from_slice(value.as_bytes());
                Ok(())
            }
        }
    }

    /// Records the pair that ends where the text ends now.
    fn push(&mut self, start: usize, name_end: usize, source: Source) -> Result<(), ErrorCode> {
        let value_end = self.text.len();
        let within = self.entries.len() < limits::PARAMETERS
            && (1..=limits::PARAMETER_NAME_BYTES).contains(&(name_end - start))
            && value_end - name_end <= limits::PARAMETER_VALUE_BYTES;
        if !within {
            return Err(ErrorCode::Unparsable);
        }
        self.entries.push(Entry { start, name_end, value_end, source, shadowed: false });
        Ok(())
    }

    fn finish(self, body: Body) -> Result<Parameters, ErrorCode> {
        let text = String::from_utf8(self.text).map_err(|_| ErrorCode::Unparsable)?;
        let mut entries = self.entries;
        // The whole may be UTF-8 where its pieces are not: a character must not be split between two of them.
        let torn = |entry: &Entry| !text.is_char_boundary(entry.name_end) || !text.is_char_boundary(entry.value_end);
        if text.as_bytes().contains(&0) || entries.iter().any(torn) {
            return Err(ErrorCode::Unparsable);
        }

        let name = |entry: &Entry| -> Range<usize> { entry.start..entry.name_end };
        entries.sort_unstable_by(|a, b| text[name(a)].cmp(&text[name(b)]).then(a.source.cmp(&b.source)));
        for at in 1..entries.len() {
            if text[name(&entries[at - 1])] == text[name(&entries[at])] {
                if entries[at - 1].source == entries[at].source {
                    return Err(ErrorCode::Unparsable);
                }
                entries[at].shadowed = true;
            }
        }
        Ok(Parameters { text, entries, body })
    }
}

/// Appends the form-decoded bytes.
fn decode_form(encoded: &[u8], text: &mut Vec<u8>) -> Result<(), ErrorCode> {
    let mut rest = encoded;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'%' | b'+')) {
        text.extend_from_slice(&rest[..at]);
        match &rest[at..] {
            [b'%', high, low, after @ ..] => {
                text.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                rest = after;
            }
            [b'+', after @ ..] => {
                text.push(b' ');
                rest = after;
            }
            _ => return Err(ErrorCode::Unparsable),
        }
    }
    text.extend_from_slice(rest);
    Ok(())
}

fn hex_digit(byte: u8) -> Result<u8, ErrorCode> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(ErrorCode::Unparsable),
    }
}

/// The members of a JSON object in the order they are written, repeated names included.
fn members(text: &str) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                if members.len() == limits::PARAMETERS {
                    return Err(serde::de::Error::custom("too many members"));
                }
                members.push(member);
            }
            Ok(members)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

/// Appends well-formed JSON without the blanks between its tokens. Numbers, escapes and the order of members stay as written,
/// which a round trip through a parsed value would not promise.
fn compact_json(json: &str, text: &mut Vec<u8>) -> Result<(), ErrorCode> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => continue,
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            if depth > limits::JSON_DEPTH {
                return Err(ErrorCode::Unparsable);
            }
        }
        text.push(byte);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::Method;
    use crate::auth::signature::percent;

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";

    fn parse(query: &str, content_type: Option<&str>, body: &[u8]) -> Result<Parameters, ErrorCode> {
        let content_type = content_type.map(|value| ("content-type".to_owned(), value.to_owned()));
        let request = Incoming {
            method: Method::Post,
            path: "/".to_owned(),
            query: query.to_owned(),
            headers: content_type.into_iter().collect(),
            body: body.to_vec(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: false,
        };
        Parameters::parse(&request).map_err(|error| error.code())
    }

    fn pairs(query: &str, content_type: Option<&str>, body: &[u8]) -> Vec<(String, String)> {
        let parameters = parse(query, content_type, body).unwrap();
        parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_and_values_are_form_decoded() {
        let query = "a=b+c%20d&e=%E7%A3%81%e7%9b%98&f=!'()*~&g%2eh=i=j&k&l=&&";
        let expected = [("a", "b c d"), ("e", "磁盘"), ("f", "!'()*~"), ("g.h", "i=j"), ("k", ""), ("l", "")];
        assert_eq!(pairs(query, None, b""), owned(&expected));
        assert_eq!(pairs("", Some(FORM), query.as_bytes()), owned(&expected));
    }

    #[test]
    fn parameters_come_in_byte_order_of_their_names() {
        let parameters = parse("Tag.2.Key=c&a=z&Tag.10.Key=b&Tag.1.Key=a&Tag=t&Tags=s&A=y", None, b"").unwrap();
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "Tag", "Tag.1.Key", "Tag.10.Key", "Tag.2.Key", "Tags", "a"]);
        let listed: Vec<_> = parameters.starting_with("Tag.").collect();
        assert_eq!(listed, [("Tag.1.Key", "a"), ("Tag.10.Key", "b"), ("Tag.2.Key", "c")]);
        assert_eq!(parameters.starting_with("Tag.3").count(), 0);
        assert_eq!(parameters.starting_with("").count(), 7);
        assert_eq!((parameters.get("a"), parameters.get("b"), parameters.get("")), (Some("z"), None, None));
        assert_eq!((parameters.len(), parameters.is_empty()), (7, false));
    }

    #[test]
    fn the_bodys_value_wins_and_the_querys_is_kept_for_signing() {
        let parameters = parse("a=query&b=only", Some(FORM), b"a=body&c=form").unwrap();
        assert_eq!(parameters.get("a"), Some("body"));
        assert_eq!(parameters.iter().collect::<Vec<_>>(), [("a", "body"), ("b", "only"), ("c", "form")]);
        assert_eq!(parameters.starting_with("a").collect::<Vec<_>>(), [("a", "body")]);
        assert_eq!(parameters.query().collect::<Vec<_>>(), [("a", "query"), ("b", "only")]);
        assert_eq!((parameters.len(), parameters.body()), (3, Body::Form));
    }

    #[test]
    fn dropping_empty_values_does_not_bring_back_what_they_replaced() {
        let mut parameters = parse("a=query&b=", Some(FORM), b"a=&c=form").unwrap();
        parameters.drop_empty();
        assert_eq!(parameters.iter().collect::<Vec<_>>(), [("c", "form")]);
        assert_eq!((parameters.get("a"), parameters.get("b")), (None, None));
    }

    #[test]
    fn a_name_given_twice_in_one_source_is_refused() {
        for twice in ["a=1&a=1", "a=1&b=2&a=2", "a=1&%61=2", "a&a="] {
            assert_eq!(parse(twice, None, b"").unwrap_err(), ErrorCode::Unparsable, "{twice}");
            assert_eq!(parse("", Some(FORM), twice.as_bytes()).unwrap_err(), ErrorCode::Unparsable, "{twice}");
        }
        let twice = b"{\"a\":\"1\",\"\\u0061\":\"2\"}";
        assert_eq!(parse("", Some(JSON), twice).unwrap_err(), ErrorCode::Unparsable);
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for bad in [
            "a=%",
            "a=%4",
            "a=%4g",
            "%=a",
            "a=%80",
            "a=%C3",
            "%C3=%B6",
            "a=%C3&%B6=b",
            "a=%00",
            "%00=a",
            "=a",
            "a=%C0%80",
        ] {
            assert_eq!(parse(bad, None, b"").unwrap_err(), ErrorCode::Unparsable, "{bad}");
            assert_eq!(parse("", Some(FORM), bad.as_bytes()).unwrap_err(), ErrorCode::Unparsable, "{bad}");
        }
        assert_eq!(parse("", Some(FORM), b"a=\xff").unwrap_err(), ErrorCode::Unparsable);
        assert_eq!(parse("", Some(FORM), b"a=\0").unwrap_err(), ErrorCode::Unparsable);
    }

    #[test]
    fn members_of_a_json_body_become_parameters() {
        let body = r#" { "Name" : "磁盘 \"a\"\n", "N": 12345678901234567890123, "F": 1.50, "B": true, "Null": null,
            "L": [ { "K" : "v w", "A": 1 }, [ ] ], "O": {"z":"\\\" ,", "a" : "\u00e9"} } "#;
        let expected = [
            ("B", "true"),
            ("F", "1.50"),
            ("L", r#"[{"K":"v w","A":1},[]]"#),
            ("N", "12345678901234567890123"),
            ("Name", "磁盘 \"a\"\n"),
            ("O", r#"{"z":"\\\" ,","a":"\u00e9"}"#),
            ("Q", "q"),
        ];
        let content_type = Some("Application/JSON ; charset=utf-8");
        assert_eq!(pairs("Q=q&N=query", content_type, body.as_bytes()), owned(&expected));
        assert_eq!(pairs("Q=q", Some(JSON), b"{}"), owned(&[("Q", "q")]));
    }

    #[test]
    fn a_json_body_that_is_no_object_of_values_is_refused() {
        for bad in [
            "[]",
            "1",
            "null",
            "\"a\"",
            "{",
            "{}{}",
            "{\"a\":}",
            "{\"\":1}",
            "{\"a\":\"\\u0000\"}",
            "{\"a\\u0000\":1}",
            "{\"a\":\"\\ud800\"}",
            "{a:1}",
            "{\"a\":1,}",
            " ",
        ] {
            assert_eq!(parse("", Some(JSON), bad.as_bytes()).unwrap_err(), ErrorCode::Unparsable, "{bad}");
        }
        assert_eq!(parse("", Some(JSON), b"{\"a\":\"\xff\"}").unwrap_err(), ErrorCode::Unparsable);
    }

    #[test]
    fn json_values_nest_to_the_limit_and_no_deeper() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse("", Some(JSON), nested(limits::JSON_DEPTH).as_bytes()).is_ok());
        for depth in [limits::JSON_DEPTH + 1, 400_000] {
            assert_eq!(parse("", Some(JSON), nested(depth).as_bytes()).unwrap_err(), ErrorCode::Unparsable);
        }
    }

    #[test]
    fn other_bodies_are_no_parameters_or_refused() {
        for content_type in [None, Some("application/octet-stream")] {
            let parameters = parse("a=b", content_type, b"c=d").unwrap();
            assert_eq!((parameters.len(), parameters.body()), (1, Body::Opaque));
        }
        for content_type in ["text/plain", "multipart/form-data; boundary=x", "", "application/jsonx"] {
            assert_eq!(parse("", Some(content_type), b"a=b").unwrap_err(), ErrorCode::UnsupportedContentType);
            assert_eq!(parse("", Some(content_type), b"").unwrap().body(), Body::Empty);
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let many = |count: usize| (0..count).map(|n| format!("n{n}=v")).collect::<Vec<_>>().join("&");
        assert_eq!(parse(&many(limits::PARAMETERS), None, b"").unwrap().len(), limits::PARAMETERS);
        assert_eq!(parse(&many(limits::PARAMETERS + 1), None, b"").unwrap_err(), ErrorCode::Unparsable);
        assert_eq!(parse(&many(limits::PARAMETERS), Some(FORM), b"a=b").unwrap_err(), ErrorCode::Unparsable);
        assert_eq!(parse(&many(limits::PARAMETERS), Some(JSON), b"{\"a\":1}").unwrap_err(), ErrorCode::Unparsable);

        let name = "n".repeat(limits::PARAMETER_NAME_BYTES);
        assert!(parse(&name, None, b"").is_ok());
        assert_eq!(parse(&format!("{name}n"), None, b"").unwrap_err(), ErrorCode::Unparsable);
        // Bounds are on what is decoded.
        let value = "%61".repeat(limits::PARAMETER_VALUE_BYTES);
        assert!(parse(&format!("a={value}"), None, b"").is_ok());
        assert_eq!(parse(&format!("a={value}a"), None, b"").unwrap_err(), ErrorCode::Unparsable);
    }

    #[test]
    fn values_are_not_shown_when_printed() {
        let shown = format!("{:?}", parse("Plaintext=hunter2", None, b"").unwrap());
        assert_eq!(shown, "{\"Plaintext\"}");
    }

    proptest! {
        #[test]
        fn parsing_any_bytes_never_panics_and_what_is_parsed_is_found(
            query in "([abAB%+&=.]|%[0-9a-fA-F]{2}|\\PC){0,40}",
            body in proptest::collection::vec(any::<u8>(), 0..64),
            content_type in proptest::sample::select(vec![FORM, JSON, "application/octet-stream", "text/plain"]),
        ) {
            if let Ok(parameters) = parse(&query, Some(content_type), &body) {
                prop_assert!(parameters.iter().all(|(name, value)| parameters.get(name) == Some(value)));
                prop_assert!(parameters.iter().map(|(name, _)| name).is_sorted());
            }
        }

        #[test]
        fn parsing_any_json_object_never_panics(body in "\\{(\"[a-c]{0,2}\":|[0-9{}\\[\\],\" \\\\a-c]|null|true){0,24}\\}") {
            let outcome = parse("", Some(JSON), body.as_bytes());
            prop_assert!(outcome.is_ok() || outcome.is_err_and(|code| code == ErrorCode::Unparsable));
        }

        #[test]
        fn decoding_what_was_encoded_gives_it_back(name in "[^\0]{1,40}", value in "[^\0]{0,200}") {
            let mut query = Vec::new();
            percent::encode(&name, &mut query);
            query.push(b'=');
            percent::encode(&value, &mut query);
            let query = String::from_utf8(query).unwrap();
            prop_assert_eq!(pairs(&query, None, b""), owned(&[(name.as_str(), value.as_str())]));
        }
    }
}
