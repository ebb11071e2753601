"""One home of a play: its daemon, its robots, the reader of its journal, and what was seen of them.

Starts them in order, hears each line, asks at the end. Knows nothing of people and of other homes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from simulator.stage.evidence import Evidence, Line
from simulator.stage.happenings import Happening, Narrator
from simulator.stage.home_files import Keys, write_files
from simulator.stage.processes import Service, StageError, command, environment
from simulator.stage.scenario import Scenario

PYTHON = (sys.executable,)

ANSWER_TRIES = 30
"""A command takes a second or so to start."""


class Audience(Protocol):
    """Whoever is told what happens, in whatever order it is heard."""

    def tell(self, happening: Happening | None) -> None: ...

    def showed(self, at: datetime, line: Line) -> None: ...

    def journalled(self, at: datetime, row: Line) -> None: ...


class HomeOnStage:
    """`name` of its box, "" where there is one. `epoch`: the clock's arguments for every process."""

    def __init__(
        self,
        name: str,
        scenario: Scenario,
        folder: Path,
        shared: Path,
        broker: Keys,
        epoch: list[str],
        audience: Audience,
    ) -> None:
        self.name, self.scenario, self.folder = name, scenario, folder
        self.evidence = Evidence()
        self.turning = asyncio.Event()
        self.files = write_files(scenario, folder, broker, shared)
        self._epoch = epoch
        self._audience = audience
        self._narrator = Narrator(scenario)
        self.environment = environment(
            DISPENSERD_CONFIG=str(self.files.home),
            DISPENSERD_ONCALL_CONFIG=str(self.files.oncall),
            DISPENSERD_REHEARSAL_CLOCK=",".join(epoch[1::2]),
        )
        service = partial(Service, folder=folder, environment=self.environment)
        self._robots = [
            service(
                f"robot {robot}".strip(),
                self._robot_command(robot),
                on_line=partial(self._hear_robot, robot),
            )
            for robot in scenario.home.robots
        ]
        run = [*PYTHON, "-m", "dispenserd.rehearsal", "run", "--config", str(self.files.home), *epoch]
        self.daemon = service("daemon", run)
        tail = [*PYTHON, "-m", "dispenserd", "journal", "tail", "-n", "100000", "--follow", "--json"]
        self._journal = service("journal", tail, on_line=self._hear_journal)
        self.services = (self._journal, self.daemon, *self._robots)

    async def start(self, until: Callable[[Callable[[], bool], str], Awaitable[None]]) -> None:
        """Up, caught up with its robots, its plans accepted and its rolls loaded."""
        home, evidence = self.scenario.home, self.evidence
        for robot in self._robots:
            await robot.start()
        for name in home.robots:
            await until(self.files.robot(name).port.exists, "the robot's port")
        await self.daemon.start()
        await until(self.files.control.exists, "the home's control socket")
        await self._until_it_answers()
        await self._journal.start()
        ready = {home.serial(name) for name in home.robots}
        await until(
            lambda: ready <= {row["robot"] for row in evidence.rows("RobotCaughtUp")},
            "the robot to catch up",
        )
        here = [person for person in home.people if not person.moves_in]
        planned = {person.key for person in here}
        await until(
            lambda: planned <= {row["plan"]["resident"] for row in evidence.rows("PlanAccepted")},
            "the plan",
        )
        for name in home.robots:
            strip = json.loads(self.files.robot(name).strip.read_text(encoding="utf-8"))
            labels = [sachet["label"] for sachet in strip["sachets"]]
            evidence.loaded += labels
            evidence.strips[name] = labels
        for person in here:
            if not person.reminder_only:
                await self.ask("roll", "load", str(self.files.manifest(person)), "--by", "Tove")

    async def gather(self) -> None:
        """At the end: what it says of itself, and what the fagsystem has of it."""
        evidence = self.evidence
        evidence.status = await self.ask("status")
        evidence.doses = (await self.ask("doses"))["doses"]
        listed = await self.ask("oncall", "list", "--all")
        box = self.scenario.home.box
        evidence.incidents = [
            row for row in listed["incidents"] if row.get("origin") != "oncall" and row["home"] == box
        ]
        evidence.homes = [row for row in listed["homes"] if row["home"] == box]
        evidence.verify_exit = (await self.command(["journal", "verify"]))[0]
        evidence.administrations = [
            json.loads(path.read_text(encoding="utf-8")) for path in self.files.administrations
        ]

    async def command(self, arguments: Sequence[str]) -> tuple[int, Line, str]:
        """Run as a person at this box would: exit code, object, error text."""
        return await command(arguments, self.folder, self.environment)

    async def ask(self, *arguments: str) -> Line:
        code, said, error = await self.command(arguments)
        if code != 0:
            raise StageError(f"`dispenserd {' '.join(arguments[:2])}` ended with {code}: {said or error}")
        return said

    async def kill_while_releasing(self, now: Callable[[], datetime]) -> None:
        """As soon as a motor turns for a release; then it is started again."""
        await self.turning.wait()
        self.daemon.kill()
        self.evidence.kills.append(now().isoformat())
        self._audience.tell(Happening(now(), "daemon", "", "KILLED in the middle of a release", "high"))
        await self.daemon.stop()
        await self.daemon.start()

    async def _until_it_answers(self) -> None:
        """It listens before its journal is made, and nobody could read that yet."""
        for _ in range(ANSWER_TRIES):
            code, said, error = await self.command(("status",))
            if code == 0:
                return
        raise StageError(f"the home does not answer: {said or error}")

    def _hear_robot(self, robot: str, line: Line) -> None:
        line = {**line, "robot": robot} if robot else line
        if line["what"] != "ready":  # only names a path of this machine
            self.evidence.robot.append(line)
        if line["what"] == "motor" and line["turning"] == "release":
            self.turning.set()
        elif line["what"] == "motor":
            self.turning.clear()
        elif line["what"] == "display":
            self._audience.showed(datetime.fromisoformat(line["at"]), line)
        self._audience.tell(self._narrator.robot(line))

    def _hear_journal(self, row: Line) -> None:
        self.evidence.journal.append(row)
        self._audience.journalled(datetime.fromisoformat(row["at"]), row)
        self._audience.tell(self._narrator.row(row))

    def _robot_command(self, robot: str) -> list[str]:
        files = self.files.robot(robot)
        return [
            *PYTHON,
            "-m",
            "simulator",
            "--port",
            str(files.port),
            "--serial",
            self.scenario.home.serial(robot),
            *(("--roll", str(files.strip)) if self.scenario.home.has_roll(robot) else ()),
            "--script",
            str(files.script),
            "--memory",
            str(files.memory),
            *self._epoch,
        ]
