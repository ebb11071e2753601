"""The table of incidents, for the home's `status` and for `oncall list`: readable at 80 columns.

It knows codes and columns, no rules; what an older sender leaves out stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from dispenserd.cli.output import (
    PRIORITY_STYLES,
    Line,
    age,
    clock_time,
    console,
    filled,
    local,
    seconds_until,
    text,
)
from dispenserd.cli.words import plain, short_dose

if TYPE_CHECKING:
    from rich.table import Table

ID_CHARS = 8
"""Enough to name one incident of a home for `oncall take`."""

WIDE_COLUMNS = 110
"""From here on there is room for what one can do without."""

COLUMNS = (
    "Priority, id",
    "Incident, dose",
    "Take by, state",
    "Owner, to give",
    "Age",
    "Resolution",
)
WHOLE = ("Priority, id", "Incident, dose")
WHY_CHARS = 22
"""Why stands below the dose, and no wider: a column that never folds must stay narrow."""

TOKENS: Mapping[str, str] = {
    "none": "with the robot",
    "asked": "asked, NOT confirmed",
    "confirmed": "confirmed: may give",
}
"""Who may give the dose by hand (rule 5)."""

SETTLED_STATES = ("handled", "closed")
SETTLING_VERDICTS = ("given", "had_it")


def incident_table(
    incidents: Iterable[Mapping[str, Any]], zone: tzinfo, now: object, several_homes: bool = False
) -> Table | str:
    """`now`: the instant the rows were read, or None where the home did not send it."""
    wide = console().width >= WIDE_COLUMNS
    lines = [_line(incident, zone, now, several_homes, wide) for incident in incidents]
    return filled(COLUMNS, lines, WHOLE) if lines else "No open incidents."


def right_to_give(incident: Mapping[str, Any]) -> str:
    """In words, while the dose may still be given by hand; nothing once that is settled."""
    decision = incident.get("decision") or {}
    settled = decision.get("state") == "accepted" and decision.get("verdict") in SETTLING_VERDICTS
    if not incident.get("dose") or incident.get("state") in SETTLED_STATES or settled:
        return ""
    token = text(incident.get("token"))
    return TOKENS.get(token, token)


def _line(incident: Mapping[str, Any], zone: tzinfo, now: object, homes: bool, wide: bool) -> Line:
    priority, detail = text(incident.get("priority")), plain(text(incident.get("detail")))
    if incident.get("origin") == "oncall" and incident.get("since"):
        detail = f"{detail} {local(incident.get('since'), zone)}" if detail else ""
    why = wrap(f"Why: {detail}", WHY_CHARS) if detail else []
    cells = (
        (_urgent(incident), text(incident.get("incident"))[:ID_CHARS], _whose(incident) if homes else ""),
        (plain(text(incident.get("kind"))), short_dose(incident.get("dose")), *why),
        (_deadline(incident, zone, now), _state(incident)),
        (incident.get("owner") or "nobody", right_to_give(incident), _told(incident)),
        age(incident.get("age_s")) if wide else "",
        plain(text(incident.get("resolution"))),
    )
    return cells, PRIORITY_STYLES.get(text(incident.get("urgency")) or priority, "")


def _urgent(incident: Mapping[str, Any]) -> str:
    """`low`, or `medium (low)` where it was raised because nobody took it in time."""
    priority, urgency = text(incident.get("priority")), text(incident.get("urgency"))
    return f"{urgency} ({priority})" if urgency and urgency != priority else priority


def _whose(incident: Mapping[str, Any]) -> str:
    return text(incident.get("home")) or "on-call"


def _told(incident: Mapping[str, Any]) -> str:
    """Who was told last, while nobody has taken it."""
    told = incident.get("told") or []
    if not told or incident.get("owner"):
        return ""
    last = told[-1]
    words = {"queued": "telling", "told": "told", "failed": "NOT REACHED", "nobody": "nobody on call"}
    return f"{words.get(text(last.get('state')), '')} {text(last.get('person'))}".strip()


def _deadline(incident: Mapping[str, Any], zone: tzinfo, now: object) -> str:
    """`02:41 (in 9 min)`, `overdue 3 min`; nothing when somebody took it in time."""
    deadline = incident.get("deadline")
    left_s = seconds_until(deadline, now)
    if left_s is None:
        return local(deadline, zone) + (" OVERDUE" if incident.get("overdue") else "")
    if left_s >= 0:
        return f"{clock_time(deadline, zone)} (in {age(left_s)})"
    return f"overdue {age(-left_s)}" if incident.get("overdue", not incident.get("owner")) else ""


def _state(incident: Mapping[str, Any]) -> str:
    state = plain(text(incident.get("state")))
    return f"{state}, undelivered" if incident.get("undelivered") else state
