"""Every way a day can go with medicine that no sachet holds (rule 1): away, paused, stopped, moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given as each_of
from hypothesis import settings
from hypothesis import strategies as st

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.added import Packed, in_parts
from scheduler.display import display
from scheduler.dosage import DayPart
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.expand import holding
from scheduler.invariants import broken
from scheduler.outgoing import changes
from scheduler.plan import Content, DosePlan, Portion
from scheduler.record import from_plain, to_plain
from scheduler.roll import Roll, Sachet, same_medicine
from scheduler.world import World
from tests.scheduler.test_added_medicine import (
    VITAMIN,
    about,
    added,
    knows_vitamins,
    later_roll,
    offer,
    outcome,
    part,
    parts,
    put_in,
    vitamin,
    without,
)
from tests.scheduler.test_custody import ask, bundle, count, move_in, move_out, new_home
from tests.scheduler.test_leave import leave
from tests.scheduler.test_leave import told as told_of_leave
from tests.scheduler.test_on_the_spot import KEYS, NURSE, key
from tests.scheduler.test_pauses import pause
from tests.scheduler.test_side_doses import INSULIN, delivered
from tests.scheduler.test_side_doses import outcome as beside
from tests.support.attack_moves import is_open, live_until
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, prescriptions, roll, setting, utc

__all__ = ["added"]


def blocked_for(home: PureHome) -> str:
    """What the care incident of the first morning's part says."""
    told = about(home, part(home))
    assert told.kind is ev.Kind.DOSE_BLOCKED
    return told.detail


# --- away ---------------------------------------------------------------------------------------------


def test_it_is_told_at_once_that_it_can_not_be_taken_along(added: PureHome) -> None:
    assert leave(added) == "done"
    told = told_of_leave(added)
    assert told is not None
    assert (told.kind, told.priority, told.detail) == (
        ev.Kind.TAKE_ALONG_INCOMPLETE,
        ev.Priority.HIGH,
        "no_sachet",
    )
    assert part(added, day=2).permit is None
    assert added.dose("morning", day=2).permit is not None
    for at in ("08:05", "12:05", "18:05", "22:05"):
        live_until(added, utc(at))
        added.take_dose()
    live_until(added, utc("22:31"))
    assert "Tilbage: 4." in display(delivered(added), added.setting, ROBOT, added.now).lines
    before = added.orders()
    for _ in range(4):
        added.take_dose()
    assert added.outcome("morning", day=2) == ("taken_along", False)
    added.press()
    assert len(added.orders()) == len(before) + 8 and added.world.order_under_way() is None
    assert is_open(told_of_leave(added)), "it is still here"


def test_paused_it_is_withheld_and_disturbs_nobody(added: PureHome) -> None:
    assert pause(added) == "done"
    live_until(added, utc("10:05"))
    assert outcome(part(added)) == ("withheld", "paused")
    assert added.world.incident_about(f"dose:{part(added).dose_id}") is None


def test_paused_while_it_is_due_nobody_is_left_with_it(added: PureHome) -> None:
    """No robot need show that it is over: none was asked."""
    added.until("08:05")
    assert blocked_for(added) == "no_sachet"
    assert pause(added) == "done"
    live_until(added, utc("10:05"))
    assert outcome(part(added)) == ("withheld", "paused")
    assert not is_open(about(added, part(added)))


def test_suspended_it_is_staffs_as_all_else_is(added: PureHome) -> None:
    by = ("Anna", "confused", "home", 0, added.soon())
    review = utc("07:50", day=2)
    added.ask(cmd.SetMode(added.nonce(), RESIDENT, ev.Mode.SUSPENDED, review, *by))
    added.until("08:05")
    assert blocked_for(added) == "suspended"
    assert added.take(about(added, part(added)), "Anna").accepted
    assert part(added).token == "Anna"
    added.decide(part(added), ev.Verdict.NOT_GIVEN, "Anna")
    live_until(added, utc("10:05"))
    assert outcome(part(added)) == ("withheld", "suspended")


