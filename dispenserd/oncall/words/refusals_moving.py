"""Refusals about moving a resident, swapping a robot, and counting sachets (rule 24)."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.refusal_parts import Refusal
from dispenserd.oncall.words.refusal_parts import refuse as _r

MOVING_REFUSALS: Mapping[str, Refusal] = {
    "moved_out": _r(
        "Borgeren er flyttet til et andet hjem, som nu har ansvaret.",
        "The resident moved to another home, which has them in its care now.",
        "Gør det dér.",
        "Do it there.",
    ),
    "not_moved_in": _r(
        "Borgeren er ikke flyttet ind endnu: deres tidligere hjem har ansvaret.",
        "The resident has not moved in yet: their former home has them in its care.",
        "Læs den gamle boks' fil ind med `dispenserd resident move-in`.",
        "Read the old box's bundle in with `dispenserd resident move-in`.",
    ),
    "here_already": _r(
        "Borgeren er allerede i dette hjems varetægt.",
        "The resident is in this home's care already.",
        "Intet at gøre her.",
        "There is nothing to do here.",
    ),
    "same_box": _r(
        "Anmodningen er fra denne boks selv.",
        "The request is this box's own.",
        "Brug den nye boks' anmodning.",
        "Use the new box's request.",
    ),
    "not_at_rest": _r(
        "En pose er på vej, i bakken, eller der er tvivl om en dosis.",
        "A sachet is on its way, in the tray, or a dose is in doubt.",
        "Vent, til den er hentet eller lagt væk, og afklar tvivlen; prøv så igen.",
        "Wait until it is retrieved or put away, settle the doubt, and try again.",
        see="doses",
    ),
    "leave_open": _r(
        "Borgeren er på orlov, eller det er ikke talt op, hvad der kom tilbage.",
        "The resident is on leave, or what came back of it was not counted.",
        "Afslut orloven først med `dispenserd resident back`.",
        "End the leave first with `dispenserd resident back`.",
    ),
    "uncounted": _r(
        "Poser fra en gammel rulle er ikke talt.",
        "Sachets of an old roll were not counted.",
        "Tæl dem først.",
        "Count them first.",
        see="robot uncounted",
    ),
    "other_box": _r(
        "Filen er til en anden boks.",
        "The bundle is for another box.",
        "Læs den ind på den boks, der bad om den.",
        "Read it in at the box that asked for it.",
    ),
    "not_asked": _r(
        "Denne boks har ikke bedt om borgeren.",
        "This box did not ask for the resident.",
        "Begynd med `dispenserd resident move-ask` her.",
        "Begin with `dispenserd resident move-ask` here.",
    ),
    "read_before": _r(
        "Filen er læst ind før.",
        "The bundle was read in before.",
        "Intet at gøre: borgeren er flyttet ind.",
        "There is nothing to do: the resident has moved in.",
    ),
    "older_bundle": _r(
        "Filen svarer på en ældre anmodning.",
        "The bundle answers an older request.",
        "Bær den nyeste anmodning til den gamle boks.",
        "Carry the newest request to the old box.",
    ),
    "no_roll": _r(
        "Der er ingen meldt rulle i den robot.",
        "No roll is loaded in that robot.",
        "Sæt en rulle i, og meld den; eller se, om den er taget ud.",
        "Put a roll in and load it; or see whether it was taken out.",
        see="roll show",
    ),
    "not_in_roll": _r(
        "En af poserne er ikke på den strimmel, robotten har.",
        "One of the sachets is not on the strip in the robot.",
        "Tæl kun det, der sidder i robotten; resten er kasseret eller ikke fundet.",
        "Count what is in the robot alone; the rest is in the waste or missing.",
        see="roll show",
    ),
    "label_not_left": _r(
        "En af poserne er ikke blandt dem, der skal tælles.",
        "One of the sachets is not among those to be counted.",
        "Se listen, og skriv mærkatet, som det er trykt.",
        "See the list, and write the label as it is printed.",
        see="robot uncounted",
    ),
    "nothing_to_count": _r(
        "Der er ingen poser at tælle.",
        "There is nothing to count.",
        "Tællingen er slut.",
        "The count has ended.",
        see="robot uncounted",
    ),
}
