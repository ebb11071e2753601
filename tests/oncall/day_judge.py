"""Works out from a day's script alone what on-call must have done, to the second. Shares no code with it.

First each incident's life as on-call could know it: when it was whose, at which priority, until when. Then
the ladder of each stretch of that life. Steps that are due after the day's end are nobody's fault.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from tests.oncall.day_play import Own, Played, Told
from tests.oncall.day_script import STAFF, Beat, Day, OwnDeed, Say, Take

RANK = ("low", "medium", "high")
MINUTES = {"low": 240, "medium": 30, "high": 10}
TWO_HOURS, HALF_AN_HOUR = timedelta(hours=2), timedelta(minutes=30)
LEFT_ALONE = timedelta(minutes=10)
"""After a take, whatever closes: as long as anybody has for what is high."""
TAKE_LIFE = timedelta(minutes=10)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
MS = timedelta(milliseconds=1)
NEVER = datetime.fromisoformat("2999-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Phase:
    """From `at` on, as far as on-call can know."""

    at: datetime
    state: Literal["open", "owned", "over"]
    priority: str = ""
    deadline: datetime | None = None
    owner: str = ""
    closes: datetime | None = None  # the window of its dose
    dose_priority: str = ""


@dataclass
class Verdict:
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class Uptime:
    """When on-call runs. At the instant of a kill a message may still be taken in; nothing is looked at."""

    def __init__(self, day: Day) -> None:
        self.stretches: list[tuple[datetime, datetime]] = []
        begin = day.begins
        for down in day.downs:
            self.stretches.append((begin, down.at))
            begin = down.until
        self.stretches.append((begin, day.ends))
        self._begins = [begin for begin, _ in self.stretches]
        self._beats = [
            deed.at for deed in day.deeds if isinstance(deed, Beat) and self.takes_in(deed.at) == deed.at
        ]

    def takes_in(self, at: datetime) -> datetime:
        """When a message that waits in the broker since `at` is taken in."""
        number = bisect_right(self._begins, at) - 1
        begin, end = self.stretches[number]
        if begin <= at <= end:
            return at
        return self.stretches[number + 1][0] if number + 1 < len(self.stretches) else NEVER

    def grace(self, begin: datetime) -> timedelta:
        """None after a short absence: something was heard within the last minute."""
        last = bisect_right(self._beats, begin) - 1
        short = last >= 0 and begin - self._beats[last] <= timedelta(minutes=1)
        return timedelta(0) if short else timedelta(seconds=90)

    def starts_at(self, at: datetime) -> bool:
        """Then on-call looks before it hears what waited for it."""
        return at in self._begins

    def looks(self, at: datetime) -> datetime:
        """The first look at or after `at`."""
        number = bisect_right(self._begins, at) - 1
        begin, end = self.stretches[number]
        if begin <= at < end:
            return at
        if number + 1 < len(self.stretches):
            return self.stretches[number + 1][0]
        return NEVER


def judge(day: Day, played: Played) -> Verdict:
    verdict = Verdict()
    up = Uptime(day)
    expected: list[Told] = []
    for name, says in _incidents(day).items():
        phases = _life(says, up)
        expected += _ladder(name[0], name[1], phases, _pending(day, name[1], phases, up), up, day.ends)
    own_told: list[Own] = []
    for home in day.homes:
        phases, revisions = _silence(day, home, up)
        own_told += revisions
        for stretch in _occurrences(phases):
            expected += _ladder(home, "", stretch, [], up, day.ends)
    _compare(verdict, "steps", expected, played.told)
    _compare(verdict, "own incidents", own_told, [own for own in played.own if own.kind == "home_silent"])
    strange = [own for own in played.own if own.kind != "home_silent"]
    verdict.faults += [f"nobody expected {own.kind} of {own.home} at {own.at}" for own in strange]
    if played.asks:
        verdict.faults.append(f"{played.asks} homes were asked for their incidents, and all agreed")
    _count(verdict, expected, own_told, day)
    return verdict


# --- lives ---


def _incidents(day: Day) -> dict[tuple[str, str], list[Say]]:
    found: dict[tuple[str, str], list[Say]] = defaultdict(list)
    for deed in day.deeds:
        if isinstance(deed, Say):
            found[deed.home, deed.incident].append(deed)
    return found


def _life(says: Sequence[Say], up: Uptime) -> list[Phase]:
    phases: list[Phase] = []
    for say in says:
        at = up.takes_in(say.at)
        if say.state == "closed":
            phases.append(Phase(at, "over"))
        elif say.state == "acknowledged":
            if not (phases and phases[-1].state == "owned" and phases[-1].owner == say.owner):
                owned = Phase(at, "owned", say.priority, None, say.owner, say.window_ends, say.dose_priority)
                phases.append(owned)
        else:
            phases.append(Phase(at, "open", say.priority, say.deadline))
    return phases


def _pending(day: Day, incident: str, phases: Sequence[Phase], up: Uptime) -> list[tuple[datetime, datetime]]:
    """When somebody had taken it and the home had not answered: nobody is called meanwhile."""
    found = []
    answered = [
        up.takes_in(deed.at)
        for deed in day.deeds
        if isinstance(deed, Say) and deed.incident == incident and deed.answers_take
    ]
    for deed in day.deeds:
        if isinstance(deed, Take) and deed.incident == incident:
            known = [phase for phase in phases if phase.at <= deed.at]
            if known and known[-1].state == "open":
                end = min([deed.at + TAKE_LIFE, *answered])
                found.append((deed.at, end + MS if up.starts_at(end) else end))
    return found


def _silence(day: Day, home: str, up: Uptime) -> tuple[list[Phase], list[Own]]:
    """The life of what on-call itself says about a home, and its revisions."""
    heard = [
        deed
        for deed in day.deeds
        if isinstance(deed, Beat) and deed.home == home and up.takes_in(deed.at) == deed.at
    ]
    deeds = [deed for deed in day.deeds if isinstance(deed, OwnDeed) and deed.home == home]
    happenings: list[tuple[datetime, int, object]] = [(deed.at, 1, deed) for deed in deeds]
    since = [(day.begins, None), *((beat.at, beat) for beat in heard)]  # on the list since then
    for (at, beat), following in zip(since, [*(b for b, _ in since[1:]), day.ends], strict=True):
        happenings += [(when, 0, priority) for when, priority in _crossings(at, beat, following, up)]
        if beat is not None:
            happenings.append((at, 2, beat))
    return _own_life(home, sorted(happenings, key=lambda each: each[:2]), up)


def _crossings(
    heard: datetime, beat: Beat | None, until: datetime, up: Uptime
) -> Iterator[tuple[datetime, str]]:
    """When the silence after `heard` becomes of which priority, before it ends at `until`."""
    due = [("low", heard + timedelta(minutes=5)), ("medium", heard + timedelta(minutes=30))]
    if beat is not None and beat.window_open:
        due.append(("high", heard + timedelta(minutes=5)))
    elif beat is not None and beat.next_window is not None:
        due.append(("high", max(beat.next_window, heard + timedelta(minutes=5))))
    for priority, at in due:
        for begin, end in up.stretches:
            when = max(at, begin + up.grace(begin))
            if when < end:
                if when < until:
                    yield when, priority
                break


def _own_life(
    home: str, happenings: Sequence[tuple[datetime, int, object]], up: Uptime
) -> tuple[list[Phase], list[Own]]:
    phases: list[Phase] = []
    revisions: list[Own] = []
    priority, state, owner = "", "none", ""  # "none", "raised", "acknowledged", "closed"

    def now(at: datetime, phase: Phase) -> None:
        phases.append(phase)
        revisions.append(Own(home, "home_silent", at, priority, state, owner))

    together: dict[datetime, str] = {}
    for at, _, what in happenings:
        if isinstance(what, str):
            together[at] = max(together.get(at, what), what, key=RANK.index)
    for at, _, what in happenings:
        match what:
            case str():
                risen = together[at]
                if state == "none" or RANK.index(risen) > RANK.index(priority):
                    priority, state, owner = risen, "raised", ""
                    now(at, Phase(at, "open", risen, at + timedelta(minutes=MINUTES[risen])))
            case OwnDeed(deed="take", by=by) if state == "raised":
                state, owner = "acknowledged", by
                now(at, Phase(at, "owned", priority, None, by))
            case OwnDeed(deed="close", by=by) if state == "acknowledged" and owner == by:
                state = "closed"
                now(at, Phase(at, "over"))
            case Beat() if state != "none":
                if state != "closed":
                    state = "closed"
                    now(at, Phase(at, "over"))
                priority, state, owner = "", "none", ""
    return phases, revisions


def _occurrences(phases: Sequence[Phase]) -> Iterator[list[Phase]]:
    """Each from its raising to its end; reopened after a person closed it, it is one that goes on."""
    if phases:
        yield list(phases)


# --- ladders ---


def _ladder(
    home: str,
    incident: str,
    phases: Sequence[Phase],
    pending: Sequence[tuple[datetime, datetime]],
    up: Uptime,
    ends: datetime,
) -> Iterator[Told]:
    for number, phase in enumerate(phases):
        until = phases[number + 1].at if number + 1 < len(phases) else ends
        if phase.state == "open":
            assert phase.deadline is not None
            yield from _climb(home, incident, "raised", phase, phase.at, phase.deadline, pending, until, up)
        elif phase.state == "owned":
            begins, priority = _outcome_due(phase)
            raised = Phase(phase.at, "owned", priority, None, phase.owner)
            deadline = begins + timedelta(minutes=MINUTES[raised.priority])
            yield from _climb(home, incident, "no_outcome", raised, begins, deadline, [], until, up)


def _outcome_due(phase: Phase) -> tuple[datetime, str]:
    """The catalogue: two hours, at least medium; half an hour before a window closes, the dose's priority."""
    begins, wanted = phase.at + TWO_HOURS, [phase.priority, "medium"]
    if phase.closes is not None and phase.at < phase.closes:
        wanted.append(phase.dose_priority)
        too_late = phase.closes - HALF_AN_HOUR < phase.at + LEFT_ALONE
        begins = min(begins, phase.at + LEFT_ALONE if too_late else phase.closes - HALF_AN_HOUR)
    return begins, max(wanted, key=RANK.index)


