//! What a client says once it has chosen an export: whatever it is, the answers are whole replies with errors that the protocol knows.

use crate::nbd_handshake::talk;
use crate::nbd_support::script::up_to_transmission;

/// "Error values" of the protocol.
const ERRORS: [u32; 9] = [0, 1, 5, 12, 22, 28, 75, 95, 108];

pub(crate) fn run(data: &[u8]) {
    let Some((first, requests)) = data.split_first() else { return };
    let structured = first & 1 == 1;
    let handshake = up_to_transmission("disk", structured);
    let before = talk(&handshake, usize::MAX).len();
    let sent = [&handshake[..], requests].concat();
    let whole = talk(&sent, usize::MAX);
    assert!(talk(&sent, usize::from(first >> 1) + 1) == whole);
    if structured {
        replies(&whole[before..]);
    }
}

/// Takes replies apart, as can be done without the requests.
fn replies(mut bytes: &[u8]) {
    let mut take = |length: usize| {
        let (taken, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some(taken)
    };
    let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    while let Some(magic) = take(4) {
        if number(magic) == 0x6744_6698 {
            assert!(ERRORS.contains(&number(take(4).unwrap())));
            take(8).unwrap();
            continue;
        }
        assert_eq!(number(magic), 0x668e_33ef);
        let header = take(16).unwrap();
        let (flags, kind, length) = (number(&header[..2]), number(&header[2..4]), number(&header[12..]));
        let payload = take(length as usize).unwrap();
        match kind {
            0 => assert!(payload.is_empty() && flags == 1),
            1 => assert!(payload.len() > 8),
            2 => assert!(payload.len() == 12 && number(&payload[8..]) > 0),
            5 => assert!(payload.len() >= 12 && payload.len() % 8 == 4),
            0x8001 => assert!(flags == 1 && ERRORS[1..].contains(&number(&payload[..4]))),
            _ => panic!("{kind} is no chunk"),
        }
    }
}
