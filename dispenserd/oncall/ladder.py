"""Who is told next, and when: the escalation of one alarm, as a pure function of what was told before.

An alarm is a run of the ladder: an incident that nobody owns, from its raising or reopening on, or one that
somebody owns and that has no outcome in time. Its steps are counted from 0. A step's deadline counts from the
step's own due time, so a late look makes no later step late; only where a whole interval was slept through
does it count from now, because nobody could answer what was not sent.

The roster may be another one at each look. What was told stays told and its deadline stays; the next person
is looked for in the new order, from its start where the last one told stands in it no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dispenserd.oncall.roster import Person, Priority, Roster, raised_by_one

Why = Literal["raised", "overdue", "no_outcome", "unreached"]


@dataclass(frozen=True, slots=True)
class Alarm:
    key: str  # the same for one run, another one for the next of the same incident
    why: Literal["raised", "no_outcome"]
    priority: Priority
    begins: datetime  # the first step is due
    deadline: datetime  # and the second
    first: str = ""  # who is told first if they are on call; "" = the order decides
    only_manager: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    step: int
    why: Why
    priority: Priority
    person: str  # "" = nobody is on call
    is_manager: bool
    due: datetime
    next_due: datetime  # when the next person is told if nobody answers this


@dataclass(frozen=True, slots=True)
class Told:
    """A step that is journalled. `settled`: when its notice was delivered or given up."""

    step: Step
    state: Literal["queued", "told", "failed", "nobody"]
    settled: datetime | None = None


def due_at(alarm: Alarm, told: Sequence[Told], roster: Roster) -> datetime | None:
    """When the next step is due; None = never by itself."""
    if not told:
        return alarm.begins
    last = told[-1]
    if _is_stuck(last, roster):
        return None
    if _has_left(last, roster):
        return last.step.due
    if last.settled is not None and _may_go_on_at_once(alarm, told, roster, last.settled):
        return last.settled
    return last.step.next_due


def next_step(alarm: Alarm, told: Sequence[Told], roster: Roster, now: datetime) -> Step | None:
    """The step that is due and not told yet; `told`: those of this alarm, in order."""
    if told and told[-1].state == "nobody":
        last = told[-1].step
        if person := _after(alarm, last, last.priority, roster, now):  # somebody's hours have begun
            return _step(last.step + 1, "unreached", last.priority, person, roster, now, last.next_due)
    due = due_at(alarm, told, roster)
    if due is None or due > now:
        return None
    if not told:
        person = _first(alarm, roster, now)
        return _step(0, alarm.why, alarm.priority, person, roster, due, alarm.deadline)
    last = told[-1].step
    if due != last.next_due:
        person = _after(alarm, last, last.priority, roster, now)
        return _step(last.step + 1, "unreached", last.priority, person, roster, due, last.next_due)
    priority = raised_by_one(last.priority)
    person = _after(alarm, last, priority, roster, now)
    next_due = _following(due, roster.deadlines.of(priority), now)
    return _step(last.step + 1, "overdue", priority, person, roster, due, next_due)


def _following(due: datetime, interval: timedelta, now: datetime) -> datetime:
    return due + interval if due + interval > now else now + interval


def _is_stuck(last: Told, roster: Roster) -> bool:
    """At the top, and nobody in the whole roster to tell: a step every ten minutes would tell no one."""
    return last.state == "nobody" and last.step.priority == "high" and not (roster.people or roster.manager)


def _has_left(last: Told, roster: Roster) -> bool:
    """Whoever was told stands on no list any more: nobody who has the duty knows of it, so the next one is
    told now."""
    person = last.step.person
    return bool(person) and roster.named(person) is None


def _may_go_on_at_once(alarm: Alarm, told: Sequence[Told], roster: Roster, at: datetime) -> bool:
    """A notice that can't be delivered goes to the next person now, but only once round: when nobody at all
    can be reached, trying faster helps nobody."""
    failed = 0
    for each in reversed(told):
        failed += each.state == "failed"
        if each.state != "failed" or each.step.why != "unreached":
            break
    people = 0 if alarm.only_manager else len(roster.on_call(told[-1].step.priority, at))
    within_reach = people + (1 if roster.manager else 0)
    return told[-1].state == "failed" and failed < within_reach and at < told[-1].step.next_due


def _first(alarm: Alarm, roster: Roster, now: datetime) -> Person | None:
    if alarm.only_manager:
        return roster.manager
    on_call = {person.name: person for person in roster.on_call(alarm.priority, now)}
    return on_call.get(alarm.first) or roster.next("", alarm.priority, now)


def _after(alarm: Alarm, last: Step, priority: Priority, roster: Roster, now: datetime) -> Person | None:
    if alarm.only_manager:
        return roster.manager
    return roster.next("" if last.is_manager else last.person, priority, now)


def _step(
    number: int,
    why: Why,
    priority: Priority,
    person: Person | None,
    roster: Roster,
    due: datetime,
    next_due: datetime,
) -> Step:
    is_manager = person is not None and person == roster.manager
    return Step(number, why, priority, person.name if person else "", is_manager, due, next_due)