def _climb(
    home: str,
    incident: str,
    why: str,
    phase: Phase,
    due: datetime,
    deadline: datetime,
    pending: Sequence[tuple[datetime, datetime]],
    until: datetime,
    up: Uptime,
) -> Iterator[Told]:
    priority, last, first = phase.priority, "", phase.owner
    at = _free(due, pending, up)
    while at < until or (at == until and up.starts_at(at) and phase.at < at):
        owner_first = not last and first in _on_duty(priority, at)
        last = first if owner_first else _next(last, priority, at)
        yield Told(home, incident, why, last, priority, due, at)
        why, due = "overdue", deadline
        priority = RANK[min(RANK.index(priority) + 1, 2)]
        at = _free(max(due, at), pending, up)
        interval = timedelta(minutes=MINUTES[priority])
        deadline = due + interval if due + interval > at else at + interval


def _free(at: datetime, pending: Sequence[tuple[datetime, datetime]], up: Uptime) -> datetime:
    """The first look from `at` on at which nobody is about to own it."""
    while True:
        at = up.looks(at)
        inside = [end for begin, end in pending if begin <= at < end]
        if not inside:
            return at
        at = max(inside)


def _on_duty(priority: str, at: datetime) -> list[str]:
    hour = at.astimezone(COPENHAGEN).hour
    anna, bo, ida, ole = STAFF
    by_hours = {anna: 7 <= hour < 15, bo: not 7 <= hour < 15, ida: True, ole: hour >= 22 or hour < 6}
    for_whom = {anna: RANK, bo: RANK, ida: RANK[1:], ole: RANK[2:]}
    return [name for name in STAFF if by_hours[name] and priority in for_whom[name]]


