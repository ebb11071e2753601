"""The heartbeat of a home with nothing to tell, for tests that say only what differs."""

from __future__ import annotations

from datetime import datetime

from protocol.mqtt import payloads as p


def heartbeat(home: str, at: datetime, **changes: object) -> p.HeartbeatPayload:
    fields: dict[str, object] = {
        "schema": p.HEARTBEAT,
        "home": home,
        "at": at,
        "epoch": 3,
        "head": "0" * 64,
        "clock": "trusted",
        "robot": "ready",
        "plan_version": 1,
        "next_window": None,
        "window_open": False,
        "incidents": 0,
        "digest": "0" * 64,
    }
    return p.HeartbeatPayload.model_validate(fields | changes)
