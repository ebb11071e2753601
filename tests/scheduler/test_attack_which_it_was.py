"""Medicine both fixed and as needed that others gave, attacked: each of these once ended in harm (S1, S4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.as_needed_limits import amount_elsewhere, may_be_had
from scheduler.dosage import DayPart, Dosage, Intake, Limit, cycle
from scheduler.gate import beyond_plan
from scheduler.given_elsewhere import by_others
from scheduler.invariants import _given_by_others
from scheduler.plan import Prescription
from tests.scheduler.test_as_needed import home_with as pain_home
from tests.scheduler.test_as_needed import refused
from tests.scheduler.test_custody import ask, bundle, move_in, move_out, new_home
from tests.scheduler.test_side_doses import home_with, lines, outcome, side, told
from tests.scheduler.test_which_it_was import (
    ABOUT,
    AS_NEEDED,
    DROPS,
    FIXED,
    about,
    beside,
    card,
    closed,
    fixed_alone,
    mixed,
    others_gave,
    says,
)
from tests.support.attack_moves import is_open
from tests.support.pure_home import DRUGS, FIRST_DAY, RESIDENT, PureHome, setting, utc


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


def close_it(home: PureHome, slot: str = "noon") -> None:
    incident = home.incident(slot)
    assert incident is not None and home.take(incident, "Anna").accepted
    incident = home.incident(slot)
    assert incident is not None and home.close(incident, "Anna", "given_by_us").accepted
    assert about(home, slot) == ("", "", "")


# --- double doses ---------------------------------------------------------------------------------------


def second() -> Prescription:
    """Another tablet of the noon sachet that may be had as needed, too."""
    return replace(mixed(), prescription_id="p-second", drug=DRUGS["evening"])


@pytest.mark.parametrize("stays", [ABOUT, "p-second"])
def test_each_prescription_of_a_dose_has_an_administration_of_its_own(stays: str) -> None:
    """Both tablets of the sachet were given, minutes apart: one of them became as needed, and was given again
    once the other was taken back."""
    noon = PureHome(utc("07:50"), setting())
    noon.daemon()
    noon.connect()
    card(noon, 2, mixed(), second())
    assert noon.dose("noon").plan.prescriptions == {ABOUT, "p-second"}
    noon.until("11:20")
    one = ev.GivenElsewhere(ABOUT, utc("11:10"), Decimal(1))
    other = ev.GivenElsewhere("p-second", utc("11:11"), Decimal(1))
    noon.give(cmd.ReportElsewhere(RESIDENT, noon.now, (one, other)))
    assert says(noon, FIXED) == "done"
    assert {word.given: word.which for word in noon.world.elsewhere[RESIDENT].said} == {
        one: ev.Which.FIXED,
        other: ev.Which.FIXED,
    }
    noon.until("11:21")
    noon.give(cmd.ReportElsewhere(RESIDENT, noon.now, (one if stays == ABOUT else other,)))
    assert by_others(noon.world, noon.dose("noon")) == "given_elsewhere"


def test_another_one_that_is_alike_is_asked_about(noon: PureHome) -> None:
    """Two tablets at one time, each written by itself. The word about the first one spoke of both."""
    others_gave(noon, utc("11:10"))
    assert says(noon, AS_NEEDED) == "done"
    noon.until("11:25")
    others_gave(noon, utc("11:10"), utc("11:10"))
    assert by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"
    assert says(noon, FIXED) == "done"
    assert by_others(noon.world, noon.dose("noon")) == "given_elsewhere"


def test_another_one_that_is_alike_takes_back_no_word_that_it_was_the_dose(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"))
    assert says(noon, FIXED) == "done"
    noon.until("11:25")
    others_gave(noon, utc("11:10"), utc("11:10"))
    assert by_others(noon.world, noon.dose("noon")) == "given_elsewhere"
    assert amount_elsewhere(noon.world, RESIDENT, ABOUT, FIRST_DAY) == 1


def test_beside_the_robot_it_keeps_the_least_gap_to_what_was_as_needed() -> None:
    """Insulin as needed at 07:40, and an hour between two: the morning's was asked for at 08:05."""
    home = home_with(DROPS, reminder_only=True)
    home.until("08:05")
    others_gave(home, utc("07:40"), amount=4, about="p-drops")
    assert beside(home, AS_NEEDED) == "done"
    home.until("08:39")
    assert not any("8 enheder" in line for line in lines(home))
    home.press()
    assert outcome(home, "p-drops") is None
    reminded = [e.dose_id for e in home.journal if isinstance(e, ev.ReminderGiven)]
    assert side(home, "p-drops").dose_id not in reminded
    home.until("08:40")
    assert "8 enheder" in lines(home)[0]
    home.press()
    assert outcome(home, "p-drops") == ("confirmed", "", False)


