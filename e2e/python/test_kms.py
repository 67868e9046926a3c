"""Keys and what is done with them, through each kind of client."""

import base64
import json

import pytest

import cloud
import signing
from clients import Legacy, V2, refused
from server import ACCOUNT, REGION

DISABLED = (409, "Rejected.Disabled", "The request was rejected because the key state is Disabled.")
PENDING = (409, "Rejected.PendingDeletion", "The request was rejected because the key state is PendingDeletion.")
NOT_FOUND = (404, "Forbidden.KeyNotFound", "The specified Key is not found.")
UNKNOWN_KEY = "0e478b7a-4262-4802-b8cb-00d3fb40826X"


def encrypt(client, key, plaintext, **context):
    return client.kms("Encrypt", KeyId=key, Plaintext=plaintext, **context)["CiphertextBlob"]


def decrypt(client, blob, **context):
    return client.kms("Decrypt", CiphertextBlob=blob, **context)["Plaintext"]


@pytest.mark.parametrize(
    "plaintext",
    ["plaintext", "cGxhaW4=", "-----BEGIN X-----\n!*'()~ +%2B&=\n", "密钥", " ", "a" * 8192],
    ids=["not_base64", "base64", "reserved_characters", "chinese", "a_blank", "6_kib"],
)
def test_a_text_comes_back_as_it_was_encrypted(server, connect, plaintext):
    client = connect(server)
    key = cloud.make_key(client)
    blob = encrypt(client, key, plaintext)
    assert plaintext.strip() == "" or plaintext not in base64.b64decode(blob).decode("latin-1")
    assert decrypt(client, blob) == plaintext


def test_a_text_that_is_too_long_is_refused(server, root):
    with refused(400, "InvalidParameter", 'The specified parameter "Plaintext" is not valid.'):
        encrypt(root, cloud.make_key(root), "a" * 8193)


def test_the_context_must_be_the_same_in_any_order(server, connect):
    client = connect(server)
    blob = encrypt(client, cloud.make_key(client), "text", EncryptionContext={"a": "1", "b": "2"})
    assert decrypt(client, blob, EncryptionContext={"b": "2", "a": "1"}) == "text"
    wrong = [{}, {"a": "1"}, {"a": "2", "b": "1"}, {"a": "1", "b": "2", "c": "3"}, {"a1": "", "b": "2"}]
    for context in wrong:
        with refused(400, "InvalidParameter"):
            decrypt(client, blob, EncryptionContext=context)
    with refused(400, "InvalidParameter"):
        decrypt(client, blob)


def test_an_empty_context_is_no_context(server, connect):
    client = connect(server)
    key = cloud.make_key(client)
    assert decrypt(client, encrypt(client, key, "text", EncryptionContext={})) == "text"
    assert decrypt(client, encrypt(client, key, "text"), EncryptionContext={}) == "text"


def test_a_ciphertext_of_one_client_is_read_by_another(server):
    v2, legacy = V2(server), Legacy(server)
    key, context = cloud.make_key(v2), {"name": "a b+c/ä"}
    blob = encrypt(v2, key, "text", EncryptionContext=context)
    assert decrypt(legacy, blob, EncryptionContext=context) == "text"
    blob = encrypt(legacy, key, "text", EncryptionContext=context)
    assert decrypt(v2, blob, EncryptionContext=context) == "text"


def test_a_changed_ciphertext_is_refused_wherever_it_was_changed(server, root):
    blob = base64.b64decode(encrypt(root, cloud.make_key(root), "text"))
    for place in range(0, len(blob), 7):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises(Exception) as raised:
            decrypt(root, base64.b64encode(changed).decode())
        # A changed version names no key; anything else can't be told apart.
        assert raised.value.triple[:2] in [(400, "InvalidParameter"), (404, "Forbidden.KeyNotFound")], place
    for text in ["nonsense", "AAAA", base64.b64encode(blob[:-1]).decode(), base64.b64encode(blob + b"x").decode()]:
        with refused(400, "InvalidParameter"):
            decrypt(root, text)


@pytest.mark.parametrize(
    "asked, length",
    [({}, 32), ({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 64}, 64)],
)
def test_a_data_key_is_as_long_as_asked_and_its_ciphertext_gives_it_back(server, connect, asked, length):
    client = connect(server)
    key = cloud.make_key(client)
    context = {"EncryptionContext": {"disk": "d-1"}}
    made = client.kms("GenerateDataKey", KeyId=key, **asked, **context)
    assert made["KeyId"] == key and len(base64.b64decode(made["Plaintext"])) == length
    assert decrypt(client, made["CiphertextBlob"], **context) == made["Plaintext"]
    again = client.kms("GenerateDataKey", KeyId=key, **asked, **context)
    assert again["Plaintext"] != made["Plaintext"]


