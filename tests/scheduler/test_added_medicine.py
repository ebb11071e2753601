"""Medicine that was added after its sachet was packed is a part of its own (rule 1): the sachet goes out, and
a person gives what no sachet holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.expand import Catalogue
from scheduler.gate import label_misfit, used_on, why_not_present, why_not_release
from scheduler.ids import dose_id
from scheduler.plan import Content, Prescription
from scheduler.planning import planned
from scheduler.roll import Roll
from scheduler.world import Dose
from tests.support.attack_moves import is_open, live_until
from tests.support.pure_home import (
    CRITICAL,
    DRUGS,
    FIRST_DAY,
    RESIDENT,
    ROBOT,
    PureHome,
    prescriptions,
    roll,
    setting,
    utc,
)

VITAMIN = "A11CC05"
MORNING = (DayPart.MORNING,)


def vitamin(*parts: DayPart, key: str = "p-vitamin", amount: int = 1) -> Prescription:
    intakes = tuple(Intake(Decimal(amount), part=part) for part in parts or MORNING)
    return Prescription(key, VITAMIN, "20 ug", Dosage("tablet", (cycle(FIRST_DAY, None, 1, intakes),)))


def offer(home: PureHome, version: int, *cards: Prescription) -> None:
    home.give(cmd.OfferPlan(RESIDENT, version, cards, f"f{version}"))


def without(slot: str) -> tuple[Prescription, ...]:
    return tuple(one for one in prescriptions() if one.prescription_id != f"p-{slot}")


def knows_vitamins() -> PureHome:
    known = Catalogue(frozenset({*DRUGS.values(), VITAMIN}), frozenset({CRITICAL}))
    home = PureHome(utc("07:50"), replace(setting(), catalogue=known))
    home.start()
    return home


@pytest.fixture
def added() -> PureHome:
    """07:50: a card has added a vitamin in the morning, and the roll was packed before it."""
    home = knows_vitamins()
    offer(home, 2, *prescriptions(), vitamin())
    return home


def parts(home: PureHome, slot: str = "morning", day: int = 1) -> dict[str, tuple[list[str], bool]]:
    """Part -> the prescriptions in it, and whether no sachet holds it."""
    day_of = {d.dose_id: d.plan for d in home.world.doses.values() if d.plan.day.day == day + 1}
    mine = {key: plan for key, plan in day_of.items() if plan.slot == slot}
    return {key.rpartition("/")[2]: (sorted(plan.prescriptions), plan.loose) for key, plan in mine.items()}


def part(home: PureHome, slot: str = "morning", number: int = 2, day: int = 1) -> Dose:
    return home.world.doses[dose_id(RESIDENT, FIRST_DAY + timedelta(days=day - 1), slot, number)]


def about(home: PureHome, dose: Dose) -> ev.Incident:
    incident = home.world.incident_about(f"dose:{dose.dose_id}")
    assert incident is not None
    return incident


def outcome(dose: Dose) -> tuple[str, str] | None:
    return (dose.outcome.outcome.value, dose.outcome.reason) if dose.outcome else None


def later_roll(version: int = 2, slots: tuple[str, ...] = ("morning",), alone: bool = False) -> Roll:
    """ROLL-2, with a vitamin in the sachets of these parts of the day; or with nothing else in them."""
    one = Content(VITAMIN, "20 ug", Decimal(1), "tablet")
    hours = {"morning": 8, "noon": 12}
    there = {hours[slot] for slot in slots}
    sachets = [
        replace(
            each,
            label=f"N{each.number:03}",
            content=frozenset({one}) | (frozenset() if alone else each.content),
        )
        if each.local.hour in there
        else replace(each, label=f"N{each.number:03}")
        for each in roll().sachets
    ]
    return replace(roll(), production_id="ROLL-2", card_version=version, sachets=tuple(sachets))


def put_in(home: PureHome, new: Roll, back: timedelta = timedelta(0)) -> None:
    """With the sachets of what is ahead on it, and of what began since `back` ago."""
    now = home.setting.local.local(home.now - back)
    home.robot.labels = [each.label for each in new.sachets if each.local >= now]
    home.robot.production_id = new.production_id
    home.give(ev.RobotReported(home.now, home.robot.status()), cmd.LoadRoll(new, "technician"))


# --- what lies packed --------------------------------------------------------------------------------


def test_the_sachet_goes_out_and_what_was_added_is_given_by_a_person(added: PureHome) -> None:
    assert parts(added) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}
    assert parts(added, day=2) == parts(added)
    added.until("07:59")
    assert added.open_incidents() == []
    added.until("08:05")
    loose = part(added)
    told = about(added, loose)
    assert (told.kind, told.priority, told.detail) == (ev.Kind.DOSE_BLOCKED, ev.Priority.MEDIUM, "no_sachet")
    added.take_dose()
    assert added.outcome("morning") == ("retrieved", False)
    assert added.take(told, "Anna").accepted
    assert part(added).token == "Anna"
    assert added.decide(part(added), ev.Verdict.GIVEN, "Anna").accepted
    assert outcome(part(added)) == ("given_by_staff", "seen")
    assert not is_open(about(added, loose))
    assert used_on(added.world, RESIDENT, "p-vitamin", FIRST_DAY) == 1
    added.until("12:05")
    added.take_dose()
    assert added.outcome("noon") == ("retrieved", False), "the strip went on"
    assert added.open_incidents() == []


def test_critical_medicine_that_no_sachet_holds_is_high() -> None:
    home = PureHome(utc("07:50"))
    home.start()
    offer(home, 2, *prescriptions(), vitamin())
    home.until("08:00")
    assert about(home, part(home)).priority is ev.Priority.HIGH, "on no list"
    assert not home.dose("morning").plan.critical, "the sachet's own dose is what it was"


def test_what_nobody_spoke_of_failed_and_was_never_missed(added: PureHome) -> None:
    added.until("08:05")
    added.take_dose()
    live_until(added, utc("10:01"))
    assert outcome(part(added)) == ("failed", "no_sachet")
    told = about(added, part(added))
    assert is_open(told) and (told.kind, told.detail) == (ev.Kind.DOSE_BLOCKED, "no_sachet")
    assert added.take(told, "Anna").accepted
    assert added.decide(part(added), ev.Verdict.GIVEN, "Anna").accepted, "late, as a correction"


def test_a_robot_that_is_gone_says_nothing_of_it(added: PureHome) -> None:
    added.lost()
    added.until("09:00")
    assert about(added, part(added)).detail == "no_sachet"
    added.until("10:05")
    assert outcome(part(added)) == ("failed", "no_sachet")
    assert outcome(added.dose("morning")) == ("failed", "robot_unreachable")


def test_its_holder_has_not_said_by_closing(added: PureHome) -> None:
    """Rule 5: they may be giving it."""
    added.until("08:05")
    added.take_dose()
    added.take(about(added, part(added)), "Anna")
    live_until(added, utc("10:01"))
    assert outcome(part(added)) == ("uncertain", "with_staff")
    assert added.decide(part(added), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert outcome(part(added)) == ("failed", "no_sachet")


@pytest.mark.parametrize("version", [2, 3])
def test_what_its_own_card_named_and_the_pharmacy_forgot_is_still_held(added: PureHome, version: int) -> None:
    """S3: the roll's card knew of it."""
    put_in(added, later_roll(version, slots=()))
    assert parts(added) == {"1": (["p-morning", "p-vitamin"], False)}
    added.until("08:05")
    assert (added.dose("morning").stage, added.dose("morning").held) == (Stage.HELD, "content_mismatch")
    before = added.orders()
    added.press()
    assert added.orders() == before


