//! What is done to keys over their lives: versions, rotation, protection, aliases, tags, imported material.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::keys::MATERIAL;
use support::{ALLOW_ALL, NOW_MS, World, root, text};

type Refusal = (u16, &'static str, &'static str);

const DAY_MS: i64 = 24 * 3_600_000;
const WEEK: (&str, &str) = ("PendingWindowInDays", "7");
const CONFLICT: Refusal = (409, "Rejected.StateModifiedFailed", "Keystate modified failed.");
const UNSUPPORTED: Refusal = (400, "Rejected.UnsupportedOperation", "Unsupported operation.");
const NO_VERSION: Refusal = (404, "Forbidden.KeyVersionNotFound", "The specified Key version is not found.");
const ORIGIN: Refusal = (400, "Unsupported.Origin", "This key origin is not valid for this api.");
const MATERIAL_INVALID: Refusal = (400, "InvalidKeyMaterial", "key material is invalid.");

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: Refusal) {
    world.refuses(&root(), Product::Kms, action, parameters, expected);
}

#[track_caller]
fn invalid(world: &World, action: &str, parameters: &[(&str, &str)], name: &str) {
    let message = format!("The specified parameter \"{name}\" is not valid.");
    world.refuses(&root(), Product::Kms, action, parameters, (400, "InvalidParameter", &message));
}

fn metadata(world: &World, key_id: &str) -> Value {
    world.kms("DescribeKey", &[("KeyId", key_id)])["KeyMetadata"].clone()
}

fn encrypt(world: &World, key_id: &str) -> String {
    text(&world.kms("Encrypt", &[("KeyId", key_id), ("Plaintext", "text")]), "CiphertextBlob")
}

fn decrypts(world: &World, blob: &str) -> bool {
    world.kms("Decrypt", &[("CiphertextBlob", blob)])["Plaintext"] == "text"
}

fn versions(world: &World, key_id: &str) -> Vec<String> {
    let listed = world.kms("ListKeyVersions", &[("KeyId", key_id), ("PageSize", "100")]);
    listed["KeyVersions"]["KeyVersion"].as_array().unwrap().iter().map(|item| text(item, "KeyVersionId")).collect()
}

#[test]
fn every_kind_of_key_is_made_with_the_usages_it_can_have() {
    let world = World::new();
    let (encrypt, sign) = ("ENCRYPT/DECRYPT", "SIGN/VERIFY");
    for (spec, default, other) in [
        ("Aliyun_AES_256", encrypt, None),
        ("Aliyun_AES_192", encrypt, None),
        ("Aliyun_AES_128", encrypt, None),
        ("Aliyun_SM4", encrypt, None),
        ("RSA_2048", sign, Some(encrypt)),
        ("RSA_3072", sign, Some(encrypt)),
        ("RSA_4096", sign, Some(encrypt)),
        ("EC_P256", sign, None),
        ("EC_P256K", sign, None),
        ("EC_SM2", sign, Some(encrypt)),
    ] {
        let spec = ("KeySpec", spec);
        let made = world.kms("CreateKey", &[spec])["KeyMetadata"].clone();
        assert_eq!((&made["KeySpec"], &made["KeyUsage"]), (&json!(spec.1), &json!(default)));
        assert_eq!(made.get("PrimaryKeyVersion").is_some(), spec.1.starts_with("Aliyun"), "{made}");
        assert_eq!(versions(&world, made["KeyId"].as_str().unwrap()).len(), 1);
        let not_default = if default == encrypt { sign } else { encrypt };
        match other {
            // RSA_4096 takes a second to make, and the answer would be no other.
            Some(_) if spec.1 == "RSA_4096" => {}
            Some(usage) => {
                assert_eq!(world.kms("CreateKey", &[spec, ("KeyUsage", usage)])["KeyMetadata"]["KeyUsage"], usage);
            }
            None => invalid(&world, "CreateKey", &[spec, ("KeyUsage", not_default)], "KeyUsage"),
        }
        let symmetric = spec.1.starts_with("Aliyun");
        if symmetric {
            assert!(decrypts(&world, &self::encrypt(&world, made["KeyId"].as_str().unwrap())));
        } else {
            let key = ("KeyId", made["KeyId"].as_str().unwrap());
            let unsupported = (400, "UnsupportedOperation", "This action is not supported.");
            refuses(&world, "Encrypt", &[key, ("Plaintext", "text")], unsupported);
            refuses(&world, "GenerateDataKey", &[key], unsupported);
        }
    }
    for spec in ["AES_256", "aliyun_aes_256", "RSA_1024", "EC_P384"] {
        invalid(&world, "CreateKey", &[("KeySpec", spec)], "KeySpec");
    }
}

