"""Rule 7 where a resident moves: what may have lain beside another sachet is in doubt there, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import events as ev
from scheduler.double_feed import nobodys_yet
from scheduler.gate import why_not_release
from tests.scheduler.test_custody import ask, bundle, count, left, move_in, move_out, new_home
from tests.scheduler.test_double_feed_as_needed import asked, cleared, fed
from tests.support.pure_home import RESIDENT, ROBOT, PureHome

DAY = timedelta(days=1)


def moved(home: PureHome) -> PureHome:
    home.until_at(home.now + timedelta(minutes=5))
    new = new_home(home.now)
    assert ask(new).accepted
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    return new


@pytest.fixture
def ahead(home: PureHome) -> PureHome:
    """A double feed that was cleared and closed; the dose that follows on the strip is not planned yet."""
    home.until("08:05")
    home.take_dose()
    last = max(dose.plan.opens for dose in home.world.doses.values())
    number = sum(dose.plan.opens <= last for dose in home.world.doses.values())
    label = f"L{number:03}"
    entry = home.robot.write(
        home.now,
        "ended",
        dose_id=home.dose("morning").dose_id,
        label=label,
        result="done",
    )
    home.give(replace(entry, detail="double_feed"))
    cleared(home)
    (feed,) = home.world.robot(ROBOT).fed
    assert feed.follows is not None and feed.follows.local.date() > last.date()
    home.robot.labels = home.robot.labels[home.robot.labels.index(feed.follows.label) + 1 :]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    return home


def beside(home: PureHome) -> str:
    (label,) = nobodys_yet(home.world, home.world.robot(ROBOT), RESIDENT)
    return label


def test_what_lay_beside_is_to_be_counted_before_its_dose_is_planned(ahead: PureHome) -> None:
    label = beside(ahead)
    assert label not in ahead.robot.labels, "it is not on the strip"
    new = moved(ahead)
    assert label in left(new), "somebody says where it is"


def test_nowhere_to_be_found_its_dose_is_in_doubt_once_it_is_planned(ahead: PureHome) -> None:
    label = beside(ahead)
    new = moved(ahead)
    assert count(new, [label], "missing").accepted
    assert count(new, left(new), "waste").accepted
    new.until_at(new.now + DAY)
    (doubted,) = [dose for dose in new.world.doses.values() if dose.uncounted]
    assert doubted.uncounted == "missing_sachet"
    new.until_at(doubted.plan.opens)
    assert why_not_release(new.world, new.setting, new.world.doses[doubted.dose_id], new.now) != ""


def test_what_somebody_has_decided_about_is_nobodys_question_again(due: PureHome) -> None:
    due.press()
    due.robot.fault = "double_feed"
    due.move(detail="double_feed")
    assert due.dose("noon").beside
    assert nobodys_yet(due.world, due.world.robot(ROBOT), RESIDENT) == frozenset()
    feed = due.world.robot(ROBOT).double_feed
    assert feed is not None and feed.follows is not None
    unplanned = replace(due.dose("noon"), beside="")
    world = replace(due.world, doses={**due.world.doses, unplanned.dose_id: unplanned})
    assert nobodys_yet(world, world.robot(ROBOT), RESIDENT) == {feed.follows.label}
    assert nobodys_yet(world, world.robot(ROBOT), "another") == frozenset()


def test_a_strip_as_needed_has_none() -> None:
    home = asked()
    home.move()
    fed(home)
    assert nobodys_yet(home.world, home.world.robot(ROBOT), RESIDENT) == frozenset()
