//! A text as a picture of a QR code, in PNG (RFC 2083): one bit a pixel, uncompressed inside.

use coffer_base::ApiError;
use qrcode::{Color, EcLevel, QrCode};

/// Pixels of a module, and modules of white around the code.
const SCALE: usize = 4;
const MARGIN: usize = 4;

/// The picture's bytes.
pub(super) fn png(text: &str) -> Result<Vec<u8>, ApiError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(ApiError::internal)?;
    let side = (code.width() + 2 * MARGIN) * SCALE;
    let mut rows = Vec::new();
    for y in 0..side {
        // The filter of the row: none.
        rows.push(0);
        let mut row = vec![0xff_u8; side.div_ceil(8)];
        for x in 0..side {
            let module = |at: usize| (at / SCALE).checked_sub(MARGIN).filter(|at| *at < code.width());
            if let (Some(column), Some(line)) = (module(x), module(y))
                && code[(column, line)] == Color::Dark
            {
                row[x / 8] &= !(0x80 >> (x % 8));
            }
        }
        rows.extend(row);
    }
    let edge = u32::try_from(side).map_err(ApiError::internal)?.to_be_bytes();
    let header = [&edge[..], &edge, &[1, 0, 0, 0, 0]].concat();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", header), (b"IDAT", stored(&rows)), (b"IEND", Vec::new())] {
        let length = u32::try_from(data.len()).map_err(ApiError::internal)?;
        let chunk = [name, &data[..]].concat();
        out.extend(length.to_be_bytes());
        out.extend(&chunk);
        out.extend(crc32(&chunk).to_be_bytes());
    }
    Ok(out)
}

/// A zlib stream (RFC 1950) of blocks that are not compressed.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = data.chunks(0xffff);
    let last = blocks.len() - 1;
    for (place, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).expect("a block has 65535 bytes at most");
        out.push(u8::from(place == last));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_the_published_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert!(stored(b"Wikipedia").ends_with(&0x11e6_0398_u32.to_be_bytes()));
    }

    #[test]
    fn a_picture_is_as_large_as_its_code() {
        let bytes = png("otpauth://totp/a").unwrap();
        assert_eq!(&bytes[12..24], b"IHDR\0\0\0\x84\0\0\0\x84");
        assert!(bytes.ends_with(b"IEND\xae\x42\x60\x82"));
    }
}
