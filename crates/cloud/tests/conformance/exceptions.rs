//! `metadata/exceptions.json`: everything that the vendor describes and this server does otherwise, with the reason.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::vendor;

/// The kinds of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Parameters that are not honoured.
    Parameters,
    /// Fields that an answer never has.
    Fields,
    /// Documented errors that are not given.
    Errors,
    /// Errors given that the operation's table does not have.
    Additions,
    /// Errors given with another status or text than the table's.
    Wordings,
    /// Rows of the catalogue of errors that no code gives, under the action `catalogue`.
    Unused,
    /// Rows of the catalogue of errors that no test in memory is answered with, under the action `catalogue`.
    Untested,
}

/// The parsed file. In names, `*` stands for any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    parameters: Vec<Group>,
    fields: Vec<Group>,
    errors: Vec<Group>,
    additions: Vec<Group>,
    wordings: Vec<Group>,
    unused: Vec<Group>,
    untested: Vec<Group>,
}

/// Exceptions that share a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    /// Why.
    pub(crate) reason: String,
    /// For parameters: the code with which a request is refused that sends one with effect, or `ignored`.
    #[serde(default)]
    pub(crate) sent: String,
    /// Names by action, `Ecs:CreateDisk`.
    pub(crate) of: BTreeMap<String, Vec<String>>,
}

/// Something that differs: the action, `Ecs:CreateDisk`, and the name.
pub(crate) type Difference = (String, String);

impl Exceptions {
    /// Reads the file.
    pub(crate) fn read() -> Self {
        serde_json::from_value(vendor::file("exceptions")).unwrap_or_else(|error| panic!("exceptions.json: {error}"))
    }

    /// The groups of a kind.
    pub(crate) fn groups(&self, section: Section) -> &[Group] {
        match section {
            Section::Parameters => &self.parameters,
            Section::Fields => &self.fields,
            Section::Errors => &self.errors,
            Section::Additions => &self.additions,
            Section::Wordings => &self.wordings,
            Section::Unused => &self.unused,
            Section::Untested => &self.untested,
        }
    }

    /// The group that lists a difference.
    pub(crate) fn group(&self, section: Section, action: &str, name: &str) -> Option<&Group> {
        self.groups(section).iter().find(|group| group.lists(action, name))
    }

    /// What is wrong with a kind of exceptions, given what really differs.
    pub(crate) fn findings(&self, section: Section, differences: &[Difference]) -> Vec<String> {
        let groups = self.groups(section);
        let mut findings = Vec::new();
        for (action, name) in differences {
            match groups.iter().filter(|group| group.lists(action, name)).count() {
                0 => findings.push(format!("{action} lacks {name}, which is not listed")),
                1 => {}
                times => findings.push(format!("{action} {name} is listed {times} times")),
            }
        }
        for group in groups {
            if group.reason.trim().is_empty() {
                findings.push(format!("{:?} are listed without a reason", group.of));
            }
            if (section == Section::Parameters) == group.sent.is_empty() {
                findings.push(format!("{:?}: what happens when one is sent is said of parameters alone", group.of));
            }
            for (actions, names) in &group.of {
                for name in names {
                    let holds = |(a, n): &Difference| matches(actions, a) && matches(name, n);
                    if !differences.iter().any(holds) {
                        findings.push(format!("{actions} {name} is listed but nothing differs there"));
                    }
                }
            }
        }
        findings
    }
}

impl Group {
    /// Whether it lists a name under an action.
    pub(crate) fn lists(&self, action: &str, name: &str) -> bool {
        let listed = |names: &Vec<String>| names.iter().any(|pattern| matches(pattern, name));
        self.of.iter().any(|(actions, names)| matches(actions, action) && listed(names))
    }
}

/// Whether a text is what a pattern describes, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exceptions(reason: &str, of: &[(&str, &[&str])]) -> Exceptions {
        let of =
            of.iter().map(|(a, names)| ((*a).to_owned(), names.iter().map(|n| (*n).to_owned()).collect())).collect();
        let fields = vec![Group { reason: reason.to_owned(), sent: String::new(), of }];
        let none = Vec::new;
        Exceptions {
            parameters: none(),
            fields,
            errors: none(),
            additions: none(),
            wordings: none(),
            unused: none(),
            untested: none(),
        }
    }

    fn findings(reason: &str, of: &[(&str, &[&str])]) -> usize {
        let differences = [("Ecs:A", "X"), ("Ecs:B", "X")].map(|(a, n)| (a.to_owned(), n.to_owned()));
        exceptions(reason, of).findings(Section::Fields, &differences).len()
    }

    #[test]
    fn each_difference_is_listed_once_and_nothing_else_is() {
        assert_eq!(findings("because", &[("Ecs:*", &["X"])]), 0);
        assert_eq!(findings("because", &[("Ecs:A", &["X"]), ("Ecs:B", &["X"])]), 0);
        assert_eq!(findings("because", &[("Ecs:A", &["X"])]), 1, "B's is not listed");
        assert_eq!(findings("because", &[("Ecs:*", &["X", "Y"])]), 1, "nothing lacks Y");
        assert_eq!(findings(" ", &[("Ecs:*", &["X"])]), 1, "no reason");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("Ecs:*", "Ecs:CreateDisk", true),
            ("Ecs:*Disk*", "Ecs:CreateDisk", true),
            ("Ecs:*Disk", "Ecs:CreateDisks", false),
            ("X", "XY", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
