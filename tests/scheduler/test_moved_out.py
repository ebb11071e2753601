"""Who moved out is forgotten by the home they left, nobody else is, and all of it goes along (rule 24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.custody import Count
from scheduler.evolve import evolve
from scheduler.habits import Did, Past
from scheduler.receive_custody import magazine_of
from scheduler.regime import ORDINARY
from scheduler.remembered import Asked, Elsewhere
from scheduler.roll_look import Compared
from scheduler.world import SideDose, World
from tests.scheduler.test_custody import ask, bundle, move_in, move_out, new_home
from tests.scheduler.test_side_doses import DROPS, home_with, side
from tests.support.attack_moves import anna_may_give
from tests.support.many_home import KEYS, ManyHome
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, roll, utc

R1 = "SIM-0001"
A, B = KEYS["A"], KEYS["B"]


def full(home: ManyHome) -> World:
    """A world that knows all it can of both who share a robot."""
    now, world = home.now, home.world
    sachet = ev.LeftSachet("X1", now.date(), now, frozenset())
    sides = [replace(dose.plan, dose_id=f"{dose.dose_id}-beside") for dose in world.doses.values()]

    def each(make: Any) -> dict[str, Any]:
        return {key: make(key) for key in (A, B)}

    return replace(
        world,
        sides={plan.dose_id: SideDose(plan) for plan in sides},
        refused_plans=each(lambda key: ("f", "why")),
        regimes=each(lambda key: ORDINARY),
        habits=each(lambda key: (Past(now, "d", "morning", Did.ON_TIME),)),
        elsewhere=each(lambda key: Elsewhere(now, ())),
        asked=each(lambda key: Asked(ev.Question.WHAT_FOR, "", now, now)),
        refusals=each(lambda key: ev.AsNeededRefused(now, key, "p", "x", None, R1)),
        counts=each(lambda key: (Count(ev.Magazine(R1, key, "ROLL", ()), "swapped", now, (sachet,)),)),
        compared=each(lambda key: Compared(ev.RollCompared(now, key, R1, "ROLL", 1, 1, False, ()))),
    )


def of(key: str, world: World) -> set[str]:
    """What of the world, by its names, is about this resident."""
    found = set()
    for field in fields(world):
        known = getattr(world, field.name)
        if isinstance(known, Mapping) and any(name.startswith(key) for name in known):
            found.add(field.name)
    if any(key in robot.rolls for robot in world.robots.values()):
        found.add("rolls")
    return found


def test_nothing_of_theirs_is_left_and_all_of_the_others_stays() -> None:
    home = ManyHome({"A": R1, "B": R1}, {"A": ("morning",), "B": ("morning",)})
    home.start()
    asked = cmd.MoveOut("c1", A, "move-1", "box-0002", "nurse", "moving", home.soon())
    (moved,) = [event for event in home.give(asked) if isinstance(event, ev.ResidentMovedOut)]
    home = ManyHome({"A": R1, "B": R1}, {"A": ("morning",), "B": ("morning",)})
    home.start()
    before = full(home)
    assert of(A, before) == of(B, before)
    assert len(of(A, before)) == 15
    after = evolve(before, moved)
    assert of(A, after) == {"custody"}
    assert of(B, after) == of(B, before)


def test_the_home_they_left_takes_no_word_about_them(home: PureHome) -> None:
    assert move_out(home).accepted
    said = ("Anna", "in hospital", "home", 0, home.soon())
    asked = cmd.PauseResident(home.nonce(), RESIDENT, ev.PauseKind.HOSPITAL, None, *said)
    assert home.ask(asked).reason == "moved_out"
    assert home.world.regimes == {}


def test_how_often_a_dose_was_tried_moves_with_it(home: PureHome) -> None:
    """P9: the number of an order is never used twice, whatever robot it goes to."""
    home.until("08:05")
    for _ in range(2):
        home.press()
        home.move(result="not_moved", detail="stall")
        home.until_at(home.soon())
    new = new_home(home.now)
    assert ask(new).accepted
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert (new.dose("morning").attempts, new.dose("morning").releases) == (2, 2)


def moved(home: PureHome) -> PureHome:
    new = new_home(home.now)
    assert ask(new).accepted
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    return new


@pytest.mark.parametrize("until", [None, utc("09:00", day=3)])
def test_who_is_away_when_they_move_is_away_in_the_new_home_too(
    home: PureHome, until: datetime | None
) -> None:
    """Rule 22: only a named nurse's word ends it."""
    said = ("Anna", "in hospital", "home", 0, home.soon())
    assert home.ask(cmd.PauseResident(home.nonce(), RESIDENT, ev.PauseKind.HOSPITAL, until, *said)).accepted
    new = moved(home)
    pause = new.world.regime(RESIDENT).pause
    assert pause is not None
    assert (pause.kind, pause.until, pause.by) == (ev.PauseKind.HOSPITAL, until, "Anna")
    new.until("08:05")
    new.press()
    assert new.orders() == []


def test_what_others_gave_is_known_in_the_new_home(home: PureHome) -> None:
    given = ev.GivenElsewhere("p-noon", utc("06:00"), Decimal(1))
    home.give(cmd.ReportElsewhere(RESIDENT, home.now, (given,)))
    new = moved(home)
    assert new.world.elsewhere[RESIDENT] == Elsewhere(home.now, (given,), read=home.now)


def test_what_was_had_beside_the_robot_stays_had() -> None:
    home = home_with(DROPS)
    home.until("08:05")
    home.take_dose()
    home.until("08:07")
    home.press()
    had = side(home, "drops")
    assert had.outcome is not None
    new = moved(home)
    known = new.world.sides[had.dose_id]
    assert (known.due, known.outcome) == (True, had.outcome)


def test_another_bundle_for_somebody_who_is_here_is_refused(home: PureHome) -> None:
    new = moved(home)
    assert move_in(new, replace(bundle(home), move="move-9")).reason == "here_already"


def test_what_staff_gave_by_hand_left_its_sachet_in_the_magazine_and_that_is_counted() -> None:
    home = anna_may_give()
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    home.until("11:00")
    taken = magazine_of(home.world, home.setting, home.world.robot(ROBOT), roll(), home.now)
    assert [sachet.label for sachet in taken.left][:2] == ["L001", "L002"]


def test_where_nobody_can_read_the_mouth_a_sachet_may_be_there_until_its_window_closes(
    home: PureHome,
) -> None:
    robot = home.world.robot(ROBOT)
    assert robot.status is not None
    unread = replace(robot, status=replace(robot.status, mouth_label=""))

    def first(now: datetime) -> str:
        return magazine_of(home.world, home.setting, unread, roll(), now).left[0].label

    closes = home.dose("morning").plan.closes
    assert first(closes - timedelta(milliseconds=1)) == "L001"
    assert first(closes) == "L002"
