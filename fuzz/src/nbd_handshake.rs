//! What a client says before the transmission: the server answers or hangs up, and it makes no difference in which pieces it arrives.

use std::sync::Arc;

use coffer_block::nbd::{Limits, converse};

use crate::nbd_support::memory::Memory;
use crate::nbd_support::script::Script;
use crate::nbd_support::{monotonic_ns, offer};

const SIZE_BYTES: usize = 1 << 20;

pub(crate) fn run(data: &[u8]) {
    let Some((first, sent)) = data.split_first() else { return };
    let whole = talk(sent, usize::MAX);
    assert!(whole.starts_with(b"NBDMAGICIHAVEOPT\x00\x03"));
    assert!(talk(sent, usize::from(*first) + 1) == whole);
}

/// What the server answers. One thread does everything, so that the same is answered in the same order.
pub(crate) fn talk(sent: &[u8], piece_bytes: usize) -> Vec<u8> {
    let script = Script::new(sent.to_vec(), piece_bytes);
    let limits = Limits { workers: 0, ..Limits::default() };
    let memory = Arc::new(Memory::new(SIZE_BYTES));
    // How it ends is the client's fault or its wish.
    let _ended = converse(&script, Arc::new(offer(&memory)), limits, monotonic_ns);
    script.received()
}
