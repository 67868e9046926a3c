//! Connections, and how they end.

use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use coffer_block::nbd::{Limits, Listen, Server, mint};

use crate::client::{Client, Reply, Served, serve};
use crate::support::memory::Memory;
use crate::support::script::{greeting, option};
use crate::support::{Folder, monotonic_ns, offer};

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}

fn stops_soon(served: &Served) {
    let start = monotonic_ns();
    served.server.stop();
    assert!(monotonic_ns() - start < 5_000_000_000, "stopping takes no more than the time for the last replies");
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
    let served = serve(Memory::new(4096), Limits::default());
    let path = served.folder.file("socket");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    served.server.stop();
    assert!(!path.exists());
    assert_eq!(std::fs::read_dir(&served.folder.0).unwrap().count(), 0);
}

#[test]
fn a_socket_that_nobody_listens_at_is_replaced_and_anything_else_is_not() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let start = || {
        let offer = offer(&Arc::new(Memory::new(4096)));
        Server::start(&Listen::Unix(path.clone()), Arc::new(offer), Limits::default(), monotonic_ns)
    };
    drop(UnixListener::bind(&path).unwrap());
    let server = start().unwrap();
    assert_eq!(start().err().unwrap().kind(), std::io::ErrorKind::AddrInUse);
    drop(server);
    std::fs::write(&path, "precious").unwrap();
    assert_eq!(start().err().unwrap().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn who_connects_after_the_export_has_grown_sees_its_new_size() {
    let served = serve(Memory::new(4096), Limits::default());
    let mut before = served.client(false);
    served.memory.grow(8192);
    assert_eq!(before.error(1, 0, (4096, 512), &[1; 512]), 28);
    assert_eq!(before.error(1, 0, (0, 512), &[1; 512]), 0);
    let mut after = served.client(false);
    assert_eq!(after.error(1, 0, (4096, 512), &[2; 512]), 0);
    assert_eq!(served.memory.bytes()[4096..4608], [2; 512]);
}

#[test]
fn there_are_as_many_connections_as_allowed_and_room_again_when_one_goes() {
    let served = serve(Memory::new(4096), Limits { connections: 2, ..Limits::default() });
    let first = served.client(false);
    let _second = served.client(false);
    assert!(served.stranger().is_over());
    drop(first);
    eventually("the first is forgotten", || served.server.connections() == 1);
    assert_eq!(served.client(false).error(3, 0, (0, 0), &[]), 0);
}

/// So long that no test waits for it.
const AN_HOUR: Duration = Duration::from_hours(1);

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let limits = Limits { connections: 2, handshakes: 3, handshake: AN_HOUR, ..Limits::default() };
    let served = serve(Memory::new(4096), limits);
    let mut first = served.client(false);
    let mut silent: Vec<_> = (0..10).map(|_| served.stranger()).collect();
    let mut second = served.client(false);
    for client in [&mut first, &mut second] {
        assert_eq!(client.error(1, 0, (0, 512), &[1; 512]), 0);
    }
    // Ends where they were broken off, greeted or not.
    for stranger in &mut silent[..8] {
        std::io::Read::read_to_end(&mut stranger.stream, &mut Vec::new()).unwrap();
    }
    assert_eq!(served.server.connections(), 2 + 2);
    stops_soon(&served);
}

#[test]
fn connections_that_say_nothing_over_tcp_keep_nobody_out_who_begins_tls() {
    let (tls, _) = mint("d-1", &["localhost".to_owned()]).unwrap();
    let listen = Listen::Tls((Ipv4Addr::LOCALHOST, 0).into(), tls);
    let limits = Limits { connections: 1, handshakes: 2, handshake: AN_HOUR, ..Limits::default() };
    let server = Server::start(&listen, Arc::new(offer(&Arc::new(Memory::new(4096)))), limits, monotonic_ns).unwrap();
    let connect = || TcpStream::connect(server.address().unwrap()).unwrap();
    // Some before TLS, and some that said they would begin it.
    let mut silent: Vec<_> = (0..10).map(|_| connect()).collect();
    for stream in &mut silent[5..] {
        let _gone = std::io::Write::write_all(stream, &[greeting(), option(5, &[])].concat());
    }
    let mut stream = connect();
    let mut greeted = [0; 18];
    std::io::Read::read_exact(&mut stream, &mut greeted).unwrap();
    assert!(greeted.starts_with(b"NBDMAGIC"));
    server.stop();
}

