"""Whether on-call hears anybody: a connection alone is no proof of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispenserd.oncall.silence import Ears, deaf, listening
from protocol.mqtt.instants import to_text
from tests.support.paper_home import at
from tests.support.watched_office import LIMITS, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "oncall.db")


def test_a_broker_that_takes_us_for_moments_again_and_again_is_none(office: Office) -> None:
    """As when a second on-call with the same key throws it off: half the time connected, nothing heard."""
    office.heartbeat(0)
    office.ears = Ears(False, at(2))
    for second in range(140, 60 * 9, 40):
        for connected, minutes in ((True, second / 60), (False, (second + 20) / 60)):
            with office.database.reading() as connection:
                if connected:
                    office.ears = listening(connection, LIMITS, at(minutes), office.ears.since)
                else:
                    office.ears = deaf(connection, LIMITS, at(minutes), office.ears)
            office.look(minutes)
    (row,) = office.own("broker_lost")  # once, and not anew with every connection
    assert (row["since"], row["history"][0]["at"]) == (to_text(at(2)), to_text(at(7)))
    office.heartbeat(9.5)
    with office.database.reading() as connection:
        office.ears = listening(connection, LIMITS, at(9.4), office.ears.since)
    office.look(9.5)
    assert office.own("broker_lost", everything=False) == []


def test_a_connection_that_stands_ends_it_though_no_home_has_a_heartbeat(office: Office) -> None:
    office.heartbeat(0)
    office.ears = Ears(False, at(2))
    office.look(8)
    assert len(office.own("broker_lost", everything=False)) == 1
    with office.database.reading() as connection:
        office.ears = listening(connection, LIMITS, at(9), office.ears.since)
    office.look(10.4)
    assert len(office.own("broker_lost", everything=False)) == 1
    office.look(10.5)
    assert office.own("broker_lost", everything=False) == []
