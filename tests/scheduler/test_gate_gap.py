"""S2 and rule 8 at the gate: how long after what was had of a prescription the next of it is kept back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.dose import Stage
from scheduler.gate import beyond_plan, earliest
from scheduler.permit import Permit
from scheduler.plan import Prescription
from scheduler.receive_command import token_may_pass
from scheduler.remembered import Elsewhere
from scheduler.taken_along import near_what_they_took_along
from scheduler.world import Dose, World
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, utc

MINUTE = timedelta(minutes=1)


def shared(home: PureHome, **had: dict[str, Any]) -> World:
    """One prescription at 8, 12, 18 and 22; of each slot named what became of it."""
    portions = home.dose("morning").plan.portions
    doses: dict[str, Dose] = {}
    for slot in ("morning", "noon", "evening", "night"):
        dose = home.dose(slot)
        doses[dose.dose_id] = replace(dose, plan=replace(dose.plan, portions=portions), **had.get(slot, {}))
    return replace(home.world, doses=doses)


def lifted(at: str, **changed: Any) -> dict[str, Any]:
    return {"stage": Stage.LIFTED, "lifted": utc(at), **changed}


def told(home: PureHome, name: ev.Outcome, at: str) -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(home.now, "d", 1, name, False, "", "x", utc(at))


def first(home: PureHome, world: World, slot: str = "noon", **changed: Any) -> datetime:
    return earliest(world, replace(world.doses[home.dose(slot).dose_id], **changed))


def test_half_the_planned_gap_is_kept_to_the_last_one_and_never_less_than_its_own_time(
    home: PureHome,
) -> None:
    for had, expected in (("08:00", "12:00"), ("10:00", "12:00"), ("10:01", "12:01"), ("11:30", "13:30")):
        assert first(home, shared(home, morning=lifted(had))) == utc(expected)


def test_what_was_had_before_its_own_time_keeps_back_the_one_before_it(home: PureHome) -> None:
    """Staff gave the evening's dose at noon: noon's own must wait for half of their six hours."""
    given = {"outcome": told(home, ev.Outcome.GIVEN_BY_STAFF, "11:50")}
    assert first(home, shared(home, evening=given)) == utc("14:50")


def test_an_uncounted_sachet_counts_as_had_for_what_comes_after_it(home: PureHome) -> None:
    """Rule 24: as if at its own time, and only backwards."""
    assert first(home, shared(home, morning={"uncounted": "uncounted"})) == utc("12:00")
    late = {"uncounted": "uncounted", "had_before": utc("11:00")}
    assert first(home, shared(home, morning=late)) == utc("13:00")
    assert first(home, shared(home, evening={**late, "had_before": utc("11:50")})) == utc("12:00")


def test_what_was_taken_along_for_later_keeps_nothing_back_that_is_had_before_it(home: PureHome) -> None:
    """It is in their hands, and has its own time; what comes after it in the day still counts."""
    out = lifted("11:50", along=True, outcome=told(home, ev.Outcome.TAKEN_ALONG, "11:50"))
    assert first(home, shared(home, evening=out)) == utc("12:00")
    given = {"outcome": told(home, ev.Outcome.GIVEN_BY_STAFF, "11:55")}
    both = shared(home, evening=out, night=given)
    assert first(home, both) > utc("12:00")
    assert first(home, shared(home, noon=out), "evening") == utc("18:00"), "had at its own time: noon"


def test_an_early_release_counts_from_when_it_is_allowed(home: PureHome) -> None:
    early = Permit(utc("10:00"), utc("12:00"), along=False)
    assert first(home, shared(home), permit=early) == utc("10:00")
    assert first(home, shared(home, morning=lifted("09:00")), permit=early) == utc("11:00")


AS_NEEDED = Period(
    date(1900, 1, 1),
    None,
    NOT_ITERATED,
    (Day(ANY_DAY, (Intake(Decimal(1), as_needed=True),)),),
    Limit(gap_min=240, per_day=Decimal(4), times=3),
)


@pytest.fixture
def asked(home: PureHome) -> PureHome:
    """The morning's medicine is had as needed, and was asked for at eight."""
    plan = home.world.plans[RESIDENT]
    one = Prescription("p-morning", "C07AB02", "10 mg", Dosage("tablet", (AS_NEEDED,)))
    known = Elsewhere(utc("08:00"), ())
    home.world = replace(
        home.world, plans={RESIDENT: replace(plan, prescriptions=(one,))}, elsewhere={RESIDENT: known}
    )
    return home


def said(home: PureHome, world: World | None = None) -> str:
    plan = replace(home.dose("morning").plan, dose_id="pn", slot="pn-1")
    nothing_else = replace(world or home.world, doses={})
    return beyond_plan(nothing_else, replace(home.dose("morning"), plan=plan))


def test_medicine_as_needed_is_held_against_its_own_limits_as_of_when_it_was_asked_for(
    asked: PureHome,
) -> None:
    assert said(asked) == ""
    had = ev.GivenElsewhere("p-morning", utc("07:00"), Decimal(1))
    world = replace(asked.world, elsewhere={RESIDENT: Elsewhere(utc("08:00"), (had,))})
    assert said(asked, world) == "asked_too_soon"


def test_that_nothing_is_known_of_elsewhere_is_asked_before_and_not_at_the_gate(asked: PureHome) -> None:
    """It was known when they asked; the sachet that waits in the robot since is theirs."""
    assert said(asked, replace(asked.world, elsewhere={})) == ""


def test_what_is_on_the_card_no_more_is_not_had(asked: PureHome) -> None:
    plan = replace(asked.world.plans[RESIDENT], prescriptions=())
    assert said(asked, replace(asked.world, plans={RESIDENT: plan})) == "no_plan"


def test_by_hand_nothing_comes_close_to_what_was_taken_along_for_later(home: PureHome) -> None:
    """Before its time they have it in their hands, and after it they have had it."""
    out = lifted("11:50", along=True, outcome=told(home, ev.Outcome.TAKEN_ALONG, "11:50"))
    world = shared(home, evening=out)
    noon = world.doses[home.dose("noon").dose_id]
    times = ("14:59", "15:00", "15:01", "20:59", "21:00", "21:01")
    near = [near_what_they_took_along(world, noon, utc(at)) for at in times]
    assert near == [False, False, True, True, False, False]
    assert not near_what_they_took_along(shared(home, evening=lifted("18:00")), noon, utc("18:30"))


def test_nor_does_the_right_to_give_it_pass_then(home: PureHome) -> None:
    out = lifted("11:50", along=True, outcome=told(home, ev.Outcome.TAKEN_ALONG, "11:50"))
    world = shared(home, evening=out)
    noon = world.doses[home.dose("noon").dose_id]
    plan = world.plans[RESIDENT]
    four = tuple(Intake(Decimal(1), part=part) for part in DayPart)
    every = [
        replace(p, dosage=Dosage("tablet", (cycle(FIRST_DAY, None, 1, four),))) for p in plan.prescriptions
    ]
    world = replace(world, plans={RESIDENT: replace(plan, prescriptions=tuple(every))})
    missed = ev.Incident("i", "s", ev.Kind.DOSE_MISSED, ev.Priority.HIGH, noon.dose_id, home.now, home.now)
    may = [token_may_pass(world, missed, noon, utc(at)) for at in ("14:59", "15:01", "20:59", "21:01")]
    assert may == [True, False, False, True]
