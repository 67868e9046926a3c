"""RAM users, roles and sessions: what they may do, and when they no longer may."""

import json

import pytest
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.models import Config as CredentialsConfig

import cloud
from clients import KINDS, Key, Legacy, V2, refused
from server import ACCOUNT, REGION

NO_ECS = (
    403,
    "Forbidden.RAM",
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
)
ACCOUNT_ONLY = (403, "Forbidden.SubUser", "The specified action is not available for you.")
RAM_CALLERS = '[default_encryption]\ncallers = "ram"\n'
STATUS = "DescribeDiskEncryptionByDefaultStatus"


def role_arn(name):
    return f"acs:ram::{ACCOUNT}:role/{name}"


def assume(client, name, **parameters):
    given = {"RoleArn": role_arn(name), "RoleSessionName": "session"} | parameters
    session = client.sts("AssumeRole", **given)["Credentials"]
    return Key(session["AccessKeyId"], session["AccessKeySecret"], session["SecurityToken"])


def make_assumable(root, name, *policies):
    root.ram("CreateRole", RoleName=name, AssumeRolePolicyDocument=cloud.trust(RAM=[f"acs:ram::{ACCOUNT}:root"]))
    for policy in policies:
        root.ram("AttachPolicyToRole", PolicyType="System", PolicyName=policy, RoleName=name)


def test_a_user_without_a_policy_may_do_nothing(server, connect):
    root = V2(server)
    user = connect(server, cloud.make_user(root, "alice"))
    with refused(*NO_ECS) as held:
        cloud.is_enabled(user)
    # The older SDK does not pass it on.
    if isinstance(user, V2):
        user_id = root.ram("GetUser", UserName="alice")["User"]["UserId"]
        expected = {
            "AuthAction": f"ecs:{STATUS}",
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalOwnerId": ACCOUNT,
            "AuthPrincipalDisplayName": user_id,
            "PolicyType": "AccountLevelIdentityBasedPolicy",
            "NoPermissionType": "ImplicitDeny",
        }
        assert expected.items() <= held[0].detail.items()
    with refused(403, "Forbidden.NoPermission"):
        user.kms("CreateKey")
    with refused(403, "NoPermission"):
        user.ram("CreateUser", UserName="bob")
    assert root.kms("ListKeys")["TotalCount"] == 0


def test_the_v2_client_is_told_which_permission_is_missing(server, root):
    user = V2(server, cloud.make_user(root, "alice"))
    with refused(*NO_ECS) as held:
        cloud.make_disk(user)
    assert held[0].detail["AuthAction"] == "ecs:CreateDisk"
    assert held[0].detail["NoPermissionType"] == "ImplicitDeny"


def test_a_user_may_do_exactly_what_the_policy_allows(server, connect):
    root = V2(server)
    policy = cloud.document(
        cloud.statement(["ecs:EnableDiskEncryptionByDefault", f"ecs:{STATUS}", "kms:CreateKey"]),
        cloud.statement("ecs:CreateDisk", f"acs:ecs:{REGION}:{ACCOUNT}:disk/*"),
    )
    user = connect(server, cloud.make_user(root, "alice", policy))
    cloud.enable(user)
    assert cloud.is_enabled(user)
    cloud.make_key(user)
    cloud.make_disk(user)
    for action, parameters in [
        ("DisableDiskEncryptionByDefault", {"RegionId": REGION}),
        ("DescribeDiskDefaultKMSKeyId", {"RegionId": REGION}),
        ("DescribeDisks", {"RegionId": REGION}),
        ("CreateDisk", {"RegionId": "cn-beijing", "ZoneId": "cn-beijing-a", "DiskCategory": "cloud_essd", "Size": 20}),
    ]:
        with refused(*NO_ECS):
            user.ecs(action, **parameters)
    with refused(403, "Forbidden.NoPermission"):
        user.kms("ListKeys")
    assert cloud.is_enabled(root)


def test_an_explicit_deny_wins(server, root):
    deny = cloud.document(cloud.statement("ecs:Disable*", effect="Deny"))
    user = V2(server, cloud.make_user(root, "alice", "AdministratorAccess", deny))
    cloud.enable(user)
    with refused(*NO_ECS) as held:
        user.ecs("DisableDiskEncryptionByDefault", RegionId=REGION)
    assert held[0].detail["NoPermissionType"] == "ExplicitDeny"
    assert cloud.is_enabled(root)


