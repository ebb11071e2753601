"""Rule 7: a robot suspects that more than the one sachet moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from protocol.wire.messages import DOUBLE_FEED as ON_THE_WIRE
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dose import Stage
from scheduler.double_feed import not_reconciled
from scheduler.evolve import evolve
from scheduler.evolve_press import with_robot
from scheduler.gate import why_not_present, why_not_release
from scheduler.invariants import broken
from scheduler.outgoing import changes
from scheduler.remembered import DOUBLE_FEED
from scheduler.roll import following
from scheduler.world import Resident
from tests.support.attack_moves import live_until
from tests.support.pure_home import CRITICAL, DRUGS, RESIDENT, ROBOT, PureHome, roll, utc

FEED = f"feed:{ROBOT}"


def about(home: PureHome, subject: str = FEED) -> ev.Incident | None:
    """The open incident of this cause."""
    incident = home.world.incident_about(subject)
    return incident if incident is not None and incident.state is not ev.State.CLOSED else None


def fed(home: PureHome, *, fault: bool = True) -> None:
    """The order under way is carried out, and the sensors suspect that a second sachet went along."""
    home.robot.fault = DOUBLE_FEED if fault else ""
    home.move(detail=DOUBLE_FEED)


@pytest.fixture
def released(due: PureHome) -> PureHome:
    due.press()
    fed(due)
    return due


@pytest.fixture
def presented(due: PureHome) -> PureHome:
    due.press()
    due.move()
    fed(due)
    return due


def kind(home: PureHome, slot: str) -> str:
    incident = home.incident(slot)
    return incident.kind.value if incident is not None else ""


def looked_at(home: PureHome, verdict: ev.Verdict = ev.Verdict.NOT_GIVEN) -> ev.CommandAnswered:
    """A person clears the fault at the robot, and says what became of the next dose."""
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    return home.decide(home.dose("noon"), verdict, "Anna")


def closed(home: PureHome) -> ev.CommandAnswered:
    incident = about(home)
    assert incident is not None
    if not incident.owner:
        assert home.take(incident, "Anna").accepted
        incident = about(home)
        assert incident is not None
    return home.close(incident, "Anna", "looked into")


def shown(home: PureHome) -> tuple[str, ...]:
    return display(home.world, home.setting, ROBOT, home.now).lines


def test_both_sides_of_the_wire_call_it_the_same() -> None:
    assert DOUBLE_FEED == ON_THE_WIRE


def test_it_is_high_at_once_whatever_dose_comes_next(released: PureHome) -> None:
    incident = about(released)
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.DOUBLE_FEED, ev.Priority.HIGH)
    assert incident.deadline == released.now + released.setting.limits.acknowledge_high
    assert about(released, f"robot:{ROBOT}") is None, "one cause is told once"
    noon = released.incident("noon")
    assert noon is not None and DRUGS["noon"] != CRITICAL
    assert (noon.kind, noon.priority, noon.detail) == (
        ev.Kind.ORDER_UNKNOWN,
        ev.Priority.HIGH,
        DOUBLE_FEED,
    )


def test_the_dose_that_follows_on_the_strip_is_in_doubt_and_no_other(released: PureHome) -> None:
    assert released.dose("morning").stage is Stage.HOLDING, "the record of its motion stands"
    assert released.dose("noon").stage is Stage.DOUBT
    assert released.dose("noon").beside == released.dose("morning").dose_id
    assert released.dose("evening").stage is Stage.PLANNED


def test_nothing_leaves_the_strip_until_it_was_cleared_decided_and_closed(released: PureHome) -> None:
    home = released
    assert not home.world.order_under_way(), "what was released is not presented"
    assert why_not_present(home.world, home.setting, home.dose("morning"), home.now) == DOUBLE_FEED
    assert why_not_release(home.world, home.setting, home.dose("evening"), home.now) == DOUBLE_FEED
    assert closed(home).reason == "fault"
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.dose("noon").stage is Stage.DOUBT, "a fault that was cleared settles nothing"
    home.press()
    assert not home.world.order_under_way()
    assert closed(home).reason == "in_doubt"
    assert home.decide(home.dose("noon"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    home.press()
    assert not home.world.order_under_way(), "not while nobody has closed it"
    assert closed(home).accepted
    assert not home.world.order_under_way(), "the press of before is history (rule 2)"
    home.press()
    order = home.world.order_under_way()
    assert order is not None and order.order.kind is ev.OrderKind.PRESENT


def test_an_incident_of_long_ago_is_closed_where_nothing_is_open_any_more(released: PureHome) -> None:
    incident = about(released)
    assert incident is not None
    released.robot.fault = ""
    released.give(ev.RobotReported(released.now, released.robot.status()))
    assert not_reconciled(released.world, incident) == "in_doubt"
    robot = replace(released.world.robot(ROBOT), double_feed=None)
    assert not_reconciled(with_robot(released.world, ROBOT, robot), incident) == ""


def test_who_cannot_see_the_robot_does_not_close_it(released: PureHome) -> None:
    looked_at(released)
    released.lost()
    assert closed(released).reason == "robot_not_ready"


def test_what_lay_at_the_mouth_after_all_is_offered_at_its_time(released: PureHome) -> None:
    assert looked_at(released).accepted
    assert released.dose("noon").stage is Stage.PLANNED
    assert closed(released).accepted
    released.until("08:10")
    assert released.dose("noon").stage is Stage.PLANNED, "it is asked about once"
    released.press()
    released.move()
    released.lift()
    released.until("12:05")
    assert (released.dose("noon").stage, released.dose("noon").offered) == (Stage.DUE, True)
    released.take_dose()
    assert released.outcome("noon") == ("retrieved", False)


def test_a_sachet_that_really_left_is_never_offered_again(due: PureHome) -> None:
    """S1: it may have been had; found elsewhere than in the robot, staff give that dose by hand."""
    due.press()
    due.robot.labels.pop(1)
    fed(due)
    assert looked_at(due).accepted
    assert due.dose("noon").stage is Stage.OUT
    assert closed(due).accepted
    due.press()
    due.move()
    due.lift()
    due.until("12:05")
    due.press()
    assert not due.world.order_under_way()
    assert kind(due, "noon") == "dose_blocked"


def test_one_who_had_the_next_dose_too_is_not_given_it_again(released: PureHome) -> None:
    assert looked_at(released, ev.Verdict.HAD_IT).accepted
    assert released.outcome("noon") == ("confirmed", False)
    released.until("10:00")
    released.move()
    released.until("12:05")
    released.press()
    assert released.orders() == [("release", "morning"), ("divert", "morning")]


def test_in_doubt_it_stays_until_a_person_decides_also_past_its_window(released: PureHome) -> None:
    released.robot.fault = ""
    released.give(ev.RobotReported(released.now, released.robot.status()))
    released.until("10:00")
    released.move()  # the morning's is put away: its window closed
    released.until("14:10")
    assert (released.dose("noon").stage, released.outcome("noon")) == (Stage.DOUBT, ("uncertain", False))
    released.until("18:05")
    released.press()
    assert released.orders() == [("release", "morning"), ("divert", "morning")], "P3: the line stands still"


def test_the_robot_says_which_sachet_is_to_be_taken(presented: PureHome) -> None:
    assert presented.dose("morning").stage is Stage.IN_TRAY
    assert shown(presented)[:2] == ("Tag kun posen d. 2/11 kl. 08:00.", "Lad en anden pose ligge.")
    assert about(presented) is not None
    assert presented.dose("noon").stage is Stage.DOUBT
    presented.lift()
    assert presented.outcome("morning") == ("retrieved", False), "what was lifted is an outcome by evidence"
    assert presented.dose("noon").stage is Stage.DOUBT


def test_of_a_sachet_that_no_manifest_knows_any_more_its_planned_time_is_said(presented: PureHome) -> None:
    robot = presented.world.robot(ROBOT)
    robots = {**presented.world.robots, ROBOT: replace(robot, rolls={})}
    presented.world = replace(presented.world, robots=robots)
    assert shown(presented)[0] == "Tag kun posen d. 2/11 kl. 08:00."


def test_it_offers_nothing_while_two_may_lie_in_the_holding_place(released: PureHome) -> None:
    assert shown(released)[0] == "Robotten kan ikke give medicin nu."


def test_where_something_lay_in_the_tray_the_robot_cannot_say_what_it_put_away(presented: PureHome) -> None:
    """S1: they may have taken the right one, and the other was retracted: that is no missed dose."""
    presented.until("10:00")
    order = presented.world.order_under_way()
    assert order is not None and order.order.kind is ev.OrderKind.RETRACT, "rule 4: also under a fault"
    presented.move()
    assert presented.dose("morning").stage is Stage.DOUBT
    presented.robot.fault = ""
    presented.give(ev.RobotReported(presented.now, presented.robot.status()))
    presented.until("10:20")
    order = presented.world.order_under_way()
    assert order is not None and order.order.kind is ev.OrderKind.DIVERT
    presented.move()
    presented.until("10:30")
    assert (presented.dose("morning").stage, presented.outcome("morning")) == (
        Stage.DOUBT,
        ("uncertain", False),
    )
    assert kind(presented, "morning") == "order_unknown"
    assert closed(presented).reason == "in_doubt"
    assert presented.decide(presented.dose("morning"), ev.Verdict.HAD_IT, "Anna").accepted
    assert presented.outcome("morning") == ("confirmed", True)


def test_nobody_closes_it_while_the_sachet_is_within_reach(presented: PureHome) -> None:
    presented.robot.fault = ""
    presented.give(ev.RobotReported(presented.now, presented.robot.status()))
    assert closed(presented).reason == "tray_occupied"


def test_a_log_that_was_lost_leaves_the_fault_and_the_doubt(due: PureHome) -> None:
    due.press()
    due.lost()
    due.robot.labels = due.robot.labels[2:]
    due.robot.holding, due.robot.fault, due.robot.log, due.robot.log_id = "L001", DOUBLE_FEED, [], "log-2"
    due.connect()
    assert (due.dose("morning").stage, due.dose("noon").stage) == (Stage.DOUBT, Stage.DOUBT)


def test_a_fault_without_a_doubt_puts_nothing_in_doubt(due: PureHome) -> None:
    """What moved before it is on record."""
    due.press()
    due.move()
    assert due.dose("morning").label
    due.robot.fault = DOUBLE_FEED
    due.give(ev.RobotReported(due.now, due.robot.status()))
    assert due.dose("noon").stage is Stage.PLANNED
    assert not [dose for dose in due.world.doses.values() if dose.beside]


@pytest.mark.parametrize("changed", [{"slot": "surplus-9"}, {"loose": True}])
def test_a_dose_that_no_sachet_waits_for_on_the_strip_is_passed_over(
    due: PureHome, changed: dict[str, object]
) -> None:
    noon = due.dose("noon")
    other = replace(noon.plan, dose_id=noon.dose_id[:-1] + "0", **changed)  # type: ignore[arg-type]
    due.world = evolve(due.world, ev.DosePlanned(due.now, other))
    due.journal.append(ev.DosePlanned(due.now, other))
    due.press()
    fed(due)
    assert due.dose("noon").stage is Stage.DOUBT


def test_an_old_entry_of_a_robot_that_came_from_elsewhere_locks_nothing(home: PureHome) -> None:
    entry = home.robot.write(
        home.now, "ended", order_kind="release", dose_id="x/y/z/1", label="Z1", result="done"
    )
    home.give(replace(entry, detail=DOUBLE_FEED))
    assert about(home) is None


def test_the_strips_last_sachet_leaves_no_dose_in_doubt_and_locks_all_the_same(due: PureHome) -> None:
    entry = due.robot.write(
        due.now,
        "ended",
        order_kind="release",
        dose_id=due.dose("morning").dose_id,
        label="L028",
        result="done",
    )
    due.give(replace(entry, detail=DOUBLE_FEED))
    assert about(due) is not None
    assert not [dose for dose in due.world.doses.values() if dose.beside]


def test_a_start_of_the_home_forgets_nothing_of_it(released: PureHome) -> None:
    released.daemon()
    released.connect()
    assert released.world.robot(ROBOT).double_feed is not None
    assert released.dose("noon").stage is Stage.DOUBT


def test_an_order_beside_a_double_feed_is_never_committed(due: PureHome) -> None:
    """The second look, in other words than the gate's."""
    due.press()
    issued = next(event for event in reversed(due.journal) if isinstance(event, ev.OrderIssued))
    order = replace(issued.order, order_id="00" * 16)
    entry = due.robot.write(due.now, "ended", dose_id="", label="L001", result="done")
    before = evolve(due.world, replace(entry, detail=DOUBLE_FEED, robot=ROBOT))
    again = replace(due.dose("morning"), order=None, stage=Stage.DUE)
    before = replace(before, doses={**before.doses, again.dose_id: again})
    event = ev.OrderIssued(at=due.now, order=order)
    after = evolve(before, event)
    told = changes(before, after, [event])
    assert broken(before, after, [event], told).startswith("S1: an order towards the resident while two")


