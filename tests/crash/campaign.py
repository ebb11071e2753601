"""One home that is killed again and again, by chance and at named points, and judged at every rest.

Kills the daemon once a round, and now and then the broker, on-call or the robot with it; starts it again at
once. At a rest nothing is killed until everything is told; then all evidence is read and the witnesses speak.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from dispenserd.control_call import CallError, Unreachable, call
from dispenserd.oncall.database import open_existing
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.limits import OncallLimits
from dispenserd.probe import Point
from tests.crash.evidence import Evidence, JournalFile, Line, filed, oncall_rows
from tests.crash.lives import Life, Lives
from tests.crash.papers import ROLL_DAYS, START, asked
from tests.crash.people import Staff, deeds_for, still_to_do
from tests.crash.processes import LOOK_S, UP_WITHIN_S, Processes
from tests.crash.witness import judge
from tests.support.home_papers import RESIDENT, ZONE

REACHED_WITHIN_S = 3.0
"""For a named point. Then the daemon is killed where it is: a point that was not passed waits for a dose."""

RANDOM_S = 3.5
"""From the start of the process: it is up in about one second."""

IN_FLIGHT_MS = 150.0
COLD_SHARE = 0.1
"""Of the lives that import everything themselves, as after a boot; the others are forked, which is faster."""
COMMIT_MS = 8.0
"""A commit takes a few milliseconds: the kill falls anywhere in it, or just behind."""
STAFF_LOOK_S = 0.25
REST_WITHIN_S = 60.0
ALONE_WITHIN_S = 5.0
"""Without its robot the home raises an incident after a second, and tells it."""

REST_EVERY_KILLS = 100
SETTLED = timedelta(minutes=40)
"""Civil, after a window's closing: its outcome and what follows are told by then."""

OFTEN = {
    Point.BEFORE_COMMIT: 15,
    Point.IN_COMMIT: 3,
    Point.AFTER_COMMIT: 15,
    Point.BEFORE_PUBLISH: 2,
    Point.AFTER_PUBACK: 2,
    Point.RECEIPT_ARRIVED: 2,
    Point.RECEIPT_COMMITTED: 2,
}
"""Points passed several times in a life: which of the first so many passings is left to chance."""

VICTIMS = (("oncall",), ("broker",), ("robot",), ("oncall", "broker"))
VICTIM_EVERY = 6

ROLL_CHANGE = timedelta(days=ROLL_DAYS - 1)


@dataclass(frozen=True)
class Kill:
    """What ends a life: a time, a while behind an order, or the first of several points that is passed."""

    lives_s: float
    points: tuple[str, ...] = ()  # POINT:N[:MS] each
    in_flight: bool = False


@dataclass
class Tally:
    """What was done, for a report."""

    kills: Counter[str] = field(default_factory=Counter)
    waits: int = 0  # lives in which no point was passed, ended by time
    others: Counter[str] = field(default_factory=Counter)
    rests: int = 0
    violations: list[str] = field(default_factory=list)


