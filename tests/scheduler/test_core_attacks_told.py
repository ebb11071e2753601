"""After these somebody was once not told (S4, S8), or the core fell, flooded or forgot: the shortest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import next_wakeup
from scheduler.dose import Stage
from scheduler.outgoing import changes
from tests.support.attack_moves import (
    about,
    changed,
    in_doubt,
    is_open,
    refuse,
    report,
    resolve,
    stalled,
)
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, prescriptions, roll, utc

# --- S4, S8: nobody is forgotten --------------------------------------------------------------------


def test_a_missed_dose_nobody_looked_after_stays_open_for_ever(home: PureHome) -> None:
    home.until("10:00")
    home.move()
    home.until("09:00", day=6)
    assert is_open(home.incident("morning"))
    assert about(home).kind is ev.Kind.DOSE_MISSED


def test_a_robot_that_comes_and_goes_is_unreachable_and_its_dose_gets_an_outcome(home: PureHome) -> None:
    home.until("08:05")
    home.lost()
    for minute in range(6, 60):
        home.until(f"08:{minute:02}")
        home.give(ev.RobotIdentified(home.now, ROBOT, f"x{minute}", "1", "none", "b", "log-1", 1, 0, 0, ""))
        home.give(ev.RobotLost(home.now, "no_reply"))
    assert about(home).kind is ev.Kind.ROBOT_UNREACHABLE
    for minute in range(20):
        home.until(f"10:{minute:02}")
        home.give(ev.RobotIdentified(home.now, ROBOT, f"y{minute}", "1", "none", "b", "log-1", 1, 0, 0, ""))
        home.give(ev.RobotLost(home.now, "no_reply"))
    assert home.outcome("morning") == ("failed", False)


def test_a_clock_doubted_for_ever_new_reasons_is_told(home: PureHome) -> None:
    for minute in range(51, 57):
        home.until(f"07:{minute}")
        home.give(home.clock_report(battery=minute % 2 == 0, off=timedelta(hours=1)))
    assert is_open(home.world.incident_about("home"))


def test_an_incident_is_not_cleared_while_the_divert_that_proves_the_miss_is_under_way(
    home: PureHome,
) -> None:
    home.until("09:00")
    home.until("10:00")
    assert is_open(home.incident("morning"))
    home.move()
    kinds = [
        type(e).__name__ for e in home.journal if getattr(e, "incident_id", "") == about(home).incident_id
    ]
    assert "IncidentCleared" not in kinds


def test_a_doubt_of_a_dose_given_by_hand_is_told_before_it_blocks_the_next(home: PureHome) -> None:
    stalled(home)
    home.take(about(home), "Anna")
    home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna")
    home.robot.fault = ""
    home.until("10:00")
    report(home)
    home.move("accepted started")
    home.until("10:03")
    assert home.dose("morning").stage is Stage.DOUBT
    assert (about(home).kind, is_open(about(home))) == (ev.Kind.ORDER_UNKNOWN, True)


def test_what_a_person_closed_is_told_again_when_it_happens_again(home: PureHome) -> None:
    subject = f"robot:{ROBOT}"
    home.lost()
    home.until("07:53")
    first = home.world.incident_about(subject)
    assert first is None or is_open(first)
    home = PureHome(utc("10:30"))
    home.start()
    for _ in range(2):
        home.lost()
        home.now += timedelta(minutes=3)
        home.give()
        incident = home.world.incident_about(subject)
        assert incident is not None
        assert is_open(incident)
        resolve(home, incident)
        home.connect()


def test_another_broken_card_is_told_though_a_person_closed_the_first(home: PureHome) -> None:
    home.give(ev.PlanRefused(home.now, RESIDENT, "malformed", "a", "x1"))
    incident = home.world.incident_about(f"plan:{RESIDENT}")
    assert incident is not None
    resolve(home, incident)
    home.give(ev.PlanRefused(home.now, RESIDENT, "wrong_person", "b", "x2"))
    assert is_open(home.world.incident_about(f"plan:{RESIDENT}"))


def test_a_fault_is_told_after_the_doses_incident_about_it_was_closed(home: PureHome) -> None:
    stalled(home)
    home.take(about(home), "Anna")
    home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna")
    assert home.close(about(home), "Anna", "given").accepted
    incident = home.world.incident_about(f"robot:{ROBOT}")
    assert incident is not None
    assert incident.kind is ev.Kind.ROBOT_FAULT


def test_a_possible_double_dose_is_told_although_a_person_closed_the_incident_at_high(home: PureHome) -> None:
    for slot in ("08:05", "12:05", "18:05"):
        home.until(slot)
        home.take_dose()
    home.until("22:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    home.take(about(home, "night"), "Anna")
    home.decide(home.dose("night"), ev.Verdict.GIVEN, "Anna")
    home.until("22:10")
    night = changed(home, "night", stage=Stage.IN_TRAY)
    home.give(home.robot.write(home.now, "lifted", dose_id=night.dose_id))
    resolve(home, about(home, "night"))
    incident = about(home, "night")
    failed = replace(incident, kind=ev.Kind.RELEASE_FAILED)  # that was closed, and not this
    changed(home, "night", double_looked_into=False)
    home.world = replace(home.world, incidents={**home.world.incidents, incident.incident_id: failed})
    home.give()
    assert is_open(about(home, "night"))


def test_a_taken_lock_that_is_gone_moves_no_token(home: PureHome) -> None:
    home.until("08:55")
    home.lost()
    home.until("09:05")
    assert about(home).kind is ev.Kind.ROBOT_UNREACHABLE
    home.connect()
    assert about(home).kind is ev.Kind.ABOUT_TO_MISS
    assert about(home).priority is ev.Priority.MEDIUM, "an open incident loses no priority"
    home.take(about(home), "Anna")
    assert home.dose("morning").token == ""


def test_an_adopted_present_is_left_in_the_tray_too(home: PureHome) -> None:
    home.until("08:05")
    dose_id = home.dose("morning").dose_id
    for kind in ("release", "present"):
        home.give(
            home.robot.write(home.now, "ended", order_id="x", order_kind=kind, dose_id=dose_id, result="done")
        )
    home.until("08:25")
    assert about(home).kind is ev.Kind.LEFT_IN_TRAY


def test_a_robot_that_cancels_at_its_reader_is_a_failure_staff_hear_of(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move("accepted cancelled")
    assert home.dose("morning").stage is Stage.DUE, "cancelled by our own greeting"
    home.press()
    order = home.world.order_under_way()
    assert order is not None
    ids = {"order_id": order.order.order_id, "order_kind": "release", "dose_id": order.order.dose_id}
    home.give(home.robot.write(home.now, "cancelled", detail="label_unreadable", **ids))
    assert about(home).kind is ev.Kind.RELEASE_FAILED


# --- it never stops, and never floods ---------------------------------------------------------------


def test_an_order_revoked_after_the_record_moved_its_sachet_is_no_fault_of_ours(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    dose = home.dose("morning")
    assert dose.order is not None
    home.give(
        home.robot.write(
            home.now, "ended", order_id="x", order_kind="release", dose_id=dose.dose_id, result="done"
        )
    )
    home.give(ev.OrderRevoked(home.now, dose.order.order.order_id, "holding_occupied"))
    assert home.dose("morning").stage is Stage.HOLDING


def test_a_log_entry_without_an_order_kind_is_kept_and_nothing_falls(home: PureHome) -> None:
    home.until("08:05")
    entry = home.robot.write(home.now, "ended", dose_id=home.dose("morning").dose_id, result="done")
    assert home.give(entry) == [entry]


def test_a_retract_that_the_robot_refuses_is_tried_again_only_after_a_while(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.until("10:00")
    assert home.orders()[-1] == ("retract", "morning")
    count = len(home.orders())
    refuse(home, "place_occupied")
    assert len(home.orders()) == count
    home.until("10:05")
    home.until("10:06")
    assert len(home.orders()) == count + 1


def test_under_a_fault_the_tray_is_still_emptied_at_closing(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    report(home, fault="motor_stall")
    home.until("10:00")
    assert home.orders()[-1] == ("retract", "morning")


def test_forgeries_of_changing_kinds_do_not_fill_the_journal(home: PureHome) -> None:
    for number in range(20):
        home.give(cmd.RejectCommand(f"f{number}", ("bad_signature", "unreadable", "other_home")[number % 3]))
    assert len([event for event in home.journal if isinstance(event, ev.CommandAnswered)]) == 1


def test_the_order_of_a_lifted_dose_is_answered(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.until("10:00")
    home.move("accepted started")
    home.lift()
    assert home.outcome("morning") == ("retrieved", True)
    issued = {event.order.order_id for event in home.journal if isinstance(event, ev.OrderIssued)}
    ended = {event.order_id for event in home.journal if isinstance(event, ev.OrderEnded)}
    assert issued == ended


def test_a_dose_settled_in_this_commit_is_still_there_to_be_documented(home: PureHome) -> None:
    home.until("08:05")
    home.lost()
    home.now = utc("12:00", day=7)
    before, start = home.world, len(home.journal)
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[:3], "f2"))
    changes(before, home.world, home.journal[start:])


def test_a_dose_with_a_token_or_an_outcome_is_not_withdrawn(home: PureHome) -> None:
    home.until("11:20")
    home.lost()
    home.until("11:40")
    home.take(about(home, "noon"), "Anna")
    assert home.dose("noon").token == "Anna"
    home.give(cmd.OfferPlan(RESIDENT, 2, (prescriptions()[0], *prescriptions()[2:]), "f2"))
    assert home.dose("noon").token == "Anna"


def test_a_doubt_that_waits_for_its_divert_wakes_the_home(home: PureHome) -> None:
    in_doubt(home)
    tried = home.now
    changed(home, "morning", away_tried=tried)
    due = next_wakeup(home.world, home.setting, tried)
    assert due is not None
    assert due <= tried + timedelta(minutes=5)


def test_a_divert_of_a_doubt_tried_again_and_again_says_nothing_new(home: PureHome) -> None:
    in_doubt(home)
    home.robot.holding = home.robot.labels.pop(0)
    report(home)
    home.until("10:00")
    home.until("10:01")
    revision = about(home).revision
    for _ in range(3):
        refuse(home, "log_full")
        home.now += timedelta(minutes=5)
        home.give()
    assert about(home).revision == revision


def test_the_world_of_a_fortnight_is_no_larger_than_that_of_a_week() -> None:
    home = PureHome(utc("07:50"), days=14)
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"), cmd.LoadRoll(roll(days=14), "technician"))
    for day in range(1, 12):
        for slot, time in (("morning", "08:05"), ("noon", "14:00"), ("evening", "18:05"), ("night", "22:05")):
            home.until(time, day)
            if slot != "noon":
                home.take_dose()
                continue
            home.move()
            home.take(about_day(home, slot, day), "Anna")
            home.decide(home.dose(slot, day), ev.Verdict.NOT_GIVEN, "Anna")
            assert home.close(about_day(home, slot, day), "Anna", "done").accepted
            for incident in list(home.world.incidents.values()):
                home.give(cmd.TakeReceipt(incident.incident_id, incident.revision))
    assert len(home.world.doses) <= 4 * 7
    assert len(home.world.incidents) <= 8
    assert len(home.world.subjects) <= 4 * 7
    assert len(home.world.answered) <= 16


def about_day(home: PureHome, slot: str, day: int) -> ev.Incident:
    incident = home.incident(slot, day)
    assert incident is not None
    return incident


def test_a_taken_incident_that_becomes_more_urgent_is_open_again_with_a_deadline_of_its_own(
    home: PureHome,
) -> None:
    home.until("09:00")
    home.take(about(home), "Anna")
    before = about(home)
    home.until("10:00")
    home.move()
    after = about(home)
    assert (after.priority, after.state, after.owner) == (ev.Priority.MEDIUM, ev.State.RAISED, "")
    assert after.deadline > before.deadline


def test_a_late_miss_is_uncertain_while_the_sachet_still_waits_to_be_diverted(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.until("10:00")
    refuse(home, "store_full")
    home.until("10:02")
    assert home.outcome("morning") == ("uncertain", False)


def test_a_sachet_held_for_one_dose_blocks_the_next_and_does_not_hold_it(home: PureHome) -> None:
    home.robot.labels[0] = "L999"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:00")
    assert home.dose("morning").stage is Stage.HELD
    home.until("12:00")
    assert home.outcome("morning") == ("withheld", False)
    assert home.dose("noon").stage is Stage.DUE
    incident = home.incident("noon")
    assert incident is not None
    assert incident.kind is ev.Kind.DOSE_BLOCKED
    assert home.decide(home.dose("morning"), ev.Verdict.DISCARD, "Anna").accepted
    home.move()
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_a_retract_that_ends_after_the_lift_leaves_the_dose_lifted(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.until("10:00")
    under_way = home.world.order_under_way()
    assert under_way is not None
    order = under_way.order
    assert order.kind is ev.OrderKind.RETRACT
    home.lift()
    about = {"order_id": order.order_id, "order_kind": "retract", "dose_id": order.dose_id}
    home.give(home.robot.write(home.now, "ended", result="done", **about))
    assert home.dose("morning").stage is Stage.LIFTED
    assert home.outcome("morning") == ("retrieved", True)


def test_an_empty_roll_is_not_forgotten_by_a_restart_or_an_unplugged_robot(home: PureHome) -> None:
    strip = list(home.robot.labels)
    home.robot.labels.clear()
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:10")
    subject = f"roll:{RESIDENT}"
    raised = home.world.incident_about(subject)
    assert raised is not None
    assert raised.kind is ev.Kind.ROLL_EMPTY
    home.daemon()
    assert is_open(home.world.incident_about(subject))
    home.connect()
    home.lost()
    assert is_open(home.world.incident_about(subject))
    home.connect()
    home.robot.labels[:] = strip
    home.give(ev.RobotReported(home.now, home.robot.status()))
    gone = home.world.incident_about(subject)
    assert gone is not None
    assert gone.cleared


def test_an_untrusted_clock_is_not_forgotten_by_a_restart(home: PureHome) -> None:
    home.give(home.clock_report(battery=False))
    home.until("08:10")
    assert is_open(home.world.incident_about("home"))
    home.daemon()
    assert is_open(home.world.incident_about("home"))
    home.connect()
    assert not is_open(home.world.incident_about("home"))


def test_a_care_incident_about_an_unreachable_robot_outlives_a_restart(home: PureHome) -> None:
    home.until("08:05")
    home.lost()
    home.until("08:10")
    home.daemon()
    after = home.incident("morning")
    assert is_open(after)
    cleared = [event for event in home.journal if isinstance(event, ev.IncidentCleared)]
    assert cleared == []


def test_the_last_sachet_on_its_way_to_the_resident_is_no_empty_roll_at_high(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[:1], "f2"))
    home.until("08:05")
    del home.robot.labels[1:]
    home.press()
    home.move()
    home.until("08:10")
    empty = home.world.incident_about(f"roll:{RESIDENT}")
    assert empty is not None
    assert empty.priority is ev.Priority.MEDIUM
