//! What every page has: who looks, at which region, with what in the query; and the frame around it.

use std::sync::Arc;

use askama::Template;
use coffer_base::Region;
use coffer_cloud::parameters::Parameters;
use coffer_cloud::{Incoming, Product};
use hyper::StatusCode;

use super::Console;
use super::ask::{Asker, Refusal, items, text};
use super::failed::Failed;
use super::reply::{self, Reply};
use super::session::{self, Session};
use crate::client::encode;

/// A page's surroundings.
pub(super) struct View<'a> {
    pub(super) console: &'a Console,
    pub(super) request: &'a Incoming,
    pub(super) session: &'a Session,
    pub(super) region: Region,
    parameters: &'a Parameters,
    /// Whether the page asks by itself, to be up to date.
    pub(super) live: bool,
    /// The form on it that was refused.
    pub(super) failed: Option<Arc<Failed>>,
}

/// What a list to choose from offers, and whether that is what is chosen.
pub(super) fn options<const N: usize>(words: [&'static str; N], chosen: &str) -> Vec<(&'static str, bool)> {
    words.map(|word| (word, word == chosen)).into()
}

/// What stands around each page.
pub(super) struct Frame {
    pub(super) title: String,
    /// The entry of the navigation that this is.
    pub(super) here: &'static str,
    /// Path and query, to come back to and to ask again.
    pub(super) url: String,
    pub(super) path: String,
    pub(super) region: &'static str,
    pub(super) regions: Vec<&'static str>,
    pub(super) arn: String,
    pub(super) csrf: String,
    pub(super) notice: Option<String>,
    pub(super) sees_load: bool,
    /// By which a form that is sent twice is done once.
    pub(super) token: String,
    failed: Option<Arc<Failed>>,
}

impl Frame {
    /// What was said to a form of the page; it is shown then.
    pub(super) fn refusal(&self, form: &str) -> Option<&Refusal> {
        self.failed.as_ref().filter(|failed| failed.is(form)).map(|failed| failed.show())
    }

    /// Whether that form was refused.
    pub(super) fn has_failed(&self, form: &str) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.is(form))
    }

    /// What a field of that form held when it was refused; nothing otherwise.
    pub(super) fn kept(&self, form: &str, name: &str) -> &str {
        self.failed.as_ref().filter(|failed| failed.is(form)).map_or("", |failed| failed.field(name))
    }

    /// The same, or what a form that was not refused holds.
    pub(super) fn kept_or<'f>(&'f self, form: &str, name: &str, otherwise: &'f str) -> &'f str {
        Some(self.kept(form, name)).filter(|value| !value.is_empty()).unwrap_or(otherwise)
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    frame: Frame,
    refusal: Refusal,
}

impl<'a> View<'a> {
    pub(super) fn new(
        console: &'a Console,
        request: &'a Incoming,
        parameters: &'a Parameters,
        session: &'a Session,
        live: bool,
    ) -> Self {
        let region = parameters.get("region").and_then(Region::parse).unwrap_or(console.region);
        Self { console, request, session, region, parameters, live, failed: None }
    }

    /// A field of the form or the query; empty when it is not there.
    pub(super) fn field(&self, name: &str) -> &'a str {
        self.parameters.get(name).unwrap_or_default().trim()
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.parameters.iter()
    }

    /// A number of a page, from 1.
    pub(super) fn page_number(&self) -> i64 {
        self.field("page").parse().ok().filter(|page| (1..=1_000_000).contains(page)).unwrap_or(1)
    }

    pub(super) fn asker(&self) -> Asker<'a> {
        Asker { console: self.console, session: self.session, region: self.region, request: self.request }
    }

    /// Whether the main account itself looks.
    pub(super) fn is_operator(&self) -> bool {
        let identity = &self.session.identity;
        identity.account == self.console.main.as_str() && identity.arn.ends_with(":root")
    }

    /// Path and query of this page in its region, without some fields of the query.
    fn url_without(&self, left_out: &[&str]) -> String {
        let pairs = self.parameters.query().filter(|(name, value)| !value.is_empty() && !left_out.contains(name));
        let pairs = pairs.filter(|(name, _)| *name != "region");
        let others: Vec<_> = pairs.map(|(name, value)| format!("&{}={}", encode(name), encode(value))).collect();
        format!("{}?region={}{}", self.request.path, self.region.id(), others.concat())
    }

    /// Where a listing goes on that is at this token; nowhere for none.
    pub(super) fn next(&self, token: &str) -> Option<String> {
        (!token.is_empty()).then(|| format!("{}&after={}", self.url_without(&["after"]), encode(token)))
    }

    /// The frame of a page.
    pub(super) fn frame(&self, title: impl Into<String>, here: &'static str) -> Frame {
        let path = self.request.path.clone();
        let notice = if self.live { None } else { self.console.sessions.take_notice(self.session) };
        Frame {
            title: title.into(),
            here,
            url: self.url_without(&[]),
            path,
            region: self.region.id(),
            regions: Region::all().map(Region::id).collect(),
            arn: self.session.identity.arn.clone(),
            csrf: self.session.csrf.clone(),
            notice,
            sees_load: self.is_operator(),
            token: session::random_token(),
            failed: self.failed.clone(),
        }
    }

    /// Keys to choose from; none where they may not be listed: an id can be typed as well.
    pub(super) async fn keys(&self) -> Vec<String> {
        let listed = self.asker().call(Product::Kms, "ListKeys", &[("PageSize", "100")]).await.unwrap_or_default();
        items(&listed, "Keys", "Key").iter().map(|key| text(key, "KeyId")).collect()
    }

    /// A page that is nothing but a refusal.
    pub(super) fn refused(&self, refusal: Refusal) -> Reply {
        let status = refusal.status;
        reply::page(status, &RefusedPage { frame: self.frame("Refused", ""), refusal })
    }

    /// There is no such page.
    pub(super) fn not_found(&self) -> Reply {
        self.refused(Refusal::own(StatusCode::NOT_FOUND, "NotFound", "There is no such page."))
    }
}
