"""One play from beginning to end: starts the processes, lets people act, gathers evidence, ends all."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from simulator.clock import RatedClock
from simulator.stage.brokers import StageBroker
from simulator.stage.evidence import Evidence, Line
from simulator.stage.happenings import Happening, Narrator
from simulator.stage.home_files import HomeFiles, write_card, write_files
from simulator.stage.household import Person
from simulator.stage.judge import judge
from simulator.stage.order_of_time import OrderOfTime
from simulator.stage.people import Staff
from simulator.stage.processes import (
    Service,
    StageError,
    command,
    environment,
)
from simulator.stage.scenario import AT_THE_ROBOT, BROKER, DAEMON, RESIDENT, ROBOT, Deed, Scenario
from simulator.stage.standstill import StandStill
from simulator.stage.view import View

ANSWER_TRIES = 30
"""A command takes a second or so to start."""

READY_S = 20.0
"""For a process to be up on a loaded machine with cold caches."""

LOOK_S = 0.02

HOLD_BACK_S = 1.0
"""Real seconds until a thing is told: the journal is looked at twice a second, and a busy machine is late."""

VIEW_S = 0.2
SETTLE_S = 3.0
"""Real seconds after the end for the last receipts and files; then whatever is missing is lost."""

PYTHON = (sys.executable,)

NOBODY = frozenset({ROBOT, RESIDENT, DAEMON, BROKER})


class Play:
    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        view: View,
        clock: RatedClock,
        epoch: list[str],
        broker: StageBroker,
    ) -> None:
        """`epoch`: the clock's arguments for every process, as on their command lines."""
        self._scenario = scenario
        self._folder = folder
        self._view = view
        self._clock = clock
        self._epoch = epoch
        self._evidence = Evidence()
        self._narrator = Narrator(scenario)
        self._told = OrderOfTime()
        self._turning = asyncio.Event()
        self._stood_still = StandStill()
        self._files = write_files(scenario, folder, broker.home, broker.oncall)
        self._environment = _environment(self._files, epoch)
        service = partial(Service, folder=folder, environment=self._environment)
        self._broker = service("broker", broker.command)
        self._robots = [
            service(
                f"robot {robot}".strip(),
                self._robot_command(robot),
                on_line=partial(self._hear_robot, robot),
            )
            for robot in scenario.home.robots
        ]
        self._oncall = service("oncall", self._root("oncall", self._files.oncall))
        self._daemon = service("daemon", self._root("run", self._files.home))
        tail = [*PYTHON, "-m", "dispenserd", "journal", "tail", "-n", "100000", "--follow", "--json"]
        self._journal = service("journal", tail, on_line=self._hear_journal)
        self._services = (self._journal, self._daemon, self._oncall, *self._robots, self._broker)

    async def run(self) -> list[str]:
        """Violations; StageError if the play could not go on."""
        narration = asyncio.create_task(self._narrate())
        try:
            await self._start()
            await self._perform(narration)
            await self._gather()
        finally:
            narration.cancel()
            for service in self._services:
                await service.stop()
            self._told.tell_until(self._now())
        self._evidence.logs = _logs(self._folder)
        self._evidence.write(self._folder / "evidence.json")
        violations = judge(self._scenario, self._evidence)
        violations = self._stood_still.explains(violations, self._scenario.speed)
        self._view.ended(self._evidence, violations)
        return violations

    # --- processes ---

    async def _start(self) -> None:
        await self._broker.start()
        for robot in self._robots:
            await robot.start()
        await self._oncall.start()
        await self._until_true(self._files.oncall_public_key.exists, "on-call's key")
        home = self._scenario.home
        for name in home.robots:
            await self._until_true(self._files.robot(name).port.exists, "the robot's port")
        await self._daemon.start()
        await self._until_true(self._files.control.exists, "the home's control socket")
        await self._until_it_answers()
        await self._journal.start()
        ready = {home.serial(name) for name in home.robots}
        await self._until_true(
            lambda: ready <= {row["robot"] for row in self._evidence.rows("RobotCaughtUp")},
            "the robot to catch up",
        )
        planned = {person.key for person in home.people}
        await self._until_true(
            lambda: planned <= {row["plan"]["resident"] for row in self._evidence.rows("PlanAccepted")},
            "the plan",
        )
        for name in home.robots:
            strip = json.loads(self._files.robot(name).strip.read_text(encoding="utf-8"))
            labels = [sachet["label"] for sachet in strip["sachets"]]
            self._evidence.loaded += labels
            self._evidence.strips[name] = labels
        for person in home.people:
            if not person.reminder_only:
                await self._command("roll", "load", str(self._files.manifest(person)), "--by", "Tove")
        first = min((self._scenario.instant(deed.at) for deed in self._scenario.deeds), default=None)
        if first is not None and self._now() > first:
            raise StageError(
                f"the home was ready at {self._scenario.local(self._now())}, after the first deed: this "
                f"machine is too slow for speed {self._scenario.speed:g}. Play with a lower --speed"
            )

    async def _until_it_answers(self) -> None:
        """It listens before its journal is made, and nobody could read that yet."""
        for _ in range(ANSWER_TRIES):
            code, said, error = await command(("status",), self._folder, self._environment)
            if code == 0:
                return
        raise StageError(f"the home does not answer: {said or error}")

    async def _perform(self, narration: asyncio.Task[None]) -> None:
        run = partial(command, folder=self._folder, environment=self._environment)
        staff = Staff(self._scenario, run, self._evidence, self._until, self._staff_did)
        people: dict[str, list[Deed]] = {}
        for deed in self._scenario.deeds:
            if deed.who not in NOBODY:
                people.setdefault(deed.who, []).append(deed)
            if deed.who not in AT_THE_ROBOT:
                self._evidence.undone.append(str(deed))
        tasks = [asyncio.create_task(staff.play(deeds)) for deeds in people.values()]
        tasks += [asyncio.create_task(self._machine(d)) for d in self._scenario.deeds if d.who in MACHINES]
        tasks += [asyncio.create_task(self._new_cards(person)) for person in self._scenario.home.people]
        tasks += [asyncio.create_task(self._watch(service)) for service in self._services]
        end = asyncio.create_task(self._until(self._scenario.end))
        try:
            while not end.done():
                done, _ = await asyncio.wait([end, narration, *tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                tasks = [task for task in tasks if not task.done()]
        finally:
            for task in (end, *tasks):
                task.cancel()
            await asyncio.gather(end, *tasks, return_exceptions=True)

    async def _machine(self, deed: Deed) -> None:
        await self._until(deed.at)
        match deed.who, deed.do:
            case "broker", "stop":
                await self._broker.stop()
            case "broker", "start":
                await self._broker.start()
            case "daemon", "kill_while_releasing":
                await self._turning.wait()
                self._daemon.kill()
                self._evidence.kills.append(self._now().isoformat())
                self._tell(Happening(self._now(), "daemon", "", "KILLED in the middle of a release", "high"))
                await self._daemon.stop()
                await self._daemon.start()
            case _:
                raise StageError(f"{deed.who} can't {deed.do}")
        self._evidence.undone.remove(str(deed))
        if deed.who == BROKER:
            self._tell(Happening(self._now(), BROKER, "", BROKER_WORDS[deed.do], "medium"))

    async def _new_cards(self, person: Person) -> None:
        """The fagsystem has a newer card of theirs."""
        for number, at in enumerate(self._scenario.cards(person), start=2):
            await self._until(self._scenario.local(at))
            write_card(self._scenario, self._files, person, at)
            what = f"the fagsystem has a newer card, version {number}"
            self._tell(Happening(self._now(), "fagsystem", "", what, "medium"))

    async def _watch(self, service: Service) -> None:
        await service.ended.wait()
        last = "\n    ".join(service.errors)
        raise StageError(f"the {service.name} process ended by itself; it last said:\n    {last}")

    # --- evidence ---

    async def _gather(self) -> None:
        await asyncio.sleep(SETTLE_S)
        evidence = self._evidence
        evidence.status = await self._command("status")
        evidence.doses = (await self._command("doses"))["doses"]
        listed = await self._command("oncall", "list", "--all")
        evidence.incidents = [row for row in listed["incidents"] if row.get("origin") != "oncall"]
        evidence.homes = listed["homes"]
        evidence.verify_exit = (await command(["journal", "verify"], self._folder, self._environment))[0]
        evidence.administrations = [
            json.loads(path.read_text(encoding="utf-8")) for path in self._files.administrations
        ]

    def _hear_robot(self, robot: str, line: Line) -> None:
        line = {**line, "robot": robot} if robot else line
        if line["what"] != "ready":  # only names a path of this machine
            self._evidence.robot.append(line)
        if line["what"] == "motor" and line["turning"] == "release":
            self._turning.set()
        elif line["what"] == "motor":
            self._turning.clear()
        elif line["what"] == "display":
            at = datetime.fromisoformat(line["at"])
            self._told.hold(at, partial(self._view.showed, at, line["light"], line["lines"]))
        self._tell(self._narrator.robot(line))

    def _hear_journal(self, row: Line) -> None:
        self._evidence.journal.append(row)
        self._told.hold(datetime.fromisoformat(row["at"]), partial(self._view.journalled, row))
        self._tell(self._narrator.row(row))

    def _staff_did(self, deed: Deed, end: str) -> None:
        if end:
            self._evidence.undone.remove(str(deed))
        if end != "done":
            self._tell(self._narrator.deed(self._now(), deed, end))

    def _tell(self, happening: Happening | None) -> None:
        if happening is not None:
            self._told.hold(happening.at, partial(self._view.happened, happening))

    async def _narrate(self) -> None:
        """Shows the play a little after it happens, in the order of time."""
        while True:
            shown = self._now() - timedelta(seconds=HOLD_BACK_S * self._scenario.speed)
            self._told.tell_until(shown)
            self._view.turned(shown)
            before_s = self._clock.now().monotonic_s
            await asyncio.sleep(VIEW_S)
            self._stood_still.slept(VIEW_S, before_s, self._clock.now().monotonic_s)

    async def _command(self, *arguments: str) -> Line:
        code, said, error = await command(arguments, self._folder, self._environment)
        if code != 0:
            raise StageError(f"`dispenserd {' '.join(arguments[:2])}` ended with {code}: {said or error}")
        return said

    # --- time ---

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now().civil_ms / 1000, tz=UTC)

    async def _until(self, at: str) -> None:
        target = self._scenario.instant(at)
        while True:
            left_s = (target - self._now()).total_seconds()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s / self._scenario.speed)

    async def _until_true(self, ready: Callable[[], bool], what: str) -> None:
        watched = [asyncio.create_task(self._watch(service)) for service in self._services]
        try:
            async with asyncio.timeout(READY_S):
                while not ready():
                    for task in watched:
                        if task.done():
                            task.result()
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise StageError(f"waited {READY_S:.0f} s for {what}") from None
        finally:
            for task in watched:
                task.cancel()

    # --- command lines ---

    def _root(self, root: str, config: Path) -> list[str]:
        return [*PYTHON, "-m", "dispenserd.rehearsal", root, "--config", str(config), *self._epoch]

    def _robot_command(self, robot: str) -> list[str]:
        files = self._files.robot(robot)
        return [
            *PYTHON,
            "-m",
            "simulator",
            "--port",
            str(files.port),
            "--serial",
            self._scenario.home.serial(robot),
            *(("--roll", str(files.strip)) if self._scenario.home.has_roll(robot) else ()),
            "--script",
            str(files.script),
            "--memory",
            str(files.memory),
            *self._epoch,
        ]


MACHINES = frozenset({DAEMON, BROKER})
BROKER_WORDS = {"stop": "broker stopped: no network", "start": "broker is back"}


def _environment(files: HomeFiles, epoch: list[str]) -> dict[str, str]:
    return environment(
        DISPENSERD_CONFIG=str(files.home),
        DISPENSERD_ONCALL_CONFIG=str(files.oncall),
        DISPENSERD_REHEARSAL_CLOCK=",".join(epoch[1::2]),
    )


def _logs(folder: Path) -> str:
    """What daemon and on-call logged."""
    paths = (folder / f"{name}.log" for name in ("daemon", "oncall"))
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths if path.exists())
