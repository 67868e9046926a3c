//! How the command line is called, wherever a page says it: held to `--help` of the verb.

use std::path::Path;
use std::process::Command;

/// Checks `coffer VERB ARGUMENTS`: that there is the verb, and that its help has each option and each word in capitals.
pub(super) fn check(binary: &Path, call: &str) -> Result<(), String> {
    let mut words = call.split([' ', '[', ']']).filter(|word| !word.is_empty());
    if words.next() != Some("coffer") {
        return Err(format!("{call:?} does not begin with coffer"));
    }
    let is_verb = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let words: Vec<&str> = words.collect();
    let verbs: Vec<&str> = words.iter().copied().take_while(|word| is_verb(word)).collect();
    let mut help = Command::new(binary);
    let output = help.args(&verbs).arg("--help").output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{call:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let help = String::from_utf8_lossy(&output.stdout);
    let missing = words[verbs.len()..].iter().find(|word| !is_in(&help, word));
    missing.map_or(Ok(()), |word| Err(format!("{call:?}: the help of {verbs:?} has no {word}")))
}

fn is_in(help: &str, word: &str) -> bool {
    if word.starts_with("--") {
        help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(|known| known == word)
    } else if word.chars().all(|c| c.is_ascii_uppercase() || "|_".contains(c)) {
        help.contains(&format!("<{word}>"))
    } else {
        // An example of a value.
        true
    }
}

/// The spans of a page, outside its blocks, that call `coffer` or `cargo xtask`.
pub(super) fn spans(page: &str) -> Vec<String> {
    let mut is_inside = false;
    let outside: Vec<&str> = page
        .lines()
        .filter(|line| {
            let is_fence = line.starts_with("```");
            is_inside ^= is_fence;
            !is_inside && !is_fence
        })
        .collect();
    let text = outside.join(" ");
    let spans = text.split('`').skip(1).step_by(2);
    let calls = spans.filter(|span| span.starts_with("coffer ") || span.starts_with("cargo xtask "));
    calls.map(|call| call.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_call_the_command_line_are_found_also_across_lines() {
        let page = "Say `coffer seal\n  status` and `x`.\n```sh\n`coffer no`\n```\n`cargo xtask docs`";
        assert_eq!(spans(page), ["coffer seal status", "cargo xtask docs"]);
    }

    #[test]
    fn options_and_words_in_capitals_must_be_in_the_help() {
        let help = "Usage: coffer backup <FILE|DIR>\n  --data <DIR>";
        for (word, is) in [("--data", true), ("--dat", false), ("FILE|DIR", true), ("FILE", false), ("json", true)] {
            assert_eq!(is_in(help, word), is, "{word}");
        }
    }
}
