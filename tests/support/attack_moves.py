"""Short moves against a pure home, for the named attacks: look, refuse, resolve, force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.plan import Content, Portion, Prescription
from scheduler.world import Dose
from tests.support.pure_home import FIRST_DAY, PARTS, RESIDENT, PureHome, prescriptions, roll, utc

DRUG = "N02BE01"
MEALS = (DayPart.MORNING, DayPart.NOON)


def home_sharing(meals: tuple[DayPart, ...] = MEALS) -> PureHome:
    """At 07:50, ready; morning and noon, or other parts of the day, hold one more prescription, the same."""
    often = Dosage("tablet", (cycle(FIRST_DAY, None, 1, [Intake(Decimal(1), part=part) for part in meals]),))
    both = Prescription("p-shared", DRUG, "5 mg", often)
    packed, hours = roll(), {PARTS[each] for each in meals}
    part = Content(DRUG, "5 mg", Decimal(1), "tablet")
    sachets = [
        replace(sachet, content=sachet.content | {part}) if sachet.local.time() in hours else sachet
        for sachet in packed.sachets
    ]
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, (*prescriptions(), both), "f1"))
    home.give(cmd.LoadRoll(replace(packed, sachets=tuple(sachets)), "technician"))
    return home


def about(home: PureHome, slot: str = "morning") -> ev.Incident:
    incident = home.incident(slot)
    assert incident is not None
    return incident


def anna_may_give() -> PureHome:
    """The first morning's dose failed, and Anna has the right to give it by hand."""
    home = PureHome(utc("07:50"))
    home.start()
    stalled(home)
    assert home.take(about(home), "Anna").accepted
    return home


def live_until(home: PureHome, at: datetime) -> None:
    """Time passes, and the robot carries out at once what it is told meanwhile."""
    while home.now < at:
        home.until_at(min(at, home.now + timedelta(minutes=1)))
        while home.world.order_under_way() is not None:
            home.move()


def is_open(incident: ev.Incident | None) -> bool:
    return incident is not None and incident.state is not ev.State.CLOSED


def refuse(home: PureHome, reason: str) -> None:
    under_way = home.world.order_under_way()
    assert under_way is not None
    order = under_way.order
    home.give(ev.OrderEnded(home.now, order.order_id, "", order.kind, ev.Result.REFUSED, reason))


def report(home: PureHome, **sensors: object) -> None:
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), **sensors)))  # type: ignore[arg-type]


def resolve(home: PureHome, incident: ev.Incident, by: str = "Anna") -> None:
    home.take(incident, by)
    assert home.close(home.world.incidents[incident.incident_id], by, "done").accepted


def in_doubt(home: PureHome) -> None:
    """The morning's release started, and nobody knows how it ended."""
    home.until("08:05")
    home.press()
    home.move("accepted started")
    home.until("08:08")
    assert home.dose("morning").stage is Stage.DOUBT


def stalled(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.robot.fault = "motor_stall"
    home.move(result="not_moved", detail="motor_stall")


def shared(home: PureHome, slot: str) -> None:
    """The dose of `slot` now holds the morning's prescription instead of its own."""
    dose = home.dose(slot)
    portion = Portion("p-morning", next(iter(home.dose("morning").plan.content)))
    changed = replace(dose, plan=replace(dose.plan, portions=(portion,)))
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: changed})


def changed(home: PureHome, slot: str, **fields: object) -> Dose:
    dose = replace(home.dose(slot), **fields)  # type: ignore[arg-type]
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})
    return dose
