"""What a terminal may ask of the running home about how its residents get their medicine for now.

Translates a call into a wish for the core and its answer into JSON data. Who may call is the socket's
business: a person who reaches it sits at the box. Whether they may do what they ask is the core's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dispenserd.control import Handlers
from dispenserd.control_call import CallError
from dispenserd.home import Home
from scheduler.commands import PauseResident, RegimeCommand, ResumeResident, ReviewPause, SetMode
from scheduler.events import CommandAnswered, Mode, PauseKind
from scheduler.instant import iso
from scheduler.world import Setting, World

if TYPE_CHECKING:
    from dispenserd.shapes.resident import RegimeView, ResidentShow

NONCE_BYTES = 16
TEXT_CHARS_MAX = 200
DAYS_MAX = 366
"""Far beyond what the core allows: it says why, and this only keeps a date from overflowing."""

Arguments = dict[str, Any]
Answer = dict[str, Any]


def calls(home: Home, setting: Setting, now: Callable[[], datetime]) -> Handlers:
    """The calls, bound to one home."""

    async def show(arguments: Arguments) -> ResidentShow:
        return residents(home.world, setting)

    async def mode(arguments: Arguments) -> Answer:
        days = arguments.get("review_days")
        if days is not None and (type(days) is not int or not 0 <= days <= DAYS_MAX):
            raise _bad("review_days")
        review = None if days is None else now() + timedelta(days=days)
        return await _asked(
            home,
            SetMode(_nonce(), _resident(arguments, setting), _mode(arguments), review, *_said(arguments)),
        )

    async def pause(arguments: Arguments) -> Answer:
        until = _until(arguments, setting)
        return await _asked(
            home,
            PauseResident(
                _nonce(), _resident(arguments, setting), _kind(arguments), until, *_said(arguments)
            ),
        )

    async def review(arguments: Arguments) -> Answer:
        return await _asked(home, ReviewPause(_nonce(), _resident(arguments, setting), *_said(arguments)))

    async def resume(arguments: Arguments) -> Answer:
        reconciled = arguments.get("reconciled") is True
        return await _asked(
            home, ResumeResident(_nonce(), _resident(arguments, setting), reconciled, *_said(arguments))
        )

    def _said(arguments: Arguments) -> tuple[str, str, str, int, datetime]:
        by, reason = _text(arguments, "by"), _text(arguments, "reason")
        return by, reason, "home", 0, now() + setting.limits.command_life

    return {
        "resident_show": show,
        "resident_mode": mode,
        "resident_pause": pause,
        "resident_review": review,
        "resident_resume": resume,
    }


def residents(world: World, setting: Setting) -> ResidentShow:
    """How each resident gets their medicine for now."""
    return {"residents": [_view(world, resident.key) for resident in setting.residents]}


def _view(world: World, resident: str) -> RegimeView:
    regime = world.regime(resident)
    pause = regime.pause
    return {
        "resident": resident,
        "revision": regime.revision,
        "mode": regime.mode.value,
        "since": iso(regime.since) if regime.since else None,
        "by": regime.by,
        "review": iso(regime.review) if regime.review else None,
        "pause": None
        if pause is None
        else {
            "kind": pause.kind.value,
            "since": iso(pause.since),
            "by": pause.by,
            "until": iso(pause.until) if pause.until else None,
            "review": iso(pause.due),
            "pressed": iso(pause.acted) if pause.acted else None,
        },
    }


async def _asked(home: Home, command: RegimeCommand) -> Answer:
    events = await home.submit(command)
    for event in events:
        if isinstance(event, CommandAnswered) and event.command_id == command.command_id:
            if not event.accepted:
                return {"accepted": False, "reason": event.reason}
            return {"accepted": True, "reason": event.reason, **_view(home.world, command.resident)}
    raise AssertionError("a command is always answered")


def _nonce() -> str:
    return f"home-{secrets.token_hex(NONCE_BYTES)}"


def _resident(arguments: Arguments, setting: Setting) -> str:
    """The one who lives here, where none is named. Of several nobody is meant by default."""
    if not arguments.get("resident") and len(setting.residents) == 1:
        return setting.residents[0].key
    return _text(arguments, "resident")


def _mode(arguments: Arguments) -> Mode:
    try:
        return Mode(_text(arguments, "mode"))
    except ValueError:
        raise _bad("mode") from None


def _kind(arguments: Arguments) -> PauseKind:
    try:
        return PauseKind(_text(arguments, "kind"))
    except ValueError:
        raise _bad("kind") from None


def _until(arguments: Arguments, setting: Setting) -> datetime | None:
    """A local civil time of the home, as `2026-11-05T12:00`."""
    if not arguments.get("until"):
        return None
    try:
        local = datetime.fromisoformat(_text(arguments, "until"))
        if local.tzinfo is not None:
            raise _bad("until")
        return setting.local.instant(local.date(), local.time().replace(microsecond=0)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad("until") from None


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_CHARS_MAX:
        raise _bad(name)
    return value.strip()


def _bad(name: str) -> CallError:
    return CallError(
        "bad_arguments",
        f"The call's {name} is missing, too long or not one of ours.",
        "Nothing was changed.",
        "Use the `dispenserd` command of the same version as the daemon.",
    )
