"""How each seeded bug is put in: what replaces which part of the running product. See `bugs`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import dispenserd.courier
import dispenserd.engine
import dispenserd.heartbeat
import dispenserd.mqtt.downlink
import dispenserd.mqtt.uplink
import scheduler.closing
import scheduler.decide
import scheduler.evolve
import scheduler.evolve_dose
import scheduler.expand
import scheduler.gate
import scheduler.incidents
import scheduler.offering
import scheduler.outgoing
import scheduler.planning
import scheduler.receive
import scheduler.receive_card
import scheduler.receive_clock
import scheduler.receive_command
import scheduler.upkeep
import scheduler.window
from dispenserd.clock import Reading
from dispenserd.home import OutboxRow
from dispenserd.mqtt.session import BrokerTook, PublishEnd
from dispenserd.mqtt.translate import row_name
from drivers import translate
from drivers.robot import RobotMachine
from drivers.states import Ready
from scheduler import events as ev
from scheduler.commands import Fact, ReportClock, ReportClockStep, TakeReceipt
from scheduler.decide import next_wakeup, settle
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.evolve_press import with_robot
from scheduler.ids import order_id
from scheduler.outgoing import changes
from scheduler.roll import sachet_for
from scheduler.world import Dose, OpenOrder, Robot, RobotState, Setting, World
from tests.support.pure_home import ROBOT

Plant = Callable[[ExitStack], None]


def put(owner: Any, name: str, value: object) -> Plant:
    def plant(stack: ExitStack) -> None:
        stack.enter_context(patch.object(owner, name, value))

    return plant


def together(*plants: Plant) -> Plant:
    def plant(stack: ExitStack) -> None:
        for each in plants:
            each(stack)

    return plant


def nothing(*_: Any, **__: Any) -> str:
    return ""


def no_events(*_: Any) -> Sequence[ev.Event]:
    return []


# --- record, then act ---------------------------------------------------------------------------------


async def act_first(self: Any, handed: Sequence[Any], reading: Reading, stepped: bool) -> None:
    before, after, events = _decided(self, handed, reading, stepped)
    if events:
        _show(self, after)
        await asyncio.sleep(0.2)
        await self._journal.append(events, changes(before, after, events))
    _turned(self, handed, events, reading.civil)


async def two_transactions(self: Any, handed: Sequence[Any], reading: Reading, stepped: bool) -> None:
    before, after, events = _decided(self, handed, reading, stepped)
    if events:
        if events[:-1]:
            await self._journal.append(events[:-1], ())
        await self._journal.append(events[-1:], changes(before, after, events))
        _show(self, after)
    _turned(self, handed, events, reading.civil)


async def last_event_forgotten(self: Any, handed: Sequence[Any], reading: Reading, stepped: bool) -> None:
    before, after, events = _decided(self, handed, reading, stepped)
    if events:
        kept = events[:-1] or events
        await self._journal.append(kept, changes(before, after, kept))
        _show(self, after)
    _turned(self, handed, events, reading.civil)


def _decided(
    engine: Any, handed: Sequence[Any], reading: Reading, stepped: bool
) -> tuple[World, World, tuple[ev.Event, ...]]:
    facts: list[Fact] = [ReportClockStep()] if stepped else []
    facts += [fact for each in handed for fact in engine._dated(each, reading)]
    return engine._world, *settle(engine._world, engine._setting, facts, reading.civil)


def _show(engine: Any, after: World) -> None:
    engine._world = after
    for watcher in engine._watchers:
        watcher.set()


def _turned(engine: Any, handed: Sequence[Any], events: Sequence[ev.Event], now: datetime) -> None:
    engine.due, engine._asked = next_wakeup(engine._world, engine._setting, now), now
    engine._asked_s = engine._clock.monotonic()
    for each in handed:
        if not each.done.done():
            each.done.set_result(events)


def first_revision_only(after: World, event: ev.OutcomeRecorded) -> Any:
    return _administrations(after, event) if event.revision == 1 else ()


_administrations = scheduler.outgoing._administrations


def beats_anyway(self: Any) -> None:
    self._healthy = lambda: True
    _beat(self)


_beat = dispenserd.heartbeat.Heartbeat._beat

# --- the robot's record -------------------------------------------------------------------------------


def unknown_is_refused(dose: Dose, open_order: OpenOrder, fact: ev.RobotCaughtUp) -> ev.OrderEnded:
    order, at = open_order.order, fact.at
    return ev.OrderEnded(at, order.order_id, order.dose_id, order.kind, ev.Result.REFUSED, "never_seen")


def caught_up_at_once(self: Any, session: Any, state: Any, now_s: float) -> bool:
    return bool(session.has_asked_clock(now_s) and session.status is not None)


def reads_from_the_end(self: Any, page: Any, at: datetime) -> Sequence[ev.RobotLogged]:
    self.log = self.log.after(page)
    return [translate.logged(entry, self.robot, self.log.log_id, at) for entry in page.entries[1:]]


def absence_is_proof(world: World, fact: ev.RobotIdentified) -> Sequence[ev.Event]:
    return [fact]


def doubt_is_back(dose: Dose, event: ev.OrderEnded, world: World) -> Dose:
    if event.result is ev.Result.UNKNOWN:
        event = replace(event, result=ev.Result.REFUSED)
    return ended(dose, event, world)


ended = scheduler.evolve_dose._ended

# --- outcomes and windows -----------------------------------------------------------------------------


def missed_by_the_clock(world: World, setting: Setting, dose: Dose, now: datetime) -> Any:
    if now < dose.plan.closes or dose.outcome is not None or dose.stage is Stage.LIFTED:
        return None
    return ev.Outcome.MISSED, "window_closed", dose.plan.closes


def always_open(self: Dose, now: datetime) -> bool:
    return now < self.plan.closes


def late_open(self: Dose, now: datetime) -> bool:
    return self.plan.opens <= now


def too_close_once_open(world: World, dose: Dose, now: datetime) -> str:
    return "" if now < dose.plan.opens else too_close(world, dose, now)


too_close = scheduler.gate._too_close


def opened_by_any_clock(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    trusting = replace(world, clock=replace(world.clock, trusted=True))
    return scheduler.offering.opened(trusting, setting, now)


def no_daylight_saving(self: Any, day: Any, clock: Any) -> datetime:
    from datetime import UTC, timedelta

    return datetime.combine(day, clock, UTC) - timedelta(hours=1)


# --- orders -------------------------------------------------------------------------------------------


def same_order_id(robot: str, resident: str, dose: str, kind: ev.OrderKind, attempt: int) -> str:
    return order_id(robot, resident, dose, kind, 1)


def _lock_without(reason: str) -> Callable[[World, Setting, str], str]:
    def lock(world: World, setting: Setting, serial: str) -> str:
        if reason == "clock":
            world = replace(world, clock=replace(world.clock, trusted=True))
        if reason == "in_doubt":
            doses = {
                key: replace(dose, stage=Stage.OUT) if dose.stage is Stage.DOUBT else dose
                for key, dose in world.doses.items()
            }
            world = replace(world, doses=doses)
        robot = world.robot(serial)
        if reason == "lid_open" and robot.status is not None:
            status = replace(robot.status, lid_open=False, fault="")
            world = with_robot(world, serial, replace(robot, status=status))
        return _lock(world, setting, serial)

    return lock


_lock = scheduler.gate.lock


def gate_lock_without(reason: str) -> Plant:
    lock = _lock_without(reason)
    return together(put(scheduler.gate, "lock", lock), put(scheduler.offering, "lock", lock))


def turn_without_token(world: World, dose: Dose, now: datetime) -> str:
    return turn(world, replace(dose, token=""), now)


def turn_without_outcome(world: World, dose: Dose, now: datetime) -> str:
    """Nor token: who gave it by hand still has that."""
    return turn(world, replace(dose, outcome=None, token="" if dose.outcome else dose.token), now)


turn = scheduler.gate._not_its_turn


def waits_for_ever(dose: Dose) -> bool:
    return dose.stage in IN_MAGAZINE or dose.stage is Stage.HOLDING


def restart_keeps_wishes(world: World, event: ev.DaemonStarted) -> World:
    after = restarted(world, event)
    return replace(after, robots=with_presses(after, world), doses=world.doses)


def with_presses(after: World, before: World) -> dict[str, Robot]:
    return {
        serial: replace(robot, press=before.robot(serial).press) for serial, robot in after.robots.items()
    }


restarted = scheduler.evolve._restarted


def presses_once(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A due dose is released without anybody asking."""
    if world.order_under_way() or world.robot(ROBOT).state is not RobotState.READY:
        return []
    for dose in scheduler.offering.in_order(world):
        if dose.stage is Stage.DUE and not scheduler.gate.why_not_release(world, setting, dose, now):
            return [scheduler.offering.issue(world, setting, dose, ev.OrderKind.RELEASE, "press", now)]
    return []


