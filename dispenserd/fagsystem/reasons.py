"""Why something from the fagsystem is refused: every code there is, and what it says to people.

The one list. docs/dosage.md is made from it, `dispenserd dosage explain` prints its Danish, a journal and an
incident carry the code alone. A code is never given another meaning and never used again. A sentence names
what is wrong with the paper, never a value from it: values are health data.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A stable code with its sentence in Danish and in English."""

    danish: str
    english: str

    def __new__(cls, code: str, danish: str, english: str) -> Reason:
        made = str.__new__(cls, code)
        made._value_ = code
        made.danish = danish
        made.english = english
        return made

    # --- the file ---
    FILE_UNREADABLE = "file_unreadable", "Filen kan ikke læses.", "The file can't be read."
    TOO_LARGE = "too_large", "Filen er for stor.", "The file is too large."
    JSON_BROKEN = "json_broken", "Filen er ikke gyldig JSON i UTF-8.", "The file is no valid JSON in UTF-8."
    XML_BROKEN = "xml_broken", "Filen er ikke gyldig XML.", "The file is no valid XML."
    XML_DECLARATIONS = (
        "xml_declarations",
        "Filen indeholder en DTD eller entiteter; dem læser vi aldrig.",
        "The file holds a DTD or entities, which we never read.",
    )
    TOO_DEEP = "too_deep", "Filen har alt for mange niveauer eller dele.", "The file has far too many parts."
    FORMAT_UNKNOWN = (
        "format_unknown",
        "Filen er hverken en FHIR-dosering eller en FMK-dosering.",
        "The file is neither a FHIR dosage nor an FMK dosage.",
    )
    DUPLICATE_KEY = "duplicate_key", "Samme nøgle står to gange.", "A key appears twice."
    NULL_VALUE = "null_value", "Der er en tom værdi (null).", "There is an empty value (null)."
    NOT_A_NUMBER = "not_a_number", "Der er NaN eller uendelig.", "There is NaN or infinity."
    UNKNOWN_ELEMENT = (
        "unknown_element",
        "Der er et element, vi ikke kender; det kan ændre betydningen.",
        "There is an element we don't know; it may change the meaning.",
    )
    MODIFIER_ELEMENT = (
        "modifier_element",
        "Der er et element, der kan vende betydningen om.",
        "There is an element that may turn the meaning around.",
    )
    MISSING_ELEMENT = "missing_element", "Et påkrævet element mangler.", "A required element is missing."
    WRONG_SHAPE = (
        "wrong_shape",
        "Et element har forkert type eller værdi.",
        "An element has the wrong type or value.",
    )
    # --- the card ---
    WRONG_RESOURCE = (
        "wrong_resource",
        "Der er en ressource, som ikke hører til i et kort.",
        "There is a resource that doesn't belong in a card.",
    )
    VERSION_MISSING = "version_missing", "Kortets version mangler.", "The card's version is missing."
    VERSION_NOT_INTEGER = (
        "version_not_integer",
        "Kortets version er ikke et helt tal.",
        "The card's version is no whole number.",
    )
    NO_PATIENT = "no_patient", "Der er ingen borger i kortet.", "There is no patient in the card."
    SEVERAL_PATIENTS = "several_patients", "Der er flere borgere i kortet.", "The card has several patients."
    SEVERAL_CARDS = "several_cards", "Der er et kort inde i kortet.", "There is a card inside the card."
    WRONG_PERSON = "wrong_person", "Kortet er ikke denne borgers.", "The card is not this resident's."
    PATIENT_INACTIVE = (
        "patient_inactive",
        "Borgeren er markeret som inaktiv eller død.",
        "The patient is marked as inactive or dead.",
    )
    NO_PRESCRIPTIONS = (
        "no_prescriptions",
        "Kortet har ingen ordinationer; det sletter ikke planen.",
        "The card has no prescriptions; that erases no plan.",
    )
    TOO_MANY = "too_many", "Der er flere, end vi tager imod.", "There are more than we accept."
    DUPLICATE_PRESCRIPTION = (
        "duplicate_prescription",
        "To ordinationer har samme id.",
        "Two prescriptions have one id.",
    )
    DUPLICATE_URL = "duplicate_url", "To ressourcer har samme adresse.", "Two resources have one address."
    WRONG_SUBJECT = (
        "wrong_subject",
        "Ordinationen gælder ikke kortets borger.",
        "The prescription is not about the card's patient.",
    )
    OLDER_CARD = (
        "older_card",
        "Kortet er ældre end det gældende.",
        "The card is older than the one in force.",
    )
    SAME_VERSION = (
        "same_version_other_content",
        "Kortet har samme version som det gældende, men andet indhold.",
        "The card has the version of the one in force, and other content.",
    )
    # --- a prescription ---
    STATUS_REFUSED = (
        "status_refused",
        "Ordinationen er ikke aktiv: dens status er en anden, en kladde eller ukendt.",
        "The prescription is not active: its status is another one, a draft or unknown.",
    )
    INTENT_REFUSED = (
        "intent_refused",
        "Ordinationen er ikke en ordre til udlevering.",
        "The prescription's intent authorises nobody to act.",
    )
    DO_NOT_PERFORM = (
        "do_not_perform",
        "Ordinationen siger, at noget ikke må gives.",
        "The prescription says what not to give.",
    )
    MEDICATION_UNRESOLVED = (
        "medication_unresolved",
        "Lægemidlet kan ikke findes i ordinationen.",
        "The medicine is not found in the prescription.",
    )
    MEDICATION_INACTIVE = (
        "medication_inactive",
        "Lægemidlet er ikke i brug.",
        "The medicine is not in use.",
    )
    UNKNOWN_CODE_SYSTEM = "unknown_code_system", "Der er ingen ATC-kode.", "There is no ATC code."
    DRUG_CODE = "drug_code", "ATC-koden er ikke én fuld kode.", "The ATC code is not one full code."
    STRENGTH = "strength", "Styrken mangler eller er uklar.", "The strength is missing or unclear."
    # --- a dosage that is no structure ---
    TEXT_NOT_COVERED = (
        "text_not_covered",
        "Der er en tekst, som ingen maskine kan følge.",
        "There is a text that no machine can follow.",
    )
    FREE_TEXT = (
        "free_text",
        "Doseringen er fritekst; den skal læses af et menneske.",
        "The dosage is free text; a person must read it.",
    )
    LOCAL_SCHEMA = (
        "local_schema",
        "Doseringen følger et skema i et andet system.",
        "The dosage follows a schema in another system.",
    )
    PARAMETER_SCHEMA = (
        "parameter_schema",
        "Mængden afhænger af en måling, som et menneske skal foretage.",
        "The amount depends on a measurement that a person must take.",
    )
    NO_STRUCTURE = "no_structure", "Doseringen er ikke struktureret.", "The dosage has no structure."
    UNSPECIFIED = (
        "unspecified",
        "Perioden siger ikke, hvad der skal gives.",
        "The period doesn't say what to give.",
    )
    EPISODIC = (
        "episodic",
        "Behandlingen begynder ved en hændelse, som en maskine ikke kan se.",
        "The treatment begins with an event that no machine can see.",
    )
    SELF_ADMINISTRATION = (
        "self_administration",
        "Borgeren giver selv medicinen efter aftale med lægen.",
        "The resident gives the medicine without help, as agreed with the doctor.",
    )
    TYPE_DISAGREES = (
        "type_disagrees",
        "Doseringstypen passer ikke med doseringen.",
        "The type of the dosage does not agree with the dosage.",
    )
    AS_NEEDED = (
        "as_needed",
        "Efter behov (PN) er beskrevet på en måde, vi ikke kan overholde.",
        "As needed (PN) is described in a way that we can't keep to.",
    )
    RANGE = "range", "Der står fra-til i stedet for ét tal.", "There is a range instead of one number."
    RATE = "rate", "Der står en hastighed i stedet for en mængde.", "There is a rate instead of an amount."
    MAX_DOSE = (
        "max_dose",
        "Der står en maksimumdosis, som vi ikke kan overholde.",
        "There is a maximum dose that we can't keep to.",
    )
    ROUTE = (
        "route",
        "Der står en indgivelsesvej, et sted eller en metode.",
        "There is a route, a site or a method.",
    )
    # --- when ---
    TIMING_EVENT = (
        "timing_event",
        "Der står enkelte tidspunkter i stedet for et mønster.",
        "There are single instants instead of a pattern.",
    )
    TIMING_CODE = (
        "timing_code",
        "Tidskoden kendes ikke eller passer ikke med resten.",
        "The timing code is not known or does not agree with the rest.",
    )
    START_MISSING = (
        "start_missing",
        "Startdatoen mangler; uden den er der intet at tælle fra.",
        "The start date is missing; without it there is nothing to count from.",
    )
    START_AT_HANDOVER = (
        "start_at_handover",
        "Startdatoen kendes først, når medicinen er udleveret.",
        "The start date is known only once the medicine was handed over.",
    )
    BOUNDS_KIND = "bounds_kind", "Der står en varighed uden datoer.", "There is a length without dates."
    BOUNDS_INSTANT = (
        "bounds_instant",
        "Perioden begynder eller slutter midt på en dag, og doserne har intet klokkeslæt.",
        "The period begins or ends within a day, and the doses have no clock time.",
    )
    BOUNDS_REVERSED = (
        "bounds_reversed",
        "Perioden slutter, før den begynder.",
        "The period ends before it begins.",
    )
    NOT_A_DATE = "not_a_date", "Datoen er ikke en hel, gyldig dato.", "The date is no whole, valid date."
    DATE_FAR = (
        "date_far",
        "Datoen ligger uden for 1900 til 2199.",
        "The date lies outside of 1900 to 2199.",
    )
    PERIODS_OVERLAP = (
        "periods_overlap",
        "To perioder af samme slags gælder på samme dato.",
        "Two periods of one kind are in force on one date.",
    )
    PERIOD_GAP = (
        "period_gap",
        "Der er datoer mellem to perioder, som ingen siger noget om.",
        "There are dates between two periods of which nothing is said.",
    )
    LENGTH_IN_WORDS = (
        "length_in_words",
        "Periodens længde står med ord.",
        "The length of the period is written in words.",
    )
    LENGTH_MISSING = (
        "length_missing",
        "En periode uden længde følges af en anden.",
        "A period without a length is followed by another one.",
    )
    COUNT = (
        "count",
        "Antallet af gange kan ikke blive til en slutdato.",
        "The number of times can't become an end date.",
    )
    DURATION = "duration", "Indgivelsen varer ved.", "The administration lasts."
    DAY_OF_WEEK = (
        "day_of_week",
        "Ugedagene passer ikke med resten af mønsteret.",
        "The weekdays don't agree with the rest of the pattern.",
    )
    WEEK_PHASE = (
        "week_phase",
        "Det fremgår ikke, hvilken uge der er den første.",
        "It does not say which week is the first.",
    )
    WEEK_INTERVAL = (
        "week_interval",
        "Intervallet ved ugedage kan være dage eller uger.",
        "The interval beside weekdays may be days or weeks.",
    )
    OFFSET = "offset", "Der står minutter før eller efter.", "There are minutes before or after."
    MEAL_EVENT = (
        "meal_event",
        "Måltider har intet klokkeslæt her.",
        "Meals have no clock time here.",
    )
    DAY_PART_UNKNOWN = (
        "day_part_unknown",
        "Tidspunktet på dagen kendes ikke.",
        "The part of the day is not known.",
    )
    WHEN_AND_TIME = (
        "when_and_time",
        "Der står både tid på dagen og klokkeslæt.",
        "There are parts of the day and clock times together.",
    )
    NO_TIMES = (
        "no_times",
        "Det fremgår ikke, hvilke dage eller tidspunkter der menes.",
        "It does not say which days or times are meant.",
    )
    TIME_OF_DAY = (
        "time_of_day",
        "Klokkeslættet er ikke et helt minut.",
        "The clock time is no whole minute.",
    )
    TIMES_A_DAY = (
        "times_a_day",
        "Så mange gange i døgnet er der ikke aftalt tidspunkter for.",
        "No times are agreed for so many times a day.",
    )
    PLAIN_UNEQUAL = (
        "plain_unequal",
        "Doser uden tidspunkt er ulige store; rækkefølgen er ukendt.",
        "Doses without a time differ in amount; their order is unknown.",
    )
    PLAIN_BESIDE_TIMES = (
        "plain_beside_times",
        "Nogle af dagens doser har et tidspunkt, andre ikke.",
        "Some doses of the day have a time and others have none.",
    )
    HOURS = (
        "hours",
        "Timerne mellem doserne er ikke hele minutter eller for få.",
        "The hours between doses are no whole minutes, or too few.",
    )
    HOURS_START = (
        "hours_start",
        "Hver n. time kræver et klokkeslæt at tælle fra.",
        "Every n hours needs a clock time to count from.",
    )
    FREQUENCY_MISMATCH = (
        "frequency_mismatch",
        "Antal gange passer ikke med tidspunkterne.",
        "The frequency is not the number of times.",
    )
    PERIOD = (
        "period",
        "Intervallet er ikke 1 til 365 hele dage.",
        "The interval is not 1 to 365 whole days.",
    )
    DAY_NUMBER = (
        "day_number",
        "Dagens nummer ligger uden for intervallet.",
        "The number of the day lies outside of the interval.",
    )
    NO_DATE = (
        "no_date",
        "Fast medicin er ikke knyttet til nogen dag.",
        "Fixed medicine is tied to no day.",
    )
    # --- how much ---
    QUANTITY = (
        "quantity",
        "Mængden er nul, negativ, for stor eller for fin.",
        "The amount is zero, negative, too large or too fine.",
    )
    QUANTITY_MISSING = "quantity_missing", "Mængden mangler.", "The amount is missing."
    UNIT_UNKNOWN = (
        "unit_unknown",
        "Enheden mangler, eller vi kender den ikke.",
        "The unit is missing, or we don't know it.",
    )
    UNIT_MISMATCH = (
        "unit_mismatch",
        "Enheden er en anden end lægemidlets eller de andre dosers.",
        "The unit is not that of the medicine or of the other doses.",
    )
    CONTRADICTORY_DOSAGE = (
        "contradictory_dosage",
        "Doseringer modsiger hinanden.",
        "Dosages contradict each other.",
    )


class Refused(Exception):
    """What is read is refused, wholly or in this part. `path` names elements, never values."""

    def __init__(self, reason: Reason, path: str) -> None:
        super().__init__(f"{reason.value} at {path}")
        self.reason = reason
        self.path = path
