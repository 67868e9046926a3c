//! What claims are read, what is refused with which error, and what is tolerated.

use base64::Engine as _;
use coffer_base::{ApiError, ErrorCode, Secret, Timestamp, limits};
use coffer_crypto::digest::{self, hex};
use coffer_crypto::mac;

use super::super::{BASE64, Coverage, Hash, Scheme, V1Mac, v1, v3};
use super::{incoming, read, verify};
use crate::parameters::Parameters;
use crate::{Incoming, Method};

const V1_SYSTEM: &str = "Action=DescribeDisks&Version=2014-05-26&AccessKeyId=id&SignatureMethod=HMAC-SHA1&\
    SignatureVersion=1.0&SignatureNonce=n&Timestamp=2026-01-02T03:04:05Z";
const FORM: &str = "application/x-www-form-urlencoded";

fn secret() -> Secret<String> {
    Secret::new("secret".to_owned())
}

fn refusal(request: &Incoming) -> String {
    read(request).unwrap_err().code_text().into_owned()
}

/// The V1 string to sign, in one of its forms, signed and the signature appended to the query.
fn signed_v1(request: Incoming, form: v1::Form) -> Incoming {
    let parameters = Parameters::parse(&request).unwrap();
    let string = v1::string_to_sign(&request, &parameters, form);
    let signature = match parameters.get("SignatureMethod") {
        Some("HMAC-SHA256") => BASE64.encode(mac::hmac_sha256(b"secret&", &string)),
        _ => BASE64.encode(mac::hmac_sha1(b"secret&", &string)),
    };
    let encoded = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    Incoming { query: format!("{}&Signature={encoded}", request.query), ..request }
}

/// A V3 request with these headers on top of the usual ones, not yet signed.
fn v3_request(query: &str, headers: &[(&str, &str)], body: &str) -> Incoming {
    let hash = hex(&digest::sha256(body.as_bytes()));
    let usual = [
        ("host", "ecs.example"),
        ("x-acs-action", "DescribeDisks"),
        ("x-acs-version", "2014-05-26"),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-content-sha256", hash.as_str()),
    ];
    let given = |name: &str| headers.iter().any(|(n, _)| *n == name);
    let headers = usual.iter().filter(|(name, _)| !given(name)).chain(headers);
    Incoming {
        method: Method::Post,
        headers: headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        ..incoming(query)
    }
}

/// Signs with key `secret` over the listed headers and the hash that the content header names.
fn signed_v3(request: Incoming, signed_headers: &str, names: v3::Names) -> Incoming {
    let hash = request.header("x-acs-content-sha256").unwrap_or_default().to_owned();
    signed_v3_over(&hash, request, signed_headers, names)
}

fn signed_v3_over(hash: &str, mut request: Incoming, signed_headers: &str, names: v3::Names) -> Incoming {
    let fields = |signature: &str| format!("Credential=id,SignedHeaders={signed_headers},Signature={signature}");
    let unsigned = v3::Authorization::parse("ACS3-HMAC-SHA256", Hash::Sha256, "x-acs-content-sha256", &fields("?"));
    let parameters = Parameters::parse(&request).unwrap();
    let unsigned = unsigned.unwrap();
    let canonical = unsigned.canonical_request(&request, &parameters, hash, names);
    let signature = hex(&mac::hmac_sha256(b"secret", unsigned.string_to_sign(&canonical).as_bytes()));
    request.headers.push(("authorization".to_owned(), format!("ACS3-HMAC-SHA256 {}", fields(&signature))));
    request
}

const REQUIRED: &str = "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-version";

// ---- Claims ----

#[test]
fn a_v1_claim_says_what_its_parameters_say() {
    let (claim, _) = read(&incoming(&format!("{V1_SYSTEM}&SecurityToken=t&Signature=s"))).unwrap();
    assert_eq!(claim.scheme, Scheme::V1(V1Mac::HmacSha1));
    assert_eq!((claim.action.as_str(), claim.version.as_str()), ("DescribeDisks", "2014-05-26"));
    assert_eq!(claim.access_key_id.as_deref(), Some("id"));
    assert_eq!(claim.security_token.as_deref(), Some("t"));
    assert_eq!(claim.timestamp, Timestamp::parse_iso8601("2026-01-02T03:04:05Z"));
    assert_eq!(claim.nonce.as_deref(), Some("n"));
    assert!(!format!("{claim:?}").contains("token"));
}

