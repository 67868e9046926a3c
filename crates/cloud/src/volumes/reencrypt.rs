//! Disks whose bytes are encrypted anew: begun when they are served, put on record when it is done.

use coffer_base::{ApiError, Arn};
use coffer_store::disks::Disk;
use coffer_store::volumes::{self, Reencryption};
use coffer_store::{Record as _, Tx};

use super::keys;
use crate::audit::{self, Deed};
use crate::dispatch::{Cloud, Shared};

impl Cloud {
    /// Has an open volume be encrypted anew, as fast as is wished; nothing if that is under way or done. The caller holds the disk.
    pub(super) fn reencrypt(&self, disk: &Disk, reencryption: &Reencryption) -> Result<(), ApiError> {
        let (host, volume_id) = (&self.0.volumes.host, volumes::id_of(disk));
        let bytes_per_s = reencryption.bytes_per_s.and_then(|rate| u64::try_from(rate).ok());
        host.control_rekey(&volume_id, reencryption.is_paused, bytes_per_s).map_err(ApiError::internal)?;
        let is_under_way = host.status(&volume_id).is_some_and(|status| status.rekey.is_some());
        if is_under_way || self.is_reencrypted(disk, reencryption) {
            return Ok(());
        }
        let owned = disk.clone();
        let keys = self.open_keys(disk.account.clone(), move |cx| keys::of_disk(cx, &owned))?;
        let new = keys.next.ok_or_else(|| ApiError::internal("a disk is encrypted anew without a key"))?;
        host.rekey(&volume_id, &new).map_err(ApiError::internal)?;
        tracing::info!(disk_id = disk.disk_id, kms_key_id = reencryption.kms_key_id, "a disk is encrypted anew");
        Ok(())
    }

    /// Whether all of an open volume is under the new key.
    fn is_reencrypted(&self, disk: &Disk, reencryption: &Reencryption) -> bool {
        let wrapped = self.0.volumes.host.wrapped_key(&volumes::id_of(disk));
        wrapped.as_deref() == Some(reencryption.wrapped_data_key.as_bytes())
    }

    /// Puts on record that a disk is encrypted anew, once it is.
    pub(super) fn watch_reencryption(&self, disk: &Disk) -> Result<(), ApiError> {
        let held = self.0.volumes.locks.hold(std::slice::from_ref(&disk.disk_id));
        let Some(reencryption) = self.0.db.read(|tx| Reencryption::get(tx, &disk.disk_id).map_err(ApiError::from))?
        else {
            return Ok(());
        };
        if self.is_reencrypted(disk, &reencryption) {
            let (shared, disk_id) = (std::sync::Arc::clone(&self.0), disk.disk_id.clone());
            self.0.db.write(move |tx| reencrypted(&shared, tx, &disk_id)).wait()?;
        }
        drop(held);
        Ok(())
    }
}

fn reencrypted(shared: &Shared, tx: &Tx<'_>, disk_id: &str) -> Result<(), ApiError> {
    let (Some(mut disk), Some(reencryption)) = (Disk::get(tx, disk_id)?, Reencryption::get(tx, disk_id)?) else {
        return Ok(());
    };
    let now = shared.clock.now();
    disk.kms_key_id = Some(reencryption.kms_key_id.clone());
    disk.wrapped_data_key = Some(reencryption.wrapped_data_key);
    disk.reencrypted_at = Some(now);
    disk.update(tx)?;
    if let Some(mut volume) = volumes::of(tx, &disk)? {
        volume.kms_key_id.clone_from(&disk.kms_key_id);
        volume.wrapped_data_key.clone_from(&disk.wrapped_data_key);
        volume.update(tx)?;
    }
    Reencryption::delete(tx, disk_id)?;
    let resource = Arn::ecs(disk.region, &disk.account, &format!("disk/{disk_id}"));
    let notes = [("diskId", disk_id.to_owned()), ("kmsKeyId", reencryption.kms_key_id)];
    let (account, service, action) = (&disk.account, "ecs.aliyuncs.com", "coffer:ReencryptDisk");
    audit::record_deed(tx, &Deed { at: now, account, service, action, resource: &resource, notes: &notes })?;
    tracing::info!(disk_id, "a disk was encrypted anew");
    Ok(())
}
