"""The resident's voice: later, no thanks, I need help, and the answers to what the display asks (S7).

Take is `offering`'s: it alone moves medicine towards the resident. Nothing here does; what lies in the tray
is taken back by `closing`. Each press is answered: by an event of its own, or spent with the reason.

Policies (2026-11-23):
- Later extends no window. The prompt falls silent until the next reminder; the sachet goes back to the
  holding place and is presented again at a press of take.
- No thanks is a word, not yet an outcome: a person may change their mind. Until the window closes, or the
  next dose has to get past, a press of take takes it back; then the outcome is *refused*, by the robot's
  record of the sachet as for a missed one (rule 3). Nobody reminds of a dose that was declined.
- I need help works in every state of home, robot and clock, is never too old (rule 2 is about medicine), asks
  nobody who they are, and is one incident until somebody has called back, however often it is pressed. On a
  robot of several, every other word needs the tag of whose it is.
- An answer is about the dose at hand: the one in the tray or on its way there, else the first open one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.personal import not_theirs, spent, turned_away, who
from scheduler.questions import FLAGGED, QUESTIONS, answer_of
from scheduler.remembered import Asked
from scheduler.side_doses import robot_asks, together
from scheduler.two_robots import asked_here, is_here
from scheduler.world import Dose, Setting, SideDose, World

AT_HAND = (Stage.IN_TRAY, Stage.PRESENTING, Stage.RELEASING, Stage.HOLDING, Stage.RETRACTING)
"""Nearest to the resident first."""

NO_EMERGENCY_CALL = "no_emergency_call"
"""Detail of a call for help: what it is not."""

SECOND_DAY = "second_day"

BY_HELPER = "by_helper"
"""Detail of a refusal, alone or behind another: a named helper pressed it for the resident."""


def heard(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """What a press that says anything but take leads to."""
    for serial in setting.robots:
        press = world.robot(serial).press
        if press is not None and press.answer is not ev.Answer.TAKE:
            return _heard_at(world, setting, press, now)
    return []


def _heard_at(world: World, setting: Setting, press: ev.Pressed, now: datetime) -> Sequence[ev.Event]:
    """Whoever needs help need not say who they are (S7); every other word is somebody's own (S3)."""
    resident = who(setting, press)
    if press.answer is ev.Answer.HELP:
        return [ev.HelpAsked(at=now, resident=resident, robot=press.robot)]
    wrong = not_theirs(setting, press.robot, press)
    if wrong:
        return turned_away(world, press, wrong, now)
    about = at_hand(world, setting, resident, now, press.robot)
    nothing = [spent(press, "nothing_due", now)]
    match press.answer:
        case ev.Answer.LATER:
            return [ev.DosePutOff(now, dose.dose_id, press.robot) for dose in about] or nothing
        case ev.Answer.NO_THANKS:
            return _declined(world, press, resident, about, now) or nothing
        case ev.Answer.AS_NEEDED:
            return nothing
        case _:
            return [_answered(world, setting, press, resident, now)]