#[test]
fn v1_goes_by_its_parameters_even_when_headers_name_another_operation() {
    let mut request = incoming(&format!("{V1_SYSTEM}&Signature=s"));
    request.headers.push(("x-acs-action".to_owned(), "DeleteDisk".to_owned()));
    assert_eq!(read(&request).unwrap().0.action, "DescribeDisks");
}

#[test]
fn an_empty_nonce_is_a_value_and_an_absent_one_is_tolerated_where_it_is_documented() {
    let empty = V1_SYSTEM.replace("SignatureNonce=n", "SignatureNonce=");
    assert_eq!(read(&incoming(&format!("{empty}&Signature=s"))).unwrap().0.nonce.as_deref(), Some(""));

    let absent = format!("{}&Signature=s", V1_SYSTEM.replace("SignatureNonce=n&", ""));
    assert_eq!(refusal(&incoming(&absent)), "MissingSignatureNonce");
    let kms = absent.replace("2014-05-26", "2016-01-20");
    assert_eq!(read(&incoming(&kms)).unwrap().0.nonce, None);

    let v3 = signed_v3(v3_request("", &[], ""), REQUIRED, v3::Names::Encoded);
    assert_eq!(read(&v3).unwrap().0.nonce, None);
    assert_eq!(verify(&v3, &secret()).unwrap(), Coverage::Everything);
}

#[test]
fn an_over_long_nonce_is_refused_in_either_place() {
    let nonce = "n".repeat(limits::NONCE_BYTES + 1);
    let v1 = V1_SYSTEM.replace("SignatureNonce=n", &format!("SignatureNonce={nonce}"));
    assert_eq!(refusal(&incoming(&format!("{v1}&Signature=s"))), "ParseRequestParameterException");
    let headers = format!("{REQUIRED};x-acs-signature-nonce")
        .replace("x-acs-version;x-acs-signature-nonce", "x-acs-signature-nonce;x-acs-version");
    let v3 = v3_request("", &[("x-acs-signature-nonce", &nonce)], "");
    assert_eq!(refusal(&signed_v3(v3, &headers, v3::Names::Encoded)), "ParseRequestParameterException");
    let longest = v3_request("", &[("x-acs-signature-nonce", &nonce[1..])], "");
    assert!(read(&signed_v3(longest, &headers, v3::Names::Encoded)).is_ok());
}

#[test]
fn unsigned_requests_are_anonymous_only_where_the_operation_brings_its_own_proof() {
    let oidc = "Action=AssumeRoleWithOIDC&Version=2015-04-01&Timestamp=2026-01-02T03:04:05Z";
    let (claim, _) = read(&incoming(oidc)).unwrap();
    assert_eq!((claim.scheme, claim.access_key_id, claim.nonce), (Scheme::Anonymous, None, None));
    assert_eq!(read(&incoming(&oidc.replace("OIDC", "SAML"))).unwrap().0.scheme, Scheme::Anonymous);

    assert_eq!(refusal(&incoming(&oidc.replace("2015-04-01", "2014-05-26"))), "MissingAccessKeyId");
    assert_eq!(refusal(&incoming("Action=AssumeRole&Version=2015-04-01")), "MissingAccessKeyId");
    assert_eq!(refusal(&incoming(V1_SYSTEM)), "MissingSignature");
    assert_eq!(refusal(&v3_request("", &[], "")), "MissingAccessKeyId");
}

#[test]
fn a_claim_without_a_signature_is_never_verified() {
    let bearer_header = [("authorization", "Bearer t"), ("x-acs-bearer-token", "t")];
    for request in [
        incoming("Action=AssumeRoleWithOIDC&Version=2015-04-01"),
        incoming("Action=A&Version=1&BearerToken=t&SignatureType=BEARERTOKEN"),
        v3_request("SignatureType=BEARERTOKEN", &bearer_header[1..], ""),
        v3_request("", &bearer_header, ""),
    ] {
        let error = verify(&request, &Secret::new(String::new())).unwrap_err();
        assert_eq!(error.code_text(), "MissingSignature");
    }
}

