//! What is refused before any operation runs: requests that name nothing, whose credential, signature or time is no good, whose body
//! does not fit, and writes that the server has no room for.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::mpsc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::limits;
use coffer_cloud::{Incoming, Method, Product};
use coffer_crypto::{digest, mac};
use coffer_store::StoreError;
use serde_json::Value;
use support::files::Files;
use support::{ALLOW_ALL, Key, World, encode, other, root, text};

const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const EXPIRED: (u16, &str, &str) = (400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");

/// A write that would succeed, signed by the first account.
fn good(world: &World) -> Incoming {
    world.request(
        &root(),
        Product::Ecs,
        "EnableDiskEncryptionByDefault",
        &support::owned(&[("RegionId", "cn-hangzhou")]),
    )
}

/// The same with a header of another value, or one more.
fn with(world: &World, name: &str, value: &str) -> Incoming {
    let mut incoming = good(world);
    incoming.headers.retain(|(known, _)| known != name);
    incoming.headers.push((name.to_owned(), value.to_owned()));
    incoming
}

#[test]
fn what_names_no_product_version_or_action_is_refused() {
    let world = World::new();
    let no_action = (400, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.");
    world.refuses_request(with(&world, "x-acs-action", "EnableDiskEncryption"), no_action);
    let no_version = (400, "InvalidVersion", "Specified parameter Version is not valid.");
    world.refuses_request(with(&world, "x-acs-version", "2014-05-27"), no_version);
    for (host, path, expected) in [
        ("localhost", "/kms/", no_version),
        ("kms.example.com", "/", no_version),
        (
            "localhost",
            "/nas/",
            (400, "InvalidProduct.NotFound", "Cannot find product according to your specified domain."),
        ),
    ] {
        world.refuses_request(Incoming { path: path.to_owned(), ..with(&world, "host", host) }, expected);
    }
}

/// The request signed anew by the first account, with that host, under a signature that covers it or does not.
fn for_host(request: Incoming, host: &str, is_covered: bool) -> Incoming {
    let mut headers = request.headers;
    headers.retain(|(name, _)| name != "authorization");
    host.clone_into(&mut headers.iter_mut().find(|(name, _)| name == "host").unwrap().1);
    let covered: Vec<_> = headers.iter().filter(|(name, _)| is_covered || name != "host").collect();
    let lines = covered.iter().map(|(name, value)| format!("{name}:{value}\n")).collect::<Vec<_>>().concat();
    let signed = covered.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let hash = |text: &str| digest::hex(&digest::sha256(text.as_bytes()));
    let canonical = format!("POST\n/\n{}\n{lines}\n{signed}\n{}", request.query, hash(""));
    let text = format!("ACS3-HMAC-SHA256\n{}", hash(&canonical));
    let signature = digest::hex(&mac::hmac_sha256(root().1.as_bytes(), text.as_bytes()));
    let authorization =
        format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={signed},Signature={signature}", root().0);
    headers.push(("authorization".to_owned(), authorization));
    Incoming { headers, ..request }
}

#[test]
fn a_host_that_the_signature_could_cover_and_does_not_says_neither_region_nor_product() {
    let world = World::new();
    let create = |parameters: &[(&str, &str)], host, is_covered| {
        let request = world.request(&root(), Product::Kms, "CreateKey", &support::owned(parameters));
        world.send(for_host(request, host, is_covered))
    };
    let region_of = |(status, body): (u16, Value)| {
        assert_eq!(status, 200, "{body}");
        text(&body["KeyMetadata"], "Arn").split(':').nth(2).unwrap().to_owned()
    };
    let host = "kms.cn-shanghai.example.com";
    assert_eq!(region_of(create(&[], host, true)), "cn-shanghai");
    assert_eq!(region_of(create(&[], host, false)), "cn-hangzhou", "the server's own");
    assert_eq!(region_of(create(&[("RegionId", "cn-beijing")], host, false)), "cn-beijing");
    assert_eq!(create(&[], "ecs.example.com", true).0, 400, "it is no action of ECS");
    assert_eq!(region_of(create(&[], "ecs.example.com", false)), "cn-hangzhou");

    let mut twice = for_host(world.request(&root(), Product::Kms, "CreateKey", &[]), "a,kms.cn-shanghai.b", true);
    twice.headers.retain(|(name, _)| name != "host");
    twice.headers.push(("host".to_owned(), "kms.cn-shanghai.b".to_owned()));
    twice.headers.push(("host".to_owned(), "a".to_owned()));
    let incomplete = (400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.");
    world.refuses_request(twice, incomplete);
}

#[test]
fn a_key_that_was_disabled_signs_nothing_until_it_is_enabled() {
    let world = World::new();
    let key = world.user("user", Some(ALLOW_ALL));
    let status = |status| {
        let parameters = [("UserName", "user"), ("UserAccessKeyId", &*key.0), ("Status", status)];
        world.root(Product::Ram, "UpdateAccessKey", &parameters);
    };
    let parameters = [("RegionId", "cn-hangzhou")];
    status("Inactive");
    let expected = (400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.");
    world.refuses(&key, Product::Ecs, "EnableDiskEncryptionByDefault", &parameters, expected);
    status("Active");
    world.succeed(&key, Product::Ecs, "EnableDiskEncryptionByDefault", &parameters);
}

#[test]
fn another_secret_is_answered_with_what_was_to_be_signed() {
    let world = World::new();
    let mut incoming = good(&world);
    let key = (root().0, other().1);
    let forged = world.request(&key, Product::Ecs, "EnableDiskEncryptionByDefault", &[]);
    let before = world.state();
    let (status, body) = world.send(forged);
    assert_eq!((status, &*text(&body, "Code")), (400, "SignatureDoesNotMatch"));
    let message = text(&body, "Message");
    let shown = message
        .strip_prefix("Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n")
        .unwrap_or_else(|| panic!("{message}"));
    let (hash, canonical) = shown.split_once("] server CanonicalRequest is [").unwrap();
    let canonical = canonical.strip_suffix(']').unwrap();
    assert!(
        canonical.starts_with("POST\n/\n\nhost:localhost\nx-acs-action:EnableDiskEncryptionByDefault\n"),
        "{canonical}"
    );
    assert_eq!(hash, digest::hex(&digest::sha256(canonical.as_bytes())));

    // V1 has everything in its parameters.
    incoming.headers.retain(|(name, _)| name == "host");
    incoming.method = Method::Get;
    let date = encode(&world.clock.now().to_iso8601());
    let signed = format!(
        "AccessKeyId={}&Action=EnableDiskEncryptionByDefault&Format=json&RegionId=cn-hangzhou&SignatureMethod=HMAC-SHA1\
         &SignatureNonce=1&SignatureVersion=1.0&Timestamp={date}&Version=2014-05-26",
        root().0
    );
    incoming.query = format!("{signed}&Signature=AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D");
    let message = format!(
        "Specified signature is not matched with our calculation. server string to sign is:GET&%2F&{}",
        encode(&signed)
    );
    world.refuses_request(incoming, (400, "SignatureDoesNotMatch", &message));
    assert!(before == world.state());
}

#[test]
fn an_authorization_that_is_malformed_or_of_no_known_kind_is_refused() {
    let world = World::new();
    let incomplete = (400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.");
    let unknown = (400, "InvalidSignatureMethod", "Specified signature method is not supported.");
    for (value, expected) in [
        ("ACS3-HMAC-SHA256 Credential=x", incomplete),
        ("ACS3-HMAC-SHA256", incomplete),
        ("ACS3-HMAC-MD5 Credential=x,SignedHeaders=host,Signature=00", unknown),
        ("ACS2 x", unknown),
        ("Bearer x", unknown),
    ] {
        world.refuses_request(with(&world, "authorization", value), expected);
    }
}

#[test]
fn a_time_that_can_not_be_read_or_is_long_past_or_far_ahead_is_refused() {
    const EXPIRED: (u16, &str, &str) =
        (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.");
    let world = World::new();
    let format = (400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.");
    world.refuses_request(with(&world, "x-acs-date", "yesterday"), format);
    let old = good(&world);
    world.clock.advance_ms(limits::TIMESTAMP_WINDOW_MS + 1000);
    world.refuses_request(old, EXPIRED);
    let ahead = good(&world);
    world.clock.advance_ms(-limits::TIMESTAMP_WINDOW_MS - 1000);
    world.refuses_request(ahead, EXPIRED);
    assert_eq!(world.send(good(&world)).0, 200);
}

/// A session of a role that may do everything: key and token.
fn session(world: &World, caller: &Key) -> (Key, String) {
    let arn = format!("acs:ram::{}:role/worker", world.account);
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "session"), ("DurationSeconds", "900")];
    let credentials = world.succeed(caller, Product::Sts, "AssumeRole", &parameters)["Credentials"].clone();
    let member = |name| text(&credentials, name);
    ((member("AccessKeyId"), member("AccessKeySecret")), member("SecurityToken"))
}

#[test]
fn the_token_of_a_session_is_whole_its_own_and_ends_with_time_and_with_the_role() {
    let world = World::new();
    let caller = world.user("user", Some(ALLOW_ALL));
    let role = ("RoleName", "worker");
    world.root(Product::Ram, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]);
    let ((key, token), (_, another)) = (session(&world, &caller), session(&world, &caller));
    let call = |token: &str| world.session_request(&key, token, Product::Sts, "GetCallerIdentity", &[]);
    let refuses = |token: &str, expected| world.refuses_request(call(token), expected);
    assert_eq!(world.send(call(&token)).0, 200);

    refuses("", (400, "MissingSecurityToken", "SecurityToken is mandatory for this action."));
    let malformed = (400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.");
    for token in ["x", &token[1..], &token[..token.len() - 1]] {
        refuses(token, malformed);
    }
    let mismatch = "Specified SecurityToken mismatch with the AccessKey.";
    refuses(&another, (400, "InvalidSecurityToken.MismatchWithAccessKey", mismatch));

    world.clock.advance_ms(900_000 - 1);
    assert_eq!(world.send(call(&token)).0, 200);
    world.clock.advance_ms(1);
    refuses(&token, EXPIRED);
    let (key, token) = session(&world, &caller);
    let call = || world.session_request(&key, &token, Product::Sts, "GetCallerIdentity", &[]);
    assert_eq!(world.send(call()).0, 200);
    world.root(Product::Ram, "DeleteRole", &[role]);
    world.refuses_request(call(), EXPIRED);
    world.root(Product::Ram, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]);
    world.refuses_request(call(), EXPIRED);
}

#[test]
fn a_body_of_another_type_or_digest_is_refused() {
    let world = World::new();
    let body = |name, value| Incoming { body: b"a=b".to_vec(), ..with(&world, name, value) };
    let message = "The ContentType request header must be either \"application/json\" or \
                   \"application/x-www-form-urlencoded\".";
    world.refuses_request(body("content-type", "text/plain"), (400, "InvalidParameter.ContentType", message));
    let digest = (400, "ContentMD5NotMatched", "Specified content md5 is not matched with your request body.");
    world.refuses_request(body("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="), digest);
}

#[test]
fn a_write_that_finds_the_queue_full_is_told_to_come_back_and_reads_go_on() {
    let world = Files::new("full-queue");
    let (tell, told) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let busy = world.db.write(move |_| -> Result<(), StoreError> {
        tell.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    });
    told.recv().unwrap();
    // The writer is at work and takes nothing up.
    let waiting: Vec<_> = (0..limits::WRITE_QUEUE).map(|_| world.db.write(|_| Ok::<_, StoreError>(()))).collect();
    let unavailable = (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.");
    world.refuses_request(good(&world), unavailable);
    let read = world.request(&root(), Product::Ecs, "DescribeRegions", &[]);
    assert_eq!(world.send(read).0, 200);
    release.send(()).unwrap();
    busy.wait().unwrap();
    for write in waiting {
        write.wait().unwrap();
    }
    assert_eq!(world.send(good(&world)).1["Code"], Value::Null);
}

#[test]
fn a_source_that_guesses_is_made_to_wait_a_minute_where_that_is_set() {
    let region = coffer_base::Region::parse(support::REGION).unwrap();
    let world = World::with(coffer_cloud::Settings { most_failures: Some(3), ..coffer_cloud::Settings::new(region) });
    let wrong = (support::ROOT.0.to_owned(), "guess".to_owned());
    let unknown = ("LTAInobody".to_owned(), "guess".to_owned());
    let call = |key: &support::Key| support::text(&world.call(key, Product::Ram, "ListUsers", &[]).1, "Code");
    let good = || world.call(&support::root(), Product::Ram, "ListUsers", &[]).0;
    assert_eq!((call(&wrong), call(&unknown)), ("SignatureDoesNotMatch".into(), "InvalidAccessKeyId.NotFound".into()));
    assert_eq!(good(), 200);
    call(&wrong);
    assert_eq!((call(&wrong), call(&support::root())), ("Throttling".to_owned(), "Throttling".to_owned()));
    world.advance(1000);
    let told = world.answer(world.request(&support::root(), Product::Ram, "ListUsers", &[]));
    assert_eq!(told.retry_after_ms, Some(59_000));
    // Another source is not held up, and this one not for ever.
    let mut elsewhere = world.request(&support::root(), Product::Ram, "ListUsers", &[]);
    elsewhere.peer = std::net::Ipv4Addr::new(192, 0, 2, 1).into();
    assert_eq!(world.send(elsewhere).0, 200);
    world.advance(59_000);
    assert_eq!(good(), 200);
}

/// A KMS request signed by V1, without a nonce.
fn by_v1(world: &World, action: &str) -> Incoming {
    let timestamp = encode(&world.clock.now().to_iso8601());
    let query = format!(
        "AccessKeyId={}&Action={action}&Format=JSON&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Timestamp={timestamp}&Version={}",
        support::ROOT.0,
        Product::Kms.version()
    );
    let to_sign = format!("GET&%2F&{}", encode(&query));
    let signature = mac::hmac_sha1(format!("{}&", support::ROOT.1).as_bytes(), to_sign.as_bytes());
    let query = format!("{query}&Signature={}", encode(&STANDARD.encode(signature)));
    Incoming {
        method: Method::Get,
        path: "/".to_owned(),
        query,
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        body: Vec::new(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        tls: false,
    }
}

#[test]
fn a_write_without_a_nonce_is_done_once_and_equal_reads_and_uses_are_not_told_apart() {
    let world = World::new();
    let key_id = world.customer_key();
    let keys = || world.root(Product::Kms, "ListKeys", &[])["TotalCount"].as_i64().unwrap();
    let by_v3 = |product, action: &str, parameters: &[(&str, &str)]| {
        world.nonce_request(&root(), "", "", product, action, &support::owned(parameters))
    };
    let create = || by_v3(Product::Kms, "CreateKey", &[]);
    for sent in [create(), by_v1(&world, "CreateKey")] {
        let before = keys();
        assert_eq!(world.send(sent.clone()).0, 200);
        let (status, body) = world.send(sent);
        assert_eq!((status, text(&body, "Code")), (400, "SignatureNonceUsed".to_owned()));
        assert_eq!(keys(), before + 1);
    }
    for sent in [
        by_v3(Product::Kms, "ListKeys", &[]),
        by_v1(&world, "ListKeys"),
        by_v3(Product::Kms, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "aGk=")]),
    ] {
        assert_eq!([world.send(sent.clone()).0, world.send(sent).0], [200, 200]);
    }
    let old = create();
    world.advance(1000);
    assert_eq!(world.send(create()).0, 200, "signed in another second");
    assert_eq!(text(&world.send(old).1, "Code"), "SignatureNonceUsed");
}
