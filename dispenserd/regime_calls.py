"""What a terminal may ask of the running home about how its residents get their medicine for now.

Translates a call into a wish for the core and its answer into JSON data. Who may call is the socket's
business: a person who reaches it sits at the box. Whether they may do what they ask is the core's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dispenserd.call_arguments import Arguments, bad, named_resident, one_text
from dispenserd.control import Handlers
from dispenserd.home import Home
from scheduler.commands import PauseResident, RegimeCommand, ResumeResident, ReviewPause, SetMode
from scheduler.events import CommandAnswered, Mode, PauseKind
from scheduler.instant import iso
from scheduler.leave import still_here
from scheduler.permit import Leave
from scheduler.receive_leave import taken_along
from scheduler.world import Setting, World

if TYPE_CHECKING:
    from dispenserd.shapes.resident import LeaveView, RegimeView, ResidentShow

NONCE_BYTES = 16
DAYS_MAX = 366
"""Far beyond what the core allows: it says why, and this only keeps a date from overflowing."""

Answer = dict[str, Any]


def calls(home: Home, setting: Setting, now: Callable[[], datetime]) -> Handlers:
    """The calls, bound to one home."""

    async def show(arguments: Arguments) -> ResidentShow:
        return residents(home.world, setting)

    async def mode(arguments: Arguments) -> Answer:
        days = arguments.get("review_days")
        if days is not None and (type(days) is not int or not 0 <= days <= DAYS_MAX):
            raise bad("review_days")
        review = None if days is None else now() + timedelta(days=days)
        return await asked(
            home,
            SetMode(
                new_nonce(),
                named_resident(arguments, setting),
                _mode(arguments),
                review,
                *said(arguments, setting, now()),
            ),
        )

    async def pause(arguments: Arguments) -> Answer:
        until = local_time(arguments, "until", setting)
        return await asked(
            home,
            PauseResident(
                new_nonce(),
                named_resident(arguments, setting),
                _kind(arguments),
                until,
                *said(arguments, setting, now()),
            ),
        )

    async def review(arguments: Arguments) -> Answer:
        return await asked(
            home,
            ReviewPause(new_nonce(), named_resident(arguments, setting), *said(arguments, setting, now())),
        )

    async def resume(arguments: Arguments) -> Answer:
        reconciled = arguments.get("reconciled") is True
        return await asked(
            home,
            ResumeResident(
                new_nonce(), named_resident(arguments, setting), reconciled, *said(arguments, setting, now())
            ),
        )

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
    pause, leave = regime.pause, regime.leave
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
        "leave": None if leave is None else _leave(world, resident, leave),
    }


def _leave(world: World, resident: str, leave: Leave) -> LeaveView:
    return {
        "first": iso(leave.first),
        "last": iso(leave.last),
        "hand_out": iso(leave.hand_out),
        "departs": iso(leave.departs),
        "back": iso(leave.back),
        "by": leave.by,
        "waiting": len(still_here(world, resident, leave)),
        "taken_along": [dose.dose_id for dose in taken_along(world, resident)],
    }


async def asked(home: Home, command: RegimeCommand) -> Answer:
    events = await home.submit(command)
    for event in events:
        if isinstance(event, CommandAnswered) and event.command_id == command.command_id:
            if not event.accepted:
                return {"accepted": False, "reason": event.reason}
            return {"accepted": True, "reason": event.reason, **_view(home.world, command.resident)}
    raise AssertionError("a command is always answered")


def new_nonce() -> str:
    return f"home-{secrets.token_hex(NONCE_BYTES)}"


def _mode(arguments: Arguments) -> Mode:
    try:
        return Mode(one_text(arguments, "mode"))
    except ValueError:
        raise bad("mode") from None


def _kind(arguments: Arguments) -> PauseKind:
    try:
        return PauseKind(one_text(arguments, "kind"))
    except ValueError:
        raise bad("kind") from None


def said(arguments: Arguments, setting: Setting, now: datetime) -> tuple[str, str, str, int, datetime]:
    """Who, why, from where, and until when it may be carried out: the end of every such wish."""
    by, reason = one_text(arguments, "by"), one_text(arguments, "reason")
    return by, reason, "home", 0, now + setting.limits.command_life


def local_time(arguments: Arguments, name: str, setting: Setting) -> datetime | None:
    """A local civil time of the home, as `2026-11-05T12:00`; None where none is said."""
    if not arguments.get(name):
        return None
    try:
        local = datetime.fromisoformat(one_text(arguments, name))
        if local.tzinfo is not None:
            raise bad(name)
        return setting.local.instant(local.date(), local.time().replace(microsecond=0)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad(name) from None
