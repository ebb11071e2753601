"""What is to be thought of the robot and its line, by what it said or the home counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispenserd.doctor.finding import Finding, demo_class, ok, unknown, warning, wrong

View = Mapping[str, Any]

DAMAGED_SHARE_MAX, REPEATED_SHARE_MAX = 0.01, 0.01
"""One frame in a hundred: a good cable has none in a million, and at one in ten sessions begin to break."""

FRAMES_MIN = 50
"""Fewer say nothing about a share: one frame damaged as the plug went in is not a bad cable."""

ROUND_TRIP_MS_MAX = 500
"""A robot answers in tens of milliseconds; at half a second its flash or its line is in trouble, and a person
who presses begins to wait."""

DAMAGE = frozenset({"bad_crc", "bad_cobs", "too_long", "too_short", "short_header"})
"""Reasons of dropped bytes that only a damaged line explains."""

BATTERY_PERCENT_MIN = 30
"""With mains gone: below this a battery of 4-18 h may not last to the next dose and 2 h."""

SACHETS_A_DAY = 4

LOST: Mapping[str, tuple[str, str]] = {
    "port_missing": ("there is no such serial device", "Plug the robot in, or correct [robot] port."),
    "port_busy": (
        "another program uses the serial port",
        "End the other program: a second daemon, a terminal.",
    ),
    "port_denied": ("this user may not open the serial port", "Run this as root or as the service's user."),
    "port_unusable": ("it is no serial device at this speed", "Check [robot] port and baud."),
    "unplugged": ("the cable was pulled, or the robot lost its power", "Check plug, cable and mains."),
    "write_stalled": ("the device takes no bytes", "Unplug the robot and plug it in again."),
    "no_answer": ("nothing answers on the line", "Check the robot's power, [robot] port and baud."),
    "no_acknowledgement": ("it stopped answering", "Check cable and power; switch the robot off and on."),
    "no_reply": (
        "it does not answer what it is asked",
        "Switch it off and on; bring its firmware up to date.",
    ),
}
"""Why there is no robot, by the driver's code: in words, and what to do."""

REJECTED: Mapping[str, tuple[str, str]] = {
    "wrong_serial": (
        "another robot than the configured one is plugged in",
        "Plug in the paired robot; pair this one only after the old one was counted out.",
    ),
    "wrong_family": ("it is a robot of another kind", "Plug in the paired robot."),
    "wrong_protocol": (
        "it speaks another version of the wire",
        "Bring robot and dispenserd to versions that fit.",
    ),
    "missing_capability": ("it lacks something that this home needs", "Bring its firmware up to date."),
    "auth_class": (
        "it does not authenticate itself, and the configuration does not accept that",
        "Pair a robot that does, or accept this with [robot] accept_unauthenticated = true.",
    ),
}


@dataclass(frozen=True, slots=True)
class PortSeen:
    path: str
    device: str = ""  # what the name leads to
    there: bool = False
    character_device: bool = False
    usable: bool = False  # by this user
    stable: bool = False  # the name stays with this robot whatever else is plugged in


def port(seen: PortSeen, baud: int, lost: str) -> Finding:
    """`lost`: why our own session found no port, "" otherwise."""
    facts = {"path": seen.path, "device": seen.device, "baud": baud, "stable_name": seen.stable, "lost": lost}
    code = "port_missing" if not seen.there else "port_unusable" if not seen.character_device else lost
    if code.startswith("port_"):
        why, next_step = LOST[code]
        return wrong(
            f"The robot's port {seen.path} can't be used: {why}.",
            "The robot can't be reached.",
            next_step,
            **facts,
        )
    if not seen.stable:
        return warning(
            f"The robot's port is named {seen.path}.",
            "This name goes to whatever is plugged in first: after a restart it may be another device.",
            "Name it by /dev/serial/by-id/ in [robot] port.",
            **facts,
        )
    if not seen.usable:
        return warning(
            f"The robot's port {seen.device} is not open to this user.",
            "The home may have the right to it and this terminal not.",
            "Run this as root or as the service's user.",
            **facts,
        )
    return ok(f"Port {seen.path} leads to {seen.device}, {baud} baud.", "The robot keeps its name.", **facts)


