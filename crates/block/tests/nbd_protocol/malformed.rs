//! Bytes that are no protocol: the connection ends, and nothing else.

use std::io::{ErrorKind, Result};
use std::sync::Arc;

use coffer_block::nbd::{Limits, converse};

use crate::client::{ACK, serve};
use crate::support::memory::Memory;
use crate::support::script::{Script, greeting, information, option, request, up_to_transmission};
use crate::support::{monotonic_ns, offer};

/// What comes of bytes that arrive so many at a time.
fn talk(sent: Vec<u8>, piece_bytes: usize) -> (Result<()>, Vec<u8>) {
    let script = Script::new(sent, piece_bytes);
    let limits = Limits { workers: 0, ..Limits::default() };
    let ended = converse(&script, Arc::new(offer(&Arc::new(Memory::new(1 << 20)))), limits, monotonic_ns);
    (ended, script.received())
}

fn kind(sent: Vec<u8>) -> ErrorKind {
    talk(sent, usize::MAX).0.unwrap_err().kind()
}

#[test]
fn a_connection_that_is_cut_anywhere_ends_without_harm() {
    let mut sent = up_to_transmission("disk", true);
    let handshake_bytes = sent.len();
    sent.extend(request(1, 0, 1, 0, 300));
    sent.extend([7; 300]);
    let whole_bytes = sent.len();
    for length in 0..=whole_bytes {
        let (ended, _) = talk(sent[..length].to_vec(), usize::MAX);
        let clean = length == handshake_bytes || length == whole_bytes;
        assert_eq!(
            ended.map_err(|error| error.kind()),
            if clean { Ok(()) } else { Err(ErrorKind::UnexpectedEof) },
            "{length}"
        );
    }
}

#[test]
fn it_makes_no_difference_in_which_pieces_bytes_arrive() {
    let mut sent = up_to_transmission("disk", false);
    for cookie in 0..20 {
        sent.extend(request(1, 0, cookie, cookie * 4000, 3000 + 4000 * u32::try_from(cookie).unwrap()));
        sent.extend(vec![7; 3000 + 4000 * usize::try_from(cookie).unwrap()]);
        sent.extend(request(0, 0, cookie, cookie * 1000, 100_000));
        sent.extend(request(1, 0, cookie, 1 << 40, 70_000));
        sent.extend(vec![8; 70_000]);
    }
    sent.extend(request(2, 0, 0, 0, 0));
    let expected = talk(sent.clone(), usize::MAX);
    assert!(expected.0.is_ok() && expected.1.len() > 20 * 100_000);
    for piece_bytes in [1, 7, 1000, 4096, 65536, 100_001] {
        let (ended, received) = talk(sent.clone(), piece_bytes);
        assert!(ended.is_ok() && received == expected.1, "{piece_bytes}");
    }
}

#[test]
fn unknown_client_flags_wrong_magic_numbers_and_long_options_end_the_connection() {
    assert_eq!(kind(7_u32.to_be_bytes().to_vec()), ErrorKind::InvalidData);
    assert_eq!(kind([greeting(), b"IHAVENOTOPTIONS!".to_vec()].concat()), ErrorKind::InvalidData);
    let long = [&greeting()[..], b"IHAVEOPT", &3_u32.to_be_bytes(), &u32::MAX.to_be_bytes()].concat();
    assert_eq!(kind(long), ErrorKind::InvalidData);
    let mut wrong = request(0, 0, 1, 0, 512);
    wrong[0] ^= 1;
    assert_eq!(kind([up_to_transmission("", false), wrong].concat()), ErrorKind::InvalidData);
}

#[test]
fn a_write_that_is_longer_than_any_payload_ends_the_connection() {
    for length in [(32 << 20) + 1, u32::MAX] {
        let sent = [up_to_transmission("", false), request(1, 0, 1, 0, length)].concat();
        assert_eq!(kind(sent), ErrorKind::InvalidData);
    }
}

#[test]
fn who_only_sends_options_is_sent_away() {
    let sent = [greeting(), option(3, &[]).repeat(1000)].concat();
    let (ended, _) = talk(sent, usize::MAX);
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn who_says_nothing_or_one_byte_at_a_time_is_sent_away_in_time() {
    let limits = Limits { handshake: std::time::Duration::from_millis(300), ..Limits::default() };
    let served = serve(Memory::new(4096), limits);
    let mut silent = served.stranger();
    silent.read(18);
    assert!(silent.is_over());
    let mut slow = served.stranger();
    slow.read(18);
    let bytes = [greeting(), option(7, &information(&"x".repeat(4000), &[]))].concat();
    let said = bytes.iter().take_while(|byte| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        std::io::Write::write_all(&mut slow.stream, &[**byte]).is_ok()
    });
    assert!(said.count() < 1000);
}

#[test]
fn the_time_limit_ends_with_the_handshake() {
    let limits = Limits { handshake: std::time::Duration::from_secs(1), ..Limits::default() };
    let served = serve(Memory::new(4096), limits);
    let mut client = served.client(false);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(client.error(3, 0, (0, 0), &[]), 0);
}

#[test]
fn bytes_at_random_never_do_harm() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..2000 {
        let mut sent = up_to_transmission("disk", round % 2 == 0);
        for _ in 0..8 {
            let command = u16::try_from(next() % 9).unwrap();
            let (flags, offset) = (u16::try_from(next() % 40).unwrap(), next() % (1 << 21));
            let length = u32::try_from(next() % (1 << (next() % 22))).unwrap();
            sent.extend(request(command, flags, next(), offset, length));
            sent.extend(vec![9; if command == 1 { length as usize } else { 0 }]);
        }
        let at = usize::try_from(next()).unwrap() % sent.len();
        if round % 3 == 0 {
            sent[at] = next().to_le_bytes()[0];
        }
        let (_, received) = talk(sent, usize::try_from(next() % 100_000).unwrap() + 1);
        assert_eq!(received[..18], *b"NBDMAGICIHAVEOPT\0\x03");
    }
}

#[test]
fn nothing_that_came_before_tls_is_taken_for_what_comes_under_it() {
    // A server in clear: STARTTLS is refused and the next option answered.
    let sent = [greeting(), option(5, &[]), option(2, &[])].concat();
    let (ended, received) = talk(sent, usize::MAX);
    assert!(ended.is_ok());
    assert_eq!(received[18 + 12..18 + 16], 0x8000_0002_u32.to_be_bytes());
    assert_eq!(received[received.len() - 8..][..4], ACK.to_be_bytes());
}
