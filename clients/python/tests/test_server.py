"""What test mode does, asked by the official clients."""

import datetime
import json
import urllib.request

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_kms20160120 import models as kms
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sts20150401 import models as sts
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from darabonba.exceptions import UnretryableException

from coffer_testing import Refused, Server

REGION = "cn-hangzhou"


def make_disk(client):
    request = ecs.CreateDiskRequest(region_id=REGION, zone_id=f"{REGION}-h", disk_category="cloud_essd", size=20)
    return client.create_disk(request).body.disk_id


def disks(client):
    return [disk.disk_id for disk in client.describe_disks(ecs.DescribeDisksRequest(region_id=REGION)).body.disks.disk]


def make_key(client):
    return client.create_key(kms.CreateKeyRequest()).body.key_metadata.key_id


def key_state(client, key_id):
    return client.describe_key(kms.DescribeKeyRequest(key_id=key_id)).body.key_metadata.key_state


def code(work, *arguments):
    """How a call is refused."""
    with pytest.raises((AlibabaCloudException, UnretryableException)) as caught:
        work(*arguments)
    error = caught.value
    return getattr(error, "inner_exception", error).code


def enable(client):
    client.enable_disk_encryption_by_default(ecs.EnableDiskEncryptionByDefaultRequest(region_id=REGION))


def test_a_reset_leaves_nothing_and_the_account_stays(coffer, coffer_account, coffer_ecs, coffer_sts):
    make_disk(coffer_ecs)
    coffer.reset()
    assert disks(coffer_ecs) == []
    assert coffer_sts.get_caller_identity().body.account_id == coffer_account.account_id


def test_the_same_calls_give_the_same_ids_after_a_reset_and_in_another_server(coffer, coffer_ecs, coffer_kms):
    first = make_disk(coffer_ecs), make_key(coffer_kms), make_disk(coffer_ecs)
    coffer.reset()
    key = make_key(coffer_kms)
    disks(coffer_ecs)
    assert (make_disk(coffer_ecs), key, make_disk(coffer_ecs)) == first
    with Server(coffer.binary, seed=coffer.seed) as other:
        assert make_disk(other.client("ecs")) == first[0]
    with Server(coffer.binary, seed=coffer.seed + 1) as other:
        assert make_disk(other.client("ecs")) != first[0]


def test_a_restore_brings_back_what_was_with_its_time_and_what_ids_come_next(coffer, coffer_ecs, coffer_kms):
    enable(coffer_ecs)
    kept = make_disk(coffer_ecs)
    coffer.freeze()
    coffer.snapshot("one-disk")
    then = coffer.now()
    second, key = make_disk(coffer_ecs), make_key(coffer_kms)
    coffer_ecs.delete_disk(ecs.DeleteDiskRequest(disk_id=kept))
    coffer.advance(days=1)
    coffer.fault("kms-down")
    for _ in range(2):
        coffer.restore("one-disk")
        assert (disks(coffer_ecs), coffer.now(), coffer.state()["faults"]) == ([kept], then, [])
        assert code(key_state, coffer_kms, key) == "Forbidden.KeyNotFound"
        assert (make_disk(coffer_ecs), make_key(coffer_kms)) == (second, key)
    coffer.forget("one-disk")
    with pytest.raises(Refused, match="there is no snapshot one-disk"):
        coffer.restore("one-disk")


def test_a_window_of_thirty_days_passes_in_one_call(coffer, coffer_kms):
    key = make_key(coffer_kms)
    coffer_kms.schedule_key_deletion(kms.ScheduleKeyDeletionRequest(key_id=key, pending_window_in_days=30))
    coffer.advance(days=29, hours=23)
    assert key_state(coffer_kms, key) == "PendingDeletion"
    coffer.advance(datetime.timedelta(hours=1, seconds=1))
    assert code(key_state, coffer_kms, key) == "Forbidden.KeyNotFound"


def test_what_falls_due_on_the_way_is_done_each_at_its_moment(coffer, coffer_kms):
    request = kms.CreateKeyRequest(enable_automatic_rotation=True, rotation_interval="7d")
    key = coffer_kms.create_key(request).body.key_metadata.key_id
    coffer.advance(days=30)
    versions = coffer_kms.list_key_versions(kms.ListKeyVersionsRequest(key_id=key)).body.key_versions.key_version
    made = sorted(datetime.datetime.strptime(version.creation_date, "%Y-%m-%dT%H:%M:%SZ") for version in versions)
    assert [round((later - made[0]).total_seconds() / 86400) for later in made] == [0, 7, 14, 21, 28]


@pytest.mark.coffer(at="2026-01-01T00:00:00Z")
def test_a_frozen_clock_stands_where_it_was_put_until_it_runs(coffer, coffer_kms):
    key = make_key(coffer_kms)
    shown = coffer_kms.describe_key(kms.DescribeKeyRequest(key_id=key)).body.key_metadata.creation_date
    assert (shown, coffer.state()["clock"]["frozen"]) == ("2026-01-01T00:00:00Z", True)
    coffer.unfreeze()
    assert not coffer.state()["clock"]["frozen"]


