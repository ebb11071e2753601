"""The states of our side of a robot, and the one table of how they follow each other.

Two rules: a transition that is not in the table is our own bug and raises, changing nothing; a state holds
what is known in it and nothing that belongs to another. `robot` is the only caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Absent:
    """No port, or one just closed."""

    reason: str  # a code; "" before the first attempt


@dataclass(frozen=True, slots=True)
class Identifying:
    """A port is open; who is on it is not known yet."""

    session: int


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """The robot is the one we expect; its log is being read to the head it stated at hello."""

    session: int
    stated_head: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Its log is read: it may be given orders, and its presses count."""

    session: int


@dataclass(frozen=True, slots=True)
class Faulted:
    """We gave this session up. The port is to be closed; nothing more is read from it or sent."""

    reason: str  # a code
    lasting: bool  # trying again at once can't help


State = Absent | Identifying | CatchingUp | Ready | Faulted


class Signal(StrEnum):
    CONNECTED = "connected"  # a port was opened
    GREETED = "greeted"  # hello was answered, by the robot we expect
    CAUGHT_UP = "caught_up"
    FAILED = "failed"  # the robot or its line broke a rule, or went quiet
    DISCONNECTED = "disconnected"  # the port is gone, or could not be opened


TRANSITIONS: Final[Mapping[type[State], Mapping[Signal, type[State]]]] = {
    Absent: {
        Signal.CONNECTED: Identifying,
        Signal.DISCONNECTED: Absent,
    },
    Identifying: {
        Signal.CONNECTED: Identifying,
        Signal.GREETED: CatchingUp,
        Signal.FAILED: Faulted,
        Signal.DISCONNECTED: Absent,
    },
    CatchingUp: {
        Signal.CONNECTED: Identifying,
        Signal.CAUGHT_UP: Ready,
        Signal.FAILED: Faulted,
        Signal.DISCONNECTED: Absent,
    },
    Ready: {
        Signal.CONNECTED: Identifying,
        Signal.FAILED: Faulted,
        Signal.DISCONNECTED: Absent,
    },
    Faulted: {
        Signal.CONNECTED: Identifying,
        Signal.DISCONNECTED: Absent,
    },
}


class IllegalTransition(Exception):
    """Our own bug."""


def follow(state: State, signal: Signal, then: State) -> State:
    """`then`, if the table has it; raises IllegalTransition."""
    if TRANSITIONS[type(state)].get(signal) is not type(then):
        raise IllegalTransition(f"{type(state).__name__} --{signal}--> {type(then).__name__}")
    return then
