"""Text views of the home for a technician or a nurse: tables with local times, words instead of codes.

They show what the home sent and know none of its rules; a key an older home does not send stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from dispenserd.cli.incident_view import incident_table
from dispenserd.cli.output import add, clock_time, console, filled, local, rows, span, table, text
from dispenserd.cli.words import behind, plain, short_dose, stage

DOSE_COLUMNS = ("Dose", "Window", "Stage", "Outcome", "To give", "Notes")
ROLL_COLUMNS = ("No.", "Packed for", "Contents", "Label", "At the mouth")
WHOLE = ("Dose", "Window", "No.", "Packed for")
"""Never folded: a person types them in again, or reads them off paper."""

AUTH_HINT = (
    "The robot does not authenticate itself: accept it with [robot] accept_unauthenticated = true, "
    "or pair another."
)

OUTCOME_STYLES: Mapping[str, str] = {
    "missed": "bold red",
    "failed": "bold red",
    "uncertain": "bold red",
    "given_by_staff": "yellow",
    "withheld": "yellow",
    "retrieved": "green",
    "confirmed": "green",
    "witnessed": "green",
}
SENSORS = ("lid_open", "mains", "battery_percent", "holding", "tray", "store_count", "store_max", "fault")


def status(result: Mapping[str, Any], zone: tzinfo) -> None:
    out = console()
    if result.get("demo") is True:
        out.print("DEMO: no real home")
    robot, plan, roll = (result.get(key) or {} for key in ("robot", "plan", "roll"))
    shown = table("", "")
    shown.show_header = False
    add(shown, ["Box", f"{text(result.get('box'))}, epoch {text(result.get('epoch'))}"])
    keepers = result.get("journal_behind") or []
    if keepers:
        add(shown, ["Journal", behind(keepers)], "bold red")
    clock = text(result.get("clock"))
    add(shown, ["Clock", clock], "" if clock == "trusted" else "bold red")
    add(shown, ["Robot", _robot(robot)], "" if robot.get("state") == "ready" else "bold red")
    if robot.get("reason") == "auth_class":
        add(shown, ["", AUTH_HINT])
    add(shown, ["Wire", f"authentication: {text(robot.get('auth')) or 'unknown'}"])
    add(shown, ["Sensors", _sensors(robot.get("status") or {})])
    add(shown, ["Plan", f"version {text(plan.get('plan_version'))}, card {text(plan.get('card_version'))}"])
    if plan.get("refused"):
        add(shown, ["Plan refused", f"{plain(text(plan['refused']))}; the accepted one stays"], "bold red")
    add(shown, ["Roll", _loaded(roll)])
    add(shown, ["Next window", _next_window(result, zone)])
    for resident in rows(result, "residents"):
        if resident.get("refill"):
            add(shown, ["Refill before", _refill(resident["refill"], zone)])
        if resident.get("as_needed"):
            add(shown, ["As needed", _strip_beside(resident["as_needed"], rows(result, "robots"))])
    for each in rows(result, "robots"):
        if each.get("battery_until"):
            add(shown, ["On battery until", local(each["battery_until"], zone)], "bold red")
    undelivered = result.get("undelivered") or 0
    add(shown, ["Undelivered", undelivered], "bold red" if undelivered else "")
    add(shown, ["Test alarm", *_alarm_test(result.get("test_alarm") or {}, zone)])
    for each in rows(result, "chores"):
        if each.get("result") == "failed":
            add(shown, ["Chore", _failed_chore(each, zone)], "bold red")
    out.print(shown)
    for line in result.get("display") or []:
        out.print(f"  display | {text(line)}")
    out.print(incident_table(rows(result, "incidents"), zone, result.get("now")))


def doses(result: Mapping[str, Any], zone: tzinfo) -> None:
    lines = []
    for dose in rows(result, "doses"):
        outcome = text(dose.get("outcome"))
        cells = (
            short_dose(dose.get("dose")),
            span(dose.get("opens"), dose.get("closes"), zone),
            stage(text(dose.get("stage"))),
            (_outcome(dose), *_by(dose)),
            _who_gives(dose),
            _notes(dose, zone),
        )
        lines.append((cells, OUTCOME_STYLES.get(outcome, "")))
    console().print(filled(DOSE_COLUMNS, lines, WHOLE) if lines else "No doses are planned.")
    for refill in rows(result, "refills"):
        console().print(f"Refill before {_refill(refill, zone)}.")


SAID = frozenset({"given_by_staff", "confirmed", "witnessed"})
"""Outcomes by a person's word: then nobody is waited for."""


