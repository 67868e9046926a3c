//! From flat parameters to typed requests. A type says once what its text looks like and which error a bad one earns; a request
//! lists its fields. What a request holds is then valid in itself.

use std::collections::BTreeMap;

use coffer_base::{ApiError, ErrorCode, limits};
use coffer_store::tags::Tag;

use crate::operation::{ParameterFact, Refused};
use crate::parameters::Parameters;
use crate::product::Product;

/// A request that can be parsed from parameters. Implemented by `request!`.
pub trait Decode: Sized {
    /// Parses.
    fn decode(reader: &Reader<'_>) -> Result<Self, ApiError>;
    /// The parameters it takes.
    fn facts() -> Vec<ParameterFact>;
    /// The tags that it sets.
    fn tags(&self) -> Vec<Tag>;
    /// The vendor's parameters that it does not honour.
    const REFUSED: &'static [Refused];
}

/// Parses a request of `product`. One that asks for what is not served here is refused: silence would promise it.
pub fn decode<T: Decode>(product: Product, parameters: &Parameters) -> Result<T, ApiError> {
    let reader = Reader { parameters, product };
    let request = T::decode(&reader)?;
    for refused in T::REFUSED {
        if let Some(name) = refused.sent_in(parameters) {
            return Err(reader.invalid(name));
        }
    }
    Ok(request)
}

/// The parameters of a request, with the conventions of the product that reads them.
pub struct Reader<'a> {
    parameters: &'a Parameters,
    product: Product,
}

impl<'a> Reader<'a> {
    /// A parameter's text; an empty one counts as absent, as clients send it for options left blank.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name).filter(|text| !text.is_empty())
    }

    /// A parameter's text, even an empty one: for what a request may set to nothing.
    pub fn given(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name)
    }

    /// The error for a required parameter that is not there.
    pub fn missing(&self, name: &str) -> ApiError {
        self.product.missing_parameter(name)
    }

    /// The error for a value that won't do.
    pub fn invalid(&self, name: &str) -> ApiError {
        self.product.invalid_parameter(name)
    }

    /// The members of a list of structures: `Name.1.Key`, `Name.1.Value`, `Name.2.Key`… as one map an index, in order. More than
    /// `most` of them, or an index that is no number from 1, is an error.
    pub fn structures(&self, name: &str, most: usize) -> Result<Vec<BTreeMap<&'a str, &'a str>>, ApiError> {
        let prefix = format!("{name}.");
        let mut found: BTreeMap<u32, BTreeMap<&str, &str>> = BTreeMap::new();
        for (full, value) in self.parameters.starting_with(&prefix) {
            let Some((index, member)) = full[prefix.len()..].split_once('.') else { continue };
            found.entry(self.index(name, index)?).or_default().insert(member, value);
            if found.len() > most {
                return Err(self.invalid(name));
            }
        }
        Ok(found.into_values().collect())
    }

    /// The items of a list of scalars: `Name.1`, `Name.2`…, in order.
    pub fn items(&self, name: &str, most: usize) -> Result<Vec<&'a str>, ApiError> {
        let prefix = format!("{name}.");
        let mut found = BTreeMap::new();
        for (full, value) in self.parameters.starting_with(&prefix) {
            let index = &full[prefix.len()..];
            if !index.contains('.') {
                found.insert(self.index(name, index)?, value);
            }
            if found.len() > most {
                return Err(self.invalid(name));
            }
        }
        Ok(found.into_values().collect())
    }

    /// The members of a map: `Name.member`, in order.
    pub fn members(&self, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{name}.");
        let length = prefix.len();
        self.parameters
            .starting_with(&prefix)
            .map(move |(full, value)| (&full[length..], value))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn index(&self, name: &str, digits: &str) -> Result<u32, ApiError> {
        let plain = !digits.starts_with('0');
        whole(digits).filter(|index| plain && *index <= 100_000).ok_or_else(|| self.invalid(name))
    }
}

/// What a text is not.
pub enum Invalid {
    /// A value that the parameter may have; the product's general code says so.
    Value,
    /// The same, with a code of its own.
    Code(ErrorCode),
}

impl From<ErrorCode> for Invalid {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

/// A type that is written as one parameter.
pub trait Parameter: Sized {
    /// The vendor's word for its type.
    const KIND: &'static str = "String";
    /// Parses a text that is not empty.
    fn from_text(text: &str) -> Result<Self, Invalid>;
    /// The tags that a request with it sets.
    fn tags(&self) -> &[Tag] {
        &[]
    }
}

impl Parameter for String {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(text.to_owned())
    }
}

/// A whole number in plain digits. Rust's own parser takes a plus sign too.
pub fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

