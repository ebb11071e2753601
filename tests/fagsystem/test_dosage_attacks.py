"""Papers of other vendors: what looks readable and is not, and what looks strange and is."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from dispenserd.fagsystem.fmk_any import BYTES_MAX
from dispenserd.fagsystem.reasons import Reason
from scheduler.dosage import ANY_DAY, Limit
from tests.support.dosage_papers import (
    GTS,
    START,
    Json,
    at,
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
    raw,
    read,
    request,
    structure,
    structure_146,
    times,
    xml_146,
    xml_160,
)

UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
FORMS = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"
REPEAT = "Dosage.timing.repeat"
STRUCTURE = "structures.structures[0]"
MORNING = structure(day(1, dose("Morning")))
ONE_160 = day_160(1, parts_160(Morning="1"))
UNLIMITED = day_160(1, "<UnlimitedDayDosage><Quantity>1</Quantity></UnlimitedDayDosage>")


def coded(unit: str | None, code: str, system: str = UCUM) -> Json:
    amount: Json = {"value": 1, "system": system, "code": code}
    paper = fhir(when=["MORN"])
    paper["doseAndRate"] = [{"doseQuantity": amount | ({"unit": unit} if unit else {})}]
    return paper


def needed(**elements: Any) -> Json:
    return {"asNeededBoolean": True, "doseAndRate": fhir()["doseAndRate"], **elements}


def with_code(text: str | None = None) -> Json:
    concept: Json = {"coding": [{"system": GTS, "code": "BID"}]}
    timing = {"code": concept | ({"text": text} if text else {}), "repeat": {"boundsPeriod": START}}
    return {"timing": timing, "doseAndRate": fhir()["doseAndRate"]}


def contained(**medication: Any) -> Json:
    one = {"resourceType": "Medication", "id": "m", "code": {"text": "x"}, **medication}
    paper = request(fhir(when=["MORN"]), contained=[one], medicationReference={"reference": "#m"})
    del paper["medicationCodeableConcept"]
    return paper


def route(code: str, text: str | None = None) -> Json:
    concept: Json = {"coding": [{"system": SNOMED, "code": code}]}
    return {**fhir(when=["MORN"]), "route": concept | ({"text": text} if text else {})}


def trigger(*periods: str) -> bytes:
    before = "<Precondition><ValidFrom>2026-11-02</ValidFrom><PRNTrigger>smerter</PRNTrigger></Precondition>"
    return xml_160(*periods, before=before)


def from_160(start: str, *periods: str) -> bytes:
    return xml_160(*periods, before=f"<Precondition><ValidFrom>{start}</ValidFrom></Precondition>")


REFUSED: list[tuple[Reason, str, object]] = [
    # a text beside a code is a text beside a structure
    (Reason.TEXT_NOT_COVERED, "Dosage.timing.code.text", with_code("kun ved smerter")),
    # instants are named as what they are
    (
        Reason.TIMING_EVENT,
        "Dosage.timing.event",
        {"timing": {"event": ["2026-11-02T08:00:00+01:00"]}, "doseAndRate": fhir()["doseAndRate"]},
    ),
    (
        Reason.TIMING_EVENT,
        "Dosage.timing.event",
        needed(timing={"event": ["2026-11-02T08:00:00+01:00"]}),
    ),
    # one amount, two units
    (Reason.UNIT_MISMATCH, "Dosage.doseAndRate[0].doseQuantity.code", coded("tablet", "mg")),
    (Reason.UNIT_MISMATCH, "Dosage.doseAndRate[0].doseQuantity.code", coded("mg", "ug")),
    (Reason.UNIT_MISMATCH, "Dosage.doseAndRate[0].doseQuantity.code", coded("tablet", "kg")),
    (Reason.UNIT_MISMATCH, "Dosage.doseAndRate[0].doseQuantity.code", coded("kapsel", "{tablet}")),
    (Reason.UNIT_MISMATCH, "Dosage.doseAndRate[0].doseQuantity.code", coded("ml", "TAB", FORMS)),
    (
        Reason.UNIT_MISMATCH,
        "structures.unitOrUnits",
        fmk(MORNING, unitSingular="tablet", unitPlural="kapsler"),
    ),
    (
        Reason.MAX_DOSE,
        "Dosage.maxDosePerPeriod",
        needed(
            maxDosePerPeriod={
                "numerator": {"value": 4, "unit": "tablet"},
                "denominator": {"value": 1, "unit": "h", "system": UCUM, "code": "d"},
            }
        ),
    ),
    # dates that nobody meant
    (Reason.DATE_FAR, f"{STRUCTURE}.startDate", fmk({**MORNING, "startDate": "0001-01-01"})),
    (
        Reason.DATE_FAR,
        "Dosage.StructuresFixed.Structure[0].StartDate",
        xml_146(fixed_146(structure_146(day_146(1, dose_146("noon")), start="0001-01-01", every=3))),
    ),
    (Reason.DATE_FAR, "Dosage.Precondition.ValidFrom", from_160("0001-01-01", period_160(ONE_160))),
    (
        Reason.DATE_FAR,
        f"{REPEAT}.boundsPeriod.start",
        fhir(boundsPeriod={"start": "0001-01-01"}, frequency=1, period=3, periodUnit="d"),
    ),
    (
        Reason.DATE_FAR,
        f"{REPEAT}.boundsPeriod.start",
        fhir(boundsPeriod={"start": "9999-12-31T08:00:00+01:00"}, frequency=1, period=5, periodUnit="h"),
    ),
    (Reason.DATE_FAR, "Dosage.Precondition.ValidFrom", from_160("9990-01-01", period_160(ONE_160, 99_999))),
    (Reason.DATE_FAR, "Dosage.DosagePeriod[0]", xml_160(*[period_160(ONE_160, 99_999)] * 20)),
    # what is lost is not nothing
    (Reason.MISSING_ELEMENT, f"{STRUCTURE}.days[0]", fmk(structure(day(1)))),
    (Reason.MISSING_ELEMENT, f"{STRUCTURE}.days[0]", fmk(structure(day(1), day(2), every=2))),
    (
        Reason.MISSING_ELEMENT,
        "Dosage.StructuresFixed.Structure[0].Day[0]",
        xml_146(fixed_146(structure_146(day_146(1)))),
    ),
    (
        Reason.MISSING_ELEMENT,
        "Dosage.DosagePeriod[0].Fixed.Day[0]",
        xml_160(period_160(day_160(1, "<PartOfDayDosage/>"))),
    ),
    (
        Reason.MISSING_ELEMENT,
        f"{STRUCTURE}.iterationInterval",
        fmk({name: value for name, value in MORNING.items() if name != "iterationInterval"}),
    ),
    (Reason.NOT_A_DATE, f"{STRUCTURE}.endDate", fmk({**MORNING, "endDate": ""})),
    # a condition on fixed medicine
    (Reason.TEXT_NOT_COVERED, "Dosage.Precondition.PRNTrigger", trigger(period_160(ONE_160))),
    # two as needed at once, and an order against its dates
    (
        Reason.CONTRADICTORY_DOSAGE,
        "MedicationRequest.dosageInstruction",
        request(needed(), needed(timing={"repeat": {"boundsPeriod": START, "when": ["NIGHT"]}})),
    ),
    (
        Reason.CONTRADICTORY_DOSAGE,
        "MedicationRequest.dosageInstruction",
        request(
            {**fhir(boundsPeriod={"start": "2026-11-05"}, when=["MORN"]), "sequence": 1},
            {**fhir(2, boundsPeriod={**START, "end": "2026-11-04"}, when=["MORN"]), "sequence": 2},
        ),
    ),
    (
        Reason.AS_NEEDED,
        f"{REPEAT}",
        needed(timing={"repeat": {"boundsPeriod": START, "when": ["NIGHT"], "period": 4, "periodUnit": "h"}}),
    ),
    # what the order says of itself and of its medicine
    (Reason.MEDICATION_INACTIVE, "MedicationRequest.contained[0].status", contained(status="inactive")),
    (
        Reason.UNKNOWN_ELEMENT,
        "MedicationRequest.dispenseRequest.validityPeriod",
        request(fhir(when=["MORN"]), dispenseRequest={"validityPeriod": {"end": "2026-01-01"}}),
    ),
    (
        Reason.MODIFIER_ELEMENT,
        "MedicationRequest.substitution.modifierExtension",
        request(fhir(when=["MORN"]), substitution={"modifierExtension": [{"url": "urn:x"}]}),
    ),
    (
        Reason.MODIFIER_ELEMENT,
        "MedicationRequest.dispenseRequest.initialFill.modifierExtension",
        request(fhir(when=["MORN"]), dispenseRequest={"initialFill": {"modifierExtension": []}}),
    ),
    # any other way than by mouth
    (Reason.ROUTE, "Dosage.route", route("37161004")),
    (Reason.ROUTE, "Dosage.route", route("26643006", "under tungen")),
    (Reason.ROUTE, "Dosage.route", {**fhir(when=["MORN"]), "route": {"text": "oral"}}),
]


@pytest.mark.parametrize(("reason", "path", "paper"), REFUSED)
def test_it_is_refused_with_its_reason_and_place_and_nothing_of_it_is_given(
    reason: Reason, path: str, paper: object
) -> None:
    told = explain(paper)
    assert (reason.value, path) in [(each["reason"], each["path"]) for each in told["refused"]]
    assert (told["automatic"], told["doses"], told["daily_dose"]) == (False, [], None)


WEEK = [f"11-0{n}T08:00" for n in range(2, 9)]

READ: list[tuple[object, list[str]]] = [
    (with_code("BID"), [f"11-0{n}T{h}:00" for n in range(2, 9) for h in ("08", "18")]),
    (coded("tablet", "{tablet}"), WEEK),
    (coded("tabletter", "1"), WEEK),
    (coded(None, "mg"), WEEK),
    (coded("ml", "mL"), WEEK),
    (coded("TAB", "TAB", FORMS), WEEK),
    (coded("Tablet", "732936001", SNOMED), WEEK),
    (route("26643006", "Oral"), WEEK),
    (request(fhir(when=["MORN"]), dispenseRequest={"quantity": {"value": 10}}, substitution={}), WEEK),
    (contained(status="active"), WEEK),
    (b"\xef\xbb\xbf" + raw(fmk(MORNING)), WEEK),
    (
        request(
            {**fhir(boundsPeriod={**START, "end": "2026-11-04"}, when=["MORN"]), "sequence": 1},
            {**fhir(2, boundsPeriod={"start": "2026-11-05"}, when=["MORN"]), "sequence": 2},
        ),
        WEEK,
    ),
    # early in the night: the local date is the first one, whatever part of it is meant
    (fhir(boundsPeriod={"start": "2026-11-01T23:30:00Z"}, when=["MORN"]), WEEK),
    (fhir(boundsPeriod={"start": "2026-11-02T00:30:00+01:00"}, frequency=1, period=1, periodUnit="d"), WEEK),
    (
        fhir(boundsPeriod={**START, "end": "2026-11-04T23:00:00Z"}, when=["MORN"]),
        ["11-02T08:00", "11-03T08:00", "11-04T08:00"],
    ),
    # a count that ends within a day
    (
        fhir(frequency=2, period=1, periodUnit="d", count=3),
        ["11-02T08:00", "11-02T18:00", "11-03T08:00"],
    ),
    (fhir(when=["EVE", "MORN"], count=3), ["11-02T08:00", "11-02T18:00", "11-03T08:00"]),
]


@pytest.mark.parametrize(("paper", "asked"), READ)
def test_it_is_read_as_its_sender_means_it(paper: object, asked: list[str]) -> None:
    told = explain(paper, date(2026, 11, 1), date(2026, 11, 8))
    assert told["automatic"], told["refused"]
    assert times(paper, date(2026, 11, 1), date(2026, 11, 8)) == asked


def test_the_unit_of_a_code_is_its_danish_word() -> None:
    told = [explain(each)["doses"][0]["unit"] for each in (coded(None, "ug"), coded("TAB", "TAB", FORMS))]
    assert told == ["mikrogram", "tablet"]


def test_a_day_on_which_nothing_is_given_may_be_written_out() -> None:
    """As FMK's own senders do."""
    full, short = day(1, dose("Noon", 15)), (day(2, dose("Noon", 15)), day(3))
    papers = [fmk(structure(full, *some, every=7), unit="mg") for some in (short, short[:1])]
    assert explain(papers[0]) == explain(papers[1])
    in_xml = [xml_146(fixed_146(structure_146(day_146(1, dose_146("noon")), *some, every=7)))
        for some in ([day_146(3)], [])]  # fmt: skip
    assert explain(in_xml[0]) == explain(in_xml[1])


