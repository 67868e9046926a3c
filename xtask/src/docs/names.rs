//! What a transcript shows, held against what was printed.
//!
//! Words are compared, however far apart they are. `…` alone stands for any words of a line, and as a line for any lines. A name
//! with `…` in it (`d-bp1f…`) stands for what was printed where it is seen first - what is before its first `-` counts - and for
//! the same wherever it is written again, in commands too.

use std::collections::BTreeMap;

const ELLIPSIS: char = '…';

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

/// A part of a word.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
    Anything,
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_".contains(character)
}

/// Cuts a text where names with an ellipsis begin and end.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_name = |c: char| is_of_name(c) || c == ELLIPSIS;
        let end = if rest.starts_with(is_name) { rest.find(|c: char| !is_name(c)) } else { rest.find(is_name) };
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.push(match piece.contains(ELLIPSIS) {
            false => Piece::Text(piece),
            true if piece.chars().all(|c| c == ELLIPSIS) => Piece::Anything,
            true => Piece::Name(piece),
        });
        rest = after;
    }
    pieces
}

impl Names {
    /// A command, with what its names stand for. A name that nothing was printed for is an error.
    pub(super) fn put_into(&self, command: &str) -> Result<String, String> {
        let put = |piece: Piece<'_>| match piece {
            Piece::Text(text) => Ok(text.to_owned()),
            Piece::Name(name) => self.0.get(name).cloned().ok_or_else(|| format!("nothing was printed for {name}")),
            Piece::Anything => Err("a command with … in it can't be run".to_owned()),
        };
        pieces(command).into_iter().map(put).collect()
    }

    /// Whether these lines were printed as they are shown; then names stand for what they were seen as.
    pub(super) fn learn(&mut self, shown: &[&str], printed: &[&str]) -> bool {
        let learnt = self.lines(shown, printed);
        learnt.map(|names| *self = names).is_some()
    }

    fn lines(&self, shown: &[&str], printed: &[&str]) -> Option<Self> {
        let Some((first, shown_rest)) = shown.split_first() else { return printed.is_empty().then(|| self.clone()) };
        if first.trim() == "…" {
            return (0..=printed.len()).find_map(|skipped| self.lines(shown_rest, &printed[skipped..]));
        }
        let (line, printed_rest) = printed.split_first()?;
        let words: Vec<&str> = first.split_whitespace().collect();
        let printed_words: Vec<&str> = line.split_whitespace().collect();
        self.words(&words, &printed_words)?.lines(shown_rest, printed_rest)
    }

    fn words(&self, shown: &[&str], printed: &[&str]) -> Option<Self> {
        let Some((first, shown_rest)) = shown.split_first() else { return printed.is_empty().then(|| self.clone()) };
        if *first == "…" {
            return (0..=printed.len()).find_map(|skipped| self.words(shown_rest, &printed[skipped..]));
        }
        let (word, printed_rest) = printed.split_first()?;
        self.word(&pieces(first), word)?.words(shown_rest, printed_rest)
    }

    fn word(&self, shown: &[Piece<'_>], printed: &str) -> Option<Self> {
        let Some((first, rest)) = shown.split_first() else { return printed.is_empty().then(|| self.clone()) };
        match first {
            Piece::Text(text) => self.word(rest, printed.strip_prefix(text)?),
            Piece::Anything => {
                let mut ends = printed.char_indices().map(|(at, _)| at).chain([printed.len()]);
                ends.find_map(|end| self.word(rest, &printed[end..]))
            }
            Piece::Name(name) => {
                if let Some(known) = self.0.get(*name) {
                    return self.word(rest, printed.strip_prefix(known.as_str())?);
                }
                let end = printed.find(|c| !is_of_name(c)).unwrap_or(printed.len());
                let (value, after) = printed.split_at(end);
                let kind = name.split_once(ELLIPSIS)?.0.split_once('-').map_or("", |(kind, _)| kind);
                let mut names = self.clone();
                names.0.insert((*name).to_owned(), value.to_owned());
                (!value.is_empty() && value.starts_with(kind)).then_some(names)?.word(rest, after)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_what_was_printed_first() {
        let mut names = Names::default();
        assert!(names.learn(
            &["disk   d-a…", "at \"/x/d-a….sock\", …", "…", "end"],
            &["disk d-123", "at \"/x/d-123.sock\", and more", "anything", "at all", "end"]
        ));
        assert_eq!(names.put_into("show d-a… ID=d-a…").unwrap(), "show d-123 ID=d-123");
        assert!(!names.learn(&["disk d-a…"], &["disk d-124"]), "another one");
        assert!(names.put_into("show d-b…").is_err() && names.put_into("show …").is_err());
    }

    #[test]
    fn what_is_shown_and_not_printed_is_seen_and_so_is_the_other_way_round() {
        for (shown, printed) in [
            (&["a"][..], &["b"][..]),
            (&["a"], &["a", "b"]),
            (&["a", "b"], &["a"]),
            (&["a b"], &["a"]),
            (&["d-x…"], &["s-12"]),
            (&["x=y…z"], &["x="]),
            (&["…", "a"], &["b", "c"]),
        ] {
            assert!(!Names::default().learn(shown, printed), "{shown:?} {printed:?}");
        }
    }
}
