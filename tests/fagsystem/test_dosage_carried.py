"""An order that carries FMK's own dosage, beside FHIR's or in its place."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from dispenserd.fagsystem.agreement import agree
from dispenserd.fagsystem.order import FMK_DOSAGE
from dispenserd.fagsystem.reasons import Reason
from scheduler.dosage import Day, DayPart, Dosage, Intake, Limit, Period
from scheduler.plan import RefusedPrescription
from scheduler.timing import intakes_on
from tests.fagsystem.test_dosage_encodings import Written, in_146, in_160, in_json, written
from tests.fagsystem.test_fagsystem_mapping import REQUEST, Change, accepted, drop, put
from tests.support.dosage_papers import (
    Json,
    day,
    day_146,
    dose,
    dose_146,
    explain,
    fhir,
    fixed_146,
    fmk,
    request,
    structure,
    structure_146,
    xml_146,
)

VALUE = "MedicationRequest.extension[0].valueString"
BOTH = fmk(structure(day(1, dose("Morning", 2), dose("Evening", 2))))
CYCLE = fmk(structure(day(1, dose("Morning")), day(2, dose("Evening", 2)), every=3))


def text(paper: object) -> str:
    return paper.decode() if isinstance(paper, bytes) else json.dumps(paper)


def extension(paper: object, **more: Any) -> list[Json]:
    return [{"url": FMK_DOSAGE, "valueString": text(paper), **more}]


def carrying(paper: object, *dosages: object) -> Json:
    return request(*dosages, extension=extension(paper))


def reasons(paper: object) -> list[tuple[str, str]]:
    return [(each["reason"], each["path"]) for each in explain(paper)["refused"]]


# --- in its place ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(one=written())
def test_an_order_that_carries_it_is_explained_as_it_is_alone(one: Written) -> None:
    first, last = one.start - timedelta(2), one.start + timedelta(60)
    for paper in (in_json(one), in_146(one), in_160(one)):
        assert explain(carrying(paper), first, last) == explain(paper, first, last)


def test_a_fault_in_it_says_where_it_is() -> None:
    lost = fmk(structure(day(1, dose("Morning")), supplText="hvis svimmel"))
    assert reasons(carrying(lost)) == [
        ("text_not_covered", f"{VALUE}.structures.structures[0].supplText"),
    ]
    assert reasons(carrying(b"<Dosage")) == [("xml_broken", VALUE)]
    assert reasons(carrying({"freeText": "x"})) == [("free_text", f"{VALUE}.freeText")]
    assert reasons(carrying(fhir(when=["MORN"]))) == [("format_unknown", VALUE)]


@pytest.mark.parametrize(
    ("some", "reason", "path"),
    [
        ([{"url": "urn:x", "valueString": "{}"}], "unknown_element", "extension[0]"),
        (extension(BOTH, id="x"), "unknown_element", "extension[0]"),
        (extension(BOTH, modifierExtension=[]), "modifier_element", "extension[0].modifierExtension"),
        ([{"url": FMK_DOSAGE, "valueString": 1}], "wrong_shape", "extension[0].valueString"),
        (extension(BOTH) + extension(BOTH), "contradictory_dosage", "extension[1]"),
        (["x"], "unknown_element", "extension[0]"),
    ],
)
def test_any_other_extension_is_refused(some: list[Any], reason: str, path: str) -> None:
    assert reasons(request(fhir(when=["MORN"]), extension=some)) == [(reason, f"MedicationRequest.{path}")]


# --- beside FHIR's ----------------------------------------------------------------------------------------


MORNINGS = fhir(1, when=["MORN"], frequency=1, period=3, periodUnit="d")
EVENINGS = fhir(2, boundsPeriod={"start": "2026-11-03"}, when=["EVE"], frequency=1, period=3, periodUnit="d")


def test_a_cycle_of_unequal_days_agrees_with_one_instruction_a_day() -> None:
    told = explain(carrying(CYCLE, MORNINGS, EVENINGS))
    assert told["automatic"], told["refused"]
    assert told["doses"] == explain(CYCLE)["doses"]


@pytest.mark.parametrize(
    "dosages",
    [
        [MORNINGS],
        [MORNINGS, {**EVENINGS, "doseAndRate": fhir(1)["doseAndRate"]}],
        [fhir(1, when=["MORN"], frequency=1, period=4, periodUnit="d"), EVENINGS],
        [
            MORNINGS,
            fhir(2, boundsPeriod={"start": "2026-11-03", "end": "2031-01-01"}, when=["EVE"], frequency=1,
                period=3, periodUnit="d"),
        ],
        [{**MORNINGS, "asNeededBoolean": True}, EVENINGS],
        [fhir(1, "ml", when=["MORN"], frequency=1, period=3, periodUnit="d")],
    ],
)  # fmt: skip
def test_where_both_are_there_and_disagree_nothing_is_given(dosages: list[Json]) -> None:
    told = explain(carrying(CYCLE, *dosages))
    assert [(each["reason"], each["path"]) for each in told["refused"]] == [("contradictory_dosage", VALUE)]
    assert (told["automatic"], told["doses"]) == (False, [])


def test_one_that_is_refused_takes_the_other_with_it() -> None:
    told = explain(carrying(CYCLE, MORNINGS, {**EVENINGS, "modifierExtension": [{"url": "urn:x"}]}))
    assert [each["reason"] for each in told["refused"]] == ["modifier_element"]
    assert told["doses"] == []


def test_as_needed_agrees_only_with_the_same_days_and_limits() -> None:
    thrice = fmk(structure(day(1, *[dose("Plain", needed=True)] * 3)))
    three = {**fhir(frequency=3, period=1, periodUnit="d"), "asNeededBoolean": True}
    four = {**fhir(frequency=4, period=1, periodUnit="d"), "asNeededBoolean": True}
    assert explain(carrying(thrice, three))["automatic"]
    assert reasons(carrying(thrice, four)) == [("contradictory_dosage", VALUE)]


# --- on a card --------------------------------------------------------------------------------------------


def card(paper: object, *changes: Change) -> Any:
    return accepted(put("request.extension", extension(paper)), *changes)


def test_a_card_may_carry_it_in_place_of_instructions() -> None:
    alone = card(CYCLE, drop("request.dosageInstruction"))
    (one,) = alone.prescriptions
    asked = [sum(each.quantity for each in intakes_on(one.dosage, date(2026, 11, n))) for n in range(2, 9)]
    assert asked == [1, 2, 0, 1, 2, 0, 1]
    assert one.unit == "tablet"


def test_a_card_that_says_it_twice_the_same_is_accepted_and_otherwise_only_this_one_is_refused() -> None:
    assert card(BOTH).prescriptions == accepted().prescriptions
    other = card(CYCLE)
    path = f"{REQUEST}.extension[0].valueString"
    assert (other.prescriptions, other.refused) == (
        (),
        (RefusedPrescription("paracetamol-1", "contradictory_dosage", path, "N02BE01"),),
    )


@pytest.mark.parametrize(
    ("paper", "reason"),
    [
        (b"<a>" + b"x" * 300_000, Reason.TOO_LARGE),
        (fmk(structure(day(1, dose("Morning"))), unit="ml"), Reason.UNIT_MISMATCH),
        (fmk(structure(day(1, dose("Morning"))), unit="kapsler"), Reason.UNIT_MISMATCH),
        (fmk(structure(day(1, dose("Morning", 200)))), Reason.QUANTITY),
        (fmk(structure(day(1, dose("Morning", 0.0625)))), Reason.QUANTITY),
        (xml_146(fixed_146(structure_146(day_146(1, dose_146("noon")), text="x"))), Reason.TEXT_NOT_COVERED),
    ],
)
def test_what_no_sachet_of_this_medicine_holds_is_refused(paper: object, reason: Reason) -> None:
    offer = card(paper, drop("request.dosageInstruction"))
    assert [each.reason for each in offer.refused] == [reason.value]


# --- agreement, beside a walk over the dates ----------------------------------------------------------------


def walked(dosage: Dosage, first: date, days: int) -> list[dict[object, Decimal]]:
    found = []
    for n in range(days):
        sums: dict[object, Decimal] = {}
        for each in intakes_on(dosage, first + timedelta(n)):
            sums[each.part, each.clock] = sums.get((each.part, each.clock), Decimal(0)) + each.quantity
        found.append(sums)
    return found


def some_dosage(chance: random.Random) -> Dosage:
    periods = []
    for _ in range(chance.randint(1, 3)):
        first = date(2026, 11, chance.randint(1, 9))
        last = None if chance.random() < 0.6 else first + timedelta(chance.randint(0, 12))
        every = chance.choice([0, 1, 1, 2, 3])
        intake = Intake(Decimal(chance.randint(1, 2)), chance.choice([DayPart.MORNING, DayPart.NOON]))
        periods.append(Period(first, last, every, (Day(chance.randint(1, every or 3), (intake,)),)))
    return Dosage("tablet", tuple(periods))


def test_two_dosages_agree_when_no_date_of_a_long_walk_differs() -> None:
    chance, same = random.Random(11), 0
    some = [some_dosage(chance) for _ in range(120)]
    for one in some:
        for other in some:
            alike = walked(one, date(2026, 10, 30), 70) == walked(other, date(2026, 10, 30), 70)
            assert agree(one, other) is alike
            same += alike
    assert same > len(some) + 10, "some that are not the same object agree"


def test_what_only_differs_years_later_does_not_agree() -> None:
    daily: Callable[[date | None], Dosage] = lambda last: Dosage(  # noqa: E731
        "tablet",
        (Period(date(2026, 1, 1), last, 1, (Day(1, (Intake(Decimal(1), DayPart.NOON),)),)),),
    )
    assert agree(daily(date(2110, 1, 1)), daily(date(2110, 1, 1)))
    assert not agree(daily(date(2110, 1, 1)), daily(date(2110, 1, 2)))
    assert not agree(daily(None), daily(date(2110, 1, 1)))


def test_what_takes_too_long_to_compare_does_not_agree() -> None:
    rounds = (362, 363, 364, 365)
    wild = Dosage(
        "tablet",
        tuple(
            Period(date(2026, 1, 1), None, every, (Day(1, (Intake(Decimal(1), DayPart.NOON),)),))
            for every in rounds
        ),
    )
    assert not agree(wild, wild)


def test_units_agree_by_what_a_sachet_calls_them() -> None:
    assert agree(Dosage("kapsel", ()), Dosage("capsule", ()))
    assert not agree(Dosage("tablet", ()), Dosage("capsule", ()))


def test_the_reason_as_needed_is_part_of_what_must_agree() -> None:
    free = Period(date(2026, 1, 1), None, 0, (Day(0, (Intake(Decimal(1), as_needed=True),)),), Limit(times=2))
    for limit in (None, Limit(times=3), Limit(times=2, reason="smerter")):
        other = Period(free.first, None, 0, free.days, limit)
        assert not agree(Dosage("tablet", (free,)), Dosage("tablet", (other,)))
