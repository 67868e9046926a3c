"""Secrets that are shared by a policy and secrets that KMS rotates, through the official clients."""

import json

import cloud
from clients import V2, Key, refused
from server import ACCOUNT

ROLE = "AliyunKMSManagedRAMCrendentialsRole"
POLICY = "AliyunKMSManagedRAMCrendentialsRolePolicy"
ACCESS_KEYS = ["ram:ListAccessKeys", "ram:CreateAccessKey", "ram:DeleteAccessKey", "ram:UpdateAccessKey"]


def manage(root, user):
    """Has KMS manage the access key of a new user: that key, and the secret's name."""
    root.ram("CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=cloud.trust(Service=["kms.aliyuncs.com"]))
    root.ram("CreatePolicy", PolicyName=POLICY, PolicyDocument=cloud.document(cloud.statement(ACCESS_KEYS)))
    root.ram("AttachPolicyToRole", PolicyType="Custom", PolicyName=POLICY, RoleName=ROLE)
    key = cloud.make_user(root, user)
    config = {"SecretSubType": "RamUserAccessKey", "UserName": user, "CustomData": {"team": "a"}}
    data = json.dumps({"AccessKeys": [{"AccessKeyId": key.key_id, "AccessKeySecret": key.secret}]})
    about = {"SecretName": "$Auto", "SecretType": "RAMCredentials", "ExtendedConfig": config}
    rotation = {"EnableAutomaticRotation": True, "RotationInterval": "30d"}
    made = root.kms("CreateSecret", VersionId="v1", SecretData=data, **about, **rotation)
    assert (made["AutomaticRotation"], made["RotationInterval"]) == ("Enabled", "2592000s")
    assert json.loads(made["ExtendedConfig"]) == config
    return key, made["SecretName"]


def held(client, name, **which):
    """The access key that a secret holds."""
    data = json.loads(client.kms("GetSecretValue", SecretName=name, **which)["SecretData"])
    return Key(data["AccessKeyId"], data["AccessKeySecret"])


def who(server, key):
    return V2(server, key).sts("GetCallerIdentity")["Arn"]


def test_a_managed_secret_gives_a_key_that_works_before_and_after_its_rotation(server, connect):
    root, client = V2(server), connect(server)
    first, name = manage(root, "app")
    assert (name, held(client, name)) == ("acs/ram/user/app", first)
    rotated = client.kms("RotateSecret", SecretName=name, VersionId="v2")
    assert (rotated["VersionId"], rotated["Arn"].rpartition(":")[2]) == ("v2", f"secret/{name}")
    second = held(client, name)
    assert second != first and held(client, name, VersionStage="ACSPrevious") == first
    assert who(server, first) == who(server, second) == f"acs:ram::{ACCOUNT}:user/app"
    client.kms("RotateSecret", SecretName=name, VersionId="v2")
    assert held(client, name) == second
    client.kms("RotateSecret", SecretName=name, VersionId="v3")
    with refused(404, "InvalidAccessKeyId.NotFound"):
        who(server, first)
    about = client.kms("DescribeSecret", SecretName=name)
    assert about["SecretType"] == "RAMCredentials" and about["NextRotationDate"] > about["LastRotationDate"]
    client.kms("UpdateSecretRotationPolicy", SecretName=name, EnableAutomaticRotation=False)
    assert client.kms("DescribeSecret", SecretName=name)["AutomaticRotation"] == "Disabled"


def test_a_generic_secret_does_not_rotate(root):
    root.kms("CreateSecret", SecretName="s", VersionId="v1", SecretData="one")
    for action, more in [
        ("RotateSecret", {"VersionId": "v2"}),
        ("UpdateSecretRotationPolicy", {"EnableAutomaticRotation": True, "RotationInterval": "7d"}),
    ]:
        with refused(400, "UnsupportedOperation", "This action is not supported."):
            root.kms(action, SecretName="s", **more)


def test_a_policy_shares_a_secret_with_a_user_by_name(server, root):
    root.kms("CreateSecret", SecretName="app/db", VersionId="v1", SecretData="one")
    user = V2(server, cloud.make_user(root, "reader"))
    with refused(403, "Forbidden.NoPermission"):
        user.kms("GetSecretValue", SecretName="app/db")
    policy = json.loads(root.kms("GetSecretPolicy", SecretName="app/db", PolicyName="default")["Policy"])
    shared = {"RAM": [f"acs:ram::{ACCOUNT}:user/reader"]}
    policy["Statement"].append({"Effect": "Allow", "Action": ["kms:GetSecretValue"], "Principal": shared, "Resource": ["*"]})
    root.kms("SetSecretPolicy", SecretName="app/db", PolicyName="default", Policy=json.dumps(policy))
    assert user.kms("GetSecretValue", SecretName="app/db")["SecretData"] == "one"
    with refused(403, "Forbidden.NoPermission"):
        user.kms("PutSecretValue", SecretName="app/db", VersionId="v2", SecretData="two")
    policy["Statement"] = policy["Statement"][1:]
    policy["Statement"].append({"Effect": "Deny", "Action": ["kms:*"], "Principal": {"RAM": [f"acs:ram::{ACCOUNT}:*"]}, "Resource": ["*"]})
    with refused(400, "InvalidParameter"):
        root.kms("SetSecretPolicy", SecretName="app/db", Policy=json.dumps(policy))


def test_rotations_are_counted_by_the_hour_where_the_configuration_says_so(serve):
    root = V2(serve(toml="[throttling]\nkms = { secret_rotation = 1 }\n"))
    _, name = manage(root, "app")
    root.kms("RotateSecret", SecretName=name, VersionId="v2")
    with refused(429, "Rejected.Throttling", "QPS Limit Exceeded"):
        root.kms("RotateSecret", SecretName=name, VersionId="v2")
    assert held(root, name)


def test_an_account_without_dedicated_instances_has_none(root):
    listed = root.kms("ListKmsInstances", PageSize=5)
    assert (listed["KmsInstances"]["KmsInstance"], listed["TotalCount"]) == ([], 0)
    assert root.kms("GetKmsInstanceQuotaInfos")["KmsInstanceQuotaInfos"] == []
    with refused(403, "Forbidden.DKMSInstanceNotFound"):
        root.kms("GetKmsInstanceQuotaInfos", KmsInstanceId="kst-1")
