"""`evolve(world, event) -> World`: what an event changes. Total, pure, and the same for live and replay.

Decides nothing: a rule that needs a limit, a clock or the configuration belongs to `decide`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import assert_never

from scheduler import events as ev
from scheduler.added import named
from scheduler.as_needed_limits import remembered
from scheduler.dosage import DayPart
from scheduler.dose import AT_REST
from scheduler.evolve_as_needed import evolve_as_needed
from scheduler.evolve_clock import WENT_BACK, doubted, set_back, trusted_again, vouched
from scheduler.evolve_clock import restarted as clock_restarted
from scheduler.evolve_custody import evolve_custody, in_doubt
from scheduler.evolve_dose import evolve_dose, with_dose
from scheduler.evolve_incident import evolve_incident
from scheduler.evolve_leave import evolve_leave, kept_open, permitted, surplus
from scheduler.evolve_press import press_of, with_robot
from scheduler.evolve_refill import roll_compared
from scheduler.evolve_robot import evolve_robot, restarted
from scheduler.evolve_side import evolve_side, settled_before
from scheduler.evolve_upkeep import evolve_upkeep, not_later
from scheduler.evolve_voice import evolve_voice
from scheduler.expand import Catalogue, DayClock
from scheduler.own_sachet import discarded_at_mouth
from scheduler.regime import after
from scheduler.remembered import Planned
from scheduler.replacing import replace, replace_fresh
from scheduler.roll_look import Compared
from scheduler.world import (
    FORGERIES,
    KEEP_SETTLED,
    LOSSES_MAX,
    TOKENS_AHEAD,
    Dose,
    World,
    by_opening,
)


def evolve(world: World, event: ev.Event) -> World:
    """The world after `event`."""
    if world.last_at is not None and event.at < world.last_at - WENT_BACK:
        world = set_back(world, event.at)
    after = _changed(world, event)
    newest = after.clock.trusted and (after.trusted_at is None or event.at > after.trusted_at)
    return replace_fresh(after, world, last_at=event.at, trusted_at=event.at if newest else after.trusted_at)


def _changed(world: World, event: ev.Event) -> World:
    if isinstance(event, ev.RobotEvent):
        return evolve_robot(world, event)
    if isinstance(event, ev.DoseEvent):
        return evolve_dose(world, event)
    if isinstance(event, ev.IncidentEvent):
        return evolve_incident(world, event)
    if isinstance(event, ev.ResidentEvent):
        return _of_resident(world, event)
    return _home(world, event)


def _of_resident(world: World, event: ev.ResidentEvent) -> World:
    match event:
        case ev.HelpAsked() | ev.QuestionAsked() | ev.QuestionAnswered():
            return evolve_voice(world, event)
        case ev.AsNeededRequested() | ev.AsNeededRefused() | ev.ElsewhereRead() | ev.ElsewhereSaid():
            return evolve_as_needed(world, event)
        case ev.SideDosePlanned() | ev.SideDoseWithdrawn() | ev.SideDoseDue():
            return evolve_side(world, event)
        case ev.LeavePlanned() | ev.LeaveEnded():
            return evolve_leave(world, event)
        case (
            ev.MoveAsked()
            | ev.ResidentMovedOut()
            | ev.ResidentMovedIn()
            | ev.MagazineTakenOut()
            | ev.SachetsCounted()
        ):
            return evolve_custody(world, event)
        case ev.ModeSet() | ev.PauseBegun() | ev.PauseReviewed() | ev.PauseEnded() | ev.PausedAction():
            changed = after(world.regime(event.resident), event)
            return replace(world, regimes={**world.regimes, event.resident: changed})
        case _:
            assert_never(event)


def _home(world: World, event: ev.HomeEvent) -> World:
    match event:
        case ev.DaemonStarted():
            return _restarted(world, event)
        case ev.StoreStopped():
            return replace(world, store_stopped=(event.reason, event.stopped))
        case ev.ClockTrusted():
            world = vouched(not_later(trusted_again(world, event.at), event.at), event)
            return _dated(world, event.at) if world.behind and world.lost_before is None else world
        case ev.JournalFoundBehind():
            return _behind(world, event)
        case ev.EpochBegun():
            return replace(world, epoch=event.epoch)
        case ev.ClockDoubted():
            return doubted(world, event)
        case ev.PlanAccepted():
            return _in_force_from(world, event)
        case ev.PlanRefused():
            why = (event.fingerprint, f"{event.reason} {event.path}".strip())
            return replace(world, refused_plans={**world.refused_plans, event.resident: why})
        case ev.DosePlanned():
            known = world.doses.get(event.dose.dose_id)
            dose = (
                replace(known, plan=event.dose) if known else _marked(world, Dose(event.dose, known=event.at))
            )
            dose = in_doubt(world, kept_open(permitted(world, dose)))
            return replace(world, doses=by_opening({**world.doses, dose.dose_id: dose}.values()))
        case ev.SurplusHeld():
            return surplus(world, event)
        case ev.DoseWithdrawn():
            return replace(world, doses={key: d for key, d in world.doses.items() if key != event.dose_id})
        case ev.DayPlanned():
            return _day_planned(world, event)
        case ev.RollLoaded() | ev.RollCompared():
            return _loaded(world, event) if isinstance(event, ev.RollLoaded) else roll_compared(world, event)
        case ev.Pressed() | ev.AttemptBlocked() | ev.LockedOnTheSpot() | ev.UnlockedOnTheSpot():
            return press_of(world, event)
        case ev.PressSpent():
            return _spent(world, event)
        case ev.CommandAnswered():
            answered = {**world.answered, event.command_id: event.expires}
            forged = event.reason if event.reason in FORGERIES else world.forged
            return replace(world, answered=answered, forged=forged)
        case ev.AlarmTestBegun() | ev.CertificatesRead() | ev.ChoreEnded():
            return evolve_upkeep(world, event)
        case ev.PlanConfirmed() | ev.MedicineListAdopted() | ev.MedicineListRefused():
            return _in_force(world, event)
        case ev.ClockTimesAdopted() | ev.ClockTimesRefused():
            return _in_force(world, event)
        case (
            ev.ProofCommitted()
            | ev.RollRefused()
            | ev.RobotDumped()
            | ev.AnswerDelivered()
            | ev.AdministrationFiled()
        ):
            return world
        case _:
            assert_never(event)


def _in_force_from(world: World, event: ev.PlanAccepted) -> World:
    plans = {**world.plans, event.plan.resident: event.plan}
    refused = {key: why for key, why in world.refused_plans.items() if key != event.plan.resident}
    confirmed = {**world.confirmed, event.plan.resident: event.at}
    world = replace(world, named=named(world, event.plan))
    return replace(world, plans=plans, refused_plans=refused, confirmed=confirmed)


def _spent(world: World, event: ev.PressSpent) -> World:
    pressed_for = world.doses.get(event.dose_id)
    if pressed_for is not None:
        world = with_dose(world, replace(pressed_for, anonymous=True))
    return press_of(world, event)


def _in_force(
    world: World,
    event: ev.PlanConfirmed
    | ev.MedicineListAdopted
    | ev.MedicineListRefused
    | ev.ClockTimesAdopted
    | ev.ClockTimesRefused,
) -> World:
    """Which card, which list and which times hold."""
    match event:
        case ev.PlanConfirmed():
            return replace(world, confirmed={**world.confirmed, event.resident: event.at})
        case ev.MedicineListRefused():
            return replace(world, refused_list=event.reason)
        case ev.ClockTimesRefused():
            return replace(world, refused_times=event.reason)
        case _:
            return _adopted(world, event)


def _adopted(world: World, event: ev.MedicineListAdopted | ev.ClockTimesAdopted) -> World:
    """By another list, or other times, what is ahead is planned again."""
    if isinstance(event, ev.MedicineListAdopted):
        catalogue = Catalogue(event.known, event.critical, event.controlled, event.version, event.persons)
        same = world.medicine is None or world.medicine.says_the_same(catalogue)
        world = replace(world, medicine=catalogue, refused_list="")
    else:
        times = (event.morning, event.noon, event.evening, event.night)
        clock = DayClock(event.version, dict(zip(DayPart, times, strict=True)), event.persons)
        same = world.mapping is None or world.mapping.says_the_same(clock)
        world = replace(world, mapping=clock, refused_times="")
    return world if same else _planned_anew(world, world.planned)


def _planned_anew(world: World, residents: Collection[str]) -> World:
    """By no version: what is ahead of theirs is planned again."""
    planned = {
        key: replace(each, version=0) if key in residents else each for key, each in world.planned.items()
    }
    return replace(world, planned=planned)


def _behind(world: World, event: ev.JournalFoundBehind) -> World:
    """Rule 23. A clock nobody trusts can't say which doses were due before: the next trusted instant does."""
    world = replace(world, behind=(*world.behind, event)[-LOSSES_MAX:], lost_before=None)
    return _dated(world, event.at) if world.clock.trusted else world


