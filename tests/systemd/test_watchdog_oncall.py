"""Rule 31 on the staff side: the watchdog is fed while the database answers and messages get through."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import TestBroker
from tests.support.supervised import Supervised

WATCHDOG_S = 4.0
READ_HANGS_S = 12
READS_FIRST = 150
"""More than a start needs; the sender's looks come to it within seconds."""


@pytest.fixture
def broker() -> Iterator[TestBroker]:
    with TestBroker() as broker:
        yield broker


def command(folder: Path, broker: TestBroker) -> list[str]:
    text = f"""
[oncall]
database = "oncall.db"
signing_key_file = "signing.key"
[mqtt]
host = "{broker.host}"
port = {broker.port}
"""
    (folder / "oncall.toml").write_text(text)
    return [sys.executable, "-m", "dispenserd", "oncall", "run", "--config", str(folder / "oncall.toml")]


def supervised(folder: Path, command: list[str]) -> Supervised:
    return Supervised(command, folder / "log", WATCHDOG_S, "@" + folder.name)


def test_it_is_ready_and_fed_with_and_without_its_broker(tmp_path: Path, broker: TestBroker) -> None:
    with supervised(tmp_path, command(tmp_path, broker)) as service:
        service.until_ready()
        service.until(lambda: "connected to the broker" in service.life.status, "connected")
        broker.kill()
        service.until(lambda: "without the broker" in service.life.status, "says that it is alone")
        before = len(service.life.fed_s)
        service.for_seconds(1.5 * WATCHDOG_S)
        assert service.ends == [] and len(service.life.fed_s) > before, service.log()
        assert service.stop() == 0
        assert service.life.said("STOPPING")


def test_one_that_was_stopped_in_its_tracks_is_started_again(tmp_path: Path, broker: TestBroker) -> None:
    with supervised(tmp_path, command(tmp_path, broker)) as service:
        service.until_ready()
        service.life.process.send_signal(signal.SIGSTOP)
        service.until(lambda: service.ends, "the watchdog bit")
        assert service.ends == [-signal.SIGABRT]
        service.until_ready()
        service.until(lambda: service.life.fed_s, "fed again")


def test_a_database_that_hangs_starves_the_watchdog(tmp_path: Path, broker: TestBroker) -> None:
    inject = f"inject=pread64:delay_enter={READ_HANGS_S * 1_000_000}:when={READS_FIRST}+"
    strace = ["strace", "-D", "-f", "-qq", "-o", str(tmp_path / "strace"), "-P", str(tmp_path / "oncall.db")]
    hanging = [*strace, "-e", "trace=pread64", "-e", inject, *command(tmp_path, broker)]
    with supervised(tmp_path, hanging) as service:
        service.until_ready()
        service.until(lambda: service.ends, "the watchdog bit")
        assert service.lives[0].aborted_s is not None, service.log()
        service.until_ready()


def test_a_message_that_never_gets_through_starves_it_although_the_loop_goes_round(
    tmp_path: Path, broker: TestBroker
) -> None:
    configuration = command(tmp_path, broker)[-1]
    stuck = [sys.executable, "-m", "tests.systemd.stuck_receiver", configuration]
    with supervised(tmp_path, stuck) as service:
        service.until_ready()
        service.until(lambda: "connected to the broker" in service.life.status, "connected")
        service.until(lambda: service.ends, "the watchdog bit")
        assert service.ends == [-signal.SIGABRT]
