"""Each thing that keeps a dose back, alone: the gate names it, and without it lets the dose through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.gate import (
    behind_another,
    beyond_plan,
    lead_window,
    lock,
    planned_on,
    used_on,
    why_not_present,
    why_not_release,
)
from scheduler.regime import Regime
from scheduler.world import ClockState, Dose, World
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome

Spoil = Callable[[PureHome], World]


def with_dose(home: PureHome, slot: str, **changed: Any) -> World:
    dose = replace(home.dose(slot), **changed)
    return replace(home.world, doses={**home.world.doses, dose.dose_id: dose})


def with_status(home: PureHome, **changed: Any) -> World:
    robot = home.world.robot(ROBOT)
    assert robot.status is not None
    return with_robot(home.world, ROBOT, replace(robot, status=replace(robot.status, **changed)))


def morning(home: PureHome) -> Dose:
    return home.dose("morning")


def outcome(home: PureHome, name: ev.Outcome) -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(home.now, morning(home).dose_id, 1, name, False, "", "x", home.now)


def unknown_plan(home: PureHome) -> World:
    return replace(home.world, plans={})


def older_plan(home: PureHome) -> World:
    return with_dose(home, "morning", plan=replace(morning(home).plan, plan_version=9))


def behind(home: PureHome) -> World:
    return replace(home.world, behind=(ev.JournalFoundBehind(home.now, "robot", 1, "h"),))


def suspended(home: PureHome) -> World:
    return replace(home.world, regimes={RESIDENT: Regime(mode=ev.Mode.SUSPENDED)})


def controlled(home: PureHome, confirmed: timedelta | None) -> World:
    """The card was last read so long ago; None = never."""
    world = with_dose(home, "morning", plan=replace(morning(home).plan, controlled=True))
    read = {} if confirmed is None else {RESIDENT: home.now - confirmed}
    return replace(world, confirmed=read)


def absent(home: PureHome) -> World:
    return with_robot(home.world, ROBOT, replace(home.world.robot(ROBOT), status=None))


AGE = timedelta(hours=72)

ALWAYS: list[tuple[str, Spoil]] = [
    ("robot_not_ready", absent),
    ("journal_behind", behind),
    ("clock", lambda home: replace(home.world, clock=ClockState())),
    ("in_doubt", lambda home: with_dose(home, "night", stage=Stage.DOUBT, robot=ROBOT)),
    ("fault", lambda home: with_status(home, fault="motor_stall")),
    ("lid_open", lambda home: with_status(home, lid_open=True)),
    ("with_staff", lambda home: with_dose(home, "morning", token="Anna")),
    ("settled", lambda home: with_dose(home, "morning", outcome=outcome(home, ev.Outcome.MISSED))),
    ("journal_behind", lambda home: with_dose(home, "morning", lost=True)),
    ("discarded", lambda home: with_dose(home, "morning", discard="Anna")),
    ("no_plan", unknown_plan),
    ("no_plan", older_plan),
    ("suspended", suspended),
]

AT_RELEASE: list[tuple[str, Spoil]] = [
    *ALWAYS,
    ("holding_occupied", lambda home: with_status(home, holding=True)),
    ("tray_occupied", lambda home: with_status(home, tray=True)),
    ("no_manifest", lambda home: with_robot(home.world, ROBOT, replace(home.world.robot(ROBOT), rolls={}))),
    ("wrong_production_id", lambda home: with_status(home, production_id="ROLL-9")),
    ("roll_empty", lambda home: with_status(home, sachets_left=0)),
    ("label_unreadable", lambda home: with_status(home, mouth_label="")),
    ("label_unknown", lambda home: with_status(home, mouth_label="L999")),
    ("label_mismatch", lambda home: with_status(home, mouth_label="L002")),
    ("already_released", lambda home: with_dose(home, "morning", stage=Stage.HOLDING)),
    ("card_too_old", lambda home: controlled(home, None)),
    ("card_too_old", lambda home: controlled(home, AGE)),
    ("", lambda home: controlled(home, AGE - timedelta(milliseconds=1))),
    ("", lambda home: replace(home.world, confirmed={})),
]

AT_PRESENT: list[tuple[str, Spoil]] = [
    *ALWAYS,
    ("tray_occupied", lambda home: with_status(home, tray=True)),
    ("label_unknown", lambda home: with_dose(home, "morning", label="")),
]


@pytest.fixture
def due(home: PureHome) -> PureHome:
    home.until("08:05")
    assert why_not_release(home.world, home.setting, morning(home), home.now) == ""
    return home


@pytest.mark.parametrize(
    ("reason", "spoil"), AT_RELEASE, ids=[f"{n}-{r}" for n, (r, _) in enumerate(AT_RELEASE)]
)
def test_what_alone_keeps_a_release_back_is_named(due: PureHome, reason: str, spoil: Spoil) -> None:
    world = spoil(due)
    assert why_not_release(world, due.setting, world.doses[morning(due).dose_id], due.now) == reason


@pytest.mark.parametrize(
    ("reason", "spoil"), AT_PRESENT, ids=[f"{n}-{r}" for n, (r, _) in enumerate(AT_PRESENT)]
)
def test_what_alone_keeps_a_present_back_is_named(due: PureHome, reason: str, spoil: Spoil) -> None:
    due.press()
    due.move("accepted started ended")
    due.world = with_dose(due, "morning", stage=Stage.HOLDING, order=None)
    assert why_not_present(due.world, due.setting, morning(due), due.now) == ""
    world = spoil(due)
    assert why_not_present(world, due.setting, world.doses[morning(due).dose_id], due.now) == reason


def test_a_window_is_open_from_its_first_instant_to_before_its_last(due: PureHome) -> None:
    dose, tick = morning(due), timedelta(milliseconds=1)

    def said(now: Any) -> str:
        return why_not_release(due.world, due.setting, dose, now)

    opens, closes = dose.plan.opens, dose.plan.closes
    assert [said(at) for at in (opens - tick, opens, closes - tick, closes)] == [
        "window_closed", "", "", "window_closed",
    ]  # fmt: skip
    lead = timedelta(minutes=30)
    found = [lead_window(dose, lead, at) for at in (opens - lead - tick, opens - lead, closes - tick, closes)]
    assert found == [False, True, True, False]


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, False),
        *(({"stage": stage}, True) for stage in Stage if stage in (
            Stage.RELEASING, Stage.HOLDING, Stage.PRESENTING, Stage.IN_TRAY, Stage.RETRACTING, Stage.LIFTED,
            Stage.DOUBT,
        )),
        *(({"stage": stage}, False) for stage in (Stage.HELD, Stage.IN_STORE, Stage.OUT, Stage.PASSING)),
        ({"token": "Anna"}, True),
        ({"lost": True}, True),
        ({"contradicted": True}, True),
    ],
)  # fmt: skip
def test_what_counts_as_used_of_the_plan(due: PureHome, changed: dict[str, Any], counts: bool) -> None:
    """S1: of the morning's medicine, as another dose of that date would be counted against it."""
    world, dose = with_dose(due, "morning", **changed), morning(due)
    expected = Decimal(1) if counts else Decimal(0)
    assert used_on(world, RESIDENT, "p-morning", FIRST_DAY) == expected
    assert used_on(world, RESIDENT, "p-morning", FIRST_DAY, besides=dose.dose_id) == 0
    assert used_on(world, RESIDENT, "p-noon", FIRST_DAY) == 0
    assert used_on(world, "somebody else", "p-morning", FIRST_DAY) == 0
    assert used_on(world, RESIDENT, "p-morning", FIRST_DAY + timedelta(days=1)) == 0


