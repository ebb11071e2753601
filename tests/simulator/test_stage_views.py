"""What a person sees of a play: happenings in the order of time, doses, open incidents, the verdict."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulator.stage.evidence import Evidence, read_evidence
from simulator.stage.happenings import Narrator
from simulator.stage.order_of_time import OrderOfTime
from simulator.stage.scenario import Scenario
from simulator.stage.scenario_file import read_scenario
from simulator.stage.screen import LiveView
from simulator.stage.view import JsonView, LineView, View

SPINE = Path(__file__).parents[2] / "config" / "scenarios" / "spine.toml"
GENUINE = Path(__file__).parent / "data" / "two_days.json"

ESCAPES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return read_scenario(SPINE)


@pytest.fixture(scope="module")
def genuine() -> Evidence:
    return read_evidence(GENUINE)


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("LINES", "45")
    yield


def shown(scenario: Scenario, evidence: Evidence, view: View, until: datetime | None = None) -> None:
    """Tells the recorded run to a view, up to an instant."""
    told, narrator = OrderOfTime(), Narrator(scenario)
    for row in evidence.journal:
        at = datetime.fromisoformat(row["at"])
        told.hold(at, lambda row=row: view.journalled(row))  # type: ignore[misc]
        if (happening := narrator.row(row)) is not None:
            told.hold(happening.at, lambda happening=happening: view.happened(happening))  # type: ignore[misc]
    for line in evidence.robot:
        if line["what"] == "display":
            at = datetime.fromisoformat(line["at"])
            told.hold(at, lambda at=at, line=line: view.showed(at, line["light"], line["lines"]))  # type: ignore[misc]
    last = until or scenario.instant(scenario.end)
    told.tell_until(last)
    view.turned(last)


def screen_at(scenario: Scenario, evidence: Evidence, at: str) -> list[str]:
    """Lines of the live screen, without colours."""
    out = io.StringIO()
    shown(scenario, evidence, LiveView(scenario, out), scenario.instant(at))
    return [ESCAPES.sub("", line).rstrip() for line in out.getvalue().rpartition("\x1b[H")[2].split("\r\n")]


def test_what_happened_is_told_in_the_order_of_time_whenever_it_was_heard() -> None:
    told: list[str] = []
    start, order = datetime.fromisoformat("2026-11-02T07:00:00Z"), OrderOfTime()
    for second, name in ((3, "third"), (1, "first"), (2, "second"), (2, "just after"), (9, "later")):
        order.hold(start + timedelta(seconds=second), lambda name=name: told.append(name))  # type: ignore[misc]
    order.tell_until(start + timedelta(seconds=5))
    assert told == ["first", "second", "just after", "third"]


def test_the_live_screen_of_an_outage_shows_display_doses_and_the_undelivered_incident(
    scenario: Scenario, genuine: Evidence
) -> None:
    screen = "\n".join(screen_at(scenario, genuine, "day2 13:15"))
    assert "day2 13:15" in screen
    assert "| Det er tid til din medicin. " in screen
    assert f"| Ring {scenario.staff_phone}" in screen
    assert re.search(r"LOW +about_to_miss +day2 noon +nobody owns it yet +UNDELIVERED", screen)
    assert re.search(r"day1 +retrieved +retrieved, late +missed +given by Berit", screen)
    assert re.search(r"day2 +retrieved +due +- +-", screen)


def test_the_live_screen_names_who_owns_an_incident(scenario: Scenario, genuine: Evidence) -> None:
    taken = next(row["at"] for row in genuine.journal if row["event"] == "IncidentTaken")
    minute = scenario.local(datetime.fromisoformat(taken) + timedelta(minutes=1))
    assert re.search(
        r"MEDIUM +dose_missed +day1 evening +owned by Anna", "\n".join(screen_at(scenario, genuine, minute))
    )


@pytest.mark.parametrize(("columns", "lines"), [(110, 45), (80, 24)])
def test_the_live_screen_fits_the_terminal_at_any_time(
    scenario: Scenario, genuine: Evidence, monkeypatch: pytest.MonkeyPatch, columns: int, lines: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    for hour in range(6, 24):
        for day in (1, 2):
            screen = screen_at(scenario, genuine, f"day{day} {hour:02}:30")
            assert len(screen) <= lines
            assert max(len(line) for line in screen) <= columns


def test_the_end_of_a_play_stands_below_its_last_screen_and_the_cursor_is_back(
    scenario: Scenario, genuine: Evidence
) -> None:
    out = io.StringIO()
    view = LiveView(scenario, out)
    view.ended(genuine, [])
    view.close()
    assert out.getvalue().count("\x1b[?25h") == 1
    assert out.getvalue().index("\x1b[?25h") < out.getvalue().index("All expectations held")


def test_plain_lines_have_no_escape_codes_and_end_with_each_violation(
    scenario: Scenario, genuine: Evidence
) -> None:
    out = io.StringIO()
    view = LineView(scenario, out)
    shown(scenario, genuine, view)
    view.ended(genuine, ["day1 noon: something else"])
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().splitlines()[-1] == "VIOLATED: day1 noon: something else"
    assert re.search(r"day1 20:0\d +home +day1 evening +outcome: missed", out.getvalue())


def test_every_line_of_json_has_the_schema_and_the_last_is_the_verdict(
    scenario: Scenario, genuine: Evidence
) -> None:
    out = io.StringIO()
    view = JsonView(scenario, out)
    shown(scenario, genuine, view)
    view.ended(genuine, [])
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["schema"] for line in lines} == {"dispenserd/simulate/1"}
    assert (lines[-1]["what"], lines[-1]["passed"]) == ("verdict", True)
    assert {line["what"] for line in lines} == {"happened", "display", "verdict"}


def test_nobody_is_told_which_medicine_it_is(scenario: Scenario, genuine: Evidence) -> None:
    out = io.StringIO()
    shown(scenario, genuine, LineView(scenario, out))
    assert not any(
        each.drug in out.getvalue() or each.id in out.getvalue() for each in scenario.prescriptions
    )
