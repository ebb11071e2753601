"""What the robot refuses by itself, whatever the host says (rules 4, 10, 11, 13 and 14 in docs/safety.md).

Pure: an order, the robot's memory and its sensors give the reason against it, or none. The first reason in
the order of `refusal` is the one that is told: those that never go away come first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol.wire import limits as wire
from protocol.wire.messages import Error, Order, OrderKind, Source
from simulator.mechanics import STORE_MAX, Sensors
from simulator.memory import Memory

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class FirmwareLimits:
    """Set at pairing; durations by the robot's own uptime, so a rated run passes them divided by its rate."""

    gap_ms: int = 30 * 60 * 1000  # least time between two releases of one resident, other slots
    per_day_max: int = 12  # releases of one resident in `day_ms`: thrice four doses a day
    take_along_max: int = 60  # the same, of one before a leave (W-ORDER-27): a roll of fourteen days
    day_ms: int = DAY_MS
    clock_step_max_ms: int = wire.CLOCK_STEP_MS_MAX  # rule 17; civil time
    store_max: int = STORE_MAX


@dataclass(frozen=True, slots=True)
class View:
    """What the robot knows at the arrival of an order."""

    memory: Memory
    sensors: Sensors
    limits: FirmwareLimits
    operating_ms: int


def refusal(order: Order, view: View) -> Error | None:
    """The reason not to accept this order now; None = accept it."""
    return _first(_RULES, order, view)


def second_look(order: Order, view: View) -> Error | None:
    """The reason not to start an accepted order after all: a hand, a lid or a fault came in between.

    The log's room is its own by now, and its pace was judged when it was accepted.
    """
    return _first(_RULES_BEFORE_START, order, view)


def label_at(order: Order, sensors: Sensors) -> str:
    """The label that this order's reader sees; the tray has none."""
    if order.kind is OrderKind.RETRACT:
        return ""
    return sensors.mouth_label if _from_magazine(order) else sensors.holding_label


def slot_of(dose_id: str) -> str:
    """A dose id without its part: two sachets of one slot may follow each other."""
    return dose_id.rpartition("/")[0]


def _life(order: Order, view: View) -> Error | None:
    return Error.EXPIRED if order.expires_in_ms == 0 else None


def _once(order: Order, view: View) -> Error | None:
    again = order.kind is OrderKind.RELEASE and order.dose_id in view.memory.gone
    return Error.ALREADY_RELEASED if again else None


def _plan(order: Order, view: View) -> Error | None:
    """Retract and divert lead to safety: they need no newest plan."""
    if order.kind not in (OrderKind.RELEASE, OrderKind.PRESENT):
        return None
    highest = view.memory.plan_versions.get(order.resident, 0)
    return Error.OLD_PLAN if order.plan_version < highest else None


def _machine(order: Order, view: View) -> Error | None:
    """A fault stops everything but a retract, which is allowed in every state (rule 4)."""
    if view.sensors.lid_open:
        return Error.LID_OPEN
    return Error.FAULTED if view.memory.fault and order.kind is not OrderKind.RETRACT else None


def _room(order: Order, view: View) -> Error | None:
    return None if view.memory.has_room_for_order() else Error.LOG_FULL


def _places(order: Order, view: View) -> Error | None:
    sensors = view.sensors
    if _from_magazine(order) and not sensors.production_id:
        return Error.NO_MAGAZINE
    if order.kind is OrderKind.DIVERT and sensors.store_count >= view.limits.store_max:
        return Error.STORE_FULL
    must_be_empty = {
        OrderKind.RELEASE: sensors.holding or sensors.tray,
        OrderKind.PRESENT: sensors.tray,
        OrderKind.RETRACT: sensors.holding,
        OrderKind.DIVERT: False,
    }
    if must_be_empty[order.kind]:
        return Error.PLACE_OCCUPIED
    if _from_magazine(order):
        there = sensors.sachets_left > 0
    else:
        there = sensors.tray if order.kind is OrderKind.RETRACT else sensors.holding
    return None if there else Error.PLACE_EMPTY


def _label(order: Order, view: View) -> Error | None:
    """Nothing moves unless the reader sees what the host expects; without a label there is none to read."""
    read = label_at(order, view.sensors)
    if order.kind is OrderKind.RETRACT or not order.label or order.label == read:
        return None
    return Error.LABEL_MISMATCH if read else Error.LABEL_UNREADABLE


def _pace(order: Order, view: View) -> Error | None:
    """A release in doubt counts as given."""
    if order.kind is not OrderKind.RELEASE:
        return None
    limits = view.limits
    mine = [
        (release, view.operating_ms - release.operating_ms)
        for release in view.memory.releases
        if release.resident == order.resident
    ]
    slot = slot_of(order.dose_id)
    others = any(age_ms < limits.gap_ms and slot_of(release.dose_id) != slot for release, age_ms in mine)
    if others and not order.take_along:
        return Error.TOO_SOON
    in_a_day = sum(age_ms < limits.day_ms for _, age_ms in mine)
    most = limits.take_along_max if order.take_along else limits.per_day_max
    return Error.TOO_MANY if in_a_day >= most else None


def _from_magazine(order: Order) -> bool:
    return order.kind is OrderKind.RELEASE or (
        order.kind is OrderKind.DIVERT and order.source is Source.MAGAZINE
    )


def _first(rules: tuple[Rule, ...], order: Order, view: View) -> Error | None:
    return next((error for rule in rules if (error := rule(order, view)) is not None), None)


Rule = Callable[[Order, View], Error | None]
_RULES: tuple[Rule, ...] = (_life, _once, _plan, _machine, _room, _places, _label, _pace)
_RULES_BEFORE_START: tuple[Rule, ...] = (_life, _once, _plan, _machine, _places, _label)