// ---- Refusals ----

#[test]
fn every_missing_v1_parameter_is_named() {
    let whole = format!("{V1_SYSTEM}&Signature=s");
    for name in
        ["Action", "Version", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"]
    {
        let without: Vec<&str> = whole.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
        let error = read(&incoming(&without.join("&"))).unwrap_err();
        assert_eq!(error.code_text(), format!("Missing{name}"));
        assert_eq!(error.message(), format!("{name} is mandatory for this action."));
        if name != "SignatureNonce" {
            let emptied = whole
                .split('&')
                .map(|pair| if pair.starts_with(&format!("{name}=")) { format!("{name}=") } else { pair.to_owned() });
            assert_eq!(refusal(&incoming(&emptied.collect::<Vec<_>>().join("&"))), format!("Missing{name}"));
        }
    }
    assert_eq!(refusal(&incoming(&whole.replace("Signature=s", "Signature="))), "MissingSignature");
}

#[test]
fn missing_v3_headers_are_refused() {
    for (header, code) in [
        ("x-acs-action", "MissingAction"),
        ("x-acs-version", "MissingVersion"),
        ("x-acs-date", "MissingTimestamp"),
        ("x-acs-content-sha256", "IncompleteSignature"),
    ] {
        let mut request = signed_v3(v3_request("", &[], ""), REQUIRED, v3::Names::Encoded);
        request.headers.retain(|(name, _)| name != header);
        assert_eq!(refusal(&request), code);
    }
}

#[test]
fn algorithms_that_are_not_offered_are_refused() {
    for method in ["SHA256withRSA", "HMAC-MD5", "hmac-sha1"] {
        let query = V1_SYSTEM.replace("HMAC-SHA1", method);
        assert_eq!(refusal(&incoming(&format!("{query}&Signature=s"))), "InvalidSignatureMethod");
    }
    let fields = format!("Credential=id,SignedHeaders={REQUIRED},Signature=s");
    for algorithm in ["ACS3-RSA-SHA256", "ACS3-", "ACS4-RSA-SHA256", "ACS3-HMAC-SHA256x"] {
        for authorization in [algorithm.to_owned(), format!("{algorithm} {fields}")] {
            let request = v3_request("", &[("authorization", &authorization)], "");
            assert_eq!(refusal(&request), "InvalidSignatureMethod", "{authorization}");
        }
    }
}

#[test]
fn another_signature_version_does_not_conform() {
    let query = V1_SYSTEM.replace("SignatureVersion=1.0", "SignatureVersion=2.0");
    assert_eq!(refusal(&incoming(&format!("{query}&Signature=s"))), "IncompleteSignature");
}

#[test]
fn a_malformed_authorization_header_is_incomplete() {
    let headers = format!("SignedHeaders={REQUIRED}");
    for fields in [
        String::new(),
        "Credential=id".to_owned(),
        format!("Credential=id,{headers}"),
        format!("{headers},Signature=s"),
        format!("Credential=,{headers},Signature=s"),
        format!("Credential=id,{headers},Signature="),
        format!("Credential=id,Credential=id,{headers},Signature=s"),
        format!("Credential=id,{headers},Signature=s,Signature=s"),
        format!("Credential=id,{headers},Signature=s,Other=o"),
        format!("Credential=id,{headers},Signature=s,"),
        format!("Credential=id {headers} Signature=s"),
        "Credential=id,SignedHeaders=,Signature=s".to_owned(),
    ] {
        for algorithm in ["ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"] {
            let request = v3_request("", &[("authorization", &format!("{algorithm} {fields}"))], "");
            assert_eq!(refusal(&request), "IncompleteSignature", "{fields}");
        }
    }
    let mut twice = signed_v3(v3_request("", &[], ""), REQUIRED, v3::Names::Encoded);
    twice.headers.push(("authorization".to_owned(), "ACS3-HMAC-SHA256 x".to_owned()));
    assert_eq!(refusal(&twice), "IncompleteSignature");
}

#[test]
fn a_v4_credential_needs_a_scope_of_the_day_it_was_signed() {
    let scoped = |credential: &str| {
        let fields = format!("ACS4-HMAC-SHA256 Credential={credential},SignedHeaders={REQUIRED},Signature=s");
        v3_request("", &[("authorization", &fields)], "")
    };
    let (claim, _) = read(&scoped("id/20260102/cn-hangzhou/Kms/aliyun_v4_request")).unwrap();
    assert_eq!((claim.scheme, claim.access_key_id.as_deref()), (Scheme::V4(Hash::Sha256), Some("id")));
    for credential in [
        "id",
        "id/20260102/cn-hangzhou/Kms",
        "id/20260102/cn-hangzhou/Kms/other",
        "id/20260102/cn-hangzhou/Kms/aliyun_v4_request/more",
        "/20260102/cn-hangzhou/Kms/aliyun_v4_request",
        "id/20260103/cn-hangzhou/Kms/aliyun_v4_request",
    ] {
        assert_eq!(refusal(&scoped(credential)), "IncompleteSignature", "{credential}");
    }
}

#[test]
fn v4_with_sm3_signs_its_own_content_header() {
    let fields = "Credential=id/20260102/cn-hangzhou/Kms/aliyun_v4_request,\
        SignedHeaders=x-acs-action;x-acs-content-sm3;x-acs-date;x-acs-version,Signature=";
    let hash = hex(&digest::sm3(b""));
    let signed = |signature: &str| {
        let authorization = format!("ACS4-HMAC-SM3 {fields}{signature}");
        v3_request("KeyId=k", &[("x-acs-content-sm3", &hash), ("authorization", &authorization)], "")
    };
    let canonical = format!(
        "POST\n/\nKeyId=k\nx-acs-action:DescribeDisks\nx-acs-content-sm3:{hash}\nx-acs-date:2026-01-02T03:04:05Z\n\
         x-acs-version:2014-05-26\n\nx-acs-action;x-acs-content-sm3;x-acs-date;x-acs-version\n{hash}"
    );
    let mut key = mac::hmac_sm3(b"aliyun_v4secret", b"20260102");
    for part in ["cn-hangzhou", "Kms", "aliyun_v4_request"] {
        key = mac::hmac_sm3(&key, part.as_bytes());
    }
    let string = format!("ACS4-HMAC-SM3\n{}", hex(&digest::sm3(canonical.as_bytes())));
    let request = signed(&hex(&mac::hmac_sm3(&key, string.as_bytes())));
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::Everything);
    assert!(verify(&request, &Secret::new("other".to_owned())).is_err());
    let sha256_only = signed("s").headers.into_iter().filter(|(name, _)| name != "x-acs-content-sm3").collect();
    assert_eq!(refusal(&Incoming { headers: sha256_only, ..signed("s") }), "IncompleteSignature");
}

