"""How an event changes one dose: where its medicine is, its order, its outcome, who may give it.

Decides nothing, like all of `evolve`; `dose.TABLE` says which stage follows.
"""

from __future__ import annotations

from typing import assert_never

from scheduler import events as ev
from scheduler.changed import handed_out_changed
from scheduler.dose import IN_MAGAZINE, IN_MOTION, Stage, Trigger, advance
from scheduler.evolve_incident import with_token
from scheduler.evolve_leave import authorised, came_back
from scheduler.evolve_press import press_used, with_robot
from scheduler.evolve_side import evolve_side
from scheduler.habits import learnt
from scheduler.let_go import LetGo
from scheduler.machines_of_dose import TOKEN, LossInput, Token, TokenInput, WishInput
from scheduler.remembered import DOUBLE_FEED
from scheduler.replacing import replace
from scheduler.roll import Beside, following_as_needed
from scheduler.standing import token_of, wished
from scheduler.world import Dose, OpenOrder, World


def evolve_dose(world: World, event: ev.DoseEvent) -> World:
    """The world after an event about one dose; one about a dose long gone changes nothing."""
    match event:
        case ev.OrderIssued():
            return _issued(world, event)
        case ev.OrderRevoked():
            dose = next(
                (d for d in world.doses.values() if d.order and d.order.order.order_id == event.order_id),
                None,
            )
            return with_dose(world, _revoked(dose)) if dose else world
        case ev.TokenPassed() | ev.TokenReturned():
            held = isinstance(event, ev.TokenPassed)
            about = world.subjects.get(f"dose:{event.dose_id}", ("", 0))[0]
            world = with_token(world, about, held, event)
            dose = world.doses.get(event.dose_id)
            return with_dose(world, _dose_changed(dose, event, world)) if dose else world
        case ev.DoseDoubted():
            robot = world.robot(event.robot)
            fed = tuple(feed for feed in robot.fed if feed.dose_id != event.beside)
            world = with_robot(world, event.robot, replace(robot, fed=fed))
            dose = world.doses.get(event.dose_id)
            return with_dose(world, _doubted(dose, event)) if dose else world
        case _:
            if isinstance(event, ANSWERS):
                world = press_used(world, event.robot)
            dose = world.doses.get(event.dose_id)
            if dose is None:
                return evolve_side(world, event)
            if isinstance(event, ev.OutcomeRecorded) and not dose.plan.as_needed:
                world = _learnt(world, dose, event)
            return with_dose(world, _dose_changed(dose, event, world))


ANSWERS = (ev.DosePutOff, ev.DoseDeclined, ev.AnswerTakenBack)
"""Each uses up the press that said it."""


def _learnt(world: World, dose: Dose, event: ev.OutcomeRecorded) -> World:
    resident = dose.plan.resident
    known = learnt(world.habits.get(resident, ()), dose.plan, event.outcome, event.late)
    return replace(world, habits={**world.habits, resident: known})


def _revoked(dose: Dose) -> Dose:
    """Not sent: the press behind it is used up. The sachet goes back to where it was, unless the record has
    moved it meanwhile (rule 16)."""
    after = moved(dose, Trigger.REVOKED) if dose.stage in IN_MOTION else dose
    return replace(after, order=None, wanted_until=None)


def _issued(world: World, event: ev.OrderIssued) -> World:
    order = event.order
    dose = world.doses[order.dose_id]
    spent = order.ground == "press"
    released = order.kind is ev.OrderKind.RELEASE
    robot = world.robot(order.robot)
    rest = dose.stage
    dose = replace(
        moved(wished(dose, WishInput.ORDERED, event.at) if spent else dose, Trigger(f"{order.kind}_ordered")),
        robot=order.robot,
        order=OpenOrder(order=order, issued=event.at, session=robot.session),
        rest=rest,
        doubted=None,
        attempts=dose.attempts + 1,
        releases=dose.releases + released,
        label=order.label if released else dose.label,
        # What goes back was not taken: only another press brings it out again.
        wanted_until=order.expires if spent else None if order.kind in AWAY else dose.wanted_until,
        anonymous=dose.anonymous and not spent,
        helper=event.helper if spent else dose.helper,
        left=dose.left or (order.ground == LEFT and dose.plan.controlled),
        away_tried=event.at if order.kind in AWAY else dose.away_tried,
        along=order.take_along if order.kind in TOWARDS else dose.along,
    )
    world = with_dose(world, dose)
    return press_used(world, order.robot) if spent else world


