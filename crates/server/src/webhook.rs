//! The webhook: events of all accounts, sent in order to the one address that the operator chose. How far it has come is put on record
//! after each delivery that was accepted, so that one is sent again rather than not at all.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use coffer_base::Secret;
use coffer_crypto::{digest, mac};
use coffer_store::events::Told;
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::cli::trust;
use crate::config::ConfigError;
use crate::live::Live;
use crate::serve::now;

/// Most events in a delivery.
const BATCH: i64 = 100;
/// From one look for new events to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a delivery that failed: at first, and at most; each time twice as long.
const RETRY: Duration = Duration::from_secs(1);
const MOST_RETRY: Duration = Duration::from_mins(5);
/// Shortest secret, in bytes.
const LEAST_SECRET: usize = 16;
/// Longest status line that is read.
const MOST_STATUS_BYTES: usize = 1024;

/// Where events are sent, and the key that says who sends them.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    target: Target,
    secret_file: PathBuf,
    ca: Option<PathBuf>,
}

/// The parts of its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    is_tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    /// Whether what is sent there stays on this machine.
    fn is_loopback(&self) -> bool {
        let name = self.host.trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Of `http://host[:port][/path]`, or the same with https.
    fn parse(url: &str) -> Option<Self> {
        let (rest, is_tls) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (rest, false),
            (_, Some(rest)) => (rest, true),
            _ => return None,
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, ["/", path].concat()),
            None => (rest, "/".to_owned()),
        };
        // A colon within brackets belongs to an IPv6 address.
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, if is_tls { 443 } else { 80 }),
        };
        let host_text = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
        let is_good =
            !host.is_empty() && host.bytes().all(host_text) && path.bytes().all(|byte| byte.is_ascii_graphic());
        is_good.then(|| Self { is_tls, host: host.to_owned(), port, path })
    }
}

/// The settings of it, if there are any. Plain HTTP to another machine is only for who said so: events name accounts and callers.
pub(crate) fn configured(
    url: Option<String>,
    secret_file: Option<PathBuf>,
    ca: Option<PathBuf>,
    allow_plaintext: bool,
) -> Result<Option<Webhook>, ConfigError> {
    let wrong = |value, allowed| ConfigError::Value { name: "events.webhook_url", value, allowed };
    match (url, secret_file) {
        (None, None) => Ok(None),
        (Some(url), Some(secret_file)) => match Target::parse(&url) {
            None => Err(wrong(url, "http://HOST:PORT/PATH, or the same with https")),
            Some(target) if !target.is_tls && !target.is_loopback() && !allow_plaintext => {
                Err(wrong(url, "https; http to this machine alone, unless events.webhook_allow_plaintext is true"))
            }
            Some(target) => Ok(Some(Webhook { target, secret_file, ca })),
        },
        _ => Err(ConfigError::Pair("events.webhook_url", "events.webhook_secret_file")),
    }
}

/// A webhook that is ready to send.
pub(crate) struct Sender {
    target: Target,
    secret: Secret<Vec<u8>>,
    tls: Option<TlsConnector>,
}

impl Webhook {
    /// Reads the secret and what its server's certificate is held against.
    pub(crate) fn open(&self) -> Result<Sender, crate::serve::Error> {
        let Self { target, ca, .. } = self;
        let secret = read_secret(&self.secret_file)?;
        let trusted = target.is_tls.then(|| trust(ca.as_deref())).transpose();
        let trusted = trusted.map_err(|failure| format!("events.webhook_ca: {}", failure.what()))?;
        Ok(Sender { target: target.clone(), secret, tls: trusted.map(TlsConnector::from) })
    }
}

fn read_secret(path: &Path) -> Result<Secret<Vec<u8>>, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("events.webhook_secret_file {shown}: {error}"))?;
    let secret = text.trim().as_bytes().to_vec();
    if secret.len() < LEAST_SECRET {
        return Err(format!("events.webhook_secret_file {shown} holds fewer than {LEAST_SECRET} bytes"));
    }
    Ok(Secret::new(secret))
}

