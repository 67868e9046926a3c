"""What every test gets: a server of its own, and the clients that talk to it."""

import itertools

import pytest

import cloud
from clients import KINDS, V2
from server import Server


@pytest.fixture
def serve(tmp_path):
    """Starts servers of any configuration on fresh data directories: `serve("--kms", "unopened", toml="...")`."""
    started = []
    numbers = itertools.count()

    def start(*options, toml=""):
        server = Server(tmp_path / f"data{next(numbers)}", *options, toml=toml)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(serve):
    """A server as it is without any configuration."""
    return serve()


@pytest.fixture
def root(server):
    """The V2 SDKs with the account's own key."""
    return V2(server)


@pytest.fixture(params=KINDS)
def connect(request):
    """Each kind of client in turn, as a function from a server (and a key) to a client."""
    return KINDS[request.param]


@pytest.fixture
def unharmed(server):
    """After each test the server still answers, and nothing that a bad request asked for has happened."""
    yield
    root = V2(server)
    assert server.is_running() and server.is_ready()
    assert not cloud.is_enabled(root), "a bad request changed the state"
    assert cloud.disks(root) == []
    assert root.kms("ListKeys")["TotalCount"] == 0
