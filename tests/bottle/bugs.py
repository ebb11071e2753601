"""Seeded bugs: each takes one guard out of the running product, and a named witness must notice.

A campaign that finds nothing proves something only if it finds these. `planted(bug)` puts one in for the
length of a `with`; `SEEDS_MAX` histories of `DAYS` days must be enough for each (`make bugs`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

import dispenserd.courier
import dispenserd.engine
import dispenserd.mqtt.downlink
import dispenserd.mqtt.uplink
import drivers.robot
import drivers.session
import scheduler.closing
import scheduler.decide
import scheduler.evolve
import scheduler.evolve_dose
import scheduler.expand
import scheduler.gate
import scheduler.incidents
import scheduler.offering
import scheduler.planning
import scheduler.receive
import scheduler.receive_command
import scheduler.window
from dispenserd.home import OutboxRow
from dispenserd.mqtt.session import BrokerTook, PublishEnd
from dispenserd.mqtt.translate import row_name
from drivers import translate
from drivers.states import Ready
from protocol.mqtt import signatures
from scheduler import events as ev
from scheduler.commands import Fact, ReportClockStep, TakeReceipt
from scheduler.decide import next_wakeup, settle
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.ids import order_id
from scheduler.outgoing import changes
from scheduler.world import Dose, RobotState, Setting, World

Plant = Callable[[ExitStack], None]


@dataclass(frozen=True)
class Bug:
    """`caught_by`: what the violation's text begins with, one of these. `needs`: a trouble of `weather` that
    shall come often while it is hunted. `equivalent`: why no witness can see it, where that is so."""

    name: str
    caught_by: tuple[str, ...]
    plant: Plant
    needs: str = ""
    equivalent: str = ""


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    with ExitStack() as stack:
        bug.plant(stack)
        yield


def _set(owner: Any, name: str, value: object) -> Plant:
    def plant(stack: ExitStack) -> None:
        stack.enter_context(patch.object(owner, name, value))

    return plant


def _all(*plants: Plant) -> Plant:
    def plant(stack: ExitStack) -> None:
        for each in plants:
            each(stack)

    return plant


def _nothing(*_: Any, **__: Any) -> str:
    return ""


def _no_events(*_: Any) -> Sequence[ev.Event]:
    return []


# --- record, then act ---------------------------------------------------------------------------------


async def _act_first(self: Any, handed: Sequence[Any], now: datetime, stepped: bool) -> None:
    before = self._world
    facts: list[Fact] = [ReportClockStep()] if stepped else []
    facts += [fact for each in handed for fact in each.facts]
    after, events = settle(before, self._setting, facts, now)
    if events:
        self._world = after
        for watcher in self._watchers:
            watcher.set()
        await asyncio.sleep(0.2)
        await self._journal.append(events, changes(before, after, events))
    _turned(self, handed, events, now)


async def _two_transactions(self: Any, handed: Sequence[Any], now: datetime, stepped: bool) -> None:
    before = self._world
    facts: list[Fact] = [ReportClockStep()] if stepped else []
    facts += [fact for each in handed for fact in each.facts]
    after, events = settle(before, self._setting, facts, now)
    if len(events) > 1:
        await self._journal.append(events[:-1], ())
        await self._journal.append(events[-1:], changes(before, after, events))
    elif events:
        await self._journal.append(events, changes(before, after, events))
    if events:
        self._world = after
        for watcher in self._watchers:
            watcher.set()
    _turned(self, handed, events, now)


def _turned(engine: Any, handed: Sequence[Any], events: Sequence[ev.Event], now: datetime) -> None:
    engine.due, engine._asked = next_wakeup(engine._world, engine._setting, now), now
    engine._asked_s = engine._clock.monotonic()
    for each in handed:
        if not each.done.done():
            each.done.set_result(events)


# --- the robot's record -------------------------------------------------------------------------------


def _unknown_is_refused(world: World, dose: Dose, at: datetime) -> ev.OrderEnded:
    assert dose.order is not None
    order = dose.order.order
    return ev.OrderEnded(at, order.order_id, order.dose_id, order.kind, ev.Result.REFUSED, "never_seen")


def _caught_up_at_once(self: Any, session: Any, state: Any, now_s: float) -> bool:
    return bool(session.has_asked_clock(now_s) and session.status is not None)


def _reads_from_the_end(self: Any, page: Any, at: datetime) -> Sequence[ev.RobotLogged]:
    self.log = self.log.after(page)
    return [translate.logged(entry, self.log.log_id, at) for entry in page.entries[1:]]


def _absence_is_proof(world: World, fact: ev.RobotIdentified) -> Sequence[ev.Event]:
    return [fact]


def _doubt_is_back(dose: Dose, event: ev.OrderEnded) -> Dose:
    if event.result is ev.Result.UNKNOWN:
        event = replace(event, result=ev.Result.REFUSED)
    return _ended(dose, event)


_ended = scheduler.evolve_dose._ended

# --- outcomes and windows -----------------------------------------------------------------------------


def _missed_by_the_clock(world: World, setting: Setting, dose: Dose, now: datetime) -> Any:
    if now < dose.plan.closes or dose.outcome is not None or dose.stage is Stage.LIFTED:
        return None
    return ev.Outcome.MISSED, "window_closed", dose.plan.closes


def _always_open(self: Dose, now: datetime) -> bool:
    return now < self.plan.closes


def _late_open(self: Dose, now: datetime) -> bool:
    return self.plan.opens <= now


def _no_daylight_saving(self: Any, day: Any, clock: Any) -> datetime:
    from datetime import UTC, timedelta

    return datetime.combine(day, clock, UTC) - timedelta(hours=1)


# --- orders -------------------------------------------------------------------------------------------


def _same_order_id(robot: str, resident: str, dose: str, kind: ev.OrderKind, attempt: int) -> str:
    return order_id(robot, resident, dose, kind, 1)


def _lock_without(reason: str) -> Callable[[World], str]:
    def lock(world: World) -> str:
        if reason == "clock":
            world = replace(world, clock=replace(world.clock, trusted=True))
        if reason == "in_doubt":
            doses = {
                key: replace(dose, stage=Stage.OUT) if dose.stage is Stage.DOUBT else dose
                for key, dose in world.doses.items()
            }
            world = replace(world, doses=doses)
        if reason == "lid_open" and world.robot.status is not None:
            status = replace(world.robot.status, lid_open=False, fault="")
            world = replace(world, robot=replace(world.robot, status=status))
        return _lock(world)

    return lock


_lock = scheduler.gate.lock


def _gate_lock_without(reason: str) -> Plant:
    lock = _lock_without(reason)
    return _all(_set(scheduler.gate, "lock", lock), _set(scheduler.offering, "lock", lock))


def _turn_without_token(world: World, dose: Dose, now: datetime) -> str:
    return _turn(world, replace(dose, token=""), now)


def _turn_without_outcome(world: World, dose: Dose, now: datetime) -> str:
    return _turn(world, replace(dose, outcome=None), now)


_turn = scheduler.gate._not_its_turn


def _waits_for_ever(dose: Dose) -> bool:
    return dose.stage in IN_MAGAZINE or dose.stage is Stage.HOLDING


def _restart_keeps_wishes(world: World, event: ev.DaemonStarted) -> World:
    after = _restarted(world, event)
    return replace(after, press=world.press, doses=world.doses)


_restarted = scheduler.evolve._restarted


def _presses_once(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A due dose is released without anybody asking."""
    if world.order_under_way() or world.robot.state is not RobotState.READY:
        return []
    for dose in scheduler.offering.in_order(world):
        if dose.stage is Stage.DUE and not scheduler.gate.why_not_release(world, setting, dose, now):
            return [scheduler.offering.issue(world, setting, dose, ev.OrderKind.RELEASE, "press", now)]
    return []


