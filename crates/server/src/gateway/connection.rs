//! HTTP over one connection, for as long as its client has something to say.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use coffer_base::limits;
use hyper::body::Incoming as Body;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::told;

/// Requests of one HTTP/2 connection at a time. Clients wait with more, or open another.
const STREAMS: u32 = 32;
/// From how many bytes on what is written at once is taken for a part of an answer. The answer to a ping has 17.
const PART_BYTES: usize = 1024;
/// Part of the client's patience that a connection is given to end well.
const LAST_PART: u32 = 6;

/// When something last went on, and how many requests are being answered.
struct Pulse {
    last: Mutex<Instant>,
    running: AtomicUsize,
}

impl Pulse {
    fn new() -> Arc<Self> {
        Arc::new(Self { last: Mutex::new(Instant::now()), running: AtomicUsize::new(0) })
    }

    fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends once no request has been answered, and nothing of an answer been taken, for that long.
    async fn silence(&self, patience: Duration) {
        loop {
            // A request has bounds of its own.
            let is_busy = self.running.load(Ordering::Acquire) > 0;
            let quiet = if is_busy { Duration::ZERO } else { self.last().elapsed() };
            if quiet >= patience {
                return;
            }
            sleep(patience.saturating_sub(quiet)).await;
        }
    }
}

/// A request that is being answered, or was given up.
struct Running(Arc<Pulse>);

impl Running {
    fn begin(pulse: &Arc<Pulse>) -> Self {
        pulse.running.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(pulse))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.beat();
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A stream that tells the pulse when its client takes parts of an answer.
struct Watched<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, parts))?;
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S> Watched<S> {
    fn wrote(&self, written: usize) -> Poll<io::Result<usize>> {
        if written >= PART_BYTES {
            self.pulse.beat();
        }
        Poll::Ready(Ok(written))
    }
}

fn builder(patience: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(limits::HEAD_BYTES)
        .max_headers(limits::HEADERS)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES).expect("the limit is small"))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(patience);
    builder
}

/// Answers what comes over `stream` until it ends, `stop` turns true, or its client has kept `patience` waiting: has sent no request
/// for so long, or has taken nothing of an answer. Bytes that make no request, pings and their answers count for nothing.
pub(super) async fn serve<S, A>(
    stream: S,
    patience: Duration,
    answer: impl Fn(Request<Body>) -> A,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Future<Output = Response<axum::body::Body>> + Send + 'static,
{
    let pulse = Pulse::new();
    let service = hyper::service::service_fn(|request| {
        let running = Running::begin(&pulse);
        let answer = answer(request);
        async move {
            let response = answer.await;
            drop(running);
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(patience);
    let stream = Watched { stream, pulse: Arc::clone(&pulse) };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = told(&mut stop) => None,
        () = pulse.silence(patience) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        // HTTP/2 tells its client first. Who does not listen is cut off.
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection => ended,
            () = pulse.silence(patience + patience / LAST_PART) => return tracing::debug!("a silent connection was cut off"),
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