def unanswered(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A question whose time is over is left open, and not asked again."""
    return [
        ev.QuestionAnswered(at=now, resident=each, question=asked.question, dose_id=asked.dose_id, answer="")
        for each, asked in world.asked.items()
        if not asked.since <= now < asked.until
    ]


def at_hand(
    world: World, setting: Setting, resident: str, now: datetime, serial: str = ""
) -> Sequence[Dose | SideDose]:
    """What an answer is about: the sachet that the robot asks for, else what is due beside it, else a sachet
    that is not on offer all the same. `serial`: where it was said; "" = at the robot with their roll."""
    here = serial or setting.robot_of(resident)
    dose = _sachet_at_hand(world, setting, resident, here, now)
    fixed = is_here(setting, resident, here, as_needed=False)
    beside = together(world, resident, now) if fixed else []
    if dose is not None and (not beside or robot_asks(world, setting, resident, now)):
        return [dose]
    return beside


def _sachet_at_hand(world: World, setting: Setting, resident: str, serial: str, now: datetime) -> Dose | None:
    open_ones = [
        dose
        for dose in world.doses.values()
        if dose.plan.resident == resident and dose.open_at(now) and dose.outcome is None
        if not (dose.token or dose.loose)
        if is_here(setting, resident, serial, as_needed=dose.plan.as_needed)
    ]
    for stage in AT_HAND:
        near = next((dose for dose in open_ones if dose.stage is stage), None)
        if near is not None:
            return near
    rest = [dose for dose in open_ones if dose.stage in IN_MAGAZINE or dose.stage is Stage.DOUBT]
    return next((dose for dose in rest if dose.declined is None), rest[0] if rest else None)


def unwanted(dose: Dose) -> str:
    """Why the sachet should not be in the resident's reach now: "later", "no_thanks", or "" = it may."""
    return "no_thanks" if dose.declined is not None else "later" if dose.put_off is not None else ""


def reason_of(dose: Dose) -> str:
    """Why it was refused, as far as the resident said."""
    return dose.said or "no_thanks"


def refusal(world: World, dose: Dose | SideDose) -> Cause | None:
    """No thanks is one incident from the word on: low; medium if critical, the second day, or said so that
    somebody should look. Read by staff."""
    refused = dose.outcome is not None and dose.outcome.outcome is ev.Outcome.REFUSED
    if dose.plan.as_needed:
        return None  # they asked for it themselves, and needed it no more
    if dose.declined is None and not refused:
        return None
    said = dose.said if not refused or dose.outcome is None else dose.outcome.reason
    flagged = FLAGGED.get((ev.Question.WHY_NOT, said), ev.Priority.LOW)
    again = _second_day(world, dose)
    priority = max(flagged, ev.Priority.MEDIUM if dose.plan.critical or again else ev.Priority.LOW)
    detail = said if flagged > ev.Priority.LOW else SECOND_DAY if again else ""
    helper = dose.outcome.helper if refused and dose.outcome is not None else dose.helper
    if helper is not None:  # a helper's no is not the resident's: staff are told which it was
        detail = f"{detail}_{BY_HELPER}" if detail else BY_HELPER
    return Cause(ev.Kind.DOSE_REFUSED, ev.Priority(priority), detail, dose.dose_id, dose.plan.closes)


def voice_causes(world: World) -> dict[str, Cause]:
    """Beside any dose, by subject, as in `causes`."""
    return {
        f"help:{resident}": Cause(ev.Kind.HELP_ASKED, ev.Priority.MEDIUM, NO_EMERGENCY_CALL)
        for resident in world.help
    }


def voice_instants(world: World) -> Iterator[datetime]:
    """When a question leaves the display."""
    yield from (asked.until for asked in world.asked.values())


def quiet(dose: Dose | SideDose, every: timedelta) -> bool:
    """Put off since the newest reminder: the prompt is silent until the next one."""
    return dose.put_off is not None and dose.plan.opens + every * dose.reminders <= dose.put_off


def _declined(
    world: World, press: ev.Pressed, resident: str, about: Sequence[Dose | SideDose], now: datetime
) -> Sequence[ev.Event]:
    """Asked once a dose why, on a robot that has the buttons to answer."""
    declined = [ev.DoseDeclined(now, dose.dose_id, press.robot, press.helper) for dose in about]
    if not about or not world.robot(press.robot).answers or about[0].declined is not None:
        return declined
    question = ev.Question.WHY_NOT
    until = now + QUESTIONS[question].shown
    return [*declined, ev.QuestionAsked(now, resident, question, about[0].dose_id, until)]


def _answered(world: World, setting: Setting, press: ev.Pressed, resident: str, now: datetime) -> ev.Event:
    asked = asked_here(world, setting, resident, press.robot)
    answer = answer_of(asked.question, press.answer) if asked is not None and _stands(asked, now) else ""
    if asked is None or not answer:
        return spent(press, "nothing_asked", now)
    return ev.QuestionAnswered(now, resident, asked.question, asked.dose_id, answer, press.robot)


def _stands(asked: Asked, now: datetime) -> bool:
    return asked.since <= now < asked.until


def _second_day(world: World, dose: Dose | SideDose) -> bool:
    """A dose of the day before that shares a prescription was refused, too."""
    yesterday = dose.plan.day - timedelta(days=1)
    doses: list[Dose | SideDose] = [*world.doses.values(), *world.sides.values()]
    return any(
        other.plan.day == yesterday
        and other.outcome is not None
        and other.outcome.outcome is ev.Outcome.REFUSED
        and other.plan.resident == dose.plan.resident
        and not other.plan.prescriptions.isdisjoint(dose.plan.prescriptions)
        for other in doses
    )
