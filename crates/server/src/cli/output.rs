//! Results: tables for people, JSON for scripts.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::Value;

/// In which form results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For scripts; the names are those of the API.
    Json,
}

/// The choice of it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Output {
    /// Form of the result
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Format,
}

impl Output {
    /// Prints a listing: these columns of each item, or the items whole. A column is a heading and a path of names, separated by `/`.
    pub(crate) fn list(self, columns: &[(&str, &str)], items: &[Value]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.output {
            Format::Json => print_json(&mut out, &Value::from(items)),
            Format::Table => out.write_all(table_of(columns, items).as_bytes()),
        }
    }

    /// Prints one thing: these fields of it, one a line, or all of it. Fields that it does not have are left out.
    pub(crate) fn show(self, fields: &[(&str, &str)], item: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.output {
            Format::Json => print_json(&mut out, item),
            Format::Table => {
                let there = fields.iter().filter(|(_, path)| !matches!(at(item, path), Value::Null));
                let rows = there.map(|(heading, path)| vec![(*heading).to_owned(), text(at(item, path))]);
                out.write_all(table(rows.collect()).as_bytes())
            }
        }
    }

    /// Prints what was done: a sentence, or the facts.
    pub(crate) fn done(self, sentence: &str, facts: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.output {
            Format::Json => print_json(&mut out, facts),
            Format::Table => writeln!(out, "{sentence}"),
        }
    }

    /// Whether it is for a script.
    pub(crate) fn is_json(self) -> bool {
        self.output == Format::Json
    }
}

/// Prints JSON.
pub(crate) fn print_json(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value:#}")
}

/// These columns of each item, under their headings.
pub(crate) fn table_of(columns: &[(&str, &str)], items: &[Value]) -> String {
    let heading = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let row = |item| columns.iter().map(|(_, path)| text(at(item, path))).collect();
    table(std::iter::once(heading).chain(items.iter().map(row)).collect())
}

fn at<'a>(item: &'a Value, path: &str) -> &'a Value {
    path.split('/').fold(item, |value, name| &value[name])
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

/// Text that a terminal shows and does not obey: what comes from a server or a file may hold anything.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Columns as wide as their widest cell.
pub(crate) fn table(rows: Vec<Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_columns_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(table(vec![row(["ID", "NAME"]), row(["d-1234", "x"])]), "ID      NAME\nd-1234  x\n");
        assert_eq!(table(Vec::new()), "");
    }

    #[test]
    fn cells_are_words_and_never_control_a_terminal() {
        let item = serde_json::json!({"a": {"b": true}, "d": "", "e": 5});
        assert_eq!(text(at(&item, "a/b")), "yes");
        assert_eq!(table(vec![vec!["x\u{1b}[2Jy\n".to_owned()]]), "x [2Jy\n");
        assert_eq!([text(at(&item, "d")), text(at(&item, "nothing/here")), text(at(&item, "e"))], ["-", "-", "5"]);
    }
}
