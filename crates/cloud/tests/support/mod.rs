//! A whole service in memory with two accounts, and signed requests to it: what the tests over every operation stand on.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod compute;
pub(crate) mod disks;
pub(crate) mod files;
pub(crate) mod instances;
pub(crate) mod keys;
pub(crate) mod oidc;
mod ram;
mod reached;
pub(crate) mod saml;
mod samples;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use coffer_base::{AccountId, Clock, Region, Rng, Secret, SeededRng, Timestamp, ids};
use coffer_block::host::Host;
use coffer_cloud::auth::Login;
use coffer_cloud::bootstrap::{self, KmsService, Preset, StartError, Started};
use coffer_cloud::volumes::Inline;
use coffer_cloud::{Cloud, Incoming, Keyring, Method, Outgoing, Product, Settings, Volumes};
use coffer_crypto::{RootKey, digest, mac};
use coffer_store::instances::Instance;
use coffer_store::{Db, Options, Record, StoreError, Tx, accounts};
use serde_json::Value;

/// The first account's own access key.
pub(crate) const ROOT: (&str, &str) = ("LTAIrootrootrootrootroot", "rootrootrootrootrootrootrootro");
/// The second account's own access key.
pub(crate) const OTHER: (&str, &str) = ("LTAIotherotherotherother", "otherotherotherotherotherother");
/// A policy that allows everything.
pub(crate) const ALLOW_ALL: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
/// The moment at which every world begins, in milliseconds since the epoch.
pub(crate) const NOW_MS: i64 = 1_780_000_000_000;
/// Where requests go that name no region.
pub(crate) const REGION: &str = "cn-hangzhou";
/// A zone there.
pub(crate) const ZONE: &str = "cn-hangzhou-b";

/// An access key: id and secret.
pub(crate) type Key = (String, String);
/// The parameters of a request.
pub(crate) type Pairs = Vec<(String, String)>;
/// Rows of each table of the database, as text.
pub(crate) type Dump = BTreeMap<String, Vec<String>>;

/// The service, its database, and its two accounts, for both of which KMS is open.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) db: Db,
    /// The volumes.
    pub(crate) host: Host,
    /// Only tests move it.
    pub(crate) clock: Clock,
    /// The first account, of which [`ROOT`] is the key.
    pub(crate) account: AccountId,
    /// The second account, of which [`OTHER`] is the key.
    pub(crate) other: AccountId,
    pub(crate) rng: Arc<Reseeded>,
    nonces: Reseeded,
}

/// Randomness whose sequence can be begun again.
pub(crate) struct Reseeded(Mutex<SeededRng>);

impl Reseeded {
    fn new(seed: u64) -> Self {
        Self(Mutex::new(SeededRng::new(seed)))
    }

    /// Begins the sequence that belongs to `seed`.
    pub(crate) fn reseed(&self, seed: u64) {
        *self.0.lock().unwrap() = SeededRng::new(seed);
    }
}

impl Rng for Reseeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill(bytes);
    }
}

/// Wakes the thread that waits for an answer.
struct Waiting(Thread);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Waiting(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        // In memory a write is done when it is handed over; only the writer of files is ever waited for.
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        thread::park();
    }
}

impl World {
    /// A new one; each is like the other.
    pub(crate) fn new() -> Self {
        Self::with(Self::settings())
    }

    /// The settings of a new one.
    pub(crate) fn settings() -> Settings {
        let (oidc, saml) = (vec![oidc::provider()], vec![saml::provider()]);
        Settings { oidc, saml, ..Settings::new(Region::parse(REGION).unwrap()) }
    }

