"""How a move and a count change the world. Decides nothing, like all of `evolve`."""

from __future__ import annotations

from typing import assert_never

from scheduler import events as ev
from scheduler.custody import Count, Custody, doubt_about
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.habits import Did, Past
from scheduler.machines_of_custody import CUSTODY, CustodyInput, Where
from scheduler.remembered import Planned
from scheduler.replacing import replace
from scheduler.standing import custody_of
from scheduler.world import Dose, SideDose, World, by_opening


def evolve_custody(world: World, event: ev.CustodyEvent) -> World:
    """The world after it."""
    match event:
        case ev.MoveAsked():
            known = world.custody.get(event.resident)
            asked = Custody(
                _where(world, event.resident, CustodyInput.ASKED), event.move, known.number if known else 0
            )
            return replace(world, custody={**world.custody, event.resident: asked})
        case ev.ResidentMovedOut():
            return _gone(world, event)
        case ev.ResidentMovedIn():
            return _arrived(world, event)
        case ev.MagazineTakenOut():
            return _taken_out(world, event)
        case ev.SachetsCounted():
            return _counted(world, event)
        case _:
            assert_never(event)


def _where(world: World, resident: str, given: CustodyInput) -> Where:
    return CUSTODY.after(custody_of(world, resident), given)


def in_doubt(world: World, dose: Dose) -> Dose:
    """With what is not counted of its sachet (rule 24)."""
    doubt = doubt_about(world.counts.get(dose.plan.resident, ()), dose.plan)
    return dose if dose.uncounted == doubt else replace(dose, uncounted=doubt)


def _gone(world: World, event: ev.ResidentMovedOut) -> World:
    """Nothing of theirs is left that this home could offer, miss or ask for. A call for help is not over."""
    who = event.resident
    custody = Custody(_where(world, who, CustodyInput.MOVED_OUT), event.move, event.number, event)
    for serial, robot in world.robots.items():
        if who in robot.rolls:
            rolls = {key: roll for key, roll in robot.rolls.items() if key != who}
            world = with_robot(world, serial, replace(robot, rolls=rolls))
    return replace(
        world,
        custody={**world.custody, who: custody},
        doses={key: dose for key, dose in world.doses.items() if dose.plan.resident != who},
        sides={key: side for key, side in world.sides.items() if side.plan.resident != who},
        plans={key: plan for key, plan in world.plans.items() if key != who},
        refused_plans={key: why for key, why in world.refused_plans.items() if key != who},
        planned={key: each for key, each in world.planned.items() if key != who},
        named={key: each for key, each in world.named.items() if key != who},
        regimes={key: each for key, each in world.regimes.items() if key != who},
        habits={key: each for key, each in world.habits.items() if key != who},
        confirmed={key: each for key, each in world.confirmed.items() if key != who},
        elsewhere={key: each for key, each in world.elsewhere.items() if key != who},
        asked={key: each for key, each in world.asked.items() if key != who},
        refusals={key: each for key, each in world.refusals.items() if key != who},
        counts={key: each for key, each in world.counts.items() if key != who},
        compared={key: each for key, each in world.compared.items() if key != who},
    )


def _arrived(world: World, event: ev.ResidentMovedIn) -> World:
    custody = Custody(_where(world, event.resident, CustodyInput.MOVED_IN), event.move, event.number)
    confirmed = (
        world.confirmed
        if event.confirmed is None
        else {
            **world.confirmed,
            event.resident: event.confirmed,
        }
    )
    carried = [_carried(each) for each in event.doses]
    sides = {
        each.plan.dose_id: SideDose(each.plan, due=each.offered, outcome=each.outcome) for each in event.sides
    }
    planned = world.planned
    if event.planned_to is not None:  # by no version: what is ahead is planned again, by this home's times
        planned = {**planned, event.resident: Planned(event.planned_to, 0)}
    named = {**world.named.get(event.resident, {})}
    named |= {each.prescription_id: each.card_version for each in event.named}
    past = tuple(Past(one.opens, one.dose_id, one.part, Did(one.did)) for one in event.habits)
    return replace(
        world,
        custody={**world.custody, event.resident: custody},
        confirmed=confirmed,
        planned=planned,
        named={**world.named, event.resident: named},
        doses=by_opening([*world.doses.values(), *carried]),
        sides={**world.sides, **sides},
        habits={**world.habits, event.resident: past},
    )


def _carried(each: ev.CarriedDose) -> Dose:
    return Dose(
        plan=each.plan,
        stage=Stage(each.stage),
        offered=each.offered,
        outcome=each.outcome,
        lifted=each.lifted,
        attempts=each.attempts,
        releases=each.releases,
        discard=each.discard,
        lost=each.lost,
        resolved=each.resolved,
        left_to_others=each.left_to_others,
        along=each.along,
        changed=each.changed,
        contradicted=each.contradicted,
        beside_it=each.beside_it,
        presented=each.presented,
        double_looked_into=each.double_looked_into,
    )


def _taken_out(world: World, event: ev.MagazineTakenOut) -> World:
    magazine = event.magazine
    robot = world.robots.get(magazine.robot)
    if robot is not None:
        rolls = {key: roll for key, roll in robot.rolls.items() if key != magazine.resident}
        world = with_robot(world, magazine.robot, replace(robot, rolls=rolls))
    count = Count(magazine, event.why, event.at, magazine.left)
    return _with(world, magazine.resident, (*world.counts.get(magazine.resident, ()), count))


def _counted(world: World, event: ev.SachetsCounted) -> World:
    counts = tuple(_after(count, event) for count in world.counts.get(event.resident, ()))
    return _with(world, event.resident, counts)


def _after(count: Count, event: ev.SachetsCounted) -> Count:
    named = frozenset(event.labels)
    missing = tuple(sachet for sachet in count.missing if sachet.label not in named)
    if event.place == "missing":
        missing += tuple(sachet for sachet in count.left if sachet.label in named)
    left = tuple(sachet for sachet in count.left if sachet.label not in named)
    return replace(count, left=left, missing=missing)


def _with(world: World, resident: str, counts: tuple[Count, ...]) -> World:
    open_ones = tuple(count for count in counts if count.left or count.missing)
    kept = {key: each for key, each in world.counts.items() if key != resident}
    world = replace(world, counts={**kept, resident: open_ones} if open_ones else kept)
    return replace(
        world,
        doses={
            key: in_doubt(world, dose) if dose.plan.resident == resident else dose
            for key, dose in world.doses.items()
        },
    )
