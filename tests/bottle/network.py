"""Broker and network in virtual time: sessions that come and go, queues that outlive them or don't.

The rules of MQTT 5 QoS 1 as far as they matter: a message is kept until it is acknowledged, comes again
after a reconnect, may come twice, and is gone when the broker loses its state. QoS 0 is lost with the line.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random

from dispenserd.mqtt.session import (
    Arrived,
    BrokerTook,
    ConnectionLost,
    Message,
    PublishEnd,
    Session,
    SessionState,
    Standing,
)
from tests.bottle.fuse import Fuse
from tests.bottle.times import Times

RECONNECT_S = 2.0
"""A session tries again after a while; which one doesn't matter here."""


@dataclass
class Manners:
    """How messages travel: chances are per message, delays drawn evenly up to the maximum."""

    delay_s_max: float = 0.05
    repeats: float = 0.0  # comes a second time, later
    repeat_s_max: float = 3600.0


class Network:
    """`to_oncall` takes each delivery, and says whether it is committed there."""

    def __init__(self, times: Times, chance: Random, to_oncall: Callable[[str, bytes], bool]) -> None:
        self.manners = Manners()
        self.up = True
        self._times = times
        self._chance = chance
        self._to_oncall = to_oncall
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count(1)
        self._kept_for_oncall: dict[int, tuple[str, bytes]] = {}
        self._kept_for_home: dict[int, tuple[str, bytes]] = {}
        self.session: BottleSession | None = None
        self.published = 0
        self.down_since_s = 0.0

    @property
    def due_s(self) -> float | None:
        return self._due[0][0] if self._due else None

    @property
    def connected(self) -> bool:
        return self.session is not None and self.session.state.connected

    def turn(self) -> None:
        while self._due and self._due[0][0] <= self._times.now_s:
            heapq.heappop(self._due)[2]()

    # --- weather ---

    def fail(self, *, loses_state: bool) -> None:
        if self.up:
            self.down_since_s = self._times.now_s
        self.up = False
        if loses_state:
            self._kept_for_oncall.clear()
            self._kept_for_home.clear()
        if self.session is not None:
            self.session.lose()

    def recover(self) -> None:
        self.up = True
        self.deliver_to_oncall()
        self._later(RECONNECT_S, self._connect)

    def deliver_to_oncall(self) -> None:
        """Again, all that it has not acknowledged: it came back."""
        for number in list(self._kept_for_oncall):
            self._later(self._delay(), partial(self._hand_to_oncall, number))

    # --- the home's side ---

    def attach(self, session: BottleSession) -> None:
        """A process started: it connects, if it can."""
        self.session = session
        self._later(self._delay(), self._connect)

    def detach(self) -> None:
        self.session = None

    def take(self, message: Message, done: Callable[[PublishEnd], None]) -> None:
        """A publish at QoS 1: `done` at the broker's word."""
        self.published += 1
        number = next(self._numbers)
        session = self.session

        def arrive() -> None:
            if not self.up or self.session is not session:
                return  # lost; the session says so when it is given up
            self._kept_for_oncall[number] = (message.topic, message.payload)
            self._later(self._delay(), lambda: self._hand_to_oncall(number))
            self._later(self._delay(), lambda: done(BrokerTook(nobody_listens=False)))

        self._later(self._delay(), arrive)

    def take_lightly(self, message: Message) -> None:
        """A publish at QoS 0."""
        self._later(self._delay(), partial(self._say_to_oncall, message.topic, message.payload))

    def acknowledged(self, number: int) -> None:
        self._kept_for_home.pop(number, None)

    # --- on-call's side ---

    def to_home(self, topic: str, payload: bytes) -> bool:
        """From on-call; False when there is no broker to take it."""
        if not self.up:
            return False
        number = next(self._numbers)
        self._kept_for_home[number] = (topic, payload)
        self._later(self._delay(), lambda: self._hand_to_home(number))
        if self._chance.random() < self.manners.repeats:
            again = next(self._numbers)
            self._kept_for_home[again] = (topic, payload)
            late_s = self._chance.random() * self.manners.repeat_s_max
            self._later(late_s, lambda: self._hand_to_home(again))
        return True

    # --- inside ---

    def _connect(self) -> None:
        if self.up and self.session is not None and not self.session.state.connected:
            self.session.come_up()
            for number in list(self._kept_for_home):
                self._later(self._delay(), partial(self._hand_to_home, number))

    def _hand_to_home(self, number: int) -> None:
        kept = self._kept_for_home.get(number)
        if kept is not None and self.connected and self.session is not None:
            self.session.arrive(*kept, number)

    def _hand_to_oncall(self, number: int) -> None:
        kept = self._kept_for_oncall.get(number)
        if kept is None or not self.up or not self._to_oncall(*kept):
            return
        del self._kept_for_oncall[number]
        if self._chance.random() < self.manners.repeats:
            late_s = self._chance.random() * self.manners.repeat_s_max
            self._later(late_s, partial(self._say_to_oncall, *kept))

    def _say_to_oncall(self, topic: str, payload: bytes) -> None:
        self._to_oncall(topic, payload)

    def _later(self, after_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._times.now_s + after_s, next(self._numbers), act))

    def _delay(self) -> float:
        return self._chance.random() * self.manners.delay_s_max


class BottleSession(Session):
    """What the uplink, the downlink and the heartbeat see of the broker, for one life of the process."""

    def __init__(self, network: Network, fuse: Fuse) -> None:
        self._network = network
        self._fuse = fuse
        self._state = SessionState()
        self._watchers = []
        self._arrived: asyncio.Queue[Arrived] = asyncio.Queue()
        self._ends: list[asyncio.Future[PublishEnd]] = []

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def publish(self, message: Message) -> PublishEnd:
        self._fuse.passed("before publish")
        if not self._state.connected:
            return ConnectionLost()
        end: asyncio.Future[PublishEnd] = asyncio.get_running_loop().create_future()
        self._ends.append(end)
        self._network.take(message, lambda word: self._end(end, word))
        try:
            said = await end
        finally:
            self._ends.remove(end)
        self._fuse.passed("after PUBACK")
        return said

    def send(self, message: Message) -> bool:
        if self._fuse.dead or not self._state.connected:
            return False
        self._network.take_lightly(message)
        return True

    async def receive(self) -> Arrived:
        while True:
            arrived = await self._arrived.get()
            if arrived.connection == self._state.connection:
                self._fuse.passed("message arrived")
                return arrived

    def acknowledge(self, arrived: Arrived) -> None:
        self._fuse.passed("before acknowledging")
        if arrived.connection == self._state.connection:
            self._network.acknowledged(arrived.message_id)

    # --- what the network does to it ---

    def come_up(self) -> None:
        self._stand(Standing.CONNECTED, self._state.connection + 1)

    def lose(self) -> None:
        if self._state.connected:
            self._stand(Standing.LOST, self._state.connection)
            for end in list(self._ends):
                self._end(end, ConnectionLost())

    def arrive(self, topic: str, payload: bytes, number: int) -> None:
        self._arrived.put_nowait(Arrived(topic, payload, False, self._state.connection, number))

    def _end(self, end: asyncio.Future[PublishEnd], word: PublishEnd) -> None:
        if not end.done() and not self._fuse.dead:
            end.set_result(word)

    def _stand(self, standing: Standing, connection: int) -> None:
        self._state = SessionState(standing, connection=connection)
        for watcher in self._watchers:
            watcher.set()
