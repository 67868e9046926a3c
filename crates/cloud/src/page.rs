//! Page tokens: where a listing goes on, sealed so that nobody can make one up, and bound to whose listing of what it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_base::ApiError;
use coffer_crypto::digest;

use crate::context::Cx;
use crate::kms::cipher;

const PURPOSE: &str = "page";

/// What a token is good for: the caller's account, the listing, and the filters it was made with.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// The action.
    pub action: &'a str,
    /// A text that differs whenever region or filters do.
    pub filters: &'a str,
}

impl Listing<'_> {
    fn context(&self, cx: &Cx<'_>) -> Vec<u8> {
        let filters = digest::hex(&digest::sha256(self.filters.as_bytes()));
        ["coffer/page/1", cx.account().as_str(), self.action, &filters].join("/").into_bytes()
    }

    /// A token that stands for `position`.
    pub fn token(&self, cx: &Cx<'_>, position: &str) -> Result<String, ApiError> {
        let sealed = cipher::seal_of_day(cx, cx.account(), PURPOSE, &self.context(cx), position.as_bytes())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The position that a token stands for; `None` when it was not made for this listing.
    pub fn position(&self, cx: &Cx<'_>, token: &str) -> Result<Option<String>, ApiError> {
        let domain = cipher::domain(cx, cx.account())?;
        let Ok(sealed) = URL_SAFE_NO_PAD.decode(token) else { return Ok(None) };
        let Ok(position) = domain.open_of_day(PURPOSE, &self.context(cx), &sealed) else { return Ok(None) };
        Ok(String::from_utf8(position.expose().clone()).ok())
    }
}
