"""A Coffer process under test: started on a free port with a fresh data directory, stopped by its own process id."""

import http.client
import os
import pathlib
import re
import select
import subprocess
import time

ACCOUNT = "1234567890123456"
ROOT_ID = "LTAI5tRootOfTheTests0000"
ROOT_SECRET = "root-secret-of-the-tests-000000"
REGION = "cn-hangzhou"
READY_WITHIN_S = 20
STOP_WITHIN_S = 20


def binary():
    """The server to test, from COFFER_BINARY."""
    path = os.environ.get("COFFER_BINARY")
    if not path:
        raise RuntimeError("COFFER_BINARY names no server to test")
    return str(pathlib.Path(path).resolve())


class Server:
    """A server of its own for a test, with its own data directory `data`; `toml` and `options` as an operator would give them."""

    def __init__(self, data, *options, toml=""):
        self.data = pathlib.Path(data)
        self.options = list(options)
        self.toml = toml
        self.process = None
        self.port = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}/"

    @property
    def ca(self):
        """The path of the authority's certificate."""
        return str(self.data / "ca.pem")

    def start(self):
        self.data.mkdir(parents=True, exist_ok=True)
        command = [binary(), "serve", "--listen", "127.0.0.1:0", "--data", str(self.data), *self.options]
        if self.toml:
            config = self.data.parent / f"{self.data.name}.toml"
            config.write_text(self.toml)
            command += ["--config", str(config)]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COFFER_")}
        environment |= {
            "COFFER_ROOT_ACCESS_KEY_ID": ROOT_ID,
            "COFFER_ROOT_ACCESS_KEY_SECRET": ROOT_SECRET,
            "COFFER_ACCOUNT_ID": ACCOUNT,
            "RUST_LOG": "info",
        }
        self.log = open(self.data.parent / f"{self.data.name}.log", "ab")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.log)
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _await_ready(self):
        """Reads the port from the announcement (the server picked it, so no other can have it), then asks until it is ready."""
        deadline = time.monotonic() + READY_WITHIN_S
        announced = b""
        while self.port is None:
            wait_s = deadline - time.monotonic()
            if wait_s <= 0 or not select.select([self.process.stdout], [], [], wait_s)[0]:
                raise RuntimeError("the server announced no endpoint")
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                raise RuntimeError(f"the server ended early; its log: {self.log.name}")
            announced += chunk
            if found := re.search(rb"http://127\.0\.0\.1:(\d+)", announced):
                self.port = int(found[1])
        while not self.is_ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"the server did not get ready; its log: {self.log.name}")
            time.sleep(0.02)

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Stops it as an operator does; its exit code."""
        if self.process is None:
            return None
        if self.is_running():
            self.process.terminate()
        try:
            code = self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
            self.log.close()
            self.process, self.port = None, None
        return code
