"""Advice about modes, pauses, and the list of critical medicine."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.advice_parts import Advice, advice

_STILL_OFFERED = (
    "Giv intet i hånden: robotten tilbyder den stadig.",
    "Give nothing by hand: the robot still offers it.",
)

REGIME_ADVICE: Mapping[str, Advice] = {
    "dose_due": advice(
        (
            "Det er tid til dosis. Robotten er tavs hos denne borger; personalet minder.",
            "A dose is due. The robot is silent for this resident; staff remind.",
        ),
        ("Er borgeren hjemme og klar?", "Is the resident at home and ready?"),
        (
            "Mind om dosis, og hjælp med at trykke. Den lukker af sig selv, når dosis er hentet.",
            "Remind them and help with the press. This clears by itself once it is retrieved.",
        ),
        _STILL_OFFERED,
    ),
    "not_witnessed": advice(
        (
            "Robotten har givet dosis, og ingen har sagt, at de så borgeren tage imod.",
            "The robot handed the dose out, and nobody has said that they saw it taken.",
        ),
        ("Hvem var der? Ring til borgeren.", "Who was there? Call the resident."),
        (
            "Så du det, så skriv det med d. Ellers luk den med det, du fandt ud af.",
            "If you saw it, record it with d. Otherwise close this with what you found.",
        ),
        ("Giv ikke en ny dosis.", "Do not give another dose."),
    ),
    "mode_review": advice(
        (
            "Borgerens tilstand er begrænset, og det er tid til at se på den igen.",
            "This resident's mode is restrictive, and its review is due.",
        ),
        ("Hvordan er det gået siden sidst?", "How have things gone since?"),
        (
            "I hjemmet: `dispenserd resident mode` med ny dato, eller normal. Lukkes den, spørges igen.",
            "In the home: `dispenserd resident mode` with a new date, or normal. Closed, it asks again.",
        ),
        ("Løsn ikke uden at have talt med borgeren.", "Do not loosen it before you saw the resident."),
    ),
    "pause_review": advice(
        (
            "Medicinen er sat på pause uden slutdato. Der ses på det hver dag.",
            "The medicine is paused with an open end, which is reviewed every day.",
        ),
        ("Er borgeren stadig væk? Ring til afdelingen.", "Is the resident still away? Call the ward."),
        (
            "Stadig væk: luk den; der spørges igen i morgen. Hjemme: sygeplejersken afstemmer og genoptager.",
            "Still away: close this, and it asks again tomorrow. Back: a nurse reconciles and resumes.",
        ),
        ("Genoptag ikke uden afstemt medicinkort.", "Do not resume before the card was reconciled."),
    ),
    "pause_over": advice(
        ("Pausen skulle være slut, og robotten giver intet.", "The pause is past its end; nothing is given."),
        ("Er borgeren hjemme?", "Is the resident back?"),
        (
            "Hjemme: en sygeplejerske afstemmer og genoptager. Ellers forlæng pausen.",
            "Back: a nurse reconciles and resumes. Otherwise prolong the pause.",
        ),
        ("Genoptag ikke uden afstemt medicinkort.", "Do not resume before the card was reconciled."),
    ),
    "paused_action": advice(
        (
            "Nogen trykkede på robotten, og borgeren er sat på pause. Intet er givet.",
            "Somebody pressed at the robot while the resident is paused. Nothing was given.",
        ),
        ("Ring til hjemmet: er borgeren kommet hjem?", "Call the home: is the resident back?"),
        (
            "Hjemme: en sygeplejerske afstemmer og genoptager. Ellers find ud af, hvem det var.",
            "Back: a nurse reconciles and resumes. Otherwise find out who it was.",
        ),
        (
            "Giv intet i hånden, før du ved, hvad hospitalet har givet.",
            "Give nothing by hand before you know what the hospital gave.",
        ),
    ),
    "list_refused": advice(
        (
            "Listen over kritisk og kontrolleret medicin er ændret forkert. Den gamle gælder.",
            "The list of critical and controlled medicine was changed wrongly; the old one holds.",
        ),
        ("Hvem har ændret den, og hvorfor?", "Who changed it, and why?"),
        (
            "Ring til administratoren: ny version, og to personers navne.",
            "Call the administrator: a higher version, and the names of two persons.",
        ),
        ("Regn ikke med, at ændringen gælder.", "Do not rely on the change."),
    ),
    "clock_times_refused": advice(
        (
            "Klokkeslættene for morgen, middag, aften og nat er ændret forkert. De gamle gælder.",
            "The clock times of morning, noon, evening and night were changed wrongly; the old ones hold.",
        ),
        ("Hvem har ændret dem, og hvorfor?", "Who changed them, and why?"),
        (
            "Ring til administratoren: ny version, og to personers navne.",
            "Call the administrator: a higher version, and the names of two persons.",
        ),
        ("Regn ikke med, at ændringen gælder.", "Do not rely on the change."),
    ),
    "dose_blocked/suspended": advice(
        (
            "Robotten giver ikke denne borger noget; personalet giver hver dosis.",
            "The robot is suspended for this resident; staff give each dose.",
        ),
        ("Er det tid til dosis, og hvem kører?", "Is it due, and who goes there?"),
        (
            "Tag den, vent på hjemmets bekræftelse, og giv dosis i hånden.",
            "Take this, wait for the home's confirmation, and give the dose by hand.",
        ),
        ("Giv intet, før hjemmet har bekræftet.", "Give nothing before the home has confirmed."),
    ),
    "dose_blocked/personal_action": advice(
        (
            "Nogen trykkede efter kontrolleret medicin uden kort eller kode. Intet er givet.",
            "Somebody pressed for controlled medicine without a tag or a code. Nothing was given.",
        ),
        ("Ring til borgeren: var det dem selv?", "Call the resident: was it they?"),
        (
            "Bed dem bruge kort eller kode. Kan de ikke: tag den, og giv i hånden.",
            "Have them use their tag or code. If they can't: take this and give by hand.",
        ),
        ("Giv den ikke til andre end borgeren selv.", "Give it to nobody but the resident."),
    ),
    "dose_blocked/card_too_old": advice(
        (
            "Medicinkortet er for gammelt til kontrolleret medicin. Resten gives som før.",
            "The card is too old for controlled medicine. The rest is given as ever.",
        ),
        ("Gælder dosis stadig? Se medicinkortet.", "Is the dose still in force? See the medicine card."),
        (
            "Få forbindelsen til fagsystemet i orden. Haster det: tag den, og giv i hånden.",
            "Have the care record reachable again. If it is urgent: take this and give by hand.",
        ),
        ("Giv den ikke uden at have set kortet.", "Do not give it without having seen the card."),
    ),
}