#[test]
fn a_new_version_encrypts_and_every_older_one_decrypts() {
    let world = World::new();
    let key_id = world.customer_key();
    let key = ("KeyId", &*key_id);
    let mut blobs = vec![encrypt(&world, &key_id)];
    for _ in 0..3 {
        world.advance(1000);
        let version = text(&world.kms("CreateKeyVersion", &[key])["KeyVersion"], "KeyVersionId");
        assert_eq!(metadata(&world, &key_id)["PrimaryKeyVersion"], *version);
        let made = world.kms("Encrypt", &[key, ("Plaintext", "text")]);
        assert_eq!(made["KeyVersionId"], *version);
        blobs.push(text(&made, "CiphertextBlob"));
    }
    assert!(blobs.iter().all(|blob| decrypts(&world, blob)));
    let all = versions(&world, &key_id);
    assert_eq!(all.len(), 4);
    assert_eq!(metadata(&world, &key_id)["PrimaryKeyVersion"], all[0], "newest first");
    let page = world.kms("ListKeyVersions", &[key, ("PageSize", "3"), ("PageNumber", "2")]);
    assert_eq!(page["KeyVersions"]["KeyVersion"][0]["KeyVersionId"], all[3]);
    assert_eq!((&page["TotalCount"], &page["PageNumber"], &page["PageSize"]), (&json!(4), &json!(2), &json!(3)));
    let described = world.kms("DescribeKeyVersion", &[key, ("KeyVersionId", &all[3])]);
    assert_eq!(described["KeyVersion"]["CreationDate"], metadata(&world, &key_id)["CreationDate"]);
    for version in ["none", &versions(&world, &world.customer_key())[0]] {
        refuses(&world, "DescribeKeyVersion", &[key, ("KeyVersionId", version)], NO_VERSION);
    }
}

#[test]
fn an_asymmetric_key_gets_versions_without_a_primary_one() {
    let world = World::new();
    for spec in ["EC_SM2", "RSA_2048"] {
        let (key_id, first) = world.pair(spec, "SIGN/VERIFY");
        world.advance(1000);
        let made = world.kms("CreateKeyVersion", &[("KeyId", &key_id)]);
        let public = |version: &str| {
            text(&world.kms("GetPublicKey", &[("KeyId", &key_id), ("KeyVersionId", version)]), "PublicKey")
        };
        assert_ne!(public(&first), public(&text(&made["KeyVersion"], "KeyVersionId")));
        assert!(metadata(&world, &key_id).get("PrimaryKeyVersion").is_none());
    }
}

#[test]
fn a_key_is_rotated_when_its_interval_is_over_and_not_while_it_is_disabled() {
    let world = World::new();
    let key_id = world.key_with(&[("EnableAutomaticRotation", "true"), ("RotationInterval", "7d")]);
    let key = ("KeyId", &*key_id);
    let about = metadata(&world, &key_id);
    assert_eq!((&about["AutomaticRotation"], &about["RotationInterval"]), (&json!("Enabled"), &json!("604800s")));
    assert_eq!(about["NextRotationDate"], "2026-06-04T20:26:40Z");
    let blob = encrypt(&world, &key_id);
    world.advance(7 * DAY_MS - 1000);
    assert_eq!(versions(&world, &key_id).len(), 1);
    world.advance(1000);
    assert_eq!(versions(&world, &key_id).len(), 2);
    assert!(decrypts(&world, &blob));
    let about = metadata(&world, &key_id);
    assert_eq!(about["LastRotationDate"], "2026-06-04T20:26:40Z");
    assert_eq!(about["NextRotationDate"], "2026-06-11T20:26:40Z");
    world.kms("DisableKey", &[key]);
    assert_eq!(metadata(&world, &key_id)["AutomaticRotation"], "Suspended");
    world.advance(30 * DAY_MS);
    assert_eq!(versions(&world, &key_id).len(), 2);
    world.kms("EnableKey", &[key]);
    world.settle();
    assert_eq!(versions(&world, &key_id).len(), 3, "what was due is done at once");
    world.kms("UpdateRotationPolicy", &[key, ("EnableAutomaticRotation", "false")]);
    let about = metadata(&world, &key_id);
    assert_eq!(about["AutomaticRotation"], "Disabled");
    assert!(about.get("RotationInterval").is_none() && about.get("NextRotationDate").is_none());
    world.advance(1000 * DAY_MS);
    assert_eq!(versions(&world, &key_id).len(), 3);
    world.kms("UpdateRotationPolicy", &[key, ("EnableAutomaticRotation", "true"), ("RotationInterval", "605800s")]);
    world.settle();
    assert_eq!(versions(&world, &key_id).len(), 4, "it was long ago");
    assert_eq!(metadata(&world, &key_id)["RotationInterval"], "605800s");
    world.kms("ScheduleKeyDeletion", &[key, ("PendingWindowInDays", "30")]);
    world.advance(20 * DAY_MS);
    world.kms("CancelKeyDeletion", &[key]);
    world.settle();
    assert_eq!(versions(&world, &key_id).len(), 5);
}

