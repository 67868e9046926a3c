//! Every error code that the vendor documents for KMS is answered here, or stands below with what keeps it from being answered.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use coffer_base::Region;
use coffer_cloud::bootstrap::{KmsService, set_kms_service};
use coffer_cloud::settings::{Quotas, Throttling};
use coffer_cloud::{Product, Settings};
use serde_json::Value;
use support::{REGION, World, other, owned, root, text};

/// Documented codes that no call can come to.
const NEVER: [(&str, &[&str]); 7] = [
    (
        "nothing is sold: no orders, no debts, no risk control, no identity checks",
        &[
            "CreateLXOrderFailed",
            "Forbidden.InDebt",
            "Forbidden.InDebtOverdue",
            "Forbidden.NoRealNameAuthentication",
            "Forbidden.ProhibitedByRiskControl",
            "Forbidden.UbsmsInvalidBid",
            "Forbidden.UbsmsInvalidUserid",
        ],
    ),
    ("there are no dedicated instances", &["Forbidden.DKMSInstanceStateInvalid", "Rejected.ShareQuotaExceedLimit"]),
    ("the gateway's code for the same is given: InvalidAccessKeyId.Inactive", &["Forbidden.AccessKey"]),
    ("the gateway's codes for the same are given: MissingTimestamp, InvalidTimeStamp.Format", &["IllegalTimestamp"]),
    (
        "a failure of the server is InternalError or ServiceUnavailable, in every product",
        &["InternalFailure", "Rejected.Unavailable", "ServiceUnavailableTemporary"],
    ),
    ("every region has every protection level", &["Unsupported.ProtectionLevel"]),
    ("the HTTP gateway gives it before the service is called; its own tests see it", &["UnsupportedHTTPMethod"]),
];

/// The codes that the vendor documents, for any operation of KMS.
fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../metadata/errors.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let common = all["common"]["Kms"].as_array().unwrap().iter();
    let tables = all["Kms"].as_object().unwrap().values().flat_map(|rows| rows.as_array().unwrap());
    common.chain(tables).map(|row| row[1].as_str().unwrap().to_owned()).collect()
}

/// The world that the calls are made in, and the codes they were answered with.
struct Calls {
    world: World,
    seen: BTreeSet<String>,
}

impl Calls {
    fn note(&mut self, (status, body): (u16, Value)) {
        assert!((400..500).contains(&status), "{status} {body}");
        self.seen.insert(text(&body, "Code"));
    }

    fn refused(&mut self, action: &str, parameters: &[(&str, &str)]) {
        let answer = self.world.call(&root(), Product::Kms, action, parameters);
        self.note(answer);
    }
}

/// What keys answer: in their states, by their names, for what they are.
fn of_keys(calls: &mut Calls) {
    let key_id = calls.world.key_with(&[]);
    let key = ("KeyId", &*key_id);
    calls.world.kms("CreateAlias", &[key, ("AliasName", "alias/taken")]);
    let plaintext = ("Plaintext", "x");
    for state in ["Disabled", "PendingDeletion", "PendingImport"] {
        let key_id = calls.world.key_in_state(state, state == "PendingImport");
        calls.refused("Encrypt", &[("KeyId", &key_id), plaintext]);
        calls.refused("CancelKeyDeletion", &[("KeyId", if state == "PendingDeletion" { "none" } else { &key_id })]);
    }
    calls.refused("CreateAlias", &[key, ("AliasName", "alias/taken")]);
    calls.refused("DescribeKey", &[("KeyId", "alias/none")]);
    calls.refused("EnableKey", &[("KeyId", "alias/taken")]);
    calls.refused("DescribeKeyVersion", &[key, ("KeyVersionId", "none")]);
    calls.refused("GetParametersForImport", &[key, ("WrappingAlgorithm", "SM2PKE"), ("WrappingKeySpec", "EC_SM2")]);
    calls.refused("CreateKey", &[("DKMSInstanceId", "kst-1")]);
    let (pair, version) = calls.world.pair("EC_SM2", "SIGN/VERIFY");
    calls.refused("GenerateDataKey", &[("KeyId", &pair)]);
    let wrong = [("KeyId", &*pair), ("KeyVersionId", &version), ("Algorithm", "SM2PKE"), ("Plaintext", "eA==")];
    calls.refused("AsymmetricEncrypt", &wrong);
    calls.world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let service = calls.world.ecs("DescribeDiskDefaultKMSKeyId", &[("RegionId", REGION)]);
    calls.refused("GetKeyPolicy", &[("KeyId", &text(&service, "KMSKeyId"))]);
    calls.refused("GetKeyPolicy", &[key, ("PolicyName", "another")]);
}

