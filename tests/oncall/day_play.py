"""Plays a day to the real receiver, watch and desk on a real SQLite file, in virtual time.

A kill throws every object away; only the file stays. What homes publish meanwhile waits in the broker as it
would (QoS 1), heartbeats are lost. On-call looks after everything that happened and whenever it said it would
have something to do; a real watch looks twice a second, which comes to the same.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from dispenserd.mqtt.session import Arrived, BrokerTook, Message, PublishEnd
from dispenserd.oncall import database as db
from dispenserd.oncall.desk import Desk, DeskRefused
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.listing import keep_list
from dispenserd.oncall.notices import Sent
from dispenserd.oncall.notifier import settle
from dispenserd.oncall.receiver import Receiver
from dispenserd.oncall.roster import Person, Roster
from dispenserd.oncall.silence import listening
from dispenserd.oncall.steps import queued
from dispenserd.oncall.view import AnyRow
from dispenserd.oncall.watch import Watch
from protocol.mqtt import payloads as p
from protocol.mqtt.topics import Channel, topic
from tests.oncall.day_script import STAFF, Beat, Day, Deed, Down, OwnDeed, Say, Take

KEY = bytes(range(32))
LIMITS = OncallLimits()
ANNA, BO, IDA, OLE = STAFF
ROSTER = Roster(
    people=(
        Person(ANNA, hours=(time(7), time(15))),
        Person(BO, hours=(time(15), time(7))),
        Person(IDA, priorities=frozenset({"medium", "high"})),
        Person(OLE, priorities=frozenset({"high"}), hours=(time(22), time(6))),
    ),
    manager=Person("Merete Prøve"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A step as the file has it after the day."""

    home: str
    incident: str  # "" = on-call's own about the home
    why: str
    person: str
    priority: str
    due: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Own:
    """A revision of one of on-call's own incidents."""

    home: str
    kind: str
    at: datetime
    priority: str
    state: str
    owner: str


@dataclass(frozen=True, slots=True)
class Played:
    told: tuple[Told, ...]
    own: tuple[Own, ...]
    looks: int
    asks: int


class _Ether:
    """What on-call publishes: receipts. Nobody has to hear them here."""

    async def publish(self, message: Message) -> PublishEnd:
        return BrokerTook(False)