E2 = "http://www.dkma.dk/medicinecard/xml.schema/2015/06/01/E2"
MORNING_146 = xml_146(fixed_146(structure_146(day_146(1, dose_146("morning")))))


def test_an_extension_of_fmks_messages_has_its_root_in_another_namespace() -> None:
    root = MORNING_146.replace(b"<m:Dosage ", f"<e:Dosage xmlns:e='{E2}' ".encode())
    paper = root.replace(b"</m:Dosage>", b"</e:Dosage>")
    assert explain(paper) == explain(MORNING_146)
    strange = paper.replace(E2.encode(), b"urn:x")
    assert [each["reason"] for each in explain(strange)["refused"]] == ["unknown_element"]


def unlimited(most: str = "", beside: str = "", kind: str = "PRN") -> bytes:
    inside = f"<Quantity>1</Quantity>{most}"
    return xml_160(
        period_160(beside + day_160(1, f"<UnlimitedDayDosage>{inside}</UnlimitedDayDosage>"), kind=kind)
    )


def test_the_most_of_a_day_may_stand_in_the_dose_or_beside_it_in_160() -> None:
    most = "<MaximumDailyDose>{}</MaximumDailyDose>".format
    inside, beside = unlimited(most(7)), unlimited("", most(7))
    assert explain(inside)["text"] == "1 tablet efter behov fra 2. november 2026, højst 7 tabletter i døgnet"
    assert explain(inside) == explain(beside) == explain(unlimited(most(7), most(7)))
    both = explain(unlimited(most(7), most(8)))
    assert [each["reason"] for each in both["refused"]] == ["contradictory_dosage"]
    fixed = explain(unlimited(most(7), kind="Fixed"))
    assert "max_dose" in [each["reason"] for each in fixed["refused"]]


