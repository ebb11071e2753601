"""Examples that came out of a real home, written so that recording them again changes nothing by itself.

What differs from run to run is put in a form that does not: ids become small numbers in the order in which
they appear, instants are cut down to ten minutes, folders and counts that depend on the machine are fixed.
Signed payloads are signed again after that, so that their signatures are genuine: an implementer can check
theirs against `EXAMPLE_KEY`, the one whose bytes are 00 01 02 ... 1f.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from jsonschema import Draft202012Validator

from protocol.mqtt import payloads
from protocol.mqtt.instants import to_text
from protocol.mqtt.signatures import seal
from tests.contract.places import EXAMPLES, file_name
from tests.contract.published import JSON, MQTT, Schema, json_schemas, mqtt_schemas, payload_models, sealed
from tests.contract.terminal import Recording
from tests.support.home_papers import RESIDENT, Json
from tests.support.oncall_by_hand import PRIVATE as EXAMPLE_KEY

SHOWN_MAX = 4
"""Of one schema: enough to see what may be empty."""

CHOSEN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "journal-tail/1": ("event", ("PlanAccepted", "DoseHeld", "OutcomeRecorded", "IncidentRaised")),
    "error/1": ("code", ("usage", "not_reachable", "wrong_production_id", "taken_by_other")),
    "simulate/1": ("what", ("happened", "display", "verdict")),
    "oncall-watch/1": ("change", ("fault", "mended", "new", "home")),
    "provision-step/1": ("state", ("done", "kept", "failed")),
    "broker-config/1": ("did", ("written", "added", "checked")),
    "log/1": ("event", ("on-call starts", "home starts", "broker session")),
    "decision/1": ("action", ("take", "decide", "close")),
}
"""Where one field tells the sorts apart: the first of each. Elsewhere objects count as of one sort when the
same fields are empty."""

SHORTENED: Mapping[str, tuple[str, int]] = {"doctor/1": ("checks", 5)}
"""A long list of which so many are shown; those behind them name the machine it was recorded on."""

FIXED: Mapping[str, Any] = {"sequence": 42, "rows": 120, "age_s": 600, "pid": 4711}
"""Counts that depend on how fast the machine was."""

HOME_FOLDER = "/var/lib/dispenserd"
_ID = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d)\d:\d\d(?:\.\d+)?(Z|\+00:00)")
_PLAY_TIME = re.compile(r"(day\d+ \d\d:\d)\d")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")


class Settled:
    """One example after the other of one recording; an id keeps its number through all of one schema."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._numbers: dict[str, int] = {}

    def __call__(self, value: Any, name: str = "") -> Any:
        match value:
            case dict():
                return _lived_ten_minutes({key: self(each, key) for key, each in value.items()})
            case list():
                return [self(each, name) for each in value]
            case str():
                return self._text(value)
            case int() if name in FIXED:
                return FIXED[name]
            case _:
                return value

    def _text(self, text: str) -> str:
        text = _INSTANT.sub(_cut_down, text.replace(self._folder, HOME_FOLDER) if self._folder else text)
        text = _PORT.sub("8883", _PLAY_TIME.sub(r"\g<1>0", text))
        return _ID.sub(self._number, text)

    def _number(self, found: re.Match[str]) -> str:
        if found[0] == RESIDENT:
            return RESIDENT
        number = self._numbers.setdefault(found[0], len(self._numbers) + 1)
        return f"{number:0{len(found[0])}x}"


def chosen(recording: Recording) -> dict[str, dict[str, list[Json]]]:
    """`{"json": {"status/1": [...]}, "mqtt": {...}}`, settled."""
    heard: dict[str, list[Json]] = {}
    for each in recording.heard:
        payload = json.loads(each.payload)
        heard.setdefault(payload["schema"].removeprefix("dispenserd/"), []).append(payload)
    kinds = ((JSON, recording.printed), (MQTT, heard))
    return {
        kind: {name: _settled(kind, name, objects, recording.folder) for name, objects in sorted(of.items())}
        for kind, of in kinds
    }


def write(examples: Mapping[str, Mapping[str, list[Json]]], afresh: bool = False) -> list[str]:
    """The files that changed. One whose examples still fit the schema stays as it is, unless `afresh`."""
    written = []
    schemas = {JSON: json_schemas(), MQTT: mqtt_schemas()}
    for kind, of in examples.items():
        folder = EXAMPLES / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, objects in of.items():
            if afresh or not _still_fit(read(kind, name), schemas[kind][name]):
                text = json.dumps(objects, indent=2, ensure_ascii=False) + "\n"
                (folder / file_name(name)).write_text(text)
                written.append(f"{kind}/{file_name(name)}")
    return written


def _still_fit(kept: list[Json], schema: Schema) -> bool:
    validator = Draft202012Validator(sealed(schema))
    return bool(kept) and all(validator.is_valid(each) for each in kept)


def read(kind: str, name: str) -> list[Json]:
    """The recorded ones; none where nothing was recorded."""
    path = EXAMPLES / kind / file_name(name)
    found: list[Json] = json.loads(path.read_text()) if path.is_file() else []
    return found


def _settled(kind: str, name: str, objects: Iterable[Json], folder: str) -> list[Json]:
    settle = Settled(folder)
    found = [settle(_shortened(name, each)) for each in _of_each_sort(name, objects)]
    return [_signed(each) for each in found] if kind == MQTT else found


def _shortened(name: str, whole: Json) -> Json:
    field, length = SHORTENED.get(name, ("", 0))
    return {**whole, field: whole[field][:length]} if field else whole


def _of_each_sort(name: str, objects: Iterable[Json]) -> list[Json]:
    field, wanted = CHOSEN.get(name, ("", ()))
    found: dict[object, Json] = {}
    for each in objects:
        sort = each.get(field) if field else _emptiness(each)
        if not field or sort in wanted:
            found.setdefault(sort, each)
    order = [found[sort] for sort in wanted if sort in found] if field else list(found.values())
    return order[:SHOWN_MAX]


def _emptiness(value: Any) -> object:
    """Which parts of an object say nothing; two objects with the same are of one sort."""
    match value:
        case dict():
            return tuple((key, _emptiness(each)) for key, each in value.items())
        case None | "" | [] | 0 | False:
            return False
        case _:
            return True


def _signed(payload: Json) -> Json:
    """A payload of on-call with a genuine signature over what it says now."""
    for model in payload_models()[payload["schema"]]:
        if issubclass(model, payloads.Signed) and model.model_fields.keys() >= _fields(payload):
            whole = model.model_validate_json(json.dumps(payload))
            sealed: Json = json.loads(payloads.to_bytes(seal(whole, EXAMPLE_KEY)))
            return sealed
    return payload


def _lived_ten_minutes(settled: Json) -> Json:
    """A recording's clock runs fast and stretches the life of a command with it (rule 28)."""
    if {"issued", "expires"} <= settled.keys():
        issued = datetime.fromisoformat(settled["issued"])
        settled["expires"] = to_text(issued + timedelta(minutes=10))
    return settled


def _fields(payload: Json) -> set[str]:
    return {"schema_" if name == "schema" else name for name in payload}


def _cut_down(found: re.Match[str]) -> str:
    return f"{found[1]}0:00{'.000' if '.' in found[0] else ''}{found[2]}"
