//! Which code gives which error, read from the text of the sources: that an operation declares an error is no proof that anything
//! returns it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use coffer_base::ErrorCode;
use coffer_cloud::{Product, operations};

/// The folders whose code can answer a request.
const FOLDERS: [&str; 4] = ["base/src", "store/src", "cloud/src", "server/src"];
/// Where the errors themselves are defined.
const CATALOGUE: &str = "base/src/error/catalogue.rs";
/// Where each product's general errors for parameters are.
const CONVENTIONS: &str = "cloud/src/product.rs";

/// The errors that each source file names outside its lists of declared errors, its comments and its tests.
pub(crate) struct Sources(BTreeMap<String, BTreeSet<String>>);

impl Sources {
    /// Reads the sources.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate lies in a folder");
        let mut files = BTreeMap::new();
        for path in FOLDERS.iter().flat_map(|folder| rust_files(&root.join(folder))) {
            let name = path.strip_prefix(root).expect("a file below its folder").to_string_lossy().into_owned();
            if name != CATALOGUE {
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
                files.insert(name, named_in(&text));
            }
        }
        Self(files)
    }

    /// Whether any code names an error.
    pub(crate) fn uses(&self, code: ErrorCode) -> bool {
        self.0.values().any(|names| names.contains(&format!("{code:?}")))
    }

    /// Whether the file of an operation, or code that is in no operation's file, names an error.
    pub(crate) fn reaches(&self, product: Product, file: &str, code: ErrorCode) -> bool {
        let (own, name) = (format!("cloud/src/{}/{file}.rs", product.name()), format!("{code:?}"));
        self.0.iter().any(|(path, names)| names.contains(&name) && (*path == own || !is_operation(path)))
    }

    /// The errors that every operation of a product may answer with: those named by code that belongs to no product, and those of
    /// the product's conventions.
    pub(crate) fn given_by_every(&self, product: Product) -> Vec<ErrorCode> {
        let folder = |path: &str| Product::ALL.iter().any(|p| path.starts_with(&format!("cloud/src/{}/", p.name())));
        let around = |path: &str| path != CONVENTIONS && !folder(path);
        let given = |code: &ErrorCode| self.0.iter().any(|(path, n)| around(path) && n.contains(&format!("{code:?}")));
        let conventions = [product.missing_parameter("Name").code(), product.invalid_parameter("Name").code()];
        ErrorCode::ALL.iter().copied().filter(given).chain(conventions).collect()
    }
}

/// Whether a file is an operation's: it is called after one.
fn is_operation(path: &str) -> bool {
    Product::ALL.into_iter().any(|product| {
        let stem =
            path.strip_prefix(&format!("cloud/src/{}/", product.name())).and_then(|rest| rest.strip_suffix(".rs"));
        stem.is_some_and(|stem| operations(product).iter().any(|entry| file_of(entry.operation.name) == stem))
    })
}

/// The file of an action, without its ending.
pub(crate) fn file_of(action: &str) -> String {
    let mut name = String::new();
    let letters: Vec<char> = action.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let starts_word = at > 0
            && letter.is_uppercase()
            && (letters[at - 1].is_lowercase() || letters.get(at + 1).is_some_and(|next| next.is_lowercase()));
        if starts_word {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder can be read to its end").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The errors named in a file's code. A macro may be given the bare name, so words are looked for; a word after `::` is another
/// type's unless that type is `ErrorCode`.
fn named_in(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = without_lists(&lines.collect::<Vec<_>>().join("\n"));
    let mut named = BTreeSet::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = "";
    let mut rest = code.as_str();
    while let Some(start) = rest.find(is_word) {
        let gap = &rest[..start];
        let length = rest[start..].find(|c| !is_word(c)).unwrap_or(rest.len() - start);
        let word = &rest[start..start + length];
        if !gap.ends_with("::") || before == "ErrorCode" {
            named.insert(word.to_owned());
        }
        (before, rest) = (word, &rest[start + length..]);
    }
    named
}

/// The text without its lists of declared errors: `errors: &[…]` and `…ERRORS: … = …[…]`.
fn without_lists(code: &str) -> String {
    let (mut kept, mut rest) = (String::new(), code);
    loop {
        let next =
            ["    errors: ", "ERRORS: "].iter().filter_map(|mark| rest.find(mark).map(|at| at + mark.len())).min();
        let Some(at) = next else { return kept + rest };
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        // The type of a constant has brackets too; its value comes after the sign, and may be no list.
        rest = if kept.ends_with("ERRORS: ") {
            let value = rest.split_once('=').map_or("", |(_, value)| value);
            value.split_once(';').map_or("", |(_, after)| after)
        } else {
            after_brackets(rest)
        };
    }
}

/// What follows the first pair of brackets.
fn after_brackets(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' if depth == 1 => return &text[at + 1..],
            ']' => depth -= 1,
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_no_use() {
        let text = "    errors: &[&[ErrorCode::Declared], MORE],\nconst X_ERRORS: [ErrorCode; 1] = [ErrorCode::Listed];\n\
                    // ErrorCode::Commented\nErr(ErrorCode::Used.into()) mac!(Given) Problem::Other\n#[cfg(test)] Tested";
        let named = named_in(text);
        assert!(named.contains("Used") && named.contains("Given"));
        for word in ["Declared", "Listed", "Commented", "Other", "Tested"] {
            assert!(!named.contains(word), "{word}");
        }
    }
}