TOWARDS = frozenset({ev.OrderKind.RELEASE, ev.OrderKind.PRESENT})

LEFT = "left"
"""Ground of a retract: it lay in the tray for longer than controlled medicine may."""

AWAY = frozenset({ev.OrderKind.RETRACT, ev.OrderKind.DIVERT})
"""Out of the resident's reach."""


def _dose_changed(dose: Dose, event: ev.DoseChange, world: World) -> Dose:
    trusted = world.clock.trusted
    match event:
        case ev.OrderEnded():
            return _ended(dose, event, world)
        case ev.MotionAdopted():
            return _adopted(dose, event, world)
        case ev.DoseDue():
            return replace(moved(dose, Trigger.OPENED), offered=True, outage=event.outage)
        case ev.ReminderGiven():
            return replace(dose, reminders=event.number)
        case ev.DosePutOff():
            return replace(wished(dose, WishInput.LATER, event.at), wanted_until=None)
        case ev.DoseDeclined():
            said = wished(dose, WishInput.NO_THANKS, event.at)
            return replace(said, wanted_until=None, helper=event.helper)
        case ev.AnswerTakenBack():
            return replace(wished(dose, WishInput.TAKEN_BACK, event.at), helper=event.helper)
        case ev.DoseHeld():
            held = moved(dose, Trigger.HELD)
            return replace(held, held=event.reason, held_label=event.label, let_go=None)
        case ev.HoldLetGo():
            return _let_go(dose, event)
        case ev.OutcomeRecorded():
            seen = world.regime(dose.plan.resident).mode is ev.Mode.WITNESSED or dose.to_witness
            to_witness = seen and event.outcome in (ev.Outcome.RETRIEVED, ev.Outcome.CONFIRMED)
            dose = replace(dose, outcome=event, wanted_until=None, to_witness=to_witness)
            if dose.lifted is not None:
                return dose
            # Without a lift the outcome says when it was had: then a new one is dated anew.
            return replace(dose, had_before=None, untimed=not trusted)
        case ev.FindingContradicted():
            fenced = dose.stage in IN_MAGAZINE or dose.stage is Stage.HOLDING
            return replace(dose, contradicted=True, stage=Stage.DOUBT if fenced else dose.stage)
        case ev.TokenPassed():
            passed = _with_token(dose, TokenInput.PASSED, event.to)
            return replace(passed, handed_back="", wanted_until=None)
        case ev.TokenReturned():
            return replace(_with_token(dose, TokenInput.RETURNED, event.by), handed_back=event.by)
        case ev.DecisionMade():
            return _decided(dose, event, trusted)
        case ev.ReleaseAuthorised():
            return authorised(dose, event)
        case ev.SachetCameBack():
            return came_back(dose, event)
        case ev.HandedOutChanged():
            return handed_out_changed(world, dose, event)
        case _:
            assert_never(event)


def _let_go(dose: Dose, event: ev.HoldLetGo) -> Dose:
    said = LetGo(event.by, event.label, event.production_id, event.plan_version, event.until)
    if event.until is not None:
        return replace(dose, let_go=said)
    return replace(moved(dose, Trigger.LET_GO), held="", held_label="", let_go=said if said.done else None)


def _with_token(dose: Dose, given: TokenInput, person: str) -> Dose:
    return replace(dose, token=person if TOKEN.after(token_of(dose), given) is Token.PERSON else "")


def _doubted(dose: Dose, event: ev.DoseDoubted) -> Dose:
    after = replace(moved(dose, Trigger.UNKNOWN), rest=dose.stage, robot=event.robot, label=event.label)
    return replace(after, beside=event.beside, doubted=None, found="")


