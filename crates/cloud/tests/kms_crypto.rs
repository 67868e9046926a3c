//! What keys are used for: key pairs, data keys for others, from one key to another. Other programs check the same in `e2e/python`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_cloud::Product;
use coffer_crypto::{EncryptionAlgorithm, KeySpec, encrypt_for};
use serde_json::{Value, json};
use support::keys::digest;
use support::{World, root, text};

type Refusal = (u16, &'static str, &'static str);

const UNSUPPORTED: Refusal = (400, "Rejected.UnsupportedOperation", "Unsupported operation.");
const NO_VERSION: Refusal = (404, "Forbidden.KeyVersionNotFound", "The specified Key version is not found.");
const DRY_RUN: Refusal =
    (400, "DryRunOperationError", "The request would have succeeded, but the DryRun parameter is set.");

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: Refusal) {
    world.refuses(&root(), Product::Kms, action, parameters, expected);
}

#[track_caller]
fn invalid(world: &World, action: &str, parameters: &[(&str, &str)], name: &str) {
    let message = format!("The specified parameter \"{name}\" is not valid.");
    world.refuses(&root(), Product::Kms, action, parameters, (400, "InvalidParameter", &message));
}

fn replaced<'a>(parameters: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut changed = parameters.to_vec();
    changed.retain(|(known, _)| *known != name);
    changed.push((name, value));
    changed
}

#[test]
fn what_is_encrypted_for_a_key_pair_opens_with_it_up_to_its_length() {
    let world = World::new();
    for (spec, algorithm, most, length) in [
        ("RSA_2048", "RSAES_OAEP_SHA_256", 190, Some(256)),
        ("RSA_2048", "RSAES_OAEP_SHA_1", 214, Some(256)),
        ("RSA_3072", "RSAES_OAEP_SHA_256", 318, Some(384)),
        ("RSA_3072", "RSAES_OAEP_SHA_1", 342, Some(384)),
        ("EC_SM2", "SM2PKE", 6047, None),
    ] {
        let (key_id, version) = world.pair(spec, "ENCRYPT/DECRYPT");
        let named = [("KeyId", &*key_id), ("KeyVersionId", &*version), ("Algorithm", algorithm)];
        for bytes in [1, most] {
            let plain = STANDARD.encode(vec![7; bytes]);
            let sealed = world.kms("AsymmetricEncrypt", &[&named[..], &[("Plaintext", &*plain)]].concat());
            assert_eq!((&sealed["KeyId"], &sealed["KeyVersionId"]), (&json!(key_id), &json!(version)));
            let blob = text(&sealed, "CiphertextBlob");
            let sealed_bytes = STANDARD.decode(&blob).unwrap().len();
            assert!(
                length.is_none_or(|length| length == sealed_bytes) && sealed_bytes <= 6144,
                "{spec} {sealed_bytes}"
            );
            let opened = world.kms("AsymmetricDecrypt", &[&named[..], &[("CiphertextBlob", &*blob)]].concat());
            assert_eq!(opened["Plaintext"], plain);
        }
        let long = STANDARD.encode(vec![7; most + 1]);
        invalid(&world, "AsymmetricEncrypt", &[&named[..], &[("Plaintext", &*long)]].concat(), "Plaintext");
        for blob in ["x", "eA==", &STANDARD.encode([1; 256])] {
            let parameters = [&named[..], &[("CiphertextBlob", blob)]].concat();
            invalid(&world, "AsymmetricDecrypt", &parameters, "CiphertextBlob");
        }
    }
}

