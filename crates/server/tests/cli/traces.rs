//! Spans, as a collector gets them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::site::{ID, SECRET, Site};

/// What a collector is sent until the server that sends it is gone: it answers 200 to everything.
fn collect(listener: &TcpListener, until: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while !all.windows(until.len()).any(|window| window == until) {
        let mut stream = listener.accept().unwrap().0;
        let (mut request, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut piece).unwrap();
            assert!(read > 0, "a request that ends early");
            request.extend_from_slice(&piece[..read]);
            let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if request.len() == head + 4 + length.parse::<usize>().unwrap() {
                assert!(text.starts_with("post /v1/traces ") && text.contains("application/x-protobuf"), "{text}");
                break;
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        all.extend_from_slice(&request);
    }
    all
}

#[test]
fn a_collector_gets_a_span_of_each_request_and_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut site = Site::new();
    site.stop();
    site.start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let disk = site.disk(&["--name", "not-to-be-told"]);
    assert_eq!(site.coffer(&["disk", "delete", "d-absent"]).code, 5);
    let collecting = std::thread::Builder::new().spawn(move || collect(&listener, b"ecs:DeleteDisk")).unwrap();
    // What waits to be sent is sent at the end.
    site.stop();
    let spans = collecting.join().unwrap();
    let has = |text: &str| spans.windows(text.len()).any(|window| window == text.as_bytes());
    for text in ["service.name", "ecs:CreateDisk", "rpc.method", "InvalidDiskId.NotFound", "coffer.request_id"] {
        assert!(has(text), "{text}");
    }
    for text in [ID, SECRET, "not-to-be-told", &disk] {
        assert!(!has(text), "{text}");
    }
}
