"""Advice about what the fagsystem says, and does not say: medicine that others gave, a card that changed or
lacks something."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.advice_parts import Advice, advice

ELSEWHERE_ADVICE: Mapping[str, Advice] = {
    "dose_blocked/no_sachet": advice(
        (
            "Rullen har ingen pose til denne dosis: den kom på kortet efter pakningen.",
            "The roll has no sachet for this dose: it came onto the card after packing.",
        ),
        ("Hvad er det? Se medicinkortet.", "What is it? See the medicine card."),
        (
            "Tag den, og giv fra egen beholdning, når hjemmet har bekræftet. Bestil en ny rulle.",
            "Take this, and give from stock once the home has confirmed. Order a new roll.",
        ),
        (
            "Kassér ingen pose: den i robotten er en anden dosis, som robotten selv giver.",
            "Discard no sachet: the one in the robot is another dose, which the robot gives.",
        ),
    ),
    "plan_refused/prescription_missing": advice(
        (
            "En ordination står ikke på det nye kort, og ingen har afsluttet den. Den gives stadig.",
            "A prescription is not on the new card, and nobody has ended it. It is still given.",
        ),
        ("Skal borgeren have den endnu? Se medicinkortet.", "Is it still due? See the medicine card."),
        (
            "Ring til sygeplejersken: den skal afsluttes på kortet, eller stå der igen.",
            "Call the nurse: it must be ended on the card, or stand there again.",
        ),
        (
            "Erstatter en anden den, gives kun den nye.",
            "Where another one takes its place, only the new one is given.",
        ),
    ),
    "plan_refused/all_prescriptions_missing": advice(
        (
            "Det nye kort har ingen af borgerens ordinationer. Den gamle plan gælder.",
            "The new card has none of this resident's prescriptions. The old plan holds.",
        ),
        ("Kan fagsystemet se borgerens kort?", "Does the fagsystem see the resident's card?"),
        (
            "Ring til dem, der passer fagsystemet. Er alt stoppet, skal kortet sige det.",
            "Call whoever looks after the fagsystem. If all was stopped, the card must say so.",
        ),
        ("Giv intet efter det tomme kort.", "Give nothing by that card."),
    ),
    "dose_blocked/given_elsewhere": advice(
        (
            "Fagsystemet siger, at andre har givet dosis. Robotten giver den ikke igen.",
            "The fagsystem says that others gave this dose. The robot gives it no second time.",
        ),
        ("Hvem gav den, og hvornår?", "Who gave it, and when?"),
        (
            "Passer det, så luk. Passer det ikke, så ret det i fagsystemet; så tilbydes dosis igen.",
            "If so, close this. If not, correct the fagsystem; then the dose is offered again.",
        ),
        ("Giv ikke en til, før du ved det.", "Give no second one before you know."),
    ),
    "dose_blocked/perhaps_elsewhere": advice(
        (
            "Andre har givet samme medicin. Var det denne dosis eller pn? Den venter på svaret.",
            "Others gave the same medicine. Was it this dose, or as needed? The dose waits for that.",
        ),
        ("Spørg den, der gav: fast dosis eller pn?", "Ask whoever gave it: the fixed dose, or as needed?"),
        (
            "Sig det med d: 'har fået den' er denne dosis, 'ikke givet' er pn; så tilbydes dosis.",
            "Say so with d: 'had it' is this dose, 'not given' is as needed; then it is offered.",
        ),
        ("Giv den ikke, før du ved det.", "Do not give it before you know."),
    ),
    "dose_blocked/not_by_others": advice(
        (
            "Dosis stod som givet af andre. Det var den ikke: ingen har givet den.",
            "The dose was down as given by others. It was not: nobody has given it.",
        ),
        ("Er det for sent at give den? Spørg sygeplejersken.", "Is it too late to give? Ask the nurse."),
        (
            "Skal den gives, så tag den, og giv i hånden, når hjemmet har bekræftet. Ellers luk.",
            "If it is to be given, take it, and give by hand once the home has confirmed. Else close.",
        ),
        ("Giv intet i hånden, før hjemmet har bekræftet.", "Give nothing before the home has confirmed."),
    ),
    "side_unconfirmed/perhaps_elsewhere": advice(
        (
            "Andre har givet samme medicin. Var det denne eller pn? Robotten minder ikke om den.",
            "Others gave the same medicine. Was it this one, or as needed? There is no prompt for it.",
        ),
        ("Spørg den, der gav: fast eller pn?", "Ask whoever gave it: the fixed one, or as needed?"),
        (
            "Sig det med d: 'har fået den' er denne, 'ikke givet' er pn; så mindes der om den.",
            "Say so with d: 'had it' is this one, 'not given' is as needed; then it is prompted for.",
        ),
        ("Giv den ikke, før du ved det.", "Do not give it before you know."),
    ),
    "side_unconfirmed/not_by_others": advice(
        (
            "Den stod som givet af andre. Det var den ikke: ingen har givet den.",
            "It was down as given by others. It was not: nobody has given it.",
        ),
        ("Er det for sent at give den? Spørg sygeplejersken.", "Is it too late to give? Ask the nurse."),
        (
            "Giver du den, så sig det med d. Ellers luk med det aftalte.",
            "If you give it, say so with d. Otherwise close this with what was agreed.",
        ),
        ("Giv ikke to gange: spørg borgeren først.", "Do not give it twice: ask the resident first."),
    ),
    "side_unconfirmed/given_elsewhere": advice(
        (
            "Fagsystemet siger, at andre har givet den. Robotten minder ikke om den.",
            "The fagsystem says that others gave it. The robot does not prompt for it.",
        ),
        ("Hvem gav den, og hvornår?", "Who gave it, and when?"),
        (
            "Passer det, så luk. Passer det ikke, så ret det i fagsystemet, og spørg borgeren.",
            "If so, close this. If not, correct the fagsystem, and ask the resident.",
        ),
        ("Giv ikke en til, før du ved det.", "Give no second one before you know."),
    ),
    "side_unconfirmed/too_soon": advice(
        (
            "Andre har givet den efter behov for nylig. Robotten minder ikke om den endnu.",
            "Others gave it as needed a short time ago. There is no prompt for it yet.",
        ),
        ("Hvornår gav de den? Har borgeren det godt?", "When did they give it? Is the resident well?"),
        (
            "Spørg sygeplejersken, om den skal gives senere. Luk, når vinduet er forbi.",
            "Ask the nurse whether it is to be given later. Close this once its window is over.",
        ),
        ("Giv den ikke før kortets mindste afstand.", "Do not give it before the card's least gap is over."),
    ),
    "record_contradicts/given_twice": advice(
        (
            "Borgeren har fået dosis her, og fagsystemet siger, at andre gav den også.",
            "The resident had this dose here, and the fagsystem says that others gave it too.",
        ),
        ("Fik borgeren den to gange?", "Did the resident have it twice?"),
        (
            "Ring til borgeren og til den, der gav. Ved to gange: spørg lægen. Luk med det aftalte.",
            "Call the resident and whoever gave it. If twice: ask the doctor. Close this with that.",
        ),
        ("Giv ikke næste dosis, før lægen er spurgt.", "Give no next dose before a doctor was asked."),
    ),
    "side_unconfirmed/card_changed": advice(
        (
            "Medicinkortet er ændret, mens robotten viste den gamle mængde. Den vises ikke mere.",
            "The card was changed while the robot showed the amount of before. It is shown no more.",
        ),
        ("Ring til borgeren nu: har de taget den?", "Call the resident now: have they had it?"),
        (
            "Sig, hvad kortet siger nu. Skriv med d, om de har taget den. Luk med det aftalte.",
            "Tell them what the card says now. Record with d if they had it. Close this with that.",
        ),
        ("Lad dem ikke tage den gamle mængde.", "Do not let them take the amount of before."),
    ),
}
