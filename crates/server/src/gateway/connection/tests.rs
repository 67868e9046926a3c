//! Clients that keep a connection without using it, and such that only seem to.

use axum::body::Body as Answer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

/// What a client is waited for in these tests.
const PATIENCE: Duration = Duration::from_millis(100);
/// What a test waits for an end that does not come.
const FOREVER: Duration = Duration::from_mins(1);
/// How an HTTP/2 client begins: its preface, and settings that change nothing.
const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const DATA: u8 = 0;
const SETTINGS: u8 = 4;
const PING: u8 = 6;

/// A connection whose buffer has so many bytes, and how the serving of it ends.
fn connect<A>(
    buffer_bytes: usize,
    answer: impl Fn(Request<Body>) -> A + Send + Sync + 'static,
) -> (DuplexStream, JoinHandle<()>)
where
    A: Future<Output = Response<Answer>> + Send + 'static,
{
    let (client, server) = duplex(buffer_bytes);
    let serving = async move {
        let (_kept, stop) = watch::channel(false);
        serve(server, PATIENCE, answer, stop).await;
    };
    (client, tokio::spawn(serving))
}

async fn hello(_: Request<Body>) -> Response<Answer> {
    Response::new(Answer::from("hello"))
}

/// Type, flags and payload of the next frame; nothing at the end.
async fn frame(client: &mut DuplexStream) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    client.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    client.read_exact(&mut payload).await.ok()?;
    Some((head[3], head[4], payload))
}

/// Takes frames, acknowledging settings and pings, until the end or until there is data.
async fn acknowledge(client: &mut DuplexStream) -> Option<Vec<u8>> {
    while let Some((kind, flags, payload)) = frame(client).await {
        let is_to_be_acknowledged = matches!(kind, SETTINGS | PING) && flags & 1 == 0;
        let payload = match kind {
            DATA => return Some(payload),
            PING => payload,
            _ => Vec::new(),
        };
        if is_to_be_acknowledged {
            let length = u8::try_from(payload.len()).unwrap();
            let answer = [&[0, 0, length, kind, 1, 0, 0, 0, 0], &*payload].concat();
            // The server may have ended meanwhile: the next frame shows.
            let _ended = client.write_all(&answer).await;
        }
    }
    None
}

#[tokio::test]
async fn who_makes_no_request_loses_the_connection() {
    for begin in [&b"P"[..], &BEGIN[..23], BEGIN, b"GET / HT", b""] {
        let (mut client, served) = connect(65_536, hello);
        client.write_all(begin).await.unwrap();
        timeout(FOREVER, served).await.expect("the server ends it").unwrap();
    }
}

#[tokio::test]
async fn pings_that_are_answered_are_no_requests() {
    let (mut client, served) = connect(65_536, hello);
    client.write_all(BEGIN).await.unwrap();
    let data = timeout(FOREVER, acknowledge(&mut client)).await.expect("the server ends it");
    assert_eq!(data, None);
    timeout(FOREVER, served).await.expect("it is over").unwrap();
}

#[tokio::test]
async fn who_takes_no_answer_loses_the_connection() {
    let (mut client, served) = connect(1024, |_| async { Response::new(Answer::from(vec![b'x'; 100_000])) });
    // Sent for as long as they are read; nothing is read back.
    let send = async { while client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok() {} };
    timeout(FOREVER, send).await.expect("the server ends it");
    timeout(FOREVER, served).await.expect("it is over").unwrap();
}

#[tokio::test]
async fn a_window_that_never_opens_ends_the_connection() {
    let (mut client, served) = connect(65_536, |_| async { Response::new(Answer::from(vec![b'x'; 100_000])) });
    // SETTINGS_INITIAL_WINDOW_SIZE = 0, then GET /.
    let closed = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
    client.write_all(closed).await.unwrap();
    client.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01x").await.unwrap();
    let data = timeout(FOREVER, acknowledge(&mut client)).await.expect("the server ends it");
    assert_eq!(data, None);
    timeout(FOREVER, served).await.expect("it is over").unwrap();
}

#[tokio::test]
async fn an_answer_may_take_longer_than_its_client_may() {
    let slow = |_| async {
        sleep(PATIENCE * 5).await;
        Response::new(Answer::from("late"))
    };
    let (mut client, _served) = connect(65_536, slow);
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(FOREVER, client.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("\r\n\r\nlate"), "{answer}");

    let (mut client, _served) = connect(65_536, slow);
    client.write_all(BEGIN).await.unwrap();
    client.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01x").await.unwrap();
    let answer = timeout(FOREVER, acknowledge(&mut client)).await.unwrap();
    assert_eq!(answer.as_deref(), Some(&b"late"[..]));
}

#[tokio::test]
async fn a_part_of_an_answer_that_is_taken_counts_and_the_answer_to_a_ping_does_not() {
    let (_client, server) = duplex(65_536);
    let pulse = Pulse::new();
    let mut watched = Watched { stream: server, pulse: Arc::clone(&pulse) };
    for (bytes, counts) in [(17, false), (PART_BYTES - 1, false), (PART_BYTES, true)] {
        let before = pulse.last();
        sleep(Duration::from_millis(2)).await;
        watched.write_all(&vec![0; bytes]).await.unwrap();
        assert_eq!(pulse.last() > before, counts, "{bytes}");
    }
}
