//! A request is read whole before anything is done for it: within its own bounds, and those of all that are under way together.

use std::sync::Arc;
use std::time::Duration;

use coffer_base::{ApiError, ErrorCode, limits};
use coffer_cloud::{Incoming, Method};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Peer;

/// Reads requests.
pub(super) struct Reading {
    /// How long a body may take.
    patience: Duration,
    /// Bytes that requests may have in memory, from their heads until they are answered.
    budget: Arc<Semaphore>,
}

/// A part of the budget, given back when dropped.
pub(super) type Held = OwnedSemaphorePermit;

impl Reading {
    /// Waits for each body no longer than that, and holds no more bytes of all requests together.
    pub(super) fn new(patience: Duration, budget_bytes: usize) -> Self {
        Self { patience, budget: Arc::new(Semaphore::new(budget_bytes)) }
    }

    /// Reads one.
    ///
    /// # Errors
    /// `ServiceUnavailable` when the budget is used up.
    pub(super) async fn read<B>(&self, request: Request<B>, peer: Peer) -> Result<(Incoming, Held), ApiError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let method = match request.method().as_str() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            _ => return Err(ErrorCode::UnsupportedMethod.into()),
        };
        let (head, body) = request.into_parts();
        // HTTP/1.1 has this bound in its parser, HTTP/2 has none.
        if head.headers.len() > limits::HEADERS {
            return Err(ErrorCode::Unparsable.into());
        }
        let mut room =
            self.take(head.uri.path().len() + head.uri.query().map_or(0, str::len) + memory_of(&head.headers))?;
        let body = tokio::time::timeout(self.patience, self.body(body, &mut room))
            .await
            .unwrap_or_else(|_| Err(ErrorCode::Unparsable.into()))?;
        // Copied only now, since copies may be far larger than what was sent: see `memory_of`.
        room.merge(self.take(head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum())?);
        Ok((incoming(method, &head, body, peer)?, room))
    }

    async fn body<B>(&self, mut body: B, held: &mut Held) -> Result<Vec<u8>, ApiError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ErrorCode::Unparsable)?;
            let Some(part) = frame.data_ref() else { continue };
            if whole.len() + part.len() > limits::BODY_BYTES {
                return Err(ApiError::with(ErrorCode::BodyTooLarge, [limits::BODY_BYTES.to_string()]));
            }
            held.merge(self.take(part.len())?);
            whole.extend_from_slice(part);
        }
        Ok(whole)
    }

    /// Takes so many bytes of what there is.
    fn take(&self, bytes: usize) -> Result<Held, ApiError> {
        let taken =
            u32::try_from(bytes).ok().and_then(|bytes| Arc::clone(&self.budget).try_acquire_many_owned(bytes).ok());
        Ok(taken.ok_or(ErrorCode::ServiceUnavailable)?)
    }
}

fn incoming(method: Method, head: &Parts, body: Vec<u8>, peer: Peer) -> Result<Incoming, ApiError> {
    let mut headers = Vec::with_capacity(head.headers.len() + 1);
    for (name, value) in &head.headers {
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| ErrorCode::Unparsable)?;
        headers.push((name.as_str().to_owned(), value.to_owned()));
    }
    // HTTP/2 has the host in the request line's place.
    if let Some(authority) = head.uri.authority()
        && !head.headers.contains_key("host")
    {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    Ok(Incoming {
        method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
        peer: peer.address,
        tls: peer.tls,
    })
}

/// Bytes that the values of headers have in memory. In HTTP/2 a client can name a value that it sent before by one byte: these share
/// their memory, and count once, or who sends little could take the budget from others.
fn memory_of(headers: &HeaderMap) -> usize {
    // Few enough to be looked through, which costs less than hashing them.
    let mut seen = Vec::with_capacity(headers.len());
    let mut bytes = 0;
    for value in headers.values() {
        let place = value.as_bytes().as_ptr();
        if !seen.contains(&place) {
            seen.push(place);
            bytes += value.len();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::body::Frame;
    use hyper::header::HeaderValue;

    use super::*;

    const FOREVER: Duration = Duration::from_hours(1);

    /// A body that is empty, once that is said.
    struct Late(Arc<AtomicBool>);

    impl Body for Late {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.0.load(Ordering::Acquire) { Poll::Ready(None) } else { Poll::Pending }
        }
    }

    fn peer() -> Peer {
        Peer { address: "127.0.0.1".parse().unwrap(), tls: false }
    }

    fn post(body: Vec<u8>) -> Request<Full<Bytes>> {
        Request::post("/?a=b").body(Full::new(body.into())).unwrap()
    }

    async fn status(reading: &Reading, request: Request<Full<Bytes>>) -> u16 {
        reading.read(request, peer()).await.map_or_else(|error| error.status(), |_| 200)
    }

    #[tokio::test]
    async fn requests_under_way_share_a_budget_of_bytes_and_give_it_back() {
        let reading = Reading::new(FOREVER, 10_000);
        let (incoming, held) = reading.read(post(vec![1; 6000]), peer()).await.unwrap();
        assert_eq!((incoming.body.len(), &*incoming.query), (6000, "a=b"));
        assert_eq!(status(&reading, post(vec![1; 6000])).await, 503);
        assert_eq!(status(&reading, post(vec![1; 100])).await, 200, "a small one has room beside it");
        drop(held);
        assert_eq!(status(&reading, post(vec![1; 6000])).await, 200);
        let mut large = post(Vec::new());
        large.headers_mut().insert("a", HeaderValue::from_bytes(&vec![b'v'; 20_000]).unwrap());
        assert_eq!(status(&reading, large).await, 503, "headers count as well");
        assert_eq!(reading.budget.available_permits(), 10_000, "refused requests hold nothing");
    }

    #[tokio::test]
    async fn headers_that_share_their_memory_are_not_copied_before_the_body_is_in() {
        let reading = Reading::new(FOREVER, 10_000);
        let value = HeaderValue::from_bytes(&[b'v'; 3900]).unwrap();
        let is_in = Arc::new(AtomicBool::new(false));
        let mut request = Request::post("/").body(Late(Arc::clone(&is_in))).unwrap();
        for _ in 0..64 {
            request.headers_mut().append("a", value.clone());
        }
        let mut read = Box::pin(reading.read(request, peer()));
        let early = std::future::poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_ready())).await;
        assert!(!early);
        assert_eq!(reading.budget.available_permits(), 10_000 - 1 - 3900);
        is_in.store(true, Ordering::Release);
        let error = read.await.map(drop).unwrap_err();
        assert_eq!(error.status(), 503, "64 copies are more than the budget");
    }

    #[tokio::test]
    async fn more_headers_and_longer_bodies_than_the_limits_are_refused() {
        let reading = Reading::new(FOREVER, 10 * limits::BODY_BYTES);
        for (headers, body, expected) in [
            (limits::HEADERS, limits::BODY_BYTES, 200),
            (limits::HEADERS + 1, 0, 400),
            (0, limits::BODY_BYTES + 1, 413),
        ] {
            let mut request = post(vec![0; body]);
            for _ in 0..headers {
                request.headers_mut().append("a", HeaderValue::from_static("v"));
            }
            assert_eq!(status(&reading, request).await, expected, "{headers} {body}");
        }
    }
}