impl Sender {
    /// Sends until the server stops.
    pub(crate) async fn run(self, cloud: Live, mut stop: watch::Receiver<bool>) {
        let mut failures = 0u32;
        loop {
            let pause = match self.send_next(&cloud).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => PAUSE,
                Err(error) => {
                    tracing::warn!(host = self.target.host, failures, error, "events can't be delivered");
                    RETRY.saturating_mul(1 << failures.min(16)).min(MOST_RETRY)
                }
            };
            failures = if pause > PAUSE { failures.saturating_add(1) } else { 0 };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                told = stop.wait_for(|stop| *stop) => return drop(told),
            }
        }
    }

    /// Sends the next events; whether there were any.
    async fn send_next(&self, cloud: &Live) -> Result<bool, String> {
        let failed = |error: coffer_base::ApiError| format!("{error:?}");
        let (events, told) = cloud.get().await.untold_events(BATCH).map_err(failed)?;
        let Some(last) = events.last() else { return Ok(false) };
        if let Some(first) = events.first()
            && told > 0
            && first.event_id > told + 1
        {
            tracing::warn!(after = told, before = first.event_id, "events were forgotten before they were delivered");
        }
        let body = json!({"Events": events.iter().map(event).collect::<Vec<_>>()}).to_string();
        let delivery = tokio::time::timeout(PATIENCE, self.post(&body)).await;
        match delivery.map_err(|_| "it took too long".to_owned())?.map_err(|error| error.to_string())? {
            200..=299 => cloud.get().await.set_told(last.event_id).await.map(|()| true).map_err(failed),
            status => Err(format!("it was answered with {status}")),
        }
    }

    /// Sends a body; the status of the answer.
    async fn post(&self, body: &str) -> io::Result<u16> {
        let Target { host, port, .. } = &self.target;
        let name = host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((name, *port)).await?;
        let request = self.request(body, now().unix_ms() / 1000);
        match &self.tls {
            None => exchange(stream, &request).await,
            Some(tls) => {
                let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
                exchange(tls.connect(name, stream).await?, &request).await
            }
        }
    }

    /// The request: signed over the time and the body, so that neither can be changed nor sent much later.
    fn request(&self, body: &str, at_s: i64) -> String {
        let Target { host, port, path, .. } = &self.target;
        let signature = mac::hmac_sha256(self.secret.expose(), format!("{at_s}.{body}").as_bytes());
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\nuser-agent: coffer\r\ncontent-type: application/json\r\n\
             x-coffer-timestamp: {at_s}\r\nx-coffer-signature: sha256={}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            digest::hex(&signature),
            body.len()
        )
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> io::Result<u16> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") && line.len() < MOST_STATUS_BYTES {
        line.push(stream.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&line);
    let status = line.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)).and_then(|code| code.parse().ok());
    status.ok_or_else(|| io::Error::other("what answers does not speak HTTP"))
}

fn event(told: &Told) -> Value {
    let Told { event_id, number, event } = told;
    json!({
        "Id": event_id,
        "AccountId": event.account.as_str(),
        "Cursor": number,
        "Time": event.at.to_iso8601(),
        "Kind": event.kind,
        "RegionId": event.region,
        "ResourceType": event.resource_type,
        "ResourceId": event.resource_id,
        "Principal": event.principal,
        "RequestId": event.request_id,
        "Detail": serde_json::from_str::<Value>(&event.detail).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_http_or_https_with_host_port_and_path() {
        let target =
            |url: &str| Target::parse(url).map(|target| (target.is_tls, target.host, target.port, target.path));
        let is = |tls, host: &str, port, path: &str| Some((tls, host.to_owned(), port, path.to_owned()));
        assert_eq!(target("http://127.0.0.1:9000/a/b?c=d"), is(false, "127.0.0.1", 9000, "/a/b?c=d"));
        assert_eq!(target("https://hooks.example"), is(true, "hooks.example", 443, "/"));
        assert_eq!(target("http://[::1]/x"), is(false, "[::1]", 80, "/x"));
        for wrong in ["", "ftp://a/", "file:///etc/passwd", "http://", "http://u@a/", "http://a/ b", "http://a:x/", "a"]
        {
            assert_eq!(target(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn plain_http_leaves_this_machine_only_where_the_operator_says_so() {
        let configured = |url: &str, allow| configured(Some(url.to_owned()), Some("s".into()), None, allow);
        for here in ["http://127.0.0.1:9/", "http://[::1]/", "http://localhost/", "https://hooks.example/"] {
            assert!(configured(here, false).unwrap().is_some(), "{here}");
        }
        for beyond in ["http://hooks.example/", "http://10.0.0.1:80/", "http://localhost.example/", "http://[fe80::1]/"]
        {
            assert!(configured(beyond, false).is_err(), "{beyond}");
            assert!(configured(beyond, true).unwrap().is_some(), "{beyond}");
        }
    }

    #[test]
    fn a_request_is_signed_over_time_and_body() {
        let sender = Sender {
            target: Target::parse("http://h:1/p").unwrap(),
            secret: Secret::new(b"0123456789abcdef".to_vec()),
            tls: None,
        };
        let request = sender.request("{}", 1000);
        let expected = digest::hex(&mac::hmac_sha256(b"0123456789abcdef", b"1000.{}"));
        assert!(request.contains(&format!("x-coffer-signature: sha256={expected}\r\n")), "{request}");
        let document = include_str!("../../../docs/events.md");
        assert!(document.contains(&format!("\"sha256={expected}\"")), "the document's example is this one");
        assert!(request.starts_with("POST /p HTTP/1.1\r\nhost: h:1\r\n") && request.ends_with("\r\n\r\n{}"));
    }
}
