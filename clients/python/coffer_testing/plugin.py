"""Fixtures of pytest: a server for the session, as new for each test."""

import pytest

from coffer_testing import Server

MARKER = (
    "coffer(reset=True, at=None): with reset=False the test finds the server as the test before has left it; "
    "at='2026-01-01T00:00:00Z' has the clock stand there"
)


def pytest_addoption(parser):
    group = parser.getgroup("coffer")
    group.addoption("--coffer-binary", help="the server's executable [default: COFFER_BINARY, else coffer on the path]")
    group.addoption("--coffer-seed", type=int, default=1, help="what ids and keys are drawn from [default: 1]")


def pytest_configure(config):
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def coffer_server(request):
    """The server, as long as the session lasts. Nothing is reset by asking for it."""
    option = request.config.getoption
    with Server(option("--coffer-binary"), option("--coffer-seed")) as server:
        yield server


@pytest.fixture
def coffer(request, coffer_server):
    """The server, reset before the test unless `@pytest.mark.coffer(reset=False)` says otherwise."""
    marks = {}
    # The closest says it last.
    for mark in reversed(list(request.node.iter_markers("coffer"))):
        marks |= mark.kwargs
    if unknown := set(marks) - {"reset", "at"}:
        raise pytest.UsageError(f"the marker coffer does not know {', '.join(sorted(unknown))}: {MARKER}")
    if marks.get("reset", True):
        coffer_server.reset()
    if at := marks.get("at"):
        coffer_server.freeze()
        coffer_server.set_clock(at)
    return coffer_server


@pytest.fixture
def coffer_account(coffer):
    """The account: `account_id`, `access_key_id`, `access_key_secret`, `region_id`."""
    return coffer.account


@pytest.fixture
def coffer_ecs(coffer):
    """The official ECS client."""
    return coffer.client("ecs")


@pytest.fixture
def coffer_kms(coffer):
    """The official KMS client."""
    return coffer.client("kms")


@pytest.fixture
def coffer_ram(coffer):
    """The official RAM client."""
    return coffer.client("ram")


@pytest.fixture
def coffer_sts(coffer):
    """The official STS client."""
    return coffer.client("sts")