    /// A new one with these settings.
    pub(crate) fn with(settings: Settings) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_ms(NOW_MS));
        Self::start(Db::in_memory().unwrap(), clock, 1, RootKey::ephemeral, settings, Self::unserved(1))
    }

    /// The one whose files are in `directory`, or a new one there. What it draws is drawn from `seed`.
    pub(crate) fn open(directory: &Path, clock: Clock, seed: u64) -> Self {
        Self::open_with(directory, clock, seed, Self::unserved(seed))
    }

    /// The same with this host of volumes.
    fn open_with(directory: &Path, clock: Clock, seed: u64, host: Host) -> Self {
        let (db, path) = (Db::open(directory, Options::default()).unwrap(), directory.join("root.key"));
        let root = |rng: &dyn Rng| if path.exists() { RootKey::open(&path) } else { RootKey::create(&path, rng) };
        Self::start(db, clock, seed, |rng| root(rng).unwrap(), Settings::new(Region::parse(REGION).unwrap()), host)
    }

    /// A host in memory that serves nothing over sockets. It draws on threads of its own: what it draws must not shift what the service
    /// does.
    fn unserved(seed: u64) -> Host {
        Host::in_memory(Arc::new(Reseeded::new(seed + 2))).unwrap()
    }

    fn start(
        db: Db,
        clock: Clock,
        seed: u64,
        root: impl FnOnce(&dyn Rng) -> RootKey,
        settings: Settings,
        host: Host,
    ) -> Self {
        let rng = Arc::new(Reseeded::new(seed));
        let source: Arc<dyn Rng> = Arc::<Reseeded>::clone(&rng);
        let root = root(&*source);
        let Started { keyring, account, .. } = bootstrap::start(&db, &clock, &source, root, preset(ROOT)).unwrap();
        let accounts = db.read(accounts::all).unwrap();
        let (keyring, other) = match accounts.into_iter().find(|known| *known != account) {
            Some(other) => (keyring, other),
            None => second_account(&db, keyring, &source, clock.now()),
        };
        for account in [&account, &other] {
            bootstrap::set_kms_service(&db, account, KmsService::Open).unwrap();
        }
        let cloud = Cloud::new(
            db.clone(),
            clock.clone(),
            source,
            keyring,
            settings,
            Volumes::new(host.clone(), Arc::new(Inline)),
        )
        .unwrap();
        Self { cloud, db, host, clock, account, other, rng, nonces: Reseeded::new(seed + 1) }
    }

    /// A new one, its second account and that account's access key.
    pub(crate) fn with_neighbour() -> (Self, AccountId, Key) {
        let world = Self::new();
        let neighbour = world.other.clone();
        (world, neighbour, other())
    }

    /// Moves the clock on and does the work that is then due.
    pub(crate) fn advance(&self, ms: i64) {
        self.clock.advance_ms(ms);
        while self.cloud.run_due_jobs().unwrap() > 0 {}
    }

    /// Does the work that is due now.
    pub(crate) fn settle(&self) {
        self.advance(0);
    }

    /// Calls an ECS operation as the first account; it must succeed.
    pub(crate) fn ecs(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.root(Product::Ecs, action, parameters)
    }

    /// Calls an ECS operation as the first account; it must be refused: HTTP status, code, message.
    pub(crate) fn refused(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, String, String) {
        let (status, body) = self.call(&root(), Product::Ecs, action, parameters);
        assert!((400..500).contains(&status), "{action}: {status} {body}");
        (status, text(&body, "Code"), text(&body, "Message"))
    }

    /// The call must be refused so (HTTP status, code, message), and nothing changed.
    #[track_caller]
    pub(crate) fn refuses(
        &self,
        key: &Key,
        product: Product,
        action: &str,
        parameters: &[(&str, &str)],
        expected: (u16, &str, &str),
    ) {
        self.refuses_request(self.request(key, product, action, &owned(parameters)), expected);
    }

    /// The same of a request that is made already.
    #[track_caller]
    pub(crate) fn refuses_request(&self, incoming: Incoming, expected: (u16, &str, &str)) {
        let (sent, before) = (format!("{:?} {}", incoming.header("x-acs-action"), incoming.query), self.state());
        let (status, body) = self.send(incoming);
        assert_eq!((status, &*text(&body, "Code"), &*text(&body, "Message")), expected, "{sent}");
        assert!(before == self.state(), "{sent} changes something");
    }

    /// Writes to the database what no operation writes yet.
    pub(crate) fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.db.write(work).wait().unwrap()
    }

    /// A row of the database.
    pub(crate) fn row<T: Record>(&self, id: &str) -> T {
        self.db.read(|tx| T::get(tx, id)).unwrap().unwrap()
    }

    /// The row of a Linux instance in the world's zone, in that status, that was started before.
    pub(crate) fn instance(&self, status: &str) -> String {
        let instance = self.instance_row(status);
        let instance_id = instance.instance_id.clone();
        self.store(move |tx| instance.insert(tx));
        instance_id
    }

    /// The same, to be changed before it is inserted.
    pub(crate) fn instance_row(&self, status: &str) -> Instance {
        let text = str::to_owned;
        let number = || self.rng.characters(b"123456789", 2);
        Instance {
            instance_id: ids::ecs_id("i", Region::parse(REGION).unwrap(), &*self.rng),
            account: self.account.clone(),
            region: Region::parse(REGION).unwrap(),
            zone_id: text(ZONE),
            instance_name: text("web"),
            host_name: text("web"),
            description: String::new(),
            image_id: text("ubuntu_24_04_x64_20G_alibase_20250113.vhd"),
            os_name: text("Ubuntu  24.04 64位"),
            os_type: text("linux"),
            instance_type: text("ecs.g7.large"),
            status: text(status),
            stopped_mode: text("Not-applicable"),
            security_group_ids: String::new(),
            vswitch_id: String::new(),
            private_ip: ["10".to_owned(), number(), number(), number()].join("."),
            key_pair_name: String::new(),
            ram_role_name: String::new(),
            user_data: String::new(),
            internet_charge_type: text("PayByTraffic"),
            internet_max_bandwidth_in: 0,
            internet_max_bandwidth_out: 0,
            serial_number: self.rng.uuid(),
            spot_strategy: text("NoSpot"),
            spot_price_limit_milli: None,
            spot_duration_h: None,
            spot_interruption_behavior: String::new(),
            credit_specification: String::new(),
            http_endpoint: text("enabled"),
            http_tokens: text("optional"),
            http_put_response_hop_limit: 1,
            deletion_protection: false,
            auto_release_at: None,
            started_at: Some(Timestamp::from_unix_ms(NOW_MS)),
            created_at: self.clock.now(),
        }
    }

    /// Makes the role through which ECS reaches the first account's keys.
    pub(crate) fn disk_encryption_role(&self) {
        self.let_ecs_use_keys(&root());
    }

    /// A new customer key of the first account.
    pub(crate) fn customer_key(&self) -> String {
        text(&self.root(Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId")
    }

    /// From here on, two worlds that were given the same seed draw the same: ids, keys, nonces.
    pub(crate) fn reseed(&self, seed: u64) {
        self.rng.reseed(seed);
        self.nonces.reseed(seed + 1);
    }

    /// A request signed by V3, all its parameters in the query.
    pub(crate) fn request(
        &self,
        key: &Key,
        product: Product,
        action: &str,
        parameters: &[(String, String)],
    ) -> Incoming {
        self.session_request(key, "", product, action, parameters)
    }

    /// The same with the token of a session, if it is not empty.
    pub(crate) fn session_request(
        &self,
        key: &Key,
        security_token: &str,
        product: Product,
        action: &str,
        parameters: &[(String, String)],
    ) -> Incoming {
        self.nonce_request(key, security_token, &self.nonces.uuid(), product, action, parameters)
    }

    /// The same with that nonce, or without one if it is empty.
    pub(crate) fn nonce_request(
        &self,
        key: &Key,
        security_token: &str,
        nonce: &str,
        product: Product,
        action: &str,
        parameters: &[(String, String)],
    ) -> Incoming {
        // By name, as the canonical request orders them.
        let mut sorted: Vec<_> = parameters.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        sorted.sort_unstable();
        let pairs: Vec<_> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (query, body_hash) = (pairs.join("&"), digest::hex(&digest::sha256(b"")));
        let date = self.clock.now().to_iso8601();
        let mut headers: Vec<(String, String)> = [
            ("host", "localhost"),
            ("x-acs-action", action),
            ("x-acs-content-sha256", &body_hash),
            ("x-acs-date", &date),
            ("x-acs-security-token", security_token),
            ("x-acs-signature-nonce", nonce),
            ("x-acs-version", product.version()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        headers.retain(|(_, value)| !value.is_empty());
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

    /// Sends a request; the answer as it goes out.
    pub(crate) fn answer(&self, incoming: Incoming) -> Outgoing {
        block_on(self.cloud.handle(incoming))
    }

    /// Sends a request of a session.
    pub(crate) fn answer_as(&self, incoming: Incoming, login: &Login) -> Outgoing {
        block_on(self.cloud.handle_as(incoming, login))
    }

    /// Sends a request; status and body.
    pub(crate) fn send(&self, incoming: Incoming) -> (u16, Value) {
        let action = incoming.header("x-acs-action").unwrap_or_default().to_owned();
        let answer = self.answer(incoming);
        let body = serde_json::from_slice(&answer.body).unwrap();
        reached::record(&action, answer.status, &body);
        (answer.status, body)
    }

    /// Signs and sends.
    pub(crate) fn call(&self, key: &Key, product: Product, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        self.send(self.request(key, product, action, &owned(parameters)))
    }

    /// A call that must succeed.
    pub(crate) fn succeed(&self, key: &Key, product: Product, action: &str, parameters: &[(&str, &str)]) -> Value {
        let (status, body) = self.call(key, product, action, parameters);
        assert_eq!(status, 200, "{action}: {body}");
        body
    }

    /// A call by the first account itself, which must succeed.
    pub(crate) fn root(&self, product: Product, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.succeed(&root(), product, action, parameters)
    }

    /// A user of the first account with a key, and with a policy of that text if one is given.
    pub(crate) fn user(&self, name: &str, document: Option<&str>) -> Key {
        self.user_of(&root(), name, document)
    }

    /// A user of the account whose key is given, with a key of its own, and with a policy of that text if one is given.
    pub(crate) fn user_of(&self, account: &Key, name: &str, document: Option<&str>) -> Key {
        let ram = |action, parameters: &[_]| self.succeed(account, Product::Ram, action, parameters);
        ram("CreateUser", &[("UserName", name)]);
        let made = ram("CreateAccessKey", &[("UserName", name)]);
        if let Some(document) = document {
            ram("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]);
            ram("AttachPolicyToUser", &[("PolicyType", "Custom"), ("PolicyName", name), ("UserName", name)]);
        }
        (text(&made["AccessKey"], "AccessKeyId"), text(&made["AccessKey"], "AccessKeySecret"))
    }

    /// Everything that the database holds, but for what every call leaves: its audit row with the event it tells, its nonce, the use of its
    /// key.
    pub(crate) fn state(&self) -> Dump {
        let mut dump = self.db.read(coffer_store::dump::all).unwrap();
        for table in ["audit", "events", "nonces", "access_key_uses"] {
            assert!(dump.remove(table).is_some());
        }
        dump
    }
}

fn preset(key: (&str, &str)) -> Preset {
    Preset { account: None, access_key: Some((key.0.to_owned(), Secret::new(key.1.to_owned()))) }
}

fn second_account(db: &Db, keyring: Keyring, rng: &Arc<dyn Rng>, now: Timestamp) -> (Keyring, AccountId) {
    let rng = Arc::clone(rng);
    let made = db.write(move |tx| -> Result<_, StartError> {
        let (other, _) = bootstrap::create_account(tx, &keyring, &*rng, now, preset(OTHER))?;
        Ok((keyring, other))
    });
    made.wait().unwrap()
}

/// The first account's own key.
pub(crate) fn root() -> Key {
    (ROOT.0.to_owned(), ROOT.1.to_owned())
}

/// The second account's own key.
pub(crate) fn other() -> Key {
    (OTHER.0.to_owned(), OTHER.1.to_owned())
}

/// Parameters that own their text.
pub(crate) fn owned(parameters: &[(&str, &str)]) -> Pairs {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A text member of an answer.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// Percent-encodes as RFC 3986 does.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