#[test]
fn who_negotiates_while_others_take_the_last_room_is_told_so() {
    let served = serve(Memory::new(4096), Limits { connections: 1, ..Limits::default() });
    let mut late = served.greeted();
    let first = served.client(false);
    let go = crate::support::script::information("disk", &[]);
    assert_eq!(late.option(7, &go)[0].0, 0x8000_0002);
    drop(first);
    eventually("the first is forgotten", || served.server.connections() == 1);
    assert_eq!(late.option(7, &go).last().unwrap().0, crate::client::ACK);
    assert_eq!(late.error(3, 0, (0, 0), &[]), 0);
}

#[test]
fn clients_that_leave_in_any_way_are_forgotten_and_what_they_sent_is_done() {
    let served = serve(Memory::new(1 << 20), Limits::default());
    let mut polite = served.client(true);
    polite.send(1, 0, 1, (0, 4096), &[1; 4096]);
    polite.send(2, 0, 0, (0, 0), &[]);
    assert_eq!(polite.reply(), Reply::Simple { cookie: 1, error: 0 });
    assert!(polite.is_over());
    let mut rude = served.client(true);
    rude.send(1, 0, 1, (4096, 4096), &[2; 4096]);
    rude.send(1, 0, 2, (8192, 4096), &[3; 1000]);
    drop(rude);
    drop(served.stranger());
    eventually("all are forgotten", || served.server.connections() == 0);
    let bytes = served.memory.bytes();
    assert!(bytes[..4096] == [1; 4096] && bytes[4096..8192] == [2; 4096] && bytes[8192..12288] == [0; 4096]);
    assert_eq!(served.offer.counters.snapshot().clients, 0);
}

#[test]
fn a_client_that_does_not_read_its_replies_holds_up_nobody_else() {
    let served = serve(Memory::new(64 << 20), Limits::default());
    let mut stalled = served.client(false);
    stalled.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let asked = (0..100_000).take_while(|cookie| {
        let length = if cookie % 2 == 0 { 4096 } else { 1 << 20 };
        let request = crate::support::script::request(0, 0, *cookie, 0, length);
        std::io::Write::write_all(&mut stalled.stream, &request).is_ok()
    });
    assert!(asked.count() < 100_000, "the server stops reading");
    let mut other = served.client(false);
    for _ in 0..100 {
        assert_eq!(other.error(1, 0, (0, 4096), &[1; 4096]), 0);
        assert_eq!(other.error(3, 0, (0, 0), &[]), 0);
    }
    stops_soon(&served);
}

#[test]
fn when_the_server_stops_requests_in_progress_are_answered_and_nothing_is_begun() {
    let served =
        serve(Memory::new(1 << 20), Limits { workers: 1, drain: Duration::from_secs(20), ..Limits::default() });
    let mut client = served.client(true);
    let mut idle = served.client(true);
    let mut stranger = served.greeted();
    served.memory.held.store(true, Ordering::SeqCst);
    client.send(3, 0, 1, (0, 0), &[]);
    client.send(4, 0, 2, (0, 4096), &[]);
    eventually("the flush is in progress", || served.memory.count.load(Ordering::SeqCst) == 1);
    std::thread::scope(|scope| {
        let stopped = scope.spawn(|| stops_soon(&served));
        assert!(idle.is_over() && stranger.is_over());
        assert!(!stopped.is_finished());
        served.memory.held.store(false, Ordering::SeqCst);
        // In either order: what is read after the stop has begun is refused at once.
        for _ in 0..2 {
            match client.reply() {
                Reply::Simple { cookie: 1, error: 0 } => {}
                Reply::Chunk { cookie: 2, payload, .. } => assert_eq!(payload[..4], 108_u32.to_be_bytes()),
                other => panic!("{other:?}"),
            }
        }
        assert!(client.is_over());
        stopped.join().unwrap();
    });
    assert_eq!((served.memory.count.load(Ordering::SeqCst), served.server.connections()), (1, 0));
}