def _done(world: World, dose: Dose, kind: ev.OrderKind) -> Trigger:
    """What the record of a motion says of this dose. After a double feed the robot can't tell which of two
    sachets it put away: what lay in the tray, and what lay beside it, is for a person to find. What they
    found in the holding place is known again. What nobody could reach is in the store once they discard it;
    of what lay in the tray that says nothing of who had it."""
    was = dose.rest if dose.stage in IN_MOTION else dose.stage
    feed = world.robot(dose.robot).double_feed
    moved_first = feed is not None and feed.dose_id == dose.dose_id
    beside = bool(dose.beside) and was is Stage.DOUBT
    first = world.doses.get(dose.beside) if dose.beside else dose
    decided = dose.discard and first is not None and first.presented is None
    unsure = kind in AWAY and (moved_first or beside) and was is not Stage.HOLDING and not decided
    return Trigger.UNKNOWN if unsure else Trigger(f"{kind}_done")


def _adopted(dose: Dose, event: ev.MotionAdopted, world: World) -> Dose:
    after = replace(moved(dose, _done(world, dose, event.kind)), robot=event.robot or dose.robot)
    match event.kind:
        case ev.OrderKind.RELEASE:
            return replace(after, releases=dose.releases + 1, label=event.label)
        case ev.OrderKind.PRESENT:
            return replace(after, presented=event.at)
        case _:
            return after


def _ended(dose: Dose, event: ev.OrderEnded, world: World) -> Dose:
    order = dose.order.order if dose.order else dose.doubted
    match event.result:
        case ev.Result.DONE:
            after = moved(dose, _done(world, dose, event.kind))
            presented = event.at if event.kind is ev.OrderKind.PRESENT else dose.presented
            tried = dose.away_tried if after.stage is Stage.DOUBT else None
            wanted = None if event.detail == DOUBLE_FEED else dose.wanted_until  # only another press (rule 2)
            after = replace(after, order=None, doubted=None, presented=presented, failure="")
            return replace(after, away_tried=tried, wanted_until=wanted)
        case ev.Result.UNKNOWN:
            after = replace(moved(dose, Trigger.UNKNOWN), order=None, doubted=order, wanted_until=None)
            return replace(after, beside_it=dose.beside_it | _fed_with(dose, order, world))
        case ev.Result.REFUSED:
            return _refused(dose, event)
        case _:
            assert_never(event.result)


def _fed_with(dose: Dose, order: ev.Order | None, world: World) -> frozenset[Beside]:
    """As needed, and it may have gone along by the robot's fault alone: its log was lost (rule 7)."""
    robot = world.robot(dose.robot)
    if order is None or robot.status is None or robot.status.fault != DOUBLE_FEED:
        return frozenset()
    return following_as_needed(robot.rolls, order.label or dose.label)


UNSENT = frozenset({"never_seen", "cancelled", "lifted"})
"""The robot never tried: no failure of its own."""


def _refused(dose: Dose, event: ev.OrderEnded) -> Dose:
    """Nothing moved. A release or present that the robot tried or would not do is a failure (S8)."""
    towards = event.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT) and event.reason not in UNSENT
    after = moved(dose, Trigger.NOT_MOVED if towards else Trigger.REFUSED)
    failure = (event.detail or event.reason) if towards else dose.failure
    return replace(after, order=None, doubted=None, wanted_until=None, failure=failure)


def _decided(dose: Dose, event: ev.DecisionMade, trusted: bool) -> Dose:
    match event.verdict:
        case ev.Verdict.DISCARD:
            return replace(dose, discard=event.by)
        case _ if event.found in (LossInput.HAD, LossInput.NOT_HAD):
            return replace(dose, lost=False)  # what the lost part says of it is known
        case ev.Verdict.HAD_IT if dose.stage is Stage.DOUBT:
            found = Trigger.RESIDENT_HAD_IT
            dose = replace(moved(dose, found), found=found.value, lost=False)
            return replace(dose, lifted=event.at, had_before=None, untimed=not trusted)
        case ev.Verdict.NOT_GIVEN if dose.stage is Stage.DOUBT:
            return replace(moved(dose, Trigger(event.found)), found=event.found, lost=False)
        case _:
            return dose


def moved(dose: Dose, trigger: Trigger) -> Dose:
    return replace(dose, stage=advance(dose.stage, trigger, dose.rest))


def with_dose(world: World, dose: Dose) -> World:
    return replace(world, doses={**world.doses, dose.dose_id: dose})
