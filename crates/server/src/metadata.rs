//! The endpoint at which programs on an instance find a role's credentials, by the paths that the vendor's clients ask at
//! 100.100.100.200. Whoever reaches it has the role: it listens on loopback or on that very address, and answers no browser, in which
//! pages of anybody run.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
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
        .layer(middleware::from_fn(only_programs))
        .with_state(Arc::new(Endpoint { cloud, account, role, tokens: Mutex::default() }))
}

/// Refuses what a browser or a proxy sends.
async fn only_programs(request: Request, next: Next) -> Response {
    if is_of_a_program(request.headers()) { next.run(request).await } else { StatusCode::FORBIDDEN.into_response() }
}

/// Whether a request is of a program on this machine, and not of a page that a browser was led to, nor passed on for somebody else. A
/// page can have its own host's name resolve to our address, and then read our answers: but the name stays its own, so there must be
/// none. Browsers say besides that they are one, and nothing in a page can keep them from it.
fn is_of_a_program(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
    let tells = |name: &str| name.starts_with("sec-fetch-") || ["origin", "x-forwarded-for"].contains(&name);
    host.is_some_and(is_address) && !headers.keys().any(|name| tells(name.as_str()))
}

/// Whether a host, with a port or without, is an IP address or `localhost`.
fn is_address(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn programs_ask_by_address_and_pages_are_given_away_by_their_host_or_their_browser() {
        for host in [
            "100.100.100.200",
            "100.100.100.200:80",
            "127.0.0.1:7953",
            "[::1]",
            "[::1]:7953",
            "localhost",
            "LocalHost:7953",
        ] {
            assert!(is_of_a_program(&headers(&[("host", host)])), "{host}");
            let sent = [("sec-fetch-site", "none"), ("origin", "null"), ("x-forwarded-for", "192.0.2.1")];
            for line in sent {
                assert!(!is_of_a_program(&headers(&[("host", host), line])), "{host} {line:?}");
            }
        }
        for host in [
            "attacker.example:7953",
            "attacker.example",
            "127.0.0.1.attacker.example",
            "localhost.attacker.example",
            "",
        ] {
            assert!(!is_of_a_program(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_of_a_program(&headers(&[])), "no host");
        assert!(!is_of_a_program(&headers(&[("host", "127.0.0.1"), ("host", "attacker.example")])), "two hosts");
    }
}
