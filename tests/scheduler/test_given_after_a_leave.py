"""A missed dose is given by hand while a later one was taken along: that one is had at its own time (S2).

Found in the bottle: once its time had come, staff might give the missed one right after it.
"""

from __future__ import annotations

from scheduler import events as ev
from scheduler.gate import earliest
from scheduler.taken_along import taken_along_instants
from tests.scheduler.test_leave import leave
from tests.support.attack_moves import home_sharing
from tests.support.pure_home import PureHome, utc


def noon_along() -> PureHome:
    """Noon's, with the same medicine as the morning's, is in a bag since ten to eight."""
    home = home_sharing()
    home.robot.labels[0:2] = ["L002", "L001"]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert leave(home, utc("12:00"), utc("12:01"), utc("07:50"), utc("07:58"), utc("23:00")) == "done"
    home.take_dose()
    return home


def missed_with_noon_along() -> PureHome:
    """10:05: nobody came for the morning's."""
    home = noon_along()
    home.until("10:00")
    home.move()
    home.until("10:05")
    assert home.outcome("noon") == ("taken_along", False)
    assert home.outcome("morning") == ("missed", False)
    return home


def anna_takes_it(home: PureHome) -> str:
    incident = home.incident("morning")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    return home.dose("morning").token


def test_less_than_half_the_gap_before_the_time_of_what_was_taken_along_nobody_may_give_it() -> None:
    home = missed_with_noon_along()
    assert anna_takes_it(home) == "", "noon's is had in 1 h 55 min"


def test_after_that_time_it_keeps_half_the_planned_gap() -> None:
    home = missed_with_noon_along()
    home.until("12:01")
    assert earliest(home.world, home.dose("morning"), home.now) == utc("14:00")
    assert anna_takes_it(home) == "", "they are having noon's at this moment"


def test_half_the_gap_after_it_somebody_may_give_it_again() -> None:
    home = missed_with_noon_along()
    home.until("14:01")
    assert anna_takes_it(home) == "Anna"


def test_whoever_has_the_right_to_give_it_is_told_while_the_other_is_had() -> None:
    """By time alone: nobody else has anything to say meanwhile."""
    home = noon_along()
    home.until("08:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    assert anna_takes_it(home) == "Anna"

    def told() -> tuple[str, str]:
        incident = home.incident("morning")
        assert incident is not None
        return incident.priority.name.lower(), incident.detail

    home.until("09:59")
    assert told() == ("medium", "motor_stall")
    assert set(taken_along_instants(home.world)) >= {utc("10:00"), utc("14:00")}
    home.until("10:00")
    home.move()  # its sachet is put away
    home.until("10:01")
    assert told() == ("high", "too_soon")
    home.until("13:59")
    assert told() == ("high", "too_soon")
    home.until("14:01")
    assert told()[1] != "too_soon"
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert list(taken_along_instants(home.world)) == []
