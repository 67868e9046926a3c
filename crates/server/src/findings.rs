//! Findings of `DescribeComplianceFindings` as files: for spreadsheets, and for scripts.

use serde_json::Value;

/// What a line has: headings for people, and where it is found in a finding.
pub(crate) const COLUMNS: &[(&str, &str)] = &[
    ("KIND", "Kind"),
    ("TYPE", "ResourceType"),
    ("RESOURCE", "ResourceId"),
    ("REGION", "RegionId"),
    ("KEY", "KMSKeyId"),
    ("UNDER WAY", "UnderWay"),
    ("DETAIL", "Detail"),
    ("REMEDY", "Remedy/Command"),
];

/// Indented, with the names of the API.
pub(crate) fn json(items: Vec<Value>) -> String {
    format!("{:#}\n", Value::from(items))
}

/// RFC 4180. A cell that a spreadsheet would take for a formula is made text by an apostrophe.
pub(crate) fn csv(items: &[Value]) -> String {
    let cell = |text: &str| {
        let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut text = line(COLUMNS.iter().map(|(_, path)| cell(path.rsplit('/').next().unwrap_or(path))).collect());
    for item in items {
        let of = |path: &str| match path.split('/').fold(item, |value, name| &value[name]) {
            Value::Null => String::new(),
            Value::String(text) => cell(text),
            other => cell(&other.to_string()),
        };
        text.push_str(&line(COLUMNS.iter().map(|(_, path)| of(path)).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::csv;

    #[test]
    fn a_cell_of_a_spreadsheet_is_text_whatever_it_holds() {
        let item = json!({"Kind": "=1+1", "Detail": "a \"b\", c", "UnderWay": false});
        let text = csv(&[item]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("\"Kind\",\"ResourceType\""));
        assert_eq!(lines[1], "\"'=1+1\",,,,,\"false\",\"a \"\"b\"\", c\",");
    }
}
