"""One robot has the roll, another the medicine as needed: what is counted over both (S1, S2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import Limit
from scheduler.dose import Stage
from scheduler.events import Answer
from scheduler.gate import earliest, why_not_send
from scheduler.invariants import broken
from scheduler.outgoing import changes
from scheduler.two_robots import asked_here
from scheduler.world import Resident
from tests.support.many_home import KEYS, TAGS, card, spent
from tests.support.pure_home import PaperRobot, utc
from tests.support.two_robots_home import (
    PN_ROBOT,
    ROLL_ROBOT,
    A,
    TwoRobotsHome,
    asked_before_noon,
    nearly_noon,
    pn_strip,
    started,
)

# --- counted over both (S1, S2) -----------------------------------------------------------------------


def test_what_was_asked_for_keeps_back_the_fixed_dose_of_the_same_medicine() -> None:
    """S2: noon's tablet and the one as needed are one prescription."""
    home = nearly_noon()
    home.lift(PN_ROBOT)
    assert spent(home.press(ROLL_ROBOT)) == "too_soon"
    possible = earliest(home.world, home.dose("A", "noon"))
    home.until_at(possible - timedelta(seconds=1))
    assert spent(home.press(ROLL_ROBOT)) == "too_soon"
    home.until_at(possible)
    assert home.take_dose("A") == "A002"


def test_a_fixed_dose_that_waits_keeps_back_what_is_asked_for() -> None:
    home = started(shared=True)
    home.at("09:00")
    home.asks()
    assert home.refused() == "fixed_dose_soon"
    assert home.asked_for() == []


def test_while_one_lies_in_the_tray_the_other_robot_gives_none_of_the_same_medicine() -> None:
    home = nearly_noon()
    assert spent(home.press(ROLL_ROBOT)) == "too_soon"
    assert home.lines(ROLL_ROBOT) == ("Det er for tidligt at tage den næste.",)
    assert home.kinds() == {}, "it is no matter for staff yet"
    home.until("12:15")  # it was not lifted, and goes back and to the store
    home.move(PN_ROBOT)
    home.move(PN_ROBOT)
    assert home.asked_for()[0].stage is Stage.IN_STORE
    assert home.take_dose("A") == "A002"


def test_one_that_is_on_its_way_to_the_tray_keeps_back_the_present_too() -> None:
    """Rule 11: also of an order that was decided before."""
    home = nearly_noon()
    lies = home.asked_for()[0]
    home.lift(PN_ROBOT)
    home.until_at(earliest(home.world, home.dose("A", "noon")))
    home.press(ROLL_ROBOT)
    home.move(ROLL_ROBOT)
    ready = home.world.order_under_way(ROLL_ROBOT)
    assert ready is not None and ready.order.kind is ev.OrderKind.PRESENT
    assert why_not_send(home.world, home.setting, ready.order, home.now) == ""
    beside = replace(home.world, doses={**home.world.doses, lies.dose_id: lies})
    assert why_not_send(beside, home.setting, ready.order, home.now) == "too_soon"


def test_where_nobody_knows_what_became_of_it_a_person_must_look() -> None:
    """S8: the robot with it is away; its sachet may be lifted at any moment."""
    home = nearly_noon()
    home.lost(PN_ROBOT)
    home.until("12:20")
    asked = home.asked_for()[0]
    assert asked.outcome is not None and asked.outcome.outcome is ev.Outcome.UNCERTAIN
    assert spent(home.press(ROLL_ROBOT)) == "in_other_robot"
    incident = home.incident("A", "noon")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "in_other_robot")
    home.connect(PN_ROBOT)
    home.move(PN_ROBOT)
    home.move(PN_ROBOT)
    assert home.asked_for()[0].stage is Stage.IN_STORE
    assert home.take_dose("A") == "A002"


def test_one_in_doubt_may_be_had_at_any_moment() -> None:
    """Rule 6: the doubt locks its own robot, and the same medicine at the other one."""
    home = asked_before_noon()
    home.move(PN_ROBOT)
    home.move(PN_ROBOT, result="unclear")
    home.lost(PN_ROBOT)
    for soon_and_much_later in ("12:01", "13:50"):
        home.until(soon_and_much_later)
        assert home.asked_for()[0].stage is Stage.DOUBT
        assert earliest(home.world, home.dose("A", "noon")) < home.now
        assert spent(home.press(ROLL_ROBOT)) == "in_other_robot"
        incident = home.incident("A", "noon")
        assert incident is not None and incident.kind is ev.Kind.DOSE_BLOCKED


def test_the_last_look_stops_an_order_beside_the_same_medicine_at_the_other_robot() -> None:
    """Fail-stop: asked again in other words than the gate's."""
    home = nearly_noon()
    lies = home.asked_for()[0]
    home.lift(PN_ROBOT)
    home.until_at(earliest(home.world, home.dose("A", "noon")))
    before = home.world
    events = home.press(ROLL_ROBOT)
    told = changes(before, home.world, events)
    assert broken(before, home.world, events, told) == ""
    beside = replace(before, doses={**before.doses, lies.dose_id: lies})
    said = broken(beside, home.world, events, told)
    assert "another robot has the same medicine out" in said


