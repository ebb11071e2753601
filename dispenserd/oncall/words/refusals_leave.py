"""Why a wish about leave, or about one dose before or after its window, was not carried out."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.refusal_parts import Refusal, refuse

LEAVE_REFUSALS: Mapping[str, Refusal] = {
    "times_not_in_order": refuse(
        "Tiderne står ikke i rækkefølge.",
        "The times are not in their order.",
        "Først udlevering, så afrejse, så hjemkomst; og fra før til.",
        "Hand-out, then departure, then return; and `from` before `to`.",
    ),
    "hand_out_too_early": refuse(
        "Medicinen ville ligge for længe i en taske.",
        "The medicine would lie in a bag for too long.",
        "Udlevér den højst et døgn før afrejsen.",
        "Hand it out at most a day before departure.",
    ),
    "leave_too_long": refuse(
        "Så meget kan ikke ligge i robotten.",
        "So much can't lie in the robot.",
        "Vælg højst 14 dage, eller sæt på pause.",
        "Choose 14 days at most, or a pause.",
    ),
    "not_counted": refuse(
        "Ingen har talt op, hvad der kom hjem fra den forrige tur.",
        "What came back from the leave before was never counted.",
        "Tæl op først med `dispenserd resident back`.",
        "Count it first with `dispenserd resident back`.",
    ),
    "no_leave": refuse(
        "Der er ingen tur at afslutte.",
        "There is no leave to end.",
        "Se hvordan det står til i hjemmet.",
        "Look how things stand in the home.",
    ),
    "not_taken_along": refuse(
        "En af doserne blev ikke taget med.",
        "One of these doses was not taken along.",
        "Se hvilke, der er udleveret, og tæl igen.",
        "See which were handed out, and count again.",
        see="doses",
    ),
    "on_leave": refuse(
        "Den hører til en tur og udleveres med resten.",
        "It belongs to a leave, and is handed out with the rest.",
        "Afslut eller flyt turen først.",
        "End or move the leave first.",
    ),
    "controlled": refuse(
        "Kontrolleret medicin gives kun i sit eget vindue.",
        "Controlled medicine is had in its own window only.",
        "Aftal tidspunktet med lægen.",
        "Agree on the time with the prescriber.",
    ),
    "window_open": refuse(
        "Vinduet er allerede åbent.",
        "Its window is open already.",
        "Lad borgeren trykke.",
        "Have the resident press.",
    ),
    "window_closed": refuse(
        "Vinduet er lukket, og posen er på vej væk.",
        "Its window has closed, and its sachet goes away.",
        "Tag hændelsen, og giv den i hånden.",
        "Take its incident, and give it by hand.",
        see="oncall list",
    ),
    "next_dose": refuse(
        "Så længe venter den næste dosis bag den.",
        "Until then the next dose would wait behind it.",
        "Vælg en tid før den næste dosis.",
        "Choose a time before the next dose.",
    ),
    "too_soon": refuse(
        "Det er for tæt på en anden dosis med samme medicin.",
        "That is too close to another dose of the same medicine.",
        "Vent, eller spørg lægen.",
        "Wait, or ask the prescriber.",
    ),
}
