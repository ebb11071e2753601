"""Log lines: key=value or JSON on stderr, with no health data in them.

It knows which field names may be written and what shape each value must have; everything else is withheld
and counted in the line (`withheld=2`). An allow-list: a field that nobody thought about stays out. A line's
own text is a fixed word or phrase of the code, never built from data; structure tests read every call.

Lines of libraries and uncaught exceptions pass too, without their free text: it may quote a value.
Every room logs through `structlog.get_logger()`; only the roots call `configure`.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from enum import Enum, IntEnum
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

from dispenserd.clock import Clock
from dispenserd.peer_text import sanitised as sanitised

FRAMES_SHOWN_MAX = 12
"""Of a traceback: the innermost ones, where it broke."""

ADVICE_CHARS_MAX = 600
"""Five faults of a file with their places and a long path."""

LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Shape(Enum):
    """What a field's value must look like to be written."""

    NUMBER = "a number or a truth value"
    WORD = "a code of ours: lower case, digits, underscores"
    ID = "an identifier: letters, digits and a few marks, no space"
    INSTANT = "an aware datetime"
    PEER = "text of the other side, sanitised"
    ADVICE = "our own words about a file of this machine, as a ConfigError has them: no value from it"


FIELDS: Mapping[str, Shape] = {
    # the process and its store
    "version": Shape.ID,
    "box": Shape.ID,
    "epoch": Shape.NUMBER,
    "head": Shape.ID,
    "sequence": Shape.NUMBER,
    "rows": Shape.NUMBER,
    "count": Shape.NUMBER,
    "rate": Shape.NUMBER,
    "seconds": Shape.NUMBER,
    "milliseconds": Shape.NUMBER,
    "attempt": Shape.NUMBER,
    "pid": Shape.NUMBER,
    "path": Shape.ID,
    "error": Shape.ID,  # a class name or a code
    "errno": Shape.NUMBER,
    "code": Shape.ID,
    "reason": Shape.WORD,
    "call": Shape.WORD,
    # events and orders by their ids; what became of a dose is in the journal, not here
    "event_id": Shape.ID,
    "event_kind": Shape.ID,  # an event's class name
    "dose": Shape.ID,
    "order": Shape.ID,
    "order_kind": Shape.WORD,
    "result": Shape.WORD,
    "incident": Shape.ID,
    "revision": Shape.NUMBER,
    "command": Shape.ID,
    "outbox": Shape.WORD,
    "key": Shape.ID,
    "administration": Shape.ID,
    "plan_version": Shape.NUMBER,
    "card_version": Shape.NUMBER,
    "fingerprint": Shape.ID,
    # the robot and its wire
    "robot": Shape.ID,
    "family": Shape.WORD,
    "firmware": Shape.ID,
    "protocol": Shape.NUMBER,
    "auth": Shape.WORD,
    "session": Shape.ID,
    "boot_id": Shape.ID,
    "log_id": Shape.ID,
    "index": Shape.NUMBER,
    "port": Shape.ID,
    "baud": Shape.NUMBER,
    "state": Shape.WORD,
    "frames": Shape.NUMBER,
    "bytes": Shape.NUMBER,
    "dropped": Shape.NUMBER,
    # the broker and the staff side
    "host": Shape.ID,
    "topic": Shape.ID,
    "home": Shape.ID,
    "reason_code": Shape.NUMBER,
    "message_id": Shape.NUMBER,
    # time
    "step_s": Shape.NUMBER,
    "due": Shape.INSTANT,
    "expires": Shape.INSTANT,
    # the other side's own words
    "peer": Shape.PEER,
    # why a file can't be used, in three parts
    "what": Shape.ADVICE,
    "meaning": Shape.ADVICE,
    "next_step": Shape.ADVICE,
    # put here by this module
    "logger": Shape.ID,
    "where": Shape.ID,
    "exception": Shape.ID,
}
"""Every field that may be written. Never here: drug, label, strength, quantity, outcome, name, by, owner,
identifier, content, reason in a person's words."""

_EVENT = re.compile(r"[a-z0-9][a-z0-9 _.:-]{0,79}", re.ASCII)
_WORD = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.:/+<>@,-]{0,512}", re.ASCII)

_Fields = MutableMapping[str, Any]


class Log(structlog.BoundLoggerBase):
    """What `structlog.get_logger()` gives. Positional arguments would be data in the text: withheld."""

    def debug(self, event: str, *args: object, **fields: object) -> None:
        self._line("debug", event, args, fields)

    def info(self, event: str, *args: object, **fields: object) -> None:
        self._line("info", event, args, fields)

    def warning(self, event: str, *args: object, **fields: object) -> None:
        self._line("warning", event, args, fields)

    def error(self, event: str, *args: object, **fields: object) -> None:
        self._line("error", event, args, fields)

    def critical(self, event: str, *args: object, **fields: object) -> None:
        self._line("critical", event, args, fields)

    def exception(self, event: str, *args: object, **fields: object) -> None:
        self._line("error", event, args, {"exc_info": True, **fields})

    warn = warning
    err = error
    fatal = critical

    def _line(self, level: str, event: str, args: tuple[object, ...], fields: dict[str, object]) -> None:
        self._proxy_to_logger(level, event, args=args, **fields)


