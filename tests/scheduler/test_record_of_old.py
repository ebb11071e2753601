"""A journal that an earlier version wrote is read as what it meant."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.evolve import evolve
from scheduler.plan import Prescription, RefusedPrescription
from scheduler.receive import receive
from scheduler.record import RecordError, from_plain, to_plain
from scheduler.record_of_old import ADDED
from scheduler.world import World
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, setting, utc

WRITTEN: dict[str, Any] = json.loads(
    '{"event": "PlanAccepted", "at": "2026-11-02T06:00:00.000Z", "plan": {"resident": '
    '"5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64", "card_version": 7, "plan_version": 3, "prescriptions": '
    '[{"prescription_id": "p-1", "drug": "N02BE01", "strength": "500 mg", "unit": "tablet", "dosages": '
    '[{"first": "2026-11-02", "last": null, "every_days": 1, "intakes": [{"quantity": "0.5", "part": '
    '"morning", "clock": null}, {"quantity": "1", "part": null, "clock": "20:30:00"}]}, {"first": '
    '"2026-11-03", "last": '
    '"2026-12-01", "every_days": 2, "intakes": [{"quantity": "2", "part": "night", "clock": null}]}]}]}}'
)
"""As written by the version of 2026-11-22, byte for byte but for line breaks."""

TODAY = (
    Prescription(
        "p-1",
        "N02BE01",
        "500 mg",
        Dosage(
            "tablet",
            (
                cycle(
                    date(2026, 11, 2),
                    None,
                    1,
                    (
                        Intake(Decimal("0.5"), DayPart.MORNING),
                        Intake(Decimal(1), clock=time(20, 30)),
                    ),
                ),
                cycle(date(2026, 11, 3), date(2026, 12, 1), 2, (Intake(Decimal(2), DayPart.NIGHT),)),
            ),
        ),
    ),
)


def test_a_plan_of_before_is_read_as_todays() -> None:
    event = from_plain(WRITTEN)
    assert isinstance(event, ev.PlanAccepted)
    assert event.plan.prescriptions == TODAY
    assert (event.plan.card_version, event.plan.plan_version, event.plan.refused) == (7, 3, ())
    assert from_plain(to_plain(event)) == event


def test_the_same_card_read_anew_is_no_other_plan() -> None:
    world = evolve(World(), from_plain(WRITTEN))
    offer = cmd.OfferPlan(RESIDENT, 7, TODAY, "f")
    assert receive(world, setting(), offer, utc("08:00")) == []


def test_what_was_left_to_people_before_its_drug_was_told_is_the_same_card() -> None:
    written = copy.deepcopy(WRITTEN)
    written["plan"]["refused"] = [{"prescription_id": "p-2", "reason": "range", "path": "Bundle"}]
    world = evolve(World(), from_plain(written))
    offer = cmd.OfferPlan(
        RESIDENT, 7, TODAY, "f", (RefusedPrescription("p-2", "range", "Bundle", "N05BA01"),)
    )
    assert receive(world, setting(), offer, utc("08:00")) == []


@pytest.mark.parametrize("way", [("drug",), ("dosages", 0, "first"), ("dosages", 0, "intakes", 0, "clock")])
def test_a_plan_of_before_with_a_field_missing_is_refused(way: tuple[Any, ...]) -> None:
    damaged = copy.deepcopy(WRITTEN)
    target = damaged["plan"]["prescriptions"][0]
    for step in way[:-1]:
        target = target[step]
    del target[way[-1]]
    with pytest.raises(RecordError, match=r"missing|not a"):
        from_plain(damaged)


def test_a_journal_of_a_home_with_one_robot_is_that_robots() -> None:
    """Until 2026-11-23 these rows named no robot, and no press said whose it was."""
    home = PureHome(utc("06:30"))
    home.start()
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.press()
    home.lost()
    home.give(ev.DaemonStarted(at=home.now, version="test", box="box-0001", epoch=1))
    home.connect()
    home.until("12:10")
    home.take_dose()
    rows = [to_plain(event) for event in home.journal]
    for row in rows:
        for name in ADDED.get(getattr(ev, str(row["event"])), {}):
            row.pop(name)
    world = World()
    for row in rows:
        world = evolve(world, from_plain(row))
    assert world.robots.keys() - {""} == {ROBOT}
    assert world == replace(home.world, robots=world.robots)
    (entry,) = [robot.last_entry for serial, robot in world.robots.items() if serial]
    assert entry is not None and entry.robot == ""
    mine = home.world.robot(ROBOT)
    assert world.robots[ROBOT] == replace(mine, last_entry=entry, answers=False, take_along=False)