/// What importing material answers.
fn of_imports(calls: &mut Calls) {
    let key_id = calls.world.key_in_state("PendingImport", true);
    let import = |calls: &mut Calls, (material, token): &(String, String)| {
        let sent = [("EncryptedKeyMaterial", &**material), ("ImportToken", token), ("KeyMaterialExpireUnix", "0")];
        calls.refused("ImportKeyMaterial", &[&[("KeyId", &*key_id)], &sent[..]].concat());
    };
    let short = calls.world.wrapped(&key_id, "SM2PKE", &[1; 5]);
    import(calls, &short);
    let foreign = calls.world.key_in_state("PendingImport", true);
    let foreign = calls.world.wrapped(&foreign, "SM2PKE", &[1; 32]);
    import(calls, &foreign);
    let good = calls.world.wrapped(&key_id, "SM2PKE", &[1; 32]);
    calls.world.clock.advance_ms(25 * 3_600_000);
    import(calls, &good);
}

/// What secrets answer.
fn of_secrets(calls: &mut Calls) {
    let secret = [("SecretName", "s"), ("VersionId", "v1"), ("SecretData", "one")];
    calls.world.kms("CreateSecret", &secret);
    calls.refused("CreateSecret", &secret);
    calls.refused("RestoreSecret", &secret[..1]);
    let move_it = [secret[0], ("VersionStage", "x"), ("RemoveFromVersion", "v1")];
    calls.refused("UpdateSecretVersionStage", &move_it);
    calls.world.kms("DeleteSecret", &secret[..1]);
    calls.refused("GetSecretValue", &secret[..1]);
}

/// What is refused before an operation is asked, and by settings.
fn of_the_way_there(calls: &mut Calls) {
    calls.refused("DescribeKey", &[]);
    calls.refused("ListKeys", &[("PageSize", "0")]);
    calls.refused("OpenKmsService", &[]);
    let nobody = calls.world.user("nobody", None);
    let denied = calls.world.call(&nobody, Product::Kms, "ListKeys", &[]);
    calls.note(denied);
    let unknown = calls.world.call(&("LTAInobody".to_owned(), "x".to_owned()), Product::Kms, "ListKeys", &[]);
    calls.note(unknown);
    let long = "x".repeat(coffer_base::limits::PARAMETER_VALUE_BYTES + 1);
    calls.refused("ListKeys", &[("Filters", &long)]);
    let mut unsigned = calls.world.request(&root(), Product::Kms, "ListKeys", &owned(&[]));
    let authorization = unsigned.headers.iter_mut().find(|(name, _)| name == "authorization").unwrap();
    "ACS3-HMAC-SHA256 Credential=LTAI".clone_into(&mut authorization.1);
    let incomplete = calls.world.send(unsigned);
    calls.note(incomplete);
    set_kms_service(&calls.world.db, &calls.world.other, KmsService::Suspended).unwrap();
    let closed = calls.world.call(&other(), Product::Kms, "ListKeys", &[]);
    calls.note(closed);
}

/// What an operator's bounds answer.
fn of_bounds(calls: &mut Calls) {
    let one = NonZeroU32::new(1).unwrap();
    let settings = || Settings::new(Region::parse(REGION).unwrap());
    let quotas = Quotas { keys: Some(0), ..Quotas::default() };
    let full = World::with(Settings { quotas, ..settings() });
    calls.note(full.call(&root(), Product::Kms, "CreateKey", &[]));
    let by_class = Throttling { kms: [("read", one)].into(), ..Throttling::default() };
    let by_product = Throttling { requests_per_s: Some(one), ..Throttling::default() };
    for throttling in [by_class, by_product] {
        let busy = World::with(Settings { throttling, ..settings() });
        busy.kms("ListKeys", &[]);
        calls.note(busy.call(&root(), Product::Kms, "ListKeys", &[]));
    }
}

#[test]
fn every_documented_code_is_answered_or_has_its_reason() {
    let mut calls = Calls { world: World::new(), seen: BTreeSet::new() };
    of_keys(&mut calls);
    of_imports(&mut calls);
    of_secrets(&mut calls);
    of_the_way_there(&mut calls);
    of_bounds(&mut calls);
    let never: BTreeSet<String> = NEVER.iter().flat_map(|(_, codes)| *codes).map(|code| (*code).to_owned()).collect();
    let documented = documented();
    assert!(never.is_subset(&documented) && never.is_disjoint(&calls.seen));
    let missing: Vec<_> =
        documented.iter().filter(|code| !calls.seen.contains(*code) && !never.contains(*code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
