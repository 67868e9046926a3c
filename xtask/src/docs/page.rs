//! The blocks of a page.

/// Under this line a block is run against a fresh server.
const MARK: &str = "<!-- run -->";
/// Under this one that server is in test mode.
const TEST_MARK: &str = "<!-- run in test mode -->";

/// How a block is to be run, if it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Against a server as everybody starts it.
    Served,
    /// Against one in test mode.
    InTestMode,
}

/// What stands between two fences.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The line of its first fence, from 1.
    pub(super) line: usize,
    pub(super) mark: Option<Mark>,
    /// What follows the fence: `python`, `sh`, `go test`, `toml`...
    pub(super) language: String,
    pub(super) text: String,
}

/// The blocks of a page. A block that is not between fences at the beginning of their lines is an error: it would be missed.
pub(super) fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    let (mut before, mut is_list) = ("", false);
    while let Some((number, line)) = lines.next() {
        let line_number = number + 1;
        if let Some(language) = line.strip_prefix("```") {
            let mark = match before {
                MARK => Some(Mark::Served),
                TEST_MARK => Some(Mark::InTestMode),
                _ => None,
            };
            let text: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            blocks.push(Block { line: line_number, mark, language: language.to_owned(), text: text.join("\n") });
        } else if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            return Err(format!("line {line_number}: fences are ``` at the beginning of a line"));
        } else if line.starts_with("    ") && before.is_empty() && !is_list {
            return Err(format!("line {line_number}: an indented block: put it between fences that say what it is"));
        }
        if !line.is_empty() && !line.starts_with(' ') {
            is_list =
                line.starts_with("- ") || line.starts_with("* ") || line.starts_with(|c: char| c.is_ascii_digit());
        }
        before = line;
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_marks_and_languages() {
        let page = "a\n```\nno\n```\n<!-- run -->\n```sh\nfirst   # one\n```\nrest\n<!-- run in test mode -->\n```go test\nx\n```";
        let block = |line, mark, language: &str, text: &str| Block {
            line,
            mark,
            language: language.to_owned(),
            text: text.to_owned(),
        };
        let expected = [
            block(2, None, "", "no"),
            block(6, Some(Mark::Served), "sh", "first   # one"),
            block(11, Some(Mark::InTestMode), "go test", "x"),
        ];
        assert_eq!(blocks(page).unwrap(), expected);
    }

    #[test]
    fn a_block_that_would_be_missed_is_an_error() {
        for page in
            ["a\n\n    coffer serve\n", "* a\n\n  ```sh\n  coffer\n  ```\n", "~~~\ncoffer\n~~~\n", "\tx\n\n    y"]
        {
            assert!(blocks(page).is_err(), "{page}");
        }
        assert_eq!(blocks("* a list\n\n    goes on\n").unwrap(), []);
    }
}
