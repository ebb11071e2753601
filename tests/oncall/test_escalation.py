"""Who is told when nobody takes an incident: on a real database, look by look, restarts in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd.oncall.ladder import Step
from dispenserd.oncall.own import clear_own
from dispenserd.oncall.prune import KEPT, prune
from dispenserd.oncall.roster import Deadlines, Roster
from dispenserd.oncall.silence import listening
from dispenserd.oncall.steps import journal
from protocol.mqtt.payloads import PayloadRefused
from tests.support.paper_home import BOX, NOON, at
from tests.support.watched_office import ANNA, BO, IDA, LIMITS, MERETE, ROSTER, A, B, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Its home is not silent unless a test says when it was heard last."""
    office = Office(tmp_path / "oncall.db")
    office.heartbeat(100_000)
    return office


def test_the_first_person_is_told_at_once_then_the_next_and_at_the_end_the_manager(office: Office) -> None:
    office.incident()
    assert office.look(0) == 30
    assert office.told() == [("raised", ANNA.name, "medium", 0)]
    for minute in (29.99, 30, 39.99, 40, 50, 60):
        office.look(minute)
    assert office.told()[1:] == [
        ("overdue", BO.name, "high", 30),
        ("overdue", IDA.name, "high", 40),
        ("overdue", MERETE.name, "high", 50),
        ("overdue", ANNA.name, "high", 60),
    ]
    (row,) = office.rows(60)
    assert (row["priority"], row["urgency"], row["overdue"]) == ("medium", "high", True)


def test_each_overdue_acknowledgement_adds_one_priority(office: Office) -> None:
    office.incident(priority="low", deadline=at(240))
    for minute in (0, 240, 270, 280):
        office.look(minute)
    assert [(step[2], step[3]) for step in office.told()] == [
        ("low", 0),
        ("medium", 240),
        ("high", 270),
        ("high", 280),
    ]


def test_a_restart_or_a_second_look_takes_no_step_twice_and_loses_none(tmp_path: Path) -> None:
    Office(tmp_path / "o.db").incident()
    for minute in (0, 0, 30, 30, 30.5, 40):
        Office(tmp_path / "o.db").look(minute)
    assert [step[3] for step in Office(tmp_path / "o.db").told()] == [0, 30, 40]


def test_a_step_is_journalled_once_whoever_writes_it(office: Office) -> None:
    office.incident()
    step = Step(0, "raised", "medium", ANNA.name, False, at(0), at(30))
    with office.database.writing() as connection:
        assert journal(connection, (BOX, A, "x"), step, at(0))
        assert not journal(connection, (BOX, A, "x"), replace(step, person=BO.name), at(1))
    assert office.told() == [("raised", ANNA.name, "medium", 0)]


def test_a_late_look_makes_no_later_step_late(office: Office) -> None:
    office.incident()
    for minute in (0.1, 30.9, 40.9, 50.9):
        office.look(minute)
    assert [step[3] for step in office.told()] == [0, 30, 40, 50]


def test_what_was_slept_through_is_told_once_and_then_counts_from_now(office: Office) -> None:
    office.incident()
    office.look(0)
    assert office.look(75) == 85
    assert [(step[1], step[3]) for step in office.told()] == [(ANNA.name, 0), (BO.name, 30)]


def test_an_incident_that_came_late_is_overdue_by_its_raising(office: Office) -> None:
    office.incident(minutes=50)
    assert office.look(50) == 60
    assert office.told() == [("raised", ANNA.name, "medium", 50), ("overdue", BO.name, "high", 30)]


def test_a_take_ends_the_calling_until_it_was_never_answered(office: Office) -> None:
    office.incident()
    office.look(0)
    office.desk.take(A, ANNA.name, at(28))
    assert office.look(30) == 38
    assert len(office.told()) == 1
    assert office.look(38) == 40
    assert office.told()[1:] == [("overdue", BO.name, "high", 30)]


def test_a_higher_priority_reopens_with_its_own_deadline_and_calls_from_the_start(office: Office) -> None:
    office.incident()
    office.look(0)
    office.incident(5, revision=2, state="acknowledged", owner=BO.name)
    assert office.look(5) == 125
    office.incident(20, revision=3, priority="high", deadline=at(30))
    office.look(20)
    office.incident(25, revision=4, priority="high", deadline=at(31))
    office.look(25)
    assert [(step[1], step[2], step[3]) for step in office.told()] == [
        (ANNA.name, "medium", 0),
        (ANNA.name, "high", 25),
    ]


