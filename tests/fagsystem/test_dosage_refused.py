"""Whatever a machine can't carry out without guessing is refused, with its reason and its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispenserd.fagsystem import read_dosage as read_dosage_module
from dispenserd.fagsystem.fmk_any import BYTES_MAX
from dispenserd.fagsystem.reasons import Reason
from dispenserd.fagsystem.xml_tree import parse
from tests.fagsystem.reasons_page import PAGE, written
from tests.fagsystem.test_fagsystem_mapping import BYTES, REFUSALS
from tests.support.dosage_papers import (
    UNITS,
    at,
    code,
    day,
    day_146,
    day_160,
    dose,
    dose_146,
    explain,
    fhir,
    fixed_146,
    fmk,
    needed_146,
    parts_160,
    period_160,
    read,
    request,
    structure,
    structure_146,
    week_160,
    xml_146,
    xml_160,
)

MORNING = structure(day(1, dose("Morning")))
REPEAT = "Dosage.timing.repeat"
STRUCTURE = "structures.structures[0]"
FIXED = "Dosage.StructuresFixed.Structure[0]"
PERIOD = "Dosage.DosagePeriod[0].Fixed"
ONCE_146 = fixed_146(structure_146(day_146(1, dose_146("morning"))))
ONE_160 = day_160(1, parts_160(Morning="1"))
NEEDED = {"asNeededBoolean": True, "doseAndRate": fhir()["doseAndRate"]}
PLAIN_160 = "<TimesPerDayDosage><Quantity>1</Quantity><TimesPerDay>{}</TimesPerDay></TimesPerDayDosage>"
UNLIMITED = "<UnlimitedDayDosage><Quantity>1</Quantity></UnlimitedDayDosage>"


def hours(period: float, start: str = "2026-11-02T06:00:00+01:00") -> dict[str, Any]:
    return fhir(boundsPeriod={"start": start}, frequency=1, period=period, periodUnit="h")


BY_CODE = {reason.value: reason for reason in Reason}

CASES: list[tuple[Reason, str, object]] = [
    # --- the file ---
    (Reason.TOO_LARGE, "", b" " * (BYTES_MAX + 1)),
    (Reason.TOO_LARGE, "", b"<a>" + b"x" * 10 * 1024 * 1024 + b"</a>"),
    (Reason.TOO_LARGE, "Dosage.Type", xml_146("<m:Type>" + "x" * 5000 + "</m:Type>")),
    (Reason.JSON_BROKEN, "", b'{"structures": '),
    (Reason.JSON_BROKEN, "", b"[" * 7_000),
    (Reason.TOO_DEEP, "", b"[" * 100_000),
    (Reason.TOO_DEEP, "", b'{"a":' * 40_000),
    (Reason.JSON_BROKEN, "", b'{"repeat": {"count": ' + b"9" * 5000 + b"}}"),
    (Reason.DUPLICATE_KEY, "", b'{"repeat": {}, "repeat": {}}'),
    (Reason.NULL_VALUE, "", {**fhir(when=["MORN"]), "sequence": None}),
    (Reason.NOT_A_NUMBER, "", b'{"repeat": {"count": NaN}}'),
    (Reason.XML_BROKEN, "", b"<Dosage>"),
    (Reason.XML_BROKEN, "", b"<Dosage>\xff</Dosage>"),
    (Reason.XML_BROKEN, "", b"<?xml version='1.0' encoding='klingon'?><Dosage/>"),
    (Reason.XML_DECLARATIONS, "", b'<!DOCTYPE Dosage SYSTEM "urn:x"><Dosage/>'),
    (
        Reason.XML_DECLARATIONS,
        "",
        b'<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]><Dosage>&m;</Dosage>',
    ),
    (Reason.TOO_DEEP, "", b"<a>" * 1000 + b"</a>" * 1000),
    (Reason.TOO_DEEP, "", b"<Dosage>" + b"<a/>" * 20_000 + b"</Dosage>"),
    (Reason.FORMAT_UNKNOWN, "", {"dose": 1}),
    (Reason.FORMAT_UNKNOWN, "", [1]),
    (Reason.FORMAT_UNKNOWN, "Prescription", b"<Prescription/>"),
    (Reason.WRONG_RESOURCE, "resourceType", {"resourceType": "MedicationStatement"}),
    # --- unknown elements, one is enough ---
    (Reason.MODIFIER_ELEMENT, "Dosage.modifierExtension", {**fhir(when=["MORN"]), "modifierExtension": []}),
    (
        Reason.MODIFIER_ELEMENT,
        f"{REPEAT}.modifierExtension",
        fhir(when=["MORN"], modifierExtension=[{"url": "urn:x"}]),
    ),
    (
        Reason.MODIFIER_ELEMENT,
        "MedicationRequest.modifierExtension",
        request(fhir(when=["MORN"]), modifierExtension=[{"url": "urn:x"}]),
    ),
    (Reason.UNKNOWN_ELEMENT, f"{REPEAT}.extension", fhir(when=["MORN"], extension=[])),
    (Reason.UNKNOWN_ELEMENT, "condition", {**fmk(MORNING), "condition": 1}),
    (
        Reason.UNKNOWN_ELEMENT,
        "structures.structures[0].days[0].allDoses[0].condition",
        fmk(structure(day(1, dose("Morning", condition="x")))),
    ),
    (Reason.UNKNOWN_ELEMENT, "Dosage.Condition", xml_146(ONCE_146 + "<m:Condition/>")),
    (Reason.UNKNOWN_ELEMENT, "Dosage.Type", xml_146(ONCE_146 + "<Type xmlns='urn:x'>fast</Type>")),
    (
        Reason.UNKNOWN_ELEMENT,
        "Dosage.StructuresFixed@nil",
        xml_146(ONCE_146.replace("Fixed>", "Fixed nil='1'>", 1)),
    ),
    (Reason.UNKNOWN_ELEMENT, f"{PERIOD}.Condition", xml_160(period_160(ONE_160 + "<Condition/>"))),
    (
        Reason.TEXT_NOT_COVERED,
        "Dosage.StructuresFixed",
        xml_146(ONCE_146.replace("Fixed>", "Fixed>kun ved", 1)),
    ),
    (Reason.MISSING_ELEMENT, f"{FIXED}.Day", xml_146(fixed_146(structure_146()))),
    (Reason.MISSING_ELEMENT, f"{STRUCTURE}.days[0].allDoses[0].time", fmk(structure(day(1, dose("Timed"))))),
    (Reason.WRONG_SHAPE, f"{STRUCTURE}.days[0].allDoses[0].type", fmk(structure(day(1, dose("Tea"))))),
    (Reason.WRONG_SHAPE, f"{STRUCTURE}.days[0].dayNumber", fmk(structure(day("1", dose("Noon"))))),  # type: ignore[arg-type]
    (Reason.WRONG_SHAPE, "structures.structures", fmk(*[MORNING] * 21)),
    (
        Reason.TOO_MANY,
        "structures.structures",
        fmk(structure(*[day(n, *[dose("Noon")] * 24) for n in range(1, 30)], every=30)),
    ),
    (Reason.TOO_MANY, f"{STRUCTURE}.days[0]", fmk(structure(day(1, *[dose("Plain")] * 25)))),
    # --- no structure ---
    (Reason.FREE_TEXT, "freeText", {"freeText": {"text": "1 tablet", "startDate": "2026-11-02"}}),
    (Reason.FREE_TEXT, "Dosage.FreeText", xml_146("<m:FreeText><m:Text>x</m:Text></m:FreeText>", "")),
    (Reason.LOCAL_SCHEMA, "administrationAccordingToSchema", {"administrationAccordingToSchema": {}}),
    (
        Reason.LOCAL_SCHEMA,
        "Dosage.AdministrationAccordingToSchemaInLocalSystem",
        xml_146("<m:AdministrationAccordingToSchemaInLocalSystem/>", ""),
    ),
    (
        Reason.PARAMETER_SCHEMA,
        f"{PERIOD}.Day[0].Dosage.PartOfDayDosage.Morning.AccordingToParameterSchema",
        xml_160(period_160(ONE_160.replace("Quantity>", "AccordingToParameterSchema>"))),
    ),
    (Reason.PARAMETER_SCHEMA, "Dosage.Parameter[0]", xml_160("<Parameter/>", period_160(ONE_160))),
    (Reason.NO_STRUCTURE, "Dosage", xml_146("")),
    (Reason.NO_STRUCTURE, "Dosage.timing", {"timing": {}, "doseAndRate": fhir()["doseAndRate"]}),
    (
        Reason.UNSPECIFIED,
        "Dosage.DosagePeriod[0].Unspecified",
        xml_160("<DosagePeriod><Unspecified/></DosagePeriod>"),
    ),
    (
        Reason.EPISODIC,
        "Dosage.Precondition.EpisodicTreatment",
        xml_160(period_160(ONE_160), before="<Precondition><EpisodicTreatment/></Precondition>"),
    ),
    (
        Reason.SELF_ADMINISTRATION,
        "Dosage.IsSelfAdministration",
        xml_160("<IsSelfAdministration>true</IsSelfAdministration>", period_160(ONE_160)),
    ),
    (Reason.TYPE_DISAGREES, "Dosage.Type", xml_146(ONCE_146 + "<m:Type>efter behov</m:Type>")),
    (Reason.TYPE_DISAGREES, "Dosage.Type", xml_160(period_160(ONE_160), "<Type>PRN</Type>")),
    (Reason.TEXT_NOT_COVERED, "Dosage.text", {"text": "1 tablet"}),
    (Reason.TEXT_NOT_COVERED, f"{STRUCTURE}.supplText", fmk({**MORNING, "supplText": "ved svimmelhed"})),
    (
        Reason.TEXT_NOT_COVERED,
        f"{STRUCTURE}.dosagePeriodPostfix",
        fmk({**MORNING, "dosagePeriodPostfix": "x"}),
    ),
    (
        Reason.TEXT_NOT_COVERED,
        f"{FIXED}.SupplementaryText",
        xml_146(fixed_146(structure_146(day_146(1, dose_146("noon")), text="x"))),
    ),
    (Reason.TEXT_NOT_COVERED, f"{PERIOD}.Instruction", xml_160(period_160("<Instruction/>" + ONE_160))),
    (Reason.STATUS_REFUSED, "MedicationRequest.status", request(fhir(when=["MORN"]), status="stopped")),
    (Reason.INTENT_REFUSED, "MedicationRequest.intent", request(fhir(when=["MORN"]), intent="plan")),
    (
        Reason.DO_NOT_PERFORM,
        "MedicationRequest.doNotPerform",
        request(fhir(when=["MORN"]), doNotPerform=True),
    ),
    # --- how much ---
    (
        Reason.RANGE,
        f"{STRUCTURE}.days[0].allDoses[0]",
        fmk(structure(day(1, {**dose("Noon"), "minimalDoseQuantity": 1, "maximalDoseQuantity": 2}))),
    ),
    (
        Reason.RANGE,
        "Dosage.doseAndRate[0].doseRange",
        {
            **fhir(when=["MORN"]),
            "doseAndRate": [
                {"doseRange": {"low": {"value": 1, "unit": "tablet"}, "high": {"value": 2, "unit": "tablet"}}}
            ],
        },
    ),
    (
        Reason.RANGE,
        f"{FIXED}.Day[0].Dose[0]",
        xml_146(
            ONCE_146.replace(
                "<m:Quantity>1</m:Quantity>",
                "<m:MinimalQuantity>1</m:MinimalQuantity><m:MaximalQuantity>2</m:MaximalQuantity>",
            )
        ),
    ),
    (
        Reason.RATE,
        f"{PERIOD}.Day[0].Dosage.PartOfDayDosage.Morning.Infusion",
        xml_160(period_160(ONE_160.replace("</Morning>", "<Infusion/></Morning>"))),
    ),
    (
        Reason.MAX_DOSE,
        f"{PERIOD}.MaximumDailyDose",
        xml_160(period_160("<MaximumDailyDose>8</MaximumDailyDose>" + ONE_160)),
    ),
    (
        Reason.MAX_DOSE,
        "Dosage.maxDosePerPeriod",
        {**fhir(when=["MORN"]), "maxDosePerPeriod": {"numerator": {"value": 8}, "denominator": {"value": 1}}},
    ),
    (
        Reason.MAX_DOSE,
        "Dosage.maxDosePerPeriod",
        {
            **NEEDED,
            "maxDosePerPeriod": {
                "numerator": {"value": 8, "unit": "tablet"},
                "denominator": {"value": 1, "unit": "mo"},
            },
        },
    ),
    (
        Reason.UNIT_MISMATCH,
        "Dosage.maxDosePerPeriod.numerator.unit",
        {
            **NEEDED,
            "maxDosePerPeriod": {
                "numerator": {"value": 8, "unit": "ml"},
                "denominator": {"value": 1, "unit": "d"},
            },
        },
    ),
    (Reason.QUANTITY, f"{STRUCTURE}.days[0].allDoses[0]", fmk(structure(day(1, dose("Noon", 0))))),
    (
        Reason.QUANTITY,
        f"{STRUCTURE}.days[0].allDoses[0].doseQuantity",
        fmk(structure(day(1, dose("Noon", -1)))),
    ),
    (
        Reason.QUANTITY,
        f"{STRUCTURE}.days[0].allDoses[0].doseQuantity",
        json.dumps(fmk(MORNING)).replace('"doseQuantity": 1', '"doseQuantity": 1E+999999999').encode(),
    ),
    (
        Reason.QUANTITY,
        f"{FIXED}.Day[0].Dose[0].Quantity",
        xml_146(fixed_146(structure_146(day_146(1, dose_146("noon", "1e9"))))),
    ),
    (Reason.QUANTITY, "Dosage.doseAndRate[0].doseQuantity.value", fhir(10**6, when=["MORN"])),
    (
        Reason.QUANTITY_MISSING,
        f"{STRUCTURE}.days[0].allDoses[0]",
        fmk(structure(day(1, {"type": "NoonDoseWrapper"}))),
    ),
    (
        Reason.CONTRADICTORY_DOSAGE,
        f"{STRUCTURE}.days[0].allDoses[0]",
        fmk(structure(day(1, dose("Noon", 3, minimalDoseQuantity=1, maximalDoseQuantity=2)))),
    ),
    (Reason.UNIT_UNKNOWN, "structures.unitOrUnits", fmk(MORNING, unit="")),
    (Reason.UNIT_UNKNOWN, "Dosage", xml_146(ONCE_146, "")),
    (
        Reason.UNIT_MISMATCH,
        "MedicationRequest.dosageInstruction",
        request(fhir(when=["MORN"]), fhir(unit="ml", when=["EVE"])),
    ),
    (Reason.UNIT_MISMATCH, "Dosage.UnitTexts", xml_146(ONCE_146, UNITS + "<m:UnitText>ml</m:UnitText>")),
    # --- from when to when ---
    (
        Reason.START_MISSING,
        f"{REPEAT}.boundsPeriod.start",
        fhir(start=False, frequency=1, period=3, periodUnit="d"),
    ),
    (Reason.START_MISSING, f"{STRUCTURE}.startDate", fmk({**MORNING, "startDate": None})),
    (Reason.START_MISSING, "Dosage.Precondition.ValidFrom", xml_160(period_160(ONE_160), before="")),
    (
        Reason.START_AT_HANDOVER,
        "Dosage.Precondition.UpdateValidFromUponHandover",
        xml_160(
            period_160(ONE_160),
            before="<Precondition><ValidFrom>2026-11-02</ValidFrom><UpdateValidFromUponHandover>true</UpdateValidFromUponHandover></Precondition>",
        ),
    ),
    (
        Reason.BOUNDS_INSTANT,
        f"{REPEAT}.boundsPeriod.start",
        fhir(boundsPeriod={"start": "2026-11-02T10:00:00+01:00"}, when=["MORN"]),
    ),
    (
        Reason.BOUNDS_INSTANT,
        f"{REPEAT}.boundsPeriod.end",
        fhir(boundsPeriod={"start": "2026-11-02", "end": "2026-11-04T10:00:00+01:00"}, when=["MORN"]),
    ),
    (Reason.BOUNDS_REVERSED, STRUCTURE, fmk({**MORNING, "endDate": "2026-11-01"})),
    (Reason.NOT_A_DATE, f"{STRUCTURE}.endDate", fmk({**MORNING, "endDate": "2026-02-30"})),
    (
        Reason.NOT_A_DATE,
        f"{FIXED}.StartDate",
        xml_146(fixed_146(structure_146(day_146(1, dose_146("noon")), start="2026-11-02+01:00"))),
    ),
    (Reason.DATE_FAR, f"{STRUCTURE}.endDate", fmk({**MORNING, "endDate": "9999-12-31"})),
    (
        Reason.DATE_FAR,
        f"{REPEAT}.boundsPeriod.end",
        fhir(boundsPeriod={"start": "2026-11-02", "end": "9999-12-31"}, when=["MORN"]),
    ),
    (
        Reason.PERIODS_OVERLAP,
        "structures.structures",
        fmk(MORNING, structure(day(1, dose("Noon")), start="2026-11-09")),
    ),
    (
        Reason.PERIOD_GAP,
        "structures.structures",
        fmk({**MORNING, "endDate": "2026-11-05"}, structure(day(1, dose("Noon")), start="2026-11-07")),
    ),
    (
        Reason.LENGTH_IN_WORDS,
        "Dosage.DosagePeriod[0].PeriodLengthFreeText",
        xml_160("<DosagePeriod><PeriodLengthFreeText>x</PeriodLengthFreeText><Empty/></DosagePeriod>"),
    ),
    (Reason.LENGTH_MISSING, "Dosage.DosagePeriod[0]", xml_160(period_160(ONE_160), period_160(ONE_160))),
    (Reason.BOUNDS_KIND, "Dosage.DosagePeriod[0].PeriodLength", xml_160(period_160(ONE_160, 999_999))),
    (Reason.COUNT, f"{REPEAT}.count", fhir(count=10**9, when=["MORN"])),
    (Reason.AS_NEEDED, f"{REPEAT}.count", {**NEEDED, "timing": {"repeat": {"count": 3}}}),
    # --- which days ---
    (Reason.PERIOD, STRUCTURE, fmk(structure(day(1, dose("Noon")), every=366))),
    (Reason.PERIOD, f"{FIXED}.IterationInterval", xml_146(ONCE_146.replace("Interval>1<", "Interval>0<"))),
    (Reason.DAY_NUMBER, f"{STRUCTURE}.days[0]", fmk(structure(day(3, dose("Noon")), every=2))),
    (Reason.DAY_NUMBER, f"{FIXED}.Day[0]", xml_146(ONCE_146.replace("Number>1<", "Number>0<"))),
    (
        Reason.CONTRADICTORY_DOSAGE,
        f"{STRUCTURE}.days[1]",
        fmk(structure(day(1, dose("Noon")), day(1, dose("Noon")))),
    ),
    (Reason.NO_DATE, f"{STRUCTURE}.days[0]", fmk(structure(day(0, dose("Noon")), every=0))),
    (Reason.DAY_OF_WEEK, f"{REPEAT}.dayOfWeek", fhir(dayOfWeek=["mon"], period=3, periodUnit="d")),
    (
        Reason.WEEK_PHASE,
        f"{REPEAT}.dayOfWeek",
        fhir(
            boundsPeriod={"start": "2026-11-04"}, dayOfWeek=["mon"], period=2, periodUnit="wk", when=["MORN"]
        ),
    ),
    (
        Reason.WEEK_PHASE,
        f"{PERIOD}.Week[0].Weekday[0]",
        xml_160(
            period_160(week_160("Monday") * 2, every=0),
            before="<Precondition><ValidFrom>2026-11-04</ValidFrom></Precondition>",
        ),
    ),
    (Reason.WEEK_INTERVAL, f"{PERIOD}.Week[0]", xml_160(period_160(week_160("Monday"), every=7))),
    (
        Reason.FREQUENCY_MISMATCH,
        f"{REPEAT}.frequency",
        fhir(dayOfWeek=["mon", "thu"], frequency=1, period=1, periodUnit="wk", when=["MORN"]),
    ),
    (Reason.NO_TIMES, REPEAT, fhir(frequency=3, period=1, periodUnit="wk")),
    (
        Reason.NO_TIMES,
        f"{PERIOD}.Day[0].Dosage.UnlimitedDayDosage",
        xml_160(period_160(day_160(1, UNLIMITED))),
    ),
    # --- at which times ---
    (Reason.TIMING_CODE, "Timing.code", code("BED")),
    (Reason.TIMING_CODE, "Timing.code", code("BID", frequency=3, period=1, periodUnit="d")),
    (Reason.FREQUENCY_MISMATCH, "Timing.repeat.frequency", code("BID", timeOfDay=["08:00:00"])),
    (Reason.TIMES_A_DAY, f"{STRUCTURE}.days[0]", fmk(structure(day(1, *[dose("Plain")] * 5)))),
    (
        Reason.TIMES_A_DAY,
        f"{PERIOD}.Day[0].Dosage.TimesPerDayDosage.TimesPerDay",
        xml_160(period_160(day_160(1, PLAIN_160.format(10**5)))),
    ),
    (Reason.PLAIN_UNEQUAL, f"{STRUCTURE}.days[0]", fmk(structure(day(1, dose("Plain"), dose("Plain", 2))))),
    (Reason.PLAIN_BESIDE_TIMES, f"{STRUCTURE}.days[0]", fmk(structure(day(1, dose("Plain"), dose("Noon"))))),
    (
        Reason.PLAIN_BESIDE_TIMES,
        "MedicationRequest.dosageInstruction",
        request(fhir(frequency=1, period=1, periodUnit="d"), fhir(when=["EVE"])),
    ),
    (
        Reason.CONTRADICTORY_DOSAGE,
        f"{STRUCTURE}.days[0].allDoses[1]",
        fmk(structure(day(1, dose("Noon"), dose("Noon", 2)))),
    ),
    (Reason.TIME_OF_DAY, f"{STRUCTURE}.days[0].allDoses[0].time", fmk(structure(day(1, at(24))))),
    (
        Reason.TIME_OF_DAY,
        f"{FIXED}.Day[0].Dose[0].Time",
        xml_146(fixed_146(structure_146(day_146(1, dose_146("08:00:30"))))),
    ),
    (Reason.HOURS, REPEAT, hours(0.5)),
    (Reason.HOURS, REPEAT, hours(8.3333)),
    (Reason.HOURS, REPEAT, hours(365 * 24 - 1)),
    (Reason.HOURS_START, f"{REPEAT}.boundsPeriod.start", hours(8, "2026-11-02")),
    (Reason.MEAL_EVENT, f"{REPEAT}.when", fhir(when=["ACM"])),
    (Reason.OFFSET, f"{REPEAT}.offset", fhir(when=["MORN"], offset=30)),
]


@pytest.mark.parametrize(("reason", "path", "paper"), CASES)
def test_what_leaves_something_to_guess_is_refused_with_its_reason_and_place(
    reason: Reason, path: str, paper: object
) -> None:
    told = explain(paper)
    assert told["automatic"] is False
    assert (reason.value, path) in [(each["reason"], each["path"]) for each in told["refused"]]
    assert told["doses"] == []
    assert told["daily_dose"] is None
    assert all(each["text"] == BY_CODE[each["reason"]].danish for each in told["refused"])


def test_every_reason_has_a_test() -> None:
    tested = {reason for reason, *_ in (*CASES, *REFUSALS, *BYTES)}
    judged_elsewhere = {Reason.FILE_UNREADABLE, Reason.OLDER_CARD, Reason.SAME_VERSION}
    assert set(Reason) - tested - judged_elsewhere == set()


def test_the_page_lists_every_reason_as_the_source_says_it() -> None:
    """Otherwise: `python -m tests.fagsystem.reasons_page`."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page)
    assert all(f"| `{reason.value}` |" in page for reason in Reason)


