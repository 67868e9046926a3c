//! One GET, for what is no operation.

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

/// What was answered: the head and the body, as text.
pub(super) fn get(endpoint: &Endpoint, path: &str) -> io::Result<String> {
    let address = &endpoint.address;
    let first = address.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the host has no address"))?;
    let stream = TcpStream::connect_timeout(&first, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(tls) = &endpoint.tls else { return ask(stream, address, path) };
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    let session = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
    ask(StreamOwned::new(session, stream), address, path)
}

fn ask(mut stream: impl Read + Write, host: &str, path: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    String::from_utf8(answer).map_err(io::Error::other)
}

/// A header's value.
pub(super) fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