#[test]
fn a_signature_that_leaves_out_a_header_we_go_by_is_incomplete() {
    for left_out in REQUIRED.split(';') {
        let list: Vec<&str> = REQUIRED.split(';').filter(|name| *name != left_out).collect();
        let request = signed_v3(v3_request("", &[], ""), &list.join(";"), v3::Names::Encoded);
        assert_eq!(refusal(&request), "IncompleteSignature", "{left_out}");
    }
    for (header, body) in [
        (("x-acs-security-token", "t"), ""),
        (("x-acs-security-token", ""), ""),
        (("x-acs-signature-nonce", "n"), ""),
        (("content-type", FORM), "a=b"),
    ] {
        let request = signed_v3(v3_request("", &[header], body), REQUIRED, v3::Names::Encoded);
        assert_eq!(refusal(&request), "IncompleteSignature", "{header:?}");
    }
}

#[test]
fn signed_headers_are_listed_once_in_order_and_are_there() {
    for list in [
        format!("host;{REQUIRED};x-acs-version"),
        format!("host;host;{REQUIRED}"),
        format!("accept;{REQUIRED}"),
        format!("{REQUIRED};host"),
        format!("{REQUIRED};"),
        REQUIRED.replace("x-acs-action", "X-Acs-Action"),
    ] {
        let request = signed_v3(v3_request("", &[], ""), &list, v3::Names::Encoded);
        assert_eq!(refusal(&request), "IncompleteSignature", "{list}");
    }
    let request = signed_v3(v3_request("", &[], ""), &format!("host;{REQUIRED}"), v3::Names::Encoded);
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::Everything);
}

