"""Advice about robots, homes, plans and rolls, and about on-call's own incidents."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.advice_parts import Advice, advice

_CHANGED = advice(
    (
        "Medicinkortet og den rulle, der er i robotten, passer ikke sammen på nogle af de kommende doser.",
        "The medicine card and the roll in the robot disagree about some of the doses to come.",
    ),
    (
        "Sammenlign kortet med rullen: hvilke doser, hvilken medicin, fra hvornår?",
        "Compare card and roll: which doses, which medicine, from when?",
    ),
    (
        "Bestil en ny rulle, og aftal, hvem der giver de doser imens. Luk, når det er besluttet.",
        "Order a new roll, and agree on who gives those doses meanwhile. Close once that is decided.",
    ),
    (
        "Regn ikke med robotten: den holder hver af de poser tilbage, når dens tid kommer.",
        "Do not count on the robot: it holds each of those sachets when its time comes.",
    ),
)
_ROBOT_LOG = advice(
    (
        "Robottens log er slettet, kortere eller ændret. Den beviser ikke længere, hvad der er udleveret.",
        "The robot's log was formatted, cut or changed. It no longer proves what was handed out.",
    ),
    (
        "Er robotten skiftet eller nulstillet? Spørg borgeren, hvad de har fået i dag.",
        "Was the robot swapped or reset? Ask the resident what they had today.",
    ),
    (
        "Ring til teknikeren. Doser i tvivl får deres egen hændelse: afklar dem med et fund.",
        "Call the technician. Doses in doubt have incidents of their own: settle them by a finding.",
    ),
    ("Giv intet i hånden for en dosis i tvivl.", "Give nothing by hand for a dose in doubt."),
)

HOME_ADVICE: Mapping[str, Advice] = {
    "robot_unreachable": advice(
        ("Boksen kan ikke få svar fra robotten.", "The box gets no answer from the robot."),
        (
            "Ring til borgeren: har robotten strøm, og sidder stikket i?",
            "Call the resident: has the robot power, is the plug in?",
        ),
        (
            "Få strøm eller stik i orden. Haster dosis: tag den, og giv i hånden, når det er bekræftet.",
            "Restore power or plug. If the dose is urgent: take this, give by hand once confirmed.",
        ),
        (
            "Giv intet i hånden, før hjemmet har bekræftet, at du må.",
            "Give nothing by hand before the home has confirmed that you may.",
        ),
    ),
    "robot_refused": advice(
        ("Det er ikke den robot, hjemmet skal bruge.", "It is not the robot that this home serves."),
        ("Er robotten skiftet eller flyttet?", "Was the robot swapped or moved?"),
        ("Ring til teknikeren.", "Call the technician."),
        ("Brug ikke robotten imens.", "Do not use this robot meanwhile."),
    ),
    "robot_fault": advice(
        ("Robotten har en fejl og står stille.", "The robot has a fault and stands still."),
        ("Sidder en pose i klemme? Hvornår er næste dosis?", "Is a sachet stuck? When is the next dose?"),
        (
            "Fejlen nulstilles ved robotten af en, der er oplært.",
            "A trained person clears the fault at the robot.",
        ),
        ("Giv ikke en pose, der er trukket ud i hånden.", "Do not hand out a sachet pulled out by hand."),
    ),
    "double_feed": advice(
        (
            "Robotten har måske taget to poser på én gang. Den står stille.",
            "The robot may have moved two sachets at once. It stands still.",
        ),
        (
            "Ring til borgeren: ligger der to poser? Tag kun den, skærmen nævner.",
            "Call the resident: are there two? Take only the one the display names.",
        ),
        (
            "Tag den anden pose ud, nulstil fejlen, afgør den næste dosis, og luk så her.",
            "Take the other sachet out, clear the fault, decide the next dose, then close this.",
        ),
        (
            "Giv ikke den næste dosis, før nogen har fundet dens pose.",
            "Do not give the next dose before somebody found its sachet.",
        ),
    ),
    "clock_untrusted": advice(
        (
            "Hjemmets ur er usikkert. Robotten udleverer ikke.",
            "The home's clock is in doubt; nothing is offered.",
        ),
        ("Hvilke doser venter i hjemmet?", "Which doses wait in this home?"),
        (
            "Ring til teknikeren. Doser, der venter, får deres egen hændelse.",
            "Call the technician. Doses that wait have incidents of their own.",
        ),
        ("Stol ikke på klokkeslæt fra hjemmet.", "Do not trust times that this home tells."),
    ),
    "journal_behind": advice(
        (
            "Hjemmets journal er ældre end det, robot eller vagt har hørt. Intet udleveres.",
            "The home's journal is older than what robot or on-call heard of it. Nothing is offered.",
        ),
        (
            "Er boksen gendannet eller skiftet? Hvad er givet siden da?",
            "Was the box restored or swapped? What was given since?",
        ),
        (
            "Administratoren ser på det. Tag den, og luk den, når det er undersøgt.",
            "The administrator looks into it. Take it, and close it once that is done.",
        ),
        (
            "Luk den ikke bare for at komme videre: så udleverer robotten igen.",
            "Do not close it just to go on: the robot offers doses again then.",
        ),
    ),
    "plan_refused": advice(
        (
            "Et nyt medicinkort kunne ikke bruges. Den gamle plan gælder.",
            "A new card was refused; the old holds.",
        ),
        ("Er der ændret i medicinen i dag?", "Was the medicine changed today?"),
        (
            "Ring til sygeplejersken: kortet skal rettes i fagsystemet.",
            "Call the nurse: the card must be mended in the care record.",
        ),
        ("Regn ikke med, at robotten kender ændringen.", "Do not rely on the robot to know the change."),
    ),
    "roll_conflict": advice(
        ("Rullen i robotten er ikke den, der er meldt i.", "The roll in the robot is not the one put in."),
        ("Hvis navn står på rullen, og fra hvilken dato?", "Whose name is on the roll, from which date?"),
        ("Sæt den rigtige rulle i, eller meld den i.", "Put the right roll in, or say which one it is."),
        ("Giv ikke poser fra en rulle, du ikke har tjekket.", "Hand out nothing from an unchecked roll."),
    ),
    "roll_conflict/content_mismatch": _CHANGED,
    "roll_conflict/not_on_card": _CHANGED,
    "refill_wrong": advice(
        (
            "Rullen passer ikke i tid eller antal: poser mangler, eller den er til andre dage.",
            "The roll does not fit in time or number: sachets are missing, or it is for other days.",
        ),
        (
            "Hold rullen op mod følgesedlen: første dag, sidste dag, antal poser.",
            "Hold the roll against its manifest: first day, last day, number of sachets.",
        ),
        (
            "Få den rigtige rulle sat i, eller aftal, hvem der giver det, der mangler. Luk så.",
            "Have the right roll put in, or agree on who gives what is missing. Then close this.",
        ),
        ("Klip ikke poser af uden at kassere dem i journalen.", "Do not cut sachets off unrecorded."),
    ),
    "refill_due": advice(
        ("Rullen rækker ikke til alle doser i planen.", "The roll ends before the plan does."),
        ("Er en ny rulle bestilt, og hvornår kommer den?", "Is a new roll ordered, and when does it come?"),
        (
            "Få den sat i før den dosis. `dispenserd doses` siger hvilken.",
            "Have it put in before that dose; `dispenserd doses` says which one.",
        ),
        ("Vent ikke, til robotten er tom.", "Do not wait until the robot is empty."),
    ),
    "sachets_uncounted": advice(
        (
            "Poser fra den gamle rulle er ikke talt: ingen ved, hvor de er.",
            "Sachets of the old roll were not counted: nobody knows where they are.",
        ),
        ("Hvem tog rullen ud? Hvor ligger den nu?", "Who took the roll out? Where is it now?"),
        (
            "Tæl dem pose for pose: i den nye robot, kasseret, eller ikke fundet (`dispenserd robot count`).",
            "Count each: in the new robot, in the waste, or not found (`dispenserd robot count`).",
        ),
        (
            "Giv ingen af de doser i hånden, før posen er talt.",
            "Give none of those doses by hand before its sachet is counted.",
        ),
    ),
    "mains_lost": advice(
        ("Robotten kører på batteri.", "The robot runs on its battery."),
        ("Er stikket trukket ud, eller er strømmen gået?", "Is the plug out, or is there a power cut?"),
        ("Bed nogen sætte stikket i.", "Ask somebody to plug it in."),
        ("Flyt ikke robotten med poser i bakken.", "Do not move it with a sachet in the tray."),
    ),
    "battery_short": advice(
        (
            "Robottens batteri rækker ikke til næste dosis.",
            "The robot's battery will not last to the end of the next dose.",
        ),
        ("Hvornår er næste dosis? Hvem er tæt på?", "When is the next dose? Who is near?"),
        (
            "Få strøm på, eller vær der, når dosis skal gives.",
            "Get it mains, or be there when the dose is due.",
        ),
        ("Giv intet i hånden, før du har taget hændelsen.", "Give nothing by hand before you took the dose."),
    ),
    "roll_empty": advice(
        ("Der er ikke flere poser i robotten.", "There are no sachets left in the robot."),
        ("Hvornår er næste dosis? Er en ny rulle på vej?", "When is the next dose? Is a roll on its way?"),
        ("Få en ny rulle sat i før næste dosis.", "Have a new roll put in before the next dose."),
        ("Lån ikke poser fra en anden borger.", "Borrow no sachets from another resident."),
    ),
    "store_failed": advice(
        (
            "Boksens disk eller database svigtede, og den er startet igen.",
            "Disk or database failed; restarted.",
        ),
        ("Er hjemmet i live nu?", "Is the home alive now?"),
        ("Ring til teknikeren, også selv om det virker.", "Call the technician even if it works."),
        ("Luk den ikke, før nogen har set på disken.", "Do not close it before somebody looked at the disk."),
    ),
    "command_refused": advice(
        (
            "Hjemmet fik en besked, der ikke kom rigtigt fra vagten, og afviste den.",
            "The home got a command that was not rightly on-call's, and refused it.",
        ),
        ("Er vagtens nøgle eller ur lige ændret?", "Was on-call's key or clock just changed?"),
        ("Ring til administratoren.", "Call the administrator."),
        ("Luk den ikke uden at nogen har set på det.", "Do not close it before somebody looked into it."),
    ),
    "attempt_blocked": advice(
        (
            "Nogen trykkede ved robotten og fik intet: det var ikke deres medicin.",
            "Somebody pressed and got nothing: it was not theirs.",
        ),
        ("Hvem var det, og er en brik byttet eller mistet?", "Who was it; is a tag swapped or lost?"),
        ("Tal med dem i hjemmet, og bestil en ny brik.", "Talk to those who live there; order a new tag."),
        ("Gå ikke ud fra, at det var et barns leg.", "Do not take it for a child's game."),
    ),
    "record_contradicts/formatted": _ROBOT_LOG,
    "record_contradicts/shorter": _ROBOT_LOG,
    "record_contradicts/gap": _ROBOT_LOG,
    "record_contradicts/rewritten": _ROBOT_LOG,
    "home_silent": advice(
        (
            "Vagten hører ikke fra hjemmet. Ingen ved, hvordan det går.",
            "On-call hears nothing from this home.",
        ),
        (
            "Ring til borgeren: er der strøm, og er næste dosis hentet?",
            "Call the resident: is there power, was the next dose retrieved?",
        ),
        (
            "Robotten udleverer selv uden net. Besøg hjemmet, hvis ingen svarer.",
            "The robot works without a network. Visit the home if nobody answers.",
        ),
        ("Tro ikke, at stille er det samme som godt.", "Do not take silence for good news."),
    ),
    "nobody_on_call": advice(
        ("Der står ingen på vagtlisten nu.", "Nobody is on the list now."),
        ("Hvem har vagten i dag?", "Who has the duty today?"),
        ("Sæt en på listen. Hold øje her imens.", "Put somebody on the list; watch here meanwhile."),
        ("Gå ikke fra skærmen, før en anden har vagten.", "Do not leave before somebody else is on."),
    ),
    "notice_failed": advice(
        ("En besked til personalet nåede ikke frem.", "A notice to staff did not get through."),
        ("Virker telefon, sms og net?", "Do telephone, text messages and network work?"),
        ("Ring til den, der skulle have den.", "Call the person it was meant for."),
        ("Regn ikke med, at de ved det.", "Do not rely on them to know."),
    ),
    "digest_disagrees": advice(
        (
            "Hjemmet tæller andre åbne hændelser end vagten.",
            "The home counts other open incidents than on-call.",
        ),
        ("Ring til hjemmet: er der noget, vi ikke ser her?", "Call the home: is there something we miss?"),
        ("Ring til administratoren, hvis det bliver ved.", "Call the administrator if it goes on."),
        ("Tro ikke, at listen her er hele sandheden.", "Do not take this list for the whole truth."),
    ),
    "broker_lost": advice(
        (
            "Vagten har ingen forbindelse til brokeren og hører derfor ingen hjem.",
            "On-call has no connection to the broker, so it hears no home.",
        ),
        ("Virker nettet her? Kører brokeren?", "Does the network work here? Does the broker run?"),
        (
            "Ring til administratoren, og til hjem med en åben dosis.",
            "Call the administrator, and the homes.",
        ),
        ("Tro ikke, at stille er det samme som godt.", "Do not take silence for good news."),
    ),
    "test_alarm": advice(
        (
            "Hjemmets prøvealarm kom ikke frem i tide. En rigtig alarm var måske heller ikke nået frem.",
            "The home's test alarm was late. A real one might have been, too.",
        ),
        ("Er hjemmet i live nu, og har nettet været væk?", "Is the home alive now, was the network gone?"),
        ("Bed teknikeren prøve igen, når nettet er der.", "Have the technician test again once it is back."),
        ("Regn ikke med alarmer fra hjemmet imens.", "Do not rely on its alarms meanwhile."),
    ),
    "plan_ends": advice(
        ("Medicinplanen i hjemmet er ved at slutte.", "The medicine plan in the home comes to its end."),
        ("Er medicinen forlænget på medicinkortet?", "Was the medicine prolonged on the card?"),
        ("Bed sygeplejersken forny planen i tide.", "Have the nurse renew the plan in time."),
        ("Giv ikke efter en gammel plan.", "Give nothing by an old plan."),
    ),
    "certificate_expires": advice(
        ("Et certifikat på vejen til brokeren udløber.", "A certificate on the way to the broker runs out."),
        ("Hvilket, og hvornår? Se `dispenserd doctor`.", "Which one, and when? See `dispenserd doctor`."),
        ("Ring til teknikeren: det skal fornyes.", "Call the technician: it must be renewed."),
        ("Vent ikke til det er udløbet: så tier hjemmet.", "Do not wait: then the home falls silent."),
    ),
    "chore_failed": advice(
        ("Boksens egen kontrol er fejlet tre gange.", "A chore of the box failed three times."),
        ("Hvilken? Se `dispenserd status` i hjemmet.", "Which one? See `dispenserd status` there."),
        ("Ring til teknikeren. Ingen dosis venter på den.", "Call the technician. No dose waits for it."),
        ("Lad den ikke ligge i ugevis.", "Do not leave it for weeks."),
    ),
    "test_alarm_missing": advice(
        ("Ugens prøvealarm kom ikke frem.", "The weekly test alarm did not arrive."),
        ("Kommer andre hændelser fra hjemmet frem?", "Do other incidents of this home arrive?"),
        ("Ring til administratoren. Ring til hjemmet imens.", "Call the administrator, and the home."),
        ("Regn ikke med alarmer fra hjemmet.", "Do not rely on alarms from this home."),
    ),
    "home_unlisted": advice(
        (
            "Et hjem er i gang og står ikke på listen over hjem, eller er taget af den med noget åbent.",
            "A home is at work that is not on the list of homes, or left the list with something open.",
        ),
        ("Er hjemmet nyt, eller er det taget af ved en fejl?", "Is it new, or was it taken off by mistake?"),
        (
            "Bed den, der fører listen, sætte det på. Alarmer fra det tæller fuldt ud.",
            "Have whoever keeps the list put it on. Its alarms count in full.",
        ),
        ("Luk ikke for hjemmets alarmer.", "Do not disregard what this home tells."),
    ),
    "home_list_empty": advice(
        (
            "Vagten har ingen liste over hjem. Et hjem, der aldrig har meldt sig, savnes af ingen.",
            "On-call has no list of homes. A home that was never heard is missed by nobody.",
        ),
        ("Hvilke hjem skulle stå her? Er de her alle?", "Which homes should stand here? Are they all here?"),
        ("Bed administratoren lægge listen ind.", "Have the administrator put the list in place."),
        ("Tro ikke, at listen her er alle hjem.", "Do not take the homes shown here for all there are."),
    ),
    "file_refused": advice(
        (
            "Vagtlisten eller listen over hjem er ændret og kan ikke bruges. Den gamle gælder.",
            "The roster or the list of homes was changed and can't be used. The old one holds.",
        ),
        ("Hvem har rettet i den, og hvad skulle ændres?", "Who changed it, and what was to change?"),
        (
            "Ring til administratoren: hvad der er galt, står i vagtens log.",
            "Call the administrator: on-call's log says what is wrong with it.",
        ),
        (
            "Regn ikke med, at ændringen gælder. Genstart ikke vagten før.",
            "Do not rely on the change, and do not restart on-call before it is put right.",
        ),
    ),
    "store_refuses": advice(
        (
            "Vagten kunne ikke skrive i sin database og tog ikke imod. Nu kan den igen.",
            "On-call could not write to its database and took nothing in. Now it can again.",
        ),
        (
            "Er der plads på vagtens disk? Er noget sket i hjemmene imens?",
            "Is there room on on-call's disk? Did anything happen in the homes meanwhile?",
        ),
        (
            "Ring til administratoren. Luk den, når årsagen er fundet.",
            "Call the administrator. Close it once the cause is found.",
        ),
        ("Tro ikke, at det er ovre af sig selv.", "Do not take it for over by itself."),
    ),
}
