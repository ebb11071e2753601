"""A running home tries its own alarm path, and looks after its store and certificates, on real parts."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509.oid import NameOID

from dispenserd import app, wakeups
from dispenserd.chores import CA, CLIENT, Chores
from dispenserd.clock import Clock, SystemClock
from dispenserd.control_call import CallError
from dispenserd.engine import Engine
from dispenserd.store.errors import StoreBroken
from dispenserd.store.store import Store
from dispenserd.store.thread import StoreThread
from dispenserd.wakeups import Ran
from scheduler import events as ev
from scheduler.commands import ReportClock, TakeReceipt
from scheduler.world import World
from tests.support.home_papers import configuration as papers
from tests.support.loops import beside
from tests.support.pure_home import ROBOT, setting
from tests.support.running_home import RunningHome, Wanted, running_home

KEY = bytes(range(32))
DAY = timedelta(days=1)
LIFE_RATE = Wanted(rate=1.0, robot=None)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.out)
        return said


async def command(home: RunningHome, *arguments: str) -> Ended:
    """At a terminal: a process of its own."""
    line = [sys.executable, "-m", "dispenserd", *arguments, "--config", str(home.folder / "home.toml")]
    process = await asyncio.create_subprocess_exec(*line, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def started(home: RunningHome) -> None:
    await home.start_daemon()
    await home.until(lambda: home.oncall.session.state.connected, "on-call listens")


# --- the test alarm ---------------------------------------------------------------------------------


async def shown_tests(home: RunningHome) -> list[dict[str, Any]]:
    """As open incidents in `status`."""
    return [each for each in (await home.ask("status"))["incidents"] if each["kind"] == "test_alarm"]


async def test_a_test_alarm_goes_to_oncall_and_back() -> None:
    async with running_home(LIFE_RATE, prepared=False) as home:
        await started(home)
        assert (await home.ask("status"))["test_alarm"] is None
        ended = await command(home, "test-alarm", "--by", "Tove Tekniker", "--json")
        said = ended.json
        assert ended.code == 0
        assert (said["schema"], said["state"]) == ("dispenserd/test-alarm/1", "passed")
        assert set(said) == {"schema", "incident", "state", "seconds"}
        assert 0 <= said["seconds"] < 10
        told = home.oncall.incidents("test_alarm")
        assert {each.incident for each in told} == {said["incident"]}
        assert {each.priority for each in told} == {"info"}
        shown = (await home.ask("status"))["test_alarm"]
        assert (shown["state"], shown["by"], shown["seconds"]) == ("passed", "Tove Tekniker", said["seconds"])
        assert await shown_tests(home) == [], "nobody is disturbed"
        assert await home.ask("test_alarm_result", incident=said["incident"]) == shown
        assert "passed Mon 02 Nov" in (await command(home, "status")).out
        [weekly] = [each for each in (await home.ask("chores"))["chores"] if each["chore"] == "test_alarm"]
        assert (weekly["last"], weekly["result"]) == (shown["begun"], "passed")
        await home.until(lambda: not home.unanswered("incident"), "its end is receipted too")


async def test_without_a_receipt_it_fails_and_the_next_one_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def quick(*given: Any, **named: Any) -> str:
        return papers(*given, **named) + "alarm_test_s = 1.0\n"

    monkeypatch.setattr("tests.support.running_home.configuration", quick)
    async with running_home(LIFE_RATE, prepared=False) as home:
        home.oncall.receipts = False
        await started(home)
        ended = await command(home, "test-alarm", "--by", "Tove", "--wait", "0", "--json")
        assert (ended.code, ended.json["state"]) == (1, "under_way")
        assert "not back after 0 s" in ended.err
        assert "oncall_public_key_file" in ended.err
        first = ended.json["incident"]
        await home.until(lambda: ("test_alarm", "not_receipted") in home.incidents(), "it rose")
        [shown] = await shown_tests(home)
        assert (shown["incident"], shown["priority"]) == (first, "high")
        await home.until(lambda: home.events(ev.IncidentUndelivered), "and is undelivered")
        ended = await command(home, "test-alarm", "--by", "Tove", "--wait", "1", "--json")
        assert (ended.code, ended.json["incident"], ended.json["state"]) == (1, first, "failed")
        assert "waiting for that one first" in ended.err
        home.oncall.receipts = True
        waiting = asyncio.create_task(command(home, "test-alarm", "--by", "Tove", "--wait", "60", "--json"))
        home.broker.restart()  # the rows of before come again
        ended = await waiting
        assert (ended.code, ended.json["state"], ended.json["incident"] != first) == (0, "passed", True)
        assert await shown_tests(home) == []


async def test_a_home_that_is_not_there_and_a_test_that_is_not_known_are_said_so() -> None:
    async with running_home(LIFE_RATE, prepared=False) as home:
        await started(home)
        with pytest.raises(CallError) as unknown:
            await home.ask("test_alarm_result", incident="f" * 32)
        assert unknown.value.code == "unknown_test"
        with pytest.raises(CallError):
            await home.ask("test_alarm", by=" ")
        await home.stop_daemon()
        ended = await command(home, "test-alarm", "--by", "Tove", "--json")
        assert (ended.code, ended.json["code"]) == (4, "not_reachable")


# --- the store ---------------------------------------------------------------------------------------


@dataclass
class SetForward:
    """The home's own clock, which somebody sets forward while it runs."""

    clock: Clock
    by: timedelta = timedelta(0)

    @property
    def rate(self) -> float:
        return self.clock.rate

    def now(self) -> datetime:
        return self.clock.now() + self.by

    def monotonic(self) -> float:
        return self.clock.monotonic()


