"""RAM by the official SDK: groups, versions of policies, logons, MFA devices, tags, settings of the account, reasons of refusals."""

import base64
import hashlib
import hmac
import json
import struct
import subprocess
import time
import urllib.request

import pytest

import cloud
import server as process
from clients import V2, Key, refused
from server import ACCOUNT

GROUP = {"GroupName": "admins"}
READ = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess"}


def totp(seed, step):
    tag = hmac.new(base64.b32decode(seed), struct.pack(">q", step), hashlib.sha1).digest()
    at = tag[-1] & 15
    return f"{(struct.unpack('>I', tag[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def test_what_a_group_may_its_users_may(server, root):
    user = V2(server, cloud.make_user(root, "alice"))
    root.ram("CreateGroup", Comments="they may", **GROUP)
    root.ram("AttachPolicyToGroup", **READ, **GROUP)
    with refused(403, "NoPermission"):
        user.ram("ListUsers")
    root.ram("AddUserToGroup", UserName="alice", **GROUP)
    assert [shown["UserName"] for shown in user.ram("ListUsers")["Users"]["User"]] == ["alice"]
    assert root.ram("ListGroupsForUser", UserName="alice")["Groups"]["Group"][0]["GroupName"] == "admins"
    assert root.ram("ListUsersForGroup", **GROUP)["Users"]["User"][0]["UserName"] == "alice"
    with refused(409, "DeleteConflict.Group.User"):
        root.ram("DeleteGroup", **GROUP)
    root.ram("RemoveUserFromGroup", UserName="alice", **GROUP)
    with refused(403, "NoPermission"):
        user.ram("ListUsers")
    root.ram("DetachPolicyFromGroup", **READ, **GROUP)
    root.ram("UpdateGroup", NewGroupName="owners", **GROUP)
    assert root.ram("GetGroup", GroupName="owners")["Group"]["Comments"] == "they may"
    root.ram("DeleteGroup", GroupName="owners")
    assert root.ram("ListGroups")["Groups"]["Group"] == []


def test_listings_are_read_page_by_page(root):
    for number in range(5):
        root.ram("CreateUser", UserName=f"user-{number}")
    found, marker = [], None
    while True:
        page = root.ram("ListUsers", MaxItems=2, **({"Marker": marker} if marker else {}))
        found += [user["UserName"] for user in page["Users"]["User"]]
        if not page["IsTruncated"]:
            break
        marker = page["Marker"]
    assert found == [f"user-{number}" for number in range(5)]


def test_versions_of_a_policy(root):
    first, second = (cloud.document(cloud.statement(action)) for action in ("ecs:*", "kms:*"))
    name = {"PolicyName": "p"}
    root.ram("CreatePolicy", PolicyDocument=first, **name)
    for _ in range(4):
        root.ram("CreatePolicyVersion", PolicyDocument=second, **name)
    with refused(409, "LimitExceeded.Policy.Version"):
        root.ram("CreatePolicyVersion", PolicyDocument=second, **name)
    made = root.ram(
        "CreatePolicyVersion",
        PolicyDocument=second,
        SetAsDefault=True,
        RotateStrategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        **name,
    )
    assert made["PolicyVersion"]["VersionId"] == "v6" and made["PolicyVersion"]["IsDefaultVersion"]
    shown = root.ram("GetPolicy", PolicyType="Custom", **name)
    assert shown["DefaultPolicyVersion"]["PolicyDocument"] == second
    listed = root.ram("ListPolicyVersions", PolicyType="Custom", **name)["PolicyVersions"]["PolicyVersion"]
    assert [version["VersionId"] for version in listed] == ["v1", "v3", "v4", "v5", "v6"]
    with refused(409, "DeleteConflict.Policy.Version"):
        root.ram("DeletePolicy", **name)
    root.ram("DeletePolicy", CascadingDelete=True, **name)


