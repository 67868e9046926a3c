//! AssumeRoleWithSAML: whose assertions are taken, in which form, and what can't be done with one that was signed.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::cell::Cell;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{Timestamp, limits};
use coffer_cloud::settings::{SAML_AUDIENCE, SAML_RECIPIENT};
use coffer_cloud::sts::saml::canonical::canonical;
use coffer_cloud::sts::saml::xml::parse;
use coffer_cloud::{Product, Settings};
use coffer_store::assertions::{self, Taken};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use support::{World, oidc, owned, saml, text};

const INVALID: (u16, &str) = (401, "AuthenticationFail.SAMLAssertion.Invalid");
const EXPIRED: (u16, &str) = (401, "AuthenticationFail.SAMLAssertion.Expired");
const REFUSED: (u16, &str) = (403, "AuthenticationFail.NoPermission");

struct Scene {
    world: World,
    role: String,
    sent: Cell<u32>,
}

impl Scene {
    fn new() -> Self {
        Self::of(World::new())
    }

    fn of(world: World) -> Self {
        let trust = json!({"Version": "1", "Statement": [{
            "Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Federated": [saml::ARN]},
            "Condition": {"StringEquals": {"saml:recipient": SAML_RECIPIENT}}}]});
        let parameters = [("RoleName", "Reader"), ("AssumeRolePolicyDocument", &*trust.to_string())];
        world.root(Product::Ram, "CreateRole", &parameters);
        let attached = [("PolicyType", "System"), ("PolicyName", "AliyunRAMReadOnlyAccess"), ("RoleName", "Reader")];
        world.root(Product::Ram, "AttachPolicyToRole", &attached);
        let role = format!("acs:ram::{}:role/Reader", world.account);
        Self { world, role, sent: Cell::new(0) }
    }

    /// A good assertion, unsigned.
    fn assertion(&self) -> String {
        saml::assertion(&self.role)
    }

    /// Sends a response, with these parameters instead of the usual ones.
    fn send_with(&self, response: &str, change: &[(&str, &str)]) -> (u16, Value) {
        let encoded = saml::encoded(response);
        let mut parameters =
            owned(&[("RoleArn", &self.role), ("SAMLProviderArn", saml::ARN), ("SAMLAssertion", &encoded)]);
        for (name, value) in change {
            parameters.retain(|(known, _)| known != name);
            parameters.push(((*name).to_owned(), (*value).to_owned()));
        }
        let mut incoming = self.world.request(&support::root(), Product::Sts, "AssumeRoleWithSAML", &parameters);
        incoming.headers.retain(|(name, _)| name != "authorization");
        // One source may not fail as often as these tests do.
        incoming.peer = Ipv4Addr::from(self.sent.get() / (limits::UNSIGNED_FAILURES / 2)).into();
        self.sent.set(self.sent.get() + 1);
        self.world.send(incoming)
    }

    fn send(&self, response: &str) -> (u16, Value) {
        self.send_with(response, &[])
    }

    /// A good response is taken. What was taken before is forgotten first, as if its time was over.
    fn accept(&self, response: &str, what: &str) -> Value {
        let (account, [now, end]) = (self.world.account.clone(), [i64::MAX, 0].map(Timestamp::from_unix_ms));
        self.world.store(move |tx| assertions::take(tx, &account, b"none", end, now, 1));
        let (status, body) = self.send(response);
        assert_eq!(status, 200, "{what}: {body}");
        body
    }

    fn refuse(&self, response: &str, (status, code): (u16, &str), what: &str) {
        let answer = self.send(response);
        assert_eq!((answer.0, answer.1["Code"].as_str().unwrap_or_default()), (status, code), "{what}: {}", answer.1);
    }
}

/// `text` with what must be in it replaced.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

/// That the text is as canonicalization writes it: its signature is then good, and what is refused is refused for what it says.
fn require_canonical(text: &str) {
    assert_eq!(canonical(&parse(text).unwrap(), &[], None), text);
}