def test_given_late_the_next_one_waits_for_its_distance_and_nobody_is_told_before() -> None:
    """S2: by hand too. What nobody could give yet is not about to be missed either."""
    home = knows_vitamins()
    offer(home, 2, *prescriptions(), vitamin(DayPart.MORNING, DayPart.NOON))
    live_until(home, utc("11:30"))
    assert home.take(about(home, part(home)), "Anna").accepted
    assert home.decide(part(home), ev.Verdict.GIVEN, "Anna").accepted
    home.until("13:05")
    noon = part(home, "noon")
    assert noon.plan.loose and home.world.incident_about(f"dose:{noon.dose_id}") is None
    home.until("13:31")
    assert about(home, noon).detail == "no_sachet"
    assert home.take(about(home, noon), "Berit").accepted
    assert part(home, "noon").token == "Berit"


def test_the_battery_must_last_to_what_the_robot_gives(added: PureHome) -> None:
    """No sachet of the morning's is waited for: the next one is noon's."""
    offer(added, 3, *without("morning"), vitamin())
    added.give(ev.RobotReported(added.now, replace(added.robot.status(), mains=False)))
    added.until("07:56")
    told = added.world.incident_about(f"power:{ROBOT}")
    assert told is not None and told.kind is ev.Kind.BATTERY_SHORT


# --- the card changes while it is due -------------------------------------------------------------------


def test_what_a_card_adds_in_an_open_window_keeps_no_sachet_back() -> None:
    """What lies at the mouth is the dose's that is due: nobody is to decide about it."""
    home = knows_vitamins()
    home.until("08:05")
    offer(home, 2, *prescriptions(), vitamin())
    assert parts(home) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}
    assert blocked_for(home) == "no_sachet"
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_beside_a_dose_whose_sachet_is_another_it_is_as_ever() -> None:
    """S3: nobody knows what lies there, and what of it."""
    home = knows_vitamins()
    home.until("08:05")
    offer(home, 2, *prescriptions(), vitamin())
    offer(home, 3, *prescriptions(), vitamin(), vitamin(key="p-second"))
    put_in(home, later_roll(1), back=timedelta(hours=1))
    offer(home, 4, *prescriptions(), vitamin(key="p-third"))
    assert home.dose("morning").stage is Stage.HELD
    assert parts(home)["4"] == (["p-third"], False)


def test_stopped_while_it_is_due_nobody_may_give_it(added: PureHome) -> None:
    """S1: what the plan asks for no more is withheld, and says why."""
    added.until("08:05")
    offer(added, 3, *prescriptions())
    assert blocked_for(added) == "card_changed"
    added.take(about(added, part(added)), "Anna")
    assert part(added).token == ""
    live_until(added, utc("10:05"))
    assert outcome(part(added)) == ("withheld", "card_changed")
    assert blocked_for(added) == "card_changed"


def test_stopped_while_somebody_gives_it_they_are_told(added: PureHome) -> None:
    added.until("08:05")
    added.take(about(added, part(added)), "Anna")
    offer(added, 3, *prescriptions())
    told = about(added, part(added))
    assert (told.priority, told.detail) == (ev.Priority.HIGH, "no_longer_planned")


# --- another home, another robot ------------------------------------------------------------------------


def test_in_the_next_home_it_is_known_what_was_added(added: PureHome) -> None:
    new = new_home(added.now)
    new.setting = replace(new.setting, catalogue=added.setting.catalogue)
    assert ask(new).accepted and move_out(added).accepted
    assert RESIDENT not in added.world.named
    assert move_in(new, bundle(added)).accepted
    assert new.world.named[RESIDENT]["p-vitamin"] == 2
    assert parts(new) == {"1": (["p-morning", "p-vitamin"], False)}, (
        "no roll yet: nobody knows what lies packed"
    )
    put_in(new, roll(7, "ROLL-2"))
    assert parts(new) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}


def test_given_by_hand_before_the_move_it_is_not_given_after_it(added: PureHome) -> None:
    added.until("08:05")
    added.take(about(added, part(added)), "Anna")
    added.decide(part(added), ev.Verdict.GIVEN, "Anna")
    new = new_home(added.now)
    new.setting = replace(new.setting, catalogue=added.setting.catalogue)
    assert ask(new).accepted and move_out(added).accepted
    assert move_in(new, bundle(added)).accepted
    put_in(new, later_roll(), back=timedelta(hours=1))
    count(new, [each.label for c in new.world.counts[RESIDENT] for each in c.left], "waste")
    assert parts(new) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}
    new.until("08:10")
    before = new.orders()
    new.press()
    assert new.orders() == before and new.dose("morning").held == "content_mismatch"


