"""The state machines of where medicine lives, each as one table: in whose care a resident is, what became
of a sachet that left with its magazine, who stands at a robot.

Knows no events and no worlds. `standing` says which state a world is in. docs/machines.md shows them as
diagrams, tests/scheduler/test_machines.py asserts every cell.
"""

from __future__ import annotations

from enum import StrEnum

from scheduler.table import Table


class Where(StrEnum):
    """A resident, as far as this home knows."""

    NEVER_MOVED = "never_moved"  # they are where the configuration says
    ASKED = "asked"  # for: they are elsewhere still
    HERE = "here"
    GONE = "gone"


class CustodyInput(StrEnum):
    ASKED = "asked"
    MOVED_OUT = "moved_out"
    MOVED_IN = "moved_in"


_W, _CI = Where, CustodyInput

CUSTODY = Table(
    "custody",
    "In whose care a resident is (rule 24). Only who was asked for moves in, and nobody moves out twice.",
    Where,
    CustodyInput,
    {
        **{(state, _CI.ASKED): _W.ASKED for state in (_W.NEVER_MOVED, _W.ASKED, _W.GONE)},
        (_W.NEVER_MOVED, _CI.MOVED_OUT): _W.GONE,
        (_W.HERE, _CI.MOVED_OUT): _W.GONE,
        (_W.ASKED, _CI.MOVED_IN): _W.HERE,
    },
)


class Sachet(StrEnum):
    """Of a magazine that was ever taken out."""

    COUNTED = "counted"  # or never was elsewhere than in its robot
    UNCOUNTED = "uncounted"
    MISSING = "missing"  # somebody looked, and it is nowhere


class CountInput(StrEnum):
    TAKEN_OUT = "taken_out"
    IN_ROBOT = "robot"
    IN_WASTE = "waste"
    NOWHERE = "missing"


_N, _NI = Sachet, CountInput

COUNT = Table(
    "count",
    "A sachet whose magazine left its robot (rule 24). Its dose is in doubt until it is seen.",
    Sachet,
    CountInput,
    {
        **{(state, _NI.TAKEN_OUT): _N.UNCOUNTED for state in Sachet},
        **{
            (state, place): _N.COUNTED
            for state in (_N.UNCOUNTED, _N.MISSING)
            for place in (_NI.IN_ROBOT, _NI.IN_WASTE)
        },
        (_N.UNCOUNTED, _NI.NOWHERE): _N.MISSING,
        (_N.MISSING, _NI.NOWHERE): _N.MISSING,
    },
)


class Spot(StrEnum):
    """A robot where staff may stand."""

    FREE = "free"
    LOCKED = "locked"


class SpotInput(StrEnum):
    LOCKED = "locked"
    UNLOCKED = "unlocked"


SPOT = Table(
    "staff lock",
    "A robot that staff locked where they stand (rule 5). By a personal key, and never ended by time.",
    Spot,
    SpotInput,
    {
        (Spot.FREE, SpotInput.LOCKED): Spot.LOCKED,
        (Spot.LOCKED, SpotInput.UNLOCKED): Spot.FREE,
    },
)