#[test]
fn a_providers_assertion_opens_a_session() {
    let scene = Scene::new();
    let made = scene.accept(&saml::response(&saml::signed(&scene.assertion())), "a good one");
    assert_eq!(
        made["SAMLAssertionInfo"],
        json!({"Issuer": saml::ISSUER, "Recipient": SAML_RECIPIENT, "Subject": "alice", "SubjectType": "persistent"})
    );
    assert!(text(&made["AssumedRoleUser"], "Arn").ends_with(":assumed-role/Reader/alice@example.com"));
    let credentials = &made["Credentials"];
    let key = (text(credentials, "AccessKeyId"), text(credentials, "AccessKeySecret"));
    let token = text(credentials, "SecurityToken");
    let call = |action, parameters: &[_]| {
        scene.world.send(scene.world.session_request(&key, &token, Product::Ram, action, &owned(parameters))).0
    };
    assert_eq!(call("ListUsers", &[]), 200);
    assert_eq!(call("CreateGroup", &[("GroupName", "g")]), 403);
}

#[test]
fn an_assertion_opens_one_session_and_what_it_failed_to_open_does_not_use_it_up() {
    let scene = Scene::new();
    let good = saml::response(&saml::signed(&scene.assertion()));
    let (status, body) = scene.send_with(&good, &[("DurationSeconds", "43200")]);
    assert_eq!(status, 400, "longer than the role allows: {body}");
    assert_eq!(scene.send_with(&good, &[("RoleArn", "acs:ram::1234567890123456:role/other")]).0, REFUSED.0);
    assert_eq!(scene.send(&good).0, 200);
    scene.refuse(&good, INVALID, "the same again");
    scene.refuse(&with(&good, "\"_r1\"", "\"_r2\""), INVALID, "the same in another response");
    let next = with(&scene.assertion(), "alice@example.com", "alice@example.org");
    scene.refuse(&saml::response(&saml::signed(&next)), INVALID, "another of the same id");
    assert_eq!(scene.world.state()["assertions"].len(), 1, "it is remembered in the database");
    scene.world.clock.advance_ms(299_000);
    scene.refuse(&good, INVALID, "the same until it ends");
    scene.world.clock.advance_ms(1000);
    scene.refuse(&good, EXPIRED, "the same when it has ended");
}

#[test]
fn an_account_remembers_no_more_assertions_than_it_may_and_takes_none_then() {
    let scene = Scene::new();
    let account = scene.world.account.clone();
    let end = Timestamp::from_unix_ms(support::NOW_MS + 60_000);
    scene.world.store(move |tx| {
        (0..limits::ASSERTIONS).try_for_each(|number| {
            let taken = assertions::take(tx, &account, &number.to_be_bytes(), end, end.plus_ms(-1), i64::MAX)?;
            assert_eq!(taken, Taken::Now);
            Ok(())
        })
    });
    let good = saml::response(&saml::signed(&scene.assertion()));
    scene.refuse(&good, (400, "Throttling"), "as many as may be");
    scene.world.clock.advance_ms(60_000);
    assert_eq!(scene.send(&good).0, 200, "the others are over");
    assert_eq!(scene.world.state()["assertions"].len(), 1);
}

