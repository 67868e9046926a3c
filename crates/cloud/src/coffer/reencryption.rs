//! How far the encryption of a disk anew is.

use coffer_store::volumes::Reencryption;

use crate::context::Cx;

/// What is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// `Running`, `Paused`, or `Waiting` until the disk is served.
    pub(super) status: &'static str,
    /// How much is done; nothing while the disk is not served.
    pub(super) per_cent: Option<i64>,
}

impl Progress {
    /// That of what is done to a volume.
    pub(super) fn of(cx: &Cx<'_>, volume_id: &str, reencryption: &Reencryption) -> Self {
        let rekey = cx.host.status(volume_id).and_then(|status| status.rekey);
        let status = match rekey {
            _ if reencryption.is_paused => "Paused",
            Some(_) => "Running",
            None => "Waiting",
        };
        let per_cent = rekey.map(|rekey| rekey.done_chunks * 100 / rekey.total_chunks.max(1));
        Self { status, per_cent: per_cent.map(|done| i64::try_from(done).unwrap_or(100)) }
    }
}
