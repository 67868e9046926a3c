//! A disk's volumes, made to be what the database says.

use std::collections::BTreeSet;
use std::sync::Arc;

use coffer_base::{ApiError, ErrorCode};
use coffer_block::host::{NewVolume, SnapshotSource, VolumeKeys};
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;
use coffer_store::volumes::{self, Base, Reencryption, Volume};
use coffer_store::{Record as _, Tx};

use super::free::base_released;
use super::work::Outcome;
use super::{guard, keys};
use crate::dispatch::{Cloud, Shared};

/// How long the files of a disk that is gone wait for a snapshot that is still being made of it.
const SNAPSHOT_MS: i64 = 1000;
/// The states of an instance in which its disks are served.
pub(super) const SERVED: [&str; 2] = ["Starting", "Running"];

/// What the database says of a disk.
struct Wanted {
    disk: Option<Disk>,
    /// Whether its bytes are not in this store.
    is_lost: bool,
    /// Its volume, if it has a row.
    volume: Option<Volume>,
    /// Other volumes, which are to go, and whether a snapshot is still being made of each.
    others: Vec<(Volume, bool)>,
    /// The instances that it is served to.
    instances: BTreeSet<String>,
    /// What its bytes are being encrypted anew with.
    reencryption: Option<Reencryption>,
}

impl Wanted {
    fn read(tx: &Tx<'_>, disk_id: &str) -> Result<Self, ApiError> {
        let disk = Disk::get(tx, disk_id)?;
        let current = disk.as_ref().map(volumes::id_of);
        let (mut volume, mut others) = (None, Vec::new());
        for one in volumes::of_disk(tx, disk_id)? {
            if current.as_ref() == Some(&one.volume_id) {
                volume = Some(one);
            } else {
                let busy = volumes::chain(tx, &one.volume_id)?.iter().any(|manifest| manifest.state != "kept");
                others.push((one, busy));
            }
        }
        let mut instances = BTreeSet::new();
        for attachment in disks::attachments(tx, &[disk_id.to_owned()])? {
            let instance = Instance::get(tx, &attachment.instance_id)?;
            if instance.is_some_and(|instance| SERVED.contains(&instance.status.as_str())) {
                instances.insert(attachment.instance_id);
            }
        }
        let reencryption = Reencryption::get(tx, disk_id)?;
        let is_lost = disk.as_ref().map(|disk| volumes::is_lost(tx, disk)).transpose()?.unwrap_or(false);
        Ok(Self { disk, is_lost, volume, others, instances, reencryption })
    }
}

/// What was done to a disk's own volume, for the record.
#[derive(Clone)]
pub(super) struct Made {
    disk: Disk,
    is_new: bool,
}

impl Made {
    /// Puts it on record.
    pub(super) fn record(&self, shared: &Shared, tx: &Tx<'_>) -> Result<(), ApiError> {
        let mut volume = match volumes::of(tx, &self.disk)? {
            Some(volume) => volume,
            None => volumes::begin(tx, &self.disk, Base::default(), shared.clock.now())?,
        };
        let is_wrapped_so = volume.wrapped_data_key == self.disk.wrapped_data_key;
        if !self.is_new && volume.size_gib == self.disk.size_gib && is_wrapped_so {
            return Ok(());
        }
        volume.is_made = true;
        volume.size_gib = self.disk.size_gib;
        volume.kms_key_id.clone_from(&self.disk.kms_key_id);
        volume.wrapped_data_key.clone_from(&self.disk.wrapped_data_key);
        Ok(volume.update(tx)?)
    }
}

impl Cloud {
    /// Makes the machine have of a disk what the database says.
    pub(super) fn sync_disk(&self, disk_id: &str) -> Result<Outcome, ApiError> {
        let held = self.0.volumes.locks.hold(&[disk_id.to_owned()]);
        let Wanted { disk, is_lost, volume, others, instances, reencryption } =
            self.0.db.read(|tx| Wanted::read(tx, disk_id))?;
        let mut gone = Vec::new();
        let mut busy = false;
        for (other, is_busy) in others {
            self.close(&other.volume_id)?;
            busy |= is_busy;
            if !is_busy {
                self.0.volumes.host.remove(&other.volume_id).map_err(ApiError::internal)?;
                gone.push(other);
            }
        }
        let made = match &disk {
            // There is nothing to be made so, and nothing that could be served.
            Some(_) if is_lost && instances.is_empty() => None,
            Some(_) if is_lost => return Err(ErrorCode::DiskNotInBackup.into()),
            Some(disk) => {
                let made = self.settle(disk, volume, &instances)?;
                if let Some(reencryption) = reencryption.filter(|_| !instances.is_empty()) {
                    self.reencrypt(disk, &reencryption)?;
                }
                Some(made)
            }
            None => None,
        };
        let (disk_id, disk_is_gone) = (disk_id.to_owned(), disk.is_none());
        let mut outcome = Outcome::done(Some(held), move |shared, tx| {
            for volume in &gone {
                Volume::delete(tx, &volume.volume_id)?;
                base_released(tx, &volume.base_snapshot_id, shared.clock.now())?;
            }
            if disk_is_gone && !busy {
                Reencryption::delete(tx, &disk_id)?;
            }
            if disk_is_gone {
                volumes::forget_samples(tx, &disk_id, shared.clock.now())?;
            }
            made.map_or(Ok(()), |made| made.record(shared, tx))
        });
        if busy {
            outcome.again = crate::jobs::Again::AfterMs(SNAPSHOT_MS);
        }
        Ok(outcome)
    }

