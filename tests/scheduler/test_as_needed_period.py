"""As needed, at most so much in several days (rule 8): over any such span, and what others gave counts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.as_needed_limits import least_gap
from scheduler.dosage import Limit
from scheduler.events import Answer
from scheduler.gate import why_not_send
from tests.scheduler.test_as_needed import as_needed, at, has_one, home_with, lines, refused
from tests.support.pure_home import RESIDENT, PureHome, utc

WEEK = Limit(gap_min=60, period_h=168, per_period=Decimal(3))


def home_of(limit: Limit = WEEK) -> PureHome:
    return home_with(as_needed(limit))


def three_in_three_days(home: PureHome) -> None:
    for day in (1, 2, 3):
        at(home, "09:00", day)
        has_one(home)


def test_the_most_of_seven_days_is_kept_and_the_refusal_says_from_when() -> None:
    home = home_of()
    three_in_three_days(home)
    at(home, "09:00", 5)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("09:00", 8))
    assert lines(home) == ("Ikke endnu.", "Du kan få den på mandag fra kl. 09:00.")
    at(home, "08:59", 8)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("09:00", 8))
    at(home, "09:00", 8)
    has_one(home)
    at(home, "10:00", 8)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("09:00", 9)), "over any seven days"


def test_what_was_had_six_days_ago_is_still_known() -> None:
    """Settled doses leave the world after three days; these count for longer."""
    home = home_of()
    three_in_three_days(home)
    home.until("08:00", 7)
    assert len([dose for dose in home.world.doses.values() if dose.plan.as_needed]) == 3
    home.until("08:00", 12)
    assert [dose for dose in home.world.doses.values() if dose.plan.as_needed] == []


def test_what_others_gave_six_days_ago_counts_although_the_newest_report_is_shorter() -> None:
    home = home_of()
    early = [ev.GivenElsewhere("p-pain", utc(f"0{hour}:00"), Decimal(1)) for hour in (1, 3, 5)]
    at(home, "08:00", 1, *early)
    at(home, "09:00", 6)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("01:00", 8))


def test_what_a_report_takes_back_within_two_days_was_not_given() -> None:
    """Entered in error: a report is the whole of the last two days."""
    home = home_of()
    given = [ev.GivenElsewhere("p-pain", utc(f"0{hour}:00"), Decimal(1)) for hour in (1, 3, 5)]
    at(home, "08:00", 1, *given)
    at(home, "09:00", 2, *given[:2])
    has_one(home)
    assert home.outcome("pn-1", 2) == ("retrieved", False)


def test_knowledge_that_is_too_old_asks_a_person_here_too() -> None:
    home = home_of(Limit(period_h=168, times_per_period=10))
    home.until_at(home.now + least_gap(Limit(period_h=168, times_per_period=10), Decimal(1)))
    home.says(Answer.AS_NEEDED)
    assert home.world.asked
    home.says(Answer.LATER)
    home.until_at(home.now + timedelta(minutes=1))
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("elsewhere_unknown", None)


def test_without_a_gap_on_the_card_it_is_half_of_the_share_of_the_period() -> None:
    ten_a_week = Limit(period_h=168, per_period=Decimal(10))
    assert least_gap(ten_a_week, Decimal(1)) == timedelta(hours=8, minutes=24)
    assert least_gap(ten_a_week, Decimal(2)) == timedelta(hours=16, minutes=48)
    both = Limit(times=3, period_h=168, per_period=Decimal(10))
    assert least_gap(both, Decimal(1)) == timedelta(hours=4), "that of the 24 h, where the card has one"


def test_of_two_mosts_each_holds_and_the_later_time_is_told() -> None:
    home = home_of(Limit(gap_min=60, times=2, period_h=72, times_per_period=3))
    for local in ("08:00", "10:00"):
        at(home, local)
        has_one(home)
    at(home, "12:00")
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("08:00", 2)), "of 24 h"
    at(home, "12:00", 2)
    has_one(home)
    at(home, "14:00", 2)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("08:00", 4)), "of 72 h"


def test_times_of_a_period_count_intakes() -> None:
    home = home_of(Limit(gap_min=60, period_h=48, times_per_period=1))
    at(home, "08:00")
    has_one(home)
    at(home, "07:59", 3)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("08:00", 3))
    at(home, "08:00", 3)
    has_one(home)


def test_a_release_is_held_against_it_once_more_before_it_is_sent() -> None:
    """Rule 11: what became known meanwhile counts."""
    home = home_of()
    at(home, "09:00")
    home.says(Answer.AS_NEEDED)
    home.press(answer=Answer.FIRST)
    under_way = home.world.order_under_way()
    assert under_way is not None
    given = [ev.GivenElsewhere("p-pain", utc(f"0{hour}:00"), Decimal(1)) for hour in (1, 3, 5)]
    home.now += timedelta(seconds=1)
    home.give(cmd.ReportElsewhere(RESIDENT, home.now, tuple(given)))
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "limit_reached"


def test_where_several_refuse_the_time_told_is_when_none_does_any_more() -> None:
    home = home_of(Limit(gap_min=300, times=2, period_h=72, times_per_period=2))
    for local in ("08:00", "13:00"):
        at(home, local)
        has_one(home)
    at(home, "14:00")
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("08:00", 4))


def test_what_a_report_reaches_back_to_and_does_not_name_was_not_given() -> None:
    """Entered in error at the other place: it reaches back 48 hours, to the instant."""
    given = ev.GivenElsewhere("p-pain", utc("06:00"), Decimal(1))

    def known(later: timedelta) -> tuple[ev.GivenElsewhere, ...]:
        home = home_of()
        at(home, "08:00", 1, given)
        home.until_at(given.at + timedelta(hours=48) + later)
        home.give(cmd.ReportElsewhere(RESIDENT, home.now, ()))
        return home.world.elsewhere[RESIDENT].given

    assert known(timedelta(0)) == ()
    assert known(timedelta(milliseconds=1)) == (given,)
