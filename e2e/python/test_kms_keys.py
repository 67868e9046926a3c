"""The lives of keys and secrets, through each kind of client, and as the Terraform provider goes about them."""

import json

import pytest

import cloud
from clients import V2, refused
from server import ACCOUNT, REGION

AES_AND_SM4 = ["Aliyun_AES_256", "Aliyun_AES_192", "Aliyun_AES_128", "Aliyun_SM4"]


def describe(client, key):
    return client.kms("DescribeKey", KeyId=key)["KeyMetadata"]


@pytest.mark.parametrize("spec", AES_AND_SM4)
def test_every_version_of_a_key_decrypts(server, connect, spec):
    client = connect(server)
    key = client.kms("CreateKey", KeySpec=spec)["KeyMetadata"]["KeyId"]
    blobs = []
    for number in range(3):
        blobs.append(client.kms("Encrypt", KeyId=key, Plaintext=f"text {number}")["CiphertextBlob"])
        version = client.kms("CreateKeyVersion", KeyId=key)["KeyVersion"]["KeyVersionId"]
        assert describe(client, key)["PrimaryKeyVersion"] == version
    for number, blob in enumerate(blobs):
        assert client.kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == f"text {number}"
    listed = client.kms("ListKeyVersions", KeyId=key)
    assert listed["TotalCount"] == 4
    named = listed["KeyVersions"]["KeyVersion"][0]
    assert client.kms("DescribeKeyVersion", KeyId=key, KeyVersionId=named["KeyVersionId"])["KeyVersion"] == named


def test_a_key_as_terraform_makes_changes_and_destroys_it(server, connect):
    client = connect(server)
    tags = json.dumps([{"TagKey": "team", "TagValue": "a"}])
    made = client.kms("CreateKey", ProtectionLevel="SOFTWARE", Description="first", Tags=tags)["KeyMetadata"]
    key = made["KeyId"]
    for field in ["Arn", "PrimaryKeyVersion", "LastRotationDate", "Creator", "CreationDate", "AutomaticRotation"]:
        assert made[field]
    protect = {"EnableDeletionProtection": True, "DeletionProtectionDescription": "in use"}
    client.kms("SetDeletionProtection", ProtectedResourceArn=made["Arn"], **protect)
    client.kms("UpdateKeyDescription", KeyId=key, Description="second")
    client.kms("UpdateRotationPolicy", KeyId=key, EnableAutomaticRotation=True, RotationInterval="605800s")
    about = describe(client, key)
    expected = ("second", "Enabled", "605800s", "Enabled", "in use")
    fields = ["Description", "AutomaticRotation", "RotationInterval", "DeletionProtection", "DeletionProtectionDescription"]
    assert tuple(about[field] for field in fields) == expected
    with refused(409, "Rejected.StateModifiedFailed"):
        client.kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    client.kms("UpdateRotationPolicy", KeyId=key, EnableAutomaticRotation=False)
    client.kms("SetDeletionProtection", ProtectedResourceArn=made["Arn"], EnableDeletionProtection=False)
    about = describe(client, key)
    assert "RotationInterval" not in about and about["DeletionProtectionDescription"] == ""
    client.kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert describe(client, key)["KeyState"] == "PendingDeletion"
    client.kms("CancelKeyDeletion", KeyId=key)
    assert describe(client, key)["KeyState"] == "Enabled"


def test_aliases_as_terraform_goes_about_them(server, connect):
    client = connect(server)
    first, second = cloud.make_key(client), cloud.make_key(client)
    client.kms("CreateAlias", AliasName="alias/mine", KeyId=first)
    client.kms("UpdateAlias", AliasName="alias/mine", KeyId=second)
    [alias] = client.kms("ListAliases", PageSize=20)["Aliases"]["Alias"]
    arn = f"acs:kms:{REGION}:{ACCOUNT}:alias/mine"
    assert alias == {"AliasName": "alias/mine", "AliasArn": arn, "KeyId": second}
    assert client.kms("ListAliasesByKeyId", KeyId=second)["Aliases"]["Alias"] == [alias]
    assert client.kms("ListAliasesByKeyId", KeyId=first)["Aliases"]["Alias"] == []
    client.kms("DeleteAlias", AliasName="alias/mine")
    assert client.kms("ListAliases")["TotalCount"] == 0


def test_tags_through_the_typed_client(root):
    key = cloud.make_key(root)
    of = {"RegionId": REGION, "ResourceType": "key", "ResourceId": [key]}
    root.kms("TagResources", Tag=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], **of)
    tags = root.kms("ListTagResources", **of)["TagResources"]["TagResource"]
    assert [(tag["ResourceId"], tag["TagKey"], tag["TagValue"]) for tag in tags] == [(key, "a", "1"), (key, "b", "2")]
    root.kms("UntagResources", TagKey=["a"], **of)
    root.kms("TagResource", KeyId=key, Tags=json.dumps([{"TagKey": "c", "TagValue": "3"}]))
    root.kms("UntagResource", KeyId=key, TagKeys=json.dumps(["b"]))
    [tag] = root.kms("ListResourceTags", KeyId=key)["Tags"]["Tag"]
    assert tag == {"KeyId": key, "TagKey": "c", "TagValue": "3"}


