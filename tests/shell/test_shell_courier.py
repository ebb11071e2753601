"""The courier on the real engine and store: an order leaves at most once, and only into the world it fits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dispenserd.clock import RatedClock
from dispenserd.courier import Courier
from dispenserd.engine import Engine
from dispenserd.probe import Point
from dispenserd.probed import Wiring
from dispenserd.store.store import Store
from dispenserd.store.thread import StoreThread
from scheduler import events as ev
from scheduler.commands import Fact, LoadRoll, OfferPlan, ReportClock
from scheduler.world import RobotState, World
from tests.support.paper_home import eventually
from tests.support.pure_home import RESIDENT, ROBOT, PaperRobot, prescriptions, roll, setting, utc

KEY = bytes(range(32))


class PaperConnection:
    """A driver that only notes what it is handed."""

    def __init__(self) -> None:
        self.ready = True
        self.sent: list[ev.Order] = []
        self.shown: list[tuple[str, ...]] = []
        self.confirmed: list[tuple[int, int, str]] = []
        self.compared = 0

    def send_order(self, order: ev.Order, decided_in: str) -> bool:
        if self.ready:
            self.sent.append(order)
        return self.ready

    def show(self, light: str, sound: str, lines: tuple[str, ...]) -> None:
        self.shown.append(lines)

    def confirm(self, log_id: str, upto: int, epoch: int, head: str) -> None:
        self.confirmed.append((upto, epoch, head))

    def compare_clock(self) -> None:
        self.compared += 1


class Bench:
    """A home whose morning dose is due, without its courier."""

    def __init__(self, path: Path, store: StoreThread, clock: RatedClock) -> None:
        self.path = path
        self.clock = clock
        self.store = store
        self.setting = setting()
        self.engine = Engine(World(), self.setting, store, clock)
        self.robot = PaperRobot([sachet.label for sachet in roll().sachets])
        self.connection = PaperConnection()
        self.points: list[Point] = []

    def courier(self) -> Courier:
        robot = Wiring(self.points.append).robot(self.connection)
        return Courier(self.engine, self.setting, ROBOT, robot, self.clock)

    def connects(self) -> tuple[Fact, ...]:
        now, robot = self.clock.now(), self.robot
        robot.session += 1
        session = f"s{robot.session}"
        clock = ReportClock(ROBOT, now, now, True, True, now - timedelta(days=30), 20)
        head = len(robot.log)
        return (
            ev.RobotIdentified(
                now, ROBOT, session, "1.0", "none", f"boot-{robot.boot}", "log-1", 1, head, 0, ""
            ),
            clock,
            ev.RobotReported(now, robot.status()),
            *(replace(entry, at=now) for entry in robot.log),
        )

    def catches_up(self) -> ev.RobotCaughtUp:
        return ev.RobotCaughtUp(self.clock.now(), ROBOT, f"s{self.robot.session}")

    def press(self) -> ev.Pressed:
        return ev.Pressed(self.clock.now(), ROBOT, f"s{self.robot.session}", 100)

    def logs(self, entry: str, order: ev.Order, **more: str) -> ev.RobotLogged:
        about = {"order_id": order.order_id, "order_kind": order.kind.value, "dose_id": order.dose_id}
        return self.robot.write(self.clock.now(), entry, **about, **more)

    @contextmanager
    def on_disk(self) -> Iterator[Store]:
        """What another process finds there now."""
        store = Store.open(self.path, KEY, readonly=True)
        try:
            yield store
        finally:
            store.close()

    async def events(self, kind: type[ev.Event]) -> list[ev.Event]:
        return [event for event in await self.store.replay() if isinstance(event, kind)]


@asynccontextmanager
async def running(*loops: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(loop) for loop in loops]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = RatedClock(utc("08:05"), asyncio.get_running_loop().time(), 1.0)
    path = tmp_path / "home.db"
    store = await StoreThread.open(path, KEY)
    bench = Bench(path, store, clock)
    async with running(bench.engine.run()):
        await bench.engine.submit(
            ev.DaemonStarted(clock.now(), "1", "box-0001", 1), *bench.connects(), bench.catches_up()
        )
        await bench.engine.submit(
            OfferPlan(RESIDENT, 1, prescriptions(), "f1"), LoadRoll(roll(), "technician")
        )
        yield bench
    await store.close()


async def test_an_order_leaves_once_however_often_the_home_commits(bench: Bench) -> None:
    async with running(bench.courier().run()):
        await bench.engine.submit(bench.press())
        await eventually(lambda: len(bench.connection.sent) == 1, "sent")
        (order,) = bench.connection.sent
        status = bench.robot.status()
        for percent in (90, 80, 70):
            await bench.engine.submit(
                ev.RobotReported(bench.clock.now(), replace(status, battery_percent=percent))
            )
        for entry in ("accepted", "started"):
            await bench.engine.submit(bench.logs(entry, order))
        await eventually(lambda: len(bench.connection.confirmed) == 2, "the courier looked at each commit")
    assert bench.connection.sent == [order]
    assert bench.points == [Point.ORDER_COMMITTED, Point.ORDER_SENT]


async def test_an_order_is_on_disk_before_the_driver_gets_it(bench: Bench) -> None:
    committed: list[str] = []

    def look(point: Point) -> None:
        if point is Point.ORDER_COMMITTED:
            assert not bench.connection.sent
            with bench.on_disk() as store:
                committed.extend(row.key for row in store.unanswered("order"))

    robot = Wiring(look).robot(bench.connection)
    courier = Courier(bench.engine, bench.setting, ROBOT, robot, bench.clock)
    async with running(courier.run()):
        await bench.engine.submit(bench.press())
        await eventually(lambda: len(bench.connection.sent) == 1, "sent")
    assert committed == [bench.connection.sent[0].order_id]


@pytest.mark.parametrize("change", ["lid_open", "fault", "mouth_label", "tray"])
async def test_an_order_whose_world_changed_before_it_was_sent_is_revoked_and_never_leaves(
    bench: Bench, change: str
) -> None:
    values: dict[str, object] = {"lid_open": True, "fault": "stall", "mouth_label": "L999", "tray": True}
    changed = replace(bench.robot.status(), **{change: values[change]})  # type: ignore[arg-type]
    async with running(bench.courier().run()):
        # One turn: the press issues the order, and what comes behind it in the same reading forbids it.
        await bench.engine.submit(bench.press(), ev.RobotReported(bench.clock.now(), changed))
        await eventually(lambda: bench.engine.world.order_under_way() is None, "revoked")
    assert bench.connection.sent == []
    (issued,), (revoked,) = await bench.events(ev.OrderIssued), await bench.events(ev.OrderRevoked)
    assert isinstance(issued, ev.OrderIssued) and isinstance(revoked, ev.OrderRevoked)
    assert revoked.order_id == issued.order.order_id
    assert revoked.reason
    assert await bench.store.unanswered("order") == []


async def test_an_order_that_the_driver_does_not_take_is_revoked_and_a_new_press_tries_again(
    bench: Bench,
) -> None:
    bench.connection.ready = False
    async with running(bench.courier().run()):
        await bench.engine.submit(bench.press())
        await eventually(lambda: bench.engine.world.order_under_way() is None, "revoked")
        assert bench.connection.sent == []
        bench.connection.ready = True
        await bench.engine.submit(bench.press())
        await eventually(lambda: len(bench.connection.sent) == 1, "sent")
    (revoked,) = await bench.events(ev.OrderRevoked)
    assert isinstance(revoked, ev.OrderRevoked)
    assert revoked.reason == "robot_not_ready"
    assert bench.connection.sent[0].order_id != revoked.order_id


async def test_an_order_of_an_earlier_session_is_never_sent_and_only_the_log_settles_it(bench: Bench) -> None:
    await bench.engine.submit(bench.press())  # committed; the process that would have sent it died
    open_order = bench.engine.world.order_under_way()
    assert open_order is not None
    await bench.engine.submit(ev.RobotLost(bench.clock.now(), "unplugged"), *bench.connects())
    async with running(bench.courier().run()):
        assert bench.engine.world.robot(ROBOT).state is RobotState.IDENTIFIED
        looked = bench.engine.watch()
        await bench.engine.submit(
            ev.RobotReported(bench.clock.now(), replace(bench.robot.status(), battery_percent=50))
        )
        await asyncio.wait_for(looked.wait(), 5)
        assert await bench.events(ev.OrderRevoked) == []
        assert bench.engine.world.order_under_way() == open_order
        await bench.engine.submit(bench.catches_up())
        await eventually(lambda: bool(bench.connection.shown), "the courier looked")
    (ended,) = await bench.events(ev.OrderEnded)
    assert isinstance(ended, ev.OrderEnded)
    assert (ended.order_id, ended.result, ended.reason) == (
        open_order.order.order_id,
        ev.Result.REFUSED,
        "never_seen",
    )
    assert bench.connection.sent == []


async def test_what_the_robot_said_is_committed_in_the_order_in_which_it_said_it(bench: Bench) -> None:
    courier = bench.courier()
    start = len(await bench.store.replay())
    for percent in range(99, 89, -1):
        status = replace(bench.robot.status(), battery_percent=percent)
        courier.deliver([ev.RobotReported(bench.clock.now(), status)])
    async with running(courier.run()):
        await eventually(lambda: _battery(bench) == 90, "all taken in")
    told = (await bench.store.replay())[start:]
    reported = [event.status.battery_percent for event in told if isinstance(event, ev.RobotReported)]
    assert reported == list(range(99, 89, -1))


async def test_the_robot_may_forget_only_what_is_committed(bench: Bench) -> None:
    async with running(bench.courier().run()):
        await bench.engine.submit(bench.press())
        await eventually(lambda: len(bench.connection.sent) == 1, "sent")
        assert bench.connection.confirmed == []
        await bench.engine.submit(bench.logs("accepted", bench.connection.sent[0]))
        await eventually(lambda: len(bench.connection.confirmed) == 1, "confirmed")
        upto, epoch, head = bench.connection.confirmed[0]
        assert (upto, epoch) == (1, 1)
        with bench.on_disk() as store:
            assert head in {row.hash for row in store.rows()}


async def test_the_display_follows_the_world_and_is_shown_again_in_a_new_session(bench: Bench) -> None:
    async with running(bench.courier().run()):
        await eventually(lambda: len(bench.connection.shown) == 1, "shown")
        assert bench.connection.shown[-1] == ("Det er tid til din medicin.", "Tryk på knappen.")
        await bench.engine.submit(bench.press())
        await eventually(lambda: bench.connection.shown[-1] == ("Et øjeblik ...",), "releasing")
        count = len(bench.connection.shown)
        await bench.engine.submit(
            ev.RobotLost(bench.clock.now(), "unplugged"), *bench.connects(), bench.catches_up()
        )
        await eventually(lambda: len(bench.connection.shown) > count, "shown again")


def _battery(bench: Bench) -> int:
    status = bench.engine.world.robot(ROBOT).status
    return status.battery_percent if status is not None else -1
