//! The paths under `/test/`: JSON in, JSON out, no signature, since a program under test is on this machine. What comes from a page in a
//! browser is refused.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use coffer_base::Timestamp;
use coffer_cloud::testing::Fault;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Refusal, TestMode};

type Test = State<Arc<TestMode>>;

/// A change of the clock.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change {
    /// To a moment, `YYYY-MM-DDThh:mm:ssZ`.
    Set(String),
    /// By so many seconds.
    AdvanceS(f64),
    /// Stopped, or let run.
    Frozen(bool),
}

/// A snapshot's name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// The paths.
pub(crate) fn router(test: Arc<TestMode>) -> Router {
    Router::new()
        .route("/test/state", get(|State(test): Test| answer(test, |_| Ok(()))))
        .route("/test/clock", post(|State(test): Test, body: Bytes| answer(test, move |test| clock(test, &body))))
        .route("/test/reset", post(|State(test): Test| answer(test, TestMode::reset)))
        .route(
            "/test/snapshot",
            post(|State(test): Test, body: Bytes| answer(test, move |test| test.snapshot(&name(&body)?))),
        )
        .route(
            "/test/restore",
            post(|State(test): Test, body: Bytes| answer(test, move |test| test.restore(&name(&body)?))),
        )
        .route(
            "/test/forget",
            post(|State(test): Test, body: Bytes| answer(test, move |test| test.forget(&name(&body)?))),
        )
        .route(
            "/test/fault",
            post(|State(test): Test, body: Bytes| answer(test, move |test| test.inject(parse::<Fault>(&body)?))),
        )
        .route("/test/mend", post(|State(test): Test| answer(test, TestMode::mend)))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "InvalidPath.NotFound", "test mode has no such path") })
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "test mode has that path for another method")
        })
        .layer(middleware::from_fn(no_browser))
        .with_state(test)
}

/// Does something on a thread that may wait, and answers with the state.
async fn answer(test: Arc<TestMode>, work: impl FnOnce(&TestMode) -> Result<(), Refusal> + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(move || work(&test).and_then(|()| test.state())).await;
    let refusal = match done {
        Ok(Ok(state)) => return reply(StatusCode::OK, &state),
        Ok(Err(refusal)) => refusal,
        Err(error) => Refusal::Failed(coffer_base::ApiError::internal(error)),
    };
    let (status, code) = match &refusal {
        Refusal::Senseless(_) => (StatusCode::BAD_REQUEST, "InvalidParameter"),
        Refusal::NoSnapshot(_) => (StatusCode::NOT_FOUND, "InvalidSnapshot.NotFound"),
        Refusal::Failed(error) => {
            tracing::error!(?error, "test mode failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
        }
    };
    refuse(status, code, &refusal.to_string())
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    reply(status, &json!({ "Code": code, "Message": message }))
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn clock(test: &TestMode, body: &[u8]) -> Result<(), Refusal> {
    match parse(body)? {
        Change::Set(moment) => {
            let to = Timestamp::parse_iso8601(&moment);
            test.set_clock(to.ok_or_else(|| Refusal::Senseless("set is YYYY-MM-DDThh:mm:ssZ".to_owned()))?)
        }
        Change::AdvanceS(seconds) => test.advance(milliseconds(seconds)),
        Change::Frozen(is_frozen) => {
            test.freeze(is_frozen);
            Ok(())
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what is beyond every clock stays beyond it")]
const fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

fn name(body: &[u8]) -> Result<String, Refusal> {
    parse::<Named>(body).map(|named| named.name)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Senseless(format!("the body is not what is taken: {error}")))
}

/// Pages of other sites can send requests here too; browsers say then where they come from.
async fn no_browser(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        let message = "test mode is for programs, not for pages in a browser";
        return refuse(StatusCode::FORBIDDEN, "Forbidden", message);
    }
    next.run(request).await
}
