"""Modes and pauses by the books of people, for everybody who lives in the home (rule 22, S2).

Goes by the words that people said and that the home answered, not by what the home makes of them: the robot
moves nothing towards somebody who is away or suspended and reminds nobody whom staff remind, nothing
restrictive ends but by a person's word, nobody is told of a miss while they were away, and staff hear of a
press by somebody who is away and of what nobody saw. Times are true ones, as in `witnesses`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from scheduler import commands as cmd
from scheduler import events as ev

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

T = TypeVar("T")

TOWARDS = (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)
SILENT = ("assisted", "witnessed", "suspended", "paused")
"""The robot reminds nobody."""

TOLD_WITHIN_S = 240.0
TAKEN_BACK_S = 400.0
"""A sachet that lay in the tray when it was paused; one that came to nothing waits five minutes."""

SEEN_WITHIN_S = 15 * 60.0
"""Whoever saw it has said so by then."""

BY_WORD = (ev.Outcome.WITNESSED, ev.Outcome.CONFIRMED)
"""Somebody says that they had it: nobody is asked any more."""

ASKED_AS = ("not_witnessed", "call_resident")
"""Whoever must call them about that very dose asks more than who saw it."""

SURELY_WITNESSED = timedelta(minutes=12)
"""In that mode for so long before they had it."""

EDGE = timedelta(minutes=3)
"""Around a window's ends, as in `liveness`."""


@dataclass(frozen=True)
class Party:
    """Somebody of the home, and the robot that they live with. `calm`: robot and home have been in order for
    so long that what is said there is heard; `in_tray`: a sachet of theirs is within reach."""

    key: str
    calm: Callable[[], bool]
    in_tray: Callable[[], bool]
    disturbed: Callable[[], None]
    troubles: Callable[[], object]


@dataclass(frozen=True)
class Wish:
    """`right`: the home must carry it out, as far as this person can know."""

    fact: cmd.RegimeCommand
    right: bool


