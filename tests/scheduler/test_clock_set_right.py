"""A clock that was ahead and is set right: nothing stays silent, refused or locked until that day has come.

Rules 17 and 18. Also two tokens at once, for doses that share a prescription (rule 5, S2).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.gate import earliest
from scheduler.plan import Prescription
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, prescriptions, roll, setting, utc

DAY = timedelta(days=1)
YEARS = timedelta(days=5 * 365)


def step(home: PureHome, by: timedelta) -> None:
    """The wall clock jumps, and the engine tells."""
    home.now += by
    home.give(cmd.ReportClockStep())


def trust(home: PureHome) -> None:
    home.give(home.clock_report())
    assert home.world.clock.trusted


def order(home: PureHome) -> ev.Order:
    under_way = home.world.order_under_way()
    assert under_way is not None
    return under_way.order


def ends(home: PureHome, moving: ev.Order) -> None:
    """The motion ends, whatever the home holds of it meanwhile."""
    home.robot.carry_out(moving)
    about = {"order_id": moving.order_id, "order_kind": moving.kind.value, "dose_id": moving.dose_id}
    entry = home.robot.write(home.now, "ended", result="done", label=moving.label, **about)
    home.give(entry, ev.RobotReported(home.now, home.robot.status()))


def in_tray(home: PureHome, at: str = "08:05") -> None:
    home.until(at)
    home.press()
    home.move()
    home.move()
    assert home.dose("morning").stage is Stage.IN_TRAY


def incident_kind(home: PureHome, slot: str = "morning") -> ev.Kind | None:
    incident = home.incident(slot)
    return None if incident is None or incident.state is ev.State.CLOSED else incident.kind


def about_home(home: PureHome, subject: str) -> ev.Kind | None:
    incident = home.world.incident_about(subject)
    return None if incident is None or incident.state is ev.State.CLOSED else incident.kind


# --- what an untrusted clock dated locks nobody out -------------------------------------------------


@pytest.mark.parametrize("ahead", [DAY, YEARS])
def test_what_happened_on_a_clock_that_was_ahead_does_not_lock_the_home_out(
    home: PureHome, ahead: timedelta
) -> None:
    home.until("08:05")
    step(home, ahead)
    home.give(home.clock_report(off=-ahead))
    home.lost()
    home.until_at(home.now + timedelta(minutes=5))
    step(home, -ahead)
    home.connect()
    assert home.world.clock.trusted
    home.take_dose()
    assert home.dose("morning").stage is Stage.LIFTED


@pytest.mark.parametrize("ahead", [DAY, YEARS])
def test_a_box_that_starts_in_the_wrong_year_serves_once_its_clock_is_right(ahead: timedelta) -> None:
    home = PureHome(utc("06:00") + ahead)
    home.daemon()
    home.give(home.clock_report(off=-ahead))
    assert not home.world.clock.trusted
    home.until_at(home.now + timedelta(minutes=10))
    step(home, -ahead)
    home.start()
    assert home.world.clock.trusted
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_an_instant_that_a_trusted_clock_gave_binds_every_later_one(home: PureHome) -> None:
    """The other side: a box and a robot that agree on yesterday are not believed."""
    home.until("08:05")
    home.now -= DAY
    home.give(cmd.ReportClockStep(), home.clock_report())
    assert (home.world.clock.trusted, home.world.clock.reason) == (False, "behind_journal")


# --- alarms and retries that count from an instant ahead of us --------------------------------------


def test_a_robot_that_went_while_the_clock_was_ahead_is_told_as_gone(home: PureHome) -> None:
    home.until("08:05")
    step(home, DAY)
    home.lost()
    step(home, -DAY)
    home.until("08:08")
    assert incident_kind(home) is ev.Kind.ROBOT_UNREACHABLE


def test_a_clock_doubted_while_it_was_ahead_is_told_as_untrusted(home: PureHome) -> None:
    home.until("08:05")
    step(home, DAY)
    step(home, -DAY)
    home.until("08:08")
    assert about_home(home, "home") is ev.Kind.CLOCK_UNTRUSTED


def test_a_magazine_changed_while_the_clock_was_ahead_is_told_without_its_manifest(home: PureHome) -> None:
    home.until("08:05")
    step(home, DAY)
    home.robot.production_id = "ROLL-OTHER"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    step(home, -DAY)
    home.until("08:08")
    assert about_home(home, f"roll:{RESIDENT}") is ev.Kind.ROLL_CONFLICT


def test_an_incident_raised_while_the_clock_was_ahead_is_undelivered_after_half_a_minute(
    home: PureHome,
) -> None:
    home.until("08:05")
    step(home, DAY)
    home.give(cmd.OfferPlan(RESIDENT, 0, prescriptions(), "an older card"))
    refused = home.world.incident_about(f"plan:{RESIDENT}")
    assert refused is not None
    home.now += timedelta(seconds=5)
    step(home, -DAY)
    home.until("08:05:36")
    assert home.world.incidents[refused.incident_id].undelivered


def test_a_sachet_presented_while_the_clock_was_ahead_is_told_as_left_in_the_tray(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    presenting = order(home)
    assert presenting.kind is ev.OrderKind.PRESENT
    step(home, DAY)
    ends(home, presenting)
    assert home.dose("morning").stage is Stage.IN_TRAY
    step(home, -DAY)
    trust(home)
    home.until("08:21")
    assert incident_kind(home) is ev.Kind.LEFT_IN_TRAY


def test_a_retract_that_failed_while_the_clock_was_ahead_is_tried_again_in_minutes(home: PureHome) -> None:
    in_tray(home)
    step(home, DAY)
    others = tuple(p for p in prescriptions() if p.prescription_id != "p-morning")
    home.give(cmd.OfferPlan(RESIDENT, 2, others, "f2"))
    failed = order(home)
    assert failed.kind is ev.OrderKind.RETRACT
    home.give(
        ev.OrderEnded(home.now, failed.order_id, failed.dose_id, failed.kind, ev.Result.REFUSED, "not_moved")
    )
    assert home.world.order_under_way() is None
    step(home, -DAY)
    home.until("08:11")
    assert home.orders()[-2:] == [("retract", "morning")] * 2


def test_an_order_issued_while_the_clock_was_ahead_is_unknown_when_its_life_is_over(home: PureHome) -> None:
    in_tray(home)
    step(home, DAY)
    others = tuple(p for p in prescriptions() if p.prescription_id != "p-morning")
    home.give(cmd.OfferPlan(RESIDENT, 2, others, "f2"))
    assert order(home).kind is ev.OrderKind.RETRACT
    step(home, -DAY)
    home.until("08:08")
    assert home.world.order_under_way() is None
    assert home.dose("morning").stage is Stage.DOUBT


# --- when a dose was had ----------------------------------------------------------------------------


def twice_a_day() -> PureHome:
    """One prescription, morning and noon: two hours apart at least."""
    twice = (Intake(Decimal(1), part=DayPart.MORNING), Intake(Decimal(1), part=DayPart.NOON))
    dosage = Dosage("tablet", (cycle(FIRST_DAY, None, 1, twice),))
    shared = Prescription("p-twice", "C07AB02", "10 mg", dosage)
    home = PureHome(utc("07:50"), setting())
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, (shared,), "f1"))
    full = roll()
    (content,) = full.sachets[0].content
    sachets = tuple(replace(s, content=frozenset({content})) for s in full.sachets if s.local.hour in (8, 12))
    home.robot.labels = [sachet.label for sachet in sachets]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.give(cmd.LoadRoll(replace(full, sachets=sachets), "technician"))
    return home


def lifted_off(home: PureHome, at: str, ahead: timedelta) -> None:
    in_tray(home, at)
    step(home, ahead)
    home.lift()
    step(home, -ahead)


@pytest.mark.parametrize("ahead", [DAY, YEARS])
def test_a_dose_lifted_while_the_clock_was_ahead_does_not_keep_the_next_one_back_until_that_day(
    ahead: timedelta,
) -> None:
    home = twice_a_day()
    lifted_off(home, "08:05", ahead)
    home.until("08:07")
    trust(home)
    assert earliest(home.world, home.dose("noon")) == utc("12:00"), "its opening"
    home.until("12:05")
    home.press()
    assert home.orders()[-1] == ("release", "noon")


def test_its_minimum_interval_counts_from_the_instant_at_which_a_clock_was_trusted_again() -> None:
    """Before that nobody knows when it was: as late as it can have been."""
    home = twice_a_day()
    lifted_off(home, "09:50", DAY)
    home.until("11:30")
    trust(home)
    home.until("12:05")
    spent = [event.reason for event in home.press() if isinstance(event, ev.PressSpent)]
    assert spent == ["too_soon"]
    home.until("13:29")
    home.press()
    assert home.orders()[-1] == ("present", "morning")
    home.until("13:31")
    home.press()
    assert home.orders()[-1] == ("release", "noon")


@pytest.mark.parametrize("behind", [DAY, 116 * DAY])
def test_a_dose_lifted_while_the_clock_was_behind_keeps_the_next_one_at_its_distance(
    behind: timedelta,
) -> None:
    """Found in the bottle: "had last November", and staff got the right to give the other one at once."""
    home = twice_a_day()
    lifted_off(home, "09:50", -behind)
    home.until("11:30")
    trust(home)
    assert earliest(home.world, home.dose("noon")) == utc("13:30")
    home.until("12:05")
    spent = [event.reason for event in home.press() if isinstance(event, ev.PressSpent)]
    assert spent == ["too_soon"]


def outcome(at: datetime, dose_id: str, which: ev.Outcome, revision: int = 1) -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(at, dose_id, revision, which, False, "Anna", "given", happened=at)


def dated_ahead(home: PureHome) -> str:
    """The morning was given by hand on a clock a day ahead; at 09:00 a clock is trusted again."""
    home.until("08:05")
    step(home, DAY)
    dose_id = home.dose("morning").dose_id
    home.world = evolve(home.world, outcome(home.now, dose_id, ev.Outcome.GIVEN_BY_STAFF))
    step(home, -DAY)
    home.until("09:00")
    trust(home)
    assert home.dose("morning").had_at == utc("09:00")
    return dose_id


def test_a_lift_recorded_later_is_when_it_was_had(home: PureHome) -> None:
    dose_id = dated_ahead(home)
    home.until("09:40")
    home.give(home.robot.write(home.now, "lifted", dose_id=dose_id))
    assert home.dose("morning").had_at == utc("09:40")


def test_a_corrected_outcome_is_when_it_was_had(home: PureHome) -> None:
    dose_id = dated_ahead(home)
    home.until("09:40")
    home.world = evolve(home.world, outcome(home.now, dose_id, ev.Outcome.CONFIRMED, 2))
    assert home.dose("morning").had_at == utc("09:40")


def test_a_residents_word_about_a_doubt_is_when_it_was_had(home: PureHome) -> None:
    dose_id = dated_ahead(home)
    doses = {**home.world.doses, dose_id: replace(home.dose("morning"), stage=Stage.DOUBT)}
    home.world = replace(home.world, doses=doses)
    home.until("09:40")
    assert home.decide(home.dose("morning"), ev.Verdict.HAD_IT, "Anna").accepted
    assert home.dose("morning").had_at == utc("09:40")


def test_the_outcome_of_a_lift_that_was_dated_ahead_leaves_it_dated_by_the_trusted_clock() -> None:
    """It follows from the same record, and says that record's time again."""
    home = twice_a_day()
    lifted_off(home, "08:05", DAY)
    home.until("08:07")
    trust(home)
    lifted = home.dose("morning").lifted
    assert lifted is not None
    assert home.outcome("morning") is not None
    again = replace(outcome(home.now, home.dose("morning").dose_id, ev.Outcome.RETRIEVED, 2), happened=lifted)
    home.world = evolve(home.world, again)
    assert home.dose("morning").had_at == utc("08:07")