#[test]
fn what_is_signed_is_verified_and_nothing_else_is() {
    let world = World::new();
    let (digest, another) = (digest(), STANDARD.encode([8; 32]));
    for (spec, algorithm) in [
        ("RSA_2048", "RSA_PSS_SHA_256"),
        ("RSA_2048", "RSA_PKCS1_SHA_256"),
        ("RSA_3072", "RSA_PSS_SHA_256"),
        ("RSA_3072", "RSA_PKCS1_SHA_256"),
        ("EC_P256", "ECDSA_SHA_256"),
        ("EC_P256K", "ECDSA_SHA_256"),
        ("EC_SM2", "SM2DSA"),
    ] {
        let (key_id, version) = world.pair(spec, "SIGN/VERIFY");
        let named = [("KeyId", &*key_id), ("KeyVersionId", &*version), ("Algorithm", algorithm), ("Digest", &*digest)];
        let value = text(&world.kms("AsymmetricSign", &named), "Value");
        let verified = |parameters: &[(&str, &str)]| world.kms("AsymmetricVerify", parameters)["Value"].clone();
        let good = [&named[..], &[("Value", &*value)]].concat();
        assert_eq!(verified(&good), Value::Bool(true), "{spec} {algorithm}");
        assert_eq!(verified(&replaced(&good, "Digest", &another)), Value::Bool(false));
        for other in ["eA==", &STANDARD.encode([1; 256])] {
            assert_eq!(verified(&replaced(&good, "Value", other)), Value::Bool(false));
        }
        for wrong in ["x", "eA==", &STANDARD.encode([1; 33])] {
            invalid(&world, "AsymmetricSign", &replaced(&named, "Digest", wrong), "Digest");
            invalid(&world, "AsymmetricVerify", &replaced(&good, "Digest", wrong), "Digest");
        }
        refuses(&world, "AsymmetricSign", &[&named[..], &[("DryRun", "true")]].concat(), DRY_RUN);
        refuses(&world, "AsymmetricVerify", &[&good[..], &[("DryRun", "true")]].concat(), DRY_RUN);
    }
}

#[test]
fn a_key_pair_is_used_for_its_usage_with_its_own_algorithms_by_its_own_versions() {
    let world = World::new();
    let (signer, signer_version) = world.pair("EC_SM2", "SIGN/VERIFY");
    let (sealer, sealer_version) = world.pair("EC_SM2", "ENCRYPT/DECRYPT");
    let (symmetric, digest) = (world.customer_key(), digest());
    let symmetric_version = world.newest_version(&symmetric);
    let encrypt = |key_id, version, algorithm| {
        vec![("KeyId", key_id), ("KeyVersionId", version), ("Algorithm", algorithm), ("Plaintext", "eA==")]
    };
    let sign = |key_id, version, algorithm| {
        vec![("KeyId", key_id), ("KeyVersionId", version), ("Algorithm", algorithm), ("Digest", &*digest)]
    };
    refuses(&world, "AsymmetricEncrypt", &encrypt(&signer, &signer_version, "SM2PKE"), UNSUPPORTED);
    refuses(&world, "AsymmetricEncrypt", &encrypt(&symmetric, &symmetric_version, "SM2PKE"), UNSUPPORTED);
    refuses(&world, "AsymmetricSign", &sign(&sealer, &sealer_version, "SM2DSA"), UNSUPPORTED);
    refuses(&world, "GetPublicKey", &[("KeyId", &symmetric), ("KeyVersionId", &symmetric_version)], UNSUPPORTED);
    refuses(&world, "AsymmetricEncrypt", &encrypt(&sealer, &signer_version, "SM2PKE"), NO_VERSION);
    refuses(&world, "AsymmetricSign", &sign(&signer, "none", "SM2DSA"), NO_VERSION);
    for algorithm in ["RSAES_OAEP_SHA_256", "RSAES_PKCS1_V1_5", "SM2DSA"] {
        invalid(&world, "AsymmetricEncrypt", &encrypt(&sealer, &sealer_version, algorithm), "Algorithm");
    }
    for algorithm in ["RSA_PSS_SHA_256", "ECDSA_SHA_256", "SM2PKE"] {
        invalid(&world, "AsymmetricSign", &sign(&signer, &signer_version, algorithm), "Algorithm");
    }
}

#[test]
fn a_public_key_is_pem_and_the_same_every_time() {
    let world = World::new();
    for (spec, lines) in [("RSA_2048", 9), ("EC_P256", 4), ("EC_P256K", 4), ("EC_SM2", 4)] {
        let (key_id, version) = world.pair(spec, "SIGN/VERIFY");
        let public =
            || text(&world.kms("GetPublicKey", &[("KeyId", &key_id), ("KeyVersionId", &version)]), "PublicKey");
        let pem = public();
        assert_eq!((pem.lines().count(), pem.lines().next()), (lines, Some("-----BEGIN PUBLIC KEY-----")), "{pem}");
        assert_eq!(pem, public());
    }
}

