"""Rows as `Desk.list_incidents` gives them, made up: for what decides about rows and asks no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispenserd.cli.watch.incident import Incident, read_incidents
from dispenserd.cli.watch.telling import Voice
from dispenserd.oncall.words.language import Language
from protocol.mqtt.instants import to_text

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # 03:00 in Copenhagen
DOSE = "0123456789abcdef0123456789abcdef/2026-11-02/evening/1"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def row(incident: str = "a", left: float = 9.0, **changes: Any) -> dict[str, Any]:
    """`left`: minutes from NOW to its deadline."""
    return {
        "incident": incident * 32,
        "home": "box-0001",
        "dose": DOSE,
        "kind": "dose_blocked",
        "detail": "lid_open",
        "priority": "high",
        "state": "delivered",
        "revision": 1,
        "raised": to_text(NOW - minutes(1)),
        "deadline": to_text(NOW + minutes(left)),
        "age_s": 60,
        "overdue": left < 0,
        "owner": "",
        "token": "none",
        "undelivered": False,
        "resolution": "",
        "history": [],
        "decision": None,
        **changes,
    }


def one(incident: str = "a", left: float = 9.0, **changes: Any) -> Incident:
    (read,) = read_incidents([row(incident, left, **changes)])
    return read


def decision(by: str = "Anna", state: str = "queued", **changes: str) -> dict[str, str]:
    said = {"decision": "d1", "action": "take", "verdict": "", "by": by, "state": state, "reason": ""}
    return {**said, **changes}


def voice(language: Language = "da", me: str = "Anna") -> Voice:
    return Voice(language, ZoneInfo("Europe/Copenhagen"), me)