def mend(path: Path, key: bytes) -> None:
    """Closing may have written the page anew, from the WAL."""
    with closing(Store.open(path, key, readonly=True)) as store:
        faults = store.integrity()
    if faults:
        flip(path)


def flip(path: Path) -> None:
    """A bit in the middle of the file; twice, and it is whole again."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(bytes(content))


async def test_a_store_that_rots_while_the_home_runs_is_found_at_night_and_told_by_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "Wakeups", partial(wakeups.Wakeups, late_s=(0.2, 0.1)))
    async with running_home(LIFE_RATE, prepared=False) as home:
        clock = SetForward(home.clock)
        home.clock = clock  # type: ignore[assignment]  # a clock, and one that can be set
        await started(home)
        clock.by += 2 * DAY
        await home.until(lambda: done(home, "integrity"), "whole")
        home.close_journal()
        flip(home.folder / "home.db")
        clock.by += 2 * DAY
        with pytest.raises(ExceptionGroup) as ended:
            await home.until(lambda: False, "the home ends")
        assert ended.group_contains(StoreBroken)
        mend(home.folder / "home.db", (home.folder / "key").read_bytes())
        await home.start_daemon()
        await home.until(lambda: ("store_failed", "damaged") in home.incidents(), "somebody is told")


async def trust(engine: Engine, clock: Clock) -> None:
    at = clock.now()
    await engine.submit(ReportClock(ROBOT, at, at, True, True, at - 30 * DAY, 20))


def done(home: RunningHome, chore: str) -> Sequence[ev.ChoreEnded]:
    return [each for each in home.events(ev.ChoreEnded) if (each.chore, each.result) == (chore, "done")]


async def test_nothing_is_deleted_by_a_clock_that_nobody_trusts(tmp_path: Path) -> None:
    store = await StoreThread.open(tmp_path / "home.db", KEY)
    clock = SetForward(SystemClock())
    engine = Engine(World(), setting(), store, clock, look_s=0.05)
    try:
        async with beside(engine.run()):
            await engine.submit(ev.DaemonStarted(clock.now(), "test", "box-0001", 1))
            await trust(engine, clock)
            await engine.submit(ev.PlanRefused(clock.now(), "r", "unreadable", "", "f"))
            chores = Chores(engine, store, {}, clock.now)
            [refused] = engine.world.incidents.values()
            await engine.submit(TakeReceipt(refused.incident_id, refused.revision))
            clock.by += 60 * DAY
            await asyncio.sleep(0.2)
            assert not engine.world.clock.trusted
            assert await chores.pruning() == Ran("skipped", "clock")
            assert await store.prunable(clock.now()) != []
            await trust(engine, clock)
            assert await chores.pruning() == Ran()
            assert await store.prunable(clock.now()) == []
    finally:
        await store.close()


# --- certificates ------------------------------------------------------------------------------------


def certificate(until: datetime) -> bytes:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 400 * DAY)
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("name", [CA, CLIENT])
async def test_what_is_left_of_a_certificate_is_told_and_a_new_one_clears_it(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / "file.pem"
    clock = SystemClock()
    store = await StoreThread.open(tmp_path / "home.db", KEY)
    engine = Engine(World(), setting(), store, clock, look_s=0.05)

    async def told(content: bytes | None) -> tuple[str, str] | None:
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        assert await Chores(engine, store, {name: file}, clock.now).certificates() == Ran()
        incident = engine.world.incident_about("certificates")
        shown = incident is not None and incident.state is not ev.State.CLOSED
        return (incident.priority.name, incident.detail) if incident is not None and shown else None

    try:
        async with beside(engine.run()):
            await engine.submit(ev.DaemonStarted(clock.now(), "test", "box-0001", 1))
            await trust(engine, clock)
            now = clock.now()
            good, soon, near = (certificate(now + days * DAY) for days in (300, 20, 5))
            assert await told(good) is None
            assert await told(soon) == ("LOW", f"{name}_expires_soon")
            assert await told(good) is None
            assert await told(near) == ("MEDIUM", f"{name}_expires_soon")
            both = await told(near + good)
            assert both == (None if name == CA else ("MEDIUM", f"{name}_expires_soon"))
            assert await told(certificate(now - DAY)) == ("HIGH", f"{name}_expired")
            assert await told(good) is None
            assert await told(b"no certificate") == ("HIGH", f"{name}_unreadable")
            assert await told(b"x" * (1 << 21)) == ("HIGH", f"{name}_unreadable")
            assert await told(None) == ("HIGH", f"{name}_unreadable")
    finally:
        await store.close()
