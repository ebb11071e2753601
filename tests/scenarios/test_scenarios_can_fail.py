"""What a scenario expects can fail: the code behind it is broken in one place, and the play must say so.

Each seeded bug names the scenario that notices, and what the judge says of it. Where the core's own last look
at a step (`invariants`) would end the home before that, it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import dispenserd.engine
import scheduler.causes
import scheduler.changed
import scheduler.display
import scheduler.evolve_custody
import scheduler.gate
import scheduler.incidents
import scheduler.offering
import scheduler.receive_custody
import scheduler.receive_leave
import scheduler.receive_regime
import scheduler.regime
from scheduler import events as ev
from scheduler.replacing import replace
from simulator.stage.scenario_file import read_scenario
from tests.scenarios.__main__ import FOLDER
from tests.scenarios.virtual_play import VirtualPlay

_leave_events = scheduler.receive_leave.leave_events
_why_not = scheduler.receive_regime._why_not
_gone = scheduler.evolve_custody._gone


@dataclass(frozen=True)
class Seeded:
    """`put`: what stands where, (module or class, name, value). `told` begins or stands in one violation."""

    name: str
    scenario: str
    told: str
    put: Sequence[tuple[Any, str, Any]]


def nothing(*_: object) -> tuple[()]:
    return ()


def nobody_counts(*arguments: Any) -> Sequence[ev.Event]:
    return [each for each in _leave_events(*arguments) if isinstance(each, ev.LeavePlanned | ev.LeaveEnded)]


def whoever_says_so(*arguments: Any) -> str:
    reason = _why_not(*arguments)
    return "" if reason == "not_reconciled" else reason


def goes_on_giving(world: Any, event: Any) -> Any:
    kept = ("doses", "plans", "planned", "robots", "confirmed", "regimes")
    return replace(_gone(world, event), **{name: getattr(world, name) for name in kept})


SEEDED = (
    Seeded(
        "controlled medicine goes into the bag",
        "leave",
        "SACHET-0005 was released outside its window",
        [(scheduler.gate, "why_not_take_along", lambda *_: ""), (dispenserd.engine, "broken", nothing)],
    ),
    Seeded(
        "what came back is not counted",
        "leave",
        "day2 evening: expected missed, by Anna, found taken_along",
        [(scheduler.receive_regime, "leave_events", nobody_counts)],
    ),
    Seeded(
        "an incomplete bag is nobody's business",
        "leave",
        "the robot: take_along_incomplete: expected one such incident, found 0",
        [(scheduler.causes, "leave_causes", lambda *_: {})],
    ),
    Seeded(
        "a sachet that was put away hides the others",
        "leave",
        "day2 evening: expected missed, by Anna",
        [(scheduler.display, "_stays_here", lambda *_: False)],
    ),
    Seeded(
        "somebody in hospital is given medicine",
        "hospital",
        "day1 noon: expected withheld",
        [(scheduler.regime.Regime, "withholds", property(lambda _: ""))],
    ),
    Seeded(
        "a sachet goes out whatever the new card says",
        "hospital",
        "and the card asks for something else",
        [
            (scheduler.gate, "misfit", lambda *_: ""),
            (scheduler.offering, "card_changed", lambda *_: False),
            (scheduler.gate, "card_changed", lambda *_: False),
        ],
    ),
    Seeded(
        "an order names the plan that its dose was made of",
        "hospital",
        "day2 night: expected retrieved, found failed",
        [(scheduler.offering, "_plan_version", lambda _, dose: dose.plan.plan_version)],
    ),
    Seeded(
        "nobody is called when medicine changes that is in somebody's hands",
        "hospital",
        "day3 morning: call_resident: expected one such incident, found 0",
        [(scheduler.changed, "_differs", lambda *_: False)],
    ),
    Seeded(
        "a pause ends without anybody having compared",
        "hospital",
        "expected not_reconciled, and it was carried out",
        [(scheduler.receive_regime, "_why_not", whoever_says_so)],
    ),
    Seeded(
        "the history stays behind",
        "moving",
        "retrieved at the old home, carried to the new one as None",
        [(scheduler.receive_custody, "_with_history", nothing)],
    ),
    Seeded(
        "the old home goes on giving",
        "moving",
        "in reach at box-0001, whose it was not",
        [(scheduler.evolve_custody, "_gone", goes_on_giving), (dispenserd.engine, "broken", nothing)],
    ),
    Seeded(
        "a sachet that nobody has counted is as good as any",
        "moving",
        "home: Karen day2 noon: dose_blocked: expected one such incident, found 0",
        [(scheduler.evolve_custody, "in_doubt", lambda _, dose: dose)],
    ),
    Seeded(
        "an inhaler that was confirmed is just gone",
        "gp_alone",
        "resolution: expected 'confirmed', found 'gone'",
        [(scheduler.incidents, "_evidence", lambda *_: "gone")],
    ),
)


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: seeded.name)
def test_a_seeded_bug_is_told(seeded: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name, value in seeded.put:
        monkeypatch.setattr(where, name, value)
    told = VirtualPlay(read_scenario(FOLDER / f"{seeded.scenario}.toml"), tmp_path).run()
    assert any(seeded.told in each for each in told), told
