"""The people of a script: what a script may say, and how a resident answers a prompt."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.wire.messages import Light
from simulator import script as s
from simulator.resident import Cast, Scene
from simulator.roll import RollError, parse_roll

DARK = Scene(Light.OFF, tray=False)
DUE = Scene(Light.PULSE, tray=False)
SERVED = Scene(Light.STEADY, tray=True)


def deeds(*rows: dict[str, Any]) -> list[s.Deed]:
    return s.parse_script({"schema": s.SCHEMA, "deeds": list(rows)})


def test_every_deed_can_be_written_with_what_it_needs() -> None:
    more: dict[str, dict[str, Any]] = {
        "slow_motor": {"seconds": 90},
        "power_cut_on_next_release": {"off_s": 30, "lands": False},
        "power_cut": {"off_s": 30},
        "foreign_label": {"label": "X-1"},
        "unplug": {"for_s": 5},
        "garbage": {"bytes": 100},
        "stick_sensor": {"place": "tray", "occupied": True},
        "mains": {"on": False, "battery_percent": 40},
    }
    for word, kind in s.DEEDS.items():
        parsed = deeds({"at": "2026-11-02T07:00:00+00:00", "do": word, **more.get(word, {})})
        assert type(parsed[0]) is kind
        assert parsed[0].at_ms == 1_793_602_800_000


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"do": "dance", "at": "2026-11-02T07:00:00Z"}, "must be one of"),
        ({"do": "press"}, "ISO 8601"),
        ({"do": "press", "at": "2026-11-02T07:00:00"}, "offset"),
        ({"do": "press", "at": "soon"}, "ISO 8601"),
        ({"do": "press", "at": "2026-11-02T07:00:00Z", "twice": True}, "has no twice"),
        ({"do": "unplug", "at": "2026-11-02T07:00:00Z"}, "needs for_s"),
        ({"do": "unplug", "at": "2026-11-02T07:00:00Z", "for_s": "5"}, "not of type"),
        ({"do": "unplug", "at": "2026-11-02T07:00:00Z", "for_s": True}, "not of type"),
        ({"do": "unplug", "at": "2026-11-02T07:00:00Z", "for_s": -1}, "below zero"),
        ({"do": "stick_sensor", "at": "2026-11-02T07:00:00Z", "place": "lid", "occupied": True}, "sensor"),
    ],
)
def test_what_a_script_may_not_say_is_refused_with_the_number_of_the_deed(
    row: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(s.ScriptError, match=complaint):
        deeds(row)


@pytest.mark.parametrize("document", [None, [], {}, {"schema": s.SCHEMA}, {"schema": "x", "deeds": []}])
def test_what_is_no_script_is_refused(document: object) -> None:
    with pytest.raises(s.ScriptError):
        s.parse_script(document)


def test_deeds_are_done_in_the_order_of_their_instants_and_not_before() -> None:
    cast = Cast([s.Lift(2000), s.Press(1000)])
    assert cast.due_ms == 1000
    assert cast.turn(DARK, 999) == []
    assert cast.turn(DARK, 5000) == [s.Press(1000), s.Lift(2000)]
    assert cast.due_ms is None


def played(cast: Cast, scenes: dict[int, Scene], until_ms: int = 10_000_000) -> list[tuple[str, int]]:
    """Ask the cast every second; a scene lasts until the next one."""
    scene, done = DARK, []
    for now_ms in range(0, until_ms, 1000):
        scene = scenes.get(now_ms, scene)
        done += [(type(act).__name__, now_ms) for act in cast.turn(scene, now_ms)]
    return done


def test_a_resident_waits_for_the_prompt_presses_and_lifts_what_lands() -> None:
    cast = Cast([s.PressWhenPrompted(0, react_s=5, lift_after_s=10)])
    assert played(cast, {60_000: DUE, 80_000: SERVED}) == [("Press", 65_000), ("Lift", 90_000)]


def test_a_resident_who_does_not_persist_presses_once() -> None:
    cast = Cast([s.PressWhenPrompted(0)])
    assert played(cast, {60_000: DUE}) == [("Press", 65_000)]


def test_a_resident_who_persists_presses_again_only_while_asked_to() -> None:
    wish = s.PressWhenPrompted(0, persist=True, patience_s=120, lift_after_s=10)
    asked_again = {60_000: DUE, 70_000: DARK, 300_000: DUE, 310_000: SERVED}
    assert played(Cast([wish]), asked_again) == [("Press", 65_000), ("Press", 300_000), ("Lift", 320_000)]


def test_a_resident_gives_up_and_is_gone() -> None:
    cast = Cast([s.PressWhenPrompted(0, gives_up_after_s=60)])
    assert played(cast, {61_000: DUE}) == []
    assert cast.due_ms is None


def test_a_manifest_gives_labels_in_the_order_of_the_strip() -> None:
    rows = [{"n": 2, "label": "B", "local": "2026-11-02T12:00"}, {"n": 1, "label": "A"}]
    production_id, sachets = parse_roll({"production_id": "P-1", "sachets": rows})
    assert production_id == "P-1"
    assert [(sachet.number, sachet.label) for sachet in sachets] == [(1, "A"), (2, "B")]


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"production_id": "P", "sachets": 3},
        {"production_id": "", "sachets": []},
        {"production_id": "P", "sachets": [{"n": 1}]},
        {"production_id": "P", "sachets": [{"n": 1, "label": "with space"}]},
        {"production_id": "P", "sachets": [{"n": 0, "label": "A"}]},
        {"production_id": "P", "sachets": [{"n": 1, "label": "A"}, {"n": 1, "label": "B"}]},
    ],
)
def test_a_manifest_that_no_reader_could_read_is_refused(document: object) -> None:
    with pytest.raises(RollError):
        parse_roll(document)
