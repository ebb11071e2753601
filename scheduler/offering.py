"""Offering a dose: windows open, reminders, holds, and what a press leads to.

Each rule is `(world, setting, now) -> events`; `decide` asks them in a stated order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from scheduler import events as ev
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.gate import label_misfit, lock, waiting, why_not_present, why_not_release
from scheduler.ids import order_id
from scheduler.roll import sachet_for
from scheduler.side_doses import confirmed, robot_asks, together
from scheduler.voice import unwanted, who
from scheduler.world import Dose, RobotState, Setting, World

HOLDING_MISFITS = frozenset({"label_unreadable", "label_unknown", "label_mismatch", "content_mismatch"})
"""What the reader saw is not this dose: a person must look. A missing manifest only blocks: loading one is
a person's act."""


def opened(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Windows that opened: the dose is due. One that closed while the home was down was never offered.

    An untrusted clock opens nothing: tomorrow's dose would be due, and no card could change it then.
    """
    if not world.clock.trusted:
        return []
    return [
        ev.DoseDue(at=now, dose_id=dose.dose_id)
        for dose in in_order(world)
        if dose.stage is Stage.PLANNED and dose.open_at(now) and dose.outcome is None
    ]


def held(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """S3: an open dose whose sachet is not at the mouth is held. While an earlier sachet is still there to be
    diverted, the mouth says nothing about this one."""
    status = world.robot.status
    if world.robot.state is not RobotState.READY or status is None or world.order_under_way():
        return []
    if lock(world) in ("in_doubt", "fault", "lid_open") or not status.production_id:
        return []
    if status.mouth_label and status.mouth_label == world.robot.gone_label:
        return []  # that one has just left: what lies there now has not been read
    roll = world.roll
    if roll is None or roll.production_id != status.production_id or status.sachets_left == 0:
        return []
    for dose in in_order(world):
        offered = dose.stage in (Stage.DUE, Stage.FAILED) and dose.open_at(now) and dose.outcome is None
        if not offered or dose.lost or _earlier_at_mouth(world, setting, dose):
            continue
        reason = label_misfit(world, setting, dose)
        if reason in HOLDING_MISFITS:
            label = status.mouth_label
            return [ev.DoseHeld(at=now, dose_id=dose.dose_id, reason=reason, label=label)]
    return []


def _earlier_at_mouth(world: World, setting: Setting, dose: Dose) -> bool:
    status, roll = world.robot.status, world.roll
    if status is None or roll is None:
        return False
    for other in world.doses.values():
        if other.plan.opens >= dose.plan.opens or other.stage not in IN_MAGAZINE:
            continue
        if other.stage is Stage.HELD and other.held_label == status.mouth_label:
            return True  # the sachet that was held for it is still there
        sachet = sachet_for(roll, other.plan.day, setting.local.local(other.plan.opens))
        if sachet is not None and sachet.label == status.mouth_label:
            return True
    return False


def pressed(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A fresh press leads to one order, or is spent with the reason: a press never waits (rule 2)."""
    if world.press is None or world.press.answer is not ev.Answer.TAKE:
        return []
    if world.order_under_way():
        return [ev.PressSpent(at=now, reason="busy")]
    back = next((d for d in in_order(world) if d.stage is Stage.IN_TRAY and unwanted(d)), None)
    if back is not None:
        return [ev.AnswerTakenBack(at=now, dose_id=back.dose_id)]
    resident = who(setting, world.press)
    if together(world, resident, now) and not robot_asks(world, resident, now):
        said = confirmed(world, setting, resident, now)
        return [ev.PressSpent(at=now, reason="confirmed" if said else "too_soon"), *said]
    ready = next((d for d in in_order(world) if d.stage is Stage.HOLDING and d.open_at(now)), None)
    if ready is not None and waiting(ready):
        return _order_or_spend(world, setting, ready, ev.OrderKind.PRESENT, now)
    open_ones = [d for d in in_order(world) if waiting(d) and d.open_at(now)]
    dose = next((d for d in open_ones if not d.token), open_ones[0] if open_ones else None)
    if dose is None:
        in_doubt = lock(world) == "in_doubt"
        return [ev.PressSpent(at=now, reason="in_doubt" if in_doubt else "nothing_due")]
    if dose.stage is Stage.HELD:
        return [ev.PressSpent(at=now, reason="held")]
    return _order_or_spend(world, setting, dose, ev.OrderKind.RELEASE, now)


def _order_or_spend(
    world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, now: datetime
) -> Sequence[ev.Event]:
    if kind is ev.OrderKind.PRESENT:
        reason = why_not_present(world, dose, now)
    else:
        reason = why_not_release(world, setting, dose, now)
    if reason:
        return [ev.PressSpent(at=now, reason=reason)]
    return [issue(world, setting, dose, kind, "press", now)]


def presented(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """The press that released the dose also wants it in the tray, while it is fresh."""
    if world.order_under_way():
        return []
    for dose in in_order(world):
        wanted = dose.wanted_until is not None and now < dose.wanted_until
        if dose.stage is Stage.HOLDING and wanted and not why_not_present(world, dose, now):
            return [issue(world, setting, dose, ev.OrderKind.PRESENT, "press", now)]
    return []


def reminded(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Reminders inside the window, while the resident can still come; missed ones are not made up for."""
    events: list[ev.Event] = []
    for dose in in_order(world):
        silent = dose.plan.as_needed or dose.declined is not None or bool(dose.token)
        if silent or not dose.open_at(now) or dose.outcome is not None:
            continue
        if dose.stage not in (Stage.DUE, Stage.FAILED, Stage.HOLDING, Stage.IN_TRAY):
            continue
        number = int((now - dose.plan.opens) / setting.limits.reminder_every)
        if number > dose.reminders:
            events.append(ev.ReminderGiven(at=now, dose_id=dose.dose_id, number=number))
    return events


def issue(
    world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, ground: str, now: datetime
) -> ev.OrderIssued:
    """A new order with an id of its own; the caller has checked that it may be given."""
    attempt = dose.attempts + 1
    source = "tray" if kind is ev.OrderKind.RETRACT else "holding"
    if kind is ev.OrderKind.RELEASE or (kind is ev.OrderKind.DIVERT and dose.stage in IN_MAGAZINE):
        source = "magazine"
    robot = world.robot.serial
    return ev.OrderIssued(
        at=now,
        order=ev.Order(
            order_id=order_id(robot, dose.plan.resident, dose.dose_id, kind, attempt),
            kind=kind,
            robot=robot,
            resident=dose.plan.resident,
            dose_id=dose.dose_id,
            plan_version=dose.plan.plan_version,
            attempt=attempt,
            source=source,
            label=_label(world, setting, dose, kind, source),
            expires=_expires(setting, dose, kind, now),
            ground=ground,
        ),
    )


def _expires(setting: Setting, dose: Dose, kind: ev.OrderKind, now: datetime) -> datetime:
    """S2: an order towards the resident dies with the window, however late it starts."""
    expires = now + setting.limits.order_life
    towards = kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)
    return min(expires, dose.plan.closes) if towards else expires


def _label(world: World, setting: Setting, dose: Dose, kind: ev.OrderKind, source: str) -> str:
    """What the robot must read before it moves: the packed label, of a held sachet the one seen there, and in
    the holding place the one released, whatever roll is loaded since."""
    if kind is ev.OrderKind.PRESENT:
        return dose.label
    if kind is ev.OrderKind.RETRACT or (kind is ev.OrderKind.DIVERT and source == "holding"):
        return ""
    if dose.stage is Stage.HELD:
        return dose.held_label
    if dose.plan.as_needed:
        return world.robot.status.mouth_label if world.robot.status is not None else ""
    local = setting.local.local(dose.plan.opens)
    sachet = sachet_for(world.roll, dose.plan.day, local) if world.roll else None
    return sachet.label if sachet else ""


def in_order(world: World) -> Collection[Dose]:
    """Doses by opening: the order in which the strip holds them."""
    return world.doses.values()