#[test]
fn a_header_split_in_two_does_not_inherit_the_signature_of_the_whole() {
    let list = "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let whole = signed_v3(v3_request("", &[("x-acs-signature-nonce", "a,b")], ""), list, v3::Names::Encoded);
    assert_eq!(verify(&whole, &secret()).unwrap(), Coverage::Everything);
    let mut split = whole.clone();
    split.headers.iter_mut().find(|(name, _)| name == "x-acs-signature-nonce").unwrap().1 = "b".to_owned();
    split.headers.push(("x-acs-signature-nonce".to_owned(), "a".to_owned()));
    assert_eq!(refusal(&split), "IncompleteSignature");
}

#[test]
fn timestamps_have_one_form() {
    for text in ["2026-01-02T03:04:05.000Z", "2026-01-02 03:04:05", "1767323045", "2026-13-02T03:04:05Z"] {
        let query = V1_SYSTEM.replace("2026-01-02T03:04:05Z", text);
        assert_eq!(refusal(&incoming(&format!("{query}&Signature=s"))), "InvalidTimeStamp.Format");
        let request = signed_v3(v3_request("", &[("x-acs-date", text)], ""), REQUIRED, v3::Names::Encoded);
        assert_eq!(refusal(&request), "InvalidTimeStamp.Format");
    }
}

#[test]
fn v1_refuses_a_body_it_does_not_sign() {
    for content_type in [Some("application/json"), Some("application/octet-stream"), None] {
        let mut request = signed_v1(incoming(V1_SYSTEM), v1::Form::Standard);
        request.headers.extend(content_type.map(|value| ("content-type".to_owned(), value.to_owned())));
        request.body = b"{\"DiskName\":\"mine\"}".to_vec();
        assert_eq!(refusal(&request), "InvalidParameter.ContentType", "{content_type:?}");
    }
}

#[test]
fn a_v1_mismatch_shows_the_standard_string_to_sign_and_nothing_after_it() {
    let request = incoming(&format!("{V1_SYSTEM}&DiskName=a+b&Signature=wrong"));
    let error = verify(&request, &secret()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SignatureMismatchV1);
    assert_eq!(
        error.message(),
        "Specified signature is not matched with our calculation. server string to sign is:GET&%2F&AccessKeyId%3Did%26\
         Action%3DDescribeDisks%26DiskName%3Da%2520b%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dn%26\
         SignatureVersion%3D1.0%26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2014-05-26"
    );
    // Old clients split the message at its only colon.
    assert_eq!(error.message().matches(':').count(), 1);
}

#[test]
fn a_v3_mismatch_shows_the_string_to_sign_and_the_canonical_request() {
    let request = signed_v3(v3_request("a=b c", &[], ""), REQUIRED, v3::Names::Encoded);
    let error = verify(&request, &Secret::new("other".to_owned())).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SignatureMismatchV3);
    let canonical = format!(
        "POST\n/\na=b%20c\nx-acs-action:DescribeDisks\nx-acs-content-sha256:{0}\nx-acs-date:2026-01-02T03:04:05Z\n\
         x-acs-version:2014-05-26\n\n{REQUIRED}\n{0}",
        hex(&digest::sha256(b""))
    );
    let hash = hex(&digest::sha256(canonical.as_bytes()));
    assert_eq!(
        error.message(),
        format!(
            "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n{hash}] \
             server CanonicalRequest is [{canonical}]"
        )
    );
}

#[test]
fn a_hash_that_is_signed_but_not_that_of_the_body_is_a_mismatch() {
    let other = hex(&digest::sha256(b"other"));
    let headers = [("x-acs-content-sha256", other.as_str()), ("content-type", FORM)];
    let list = format!("content-type;{REQUIRED}");
    let own = hex(&digest::sha256(b"a=b"));
    for hash in [&other, &own] {
        let request = signed_v3_over(hash, v3_request("", &headers, "a=b"), &list, v3::Names::Encoded);
        assert_eq!(verify(&request, &secret()).unwrap_err().code(), ErrorCode::SignatureMismatchV3);
    }
}

