//! Signed requests (V3), made ahead of time.

use std::sync::atomic::{AtomicU64, Ordering};

use coffer_crypto::{digest, mac};

/// The root access key that every server of a run is preset with.
pub(crate) const ACCESS_KEY_ID: &str = "LTAIbenchbenchbenchbench";
/// Its secret.
pub(crate) const ACCESS_KEY_SECRET: &str = "benchbenchbenchbenchbenchbench";

static NONCE: AtomicU64 = AtomicU64::new(0);

/// Signs requests to one address.
pub(crate) struct Signer {
    host: String,
    access_key_id: String,
    secret: String,
}

impl Signer {
    /// Of the account itself, for `host`, with its port.
    pub(crate) fn new(host: String) -> Self {
        Self::of(host, ACCESS_KEY_ID.to_owned(), ACCESS_KEY_SECRET.to_owned())
    }

    /// Of whom an access key belongs to.
    pub(crate) const fn of(host: String, access_key_id: String, secret: String) -> Self {
        Self { host, access_key_id, secret }
    }

    /// Where its requests go.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// `count` requests of one action; `query` is canonical: encoded and sorted. Each as it goes over the wire.
    pub(crate) fn many(&self, action: &str, version: &str, query: &str, count: usize) -> Vec<Vec<u8>> {
        let date = jiff::Timestamp::from_second(unix_s()).map(|now| now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let date = date.expect("the clock is set");
        (0..count).map(|_| self.one(action, version, query, &date)).collect()
    }

    fn one(&self, action: &str, version: &str, query: &str, date: &str) -> Vec<u8> {
        const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        const SIGNED: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
        let nonce = format!("{}-{}", std::process::id(), NONCE.fetch_add(1, Ordering::Relaxed));
        let Self { host, access_key_id, .. } = self;
        let canonical = format!(
            "POST\n/\n{query}\nhost:{host}\nx-acs-action:{action}\nx-acs-content-sha256:{EMPTY}\nx-acs-date:{date}\n\
             x-acs-signature-nonce:{nonce}\nx-acs-version:{version}\n\n{SIGNED}\n{EMPTY}"
        );
        let text = format!("ACS3-HMAC-SHA256\n{}", digest::hex(&digest::sha256(canonical.as_bytes())));
        let signature = digest::hex(&mac::hmac_sha256(self.secret.as_bytes(), text.as_bytes()));
        let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
        format!(
            "POST {target} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\nx-acs-action: {action}\r\n\
             x-acs-version: {version}\r\nx-acs-date: {date}\r\nx-acs-signature-nonce: {nonce}\r\n\
             x-acs-content-sha256: {EMPTY}\r\nauthorization: ACS3-HMAC-SHA256 Credential={access_key_id},\
             SignedHeaders={SIGNED},Signature={signature}\r\ncontent-length: 0\r\n\r\n"
        )
        .into_bytes()
    }
}

/// Parameters as a canonical query: sorted, and encoded by RFC 3986.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| [name, value].join("=")).collect::<Vec<_>>().join("&")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the machine's clock")]
fn unix_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