#[test]
fn what_can_not_be_rotated_is_not() {
    let world = World::new();
    let on = [("EnableAutomaticRotation", "true"), ("RotationInterval", "7d")];
    let external = world.key_in_state("Enabled", true);
    let pair = world.pair("EC_P256", "SIGN/VERIFY").0;
    for key_id in [&external, &pair] {
        refuses(&world, "UpdateRotationPolicy", &[&[("KeyId", &**key_id)], &on[..]].concat(), UNSUPPORTED);
    }
    refuses(&world, "CreateKeyVersion", &[("KeyId", &external)], UNSUPPORTED);
    let key_id = world.customer_key();
    let (key, only_on) = (("KeyId", &*key_id), ("EnableAutomaticRotation", "true"));
    let message = "The parameter \"RotationInterval\" is needed but not provided.";
    refuses(&world, "UpdateRotationPolicy", &[key, only_on], (400, "MissingParameter", message));
    refuses(&world, "CreateKey", &[only_on], (400, "MissingParameter", message));
    for interval in ["6d", "731d", "7", "7w", "-7d"] {
        let parameters = [key, only_on, ("RotationInterval", interval)];
        invalid(&world, "UpdateRotationPolicy", &parameters, "RotationInterval");
    }
}

#[test]
fn a_protected_key_is_not_scheduled_for_deletion() {
    let world = World::new();
    let key_id = world.customer_key();
    let (key, description) = (("KeyId", &*key_id), ("DeletionProtectionDescription", "in use"));
    assert_eq!(metadata(&world, &key_id)["DeletionProtection"], "Disabled");
    world.kms("SetDeletionProtection", &[key, ("EnableDeletionProtection", "true"), description]);
    let about = metadata(&world, &key_id);
    assert_eq!(about["DeletionProtection"], "Enabled");
    assert_eq!(about["DeletionProtectionDescription"], "in use");
    refuses(&world, "ScheduleKeyDeletion", &[key, WEEK], CONFLICT);
    let arn = text(&about, "Arn");
    let parameters = [("ProtectedResourceArn", &*arn), ("EnableDeletionProtection", "false"), description];
    world.kms("SetDeletionProtection", &parameters);
    assert_eq!(metadata(&world, &key_id)["DeletionProtectionDescription"], "");
    world.kms("ScheduleKeyDeletion", &[key, WEEK]);
    let message = "The parameter \"ProtectedResourceArn\" is needed but not provided.";
    let missing = (400, "MissingParameter", message);
    let on = ("EnableDeletionProtection", "true");
    refuses(&world, "SetDeletionProtection", &[on], missing);
    let another = world.customer_key();
    for (key_id, arn) in [(&*another, &*arn), (&another, &key_id), (&another, "none"), (&*another, &arn[1..])] {
        let both = [on, ("KeyId", key_id), ("ProtectedResourceArn", arn)];
        invalid(&world, "SetDeletionProtection", &both, "ProtectedResourceArn");
    }
    world.kms(
        "SetDeletionProtection",
        &[on, ("KeyId", &another), ("ProtectedResourceArn", &arn.replace(&key_id, &another))],
    );
    assert_eq!(metadata(&world, &another)["DeletionProtection"], "Enabled");
}

