"""Codes of the core, put in words for the person at the terminal.

A refusal's sentence says why in terms of the dose and the resident, and its second part what to do. A code
without an entry is shown as it is: never a reason to hide a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

REFUSALS: Mapping[str, tuple[str, str]] = {
    "no_token": (
        "The right to give this dose by hand is not with that person: the robot or a colleague has it.",
        "Take the dose's incident first, wait until the home has confirmed it, then give.",
    ),
    "in_doubt": (
        "Nobody knows yet whether this dose left the robot; giving another could be a double dose.",
        "Look for the sachet (holding place, tray, resident). Then decide --had-it or --not-given.",
    ),
    "double_dose": (
        "The sachet of this dose is in the tray, on its way or in somebody's hand: it may still be taken.",
        "Ask the resident; retract or settle the sachet before anything is given by hand.",
    ),
    "already_settled": (
        "This dose already has its outcome.",
        "Look at it with `dispenserd doses`; a wrong outcome is corrected, never repeated.",
    ),
    "with_staff": (
        "The right to give this dose is with a member of staff.",
        "Ask that person; it comes back only by their word (--not-given).",
    ),
    "not_owner": (
        "Only the person who took this may say that.",
        "Ask the owner, named by `dispenserd oncall list` and `dispenserd doses`.",
    ),
    "taken_by_other": (
        "Somebody else has taken this incident.",
        "Call that person before you do anything about the dose.",
    ),
    "contradicts_record": (
        "The robot's own record shows where the sachet is, and it was not handed out.",
        "Look at the robot. If the resident had other medicine, call the responsible nurse.",
    ),
    "not_in_doubt": (
        "There is nothing to settle: this dose is neither in doubt nor with a member of staff.",
        "Look at it with `dispenserd doses`.",
    ),
    "not_in_robot": (
        "The sachet can't be diverted now: it is not in the robot, or an order for it is on its way.",
        "Wait a minute, look with `dispenserd doses`, and decide again if it still holds.",
    ),
    "tray_occupied": (
        "Something lies in the tray and may still be taken.",
        "Empty or retract the tray first, then decide.",
    ),
    "robot_not_ready": (
        "The robot can't be read now, so its sensors can't confirm the finding.",
        "See `dispenserd status`; bring the robot back, then decide.",
    ),
    "stale": (
        "The situation changed after it was read: the decision was about an earlier state.",
        "Read it again and decide about what it is now.",
    ),
    "unknown_dose": (
        "The home knows no such dose.",
        "See `dispenserd doses` for the doses it knows.",
    ),
    "unknown_incident": (
        "The home knows no such incident.",
        "See `dispenserd oncall list`; check that it is the right home.",
    ),
    "closed": ("This incident is closed.", "Nothing more is needed for it."),
    "still_open": (
        "The dose of this incident has no outcome yet, so the incident can't be closed.",
        "Decide about the dose first.",
    ),
    "test_under_way": (
        "This test alarm still waits for its receipt, which ends it by itself.",
        "Nothing is needed; without a receipt in time it becomes high, and then it can be closed.",
    ),
    "not_said": (
        "The right to give this dose by hand is still out, and nobody has said whether it was given.",
        "Its holder, named by `dispenserd doses`, decides --given or --not-given; then close.",
    ),
    "not_presentable": (
        "The dose can't be offered now.",
        "See `dispenserd status` for the reason.",
    ),
    "too_early": ("The dose's window is not open yet.", "Wait until it opens; see `dispenserd doses`."),
    "too_late": ("The dose's window is closed.", "Decide about the dose with the responsible nurse."),
    "clock": (
        "The home's clock can't be trusted now, so nothing irreversible is decided.",
        "See `dispenserd status`; the robot's battery clock must agree with the box.",
    ),
    "fault": ("The robot reports a fault.", "See `dispenserd status`; clear the fault at the robot."),
    "lid_open": ("The robot's lid is open.", "Close the lid and decide again."),
    "expired": (
        "The decision reached the home too late to be carried out.",
        "Read the situation again and decide anew.",
    ),
    "replayed": (
        "The home has carried out or refused this very command before.",
        "Read the situation again; decide anew if something is still open.",
    ),
    "bad_signature": (
        "The home doesn't accept the signature of this on-call service.",
        "Check that the home has this service's public key; call the administrator.",
    ),
    "other_home": ("The command names another home.", "Check the incident's home and decide again."),
    "other_epoch": (
        "The home was restored since this was read.",
        "Read the situation again: its doses may be in doubt.",
    ),
    "robot_unreachable": (
        "The robot can't be read, so nobody can see which roll is in it.",
        "See `dispenserd status`; bring the robot back, then load the roll again.",
    ),
    "wrong_resident": (
        "This roll is not for a resident whose plan this home has.",
        "Take the roll out and check the name on it against the resident.",
    ),
    "wrong_production_id": (
        "The roll in the robot is not the one this manifest describes.",
        "Compare the production id on the roll with the manifest's.",
    ),
    "not_confirmed": (
        "The home has not confirmed yet that this person took the incident.",
        "Wait for the confirmation in `dispenserd oncall list`, then repeat it.",
    ),
    "no_dose": (
        "This incident is about no dose.",
        "Close it with `dispenserd oncall close` once it is dealt with.",
    ),
    "decision_waits": (
        "Another decision about this dose is on its way and has no answer yet.",
        "Wait for the home's answer; see `dispenserd oncall list`.",
    ),
    "nothing_to_witness": (
        "The robot has not handed this dose out, so nobody can have seen it taken from there.",
        "If it was given by hand, take its incident and decide --given.",
    ),
    "unknown_resident": (
        "The home knows no such resident.",
        "See `dispenserd resident show` for the residents it knows.",
    ),
    "no_name": ("Nobody is named who answers for it.", "Say who decided it, with --by."),
    "review_needed": (
        "A restrictive mode needs a day in the future on which somebody looks at it again.",
        "Say it with --review-days, between 1 and 31.",
    ),
    "review_too_late": (
        "That is too long without anybody looking at it again.",
        "Name a review within 31 days.",
    ),
    "review_of_normal": (
        "The normal mode restricts nothing, so there is nothing to review.",
        "Leave the review out.",
    ),
    "until_is_past": ("The pause would be over before it begins.", "Name a later end, or none."),
    "not_paused": (
        "This resident is not paused.",
        "See `dispenserd resident show`; begin a pause with `dispenserd resident pause`.",
    ),
    "not_reconciled": (
        "Nobody has compared medicine card, roll and what was given elsewhere.",
        "A nurse does that first, and then says --reconciled with their name.",
    ),
    "no_answer": (
        "The home has not answered in time.",
        "It may still arrive: see `dispenserd oncall list` before repeating it. Give nothing before.",
    ),
}
"""Reason code -> (why, what to do). The codes are `scheduler`'s and those of the door for signed commands."""

VERDICTS: Mapping[str, str] = {
    "given": "given by hand by",
    "had_it": "the resident had it, says",
    "witnessed": "seen by",
    "not_given": "nobody had it, says",
    "discard": "to the locked store, decided by",
}

KEEPERS: Mapping[str, str] = {"robot": "the robot", "oncall": "on-call"}
"""Who keeps the newest head of the home's journal (rule 23)."""

REFUSED_MEANS = "Nothing was changed; the dose stays as it was."

STAGES: Mapping[str, str] = {
    "planned": "planned",
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


def refusal(code: str) -> tuple[str, str]:
    """Why, and what to do; a code nobody put in words yet is shown as it is."""
    return REFUSALS.get(code, (f"The home refused it ({code}).", "See `dispenserd status` and the journal."))


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


def found(dose: object, verdict: str, by: object) -> str:
    """What was recorded: `Recorded: 2026-11-02/evening, given by hand by Anna.`"""
    return f"Recorded: {short_dose(dose)}, {VERDICTS.get(verdict, plain(verdict))} {by}."


def plain(code: str) -> str:
    """A code as words, for tables: `about_to_miss` -> `about to miss`."""
    return code.replace("_", " ")
