"""Steps of the ladder while the database takes none: taken and told from memory, written once it takes them.

The ladder is the same; what it sees as told is what stands in the database with what is kept here on top. Who
was told is marked in a file as well (`marks`), for the next life of the process. Knows no network.

Filled by `watch` and `notifier`, written and emptied through `notifier` by `refusing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dispenserd.oncall.database import incidents
from dispenserd.oncall.ladder import Step, Told
from dispenserd.oncall.notices import Sent
from dispenserd.oncall.steps import UNWRITTEN, Key, Notice, StepKey, journal

About = Mapping[tuple[str, str], Any]
"""What a notice says of each open incident, by (home, incident)."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a notice: known here and nowhere else."""

    notice: Notice
    sent: Sent
    at: datetime


@dataclass(frozen=True, slots=True)
class _Taken:
    key: Key
    step: Step
    at: datetime
    notice: Notice


class Unwritten:
    def __init__(self) -> None:
        self._taken: dict[StepKey, _Taken] = {}
        self._settled: dict[StepKey, Settled] = {}

    def take(self, key: Key, step: Step, about: Any, now: datetime) -> None:
        """`about`: its incident."""
        home, incident, alarm = key
        notice = Notice(
            number=UNWRITTEN,
            home=home,
            incident=incident,
            step=step.step,
            kind=about.kind,
            why=step.why,
            priority=step.priority,
            person=step.person,
            deadline=step.next_due,
            since=datetime.fromisoformat(about.since) if about.since else None,
            attempts=0,
            alarm=alarm,
        )
        self._taken[notice.key] = _Taken(key, step, now, notice)

    def told(self, key: Key, written: Sequence[Told]) -> list[Told]:
        """What was told of this alarm: as it is written, and what came of it since."""
        known = [self._with_result(key, each) for each in written]
        taken = [each for each in self._taken.values() if each.key == key]
        return known + [
            self._with_result(key, Told(each.step, "queued" if each.step.person else "nobody"))
            for each in taken
        ]

    def settle(self, notice: Notice, sent: Sent, now: datetime) -> None:
        self._settled[notice.key] = Settled(notice, sent, now)

    def is_settled(self, notice: Notice) -> bool:
        return notice.key in self._settled

    def queued(self) -> list[Notice]:
        """To be told, and not written."""
        return [
            each.notice for key, each in self._taken.items() if each.step.person and key not in self._settled
        ]

    def write_down(self, connection: Connection) -> Iterator[Settled]:
        """All steps, in an open writing transaction; what came of them is for the caller to write."""
        for each in self._taken.values():
            journal(connection, each.key, each.step, each.at)
        yield from self._settled.values()

    def forget(self) -> None:
        """Once that is committed."""
        self._taken.clear()
        self._settled.clear()

    def _with_result(self, key: Key, told: Told) -> Told:
        settled = self._settled.get((*key, told.step.step))
        if settled is None or told.state != "queued":
            return told
        return replace(told, state="told" if settled.sent.reached else "failed", settled=settled.at)


def read_about(connection: Connection) -> About:
    rows = connection.execute(
        select(incidents.c.home, incidents.c.incident, incidents.c.kind, incidents.c.since).where(
            incidents.c.state != "closed"
        )
    )
    return {(row.home, row.incident): row for row in rows}
