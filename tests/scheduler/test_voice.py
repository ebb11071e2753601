"""The resident's voice (S7): later, no thanks, help, in every state, and what it never costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import LINE_CHARS_MAX, display
from scheduler.dose import Stage
from scheduler.events import Answer
from scheduler.gate import why_not_send
from scheduler.questions import KEYS, QUESTIONS
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, prescriptions, setting, utc


def lines(home: PureHome) -> tuple[str, ...]:
    return display(home.world, home.setting, ROBOT, home.now).lines


def help_incident(home: PureHome) -> ev.Incident:
    incident = home.world.incident_about(f"help:{RESIDENT}")
    assert incident is not None
    return incident


def refused_incident(home: PureHome, slot: str = "morning", day: int = 1) -> ev.Incident:
    incident = home.incident(slot, day)
    assert incident is not None
    assert incident.kind is ev.Kind.DOSE_REFUSED
    return incident


# --- later ------------------------------------------------------------------------------------------


def test_later_takes_the_sachet_back_from_the_tray_and_a_press_presents_it_again(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.says(Answer.LATER)
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    assert home.dose("morning").stage is Stage.HOLDING
    home.until("08:40")
    home.press()
    assert home.orders()[-1] == ("present", "morning")
    home.move()
    home.lift()
    assert home.outcome("morning") == ("retrieved", False)
    assert home.open_incidents() == []


def test_later_extends_no_window_and_moves_nothing_out_of_the_magazine(home: PureHome) -> None:
    home.until("09:50")
    home.says(Answer.LATER)
    assert home.orders() == []
    home.until("10:00")
    home.move()
    assert home.outcome("morning") == ("missed", False)


def test_the_prompt_is_silent_after_later_until_the_next_reminder(home: PureHome) -> None:
    home.until("08:05")
    assert display(home.world, home.setting, ROBOT, home.now).light == "pulse"
    home.says(Answer.LATER)
    assert display(home.world, home.setting, ROBOT, home.now).light == "steady"
    assert lines(home)[0] == "Helt i orden: vi minder dig om det."
    home.until("08:15")
    shown = display(home.world, home.setting, ROBOT, home.now)
    assert (shown.light, shown.lines[:2]) == ("pulse", ("Det er tid til din medicin.", "Tryk på knappen."))


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS])
def test_what_was_ordered_and_is_not_sent_yet_stays_where_it_is(home: PureHome, answer: Answer) -> None:
    """Rule 11: the resident spoke after it was decided."""
    home.until("08:05")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    home.says(answer)
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "put_off"


def test_a_sachet_on_its_way_to_the_tray_comes_back_by_itself(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    under_way = home.world.order_under_way()
    assert under_way is not None
    assert under_way.order.kind is ev.OrderKind.PRESENT
    about = {"order_id": under_way.order.order_id, "order_kind": "present"}
    dose = under_way.order.dose_id
    home.give(home.robot.write(home.now, "started", dose_id=dose, **about))
    home.says(Answer.LATER)
    home.robot.carry_out(under_way.order)
    ended = home.robot.write(home.now, "ended", dose_id=dose, result="done", **about)
    home.give(ended, ev.RobotReported(home.now, home.robot.status()))
    assert home.orders()[-1] == ("retract", "morning")


def test_take_before_the_retract_leaves_it_in_the_tray(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    lid = replace(home.robot.status(), lid_open=True)
    home.give(ev.RobotReported(home.now, lid))
    home.says(Answer.LATER)
    assert home.orders()[-1] == ("present", "morning"), "nothing moves under an open lid"
    home.press()
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.orders()[-1] == ("present", "morning")
    home.lift()
    assert home.outcome("morning") == ("retrieved", False)


# --- no thanks --------------------------------------------------------------------------------------


def test_no_thanks_is_refused_and_no_miss(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    incident = refused_incident(home)
    assert (incident.priority, incident.detail) == (ev.Priority.LOW, "")
    assert home.outcome("morning") is None, "they may change their mind"
    home.until("10:00")
    assert home.orders() == [("divert", "morning")]
    home.move()
    assert home.outcome("morning") == ("refused", False)
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert (outcome.reason, outcome.happened) == ("no_thanks", utc("08:05"))
    assert refused_incident(home).incident_id == incident.incident_id
    reminders = [event for event in home.journal if isinstance(event, ev.ReminderGiven)]
    assert not any("morning" in event.dose_id for event in reminders), "nobody is pressed (S7)"


def test_a_resident_may_change_their_mind_until_the_window_closes(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.until("09:30")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", True)
    assert home.open_incidents() == []


def test_no_thanks_takes_it_back_from_the_tray(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.says(Answer.NO_THANKS)
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    home.until("10:00")
    home.move()
    assert home.robot.store == ["L001"]
    assert home.outcome("morning") == ("refused", False)


def test_the_word_stands_when_the_next_dose_has_to_get_past() -> None:
    home = PureHome(utc("07:00"), setting(window=timedelta(hours=5)))
    home.start()
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.until("12:00")
    assert home.outcome("morning") == ("refused", False)
    assert home.orders()[-1] == ("divert", "morning")
    home.move()
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_the_reason_is_optional_and_unwell_is_read_sooner(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    assert lines(home)[0] == "Helt i orden. Vil du sige hvorfor?"
    home.says(Answer.FIRST)
    assert (refused_incident(home).priority, refused_incident(home).detail) == (ev.Priority.MEDIUM, "unwell")
    assert lines(home)[0] == "Helt i orden: ikke denne gang."
    home.until("10:00")
    home.move()
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert outcome.reason == "unwell"


def test_a_reason_is_of_the_word_it_was_given_for(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.says(Answer.FIRST)
    assert home.dose("morning").said == "unwell"
    home.says(Answer.LATER)
    assert home.dose("morning").said == ""


def test_an_unanswered_question_goes_away_and_a_late_answer_is_none(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.until("08:08")
    assert home.world.asked == {}
    home.says(Answer.FIRST)
    assert home.world.robot(ROBOT).spent == "nothing_asked"
    assert home.dose("morning").said == ""


def test_a_robot_with_one_button_is_asked_nothing(home: PureHome) -> None:
    home.lost()
    session = "s9"
    log = home.robot
    log.session = 9
    home.give(
        ev.RobotIdentified(home.now, ROBOT, session, "1", "none", "b", log.log_id, 1, 0, 0, ""),
        home.clock_report(),
        ev.RobotReported(home.now, log.status()),
        ev.RobotCaughtUp(home.now, ROBOT, session),
    )
    home.until("08:05")
    assert lines(home) == ("Det er tid til din medicin.", "Tryk på knappen.")


def test_critical_medicine_refused_is_medium(home: PureHome) -> None:
    for at in ("08:05", "12:05", "18:05"):
        home.until(at)
        home.take_dose()
    home.until("22:05")
    home.says(Answer.NO_THANKS)
    assert refused_incident(home, "night").priority is ev.Priority.MEDIUM


def test_the_second_day_in_a_row_is_medium(home: PureHome) -> None:
    for day in (1, 2):
        home.until("08:05", day)
        home.says(Answer.NO_THANKS)
        incident = refused_incident(home, "morning", day)
        assert incident.priority is (ev.Priority.LOW, ev.Priority.MEDIUM)[day - 1]
        home.until("10:00", day)
        home.move()
        for at in ("12:05", "18:05", "22:05"):
            home.until(at, day)
            home.take_dose()
    assert refused_incident(home, "morning", 2).detail == "second_day"


def test_while_the_window_is_open_taking_the_incident_moves_no_token(home: PureHome) -> None:
    """S1: the resident may take it at the robot at any moment."""
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.take(refused_incident(home), "Anna")
    assert home.dose("morning").token == ""
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_a_refusal_is_read_and_closed_without_a_word_about_giving(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.until("10:00")
    home.move()
    home.take(refused_incident(home), "Anna")
    assert home.dose("morning").token == "Anna"
    assert home.close(refused_incident(home), "Anna", "called").accepted
    assert home.dose("morning").token == ""
    assert refused_incident(home).state is ev.State.CLOSED


def test_after_closing_staff_may_give_it_by_hand_as_a_correction(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.until("10:00")
    home.move()
    home.take(refused_incident(home), "Anna")
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    assert home.outcome("morning") == ("given_by_staff", True)


def test_a_robot_that_cannot_be_read_at_closing_leaves_what_the_resident_said(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.NO_THANKS)
    home.until("09:00")
    home.lost()
    home.until("10:10")
    assert home.outcome("morning") == ("refused", False), "it never left the magazine"


# --- help -------------------------------------------------------------------------------------------


def test_help_is_one_incident_that_says_what_it_is_not(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.HELP)
    home.says(Answer.HELP)
    incident = help_incident(home)
    told = (incident.kind, incident.priority, incident.detail)
    assert told == (ev.Kind.HELP_ASKED, ev.Priority.MEDIUM, "no_emergency_call")
    assert len(home.open_incidents()) == 1
    assert lines(home)[-1] == "Personalet ringer. Akut: ring 112."
    assert lines(home)[0] == "Det er tid til din medicin.", "a dose is offered all the same"
    home.take(help_incident(home), "Anna")
    assert home.close(help_incident(home), "Anna", "called").accepted
    assert not any("112" in line for line in lines(home))
    home.says(Answer.HELP)
    assert help_incident(home).incident_id != incident.incident_id


def _fault(home: PureHome) -> None:
    home.robot.fault = "motor_stall"
    home.give(ev.RobotReported(home.now, home.robot.status()))


def _lid(home: PureHome) -> None:
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), lid_open=True)))


def _doubt(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="unclear")


def _clock(home: PureHome) -> None:
    home.give(cmd.ReportClockStep())


def _behind(home: PureHome) -> None:
    home.give(ev.JournalFoundBehind(home.now, "robot", 1, "f" * 64))


def _motion(home: PureHome) -> None:
    home.until("08:05")
    home.press()


def _no_plan(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[:0], "f2"))


def _nothing(home: PureHome) -> None:
    pass


@pytest.mark.parametrize("state", [_nothing, _fault, _lid, _doubt, _clock, _behind, _motion, _no_plan])
@pytest.mark.parametrize("age_ms", [100, 600_000])
def test_help_works_in_every_state(home: PureHome, state: object, age_ms: int) -> None:
    assert callable(state)
    state(home)
    home.press(age_ms=age_ms, answer=Answer.HELP)
    assert help_incident(home).state is not ev.State.CLOSED


def test_help_reaches_staff_from_a_robot_that_is_still_being_read(home: PureHome) -> None:
    home.lost()
    session = "s7"
    home.give(
        ev.RobotIdentified(home.now, ROBOT, session, "1", "none", "b", home.robot.log_id, 1, 0, 0, "", True)
    )
    home.give(ev.Pressed(home.now, ROBOT, session, 100, Answer.HELP))
    assert help_incident(home).kind is ev.Kind.HELP_ASKED


def test_undelivered_help_shows_the_number_and_112(home: PureHome) -> None:
    home.until("08:05")
    home.says(Answer.HELP)
    home.until("08:06")
    assert lines(home)[-2:] == ("Vi kan ikke få fat i personalet.", "Ring 70 00 00 00. Akut: 112.")
    assert lines(home)[:2] == ("Det er tid til din medicin.", "Tryk på knappen.")


# --- every answer, every time -----------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS, *KEYS])
def test_with_nothing_due_an_answer_is_heard_and_costs_nothing(home: PureHome, answer: Answer) -> None:
    home.says(answer)
    assert home.world.robot(ROBOT).press is None
    assert home.world.robot(ROBOT).spent in ("nothing_due", "nothing_asked")
    assert home.open_incidents() == []


@pytest.mark.parametrize("answer", [a for a in Answer if a is not Answer.TAKE])
def test_no_other_answer_than_take_moves_medicine_towards_the_resident(
    home: PureHome, answer: Answer
) -> None:
    home.until("08:05")
    home.says(answer)
    assert home.orders() == []


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS])
def test_an_old_answer_about_medicine_is_history(home: PureHome, answer: Answer) -> None:
    home.until("08:05")
    home.press(age_ms=60_001, answer=answer)
    assert home.world.robot(ROBOT).spent == "old"
    assert home.dose("morning").put_off is home.dose("morning").declined is None


def test_questions_fit_the_smallest_display_and_have_a_button_for_each_answer() -> None:
    for question in QUESTIONS.values():
        assert len(question.lines) <= 3
        assert all(len(line) <= LINE_CHARS_MAX for line in question.lines)
        assert 1 <= len(question.answers) <= len(KEYS)
        said = " ".join(question.lines)
        assert all(str(number) in said for number in range(1, len(question.answers) + 1))