class RegimeWitness:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        self._parties: dict[str, Party] = {}
        self.asked: dict[str, Wish] = {}  # what people said and nobody has answered, by command id
        self._mode: dict[str, list[tuple[datetime, str]]] = {}
        self._pause: dict[str, list[tuple[datetime, bool]]] = {}
        self._seen: set[str] = set()  # doses that somebody saw them have
        self.changed = self.kept_out = self.told = self.asked_who_saw = 0

    def knows(self, party: Party) -> None:
        self._parties[party.key] = party
        self._mode[party.key], self._pause[party.key] = [], []

    # --- commits ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        accepted = self._accepted(events)
        for event in events:
            match event:
                case ev.ModeSet() | ev.PauseBegun() | ev.PauseReviewed() | ev.PauseEnded():
                    assert event.by.strip(), f"rule 22: nobody's word: {event}"
                    assert any(_comes_of(event, fact) for fact in accepted), (
                        f"rule 22: nobody's word: {event}"
                    )
                case ev.CommandAnswered() if event.command_id in self.asked:
                    self._answered(self.asked.pop(event.command_id), event)
                case ev.OrderIssued() if event.order.kind in TOWARDS:
                    withheld = self.withholds(event.order.dose_id[:32])
                    assert not withheld, f"S2: {event.order.kind} ordered for somebody who is {withheld}"
                case ev.OutcomeRecorded() if event.outcome is ev.Outcome.MISSED:
                    self._missed(event.dose_id)
                case ev.OutcomeRecorded() if event.outcome in BY_WORD:
                    self._seen.add(event.dose_id)
                case ev.ReminderGiven():
                    state = self.state(event.dose_id[:32])
                    assert state not in SILENT, f"rule 22: the robot reminds somebody who is {state}"
                case ev.RobotLogged(entry="lifted"):
                    self._had(event.dose_id)
                case _:
                    pass

    def _accepted(self, events: Sequence[ev.Event]) -> list[cmd.RegimeCommand]:
        answers = [event for event in events if isinstance(event, ev.CommandAnswered) and event.accepted]
        return [self.asked[each.command_id].fact for each in answers if each.command_id in self.asked]

    def _answered(self, wish: Wish, answer: ev.CommandAnswered) -> None:
        fact, now = wish.fact, self._bottle.times.true
        assert wish.right or not answer.accepted, f"rule 22: carried out: {fact}"
        if not answer.accepted:
            paused = self.state(fact.resident) == "paused"
            known = isinstance(fact, (cmd.ReviewPause, cmd.ResumeResident)) and not paused
            late = not wish.right or answer.reason in ("until_is_past", "review_needed")
            late |= answer.reason == "review_too_late" and bool(self._bottle.times.wall_off)  # its clock
            assert known or late, f"rule 22: refused as {answer.reason}: {fact}"
            return
        self.changed += 1
        match fact:
            case cmd.SetMode():
                self._mode[fact.resident].append((now, fact.mode.value))
            case cmd.PauseResident():
                self._pause[fact.resident].append((now, True))
            case cmd.ResumeResident():
                self._pause[fact.resident].append((now, False))
            case _:
                return
        self._parties[fact.resident].disturbed()
        if self.withholds(fact.resident):
            self._bottle.after(TAKEN_BACK_S, partial(self._look_back, fact.resident))

    def _missed(self, dose: str) -> None:
        """Away from before its window until after it. What came back out of a bag no robot withheld."""
        if self._bottle.leaves.came_back(dose):
            return
        key, opens, closes = dose[:32], min(self._bottle.opens(dose)), self._bottle.closes(dose)
        withheld = self.withheld_throughout(key, opens - EDGE, closes + EDGE)
        assert not withheld, f"rule 22: {dose[33:]} told as missed, and they were {withheld} all the time"

    def _had(self, dose: str) -> None:
        """Whoever lives with them is to see it: nobody was there for a sachet that was taken along."""
        key, now = dose[:32], self._bottle.times.true
        since = self.since(key)
        if self._bottle.leaves.allows(dose, now):
            return  # into a bag: it is had elsewhere, later
        if self.state(key) == "witnessed" and since is not None and now > since + SURELY_WITNESSED:
            troubles = self._parties[key].troubles()
            self._bottle.after(SEEN_WITHIN_S + TOLD_WITHIN_S, lambda: self._look_seen(dose, now, troubles))

    # --- orders and matter ---

    def sending(self, order: ev.Order) -> None:
        """The last moment at which it can be kept back."""
        withheld = self.withholds(order.dose_id[:32]) if order.kind in TOWARDS else ""
        assert not withheld, f"S2: {order.kind} sent to somebody who is {withheld}"

    def moves(self, dose: str, motion: timedelta) -> None:
        """Towards the resident, by a motor that may have been told to that long ago."""
        withheld = self.withholds(dose[:32], since=self._bottle.times.true - motion)
        assert not withheld, f"S2: {dose[33:]} moves towards somebody who is {withheld}"

    def pressed(self, key: str) -> None:
        """In calm times staff hear of a press by somebody who is away, by all they know."""
        party = self._parties[key]
        if self.state(key) == "paused" and party.calm():
            troubles = party.troubles()
            self._bottle.after(TOLD_WITHIN_S, lambda: self._look_told(key, troubles))

    # --- looks ---

    def _look_back(self, key: str) -> None:
        if self.withholds(key) and self._parties[key].calm():
            self.kept_out += 1
            assert not self._parties[key].in_tray(), "S2: withheld, and a sachet still lies in the tray"

    def _look_told(self, key: str, troubles: object) -> None:
        party = self._parties[key]
        if party.troubles() != troubles or not party.calm() or self.state(key) != "paused":
            return
        self.told += 1
        told = self._bottle.oncall.told.values()
        kinds = {payload["kind"] for payload in told if payload["state"] != "closed"}
        acted = any(payload["kind"] == "paused_action" for payload in told)
        assert acted, f"rule 22: somebody pressed who is away, and on-call knows of {sorted(kinds)}"

    def _look_seen(self, dose: str, had: datetime, troubles: object) -> None:
        """Had in front of nobody although somebody was to see it: staff hear of that."""
        party, since = self._parties[dose[:32]], self.since(dose[:32])
        if dose in self._seen or party.troubles() != troubles or not party.calm():
            return
        if since is None or since > had:
            return
        self.asked_who_saw += 1
        told = [payload for payload in self._bottle.oncall.told.values() if payload["dose"] == dose]
        # being told that it is due is less; who is to call the resident, or hears of a possible double dose,
        # hears of it on the telephone
        enough = ("not_witnessed", "call_resident", "record_contradicts")
        asked = any(payload["kind"] in enough for payload in told)
        assert asked, f"rule 22: nobody saw {dose[33:]}, and nobody was asked"

    def at_peace(self) -> None:
        """What people's words made of it, and nothing else (rule 22)."""
        world = self._bottle.disk.replayed()
        for key in self._parties:
            regime = world.regime(key)
            ours = (self.mode(key), self.state(key) == "paused")
            assert (regime.mode.value, regime.pause is not None) == ours, (
                f"rule 22: {regime.mode} and paused {regime.pause is not None}, by their words {ours}"
            )

    # --- the books ---

    def was_seen(self, dose: str) -> bool:
        """Somebody saw them have it, by the word that the home took."""
        return dose in self._seen

    def state(self, key: str) -> str:
        """paused, or the mode that the home was last told."""
        pauses = self._pause.get(key)
        return "paused" if pauses and pauses[-1][1] else self.mode(key)

    def since(self, key: str) -> datetime | None:
        """When mode or pause changed last."""
        changes = [at for at, _ in self._mode.get(key, [])] + [at for at, _ in self._pause.get(key, [])]
        return max(changes, default=None)

    def withholds(self, key: str, since: datetime | None = None) -> str:
        """Why they get nothing from the robot now; "" = they do, or did until `since`."""
        if _newest(self._pause.get(key, []), since) is True:
            return "paused"
        return "suspended" if _newest(self._mode.get(key, []), since) == "suspended" else ""

    def withheld_throughout(self, key: str, begin: datetime, end: datetime) -> str:
        """Paused or suspended at every instant between the two."""
        pauses = [(at, str(on)) for at, on in self._pause.get(key, [])]
        for known, withheld, name in (
            (pauses, "True", "paused"),
            (self._mode.get(key, []), "suspended", "suspended"),
        ):
            if any(what == withheld and at <= begin and until > end for at, until, what in _spans(known)):
                return name
        return ""

    def mode(self, key: str) -> str:
        modes = self._mode.get(key)
        return modes[-1][1] if modes else "normal"


def _spans(known: list[tuple[datetime, str]]) -> Iterator[tuple[datetime, datetime, str]]:
    """From when until when what stood; the same said again is no change."""
    changes = [each for n, each in enumerate(known) if n == 0 or known[n - 1][1] != each[1]]
    for (at, what), (until, _) in pairwise([*changes, (None, "")]):
        assert at is not None
        yield at, until or datetime.max.replace(tzinfo=at.tzinfo), what


def _newest(known: list[tuple[datetime, T]], since: datetime | None) -> T | None:
    """What stood all the time since then, of the two that may have."""
    if not known:
        return None
    at, newest = known[-1]
    return newest if since is None or at <= since else None


def _comes_of(event: ev.Event, fact: cmd.RegimeCommand) -> bool:
    """Whether this wish is what became that event."""
    if getattr(event, "resident", "") != fact.resident:
        return False
    match event:
        case ev.ModeSet():
            return isinstance(fact, cmd.SetMode) and fact.mode is event.mode
        case ev.PauseBegun():
            return isinstance(fact, cmd.PauseResident)
        case ev.PauseReviewed():
            return isinstance(fact, cmd.ReviewPause)
        case _:
            return isinstance(fact, cmd.ResumeResident)