# --- people -------------------------------------------------------------------------------------------


def token_always_passes(world: World, incident: ev.Incident, dose: Dose, now: datetime) -> bool:
    return not dose.token


def any_resident_may_have_had_it(dose: Dose, fact: Any, now: datetime) -> Any:
    return "", [
        scheduler.receive_command._made(fact, now),
        scheduler.receive_command._outcome(dose, ev.Outcome.CONFIRMED, fact, now),
    ]


def given_without_token(dose: Dose, fact: Any, now: datetime) -> Any:
    return _any_given(replace(dose, token=fact.by), fact, now)


_any_given = scheduler.receive_command._given


def commands_again(world: World, setting: Setting, fact: Any, now: datetime) -> Sequence[ev.Event]:
    return _decide(replace(world, answered={}), setting, fact, now)


_decide = scheduler.receive_command.decide_dose


# --- far away -----------------------------------------------------------------------------------------


async def puback_is_receipt(self: Any, row: OutboxRow, end: PublishEnd) -> None:
    await note(self, row, end)
    name = row_name(row.key)
    if isinstance(end, BrokerTook):
        await self._home.submit(TakeReceipt(name.incident_id, name.revision))


note = dispenserd.mqtt.uplink.Uplink._note


def never_fails(world: World, setting: Setting, now: datetime) -> Any:
    cause = alarm_test(world, setting, now)
    return cause and replace(cause, priority=ev.Priority.INFO)