def test_a_bundle_of_before_says_nothing_of_it(added: PureHome) -> None:
    """Of whom the older home did not tell, nobody knows since when their card names what it names."""
    new = new_home(added.now)
    ask(new)
    move_out(added)
    plain = to_plain(bundle(added))
    carried = plain["carried"]
    assert isinstance(carried, dict) and carried.pop("named")
    moved = from_plain(plain)
    assert isinstance(moved, ev.ResidentMovedOut)
    assert move_in(new, moved).accepted
    assert set(new.world.named[RESIDENT].values()) == {0}


def test_what_no_sachet_holds_is_not_in_doubt_with_a_magazine(added: PureHome) -> None:
    """Rule 24: its medicine was in none of the sachets that nobody has counted."""
    added.ask(cmd.TakeOutMagazine(added.nonce(), ROBOT, "technician", added.soon()))
    assert (added.dose("morning").uncounted, part(added).uncounted) == ("uncounted", "")
    added.until("08:05")
    added.take(about(added, part(added)), "Anna")
    assert part(added).token == "Anna"


def test_it_is_in_doubt_with_a_magazine_that_held_it() -> None:
    home = knows_vitamins()
    offer(home, 2, *prescriptions(), vitamin())
    put_in(home, later_roll())
    home.ask(cmd.TakeOutMagazine(home.nonce(), ROBOT, "technician", home.soon()))
    put_in(home, roll())
    assert parts(home) == {"1": (["p-morning"], False), "2": (["p-vitamin"], True)}
    assert part(home).uncounted == "uncounted"
    home.until("08:05")
    home.take(about(home, part(home)), "Anna")
    assert part(home).token == ""


# --- who else is there ----------------------------------------------------------------------------------


def test_whoever_locks_the_robot_on_the_spot_may_give_it(added: PureHome) -> None:
    """Rule 5, where on-call can't be reached."""
    added.setting = replace(added.setting, staff=KEYS)
    added.until("08:05")
    key(added)
    assert (part(added).token, added.dose("morning").token) == (NURSE, NURSE)
    added.decide(added.dose("morning"), ev.Verdict.GIVEN, NURSE)
    key(added)
    assert added.world.robot(ROBOT).locked_by == NURSE, "not said yet of the other"
    added.decide(part(added), ev.Verdict.GIVEN, NURSE)
    key(added)
    assert added.world.robot(ROBOT).locked_by == ""


def test_a_press_for_what_is_beside_the_robot_is_heard() -> None:
    home = knows_vitamins()
    known = home.setting.catalogue
    home.setting = replace(home.setting, catalogue=replace(known, known=known.known | {"A10AB05"}))
    offer(home, 2, *prescriptions(), vitamin(), INSULIN)
    home.until("08:05")
    home.take_dose()
    home.until("08:10")
    home.press()
    assert beside(home, "insulin") == ("confirmed", "", False)
    assert part(home).outcome is None


def test_where_staff_remind_it_is_blocked_and_not_just_due(added: PureHome) -> None:
    by = ("Anna", "forgets", "home", 0, added.soon())
    added.ask(cmd.SetMode(added.nonce(), RESIDENT, ev.Mode.ASSISTED, utc("07:50", day=2), *by))
    added.until("08:05")
    assert blocked_for(added) == "no_sachet"


def test_its_outage_is_the_homes_and_never_a_robots(added: PureHome) -> None:
    added.lost()
    added.until("08:05")
    assert (added.dose("morning").outage, part(added).outage) == (True, False)


def test_no_order_for_it_is_ever_committed(added: PureHome) -> None:
    """Fail-stop, in other words than the rules that decide."""
    added.until("08:05")
    added.press()
    (order,) = [event.order for event in added.journal if isinstance(event, ev.OrderIssued)]
    loose = replace(
        added.dose("morning"),
        stage=Stage.DUE,
        order=None,
        plan=replace(added.dose("morning").plan, loose=True),
    )
    before = replace(added.world, doses={**added.world.doses, loose.dose_id: loose})
    event = ev.OrderIssued(added.now, order)
    after = evolve(before, event)
    assert "no sachet holds" in broken(before, after, [event], changes(before, after, [event]))


