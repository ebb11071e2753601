"""S1 and S2 where two cards number their prescriptions alike: each person is held to what they had alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler.dose import Stage
from scheduler.gate import behind_another, earliest, label_misfit, sharing, why_not_release
from scheduler.world import World
from tests.support.many_home import ManyHome
from tests.support.pure_home import utc

R1, R2 = "SIM-0001", "SIM-0002"


def home(a: tuple[str, ...], b: tuple[str, ...]) -> ManyHome:
    """Each at a robot of their own; each card's first prescription is p-1."""
    home = ManyHome({"A": R1, "B": R2}, {"A": a, "B": b})
    home.start()
    return home


def twice_a_day(home: ManyHome, had: str) -> World:
    """A has p-1 in the morning and in the evening, and had the morning's at `had`."""
    morning, evening = home.dose("A", "morning"), home.dose("A", "evening")
    taken = replace(morning, stage=Stage.LIFTED, lifted=utc(had))
    same = replace(evening, plan=replace(evening.plan, portions=morning.plan.portions))
    return replace(home.world, doses={**home.world.doses, taken.dose_id: taken, same.dose_id: same})


def test_what_another_takes_in_between_does_not_shorten_the_wait_for_the_next_one() -> None:
    """Ten hours apart as planned: half of it is kept, whatever B has at noon."""
    alone = home(("morning", "evening"), ("noon",))
    for had, expected in (("12:59", "18:00"), ("14:00", "19:00"), ("15:30", "20:30")):
        world = twice_a_day(alone, had)
        assert earliest(world, world.doses[alone.dose("A", "evening").dose_id]) == utc(expected)


def test_what_another_has_just_had_keeps_nothing_back() -> None:
    both = home(("morning",), ("noon",))
    both.until("09:25")
    both.take_dose("A")
    both.until("12:00")
    noon = both.dose("B", "noon")
    late = replace(both.dose("A", "morning"), lifted=both.now - timedelta(minutes=1))
    world = replace(both.world, doses={**both.world.doses, late.dose_id: late})
    assert {dose.plan.resident for dose in sharing(world, noon)} == {noon.plan.resident}, "of other days"
    assert earliest(world, noon) == noon.plan.opens
    assert why_not_release(world, both.setting, noon, both.now) == ""


def test_a_dose_shares_nothing_with_itself_and_with_one_of_another_prescription() -> None:
    alone = home(("morning", "noon", "evening"), ("noon",))
    world = twice_a_day(alone, "08:10")
    evening = world.doses[alone.dose("A", "evening").dose_id]
    first_day = [dose.dose_id for dose in sharing(world, evening) if dose.plan.day == evening.plan.day]
    assert first_day == [alone.dose("A", "morning").dose_id]


def test_of_a_robot_that_has_said_nothing_no_sachet_is_known_to_lie_at_the_mouth() -> None:
    together = ManyHome({"A": R1, "B": R1}, {"A": ("morning",), "B": ("noon",)})
    together.start()
    noon = together.dose("B", "noon")
    assert behind_another(together.world, together.setting, noon)
    silent = replace(together.world.robot(R1), status=None)
    world = replace(together.world, robots={**together.world.robots, R1: silent})
    assert not behind_another(world, together.setting, noon)
    assert label_misfit(world, together.setting, together.dose("A", "morning")) == "label_unreadable"
