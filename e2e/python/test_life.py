"""A disk's whole life, as a user leads it: made, attached, grown, changed, kept in snapshots and images, copied, reset, deleted."""

import json
import time

import pytest

import cloud
from clients import V2, refused
from server import REGION

ELSEWHERE = "cn-beijing"
IMAGE = "ubuntu_24_04_x64_20G_alibase_20250113.vhd"
TYPE = "ecs.g7.large"
WAIT_S = 20
# Only images that are available are listed unless asked.
STATUSES = "Creating,Available"


def wait(what, ready):
    """Asks until `ready` holds of the answer, as clients do after every call that begins something."""
    deadline = time.monotonic() + WAIT_S
    while not ready(answer := what()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    return answer


def disk(client, disk_id, region=REGION):
    return cloud.disks(client, region, DiskIds=json.dumps([disk_id]))[0]


def disk_is(client, disk_id, status):
    return wait(lambda: disk(client, disk_id), lambda shown: shown["Status"] == status)


def instance_is(client, instance_id, status):
    asked = {"RegionId": REGION, "InstanceIds": json.dumps([instance_id])}
    listed = lambda: client.ecs("DescribeInstances", **asked)["Instances"]["Instance"][0]
    return wait(listed, lambda shown: shown["Status"] == status)


def snapshots(client, region=REGION, **parameters):
    return client.ecs("DescribeSnapshots", RegionId=region, **parameters)["Snapshots"]["Snapshot"]


def snapshot_is_done(client, snapshot_id, region=REGION):
    listed = lambda: snapshots(client, region, SnapshotIds=json.dumps([snapshot_id]))[0]
    return wait(listed, lambda shown: shown["Status"] == "accomplished" and shown["Progress"] == "100%")


def image_is_done(client, image_id, region=REGION):
    listed = lambda: client.ecs("DescribeImages", RegionId=region, ImageId=image_id, Status=STATUSES)["Images"]["Image"][0]
    return wait(listed, lambda shown: shown["Status"] == "Available")


def run_instance(client, **parameters):
    asked = {"RegionId": REGION, "ZoneId": cloud.ZONE, "ImageId": IMAGE, "InstanceType": TYPE}
    asked["SystemDisk"] = {"Category": "cloud_essd"}
    return client.ecs("RunInstances", **asked | parameters)["InstanceIdSets"]["InstanceIdSet"][0]


@pytest.fixture
def encrypted(server, connect):
    """A client of an account whose disks are encrypted with a key of its own, and that key."""
    client = connect(server)
    cloud.make_role(client)
    cloud.enable(client)
    key = cloud.make_key(client)
    cloud.modify(client, key)
    return client, key


def test_a_disks_life(encrypted):
    client, key = encrypted
    instance = run_instance(client)
    instance_is(client, instance, "Running")
    system = cloud.disks(client, InstanceId=instance)[0]
    assert (system["Type"], system["Encrypted"], system["KMSKeyId"]) == ("system", True, key)

    made = cloud.make_disk(client, DiskName="data", PerformanceLevel="PL0", Size=40)
    client.ecs("AttachDisk", InstanceId=instance, DiskId=made)
    shown = disk_is(client, made, "In_use")
    assert (shown["InstanceId"], shown["Device"], shown["KMSKeyId"]) == (instance, "/dev/xvdb", key)
    assert shown["SerialNumber"] == made.removeprefix("d-")

    client.ecs("ResizeDisk", DiskId=made, NewSize=60, Type="online")
    wait(lambda: disk(client, made), lambda shown: shown["Size"] == 60 and shown["Status"] == "In_use")
    client.ecs("ModifyDiskAttribute", DiskId=made, DiskName="grown", DeleteWithInstance=False)
    client.ecs("ModifyDiskSpec", DiskId=made, PerformanceLevel="PL1")
    shown = wait(lambda: disk(client, made), lambda shown: shown["PerformanceLevel"] == "PL1")
    assert (shown["DiskName"], shown["DeleteWithInstance"]) == ("grown", False)

    snapshot = client.ecs("CreateSnapshot", DiskId=made, SnapshotName="kept")["SnapshotId"]
    shown = snapshot_is_done(client, snapshot)
    assert (shown["Encrypted"], shown["KMSKeyId"], shown["SourceDiskSize"]) == (True, key, "60")
    again = cloud.make_disk(client, SnapshotId=snapshot, Size=60)
    assert disk_is(client, again, "Available")["SourceSnapshotId"] == snapshot

    client.ecs("StopInstance", InstanceId=instance)
    instance_is(client, instance, "Stopped")
    client.ecs("ResetDisk", DiskId=made, SnapshotId=snapshot)
    disk_is(client, made, "In_use")
    client.ecs("ReInitDisk", DiskId=made)
    disk_is(client, made, "In_use")
    client.ecs("StartInstance", InstanceId=instance)
    instance_is(client, instance, "Running")
    client.ecs("DetachDisk", InstanceId=instance, DiskId=made)
    disk_is(client, made, "Available")

    with refused(403, "SnapshotCreatedDisk"):
        client.ecs("DeleteSnapshot", SnapshotId=snapshot)
    client.ecs("DeleteSnapshot", SnapshotId=snapshot, Force=True)
    for gone in [made, again]:
        client.ecs("DeleteDisk", DiskId=gone)
    client.ecs("DeleteInstance", InstanceId=instance, Force=True)
    assert wait(lambda: cloud.disks(client), lambda left: not left) == [] and snapshots(client) == []


def test_copies_go_to_another_region_under_a_key_of_that_region(encrypted):
    client, key = encrypted
    made = cloud.make_disk(client)
    instance = run_instance(client)
    instance_is(client, instance, "Running")
    client.ecs("AttachDisk", InstanceId=instance, DiskId=made)
    disk_is(client, made, "In_use")
    snapshot = client.ecs("CreateSnapshot", DiskId=made)["SnapshotId"]
    snapshot_is_done(client, snapshot)
    asked = {"RegionId": REGION, "DestinationRegionId": ELSEWHERE}
    named = {"DestinationSnapshotName": "copy", "DestinationSnapshotDescription": "copy"}
    copy = client.ecs("CopySnapshot", SnapshotId=snapshot, **asked, **named, Encrypted=True)["SnapshotId"]
    shown = snapshot_is_done(client, copy, ELSEWHERE)
    assert shown["Encrypted"] and shown["KMSKeyId"] != key and shown["SourceSnapshotId"] == snapshot

    image = client.ecs("CreateImage", RegionId=REGION, InstanceId=instance, ImageName="whole")["ImageId"]
    image_is_done(client, image)
    copied = client.ecs("CopyImage", ImageId=image, **asked, Encrypted=True)["ImageId"]
    shown = image_is_done(client, copied, ELSEWHERE)
    assert {mapping["Encrypted"] for mapping in shown["DiskDeviceMappings"]["DiskDeviceMapping"]} == {True}
    for where, what in [(REGION, image), (ELSEWHERE, copied)]:
        client.ecs("DeleteImage", RegionId=where, ImageId=what)
    assert client.ecs("DescribeImages", RegionId=REGION, ImageOwnerAlias="self")["Images"]["Image"] == []


def test_an_instance_whose_key_is_disabled_does_not_start_until_it_is_enabled_again(encrypted):
    client, key = encrypted
    instance = run_instance(client)
    instance_is(client, instance, "Running")
    client.ecs("StopInstance", InstanceId=instance)
    instance_is(client, instance, "Stopped")
    client.kms("DisableKey", KeyId=key)
    with refused(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled."):
        client.ecs("StartInstance", InstanceId=instance)
    client.kms("EnableKey", KeyId=key)
    client.ecs("StartInstance", InstanceId=instance)
    instance_is(client, instance, "Running")


def test_a_system_disk_is_replaced_under_the_default(encrypted):
    client, key = encrypted
    instance = run_instance(client)
    instance_is(client, instance, "Running")
    before = cloud.disks(client, InstanceId=instance)[0]["DiskId"]
    client.ecs("StopInstance", InstanceId=instance)
    instance_is(client, instance, "Stopped")
    given = client.ecs("ReplaceSystemDisk", InstanceId=instance, ImageId=IMAGE)["DiskId"]
    (after,) = cloud.disks(client, InstanceId=instance)
    assert after["DiskId"] == given != before
    assert (after["Encrypted"], after["KMSKeyId"]) == (True, key)


def test_tags_find_what_bears_them(server, connect):
    client = connect(server)
    made = [cloud.make_disk(client, Tag=[{"Key": "team", "Value": "blue"}]), cloud.make_disk(client)]
    bearing = lambda: [disk["DiskId"] for disk in cloud.disks(client, Tag=[{"Key": "team", "Value": "blue"}])]
    assert bearing() == made[:1]
    asked = {"RegionId": REGION, "ResourceType": "disk"}
    client.ecs("TagResources", **asked, ResourceId=made, Tag=[{"Key": "team", "Value": "blue"}])
    assert sorted(bearing()) == sorted(made)
    client.ecs("UntagResources", **asked, ResourceId=made[:1], TagKey=["team"])
    assert bearing() == made[1:]
    listed = client.ecs("ListTagResources", **asked, ResourceId=made)["TagResources"]["TagResource"]
    assert [(tag["ResourceId"], tag["TagKey"], tag["TagValue"]) for tag in listed] == [(made[1], "team", "blue")]


class Driver:
    """The calls of the CSI driver for disks, with the parameters it sends (its `cloud.go`): `Encrypted` is always said."""

    def __init__(self, client):
        self.client = client

    def create(self, name, size, encrypted=False, key=None):
        asked = {
            "RegionId": REGION,
            "ZoneId": cloud.ZONE,
            "DiskName": name,
            "Size": size,
            "DiskCategory": "cloud_essd",
            "PerformanceLevel": "PL0",
            "Encrypted": encrypted,
            "ClientToken": f"name:{name}",
            "Tag": [{"Key": "createdby", "Value": "alibabacloud-csi-plugin"}],
        }
        if encrypted and key:
            asked["KMSKeyId"] = key
        return self.client.ecs("CreateDisk", **asked)["DiskId"]

    def attach(self, disk_id, instance):
        self.client.ecs("AttachDisk", InstanceId=instance, DiskId=disk_id)
        return disk_is(self.client, disk_id, "In_use")["SerialNumber"]

    def expand(self, disk_id, size):
        self.client.ecs("ResizeDisk", DiskId=disk_id, NewSize=size, Type="online", ClientToken=f"resize:{disk_id}:{size}")

    def snapshot(self, disk_id, name):
        asked = {"DiskId": disk_id, "SnapshotName": name, "ClientToken": f"snapshot:{name}"}
        return self.client.ecs("CreateSnapshot", **asked, Tag=[{"Key": "force.delete.snapshot", "Value": "true"}])["SnapshotId"]

    def detach(self, disk_id, instance):
        self.client.ecs("DetachDisk", InstanceId=instance, DiskId=disk_id)
        disk_is(self.client, disk_id, "Available")


def test_the_csi_drivers_calls_lead_a_volume_through_its_life(server, connect):
    client = connect(server)
    driver, instance = Driver(client), run_instance(client)
    instance_is(client, instance, "Running")
    volume = driver.create("pvc-1", 20)
    assert driver.create("pvc-1", 20) == volume, "a retry of the provisioner"
    with refused(400, "IdempotentParameterMismatch"):
        driver.create("pvc-1", 40)
    assert [found["DiskId"] for found in cloud.disks(client, DiskName="pvc-1")] == [volume]
    assert driver.attach(volume, instance) == volume.removeprefix("d-")
    driver.expand(volume, 40)
    wait(lambda: disk(client, volume), lambda shown: shown["Size"] == 40)
    kept = driver.snapshot(volume, "snap-1")
    snapshot_is_done(client, kept)
    assert driver.snapshot(volume, "snap-1") == kept
    driver.detach(volume, instance)
    client.ecs("DeleteSnapshot", SnapshotId=kept, Force=True)
    with refused(404, "InvalidSnapshotId.NotFound"):
        client.ecs("DeleteSnapshot", SnapshotId=kept, Force=True)
    client.ecs("DeleteDisk", DiskId=volume)
    assert cloud.disks(client, DiskName="pvc-1") == []


def test_the_csi_drivers_plain_volumes_are_refused_under_the_default_and_its_encrypted_ones_are_not(encrypted):
    client, key = encrypted
    driver = Driver(client)
    with refused(403, "InvalidEncrypted.NotMatchDiskDefaultEncryption"):
        driver.create("pvc-plain", 20)
    assert cloud.disks(client, DiskName="pvc-plain") == []
    assert disk(client, driver.create("pvc-default", 20, encrypted=True))["KMSKeyId"] == key
    own = cloud.make_key(client)
    assert disk(client, driver.create("pvc-own", 20, encrypted=True, key=own))["KMSKeyId"] == own


def test_the_setting_lets_the_csi_drivers_plain_volumes_be_encrypted(serve):
    root = V2(serve(toml='[default_encryption]\nexplicit_unencrypted = "encrypt"\n'))
    cloud.enable(root)
    assert disk(root, Driver(root).create("pvc", 20))["Encrypted"]