def left_beside(home: PureHome) -> None:
    """The morning's is put away at its closing, and what lay beside it is still in the holding place."""
    home.robot.fault = ""
    home.robot.labels.pop(0)
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("10:00")
    home.move()
    home.robot.holding = "L002"
    home.give(ev.RobotReported(home.now, home.robot.status()))


def test_what_was_never_within_reach_is_in_the_store_by_the_record(released: PureHome) -> None:
    left_beside(released)
    assert released.dose("morning").stage is Stage.IN_STORE
    assert released.outcome("morning") == ("failed", False)


def test_the_robots_record_alone_settles_nothing_of_what_lay_beside(released: PureHome) -> None:
    left_beside(released)
    released.until("14:00")
    assert released.orders()[-1] == ("divert", "noon"), "something lies in the holding place"
    released.move()
    released.until("14:10")
    assert (released.dose("noon").stage, released.outcome("noon")) == (Stage.DOUBT, ("uncertain", False))


def test_a_person_who_discards_what_lay_beside_has_decided(released: PureHome) -> None:
    left_beside(released)
    assert released.decide(released.dose("noon"), ev.Verdict.DISCARD, "Anna").accepted
    assert released.orders()[-1] == ("divert", "noon")
    released.move()
    assert released.dose("noon").stage is Stage.IN_STORE