# --- any roll, any card: nothing is lost, and nothing doubled ---------------------------------------------

KEYS_OF = ("a", "b", "c", "d")
SACHETS = st.frozensets(st.sampled_from(KEYS_OF))


def content(name: str) -> Content:
    return Content(f"drug-{name}", "1 mg", Decimal(1), "tablet")


def planned_dose(names: Sequence[str], number: int, *, loose: bool = False) -> DosePlan:
    opens = utc("08:00")
    two = timedelta(hours=2)
    return DosePlan(
        dose_id=f"{RESIDENT}/{FIRST_DAY}/morning/{number}",
        resident=RESIDENT,
        day=FIRST_DAY,
        slot="morning",
        opens=opens,
        half=opens + two / 2,
        closes=opens + two,
        portions=tuple(Portion(name, content(name)) for name in sorted(names)),
        critical=False,
        plan_version=1,
        loose=loose,
    )


def make(dose: DosePlan, portions: Sequence[Portion]) -> DosePlan:
    two = timedelta(hours=2)
    return holding(dose, portions, setting().catalogue, (two, two))


@settings(max_examples=300, deadline=None)
@each_of(
    whole=st.frozensets(st.sampled_from(KEYS_OF), min_size=1),
    loose=SACHETS,
    packed=st.none() | SACHETS,
    versions=st.tuples(*[st.integers(0, 3)] * len(KEYS_OF)),
    card=st.integers(0, 3),
)
def test_whatever_lies_packed_each_portion_is_in_one_dose_and_stays_there(
    whole: frozenset[str],
    loose: frozenset[str],
    packed: frozenset[str] | None,
    versions: tuple[int, ...],
    card: int,
) -> None:
    """And what the robot may offer is what the sachet holds, or what is held as ever."""
    named = dict(zip(KEYS_OF, versions, strict=True))
    there = None
    if packed is not None:
        sachets = (Sachet(1, "L1", setting().local.local(utc("08:00")), frozenset(map(content, packed))),)
        there = Packed(Roll("R", RESIDENT, card, sachets if packed else ()), named, setting().local)
    apart = loose - whole
    known = [planned_dose(sorted(whole), 1), *([planned_dose(sorted(apart), 2, loose=True)] if apart else [])]
    asked = [replace(dose, loose=False) for dose in known]
    found = in_parts(asked, known, (), there, make)
    again = in_parts([replace(dose, loose=False) for dose in found], found, (), there, make)
    assert again == found
    assert sorted(p.prescription_id for dose in found for p in dose.portions) == sorted(whole | apart)
    assert len({dose.dose_id for dose in found}) == len(found)
    for dose in found:
        if dose.loose:
            assert there is not None and packed
            assert all(named[each] > card for each in dose.prescriptions)
            rest = frozenset().union(*(other.content for other in found if not other.loose))
            assert same_medicine(frozenset(map(content, packed)), rest)
    whole_fits = packed is not None and packed == whole | apart
    assert not (whole_fits and any(dose.loose for dose in found))


def test_a_journal_of_before_has_what_is_ahead_planned_by_what_lies_packed(added: PureHome) -> None:
    """The row of a roll says so: replayed by this version, what it left whole is divided."""
    world = World()
    for event in added.journal:
        if isinstance(event, ev.RollLoaded):
            world = evolve(world, event)
            assert world.planned[RESIDENT].version == 0
        else:
            world = evolve(world, event)
    assert world == added.world


@pytest.mark.parametrize("slot", ["noon", "evening"])
def test_stopped_and_added_by_one_card_the_sachet_is_held(slot: str) -> None:
    """Nothing of it is left for the robot to offer, and nothing was apart before: a person looks (S3)."""
    home = knows_vitamins()
    offer(home, 2, *without(slot), vitamin(DayPart(slot)))
    assert parts(home, slot) == {"1": (["p-vitamin"], False)}
    at = {"noon": "12:05", "evening": "18:05"}
    before = {"noon": ("08:05",), "evening": ("08:05", "12:05")}
    for each in before[slot]:
        live_until(home, utc(each))
        home.take_dose()
    live_until(home, utc(at[slot]))
    assert home.dose(slot).held == "content_mismatch"
    assert home.world.catalogue(home.setting).known >= {VITAMIN}
