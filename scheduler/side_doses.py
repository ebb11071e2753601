"""Side doses: drops, insulin, an inhaler, a patch. Reminded at their time, confirmed by the resident.

It knows the plan, the clock and what the resident said. No order to the robot ever comes of one; somebody
whose medicine lies in no roll at all (`Resident.reminder_only`) has nothing else. `planning`, `offering`,
`voice` and `causes` call it.

Policies (2026-11-23):
- What is in no sachet follows from the unit that its dosage counts. Tablets and capsules are packed; whatever
  else is taken beside the robot.
- Each prescription is a part of its own (rule 1): its parts are numbered from a hundred of its own on that
  date, so that no sachet's part is ever mistaken for it. A moved time keeps the id, as for a sachet.
- One press confirms all that is due beside the robot at one planned time: they are shown together. While the
  robot offers a sachet a press is about that; and for `CONFIRM_AFTER` after a sachet was lifted no press
  confirms anything, because an impatient second press is no word about insulin.
- A newer card, or one that stops it, takes its prompt off the display at once: the resident may be about to
  take the amount of before, and only a call tells them otherwise. What is still ahead is planned anew.
- On a leave it goes with the resident, whom nobody asks from here: *withheld*, and no alarm (rule 22).
- Nobody confirmed it: *missed*, for staff to ask. What was confirmed is the resident's word, never more.
- It keeps the card's least gap to what others gave of it as needed (2026-11-24): till then it is not shown.
  From the half window on staff hear why; where the gap outlasts the window, at once, and it is *withheld*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from scheduler import events as ev
from scheduler.as_needed_limits import free_of_as_needed
from scheduler.at_robots import in_doubt
from scheduler.cause import Cause
from scheduler.changed import CARD_CHANGED, asked_otherwise
from scheduler.dose import IN_MAGAZINE, IN_MOTION, Stage
from scheduler.expand import expand
from scheduler.given_elsewhere import BY_OTHERS, NOT_BY_OTHERS, by_others
from scheduler.own_sachet import has_no_sachet
from scheduler.plan import DosePlan, Plan, Prescription
from scheduler.regime import PAUSED, QUIET
from scheduler.replacing import replace
from scheduler.world import Dose, RobotState, Setting, SideDose, World

SACHET_UNITS = frozenset({"tablet", "capsule"})
"""What a pharmacy packs."""

PARTS_APART = 100
"""Sachets of one slot have parts 1, 2 ...; nobody has a hundred of them."""

CONFIRM_AFTER = timedelta(seconds=20)
"""From the last lift, or the last confirmation, to a press that counts as another one's word."""

ON_LEAVE = "on_leave"
"""Outcome's reason: they were away with it, and what they had nobody here can say."""

TOO_SOON = "too_soon"
"""Outcome's reason and a detail: it keeps the card's least gap to what was had as needed of it."""

INSULIN = "A10A"
"""ATC group of insulins: unconfirmed is medium."""


def in_sachets(plan: Plan, setting: Setting) -> Plan:
    """The plan without what is taken beside the robot."""
    packed = tuple(one for one in plan.prescriptions if not outside(one, plan.resident, setting))
    return plan if len(packed) == len(plan.prescriptions) else replace(plan, prescriptions=packed)


def outside(prescription: Prescription, resident: str, setting: Setting) -> bool:
    return setting.reminder_only(resident) or prescription.unit not in SACHET_UNITS


def side_day(world: World, setting: Setting, plan: Plan, day: date, now: datetime) -> Sequence[ev.Event]:
    """Plan the side doses of one date, or re-plan those that nothing has happened to."""
    known = {
        side.dose_id: side
        for side in world.sides.values()
        if side.plan.day == day and side.plan.resident == plan.resident
    }
    doses = _expanded(world, setting, plan, day, known)
    planned: list[ev.Event] = [
        ev.SideDosePlanned(at=now, dose=dose)
        for dose in doses
        if _differs(known.get(dose.dose_id), dose)
        and not (dose.dose_id not in known and never_ours(world, dose, now))
    ]
    wanted = {dose.dose_id for dose in doses}
    version = plan.plan_version
    gone = [key for key, side in known.items() if key not in wanted and _untouched(side)]
    return [*planned, *(ev.SideDoseWithdrawn(at=now, dose_id=key, plan_version=version) for key in gone)]


def never_ours(world: World, dose: DosePlan, now: datetime) -> bool:
    """Whether its window was over before the resident's first plan here, however often it was planned since:
    whoever looked after them then gave it."""
    known = world.planned.get(dose.resident)
    since = now if known is None else known.since
    return since is not None and dose.closes <= since


