//! Answers to browsers, with the headers that keep pages to themselves.

use askama::Template;
use axum::body::Body;
use coffer_cloud::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

use super::ask::Refusal;

/// An answer.
pub(super) type Reply = Response<Body>;

/// Scripts and styles are files of ours, never text within a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with that, browsers hide where a form comes from also from us.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

/// A page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Reply {
    match template.render() {
        Ok(html) => answer(status, "text/html; charset=utf-8", html),
        Err(error) => {
            tracing::error!(%error, "a page of the console could not be written");
            answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "This page could not be written.\n")
        }
    }
}

/// A file that is the same for everybody.
pub(super) fn asset(kind: &'static str, bytes: &'static [u8]) -> Reply {
    with(answer(StatusCode::OK, kind, bytes), CACHE_CONTROL, "public, max-age=600")
}

/// A file to be kept, of that type and name.
pub(super) fn file(kind: &'static str, name: &str, text: String) -> Reply {
    with(answer(StatusCode::OK, kind, text), CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
}

/// Nothing, to a page that asked by itself after its session was over.
pub(super) fn see_nothing() -> Reply {
    answer(StatusCode::UNAUTHORIZED, "text/plain; charset=utf-8", "")
}

/// On to another page.
pub(super) fn see_other(location: &str) -> Reply {
    with(answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", ""), LOCATION, location)
}

/// The same with that header; left as it is where a header can't hold the value.
pub(super) fn with(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(reply.headers_mut().insert(name, value)),
        Err(error) => tracing::warn!(%error, %name, "a header of the console can't be sent"),
    }
    reply
}

/// A cookie that the browser sent.
pub(super) fn cookie<'a>(incoming: &'a Incoming, name: &str) -> Option<&'a str> {
    let lines = incoming.headers.iter().filter(|(header, _)| header == "cookie");
    let mut pairs = lines.flat_map(|(_, line)| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Whether a form comes of a page of this server, as far as the browser says.
pub(super) fn is_own_origin(incoming: &Incoming) -> bool {
    let host = incoming.header("host").unwrap_or_default();
    let scheme = if incoming.tls { "https" } else { "http" };
    let origin = incoming.header("origin").is_none_or(|origin| origin == format!("{scheme}://{host}"));
    origin && incoming.header("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// A form that can't be shown to be ours.
pub(super) fn forged() -> Refusal {
    let message = "The form is too old, or it is not one of this console. Nothing was done. Load the page again.";
    Refusal::own(StatusCode::FORBIDDEN, "InvalidForm", message)
}

#[cfg(test)]
mod tests {
    use coffer_cloud::Method;

    use super::*;

    fn incoming(headers: &[(&str, &str)]) -> Incoming {
        Incoming {
            method: Method::Post,
            path: "/console/act".to_owned(),
            query: String::new(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Vec::new(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            tls: false,
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let sent = incoming(&[("cookie", "a=1; xcoffer_session=2"), ("cookie", "coffer_session=3; b=4")]);
        assert_eq!(cookie(&sent, "coffer_session"), Some("3"));
        assert_eq!(cookie(&sent, "coffer_form"), None);
    }

    #[test]
    fn a_form_from_elsewhere_is_known_by_what_the_browser_says_of_it() {
        let host = ("host", "127.0.0.1:7600");
        for (headers, own) in [
            (&[host][..], true),
            (&[host, ("origin", "http://127.0.0.1:7600"), ("sec-fetch-site", "same-origin")], true),
            (&[host, ("origin", "http://127.0.0.1:7601")], false),
            (&[host, ("origin", "https://127.0.0.1:7600")], false),
            (&[host, ("origin", "null")], false),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (&[host, ("sec-fetch-site", "same-site")], false),
        ] {
            assert_eq!(is_own_origin(&incoming(headers)), own, "{headers:?}");
        }
    }
}
