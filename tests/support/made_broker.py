"""A broker folder as `dispenserd broker-config` writes it, and a real mosquitto that runs with it.

Changed where a test says so: a line replaced, an access list seeded with a fault.
"""

from __future__ import annotations

import getpass
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from dispenserd.broker.folder import BOXES, CERTIFICATE, CLIENT_KEY, ONCALL, PASSWORD, create
from dispenserd.broker.template import CA, CONFIG, Choices, Identity
from tests.support.broker import binary, free_port

HOST = "127.0.0.1"
BOXES_MADE = ("box-0001", "box-0002", "box-0003", "witness")
START_TIMEOUT_S = 10.0


def made(
    folder: Path, identity: Identity = "certificate", homes: int = 50, boxes: Sequence[str] = BOXES_MADE
) -> int:
    """The port of a demo broker's folder."""
    port = free_port()
    choices = Choices(
        homes,
        folder,
        folder / "data",
        folder / CA,
        folder / "server.pem",
        folder / "server.key",
        identity=identity,
        user=getpass.getuser(),
        port=port,
        bind=HOST,
        demo=True,
    )
    create(choices, [HOST], boxes, datetime.now(UTC), force=False)
    return port


def own(folder: Path, name: str) -> Path:
    return folder / ONCALL if name == "oncall" else folder / BOXES / name


def tls(folder: Path, name: str = "") -> ssl.SSLContext:
    """With the certificate of `name`, or none."""
    context = ssl.create_default_context(cafile=str(folder / CA))
    if name and (own(folder, name) / CERTIFICATE).exists():
        context.load_cert_chain(own(folder, name) / CERTIFICATE, own(folder, name) / CLIENT_KEY)
    return context


def password(folder: Path, name: str) -> str:
    return (own(folder, name) / PASSWORD).read_text().strip()


class MadeBroker:
    """`with MadeBroker(config, port)`: mosquitto with exactly this configuration."""

    def __init__(self, config: Path, port: int, files: int | None = None) -> None:
        """`files`: how many it may open; None = as many as this process."""
        self._config = config / CONFIG if config.is_dir() else config
        self._log = self._config.parent / "broker.log"
        self._files = files
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> MadeBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        command = [binary(), "-c", str(self._config)]
        if self._files is not None:
            command = ["prlimit", f"--nofile={self._files}:{self._files}", *command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"mosquitto ended: {self.log()}"
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto does not listen: {self.log()}")

    def stop(self) -> None:
        """As systemd stops it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
            self._process = None

    def reload(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def log(self) -> str:
        return self._log.read_text(errors="replace")


def replaced(config: Path, line: str, by: str) -> None:
    """One line of a configuration, by its beginning."""
    lines = config.read_text().splitlines()
    assert sum(each.startswith(line) for each in lines) == 1, line
    config.write_text("\n".join([by if each.startswith(line) else each for each in lines] + [""]))
