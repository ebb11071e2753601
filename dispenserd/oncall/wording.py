"""What a notice says, in the person's language: which home, how urgent, what kind, until when.

Nothing about a person or a medicine (S6): no dose, no resident, no drug. A kind that has no words here is
shown as its code. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from dispenserd.oncall.disk import Refusal
from dispenserd.oncall.steps import Notice
from dispenserd.oncall.words.details import DETAILS
from dispenserd.oncall.words.kinds import KINDS
from dispenserd.oncall.words.language import Language, Said, words
from dispenserd.oncall.words.states import PRIORITIES

_WHYS: Mapping[str, Said] = {
    "raised": Said("ny", "new"),
    "overdue": Said("ingen har taget den", "nobody has taken it"),
    "unreached": Said("en kollega kunne ikke nås", "a colleague could not be reached"),
    "no_outcome": Said("taget, men ikke afsluttet", "taken, and not brought to an end"),
}
_ONCALL = Said("vagten", "on-call")
_UNKNOWN_SINCE = Said("ukendt siden", "unknown since")
_TAKE_BY = Said("Tag den senest", "Take it by")
_NOTICE = Said("Besked", "Notice")
_STORE = Said(
    "Vagten kan ikke skrive i sin database: {}. Nye alarmer fra hjemmene bliver ikke modtaget eller fordelt; "
    "de vises kun på robotterne. Ingen kan tage eller lukke noget. Kendte alarmer ringes stadig ud. "
    "Skaf adgang til vagtens maskine nu, og ring til hjem med en åben dosis.",
    "On-call can't write to its database: {}. New alarms from the homes are neither received nor passed on; "
    "they show at the robots alone. Nobody can take or close anything. Alarms known before are still told. "
    "Have somebody see to on-call's machine now, and call the homes with an open dose.",
)


def wording(notice: Notice, language: Language, zone: tzinfo) -> tuple[str, str]:
    """Title and body."""
    where = notice.home or _ONCALL.in_(language)
    title = f"{words(PRIORITIES, notice.priority, language).upper()}: {where}"
    since = ""
    if notice.since is not None and notice.kind in ("home_silent", "broker_lost"):
        since = f", {_UNKNOWN_SINCE.in_(language)} {notice.since.astimezone(zone):%d.%m. %H:%M}"
    kind, why = words(KINDS, notice.kind, language), words(_WHYS, notice.why, language)
    until = f"{_TAKE_BY.in_(language)} {notice.deadline.astimezone(zone):%H:%M}"
    body = f"{where}: {kind}{since} ({why}). {until}. {_NOTICE.in_(language)} {notice.name}."
    return title, body


def store_wording(reason: Refusal, language: Language) -> tuple[str, str]:
    """Of the one notice that stands in no record: nothing can be recorded."""
    title = f"{words(PRIORITIES, 'high', language).upper()}: {_ONCALL.in_(language)}"
    return title, _STORE.in_(language).format(words(DETAILS, reason, language))


def test_wording(language: Language) -> tuple[str, str]:
    """Of `oncall roster --test`: nobody should do anything about it."""
    if language == "da":
        return "Prøvebesked", "Prøve fra vagten: du skal ikke gøre noget."
    return "Test notice", "A test by on-call: there is nothing for you to do."