def _who_gives(dose: Mapping[str, Any]) -> str:
    """A name as long as that person has not said what they did; else the robot, while the dose is open."""
    outcome, holder = text(dose.get("outcome")), text(dose.get("holder"))
    if holder and outcome not in SAID:
        return holder
    return "" if outcome else text(dose.get("token"))


def holds(result: Mapping[str, Any], zone: tzinfo) -> None:
    shown = table("Dose", "Window", "Why held", whole=WHOLE)
    for hold in rows(result, "holds"):
        why = (
            (LOST if hold.get("lost") else "")
            or plain(text(hold.get("held")))
            or stage(text(hold.get("stage")))
        )
        why = ", ".join([why, *_let_go(hold, zone)])
        add(shown, [short_dose(hold.get("dose")), span(hold.get("opens"), hold.get("closes"), zone), why])
    console().print(shown if shown.row_count else "Nothing is held.")


def roll(result: Mapping[str, Any]) -> None:
    """The roll, and below it what lies in a robot for medicine as needed alone."""
    _strip(result, "roll")
    if result.get("as_needed"):
        beside = result["as_needed"]
        console().print(f"Medicine as needed, in {text(beside.get('robot'))}:")
        _strip(beside, "strip of medicine as needed")


def _strip(result: Mapping[str, Any], name: str) -> None:
    """A sachet's time is civil, as printed on it, so it needs no zone."""
    out = console()
    loaded, in_robot = text(result.get("production_id")), text(result.get("in_robot"))
    if not loaded:
        out.print(f"No {name} is loaded. The robot reads: {in_robot or 'nothing'}.")
        return
    left = result.get("left")
    remaining = "" if left is None else f", {text(left)} sachets left"
    out.print(f"Roll {loaded}, card version {text(result.get('card_version'))}{remaining}")
    if in_robot and in_robot != loaded:
        out.print(f"NOT the roll in the robot, which reads {in_robot}: every sachet is held.")
    mouth = text(result.get("mouth"))
    lines = []
    for sachet in rows(result, "sachets"):
        at_mouth = bool(mouth) and text(sachet.get("label")) == mouth
        contents = tuple(_content(each) for each in rows(sachet, "contents"))
        cells = (sachet.get("number"), sachet.get("local"), contents, sachet.get("label"))
        lines.append(((*cells, "next" if at_mouth else ""), "bold" if at_mouth else ""))
    if lines:
        out.print(filled(ROLL_COLUMNS, lines, WHOLE))


