"""How medicine as needed changes the world. Decides nothing, like all of `evolve`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from scheduler import events as ev
from scheduler.dosage import PERIOD_H_MAX
from scheduler.dose import Stage
from scheduler.evolve_press import press_used
from scheduler.remembered import Elsewhere
from scheduler.replacing import replace
from scheduler.world import Dose, World, by_opening

NOTHING_ELSEWHERE = "nothing_elsewhere"
"""The resolution by which a named person says that nothing was given elsewhere until now (rule 8)."""


def evolve_as_needed(world: World, event: ev.AsNeededEvent) -> World:
    """A dose as needed begins due: nothing planned it, and its press has come."""
    match event:
        case ev.AsNeededRequested():
            plan = event.dose
            dose = Dose(plan=plan, stage=Stage.DUE, rest=Stage.DUE, offered=True, purpose=event.reason)
            world = _without_refusal(world, plan.resident)
            return replace(world, doses=by_opening({**world.doses, dose.dose_id: dose}.values()))
        case ev.AsNeededRefused():
            world = replace(world, refusals={**world.refusals, event.resident: event})
            return press_used(world, event.robot)
        case ev.ElsewhereRead():
            return _read(world, event)
        case ev.ElsewhereSaid():
            return _said(world, event)
        case _:
            assert_never(event)


REACHES_BACK = timedelta(hours=48)
"""So far back a report is the whole of what was given: what it no longer names was not (entered in error)."""


def _read(world: World, event: ev.ElsewhereRead) -> World:
    """What people have said of an administration goes with it, and is over when it is taken back."""
    known = world.elsewhere.get(event.resident) or Elsewhere(event.known_to, ())
    given = (*_further_back(world, event), *event.given)
    newer = Elsewhere(
        known_to=max(event.known_to, known.asked or event.known_to),
        given=given,
        asked=known.asked,
        said=tuple(word for word in known.said if _stands(word, known.given, given)),
        either=frozenset(
            one for one in given if one in known.either | event.either or _as_needed_too(world, event, one)
        ),
        read=event.known_to,
    )
    return replace(world, elsewhere={**world.elsewhere, event.resident: newer})


def _stands(
    word: ev.ElsewhereSaid, before: Sequence[ev.GivenElsewhere], given: Sequence[ev.GivenElsewhere]
) -> bool:
    """Of one more that is alike nobody has said that it was no dose."""
    more = given.count(word.given) > before.count(word.given)
    return word.given in given and not (more and word.which is ev.Which.AS_NEEDED)


def _as_needed_too(world: World, event: ev.ElsewhereRead, one: ev.GivenElsewhere) -> bool:
    plan = world.plans.get(event.resident)
    every = plan.prescriptions if plan is not None else ()
    periods = [
        p for each in every if each.prescription_id == one.prescription_id for p in each.dosage.periods
    ]
    return any(period.as_needed for period in periods)


def _said(world: World, event: ev.ElsewhereSaid) -> World:
    """The newest word about an administration stands; one about what is known no more changes nothing."""
    known = world.elsewhere.get(event.resident)
    if known is None or event.given not in known.given:
        return world
    others = tuple(word for word in known.said if word.given != event.given)
    newer = replace(known, said=(*others, event))
    return replace(world, elsewhere={**world.elsewhere, event.resident: newer})


def _further_back(world: World, event: ev.ElsewhereRead) -> tuple[ev.GivenElsewhere, ...]:
    """What was known of longer ago than a report has to reach: it may count against a most of many days."""
    known = world.elsewhere.get(event.resident)
    last, first = event.known_to - REACHES_BACK, event.known_to - timedelta(hours=PERIOD_H_MAX)
    return tuple(
        each
        for each in (known.given if known is not None else ())
        if first < each.at < last and each not in event.given
    )


def elsewhere_looked_into(world: World, incident: ev.Incident, at: datetime) -> World:
    """A person closed the question. Only by saying so does the knowledge reach until now."""
    resident = incident.subject.partition(":")[2].partition("/")[0]
    world = _without_refusal(world, resident)
    known = world.elsewhere.get(resident)
    if incident.kind is not ev.Kind.AS_NEEDED_UNSURE or incident.resolution != NOTHING_ELSEWHERE:
        return world
    newer = replace(known, known_to=at, asked=at) if known is not None else Elsewhere(at, (), at)
    return replace(world, elsewhere={**world.elsewhere, resident: newer})


def _without_refusal(world: World, resident: str) -> World:
    return replace(world, refusals={key: each for key, each in world.refusals.items() if key != resident})