#[test]
fn a_content_md5_has_to_be_that_of_the_body() {
    let with = |content_md5: &str, body: &str| {
        let headers = [("content-type", FORM), ("content-md5", content_md5)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let request = Incoming { headers, body: body.as_bytes().to_vec(), ..incoming(V1_SYSTEM) };
        verify(&signed_v1(request, v1::Form::Standard), &secret()).map_err(|error| error.code())
    };
    assert_eq!(with(&BASE64.encode(digest::md5(b"a=b")), "a=b"), Ok(Coverage::Everything));
    assert_eq!(with(&BASE64.encode(digest::md5(b"a=c")), "a=b"), Err(ErrorCode::BodyDigestMismatch));
    assert_eq!(with("nonsense", "a=b"), Err(ErrorCode::BodyDigestMismatch));
    assert_eq!(with("nonsense", ""), Ok(Coverage::Everything));
}

// ---- Tolerance, and where it ends ----

#[test]
fn v1_takes_hmac_sha256() {
    let query = V1_SYSTEM.replace("HMAC-SHA1", "HMAC-SHA256");
    let request = signed_v1(incoming(&query), v1::Form::Standard);
    assert_eq!(read(&request).unwrap().0.scheme, Scheme::V1(V1Mac::HmacSha256));
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::Everything);
}

#[test]
fn v1_encodings_that_decode_alike_are_alike() {
    let signed = signed_v1(incoming(&format!("{V1_SYSTEM}&DiskName=a+b*~!'()%2f&Tag.1.Key=k")), v1::Form::Standard);
    for (one, other) in [("a+b", "a%20b"), ("*~", "%2A%7E"), ("!'()", "%21%27%28%29"), ("%2f", "%2F"), ("%2f", "/")] {
        let query = signed.query.replace(one, other);
        assert_eq!(verify(&Incoming { query, ..signed.clone() }, &secret()).unwrap(), Coverage::Everything, "{other}");
    }
}

#[test]
fn v1_parameters_may_be_spread_over_query_and_form_and_the_forms_value_counts() {
    let headers = vec![("content-type".to_owned(), format!("{FORM};charset=UTF-8"))];
    let body = b"DiskName=from-form".to_vec();
    let query = format!("{V1_SYSTEM}&DiskName=from-query");
    let request = signed_v1(Incoming { headers, body, ..incoming(&query) }, v1::Form::Standard);
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::Everything);
    // Without the form it is another request.
    assert!(verify(&Incoming { body: Vec::new(), ..request }, &secret()).is_err());
}

#[test]
fn empty_values_that_the_signature_leaves_out_are_reported_as_not_covered() {
    let request = signed_v1(incoming(&format!("{V1_SYSTEM}&DiskName=&Size=20")), v1::Form::SkipEmpty);
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::NonEmpty);
    // This is why: one more can be added on the way.
    let added = Incoming { query: format!("{}&KMSKeyId=", request.query), ..request.clone() };
    assert_eq!(verify(&added, &secret()).unwrap(), Coverage::NonEmpty);
    let mut parameters = Parameters::parse(&added).unwrap();
    parameters.drop_empty();
    assert_eq!(
        (parameters.get("KMSKeyId"), parameters.get("DiskName"), parameters.get("Size")),
        (None, None, Some("20"))
    );
    // A value that is not empty stays bound.
    let query = request.query.replace("Size=20", "Size=");
    assert!(verify(&Incoming { query, ..request }, &secret()).is_err());
}

#[test]
fn an_empty_nonce_cannot_be_added_to_a_request_signed_without_one() {
    let query = V1_SYSTEM.replace("SignatureNonce=n&", "").replace("2014-05-26", "2016-01-20");
    let request = signed_v1(incoming(&query), v1::Form::Standard);
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::Everything);
    let added = Incoming { query: format!("{}&SignatureNonce=", request.query), ..request };
    assert!(verify(&added, &secret()).is_err());
}

