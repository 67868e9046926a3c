//! Manifests and their pages: any bytes are one or refused, and what was parsed is encoded to the same bytes.

use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{Manifest, ManifestRef, PAGE_BYTES, Page, Structure};

use crate::sound::{MANIFEST, PAGE, SOUND, patched};

pub(crate) fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => structure(rest.to_vec()),
        Some((1, rest)) => structure(patched(&SOUND.manifest, rest)),
        Some((2, rest)) => {
            let mut bytes = rest.to_vec();
            bytes.resize(PAGE_BYTES, 0);
            page(bytes);
        }
        Some((_, rest)) => page(patched(&SOUND.page, rest)),
        None => {}
    }
}

fn structure(bytes: Vec<u8>) {
    let Ok((structure, table)) = Structure::parse(&bytes) else { return };
    assert_eq!([&structure.encode(), table].concat(), bytes);
    let at = ManifestRef { root: structure.root(), ..SOUND.at.clone() };
    SOUND.replace(MANIFEST, bytes);
    if let Ok(manifest) = Manifest::open(&SOUND.objects, &at, None) {
        let _any = manifest.present();
        if manifest.size_bytes() > 0 {
            let _any = manifest.read_chunk(0, &mut vec![0; CHUNK_BYTES]);
        }
    }
    SOUND.replace(MANIFEST, SOUND.manifest.clone());
}

fn page(bytes: Vec<u8>) {
    if let Ok(page) = Page::parse(&bytes) {
        assert_eq!(page.encode(), bytes);
    }
    let changed = bytes != SOUND.page;
    SOUND.replace(PAGE, bytes);
    let manifest = Manifest::open(&SOUND.objects, &SOUND.at, None).unwrap();
    assert_eq!(manifest.present().is_err(), changed, "any change is noticed");
    SOUND.replace(PAGE, SOUND.page.clone());
}