def side_by_side(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """What time alone does to them: due, reminded, closed. By an untrusted clock nothing (rule 18)."""
    if not world.clock.trusted:
        return []
    events: list[ev.Event] = []
    for side in world.sides.values():
        if side.outcome is not None:
            continue
        if not side.due and side.open_at(now):
            events.append(ev.SideDoseDue(at=now, dose_id=side.dose_id))
        elif now >= side.plan.closes:
            events.append(_closed(world, side, now))
        elif side.due and side.declined is None and not (_silent(world, side) or now < _free(world, side)):
            number = int((now - side.plan.opens) / setting.limits.reminder_every)
            if number > side.reminders:
                events.append(ev.ReminderGiven(at=now, dose_id=side.dose_id, number=number))
    return events


def together(world: World, resident: str, now: datetime) -> list[SideDose]:
    """What is shown and confirmed together: the first time whose side doses are open and wait; what was
    declined comes last."""
    waiting = [
        side
        for side in world.sides.values()
        if side.plan.resident == resident and side.due and side.open_at(now) and side.outcome is None
        if not _taken_off(world, side) and now >= _free(world, side)
    ]
    wanted = [side for side in waiting if side.declined is None] or waiting
    return [side for side in wanted if side.plan.opens == wanted[0].plan.opens]


def confirmed(
    world: World, resident: str, now: datetime, by: str = "", helper: str | None = None
) -> list[ev.Event]:
    """The resident's button or a named helper's, or somebody's word at the box; empty where there is nothing
    to confirm, or it is too soon to mean it."""
    if not by and any(now < at + CONFIRM_AFTER for at in _lately(world, resident)):
        return []
    return [
        ev.OutcomeRecorded(
            at=now,
            dose_id=side.dose_id,
            revision=1,
            outcome=ev.Outcome.CONFIRMED,
            late=now > side.plan.half,
            by=by,
            reason="confirmed",
            happened=now,
            helper=helper,
        )
        for side in together(world, resident, now)
    ]


def robot_asks(world: World, setting: Setting, resident: str, now: datetime) -> bool:
    """Whether a press of take is about a sachet: one is on its way, lies in the tray, or is on offer. A robot
    that stands still asks for nothing, and keeps nobody from their insulin. Of two robots it is the one with
    their roll: what is as needed is asked for at the other."""
    still, two = _stands_still(world, setting, setting.robot_of(resident)), setting.has_two(resident)
    return any(
        _asks(dose, resident, still, now) and not has_no_sachet(world, setting, dose)
        for dose in world.doses.values()
        if not (two and dose.plan.as_needed)
    )


def _stands_still(world: World, setting: Setting, serial: str) -> bool:
    robot = world.robot(serial)
    if robot.state is not RobotState.READY or robot.status is None or world.behind or not world.clock.trusted:
        return True
    doubt = serial in in_doubt(world.doses, setting)
    return doubt or bool(robot.status.fault) or robot.status.lid_open


def _asks(dose: Dose, resident: str, still: bool, now: datetime) -> bool:
    settled = dose.outcome is not None or dose.token
    if dose.plan.resident != resident or not dose.open_at(now) or settled or dose.loose:
        return False
    if dose.stage in IN_MOTION or dose.stage is Stage.IN_TRAY:
        return True
    offered = dose.stage is Stage.HOLDING or (dose.stage in IN_MAGAZINE and dose.stage is not Stage.HELD)
    return offered and not still and dose.declined is None


def side_cause(world: World, side: SideDose, now: datetime) -> Cause | None:
    """Unconfirmed from the half window on: low, insulin medium, critical medicine one higher. Before that
    staff hear that it is due, where they remind or give. Changed while it was shown: high, somebody calls.
    Nothing while the resident is away (rule 22)."""
    outcome = side.outcome.outcome if side.outcome is not None else None
    regime = world.regime(side.plan.resident)
    open_still = outcome is None and side.due and side.declined is None
    if outcome is None and _away(world, side):
        return None
    off = _taken_off(world, side) if open_still else _was_off(world, side)
    if open_still and not off and now < _free(world, side):
        if now < side.plan.half and _free(world, side) < side.plan.closes:
            return None
        off = TOO_SOON
    if off:
        urgent = ev.Priority.MEDIUM if side.plan.critical else ev.Priority.LOW
        urgent = ev.Priority.HIGH if off == CARD_CHANGED else urgent  # rule 22: it is in their hands
        return Cause(ev.Kind.SIDE_UNCONFIRMED, urgent, off, side.dose_id, side.plan.closes)
    if open_still and now < side.plan.half and regime.mode in QUIET:
        urgent = ev.Priority.MEDIUM if side.plan.critical else ev.Priority.LOW
        return Cause(ev.Kind.DOSE_DUE, urgent, "", side.dose_id, side.plan.closes)
    waits = open_still and side.plan.half <= now
    if not waits and outcome not in (ev.Outcome.MISSED, ev.Outcome.FAILED):
        return None
    insulin = any(portion.content.drug.startswith(INSULIN) for portion in side.plan.portions)
    priority = ev.Priority.MEDIUM if insulin else ev.Priority.LOW
    raised = ev.Priority(min(priority + side.plan.critical, ev.Priority.HIGH))
    detail = "insulin" if insulin else ""
    return Cause(ev.Kind.SIDE_UNCONFIRMED, raised, detail, side.dose_id, side.plan.closes)


def side_instants(world: World, setting: Setting) -> Iterator[datetime]:
    """When time alone may change one."""
    for side in world.sides.values():
        if side.outcome is None:
            yield from (side.plan.opens, side.plan.half, side.plan.closes)
            yield side.plan.opens + setting.limits.reminder_every * (side.reminders + 1)
            if _free(world, side) > side.plan.opens:
                yield _free(world, side)


def _expanded(
    world: World, setting: Setting, plan: Plan, day: date, known: dict[str, SideDose]
) -> list[DosePlan]:
    taken = {_hundred(side.dose_id) for side in known.values()}
    doses: list[DosePlan] = []
    for one in sorted(plan.prescriptions, key=lambda each: each.prescription_id):
        if not outside(one, plan.resident, setting):
            continue
        mine = [side for side in known.values() if one.prescription_id in side.plan.prescriptions]
        hundred = _hundred(mine[0].dose_id) if mine else max(taken, default=0) + 1
        taken.add(hundred)
        alone = expand(
            replace(plan, prescriptions=(one,)),
            day,
            world.day_clock(setting),
            setting.local,
            world.catalogue(setting),
            setting.limits.window,
            [_renamed(side.plan, -hundred) for side in mine],
            fixed={_renamed(side.plan, -hundred).dose_id for side in mine if not _untouched(side)},
            controlled_window=setting.limits.controlled_window,
        )
        doses += [_renamed(dose, hundred) for dose in alone]
    return doses


def _renamed(plan: DosePlan, hundreds: int) -> DosePlan:
    place, _, part = plan.dose_id.rpartition("/")
    return replace(plan, dose_id=f"{place}/{int(part) + hundreds * PARTS_APART}")


def _hundred(dose_id: str) -> int:
    return int(dose_id.rpartition("/")[2]) // PARTS_APART


def _untouched(side: SideDose) -> bool:
    return not side.due and side.outcome is None


def _differs(known: SideDose | None, dose: DosePlan) -> bool:
    if known is None:
        return True
    old = known.plan
    same = (old.opens, old.closes, old.portions, old.critical) == (
        dose.opens,
        dose.closes,
        dose.portions,
        dose.critical,
    )
    return _untouched(known) and not same


def _silent(world: World, side: SideDose) -> bool:
    """Rule 22: staff remind, or the resident is away."""
    silent = world.regime(side.plan.resident).mode in QUIET or bool(_away(world, side))
    return silent or bool(_taken_off(world, side))


def _away(world: World, side: SideDose) -> str:
    """Why nobody is at home to be asked: paused, or between departure and return of a leave. Whoever is there
    all the same still sees the prompt, and confirms it."""
    regime = world.regime(side.plan.resident)
    if regime.pause is not None:
        return PAUSED
    leave = regime.leave
    return ON_LEAVE if leave is not None and leave.departs <= side.plan.opens < leave.back else ""


def _taken_off(world: World, side: SideDose) -> str:
    """Why its prompt is taken off the display: others have given it (S1), or a newer card asks for something
    else by now. Nobody is shown an amount that no card has."""
    return by_others(world, side) or (CARD_CHANGED if asked_otherwise(world, side.plan) else "")


def _free(world: World, side: SideDose) -> datetime:
    """From when it may be asked for."""
    return max([side.plan.opens, *free_of_as_needed(world, side.plan)])


def _was_off(world: World, side: SideDose) -> str:
    """Why it was settled without a prompt: others gave it, or the card changed; or that nobody gave it, since
    then."""
    reason = side.outcome.reason if side.outcome is not None else ""
    if reason in BY_OTHERS:
        return by_others(world, side) or NOT_BY_OTHERS
    return reason if reason in (CARD_CHANGED, TOO_SOON) else ""


def _closed(world: World, side: SideDose, now: datetime) -> ev.OutcomeRecorded:
    if _away(world, side):
        outcome, reason, happened = ev.Outcome.WITHHELD, _away(world, side), side.plan.closes
    elif _taken_off(world, side):
        outcome, reason, happened = ev.Outcome.WITHHELD, _taken_off(world, side), side.plan.closes
    elif side.declined is None and _free(world, side) >= side.plan.closes:
        outcome, reason, happened = ev.Outcome.WITHHELD, TOO_SOON, side.plan.closes
    elif side.declined is not None:
        outcome, reason, happened = ev.Outcome.REFUSED, side.said or "no_thanks", side.declined
    elif side.due:
        outcome, reason, happened = ev.Outcome.MISSED, "unconfirmed", side.plan.closes
    else:
        outcome, reason, happened = ev.Outcome.FAILED, "not_offered", side.plan.closes
    return ev.OutcomeRecorded(
        at=now,
        dose_id=side.dose_id,
        revision=1,
        outcome=outcome,
        late=False,
        by="",
        reason=reason,
        happened=happened,
        helper=side.helper if outcome is ev.Outcome.REFUSED else None,
    )


def _lately(world: World, resident: str) -> Iterator[datetime]:
    for dose in world.doses.values():
        if dose.plan.resident == resident and dose.lifted is not None:
            yield dose.lifted
    for side in world.sides.values():
        if side.plan.resident == resident and side.outcome is not None:
            yield side.outcome.happened