#[test]
fn a_data_key_without_its_plaintext_has_the_length_that_was_asked_for() {
    let world = World::new();
    let key_id = world.customer_key();
    for (parameter, bytes) in [
        (("KeySpec", "AES_256"), 32),
        (("KeySpec", "AES_128"), 16),
        (("NumberOfBytes", "1"), 1),
        (("NumberOfBytes", "1024"), 1024),
        (("KeySpec", ""), 32),
    ] {
        let made = world.kms("GenerateDataKeyWithoutPlaintext", &[("KeyId", &key_id), parameter]);
        assert!(made.get("Plaintext").is_none());
        let opened = world.kms("Decrypt", &[("CiphertextBlob", &text(&made, "CiphertextBlob"))]);
        assert_eq!(STANDARD.decode(text(&opened, "Plaintext")).unwrap().len(), bytes);
    }
    let key = ("KeyId", &*key_id);
    for bytes in ["0", "1025"] {
        invalid(&world, "GenerateDataKeyWithoutPlaintext", &[key, ("NumberOfBytes", bytes)], "NumberOfBytes");
    }
    invalid(&world, "GenerateDataKeyWithoutPlaintext", &[key, ("KeySpec", "AES_512")], "KeySpec");
    refuses(&world, "GenerateDataKeyWithoutPlaintext", &[key, ("DryRun", "true")], DRY_RUN);
}