def identity(state: str, reason: str, configured: str, hello: View | None) -> Finding:
    """`state` is the home's word for its robot, or "ready" after a session of our own."""
    told = dict(hello or {})
    facts = {"state": state, "reason": reason, "configured": configured, "serial": told.get("serial", "")}
    facts["firmware"] = told.get("firmware", "")
    if state == "unasked":
        return unknown(
            f"The robot was not asked: {reason}.", "End what stands in the way, and run this again.", **facts
        )
    if state == "rejected":
        why, next_step = REJECTED.get(reason, (reason, "Plug in the paired robot."))
        return wrong(
            f"What answers on the port is not served: {why}.",
            "It is ordered nothing; no dose is released.",
            next_step,
            **facts,
        )
    if state in ("absent", ""):
        why, next_step = LOST.get(reason, (reason or "it is not there", "Check cable, power and port."))
        return wrong(f"The robot can't be reached: {why}.", "No dose can be released.", next_step, **facts)
    if state == "identified":
        return warning(
            f"Robot {configured} is there; its log has not been read to the end yet.",
            "Nothing is ordered until it has been.",
            "Run this again in a minute; if it stays so, look with `dispenserd journal tail`.",
            **facts,
        )
    firmware = facts["firmware"]
    known = f", firmware {firmware}" if firmware else ""
    return ok(f"Robot {configured} answers{known}.", "It is the one that the configuration names.", **facts)


def authentication(auth: str | None, demo: bool) -> Finding:
    if not auth:
        return unknown("No robot said how it authenticates.", 'See "Robot".', auth="")
    if auth == "none":
        return demo_class(
            demo,
            "The robot does not authenticate itself ([robot] accept_unauthenticated = true).",
            "Whoever can reach the cable can move medicine.",
            "Nothing can be done yet in this version: the wire knows no authentication. Keep cable and "
            "robot out "
            "of reach.",
            auth=auth,
        )
    return ok(
        f"The robot authenticates itself ({auth}).", "A stranger on the cable moves nothing.", auth=auth
    )


def line(quality: View | None) -> Finding:
    """`quality`: as `dispenserd.vitals.line` shows it."""
    if not quality or not quality.get("frames_read"):
        return unknown(
            "No frame came over the serial line.", "See the checks of port and robot.", line=quality
        )
    read, written = int(quality["frames_read"]), int(quality.get("frames_written", 0))
    dropped = quality.get("dropped") or {}
    damaged = sum(int(count) for reason, count in dropped.items() if reason in DAMAGE)
    repeated = int(quality.get("frames_repeated", 0))
    trips = quality.get("round_trips_ms") or {}
    middle, worst = trips.get("median"), trips.get("worst")
    facts = {"line": dict(quality), "damaged": damaged}
    said = (
        f"{read} frames read and {written} written in {quality.get('sessions', 1)} sessions: {damaged} "
        "damaged, "
        f"{repeated} repeated; a question takes {middle} ms, at worst {worst} ms."
    )
    enough = read + written >= FRAMES_MIN
    if enough and (damaged > DAMAGED_SHARE_MAX * read or repeated > REPEATED_SHARE_MAX * written):
        return wrong(
            said,
            "The line damages what goes over it. Frames are repeated and nothing wrong is believed, but "
            "sessions "
            "break, and a robot that is lost at a bad moment leaves a dose in doubt.",
            "Change the cable, keep it from motors and chargers, check [robot] baud.",
            **facts,
        )
    if damaged or repeated:
        return warning(
            said,
            "Now and then something is damaged; more of it would break sessions.",
            "Push the plugs in; if it grows, change the cable.",
            **facts,
        )
    if isinstance(middle, int | float) and middle > ROUND_TRIP_MS_MAX:
        return warning(
            said,
            "The robot answers late: its memory or its line is in trouble.",
            "Check the baud rate; have the robot looked at.",
            **facts,
        )
    return ok(said, "The line is good.", **facts)


