"""Text views of the staff side: who must do what until when. They know codes and columns, no rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from dispenserd.cli.incident_view import ID_CHARS, incident_table
from dispenserd.cli.output import console, rows, text
from dispenserd.cli.watch.board import in_order
from dispenserd.cli.watch.incident import instant, read_incidents
from dispenserd.cli.watch.telling import Voice
from dispenserd.cli.words import found, said_of, short_dose
from dispenserd.oncall.words import commands as say
from dispenserd.oncall.words.details import DETAILS
from dispenserd.oncall.words.language import Language, words
from dispenserd.oncall.words.resolutions import RESOLUTIONS
from dispenserd.oncall.words.states import HOMES, VERDICTS

if TYPE_CHECKING:
    from dispenserd.oncall.desk import Answered, Queued


def listed(result: Mapping[str, Any], zone: tzinfo, now: datetime, language: Language) -> None:
    out = console()
    homes, voice = list(rows(result, "homes")), Voice(language, zone, "")
    incidents = _in_order(rows(result, "incidents"))
    if why := text(result.get("refuses")):
        out.print(say.REFUSES.in_(language).format(words(DETAILS, why, language)))
    out.print(incident_table(incidents, zone, now, len(homes) > 1, language))
    for home in homes:
        since = voice.moment(instant(home.get("since")), now)
        state = words(HOMES, "alive" if home.get("state") == "alive" else "unknown", language)
        out.print(say.HOME.in_(language).format(text(home.get("home")), state, since))


def taken(queued: Queued, answered: Answered, may_give: bool, language: Language) -> None:
    """`may_give`: the list says so, which is the home's word; the answer to a take alone is none."""
    out, by, dose = console(), text(queued.by), text(short_dose(queued.dose))
    out.print(say.ASKED.in_(language).format(_about(queued, language)))
    out.print(_unanswered(answered, language) or say.OWNS.in_(language).format(by))
    if queued.dose:
        given = say.MAY_GIVE.in_(language).format(by, dose)
        out.print(given if may_give else say.GIVE_NOTHING.in_(language))


def decided(queued: Queued, answered: Answered, verdict: str, language: Language) -> None:
    out = console()
    if answered.state == "accepted":
        out.print(
            text(found(queued.dose, said_of(verdict, {"reason": answered.reason}), queued.by, language))
        )
        return
    said = words(VERDICTS, verdict, language)
    out.print(say.SENT.in_(language).format(said, text(short_dose(queued.dose)), queued.revision))
    out.print(_unanswered(answered, language))


def closed(queued: Queued, answered: Answered, resolution: str, language: Language) -> None:
    out, about = console(), _about(queued, language)
    if answered.state == "accepted":
        out.print(say.CLOSED.in_(language).format(about, words(RESOLUTIONS, resolution, language)))
        return
    out.print(say.SENT_CLOSE.in_(language).format(about, queued.revision))
    out.print(_unanswered(answered, language))


def _in_order(incidents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As in the live view; closed ones last."""
    keyed = {(row.get("home"), row.get("incident")): row for row in incidents}
    order = [keyed[each.home, each.incident] for each in in_order(read_incidents(keyed.values()))]
    return sorted(order, key=lambda row: row.get("state") == "closed")


def _unanswered(answered: Answered, language: Language) -> str:
    """Nothing once the home has answered."""
    return words(say.UNANSWERED, answered.state, language) if answered.state != "accepted" else ""


def _about(queued: Queued, language: Language) -> str:
    named = say.ABOUT if queued.home else say.ABOUT_OWN
    return named.in_(language).format(queued.incident[:ID_CHARS], text(queued.home))
