"""Every code that staff can be shown has words in Danish and in English, and none says more than is known.

The codes are collected from the product itself: its enumerations, and the texts that its rules return.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest

from dispenserd.chore_times import CERTIFICATES, INTEGRITY, PRUNING, TEST_ALARM
from dispenserd.chores import CA, CLIENT
from dispenserd.fagsystem.reasons import Reason
from dispenserd.oncall.own import Kind as OwnKind
from dispenserd.oncall.words import advice, commands
from dispenserd.oncall.words.details import DETAILS
from dispenserd.oncall.words.kinds import KINDS
from dispenserd.oncall.words.language import Language, Said, words
from dispenserd.oncall.words.refusals import REFUSALS, refusal
from dispenserd.oncall.words.resolutions import RESOLUTIONS
from dispenserd.oncall.words.states import (
    ACTIONS,
    DECISION_STATES,
    HOMES,
    PRIORITIES,
    ROBOTS,
    STATES,
    TOKENS,
    VERDICTS,
)
from dispenserd.store.errors import REASONS
from protocol.wire.link import LostReason
from protocol.wire.messages import Error
from scheduler import causes, refill
from scheduler.changed import CARD_CHANGED, CHANGED_AGAIN
from scheduler.events import Kind, Mode, PauseKind, Priority, State, Verdict
from scheduler.judged import TOLD
from scheduler.offering import PERSONAL_ACTION
from scheduler.receive_leave import CAME_BACK
from scheduler.regime import PAUSED, SUSPENDED
from scheduler.surplus import ALREADY_HAD, NOT_ON_CARD
from scheduler.upkeep import NOT_RECEIPTED
from scheduler.world import FORGERIES, RobotState

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
"""What may leave the house as a detail (`dispenserd.mqtt.translate`)."""

SPEAKERS = {
    "scheduler/causes.py": ("return", "Cause", "_about", "judged"),
    "scheduler/upkeep.py": ("Cause",),
    "scheduler/gate.py": ("return",),
    "scheduler/roll.py": ("return",),
    "scheduler/closing.py": ("return",),
    "scheduler/regime_causes.py": ("Cause",),
    "scheduler/leave.py": ("Cause",),
    "scheduler/receive.py": ("reason", "_refuse_plan"),
    "scheduler/receive_clock.py": ("return",),
    "scheduler/personal.py": ("return",),
    "scheduler/offering.py": ("turned_away",),
    "scheduler/causes_home.py": ("return", "Cause"),
    "scheduler/causes_robot.py": ("Cause", "detail"),
    "drivers/robot.py": ("return", "reason", "_fail", "_reject", "RobotMisbehaved"),
    "drivers/session.py": ("return", "RobotMisbehaved"),
    "drivers/log_position.py": ("RobotMisbehaved",),
    "drivers/translate.py": ("RobotMisbehaved",),
    "drivers/port.py": ("reason",),
    "drivers/serial_port.py": ("_lose", "reason"),
    "drivers/connection.py": ("reason",),
    "dispenserd/mqtt/downlink.py": ("return", "_reject"),
    "scheduler/world.py": ("reason",),
    "scheduler/evolve_robot.py": ("reason",),
}
"""Where a detail comes from, and in which places of the file: what functions return, what is called `reason`,
what these functions are called with."""

NEVER_A_DETAIL = {
    # orders' results and sources, grounds and findings: they end in a code above
    *("log", "cancelled", "never_seen", "started_not_ended", "accepted_not_ended", "overdue", "old"),
    *("closing", "discard", "settled", "plan", "left", "press_before_ready", "in_store", "never_left"),
    *("controlled", "mode", "pause", "medicine", "not_lifted", "who"),
    *("knows", "know", "magazine", "commands", "store", "home", "journal", "not_ready", "press_too_old"),
    *("press_before_session", "press_in_future"),
}

ONCALL_KINDS = set(get_args(OwnKind))

TAKEN = re.compile(r"\btaget\b", re.IGNORECASE)


def codes_in(path: str, places: tuple[str, ...]) -> set[str]:
    return {text for node in _places(ast.parse((ROOT / path).read_text()), places) for text in _texts(node)}


def _places(tree: ast.AST, places: tuple[str, ...]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Return(value=value) if value is not None and "return" in places:
                yield value
            case ast.keyword(arg="reason", value=value) if "reason" in places:
                yield value
            case ast.Assign(targets=[ast.Name(id="reason")], value=value) if "reason" in places:
                yield value
            case ast.AnnAssign(target=ast.Name(id="reason"), value=value) if value and "reason" in places:
                yield value
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in places:
                yield from args


def _texts(node: ast.AST) -> Iterator[str]:
    """Of what a place may become; not of what is only compared or looked up in it."""
    match node:
        case ast.Constant(value=str(text)) if CODE.fullmatch(text):
            yield text
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts):
            for part in parts:
                yield from _texts(part)
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body)
            yield from _texts(other)
        case ast.Call(func=ast.Name(id=name), args=args) if name in ("Cause", "_about", "judged", "Finding"):
            for part in args:
                yield from _texts(part)


def faults() -> set[str]:
    """What a robot of our wire may report."""
    spec = (ROOT / "protocol/wire/SPEC.md").read_text()
    named = set(re.findall(r"(?:sets|leaves) (?:the fault )?`([a-z_]+)`", spec))
    return named | set(re.findall(r"gives `([a-z_]+)`", spec))


def details() -> set[str]:
    spoken = set().union(*(codes_in(path, places) for path, places in SPEAKERS.items()))
    keepers = {f"{who}_newer_journal" for who in ("robot_knows", "oncall_knows", "robot_and_oncall_know")}
    return (
        (spoken - NEVER_A_DETAIL)
        | {error.name.lower() for error in Error}
        | {reason.value for reason in Reason}
        | {reason.value for reason in LostReason}
        | set(REASONS)
        | set(FORGERIES)
        | {
            causes.LET_GO_BY_ONE,
            causes.NO_LONGER_PLANNED,
            causes.TAKEN_BACK,
            PERSONAL_ACTION,
            PAUSED,
            SUSPENDED,
            "other",
        }
        | {mode.value for mode in Mode}
        | {kind.value for kind in PauseKind}
        | {
            "version_not_raised",
            "needs_two_persons",
            CARD_CHANGED,
            CHANGED_AGAIN,
            CAME_BACK,
            NOT_ON_CARD,
            ALREADY_HAD,
        }
        | {refill.REFILL_PARTIAL, refill.WRONG_PERIOD, refill.OVERLAPPING, *refill.OF_CONTENT}
        | {"not_handed_out", "needs_a_person", "not_planned"}
        | {"_and_".join(why) for count in (1, 2, 3) for why in combinations(TOLD, count)}
        | {kind.value for kind in Kind if kind in LOCKING}
        | keepers
        | {f"{file}_{what}" for file in (CA, CLIENT) for what in ("unreadable", "expired", "expires_soon")}
        | {NOT_RECEIPTED, TEST_ALARM, INTEGRITY, PRUNING, CERTIFICATES}
        | faults()
        | own_details()
    )


def own_details() -> set[str]:
    """What on-call says of its own incidents; a person's name is no code."""
    made = {
        "for_" + "_".join(some)
        for count in (1, 2, 3)
        for some in combinations(("high", "medium", "low"), count)
    }
    for path in sorted((ROOT / "dispenserd/oncall").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="Wrong"), args=args):
                    made |= {text for part in args[5:6] for text in _texts(part)}
    return made


