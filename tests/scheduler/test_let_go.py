"""A held sachet is discarded by one person or let go by two; one word alone changes nothing (rule 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.gate import why_not_release
from scheduler.let_go import same_person
from scheduler.plan import Content
from scheduler.receive_let_go import SECOND_NEEDED, WITHIN, let_go
from scheduler.roll import Roll
from scheduler.world import World
from tests.support.attack_moves import about, report
from tests.support.pure_home import DRUGS, RESIDENT, PureHome, prescriptions, roll, utc

LET_GO = ev.Verdict.LET_GO


def load(home: PureHome, changed: Roll) -> None:
    home.give(cmd.LoadRoll(changed, "technician"))


def held(home: PureHome) -> PureHome:
    """The manifest says LBL of the first sachet, the robot reads another label, which no manifest knows."""
    packed = roll()
    first = replace(packed.sachets[0], label="LBL-OTHER")
    load(home, replace(packed, sachets=(first, *packed.sachets[1:])))
    home.until("08:05")
    assert (home.dose("morning").stage, home.dose("morning").held) == (Stage.HELD, "label_unknown")
    return home


def packed_as(home: PureHome, *content: Content) -> None:
    packed = roll()
    first = replace(packed.sachets[0], content=frozenset(content))
    load(home, replace(packed, sachets=(first, *packed.sachets[1:])))
    home.until("08:05")
    assert home.dose("morning").held == "content_mismatch"


def says(home: PureHome, by: str) -> str:
    answered = home.decide(home.dose("morning"), LET_GO, by)
    return answered.reason if answered.accepted else f"not: {answered.reason}"


def test_two_people_let_it_go_and_the_resident_has_it_inside_its_window(home: PureHome) -> None:
    held(home)
    assert says(home, "Anna") == SECOND_NEEDED
    assert says(home, "Berit") == "done"
    assert home.dose("morning").stage is Stage.DUE
    assert about(home).state is ev.State.CLOSED
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)
    assert home.robot.lifted == ["L001"]
    said = [event.by for event in home.journal if isinstance(event, ev.HoldLetGo)]
    assert said == [("Anna",), ("Anna", "Berit")]
    assert [e.by for e in home.journal if isinstance(e, ev.DecisionMade)] == ["Anna", "Berit"]


def test_the_first_word_changes_nothing_and_is_seen(home: PureHome) -> None:
    held(home)
    before = home.dose("morning")
    says(home, "Anna")
    after = home.dose("morning")
    assert replace(after, let_go=None) == before
    home.press()
    assert home.orders() == []
    assert (about(home).detail, about(home).priority) == ("let_go_by_one", ev.Priority.HIGH)


@pytest.mark.parametrize("name", ["Anna", "anna ", "ANNA"])
def test_the_same_person_twice_is_one_person(home: PureHome, name: str) -> None:
    held(home)
    says(home, "Anna")
    assert says(home, name) == "not: same_person"
    assert home.dose("morning").stage is Stage.HELD


def test_a_first_word_lasts_for_its_time_and_no_longer(home: PureHome) -> None:
    held(home)
    says(home, "Anna")
    home.until_at(home.now + WITHIN - timedelta(seconds=1))
    assert about(home).detail == "let_go_by_one"
    home.until_at(home.now + timedelta(seconds=1))
    assert about(home).detail == "label_unknown"
    assert says(home, "Berit") == SECOND_NEEDED
    assert says(home, "Anna") == "done"


def test_a_second_word_about_another_sachet_is_a_first(home: PureHome) -> None:
    held(home)
    says(home, "Anna")
    report(home, mouth_label="L777")
    assert says(home, "Berit") == SECOND_NEEDED


def test_a_second_word_under_another_plan_is_a_first(home: PureHome) -> None:
    held(home)
    says(home, "Anna")
    rest = tuple(one for one in prescriptions() if one.prescription_id != "p-night")
    home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))
    assert says(home, "Berit") == SECOND_NEEDED


def test_it_is_that_sachet_which_was_let_go_and_no_other(home: PureHome) -> None:
    """S3: whatever lies there instead is held again, and needs two again."""
    held(home)
    says(home, "Anna")
    says(home, "Berit")
    report(home, mouth_label="L777")
    assert (home.dose("morning").stage, home.dose("morning").held_label) == (Stage.HELD, "L777")
    assert home.dose("morning").let_go is None
    assert says(home, "Berit") == SECOND_NEEDED


def test_after_the_window_nothing_is_let_go(home: PureHome) -> None:
    """S2."""
    held(home)
    home.until("09:50")
    says(home, "Anna")
    home.until("10:00")
    assert says(home, "Berit") in ("not: already_settled", "not: window_closed")
    assert home.outcome("morning") == ("withheld", False)


def test_let_go_and_not_fetched_is_missed_and_put_away(home: PureHome) -> None:
    held(home)
    says(home, "Anna")
    says(home, "Berit")
    home.until("10:00")
    home.move()
    assert home.outcome("morning") == ("missed", False)
    assert home.robot.store == ["L001"]


def test_another_persons_sachet_is_never_let_go(home: PureHome) -> None:
    packed = roll()
    held(home)
    mine = home.world.robot("SIM-0001")
    strange = replace(packed, resident="other", sachets=packed.sachets[:1])
    robots = {"SIM-0001": replace(mine, rolls={**mine.rolls, "other": strange})}
    home.world = replace(home.world, robots=robots)
    assert says(home, "Anna") == "not: other_person"


def test_what_can_not_be_read_is_not_let_go(home: PureHome) -> None:
    home.robot.labels[0] = ""
    report(home)
    home.until("08:05")
    assert home.dose("morning").held == "label_unreadable"
    assert says(home, "Anna") == "not: still_unreadable"


def test_one_person_is_enough_where_it_fits_by_now(home: PureHome) -> None:
    """Unreadable, and straightened: nothing is overruled."""
    home.robot.labels[0] = ""
    report(home)
    home.until("08:05")
    home.robot.labels[0] = "L001"
    report(home)
    assert home.dose("morning").stage is Stage.HELD, "a person decides, not the label"
    assert says(home, "Anna") == "done"
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


@pytest.mark.parametrize(
    "content",
    [
        (Content(DRUGS["night"], "10 mg", Decimal(1), "tablet"),),
        (Content(DRUGS["morning"], "10 mg", Decimal(2), "tablet"),),
        (
            Content(DRUGS["morning"], "10 mg", Decimal(1), "tablet"),
            Content(DRUGS["noon"], "10 mg", Decimal(1), "tablet"),
        ),
        (
            Content(DRUGS["morning"], "10 mg", Decimal(1), "tablet"),
            Content(DRUGS["morning"], "20 mg", Decimal(1), "tablet"),
        ),
    ],
    ids=["another drug", "more of it", "one more", "more of it in two strengths"],
)
def test_another_drug_or_more_of_it_is_never_let_go(home: PureHome, content: tuple[Content, ...]) -> None:
    """S1, S3."""
    packed_as(home, *content)
    assert says(home, "Anna") == "not: other_medicine"


def test_the_same_substance_of_another_strength_may_be(home: PureHome) -> None:
    packed_as(home, Content(DRUGS["morning"], "0.01 g", Decimal(1), "tablet"))
    says(home, "Anna")
    says(home, "Berit")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_what_the_card_in_force_asks_for_no_more_is_never_let_go(home: PureHome) -> None:
    home.until("08:05")
    rest = tuple(one for one in prescriptions() if one.prescription_id != "p-morning")
    home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))
    assert home.dose("morning").held == "card_changed"
    assert says(home, "Anna") == "not: double_dose"


def stronger(home: PureHome, version: int, strength: str) -> None:
    changed = tuple(
        replace(one, strength=strength) if one.prescription_id == "p-morning" else one
        for one in prescriptions()
    )
    home.give(cmd.OfferPlan(RESIDENT, version, changed, f"f{version}"))


def test_a_changed_card_is_let_go_as_that_card_says_and_no_later_one(home: PureHome) -> None:
    home.until("08:05")
    stronger(home, 2, "20 mg")
    says(home, "Anna")
    says(home, "Berit")
    assert why_not_release(home.world, home.setting, home.dose("morning"), home.now) == ""
    stronger(home, 3, "40 mg")
    assert (home.dose("morning").stage, home.dose("morning").held) == (Stage.HELD, "card_changed")


def test_what_was_let_go_under_a_changed_card_calls_nobody_when_it_is_lifted(home: PureHome) -> None:
    home.until("08:05")
    stronger(home, 2, "20 mg")
    says(home, "Anna")
    says(home, "Berit")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)
    assert [one.kind for one in home.open_incidents()] == [ev.Kind.ROLL_CONFLICT], "of the days to come"


def test_while_somebody_may_give_it_by_hand_it_is_not_let_go(home: PureHome) -> None:
    """Rule 5."""
    held(home)
    assert home.take(about(home), "Anna").accepted
    assert says(home, "Anna") == "not: with_staff"
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert says(home, "Anna") == SECOND_NEEDED
    assert home.take(about(home), "Anna").accepted
    assert says(home, "Berit") == "not: with_staff"


def test_a_discard_by_one_goes_before(home: PureHome) -> None:
    held(home)
    says(home, "Anna")
    assert home.decide(home.dose("morning"), ev.Verdict.DISCARD, "Anna").accepted
    assert says(home, "Berit").startswith("not: ")
    home.move()
    assert home.robot.store == ["L001"]


def test_what_is_not_held_can_not_be_let_go(home: PureHome) -> None:
    home.until("08:05")
    assert says(home, "Anna") == "not: not_held"


def test_a_sachet_that_no_dose_waits_for_is_let_go_to_nobody(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    rest = tuple(one for one in prescriptions() if one.prescription_id != "p-noon")
    home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))
    (extra,) = [dose for dose in home.world.doses.values() if dose.plan.surplus]
    answered = home.decide(extra, LET_GO, "Anna")
    assert (answered.accepted, answered.reason) == (False, "no_dose_waits")


def test_on_a_clock_that_nobody_trusts_nothing_is_let_go(home: PureHome) -> None:
    """Rule 18."""
    held(home)
    says(home, "Anna")
    home.give(cmd.ReportClockStep())
    assert says(home, "Berit") == "not: clock"


def test_without_the_robot_nobody_knows_what_lies_there(home: PureHome) -> None:
    held(home)
    home.lost()
    assert says(home, "Anna") == "not: robot_not_ready"


def test_names() -> None:
    assert same_person("Anna  Berg", " anna berg")
    assert not same_person("Anna Berg", "Anna Borg")


def test_the_window_that_was_authorised_is_its_window(home: PureHome) -> None:
    held(home)
    late = cmd.AuthoriseRelease(
        home.nonce(),
        RESIDENT,
        home.dose("morning").dose_id,
        utc("11:00"),
        "Anna",
        "x",
        "home",
        0,
        home.soon(),
    )
    assert home.ask(late).accepted
    home.until("10:30")
    says(home, "Anna")
    assert says(home, "Berit") == "done"
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", True)


def test_a_word_counts_inside_the_window_to_the_instant(home: PureHome) -> None:
    """S2."""
    held(home)
    dose, tick = home.dose("morning"), timedelta(milliseconds=1)
    fact = cmd.DecideDose("c", dose.dose_id, LET_GO, "Anna", "seen", "home", "", 0, home.soon())

    def said(now: datetime, world: World = home.world) -> tuple[str, bool]:
        refusal, event = let_go(world, home.setting, world.doses[dose.dose_id], fact, now)
        return refusal, event is not None

    assert said(dose.plan.opens) == said(dose.plan.closes - tick) == ("", True)
    closed = ("window_closed", False)
    assert said(dose.plan.opens - tick) == said(dose.plan.closes) == closed
    report(home, mouth_label="L001")
    packed = roll()
    load(home, packed)
    assert said(home.now, home.world) == ("", True), "what fits by now, by one"


def test_what_is_to_be_discarded_as_soon_as_the_robot_is_back_is_not_let_go(home: PureHome) -> None:
    held(home)
    home.lost()
    assert home.decide(home.dose("morning"), ev.Verdict.DISCARD, "Anna").accepted
    assert home.dose("morning").stage is Stage.HELD
    assert says(home, "Berit") == "not: discarded"