def test_a_user_logs_on_with_a_password_and_a_device(root):
    alice = {"UserName": "alice"}
    root.ram("CreateUser", **alice)
    with refused(400, "InvalidParameter.Password.TooWeak"):
        root.ram("CreateLoginProfile", Password="short", **alice)
    root.ram("CreateLoginProfile", Password="long-enough-1", MFABindRequired=True, **alice)
    assert root.ram("GetLoginProfile", **alice)["LoginProfile"]["MFABindRequired"]
    device = root.ram("CreateVirtualMFADevice", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    assert base64.b64decode(device["QRCodePNG"]).startswith(b"\x89PNG")
    serial = {"SerialNumber": device["SerialNumber"]}
    with refused(403, "CheckAuthenticationCodeFail"):
        root.ram("BindMFADevice", AuthenticationCode1="000000", AuthenticationCode2="000001", **serial, **alice)
    step = int(time.time()) // 30
    codes = {"AuthenticationCode1": totp(device["Base32StringSeed"], step - 1)}
    codes |= {"AuthenticationCode2": totp(device["Base32StringSeed"], step)}
    root.ram("BindMFADevice", **codes, **serial, **alice)
    assert root.ram("GetUserMFAInfo", **alice)["MFADevice"]["SerialNumber"] == device["SerialNumber"]
    listed = root.ram("ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"]
    assert [item["User"]["UserName"] for item in listed] == ["alice"]
    # As Terraform takes a user apart that it is told to force away.
    for code in ("LoginProfile", "MFADevice"):
        with refused(409, f"DeleteConflict.User.{code}"):
            root.ram("DeleteUser", **alice)
        root.ram("DeleteLoginProfile" if code == "LoginProfile" else "UnbindMFADevice", **alice)
    root.ram("DeleteVirtualMFADevice", **serial)
    root.ram("DeleteUser", **alice)


def test_what_an_account_sets_for_its_users(root):
    policy = {"MinimumPasswordLength": 12, "RequireSymbols": True, "MaxLoginAttemps": 3}
    assert policy.items() <= root.ram("SetPasswordPolicy", **policy)["PasswordPolicy"].items()
    assert policy.items() <= root.ram("GetPasswordPolicy")["PasswordPolicy"].items()
    root.ram("SetSecurityPreference", LoginSessionDuration=8, LoginNetworkMasks="10.0.0.0/8")
    shown = root.ram("GetSecurityPreference")["SecurityPreference"]["LoginProfilePreference"]
    assert (shown["LoginSessionDuration"], shown["LoginNetworkMasks"]) == (8, "10.0.0.0/8")
    root.ram("SetAccountAlias", AccountAlias="our-company")
    assert root.ram("GetAccountAlias")["AccountAlias"] == "our-company"
    root.ram("ClearAccountAlias")


def test_roles_and_policies_bear_tags(root):
    tag = [{"Key": "team", "Value": "a"}]
    trust = cloud.trust(Service=["ecs.aliyuncs.com"])
    root.ram("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust, Tag=tag)
    root.ram("CreatePolicy", PolicyName="p", PolicyDocument=cloud.document(cloud.statement("ecs:*")))
    root.ram("TagResources", ResourceType="policy", ResourceNames=["p"], Tag=tag)
    assert [role["RoleName"] for role in root.ram("ListRoles", Tag=tag)["Roles"]["Role"]] == ["r"]
    assert [policy["PolicyName"] for policy in root.ram("ListPolicies", Tag=tag)["Policies"]["Policy"]] == ["p"]
    listed = root.ram("ListTagResources", ResourceType="role", ResourceNames=["r"])["TagResources"]
    assert [(item["TagKey"], item["TagValue"]) for item in listed] == [("team", "a")]
    root.ram("UntagResources", ResourceType="role", ResourceNames=["r"], TagKeys=["team"])
    assert root.ram("ListTagResources", ResourceType="role")["TagResources"] == []
    root.ram("UpdateRole", RoleName="r", NewMaxSessionDuration=7200, NewDescription="longer")
    role = root.ram("GetRole", RoleName="r")["Role"]
    assert (role["MaxSessionDuration"], role["Description"]) == (7200, "longer")
    entities = root.ram("ListEntitiesForPolicy", PolicyType="Custom", PolicyName="p")
    assert entities["Users"]["User"] == entities["Roles"]["Role"] == entities["Groups"]["Group"] == []


def test_a_refusal_is_explained(server, root):
    deny = cloud.document(cloud.statement("ram:List*", effect="Deny"))
    user = V2(server, cloud.make_user(root, "alice", "AdministratorAccess", deny))
    with refused(403, "NoPermission") as held:
        user.ram("ListUsers")
    message = held[0].detail["EncodedDiagnosticMessage"]
    why = root.ram("DecodeDiagnosticMessage", EncodedDiagnosticMessage=message)["DecodedDiagnosticMessage"]
    assert why["ExplicitDeny"] and why["AuthAction"] == "ram:ListUsers"
    denying = [policy for policy in why["MatchedPolicies"] if policy["Effect"] == "Deny"]
    assert [policy["PolicyType"] for policy in denying] == ["Custom"]
    with refused(404, "EntityNotExist"):
        root.ram("DecodeDiagnosticMessage", EncodedDiagnosticMessage=message[8:])


def test_a_key_tells_when_it_was_used(server, root):
    key = cloud.make_user(root, "alice", "AliyunRAMReadOnlyAccess")
    asked = {"UserName": "alice", "UserAccessKeyId": key.key_id}
    assert "LastUsedDate" not in root.ram("GetAccessKeyLastUsed", **asked)["AccessKeyLastUsed"]
    V2(server, key).ram("ListUsers")
    assert root.ram("GetAccessKeyLastUsed", **asked)["AccessKeyLastUsed"]["LastUsedDate"].endswith("Z")


def test_programs_find_a_roles_credentials_as_on_an_instance(serve):
    server = serve(toml='[metadata]\nlisten = "127.0.0.1:7699"\nrole = "machine"\n')
    root = V2(server)
    base = "http://127.0.0.1:7699/latest/meta-data/ram/security-credentials/"

    def fetch(path, **headers):
        request = urllib.request.Request(path, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read().decode()

    assert fetch(base) == "machine"
    with pytest.raises(urllib.error.HTTPError):
        fetch(base + "machine")
    root.ram("CreateRole", RoleName="machine", AssumeRolePolicyDocument=cloud.trust(Service=["ecs.aliyuncs.com"]))
    root.ram("AttachPolicyToRole", RoleName="machine", **READ)
    put = urllib.request.Request(
        "http://127.0.0.1:7699/latest/api/token",
        method="PUT",
        headers={"X-aliyun-ecs-metadata-token-ttl-seconds": "60"},
    )
    with urllib.request.urlopen(put, timeout=10) as reply:
        token = reply.read().decode()
    found = json.loads(fetch(base + "machine", **{"X-aliyun-ecs-metadata-token": token}))
    assert found["Code"] == "Success"
    with pytest.raises(urllib.error.HTTPError):
        fetch(base, **{"X-aliyun-ecs-metadata-token": "made-up"})
    session = V2(server, Key(found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"]))
    assert session.sts("GetCallerIdentity")["Arn"] == f"acs:sts::{ACCOUNT}:assumed-role/machine/instance"
    assert session.ram("ListRoles")["Roles"]["Role"][0]["RoleName"] == "machine"
    with refused(403, "NoPermission"):
        session.ram("CreateUser", UserName="bob")


def test_a_second_account_is_apart(serve):
    server = serve()
    root = V2(server)
    root.ram("CreateUser", UserName="alice")
    server.stop()
    made = subprocess.run(
        [process.binary(), "account", "create", "--data", str(server.data), "--account", "2234567890123456"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    words = {line[:20].strip(): line[20:].split()[0] for line in made.splitlines()}
    server.start()
    other = V2(server, Key(words["access key id"], words["access key secret"]))
    assert other.sts("GetCallerIdentity")["AccountId"] == "2234567890123456"
    assert other.ram("ListUsers")["Users"]["User"] == []
    with refused(404, "EntityNotExist.User"):
        other.ram("GetUser", UserName="alice")
    other.kms("CreateKey")
    assert V2(server).kms("ListKeys")["TotalCount"] == 0


def test_an_account_is_made_while_the_server_serves(server, root):
    credentials = {"ALIBABA_CLOUD_ACCESS_KEY_ID": process.ROOT_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": process.ROOT_SECRET}

    def account(*options):
        command = [process.binary(), "account", *options, "--endpoint", server.url, "--output", "json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, env=credentials).stdout)

    made = account("create", "--account", "2234567890123456")
    other = V2(server, Key(made["AccessKeyId"], made["AccessKeySecret"]))
    assert other.sts("GetCallerIdentity")["AccountId"] == "2234567890123456"
    other.kms("CreateKey")
    assert root.kms("ListKeys")["TotalCount"] == 0
    listed = {item["AccountId"]: item["IsMain"] for item in account("list")}
    assert listed == {ACCOUNT: True, "2234567890123456": False}
