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
