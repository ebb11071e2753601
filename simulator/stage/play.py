"""One play from beginning to end: starts the processes, lets people act, gathers evidence, ends all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from simulator.clock import RatedClock
from simulator.stage.brokers import StageBroker
from simulator.stage.evidence import Evidence, Line, together
from simulator.stage.happenings import Happening, Narrator
from simulator.stage.home_files import write_card, write_oncall
from simulator.stage.home_on_stage import HomeOnStage
from simulator.stage.household import Person
from simulator.stage.judge import judge_all
from simulator.stage.order_of_time import OrderOfTime
from simulator.stage.people import Papers, Staff
from simulator.stage.processes import Service, StageError, environment
from simulator.stage.scenario import AT_THE_ROBOT, BROKER, DAEMON, RESIDENT, ROBOT, Deed, Scenario
from simulator.stage.standstill import StandStill
from simulator.stage.view import View

READY_S = 20.0
"""For a process to be up on a loaded machine with cold caches."""

LOOK_S = 0.02

HOLD_BACK_S = 1.0
"""Real seconds until a thing is told: the journal is looked at twice a second, and a busy machine is late."""

VIEW_S = 0.2
SETTLE_S = 3.0
"""Real seconds after the end for the last receipts and files; then whatever is missing is lost."""

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
        self._narrator = Narrator(scenario)
        self._told = OrderOfTime()
        self._stood_still = StandStill()
        write_oncall(scenario, folder, broker.oncall)
        self._homes = {box: self._home(box, broker, epoch) for box in scenario.boxes}
        service = partial(Service, folder=folder, environment=environment())
        self._broker = service("broker", broker.command)
        root = [sys.executable, "-m", "dispenserd.rehearsal", "oncall", "--config"]
        self._oncall = service("oncall", [*root, str(folder / "oncall.toml"), *epoch])
        of_homes = [each for home in self._homes.values() for each in home.services]
        self._services = (*of_homes, self._oncall, self._broker)

    def _home(self, box: str, broker: StageBroker, epoch: list[str]) -> HomeOnStage:
        """In a folder of its own, where there are several."""
        theirs = self._scenario.at_box(box)
        folder = self._folder / box
        folder.mkdir(exist_ok=True)
        return HomeOnStage(box, theirs, folder, self._folder, broker.homes[theirs.home.box], epoch, self)

    async def run(self) -> list[str]:
        """Violations; StageError if the play could not go on."""
        narration = asyncio.create_task(self._narrate())
        try:
            await self._start()
            await self._perform(narration)
            await asyncio.sleep(SETTLE_S)
            for home in self._homes.values():
                await home.gather()
        finally:
            narration.cancel()
            for service in self._services:
                await service.stop()
            self._told.tell_until(self._now())
        evidence = self._evidence()
        violations = judge_all(self._scenario, evidence)
        violations = self._stood_still.explains(violations, self._scenario.speed)
        self._view.ended(together(list(evidence.values())), violations)
        return violations

    def _evidence(self) -> dict[str, Evidence]:
        """By box, and kept in its folder."""
        found: dict[str, Evidence] = {}
        for box, home in self._homes.items():
            home.evidence.logs = _log(home.folder / "daemon.log") + _log(self._folder / "oncall.log")
            home.evidence.write(home.folder / "evidence.json")
            found[box] = home.evidence
        return found

    async def _start(self) -> None:
        await self._broker.start()
        await self._oncall.start()
        await self._until_true((self._folder / "oncall.key.pub").exists, "on-call's key")
        await asyncio.gather(*(home.start(self._until_true) for home in self._homes.values()))
        first = min((self._scenario.instant(deed.at) for deed in self._scenario.deeds), default=None)
        if first is not None and self._now() > first:
            raise StageError(
                f"the home was ready at {self._scenario.local(self._now())}, after the first deed: this "
                f"machine is too slow for speed {self._scenario.speed:g}. Play with a lower --speed"
            )

    async def _perform(self, narration: asyncio.Task[None]) -> None:
        deeds = self._scenario.deeds
        people: dict[str, list[Deed]] = {}
        for deed in deeds:
            if deed.who not in NOBODY:
                people.setdefault(deed.who, []).append(deed)
            if deed.who not in AT_THE_ROBOT:
                self._undone(deed).append(str(deed))
        staff = self._staff()
        tasks = [asyncio.create_task(_one_after_the_other(staff, theirs)) for theirs in people.values()]
        tasks += [asyncio.create_task(self._machine(deed)) for deed in deeds if deed.who in MACHINES]
        tasks += [
            asyncio.create_task(self._new_cards(home, person))
            for home in self._homes.values()
            for person in home.scenario.home.people
            if not person.moves_in
        ]
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

    def _staff(self) -> dict[str, Staff]:
        """The same people at each home; what they hear at one they say at the other."""
        heard: dict[str, str] = {}
        return {
            box: Staff(
                home.scenario,
                home.command,
                home.evidence,
                self._until,
                self._staff_did,
                Papers(self._folder, home.files.manifest, heard),
            )
            for box, home in self._homes.items()
        }

    def _undone(self, deed: Deed) -> list[str]:
        return self._homes[deed.box if deed.who != BROKER else self._scenario.boxes[0]].evidence.undone

    async def _machine(self, deed: Deed) -> None:
        await self._until(deed.at)
        match deed.who, deed.do:
            case "broker", "stop":
                await self._broker.stop()
            case "broker", "start":
                await self._broker.start()
            case "daemon", "kill_while_releasing":
                await self._homes[deed.box].kill_while_releasing(self._now)
            case _:
                raise StageError(f"{deed.who} can't {deed.do}")
        self._undone(deed).remove(str(deed))
        if deed.who == BROKER:
            self.tell(Happening(self._now(), BROKER, "", BROKER_WORDS[deed.do], "medium"))

    async def _new_cards(self, home: HomeOnStage, person: Person) -> None:
        """The fagsystem has a newer card of theirs."""
        for number, at in enumerate(home.scenario.cards(person), start=2):
            await self._until(home.scenario.local(at))
            write_card(home.scenario, home.files, person, at)
            what = f"the fagsystem has a newer card, version {number}"
            self.tell(Happening(self._now(), "fagsystem", "", what, "medium"))

    async def _watch(self, service: Service) -> None:
        await service.ended.wait()
        last = "\n    ".join(service.errors)
        raise StageError(f"the {service.name} process ended by itself; it last said:\n    {last}")

    # --- who is told ---

    def tell(self, happening: Happening | None) -> None:
        if happening is not None:
            self._told.hold(happening.at, partial(self._view.happened, happening))

    def showed(self, at: datetime, line: Line) -> None:
        self._told.hold(at, partial(self._view.showed, at, line["light"], line["lines"]))

    def journalled(self, at: datetime, row: Line) -> None:
        self._told.hold(at, partial(self._view.journalled, row))

    def _staff_did(self, deed: Deed, end: str) -> None:
        if end:
            self._undone(deed).remove(str(deed))
        if end != "done":
            self.tell(self._narrator.deed(self._now(), deed, end))

    async def _narrate(self) -> None:
        """Shows the play a little after it happens, in the order of time."""
        while True:
            shown = self._now() - timedelta(seconds=HOLD_BACK_S * self._scenario.speed)
            self._told.tell_until(shown)
            self._view.turned(shown)
            before_s = self._clock.now().monotonic_s
            await asyncio.sleep(VIEW_S)
            self._stood_still.slept(VIEW_S, before_s, self._clock.now().monotonic_s)

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


async def _one_after_the_other(staff: dict[str, Staff], deeds: list[Deed]) -> None:
    """One person's, at whichever home."""
    for deed in deeds:
        await staff[deed.box].do(deed)


MACHINES = frozenset({DAEMON, BROKER})
BROKER_WORDS = {"stop": "broker stopped: no network", "start": "broker is back"}


def _log(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
