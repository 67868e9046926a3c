//! Bytes taken apart.

use coffer_cloud::{Entry, Incoming, Method, Product, operations};

/// A request without a signature.
pub(crate) fn incoming(query: String, headers: Vec<(String, String)>, body: Vec<u8>) -> Incoming {
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    Incoming { method: Method::Post, path: "/".to_owned(), query, headers, body, peer, tls: false }
}

/// Text up to the next zero byte, and what is left.
pub(crate) fn text(data: &[u8]) -> (String, &[u8]) {
    let (text, rest) = match data.iter().position(|byte| *byte == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &data[data.len()..]),
    };
    (String::from_utf8_lossy(text).into_owned(), rest)
}

/// An operation by the first byte, and parameters that it takes with the texts that follow. Empty texts are not sent.
pub(crate) fn call(data: &[u8]) -> Option<(&'static Entry, Vec<(String, String)>)> {
    let (first, mut rest) = data.split_first()?;
    let every: Vec<_> = Product::ALL.iter().flat_map(|product| operations(*product)).collect();
    let entry = every[usize::from(*first) % every.len()];
    let mut pairs = Vec::new();
    for fact in (entry.parameters)() {
        let (value, after) = text(rest);
        rest = after;
        let member = fact.members.first().map(|member| format!(".{member}")).unwrap_or_default();
        let name = if fact.kind == "RepeatList" { format!("{}.1{member}", fact.name) } else { fact.name.to_owned() };
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    Some((entry, pairs))
}