@pytest.mark.parametrize("asked", [{"KeySpec": "AES_512"}, {"NumberOfBytes": 0}, {"NumberOfBytes": 1025}])
def test_a_data_key_of_a_length_that_does_not_exist_is_refused(server, root, asked):
    key = cloud.make_key(root)
    with refused(400, "InvalidParameter"):
        root.kms("GenerateDataKey", KeyId=key, **asked)


def test_a_key_goes_through_its_states(server, connect):
    client = connect(server)
    key = cloud.make_key(client)
    state = lambda: client.kms("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"]
    uses = [
        ("Encrypt", {"KeyId": key, "Plaintext": "text"}),
        ("Decrypt", {"CiphertextBlob": encrypt(client, key, "text")}),
        ("GenerateDataKey", {"KeyId": key}),
    ]
    assert state() == "Enabled"
    for _ in range(2):
        client.kms("DisableKey", KeyId=key)
        assert state() == "Disabled"
    for action, parameters in uses:
        with refused(*DISABLED):
            client.kms(action, **parameters)
    with refused(409, "Rejected.StateModifiedFailed"):
        client.kms("CancelKeyDeletion", KeyId=key)
    for _ in range(2):
        client.kms("EnableKey", KeyId=key)
        assert state() == "Enabled"
    client.kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=30)
    assert state() == "PendingDeletion"
    assert client.kms("DescribeKey", KeyId=key)["KeyMetadata"]["DeleteDate"] != ""
    for action, parameters in uses:
        with refused(*PENDING):
            client.kms(action, **parameters)
    for action in ["EnableKey", "DisableKey"]:
        with refused(409, "Rejected.StateModifiedFailed"):
            client.kms(action, KeyId=key)
    with refused(409, "Rejected.StateModifiedFailed"):
        client.kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=30)
    client.kms("CancelKeyDeletion", KeyId=key)
    assert state() == "Enabled"
    assert client.kms("Decrypt", **uses[1][1])["Plaintext"] == "text"


