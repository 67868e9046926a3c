//! Every operation of every product, called unsigned, wrongly signed, twice, without permission, with exactly its permission, and
//! against an explicit deny. The requests are in one table: an operation that is not in it fails the test.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use coffer_base::{Clock, Region, Rng, Secret, SeededRng, Timestamp};
use coffer_cloud::bootstrap::{self, KmsService, Preset, Started};
use coffer_cloud::{Access, Cloud, Incoming, Method, Product, Settings, operations};
use coffer_crypto::{RootKey, digest, mac};
use coffer_store::Db;
use serde_json::Value;

const ROOT: (&str, &str) = ("LTAIrootrootrootrootroot", "rootrootrootrootrootrootrootro");
const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const ALLOW_ALL: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

struct World {
    cloud: Cloud,
    rng: SeededRng,
    account: String,
}

type Key = (String, String);

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
    fn new() -> Self {
        let (db, clock) = (Db::in_memory().unwrap(), Clock::manual(Timestamp::from_unix_ms(1_780_000_000_000)));
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(1));
        let access_key = Some((ROOT.0.to_owned(), Secret::new(ROOT.1.to_owned())));
        let preset = Preset { account: None, access_key };
        let root = RootKey::ephemeral(&*rng);
        let Started { keyring, account, .. } = bootstrap::start(&db, &clock, &rng, root, preset).unwrap();
        bootstrap::set_kms_service(&db, &account, KmsService::Open).unwrap();
        let settings = Settings::new(Region::parse("cn-hangzhou").unwrap());
        let cloud = Cloud::new(db, clock, rng, keyring, settings);
        Self { cloud, rng: SeededRng::new(2), account: account.to_string() }
    }

    fn request(&self, key: &Key, product: Product, action: &str, parameters: &[(String, String)]) -> Incoming {
        let mut pairs: Vec<_> = parameters.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
        pairs.sort_unstable();
        let (query, body_hash) = (pairs.join("&"), digest::hex(&digest::sha256(b"")));
        let date = Timestamp::from_unix_ms(1_780_000_000_000).to_iso8601();
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

    fn send(&self, incoming: Incoming) -> (u16, Value) {
        let answer = block_on(self.cloud.handle(incoming));
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn call(&self, key: &Key, product: Product, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        let parameters: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.send(self.request(key, product, action, &parameters))
    }

    fn root(&self, product: Product, action: &str, parameters: &[(&str, &str)]) -> Value {
        let (status, body) = self.call(&root(), product, action, parameters);
        assert_eq!(status, 200, "{action}: {body}");
        body
    }

    /// A user with a key, and with a policy of that text if one is given.
    fn user(&self, name: &str, document: Option<&str>) -> Key {
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

    /// A request of each operation that is in order, so that only permission decides.
    fn sample(&self, action: &str) -> Vec<(String, String)> {
        let key = || text(&self.root(Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId");
        let region = ("RegionId", "cn-hangzhou".to_owned());
        let (user, role, policy) =
            (("UserName", "target".to_owned()), ("RoleName", "target".to_owned()), ("PolicyName", "target".to_owned()));
        let (custom, document) = (("PolicyType", "Custom".to_owned()), ("PolicyDocument", ALLOW_ALL.to_owned()));
        let pairs: Vec<(&str, String)> = match action {
            "DescribeRegions"
            | "OpenKmsService"
            | "DescribeAccountKmsStatus"
            | "CreateKey"
            | "ListKeys"
            | "ListAliases" => vec![],
            "DescribeZones"
            | "DescribeDisks"
            | "DescribeDiskEncryptionByDefaultStatus"
            | "DescribeDiskDefaultKMSKeyId"
            | "EnableDiskEncryptionByDefault"
            | "DisableDiskEncryptionByDefault"
            | "ResetDiskDefaultKMSKeyId" => vec![region],
            "ModifyDiskDefaultKMSKeyId" => vec![region, ("KMSKeyId", key())],
            "CreateDisk" => vec![region, ("ZoneId", "cn-hangzhou-b".to_owned()), ("Size", "20".to_owned())],
            "DeleteDisk" => vec![("DiskId", "d-bp1aaaaaaaaaaaaaaaaa".to_owned())],
            "DescribeKey" | "EnableKey" | "DisableKey" | "CancelKeyDeletion" | "GenerateDataKey" => {
                vec![("KeyId", key())]
            }
            "ScheduleKeyDeletion" => vec![("KeyId", key()), ("PendingWindowInDays", "7".to_owned())],
            "CreateAlias" => vec![("KeyId", key()), ("AliasName", "alias/target".to_owned())],
            "Encrypt" => vec![("KeyId", key()), ("Plaintext", "x".to_owned())],
            "Decrypt" => {
                let made = self.root(Product::Kms, "Encrypt", &[("KeyId", &key()), ("Plaintext", "x")]);
                vec![("CiphertextBlob", text(&made, "CiphertextBlob"))]
            }
            "CreateUser" | "GetUser" | "DeleteUser" | "CreateAccessKey" | "ListAccessKeys" => vec![user],
            "DeleteAccessKey" => vec![user, ("UserAccessKeyId", "LTAItarget".to_owned())],
            "UpdateAccessKey" => {
                vec![user, ("UserAccessKeyId", "LTAItarget".to_owned()), ("Status", "Active".to_owned())]
            }
            "CreatePolicy" => vec![policy, document],
            "GetPolicy" => vec![policy, custom],
            "DeletePolicy" => vec![policy],
            "AttachPolicyToUser" | "DetachPolicyFromUser" => vec![policy, custom, user],
            "AttachPolicyToRole" | "DetachPolicyFromRole" => vec![policy, custom, role],
            "CreateRole" => vec![role, ("AssumeRolePolicyDocument", TRUST.to_owned())],
            "GetRole" | "DeleteRole" => vec![role],
            "AssumeRole" => vec![
                ("RoleArn", format!("acs:ram::{}:role/target", self.account)),
                ("RoleSessionName", "session".to_owned()),
            ],
            other => panic!("{other} needs a sample request here"),
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn root() -> Key {
    (ROOT.0.to_owned(), ROOT.1.to_owned())
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

const REFUSALS: [&str; 3] = ["Forbidden.RAM", "Forbidden.NoPermission", "NoPermission"];

/// Calls `check` with each operation that a policy is asked about, and its action.
fn each(mut check: impl FnMut(Product, &'static str, &'static str)) {
    let mut seen = 0;
    for product in [Product::Ecs, Product::Kms, Product::Ram, Product::Sts] {
        for entry in operations(product) {
            if let Access::Action(action) = entry.operation.access {
                check(product, entry.operation.name, action);
                seen += 1;
            }
        }
    }
    assert!(seen >= 42, "{seen} operations");
}

#[test]
fn each_operation_is_refused_without_permission_and_by_a_deny_and_gets_past_authorisation_with_exactly_its_own() {
    each(|product, name, action| {
        let world = World::new();
        let sample = world.sample(name);
        let statement = |effect: &str, action: &str| {
            format!(r#"{{"Version":"1","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#)
        };
        let both = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#
        );
        let nobody = world.user("nobody", None);
        let exactly = world.user("exactly", Some(&statement("Allow", action)));
        let others = world.user("others", Some(&statement("Allow", &format!("{action}Not"))));
        let denied = world.user("denied", Some(&both));
        for (key, kind) in [(&nobody, "ImplicitDeny"), (&others, "ImplicitDeny"), (&denied, "ExplicitDeny")] {
            let (status, body) = world.send(world.request(key, product, name, &sample));
            assert_eq!(status, 403, "{name}: {body}");
            assert!(REFUSALS.contains(&body["Code"].as_str().unwrap()), "{name}: {body}");
            assert_eq!(body["AccessDeniedDetail"]["NoPermissionType"], kind, "{name}");
            assert_eq!(body["AccessDeniedDetail"]["AuthAction"], action);
        }
        let (status, body) = world.send(world.request(&exactly, product, name, &sample));
        // What is asked for may not be there; that it is told so shows that permission was given.
        assert!(body.get("AccessDeniedDetail").is_none(), "{name}: {status} {body}");
    });
}

#[test]
fn each_operation_wants_a_good_signature_once() {
    for product in Product::ALL {
        for entry in operations(product) {
            let (world, name) = (World::new(), entry.operation.name);
            let good = world.request(&root(), product, name, &[]);
            let mut unsigned = good.clone();
            unsigned.headers.retain(|(header, _)| header != "authorization");
            let (status, body) = world.send(unsigned);
            assert_eq!((status, body["Code"].as_str().unwrap()), (400, "MissingAccessKeyId"), "{name}");
            let wrong = world.request(&(ROOT.0.to_owned(), "another".to_owned()), product, name, &[]);
            let (status, body) = world.send(wrong);
            assert_eq!((status, body["Code"].as_str().unwrap()), (400, "SignatureDoesNotMatch"), "{name}");
            world.send(good.clone());
            let (status, body) = world.send(good);
            assert_eq!((status, body["Code"].as_str().unwrap()), (400, "SignatureNonceUsed"), "{name}");
            let unknown = world.request(&("LTAInobody".to_owned(), "x".to_owned()), product, name, &[]);
            assert_eq!(world.send(unknown).1["Code"], "InvalidAccessKeyId.NotFound", "{name}");
        }
    }
}

#[test]
fn only_the_account_changes_the_default_key() {
    let world = World::new();
    let user = world.user("everything", Some(ALLOW_ALL));
    let parameters = [("RegionId", "cn-hangzhou"), ("KMSKeyId", "x")];
    let (status, body) = world.call(&user, Product::Ecs, "ModifyDiskDefaultKMSKeyId", &parameters);
    assert_eq!((status, body["Code"].as_str().unwrap()), (403, "Forbidden.SubUser"));
    let (_, body) = world.call(&root(), Product::Ecs, "ModifyDiskDefaultKMSKeyId", &parameters);
    assert_eq!(body["Code"], "InvalidDefaultEncryption.NotFound");
}
