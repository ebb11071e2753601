"""The judge of the hour: what it expects of a notice, and what it forgives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.oncall.hour_judge import PEOPLE, Heard, Run, Story, heard, judge
from tests.support.paper_home import NOON

STORY = Story("ab12cd34" * 4, NOON, NOON + timedelta(seconds=30))
ENDS = NOON + timedelta(seconds=200)
RUN = Run(NOON - timedelta(minutes=5), NOON - timedelta(minutes=5))


def told(*seconds: float, first: int = 0) -> list[Heard]:
    return [
        Heard(NOON + timedelta(seconds=second), PEOPLE[number % 4], f"ab12cd34-{number}", "ab12cd34")
        for number, second in enumerate(seconds, first)
    ]


RIGHT = told(0.2, 30.3, 90.1, 150.2)


def faults(said: list[Heard], story: Story = STORY, run: Run = RUN) -> list[str]:
    later = Run(run.killed + timedelta(seconds=5), run.killed + timedelta(seconds=6)) if run.killed else None
    return judge([story], said, [run, later] if later else [run], ENDS).faults


def test_a_right_hour_has_no_fault_and_a_number_is_read_from_the_text() -> None:
    assert faults(RIGHT) == []
    assert heard("anna", "x (new). Take it by 13:00. Notice ab12cd34-7.", NOON).number == "ab12cd34-7"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (told(0.2, 30.3, 90.1), "step 3 to merete never came"),
        (told(0.2, 33.0, 90.1, 150.2), "came 3.0 s late"),
        (told(0.2, 29.0, 90.1, 150.2), "came before it was due"),
        ([*RIGHT, RIGHT[0]], "was told ab12cd34-0 twice"),
        (told(0.2, 30.3, 90.1, 150.2, 170.0), "at most 4 were due"),
        (told(0.2, 30.3, 90.1, 150.2, first=1), "step 0 went to bo"),
        ([*RIGHT, Heard(NOON, "bo", "ffffffff-9", "ffffffff")], "nobody expected ffffffff-9"),
    ],
)
def test_it_notices(said: list[Heard], fault: str) -> None:
    assert any(fault in each for each in faults(said))


def test_an_end_ends_it_and_what_came_after_is_a_fault() -> None:
    ended = Story(STORY.incident, STORY.begins, STORY.deadline, NOON + timedelta(seconds=60))
    assert faults(RIGHT[:2], ended) == []
    assert any("after its end" in each for each in faults(RIGHT, ended))


def test_a_kill_excuses_a_late_notice_and_a_repeated_one_near_it_and_no_other() -> None:
    killed = Run(RUN.looks, RUN.hears, NOON + timedelta(seconds=29))
    assert faults(told(0.2, 34.5, 90.1, 150.2), run=killed) == []
    assert any("late" in each for each in faults(told(0.2, 37.0, 90.1, 150.2), run=killed))
    near = Run(RUN.looks, RUN.hears, NOON + timedelta(seconds=31))
    assert faults([*RIGHT, RIGHT[1]], run=near) == []
    assert any("twice" in each for each in faults([*RIGHT, RIGHT[2]], run=near))
