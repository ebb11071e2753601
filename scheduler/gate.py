"""What stands between a dose and the resident: the one list of reasons not to release or present.

Asked three times with the same answer: when a press wants the dose, by the courier before every send
(rule 11), and by the alarms, since a lock that keeps a dose from being offered is a person untreated (S8).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from scheduler.as_needed_limits import (
    UNKNOWN_ELSEWHERE,
    amount_elsewhere,
    free_of_as_needed,
    may_be_had,
    quantity_of,
)
from scheduler.at_robots import in_doubt
from scheduler.changed import CARD_CHANGED, card_changed
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.events import Order, OrderKind, Outcome, State
from scheduler.expand import SHARE_OF_GAP, minimum_interval
from scheduler.given_elsewhere import by_others, of_others
from scheduler.let_go import is_let_go
from scheduler.own_sachet import DISCARDED, NO_SACHET, awaits_discard, has_no_sachet
from scheduler.plan import DosePlan, Plan
from scheduler.remembered import DOUBLE_FEED
from scheduler.roll import holder, misfit, misfit_as_needed
from scheduler.timing import intakes_on
from scheduler.voice import unwanted
from scheduler.world import Dose, Robot, RobotState, Setting, World, left_behind, robot_of

GIVEN = frozenset(
    {Outcome.RETRIEVED, Outcome.CONFIRMED, Outcome.WITNESSED, Outcome.GIVEN_BY_STAFF, Outcome.TAKEN_ALONG}
)
BY_WORD = frozenset({Outcome.CONFIRMED, Outcome.GIVEN_BY_STAFF})
"""Outcomes that a person has said."""

UNTREATED = frozenset(
    {Outcome.MISSED, Outcome.REFUSED, Outcome.FAILED, Outcome.WITHHELD, Outcome.UNCERTAIN},
)
"""Outcomes after which somebody may still give the dose by hand, as a correction."""

LEFT_BEHIND = "left_behind"
"""Reason: its sachet is in a robot that was swapped."""

IN_OTHER_ROBOT = "in_other_robot"
"""Reason: the same medicine is out of the magazine of another robot, and nobody knows what became of it."""

OUT = frozenset({Stage.RELEASING, Stage.HOLDING, Stage.PRESENTING, Stage.IN_TRAY, Stage.RETRACTING})
"""Out of the magazine, and neither had nor in the store by all we know."""


def lock(world: World, setting: Setting, serial: str) -> str:
    """Why this robot can't move anything towards a resident now, whatever the dose; "" = it can. What is
    wrong at another robot is none of its business."""
    robot = world.robot(serial)
    if robot.state is not RobotState.READY or robot.status is None:
        return "robot_not_ready"
    if world.behind:
        return "journal_behind"  # rule 23
    if not world.clock.trusted:
        return "clock"  # rule 18
    if robot.double_feed is not None:
        return DOUBLE_FEED  # rule 7: until somebody has looked, whatever the robot shows
    if serial in in_doubt(world.doses, setting):
        return "in_doubt"  # P3
    if robot.locked_by:
        return "staff_lock"  # rule 5: somebody stands there and gives by hand
    if robot.status.fault:
        return "fault"
    if robot.status.lid_open:
        return "lid_open"
    return ""


def why_not_release(world: World, setting: Setting, dose: Dose, now: datetime) -> str:
    """Why this dose must not leave the magazine now; "" = it may."""
    if dose.plan.loose:
        return (
            _not_its_turn(world, dose, now)
            or _too_close(world, dose, now)
            or _too_much(world, dose)
            or NO_SACHET
        )
    serial = robot_of(setting, dose)
    robot = world.robot(serial)
    return (
        lock(world, setting, serial)
        or _not_its_turn(world, dose, now)
        or _card_too_old(world, setting, dose, now)
        or _places_taken(robot)
        or magazine_misfit(robot, dose.plan.resident)
        or label_misfit(world, setting, dose)
        or (awaits_discard(world, setting, serial) if dose.plan.as_needed else "")
        or _along(world, setting, dose, now)
        or _too_close(world, dose, now)
        or _out_elsewhere(world, setting, dose)
        or _too_much(world, dose)
    )


def why_not_present(world: World, setting: Setting, dose: Dose, now: datetime) -> str:
    """Why this dose must not go to the tray now; "" = it may."""
    serial = robot_of(setting, dose)
    status = world.robot(serial).status
    if dose.plan.loose:
        return NO_SACHET
    return (
        lock(world, setting, serial)
        or _not_its_turn(world, dose, now)
        or (LEFT_BEHIND if left_behind(setting, dose) else "")
        or ("tray_occupied" if status is not None and status.tray else "")
        or _along(world, setting, dose, now)
        or _too_close(world, dose, now)
        or _out_elsewhere(world, setting, dose)
        or beyond_plan(world, dose)
        or ("" if dose.label else "label_unknown")  # S3: nothing to check the holding place against
    )


def why_not_send(world: World, setting: Setting, order: Order, now: datetime) -> str:
    """Rule 11: the order against the present world, before every send; "" = send it."""
    dose = world.doses.get(order.dose_id)
    if dose is None or dose.order is None or dose.order.order.order_id != order.order_id:
        return "no_longer_open"
    robot = world.robot(order.robot)
    if robot.state is not RobotState.READY or dose.order.session != robot.session:
        return "robot_not_ready"
    if order.robot != robot_of(setting, dose):
        return "other_robot"  # the configuration has moved its resident meanwhile
    if now >= order.expires:
        return "expired"
    if order.kind in (OrderKind.RELEASE, OrderKind.PRESENT) and unwanted(dose):
        return "put_off"  # said after it was decided
    match order.kind:
        case OrderKind.RETRACT:
            return ""
        case OrderKind.DIVERT if order.ground == "discard":
            return ""
        case OrderKind.DIVERT:
            return "journal_behind" if world.behind else "" if world.clock.trusted else "clock"
        case OrderKind.RELEASE:
            return why_not_release(world, setting, dose, now)
        case OrderKind.PRESENT:
            return why_not_present(world, setting, dose, now)


def label_misfit(world: World, setting: Setting, dose: Dose) -> str:
    """Why the sachet at the magazine's mouth is not this dose; "" = it is (S3)."""
    robot, plan = world.robot(robot_of(setting, dose)), dose.plan
    local = setting.local.local(plan.opens)
    label = robot.status.mouth_label if robot.status else ""
    if robot.status is not None and is_let_go(dose.let_go, label, robot.status.production_id):
        return ""
    if plan.as_needed:
        return misfit_as_needed(robot.rolls, plan.resident, plan.content, label)
    if has_no_sachet(world, setting, dose):
        return NO_SACHET
    return misfit(robot.rolls, plan.resident, plan.day, local, plan.content, label)


