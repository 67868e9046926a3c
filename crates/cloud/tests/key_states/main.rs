//! Every operation on a key in every state that the key can be in (`docs/key-states.md`).

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod matrix;
#[path = "../support/mod.rs"]
mod support;

use coffer_cloud::{Product, operations};
use matrix::{Cell, Kind, ROWS, STATES};
use serde_json::Value;
use support::keys::{MATERIAL, digest};
use support::{Pairs, World, owned, root, text};

/// Operations of KMS that are not about one key.
const OTHERS: [&str; 10] = [
    "CreateKey",
    "DescribeAccountKmsStatus",
    "DescribeRegions",
    "GetKmsInstanceQuotaInfos",
    "GetRandomPassword",
    "ListAliases",
    "ListKeys",
    "ListKmsInstances",
    "ListSecrets",
    "OpenKmsService",
];

/// A key in a state, and what was made with it when it could be used.
struct Scene {
    world: World,
    key_id: String,
    version: String,
    blob: String,
    sealed: String,
    signature: String,
    material: (String, String),
}

fn made(world: &World, action: &str, parameters: &[(&str, &str)], field: &str) -> String {
    text(&world.kms(action, parameters), field)
}

impl Scene {
    fn new(kind: Kind, state: &str) -> Self {
        let world = World::new();
        let external = kind == Kind::External || kind == Kind::Symmetric && state == "PendingImport";
        let parameters: &[(&str, &str)] = match kind {
            Kind::Symmetric | Kind::External if external => &[("Origin", "EXTERNAL")],
            Kind::Symmetric | Kind::External => &[],
            Kind::Encryption => &[("KeySpec", "EC_SM2"), ("KeyUsage", "ENCRYPT/DECRYPT")],
            Kind::Signature => &[("KeySpec", "EC_SM2")],
        };
        let key_id = world.key_with(parameters);
        let version = world.newest_version(&key_id);
        let key = ("KeyId", &*key_id);
        let mut scene = Self {
            blob: String::new(),
            sealed: String::new(),
            signature: String::new(),
            material: <(String, String)>::default(),
            world,
            version: version.clone(),
            key_id: key_id.clone(),
        };
        let named = |algorithm| [key, ("KeyVersionId", &*version), ("Algorithm", algorithm)];
        let world = &scene.world;
        match kind {
            Kind::Symmetric | Kind::External => {
                if external {
                    world.import(&key_id, &MATERIAL, "0");
                    scene.material = world.wrapped(&key_id, "SM2PKE", &MATERIAL);
                }
                scene.blob = made(world, "GenerateDataKeyWithoutPlaintext", &[key], "CiphertextBlob");
                world.kms("CreateAlias", &[key, ("AliasName", "alias/there")]);
                world.kms("CreateAlias", &[("KeyId", &world.customer_key()), ("AliasName", "alias/elsewhere")]);
            }
            Kind::Encryption => {
                let parameters = [&named("SM2PKE")[..], &[("Plaintext", "eA==")]].concat();
                scene.sealed = made(world, "AsymmetricEncrypt", &parameters, "CiphertextBlob");
            }
            Kind::Signature => {
                let digest = digest();
                let parameters = [&named("SM2DSA")[..], &[("Digest", &*digest)]].concat();
                scene.signature = made(world, "AsymmetricSign", &parameters, "Value");
            }
        }
        match state {
            "Disabled" => drop(world.kms("DisableKey", &[key])),
            "PendingImport" => drop(world.kms("DeleteKeyMaterial", &[key])),
            "PendingDeletion" => drop(world.kms("ScheduleKeyDeletion", &[key, ("PendingWindowInDays", "7")])),
            _ => {}
        }
        assert_eq!(scene.state(), state);
        scene
    }

    fn state(&self) -> String {
        let described = self.world.kms("DescribeKey", &[("KeyId", &self.key_id)]);
        text(&described["KeyMetadata"], "KeyState")
    }