def test_of_the_first_card_nobody_knows_what_is_new() -> None:
    """It may be years old: a sachet without its medicine is held, whatever card the roll names."""
    home = knows_vitamins()
    first = PureHome(utc("07:50"), home.setting)
    first.daemon()
    first.connect()
    offer(first, 7, *prescriptions(), vitamin())
    first.give(cmd.LoadRoll(roll(), "technician"))
    assert parts(first) == {"1": (["p-morning", "p-vitamin"], False)}
    first.until("08:05")
    assert first.dose("morning").stage is Stage.HELD
    offer(first, 8, *prescriptions(), vitamin(), vitamin(DayPart.NOON, key="p-second"))
    assert parts(first, "noon") == {"1": (["p-noon"], False), "2": (["p-second"], True)}


def test_a_changed_strength_is_held_whatever_was_added() -> None:
    home = knows_vitamins()
    stronger = [
        replace(one, strength="20 mg") if one.prescription_id == "p-morning" else one
        for one in prescriptions()
    ]
    offer(home, 2, *stronger, vitamin())
    assert parts(home) == {"1": (["p-morning", "p-vitamin"], False)}
    home.until("08:05")
    assert (home.dose("morning").stage, home.dose("morning").held) == (Stage.HELD, "content_mismatch")


def test_a_time_that_no_sachet_is_near_is_an_ordinary_dose() -> None:
    home = knows_vitamins()
    packed = replace(roll(), sachets=tuple(each for each in roll().sachets if each.local.hour != 12))
    home.robot.labels = [each.label for each in packed.sachets]
    offer(home, 2, *without("noon"))
    put_in(home, packed)
    offer(home, 3, *without("noon"), vitamin(DayPart.NOON))
    assert parts(home, "noon") == {"1": (["p-vitamin"], False)}