def configure(
    form: Literal["text", "json"], level: str, clock: Clock | None = None, stream: TextIO | None = None
) -> None:
    """Sets up this process's log; with a clock each line carries civil time. Also what libraries log."""
    target = stream or sys.stderr
    structlog.configure(
        wrapper_class=Log,
        processors=[
            _at_least(LEVELS[level]),
            _allow,
            _stamped(clock),
            _rendered(form),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Foreign()], level=max(LEVELS[level], logging.WARNING), force=True)
    sys.excepthook = _log_crash
    threading.excepthook = lambda crash: _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)
    sys.unraisablehook = lambda crash: _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def allowed(fields: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The fields that may be written, in writable form, and how many may not."""
    passed: dict[str, Any] = {}
    for name, value in fields.items():
        shape = FIELDS.get(name)
        written = None if shape is None else _written(shape, value)
        if written is not None:
            passed[name] = written
    withheld = sum(1 for name, value in fields.items() if value is not None and name not in passed)
    return passed, withheld


def crash_report(error: BaseException) -> str:
    """`ValueError@engine.py:33/turn<app.py:20/run`: where it broke, without its text. A group: its first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_SHOWN_MAX:]
    places = [f"{_file(frame.filename)}:{frame.lineno}/{frame.name}" for frame in reversed(frames)]
    return f"{type(error).__name__}@{'<'.join(places)}"[:512]


def _written(shape: Shape, value: object) -> Any:
    """The value as it is written; None = it may not be."""
    match shape, value:
        case Shape.NUMBER, bool() | int() | float():
            return int(value) if isinstance(value, IntEnum) else value
        case Shape.INSTANT, datetime() if value.tzinfo is not None:
            return value.isoformat(timespec="milliseconds")
        case Shape.PEER, str():
            return sanitised(value)
        case Shape.ADVICE, str():
            return sanitised(value, ADVICE_CHARS_MAX)
        case ((Shape.WORD | Shape.ID), str() | Enum()):
            text = str(value.value) if isinstance(value, Enum) else value
            return text if (_WORD if shape is Shape.WORD else _ID).fullmatch(text) else None
        case Shape.ID, _ if hasattr(value, "__fspath__"):
            return _written(shape, str(value))
        case _:
            return None


def _allow(_logger: Any, _level: str, line: _Fields) -> _Fields:
    """Replaces the line by what may be written of it."""
    event, args, failure = line.pop("event", None), line.pop("args", ()), line.pop("exc_info", None)
    passed, withheld = allowed(line)
    known = isinstance(event, str) and _EVENT.fullmatch(event) is not None
    written: dict[str, Any] = {"event": event if known else "withheld", **passed}
    withheld += len(args) + (0 if known else 1)
    error = sys.exc_info()[1] if failure is True else failure
    if isinstance(error, BaseException):
        written["exception"] = crash_report(error)
    if withheld:
        written["withheld"] = withheld
    return written


def _at_least(level: int) -> structlog.types.Processor:
    def drop_lower(_logger: Any, name: str, line: _Fields) -> _Fields:
        if LEVELS[name] < level:
            raise structlog.DropEvent
        return line

    return drop_lower


def _stamped(clock: Clock | None) -> structlog.types.Processor:
    def stamp(_logger: Any, name: str, line: _Fields) -> _Fields:
        at = {} if clock is None else {"at": clock.now().isoformat(timespec="milliseconds")}
        return {**at, "level": name, **line}

    return stamp


def _rendered(form: Literal["text", "json"]) -> structlog.types.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.KeyValueRenderer(key_order=["at", "level", "event"], drop_missing=True)


class _Foreign(logging.Handler):
    """Lines that libraries log: who, how severe and where; their text may quote what they worked on."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower() if record.levelname.lower() in LEVELS else "warning"
        error = record.exc_info[1] if record.exc_info else None
        write: Callable[..., None] = getattr(structlog.get_logger(), level)
        write(
            "library line",
            logger=record.name,
            where=f"{_file(record.pathname)}:{record.lineno}",
            **({"exc_info": error} if error is not None else {}),
        )


def _log_crash(kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None) -> None:
    """Instead of Python's own report, whose last line quotes the exception's text."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        structlog.get_logger().critical("crashed", error=kind.__name__, exc_info=error)


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
