"""Steps that many stories share, each done through a client as a user would."""

import json

from clients import Key
from server import REGION

ROLE = "AliyunECSDiskEncryptDefaultRole"
ROLE_POLICY = "AliyunECSDiskEncryptRolePolicy"
ZONE = f"{REGION}-h"


def document(*statements):
    """A policy of these statements."""
    return json.dumps({"Version": "1", "Statement": list(statements)})


def statement(action, resource="*", effect="Allow"):
    return {"Effect": effect, "Action": action, "Resource": resource}


def trust(**principal):
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


def make_key(client):
    return client.kms("CreateKey")["KeyMetadata"]["KeyId"]


def keys_where(client, name, *values):
    """The keys that ListKeys lists for one filter."""
    listed = client.kms("ListKeys", Filters=json.dumps([{"Key": name, "Values": values}]), PageSize=100)
    return [key["KeyId"] for key in listed["Keys"]["Key"]]


def make_role(client, service="ecs.aliyuncs.com", policy=ROLE_POLICY):
    """The role through which ECS reaches a customer's keys."""
    client.ram("CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=trust(Service=[service]))
    if policy:
        client.ram("AttachPolicyToRole", PolicyType="System", PolicyName=policy, RoleName=ROLE)


def enable(client, region=REGION):
    client.ecs("EnableDiskEncryptionByDefault", RegionId=region)


def modify(client, key_id, region=REGION):
    client.ecs("ModifyDiskDefaultKMSKeyId", RegionId=region, KMSKeyId=key_id)


def is_enabled(client, region=REGION):
    return client.ecs("DescribeDiskEncryptionByDefaultStatus", RegionId=region)["Encrypted"]


def default_key(client, region=REGION):
    return client.ecs("DescribeDiskDefaultKMSKeyId", RegionId=region)["KMSKeyId"]


def make_disk(client, **parameters):
    given = {"RegionId": REGION, "ZoneId": ZONE, "DiskCategory": "cloud_essd", "Size": 20} | parameters
    return client.ecs("CreateDisk", **given)["DiskId"]


def disks(client, region=REGION, **parameters):
    return client.ecs("DescribeDisks", RegionId=region, **parameters)["Disks"]["Disk"]


def make_user(client, name, *policies):
    """A user with an access key and these policies attached: names of system policies, or documents."""
    client.ram("CreateUser", UserName=name)
    for place, policy in enumerate(policies):
        kind = "System"
        if policy.startswith("{"):
            custom = f"{name}-{place}"
            client.ram("CreatePolicy", PolicyName=custom, PolicyDocument=policy)
            kind, policy = "Custom", custom
        client.ram("AttachPolicyToUser", PolicyType=kind, PolicyName=policy, UserName=name)
    made = client.ram("CreateAccessKey", UserName=name)["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])
