"""What is to be thought of the clocks (rule 17): the box's, the robot's battery clock, the network's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dispenserd.doctor.finding import Finding, ok, unknown, warning, wrong

PARTS = 1_000_000
DRIFT_LEFT_DAYS_MIN = 14.0
"""A roll's length: who looks after this home comes by once in it, and must hear before the next time."""

REASONS: Mapping[str, str] = {
    "not_compared": "it has not been compared with the robot's since the start",
    "not_commissioned": "no person has ever set the robot's clock",
    "battery_gap": "the robot's battery clock has stood still",
    "drift": "the robot's clock was set too long ago to be within its drift bound",
    "disagrees": "box and robot differ by more than 2 minutes",
    "behind_journal": "the robot's clock is before the journal's newest event",
    "stepped": "the box's clock was set while the home ran",
}
"""Why the home does not trust its clock, by its own code."""

SET_IT = "Have a person with a key set the robot's clock, then check it here again."


def trust(word: str, comparison: Mapping[str, Any] | None, agreement: timedelta) -> Finding:
    """`word` is the running home's, "" if none runs; `comparison` the newest of the two clocks."""
    apart_s = None if comparison is None else comparison.get("apart_s")
    facts = {"home_says": word, "apart_s": apart_s, "agreement_s": agreement.total_seconds()}
    if isinstance(apart_s, int | float) and abs(apart_s) > agreement.total_seconds():
        return wrong(
            f"Box and robot differ by {abs(apart_s):.0f} s.",
            "Nobody knows which is right, so no dose is released, put away or missed by time.",
            "Set the box's clock right (network time, or by hand) and look at the robot's.",
            **facts,
        )
    if word and word != "trusted":
        code = word.removeprefix("untrusted: ")
        return wrong(
            f"The home does not trust its clock: {REASONS.get(code, code)}.",
            "No dose is released, put away or missed by time until it does (rule 18).",
            SET_IT if code in ("not_commissioned", "battery_gap", "drift") else "Set the box's clock right.",
            **facts,
        )
    if not word and apart_s is None:
        return unknown(
            "Neither the home nor the robot could be asked about the time.",
            "See the checks of both.",
            **facts,
        )
    near = "" if apart_s is None else f" Box and robot are {abs(apart_s):.1f} s apart."
    said = "The home trusts its clock." if word else "No home runs; the two clocks were compared here."
    return ok(said + near, "Doses come at their time.", **facts)


def battery(clock: Mapping[str, Any] | None, in_box: bool, agreement: timedelta, now: datetime) -> Finding:
    """`clock`: as `dispenserd.vitals` shows the robot's. `in_box`: the box has one of its own."""
    facts: dict[str, Any] = {"in_box": in_box, "in_robot": dict(clock) if clock else None}
    if not clock:
        return unknown(
            "The robot was not asked about its battery clock.",
            "See the checks of the robot and its port.",
            **facts,
        )
    if clock.get("commissioned") is False:
        return wrong(
            "No person has ever set the robot's battery clock.",
            "No clock in this home goes back to anybody, so none may be trusted and no dose is released.",
            SET_IT,
            **facts,
        )
    if clock.get("battery_ok") is False:
        return wrong(
            "The robot's battery clock has stood still since it was set.",
            "After the next power cut nobody knows the time; the home trusts no clock until a person sets "
            "it.",
            "Change the robot's clock battery and have a person set its clock.",
            **facts,
        )
    left = drift_days_left(clock, agreement, now)
    facts["drift_days_left"] = None if left is None else round(left, 1)
    if left is None:
        return unknown(
            "The robot did not say when its clock was set.", "Bring its firmware up to date.", **facts
        )
    said = f"The robot's battery clock runs; its drift bound holds for {left:.0f} more days."
    if left <= 0:
        return wrong(
            "The robot's clock was set so long ago that it may be 2 minutes off.",
            "It is no proof of the time any more, and no dose is released.",
            SET_IT,
            **facts,
        )
    if left < DRIFT_LEFT_DAYS_MIN:
        return warning(said, "After that the home trusts no clock, and releases nothing.", SET_IT, **facts)
    return ok(said, "A power cut does not cost the time.", **facts)


def drift_days_left(clock: Mapping[str, Any], agreement: timedelta, now: datetime) -> float | None:
    """Until the clock may be further off than `agreement`, by its own bound; None where it does not say."""
    ppm, told = clock.get("drift_ppm_max"), clock.get("set")
    if not isinstance(ppm, int) or not isinstance(told, str):
        return None
    try:
        was_set = datetime.fromisoformat(told)
    except ValueError:
        return None
    if ppm == 0:
        return float("inf") if was_set <= now else 0.0
    bound = agreement * PARTS / ppm
    return (was_set + bound - now) / timedelta(days=1) if was_set <= now + agreement else 0.0


def network(synchronised: bool | None, service: str) -> Finding:
    """`synchronised`: by the machine's own word; None where nothing here keeps network time."""
    facts = {"synchronised": synchronised, "service": service}
    if synchronised is None:
        return unknown(
            "Not checked: no systemd-timesyncd and no timedatectl answer here.",
            "If another service sets this clock, ask that one.",
            **facts,
        )
    if not synchronised:
        return warning(
            f"The box's clock is not synchronised with the network ({service}).",
            "It runs by itself. That is enough as long as it agrees with the robot's battery clock, and "
            "certificates "
            "are judged by it.",
            "Let the box reach a time server; look with `timedatectl status`.",
            **facts,
        )
    return ok(f"The box's clock is synchronised with the network ({service}).", "It stays right.", **facts)
