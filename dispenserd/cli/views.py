"""Text views of the home for a technician or a nurse: tables with local times, words instead of codes.

They show what the home sent and know none of its rules; a key an older home does not send stays empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from dispenserd.cli.output import PRIORITY_STYLES, add, console, local, rows, span, table, text
from dispenserd.cli.words import plain, stage

VERDICTS: Mapping[str, str] = {
    "given": "given by hand",
    "had_it": "the resident had it",
    "not_given": "nobody had it",
    "discard": "to the locked store",
}
OUTCOME_STYLES: Mapping[str, str] = {
    "missed": "bold red",
    "failed": "bold red",
    "uncertain": "bold red",
    "given_by_staff": "yellow",
    "withheld": "yellow",
    "retrieved": "green",
    "confirmed": "green",
}
SENSORS = ("lid_open", "mains", "battery_percent", "holding", "tray", "store_count", "store_max", "fault")


def status(result: Mapping[str, Any], zone: tzinfo) -> None:
    out = console()
    robot, plan, roll = (result.get(key) or {} for key in ("robot", "plan", "roll"))
    shown = table("", "")
    shown.show_header = False
    serial = " ".join(plain(text(robot[key])) for key in ("serial", "state", "reason") if robot.get(key))
    add(shown, ["Box", f"{text(result.get('box'))}, epoch {text(result.get('epoch'))}"])
    clock = text(result.get("clock"))
    add(shown, ["Clock", clock], "" if clock == "trusted" else "bold red")
    add(shown, ["Robot", serial], "" if robot.get("state") == "ready" else "bold red")
    add(shown, ["Wire", f"authentication: {text(robot.get('auth')) or 'unknown'}"])
    add(shown, ["Sensors", _sensors(robot.get("status") or {})])
    add(shown, ["Plan", f"version {text(plan.get('plan_version'))}, card {text(plan.get('card_version'))}"])
    if plan.get("refused"):
        add(shown, ["Plan refused", f"{plain(text(plan['refused']))}; the accepted one stays"], "bold red")
    add(
        shown, ["Roll", f"{text(roll.get('production_id')) or 'none'}, {text(roll.get('left'))} sachets left"]
    )
    add(shown, ["Next window", local(result.get("next_window"), zone) or "none planned"])
    undelivered = result.get("undelivered") or 0
    add(shown, ["Undelivered", undelivered], "bold red" if undelivered else "")
    out.print(shown)
    for line in result.get("display") or []:
        out.print(f"  display | {text(line)}")
    _incidents(result, zone)


def doses(result: Mapping[str, Any], zone: tzinfo) -> None:
    out = console()
    shown = table("Date", "Slot", "Window", "Stage", "Outcome", "By", "To give", "Notes")
    for dose in rows(result, "doses"):
        outcome = dose.get("outcome")
        cells = [
            dose.get("date"),
            dose.get("slot"),
            span(dose.get("opens"), dose.get("closes"), zone),
            stage(text(dose.get("stage"))),
            _outcome(dose),
            dose.get("by"),
            dose.get("token"),
            _notes(dose),
        ]
        add(shown, cells, OUTCOME_STYLES.get(text(outcome), ""))
    out.print(shown if shown.row_count else "No doses are planned.")


def holds(result: Mapping[str, Any], zone: tzinfo) -> None:
    out = console()
    shown = table("Date", "Slot", "Window", "Why held", "Dose")
    for hold in rows(result, "holds"):
        why = plain(text(hold.get("held"))) or stage(text(hold.get("stage")))
        window = span(hold.get("opens"), hold.get("closes"), zone)
        add(shown, [hold.get("date"), hold.get("slot"), window, why, hold.get("dose")])
    out.print(shown if shown.row_count else "Nothing is held.")


def roll(result: Mapping[str, Any]) -> None:
    """A sachet's time is civil, as printed on it, so it needs no zone."""
    out = console()
    loaded, in_robot = text(result.get("production_id")), text(result.get("in_robot"))
    if not loaded:
        out.print(f"No roll is loaded. The robot reads: {in_robot or 'nothing'}.")
        return
    left = result.get("left")
    remaining = "" if left is None else f", {text(left)} sachets left"
    out.print(f"Roll {loaded}, card version {text(result.get('card_version'))}{remaining}")
    if in_robot and in_robot != loaded:
        out.print(f"NOT the roll in the robot, which reads {in_robot}: every sachet is held.")
    shown = table("No.", "Packed for", "Label")
    for sachet in rows(result, "sachets"):
        add(shown, [sachet.get("n"), sachet.get("local"), sachet.get("label")])
    if shown.row_count:
        out.print(shown)


def decided(dose: str, verdict: str) -> None:
    console().print(f"Recorded: {text(dose)}: {VERDICTS.get(verdict, plain(verdict))}.")


def _incidents(result: Mapping[str, Any], zone: tzinfo) -> None:
    shown = table("Priority", "Incident", "State", "Acknowledge by", "Owner", "Dose", "Id")
    for incident in rows(result, "incidents"):
        state = plain(text(incident.get("state")))
        state = f"{state}, undelivered" if incident.get("undelivered") else state
        priority = text(incident.get("priority"))
        cells = [
            priority,
            plain(text(incident.get("kind"))),
            state,
            local(incident.get("deadline"), zone),
            incident.get("owner"),
            short_dose(incident.get("dose")),
            text(incident.get("incident"))[:8],
        ]
        add(shown, cells, PRIORITY_STYLES.get(priority, ""))
    console().print(shown if shown.row_count else "No open incidents.")


def short_dose(dose: object) -> str:
    """Without the resident key, which says nothing to a person: `2026-11-02/evening/1`."""
    _, slash, rest = text(dose).partition("/")
    return rest if slash else text(dose)


def _sensors(sensors: Mapping[str, Any]) -> str:
    known = [
        f"{plain(key)} {text(sensors[key])}".strip() for key in SENSORS if sensors.get(key) not in (None, "")
    ]
    return ", ".join(known) or "unknown"


def _outcome(dose: Mapping[str, Any]) -> str:
    outcome = plain(text(dose.get("outcome")))
    revision = dose.get("revision")
    late = ", late" if dose.get("late") else ""
    corrected = f" (correction {revision - 1})" if isinstance(revision, int) and revision > 1 else ""
    return f"{outcome}{late}{corrected}" if outcome else ""


def _notes(dose: Mapping[str, Any]) -> str:
    notes = ["critical"] if dose.get("critical") else []
    if dose.get("held"):
        notes.append(f"held: {plain(text(dose['held']))}")
    return ", ".join(notes)
