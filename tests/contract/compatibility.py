"""May this be released over that? The rules of docs/contract.md as pure functions over outlines of schemas.

An outline is a schema without its words and with its references put in. What we write (`output`) may gain
fields and words of open lists; what others write and a home reads (`input`) may gain optional fields and may
accept more. Anything else breaks somebody, and needs a new version of the schema. Each rule answers with one
sentence for each thing it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from dispenserd.shapes.forms import KNOWN

Schema = dict[str, Any]
Direction = Literal["output", "input"]

WORDS = frozenset({"description", "title", "examples", "$schema", "$id", "$defs", "default"})
FORM = (
    *("pattern", "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
    *("uniqueItems", "additionalProperties"),
)
"""What a value must look like: a change of any of these is a change of its meaning."""


def outline(schema: Schema) -> Schema:
    """What a program depends on."""
    found: Schema = _outlined(schema, schema.get("$defs", {}))
    return found


def breaks(released: Schema, present: Schema, direction: Direction, at: str = "$") -> list[str]:
    """Every way in which the present outline breaks who relies on the released one."""
    was, now = _without_null(released), _without_null(present)
    return [
        *nullness(released, present, direction, at),
        *kinds(was, now, at),
        *words(was, now, direction, at),
        *form(was, now, at),
        *fields(was, now, direction, at),
        *_inside(was, now, direction, at),
    ]


def fields(was: Schema, now: Schema, direction: Direction, at: str) -> Iterator[str]:
    """Gone; no longer always there (output); newly demanded (input)."""
    before, after = was.get("properties", {}), now.get("properties", {})
    for name in before:
        if name not in after:
            yield f"{at}.{name} is gone"
    demanded, demanded_now = set(was.get("required", ())), set(now.get("required", ()))
    if direction == "output":
        for name in sorted((demanded - demanded_now) & after.keys()):
            yield f"{at}.{name} was always there and may now be left out"
    else:
        for name in sorted(demanded_now - demanded):
            yield f"{at}.{name} was not needed and is now"


def kinds(was: Schema, now: Schema, at: str) -> Iterator[str]:
    if _kinds(was) != _kinds(now):
        yield f"{at} was {_named(was)} and is now {_named(now)}"


def nullness(was: Schema, now: Schema, direction: Direction, at: str) -> Iterator[str]:
    before, after = _may_be_null(was), _may_be_null(now)
    if direction == "output" and after and not before:
        yield f"{at} may now be null"
    if direction == "input" and before and not after:
        yield f"{at} may no longer be null"


def words(was: Schema, now: Schema, direction: Direction, at: str) -> Iterator[str]:
    """A word that is gone always breaks; a new one breaks whoever reads a closed list."""
    for key, name in (("enum", "a closed"), (KNOWN, "an open")):
        if (key in was) != (key in now):
            yield f"{at} {'no longer is' if key in was else 'has become'} a word of {name} list"
            continue
        before, after = was.get(key, []), now.get(key, [])
        for word in before:
            if word not in after:
                yield f'{at} no longer knows "{word}"'
        if key == "enum" and direction == "output":
            for word in after:
                if word not in before:
                    yield f'{at} may now be "{word}", and its list was closed'
    if was.get("const") != now.get("const"):
        yield f'{at} was always "{was.get("const")}" and is now "{now.get("const")}"'


def form(was: Schema, now: Schema, at: str) -> Iterator[str]:
    for key in FORM:
        if was.get(key) != now.get(key):
            yield f"{at}: {key} was {was.get(key)} and is now {now.get(key)}"


def _inside(was: Schema, now: Schema, direction: Direction, at: str) -> Iterator[str]:
    for name in was.get("properties", {}).keys() & now.get("properties", {}).keys():
        yield from breaks(was["properties"][name], now["properties"][name], direction, f"{at}.{name}")
    if "items" in was and "items" in now:
        yield from breaks(was["items"], now["items"], direction, f"{at}[]")
    for arms in ("oneOf", "anyOf"):
        before, after = _sorts(was.get(arms, [])), _sorts(now.get(arms, []))
        for sort, arm in before.items():
            if sort in after:
                yield from breaks(arm, after[sort], direction, f"{at}({sort})")
            else:
                yield f"{at}({sort}) is gone"
        if direction == "output":
            for sort in after.keys() - before.keys():
                yield f"{at} may now also be {sort}"


def _sorts(arms: list[Schema]) -> dict[str, Schema]:
    """Arms of a choice by the word that tells them apart, else by what they are."""
    found = {}
    for arm in arms:
        names = [
            str(only)
            for name, field in arm.get("properties", {}).items()
            if name != "schema" and (only := _only_word(field)) is not None
        ]
        found[names[0] if names else _named(arm)] = arm
    return found


def _only_word(field: Schema) -> object:
    choices = field.get("enum", [])
    return field.get("const", choices[0] if len(choices) == 1 else None)


def _kinds(schema: Schema) -> set[str]:
    said = schema.get("type", [])
    return ({said} if isinstance(said, str) else set(said)) - {"null"}


def _named(schema: Schema) -> str:
    if "const" in schema:
        return str(schema["const"])
    return " or ".join(sorted(_kinds(schema))) or "a choice"


def _may_be_null(schema: Schema) -> bool:
    said = schema.get("type", [])
    listed = said == "null" or (isinstance(said, list) and "null" in said)
    return listed or any(_may_be_null(arm) for arm in schema.get("anyOf", []))


def _without_null(schema: Schema) -> Schema:
    """A thing that may be null, as the thing."""
    arms = schema.get("anyOf", [])
    others = [arm for arm in arms if arm.get("type") != "null"]
    return others[0] if len(arms) > len(others) == 1 else schema


def _outlined(value: Any, definitions: dict[str, Schema]) -> Any:
    match value:
        case {"$ref": str(reference)}:
            return _outlined(definitions[reference.rpartition("/")[2]], definitions)
        case {"properties": dict(named)}:
            rest = {key: each for key, each in value.items() if key != "properties"}
            inside = {name: _outlined(each, definitions) for name, each in named.items()}
            return {**_outlined(rest, definitions), "properties": inside}
        case dict():
            return {key: _outlined(each, definitions) for key, each in value.items() if key not in WORDS}
        case list():
            return [_outlined(each, definitions) for each in value]
        case _:
            return value
