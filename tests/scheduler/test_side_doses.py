"""Medicine beside the robot: reminded, confirmed, told where nobody did, and never an order (S7, S4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.events import Answer
from scheduler.plan import Prescription
from scheduler.world import SideDose, World
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, prescriptions, setting, utc


def beside(name: str, drug: str, unit: str, part: DayPart, quantity: int = 10) -> Prescription:
    intake = Intake(Decimal(quantity), part=part)
    return Prescription(name, drug, "10 mg/ml", Dosage(unit, (cycle(FIRST_DAY, None, 1, (intake,)),)))


DROPS = beside("drops", "N02BE01", "dråbe", DayPart.MORNING)
INSULIN = beside("insulin", "A10AB05", "IE", DayPart.MORNING, 8)
INHALER = beside("inhaler", "C10AA01", "pust", DayPart.NOON, 2)


def home_with(*more: Prescription, reminder_only: bool = False) -> PureHome:
    base = setting()
    known = base.catalogue.known | {"A10AB05"}
    lives = (replace(base.residents[0], reminder_only=reminder_only),)
    settings = replace(base, catalogue=replace(base.catalogue, known=known), residents=lives)
    home = PureHome(utc("07:50"), settings)
    home.start()
    home.give(cmd.OfferPlan(RESIDENT, 2, (*prescriptions(), *more), "f2"))
    return home


def side(home: PureHome, name: str, day: int = 1) -> SideDose:
    date = FIRST_DAY + timedelta(days=day - 1)
    found = [s for s in home.world.sides.values() if name in s.plan.prescriptions and s.plan.day == date]
    assert len(found) == 1, name
    return found[0]


def told(home: PureHome, name: str, day: int = 1) -> ev.Incident | None:
    return home.world.incident_about(f"dose:{side(home, name, day).dose_id}")


def outcome(home: PureHome, name: str) -> tuple[str, str, bool] | None:
    settled = side(home, name).outcome
    return (settled.outcome.value, settled.by, settled.late) if settled else None


def delivered(home: PureHome) -> World:
    """As if on-call had receipted everything."""
    told = {key: replace(each, undelivered=False) for key, each in home.world.incidents.items()}
    return replace(home.world, incidents=told)


def lines(home: PureHome) -> tuple[str, ...]:
    return display(home.world, home.setting, ROBOT, home.now).lines


def test_it_is_a_part_of_its_own_and_no_sachet_waits_for_it() -> None:
    home = home_with(DROPS, INHALER)
    assert side(home, "drops").dose_id == f"{RESIDENT}/{FIRST_DAY}/morning/101"
    assert side(home, "inhaler").dose_id == f"{RESIDENT}/{FIRST_DAY}/noon/201"
    assert "drops" not in home.dose("morning").plan.prescriptions
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_it_is_shown_once_the_robot_asks_for_nothing_and_confirmed_by_a_press() -> None:
    home = home_with(DROPS, INSULIN)
    home.until("08:05")
    assert lines(home)[0] == "Det er tid til din medicin."
    home.take_dose()
    assert lines(home)[:2] == ("Husk også: 10 dråber, 8 IE.", "Tryk på knappen, når du har taget den.")
    home.until("08:06")
    home.press()
    assert outcome(home, "drops") == outcome(home, "insulin") == ("confirmed", "", False)
    assert home.orders() == [("release", "morning"), ("present", "morning")]
    assert home.open_incidents() == []


def test_an_impatient_press_after_the_lift_confirms_nothing() -> None:
    home = home_with(INSULIN)
    home.until("08:05")
    home.take_dose()
    home.press()
    assert outcome(home, "insulin") is None
    assert home.world.robot(ROBOT).spent == "too_soon"


def test_unconfirmed_is_told_from_the_half_window_on_and_missed_at_closing() -> None:
    home = home_with(DROPS, INSULIN)
    home.until("08:05")
    home.take_dose()
    home.until("08:59")
    assert told(home, "drops") is None
    home.until("09:00")
    first, insulin = told(home, "drops"), told(home, "insulin")
    assert first is not None
    assert insulin is not None
    assert (first.kind, first.priority) == (ev.Kind.SIDE_UNCONFIRMED, ev.Priority.LOW)
    assert (insulin.priority, insulin.detail) == (ev.Priority.MEDIUM, "insulin")
    home.until("10:00")
    assert outcome(home, "drops") == ("missed", "", False)
    still = told(home, "drops")
    assert still is not None
    assert still.state is not ev.State.CLOSED


def test_a_late_confirmation_clears_it() -> None:
    home = home_with(DROPS)
    home.until("08:05")
    home.take_dose()
    home.until("09:10")
    home.press()
    assert outcome(home, "drops") == ("confirmed", "", True)
    assert home.open_incidents() == []


def test_later_and_no_thanks_are_on_offer_for_it_too() -> None:
    home = home_with(DROPS)
    home.until("08:05")
    home.take_dose()
    home.until("08:06")
    home.says(Answer.LATER)
    assert display(home.world, home.setting, ROBOT, home.now).sound == "none"
    home.says(Answer.NO_THANKS)
    refused = told(home, "drops")
    assert refused is not None
    assert (refused.kind, refused.priority) == (ev.Kind.DOSE_REFUSED, ev.Priority.LOW)
    home.until("10:00")
    assert outcome(home, "drops") == ("refused", "", False)


def test_insulin_is_confirmed_while_the_robot_stands_still() -> None:
    home = home_with(INSULIN)
    home.robot.fault = "motor_stall"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:05")
    assert lines(home)[0] == "Husk også: 8 IE."
    assert (
        "Robotten kan ikke give medicin nu." in display(delivered(home), home.setting, ROBOT, home.now).lines
    )
    home.press()
    assert outcome(home, "insulin") == ("confirmed", "", False)


def test_a_press_is_about_the_sachet_while_the_robot_offers_one() -> None:
    home = home_with(INSULIN)
    home.until("08:05")
    home.press()
    assert home.orders() == [("release", "morning")]
    assert outcome(home, "insulin") is None


def test_staff_say_what_the_resident_told_them_and_give_only_after_closing() -> None:
    home = home_with(DROPS)
    home.until("08:30")
    asked = cmd.DecideDose(
        home.nonce(),
        side(home, "drops").dose_id,
        ev.Verdict.GIVEN,
        "Anna",
        "seen",
        "home",
        "",
        0,
        home.soon(),
    )
    assert home.ask(asked).reason == "side_open", "the resident may be at it (S1)"
    had = replace(asked, command_id=home.nonce(), verdict=ev.Verdict.HAD_IT)
    assert home.ask(had).accepted
    assert outcome(home, "drops") == ("confirmed", "Anna", False)
    assert home.ask(replace(had, command_id=home.nonce())).reason == "already_settled"


def test_given_by_staff_after_closing_is_a_correction() -> None:
    home = home_with(DROPS)
    home.until("10:30")
    asked = cmd.DecideDose(
        home.nonce(),
        side(home, "drops").dose_id,
        ev.Verdict.GIVEN,
        "Anna",
        "seen",
        "home",
        "",
        0,
        home.soon(),
    )
    assert home.ask(asked).accepted
    settled = side(home, "drops").outcome
    assert settled is not None
    assert (settled.outcome.value, settled.revision) == ("given_by_staff", 2)


def test_an_open_one_keeps_its_incident_open() -> None:
    home = home_with(DROPS)
    home.until("09:05")
    incident = told(home, "drops")
    assert incident is not None
    home.take(incident, "Anna")
    taken = told(home, "drops")
    assert taken is not None
    assert home.close(taken, "Anna", "called").reason == "still_open"


def test_on_an_untrusted_clock_nothing_is_due_missed_or_reminded() -> None:
    home = home_with(DROPS)
    home.give(cmd.ReportClockStep())
    home.until("10:30")
    assert outcome(home, "drops") is None
    assert not side(home, "drops").due


def test_a_moved_time_keeps_the_id_and_stopped_medicine_leaves_the_plan() -> None:
    home = home_with(DROPS, INHALER)
    moved = beside("drops", "N02BE01", "dråbe", DayPart.EVENING)
    was = side(home, "drops").dose_id
    home.give(cmd.OfferPlan(RESIDENT, 3, (*prescriptions(), moved), "f3"))
    assert side(home, "drops").dose_id == was
    assert side(home, "drops").plan.opens == utc("18:00")
    assert not any("inhaler" in s.plan.prescriptions for s in home.world.sides.values())


def test_a_new_one_beside_it_takes_no_id_of_another() -> None:
    home = home_with(INHALER)
    home.give(cmd.OfferPlan(RESIDENT, 3, (*prescriptions(), INHALER, DROPS), "f3"))
    ids = {s.dose_id for s in home.world.sides.values()}
    assert f"{RESIDENT}/{FIRST_DAY}/noon/101" in ids
    assert f"{RESIDENT}/{FIRST_DAY}/morning/201" in ids


def test_a_home_without_a_roll_is_reminded_confirmed_and_orders_nothing() -> None:
    """Situation 10: everything lies beside a prompt that has no magazine."""
    home = home_with(INSULIN, reminder_only=True)
    home.robot.labels, home.robot.production_id = [], ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.world.doses == {}
    home.until("08:10")
    assert lines(home)[0] == "Husk også: 1 tablet, 8 IE."
    home.press()
    home.until("13:00")
    assert home.orders() == []
    assert [each.kind for each in home.open_incidents()] == [ev.Kind.SIDE_UNCONFIRMED]
    home.press()
    assert home.open_incidents() == []


@pytest.mark.parametrize("days", [1, 6])
def test_settled_ones_leave_the_world_and_the_journal_replays(days: int) -> None:
    home = home_with(DROPS)
    for day in range(1, days + 1):
        home.until("08:05", day)
        home.press()
        while home.world.order_under_way() is not None:
            home.move()
        if home.robot.tray:
            home.lift()
        home.until("08:10", day)
        home.press()
        for at in ("10:01", "14:01", "20:01", "23:59"):
            home.until(at, day)
            while home.world.order_under_way() is not None:
                home.move()
    assert len(home.world.sides) <= 8
    confirmed = [
        e for e in home.journal if isinstance(e, ev.OutcomeRecorded) and e.outcome is ev.Outcome.CONFIRMED
    ]
    assert len(confirmed) == days


def test_a_helper_who_handed_it_over_confirms_what_the_robot_cannot_know(home: PureHome) -> None:
    """Situation 7."""
    home.until("08:05")
    home.take_dose()
    assert home.decide(home.dose("morning"), ev.Verdict.HAD_IT, "Mads").accepted
    settled = home.dose("morning").outcome
    assert settled is not None
    assert (settled.outcome.value, settled.by, settled.revision) == ("confirmed", "Mads", 2)
    assert home.open_incidents() == []


# --- modes and pauses (rule 22) -----------------------------------------------------------------------


def in_mode(home: PureHome, mode: ev.Mode) -> None:
    review, said = home.now + timedelta(days=7), ("Anna", "for now", "home", 0, home.soon())
    home.give(cmd.SetMode(f"mode-{mode}", RESIDENT, mode, review, *said))


def test_where_staff_remind_they_hear_of_it_and_the_robot_is_silent() -> None:
    home = home_with(INSULIN, reminder_only=True)
    in_mode(home, ev.Mode.ASSISTED)
    home.until("08:45")
    insulin = next(side for side in home.world.sides.values() if "insulin" in side.plan.prescriptions)
    incident = home.world.incident_about(f"dose:{insulin.dose_id}")
    assert incident is not None
    assert incident.kind is ev.Kind.DOSE_DUE
    assert not [event for event in home.journal if isinstance(event, ev.ReminderGiven)]
    assert display(home.world, home.setting, ROBOT, home.now).sound == "none"
    home.until("09:00")
    incident = home.world.incident_about(f"dose:{insulin.dose_id}")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.SIDE_UNCONFIRMED, ev.Priority.MEDIUM)


def test_where_staff_give_everything_they_hear_of_it_when_it_is_due() -> None:
    """S8: suspended, the robot shows nothing of it, and nobody else would."""
    home = home_with(INSULIN, reminder_only=True)
    in_mode(home, ev.Mode.SUSPENDED)
    home.until("08:01")
    assert not any("IE" in line for line in lines(home))
    incident = told(home, "insulin")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.DOSE_DUE, ev.Priority.LOW)


def test_of_somebody_who_is_away_nobody_asks_whether_they_had_it() -> None:
    home = home_with(INSULIN, reminder_only=True)
    said = ("Anna", "in hospital", "home", 0, home.soon())
    home.give(cmd.PauseResident("pause", RESIDENT, ev.PauseKind.HOSPITAL, None, *said))
    home.until("10:30")
    outcomes = [side.outcome for side in home.world.sides.values() if side.outcome is not None]
    assert {(outcome.outcome, outcome.reason) for outcome in outcomes} == {(ev.Outcome.WITHHELD, "paused")}
    assert len(outcomes) == 2, "insulin and the morning's tablets"
    assert not any(subject.startswith("dose:") for subject in home.world.subjects)


def test_staff_who_saw_it_say_so_also_after_the_resident_did() -> None:
    home = home_with(INSULIN, reminder_only=True)
    home.until("08:05")
    home.press()
    insulin = next(side for side in home.world.sides.values() if "insulin" in side.plan.prescriptions)
    seen = cmd.DecideDose(
        "seen", insulin.dose_id, ev.Verdict.WITNESSED, "Bo", "was there", "home", "", 0, home.soon()
    )
    home.give(seen)
    outcome = home.world.sides[insulin.dose_id].outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.by, outcome.revision) == (ev.Outcome.WITNESSED, "Bo", 2)


@pytest.mark.parametrize("after", [(), (beside("insulin", "A10AB05", "IE", DayPart.MORNING, 6),)])
def test_a_newer_card_takes_the_amount_of_before_off_the_display_and_somebody_calls(
    after: tuple[Prescription, ...],
) -> None:
    """Rule 22: stopped or cut while it was shown, it is in their hands."""
    home = home_with(INSULIN, reminder_only=True)
    home.until("08:05")
    assert "8 IE" in lines(home)[0]
    home.give(cmd.OfferPlan(RESIDENT, 3, (*prescriptions(), *after), "f3"))
    assert not any("IE" in line for line in lines(home))
    incident = told(home, "insulin")
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.SIDE_UNCONFIRMED,
        ev.Priority.HIGH,
        "card_changed",
    )
    home.press()
    assert outcome(home, "insulin") is None, "nobody confirms what no card asks for"
    home.until("10:01")
    assert outcome(home, "insulin") == ("withheld", "", False)
    kept = told(home, "insulin")
    assert kept is not None
    assert kept.state is not ev.State.CLOSED, "until a person closed it"


def test_a_newer_card_that_leaves_it_alone_or_moves_it_changes_no_prompt() -> None:
    home = home_with(INSULIN, reminder_only=True)
    home.until("08:05")
    moved = beside("insulin", "A10AB05", "IE", DayPart.EVENING, 8)
    home.give(cmd.OfferPlan(RESIDENT, 3, (*prescriptions(), moved), "f3"))
    assert "8 IE" in lines(home)[0]
    home.press()
    assert outcome(home, "insulin") == ("confirmed", "", False)


def test_a_card_that_asks_for_it_again_prompts_again() -> None:
    home = home_with(INSULIN, reminder_only=True)
    home.until("08:05")
    home.give(cmd.OfferPlan(RESIDENT, 3, prescriptions(), "f3"))
    assert not any("IE" in line for line in lines(home))
    home.give(cmd.OfferPlan(RESIDENT, 4, (*prescriptions(), INSULIN), "f4"))
    assert "8 IE" in lines(home)[0]


def on_leave(home: PureHome) -> None:
    """From five to eight to half past eleven."""
    times = (utc("00:00"), utc("11:00"), utc("07:00"), utc("07:55"), utc("11:30"))
    said = ("Anna", "to the doctor", "home", 0, home.soon())
    assert home.ask(cmd.PlanLeave("leave", RESIDENT, *times, *said)).accepted


def test_on_a_leave_nobody_is_asked_and_nothing_is_missed() -> None:
    home = home_with(INSULIN, INHALER, reminder_only=True)
    on_leave(home)
    home.until("10:01")
    settled = side(home, "insulin").outcome
    assert settled is not None
    assert (settled.outcome, settled.reason) == (ev.Outcome.WITHHELD, "on_leave")
    assert told(home, "insulin") is None
    assert not [event for event in home.journal if isinstance(event, ev.ReminderGiven)]
    home.until("13:01")
    incident = told(home, "inhaler")
    assert incident is not None, "they are back"
    assert incident.kind is ev.Kind.SIDE_UNCONFIRMED


def test_who_is_at_home_all_the_same_confirms_it() -> None:
    home = home_with(INSULIN, reminder_only=True)
    on_leave(home)
    home.until("08:05")
    assert "8 IE" in lines(home)[0]
    home.press()
    assert outcome(home, "insulin") == ("confirmed", "", False)