def test_a_second_dose_of_the_same_prescription_and_date_is_beyond_the_plan(due: PureHome) -> None:
    second = replace(
        morning(due), plan=replace(morning(due).plan, dose_id=f"{RESIDENT}/{FIRST_DAY}/morning/2")
    )
    assert beyond_plan(due.world, second) == ""
    due.world = with_dose(due, "morning", stage=Stage.LIFTED)
    assert beyond_plan(due.world, second) == "double_dose"
    assert beyond_plan(unknown_plan(due), second) == "no_plan"
    plan = due.world.plans[RESIDENT]
    assert planned_on(plan, "p-morning", FIRST_DAY) == 1
    assert planned_on(plan, "p-never", FIRST_DAY) == 0


def test_a_dose_whose_prescription_somebody_may_be_giving_waits_for_them(due: PureHome) -> None:
    night = due.dose("night")
    same = replace(night.plan, portions=morning(due).plan.portions)
    due.world = with_dose(due, "night", plan=same, token="Anna")
    incident = ev.Incident(
        incident_id="i",
        subject=f"dose:{night.dose_id}",
        kind=ev.Kind.DOSE_MISSED,
        priority=ev.Priority.MEDIUM,
        dose_id=night.dose_id,
        raised=due.now,
        deadline=due.now,
        detail="",
    )
    world = replace(due.world, incidents={"i": incident}, subjects={incident.subject: ("i", 1)})
    assert why_not_release(world, due.setting, morning(due), due.now) == "shared_with_staff"


def test_nothing_lies_before_a_sachet_of_the_only_one_who_lives_here(due: PureHome) -> None:
    assert not behind_another(due.world, due.setting, morning(due))
    assert not behind_another(absent(due), due.setting, morning(due))
    assert lock(due.world, due.setting, ROBOT) == ""
