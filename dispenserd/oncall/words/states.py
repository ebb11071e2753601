"""How far something has come: priorities, states, the right to give, decisions, homes and their robots."""

from __future__ import annotations

from collections.abc import Mapping

from dispenserd.oncall.words.language import Said

PRIORITIES: Mapping[str, Said] = {
    "high": Said("HØJ", "HIGH"),
    "medium": Said("mellem", "medium"),
    "low": Said("lav", "low"),
    "info": Said("info", "info"),
}

STATES: Mapping[str, Said] = {
    "raised": Said("ny", "raised"),
    "published": Said("sendt", "published"),
    "delivered": Said("modtaget", "delivered"),
    "acknowledged": Said("overtaget", "acknowledged"),
    "handled": Said("behandlet", "handled"),
    "closed": Said("lukket", "closed"),
}

TOKENS: Mapping[str, Said] = {
    "none": Said("hos robotten", "with the robot"),
    "asked": Said("spurgt, IKKE bekræftet", "asked, NOT confirmed"),
    "confirmed": Said("bekræftet: må give", "confirmed: may give"),
}
"""Who may give the dose by hand (rule 5): nobody before the home has confirmed it."""

VERDICTS: Mapping[str, Said] = {
    "given": Said("givet i hånden", "given by hand"),
    "had_it": Said("borgeren har fået den", "the resident had it"),
    "witnessed": Said("jeg så den blive indtaget", "I saw it being swallowed"),
    "not_given": Said("ikke givet", "not given"),
    "discard": Said("kasseres", "to the locked store"),
    "let_go": Said(
        "posen er den rigtige: slip den fri (to personer)", "the sachet is right: let it go (two people)"
    ),
}

ACTIONS: Mapping[str, Said] = {
    "take": Said("vil tage den", "asks to own it"),
    "close": Said("vil lukke den", "asks to close it"),
    "decide": Said("afgør", "decides"),
}

DECISION_STATES: Mapping[str, Said] = {
    "queued": Said("venter på hjemmets svar", "waits for the home's answer"),
    "accepted": Said("bekræftet af hjemmet", "confirmed by the home"),
    "refused": Said("afvist", "refused"),
    "expired": Said("hjemmet svarede ikke: gælder ikke", "the home did not answer: does not count"),
}

NOTICES: Mapping[str, Said] = {
    "queued": Said("får besked:", "telling"),
    "told": Said("har fået besked:", "told"),
    "failed": Said("IKKE NÅET:", "NOT REACHED"),
    "nobody": Said("ingen på vagt", "nobody on call"),
}
"""What became of telling a person."""

HOMES: Mapping[str, Said] = {
    "alive": Said("i live", "alive"),
    "unknown": Said("UKENDT", "UNKNOWN"),
}

ROBOTS: Mapping[str, Said] = {
    "": Said("robot ukendt", "robot unknown"),
    "absent": Said("robot væk", "robot absent"),
    "identified": Said("robot starter", "robot starting"),
    "ready": Said("robot klar", "robot ready"),
    "faulted": Said("robot har fejl", "robot has a fault"),
    "rejected": Said("robot afvist", "robot refused"),
}

SLOTS: Mapping[str, Said] = {
    "morning": Said("morgen", "morning"),
    "noon": Said("middag", "noon"),
    "evening": Said("aften", "evening"),
    "night": Said("nat", "night"),
}
"""Day parts; a second slot of the same part has a number behind it, as in `morning-2`."""
