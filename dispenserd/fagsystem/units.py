"""Dosing units: the words that senders use for them, and what a sachet can hold.

A unit goes by its singular, whatever number the sender wrote: "tablet" for "tabletter". A unit that is not
here keeps the sender's word; a home dispenses only what `SACHET_UNITS` has.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dispenserd.fagsystem.reasons import Reason, Refused

UNIT_CHARS_MAX = 40
"""FMK's longest unit text has fewer."""


@dataclass(frozen=True, slots=True)
class Unit:
    """In Danish or in the sender's words."""

    singular: str
    plural: str


_DANISH = (
    "tablet tabletter, kapsel kapsler, dråbe dråber, pust pust, plaster plastre, suppositorie suppositorier, "
    "stikpille stikpiller, brev breve, ampul ampuller, dosis doser, sprøjte sprøjter, sugetablet "
    "sugetabletter, "
    "tyggetablet tyggetabletter, brusetablet brusetabletter, depottablet depottabletter, enterotablet "
    "enterotabletter, smeltetablet smeltetabletter, depotkapsel depotkapsler, enterokapsel enterokapsler, "
    "vagitorie vagitorier, hætteglas hætteglas, måleskefuld måleskefulde, inhalation inhalationer, "
    "applikation applikationer, skylning skylninger, pensling penslinger, stk stk, ml ml, mg mg, g g, "
    "mikrogram mikrogram, IE IE, enhed enheder, pen penne, klat klatter, ring ringe"
)
UNITS = {
    word: unit
    for unit in (Unit(*pair.split()) for pair in _DANISH.split(","))
    for word in (unit.singular, unit.plural)
} | {
    "tablets": Unit("tablet", "tabletter"),
    "capsule": Unit("capsule", "kapsler"),
    "capsules": Unit("capsule", "kapsler"),
    "drop": Unit("drop", "dråber"),
    "drops": Unit("drop", "dråber"),
}

SACHET_UNITS = {
    "tablet": "tablet",
    "tablets": "tablet",
    "tabletter": "tablet",
    "capsule": "capsule",
    "capsules": "capsule",
    "kapsel": "capsule",
    "kapsler": "capsule",
}
"""What a sachet can hold, by the words we accept for it."""

SACHET_QUANTITY_MAX = Decimal(100)
"""No sachet holds more; a wrong decimal point may."""
SACHET_DECIMALS_MAX = 3


def unit_of(word: str | None, path: str) -> Unit:
    """The unit that a sender's one word means; refused where there is none, or it is no word."""
    if word is None or not word.strip() or len(word) > UNIT_CHARS_MAX or not word.isprintable():
        raise Refused(Reason.UNIT_UNKNOWN, path)
    word = word.strip()
    return UNITS.get(word) or UNITS.get(word.lower()) or Unit(word, word)


UCUM = "http://unitsofmeasure.org"
DRUG_FORMS = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"
CODED = {
    (UCUM, "mg"): "mg",
    (UCUM, "g"): "g",
    (UCUM, "ug"): "mikrogram",
    (UCUM, "mL"): "ml",
    (UCUM, "ml"): "ml",
    (UCUM, "[iU]"): "IE",
    (UCUM, "[IU]"): "IE",
    (UCUM, "[drp]"): "dråbe",
    (DRUG_FORMS, "TAB"): "tablet",
    (DRUG_FORMS, "CAP"): "kapsel",
    (DRUG_FORMS, "DROP"): "dråbe",
    (DRUG_FORMS, "SUPP"): "suppositorie",
}
"""What a code counts, in our words."""


def unit_of_coded(word: str | None, system: str | None, code: str | None, path: str) -> Unit:
    """The unit that a sender says in a word, in a code, or in both. Both must say the same: 1 tablet is not
    1 mg, and nobody knows which of the two was meant."""
    counted = CODED.get((system or "", code or ""))
    if system == UCUM and code is not None and counted is None and code != "1":
        note = code[1:-1] if code.startswith("{") and code.endswith("}") else None
        counted = note if note in UNITS else None
        if note is None and word != code:
            raise Refused(Reason.UNIT_MISMATCH, f"{path}.code")
    if counted is None:
        return unit_of(word, f"{path}.unit")
    coded = UNITS[counted]
    if word is None or word == code:
        return coded
    unit = unit_of(word, f"{path}.unit")
    if unit.plural != coded.plural:
        raise Refused(Reason.UNIT_MISMATCH, f"{path}.code")
    return unit


def unit_of_two(singular: str, plural: str, path: str) -> Unit:
    """The unit as a sender writes it in both numbers."""
    one, many = unit_of(singular, path), unit_of(plural, path)
    if one.singular != many.singular and {one, many} <= set(UNITS.values()):
        raise Refused(Reason.UNIT_MISMATCH, path)  # "tablet" and "kapsler"
    return Unit(one.singular, plural.strip())


def sound_quantity(value: Decimal | int) -> bool:
    """Something that a sachet can hold."""
    return 0 < value <= SACHET_QUANTITY_MAX and decimals(value) <= SACHET_DECIMALS_MAX


def decimals(value: Decimal | int) -> int:
    """Written decimals: three for `0.125`, none for `2` or `1E+2`."""
    exponent = Decimal(value).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else SACHET_DECIMALS_MAX + 1


def known_unit(word: str | None, path: str) -> str:
    """A unit of sachets; refused otherwise."""
    unit = SACHET_UNITS.get(word or "")
    if unit is None:
        raise Refused(Reason.UNIT_UNKNOWN, path)
    return unit
