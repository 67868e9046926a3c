//! `*` (any characters, also none) and `?` (exactly one), over a flat text: neither stops at `:` or `/`.

/// How characters compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// As they are.
    Counts,
    /// Without case.
    Ignored,
}

impl Case {
    const fn fold(self, c: char) -> char {
        match self {
            Self::Counts => c,
            Self::Ignored => c.to_ascii_lowercase(),
        }
    }

    fn starts(self, text: &str, with: &str) -> bool {
        let head = text.as_bytes().get(..with.len());
        // Most that are equal are so to the letter, and to see that is faster.
        head.is_some_and(|head| {
            head == with.as_bytes() || self == Self::Ignored && head.eq_ignore_ascii_case(with.as_bytes())
        })
    }
}

/// A pattern, kept so that the common cases cost next to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `*`.
    Anything,
    /// No wildcard.
    Exactly(Box<str>),
    /// No wildcard but a `*` at the end.
    Prefix(Box<str>),
    /// With other wildcards.
    Wild(Wild),
}

impl Pattern {
    /// From its text.
    pub(super) fn new(text: &str) -> Self {
        let head = literal(text);
        match &text[head.len()..] {
            "" => Self::Exactly(head.into()),
            "*" if head.is_empty() => Self::Anything,
            "*" => Self::Prefix(head.into()),
            _ => Self::Wild(Wild::new(text)),
        }
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &str, case: Case) -> bool {
        match self {
            Self::Anything => true,
            Self::Exactly(wanted) => text.len() == wanted.len() && case.starts(text, wanted),
            Self::Prefix(head) => case.starts(text, head),
            Self::Wild(pattern) => pattern.matches(text, case).0,
        }
    }
}

/// What comes before the first wildcard.
fn literal(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or_default()
}

/// A pattern with wildcards, and where to go on in it when a character does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wild {
    /// What comes before the first wildcard: most texts already differ there.
    head: Box<str>,
    /// What comes after that.
    pattern: Box<[char]>,
    /// By [`Case`].
    back: [Box<[Option<u16>]>; 2],
}

impl Wild {
    pub(super) fn new(text: &str) -> Self {
        let head = literal(text);
        let pattern: Box<[char]> = text[head.len()..].chars().collect();
        let back = [Case::Counts, Case::Ignored].map(|case| back(&pattern, case));
        Self { head: head.into(), pattern, back }
    }

    /// Whether it matches, and in how many steps. After a `*` only the latest one can need more characters, so earlier choices are
    /// never revisited, and what lies between two `*` is searched for as Knuth, Morris and Pratt do: the text is read once. Only with
    /// a `?` there it is read again from the next character, so the steps are then at most |pattern| × |text|.
    pub(super) fn matches(&self, text: &str, case: Case) -> (bool, usize) {
        let (pattern, back) = (&self.pattern, &self.back[case as usize]);
        if !case.starts(text, &self.head) {
            return (false, 1);
        }
        let (mut at, mut rest, mut steps) = (0, text[self.head.len()..].chars(), 0);
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            steps += 1;
            let Some(c) = rest.clone().next() else {
                return (pattern[at..].iter().all(|p| *p == '*'), steps);
            };
            match pattern.get(at) {
                Some('*') => {
                    at += 1;
                    retry = Some((at, rest.clone()));
                    continue;
                }
                Some(p) if *p == '?' || case.fold(*p) == case.fold(c) => {
                    at += 1;
                    rest.next();
                    continue;
                }
                _ => {}
            }
            let Some((star, from)) = &mut retry else { return (false, steps) };
            match back[at] {
                Some(earlier) => at = usize::from(earlier),
                None if at == *star => {
                    rest.next();
                    from.clone_from(&rest);
                }
                None => {
                    from.next();
                    rest = from.clone();
                    at = *star;
                }
            }
        }
    }
}

/// For each place after the first `*`: the place to try with the same character when it does not fit there, the longest way back into
/// what was matched since that `*`. `None` at the start of such a part, and everywhere in one that holds a `?`.
fn back(pattern: &[char], case: Case) -> Box<[Option<u16>]> {
    let mut back = vec![None; pattern.len() + 1];
    let same = |a: usize, b: usize| case.fold(pattern[a]) == case.fold(pattern[b]);
    let mut start = pattern.iter().position(|c| *c == '*').map_or(pattern.len(), |star| star + 1);
    while start < pattern.len() {
        let end = pattern[start..].iter().position(|c| *c == '*').map_or(pattern.len(), |length| start + length);
        if !pattern[start..end].contains(&'?') && u16::try_from(end).is_ok() {
            let mut border = start;
            for place in start + 1..=end {
                back[place] = u16::try_from(border).ok();
                if place == end {
                    break;
                }
                while border > start && !same(place, border) {
                    border = back[border].map_or(start, usize::from);
                }
                if same(place, border) {
                    border += 1;
                }
            }
        }
        start = end + 1;
    }
    back.into()
}
