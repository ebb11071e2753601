"""A named person says that a held sachet may go to the resident after all: whether it counts, and why not.

Policies (2026-11-23):
- A sachet that reads as this dose's by now (straightened, the one before it taken out) is let go by the one
  who looked: nothing is overruled.
- Any other needs two people who are not the same, the second within `WITHIN` of the first, about the same
  label, strip and plan. The first word alone changes nothing, and is seen.
- Never let go: another person's sachet, one that can't be read, one that by its manifest holds another drug
  or more of one than the dose (S1), one of a dose that the plan in force asks for no more. Discard those.
- It opens no window and gives nothing: the resident's press, the limits and the robot's reading of that very
  label come after it, inside the window (S2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.changed import card_changed
from scheduler.dose import Stage
from scheduler.gate import beyond_plan, label_misfit
from scheduler.let_go import same_person
from scheduler.plan import Content
from scheduler.roll import Roll, holder
from scheduler.world import Dose, RobotState, Setting, World, robot_of

WITHIN = timedelta(minutes=30)
"""Between the two words: a colleague on the telephone or at the door, and both still see the same sachet."""

SECOND_NEEDED = "second_needed"
"""What the first of the two is answered: recorded, and nothing has changed yet."""

Said = tuple[str, ev.HoldLetGo | None]
"""Why not, or the event."""


def let_go(world: World, setting: Setting, dose: Dose, fact: cmd.DecideDose, now: datetime) -> Said:
    """What this person's word comes to now."""
    refusal = _why_not(world, setting, dose, now)
    if refusal:
        return refusal, None
    robot = world.robot(robot_of(setting, dose))
    status = robot.status
    assert status is not None
    seen = (status.mouth_label, status.production_id, _version(world, dose))
    if not label_misfit(world, setting, dose) and not card_changed(world, dose):
        return "", ev.HoldLetGo(now, dose.dose_id, (fact.by,), *seen, None)
    refusal = _never(world, dose, robot.rolls, status.mouth_label)
    if refusal:
        return refusal, None
    first = dose.let_go
    about = (first.label, first.production_id, first.plan_version) if first is not None else None
    if first is None or not first.waits_at(now) or about != seen:
        until = min(now + WITHIN, dose.plan.closes)
        return "", ev.HoldLetGo(now, dose.dose_id, (fact.by,), *seen, until)
    if same_person(first.by[0], fact.by):
        return "same_person", None
    return "", ev.HoldLetGo(now, dose.dose_id, (*first.by, fact.by), *seen, None)


def _why_not(world: World, setting: Setting, dose: Dose, now: datetime) -> str:
    if dose.plan.surplus:
        return "no_dose_waits"
    if dose.outcome is not None:
        return "already_settled"
    if dose.stage is not Stage.HELD:
        return "not_held"
    if dose.discard:
        return "discarded"
    if dose.token:
        return "with_staff"  # rule 5: somebody may be giving it by hand
    if not world.clock.trusted:
        return "clock"  # rule 18: nobody knows whether its window is open
    if not dose.open_at(now):
        return "window_closed"
    robot = world.robot(robot_of(setting, dose))
    return "" if robot.state is RobotState.READY and robot.status is not None else "robot_not_ready"


def _never(world: World, dose: Dose, rolls: Mapping[str, Roll], label: str) -> str:
    """What two people can't let go either."""
    if not label:
        return "still_unreadable"
    if holder(rolls, label) not in ("", dose.plan.resident):
        return "other_person"
    roll = rolls.get(dose.plan.resident)
    read = next((each for each in roll.sachets if each.label == label), None) if roll is not None else None
    if read is not None and _more(read.content, dose.plan.content):
        return "other_medicine"
    return beyond_plan(world, dose)


def _more(read: Iterable[Content], asked: Iterable[Content]) -> bool:
    """Whether the sachet holds a drug that the dose does not, or more of one. Strengths are what the two have
    looked at: one substance is made in many."""
    wanted = _amounts(asked)
    return any(amount > wanted.get(drug, Decimal(0)) for drug, amount in _amounts(read).items())


def _amounts(contents: Iterable[Content]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in contents:
        found[each.drug] = found.get(each.drug, Decimal(0)) + each.quantity
    return found


def _version(world: World, dose: Dose) -> int:
    plan = world.plans.get(dose.plan.resident)
    return plan.plan_version if plan is not None else 0
