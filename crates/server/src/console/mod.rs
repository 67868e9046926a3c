//! The console: pages under `/console` for a browser, written on the server. All that they show and do are API calls of whoever signed in
//! (`ask`), so that policies and the audit are the same as for any client. Without JavaScript only the live updates are missing.

mod act;
mod ask;
mod audit;
mod compliance;
mod dashboard;
mod disks;
mod explain;
mod failed;
mod jobs;
mod keys;
pub(crate) mod link;
mod load;
mod login;
mod new_disk;
mod pager;
mod plot;
mod reply;
mod session;
mod snapshots;
mod view;

use std::sync::Arc;

use coffer_base::{AccountId, Region};
use coffer_cloud::parameters::Parameters;
use coffer_cloud::{Incoming, Method};
use coffer_crypto::mac;
use hyper::header::HeaderName;
use hyper::{Response, StatusCode};

use crate::live::Live;
use crate::serve::now;
use ask::Refusal;
pub(crate) use load::Load;
use reply::Reply;
use session::Sessions;
use view::View;

const STYLE: &[u8] = include_bytes!("assets/console.css");
const ICON: &[u8] = include_bytes!("assets/icon.svg");
/// Of htmx.org on npm, unchanged; its licence lies beside it.
const HTMX: &[u8] = include_bytes!("assets/htmx-4.0.1.min.js");

/// Whether a path is the console's.
pub(crate) fn owns(path: &str) -> bool {
    path == "/console" || path.starts_with("/console/")
}

/// What of a path is below `/console`, without a slash at its end.
fn below(path: &str) -> &str {
    path.strip_prefix("/console").unwrap_or_default().trim_end_matches('/')
}

/// Everything that the pages stand on.
pub(crate) struct Console {
    cloud: Live,
    /// The account whose own caller sees the figures of the whole server.
    main: AccountId,
    /// The region that is shown first.
    region: Region,
    sessions: Sessions,
    /// The figures of the last hour.
    pub(crate) load: Load,
}

impl Console {
    /// Without sessions yet.
    pub(crate) fn new(cloud: Live, main: AccountId, region: Region) -> Arc<Self> {
        Arc::new(Self { cloud, main, region, sessions: Sessions::default(), load: Load::default() })
    }

    /// Looks at what the volumes did, again and again.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(load::EVERY);
        loop {
            ticks.tick().await;
            self.load.volumes(now(), self.cloud.get().await.volume_bytes());
        }
    }

    /// Answers a request whose path [`owns`] says is ours.
    pub(crate) async fn answer(&self, incoming: Incoming) -> Response<axum::body::Body> {
        let path = below(&incoming.path).to_owned();
        match (incoming.method, path.as_str()) {
            (Method::Get, "/assets/console.css") => return reply::asset("text/css; charset=utf-8", STYLE),
            (Method::Get, "/assets/icon.svg") => return reply::asset("image/svg+xml", ICON),
            (Method::Get, "/assets/htmx.js") => return reply::asset("text/javascript; charset=utf-8", HTMX),
            (Method::Get, "/login") => return login::form(&incoming, None),
            (Method::Get, "/link") => return login::follow(self, &incoming).await,
            _ => {}
        }
        let Ok(parameters) = Parameters::parse(&incoming) else {
            let message = "The request can't be read.";
            return login::form(&incoming, Some(Refusal::own(StatusCode::BAD_REQUEST, "InvalidRequest", message)));
        };
        if incoming.method == Method::Post && !reply::is_own_origin(&incoming) {
            return login::form(&incoming, Some(reply::forged()));
        }
        if (incoming.method, path.as_str()) == (Method::Post, "/login") {
            return login::sign_in(self, &incoming, &parameters).await;
        }
        // htmx says so itself. Whoever else does loses nothing but a session's longer life.
        let live = incoming.header("hx-request").is_some();
        let token = reply::cookie(&incoming, login::session_cookie(incoming.tls));
        match token.and_then(|token| self.sessions.find(token, now(), !live)) {
            Some(session) => self.inside(&View::new(self, &incoming, &parameters, &session, live), &path).await,
            None if live => {
                let to_login = HeaderName::from_static("hx-redirect");
                reply::with(reply::see_nothing(), to_login, "/console/login")
            }
            None => reply::see_other("/console/login"),
        }
    }

    /// What only who has signed in gets.
    async fn inside(&self, view: &View<'_>, path: &str) -> Reply {
        if view.request.method == Method::Post {
            let sent = view.field("csrf");
            if !mac::equal(view.session.csrf.as_bytes(), sent.as_bytes()) {
                return view.refused(reply::forged());
            }
            return match path {
                "/act" => act::act(view).await,
                "/logout" => login::sign_out(self, view.request, view.session),
                // Only shows what would come of the form as it is filled in.
                "/disks/new" => new_disk::page(view).await,
                _ => view.not_found(),
            };
        }
        self.page(view, path).await
    }

    /// One of the pages.
    async fn page(&self, view: &View<'_>, path: &str) -> Reply {
        let mut parts = path.split('/').skip(1);
        match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
            ("", None, None) => dashboard::page(view).await,
            ("disks", None, None) => disks::list(view).await,
            ("disks", Some("new"), None) => new_disk::page(view).await,
            ("disks", Some(id), None) => disks::one(view, id).await,
            ("snapshots", None, None) => snapshots::list(view).await,
            ("snapshots", Some(id), None) => snapshots::one(view, id).await,
            ("keys", None, None) => keys::list(view).await,
            ("keys", Some(id), None) => keys::one(view, id).await,
            ("compliance", None, None) => compliance::page(view).await,
            ("compliance", Some(name), None) => compliance::file(view, name).await,
            ("jobs", None, None) => jobs::page(view).await,
            ("audit", None, None) => audit::page(view).await,
            ("explain", None, None) => explain::page(view).await,
            ("load", None, None) => load::page(view),
            _ => view.not_found(),
        }
    }
}

#[cfg(test)]
mod tests {
    use coffer_crypto::digest;

    use super::*;

    #[test]
    fn htmx_is_the_file_that_its_makers_published() {
        let sum = digest::hex(&digest::sha256(HTMX));
        assert_eq!(sum, "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130");
    }

    #[test]
    fn only_paths_below_console_are_the_console_s() {
        for (path, ours) in
            [("/console", true), ("/console/", true), ("/consoles", false), ("/", false), ("/ecs", false)]
        {
            assert_eq!(owns(path), ours, "{path}");
        }
    }
}
