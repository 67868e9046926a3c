//! Requests and their replies.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use coffer_block::nbd::Limits;

use crate::client::{Client, Reply, Served, serve};
use crate::support::memory::Memory;

const READ: u16 = 0;
const WRITE: u16 = 1;
const FLUSH: u16 = 3;
const TRIM: u16 = 4;
const CACHE: u16 = 5;
const ZERO: u16 = 6;
const STATUS: u16 = 7;
const FUA: u16 = 1;
const NO_HOLE: u16 = 2;
const DF: u16 = 4;
const REQ_ONE: u16 = 8;
const FAST: u16 = 16;
const SIZE: u64 = 64 << 20;

fn served() -> Served {
    serve(Memory::new(64 << 20), Limits::default())
}

/// Bytes that differ from place to place.
fn pattern(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|place| (place.wrapping_mul(2_654_435_761) >> 11 ^ seed).to_le_bytes()[0] | 1).collect()
}

/// A read by a structured reply, put together.
fn read(client: &mut Client, flags: u16, offset: u64, length: u32) -> (Vec<u8>, usize) {
    client.send(READ, flags, 5, (offset, length), &[]);
    let mut bytes = vec![0x55; length as usize];
    for chunks in 1.. {
        let Reply::Chunk { cookie: 5, flags, kind, payload } = client.reply() else { panic!("no structured reply") };
        if kind == 1 || kind == 2 {
            let (place, rest) = payload.split_first_chunk().unwrap();
            let place = usize::try_from(u64::from_be_bytes(*place) - offset).unwrap();
            if kind == 1 {
                bytes[place..place + rest.len()].copy_from_slice(rest);
            } else {
                let length = u32::from_be_bytes(rest.try_into().unwrap()) as usize;
                bytes[place..place + length].fill(0);
            }
        } else {
            assert_eq!((kind, payload.len()), (0, 0));
        }
        if flags == 1 {
            return (bytes, chunks);
        }
    }
    unreachable!()
}

#[test]
fn what_was_written_is_read_whatever_its_place_and_length() {
    let served = served();
    for structured in [false, true] {
        let mut client = served.client(structured);
        for (offset, length) in [(0, 1), (4095, 2), (4096, 4096), (1, 40_000), (12_345, 1 << 20), (8192, 32 << 20)] {
            let data = pattern(length, usize::from(structured));
            let stretch = (offset, u32::try_from(length).unwrap());
            assert_eq!(client.error(WRITE, 0, stretch, &data), 0);
            if structured {
                assert!(read(&mut client, 0, stretch.0, stretch.1) == (data, 1), "{stretch:?}");
            } else {
                client.send(READ, 0, 9, stretch, &[]);
                assert_eq!(client.reply(), Reply::Simple { cookie: 9, error: 0 });
                assert!(client.read(length) == data, "{stretch:?}");
            }
        }
    }
}

#[test]
fn requests_that_arrive_together_are_each_answered_under_their_cookie() {
    for workers in [0, 4] {
        let served = serve(Memory::new(8 << 20), Limits { workers, ..Limits::default() });
        let mut client = served.client(false);
        let mut sender = Client { stream: client.stream.try_clone().unwrap() };
        let lengths = [512, 4096, 70_000, 200_000, 8192];
        let requests: Vec<_> =
            (0..40_u64).map(|n| (n, n * 200_000, lengths[usize::try_from(n % 5).unwrap()])).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (cookie, offset, length) in &requests {
                    let data = pattern(*length, usize::try_from(*cookie).unwrap());
                    sender.send(WRITE, 0, *cookie, (*offset, u32::try_from(*length).unwrap()), &data);
                }
            });
            let mut cookies: Vec<_> = requests
                .iter()
                .map(|_| match client.reply() {
                    Reply::Simple { cookie, error: 0 } => cookie,
                    other => panic!("{other:?}"),
                })
                .collect();
            cookies.sort_unstable();
            assert!(cookies.into_iter().eq(0..40));
        });
        let bytes = served.memory.bytes();
        for (cookie, offset, length) in requests {
            let start = usize::try_from(offset).unwrap();
            assert!(bytes[start..start + length] == pattern(length, usize::try_from(cookie).unwrap()), "{cookie}");
        }
    }
}

