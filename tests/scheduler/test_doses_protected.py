"""What must never happen to a dose, tried against the pure core."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.gate import why_not_send
from scheduler.plan import DosePlan, Portion
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, prescriptions, roll, utc


def spent(events: list[ev.Event]) -> str:
    return next((event.reason for event in events if isinstance(event, ev.PressSpent)), "")


def test_a_press_before_the_window_is_spent_and_never_used_later(home: PureHome) -> None:
    assert spent(home.press()) == "nothing_due"
    home.until("08:30")
    assert home.orders() == []


def test_a_second_press_after_the_dose_was_lifted_releases_nothing(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    assert spent(home.press()) == "nothing_due"
    assert [kind for kind, _ in home.orders()] == ["release", "present"]


def test_an_old_press_by_the_robots_uptime_is_history(home: PureHome) -> None:
    home.until("08:05")
    assert spent(home.press(age_ms=60_001)) == "old"
    assert home.orders() == []
    home.press(age_ms=60_000)
    assert home.orders() == [("release", "morning")]


@pytest.mark.parametrize(("pace", "answer"), [(1.0, "old"), (600.0, "")])
def test_what_a_press_waited_for_the_engine_counts_in_real_seconds(pace: float, answer: str) -> None:
    """A rehearsal runs civil time faster, not its people: 61 civil seconds are a tenth of a second there."""
    home = PureHome(utc("07:50"))
    home.setting = replace(home.setting, limits=home.setting.limits.stretched(pace))
    home.start()
    home.until("08:05")
    press = ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 10)
    home.now += timedelta(seconds=61)
    assert spent(home.give(press)) == answer
    assert home.orders() == ([] if answer else [("release", "morning")])


def test_a_press_of_an_earlier_session_is_history(home: PureHome) -> None:
    home.until("08:05")
    events = home.give(ev.Pressed(home.now, ROBOT, "s0", 10))
    assert spent(events) == "old"


def test_two_presses_in_one_commit_lead_to_one_release(home: PureHome) -> None:
    home.until("08:05")
    press = ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 10)
    home.give(press, press)
    assert [kind for kind, _ in home.orders()] == ["release"]


def test_on_an_untrusted_clock_nothing_is_released_diverted_or_missed() -> None:
    home = PureHome(utc("07:50"))
    home.start()
    home.until("08:05")
    home.give(home.clock_report(off=timedelta(minutes=3)))
    assert not home.world.clock.trusted
    assert spent(home.press()) == "clock"
    home.until("11:00")
    assert home.orders() == []
    assert home.outcome("morning") is None
    kinds = {incident.kind: incident.detail for incident in home.open_incidents()}
    assert kinds[ev.Kind.CLOCK_UNTRUSTED] == home.world.clock.reason != ""
    assert ev.Kind.DOSE_BLOCKED in kinds, "a lock is a person untreated"
    home.give(home.clock_report())
    assert home.orders() == [("divert", "morning")]


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"commissioned": False}, "not_commissioned"),
        ({"battery": False}, "battery_gap"),
        ({"off": timedelta(minutes=2, seconds=1)}, "disagrees"),
        ({"off": -timedelta(minutes=2, seconds=1)}, "disagrees"),
    ],
)
def test_a_clock_is_trusted_only_by_a_commissioned_battery_clock_that_agrees(
    report: dict[str, object], reason: str
) -> None:
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    assert home.world.clock.trusted
    home.give(home.clock_report(**report))  # type: ignore[arg-type]
    assert (home.world.clock.trusted, home.world.clock.reason) == (False, reason)


def test_a_clock_before_the_journals_last_event_is_not_believed(home: PureHome) -> None:
    home.now -= timedelta(minutes=3)
    home.give(home.clock_report())
    assert home.world.clock.reason == "behind_journal"


@pytest.mark.parametrize("step", [timedelta(seconds=130), timedelta(minutes=10), timedelta(days=1)])
def test_a_comparison_made_before_the_clock_was_set_proves_nothing(home: PureHome, step: timedelta) -> None:
    """Found in the bottle: it waited behind a slow commit, and the sachet was put away ten minutes early."""
    before = home.clock_report()
    home.now += step
    home.give(cmd.ReportClockStep(), before)
    assert (home.world.clock.trusted, home.world.clock.reason) == (False, "stepped")
    home.give(home.clock_report())
    assert home.world.clock.trusted


def test_a_clock_beyond_its_drift_bound_is_not_believed(home: PureHome) -> None:
    at = home.now
    home.give(cmd.ReportClock(ROBOT, at, at, True, True, at - timedelta(days=100), 20))
    assert home.world.clock.reason == "drift"


def test_closing_with_no_robot_is_failed_where_nothing_was_sent_and_a_care_incident_before(
    home: PureHome,
) -> None:
    home.until("08:05")
    home.lost()
    home.until("08:10")
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.ROBOT_UNREACHABLE, ev.Priority.MEDIUM)
    home.until("10:01")
    assert home.outcome("morning") is None
    home.until("10:03")
    assert home.outcome("morning") == ("failed", False)


def test_closing_with_no_robot_after_a_release_was_sent_is_uncertain_and_its_log_corrects(
    home: PureHome,
) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.robot.lifted.append(home.robot.tray)
    home.robot.tray = ""
    home.robot.write(home.now, "lifted", dose_id=home.robot.in_tray_dose)
    home.lost()
    home.until("10:30")
    assert home.outcome("morning") == ("uncertain", False)
    home.connect()
    assert home.outcome("morning") == ("retrieved", False)
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert outcome.revision == 2


def test_what_was_left_in_the_tray_is_retracted_then_diverted_and_missed(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.until("08:25")
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.LEFT_IN_TRAY, ev.Priority.MEDIUM)
    home.until("10:00")
    home.move()
    home.move()
    assert [kind for kind, _ in home.orders()] == ["release", "present", "retract", "divert"]
    assert home.outcome("morning") == ("missed", False)
    assert home.dose("morning").stage is Stage.IN_STORE


def test_two_missed_in_a_row_are_high(home: PureHome) -> None:
    home.until("10:00")
    home.move()
    home.until("14:00")
    home.move()
    incident = home.incident("noon")
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.DOSE_MISSED,
        ev.Priority.HIGH,
        "two_in_a_row",
    )


def test_no_two_doses_that_share_a_prescription_come_closer_than_half_their_planned_gap() -> None:
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    shared = replace(
        prescriptions()[0],
        dosage=Dosage(
            "tablet",
            (cycle(FIRST_DAY, None, 1, [Intake(Decimal(1), DayPart(part)) for part in ("morning", "noon")]),),
        ),
    )
    home.give(cmd.OfferPlan(RESIDENT, 1, (shared,), "f1"))
    same = [replace(s, content=roll().sachets[0].content) for s in roll().sachets[:2]]
    home.give(cmd.LoadRoll(replace(roll(), sachets=tuple(same)), "technician"))
    home.until("09:59:00")
    home.take_dose()
    home.until("12:00")
    earliest = utc("11:59")  # 09:59 + half of four hours
    assert home.now >= earliest
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_a_dose_too_soon_after_the_last_is_refused_and_offered_later() -> None:
    home = PureHome(utc("07:50"))
    home.start()
    home.until("08:05")
    home.take_dose()
    noon = home.dose("noon")
    shared = replace(
        noon.plan, portions=(Portion("p-morning", next(iter(home.dose("morning").plan.content))),)
    )
    home.world = replace(
        home.world, doses={**home.world.doses, noon.dose_id: replace(noon, plan=moved(shared, "09:30"))}
    )
    home.until("09:31")
    assert home.dose("noon").stage is not Stage.PLANNED
    assert spent(home.press()) in ("too_soon", "no_sachet")


def moved(plan: DosePlan, local: str) -> DosePlan:
    opens = utc(local)
    return replace(plan, opens=opens, half=opens + timedelta(hours=1), closes=opens + timedelta(hours=2))


def test_an_order_is_checked_against_the_present_world_before_it_is_sent(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    order = under_way.order
    assert why_not_send(home.world, home.setting, order, home.now) == ""
    assert why_not_send(home.world, home.setting, order, order.expires) == "expired"
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), tray=True)))
    assert why_not_send(home.world, home.setting, order, home.now) == "tray_occupied"
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), mouth_label="L999")))
    assert why_not_send(home.world, home.setting, order, home.now) == "label_unknown"
    home.lost()
    assert why_not_send(home.world, home.setting, order, home.now) == "robot_not_ready"


def test_an_order_of_an_earlier_session_that_the_log_never_saw_is_refused_and_a_press_tries_again(
    home: PureHome,
) -> None:
    home.until("08:05")
    home.press()
    home.lost()
    home.connect()
    assert home.dose("morning").stage is Stage.DUE
    home.take_dose()
    ids = {event.order.order_id for event in home.journal if isinstance(event, ev.OrderIssued)}
    assert len(ids) == 3


@pytest.mark.parametrize("broken", ["formatted", "shorter"])
def test_absence_from_a_log_that_does_not_continue_proves_nothing(home: PureHome, broken: str) -> None:
    home.until("08:05")
    home.press()
    home.lost()
    if broken == "formatted":
        home.robot.log_id, home.robot.log = "log-2", []
    else:
        home.robot.log = []
        home.world = with_robot(home.world, ROBOT, replace(home.world.robot(ROBOT), log_read=5))
    home.connect()
    assert home.dose("morning").stage is Stage.DOUBT
    assert spent(home.press()) == "in_doubt"


def test_a_rewritten_last_entry_proves_nothing(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.lost()
    home.robot.log[-1] = replace(home.robot.log[-1], detail="other")
    home.connect()
    assert home.world.robot(ROBOT).log_broken == "rewritten"


def test_a_release_in_the_robots_log_that_the_journal_never_ordered_is_adopted(home: PureHome) -> None:
    home.until("08:05")
    dose = home.dose("morning")
    home.robot.holding = home.robot.labels.pop(0)
    about = {"order_id": "foreign", "order_kind": "release", "dose_id": dose.dose_id, "result": "done"}
    ended = home.robot.write(home.now, "ended", label=home.robot.holding, **about)
    home.give(replace(ended, robot=ROBOT), ev.RobotReported(home.now, home.robot.status()))
    assert home.dose("morning").stage is Stage.HOLDING
    (adopted,) = [event for event in home.journal if isinstance(event, ev.MotionAdopted)]
    assert (adopted.robot, home.dose("morning").robot) == (ROBOT, ROBOT)
    home.press()
    assert home.orders() == [("present", "morning")]


def test_accepted_and_then_never_heard_of_is_told_as_that(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move("accepted")
    home.lost()
    home.connect()
    (ended,) = [event for event in home.journal if isinstance(event, ev.OrderEnded)]
    assert (ended.result, ended.reason) == (ev.Result.UNKNOWN, "accepted_not_ended")


def test_unclear_sensors_are_unknown(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="unclear")
    assert home.dose("morning").stage is Stage.DOUBT


def test_an_older_card_is_refused_and_the_accepted_plan_stays(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[:3], "f2"))
    assert home.world.plans[RESIDENT].plan_version == 2
    home.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
    assert home.world.plans[RESIDENT].card_version == 2
    incident = home.world.incident_about(f"plan:{RESIDENT}")
    assert incident is not None
    assert incident.detail.startswith("older_card")


def test_a_stopped_prescription_is_withdrawn_and_its_sachet_never_released(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[1:], "f2"))
    home.until("08:05")
    assert spent(home.press()) == "nothing_due"
    assert home.orders() == []


def test_a_newer_card_that_leaves_a_dose_alone_is_no_mismatch(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[:3], "f2"))
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_a_changed_content_holds_the_sachet(home: PureHome) -> None:
    stronger = (replace(prescriptions()[0], strength="20 mg"), *prescriptions()[1:])
    home.give(cmd.OfferPlan(RESIDENT, 2, stronger, "f2"))
    home.until("08:00")
    assert (home.dose("morning").stage, home.dose("morning").held) == (Stage.HELD, "content_mismatch")


def test_a_roll_that_the_robot_does_not_read_is_refused(home: PureHome) -> None:
    events = home.give(cmd.LoadRoll(roll(production_id="ROLL-2"), "technician"))
    assert events[-1] == ev.RollRefused(home.now, "wrong_production_id")
    other = replace(roll(), resident="0" * 32)
    events = home.give(cmd.LoadRoll(other, "technician"))
    assert events[-1] == ev.RollRefused(home.now, "wrong_resident")


def test_a_roll_comes_after_its_card() -> None:
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    assert home.give(cmd.LoadRoll(roll(), "technician"))[-1] == ev.RollRefused(home.now, "wrong_resident")


def test_no_roll_is_loaded_into_a_robot_that_nobody_can_ask_what_it_holds(home: PureHome) -> None:
    home.lost()
    events = home.give(cmd.LoadRoll(roll(), "technician"))
    assert events[-1] == ev.RollRefused(home.now, "robot_unreachable")


def test_without_a_manifest_nothing_is_released_and_staff_hear_of_it() -> None:
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
    home.until("08:00")
    assert spent(home.press()) == "no_manifest"
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "no_manifest")
    home.give(cmd.LoadRoll(roll(), "technician"))
    assert home.open_incidents() == []
    home.take_dose()


def test_a_home_that_was_down_through_a_window_says_failed_not_missed(home: PureHome) -> None:
    home.now = utc("11:00")
    home.daemon()
    home.connect()
    home.move()
    assert home.outcome("morning") == ("failed", False)
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert outcome.reason == "not_offered"


def test_the_log_proving_a_lift_after_given_by_hand_is_a_possible_double_dose(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    incident = home.incident("morning")
    assert incident is not None
    home.take(incident, "Anna")
    home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna")
    dose_id = home.dose("morning").dose_id
    for entry, kind in (("ended", "release"), ("ended", "present"), ("lifted", "")):
        home.give(
            home.robot.write(
                home.now,
                entry,
                order_id="x" if kind else "",
                order_kind=kind,
                dose_id=dose_id,
                result="done" if kind else "",
            )
        )
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH)
    assert home.outcome("morning") == ("given_by_staff", False)


def test_the_token_comes_back_only_by_its_holders_word(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    incident = home.incident("morning")
    assert incident is not None
    home.take(incident, "Anna")
    home.until("09:30")
    assert home.dose("morning").token == "Anna"
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Berit").reason == "not_owner"
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", True)


def test_a_token_out_at_closing_without_a_word_is_uncertain(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    incident = home.incident("morning")
    assert incident is not None
    home.take(incident, "Anna")
    home.until("10:00")
    home.move()
    assert home.outcome("morning") == ("uncertain", False)
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    assert home.outcome("morning") == ("given_by_staff", True)


def test_taking_about_to_miss_moves_no_token_and_the_resident_still_gets_the_dose(home: PureHome) -> None:
    home.until("09:00")
    incident = home.incident("morning")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    assert home.dose("morning").token == ""
    home.until("09:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", True)


def test_first_take_wins_and_a_stale_revision_is_refused(home: PureHome) -> None:
    home.until("09:00")
    incident = home.incident("morning")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    assert home.take(incident, "Berit").reason == "stale"
    newer = home.incident("morning")
    assert newer is not None
    assert home.take(newer, "Berit").reason == "taken_by_other"


def test_a_repeated_command_id_changes_nothing(home: PureHome) -> None:
    home.until("09:00")
    incident = home.incident("morning")
    assert incident is not None
    command = cmd.TakeIncident("same", incident.incident_id, incident.revision, "Anna", home.soon())
    assert home.give(command)
    assert home.give(command) == []


def test_a_forged_command_is_an_incident_once_until_a_person_closed_it(home: PureHome) -> None:
    for number in range(5):
        home.give(cmd.RejectCommand(f"forged-{number}", "bad_signature"))
    refused = [event for event in home.journal if isinstance(event, ev.CommandAnswered)]
    assert len(refused) == 1
    incident = home.world.incident_about("commands")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    taken = home.world.incident_about("commands")
    assert taken is not None
    assert home.close(taken, "Anna", "looked_into").accepted
    assert home.open_incidents() == []


def test_a_store_that_failed_is_one_incident_over_every_start_until_a_person_closed_it(
    home: PureHome,
) -> None:
    stopped = ev.StoreStopped(home.now, "disk_full", home.now)
    for _ in range(3):
        home.give(stopped)  # a crash before the emergency record was cleared tells it again
        home.daemon()
    assert [event for event in home.journal if isinstance(event, ev.StoreStopped)] == [stopped]
    raised = [incident for incident in home.open_incidents() if incident.kind is ev.Kind.STORE_FAILED]
    assert [(each.priority, each.detail) for each in raised] == [(ev.Priority.MEDIUM, "disk_full")]
    assert home.take(raised[0], "Anna").accepted
    taken = home.world.incident_about("store")
    assert taken is not None
    assert home.close(taken, "Anna", "card_replaced").accepted
    assert home.world.store_stopped is None
    assert all(incident.kind is not ev.Kind.STORE_FAILED for incident in home.open_incidents())


def test_an_incident_of_an_open_dose_cannot_be_closed(home: PureHome) -> None:
    home.until("09:00")
    incident = home.incident("morning")
    assert incident is not None
    home.take(incident, "Anna")
    taken = home.incident("morning")
    assert taken is not None
    assert home.close(taken, "Anna", "later").reason == "still_open"


def test_a_wrong_robot_is_an_incident_and_nothing_is_ordered(home: PureHome) -> None:
    home.give(ev.RobotRejected(home.now, "wrong_serial"))
    incident = home.world.incident_about(f"robot:{ROBOT}")
    assert incident is not None
    assert incident.kind is ev.Kind.ROBOT_REFUSED
    home.until("08:05")
    assert spent(home.press()) == "old"
    assert home.orders() == []


def refused(home: PureHome, reason: str) -> ev.OrderEnded:
    under_way = home.world.order_under_way()
    assert under_way is not None
    order = under_way.order
    return ev.OrderEnded(home.now, order.order_id, "", order.kind, ev.Result.REFUSED, reason)


def test_a_release_that_the_robot_refuses_is_a_failure_staff_hear_of(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.give(refused(home, "label_mismatch"))
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.RELEASE_FAILED, "label_mismatch")
    assert home.dose("morning").stage is Stage.FAILED


def test_a_present_that_the_robot_refuses_is_a_failure_staff_hear_of(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.give(refused(home, "label_unreadable"))
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.RELEASE_FAILED, "label_unreadable")
    assert home.dose("morning").stage is Stage.HOLDING


def test_a_robot_that_remembers_a_release_we_do_not_puts_the_dose_in_doubt(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.give(refused(home, "already_released"))
    assert home.dose("morning").stage is Stage.DOUBT


def test_a_refusal_of_an_order_that_is_not_open_changes_nothing(home: PureHome) -> None:
    home.until("08:05")
    ended = ev.OrderEnded(home.now, "0" * 32, "", ev.OrderKind.RELEASE, ev.Result.REFUSED, "busy")
    assert home.give(ended) == []


def test_nothing_is_given_by_hand_before_its_window(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("11:20")
    home.lost()
    home.until("11:40")
    incident = home.incident("noon")
    assert incident is not None
    assert incident.kind is ev.Kind.ROBOT_UNREACHABLE
    assert home.take(incident, "Anna").accepted
    assert home.decide(home.dose("noon"), ev.Verdict.GIVEN, "Anna").reason == "too_early"
    home.until("12:00")
    assert home.decide(home.dose("noon"), ev.Verdict.GIVEN, "Anna").accepted
    home.connect()
    assert spent(home.press()) == "nothing_due"


def test_a_record_against_a_persons_finding_is_a_possible_double_dose(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move("accepted started")
    under_way = home.world.order_under_way()
    assert under_way is not None
    order = under_way.order
    home.until("08:08")
    assert home.dose("morning").stage is Stage.DOUBT
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert home.dose("morning").found == "found_in_magazine"
    about = {"order_id": order.order_id, "order_kind": "release", "dose_id": order.dose_id}
    home.give(home.robot.write(home.now, "ended", result="done", **about))
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH)
