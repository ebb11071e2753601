"""What the receiver makes of bytes that no home of ours would send."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd.mqtt.session import Arrived, Broker, Session
from dispenserd.mqtt.translate import row_message
from dispenserd.oncall import keys
from dispenserd.oncall.receiver import Receiver
from protocol.mqtt.instants import to_text
from protocol.mqtt.topics import Channel, topic
from tests.support.paper_home import BOX, NOON, PaperHome, noon
from tests.support.watched_office import LIMITS, Office

ENDS = ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.000Z", "1969-12-31T23:59:59.000Z")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "oncall.db")


@pytest.fixture
def receiver(office: Office, tmp_path: Path) -> Receiver:
    """Without a broker: what it took in is committed, and its receipt is owed."""
    key = keys.load_or_create(tmp_path / "key")
    return Receiver(office.database, Session(Broker("127.0.0.1", 9), "oncall"), key.private, LIMITS, noon)


def incident(**changes: str) -> Arrived:
    home = PaperHome()
    message = row_message(BOX, home.position, home.raise_incident("a"))
    body = json.loads(message.payload) | changes
    return Arrived(message.topic, json.dumps(body).encode(), False, 1, 1)


def heartbeat(retained: bool = False, /, **changes: Any) -> Arrived:
    body = {
        "schema": "dispenserd/heartbeat/1",
        "home": BOX,
        "at": to_text(NOON),
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
    return Arrived(topic(BOX, Channel.HEARTBEAT), json.dumps(body | changes).encode(), retained, 1, 0)


@pytest.mark.parametrize("field", ["raised", "changed", "deadline", "window_ends"])
@pytest.mark.parametrize("end", ENDS)
async def test_an_instant_that_no_clock_shows_is_refused_before_it_can_harm(
    office: Office, receiver: Receiver, field: str, end: str
) -> None:
    """In Copenhagen the last hour of the calendar is no date: telling anybody of it ended on-call for all."""
    assert await receiver.take_in(incident(**{field: end}))
    assert office.rows() == []
    await receiver.take_in(
        incident(**{field: to_text(NOON - timedelta(days=365 * 56))})
    )  # a clock at its zero
    assert len(office.rows()) == 1


@pytest.mark.parametrize("end", ENDS)
async def test_a_heartbeat_of_no_clock_is_no_sign_of_life(
    office: Office, receiver: Receiver, end: str
) -> None:
    for changes in ({"at": end}, {"next_window": end}):
        await receiver.take_in(heartbeat(**changes))
    assert office.desk.list_incidents(NOON)["homes"] == []
    await receiver.take_in(heartbeat())
    assert len(office.desk.list_incidents(NOON)["homes"]) == 1


async def test_a_heartbeat_that_the_broker_kept_is_no_sign_of_life(
    office: Office, receiver: Receiver
) -> None:
    assert await receiver.take_in(heartbeat(True))
    assert office.desk.list_incidents(NOON)["homes"] == []