#[test]
fn a_large_read_leaves_out_what_is_zero_unless_the_client_wants_it_whole() {
    let served = served();
    let mut client = served.client(true);
    let data = pattern(8192, 0);
    for place in [65536, 3 << 20] {
        assert_eq!(client.error(WRITE, 0, (place, 8192), &data), 0);
    }
    let mut expected = vec![0; 4 << 20];
    expected[65536..65536 + 8192].copy_from_slice(&data);
    expected[3 << 20..(3 << 20) + 8192].copy_from_slice(&data);
    assert!(read(&mut client, 0, 0, 4 << 20) == (expected.clone(), 5));
    assert!(read(&mut client, DF, 0, 4 << 20) == (expected, 1));
    assert!(read(&mut client, 0, 10 << 20, 32 << 20) == (vec![0; 32 << 20], 1));
    assert!(read(&mut client, 0, 0, 0) == (vec![], 1));
}

#[test]
fn forced_unit_access_is_a_flush_after_the_change() {
    let served = served();
    for structured in [false, true] {
        let mut client = served.client(structured);
        assert_eq!(client.error(WRITE, FUA, (0, 512), &[1; 512]), 0);
        assert_eq!(served.memory.calls(), ["flush"]);
        assert_eq!(client.error(TRIM, FUA, (0, 4096), &[]), 0);
        assert_eq!(served.memory.calls(), ["trim 0 4096", "flush"]);
        assert_eq!(client.error(ZERO, FUA, (512, 1024), &[]), 0);
        assert_eq!(served.memory.calls(), ["zero 512 1024 no_hole=false fast=false", "flush"]);
        assert_eq!(client.error(FLUSH, 0, (0, 0), &[]), 0);
        assert_eq!(served.memory.calls(), ["flush"]);
        // "MUST accept all commands with this bit set".
        assert_eq!(client.error(CACHE, FUA, (0, 4096), &[]), 0);
        assert_eq!(served.memory.calls(), ["cache 0 4096"]);
    }
}

#[test]
fn the_flags_of_zeroing_reach_the_export_and_fast_may_be_refused() {
    let served = served();
    let mut client = served.client(true);
    assert_eq!(client.error(ZERO, NO_HOLE, (0, 4096), &[]), 0);
    assert_eq!(client.error(ZERO, FAST, (0, 64 << 20), &[]), 0);
    assert_eq!(client.error(ZERO, FAST | NO_HOLE, (0, 4096), &[]), 95);
    let calls = served.memory.calls();
    assert_eq!(calls[0], "zero 0 4096 no_hole=true fast=false");
    assert_eq!(calls[1], "zero 0 67108864 no_hole=false fast=true");
    *served.memory.failure.lock().unwrap() = Some(ErrorKind::Unsupported);
    assert_eq!(client.error(ZERO, 0, (0, 4096), &[]), 22, "ENOTSUP is for fast zeroing alone");
}

#[test]
fn block_status_tells_what_is_allocated() {
    let served = served();
    let mut client = served.client(true);
    assert_eq!(client.error(WRITE, 0, (8192, 4096), &[1; 4096]), 0);
    let status = |client: &mut Client, flags, stretch| {
        client.send(STATUS, flags, 1, stretch, &[]);
        let Reply::Chunk { cookie: 1, flags: 1, kind: 5, payload } = client.reply() else { panic!("no status") };
        let numbers: Vec<_> = payload.chunks(4).map(|number| u32::from_be_bytes(number.try_into().unwrap())).collect();
        assert_eq!(numbers[0], 1, "the context's id");
        numbers[1..].to_vec()
    };
    assert_eq!(status(&mut client, 0, (0, 1 << 20)), [8192, 3, 4096, 0, (1 << 20) - 12288, 3]);
    assert_eq!(status(&mut client, REQ_ONE, (0, 1 << 20)), [8192, 3]);
    assert_eq!(status(&mut client, 0, (9000, 100)), [100, 0]);
    assert_eq!(client.error(STATUS, 0, (0, 0), &[]), 22);
    assert_eq!(client.error(STATUS, 0, (SIZE - 512, 1024), &[]), 22);
    assert_eq!(served.client(false).error(STATUS, 0, (0, 4096), &[]), 22, "no context was selected");
}

#[test]
fn beyond_the_end_there_is_no_space_to_write_and_nothing_to_read() {
    let served = served();
    for structured in [false, true] {
        let mut client = served.client(structured);
        for stretch in [(SIZE, 512), (SIZE - 511, 512), (u64::MAX, 512), (u64::MAX - 100, 512)] {
            assert_eq!(client.error(WRITE, 0, stretch, &[0; 512]), 28, "{stretch:?}");
            assert_eq!(client.error(ZERO, 0, stretch, &[]), 28, "{stretch:?}");
            for command in [READ, TRIM, CACHE] {
                assert_eq!(client.error(command, 0, stretch, &[]), 22, "{command} {stretch:?}");
            }
        }
        assert_eq!(client.error(WRITE, 0, (SIZE, 0), &[]), 0);
        // The payload of a refused write is no request, however long it is.
        assert_eq!(client.error(WRITE, 0, (SIZE, 32 << 20), &vec![0x25; 32 << 20]), 28);
        assert_eq!(client.error(FLUSH, 0, (0, 0), &[]), 0);
    }
    assert_eq!(served.client(true).error(READ, 0, (0, (32 << 20) + 1), &[]), 75);
    assert_eq!(served.client(false).error(READ, 0, (0, (32 << 20) + 1), &[]), 22);
}

