"""What an operator asks of a data directory while its server runs: the audit, and what hangs on a key."""

import json
import sqlite3
import subprocess

import pytest

import cloud
import server as process
from server import REGION


def coffer(server, *words):
    """Runs the program on the server's data; its exit code, what it prints, and what it complains of."""
    command = [process.binary(), *words, "--data", str(server.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def used_key(client):
    cloud.make_role(client)
    key = cloud.make_key(client)
    disk = cloud.make_disk(client, Encrypted=True, KMSKeyId=key)
    return key, disk


def test_the_impact_of_a_key_is_everything_that_hangs_on_it(server, root):
    key, disk = used_key(root)
    version = root.kms("DescribeKey", KeyId=key)["KeyMetadata"]["PrimaryKeyVersion"]
    root.kms("CreateSecret", SecretName="app/db", VersionId="v1", SecretData="x", EncryptionKeyId=key)
    cloud.enable(root)
    root.ecs("ModifyDiskDefaultKMSKeyId", RegionId=REGION, KMSKeyId=key)
    code, said, _ = coffer(server, "key", "impact", key, "--output", "json")
    said = json.loads(said)
    found = [(item["Type"], item["ResourceId"]) for item in said["Dependants"]["Dependant"]]
    assert (code, said["KeyState"]) == (0, "Enabled")
    assert found == [("disk", disk), ("secret", "app/db"), ("default", REGION)]
    assert said["Dependants"]["Dependant"][0]["KeyVersionIds"]["KeyVersionId"] == [version]
    code, said, complaint = coffer(server, "key", "impact", "none", "--output", "json")
    assert (code, said) == (3, "") and "none is no key that" in complaint


def test_the_audit_says_who_used_which_key_for_what_and_is_unbroken(server, root):
    key, disk = used_key(root)
    code, said, _ = coffer(server, "audit", "export")
    rows = [json.loads(line) for line in said.splitlines()]
    assert code == 0 and [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    [made] = [row for row in rows if row["action"] == "ecs:CreateDisk"]
    assert made["detail"]["kmsKeyId"] == key and made["outcome"] == "OK" and made["peer"] == "127.0.0.1"
    code, said, _ = coffer(server, "audit", "verify")
    assert code == 0 and said.startswith(f"{len(rows)} rows, unbroken; anchor {len(rows)}:")
    anchor = said.split()[-1]
    cloud.make_key(root)
    assert coffer(server, "audit", "verify", "--anchor", anchor)[0] == 0


@pytest.mark.parametrize(
    "change, named",
    [
        ("UPDATE audit SET principal = 'someone' WHERE sequence = 2", "row 2 of the audit was changed"),
        ("UPDATE audit SET detail = '{}' WHERE sequence = 3", "row 3 of the audit was changed"),
        ("DELETE FROM audit WHERE sequence = 2", "row 2 of the audit is missing"),
        ("UPDATE audit SET sequence = sequence + 100 WHERE sequence = 2", "row 2 of the audit is missing"),
        ("INSERT INTO audit SELECT 0, at, account_id, 'forged', access_key_id, peer, action, resources, outcome, request_id,"
         " detail, chain, nonce FROM audit WHERE sequence = 1", "row 0 of the audit was added"),
        ("UPDATE audit SET account_id = 'nobody' WHERE sequence = 2", "row 2 of the audit was changed"),
        ("UPDATE audit SET detail = x'ff' WHERE sequence = 3", "row 3 of the audit was changed"),
        ("DELETE FROM audit WHERE sequence > 3", "is not the one that the anchor was taken of"),
    ],
)
def test_a_changed_audit_is_noticed(server, root, change, named):
    used_key(root)
    anchor = coffer(server, "audit", "verify")[1].split()[-1]
    server.stop()
    with sqlite3.connect(server.data / "coffer.db") as database:
        assert database.execute(change).rowcount > 0
    database.close()
    code, _, complaint = coffer(server, "audit", "verify", "--anchor", anchor)
    assert code == 1 and named in complaint