#[test]
fn an_alias_moves_is_listed_with_its_key_and_goes() {
    let world = World::new();
    let (first, second) = (world.customer_key(), world.customer_key());
    let alias = ("AliasName", "alias/mine");
    let no_alias = (404, "Forbidden.AliasNotFound", "The specified Alias is not found.");
    refuses(&world, "UpdateAlias", &[alias, ("KeyId", &first)], no_alias);
    refuses(&world, "DeleteAlias", &[alias], no_alias);
    world.kms("CreateAlias", &[alias, ("KeyId", &first)]);
    world.kms("CreateAlias", &[("AliasName", "alias/other"), ("KeyId", &first)]);
    world.kms("UpdateAlias", &[alias, ("KeyId", &second)]);
    let names = |key_id: &str| {
        let listed = world.kms("ListAliasesByKeyId", &[("KeyId", key_id)]);
        let items = listed["Aliases"]["Alias"].as_array().unwrap().clone();
        assert_eq!(listed["TotalCount"], items.len());
        items.iter().map(|item| text(item, "AliasName")).collect::<Vec<_>>()
    };
    assert_eq!((names(&first), names(&second)), (vec!["alias/other".to_owned()], vec!["alias/mine".to_owned()]));
    assert_eq!(world.kms("DescribeKey", &[("KeyId", "alias/mine")])["KeyMetadata"]["KeyId"], *second);
    world.kms("DeleteAlias", &[alias]);
    assert!(names(&second).is_empty());
    invalid(&world, "DeleteAlias", &[("AliasName", "alias/acs/ecs")], "AliasName");
    let not_allowed = (400, "Unsupported.Alias", "Alias is not valid for this api.");
    refuses(&world, "ListAliasesByKeyId", &[("KeyId", "alias/other")], not_allowed);
}