#[test]
fn the_same_assertion_may_be_written_in_other_ways() {
    let scene = Scene::new();
    let good = saml::response(&saml::signed(&scene.assertion()));
    let declared = with(&good, " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"", "");
    let declared =
        with(&declared, "<samlp:Response ", "<samlp:Response xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ");
    let ways = [
        ("namespaces declared above", declared),
        ("unused namespaces", with(&good, "<samlp:Response ", "<samlp:Response xmlns:xs=\"urn:x\" xmlns=\"urn:y\" ")),
        ("elements without content", with(&good, "></saml:SubjectConfirmationData>", "/>")),
        (
            "other quotes and blanks",
            with(
                &good,
                "Name=\"https://www.aliyun.com/SAML-Role/Attributes/Role\"",
                "Name  =\n'https://www.aliyun.com/SAML-Role/Attributes/Role' ",
            ),
        ),
        (
            "attributes in another order",
            with(&good, " ID=\"_a1\"", "")
                .replace(" Version=\"2.0\"><saml:Issuer", " Version=\"2.0\" ID=\"_a1\"><saml:Issuer"),
        ),
        ("characters by number", with(&good, ">alice<", ">&#97;l&#x69;ce<")),
        ("a declaration and blanks around", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n{good}\n")),
        (
            "a key that comes along",
            with(&good, "</ds:SignatureValue>", "</ds:SignatureValue><ds:KeyInfo><ds:X/></ds:KeyInfo>"),
        ),
    ];
    for (what, way) in ways {
        scene.accept(&way, what);
    }
}

#[test]
fn prefixes_that_canonicalization_includes_are_part_of_what_is_signed() {
    let scene = Scene::new();
    let assertion = scene.assertion();
    // As providers sign whose values have types: the prefix stands in a value only, where canonicalization does not see it.
    let typed = with(
        &assertion,
        "<saml:AttributeValue>alice",
        "<saml:AttributeValue xmlns:xsi=\"urn:xsi\" xsi:type=\"xs:string\">alice",
    );
    let typed = with(&typed, " ID=\"_a1\"", " xmlns:xs=\"urn:xs\" ID=\"_a1\"");
    let method = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let listed = format!(
        "{method}<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"xs\"></ec:InclusiveNamespaces>"
    );
    let info = with(&saml::signed_info(&typed), method, &listed);
    let signed = typed.replace("{signature}", &saml::signature_of_info(&info));
    scene.accept(&saml::response(&signed), "xs is listed");
    scene.refuse(&saml::response(&with(&signed, "urn:xs\"", "urn:other\"")), INVALID, "xs stands for something else");
    let unlisted = typed.replace("{signature}", &saml::signature(&typed));
    scene.refuse(&saml::response(&unlisted), INVALID, "xs was signed and is not listed");
}

#[test]
fn what_the_provider_did_not_sign_opens_nothing() {
    let scene = Scene::new();
    let (assertion, stranger) = (scene.assertion(), oidc::key());
    let good = saml::signed(&assertion);
    let by_stranger = saml::signature_by(&stranger, &saml::signed_info(&assertion));
    let cases = [
        ("no signature", assertion.replace("{signature}", "")),
        ("another's signature", assertion.replace("{signature}", &by_stranger)),
        ("another subject", with(&good, ">alice<", ">mallory<")),
        ("another attribute's value", with(&good, "alice@example.com", "root@example.com")),
        ("text beside", with(&good, "</saml:Subject>", "</saml:Subject>x")),
        ("an element more", with(&good, "</saml:Subject>", "</saml:Subject><saml:Advice/>")),
        ("two signatures", assertion.replace("{signature}", &saml::signature(&assertion).repeat(2))),
        ("another id", with(&good, " ID=\"_a1\"", " ID=\"_a2\"")),
        ("no id", with(&good, " ID=\"_a1\"", "")),
        ("no assertion", String::new()),
    ];
    for (what, content) in cases {
        scene.refuse(&saml::response(&content), INVALID, what);
    }
    let response = saml::response(&good);
    let signed = response.find("<saml:Assertion").unwrap()..response.find("</saml:Assertion>").unwrap();
    for place in signed.step_by(29) {
        let mut changed = response.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        scene.refuse(std::str::from_utf8(&changed).unwrap(), INVALID, &place.to_string());
    }
}

#[test]
fn a_signature_of_another_kind_is_none() {
    let scene = Scene::new();
    let assertion = scene.assertion();
    let info = saml::signed_info(&assertion);
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
    let canonicalization = "xml-exc-c14n#\"></ds:Transform>";
    let prefixes = format!(
        "xml-exc-c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{}\"></ec:InclusiveNamespaces></ds:Transform>",
        "a ".repeat(17)
    );
    let reference = &info[info.find("<ds:Reference").unwrap()..info.find("</ds:SignedInfo>").unwrap()];
    let cases = [
        ("RSA-SHA1", with(&info, "2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1")),
        ("HMAC", with(&info, "#rsa-sha256", "#hmac-sha256")),
        ("SHA-1", with(&info, "2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1")),
        ("inclusive canonicalization", with(&info, "2001/10/xml-exc-c14n#", "TR/2001/REC-xml-c14n-20010315")),
        ("with comments", with(&info, "xml-exc-c14n#", "xml-exc-c14n#WithComments")),
        ("not enveloped", with(&info, enveloped, "")),
        ("a transform more", with(&info, enveloped, &enveloped.repeat(2))),
        ("XSLT", with(&info, "2000/09/xmldsig#enveloped-signature", "TR/1999/REC-xslt-19991116")),
        ("two references", with(&info, reference, &reference.repeat(2))),
        ("no reference", with(&info, reference, "")),
        ("the whole document", with(&info, "URI=\"#_a1\"", "URI=\"\"")),
        ("by pointer", with(&info, "URI=\"#_a1\"", "URI=\"#xpointer(id('_a1'))\"")),
        ("what is elsewhere", with(&info, "URI=\"#_a1\"", "URI=\"https://directory.example.com/\"")),
        ("many prefixes", with(&info, canonicalization, &prefixes)),
        ("no URI", with(&info, " URI=\"#_a1\"", "")),
    ];
    scene
        .accept(&saml::response(&assertion.replace("{signature}", &saml::signature_of_info(&info))), "as it should be");
    for (what, info) in cases {
        require_canonical(&info);
        let signature = saml::signature_of_info(&info);
        scene.refuse(&saml::response(&assertion.replace("{signature}", &signature)), INVALID, what);
    }
}

#[test]
fn a_signed_assertion_can_not_be_wrapped() {
    let scene = Scene::new();
    let assertion = scene.assertion();
    let (good, signature) = (saml::signed(&assertion), saml::signature(&assertion));
    let evil = with(&assertion, ">alice<", ">mallory<").replace("{signature}", "");
    let other = evil.replace("\"_a1\"", "\"_evil\"");
    // The forged assertion, and the signed one hidden in what may hold anything.
    let holding = |hidden: &str| with(&other, "<saml:Subject>", &format!("{hidden}<saml:Subject>"));
    let bare = assertion.replace("{signature}", "");
    let object = |content: &str| {
        with(&signature, "</ds:Signature>", &format!("<ds:Object>{content}</ds:Object></ds:Signature>"))
    };
    let extension = format!("<samlp:Extensions>{good}</samlp:Extensions>");
    let cases = [
        ("beside, before", format!("{other}{good}")),
        ("beside, after", format!("{good}{other}")),
        ("with the same id", format!("{evil}{good}")),
        ("inside the forged one", holding(&good)),
        ("inside the forged one's signature", holding(&object(&bare))),
        ("beside its own signature", holding(&format!("{signature}{bare}"))),
        ("inside extensions", format!("{extension}{other}")),
        ("inside extensions alone", extension.clone()),
        ("in an object of the response's signature", format!("{}{other}", object(&good))),
        (
            "an encrypted one beside",
            format!("{good}<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>"),
        ),
        ("the signature below", with(&assertion, "{signature}", &format!("<saml:Advice>{signature}</saml:Advice>"))),
        ("the same id on something else", format!("{good}<x Id=\"_a1\"/>")),
        ("the same id with a prefix", format!("{good}<x xml:id=\"_a1\"/>")),
        ("the same id in its signature", with(&good, "<ds:SignatureValue>", "<ds:SignatureValue id=\"_a1\">")),
        (
            "another namespace",
            with(&good, "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:1.0:assertion"),
        ),
    ];
    for (what, content) in cases {
        scene.refuse(&saml::response(&content), INVALID, what);
    }
    scene.refuse(&good, INVALID, "an assertion without a response");
    let response = saml::response(&good);
    scene.refuse(&with(&response, "status:Success", "status:Requester"), INVALID, "no success");
    scene.refuse(&format!("{response}{response}"), INVALID, "two responses");
    scene.refuse(&saml::response(&response), INVALID, "a response within a response");
}

#[test]
fn what_is_not_plain_xml_is_refused() {
    let scene = Scene::new();
    let good = saml::response(&saml::signed(&scene.assertion()));
    let deep = format!("{}{}", "<x>".repeat(40), "</x>".repeat(40));
    let declared = |prefix: &str, count: usize| -> String {
        let names: Vec<_> = (0..count).map(|n| format!(" {prefix}{n}=\"u\"")).collect();
        names.concat()
    };
    let wide = format!("<x{}/>", declared("a", 40));
    let (p, q, r) = (declared("xmlns:p", 30), declared("xmlns:q", 30), declared("xmlns:r", 30));
    let many = format!("<x{p}><x{q}><x{r}></x></x></x>");
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let aside = |content: &str| with(&good, "</samlp:Response>", &format!("{content}</samlp:Response>"));
    let cases = [
        ("a document type", format!("<!DOCTYPE r>{good}")),
        ("entities", format!("{bomb}{good}")),
        ("an entity of its own", with(&good, ">alice<", ">&a;<")),
        ("what is in a file", format!("<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{good}")),
        ("a comment", aside("<!-- c -->")),
        ("a comment in a name", with(&good, ">alice<", ">ali<!---->ce<")),
        ("an instruction", aside("<?p i?>")),
        ("CDATA", with(&good, ">alice<", "><![CDATA[alice]]><")),
        ("depth", aside(&deep)),
        ("many elements", aside(&"<x/>".repeat(5000))),
        ("many attributes", aside(&wide)),
        ("many namespaces", aside(&many)),
        ("an attribute twice", aside("<x a=\"\" a=\"\"/>")),
        ("an attribute twice by two prefixes", aside("<x xmlns:p=\"u\" xmlns:q=\"u\" p:a=\"\" q:a=\"\"/>")),
        ("a prefix of nothing", aside("<p:x/>")),
        ("the prefix xml for something else", aside("<x xmlns:xml=\"urn:x\"/>")),
        ("a prefix taken back", aside("<x xmlns:p=\"\"/>")),
        ("a character that XML has not", aside("<x>&#1;</x>")),
        ("a bare ampersand", aside("<x>a & b</x>")),
        ("an attribute with <", aside("<x a=\"<\"/>")),
        ("a name with a quotation mark", aside("<x\"/>")),
        ("elements that cross", aside("<x><y></x></y>")),
        ("an end too few", with(&good, "</samlp:Response>", "")),
        ("text after", format!("{good}x")),
        ("no XML", "text".to_owned()),
    ];
    scene.accept(&aside("<x/>"), "an element of the response's own");
    for (what, response) in cases {
        scene.refuse(&response, INVALID, what);
    }
    for (what, encoded) in [("no base64", "****"), ("no UTF-8", "/////w==")] {
        let (status, body) = scene.send_with("", &[("SAMLAssertion", encoded)]);
        assert_eq!((status, body["Code"].as_str().unwrap()), INVALID, "{what}");
    }
    for length in [3, 100_001] {
        let (status, body) = scene.send_with("", &[("SAMLAssertion", &"A".repeat(length))]);
        assert_eq!(status, 400, "{length}: {body}");
    }
}

#[test]
fn an_assertion_that_is_not_for_here_or_not_for_now_opens_nothing() {
    let scene = Scene::new();
    let good = scene.assertion();
    let until = |place: &str, seconds: i64| {
        with(&good, &format!("{place}=\"{}\"", saml::at(300)), &format!("{place}=\"{}\"", saml::at(seconds)))
    };
    let restriction =
        format!("<saml:AudienceRestriction><saml:Audience>{SAML_AUDIENCE}</saml:Audience></saml:AudienceRestriction>");
    let another = with(&restriction, SAML_AUDIENCE, "urn:another");
    let begins = |seconds| {
        with(&good, &format!("NotBefore=\"{}\"", saml::at(-10)), &format!("NotBefore=\"{}\"", saml::at(seconds)))
    };
    let session = |text: &str| {
        let instant = format!("AuthnInstant=\"{}\"", saml::at(-10));
        with(&good, &instant, &format!("{instant} SessionNotOnOrAfter=\"{text}\""))
    };
    let invalid = [
        (
            "another issuer",
            with(&good, &format!("<saml:Issuer>{}<", saml::ISSUER), "<saml:Issuer>https://elsewhere.example.com<"),
        ),
        ("another audience", with(&good, &restriction, &another)),
        ("another audience besides", with(&good, &restriction, &format!("{restriction}{another}"))),
        ("no audience", with(&good, &restriction, "")),
        (
            "a condition nobody knows",
            with(&good, &restriction, &format!("{restriction}<saml:OneTimeUse></saml:OneTimeUse>")),
        ),
        ("another recipient", with(&good, SAML_RECIPIENT, "https://signin.example.com/sso")),
        ("no recipient", with(&good, &format!(" Recipient=\"{SAML_RECIPIENT}\""), "")),
        ("another confirmation", with(&good, "cm:bearer", "cm:sender-vouches")),
        ("not begun", begins(61)),
        ("no end", with(&good, &format!(" NotOnOrAfter=\"{}\" Recipient", saml::at(300)), " Recipient")),
        ("a moment that is none", until("NotOnOrAfter", 300).replace(&saml::at(300), "soon")),
        ("an end of the session that is none", session("soon")),
        ("another version", with(&good, "Version=\"2.0\"", "Version=\"1.1\"")),
        ("a subject without a name", with(&good, ">alice</saml:NameID>", "></saml:NameID>")),
        ("a long name", with(&good, ">alice<", &format!(">{}<", "a".repeat(1025)))),
        ("no subject", with(&good, "saml:Subject>", "saml:Object>")),
        ("no name for the session", with(&good, "RoleSessionName", "SessionName")),
        ("a bad name for the session", with(&good, "alice@example.com", "al/ice")),
        ("a role without its provider", with(&good, &format!(",{}", saml::ARN), "")),
    ];
    for (what, assertion) in invalid {
        require_canonical(&assertion.replace("{signature}", ""));
        scene.refuse(&saml::response(&saml::signed(&assertion)), INVALID, what);
    }
    let expired = [("ends now", until("NotOnOrAfter", 0)), ("the session ended", session(&saml::at(-1)))];
    for (what, assertion) in expired {
        require_canonical(&assertion.replace("{signature}", ""));
        scene.refuse(&saml::response(&saml::signed(&assertion)), EXPIRED, what);
    }
    scene.accept(&saml::response(&saml::signed(&begins(60))), "a clock that is ahead");
    let made = scene.accept(&saml::response(&saml::signed(&session(&saml::at(120)))), "a session that ends soon");
    assert_eq!(made["Credentials"]["Expiration"], saml::at(120).as_str());
    scene.world.advance(300_000);
    scene.refuse(&saml::response(&saml::signed(&good)), EXPIRED, "a good one, later");
}

#[test]
fn a_role_that_is_not_there_not_named_or_does_not_trust_is_one_answer() {
    let scene = Scene::new();
    let plain = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
    scene.world.root(Product::Ram, "CreateRole", &[("RoleName", "plain"), ("AssumeRolePolicyDocument", plain)]);
    let role = |name: &str| format!("acs:ram::{}:role/{name}", scene.world.account);
    let mut answers = Vec::new();
    for (named, asked) in [("missing", "missing"), ("plain", "plain"), ("Reader", "plain"), ("Reader", "missing")] {
        let response = saml::response(&saml::signed(&saml::assertion(&role(named))));
        let (status, mut body) = scene.send_with(&response, &[("RoleArn", &role(asked))]);
        for name in ["RequestId", "Recommend"] {
            body.as_object_mut().unwrap().remove(name);
        }
        answers.push((status, body));
    }
    assert_eq!((answers[0].0, answers[0].1["Code"].as_str().unwrap()), REFUSED);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let good = saml::response(&saml::signed(&scene.assertion()));
    let by_another = [("SAMLProviderArn", "acs:ram::1234567890123456:saml-provider/none")];
    let (status, body) = scene.send_with(&good, &by_another);
    assert_eq!((status, body["Code"].as_str().unwrap()), (404, "EntityNotExist.SAMLProvider"));
    let (status, body) = scene.send_with(&good, &[("DurationSeconds", "3601")]);
    assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter.DurationSeconds")));
    // The role's name has no case, as everywhere.
    assert_eq!(scene.send_with(&good, &[("RoleArn", &role("reader"))]).0, 200);
}

#[test]
fn who_guesses_assertions_is_made_to_wait() {
    let settings = Settings { most_failures: Some(3), ..World::settings() };
    let scene = Scene::of(World::with(settings));
    let good = saml::response(&saml::signed(&scene.assertion()));
    for _ in 0..3 {
        scene.refuse(&saml::response(""), INVALID, "a guess");
    }
    let (status, body) = scene.send(&good);
    assert_eq!((status, body["Code"].as_str().unwrap()), (400, "Throttling"));
    scene.world.advance(60_000);
    scene.accept(&good, "a minute later");
}

/// Signed by xmlsec1, with what tells canonicalizations apart: default namespaces, prefixes in values, attributes that need sorting,
/// characters that need escaping, ends of lines.
const BY_XMLSEC1: &str = include_str!("saml/by-xmlsec1.xml");

#[test]
fn an_assertion_that_another_implementation_signed_is_taken() {
    let pem = include_str!("saml/by-xmlsec1.pem");
    let key = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
    let mut settings = World::settings();
    settings.saml[0].keys.push(key);
    let scene = Scene::of(World::with(settings));
    for way in [BY_XMLSEC1.to_owned(), BY_XMLSEC1.replace('\n', "\r\n"), BY_XMLSEC1.replace('\n', "\r")] {
        let made = scene.accept(&way, "as it was signed");
        assert_eq!(text(&made["SAMLAssertionInfo"], "Subject"), "Zoë & \"Søn\" <z@example.com>");
        assert_eq!(made["SAMLAssertionInfo"]["SubjectType"], "transient");
    }
    for (from, to) in [
        ("Zo\u{eb}", "Zoe"),
        ("xml:lang=\"en\"", "xml:lang=\"de\""),
        ("q:b=\"2\"", "q:b=\"3\""),
        ("c&#10;d", "c d"),
        ("urn:p\"", "urn:r\""),
    ] {
        scene.refuse(&with(BY_XMLSEC1, from, to), INVALID, from);
    }
}

proptest! {
    /// However a message is damaged: what is still read is written so that it is read as the same again. Else what was signed and what is
    /// believed could be two things.
    #[test]
    fn what_is_canonical_is_read_as_what_it_was_written_from(
        damage in vec((any::<Index>(), 0..4usize, "[ -~é\\t\\n\\r]{0,3}"), 0..4)
    ) {
        let mut text: Vec<char> = BY_XMLSEC1.chars().collect();
        for (place, taken, put) in damage {
            let place = place.index(text.len());
            let end = (place + taken).min(text.len());
            text.splice(place..end, put.chars());
        }
        if let Some(document) = parse(&text.into_iter().collect::<String>()) {
            let written = canonical(&document, &[], None);
            prop_assert_eq!(canonical(&parse(&written).unwrap(), &[], None), written);
        }
    }
}
