"""A real mosquitto on a free loopback port, killed and started again at will.

Without persistence: what it acknowledged is gone when it is killed, which is the worst a broker may do.
A missing binary fails the test that asks for it.
"""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

START_TIMEOUT_S = 10.0


class TestBroker:
    """`with TestBroker() as broker:` runs one. `accounts` maps user to password, `acl` is its text."""

    __test__ = False

    def __init__(self, accounts: Mapping[str, str] | None = None, acl: str = "") -> None:
        self._directory = TemporaryDirectory(prefix="broker-")
        self._accounts = dict(accounts or {})
        self._acl = acl
        self._process: subprocess.Popen[bytes] | None = None
        self.host = "127.0.0.1"
        self.port = free_port()

    def __enter__(self) -> TestBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._directory.cleanup()

    def start(self) -> None:
        """Returns when it accepts connections."""
        config = self._write_config()
        with (self._path("log")).open("ab") as log:
            self._process = subprocess.Popen([binary(), "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"mosquitto ended: {self.log()}"
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto does not listen: {self.log()}")

    def kill(self) -> None:
        """SIGKILL: everything it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, acl: str | None = None) -> None:
        self.kill()
        if acl is not None:
            self._acl = acl
        self.start()

    def log(self) -> str:
        return self._path("log").read_text(errors="replace")

    def connections(self) -> int:
        """How often anybody connected and was let in."""
        return self.log().count("New client connected")

    def _write_config(self) -> Path:
        lines = [
            f"listener {self.port} {self.host}",
            f"user {getpass.getuser()}",  # run by root it would become a user who can't read these files
            "persistence false",
            "log_type all",
            "max_queued_messages 0",
            f"allow_anonymous {'false' if self._accounts else 'true'}",
        ]
        if self._accounts:
            passwords = self._path("passwords")
            passwords.write_text("".join(f"{user}:{word}\n" for user, word in self._accounts.items()))
            passwords.chmod(0o600)
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
            lines.append(f"password_file {passwords}")
        if self._acl:
            acl = self._path("acl")
            acl.write_text(self._acl)
            acl.chmod(0o600)
            lines.append(f"acl_file {acl}")
        config = self._path("mosquitto.conf")
        config.write_text("\n".join([*lines, ""]))
        return config

    def _path(self, name: str) -> Path:
        return Path(self._directory.name) / name


def binary() -> str:
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert found is not None, "mosquitto is not installed: apt-get install mosquitto"
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