# --- what is shown of what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "paper",
    [
        fmk(structure(day(1, {"type": "NoonDoseWrapper"}))),
        fmk(structure(day(1, {"type": "NoonDoseWrapper", "minimalDoseQuantity": 2}))),
        xml_146(fixed_146(structure_146(day_146(1, "<m:Dose><m:Time>noon</m:Time></m:Dose>")))),
        xml_160(period_160(day_160(1, "<PartOfDayDosage><Noon/></PartOfDayDosage>"))),
    ],
)
def test_an_amount_that_is_not_known_is_never_shown_as_one(paper: object) -> None:
    told = explain(paper)
    assert told["text"] == "Doseringen kan ikke læses"
    assert (told["kind"], told["automatic"]) == ("fixed", False)


def test_what_could_not_be_shown_is_still_fixed_as_needed_or_both() -> None:
    lost = [
        {"type": "NoonDoseWrapper", "isAccordingToNeed": False},
        {"type": "NightDoseWrapper", "isAccordingToNeed": True},
    ]
    papers = [fmk(structure(day(1, *some))) for some in (lost[:1], lost[1:], lost)]
    assert [explain(paper)["kind"] for paper in papers] == ["fixed", "pn", "mixed"]


@pytest.mark.parametrize("status", ["on-hold", "stopped", "completed", "draft", "entered-in-error"])
def test_an_order_that_is_not_in_force_is_refused_and_still_shown(status: str) -> None:
    told = explain(request(fhir(when=["MORN"]), status=status))
    assert [(each["reason"], each["path"]) for each in told["refused"]] == [
        ("status_refused", "MedicationRequest.status")
    ]
    assert (told["kind"], told["automatic"], told["doses"]) == ("fixed", False, [])
    assert told["text"] == "1 tablet morgen hver dag fra 2. november 2026"


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"text": "kun hvis svimmel"}, "kun hvis svimmel"),
        ({"patientInstruction": "med mad"}, "med mad"),
        ({"additionalInstruction": [{"text": "a"}, {"coding": []}, {"text": "b"}]}, "a, b"),
        ({"text": "x", "patientInstruction": "y"}, "x, y"),
    ],
)
def test_words_beside_a_structure_refuse_it_and_are_shown_with_it(elements: Json, words: str) -> None:
    told = explain({**fhir(when=["MORN"]), **elements})
    assert {each["reason"] for each in told["refused"]} == {"text_not_covered"}
    assert {each["path"] for each in told["refused"]} == {f"Dosage.{name}" for name in elements}
    assert told["text"] == f"1 tablet morgen hver dag fra 2. november 2026, {words}"