@pytest.mark.parametrize("gap_min", [180, 140])
def test_beside_the_robot_too_soon_until_its_window_closes_is_told(gap_min: int) -> None:
    """With 140 min it would be possible at the very moment at which the window closes."""
    limit = Limit(gap_min=gap_min, per_day=Decimal(40))
    free, fixed = DROPS.dosage.periods
    home = home_with(
        replace(DROPS, dosage=Dosage("enhed", (replace(free, limit=limit), fixed))), reminder_only=True
    )
    home.until("08:05")
    others_gave(home, utc("07:40"), amount=4, about="p-drops")
    assert beside(home, AS_NEEDED) == "done"
    incident = told(home, "p-drops")
    assert incident is not None and is_open(incident) and incident.detail == "too_soon"
    home.until("10:05")
    settled = outcome(home, "p-drops")
    assert settled == ("withheld", "", False)
    incident = told(home, "p-drops")
    assert incident is not None and is_open(incident) and incident.detail == "too_soon"


def test_whoever_gives_by_hand_hears_of_what_was_as_needed_before(noon: PureHome) -> None:
    """The report of it came while somebody had the right to give the evening's: they were told nothing, and
    could give it within the least gap."""
    one = mixed(gap_min=200)
    twice = tuple(Intake(Decimal(1), part=part) for part in (DayPart.NOON, DayPart.EVENING))
    fixed = cycle(FIRST_DAY, None, 1, twice)
    card(noon, 3, replace(one, dosage=Dosage("tablet", (one.dosage.periods[0], fixed))))
    closed(noon)
    noon.until("18:02")
    evening = noon.dose("evening")
    assert ABOUT in evening.plan.prescriptions

    def told_now() -> ev.Incident:
        incident = noon.world.incident_about(f"dose:{evening.dose_id}")
        assert incident is not None
        return incident

    assert noon.take(told_now(), "Anna").accepted
    assert noon.world.doses[evening.dose_id].token == "Anna"
    noon.until("18:05")
    others_gave(noon, utc("14:55"))
    assert (told_now().priority, told_now().detail) == (ev.Priority.HIGH, "too_soon")
    noon.until("18:15")
    assert told_now().detail == ""


# --- counted too little ---------------------------------------------------------------------------------


def test_what_is_more_than_the_dose_was_as_needed(noon: PureHome) -> None:
    """Four tablets written as one administration, and the dose is one: none of them counted."""
    closed(noon)
    others_gave(noon, utc("11:10"), amount=4)
    assert says(noon, FIXED) == "done"
    asked = may_be_had(noon.world, RESIDENT, mixed(), Decimal(2), FIRST_DAY, noon.now)
    assert (asked.reason, asked.possible) == ("limit_reached", utc("11:10", day=2))
    one = may_be_had(noon.world, RESIDENT, mixed(), Decimal(1), FIRST_DAY, noon.now)
    assert one.reason == ""


def test_that_nothing_was_given_keeps_no_report_away_that_says_otherwise() -> None:
    """Written before the word and read after it, the report was taken for old."""
    home = pain_home(knows=False)
    home.says(ev.Answer.AS_NEEDED)
    incident = home.world.incident_about(f"as_needed:{RESIDENT}/p-pain")
    assert incident is not None and home.take(incident, "Anna").accepted
    incident = home.world.incident_about(incident.subject)
    assert incident is not None and home.close(incident, "Anna", "nothing_elsewhere").accepted
    before, word = home.now - timedelta(minutes=1), home.now
    given = ev.GivenElsewhere("p-pain", before - timedelta(minutes=10), Decimal(1))
    home.until_at(home.now + timedelta(minutes=1))
    home.give(cmd.ReportElsewhere(RESIDENT, before, (given,)))
    known = home.world.elsewhere[RESIDENT]
    assert known.given == (given,)
    assert known.known_to == word, "and what the person said still reaches further"
    home.says(ev.Answer.AS_NEEDED)
    assert refused(home) == ("asked_too_soon", given.at + timedelta(hours=4))
    home.give(cmd.ReportElsewhere(RESIDENT, before - timedelta(minutes=5), ()))
    assert home.world.elsewhere[RESIDENT].given == (given,), "older than what was read"


# --- nobody gave it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fixed_only", [False, True])
def test_missed_and_closed_as_given_by_others_it_is_told_when_nobody_did(
    noon: PureHome, fixed_only: bool
) -> None:
    if fixed_only:
        card(noon, 3, fixed_alone())
    closed(noon)
    assert noon.outcome("noon") == ("missed", False)
    others_gave(noon, utc("13:00"))
    assert about(noon)[2] == ("given_elsewhere" if fixed_only else "perhaps_elsewhere")
    close_it(noon)
    noon.until("15:10")
    others_gave(noon)
    assert about(noon)[0] == "dose_missed"


def test_missed_and_closed_as_given_by_others_it_is_told_when_it_was_as_needed(noon: PureHome) -> None:
    closed(noon)
    others_gave(noon, utc("13:00"))
    assert says(noon, FIXED) == "done"
    close_it(noon)
    assert says(noon, AS_NEEDED, by="Bo") == "done"
    assert about(noon)[0] == "dose_missed"