def test_taken_without_an_outcome_comes_back_to_the_owner_and_then_to_others(office: Office) -> None:
    office.incident()
    office.look(0)
    office.incident(5, revision=2, state="acknowledged", owner=IDA.name)
    office.incident(9, revision=3, state="acknowledged", owner=IDA.name, holds_token=True)
    assert office.look(9) == 125
    office.look(125)
    office.look(155)
    assert office.told()[1:] == [
        ("no_outcome", IDA.name, "medium", 125),
        ("overdue", MERETE.name, "high", 155),
    ]
    office.incident(160, revision=4, state="handled", owner=IDA.name, resolution="given_by_hand")
    assert office.look(400) == 100_005


def test_an_end_ends_it(office: Office) -> None:
    office.incident()
    office.look(0)
    office.incident(3, revision=2, state="closed", cleared=True)
    assert office.look(300) == 100_005
    assert len(office.told()) == 1


def test_whom_no_notice_reaches_costs_no_time(office: Office) -> None:
    office.incident()
    office.look(0)
    office.result(0.2, reached=False)
    office.look(0.2)
    assert office.told() == [("raised", ANNA.name, "medium", 0), ("unreached", BO.name, "medium", 0.2)]
    office.result(0.3, reached=True)
    office.look(0.3)
    office.look(30)
    assert office.told()[2:] == [("overdue", IDA.name, "high", 30)]


def test_when_nobody_can_be_reached_everybody_was_tried_once_a_round(office: Office) -> None:
    office.incident()
    for minute in (0, 1, 2, 3, 4, 5):
        office.look(minute)
        office.result(minute, reached=False)
    assert [step[1] for step in office.told()] == [ANNA.name, BO.name, IDA.name, MERETE.name]
    for minute in (30, 31, 32, 33, 34):
        office.look(minute)
        office.result(minute, reached=False)
    assert len(office.told()) == 8


def test_an_unreached_person_is_an_incident_until_a_notice_reaches_them(office: Office) -> None:
    office.incident()
    office.look(0)
    office.result(0, reached=False)
    office.result(0, reached=False)
    (row,) = office.own("notice_failed")
    assert (row["origin"], row["priority"], row["detail"], row["home"]) == ("oncall", "medium", ANNA.name, "")
    office.look(0)
    office.result(0.1, reached=True)
    assert office.own("notice_failed", everything=False) == []


@pytest.mark.parametrize("kind", ["test_alarm", "dose_missed"])
def test_nobody_is_told_of_a_test_alarm_under_way_or_of_info(office: Office, kind: str) -> None:
    office.incident(kind=kind, priority="info")
    office.look(0)
    assert office.told() == []


def test_a_test_alarm_that_failed_is_shown_and_told_as_any_other_that_is_high(office: Office) -> None:
    """It came here, so the way back is broken: no take would be answered either."""
    office.incident(kind="test_alarm", priority="info")
    assert office.rows() == []
    office.incident(
        2, revision=2, kind="test_alarm", priority="high", detail="not_receipted", deadline=at(12)
    )
    office.look(2)
    office.look(12)
    assert [step[:3] for step in office.told()] == [
        ("raised", ANNA.name, "high"),
        ("overdue", BO.name, "high"),
    ]
    assert [row["kind"] for row in office.rows()] == ["test_alarm"]


def test_hours_and_priorities_choose_who_is_told(tmp_path: Path) -> None:
    by_day = replace(ANNA, hours=(time(7), time(13, 10)))  # NOON is 13:00 in Copenhagen
    by_night = replace(BO, hours=(time(13, 10), time(7)))
    urgent = replace(IDA, priorities=frozenset({"high"}))
    office = Office(tmp_path / "o.db", Roster((by_day, by_night, urgent), MERETE))
    office.incident()
    office.incident(incident=B, priority="high", deadline=at(10))
    for minute in (0, 10, 20, 30, 40):
        office.look(minute)
    assert [step[1] for step in office.told(B)] == [ANNA.name, BO.name, IDA.name, MERETE.name, BO.name]
    assert [step[1] for step in office.told(A)] == [ANNA.name, BO.name, IDA.name]