#[test]
fn authorization_fields_come_in_any_order_with_blanks() {
    let mut request = signed_v3(v3_request("", &[], ""), REQUIRED, v3::Names::Encoded);
    let authorization = &mut request.headers.last_mut().unwrap().1;
    let (algorithm, fields) = authorization.split_once(' ').unwrap();
    let mut fields: Vec<&str> = fields.split(',').collect();
    fields.reverse();
    *authorization = format!("{algorithm} {}", fields.join(", "));
    assert_eq!(verify(&request, &secret()).unwrap(), Coverage::Everything);
}

#[test]
fn values_of_a_repeated_signed_header_are_sorted_and_joined() {
    let request = v3_request("", &[("accept", " b "), ("accept", "a"), ("accept", "c")], "");
    let list = format!("accept;{REQUIRED}");
    let joined = signed_v3(v3_request("", &[("accept", "a,b,c")], ""), &list, v3::Names::Encoded);
    let authorization = joined.headers.last().unwrap().clone();
    let mut headers = request.headers.clone();
    headers.push(authorization);
    assert_eq!(verify(&Incoming { headers, ..request }, &secret()).unwrap(), Coverage::Everything);
}

#[test]
fn raw_names_are_accepted_only_where_they_cannot_be_mistaken() {
    let signed = |query| signed_v3(v3_request(query, &[], ""), REQUIRED, v3::Names::Raw);
    assert_eq!(verify(&signed("Tags.%234%23name=v&A=b"), &secret()).unwrap(), Coverage::Everything);
    for query in ["a%3D1%26b=2", "a%26b=1", "a%0Ab=1", "a%25b=1"] {
        assert!(verify(&signed(query), &secret()).is_err(), "{query}");
    }
    // Two parameters, signed; then one parameter whose raw name reads like both.
    let two = signed("a=1&b=2");
    let one = Incoming { query: "a%3D1%26b=2".to_owned(), ..two.clone() };
    assert_eq!(verify(&two, &secret()).unwrap(), Coverage::Everything);
    assert!(verify(&one, &secret()).is_err());
    // A name, signed encoded; then the name that is this encoding, raw.
    let encoded = signed_v3(v3_request("Tags.%234%23name=v", &[], ""), REQUIRED, v3::Names::Encoded);
    assert_eq!(verify(&encoded, &secret()).unwrap(), Coverage::Everything);
    let mistaken = Incoming { query: "Tags.%25234%2523name=v".to_owned(), ..encoded };
    assert!(verify(&mistaken, &secret()).is_err());
}

#[test]
fn v3_signs_the_query_as_it_was_sent_where_the_body_overrides_it() {
    let headers = [("content-type", FORM)];
    let request = v3_request("a=query", &headers, "a=body");
    let signed = signed_v3(request, &format!("content-type;{REQUIRED}"), v3::Names::Encoded);
    assert_eq!(verify(&signed, &secret()).unwrap(), Coverage::Everything);
    assert!(verify(&Incoming { query: "a=other".to_owned(), ..signed }, &secret()).is_err());
}

#[test]
fn v3_signs_a_body_that_is_no_parameters() {
    let list = format!("content-type;{REQUIRED}");
    let request = v3_request("a=b", &[("content-type", "application/octet-stream")], "\u{1}\u{2}");
    let signed = signed_v3(request, &list, v3::Names::Encoded);
    assert_eq!(verify(&signed, &secret()).unwrap(), Coverage::Everything);
    assert!(verify(&Incoming { body: vec![1, 3], ..signed }, &secret()).is_err());
}

proptest::proptest! {
    #[test]
    fn reading_any_request_never_panics(
        query in "(Signature|SignatureType|BearerToken|Action|Version|%|=|&|[ -~]){0,20}",
        authorization in "(ACS3-HMAC-SHA256 |ACS4-HMAC-SM3 |Credential=|SignedHeaders=|Signature=|,|/|;|[ -~]){0,12}",
        date in ".{0,24}",
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64),
    ) {
        let headers = [("authorization", authorization.as_str()), ("x-acs-date", &date), ("content-type", FORM)];
        let request = Incoming { body, ..v3_request(&query, &headers, "") };
        let outcome: Result<Coverage, ApiError> = verify(&request, &secret());
        proptest::prop_assert!(outcome.is_err());
    }
}
