"""The feature itself: the story from end to end, and every error of the six operations, with each kind of client."""

import pytest

import cloud
from clients import V2, refused
from server import REGION

ELSEWHERE = "1111222233334444"
OTHERS_ONLY = f'[default_encryption]\nwhite_list = ["{ELSEWHERE}"]\n'

CMK_NOT_ENABLED = (400, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.")
KMS_NOT_ENABLED = (400, "InvalidParameter.Encrypted.KmsNotEnabled", "KMS must be enabled for encrypted disks.")
REGION_NOT_SUPPORTED = (403, "Abs.InvalidAction.RegionNotSupport", "This region does not support this action.")
REGION_NOT_EXISTS = (403, "InvalidParameter.RegionIdNotExists", "The specified region does not exists.")
KMS_UNAUTHORIZED = (
    403,
    "InvalidParameter.KMSKeyId.KMSUnauthorized",
    "ECS service have no right to access your KMS.",
)
KMS_NOT_OPEN = (403, "InvalidOperation.KMSServiceNotOpen", "KMS service is currently not open.")
NOT_IN_WHITE_LIST = (403, "UserNotInTheWhiteList", "The user is not in disk white list.")
NOT_CONFIGURED = (
    403,
    "InvalidDefaultEncryption.NotFound",
    "You have not configured default encryption setting in this region.",
)
ALREADY_ENABLED = (
    403,
    "InvalidOperation.DefaultEncryptionAlreadyEnabled",
    "The specified region is already default encryption settings.",
)
NO_TAGGING = (
    403,
    "InvalidParameter.KMSKeyId.CMKUnauthorized",
    "The CMK(Customer Master Key) lacks authorization to add tags to the ECS service.",
)

SIX = {
    "EnableDiskEncryptionByDefault": {},
    "DisableDiskEncryptionByDefault": {},
    "ModifyDiskDefaultKMSKeyId": {"KMSKeyId": "0e478b7a-4262-4802-b8cb-00d3fb40826X"},
    "ResetDiskDefaultKMSKeyId": {},
    "DescribeDiskEncryptionByDefaultStatus": {},
    "DescribeDiskDefaultKMSKeyId": {},
}
WRITES = list(SIX)[:4]
NEED_KMS = [name for name in WRITES if name != "DisableDiskEncryptionByDefault"]


def key_not_found(key_id):
    return (403, "InvalidOperation.KMSKeyIdNotFound", f"The specified KMSKeyId not found, {key_id}.")


def reopen(server, state):
    """The same data directory, with KMS found in another state."""
    server.stop()
    server.options = ["--kms", state]
    server.start()


def test_the_whole_story(server, connect):
    client = connect(server)
    assert not cloud.is_enabled(client)
    assert cloud.default_key(client) == ""
    plain = cloud.make_disk(client, DiskName="before")

    cloud.enable(client)
    assert cloud.is_enabled(client)
    service_key = cloud.default_key(client)
    assert cloud.keys_where(client, "AliasName", "acs/ecs") == [service_key]
    under_service_key = cloud.make_disk(client)

    own_key = cloud.make_key(client)
    cloud.make_role(client)
    cloud.modify(client, own_key)
    assert cloud.default_key(client) == own_key
    under_own_key = cloud.make_disk(client)

    shown = {disk["DiskId"]: (disk["Encrypted"], disk["KMSKeyId"]) for disk in cloud.disks(client)}
    assert shown == {
        plain: (False, ""),
        under_service_key: (True, service_key),
        under_own_key: (True, own_key),
    }

    client.kms("DisableKey", KeyId=own_key)
    with refused(
        403,
        "InvalidParameter.KMSKeyId.CMKNotEnabled",
        "The CMK (Customer Master Key) must be in an active state.",
    ):
        cloud.make_disk(client)
    assert len(cloud.disks(client)) == 3

    client.kms("EnableKey", KeyId=own_key)
    client.kms("ScheduleKeyDeletion", KeyId=own_key, PendingWindowInDays=7)
    with refused(403, "InvalidParameter.KMSKeyId.CMKNotEnabled"):
        cloud.make_disk(client)
    assert len(cloud.disks(client)) == 3
    client.kms("CancelKeyDeletion", KeyId=own_key)
    again = cloud.make_disk(client)
    assert cloud.disks(client, DiskIds=f'["{again}"]')[0]["KMSKeyId"] == own_key

    client.ecs("ResetDiskDefaultKMSKeyId", RegionId=REGION)
    assert cloud.default_key(client) == service_key
    client.ecs("DisableDiskEncryptionByDefault", RegionId=REGION)
    assert not cloud.is_enabled(client)
    after = cloud.make_disk(client)
    assert not cloud.disks(client, DiskIds=f'["{after}"]')[0]["Encrypted"]
    for disk in cloud.disks(client):
        client.ecs("DeleteDisk", DiskId=disk["DiskId"])
    assert cloud.disks(client) == []


def test_what_was_set_is_there_after_a_restart(server):
    client = V2(server)
    cloud.enable(client)
    cloud.make_role(client)
    key = cloud.make_key(client)
    cloud.modify(client, key)
    disk = cloud.make_disk(client)
    assert server.stop() == 0
    server.start()
    client = V2(server)
    assert cloud.is_enabled(client) and cloud.default_key(client) == key
    assert [(shown["DiskId"], shown["KMSKeyId"]) for shown in cloud.disks(client)] == [(disk, key)]


# ---- The nine errors of ModifyDiskDefaultKMSKeyId ----


def test_modify_with_a_disabled_key_is_refused(server, connect):
    client = connect(server)
    cloud.enable(client)
    cloud.make_role(client)
    key, service_key = cloud.make_key(client), cloud.default_key(client)
    client.kms("DisableKey", KeyId=key)
    with refused(*CMK_NOT_ENABLED):
        cloud.modify(client, key)
    assert cloud.default_key(client) == service_key
    client.kms("EnableKey", KeyId=key)
    client.kms("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    with refused(*CMK_NOT_ENABLED):
        cloud.modify(client, key)
    client.kms("CancelKeyDeletion", KeyId=key)
    cloud.modify(client, key)


def test_modify_while_kms_was_never_activated_is_refused(server, connect):
    client = connect(server)
    cloud.enable(client)
    cloud.make_role(client)
    key, service_key = cloud.make_key(client), cloud.default_key(client)
    reopen(server, "unopened")
    client = connect(server)
    with refused(*KMS_NOT_ENABLED):
        cloud.modify(client, key)
    client.kms("OpenKmsService")
    assert cloud.default_key(client) == service_key
    cloud.modify(client, key)


def test_modify_while_kms_is_closed_is_refused(server, connect):
    client = connect(server)
    cloud.enable(client)
    cloud.make_role(client)
    key = cloud.make_key(client)
    reopen(server, "suspended")
    client = connect(server)
    with refused(*KMS_NOT_OPEN):
        cloud.modify(client, key)
    client.kms("OpenKmsService")
    cloud.modify(client, key)


@pytest.mark.parametrize("region", ["cn-nanjing", "ap-northeast-2"])
def test_modify_in_a_region_without_disk_encryption_is_refused(server, connect, region):
    with refused(*REGION_NOT_SUPPORTED):
        cloud.modify(connect(server), "any", region)


@pytest.mark.parametrize("region", ["cn-fuzhou", "ap-southeast-7"])
def test_modify_where_only_the_service_key_encrypts_takes_no_other(server, root, region):
    cloud.make_role(root)
    cloud.enable(root, region)
    service_key = cloud.default_key(root, region)
    key = cloud.make_key(V2(server, region=region, signature_version="v4"))
    with refused(*REGION_NOT_SUPPORTED):
        cloud.modify(root, key, region)
    cloud.modify(root, service_key, region)
    assert cloud.default_key(root, region) == service_key


def test_modify_with_a_key_of_another_region_is_refused(server, root):
    cloud.enable(root)
    cloud.make_role(root)
    key = cloud.make_key(V2(server, region="cn-beijing", signature_version="v4"))
    with refused(*key_not_found(key)):
        cloud.modify(root, key)


def test_modify_in_an_unknown_region_is_refused(server, connect):
    for region in ["cn-atlantis", "CN-HANGZHOU", "cn-hangzhou-h", "*"]:
        with refused(*REGION_NOT_EXISTS):
            cloud.modify(connect(server), "any", region)


def test_modify_without_the_role_is_refused(server, connect):
    client = connect(server)
    cloud.enable(client)
    key = cloud.make_key(client)
    with refused(*KMS_UNAUTHORIZED):
        cloud.modify(client, key)
    cloud.make_role(client)
    cloud.modify(client, key)


def test_modify_with_an_unknown_key_is_refused(server, connect):
    client = connect(server)
    cloud.enable(client)
    cloud.make_role(client)
    for key in ["0e478b7a-4262-4802-b8cb-00d3fb40826X", "key-hzz62f1cb66fa42qo1234", "nonsense & <more>"]:
        with refused(*key_not_found(key)):
            cloud.modify(client, key)


def test_modify_outside_the_white_list_is_refused(serve, connect):
    client = connect(serve(toml=OTHERS_ONLY))
    with refused(*NOT_IN_WHITE_LIST):
        cloud.modify(client, cloud.make_key(client))


def test_modify_while_the_default_is_off_is_refused(server, connect):
    client = connect(server)
    cloud.make_role(client)
    key = cloud.make_key(client)
    with refused(*NOT_CONFIGURED):
        cloud.modify(client, key)
    cloud.enable(client)
    cloud.modify(client, key)
    client.ecs("DisableDiskEncryptionByDefault", RegionId=REGION)
    with refused(*NOT_CONFIGURED):
        cloud.modify(client, key)


# ---- Their neighbours ----


def test_modify_through_a_role_that_falls_short_is_refused(server, root):
    cloud.enable(root)
    key = cloud.make_key(root)
    cloud.make_role(root, service="rds.aliyuncs.com")
    with refused(*KMS_UNAUTHORIZED):
        cloud.modify(root, key)
    root.ram("DetachPolicyFromRole", PolicyType="System", PolicyName=cloud.ROLE_POLICY, RoleName=cloud.ROLE)
    root.ram("DeleteRole", RoleName=cloud.ROLE)
    cloud.make_role(root, policy=None)
    with refused(*KMS_UNAUTHORIZED):
        cloud.modify(root, key)
    root.ram("AttachPolicyToRole", PolicyType="System", PolicyName="AliyunKMSReadOnlyAccess", RoleName=cloud.ROLE)
    with refused(*KMS_UNAUTHORIZED):
        cloud.modify(root, key)
    using = cloud.document(cloud.statement(["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"]))
    root.ram("CreatePolicy", PolicyName="using", PolicyDocument=using)
    root.ram("AttachPolicyToRole", PolicyType="Custom", PolicyName="using", RoleName=cloud.ROLE)
    with refused(*NO_TAGGING):
        cloud.modify(root, key)
    root.ram("AttachPolicyToRole", PolicyType="System", PolicyName=cloud.ROLE_POLICY, RoleName=cloud.ROLE)
    cloud.modify(root, key)
    assert cloud.keys_where(root, "TagKey", "acs:ecs:disk-encryption") == [key]


def test_the_same_key_again_and_the_service_key_itself_are_taken(server, root):
    cloud.enable(root)
    service_key = cloud.default_key(root)
    cloud.make_role(root)
    key = cloud.make_key(root)
    for chosen in [key, key, service_key, service_key]:
        cloud.modify(root, chosen)
        assert cloud.default_key(root) == chosen


@pytest.mark.parametrize("action", SIX)
def test_each_of_the_six_names_an_unknown_region(server, root, action):
    with refused(*REGION_NOT_EXISTS):
        root.ecs(action, RegionId="cn-atlantis", **SIX[action])


@pytest.mark.parametrize("action", WRITES)
def test_each_of_the_four_names_a_region_without_the_feature(server, root, action):
    with refused(*REGION_NOT_SUPPORTED):
        root.ecs(action, RegionId="cn-nanjing", **SIX[action])


@pytest.mark.parametrize("action", SIX)
def test_each_of_the_six_needs_a_region(server, root, action):
    with refused(400, "MissingRegionId", "RegionId is mandatory for this action."):
        root.ecs(action, **SIX[action])
    with refused(400, "MissingRegionId", "RegionId is mandatory for this action."):
        root.ecs(action, RegionId="", **SIX[action])


def test_modify_needs_a_key(server, root):
    for given in [{}, {"KMSKeyId": ""}]:
        with refused(400, "MissingKMSKeyId", "KMSKeyId is mandatory for this action."):
            root.ecs("ModifyDiskDefaultKMSKeyId", RegionId=REGION, **given)


@pytest.mark.parametrize("action", WRITES)
def test_each_of_the_four_is_for_the_white_list(serve, action):
    root = V2(serve(toml=OTHERS_ONLY))
    with refused(*NOT_IN_WHITE_LIST):
        root.ecs(action, RegionId=REGION, **SIX[action])
    assert not cloud.is_enabled(root)


def test_an_account_on_the_white_list_is_served(serve):
    root = V2(serve(toml=OTHERS_ONLY.replace(ELSEWHERE, "1234567890123456")))
    cloud.enable(root)
    assert cloud.is_enabled(root)


@pytest.mark.parametrize("state, error", [("unopened", KMS_NOT_ENABLED), ("suspended", KMS_NOT_OPEN)])
@pytest.mark.parametrize("action", NEED_KMS)
def test_what_needs_kms_says_when_it_is_not_open(server, action, state, error):
    if action != "EnableDiskEncryptionByDefault":
        cloud.enable(V2(server))
    reopen(server, state)
    root = V2(server)
    with refused(*error):
        root.ecs(action, RegionId=REGION, **SIX[action])
    assert cloud.is_enabled(root) == (action != "EnableDiskEncryptionByDefault")


def test_disable_works_while_kms_is_not_open(server):
    cloud.enable(V2(server))
    reopen(server, "suspended")
    root = V2(server)
    root.ecs("DisableDiskEncryptionByDefault", RegionId=REGION)
    assert not cloud.is_enabled(root)


def test_enable_twice_is_refused(server, connect):
    client = connect(server)
    cloud.enable(client)
    with refused(*ALREADY_ENABLED):
        cloud.enable(client)
    assert cloud.is_enabled(client)


@pytest.mark.parametrize("action", ["DisableDiskEncryptionByDefault", "ResetDiskDefaultKMSKeyId"])
def test_disable_and_reset_while_off_are_refused(server, connect, action):
    client = connect(server)
    with refused(*NOT_CONFIGURED):
        client.ecs(action, RegionId=REGION)


def test_the_region_is_looked_at_before_the_key_and_the_setting(serve):
    root = V2(serve("--kms", "unopened", toml=OTHERS_ONLY))
    with refused(*REGION_NOT_EXISTS):
        cloud.modify(root, "any", "cn-atlantis")
    with refused(*REGION_NOT_SUPPORTED):
        cloud.modify(root, "any", "cn-nanjing")
    with refused(*NOT_IN_WHITE_LIST):
        cloud.modify(root, "any")


def test_regions_are_set_apart(server, connect):
    client = connect(server)
    cloud.enable(client)
    assert not cloud.is_enabled(client, "cn-beijing")
    cloud.enable(client, "cn-beijing")
    assert cloud.default_key(client) != cloud.default_key(client, "cn-beijing")
    client.ecs("DisableDiskEncryptionByDefault", RegionId=REGION)
    assert cloud.is_enabled(client, "cn-beijing")


def test_enabling_again_starts_from_the_service_key(server, root):
    cloud.enable(root)
    service_key = cloud.default_key(root)
    cloud.make_role(root)
    cloud.modify(root, cloud.make_key(root))
    root.ecs("DisableDiskEncryptionByDefault", RegionId=REGION)
    cloud.enable(root)
    assert cloud.default_key(root) == service_key