#[test]
fn an_exported_data_key_is_the_one_that_kms_keeps() {
    let world = World::new();
    let key_id = world.customer_key();
    let (own, public) = world.client_key();
    let to = [("PublicKeyBlob", &*public), ("WrappingKeySpec", "EC_SM2"), ("WrappingAlgorithm", "SM2PKE")];
    let context = ("EncryptionContext", r#"{"a":"b"}"#);
    let opened = |exported: &Value| {
        let sealed = STANDARD.decode(text(exported, "ExportedDataKey")).unwrap();
        STANDARD.encode(own.decrypt(EncryptionAlgorithm::Sm2, &sealed).unwrap().expose())
    };
    let made = world.kms("GenerateAndExportDataKey", &[&to[..], &[("KeyId", &*key_id), context]].concat());
    let blob = text(&made, "CiphertextBlob");
    let kept = world.kms("Decrypt", &[("CiphertextBlob", &blob), context])["Plaintext"].clone();
    assert_eq!(opened(&made), kept);
    let blob = ("CiphertextBlob", &*blob);
    let again = world.kms("ExportDataKey", &[&to[..], &[blob, context]].concat());
    assert_eq!((opened(&again), &again["KeyId"]), (text(&json!({ "x": kept }), "x"), &json!(key_id)));
    invalid(&world, "ExportDataKey", &[&to[..], &[blob]].concat(), "CiphertextBlob");
    let whole = [&to[..], &[blob, context]].concat();
    invalid(&world, "ExportDataKey", &replaced(&whole, "PublicKeyBlob", "eA=="), "PublicKeyBlob");
    invalid(&world, "ExportDataKey", &replaced(&whole, "WrappingAlgorithm", "RSAES_OAEP_SHA_256"), "WrappingAlgorithm");
    invalid(&world, "ExportDataKey", &replaced(&whole, "WrappingKeySpec", "RSA_3072"), "WrappingKeySpec");
    refuses(&world, "ExportDataKey", &[&whole[..], &[("DryRun", "true")]].concat(), DRY_RUN);
    let not_a_key = world.kms("Encrypt", &[("KeyId", &key_id), ("Plaintext", "not base64!")]);
    let not_a_key = text(&not_a_key, "CiphertextBlob");
    invalid(&world, "ExportDataKey", &[&to[..], &[("CiphertextBlob", &*not_a_key)]].concat(), "CiphertextBlob");
}

#[test]
fn a_data_key_too_long_for_the_public_key_is_blamed_and_not_the_public_key() {
    let world = World::new();
    let key_id = world.customer_key();
    let (pair, version) = world.pair("RSA_2048", "ENCRYPT/DECRYPT");
    let pem = text(&world.kms("GetPublicKey", &[("KeyId", &pair), ("KeyVersionId", &version)]), "PublicKey");
    let public: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for (algorithm, most) in [("RSAES_OAEP_SHA_256", 190), ("RSAES_OAEP_SHA_1", 214)] {
        let to = [("PublicKeyBlob", &*public), ("WrappingKeySpec", "RSA_2048"), ("WrappingAlgorithm", algorithm)];
        for bytes in [most, most + 1] {
            let bytes = ("NumberOfBytes", &*bytes.to_string());
            let made = world.kms("GenerateDataKeyWithoutPlaintext", &[("KeyId", &*key_id), bytes]);
            let made = text(&made, "CiphertextBlob");
            let export = [&to[..], &[("CiphertextBlob", &*made)]].concat();
            let generate = [&to[..], &[("KeyId", &*key_id), bytes]].concat();
            if bytes.1 == most.to_string() {
                world.kms("ExportDataKey", &export);
                world.kms("GenerateAndExportDataKey", &generate);
            } else {
                invalid(&world, "ExportDataKey", &export, "CiphertextBlob");
                invalid(&world, "GenerateAndExportDataKey", &generate, "NumberOfBytes");
            }
        }
        let other = [&to[..], &[("KeyId", &*key_id)]].concat();
        let other = replaced(&other, "PublicKeyBlob", "eA==");
        invalid(&world, "GenerateAndExportDataKey", &other, "PublicKeyBlob");
    }
}

#[test]
fn a_ciphertext_moves_to_another_key_and_context() {
    let world = World::new();
    let (from, to) = (world.customer_key(), world.key_with(&[("KeySpec", "Aliyun_SM4")]));
    let (old, new) = (r#"{"a":"b"}"#, r#"{"c":"d"}"#);
    let made = world.kms("Encrypt", &[("KeyId", &from), ("Plaintext", "text"), ("EncryptionContext", old)]);
    let blob = text(&made, "CiphertextBlob");
    let parameters = [
        ("CiphertextBlob", &*blob),
        ("DestinationKeyId", &to),
        ("SourceEncryptionContext", old),
        ("DestinationEncryptionContext", new),
    ];
    let moved = world.kms("ReEncrypt", &parameters);
    assert_eq!((&moved["KeyId"], &moved["KeyVersionId"]), (&made["KeyId"], &made["KeyVersionId"]), "the source's");
    let moved = text(&moved, "CiphertextBlob");
    let opened = world.kms("Decrypt", &[("CiphertextBlob", &moved), ("EncryptionContext", new)]);
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!("text"), &json!(to)));
    invalid(&world, "ReEncrypt", &replaced(&parameters, "SourceEncryptionContext", new), "CiphertextBlob");
    refuses(&world, "ReEncrypt", &[&parameters[..], &[("DryRun", "true")]].concat(), DRY_RUN);
    world.kms("DisableKey", &[("KeyId", &to)]);
    let message = "The request was rejected because the key state is Disabled.";
    refuses(&world, "ReEncrypt", &parameters, (409, "Rejected.Disabled", message));
    let pair = world.pair("EC_SM2", "ENCRYPT/DECRYPT").0;
    let unsupported = (400, "UnsupportedOperation", "This action is not supported.");
    refuses(&world, "ReEncrypt", &replaced(&parameters, "DestinationKeyId", &pair), unsupported);
}

