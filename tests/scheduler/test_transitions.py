"""A step that its table refuses ends the process before anything of it is committed, whoever took it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.evolve import evolve
from scheduler.invariants import broken
from scheduler.machines_of_home import INCIDENT, PAUSE, IncidentInput, Paused
from scheduler.transitions import INCIDENT_INPUTS, LOOKED_AT, PAUSE_INPUTS, refused
from scheduler.world import World
from tests.support.pure_home import RESIDENT, ROBOT, PureHome

Story = Callable[[PureHome], ev.Event]


def due(home: PureHome) -> ev.Order:
    """The morning's dose, pressed for: its release is ordered."""
    home.until("08:05")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    return under_way.order


def missed(home: PureHome) -> ev.Incident:
    home.until("10:00")
    home.move()
    incident = home.incident("morning")
    assert incident is not None and home.outcome("morning") == ("missed", False)
    return incident


def order_beside_order(home: PureHome) -> ev.Event:
    order = due(home)
    return ev.OrderIssued(home.now, replace(order, order_id="another", attempt=2))


def end_without_order(home: PureHome) -> ev.Event:
    home.until("08:05")
    dose = home.dose("morning")
    return ev.OrderEnded(home.now, "o", dose.dose_id, ev.OrderKind.RELEASE, ev.Result.REFUSED, "log")


def revoked_after_it_started(home: PureHome) -> ev.Event:
    order = due(home)
    home.move("accepted started")
    return ev.OrderRevoked(home.now, order.order_id, "closed")


def token_of_somebody(home: PureHome) -> ev.Event:
    incident = missed(home)
    home.take(incident, "Anna Nurse")
    dose = home.dose("morning")
    assert dose.token == "Anna Nurse"
    return ev.TokenPassed(home.now, dose.dose_id, "Berit Nurse", incident.incident_id)


def token_of_nobody(home: PureHome) -> ev.Event:
    missed(home)
    return ev.TokenReturned(home.now, home.dose("morning").dose_id, "Anna Nurse")


def had_then_missed(home: PureHome) -> ev.Event:
    home.until("08:05")
    home.take_dose()
    dose = home.dose("morning")
    return ev.OutcomeRecorded(home.now, dose.dose_id, 2, ev.Outcome.MISSED, False, "", "clock", home.now)


def taken_when_closed(home: PureHome) -> ev.Event:
    incident = missed(home)
    home.take(incident, "Anna Nurse")
    home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna Nurse")
    incident = home.world.incidents[incident.incident_id]
    assert incident.state is ev.State.CLOSED
    return ev.IncidentTaken(home.now, incident.incident_id, incident.revision + 1, "Berit Nurse")


def handled_by_nobody(home: PureHome) -> ev.Event:
    incident = missed(home)
    return ev.IncidentHandled(home.now, incident.incident_id, incident.revision + 1, "Anna", "looked")


def called_about_nothing(home: PureHome) -> ev.Event:
    """Nothing that was handed out has changed."""
    call = replace(missed(home), kind=ev.Kind.CALL_RESIDENT, state=ev.State.HANDLED)
    home.world = replace(home.world, incidents={**home.world.incidents, call.incident_id: call})
    return ev.IncidentClosed(home.now, call.incident_id, call.revision + 1)


def closed_by_itself(home: PureHome) -> ev.Event:
    incident = missed(home)
    return ev.IncidentClosed(home.now, incident.incident_id, incident.revision + 1)


def undelivered_when_receipted(home: PureHome) -> ev.Event:
    incident = missed(home)
    published = ev.IncidentPublished(home.now, incident.incident_id, incident.revision)
    assert published in home.give(published)
    assert published not in home.give(published), "said once"
    home.world = evolve(home.world, ev.IncidentDelivered(home.now, incident.incident_id, incident.revision))
    return ev.IncidentUndelivered(home.now, incident.incident_id, incident.revision, "no_receipt")


def taken_back_unsaid(home: PureHome) -> ev.Event:
    due(home)
    return ev.AnswerTakenBack(home.now, home.dose("morning").dose_id, ROBOT)


def answer_unasked(home: PureHome) -> ev.Event:
    return ev.QuestionAnswered(home.now, RESIDENT, ev.Question.EFFECT, "", "better")