impl Parameter for i64 {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        whole(text).ok_or(Invalid::Value)
    }
}

impl Parameter for f64 {
    const KIND: &'static str = "Float";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        text.parse().ok().filter(|number: &Self| number.is_finite()).ok_or(Invalid::Value)
    }
}

impl Parameter for bool {
    const KIND: &'static str = "Boolean";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        // Python clients send True and False.
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(Invalid::Value)
        }
    }
}

/// A field of a request: one parameter or several, required or not.
pub trait Field: Sized {
    /// The vendor's word for its type.
    const KIND: &'static str;
    /// Whether a request without it is refused.
    const REQUIRED: bool;
    /// The members it takes of each element, for a list of structures.
    const MEMBERS: &'static [&'static str] = &[];
    /// Reads it.
    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError>;
    /// The tags that a request with it sets.
    fn tags(&self) -> &[Tag] {
        &[]
    }
}

impl<T: Parameter> Field for T {
    const KIND: &'static str = T::KIND;
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Option::<T>::read(reader, name)?.ok_or_else(|| reader.missing(name))
    }

    fn tags(&self) -> &[Tag] {
        Parameter::tags(self)
    }
}

impl<T: Parameter> Field for Option<T> {
    const KIND: &'static str = T::KIND;
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let Some(text) = reader.text(name) else { return Ok(None) };
        match T::from_text(text) {
            Ok(value) => Ok(Some(value)),
            Err(Invalid::Value) => Err(reader.invalid(name)),
            Err(Invalid::Code(code)) => Err(match code.placeholders() {
                0 => code.into(),
                _ => ApiError::with(code, [name.to_owned()]),
            }),
        }
    }

    fn tags(&self) -> &[Tag] {
        self.as_ref().map_or(&[], Parameter::tags)
    }
}

/// Parses a JSON array of strings of at most `most` items, as `DiskIds` and its like are written.
pub fn json_strings(text: &str, most: usize) -> Option<Vec<String>> {
    let items: Vec<String> = serde_json::from_str(text).ok()?;
    (items.len() <= most && items.iter().all(|item| item.len() <= limits::PARAMETER_NAME_BYTES)).then_some(items)
}

/// Declares a request: each field, its type and the vendor's name for it. A type that is not an `Option` or a list is required. A
/// request begins with the parts it shares with others, if there are any, each declared as a request itself: `..part: Type`.
/// After the structure may stand `refused { "Name", "Other" unless "false", }`: parameters of the vendor's that are not honoured, each
/// with the values that change nothing.
macro_rules! request {
    ($(#[$note:meta])* pub struct $type:ident { $(..$part:ident : $shared:ty,)* $($(#[$about:meta])* pub $field:ident : $kind:ty = $name:literal,)* }
     $(refused { $($refused:literal $(unless $($harmless:literal)|+)?,)* })?) => {
        $(#[$note])*
        #[derive(Debug)]
        pub struct $type {
            $(#[doc = "What it shares with other requests."] pub $part: $shared,)*
            $($(#[$about])* #[doc = concat!("`", $name, "`")] pub $field: $kind,)*
        }

        impl $crate::decode::Decode for $type {
            const REFUSED: &'static [$crate::operation::Refused] = &[$($($crate::operation::Refused {
                name: $refused,
                harmless: &[$($($harmless),+)?],
            },)*)?];

            fn decode(_reader: &$crate::decode::Reader<'_>) -> Result<Self, coffer_base::ApiError> {
                Ok(Self {
                    $($part: <$shared as $crate::decode::Decode>::decode(_reader)?,)*
                    $($field: <$kind as $crate::decode::Field>::read(_reader, $name)?,)*
                })
            }

            fn facts() -> Vec<$crate::operation::ParameterFact> {
                let parts: Vec<Vec<$crate::operation::ParameterFact>> =
                    vec![$(<$shared as $crate::decode::Decode>::facts(),)* vec![$($crate::operation::ParameterFact {
                        name: $name,
                        kind: <$kind as $crate::decode::Field>::KIND,
                        required: <$kind as $crate::decode::Field>::REQUIRED,
                        members: <$kind as $crate::decode::Field>::MEMBERS,
                    },)*]];
                parts.concat()
            }

            fn tags(&self) -> Vec<coffer_store::tags::Tag> {
                let parts: Vec<Vec<coffer_store::tags::Tag>> =
                    vec![$($crate::decode::Decode::tags(&self.$part),)* $($crate::decode::Field::tags(&self.$field).to_vec(),)*];
                parts.concat()
            }
        }
    };
}
pub(crate) use request;
