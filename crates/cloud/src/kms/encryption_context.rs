//! `EncryptionContext`: names and values that are authenticated with a ciphertext and not stored in it.

use std::collections::BTreeMap;
use std::fmt;

use coffer_base::ApiError;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::decode::{Field, Invalid, Parameter, Reader};

/// Longest text in characters ("EncryptionContext").
const MOST_CHARACTERS: usize = 8192;

/// A context in canonical form: names in byte order, each name and value with its length before it. No context and `{}` are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext(Vec<u8>);

impl EncryptionContext {
    /// From names and values.
    pub fn new(pairs: &BTreeMap<String, String>) -> Self {
        let mut canonical = Vec::new();
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            let length = u32::try_from(text.len()).expect("a context is at most 8192 characters");
            canonical.extend_from_slice(&length.to_be_bytes());
            canonical.extend_from_slice(text.as_bytes());
        }
        Self(canonical)
    }

    /// The canonical bytes.
    pub fn canonical(&self) -> &[u8] {
        &self.0
    }
}

/// Names and values; a name twice is refused.
struct Pairs(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if pairs.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name occurs twice"));
                    }
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Strings)
    }
}

impl Parameter for EncryptionContext {
    const KIND: &'static str = "Json";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > MOST_CHARACTERS {
            return Err(Invalid::Value);
        }
        let pairs: Pairs = serde_json::from_str(text).map_err(|_| Invalid::Value)?;
        Ok(Self::new(&pairs.0))
    }
}

/// A context as a request holds it: absent, JSON text, or, as an old client writes a map, `EncryptionContext.name=value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextField(pub EncryptionContext);

impl Field for ContextField {
    const KIND: &'static str = "Json";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        if let Some(context) = Option::<EncryptionContext>::read(reader, name)? {
            return Ok(Self(context));
        }
        let pairs: BTreeMap<String, String> =
            reader.members(name).map(|(member, value)| (member.to_owned(), value.to_owned())).collect();
        if pairs.iter().map(|(member, value)| member.len() + value.len()).sum::<usize>() > MOST_CHARACTERS {
            return Err(reader.invalid(name));
        }
        Ok(Self(EncryptionContext::new(&pairs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<EncryptionContext> {
        EncryptionContext::from_text(text).ok()
    }

    #[test]
    fn order_and_blanks_do_not_matter_and_content_does() {
        assert_eq!(parse(r#"{"a":"1","b":"2"}"#), parse(r#" { "b" : "2", "a":"1" } "#));
        assert_ne!(parse(r#"{"a":"1"}"#), parse(r#"{"a":"2"}"#));
        assert_ne!(parse(r#"{"ab":"c"}"#), parse(r#"{"a":"bc"}"#));
        assert_eq!(parse("{}"), Some(EncryptionContext::default()));
    }

    #[test]
    fn only_an_object_of_strings_is_a_context() {
        for text in ["", "[]", "1", r#"{"a":1}"#, r#"{"a":{"b":"c"}}"#, r#"{"a":["b"]}"#, r#"{"a":"1","a":"2"}"#, "{"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!(r#"{{"a":"{}"}}"#, "x".repeat(9000))), None);
    }
}
