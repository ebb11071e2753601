"""Medicine as needed (PN): released at the resident's request and never otherwise; asked what for, and later
whether it helped (rule 8).

`decide` asks the rules here before those of planned doses. What may be had is `as_needed_limits`'; a dose
that was asked for goes the way of every dose, and its release through the same gate.

Policies (2026-11-23):
- Sachets as needed lie in a strip of their own, in a magazine of its own: a roll whose sachets are bound to
  no date and slot (`Roll.as_needed`). Labels name person, content and number through its manifest. What the
  strip has at its mouth is what the button asks for: nobody chooses among drugs on a display.
- A request is two presses: *as needed*, answered with the question what it is for, or with the time from
  which it is possible; and the answer, which is the fresh action that releases (rule 2). Take says no more
  than that, and is an answer. Whoever has a robot for it beside the one with their roll asks there
  (`two_robots`).
- It is open for `WINDOW`. If nobody lifts it, it goes back and then to the locked store, *refused* by the
  resident who asked and left. It is never scheduled, reminded of or missed, and what is still in the strip
  is never diverted.
- `EFFECT_AFTER` the lift it is asked once whether it helped. The answer is journalled; one that says unwell
  or no help is an incident to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from scheduler import events as ev
from scheduler.as_needed_limits import (
    LIMIT_REACHED,
    LOST_HERE,
    UNKNOWN_ELSEWHERE,
    as_needed_intakes,
    may_be_had,
)
from scheduler.as_needed_times import in_its_time
from scheduler.cause import Cause
from scheduler.custody import UNCOUNTED, uncounted_as_needed
from scheduler.dose import Stage
from scheduler.gate import lock, magazine_misfit, needs_personal_action, why_not_release
from scheduler.ids import dose_id
from scheduler.offering import PERSONAL_ACTION, issue
from scheduler.own_sachet import awaits_discard
from scheduler.personal import not_theirs, spent, who
from scheduler.plan import AS_NEEDED_SLOT, Content, DosePlan, Portion, Prescription
from scheduler.questions import FLAGGED, QUESTIONS, answer_of
from scheduler.two_robots import OTHER_ROBOT, asked_here, in_haste, is_here, take_asks
from scheduler.window import window
from scheduler.world import Dose, Robot, Setting, World

WINDOW = timedelta(minutes=20)
"""From the request until what was not lifted goes to the locked store."""

EFFECT_AFTER = timedelta(hours=1)
"""Most medicine as needed has worked by then, if it does."""

EFFECT_UNTIL = timedelta(hours=3)
"""Later nobody knows any more which dose helped."""


def requested(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A press of *as needed*, and the press that answers what it is for."""
    for serial in setting.robots:
        press = world.robot(serial).press
        if press is not None and not not_theirs(setting, serial, press):
            events = _requested_at(world, setting, press, now)
            if events:
                return events
    return []


def _requested_at(world: World, setting: Setting, press: ev.Pressed, now: datetime) -> Sequence[ev.Event]:
    resident = who(setting, press)
    asked = asked_here(world, setting, resident, press.robot)
    if press.answer is ev.Answer.AS_NEEDED:
        if not is_here(setting, resident, press.robot, as_needed=True):
            return [spent(press, OTHER_ROBOT, now)]
        return _asked_for(world, setting, press, resident, now)
    if asked is None or asked.question is not ev.Question.WHAT_FOR or now >= asked.until:
        under_way = any(_under_way(dose, resident) for dose in world.doses.values())
        asks = take_asks(setting, resident, press) and not under_way
        return _asked_for(world, setting, press, resident, now) if asks else []
    if press.answer is ev.Answer.HELP:
        return []
    if in_haste(setting, resident, press, asked, now):
        return [spent(press, "asked_what_for", now)]
    left = ev.QuestionAnswered(now, resident, ev.Question.WHAT_FOR, "", "")
    if press.answer in (ev.Answer.LATER, ev.Answer.NO_THANKS):
        return [left, spent(press, "not_now", now)]
    reason = answer_of(ev.Question.WHAT_FOR, press.answer)
    told = ev.QuestionAnswered(now, resident, ev.Question.WHAT_FOR, "", reason, press.robot)
    return [told if reason else left, *_released(world, setting, press, resident, reason, now)]