def behind_another(world: World, setting: Setting, dose: Dose) -> bool:
    """Whether the sachet of somebody else lies at the mouth before it: one strip goes out in its order."""
    robot = world.robot(robot_of(setting, dose))
    label = robot.status.mouth_label if robot.status else ""
    return holder(robot.rolls, label) not in ("", dose.plan.resident)


def _not_its_turn(world: World, dose: Dose, now: datetime) -> str:
    if not dose.open_at(now):
        return "window_closed"  # S2
    if dose.token:
        return "with_staff"  # rule 5
    if dose.outcome is not None:
        return "settled"
    if dose.lost:
        return "journal_behind"  # rule 23: it may have been given already
    if dose.uncounted:
        return dose.uncounted  # rule 24: its sachet left with a magazine
    if dose.discard:
        return DISCARDED
    plan = world.plans.get(dose.plan.resident)
    if plan is None or plan.plan_version < dose.plan.plan_version:
        return "no_plan"
    changed = CARD_CHANGED if card_changed(world, dose) else ""
    return withholds(world, dose) or changed or by_others(world, dose)


def withholds(world: World, dose: Dose) -> str:
    """Why the robot offers this resident nothing for now (rule 22): "paused", "suspended"; "" = it does."""
    return world.regime(dose.plan.resident).withholds


def _card_too_old(world: World, setting: Setting, dose: Dose, now: datetime) -> str:
    """S9: an old card alone locks nothing but controlled medicine."""
    if not dose.plan.controlled:
        return ""
    confirmed = world.confirmed.get(dose.plan.resident)
    fresh = confirmed is not None and now < confirmed + setting.limits.controlled_plan_age
    return "" if fresh else "card_too_old"


def needs_personal_action(dose: Dose) -> bool:
    """Rule 2: whether a press that anybody may have made is too little for this dose."""
    return dose.plan.controlled


