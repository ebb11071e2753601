"""Which intakes a dosage asks for on a date.

It knows dates and cycles. It knows no clock times, no zones and no doses: `expand` turns what it says into
doses. As-needed medicine never comes here: the fagsystem's mapping refuses it (PN limits, rule 8, are not in
force yet).
"""

from __future__ import annotations

from datetime import date

from scheduler.plan import Dosage, Intake, Prescription


def intakes_on(prescription: Prescription, day: date) -> tuple[Intake, ...]:
    """Everything the prescription asks for on `day`, dosage by dosage."""
    return tuple(
        intake for dosage in prescription.dosages if asks_on(dosage, day) for intake in dosage.intakes
    )


def asks_on(dosage: Dosage, day: date) -> bool:
    """First and last date belong to the dosage; its cycle starts on the first."""
    if day < dosage.first or (dosage.last is not None and day > dosage.last):
        return False
    return (day - dosage.first).days % dosage.every_days == 0
