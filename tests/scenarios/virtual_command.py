"""Which call of the home a command line makes, with which arguments: for homes that have no socket.

Knows the commands that the staff of a play use. A paper is read here, as the command line reads it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.stage.evidence import Line

VERDICTS = {"--given", "--had-it", "--witnessed", "--not-given", "--discard"}
POSITIONAL = {"mode": "mode", "decide": "dose", "move-out": "paper", "move-in": "paper", "load": "manifest"}
NAMES = {"into": "place"}
"""Of the flags whose argument the home calls otherwise."""


@dataclass
class Call:
    name: str
    said: Line
    out: Path | None = None  # where the paper goes that it answers with


def called(arguments: Sequence[str]) -> Call:
    first, *rest = arguments
    verb = first if first == "decide" else rest.pop(0)
    name = verb if first == "decide" else f"{first}_{verb.replace('-', '_')}"
    call = Call(name, {})
    if verb in POSITIONAL:
        value = rest.pop(0)
        read = POSITIONAL[verb] in ("paper", "manifest")
        call.said[POSITIONAL[verb]] = json.loads(Path(value).read_text()) if read else value
    while rest and not rest[0].startswith("--"):
        call.said.setdefault("labels", []).append(rest.pop(0))
    while rest:
        _flag(call, rest.pop(0), rest)
    return call


def _flag(call: Call, flag: str, rest: list[str]) -> None:
    if flag in VERDICTS:
        call.said["verdict"] = flag[2:].replace("-", "_")
    elif flag == "--reconciled":
        call.said["reconciled"] = True
    elif flag == "--hospital":
        call.said["kind"] = "hospital"
    elif flag == "--came-back":
        call.said.setdefault("came_back", []).append(rest.pop(0))
    elif flag == "--review-days":
        call.said["review_days"] = int(rest.pop(0))
    elif flag == "--out":
        call.out = Path(rest.pop(0))
    else:
        name = flag[2:].replace("-", "_")
        call.said[NAMES.get(name, name)] = rest.pop(0)
