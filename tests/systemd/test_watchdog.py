"""Rule 31 on real processes under a stand-in for systemd: who hangs is ended and started again, who is slow
or busy is not, and READY comes after the first commit.

The home has no robot: such a home serves too, it alarms.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispenserd.control_call import call
from dispenserd.store.store import Store
from scheduler import events as ev
from tests.support.home_papers import card
from tests.support.running_home import RunningHome, Wanted
from tests.support.supervised import Supervised

WATCHDOG_S = 4.0
FSYNC_SLOW_S = 0.7
FSYNC_HANGS_S = 12
"""Three watchdogs long; not for ever, because strace lets nobody die while it holds them up."""
FSYNCS_FIRST = 20
"""More of the WAL than a start needs, so that a home is ready before it hangs."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RunningHome]:
    """Its files and its broker; the processes are the tests'."""
    home = RunningHome(tmp_path, Wanted(robot=None))
    with home.broker:
        home.write_configuration()
        yield home


def supervised(home: RunningHome, *command: str) -> Supervised:
    folder = home.folder
    return Supervised(command, folder / "log", WATCHDOG_S, str(folder / "notify"))


def run(home: RunningHome) -> list[str]:
    return [sys.executable, "-m", "dispenserd", "run", "--config", str(home.folder / "home.toml")]


def under_strace(home: RunningHome, inject: str) -> list[str]:
    """The main process stays the one that was started: strace is its grandchild."""
    options = ["-D", "-f", "-qq", "-o", str(home.folder / "strace"), "-P", str(home.folder / "home.db-wal")]
    return ["strace", *options, "-e", "trace=fsync", "-e", f"inject=fsync:{inject}", *run(home)]


def starts(home: RunningHome) -> int:
    """How often the journal says that a daemon started: committed, so a reader of the file sees it."""
    store = Store.open(home.folder / "home.db", (home.folder / "key").read_bytes(), readonly=True)
    try:
        return sum(isinstance(event, ev.DaemonStarted) for event in store.replay())
    finally:
        store.close()


def lag_ms(home: RunningHome) -> dict[str, int]:
    shown: dict[str, int] = call(home.folder / "control.sock", "status", {})["loop_lag_ms"]
    return shown


def test_ready_comes_after_the_first_commit_however_long_that_takes(home: RunningHome) -> None:
    with supervised(home, *run(home)) as first:
        first.until_ready()
        assert first.stop() == 0
        assert first.life.said("STOPPING")
    committed: list[int] = []
    slow = under_strace(home, f"delay_enter={int(FSYNC_SLOW_S * 1_000_000)}")
    with Supervised(slow, home.folder / "log", WATCHDOG_S, "@" + home.folder.name) as second:
        second.on_ready = lambda: committed.append(starts(home))
        second.until_ready()
        assert "DELAYED" in (home.folder / "strace").read_text()
        assert committed == [2]
        assert second.life.told[0] == {"STATUS": "Checking the store and replaying its journal."}
        second.until(lambda: "Serving" in second.life.status, "says that it serves")
        assert second.life.status == "Serving; not caught up with the robot, clock untrusted."


def test_a_slow_disk_and_a_busy_home_go_on_being_fed(home: RunningHome) -> None:
    with supervised(home, *under_strace(home, f"delay_enter={int(FSYNC_SLOW_S * 1_000_000)}")) as service:
        service.until_ready()
        for version in range(2, 12):
            home.put_plan(card(version))  # a commit each
            for _ in range(40):
                assert set(lag_ms(home)) == {"newest", "max"}
            service.for_seconds(2 * WATCHDOG_S / 10)
        assert service.ends == [] and service.life.aborted_s is None
        assert len(service.life.fed_s) >= 3


def test_a_home_that_was_stopped_in_its_tracks_is_ended_and_serves_again(home: RunningHome) -> None:
    with supervised(home, *run(home)) as service:
        service.until_ready()
        service.life.process.send_signal(signal.SIGSTOP)
        service.until(lambda: service.ends, "the watchdog bit")
        assert service.ends == [-signal.SIGABRT]
        service.until_ready()
        assert starts(home) == 2
        service.until(lambda: service.life.fed_s, "fed again")


def test_a_short_standstill_is_no_death_and_shows_as_lag(home: RunningHome) -> None:
    with supervised(home, *run(home)) as service:
        service.until_ready()
        service.for_seconds(1.0)
        service.life.process.send_signal(signal.SIGSTOP)
        service.for_seconds(1.5)
        service.life.process.send_signal(signal.SIGCONT)
        service.for_seconds(1.0)
        assert 1000 <= lag_ms(home)["max"] <= 2500
        assert "loop lags" in service.log()
        service.for_seconds(WATCHDOG_S)
        assert service.ends == []


def test_a_loop_that_stands_still_is_ended_and_says_where_it_stood(home: RunningHome) -> None:
    flag = home.folder / "stand-still"
    command = ["-m", "tests.systemd.watched_home", str(home.folder / "home.toml"), str(flag)]
    with supervised(home, sys.executable, *command) as service:
        service.until_ready()
        service.until(lambda: service.life.fed_s, "fed at first")
        flag.touch()
        home.put_plan(card(2))
        service.until(lambda: service.ends, "the watchdog bit")
        assert service.ends == [-signal.SIGABRT]
        assert "watched_home.py" in service.log(), "the stack of each thread, without values"
        service.until_ready()
        service.until(lambda: service.life.fed_s, "fed again")


def test_a_store_that_hangs_is_ended_although_the_loop_goes_round(home: RunningHome) -> None:
    """A card that takes the write and never says that it is on disk."""
    hanging = under_strace(home, f"delay_enter={FSYNC_HANGS_S * 1_000_000}:when={FSYNCS_FIRST}+")
    with supervised(home, *hanging) as service:
        service.until_ready()
        for version in range(2, 2 + FSYNCS_FIRST):
            home.put_plan(card(version))
            service.for_seconds(0.3)
        service.until(lambda: service.ends, "the watchdog bit")
        assert service.lives[0].aborted_s is not None, service.log()
        service.until_ready()
