"""S3 for the second half of the way: what the holding place must show is what was released into it.

Found by killing real processes: a roll put in while a dose lay in the holding place left its present
without a label, which the wire refuses.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.roll import Roll
from tests.support.pure_home import FIRST_DAY, PureHome, roll

MORNING = "L001"


def another_roll(relabelled: bool) -> Roll:
    """For the other days; or for all of them, with the old labels on other sachets."""
    new = roll(production_id="ROLL-2", first=FIRST_DAY - timedelta(days=1))
    rest = tuple(sachet for sachet in new.sachets if sachet.local.date() != FIRST_DAY)
    return new if relabelled else replace(new, sachets=rest)


def put_in(home: PureHome, new: Roll) -> None:
    home.robot.labels = [sachet.label for sachet in new.sachets]
    home.robot.production_id = new.production_id
    home.give(ev.RobotReported(home.now, home.robot.status()), cmd.LoadRoll(new, "technician"))


def ordered(home: PureHome) -> ev.Order:
    under_way = home.world.order_under_way()
    assert under_way is not None, "nothing was ordered"
    return under_way.order


@pytest.mark.parametrize("relabelled", [False, True])
def test_a_roll_put_in_meanwhile_does_not_change_what_the_holding_place_must_show(
    home: PureHome, relabelled: bool
) -> None:
    home.until("08:05")
    home.press()
    home.move("accepted started")
    put_in(home, another_roll(relabelled))
    order = ordered(home)
    ended = {"order_id": order.order_id, "order_kind": "release", "dose_id": order.dose_id, "result": "done"}
    home.robot.holding = MORNING
    home.give(
        home.robot.write(home.now, "ended", label=MORNING, **ended),
        ev.RobotReported(home.now, home.robot.status()),
    )
    assert (ordered(home).kind, ordered(home).label) == (ev.OrderKind.PRESENT, MORNING)
    home.move()
    home.lift()
    assert home.outcome("morning") == ("retrieved", False)


def test_a_release_that_only_the_robots_log_tells_of_names_the_label(home: PureHome) -> None:
    adopt(home, MORNING)
    put_in(home, another_roll(relabelled=False))
    home.press()
    assert (ordered(home).kind, ordered(home).label) == (ev.OrderKind.PRESENT, MORNING)


def test_what_was_released_unread_is_not_presented_and_staff_hear_of_it(home: PureHome) -> None:
    adopt(home, "")
    home.press()
    assert home.orders() == []
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "label_unknown")


def adopt(home: PureHome, label: str) -> None:
    """A release that the journal never ordered."""
    home.until("08:05")
    dose = home.dose("morning")
    home.robot.holding = home.robot.labels.pop(0)
    about = {"order_id": "foreign", "order_kind": "release", "dose_id": dose.dose_id}
    home.give(
        home.robot.write(home.now, "ended", label=label, result="done", **about),
        ev.RobotReported(home.now, home.robot.status()),
    )
    assert home.dose("morning").stage is Stage.HOLDING
