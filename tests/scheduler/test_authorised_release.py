"""Early and late releases: authorised by a person and recorded first, bounded, and never twice (S1, S2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import Dosage, Intake, cycle
from scheduler.expand import Catalogue
from scheduler.permit import Permit
from tests.support.attack_moves import home_sharing, live_until
from tests.support.pure_home import DRUGS, FIRST_DAY, RESIDENT, PureHome, prescriptions, utc


def authorise(home: PureHome, slot: str, until: datetime | None = None, day: int = 1) -> str:
    dose_id = home.dose(slot, day).dose_id
    return home.ask(
        cmd.AuthoriseRelease(
            home.nonce(), RESIDENT, dose_id, until, "Anna", "to the dentist", "home", 0, home.soon()
        )
    ).reason


def spent(events: list[ev.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, ev.PressSpent)]


def test_an_early_release_is_recorded_first_and_then_answers_a_press(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("10:00")
    assert spent(home.press()) == ["nothing_due"]
    assert authorise(home, "noon") == "done"
    (word,) = [event for event in home.journal if isinstance(event, ev.ReleaseAuthorised)]
    assert (word.by, word.reason, word.via) == ("Anna", "to the dentist", "home")
    permit = home.dose("noon").permit
    assert permit is not None
    assert (permit.by, permit.reason, permit.along) == ("Anna", "to the dentist", False)
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)
    assert home.open_incidents() == [], "info alone"


def test_from_its_own_time_on_it_is_no_early_release(home: PureHome) -> None:
    noon = home.dose("noon")
    opens = noon.plan.opens
    early = replace(noon, permit=Permit(opens - timedelta(hours=1), opens + timedelta(hours=1), along=False))
    assert early.ahead_at(opens - timedelta(seconds=1))
    assert not early.ahead_at(opens)
    assert home.setting.robot_of("nobody") == ""


def test_it_is_never_had_twice(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("10:00")
    authorise(home, "noon")
    home.take_dose()
    home.until("12:05")
    assert spent(home.press()) == ["nothing_due"]
    assert authorise(home, "noon") == "already_settled"


def test_what_nobody_fetched_early_is_had_in_its_window(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("10:00")
    authorise(home, "noon")
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_an_early_release_keeps_the_least_distance_to_what_shares_a_prescription() -> None:
    """S2: half of the four hours between morning and noon."""
    home = home_sharing()
    home.until("08:05")
    home.take_dose()
    home.until("10:04")
    assert authorise(home, "noon") == "too_soon"
    home.until("10:05")
    assert authorise(home, "noon") == "done"
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_early_is_at_most_five_hours(home: PureHome) -> None:
    home.until("12:59")
    assert authorise(home, "evening") == "too_early"
    home.until("13:00")
    assert authorise(home, "evening") == "done"
    home.until("18:05")
    assert authorise(home, "evening") == "window_open"


def test_a_late_release_lets_the_window_go_on(home: PureHome) -> None:
    live_until(home, utc("19:00"))
    assert authorise(home, "evening", utc("21:00")) == "done"
    live_until(home, utc("20:30"))
    assert home.orders() == [("divert", "morning"), ("divert", "noon")], "nothing of it is put away yet"
    home.take_dose()
    assert home.outcome("evening") == ("retrieved", True)


@pytest.mark.parametrize(("moved_to", "closes"), [(None, utc("21:00")), (time(17, 45), utc("19:45"))])
def test_a_newer_card_leaves_the_word_in_force_while_the_time_stays(
    home: PureHome, moved_to: time | None, closes: datetime
) -> None:
    live_until(home, utc("17:30"))
    assert authorise(home, "evening", utc("21:00")) == "done"
    card = prescriptions()
    if moved_to is not None:
        often = Dosage("tablet", (cycle(FIRST_DAY, None, 1, [Intake(Decimal(1), clock=moved_to)]),))
        moved = [replace(one, dosage=often) if one.prescription_id == "p-evening" else one for one in card]
        card = tuple(moved)
    home.give(cmd.OfferPlan(RESIDENT, 2, card, "f2"))
    assert home.dose("evening").plan.closes == closes


def test_it_closes_after_the_hours_that_were_authorised(home: PureHome) -> None:
    live_until(home, utc("19:00"))
    authorise(home, "evening", utc("21:00"))
    live_until(home, utc("21:01"))
    assert home.outcome("evening") == ("missed", False)


def test_late_is_bounded_by_hours_and_by_the_next_of_the_strip(home: PureHome) -> None:
    live_until(home, utc("12:30"))
    assert authorise(home, "noon", utc("13:00")) == "until_is_past"
    assert authorise(home, "noon", utc("18:01")) == "too_late"
    live_until(home, utc("18:30"))
    assert authorise(home, "evening", utc("22:01")) == "next_dose"
    assert authorise(home, "evening", utc("22:00")) == "done"
    live_until(home, utc("22:30"))
    assert authorise(home, "evening", utc("23:00")) in ("window_closed", "not_in_robot", "already_settled")


@pytest.mark.parametrize("early", [True, False])
def test_controlled_medicine_keeps_its_window(early: bool) -> None:
    home = PureHome(utc("07:50"))
    known = frozenset(DRUGS.values())
    listed = Catalogue(known=known, critical=known, controlled=frozenset({DRUGS["noon"]}))
    home.setting = replace(home.setting, catalogue=listed)
    home.start()
    home.until("12:05" if not early else "11:00")
    assert authorise(home, "noon", None if early else utc("14:00")) == "controlled"


def test_a_dose_that_a_person_gives_is_not_offered_too(home: PureHome) -> None:
    home.lost()
    home.until("07:55")
    incident = home.incident("morning")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    assert home.dose("morning").token == "Anna"
    assert authorise(home, "morning") == "with_staff"


def test_nobody_authorises_without_a_clock_that_is_trusted(home: PureHome) -> None:
    """Rule 18."""
    home.give(home.clock_report(battery=False))
    assert not home.world.clock.trusted
    assert authorise(home, "morning") == "clock"


def test_a_dose_of_somebody_else_is_not_theirs(home: PureHome) -> None:
    dose_id = home.dose("noon").dose_id.replace(RESIDENT, "0" * 32)
    asked = cmd.AuthoriseRelease(home.nonce(), RESIDENT, dose_id, None, "Anna", "why", "home", 0, home.soon())
    assert home.ask(asked).reason == "unknown_dose"


def test_no_thanks_to_what_could_be_had_early_is_read_by_staff_at_once(home: PureHome) -> None:
    """S7: hours before its own window, too."""
    home.until("08:05")
    home.take_dose()
    home.until("10:00")
    authorise(home, "noon")
    home.says(ev.Answer.NO_THANKS)
    told = home.incident("noon")
    assert told is not None
    assert (told.kind, told.state) == (ev.Kind.DOSE_REFUSED, ev.State.RAISED)
