"""A Coffer server in test mode: started, asked, steered and stopped. `coffer_testing.plugin` makes it fixtures of pytest."""

import contextlib
import dataclasses
import datetime
import importlib
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

__all__ = ["Account", "Refused", "Server"]

READY_WITHIN_S = 30
STOP_WITHIN_S = 30
ANSWER_WITHIN_S = 120
ANNOUNCED = re.compile(rb"http://([0-9.]+:\d+)")
ISO = "%Y-%m-%dT%H:%M:%SZ"
CLIENTS = {
    "ecs": "alibabacloud_ecs20140526",
    "kms": "alibabacloud_kms20160120",
    "ram": "alibabacloud_ram20150501",
    "sts": "alibabacloud_sts20150401",
}


@dataclasses.dataclass(frozen=True)
class Account:
    """The account that a server has, and its own access key."""

    account_id: str = "1234567890123456"
    access_key_id: str = "LTAIcofferTestingAccount"
    access_key_secret: str = "coffer-testing-account-secret-0"
    region_id: str = "cn-hangzhou"


class Refused(Exception):
    """Test mode refused what was asked for: `code`, `message`."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Server:
    """A server for tests, on a free port of this machine. Use it in a `with` statement, or call `start` and `stop`.

    `binary` is the server's executable, else COFFER_BINARY or `coffer` on the path. The same `seed` gives the same ids in every run.
    `options` are further options of `coffer serve`.
    """

    def __init__(self, binary=None, seed=None, options=(), account=Account()):
        self.binary = binary or os.environ.get("COFFER_BINARY") or shutil.which("coffer")
        self.seed = seed
        self.options = list(options)
        self.account = account
        self.address = None
        self._process = None
        self._place = None

    def start(self):
        if not self.binary:
            raise RuntimeError("no server: set COFFER_BINARY, or put coffer on the path")
        # Not in pytest's directories: the path of a socket has 107 bytes at most.
        self._place = tempfile.TemporaryDirectory(prefix="coffer-")
        command = [self.binary, "serve", "--test-mode", "--listen", "127.0.0.1:0"]
        command += ["--region", self.account.region_id, "--data", os.path.join(self._place.name, "data")]
        if self.seed is not None:
            command += ["--seed", str(self.seed)]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COFFER_")}
        environment |= {
            "COFFER_ACCOUNT_ID": self.account.account_id,
            "COFFER_ROOT_ACCESS_KEY_ID": self.account.access_key_id,
            "COFFER_ROOT_ACCESS_KEY_SECRET": self.account.access_key_secret,
        }
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                command + self.options, env=environment, stdout=subprocess.PIPE, stderr=log
            )
        try:
            self._await_address()
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def _log(self):
        return os.path.join(self._place.name, "log")

    def log(self):
        """What the server has logged: JSON lines."""
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _await_address(self):
        """Reads where the server listens from what it prints once it does."""
        deadline = time.monotonic() + READY_WITHIN_S
        announced = b""
        while not (found := ANNOUNCED.search(announced)):
            wait_s = deadline - time.monotonic()
            if wait_s <= 0 or not select.select([self._process.stdout], [], [], wait_s)[0]:
                raise RuntimeError(f"the server did not start in time:\n{self.log()}")
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                raise RuntimeError(f"the server did not start:\n{self.log()}")
            announced += chunk
        self.address = found[1].decode()

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
        if self._place is not None:
            self._place.cleanup()
        self._process = self._place = self.address = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # Clients

    def config(self, **more):
        """The configuration of the official V2 clients for this server, as its account."""
        from alibabacloud_tea_openapi.models import Config

        usual = {
            "access_key_id": self.account.access_key_id,
            "access_key_secret": self.account.access_key_secret,
            "region_id": self.account.region_id,
            "endpoint": self.address,
            "protocol": "HTTP",
        }
        return Config(**(usual | more))

    def client(self, product, **more):
        """The official V2 client of `ecs`, `kms`, `ram` or `sts`."""
        return importlib.import_module(f"{CLIENTS[product]}.client").Client(self.config(**more))

    # Steering

    def ask(self, path, body=None):
        """Asks a path of test mode; the state afterwards."""
        data = None if path == "state" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"http://{self.address}/test/{path}", data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            refusal = json.load(error)
            raise Refused(refusal["Code"], refusal["Message"]) from None

    def state(self):
        """The clock, the seed, the snapshots and the faults."""
        return self.ask("state")

    def reset(self):
        """Everything as it was at the start: nothing there, no faults, the machine's time."""
        self.ask("reset")

    def snapshot(self, name):
        """Keeps everything as it is under a name."""
        self.ask("snapshot", {"name": name})

    def restore(self, name):
        """Everything as it was when that snapshot was made."""
        self.ask("restore", {"name": name})

    def forget(self, name):
        """Drops a snapshot."""
        self.ask("forget", {"name": name})

    def now(self):
        """What the server's clock shows."""
        return datetime.datetime.fromtimestamp(self.state()["clock"]["now_ms"] / 1000, datetime.timezone.utc)

    def set_clock(self, to):
        """Sets the clock to a `datetime` with a time zone, or `2026-01-01T00:00:00Z`; what falls due on the way there is done."""
        if isinstance(to, datetime.datetime):
            to = to.astimezone(datetime.timezone.utc).strftime(ISO)
        self.ask("clock", {"set": to})

    def advance(self, by=None, **parts):
        """Moves the clock by seconds, by a `timedelta`, or by what makes one: `advance(days=30)`; what falls due is done."""
        if by is None:
            by = datetime.timedelta(**parts)
        seconds = by.total_seconds() if isinstance(by, datetime.timedelta) else by
        self.ask("clock", {"advance_s": seconds})

    def freeze(self):
        """Stops the clock."""
        self.ask("clock", {"frozen": True})

    def unfreeze(self):
        """Lets the clock run."""
        self.ask("clock", {"frozen": False})

    def fault(self, kind, **parameters):
        """Brings a fault about until `mend` or `reset`: `fault("error", action="CreateDisk", code="Throttling", times=2)`."""
        self.ask("fault", {"kind": kind} | parameters)

    def mend(self):
        """Ends all faults."""
        self.ask("mend")

    @contextlib.contextmanager
    def faulty(self, kind, **parameters):
        """A fault for the length of a `with` statement, at whose end all faults end."""
        self.fault(kind, **parameters)
        try:
            yield
        finally:
            self.mend()
