//! Parameters of questions to the policies.

use coffer_base::ApiError;

use crate::decode::{Field, Reader};

/// Most resources, and most keys of conditions, of a question.
const MOST: usize = 100;

/// `Resource.N`: ARNs, `*` where none is given.
#[derive(Clone, Debug)]
pub struct Resources(pub Vec<String>);

impl Field for Resources {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let given = reader.items(name, MOST)?.into_iter().filter(|text| !text.is_empty());
        let mut given: Vec<String> = given.map(str::to_owned).collect();
        if given.is_empty() {
            given.push("*".to_owned());
        }
        Ok(Self(given))
    }
}

/// `Context.N.Key` and `Context.N.Value`: what conditions can ask.
#[derive(Clone, Debug)]
pub struct Conditions(pub Vec<(String, String)>);

impl Field for Conditions {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Key", "Value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let pair = |members: &std::collections::BTreeMap<&str, &str>| {
            let key = members.get("Key").filter(|key| !key.is_empty()).ok_or_else(|| reader.invalid(name))?;
            Ok(((*key).to_owned(), members.get("Value").copied().unwrap_or_default().to_owned()))
        };
        reader.structures(name, MOST)?.iter().map(pair).collect::<Result<_, ApiError>>().map(Self)
    }
}
