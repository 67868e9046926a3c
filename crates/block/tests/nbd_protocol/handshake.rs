//! Options and their answers.

use coffer_block::nbd::Limits;

use crate::client::{ACK, Served, serve};
use crate::support::memory::Memory;
use crate::support::script::{information, option, queries, text};

const UNSUP: u32 = 0x8000_0001;
const POLICY: u32 = 0x8000_0002;
const INVALID: u32 = 0x8000_0003;
const UNKNOWN: u32 = 0x8000_0006;

fn small() -> Served {
    serve(Memory::new(1 << 20), Limits::default())
}

/// A reply's type alone, where the rest is a message.
fn kinds(replies: &[(u32, Vec<u8>)]) -> Vec<u32> {
    replies.iter().map(|(kind, _)| *kind).collect()
}

#[test]
fn export_name_answers_with_size_and_flags_and_as_many_zeros_as_agreed() {
    let served = small();
    for (flags, zeros) in [(3_u32, 0), (1, 124)] {
        let mut client = served.stranger();
        client.read(18);
        client.write(&[&flags.to_be_bytes()[..], &option(1, b"disk")].concat());
        // HAS_FLAGS, FLUSH, FUA, TRIM, WRITE_ZEROES, MULTI_CONN, CACHE, FAST_ZERO.
        let expected = [&(1_u64 << 20).to_be_bytes()[..], &0x0d6d_u16.to_be_bytes(), &vec![0; zeros]].concat();
        assert_eq!(client.read(10 + zeros), expected);
        assert_eq!(client.error(3, 0, (0, 0), &[]), 0);
    }
}

#[test]
fn an_unknown_export_ends_the_session_where_there_is_no_other_way_to_say_so() {
    let served = small();
    let mut client = served.greeted();
    assert_eq!(kinds(&client.option(6, &information("other", &[]))), [UNKNOWN]);
    assert_eq!(kinds(&client.option(7, &information("other", &[]))), [UNKNOWN]);
    assert_eq!(kinds(&client.option(9, &queries("other", &[]))), [UNKNOWN]);
    client.write(&option(1, b"other"));
    assert!(client.is_over());
}

#[test]
fn info_tells_what_it_is_asked_for_and_go_begins_the_transmission() {
    let served = small();
    let mut client = served.greeted();
    let export = [&[0, 0], &(1_u64 << 20).to_be_bytes()[..], &0x0d6d_u16.to_be_bytes()].concat();
    let sizes = [&[0, 3], &1_u32.to_be_bytes()[..], &4096_u32.to_be_bytes(), &(32_u32 << 20).to_be_bytes()].concat();
    let all = [(3, export.clone()), (3, b"\0\x01disk".to_vec()), (3, b"\0\x02a disk in memory".to_vec()), (3, sizes)];
    let all = [&all[..], &[(ACK, vec![])]].concat();
    assert_eq!(client.option(6, &information("", &[3, 2, 1, 99])), all);
    assert_eq!(client.option(7, &information("disk", &[])), [(3, export), (ACK, vec![])]);
    assert_eq!(client.error(3, 0, (0, 0), &[]), 0);
}

#[test]
fn the_list_names_the_export_and_takes_no_data() {
    let served = small();
    let mut client = served.greeted();
    let entry = [text("disk"), b"a disk in memory".to_vec()].concat();
    assert_eq!(client.option(3, &[]), [(2, entry), (ACK, vec![])]);
    assert_eq!(kinds(&client.option(3, b"x")), [INVALID]);
}

#[test]
fn options_that_are_unknown_or_not_offered_are_refused_and_haggling_goes_on() {
    let served = small();
    let mut client = served.greeted();
    for number in [0, 4, 11, u32::MAX] {
        assert_eq!(kinds(&client.option(number, b"whatever")), [UNSUP], "{number}");
    }
    assert_eq!(kinds(&client.option(5, &[])), [POLICY]);
    assert_eq!(kinds(&client.option(2, b"ignored")), [ACK]);
    assert!(client.is_over());
}

