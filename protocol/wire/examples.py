"""Examples of every message, and of bodies that are none: the material of `vectors` and of the tests.

Knows data only. All ids and texts are invented.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocol.wire import messages as m
from protocol.wire.fields import Fault

RESIDENT = bytes.fromhex("7f0e3c5a9d1b42868c2fd4a1b6e05397")
ORDER_ID = bytes.fromhex("00112233445566778899aabbccddeeff")
BOOT_ID = bytes.fromhex("b007b007b007b007b007b007b007b007")
LOG_ID = bytes.fromhex("10c010c010c010c010c010c010c010c0")
HEAD = bytes(range(32))
DOSE = "7f0e3c5a9d1b42868c2fd4a1b6e05397/2026-11-02/morning/1"
LABEL = "S-0001-4711"
UTC_MS = 1_793_606_400_000  # 2026-11-02T08:00:00Z
UPTIME_MS = 86_400_000
_NAMES: dict[str, Any] = {"order_id": ORDER_ID, "resident": RESIDENT, "dose_id": DOSE, "plan_version": 7}


def _entry(index: int, kind: m.EntryKind, **rest: Any) -> m.LogEntry:
    return m.LogEntry(index, kind, BOOT_ID, UPTIME_MS + index, UTC_MS + index, **rest)


_ENTRIES = (
    _entry(1, m.EntryKind.LOADED, detail="P-2026-0042"),
    _entry(2, m.EntryKind.ACCEPTED, **_NAMES, order_kind="release", label=LABEL),
    _entry(3, m.EntryKind.STARTED, **_NAMES, order_kind="release", label=LABEL),
    _entry(4, m.EntryKind.ENDED, **_NAMES, order_kind="release", label=LABEL, result="done"),
    _entry(5, m.EntryKind.LIFTED, **_NAMES, order_kind="present", label=LABEL),
    _entry(6, m.EntryKind.ENDED, **_NAMES, order_kind="divert", result="not_moved", detail="motor_stall"),
    _entry(
        7, m.EntryKind.ENDED, **_NAMES, order_kind="retract", result="unclear", detail="sensor_contradiction"
    ),
    _entry(8, m.EntryKind.CANCELLED, **_NAMES, order_kind="present", detail="lid_open"),
    _entry(9, m.EntryKind.CLEARED, detail="motor_stall"),
    _entry(10, m.EntryKind.OPENED, detail="lid"),
    _entry(
        11,
        m.EntryKind.ENDED,
        **_NAMES,
        order_kind="release",
        label=LABEL,
        result="done",
        detail=m.DOUBLE_FEED,
    ),
)

_RELEASE = m.Order(
    5, ORDER_ID, m.OrderKind.RELEASE, RESIDENT, DOSE, 7, LABEL, m.Source.MAGAZINE, expires_in_ms=120_000
)
_HELLO_REPLY = m.HelloReply(
    ref=1,
    protocol=m.PROTOCOL_VERSION,
    serial="SR-000123",
    family="sachet_roll",
    firmware="1.4.2",
    capabilities=("release", "present", "retract", "divert", "label", "prompt", "battery_clock"),
    auth=m.Auth.NONE,
    boot_id=BOOT_ID,
    log_id=LOG_ID,
    log_horizon=1,
    log_head=10,
    host_epoch=2,
    host_head=HEAD,
    uptime_ms=UPTIME_MS,
)
_STATUS = m.Status(4, UPTIME_MS, "P-2026-0042", LABEL, 28, False, True, 3, 28, False, True, 97, "")

MESSAGES: dict[str, m.Message] = {
    "hello": m.Hello(1, m.PROTOCOL_VERSION, 2, HEAD),
    "hello of a new home": m.Hello(1, m.PROTOCOL_VERSION, 0, b""),
    "read clock": m.ReadClock(2),
    "set clock": m.SetClock(3, UTC_MS),
    "read status": m.ReadStatus(4),
    "release": _RELEASE,
    "present": m.Order(
        6, ORDER_ID, m.OrderKind.PRESENT, RESIDENT, DOSE, 7, LABEL, m.Source.HOLDING, expires_in_ms=60_000
    ),
    "release before a leave": replace(_RELEASE, ref=13, take_along=True),
    "retract": m.Order(
        7, ORDER_ID, m.OrderKind.RETRACT, RESIDENT, DOSE, 7, "", m.Source.HOLDING, expires_in_ms=1
    ),
    "divert of an unreadable sachet": m.Order(
        8, ORDER_ID, m.OrderKind.DIVERT, RESIDENT, DOSE, 7, "", m.Source.MAGAZINE, expires_in_ms=120_000
    ),
    "prompt": m.Prompt(9, m.Light.PULSE, m.Sound.SOFT, ("Din medicin er klar", "Tryk på knappen")),
    "prompt off": m.Prompt(10, m.Light.OFF, m.Sound.NONE, ()),
    "read log": m.ReadLog(11, 1, 16),
    "confirm log": m.ConfirmLog(12, 10, 2, HEAD),
    "hello reply": _HELLO_REPLY,
    "clock": m.Clock(2, UTC_MS, UPTIME_MS, True, True, UTC_MS - UPTIME_MS, 20),
    "status": _STATUS,
    "status unasked, with a fault": m.Status(
        0, UPTIME_MS, "", "", 0, True, False, 28, 28, True, False, 5, "motor_stall"
    ),
    "status unasked, after a double feed": replace(_STATUS, ref=0, fault=m.DOUBLE_FEED),
    "order accepted": m.OrderReply(5, ORDER_ID, True, 2, 0),
    "order refused": m.OrderReply(5, ORDER_ID, False, 0, m.Error.ALREADY_RELEASED),
    "done": m.Done(9),
    "refused": m.Refused(3, m.Error.CLOCK_REFUSED),
    "log page": m.LogPage(11, 1, 11, _ENTRIES),
    "log page of an empty log": m.LogPage(11, 1, 0, ()),
    "pressed": m.Pressed(UPTIME_MS),
    "pressed: later": m.Pressed(UPTIME_MS, m.Answer.LATER),
    "pressed: no thanks": m.Pressed(UPTIME_MS, m.Answer.NO_THANKS),
    "pressed: help": m.Pressed(UPTIME_MS, m.Answer.HELP),
    "pressed: medicine as needed": m.Pressed(UPTIME_MS, m.Answer.AS_NEEDED),
    "pressed: the second answer of three": m.Pressed(UPTIME_MS, m.Answer.SECOND),
    "lifted": m.Lifted(UPTIME_MS, 5),
    "label read": m.LabelRead(UPTIME_MS, "mouth", LABEL),
    "label unreadable": m.LabelRead(UPTIME_MS, "holding", ""),
    "log grew": m.LogGrew(10),
    "personal press": m.PersonalPress(UPTIME_MS, "04a1b2c3d4e5f6"),
    "personal press: no thanks": m.PersonalPress(UPTIME_MS, "04a1b2c3d4e5f6", m.Answer.NO_THANKS),
}


BAD_SHAPES: dict[str, tuple[str, Fault]] = {
    "nothing": ("", Fault.TRUNCATED),
    "array cut short": ("8202", Fault.TRUNCATED),
    "text cut short": ("82026261", Fault.TRUNCATED),
    "number cut short": ("82021903", Fault.TRUNCATED),
    "2^63 bytes that never come": ("82025b7fffffffffffffff00", Fault.TRUNCATED),
    "2^32 - 1 elements that never come": ("9affffffff02", Fault.TRUNCATED),
    "byte after the message": ("82020200", Fault.TRAILING),
    "number in two bytes that fits one": ("82021805", Fault.NOT_CANONICAL),
    "number in nine bytes that fits one": ("82021b0000000000000005", Fault.NOT_CANONICAL),
    "length in two bytes that fits one": ("98020202", Fault.NOT_CANONICAL),
    "indefinite array": ("9f0202ff", Fault.NOT_CANONICAL),
    "indefinite byte string": ("82025f4101ff", Fault.NOT_CANONICAL),
    "reserved additional information": ("82021c", Fault.NOT_CANONICAL),
    "four arrays deep": ("8181818102", Fault.TOO_DEEP),
    "number instead of an array": ("02", Fault.BAD_TYPE),
    "empty array": ("80", Fault.BAD_TYPE),
    "map": ("a10202", Fault.BAD_TYPE),
    "map with the same key twice": ("a202020203", Fault.BAD_TYPE),
    "negative number": ("820220", Fault.BAD_TYPE),
    "float": ("8202f93c00", Fault.BAD_TYPE),
    "null": ("8202f6", Fault.BAD_TYPE),
    "tag": ("8202c101", Fault.BAD_TYPE),
    "text that is no UTF-8": ("820261ff", Fault.BAD_TEXT),
    "surrogate in UTF-8": ("820263eda080", Fault.BAD_TEXT),
}
"""Bytes that fail before any field is looked at, in hex."""

_ENTRY = [2, "accepted", BOOT_ID, 1, 1, b"", "", b"", "", 0, "", "", ""]
_ORDER = [5, 5, ORDER_ID, "release", RESIDENT, DOSE, 7, LABEL, "magazine", 120_000]


def _with(items: list[Any], at: int, value: Any) -> list[Any]:
    return [*items[:at], value, *items[at + 1 :]]


BAD_ITEMS: dict[str, tuple[list[Any], Fault]] = {
    "text instead of a type number": (["2", 2], Fault.BAD_TYPE),
    "true instead of a type number": ([True, 2], Fault.BAD_TYPE),
    "unknown type number": ([200, 2], Fault.UNKNOWN_MESSAGE),
    "type number 0": ([0, 2], Fault.UNKNOWN_MESSAGE),
    "a field too few": ([2], Fault.FIELD_COUNT),
    "a field too many": ([2, 2, 3], Fault.FIELD_COUNT),
    "true instead of a number": ([2, True], Fault.BAD_TYPE),
    "text instead of a number": ([2, "2"], Fault.BAD_TYPE),
    "number instead of true": ([36, 5, ORDER_ID, 1, 2, 0], Fault.BAD_TYPE),
    "text instead of bytes": (_with(_ORDER, 2, "0" * 16), Fault.BAD_TYPE),
    "bytes instead of text": (_with(_ORDER, 5, b"dose"), Fault.BAD_TYPE),
    "text instead of a list": ([6, 9, "off", "none", "lines"], Fault.BAD_TYPE),
    "number instead of an entry": ([39, 1, 1, 9, [2]], Fault.BAD_TYPE),
    "ref 0": ([2, 0], Fault.LIMIT),
    "ref of 33 bits": ([2, 2**32], Fault.LIMIT),
    "order id of 15 bytes": (_with(_ORDER, 2, ORDER_ID[:15]), Fault.LIMIT),
    "no order id": (_with(_ORDER, 2, b""), Fault.LIMIT),
    "dose id of 81 characters": (_with(_ORDER, 5, "d" * 81), Fault.LIMIT),
    "no dose id": (_with(_ORDER, 5, ""), Fault.LIMIT),
    "label of 65 characters": (_with(_ORDER, 7, "l" * 65), Fault.LIMIT),
    "order that lives 120 001 ms": (_with(_ORDER, 9, 120_001), Fault.LIMIT),
    "unknown order kind": (_with(_ORDER, 3, "dispense"), Fault.LIMIT),
    "head of 31 bytes": ([1, 1, 1, 0, b"h" * 31], Fault.LIMIT),
    "five lines": ([6, 9, "off", "none", ["line"] * 5], Fault.LIMIT),
    "line of 41 characters": ([6, 9, "off", "none", ["l" * 41]], Fault.LIMIT),
    "no entries asked for": ([7, 1, 1, 0], Fault.LIMIT),
    "17 entries asked for": ([7, 1, 1, 17], Fault.LIMIT),
    "battery of 101 percent": ([35, 0, 1, "", "", 0, False, False, 0, 0, False, True, 101, ""], Fault.LIMIT),
    "unknown kind of entry": ([39, 1, 1, 9, [_with(_ENTRY, 1, "guessed")]], Fault.LIMIT),
    "unknown answer": ([65, 1, "maybe"], Fault.LIMIT),
    "take written out": ([65, 1, "take"], Fault.NOT_CANONICAL),
    "a press with a field too many": ([65, 1, "later", 1], Fault.FIELD_COUNT),
    "unknown place": ([67, 1, "tray", ""], Fault.LIMIT),
    "refused without a reason": ([38, 5, 0], Fault.LIMIT),
    "label with a space": (_with(_ORDER, 7, "S 1"), Fault.BAD_TEXT),
    "label outside ASCII": (_with(_ORDER, 7, "\N{LATIN SMALL LETTER AE}"), Fault.BAD_TEXT),
    "line with an escape": ([6, 9, "off", "none", ["\x1b[2J"]], Fault.BAD_TEXT),
    "line with a C1 control": ([6, 9, "off", "none", ["\x9b"]], Fault.BAD_TEXT),
    "release without a label": (_with(_ORDER, 7, ""), Fault.INCONSISTENT),
    "release from the holding place": (_with(_ORDER, 8, "holding"), Fault.INCONSISTENT),
    "accepted with an error": ([36, 5, ORDER_ID, True, 2, 6], Fault.INCONSISTENT),
    "accepted without an index": ([36, 5, ORDER_ID, True, 0, 0], Fault.INCONSISTENT),
    "refused without an error": ([36, 5, ORDER_ID, False, 0, 0], Fault.INCONSISTENT),
    "page with a hole": ([39, 1, 1, 9, [_ENTRY, _with(_ENTRY, 0, 4)]], Fault.INCONSISTENT),
    "page below its horizon": ([39, 1, 3, 9, [_ENTRY]], Fault.INCONSISTENT),
    "page beyond its head": ([39, 1, 1, 1, [_ENTRY]], Fault.INCONSISTENT),
}
"""Canonical arrays that are no message."""
