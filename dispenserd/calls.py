"""What a terminal may ask of the running home: the calls of the control socket.

Translates a call into a wish for the core and its answer into JSON data. Who may call is the socket's
business: a person who reaches it sits at the box.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dispenserd import views
from dispenserd.call_arguments import NAME_CHARS_MAX, Arguments, bad, one_text
from dispenserd.control import Handlers
from dispenserd.control_call import CallError
from dispenserd.fagsystem.manifest import ManifestError, read_manifest
from dispenserd.home import Home
from scheduler.commands import DecideDose, LoadRoll, RaiseTestAlarm
from scheduler.events import CommandAnswered, RollRefused, Verdict
from scheduler.world import Setting

if TYPE_CHECKING:
    from dispenserd.shapes.home import Answer, Doses, Holds, RollLoad, RollShow, Status
    from dispenserd.shapes.upkeep import AlarmTestView, Chores

NONCE_BYTES = 16

Refused = dict[str, Any]
"""`accepted` is false, and `reason` says why; a terminal makes an error of it."""


def calls(
    home: Home,
    setting: Setting,
    now: Callable[[], datetime],
    demo: bool,
    configuration: str,
    loop_lag_ms: Callable[[], dict[str, int]],
) -> Handlers:
    """The calls, bound to one home. `configuration`: the digest of the file that it read."""

    async def status(arguments: Arguments) -> Status:
        shown = views.status(home.world, setting, home.head, now())
        lag = loop_lag_ms()
        return {
            "demo": demo,
            **shown,
            "loop_lag_ms": {"newest": lag["newest"], "max": lag["max"]},
            "configuration": configuration,
        }

    async def doses(arguments: Arguments) -> Doses:
        return views.doses(home.world, setting)

    async def holds(arguments: Arguments) -> Holds:
        return views.holds(home.world)

    async def roll_show(arguments: Arguments) -> RollShow:
        return views.roll(home.world, setting, _resident(setting, arguments))

    async def decide(arguments: Arguments) -> Answer:
        return await _decide(home, setting, arguments, now())

    async def roll_load(arguments: Arguments) -> RollLoad | Refused:
        return await _load(home, setting, arguments)

    async def test_alarm(arguments: Arguments) -> AlarmTestView:
        await home.submit(RaiseTestAlarm(by=one_text(arguments, "by", NAME_CHARS_MAX)))
        return _test_alarm(home, setting, "")

    async def test_alarm_result(arguments: Arguments) -> AlarmTestView:
        return _test_alarm(home, setting, one_text(arguments, "incident", NAME_CHARS_MAX))

    async def chores(arguments: Arguments) -> Chores:
        return views.chores(home.world, setting, now())

    return {
        "status": status,
        "doses": doses,
        "holds": holds,
        "decide": decide,
        "roll_load": roll_load,
        "roll_show": roll_show,
        "test_alarm": test_alarm,
        "test_alarm_result": test_alarm_result,
        "chores": chores,
    }


def _test_alarm(home: Home, setting: Setting, incident: str) -> AlarmTestView:
    """The newest one, which must be the one asked for if any is."""
    newest = views.test_alarm(home.world, setting)
    if newest is None or (incident and newest["incident"] != incident):
        raise CallError(
            "unknown_test",
            "This is not the newest test alarm of this home.",
            "A later one was begun since, or none was.",
            "See `dispenserd status` for the newest, or begin another with `dispenserd test-alarm`.",
        )
    return newest


async def _decide(home: Home, setting: Setting, arguments: Arguments, now: datetime) -> Answer:
    command = DecideDose(
        command_id=f"home-{secrets.token_hex(NONCE_BYTES)}",
        dose_id=one_text(arguments, "dose", NAME_CHARS_MAX * 2),
        verdict=_verdict(one_text(arguments, "verdict", NAME_CHARS_MAX)),
        by=one_text(arguments, "by", NAME_CHARS_MAX),
        reason=one_text(arguments, "reason"),
        via="home",
        incident_id="",
        revision=0,
        expires=now + setting.limits.command_life,
    )
    events = await home.submit(command)
    for event in events:
        if isinstance(event, CommandAnswered) and event.command_id == command.command_id:
            return {"accepted": event.accepted, "reason": event.reason}
    raise AssertionError("a command is always answered")


async def _load(home: Home, setting: Setting, arguments: Arguments) -> RollLoad | Refused:
    raw = json.dumps(arguments.get("manifest")).encode()
    try:
        roll = read_manifest(raw, [resident.key for resident in setting.residents])
    except ManifestError as error:
        raise CallError(
            error.reason.value,
            f"The manifest was refused: {error.reason.value} at {error.path}.",
            "The roll was not loaded; its sachets stay held.",
            "Get the roll's manifest again from the pharmacy; check that it is this resident's.",
        ) from None
    events = await home.submit(LoadRoll(roll=roll, by=one_text(arguments, "by", NAME_CHARS_MAX)))
    refused = next((event for event in events if isinstance(event, RollRefused)), None)
    if refused is not None:
        return {"accepted": False, "reason": refused.reason}
    return {
        "accepted": True,
        "resident": roll.resident,
        "production_id": roll.production_id,
        "sachets": len(roll.sachets),
    }


def _resident(setting: Setting, arguments: Arguments) -> str:
    """The resident that a call names; the only one where it names none."""
    named = arguments.get("resident") or setting.residents[0].key
    if not isinstance(named, str) or not setting.lives_here(named):
        raise CallError(
            "unknown_resident",
            "No resident of this home has this key.",
            "Nothing was changed.",
            "See `dispenserd status` for the residents of this home.",
        )
    return named


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text)
    except ValueError:
        raise bad("verdict") from None