def test_a_trusted_clock_says_nothing_of_doses_that_nobody_had_yet(home: PureHome) -> None:
    """In doubt at noon it counts from noon, not from the clock's comparison in the morning."""
    step(home, timedelta(minutes=3))
    step(home, -timedelta(minutes=3))
    trust(home)
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.press()
    home.move("accepted started")
    home.until("12:08")
    assert home.dose("noon").stage is Stage.DOUBT
    assert home.dose("noon").had_at == utc("12:00")


# --- two tokens for medicine that is shared ---------------------------------------------------------


def test_while_one_dose_may_be_given_by_hand_no_token_passes_for_another_that_shares_its_medicine() -> None:
    home = twice_a_day()
    home.lost()
    home.until("10:05")
    first = home.incident("morning")
    assert first is not None
    assert home.outcome("morning") == ("failed", False)
    home.until("11:40")
    second = home.incident("noon")
    assert second is not None
    assert home.take(first, "Anna").accepted
    assert home.dose("morning").token == "Anna"

    assert home.take(second, "Bo").accepted
    assert home.dose("noon").token == "", "both would give the same medicine"

    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    home.until("11:45")
    second = home.incident("noon")
    assert second is not None
    assert home.take(second, "Bo").accepted
    assert home.dose("noon").token == "Bo"


