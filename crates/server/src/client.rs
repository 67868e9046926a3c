//! A small client of the API: V3 signatures over HTTP/1.1, plain or under TLS.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use coffer_base::{Rng, Secret, Timestamp};
use coffer_crypto::{SystemRng, digest, mac};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use serde_json::Value;

/// Longest answer that is read.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Host and port.
    pub(crate) address: String,
    /// For HTTPS: what the server's certificate is held against.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// Who calls.
pub(crate) struct Caller {
    /// The access key.
    pub(crate) access_key_id: String,
    /// Its secret.
    pub(crate) secret: Secret<String>,
    /// What goes with a temporary access key.
    pub(crate) security_token: Option<Secret<String>>,
}

/// A caller, and the connection it keeps.
pub(crate) struct Client {
    endpoint: Endpoint,
    caller: Caller,
    now: fn() -> Timestamp,
    stream: Option<BufReader<Box<dyn Stream>>>,
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// What the server has to say beside it.
    pub(crate) warnings: Vec<String>,
    /// The body.
    pub(crate) body: Value,
}

impl Client {
    /// For the server at that endpoint.
    pub(crate) const fn new(endpoint: Endpoint, caller: Caller, now: fn() -> Timestamp) -> Self {
        Self { endpoint, caller, now, stream: None }
    }

    /// Calls an action of the product with that version.
    pub(crate) fn call(&mut self, version: &str, action: &str, parameters: &[(&str, &str)]) -> io::Result<Answer> {
        let request = self.sign(version, action, parameters);
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.get_mut().write_all(request.as_bytes())?;
        stream.get_mut().flush()?;
        let answer = read(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<BufReader<Box<dyn Stream>>> {
        let address = &self.endpoint.address;
        let stream = dial(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.endpoint.tls else { return Ok(BufReader::new(Box::new(stream))) };
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
        Ok(BufReader::new(Box::new(StreamOwned::new(session, stream))))
    }

    fn sign(&self, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let token = self.caller.security_token.as_ref();
        let signed = format!(
            "host;x-acs-action;x-acs-content-sha256;x-acs-date;{}x-acs-signature-nonce;x-acs-version",
            if token.is_some() { "x-acs-security-token;" } else { "" }
        );
        let mut pairs: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.sort_unstable();
        let (query, empty) = (pairs.join("&"), digest::hex(&digest::sha256(b"")));
        let headers = format!(
            "host:{}\nx-acs-action:{action}\nx-acs-content-sha256:{empty}\nx-acs-date:{}\n{}x-acs-signature-nonce:{}\n\
             x-acs-version:{version}\n",
            self.endpoint.address,
            (self.now)().to_iso8601(),
            token.map(|token| format!("x-acs-security-token:{}\n", token.expose())).unwrap_or_default(),
            SystemRng.uuid(),
        );
        let canonical = format!("POST\n/\n{query}\n{headers}\n{signed}\n{empty}");
        let text = format!("ACS3-HMAC-SHA256\n{}", digest::hex(&digest::sha256(canonical.as_bytes())));
        let signature = digest::hex(&mac::hmac_sha256(self.caller.secret.expose().as_bytes(), text.as_bytes()));
        format!(
            "POST /?{query} HTTP/1.1\r\n{}authorization: ACS3-HMAC-SHA256 Credential={},SignedHeaders={signed},\
             Signature={signature}\r\ncontent-length: 0\r\n\r\n",
            headers.replace('\n', "\r\n"),
            self.caller.access_key_id,
        )
    }
}

/// The first of the host's addresses that answers.
fn dial(address: &str) -> io::Result<TcpStream> {
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    for address in address.to_socket_addrs()? {
        outcome = TcpStream::connect_timeout(&address, PATIENCE);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Percent-encodes as RFC 3986 does.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn read(stream: &mut BufReader<Box<dyn Stream>>) -> io::Result<Answer> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut line = String::new();
    let mut next_line = |stream: &mut BufReader<Box<dyn Stream>>| {
        line.clear();
        match stream.read_line(&mut line)? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            _ => Ok(line.trim_end().to_owned()),
        }
    };
    let first = next_line(stream)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| broken("no status"))?;
    let (mut length, mut warnings) = (0, Vec::new());
    loop {
        let header = next_line(stream)?;
        if header.is_empty() {
            break;
        }
        match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(|_| broken("no length"))?;
            }
            Some((name, value)) if name.eq_ignore_ascii_case("x-coffer-warning") => {
                warnings.push(value.trim().to_owned());
            }
            _ => {}
        }
    }
    if length > ANSWER_BYTES {
        return Err(broken("too long an answer"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, warnings, body: serde_json::from_slice(&body).map_err(|_| broken("no JSON"))? })
}
