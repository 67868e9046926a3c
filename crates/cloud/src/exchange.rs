//! A request and its answer as they cross from HTTP into this crate and back.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::product::Product;

/// The two methods the RPC style knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// All parameters in the query.
    Get,
    /// Parameters in the query and the body.
    Post,
}

impl Method {
    /// As it stands in the request line, and in the string to sign.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request: HTTP is parsed and its size is within `base::limits`, nothing else has been looked at.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// GET or POST.
    pub method: Method,
    /// The path, `/` for every official client.
    pub path: String,
    /// The query as it arrived: percent-encoded, without the `?`; empty when there is none.
    pub query: String,
    /// Header names in lower case with their values, in order of arrival; `host` is always among them (HTTP/2's `:authority`).
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The client's address.
    pub peer: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
}

impl Incoming {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// An answer, ready to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// HTTP status.
    pub status: u16,
    /// `application/json;charset=utf-8` or `text/xml;charset=utf-8`, to the letter: clients compare it.
    pub content_type: &'static str,
    /// The request's id, an upper-case UUID; also sent as `x-acs-request-id`.
    pub request_id: String,
    /// What the caller is to be told beside the answer, each sent as `x-coffer-warning`: printable ASCII.
    pub warnings: Vec<String>,
    /// In how many milliseconds the same call may succeed, sent as `x-acs-retry-after`, which the vendor's SDKs wait for.
    pub retry_after_ms: Option<i64>,
    /// The body.
    pub body: Vec<u8>,
    /// What it answers, for whoever counts.
    pub about: About,
}

/// What an answer is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct About {
    /// The product, if it is one of ours.
    pub product: Option<Product>,
    /// The action; empty unless it is one of the product's: what else a client sends is no name to count by.
    pub action: &'static str,
    /// `OK`, or the error's code.
    pub code: Cow<'static, str>,
}
