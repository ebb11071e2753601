"""How an incident and a home look to the staff: what `oncall list` shows, computed from committed rows.

Pure but for the rows it is given. A take owns an incident at once, here; the right to give the dose by hand
is confirmed by the home alone (rule 5), and the two are never shown as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Row

from protocol.mqtt.instants import from_text, to_text

if TYPE_CHECKING:
    from dispenserd.shapes.oncall import DecisionView, HomeRow, IncidentRow, StepView

AnyRow = Row[Any]
BEFORE_DELIVERY = frozenset({"raised", "published"})
"""The home's words until it has our receipt; whoever reads them here knows better."""
TEST_ALARM = "test_alarm"
"""A home's proof that an alarm gets through: receipted as any other, and nobody has to do anything. One that
is high did not get through in time, and is an alarm as any other."""


@dataclass(frozen=True, slots=True)
class Ownership:
    owner: str  # "" = nobody
    token: Literal["none", "asked", "confirmed"]


def ownership(incident: AnyRow, takes: Sequence[AnyRow], now: datetime) -> Ownership:
    """The home's word, else the newest take of ours that still counts. `takes`: oldest first."""
    if incident.owner:
        return Ownership(incident.owner, "confirmed" if incident.holds_token else "none")
    for take in reversed(takes):
        if _counts(take, incident, now):
            return Ownership(take.by, "asked")
    return Ownership("", "none")


def waits(decision: AnyRow, now: datetime) -> bool:
    """Sent or to be sent, and not answered."""
    return bool(decision.state == "queued" and from_text(decision.expires) > now)


def incident_view(
    incident: AnyRow,
    history: Sequence[AnyRow],
    decided: Sequence[AnyRow],
    now: datetime,
    told: Sequence[AnyRow] = (),
    outcome_by: datetime | None = None,
) -> IncidentRow:
    """One entry of `incidents`; `decided` are its decisions and `told` its steps, both oldest first.
    `outcome_by`: see `outcome`; null where nobody owns it."""
    owns = ownership(incident, [each for each in decided if each.action == "take"], now)
    raised, deadline = from_text(incident.raised), from_text(incident.deadline)
    unowned = not owns.owner and incident.state not in ("acknowledged", "handled", "closed")
    delivered = incident.receipted and incident.state in BEFORE_DELIVERY
    return {
        "incident": incident.incident,
        "home": incident.home,
        "dose": incident.dose,
        "kind": incident.kind,
        "detail": incident.detail,
        "priority": incident.priority,
        "state": "delivered" if delivered else incident.state,
        "revision": incident.revision,
        "raised": incident.raised,
        "deadline": incident.deadline,
        "age_s": max(0, int((now - raised).total_seconds())),
        "overdue": unowned and now > deadline,
        "owner": owns.owner,
        "token": owns.token,
        "undelivered": bool(incident.undelivered and not incident.receipted),
        "resolution": incident.resolution,
        "history": [
            {
                "revision": each.revision,
                "kind": each.kind,
                "detail": each.detail,
                "priority": each.priority,
                "state": each.state,
                "at": each.at,
            }
            for each in history
        ],
        "decision": decision_view(decided[-1], now) if decided else None,
        "origin": incident.origin,
        "since": incident.since,
        "urgency": _urgency(incident, told, unowned),
        "told": [_step_view(each) for each in told],
        "outcome_by": to_text(outcome_by) if outcome_by else None,
    }


def _urgency(incident: AnyRow, told: Sequence[AnyRow], unowned: bool) -> str:
    """Its priority, and what was added because nobody took it in time."""
    here = [each.priority for each in told if each.alarm == incident.deadline]
    return str(here[-1] if here and unowned else incident.priority)


def _step_view(step: AnyRow) -> StepView:
    """Who was told, when that was due, and what came of it."""
    return {
        "step": step.step,
        "why": step.why,
        "priority": step.priority,
        "person": step.person,
        "manager": step.is_manager,
        "due": step.due,
        "at": step.at,
        "state": step.state,
        "attempts": step.attempts,
        "result": step.result,
    }


def decision_view(decision: AnyRow, now: datetime) -> DecisionView:
    """The newest decision about an incident, with the revision that the person saw."""
    expired = decision.state == "queued" and not waits(decision, now)
    return {
        "decision": decision.decision_id,
        "action": decision.action,
        "verdict": decision.verdict,
        "by": decision.by,
        "revision": decision.revision,
        "issued": decision.issued,
        "state": "expired" if expired else decision.state,
        "reason": "no_answer" if expired or decision.state == "expired" else decision.reason,
    }


def home_view(home: AnyRow, now: datetime, silent: timedelta) -> HomeRow:
    """One entry of `homes`."""
    state, since = heard_from(home, now, silent)
    return {
        "home": home.home,
        "state": state,
        "since": since,
        "robot": home.robot,  # this and what follows: as of its newest heartbeat
        "clock": home.clock,
        "next_window": home.next_window,
        "window_open": home.window_open,
        "heard": home.heard,
        "last_test": home.last_test,
        "listed": home.listed,
    }


def heard_from(home: AnyRow, now: datetime, silent: timedelta) -> tuple[str, str]:
    """Alive since, or unknown since its last sign of life; never "fine" because nothing was heard."""
    heard = from_text(home.heard) if home.heard else None
    if home.offline_since is not None:
        return "unknown", home.offline_since
    if heard is None:
        return "unknown", home.first_seen
    if now - heard > silent:
        return "unknown", to_text(heard)
    return "alive", home.alive_since


def _counts(take: AnyRow, incident: AnyRow, now: datetime) -> bool:
    """Unanswered: until it expires. Accepted: until the home's own revision after it says who owns it."""
    if take.state == "accepted":
        return bool((incident.epoch, incident.revision) <= (take.epoch, take.revision))
    return waits(take, now)
