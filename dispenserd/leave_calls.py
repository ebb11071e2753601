"""What a terminal may ask of the running home about leave, and about one dose before or after its window.

Translates a call into a wish for the core, as `regime_calls` does; whether it may be is the core's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dispenserd.call_arguments import Arguments, bad, named_resident, one_text
from dispenserd.control import Handlers
from dispenserd.home import Home
from dispenserd.regime_calls import Answer, asked, local_time, new_nonce, said
from scheduler.commands import AuthoriseRelease, EndLeave, PlanLeave
from scheduler.world import Setting

DOSES_MAX = 200
"""Far beyond a leave of fourteen days."""


def calls(home: Home, setting: Setting, now: Callable[[], datetime]) -> Handlers:
    """The calls, bound to one home."""

    async def leave(arguments: Arguments) -> Answer:
        first, last = _time(arguments, "from", setting), _time(arguments, "to", setting)
        departs = _time(arguments, "departs", setting)
        hand_out = local_time(arguments, "hand_out", setting) or now()
        back = local_time(arguments, "back", setting) or max(last, departs)
        words = said(arguments, setting, now())
        resident = named_resident(arguments, setting)
        return await asked(
            home, PlanLeave(new_nonce(), resident, first, last, hand_out, departs, back, *words)
        )

    async def back(arguments: Arguments) -> Answer:
        came_back = arguments.get("came_back", [])
        if not isinstance(came_back, list) or len(came_back) > DOSES_MAX:
            raise bad("came_back")
        if not all(isinstance(dose, str) for dose in came_back):
            raise bad("came_back")
        words = said(arguments, setting, now())
        resident = named_resident(arguments, setting)
        return await asked(home, EndLeave(new_nonce(), resident, tuple(came_back), *words))

    async def release(arguments: Arguments) -> Answer:
        dose, until = one_text(arguments, "dose"), local_time(arguments, "until", setting)
        words = said(arguments, setting, now())
        return await asked(home, AuthoriseRelease(new_nonce(), dose.partition("/")[0], dose, until, *words))

    return {"resident_leave": leave, "resident_back": back, "resident_release": release}


def _time(arguments: Arguments, name: str, setting: Setting) -> datetime:
    at = local_time(arguments, name, setting)
    if at is None:
        raise bad(name)
    return at
