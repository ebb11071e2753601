"""How an on-call command ends that was not carried out: English for scripts, the staff's language for people.

Knows the rows of the list, no database. A refusal changes nothing, here or at a home.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dispenserd.cli.ask import refused
from dispenserd.cli.dose_names import CANDIDATES_SHOWN_MAX, the_one
from dispenserd.cli.failure import Exit, Failure, usage
from dispenserd.cli.output import text
from dispenserd.cli.words import short_dose
from dispenserd.oncall.words import commands as say
from dispenserd.oncall.words.kinds import KINDS
from dispenserd.oncall.words.language import Language, Said, words

if TYPE_CHECKING:
    from dispenserd.oncall.database import DatabaseFault
    from dispenserd.oncall.desk import DeskRefused
    from dispenserd.shapes.oncall import IncidentRow

LIST = "oncall list"


def refused_here(
    refusal: DeskRefused, target: str, rows: Sequence[IncidentRow], language: Language
) -> Failure:
    """On-call itself said no. `target`: what the person named."""
    if refusal.code == "unknown_incident":
        failure = usage(say.NO_SUCH.en.format(text(target)), say.NAME_IT.en)
        return in_language(
            language, failure, say.NO_SUCH.da.format(text(target)), say.NOTHING_ASKED, say.NAME_IT
        )
    if refusal.code == "ambiguous":
        shown = _candidates(target, rows, "en")
        failure = usage(say.SEVERAL.en.format(text(target), shown), say.NAME_MORE.en)
        danish = say.SEVERAL.da.format(text(target), _candidates(target, rows, "da"))
        return in_language(language, failure, danish, say.NOTHING_ASKED, say.NAME_MORE)
    failure = refused(refusal.code, language, LIST)
    if refusal.who:
        failure.what = f"{failure.what} {say.IT_IS_WITH.en.format(refusal.who)}"
        if failure.danish is not None:
            failure.in_danish(
                f"{failure.danish.what} {say.IT_IS_WITH.da.format(refusal.who)}", *failure.danish[1:]
            )
    return failure


def refused_there(code: str, language: Language) -> Failure:
    """The home said no."""
    return refused(code, language, LIST)


def the_only(target: str, doses: list[str], language: Language) -> str:
    """The dose that is meant, of those that `target` may mean; a usage error for several."""
    try:
        return the_one(target, doses)
    except Failure as failure:
        danish = say.SEVERAL_DOSES.da.format(text(target), len(doses), _listed(doses, "da"))
        raise in_language(language, failure, danish, say.NOTHING_ASKED, say.NAME_DOSE) from None


def no_database(fault: DatabaseFault, language: Language) -> Failure:
    failure = Failure(
        Exit.STORE,
        "store",
        say.NO_DATABASE.en.format(fault),
        say.NOTHING_RECORDED.en,
        say.CHECK_DATABASE.en,
    )
    danish = say.NO_DATABASE.da.format(fault)
    return in_language(language, failure, danish, say.NOTHING_RECORDED, say.CHECK_DATABASE)


def in_language(language: Language, failure: Failure, danish: str, meaning: Said, next_step: Said) -> Failure:
    """The same failure, with Danish sentences where that is the staff's language."""
    return failure.in_danish(danish, meaning.da, next_step.da) if language == "da" else failure


def _candidates(target: str, rows: Sequence[IncidentRow], language: Language) -> str:
    named = [
        f"{row['home']}/{row['incident']} "
        + f"({words(KINDS, row['kind'], language)} {short_dose(row['dose'])})".replace(" )", ")")
        for row in rows
        if row["state"] != "closed" and (row["incident"].startswith(target) or row["dose"] == target)
    ]
    return _listed(named, language)


def _listed(named: Sequence[str], language: Language) -> str:
    shown, rest = ", ".join(named[:CANDIDATES_SHOWN_MAX]), len(named) - CANDIDATES_SHOWN_MAX
    return shown + (say.AND_MORE.in_(language).format(rest) if rest > 0 else "")
