"""What an alarm says beside its kind: when its window closes, which robot; older homes say none of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dispenserd.mqtt.translate import row_message
from protocol.mqtt import payloads as p
from tests.support.paper_home import BOX, PaperHome, at

CLOSES = "2026-11-02T13:00:00.000Z"


def sent(row: dict[str, Any]) -> bytes:
    return row_message(BOX, PaperHome().position, PaperHome().raise_incident("a", **row)).payload


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"window_ends": CLOSES, "dose_priority": "high"}, (at(60), "high")),
        ({"window_ends": CLOSES, "dose_priority": "urgent"}, (at(60), "")),
        ({"window_ends": "13:00", "dose_priority": "high"}, (None, "")),
        ({}, (None, "")),
    ],
)
def test_an_alarm_says_when_its_window_closes_and_is_told_without_it(
    row: dict[str, str], told: object
) -> None:
    said = p.read_incident_topic(sent(row))
    assert isinstance(said, p.IncidentPayload)
    assert (said.window_ends, said.dose_priority) == told


def test_a_home_of_an_earlier_version_says_nothing_of_a_window_and_is_heard() -> None:
    body = json.loads(sent({"window_ends": CLOSES, "dose_priority": "high"}))
    del body["window_ends"], body["dose_priority"]
    said = p.read_incident_topic(json.dumps(body).encode())
    assert isinstance(said, p.IncidentPayload)
    assert (said.window_ends, said.dose_priority) == (None, "")


@pytest.mark.parametrize("about", ["robot", "power", "feed"])
def test_an_alarm_about_a_robot_says_which_one(about: str) -> None:
    said = p.read_incident_topic(sent({"subject": f"{about}:SIM-0001"}))
    assert isinstance(said, p.IncidentPayload)
    assert (said.subject, said.robot, said.resident) == (about, "SIM-0001", "")
