"""The crash points lie where their names say, and a home without a probe has none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from dispenserd import rehearsal
from dispenserd.mqtt.session import Session
from dispenserd.probe import Point
from dispenserd.probed import Wiring
from drivers.serial_port import open_serial
from protocol.wire.framing import encode_frame
from scheduler import events as ev
from scheduler.outbox import Answer
from tests.support.running_home import RunningHome, running_home


class Witnessed:
    """What is on disk, at the robot and in the folder when a point is first passed."""

    def __init__(self, home: RunningHome) -> None:
        self._home = home
        self.passed: list[Point] = []
        self.seen: dict[Point, object] = {}
        self._looks: dict[Point, Callable[[], object]] = {
            Point.ORDER_COMMITTED: lambda: (len(home.orders(ev.OrderKind.RELEASE)), self._robot("accepted")),
            Point.ORDER_SENT: lambda: (len(home.orders(ev.OrderKind.RELEASE)), self._robot("accepted")),
            Point.FIRST_BYTE: lambda: (len(home.orders(ev.OrderKind.RELEASE)), self._robot("accepted")),
            Point.ANSWERED: lambda: (self._robot("ended"), len(home.events(ev.OrderEnded))),
            Point.BEFORE_FILING: lambda: (len(home.filed()), len(home.events(ev.OutcomeRecorded))),
            Point.FILED: lambda: (len(home.filed()), len(home.events(ev.AdministrationFiled))),
            Point.AFTER_PUBACK: lambda: len(home.events(ev.IncidentPublished)),
            Point.RECEIPT_ARRIVED: self._receipted,
            Point.RECEIPT_COMMITTED: self._receipted,
        }

    def probe(self, point: Point) -> None:
        if point not in self.seen and point in self._looks:
            self.seen[point] = self._looks[point]()
        self.passed.append(point)

    def _receipted(self) -> bool:
        """An incident or an answer, whichever came first."""
        return bool(self._home.events(ev.IncidentDelivered) or self._home.events(ev.AnswerDelivered))

    def _robot(self, kind: str) -> int:
        entries = [entry.kind.value for entry in self._home.memory.log if entry.order_kind == "release"]
        return entries.count(kind)


async def test_each_point_is_passed_between_what_it_lies_between() -> None:
    async with running_home(prepared=False) as home:
        witnessed = Witnessed(home)
        await home.start_daemon(witnessed.probe)
        await home.prepare()
        await home.take_dose()
        await home.until(lambda: home.events(ev.AdministrationFiled), "filed")
        # A refusal is an answer, and on-call receipts it: an incident may or may not have come up by itself.
        await home.ask("decide", dose="no-such-dose", verdict="given", by="Nora Nurse", reason="asked")
        await home.until(lambda: Point.RECEIPT_COMMITTED in witnessed.passed, "a receipt")
        await home.stop_daemon()
    assert set(witnessed.passed) == set(Point)
    assert witnessed.passed[0] is Point.OPENED
    assert witnessed.seen == {
        Point.ORDER_COMMITTED: (1, 0),
        Point.ORDER_SENT: (1, 0),
        Point.FIRST_BYTE: (1, 0),
        Point.ANSWERED: (1, 0),
        Point.BEFORE_FILING: (0, 1),
        Point.FILED: (1, 0),
        Point.AFTER_PUBACK: 0,
        Point.RECEIPT_ARRIVED: False,
        Point.RECEIPT_COMMITTED: True,
    }


async def test_a_commit_has_a_point_before_it_in_it_and_after_it() -> None:
    passed: list[str] = []

    class Slow:
        head = (1, "")

        async def append(self, *_: object) -> None:
            passed.append("begun")
            await asyncio.sleep(0.01)
            passed.append("on disk")

        async def unanswered(self, _: object) -> list[object]:
            return []

    journal = Wiring(passed.append).journal(Slow())  # type: ignore[arg-type]
    await journal.append([], [Answer("order", "o1")])
    assert passed == [Point.BEFORE_COMMIT, "begun", Point.IN_COMMIT, "on disk", Point.AFTER_COMMIT]


@pytest.mark.parametrize(
    "order_id", [b"\x07" * 16, b"\x00\x07\x00\x00" + b"\x01" * 12, b"\x00" * 15 + b"\x09"]
)
def test_the_first_byte_of_an_orders_frame_leaves_alone(order_id: bytes) -> None:
    written: list[bytes] = []
    passed: list[tuple[Point, bytes]] = []

    class Line:
        def write(self, data: bytes) -> None:
            written.append(data)

        def close(self) -> None: ...

    before, order = encode_frame(b"an acknowledgement"), encode_frame(b"\x19\x00order" + order_id + b"\x00")
    wiring = Wiring(lambda point: passed.append((point, b"".join(written))), order_id)
    port = wiring.probed_port(Line())
    port.write(before)
    port.write(before + order)
    assert b"".join(written) == before + before + order
    assert passed == [(Point.FIRST_BYTE, before + before + order[:2])]


def test_a_home_without_a_probe_is_made_of_its_bare_parts() -> None:
    wiring, part = Wiring(None), object()
    for hand_out in (wiring.journal, wiring.home, wiring.robot):
        assert hand_out(part) is part  # type: ignore[arg-type]
    assert wiring.session is Session
    assert wiring.open_port is open_serial
    wiring.passed(Point.OPENED)


@pytest.mark.parametrize(
    "crash", ["nowhere:1", "first_byte", "first_byte:x", "first_byte:1:soon", "opened:0"]
)
def test_a_crash_that_can_never_come_is_refused(crash: str, capsys: pytest.CaptureFixture[str]) -> None:
    epoch = ["--civil-epoch", "2026-11-02T06:55:00Z", "--monotonic-epoch", "0", "--rate", "1"]
    with pytest.raises(SystemExit) as ended:
        rehearsal.main(["run", "--config", "home.toml", *epoch, "--crash", crash])
    assert ended.value.code == 2
    assert "--crash" in capsys.readouterr().err