def test_a_roll_that_holds_them_together_makes_one_dose_of_them_again(added: PureHome) -> None:
    added.until("08:05")
    added.take_dose()
    put_in(added, later_roll())
    assert parts(added, day=2) == {"1": (["p-morning", "p-vitamin"], False)}
    assert parts(added) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}, "it is due: it stands"
    live_until(added, utc("08:05", day=2))
    added.take_dose()
    assert added.outcome("morning", day=2) == ("retrieved", False)
    assert added.dose("morning", day=2).plan.prescriptions == {"p-morning", "p-vitamin"}


def test_a_roll_of_an_older_card_divides_what_was_one() -> None:
    home = knows_vitamins()
    offer(home, 2, *prescriptions(), vitamin())
    put_in(home, later_roll())
    assert parts(home) == {"1": (["p-morning", "p-vitamin"], False)}
    put_in(home, roll())
    assert parts(home) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_a_second_addition_joins_what_no_sachet_holds(added: PureHome) -> None:
    offer(added, 3, *prescriptions(), vitamin(), vitamin(key="p-second"))
    assert parts(added) == {"1": (["p-morning"], False), "2": (["p-second", "p-vitamin"], True)}
    put_in(added, later_roll(2))
    assert parts(added) == {"1": (["p-morning", "p-vitamin"], False), "2": (["p-second"], True)}


def test_its_sachets_dose_is_stopped_and_it_stays_alone(added: PureHome) -> None:
    """Nobody waits for that sachet, and nobody is given it for the vitamin."""
    offer(added, 3, *without("morning"), vitamin())
    assert parts(added) == {"2": (["p-vitamin"], True)}
    added.until("08:05")
    assert about(added, part(added)).detail == "no_sachet"
    surplus = [dose for dose in added.world.doses.values() if dose.plan.surplus]
    assert [(dose.held_label, dose.held) for dose in surplus] == [("L001", "not_on_card")]
    before = added.orders()
    added.press()
    assert added.orders() == before
    put_in(added, later_roll(3, alone=True))
    assert parts(added, day=2) == {"2": (["p-vitamin"], False)}, "by the later roll it is the sachet's"


def test_a_roll_that_holds_it_alone_makes_a_sachets_dose_of_it_whatever_was_had_before_it() -> None:
    """Packed by an older card's number: what lies there counts, and the morning's sachet is another."""
    home = knows_vitamins()
    offer(home, 2, *prescriptions(), vitamin(DayPart.NOON))
    home.until("08:05")
    home.take_dose()
    offer(home, 3, *without("noon"), vitamin(DayPart.NOON))
    assert parts(home, "noon") == {"2": (["p-vitamin"], True)}
    put_in(home, later_roll(1, slots=("noon",), alone=True))
    assert parts(home, "noon") == {"2": (["p-vitamin"], False)}


def test_it_is_named_anew_by_the_card_that_brings_it_back(added: PureHome) -> None:
    assert added.world.named[RESIDENT] == {**{f"p-{slot}": 0 for slot in DRUGS}, "p-vitamin": 2}
    offer(added, 3, *prescriptions())
    assert parts(added) == {"1": (["p-morning"], False)}
    put_in(added, later_roll(3, slots=()))
    offer(added, 4, *prescriptions(), vitamin())
    assert added.world.named[RESIDENT]["p-vitamin"] == 4
    assert parts(added) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}


def test_a_moved_time_keeps_the_id_of_both_and_no_other_medicine_gets_it(added: PureHome) -> None:
    ids = set(added.world.doses)
    noon = [
        replace(one, dosage=vitamin(DayPart.MORNING).dosage) if one.prescription_id == "p-noon" else one
        for one in prescriptions()
    ]
    offer(added, 3, *noon, vitamin(DayPart.EVENING))
    assert part(added).plan.prescriptions == {"p-vitamin"}
    assert part(added).plan.opens == utc("18:00")
    assert added.dose("noon").plan.opens == utc("08:00"), "its own id, at the time it moved to"
    assert set(added.world.doses) == ids


def test_planned_again_nothing_changes(added: PureHome) -> None:
    for _ in range(2):
        known = added.world.planned[RESIDENT]
        again = replace(added.world, planned={RESIDENT: replace(known, version=0)})
        assert [type(each) for each in planned(again, added.setting, added.now)] == [ev.DayPlanned]
        added.until("08:30")


# --- nobody gets it twice ----------------------------------------------------------------------------


def given(home: PureHome) -> None:
    """At 08:05 Anna gave the vitamin by hand."""
    home.until("08:05")
    home.take(about(home, part(home)), "Anna")
    assert home.decide(part(home), ev.Verdict.GIVEN, "Anna").accepted


def test_given_by_hand_and_packed_in_a_later_roll_is_not_given_twice(added: PureHome) -> None:
    given(added)
    put_in(added, later_roll(), back=timedelta(hours=1))
    assert (added.dose("morning").stage, added.dose("morning").held) == (Stage.HELD, "content_mismatch")
    before = added.orders()
    added.press()
    live_until(added, utc("09:30"))
    assert added.orders() == before
    assert used_on(added.world, RESIDENT, "p-vitamin", FIRST_DAY) == 1


