//! One request of HTTP/1.1 over a connection of its own, for what is no operation.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

use crate::client::Endpoint;

/// Longest answer that is read.
const ANSWER_BYTES: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// What a path answers to a GET.
pub(crate) fn get(endpoint: &Endpoint, path: &str) -> io::Result<String> {
    send(endpoint, &format!("GET {path} HTTP/1.1\r\n"), &[])
}

/// What is answered, head and body, as text. `begin` is the request line and headers of one's own, each with its line end.
pub(crate) fn send(endpoint: &Endpoint, begin: &str, body: &[u8]) -> io::Result<String> {
    let address = &endpoint.address;
    let length = body.len();
    let head = format!("{begin}host: {address}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let request = [head.as_bytes(), body].concat();
    let first = address.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the host has no address"))?;
    let stream = TcpStream::connect_timeout(&first, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(tls) = &endpoint.tls else { return ask(stream, &request) };
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    let session = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
    ask(StreamOwned::new(session, stream), &request)
}

fn ask(mut stream: impl Read + Write, request: &[u8]) -> io::Result<String> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A header's value.
pub(crate) fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The status.
#[cfg(feature = "otel")]
pub(crate) fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
