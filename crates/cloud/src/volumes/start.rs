//! Starting an instance: its disks are opened, then it runs.

use std::sync::Arc;

use coffer_base::ApiError;
use coffer_store::instances::Instance;
use coffer_store::{Record as _, Tx, disks};

use super::work::Outcome;
use crate::dispatch::Cloud;
use crate::job::{self, Kind};

/// How long an instance waits for a disk that is being initialised.
const INITIALISING_MS: i64 = 50;

impl Cloud {
    /// Finishes a start: `Pending` or `Starting` becomes `Running`. A disk that can't be opened does not hold it up: that is tried
    /// again until it can.
    pub(super) fn start_instance(&self, instance_id: &str) -> Result<Outcome, ApiError> {
        let owned = instance_id.to_owned();
        let begun = self.0.db.write(move |tx| begin(tx, &owned)).wait()?;
        let Some(attached) = begun else { return Ok(Outcome::nothing()) };
        if attached.iter().any(|(_, status)| status == "ReIniting") {
            return Ok(Outcome::after_ms(INITIALISING_MS));
        }
        let mut failed = Vec::new();
        for (disk_id, _) in attached {
            if let Err(error) = self.open_for_start(&disk_id) {
                tracing::error!(instance_id, disk_id, code = %error.code_text(), "a disk can't be opened at the start");
                failed.push(disk_id);
            }
        }
        let instance_id = instance_id.to_owned();
        Ok(Outcome::done(None, move |shared, tx| {
            let now = shared.clock.now();
            for disk_id in &failed {
                job::follow(tx, Kind::SyncDisk, disk_id, now)?;
            }
            let Some(mut instance) = Instance::get(tx, &instance_id)? else { return Ok(()) };
            if instance.status == "Starting" {
                "Running".clone_into(&mut instance.status);
                instance.started_at = Some(now);
                instance.update(tx)?;
            }
            Ok(())
        }))
    }

    fn open_for_start(&self, disk_id: &str) -> Result<(), ApiError> {
        let Outcome { record, held, .. } = self.sync_disk(disk_id)?;
        let shared = Arc::clone(&self.0);
        self.0.db.write(move |tx| record(&shared, tx)).wait()?;
        drop(held);
        Ok(())
    }
}

/// The disks of an instance that is to start, with their statuses. One that was only made before is `Starting` from here on, so
/// that its disks are to be served.
fn begin(tx: &Tx<'_>, instance_id: &str) -> Result<Option<Vec<(String, String)>>, ApiError> {
    let Some(mut instance) = Instance::get(tx, instance_id)? else { return Ok(None) };
    match instance.status.as_str() {
        "Pending" => {
            "Starting".clone_into(&mut instance.status);
            instance.update(tx)?;
        }
        "Starting" => {}
        _ => return Ok(None),
    }
    let attached = disks::attached_to(tx, instance_id)?;
    Ok(Some(attached.into_iter().map(|(_, disk)| (disk.disk_id, disk.status)).collect()))
}
