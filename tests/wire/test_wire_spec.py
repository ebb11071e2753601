"""SPEC.md, vectors.json and the code say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from protocol.wire import codec, examples, fields, limits, messages, vectors
from protocol.wire.errors import RemoteProtocolError
from protocol.wire.fields import Bytes, Choice, Fault, Flag, Kind, Layout, Many, Number, OneOf, Record, Text
from protocol.wire.framing import DropReason, FrameDecoder, encode_frame
from protocol.wire.layouts import LAYOUTS, LOG_ENTRY
from protocol.wire.link import Frame, FrameType, LostReason

SPEC = Path(vectors.__file__).with_name("SPEC.md").read_text(encoding="utf-8")
VECTORS: dict[str, Any] = json.loads(vectors.FILE.read_text(encoding="utf-8"))


def rows(section: str) -> list[list[str]]:
    """Cells of the table rows in a section, headings and rulers left out."""
    lines = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def section(heading: str) -> str:
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", SPEC, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def written(kind: Kind) -> str:
    """A kind of field, in the words of the document."""
    match kind:
        case Number():
            return f"unsigned {kind.min}..{kind.max}"
        case Flag():
            return "true/false"
        case Bytes():
            return f"bytes {kind.length}" + (" or 0" if kind.may_be_empty else "")
        case Text():
            alphabet = "code" if kind.allowed is fields.is_code_text else "text"
            return f"{alphabet} {kind.chars_min}..{kind.chars_max}"
        case Choice():
            return "one of " + ", ".join(f"`{member.value}`" for member in kind.of)
        case OneOf():
            return "one of " + ", ".join(f"`{text}`" if text else "empty" for text in kind.texts)
        case Many():
            return f"array of 0..{kind.count_max}: {written(kind.of)}"
        case Record():
            return kind.layout.of.__name__


@pytest.mark.parametrize(
    ("heading", "layout"),
    [
        *((f"{number} {layout.of.__name__}", layout) for number, layout in LAYOUTS.items()),
        ("LogEntry", LOG_ENTRY),
    ],
)
def test_the_table_of_a_message_is_what_the_code_does(heading: str, layout: Layout) -> None:
    found = [row[:3] for row in rows(section(heading))[1:]]
    assert found == [
        [str(at), f"`{name}`", written(kind)] for at, (name, kind) in enumerate(layout.kinds.items(), start=1)
    ]


def test_every_error_has_its_number_and_name() -> None:
    found = [(int(row[0]), row[1]) for row in rows(section("8 Errors"))[1:]]
    assert found == [(error.value, error.name) for error in messages.Error]


def test_every_limit_in_the_table_has_the_value_of_the_code() -> None:
    found = {}
    for row in rows(section("10 Limits"))[1:]:
        name = re.search(r"`(\w+)`", row[1])
        assert name or "pages" in row[1], row
        if name:
            found[name[1]] = float(row[2].split()[0])
    assert len(found) >= 15
    assert found == {name: float(getattr(limits, name)) for name in found}


def test_every_frame_type_and_reason_is_named() -> None:
    for kind in FrameType:
        assert f"| {kind.value} | {kind.name} |" in SPEC
    for reason in [*DropReason, *Fault, *LostReason]:
        assert f"`{reason}`" in SPEC, reason


def test_requirement_numbers_are_unique_and_have_no_gaps() -> None:
    defined = re.findall(r"\*\*W-([A-Z]+)-(\d+)\*\*", SPEC)
    assert len(defined) == len(set(defined))
    groups = {group for group, _ in defined}
    assert groups >= {
        "FRAME",
        "LINK",
        "MSG",
        "HELLO",
        "CLOCK",
        "ORDER",
        "LOG",
        "STATUS",
        "EVENT",
        "LIMIT",
        "ERR",
    }
    for group in groups:
        numbers = [int(number) for found, number in defined if found == group]
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), group


def test_every_requirement_that_is_cited_exists() -> None:
    defined = set(re.findall(r"\*\*(W-[A-Z]+-\d+)\*\*", SPEC))
    cited = set(re.findall(r"W-[A-Z]+-\d+", SPEC))
    for file in Path(vectors.__file__).parent.glob("*.py"):
        cited |= set(re.findall(r"W-[A-Z]+-\d+", file.read_text(encoding="utf-8")))
    assert cited <= defined


def test_the_worked_examples_are_true() -> None:
    spec = re.sub(r"\s", "", SPEC)
    session = 0x0123456789ABCDEF
    read_status = codec.encode(messages.ReadStatus(4))
    frames = [
        Frame(FrameType.OPEN, session),
        Frame(FrameType.OPENED, session),
        Frame(FrameType.DATA, session, 1, read_status),
        Frame(FrameType.ACK, session, 1),
    ]
    for payload in (b"123456789", *(frame.to_bytes() for frame in frames)):
        assert encode_frame(payload).hex() in spec
    assert "`000105d202ef8d00`" in spec
    assert read_status.hex() in spec
    release = codec.encode(examples.MESSAGES["release"]).hex()
    parts = re.search(r"`8a0505(.*?)`", spec)
    assert parts
    pattern = re.sub("\u2039([0-9]+)bytes\u203a", lambda n: f"(?:..){{{n[1]}}}", "8a0505" + parts[1])
    assert re.fullmatch(pattern, release)


def test_the_vectors_are_what_the_code_says() -> None:
    assert vectors.FILE.read_text(encoding="utf-8") == vectors.text()
    assert vectors.main(["--check"]) == 0


def test_the_vectors_show_every_message_every_reason_and_every_error_of_a_frame() -> None:
    assert {vector["type"] for vector in VECTORS["messages"]} == set(LAYOUTS)
    assert {vector["reason"] for vector in VECTORS["refused_bodies"]} == set(Fault)
    assert {reason for vector in VECTORS["damaged_streams"] for reason in vector["dropped"]} == set(
        DropReason
    )
    assert {vector["frame_type"] for vector in VECTORS["link_frames"]} == set(FrameType)


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda vector: vector["name"])
def test_golden_bytes_of_a_message(vector: dict[str, Any]) -> None:
    message = codec.decode(bytes.fromhex(vector["body"]))
    assert message == examples.MESSAGES[vector["name"]]
    assert type(message).__name__ == vector["message"]
    assert codec.encode(message).hex() == vector["body"]


@pytest.mark.parametrize("vector", VECTORS["refused_bodies"], ids=lambda vector: vector["name"])
def test_golden_bytes_of_what_is_no_message(vector: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode(bytes.fromhex(vector["body"]))
    assert caught.value.reason == vector["reason"]


@pytest.mark.parametrize("vector", VECTORS["damaged_streams"], ids=lambda vector: vector["name"])
def test_golden_bytes_of_a_damaged_stream(vector: dict[str, Any]) -> None:
    decoder = FrameDecoder()
    assert [p.hex() for p in decoder.feed(bytes.fromhex(vector["stream"]))] == vector["payloads"]
    assert [*decoder.dropped.elements()] == vector["dropped"]


def test_golden_bytes_are_frozen() -> None:
    """Written by hand from SPEC.md, not by the code: a robot in the field has learnt these."""
    assert codec.encode(messages.ReadLog(11, 1, 16)).hex() == "84070b0110"
    assert codec.encode(messages.Refused(3, 19)).hex() == "8318260313"
    assert codec.encode(messages.LogGrew(10)).hex() == "8218440a"
    assert codec.encode(messages.PersonalPress(1000, "1234")).hex() == "8318461903e86431323334"
    assert codec.encode(messages.Hello(1, 1, 0, b"")).hex() == "850101010040"
    prompt = messages.Prompt(
        9, messages.Light.OFF, messages.Sound.NONE, ("\N{LATIN SMALL LETTER A WITH RING ABOVE}",)
    )
    assert codec.encode(prompt).hex() == "850609636f6666646e6f6e658162c3a5"
    assert encode_frame(bytes.fromhex("01010000000000000007") + bytes(4)).hex() == (
        "00030101010101010101020701010105" + "23029d24" + "00"
    )
