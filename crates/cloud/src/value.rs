//! A reply before it is JSON or XML: a tree of values, and the shape such a tree has.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// A value of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number that need not be whole.
    Number(f64),
    /// Text.
    Text(Cow<'static, str>),
    /// A list.
    List(Vec<Value>),
    /// Members in the order they are sent.
    Object(Vec<(Cow<'static, str>, Value)>),
}

/// The shape of a reply, from its type: what the conformance test holds against the vendor's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number that need not be whole.
    Number,
    /// Text.
    Text,
    /// A list of one shape.
    List(Box<Shape>),
    /// Named members.
    Object(Vec<(&'static str, Shape)>),
}

/// A type that can stand in a reply.
pub trait Reply {
    /// Turns it into a value; `None` leaves the member out.
    fn into_value(self) -> Option<Value>;
    /// Its shape.
    fn shape() -> Shape;
}

impl Reply for bool {
    fn into_value(self) -> Option<Value> {
        Some(Value::Boolean(self))
    }

    fn shape() -> Shape {
        Shape::Boolean
    }
}

impl Reply for i64 {
    fn into_value(self) -> Option<Value> {
        Some(Value::Integer(self))
    }

    fn shape() -> Shape {
        Shape::Integer
    }
}

impl Reply for f64 {
    fn into_value(self) -> Option<Value> {
        self.is_finite().then_some(Value::Number(self))
    }

    fn shape() -> Shape {
        Shape::Number
    }
}

impl Reply for String {
    fn into_value(self) -> Option<Value> {
        Some(Value::Text(self.into()))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl Reply for &'static str {
    fn into_value(self) -> Option<Value> {
        Some(Value::Text(self.into()))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl<T: Reply> Reply for Option<T> {
    fn into_value(self) -> Option<Value> {
        self.and_then(T::into_value)
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Reply> Reply for Vec<T> {
    fn into_value(self) -> Option<Value> {
        Some(Value::List(self.into_iter().filter_map(T::into_value).collect()))
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Boolean(yes) => serializer.serialize_bool(*yes),
            Self::Integer(n) => serializer.serialize_i64(*n),
            Self::Number(n) => serializer.serialize_f64(*n),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl Value {
    /// Reads back what was written as JSON by this program: an answer remembered under a client token.
    pub fn from_json(json: serde_json::Value) -> Option<Self> {
        Some(match json {
            serde_json::Value::Bool(yes) => Self::Boolean(yes),
            serde_json::Value::Number(n) => match n.as_i64() {
                Some(n) => Self::Integer(n),
                None => Self::Number(n.as_f64()?),
            },
            serde_json::Value::String(text) => Self::Text(text.into()),
            serde_json::Value::Array(items) => {
                Self::List(items.into_iter().map(Self::from_json).collect::<Option<_>>()?)
            }
            serde_json::Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| Some((name.into(), Self::from_json(value)?)))
                    .collect::<Option<_>>()?,
            ),
            serde_json::Value::Null => return None,
        })
    }
}

/// Declares a structure of a reply: each field, its type and the vendor's name for it. `of "Item"` after the name puts a list into
/// the vendor's wrapper: `disks: Vec<Disk> = "Disks" of "Disk"` goes out as `{"Disks":{"Disk":[…]}}`.
macro_rules! response {
    ($($(#[$note:meta])* pub struct $type:ident { $($(#[$about:meta])* pub $field:ident : $kind:ty = $name:literal $(of $item:literal)?,)* })*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug)]
            pub struct $type { $($(#[$about])* #[doc = concat!("`", $name, "`")] pub $field: $kind,)* }

            impl $crate::value::Reply for $type {
                fn into_value(self) -> Option<$crate::value::Value> {
                    #[allow(unused_mut, reason = "a reply may have no members")]
                    let mut members = Vec::new();
                    $(
                        if let Some(value) = $crate::value::Reply::into_value(self.$field) {
                            $(let value = $crate::value::Value::Object(vec![($item.into(), value)]);)?
                            members.push(($name.into(), value));
                        }
                    )*
                    Some($crate::value::Value::Object(members))
                }

                fn shape() -> $crate::value::Shape {
                    $crate::value::Shape::Object(vec![$({
                        let shape = <$kind as $crate::value::Reply>::shape();
                        $(let shape = $crate::value::Shape::Object(vec![($item, shape)]);)?
                        ($name, shape)
                    },)*])
                }
            }
        )*
    };
}
pub(crate) use response;