def _dated(world: World, at: datetime) -> World:
    world = replace(world, lost_before=at)
    return replace(world, doses={key: _marked(world, dose) for key, dose in world.doses.items()})


def _marked(world: World, dose: Dose) -> Dose:
    """Whether the lost part may tell of it. What this journal says of its outcome stands."""
    before = world.lost_before
    lost = before is not None and dose.outcome is None and dose.plan.opens <= before + TOKENS_AHEAD
    return replace(dose, lost=True) if lost else dose


def _restarted(world: World, event: ev.DaemonStarted) -> World:
    """Nothing in flight is known any more: what was pressed is history, what was sent is unproven (P2)."""
    return replace(
        world,
        epoch=event.epoch,
        began=world.began or event.at,
        clock=clock_restarted(world.clock, event.at),
        robots=restarted(world, event.at),
        doses={key: replace(dose, wanted_until=None) for key, dose in world.doses.items()},
    )


def _loaded(world: World, event: ev.RollLoaded) -> World:
    """A magazine is one strip: rolls of another production id left the robot with the strip before it."""
    serial, roll = world.serial(event.robot), event.roll
    robot = world.robot(serial)
    beside = {key: one for key, one in robot.rolls.items() if one.production_id == roll.production_id}
    rolls = {**beside, roll.resident: roll}
    anew = {roll.resident, *(key for key in robot.rolls if key not in beside)}
    anew -= {key for key, one in world.compared.items() if _lies_elsewhere(world, serial, key, one)}
    world = replace(world, compared={key: one for key, one in world.compared.items() if key not in anew})
    world = _planned_anew(world, [roll.resident])
    return with_robot(world, serial, replace(robot, rolls=rolls, magazine_since=event.at, gone_label=""))


