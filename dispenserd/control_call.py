"""The home's control socket, as seen from a terminal: one call, one answer.

It knows the lines that travel and their bounds, nothing of what a call means. Newline-delimited JSON:
`{"call": name, "arguments": {...}}` is answered by `{"ok": true, "result": {...}}` or
`{"ok": false, "error": {"code", "what", "meaning", "next"}}`. Few and small imports, because every
`dispenserd` command starts with this file; the server is `dispenserd.control`.
"""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from dispenserd.explained import ExplainedWithCode

REQUEST_BYTES_MAX = 256 * 1024
"""A manifest of four weeks with eight sachets a day has about 60 KiB."""

ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""All doses of four weeks have about 100 KiB; more than this is no answer of ours."""

CALL_TIMEOUT_S = 10.0
"""A commit on a slow card takes seconds; a person at a terminal waits no longer."""


class CallError(ExplainedWithCode):
    """A call that the home answered with an error; `code` is a word of ours, the rest is for people."""


class Unreachable(Exception):
    """Nobody answered on the socket, or not in time. `sent`: the home may have carried the call out."""

    def __init__(self, reason: str, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


def call(
    socket_path: Path, name: str, arguments: dict[str, Any], timeout_s: float = CALL_TIMEOUT_S
) -> dict[str, Any]:
    """The call's result; CallError or Unreachable."""
    request = line({"call": name, "arguments": arguments})
    if len(request) > REQUEST_BYTES_MAX:
        raise too_long()
    sent = False
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(socket_path))
            sent = True
            connection.sendall(request)
            answer = _read_line(connection)
        except TimeoutError:
            raise Unreachable("no answer in time", sent) from None
        except OSError as fault:
            raise Unreachable(fault.strerror or str(fault), sent) from None
    return _result(answer)


def line(message: dict[str, Any]) -> bytes:
    """One JSON object in one line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def too_long() -> CallError:
    return CallError(
        "too_long",
        f"The request is longer than {REQUEST_BYTES_MAX} bytes.",
        "Nothing was changed.",
        "Check that the right file was named.",
    )


def _read_line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk:
            raise Unreachable("the connection ended without an answer", sent=True)
        received += chunk
        if len(received) > ANSWER_BYTES_MAX:
            raise Unreachable("the answer is too long", sent=True)
    return bytes(received)


def _result(answer: bytes) -> dict[str, Any]:
    try:
        message = json.loads(answer)
        if message["ok"]:
            result: dict[str, Any] = dict(message["result"])
            return result
        error = message["error"]
        words = [str(error[key]) for key in ("code", "what", "meaning", "next")]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreachable("what answered on the socket does not speak our protocol", sent=True) from None
    raise CallError(*words)