def test_where_several_live_the_name_says_whose_it_is(presented: PureHome) -> None:
    """Two residents' sachets of one time may lie in one tray."""
    two = replace(presented.setting, residents=(*presented.setting.residents, Resident("ab" * 16, ROBOT)))
    assert display(presented.world, two, ROBOT, presented.now).lines[:3] == (
        "Tag kun posen d. 2/11 kl. 08:00.",
        "Se efter dit navn på posen.",
        "Lad en anden pose ligge.",
    )


def test_no_sachet_is_held_for_what_the_mouth_shows_before_staff_have_looked(released: PureHome) -> None:
    assert looked_at(released).accepted
    released.robot.labels[0] = "L999"
    released.give(ev.RobotReported(released.now, released.robot.status()))
    released.until("10:00")
    released.move()
    released.until("12:05")
    assert released.dose("noon").stage is Stage.DUE
    assert closed(released).accepted
    assert released.dose("noon").stage is Stage.HELD


def test_a_fault_without_its_entry_is_as_high(due: PureHome) -> None:
    due.robot.fault = DOUBLE_FEED
    due.give(ev.RobotReported(due.now, due.robot.status()))
    fault = about(due, f"robot:{ROBOT}")
    assert fault is not None
    assert (fault.kind, fault.priority, fault.detail) == (
        ev.Kind.ROBOT_FAULT,
        ev.Priority.HIGH,
        DOUBLE_FEED,
    )


