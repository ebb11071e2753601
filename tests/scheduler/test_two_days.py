"""The two days that the home must live through, in the pure core: every outcome, every incident."""

from __future__ import annotations

from scheduler import events as ev
from scheduler.dose import Stage
from tests.support.pure_home import PureHome, utc


def test_a_press_in_the_window_releases_presents_and_is_retrieved(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)
    assert home.orders() == [("release", "morning"), ("present", "morning")]
    assert home.open_incidents() == []


def test_after_half_window_an_incident_is_raised_low_and_clears_by_the_lift(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("13:00")
    incident = home.incident("noon")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.ABOUT_TO_MISS, ev.Priority.LOW)
    home.until("13:20")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", True)
    cleared = home.incident("noon")
    assert cleared is not None
    assert (cleared.state, cleared.cleared, cleared.owner) == (ev.State.CLOSED, True, "")


def test_a_dose_nobody_fetched_is_missed_by_the_record_of_its_diversion(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    home.until("19:00")
    first = home.incident("evening")
    home.until("20:00")
    assert home.outcome("evening") is None, "missed by the clock"
    assert home.orders()[-1] == ("divert", "evening")
    home.move()
    assert home.outcome("evening") == ("missed", False)
    incident = home.incident("evening")
    assert first is not None
    assert incident is not None
    assert incident.incident_id == first.incident_id
    assert (incident.kind, incident.priority) == (ev.Kind.DOSE_MISSED, ev.Priority.MEDIUM)
    assert incident.revision > first.revision
    assert home.take(incident, "Anna").accepted
    taken = home.incident("evening")
    assert taken is not None
    assert (taken.owner, taken.holds_token) == ("Anna", True)
    assert home.close(taken, "Anna", "left_out").reason == "not_said", "did she give it by hand?"
    assert home.decide(home.dose("evening"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    back = home.incident("evening")
    assert back is not None
    assert home.close(back, "Anna", "left_out").accepted
    closed = home.incident("evening")
    assert closed is not None
    assert (closed.state, closed.resolution) == (ev.State.CLOSED, "left_out")
    home.until("21:30")
    assert home.incident("evening") == closed, "closed by a person, and stays so"


def night_with_a_stall(home: PureHome) -> None:
    for slot in ("08:05", "12:05", "18:05"):
        home.until(slot)
        home.take_dose()
    home.until("22:05")
    home.press()
    home.robot.fault = "motor_stall"
    home.move(result="not_moved", detail="motor_stall")


def test_a_stalled_release_is_high_and_given_by_the_person_who_took_it(home: PureHome) -> None:
    night_with_a_stall(home)
    assert home.dose("night").stage is Stage.FAILED
    incident = home.incident("night")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.RELEASE_FAILED, ev.Priority.HIGH)
    assert home.decide(home.dose("night"), ev.Verdict.GIVEN, "Berit").reason == "no_token"
    assert home.take(incident, "Berit").accepted
    home.until("22:40")
    assert home.decide(home.dose("night"), ev.Verdict.GIVEN, "Carl").reason == "no_token"
    assert home.decide(home.dose("night"), ev.Verdict.GIVEN, "Berit").accepted
    assert home.outcome("night") == ("given_by_staff", False)
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.open_incidents() == []
    home.until("00:00", day=2)
    assert home.orders()[-1] == ("divert", "night")
    home.move()
    assert home.dose("night").stage is Stage.IN_STORE
    assert home.outcome("night") == ("given_by_staff", False)


def test_while_a_person_holds_the_token_no_press_releases_the_dose(home: PureHome) -> None:
    night_with_a_stall(home)
    incident = home.incident("night")
    assert incident is not None
    home.take(incident, "Berit")
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    before = len(home.orders())
    spent = [e for e in home.press() if isinstance(e, ev.PressSpent)]
    assert spent[0].reason == "with_staff"
    assert len(home.orders()) == before


def test_killed_between_start_and_end_the_log_proves_it_and_a_fresh_press_presents(home: PureHome) -> None:
    home.until("08:02")
    home.press()
    home.move("accepted started")
    order = home.world.order_under_way()
    assert order is not None
    home.daemon()
    home.robot.carry_out(order.order)
    about = {"order_id": order.order.order_id, "order_kind": "release", "dose_id": order.order.dose_id}
    home.robot.write(home.now, "ended", result="done", **about)
    home.connect()
    assert home.dose("morning").stage is Stage.HOLDING
    assert home.open_incidents() == []
    assert home.world.order_under_way() is None, "presented without a fresh press"
    home.press()
    home.move()
    home.lift()
    assert home.outcome("morning") == ("retrieved", False)
    assert [kind for kind, slot in home.orders()].count("release") == 1


def test_without_receipts_incidents_are_undelivered_until_one_comes(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("13:00")
    raised = home.incident("noon")
    assert raised is not None
    assert not raised.undelivered
    home.until("13:00:30")
    waiting = home.incident("noon")
    assert waiting is not None
    assert waiting.undelivered
    home.until("13:20")
    home.take_dose()
    newest = home.incident("noon")
    assert newest is not None
    from scheduler.commands import TakeReceipt

    home.give(TakeReceipt(newest.incident_id, raised.revision))
    still = home.incident("noon")
    assert still is not None
    assert still.undelivered
    home.give(TakeReceipt(newest.incident_id, newest.revision))
    done = home.incident("noon")
    assert done is not None
    assert not done.undelivered
    assert home.world.receipts == {}


def evening_in_doubt(home: PureHome, moved: bool) -> None:
    for slot in ("08:05", "12:05"):
        home.until(slot)
        home.take_dose()
    home.until("18:02")
    home.press()
    home.move("accepted started")
    order = home.world.order_under_way()
    assert order is not None
    if moved:
        home.robot.carry_out(order.order)
    home.lost()
    home.robot.boot += 1
    home.now = utc("18:03")
    home.connect()


def test_started_without_ended_is_unknown_and_as_urgent_as_what_it_blocks(home: PureHome) -> None:
    evening_in_doubt(home, moved=True)
    assert home.dose("evening").stage is Stage.DOUBT
    incident = home.incident("evening")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.ORDER_UNKNOWN, ev.Priority.HIGH)
    spent = [e for e in home.press() if isinstance(e, ev.PressSpent)]
    assert spent[0].reason
    assert home.world.order_under_way() is None, "something was ordered in doubt"
    taken = home.take(incident, "Dorte")
    assert taken.accepted
    assert home.dose("evening").token == "", "the token passed in doubt"
    home.until("18:40")
    assert home.decide(home.dose("evening"), ev.Verdict.GIVEN, "Dorte").reason == "in_doubt"
    assert home.decide(home.dose("evening"), ev.Verdict.NOT_GIVEN, "Dorte").accepted
    assert home.dose("evening").stage is Stage.HOLDING
    home.press()
    home.move()
    home.lift()
    assert home.outcome("evening") == ("retrieved", False)
    assert home.open_incidents() == []


def test_not_given_with_the_sachet_still_at_the_mouth_offers_it_again(home: PureHome) -> None:
    evening_in_doubt(home, moved=False)
    assert home.decide(home.dose("evening"), ev.Verdict.NOT_GIVEN, "Dorte").accepted
    assert home.dose("evening").stage is Stage.DUE
    home.take_dose()
    assert home.outcome("evening") == ("retrieved", False)


def test_another_label_at_the_mouth_is_held_and_given_by_hand(home: PureHome) -> None:
    for slot in ("08:05", "12:05", "18:05"):
        home.until(slot)
        home.take_dose()
    home.robot.labels[0] = "L999"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("22:00")
    assert home.dose("night").stage is Stage.HELD
    incident = home.incident("night")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.SACHET_MISMATCH, ev.Priority.HIGH)
    spent = [e for e in home.press() if isinstance(e, ev.PressSpent)]
    assert spent[0].reason == "held"
    assert home.take(incident, "Erik").accepted
    assert home.decide(home.dose("night"), ev.Verdict.DISCARD, "Erik").accepted
    home.move()
    assert home.robot.store[-1] == "L999"
    assert home.decide(home.dose("night"), ev.Verdict.GIVEN, "Erik").accepted
    assert home.outcome("night") == ("given_by_staff", False)
    assert home.open_incidents() == []
