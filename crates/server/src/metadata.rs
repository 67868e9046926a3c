//! The endpoint at which programs on an instance find a role's credentials, by the paths that the vendor's clients ask at
//! 100.100.100.200. Whoever reaches it has the role: it listens on loopback or on that very address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use coffer_base::{AccountId, Rng, Timestamp};
use coffer_crypto::SystemRng;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;

use crate::live::Live;
use crate::serve::now;

const TOKEN: &str = "x-aliyun-ecs-metadata-token";
const TOKEN_LIFE: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
/// Longest life of a token in seconds, as the vendor has it.
const MOST_LIFE_S: i64 = 21_600;
/// Most tokens kept; beyond it the oldest lives end early.
const TOKENS: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(10);

/// What it answers from.
struct Endpoint {
    cloud: Live,
    account: AccountId,
    role: String,
    tokens: Mutex<HashMap<String, Timestamp>>,
}

impl Endpoint {
    /// Requests without a token are answered too; with one, it must be good.
    fn accepts(&self, headers: &HeaderMap) -> bool {
        let Some(token) = headers.get(TOKEN) else { return true };
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        token.to_str().ok().and_then(|token| tokens.get(token)).is_some_and(|until| *until > now())
    }
}

/// The paths.
pub(crate) fn router(cloud: Live, account: AccountId, role: String) -> Router {
    let base = "/latest/meta-data/ram/security-credentials";
    Router::new()
        .route(&format!("{base}/"), get(name))
        .route(base, get(name))
        .route(&format!("{base}/{{role}}"), get(credentials))
        .route("/latest/api/token", put(token))
        .with_state(Arc::new(Endpoint { cloud, account, role, tokens: Mutex::default() }))
}

async fn name(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    if endpoint.accepts(&headers) {
        endpoint.role.clone().into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn credentials(State(endpoint): State<Arc<Endpoint>>, Path(role): Path<String>, headers: HeaderMap) -> Response {
    if !endpoint.accepts(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if role != endpoint.role {
        return StatusCode::NOT_FOUND.into_response();
    }
    match endpoint.cloud.get().await.instance_credentials(&endpoint.account, &role) {
        Ok(made) => {
            let body = json!({
                "AccessKeyId": made.access_key_id,
                "AccessKeySecret": made.access_key_secret,
                "Expiration": made.expiration,
                "SecurityToken": made.security_token,
                "LastUpdated": made.made_at.to_iso8601(),
                "Code": "Success",
            });
            ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
        }
        Err(error) => {
            tracing::warn!(?error, role, "no credentials for the metadata endpoint");
            StatusCode::NOT_FOUND.into_response()
        }
    }
}

async fn token(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    let life = headers.get(TOKEN_LIFE).and_then(|text| text.to_str().ok()?.parse::<i64>().ok());
    let Some(life) = life.filter(|life| (1..=MOST_LIFE_S).contains(life)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (token, now) = (SystemRng.uuid(), now());
    let mut tokens = endpoint.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.retain(|_, until| *until > now);
    if tokens.len() >= TOKENS {
        tokens.clear();
    }
    tokens.insert(token.clone(), now.plus_ms(life * 1000));
    token.into_response()
}

/// Answers until the runtime ends.
pub(crate) async fn run(listener: TcpListener, router: Router) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the metadata endpoint can't accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
            builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(error, "a connection to the metadata endpoint ended early");
            }
        });
    }
}
