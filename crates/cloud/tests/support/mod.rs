//! A server in memory with a clock that only tests move, called as a client calls it: signed requests through `Cloud::handle`.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "shared by tests, none of which uses all of it"
)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use coffer_base::{Clock, Region, Rng, Secret, SeededRng, Timestamp};
use coffer_cloud::bootstrap::{self, KmsService, Preset, Started};
use coffer_cloud::{Cloud, Incoming, Method, Product, Settings};
use coffer_crypto::{RootKey, digest, mac};
use coffer_store::Db;
use serde_json::Value;

const ROOT: (&str, &str) = ("LTAIrootrootrootrootroot", "rootrootrootrootrootrootrootro");
/// When the world begins.
const BEGINNING: Timestamp = Timestamp::from_unix_ms(1_780_000_000_000);
/// Where requests go that name no region.
pub const REGION: &str = "cn-hangzhou";
/// A zone there.
pub const ZONE: &str = "cn-hangzhou-b";

/// A server with one account, KMS open everywhere.
pub struct World {
    pub cloud: Cloud,
    pub clock: Clock,
    pub rng: SeededRng,
    pub account: String,
}

/// An access key: id and secret.
pub type Key = (String, String);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // In memory a write is done when it is handed over: nothing is ever waited for.
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

impl World {
    /// A new one, each like the other.
    pub fn new() -> Self {
        Self::with(Settings::new(Region::parse(REGION).unwrap()))
    }

    /// A new one with these settings.
    pub fn with(settings: Settings) -> Self {
        let (db, clock) = (Db::in_memory().unwrap(), Clock::manual(BEGINNING));
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(1));
        let access_key = Some((ROOT.0.to_owned(), Secret::new(ROOT.1.to_owned())));
        let preset = Preset { account: None, access_key };
        let root = RootKey::ephemeral(&*rng);
        let Started { keyring, account, .. } = bootstrap::start(&db, &clock, &rng, root, preset).unwrap();
        bootstrap::set_kms_service(&db, &account, KmsService::Open).unwrap();
        let cloud = Cloud::new(db, clock.clone(), rng, keyring, settings);
        Self { cloud, clock, rng: SeededRng::new(2), account: account.to_string() }
    }

    /// Moves the clock on and does the work that is then due.
    pub fn advance(&self, ms: i64) {
        self.clock.advance_ms(ms);
        while self.cloud.run_due_jobs().unwrap() > 0 {}
    }

    /// Does the work that is due now.
    pub fn settle(&self) {
        self.advance(0);
    }

    /// Calls an ECS operation as the account; it must succeed.
    pub fn ecs(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.root(Product::Ecs, action, parameters)
    }

    /// Calls an ECS operation as the account; it must be refused: HTTP status, code, message.
    pub fn refused(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, String, String) {
        let (status, body) = self.call(&root(), Product::Ecs, action, parameters);
        assert!((400..500).contains(&status), "{action}: {status} {body}");
        (status, text(&body, "Code"), text(&body, "Message"))
    }

    /// Makes the role through which ECS reaches the account's keys.
    pub fn disk_encryption_role(&self) {
        const TRUST: &str = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
        let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
        self.root(Product::Ram, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]);
        let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
        self.root(Product::Ram, "AttachPolicyToRole", &policy);
    }

    /// A new customer key in the world's region.
    pub fn customer_key(&self) -> String {
        text(&self.root(Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId")
    }

    /// A signed request at the clock's moment.
    pub fn request(&self, key: &Key, product: Product, action: &str, parameters: &[(String, String)]) -> Incoming {
        let mut pairs: Vec<_> = parameters.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
        pairs.sort_unstable();
        let (query, body_hash) = (pairs.join("&"), digest::hex(&digest::sha256(b"")));
        let date = self.clock.now().to_iso8601();
        let mut headers: Vec<(String, String)> = [
            ("host", "localhost"),
            ("x-acs-action", action),
            ("x-acs-content-sha256", &body_hash),
            ("x-acs-date", &date),
            ("x-acs-signature-nonce", &self.rng.uuid()),
            ("x-acs-version", product.version()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let lines = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect::<Vec<_>>().concat();
        let signed = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let canonical = format!("POST\n/\n{query}\n{lines}\n{signed}\n{body_hash}");
        let text = format!("ACS3-HMAC-SHA256\n{}", digest::hex(&digest::sha256(canonical.as_bytes())));
        let signature = digest::hex(&mac::hmac_sha256(key.1.as_bytes(), text.as_bytes()));
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={signed},Signature={signature}", key.0);
        headers.push(("authorization".to_owned(), authorization));
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        Incoming { method: Method::Post, path: "/".to_owned(), query, headers, body: Vec::new(), peer, tls: false }
    }

    /// Sends it: HTTP status and body.
    pub fn send(&self, incoming: Incoming) -> (u16, Value) {
        let answer = block_on(self.cloud.handle(incoming));
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// Calls an operation: HTTP status and body.
    pub fn call(&self, key: &Key, product: Product, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        let parameters: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.send(self.request(key, product, action, &parameters))
    }

    /// Calls an operation as the account; it must succeed.
    pub fn root(&self, product: Product, action: &str, parameters: &[(&str, &str)]) -> Value {
        let (status, body) = self.call(&root(), product, action, parameters);
        assert_eq!(status, 200, "{action}: {body}");
        body
    }

    /// A user with a key, and with a policy of that text if one is given.
    pub fn user(&self, name: &str, document: Option<&str>) -> Key {
        self.root(Product::Ram, "CreateUser", &[("UserName", name)]);
        let made = self.root(Product::Ram, "CreateAccessKey", &[("UserName", name)]);
        if let Some(document) = document {
            self.root(Product::Ram, "CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]);
            let attached = [("PolicyType", "Custom"), ("PolicyName", name), ("UserName", name)];
            self.root(Product::Ram, "AttachPolicyToUser", &attached);
        }
        let text = |name: &str| made["AccessKey"][name].as_str().unwrap().to_owned();
        (text("AccessKeyId"), text("AccessKeySecret"))
    }
}

/// The account's own key.
pub fn root() -> Key {
    (ROOT.0.to_owned(), ROOT.1.to_owned())
}

/// A text member.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

/// Percent-encodes.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
