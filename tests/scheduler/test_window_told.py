"""What an incident's row says of the window of its dose, so that on-call can ask in time what came of it."""

from __future__ import annotations

from datetime import timedelta

from scheduler import events as ev
from scheduler.instant import iso
from scheduler.outbox import Plain, Put
from scheduler.outgoing import changes
from tests.support.attack_moves import about
from tests.support.pure_home import PureHome, utc


def rows(home: PureHome, local: str) -> list[Plain]:
    """Of incidents, put until then; oldest first."""
    before, start = home.world, len(home.journal)
    home.until(local)
    return newest(before, home, start)


def newest(before: object, home: PureHome, start: int) -> list[Plain]:
    found = changes(before, home.world, home.journal[start:])  # type: ignore[arg-type]
    return [each.body for each in found if isinstance(each, Put) and each.outbox == "incident"]


def window(row: Plain) -> tuple[object, object]:
    return row.get("window_ends"), row.get("dose_priority")


def test_while_its_window_is_open_it_says_when_that_closes_and_how_urgent_the_dose_is(home: PureHome) -> None:
    (row,) = rows(home, "09:01")
    assert (row["kind"], row["priority"]) == ("about_to_miss", "low")
    assert window(row) == (iso(utc("10:00")), "medium")


def test_a_critical_dose_is_urgent_in_itself_whatever_its_incident_is(home: PureHome) -> None:
    for local in ("08:05", "12:05", "18:05"):
        home.until(local)
        home.take_dose()
    (row,) = [each for each in rows(home, "23:01") if each["kind"] == "about_to_miss"]
    assert row["priority"] == "medium"
    assert window(row) == (iso(utc("22:00") + timedelta(hours=2)), "high")


def test_a_take_says_it_again_and_before_the_window_opens_it_is_said_too(home: PureHome) -> None:
    home.until("11:20")
    home.lost()
    home.until("11:40")
    before, start = home.world, len(home.journal)
    home.take(about(home, "noon"), "Anna")
    told = [row for row in newest(before, home, start) if row["type"] == "incident"]
    assert [(row["owner"], window(row)) for row in told] == [("Anna", (iso(utc("14:00")), "medium"))]


def test_once_it_has_closed_nothing_is_said_of_it(home: PureHome) -> None:
    home.until("09:59")
    home.until("10:00")
    before, start = home.world, len(home.journal)
    home.move()
    (row,) = newest(before, home, start)
    assert row["kind"] == ev.Kind.DOSE_MISSED.value
    assert window(row) == (None, None)


def test_nor_where_nobody_can_say_yet_what_became_of_the_dose(home: PureHome) -> None:
    home.until("09:30")
    home.lost()
    home.until("10:01")
    assert home.dose("morning").outcome is None
    before, start = home.world, len(home.journal)
    home.take(about(home), "Anna")
    told = [row for row in newest(before, home, start) if row["type"] == "incident"]
    assert [(row["owner"], window(row)) for row in told] == [("Anna", (None, None))]


def test_once_the_dose_has_its_outcome_nothing_is_said_of_it(home: PureHome) -> None:
    home.until("09:10")
    before, start = home.world, len(home.journal)
    home.take_dose()
    told = [row for row in newest(before, home, start) if row["type"] == "incident"]
    assert [row["cleared"] for row in told] == [True]
    assert window(told[0]) == (None, None)


def test_what_is_about_no_dose_has_no_window(home: PureHome) -> None:
    home.until("14:10")
    before, start = home.world, len(home.journal)
    home.lost()
    home.until("14:20")
    told = [row for row in newest(before, home, start) if row["kind"] == "robot_unreachable"]
    assert [window(row) for row in told] == [(None, None)]
