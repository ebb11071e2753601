"""What a terminal may ask of the running home about moving a resident, swapping a robot, counting sachets.

Translates a call into a wish for the core, seals and opens what travels between two boxes, and knows no file:
those are the terminal's. Whether somebody may move is the core's to say (rules 23 and 24).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dispenserd.call_arguments import TEXT_CHARS_MAX, Arguments, bad, named_resident, one_text
from dispenserd.control import Handlers
from dispenserd.control_call import CallError
from dispenserd.home import Home
from dispenserd.security.sealing import Box, Paper, PaperFault, checked, opened, request, sealed
from scheduler import commands as cmd
from scheduler.care import not_ours
from scheduler.events import CommandAnswered, ResidentMovedOut
from scheduler.instant import iso
from scheduler.record import RecordError, from_plain, to_plain
from scheduler.world import Setting, World

if TYPE_CHECKING:
    from dispenserd.shapes.moving import Counted, Moving, RobotCount

NONCE_BYTES = 16
LABELS_MAX = 512
PLACES = ("robot", "waste", "missing")

Answer = dict[str, Any]


def calls(home: Home, setting: Setting, now: Callable[[], datetime], box: Box | None) -> Handlers:
    """The calls, bound to one home. `box`: None where the configuration names no signing key."""

    def until() -> datetime:
        return now() + setting.limits.command_life

    async def ask(arguments: Arguments) -> Moving | Answer:
        mine = _must_have(box)
        resident, move = named_resident(arguments, setting), secrets.token_hex(NONCE_BYTES)
        wish = cmd.AskMove(_nonce(), resident, move, one_text(arguments, "by"), until())
        refusal = await _asked(home, wish)
        return refusal or _moving(home.world, setting, resident, mine, request(mine, resident, move))

    async def out(arguments: Arguments) -> Moving | Answer:
        mine = _must_have(box)
        paper = _checked(arguments, "move-request")
        resident, to_box = paper["resident"], paper["box"]
        said = one_text(arguments, "by"), one_text(arguments, "reason"), until()
        refusal = await _asked(home, cmd.MoveOut(_nonce(), resident, paper["move"], to_box, *said))
        if refusal:
            return refusal
        custody = home.world.custody[resident]
        assert custody.moved is not None
        content = json.dumps(to_plain(custody.moved)).encode()
        return _moving(home.world, setting, resident, mine, _sealed(mine, paper, content))

    async def come_in(arguments: Arguments) -> Moving | Answer:
        mine = _must_have(box)
        paper = _checked(arguments, "move-bundle")
        moved = _content(mine, paper)
        refusal = await _asked(home, cmd.MoveIn(_nonce(), moved, one_text(arguments, "by"), until()))
        return refusal or _moving(home.world, setting, moved.resident, mine, None)

    async def swap(arguments: Arguments) -> RobotCount | Answer:
        robot = arguments.get("robot") or (setting.robots[0] if len(setting.robots) == 1 else "")
        wish = cmd.TakeOutMagazine(_nonce(), str(robot), one_text(arguments, "by"), until())
        return await _asked(home, wish) or counts(home.world, setting)

    async def count(arguments: Arguments) -> RobotCount | Answer:
        place = one_text(arguments, "place")
        if place not in PLACES:
            raise bad("place")
        resident, by = named_resident(arguments, setting), one_text(arguments, "by")
        wish = cmd.CountSachets(_nonce(), resident, _labels(arguments), place, by, until())
        return await _asked(home, wish) or counts(home.world, setting)

    async def uncounted(arguments: Arguments) -> RobotCount:
        return counts(home.world, setting)

    return {
        "resident_move_ask": ask,
        "resident_move_out": out,
        "resident_move_in": come_in,
        "robot_swap": swap,
        "robot_count": count,
        "robot_uncounted": uncounted,
    }


def counts(world: World, setting: Setting) -> RobotCount:
    """Every sachet that left with a magazine and was not counted into a robot or the waste."""
    found: list[Counted] = []
    for resident, of_resident in world.counts.items():
        for count in of_resident:
            for state, sachets in (("uncounted", count.left), ("missing", count.missing)):
                found += [
                    {
                        "resident": resident,
                        "label": sachet.label,
                        "date": sachet.day.isoformat(),
                        "packed": iso(sachet.packed),
                        "robot": count.magazine.robot,
                        "production_id": count.magazine.production_id,
                        "why": count.why,
                        "state": state,
                    }
                    for sachet in sachets
                ]
    return {"accepted": True, "reason": "done", "sachets": found}


def _moving(world: World, setting: Setting, resident: str, mine: Box, paper: Paper | None) -> Moving:
    return {
        "accepted": True,
        "reason": "done",
        "resident": resident,
        "custody": not_ours(world, setting, resident) or "here",
        "box": mine.name,
        "fingerprint": mine.fingerprint,
        "paper": paper,
        "uncounted": sum(len(count.left) for count in world.counts.get(resident, ())),
    }


def _must_have(box: Box | None) -> Box:
    if box is None:
        raise CallError(
            "no_signing_key",
            "This box has no signing key, so no other box could know that a paper is its own.",
            "Nobody was moved, and nothing was changed.",
            "Name the key that provisioning made in [home] signing_key_file, and start the home again.",
        )
    return box


def _checked(arguments: Arguments, kind: str) -> Paper:
    try:
        return checked(arguments.get("paper"), kind, one_text(arguments, "fingerprint"))
    except PaperFault as fault:
        raise _unfit(fault) from None


def _sealed(mine: Box, paper: Paper, content: bytes) -> Paper:
    try:
        return sealed(mine, paper, content)
    except PaperFault as fault:
        raise _unfit(fault) from None


def _content(mine: Box, paper: Paper) -> ResidentMovedOut:
    """What the old home journalled; the paper around it must say the same."""
    try:
        event = from_plain(json.loads(opened(mine, paper)))
    except PaperFault as fault:
        raise _unfit(fault) from None
    except (ValueError, RecordError, RecursionError):
        event = None
    if not isinstance(event, ResidentMovedOut):
        raise _unreadable()
    told = (event.from_box, event.to_box, event.resident, event.move)
    if told != (paper["box"], paper["to_box"], paper["resident"], paper["move"]):
        raise _unreadable()
    return event


def _unfit(fault: PaperFault) -> CallError:
    return CallError(fault.code, fault.what, fault.meaning, fault.next_step)


def _unreadable() -> CallError:
    return CallError(
        "bad_bundle",
        "What is in the bundle can't be read.",
        "It was not used, and nothing was changed.",
        "Use the same version of dispenserd on both boxes, and have the bundle written again.",
    )


async def _asked(home: Home, command: cmd.CustodyCommand) -> Answer | None:
    """The refusal, if the home refuses."""
    for event in await home.submit(command):
        if isinstance(event, CommandAnswered) and event.command_id == command.command_id:
            return None if event.accepted else {"accepted": False, "reason": event.reason}
    raise AssertionError("a command is always answered")


def _nonce() -> str:
    return f"home-{secrets.token_hex(NONCE_BYTES)}"


def _labels(arguments: Arguments) -> tuple[str, ...]:
    labels = arguments.get("labels")
    if not isinstance(labels, list) or not 0 < len(labels) <= LABELS_MAX:
        raise bad("labels")
    if not all(isinstance(label, str) and 0 < len(label) <= TEXT_CHARS_MAX for label in labels):
        raise bad("labels")
    return tuple(dict.fromkeys(labels))
