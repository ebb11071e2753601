"""Log lines carry no health data, whatever is logged, by whom and how; markers are planted everywhere."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from dispenserd import logs
from dispenserd.clock import RatedClock
from dispenserd.logs import FIELDS, Shape, configure, sanitised
from scheduler.events import Kind, Outcome, Priority

ROOT = Path(__file__).resolve().parents[2]
MARKER = "Paracetamol 500 mg til Jens Jensen, 131313-9999"
HEALTH = [
    "drug",
    "strength",
    "quantity",
    "unit",
    "label",
    "content",
    "contents",
    "name",
    "by",
    "owner",
    "to",
    "verdict",
    "outcome",
    "stage",
    "identifier",
    "identifier_value",
    "resident_name",
    "cpr",
    "text",
    "message",
    "detail",
    "body",
    "payload",
    "row",
    "value",
    "dose_content",
    "by_name",
]


FREE_TEXT = (Shape.PEER, Shape.ADVICE)
"""What a line may say in sentences: what the other side sent, and why a file can't be used."""


@pytest.fixture
def stream() -> io.StringIO:
    logging.root.handlers.clear()
    return io.StringIO()


def line(stream: io.StringIO) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return parsed


def test_no_call_lets_a_marker_through(stream: io.StringIO) -> None:
    configure("json", "debug", stream=stream)
    log = structlog.get_logger()
    for level in ("debug", "info", "warning", "error", "critical", "exception", "warn", "err", "fatal"):
        write = getattr(log, level)
        write(MARKER)
        write("dose %s", MARKER)
        write("event", MARKER, MARKER)
        write("event", **dict.fromkeys(HEALTH, MARKER))
        write("event", **{MARKER: 1})
        write("event", dose={"drug": MARKER}, order=[MARKER], error=ValueError(MARKER), due=MARKER)
        write("event", **{field: MARKER for field in FIELDS if FIELDS[field] not in FREE_TEXT})
        log.bind(drug=MARKER, dose=MARKER).info("event")
    for fragment in ("Paracetamol", "500 mg", "Jens", "131313"):
        assert fragment not in stream.getvalue()


def test_what_is_withheld_is_counted(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)
    structlog.get_logger().info("event", "argument", drug="x", strength="y", attempt=1)
    assert line(stream) == {"level": "info", "event": "event", "attempt": 1, "withheld": 3}
    structlog.get_logger().info(MARKER)
    assert line(stream) == {"level": "info", "event": "withheld", "withheld": 1}


def test_what_may_be_written_is_written(stream: io.StringIO) -> None:
    configure("json", "info", RatedClock(datetime(2026, 11, 2, tzinfo=UTC), 0.0, 1e-9), stream)
    dose = "0123456789abcdef0123456789abcdef/2026-11-02/morning/1"
    structlog.get_logger().info(
        "order sent",
        dose=dose,
        attempt=2,
        reason="no_receipt",
        state=Kind.ROLL_EMPTY,
        due=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert line(stream) == {
        "at": "2026-11-02T00:00:00.000+00:00",
        "level": "info",
        "event": "order sent",
        "dose": dose,
        "attempt": 2,
        "reason": "no_receipt",
        "state": "roll_empty",
        "due": "2026-01-01T00:00:00.000+00:00",
    }


def test_a_number_is_no_text_and_a_code_no_sentence(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)
    structlog.get_logger().info(
        "event", attempt="three", reason="The resident fell", dose="two words", robot="SN-1"
    )
    assert line(stream) == {"level": "info", "event": "event", "robot": "SN-1", "withheld": 3}


def test_no_field_for_health_data_is_on_the_list() -> None:
    assert not set(HEALTH) & set(FIELDS)
    assert not {"reason_text", "resolution", "priority"} & set(FIELDS)
    assert Outcome.MISSED and Priority.HIGH  # they exist, and neither has a field


def test_a_peers_text_is_one_bounded_line_without_escape_sequences(stream: io.StringIO) -> None:
    hostile = "\x1b[2Jfault\nlevel=info event=forged\x00\u202e" + "x" * 10_000
    configure("text", "info", stream=stream)
    structlog.get_logger().warning("robot refused", peer=hostile)
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert written.strip().isprintable()
    assert len(written) < 300
    assert sanitised("a\tb") == "a?b"
    assert len(sanitised("y" * 500)) == 120


def test_an_exception_is_told_by_class_and_place_only(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)
    try:
        try:
            raise KeyError(MARKER)
        except KeyError as fault:
            raise ExceptionGroup(MARKER, [ValueError(MARKER)]) from fault
    except ExceptionGroup:
        structlog.get_logger().exception("engine stopped")
    assert MARKER not in stream.getvalue()
    assert line(stream)["exception"].startswith("ValueError@")


def raise_marker() -> None:
    raise ValueError(MARKER)


def test_an_uncaught_exception_leaves_no_text_behind(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)
    try:
        raise_marker()
    except ValueError as fault:
        sys.excepthook(type(fault), fault, fault.__traceback__)
    assert line(stream)["event"] == "crashed"
    assert line(stream)["exception"].startswith("ValueError@test_logs.py:")
    assert "/raise_marker<" in line(stream)["exception"]
    thread = threading.Thread(target=raise_marker)
    thread.start()
    thread.join()
    assert MARKER not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2


def test_lines_of_libraries_come_without_their_text(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)
    logging.getLogger("sqlalchemy.engine").warning("INSERT %s", MARKER)
    assert line(stream)["logger"] == "sqlalchemy.engine"
    assert line(stream)["where"].startswith("test_logs.py:")
    logging.getLogger("asyncio").error("task failed", exc_info=ValueError(MARKER))
    assert line(stream)["exception"] == "ValueError@"
    logging.getLogger("paho").info("dropped below warning")
    assert len(stream.getvalue().splitlines()) == 2
    assert MARKER not in stream.getvalue()


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    configure("text", "warning", stream=stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud", attempt=1)
    assert stream.getvalue() == "level='warning' event='loud' attempt=1\n"


def _log_calls() -> Iterator[tuple[Path, ast.Call]]:
    for room in ("dispenserd", "drivers"):
        for file in sorted((ROOT / room).rglob("*.py")):
            if "structlog" not in file.read_text() or file == Path(logs.__file__):
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    source = ast.unparse(node.func.value)
                    is_log = "log" in source.rpartition(".")[2].lower() or "get_logger" in source
                    if is_log and node.func.attr in (*logs.LEVELS, "exception"):
                        yield file, node


def test_every_log_line_in_the_code_has_a_fixed_text_and_known_fields() -> None:
    calls = list(_log_calls())
    assert len(calls) >= 3
    for file, node in calls:
        place = f"{file.name}:{node.lineno}"
        text = node.args[0] if node.args else None
        assert len(node.args) == 1, f"{place}: positional data"
        assert isinstance(text, ast.Constant), f"{place}: a text built from data"
        assert logs.allowed({})[1] == 0
        assert logs._EVENT.fullmatch(str(text.value)), f"{place}: the text would be withheld"
        for keyword in node.keywords:
            known = keyword.arg in FIELDS or keyword.arg == "exc_info"
            assert known, f"{place}: {keyword.arg} is on no list and would be withheld"
