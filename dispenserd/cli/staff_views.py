"""Text views of the staff side: who must do what until when. They know codes and columns, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from dispenserd.cli.output import PRIORITY_STYLES, add, age, console, local, rows, table, text
from dispenserd.cli.views import short_dose
from dispenserd.cli.words import plain

if TYPE_CHECKING:
    from dispenserd.oncall.desk import Answered, Queued

TOKENS: Mapping[str, str] = {
    "none": "with the robot",
    "asked": "asked, NOT confirmed",
    "confirmed": "confirmed: may give",
}
"""Who may give the dose by hand (rule 5)."""

STATES: Mapping[str, str] = {
    "accepted": "The home has confirmed it.",
    "waiting": "The home has not answered yet: it does not count until it has.",
    "expired": "The home did not answer before the command expired: it does not count.",
}


def listed(result: Mapping[str, Any], zone: tzinfo) -> None:
    out = console()
    shown = table(
        "Priority", "Incident", "Home", "Dose", "Age", "Acknowledge by", "State", "Owner", "To give", "Id"
    )
    for incident in rows(result, "incidents"):
        priority = text(incident.get("priority"))
        cells = [
            priority,
            plain(text(incident.get("kind"))),
            incident.get("home"),
            short_dose(incident.get("dose")),
            age(incident.get("age_s")),
            local(incident.get("deadline"), zone) + (" OVERDUE" if incident.get("overdue") else ""),
            _state(incident),
            incident.get("owner") or "nobody",
            _token(incident),
            text(incident.get("incident"))[:8],
        ]
        add(shown, cells, PRIORITY_STYLES.get(priority, ""))
    out.print(shown if shown.row_count else "No open incidents.")
    for home in rows(result, "homes"):
        since = local(home.get("since"), zone)
        alive = home.get("state") == "alive"
        out.print(f"Home {text(home.get('home'))}: {'alive' if alive else 'UNKNOWN'} since {since}")


def sent(queued: Queued, answered: Answered) -> None:
    out = console()
    about = f"incident {queued.incident[:8]} of home {text(queued.home)}"
    if queued.action == "take":
        out.print(f"{text(queued.by)} owns {about}.")
    else:
        out.print(f"Sent: {plain(queued.action)}, {about}, as of revision {queued.revision}.")
    out.print(STATES.get(answered.state, plain(answered.state)))
    if queued.action == "take" and queued.dose:
        out.print("Give nothing by hand before `dispenserd oncall list` says: confirmed: may give.")


def _state(incident: Mapping[str, Any]) -> str:
    state = plain(text(incident.get("state")))
    notes = [plain(text(incident["resolution"]))] if incident.get("resolution") else []
    if incident.get("undelivered"):
        notes.append("was undelivered")
    return ", ".join([state, *notes])


def _token(incident: Mapping[str, Any]) -> str:
    if not incident.get("dose"):
        return ""
    token = text(incident.get("token"))
    return TOKENS.get(token, token)
