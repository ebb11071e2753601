"""A broker that answers pings and never a publish; and one whose bytes kill paho's thread."""

from __future__ import annotations

import asyncio

import pytest

from dispenserd.mqtt import session as s
from dispenserd.mqtt.session import BackOff, Broker, ConnectionLost, Message, Session
from tests.support.paper_home import eventually


async def packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return head, await reader.readexactly(length)


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, poison: bytes = b"") -> None:
    try:
        while True:
            head, body = await packet(reader)
            match head >> 4:
                case 1:
                    writer.write(b"\x20\x03\x00\x00\x00")
                case 8:
                    writer.write(b"\x90\x04" + body[:2] + b"\x00\x01")
                    writer.write(poison)
                case 12:
                    writer.write(b"\xd0\x00")
                case 14:
                    return
                case _:
                    pass  # swallowed
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@pytest.mark.parametrize("poison", [b"", b"\x30\x06\x00\x01a\x7f\x00\x00"])
async def test_a_publish_that_nobody_answers_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, poison: bytes
) -> None:
    monkeypatch.setattr(s, "ANSWER_TIMEOUT_S", 0.5)
    server = await asyncio.start_server(lambda r, w: deaf(r, w, poison), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    session = Session(Broker("127.0.0.1", port), "home-x", [("in/#", 1)], back_off=BackOff(0.05, 0.1))
    task = asyncio.create_task(session.run())
    try:
        await eventually(lambda: session.state.connection >= 1, "connected once")
        await asyncio.sleep(0.2)
        end = await asyncio.wait_for(session.publish(Message("out/a", b"x")), 3)
        assert end == ConnectionLost()
        await eventually(lambda: session.state.connection >= 2, "tried anew")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
