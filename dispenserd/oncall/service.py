"""`oncall run`: one session with the broker, what homes say in, decisions out, people called. On-call's
composition root.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from dispenserd.clock import Clock
from dispenserd.mqtt.session import BackOff, Broker, Session, SessionState
from dispenserd.notify import NOBODY, Supervisor
from dispenserd.oncall.database import Database, DatabaseFault
from dispenserd.oncall.keys import SigningKey
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.listing import keep_list
from dispenserd.oncall.notifier import Notifier
from dispenserd.oncall.own import Wrong
from dispenserd.oncall.papers import Paper, Source, keep_reading
from dispenserd.oncall.pulse import beat
from dispenserd.oncall.receiver import SUBSCRIPTIONS, Receiver
from dispenserd.oncall.roster import Roster
from dispenserd.oncall.sender import DecisionSender
from dispenserd.oncall.silence import Ears, deaf, listening
from dispenserd.oncall.watch import Watch
from dispenserd.progress import Progress


async def serve(
    database: Database,
    key: SigningKey,
    broker: Broker,
    clock: Clock,
    tell: Callable[[SessionState], None] = lambda state: None,
    back_off: BackOff | None = None,
    supervised: Supervisor = NOBODY,
    roster: Roster | None = None,
    roster_file: Source[Roster] | None = None,
    homes_file: Source[frozenset[str]] | None = None,
) -> None:
    """Until cancelled. `tell` hears how the session stands whenever that changes. Without a roster nobody is
    on call, and that is an incident; so is it where homes are heard and no list says which to hear from.
    `roster_file`: where `roster` came from, read again when it changes; the list of homes is read here."""
    limits = OncallLimits().stretched(clock.rate)
    session = Session(broker, client_id(key), SUBSCRIPTIONS, back_off=back_off)
    receiver = Receiver(database, session, key.private, limits, clock.now)
    sender = DecisionSender(database, session, key.private, clock.now)
    called = roster or Roster()
    ears = _Ears(database, limits, clock)
    papers: list[Paper[Any]] = []
    watch = Watch(database, called, limits, lambda: ears.now, lambda: _wrong_in(papers), ears.clock_was_set)
    notifier = Notifier(database, called, clock)
    office = _Office(database, watch, notifier, clock)

    async def answered() -> None:
        """Neither hangs in what it has under way, and the database can be read."""
        for part in (receiver, sender):
            async with part.turn:
                pass
        database.answers()

    turned = (lambda: watch.looked_s,)
    progress = Progress(supervised, clock.monotonic, lambda: _line(session), answered, turned)
    structlog.get_logger().info("on-call starts")
    try:
        with database.held_open():
            papers += office.papers(roster_file, homes_file)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(session.run())
                tasks.create_task(receiver.run())
                tasks.create_task(sender.run())
                tasks.create_task(watch.run(clock))
                tasks.create_task(notifier.run())
                tasks.create_task(keep_reading(papers, clock.now))
                tasks.create_task(_tell(session, ears, tell))
                tasks.create_task(progress.run())
                tasks.create_task(beat(database.path, lambda: session.state.connected, clock.monotonic))
    finally:
        supervised.tell("STOPPING=1")


def client_id(key: SigningKey) -> str:
    """One per on-call service: the broker keeps its undelivered messages under this name."""
    return "oncall-" + hashlib.sha256(key.public).hexdigest()[:16]


def _wrong_in(papers: Sequence[Paper[Any]]) -> list[Wrong]:
    return [each for paper in papers for each in paper.wrong]


def _line(session: Session) -> str:
    """For `systemctl status`."""
    return f"Receiving; {'connected to' if session.state.connected else 'without'} the broker."


class _Office:
    """What a changed roster or list does to those who work with it."""

    def __init__(self, database: Database, watch: Watch, notifier: Notifier, clock: Clock) -> None:
        self._database = database
        self._watch = watch
        self._notifier = notifier
        self._clock = clock

    def papers(self, roster: Source[Roster] | None, homes: Source[frozenset[str]] | None) -> list[Paper[Any]]:
        """What is read again when it changes. The list of homes is read at once; the roster was."""
        found: list[Paper[Any]] = [] if roster is None else [Paper("roster", roster, self._use_roster)]
        if homes is None:
            with suppress(DatabaseFault):  # then the list that was there stays
                self._use_homes(frozenset())
        else:
            found.append(Paper("homes", homes, self._use_homes))
            found[-1].begin(self._clock.now())
        return found

    def _use_roster(self, roster: Roster) -> None:
        if roster == self._watch.roster:
            return
        self._watch.roster = self._notifier.roster = roster
        structlog.get_logger().info("roster read", count=len(roster.people))

    def _use_homes(self, names: frozenset[str]) -> None:
        with self._database.writing() as connection:
            changed = keep_list(connection, names, self._clock.now())
        log = structlog.get_logger()
        for home in changed.added:
            log.info("home put on the list", home=home)
        for left in changed.taken_off:
            tell = log.warning if left.incidents else log.info
            tell("home taken off the list", home=left.home, count=left.incidents)


class _Ears:
    """Since when we listen, or don't: a home can only be silent to somebody who would hear it."""

    def __init__(self, database: Database, limits: OncallLimits, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self.now = Ears(False, clock.now())

    def hear(self, state: SessionState) -> None:
        before, now = self.now, self._clock.now()
        if state.connected == before.listening:
            return
        with self._database.reading() as connection:
            if state.connected:
                self.now = listening(connection, self._limits, now, before.since)
            else:
                self.now = deaf(connection, self._limits, now, before)

    def clock_was_set(self) -> None:
        """The time that passed is not known any more, so everybody is given the time of one beat anew."""
        self.now = Ears(self.now.listening, self._clock.now())


async def _tell(session: Session, ears: _Ears, tell: Callable[[SessionState], None]) -> None:
    changed = session.watch()
    while True:
        await changed.wait()
        changed.clear()
        ears.hear(session.state)
        tell(session.state)