def _alarm_test(test: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """`passed Mon 02 Nov 10:15, in 0.4 s`."""
    state = plain(text(test.get("state")))
    if not state:
        return ["never tried: `dispenserd test-alarm`"]
    seconds = test.get("seconds")
    took = f", in {seconds:.1f} s" if isinstance(seconds, int | float) else ""
    return [f"{state} {local(test.get('since'), zone)}{took}"]


def _failed_chore(chore: Mapping[str, Any], zone: tzinfo) -> str:
    """`pruning failed 2 times, last Mon 02 Nov 02:10: OSError`."""
    times = f"{text(chore.get('failures'))} times, last {local(chore.get('last'), zone)}"
    return f"{plain(text(chore.get('chore')))} failed {times}: {text(chore.get('detail'))}"


def _robot(robot: Mapping[str, Any]) -> str:
    """`SN-1 rejected: auth class`."""
    state = " ".join(plain(text(robot[key])) for key in ("serial", "state") if robot.get(key))
    return f"{state}: {plain(text(robot['reason']))}" if robot.get("reason") else state


def _loaded(roll: Mapping[str, Any]) -> str:
    loaded, left = text(roll.get("production_id")), roll.get("left")
    if not loaded:
        return "none"
    return loaded if left is None else f"{loaded}, {text(left)} sachets left"


def _strip_beside(strip: Mapping[str, Any], robots: Iterable[Mapping[str, Any]]) -> str:
    """`PN-1, 57 sachets left; in SN-2 ready`: of the robot that has no roll."""
    told = [_robot(each) for each in robots if each.get("serial") == strip.get("robot")]
    return f"{_loaded(strip)}; in {', '.join(told)}"


def _refill(refill: Mapping[str, Any], zone: tzinfo) -> str:
    """`Mon 09 Nov 08:00 (morning): the roll in SN-1 ends`."""
    when = f"{local(refill.get('opens'), zone)} ({text(refill.get('slot'))})"
    return f"{when}: the roll in {text(refill.get('robot'))} ends"


def _next_window(result: Mapping[str, Any], zone: tzinfo) -> str:
    """While a window is open, the home names that one by its opening."""
    at = result.get("next_window")
    if at and result.get("window_open"):
        return f"open since {clock_time(at, zone)}"
    return local(at, zone) or "none planned"


def _content(content: Mapping[str, Any]) -> str:
    """`2 tablet DrugA 500 mg`."""
    parts = (text(content.get(key)) for key in ("quantity", "unit", "drug", "strength"))
    return " ".join(part for part in parts if part)


def _sensors(sensors: Mapping[str, Any]) -> str:
    known = [
        f"{plain(key)} {text(sensors[key])}".strip() for key in SENSORS if sensors.get(key) not in (None, "")
    ]
    return ", ".join(known) or "unknown"


def _outcome(dose: Mapping[str, Any]) -> str:
    outcome = plain(text(dose.get("outcome")))
    revision = dose.get("revision")
    late = ", late" if dose.get("late") else ""
    corrected = f", corrected {revision - 1}x" if isinstance(revision, int) and revision > 1 else ""
    return f"{outcome}{late}{corrected}" if outcome else ""


def _by(dose: Mapping[str, Any]) -> list[str]:
    """`by Anna`, whose word it is; `pressed by Mads`, for the resident."""
    said = [f"by {text(dose['by'])}"] if dose.get("by") else []
    return said + ([f"pressed by {text(dose['helper'])}"] if dose.get("helper") else [])


LOST = "may have been had: the journal lost its end"
LOOSE = "in no sachet: staff give it"


def _notes(dose: Mapping[str, Any], zone: tzinfo) -> str:
    notes = ["critical"] if dose.get("critical") else []
    if dose.get("loose"):
        notes.append(LOOSE)
    if dose.get("lost"):
        notes.append(LOST)
    if dose.get("held"):
        notes.append(f"held: {plain(text(dose['held']))}")
    return ", ".join([*notes, *_let_go(dose, zone), *_permits(dose, zone)])


def _permits(dose: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """`may be had early, from Mon 02 Nov 06:10, by Anna (visit at eight)`."""
    found = []
    for permit in rows(dose, "permits"):
        opens, closes = local(permit.get("opens"), zone), local(permit.get("closes"), zone)
        said = {
            "early": f"may be had early, from {opens}",
            "late": f"may be had late, until {closes}",
            "take_along": f"may be taken along, handed out from {opens} until {closes}",
        }.get(text(permit.get("kind")), plain(text(permit.get("kind"))))
        why = f" ({text(permit['reason'])})" if permit.get("reason") else ""
        found.append(f"{said}, by {text(permit.get('by'))}{why}")
    return found


def _let_go(dose: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """`right after all, says Anna; a second person until 08:35` before it is let go."""
    by = [text(each) for each in dose.get("let_go_by") or []]
    if not by:
        return []
    if dose.get("let_go_until"):
        return [
            f"right after all, says {by[0]}; a second person until {clock_time(dose['let_go_until'], zone)}"
        ]
    return [f"let go by {' and '.join(by)}"]