def test_policies_count_from_the_next_request_on(server, connect):
    root = V2(server)
    user = connect(server, cloud.make_user(root, "alice"))
    attached = {"PolicyType": "System", "PolicyName": "AliyunECSReadOnlyAccess", "UserName": "alice"}
    for _ in range(3):
        with refused(*NO_ECS):
            cloud.is_enabled(user)
        root.ram("AttachPolicyToUser", **attached)
        assert not cloud.is_enabled(user)
        with refused(*NO_ECS):
            cloud.enable(user)
        root.ram("DetachPolicyFromUser", **attached)


def test_a_key_is_used_only_with_permission_on_that_key(server, root):
    mine, other = cloud.make_key(root), cloud.make_key(root)
    allowed = cloud.document(cloud.statement(["kms:Encrypt", "kms:Decrypt"], f"acs:kms:{REGION}:{ACCOUNT}:key/{mine}"))
    user = V2(server, cloud.make_user(root, "alice", allowed))
    blob = user.kms("Encrypt", KeyId=mine, Plaintext="text")["CiphertextBlob"]
    assert user.kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == "text"
    arn = f"acs:kms:{REGION}:{ACCOUNT}:key/{other}"
    with refused(403, "Forbidden.NoPermission", f"This operation for {arn} is forbidden by permission system."):
        user.kms("Encrypt", KeyId=other, Plaintext="text")
    secret = root.kms("Encrypt", KeyId=other, Plaintext="secret")["CiphertextBlob"]
    with refused(403, "Forbidden.NoPermission"):
        user.kms("Decrypt", CiphertextBlob=secret)


def test_only_the_account_changes_the_default_key(server, connect):
    root = V2(server)
    cloud.enable(root)
    cloud.make_role(root)
    key, before = cloud.make_key(root), cloud.default_key(root)
    for name, policy in [("alice", "AliyunECSFullAccess"), ("bob", "AdministratorAccess")]:
        user = connect(server, cloud.make_user(root, name, policy))
        with refused(*ACCOUNT_ONLY):
            cloud.modify(user, key)
    assert cloud.default_key(root) == before
    cloud.modify(root, key)


def test_the_setting_lets_users_change_the_default_key(serve, connect):
    server = serve(toml=RAM_CALLERS)
    root = V2(server)
    cloud.enable(root)
    cloud.make_role(root)
    key = cloud.make_key(root)
    without = connect(server, cloud.make_user(root, "bob", "AliyunECSReadOnlyAccess"))
    with refused(*NO_ECS):
        cloud.modify(without, key)
    user = connect(server, cloud.make_user(root, "alice", "AliyunECSFullAccess"))
    cloud.modify(user, key)
    assert cloud.default_key(root) == key