def test_words_in_place_of_a_structure_are_shown() -> None:
    assert explain({"text": "1 tablet ved behov"})["text"] == "Fritekst: 1 tablet ved behov"
    assert explain(request({"text": "se skema"}))["text"] == "Fritekst: se skema"


def test_dates_after_the_last_one_are_not_told_as_if_they_were_given() -> None:
    taper = [day(n, dose("Morning", 6 - n)) for n in range(1, 6)]
    told = explain(fmk(structure(*taper, every=0, endDate="2026-11-03")))
    assert told["text"] == "5 tabletter morgen den 2. november 2026; 4 tabletter morgen den 3. november 2026"
    assert len(told["doses"]) == 2
    long = explain(fmk(structure(day(1, dose("Noon")), every=30, endDate="2026-11-05")))
    assert long["text"] == "1 tablet middag den 2. november 2026"
    none = explain(fmk(structure(day(9, dose("Noon")), every=0, endDate="2026-11-05")))
    assert none["text"] == "ingen medicin fra 2. november 2026 til og med 5. november 2026"


def test_an_empty_period_says_that_nothing_is_given() -> None:
    told = explain(fmk(structure()))
    assert (told["kind"], told["automatic"], told["daily_dose"]) == ("none", True, None)
    assert told["text"] == "ingen medicin fra 2. november 2026"


