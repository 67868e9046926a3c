//! Signing in, with an access key or by a link, and out. Both ways end in one signed CreateConsoleSession call; a secret that was typed
//! in signs it and is forgotten.

use askama::Template;
use coffer_base::Secret;
use coffer_cloud::auth::Login;
use coffer_cloud::parameters::Parameters;
use coffer_cloud::{Incoming, Product};
use coffer_crypto::mac;
use hyper::StatusCode;
use hyper::header::SET_COOKIE;
use serde_json::Value;

use super::ask::{self, Refusal, text};
use super::reply::{self, Reply};
use super::session::{self, Identity, LIFE_S};
use super::{Console, link};
use crate::client::Caller;
use crate::serve::now;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    csrf: String,
    refusal: Option<Refusal>,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage {
    arn: String,
}

/// The cookie of a session, and that of the form before there is one. A name that begins so can't be set over plain HTTP.
pub(super) const fn session_cookie(tls: bool) -> &'static str {
    if tls { "__Host-coffer_session" } else { "coffer_session" }
}

const fn form_cookie(tls: bool) -> &'static str {
    if tls { "__Host-coffer_form" } else { "coffer_form" }
}

fn cookie(name: &str, value: &str, tls: bool, life_s: i64) -> String {
    let secure = if tls { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}")
}

/// The form.
pub(super) fn form(incoming: &Incoming, refusal: Option<Refusal>) -> Reply {
    let csrf = session::random_token();
    let status = refusal.as_ref().map_or(StatusCode::OK, |refusal| refusal.status);
    let header = cookie(form_cookie(incoming.tls), &csrf, incoming.tls, 3600);
    reply::with(reply::page(status, &LoginPage { csrf, refusal }), SET_COOKIE, &header)
}

/// What the form sent.
pub(super) async fn sign_in(console: &Console, incoming: &Incoming, form_data: &Parameters) -> Reply {
    let field = |name| form_data.get(name).unwrap_or_default().trim();
    let expected = reply::cookie(incoming, form_cookie(incoming.tls)).unwrap_or_default();
    if expected.is_empty() || !mac::equal(expected.as_bytes(), field("csrf").as_bytes()) {
        return form(incoming, Some(reply::forged()));
    }
    let token = Some(field("security_token")).filter(|token| !token.is_empty());
    let caller = Caller {
        access_key_id: field("access_key_id").to_owned(),
        secret: Secret::new(field("secret").to_owned()),
        security_token: token.map(|token| Secret::new(token.to_owned())),
    };
    match prove(console, incoming, link::query(&caller, now())).await {
        Ok(identity) => begin(console, incoming, identity, reply::see_other("/console")),
        Err(refusal) => form(incoming, Some(refusal)),
    }
}

/// What a link sent. The browser goes on from a page of ours: a strict cookie does not go along with a redirect from elsewhere.
pub(super) async fn follow(console: &Console, incoming: &Incoming) -> Reply {
    match prove(console, incoming, incoming.query.clone()).await {
        Ok(identity) => {
            let page = reply::page(StatusCode::OK, &SignedInPage { arn: identity.arn.clone() });
            begin(console, incoming, identity, page)
        }
        Err(refusal) => form(incoming, Some(refusal)),
    }
}

/// Out again.
pub(super) fn sign_out(console: &Console, incoming: &Incoming, session: &session::Session) -> Reply {
    console.sessions.end(session);
    let gone = cookie(session_cookie(incoming.tls), "", incoming.tls, 0);
    reply::with(reply::see_other("/console/login"), SET_COOKIE, &gone)
}

fn begin(console: &Console, incoming: &Incoming, identity: Identity, answer: Reply) -> Reply {
    let token = console.sessions.begin(identity, now());
    reply::with(answer, SET_COOKIE, &cookie(session_cookie(incoming.tls), &token, incoming.tls, LIFE_S))
}

/// Who signed a query.
async fn prove(console: &Console, incoming: &Incoming, query: String) -> Result<Identity, Refusal> {
    let signed = ask::call(incoming, query);
    let unfit = || Refusal::own(StatusCode::BAD_REQUEST, "InvalidLink", "This is not a link that signs in.");
    let parameters = Parameters::parse(&signed).map_err(|_| unfit())?;
    let asks = |name, value| parameters.get(name) == Some(value);
    // Whatever else somebody signed is neither done here nor taken for a wish to sign in.
    if !asks("Action", link::ACTION) || !asks("Version", Product::Coffer.version()) || !asks("Format", "JSON") {
        return Err(unfit());
    }
    let answer = console.cloud.handle(signed).await;
    if answer.status != 200 {
        return Err(Refusal::of(link::ACTION, &answer));
    }
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| unfit())?;
    let token = parameters.get("SecurityToken").filter(|token| !token.is_empty());
    let login = Login {
        access_key_id: text(&body, "AccessKeyId"),
        security_token: token.map(|token| Secret::new(token.to_owned())),
    };
    Ok(Identity { login, account: text(&body, "AccountId"), arn: text(&body, "Arn") })
}
