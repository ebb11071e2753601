"""Several residents and robots in one home: never crossed, never blocking each other (rule 2, S1-S3, S8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.evolve_press import with_robot
from scheduler.gate import earliest, planned_on, used_on
from scheduler.summary import summarise
from tests.support.many_home import KEYS, TAGS, ManyHome, card, spent
from tests.support.pure_home import FIRST_DAY

R1, R2 = "SIM-0001", "SIM-0002"
ALL = ("morning", "noon", "evening", "night")


def apart() -> ManyHome:
    """A at one robot, B at another."""
    home = ManyHome({"A": R1, "B": R2}, {"A": ALL, "B": ALL})
    home.start()
    return home


def together(slots: dict[str, tuple[str, ...]] | None = None) -> ManyHome:
    """A family: A and B share one robot. Whose sachet lies first of two of one time: A's."""
    home = ManyHome({"A": R1, "B": R1}, slots or {"A": ("morning", "evening"), "B": ("noon", "evening")})
    home.start()
    return home


# --- two robots ---------------------------------------------------------------------------------------


def test_two_doses_are_under_way_at_once_each_at_its_robot() -> None:
    home = apart()
    home.until("08:05")
    home.press(R1)
    home.press(R2)
    one, other = home.world.order_under_way(R1), home.world.order_under_way(R2)
    assert one is not None and other is not None
    assert (one.order.resident, other.order.resident) == (KEYS["A"], KEYS["B"])
    assert home.move(R2).dose_id == home.dose("B", "morning").dose_id
    assert home.dose("A", "morning").stage is Stage.RELEASING


def test_a_press_at_one_robot_moves_nothing_at_the_other() -> None:
    home = apart()
    home.until("08:05")
    home.press(R2)
    assert home.world.order_under_way(R1) is None
    assert home.dose("A", "morning").stage is Stage.DUE


@pytest.mark.parametrize("trouble", ["lost", "fault", "lid", "doubt", "log", "empty"])
def test_trouble_at_one_robot_leaves_the_others_doses_alone(trouble: str) -> None:
    home = apart()
    home.until("08:05")
    robot = home.robots[R1]
    match trouble:
        case "lost":
            home.lost(R1)
        case "fault":
            robot.fault = "motor_stall"
            home.give(home.report(R1))
        case "lid":
            home.give(ev.RobotReported(home.now, replace(robot.status(), lid_open=True), R1))
        case "doubt":
            home.press(R1)
            home.move(R1, result="unclear")
            assert home.dose("A", "morning").stage is Stage.DOUBT
        case "log":
            robot.log_id = "another"
            robot.log = []
            home.connect(R1)
            assert home.world.robot(R1).log_alarm == "formatted"
        case "empty":
            robot.labels.clear()
            home.give(home.report(R1))
    home.until("08:10")
    told = home.incident("B", "morning")
    assert told is None, f"B's dose was said to be blocked: {told}"
    assert home.take_dose("B") == "B001"
    assert home.outcome("B", "morning") == "retrieved"


def test_each_robot_that_is_gone_is_an_incident_of_its_own() -> None:
    home = apart()
    home.until("15:00")
    home.lost(R1)
    home.lost(R2)
    home.until("15:10")
    subjects = {f"robot:{serial}" for serial in (R1, R2) if home.about(f"robot:{serial}") is not None}
    assert subjects == {f"robot:{R1}", f"robot:{R2}"}
    home.connect(R2)
    assert home.about(f"robot:{R2}") is None
    assert home.about(f"robot:{R1}") is not None


def test_one_robots_log_proves_nothing_of_an_order_to_another() -> None:
    """P7: what R1 was told stands until R1's own log has been read."""
    home = apart()
    home.until("08:05")
    home.press(R1)
    home.lost(R1)
    home.lost(R2)
    home.connect(R2)
    under_way = home.world.order_under_way(R1)
    assert under_way is not None and under_way.order.robot == R1
    home.connect(R1)
    assert home.world.order_under_way(R1) is None
    assert home.dose("A", "morning").stage is Stage.DUE


def test_an_order_to_a_robot_that_the_home_no_longer_has_stays_unknown() -> None:
    home = apart()
    home.until("08:05")
    home.press(R1)
    dose = home.dose("A", "morning")
    residents = tuple(replace(one, robot=R2) for one in home.setting.residents)
    home.setting = replace(home.setting, residents=residents, robots=(R2,))
    home.give(ev.DaemonStarted(at=home.now, version="test", box="box-0001", epoch=1))
    home.connect(R2)
    assert home.world.doses[dose.dose_id].stage is Stage.DOUBT
    assert spent(home.press(R2, TAGS["A"])) == "in_doubt"


