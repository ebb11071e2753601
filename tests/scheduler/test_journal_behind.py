"""Rule 23 in the core: robot or on-call know a head that this journal doesn't hold. Nothing goes to the
resident until a person looked into it, and what may stand in the lost part is never given again by the robot.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from protocol.wire import limits as wire_limits
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.gate import counts_as_given, earliest, why_not_send
from scheduler.plan import Prescription
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, utc

HEAD = "ab" * 32
OTHER = "cd" * 32


def found(home: PureHome, keeper: str = "robot", head: str = HEAD, epoch: int = 1) -> list[ev.Event]:
    return home.give(ev.JournalFoundBehind(home.now, keeper, epoch, head))


def about_journal(home: PureHome) -> ev.Incident:
    incident = home.world.incident_about("journal")
    assert incident is not None
    return incident


def closed_by_a_person(home: PureHome) -> ev.CommandAnswered:
    home.take(about_journal(home), "Ada Admin")
    return home.close(about_journal(home), "Ada Admin", "looked_into")


@pytest.mark.parametrize(
    ("keepers", "detail"),
    [
        (("robot",), "robot_knows_newer_journal"),
        (("oncall",), "oncall_knows_newer_journal"),
        (("oncall", "robot"), "robot_and_oncall_know_newer_journal"),
    ],
)
def test_nothing_is_released_and_an_incident_of_its_own_says_who_knows_more(
    home: PureHome, keepers: tuple[str, ...], detail: str
) -> None:
    for keeper in keepers:
        found(home, keeper)
    told = about_journal(home)
    assert (told.kind, told.priority, told.detail) == (ev.Kind.JOURNAL_BEHIND, ev.Priority.HIGH, detail)
    home.until("08:05")
    spent = [event for event in home.press() if isinstance(event, ev.PressSpent)]
    assert [event.reason for event in spent] == ["journal_behind"]
    assert home.orders() == []
    care = home.incident("morning")
    assert care is not None
    assert (care.kind, care.detail) == (ev.Kind.DOSE_BLOCKED, "journal_behind")  # S8
    assert "Robotten kan ikke give medicin nu." in display(home.world, home.setting, ROBOT, home.now).lines


def test_a_dose_that_came_due_long_after_is_locked_too(home: PureHome) -> None:
    """Nothing of it can be lost; but a home that has lost the end of its journal is no home to release."""
    home.until("08:05")
    home.take_dose()
    home.until("09:00")
    found(home)
    home.until("12:05")
    assert not home.dose("noon").lost
    spent = [event.reason for event in home.press() if isinstance(event, ev.PressSpent)]
    assert spent == ["journal_behind"]
    care = home.incident("noon")
    assert care is not None
    assert (care.kind, care.priority, care.detail) == (
        ev.Kind.DOSE_BLOCKED,
        ev.Priority.MEDIUM,
        "journal_behind",
    )


def test_a_sachet_that_left_in_the_lost_part_is_no_mismatch(home: PureHome) -> None:
    """What lies at the mouth is the next one: the dose is lost, and nobody packed it wrong."""
    home.until("08:05")
    found(home)
    home.robot.labels.pop(0)
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert not [event for event in home.journal if isinstance(event, ev.DoseHeld)]


def test_it_is_in_force_before_the_robot_of_that_session_is_ready(home: PureHome) -> None:
    home.until("08:05")
    home.lost()
    robot = home.robot
    robot.session += 1
    session = f"s{robot.session}"
    hello = ev.RobotIdentified(
        home.now, ROBOT, session, "1.0", "none", "boot-1", robot.log_id, 1, len(robot.log), 1, HEAD
    )
    home.give(
        ev.JournalFoundBehind(home.now, "robot", 1, HEAD), hello, ev.RobotCaughtUp(home.now, ROBOT, session)
    )
    home.press()
    assert home.orders() == []


def test_a_restart_does_not_forget_it(home: PureHome) -> None:
    found(home)
    home.until("08:05")
    home.daemon()
    home.connect()
    home.press()
    assert home.orders() == []
    assert len([e for e in home.journal if isinstance(e, ev.IncidentRaised)]) == 2  # journal, and the dose


def test_the_same_head_again_is_no_news(home: PureHome) -> None:
    assert found(home)
    assert found(home) == []
    assert found(home, "oncall") != []  # another keeper is


def test_an_order_that_was_committed_before_is_not_sent_any_more(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == ""
    found(home, "oncall")
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "journal_behind"


def test_a_divert_that_was_committed_before_is_not_sent_any_more(home: PureHome) -> None:
    home.until("10:00:30")
    under_way = home.world.order_under_way()
    assert under_way is not None
    assert under_way.order.kind is ev.OrderKind.DIVERT
    found(home)
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "journal_behind"


def test_what_lies_in_the_tray_goes_back_and_nothing_is_diverted_meanwhile(home: PureHome) -> None:
    """Rule 11: a retract needs no ground. A window of a journal without its end is no ground for a divert."""
    home.until("08:05")
    home.press()
    home.move()
    home.move()  # in the tray
    found(home, "oncall")
    home.until("10:00:30")
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    home.until("11:00")
    assert home.orders()[-1] == ("retract", "morning")
    home.take(about_journal(home), "Ada Admin")
    home.close(about_journal(home), "Ada Admin", "looked_into")
    assert home.orders()[-1] == ("divert", "morning")


def test_a_person_may_still_send_a_sachet_to_the_locked_store(home: PureHome) -> None:
    home.until("08:05")
    found(home)
    home.decide(home.dose("morning"), ev.Verdict.DISCARD, "Nora Nurse")
    assert home.orders() == [("divert", "morning")]
    home.move()


def test_a_dose_that_was_due_before_is_uncertain_and_one_that_came_due_later_was_never_offered(
    home: PureHome,
) -> None:
    home.until("08:30")
    found(home)
    home.until("14:01")
    assert home.outcome("morning") == ("uncertain", False)
    assert home.outcome("noon") == ("failed", False)
    (morning,) = [
        event
        for event in home.journal
        if isinstance(event, ev.OutcomeRecorded) and event.dose_id == home.dose("morning").dose_id
    ]
    assert morning.reason == "journal_behind"


def test_the_robots_record_of_a_lost_dose_settles_it(home: PureHome) -> None:
    """S1: the log is the truth. The sachet had left, was presented and lifted; the journal lost it."""
    home.until("08:30")
    found(home)
    dose = home.dose("morning").dose_id
    for kind in ("release", "present"):
        done = {"order_kind": kind, "dose_id": dose, "result": "done", "order_id": "0" * 32}
        home.give(home.robot.write(home.now, "ended", **done))
    home.give(home.robot.write(home.now, "lifted", dose_id=dose))
    assert home.outcome("morning") == ("retrieved", False)


def test_only_a_person_ends_it_and_then_later_doses_are_offered_and_lost_ones_never(home: PureHome) -> None:
    home.until("08:30")
    found(home)
    home.until("09:00")
    assert closed_by_a_person(home).accepted
    spent = [event.reason for event in home.press() if isinstance(event, ev.PressSpent)]
    assert spent == ["journal_behind"]  # the morning dose may have been given in the part that was lost
    assert home.orders() == []
    home.until("10:00:30")
    assert home.orders() == [("divert", "morning")]
    home.move()
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)
    assert ("release", "morning") not in home.orders()


def test_a_dose_that_a_later_plan_brings_for_a_time_before_is_lost_too() -> None:
    """A deleted database has no plan when the robot's word comes, and no clock that it trusts."""
    late = PureHome(utc("08:30"))
    late.daemon()
    found(late)
    late.start()
    assert late.dose("morning").lost
    assert not late.dose("noon").lost
    closed_by_a_person(late)
    late.press()
    assert late.orders() == []