    /// A disk's own volume: made, as large as it is to be, and open for these instances or closed.
    fn settle(&self, disk: &Disk, volume: Option<Volume>, instances: &BTreeSet<String>) -> Result<Made, ApiError> {
        let (host, volume_id) = (&self.0.volumes.host, volumes::id_of(disk));
        let is_open = host.device(&volume_id).is_some();
        let before = guard(&self.0.volumes.opened_for).get(&volume_id).cloned().unwrap_or_default();
        if is_open && before.is_disjoint(instances) {
            self.close(&volume_id)?;
        } else if is_open && !before.is_subset(instances) {
            // Whoever is connected may be of the instance that lost it. The others connect again, whatever its key does meanwhile.
            self.tally(&volume_id);
            host.export_anew(&volume_id).map_err(ApiError::internal)?;
            tracing::info!(disk_id = disk.disk_id, volume_id, "a shared volume is exported anew: an instance lost it");
        }
        let (made, opened) = self.make(disk, volume.as_ref())?;
        if !instances.is_empty() && host.device(&volume_id).is_none() {
            let (keys, base) = match opened {
                Some(opened) => opened,
                None => self.keys_of(disk, volume.as_ref())?,
            };
            if made.is_new {
                // What is not on record as made is made again, empty: before anyone can write to it, it is on record.
                let (shared, made) = (Arc::clone(&self.0), made.clone());
                self.0.db.write(move |tx| made.record(&shared, tx)).wait()?;
            }
            host.open(&volume_id, &keys, base.as_ref()).map_err(ApiError::internal)?;
            tracing::info!(disk_id = disk.disk_id, volume_id, "a volume was opened");
        }
        if !instances.is_empty() {
            guard(&self.0.volumes.opened_for).insert(volume_id, instances.clone());
        }
        Ok(made)
    }

    /// A disk's volume, made unless it is and grown where it is too small; its keys, if they had to be opened for that. The caller
    /// holds the disk.
    pub(super) fn make(&self, disk: &Disk, volume: Option<&Volume>) -> Result<(Made, Option<Keys>), ApiError> {
        let (host, volume_id) = (&self.0.volumes.host, volumes::id_of(disk));
        let size_bytes = u64::try_from(disk.size_gib).map_err(ApiError::internal)? << 30;
        if let Some(volume) = volume.filter(|volume| volume.is_made) {
            if volume.size_gib < disk.size_gib {
                host.resize(&volume_id, size_bytes).map_err(ApiError::internal)?;
            }
            if volume.wrapped_data_key == disk.wrapped_data_key {
                return Ok((Made { disk: disk.clone(), is_new: false }, None));
            }
            let (keys, base) = self.keys_of(disk, Some(volume))?;
            if let Some(key) = &keys.own {
                host.rewrap(&volume_id, key).map_err(ApiError::internal)?;
            }
            return Ok((Made { disk: disk.clone(), is_new: false }, Some((keys, base))));
        }
        let (keys, base) = self.keys_of(disk, volume)?;
        let new = NewVolume { volume_id, size_bytes, key: keys.own.clone(), base: base.clone() };
        host.make(new).map_err(ApiError::internal)?;
        Ok((Made { disk: disk.clone(), is_new: true }, Some((keys, base))))
    }

    fn keys_of(&self, disk: &Disk, volume: Option<&Volume>) -> Result<Keys, ApiError> {
        let volume = volume.filter(|volume| !volume.base_snapshot_id.is_empty()).cloned();
        let find = |tx: &Tx<'_>| -> Result<_, ApiError> { Ok(Reencryption::get(tx, &disk.disk_id)?) };
        if disk.wrapped_data_key.is_none() && volume.is_none() && self.0.db.read(find)?.is_none() {
            return Ok(Keys::default());
        }
        let (account, owned) = (disk.account.clone(), disk.clone());
        let opened = self.open_keys(account, move |cx| {
            let base = volume.map(|volume| keys::base(cx, &volume)).transpose()?.flatten();
            Ok((keys::of_disk(cx, &owned)?, base))
        });
        if let Err(error) = &opened {
            let code = error.code_text();
            tracing::warn!(disk_id = disk.disk_id, kms_key_id = disk.kms_key_id, %code, "disk key unavailable");
        }
        opened
    }

    /// Closes a volume, if it is open.
    pub(super) fn close(&self, volume_id: &str) -> Result<(), ApiError> {
        self.tally(volume_id);
        let was_open = self.0.volumes.host.device(volume_id).is_some();
        self.0.volumes.host.close(volume_id).map_err(ApiError::internal)?;
        guard(&self.0.volumes.opened_for).remove(volume_id);
        if was_open {
            tracing::info!(volume_id, "a volume was closed and its key wiped");
        }
        Ok(())
    }
}

/// A volume's data keys, and what it is a clone of.
pub(super) type Keys = (VolumeKeys, Option<SnapshotSource>);
