"""Offering a dose: windows open, reminders, holds, and what a press leads to.

Each rule is `(world, setting, now) -> events`; `decide` asks them in a stated order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from scheduler import events as ev
from scheduler.at_robots import by_robot
from scheduler.changed import CARD_CHANGED, card_changed
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.evolve_dose import TOWARDS
from scheduler.gate import (
    LEFT_BEHIND,
    label_misfit,
    lock,
    needs_personal_action,
    waiting,
    why_not_present,
    why_not_release,
)
from scheduler.given_elsewhere import by_others
from scheduler.ids import order_id
from scheduler.let_go import is_let_go
from scheduler.own_sachet import NO_SACHET, has_no_sachet
from scheduler.personal import WHOSE, helps_here, is_for, not_theirs, spent, turned_away, who
from scheduler.regime import QUIET
from scheduler.remembered import DOUBLE_FEED
from scheduler.roll import sachet_for
from scheduler.side_doses import confirmed, robot_asks, together
from scheduler.two_robots import is_here
from scheduler.voice import unwanted
from scheduler.world import Dose, RobotState, Setting, World, left_behind, robot_of

PERSONAL_ACTION = "personal_action"
"""Rule 2: this dose needs a tag or a code beside the press."""

NOTHING_OF_THEIRS = "nothing_of_theirs"
"""Why a press was an attempt: another's dose waits there, and nothing of whom it was for."""

HOLDING_MISFITS = frozenset(
    {
        "label_unreadable",
        "label_unknown",
        "label_mismatch",
        "content_mismatch",
        "wrong_resident",
        CARD_CHANGED,
    }
)
"""What the reader saw is not this dose: a person must look. A missing manifest only blocks: loading one is
a person's act."""


UNSEEN = frozenset({"in_doubt", DOUBLE_FEED, "fault", "lid_open"})
"""Locks under which what the reader sees says nothing of the dose that it should be."""