def test_a_dose_that_staff_may_have_taken_ahead_of_its_window_is_lost_too(home: PureHome) -> None:
    home.until("11:45")
    found(home)
    assert home.dose("noon").lost
    assert not home.dose("evening").lost


def test_a_lost_dose_counts_as_given_for_what_follows(home: PureHome) -> None:
    """S1, rule 6: in doubt counts as given."""
    home.until("08:30")
    found(home)
    assert counts_as_given(home.dose("morning"))
    assert not counts_as_given(home.dose("noon"))


def test_the_next_dose_of_the_same_medicine_keeps_its_distance_from_a_lost_one() -> None:
    """S2: the lost one was taken at the end of its window, for all we know."""
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    twice = (Intake(Decimal(1), part=DayPart.MORNING), Intake(Decimal(1), part=DayPart.NOON))
    dosage = Dosage("tablet", (cycle(FIRST_DAY, None, 1, twice),))
    shared = Prescription("p-twice", "N02BE01", "10 mg", dosage)
    home.give(cmd.OfferPlan(RESIDENT, 1, (shared,), "f1"))
    home.until("08:30")
    found(home)
    assert earliest(home.world, home.dose("noon")) == utc("12:00")


def test_nobody_ends_it_while_the_clock_is_not_trusted(home: PureHome) -> None:
    """Rule 18: which doses may be offered again is told by time."""
    home.until("08:30")
    found(home)
    home.give(home.clock_report(off=timedelta(minutes=10)))
    assert not home.world.clock.trusted
    assert closed_by_a_person(home).reason == "clock"
    assert home.world.behind


def test_what_a_person_looked_into_does_not_lock_again_and_another_head_does(home: PureHome) -> None:
    found(home)
    found(home, "oncall", OTHER)
    first = about_journal(home).incident_id
    assert closed_by_a_person(home).accepted
    assert found(home) == []
    assert found(home, "oncall") == []  # also from the other keeper: it is the same loss
    assert found(home, "robot", OTHER) == []
    assert found(home, head="ef" * 32) != []
    assert about_journal(home).incident_id != first
    assert home.world.behind


def test_the_same_head_of_a_higher_epoch_is_another_one(home: PureHome) -> None:
    found(home)
    closed_by_a_person(home)
    assert found(home, epoch=2) != []


# --- the epoch --------------------------------------------------------------------------------------


def epochs(home: PureHome) -> list[int]:
    return [event.epoch for event in home.journal if isinstance(event, ev.EpochBegun)]


def test_a_restored_home_begins_a_life_above_all_that_anybody_has_known(home: PureHome) -> None:
    """What it counts from now on is nobody's of before: rows, revisions, what a person was shown."""
    assert home.world.epoch == 1
    found(home, epoch=1)
    assert (home.world.epoch, epochs(home)) == (2, [2])
    found(home, "oncall", OTHER, epoch=1)
    assert epochs(home) == [2]  # of the life before: below this one already
    found(home, "oncall", "ef" * 32, epoch=2)  # a restore that was itself lost
    assert (home.world.epoch, epochs(home)) == (3, [2, 3])


def test_a_keeper_of_the_highest_epoch_there_is_locks_like_any_other(home: PureHome) -> None:
    found(home, epoch=wire_limits.EPOCH_MAX)
    assert home.world.behind
    assert epochs(home) == []
    found(home, "oncall", OTHER, epoch=wire_limits.EPOCH_MAX - 1)
    assert epochs(home) == [wire_limits.EPOCH_MAX]
