"""Which dose a person means by a shortened dose id.

A dose id is `<resident key>/<date>/<slot>/<part>`. A short form must name one dose alone: an ambiguous one
is never resolved by nearness or recency, because the answer decides about medicine.
"""

from __future__ import annotations

from collections.abc import Iterable

from dispenserd.cli.failure import usage

CANDIDATES_SHOWN_MAX = 8
"""More are not read in an error; the table of all is one command away."""

NEXT_STEP = "Write the date and the slot, as in 2026-11-02/evening; see `dispenserd doses`."

PREFIX_CHARS_MIN = 4
"""A shorter start of an id is a slip of the keyboard rather than a name."""


def dose_named(short: str, doses: Iterable[str]) -> str:
    """The one dose id that `short` names: whole, a start of it, or its end from the date on."""
    return the_one(short, matching(short, doses))


def matching(short: str, doses: Iterable[str]) -> list[str]:
    """All that `short` may mean; an id that is whole means itself alone."""
    known = sorted(set(doses))
    if short in known:
        return [short]
    return [dose for dose in known if _ends_as(dose, short) or _starts_as(dose, short)]


def the_one(short: str, found: list[str]) -> str:
    """Usage error, with the candidates, unless it is one alone."""
    match found:
        case [only]:
            return only
        case []:
            raise usage(f'No dose is named by "{short}".', NEXT_STEP)
        case _:
            shown = ", ".join(found[:CANDIDATES_SHOWN_MAX])
            rest = len(found) - CANDIDATES_SHOWN_MAX
            more = f" and {rest} more" if rest > 0 else ""
            raise usage(f'"{short}" names {len(found)} doses: {shown}{more}.', NEXT_STEP)


def _ends_as(dose: str, short: str) -> bool:
    """`2026-11-02/evening` and `2026-11-02/evening/1`: whole segments, the date among them."""
    wanted, segments = short.split("/"), dose.split("/")
    return len(wanted) >= 2 and segments[1 : 1 + len(wanted)] == wanted


def _starts_as(whole: str, short: str) -> bool:
    return len(short) >= PREFIX_CHARS_MIN and whole.startswith(short)
