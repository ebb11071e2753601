"""A record replaced by the core's own `replace` is the one that `dataclasses.replace` makes."""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError, dataclass
from datetime import time
from typing import Any, cast, get_args

import pytest

from scheduler.dosage import DayPart
from scheduler.events import Event, Incident, Order, ProofCommitted
from scheduler.expand import DayClock
from scheduler.replacing import constructor, replace, replace_fresh
from scheduler.world import ClockState, Dose, OpenOrder, Robot, World

KINDS: list[type] = [World, Robot, Dose, OpenOrder, ClockState, Incident, Order, *get_args(Event)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_record_is_made_as_by_its_own_constructor(kind: Any) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    values = [object() for _ in names]
    made, own = constructor(kind)(*values), kind(*values)
    assert type(made) is kind
    assert [getattr(made, name) for name in names] == values
    assert repr(made) == repr(own)
    assert made == own
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(made, names[0], None)
    assert replace(made, **{names[-1]: 7}) == dataclasses.replace(own, **{names[-1]: 7})


def test_the_old_record_stays_as_it_was() -> None:
    before = World(epoch=1)
    after = replace(before, epoch=2)
    assert (before.epoch, after.epoch) == (1, 2)
    assert after.doses is before.doses


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="no field 'colour'"):
        replace(World(), **cast(Any, {"colour": 1}))


def test_a_record_that_checks_its_values_still_does() -> None:
    clock = DayClock(version=1, times=dict.fromkeys(DayPart, time(8)))
    assert constructor(DayClock) is DayClock
    with pytest.raises(ValueError, match="each day part"):
        replace(clock, times={})


def test_a_record_without_slots_is_made_by_its_own_constructor() -> None:
    @dataclass(frozen=True)
    class Loose:
        one: int
        two: int = 2

    assert constructor(Loose) is Loose
    assert replace(Loose(1), two=3) == Loose(1, 3)


def test_a_record_of_one_field_is_replaced_too() -> None:
    first = ProofCommitted(at=cast(Any, 1))
    assert replace(first, at=cast(Any, 2)) == ProofCommitted(at=cast(Any, 2))


def test_what_nobody_has_seen_yet_is_changed_in_place_and_what_somebody_has_is_copied() -> None:
    source = World()
    fresh = replace(source, forged="x")
    assert replace_fresh(fresh, source, forged="y") is fresh
    assert (fresh.forged, source.forged) == ("y", "")
    copied = replace_fresh(source, source, forged="z")
    assert copied is not source
    assert (copied.forged, source.forged) == ("z", "")
