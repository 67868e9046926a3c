//! What is served beside the API, without a signature: health, which says nothing but yes or no, and metrics.

use std::sync::Arc;
use std::time::Duration;

use crate::live::Live;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// The paths that anybody may ask.
pub(crate) const HEALTH: [&str; 3] = ["/healthz", "/readyz", "/health/ready"];

/// The text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4";
/// For how long readiness is not tried out again: it costs a write, and anybody may ask.
const KEPT: Duration = Duration::from_secs(1);
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(5);

struct Pages {
    cloud: Live,
    /// When readiness was last tried out, and what came of it.
    readiness: Mutex<Option<(Instant, bool)>>,
}

/// The paths.
pub(crate) fn router(cloud: Live) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(Pages { cloud, readiness: Mutex::default() }))
}

async fn ready(State(pages): State<Arc<Pages>>) -> Response {
    // Held meanwhile: whoever asks at the same time gets the same answer.
    let mut readiness = pages.readiness.lock().await;
    let is_ready = match *readiness {
        Some((at, is_ready)) if at.elapsed() < KEPT => is_ready,
        _ => {
            let is_ready = try_out(&pages.cloud).await;
            *readiness = Some((Instant::now(), is_ready));
            is_ready
        }
    };
    if is_ready { "ready\n".into_response() } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response() }
}

async fn try_out(cloud: &Live) -> bool {
    match timeout(PATIENCE, cloud.get().await.ready()).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "not ready"),
        Err(_) => tracing::error!("not ready: the database's writer does not answer"),
    }
    false
}

async fn metrics(State(pages): State<Arc<Pages>>) -> Response {
    match pages.cloud.get().await.metrics() {
        Ok(text) => ([(CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(?error, "the metrics can't be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
