"""Why a held sachet is not let go (rule 3), and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.refusal_parts import Refusal, refuse

LET_GO_REFUSALS: Mapping[str, Refusal] = {
    "not_held": refuse(
        "Posen holdes ikke tilbage, så der er intet at slippe fri.",
        "The sachet is not held; there is nothing to let go.",
        "Se på dosis igen.",
        "Look at the dose again.",
        see="holds",
    ),
    "no_dose_waits": refuse(
        "Ingen dosis venter på den pose.",
        "No dose waits for this sachet.",
        "Kassér den; så kan den næste komme frem.",
        "Discard it; then the next one can come.",
    ),
    "discarded": refuse(
        "En person har besluttet, at posen kasseres.",
        "Somebody has decided that the sachet is discarded.",
        "Tag hændelsen, og giv dosis i hånden, hvis den stadig skal gives.",
        "Take the incident, and give the dose by hand if it is still to be given.",
    ),
    "same_person": refuse(
        "To forskellige personer skal sige det, og det er sagt af den samme.",
        "Two different people must say so, and this is the same one again.",
        "Få en kollega til at se på posen og sige det samme, inden tiden er gået.",
        "Have a colleague look at the sachet and say the same in time.",
        see="holds",
    ),
    "other_person": refuse(
        "Posen er en anden borgers. Den slippes aldrig fri.",
        "The sachet is another resident's. It is never let go.",
        "Tag den ud, og find ud af, hvordan den kom derind.",
        "Take it out, and find out how it came there.",
    ),
    "given_elsewhere": refuse(
        "Fagsystemet siger, at andre har givet dosis.",
        "The fagsystem says that others gave this dose.",
        "Find ud af hvem, og hvornår. Kassér posen, eller ret det i fagsystemet.",
        "Find out who and when. Discard the sachet, or correct the fagsystem.",
    ),
    "perhaps_elsewhere": refuse(
        "Måske har andre givet dosis; ingen har sagt, om det var den eller pn.",
        "Others may have given this dose; nobody has said whether it was that, or as needed.",
        "Find ud af det, og sig 'har fået den' (denne dosis) eller 'ikke givet' (pn).",
        "Find out, and say 'had it' (this dose) or 'not given' (as needed).",
    ),
    "said_before": refuse(
        "Det er sagt om det, andre gav, og sådan står det allerede.",
        "That has been said of what others gave, and stands already.",
        "Er det forkert, så sig det modsatte: 'har fået den' er denne dosis, 'ikke givet' er pn.",
        "If it is wrong, say the other: 'had it' is this dose, 'not given' is as needed.",
    ),
    "other_medicine": refuse(
        "Ifølge følgesedlen er der anden medicin i posen end planlagt, eller mere af den.",
        "By the manifest it holds other medicine than planned, or more of it.",
        "Kassér posen, og giv dosis i hånden.",
        "Discard the sachet, and give the dose by hand.",
    ),
    "still_unreadable": refuse(
        "Robotten kan stadig ikke læse posens mærkat.",
        "The robot still can't read the sachet's label.",
        "Ret posen ind, så mærkatet kan læses, eller kassér den.",
        "Straighten the sachet until its label is read, or discard it.",
    ),
}
