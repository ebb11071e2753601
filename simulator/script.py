"""A script of what people do at the robot and what breaks when: JSON to deeds, strictly.

Knows the words of a script and refuses every other one. Knows nothing of the robot; `resident` says when a
deed is due and `server` does it. All times are civil.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from protocol.wire.messages import Answer
from simulator.mechanics import Place

SCHEMA = "simulator/script/1"


class ScriptError(ValueError):
    """What is wrong with a script, in words for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Press:
    """`tag`: what is shown to the reader first; without it nobody knows who presses."""

    at_ms: int
    tag: str = ""
    answer: str = Answer.TAKE.value

    def __post_init__(self) -> None:
        if self.answer not in {each.value for each in Answer}:
            raise ScriptError(
                f"a press says one of {', '.join(each.value for each in Answer)}: {self.answer}"
            )


@dataclass(frozen=True, slots=True)
class Lift:
    at_ms: int


@dataclass(frozen=True, slots=True)
class PressWhenPrompted:
    """From `at` on: waits for a due prompt, presses, and lifts the sachet once it lies in the tray.

    `persist`: presses again while the robot still asks for it and nothing came within `patience_s`.
    `tag`: shown before each press, on a robot that several share; then only what comes after it is theirs.
    """

    at_ms: int
    react_s: float = 5
    lift_after_s: float = 10
    persist: bool = False
    patience_s: float = 120
    gives_up_after_s: float = 3600
    tag: str = ""


@dataclass(frozen=True, slots=True)
class PressAndLift:
    """Presses at `at`, prompted or not, and lifts the sachet as soon as it lies in the tray."""

    at_ms: int
    lift_after_s: float = 10
    gives_up_after_s: float = 3600
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Stall:
    """The motor stalls at the next motion out of the magazine; the sensors prove that nothing moved."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class DoubleFeed:
    """Two sachets leave at the next release; `at_once`: the sensors suspect it then, else
    when they come into the tray. Whoever clears that fault takes the second one out."""

    at_ms: int
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class SlowMotor:
    """The next motion out of the magazine takes `seconds`."""

    at_ms: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PowerCutOnNextRelease:
    """Power fails half-way through the next motion out of the magazine and is back after `off_s`."""

    at_ms: int
    off_s: float
    lands: bool = True  # the sachet ends up in the holding place


@dataclass(frozen=True, slots=True)
class PowerCut:
    at_ms: int
    off_s: float
    lands: bool = False


@dataclass(frozen=True, slots=True)
class ForeignLabel:
    """The sachet at the mouth carries this label instead of its own."""

    at_ms: int
    label: str


@dataclass(frozen=True, slots=True)
class UnreadableLabel:
    at_ms: int


@dataclass(frozen=True, slots=True)
class ClearFault:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Unplug:
    """The cable is out for `for_s`; the robot keeps its power."""

    at_ms: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Garbage:
    """Noise of this many bytes on the wire to the host."""

    at_ms: int
    bytes: int


@dataclass(frozen=True, slots=True)
class OpenLid:
    at_ms: int


@dataclass(frozen=True, slots=True)
class CloseLid:
    at_ms: int


@dataclass(frozen=True, slots=True)
class EmptyStore:
    at_ms: int


@dataclass(frozen=True, slots=True)
class TakeOutMagazine:
    """With all that is left on the strip."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class StickSensor:
    """The sensor of `place` ("holding" or "tray") shows `occupied` from now on, whatever is there."""

    at_ms: int
    place: str
    occupied: bool

    def __post_init__(self) -> None:
        if self.place not in (Place.HOLDING, Place.TRAY):
            raise ScriptError(
                f"only the holding place and the tray have a sensor that can stick: {self.place}"
            )


@dataclass(frozen=True, slots=True)
class FreeSensors:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Mains:
    at_ms: int
    on: bool
    battery_percent: int = 100


Act = (
    Press
    | Lift
    | Stall
    | DoubleFeed
    | SlowMotor
    | PowerCutOnNextRelease
    | PowerCut
    | ForeignLabel
    | UnreadableLabel
    | ClearFault
    | Unplug
    | Garbage
    | OpenLid
    | CloseLid
    | EmptyStore
    | TakeOutMagazine
    | StickSensor
    | FreeSensors
    | Mains
)
"""What can be done at once."""

Deed = Act | PressWhenPrompted | PressAndLift

DEEDS: dict[str, type[Deed]] = {
    "press": Press,
    "lift": Lift,
    "press_when_prompted": PressWhenPrompted,
    "press_and_lift": PressAndLift,
    "stall": Stall,
    "double_feed": DoubleFeed,
    "slow_motor": SlowMotor,
    "power_cut_on_next_release": PowerCutOnNextRelease,
    "power_cut": PowerCut,
    "foreign_label": ForeignLabel,
    "unreadable_label": UnreadableLabel,
    "clear_fault": ClearFault,
    "unplug": Unplug,
    "garbage": Garbage,
    "open_lid": OpenLid,
    "close_lid": CloseLid,
    "empty_store": EmptyStore,
    "take_out_magazine": TakeOutMagazine,
    "stick_sensor": StickSensor,
    "free_sensors": FreeSensors,
    "mains": Mains,
}

_ACCEPTS: dict[str, tuple[type, ...]] = {
    "float": (int, float),
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
}


def read_script(path: Path) -> list[Deed]:
    """ScriptError for anything that is no script."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScriptError(f"the script can't be read: {error}") from error
    return parse_script(document)


def parse_script(document: Any) -> list[Deed]:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ScriptError(f'a script is an object with "schema": "{SCHEMA}"')
    rows = document.get("deeds")
    if document.keys() != {"schema", "deeds"} or not isinstance(rows, list):
        raise ScriptError('a script has "schema" and a list "deeds", nothing else')
    return [_deed(row, number) for number, row in enumerate(rows, start=1)]


def _deed(row: Any, number: int) -> Deed:
    if not isinstance(row, dict) or row.get("do") not in DEEDS:
        raise ScriptError(f'deed {number}: "do" must be one of {", ".join(DEEDS)}')
    kind = DEEDS[row["do"]]
    values: dict[str, Any] = {key: value for key, value in row.items() if key not in ("do", "at")}
    known = {each.name: each for each in fields(kind) if each.name != "at_ms"}
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise ScriptError(f"deed {number}: {row['do']} has no {', '.join(unknown)}")
    for name, each in known.items():
        if name not in values:
            if each.default is field().default:
                raise ScriptError(f"deed {number}: {row['do']} needs {name}")
            continue
        _check(values[name], str(each.type), f"deed {number}: {name}")
    return kind(at_ms=_instant_ms(row.get("at"), number), **values)


def _check(value: object, wanted: str, where: str) -> None:
    is_wanted = isinstance(value, _ACCEPTS[wanted]) and (wanted == "bool" or not isinstance(value, bool))
    if not is_wanted:
        raise ScriptError(f"{where} is not of type {wanted}")
    if isinstance(value, int | float) and value < 0:
        raise ScriptError(f"{where} is below zero")


def _instant_ms(text: object, number: int) -> int:
    try:
        instant = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ScriptError(f'deed {number}: "at" is an ISO 8601 instant with an offset')
    return int(instant.timestamp() * 1000)
