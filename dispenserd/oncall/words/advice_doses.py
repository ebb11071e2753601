"""Advice about incidents of a dose."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.advice_parts import Advice, advice

_NOT_BEFORE = (
    "Giv intet i hånden, før hjemmet har bekræftet, at du må.",
    "Give nothing by hand before the home has confirmed that you may.",
)
_NOT_IN_DOUBT = (
    "Giv ikke en ny dosis i tvivl. Ingen dosis før et fund: det kan blive dobbelt dosis.",
    "Do not give another dose in doubt. No dose before a finding: it could be a double dose.",
)

_DECLINED_BY_HELPER = advice(
    (
        "En hjælper har sagt nej tak til dosis med sin egen brik. Det er ikke borgerens ord.",
        "A helper said no thanks to this dose, with their own tag. It is not the resident's word.",
    ),
    (
        "Ring til borgeren: er det deres eget ønske, og hvorfor ikke?",
        "Call the resident: is it their own wish, and why not?",
    ),
    (
        "Indtil tiden er gået, giver et tryk den alligevel. Bagefter kan du tage den og give i hånden.",
        "Until closing a press still brings it. After that you may take this and give by hand.",
    ),
    (
        "Giv intet i hånden, mens robotten stadig tilbyder den.",
        "Give nothing by hand while the robot still offers it.",
    ),
)

DOSE_ADVICE: Mapping[str, Advice] = {
    "about_to_miss": advice(
        ("Halvdelen af tiden er gået, og dosis er ikke hentet.", "Half the time is gone, not retrieved yet."),
        (
            "Ring til borgeren: er alt vel, og hører de robotten?",
            "Call the resident: are they well, and at home?",
        ),
        (
            "Mind om dosis. Robotten tilbyder den stadig; den lukker af sig selv, når dosis er hentet.",
            "Remind them. The robot still offers it; this clears by itself once it is retrieved.",
        ),
        (
            "Giv intet i hånden: posen kan stadig hentes.",
            "Give nothing by hand: the sachet may still be lifted.",
        ),
    ),
    "left_in_tray": advice(
        (
            "Robotten har lagt posen i bakken, og ingen har løftet den.",
            "The sachet lies in the tray, not lifted.",
        ),
        (
            "Ring til borgeren: er alt vel, og ligger posen der?",
            "Call the resident: are they well, is it there?",
        ),
        (
            "Bed borgeren tage posen. Ved lukketid henter robotten den selv ind igen.",
            "Ask them to lift it. At closing the robot takes it back by itself.",
        ),
        (
            "Giv intet i hånden, mens posen ligger i bakken.",
            "Give nothing by hand while it lies in the tray.",
        ),
    ),
    "dose_missed": advice(
        (
            "Tiden er gået. Robotten viser, at dosis ikke er udleveret.",
            "The window closed; the robot's record shows that the dose was not handed out.",
        ),
        ("Ring til borgeren: er alt vel, og hvorfor ikke?", "Call the resident: are they well, and why not?"),
        (
            "Er det for sent at give den? Spørg sygeplejersken. Tag den, hvis du vil give i hånden.",
            "Is it too late to give? Ask the nurse. Take this first if you want to give by hand.",
        ),
        _NOT_BEFORE,
    ),
    "dose_refused": advice(
        (
            "Borgeren har sagt nej tak til dosis. Det er deres valg.",
            "The resident said no thanks to this dose. That is their choice.",
        ),
        (
            "Læs grunden ovenfor. Ring, hvis den giver anledning til det.",
            "Read the reason above. Call if it gives cause to.",
        ),
        (
            "Indtil tiden er gået, kan de fortryde ved robotten. Bagefter kan du tage den og give i hånden.",
            "Until closing the robot still offers it. After that you may take this and give by hand.",
        ),
        (
            "Pres ikke, og giv intet i hånden, mens robotten stadig tilbyder den.",
            "Do not press them, and give nothing by hand while the robot still offers it.",
        ),
    ),
    "dose_refused/by_helper": _DECLINED_BY_HELPER,
    "dose_refused/second_day_by_helper": _DECLINED_BY_HELPER,
    "dose_refused/unwell_by_helper": _DECLINED_BY_HELPER,
    "side_unconfirmed": advice(
        (
            "Borgeren har ikke bekræftet medicin uden for rullen (dråber, insulin, inhalator, plaster).",
            "The resident has not confirmed medicine that is in no sachet (drops, insulin, inhaler, patch).",
        ),
        (
            "Ring til borgeren: fik de den, og er alt vel?",
            "Call the resident: did they have it, are they well?",
        ),
        (
            "Fik de den: skriv 'borgeren har fået den' (d). Ellers spørg sygeplejersken.",
            "If they had it, record 'had it' (d). Otherwise ask the nurse.",
        ),
        (
            "Giv den ikke selv, før tiden er gået: borgeren kan være ved at tage den.",
            "Do not give it yourself before closing: they may be at it.",
        ),
    ),
    "as_needed_limit": advice(
        (
            "Borgeren har bedt om medicin efter behov, men har fået det højeste, kortet tillader.",
            "The resident asked for medicine as needed and has had the most that the card allows.",
        ),
        ("Ring: hvordan har de det?", "Call: how are they?"),
        (
            "Er behovet større end før? Fortæl det til sygeplejersken.",
            "Do they need more than before? Tell the nurse.",
        ),
        ("Giv ikke mere af samme medicin.", "Give no more of the same medicine."),
    ),
    "as_needed_unsure": advice(
        (
            "Borgeren har bedt om medicin efter behov. Hjemmet ved ikke, om andre har givet noget for nylig.",
            "The resident asked for medicine as needed. The home does not know what others gave lately.",
        ),
        (
            "Se i fagsystemet, og spørg borgeren: er der givet noget andre steder?",
            "Look at the care record and ask the resident: was any given elsewhere?",
        ),
        (
            "Intet givet: luk med 'intet givet andre steder'. Ellers skriv det i fagsystemet.",
            "Nothing given: close with 'nothing given elsewhere'. Otherwise enter it in the record.",
        ),
        (
            "Luk den ikke med 'intet givet andre steder' uden at have set efter.",
            "Do not close it with 'nothing given elsewhere' without having looked.",
        ),
    ),
    "help_asked": advice(
        (
            "Borgeren har trykket 'hjælp' på robotten. Det er ikke et nødopkald.",
            "The resident pressed 'help' at the robot. It is no emergency call.",
        ),
        ("Ring til borgeren: hvad har de brug for?", "Call the resident: what do they need?"),
        (
            "Luk den, når du har talt med dem. Robotten viser, at I ringer, og at 112 er for akut hjælp.",
            "Close this once you have spoken. The robot shows that you will call, and 112 for emergencies.",
        ),
        ("Luk den ikke, før nogen har ringet.", "Do not close it before somebody has called."),
    ),
    "answer_flagged": advice(
        (
            "Borgeren har svaret på robottens spørgsmål, og svaret bør læses.",
            "The resident answered the robot's question, and somebody should read it.",
        ),
        (
            "Læs svaret ovenfor. Ring, og hør hvordan de har det.",
            "Read the answer above. Call: how are they?",
        ),
        ("Luk den, når svaret er læst og fulgt op.", "Close this once it is read and followed up."),
        ("Bed dem ikke svare om igen.", "Do not ask them to answer again."),
    ),
    "release_failed": advice(
        ("Robotten prøvede at udlevere, og det lykkedes ikke.", "The robot tried to release it and failed."),
        (
            "Ring til borgeren. Hvad står der på robotten?",
            "Call the resident. What does the robot say?",
        ),
        (
            "Et nyt tryk prøver igen, så længe ingen har taget den. Ellers tag den, og giv i hånden.",
            "A new press tries again while nobody took this. Otherwise take it and give by hand.",
        ),
        _NOT_BEFORE,
    ),
    "sachet_mismatch": advice(
        (
            "Posen, der står for, er ikke den, borgeren skal have nu. Den holdes tilbage.",
            "The sachet at the mouth is not what this resident is due. It is held.",
        ),
        (
            "Sammenlign rullen med medicinkortet: rigtig person, dag og indhold?",
            "Compare the roll with the medicine card: person, day, content?",
        ),
        (
            "Forkert: kassér posen (d), og giv i hånden. Rigtig alligevel: to personer slipper den fri (d).",
            "Wrong: discard it (d) and give by hand. Right after all: two people let it go (d).",
        ),
        ("Giv aldrig borgeren posen fra robotten i hånden.", "Never hand out the held sachet yourself."),
    ),
    "sachet_unreadable": advice(
        ("Robotten kan ikke læse posens mærkat. Den holdes tilbage.", "The label can't be read. It is held."),
        ("Se på posen i robotten: er mærkatet krøllet?", "Look at the sachet: is its label creased?"),
        (
            "Ret posen ind, og slip den fri (d), når robotten kan læse den. Ellers kassér den (d).",
            "Straighten it, and let it go (d) once the robot reads it. Otherwise discard it (d).",
        ),
        ("Gæt ikke på, hvad posen indeholder.", "Do not guess what is in the sachet."),
    ),
    "order_unknown": advice(
        ("Ingen ved, om dosis kom ud af robotten.", "Nobody knows whether the dose left the robot."),
        (
            "Led efter posen: i robotten, i bakken, hos borgeren. Spørg, om de har fået den.",
            "Look for the sachet: robot, tray, resident. Ask whether they had it.",
        ),
        (
            "Skriv fundet med d: 'borgeren har fået den' eller 'ikke givet'. Først da er tvivlen væk.",
            "Record the finding with d: 'had it' or 'not given'. Only then is the doubt gone.",
        ),
        _NOT_IN_DOUBT,
    ),
    "order_unknown/double_feed": advice(
        (
            "Posen til denne dosis kom måske ud sammen med en anden.",
            "Its sachet may have come out together with another one.",
        ),
        (
            "Led efter posen: i robotten, i bakken, hos borgeren. Har de taget to poser?",
            "Look for the sachet: robot, tray, resident. Did they take two?",
        ),
        (
            "Skriv fundet med d: 'borgeren har fået den' eller 'ikke givet'. Tog de begge: ring til lægen.",
            "Record the finding with d: 'had it' or 'not given'. If they took both, call the doctor.",
        ),
        _NOT_IN_DOUBT,
    ),
    "order_unknown/uncertain": advice(
        (
            "Tiden er gået, og ingen kan sige, om borgeren fik dosis.",
            "It closed and nobody can say who had it.",
        ),
        (
            "Spørg borgeren. Led efter posen: i robotten, i bakken, i hjemmet.",
            "Ask the resident. Look for the sachet: robot, tray, home.",
        ),
        (
            "Skriv fundet med d. Ring til sygeplejersken, hvis intet findes.",
            "Record the finding with d. Call the nurse if nothing is found.",
        ),
        _NOT_IN_DOUBT,
    ),
    "dose_blocked": advice(
        (
            "Dosis er planlagt nu, men robotten må ikke udlevere den.",
            "It is due, but the robot must not offer it.",
        ),
        (
            "Læs hvorfor ovenfor. Ring til borgeren: de venter måske på dosis.",
            "See why above. Call the resident: they may be waiting for it.",
        ),
        (
            "Fjern årsagen, så tilbyder robotten den igen. Ellers tag den, og giv i hånden.",
            "Remove the reason and the robot offers it again. Otherwise take this and give by hand.",
        ),
        _NOT_BEFORE,
    ),
    "dose_blocked/in_doubt": advice(
        (
            "En anden dosis er i tvivl, og den spærrer for denne.",
            "Another dose is in doubt, and it blocks this one.",
        ),
        (
            "Find den hændelse, der hedder 'I tvivl om dosis', i samme hjem.",
            "Find the incident 'dose in doubt' of the same home.",
        ),
        (
            "Afklar tvivlen med et fund. Så går denne videre.",
            "Settle that doubt by a finding; this one goes on.",
        ),
        _NOT_IN_DOUBT,
    ),
    "dose_blocked/double_dose": advice(
        (
            "Med denne dosis ville borgeren få mere, end planen siger i dag.",
            "With this dose the resident would have more than the plan asks for today.",
        ),
        (
            "Se hvad borgeren har fået i dag, i fagsystemet og på medicinkortet.",
            "See what they had today, in the care record and on the medicine card.",
        ),
        ("Ring til den ansvarlige sygeplejerske.", "Call the responsible nurse."),
        ("Giv den ikke i hånden.", "Do not give it by hand."),
    ),
    "dose_blocked/lid_open": advice(
        ("Låget er åbent, så robotten udleverer ikke.", "The lid is open, so the robot offers nothing."),
        ("Ring til borgeren: har nogen åbnet robotten?", "Call the resident: did somebody open the robot?"),
        ("Få låget lukket. Så tilbydes dosis igen.", "Have the lid closed; the dose is offered again."),
        _NOT_BEFORE,
    ),
    "dose_blocked/journal_behind": advice(
        (
            "Hjemmets journal mangler noget, så dosis er måske givet allerede.",
            "The home's journal lost its end: this dose may have been given already.",
        ),
        (
            "Spørg borgeren og kollegaerne, hvad der er givet siden i går.",
            "Ask the resident and colleagues what was given since yesterday.",
        ),
        (
            "Skriv fundet med d: 'har fået den' eller 'ikke givet'. Ikke givet: så tilbydes den igen.",
            "Record the finding with d: 'had it' or 'not given'. If not given, it is offered again.",
        ),
        _NOT_IN_DOUBT,
    ),
    "record_contradicts": advice(
        (
            "Robottens egen log passer ikke med det, nogen har sagt. Måske fik borgeren to doser.",
            "The robot's record is against a person's finding: possibly a double dose.",
        ),
        ("Ring til borgeren nu: hvordan har de det?", "Call the resident now: how are they?"),
        (
            "Ring til sygeplejerske eller lægevagt, og fortæl hvilken dosis det er.",
            "Call the nurse or the doctor on call and say which dose it is.",
        ),
        ("Giv ikke mere af samme medicin.", "Give no more of the same medicine."),
    ),
    "*/no_longer_planned": advice(
        (
            "En kollega har retten til at give dosis, men planen beder ikke længere om den.",
            "Somebody has the right to give this dose, but the plan no longer asks for it.",
        ),
        ("Er den givet? Ring til den, der har den.", "Was it given? Call the person who has it."),
        (
            "Sig: giv den ikke. Den, der har den, afgør 'ikke givet' eller 'givet'.",
            "Tell them not to. They decide 'not given', or 'given' if they did.",
        ),
        ("Giv den ikke, før sygeplejersken har sagt ja.", "Do not give it before the nurse says so."),
    ),
}
