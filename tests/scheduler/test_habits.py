"""What is told of a miss: two in a row, unusual for this person, due inside an outage; and why (rule 26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import events as ev
from scheduler.events import Outcome
from scheduler.habits import ENOUGH, KEPT, Did, Habits, Past, learnt, misses_before, unusual
from scheduler.judged import judged
from scheduler.plan import DosePlan
from tests.support.attack_moves import about, is_open, live_until
from tests.support.pure_home import RESIDENT, PureHome, utc

HAD, MISSED = Outcome.RETRIEVED, Outcome.MISSED


def dose(number: int, slot: str = "morning") -> DosePlan:
    opens = utc("08:00") + timedelta(days=number)
    return DosePlan(
        f"{RESIDENT}/{number}/{slot}/1",
        RESIDENT,
        opens.date(),
        slot,
        opens,
        opens + timedelta(hours=1),
        opens + timedelta(hours=2),
        (),
        False,
        1,
    )


def lived(*outcomes: Outcome, late: bool = False) -> Habits:
    habits: Habits = ()
    for number, outcome in enumerate(outcomes):
        habits = learnt(habits, dose(number), outcome, late)
    return habits


@pytest.mark.parametrize(
    ("outcomes", "row"),
    [
        ((), 0),
        ((HAD,), 0),
        ((MISSED,), 1),
        ((MISSED, HAD), 0),
        ((HAD, MISSED, MISSED), 2),
        ((MISSED, Outcome.FAILED), 1),
        ((MISSED, Outcome.WITHHELD, MISSED), 2),
        ((MISSED, Outcome.GIVEN_BY_STAFF, Outcome.UNCERTAIN), 2),
        ((Outcome.UNCERTAIN, MISSED), 2),
        ((MISSED, Outcome.UNCERTAIN, HAD), 0),
        ((MISSED, Outcome.WITNESSED), 0),
        ((MISSED, Outcome.CONFIRMED), 0),
    ],
)
def test_a_row_of_misses_counts_what_the_resident_had_a_say_in(
    outcomes: tuple[Outcome, ...], row: int
) -> None:
    assert misses_before(lived(*outcomes), dose(len(outcomes))) == row


def test_what_nobody_can_say_is_no_habit() -> None:
    """Rule 6: uncertain counts as a miss for alarms, and teaches nothing of the person."""
    unknown = lived(*[HAD] * ENOUGH, Outcome.UNCERTAIN)
    assert unusual(unknown, dose(ENOUGH + 1), missed=True)
    corrected = learnt(lived(MISSED, Outcome.UNCERTAIN), dose(1), HAD, late=False)
    assert misses_before(corrected, dose(2)) == 0


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    habits = learnt(lived(MISSED), dose(0), HAD, late=False)
    assert [past.did for past in habits] == [Did.ON_TIME]
    assert learnt(lived(MISSED), dose(0), Outcome.GIVEN_BY_STAFF, late=False) == ()


@pytest.mark.parametrize(("known", "is_unusual"), [(ENOUGH - 1, False), (ENOUGH, True), (ENOUGH + 5, True)])
def test_a_miss_is_unusual_for_who_has_missed_none_of_the_last_fourteen(known: int, is_unusual: bool) -> None:
    assert unusual(lived(*[HAD] * known), dose(known), missed=True) is is_unusual


def test_it_is_not_for_who_missed_one_of_them_and_is_again_when_that_is_long_ago() -> None:
    assert not unusual(lived(MISSED, *[HAD] * (ENOUGH - 1)), dose(ENOUGH), missed=True)
    assert unusual(lived(MISSED, *[HAD] * ENOUGH), dose(ENOUGH + 1), missed=True)


def test_being_late_is_unusual_only_for_who_never_is() -> None:
    late = lived(*[HAD] * ENOUGH, late=True)
    assert unusual(late, dose(ENOUGH), missed=True)
    assert not unusual(late, dose(ENOUGH), missed=False)
    assert unusual(lived(*[HAD] * ENOUGH), dose(ENOUGH), missed=False)


def test_each_day_part_has_its_own_habits() -> None:
    assert not unusual(lived(*[HAD] * ENOUGH), dose(ENOUGH, "evening"), missed=True)
    assert unusual(lived(*[HAD] * ENOUGH), dose(ENOUGH, "morning-2"), missed=True)


def test_what_is_kept_is_bounded() -> None:
    habits = lived(*[HAD] * (KEPT + 40))
    assert len(habits) == KEPT
    assert habits[0] == Past(dose(40).opens, dose(40).dose_id, "morning", Did.ON_TIME)


def test_an_incident_says_why_it_is_told_as_more_than_its_row(home: PureHome) -> None:
    """Both, where both are so."""
    morning = replace(home.dose("morning"), outage=True)

    def why(*before: Outcome) -> str:
        world = replace(home.world, habits={RESIDENT: lived(*before)})
        dose = replace(morning, plan=dose_of(len(before), morning.plan))
        cause = judged(world, dose, ev.Kind.DOSE_MISSED, ev.Priority.LOW)
        assert cause is not None
        return cause.detail

    assert why(*[HAD] * ENOUGH) == "unusual_and_outage"
    assert why(HAD, MISSED) == "two_in_a_row_and_outage"
    assert why(HAD) == "outage"


def dose_of(number: int, plan: DosePlan) -> DosePlan:
    later = dose(number)
    return replace(plan, dose_id=later.dose_id, opens=later.opens, half=later.half, closes=later.closes)


def test_the_second_miss_in_a_row_is_high_and_says_so(home: PureHome) -> None:
    live_until(home, utc("10:02"))
    assert (about(home).priority, about(home).detail) == (ev.Priority.MEDIUM, "")
    live_until(home, utc("14:02"))
    assert (about(home, "noon").priority, about(home, "noon").detail) == (ev.Priority.HIGH, "two_in_a_row")


def test_two_misses_before_make_it_urgent_at_half_the_window_already(home: PureHome) -> None:
    live_until(home, utc("19:01"))
    told = about(home, "evening")
    assert (told.kind, told.priority, told.detail) == (
        ev.Kind.ABOUT_TO_MISS,
        ev.Priority.MEDIUM,
        "two_in_a_row",
    )


def test_an_outage_between_two_misses_ends_no_row(home: PureHome) -> None:
    live_until(home, utc("10:02"))
    home.lost()
    home.until("17:00")  # noon failed: nobody could read the robot
    home.connect()
    assert home.outcome("noon") == ("failed", False)
    live_until(home, utc("20:02"))
    assert home.outcome("evening") == ("missed", False)
    assert about(home, "evening").detail == "two_in_a_row"


def test_a_dose_due_while_the_home_was_down_is_one_higher_when_missed(home: PureHome) -> None:
    home.now = utc("08:10")
    home.daemon()
    home.connect()
    assert home.dose("morning").outage
    live_until(home, utc("10:02"))
    assert home.outcome("morning") == ("missed", False)
    assert (about(home).priority, about(home).detail) == (ev.Priority.HIGH, "outage")


def test_a_robot_that_blinked_at_the_opening_is_no_outage(home: PureHome) -> None:
    home.until("07:59:30")
    home.lost()
    home.until("08:00:30")
    home.connect()
    assert home.dose("morning").offered
    assert not home.dose("morning").outage


def test_a_robot_that_was_gone_at_the_opening_is_one(home: PureHome) -> None:
    home.lost()
    home.until("08:00:30")
    assert home.dose("morning").outage
    assert about(home).priority is ev.Priority.MEDIUM, "its own incident has the dose's own priority"


def test_a_dose_that_was_planned_in_its_window_was_due_in_no_outage() -> None:
    home = PureHome(utc("08:30"))
    home.start()
    assert home.dose("morning").offered
    assert not home.dose("morning").outage


def test_the_home_learns_from_its_journal(home: PureHome) -> None:
    for day in range(1, 3):
        live_until(home, utc("08:05", day))
        home.take_dose()
        live_until(home, utc("23:59", day))
    days = [(past.part, past.did.value) for past in home.world.habits[RESIDENT]]
    assert days[:5] == [
        ("morning", "on_time"),
        *((part, "missed") for part in ("noon", "evening", "night")),
        ("morning", "on_time"),
    ]
    assert is_open(about(home, "noon"))
