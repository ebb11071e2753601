"""What is published is what the source says, whole, described and shown by examples that fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator

from dispenserd.cli.entry import app
from protocol.mqtt import payloads
from protocol.mqtt.signatures import is_genuine
from protocol.mqtt.topics import Channel
from tests.contract import __main__ as command
from tests.contract import documents, examples
from tests.contract.channels import ROUTES
from tests.contract.examples import Settled, read
from tests.contract.published import (
    JSON,
    LOG,
    MQTT,
    Schema,
    is_signed,
    json_schemas,
    mqtt_schemas,
    objects_in,
    payload_models,
    sealed,
)
from tests.support.home_papers import RESIDENT
from tests.support.oncall_by_hand import PRIVATE, PUBLIC

RUN = frozenset({"run", "oncall run"})
"""Commands that serve until they are stopped; with `--json` their log lines are JSON."""

PUBLISHED = [(JSON, name, schema) for name, schema in json_schemas().items()] + [
    (MQTT, name, schema) for name, schema in mqtt_schemas().items()
]
BY_NAME = pytest.mark.parametrize(
    ("kind", "name", "schema"), PUBLISHED, ids=[f"{kind}-{name}" for kind, name, _ in PUBLISHED]
)


def commands(root: Any, before: tuple[str, ...] = ()) -> Iterator[str]:
    """`oncall list`: every command that can be typed."""
    for name, each in getattr(root, "commands", {}).items():
        yield from commands(each, (*before, name))
    if not hasattr(root, "commands"):
        yield " ".join(before)


def without_shape(typed: Iterator[str], published: dict[str, Schema]) -> list[str]:
    labels = {name.partition("/")[0] for name in published}
    return [each for each in typed if each not in RUN and each.replace(" ", "-") not in labels]


def undescribed(schema: Schema) -> list[str]:
    return [
        name
        for part in objects_in(schema)
        for name, each in (part.get("properties") or {}).items()
        if isinstance(each, dict) and each.keys() & {"type", "anyOf", "$ref", "const"}
        if not each.get("description")
    ]


def misfits(schema: Schema, found: list[Any]) -> list[str]:
    validator = Draft202012Validator(sealed(schema))
    return [f"{fault.json_path}: {fault.message}" for each in found for fault in validator.iter_errors(each)]


def test_every_command_has_a_published_shape() -> None:
    """One without: put its TypedDict into a module of dispenserd.shapes, and into that one's SCHEMAS."""
    assert without_shape(commands(typer.main.get_command(app)), json_schemas()) == []


def test_it_catches_a_command_without_a_shape() -> None:
    other = typer.Typer()
    other.command("fly")(lambda: None)
    other.command("status")(lambda: None)
    typed = commands(typer.main.get_command(other))
    assert without_shape(typed, json_schemas()) == ["fly"]
    known = {name: schema for name, schema in json_schemas().items() if name != "oncall-list/1"}
    assert without_shape(commands(typer.main.get_command(app)), known) == ["oncall list"]


@BY_NAME
def test_it_is_a_schema_with_a_name_and_words_for_every_field(kind: str, name: str, schema: Schema) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:dispenserd:{kind}:{name.replace('/', ':')}"
    assert schema["title"]
    assert schema["description"]
    assert undescribed(schema) == []


def test_it_catches_a_field_without_words() -> None:
    schema = deepcopy(json_schemas()["doses/1"])
    del schema["$defs"]["DoseView"]["properties"]["half"]["description"]
    assert undescribed(schema) == ["half"]


@BY_NAME
def test_its_recorded_examples_fit_it_without_a_field_too_much(kind: str, name: str, schema: Schema) -> None:
    found = read(kind, name)
    assert found, "record it: python -m tests.contract.recorded_examples"
    assert misfits(schema, found) == []


