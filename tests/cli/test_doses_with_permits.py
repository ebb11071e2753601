"""`dispenserd doses` says what people have authorised for a dose, and who let a held sachet go, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispenserd import views
from dispenserd.cli import views as terminal
from dispenserd.cli.words import found, said_of
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.world import Helper
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, utc

ZONE = ZoneInfo("Europe/Copenhagen")


def shown(home: PureHome, slot: str, day: int = 1) -> Any:
    rows = views.doses(home.world, home.setting)["doses"]
    return next(each for each in rows if each["dose"] == home.dose(slot, day).dose_id)


def told(home: PureHome, capsys: pytest.CaptureFixture[str]) -> str:
    terminal.doses(views.doses(home.world, home.setting), ZONE)
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def ready() -> PureHome:
    home = PureHome(utc("07:50"))
    home.start()
    home.until("08:05")
    home.take_dose()
    return home


def authorise(home: PureHome, slot: str, until: datetime | None = None) -> None:
    dose_id, said = home.dose(slot).dose_id, ("Anna", "to the dentist", "home", 0, home.soon())
    assert home.ask(cmd.AuthoriseRelease(home.nonce(), RESIDENT, dose_id, until, *said)).accepted


def leave(home: PureHome) -> None:
    times = (utc("17:00"), utc("09:00", 2), utc("13:00"), utc("16:00"), utc("10:00", 2))
    said = ("Berit", "with family", "home", 0, home.soon())
    assert home.ask(cmd.PlanLeave(home.nonce(), RESIDENT, *times, *said)).accepted


def test_a_dose_that_nobody_authorised_anything_for_says_nothing() -> None:
    assert shown(ready(), "noon")["permits"] == []


def test_early(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    home = ready()
    home.until("10:00")
    authorise(home, "noon")
    (permit,) = shown(home, "noon")["permits"]
    assert (permit["kind"], permit["by"], permit["reason"]) == ("early", "Anna", "to the dentist")
    assert "may be had early, from Mon 02 Nov 10:00, by Anna (to the dentist)" in told(home, capsys)
    home.take_dose()
    assert shown(home, "noon")["permits"] == [permit], "also after it was had"


def test_late_and_a_newer_card_takes_nothing_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    home = ready()
    authorise(home, "noon", utc("15:00"))
    (permit,) = shown(home, "noon")["permits"]
    assert (permit["kind"], shown(home, "noon")["closes"]) == ("late", permit["closes"])
    assert "may be had late, until Mon 02 Nov 15:00, by Anna (to the dentist)" in told(home, capsys)
    plan = home.world.plans[RESIDENT]
    rest = tuple(one for one in plan.prescriptions if one.prescription_id != "p-night")
    home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))
    assert home.dose("noon").plan.closes == utc("15:00")
    assert shown(home, "noon")["permits"] == [permit]


def test_taken_along(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    home = ready()
    leave(home)
    (permit,) = shown(home, "evening")["permits"]
    assert (permit["kind"], permit["by"], permit["reason"]) == ("take_along", "Berit", "with family")
    said = (
        "may be taken along, handed out from Mon 02 Nov 13:00 until Mon 02 Nov 16:00, by Berit (with family)"
    )
    assert said in told(home, capsys)
    assert shown(home, "noon")["permits"] == []


def test_a_held_sachet_says_who_let_it_go(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    home = ready()
    home.robot.labels[0] = "L777"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("12:05")
    assert home.decide(home.dose("noon"), ev.Verdict.LET_GO, "Anna").accepted
    assert (shown(home, "noon")["let_go_by"], shown(home, "noon")["held"]) == (["Anna"], "label_unknown")
    assert "right after all, says Anna; a second person until 12:35" in told(home, capsys)
    terminal.holds(views.holds(home.world), ZONE)
    assert "says Anna" in capsys.readouterr().out
    assert home.decide(home.dose("noon"), ev.Verdict.LET_GO, "Berit").accepted
    assert (shown(home, "noon")["let_go_until"], shown(home, "noon")["held"]) == (None, "")
    assert "let go by Anna and Berit" in told(home, capsys)


def test_the_first_of_two_is_told_so_at_the_terminal() -> None:
    dose = f"{RESIDENT}/{FIRST_DAY}/noon/1"
    first = found(dose, said_of("let_go", {"reason": "second_needed"}), "Anna")
    assert "Nothing has changed before another person says so" in first
    assert found(dose, said_of("let_go", {"reason": "done"}), "Anna").endswith("is let go, says Anna.")


def test_whose_press_it_was_where_a_helper_pressed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    home = PureHome(utc("07:50"))
    home.setting = replace(home.setting, helpers=(Helper("Mads Holm", (RESIDENT,), frozenset({"key-m"})),))
    home.start()
    home.until("08:05")
    session = f"s{home.robot.session}"
    home.give(ev.Pressed(home.now, ROBOT, session, 100, tag="key-m"))
    assert (shown(home, "morning")["helper"], shown(home, "morning")["outcome"]) == ("Mads Holm", None)
    home.move()
    home.move()
    home.lift()
    assert (shown(home, "morning")["helper"], shown(home, "morning")["by"]) == ("Mads Holm", "")
    assert shown(home, "noon")["helper"] == ""
    assert "retrieved pressed by Mads Holm" in told(home, capsys)
