"""HTTP and the bytes under it, where a client goes wrong: only its own request or connection suffers."""

import contextlib
import http.client
import re
import socket
import ssl

import pytest

import signing
from server import REGION
from signing import send_v1, v1

pytestmark = pytest.mark.usefixtures("unharmed")

ENABLE, STATUS = "EnableDiskEncryptionByDefault", "DescribeDiskEncryptionByDefaultStatus"
HERE = {"RegionId": REGION}


def raw(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def head(method, server, *lines):
    return "\r\n".join([f"{method} / HTTP/1.1", f"Host: {server.address}", *lines, "", ""]).encode()


def finish(connection):
    """Says that nothing more will come; the server may have closed before."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def drain(connection):
    """Everything until the server closes."""
    found = b""
    try:
        while chunk := connection.recv(65536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def assert_refused(connection, status, code):
    response = http.client.HTTPResponse(connection)
    response.begin()
    answer = signing.Answer(response)
    assert (answer.status, answer.json["Code"]) == (status, code)


def test_a_body_that_is_too_large_is_refused(server):
    with raw(server) as connection:
        connection.sendall(head("POST", server, "Content-Length: 2000000"))
        try:
            for _ in range(32):
                connection.sendall(b"a" * 65536)
        except OSError:
            pass  # The server need not read on once it knows.
        assert_refused(connection, 413, "RequestTooLarge")


def test_a_chunked_body_that_is_too_large_is_refused(server):
    with raw(server) as connection:
        connection.sendall(head("POST", server, "Transfer-Encoding: chunked"))
        try:
            for _ in range(32):
                connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
        except OSError:
            pass
        assert_refused(connection, 413, "RequestTooLarge")


def test_a_body_that_ends_early_does_nothing(server):
    form = signing.query_of(v1(ENABLE, method="POST", **HERE))
    for half in [form[:50], form]:
        with raw(server) as connection:
            kind = "Content-Type: application/x-www-form-urlencoded"
            connection.sendall(head("POST", server, kind, f"Content-Length: {len(form) + 10}") + half.encode())
            finish(connection)
            answer = drain(connection)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE", "TRACE"])
def test_another_method_is_refused(server, method):
    answer = send_v1(server, v1(ENABLE, method=method, **HERE), method)
    assert answer.error == (403, "UnsupportedHTTPMethod", "This http method is not supported.")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 100,
        b"\xff" * 5000,
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 500,
    ],
    ids=range(11),
)
def test_garbage_on_the_port_ends_only_its_connection(server, garbage):
    with raw(server) as connection:
        connection.sendall(garbage)
        finish(connection)
        answer = drain(connection)
        assert not re.match(rb"HTTP/1\.[01] (2|404|5)", answer), answer


@pytest.mark.parametrize("garbage", [b"\x16", b"\x16\x03\x01\x02\x00" + b"\xff" * 512, b"\x16\xff\xff\xff\xff" * 100])
def test_tls_garbage_ends_only_its_connection(server, garbage):
    with raw(server) as connection:
        connection.sendall(garbage)
        finish(connection)
        assert not drain(connection).startswith(b"HTTP/1.1 2")


def test_a_tls_client_that_trusts_nobody_goes_away_unserved(server):
    with pytest.raises(ssl.SSLCertVerificationError):
        with raw(server) as connection:
            ssl.create_default_context().wrap_socket(connection, server_hostname="127.0.0.1")


def test_a_head_that_is_too_large_is_refused(server):
    for lines in [["X: " + "x" * 300_000], [f"X-{n}: x" for n in range(200)]]:
        with raw(server) as connection:
            try:
                connection.sendall(head("GET", server, *lines))
            except OSError:
                pass
            answer = drain(connection)
            assert answer == b"" or re.match(rb"HTTP/1\.1 4(14|31|00) ", answer), answer[:200]


def test_a_header_that_is_no_text_is_refused(server):
    with raw(server) as connection:
        connection.sendall(
            head("GET", server, "Connection: close").replace(b"Connection", b"X-Odd: \xff\xfe\r\nConnection")
        )
        assert_refused(connection, 400, "ParseRequestParameterException")


def test_a_connection_is_kept_through_good_and_bad_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for parameters, status in [(v1(STATUS, **HERE), 200), (v1("Nonsense"), 400), (v1(STATUS, **HERE), 200)]:
        connection.request("GET", f"/?{signing.query_of(parameters)}")
        local = connection.sock.getsockname()
        assert signing.Answer(connection.getresponse()).status == status
        assert connection.sock is not None and connection.sock.getsockname() == local
    connection.close()


def test_many_connections_that_say_nothing_do_not_stop_others(server):
    idle = [raw(server) for _ in range(200)]
    try:
        assert send_v1(server, v1(STATUS, **HERE)).status == 200
    finally:
        for connection in idle:
            connection.close()