def caught_up_unseen(home: PureHome) -> ev.Event:
    home.lost()
    return ev.RobotCaughtUp(home.now, ROBOT, "s9")


def pause_ended_unbegun(home: PureHome) -> ev.Event:
    return ev.PauseEnded(home.now, RESIDENT, "Anna Nurse", "home", "home")


def pause_reviewed_unbegun(home: PureHome) -> ev.Event:
    return ev.PauseReviewed(home.now, RESIDENT, "Anna Nurse", "home", "home")


def action_of_nobody_away(home: PureHome) -> ev.Event:
    return ev.PausedAction(home.now, RESIDENT)


def a_second_test(home: PureHome) -> ev.Event:
    home.journal.clear()
    home.world = evolve(home.world, ev.AlarmTestBegun(home.now, "technician"))
    return ev.AlarmTestBegun(home.now, "technician")


def asked_for_somebody_here(home: PureHome) -> ev.Event:
    moved = ev.ResidentMovedIn(home.now, RESIDENT, "m1", "box-1", 1, "Anna", None, (), (), ())
    home.world = evolve(evolve(home.world, ev.MoveAsked(home.now, RESIDENT, "m1", "Anna")), moved)
    return ev.MoveAsked(home.now, RESIDENT, "m2", "Anna")


def moved_in_unasked(home: PureHome) -> ev.Event:
    return ev.ResidentMovedIn(home.now, RESIDENT, "m1", "box-1", 1, "Anna", None, (), (), ())


def moved_out_twice(home: PureHome) -> ev.Event:
    carried = ev.Carried(None, None, (), (), (), None, None, None, None)
    moved = ev.ResidentMovedOut(home.now, RESIDENT, "m1", "box-1", "box-2", 1, "Anna", "moving", carried)
    home.world = evolve(home.world, moved)
    return replace(moved, number=2)


def counted_what_never_left(home: PureHome) -> ev.Event:
    return ev.SachetsCounted(home.now, RESIDENT, ("L001",), "waste", "Anna")


def locked_by_two(home: PureHome) -> ev.Event:
    home.world = evolve(home.world, ev.LockedOnTheSpot(home.now, ROBOT, "Anna"))
    return ev.LockedOnTheSpot(home.now, ROBOT, "Berit")


def unlocked_what_is_free(home: PureHome) -> ev.Event:
    return ev.UnlockedOnTheSpot(home.now, ROBOT, "Anna")


STORIES: list[tuple[Story, str]] = [
    (order_beside_order, "order: issued in state issued"),
    (end_without_order, "order: refused in state none"),
    (revoked_after_it_started, "order: revoked in state started"),
    (token_of_somebody, "token: passed in state person"),
    (token_of_nobody, "token: returned in state robot"),
    (had_then_missed, "outcome: missed in state retrieved"),
    (taken_when_closed, "incident: taken in state closed"),
    (handled_by_nobody, "incident: handled in state raised"),
    (called_about_nothing, "call: closed in state none"),
    (closed_by_itself, "incident: closed in state raised"),
    (undelivered_when_receipted, "delivery: too_long in state receipted"),
    (taken_back_unsaid, "wish: taken_back in state nothing"),
    (answer_unasked, "question: answered in state nothing"),
    (caught_up_unseen, "robot: caught_up in state absent"),
    (pause_ended_unbegun, "pause: ended in state no"),
    (pause_reviewed_unbegun, "pause: reviewed in state no"),
    (action_of_nobody_away, "pause: action in state no"),
    (a_second_test, "test alarm: begun in state begun"),
    (asked_for_somebody_here, "custody: asked in state here"),
    (moved_in_unasked, "custody: moved_in in state never_moved"),
    (moved_out_twice, "custody: moved_out in state gone"),
    (counted_what_never_left, "count: waste in state counted"),
    (locked_by_two, "staff lock: locked in state locked"),
    (unlocked_what_is_free, "staff lock: unlocked in state free"),
]