def opened(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Windows that opened: the dose is due. One that closed while the home was down was never offered.

    An untrusted clock opens nothing: tomorrow's dose would be due, and no card could change it then.
    """
    if not world.clock.trusted:
        return []
    return [
        ev.DoseDue(at=now, dose_id=dose.dose_id, outage=_outage(world, setting, dose, now))
        for dose in in_order(world)
        if dose.stage is Stage.PLANNED and dose.plan.opens <= now < dose.plan.closes and dose.outcome is None
    ]


def _outage(world: World, setting: Setting, dose: Dose, now: datetime) -> bool:
    """Whether the dose became due while the home could not have offered it: it was down or without a clock,
    or its robot was gone. A robot that blinked at that instant is none."""
    gone, robot = setting.limits.robot_gone, world.robot(robot_of(setting, dose))
    was_known = dose.known is not None and dose.known <= dose.plan.opens
    away = robot.state is not RobotState.READY and (robot.since is None or now >= robot.since + gone)
    without_robot = away and not dose.loose  # no robot gives that one
    return was_known and (now >= dose.plan.opens + gone or without_robot)


def held(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """S3: an open dose whose sachet is not at the mouth is held. While an earlier sachet is still there to be
    diverted, the mouth says nothing about this one."""
    return _first_of(held_at(world, setting, robot, now) for robot in setting.robots)


def held_at(world: World, setting: Setting, serial: str, now: datetime) -> Sequence[ev.Event]:
    """The same, of one robot."""
    robot = world.robot(serial)
    status = robot.status
    if robot.state is not RobotState.READY or status is None or world.order_under_way(serial):
        return []
    if lock(world, setting, serial) in UNSEEN or not status.production_id:
        return []
    if status.mouth_label and status.mouth_label == robot.gone_label:
        return []  # that one has just left: what lies there now has not been read
    for dose in doses_at(world, setting, serial):
        here = dose.stage in (Stage.DUE, Stage.FAILED) or (dose.stage is Stage.PLANNED and dose.ahead_at(now))
        offered = here and dose.open_at(now) and dose.outcome is None
        roll = robot.rolls.get(dose.plan.resident)
        if not offered or roll is None or roll.production_id != status.production_id:
            continue
        if status.sachets_left == 0 or dose.lost or dose.uncounted:
            continue
        if _earlier_at_mouth(world, setting, serial, dose):
            continue
        reason = label_misfit(world, setting, dose)
        if not reason and card_changed(world, dose):
            reason = CARD_CHANGED  # rule 22: its sachet is as it was planned, and that is no longer asked for
        if reason in HOLDING_MISFITS:
            label = status.mouth_label
            return [*due(dose, now), ev.DoseHeld(at=now, dose_id=dose.dose_id, reason=reason, label=label)]
    return []


def _earlier_at_mouth(world: World, setting: Setting, serial: str, dose: Dose) -> bool:
    """Of two residents' doses of one time either may lie first in the strip."""
    robot = world.robot(serial)
    status = robot.status
    if status is None:
        return False
    for other in doses_at(world, setting, serial):
        same_time = other.plan.opens == dose.plan.opens and other.plan.resident != dose.plan.resident
        before = other.plan.opens < dose.plan.opens or same_time
        if not before or other.stage not in IN_MAGAZINE:
            continue
        if other.stage is Stage.HELD and other.held_label == status.mouth_label:
            return True  # the sachet that was held for it is still there
        if is_let_go(other.let_go, status.mouth_label, status.production_id):
            return True  # and goes to nobody else
        roll = robot.rolls.get(other.plan.resident)
        if roll is None:
            continue
        sachet = sachet_for(roll, other.plan.day, setting.local.local(other.plan.opens))
        if sachet is not None and sachet.label == status.mouth_label:
            return True
    return False


def pressed(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A fresh press leads to one order, or is spent with the reason: a press never waits (rule 2)."""
    return _first_of(pressed_at(world, setting, robot, now) for robot in setting.robots)


def pressed_at(world: World, setting: Setting, serial: str, now: datetime) -> Sequence[ev.Event]:
    """The same, of one robot: only a dose of whoever pressed (S3)."""
    press = world.robot(serial).press
    if press is None or press.answer is not ev.Answer.TAKE:
        return []
    wrong = not_theirs(setting, serial, press)
    if wrong:
        nothing = wrong == WHOSE and _only_others_wait(world, setting, press, now)
        return turned_away(world, press, NOTHING_OF_THEIRS if nothing else wrong, now)
    if world.order_under_way(serial):
        return [spent(press, "busy", now)]
    theirs = [d for d in doses_at(world, setting, serial) if is_for(press, d)]
    back = next((d for d in theirs if d.stage is Stage.IN_TRAY and unwanted(d)), None)
    if back is not None:
        return [ev.AnswerTakenBack(now, back.dose_id, serial, press.helper)]
    resident = who(setting, press)
    fixed = is_here(setting, resident, serial, as_needed=False)
    if fixed and together(world, resident, now) and not robot_asks(world, setting, resident, now):
        said = confirmed(world, resident, now, helper=press.helper)
        return [spent(press, "confirmed" if said else "too_soon", now), *said]
    gone = [d for d in theirs if left_behind(setting, d) and waiting(d) and d.open_at(now)]
    theirs = [d for d in theirs if d not in gone]
    ready = next((d for d in theirs if d.stage is Stage.HOLDING and d.open_at(now)), None)
    if ready is not None and waiting(ready):
        return _order_or_spend(world, setting, ready, ev.OrderKind.PRESENT, now)
    open_ones = [d for d in theirs if waiting(d) and d.open_at(now)]
    packed = [d for d in open_ones if not has_no_sachet(world, setting, d)]
    open_ones = packed or open_ones  # one that was never packed keeps no other back
    dose = next((d for d in open_ones if not d.token), open_ones[0] if open_ones else None)
    if dose is None and gone:
        return [spent(press, LEFT_BEHIND, now)]
    if dose is None and _by_hand(world, setting, press, now):
        return [spent(press, NO_SACHET, now)]  # they came in time, and a person gives it
    if dose is None:
        others = any(waiting(d) and d.open_at(now) for d in doses_at(world, setting, serial))
        if others and not any(d.open_at(now) for d in theirs):
            return turned_away(world, press, NOTHING_OF_THEIRS, now)
        in_doubt = lock(world, setting, serial) == "in_doubt"
        return [spent(press, "in_doubt" if in_doubt else "nothing_due", now)]
    if dose.stage is Stage.HELD:
        return [spent(press, "held", now)]
    return _order_or_spend(world, setting, dose, ev.OrderKind.RELEASE, now)


def _only_others_wait(world: World, setting: Setting, press: ev.Pressed, now: datetime) -> bool:
    """Whether a helper of several came while none of theirs has anything there, and somebody else has."""
    mine = helps_here(setting, press)
    open_ones = [d for d in doses_at(world, setting, press.robot) if d.open_at(now)]
    return any(waiting(d) for d in open_ones) and not any(d.plan.resident in mine for d in open_ones)


def _by_hand(world: World, setting: Setting, press: ev.Pressed, now: datetime) -> bool:
    """Whether all that is open of theirs is in no sachet."""
    return any(
        dose.loose and dose.open_at(now) and dose.outcome is None and is_for(press, dose)
        for dose in in_order(world)
        if setting.robot_of(dose.plan.resident) == press.robot
    )


def _order_or_spend(
    world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, now: datetime
) -> Sequence[ev.Event]:
    if kind is ev.OrderKind.PRESENT:
        reason = why_not_present(world, setting, dose, now)
    else:
        reason = why_not_release(world, setting, dose, now)
    press = world.robot(robot_of(setting, dose)).press
    if reason and press is not None:
        return [spent(press, reason, now)]
    if needs_personal_action(dose) and press is not None and not press.resident:
        return [spent(press, PERSONAL_ACTION, now, dose.dose_id)]
    helper = press.helper if press is not None else None
    return [*due(dose, now), issue(world, setting, dose, kind, "press", now, helper)]


def due(dose: Dose, now: datetime) -> Sequence[ev.Event]:
    """One that is had before its window, by a person's word, becomes due with the first thing done about it:
    until then a newer card may still change it."""
    return [ev.DoseDue(at=now, dose_id=dose.dose_id)] if dose.stage is Stage.PLANNED else []


def presented(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """The press that released the dose also wants it in the tray, while it is fresh."""
    for dose in in_order(world):
        if dose.stage is not Stage.HOLDING or dose.wanted_until is None or now >= dose.wanted_until:
            continue
        if world.order_under_way(robot_of(setting, dose)):
            continue
        if not why_not_present(world, setting, dose, now):
            return [issue(world, setting, dose, ev.OrderKind.PRESENT, "press", now, dose.helper)]
    return []


def reminded(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Reminders inside the window, while the resident can still come; missed ones are not made up for. Where
    staff remind, or nothing is offered, the robot is silent."""
    events: list[ev.Event] = []
    for dose in in_order(world):
        if dose.outcome is not None or not dose.open_at(now):
            continue
        regime = world.regime(dose.plan.resident)
        silent = dose.plan.as_needed or dose.loose or dose.declined is not None or bool(dose.token)
        silent = silent or bool(by_others(world, dose))
        if silent or regime.mode in QUIET or regime.pause is not None:
            continue
        if dose.stage not in (Stage.DUE, Stage.FAILED, Stage.HOLDING, Stage.IN_TRAY):
            continue
        number = int((now - dose.plan.opens) / setting.limits.reminder_every)
        if number > dose.reminders:
            events.append(ev.ReminderGiven(at=now, dose_id=dose.dose_id, number=number))
    return events


def issue(
    world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, ground: str, now: datetime,
    helper: str | None = None,
) -> ev.OrderIssued:  # fmt: skip
    """A new order with an id of its own; the caller has checked that it may be given. `helper`: whose press
    it answers."""
    attempt = dose.attempts + 1
    source = "tray" if kind is ev.OrderKind.RETRACT else "holding"
    if kind is ev.OrderKind.RELEASE or (kind is ev.OrderKind.DIVERT and dose.stage in IN_MAGAZINE):
        source = "magazine"
    robot = robot_of(setting, dose)
    return ev.OrderIssued(
        at=now,
        order=ev.Order(
            order_id=order_id(robot, dose.plan.resident, dose.dose_id, kind, attempt),
            kind=kind,
            robot=robot,
            resident=dose.plan.resident,
            dose_id=dose.dose_id,
            plan_version=_plan_version(world, dose),
            attempt=attempt,
            source=source,
            label=_label(world, setting, dose, kind, source),
            expires=_expires(setting, dose, kind, now),
            ground=ground,
            take_along=kind in TOWARDS and dose.along_at(now),
        ),
        helper=helper,
    )


def _plan_version(world: World, dose: Dose) -> int:
    """Rule 11: of the plan it was checked against, the one in force. A newer card leaves most doses as they
    were planned, and the robot takes no version below the highest that it has seen (P9)."""
    plan = world.plans.get(dose.plan.resident)
    return max(dose.plan.plan_version, plan.plan_version if plan is not None else 0)


def _expires(setting: Setting, dose: Dose, kind: ev.OrderKind, now: datetime) -> datetime:
    """S2: an order towards the resident dies with the window, however late it starts."""
    expires = now + setting.limits.order_life
    return min(expires, dose.until_at(now)) if kind in TOWARDS else expires


def _label(world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, source: str) -> str:
    """What the robot must read before it moves: the packed label, of a held sachet the one seen there, and in
    the holding place the one released, whatever roll is loaded since."""
    if kind is ev.OrderKind.PRESENT:
        return dose.label
    if kind is ev.OrderKind.RETRACT or (kind is ev.OrderKind.DIVERT and source == "holding"):
        return ""
    if dose.stage is Stage.HELD:
        return dose.held_label
    robot = world.robot(robot_of(setting, dose))
    if dose.let_go is not None and dose.let_go.done:
        return dose.let_go.label
    if dose.plan.as_needed:
        return robot.status.mouth_label if robot.status is not None else ""
    local = setting.local.local(dose.plan.opens)
    roll = robot.rolls.get(dose.plan.resident)
    sachet = sachet_for(roll, dose.plan.day, local) if roll else None
    return sachet.label if sachet else ""


def in_order(world: World) -> Collection[Dose]:
    """Doses by opening: the order in which the strip holds them."""
    return world.doses.values()


def doses_at(world: World, setting: Setting, serial: str) -> Collection[Dose]:
    """Those whose sachets this robot has, in the order of its strip."""
    return by_robot(world.doses, setting).get(serial, ())


def _first_of(found: Iterable[Sequence[ev.Event]]) -> Sequence[ev.Event]:
    """Of the first robot that has something to say; the others are asked again in the same turn."""
    return next((events for events in found if events), ())
