"""Disks: made under the default, listed, filtered, deleted."""

from xml.etree import ElementTree

import pytest

import cloud
from clients import Legacy, V2, refused
from server import REGION
from signing import send_v1, v1

ZONE = cloud.ZONE
BY_DEFAULT_ONLY = (
    403,
    "InvalidEncrypted.NotMatchDiskDefaultEncryption",
    "Enabling disk default encryption prevents the creation of non-encrypted disks.",
)


def names(client, **parameters):
    return [disk["DiskName"] for disk in cloud.disks(client, **parameters)]


def test_a_plain_disk_is_refused_while_the_default_is_on(server, connect):
    client = connect(server)
    cloud.enable(client)
    with refused(*BY_DEFAULT_ONLY):
        cloud.make_disk(client, Encrypted=False)
    assert cloud.disks(client) == []
    cloud.make_disk(client, Encrypted=True)
    assert cloud.disks(client)[0]["Encrypted"]


def test_the_setting_encrypts_what_was_asked_to_be_plain(serve):
    root = V2(serve(toml='[default_encryption]\nexplicit_unencrypted = "encrypt"\n'))
    cloud.enable(root)
    cloud.make_disk(root, Encrypted=False)
    disk = cloud.disks(root)[0]
    assert disk["Encrypted"] and disk["KMSKeyId"] == cloud.default_key(root)


def test_a_key_of_its_own_counts_before_the_default(server, connect):
    client = connect(server)
    cloud.make_role(client)
    default, own = cloud.make_key(client), cloud.make_key(client)
    cloud.enable(client)
    cloud.modify(client, default)
    cloud.make_disk(client, Encrypted=True, KMSKeyId=own, DiskName="own")
    cloud.make_disk(client, Encrypted=True, DiskName="default")
    assert {disk["DiskName"]: disk["KMSKeyId"] for disk in cloud.disks(client)} == {"own": own, "default": default}
    assert names(client, KMSKeyId=own) == ["own"]


def test_a_key_without_encryption_is_refused(server, root):
    with refused(400, "InvalidParameter.EncryptedIllegal"):
        cloud.make_disk(root, KMSKeyId=cloud.make_key(root))
    assert cloud.disks(root) == []


def test_a_key_problem_leaves_no_disk(server, root):
    key = cloud.make_key(root)
    asked = {"Encrypted": True, "KMSKeyId": key}
    with refused(403, "InvalidParameter.KMSKeyId.KMSUnauthorized"):
        cloud.make_disk(root, **asked)
    cloud.make_role(root)
    root.kms("DisableKey", KeyId=key)
    with refused(403, "InvalidParameter.KMSKeyId.CMKNotEnabled"):
        cloud.make_disk(root, **asked)
    with refused(404, "InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist."):
        cloud.make_disk(root, Encrypted=True, KMSKeyId="0e478b7a-4262-4802-b8cb-00d3fb40826X")
    assert cloud.disks(root) == []


def test_an_encrypted_disk_needs_kms(serve):
    root = V2(serve("--kms", "unopened"))
    with refused(400, "InvalidParameter.KmsNotEnabled"):
        cloud.make_disk(root, Encrypted=True)
    cloud.make_disk(root)
    assert [disk["Encrypted"] for disk in cloud.disks(root)] == [False]


def test_a_disk_that_went_is_gone(server, connect):
    client = connect(server)
    disk = cloud.make_disk(client)
    client.ecs("DeleteDisk", DiskId=disk)
    with refused(404, "InvalidDiskId.NotFound", "The specified disk does not exist."):
        client.ecs("DeleteDisk", DiskId=disk)