def test_the_rosters_own_deadlines_count_between_steps(tmp_path: Path) -> None:
    office = Office(tmp_path / "o.db", replace(ROSTER, deadlines=Deadlines(high=timedelta(minutes=3))))
    office.incident()
    for minute in (0, 30, 33, 36):
        office.look(minute)
    assert [step[3] for step in office.told()] == [0, 30, 33, 36]


def test_an_empty_roster_is_an_incident_and_somebody_who_comes_is_told_what_waits(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    office = Office(path, Roster())
    office.incident()
    office.look(0)
    office.look(1)
    (row,) = office.own("nobody_on_call")
    assert (row["priority"], row["detail"], row["home"]) == ("high", "for_high_medium_low", "")
    assert office.told() == [("raised", "", "medium", 0)]
    staffed = Office(path)
    staffed.look(2)
    assert staffed.told()[1:] == [("unreached", ANNA.name, "medium", 2)]
    assert staffed.own("nobody_on_call", everything=False) == []


def test_nobody_on_call_goes_to_the_manager_alone(tmp_path: Path) -> None:
    office = Office(tmp_path / "o.db", Roster((replace(ANNA, priorities=frozenset({"high"})),), MERETE))
    office.look(0)
    office.look(10)
    (row,) = office.own("nobody_on_call")
    assert row["detail"] == "for_medium_low"
    assert [step["person"] for step in row["told"]] == [MERETE.name] * 2


# --- on-call's own incidents ---


def test_a_silent_home_is_low_then_medium_and_ends_when_it_is_heard(office: Office) -> None:
    office.heartbeat(0)
    assert office.look(1) == 5
    assert office.own("home_silent") == []
    office.look(5)
    (row,) = office.own("home_silent")
    assert (row["priority"], row["home"], row["since"]) == ("low", BOX, "2026-11-02T12:00:00.000Z")
    assert row["deadline"] == "2026-11-02T16:05:00.000Z"
    office.look(30)
    (row,) = office.own("home_silent")
    assert (row["priority"], row["revision"], row["deadline"]) == ("medium", 2, "2026-11-02T13:00:00.000Z")
    office.heartbeat(31)
    office.look(31)
    (row,) = office.own("home_silent")
    assert (row["state"], row["resolution"]) == ("closed", "cleared")
    office.look(36)
    assert len(office.own("home_silent")) == 2


@pytest.mark.parametrize(
    ("window", "at_minute"),
    [
        ({"window_open": True, "next_window": at(-30)}, 5),
        ({"next_window": at(3)}, 5),
        ({"next_window": at(17)}, 17),
    ],
)
def test_a_window_in_the_gap_is_high(office: Office, window: dict[str, Any], at_minute: float) -> None:
    office.heartbeat(0, **window)
    for minute in (5, 16.9, 17):
        office.look(minute)
    (row,) = office.own("home_silent")
    history = [(each["priority"], each["at"]) for each in row["history"]]
    assert history[-1] == ("high", (NOON + timedelta(minutes=at_minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def test_staff_take_and_close_it_and_nothing_but_a_rise_brings_it_back(office: Office) -> None:
    office.heartbeat(0)
    office.look(5)
    (row,) = office.own("home_silent")
    taken = office.desk.take(row["incident"], BO.name, at(6))
    assert office.desk.answer(taken.decision_id, at(6)).state == "accepted"
    closed = office.desk.close(row["incident"][:8], BO.name, "network_repaired", at(7))
    assert office.desk.answer(closed.decision_id, at(7)).state == "accepted"
    office.look(8)
    (row,) = office.own("home_silent")
    assert (row["state"], row["owner"], row["resolution"]) == ("closed", BO.name, "network_repaired")
    office.look(30)
    (row,) = office.own("home_silent")
    assert (row["state"], row["owner"], row["priority"], row["resolution"]) == ("delivered", "", "medium", "")
    assert row["told"][-1]["due"] == "2026-11-02T12:30:00.000Z"
    office.heartbeat(31)
    office.look(31)
    assert office.own("home_silent", everything=False) == []


def test_one_that_somebody_has_stays_theirs_when_another_home_falls_silent(office: Office) -> None:
    office.heartbeat(0)
    office.look(5)
    (row,) = office.own("home_silent")
    office.desk.take(row["incident"], BO.name, at(6))
    office.heartbeat(3, "box-8")
    office.look(8)
    owners = {row["home"]: (row["owner"], row["revision"]) for row in office.own("home_silent")}
    assert owners == {BOX: (BO.name, 2), "box-8": ("", 1)}


def test_what_a_person_closed_is_kept_in_mind_while_it_lasts(office: Office) -> None:
    office.heartbeat(0)
    office.look(30)
    (row,) = office.own("home_silent")
    office.desk.take(row["incident"], BO.name, at(31))
    office.desk.close(row["incident"], BO.name, "visited", at(32))
    with office.database.writing() as connection:
        assert prune(connection, at(33) + KEPT) == 0
        clear_own(connection, BOX, "home_silent", at(34))
        assert prune(connection, at(33) + KEPT) == 1


def test_newly_listening_a_home_has_the_time_of_a_beat_first(office: Office) -> None:
    office.heartbeat(0)
    office.ears = replace(office.ears, since=at(60))
    office.look(61)
    assert office.own("home_silent") == []
    office.look(61.5)
    (row,) = office.own("home_silent")
    assert (row["priority"], row["raised"]) == ("medium", "2026-11-02T13:01:30.000Z")


@pytest.mark.parametrize(("away_s", "grace_s"), [(60, 0), (61, 90)])
def test_only_after_a_longer_absence_is_a_home_given_time(
    office: Office, away_s: float, grace_s: float
) -> None:
    """Restarted every minute, on-call would call no home silent for ever."""
    office.heartbeat(0)
    office.heartbeat(20, "box-8")
    now = at(20 + away_s / 60)
    with office.database.reading() as connection:
        office.ears = listening(connection, LIMITS, now)
    office.watch.look(now)
    assert bool(office.own("home_silent")) is (grace_s == 0)
    office.watch.look(now + timedelta(seconds=grace_s))
    assert [row["home"] for row in office.own("home_silent")] == [BOX]


def test_a_restart_does_not_take_back_what_is_silent(office: Office) -> None:
    office.heartbeat(0)
    office.look(5)
    office.ears = replace(office.ears, since=at(6))
    office.look(6)
    (row,) = office.own("home_silent")
    assert row["state"] == "delivered"


def test_who_hears_no_broker_alarms_once_and_not_for_each_home(office: Office) -> None:
    for home in ("box-1", "box-2"):
        office.heartbeat(0, home)
    office.ears = replace(office.ears, listening=False, since=at(1))
    assert office.look(2) == 6
    office.look(40)
    assert [row["kind"] for row in office.rows(40)] == ["broker_lost"]
    office.ears = replace(office.ears, listening=True, since=at(41))
    office.look(41)
    assert office.rows(41) == []


def test_a_test_alarm_that_stays_away_is_missed_after_eight_days(office: Office) -> None:
    days = 24 * 60.0
    office.incident(0, kind="test_alarm", priority="info", state="raised")
    assert office.rows() == []
    office.incident(1, revision=2, kind="test_alarm", priority="info", state="closed", cleared=True)
    assert office.desk.list_incidents(at(2))["homes"][0]["last_test"] == "2026-11-02T12:01:00.000Z"
    for minute in (8 * days, 8 * days + 1):
        office.heartbeat(minute)
        office.look(minute)
    (row,) = office.own("test_alarm_missing")
    assert (row["priority"], row["raised"]) == ("low", "2026-11-10T12:01:00.000Z")
    office.incident(
        9 * days, incident=B, kind="test_alarm", priority="info", state="closed", cleared=True, raised=at(8)
    )
    office.look(9 * days)
    assert office.own("test_alarm_missing", everything=False) == []


def test_a_home_that_never_passed_a_test_is_not_missing_one(office: Office) -> None:
    office.incident(0, kind="test_alarm", priority="info", state="closed", cleared=False)
    office.heartbeat(20 * 24 * 60)
    office.look(20 * 24 * 60)
    assert office.own("test_alarm_missing") == []
    assert LIMITS.test_missed == timedelta(days=8)


def test_a_home_has_no_word_in_on_calls_own_incident(office: Office) -> None:
    """Neither about its state nor about since when it is owned: its history is on-call's own too."""
    office.heartbeat(0)
    office.look(5)
    (row,) = office.own("home_silent")
    with pytest.raises(PayloadRefused):
        office.incident(6, incident=row["incident"], revision=9, epoch=9, state="closed", cleared=True)
    assert office.own("home_silent") == [row]