def why_not_take_along(world: World, setting: Setting, dose: Dose) -> str:
    """Why this dose must not be handed out before a leave; "" = it may. Controlled medicine never is,
    nor what nobody has classified (rule 9), and what no sachet holds can't be."""
    if dose.plan.controlled:
        return "controlled"
    known = world.catalogue(setting).known
    if not all(portion.content.drug in known for portion in dose.plan.portions):
        return "unknown_code"
    return NO_SACHET if dose.plan.loose else ""


def _along(world: World, setting: Setting, dose: Dose, now: datetime) -> str:
    """Before a leave several leave the robot at once: what may not, and a robot that would not."""
    if not dose.along_at(now):
        return ""
    able = world.robot(robot_of(setting, dose)).take_along
    return why_not_take_along(world, setting, dose) or ("" if able else "no_take_along")


def _places_taken(robot: Robot) -> str:
    """Rule 4: nothing is released unless holding place and tray are proven empty."""
    status = robot.status
    if status is None or status.holding:
        return "holding_occupied"
    return "tray_occupied" if status.tray else ""


def magazine_misfit(robot: Robot, resident: str) -> str:
    """Why nothing of this resident's can leave the magazine, whatever is asked for; "" = their roll is known
    and not empty."""
    status, roll = robot.status, robot.rolls.get(resident)
    if roll is None:
        return "no_manifest"
    if status is None or status.production_id != roll.production_id:
        return "wrong_production_id"
    return "roll_empty" if status.sachets_left == 0 else ""


def _too_close(world: World, dose: Dose, now: datetime) -> str:
    if any(being_given(world, other) for other in sharing(world, dose)):
        return "shared_with_staff"
    if dose.plan.as_needed or dose.along_at(now):
        return ""  # its own gap is asked with its limits; what is taken along is had at its own time
    return "too_soon" if now < earliest(world, dose, now) else ""


def _out_elsewhere(world: World, setting: Setting, dose: Dose) -> str:
    """S2, of two robots: what shares a prescription with this dose may be lifted there at any moment. Until
    it is had or put away this one waits; where that can't be told any more, for a person."""
    serial = robot_of(setting, dose)
    there = [
        other
        for other in sharing(world, dose)
        if other.stage in OUT | {Stage.DOUBT}
        and other.plan.as_needed is not dose.plan.as_needed
        and robot_of(setting, other) != serial
    ]
    if not there:
        return ""
    known = all(other.outcome is None and other.stage is not Stage.DOUBT for other in there)
    return "too_soon" if known else IN_OTHER_ROBOT


def sharing(world: World, dose: Dose) -> list[Dose]:
    """The other doses of this resident that hold a prescription of this one. Two cards may number theirs
    alike: what another resident takes shares nothing with it."""
    mine, resident = dose.plan.prescriptions, dose.plan.resident
    return [
        d
        for d in world.doses.values()
        if d is not dose and d.plan.resident == resident and not mine.isdisjoint(d.plan.prescriptions)
    ]


def being_given(world: World, dose: Dose) -> bool:
    """Somebody may be giving it by hand at this moment: they own its incident, and have not said. What the
    robot's record says of its sachet, or can't say, does not stop them."""
    if not dose.token:
        return False
    incident = world.incident_about(f"dose:{dose.dose_id}")
    owned = incident is not None and incident.state is not State.CLOSED
    said = dose.outcome is not None and dose.outcome.outcome in BY_WORD
    return owned and not said


def in_reach(dose: Dose) -> bool:
    """The resident's hand may take it at this moment."""
    return dose.stage in (Stage.PRESENTING, Stage.IN_TRAY, Stage.RETRACTING)


def earliest(world: World, dose: Dose, now: datetime | None = None) -> datetime:
    """S2: from when it is open and far enough from every other one that shares a prescription. `now` tells
    whether the time has come at which a later one that was taken along is had."""
    early = dose.permit is not None and not dose.permit.along
    instant = dose.permit.opens if dose.permit is not None and early else dose.plan.opens
    resident = dose.plan.resident
    for other in sharing(world, dose):
        along = other.outcome is not None and other.outcome.outcome is Outcome.TAKEN_ALONG
        if along and later(other, dose) and (now is None or now < other.plan.opens):
            continue  # in their hands, and to be had at its own time after this one
        at_most = abs(other.plan.opens - dose.plan.opens) / SHARE_OF_GAP  # with nothing planned between them
        doubtful = bool(other.uncounted) and other.plan.opens < dose.plan.opens  # rule 24
        if (doubtful or counts_as_given(other)) and other.had_at + at_most > instant:
            instant = max(
                instant, other.had_at + minimum_interval(other.plan, dose.plan, planned_for(world, resident))
            )
    for at, plan in of_others(world, dose):
        instant = max(instant, at + minimum_interval(plan, dose.plan, planned_for(world, resident)))
    if not dose.plan.as_needed:
        instant = max([instant, *free_of_as_needed(world, dose.plan)])
    return instant