@pytest.mark.parametrize("days", [0, 6, 367, -1])
def test_a_window_outside_the_limits_is_refused(server, root, days):
    key = cloud.make_key(root)
    with refused(400, "InvalidParameter"):
        root.kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=days)
    assert root.kms("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_an_unknown_key_is_not_found(server, connect):
    client = connect(server)
    for action in ["DescribeKey", "EnableKey", "DisableKey", "CancelKeyDeletion", "GenerateDataKey"]:
        with refused(*NOT_FOUND):
            client.kms(action, KeyId=UNKNOWN_KEY)


def test_a_key_has_the_metadata_that_it_was_made_with(server, connect):
    client = connect(server)
    made = client.kms("CreateKey", Description="for disks", ProtectionLevel="SOFTWARE")["KeyMetadata"]
    protection = {"DeletionProtection": "Disabled", "DeletionProtectionDescription": ""}
    assert made | protection == client.kms("DescribeKey", KeyId=made["KeyId"])["KeyMetadata"]
    assert made["Arn"] == f"acs:kms:{REGION}:{ACCOUNT}:key/{made['KeyId']}"
    assert made["Description"] == "for disks" and made["Creator"] == ACCOUNT
    assert (made["KeySpec"], made["KeyUsage"], made["Origin"]) == ("Aliyun_AES_256", "ENCRYPT/DECRYPT", "Aliyun_KMS")
    assert client.kms("DescribeKey", KeyId=made["Arn"])["KeyMetadata"] == made | protection


def test_an_alias_stands_for_its_key(server, connect):
    client = connect(server)
    key, other = cloud.make_key(client), cloud.make_key(client)
    client.kms("CreateAlias", AliasName="alias/disks", KeyId=key)
    assert decrypt(client, encrypt(client, "alias/disks", "text")) == "text"
    assert client.kms("DescribeKey", KeyId="alias/disks")["KeyMetadata"]["KeyId"] == key
    listed = client.kms("ListAliases", PageSize=100)["Aliases"]["Alias"]
    assert listed == [{"AliasName": "alias/disks", "KeyId": key, "AliasArn": f"acs:kms:{REGION}:{ACCOUNT}:alias/disks"}]
    with refused(400, "AliasAlreadyExists", "AliasName Already Exists."):
        client.kms("CreateAlias", AliasName="alias/disks", KeyId=other)
    with refused(400, "InvalidParameter"):
        client.kms("CreateAlias", AliasName="disks", KeyId=other)
    with refused(404, "Forbidden.AliasNotFound", "The specified Alias is not found."):
        encrypt(client, "alias/missing", "text")
    with refused(400, "Unsupported.Alias", "Alias is not valid for this api."):
        client.kms("DisableKey", KeyId="alias/disks")


def test_the_filter_acs_ecs_finds_the_key_that_describe_shows(server, connect):
    client = connect(server)
    cloud.make_key(client)
    assert cloud.keys_where(client, "AliasName", "acs/ecs") == []
    cloud.enable(client)
    service_key = cloud.default_key(client)
    for name, value in [("AliasName", "acs/ecs"), ("AliasName", "alias/acs/ecs"), ("CreatorType", "Service")]:
        assert cloud.keys_where(client, name, value) == [service_key]
    assert service_key not in cloud.keys_where(client, "CreatorType", "User")


def test_keys_are_listed_by_pages_and_filters(server, connect):
    client = connect(server)
    made = {cloud.make_key(client) for _ in range(5)}
    pages = [client.kms("ListKeys", PageNumber=number, PageSize=2) for number in [1, 2, 3, 4]]
    listed = [[key["KeyId"] for key in page["Keys"]["Key"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1, 0] and set(sum(listed, [])) == made
    assert {(page["TotalCount"], page["PageSize"]) for page in pages} == {(5, 2)}
    off = min(made)
    client.kms("DisableKey", KeyId=off)
    assert cloud.keys_where(client, "KeyState", "Disabled") == [off]
    assert set(cloud.keys_where(client, "KeyState", "Enabled", "Disabled")) == made
    for filters in ["nonsense", "[1]", '[{"Key":"Colour","Values":["red"]}]', "{}"]:
        with refused(400, "InvalidParameter"):
            client.kms("ListKeys", Filters=filters)


def test_nobody_changes_or_uses_the_service_key(server, root):
    cloud.enable(root)
    service_key = cloud.default_key(root)
    tries = [
        ("DisableKey", {}),
        ("EnableKey", {}),
        ("ScheduleKeyDeletion", {"PendingWindowInDays": 7}),
        ("CreateAlias", {"AliasName": "alias/mine"}),
        ("Encrypt", {"Plaintext": "text"}),
        ("GenerateDataKey", {}),
    ]
    for action, more in tries:
        with refused(400, "Rejected.UnsupportedOperation", "Unsupported operation."):
            root.kms(action, KeyId=service_key, **more)
    assert root.kms("DescribeKey", KeyId=service_key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_kms_is_opened_once(serve):
    root = V2(serve("--kms", "unopened"))
    assert root.kms("DescribeAccountKmsStatus")["AccountStatus"] != "Enabled"
    for action, parameters in [("CreateKey", {}), ("ListKeys", {}), ("ListAliases", {})]:
        with refused(403, "Forbidden.KmsServiceNotEnabled"):
            root.kms(action, **parameters)
    root.kms("OpenKmsService")
    assert root.kms("DescribeAccountKmsStatus")["AccountStatus"] == "Enabled"
    cloud.make_key(root)
    with refused(400, "Forbidden.Opened", "Your kms service has been opened."):
        root.kms("OpenKmsService")


def scoped(server, region):
    """The V2 SDK whose signature names a region."""
    return V2(server, region=region, signature_version="v4")


@pytest.mark.parametrize("connect", [Legacy, scoped])
def test_a_key_is_of_one_region(server, connect):
    here, there = connect(server, region=REGION), connect(server, region="cn-beijing")
    key = cloud.make_key(here)
    blob = encrypt(here, key, "text")
    assert here.kms("ListKeys")["TotalCount"] == 1 and there.kms("ListKeys")["TotalCount"] == 0
    with refused(*NOT_FOUND):
        there.kms("DescribeKey", KeyId=key)
    with refused(*NOT_FOUND):
        decrypt(there, blob)
    here.kms("CreateAlias", AliasName="alias/mine", KeyId=key)
    with refused(404, "Forbidden.AliasNotFound"):
        encrypt(there, "alias/mine", "text")
    assert ":cn-beijing:" in there.kms("CreateKey")["KeyMetadata"]["Arn"]


def test_the_host_names_the_region_where_no_parameter_does(server):
    key = cloud.make_key(scoped(server, "cn-beijing"))
    for region, status in [("cn-beijing", 200), (REGION, 404)]:
        parameters = signing.v1("DescribeKey", Version="2016-01-20", KeyId=key)
        answer = signing.send_v1(server, parameters, headers={"Host": f"kms.{region}.aliyuncs.com"})
        assert answer.status == status


def test_the_v4_signature_of_the_kms_client_is_accepted(server):
    client = V2(server, signature_version="v4")
    key = cloud.make_key(client)
    context = {"EncryptionContext": {"a b": "ä~*'"}}
    assert decrypt(client, encrypt(client, key, "a b", **context), **context) == "a b"


def test_a_context_that_is_no_object_of_strings_is_refused(server):
    client = Legacy(server)
    key = cloud.make_key(client)
    for context in ["nonsense", "[]", '{"a":1}', '{"a":{}}', '{"a":"1","a":"2"}', json.dumps({"a": "x" * 9000})]:
        with refused(400, "InvalidParameter"):
            encrypt(client, key, "text", EncryptionContext=context)