LOCKING = {Kind.DOSE_BLOCKED, Kind.ROBOT_UNREACHABLE, Kind.RELEASE_FAILED, Kind.ORDER_UNKNOWN}
"""`scheduler.closing.LOCKS`: such a kind becomes the reason of the outcome."""


def test_the_codes_are_found_where_they_are_made() -> None:
    found = details()
    assert {"possible_double_dose", "two_in_a_row", "uncertain", "not_settled"} <= found  # causes
    assert {"lid_open", "tray_occupied", "already_released", "double_dose", "no_plan"} <= found  # gate
    assert {"label_mismatch", "content_mismatch"} <= found  # roll
    assert {"wrong_serial", "unplugged", "port_busy", "motion_overdue", "log_gap", "flooded"} <= found
    assert {"stepped", "drift", "older_card", "formatted", "starting", "not_compared"} <= found
    assert {"motor_stall", "sensor_contradiction", "memory_lost", "log_lost"} <= faults()
    assert {"from_the_future", "bad_signature"} <= found
    assert {"unknown_since", "no_home_is_heard", "last_passed", "asked_in_vain"} <= own_details()


def test_every_detail_has_words_in_both_languages() -> None:
    assert sorted(details() - set(DETAILS)) == []


def test_every_kind_state_and_priority_has_words_in_both_languages() -> None:
    assert {kind.value for kind in Kind} | ONCALL_KINDS | {"other"} == set(KINDS)
    assert {state.value for state in State} == set(STATES)
    assert {priority.name.lower() for priority in Priority} == set(PRIORITIES)
    assert {verdict.value for verdict in Verdict} == set(VERDICTS)
    assert {state.value for state in RobotState} | {"faulted", ""} == set(ROBOTS)


def test_every_kind_has_an_advice_of_its_own() -> None:
    assert set(KINDS) - {"other"} - set(advice.ADVICE) == set()
    for key in advice.ADVICE:
        kind, _, detail = key.partition("/")
        assert kind in {*KINDS, "*"}
        assert not detail or detail in DETAILS