@pytest.mark.parametrize(("story", "step"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_a_step_without_a_cell_is_refused_before_the_commit(home: PureHome, story: Story, step: str) -> None:
    event = story(home)
    assert refused(home.world, event) == step
    assert isinstance(event, LOOKED_AT), "nobody would look"
    if not step.startswith("order: issued"):  # the dose's own table raises in `evolve` itself
        said = broken(home.world, evolve(home.world, event), [event], [])
        assert said, "it would be committed"


def test_a_side_dose_that_was_due_is_neither_due_again_nor_moved_nor_taken_back(home: PureHome) -> None:
    plan = replace(home.dose("morning").plan, dose_id=f"{RESIDENT}/2026-11-02/morning/101")
    planned, due_now = ev.SideDosePlanned(home.now, plan), ev.SideDoseDue(home.now, plan.dose_id)
    withdrawn = ev.SideDoseWithdrawn(home.now, plan.dose_id, 2)
    world = evolve(home.world, planned)
    assert [refused(world, event) for event in (planned, due_now, withdrawn)] == ["", "", ""]
    world = evolve(world, due_now)
    assert [refused(world, event) for event in (planned, due_now, withdrawn)] == [
        "side dose: replanned in state due",
        "side dose: due in state due",
        "side dose: withdrawn in state due",
    ]
    had = ev.OutcomeRecorded(
        home.now, plan.dose_id, 1, ev.Outcome.CONFIRMED, False, "", "confirmed", home.now
    )
    assert refused(world, had) == ""
    world = evolve(world, had)
    assert refused(world, due_now) == "side dose: due in state settled"
    assert refused(world, replace(had, outcome=ev.Outcome.MISSED)) == "outcome: missed in state confirmed"


def test_a_test_alarm_without_a_test_is_refused(home: PureHome) -> None:
    home.give(cmd.RaiseTestAlarm("technician"))
    raised = next(event for event in home.journal if isinstance(event, ev.IncidentRaised))
    assert refused(World(), raised) == "test alarm: raised in state none"
    assert refused(home.world, raised) == "test alarm: raised in state under_way"
    incident = raised.incident
    failed = ev.IncidentChanged(
        home.now, incident.incident_id, 2, incident.kind, ev.Priority.HIGH, home.now, "late", True
    )
    assert refused(home.world, failed) == ""
    passed = evolve(home.world, ev.IncidentCleared(home.now, incident.incident_id, 2, "receipted"))
    assert refused(passed, replace(failed, reopened=False)).startswith("incident: changed in state closed")


def test_an_event_about_something_long_gone_asks_nothing_of_any_table(home: PureHome) -> None:
    for gone in (
        ev.TokenReturned(home.now, "gone", "Anna Nurse"),
        ev.IncidentClosed(home.now, "gone", 3),
        ev.OrderRevoked(home.now, "gone", "closed"),
        ev.SideDoseDue(home.now, "gone"),
    ):
        assert refused(home.world, gone) == ""


def test_an_older_journal_replays_and_what_a_table_refuses_leaves_the_state(home: PureHome) -> None:
    missed(home)
    again = ev.IncidentClosed(home.now + timedelta(seconds=1), "x", 2)
    incident = home.incident("morning")
    assert incident is not None
    world = evolve(home.world, replace(again, incident_id=incident.incident_id))
    assert world.incidents[incident.incident_id].state is ev.State.RAISED


def test_whatever_a_table_may_refuse_is_looked_at() -> None:
    """And nothing else: each look costs another fold over the turn."""
    inputs: dict[IncidentInput, type] = {given: kind for kind, given in INCIDENT_INPUTS.items()}
    inputs[IncidentInput.CHANGED] = inputs[IncidentInput.REOPENED] = ev.IncidentChanged
    for given, kind in inputs.items():
        may = any(INCIDENT.refuses(state, given) for state in ev.State)
        may = may or kind is ev.IncidentUndelivered  # of what on-call has
        assert (kind in LOOKED_AT) == may, kind
    for kind, paused in PAUSE_INPUTS.items():
        assert (kind in LOOKED_AT) == any(PAUSE.refuses(state, paused) for state in Paused), kind
    for always in (ev.DosePutOff, ev.DoseDeclined, ev.ModeSet, ev.QuestionAsked, ev.RobotIdentified):
        assert always not in LOOKED_AT