def test_an_untrusted_clock_opens_no_window_and_says_that_the_dose_is_blocked() -> None:
    """Else tomorrow's dose would be due for ever, and a newer card could neither move nor withdraw it."""
    home = PureHome(utc("07:40"))
    home.start()
    step(home, DAY)
    home.until("08:05", day=2)
    assert home.dose("morning", day=2).stage is Stage.PLANNED
    blocked = home.incident("morning", day=2)
    assert blocked is not None
    assert (blocked.kind, blocked.detail) == (ev.Kind.DOSE_BLOCKED, "clock")
    step(home, -DAY)
    trust(home)
    home.until("08:05")
    assert home.dose("morning").stage is Stage.DUE
    assert home.dose("morning", day=2).stage is Stage.PLANNED


def test_no_token_passes_for_medicine_that_the_newest_card_has_stopped() -> None:
    """S1: by hand too, no more than the plan in force asks for."""
    home = PureHome(utc("07:40"))
    home.start()
    home.until("08:05")
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), lid_open=True)))
    home.until("08:10")
    assert home.incident("morning") is not None
    stopped = tuple(one for one in prescriptions() if one.prescription_id != "p-morning")
    home.give(cmd.OfferPlan(RESIDENT, 2, stopped, "f2"))
    incident = home.incident("morning")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    assert home.dose("morning").token == ""