#[test]
fn what_was_encrypted_with_a_public_key_moves_to_a_symmetric_key() {
    let world = World::new();
    let (pair, version) = world.pair("RSA_2048", "ENCRYPT/DECRYPT");
    let to = world.customer_key();
    let pem = text(&world.kms("GetPublicKey", &[("KeyId", &pair), ("KeyVersionId", &version)]), "PublicKey");
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(der).unwrap();
    let sealed = encrypt_for(KeySpec::Rsa2048, &der, EncryptionAlgorithm::OaepSha256, &*world.rng, b"raw").unwrap();
    let sealed = STANDARD.encode(sealed);
    let parameters = [
        ("CiphertextBlob", &*sealed),
        ("DestinationKeyId", &to),
        ("SourceKeyId", &pair),
        ("SourceKeyVersionId", &version),
        ("SourceEncryptionAlgorithm", "RSAES_OAEP_SHA_256"),
    ];
    let moved = text(&world.kms("ReEncrypt", &parameters), "CiphertextBlob");
    assert_eq!(world.kms("Decrypt", &[("CiphertextBlob", &moved)])["Plaintext"], STANDARD.encode(b"raw"));
    for (name, value, blamed) in [
        ("SourceEncryptionAlgorithm", "SM2PKE", "SourceEncryptionAlgorithm"),
        ("SourceEncryptionAlgorithm", "RSAES_OAEP_SHA_1", "CiphertextBlob"),
        ("CiphertextBlob", "eA==", "CiphertextBlob"),
        ("CiphertextBlob", "x", "CiphertextBlob"),
    ] {
        invalid(&world, "ReEncrypt", &replaced(&parameters, name, value), blamed);
    }
    refuses(&world, "ReEncrypt", &replaced(&parameters, "SourceKeyVersionId", "none"), NO_VERSION);
    for name in ["SourceKeyId", "SourceKeyVersionId", "SourceEncryptionAlgorithm"] {
        let message = format!("The parameter \"{name}\" is needed but not provided.");
        let parameters = replaced(&parameters, name, "");
        world.refuses(&root(), Product::Kms, "ReEncrypt", &parameters, (400, "MissingParameter", &message));
    }
}

#[test]
fn moving_a_ciphertext_takes_permission_on_both_keys() {
    let world = World::new();
    let (from, to) = (world.customer_key(), world.customer_key());
    let made = world.kms("Encrypt", &[("KeyId", &from), ("Plaintext", "text")]);
    let parameters = [("CiphertextBlob", &*text(&made, "CiphertextBlob")), ("DestinationKeyId", &to)];
    let statement = |action: &str, key_id: &str| {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"acs:kms:*:*:key/{key_id}"}}"#)
    };
    let policy = |statements: &[String]| format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","));
    let (out, into) = (statement("kms:ReEncryptFrom", &from), statement("kms:ReEncryptTo", &to));
    for (name, statements, action) in [
        ("only-from", vec![out.clone()], "kms:ReEncryptTo"),
        ("only-to", vec![into.clone()], "kms:ReEncryptFrom"),
        (
            "crossed",
            vec![statement("kms:ReEncryptTo", &from), statement("kms:ReEncryptFrom", &to)],
            "kms:ReEncryptFrom",
        ),
    ] {
        let user = world.user(name, Some(&policy(&statements)));
        let (status, body) = world.call(&user, Product::Kms, "ReEncrypt", &parameters);
        assert_eq!((status, &body["AccessDeniedDetail"]["AuthAction"]), (403, &json!(action)), "{name}");
    }
    let both = world.user("both", Some(&policy(&[out, into])));
    world.succeed(&both, Product::Kms, "ReEncrypt", &parameters);
    let every = world.user("every", Some(&policy(&[statement("kms:ReEncrypt*", "*")])));
    world.succeed(&every, Product::Kms, "ReEncrypt", &parameters);
}

#[test]
fn every_text_but_one_with_the_character_zero_is_kept_as_it_is() {
    let world = World::new();
    let key_id = world.customer_key();
    for text in ["not base64!", "\u{1}", "\u{7f}", "\u{feff}a", "\r\n", " ", "密\u{202e}😀", "e\u{301}"] {
        let made = world.kms("Encrypt", &[("KeyId", &key_id), ("Plaintext", text)]);
        let blob = support::text(&made, "CiphertextBlob");
        assert_eq!(world.kms("Decrypt", &[("CiphertextBlob", &blob)])["Plaintext"], text);
        let name = ("SecretName", &*STANDARD.encode(text).replace('+', "-"));
        world.kms("CreateSecret", &[name, ("VersionId", "v1"), ("SecretData", text)]);
        assert_eq!(world.kms("GetSecretValue", &[name])["SecretData"], text);
    }
    let message = "Server parse parameters exception. Please check your input params.";
    let unparsable = (400, "ParseRequestParameterException", message);
    refuses(&world, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "a\0b")], unparsable);
    refuses(&world, "CreateSecret", &[("SecretName", "s"), ("VersionId", "v1"), ("SecretData", "a\0b")], unparsable);
}