#[test]
fn structured_replies_take_no_data_and_come_with_the_flag_for_unfragmented_reads() {
    let served = small();
    let mut client = served.greeted();
    assert_eq!(kinds(&client.option(8, b"x")), [INVALID]);
    assert_eq!(kinds(&client.option(8, &[])), [ACK]);
    let replies = client.option(6, &information("disk", &[]));
    assert_eq!(replies[0].1[10..], 0x0ded_u16.to_be_bytes());
}

#[test]
fn contexts_are_listed_by_wildcard_and_selected_by_name() {
    let served = small();
    let mut client = served.greeted();
    let context = |id: u32| [(4, [&id.to_be_bytes()[..], b"base:allocation"].concat()), (ACK, vec![])];
    assert_eq!(kinds(&client.option(10, &queries("disk", &["base:allocation"]))), [INVALID]);
    assert_eq!(kinds(&client.option(8, &[])), [ACK]);
    for listed in [&[][..], &["base:"], &["base:allocation"], &["x-other:y", "base:allocation"]] {
        assert_eq!(client.option(9, &queries("disk", listed)), context(0), "{listed:?}");
    }
    for nothing in [&["qemu:"][..], &["base:other"], &["nonsense"]] {
        assert_eq!(kinds(&client.option(9, &queries("disk", nothing))), [ACK], "{nothing:?}");
    }
    for nothing in [&[][..], &["base:"], &["qemu:dirty-bitmap:x"]] {
        assert_eq!(kinds(&client.option(10, &queries("disk", nothing))), [ACK], "{nothing:?}");
    }
    assert_eq!(client.option(10, &queries("disk", &["base:allocation", "base:allocation"])), context(1));
    // The last one counts, also when it fails.
    assert_eq!(kinds(&client.option(10, &queries("other", &["base:allocation"]))), [UNKNOWN]);
    client.option(7, &information("disk", &[]));
    assert_eq!(client.error(7, 0, (0, 4096), &[]), 22);
}

#[test]
fn data_that_are_cut_short_or_too_long_are_invalid() {
    let served = small();
    let mut client = served.greeted();
    client.option(8, &[]);
    let full = information("disk", &[3]);
    for length in 0..full.len() {
        assert_eq!(kinds(&client.option(6, &full[..length])), [INVALID], "{length}");
    }
    assert_eq!(kinds(&client.option(6, &[&full[..], &[0]].concat())), [INVALID]);
    let full = queries("disk", &["base:allocation"]);
    for length in 0..full.len() {
        assert_eq!(kinds(&client.option(10, &full[..length])), [INVALID], "{length}");
    }
    let many = [text("disk"), u32::MAX.to_be_bytes().to_vec()].concat();
    assert_eq!(kinds(&client.option(9, &many)), [INVALID]);
    let long = text(&"x".repeat(4097));
    assert_eq!(kinds(&client.option(6, &[&long[..], &[0, 0]].concat())), [INVALID]);
    assert_eq!(kinds(&client.option(6, &[0, 0, 0, 1, 0xff, 0, 0])), [INVALID]);
    assert_eq!(kinds(&client.option(6, &[0, 0, 0, 1, 0, 0, 0])), [INVALID]);
}

#[test]
fn a_read_only_export_says_so_and_offers_no_changes() {
    let served = serve(Memory::read_only(4096), Limits::default());
    let mut client = served.greeted();
    let replies = client.option(7, &information("", &[]));
    // HAS_FLAGS, READ_ONLY, FLUSH, FUA, MULTI_CONN, CACHE.
    assert_eq!(replies[0].1[10..], 0x050f_u16.to_be_bytes());
    for command in [1, 4, 6] {
        let payload = if command == 1 { &[0; 512][..] } else { &[] };
        assert_eq!(client.error(command, 0, (0, 512), payload), 1, "{command}");
    }
    assert_eq!(served.memory.calls(), [""; 0]);
}
