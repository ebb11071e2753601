"""What was asked for as needed is written down as it was said, and goes by every look at the robot."""

from __future__ import annotations

from dataclasses import replace

from scheduler import events as ev
from scheduler.events import Answer
from tests.scheduler.test_as_needed import asks, home_with, refused
from tests.support.pure_home import ROBOT


def test_what_they_said_is_written_down_as_they_said_it() -> None:
    def said(answer: Answer) -> tuple[str, str]:
        home = home_with()
        asks(home, answer)
        (told,) = [event for event in home.journal if isinstance(event, ev.QuestionAnswered)]
        return told.answer, told.robot

    assert said(Answer.FIRST) == ("pain", ROBOT)
    assert said(Answer.TAKE) == said(Answer.LATER) == ("", "")


def test_nothing_is_released_onto_what_lies_in_the_tray() -> None:
    """Rule 4."""
    home = home_with()
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), tray=True)))
    asks(home)
    assert refused(home) == ("tray_occupied", None)
    assert home.orders() == []
