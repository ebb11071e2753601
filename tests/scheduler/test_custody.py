"""Moving to another home, swapping a robot: one home gives, every sachet is counted (rules 23 and 24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours, uncounted
from scheduler.dose import Stage
from scheduler.gate import used_on, why_not_release
from scheduler.ids import dose_id
from scheduler.machines_of_custody import Where
from scheduler.record import from_plain, to_plain
from scheduler.world import Resident, World
from tests.scheduler.test_card_changed import stronger
from tests.scheduler.test_leave import end, packed
from tests.scheduler.test_surplus import stop_noon
from tests.scheduler.test_upkeep import told
from tests.support.pure_home import (
    FIRST_DAY,
    RESIDENT,
    ROBOT,
    PureHome,
    prescriptions,
    roll,
    setting,
    utc,
)

COUNT = f"count:{RESIDENT}"
NEW = "box-0002"


def new_home(at: datetime) -> PureHome:
    """A box for somebody who is still elsewhere: its robot stands there with a roll of its own."""
    settings = replace(setting(), box=NEW, residents=(Resident(RESIDENT, ROBOT, moves_in=True),))
    home = PureHome(at, settings)
    home.robot.production_id = "ROLL-2"
    home.daemon()
    home.connect()
    return home


def ask(home: PureHome, move: str = "move-1") -> ev.CommandAnswered:
    return home.ask(cmd.AskMove(home.nonce(), RESIDENT, move, "technician", home.soon()))


def move_out(home: PureHome, move: str = "move-1", to: str = NEW) -> ev.CommandAnswered:
    return home.ask(cmd.MoveOut(home.nonce(), RESIDENT, move, to, "nurse", "moving", home.soon()))


def bundle(home: PureHome) -> ev.ResidentMovedOut:
    """As it travels: plain data, read again."""
    moved = home.world.custody[RESIDENT].moved
    assert moved is not None
    read = from_plain(to_plain(moved))
    assert isinstance(read, ev.ResidentMovedOut)
    return read


def move_in(home: PureHome, moved: ev.ResidentMovedOut) -> ev.CommandAnswered:
    return home.ask(cmd.MoveIn(home.nonce(), moved, "technician", home.soon()))


def count(home: PureHome, labels: Sequence[str], place: str) -> ev.CommandAnswered:
    return home.ask(cmd.CountSachets(home.nonce(), RESIDENT, tuple(labels), place, "technician", home.soon()))


def left(home: PureHome) -> list[str]:
    return [sachet.label for sachet in uncounted(home.world, RESIDENT)]


def moved_at_noon(home: PureHome) -> PureHome:
    """The morning was had, and at eleven they moved: the new home has them."""
    home.until("08:05")
    home.take_dose()
    home.until("11:00")
    new = new_home(home.now)
    assert ask(new).accepted
    assert move_out(home).accepted
    new.until("11:30")
    assert move_in(new, bundle(home)).accepted
    return new


# --- custody is in one place ---------------------------------------------------------------------------


def test_before_the_move_in_the_new_home_gives_nothing_and_takes_neither_card_nor_roll(
    home: PureHome,
) -> None:
    new = new_home(utc("07:50"))
    assert not_ours(new.world, new.setting, RESIDENT) == "not_moved_in"
    assert new.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1")) == []
    (refused,) = new.give(cmd.LoadRoll(roll(7, "ROLL-2"), "technician"))
    assert isinstance(refused, ev.RollRefused)
    assert refused.reason == "not_moved_in"
    assert ask(new).accepted
    assert new.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1")) == []
    new.until("12:30")
    assert new.world.doses == {}
    assert new.world.plans == {}


def test_after_the_move_out_the_old_home_gives_nothing_whatever_becomes_of_the_bundle(home: PureHome) -> None:
    home.until("08:05")
    assert move_out(home).accepted
    assert home.world.doses == {}
    home.press()
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions(), "f2"))
    (refused,) = home.give(cmd.LoadRoll(roll(), "technician"))
    assert isinstance(refused, ev.RollRefused)
    assert refused.reason == "moved_out"
    home.until("08:00", day=3)
    assert home.orders() == []
    assert home.world.plans == {}
    assert home.open_incidents() == []  # nobody is waited for here


def test_the_new_home_goes_on_where_the_old_one_stopped(home: PureHome) -> None:
    new = moved_at_noon(home)
    assert new.world.custody[RESIDENT].where is Where.HERE
    assert new.outcome("morning") == ("retrieved", False)
    assert new.world.plans[RESIDENT] == prescriptions_of(home)
    assert new.world.habits[RESIDENT][-1].dose_id == new.dose("morning").dose_id
    assert not [
        e for e in new.journal if isinstance(e, ev.OutcomeRecorded)
    ]  # S5: it was filed by the old home
    assert new.dose("noon").stage is Stage.PLANNED
    # the old strip is counted into the waste, a new roll put in: noon is given here, once
    assert count(new, left(new), "waste").accepted
    new.robot.labels = new.robot.labels[1:]
    new.give(ev.RobotReported(new.now, new.robot.status()), cmd.LoadRoll(roll(7, "ROLL-2"), "technician"))
    new.until("12:05")
    new.take_dose()
    assert new.outcome("noon") == ("retrieved", False)


def prescriptions_of(home: PureHome) -> object:
    moved = home.world.custody[RESIDENT].moved
    assert moved is not None
    return moved.carried.plan


def test_a_mode_a_pause_and_a_missed_dose_go_along(home: PureHome) -> None:
    home.ask(
        cmd.SetMode(
            home.nonce(),
            RESIDENT,
            ev.Mode.WITNESSED,
            home.now + timedelta(days=7),
            "nurse",
            "unstable",
            "home",
            0,
            home.soon(),
        )
    )
    home.until("10:00")
    home.move()
    home.until("10:01")
    assert home.outcome("morning") == ("missed", False)
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert new.world.regime(RESIDENT).mode is ev.Mode.WITNESSED
    incident = new.incident("morning")  # S4: nobody has looked into it
    assert incident is not None
    assert incident.kind is ev.Kind.DOSE_MISSED


def test_what_a_person_closed_at_the_old_home_is_not_told_again(home: PureHome) -> None:
    home.until("10:00")
    home.move()
    home.until("10:01")
    incident = home.incident("morning")
    assert incident is not None
    home.take(incident, "vagt")
    incident = home.incident("morning")
    assert incident is not None
    home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "vagt")
    incident = home.incident("morning")
    assert incident is not None
    assert home.close(incident, "vagt", "called").accepted
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert new.incident("morning") is None


def test_a_lost_bundle_is_written_again_for_the_same_asking_and_for_no_other(home: PureHome) -> None:
    assert move_out(home).accepted
    first = bundle(home)
    before = list(home.journal)
    assert move_out(home).accepted
    assert bundle(home) == first
    assert [e for e in home.journal[len(before) :] if not isinstance(e, ev.CommandAnswered)] == []
    assert move_out(home, move="move-2").reason == "moved_out"
    assert move_out(home, to="box-0003").reason == "moved_out"


def test_a_bundle_read_twice_changes_nothing(home: PureHome) -> None:
    new = moved_at_noon(home)
    before = new.world
    assert move_in(new, bundle(home)).reason == "read_before"
    assert replace(new.world, answered={}, last_at=None, trusted_at=None) == replace(
        before, answered={}, last_at=None, trusted_at=None
    )


def test_a_bundle_for_another_home_or_unasked_for_is_refused(home: PureHome) -> None:
    assert move_out(home).accepted
    stranger = new_home(home.now)
    assert move_in(stranger, bundle(home)).reason == "not_asked"
    ask(stranger)
    assert move_in(stranger, replace(bundle(home), to_box="box-0003")).reason == "other_box"
    assert stranger.world.doses == {}


def test_an_older_bundle_is_refused_after_another_asking(home: PureHome) -> None:
    assert move_out(home).accepted
    new = new_home(home.now)
    ask(new, "move-1")
    ask(new, "move-2")
    assert move_in(new, bundle(home)).reason == "older_bundle"


def test_they_may_come_back_and_the_first_bundle_is_of_no_use_any_more(home: PureHome) -> None:
    new = moved_at_noon(home)
    first = bundle(home)
    count(new, left(new), "waste")
    assert ask(home, "back-1").accepted
    assert not_ours(home.world, home.setting, RESIDENT) == "not_moved_in"
    assert move_out(new, "back-1", home.setting.box).accepted
    home.until("11:40")
    assert move_in(home, replace(first, to_box=home.setting.box)).reason == "older_bundle"
    assert move_in(home, bundle(new)).accepted
    assert home.world.custody[RESIDENT].number == 2
    assert home.outcome("morning") == ("retrieved", False)


def test_nobody_asks_for_a_resident_whom_the_home_has(home: PureHome) -> None:
    assert ask(home).reason == "here_already"


# --- at rest ---------------------------------------------------------------------------------------------


def test_nobody_moves_while_a_sachet_is_out_an_order_is_open_or_staff_give(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    assert move_out(home).reason == "not_at_rest"
    home.move()
    home.move()
    assert move_out(home).reason == "not_at_rest"
    home.lift()
    home.until("14:00")
    home.move()
    home.until("18:30")
    home.robot.fault = "motor_stall"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    incident = home.incident("evening")
    assert incident is not None
    home.take(incident, "vagt")
    assert home.dose("evening").token == "vagt"
    assert move_out(home).reason == "with_staff"


def test_nobody_moves_during_a_leave_and_what_was_taken_along_goes_along(home: PureHome) -> None:
    """Rule 22: the sachets are counted at the home that handed them out."""
    packed(home, 2)
    home.until("09:00", day=2)
    assert move_out(home).reason == "leave_open"
    assert end(home) == "done"
    was = home.dose("noon", day=2)
    assert was.along and was.had_at == was.plan.opens > was.lifted  # type: ignore[operator]
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    carried = new.dose("noon", day=2)
    assert (carried.along, carried.had_at, carried.outcome) == (True, was.had_at, was.outcome)


def test_medicine_handed_out_before_a_change_is_called_about_in_the_new_home_too(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    stronger(home, "morning")
    assert home.dose("morning").changed == 2
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    call = new.incident("morning")
    assert call is not None and call.kind is ev.Kind.CALL_RESIDENT


def test_a_sachet_that_no_dose_waits_for_is_counted_and_no_dose_of_the_new_home(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    stop_noon(home)
    held = [dose for dose in home.world.doses.values() if dose.plan.surplus]
    assert held
    new = new_home(home.now)
    ask(new)
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert held[0].held_label in left(new)
    assert not [dose for dose in new.world.doses.values() if dose.plan.surplus]


def test_no_move_by_a_clock_that_nobody_trusts_or_from_a_journal_that_lost_its_end(home: PureHome) -> None:
    home.give(ev.JournalFoundBehind(home.now, "oncall", 1, "ab" * 32))
    assert move_out(home).reason == "journal_behind"
    home.give(cmd.ReportClockStep())
    assert move_out(home).reason == "clock"


# --- rule 24: counted, sachet by sachet ------------------------------------------------------------------


def test_what_left_with_the_old_magazine_is_in_doubt_until_it_is_counted(home: PureHome) -> None:
    new = moved_at_noon(home)
    assert left(new)[0] == "L002"  # the morning's has left the strip
    assert len(left(new)) == 27
    assert told(new, COUNT) == ("HIGH", "moved")
    new.robot.labels = new.robot.labels[1:]
    new.give(ev.RobotReported(new.now, new.robot.status()), cmd.LoadRoll(roll(7, "ROLL-2"), "technician"))
    new.until("12:05")
    assert why_not_release(new.world, new.setting, new.dose("noon"), new.now) == "uncounted"
    new.press()
    assert new.orders() == []  # the resident may have the old noon sachet in their hand
    incident = new.incident("noon")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "uncounted")
    new.take(incident, "vagt")
    assert new.dose("noon").token == ""  # a doubt is settled by a finding before anyone gives by hand
    assert count(new, ["L002"], "waste").accepted
    new.press()
    assert new.orders() == [("release", "noon")]


def test_uncounted_at_closing_is_uncertain_and_counted_later_is_corrected(home: PureHome) -> None:
    new = moved_at_noon(home)
    new.until("14:05")
    assert new.outcome("noon") == ("uncertain", False)
    assert count(new, ["L002"], "waste").accepted
    assert new.outcome("noon") == ("failed", False)


def test_a_sachet_that_is_nowhere_keeps_its_dose_from_the_robot_and_staff_may_give(home: PureHome) -> None:
    new = moved_at_noon(home)
    assert count(new, ["L002"], "missing").accepted
    new.robot.labels = new.robot.labels[1:]
    new.give(ev.RobotReported(new.now, new.robot.status()), cmd.LoadRoll(roll(7, "ROLL-2"), "technician"))
    new.until("12:05")
    new.press()
    assert new.orders() == []
    incident = new.incident("noon")
    assert incident is not None
    new.take(incident, "vagt")
    assert new.dose("noon").token == "vagt"
    assert new.decide(new.dose("noon"), ev.Verdict.GIVEN, "vagt").accepted
    assert new.outcome("noon") == ("given_by_staff", False)


def test_the_count_ends_with_its_last_sachet(home: PureHome) -> None:
    new = moved_at_noon(home)
    labels = left(new)
    assert count(new, labels[:-1], "waste").accepted
    assert told(new, COUNT) == ("HIGH", "moved")
    assert count(new, labels[-1:], "missing").accepted
    assert told(new, COUNT) is None
    assert count(new, ["L001"], "waste").reason == "label_not_left"
    assert count(new, labels[-1:], "waste").accepted  # it was found after all
    assert new.world.counts == {}
    assert count(new, labels, "waste").reason == "nothing_to_count"


def test_into_the_robot_counts_what_lies_on_its_strip_and_nothing_else(home: PureHome) -> None:
    new = moved_at_noon(home)
    assert count(new, ["L002"], "robot").reason == "no_roll"
    # the old strip itself is put into the new robot, with its last day cut off
    new.robot.production_id = "ROLL-1"
    new.robot.labels = left(new)[:-4]
    new.give(ev.RobotReported(new.now, new.robot.status()), cmd.LoadRoll(roll(), "technician"))
    assert count(new, left(new), "robot").reason == "not_in_roll"
    assert count(new, left(new)[:-4], "robot").accepted
    assert left(new) == ["L025", "L026", "L027", "L028"]
    new.until("12:05")
    new.take_dose()
    assert new.outcome("noon") == ("retrieved", False)


# --- a robot swapped in the same home --------------------------------------------------------------------


def swap(home: PureHome) -> ev.CommandAnswered:
    return home.ask(cmd.TakeOutMagazine(home.nonce(), ROBOT, "technician", home.soon()))


def test_a_swap_takes_every_resident_off_the_old_robot_and_asks_for_the_count(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    assert swap(home).reason == "not_at_rest"
    home.move()
    home.move()
    home.lift()
    assert swap(home).accepted
    assert len(left(home)) == 27
    assert told(home, COUNT) == ("HIGH", "swapped")
    home.until("12:05")
    home.press()
    assert [kind for kind, slot in home.orders() if slot == "noon"] == []
    assert swap(home).reason == "no_roll"


def test_a_robot_that_the_configuration_no_longer_names_took_its_strip_along(home: PureHome) -> None:
    """Nobody said that it was swapped: the home sees it at its next look."""
    home.until("08:05")
    home.take_dose()
    home.setting = replace(home.setting, residents=(Resident(RESIDENT, "SIM-0002"),), robots=("SIM-0002",))
    home.give()
    assert len(left(home)) == 27
    assert told(home, COUNT) == ("HIGH", "swapped")
    assert home.world.robot(ROBOT).rolls == {}
    assert home.dose("noon").uncounted == "uncounted"


def test_an_uncounted_sachet_counts_against_the_day_of_its_prescription(home: PureHome) -> None:
    """S1 counts medicine, not ids: a second dose of the same prescription on that day is one too many."""
    assert swap(home).accepted
    assert used_on(home.world, RESIDENT, "p-noon", FIRST_DAY) == 1
    assert count(home, ["L002"], "waste").accepted
    assert used_on(home.world, RESIDENT, "p-noon", FIRST_DAY) == 0


def test_a_dose_planned_later_is_in_doubt_too(home: PureHome) -> None:
    assert swap(home).accepted
    home.until("08:00", day=5)
    assert home.world.doses[dose_id(RESIDENT, FIRST_DAY + timedelta(days=5), "noon")].uncounted == "uncounted"


def test_an_old_journal_knows_no_moves() -> None:
    assert World().custody == {}
    assert World().counts == {}


@pytest.mark.parametrize("by", ["", "  "])
def test_nobody_moves_anybody_without_a_name(home: PureHome, by: str) -> None:
    moving = cmd.MoveOut(home.nonce(), RESIDENT, "move-1", NEW, by, "moving", home.soon())
    assert home.ask(moving).reason == "no_name"