def test_it_catches_an_example_with_a_strange_field_or_word() -> None:
    schema = json_schemas()["status/1"]
    (first, *_) = read(JSON, "status/1")
    assert misfits(schema, [{**first, "mood": "good"}])
    assert misfits(schema, [{**first, "journal_behind": ["neighbour"]}])
    assert misfits(schema, [{**first, "robot": {**first["robot"], "status": {}}}])
    del first["epoch"]
    assert misfits(schema, [first])


def test_readers_may_meet_new_fields_and_a_home_refuses_them() -> None:
    (status, *_) = read(JSON, "status/1")
    assert Draft202012Validator(json_schemas()["status/1"]).is_valid({**status, "new": 1})
    for name, schema in mqtt_schemas().items():
        validator = Draft202012Validator(schema)
        for example in read(MQTT, name):
            grown = {**example, "new": 1}
            assert validator.is_valid(grown) is not is_signed(payload_models()[f"dispenserd/{name}"]), name


def test_every_payload_travels_on_a_described_topic() -> None:
    assert set(ROUTES) == set(Channel)
    carried = [name for route in ROUTES.values() for name in route.payloads]
    assert sorted(carried) == sorted(mqtt_schemas())
    for route in ROUTES.values():
        for name in route.payloads:
            assert is_signed(payload_models()[f"dispenserd/{name}"]) is (route.sender == "oncall")


def test_signed_examples_are_genuine() -> None:
    assert bytes(range(32)) == PRIVATE
    signed = 0
    for said, models in payload_models().items():
        for example in read(MQTT, said.removeprefix("dispenserd/")) if is_signed(models) else []:
            (payload,) = (
                model.model_validate_json(json.dumps(example))
                for model in models
                if model.model_fields.keys() == {"schema_" if name == "schema" else name for name in example}
            )
            assert isinstance(payload, payloads.Signed)
            assert is_genuine(payload, PUBLIC)
            signed += 1
    assert signed >= 5


def test_the_files_are_what_the_source_says() -> None:
    """Otherwise: python -m tests.contract."""
    assert command.stale() == []


def test_it_catches_a_file_that_was_changed_by_hand_and_one_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SCHEMAS", tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(documents, "ASYNCAPI", tmp_path / "asyncapi.yaml")
    monkeypatch.setattr(documents, "ERRORS", tmp_path / "errors.md")
    assert command.main([]) == 0
    assert command.stale() == []
    changed = tmp_path / JSON / "status.1.json"
    changed.write_text(changed.read_text().replace("box", "boxes"))
    (tmp_path / MQTT / "gone.1.json").write_text("{}")
    (tmp_path / "errors.md").unlink()
    assert command.stale() == ["errors.md", "json/status.1.json", "mqtt/gone.1.json"]
    assert command.main(["--check"]) == 1
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0


def test_the_log_schema_knows_every_field_that_may_be_written() -> None:
    from dispenserd.logs import FIELDS

    assert FIELDS.keys() < json_schemas()[LOG]["properties"].keys()


def test_what_differs_from_run_to_run_is_settled() -> None:
    settle = Settled("/tmp/x")
    one, two = "ab" * 16, "cd" * 32
    said = {"id": one, "event": f"1-{two}", "again": one, "dose": f"{RESIDENT}/2026-11-02/noon/1", "rows": 77}
    assert settle(said) == {
        "id": f"{1:032x}",
        "event": f"1-{2:064x}",
        "again": f"{1:032x}",
        "dose": said["dose"],
        "rows": 120,
    }
    assert (
        settle("at 2026-11-02T07:43:12.345Z in /tmp/x/key")
        == f"at 2026-11-02T07:40:00.000Z in {examples.HOME_FOLDER}/key"
    )
    assert settle({"issued": "2026-11-02T07:43:12.345Z", "expires": "2026-11-03T07:43:12.345Z"}) == {
        "issued": "2026-11-02T07:40:00.000Z",
        "expires": "2026-11-02T07:50:00.000Z",
    }


def test_no_example_names_a_folder_of_this_machine() -> None:
    for kind, name, _ in PUBLISHED:
        assert "/tmp" not in json.dumps(read(kind, name)), name
