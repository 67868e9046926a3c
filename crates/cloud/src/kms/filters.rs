//! `Filters` of ListKeys: `[{"Key":"KeyState","Values":["Enabled"]}]`, all keys of the list to be met, any value of each.

use coffer_base::limits;
use coffer_store::keys::{Column, Filter};
use serde::Deserialize;

use crate::decode::{Invalid, Parameter};

const MOST: usize = 10;

/// The parsed filters. A key of an instance can't be here: asking for one lists nothing.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// What the store restricts on.
    pub filter: Filter,
    /// Whether the filters ask for what no key here can be.
    pub never: bool,
}

/// One condition.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Element {
    /// What it is about.
    pub key: String,
    /// Values, any of which will do.
    #[serde(default)]
    pub values: Vec<String>,
}

impl Element {
    /// Parses a list of conditions within their limits. One without values restricts nothing, and is left out.
    pub fn list(text: &str) -> Result<Vec<Self>, Invalid> {
        let mut elements: Vec<Self> = serde_json::from_str(text).map_err(|_| Invalid::Value)?;
        let short = |value: &String| value.len() <= limits::PARAMETER_NAME_BYTES;
        let fits = |element: &Self| element.values.len() <= MOST && element.values.iter().all(short);
        if elements.len() > MOST || !elements.iter().all(fits) {
            return Err(Invalid::Value);
        }
        elements.retain(|element| !element.values.is_empty());
        Ok(elements)
    }
}

impl Parameter for Filters {
    const KIND: &'static str = "String";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        let mut filters = Self::default();
        for element in Element::list(text)? {
            filters.add(element)?;
        }
        Ok(filters)
    }
}

impl Filters {
    fn add(&mut self, element: Element) -> Result<(), Invalid> {
        let column = match element.key.as_str() {
            "KeyState" => Column::State,
            "KeySpec" => Column::Spec,
            "KeyUsage" => Column::Usage,
            "ProtectionLevel" => Column::ProtectionLevel,
            "CreatorType" => Column::CreatorType,
            "keyId" | "KeyId" => Column::KeyId,
            "Creator" => Column::Creator,
            "AliasName" => {
                // Consoles and Terraform name an alias without its prefix.
                let full = |name: String| if name.starts_with("alias/") { name } else { format!("alias/{name}") };
                self.filter.alias_names.extend(element.values.into_iter().map(full));
                return Ok(());
            }
            "TagKey" => {
                self.filter.tag_keys.extend(element.values);
                return Ok(());
            }
            "TagValue" => {
                self.filter.tag_values.extend(element.values);
                return Ok(());
            }
            "DKMSInstanceId" => {
                self.never = true;
                return Ok(());
            }
            _ => return Err(Invalid::Value),
        };
        // The same key in several elements widens the choice.
        match self.filter.columns.iter_mut().find(|(known, _)| *known == column) {
            Some((_, values)) => values.extend(element.values),
            None => self.filter.columns.push((column, element.values)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Filters> {
        Filters::from_text(text).ok()
    }

    #[test]
    fn what_known_clients_send_is_understood() {
        let service = parse(r#"[{"Key":"AliasName", "Values":["acs/ecs"]}]"#).unwrap();
        assert_eq!(service.filter.alias_names, ["alias/acs/ecs"]);
        let states = parse(
            r#"[ {"Key":"KeyState", "Values":["Enabled","Disabled"]}, {"Key":"KeyState","Values":["PendingImport"]} ]"#,
        );
        assert_eq!(states.unwrap().filter.columns[0].1.len(), 3);
        assert!(parse(r#"[{"Key":"KeyState","Values":[]}]"#).unwrap().filter.columns.is_empty());
        assert!(parse("[]").is_some());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "{}",
            "[1]",
            r#"[{"Key":"Unknown","Values":["x"]}]"#,
            r#"[{"Values":["x"]}]"#,
            r#"[{"Key":"KeyState","Values":"x"}]"#,
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        let eleven = [r#"{"Key":"KeyState","Values":["Enabled"]}"#; 11].join(",");
        assert!(parse(&format!("[{eleven}]")).is_none());
    }
}