@pytest.mark.coffer(at="2026-01-01T00:00:00Z")
def test_what_is_done_in_the_background_is_done_under_a_frozen_clock_too(coffer, coffer_ecs):
    disk = make_disk(coffer_ecs)
    made = coffer_ecs.run_instances(
        ecs.RunInstancesRequest(
            region_id=REGION,
            zone_id=f"{REGION}-h",
            instance_type="ecs.g7.large",
            image_id="ubuntu_24_04_x64_20G_alibase_20250113.vhd",
            system_disk=ecs.RunInstancesRequestSystemDisk(category="cloud_essd"),
        )
    )
    instance = made.body.instance_id_sets.instance_id_set[0]
    coffer.advance(0)
    request = ecs.DescribeInstancesRequest(region_id=REGION, instance_ids=json.dumps([instance]))
    assert coffer_ecs.describe_instances(request).body.instances.instance[0].status == "Running"
    coffer_ecs.attach_disk(ecs.AttachDiskRequest(instance_id=instance, disk_id=disk))
    snapshot = coffer_ecs.create_snapshot(ecs.CreateSnapshotRequest(disk_id=disk)).body.snapshot_id
    coffer.advance(0)
    request = ecs.DescribeSnapshotsRequest(region_id=REGION, snapshot_ids=json.dumps([snapshot]))
    assert coffer_ecs.describe_snapshots(request).body.snapshots.snapshot[0].status == "accomplished"
    # Its disks are open; they are closed for a moment, and as they were.
    coffer.snapshot("running")
    coffer.restore("running")
    assert disks(coffer_ecs).count(disk) == 1


def test_a_session_ends_when_the_clock_says_so(coffer, coffer_account, coffer_ram, coffer_sts):
    principal = {"RAM": [f"acs:ram::{coffer_account.account_id}:root"]}
    trust = {"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}]}
    coffer_ram.create_role(ram.CreateRoleRequest(role_name="r", assume_role_policy_document=json.dumps(trust)))
    arn = f"acs:ram::{coffer_account.account_id}:role/r"
    user = coffer_ram.create_user(ram.CreateUserRequest(user_name="u")).body.user
    coffer_ram.attach_policy_to_user(
        ram.AttachPolicyToUserRequest(policy_type="System", policy_name="AdministratorAccess", user_name=user.user_name)
    )
    key = coffer_ram.create_access_key(ram.CreateAccessKeyRequest(user_name="u")).body.access_key
    assuming = coffer.client("sts", access_key_id=key.access_key_id, access_key_secret=key.access_key_secret)
    request = sts.AssumeRoleRequest(role_arn=arn, role_session_name="session", duration_seconds=900)
    given = assuming.assume_role(request).body.credentials
    session = coffer.client(
        "sts",
        access_key_id=given.access_key_id,
        access_key_secret=given.access_key_secret,
        security_token=given.security_token,
    )
    assert session.get_caller_identity().body.account_id == coffer_account.account_id
    coffer.advance(minutes=16)
    assert code(session.get_caller_identity) == "InvalidSecurityToken.Expired"


def test_an_action_fails_as_often_as_was_said(coffer, coffer_ecs):
    coffer.fault("error", action="CreateDisk", code="QuotaExceed.PostPaidDisk", times=2)
    assert [code(make_disk, coffer_ecs), code(make_disk, coffer_ecs)] == ["QuotaExceed.PostPaidDisk"] * 2
    made = make_disk(coffer_ecs)
    assert disks(coffer_ecs) == [made]
    assert coffer.state()["faults"] == []


def test_every_third_call_is_throttled(coffer, coffer_kms):
    coffer.fault("throttle", action="kms:CreateKey", every=3)
    outcomes = []
    for _ in range(6):
        try:
            outcomes.append(bool(make_key(coffer_kms)))
        except (AlibabaCloudException, UnretryableException):
            outcomes.append(False)
    assert outcomes == [True, True, False, True, True, False]


def test_while_kms_is_down_neither_clients_nor_disks_have_keys(coffer, coffer_ecs, coffer_kms):
    plain = make_disk(coffer_ecs)
    enable(coffer_ecs)
    with coffer.faulty("kms-down"):
        assert code(make_key, coffer_kms) == "ServiceUnavailable"
        assert code(make_disk, coffer_ecs) == "ServiceUnavailable"
        assert disks(coffer_ecs) == [plain], "nothing is left of it"
    assert make_key(coffer_kms) and make_disk(coffer_ecs)


def test_a_service_s_own_key_is_disabled_and_enabled_again(coffer, coffer_ecs, coffer_kms):
    enable(coffer_ecs)
    request = ecs.DescribeDiskDefaultKMSKeyIdRequest(region_id=REGION)
    key = coffer_ecs.describe_disk_default_kmskey_id(request).body.kmskey_id
    with coffer.faulty("key-disabled", key_id=key):
        assert key_state(coffer_kms, key) == "Disabled"
        assert code(make_disk, coffer_ecs) == "InvalidParameter.KMSKeyId.CMKNotEnabled"
    assert key_state(coffer_kms, key) == "Enabled"
    assert make_disk(coffer_ecs)


def test_what_makes_no_sense_is_refused_with_what_would(coffer):
    with pytest.raises(Refused, match="there is no action CreateDisc"):
        coffer.fault("error", action="CreateDisc", code="Throttling", times=1)
    with pytest.raises(Refused, match="from 2000-01-01T00:00:00Z to 2200-01-01T00:00:00Z"):
        coffer.set_clock("2201-01-01T00:00:00Z")
    with pytest.raises(Refused, match="1 to 64 letters"):
        coffer.snapshot("../x")
    assert coffer.state()["faults"] == []


def test_every_answer_says_that_it_is_test_mode(coffer):
    for path in ("test/state", "health/ready"):
        with urllib.request.urlopen(f"http://{coffer.address}/{path}") as answer:
            assert answer.headers["x-coffer-test-mode"] == "on"
