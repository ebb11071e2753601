"""A card changes while the roll is in: what is affected waits for a person, all else goes on (rule 22)."""

from __future__ import annotations

from dataclasses import replace

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from tests.support.attack_moves import about, is_open, live_until, resolve
from tests.support.pure_home import RESIDENT, PureHome, prescriptions, utc


def stronger(home: PureHome, slot: str, version: int = 2) -> None:
    changed = tuple(
        replace(one, strength="20 mg") if one.prescription_id == f"p-{slot}" else one
        for one in prescriptions()
    )
    home.give(cmd.OfferPlan(RESIDENT, version, changed, f"f{version}"))


def test_in_its_window_the_sachet_of_before_is_held_and_not_given(home: PureHome) -> None:
    """S3: it is planned as it was packed, and the card in force asks for another strength."""
    home.until("08:05")
    stronger(home, "morning")
    assert home.dose("morning").stage is Stage.HELD
    assert (about(home).kind, about(home).priority, about(home).detail) == (
        ev.Kind.SACHET_MISMATCH,
        ev.Priority.HIGH,
        "card_changed",
    )
    before = home.orders()
    home.press()
    assert home.orders() == before
    assert home.decide(home.dose("morning"), ev.Verdict.DISCARD, "Berit").accepted
    home.move()
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False), "the strip went on"


def test_a_sachet_in_the_tray_is_taken_back_and_not_presented_again(home: PureHome) -> None:
    """Rule 11: a change reaches it there."""
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    stronger(home, "morning")
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    home.press()
    assert home.orders()[-1] == ("retract", "morning")
    assert (about(home).kind, about(home).detail) == (ev.Kind.DOSE_BLOCKED, "card_changed")


def test_what_was_lifted_and_changed_in_its_window_calls_the_resident(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    stronger(home, "morning")
    assert (about(home).kind, about(home).priority) == (ev.Kind.CALL_RESIDENT, ev.Priority.HIGH)
    resolve(home, about(home))
    live_until(home, utc("11:00"))
    assert not is_open(about(home))
    calls = [event for event in home.journal if isinstance(event, ev.HandedOutChanged)]
    assert len(calls) == 1


def test_after_its_window_it_is_swallowed(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("10:01")
    stronger(home, "morning")
    assert home.incident("morning") is None


def test_what_the_change_does_not_touch_disturbs_nobody(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    stronger(home, "evening")
    assert home.orders()[-1] == ("present", "morning")
    home.lift()
    assert home.outcome("morning") == ("retrieved", False)
    assert [one.kind for one in home.open_incidents()] == [ev.Kind.ROLL_CONFLICT], "of the roll's evenings"


def strength(home: PureHome, version: int, strength: str) -> None:
    changed = tuple(
        replace(one, strength=strength) if one.prescription_id == "p-morning" else one
        for one in prescriptions()
    )
    home.give(cmd.OfferPlan(RESIDENT, version, changed, f"f{version}"))


def called_about_the_first() -> PureHome:
    home = PureHome(utc("07:50"))
    home.start()
    home.until("08:05")
    home.take_dose()
    strength(home, 2, "20 mg")
    resolve(home, about(home))
    assert not is_open(about(home))
    return home


def test_a_second_change_after_the_call_calls_again() -> None:
    """Rule 22: whoever called knew nothing of it."""
    home = called_about_the_first()
    first = about(home)
    home.until("08:30")
    strength(home, 3, "40 mg")
    again = about(home)
    assert is_open(again)
    assert (again.kind, again.priority, again.owner) == (ev.Kind.CALL_RESIDENT, ev.Priority.HIGH, "")
    assert again.deadline > first.deadline
    assert again.revision > first.revision
    resolve(home, again)
    live_until(home, utc("11:00"))
    assert not is_open(about(home))


def test_while_the_call_is_open_another_change_is_told_in_it(home: PureHome) -> None:
    """Merged, and not unheard: who closes it must have seen it (rule 26)."""
    home.until("08:05")
    home.take_dose()
    strength(home, 2, "20 mg")
    seen = about(home)
    assert home.take(seen, "Anna").accepted
    taken = about(home)
    strength(home, 3, "40 mg")
    merged = about(home)
    assert (merged.incident_id, merged.owner) == (seen.incident_id, "Anna")
    assert merged.detail == "card_changed_again 3"
    assert home.close(taken, "Anna", "called").reason == "stale"
    strength(home, 4, "80 mg")
    assert home.close(merged, "Anna", "called").reason == "stale"
    assert home.close(about(home), "Anna", "called").accepted
    assert not is_open(about(home))
    assert sum(one.kind is ev.Kind.CALL_RESIDENT for one in home.world.incidents.values()) == 1


def test_a_change_that_leaves_it_alone_does_not_call_again() -> None:
    home = called_about_the_first()
    changed = tuple(
        replace(one, strength="20 mg") if one.prescription_id in ("p-morning", "p-night") else one
        for one in prescriptions()
    )
    home.until("08:40")
    home.give(cmd.OfferPlan(RESIDENT, 3, changed, "f3"))
    assert not is_open(about(home))
    home.until("10:01")
    strength(home, 4, "40 mg")
    assert not is_open(about(home)), "swallowed by now"


def test_after_a_closed_double_dose_a_change_still_calls(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    dose = replace(home.dose("morning"), contradicted=True)
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})
    home.give()
    assert about(home).kind is ev.Kind.RECORD_CONTRADICTS
    resolve(home, about(home))
    assert not is_open(about(home))
    strength(home, 2, "20 mg")
    assert (about(home).kind, is_open(about(home))) == (ev.Kind.CALL_RESIDENT, True)
    resolve(home, about(home))
    home.until("08:40")
    assert not is_open(about(home))


def test_a_possible_double_dose_goes_before_a_call(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    strength(home, 2, "20 mg")
    dose = replace(home.dose("morning"), contradicted=True)
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})
    home.give()
    assert about(home).kind is ev.Kind.RECORD_CONTRADICTS
    resolve(home, about(home))
    assert (about(home).kind, is_open(about(home))) == (ev.Kind.CALL_RESIDENT, True)


def test_an_order_names_the_plan_in_force_also_for_a_dose_that_it_left_alone(home: PureHome) -> None:
    """P9: the robot has seen the newer version with another dose's order, and refuses every lower one."""
    stronger(home, "evening")
    home.until("08:05")
    home.take_dose()
    versions = {e.order.plan_version for e in home.journal if isinstance(e, ev.OrderIssued)}
    assert versions == {2}
    assert home.dose("morning").plan.plan_version == 1, "planned before, and nothing of it changed"
