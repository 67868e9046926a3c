//! `*` (any characters, also none) and `?` (exactly one), over a flat text: neither stops at `:` or `/`.

/// A pattern, kept so that the common cases cost next to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `*`.
    Anything,
    /// No wildcard.
    Exactly(Box<[char]>),
    /// With wildcards.
    Wild(Box<[char]>),
}

impl Pattern {
    /// From its text.
    pub fn new(text: &str) -> Self {
        match text {
            "*" => Self::Anything,
            _ if text.contains(['*', '?']) => Self::Wild(text.chars().collect()),
            _ => Self::Exactly(text.chars().collect()),
        }
    }

    /// Whether the whole of `text` matches, each character as `fold` sees it.
    pub fn matches(&self, text: &str, fold: impl Fn(char) -> char + Copy) -> bool {
        match self {
            Self::Anything => true,
            Self::Exactly(wanted) => wanted.iter().map(|c| fold(*c)).eq(text.chars().map(fold)),
            Self::Wild(pattern) => wild(pattern, text, fold),
        }
    }
}

/// Two positions and one place to go back to: after a `*` only the latest one can need more characters, so earlier choices are
/// never revisited. At most |pattern| × |text| steps, without recursion.
fn wild(pattern: &[char], text: &str, fold: impl Fn(char) -> char + Copy) -> bool {
    let (mut at, mut rest) = (0, text.chars());
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let Some(c) = rest.clone().next() else {
            return pattern[at..].iter().all(|p| *p == '*');
        };
        match pattern.get(at) {
            Some('*') => {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(p) if *p == '?' || fold(*p) == fold(c) => {
                at += 1;
                rest.next();
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = &mut retry else { return false };
        from.next();
        at = *star;
        rest = from.clone();
    }
}

/// Compares characters as they are.
pub(super) const fn as_is(c: char) -> char {
    c
}

/// Compares characters without case.
pub(super) const fn without_case(c: char) -> char {
    c.to_ascii_lowercase()
}
