"""Rule 8, S1: how much as needed may be had and when next, of a world that says what somebody had."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from scheduler import events as ev
from scheduler.as_needed_limits import Answer, as_needed_period, least_gap, may_be_had
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, Dosage, Intake, Limit, Period
from scheduler.dose import Stage
from scheduler.plan import Content, DosePlan, Portion, Prescription
from scheduler.remembered import Elsewhere
from scheduler.world import Dose, SideDose, World
from tests.support.pure_home import FIRST_DAY, RESIDENT, utc

NOW = utc("12:00")
HOUR, TICK = timedelta(hours=1), timedelta(milliseconds=1)
FOUR_HOURS = Limit(gap_min=240, per_day=Decimal(4), times=3)


def card(
    limit: Limit | None = FOUR_HOURS, first: date = date(1900, 1, 1), last: date | None = None
) -> Prescription:
    day = Day(ANY_DAY, (Intake(Decimal(1), as_needed=True),))
    period = Period(first, last, NOT_ITERATED, (day,), limit)
    return Prescription("p-pain", "N02BE01", "500 mg", Dosage("tablet", (period,)))


def planned(
    number: int, opens: datetime, quantity: int = 1, fixed: bool = False, **changed: object
) -> DosePlan:
    slot = f"noon-{number}" if fixed else f"pn-{number}"
    content = Content("N02BE01", "500 mg", Decimal(quantity), "tablet")
    plan = DosePlan(
        dose_id=f"{RESIDENT}/{FIRST_DAY}/{slot}/1",
        resident=RESIDENT,
        day=FIRST_DAY,
        slot=slot,
        opens=opens,
        half=opens + HOUR,
        closes=opens + 2 * HOUR,
        portions=(Portion("p-pain", content),),
        critical=False,
        plan_version=1,
    )
    return replace(plan, **changed)  # type: ignore[arg-type]


def lifted(number: int, at: datetime, quantity: int = 1, **changed: object) -> Dose:
    plan = planned(number, at, quantity)
    return replace(Dose(plan, stage=Stage.LIFTED, lifted=at), **changed)  # type: ignore[arg-type]


def world(
    *doses: Dose, sides: tuple[SideDose, ...] = (), elsewhere: tuple[ev.GivenElsewhere, ...] = ()
) -> World:
    """With knowledge of what was given elsewhere up to now."""
    return World(
        doses={dose.dose_id: dose for dose in doses},
        sides={side.dose_id: side for side in sides},
        elsewhere={RESIDENT: Elsewhere(NOW, elsewhere)},
    )


def asked(world: World, limit: Limit | None = FOUR_HOURS, quantity: int = 1, besides: str = "") -> Answer:
    return may_be_had(world, RESIDENT, card(limit), Decimal(quantity), FIRST_DAY, NOW, besides)


def had(dose: Dose, name: ev.Outcome) -> Dose:
    told = ev.OutcomeRecorded(NOW, dose.dose_id, 1, name, False, "", "x", dose.plan.opens)
    return replace(dose, stage=Stage.DUE, lifted=None, outcome=told)


SOON = Answer("asked_too_soon", NOW + 3 * HOUR)


def test_the_gap_is_kept_to_the_newest_one_to_the_instant() -> None:
    assert asked(world()) == Answer()
    assert asked(world(lifted(1, NOW - 4 * HOUR))) == Answer()
    assert asked(world(lifted(1, NOW - 4 * HOUR + TICK))) == Answer("asked_too_soon", NOW + TICK)
    newest_first = world(lifted(2, NOW - HOUR), lifted(1, NOW - 9 * HOUR))
    assert asked(newest_first) == SOON


HOUR_AGO = lifted(1, NOW - HOUR)
AWAY = replace(HOUR_AGO, lifted=None)


@pytest.mark.parametrize(
    ("dose", "counts"),
    [
        (HOUR_AGO, True),
        *((had(HOUR_AGO, name), True) for name in (
            ev.Outcome.RETRIEVED, ev.Outcome.CONFIRMED, ev.Outcome.WITNESSED, ev.Outcome.GIVEN_BY_STAFF,
            ev.Outcome.TAKEN_ALONG, ev.Outcome.UNCERTAIN,
        )),
        (had(HOUR_AGO, ev.Outcome.REFUSED), False),
        (had(HOUR_AGO, ev.Outcome.MISSED), False),
        *((replace(AWAY, stage=stage), True) for stage in (
            Stage.RELEASING, Stage.HOLDING, Stage.PRESENTING, Stage.IN_TRAY, Stage.RETRACTING, Stage.DOUBT,
        )),
        *((replace(AWAY, stage=stage), False) for stage in (
            Stage.DUE, Stage.HELD, Stage.IN_STORE, Stage.OUT, Stage.PASSING,
        )),
        (replace(AWAY, stage=Stage.DUE, token="Anna"), True),
        (replace(AWAY, stage=Stage.DUE, lost=True), True),
        (replace(AWAY, stage=Stage.IN_STORE, contradicted=True), True),
        (replace(AWAY, stage=Stage.IN_STORE, token="Anna"), True),
    ],
)  # fmt: skip
def test_what_counts_as_had(dose: Dose, counts: bool) -> None:
    """Rule 6: in doubt counts, and so does what a person may be giving by hand at this moment."""
    assert (asked(world(dose)).reason == "asked_too_soon") is counts
    assert asked(world(dose), besides=dose.dose_id).reason == ""


def test_what_another_person_had_and_what_is_of_another_prescription_does_not_count() -> None:
    plan = HOUR_AGO.plan
    of_another = replace(HOUR_AGO, plan=replace(plan, resident="b" * 32))
    other = replace(
        HOUR_AGO, plan=replace(plan, portions=(replace(plan.portions[0], prescription_id="p-x"),))
    )
    assert asked(world(of_another)) == asked(world(other)) == Answer()


def test_what_was_given_elsewhere_and_beside_the_robot_counts() -> None:
    given = ev.GivenElsewhere("p-pain", NOW - HOUR, Decimal(1))
    assert asked(world(elsewhere=(given,))) == SOON
    assert asked(world(elsewhere=(replace(given, prescription_id="p-x"),))) == Answer()
    plan = planned(1, NOW - HOUR, fixed=True)
    outcome = ev.OutcomeRecorded(NOW, plan.dose_id, 1, ev.Outcome.CONFIRMED, False, "", "x", NOW - HOUR)
    side = SideDose(plan, outcome=outcome)
    assert asked(world(sides=(side,))) == SOON
    assert asked(world(sides=(replace(side, outcome=None),))) == Answer()
    refused = replace(side, outcome=replace(outcome, outcome=ev.Outcome.REFUSED))
    assert asked(world(sides=(refused,))) == Answer()
    of_another = replace(side, plan=replace(plan, resident="b" * 32))
    assert asked(world(sides=(of_another,))) == Answer()


NO_GAP = Limit(gap_min=0, per_day=Decimal(4), times=3)


def test_units_and_intakes_are_counted_over_any_24_hours_wherever_they_were_had() -> None:
    three = [lifted(number, NOW - timedelta(hours=20) + number * HOUR) for number in (1, 2, 3)]
    again = Answer("limit_reached", three[0].plan.opens + timedelta(hours=24))
    assert asked(world(*three), NO_GAP) == again
    assert asked(world(*three[:2]), NO_GAP) == Answer()
    one_elsewhere = ev.GivenElsewhere("p-pain", three[0].plan.opens, Decimal(1))
    assert asked(world(*three[1:], elsewhere=(one_elsewhere,)), NO_GAP) == again
    long_ago = replace(one_elsewhere, at=NOW - timedelta(hours=24))
    assert asked(world(*three[1:], elsewhere=(long_ago,)), NO_GAP) == Answer()
    just_within = replace(long_ago, at=long_ago.at + TICK)
    assert asked(world(*three[1:], elsewhere=(just_within,)), NO_GAP) == Answer("limit_reached", NOW + TICK)


def test_units_are_counted_by_what_each_held_and_what_is_asked_for() -> None:
    units = Limit(gap_min=0, per_day=Decimal(4))
    two = lifted(1, NOW - 5 * HOUR, 2)
    assert asked(world(two), units, quantity=2) == Answer()
    assert asked(world(two), units, quantity=3) == Answer("limit_reached", NOW + timedelta(hours=19))
    assert asked(world(), units, quantity=5) == Answer("limit_reached"), "never: no time to tell"


def test_a_fixed_dose_of_the_same_prescription_keeps_its_gap_before_it_and_while_it_is_open() -> None:
    def at(opens: datetime, **changed: object) -> Answer:
        return asked(world(replace(Dose(planned(1, opens, fixed=True)), **changed)))  # type: ignore[arg-type]

    assert at(NOW + 4 * HOUR) == Answer()
    assert at(NOW + 4 * HOUR - TICK) == Answer("fixed_dose_soon", NOW + 8 * HOUR - TICK)
    assert at(NOW - HOUR) == Answer("fixed_dose_soon", NOW + 3 * HOUR)
    assert at(NOW - 2 * HOUR) == Answer(), "its window is over"
    missed = ev.OutcomeRecorded(NOW, "d", 1, ev.Outcome.REFUSED, False, "", "x", NOW)
    assert at(NOW - HOUR, outcome=missed) == Answer(), "nobody waits for it"
    theirs = replace(planned(1, NOW, fixed=True), resident="b" * 32)
    assert asked(world(Dose(theirs))) == Answer()
    other = planned(1, NOW, fixed=True, portions=(Portion("p-x", planned(1, NOW).portions[0].content),))
    assert asked(world(Dose(other))) == Answer()


def test_what_was_given_elsewhere_must_be_known_to_within_the_gap() -> None:
    known = world()
    old = Elsewhere(NOW - 4 * HOUR, ())
    assert asked(replace(known, elsewhere={RESIDENT: old})) == Answer()
    older = replace(old, known_to=old.known_to - TICK)
    assert asked(replace(known, elsewhere={RESIDENT: older})) == Answer("elsewhere_unknown")
    assert asked(replace(known, elsewhere={})) == Answer("elsewhere_unknown")


def test_a_lost_part_of_the_journal_counts_for_as_long_as_what_was_had_in_it_could() -> None:
    """Rule 23."""

    def lost(before: timedelta, limit: Limit = FOUR_HOURS, asked_then: timedelta | None = None) -> Answer:
        known = Elsewhere(NOW, (), None if asked_then is None else NOW - asked_then)
        return asked(replace(world(), lost_before=NOW - before, elsewhere={RESIDENT: known}), limit)

    day = timedelta(hours=24)
    assert lost(HOUR) == lost(day) == Answer("journal_behind")
    assert lost(day + TICK) == Answer()
    two_days = Limit(gap_min=240, per_day=Decimal(4), period_h=48, per_period=Decimal(6))
    assert lost(2 * day, two_days) == Answer("journal_behind")
    assert lost(2 * day + TICK, two_days) == Answer()
    assert lost(day, asked_then=day) == Answer(), "a person has been asked since"
    assert lost(day, asked_then=day + TICK) == Answer("journal_behind")


def test_a_card_without_a_most_per_day_bounds_nothing() -> None:
    for limit in (None, Limit(), Limit(gap_min=240)):
        assert asked(world(), limit) == Answer("no_limit")


def test_the_gap_is_the_cards_and_else_half_of_what_fits_into_a_day() -> None:
    def gap(limit: Limit, quantity: str = "1") -> timedelta:
        return least_gap(limit, Decimal(quantity))

    assert gap(Limit(gap_min=90, times=3)) == timedelta(minutes=90)
    assert gap(Limit(times=3, per_day=Decimal(8))) == 4 * HOUR
    assert gap(Limit(per_day=Decimal(8)), "2") == 3 * HOUR
    assert gap(Limit(per_day=Decimal(3)), "2") == 12 * HOUR, "once"
    assert gap(Limit(per_day=Decimal(1)), "2") == 12 * HOUR, "it is never had, and the gap is no less for it"


def test_it_may_be_had_from_the_first_to_the_last_day_of_its_period() -> None:
    one = card(first=FIRST_DAY, last=FIRST_DAY + timedelta(days=1))
    days = [FIRST_DAY + timedelta(days=number) for number in (-1, 0, 1, 2)]
    assert [as_needed_period(one, day) is not None for day in days] == [False, True, True, False]
    told = may_be_had(world(), RESIDENT, one, Decimal(1), days[0], NOW)
    assert told == Answer("no_plan")
