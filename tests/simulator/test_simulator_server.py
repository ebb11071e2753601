"""The simulated robot on a real pseudo-terminal, in this process and as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from protocol.wire import messages as m
from protocol.wire.framing import FrameDecoder, encode_frame
from protocol.wire.limits import FRAME_BYTES_MAX
from protocol.wire.link import Frame, FrameType, State
from simulator import script as s
from simulator.clock import RatedClock
from simulator.mechanics import Mechanics, Place, Sachet
from simulator.memory import Memory
from simulator.port import Port, PortError
from simulator.refusals import FirmwareLimits
from simulator.robot import Robot
from simulator.server import Server
from tests.simulator.pty_host import PtyHost, until
from tests.simulator.robot_bench import EPOCH_MS, divert, present, release

RATE = 60.0
"""A civil minute in a real second: a release takes 75 ms."""


class Shop:
    """A server in this process, what it reported, and the robot behind it."""

    def __init__(self, link: Path, deeds: list[s.Deed], baud: int, sachets: int) -> None:
        ids = count(1)
        self.lines: list[dict[str, Any]] = []
        self.memory, self.mechanics = Memory(), Mechanics()
        self.mechanics.load("ROLL-1", [Sachet(n, f"L{n}") for n in range(1, sachets + 1)], EPOCH_MS)
        robot = Robot(
            self.memory,
            self.mechanics,
            FirmwareLimits(gap_ms=0),
            "SIM-0001",
            lambda: next(ids).to_bytes(16, "big"),
        )
        clock = RatedClock(EPOCH_MS, time.monotonic(), RATE)
        self.server = Server(robot, Port(link), clock, self.lines.append, deeds=deeds, baud=baud)

    def whats(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["what"] == what]


@asynccontextmanager
async def shop(
    link: Path, deeds: list[s.Deed] | None = None, baud: int = 115_200, sachets: int = 3
) -> AsyncIterator[tuple[Shop, PtyHost]]:
    opened = Shop(link, deeds or [], baud, sachets)
    running = asyncio.create_task(opened.server.run())
    await until(link.exists)
    host = PtyHost(link)
    try:
        yield opened, host
    finally:
        host.close()
        opened.server.end()
        await running


async def test_a_host_greets_orders_and_sees_the_log_grow_over_a_real_terminal(tmp_path: Path) -> None:
    async with shop(tmp_path / "robot") as (there, host):
        hello = await host.greet()
        assert (hello.serial, hello.family, hello.auth) == ("SIM-0001", "sachet_roll", m.Auth.NONE)
        for order, place in ((release(1), Place.HOLDING), (present(1), Place.TRAY)):
            reply = await host.ask(order)
            assert isinstance(reply, m.OrderReply)
            assert reply.accepted

            await host.until(ended(there, order))
            assert there.mechanics.whereabouts()[place] == 1
        await host.until(lambda: m.LogGrew(there.memory.head) in host.heard)
        page = await host.ask(m.ReadLog(1, 1, 16))
        assert isinstance(page, m.LogPage)
        assert page.entries == tuple(there.memory.log)
        there.server.do(s.Lift(0))
        await host.until(lambda: bool(host.heard_of(m.Lifted)))
        moves = [(line["from"], line["to"]) for line in there.whats("moved")]
        assert moves == [("magazine", "holding"), ("holding", "tray"), ("tray", "hands")]


async def test_a_power_cut_in_a_release_hangs_up_and_the_robot_comes_back_with_another_boot(
    tmp_path: Path,
) -> None:
    cut = s.PowerCutOnNextRelease(EPOCH_MS, off_s=6, lands=True)
    async with shop(tmp_path / "robot", [cut]) as (there, host):
        before = await host.greet()
        await host.ask(release(1))
        await host.until(lambda: host.hung_up)
        await host.replug()
        after = await host.greet()
        assert before.boot_id != after.boot_id
        assert before.log_id == after.log_id
        kinds = [entry.kind.value for entry in there.memory.log if entry.order_id]
        assert kinds == ["accepted", "started"]
        assert [line["on"] for line in there.whats("power")] == [True, False, True]
        assert there.mechanics.whereabouts()[Place.HOLDING] == 1


async def test_an_unplugged_cable_hangs_up_and_the_robot_goes_on_with_its_motion(tmp_path: Path) -> None:
    async with shop(tmp_path / "robot") as (there, host):
        before = await host.greet()
        await host.ask(release(1))
        await host.until(lambda: any(entry.kind is m.EntryKind.STARTED for entry in there.memory.log))
        there.server.do(s.Unplug(0, for_s=12))
        await host.until(lambda: host.hung_up)
        await until(lambda: not host.path.exists())
        await host.replug()
        after = await host.greet()
        assert before.boot_id == after.boot_id
        assert there.memory.log[-1].result == "done"


async def test_a_host_that_dies_and_comes_back_opens_the_same_terminal_again(tmp_path: Path) -> None:
    async with shop(tmp_path / "robot") as (_, host):
        before = await host.greet()
        await host.replug()
        after = await host.greet()
        assert before.boot_id == after.boot_id


async def test_garbage_on_the_line_costs_no_message(tmp_path: Path) -> None:
    async with shop(tmp_path / "robot") as (there, host):
        await host.greet()
        for _ in range(5):
            there.server.do(s.Garbage(0, bytes=200))
            assert isinstance(await host.ask(m.ReadStatus(1)), m.Status)
        await host.until(lambda: bool(host.link.dropped))


async def test_presses_that_no_host_acknowledges_end_the_session_instead_of_piling_up(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path / "robot") as (there, host):
        await host.greet()
        for _ in range(200):
            there.server.do(s.Press(0))
        await asyncio.sleep(0.1)  # the host is deaf for a while
        host.link.send(m.ReadStatus(9), time.monotonic())
        await host.until(lambda: not host.open)
        assert isinstance(await host.greet(), m.HelloReply)


@pytest.mark.parametrize("ends_by", ["presses", "cable"])
async def test_a_session_that_the_robot_gave_up_never_runs_again(tmp_path: Path, ends_by: str) -> None:
    async with shop(tmp_path / "robot") as (there, host):
        await host.greet()
        session = host.link.session
        assert session is not None
        if ends_by == "cable":
            there.server.do(s.Unplug(0, for_s=12))
            await host.until(lambda: host.hung_up)
            await until(lambda: not host.path.exists())
            await host.replug()
        else:
            for _ in range(200):
                there.server.do(s.Press(0))
            await host.until(lambda: not host.open)  # the robot says so by itself
            assert host.link.state is State.CLOSED
        answers = await answers_to_open(host.fd, session)
        assert FrameType.RESET in answers
        assert FrameType.OPENED not in answers
        assert isinstance(await host.greet(), m.HelloReply)


async def answers_to_open(fd: int, session: int) -> list[int]:
    """Types of the frames of this session that come back when it is opened once more."""
    decoder = FrameDecoder(FRAME_BYTES_MAX)
    os.write(fd, encode_frame(Frame(FrameType.OPEN, session).to_bytes()))
    types: list[int] = []

    def heard() -> bool:
        with contextlib.suppress(BlockingIOError):
            types.extend(payload[1] for payload in decoder.feed(os.read(fd, 4096)))
        return bool(types)

    await until(heard)
    return types


async def test_a_resident_answers_the_prompt_on_the_display_and_lifts_the_sachet(tmp_path: Path) -> None:
    wish = s.PressWhenPrompted(EPOCH_MS, react_s=1, lift_after_s=1)
    async with shop(tmp_path / "robot", [wish]) as (there, host):
        await host.greet()
        await host.ask(m.Prompt(1, m.Light.PULSE, m.Sound.SOFT, ("Tid til medicin", "Tryk på knappen")))
        await host.until(lambda: bool(host.heard_of(m.Pressed)))
        for order in (release(1), present(1)):
            await host.ask(order)
            await host.until(ended(there, order))
        await host.until(lambda: bool(host.heard_of(m.Lifted)))
        assert there.whats("display")[-1]["lines"] == ["Tid til medicin", "Tryk på knappen"]
        assert there.mechanics.whereabouts()[Place.HANDS] == 1


async def test_the_line_is_paced_by_its_baud_rate(tmp_path: Path) -> None:
    """Twelve times the rate takes clearly less time; the ratio is judged, not the machine."""
    seconds = {}
    for baud in (9600, 115_200):
        async with shop(tmp_path / f"robot{baud}", baud=baud) as (_, host):
            await host.greet()
            started_s = time.monotonic()
            for _ in range(4):
                await host.ask(m.ReadStatus(1))
            seconds[baud] = time.monotonic() - started_s
    assert seconds[9600] > 4 * 2 * 40 * 10 / 9600, "no byte is faster than its wire"
    assert seconds[9600] > 2 * seconds[115_200]


async def test_a_link_that_would_overwrite_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "robot"
    path.write_text("somebody's file")
    with pytest.raises(PortError):
        Port(path)


def ended(there: Shop, order: m.Order) -> Callable[[], bool]:
    def is_ended() -> bool:
        ends = [entry for entry in there.memory.log if entry.kind is m.EntryKind.ENDED]
        return any(entry.order_id == order.order_id for entry in ends)

    return is_ended


# --- as a process of its own ---


def manifest(folder: Path) -> Path:
    path = folder / "roll.json"
    rows: list[dict[str, Any]] = [
        {"n": n, "label": f"L{n}", "local": "2026-11-02T08:00", "contents": []} for n in (1, 2)
    ]
    path.write_text(json.dumps({"production_id": "ROLL-7", "sachets": rows}))
    return path


@asynccontextmanager
async def process(folder: Path, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    arguments = ["--port", str(folder / "robot"), "--roll", str(manifest(folder)), "--rate", "60"]
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *arguments,
        *more,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_standing_alone_it_takes_keys_keeps_its_memory_and_leaves_no_link_behind(
    tmp_path: Path,
) -> None:
    first, moved_first = await dispensed_and_diverted(tmp_path, 1)
    second, moved_second = await dispensed_and_diverted(tmp_path, 2)
    assert (moved_first, moved_second) == ([1, 1], [2, 2]), "the first sachet stays gone"
    assert first.log_id == second.log_id
    assert first.boot_id != second.boot_id
    assert second.log_head > first.log_head
    trace = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert [row["sachet"] for row in trace if row["from"] == "magazine"] == [1, 2]


async def test_a_second_robot_on_the_same_link_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    async with process(tmp_path) as first:
        await until((tmp_path / "robot").is_symlink)
        async with process(tmp_path) as second:
            _, errors = await second.communicate()
            assert second.returncode == 3
            assert b"another simulator serves" in errors
        assert first.returncode is None
        host = PtyHost(tmp_path / "robot")
        assert (await host.greet()).serial == "SIM-0001"
        host.close()


async def dispensed_and_diverted(folder: Path, number: int) -> tuple[m.HelloReply, list[int]]:
    """Run the simulator once; what it said at hello, and which sachets moved."""
    files = ("--memory", str(folder / "memory.json"), "--trace", str(folder / "trace"))
    async with process(folder, *files, "--press-key", "--min-gap-s", "0") as simulator:
        await until((folder / "robot").exists)
        host = PtyHost(folder / "robot")
        hello = await host.greet()
        await host.ask(release(number))
        await host.until(lambda: newest(host, "holding") is True)
        assert simulator.stdin is not None
        simulator.stdin.write(b"p")
        await host.until(lambda: bool(host.heard_of(m.Pressed)))
        await host.ask(divert(number))
        await host.until(lambda: newest(host, "store_count") == number)
        simulator.stdin.write(b"q")
        out, errors = await simulator.communicate()
        host.close()
    assert simulator.returncode == 0, errors.decode()
    assert not (folder / "robot").is_symlink()
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert lines[0]["what"] == "ready"
    return hello, [line["sachet"] for line in lines if line["what"] == "moved"]


def newest(host: PtyHost, name: str) -> object:
    """A field of the newest status."""
    statuses = host.heard_of(m.Status)
    return getattr(statuses[-1], name) if statuses else None


async def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    async with process(tmp_path) as simulator:
        await until((tmp_path / "robot").exists)
        simulator.send_signal(signal.SIGTERM)
        await asyncio.wait_for(simulator.wait(), 8)
        assert simulator.returncode == 0
        assert not (tmp_path / "robot").is_symlink()


@pytest.mark.parametrize(
    ("name", "text"),
    [("--roll", "{}"), ("--script", "[]"), ("--memory", '{"schema": "else"}'), ("--memory", "{")],
)
async def test_a_file_it_can_not_use_is_said_and_ends_with_3(tmp_path: Path, name: str, text: str) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text)
    async with process(tmp_path, name, str(wrong)) as simulator:
        _, errors = await asyncio.wait_for(simulator.communicate(), 8)
        assert simulator.returncode == 3
        assert errors.startswith(b"simulator: ")
        assert errors.count(b"\n") == 1


async def test_a_scripted_process_follows_the_given_epochs(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    deed = {"at": "2026-11-02T07:00:30+00:00", "do": "open_lid"}
    script.write_text(json.dumps({"schema": s.SCHEMA, "deeds": [deed]}))
    epochs = ("--civil-epoch", "2026-11-02T07:00:00Z", "--monotonic-epoch", str(time.monotonic()))
    async with process(tmp_path, "--script", str(script), *epochs) as simulator:
        line = await next_line(simulator, lambda line: line["what"] == "deed")
        assert line["deed"] == "OpenLid"
        assert "2026-11-02T07:00:30" <= line["at"] < "2026-11-02T07:03:00"


async def next_line(
    simulator: asyncio.subprocess.Process, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    assert simulator.stdout is not None
    while True:
        line: dict[str, Any] = json.loads(await asyncio.wait_for(simulator.stdout.readline(), 8))
        if wanted(line):
            return line


def test_the_terminal_lets_another_process_in_after_an_exclusive_one(tmp_path: Path) -> None:
    """The flag of the first user must not outlive it; `TIOCGEXCL` reads it back."""
    get_exclusive = 0x80045440
    port = Port(tmp_path / "robot")
    port.plug()
    fd = os.open(tmp_path / "robot", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(fd, termios.TIOCEXCL)
    os.close(fd)
    port.let_others_open()
    fd = os.open(tmp_path / "robot", os.O_RDWR | os.O_NOCTTY)
    assert struct.unpack("i", fcntl.ioctl(fd, get_exclusive, bytes(4)))[0] == 0
    os.close(fd)
    port.unplug()