def _next(last: str, priority: str, at: datetime) -> str:
    here = _on_duty(priority, at)
    if last in STAFF:
        later = [name for name in here if STAFF.index(name) > STAFF.index(last)]
        return later[0] if later else "Merete Prøve"
    return here[0]


# --- comparing ---


def _compare(verdict: Verdict, what: str, expected: Sequence[object], found: Sequence[object]) -> None:
    """Both ways, each as often as it is there; instants to the second."""
    wanted, there = Counter(map(_rounded, expected)), Counter(map(_rounded, found))
    verdict.faults += [f"{what}: missing {key}" for key in (wanted - there).elements()]
    verdict.faults += [f"{what}: nobody expected {key}" for key in (there - wanted).elements()]


def _rounded(what: object) -> str:
    match what:
        case Told():
            return (
                f"{what.home} {what.incident[:8] or 'own'} {what.why} {what.priority} to {what.person}"
                f" due {what.due:%H:%M:%S} at {what.at:%H:%M:%S}"
            )
        case Own():
            return f"{what.home} {what.priority} {what.state} {what.owner} at {what.at:%H:%M:%S}"
    raise AssertionError("only steps and own incidents are compared")


def _count(verdict: Verdict, expected: Sequence[Told], own: Sequence[Own], day: Day) -> None:
    counts = verdict.counts
    counts["homes"] = len(day.homes)
    counts["kills"] = len(day.downs)
    counts["heartbeats"] = sum(isinstance(deed, Beat) for deed in day.deeds)
    counts["incidents of homes"] = len({deed.incident for deed in day.deeds if isinstance(deed, Say)})
    counts["takes and closes"] = sum(isinstance(deed, Take | OwnDeed) for deed in day.deeds)
    for step in expected:
        counts[f"steps: {step.why}"] += 1
    taken = [deed for deed in day.deeds if isinstance(deed, Say) and deed.answers_take]
    counts["takes before a window closes"] = sum(deed.window_ends is not None for deed in taken)
    counts["steps to the manager"] = sum(step.person not in STAFF for step in expected)
    counts["silences: raised or risen"] = sum(each.state == "raised" for each in own)
    counts["silences: high, for a window"] = sum(
        each.state == "raised" and each.priority == "high" for each in own
    )