# --- people -------------------------------------------------------------------------------------------


def _token_always_passes(world: World, incident: ev.Incident, dose: Dose, now: datetime) -> bool:
    return not dose.token


def _any_resident_may_have_had_it(dose: Dose, fact: Any, now: datetime) -> Any:
    return "", [
        scheduler.receive_command._made(fact, now),
        scheduler.receive_command._outcome(dose, ev.Outcome.CONFIRMED, fact, now),
    ]


def _given_without_token(dose: Dose, fact: Any, now: datetime) -> Any:
    return _any_given(replace(dose, token=fact.by), fact, now)


_any_given = scheduler.receive_command._given


def _commands_again(world: World, setting: Setting, fact: Any, now: datetime) -> Sequence[ev.Event]:
    return _decide(replace(world, answered={}), setting, fact, now)


_decide = scheduler.receive_command.decide_dose


# --- far away -----------------------------------------------------------------------------------------


async def _puback_is_receipt(self: Any, row: OutboxRow, end: PublishEnd) -> None:
    await _note(self, row, end)
    name = row_name(row.key)
    if isinstance(end, BrokerTook):
        await self._home.submit(TakeReceipt(name.incident_id, name.revision))


_note = dispenserd.mqtt.uplink.Uplink._note


async def _sends_once(self: Any) -> None:
    await asyncio.Event().wait()