def state(status: View | None) -> Finding:
    """The robot's sensors, as it reported them last."""
    if not status:
        return unknown("The robot's sensors were not read.", 'See "Robot".', status=None)
    facts = {"status": {key: value for key, value in status.items() if key not in HIDDEN}}
    bad, poor = _faults(status), _weaknesses(status)
    if bad:
        told = "; ".join(what for what, _ in bad)
        return wrong(
            f"The robot: {told}.",
            "Until that is mended it moves no medicine, or soon will not.",
            " ".join(what for _, what in bad),
            **facts,
        )
    if poor:
        return warning(
            f"The robot: {'; '.join(what for what, _ in poor)}.",
            "It still works.",
            " ".join(what for _, what in poor),
            **facts,
        )
    return ok("Lid closed, mains on, no fault, room in its store.", "The robot can work.", **facts)


HIDDEN = frozenset({"mouth_label", "production_id"})
"""They name a sachet and a roll; whoever needs them asks `dispenserd roll show`."""


def log(position: View | None, journalled: int | None, broken: str, kept: bool | None) -> Finding:
    """`position`: the robot's hello. `journalled`: its newest entry that the journal holds. `kept`: the robot
    keeps a head of ours that our journal holds, too; None where it keeps none or nobody can say."""
    if not position:
        return unknown("The robot's log was not asked for.", 'See "Robot".', log=None)
    head = position.get("log_head")
    facts = {
        "log_head": head,
        "log_horizon": position.get("log_horizon"),
        "journalled": journalled,
        "broken": broken,
        "confirmed": kept,
    }
    if kept is False:
        return wrong(
            "The robot keeps a head of our journal that the journal does not hold.",
            "The journal lost its end, or robot or box come from another home; the robot stays locked.",
            "Look into it with the administrator before the home is started.",
            **facts,
        )
    if broken:
        return wrong(
            f"The robot's log does not continue what the journal knew of it ({broken}).",
            "What the robot did meanwhile may be unknown: doses are held in doubt.",
            "Settle the doses that wait (`dispenserd holds`) and close the incident.",
            **facts,
        )
    if isinstance(head, int) and journalled is not None and journalled < head:
        return warning(
            f"The robot's log goes to entry {head}, the journal holds it to {journalled}.",
            "What the robot did last is not known here yet; the home reads it at its next session.",
            "Nothing if no home runs. Beside a running one: see the check of the robot.",
            **facts,
        )
    told = "the position it keeps of us is ours" if kept else "at its hello it kept no position of ours"
    return ok(f"Its log is journalled to entry {head}; {told}.", "What it did is known.", **facts)


def _faults(status: View) -> list[tuple[str, str]]:
    found = []
    if status.get("fault"):
        found.append((f"fault {status['fault']}", "Have a person clear the fault at the robot."))
    if status.get("lid_open"):
        found.append(("the lid is open", "Close the lid."))
    store_max, count = int(status.get("store_max") or 0), int(status.get("store_count") or 0)
    if store_max and count >= store_max:
        found.append(("its locked store is full", "Empty the locked store and count what was in it."))
    battery = status.get("battery_percent")
    on_battery = status.get("mains") is False
    if on_battery and isinstance(battery, int) and battery < BATTERY_PERCENT_MIN:
        found.append((f"no mains, and {battery} % of battery", "Put the robot on mains now."))
    return found


def _weaknesses(status: View) -> list[tuple[str, str]]:
    found = []
    if status.get("mains") is False:
        found.append((f"no mains, {status.get('battery_percent')} % of battery", "Put the robot on mains."))
    store_max, count = int(status.get("store_max") or 0), int(status.get("store_count") or 0)
    if store_max and store_max - count < SACHETS_A_DAY:
        found.append(
            (f"room for {store_max - count} sachets in its locked store", "Empty the locked store soon.")
        )
    return found
