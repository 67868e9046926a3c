//! What pages ask of the service: API calls of the session's caller, which go the way of every other call.

use coffer_base::Region;
use coffer_cloud::{Incoming, Method, Outgoing, Product};
use hyper::StatusCode;
use serde_json::Value;

use super::Console;
use super::session::Session;
use crate::client::encode;
use crate::hints;

/// Asks in the name of a session.
pub(super) struct Asker<'a> {
    pub(super) console: &'a Console,
    pub(super) session: &'a Session,
    pub(super) region: Region,
    /// The browser's own request.
    pub(super) request: &'a Incoming,
}

/// A refusal as the API words it.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// The action that was asked for; empty for a refusal of the console's own.
    pub(super) asked: Box<str>,
    /// The code.
    pub(super) code: Box<str>,
    /// The message.
    pub(super) message: Box<str>,
    /// The request.
    pub(super) request_id: Box<str>,
    /// The action that no policy allows, or one denies; empty for another refusal.
    pub(super) auth_action: Box<str>,
    /// How it was refused, for example `ImplicitDeny`.
    pub(super) no_permission_type: Box<str>,
}

impl Refusal {
    /// That of an answer.
    pub(super) fn of(asked: &str, answer: &Outgoing) -> Self {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let detail = &body["AccessDeniedDetail"];
        Self {
            status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            asked: asked.into(),
            code: text(&body, "Code").into(),
            message: text(&body, "Message").into(),
            request_id: answer.request_id.as_str().into(),
            auth_action: text(detail, "AuthAction").into(),
            no_permission_type: text(detail, "NoPermissionType").into(),
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        hints::of(&self.code)
    }

    /// Whether the credential is no good any more, and so no session that stands on it.
    fn is_of_the_credential(&self) -> bool {
        ["InvalidAccessKeyId", "InvalidSecurityToken"].iter().any(|prefix| self.code.starts_with(prefix))
    }

    /// One of the console itself.
    pub(super) fn own(status: StatusCode, code: &str, message: &str) -> Self {
        Self {
            status,
            asked: "".into(),
            code: code.into(),
            message: message.into(),
            request_id: "".into(),
            auth_action: "".into(),
            no_permission_type: "".into(),
        }
    }
}

/// A text member, or nothing.
pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// A moment for people: `2026-01-01T00:00:00Z` as `2026-01-01 00:00:00`.
pub(super) fn moment(value: &Value, name: &str) -> String {
    text(value, name).trim_end_matches('Z').replace('T', " ")
}

/// A whole number, or 0.
pub(super) fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

/// The items of a list.
pub(super) fn items<'v>(value: &'v Value, outer: &str, inner: &str) -> &'v [Value] {
    value[outer][inner].as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Asker<'_> {
    /// Calls an action in the page's region.
    pub(super) async fn call(
        &self,
        product: Product,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, Refusal> {
        self.call_in(self.region, product, action, parameters).await
    }

    /// Calls an action in another region.
    pub(super) async fn call_in(
        &self,
        region: Region,
        product: Product,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, Refusal> {
        let common =
            [("Action", action), ("Version", product.version()), ("Format", "JSON"), ("RegionId", region.id())];
        let pairs = common.iter().chain(parameters);
        let query: Vec<_> = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let asked = call(self.request, query.join("&"));
        let answer = self.console.cloud.handle_as(asked, &self.session.identity.login).await;
        if answer.status != 200 {
            let refusal = Refusal::of(action, &answer);
            if refusal.is_of_the_credential() {
                self.console.sessions.end(self.session);
            }
            return Err(refusal);
        }
        serde_json::from_slice(&answer.body).map_err(|_| Refusal::of(action, &answer))
    }
}

/// A call with that query, from where the browser's request came.
pub(super) fn call(request: &Incoming, query: String) -> Incoming {
    let kept = |(name, _): &&(String, String)| matches!(name.as_str(), "host" | "user-agent");
    Incoming {
        method: Method::Get,
        path: "/".to_owned(),
        query,
        headers: request.headers.iter().filter(kept).cloned().collect(),
        body: Vec::new(),
        peer: request.peer,
        tls: request.tls,
    }
}