# --- the clock ----------------------------------------------------------------------------------------


def test_a_robot_whose_clock_battery_failed_locks_nobody_while_another_vouches() -> None:
    home = apart()
    home.until("08:05")
    home.give(home.clock(R1, battery=False))
    assert home.world.clock.trusted
    incident = home.about(f"clock:{R1}")
    assert incident is not None
    assert (incident.priority, incident.detail) == (ev.Priority.MEDIUM, "battery_gap")
    home.give(home.clock(R1))
    assert home.about(f"clock:{R1}") is None


def test_a_contradiction_is_outvoted_only_while_the_other_witness_is_there() -> None:
    home = apart()
    home.until("08:05")
    home.give(home.clock(R1, off=timedelta(hours=1)))
    assert home.world.clock.trusted, "R2 and the box agree"
    home.lost(R2)
    home.give(home.clock(R1, off=timedelta(hours=1)))
    assert not home.world.clock.trusted, "one against one: nobody knows"


def test_both_clocks_against_ours_lock_the_home() -> None:
    home = apart()
    home.until("08:05")
    for serial in (R1, R2):
        home.give(home.clock(serial, off=timedelta(hours=1)))
    assert not home.world.clock.trusted
    assert spent(home.press(R1)) == "clock"


# --- plans and limits ---------------------------------------------------------------------------------


def test_two_cards_that_number_their_prescriptions_alike_share_nothing() -> None:
    """S1 and S2 count one person's medicine."""
    home = apart()
    home.until("08:05")
    home.take_dose("A")
    day = FIRST_DAY
    assert used_on(home.world, KEYS["A"], "p-1", day) == 1
    assert used_on(home.world, KEYS["B"], "p-1", day) == 0
    assert planned_on(home.world.plans[KEYS["B"]], "p-1", day) == 1
    noon = home.dose("B", "noon")
    assert earliest(home.world, noon) == noon.plan.opens
    assert home.take_dose("B") == "B001"


def test_a_refused_card_of_one_is_their_incident_and_another_card_clears_it() -> None:
    home = apart()
    home.give(ev.PlanRefused(home.now, KEYS["A"], "unknown_element", "Bundle.entry", "bad"))
    assert home.about(f"plan:{KEYS['A']}") is not None
    assert home.about(f"plan:{KEYS['B']}") is None
    home.give(cmd.OfferPlan(KEYS["B"], 2, card(("morning",)), "f-B2"))
    assert home.about(f"plan:{KEYS['A']}") is not None
    assert home.world.plans[KEYS["A"]].plan_version == 1
    assert home.world.plans[KEYS["B"]].plan_version == 2
    home.give(cmd.OfferPlan(KEYS["A"], 2, card(("morning",)), "f-A2"))
    assert home.about(f"plan:{KEYS['A']}") is None


def test_a_new_roll_of_one_plans_only_their_days_again() -> None:
    home = apart()
    before = home.world.planned[KEYS["A"]]
    event = ev.RollLoaded(home.now, home.roll("B"), home.setting.robot_of(KEYS["B"]))
    after = evolve(home.world, event).planned
    assert after[KEYS["A"]] == before
    assert after[KEYS["B"]].version == 0


def test_a_new_card_of_one_plans_only_their_days_again() -> None:
    home = apart()
    before = home.world.planned[KEYS["A"]]
    home.give(cmd.OfferPlan(KEYS["B"], 2, card(("morning",)), "f-B2"))
    assert home.world.planned[KEYS["A"]] == before
    assert f"{KEYS['B']}/{FIRST_DAY}/noon/1" not in home.world.doses
    assert f"{KEYS['A']}/{FIRST_DAY}/noon/1" in home.world.doses


def test_two_misses_in_a_row_are_one_persons() -> None:
    home = apart()
    home.until("10:00")
    for serial in (R1, R2):
        home.move(serial)
    home.until("12:05")
    home.take_dose("A")
    home.until("14:00")
    home.move(R2)
    mine = home.incident("B", "noon")
    assert mine is not None and mine.detail == "two_in_a_row"
    assert home.outcome("A", "noon") == "retrieved"


# --- one shared robot ---------------------------------------------------------------------------------


