"""Medicine both fixed and as needed that others gave: a person says which of the two it was (S1, rule 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.as_needed_limits import amount_elsewhere, may_be_had
from scheduler.display import display
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.dose import Stage
from scheduler.gate import earliest, why_not_release, why_not_send
from scheduler.given_elsewhere import by_others, of_others
from scheduler.plan import Prescription
from tests.scheduler.test_side_doses import home_with, lines, outcome, side, told
from tests.support.attack_moves import is_open
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, prescriptions, setting, utc

ABOUT = "p-noon"


def mixed(gap_min: int | None = 30, per_day: int = 4, part: DayPart = DayPart.NOON) -> Prescription:
    """A tablet at noon, and more as needed."""
    limit = Limit(gap_min=gap_min, per_day=Decimal(per_day))
    free = Period(
        FIRST_DAY, None, NOT_ITERATED, (Day(ANY_DAY, (Intake(Decimal(1), as_needed=True),)),), limit
    )
    fixed = cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), part=part),))
    one = next(one for one in prescriptions() if one.prescription_id == ABOUT)
    return replace(one, dosage=Dosage("tablet", (free, fixed)))


def fixed_alone() -> Prescription:
    return next(one for one in prescriptions() if one.prescription_id == ABOUT)


def card(home: PureHome, version: int, *changed: Prescription) -> None:
    names = {one.prescription_id for one in changed}
    rest = tuple(one for one in prescriptions() if one.prescription_id not in names | {ABOUT})
    home.give(cmd.OfferPlan(RESIDENT, version, (*rest, *changed), f"f{version}"))


@pytest.fixture
def noon() -> PureHome:
    """The morning's is had, and it is nearly noon."""
    home = PureHome(utc("07:50"), setting())
    home.start()
    card(home, 2, mixed())
    home.until("08:05")
    home.take_dose()
    home.until("11:20")
    return home


def others_gave(home: PureHome, *at: datetime, amount: int = 1, about: str = ABOUT) -> None:
    """All that they gave, as of now."""
    given = tuple(ev.GivenElsewhere(about, one, Decimal(amount)) for one in at)
    home.give(cmd.ReportElsewhere(RESIDENT, home.now, given))


def says(home: PureHome, verdict: ev.Verdict, slot: str = "noon", day: int = 1, by: str = "Anna") -> str:
    """The answer's reason."""
    return home.decide(home.dose(slot, day), verdict, by).reason


def closed(home: PureHome) -> None:
    """Nobody came for it."""
    home.until("14:00")
    home.move()
    home.until("15:00")


FIXED, AS_NEEDED = ev.Verdict.HAD_IT, ev.Verdict.NOT_GIVEN


def about(home: PureHome, slot: str = "noon", day: int = 1) -> tuple[str, str, str]:
    incident = home.incident(slot, day)
    if incident is None or not is_open(incident):
        return ("", "", "")
    return (incident.kind.value, incident.priority.name.lower(), incident.detail)


def spent(events: Iterable[ev.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, ev.PressSpent)]


# --- nobody has said ------------------------------------------------------------------------------------


