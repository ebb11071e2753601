"""One box of a scenario in virtual time: the real core, engine, courier, driver, uplink and downlink in the
bottle's box, at the real simulated robots, with the configuration, cards and manifests that a play writes.

What people do at a robot is the script of the same file. Nothing here knows what is expected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

from dispenserd import app, calls, leave_calls, moving, regime_calls, views
from dispenserd.config import load
from dispenserd.control import Handlers
from dispenserd.control_call import CallError
from dispenserd.fagsystem.administration import administration
from dispenserd.fagsystem.folder import PlanFolder
from dispenserd.fagsystem.manifest import read_manifest
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.peer_choice import signing_key
from dispenserd.security.sealing import Box as SealingBox
from dispenserd.store.chain import GENESIS, canonical, link
from protocol.wire.messages import Answer, Message
from scheduler.care import not_ours
from scheduler.commands import ConfirmPlan, LoadRoll, OfferClockTimes, OfferMedicineList, OfferPlan
from scheduler.events import Event
from scheduler.outbox import Change
from scheduler.record import EVENT_FIELD, to_plain
from scheduler.world import Setting
from simulator import script as s
from simulator.befalling import befallen
from simulator.mechanics import Mechanics
from simulator.memory import BatteryClock, Memory
from simulator.refusals import FirmwareLimits
from simulator.resident import Cast, Scene
from simulator.roll import read_roll
from simulator.script import parse_script
from simulator.stage.evidence import Evidence, Line
from simulator.stage.home_files import PERSON_SYSTEM, HomeFiles, write_card, write_files
from simulator.stage.household import Person
from simulator.stage.scenario import Scenario
from simulator.visible import Visible, iso, seen_moving
from tests.bottle.box import Box, Folder, Served
from tests.bottle.fuse import Fuse
from tests.bottle.journal import Disk
from tests.bottle.network import Network
from tests.bottle.robot_end import RobotEnd
from tests.bottle.times import Times
from tests.scenarios.virtual_desk import Desk

KEY = "00" * 32
"""On-call's public key as the configuration names it; the box of the bottle has its own."""

BACK_AFTER_S = 2.0
"""A process is started again within real seconds, at the speed of the play."""

LOOK_S = 600.0
"""Engine and courier look at the clock so seldom: nothing may depend on it."""

CARD_LOOK = timedelta(hours=1)
Refusal = tuple[int, Line, str]
REFUSED = 6


class VirtualRobot:
    """One robot with its magazine, its cable, and who does what at it."""

    def __init__(self, home: VirtualHome, name: str, chance: Random) -> None:
        scenario, files, times = home.scenario, home.files.robot(name), home.times
        self.name, self.serial = name, scenario.home.serial(name)
        memory, self.matter = Memory(), Mechanics()
        memory.clock = BatteryClock(set_utc_ms=times.true_ms)
        self.end = RobotEnd(times, chance, memory, self.matter, FirmwareLimits(), self.serial)
        if scenario.home.has_roll(name):
            self.matter.load(*read_roll(files.strip), times.true_ms)
        self.matter.witness = lambda moved: home.hears_robot(self, seen_moving(moved))
        self.cast = Cast(parse_script(scenario.script(name)))
        self._home, self._visible = home, Visible()
        self.end.power_on()

    @property
    def due_s(self) -> float | None:
        times, due_ms = self._home.times, self.cast.due_ms
        people_s = None if due_ms is None else times.now_s + max(0, due_ms - times.true_ms) / 1000
        return min((due for due in (self.end.due_s, people_s) if due is not None), default=None)

    def turn(self) -> None:
        robot, times = self.end.robot, self._home.times
        self.end.turn()
        scene = Scene(robot.display.light, self.matter.tray is not None)
        for act in self.cast.turn(scene, times.true_ms):
            told = {"what": "deed", "at": iso(times.true_ms), "deed": type(act).__name__}
            self._home.hears_robot(self, told)
            self._do(act)
        self.end.turn()
        for line in self._visible.changes(robot, times.true_ms):
            self._home.hears_robot(self, line)

    def _do(self, act: s.Act) -> None:
        end, times = self.end, self._home.times
        match act:
            case s.Press():
                end.press(Answer(act.answer), act.tag)
            case s.Lift():
                end.lift()
            case s.ClearFault():
                end.clear_fault()
            case s.PowerCut():
                end.off_s, end.lands = (lambda: act.off_s), act.lands
                end.power_off()
            case s.Unplug():
                end.unplug()
                self._home.after(act.for_s, end.plug_in)
            case s.Garbage():
                end.outward.push(end.chance.randbytes(act.bytes), times.now_s)
            case _:
                end.act(lambda: self._befall(act))

    def _befall(self, act: s.Act) -> list[Message]:
        assert not isinstance(act, s.Press | s.Lift | s.ClearFault | s.PowerCut | s.Unplug | s.Garbage)
        return befallen(self.end.robot, act, self._home.times.moment)


