//! Every object that a snapshot refers to is there. What is in them is for `coffer volume check --snapshots`.

use std::sync::Arc;

use coffer_block::snapshot::{self, Manifest, ManifestRef, Objects, SnapshotError};

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::{Failure, chain};
use crate::manifests;

pub(super) const CHECK: Check = Check { name: "objects", run: Run::Database(check) };

fn check(data: &Data) -> Findings {
    let kept = manifests::expected(&data.config.data)?;
    let root = &data.config.volumes.objects;
    let mut findings = Vec::new();
    let remedy = "put the objects back from a backup; the snapshot is of no use without them: delete it";
    if !root.is_dir() {
        return Ok(kept
            .first()
            .map(|_| Finding::error(format!("{} is missing", root.display()), remedy))
            .into_iter()
            .collect());
    }
    let objects = Objects::local(root).map_err(|error| Failure::machine(root.display(), chain(&error)))?;
    let objects = Arc::new(objects);
    for manifest in kept {
        let missing = missing(&objects, &manifest.at);
        let what = match &missing {
            Ok(names) if names.is_empty() => continue,
            Ok(names) => format!("{} objects of {} are missing, {} first", names.len(), manifest.snapshot_id, names[0]),
            Err(error) => format!("{}: {}", manifest.snapshot_id, chain(error)),
        };
        findings.push(Finding::error(what, remedy));
    }
    Ok(findings)
}

fn missing(objects: &Arc<Objects>, at: &ManifestRef) -> Result<Vec<String>, SnapshotError> {
    snapshot::missing(&Manifest::open(objects, at, None)?)
}
