"""Doses of a date: grouping, ids that stay, both daylight-saving nights."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.expand import Catalogue, DayClock, expand, minimum_interval
from scheduler.plan import Content, DosePlan, Plan, Prescription
from scheduler.window import LocalTime

RESIDENT = "0123456789abcdef0123456789abcdef"
DAY = date(2026, 11, 2)
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
LOCAL = LocalTime("Europe/Copenhagen")
TWO_HOURS = timedelta(hours=2)
CLOCK = DayClock(
    1,
    {
        DayPart.MORNING: time(8),
        DayPart.NOON: time(12),
        DayPart.EVENING: time(18),
        DayPart.NIGHT: time(22),
    },
)
CATALOGUE = Catalogue(known=frozenset({"N02BE01", "C10AA05", "N05CF01"}), critical=frozenset({"N05CF01"}))


def at(name: str, *times: str, drug: str = "N02BE01", quantity: str = "1") -> Prescription:
    """A daily prescription at day parts ("morning") and clock times ("09:30")."""
    intakes = tuple(
        Intake(Decimal(quantity), clock=time.fromisoformat(when))
        if ":" in when
        else Intake(Decimal(quantity), part=DayPart(when))
        for when in times
    )
    return Prescription(name, drug, "500 mg", Dosage("tablet", (cycle(date(2026, 1, 1), None, 1, intakes),)))


def doses(
    *prescriptions: Prescription,
    day: date = DAY,
    already: Sequence[DosePlan] = (),
    fixed: Collection[str] = (),
    clock: DayClock = CLOCK,
) -> tuple[DosePlan, ...]:
    plan = Plan(RESIDENT, 1, 1, prescriptions)
    return expand(plan, day, clock, LOCAL, CATALOGUE, TWO_HOURS, already, fixed)


def told(planned: Sequence[DosePlan]) -> dict[str, str]:
    """What a person would ask: which id, when, which prescriptions."""
    return {
        dose.dose_id.split("/", 2)[2]: f"{LOCAL.local(dose.opens):%H:%M} "
        + "+".join(sorted(dose.prescriptions))
        for dose in planned
    }


# --- grouping ---------------------------------------------------------------------------------------


def test_a_day_has_a_dose_for_each_part_with_a_window_of_two_hours() -> None:
    planned = doses(at("a", "morning", "noon", "evening", "night"))
    assert told(planned) == {
        "morning/1": "08:00 a",
        "noon/1": "12:00 a",
        "evening/1": "18:00 a",
        "night/1": "22:00 a",
    }
    assert planned[0].dose_id == f"{RESIDENT}/2026-11-02/morning/1"
    assert all(d.half - d.opens == timedelta(hours=1) and d.closes - d.opens == TWO_HOURS for d in planned)


def test_medicine_of_one_local_time_is_one_dose_whether_named_by_part_or_by_clock() -> None:
    (dose,) = doses(at("a", "morning"), at("b", "08:00", drug="C10AA05", quantity="0.5"))
    assert dose.prescriptions == {"a", "b"}
    assert dose.content == {
        Content("N02BE01", "500 mg", Decimal(1), "tablet"),
        Content("C10AA05", "500 mg", Decimal("0.5"), "tablet"),
    }


def test_two_prescriptions_of_one_drug_are_counted_together_in_the_sachet() -> None:
    (dose,) = doses(at("a", "morning"), at("b", "morning", quantity="0.5"))
    assert dose.content == {Content("N02BE01", "500 mg", Decimal("1.5"), "tablet")}
    assert dose.quantity_of("a") == 1


def test_one_prescription_named_twice_at_one_time_is_one_portion() -> None:
    (dose,) = doses(at("a", "morning", "08:00"))
    assert [portion.content.quantity for portion in dose.portions] == [2]


@pytest.mark.parametrize(
    ("clock", "slot"),
    [
        ("00:00", "morning"),
        ("09:59", "morning"),
        ("10:00", "morning"),
        ("10:01", "noon"),
        ("15:00", "noon"),
        ("20:00", "evening"),
        ("20:01", "night"),
        ("23:59", "night"),
    ],
)
def test_a_clock_time_gets_the_part_mapped_nearest_and_the_earlier_of_a_tie(clock: str, slot: str) -> None:
    assert [dose.slot for dose in doses(at("a", clock))] == [slot]


def test_a_second_time_near_one_part_gets_a_suffix() -> None:
    planned = doses(at("a", "07:00", "08:00", "09:00"))
    assert told(planned) == {"morning/1": "07:00 a", "morning-2/1": "08:00 a", "morning-3/1": "09:00 a"}


def test_a_critical_or_unknown_code_makes_the_dose_critical() -> None:
    assert [doses(at("a", "night", drug=drug))[0].critical for drug in ("N02BE01", "N05CF01", "J01CA04")] == [
        False,
        True,
        True,
    ]


def test_a_day_clock_without_every_part_is_our_bug() -> None:
    with pytest.raises(ValueError, match="day part"):
        DayClock(1, {DayPart.MORNING: time(8)})


def test_the_order_of_the_prescriptions_changes_nothing() -> None:
    mixed = [
        at("a", "morning", "07:30"),
        at("b", "08:00", "13:00"),
        at("c", "07:30", "noon"),
        at("d", "night"),
    ]
    once = doses(*mixed)
    later = [at("a", "09:00", "07:30"), at("b", "08:00", "12:00"), at("c", "09:00", "noon"), at("e", "night")]
    moved = doses(*later, already=once)
    for seed in range(10):
        shuffled = random.Random(seed)
        assert doses(*shuffled.sample(mixed, 4)) == once
        assert doses(*shuffled.sample(later, 4), already=shuffled.sample(once, len(once))) == moved


def test_the_years_last_and_first_dates_and_the_leap_day_have_their_own_ids() -> None:
    for day in (date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 29)):
        (dose,) = doses(at("a", "night"), day=day)
        assert dose.dose_id == f"{RESIDENT}/{day.isoformat()}/night/1"
        assert LOCAL.local(dose.opens) == datetime.combine(day, time(22))


# --- the two nights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
def test_a_dose_at_half_past_two_comes_exactly_once_on_both_nights(night: date) -> None:
    planned = [dose for n in (-1, 0, 1) for dose in doses(at("a", "02:30"), day=night + timedelta(n))]
    assert [dose.day for dose in planned] == [night - timedelta(1), night, night + timedelta(1)]
    gaps = [later.opens - earlier.opens for earlier, later in pairwise(planned)]
    expected = {SPRING: [23.5, 23.5], AUTUMN: [24.0, 25.0]}[night]
    assert [gap / timedelta(hours=1) for gap in gaps] == expected
    assert {dose.closes - dose.opens for dose in planned} == {TWO_HOURS}


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
def test_four_doses_a_day_stay_four_through_both_weeks(night: date) -> None:
    for n in range(-3, 4):
        day = night + timedelta(n)
        planned = doses(at("a", "morning", "noon", "evening", "night"), day=day)
        assert [f"{LOCAL.local(dose.opens):%H:%M}" for dose in planned] == [
            "08:00",
            "12:00",
            "18:00",
            "22:00",
        ]
        assert {LOCAL.day_of(dose.opens) for dose in planned} == {day}


def test_two_times_that_the_gap_makes_one_are_one_dose_for_a_person_to_decide() -> None:
    (dose,) = doses(at("a", "02:30"), at("b", "03:00", "02:30"), day=SPRING)
    assert told([dose]) == {"morning/1": "03:00 a+b"}
    assert dose.quantity_of("b") == 2


# --- ids that stay --------------------------------------------------------------------------------------


def test_a_moved_time_keeps_its_id_although_another_part_is_nearer() -> None:
    before = doses(at("a", "morning", "evening"))
    after = doses(at("a", "11:30", "evening"), already=before)
    assert told(after) == {"morning/1": "11:30 a", "evening/1": "18:00 a"}


def test_a_new_mapping_of_the_day_parts_keeps_every_id() -> None:
    before = doses(at("a", "morning", "noon", "evening", "night"), at("b", "morning"))
    later = DayClock(2, {part: time(clock.hour + 1) for part, clock in CLOCK.times.items()})
    after = doses(
        at("a", "morning", "noon", "evening", "night"), at("b", "morning"), already=before, clock=later
    )
    assert [dose.dose_id for dose in after] == [dose.dose_id for dose in before]
    assert told(after)["morning/1"] == "09:00 a+b"


def test_times_that_all_move_keep_their_ids_in_the_order_of_the_times() -> None:
    before = doses(at("a", "morning", "noon", "evening"))
    after = doses(at("a", "09:00", "13:00", "19:00"), already=before)
    assert told(after) == {"morning/1": "09:00 a", "noon/1": "13:00 a", "evening/1": "19:00 a"}


def test_a_time_that_stays_keeps_its_id_before_moved_ones_choose() -> None:
    before = doses(at("a", "morning", "noon"))
    after = doses(at("a", "noon", "16:00"), already=before)
    assert told(after) == {"noon/1": "12:00 a", "morning/1": "16:00 a"}


def test_with_fewer_times_than_before_the_id_nearest_to_the_moved_time_stays() -> None:
    before = doses(at("a", "morning", "noon", "evening"))
    after = doses(at("a", "12:30", "evening"), already=before)
    assert told(after) == {"noon/1": "12:30 a", "evening/1": "18:00 a"}


def test_with_more_times_than_before_the_id_goes_to_the_nearest_and_the_rest_is_new() -> None:
    before = doses(at("a", "noon"))
    after = doses(at("a", "08:00", "12:30", "18:00"), already=before)
    assert told(after) == {"morning/1": "08:00 a", "noon/1": "12:30 a", "evening/1": "18:00 a"}


def test_when_a_part_of_a_dose_moves_it_becomes_part_two_of_the_same_slot() -> None:
    before = doses(at("a", "morning"), at("b", "morning"))
    after = doses(at("a", "morning"), at("b", "12:00"), already=before)
    assert told(after) == {"morning/1": "08:00 a", "morning/2": "12:00 b"}


def test_what_stays_keeps_the_id_also_when_another_part_moves_before_it() -> None:
    before = doses(at("a", "morning"), at("b", "morning"))
    after = doses(at("a", "morning"), at("b", "07:00"), already=before)
    assert told(after) == {"morning/2": "07:00 b", "morning/1": "08:00 a"}


def test_when_a_dose_is_torn_apart_the_earliest_keeps_the_id() -> None:
    before = doses(at("a", "morning"), at("b", "morning"), at("c", "morning"))
    after = doses(at("a", "09:00"), at("b", "07:00"), at("c", "10:00"), already=before)
    assert told(after) == {"morning/1": "07:00 b", "morning/2": "09:00 a", "morning/3": "10:00 c"}


def test_two_doses_brought_to_one_time_stay_two_so_that_none_is_released_again() -> None:
    before = doses(at("a", "morning"), at("b", "noon"))
    after = doses(at("a", "noon"), at("b", "noon"), already=before)
    assert told(after) == {"morning/1": "12:00 a", "noon/1": "12:00 b"}


def test_medicine_new_on_the_date_joins_the_dose_at_its_time() -> None:
    before = doses(at("a", "morning"))
    assert told(doses(at("a", "09:00"), at("b", "09:00"), already=before)) == {"morning/1": "09:00 a+b"}


def test_medicine_new_on_the_date_never_takes_a_name_that_was_used() -> None:
    before = doses(at("a", "morning"))
    after = doses(at("a", "11:30"), at("b", "morning"), already=before)
    assert told(after) == {"morning-2/1": "08:00 b", "morning/1": "11:30 a"}


def test_a_prescription_that_replaces_another_at_its_time_takes_over_the_id() -> None:
    before = doses(at("a", "morning", "night"))
    assert told(doses(at("b", "morning", "night"), already=before)) == {
        "morning/1": "08:00 b",
        "night/1": "22:00 b",
    }


def test_a_prescription_that_was_withdrawn_and_comes_back_has_its_old_id() -> None:
    before = doses(at("a", "07:00"), at("b", "morning"))
    assert told(before) == {"morning/1": "07:00 a", "morning-2/1": "08:00 b"}
    assert told(doses(at("b", "09:00"), already=before)) == {"morning-2/1": "09:00 b"}
    assert told(doses(at("a", "07:30"), at("b", "09:00"), already=before))["morning/1"] == "07:30 a"


def test_doses_of_other_dates_and_residents_bequeath_nothing() -> None:
    foreign = doses(at("a", "07:00"), at("b", "morning"), day=DAY - timedelta(1))
    assert told(doses(at("b", "morning"), already=foreign)) == {"morning/1": "08:00 b"}


# --- doses that no card changes any more ---------------------------------------------------------------


def test_a_released_dose_stands_and_what_moved_out_of_it_does_not_come_again() -> None:
    before = doses(at("a", "morning"), at("b", "morning"))
    gone = {before[0].dose_id}
    after = doses(at("a", "morning"), at("b", "12:00"), already=before, fixed=gone)
    assert after == before


def test_medicine_added_to_a_released_dose_is_a_part_of_its_own() -> None:
    before = doses(at("a", "morning"))
    after = doses(at("a", "morning"), at("b", "morning"), already=before, fixed={before[0].dose_id})
    assert told(after) == {"morning/1": "08:00 a", "morning/2": "08:00 b"}


def test_with_fewer_times_a_released_dose_counts_against_the_new_number() -> None:
    before = doses(at("a", "morning", "noon", "evening", "night"))
    after = doses(at("a", "noon", "evening", "night"), already=before, fixed={before[0].dose_id})
    assert told(after) == {"morning/1": "08:00 a", "evening/1": "18:00 a", "night/1": "22:00 a"}


def test_a_stopped_prescription_leaves_its_released_dose_in_the_day() -> None:
    before = doses(at("a", "morning", "night"))
    assert told(doses(already=before, fixed={before[0].dose_id})) == {"morning/1": "08:00 a"}


# --- properties -----------------------------------------------------------------------------------------

CLOCKS = st.sampled_from(
    ["morning", "noon", "evening", "night", "02:30", "03:00", "07:00", "09:00", "12:30", "21:00"]
)
DAYS = st.sampled_from([DAY, SPRING, AUTUMN])


@st.composite
def cards(draw: st.DrawFn) -> list[Prescription]:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    return [at(name, *draw(st.lists(CLOCKS, unique=True, min_size=1, max_size=4))) for name in names]


@settings(max_examples=80, deadline=None)
@given(day=DAYS, history=st.lists(cards(), min_size=1, max_size=4), pick=st.randoms(use_true_random=False))
def test_however_the_card_changes_ids_are_unique_steady_and_never_exceed_the_plan(
    day: date, history: list[list[Prescription]], pick: random.Random
) -> None:
    planned: tuple[DosePlan, ...] = ()
    fixed: set[str] = set()
    for card in history:
        before = planned
        planned = doses(*card, day=day, already=before, fixed=fixed)
        ids = [dose.dose_id for dose in planned]
        assert len(set(ids)) == len(ids)
        assert all(dose in planned for dose in before if dose.dose_id in fixed)
        assert doses(*card, day=day, already=planned, fixed=fixed) == planned
        fresh = doses(*card, day=day)
        for name in {name for dose in fresh for name in dose.prescriptions}:
            asked = sum(name in dose.prescriptions for dose in fresh)
            gone = sum(name in dose.prescriptions for dose in planned if dose.dose_id in fixed)
            assert sum(name in dose.prescriptions for dose in planned) == max(asked, gone)
        if planned:
            fixed.add(pick.choice(planned).dose_id)


@settings(max_examples=50, deadline=None)
@given(before=cards(), after=cards())
def test_a_prescription_keeps_as_many_of_its_ids_as_it_has_times(
    before: list[Prescription], after: list[Prescription]
) -> None:
    """Up to a dose torn apart: there the part that moved is named after the sachet it came from."""
    planned = doses(*before)
    moved = doses(*after, already=planned)
    for name in "abcd":
        old = {d.slot for d in planned if name in d.prescriptions}
        new = {d.slot for d in moved if name in d.prescriptions}
        assert len(old & new) >= min(len(old), len(new))


# --- minimum interval -------------------------------------------------------------------------------


def test_doses_that_share_a_prescription_keep_half_their_planned_gap() -> None:
    morning, noon, night = doses(at("a", "morning", "noon"), at("b", "noon"), at("c", "night"))
    day = (morning, noon, night)
    for had, dose in ((morning, noon), (noon, morning)):
        assert minimum_interval(had, dose, day) == timedelta(hours=2)
    assert minimum_interval(noon, night, day) == timedelta()


def test_of_doses_that_are_not_next_to_each_other_the_gap_to_the_one_between_them_counts() -> None:
    """Found in the bottle: a word about the dose of last week kept back those of the next three days."""
    week = [doses(at("a", "morning", "night"), day=DAY + timedelta(days=number))[0] for number in range(7)]
    assert minimum_interval(week[0], week[6], week) == timedelta(hours=12)
    assert minimum_interval(week[6], week[0], week) == timedelta(hours=12), "given before its turn"
    assert minimum_interval(week[0], week[6], (week[0], week[6])) == timedelta(days=3), "planned so far apart"


def test_of_several_prescriptions_the_longest_interval_counts() -> None:
    morning, noon, night = doses(at("a", "morning", "noon", "night"), at("b", "morning", "night"))
    assert minimum_interval(morning, night, (morning, noon, night)) == timedelta(hours=7)


def test_the_minimum_interval_is_elapsed_time_on_the_changing_night() -> None:
    early, late = doses(at("a", "01:00", "05:00"), day=SPRING)
    assert minimum_interval(early, late, (early, late)) == timedelta(hours=1.5)


def test_of_fewer_times_two_that_stand_already_use_up_two() -> None:
    """S1: a dose that stands takes the place of one that is still open, and of none that stands itself."""
    before = doses(at("a", "morning", "noon", "evening"))
    stand = {before[0].dose_id, before[1].dose_id}
    after = doses(at("a", "morning", "evening"), already=before, fixed=stand)
    assert told(after) == {"morning/1": "08:00 a", "noon/1": "12:00 a"}
