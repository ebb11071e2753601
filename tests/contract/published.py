"""What is published: the JSON Schema of everything a command prints with `--json`, and of every MQTT payload.

Made from the types in `dispenserd.shapes` and `protocol.mqtt.payloads`; the words are those that stand under
their fields. Knows no file. What we write may gain fields, so those schemas let a reader ignore what it does
not know; what others write to a home is refused whole for one strange field, and its schema says so.
`sealed` closes the former: our own tests tolerate nothing undeclared.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from types import ModuleType
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import dispenserd.shapes
from dispenserd.logs import FIELDS, LEVELS, Shape
from dispenserd.shapes.forms import KNOWN
from protocol.mqtt import payloads
from tests.contract.words import class_words, field_words

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SAID = "dispenserd/{}"
"""The value of an object's own `schema` field, for `status/1`."""

LOG = "log/1"
"""Lines of a log carry no `schema` field: there is one sort only."""

BARE = "dosage-explain/1"
"""An explanation carries none either: other systems' suites compare it whole."""

JSON, MQTT = "json", "mqtt"


@cache
def json_schemas() -> dict[str, Schema]:
    """`{"status/1": ...}`: of what commands print, and of log lines. Made once: copy what you change."""
    found = {LOG: _finished(JSON, LOG, _log_line())}
    modules = list(_shape_modules())
    everywhere = {name: each for module in modules for name, each in vars(module).items()}
    for module in modules:
        for name, shape in module.SCHEMAS.items():
            names = {**everywhere, **vars(module)}
            made = _with_words(TypeAdapter(shape).json_schema(mode="serialization"), names)
            marked = made if name == BARE else _marked(made, name)
            found[name] = _finished(JSON, name, marked, class_words(shape, module))
    return dict(sorted(found.items()))


@cache
def mqtt_schemas() -> dict[str, Schema]:
    """`{"status/1": ...}`: of what travels over MQTT; several models of one schema are its `oneOf`."""
    found = {}
    for said, models in payload_models().items():
        name = said.removeprefix(SAID.format(""))
        mode: JsonSchemaMode = "validation" if is_signed(models) else "serialization"
        arms = [_with_words(TypeAdapter(model).json_schema(mode=mode), vars(payloads)) for model in models]
        for arm in arms:
            arm["properties"]["schema"]["description"] = "Which payload this is, and its version."
            if not is_signed(models):
                for part in list(objects_in(arm)):
                    part.pop("additionalProperties", None)
        arms = [_inlined(arm, arm.pop("$defs", {})) for arm in arms]
        words = " ".join(
            filter(None, (class_words(model, sys.modules[model.__module__]) for model in models))
        )
        made = arms[0] if len(arms) == 1 else {"type": "object", "oneOf": arms}
        found[name] = _finished(MQTT, name, made, words)
    return dict(sorted(found.items()))


def _inlined(schema: Any, parts: Mapping[str, Schema]) -> Any:
    """With the parts of a payload where they stand: it is quoted whole in the AsyncAPI document."""
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {key: _inlined(value, parts) for key, value in schema.items()}


def payload_models() -> dict[str, list[type[payloads.Payload]]]:
    """Every model that travels, by the value of its `schema` field."""
    found: dict[str, list[type[payloads.Payload]]] = {}
    for model in _below(payloads.Payload):
        if not _below_list(model):
            (said,) = get_args(model.model_fields["schema_"].annotation)
            found.setdefault(said, []).append(model)
    return found


def is_signed(models: list[type[payloads.Payload]]) -> bool:
    """Signed ones are on-call's: what others write and a home reads."""
    return all(issubclass(model, payloads.Signed) for model in models)


def sealed(schema: Schema) -> Schema:
    """The same, tolerating no field and no word that this version does not declare."""
    closed = deepcopy(schema)
    for part in objects_in(closed):
        if "properties" in part:
            part["additionalProperties"] = False
        if KNOWN in part:
            part["enum"] = part[KNOWN]
    return closed


