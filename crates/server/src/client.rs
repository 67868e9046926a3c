//! A small client of our own API: V3 signatures over plain HTTP/1.1 on loopback.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use coffer_base::{Rng, Secret, Timestamp};
use coffer_crypto::{SystemRng, digest, mac};
use serde_json::Value;

/// Longest answer that is read.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// A caller with its access key, and the connection it keeps.
pub(crate) struct Client {
    address: String,
    access_key_id: String,
    secret: Secret<String>,
    now: fn() -> Timestamp,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
}

impl Client {
    /// For the server at `address` (host and port).
    pub(crate) const fn new(
        address: String,
        access_key_id: String,
        secret: Secret<String>,
        now: fn() -> Timestamp,
    ) -> Self {
        Self { address, access_key_id, secret, now, stream: None }
    }

    /// Calls an action of the product with that version.
    pub(crate) fn call(&mut self, version: &str, action: &str, parameters: &[(&str, &str)]) -> io::Result<Answer> {
        let request = self.sign(version, action, parameters);
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let answer = read(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }

    fn sign(&self, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        const SIGNED: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
        let mut pairs: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.sort_unstable();
        let (query, empty) = (pairs.join("&"), digest::hex(&digest::sha256(b"")));
        let headers = format!(
            "host:{}\nx-acs-action:{action}\nx-acs-content-sha256:{empty}\nx-acs-date:{}\nx-acs-signature-nonce:{}\n\
             x-acs-version:{version}\n",
            self.address,
            (self.now)().to_iso8601(),
            SystemRng.uuid(),
        );
        let canonical = format!("POST\n/\n{query}\n{headers}\n{SIGNED}\n{empty}");
        let text = format!("ACS3-HMAC-SHA256\n{}", digest::hex(&digest::sha256(canonical.as_bytes())));
        let signature = digest::hex(&mac::hmac_sha256(self.secret.expose().as_bytes(), text.as_bytes()));
        format!(
            "POST /?{query} HTTP/1.1\r\n{}authorization: ACS3-HMAC-SHA256 Credential={},SignedHeaders={SIGNED},\
             Signature={signature}\r\ncontent-length: 0\r\n\r\n",
            headers.replace('\n', "\r\n"),
            self.access_key_id,
        )
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut line = String::new();
    let mut next_line = |stream: &mut BufReader<TcpStream>| {
        line.clear();
        match stream.read_line(&mut line)? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            _ => Ok(line.trim_end().to_owned()),
        }
    };
    let first = next_line(stream)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| broken("no status"))?;
    let mut length = 0;
    loop {
        let header = next_line(stream)?;
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| broken("no length"))?;
        }
    }
    if length > ANSWER_BYTES {
        return Err(broken("too long an answer"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, body: serde_json::from_slice(&body).map_err(|_| broken("no JSON"))? })
}
