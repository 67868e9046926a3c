//! HTTP in front of the service: one port for plain HTTP and TLS, HTTP/1.1 and HTTP/2, with bounds on everything.

mod connection;
mod reading;
mod sources;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use coffer_base::{ApiError, ErrorCode};
use coffer_cloud::Outgoing;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming as Body};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::console::{self, Console};
use crate::live::Live;
use crate::pages;
#[cfg(feature = "otel")]
use crate::serve::Error;
use crate::serve::now;
use crate::test_mode;
use reading::Reading;
use sources::{Place, Sources};

/// Most connections at a time; further ones wait in the kernel's queue.
pub(crate) const CONNECTIONS: usize = 4096;
/// Most of one address beyond loopback; see [`Sources`].
const CONNECTIONS_OF_ONE: usize = CONNECTIONS / 2;
/// How long a client may take for its first byte, for a TLS handshake, from there to its first request, from one to the next, for a
/// body, and for taking the next part of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of all requests that are being read or answered.
const BUDGET_BYTES: usize = 128 * 1024 * 1024;
/// How long running requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// First byte of a TLS record that holds a handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Everything a connection needs.
pub(crate) struct Gateway {
    cloud: Live,
    tls: TlsAcceptor,
    /// Whether plain HTTP is accepted from beyond loopback.
    allow_plaintext: bool,
    /// What is not the API.
    pages: Router,
    console: Arc<Console>,
    /// The paths of test mode, in test mode.
    test: Option<Router>,
    connections: Arc<Semaphore>,
    sources: Arc<Sources>,
    reading: Reading,
    #[cfg(feature = "otel")]
    traces: Option<crate::traces::Traces>,
}

/// Where a request came from.
#[derive(Clone, Copy)]
struct Peer {
    address: IpAddr,
    tls: bool,
}

impl Peer {
    /// Refuses plain HTTP from beyond loopback, unless that is allowed.
    fn require_private(self, allow_plaintext: bool) -> Result<(), ApiError> {
        let private = self.tls || self.address.is_loopback() || allow_plaintext;
        if private { Ok(()) } else { Err(ErrorCode::NeedTls.into()) }
    }
}

impl Gateway {
    /// Puts the parts together.
    pub(crate) fn new(
        cloud: Live,
        tls: Arc<ServerConfig>,
        allow_plaintext: bool,
        console: Arc<Console>,
        test: Option<Router>,
    ) -> Self {
        let pages = pages::router(cloud.clone());
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        Self {
            cloud,
            tls: TlsAcceptor::from(tls),
            allow_plaintext,
            pages,
            console,
            test,
            connections,
            sources: Sources::new(CONNECTIONS_OF_ONE),
            reading: Reading::new(PATIENCE, BUDGET_BYTES),
            #[cfg(feature = "otel")]
            traces: None,
        }
    }

    /// With spans of requests sent where the environment says, if it does.
    #[cfg(feature = "otel")]
    pub(crate) fn traced(self) -> Result<Self, Error> {
        Ok(Self { traces: crate::traces::Traces::from_environment()?, ..self })
    }