def _lies_elsewhere(world: World, serial: str, resident: str, known: Compared) -> bool:
    """Whether the roll that was looked at lies in another robot: this one was given medicine as needed."""
    found = known.found
    roll = world.robot(found.robot).rolls.get(resident) if found.robot != serial else None
    return roll is not None and roll.production_id == found.production_id


def _day_planned(world: World, event: ev.DayPlanned) -> World:
    """Planning moves on; what is long settled leaves the world (the journal keeps it)."""
    day, known = _date(event.day), world.planned.get(event.resident)
    to = day if known is None or day > known.to else known.to
    since = event.at if known is None else known.since
    before = event.at - KEEP_SETTLED
    sides = world.sides.keys()
    world = settled_before(world, before)
    kept = {key: dose for key, dose in world.doses.items() if not _long_settled(world, dose, event.at)}
    gone_sides = sides - world.sides.keys()
    about = {f"dose:{key}" for key in (world.doses.keys() - kept.keys()) | gone_sides}
    gone = {
        incident_id
        for incident_id, incident in world.incidents.items()
        if incident.state is ev.State.CLOSED
        and incident_id not in world.receipts
        and (incident.changed or incident.raised) < before
    }
    return replace(
        world,
        planned={**world.planned, event.resident: Planned(to, event.plan_version, since)},
        doses=kept,
        incidents={key: value for key, value in world.incidents.items() if key not in gone},
        subjects={key: value for key, value in world.subjects.items() if key not in about},
        answered={key: until for key, until in world.answered.items() if until > event.at},
    )


def _long_settled(world: World, dose: Dose, at: datetime) -> bool:
    """Nothing more is to come of it. An incident that nobody closed keeps its dose: nothing closes one by
    time."""
    if dose.order is not None or dose.outcome is None or dose.stage not in AT_REST:
        return False
    before = at - KEEP_SETTLED
    incident = world.incident_about(f"dose:{dose.dose_id}")
    watched = incident is not None and incident.state is not ev.State.CLOSED
    leave = world.regime(dose.plan.resident).leave
    if leave is not None and leave.covers(dose.plan.opens):
        return False  # what came back is yet to be counted
    if discarded_at_mouth(world, dose, dose.robot):
        return False  # forgotten, it would be handed out after all
    if dose.plan.as_needed:  # it counts against a most of many days (rule 8)
        before = min(before, at - remembered(world, dose.plan.resident))
    return not watched and dose.plan.closes <= before and dose.outcome.at <= before


def _date(text: str) -> date:
    return date.fromisoformat(text)
