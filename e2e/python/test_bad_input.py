"""What no client sends: each is answered with a named 4xx, changes nothing, and the server goes on."""

import json
import re
import uuid

import pytest

import cloud
import signing
from clients import ROOT, Key, V2, refused
from server import REGION
from signing import send, send_v1, send_v3, v1

pytestmark = pytest.mark.usefixtures("unharmed")

ENABLE, STATUS = "EnableDiskEncryptionByDefault", "DescribeDiskEncryptionByDefaultStatus"
HERE = {"RegionId": REGION}
UNPARSABLE = (
    400,
    "ParseRequestParameterException",
    "Server parse parameters exception. Please check your input params.",
)
UNKNOWN_ACTION = (
    400,
    "InvalidAction.NotFound",
    "Specified api is not found, please check your url and method.",
)
INVALID_VERSION = (400, "InvalidVersion", "Specified parameter Version is not valid.")
EXPIRED = (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
MALFORMED_TIME = (400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
NONCE_USED = (400, "SignatureNonceUsed", "Specified signature nonce was used already.")
REQUEST_ID = r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"


def missing(name):
    return (400, f"Missing{name}", f"{name} is mandatory for this action.")


# ---- A good request, so that the bad ones are bad for the reason they claim ----


@pytest.mark.parametrize("method, form", [("GET", False), ("POST", False), ("POST", True)])
def test_a_v1_request_signed_by_hand_is_answered(server, method, form):
    answer = send_v1(server, v1(STATUS, method=method, **HERE), method, form=form)
    assert answer.status == 200 and answer.json["Encrypted"] is False
    assert re.fullmatch(REQUEST_ID, answer.json["RequestId"])
    assert answer.headers["x-acs-request-id"] == answer.json["RequestId"]
    assert answer.headers["content-type"] == "application/json;charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_v3_request_signed_by_hand_is_answered(server, method):
    answer = send_v3(server, STATUS, query=HERE, method=method)
    assert answer.status == 200 and answer.json["Encrypted"] is False


def test_a_v3_body_carries_parameters_as_a_form_or_as_json(server):
    form = send_v3(server, STATUS, body=b"RegionId=cn-hangzhou", content_type="application/x-www-form-urlencoded")
    as_json = send_v3(
        server, STATUS, body=b'{"RegionId":"cn-hangzhou"}', content_type="application/json; charset=utf-8"
    )
    assert (form.status, as_json.status) == (200, 200)


def test_an_error_has_every_member_that_clients_read(server):
    answer = send_v1(server, v1("Nonsense"))
    body = answer.json
    assert set(body) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert all(isinstance(text, str) for text in body.values())
    assert body["HostId"] == server.address and body["RequestId"] in body["Recommend"]


def test_without_a_format_v1_is_answered_in_xml(server):
    answer = send_v1(server, v1("Nonsense", remove=["Format"]))
    assert answer.status == 400 and answer.headers["content-type"] == "text/xml;charset=utf-8"
    assert b"<Error><RequestId>" in answer.body and b"<Code>InvalidAction.NotFound</Code>" in answer.body
    answer = send_v1(server, v1(STATUS, remove=["Format"], **HERE))
    assert answer.body.endswith(b"<Encrypted>false</Encrypted></DescribeDiskEncryptionByDefaultStatusResponse>")


# ---- What is not there ----


@pytest.mark.parametrize(
    "action", ["Nonsense", "CreateAutoProvisioningGroup", STATUS.lower(), STATUS + " ", "CreateKey", "é", "../.."]
)
def test_an_unknown_action_is_a_400(server, action):
    assert send_v1(server, v1(action, **HERE)).error == UNKNOWN_ACTION


@pytest.mark.parametrize("action", ["Nonsense", "CreateAutoProvisioningGroup", STATUS.lower()])
def test_an_unknown_action_is_a_400_in_v3(server, action):
    assert send_v3(server, action, query=HERE).error == UNKNOWN_ACTION


@pytest.mark.parametrize("version", ["2014-05-27", "x", "2014-05-26 ", "2016-01-2"])
def test_an_unknown_version_is_a_400(server, version):
    assert send_v1(server, v1(STATUS, Version=version, **HERE)).error == INVALID_VERSION
    assert (
        send_v3(server, STATUS, query=HERE, headers={"x-acs-version": version.strip() + "x"}).error == INVALID_VERSION
    )


@pytest.mark.parametrize(
    "product, action, parameters",
    [
        ("ecs", "DescribeAutoProvisioningGroups", HERE),
        ("kms", "ConnectKmsInstance", {"KmsInstanceId": "kst-1"}),
    ],
)
def test_what_the_vendor_has_and_the_server_has_not_is_a_400_to_the_clients(server, product, action, parameters):
    with refused(*UNKNOWN_ACTION):
        V2(server).call(product, action, **parameters)


def test_the_version_of_another_product_does_not_have_the_action(server):
    assert send_v1(server, v1(ENABLE, Version="2016-01-20", **HERE)).error == UNKNOWN_ACTION


@pytest.mark.parametrize("path", ["/nonsense", "/ecs/more", "/admin", "/%2e%2e/etc/passwd", "/ecs%00"])
def test_an_unknown_product_is_a_400(server, path):
    expected = (400, "InvalidProduct.NotFound", "Cannot find product according to your specified domain.")
    assert send_v1(server, v1(STATUS, **HERE), path=path).error == expected
    assert send_v1(server, v1(ENABLE, method="POST", **HERE), "POST", path=path).error == expected


def test_a_path_or_host_of_another_product_is_refused(server):
    assert send_v1(server, v1(STATUS, **HERE), path="/ecs").status == 200
    assert send_v1(server, v1(ENABLE, **HERE), path="/kms").error == INVALID_VERSION
    host = {"Host": "kms.cn-hangzhou.aliyuncs.com"}
    assert send_v1(server, v1(ENABLE, **HERE), headers=host).error == INVALID_VERSION


# ---- Parameters ----


@pytest.mark.parametrize("name", ["Action", "Version"])
def test_a_request_must_say_what_it_wants(server, name):
    assert send_v1(server, v1(ENABLE, remove=[name], **HERE)).error == missing(name)
    assert send_v1(server, v1(ENABLE, **({name: ""} | HERE))).error == missing(name)
    header = f"x-acs-{name.lower()}"
    assert send_v3(server, ENABLE, query=HERE, remove=[header]).error == missing(name)


@pytest.mark.parametrize("name", ["AccessKeyId", "Timestamp", "SignatureMethod"])
def test_a_v1_request_must_have_what_its_signature_needs(server, name):
    assert send_v1(server, v1(ENABLE, remove=[name], **HERE)).error == missing(name)
    assert send_v1(server, v1(ENABLE, **({name: ""} | HERE))).error == missing(name)


def test_a_request_without_a_signature_is_refused(server):
    parameters = v1(ENABLE, **HERE)
    del parameters["Signature"]
    assert send_v1(server, parameters).error == missing("Signature")
    assert send_v1(server, parameters | {"Signature": ""}).error == missing("Signature")
    del parameters["AccessKeyId"]
    assert send_v1(server, parameters).error == missing("AccessKeyId")
    headers = signing.v3(server.address, ENABLE, query=HERE)
    del headers["Authorization"]
    assert send(server, f"/?{signing.query_of(HERE)}", "POST", headers=headers).status == 400


def test_an_empty_request_is_refused(server):
    for method in ["GET", "POST"]:
        assert send(server, "/", method).error == missing("Action")


@pytest.mark.parametrize("name", ["RegionId", "Action", "SignatureNonce", "Signature", "AccessKeyId"])
def test_a_parameter_that_stands_twice_is_refused(server, name):
    parameters = v1(ENABLE, **HERE)
    text = signing.query_of(parameters) + f"&{name}={signing.percent(parameters[name])}"
    assert send(server, f"/?{text}").error == UNPARSABLE
    answer = send(server, "/", "POST", body=text, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.error == UNPARSABLE


def test_an_empty_parameter_counts_as_missing(server):
    for text in ["", None]:
        given = {} if text is None else {"RegionId": text}
        assert send_v1(server, v1(ENABLE, **given)).error == missing("RegionId")
        assert send_v3(server, ENABLE, query=given).error == missing("RegionId")


@pytest.mark.parametrize(
    "raw",
    [
        "=1",
        "RegionId=%",
        "RegionId=%4",
        "RegionId=%zz",
        "RegionId=%ff",
        "RegionId=%c3%28",
        "RegionId=%00",
        "%ff=1",
        "a%00=1",
        "RegionId=%ed%a0%80",
        "RegionId=%%",
    ],
)
def test_what_does_not_decode_is_refused(server, raw):
    text = signing.query_of(v1(ENABLE))
    assert send(server, f"/?{text}&{raw}").error == UNPARSABLE
    answer = send(server, f"/?{text}", "POST", body=raw, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.error == UNPARSABLE


def test_bytes_that_are_no_text_are_refused_where_they_stand_bare(server):
    text = signing.query_of(v1(ENABLE)).encode()
    answer = send(
        server,
        "/",
        "POST",
        body=text + b"&RegionId=\xff\xfe",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.error == UNPARSABLE


def test_what_is_longer_than_any_parameter_is_refused(server):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for raw in ["RegionId=" + "x" * 100_001, "n" * 300 + "=1", "&".join(f"p{n}=1" for n in range(1100))]:
        assert send(server, "/", "POST", body=f"{signing.query_of(v1(ENABLE))}&{raw}", headers=form).error == UNPARSABLE


def test_a_long_value_that_is_in_bounds_is_judged_by_the_operation(server):
    answer = send_v1(server, v1(ENABLE, method="POST", RegionId="x" * 100_000), form=True)
    assert answer.error == (403, "InvalidParameter.RegionIdNotExists", "The specified region does not exists.")


@pytest.mark.parametrize(
    "name, value",
    [
        ("Size", "twenty"),
        ("Size", "20.5"),
        ("Size", "0x14"),
        ("Size", "1e2"),
        ("Size", "99999999999999999999"),
        ("Size", " 20"),
        ("Encrypted", "yes"),
        ("Encrypted", "1"),
        ("Tag.x.Key", "a"),
        ("Tag.0.Key", "a"),
        ("Tag.-1.Key", "a"),
        ("Tag.99999999999.Key", "a"),
        ("ProvisionedIops", "many"),
        ("BurstingEnabled", "maybe"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_400(server, name, value):
    given = (
        {"ZoneId": cloud.ZONE, "DiskCategory": "cloud_essd", "Size": "20", "Encrypted": "true"} | HERE | {name: value}
    )
    status, code, _ = send_v1(server, v1("CreateDisk", **given)).error
    assert status == 400 and code.startswith("Invalid"), code


@pytest.mark.parametrize("text", ["[]x", "{}", '"d-1"', "[1]", "[" * 5000, '["d-1"', "null", "[null]"])
def test_a_list_that_is_no_json_list_is_refused(server, text):
    answer = send_v1(server, v1("DescribeDisks", DiskIds=text, method="POST", **HERE), form=True)
    assert answer.error == (400, "InvalidParameter.DiskIds", "The specified parameter diskIds is not valid.")


def test_unknown_parameters_are_ignored(server):
    extra = {
        "AcceptLanguage": "en-US",
        "SourceIp": "127.0.0.1",
        "SecureTransport": "true",
        "SignatureType": "",
        "Nonsense": "é",
    }
    assert send_v1(server, v1(STATUS, **(HERE | extra))).status == 200


# ---- Bodies ----


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense", "é/é"]
)
def test_a_body_of_an_unknown_type_is_refused(server, kind):
    parameters = signing.query_of(v1(ENABLE, method="POST", **HERE))
    answer = send(server, "/", "POST", body=parameters, headers={"Content-Type": kind.encode("latin-1", "replace")})
    assert answer.status == 400 and answer.json["Code"] in {
        "InvalidParameter.ContentType",
        "ParseRequestParameterException",
    }


def test_a_json_body_is_not_taken_where_the_signature_does_not_cover_it(server):
    parameters = signing.query_of(v1(ENABLE, method="POST"))
    answer = send(
        server, f"/?{parameters}", "POST", body=json.dumps(HERE), headers={"Content-Type": "application/json"}
    )
    assert answer.status == 400 and answer.json["Code"] == "InvalidParameter.ContentType"


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"x"', b'{"a":1,"a":2}', b"\xff", b"[" * 50_000, b'{"a":' * 5000, b'{"RegionId":}']
)
def test_a_body_that_is_no_json_object_is_refused(server, body):
    assert send_v3(server, ENABLE, body=body, content_type="application/json").error == UNPARSABLE


def test_a_body_that_is_not_the_one_signed_is_refused(server):
    headers = signing.v3(server.address, ENABLE, body=b'{"RegionId":"cn-nanjing"}', content_type="application/json")
    answer = send(server, "/", "POST", body=json.dumps(HERE), headers=headers)
    assert answer.status == 400 and answer.json["Code"] == "SignatureDoesNotMatch"


def test_a_wrong_content_md5_is_refused(server):
    parameters = v1(ENABLE, method="POST", **HERE)
    answer = send_v1(server, parameters, form=True, headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
    expected = "Specified content md5 is not matched with your request body."
    assert answer.error == (400, "ContentMD5NotMatched", expected)


# ---- Time and nonces ----


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 365, 60 * 24 * 365])
def test_a_timestamp_outside_the_window_is_refused(server, minutes):
    when = signing.stamp(minutes)
    assert send_v1(server, v1(ENABLE, Timestamp=when, **HERE)).error == EXPIRED
    assert send_v3(server, ENABLE, query=HERE, headers={"x-acs-date": when}).error == EXPIRED


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_timestamp_inside_the_window_is_accepted(server, minutes):
    assert send_v1(server, v1(STATUS, Timestamp=signing.stamp(minutes), **HERE)).status == 200


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2026-01-01",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00+08:00",
        "2026-01-01 00:00:00",
        "1767225600",
        "99999-01-01T00:00:00Z",
    ],
)
def test_a_timestamp_that_is_none_is_refused(server, text):
    assert send_v1(server, v1(ENABLE, Timestamp=text, **HERE)).error == MALFORMED_TIME
    assert send_v3(server, ENABLE, query=HERE, headers={"x-acs-date": text}).error == MALFORMED_TIME


def test_a_request_counts_once(server):
    once = v1("DisableDiskEncryptionByDefault", **HERE)
    assert send_v1(server, once).json["Code"] == "InvalidDefaultEncryption.NotFound"
    assert send_v1(server, once).error == NONCE_USED
    again = v1(STATUS, SignatureNonce=once["SignatureNonce"], **HERE)
    assert send_v1(server, again).error == NONCE_USED
    headers = signing.v3(server.address, STATUS, query=HERE)
    for expected in [200, 400]:
        answer = send(server, f"/?{signing.query_of(HERE)}", "POST", headers=headers)
        assert answer.status == expected
    assert answer.error == NONCE_USED


def test_a_write_can_not_be_replayed_after_a_restart(server):
    once = v1("DisableDiskEncryptionByDefault", **HERE)
    assert send_v1(server, once).json["Code"] == "InvalidDefaultEncryption.NotFound"
    server.stop()
    server.start()
    assert send_v1(server, once).error == NONCE_USED


def test_a_forged_request_does_not_use_up_a_nonce(server):
    nonce = str(uuid.uuid4())
    forged = v1(STATUS, Key(ROOT.key_id, "wrong-secret"), SignatureNonce=nonce, **HERE)
    assert send_v1(server, forged).json["Code"] == "SignatureDoesNotMatch"
    assert send_v1(server, v1(STATUS, SignatureNonce=nonce, **HERE)).status == 200


def test_an_empty_nonce_is_a_nonce(server):
    assert send_v1(server, v1(STATUS, SignatureNonce="", **HERE)).status == 200
    assert send_v1(server, v1(STATUS, SignatureNonce="", **HERE)).error == NONCE_USED


# ---- Signatures and tokens ----


def test_a_wrong_v1_signature_shows_what_the_server_signed(server):
    wrong = v1(ENABLE, Key(ROOT.key_id, "wrong-secret"), Odd="a b*~+/é", **HERE)
    status, code, message = send_v1(server, wrong).error
    told = message.removeprefix("Specified signature is not matched with our calculation. server string to sign is:")
    assert (status, code) == (400, "SignatureDoesNotMatch")
    assert told == signing.v1_string("GET", {name: text for name, text in wrong.items() if name != "Signature"})


def test_a_wrong_v3_signature_shows_what_the_server_signed(server):
    answer = send_v3(server, ENABLE, query=HERE, key=Key(ROOT.key_id, "wrong-secret"))
    status, code, message = answer.error
    assert (status, code) == (400, "SignatureDoesNotMatch")
    found = re.fullmatch(
        r"Specified signature does not match our calculation\. server StringToSign is \[ACS3-HMAC-SHA256\n[0-9a-f]{64}\] "
        r"server CanonicalRequest is \[POST\n/\nRegionId=cn-hangzhou\n.*\]",
        message,
        re.DOTALL,
    )
    assert found, message
    assert "secret" not in message


@pytest.mark.parametrize(
    "name, value", [("RegionId", "cn-beijing"), ("Action", STATUS), ("Format", "XML"), ("Added", "1")]
)
def test_a_parameter_changed_after_signing_is_noticed(server, name, value):
    changed = v1(ENABLE, **HERE) | {name: value}
    answer = send_v1(server, changed)
    assert answer.status == 400 and b"SignatureDoesNotMatch" in answer.body


@pytest.mark.parametrize("signature", ["x", "AAAA", "é", "A" * 5000, "%", "=" * 28])
def test_a_signature_that_is_none_is_refused(server, signature):
    answer = send_v1(server, v1(ENABLE, **HERE) | {"Signature": signature})
    assert answer.status == 400 and answer.json["Code"] == "SignatureDoesNotMatch"


def test_a_v1_signature_made_for_the_other_method_is_refused(server):
    assert send_v1(server, v1(ENABLE, method="POST", **HERE), "GET").json["Code"] == "SignatureDoesNotMatch"
    assert send_v1(server, v1(ENABLE, method="GET", **HERE), "POST").json["Code"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "text, code",
    [
        ("ACS3-HMAC-SHA256", "IncompleteSignature"),
        ("ACS3-HMAC-SHA256 Credential=x", "IncompleteSignature"),
        ("ACS3-HMAC-SHA256 Credential=,SignedHeaders=,Signature=", "IncompleteSignature"),
        ("ACS3-HMAC-SHA256 Credential=a,Credential=b,SignedHeaders=host,Signature=c", "IncompleteSignature"),
        ("ACS3-HMAC-MD5 Credential=a,SignedHeaders=host,Signature=c", "InvalidSignatureMethod"),
        ("ACS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=c", "IncompleteSignature"),
        ("ACS9-NONSENSE x", "InvalidSignatureMethod"),
    ],
)
def test_an_authorization_that_is_none_is_refused(server, text, code):
    headers = signing.v3(server.address, ENABLE, query=HERE) | {"Authorization": text}
    answer = send(server, f"/?{signing.query_of(HERE)}", "POST", headers=headers)
    assert (answer.status, answer.json["Code"]) == (400, code)


@pytest.mark.parametrize(
    "name", ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-content-sha256", "x-acs-signature-nonce"]
)
def test_a_v3_signature_must_cover_what_the_server_relies_on(server, name):
    headers = signing.v3(server.address, ENABLE, query=HERE, remove=[name]) | {
        name: signing.v3(server.address, ENABLE)[name]
    }
    answer = send(server, f"/?{signing.query_of(HERE)}", "POST", headers=headers)
    assert (answer.status, answer.json["Code"]) == (400, "IncompleteSignature")


def test_an_unknown_signature_method_or_version_is_refused(server):
    answer = send_v1(server, v1(ENABLE, SignatureMethod="HMAC-MD5", **HERE))
    assert answer.error == (400, "InvalidSignatureMethod", "Specified signature method is not supported.")
    answer = send_v1(server, v1(ENABLE, SignatureVersion="2.0", **HERE))
    assert (answer.status, answer.json["Code"]) == (400, "IncompleteSignature")


def test_a_bearer_token_is_refused(server):
    answer = send_v1(
        server,
        {
            "Action": ENABLE,
            "Version": signing.ECS_VERSION,
            "Format": "JSON",
            "SignatureType": "BEARERTOKEN",
            "BearerToken": "x",
        }
        | HERE,
    )
    assert answer.status == 400
    answer = send(
        server,
        "/",
        "POST",
        headers={
            "Authorization": "Bearer x",
            "x-acs-action": ENABLE,
            "x-acs-version": signing.ECS_VERSION,
            "x-acs-date": signing.stamp(),
        },
    )
    assert answer.status == 400


@pytest.mark.parametrize("key_id", ["x", "LTAI5tUnknownUnknown0000", "é", "a" * 5000, "' OR 1=1 --"])
def test_an_access_key_that_does_not_exist_is_refused(server, key_id):
    answer = send_v1(server, v1(ENABLE, Key(key_id, "secret"), method="POST", **HERE), form=True)
    assert answer.error == (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")


def session_of(server):
    """A session that may do everything in ECS."""
    root = V2(server)
    trusted = cloud.trust(RAM=["acs:ram::1234567890123456:root"])
    root.ram("CreateRole", RoleName="operator", AssumeRolePolicyDocument=trusted)
    root.ram("AttachPolicyToRole", PolicyType="System", PolicyName="AliyunECSFullAccess", RoleName="operator")
    user = V2(server, cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess"))
    made = user.sts("AssumeRole", RoleArn="acs:ram::1234567890123456:role/operator", RoleSessionName="raw")[
        "Credentials"
    ]
    return Key(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])


def test_a_tampered_token_is_refused(server):
    session = session_of(server)
    assert send_v1(server, v1(STATUS, session, **HERE)).status == 200
    token = session.token
    swapped = token[:40] + ("B" if token[40] == "A" else "A") + token[41:]
    for other in [swapped, token[:-4], token + "AAAA", "nonsense", "A" * 20_000, token.swapcase()]:
        changed = Key(session.key_id, session.secret, other)
        expected = (400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        assert send_v1(server, v1(ENABLE, changed, method="POST", **HERE), form=True).error == expected
        assert send_v3(server, ENABLE, query=HERE, key=changed).error == expected


def test_a_token_belongs_to_its_key(server):
    session = session_of(server)
    mismatch = (
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
        "Specified SecurityToken mismatch with the AccessKey.",
    )
    assert send_v1(server, v1(ENABLE, Key(ROOT.key_id, ROOT.secret, session.token), **HERE)).error == mismatch
    without = Key(session.key_id, session.secret)
    assert send_v1(server, v1(ENABLE, without, **HERE)).error == missing("SecurityToken")
    assert send_v3(server, ENABLE, query=HERE, key=without).error == missing("SecurityToken")
    wrong = Key(session.key_id, "wrong-secret", session.token)
    assert send_v1(server, v1(ENABLE, wrong, **HERE)).json["Code"] == "SignatureDoesNotMatch"


def test_secrets_are_not_in_the_log(server):
    session = session_of(server)
    send_v1(server, v1(STATUS, session, **HERE))
    send_v1(server, v1(ENABLE, Key(ROOT.key_id, "wrong-secret"), **HERE))
    log = (server.data.parent / f"{server.data.name}.log").read_text()
    for secret in [ROOT.secret, session.secret, session.token]:
        assert secret not in log