def passes_by_the_broker(world: World, setting: Setting, now: datetime) -> Any:
    incident = world.incident_about(scheduler.upkeep.TEST)
    took = incident is not None and incident.state is ev.State.PUBLISHED
    return None if took else alarm_test(world, setting, now)


alarm_test = scheduler.upkeep._alarm_test


async def sends_once(self: Any) -> None:
    await asyncio.Event().wait()


def older_is_fine(world: World, setting: Setting, fact: Any, now: datetime) -> Sequence[ev.Event]:
    known = world.plans.get(fact.resident)
    if known is None:
        return [ev.PlanAccepted(at=now, plan=scheduler.receive_card._plan(fact, 1))]
    if known.prescriptions == fact.prescriptions:
        return []
    return [ev.PlanAccepted(at=now, plan=scheduler.receive_card._plan(fact, known.plan_version + 1))]


def nobody_inherits(asked: Any, earlier: Any, fixed: Any) -> Any:
    return [(ask, None) for ask in asked]


def plans_one_day(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    if world.planned and now.hour != 3:
        return []
    return _planned(world, setting, now)


_planned = scheduler.planning.planned
_label = scheduler.offering._label


_clock = scheduler.receive_clock.compared


def believes_old_comparisons(
    world: World, setting: Setting, fact: ReportClock, now: datetime
) -> Sequence[ev.Event]:
    patient = replace(setting.limits, clock_reading=timedelta.max)
    return _clock(world, replace(setting, limits=patient), fact, now)


_send_order = RobotMachine.send_order


def as_they_came(self: Any, handed: Any, reading: Any) -> Sequence[Any]:
    """Dated by whatever clock there was then."""
    return handed.facts  # type: ignore[no-any-return]


def in_any_session(self: Any, order: ev.Order, decided_in: str) -> bool:
    present = translate.session_name(self._session.number) if self._session else decided_in
    return _send_order(self, order, present)


def rules_without(*names: str) -> Plant:
    rules = tuple(rule for rule in scheduler.decide.RULES if rule.__name__ not in names)
    assert len(rules) == len(scheduler.decide.RULES) - len(names), names
    return put(scheduler.decide, "RULES", rules)


def rules_with(name: str, other: Any) -> Plant:
    rules = tuple(other if rule.__name__ == name else rule for rule in scheduler.decide.RULES)
    return put(scheduler.decide, "RULES", rules)


def step_unheard(self: Any, reading: Any) -> bool:
    return False


def _press_any_time(self: Any, session: Any, press: Any, now_s: float, now: datetime) -> None:
    if isinstance(self._state, Ready):
        name = self._expected.serial
        self._facts.append(translate.pressed(name, session.number, 0, now))


def clock_of_any_kind(world: World, setting: Setting, fact: Any, now: datetime) -> Sequence[ev.Event]:
    return [] if world.clock.trusted else [ev.ClockTrusted(at=now, source="robot")]


def label_by_the_roll_loaded_now(
    world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, source: str
) -> str:
    if kind is not ev.OrderKind.PRESENT:
        return _label(world, setting, dose, kind, source)
    roll = world.robot(setting.robot_of(dose.plan.resident)).rolls.get(dose.plan.resident)
    sachet = sachet_for(roll, dose.plan.day, setting.local.local(dose.plan.opens)) if roll else None
    return sachet.label if sachet else ""