#[test]
fn stopping_under_load_leaves_nothing_that_touches_the_export() {
    let served = serve(Memory::new(4 << 20), Limits::default());
    let mut clients: Vec<_> = (0..4).map(|_| served.client(false)).collect();
    let mut count = 0;
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(move || load(client));
        }
        eventually("there is load", || served.memory.count.load(Ordering::SeqCst) > 1000);
        stops_soon(&served);
        count = served.memory.count.load(Ordering::SeqCst);
    });
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(served.memory.count.load(Ordering::SeqCst), count);
}

/// Writes and flushes until it can't any more.
fn load(client: &mut Client) {
    let write = [crate::support::script::request(1, 0, 1, 0, 4096), vec![1; 4096]].concat();
    let flush = crate::support::script::request(3, 0, 2, 0, 0);
    let round = [&write[..], &write, &flush].concat();
    let mut replies = [0; 48];
    let stream = &mut client.stream;
    while std::io::Write::write_all(stream, &round).is_ok() && std::io::Read::read_exact(stream, &mut replies).is_ok() {
    }
}

#[test]
fn over_tcp_nothing_is_said_before_tls() {
    let folder = Folder::new();
    let (tls, _) = mint("d-1", &["localhost".to_owned()]).unwrap();
    let listen = Listen::Tls((Ipv4Addr::LOCALHOST, 0).into(), tls);
    let offer = offer(&Arc::new(Memory::new(4096)));
    let server = Server::start(&listen, Arc::new(offer), Limits::default(), monotonic_ns).unwrap();
    let connect = |flags: &[u8]| {
        let mut stream = TcpStream::connect(server.address().unwrap()).unwrap();
        std::io::Write::write_all(&mut stream, flags).unwrap();
        let mut greeted = [0; 18];
        std::io::Read::read_exact(&mut stream, &mut greeted).unwrap();
        stream
    };
    let ask = |stream: &mut TcpStream, option: &[u8]| {
        std::io::Write::write_all(stream, option).unwrap();
        let mut reply = [0; 20];
        std::io::Read::read_exact(stream, &mut reply).ok().map(|()| {
            let kind = u32::from_be_bytes(reply[12..16].try_into().unwrap());
            let mut message = vec![0; u32::from_be_bytes(reply[16..].try_into().unwrap()) as usize];
            std::io::Read::read_exact(stream, &mut message).unwrap();
            kind
        })
    };
    let mut stream = connect(&greeting());
    for number in [3, 6, 7, 8, 9, 10, 99] {
        assert_eq!(ask(&mut stream, &option(number, &[])), Some(0x8000_0005), "{number}");
    }
    assert_eq!(ask(&mut stream, &option(5, b"x")), Some(0x8000_0003));
    assert_eq!(ask(&mut stream, &option(1, b"disk")), None, "there is no way to say no");
    // Old clients can't initiate TLS.
    assert_eq!(ask(&mut connect(&[0; 4]), &option(3, &[])), None);
    // What comes with STARTTLS came in clear.
    let mut eager = connect(&greeting());
    assert_eq!(ask(&mut eager, &[option(5, &[]), option(3, &[])].concat()), Some(1));
    assert_eq!(ask(&mut eager, &[]), None);
    let mut late = connect(&greeting());
    assert_eq!(ask(&mut late, &option(5, &[])), Some(1));
    assert_eq!(ask(&mut late, &option(3, &[])), None, "that is no TLS");
    drop((server, folder));
}
