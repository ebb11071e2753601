"""A whole scenario in virtual time, judged by the play's own judge: days pass in a second.

Broker and on-call are the bottle's, staff the play's own: what they would type is handed to the home as the
call that the command makes. What differs from `make scenarios`: no processes, no command line, no disk.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

import structlog

from simulator.stage.evidence import Evidence, Line, together
from simulator.stage.judge import judge_all
from simulator.stage.people import REFUSED, Papers, Staff
from simulator.stage.scenario import AT_THE_ROBOT, BROKER, DAEMON, Deed, Scenario
from tests.bottle.times import Times
from tests.bottle.virtual_loop import VirtualLoop
from tests.scenarios.virtual_command import called
from tests.scenarios.virtual_home import VirtualHome

QUIET = structlog.make_filtering_bound_logger(logging.CRITICAL)
STEPS_MAX = 2_000_000
LOOK_S = 20.0
"""A member of staff looks at the list so often."""

SETTLE_S = 120.0
"""After the end: what is on its way arrives."""


class VirtualPlay:
    def __init__(self, scenario: Scenario, folder: Path, seed: int = 1) -> None:
        structlog.configure(wrapper_class=QUIET)
        self.scenario = scenario
        self.times = Times(scenario.instant(scenario.start))
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._folder, self._chance = folder, Random(seed)
        self.homes = {box: self._home(box) for box in scenario.boxes}
        self.loop = VirtualLoop(self.times.seconds)  # of the people
        self._people: list[asyncio.Task[None]] = []

    def _home(self, box: str) -> VirtualHome:
        folder = self._folder / box
        folder.mkdir(exist_ok=True)
        scenario = self.scenario.at_box(box)
        return VirtualHome(scenario, folder, self._folder, self.times, self.after, self._chance)

    @property
    def evidence(self) -> Evidence:
        """Of all homes."""
        return together([home.evidence for home in self.homes.values()])

    def run(self) -> list[str]:
        """Violations."""
        for home in self.homes.values():
            home.begin()
        self._people_come()
        for deed in self.scenario.deeds:
            if deed.who in (BROKER, DAEMON):
                self._undone(deed).append(str(deed))
                self.at(self.scenario.instant(deed.at), partial(self._machine, deed))
        try:
            self._until_s(self.times.at_s(self.scenario.instant(self.scenario.end)))
            self._until_s(self.times.now_s + SETTLE_S)
        finally:
            self.loop.bury()
            for home in self.homes.values():
                home.box.bury()
        for home in self.homes.values():
            home.gather()
        administrations = [each for home in self.homes.values() for each in home.evidence.administrations]
        for home in self.homes.values():
            home.evidence.administrations = administrations
        return judge_all(self.scenario, {box: home.evidence for box, home in self.homes.items()})

    # --- time ---

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.times.now_s + seconds, next(self._numbers), act))

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        self.after(max(0.0, self.times.at_s(instant) - self.times.now_s), act)

    def _until_s(self, end_s: float) -> None:
        for _ in range(STEPS_MAX):
            self._instant()
            dues = [self.loop.due_s, *(home.due_s for home in self.homes.values())]
            dues.append(self._agenda[0][0] if self._agenda else None)
            due_s = min(due for due in (*dues, end_s) if due is not None)
            if due_s >= end_s:
                self.times.now_s = end_s
                return
            self.times.now_s = max(due_s, self.times.now_s)
        raise AssertionError("the play does not rest")

    def _instant(self) -> None:
        while self._agenda and self._agenda[0][0] <= self.times.now_s:
            heapq.heappop(self._agenda)[2]()
        for home in self.homes.values():
            home.turn()
        self.loop.run_due()
        for task in self._people:
            if task.done():
                task.result()

    # --- people and machines ---

    def _people_come(self) -> None:
        heard: dict[str, str] = {}
        staff = {
            box: Staff(
                home.scenario,
                partial(self._command, home),
                home.evidence,
                self._wait,
                self._did,
                Papers(self._folder, home.files.manifest, heard),
                LOOK_S,
            )
            for box, home in self.homes.items()
        }
        people: dict[str, list[Deed]] = {}
        for deed in self.scenario.deeds:
            if deed.who not in (*AT_THE_ROBOT, BROKER, DAEMON):
                people.setdefault(deed.who, []).append(deed)
                self._undone(deed).append(str(deed))
        self._people = [
            self.loop.create_task(_one_after_the_other(staff, deeds)) for deeds in people.values()
        ]

    async def _wait(self, at: str) -> None:
        left_s = self.times.at_s(self.scenario.instant(at)) - self.times.now_s
        if left_s > 0:
            await asyncio.sleep(left_s)

    def _undone(self, deed: Deed) -> list[str]:
        return self.homes[deed.box if deed.who != BROKER else self.scenario.boxes[0]].evidence.undone

    def _did(self, deed: Deed, end: str) -> None:
        if end:
            self._undone(deed).remove(str(deed))

    def _machine(self, deed: Deed) -> None:
        match deed.who, deed.do:
            case "broker", "stop":
                for home in self.homes.values():
                    home.network.fail(loses_state=True)
            case "broker", "start":
                for home in self.homes.values():
                    home.network.recover()
            case _:
                self.homes[deed.box].kill_while_releasing()
        self._undone(deed).remove(str(deed))

    async def _command(self, home: VirtualHome, arguments: Sequence[str]) -> tuple[int, Line, str]:
        """What `dispenserd ARGUMENTS` does: a call to the home, or a decision at on-call."""
        if arguments[0] == "oncall":
            reason = await home.desk.command(arguments[1:])
            return (REFUSED, {"code": reason, "what": ""}, "") if reason else (0, {}, "")
        call = called(arguments)
        code, doses, _ = await home.ask("doses", {})
        known = [dose["dose"] for dose in doses["doses"]]
        if "dose" in call.said:
            call.said["dose"] = next(dose for dose in known if dose.endswith(call.said["dose"]))
        if "came_back" in call.said:
            named = call.said["came_back"]
            call.said["came_back"] = [next(dose for dose in known if dose.endswith(one)) for one in named]
        code, said, error = await home.ask(call.name, call.said)
        if call.out is not None and not code:
            call.out.write_text(json.dumps(said["paper"]))
        return code, said, error


async def _one_after_the_other(staff: dict[str, Staff], deeds: Sequence[Deed]) -> None:
    for deed in deeds:
        await staff[deed.box].do(deed)