@pytest.mark.parametrize(
    "parameters, status, code",
    [
        ({"RegionId": "cn-atlantis"}, 404, "InvalidRegionId.NotFound"),
        ({"ZoneId": "cn-hangzhou-z"}, 404, "InvalidZoneId.NotFound"),
        ({"ZoneId": "cn-beijing-a"}, 404, "InvalidZoneId.NotFound"),
        ({"Size": 19}, 403, "OperationDenied.PerformanceLevelNotMatch"),
        ({"Size": 65537}, 403, "InvalidDataDiskSize.ValueNotSupported"),
        ({"Size": 0}, 400, "InvalidSize.ValueNotSupported"),
        ({"DiskCategory": "floppy"}, 400, "InvalidDiskCategory.ValueNotSupported"),
        ({"PerformanceLevel": "PL9"}, 400, "InvalidPerformanceLevel.Malformed"),
        ({"DiskName": "1"}, 400, "InvalidDiskName.Malformed"),
        ({"DiskName": "http://x"}, 400, "InvalidDiskName.Malformed"),
        ({"Description": "x"}, 400, "InvalidDescription.Malformed"),
        ({"SnapshotId": "s-bp1missing"}, 404, "InvalidSnapshotId.NotFound"),
        ({"ClientToken": "é"}, 400, "InvalidParameter"),
        ({"ClientToken": "t" * 65}, 400, "InvalidParameter"),
        ({"Tag": [{"Key": "acs:mine", "Value": "x"}]}, 400, "InvalidTagKey.Malformed"),
        ({"Tag": [{"Key": "a"}, {"Key": "a"}]}, 400, "Duplicate.TagKey"),
        ({"Tag": [{"Key": f"k{n}"} for n in range(21)]}, 400, "InvalidTagCount"),
    ],
)
def test_a_disk_that_can_not_be_is_refused_by_name(server, root, parameters, status, code):
    with refused(status, code):
        cloud.make_disk(root, **parameters)
    assert cloud.disks(root) == []


def test_a_client_token_makes_a_retry_harmless(server, connect):
    client = connect(server)
    first = cloud.make_disk(client, ClientToken="token-1", DiskName="once")
    assert cloud.make_disk(client, ClientToken="token-1", DiskName="once") == first
    with refused(400, "IdempotentParameterMismatch", "The request is retried with updated parameters."):
        cloud.make_disk(client, ClientToken="token-1", DiskName="twice")
    second = cloud.make_disk(client, ClientToken="token-2", DiskName="once")
    assert second != first and len(cloud.disks(client)) == 2


def test_a_client_token_outlives_a_restart(server):
    first = cloud.make_disk(V2(server), ClientToken="token")
    server.stop()
    server.start()
    root = V2(server)
    assert cloud.make_disk(root, ClientToken="token") == first and len(cloud.disks(root)) == 1


