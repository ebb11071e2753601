"""The whole roll against the whole plan, when either is new: staff hear of it while it can be mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import Dosage, Intake, cycle
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll
from tests.support.attack_moves import anna_may_give, live_until, report, resolve
from tests.support.pure_home import DRUGS, FIRST_DAY, RESIDENT, PureHome, prescriptions, roll, utc

FIT, REFILL = f"fit:{RESIDENT}", f"refill:{RESIDENT}"


def told(home: PureHome, subject: str) -> tuple[str, str, str] | None:
    incident = home.world.incident_about(subject)
    if incident is None or incident.state is ev.State.CLOSED:
        return None
    return incident.kind.value, incident.priority.name.lower(), incident.detail


def load(home: PureHome, new: Roll, *, strip: bool = True) -> None:
    """Another roll is put in: the robot reads it, and a person says which one it is."""
    home.robot.production_id = new.production_id
    if strip:
        home.robot.labels = [sachet.label for sachet in new.sachets]
    report(home)
    home.give(cmd.LoadRoll(new, "technician"))


def plan(
    home: PureHome, version: int, *, without: str = "", stronger: str = "", stronger_from: int = 1
) -> None:
    cards: list[Prescription] = [one for one in prescriptions() if one.prescription_id != f"p-{without}"]
    cards = [
        replace(one, strength="20 mg") if one.prescription_id == f"p-{stronger}" else one for one in cards
    ]
    home.give(cmd.OfferPlan(RESIDENT, version, tuple(cards), f"f{version}"))


def packed(*, without: frozenset[int] = frozenset(), first: date | None = None, days: int = 7) -> Roll:
    """A second roll; `without`: numbers of sachets that were not packed."""
    made = roll(days, "ROLL-2") if first is None else roll(days, "ROLL-2", first)
    left = tuple(replace(s, label=f"M{s.number:03}") for s in made.sachets if s.number not in without)
    return replace(made, sachets=left)


def test_a_roll_that_fits_its_plan_disturbs_nobody(home: PureHome) -> None:
    live_until(home, utc("07:59"))
    assert home.open_incidents() == []
    (looked,) = [event for event in home.journal if isinstance(event, ev.RollCompared)]
    assert (looked.production_id, looked.plan_version, looked.misfits) == ("ROLL-1", 1, ())


def test_a_changed_card_that_touches_the_next_dose_is_high(home: PureHome) -> None:
    plan(home, 2, stronger="morning")
    assert told(home, FIT) == ("roll_conflict", "high", "content_mismatch")


def test_one_that_touches_a_later_dose_is_medium_and_high_once_that_is_the_next(home: PureHome) -> None:
    plan(home, 2, stronger="noon")
    assert told(home, FIT) == ("roll_conflict", "medium", "content_mismatch")
    home.until("07:59:59")
    assert told(home, FIT) == ("roll_conflict", "medium", "content_mismatch")
    home.until("08:00")
    assert told(home, FIT) == ("roll_conflict", "high", "content_mismatch")


def test_stopped_medicine_in_the_roll_is_a_conflict_too(home: PureHome) -> None:
    plan(home, 2, without="evening")
    assert told(home, FIT) == ("roll_conflict", "medium", "not_on_card")


def test_a_person_decides_and_is_not_asked_again_about_the_same(home: PureHome) -> None:
    plan(home, 2, stronger="noon")
    incident = home.world.incident_about(FIT)
    assert incident is not None
    resolve(home, incident)
    home.until("08:30")
    assert told(home, FIT) is None, "also where it has become the next dose's"
    plan(home, 3, stronger="noon")
    home.give(cmd.OfferPlan(RESIDENT, 4, (*(_strong("noon", "20 mg")),), "f4"))
    assert told(home, FIT) is None


def _strong(slot: str, strength: str) -> tuple[Prescription, ...]:
    return tuple(
        replace(one, strength=strength) if one.prescription_id == f"p-{slot}" else one
        for one in prescriptions()
    )


def test_what_a_later_card_adds_is_told_although_the_first_was_decided(home: PureHome) -> None:
    plan(home, 2, stronger="noon")
    incident = home.world.incident_about(FIT)
    assert incident is not None
    resolve(home, incident)
    plan(home, 3, stronger="night")
    assert told(home, FIT) == ("roll_conflict", "medium", "content_mismatch")


def test_a_roll_that_fits_ends_it(home: PureHome) -> None:
    plan(home, 2, stronger="noon")
    new = packed()
    strong = tuple(
        replace(s, content=frozenset({Content(DRUGS["noon"], "20 mg", Decimal(1), "tablet")}))
        if s.local.hour == 12
        else s
        for s in new.sachets
    )
    load(home, replace(new, sachets=strong))
    assert told(home, FIT) is None
    assert home.open_incidents() == []


def test_once_its_own_sachet_is_held_the_roll_says_nothing_more_of_it(home: PureHome) -> None:
    """One cause, one incident."""
    plan(home, 2, without="noon")
    home.until("08:05")
    home.take_dose()
    kinds = sorted((one.kind.value, one.priority.name) for one in home.open_incidents())
    assert kinds == [("roll_conflict", "HIGH"), ("sachet_mismatch", "HIGH")]
    home.until("12:01")
    assert told(home, FIT) == ("roll_conflict", "high", "not_on_card"), "tomorrow's is ahead"


def test_a_roll_with_a_gap_in_the_middle(home: PureHome) -> None:
    load(home, packed(without=frozenset({11})))
    assert told(home, REFILL) == ("refill_wrong", "medium", "refill_partial")
    assert told(home, FIT) is None


def test_a_roll_with_fewer_sachets_than_its_manifest_says(home: PureHome) -> None:
    new = packed()
    home.robot.labels = [sachet.label for sachet in new.sachets][:-3]
    load(home, new, strip=False)
    assert told(home, REFILL) == ("refill_wrong", "medium", "refill_partial")


def test_a_roll_that_begins_after_the_next_dose_is_for_another_period(home: PureHome) -> None:
    load(home, packed(first=date(2026, 11, 4)))
    assert told(home, REFILL) == ("refill_wrong", "medium", "wrong_period")


def test_a_roll_of_last_week_is_for_another_period(home: PureHome) -> None:
    load(home, packed(first=date(2026, 10, 26)))
    assert told(home, REFILL) == ("refill_wrong", "medium", "wrong_period")


@pytest.mark.parametrize(("packed_for", "wrong"), [(time(10), False), (time(9, 59, 59), True)])
def test_a_pharmacy_may_pack_for_two_hours_beside_the_time(
    home: PureHome, packed_for: time, wrong: bool
) -> None:
    home.until("11:00")
    noon = replace(packed().sachets[1], local=datetime.combine(FIRST_DAY, packed_for))
    load(home, replace(packed(), sachets=(noon,)))
    incident = home.world.compared[RESIDENT].found
    assert incident.wrong_period is wrong


def test_a_roll_that_holds_what_was_had_overlaps(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    load(home, packed())
    assert told(home, REFILL) == ("refill_wrong", "medium", "overlapping")


def test_until_it_is_reconciled_and_by_a_person_or_a_roll(home: PureHome) -> None:
    load(home, packed(without=frozenset({11})))
    incident = home.world.incident_about(REFILL)
    assert incident is not None
    resolve(home, incident)
    home.until("08:05")
    assert told(home, REFILL) is None
    load(home, replace(packed(without=frozenset({12})), production_id="ROLL-3"))
    assert told(home, REFILL) == ("refill_wrong", "medium", "refill_partial"), "another roll"
    home.until("09:00")
    load(home, replace(packed(first=date(2026, 11, 2)), production_id="ROLL-4"))
    assert told(home, REFILL) is None


def test_after_its_last_sachet_it_is_the_refills_to_tell(home: PureHome) -> None:
    """A roll that ends before the plan is due for a refill, and not partial."""
    load(home, packed(days=2))
    home.until("07:55")
    assert told(home, REFILL) is None
    assert [one.kind for one in home.open_incidents()] == [ev.Kind.REFILL_DUE]


@pytest.mark.parametrize("trouble", ["lost", "clock"])
def test_a_home_that_can_not_look_says_nothing_and_clears_nothing(home: PureHome, trouble: str) -> None:
    load(home, packed(without=frozenset({11})))
    if trouble == "lost":
        home.lost()
    else:
        home.give(cmd.ReportClockStep())
    home.until("07:55")
    assert told(home, REFILL) == ("refill_wrong", "medium", "refill_partial")
    looks = sum(isinstance(event, ev.RollCompared) for event in home.journal)
    plan(home, 2, stronger="noon")
    assert sum(isinstance(event, ev.RollCompared) for event in home.journal) == looks
    assert told(home, FIT) is None


def test_a_corrected_manifest_of_the_same_roll_is_looked_at_again(home: PureHome) -> None:
    wrong = packed(without=frozenset({11}))
    home.robot.labels = [sachet.label for sachet in packed().sachets]
    load(home, wrong, strip=False)
    assert told(home, REFILL) is not None
    home.give(cmd.LoadRoll(packed(), "technician"))
    assert told(home, REFILL) is None


def test_nothing_is_looked_at_twice(home: PureHome) -> None:
    live_until(home, utc("07:00", 3))
    looks = [event for event in home.journal if isinstance(event, ev.RollCompared)]
    assert len(looks) == 1


def test_medicine_as_needed_has_a_strip_of_its_own(home: PureHome) -> None:
    load(home, replace(packed(), as_needed=True))
    assert not any(
        isinstance(event, ev.RollCompared) and event.production_id == "ROLL-2" for event in home.journal
    )


def test_the_last_look_is_of_the_time_it_was_taken(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    plan(home, 2, stronger="noon")
    (_, looked) = [event for event in home.journal if isinstance(event, ev.RollCompared)]
    assert {each.reason for each in looked.misfits} == {"content_mismatch"}
    assert looked.misfits[0].at == utc("12:00")
    assert looked.misfits[-1].at == utc("12:00") + timedelta(days=6)


def test_what_is_held_at_the_mouth_already_is_told_there_alone(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    plan(home, 2, without="noon")
    assert [dose.held_label for dose in home.world.doses.values() if dose.plan.surplus] == ["L002"]
    assert told(home, FIT) == ("roll_conflict", "medium", "not_on_card"), "of tomorrow's"


def test_what_is_over_is_told_no_more(home: PureHome) -> None:
    new = packed()
    wrong = replace(new.sachets[1], content=new.sachets[3].content)
    load(home, replace(new, sachets=(new.sachets[0], wrong, *new.sachets[2:])))
    assert told(home, FIT) == ("roll_conflict", "medium", "content_mismatch")
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    assert told(home, FIT) is None, "it is its own sachet's by now"
    assert home.decide(home.dose("noon"), ev.Verdict.DISCARD, "Berit").accepted
    live_until(home, utc("13:00"))
    assert told(home, FIT) is None


def test_a_dose_that_joins_and_has_no_sachet_is_told_although_a_gap_was_decided(home: PureHome) -> None:
    load(home, packed(without=frozenset({11})))
    incident = home.world.incident_about(REFILL)
    assert incident is not None
    resolve(home, incident)
    extra = cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), clock=time(15)),))
    joins = Prescription("p-extra", DRUGS["noon"], "5 mg", Dosage("tablet", (extra,)))
    home.give(cmd.OfferPlan(RESIDENT, 2, (*prescriptions(), joins), "f2"))
    assert told(home, REFILL) == ("refill_wrong", "medium", "refill_partial")


def test_what_is_planned_beyond_the_roll_is_no_gap(home: PureHome) -> None:
    load(home, packed(days=1))
    assert told(home, REFILL) is None


def test_a_dose_that_staff_gave_leaves_its_own_sachet_on_the_strip() -> None:
    home = anna_may_give()
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    plan(home, 2, stronger="night")
    assert told(home, FIT) is not None
    assert told(home, REFILL) is None


def test_by_a_clock_that_nobody_trusts_no_roll_is_judged(home: PureHome) -> None:
    home.give(cmd.ReportClockStep())
    load(home, packed(first=date(2026, 11, 4)))
    assert told(home, REFILL) is None
    home.give(home.clock_report())
    assert told(home, REFILL) == ("refill_wrong", "medium", "wrong_period")


EXTRA = Prescription(
    "p-extra",
    DRUGS["noon"],
    "5 mg",
    Dosage("tablet", (cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), clock=time(15)),)),)),
)
"""It has no sachet on any roll."""


def decided(home: PureHome, subject: str) -> None:
    incident = home.world.incident_about(subject)
    assert incident is not None
    resolve(home, incident)
    home.until("07:55")
    assert told(home, subject) is None


def test_what_was_decided_of_its_content_stays_so_when_a_dose_joins_without_a_sachet(home: PureHome) -> None:
    plan(home, 2, stronger="noon")
    decided(home, FIT)
    home.give(cmd.OfferPlan(RESIDENT, 3, (*_strong("noon", "20 mg"), EXTRA), "f3"))
    assert told(home, FIT) is None
    assert told(home, REFILL) == ("refill_wrong", "medium", "refill_partial")


@pytest.mark.parametrize("later", [{"stronger": "night"}, {"without": "evening"}])
def test_what_was_decided_of_its_extent_stays_so_when_its_content_does_not_fit(
    home: PureHome, later: dict[str, str]
) -> None:
    load(home, packed(without=frozenset({10})))
    decided(home, REFILL)
    plan(home, 2, **later)  # type: ignore[arg-type]
    assert told(home, FIT) is not None
    assert told(home, REFILL) is None


def test_a_period_that_a_person_let_pass_is_not_asked_about_again(home: PureHome) -> None:
    load(home, packed(first=date(2026, 11, 4)))
    decided(home, REFILL)
    plan(home, 2, stronger="night")
    assert told(home, FIT) is not None
    assert told(home, REFILL) is None


def test_what_was_decided_of_one_roll_is_not_decided_of_the_next(home: PureHome) -> None:
    plan(home, 2, stronger="noon")
    decided(home, FIT)
    load(home, packed())
    assert told(home, FIT) == ("roll_conflict", "medium", "content_mismatch")