def effects(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Once a dose: did it help? Not while another question stands, or a dose is asked for."""
    for dose in world.doses.values():
        if dose.lifted is None or dose.effect or not dose.plan.as_needed:
            continue
        resident = dose.plan.resident
        answers = world.robot(setting.robot_for(resident, as_needed=True)).answers
        due = dose.lifted + EFFECT_AFTER <= now < dose.lifted + EFFECT_UNTIL
        if due and answers and resident not in world.asked:
            question = ev.Question.EFFECT
            return [ev.QuestionAsked(now, resident, question, dose.dose_id, now + QUESTIONS[question].shown)]
    return []


def as_needed_causes(world: World, now: datetime) -> dict[str, Cause]:
    """By subject, as in `causes`: a limit reached, knowledge too old, an answer to read."""
    found: dict[str, Cause] = {}
    for resident, refused in world.refusals.items():
        subject = f"as_needed:{resident}/{refused.prescription_id}"
        if refused.reason == LOST_HERE and refused.prescription_id:
            found[subject] = Cause(ev.Kind.AS_NEEDED_UNSURE, ev.Priority.MEDIUM, LOST_HERE)
        elif refused.reason == UNKNOWN_ELSEWHERE:
            found[subject] = Cause(ev.Kind.AS_NEEDED_UNSURE, ev.Priority.MEDIUM, UNKNOWN_ELSEWHERE)
        elif refused.reason == LIMIT_REACHED and (refused.possible is None or now < refused.possible):
            found[subject] = Cause(ev.Kind.AS_NEEDED_LIMIT, ev.Priority.LOW, LIMIT_REACHED)
    return found


def effect_cause(dose: Dose) -> Cause | None:
    """An answer about a dose that somebody should read."""
    flagged = FLAGGED.get((ev.Question.EFFECT, dose.effect))
    if flagged is None:
        return None
    return Cause(ev.Kind.ANSWER_FLAGGED, flagged, dose.effect, dose.dose_id)


def as_needed_instants(world: World) -> Iterator[datetime]:
    """When time alone changes something here."""
    for refused in world.refusals.values():
        if refused.possible is not None:
            yield refused.possible
    for dose in world.doses.values():
        if dose.lifted is not None and not dose.effect and dose.plan.as_needed:
            yield dose.lifted + EFFECT_AFTER


def _asked_for(
    world: World, setting: Setting, press: ev.Pressed, resident: str, now: datetime
) -> Sequence[ev.Event]:
    if any(_under_way(dose, resident) for dose in world.doses.values()):
        return [spent(press, "busy", now)]
    refusal = _refusal(world, setting, press.robot, resident, now)
    if refusal is not None:
        return [refusal]
    question = ev.Question.WHAT_FOR
    return [
        ev.QuestionAsked(now, resident, question, "", now + QUESTIONS[question].shown),
        spent(press, "asked_what_for", now),
    ]


def _refusal(
    world: World, setting: Setting, serial: str, resident: str, now: datetime
) -> ev.AsNeededRefused | None:
    """Why not, and from when."""
    day, robot = setting.local.day_of(now), world.robot(serial)
    found = _in_the_strip(world, robot, resident, day)
    locked = lock(world, setting, serial) or world.regime(resident).withholds
    locked = locked or awaits_discard(world, setting, serial)
    if found is None or locked:
        reason = locked or magazine_misfit(robot, resident) or "not_in_the_strip"
        return ev.AsNeededRefused(now, resident, "", reason, None, serial)
    prescription, content = found
    if uncounted_as_needed(world.counts.get(resident, ()), content):
        return ev.AsNeededRefused(now, resident, prescription.prescription_id, UNCOUNTED, None, serial)
    told = in_its_time(world, setting, prescription, content.quantity, now)
    if not told.reason:
        told = may_be_had(world, resident, prescription, content.quantity, day, now)
    if not told.reason:
        return None
    about = prescription.prescription_id
    return ev.AsNeededRefused(now, resident, about, told.reason, told.possible, serial)


def _released(
    world: World, setting: Setting, press: ev.Pressed, resident: str, reason: str, now: datetime
) -> Sequence[ev.Event]:
    """The dose and its release, decided by one press; everything is looked at again."""
    serial = press.robot
    refusal = _refusal(world, setting, serial, resident, now)
    found = _in_the_strip(world, world.robot(serial), resident, setting.local.day_of(now))
    if refusal is not None:
        return [refusal]
    if found is None or world.order_under_way(serial):
        return [spent(press, "busy", now)]
    plan = _dose(world, setting, resident, *found, now)
    dose = Dose(plan=plan, stage=Stage.DUE, rest=Stage.DUE, offered=True)
    why_not = why_not_release(world, setting, dose, now)
    if why_not:
        return [ev.AsNeededRefused(now, resident, found[0].prescription_id, why_not, None, serial)]
    if needs_personal_action(dose) and not press.resident:
        about = found[0].prescription_id
        return [ev.AsNeededRefused(now, resident, about, PERSONAL_ACTION, None, serial)]
    return [
        ev.AsNeededRequested(now, plan, reason),
        issue(world, setting, dose, ev.OrderKind.RELEASE, "press", now, press.helper),
    ]


def _under_way(dose: Dose, resident: str) -> bool:
    """One that was asked for and has no end yet."""
    return dose.plan.as_needed and dose.plan.resident == resident and dose.outcome is None


def _in_the_strip(
    world: World, robot: Robot, resident: str, day: date
) -> tuple[Prescription, Content] | None:
    """The prescription that the sachet at the mouth is for, and what it holds (S3)."""
    status, roll, plan = robot.status, robot.rolls.get(resident), world.plans.get(resident)
    if status is None or roll is None or plan is None or not roll.as_needed:
        return None
    if magazine_misfit(robot, resident):
        return None
    sachet = next((each for each in roll.sachets if each.label == status.mouth_label), None)
    for prescription in plan.prescriptions:
        for intake in as_needed_intakes(prescription, day):
            content = Content(prescription.drug, prescription.strength, intake.quantity, prescription.unit)
            if sachet is not None and sachet.content == {content}:
                return prescription, content
    return None


def _dose(
    world: World, setting: Setting, resident: str, prescription: Prescription, content: Content, now: datetime
) -> DosePlan:
    day, catalogue = setting.local.day_of(now), world.catalogue(setting)
    taken = [
        int(dose.plan.slot.removeprefix(AS_NEEDED_SLOT))
        for dose in world.doses.values()
        if dose.plan.as_needed and dose.plan.day == day and dose.plan.resident == resident
    ]
    number = 1 + max(taken, default=0)
    slot = f"{AS_NEEDED_SLOT}{number}"
    opens, half, closes = window(now, WINDOW)
    return DosePlan(
        dose_id=dose_id(resident, day, slot),
        resident=resident,
        day=day,
        slot=slot,
        opens=opens,
        half=half,
        closes=closes,
        portions=(Portion(prescription.prescription_id, content),),
        critical=catalogue.is_critical(prescription.drug),
        plan_version=world.plans[resident].plan_version,
        controlled=prescription.drug in catalogue.controlled,
    )