class VirtualHome:
    """`after` puts something on the play's agenda, in seconds from now."""

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        shared: Path,
        times: Times,
        after: Callable[[float, Callable[[], None]], None],
        chance: Random,
    ) -> None:
        self.scenario, self.times, self.after = scenario, times, after
        self.desk = Desk(times, chance, box=scenario.home.box)
        self.network = Network(times, chance, self.desk.take)
        self.desk.send = self.network.to_home
        self.files: HomeFiles = write_files(scenario, folder, {"host": "broker"}, shared)
        self.files.oncall_public_key.write_text(KEY)
        self.config = load(self.files.home)
        self.setting: Setting = app.setting_of(self.config, 1.0)
        self.evidence = Evidence()
        self.disk, self.folder = Disk(), Folder()
        self._chance = chance
        self.robots = [VirtualRobot(self, name, chance) for name in scenario.home.robots]
        self._identities = {
            one.key: ResidentIdentity(one.key, PERSON_SYSTEM, one.identifier) for one in scenario.home.people
        }
        self._cards = {one.key: self._card_folder(one.key) for one in scenario.home.people}
        self._kill_next = 0
        key_file = self.config.home.signing_key_file
        assert key_file is not None
        self._signs = SealingBox(scenario.home.box, signing_key(key_file))
        self.box = self._new_box()

    def begin(self) -> None:
        """What stands at the beginning of every play: cards read, rolls in and loaded."""
        for robot in self.robots:
            labels = [sachet.label for sachet in robot.matter.magazine]
            self.evidence.loaded += labels
            self.evidence.strips[robot.name] = labels
        lists = (OfferMedicineList(self.setting.catalogue), OfferClockTimes(self.setting.clock))
        self.after(1, lambda: self.box.hand_in(*lists))
        self.after(5, self._read_cards)
        self.after(60, self._load_rolls)
        for person in self.scenario.home.people:
            for at in () if person.moves_in else self.scenario.cards(person):
                self.after(self.times.at_s(at) - self.times.now_s, partial(self._new_card, person, at))

    # --- time ---

    @property
    def due_s(self) -> float | None:
        dues = [self.network.due_s, *(robot.due_s for robot in self.robots)]
        dues.append(self.box.due_s if self.box.alive else None)
        return min((due for due in dues if due is not None), default=None)

    def turn(self) -> None:
        self.network.turn()
        for robot in self.robots:
            robot.turn()
        self.box.turn()
        if self.box.fault is not None:
            raise AssertionError(f"the home ended by itself: {self.box.fault!r}") from self.box.fault

    # --- its box ---

    def kill_while_releasing(self) -> None:
        """As soon as a motor turns for a release."""
        self._kill_next += 1

    def _new_box(self) -> Box:
        first, *others = self.robots
        return Box(
            disk=self.disk,
            times=self.times,
            setting=self.setting,
            end=first.end,
            network=self.network,
            folder=self.folder,
            chance=self._chance,
            fuse=Fuse(),
            witness=self,
            serial=first.serial,
            look_s=LOOK_S,
            beside=[Served(one.serial, one.end, self._chance, self.sending, self.sent) for one in others],
        )

    def _restart(self) -> None:
        self.box = self._new_box()

    # --- what the box tells ---

    def committed(self, box: Box, events: Sequence[Event], changes: Sequence[Change]) -> None:
        for event in events:
            plain = to_plain(event)
            kind, sequence = plain.pop(EVENT_FIELD), len(self.evidence.journal) + 1
            self.evidence.journal.append(
                {"sequence": sequence, "epoch": 1, "event": kind, "at": plain["at"], "body": plain}
            )

    def sending(self) -> None:
        pass

    def sent(self) -> None:
        pass

    def fsync_s(self) -> float:
        return 0.0

    def hears_robot(self, robot: VirtualRobot, line: Line) -> None:
        self.evidence.robot.append({**line, "robot": robot.name} if robot.name else line)
        if line["what"] == "motor" and line["turning"] == "release" and self._kill_next:
            self._kill_next -= 1
            self.after(0.1, self._kill)

    def _kill(self) -> None:
        self.evidence.kills.append(self.times.true.isoformat())
        self.box.kill()
        self.after(BACK_AFTER_S * self.scenario.speed, self._restart)

    # --- papers ---

    def _new_card(self, person: Person, at: datetime) -> None:
        write_card(self.scenario, self.files, person, at)
        self._read_cards()

    def _read_cards(self) -> None:
        """As the folder's sync does: a newer one is offered, one that is the same confirmed."""
        for key, cards in list(self._cards.items()):
            if not_ours(self.disk.replayed(), self.setting, key):
                self._cards[key] = self._card_folder(key)  # the card of one who is not in its care waits
                continue
            card = cards.poll(self.box.clock.now())
            if card is not None:
                self.box.hand_in(card)
                assert isinstance(card, OfferPlan), card
            elif cards.same:
                self.box.hand_in(ConfirmPlan(key))
        self.after(CARD_LOOK.total_seconds(), self._read_cards)

    def _load_rolls(self) -> None:
        for person in self.scenario.home.people:
            if not person.reminder_only and not person.moves_in:
                roll = read_manifest(self.files.manifest(person).read_bytes(), [person.key])
                self.box.hand_in(LoadRoll(roll, "Tove"))

    def _card_folder(self, key: str) -> PlanFolder:
        return PlanFolder(self.files.shared / "fagsystem", self._identities[key], self.setting.local)

    # --- its control socket ---

    async def call(self, name: str, arguments: Line) -> Line:
        """In the box's own loop: what a terminal's call comes to."""
        return dict(await self._handlers[name](arguments))

    @property
    def _handlers(self) -> Handlers:
        engine, setting, now = self.box.engine, self.setting, self.box.clock.now
        return {
            **calls.calls(engine, setting, now, True, "", lambda: {"newest": 0, "max": 0}),
            **regime_calls.calls(engine, setting, now),
            **leave_calls.calls(engine, setting, now),
            **moving.calls(engine, setting, now, self._signs),
        }

    async def ask(self, name: str, arguments: Line) -> tuple[int, Line, str]:
        """From a person's loop: the call, and its exit code as the command line gives it."""
        answered = asyncio.Event()
        task = self.box.loop.create_task(self.call(name, arguments))
        task.add_done_callback(lambda _: answered.set())
        await answered.wait()
        try:
            said = task.result()
        except CallError as error:
            return REFUSED, {"code": error.code, "what": str(error)}, ""
        if said.get("accepted") is False:
            return REFUSED, {"code": said["reason"], "what": ""}, ""
        return 0, said, ""

    # --- at the end ---

    def gather(self) -> None:
        evidence, world, now = self.evidence, self.disk.replayed(), self.times.true
        evidence.status = dict(views.status(world, self.setting, (1, self.disk.head), now))
        evidence.doses = [dict(dose) for dose in views.doses(world, self.setting)["doses"]]
        evidence.incidents = self.desk.listed()
        evidence.verify_exit = 0 if self._chained() == self.disk.head else 1
        evidence.administrations = [
            administration(body, self._whose(body), self.setting.local)
            for body in cast("list[Line]", list(self.folder.filed.values()))
        ]

    def _whose(self, body: Line) -> ResidentIdentity:
        return self._identities[body["dose_id"].partition("/")[0]]

    def _chained(self) -> str:
        head = GENESIS
        for row in self.evidence.journal:
            head = link(head, row["sequence"], row["epoch"], row["event"], canonical(row["body"]))
        return head