class Campaign:
    def __init__(self, folder: Path, seed: int, rate: float, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._chance = Random(seed)
        self._rate = rate
        self._tell = tell
        self.tally = Tally()
        self.evidence: Evidence | None = None
        self._misbehaviour: list[str] = []
        self._processes = Processes(folder, rate, self._misbehaviour.append)
        self._loaded: dict[str, str] = {}
        self._roll = 0
        self._roll_ends = START
        self._deeds: list[Line] = []
        self._staff: Staff | None = None
        self._daemon: Life | None = None
        self._lives = Lives(folder)
        self._queue: list[Point] = []
        self._newest = 0  # row of the journal before this rest

    async def run(self, kills: int) -> Tally:
        """Violations end it early; the tally tells what was found."""
        try:
            await self._lives.open()
            await self._set_up()
            staff = asyncio.create_task(self._staff_acts())
            try:
                for number in range(1, kills + 1):
                    await self._one_life(number)
                    if (
                        number == kills
                        or number % REST_EVERY_KILLS == 0
                        or self._processes.now() > self._roll_ends
                    ):
                        await self._rest()
                        if self.tally.violations:
                            break
                    if staff.done():
                        staff.result()
            finally:
                staff.cancel()
        finally:
            if self._daemon is not None:
                await self._daemon.stop()
            await self._processes.stop_all()
            await self._lives.close()
        return self.tally

    # --- kills ---

    async def _one_life(self, number: int) -> None:
        kill, began_s = self._next(number), time.monotonic()
        daemon = await self._start_daemon(kill.points)
        victim = asyncio.create_task(self._kill_another()) if number % VICTIM_EVERY == 0 else None
        reached = await self._ended(daemon, kill.lives_s)
        if not reached:
            daemon.kill()
        await daemon.stop()
        name = self._lives.crash_point() if reached else "random"
        if reached and (daemon.exit_code != -9 or not name):
            words = self._lives.last_words()
            self._misbehaviour.append(f"the daemon ended by itself with {daemon.exit_code}: {words}")
        if victim is not None:
            await victim
        self._processes.look_after()
        if kill.in_flight and reached:
            name = "order in flight"
        elif reached and name in self._queue:
            self._queue.remove(Point(name))
        self.tally.kills[name] += 1
        self.tally.waits += bool(kill.points) and not reached
        self._tell(f"{number}: killed at {name} after {time.monotonic() - began_s:.1f} s")

    def _next(self, number: int) -> Kill:
        if number % 2 == 0:
            if self._chance.random() < 0.5:
                return Kill(self._chance.uniform(0.05, RANDOM_S))
            behind_ms = self._chance.uniform(0.1, IN_FLIGHT_MS)
            return Kill(REACHED_WITHIN_S, (f"{Point.ORDER_COMMITTED}:1:{behind_ms:.2f}",), True)
        if not self._queue:
            self._queue = list(Point)
        passings = {point: self._chance.randint(1, OFTEN.get(point, 1)) for point in self._queue}
        later_ms = {Point.IN_COMMIT: self._chance.uniform(0.0, COMMIT_MS)}
        points = tuple(f"{point}:{n}:{later_ms.get(point, 0.0):.3f}" for point, n in passings.items())
        return Kill(REACHED_WITHIN_S, points)

    async def _ended(self, daemon: Life, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await daemon.ended.wait()
        except TimeoutError:
            return False
        return True

    async def _kill_another(self) -> None:
        """One part, or on-call and then the broker with all that it kept for on-call."""
        names = self._chance.choice(VICTIMS)
        await asyncio.sleep(self._chance.uniform(0.0, 2.0))
        for name in names:
            await self._processes.kill(name)
            self.tally.others[name] += 1
            await asyncio.sleep(self._chance.uniform(0.0, 0.6 * len(names)))
        for name in reversed(names):
            await self._start(name)

    # --- starting ---

    async def _set_up(self) -> None:
        self._change_roll()
        await self._processes.start_broker()
        await self._processes.start_oncall()
        await self._start_robot()
        await self._processes.until((self._folder / "oncall.pub").exists, "on-call's key")
        await self._processes.until((self._folder / "oncall.db").exists, "on-call's database")
        daemon = await self._start_daemon(())
        await self._put_in_roll()
        daemon.kill()
        await daemon.stop()
        desk = Desk(open_existing(self._folder / "oncall.db"), OncallLimits().stretched(self._rate))
        self._staff = Staff(desk, self._chance, self._where)

    async def _start_daemon(self, crash: tuple[str, ...]) -> Life:
        cold = self._chance.random() < COLD_SHARE
        self._daemon = await self._lives.start(self._processes.daemon(crash), cold=cold)
        return self._daemon

    async def _start(self, name: str) -> None:
        match name:
            case "oncall":
                await self._processes.start_oncall()
            case "broker":
                await self._processes.start_broker()
            case _:
                await self._start_robot()

    async def _start_robot(self) -> None:
        await self._processes.start_robot(self._roll, still_to_do(self._deeds, self._processes.now()))

    def _change_roll(self) -> None:
        """A new roll for the doses that can still come out of it; the robot takes it at its next start."""
        self._roll += 1
        first = (self._processes.now() + ZONE).date()
        old = set(self._processes.matter.get("magazine", ()))
        now = self._processes.now() + timedelta(minutes=20)
        without = {
            dose["dose"]
            for dose in asked(now)
            if datetime.fromisoformat(dose["closes"]) < now
            or not {label for label, packed in self._loaded.items() if packed == dose["dose"]} <= old
        }
        packed = self._processes.papers.write_roll(self._roll, first, without)
        self._loaded.update(packed)
        ends = datetime.combine(first + ROLL_CHANGE, START.timetz())
        done = {dose["dose"] for dose in asked(self._processes.now())} if self._roll > 1 else set()
        mine = set(packed.values()) - done
        self._roll_ends = ends
        for dose in asked(ends + timedelta(days=1)):
            if dose["dose"] in mine:
                self._deeds += deeds_for(dose, self._chance)

    async def _put_in_roll(self) -> None:
        """A person types until the home takes it."""
        manifest = json.loads(self._processes.papers.roll(self._roll).read_text())
        deadline_s = time.monotonic() + UP_WITHIN_S
        while True:
            try:
                socket, arguments = self._folder / "control.sock", {"manifest": manifest, "by": "Tove"}
                if (await asyncio.to_thread(call, socket, "roll_load", arguments))["accepted"]:
                    return
            except (Unreachable, CallError, OSError):
                pass  # not up yet
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"the roll was not taken: {self._lives.last_words()}")
            await asyncio.sleep(LOOK_S)

    async def _staff_acts(self) -> None:
        while True:
            await asyncio.sleep(STAFF_LOOK_S)
            if self._staff is not None:
                self._processes.read_robot()
                self._staff.act(self._processes.now())

    def _where(self, dose_id: str) -> str:
        dose = "/".join(dose_id.split("/")[1:3])
        labels = [label for label, packed in self._loaded.items() if packed == dose]
        return self._processes.where(labels[-1]) if labels else ""

    # --- rest ---

    async def _rest(self) -> None:
        """Peace; then all processes but the broker end, and the witnesses speak."""
        self._tell("rest")
        staff, self._staff = self._staff, None
        journal = JournalFile(self._folder / "home.db", self._processes.papers.key())
        try:
            deadline_s = time.monotonic() + REST_WITHIN_S
            while unrest := await self._peace(journal, deadline_s):
                if time.monotonic() > deadline_s:
                    self._misbehaviour.append(f"no peace within {REST_WITHIN_S:.0f} s: {unrest}")
                    break
                await self._start_robot()
            at = self._processes.now()
            self._judge(journal, at, staff)
        finally:
            journal.close()
        self.tally.rests += 1
        self._staff = staff
        if at > self._roll_ends and not self.tally.violations:
            self._change_roll()
            await self._start_robot()
            self._processes.compare()  # the old magazine was taken out before the robot could tell
            daemon = await self._start_daemon(())
            await self._put_in_roll()
            daemon.kill()
            await daemon.stop()
        else:
            await self._start_robot()

    async def _peace(self, journal: JournalFile, deadline_s: float) -> str:
        """A life in which all is told, to its end and the robot's; else what still waited when they ended."""
        self._newest = journal.number("SELECT max(sequence) FROM journal")
        daemon = await self._start_daemon(())
        await self._quiet(journal, deadline_s)
        await self._processes.stop("robot")
        await self._quiet(journal, min(deadline_s, time.monotonic() + ALONE_WITHIN_S))
        await daemon.stop()
        if daemon.exit_code != 0:
            words = self._lives.last_words()
            self._misbehaviour.append(f"asked to stop, the daemon ended with {daemon.exit_code}: {words}")
        return next(self._waiting(journal), "")  # the last moments, too

    async def _quiet(self, journal: JournalFile, deadline_s: float) -> None:
        """Until nothing waits, or the deadline, or the daemon's end."""
        assert self._daemon is not None
        while time.monotonic() < deadline_s and self._daemon.exit_code is None:
            if not any(self._waiting(journal)):
                return
            await asyncio.sleep(5 * LOOK_S)

    def _waiting(self, journal: JournalFile) -> Iterator[str]:
        self._processes.read_robot()
        ready = "SELECT count(*) FROM journal WHERE kind='RobotCaughtUp' AND sequence > ?"
        if not journal.number(ready, self._newest):
            yield "the home has not come up"
        waiting = journal.number("SELECT count(*) FROM outbox WHERE answered_sequence IS NULL")
        if waiting:
            yield f"{waiting} rows of the outboxes are unanswered"
        read = journal.number(
            "SELECT max(json_extract(body, '$.index')) FROM journal WHERE kind='RobotLogged'"
        )
        head = max(self._processes.robot_log, default=0)
        if read != head:
            yield f"the robot's log is read to {read} of {head}"
        outcomes = {
            row["dose"]
            for row in journal.ask(
                "SELECT json_extract(body, '$.dose_id') dose FROM journal WHERE kind='OutcomeRecorded'"
            )
        }
        for dose in asked(self._processes.now()):
            closed = datetime.fromisoformat(dose["closes"]) + SETTLED < self._processes.now()
            if closed and dose["dose_id"] not in outcomes:
                yield f"{dose['dose']} has no outcome"
        queued = sum(row["state"] == "queued" for row in oncall_rows(self._folder / "oncall.db")["decisions"])
        if queued:
            yield f"{queued} decisions are unanswered"

    def _judge(self, journal: JournalFile, at: datetime, staff: Staff | None) -> None:
        told, half = filed(self._processes.papers.administrations)
        self.evidence = Evidence(
            rate=self._rate,
            now=(at - SETTLED).isoformat(),  # what closes later may not be told yet
            resident=RESIDENT,
            doses=list(asked(at)),
            loaded=dict(self._loaded),
            trace=list(self._processes.trace),
            matter=self._processes.matter,
            robot_log=[entry for _, entry in sorted(self._processes.robot_log.items())],
            journal=journal.ask("SELECT * FROM journal ORDER BY sequence"),
            outbox=journal.ask("SELECT * FROM outbox ORDER BY id"),
            oncall=oncall_rows(self._folder / "oncall.db"),
            administrations=told,
            half_written=half,
            given_by_hand=list(staff.given if staff is not None else ()),
            misbehaviour=list(self._misbehaviour),
        )
        self.tally.violations = judge(self.evidence)
