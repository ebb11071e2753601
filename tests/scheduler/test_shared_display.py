"""What a display says where several look at it: whose turn it is and never whose medicine (S3, S7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import Display, display
from scheduler.dosage import DayPart
from scheduler.dose import Stage
from scheduler.events import Answer
from tests.scheduler.test_many_voices import DAY, R1, says
from tests.scheduler.test_side_doses import beside
from tests.support.many_home import KEYS, TAGS, ManyHome, card

ONE_OF_YOU = ("En af jer mangler anden medicin.", "Vis din brik, når du har taget den.")
OFFER = ("Det er tid til din medicin.", "Vis din brik, og tryk på knappen.")
NOT_ABLE = ("Robotten kan ikke give medicin nu.", "Personalet får besked.")
EVENING = Display("off", "none", ("Næste medicin kl. 18:00",))


def home_with(*drops: str, **slots: tuple[str, ...]) -> ManyHome:
    """A and B share one robot; these have drops at noon beside what is in it."""
    home = ManyHome({"A": R1, "B": R1}, slots or {"A": DAY, "B": DAY})
    home.start()
    for person in drops:
        own = beside("drops", "N02BE01", "dråbe", DayPart.NOON)
        home.give(cmd.OfferPlan(KEYS[person], 2, (*card(home.slots[person]), own), f"f2-{person}"))
    return home


def had_their_morning(home: ManyHome) -> ManyHome:
    home.until("08:05")
    home.take_dose("A")
    home.take_dose("B")
    home.until("12:00")
    return home


def shown(home: ManyHome) -> Display:
    """As if on-call had receipted everything."""
    told = {key: replace(each, undelivered=False) for key, each in home.world.incidents.items()}
    return display(replace(home.world, incidents=told), home.setting, R1, home.now)


def with_morning(home: ManyHome, person: str, **changed: Any) -> None:
    dose = replace(home.dose(person, "morning"), **changed)
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})


def open_lid(home: ManyHome) -> None:
    home.give(ev.RobotReported(home.now, replace(home.robots[R1].status(), lid_open=True), R1))


def test_medicine_beside_the_robot_is_asked_for_without_its_amount_and_without_a_name() -> None:
    assert shown(had_their_morning(home_with("A"))) == Display("pulse", "soft", ONE_OF_YOU)


def test_unheard_it_is_asked_for_loudly() -> None:
    home = had_their_morning(home_with("A"))
    home.until("12:44:59")
    assert shown(home).sound == "soft"
    home.until("12:45")
    assert shown(home) == Display("pulse", "loud", ONE_OF_YOU)


def test_once_it_is_confirmed_nobody_is_asked() -> None:
    home = had_their_morning(home_with("A"))
    home.press(R1, TAGS["A"])
    assert shown(home) == EVENING


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS])
def test_who_said_later_or_no_thanks_is_left_in_peace(answer: Answer) -> None:
    home = had_their_morning(home_with("A"))
    says(home, R1, answer, "A")
    assert shown(home) == EVENING


def test_while_one_is_left_in_peace_the_other_is_still_asked() -> None:
    home = had_their_morning(home_with("A", "B"))
    says(home, R1, Answer.LATER, "A")
    assert shown(home) == Display("pulse", "soft", ONE_OF_YOU)


def test_the_others_sachet_stays_in_sight_above_it() -> None:
    home = had_their_morning(home_with("A", A=DAY, B=("morning", "noon", "evening")))
    assert shown(home) == Display("pulse", "soft", (*OFFER, ONE_OF_YOU[0]))


def test_that_the_robot_can_not_give_the_others_stays_in_sight_below_it() -> None:
    home = had_their_morning(home_with("A", A=DAY, B=("morning", "noon", "evening")))
    open_lid(home)
    assert shown(home) == Display("pulse", "soft", (*ONE_OF_YOU, NOT_ABLE[0]))


def test_a_dose_that_waits_for_staff_hides_nobody_elses() -> None:
    home = home_with()
    home.until("08:05")
    with_morning(home, "A", stage=Stage.IN_STORE)
    home.robots[R1].labels.pop(0)
    home.give(home.report(R1))
    assert shown(home) == Display("pulse", "soft", OFFER)


def test_who_stands_behind_anothers_sachet_is_asked_to_wait_and_hears_nothing() -> None:
    home = home_with()
    home.until("08:05")
    by_hand = ev.OutcomeRecorded(home.now, "", 1, ev.Outcome.GIVEN_BY_STAFF, False, "", "Anna", home.now)
    with_morning(home, "A", outcome=by_hand)
    assert shown(home) == Display("steady", "none", ("Vent lidt: en anden pose skal først ud.",))
