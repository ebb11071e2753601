"""What is wrong with a home, or with on-call's own ears, at an instant: functions of kept rows.

Silence counts from the last heartbeat, but never from before on-call could hear one: newly listening, every
home has the time of one beat first. Where on-call itself hears nobody, that is one incident, not one a home.
A home that was never heard is silent since it was put on the list; see `listing` for who is missed at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from dispenserd.oncall.asking import ASKS_MAX
from dispenserd.oncall.database import homes
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.listing import is_missed
from dispenserd.oncall.own import Wrong
from dispenserd.oncall.roster import PRIORITIES, Priority, Roster
from dispenserd.oncall.view import AnyRow
from protocol.mqtt.instants import from_text


@dataclass(frozen=True, slots=True)
class Ears:
    """`since` when on-call has been listening to the broker, or not. `deaf_since`: it listens, and has heard
    nobody yet since then; a broker that takes us for moments, again and again, is none."""

    listening: bool
    since: datetime
    deaf_since: datetime | None = None


def listening(
    connection: Connection, limits: OncallLimits, now: datetime, deaf_since: datetime | None = None
) -> Ears:
    """From now on. After a short absence no home is given time once more: a process that is restarted every
    minute would never call one silent. What it heard last, of any home, says how long it was away."""
    newest = _newest(connection)
    away = newest is None or now - newest > limits.short_absence
    return Ears(True, now, deaf_since) if away else Ears(True, now - limits.listening_grace)


def deaf(connection: Connection, limits: OncallLimits, now: datetime, before: Ears) -> Ears:
    """From now on; or from before the connection that just broke, where it brought no home's heartbeat and
    was too short to say by that that there is none."""
    newest = _newest(connection)
    heard = newest is not None and newest >= before.since
    short = now < before.since + limits.listening_grace
    return Ears(False, before.deaf_since if before.deaf_since is not None and short and not heard else now)


def _newest(connection: Connection) -> datetime | None:
    newest = connection.execute(select(func.max(homes.c.heard))).scalar()
    return None if newest is None else from_text(newest)


def wrong_now(
    known: Sequence[AnyRow],
    troubled: Collection[str],
    ears: Ears,
    roster: Roster,
    limits: OncallLimits,
    now: datetime,
) -> list[Wrong]:
    """Everything that is wrong at `now`. Failed notices are not here: they are facts, not states.
    `troubled`: homes with an open incident of their own."""
    found = [*_nobody(roster, now), *_deaf(known, ears, limits, now), *_no_list(known, now)]
    for home in known:
        if is_missed(home):
            if ears.listening:
                found += [wrong for at, wrong in silence(home, ears, limits) if at <= now][-1:]
            found += _test_missing(home, limits, now)
            found += _disagrees(home, now)
    if has_list(known):
        for home in known:
            found += _unlisted(home, home.home in troubled, limits, now)
    return found


def wakes_at(known: Sequence[AnyRow], ears: Ears, limits: OncallLimits, now: datetime) -> datetime | None:
    """The next instant at which `wrong_now` says something new by itself."""
    since = _deaf_since(known, ears, limits, now)
    ahead = [] if since is None else [since + limits.broker_lost]
    for home in known:
        if not is_missed(home):
            continue
        if ears.listening:
            ahead += [at for at, _ in silence(home, ears, limits)]
        if home.last_test is not None:
            ahead.append(from_text(home.last_test) + limits.test_missed)
    return min((at for at in ahead if at > now), default=None)


def has_list(known: Sequence[AnyRow]) -> bool:
    return any(home.listed is not None for home in known)


def silence(home: AnyRow, ears: Ears, limits: OncallLimits) -> list[tuple[datetime, Wrong]]:
    """From when on the home's silence is of which priority, rising; rule 27's three thresholds."""
    since = from_text(home.missed_from or home.heard or home.first_seen)
    heard_from = ears.since + limits.listening_grace
    low = max(since + limits.home_silent, heard_from)
    steps: list[tuple[datetime, Priority]] = [
        (low, "low"),
        (max(since + limits.home_lost, heard_from), "medium"),
    ]
    if home.missed_from is not None:
        pass  # what it said of its windows before it left the list is long over
    elif home.window_open:
        steps.append((low, "high"))
    elif home.next_window is not None:
        steps.append((max(low, from_text(home.next_window)), "high"))
    rising: list[tuple[datetime, Wrong]] = []
    for at, priority in sorted(steps, key=lambda step: (step[0], PRIORITIES.index(step[1]))):
        if rising and PRIORITIES.index(priority) <= PRIORITIES.index(rising[-1][1].priority):
            continue
        rising.append((at, Wrong(home.home, "home_silent", priority, at, since, "unknown_since")))
    return rising


def _deaf(known: Sequence[AnyRow], ears: Ears, limits: OncallLimits, now: datetime) -> Iterator[Wrong]:
    since = _deaf_since(known, ears, limits, now)
    if since is not None and since + limits.broker_lost <= now:
        yield Wrong("", "broker_lost", "high", since + limits.broker_lost, since, "no_home_is_heard")


def _deaf_since(known: Sequence[AnyRow], ears: Ears, limits: OncallLimits, now: datetime) -> datetime | None:
    """None: a home was heard, or would have been by now."""
    if not ears.listening:
        return ears.since
    heard = any(home.heard is not None and from_text(home.heard) >= ears.since for home in known)
    return None if heard or now >= ears.since + limits.listening_grace else ears.deaf_since


def _nobody(roster: Roster, now: datetime) -> Iterator[Wrong]:
    uncovered = roster.uncovered(now)
    if uncovered:
        yield Wrong("", "nobody_on_call", "high", now, now, "for_" + "_".join(uncovered))


def _no_list(known: Sequence[AnyRow], now: datetime) -> Iterator[Wrong]:
    """Homes are heard, and nobody said which: one that was never heard is missed by nobody."""
    if not has_list(known) and any(home.heard is not None for home in known):
        yield Wrong("", "home_list_empty", "low", now, now, "no_list")


def _unlisted(home: AnyRow, troubled: bool, limits: OncallLimits, now: datetime) -> Iterator[Wrong]:
    """A home that is not on the list is alive, or left it with something open."""
    if home.listed is not None:
        return
    heard = from_text(home.heard) if home.heard else None
    off = from_text(home.taken_off) if home.taken_off else None
    if heard is not None and now - heard <= limits.home_silent and (off is None or heard > off):
        yield Wrong(
            home.home, "home_unlisted", "low", now, off or from_text(home.first_seen), "heard_unlisted"
        )
    if off is not None and troubled:
        yield Wrong(home.home, "home_unlisted", "low", now, off, "left_open", about="left_open")


def _test_missing(home: AnyRow, limits: OncallLimits, now: datetime) -> Iterator[Wrong]:
    if home.last_test is None:
        return
    last = from_text(home.last_test)
    if last + limits.test_missed <= now:
        yield Wrong(home.home, "test_alarm_missing", "low", last + limits.test_missed, last, "last_passed")


def _disagrees(home: AnyRow, now: datetime) -> Iterator[Wrong]:
    if home.asks >= ASKS_MAX and home.asked is not None:
        yield Wrong(home.home, "digest_disagrees", "medium", now, now, "asked_in_vain")
