//! What an operation lacks of what the vendor describes.

use std::collections::BTreeSet;

use coffer_base::ErrorCode;
use coffer_cloud::{Entry, Shape, operations};

use crate::sources::Sources;
use crate::vendor::Vendor;

/// The action under which the exceptions list what belongs to a product as a whole.
pub(crate) const COMMON: &str = "common";

/// What is missing from one operation, by the vendor's names.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// Parameters that are not honoured.
    pub(crate) parameters: BTreeSet<String>,
    /// Fields that its answer never has.
    pub(crate) fields: BTreeSet<String>,
    /// Codes of documented errors that it does not declare.
    pub(crate) errors: BTreeSet<String>,
}

/// What `entry` lacks. An error that the way to every operation gives need not be declared.
pub(crate) fn of(vendor: &Vendor, entry: &Entry, sources: &Sources) -> Gaps {
    let action = entry.operation.name;
    let mut shown = Vec::new();
    fields("", &(entry.shape)(), &mut shown);
    let given: Vec<_> = declared(entry).chain(sources.given_by_every(vendor.product)).collect();
    let documented = vendor.errors(action).into_iter().map(|row| row.code);
    Gaps {
        parameters: vendor.parameters(action).into_iter().filter(|name| !honours(entry, name)).collect(),
        fields: vendor.fields(action).into_iter().filter(|name| !shown.contains(name)).collect(),
        errors: documented.filter(|code| !given.iter().any(|ours| fits(ours.template().0, code))).collect(),
    }
}

/// The errors that an operation declares.
pub(crate) fn declared(entry: &Entry) -> impl Iterator<Item = ErrorCode> + use<> {
    entry.operation.errors.iter().copied().flatten().copied()
}

/// The common errors of a product that neither one of its operations declares nor the code around them gives.
pub(crate) fn common(vendor: &Vendor, sources: &Sources) -> Gaps {
    let mut given = sources.given_by_every(vendor.product);
    given.extend(operations(vendor.product).iter().flat_map(declared));
    let lacks = |code: &String| !given.iter().any(|ours| fits(ours.template().0, code));
    let errors = vendor.common_errors().into_iter().map(|row| row.code).filter(lacks).collect();
    Gaps { errors, ..Gaps::default() }
}

/// Whether a documented code is one that a template of ours becomes: `Missing{0}` and `MissingRegionId`. What stands for a
/// placeholder in a code is a parameter's name, so `InvalidParameter.{0}` is not `InvalidParameter.UserName.Length`.
pub(crate) fn fits(template: &str, code: &str) -> bool {
    match template.split_once("{0}") {
        Some((before, after)) => {
            let name = code.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            name.is_some_and(|name| !name.is_empty() && !name.contains('.'))
        }
        None => template == code,
    }
}

/// Whether a documented text is what a template of ours can become. The vendor writes placeholders as `%s` or as an example.
pub(crate) fn same_text(template: &str, theirs: &str) -> bool {
    let pieces: Vec<&str> = template.split("{0}").flat_map(|piece| piece.split("{1}")).collect();
    let [first, middle @ .., last] = &pieces[..] else { return template == theirs };
    let Some(mut rest) = theirs.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for piece in middle {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    true
}

/// Whether an operation honours a parameter, one of a list's elements as `Tag.N.Key`.
pub(crate) fn honours(entry: &Entry, name: &str) -> bool {
    // Read on the way to the operation: the region by `dispatch`, the token by `idempotent`.
    if name == "RegionId" || (name == "ClientToken" && entry.operation.idempotent) {
        return true;
    }
    (entry.parameters)().iter().any(|fact| match name.strip_prefix(fact.name) {
        Some("") => true,
        Some(rest) => match rest.strip_prefix(".N.") {
            Some(member) => fact.members.contains(&member),
            // Written out by index: a field for `Filter.1` takes `Filter.1.Key`.
            None => rest.starts_with('.'),
        },
        None => false,
    })
}

/// The paths of a shape, written as [`Vendor::fields`] writes them.
pub(crate) fn fields(path: &str, shape: &Shape, names: &mut Vec<String>) {
    match shape {
        Shape::List(item) => fields(path, item, names),
        Shape::Object(members) if !members.is_empty() => {
            for (name, inner) in members {
                let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
                fields(&path, inner, names);
            }
        }
        _ => names.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documented_text_is_held_against_a_template() {
        assert!(same_text("Parameter {0} is required.", "Parameter RoleArn is required."));
        assert!(same_text("not found, {0}.", "not found, %s."));
        assert!(!same_text("The parameter \"{0}\".", "The parameter %s."));
        assert!(!same_text("Plain.", "Plain"));
    }
}