class Play:
    def __init__(self, day: Day, path: Path, progress: Callable[[float], None] = lambda part: None) -> None:
        self._day = day
        self._path = path
        self._progress = progress
        self._now = day.begins
        self._looks = 0
        self._asks = 0
        self._wakes: datetime | None = None
        self._revisions: dict[str, dict[str, int]] = defaultdict(dict)  # home -> open incident -> revision
        self._taken: dict[str, str] = {}  # incident -> decision
        self._heard: dict[str, datetime] = {}
        self._waiting: list[Say] = []
        self._life = ExitStack()
        self._loop = asyncio.Runner()
        self._start()

    def run(self) -> Played:
        happenings: list[Deed | Down] = sorted(
            [*self._day.deeds, *self._day.downs], key=lambda each: (each.at, isinstance(each, Down))
        )
        up_again: datetime | None = None
        for number, each in enumerate(happenings):
            if number % 1000 == 0:
                self._progress(number / len(happenings))
            if up_again is not None and up_again < each.at:
                self._restart(up_again)
                up_again = None
            if up_again is not None:
                assert not isinstance(each, Down)
                self._while_down(each)
            else:
                self._until(each.at)
                if isinstance(each, Down):
                    up_again = each.until
                else:
                    self._happens(each)
        if up_again is not None:
            self._restart(up_again)
        self._until(self._day.ends)
        with self._life, self._loop:
            return self._read()

    # --- on-call ---

    def _start(self) -> None:
        self._life.close()
        self._database = db.create(self._path)
        self._life.enter_context(self._database.held_open())
        self._desk = Desk(self._database, LIMITS)
        self._receiver = Receiver(self._database, _Ether(), KEY, LIMITS, lambda: self._now)  # type: ignore[arg-type]
        with self._database.writing() as connection:
            keep_list(connection, self._day.homes, self._now)
        with self._database.reading() as connection:
            ears = listening(connection, LIMITS, self._now)
        self._watch = Watch(self._database, ROSTER, LIMITS, lambda: ears)
        self._look()

    def _restart(self, until: datetime) -> None:
        self._now = until
        waiting, self._waiting = self._waiting, []
        self._start()
        for say in waiting:
            self._take_in(say)
        self._look()

    def _until(self, at: datetime) -> None:
        """Every look that on-call said it would need before `at`."""
        while self._wakes is not None and self._wakes < at:
            self._now = max(self._now, self._wakes)
            self._look()
        self._now = at

    def _look(self) -> None:
        self._looks += 1
        wakes = self._watch.look(self._now)
        self._wakes = wakes if wakes is None or wakes > self._now else self._now + timedelta(milliseconds=1)
        with self._database.reading() as connection:
            waiting = queued(connection)
        if waiting:
            with self._database.writing() as connection:
                for notice in waiting:
                    settle(connection, notice, Sent(("ok",)), ROSTER.deadlines, self._now)

    # --- what happens ---

    def _happens(self, deed: Deed) -> None:
        match deed:
            case Beat():
                last = self._heard.get(deed.home)
                self._take_in(deed)
                if last is None or deed.at - last >= LIMITS.home_silent:
                    self._look()
            case Say():
                self._take_in(deed)
                if not deed.torn:
                    self._look()
            case Take() | OwnDeed():
                self._at_the_desk(deed)
                self._look()

    def _while_down(self, deed: Deed) -> None:
        self._now = deed.at
        match deed:
            case Say():
                self._waiting.append(deed)
            case Take() | OwnDeed():
                self._at_the_desk(deed)
            case Beat():
                pass  # nobody heard it

    def _at_the_desk(self, deed: Take | OwnDeed) -> None:
        with suppress(DeskRefused):
            if isinstance(deed, Take):
                self._taken[deed.incident] = self._desk.take(deed.incident, deed.by, deed.at).decision_id
                return
            for row in self._desk.list_incidents(deed.at)["incidents"]:
                if row["origin"] == "oncall" and row["home"] == deed.home:
                    if deed.deed == "take":
                        self._desk.take(row["incident"], deed.by, deed.at)
                    else:
                        self._desk.close(row["incident"], deed.by, "network_repaired", deed.at)

    def _take_in(self, deed: Beat | Say) -> None:
        if isinstance(deed, Beat):
            self._heard[deed.home] = self._now
            self._hear(deed.home, Channel.HEARTBEAT, self._heartbeat(deed))
            return
        if deed.answers_take and deed.incident in self._taken:
            self._hear(deed.home, Channel.INCIDENT, _answer(deed, self._taken[deed.incident]))
        known = self._revisions[deed.home]
        known[deed.incident] = deed.revision
        if deed.state == "closed":
            del known[deed.incident]
        self._hear(deed.home, Channel.INCIDENT, _incident(deed))

    def _hear(self, home: str, channel: Channel, payload: p.Payload) -> None:
        arrived = Arrived(topic(home, channel), p.to_bytes(payload), False, 1, 1)
        assert self._loop.run(self._receiver.take_in(arrived))

    def _heartbeat(self, beat: Beat) -> p.HeartbeatPayload:
        known = self._revisions[beat.home]
        lines = sorted(f"{incident}:{revision}" for incident, revision in known.items())
        return p.HeartbeatPayload(
            schema=p.HEARTBEAT,
            home=beat.home,
            at=beat.at,
            epoch=1,
            head="0" * 64,
            clock="trusted",
            robot="ready",
            plan_version=1,
            next_window=beat.next_window,
            window_open=beat.window_open,
            incidents=len(known),
            digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        )

    # --- what the file says in the end ---

    def _read(self) -> Played:
        with self._database.reading() as connection:
            origins = {
                (row.home, row.incident): row.origin for row in connection.execute(db.incidents.select())
            }
            kinds = {(row.home, row.incident): row.kind for row in connection.execute(db.incidents.select())}
            told = tuple(_told(row, origins) for row in connection.execute(db.steps.select()))
            own = tuple(
                Own(row.home, kinds[row.home, row.incident], _at(row.at), row.priority, row.state, row.owner)
                for row in connection.execute(db.revisions.select())
                if origins[row.home, row.incident] == db.ONCALL
            )
            asks = sum(row.asked is not None for row in connection.execute(db.homes.select()))
        return Played(told, own, self._looks, asks)


def _told(row: AnyRow, origins: dict[tuple[str, str], str]) -> Told:
    home, incident = row.home, row.incident
    of_home = origins[home, incident] == db.HOME
    return Told(
        home,
        incident if of_home else "",
        row.why,
        row.person,
        row.priority,
        _at(row.due),
        _at(row.at),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _answer(say: Say, decision: str) -> p.AnswerPayload:
    return p.AnswerPayload(
        schema=p.ANSWER,
        home=say.home,
        epoch=1,
        event_id=f"1-{_event(say, 'answer')}",
        command_id=decision,
        accepted=True,
        reason="done",
        incident=say.incident,
    )


def _incident(say: Say) -> p.IncidentPayload:
    return p.IncidentPayload(
        schema=p.INCIDENT,
        home=say.home,
        epoch=1,
        event_id=f"1-{_event(say, 'incident')}",
        incident=say.incident,
        revision=say.revision,
        subject="robot",
        dose="",
        kind="robot_fault",
        window_ends=say.window_ends,
        dose_priority=say.dose_priority,  # type: ignore[arg-type]
        priority=say.priority,
        state=say.state,
        raised=say.raised,
        changed=say.at,
        deadline=say.deadline,
        owner=say.owner,
        holds_token=False,
        resolution="",
        cleared=say.state == "closed",
        undelivered=False,
    )


def _event(say: Say, what: str) -> str:
    return hashlib.sha256(f"{say.incident}/{say.revision}/{what}".encode()).hexdigest()
