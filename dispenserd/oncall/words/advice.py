"""What to do next about an incident, in plain words: what happened, what to look at first, what one may do
and what must not be done. By kind, and by kind and detail where that changes what to do.

It advises and allows nothing: who may give a dose is the home's word alone (rule 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dispenserd.oncall.words.advice_doses import DOSE_ADVICE
from dispenserd.oncall.words.advice_elsewhere import ELSEWHERE_ADVICE
from dispenserd.oncall.words.advice_homes import HOME_ADVICE
from dispenserd.oncall.words.advice_leave import LEAVE_ADVICE
from dispenserd.oncall.words.advice_parts import Advice, advice
from dispenserd.oncall.words.advice_regime import REGIME_ADVICE
from dispenserd.oncall.words.language import Language, Said

ADVICE: Mapping[str, Advice] = {
    **DOSE_ADVICE,
    **HOME_ADVICE,
    **REGIME_ADVICE,
    **LEAVE_ADVICE,
    **ELSEWHERE_ADVICE,
}
"""`kind`, or `kind/detail`; `*/detail` holds for every kind."""

UNKNOWN = advice(
    ("Vagten kender ikke denne slags hændelse.", "This service does not know this kind of incident."),
    ("Ring til hjemmet, og spørg hvordan det går.", "Call the home and ask how things are."),
    ("Ring til administratoren: hjemmet er nyere end vagten.", "Call the administrator: the home is newer."),
    ("Giv intet i hånden, før du ved, hvad der er sket.", "Give nothing by hand before you know."),
)


class Advised(NamedTuple):
    """Four sentences in one language."""

    happened: str
    check: str
    options: str
    never: str


class Headings(NamedTuple):
    happened: Said
    check: Said
    options: Said
    never: Said


HEADINGS = Headings(
    Said("Hvad er sket", "What happened"),
    Said("Se først efter", "Check first"),
    Said("Du kan", "You can"),
    Said("PAS PÅ", "CAUTION"),
)


def advised(kind: str, detail: str, language: Language) -> Advised:
    """For a kind without words: ask, and give nothing."""
    keys = (f"*/{detail}", f"{kind}/{detail}", kind)
    found = next((ADVICE[key] for key in keys if key in ADVICE), UNKNOWN)
    return Advised(*(part.in_(language) for part in found))