def test_the_most_in_24_hours_is_counted_over_both_robots() -> None:
    """S1: what was had from their only robot, before there were two."""
    home = TwoRobotsHome(limit=Limit(gap_min=60, per_day=Decimal(2), times=2))
    both = home.setting
    home.setting = replace(both, residents=(replace(both.residents[0], as_needed_robot=""),))
    home.robots[ROLL_ROBOT] = PaperRobot([s.label for s in home.pn.sachets], "PN-1", log_id=ROLL_ROBOT)
    home.now = utc("07:50")
    home.start()
    home.says(ROLL_ROBOT, Answer.AS_NEEDED)
    home.says(ROLL_ROBOT, Answer.FIRST)
    home.out(ROLL_ROBOT)
    home.lift(ROLL_ROBOT)
    home.setting = both
    home.robots[PN_ROBOT] = PaperRobot(["Q001", "Q002", "Q003"], "PN-2", log_id=PN_ROBOT)
    home.connect(PN_ROBOT)
    home.give(cmd.LoadRoll(pn_strip(production_id="PN-2", letter="Q", count=3), "technician"))
    labels = tuple(sachet.label for sachet in home.pn.sachets[1:])
    home.ask(cmd.CountSachets("c-1", A, labels, "waste", "N. Nord", home.soon()))
    home.at("09:00")
    home.has_one()
    home.at("10:30")
    home.press(PN_ROBOT)
    assert home.refused() == "limit_reached"


def test_controlled_medicine_needs_a_personal_action_there_too() -> None:
    home = TwoRobotsHome()
    home.setting = replace(
        home.setting, catalogue=replace(home.setting.catalogue, controlled=frozenset({"N02BE01"}))
    )
    home.now = utc("07:50")
    home.start()
    home.at("08:00")
    home.asks()
    assert (home.refused(), home.orders()) == ("personal_action", [])
    home.asks(TAGS["A"])
    assert home.orders() == [(PN_ROBOT, "release", "pn-1")]


# --- two people ---------------------------------------------------------------------------------------


def with_a_neighbour() -> TwoRobotsHome:
    """B has a robot of their own for the roll, and shares the one for medicine as needed."""
    home = TwoRobotsHome()
    home.lives = {"A": ROLL_ROBOT, "B": "SIM-0003"}
    home.slots = {"A": ("morning", "noon"), "B": ("morning",)}
    neighbour = Resident(KEYS["B"], "SIM-0003", frozenset({TAGS["B"]}), as_needed_robot=PN_ROBOT)
    home.setting = replace(
        home.setting,
        residents=(*home.setting.residents, neighbour),
        robots=(ROLL_ROBOT, PN_ROBOT, "SIM-0003"),
    )
    labels = [sachet.label for sachet in home.roll("B").sachets]
    home.robots["SIM-0003"] = PaperRobot(labels, "ROLL-SIM-0003", log_id="SIM-0003")
    home.now = utc("07:50")
    home.start()
    home.give(cmd.OfferPlan(KEYS["B"], 1, (*card(("morning",)), home.card[-1]), "f-B"))
    home.give(cmd.LoadRoll(home.roll("B"), "technician"))
    return home


def test_an_empty_strip_is_told_of_who_asks_for_it_though_their_neighbour_does_not() -> None:
    home = with_a_neighbour()
    home.give(cmd.OfferPlan(A, 2, card(("morning", "noon")), "f-A2"))
    home.until("08:05")
    home.robots[PN_ROBOT].labels.clear()
    home.give(home.report(PN_ROBOT))
    assert home.about(f"strip:{A}") is None
    assert home.about(f"strip:{KEYS['B']}") is not None


def test_on_a_shared_one_an_anonymous_press_asks_for_nothing() -> None:
    home = with_a_neighbour()
    home.at("08:05")
    assert spent(home.press(PN_ROBOT)) == "who"
    assert home.world.asked == {}
    home.says(PN_ROBOT, Answer.TAKE, TAGS["A"])
    assert set(home.world.asked) == {A}
    home.later(5)
    home.press(PN_ROBOT, TAGS["A"])
    home.out(PN_ROBOT)
    assert spent(home.press(PN_ROBOT, "tag-nobody")) == "unknown_tag"
    home.lift(PN_ROBOT)
    assert home.asked_for()[0].plan.resident == A
    assert home.lines(PN_ROBOT)[-1] != "Tryk på knappen."


def test_a_tag_of_whoever_has_nothing_there_is_turned_away_at_the_roll() -> None:
    home = with_a_neighbour()
    home.at("08:05")
    assert spent(home.press(ROLL_ROBOT, TAGS["B"])) == "other_robot"


def test_why_they_do_not_want_what_they_asked_for_is_asked_where_it_lies() -> None:
    home = started()
    home.at("08:05")
    home.says(PN_ROBOT, Answer.TAKE)
    home.later(5)
    home.says(PN_ROBOT, Answer.TAKE)
    home.move(PN_ROBOT)
    home.says(PN_ROBOT, Answer.NO_THANKS)
    assert home.world.asked[A].question is ev.Question.WHY_NOT
    assert asked_here(home.world, home.setting, A, PN_ROBOT) is not None
    assert asked_here(home.world, home.setting, A, ROLL_ROBOT) is None