def test_given_by_hand_and_moved_to_where_a_later_roll_has_it(added: PureHome) -> None:
    given(added)
    added.take_dose()
    offer(added, 3, *prescriptions(), vitamin(DayPart.NOON))
    put_in(added, later_roll(3, slots=("noon",)))
    assert parts(added, "noon") == {"1": (["p-noon"], False)}
    live_until(added, utc("12:05"))
    assert added.dose("noon").stage is Stage.HELD
    assert used_on(added.world, RESIDENT, "p-vitamin", FIRST_DAY) == 1


def test_had_from_the_sachet_it_is_nobodys_to_give_when_the_older_roll_is_back(added: PureHome) -> None:
    put_in(added, later_roll())
    added.until("08:05")
    added.take_dose()
    put_in(added, roll())
    offer(added, 3, *prescriptions(), vitamin())
    assert parts(added) == {"1": (["p-morning", "p-vitamin"], False)}
    live_until(added, utc("11:00"))
    assert used_on(added.world, RESIDENT, "p-vitamin", FIRST_DAY) == 1


def test_what_the_lost_end_of_a_journal_may_tell_of_is_not_divided(added: PureHome) -> None:
    """Rule 23: the whole of it may have been had."""
    put_in(added, later_roll())
    added.until("07:55")
    added.give(ev.JournalFoundBehind(added.now, "oncall", 1, "ab" * 32))
    assert added.dose("morning").lost
    put_in(added, roll())
    assert parts(added) == {"1": (["p-morning", "p-vitamin"], False)}
    assert parts(added, day=2) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}


def test_what_no_sachet_holds_is_in_doubt_with_the_journal_as_all_else(added: PureHome) -> None:
    added.until("07:55")
    added.give(ev.JournalFoundBehind(added.now, "oncall", 1, "ab" * 32))
    put_in(added, later_roll())
    assert parts(added) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}
    added.until("08:05")
    assert about(added, part(added)).detail == "journal_behind"
    live_until(added, utc("10:05"))
    assert outcome(part(added)) == ("uncertain", "journal_behind")


# --- at the robot it is not there ---------------------------------------------------------------------


def test_no_press_no_answer_and_no_reminder_is_about_it(added: PureHome) -> None:
    added.until("08:05")
    added.take_dose()
    spent = len(added.journal)
    for answer in (ev.Answer.TAKE, ev.Answer.LATER, ev.Answer.NO_THANKS):
        added.says(answer)
    reasons = [each.reason for each in added.journal[spent:] if isinstance(each, ev.PressSpent)]
    assert reasons == ["no_sachet", "nothing_due", "nothing_due"]
    live_until(added, utc("11:00"))
    reminded = {each.dose_id for each in added.journal if isinstance(each, ev.ReminderGiven)}
    about_it = {type(each) for each in added.journal if getattr(each, "dose_id", "") == part(added).dose_id}
    assert reminded == set() and about_it == {ev.DoseDue, ev.OutcomeRecorded}
    assert not [
        e for e in added.journal if isinstance(e, ev.OrderIssued) and e.order.dose_id == part(added).dose_id
    ]


def test_the_gate_says_why(added: PureHome) -> None:
    added.until("08:05")
    loose = part(added)
    assert why_not_release(added.world, added.setting, loose, added.now) == "no_sachet"
    assert why_not_present(added.world, added.setting, loose, added.now) == "no_sachet"
    assert label_misfit(added.world, added.setting, loose) == "no_sachet"
    assert added.decide(loose, ev.Verdict.DISCARD, "Anna").reason == "not_in_robot"
    by = ("Anna", "a visit", "home", 0, added.soon())
    ahead = part(added, day=2)
    early = cmd.AuthoriseRelease(added.nonce(), RESIDENT, ahead.dose_id, None, *by)
    late = cmd.AuthoriseRelease(added.nonce(), RESIDENT, loose.dose_id, utc("11:00"), *by)
    assert [added.ask(each).reason for each in (early, late)] == ["not_in_robot"] * 2


def test_the_roll_fits_the_plan_as_far_as_it_could(added: PureHome) -> None:
    """No sachet of the whole roll is wrong: each dose that lacks something has an incident of its own."""
    found = [each for each in added.journal if isinstance(each, ev.RollCompared)]
    assert len(found) == 2
    assert found[-1].misfits == () and added.open_incidents() == []
    assert "08:00" in " ".join(display(added.world, added.setting, ROBOT, added.now).lines)
    added.until("08:05")
    added.take_dose()
    assert "12:00" in " ".join(display(added.world, added.setting, ROBOT, added.now).lines)