# --- 1.6.0: each period says all that holds in it -----------------------------------------------------------


def test_a_period_of_one_kind_between_two_of_the_other_leaves_no_gap() -> None:
    paper = xml_160(
        period_160(ONE_160, 3), period_160(UNLIMITED, 2, kind="PRN"), period_160(ONE_160, every=2)
    )
    told = explain(paper, last=date(2026, 11, 9))
    assert told["automatic"], told["refused"]
    assert told["kind"] == "mixed"
    assert [each["at"][8:10] for each in told["doses"]] == ["02", "03", "04", "07", "09"]


def test_what_triggers_as_needed_medicine_is_what_it_is_for() -> None:
    assert explain(trigger(period_160(UNLIMITED, kind="PRN")))["text"].endswith(", ved smerter")


# --- as needed ----------------------------------------------------------------------------------------


def limit_of(paper: object) -> tuple[int, Limit | None]:
    (period,) = read(paper).dosage.periods
    return period.days[0].number, period.limit


def test_once_in_two_days_as_needed_is_on_any_of_them_and_a_weekday_is_that_day() -> None:
    every_other = needed(
        timing={"repeat": {"boundsPeriod": START, "frequency": 1, "period": 2, "periodUnit": "d"}}
    )
    assert limit_of(every_other) == (ANY_DAY, Limit(times=1, period_h=48, times_per_period=1))
    fridays = needed(timing={"repeat": {"boundsPeriod": START, "dayOfWeek": ["fri"]}})
    assert limit_of(fridays) == (5, Limit(times=1, period_h=168, times_per_period=1))
    any_day = xml_146(needed_146(structure_146(day_146(0, dose_146()), every=0)))
    assert limit_of(any_day) == (ANY_DAY, None)