def test_disks_are_listed_by_numbered_pages(server, connect):
    client = connect(server)
    made = [cloud.make_disk(client) for _ in range(5)]
    pages = [client.ecs("DescribeDisks", RegionId=REGION, PageNumber=n, PageSize=2) for n in [1, 2, 3, 4]]
    listed = [[disk["DiskId"] for disk in page["Disks"]["Disk"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1, 0]
    assert sorted(sum(listed, [])) == sorted(made)
    assert {(page["TotalCount"], page["PageSize"]) for page in pages} == {(5, 2)}
    assert [page["PageNumber"] for page in pages] == [1, 2, 3, 4]
    for bad in [{"PageSize": 101}, {"PageSize": 0}, {"PageNumber": 0}]:
        with refused(400, "InvalidParameter"):
            client.ecs("DescribeDisks", RegionId=REGION, **bad)


def test_disks_are_listed_by_tokens(server, connect):
    client = connect(server)
    made = [cloud.make_disk(client) for _ in range(23)]
    listed, token, pages = [], None, 0
    while token != "":
        more = {"NextToken": token} if token else {}
        page = client.ecs("DescribeDisks", RegionId=REGION, MaxResults=10, **more)
        listed += [disk["DiskId"] for disk in page["Disks"]["Disk"]]
        token, pages = page["NextToken"], pages + 1
    assert pages == 3 and sorted(listed) == sorted(made)
    page = client.ecs("DescribeDisks", RegionId=REGION, MaxResults=10)
    for region, other in [("cn-beijing", page["NextToken"]), (REGION, "nonsense"), (REGION, page["NextToken"] + "A")]:
        with refused(400, "InvalidParameter"):
            client.ecs("DescribeDisks", RegionId=region, MaxResults=10, NextToken=other)


def test_disks_are_filtered(server, connect):
    client = connect(server)
    plain = cloud.make_disk(client, DiskName="plain", DiskCategory="cloud_efficiency", Tag=tags(env="test", team="a"))
    cloud.make_disk(client, DiskName="secret", Encrypted=True, ZoneId="cn-hangzhou-i", Tag=tags(env="prod"))
    cases = [
        ({}, ["secret", "plain"]),
        ({"Encrypted": True}, ["secret"]),
        ({"Encrypted": False}, ["plain"]),
        ({"DiskName": "plain"}, ["plain"]),
        ({"DiskName": "pla"}, []),
        ({"ZoneId": "cn-hangzhou-i"}, ["secret"]),
        ({"Category": "cloud_efficiency"}, ["plain"]),
        ({"Category": "all"}, ["secret", "plain"]),
        ({"Status": "Available"}, ["secret", "plain"]),
        ({"Status": "In_use"}, []),
        ({"DiskType": "data"}, ["secret", "plain"]),
        ({"DiskType": "system"}, []),
        ({"DiskIds": f'["{plain}","d-bp1doesnotexist0000"]'}, ["plain"]),
        ({"DiskIds": '["d-bp1doesnotexist0000"]'}, []),
        ({"Tag": tags(env="test")}, ["plain"]),
        ({"Tag": [{"Key": "env"}]}, ["secret", "plain"]),
        ({"Tag": tags(env="test", team="b")}, []),
        ({"Encrypted": True, "DiskName": "plain"}, []),
    ]
    for parameters, expected in cases:
        # Two disks of the same second have no order to each other.
        assert sorted(names(client, **parameters)) == sorted(expected), parameters
    shown = cloud.disks(client, DiskName="plain")[0]["Tags"]["Tag"]
    assert sorted((tag["TagKey"], tag["TagValue"]) for tag in shown) == [("env", "test"), ("team", "a")]


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


@pytest.mark.parametrize(
    "parameters, status, code",
    [
        ({"RegionId": "cn-atlantis"}, 400, "InvalidRegion.NotFound"),
        ({"DiskIds": "d-1"}, 400, "InvalidParameter.DiskIds"),
        ({"DiskIds": str([f"d-{n}" for n in range(101)]).replace("'", '"')}, 403, "InvalidDiskIds.Malformed"),
        ({"DiskType": "floppy"}, 400, "InvalidDiskType.ValueNotSupported"),
        ({"Category": "floppy"}, 400, "InvalidCategory.ValueNotSupported"),
        ({"Status": "lost"}, 400, "InvalidStatus.ValueNotSupported"),
        ({"ZoneId": "cn-hangzhou-z"}, 400, "InvalidZoneId.NotFound"),
    ],
)
def test_a_filter_that_can_not_be_is_refused_by_name(server, root, parameters, status, code):
    with refused(status, code):
        root.ecs("DescribeDisks", **({"RegionId": REGION} | parameters))


def test_disks_of_another_region_are_not_shown(server, connect):
    client = connect(server)
    cloud.make_disk(client)
    there = cloud.make_disk(client, RegionId="cn-beijing", ZoneId="cn-beijing-a")
    assert len(cloud.disks(client)) == 1
    assert [disk["DiskId"] for disk in cloud.disks(client, "cn-beijing")] == [there]


def test_regions_and_zones_are_described(server, connect):
    client = connect(server)
    regions = client.ecs("DescribeRegions")["Regions"]["Region"]
    assert {"cn-hangzhou", "us-east-1", "ap-southeast-1"} <= {region["RegionId"] for region in regions}
    zones = client.ecs("DescribeZones", RegionId=REGION)["Zones"]["Zone"]
    assert ZONE in {zone["ZoneId"] for zone in zones}
    english = client.ecs("DescribeRegions", AcceptLanguage="en-US")["Regions"]["Region"]
    assert "China (Hangzhou)" in {region["LocalName"] for region in english}


def test_a_client_that_asks_for_xml_gets_it(server):
    client = Legacy(server)
    disk = cloud.make_disk(client, DiskName="ab", Description="<&>'\" ä", Tag=tags(env="test"))
    text = send_v1(server, v1("DescribeDisks", Format="XML", RegionId=REGION)).body
    assert text.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    tree = ElementTree.fromstring(text)
    assert tree.tag == "DescribeDisksResponse" and tree.findtext("TotalCount") == "1"
    assert tree.findtext("Disks/Disk/DiskId") == disk
    assert tree.findtext("Disks/Disk/Description") == "<&>'\" ä"
    assert tree.findtext("Disks/Disk/Encrypted") == "false"
    assert tree.findtext("Disks/Disk/Tags/Tag/TagKey") == "env"
