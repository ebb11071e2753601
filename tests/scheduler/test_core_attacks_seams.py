"""Attacks on the core where two of its stories meet: leave and a lost line, a move and the right to give, a
swap and medicine as needed. Each was a way to harm somebody, or to leave them without their medicine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.events import Answer
from tests.scheduler.test_as_needed import STRIP, asks, home_with, refused, strip
from tests.scheduler.test_custody import ask, bundle, count, left, move_in, move_out, new_home
from tests.scheduler.test_leave import leave
from tests.support.attack_moves import about, in_doubt, is_open, live_until
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, prescriptions, utc

# --- leave, and a line that breaks at departure ---------------------------------------------------------


def test_what_was_taken_along_in_the_dark_is_told_when_the_robot_is_back(home: PureHome) -> None:
    """They lift it, unplug the robot and go: until it is back nobody knows of the lift."""
    leave(home)
    for at in ("08:05", "12:05", "18:05", "22:05"):
        home.until(at)
        home.take_dose()
    home.until("23:00")
    home.press()
    home.move()
    home.move()
    home.lost()
    robot = home.robot
    robot.lifted.append(robot.tray)
    robot.tray = ""
    robot.write(home.now, "lifted", dose_id=robot.in_tray_dose)
    live_until(home, utc("11:00", day=2))
    assert home.outcome("morning", 2) == ("uncertain", False)
    home.connect()
    assert home.outcome("morning", 2) == ("taken_along", False)
    assert not is_open(home.incident("morning", 2))


# --- a move, and what is not over yet ----------------------------------------------------------------------


def test_nobody_moves_while_somebody_may_be_giving_a_missed_dose(home: PureHome) -> None:
    live_until(home, utc("10:35"))
    assert home.outcome("morning") == ("missed", False)
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == "Anna"
    ask(new_home(home.now))
    assert move_out(home).reason == "with_staff"
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    assert move_out(home).accepted


def test_a_possible_double_dose_goes_along(home: PureHome) -> None:
    """Somebody says that the resident had it, the record that the sachet never left: nobody has looked."""
    in_doubt(home)
    order = home.dose("morning").doubted
    assert order is not None
    assert home.decide(home.dose("morning"), ev.Verdict.HAD_IT, "Anna").accepted
    about_it = {"order_id": order.order_id, "order_kind": "release", "dose_id": order.dose_id}
    home.give(home.robot.write(home.now, "ended", result="not_moved", **about_it))
    assert about(home).kind is ev.Kind.RECORD_CONTRADICTS
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert is_open(new.incident("morning"))
    assert about(new).kind is ev.Kind.RECORD_CONTRADICTS


def test_a_possible_double_dose_that_somebody_looked_into_is_not_told_again(home: PureHome) -> None:
    in_doubt(home)
    order = home.dose("morning").doubted
    assert order is not None
    assert home.decide(home.dose("morning"), ev.Verdict.HAD_IT, "Anna").accepted
    about_it = {"order_id": order.order_id, "order_kind": "release", "dose_id": order.dose_id}
    home.give(home.robot.write(home.now, "ended", result="not_moved", **about_it))
    if not about(home).owner:
        assert home.take(about(home), "Anna").accepted
    assert home.close(about(home), "Anna", "looked into").accepted
    assert home.dose("morning").double_looked_into
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert new.dose("morning").contradicted, "the dose counts as given all the same"
    assert not is_open(new.incident("morning"))


def test_a_call_for_help_is_not_over_because_they_move(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.says(Answer.HELP)
    ask(new_home(home.now))
    assert move_out(home).accepted
    assert is_open(home.world.incident_about(f"help:{RESIDENT}"))


def test_doses_of_the_days_that_a_bundle_was_under_way_are_not_forgotten(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    new = new_home(home.now)
    ask(new)
    move_out(home)
    new.until("11:00", day=4)
    assert move_in(new, bundle(home)).accepted
    days = {(dose.plan.day, dose.plan.slot) for dose in new.world.doses.values()}
    slots = ("morning", "noon", "evening", "night")
    under_way = [(FIRST_DAY + timedelta(days=day), slot) for day in range(4) for slot in slots]
    assert days.issuperset(under_way[1:])
    for day, slot in under_way[1:13]:
        dose = new.world.doses[f"{RESIDENT}/{day}/{slot}/1"]
        assert dose.outcome is not None
        assert is_open(new.world.incident_about(f"dose:{dose.dose_id}"))


def test_a_newer_card_after_days_of_silence_forgets_none_of_them(home: PureHome) -> None:
    """The box was off for three days; its first news is another card."""
    home.until("08:05")
    home.lost()
    home.now = utc("11:00", day=5)
    home.daemon()
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[:3], "f2"))
    home.connect()
    planned = {date.fromisoformat(key.split("/")[1]) for key in home.world.doses}
    assert planned.issuperset(FIRST_DAY + timedelta(days=day) for day in range(5))


# --- medicine as needed, and a strip that is swapped --------------------------------------------------------


def swapped_as_needed() -> PureHome:
    home = home_with()
    home.until("11:30")
    assert home.ask(cmd.TakeOutMagazine(home.nonce(), ROBOT, "technician", home.soon())).accepted
    home.robot.labels, home.robot.production_id = [f"N{number}" for number in range(9)], "PN-2"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.give(cmd.LoadRoll(replace(strip(labels=home.robot.labels), production_id="PN-2"), "technician"))
    home.give(cmd.ReportElsewhere(RESIDENT, home.now, ()))
    return home


def test_as_needed_waits_until_the_strip_before_is_counted() -> None:
    """Asked at the time that the old strip was packed for, the home stopped itself at each request."""
    home = swapped_as_needed()
    asks(home)
    assert (home.orders(), refused(home)[0]) == ([], "uncounted")
    assert len(left(home)) == len(STRIP)
    count(home, left(home), "waste")
    asks(home)
    assert home.orders() == [("release", "pn-1")]


def test_a_strip_of_as_needed_holds_no_planned_dose_in_doubt() -> None:
    """Its sachets bear some date and time, and belong to no dose of them."""
    home = swapped_as_needed()
    plan = (*prescriptions()[:2],)
    home.give(cmd.OfferPlan(RESIDENT, 2, plan, "f2"))
    assert home.dose("noon").uncounted == ""


def test_nothing_shows_that_a_strip_of_as_needed_is_empty() -> None:
    """Its robot died: whatever date it was packed for, all that did not leave it is to be counted."""
    home = home_with()
    home.until("09:00", day=3)
    home.lost()
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), production_id="")))
    assert home.ask(cmd.TakeOutMagazine(home.nonce(), ROBOT, "technician", home.soon())).accepted
    assert left(home) == STRIP


# --- a late release, and a newer card -----------------------------------------------------------------------


def test_a_newer_card_does_not_take_back_a_late_release(home: PureHome) -> None:
    """Anna was told that the evening's goes on until nine; a card that leaves it alone comes after."""
    live_until(home, utc("12:05"))
    word = (home.dose("evening").dose_id, utc("21:00"), "Anna", "at the theatre", "home", 0, home.soon())
    assert home.ask(cmd.AuthoriseRelease(home.nonce(), RESIDENT, *word)).accepted
    home.until("13:00")
    without_night = tuple(each for each in prescriptions() if each.prescription_id != "p-night")
    home.give(cmd.OfferPlan(RESIDENT, 2, without_night, "f2"))
    live_until(home, utc("20:30"))
    home.take_dose()
    assert home.outcome("evening") == ("retrieved", True)
