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
from dispenserd.cli.watch.incident import instant
from dispenserd.cli.watch.telling import Voice
from dispenserd.cli.words import short_dose
from dispenserd.oncall.words.details import DETAILS
from dispenserd.oncall.words.kinds import KINDS
from dispenserd.oncall.words.language import Language, Said, words
from dispenserd.oncall.words.resolutions import RESOLUTIONS
from dispenserd.oncall.words.states import NOTICES, PRIORITIES, STATES, TOKENS

if TYPE_CHECKING:
    from rich.table import Table

ID_CHARS = 8
"""Enough to name one incident of a home for `oncall take`."""

WIDE_COLUMNS = 110
"""From here on there is room for what one can do without."""

COLUMNS = (
    Said("Hast, id", "Priority, id"),
    Said("Hændelse, dosis", "Incident, dose"),
    Said("Frist, tilstand", "Due, state"),
    Said("Ejer, ret til at give", "Owner, to give"),
    Said("Alder", "Age"),
    Said("Løsning", "Resolution"),
)
WHOLE = 2
"""So many columns from the left never fold."""
NONE_OPEN = Said("Ingen åbne hændelser.", "No open incidents.")
WHY = Said("Hvorfor", "Why")
NOBODY = Said("ingen", "nobody")
ONCALL = Said("vagten", "on-call")
"""Whose an incident is that is about no home."""
IN_TIME = Said("om {}", "in {}")
OVERDUE = Said("for sent {}", "overdue {}")
AGE_UNITS = Said("t dage", "h days")
"""How hours and days are written, for `age`."""
UNDELIVERED = Said("ikke leveret", "undelivered")
WHY_CHARS = 22
"""Why stands below the dose, and no wider: a column that never folds must stay narrow."""

SETTLED_STATES = ("handled", "closed")
SETTLING_VERDICTS = ("given", "had_it", "witnessed")


def incident_table(
    incidents: Iterable[Mapping[str, Any]],
    zone: tzinfo,
    now: object,
    several_homes: bool = False,
    language: Language = "en",
) -> Table | str:
    """`now`: the instant the rows were read, or None where the home did not send it."""
    wide = console().width >= WIDE_COLUMNS
    lines = [_line(incident, zone, now, several_homes, wide, language) for incident in incidents]
    columns = [column.in_(language) for column in COLUMNS]
    return filled(columns, lines, columns[:WHOLE]) if lines else NONE_OPEN.in_(language)


def right_to_give(incident: Mapping[str, Any], language: Language = "en") -> str:
    """In words, while the dose may still be given by hand; nothing once that is settled."""
    decision = incident.get("decision") or {}
    settled = decision.get("state") == "accepted" and decision.get("verdict") in SETTLING_VERDICTS
    if not incident.get("dose") or incident.get("state") in SETTLED_STATES or settled:
        return ""
    token = text(incident.get("token"))
    return words(TOKENS, token, language) if token else ""


def _line(
    incident: Mapping[str, Any], zone: tzinfo, now: object, homes: bool, wide: bool, language: Language
) -> Line:
    priority, detail = text(incident.get("priority")), words(DETAILS, text(incident.get("detail")), language)
    if incident.get("origin") == "oncall" and incident.get("since") and detail:
        detail = f"{detail} {Voice(language, zone, '').dated(instant(incident.get('since')))}"
    why = wrap(f"{WHY.in_(language)}: {detail}", WHY_CHARS) if detail else []
    whose = (text(incident.get("home")) or ONCALL.in_(language)) if homes else ""
    owner = incident.get("owner") or NOBODY.in_(language)
    kind = words(KINDS, text(incident.get("kind")), language)
    cells = (
        (_urgent(incident, language), text(incident.get("incident"))[:ID_CHARS], whose),
        (kind, short_dose(incident.get("dose")), *why),
        (_deadline(incident, zone, now, language), _state(incident, language)),
        (owner, right_to_give(incident, language), _told(incident, language)),
        age(incident.get("age_s"), AGE_UNITS.in_(language)) if wide else "",
        words(RESOLUTIONS, text(incident.get("resolution")), language),
    )
    return cells, PRIORITY_STYLES.get(text(incident.get("urgency")) or priority, "")


def _urgent(incident: Mapping[str, Any], language: Language) -> str:
    """`low`, or `medium (low)` where it was raised because nobody took it in time."""
    priority, urgency = (
        words(PRIORITIES, text(incident.get(key)), language).lower() for key in ("priority", "urgency")
    )
    return f"{urgency} ({priority})" if urgency and urgency != priority else priority


def _told(incident: Mapping[str, Any], language: Language) -> str:
    """Who was told last, while nobody has taken it."""
    told = incident.get("told") or []
    if not told or incident.get("owner"):
        return ""
    last = told[-1]
    return f"{words(NOTICES, text(last.get('state')), language)} {text(last.get('person'))}".strip()


def _deadline(incident: Mapping[str, Any], zone: tzinfo, now: object, language: Language) -> str:
    """`02:41 (in 9 min)`, `overdue 3 min`: until somebody takes it, then until its owner brings it to an end.
    Nothing of one that somebody took in time where nobody says when its end is due, as at home."""
    outcome_by = incident.get("outcome_by") if incident.get("owner") else None
    deadline = outcome_by or incident.get("deadline")
    left_s = seconds_until(deadline, now)
    if left_s is None:
        late = OVERDUE.in_(language).format("").strip().upper()
        return local(deadline, zone) + (f" {late}" if incident.get("overdue") else "")
    if left_s >= 0:
        left = IN_TIME.in_(language).format(age(left_s, AGE_UNITS.in_(language)))
        return f"{clock_time(deadline, zone)} ({left})"
    late = OVERDUE.in_(language).format(age(-left_s, AGE_UNITS.in_(language)))
    return late if outcome_by or incident.get("overdue", not incident.get("owner")) else ""


def _state(incident: Mapping[str, Any], language: Language) -> str:
    state = words(STATES, text(incident.get("state")), language)
    return f"{state}, {UNDELIVERED.in_(language)}" if incident.get("undelivered") else state
