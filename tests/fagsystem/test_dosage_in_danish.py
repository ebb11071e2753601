"""A dosage in words that a nurse would use."""

from __future__ import annotations

import pytest

from tests.support.dosage_papers import at, code, day, dose, explain, fhir, fmk, request, structure

NOVEMBER = "fra 2. november 2026"


@pytest.mark.parametrize(
    ("paper", "text"),
    [
        (fhir(when=["MORN", "EVE"]), f"1 tablet morgen og aften hver dag {NOVEMBER}"),
        (fhir(0.5, when=["NIGHT"]), f"0,5 tablet nat hver dag {NOVEMBER}"),
        (fhir(1.5, when=["NOON"]), f"1,5 tabletter middag hver dag {NOVEMBER}"),
        (fhir(2, "capsule", when=["MORN"]), f"2 kapsler morgen hver dag {NOVEMBER}"),
        (fhir(20, "dråber", when=["MORN"]), f"20 dråber morgen hver dag {NOVEMBER}"),
        (fhir(timeOfDay=["08:00:00", "20:30:00"]), f"1 tablet kl. 08.00 og kl. 20.30 hver dag {NOVEMBER}"),
        (
            fhir(boundsPeriod={"start": "2026-11-02", "end": "2026-12-01"}, when=["MORN"]),
            f"1 tablet morgen hver dag {NOVEMBER} til og med 1. december 2026",
        ),
        (
            fhir(boundsPeriod={"start": "2026-11-02", "end": "2026-11-02"}, when=["MORN"]),
            "1 tablet morgen den 2. november 2026",
        ),
        (fhir(frequency=3, period=1, periodUnit="d"), f"1 tablet 3 gange dagligt {NOVEMBER}"),
        (fhir(frequency=1, period=3, periodUnit="d"), f"1 tablet 1 gang hver 3. dag {NOVEMBER}"),
        (
            fhir(when=["MORN"], frequency=1, period=3, periodUnit="d"),
            f"1 tablet morgen hver 3. dag {NOVEMBER}",
        ),
        (
            fhir(when=["MORN"], dayOfWeek=["fri", "mon", "wed"]),
            f"1 tablet morgen hver mandag, onsdag og fredag {NOVEMBER}",
        ),
        (
            fhir(when=["MORN"], dayOfWeek=["mon"], period=2, periodUnit="wk"),
            f"1 tablet morgen mandag hver 2. uge {NOVEMBER}",
        ),
        (
            fmk(structure(*(day(n, dose("Morning")) for n in range(1, 22)), every=28)),
            f"1 tablet morgen dag 1-21 i en cyklus på 28 dage {NOVEMBER}",
        ),
        (
            fmk(structure(day(1, dose("Morning")), day(2, dose("Morning", 2)), every=2)),
            f"i en cyklus på 2 dage {NOVEMBER}: dag 1: 1 tablet morgen; dag 2: 2 tabletter morgen",
        ),
        (
            fmk(structure(day(1, dose("Morning"), dose("Evening", 2), at(23)))),
            f"1 tablet morgen, 2 tabletter aften og 1 tablet kl. 23.00 hver dag {NOVEMBER}",
        ),
        (
            fmk(structure(day(1, dose("Morning")), day(3, dose("Morning")), every=0)),
            "1 tablet morgen den 2. november 2026; 1 tablet morgen den 4. november 2026",
        ),
        (
            fmk(
                structure(day(1, dose("Noon")), endDate="2026-11-05"), structure(every=0, start="2026-11-06")
            ),
            f"1 tablet middag hver dag {NOVEMBER} til og med 5. november 2026; "
            "ingen medicin fra 6. november 2026",
        ),
        (
            fmk(structure(day(1, dose("Noon", None, minimalDoseQuantity=1, maximalDoseQuantity=2)))),  # type: ignore[arg-type]
            f"1-2 tabletter middag hver dag {NOVEMBER}",
        ),
        (
            fmk({**structure(day(1, dose("Noon"))), "supplText": "ved måltid"}),
            f"1 tablet middag hver dag {NOVEMBER}, ved måltid",
        ),
        ({"freeText": {"text": "1 tablet\nved behov\x1b[2J"}}, "Fritekst: 1 tablet ved behov [2J"),
        ({"administrationAccordingToSchema": {}}, "Efter skema i et lokalt system"),
        (code("TID"), f"1 dosis 3 gange dagligt {NOVEMBER}"),
        (
            request(fhir(when=["MORN"]), {"asNeededBoolean": True, "doseAndRate": fhir(2)["doseAndRate"]}),
            f"1 tablet morgen hver dag {NOVEMBER}; 2 tabletter efter behov",
        ),
        (fhir(when=["ACM"]), "Doseringen kan ikke læses"),
    ],
)
def test_a_dosage_is_told_as_a_nurse_would(paper: object, text: str) -> None:
    assert explain(paper)["text"] == text
