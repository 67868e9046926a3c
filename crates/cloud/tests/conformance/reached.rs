//! Which rows of the catalogue of errors tests were answered with, by what they recorded (`tests/support/reached.rs`).

use std::collections::BTreeSet;
use std::path::Path;

use coffer_base::ErrorCode;
use coffer_cloud::{Product, operations};

use crate::exceptions::{Exceptions, Section};
use crate::gaps::{declared, fits, same_text};

/// The action under which the exceptions list rows of the catalogue.
pub(crate) const CATALOGUE: &str = "catalogue";

/// A refusal: the action that was asked for, status, code, message.
type Answer = (String, u16, String, String);

/// How many errors the tests that recorded into `folder` reached, and what is wrong: a row that is neither reached nor listed, and one
/// that is listed without need.
pub(crate) fn report(folder: &Path) -> (String, Vec<String>) {
    let (answers, exceptions) = (read(folder), Exceptions::read());
    let unused = |code: &ErrorCode| exceptions.group(Section::Unused, CATALOGUE, &format!("{code:?}")).is_some();
    let unreached = ErrorCode::ALL.iter().copied().filter(|code| !answers.iter().any(|answer| gives(*code, answer)));
    let unreached: Vec<_> = unreached.collect();
    let expected = unreached.iter().filter(|code| !unused(code));
    let differences: Vec<_> = expected.map(|code| (CATALOGUE.to_owned(), format!("{code:?}"))).collect();
    let (all, reached) = (ErrorCode::ALL.len(), ErrorCode::ALL.len() - unreached.len());
    (format!("{reached} of {all} errors reached"), exceptions.findings(Section::Untested, &differences))
}

/// Whether an answer is what an error looks like from outside, given by an operation that declares it where any does: some rows look
/// alike.
fn gives(code: ErrorCode, (action, status, theirs, message): &Answer) -> bool {
    let (template, text) = code.template();
    *status == code.status() && fits(template, theirs) && same_text(text, message) && may_give(action, code)
}

fn may_give(action: &str, code: ErrorCode) -> bool {
    let entries = || Product::ALL.into_iter().flat_map(operations);
    let mut declaring = entries().filter(|entry| declared(entry).any(|ours| ours == code)).peekable();
    declaring.peek().is_none() || declaring.any(|entry| entry.operation.name == action)
}

fn read(folder: &Path) -> BTreeSet<Answer> {
    let fail = |what: &dyn std::fmt::Display| -> ! { panic!("{}: {what}", folder.display()) };
    let mut answers = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| fail(&error)) {
        let path = entry.unwrap_or_else(|error| fail(&error)).path();
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| fail(&error));
        // One JSON array a line, since messages may hold anything.
        answers.extend(text.lines().map(|line| {
            serde_json::from_str::<Answer>(line).unwrap_or_else(|error| fail(&format!("{error} in {line}")))
        }));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_belongs_to_the_row_whose_status_code_and_text_it_has() {
        let by = |action: &str, status: u16, code: &str, message: &str| {
            (action.to_owned(), status, code.to_owned(), message.to_owned())
        };
        let answer = |status, code, message| by("CreateDisk", status, code, message);
        let missing = answer(400, "MissingRegionId", "RegionId is mandatory for this action.");
        assert!(gives(ErrorCode::MissingMandatory, &missing));
        assert!(!gives(ErrorCode::EcsMissingParameter, &missing));
        let known = "The specified RegionId does not exist.";
        assert!(gives(ErrorCode::EcsRegionNotFound, &answer(404, "InvalidRegionId.NotFound", known)));
        assert!(
            !gives(ErrorCode::EcsRegionNotFound, &answer(400, "InvalidRegionId.NotFound", known)),
            "another status"
        );
        assert!(!gives(ErrorCode::EcsRegionNotFound, &answer(404, "InvalidRegionId.NotFound", "No.")), "another text");
        let shared = "Multi attach disk does not support this operation.";
        let multi = |action| by(action, 403, "InvalidOperation.MultiAttachDisk", shared);
        assert!(gives(ErrorCode::GroupMultiAttach, &multi("CreateSnapshotGroup")));
        assert!(!gives(ErrorCode::GroupMultiAttach, &multi("ReInitDisk")), "another operation's row");
    }
}
