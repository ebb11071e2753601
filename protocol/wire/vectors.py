"""Golden bytes for other implementations: `vectors.json`, written from the code and checked against it.

    python -m protocol.wire.vectors --check     exit 0 if the file is what this code says, else 1
    python -m protocol.wire.vectors --write

Knows how examples become JSON. The file is part of the protocol: a change of bytes that a robot in the
field has learnt is a new protocol version.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, assert_never

import cbor2

from protocol.wire import codec, examples, limits
from protocol.wire.fields import Fault
from protocol.wire.framing import DELIMITER, DropReason, encode_frame
from protocol.wire.layouts import LAYOUTS
from protocol.wire.link import (
    Dropped,
    Frame,
    FrameType,
    Link,
    LinkEvent,
    LinkLost,
    MessageReceived,
    Role,
    SessionOpened,
)
from protocol.wire.messages import PROTOCOL_VERSION, Message, Request

FILE = Path(__file__).with_name("vectors.json")
SESSION = 0x0123456789ABCDEF
OTHER_SESSION = 0xFEDCBA9876543210


def document() -> dict[str, Any]:
    """All vectors, in a fixed order."""
    return {
        "schema": "dispenserd/wire-vectors/1",
        "protocol": PROTOCOL_VERSION,
        "messages": [_message(name, message) for name, message in examples.MESSAGES.items()],
        "refused_bodies": [*_bad_shapes(), *_bad_items()],
        "frames": _frames(),
        "damaged_streams": _damaged_streams(),
        "link_frames": _link_frames(),
        "refused_link_frames": _refused_link_frames(),
        "conversation": _conversation(),
    }


def text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="protocol.wire.vectors")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="compare the file with the code")
    action.add_argument("--write", action="store_true", help="write the file from the code")
    if parser.parse_args(arguments).write:
        FILE.write_text(text(), encoding="utf-8")
        return 0
    same = FILE.is_file() and FILE.read_text(encoding="utf-8") == text()
    if not same:
        print(f"{FILE.name} is not what the code says; look at the difference, then --write", file=sys.stderr)
    return 0 if same else 1


# --- bodies ----------------------------------------------------------------------------------------


def _message(name: str, message: Message) -> dict[str, Any]:
    number = next(number for number, layout in LAYOUTS.items() if layout.of is type(message))
    return {
        "name": name,
        "direction": "host_to_robot" if isinstance(message, Request) else "robot_to_host",
        "message": type(message).__name__,
        "type": number,
        "fields": _plain(message),
        "body": codec.encode(message).hex(),
    }


def _plain(value: Any) -> Any:
    """The value as JSON: bytes in hex, records as objects."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _bad_shapes() -> list[dict[str, str]]:
    too_long = {"5121 bytes": ("59" + "13fe" + "00" * (limits.BODY_BYTES_MAX - 2), Fault.TOO_LONG)}
    shapes = examples.BAD_SHAPES | too_long
    return [{"name": name, "body": body, "reason": fault} for name, (body, fault) in shapes.items()]


def _bad_items() -> list[dict[str, str]]:
    return [
        {"name": name, "body": cbor2.dumps(items, canonical=True).hex(), "reason": fault}
        for name, (items, fault) in examples.BAD_ITEMS.items()
    ]


# --- frames ----------------------------------------------------------------------------------------

_PAYLOADS = {
    "one zero": b"\x00",
    "digits": b"123456789",
    "zeros": bytes(8),
    "253 bytes without a zero": bytes(1 + n % 255 for n in range(253)),
    "every byte, twice": bytes(range(256)) * 2,
}
_GOOD = encode_frame(b"123456789")


def _frames() -> list[dict[str, str]]:
    return [
        {"name": name, "payload": payload.hex(), "frame": encode_frame(payload).hex()}
        for name, payload in _PAYLOADS.items()
    ]


def _damaged_streams() -> list[dict[str, Any]]:
    """What a decoder makes of a stream: the payloads that come out, and the reason of each drop."""
    good = [b"123456789".hex()]
    long = DELIMITER + b"\x01" * (limits.FRAME_BYTES_MAX + 1) + DELIMITER
    flipped = bytes((*_GOOD[:3], _GOOD[3] ^ 0x10, *_GOOD[4:]))
    cases: list[tuple[str, bytes, list[str], list[DropReason]]] = [
        ("bytes before the first delimiter", b"boot\r\n" + _GOOD, good, [DropReason.GARBAGE]),
        ("one bit flipped", flipped, [], [DropReason.BAD_CRC]),
        ("damaged beside an untouched one", flipped + _GOOD, good, [DropReason.BAD_CRC]),
        ("end lost, untouched one follows", _GOOD[:-4] + _GOOD, good, [DropReason.BAD_COBS]),
        ("delimiters shared", _GOOD + _GOOD[1:], good * 2, []),
        ("delimiters only", DELIMITER * 9, [], []),
        ("stuffing that points behind the end", bytes.fromhex("0009313200"), [], [DropReason.BAD_COBS]),
        ("checksum only", encode_frame(b""), [], [DropReason.TOO_SHORT]),
        ("over the limit, untouched one follows", long + _GOOD, good, [DropReason.TOO_LONG]),
    ]
    return [
        {"name": name, "stream": stream.hex(), "payloads": payloads, "dropped": dropped}
        for name, stream, payloads, dropped in cases
    ]


# --- link ------------------------------------------------------------------------------------------