def test_how_often_as_needed_needs_no_start_but_a_code_keeps_its_number() -> None:
    weekly = {"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}}
    assert limit_of(needed(timing=weekly)) == (ANY_DAY, Limit(times=3, period_h=168, times_per_period=3))
    fridays = needed(timing={"repeat": {"dayOfWeek": ["fri"]}})
    assert explain(fridays)["text"].startswith("1 tablet efter behov hver fredag")
    assert explain(request(fridays))["automatic"]
    thrice = {"coding": [{"system": GTS, "code": "TID"}]}
    bounded = needed(timing={"code": thrice, "repeat": {"boundsPeriod": START}})
    assert limit_of(bounded)[1] == Limit(times=3)


@pytest.mark.parametrize("name", ["route", "site", "method", "additionalInstruction", "maxDosePerLifetime"])
def test_any_element_of_a_dosage_says_that_it_is_one(name: str) -> None:
    told = explain({name: {}})
    assert [each["reason"] for each in told["refused"]] not in ([], ["format_unknown"])


@pytest.mark.parametrize(
    "denominator",
    [
        {"value": 24, "unit": "timer", "system": UCUM, "code": "h"},
        {"value": 24, "system": UCUM, "code": "h"},
        {"value": 1, "unit": "døgn"},
        {"value": 1, "unit": "dag", "system": UCUM, "code": "d"},
    ],
)
def test_a_most_in_a_day_is_read_from_its_code_or_its_word(denominator: Json) -> None:
    most = {"numerator": {"value": 4, "unit": "tablet"}, "denominator": denominator}
    assert limit_of(needed(maxDosePerPeriod=most))[1] == Limit(per_day=read(fhir(4, when=["MORN"])).dosage
        .periods[0].days[0].intakes[0].quantity)  # fmt: skip


def test_what_it_is_for_is_said_by_its_code_where_there_is_no_text() -> None:
    coding = [{"system": SNOMED, "code": "22253000", "display": "smerter"}]
    paper = {"asNeededCodeableConcept": {"coding": coding}, "doseAndRate": fhir()["doseAndRate"]}
    assert explain(paper)["text"] == "1 tablet efter behov, ved smerter"


def test_two_as_needed_that_follow_each_other_are_read() -> None:
    first = needed(timing={"repeat": {"boundsPeriod": {**START, "end": "2026-11-04"}}})
    then = needed(timing={"repeat": {"boundsPeriod": {"start": "2026-11-05"}}})
    assert explain(request(first, then))["automatic"]


def test_a_clock_time_and_a_part_of_the_day_may_stand_beside_each_other_in_fmk() -> None:
    told = explain(fmk(structure(day(1, dose("Morning"), at(9)))), last=date(2026, 11, 2))
    assert [(each["at"][11:16], each["slot"]) for each in told["doses"]] == [
        ("08:00", "morning"),
        ("09:00", None),
    ]


# --- more parts than anybody needs ------------------------------------------------------------------------

CROWDS: dict[str, Any] = {
    "medicines": request(fhir(when=["MORN"]), contained=[{}] * 40_000),
    "amounts": {**fhir(when=["MORN"]), "doseAndRate": [{}] * 40_000},
    "numbers in a list of words": {"repeat": {"when": [1.5] * 40_000}},
    "times": fhir(timeOfDay=["08:00:00"] * 15_000),
    "names": {"structures": {f"k{n}": 1 for n in range(15_000)}},
    "extensions": request(fhir(when=["MORN"]), extension=[{}] * 40_000),
}


@pytest.mark.parametrize("name", CROWDS)
def test_a_crowd_of_parts_is_counted_and_never_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> object:
        raise AssertionError("parsed")

    paper = raw(CROWDS[name])
    assert len(paper) < BYTES_MAX
    monkeypatch.setattr(json, "loads", never)
    assert [each.reason for each in read(paper).refused] == [Reason.TOO_DEEP]


def test_a_year_of_unequal_days_is_no_crowd() -> None:
    days = [day(n, dose("Morning", n), dose("Noon", n, minimalDoseQuantity=None)) for n in range(1, 251)]
    assert explain(fmk(structure(*days, every=365)))["automatic"]


def test_too_many_periods_of_160_are_counted_before_they_are_read() -> None:
    told = explain(xml_160(*[period_160("<Nonsense/>", 1)] * 21))
    assert [(each["reason"], each["path"]) for each in told["refused"]] == [("too_many", "Dosage")]


def test_several_medicines_in_one_order_are_none() -> None:
    one = {"resourceType": "Medication", "id": "m", "code": {"text": "x"}}
    told = explain(contained() | {"contained": [one, {**one, "id": "n"}]})
    assert [(each["reason"], each["path"]) for each in told["refused"]] == [
        ("medication_unresolved", "MedicationRequest.contained")
    ]


# --- numbers that no sender writes and an attacker does -----------------------------------------------------

NUMBERS = [
    *(
        "1E+999999999",
        "-1E+999999999",
        "1E-999999999",
        "1E-400",
        "0",
        "-0",
        "-0.0",
        "-1",
        "1.0",
        "1.5",
        "1e1",
    ),
    *("1E+5", "99999999999999999999999", "366", "8760", "1e-9", "10001", "745", "true", "[]", "{}"),
]

PAPERS: list[Json] = [
    fhir(2, frequency=2, period=1, periodUnit="d", timeOfDay=["08:00:00", "20:00:00"], count=5),
    fhir(boundsPeriod={"start": "2026-11-02T06:00:00+01:00"}, frequency=1, period=8, periodUnit="h", count=9),
    fhir(dayOfWeek=["mon"], frequency=1, period=2, periodUnit="wk"),
    needed(
        timing={"repeat": {"boundsPeriod": START, "frequency": 1, "period": 4, "periodUnit": "h"}},
        maxDosePerPeriod={
            "numerator": {"value": 4, "unit": "tablet"},
            "denominator": {"value": 24, "unit": "h"},
        },
    ),
    needed(timing={"repeat": {"boundsPeriod": START, "frequency": 3, "period": 2, "periodUnit": "d"}}),
    fmk(structure(day(1, dose("Morning"), at(8, 30)), day(2, dose("Plain", needed=True)), every=3)),
    {"repeat": {"boundsPeriod": START, "frequency": 2, "period": 1, "periodUnit": "d", "count": 3}},
]


def with_each_number(paper: Any, token: str) -> list[bytes]:
    """The paper as often as it has numbers, each time with another one replaced."""
    found, marked = [], json.dumps(paper)
    for number in re.finditer(r"(?<=: )-?[0-9.]+(?=[,}])", marked):
        found.append((marked[: number.start()] + token + marked[number.end() :]).encode())
    assert found
    return found


@pytest.mark.parametrize("token", NUMBERS)
def test_no_number_anywhere_crashes_the_reader(token: str) -> None:
    for paper in PAPERS:
        for spoilt in with_each_number(paper, token):
            told = explain(spoilt)
            assert told["automatic"] == (told["refused"] == [])
            assert told["automatic"] or told["doses"] == []
