"""Why a medicine card was refused, as half a sentence (docs/fagsystem.md explains each code)."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.language import Said

CARD_DETAILS: Mapping[str, Said] = {
    # the file
    "file_unreadable": Said("filen kan ikke læses", "the file can't be read"),
    "too_large": Said("kortet er for stort", "the card is too large"),
    "json_broken": Said("filen er i stykker", "the file is broken"),
    "duplicate_key": Said("et felt står to gange", "a field stands twice"),
    "null_value": Said("et felt er tomt", "a field is empty"),
    "not_a_number": Said("et tal er intet tal", "a number is none"),
    "unknown_element": Said("kortet har et ukendt felt", "an unknown field"),
    "modifier_element": Said("kortet har et ukendt forbehold", "an unknown modifier"),
    "missing_element": Said("et felt mangler", "a field is missing"),
    "wrong_shape": Said("et felt har forkert form", "a field has the wrong shape"),
    "wrong_resource": Said("kortet indeholder noget forkert", "a wrong resource"),
    "version_missing": Said("kortets version mangler", "the card's version is missing"),
    "version_not_integer": Said("kortets version er intet tal", "the card's version is no number"),
    # the person and the card
    "no_patient": Said("kortet nævner ingen borger", "no patient"),
    "several_patients": Said("kortet nævner flere borgere", "several patients"),
    "several_cards": Said("der er flere kort", "several cards"),
    "wrong_person": Said("kortet er en andens", "another person's card"),
    "wrong_subject": Said("en ordination er en andens", "a prescription is another person's"),
    "patient_inactive": Said("borgeren er ikke aktiv", "the patient is inactive"),
    "no_prescriptions": Said("kortet er tomt", "no prescriptions"),
    "older_card": Said("kortet er ældre end det kendte", "older than the known card"),
    "same_version_other_content": Said("samme version, andet indhold", "same version, other content"),
    # a prescription
    "duplicate_prescription": Said("en ordination står to gange", "a prescription stands twice"),
    "duplicate_url": Said("en henvisning står to gange", "a reference stands twice"),
    "status_refused": Said("en ordinations status kan ikke bruges", "a prescription's status"),
    "intent_refused": Said("en ordination er ingen ordre", "a prescription is no order"),
    "do_not_perform": Said("en ordination siger 'giv ikke'", "a prescription says 'do not give'"),
    "medication_unresolved": Said("et lægemiddel mangler på kortet", "a medication is missing"),
    "medication_inactive": Said("et lægemiddel er udgået", "a medication is inactive"),
    "unknown_code_system": Said("en kode er af ukendt slags", "an unknown code system"),
    "drug_code": Said("en lægemiddelkode mangler", "a drug code"),
    "strength": Said("en styrke er uklar", "a strength"),
    # a dosage
    "text_not_covered": Said("dosering i tekst kan ikke bruges", "a dosage in words"),
    "no_structure": Said("dosering uden struktur", "a dosage without structure"),
    "as_needed": Said("medicin efter behov", "as-needed medicine"),
    "range": Said("dosering med fra-til", "a dosage with a range"),
    "rate": Said("dosering med hastighed", "a dosage with a rate"),
    "max_dose": Said("dosering med maksimum", "a dosage with a maximum"),
    "route": Said("en anden vej end gennem munden", "another route"),
    "timing_event": Said("dosering med særlige tidspunkter", "a dosage with events"),
    "timing_code": Said("dosering med en tidskode", "a dosage with a timing code"),
    "start_missing": Said("en startdato mangler", "a start date is missing"),
    "bounds_kind": Said("en periode er uklar", "a period's kind"),
    "bounds_reversed": Said("en periode slutter før den begynder", "a period ends before it starts"),
    "not_a_date": Said("en dato er ingen dato", "a date is none"),
    "count": Said("dosering med antal gange", "a dosage with a count"),
    "duration": Said("dosering med varighed", "a dosage with a duration"),
    "day_of_week": Said("ugedage er uklare", "days of the week"),
    "offset": Said("dosering med forskydning", "a dosage with an offset"),
    "meal_event": Said("dosering efter måltid", "a dosage by meals"),
    "day_part_unknown": Said("ukendt tid på dagen", "an unknown part of the day"),
    "when_and_time": Said("både dagstid og klokkeslæt", "part of day and clock time"),
    "no_times": Said("tidspunkter mangler", "no times"),
    "time_of_day": Said("et klokkeslæt er uklart", "a time of day"),
    "frequency_mismatch": Said("antal og tidspunkter passer ikke", "frequency and times differ"),
    "period": Said("en periode kan ikke bruges", "a period"),
    "quantity": Said("en mængde er uklar", "a quantity"),
    "unit_unknown": Said("en enhed er ukendt", "an unknown unit"),
    "unit_mismatch": Said("enheder passer ikke sammen", "units differ"),
    "contradictory_dosage": Said("doseringer modsiger hinanden", "dosages contradict each other"),
}
