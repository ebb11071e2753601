"""A whole scenario in virtual time, judged by the play's own judge: days pass in a second.

Broker and on-call are the bottle's, staff the play's own: what they would type is handed to the home as the
call that the command makes. What differs from `make scenarios`: no processes, no command line, no disk.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import structlog

from simulator.stage.evidence import Evidence, Line
from simulator.stage.judge import judge
from simulator.stage.people import REFUSED, Staff
from simulator.stage.scenario import AT_THE_ROBOT, BROKER, DAEMON, Deed, Scenario
from tests.bottle.network import Network
from tests.bottle.times import Times
from tests.bottle.virtual_loop import VirtualLoop
from tests.scenarios.virtual_desk import Desk
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
        chance = Random(seed)
        self.desk = Desk(self.times, chance)
        self.network = Network(self.times, chance, self.desk.take)
        self.desk.send = self.network.to_home
        self.home = VirtualHome(scenario, folder, self.times, self.network, self.after, chance)
        self.evidence: Evidence = self.home.evidence
        self.loop = VirtualLoop(self.times.seconds)  # of the people
        self._people: list[Any] = []

    def run(self) -> list[str]:
        """Violations."""
        self.home.begin()
        self._people_come()
        for deed in self.scenario.deeds:
            if deed.who in (BROKER, DAEMON):
                self.evidence.undone.append(str(deed))
                self.at(self.scenario.instant(deed.at), partial(self._machine, deed))
        try:
            self._until(self.scenario.instant(self.scenario.end))
            self._until_s(self.times.now_s + SETTLE_S)
        finally:
            self.loop.bury()
            self.home.box.bury()
        self.home.gather()
        self.evidence.incidents = self.desk.listed()
        return judge(self.scenario, self.evidence)

    # --- time ---

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.times.now_s + seconds, next(self._numbers), act))

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        self.after(max(0.0, self.times.at_s(instant) - self.times.now_s), act)

    def _until(self, instant: datetime) -> None:
        self._until_s(self.times.at_s(instant))

    def _until_s(self, end_s: float) -> None:
        for _ in range(STEPS_MAX):
            self._instant()
            dues = [self._agenda[0][0] if self._agenda else None, self.network.due_s, self.home.due_s]
            due_s = min(due for due in (*dues, self.loop.due_s, end_s) if due is not None)
            if due_s >= end_s:
                self.times.now_s = end_s
                return
            self.times.now_s = max(due_s, self.times.now_s)
        raise AssertionError("the play does not rest")

    def _instant(self) -> None:
        while self._agenda and self._agenda[0][0] <= self.times.now_s:
            heapq.heappop(self._agenda)[2]()
        self.network.turn()
        self.home.turn()
        self.loop.run_due()
        for task in self._people:
            if task.done():
                task.result()

    # --- people and machines ---

    def _people_come(self) -> None:
        staff = Staff(self.scenario, self._command, self.evidence, self._wait, self._did, LOOK_S)
        deeds: dict[str, list[Deed]] = {}
        for deed in self.scenario.deeds:
            if deed.who not in (*AT_THE_ROBOT, BROKER, DAEMON):
                deeds.setdefault(deed.who, []).append(deed)
                self.evidence.undone.append(str(deed))
        self._people = [self.loop.create_task(staff.play(theirs)) for theirs in deeds.values()]

    async def _wait(self, at: str) -> None:
        left_s = self.times.at_s(self.scenario.instant(at)) - self.times.now_s
        if left_s > 0:
            await asyncio.sleep(left_s)

    def _did(self, deed: Deed, end: str) -> None:
        if end:
            self.evidence.undone.remove(str(deed))

    def _machine(self, deed: Deed) -> None:
        match deed.who, deed.do:
            case "broker", "stop":
                self.network.fail(loses_state=True)
            case "broker", "start":
                self.network.recover()
            case _:
                self.home.kill_while_releasing()
        self.evidence.undone.remove(str(deed))

    async def _command(self, arguments: Sequence[str]) -> tuple[int, Line, str]:
        """What `dispenserd ARGUMENTS` does: a call to the home, or a decision at on-call."""
        if arguments[0] == "oncall":
            reason = await self.desk.command(arguments[1:])
            return (REFUSED, {"code": reason, "what": ""}, "") if reason else (0, {}, "")
        name, said = called(arguments)
        if name == "decide":
            known = [dose["dose"] for dose in (await self.home.ask("doses", {}))[1]["doses"]]
            said["dose"] = next(dose for dose in known if dose.endswith(str(said["dose"])))
        if "came_back" in said:
            known = [dose["dose"] for dose in (await self.home.ask("doses", {}))[1]["doses"]]
            said["came_back"] = [next(d for d in known if d.endswith(back)) for back in said["came_back"]]
        return await self.home.ask(name, said)


FLAGS = {"--given", "--had-it", "--witnessed", "--not-given", "--discard"}


def called(arguments: Sequence[str]) -> tuple[str, Line]:
    """The call that a command of the home makes, and its arguments."""
    words = list(arguments)
    said: Line = {}
    if words[0] == "decide":
        name, said["dose"], rest = "decide", words[1], words[2:]
    else:
        name, rest = f"resident_{words[1]}", words[2:]
        if words[1] == "mode":
            said["mode"], rest = words[2], words[3:]
    while rest:
        flag = rest.pop(0)
        if flag in FLAGS:
            said["verdict"] = flag[2:].replace("-", "_")
        elif flag == "--reconciled":
            said["reconciled"] = True
        elif flag == "--hospital":
            said["kind"] = "hospital"
        elif flag == "--came-back":
            said.setdefault("came_back", []).append(rest.pop(0))
        elif flag == "--review-days":
            said["review_days"] = int(rest.pop(0))
        else:
            said[flag[2:].replace("-", "_")] = rest.pop(0)
    return name, said