def objects_in(schema: Any) -> Iterator[Schema]:
    """Every object of a JSON document, the outermost first."""
    if isinstance(schema, dict):
        yield schema
        for each in schema.values():
            yield from objects_in(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from objects_in(each)


def _shape_modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(dispenserd.shapes.__path__, "dispenserd.shapes."):
        module = importlib.import_module(found.name)
        if hasattr(module, "SCHEMAS"):
            yield module


def _with_words(schema: Schema, names: Mapping[str, Any]) -> Schema:
    """Puts under each field what stands under it in the source; the class is found by the schema's title."""
    for part in list(objects_in(schema)):
        owner = names.get(part["title"]) if isinstance(part.get("title"), str) else None
        if "properties" in part and isinstance(owner, type):
            said = field_words(owner)
            for name, field in part["properties"].items():
                field.pop("title", None)
                if words := said.get(name):
                    field["description"] = words
    return schema


def _marked(schema: Schema, name: str) -> Schema:
    """With the `schema` field that `dispenserd.cli.output.emit` puts first."""
    mark = {
        "const": SAID.format(name),
        "type": "string",
        "description": "Which object this is, and its version.",
    }
    arms = [_target(schema, arm) for arm in schema.get("anyOf", [schema])]
    for arm in arms:
        arm["properties"] = {"schema": mark, **arm["properties"]}
        arm["required"] = ["schema", *arm.get("required", [])]
    if "anyOf" in schema:
        schema["oneOf"] = schema.pop("anyOf")
    return schema


def _target(schema: Schema, arm: Schema) -> Schema:
    target: Schema = schema["$defs"][arm["$ref"].rpartition("/")[2]] if "$ref" in arm else arm
    return target


def _finished(kind: str, name: str, schema: Schema, words: str = "") -> Schema:
    body = {key: value for key, value in schema.items() if key not in ("title", "description")}
    label, _, version = name.partition("/")
    what = "prints" if kind == JSON else "sends"
    if kind == JSON and name == LOG:
        what, words = "logs", "A line of the log of `run --json` and `oncall run --json`, on stderr."
    return {
        "$schema": DRAFT,
        "$id": f"urn:dispenserd:{kind}:{label}:{version}",
        "title": f"dispenserd {what} {label}, version {version}",
        "description": words,
        **body,
    }


SHAPES: Mapping[Shape, Schema] = {
    Shape.NUMBER: {"type": ["number", "boolean"], "description": "A number or a truth value."},
    Shape.WORD: {"type": "string", "pattern": "^[a-z0-9_]{1,64}$", "description": "A code of ours."},
    Shape.ID: {
        "type": "string",
        "pattern": "^[A-Za-z0-9_.:/+<>@,-]{0,512}$",
        "description": "An identifier: no space, no person.",
    },
    Shape.INSTANT: {"type": "string", "format": "date-time", "description": "An instant."},
    Shape.PEER: {"type": "string", "description": "The other side's own words, sanitised."},
    Shape.ADVICE: {"type": "string", "description": "Our own words about a file that can't be used."},
}
"""As `dispenserd.logs` writes each shape of a field."""


def _log_line() -> Schema:
    always: Schema = {
        "at": {"type": "string", "format": "date-time", "description": "Civil time."},
        "level": {"type": "string", "enum": list(LEVELS), "description": "How severe it is."},
        "event": {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9 _.:-]{0,79}$",
            "description": "A fixed phrase, never built from data. New ones may come.",
        },
        "withheld": {"type": "integer", "description": "Values that may not be written here."},
    }
    fields = {name: dict(SHAPES[shape]) for name, shape in FIELDS.items()}
    return {"type": "object", "properties": {**always, **fields}, "required": ["at", "level", "event"]}


def _below(model: type[payloads.Payload]) -> Iterator[type[payloads.Payload]]:
    for each in model.__subclasses__():
        yield each
        yield from _below(each)


def _below_list(model: type[payloads.Payload]) -> list[type[payloads.Payload]]:
    return list(_below(model))