def test_the_fixed_dose_waits_and_staff_are_asked_in_time_for_its_opening(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert about(noon) == ("", "", ""), "the question comes with the dose, not in the night before"
    noon.until("11:30")
    assert about(noon) == ("dose_blocked", "medium", "perhaps_elsewhere")
    noon.until("12:05")
    assert spent(noon.press()) == ["perhaps_elsewhere"]
    assert [kind for kind, slot in noon.orders() if slot == "noon"] == []
    shown = display(noon.world, noon.setting, ROBOT, noon.now).lines[:2]
    assert shown == ("Måske er din medicin givet.", "Personalet får besked og ser efter.")


def test_nobody_is_reminded_of_what_they_may_have_had(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    noon.until("13:50")
    reminded = [e.dose_id for e in noon.journal if isinstance(e, ev.ReminderGiven)]
    assert noon.dose("noon").dose_id not in reminded


def test_nobody_gives_it_by_hand_before_somebody_has_said(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    noon.until("12:05")
    incident = noon.incident("noon")
    assert incident is not None and noon.take(incident, "Anna").accepted
    assert noon.dose("noon").token == ""


def test_the_question_comes_before_whatever_else_keeps_it_back(noon: PureHome) -> None:
    """With the robot away staff took an incident that gave them no right, and never read why."""
    others_gave(noon, utc("11:10"))
    noon.lost()
    noon.until("12:10")
    assert about(noon)[2] == "perhaps_elsewhere"
    assert says(noon, AS_NEEDED) == "done"
    assert about(noon)[0] == "robot_unreachable"


def test_nobody_said_it_is_withheld_and_stays_told(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    noon.until("14:00")
    noon.move()
    noon.until("14:05")
    settled = noon.dose("noon").outcome
    assert settled is not None
    assert (settled.outcome, settled.reason) == (ev.Outcome.WITHHELD, "perhaps_elsewhere")
    assert about(noon) == ("dose_blocked", "medium", "perhaps_elsewhere")


def test_what_is_on_its_way_is_not_sent(noon: PureHome) -> None:
    noon.until("12:05")
    noon.press()
    order = noon.world.order_under_way()
    assert order is not None
    others_gave(noon, utc("12:02"))
    assert why_not_send(noon.world, noon.setting, order.order, noon.now) == "perhaps_elsewhere"


def test_whoever_has_the_right_to_give_it_is_told_at_once(noon: PureHome) -> None:
    noon.until("12:05")
    noon.press()
    noon.move(result="not_moved", detail="motor_stall")
    incident = noon.incident("noon")
    assert incident is not None and noon.take(incident, "Anna").accepted
    assert noon.dose("noon").token == "Anna"
    others_gave(noon, utc("12:04"))
    assert about(noon) == ("release_failed", "high", "perhaps_elsewhere")
    assert says(noon, AS_NEEDED) == "done", "said by its holder: they did not give it"
    assert noon.dose("noon").token == "" and by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"


def test_what_may_have_been_the_dose_counts_against_the_limits_and_against_the_day(noon: PureHome) -> None:
    closed(noon)
    others_gave(noon, utc("11:10"), amount=4)
    asked = may_be_had(noon.world, RESIDENT, mixed(), Decimal(1), FIRST_DAY, noon.now)
    assert (asked.reason, asked.possible) == ("limit_reached", utc("11:10", day=2))
    assert amount_elsewhere(noon.world, RESIDENT, ABOUT, FIRST_DAY) == 4


# --- this dose ------------------------------------------------------------------------------------------


def test_it_was_this_dose(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    noon.until("12:05")
    assert says(noon, FIXED) == "done"
    assert about(noon) == ("dose_blocked", "medium", "given_elsewhere")
    assert spent(noon.press()) == ["given_elsewhere"]
    noon.until("14:00")
    noon.move()
    noon.until("14:05")
    settled = noon.dose("noon").outcome
    assert settled is not None
    assert (settled.outcome, settled.reason) == (ev.Outcome.WITHHELD, "given_elsewhere")


def test_then_it_counts_against_no_limit_and_keeps_its_gap(noon: PureHome) -> None:
    one = mixed(gap_min=60, per_day=1)
    card(noon, 3, one)
    closed(noon)
    others_gave(noon, utc("14:30"))
    unsaid = may_be_had(noon.world, RESIDENT, one, Decimal(1), FIRST_DAY, noon.now)
    assert unsaid.reason == "limit_reached"
    assert says(noon, FIXED) == "done"
    soon = may_be_had(noon.world, RESIDENT, one, Decimal(1), FIRST_DAY, noon.now)
    assert (soon.reason, soon.possible) == ("asked_too_soon", utc("15:30"))
    later = may_be_had(noon.world, RESIDENT, one, Decimal(1), FIRST_DAY, utc("15:30"))
    assert later.reason == ""


def test_of_two_as_near_the_nearest_was_the_dose_and_the_other_one_was_not(noon: PureHome) -> None:
    others_gave(noon, utc("11:09"), utc("11:10"))
    assert says(noon, FIXED) == "done"
    words = [event for event in noon.journal if isinstance(event, ev.ElsewhereSaid)]
    assert [(word.given.at, word.which.value) for word in words] == [
        (utc("11:09"), "as_needed"),
        (utc("11:10"), "fixed"),
    ]
    assert amount_elsewhere(noon.world, RESIDENT, ABOUT, FIRST_DAY) == 1


def test_of_two_that_are_alike_one_counts_against_the_limits(noon: PureHome) -> None:
    card(noon, 3, mixed(per_day=1))
    closed(noon)
    others_gave(noon, utc("11:10"), utc("11:10"))
    assert says(noon, FIXED) == "done"
    assert amount_elsewhere(noon.world, RESIDENT, ABOUT, FIRST_DAY) == 1
    asked = may_be_had(noon.world, RESIDENT, mixed(per_day=1), Decimal(1), FIRST_DAY, noon.now)
    assert (asked.reason, asked.possible) == ("limit_reached", utc("11:10", day=2))


def test_the_word_stays_with_the_dose_where_a_card_moves_it(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, FIXED) == "done"
    card(noon, 3, mixed(part=DayPart.NIGHT))
    assert noon.dose("noon").plan.opens > utc("20:00")
    assert by_others(noon.world, noon.dose("noon")) == "given_elsewhere"
    assert by_others(noon.world, noon.dose("noon", 2)) == ""


def test_where_a_card_takes_the_dose_away_the_one_nearest_to_it_is_covered(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, FIXED) == "done"
    first = noon.dose("noon").dose_id
    weekly = cycle(FIRST_DAY + timedelta(days=1), None, 7, (Intake(Decimal(1), part=DayPart.MORNING),))
    card(noon, 3, replace(mixed(), dosage=Dosage("tablet", (mixed().dosage.periods[0], weekly))))
    assert first not in noon.world.doses
    (planned,) = [dose for dose in noon.world.doses.values() if ABOUT in dose.plan.prescriptions]
    assert by_others(noon.world, planned) == "given_elsewhere"


def test_the_next_dose_keeps_half_the_gap_to_it(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    for word in (FIXED, AS_NEEDED):
        before = [at for at, _ in of_others(noon.world, noon.dose("noon", 2))]
        assert before == [utc("11:10")]
        assert says(noon, word) == "done"
    assert list(of_others(noon.world, noon.dose("noon", 2))) == []


# --- as needed ------------------------------------------------------------------------------------------


def test_it_was_as_needed_and_the_dose_is_offered_after_the_least_gap(noon: PureHome) -> None:
    others_gave(noon, utc("11:45"), utc("11:10"))
    noon.until("12:05")
    assert says(noon, AS_NEEDED) == "done"
    assert by_others(noon.world, noon.dose("noon")) == ""
    assert earliest(noon.world, noon.dose("noon")) == utc("12:15")
    noon.until("12:16")
    assert about(noon) == ("", "", "")
    noon.take_dose()
    assert noon.outcome("noon") == ("retrieved", False)
    noon.until("13:00")
    assert about(noon) == ("", "", "")


def test_the_word_outlives_a_card_that_drops_the_medicine_as_needed(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, AS_NEEDED) == "done"
    card(noon, 3, fixed_alone())
    assert by_others(noon.world, noon.dose("noon")) == ""
    assert says(noon, FIXED) == "done", "and can still be taken back"
    assert by_others(noon.world, noon.dose("noon")) == "given_elsewhere"


def test_the_word_outlives_the_next_report_and_not_an_administration_written_anew(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, AS_NEEDED) == "done"
    noon.until("11:25")
    others_gave(noon, utc("11:10"))
    assert by_others(noon.world, noon.dose("noon")) == ""
    noon.until("11:26")
    others_gave(noon, utc("11:12"))
    assert by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"


def test_that_nothing_more_was_given_forgets_no_word(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, AS_NEEDED) == "done"
    noon.until("12:05", day=2)
    noon.says(ev.Answer.AS_NEEDED)
    known = noon.world.elsewhere[RESIDENT]
    assert [word.which for word in known.said] == [ev.Which.AS_NEEDED]


@pytest.mark.parametrize(("first", "then"), [(FIXED, AS_NEEDED), (AS_NEEDED, FIXED)])
def test_the_other_word_takes_it_back_and_the_same_one_is_refused(
    noon: PureHome, first: ev.Verdict, then: ev.Verdict
) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, first) == "done"
    assert says(noon, first, by="Bo") == "said_before"
    assert says(noon, then, by="Bo") == "done"
    assert by_others(noon.world, noon.dose("noon")) == ("given_elsewhere" if then is FIXED else "")


def test_of_medicine_that_is_fixed_alone_nobody_is_asked(noon: PureHome) -> None:
    card(noon, 3, fixed_alone())
    others_gave(noon, utc("11:10"))
    assert by_others(noon.world, noon.dose("noon")) == "given_elsewhere"
    assert says(noon, AS_NEEDED) == "not_in_doubt"
    assert says(noon, FIXED) == "contradicts_record"


# --- afterwards -----------------------------------------------------------------------------------------


def withheld(home: PureHome, verdict: ev.Verdict | None) -> None:
    """It is settled as theirs, and its incident closed by a person."""
    others_gave(home, utc("11:10"))
    home.until("12:05")
    if verdict is not None:
        assert says(home, verdict) == "done"
    home.until("14:00")
    home.move()
    home.until("14:05")
    incident = home.incident("noon")
    assert incident is not None and home.take(incident, "Anna").accepted
    incident = home.incident("noon")
    assert incident is not None and home.close(incident, "Anna", "given_by_us").accepted
    assert about(home) == ("", "", "")


@pytest.mark.parametrize("verdict", [None, FIXED])
def test_taken_back_after_somebody_closed_it_staff_hear_that_nobody_gave_it(
    noon: PureHome, verdict: ev.Verdict | None
) -> None:
    """Nobody did, and nobody was told: a silent miss."""
    withheld(noon, verdict)
    noon.until("14:30")
    others_gave(noon)
    assert about(noon) == ("dose_blocked", "medium", "not_by_others")
    incident = noon.incident("noon")
    assert incident is not None and noon.take(incident, "Anna").accepted
    assert noon.dose("noon").token == "Anna"
    assert says(noon, ev.Verdict.GIVEN) == "done"
    settled = noon.dose("noon").outcome
    assert settled is not None and settled.outcome is ev.Outcome.GIVEN_BY_STAFF


def test_a_card_that_drops_the_medicine_takes_no_administration_back(noon: PureHome) -> None:
    """Staff were told that nobody had given what others had."""
    withheld(noon, FIXED)
    ended = frozenset({ABOUT})
    rest = tuple(one for one in prescriptions() if one.prescription_id != ABOUT)
    noon.give(cmd.OfferPlan(RESIDENT, 3, rest, "f3", ended=ended))
    assert ABOUT not in {one.prescription_id for one in noon.world.plans[RESIDENT].prescriptions}
    noon.until("15:00")
    assert about(noon) == ("", "", "")


def test_said_to_be_as_needed_after_its_window_staff_hear_that_nobody_gave_it(noon: PureHome) -> None:
    withheld(noon, None)
    assert says(noon, AS_NEEDED) == "done"
    assert about(noon) == ("dose_blocked", "medium", "not_by_others")


def test_what_was_missed_here_and_given_by_others_is_told(noon: PureHome) -> None:
    noon.until("14:00")
    noon.move()
    noon.until("14:05")
    assert noon.outcome("noon") == ("missed", False)
    others_gave(noon, utc("13:00"))
    assert about(noon)[2] == "perhaps_elsewhere"
    assert says(noon, AS_NEEDED) == "done"
    assert about(noon)[0] == "dose_missed"


def had_here(home: PureHome) -> None:
    home.until("12:05")
    home.take_dose()
    home.until("13:00")
    assert home.outcome("noon") == ("retrieved", False)


@pytest.mark.parametrize(("at", "kind"), [("12:30", "record_contradicts"), ("12:36", "")])
def test_had_here_it_is_a_possible_double_dose_within_the_least_gap_alone(
    noon: PureHome, at: str, kind: str
) -> None:
    had_here(noon)
    others_gave(noon, utc(at))
    assert about(noon)[0] == kind


def test_where_the_card_bounds_nothing_both_are_always_told() -> None:
    home = PureHome(utc("07:50"), setting())
    home.start()
    free, fixed = mixed().dosage.periods
    card(home, 2, replace(mixed(), dosage=Dosage("tablet", (replace(free, limit=None), fixed))))
    home.until("08:05")
    home.take_dose()
    had_here(home)
    others_gave(home, utc("16:00"))
    assert about(home)[::2] == ("record_contradicts", "given_twice")


# --- what comes first -----------------------------------------------------------------------------------


def test_a_doubt_here_is_settled_first(noon: PureHome) -> None:
    noon.until("12:05")
    noon.press()
    noon.move(result="unclear")
    assert noon.dose("noon").stage is Stage.DOUBT
    others_gave(noon, utc("11:50"))
    assert about(noon)[0] == "order_unknown"
    assert says(noon, AS_NEEDED) == "done"
    assert noon.dose("noon").stage is not Stage.DOUBT
    assert by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"
    assert says(noon, AS_NEEDED) == "done"
    assert by_others(noon.world, noon.dose("noon")) == ""


def test_the_word_is_about_nobody_elses_dose_and_no_other_one(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, AS_NEEDED, slot="evening") == "not_in_doubt"
    assert by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"


# --- beside the robot -----------------------------------------------------------------------------------

DROPS = Prescription(
    "p-drops",
    "A10AB05",
    "100 IE/ml",
    Dosage(
        "enhed",
        (
            Period(
                FIRST_DAY,
                None,
                NOT_ITERATED,
                (Day(ANY_DAY, (Intake(Decimal(4), as_needed=True),)),),
                Limit(gap_min=60, per_day=Decimal(40)),
            ),
            cycle(FIRST_DAY, None, 1, (Intake(Decimal(8), part=DayPart.MORNING),)),
        ),
    ),
)


def beside(home: PureHome, verdict: ev.Verdict) -> str:
    word = ("", "home", "", 0, home.soon())
    return home.ask(
        cmd.DecideDose(home.nonce(), side(home, "p-drops").dose_id, verdict, "Anna", *word)
    ).reason


def test_beside_the_robot_too_a_person_says_which_it_was() -> None:
    home = home_with(DROPS, reminder_only=True)
    home.until("08:05")
    others_gave(home, utc("07:40"), amount=4, about="p-drops")
    assert not any("8 enheder" in line for line in lines(home))
    home.press()
    assert outcome(home, "p-drops") is None
    incident = told(home, "p-drops")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.SIDE_UNCONFIRMED, "perhaps_elsewhere")
    assert beside(home, FIXED) == "done"
    assert beside(home, FIXED) == "said_before", "and no word that they had it here"
    assert outcome(home, "p-drops") is None
    assert beside(home, AS_NEEDED) == "done"
    home.until("08:40")
    assert "8 enheder" in lines(home)[0], "an hour later"
    assert beside(home, FIXED) == "done", "they had it here"
    assert outcome(home, "p-drops") == ("confirmed", "Anna", False)


def test_beside_the_robot_what_they_had_here_is_no_question_about_others() -> None:
    home = home_with(DROPS, reminder_only=True)
    home.until("08:05")
    home.press()
    assert outcome(home, "p-drops") == ("confirmed", "", False)
    others_gave(home, utc("07:40"), amount=4, about="p-drops")
    assert beside(home, FIXED) == "already_settled"
    assert beside(home, AS_NEEDED) == "already_settled"
    assert not any(isinstance(event, ev.ElsewhereSaid) for event in home.journal)


def test_beside_the_robot_taken_back_after_its_window_staff_hear_that_nobody_gave_it() -> None:
    home = home_with(DROPS, reminder_only=True)
    home.until("08:05")
    others_gave(home, utc("07:40"), amount=4, about="p-drops")
    home.until("10:05")
    incident = told(home, "p-drops")
    assert incident is not None and incident.detail == "perhaps_elsewhere"
    assert home.take(incident, "Anna").accepted
    incident = told(home, "p-drops")
    assert incident is not None and home.close(incident, "Anna", "given_by_us").accepted
    others_gave(home)
    incident = told(home, "p-drops")
    assert incident is not None
    assert is_open(incident) and incident.detail == "not_by_others"


def test_beside_the_robot_both_had_soon_after_each_other_is_a_possible_double_dose() -> None:
    home = home_with(DROPS, reminder_only=True)
    home.until("08:05")
    home.press()
    assert outcome(home, "p-drops") == ("confirmed", "", False)
    home.until("09:30")
    others_gave(home, utc("09:10"), amount=4, about="p-drops")
    assert told(home, "p-drops") is None
    home.until("09:40")
    others_gave(home, utc("09:00"), amount=4, about="p-drops")
    incident = told(home, "p-drops")
    assert incident is not None and incident.kind is ev.Kind.RECORD_CONTRADICTS


def test_none_of_it_is_the_next_dose_when_it_is_nearer_to_this_one(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert why_not_release(noon.world, noon.setting, noon.dose("noon", 2), noon.now) != "perhaps_elsewhere"
