//! What hangs on a key: without it nobody can read these any more.

use coffer_base::ApiError;
use coffer_store::Tx;
use coffer_store::dependants::{self, Counts, Kind};
use coffer_store::keys::Key;

use crate::context::Cx;

/// How much hangs on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependants(Counts);

impl Dependants {
    /// On a key. They are in its account and region, as ECS uses a key nowhere else.
    pub fn of(tx: &Tx<'_>, key: &Key) -> Result<Self, ApiError> {
        Ok(Self(dependants::count(tx, &key.key_id, None)?))
    }

    /// Whether there are any.
    pub fn any(self) -> bool {
        self.0.of_kind.iter().any(|count| *count > 0)
    }

    /// The counts, by name.
    pub fn counts(self) -> impl Iterator<Item = (&'static str, i64)> {
        NOTES.into_iter().zip(self.0.of_kind)
    }

    /// The counts, for the record.
    pub fn notes(self) -> impl Iterator<Item = (&'static str, String)> {
        self.counts().map(|(name, count)| (name, count.to_string()))
    }

    /// Warns the caller and notes the warning, if there are any.
    pub fn warn(self, cx: &mut Cx<'_>, key: &Key) {
        if self.any() {
            cx.warn(format!("the key {} is in use: {}", key.key_id, self.text()));
        }
    }

    /// The counts in words: what there is none of is not mentioned.
    pub fn text(self) -> String {
        let counted = Kind::ALL.into_iter().zip(self.0.of_kind).filter(|(_, count)| *count > 0);
        let counted = counted.map(|(kind, count)| {
            let running = match (kind, self.0.running) {
                (Kind::Disk, running @ 1..) => format!(" ({running} of running instances)"),
                _ => String::new(),
            };
            format!("{count} {}{}{running}", kind.as_str(), if count == 1 { "" } else { "s" })
        });
        counted.collect::<Vec<_>>().join(", ")
    }
}

/// How each kind is called in notes.
const NOTES: [&str; 6] = ["disks", "reencryptions", "snapshots", "images", "secrets", "defaults"];
