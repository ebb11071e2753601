"""How a wrong configuration is put in words: what, what it means, what to do next.

It gets places and kinds of faults, never values: a value may identify the resident. Called by
`dispenserd.config` alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dispenserd.config_file import ConfigError

FAULTS_SHOWN_MAX = 5
"""More at once are not read; the rest shows after the first were corrected."""

WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "string_type": "must be a text in quotes",
    "tuple_type": 'must be a list, as in ["A", "B"]',
    "model_type": "must be a table of keys",
    "model_attributes_type": "must be a table of keys",
    "string_pattern_mismatch": "does not have the form this key needs",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "too_long": "has too many entries",
    "too_short": "has no entry",
}
"""Kinds of faults as the validator names them; for others its own sentence is used."""

FORMS: Mapping[str, str] = {
    "box": "1-32 letters, digits, - or _",
    "staff_phone": "a telephone number of digits and spaces, with or without a + first",
    "key": "32 hexadecimal characters in lower case",
    "known": 'whole ATC codes, as in "N02BE01"',
    "critical": 'whole ATC codes, as in "N02BE01"',
    "serial": "1-64 letters, digits, dots, - or _",
    "robot": "1-64 letters, digits, dots, - or _",
    "as_needed_robot": "1-64 letters, digits, dots, - or _",
    "residents": "keys of residents: 32 hexadecimal characters in lower case each",
    "tags": "4-64 visible characters each, without spaces",
    "host": "a host name or address",
    "name": "1-64 letters, digits, dots, - or _",
}
"""What a key's form is, for people; by the key's own name."""


def explain(path: Path, faults: Sequence[Mapping[str, Any]], model: type[Any]) -> ConfigError:
    """One error for all faults of a file, the first in words and the others named."""
    sentences = [in_words(fault, model) for fault in faults[:FAULTS_SHOWN_MAX]]
    if len(faults) > FAULTS_SHOWN_MAX:
        sentences.append(f"and {len(faults) - FAULTS_SHOWN_MAX} more")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return ConfigError(
        f"Configuration {path} has {count}: {'; '.join(sentences)}.",
        "Nothing was started or changed: a configuration is used whole or not at all.",
        f"Correct {_place(_keys(faults[0]))} and start again; the annotated files in config/ show every key.",
    )


def in_words(fault: Mapping[str, Any], model: type[Any]) -> str:
    """One fault, with its place in the file and never with the value."""
    keys = _keys(fault)
    place = _place(keys)
    match fault["type"]:
        case "extra_forbidden":
            return f"{place} is no known key{_suggestion(keys, model)}"
        case "value_error":
            return f"{place} {str(fault['msg']).removeprefix('Value error, ')}"
        case "string_pattern_mismatch" if _form(keys):
            return f"{place} must be {_form(keys)}"
        case kind if kind in WORDS:
            return f"{place} {WORDS[kind]}"
        case "union_tag_not_found":
            return f"{place}.provider is missing"
        case "union_tag_invalid":
            return f'{place}.provider must be "file" or "credential"'
        case _:
            return f"{place}: {str(fault['msg']).removeprefix('Input ')}"


def _suggestion(keys: Sequence[str], model: type[Any]) -> str:
    known = _known_keys(keys[:-1], model)
    near = difflib.get_close_matches(keys[-1].lower(), known, n=1, cutoff=0.6)
    if near:
        return f' (did you mean "{near[0]}"?)'
    elsewhere = [
        name for name, field in model.model_fields.items() if keys[-1] in _fields_of(field.annotation)
    ]
    return f" (it belongs in [{elsewhere[0]}])" if elsewhere else ""


def _known_keys(tables: Sequence[str], model: type[Any]) -> list[str]:
    """The keys that may stand in this table of the file."""
    annotation: Any = model
    for table in tables:
        if table.isdigit():
            continue  # one of several tables of that name
        annotation = _fields_of(annotation).get(table)
    return list(_fields_of(annotation))


def _fields_of(annotation: Any) -> dict[str, Any]:
    """Key -> annotation, of a model or of every model in a union."""
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        return {name: field.annotation for name, field in fields.items()}
    found: dict[str, Any] = {}
    for one in getattr(annotation, "__args__", ()):
        found.update(_fields_of(one))
    return found


def _keys(fault: Mapping[str, Any]) -> list[str]:
    """The fault's place in the file, without the variant of [store.key] that the validator adds to it."""
    keys = [str(key) for key in fault["loc"]]
    if keys[:2] == ["store", "key"] and keys[2:3] in (["file"], ["credential"]):
        del keys[2]
    return keys


def _place(keys: Sequence[str]) -> str:
    """`home.zone`, or the whole file; a peculiar key is not repeated."""
    shown = [key if key.isprintable() and len(key) <= 64 else "?" for key in keys]
    return ".".join(shown) or "the file"


def _form(keys: Sequence[str]) -> str:
    named = [key for key in keys if not key.isdigit()]
    return FORMS.get(named[-1], "") if named else ""
