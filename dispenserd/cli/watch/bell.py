"""When the bell rings. Muting silences it for a while and forgets nothing: what would have rung, and still
has no owner when the silence ends, rings then, once. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispenserd.cli.watch.incident import Incident

MUTE_FOR = timedelta(minutes=10)
"""As long as a high incident may go without an owner: no longer than one can be missed."""


@dataclass(frozen=True, slots=True)
class Bell:
    muted_until: datetime | None = None
    owed: frozenset[str] = frozenset()  # keys that would have rung

    def muted(self, now: datetime) -> bool:
        return self.muted_until is not None and now < self.muted_until


def toggled(bell: Bell, now: datetime) -> Bell:
    """Muted from now, or no longer."""
    return replace(bell, muted_until=None if bell.muted(now) else now + MUTE_FOR)


def rung(bell: Bell, keys: Iterable[str], incidents: Collection[Incident], now: datetime) -> tuple[Bell, int]:
    """The bell afterwards, and how often it rings now for `keys` and for what it owes."""
    wanted = frozenset(keys)
    if bell.muted(now):
        return replace(bell, owed=bell.owed | wanted), 0
    unowned = {each.key for each in incidents if not each.owner}
    times = len(wanted | (bell.owed & unowned))
    return Bell(), times