#[test]
fn tags_are_set_replaced_taken_away_and_found() {
    let world = World::new();
    let first = world.key_with(&[("Tags", r#"[{"TagKey":"team","TagValue":"a"}]"#)]);
    let second = world.customer_key();
    let tags = |key_id: &str| {
        let listed = world.kms("ListResourceTags", &[("KeyId", key_id)])["Tags"]["Tag"].clone();
        let pair = |tag: &Value| (text(tag, "TagKey"), text(tag, "TagValue"));
        listed.as_array().unwrap().iter().map(pair).collect::<Vec<_>>()
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(tags(&first), [pair("team", "a")]);
    world.kms("TagResource", &[("KeyId", &first), ("Tags", r#"[{"TagKey":"team","TagValue":"b"},{"TagKey":"x"}]"#)]);
    assert_eq!(tags(&first), [pair("team", "b"), pair("x", "")]);
    let both =
        [("RegionId", "cn-hangzhou"), ("ResourceType", "key"), ("ResourceId.1", &*first), ("ResourceId.2", &second)];
    world.kms("TagResources", &[&both[..], &[("Tag.1.Key", "stage"), ("Tag.1.Value", "test")]].concat());
    assert_eq!(tags(&second), [pair("stage", "test")]);
    let found = |more: &[(&str, &str)]| {
        let listed = world.kms("ListTagResources", &[&both[..2], more].concat());
        assert_eq!(listed["NextToken"], "");
        let items = listed["TagResources"]["TagResource"].as_array().unwrap().clone();
        items.iter().map(|item| (text(item, "ResourceId"), text(item, "TagKey"))).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]).len(), 4);
    assert_eq!(found(&[("Tag.1.Key", "team"), ("Tag.1.Value", "b")]).len(), 3);
    assert_eq!(found(&[("Tag.1.Key", "team"), ("Tag.1.Value", "a")]).len(), 0);
    assert_eq!(found(&[("ResourceId.1", &second)]), [pair(&second, "stage")]);
    assert_eq!(found(&[("ResourceId.1", "none")]), []);
    world.kms("UntagResource", &[("KeyId", &first), ("TagKeys", r#"["team","none"]"#)]);
    world.kms("UntagResource", &[("KeyId", &second), ("TagKeys", "stage")]);
    assert_eq!((tags(&first).len(), tags(&second).len()), (2, 0));
    world.kms("UntagResources", &[&both[..], &[("TagKey.1", "x"), ("All", "true")]].concat());
    assert_eq!(tags(&first), [pair("stage", "test")], "All counts only where no keys are given");
    world.kms("UntagResources", &[&both[..], &[("All", "true")]].concat());
    assert!(tags(&first).is_empty());
}

#[test]
fn tags_that_can_not_be_are_refused() {
    let world = World::new();
    let key_id = world.customer_key();
    let key = ("KeyId", &*key_id);
    for tags in [r#"[{"TagKey":"acs:x"}]"#, r#"[{"TagKey":"a b"}]"#, "{}", "x"] {
        invalid(&world, "TagResource", &[key, ("Tags", tags)], "Tags");
        invalid(&world, "CreateKey", &[("Tags", tags)], "Tags");
    }
    let many: Vec<String> = (0..20).map(|n| format!(r#"{{"TagKey":"k{n}"}}"#)).collect();
    world.kms("TagResource", &[key, ("Tags", &format!("[{}]", many.join(",")))]);
    let limit = "The request was rejected because user create resource limit was exceeded.";
    let one_more = [key, ("Tags", r#"[{"TagKey":"one-more"}]"#)];
    refuses(&world, "TagResource", &one_more, (400, "Rejected.LimitExceeded", limit));
    world.kms("TagResource", &[key, ("Tags", r#"[{"TagKey":"k1","TagValue":"again"}]"#)]);
    let missing = (400, "MissingParameter", "The parameter \"KeyId\" is needed but not provided.");
    refuses(&world, "TagResource", &[("Tags", "[]")], missing);
    invalid(&world, "TagResource", &[key, ("SecretName", "s"), ("Tags", "[]")], "SecretName");
    let not_found = (404, "Forbidden.ResourceNotFound", "Resource not found");
    refuses(&world, "TagResource", &[("SecretName", "none"), ("Tags", "[]")], not_found);
    let of = [("RegionId", "cn-hangzhou"), ("ResourceType", "disk"), ("ResourceId.1", &*key_id)];
    invalid(&world, "UntagResources", &of, "ResourceType");
}

#[test]
fn a_listing_of_tags_goes_on_where_it_stopped() {
    let world = World::new();
    let tags: Vec<String> = (0..20).map(|n| format!(r#"{{"TagKey":"k{n}"}}"#)).collect();
    let tags = format!("[{}]", tags.join(","));
    for _ in 0..21 {
        world.key_with(&[("Tags", &tags)]);
    }
    let of = [("RegionId", "cn-hangzhou"), ("ResourceType", "key")];
    let (mut seen, mut token, mut pages) = (std::collections::BTreeSet::new(), String::new(), 0);
    loop {
        let page = world.kms("ListTagResources", &[&of[..], &[("NextToken", &*token)]].concat());
        let items = page["TagResources"]["TagResource"].as_array().unwrap();
        assert!(items.len() <= 200);
        for item in items {
            assert!(seen.insert((text(item, "ResourceId"), text(item, "TagKey"))));
        }
        pages += 1;
        token = text(&page, "NextToken");
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (21 * 20, 3));
    invalid(&world, "ListTagResources", &[&of[..], &[("NextToken", "made-up")]].concat(), "NextToken");
}

#[test]
fn material_is_imported_by_every_wrapping_and_used() {
    let world = World::new();
    for algorithm in ["RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"] {
        let key_id = world.key_with(&[("Origin", "EXTERNAL")]);
        assert_eq!(metadata(&world, &key_id)["KeyState"], "PendingImport");
        let (material, token) = world.wrapped(&key_id, algorithm, &MATERIAL);
        let parameters = [
            ("KeyId", &*key_id),
            ("EncryptedKeyMaterial", &material),
            ("ImportToken", &token),
            ("KeyMaterialExpireUnix", "0"),
        ];
        world.kms("ImportKeyMaterial", &parameters);
        assert_eq!(metadata(&world, &key_id)["KeyState"], "Enabled");
        assert!(decrypts(&world, &encrypt(&world, &key_id)), "{algorithm}");
    }
    let key_id = world.key_with(&[("Origin", "EXTERNAL"), ("KeySpec", "Aliyun_SM4")]);
    world.import(&key_id, &MATERIAL[..16], "0");
    assert!(decrypts(&world, &encrypt(&world, &key_id)));
}

#[test]
fn only_the_same_material_comes_back_and_opens_what_it_made() {
    let world = World::new();
    let key_id = world.key_in_state("Enabled", true);
    let key = ("KeyId", &*key_id);
    let blob = encrypt(&world, &key_id);
    world.kms("DeleteKeyMaterial", &[key]);
    let (other, token) = world.wrapped(&key_id, "SM2PKE", &[8; 32]);
    let parameters = [key, ("EncryptedKeyMaterial", &*other), ("ImportToken", &token), ("KeyMaterialExpireUnix", "0")];
    refuses(&world, "ImportKeyMaterial", &parameters, MATERIAL_INVALID);
    world.import(&key_id, &MATERIAL, "0");
    assert!(decrypts(&world, &blob));
}

#[test]
fn material_that_expires_is_gone_then() {
    let world = World::new();
    let key_id = world.key_with(&[("Origin", "EXTERNAL")]);
    let in_an_hour = (NOW_MS / 1000 + 3600).to_string();
    world.import(&key_id, &MATERIAL, &in_an_hour);
    assert_eq!(metadata(&world, &key_id)["MaterialExpireTime"], "2026-05-28T21:26:40Z");
    let blob = encrypt(&world, &key_id);
    // Whether or not the job has run yet.
    world.clock.advance_ms(3_600_000);
    let message = "The request was rejected because the key state is PendingImport.";
    refuses(&world, "Decrypt", &[("CiphertextBlob", &blob)], (409, "Rejected.PendingImport", message));
    world.settle();
    let about = metadata(&world, &key_id);
    assert_eq!((&about["KeyState"], &about["MaterialExpireTime"]), (&json!("PendingImport"), &json!("")));
    world.import(&key_id, &MATERIAL, &in_an_hour_from(&world));
    world.import(&key_id, &MATERIAL, "0");
    world.advance(2 * 3_600_000);
    assert!(decrypts(&world, &blob), "the later import does not expire");
    let (material, token) = world.wrapped(&key_id, "SM2PKE", &MATERIAL);
    let import = [("KeyId", &*key_id), ("EncryptedKeyMaterial", &material), ("ImportToken", &token)];
    let moment = in_an_hour_from(&world);
    for never in [&[][..], &[("KeyMaterialExpireUnix", "")], &[("KeyMaterialExpireUnix", "0")]] {
        for (expires, shown) in [(&[("KeyMaterialExpireUnix", &*moment)][..], false), (never, true)] {
            world.kms("ImportKeyMaterial", &[&import, expires].concat());
            assert_eq!(metadata(&world, &key_id)["MaterialExpireTime"] == "", shown, "{never:?}");
        }
    }
}

fn in_an_hour_from(world: &World) -> String {
    (world.clock.now().unix_ms() / 1000 + 3600).to_string()
}

#[test]
fn material_tokens_and_keys_that_do_not_belong_together_are_refused() {
    let world = World::new();
    let (first, second) = (world.key_with(&[("Origin", "EXTERNAL")]), world.key_with(&[("Origin", "EXTERNAL")]));
    let (material, token) = world.wrapped(&first, "SM2PKE", &MATERIAL);
    let import = |key_id: &str, material: &str, token: &str, expires: &str| {
        [
            ("KeyId", key_id),
            ("EncryptedKeyMaterial", material),
            ("ImportToken", token),
            ("KeyMaterialExpireUnix", expires),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let refused = |parameters: [(String, String); 4], expected| {
        world.refuses_request(world.request(&root(), Product::Kms, "ImportKeyMaterial", &parameters), expected);
    };
    let token_invalid = (400, "InvalidImportToken", "import token is invalid.");
    refused(import(&second, &material, &token, "0"), token_invalid);
    refused(import(&first, &material, "x", "0"), token_invalid);
    refused(import(&first, &material, &token[..token.len() - 4], "0"), token_invalid);
    let another = world.wrapped(&first, "SM2PKE", &MATERIAL).1;
    for wrapped in ["x", "eA==", &material[4..]] {
        refused(import(&first, wrapped, &token, "0"), MATERIAL_INVALID);
    }
    refused(import(&first, &material, &another, "0"), MATERIAL_INVALID);
    let short = world.wrapped(&first, "SM2PKE", &MATERIAL[..31]);
    refused(import(&first, &short.0, &short.1, "0"), MATERIAL_INVALID);
    let expiry = (400, "InvalidParameter", "The specified parameter \"KeyMaterialExpireUnix\" is not valid.");
    for moment in [&(NOW_MS / 1000).to_string(), "-1", "1", "253402300800"] {
        refused(import(&first, &material, &token, moment), expiry);
    }
    world.advance(DAY_MS);
    refused(import(&first, &material, &token, "0"), (400, "ExpiredImportToken", "import token is expired."));
    let own = world.customer_key();
    for (action, more) in [
        ("GetParametersForImport", &[("WrappingAlgorithm", "SM2PKE"), ("WrappingKeySpec", "EC_SM2")][..]),
        ("DeleteKeyMaterial", &[]),
    ] {
        refuses(&world, action, &[&[("KeyId", &*own)], more].concat(), ORIGIN);
    }
    refused(import(&own, &material, &token, "0"), ORIGIN);
    for (algorithm, spec) in [("SM2PKE", "RSA_2048"), ("RSAES_OAEP_SHA_1", "EC_SM2"), ("RSAES_PKCS1_V1_5", "EC_SM2")] {
        let parameters = [("KeyId", &*first), ("WrappingAlgorithm", algorithm), ("WrappingKeySpec", spec)];
        invalid(&world, "GetParametersForImport", &parameters, "WrappingAlgorithm");
    }
}

#[test]
fn a_service_key_is_not_changed_by_any_of_this() {
    let world = World::new();
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", "cn-hangzhou")]);
    let key_id = world.service_key_in("cn-hangzhou");
    let key = ("KeyId", &*key_id);
    for (action, more) in [
        ("UpdateKeyDescription", &[("Description", "mine")][..]),
        ("CreateKeyVersion", &[]),
        ("UpdateRotationPolicy", &[("EnableAutomaticRotation", "false")]),
        ("SetDeletionProtection", &[("EnableDeletionProtection", "true")]),
        ("TagResource", &[("Tags", r#"[{"TagKey":"k"}]"#)]),
        ("UntagResource", &[("TagKeys", "k")]),
        ("DeleteKeyMaterial", &[]),
        ("GetParametersForImport", &[("WrappingAlgorithm", "SM2PKE"), ("WrappingKeySpec", "EC_SM2")]),
        ("GetPublicKey", &[("KeyVersionId", "x")]),
    ] {
        refuses(&world, action, &[&[key], more].concat(), UNSUPPORTED);
    }
    let no_policy = "The specified key does not support key policy.";
    let unsupported = (400, "Forbidden.KeyPolicyUnSupported", no_policy);
    refuses(&world, "GetKeyPolicy", &[key], unsupported);
    refuses(&world, "SetKeyPolicy", &[key, ("Policy", &world.key_policy())], unsupported);
}

#[test]
fn nobody_makes_costly_keys_without_permission() {
    let world = World::new();
    let nobody = world.user("nobody", None);
    let (status, body) = world.call(&nobody, Product::Kms, "CreateKey", &[("KeySpec", "RSA_4096")]);
    assert_eq!((status, body["Code"].as_str()), (403, Some("Forbidden.NoPermission")));
    let everything = world.user("everything", Some(ALLOW_ALL));
    world.succeed(&everything, Product::Kms, "CreateKey", &[("KeySpec", "RSA_2048")]);
}

#[test]
fn a_keys_description_becomes_another_or_empty() {
    let world = World::new();
    let key_id = world.key_with(&[("Description", "of the shop")]);
    let key = ("KeyId", &*key_id);
    for description in ["of all", ""] {
        world.kms("UpdateKeyDescription", &[key, ("Description", description)]);
        assert_eq!(world.kms("DescribeKey", &[key])["KeyMetadata"]["Description"], description);
    }
    let missing = (400, "MissingParameter", "The parameter \"Description\" is needed but not provided.");
    world.refuses(&root(), Product::Kms, "UpdateKeyDescription", &[key], missing);
}
