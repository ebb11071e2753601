"""What a notice says, in the person's language: which home, how urgent, what kind, until when.

Nothing about a person or a medicine (S6): no dose, no resident, no drug. A kind that has no words here is
shown as its code. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from dispenserd.oncall.roster import Language
from dispenserd.oncall.steps import Notice

KINDS: Mapping[str, tuple[str, str]] = {
    "about_to_miss": ("en dosis er ved at blive glemt", "a dose is about to be missed"),
    "dose_missed": ("en dosis er ikke taget", "a dose was missed"),
    "left_in_tray": ("en dosis ligger i bakken", "a dose was left in the tray"),
    "release_failed": ("robotten kunne ikke levere", "the robot could not deliver"),
    "robot_fault": ("fejl på robotten", "the robot reports a fault"),
    "sachet_mismatch": ("forkert pose i robotten", "the wrong sachet is in the robot"),
    "sachet_unreadable": ("en pose kan ikke læses", "a sachet can't be read"),
    "command_refused": ("en falsk eller for gammel ordre blev afvist", "a false or late command was refused"),
    "clock_untrusted": ("uret er ikke til at stole på", "the clock can't be trusted"),
    "roll_conflict": ("planen passer ikke til rullen", "the plan does not fit the roll"),
    "robot_unreachable": ("ingen forbindelse til robotten", "the robot can't be reached"),
    "robot_refused": ("forkert robot", "another robot is connected"),
    "dose_blocked": ("en dosis kan ikke tilbydes", "a dose can't be offered"),
    "order_unknown": ("uvist om en dosis blev leveret", "nobody knows whether a dose was released"),
    "record_contradicts": ("mulig dobbelt dosis", "possible double dose"),
    "plan_refused": ("planen blev afvist", "the plan was refused"),
    "roll_empty": ("rullen er tom", "the roll is empty"),
    "store_failed": ("lagringen svigtede", "the store failed"),
    "journal_behind": ("journalen mangler sin slutning", "the journal lost its end"),
    "home_silent": ("hjemmet er tavst", "the home is silent"),
    "nobody_on_call": ("ingen har vagt", "nobody is on call"),
    "notice_failed": ("en besked kunne ikke leveres", "a notice could not be delivered"),
    "digest_disagrees": ("vagten og hjemmet er uenige", "on-call and the home disagree"),
    "test_alarm_missing": ("prøvealarmen udebliver", "the test alarm is missing"),
    "broker_lost": ("vagten hører ingen hjem", "on-call hears no home"),
}
"""Kind -> (Danish, English)."""

_PRIORITIES: Mapping[str, tuple[str, str]] = {
    "high": ("HØJ", "HIGH"),
    "medium": ("MELLEM", "MEDIUM"),
    "low": ("LAV", "LOW"),
}
_WHYS: Mapping[str, tuple[str, str]] = {
    "raised": ("ny", "new"),
    "overdue": ("ingen har taget den", "nobody has taken it"),
    "unreached": ("en kollega kunne ikke nås", "a colleague could not be reached"),
    "no_outcome": ("taget, men ikke afsluttet", "taken, and not brought to an end"),
}


def wording(notice: Notice, language: Language, zone: tzinfo) -> tuple[str, str]:
    """Title and body."""
    at = 0 if language == "da" else 1
    kind = KINDS[notice.kind][at] if notice.kind in KINDS else notice.kind.replace("_", " ")
    priority = _PRIORITIES.get(notice.priority, (notice.priority, notice.priority))[at]
    where = notice.home or ("vagten", "on-call")[at]
    deadline = notice.deadline.astimezone(zone).strftime("%H:%M")
    title = f"{priority}: {where}"
    unknown, until, number = (
        ("ukendt siden", "Tag den senest", "Besked") if at == 0 else ("unknown since", "Take it by", "Notice")
    )
    since = ""
    if notice.since is not None and notice.kind in ("home_silent", "broker_lost"):
        since = f", {unknown} {notice.since.astimezone(zone).strftime('%d.%m. %H:%M')}"
    why = _WHYS.get(notice.why, (notice.why, notice.why))[at]
    body = f"{where}: {kind}{since} ({why}). {until} {deadline}. {number} {notice.name}."
    return title, body


def test_wording(language: Language) -> tuple[str, str]:
    """Of `oncall roster --test`: nobody should do anything about it."""
    if language == "da":
        return "Prøvebesked", "Prøve fra vagten: du skal ikke gøre noget."
    return "Test notice", "A test by on-call: there is nothing for you to do."
