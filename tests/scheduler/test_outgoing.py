"""What each commit leaves to be told: to the robot, to on-call, to the fagsystem, in exactly these words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.ids import administration_id
from scheduler.outbox import Answer, Change, Plain, Put
from scheduler.outgoing import changes
from scheduler.world import SideDose, World
from tests.support.pure_home import PureHome


def left(home: PureHome, event: ev.Event) -> list[Change]:
    return list(changes(home.world, home.world, [event]))


def test_an_order_waits_until_it_is_revoked_or_ended(home: PureHome) -> None:
    home.until("08:05")
    (issued,) = [event for event in home.press() if isinstance(event, ev.OrderIssued)]
    order = issued.order
    assert left(home, issued) == [Put("order", order.order_id, {"order_id": order.order_id})]
    home.move("accepted started ended")
    ended = next(event for event in home.journal if isinstance(event, ev.OrderEnded))
    assert left(home, ended) == [Answer("order", order.order_id)]
    revoked = ev.OrderRevoked(home.now, order.order_id, "expired")
    assert left(home, revoked) == [Answer("order", order.order_id)]


def test_an_answer_waits_until_it_is_delivered(home: PureHome) -> None:
    answered = ev.CommandAnswered(home.now, "c-1", True, "done", "i-1", home.soon())
    body: Plain = {
        "type": "answer",
        "command_id": "c-1",
        "accepted": True,
        "reason": "done",
        "incident_id": "i-1",
    }
    assert left(home, answered) == [Put("incident", "answer/c-1", body)]
    (delivered,) = home.give(cmd.TakeReceipt("answer/c-1", 1))
    assert delivered == ev.AnswerDelivered(home.now, "c-1")
    assert left(home, delivered) == [Answer("incident", "answer/c-1")]


def test_a_delivered_revision_and_a_filed_administration_need_no_more_sending(home: PureHome) -> None:
    assert left(home, ev.IncidentDelivered(home.now, "i-1", 3)) == [Answer("incident", "i-1/3")]
    filed = ev.AdministrationFiled(home.now, "a-1")
    assert left(home, filed) == [Answer("administration", "a-1")]
    assert left(home, ev.RobotLost(home.now, "unplugged")) == []


def outcome(home: PureHome, dose_id: str) -> ev.OutcomeRecorded:
    happened = home.now - timedelta(minutes=1)
    return ev.OutcomeRecorded(home.now, dose_id, 2, ev.Outcome.RETRIEVED, True, "Anna", "lifted", happened)


def test_an_outcome_is_one_administration_for_each_prescription(home: PureHome) -> None:
    """S5; of a dose in the roll as of one beside it."""
    dose_id = home.dose("morning").dose_id
    key = administration_id(dose_id, "p-morning", 2)
    body: Plain = {
        "administration_id": key,
        "dose_id": dose_id,
        "prescription_id": "p-morning",
        "revision": 2,
        "outcome": "retrieved",
        "late": True,
        "happened": "2026-11-02T06:49:00.000Z",
        "by": "Anna",
        "drug": "C07AB02",
        "strength": "10 mg",
        "quantity": "1",
        "unit": "tablet",
        "reason": "lifted",
        "helper": None,
    }
    assert left(home, outcome(home, dose_id)) == [Put("administration", key, body)]
    plan = replace(home.dose("morning").plan, dose_id="beside")
    home.world = replace(home.world, sides={"beside": SideDose(plan)})
    key = administration_id("beside", "p-morning", 2)
    beside: Plain = {**body, "administration_id": key, "dose_id": "beside"}
    assert left(home, outcome(home, "beside")) == [Put("administration", key, beside)]


def revised(home: PureHome, incident: ev.Incident, before: World | None = None) -> list[Change]:
    after = replace(home.world, incidents={incident.incident_id: incident})
    return list(changes(before or home.world, after, []))


def test_the_newest_revision_of_an_incident_is_told_whole_and_until_when_there_is_time(
    home: PureHome,
) -> None:
    home.until("08:05")
    dose = home.dose("morning")
    incident = ev.Incident(
        incident_id="i-1",
        subject=f"dose:{dose.dose_id}",
        kind=ev.Kind.DOSE_BLOCKED,
        priority=ev.Priority.HIGH,
        dose_id=dose.dose_id,
        raised=home.now,
        deadline=home.now + timedelta(minutes=10),
        detail="clock",
        revision=3,
    )
    (put,) = revised(home, incident)
    assert isinstance(put, Put)
    assert (put.outbox, put.key) == ("incident", "i-1/3")
    told = {key: put.body[key] for key in ("type", "incident_id", "revision", "kind", "priority", "detail")}
    assert told == {
        "type": "incident",
        "incident_id": "i-1",
        "revision": 3,
        "kind": "dose_blocked",
        "priority": "high",
        "detail": "clock",
    }
    assert (put.body["window_ends"], put.body["dose_priority"]) == ("2026-11-02T09:00:00.000Z", "medium")
    known = replace(home.world, incidents={"i-1": incident})
    assert revised(home, incident, known) == [], "nothing new"
    assert len(revised(home, replace(incident, revision=4), known)) == 1

    def ends(**changed: object) -> bool:
        (put,) = revised(home, replace(incident, **changed))  # type: ignore[arg-type]
        assert isinstance(put, Put)
        assert ("window_ends" in put.body) is ("dose_priority" in put.body)
        return "window_ends" in put.body

    closes, tick = dose.plan.closes, timedelta(milliseconds=1)
    assert ends(changed=closes - tick) and not ends(changed=closes)
    assert ends(raised=closes - tick) and not ends(raised=closes)
    assert not ends(dose_id="")
    had = replace(dose, stage=Stage.LIFTED, outcome=outcome(home, dose.dose_id))
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: had})
    assert not ends(), "there is nothing left to be in time for"
