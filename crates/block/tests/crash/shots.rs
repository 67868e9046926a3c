//! The snapshots of a run, in a store of objects, and what each must hold.

use std::ops::ControlFlow;
use std::sync::Arc;

use coffer_base::SeededRng;
use coffer_block::bitmap::Bitmap;
use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{self, Base, Chain, ChunkSource, Manifest, ManifestRef, Objects, SnapshotReader, Upload};
use coffer_block::volume::{DataKey, FrozenSource};

use crate::model::{Device, SECTOR, Value};

/// A snapshot that is complete.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) sequence: u64,
    pub(crate) content: Vec<Value>,
    manifest: ManifestRef,
    key: DataKey,
}

pub(crate) struct Shots<'a> {
    objects: &'a Arc<Objects>,
    rng: SeededRng,
}

impl<'a> Shots<'a> {
    pub(crate) fn new(objects: &'a Arc<Objects>, seed: u64) -> Self {
        Self { objects, rng: SeededRng::new(seed ^ 0x5107) }
    }

    /// Reads a frozen volume off.
    pub(crate) fn upload(
        &self,
        volume_id: &str,
        source: &FrozenSource,
        sequence: u64,
        content: &[Value],
        parent: Option<&Shot>,
        key: DataKey,
    ) -> Result<Shot, String> {
        let said = |error: snapshot::SnapshotError| format!("upload: {error}: {error:?}");
        let chain = Chain::new(volume_id).map_err(said)?;
        let parent = parent.filter(|_| !source.is_full()).map(|parent| self.open(parent)).transpose()?;
        let upload = Upload {
            objects: self.objects,
            chain: &chain,
            sequence,
            data_key: Some(&key.plain),
            threads: 1,
            rng: &self.rng,
        };
        let made = upload.run(source, parent.as_ref(), &|_| ControlFlow::Continue(())).map_err(said)?;
        let manifest = ManifestRef { chain, sequence, root: made.root };
        let shot = Shot { sequence, content: content.to_vec(), manifest, key };
        self.verify(&shot)?;
        Ok(shot)
    }

    /// Sees that a frozen volume holds what it must.
    pub(crate) fn compare(source: &FrozenSource, content: &[Value]) -> Result<(), String> {
        let said = |error: std::io::Error| format!("reading a frozen volume: {error}");
        compare("the frozen volume", &source.changed().map_err(said)?, content, |index, buffer| {
            source.read_chunk(index, buffer)
        })
    }

    /// Sees that a snapshot holds what it must, and nothing else.
    pub(crate) fn verify(&self, shot: &Shot) -> Result<(), String> {
        let manifest = self.open(shot)?;
        let present = manifest.present().map_err(|error| error.to_string())?;
        for (index, sectors) in shot.content.chunks(CHUNK_BYTES / SECTOR).enumerate() {
            if !present.contains(index as u64) && sectors.iter().any(|value| *value != 0) {
                return Err(format!("snapshot {} lacks chunk {index}", shot.sequence));
            }
        }
        let name = format!("snapshot {}", shot.sequence);
        compare(&name, &present, &shot.content, |index, buffer| Ok(manifest.read_chunk(index, buffer)?))
    }

    /// What a clone reads from.
    pub(crate) fn reader(&self, shot: &Shot) -> Result<Arc<dyn Base>, String> {
        Ok(Arc::new(SnapshotReader::new(Arc::new(self.open(shot)?))))
    }

    pub(crate) fn delete(&self, shot: &Shot, previous: Option<&Shot>, next: Option<&Shot>) -> Result<(), String> {
        let [previous, next] = [previous, next].map(|shot| shot.map(|shot| &shot.manifest));
        snapshot::delete(self.objects, &shot.manifest, previous, next).map_err(|error| format!("delete: {error}"))
    }

    /// Deletes what a run has stored.
    pub(crate) fn forget<'s>(&self, shots: impl Iterator<Item = (&'s str, u64)>) {
        for (volume_id, sequence) in shots {
            let forgotten = snapshot::abandon(self.objects, &Chain::new(volume_id).unwrap(), sequence);
            forgotten.expect("objects in memory can be deleted");
        }
    }

    fn open(&self, shot: &Shot) -> Result<Manifest, String> {
        Manifest::open(self.objects, &shot.manifest, Some(&shot.key.plain))
            .map_err(|error| format!("open a snapshot: {error}"))
    }
}

fn compare(
    name: &str,
    set: &Bitmap,
    content: &[Value],
    read: impl Fn(u64, &mut [u8]) -> std::io::Result<()>,
) -> Result<(), String> {
    let mut buffer = vec![0; CHUNK_BYTES];
    for index in set.iter() {
        read(index, &mut buffer).map_err(|error| format!("{name}, chunk {index}: {error}"))?;
        let first = usize::try_from(index).unwrap() * (CHUNK_BYTES / SECTOR);
        let end = content.len().min(first + CHUNK_BYTES / SECTOR);
        let expected = Device::of(content.to_vec()).expected(first..end);
        let wrong = buffer.chunks_exact(SECTOR).zip(expected.chunks_exact(SECTOR)).position(|(a, b)| a != b);
        if let Some(wrong) = wrong {
            let sector = first + wrong;
            let found = crate::model::describe(&buffer[wrong * SECTOR..(wrong + 1) * SECTOR], sector);
            return Err(format!("{name}, sector {sector}: {found} instead of write {}", content[sector]));
        }
    }
    Ok(())
}
