"""Text views of the staff side: who must do what until when. They know codes and columns, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from dispenserd.cli.incident_view import ID_CHARS, incident_table
from dispenserd.cli.output import console, rows, text
from dispenserd.cli.watch.incident import instant
from dispenserd.cli.watch.telling import Voice
from dispenserd.cli.words import found, plain, short_dose
from dispenserd.oncall.words.language import Language, Said, words
from dispenserd.oncall.words.states import HOMES

if TYPE_CHECKING:
    from dispenserd.oncall.desk import Answered, Queued

HOME = Said("Hjem {}: {} siden {}", "Home {}: {} since {}")

UNANSWERED: Mapping[str, str] = {
    "waiting": "The home has not answered yet: it does not count until it has.",
    "expired": "The home did not answer before the command expired: it does not count.",
}


def listed(result: Mapping[str, Any], zone: tzinfo, now: datetime, language: Language) -> None:
    out = console()
    homes, voice = list(rows(result, "homes")), Voice(language, zone, "")
    out.print(incident_table(rows(result, "incidents"), zone, now, len(homes) > 1, language))
    for home in homes:
        since = voice.moment(instant(home.get("since")), now)
        state = words(HOMES, "alive" if home.get("state") == "alive" else "unknown", language)
        out.print(HOME.in_(language).format(text(home.get("home")), state, since))


def taken(queued: Queued, answered: Answered, may_give: bool) -> None:
    """`may_give`: the list says so, which is the home's word; the answer to a take alone is none."""
    out = console()
    out.print(f"Asked to own {_about(queued)}.")
    out.print(UNANSWERED.get(answered.state, f"The home has confirmed it: {text(queued.by)} owns it."))
    if queued.dose and may_give:
        out.print(f"{text(queued.by)} may give {text(short_dose(queued.dose))} by hand now.")
    elif queued.dose:
        out.print("Give nothing by hand before `dispenserd oncall list` says: confirmed: may give.")


def decided(queued: Queued, answered: Answered, verdict: str) -> None:
    out = console()
    if answered.state == "accepted":
        out.print(text(found(queued.dose, verdict, queued.by)))
        return
    out.print(f"Sent: {plain(verdict)}, {text(short_dose(queued.dose))}, as of revision {queued.revision}.")
    out.print(UNANSWERED.get(answered.state, plain(answered.state)))


def closed(queued: Queued, answered: Answered, resolution: str) -> None:
    out = console()
    if answered.state == "accepted":
        out.print(f"Closed: {_about(queued)}, {plain(resolution)}.")
        return
    out.print(f"Sent: close, {_about(queued)}, as of revision {queued.revision}.")
    out.print(UNANSWERED.get(answered.state, plain(answered.state)))


def _about(queued: Queued) -> str:
    return f"incident {queued.incident[:ID_CHARS]} of home {text(queued.home)}"
