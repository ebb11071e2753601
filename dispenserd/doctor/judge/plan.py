"""What is to be thought of plan and roll: is there medicine for the doses to come? Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dispenserd.doctor.finding import Finding, ok, unknown, warning, wrong

View = Mapping[str, Any]

PLAN_LEFT_MIN = timedelta(hours=72)
"""The catalogue's: over a weekend nobody writes a new card."""

PLAN_LEFT_LEAST = timedelta(hours=24)
"""Tomorrow's doses are not all asked for any more."""

EMPTY_BEFORE = timedelta(hours=12)
"""The catalogue's: an empty roll is high when a dose is due within this."""

SACHETS_AHEAD = timedelta(hours=24)
"""A pharmacy's round takes a day: what does not last so long must be ordered now."""

IN_THE_ROLL = frozenset({"planned", "due", "held", "failed"})
"""Stages of a dose whose sachet is still in the magazine."""


def plan(told: View, reach: View | None, folder: View, now: datetime) -> Finding:
    """`told`: `plan` of the status. `reach`: as `dispenserd.vitals.reach`. `folder`: the card that lies there
    now: card_version, refused, read (when it was put there); `accepted`: when the plan in force was."""
    version, card = int(told.get("plan_version") or 0), int(told.get("card_version") or 0)
    refused = str(told.get("refused") or "") or str(folder.get("refused") or "")
    left = _left(reach, now)
    facts = {
        "plan_version": version,
        "card_version": card,
        "refused": refused,
        "folder": dict(folder),
        "hours_left": None if left is None else int(left / timedelta(hours=1)),
        "planned_to": (reach or {}).get("planned_to"),
    }
    if refused:
        return wrong(
            f"The newest medicine card was refused: {refused}.",
            "The plan before it stays in force; what was changed or stopped on the card is not known here.",
            "Have the fagsystem send a whole and newer card for this resident.",
            **facts,
        )
    if not version:
        return wrong(
            "The home has no plan.",
            "It knows of no dose, and offers none.",
            "Put the resident's card into the fagsystem folder: <resident key>/plan.json.",
            **facts,
        )
    said = f"Plan version {version} of card {card}{_since(folder)}, {_lasting(left)}."
    newer = folder.get("card_version")
    if isinstance(newer, int) and newer > card:
        return warning(
            f"{said} Card {newer} lies in the folder.",
            "It has not been accepted yet.",
            "Nothing within a few seconds of its coming; else see whether the home runs.",
            **facts,
        )
    if left is not None and left < PLAN_LEFT_LEAST:
        return wrong(
            said,
            "Soon nothing is asked for any more: the resident gets no doses, and nobody is alarmed.",
            "Get a newer card from the fagsystem today.",
            **facts,
        )
    if left is not None and left < PLAN_LEFT_MIN:
        return warning(
            said, "Over a weekend it would run out.", "Get a newer card from the fagsystem.", **facts
        )
    return ok(said, "The doses to come are known.", **facts)


def roll(
    told: View, in_robot: View | None, doses: Sequence[View], now: datetime, beside: Sequence[View] = ()
) -> Finding:
    """`told`: `roll` of the status. `in_robot`: the robot's sensors. `doses`: as `dispenserd doses`.
    `beside`: the strips of medicine as needed in robots of their own, as the status has them."""
    loaded, due = str(told.get("production_id") or ""), _due(doses, now)
    soon = sum(at - now <= EMPTY_BEFORE for at in due)
    facts: dict[str, Any] = {
        "loaded": bool(loaded),
        "left": None,
        "due_12_h": soon,
        "due_24_h": sum(at - now <= SACHETS_AHEAD for at in due),
    }
    if not loaded:
        judged = wrong if soon else warning
        return judged(
            "No roll is loaded.",
            f"{soon} doses are due within 12 h and can't be released."
            if soon
            else "Nothing can be released.",
            "Put the roll in and say which it is: dispenserd roll load MANIFEST.",
            **facts,
        )
    if not in_robot:
        return unknown("The robot did not say which roll is in it.", 'See "Robot".', **facts)
    left = int(in_robot.get("sachets_left") or 0)
    facts["left"], facts["matches"] = left, in_robot.get("production_id") == loaded
    if not facts["matches"]:
        return wrong(
            "The roll in the robot is not the one that was loaded.",
            "Every sachet is held: its content is not known (S3).",
            "Put the right roll in, or load the manifest of the one that is there.",
            **facts,
        )
    if left == 0 and soon:
        return wrong(
            "The roll is empty, and a dose is due within 12 h.",
            "It can't be released.",
            "Refill now, or give the dose by hand after taking its incident.",
            **facts,
        )
    if left < facts["due_24_h"]:
        return warning(
            f"{left} sachets are left for {facts['due_24_h']} doses of the next 24 h.",
            "The roll runs out before tomorrow's end.",
            "Refill, or order a roll today.",
            **facts,
        )
    if left == 0:
        return warning("The roll is empty.", "No dose is due within 12 h.", "Refill.", **facts)
    if any(not strip.get("production_id") or strip.get("left") == 0 for strip in beside):
        return warning(
            "A strip of medicine as needed is empty, or none is loaded.",
            "The scheduled doses are there; nothing can be had from the robot for medicine as needed.",
            "Refill that robot, and say which strip it is: dispenserd roll load MANIFEST.",
            **facts,
        )
    return ok(f"The loaded roll is in the robot, {left} sachets left.", "The next doses are there.", **facts)


def _left(reach: View | None, now: datetime) -> timedelta | None:
    """None: the plan names no end, or nobody can say."""
    until = (reach or {}).get("until")
    return None if not isinstance(until, str) else datetime.fromisoformat(until) - now


def _lasting(left: timedelta | None) -> str:
    return "without an end" if left is None else f"for {max(0, int(left / timedelta(hours=1)))} more hours"


def _since(folder: View) -> str:
    return f", accepted {folder['accepted']}" if folder.get("accepted") else ""


def _due(doses: Sequence[View], now: datetime) -> list[datetime]:
    """When the doses open that still need their sachet out of the roll."""
    found = []
    for dose in doses:
        in_the_roll = dose.get("stage") in IN_THE_ROLL
        if dose.get("outcome") or not in_the_roll or not isinstance(dose.get("opens"), str):
            continue
        closes = datetime.fromisoformat(str(dose.get("closes") or dose["opens"]))
        if closes > now:
            found.append(datetime.fromisoformat(dose["opens"]))
    return found