def test_an_anonymous_press_on_a_shared_robot_releases_nothing_and_is_told_so() -> None:
    home = together()
    home.until("08:05")
    assert spent(home.press(R1)) == "who"
    assert "Vis din brik, og tryk så." in display(home.world, home.setting, R1, home.now).lines
    assert home.about(f"press:{R1}") is None, "nobody did wrong"
    home.until("08:07")
    assert display(home.world, home.setting, R1, home.now).lines[0] == "Det er tid til din medicin."


def test_a_tag_releases_its_owners_dose_and_nobody_elses() -> None:
    home = together()
    home.until("08:05")
    assert spent(home.press(R1, TAGS["B"])) == "nothing_of_theirs"
    assert home.dose("A", "morning").stage is Stage.DUE
    incident = home.about(f"press:{R1}")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.ATTEMPT_BLOCKED, ev.Priority.LOW)
    assert home.take_dose("A") == "A001"


def test_an_unknown_tag_is_an_incident_once_until_a_person_closed_it() -> None:
    home = together()
    home.until("08:05")
    assert spent(home.press(R1, "lost-tag")) == "unknown_tag"
    home.press(R1, "lost-tag")
    assert sum(isinstance(event, ev.AttemptBlocked) for event in home.journal) == 1
    incident = home.about(f"press:{R1}")
    assert incident is not None and incident.detail == "unknown_tag"
    home.take(incident, "Nora")
    incident = home.about(f"press:{R1}")
    assert incident is not None
    close = cmd.CloseIncident("c-x", incident.incident_id, incident.revision, "Nora", "seen", home.soon())
    assert home.ask(close).accepted
    assert home.about(f"press:{R1}") is None
    home.press(R1, "lost-tag")
    assert home.about(f"press:{R1}") is not None


def test_no_tag_is_ever_journalled() -> None:
    home = together()
    home.until("08:05")
    home.press(R1, TAGS["A"])
    home.press(R1, "lost-tag")
    tags = {event.tag for event in home.journal if isinstance(event, ev.Pressed)}
    assert tags == {"known", "unknown"}


def test_a_tag_at_another_persons_own_robot_releases_nothing() -> None:
    home = apart()
    home.until("08:05")
    assert spent(home.press(R1, TAGS["B"])) == "other_robot"
    assert home.dose("A", "morning").stage is Stage.DUE
    assert home.about(f"press:{R1}") is not None


def test_a_sachet_left_in_a_shared_tray_goes_back_after_five_minutes() -> None:
    home = together()
    home.until("08:05")
    home.press(R1, TAGS["A"])
    home.move(R1)
    home.move(R1)
    home.until("08:09")
    assert home.world.order_under_way(R1) is None
    home.until("08:11")
    order = home.move(R1)
    assert (order.kind, order.ground) == (ev.OrderKind.RETRACT, "left")
    assert home.dose("A", "morning").stage is Stage.HOLDING
    home.until("08:20")
    assert spent(home.press(R1, TAGS["B"])) == "nothing_of_theirs"
    assert spent(home.press(R1, TAGS["A"])) == ""
    home.move(R1)
    home.lift(R1)
    assert home.outcome("A", "morning") == "retrieved"


def test_a_tray_that_only_one_person_comes_to_keeps_its_sachet() -> None:
    home = apart()
    home.until("08:05")
    home.press(R1)
    home.move(R1)
    home.move(R1)
    home.until("08:19")
    assert home.world.order_under_way(R1) is None


def test_of_two_doses_of_one_time_the_strips_first_goes_first_and_then_the_other() -> None:
    home = together({"A": ("evening",), "B": ("evening",)})
    home.until("18:05")
    assert spent(home.press(R1, TAGS["B"])) == "wrong_resident"
    blocked = home.incident("B", "evening")
    assert blocked is not None
    assert (blocked.kind, blocked.detail) == (ev.Kind.DOSE_BLOCKED, "behind_another"), "B stood there"
    home.take_dose("A")
    cleared = home.incident("B", "evening")
    assert cleared is not None and cleared.cleared
    assert home.take_dose("B").startswith("B")
    assert home.outcome("B", "evening") == "retrieved"


