"""Controlled medicine: personal action, a short time in the tray, a narrow window, a card not too old;
and the list that says what is controlled (rules 2 and 9, S9; situation 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dose import Stage
from scheduler.expand import Catalogue
from scheduler.gate import needs_personal_action, why_not_release, why_not_take_along
from scheduler.world import World
from tests.support.attack_moves import about, is_open, live_until
from tests.support.pure_home import DRUGS, RESIDENT, ROBOT, PureHome, prescriptions, setting, utc

CONTROLLED = DRUGS["morning"]
KNOWN = frozenset(DRUGS.values())


@pytest.fixture
def home() -> PureHome:
    """The morning medicine is controlled."""
    base = setting()
    catalogue = Catalogue(KNOWN, frozenset(), frozenset({CONTROLLED}))
    home = PureHome(utc("07:50"), replace(base, catalogue=catalogue))
    home.start()
    return home


def confirm(home: PureHome) -> list[ev.Event]:
    return home.give(cmd.ConfirmPlan(RESIDENT))


def test_it_is_critical_and_its_window_is_narrow(home: PureHome) -> None:
    plan = home.dose("morning").plan
    assert (plan.controlled, plan.critical) == (True, True)
    assert plan.closes - plan.opens == timedelta(hours=1)
    other = home.dose("noon").plan
    assert (other.controlled, other.critical, other.closes - other.opens) == (
        False,
        False,
        timedelta(hours=2),
    )


def test_a_press_that_anybody_may_have_made_releases_nothing(home: PureHome) -> None:
    home.until("08:05")
    assert ev.PressSpent(home.now, "personal_action", ROBOT, "", home.dose("morning").dose_id) in home.press()
    assert home.orders() == []
    told = about(home)
    assert (told.kind, told.priority, told.detail) == (
        ev.Kind.DOSE_BLOCKED,
        ev.Priority.HIGH,
        "personal_action",
    ), "every anomaly alarms high"
    assert display(home.world, home.setting, ROBOT, home.now).lines[0] == "Brug dit kort eller din kode."


def test_a_personal_one_does_and_takes_the_alarm_back(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.take_dose(resident=RESIDENT)
    assert home.outcome("morning") == ("retrieved", False)
    assert not is_open(about(home))


def test_other_medicine_needs_no_tag(home: PureHome) -> None:
    assert not needs_personal_action(home.dose("noon"))
    live_until(home, utc("12:05"))
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_it_lies_in_the_tray_for_five_minutes_and_is_told_high(home: PureHome) -> None:
    home.until("08:05")
    home.press(resident=RESIDENT)
    home.move()
    home.move()
    home.until("08:09:59")
    assert home.dose("morning").stage is Stage.IN_TRAY
    home.until("08:10:01")
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    assert home.dose("morning").stage is Stage.HOLDING
    told = about(home)
    assert (told.kind, told.priority, told.detail) == (ev.Kind.LEFT_IN_TRAY, ev.Priority.HIGH, "taken_back")
    home.press()
    assert home.orders()[-1] == ("retract", "morning"), "to present it again needs the person again"
    home.press(resident=RESIDENT)
    home.move()
    home.lift()
    assert home.outcome("morning") == ("retrieved", False)
    assert not is_open(about(home))


def test_other_medicine_may_lie_there(home: PureHome) -> None:
    live_until(home, utc("12:05"))
    home.press()
    home.move()
    home.move()
    home.until("12:19")
    assert home.dose("noon").stage is Stage.IN_TRAY


def test_it_never_leaves_with_a_take_along(home: PureHome) -> None:
    assert why_not_take_along(home.world, home.setting, home.dose("morning")) == "controlled"
    assert why_not_take_along(home.world, home.setting, home.dose("noon")) == ""


def test_a_card_that_is_too_old_locks_it_and_nothing_else(home: PureHome) -> None:
    """S9."""
    live_until(home, utc("08:05", day=4))
    home.press(resident=RESIDENT)
    assert why_not_release(home.world, home.setting, home.dose("morning", 4), home.now) == "card_too_old"
    assert (about_day(home, "morning", 4).detail, about_day(home, "morning", 4).priority) == (
        "card_too_old",
        ev.Priority.HIGH,
    )
    noon = home.dose("noon", 4)
    at_noon = utc("12:05", day=4)
    assert why_not_release(home.world, home.setting, noon, at_noon) != "card_too_old", "and nothing else"
    confirm(home)
    assert why_not_release(home.world, home.setting, home.dose("morning", 4), home.now) != "card_too_old"


def about_day(home: PureHome, slot: str, day: int) -> ev.Incident:
    incident = home.incident(slot, day)
    assert incident is not None
    return incident


def test_a_confirmed_card_is_written_once_an_hour(home: PureHome) -> None:
    assert confirm(home) == []
    home.until("08:51")
    assert [type(event) for event in confirm(home)] == [ev.PlanConfirmed]
    assert confirm(home) == []
    home.now += timedelta(hours=1, seconds=1)
    offered = home.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
    assert ev.PlanConfirmed in [type(event) for event in offered], "read again, it is the same card"


def test_a_card_is_not_confirmed_while_another_one_was_refused(home: PureHome) -> None:
    home.until("08:51")
    home.give(ev.PlanRefused(home.now, RESIDENT, "older_card", "x", "f0"))
    assert confirm(home) == []


# --- the list -----------------------------------------------------------------------------------------


def listed(version: int, persons: tuple[str, ...], *controlled: str) -> cmd.OfferMedicineList:
    return cmd.OfferMedicineList(Catalogue(KNOWN, frozenset(), frozenset(controlled), version, persons))


def test_the_first_list_is_the_one_that_the_home_was_set_up_with(home: PureHome) -> None:
    home.give(listed(1, (), CONTROLLED))
    assert home.world.medicine == Catalogue(KNOWN, frozenset(), frozenset({CONTROLLED}))
    assert home.give(listed(1, (), CONTROLLED)) == []


@pytest.mark.parametrize(
    ("version", "persons", "reason"),
    [
        (1, ("Anna", "Berit"), "version_not_raised"),
        (2, (), "needs_two_persons"),
        (2, ("Anna",), "needs_two_persons"),
        (2, ("Anna", " anna "), "needs_two_persons"),
        (2, ("Anna", ""), "needs_two_persons"),
    ],
)
def test_a_list_that_one_person_changed_is_not_in_force(
    home: PureHome, version: int, persons: tuple[str, ...], reason: str
) -> None:
    home.give(listed(1, (), CONTROLLED))
    home.give(listed(version, persons))
    assert home.world.medicine is not None
    assert home.world.medicine.controlled == {CONTROLLED}
    told = home.world.incident_about("medicine")
    assert told is not None
    assert (told.kind, told.detail) == (ev.Kind.LIST_REFUSED, reason)
    assert home.give(listed(version, persons)) == [], "said once"
    home.give(listed(1, (), CONTROLLED))
    assert not is_open(home.world.incidents[told.incident_id]), "put back"


def test_two_persons_change_it_and_what_is_ahead_is_planned_by_it(home: PureHome) -> None:
    home.give(listed(1, (), CONTROLLED))
    home.give(listed(2, ("Anna", "Berit"), DRUGS["noon"]))
    assert home.world.medicine is not None
    assert home.world.medicine.persons == ("Anna", "Berit")
    assert home.dose("noon").plan.controlled
    assert not home.dose("morning").plan.controlled
    assert home.dose("morning").plan.closes == utc("10:00")


def test_an_unknown_code_is_critical_and_not_controlled() -> None:
    catalogue = Catalogue(frozenset(), frozenset())
    assert catalogue.is_critical("N07BC02")
    assert "N07BC02" not in catalogue.controlled


def test_a_home_of_before_has_the_configured_list() -> None:
    assert World().medicine is None
