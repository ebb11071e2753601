"""What was released stays: every rule lets through what breaks nobody, and catches what breaks somebody."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.contract import __main__ as command
from tests.contract import release
from tests.contract.compatibility import Direction, breaks, outline

Schema = dict[str, Any]

RELEASED: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+$"},
        "count": {"type": "integer"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "state": {"type": "string", "enum": ["open", "closed"]},
        "kind": {"type": "string", "pattern": "^[a-z_]+$", "x-known": ["fire", "flood"]},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
    },
    "required": ["id", "count", "note", "state", "kind", "rows"],
    "$defs": {"Row": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
}
CHOICE: Schema = {
    "oneOf": [
        {"type": "object", "properties": {"action": {"type": "string", "const": "take"}}},
        {"type": "object", "properties": {"action": {"type": "string", "const": "close"}}},
    ]
}


def changed(**fields: Schema) -> Schema:
    now = deepcopy(RELEASED)
    now["properties"] |= fields
    return now


def without(name: str) -> Schema:
    now = deepcopy(RELEASED)
    del now["properties"][name]
    now["required"].remove(name)
    return now


def demanded(*names: str) -> Schema:
    return {**RELEASED, "required": list(names)}


ROW_GREW = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "m": {"type": "integer"}},
    "required": ["n"],
}
ROW_SHRANK = {"type": "object", "properties": {}, "required": []}
ALL = tuple(RELEASED["required"])


@pytest.mark.parametrize(
    ("direction", "now"),
    [
        ("output", RELEASED),
        ("output", changed(new={"type": "string"})),
        ("output", {**changed(new={"type": "string"}), "required": [*ALL, "new"]}),
        ("output", {**RELEASED, "$defs": {"Row": ROW_GREW}}),
        ("output", changed(kind={**RELEASED["properties"]["kind"], "x-known": ["fire", "flood", "frost"]})),
        ("output", changed(note={"type": "string"})),
        ("output", changed(count={"type": "integer", "description": "Better words."})),
        ("input", changed(new={"type": "string"})),
        ("input", demanded("id")),
        ("input", changed(count={"anyOf": [{"type": "integer"}, {"type": "null"}]})),
        ("input", changed(state={"type": "string", "enum": ["open", "closed", "ajar"]})),
    ],
)
def test_what_breaks_nobody_is_let_through(direction: Direction, now: Schema) -> None:
    assert breaks(outline(RELEASED), outline(now), direction) == []


@pytest.mark.parametrize(
    ("direction", "now", "said"),
    [
        ("output", without("count"), "$.count is gone"),
        ("input", without("count"), "$.count is gone"),
        ("output", changed(count={"type": "string"}), "$.count was integer and is now string"),
        ("input", changed(count={"type": "number"}), "$.count was integer and is now number"),
        (
            "output",
            changed(count={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
            "$.count may now be null",
        ),
        ("output", changed(count={"type": ["integer", "null"]}), "$.count may now be null"),
        ("input", changed(note={"type": "string"}), "$.note may no longer be null"),
        ("output", demanded("id", "note", "state", "kind", "rows"), "$.count was always there"),
        ("input", {**changed(new={"type": "string"}), "required": [*ALL, "new"]}, "$.new was not needed"),
        ("output", changed(state={"type": "string", "enum": ["open"]}), 'no longer knows "closed"'),
        ("input", changed(state={"type": "string", "enum": ["open"]}), 'no longer knows "closed"'),
        (
            "output",
            changed(state={"type": "string", "enum": ["open", "closed", "ajar"]}),
            'may now be "ajar"',
        ),
        ("output", changed(state={"type": "string"}), "no longer is a word of a closed list"),
        (
            "output",
            changed(kind={"type": "string", "pattern": "^[a-z_]+$", "x-known": ["fire"]}),
            'no longer knows "flood"',
        ),
        ("output", changed(kind={"type": "string", "pattern": "^[a-z_]+$"}), "a word of an open list"),
        ("output", changed(id={"type": "string", "pattern": "^[A-Z]+$"}), "$.id: pattern was"),
        ("output", changed(id={"type": "string"}), "$.id: pattern was"),
        ("output", {**RELEASED, "$defs": {"Row": ROW_SHRANK}}, "$.rows[].n is gone"),
    ],
)
def test_what_breaks_somebody_is_caught(direction: Direction, now: Schema, said: str) -> None:
    found = breaks(outline(RELEASED), outline(now), direction)
    assert any(said in each for each in found), found


def test_a_choice_that_is_gone_or_new_is_caught() -> None:
    fewer = {"oneOf": CHOICE["oneOf"][:1]}
    assert breaks(outline(CHOICE), outline(fewer), "input") == ["$(close) is gone"]
    assert breaks(outline(fewer), outline(CHOICE), "input") == []
    assert breaks(outline(fewer), outline(CHOICE), "output") == ["$ may now also be close"]


def test_nothing_released_is_broken() -> None:
    """Otherwise: undo it, or publish it as the next version of its schema."""
    assert release.faults(release.read(), release.present()) == []


def rename_topic(now: release.Contract) -> None:
    now["topics"]["dispenserd/2/{box}/status"] = now["topics"].pop("dispenserd/1/{box}/status")


def lower_qos(now: release.Contract) -> None:
    now["topics"]["dispenserd/1/{box}/incident"]["qos"] = 0


def retain_no_more(now: release.Contract) -> None:
    now["topics"]["dispenserd/1/{box}/status"]["retain"] = False


def carry_no_more(now: release.Contract) -> None:
    now["topics"]["dispenserd/1/{box}/incident"]["payloads"] = ["incident/1"]


def drop_schema(now: release.Contract) -> None:
    del now["schemas"]["json:holds/1"]


def skip_a_version(now: release.Contract) -> None:
    now["schemas"]["json:holds/3"] = now["schemas"].pop("json:holds/1")


def start_at_two(now: release.Contract) -> None:
    now["schemas"]["json:ask/2"] = now["schemas"]["json:holds/1"]


def drop_a_field(now: release.Contract) -> None:
    del now["schemas"]["json:status/1"]["outline"]["properties"]["window_open"]


def demand_a_field(now: release.Contract) -> None:
    now["schemas"]["mqtt:receipt/1"]["outline"]["required"].append("signature")


def move_an_exit_code(now: release.Contract) -> None:
    now["exit_codes"]["6"] = "warned"


def forget_an_error(now: release.Contract) -> None:
    del now["error_codes"]["taken_by_other"]


def soften_an_error(now: release.Contract) -> None:
    now["error_codes"]["no_token"] = [1]


PRESENT = release.present()
BREAKS = [
    rename_topic,
    lower_qos,
    retain_no_more,
    carry_no_more,
    drop_schema,
    skip_a_version,
    start_at_two,
    drop_a_field,
    demand_a_field,
    move_an_exit_code,
    forget_an_error,
    soften_an_error,
]


@pytest.mark.parametrize("broken", BREAKS)
def test_it_catches_a_broken_contract(broken: Callable[[release.Contract], None]) -> None:
    now = deepcopy(PRESENT)
    assert release.faults(PRESENT, now) == []
    broken(now)
    assert release.faults(PRESENT, now)


def test_a_break_may_be_released_as_the_next_version_and_no_number_is_used_twice() -> None:
    released, now = PRESENT, deepcopy(PRESENT)
    second = deepcopy(now["schemas"].pop("json:holds/1"))
    del second["outline"]["properties"]["holds"]
    now["schemas"]["json:holds/2"] = second
    assert release.faults(released, now) == []
    after = release.merged(released, now)
    assert {"json:holds/1", "json:holds/2"} <= after["schemas"].keys()
    again = deepcopy(PRESENT)
    again["schemas"]["json:holds/1"] = second
    assert release.faults(after, again)


def test_the_command_refuses_a_break_and_leaves_what_was_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "released.json"
    monkeypatch.setattr(command, "RELEASED", file)
    monkeypatch.setattr(release, "RELEASED", file)
    assert command.main(["--release"]) == 0
    richer = release.read()
    richer["schemas"]["json:holds/1"]["outline"]["properties"]["was_here"] = {"type": "string"}
    release.write(richer)
    kept = file.read_text()
    assert command.main(["--release"]) == 1
    assert "json:holds/1: $.was_here is gone" in capsys.readouterr().err
    assert file.read_text() == kept
    del richer["schemas"]["json:doses/1"]
    del richer["schemas"]["json:holds/1"]["outline"]["properties"]["was_here"]
    release.write(richer)
    assert command.main(["--release"]) == 0
    assert "json:doses/1" in release.read()["schemas"]
    assert command.main(["--publish"]) == 2