def _older_is_fine(world: World, setting: Setting, fact: Any, now: datetime) -> Sequence[ev.Event]:
    known = world.plans.get(fact.resident)
    if known is None:
        return [ev.PlanAccepted(at=now, plan=scheduler.receive._plan(fact, 1))]
    if known.prescriptions == fact.prescriptions:
        return []
    return [ev.PlanAccepted(at=now, plan=scheduler.receive._plan(fact, known.plan_version + 1))]


def _nobody_inherits(asked: Any, earlier: Any, fixed: Any) -> Any:
    return [(ask, None) for ask in asked]


def _plans_one_day(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    if world.planned_to is not None and now.hour != 3:
        return []
    return _planned(world, setting, now)


_planned = scheduler.planning.planned


def _rules_without(*names: str) -> Plant:
    rules = tuple(rule for rule in scheduler.decide.RULES if rule.__name__ not in names)
    assert len(rules) == len(scheduler.decide.RULES) - len(names), names
    return _set(scheduler.decide, "RULES", rules)


def _rules_with(name: str, other: Any) -> Plant:
    rules = tuple(other if rule.__name__ == name else rule for rule in scheduler.decide.RULES)
    return _set(scheduler.decide, "RULES", rules)


def _step_unheard(self: Any, reading: Any) -> bool:
    return False


def _press_any_time(self: Any, session: Any, press: Any, now_s: float, now: datetime) -> None:
    if isinstance(self._state, Ready):
        name = self._expected.serial
        self._facts.append(translate.pressed(name, session.number, 0, now))


def _clock_of_any_kind(world: World, setting: Setting, fact: Any, now: datetime) -> Sequence[ev.Event]:
    return [] if world.clock.trusted else [ev.ClockTrusted(at=now, source="robot")]


BUGS: tuple[Bug, ...] = (
    Bug("acts before the commit", ("P1", "P5", "S", "a "), _set(dispenserd.engine.Engine, "_turn", _act_first)),
    Bug("events and outbox rows in two transactions", ("S5", "S4"), _set(dispenserd.engine.Engine, "_turn", _two_transactions)),
    Bug("an unclear answer counts as refused", ("S", "P", "missed", "failed", "release refused", "present refused"), _set(scheduler.receive, "_unanswered", _unknown_is_refused)),
    Bug("Unknown falls back to where it was", ("S", "P3", "missed", "failed"), _set(scheduler.evolve_dose, "_ended", _doubt_is_back)),
    Bug("ready before the log is read", ("S", "P", "rule", "release refused", "missed"), _set(drivers.robot.RobotMachine, "_has_caught_up", _caught_up_at_once)),
    Bug("the first entry of each page is skipped", ("S5",), _set(drivers.session.Session, "read", _reads_from_the_end)),
    Bug("absence in a formatted log taken as proof", ("S", "missed", "failed", "release refused", "present refused"), _set(scheduler.receive, "_identified", _absence_is_proof), "log_lost"),
    Bug("missed by the clock", ("missed", "S"), _set(scheduler.closing, "_closed", _missed_by_the_clock)),
    Bug("open before its time", ("S2", "rule"), _set(Dose, "open_at", _always_open)),
    Bug("open for ever", ("S2", "rule"), _all(_set(Dose, "open_at", _late_open), _rules_without("cleared_away"), _set(scheduler.gate, "_not_its_turn", _turn_without_outcome))),
    Bug("summer time all year", ("S2", "S"), _set(scheduler.window.LocalTime, "instant", _no_daylight_saving)),
    Bug("no minimum interval", ("S2",), _set(scheduler.gate, "_too_close", _nothing)),
    Bug("any label will do", ("S3",), _all(_set(scheduler.gate, "label_misfit", _nothing), _set(scheduler.offering, "label_misfit", _nothing)), "foreign_label"),
    Bug("orders on an untrusted clock", ("rule 18", "S2"), _gate_lock_without("clock"), "clock_step"),
    Bug("any clock is trusted", ("S2", "rule", "S"), _set(scheduler.receive, "_clock", _clock_of_any_kind), "clock_step"),
    Bug("a step of the clock unheard", ("rule 11", "rule 18", "S2", "S4"), _set(dispenserd.engine.Engine, "_has_stepped", _step_unheard), "clock_step"),
    Bug("orders while a dose is in doubt", ("P3",), _gate_lock_without("in_doubt")),
    Bug("the same order id for every attempt", ("P5", "the home ended"), _set(scheduler.offering, "order_id", _same_order_id)),
    Bug("released while a person has the token", ("rule 5", "rule 11", "S1"), _set(scheduler.gate, "_not_its_turn", _turn_without_token), "stall"),
    Bug("released after its outcome", ("S", "rule 11", "released"), _all(_set(scheduler.gate, "_not_its_turn", _turn_without_outcome), _set(scheduler.offering, "waiting", _waits_for_ever), _set(scheduler.gate, "_too_much", _nothing)), "stall"),
    Bug("a press from before the restart", ("rule 2",), _set(scheduler.evolve, "_restarted", _restart_keeps_wishes)),
    Bug("released without a press", ("rule 2", "a release without"), _rules_with("pressed", _presses_once)),
    Bug("the token passes with the sachet anywhere", ("the token", "S1", "rule 5"), _set(scheduler.receive_command, "_token_may_pass", _token_always_passes)),
    Bug("given without the token", ("S", "the home ended", "rule"), _set(scheduler.receive_command, "_given", _given_without_token)),
    Bug("had it, by anybody's word", ("S4", "the same outcome"), _set(scheduler.receive_command, "_had_it", _any_resident_may_have_had_it)),
    Bug("a repeated command is carried out again", ("the home ended",), _set(scheduler.receive, "decide_dose", _commands_again), "replay"),
    Bug("a forged signature is good", ("S6",), _set(signatures, "is_genuine", lambda *_: True), "forgery"),
    Bug("the broker's word counts as receipt", ("S5", "S4"), _set(dispenserd.mqtt.uplink.Uplink, "_note", _puback_is_receipt), "broker_forgets"),
    Bug("sent once and never again", ("S5", "S4"), _set(dispenserd.mqtt.uplink.Uplink, "_resend_now_and_then", _sends_once), "messages_wild"),
    Bug("undelivered is never shown", ("S4",), _rules_without("undelivered"), "network_out"),
    Bug("nobody is alarmed", ("S4",), _rules_without("alarmed")),
    Bug("nothing is put away at closing", ("S2", "S4", "S8", "S"), _rules_without("cleared_away")),
    Bug("no outcome is written", ("S4", "S8"), _rules_without("settled")),
    Bug("nothing is held", (), _rules_without("held"), equivalent="the gate refuses a sachet that doesn't fit, and a lock is a care incident too"),
    Bug("an order without an end waits for ever", ("S", "nobody"), _all(_set(scheduler.receive, "_unproven", _no_events), _rules_without("overdue"))),
    Bug("an older card is accepted", ("rule 19", "S3"), _set(scheduler.receive, "_offered", _older_is_fine), "card"),
    Bug("a moved time makes a new dose", ("S", "KeyError", "the home ended"), _set(scheduler.expand, "_heirs", _nobody_inherits), "card"),
    Bug("planned only in the small hours", ("S4",), _rules_with("planned", _plans_one_day)),
    Bug("sent without a last look", ("rule 11", "rule 18"), _set(dispenserd.courier, "why_not_send", _nothing), "slow_disk"),
    Bug("medicine counted by id, not by what the plan asks", ("S", "rule"), _set(scheduler.gate, "beyond_plan", _nothing), "card"),
)  # fmt: skip
