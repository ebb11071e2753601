"""Dosages on paper, in every format (invented): small builders that tests change one thing of."""

from __future__ import annotations

import json
from datetime import date, time
from typing import Any

from dispenserd.fagsystem.explanation import explained
from dispenserd.fagsystem.parts import Imported
from dispenserd.fagsystem.read_dosage import read_dosage
from dispenserd.shapes.dosage import Explanation
from scheduler.dosage import DayPart
from scheduler.expand import DayClock
from scheduler.window import LocalTime

Json = dict[str, Any]
LOCAL = LocalTime("Europe/Copenhagen")
CLOCK = DayClock(1, dict(zip(DayPart, (time(8), time(12), time(18), time(22)), strict=True)))
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
START = {"start": "2026-11-02"}
GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
SPACE_146 = "http://www.dkma.dk/medicinecard/xml.schema/2015/06/01"
SPACE_160 = "http://fmk-teknik.dk/160"


def raw(paper: object) -> bytes:
    return paper if isinstance(paper, bytes) else json.dumps(paper).encode()


def read(paper: object) -> Imported:
    return read_dosage(raw(paper), LOCAL)


def explain(paper: object, first: date = FIRST, last: date = LAST) -> Explanation:
    return explained(read(paper), first, last, CLOCK, LOCAL)


def times(paper: object, first: date = FIRST, last: date = LAST) -> list[str]:
    """`11-02T08:00`, of every dose."""
    return [dose["at"][5:16] for dose in explain(paper, first, last)["doses"]]


# --- FHIR ---------------------------------------------------------------------------------------------


def fhir(quantity: float = 1, unit: str = "tablet", start: bool = True, **repeat: object) -> Json:
    bounds: Json = {"boundsPeriod": START} if start else {}
    amount = [{"doseQuantity": {"value": quantity, "unit": unit}}]
    return {"timing": {"repeat": {**bounds, **repeat}}, "doseAndRate": amount}


def request(*dosages: object, **elements: object) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "x"},
        "subject": {"reference": "Patient/1"},
        "dosageInstruction": list(dosages),
        **elements,
    }


def code(name: str, **repeat: object) -> Json:
    return {"code": {"coding": [{"system": GTS, "code": name}]}, "repeat": {"boundsPeriod": START, **repeat}}


# --- FMK as JSON --------------------------------------------------------------------------------------


def fmk(*structures: Json, **unit: str) -> Json:
    named = unit or {"unitSingular": "tablet", "unitPlural": "tabletter"}
    return {"structures": {"unitOrUnits": named, "structures": list(structures)}}


def structure(*days: Json, every: int = 1, start: str = "2026-11-02", **elements: object) -> Json:
    return {"iterationInterval": every, "startDate": start, "supplText": "", "days": list(days), **elements}


def day(number: int, *doses: Json) -> Json:
    return {"dayNumber": number, "allDoses": list(doses)}


def dose(kind: str, quantity: float = 1, needed: bool = False, **elements: object) -> Json:
    return {"type": f"{kind}DoseWrapper", "doseQuantity": quantity, "isAccordingToNeed": needed, **elements}


def at(hour: int, minute: int = 0, quantity: float = 1) -> Json:
    return dose("Timed", quantity, time={"hour": hour, "minute": minute})


# --- FMK as XML ---------------------------------------------------------------------------------------

UNITS = "<{p}UnitTexts><{p}Singular>tablet</{p}Singular><{p}Plural>tabletter</{p}Plural></{p}UnitTexts>"


def xml_146(body: str, units: str = UNITS, before: str = "") -> bytes:
    return f"{before}<m:Dosage xmlns:m='{SPACE_146}'>{units.format(p='m:')}{body}</m:Dosage>".encode()


def fixed_146(*structures: str) -> str:
    return f"<m:StructuresFixed>{''.join(structures)}</m:StructuresFixed>"


def needed_146(*structures: str) -> str:
    return f"<m:StructuresAccordingToNeed>{''.join(structures)}</m:StructuresAccordingToNeed>"


def structure_146(
    *days: str, every: int = 1, start: str = "2026-11-02", end: str = "", text: str = ""
) -> str:
    interval = f"<m:IterationInterval>{every}</m:IterationInterval>" if every else "<m:NotIterated/>"
    until = f"<m:EndDate>{end}</m:EndDate>" if end else "<m:DosageEndingUndetermined/>"
    words = f"<m:SupplementaryText>{text}</m:SupplementaryText>" if text else ""
    dates = f"<m:StartDate>{start}</m:StartDate>{until}"
    return f"<m:Structure>{interval}{dates}{words}{''.join(days)}</m:Structure>"


def day_146(number: int, *doses: str) -> str:
    inside = "".join(doses)
    if number == 0:
        return f"<m:AnyDay>{inside}</m:AnyDay>"
    return f"<m:Day><m:Number>{number}</m:Number>{inside}</m:Day>"


def dose_146(when: str = "", quantity: str = "1") -> str:
    named = f"<m:Time>{when}</m:Time>" if when else ""
    return f"<m:Dose>{named}<m:Quantity>{quantity}</m:Quantity></m:Dose>"


PRECONDITION = "<Precondition><ValidFrom>2026-11-02</ValidFrom></Precondition>"


def xml_160(*periods: str, before: str = PRECONDITION, units: str = UNITS) -> bytes:
    return f"<Dosage xmlns='{SPACE_160}'>{before}{units.format(p='')}{''.join(periods)}</Dosage>".encode()


def period_160(inside: str, length: int = 0, kind: str = "Fixed", every: int = 1) -> str:
    long = f"<PeriodLength>{length}</PeriodLength>" if length else ""
    interval = f"<IterationInterval>{every}</IterationInterval>" if every else ""
    return f"<DosagePeriod>{long}<{kind}>{interval}{inside}</{kind}></DosagePeriod>"


def day_160(number: int, choice: str) -> str:
    return f"<Day><Index>{number}</Index><Dosage>{choice}</Dosage></Day>"


def parts_160(**amounts: str) -> str:
    inside = "".join(f"<{part}><Quantity>{amount}</Quantity></{part}>" for part, amount in amounts.items())
    return f"<PartOfDayDosage>{inside}</PartOfDayDosage>"


def week_160(*labels: str, choice: str = "") -> str:
    dosage = choice or parts_160(Noon="1")
    inside = "".join(
        f"<Weekday><Label>{label}</Label><Dosage>{dosage}</Dosage></Weekday>" for label in labels
    )
    return f"<Week>{inside}</Week>"