def test_who_waits_behind_anothers_sachet_is_a_care_incident_at_half_window() -> None:
    home = together({"A": ("evening",), "B": ("evening",)})
    home.until("18:30")
    assert home.incident("B", "evening") is None, "A may still come"
    home.until("19:01")
    blocked = home.incident("B", "evening")
    assert blocked is not None
    assert (blocked.kind, blocked.priority) == (ev.Kind.DOSE_BLOCKED, ev.Priority.MEDIUM)
    assert home.take(blocked, "Nora").accepted
    assert home.dose("B", "evening").token == "Nora"


def test_a_doubt_on_a_shared_robot_fences_it_and_each_blocked_dose_is_told() -> None:
    home = together({"A": ("morning", "noon"), "B": ("noon",)})
    home.until("08:05")
    home.press(R1, TAGS["A"])
    home.move(R1, result="unclear")
    home.until("12:05")
    for person in ("A", "B"):
        incident = home.incident(person, "noon")
        assert incident is not None and incident.detail == "in_doubt", person
    assert spent(home.press(R1, TAGS["B"])) == "in_doubt"


def test_anothers_sachet_out_of_turn_is_held_for_a_person() -> None:
    """S3: whose sachet it is says the label; B's of noon lies where A's of the morning should."""
    home = together()
    labels = home.robots[R1].labels
    labels[0], labels[1] = labels[1], labels[0]
    home.give(home.report(R1))
    home.until("08:05")
    assert (home.dose("A", "morning").stage, home.dose("A", "morning").held) == (Stage.HELD, "wrong_resident")
    assert spent(home.press(R1, TAGS["A"])) == "held"


def test_a_label_on_two_residents_rolls_is_refused() -> None:
    home = together()
    sachets = home.roll("B").sachets
    stolen = replace(sachets[0], label=home.roll("A").sachets[0].label)
    roll = replace(home.roll("B"), sachets=(stolen, *sachets[1:]))
    assert home.give(cmd.LoadRoll(roll, "technician"))[0] == ev.RollRefused(home.now, "label_conflict")


def test_a_new_strip_takes_the_rolls_of_the_old_one_with_it() -> None:
    home = together()
    home.robots[R1].production_id = "ROLL-NEW"
    home.give(home.report(R1))
    home.give(cmd.LoadRoll(replace(home.roll("A"), production_id="ROLL-NEW"), "technician"))
    assert set(home.world.robot(R1).rolls) == {KEYS["A"]}
    home.until("06:35")
    conflict = home.about(f"roll:{KEYS['B']}")
    assert conflict is not None and conflict.detail == "no_manifest"
    assert home.about(f"roll:{KEYS['A']}") is None


def test_an_empty_shared_strip_is_one_incident() -> None:
    home = together()
    home.until("06:50")
    home.robots[R1].labels.clear()
    home.give(home.report(R1))
    home.until("06:55")
    empty = [key for key in "AB" if home.about(f"roll:{KEYS[key]}") is not None]
    assert empty == ["A"]


# --- seen from outside --------------------------------------------------------------------------------


def test_a_heartbeat_tells_of_each_robot_and_each_resident() -> None:
    home = apart()
    home.lost(R2)
    told = summarise(home.world, home.setting, home.now)
    assert told.robots == ((R1, "ready"), (R2, "absent"))
    assert told.robot == "absent", "of several, the worst off"
    assert [one.resident for one in told.residents] == [KEYS["A"], KEYS["B"]]


def test_each_robot_shows_its_own_residents_dose() -> None:
    home = ManyHome({"A": R1, "B": R2}, {"A": ("morning",), "B": ("noon",)})
    home.start()
    home.until("08:05")
    assert display(home.world, home.setting, R1, home.now).lines[0] == "Det er tid til din medicin."
    assert display(home.world, home.setting, R2, home.now).lines == ("Næste medicin kl. 12:00",)


def test_who_has_no_roll_on_a_shared_strip_does_not_hide_whose_turn_it_is() -> None:
    home = ManyHome(dict.fromkeys("ABC", R1), dict.fromkeys("ABC", ("morning",)))
    home.start()
    robot = home.world.robot(R1)
    rolls = {key: roll for key, roll in robot.rolls.items() if key != KEYS["A"]}
    home.world = with_robot(home.world, R1, replace(robot, rolls=rolls))
    home.robots[R1].labels = [label for label in home.robots[R1].labels if not label.startswith("A")]
    home.give(home.report(R1))
    home.until("08:05")
    assert home.dose("C", "morning").stage is Stage.DUE, "B's sachet lies before it"
    assert [home.take_dose(person)[0] for person in "BC"] == ["B", "C"]
