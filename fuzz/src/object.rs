//! Sealed chunks: any bytes are one or refused, and no change goes unnoticed.

use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{HEADER_BYTES, Header, Manifest};

use crate::sound::{CHUNK, SOUND, patched};

pub(crate) fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => {
            if let Some(bytes) = rest.first_chunk::<HEADER_BYTES>()
                && let Ok(header) = Header::parse(bytes)
            {
                assert_eq!(header.encode(), *bytes);
            }
            read(rest.to_vec());
        }
        Some((_, rest)) => read(patched(&SOUND.chunk, rest)),
        None => {}
    }
}

fn read(bytes: Vec<u8>) {
    let changed = bytes != SOUND.chunk;
    SOUND.replace(CHUNK, bytes);
    let manifest = Manifest::open(&SOUND.objects, &SOUND.at, None).unwrap();
    let read = manifest.read_chunk(0, &mut vec![0; CHUNK_BYTES]);
    assert_eq!(read.is_err(), changed, "any change is noticed");
    SOUND.replace(CHUNK, SOUND.chunk.clone());
}