def test_a_dose_that_no_sachet_was_packed_for_is_not_in_doubt(due: PureHome) -> None:
    """Another dose of the same time, whose medicine is in no sachet: nothing of it can lie beside."""
    noon = due.dose("noon")
    other = replace(
        noon.plan, dose_id=noon.dose_id[:-1] + "2", portions=(), opens=noon.plan.opens + timedelta(minutes=30)
    )
    due.world = evolve(due.world, ev.DosePlanned(due.now, other))
    due.journal.append(ev.DosePlanned(due.now, other))
    due.press()
    fed(due)
    assert due.dose("noon").stage is Stage.DOUBT
    assert due.world.doses[other.dose_id].stage is Stage.PLANNED


def test_what_lies_in_the_holding_place_is_not_said_to_be_the_next_doses(presented: PureHome) -> None:
    """S3: it may be the one that was to move, as long as nobody has said what became of that."""
    presented.robot.labels.pop(0)
    presented.until("10:00")
    presented.move()
    assert presented.robot.holding
    assert looked_at(presented).accepted
    assert presented.dose("noon").stage is Stage.OUT
    assert presented.decide(presented.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    presented.until("10:06")
    presented.robot.fault = ""
    presented.move()
    assert presented.orders()[-1] == ("divert", "morning"), "it is put away"
    assert presented.dose("morning").stage is Stage.IN_STORE, "a person has said that it lay there"


def test_a_dose_that_is_planned_later_is_in_doubt_as_soon_as_it_is(due: PureHome) -> None:
    """Its sachet may have gone days ahead of it, and the incident is long closed."""
    noon = due.dose("noon")
    due.world = evolve(due.world, ev.DoseWithdrawn(due.now, noon.dose_id, 1))
    due.press()
    fed(due)
    due.robot.fault = ""
    due.give(ev.RobotReported(due.now, due.robot.status()))
    assert closed(due).accepted
    assert due.world.robot(ROBOT).fed
    due.give(cmd.LoadRoll(roll(production_id="ROLL-2"), "technician"))
    due.world = evolve(due.world, ev.DosePlanned(due.now, noon.plan))
    due.give()
    assert due.dose("noon").stage is Stage.DOUBT
    assert not due.world.robot(ROBOT).fed, "asked about once"


def test_a_second_one_before_anybody_has_looked_forgets_nothing_of_the_first(due: PureHome) -> None:
    noon = due.dose("noon")
    due.world = evolve(due.world, ev.DoseWithdrawn(due.now, noon.dose_id, 1))
    due.press()
    fed(due)
    other = due.robot.write(due.now, "ended", order_kind="divert", dose_id="x", label="L027", result="done")
    due.give(replace(other, detail=DOUBLE_FEED))
    due.world = evolve(due.world, ev.DosePlanned(due.now, noon.plan))
    due.give()
    assert due.dose("noon").stage is Stage.DOUBT


def test_of_a_strip_of_medicine_as_needed_no_dose_is_in_doubt() -> None:
    strip = replace(roll(1), as_needed=True)
    assert following({"r": roll(1)}, "L001") == ("r", roll(1).sachets[1])
    assert following({"r": strip}, "L001") is None
    assert following({"r": roll(1)}, "L004") is None, "the last one"
    assert following({"r": roll(1)}, "L999") is None


def test_of_a_strip_that_several_share_the_next_one_is_whosever_it_is() -> None:
    first, second, third, fourth = roll(1).sachets
    mine = replace(roll(1), sachets=(first, fourth))
    theirs = replace(roll(1), resident="r2", sachets=(second, third))
    both = {"r1": mine, "r2": theirs}
    assert following(both, "L001") == ("r2", second)
    assert following(both, "L003") == ("r1", fourth)
    assert following({"r1": mine, "r2": replace(theirs, production_id="ROLL-2")}, "L001") == ("r1", fourth)


def test_what_is_known_to_be_elsewhere_is_not_put_in_doubt(due: PureHome) -> None:
    out = replace(due.dose("noon"), stage=Stage.IN_STORE, robot=ROBOT)
    due.world = replace(due.world, doses={**due.world.doses, out.dose_id: out})
    due.press()
    fed(due)
    assert due.dose("noon").stage is Stage.IN_STORE
    assert about(due) is not None


@pytest.mark.parametrize("slot", ["morning", "noon"])
def test_a_discard_of_what_lay_in_the_tray_says_nothing_of_who_had_it(presented: PureHome, slot: str) -> None:
    """S1: the other of the two may be in the resident's hand; told as not had, staff would give it again."""
    presented.robot.labels.pop(0)
    presented.until("10:00")
    presented.move()
    presented.robot.fault = ""
    presented.give(ev.RobotReported(presented.now, presented.robot.status()))
    assert presented.decide(presented.dose(slot), ev.Verdict.DISCARD, "Anna").accepted
    live_until(presented, utc("10:20"))
    assert presented.orders()[-1] == ("divert", slot)
    assert presented.robot.store
    assert presented.dose(slot).stage is Stage.DOUBT
    assert closed(presented).reason == "in_doubt"
    assert presented.decide(presented.dose("morning"), ev.Verdict.HAD_IT, "Anna").accepted
    assert presented.decide(presented.dose("noon"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert closed(presented).accepted
    live_until(presented, utc("18:05"))
    presented.take_dose()
    assert presented.outcome("evening") == ("retrieved", False)


def test_of_two_doses_near_its_time_it_is_the_one_whose_medicine_it_holds(due: PureHome) -> None:
    """A newer card moved noon's to one o'clock, and has other medicine at noon that no sachet holds."""
    noon = due.dose("noon").plan
    hour = timedelta(hours=1)
    moved = replace(noon, opens=noon.opens + hour, half=noon.half + hour, closes=noon.closes + hour)
    other = replace(noon, dose_id=noon.dose_id[:-1] + "2", portions=())
    for dose in (moved, other):
        due.world = evolve(due.world, ev.DosePlanned(due.now, dose))
    due.press()
    fed(due)
    assert due.dose("noon").stage is Stage.DOUBT
    assert due.world.doses[other.dose_id].stage is Stage.PLANNED


def test_what_a_robot_let_out_is_in_doubt_also_where_it_was_replaced_before_the_dose_was_planned(
    due: PureHome,
) -> None:
    """The new robot's roll has a sachet for it: given from there, it would be had twice (S1)."""
    noon = due.dose("noon").plan
    due.world = evolve(due.world, ev.DoseWithdrawn(due.now, noon.dose_id, 1))
    due.press()
    fed(due)
    new = "SIM-0002"
    due.setting = replace(due.setting, residents=(Resident(RESIDENT, new),), robots=(new,))
    due.give()
    assert about(due) is None, "nobody can clear anything at a robot that is gone"
    due.world = evolve(due.world, ev.DosePlanned(due.now, noon))
    due.give()
    assert due.dose("noon").stage is Stage.DOUBT
    assert due.decide(due.dose("noon"), ev.Verdict.HAD_IT, "Anna").accepted
    assert due.outcome("noon") == ("confirmed", False)


def test_suspected_as_late_as_on_the_way_back_the_next_dose_is_in_doubt_too(due: PureHome) -> None:
    """The tray has no reader: the record of a retract names no label."""
    due.press()
    due.move()
    due.move()
    due.until("10:00")
    under_way = due.world.order_under_way()
    assert under_way is not None
    assert (under_way.order.kind, under_way.order.label) == (ev.OrderKind.RETRACT, "")
    fed(due)
    assert due.dose("noon").stage is Stage.DOUBT


def test_what_staff_gave_while_its_sachet_fell_in_doubt_beside_another_is_recorded(home: PureHome) -> None:
    """Rule 5: the robot was away, and Anna gave noon's; once back it put two away for the morning's."""
    home.until("09:00")
    home.lost()
    home.until("14:30")
    incident = about(home, f"dose:{home.dose('noon').dose_id}")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    home.until("15:00")
    home.connect()
    fed(home)
    assert (home.dose("noon").stage, home.dose("noon").token) == (Stage.DOUBT, "Anna")
    assert home.decide(home.dose("noon"), ev.Verdict.GIVEN, "Bo").reason == "in_doubt"
    assert home.decide(home.dose("noon"), ev.Verdict.GIVEN, "Anna").accepted
    assert home.outcome("noon") == ("given_by_staff", True)
    assert kind(home, "noon") == "order_unknown", "where its sachet is, somebody still finds out"


def test_what_is_just_being_put_away_is_not_said_to_be_the_next_doses(released: PureHome) -> None:
    """S3: the morning's is on its way out of the holding place, and noon's lies at the mouth."""
    released.robot.fault = ""
    released.give(ev.RobotReported(released.now, released.robot.status()))
    released.until("10:00")
    under_way = released.world.order_under_way()
    assert under_way is not None
    assert (under_way.order.kind, released.robot.holding) == (ev.OrderKind.DIVERT, "L001")
    assert released.decide(released.dose("noon"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert released.dose("noon").stage is Stage.PLANNED
