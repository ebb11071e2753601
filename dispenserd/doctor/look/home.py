"""Looks for a running home: asks it over its control socket, and takes no answer for an answer, too.

Asks only what changes nothing; the one exception is a test alarm, and that a person asked for.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dispenserd.control_call import CallError, Unreachable, call
from dispenserd.doctor.case import HomeSeen, Presence

ANSWER_S = 4.0
"""A home that commits on a slow card answers in this; each of a silent home's calls would take as long."""

NOT_ALLOWED = frozenset({os.strerror(errno.EACCES), os.strerror(errno.EPERM)})


def home(socket: Path) -> HomeSeen:
    try:
        status = call(socket, "status", {}, ANSWER_S)
        doses = call(socket, "doses", {}, ANSWER_S)
    except Unreachable as error:
        if error.reason in NOT_ALLOWED:
            return HomeSeen(Presence.DENIED, error.reason)
        return HomeSeen(Presence.SILENT if error.sent else Presence.ABSENT, error.reason)
    except CallError as error:  # it runs, and is of another version
        return HomeSeen(Presence.RUNNING, error.code)
    return HomeSeen(Presence.RUNNING, "", status, doses, _optional(socket, "vitals"))


def asked(socket: Path, name: str, arguments: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The answer, or the code or reason for which there is none."""
    try:
        return call(socket, name, dict(arguments), ANSWER_S), ""
    except CallError as error:
        return None, error.code
    except Unreachable as error:
        return None, error.reason


def _optional(socket: Path, name: str) -> dict[str, Any]:
    return asked(socket, name, {})[0] or {}
