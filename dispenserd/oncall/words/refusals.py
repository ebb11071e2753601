"""Why a wish of a person was not carried out, and what to do instead: on-call's own reasons and the home's.

The one table of them: the live view, on-call's commands and those of the home read it. `Refusal.what` is a
whole sentence without the person's name, `next_step` what helps, wherever it is read. Each is said in both
languages; the codes are those of `desk`, of `scheduler` and of the door for signed commands.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.language import Language, Said
from dispenserd.oncall.words.refusal_parts import Refusal as Refusal
from dispenserd.oncall.words.refusal_parts import refuse as _r
from dispenserd.oncall.words.refusals_leave import LEAVE_REFUSALS
from dispenserd.oncall.words.refusals_let_go import LET_GO_REFUSALS
from dispenserd.oncall.words.refusals_moving import MOVING_REFUSALS

REFUSALS: Mapping[str, Refusal] = {
    **LEAVE_REFUSALS,
    **LET_GO_REFUSALS,
    **MOVING_REFUSALS,
    "side_open": _r(
        "Borgeren kan stadig være ved at tage medicinen selv.",
        "The resident may still be at it themselves.",
        "Ring og spørg. Har de fået den, så sig det; ellers vent, til tiden er gået.",
        "Call and ask. If they had it, say so; otherwise wait until its window has closed.",
    ),
    "taken_by_other": _r(
        "En kollega har taget hændelsen.",
        "A colleague has taken the incident.",
        "Ring til kollegaen, før du gør noget ved dosis.",
        "Call them before you do anything about the dose.",
    ),
    "test_under_way": _r(
        "Prøvealarmen er ikke færdig: den venter på kvitteringen.",
        "The test alarm is not over: it waits for its receipt.",
        "Vent. Uden kvittering bliver den høj, og så kan den lukkes.",
        "Wait. Without a receipt it becomes high, and then it can be closed.",
    ),
    "stale": _r(
        "Den har ændret sig, siden du så den.",
        "It changed after you saw it.",
        "Læs den igen, og afgør så på ny.",
        "Read it again, then decide anew.",
    ),
    "not_owner": _r(
        "Hændelsen er ikke din.",
        "The incident is not yours.",
        "Tag den først, eller ring til den, der har den.",
        "Take it first, or call the person who has it.",
        see="doses",
    ),
    "not_confirmed": _r(
        "Hjemmet har ikke bekræftet endnu, at du har taget den.",
        "The home has not confirmed yet that you took it.",
        "Vent på hjemmets svar, og prøv igen. Giv intet i hånden imens.",
        "Wait for the home's answer, then try again. Give nothing by hand meanwhile.",
        see="oncall list",
    ),
    "no_token": _r(
        "Retten til at give dosis i hånden er ikke hos dig, men hos robotten eller en kollega.",
        "The right to give this dose by hand is not with you: the robot or a colleague has it.",
        "Tag hændelsen, og vent til hjemmet har bekræftet. Giv intet før.",
        "Take its incident and wait until the home has confirmed. Give nothing before.",
    ),
    "in_doubt": _r(
        "Ingen ved, om dosis kom ud. En mere kan blive dobbelt dosis.",
        "Nobody knows whether this dose left the robot; another could be a double dose.",
        "Find posen først: robot, bakke, borger. Afgør så 'har fået den' eller 'ikke givet'.",
        "Find the sachet first: robot, tray, resident. Then say 'had it' or 'not given'.",
    ),
    "double_dose": _r(
        "Posen er i bakken, på vej eller i borgerens hånd og kan stadig blive taget.",
        "The sachet is in the tray, on its way or in somebody's hand: it may still be taken.",
        "Spørg borgeren. Posen skal være inde eller afklaret, før nogen giver i hånden.",
        "Ask the resident; settle the sachet before anything is given by hand.",
    ),
    "already_settled": _r(
        "Dosis er allerede afklaret.",
        "This dose already has its outcome.",
        "Gør intet to gange. Er det forkert, så ring til den ansvarlige sygeplejerske.",
        "Do nothing twice. If it is wrong, call the responsible nurse.",
        see="doses",
    ),
    "with_staff": _r(
        "En kollega har retten til at give dosis.",
        "A colleague has the right to give this dose.",
        "Spørg kollegaen. Retten går først tilbage ved kollegaens ord.",
        "Ask them; the right comes back only by their word.",
    ),
    "contradicts_record": _r(
        "Robotten viser, hvor posen er, og den er ikke udleveret.",
        "The robot's record shows where the sachet is, and it was not handed out.",
        "Se i robotten. Har borgeren fået anden medicin, så ring til den ansvarlige sygeplejerske.",
        "Look at the robot. If the resident had other medicine, call the responsible nurse.",
    ),
    "not_in_doubt": _r(
        "Der er intet at afgøre: dosis er hverken i tvivl eller hos personalet.",
        "There is nothing to settle: this dose is neither in doubt nor with staff.",
        "Se på hændelsen igen.",
        "Look at the incident again.",
        see="doses",
    ),
    "not_in_robot": _r(
        "Posen kan ikke kasseres nu: den er ikke i robotten, eller den er på vej.",
        "The sachet can't be discarded now: it is not in the robot, or it is moving.",
        "Vent et minut, se igen, og afgør på ny.",
        "Wait a minute, look again, and decide anew.",
        see="doses",
    ),
    "tray_occupied": _r(
        "Der ligger noget i bakken, og det kan stadig blive taget.",
        "Something lies in the tray and may still be taken.",
        "Få bakken tømt først, og afgør så på ny.",
        "Have the tray emptied first, then decide anew.",
    ),
    "holding_occupied": _r(
        "Der ligger en pose inde i robotten, som ikke er nogen dosis'.",
        "A sachet lies in the robot's holding place, and it is no dose's.",
        "Åbn robotten, tag posen ud, og luk så hændelsen på ny.",
        "Open the robot, take the sachet out, then close the incident anew.",
    ),
    "robot_not_ready": _r(
        "Robotten kan ikke læses nu og kan ikke bekræfte det, du fandt.",
        "The robot can't be read now, so it can't confirm the finding.",
        "Få robotten i gang igen, og afgør så på ny.",
        "Bring the robot back, then decide anew.",
        see="status",
    ),
    "unknown_dose": _r(
        "Hjemmet kender ikke den dosis.",
        "The home knows no such dose.",
        "Se efter, om det er det rigtige hjem.",
        "Check that it is the right home.",
        see="doses",
    ),
    "unknown_incident": _r(
        "Hjemmet kender ikke den hændelse.",
        "The home knows no such incident.",
        "Se efter, om det er det rigtige hjem.",
        "Check that it is the right home.",
        see="oncall list",
    ),
    "ambiguous": _r(
        "Navnet passer på flere hændelser.",
        "That names more than one incident.",
        "Vælg hændelsen med piletasterne.",
        "Choose the incident with the arrow keys.",
    ),
    "closed": _r(
        "Hændelsen er lukket.",
        "The incident is closed.",
        "Der er ikke mere at gøre ved den.",
        "Nothing more is needed.",
    ),
    "still_open": _r(
        "Dosis er ikke afklaret, så hændelsen kan ikke lukkes.",
        "The dose has no outcome yet, so this can't be closed.",
        "Afgør dosis først.",
        "Decide about the dose first.",
    ),
    "not_said": _r(
        "Nogen har stadig retten til at give dosis og har ikke sagt, hvad der skete.",
        "Somebody still has the right to give this dose and has not said what happened.",
        "Den, der har retten, afgør 'givet' eller 'ikke givet'. Luk så.",
        "They decide 'given' or 'not given'; then close.",
        see="doses",
    ),
    "too_early": _r(
        "Det er for tidligt: dosis er planlagt til senere.",
        "The dose's window is not open yet.",
        "Vent til tiden. Giv intet før.",
        "Wait until it opens. Give nothing before.",
        see="doses",
    ),
    "too_late": _r(
        "Tiden for dosis er gået.",
        "The dose's window is closed.",
        "Ring til den ansvarlige sygeplejerske.",
        "Decide with the responsible nurse.",
    ),
    "not_presentable": _r(
        "Dosis kan ikke udleveres nu.",
        "The dose can't be offered now.",
        "Se hvorfor på hændelsen.",
        "See the incident for the reason.",
        see="status",
    ),
    "clock": _r(
        "Hjemmets ur er usikkert, så intet afgøres for alvor.",
        "The home's clock can't be trusted, so nothing irreversible is decided.",
        "Få en tekniker til at se på uret.",
        "Have a technician look at the clock.",
        see="status",
    ),
    "fault": _r(
        "Robotten melder fejl.",
        "The robot reports a fault.",
        "Fejlen skal nulstilles ved robotten.",
        "Clear the fault at the robot.",
        see="status",
    ),
    "lid_open": _r(
        "Robottens låg er åbent.",
        "The robot's lid is open.",
        "Luk låget, og afgør igen.",
        "Close the lid and decide again.",
    ),
    "expired": _r(
        "Beskeden nåede hjemmet for sent og gælder ikke.",
        "The decision reached the home too late and does not count.",
        "Læs den igen, og afgør på ny.",
        "Read it again and decide anew.",
    ),
    "replayed": _r(
        "Hjemmet har set netop den besked før.",
        "The home has seen this very command before.",
        "Læs den igen, og afgør på ny, hvis noget mangler.",
        "Read it again; decide anew if something is open.",
    ),
    "bad_signature": _r(
        "Hjemmet godkender ikke vagtens underskrift.",
        "The home does not accept on-call's signature.",
        "Ring til administratoren. Brug telefonen til borgeren imens.",
        "Call the administrator. Use the telephone meanwhile.",
    ),
    "other_home": _r(
        "Beskeden nævner et andet hjem.",
        "The command names another home.",
        "Se efter, om det er det rigtige hjem.",
        "Check the home and decide again.",
    ),
    "other_epoch": _r(
        "Hjemmet er gendannet, siden du så det.",
        "The home was restored since you saw it.",
        "Læs den igen: doser kan være i tvivl.",
        "Read it again: doses may be in doubt.",
    ),
    "lives_too_long": _r(
        "Beskeden er gyldig for længe og blev afvist.",
        "The command is valid for too long.",
        "Ring til administratoren.",
        "Call the administrator.",
    ),
    "from_the_future": _r(
        "Vagtens og hjemmets ure er ikke enige.",
        "On-call's clock and the home's disagree.",
        "Ring til administratoren: urene skal stilles.",
        "Call the administrator: the clocks must be set.",
    ),
    "unreadable": _r(
        "Hjemmet kunne ikke læse beskeden.",
        "The home could not read the command.",
        "Ring til administratoren: vagt og hjem har måske hver sin version.",
        "Call the administrator: versions may differ.",
    ),
    "robot_unreachable": _r(
        "Robotten kan ikke læses, så ingen kan se, hvilken rulle der sidder i.",
        "The robot can't be read, so nobody can see which roll is in it.",
        "Få robotten i gang igen, og indlæs så rullen på ny.",
        "Bring the robot back, then load the roll again.",
        see="status",
    ),
    "wrong_resident": _r(
        "Rullen er ikke til en borger, hvis plan hjemmet har.",
        "This roll is not for a resident whose plan this home has.",
        "Tag rullen ud, og hold navnet på den op mod borgeren.",
        "Take the roll out and check the name on it against the resident.",
    ),
    "wrong_production_id": _r(
        "Rullen i robotten er ikke den, som følgesedlen beskriver.",
        "The roll in the robot is not the one this manifest describes.",
        "Hold rullens produktionsnummer op mod følgesedlens.",
        "Compare the production id on the roll with the manifest's.",
    ),
    "in_other_robot": _r(
        "Rullen sidder i borgerens anden robot: ruller og medicin efter behov har hver sin.",
        "It is in the resident's other robot: rolls and medicine as needed have one each.",
        "Sæt den i den robot, som den hører til, og meld den ind igen.",
        "Put it into the robot that it belongs to, then load it again; `status` says which has what.",
    ),
    "label_conflict": _r(
        "En etiket på rullen sidder også på en anden borgers rulle i samme robot.",
        "A label of this roll is on another resident's roll in the same robot.",
        "Bed apoteket om en strimmel, hvor hver pose har sin egen etiket.",
        "Ask the pharmacy for a strip on which every sachet has a label of its own.",
    ),
    "no_dose": _r(
        "Hændelsen handler ikke om en dosis.",
        "This incident is about no dose.",
        "Luk den, når sagen er klaret.",
        "Close it once it is dealt with.",
    ),
    "decision_waits": _r(
        "En anden afgørelse om dosis er på vej og har ikke fået svar.",
        "Another decision about this dose has no answer yet.",
        "Vent på hjemmets svar.",
        "Wait for the home's answer.",
        see="oncall list",
    ),
    "nothing_to_witness": _r(
        "Robotten har ikke givet dosis, så ingen kan have set den taget derfra.",
        "The robot has not handed this dose out, so nobody can have seen it.",
        "Er den givet i hånden, så tag hændelsen, og afgør 'givet'.",
        "If it was given by hand, take the incident and say 'given'.",
    ),
    "unknown_resident": _r(
        "Hjemmet kender ikke den borger.",
        "The home knows no such resident.",
        "Se efter, om det er det rigtige hjem.",
        "Check that it is the right home.",
    ),
    "no_name": _r(
        "Ingen er nævnt som ansvarlig.",
        "Nobody is named who answers for it.",
        "Skriv, hvem der har besluttet det.",
        "Say who decided it.",
    ),
    "review_needed": _r(
        "En begrænset tilstand skal have en dato, hvor nogen ser på den igen.",
        "A restrictive mode needs a day on which somebody looks at it again.",
        "Vælg en dato inden for 31 dage.",
        "Choose a day within 31 days.",
    ),
    "review_too_late": _r(
        "Det er for længe uden at nogen ser på det.",
        "That is too long without anybody looking.",
        "Vælg en dato inden for 31 dage.",
        "Choose a day within 31 days.",
    ),
    "review_of_normal": _r(
        "Den normale tilstand begrænser intet og skal ikke ses på igen.",
        "The normal mode restricts nothing; there is nothing to review.",
        "Udelad datoen.",
        "Leave the date out.",
    ),
    "until_is_past": _r(
        "Den tid ville være forbi, før den begynder.",
        "That time would be over before it begins.",
        "Vælg et senere tidspunkt, eller intet.",
        "Choose a later end, or none.",
    ),
    "not_paused": _r(
        "Borgeren er ikke sat på pause.",
        "This resident is not paused.",
        "Se hvordan det står til i hjemmet.",
        "Look how things stand in the home.",
    ),
    "not_reconciled": _r(
        "Ingen har afstemt medicinkort, rulle og det, andre har givet.",
        "Nobody has reconciled card, roll and what was given elsewhere.",
        "En sygeplejerske afstemmer først, og genoptager så med sit navn.",
        "A nurse reconciles first, and then resumes with their name.",
    ),
    "no_answer": _r(
        "Hjemmet har ikke svaret i tide. Det gælder ikke.",
        "The home has not answered in time. It does not count.",
        "Se om hjemmet er i live, og prøv igen. Giv intet i hånden.",
        "See whether the home is alive, then repeat. Give nothing by hand.",
        see="oncall list",
    ),
    "other_life": _r(
        "Hjemmet begyndte forfra med hændelsen. Det, du bad om før, gælder ikke.",
        "The home began this incident anew. What was asked before does not count.",
        "Læs den igen, og tag den på ny.",
        "Read it again and take it anew.",
    ),
    "bad_name": _r(
        "Navnet kan ikke bruges.",
        "That name can't be used.",
        "Start igen med --as og et navn på højst 80 tegn.",
        "Start again with --as and a name of at most 80 characters.",
    ),
    "bad_reason": _r(
        "Begrundelsen mangler eller er for lang.",
        "The reason is missing or too long.",
        "Skriv 1 til 200 tegn på en linje.",
        "Write 1 to 200 characters in one line.",
    ),
    "bad_resolution": _r(
        "Det er ikke en kode.",
        "That is no code.",
        "Brug små bogstaver, tal og _, som i robot_repaired.",
        "Use lower case, digits and _, as in robot_repaired.",
    ),
}


NOTHING_CHANGED = Said(
    "Intet er ændret; dosis er, som den var.", "Nothing was changed; the dose stays as it was."
)
"""What every refusal means."""


def refusal(code: str, language: Language) -> tuple[str, str]:
    """Why, and what to do; a code nobody put in words yet is shown as it is."""
    known = refused(code)
    return known.what.in_(language), known.next_step.in_(language)


def refused(code: str) -> Refusal:
    """Its words in both languages, whatever the code is."""
    return REFUSALS.get(code) or _r(
        f"Det blev afvist ({code}).", f"It was refused ({code}).", "Læs den igen.", "Read it again.", "status"
    )
