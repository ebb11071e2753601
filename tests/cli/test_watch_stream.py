"""`oncall watch --json` for scripts, and the sign of life that tells whether anybody writes the database."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from dispenserd.cli.watch.reading import Look, Office, Seen
from dispenserd.cli.watch.stream import Told, news
from dispenserd.clock import SystemClock
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.pulse import SILENT_S, Pulse, beat, pulse_path, read_pulse
from tests.support.oncall_office import OncallOffice
from tests.support.oncall_rows import NOW, row

ROOT = Path(__file__).resolve().parents[2]
RUNS = Pulse(1.0, True)


class Lines:
    """The objects of a running `oncall watch --json`, as they come."""

    def __init__(self, office: OncallOffice) -> None:
        command = [sys.executable, "-m", "dispenserd", "oncall", "watch", "--json"]
        self.process = subprocess.Popen(
            [*command, "--config", str(office.config)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self._queue: Queue[dict[str, Any]] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> dict[str, Any]:
        return self._queue.get(timeout=20)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(json.loads(line))


@pytest.fixture
def lines(office: OncallOffice) -> Iterator[Lines]:
    office.incident()
    stream = Lines(office)
    yield stream
    stream.process.kill()
    stream.process.wait()
    assert stream.process.stdout is not None
    stream.process.stdout.close()


def test_each_change_is_one_object_with_the_row_of_the_list(office: OncallOffice, lines: Lines) -> None:
    first = lines.next()
    assert (first["schema"], first["change"]) == ("dispenserd/oncall-watch/1", "open")
    (listed,) = office.desk.list_incidents(office.clock.now())["incidents"]
    assert {**first["incident"], "age_s": 0} == {**listed, "age_s": 0}
    assert lines.next()["change"] == "home"
    office.incident("b" * 32, priority="low")
    assert [(said := lines.next())["change"], said["incident"]["incident"]] == ["new", "b" * 32]
    office.desk.take("b" * 32, "Bo", office.clock.now())
    assert [(said := lines.next())["change"], said["incident"]["owner"]] == ["changed", "Bo"]
    office.incident("b" * 32, revision=2, priority="low", state="closed")
    assert [(said := lines.next())["change"], said["incident"]["state"]] == ["closed", "closed"]
    office.alive(ago_s=60)
    assert [(said := lines.next())["change"], said["code"]] == ["fault", "oncall_not_running"]
    away = office.path.with_name("away.db")
    office.path.rename(away)
    assert [(said := lines.next())["change"], said["code"]] == ["fault", "store"]
    away.rename(office.path)
    assert lines.next() == {"schema": first["schema"], "change": "mended", "code": "store"}
    lines.process.send_signal(signal.SIGINT)
    assert lines.process.wait(15) == 130


def test_age_alone_is_no_change() -> None:
    def look(age_s: int) -> Look:
        result = {"incidents": [row() | {"age_s": age_s}], "homes": []}
        return Look(Seen(NOW, 0.0, result, [], []), "", RUNS)

    told, said = news(Told(), look(1))
    assert [each["change"] for each in said] == ["open"]
    assert news(told, look(60))[1] == []


def test_a_fault_is_said_once_and_loses_no_rows() -> None:
    good = Look(Seen(NOW, 0.0, {"incidents": [row()], "homes": []}, [], []), "", RUNS)
    bad = Look(None, "locked", RUNS)
    told, _ = news(Told(), good)
    told, said = news(told, bad)
    assert [each["change"] for each in said] == ["fault"]
    told, said = news(told, bad)
    assert said == []
    assert [each["change"] for each in news(told, good)[1]] == ["mended"]


def test_a_folder_that_can_not_be_entered_is_a_fault_and_no_end(office: OncallOffice) -> None:
    loop = office.path.with_name("loop")
    loop.symlink_to(loop)
    long = Office(office.path.with_name("x" * 300), OncallLimits(), office.clock)
    for desk in (Office(loop / "oncall.db", OncallLimits(), office.clock), long):
        look = desk.look()
        assert look.seen is None
        assert look.fault


# --- the sign of life ---


def test_the_running_process_gives_a_sign_and_a_dead_or_hanging_one_is_noticed(tmp_path: Path) -> None:
    office = OncallOffice(tmp_path)
    clock = SystemClock()
    assert read_pulse(office.path, clock.monotonic()) == Pulse(None, False)
    command = [sys.executable, "-m", "dispenserd", "oncall", "run", "--config", str(office.config)]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        path = pulse_path(office.path)
        for _ in range(400):
            if path.exists():
                break
            threading.Event().wait(0.05)
        heard = read_pulse(office.path, clock.monotonic())
        assert heard.runs
        assert not heard.connected, "there is no broker"
        os.kill(running.pid, signal.SIGSTOP)
        later = read_pulse(office.path, clock.monotonic() + SILENT_S)
        assert not later.runs
    finally:
        running.kill()
        running.wait()


def test_a_sign_from_before_the_machine_started_again_is_none(tmp_path: Path) -> None:
    office = OncallOffice(tmp_path)
    office.alive(ago_s=-500)
    assert read_pulse(office.path, office.clock.monotonic()) == Pulse(None, False)
    pulse_path(office.path).write_text("{")
    assert read_pulse(office.path, 1.0) == Pulse(None, False)


async def test_a_sign_that_can_not_be_written_stops_nobody(tmp_path: Path) -> None:
    clock = SystemClock()
    running = asyncio.create_task(beat(tmp_path / "gone" / "oncall.db", lambda: True, clock.monotonic))
    await asyncio.sleep(0.2)
    assert not running.done()
    running.cancel()