    fn parameters(&self, action: &str) -> Pairs {
        let Self { world, key_id, version, .. } = self;
        let key_and = |more: &[(&str, &str)]| owned(&[&[("KeyId", &**key_id)], more].concat());
        let pair_and =
            |more: &[(&str, &str)]| owned(&[&[("KeyId", &**key_id), ("KeyVersionId", &**version)], more].concat());
        let tagged = |more: &[(&str, &str)]| {
            let of = [("RegionId", "cn-hangzhou"), ("ResourceType", "key"), ("ResourceId.1", &**key_id)];
            owned(&[&of, more].concat())
        };
        let public = world.client_key().1;
        let export = [("PublicKeyBlob", &*public), ("WrappingKeySpec", "EC_SM2"), ("WrappingAlgorithm", "SM2PKE")];
        let digest = digest();
        match action {
            "AsymmetricDecrypt" => pair_and(&[("Algorithm", "SM2PKE"), ("CiphertextBlob", &self.sealed)]),
            "AsymmetricEncrypt" => pair_and(&[("Algorithm", "SM2PKE"), ("Plaintext", "eA==")]),
            "AsymmetricSign" => pair_and(&[("Algorithm", "SM2DSA"), ("Digest", &digest)]),
            "AsymmetricVerify" => pair_and(&[("Algorithm", "SM2DSA"), ("Digest", &digest), ("Value", &self.signature)]),
            "DescribeKeyVersion" | "GetPublicKey" => pair_and(&[]),
            "CreateAlias" => key_and(&[("AliasName", "alias/another")]),
            "UpdateAlias" => key_and(&[("AliasName", "alias/elsewhere")]),
            "DeleteAlias" => owned(&[("AliasName", "alias/there")]),
            "Decrypt" => owned(&[("CiphertextBlob", &self.blob)]),
            "ExportDataKey" => owned(&[&[("CiphertextBlob", &*self.blob)], &export[..]].concat()),
            "GenerateAndExportDataKey" => key_and(&export),
            "ReEncrypt" => owned(&[("CiphertextBlob", &self.blob), ("DestinationKeyId", &world.customer_key())]),
            "Encrypt" => key_and(&[("Plaintext", "x")]),
            "GetParametersForImport" => key_and(&[("WrappingAlgorithm", "SM2PKE"), ("WrappingKeySpec", "EC_SM2")]),
            "ImportKeyMaterial" => {
                let (material, token) = (&*self.material.0, &*self.material.1);
                key_and(&[("EncryptedKeyMaterial", material), ("ImportToken", token), ("KeyMaterialExpireUnix", "0")])
            }
            "ScheduleKeyDeletion" => key_and(&[("PendingWindowInDays", "30")]),
            "SetDeletionProtection" => key_and(&[("EnableDeletionProtection", "true")]),
            "SetKeyPolicy" => key_and(&[("Policy", &world.key_policy())]),
            "TagResource" => key_and(&[("Tags", r#"[{"TagKey":"k","TagValue":"v"}]"#)]),
            "UntagResource" => key_and(&[("TagKeys", "k")]),
            "TagResources" => tagged(&[("Tag.1.Key", "k")]),
            "UntagResources" => tagged(&[("All", "true")]),
            "ListTagResources" => tagged(&[]),
            "UpdateKeyDescription" => key_and(&[("Description", "another")]),
            "UpdateRotationPolicy" => key_and(&[("EnableAutomaticRotation", "false")]),
            _ => key_and(&[]),
        }
    }

    fn send(&self, action: &str, parameters: &Pairs) -> (u16, Value) {
        self.world.send(self.world.request(&root(), Product::Kms, action, parameters))
    }
}

fn try_cell(action: &str, kind: Kind, state: &str, cell: Cell) {
    if cell == Cell::Never {
        return;
    }
    let scene = Scene::new(kind, state);
    let parameters = scene.parameters(action);
    let before = scene.world.state();
    let (status, body) = scene.send(action, &parameters);
    match cell {
        Cell::Done => assert_eq!(status, 200, "{action} in {state}: {body}"),
        Cell::Rejected(code) => {
            assert_eq!((status, &*text(&body, "Code")), (409, code), "{action} in {state}");
            assert!(before == scene.world.state(), "{action} in {state} changes something");
        }
        Cell::Never => unreachable!(),
    }
}

#[test]
fn each_operation_answers_in_each_state_as_the_table_says() {
    for (action, kind, cells) in ROWS {
        for (state, cell) in STATES.into_iter().zip(cells) {
            try_cell(action, *kind, state, *cell);
        }
    }
}

#[test]
fn every_operation_on_a_key_is_in_the_table() {
    for entry in operations(Product::Kms) {
        let name = entry.operation.name;
        let listed = ROWS.iter().filter(|(action, ..)| *action == name).count();
        let about_secrets = name.contains("Secret");
        assert_eq!(listed, usize::from(!about_secrets && !OTHERS.contains(&name)), "{name}");
    }
}

#[test]
fn what_changes_a_state_leads_to_the_state_of_the_table() {
    for (from, action, external, to) in [
        ("Enabled", "DisableKey", false, "Disabled"),
        ("Disabled", "EnableKey", false, "Enabled"),
        ("Enabled", "ScheduleKeyDeletion", false, "PendingDeletion"),
        ("Disabled", "ScheduleKeyDeletion", false, "PendingDeletion"),
        ("PendingImport", "ScheduleKeyDeletion", true, "PendingDeletion"),
        ("PendingDeletion", "CancelKeyDeletion", false, "Enabled"),
        ("Enabled", "DeleteKeyMaterial", true, "PendingImport"),
        ("Disabled", "DeleteKeyMaterial", true, "PendingImport"),
        ("PendingImport", "DeleteKeyMaterial", true, "PendingImport"),
        ("PendingDeletion", "DeleteKeyMaterial", true, "PendingDeletion"),
        ("PendingImport", "ImportKeyMaterial", true, "Enabled"),
        ("Enabled", "ImportKeyMaterial", true, "Enabled"),
        ("Disabled", "ImportKeyMaterial", true, "Disabled"),
    ] {
        let scene = Scene::new(if external { Kind::External } else { Kind::Symmetric }, from);
        let parameters = scene.parameters(action);
        let (status, body) = scene.send(action, &parameters);
        assert_eq!((status, &*scene.state()), (200, to), "{action} in {from}: {body}");
    }
    let scene = Scene::new(Kind::External, "PendingDeletion");
    scene.world.kms("DeleteKeyMaterial", &[("KeyId", &scene.key_id)]);
    scene.world.kms("CancelKeyDeletion", &[("KeyId", &scene.key_id)]);
    assert_eq!(scene.state(), "PendingImport", "a key without material waits for it");
}

#[test]
fn the_page_of_key_states_is_up_to_date() {
    let path = format!("{}/../../{}", env!("CARGO_MANIFEST_DIR"), matrix::PATH);
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == matrix::page(), "{} is out of date: cargo xtask coverage --write", matrix::PATH);
}
