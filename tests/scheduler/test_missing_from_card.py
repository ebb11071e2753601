"""Rule 21: what a newer card no longer has is no withdrawal; somebody hears of it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.gate import planned_on
from scheduler.plan import Prescription
from scheduler.record import from_plain, to_plain
from tests.scheduler.test_refused_prescription import REFUSED, told
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, prescriptions, utc

WITHOUT_NOON = tuple(one for one in prescriptions() if one.prescription_id != "p-noon")


def card(
    home: PureHome, version: int, card: tuple[Prescription, ...], *ended: str, fingerprint: str = ""
) -> list[ev.Event]:
    name = fingerprint or f"f{version}"
    return home.give(cmd.OfferPlan(RESIDENT, version, card, name, (), frozenset(ended)))


def slots(home: PureHome, day: date = FIRST_DAY) -> set[str]:
    return {dose.plan.slot for dose in home.world.doses.values() if dose.plan.day == day}


def test_it_goes_on_and_somebody_hears_of_it_at_once(home: PureHome) -> None:
    card(home, 2, WITHOUT_NOON)
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry")
    assert slots(home) == {"morning", "noon", "evening", "night"}
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_the_same_version_with_other_content_changes_nothing(home: PureHome) -> None:
    """Rule 19: nobody knows which of the two is right."""
    card(home, 1, WITHOUT_NOON, "p-noon", fingerprint="other")
    assert told(home) == ("HIGH", "same_version_other_content Bundle.identifier")
    assert slots(home) == {"morning", "noon", "evening", "night"}


def test_a_card_of_somebody_who_does_not_live_here_is_refused(home: PureHome) -> None:
    stranger = "0" * 32
    home.give(cmd.OfferPlan(stranger, 1, WITHOUT_NOON, "f"))
    refused = [event for event in home.journal if isinstance(event, ev.PlanRefused)]
    assert [(event.resident, event.reason) for event in refused] == [(stranger, "wrong_person")]
    assert stranger not in home.world.plans


def test_a_card_that_names_it_as_ended_withdraws_it(home: PureHome) -> None:
    card(home, 2, WITHOUT_NOON, "p-noon")
    assert told(home) is None
    assert slots(home) == {"morning", "evening", "night"}


@pytest.mark.parametrize(("back", "ended"), [(prescriptions(), ()), (WITHOUT_NOON, ("p-noon",))])
def test_put_back_or_ended_it_is_over(
    home: PureHome, back: tuple[Prescription, ...], ended: tuple[str, ...]
) -> None:
    card(home, 2, WITHOUT_NOON)
    card(home, 3, back, *ended)
    assert told(home) is None
    assert ("noon" in slots(home)) is (not ended)
    assert home.world.plans[RESIDENT].missing == ()


def test_missing_again_it_stays_told(home: PureHome) -> None:
    card(home, 2, WITHOUT_NOON)
    before = home.world.plans[RESIDENT]
    card(home, 3, WITHOUT_NOON)
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry")
    assert home.world.plans[RESIDENT] == replace(before, card_version=3), "what is given is as it was"


def test_a_card_that_lacks_all_of_them_is_a_fault_of_access(home: PureHome) -> None:
    other = replace(prescriptions()[0], prescription_id="p-other", drug="C10AA01")
    card(home, 2, (other,))
    assert told(home) == ("HIGH", "all_prescriptions_missing Bundle.identifier")
    assert home.world.plans[RESIDENT].card_version == 1
    assert slots(home) == {"morning", "noon", "evening", "night"}


def test_all_of_them_ended_by_name_is_a_card_like_any_other(home: PureHome) -> None:
    card(home, 2, (), *(one.prescription_id for one in prescriptions()))
    assert told(home) is None
    assert slots(home) == set()


def test_where_another_prescription_gives_the_same_drug_the_one_before_is_not_given_too(
    home: PureHome,
) -> None:
    """S1: renewed under another id, it would be given twice."""
    renewed = replace(prescriptions()[1], prescription_id="p-noon-2")
    card(home, 2, (*WITHOUT_NOON, renewed))
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry")
    plan = home.world.plans[RESIDENT]
    assert planned_on(plan, "p-noon", FIRST_DAY) == 0
    assert planned_on(plan, "p-noon-2", FIRST_DAY) == 1
    card(home, 3, (*WITHOUT_NOON, renewed))
    assert told(home) is not None, "until somebody has said what became of it"
    card(home, 4, (*WITHOUT_NOON, renewed), "p-noon")
    assert told(home) is None


def test_where_people_now_give_the_same_drug_the_one_before_is_not_given_too(home: PureHome) -> None:
    """S1: rewritten under another id in words that no machine may carry out, staff would give it by hand and
    the robot what stood there before."""
    rewritten = replace(REFUSED, prescription_id="p-noon-2")
    home.give(cmd.OfferPlan(RESIDENT, 2, WITHOUT_NOON, "f2", (rewritten,), frozenset()))
    plan = home.world.plans[RESIDENT]
    assert (plan.missing, plan.refused) == (("p-noon",), (rewritten,))
    assert slots(home) == {"morning", "evening", "night"}
    home.until("12:30")
    assert home.robot.holding == home.robot.tray == ""


def test_left_to_people_of_another_drug_takes_nothing_from_the_one_before(home: PureHome) -> None:
    other = replace(REFUSED, prescription_id="p-other", drug="C10AA01")
    home.give(cmd.OfferPlan(RESIDENT, 2, WITHOUT_NOON, "f2", (other,), frozenset()))
    assert slots(home) == {"morning", "noon", "evening", "night"}


def test_what_was_left_to_people_and_the_robot_gives_by_now_is_not_theirs_any_more(home: PureHome) -> None:
    """S1, the other way round."""
    home.give(cmd.OfferPlan(RESIDENT, 2, WITHOUT_NOON, "f2", (REFUSED,), frozenset()))
    rewritten = replace(prescriptions()[1], prescription_id="p-noon-2")
    card(home, 3, (*WITHOUT_NOON, rewritten))
    plan = home.world.plans[RESIDENT]
    assert (plan.missing, plan.refused) == (("p-noon",), ())
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry")
    assert "noon" in slots(home)


def test_what_was_left_to_people_is_missed_too(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, WITHOUT_NOON, "f2", (REFUSED,), frozenset()))
    card(home, 3, WITHOUT_NOON)
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry")
    assert home.world.plans[RESIDENT].refused == (REFUSED,)


def test_one_whose_last_date_is_past_may_leave_the_card() -> None:
    home = PureHome(_at(1))
    home.daemon()
    home.connect()
    short = _until(FIRST_DAY)
    card(home, 1, (*WITHOUT_NOON, short))
    home.until_at(_at(2))
    card(home, 2, WITHOUT_NOON)
    assert told(home) is None
    assert home.world.plans[RESIDENT].missing == ()


def test_read_again_after_it_has_ended_it_is_the_same_card() -> None:
    home = PureHome(_at(1))
    home.daemon()
    home.connect()
    card(home, 1, (*WITHOUT_NOON, _until(FIRST_DAY)))
    card(home, 2, WITHOUT_NOON)
    assert told(home) is not None
    home.until_at(_at(3))
    card(home, 2, WITHOUT_NOON, fingerprint="read after a start")
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry"), "and not another content"


def test_a_sender_that_never_names_what_has_ended_vouches_for_the_rest(home: PureHome) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, WITHOUT_NOON, "f2"))
    assert told(home) is None
    assert slots(home) == {"morning", "evening", "night"}


def test_an_older_journal_knows_of_nothing_missing(home: PureHome) -> None:
    accepted = next(event for event in home.journal if isinstance(event, ev.PlanAccepted))
    plain = to_plain(accepted)
    plan = plain["plan"]
    assert isinstance(plan, dict)
    assert plan.pop("missing") == []
    assert from_plain(plain) == accepted


def _at(day: int) -> datetime:
    return utc("07:50", day)


def _until(last: date) -> Prescription:
    noon = prescriptions()[1]
    (period,) = noon.dosage.periods
    return replace(noon, dosage=replace(noon.dosage, periods=(replace(period, last=last),)))


def test_a_card_after_one_that_asked_for_nothing_comes_into_force(home: PureHome) -> None:
    """What has been missing since long before is told, and keeps no new medicine from anybody (S4)."""
    instead = replace(prescriptions()[1], prescription_id="p-instead")
    rest = tuple(one.prescription_id for one in WITHOUT_NOON)
    card(home, 2, (*WITHOUT_NOON, instead))
    card(home, 3, (), *rest, "p-instead")
    assert home.world.plans[RESIDENT].prescriptions == ()
    card(home, 4, (prescriptions()[2],))
    assert home.world.plans[RESIDENT].card_version == 4
    assert "evening" in slots(home)
    assert told(home) == ("HIGH", "prescription_missing Bundle.entry")