def test_every_refusal_that_staff_can_meet_has_words() -> None:
    desk = ast.parse((ROOT / "dispenserd/oncall/desk.py").read_text())
    raised = {
        text
        for node in ast.walk(desk)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("DeskRefused", "RefusedForSafety")
        for part in node.args[:1]
        for text in _texts(part)
    }
    assert {"stale", "taken_by_other", "no_token", "not_confirmed"} <= raised
    of_home = codes_in("scheduler/receive_command.py", ("return", "answer"))
    of_home |= codes_in("scheduler/receive_regime.py", ("return",)) | {
        "not_owner",
        "still_open",
        "not_said",
        "taken_by_other",
    }
    of_home |= codes_in("scheduler/receive_let_go.py", ("return",))
    of_home |= codes_in("scheduler/where_it_lies.py", ("return",))
    of_home |= codes_in("scheduler/double_feed.py", ("return",))
    assert {"robot_not_ready", "tray_occupied", "holding_occupied", "fault"} <= of_home
    assert {"same_person", "other_medicine", "given_elsewhere"} <= set(REFUSALS)
    assert {"in_doubt", "double_dose", "not_in_robot", "stale"} <= of_home
    assert sorted((raised | of_home | set(FORGERIES)) - set(REFUSALS) - {"done"}) == []
    assert {"bad_name", "bad_reason", "no_answer", "other_life"} <= set(REFUSALS)


def tables() -> dict[str, Mapping[str, Said]]:
    return {
        "kinds": KINDS,
        "details": DETAILS,
        "states": STATES,
        "priorities": PRIORITIES,
        "tokens": TOKENS,
        "verdicts": VERDICTS,
        "actions": ACTIONS,
        "decisions": DECISION_STATES,
        "homes": HOMES,
        "robots": ROBOTS,
        "resolutions": RESOLUTIONS,
        "commands": {name: said for name, said in vars(commands).items() if isinstance(said, Said)},
        "commands: columns": {said.en: said for said in commands.ROSTER_COLUMNS},
        "commands: unanswered": commands.UNANSWERED,
        "commands: findings": commands.FINDINGS,
        "refusals": {code: each.what for code, each in REFUSALS.items()},
        "next steps": {code: each.next_step for code, each in REFUSALS.items()},
        **{f"advice {at}": {k: a[at] for k, a in advice.ADVICE.items()} for at in range(4)},
    }


@pytest.mark.parametrize("name", sorted(tables()))
def test_both_languages_say_something_and_not_the_same_by_mistake(name: str) -> None:
    for code, said in tables()[name].items():
        for text in said:
            assert text.strip() == text or code == "AND_MORE", code
            assert text, code
            assert text.isprintable(), code
        assert said.da != said.en or code in ("info", "For"), code
        assert re.findall(r"{[^}]*}", said.da) == re.findall(r"{[^}]*}", said.en), code


@pytest.mark.parametrize("name", ["details", "kinds"])
def test_a_dose_is_never_called_taken_because_it_left_the_robot(name: str) -> None:
    """Only a missed dose is "ikke taget"; off the plan is another word; nothing else speaks of taking."""
    said = {code for code, each in tables()[name].items() if TAKEN.search(each.da)}
    assert said <= {"dose_missed", "no_longer_planned"}


def test_in_doubt_the_advice_is_to_give_nothing_before_a_finding() -> None:
    for lang, words_of_it in (("da", ("Ingen dosis", "fund")), ("en", ("No dose before a finding",))):
        for detail in ("in_doubt", "uncertain"):
            never = advice.advised("order_unknown", detail, _language(lang)).never
            assert all(part in never for part in words_of_it)


@pytest.mark.parametrize("lang", ["da", "en"])
def test_a_code_of_a_newer_home_is_shown_as_it_is(lang: str) -> None:
    spoken = _language(lang)
    assert words(KINDS, "brand_new_kind", spoken) == "brand new kind"
    assert words(DETAILS, "strange_code", spoken) == "strange code"
    assert "brand_new" in refusal("brand_new", spoken)[0]
    unknown = advice.advised("brand_new_kind", "", spoken)
    assert unknown.never == advice.UNKNOWN.never.in_(spoken)


def test_a_change_of_plan_goes_before_every_kind() -> None:
    for kind in ("dose_blocked", "release_failed", "order_unknown"):
        told = advice.advised(kind, "no_longer_planned", "en")
        assert told.happened.startswith("Somebody has the right")


def test_headlines_and_reasons_fit_their_columns() -> None:
    for said in KINDS.values():
        assert max(map(len, said)) <= 30
    for said in DETAILS.values():
        assert max(map(len, said)) <= 46


def _language(name: str) -> Language:
    return "da" if name == "da" else "en"
