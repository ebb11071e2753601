"""One robot has the roll, another the medicine as needed of the same person: what belongs where (rule 8)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.events import Answer
from scheduler.plan import Prescription
from tests.support.many_home import spent
from tests.support.pure_home import FIRST_DAY, utc
from tests.support.two_robots_home import (
    PN_ROBOT,
    ROLL_ROBOT,
    A,
    TwoRobotsHome,
    pn_strip,
    started,
)

INSULIN = Prescription(
    "p-insulin",
    "A10AB05",
    "100 IE/ml",
    Dosage("enhed", (cycle(FIRST_DAY, None, 1, (Intake(Decimal(8), part=DayPart.MORNING),)),)),
)


def test_scheduled_doses_come_from_one_robot_and_what_is_asked_for_from_the_other() -> None:
    home = started()
    home.at("08:05")
    assert home.lines(ROLL_ROBOT)[0] == "Det er tid til din medicin."
    assert home.lines(PN_ROBOT) == ("Medicin, når du har brug for den.", "Tryk på knappen.")
    assert home.take_dose("A") == "A001"
    home.has_one()
    home.at("12:05")
    assert home.take_dose("A") == "A002"
    home.until("15:00")
    assert [home.outcome("A", slot) for slot in ("morning", "noon")] == ["retrieved", "retrieved"]
    (asked,) = home.asked_for()
    assert asked.outcome is not None and asked.outcome.outcome is ev.Outcome.RETRIEVED
    assert (asked.purpose, asked.robot) == ("pain", PN_ROBOT)
    assert home.robots[PN_ROBOT].lifted == ["P001"]
    assert home.kinds() == {}


# --- which robot a roll goes to -----------------------------------------------------------------------


def test_each_roll_goes_to_the_robot_of_its_kind() -> None:
    home = started()
    loaded = [event for event in home.journal if isinstance(event, ev.RollLoaded)]
    assert [(each.robot, each.roll.as_needed) for each in loaded] == [(ROLL_ROBOT, False), (PN_ROBOT, True)]


def test_a_roll_in_the_wrong_one_of_two_robots_is_refused_with_that_word() -> None:
    home = started()
    one, other = home.robots[ROLL_ROBOT], home.robots[PN_ROBOT]
    one.production_id, other.production_id = "PN-2", "ROLL-2"
    home.give(home.report(ROLL_ROBOT), home.report(PN_ROBOT))
    strip, roll = pn_strip(production_id="PN-2"), replace(home.roll("A"), production_id="ROLL-2")
    for each in (strip, roll):
        assert home.give(cmd.LoadRoll(each, "technician"))[0] == ev.RollRefused(home.now, "in_other_robot")
    unknown = replace(roll, production_id="ROLL-9")
    assert home.give(cmd.LoadRoll(unknown, "t"))[0] == ev.RollRefused(home.now, "wrong_production_id")


def test_a_strip_as_needed_leaves_alone_what_was_decided_about_the_roll() -> None:
    home = started()
    robot = home.robots[ROLL_ROBOT]
    robot.production_id = "ROLL-2"
    home.give(home.report(ROLL_ROBOT))
    roll = home.roll("A")
    short = replace(roll, production_id="ROLL-2", sachets=(*roll.sachets[:4], *roll.sachets[5:]))
    home.give(cmd.LoadRoll(short, "technician"))
    incident = home.about(f"refill:{A}")
    assert incident is not None, "a sachet is missing on the roll"
    home.take(incident, "N. Nord")
    taken = home.world.incidents[incident.incident_id]
    home.ask(cmd.CloseIncident("close", taken.incident_id, taken.revision, "N. Nord", "seen", home.soon()))
    assert home.about(f"refill:{A}") is None
    home.give(cmd.LoadRoll(home.pn, "technician"))
    home.until("08:01")
    assert home.about(f"refill:{A}") is None, "a decided matter was told again"


# --- what is pressed ----------------------------------------------------------------------------------


def test_a_press_there_is_a_request_and_never_for_a_scheduled_dose() -> None:
    home = started()
    home.at("08:05")
    home.press(PN_ROBOT)
    assert home.orders() == []
    assert home.lines(PN_ROBOT)[0] == "Hvad er det for?"
    home.later(5)
    home.press(PN_ROBOT)
    assert home.orders() == [(PN_ROBOT, "release", "pn-1")]
    assert home.dose("A", "morning").stage is Stage.DUE


def test_a_press_at_the_roll_is_no_answer_to_what_the_other_robot_asks() -> None:
    home = started()
    home.at("08:05")
    home.press(PN_ROBOT)
    home.later(5)
    home.press(ROLL_ROBOT)
    assert home.orders() == [(ROLL_ROBOT, "release", "morning")]
    assert home.world.asked[A].question is ev.Question.WHAT_FOR


def test_two_presses_in_haste_release_nothing() -> None:
    """Who presses twice has not read what is asked; a numbered answer has been."""
    home = started()
    home.at("08:05")
    home.press(PN_ROBOT)
    home.later(2)
    assert spent(home.press(PN_ROBOT)) == "asked_what_for"
    assert home.orders() == []
    home.later(1)
    home.press(PN_ROBOT)
    assert home.orders() == [(PN_ROBOT, "release", "pn-1")]


def test_a_request_at_the_robot_with_the_roll_is_sent_to_the_other_one() -> None:
    home = started()
    home.at("08:05")
    assert spent(home.says(ROLL_ROBOT, Answer.AS_NEEDED)) == "other_robot"
    assert home.lines(ROLL_ROBOT) == ("Din medicin er i en anden robot.",)
    assert home.kinds() == {}
    home.says(PN_ROBOT, Answer.AS_NEEDED)
    assert home.lines(PN_ROBOT)[0] == "Hvad er det for?"


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS])
def test_a_word_at_one_robot_is_never_about_the_others_dose(answer: Answer) -> None:
    home = started()
    home.at("08:05")
    assert spent(home.says(PN_ROBOT, answer)) == "nothing_due"
    dose = home.dose("A", "morning")
    assert (dose.put_off, dose.declined) == (None, None)
    home.take_dose("A")
    home.asks()
    home.out(PN_ROBOT)
    assert spent(home.says(ROLL_ROBOT, answer)) == "nothing_due"
    assert home.asked_for()[0].stage is Stage.IN_TRAY
    home.says(PN_ROBOT, answer)
    assert home.asked_for()[0].stage is Stage.RETRACTING


def test_a_press_while_what_was_asked_for_is_under_way_asks_for_no_more() -> None:
    home = started()
    home.at("08:05")
    home.asks()
    assert spent(home.press(PN_ROBOT)) == "busy"
    home.out(PN_ROBOT)
    assert spent(home.press(PN_ROBOT)) == "nothing_due"
    home.says(PN_ROBOT, Answer.LATER)
    home.move(PN_ROBOT)
    assert home.asked_for()[0].stage is Stage.HOLDING
    home.press(PN_ROBOT)
    home.move(PN_ROBOT)
    assert home.asked_for()[0].stage is Stage.IN_TRAY


def test_a_press_there_confirms_nothing_that_is_due_beside_the_roll() -> None:
    home = started(INSULIN)
    home.at("08:05")
    home.take_dose("A")
    home.until("08:10")
    assert home.lines(ROLL_ROBOT)[0] == "Husk også: 8 enheder."
    assert home.lines(PN_ROBOT)[0] == "Medicin, når du har brug for den."
    assert spent(home.says(PN_ROBOT, Answer.LATER)) == "nothing_due"
    home.press(PN_ROBOT)
    assert home.lines(ROLL_ROBOT)[0] == "Husk også: 8 enheder.", "another robot's question hid it"
    home.says(PN_ROBOT, Answer.FIRST)
    home.out(PN_ROBOT)
    home.press(PN_ROBOT)
    (insulin,) = [side for side in home.world.sides.values() if side.due]
    assert insulin.outcome is None, "a press for something else documented insulin"
    assert home.lines(ROLL_ROBOT)[0] == "Husk også: 8 enheder.", "what lies in another tray hid it"
    home.press(ROLL_ROBOT)
    outcome = home.world.sides[insulin.dose_id].outcome
    assert outcome is not None and outcome.outcome is ev.Outcome.CONFIRMED


# --- what is shown and asked --------------------------------------------------------------------------


def test_a_question_is_shown_and_answered_where_it_was_asked() -> None:
    home = started()
    home.at("08:05")
    home.says(ROLL_ROBOT, Answer.NO_THANKS)
    assert home.lines(ROLL_ROBOT)[0] == "Helt i orden. Vil du sige hvorfor?"
    assert home.lines(PN_ROBOT)[0] == "Medicin, når du har brug for den."
    assert spent(home.says(PN_ROBOT, Answer.FIRST)) == "nothing_asked"
    home.says(ROLL_ROBOT, Answer.FIRST)
    assert home.dose("A", "morning").said == "unwell"


def test_whether_it_helped_is_asked_where_it_was_had() -> None:
    home = started()
    home.at("08:05")
    home.take_dose("A")
    home.has_one()
    home.until("09:10")
    assert home.lines(PN_ROBOT)[0] == "Hjalp medicinen?"
    assert home.lines(ROLL_ROBOT) == ("Næste medicin kl. 12:00",)
    assert spent(home.says(ROLL_ROBOT, Answer.SECOND)) == "nothing_asked"
    home.says(PN_ROBOT, Answer.SECOND)
    assert home.asked_for()[0].effect == "no_help"


def test_it_is_asked_only_if_that_robot_has_the_buttons() -> None:
    home = TwoRobotsHome()
    home.now = utc("07:50")
    home.start()
    home.buttons = False
    home.connect(PN_ROBOT)
    home.at("08:05")
    home.has_one()
    home.until("09:30")
    assert home.world.asked == {}


def test_why_not_now_is_shown_where_it_was_asked_for() -> None:
    home = started()
    home.at("08:05")
    home.take_dose("A")
    home.has_one()
    home.at("10:45")  # nobody has answered whether it helped
    home.press(PN_ROBOT)
    assert home.refused() == "asked_too_soon"
    assert home.lines(PN_ROBOT) == ("Ikke endnu.", "Du kan få den fra kl. 12:05.")
    assert home.lines(ROLL_ROBOT) == ("Næste medicin kl. 12:00",)
