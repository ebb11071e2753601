"""Codes of the core, put in words for the person at the terminal of a home.

Refusals and findings are worded once, for staff and home, in `dispenserd.oncall.words`; what only a home says
stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dispenserd.oncall.words.commands import FINDINGS, RECORDED
from dispenserd.oncall.words.language import Language

KEEPERS: Mapping[str, str] = {"robot": "the robot", "oncall": "on-call"}
"""Who keeps the newest head of the home's journal (rule 23)."""

STAGES: Mapping[str, str] = {
    "planned": "planned",
    "beside": "beside the robot",
    "due": "due now",
    "held": "held",
    "failed": "release failed",
    "releasing": "being released",
    "holding": "in the holding place",
    "presenting": "being presented",
    "in_tray": "in the tray",
    "retracting": "being retracted",
    "passing": "to the locked store",
    "diverting": "to the locked store",
    "in_store": "in the locked store",
    "lifted": "lifted",
    "out": "out of the robot",
    "doubt": "in doubt",
}


def stage(code: str) -> str:
    """Where a dose is, for people."""
    return STAGES.get(code) or plain(code)


def behind(keepers: Iterable[str]) -> str:
    """Who knows more of the home's journal than it holds, and what that means."""
    who = " and ".join(KEEPERS.get(keeper, plain(keeper)) for keeper in keepers)
    return f"older than what {who} heard from it; no release until a person closed the incident"


def short_dose(dose: object) -> str:
    """As `decide` takes it, without the resident key, which says nothing to a person: `2026-11-02/evening`.

    The part is shown where it is not the first: a slot has hardly ever a second one.
    """
    _, slash, rest = str(dose or "").partition("/")
    return (rest.removesuffix("/1") if slash else str(dose or "")).strip()


def found(dose: object, verdict: str, by: object, language: Language = "en") -> str:
    """What was recorded: `Recorded: 2026-11-02/evening, given by hand by Anna.`"""
    said = FINDINGS[verdict].in_(language).format(by)
    return RECORDED.in_(language).format(short_dose(dose), said)


FIRST_OF_TWO = "first_of_two"
"""In place of the verdict, where the home waits for a second person's word."""


def said_of(verdict: str, answer: Mapping[str, object]) -> str:
    """What a decision is in the record, by the home's answer to it."""
    return FIRST_OF_TWO if answer.get("reason") == "second_needed" else verdict


def plain(code: str) -> str:
    """A code as words, for tables: `about_to_miss` -> `about to miss`."""
    return code.replace("_", " ")