def test_a_card_that_drops_it_as_needed_answers_no_question(noon: PureHome) -> None:
    """It became *others gave it* by itself, and nobody could say otherwise."""
    others_gave(noon, utc("11:10"))
    card(noon, 3, fixed_alone())
    assert by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"
    noon.until("11:25")
    others_gave(noon, utc("11:10"))
    assert by_others(noon.world, noon.dose("noon")) == "perhaps_elsewhere"
    assert says(noon, AS_NEEDED) == "done"
    assert by_others(noon.world, noon.dose("noon")) == ""


def test_what_was_as_needed_after_a_dose_had_here_locks_no_later_dose_of_the_day() -> None:
    """Morning's had here, one as needed by others: the evening's was beyond the plan, for staff too, and
    nobody could say a word about it."""
    home = PureHome(utc("07:50"), setting())
    home.start()
    one = mixed(part=DayPart.MORNING)
    free = one.dosage.periods[0]
    twice = cycle(
        FIRST_DAY,
        None,
        1,
        (Intake(Decimal(1), part=DayPart.NOON), Intake(Decimal(1), part=DayPart.NIGHT)),
    )
    card(home, 2, replace(one, dosage=Dosage("tablet", (free, twice))))
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    home.until("15:10")
    others_gave(home, utc("15:00"))
    home.until("22:05")
    assert beyond_plan(home.world, home.dose("night")) == ""


@pytest.mark.parametrize("word", [False, True])
def test_closed_as_theirs_before_a_move_it_is_told_in_the_new_home_when_nobody_did(
    noon: PureHome, word: bool
) -> None:
    """What a person had closed in the old home was never spoken of again."""
    others_gave(noon, utc("11:10"))
    closed(noon)
    close_it(noon)
    new = new_home(noon.now)
    assert ask(new).accepted and move_out(noon).accepted
    assert move_in(new, bundle(noon)).accepted
    assert about(new) == ("", "", "")
    new.until_at(new.now + timedelta(minutes=5))
    if word:
        assert says(new, AS_NEEDED) == "done"
    else:
        others_gave(new)
    assert about(new)[0] == "dose_blocked"
    assert about(new)[2] == "not_by_others"


def test_a_word_and_the_question_go_along_to_the_new_home(noon: PureHome) -> None:
    others_gave(noon, utc("11:10"), utc("11:05"))
    card(noon, 3, fixed_alone())
    new = new_home(noon.now)
    assert ask(new).accepted and move_out(noon).accepted
    assert move_in(new, bundle(noon)).accepted
    new.until_at(new.now + timedelta(minutes=1))
    assert by_others(new.world, new.dose("noon")) == "perhaps_elsewhere"


# --- the fail-stop speaks of the same doses -------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_the_last_look_and_the_rule_agree_about_every_dose(seed: int) -> None:
    """Whatever was given, said, taken back and planned anew: where they disagree the home stops itself."""
    rng = Random(seed)
    home = PureHome(utc("07:50"), setting())
    home.start()
    known: list[ev.GivenElsewhere] = []
    for step in range(25):
        home.until_at(home.now + timedelta(minutes=rng.randrange(1, 180)))
        match rng.randrange(4):
            case 0 if rng.random() < 0.5:
                card(home, 2 + step, *_some_card(rng))
            case 1:
                at = home.now - timedelta(minutes=rng.choice((0, 5, 5, 60, 300, 720, 1000, 1400)))
                which = rng.choice(("p-morning", ABOUT, ABOUT))
                known.append(ev.GivenElsewhere(which, at, Decimal(rng.choice((1, 1, 2)))))
                if rng.random() < 0.3:
                    known.append(rng.choice(known))
                home.give(cmd.ReportElsewhere(RESIDENT, home.now, tuple(known)))
            case 2 if known:
                known.remove(rng.choice(known))
                home.give(cmd.ReportElsewhere(RESIDENT, home.now, tuple(known)))
            case _:
                every = [*home.world.doses.values()]
                near = [dose for dose in every if by_others(home.world, dose)] or every
                home.decide(rng.choice(near), rng.choice((FIXED, AS_NEEDED)), rng.choice(("Anna", "Bo")))
        for dose in home.world.doses.values():
            assert _given_by_others(home.world, dose) is bool(by_others(home.world, dose)), dose.dose_id


def _some_card(rng: Random) -> tuple[Prescription, ...]:
    parts = rng.sample(list(DayPart), k=rng.randrange(1, 4))
    free = mixed().dosage.periods[0]
    fixed = cycle(
        FIRST_DAY, None, rng.choice((1, 1, 3)), tuple(Intake(Decimal(1), part=part) for part in parts)
    )
    periods = (free, fixed) if rng.random() < 0.7 else (fixed,)
    return () if rng.random() < 0.1 else (replace(mixed(), dosage=Dosage("tablet", periods)),)
