"""A host on a real pseudo-terminal: a link and nothing else, enough to greet a robot and to order."""

from __future__ import annotations

import asyncio
import os
import time
import tty
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from protocol.wire import messages as m
from protocol.wire.link import Link, LinkLost, MessageReceived, Role, SessionOpened

DEADLINE_S = 8.0
"""For anything a test waits for: far above what it takes, so that a busy machine fails nothing."""

SESSIONS = count(1 + time.monotonic_ns())


class PtyHost:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[m.Message] = []
        self._refs = count(1)
        self._plug()

    def _plug(self) -> None:
        self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.link = Link(role=Role.HOST)
        self.open, self.hung_up = False, False

    def close(self) -> None:
        os.close(self.fd)

    async def replug(self) -> None:
        """Wait for the link to come back and open it."""
        os.close(self.fd)
        await until(self.path.exists)
        self._plug()

    async def greet(self) -> m.HelloReply:
        self.link.open(next(SESSIONS), time.monotonic())
        await self.until(lambda: self.open)
        reply = await self.ask(m.Hello(0, m.PROTOCOL_VERSION, 0, b""))
        assert isinstance(reply, m.HelloReply)
        return reply

    async def ask(self, request: m.Request) -> m.Message:
        """The reply to this request."""
        ref = next(self._refs)
        self.link.send(replace(request, ref=ref), time.monotonic())

        def answers() -> list[m.Message]:
            return [message for message in self.heard if getattr(message, "ref", 0) == ref]

        await self.until(lambda: bool(answers()))
        return answers()[0]

    async def until(self, condition: Callable[[], bool]) -> None:
        def pumped() -> bool:
            self.pump()
            return condition()

        await until(pumped)

    def pump(self) -> None:
        now_s = time.monotonic()
        for event in [*self.link.receive(self._read(), now_s), *self.link.tick(now_s)]:
            match event:
                case SessionOpened():
                    self.open = True
                case MessageReceived(message=message):
                    self.heard.append(message)
                case LinkLost():
                    self.open = False
        data = self.link.outgoing()
        if data and not self.hung_up:
            os.write(self.fd, data)

    def heard_of(self, kind: type[m.Message]) -> list[m.Message]:
        return [message for message in self.heard if isinstance(message, kind)]

    def _read(self) -> bytes:
        try:
            data = os.read(self.fd, 4096)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.hung_up = self.hung_up or not data
        return data


async def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        await asyncio.sleep(0.002)