def test_every_reason_is_a_sentence_in_both_languages_and_a_code_once() -> None:
    for reason in Reason:
        for sentence in (reason.danish, reason.english):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
    assert len({reason.danish for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("paper", [b"{" + b" " * BYTES_MAX, b"<" + b"a" * BYTES_MAX])
def test_what_is_too_large_is_never_parsed(paper: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> object:
        raise AssertionError("parsed")

    monkeypatch.setattr(read_dosage_module, "parse_json", never)
    monkeypatch.setattr(read_dosage_module, "parse", never)
    assert [each.reason for each in read(paper).refused] == [Reason.TOO_LARGE]


def test_a_part_that_is_refused_takes_the_others_with_it_as_in_a_home_and_all_stays_visible() -> None:
    told = explain(request(fhir(when=["MORN"]), fhir(when=["EVE"], countMax=3)))
    assert (told["automatic"], told["doses"], told["daily_dose"]) == (False, [], None)
    assert told["text"].startswith("1 tablet morgen hver dag fra 2. november 2026; ")
    assert told["text"].endswith("resten af doseringen kan ikke læses")


# --- whatever comes -----------------------------------------------------------------------------------

PAPERS = [
    request(fhir(2, frequency=2, period=1, periodUnit="d", when=["MORN", "EVE"])),
    fmk(structure(day(1, dose("Morning"), at(20, 30)), day(2, dose("Noon", 0.5)), every=3)),
]
XML = [
    xml_146(ONCE_146 + needed_146(structure_146(day_146(0, dose_146()), every=0))),
    xml_160(period_160(ONE_160, 5), period_160(week_160("Monday", "Friday"), every=1)),
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["MORN", "d", "wk", "h", "mon", "2026-11-03", "tablet", "08:00:00", "1e99"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [each for key, value in items for each in places(value, (*path, key))]


@settings(max_examples=300, deadline=None)
@given(paper=st.sampled_from(PAPERS), data=st.data(), value=JSON_VALUES)
def test_no_value_anywhere_crashes_the_reader(paper: Any, data: st.DataObject, value: object) -> None:
    changed = json.loads(json.dumps(paper))
    *way, last = data.draw(st.sampled_from(places(changed)))
    target = changed
    for step in way:
        target = target[step]
    target[last] = value
    told = explain(changed)
    assert told["automatic"] == (told["refused"] == [])


@settings(max_examples=150, deadline=None)
@given(
    paper=st.sampled_from(XML),
    cut=st.integers(0, 900),
    garbage=st.binary(max_size=6),
    length=st.integers(0, 9),
)
def test_damaged_xml_never_crashes_the_reader(paper: bytes, cut: int, garbage: bytes, length: int) -> None:
    told = explain(paper[:cut] + garbage + paper[cut + length :])
    assert told["automatic"] == (told["refused"] == [])


@pytest.mark.parametrize("paper", XML)
def test_every_element_of_the_xml_means_something(paper: bytes) -> None:
    """Renaming any one element is noticed: nothing is skipped."""
    names = {child.name for child in _every(parse(paper))} - {"Dosage"}
    whole = explain(paper)
    assert whole["automatic"]
    for name in names:
        spoilt = paper.replace(f"{name}>".encode(), f"{name}X>".encode()).replace(
            f"{name}/".encode(), f"{name}X/".encode()
        )
        assert not explain(spoilt)["automatic"], name


def _every(node: Any) -> list[Any]:
    return [node, *(below for child in node.children for below in _every(child))]