@pytest.mark.parametrize("kind", ["v2", "v2_signing_v1", "legacy"])
def test_a_session_has_the_permissions_of_its_role(server, root, kind):
    connect = KINDS[kind]
    make_assumable(root, "operator", "AliyunECSFullAccess")
    user = connect(server, cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess"))
    with refused(*NO_ECS):
        cloud.enable(user)
    session = connect(server, assume(user, "operator"))
    cloud.enable(session)
    disk = cloud.make_disk(session)
    assert [shown["DiskId"] for shown in cloud.disks(session)] == [disk]
    with refused(403, "Forbidden.NoPermission"):
        session.kms("CreateKey")
    who = session.sts("GetCallerIdentity")
    assert who["AccountId"] == ACCOUNT and who["Arn"] == f"acs:sts::{ACCOUNT}:assumed-role/operator/session"
    with refused(*ACCOUNT_ONLY):
        cloud.modify(session, cloud.make_key(root))


def test_a_session_policy_narrows_it(server, root):
    make_assumable(root, "operator", "AliyunECSFullAccess")
    user = V2(server, cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess"))
    narrow = cloud.document(cloud.statement("ecs:Describe*"), cloud.statement("kms:*"))
    session = V2(server, assume(user, "operator", Policy=narrow))
    assert not cloud.is_enabled(session)
    with refused(*NO_ECS) as held:
        cloud.enable(session)
    assert held[0].detail["PolicyType"] == "SessionPolicy"
    with refused(403, "Forbidden.NoPermission"):
        session.kms("ListKeys")


def test_a_session_ends_with_its_role(server, root):
    make_assumable(root, "operator", "AliyunECSFullAccess")
    user = V2(server, cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess"))
    session = V2(server, assume(user, "operator"))
    cloud.enable(session)
    root.ram("DetachPolicyFromRole", PolicyType="System", PolicyName="AliyunECSFullAccess", RoleName="operator")
    with refused(*NO_ECS):
        cloud.is_enabled(session)
    root.ram("DeleteRole", RoleName="operator")
    expired = (400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    with refused(*expired):
        cloud.is_enabled(session)
    make_assumable(root, "operator", "AliyunECSFullAccess")
    with refused(*expired):
        cloud.is_enabled(session)
    assert cloud.is_enabled(V2(server, assume(user, "operator")))


def test_who_may_assume_a_role_is_up_to_both_sides(server, root):
    make_assumable(root, "operator")
    stranger = V2(server, cloud.make_user(root, "bob"))
    with refused(403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM."):
        assume(stranger, "operator")
    root.ram("CreateRole", RoleName="service", AssumeRolePolicyDocument=cloud.trust(Service=["ecs.aliyuncs.com"]))
    user = V2(server, cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess"))
    with refused(403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM."):
        assume(user, "service")
    with refused(403, "NoPermission", "Roles may not be assumed by root accounts."):
        assume(root, "operator")
    with refused(404, "EntityNotExist.Role"):
        assume(user, "missing")


@pytest.mark.parametrize(
    "parameters, code",
    [
        ({"DurationSeconds": 899}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": 3601}, "InvalidParameter.DurationSeconds"),
        ({"RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "a"}, "InvalidParameter.RoleSessionName"),
        ({"RoleArn": "operator"}, "InvalidParameter.RoleArn"),
        ({"Policy": "nonsense"}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": "{" + " " * 2048 + "}"}, "InvalidParameter.PolicySize"),
    ],
)
def test_a_session_that_can_not_be_is_refused_by_name(server, root, parameters, code):
    make_assumable(root, "operator")
    user = V2(server, cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess"))
    with refused(400, code):
        assume(user, "operator", **parameters)


def test_the_credentials_library_assumes_a_role(server, root):
    make_assumable(root, "operator", "AliyunECSFullAccess")
    key = cloud.make_user(root, "alice", "AliyunSTSAssumeRoleAccess")
    # Blanks in the policy: this library signs them in a way of its own.
    narrow = json.dumps(json.loads(cloud.document(cloud.statement("ecs:*"))), indent=2)
    credentials = Credentials(
        CredentialsConfig(
            type="ram_role_arn",
            access_key_id=key.key_id,
            access_key_secret=key.secret,
            role_arn=role_arn("operator"),
            role_session_name="library",
            policy=narrow,
            sts_endpoint=server.url.rstrip("/"),
        )
    )
    session = V2(server, Key(None, None), credential=credentials)
    cloud.enable(session)
    assert session.sts("GetCallerIdentity")["Arn"].endswith(":assumed-role/operator/library")


def test_callers_learn_who_they_are(server, connect):
    root = connect(server)
    assert root.sts("GetCallerIdentity")["IdentityType"] == "Account"
    user = connect(server, cloud.make_user(V2(server), "alice"))
    who = user.sts("GetCallerIdentity")
    assert (who["IdentityType"], who["AccountId"]) == ("RAMUser", ACCOUNT)
    assert who["Arn"] == f"acs:ram::{ACCOUNT}:user/alice"


# ---- Access keys ----


def test_an_unknown_key_is_refused(server, connect):
    client = connect(server, Key("LTAI5tUnknownUnknown0000", "secret"))
    with refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."):
        cloud.is_enabled(client)


def test_a_disabled_key_is_refused_until_it_is_enabled(server, connect):
    root = V2(server)
    key = cloud.make_user(root, "alice", "AliyunECSReadOnlyAccess")
    user = connect(server, key)
    assert not cloud.is_enabled(user)
    switch = {"UserName": "alice", "UserAccessKeyId": key.key_id}
    root.ram("UpdateAccessKey", Status="Inactive", **switch)
    with refused(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."):
        cloud.is_enabled(user)
    root.ram("UpdateAccessKey", Status="Active", **switch)
    assert not cloud.is_enabled(user)


def test_a_deleted_key_is_refused(server, connect):
    root = V2(server)
    key = cloud.make_user(root, "alice", "AliyunECSReadOnlyAccess")
    user = connect(server, key)
    assert not cloud.is_enabled(user)
    root.ram("DeleteAccessKey", UserName="alice", UserAccessKeyId=key.key_id)
    with refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."):
        cloud.is_enabled(user)


def test_a_wrong_secret_is_refused_and_nothing_happens(server, root):
    wrong = V2(server, Key(root.config().access_key_id, "wrong-secret"))
    with refused(400, "SignatureDoesNotMatch"):
        cloud.enable(wrong)
    # The older SDK compares the server's string to sign with its own, and says that the secret must be wrong.
    with refused(400, "InvalidAccessKeySecret"):
        cloud.enable(Legacy(server, Key(root.config().access_key_id, "wrong-secret")))
    assert not cloud.is_enabled(root)


# ---- RAM's own rules ----


def test_what_is_still_used_is_not_deleted(server, connect):
    client = connect(server)
    policy = cloud.document(cloud.statement("ecs:*"))
    key = cloud.make_user(client, "alice", policy)
    client.ram("CreateRole", RoleName="operator", AssumeRolePolicyDocument=cloud.trust(Service=["ecs.aliyuncs.com"]))
    of_role = {"PolicyType": "Custom", "PolicyName": "alice-0", "RoleName": "operator"}
    of_user = {"PolicyType": "Custom", "PolicyName": "alice-0", "UserName": "alice"}
    client.ram("AttachPolicyToRole", **of_role)
    with refused(409, "DeleteConflict.User.AccessKey"):
        client.ram("DeleteUser", UserName="alice")
    client.ram("DeleteAccessKey", UserName="alice", UserAccessKeyId=key.key_id)
    with refused(409, "DeleteConflict.User.Policy"):
        client.ram("DeleteUser", UserName="alice")
    with refused(409, "DeleteConflict.Role.Policy"):
        client.ram("DeleteRole", RoleName="operator")
    with refused(409, "DeleteConflict.Policy.User"):
        client.ram("DeletePolicy", PolicyName="alice-0")
    client.ram("DetachPolicyFromUser", **of_user)
    with refused(404, "EntityNotExist.User.Policy"):
        client.ram("DetachPolicyFromUser", **of_user)
    client.ram("DeleteUser", UserName="alice")
    with refused(409, "DeleteConflict.Policy.Role"):
        client.ram("DeletePolicy", PolicyName="alice-0")
    client.ram("DetachPolicyFromRole", **of_role)
    client.ram("DeletePolicy", PolicyName="alice-0")
    client.ram("DeleteRole", RoleName="operator")
    for action, parameters, code in [
        ("GetUser", {"UserName": "alice"}, "EntityNotExist.User"),
        ("GetRole", {"RoleName": "operator"}, "EntityNotExist.Role"),
        ("GetPolicy", {"PolicyType": "Custom", "PolicyName": "alice-0"}, "EntityNotExist.Policy"),
    ]:
        with refused(404, code):
            client.ram(action, **parameters)


def test_names_are_taken_once(server, root):
    trust = cloud.trust(Service=["ecs.aliyuncs.com"])
    for code, action, parameters in [
        ("EntityAlreadyExists.User", "CreateUser", {"UserName": "alice"}),
        ("EntityAlreadyExists.Role", "CreateRole", {"RoleName": "operator", "AssumeRolePolicyDocument": trust}),
        (
            "EntityAlreadyExists.Policy",
            "CreatePolicy",
            {"PolicyName": "p", "PolicyDocument": cloud.document(cloud.statement("ecs:*"))},
        ),
        (
            "EntityAlreadyExists.User.Policy",
            "AttachPolicyToUser",
            {"PolicyType": "Custom", "PolicyName": "p", "UserName": "alice"},
        ),
    ]:
        root.ram(action, **parameters)
        with refused(409, code):
            root.ram(action, **parameters)


def test_a_user_has_two_access_keys_at_most(server, root):
    cloud.make_user(root, "alice")
    root.ram("CreateAccessKey", UserName="alice")
    with refused(409, "LimitExceeded.User.AccessKey"):
        root.ram("CreateAccessKey", UserName="alice")
    assert len(root.ram("ListAccessKeys", UserName="alice")["AccessKeys"]["AccessKey"]) == 2


@pytest.mark.parametrize(
    "text", ["nonsense", "{}", '{"Version":"2","Statement":[]}', '{"Version":"1","Statement":[{}]}']
)
def test_a_document_that_is_no_policy_is_refused(server, root, text):
    with refused(400, "MalformedPolicyDocument"):
        root.ram("CreatePolicy", PolicyName="p", PolicyDocument=text)
    with refused(400, "MalformedPolicyDocument"):
        root.ram("CreateRole", RoleName="r", AssumeRolePolicyDocument=text)
