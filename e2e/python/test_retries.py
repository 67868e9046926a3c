"""How long to wait is told to who calls too often, and the official clients wait as long or longer of their own accord."""

import pytest
from alibabacloud_kms20160120.models import RotateSecretRequest
from alibabacloud_tea_openapi.exceptions import ThrottlingException
from clients import Legacy, V2
from darabonba.policy.retry import RetryOptions

HOUR_MS = 3_600_000


@pytest.fixture
def slow(serve):
    """A server that an account may call once a second for each product."""
    return serve(toml="[throttling]\nrequests_per_s = 1\n")


def test_the_second_generation_waits_as_long_as_it_was_told(slow):
    # One try more and no backoff of its own, which would be 100 ms: only who waits for the whole time is served.
    options = RetryOptions({"retryCondition": [{"maxAttempts": 2, "exception": ["ThrottlingException"]}]})
    client = V2(slow, retry_options=options)
    for _ in range(4):
        assert client.sts("GetCallerIdentity")["IdentityType"] == "Account"


def test_the_first_generation_waits_by_its_own_rule_and_is_served(slow):
    client = Legacy(slow)
    for _ in range(3):
        assert client.ecs("DescribeRegions")["Regions"]["Region"]


def test_what_was_told_is_when_the_next_call_may_succeed(serve):
    server = serve(toml="[throttling.kms]\nsecret_rotation = 1\n")
    # The other way of this client, by the gateway of KMS, does not read the header.
    client = V2(server, signature_algorithm="v2").client("kms")
    request = RotateSecretRequest(secret_name="none", version_id="v1")
    with pytest.raises(Exception) as first:
        client.rotate_secret(request)
    assert first.value.code == "Forbidden.ResourceNotFound"
    with pytest.raises(ThrottlingException) as second:
        client.rotate_secret(request)
    assert (second.value.status_code, second.value.code) == (429, "Rejected.Throttling")
    assert HOUR_MS / 2 < second.value.retry_after <= HOUR_MS