#[test]
fn commands_and_flags_that_do_not_exist_are_invalid() {
    let served = served();
    let mut client = served.client(true);
    for command in [8, 9, u16::MAX] {
        assert_eq!(client.error(command, 0, (0, 0), &[]), 22, "{command}");
    }
    for (command, flags) in
        [(READ, NO_HOLE), (TRIM, FAST), (CACHE, DF), (ZERO, REQ_ONE), (FLUSH, 32), (STATUS, 1 << 15)]
    {
        assert_eq!(client.error(command, flags, (0, 4096), &[]), 22, "{command} {flags}");
    }
    assert_eq!(client.error(WRITE, DF, (0, 512), &[1; 512]), 22);
    assert_eq!(client.error(FLUSH, 0, (0, 1), &[]), 22);
    assert_eq!(served.client(false).error(READ, DF, (0, 512), &[]), 22, "DF comes with structured replies");
    assert!(served.memory.bytes().iter().all(|byte| *byte == 0));
    assert_eq!(served.memory.calls(), [""; 0]);
}

#[test]
fn errors_of_the_export_have_their_names_and_the_connection_goes_on() {
    let served = served();
    let names = [
        (ErrorKind::StorageFull, 28),
        (ErrorKind::QuotaExceeded, 28),
        (ErrorKind::PermissionDenied, 1),
        (ErrorKind::OutOfMemory, 12),
        (ErrorKind::Unsupported, 22),
        (ErrorKind::InvalidData, 5),
        (ErrorKind::Other, 5),
    ];
    for structured in [false, true] {
        let mut client = served.client(structured);
        for (kind, errno) in names {
            *served.memory.failure.lock().unwrap() = Some(kind);
            for command in [READ, WRITE, FLUSH, TRIM, CACHE, ZERO] {
                let payload = if command == WRITE { &[1; 4096][..] } else { &[] };
                let stretch = if command == FLUSH { (0, 0) } else { (0, 4096) };
                assert_eq!(client.error(command, 0, stretch, payload), errno, "{command} {kind:?}");
            }
            assert_eq!(client.error(READ, 0, (0, 1 << 20), &[]), errno, "{kind:?}");
        }
        *served.memory.failure.lock().unwrap() = None;
        assert_eq!(client.error(FLUSH, 0, (0, 0), &[]), 0);
    }
}

#[test]
fn a_flush_that_takes_long_does_not_hold_up_the_other_requests_of_its_client() {
    let served = served();
    let mut client = served.client(false);
    served.memory.held.store(true, Ordering::SeqCst);
    client.send(FLUSH, 0, 1, (0, 0), &[]);
    for (cookie, length) in [(2, 512), (3, 1 << 20)] {
        client.send(READ, 0, cookie, (0, length), &[]);
        assert_eq!(client.reply(), Reply::Simple { cookie, error: 0 });
        client.read(length as usize);
    }
    served.memory.held.store(false, Ordering::SeqCst);
    assert_eq!(client.reply(), Reply::Simple { cookie: 1, error: 0 });
}

#[test]
fn what_clients_did_is_counted() {
    let served = served();
    let mut client = served.client(true);
    client.error(WRITE, FUA, (0, 4096), &[1; 4096]);
    client.error(WRITE, 0, (0, 1 << 20), &vec![1; 1 << 20]);
    client.error(READ, 0, (0, 512), &[]);
    client.error(TRIM, 0, (0, 512), &[]);
    client.error(ZERO, 0, (0, 512), &[]);
    client.error(99, 0, (0, 512), &[]);
    let counted = served.offer.counters.snapshot();
    assert_eq!((counted.reads, counted.bytes_read), (1, 512));
    assert_eq!((counted.writes, counted.bytes_written), (2, 4096 + (1 << 20)));
    let others = (counted.flushes, counted.trims, counted.zeroings, counted.errors, counted.clients);
    assert_eq!(others, (1, 1, 1, 1, 1));
    assert_eq!(counted.write_latency.buckets.iter().sum::<u64>(), 2);
    assert!(counted.write_latency.total_ns > 0);
}
