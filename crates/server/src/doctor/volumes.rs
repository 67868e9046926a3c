//! Every volume is there and sound.

use coffer_store::disks::Disk;
use coffer_store::volumes::{self, Volume};
use coffer_store::{Db, Record as _, StoreError, Tx};

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::volume_faults;

pub(super) const CHECK: Check = Check { name: "volumes", run: Run::Database(check) };

const RESET: &str = "ResetDisk to a snapshot, ReInitDisk, or DeleteDisk";
const WAIT: &str =
    "start the server: it becomes what its snapshot in the backup holds, as soon as its KMS key is enabled";

fn check(data: &Data) -> Findings {
    let mut findings = Vec::new();
    for (volume, remedy) in Db::peek(&data.config.data, made)? {
        let (volume_id, disk_id) = (&volume.volume_id, &volume.disk_id);
        let path = data.config.volumes.volumes.join(volume_id);
        if let Some(remedy) = remedy {
            let what = format!("the bytes of {disk_id} are not in the backup that this store was restored from");
            findings.push(Finding::warning(what, remedy));
        } else if !path.exists() {
            let what = format!("{} is missing: the bytes of {disk_id} are gone", path.display());
            findings.push(Finding::error(what, "put the directory back, or ResetDisk to a snapshot"));
        } else {
            findings.extend(volume_faults(&path).into_iter().map(|what| fault(data, what)));
        }
    }
    Ok(findings)
}

fn fault(data: &Data, what: String) -> Finding {
    if data.is_served {
        return Finding::warning(
            format!("{what} (a server runs: it may be a write under way)"),
            "stop it and look again",
        );
    }
    Finding::error(what, "keep a copy of the data directory; `coffer volume check`; ResetDisk to a snapshot")
}

/// Every volume of a disk that is there whose files were made, and what to do if they are known not to be there.
fn made(tx: &Tx<'_>) -> Result<Vec<(Volume, Option<&'static str>)>, StoreError> {
    let (clones, mut found) = (volumes::to_be_cloned(tx)?, Vec::new());
    for volume in volumes::all(tx)?.into_iter().filter(|volume| volume.is_made) {
        if let Some(disk) = Disk::get(tx, &volume.disk_id)?.filter(|disk| volumes::id_of(disk) == volume.volume_id) {
            let is_clone = clones.iter().any(|(volume_id, _)| *volume_id == volume.volume_id);
            let remedy = if is_clone { WAIT } else { RESET };
            let is_lost = volumes::is_lost(tx, &disk)?;
            found.push((volume, is_lost.then_some(remedy)));
        }
    }
    Ok(found)
}