_HELLO = codec.encode(examples.MESSAGES["hello"])


def _link_frames() -> list[dict[str, Any]]:
    frames = {
        "open": Frame(FrameType.OPEN, SESSION),
        "opened": Frame(FrameType.OPENED, SESSION),
        "first message": Frame(FrameType.DATA, SESSION, 1, _HELLO),
        "its acknowledgement": Frame(FrameType.ACK, SESSION, 1),
        "reset, no such session": Frame(FrameType.RESET, SESSION, body=b"\x04"),
    }
    return [
        {
            "name": name,
            "frame_type": frame.kind,
            "session": f"{frame.session:016x}",
            "sequence": frame.sequence,
            "body": frame.body.hex(),
            "payload": frame.to_bytes().hex(),
            "frame": encode_frame(frame.to_bytes()).hex(),
        }
        for name, frame in frames.items()
    ]


def _refused_link_frames() -> list[dict[str, Any]]:
    """What a robot with session SESSION running, and two messages received, makes of a payload."""
    data = Frame(FrameType.DATA, SESSION, 3, codec.encode(examples.MESSAGES["read status"]))
    other_version = bytes((PROTOCOL_VERSION + 1, *data.to_bytes()[1:]))
    wrong_way = codec.encode(examples.MESSAGES["done"])
    cases = {
        "header cut short": data.to_bytes()[:13],
        "other version": other_version,
        "unknown frame type": bytes((PROTOCOL_VERSION, 9, *data.to_bytes()[2:])),
        "session 0": Frame(FrameType.OPEN, 0).to_bytes(),
        "open with a sequence number": Frame(FrameType.OPEN, SESSION, 1).to_bytes(),
        "data without a sequence number": Frame(FrameType.DATA, SESSION, 0, data.body).to_bytes(),
        "acknowledgement with a body": Frame(FrameType.ACK, SESSION, 1, b"\x00").to_bytes(),
        "opened, which only a robot says": Frame(FrameType.OPENED, SESSION).to_bytes(),
        "acknowledgement of nothing": Frame(FrameType.ACK, SESSION, 1).to_bytes(),
        "data of another session": Frame(FrameType.DATA, OTHER_SESSION, 3, data.body).to_bytes(),
        "data received before": Frame(FrameType.DATA, SESSION, 2, data.body).to_bytes(),
        "data too far ahead": Frame(FrameType.DATA, SESSION, 4, data.body).to_bytes(),
        "data with a body that is no message": Frame(FrameType.DATA, SESSION, 3, b"\x80").to_bytes(),
        "data with an unknown message": Frame(FrameType.DATA, SESSION, 3, b"\x81\x00").to_bytes(),
        "data over a limit": Frame(FrameType.DATA, SESSION, 3, b"\x82\x02\x00").to_bytes(),
        "data with a robot's message": Frame(FrameType.DATA, SESSION, 3, wrong_way).to_bytes(),
    }
    return [{"name": name, **_reaction(payload)} for name, payload in cases.items()]


def _reaction(payload: bytes) -> dict[str, Any]:
    robot = Link(Role.ROBOT)
    for frame in (
        Frame(FrameType.OPEN, SESSION),
        Frame(FrameType.DATA, SESSION, 1, _HELLO),
        Frame(FrameType.DATA, SESSION, 2, codec.encode(examples.MESSAGES["read clock"])),
    ):
        robot.receive(encode_frame(frame.to_bytes()), 0.0)
    robot.outgoing()
    events = robot.receive(encode_frame(payload), 0.0)
    return {
        "payload": payload.hex(),
        "dropped": next((str(reason) for reason in Dropped if robot.dropped.get(reason)), None),
        "lost": next((event.reason for event in events if isinstance(event, LinkLost)), None),
        "answer": robot.outgoing().hex(),
    }


def _conversation() -> list[dict[str, Any]]:
    """Two ends on a line that swallows an OPENED, a DATA and an ACK."""
    host, robot = Link(Role.HOST), Link(Role.ROBOT)
    story: list[dict[str, Any]] = []

    def carry(sender: str, at_s: float, arrives: bool = True) -> None:
        origin, target = (host, robot) if sender == "host" else (robot, host)
        data = origin.outgoing()
        events = target.receive(data, at_s) if arrives else []
        said = [_event(event) for event in events]
        story.append({"at_s": at_s, "from": sender, "bytes": data.hex(), "arrives": arrives, "events": said})

    host.open(SESSION, 0.0)
    carry("host", 0.0)
    carry("robot", 0.0, arrives=False)
    host.tick(1.0)
    carry("host", 1.0)
    carry("robot", 1.0)
    host.send(examples.MESSAGES["hello"], 1.0)
    carry("host", 1.0, arrives=False)
    host.tick(2.0)
    carry("host", 2.0)
    robot.send(examples.MESSAGES["hello reply"], 2.0)
    carry("robot", 2.0)
    carry("host", 2.0, arrives=False)
    robot.tick(3.0)
    carry("robot", 3.0)
    carry("host", 3.0)
    return story


def _event(event: LinkEvent) -> dict[str, Any]:
    match event:
        case SessionOpened(session):
            return {"event": "session_opened", "session": f"{session:016x}"}
        case MessageReceived(message):
            return {"event": "message_received", "message": type(message).__name__}
        case LinkLost(reason):
            return {"event": "link_lost", "reason": reason}
        case _:
            assert_never(event)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
