"""The last look before a commit: does what was decided keep the promises of docs/safety.md? Pure.

It asks again in other words than the rules that decided. Where they disagree, a rule of ours is wrong: the
engine commits nothing, sends nothing and ends the process (fail-stop), and the missing heartbeat calls
somebody. What it says names the promise and no dose: it goes into logs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.events import OrderKind, Outcome
from scheduler.evolve import evolve
from scheduler.ids import administration_id
from scheduler.machines_of_custody import Where
from scheduler.machines_of_home import RobotState
from scheduler.outbox import Change, Put
from scheduler.transitions import LOOKED_AT as STEPS
from scheduler.transitions import refused
from scheduler.world import Dose, SideDose, World

TOWARDS_RESIDENT = frozenset({OrderKind.RELEASE, OrderKind.PRESENT})
MAY_BE_HAD = frozenset({Stage.RELEASING, Stage.PRESENTING, Stage.IN_TRAY, Stage.LIFTED, Stage.DOUBT})
"""Where the resident may have the sachet, or get it at this moment."""

HAD = frozenset(
    {Outcome.RETRIEVED, Outcome.CONFIRMED, Outcome.WITNESSED, Outcome.GIVEN_BY_STAFF, Outcome.TAKEN_ALONG}
)
NEED_A_PERSON = frozenset({Outcome.MISSED, Outcome.REFUSED, Outcome.FAILED, Outcome.UNCERTAIN})

LOOKED_AT = (
    ev.OrderIssued,
    ev.TokenPassed,
    ev.OutcomeRecorded,
    ev.ResidentMovedIn,
    ev.IncidentRaised,
    *STEPS,
)


class InvariantBroken(Exception):
    """The process ends, and nothing of this turn is committed."""

    def __init__(self, promise: str) -> None:
        super().__init__(promise)
        self.what = f"The home stopped itself: what it was about to do breaks a promise. {promise}."
        self.meaning = (
            "This is a mistake in the program. Nothing of it was done, and the robot gives nothing while "
            "the home is down; on-call sees it as unknown."
        )
        self.next_step = (
            "Give the doses that are due by hand, and send this line and the journal to the makers."
        )


def broken(before: World, after: World, events: Sequence[ev.Event], told: Sequence[Change]) -> str:
    """The first promise that this commit would break, by its number; "" = none. `told`: its outbox rows."""
    return next(_faults(before, after, events, told), "")


def _faults(before: World, after: World, events: Sequence[ev.Event], told: Sequence[Change]) -> Iterator[str]:
    puts = {(change.outbox, change.key) for change in told if isinstance(change, Put)}
    settled: list[Dose | SideDose] = [*before.doses.values(), *before.sides.values()]
    known = {dose.dose_id: dose.outcome.revision for dose in settled if dose.outcome}
    world = before  # as it was when each was decided: what came in after an order is the courier's to look at
    looked_at = [number for number, event in enumerate(events) if isinstance(event, LOOKED_AT)]
    for event in events[: looked_at[-1] + 1] if looked_at else ():
        no_such_step = refused(world, event)
        world = evolve(world, event)
        match event:
            case ev.OrderIssued():
                if ("order", event.order.order_id) not in puts:
                    yield "S5: an order without its outbox row"
                yield from _ordered(world, event)
            case ev.TokenPassed():
                yield from _passed(world, event)
            case ev.HoldLetGo() if event.until is None:
                yield from _let_go(world, event)
            case ev.OutcomeRecorded():
                if event.revision != known.get(event.dose_id, 0) + 1:
                    yield "S4: a second outcome that is no correction of the first"
                known[event.dose_id] = event.revision
                yield from _documented(after, event, puts)
            case ev.ResidentMovedIn():
                known |= {each.plan.dose_id: each.outcome.revision for each in event.doses if each.outcome}
            case ev.IncidentRaised():
                incident = after.incidents.get(event.incident.incident_id)
                if incident and ("incident", f"{incident.incident_id}/{incident.revision}") not in puts:
                    yield "S4: an incident without its outbox row"
            case _:
                pass
        if no_such_step:
            yield f"S5: a step that no table of the core has ({no_such_step})"


def _ordered(world: World, event: ev.OrderIssued) -> Iterator[str]:
    order, dose = event.order, world.doses[event.order.dose_id]
    under_way = [each.order.order for each in world.doses.values() if each.order is not None]
    if sum(each.robot == order.robot for each in under_way) > 1:
        yield "S1: two orders at once"
    if dose.plan.loose and (order.kind in TOWARDS_RESIDENT or order.source == "magazine"):
        yield "S3: an order for medicine that no sachet holds"
    if order.resident != dose.plan.resident or not order.dose_id.startswith(f"{order.resident}/"):
        yield "S3: an order in another person's name"
    if order.kind not in TOWARDS_RESIDENT:
        return
    word = dose.permit  # a person's, recorded before
    allowed = word is not None and word.opens <= event.at < word.closes
    if not dose.plan.opens <= event.at < dose.plan.closes and not allowed:
        yield "S2: an order towards the resident outside the window"
    if not world.clock.trusted:
        yield "S2: an order towards the resident by a clock that nobody trusts"
    if any(each.stage is Stage.DOUBT and each.robot in ("", order.robot) for each in world.doses.values()):
        yield "S1: an order towards the resident beside a dose in doubt"
    if any(_within_reach_elsewhere(world, each, dose, order) for each in world.doses.values()):
        yield "S2: an order towards the resident while another robot has the same medicine out for them"
    if world.robot(order.robot).double_feed is not None:
        yield "S1: an order towards the resident while two sachets may have moved at once"
    if world.robot(order.robot).locked_by:
        yield "S1: an order towards the resident while staff give by hand at that robot"
    if dose.token or dose.outcome is not None:
        yield "S1: an order for a dose that a person gives, or that is settled"
    if any(_packed_for(dose, count.left) for count in world.counts.get(order.resident, ())):
        yield "S1: an order for a dose whose sachet left with a magazine and was not counted"
    if _given_by_others(world, dose):
        yield "S1: an order for a dose that others have given"
    custody = world.custody.get(order.resident)
    if custody is not None and custody.where is not Where.HERE:
        yield "S1: an order for a resident who is in another home's care"
    if world.behind or dose.lost:
        yield "S1: an order while the journal may lack what was given"
    regime = world.regimes.get(order.resident)
    if regime is not None and (regime.pause is not None or regime.mode is ev.Mode.SUSPENDED):
        yield "S2: an order towards a resident whose medicine is paused or suspended"
    if order.take_along and (word is None or not word.along or dose.plan.controlled):
        yield "S2: medicine handed out for a leave that nobody planned, or controlled medicine"
    if order.kind is OrderKind.RELEASE:
        yield from _released(world, dose, order)
    elif not order.label or order.label != dose.label:
        yield "S3: a present of another sachet than was released"


def _given_by_others(world: World, dose: Dose) -> bool:
    """By the fagsystem's word: within a day, no further than midway between two doses of that medicine, and
    no other one was planned nearer to it; but for what a person has said of that."""
    known = world.elsewhere.get(dose.plan.resident)
    if known is None or dose.plan.as_needed:
        return False
    for given in known.given:
        if given.prescription_id not in dose.plan.prescriptions:
            continue
        every = [*(d.plan for d in world.doses.values()), *(s.plan for s in world.sides.values())]
        away = [
            (abs((plan.opens - given.at).total_seconds()), plan.opens, plan.dose_id)
            for plan in every
            if plan.resident == dose.plan.resident
            and given.prescription_id in plan.prescriptions
            and not plan.as_needed
        ]
        word = next((said for said in known.said if said.given == given), None)
        if word is not None and (word.which is ev.Which.AS_NEEDED or word.dose_id in {a[2] for a in away}):
            if word.which is ev.Which.FIXED and word.dose_id == dose.dose_id:
                return True
            continue  # by a person's word it was another dose, or none
        nearest = min(away)
        if nearest[2] == dose.dose_id and nearest[0] <= min(DAY_S, _midway_s([a[1] for a in away])):
            return True
    return False


def _midway_s(times: Sequence[datetime]) -> float:
    """Half of the longest time without any, in seconds; of a single one nobody knows."""
    ordered = sorted(set(times))
    gaps = [(ordered[n + 1] - ordered[n]).total_seconds() for n in range(len(ordered) - 1)]
    return max(gaps) / 2 if gaps else DAY_S


DAY_S = 86_400


def _within_reach_elsewhere(world: World, other: Dose, dose: Dose, order: ev.Order) -> bool:
    """Of the scheduled medicine and that as needed one can be out of a robot while the other is asked for."""
    theirs = {each.prescription_id for each in other.plan.portions}
    same_medicine = any(each.prescription_id in theirs for each in dose.plan.portions)
    mine = other.plan.resident == order.resident and other.plan.as_needed is not dose.plan.as_needed
    there = world.robot(other.robot).state is RobotState.READY and other.robot != order.robot
    return same_medicine and mine and there and other.stage in (MAY_BE_HAD - {Stage.LIFTED})


def _packed_for(dose: Dose, left: Sequence[ev.LeftSachet]) -> bool:
    """Of the date, and not hours away from its time; as needed, of the same medicine."""
    if dose.plan.as_needed:
        return any(each.as_needed and each.content == dose.plan.content for each in left)
    mine = [each for each in left if each.day == dose.plan.day and not each.as_needed]
    hours = [abs(each.packed - dose.plan.opens).total_seconds() / 3600 for each in mine]
    return min(hours, default=24.0) <= PACKED_APART_H


PACKED_APART_H = 2


def _released(world: World, dose: Dose, order: ev.Order) -> Iterator[str]:
    robot = world.robot(order.robot)
    status, roll = robot.status, robot.rolls.get(dose.plan.resident)
    if status is None or roll is None or status.production_id != roll.production_id:
        yield "S3: a release from a roll without its manifest"
        return
    read = [sachet for sachet in roll.sachets if sachet.label == order.label]
    if roll.as_needed or dose.plan.as_needed:
        own = roll.as_needed and dose.plan.as_needed and any(s.content == dose.plan.content for s in read)
    else:
        own = dose.plan.day in {sachet.local.date() for sachet in read}
    together = dose.let_go.by if dose.let_go is not None and dose.let_go.label == order.label else ()
    if status.mouth_label != order.label or not (own or _two(together)):
        yield "S3: a release of another sachet than this dose's"
    others = [other for key, other in robot.rolls.items() if key != dose.plan.resident]
    if any(sachet.label == order.label for other in others for sachet in other.sachets):
        yield "S3: a release of another person's sachet"
    if status.holding or status.tray:
        yield "S1: a release onto another sachet"


def _let_go(world: World, event: ev.HoldLetGo) -> Iterator[str]:
    dose = world.doses.get(event.dose_id)
    if dose is None:
        return
    rolls = [roll for robot in world.robots.values() for roll in robot.rolls.values()]
    read = [
        (roll.resident, sachet)
        for roll in rolls
        if roll.production_id == event.production_id
        for sachet in roll.sachets
        if sachet.label == event.label
    ]
    plan = dose.plan
    if any(resident != plan.resident for resident, _ in read):
        yield "S3: another person's sachet was let go"
    fits = any(s.content == plan.content and s.local.date() == plan.day for _, s in read) or plan.as_needed
    if not fits and not _two(event.by):
        yield "S3: a sachet that does not fit was let go by fewer than two people"


def _two(names: Sequence[str]) -> bool:
    return len({"".join(name.split()).lower() for name in names}) > 1


def _passed(world: World, event: ev.TokenPassed) -> Iterator[str]:
    dose = world.doses.get(event.dose_id)
    if dose is None:
        return
    if dose.order is not None or dose.stage in MAY_BE_HAD:
        yield "S1: the right to give passed while the robot may be giving"
    if dose.outcome is not None and dose.outcome.outcome in HAD:
        yield "S1: the right to give passed for a dose that was had"


def _documented(after: World, event: ev.OutcomeRecorded, puts: Collection[tuple[str, str]]) -> Iterator[str]:
    dose = after.doses.get(event.dose_id) or after.sides.get(event.dose_id)
    if dose is None:
        return
    for portion in dose.plan.portions:
        key = administration_id(event.dose_id, portion.prescription_id, event.revision)
        if ("administration", key) not in puts:
            yield "S5: an outcome without its administration"
    asked_for = event.outcome is Outcome.REFUSED and dose.plan.as_needed  # they needed it no more
    if (
        event.outcome in NEED_A_PERSON
        and not asked_for
        and after.incident_about(f"dose:{event.dose_id}") is None
    ):
        yield "S4: a dose nobody had, and no incident"
