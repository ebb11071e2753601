"""The homes that on-call is to hear from, as its list names them: kept in its database, missed from there.

A home on the list is missed whether or not it was ever heard. One that is not on it is still missed once it
was heard, as ever: a list that forgets a home must not hide its death. Only a home that was on the list and
is taken off it is missed no more. An empty list takes nobody off: it is no list, and that is said.

Database logic without a network; `dispenserd.homes_file` reads the file. Takes an open writing transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from dispenserd.oncall.database import HOME, homes, incidents
from dispenserd.oncall.received import know_home
from dispenserd.oncall.view import AnyRow
from protocol.mqtt.instants import to_text
from protocol.mqtt.topics import BOX_PATTERN as BOX_PATTERN


@dataclass(frozen=True, slots=True)
class Left:
    """A home that was taken off."""

    home: str
    incidents: int  # still open


@dataclass(frozen=True, slots=True)
class Relisted:
    """What a list changed."""

    added: tuple[str, ...]
    taken_off: tuple[Left, ...]


def keep_list(connection: Connection, names: Collection[str], now: datetime) -> Relisted:
    """From `now` on these homes, by their wire ids, are to be heard from. The same list changes nothing."""
    known = {row.home: row for row in connection.execute(select(homes))}
    added = tuple(name for name in sorted(names) if name not in known or known[name].listed is None)
    for name in added:
        _put_on(connection, name, known.get(name), now)
    gone = sorted(name for name, row in known.items() if row.listed is not None and name not in names)
    for name in gone:
        # an empty list is as none: whoever emptied it by mistake is told, and nobody is forgotten by it
        off = to_text(now) if names else None
        connection.execute(update(homes).where(homes.c.home == name).values(listed=None, taken_off=off))
    left = tuple(Left(name, open_incidents(connection, name)) for name in gone) if names else ()
    return Relisted(added, left)


def is_missed(home: AnyRow) -> bool:
    """Whether its silence is an alarm."""
    return home.taken_off is None


def open_incidents(connection: Connection, home: str) -> int:
    """Of the home itself; what on-call alarms about it does not count."""
    count = select(func.count()).where(
        incidents.c.home == home, incidents.c.origin == HOME, incidents.c.state != "closed"
    )
    return int(connection.execute(count).scalar_one())


def _put_on(connection: Connection, name: str, row: AnyRow | None, now: datetime) -> None:
    know_home(connection, name, 0, now)
    values: dict[str, str | None] = {"listed": to_text(now), "taken_off": None}
    if row is not None and row.taken_off is not None:
        values["missed_from"] = to_text(now)  # that it was not heard meanwhile was nobody's business
    connection.execute(update(homes).where(homes.c.home == name).values(**values))