    /// Serves until `stop` turns true, then lets what runs finish.
    pub(crate) async fn run(self: Arc<Self>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        loop {
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = told(&mut stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = self.sources.take(peer.ip()) else {
                        tracing::debug!(%peer, "a source has too many connections for one more");
                        continue;
                    };
                    tokio::spawn(Arc::clone(&self).connection(stream, peer, (permit, place), stop.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: accepting again at once would only spin.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        let all = u32::try_from(CONNECTIONS).expect("the number of connections is small");
        if tokio::time::timeout(GRACE, self.connections.acquire_many(all)).await.is_err() {
            tracing::warn!("connections were still busy when the time to finish was over");
        }
        #[cfg(feature = "otel")]
        if self.traces.is_some() {
            let stop = move || self.traces.as_ref().map(crate::traces::Traces::stop);
            drop(tokio::task::spawn_blocking(stop).await);
        }
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        held: (OwnedSemaphorePermit, Place),
        stop: watch::Receiver<bool>,
    ) {
        let _held = held;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it began");
            return;
        }
        let mut first = [0u8];
        let is_tls = match tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await {
            Ok(Ok(1)) => first[0] == TLS_HANDSHAKE,
            _ => return,
        };
        let peer = Peer { address: peer.ip().to_canonical(), tls: is_tls };
        if !is_tls {
            return self.http(stream, peer, stop).await;
        }
        match tokio::time::timeout(PATIENCE, self.tls.accept(stream)).await {
            Ok(Ok(stream)) => self.http(stream, peer, stop).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn http<S>(self: Arc<Self>, stream: S, peer: Peer, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answer = move |request| Arc::clone(&self).request(request, peer);
        connection::serve(stream, PATIENCE, answer, stop).await;
    }

    async fn request(self: Arc<Self>, request: Request<Body>, peer: Peer) -> Response<axum::body::Body> {
        let Ok(mut response) = self.answer(request, peer).await;
        if self.test.is_some() {
            let (name, value) = test_mode::HEADER;
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    async fn answer(&self, request: Request<Body>, peer: Peer) -> Result<Response<axum::body::Body>, Infallible> {
        let path = request.uri().path();
        if let Some(test) = self.test.as_ref().filter(|_| path.starts_with("/test/")) {
            return test.clone().call(request).await;
        }
        // Metrics name disks: they are for this machine's own collector.
        let is_page = pages::HEALTH.contains(&path) || (path == "/metrics" && peer.address.is_loopback());
        if is_page {
            return self.pages.clone().call(request).await;
        }
        let is_console = console::owns(path);
        #[cfg(feature = "otel")]
        let traced = self.traces.as_ref().map(|_| crate::traces::Traces::begin(request.headers()));
        let begin = tokio::time::Instant::now();
        let read = match peer.require_private(self.allow_plaintext) {
            Ok(()) => self.reading.read(request, peer).await,
            Err(error) => Err(error),
        };
        let answer = match read {
            Ok((incoming, _held)) if is_console => return Ok(self.console.answer(incoming).await),
            Ok((incoming, _held)) => self.cloud.handle(incoming).await,
            Err(error) => self.cloud.refuse(&error).await,
        };
        let took = begin.elapsed();
        self.console.load.request(now(), took, answer.status != 200);
        self.cloud.get().await.meter(&answer.about, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        #[cfg(feature = "otel")]
        if let (Some(traces), Some(traced)) = (&self.traces, traced) {
            traces.end(traced, &answer, took);
        }
        Ok(respond(answer))
    }
}

/// Ends when the server is told to stop.
pub(crate) async fn told(stop: &mut watch::Receiver<bool>) {
    // The sender is kept until the server has stopped, so this can't fail before.
    drop(stop.wait_for(|stop| *stop).await);
}

/// What HTTP has for the statuses that ask to come back (RFC 9110, 10.2.3), in seconds. The vendor's header is not for 503: its SDKs would
/// take that for throttling.
const fn standard_wait_s(status: u16, wait_ms: Option<i64>) -> Option<i64> {
    match (status, wait_ms) {
        (429 | 503, Some(wait_ms)) => Some((wait_ms + 999) / 1000),
        (503, None) => Some(1),
        _ => None,
    }
}

fn respond(answer: Outgoing) -> Response<axum::body::Body> {
    let mut response = Response::new(axum::body::Body::new(Full::new(Bytes::from(answer.body))));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if let Ok(id) = HeaderValue::from_str(&answer.request_id) {
        headers.insert("x-acs-request-id", id);
    }
    if let Some(wait_ms) = answer.retry_after_ms {
        headers.insert("x-acs-retry-after", wait_ms.into());
    }
    if let Some(wait_s) = standard_wait_s(answer.status, answer.retry_after_ms) {
        headers.insert(RETRY_AFTER, wait_s.into());
    }
    for warning in &answer.warnings {
        match HeaderValue::from_str(warning) {
            Ok(warning) => {
                headers.append("x-coffer-warning", warning);
            }
            Err(error) => tracing::error!(%error, warning, "a warning that can't stand in a header"),
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use coffer_cloud::About;

    use super::*;

    #[test]
    fn plain_http_comes_from_this_machine_or_by_permission() {
        for (address, tls, allow_plaintext, passes) in [
            ("127.0.0.1", false, false, true),
            ("::1", false, false, true),
            ("192.0.2.1", false, false, false),
            ("2001:db8::1", false, false, false),
            ("192.0.2.1", true, false, true),
            ("192.0.2.1", false, true, true),
        ] {
            let peer = Peer { address: address.parse().unwrap(), tls };
            let code =
                peer.require_private(allow_plaintext).map_err(|error| (error.status(), error.code_text().into_owned()));
            let refused = || Err((400, "InvalidProtocol.NeedSsl".to_owned()));
            assert_eq!(code, if passes { Ok(()) } else { refused() }, "{address} {tls} {allow_plaintext}");
        }
    }

    #[test]
    fn who_is_to_come_back_is_told_when_in_milliseconds_and_in_whole_seconds() {
        for (status, wait_ms, told) in [
            (400, Some(250), (Some("250"), None)),
            (429, Some(1001), (Some("1001"), Some("2"))),
            (503, None, (None, Some("1"))),
            (400, None, (None, None)),
            (200, None, (None, None)),
        ] {
            let (content_type, request_id, about) = ("text/plain", String::new(), About::default());
            let (warnings, body, retry_after_ms) = (Vec::new(), Vec::new(), wait_ms);
            let answer = Outgoing { status, content_type, request_id, warnings, retry_after_ms, body, about };
            let response = respond(answer);
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!((header("x-acs-retry-after"), header("retry-after")), told, "{status} {wait_ms:?}");
        }
    }
}
