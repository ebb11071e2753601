"""What two persons change together: the list of critical and controlled medicine, and when morning, noon,
evening and night are.

Both come with the configuration at each start. The first is what the home was set up with; each later one has
a higher version and two persons' names. What is refused changes nothing, and is an incident until it is put
back or changed rightly. Names are all the proof there is (rule 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler import events as ev
from scheduler.dosage import DayPart
from scheduler.expand import Catalogue, DayClock
from scheduler.world import World

PERSONS_MIN = 2


def medicine_list(world: World, new: Catalogue, now: datetime) -> Sequence[ev.Event]:
    def adopted(one: Catalogue) -> ev.Event:
        return ev.MedicineListAdopted(now, one.version, one.known, one.critical, one.controlled, one.persons)

    known = world.medicine
    if known is None:
        return [adopted(new)]
    if known.says_the_same(new) and new.version <= known.version:
        return [adopted(known)] if world.refused_list else []  # put back: nothing is refused any more
    refusal = _why_not(known.version, new.version, new.persons)
    if not refusal:
        return [adopted(new)]
    told = world.refused_list == refusal
    return [] if told else [ev.MedicineListRefused(at=now, version=new.version, reason=refusal)]


def clock_times(world: World, new: DayClock, now: datetime) -> Sequence[ev.Event]:
    def adopted(one: DayClock) -> ev.Event:
        morning, noon, evening, night = (one.times[part] for part in DayPart)
        return ev.ClockTimesAdopted(now, one.version, morning, noon, evening, night, one.persons)

    known = world.mapping
    if known is None:
        return [adopted(new)]
    if known.says_the_same(new) and new.version <= known.version:
        return [adopted(known)] if world.refused_times else []
    refusal = _why_not(known.version, new.version, new.persons)
    if not refusal:
        return [adopted(new)]
    told = world.refused_times == refusal
    return [] if told else [ev.ClockTimesRefused(at=now, version=new.version, reason=refusal)]


def _why_not(known: int, new: int, persons: Sequence[str]) -> str:
    if new <= known:
        return "version_not_raised"
    names = {person.strip().casefold() for person in persons if person.strip()}
    return "" if len(names) >= PERSONS_MIN else "needs_two_persons"