def planned_for(world: World, resident: str) -> list[DosePlan]:
    theirs = (dose.plan for dose in world.doses.values() if dose.plan.resident == resident)
    return [plan for plan in theirs if not plan.as_needed]


def later(other: Dose, dose: Dose) -> bool:
    return other.plan.opens > dose.plan.opens


def counts_as_given(dose: Dose) -> bool:
    """Rule 6: in doubt counts as given; so does what may stand in a lost part of the journal (rule 23)."""
    return dose.lost or _seen_given(dose)


def _seen_given(dose: Dose) -> bool:
    given = dose.outcome is not None and dose.outcome.outcome in GIVEN
    return given or dose.contradicted or dose.stage in (Stage.DOUBT, Stage.LIFTED)


def _too_much(world: World, dose: Dose) -> str:
    if dose.stage is not Stage.RELEASING and _used(dose):
        return "already_released"
    return beyond_plan(world, dose)


def beyond_plan(world: World, dose: Dose) -> str:
    """S1, counted in medicine and people, not in ids: with this dose, does any of its prescriptions exceed
    what the plan in force asks for on this civil date?"""
    plan = world.plans.get(dose.plan.resident)
    if plan is None:
        return "no_plan"
    if dose.plan.as_needed:
        return _beyond_limit(world, plan, dose)
    if others := by_others(world, dose):
        return others
    for prescription in dose.plan.prescriptions:
        used = used_on(world, dose.plan.resident, prescription, dose.plan.day, besides=dose.dose_id)
        used += amount_elsewhere(world, dose.plan.resident, prescription, dose.plan.day)
        if used + dose.plan.quantity_of(prescription) > planned_on(plan, prescription, dose.plan.day):
            return "double_dose"
    return ""


def _beyond_limit(world: World, plan: Plan, dose: Dose) -> str:
    """Rule 8: medicine as needed counts against its own limits, as of when it was asked for."""
    asked, quantity = quantity_of(dose.plan)
    for prescription in plan.prescriptions:
        if prescription.prescription_id == asked:
            resident, opens = dose.plan.resident, dose.plan.opens
            told = may_be_had(world, resident, prescription, quantity, dose.plan.day, opens, dose.dose_id)
            return "" if told.reason == UNKNOWN_ELSEWHERE else told.reason
    return "no_plan"


def used_on(world: World, resident: str, prescription_id: str, day: date, besides: str = "") -> Decimal:
    """What this resident had released (less what is back in the magazine or in the store), was given by
    staff, or has in doubt on `day`, in the prescription's unit and `besides` one dose. Medicine as needed
    counts against limits of its own."""
    return sum(
        (
            other.plan.quantity_of(prescription_id)
            for other in world.doses.values()
            if other.plan.resident == resident
            and other.plan.day == day
            and other.dose_id != besides
            and not other.plan.as_needed
            and _used(other)
        ),
        Decimal(0),
    )


def planned_on(plan: Plan, prescription_id: str, day: date) -> Decimal:
    """What the plan asks for of this prescription on `day`."""
    return sum(
        (
            intake.quantity
            for prescription in plan.prescriptions
            if prescription.prescription_id == prescription_id
            for intake in intakes_on(prescription.dosage, day)
        ),
        Decimal(0),
    )


def _used(dose: Dose) -> bool:
    """Counts against the plan: out of the magazine and not in the store, given, in doubt, or with staff."""
    return counts_as_given(dose) or dose.stage in OUT or bool(dose.token or dose.uncounted)


def lead_window(dose: Dose, lead: timedelta, now: datetime) -> bool:
    """Whether the window is open or opens within `lead`."""
    return dose.plan.opens - lead <= now < dose.plan.closes


def waiting(dose: Dose) -> bool:
    """In the magazine or the holding place, nobody has it, no outcome: somebody still waits for it."""
    return dose.outcome is None and (dose.stage in IN_MAGAZINE or dose.stage is Stage.HOLDING)
