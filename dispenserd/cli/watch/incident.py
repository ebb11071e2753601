"""One row of `Desk.list_incidents` as the view uses it. Pure; what an older or newer on-call leaves out or
adds is no reason to show nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OWNED_STATES = frozenset({"acknowledged", "handled", "closed"})
NOT_ASKED = "none"
MAY_GIVE = "confirmed"
"""Of `token`: the home has given its owner the right to give the dose by hand."""
RANKS: Mapping[str, int] = {"high": 3, "medium": 2, "low": 1, "info": 0}
"""A priority nobody knows stands with the highest: it is shown first rather than last."""


@dataclass(frozen=True, slots=True)
class Step:
    """One revision in an incident's history."""

    revision: int
    kind: str
    detail: str
    priority: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The newest wish of staff about an incident."""

    decision_id: str
    action: str
    verdict: str
    by: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """A person was told about it, or was to be."""

    person: str
    why: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    key: str  # home and incident: an id is one home's
    incident: str
    home: str
    dose: str
    kind: str
    detail: str
    priority: str
    state: str
    revision: int
    raised: datetime | None
    deadline: datetime | None
    owner: str
    token: str
    undelivered: bool
    resolution: str
    origin: str  # "home", or "oncall" for on-call's own
    history: tuple[Step, ...]
    decision: Decision | None
    urgency: str  # its priority, and what was added because nobody took it in time
    told: tuple[Call, ...]  # oldest first
    since: datetime | None  # of on-call's own: since when it is so
    outcome_by: datetime | None  # its owner must have said by then what came of it

    @property
    def rank(self) -> int:
        return RANKS.get(self.urgency, max(RANKS.values()))

    @property
    def own_rank(self) -> int:
        """Of its priority at home, whatever lateness added."""
        return RANKS.get(self.priority, max(RANKS.values()))

    @property
    def forgotten(self) -> bool:
        """Somebody owns it, and was reminded since it last changed that no outcome came of it."""
        if not self.owner or self.state != "acknowledged":
            return False
        changed = self.history[-1].at if self.history else None
        reminded = [each.at for each in self.told if each.why == "no_outcome" and each.at is not None]
        return bool(reminded) and (changed is None or max(reminded) >= changed)

    def overdue(self, now: datetime) -> bool:
        """Nobody owns it, and somebody should by now."""
        waits = not self.owner and self.state not in OWNED_STATES
        return waits and self.deadline is not None and now > self.deadline

    def unfinished(self, now: datetime) -> bool:
        """Somebody owns it, and should have said by now what came of it."""
        return self.outcome_by is not None and now > self.outcome_by

    @property
    def due(self) -> datetime | None:
        """What somebody must do next is due: to own it, or to bring it to an end."""
        return self.outcome_by if self.owner and self.outcome_by else self.deadline


def read_incidents(rows: Iterable[Any]) -> list[Incident]:
    return [_read(row) for row in rows if isinstance(row, Mapping)]


def instant(value: object) -> datetime | None:
    """None for what is no instant with an offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _read(row: Mapping[str, Any]) -> Incident:
    revision = row.get("revision")
    decision, history = row.get("decision"), row.get("history")
    steps = history if isinstance(history, list) else []
    told = told_so_far if isinstance(told_so_far := row.get("told"), list) else []
    return Incident(
        key=f"{_text(row, 'home')}/{_text(row, 'incident')}",
        incident=_text(row, "incident"),
        home=_text(row, "home"),
        dose=_text(row, "dose"),
        kind=_text(row, "kind"),
        detail=_text(row, "detail"),
        priority=_text(row, "priority"),
        state=_text(row, "state"),
        revision=revision if isinstance(revision, int) else 0,
        raised=instant(row.get("raised")),
        deadline=instant(row.get("deadline")),
        owner=_text(row, "owner"),
        token=_text(row, "token") or NOT_ASKED,
        undelivered=row.get("undelivered") is True,
        resolution=_text(row, "resolution"),
        origin=_text(row, "origin") or "home",
        history=tuple(_step(step) for step in steps if isinstance(step, Mapping)),
        decision=_decision(decision) if isinstance(decision, Mapping) else None,
        urgency=_text(row, "urgency") or _text(row, "priority"),
        told=tuple(_call(each) for each in told if isinstance(each, Mapping)),
        since=instant(row.get("since")),
        outcome_by=instant(row.get("outcome_by")),
    )


def _step(row: Mapping[str, Any]) -> Step:
    revision = row.get("revision")
    return Step(
        revision=revision if isinstance(revision, int) else 0,
        kind=_text(row, "kind"),
        detail=_text(row, "detail"),
        priority=_text(row, "priority"),
        state=_text(row, "state"),
        at=instant(row.get("at")),
    )


def _call(row: Mapping[str, Any]) -> Call:
    return Call(_text(row, "person"), _text(row, "why"), _text(row, "state"), instant(row.get("at")))


def _decision(row: Mapping[str, Any]) -> Decision:
    return Decision(
        decision_id=_text(row, "decision"),
        action=_text(row, "action"),
        verdict=_text(row, "verdict"),
        by=_text(row, "by"),
        state=_text(row, "state"),
        reason=_text(row, "reason"),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    """Printable: whatever a home sent is shown as text and never obeyed by the terminal."""
    value = row.get(name)
    said = value if isinstance(value, str) else "" if value is None else str(value)
    return said if said.isprintable() else "".join(char if char.isprintable() else "?" for char in said)
