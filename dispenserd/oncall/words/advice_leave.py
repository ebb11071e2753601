"""Advice about leave, what was taken along, and medicine that a newer card changed."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.advice_parts import Advice, advice

LEAVE_ADVICE: Mapping[str, Advice] = {
    "take_along_incomplete": advice(
        (
            "Borgeren skal afsted, og ikke al medicin til turen er udleveret.",
            "The resident leaves soon, and not all medicine for the leave is handed out.",
        ),
        ("Hvornår går de? Er de ved robotten nu?", "When do they leave? Are they at the robot now?"),
        (
            "Hjælp dem med at trykke for resten, eller aftal, hvem der giver den.",
            "Help them press for the rest, or agree who gives it.",
        ),
        (
            "Giv intet med i hånden, før du ved, hvad robotten har udleveret.",
            "Hand nothing over before you know what the robot has handed out.",
        ),
    ),
    "take_along_incomplete/controlled": advice(
        (
            "Turen rammer kontrolleret medicin. Den udleveres aldrig på forhånd.",
            "The leave covers controlled medicine, which is never handed out ahead.",
        ),
        ("Hvem kan give den, hvor borgeren er?", "Who can give it where the resident will be?"),
        (
            "Aftal med lægen, hvem der giver den, og luk hændelsen med det.",
            "Agree with the prescriber who gives it, and close this with that.",
        ),
        ("Pak den ikke selv.", "Do not pack it yourself."),
    ),
    "take_along_incomplete/unknown_code": advice(
        (
            "Turen rammer medicin, som ingen har sat på listen. Den regnes for kritisk.",
            "The leave covers medicine that nobody has put on the list: it counts as critical.",
        ),
        ("Hvad er det, og hvem kan give den?", "What is it, and who can give it?"),
        (
            "Aftal, hvem der giver den; få den sat på listen.",
            "Agree who gives it, and have it put on the list.",
        ),
        ("Pak den ikke selv.", "Do not pack it yourself."),
    ),
    "take_along_incomplete/no_sachet": advice(
        (
            "Turen rammer medicin, der kom på kortet efter pakningen. Robotten har den ikke.",
            "The leave covers medicine that was added after packing. The robot has none of it.",
        ),
        ("Hvem kan give den, hvor borgeren er?", "Who can give it where the resident will be?"),
        (
            "Aftal, hvem der pakker og giver den, og luk hændelsen med det.",
            "Agree who packs and gives it, and close this with that.",
        ),
        (
            "Giv ikke robottens poser med i hånden.",
            "Do not hand the robot's own sachets over.",
        ),
    ),
    "take_along_overdue": advice(
        (
            "Borgeren skulle være tilbage, og ingen har talt op, hvad der kom med hjem.",
            "The resident should be back, and nobody has counted what came back.",
        ),
        ("Er de hjemme? Hvor mange poser er tilbage?", "Are they home? How many sachets are left?"),
        (
            "I hjemmet: `dispenserd resident back` med de doser, der kom hjem, også hvis det er ingen.",
            "In the home: `dispenserd resident back` with the doses that came back, also if none did.",
        ),
        ("Læg ikke en pose tilbage i robotten.", "Put no sachet back into the robot."),
    ),
    "call_resident": advice(
        (
            "Medicinkortet er ændret, og borgeren har allerede den gamle medicin i hånden.",
            "The card was changed, and the resident has the medicine of before in their hands.",
        ),
        ("Ring til borgeren nu: er den taget?", "Call the resident now: have they had it?"),
        (
            "Sig, hvad der er ændret, og aftal, hvad de gør med posen. Luk med det aftalte.",
            "Tell them what changed, and agree what they do with the sachet. Close this with that.",
        ),
        ("Giv ikke den nye oven i.", "Do not give the new one on top."),
    ),
    "dose_blocked/card_changed": advice(
        (
            "Medicinkortet er ændret efter pakningen; posen i robotten passer ikke længere.",
            "The card was changed after packing: the sachet in the robot no longer fits.",
        ),
        ("Hvad skal borgeren have nu? Se medicinkortet.", "What is due now? See the medicine card."),
        (
            "Kassér posen med d, tag den, og giv efter kortet, når hjemmet har bekræftet.",
            "Discard it with d, take this, and give by the card once the home has confirmed.",
        ),
        ("Giv ikke posen fra robotten.", "Do not give the robot's sachet."),
    ),
    "dose_blocked/came_back": advice(
        (
            "Posen var givet med på tur og kom tilbage. Den er kasseret; dosis mangler.",
            "Its sachet was taken along and came back. It is waste; the dose is still due.",
        ),
        ("Hvornår skal den gives?", "When is it due?"),
        (
            "Tag den, vent på hjemmets bekræftelse, og giv fra egen beholdning.",
            "Take this, wait for the home's confirmation, and give from stock.",
        ),
        ("Giv ikke posen, der kom hjem.", "Do not give the sachet that came back."),
    ),
}
