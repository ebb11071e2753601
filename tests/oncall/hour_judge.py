"""What the hour's people must have heard, from the script and the measured uptimes alone.

A notice is late when it comes more than LATE_S after its deadline, or after on-call was back from a kill. One
that repeats is forgiven only where a kill fell between its sending and the record of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LATE_S = 2.0
CLOSE_CALL_S = 2.0
"""Something that ends an incident this near to a step may come before it or after it."""
KILLED_NEAR_S = 3.0
PEOPLE = ("anna", "bo", "ida", "merete")
INTERVAL_S = 60.0
"""The shortest a roster allows between two people."""


@dataclass(frozen=True, slots=True)
class Heard:
    at: datetime
    person: str
    number: str  # of the notice
    incident: str  # the first 8 characters of its id


@dataclass
class Story:
    """One incident, as the script made it."""

    incident: str
    begins: datetime
    deadline: datetime
    ended: datetime | None = None  # taken or closed


@dataclass
class Run:
    """On-call's life: from when it looks, from when it hears, until it was killed."""

    looks: datetime
    hears: datetime
    killed: datetime | None = None


@dataclass
class Verdict:
    faults: list[str] = field(default_factory=list)
    notices: int = 0
    expected: int = 0
    repeated: int = 0
    latest_s: float = 0.0


def heard(person: str, message: str, at: datetime) -> Heard:
    found = re.search(r"(?:Notice|Besked) (([0-9a-f]{8})-[0-9]+)\.", message)
    assert found is not None, "a notice has a number"
    return Heard(at, person, found[1], found[2])


def judge(stories: Sequence[Story], told: Sequence[Heard], runs: Sequence[Run], ends: datetime) -> Verdict:
    verdict = Verdict(notices=len(told))
    first: dict[str, Heard] = {}
    for each in sorted(told, key=lambda each: each.at):
        if each.number not in first:
            first[each.number] = each
        elif any(_near(run.killed, first[each.number].at) for run in runs):
            verdict.repeated += 1
        else:
            verdict.faults.append(f"{each.person} was told {each.number} twice")
    by_incident: dict[str, list[Heard]] = defaultdict(list)
    for each in first.values():
        by_incident[each.incident].append(each)
    for story in stories:
        _one(verdict, story, by_incident.pop(story.incident[:8], []), runs, ends)
    for rest in by_incident.values():
        verdict.faults += [f"nobody expected {each.number} to {each.person}" for each in rest]
    return verdict


def _one(verdict: Verdict, story: Story, told: Sequence[Heard], runs: Sequence[Run], ends: datetime) -> None:
    end = story.ended or ends
    steps = list(_steps(story, ends))
    for number, due in enumerate(steps):
        may = _back(due, runs, hearing=number == 0) + timedelta(seconds=LATE_S)
        surely = may + timedelta(seconds=CLOSE_CALL_S) < min(end, ends)
        verdict.expected += surely
        person = PEOPLE[number % len(PEOPLE)]
        if number >= len(told):
            if surely:
                verdict.faults.append(
                    f"{story.incident[:8]}: step {number} to {person} never came, due {due}"
                )
            return
        late_s = (told[number].at - _back(due, runs, hearing=number == 0)).total_seconds()
        verdict.latest_s = max(verdict.latest_s, late_s)
        if told[number].person != person:
            verdict.faults.append(f"{story.incident[:8]}: step {number} went to {told[number].person}")
        if told[number].at < due - timedelta(milliseconds=50):
            verdict.faults.append(f"{story.incident[:8]}: step {number} came before it was due")
        if late_s > LATE_S:
            verdict.faults.append(f"{story.incident[:8]}: step {number} came {late_s:.1f} s late")
        known = _back(end, runs, hearing=True)  # an end that came while on-call was away
        if told[number].at > known + timedelta(seconds=CLOSE_CALL_S + LATE_S):
            verdict.faults.append(f"{story.incident[:8]}: step {number} came after its end")
    if len(told) > len(steps):
        verdict.faults.append(f"{story.incident[:8]}: {len(told)} steps, at most {len(steps)} were due")


def _steps(story: Story, ends: datetime) -> Iterator[datetime]:
    """Each from the one before: a late notice makes no later one late."""
    yield story.begins
    due = story.deadline
    while due < ends:
        yield due
        due += timedelta(seconds=INTERVAL_S)


def _back(due: datetime, runs: Sequence[Run], hearing: bool) -> datetime:
    """`due`, or when on-call was there again to notice."""
    for run in runs:
        there = run.hears if hearing else run.looks
        if run.killed is None or run.killed - timedelta(seconds=KILLED_NEAR_S) > due:
            return max(due, there)
    return due


def _near(killed: datetime | None, at: datetime) -> bool:
    return killed is not None and abs((killed - at).total_seconds()) < KILLED_NEAR_S