def test_a_ciphertext_moves_to_another_key(server, connect):
    client = connect(server)
    source, target = cloud.make_key(client), cloud.make_key(client)
    blob = client.kms("GenerateDataKeyWithoutPlaintext", KeyId=source, NumberOfBytes=16)["CiphertextBlob"]
    moved = client.kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=target)
    assert moved["KeyId"] == source
    opened = client.kms("Decrypt", CiphertextBlob=moved["CiphertextBlob"])
    assert opened["KeyId"] == target
    assert opened["Plaintext"] == client.kms("Decrypt", CiphertextBlob=blob)["Plaintext"]


def test_a_key_policy_shares_a_key_with_a_user_by_name(server, root):
    key = cloud.make_key(root)
    user = V2(server, cloud.make_user(root, "signer"))
    with refused(403, "Forbidden.NoPermission"):
        user.kms("Encrypt", KeyId=key, Plaintext="text")
    policy = json.loads(root.kms("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"])
    shared = {"RAM": [f"acs:ram::{ACCOUNT}:user/signer"]}
    policy["Statement"].append({"Effect": "Allow", "Action": ["kms:Encrypt"], "Principal": shared, "Resource": ["*"]})
    root.kms("SetKeyPolicy", KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    blob = user.kms("Encrypt", KeyId=key, Plaintext="text")["CiphertextBlob"]
    with refused(403, "Forbidden.NoPermission"):
        user.kms("Decrypt", CiphertextBlob=blob)
    assert root.kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == "text"


def test_a_secret_as_terraform_makes_changes_and_destroys_it(server, connect):
    client = connect(server)
    name = {"SecretName": "app/db"}
    value = {"SecretData": "one", "VersionId": "v1"}
    tags = json.dumps([{"TagKey": "team", "TagValue": "a"}])
    made = client.kms("CreateSecret", Description="first", Tags=tags, EnableAutomaticRotation=False, **name, **value)
    assert made["Arn"] == f"acs:kms:{REGION}:{ACCOUNT}:secret/app/db"
    client.kms("PutSecretValue", VersionStages=json.dumps(["ACSCurrent", "ACSNext"]), **name, **value)
    read = client.kms("GetSecretValue", **name)
    assert (read["SecretData"], read["VersionId"], read["SecretDataType"]) == ("one", "v1", "text")
    assert read["VersionStages"]["VersionStage"] == ["ACSCurrent", "ACSNext"]
    client.kms("PutSecretValue", SecretData="two", VersionId="v2", **name)
    client.kms("UpdateSecret", Description="second", **name)
    client.kms("UpdateSecretRotationPolicy", EnableAutomaticRotation=False, **name)
    about = client.kms("DescribeSecret", FetchTags="true", **name)
    assert (about["Description"], about["SecretType"]) == ("second", "Generic")
    assert about["Tags"]["Tag"] == [{"TagKey": "team", "TagValue": "a"}]
    assert client.kms("GetSecretValue", VersionStage="ACSPrevious", **name)["SecretData"] == "one"
    client.kms("UpdateSecretVersionStage", VersionStage="ACSCurrent", MoveToVersion="v1", **name)
    assert client.kms("GetSecretValue", **name)["SecretData"] == "one"
    versions = client.kms("ListSecretVersionIds", **name)["VersionIds"]["VersionId"]
    assert [version["VersionId"] for version in versions] == ["v2", "v1"]
    assert [secret["SecretName"] for secret in client.kms("ListSecrets")["SecretList"]["Secret"]] == ["app/db"]
    client.kms("DeleteSecret", ForceDeleteWithoutRecovery="false", RecoveryWindowInDays="7", **name)
    with refused(409, "Rejected.ResourceInDeleteWindow", "The secret is planned to be deleted."):
        client.kms("GetSecretValue", **name)
    client.kms("RestoreSecret", **name)
    client.kms("DeleteSecret", ForceDeleteWithoutRecovery="true", RecoveryWindowInDays="30", **name)
    with refused(404, "Forbidden.ResourceNotFound", "Resource not found"):
        client.kms("DescribeSecret", **name)


def test_a_secret_under_a_key_and_a_large_one(root):
    key = cloud.make_key(root)
    large = "ä" * 15_000
    root.kms("CreateSecret", SecretName="large", VersionId="v1", SecretData=large, EncryptionKeyId=key)
    assert root.kms("GetSecretValue", SecretName="large")["SecretData"] == large
    root.kms("DisableKey", KeyId=key)
    with refused(409, "Rejected.Disabled"):
        root.kms("GetSecretValue", SecretName="large")


def test_a_random_password_is_of_the_asked_kind(root):
    password = root.kms("GetRandomPassword", PasswordLength="20", ExcludePunctuation="true")["RandomPassword"]
    assert len(password) == 20 and password.isalnum()


def test_secrets_and_versions_outlive_a_restart(server, root):
    key = cloud.make_key(root)
    blob = root.kms("Encrypt", KeyId=key, Plaintext="text")["CiphertextBlob"]
    root.kms("CreateKeyVersion", KeyId=key)
    root.kms("CreateSecret", SecretName="s", VersionId="v1", SecretData="one", EncryptionKeyId=key)
    server.stop()
    server.start()
    again = V2(server)
    assert again.kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == "text"
    assert again.kms("GetSecretValue", SecretName="s")["SecretData"] == "one"
