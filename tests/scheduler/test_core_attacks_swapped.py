"""Attacks on the core with robots that died, staff who stand there, doses too close together."""

from __future__ import annotations

from dataclasses import replace

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart
from scheduler.dose import Stage
from scheduler.world import Resident, StaffKey
from tests.support.attack_moves import about, home_sharing, is_open, live_until, stalled
from tests.support.many_home import KEYS, TAGS, ManyHome, spent
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

SHARED = {"A": "SIM-0001", "C": "SIM-0002"}
NURSE, OTHER = "Nina Nurse", "Otto Other"
STAFF = (StaffKey(NURSE, frozenset({"key-n"})), StaffKey(OTHER, frozenset({"key-o"})))


def died_with_a_sachet_in_holding() -> ManyHome:
    """A's robot dies while her morning sachet waits in its holding place; C's robot serves her now."""
    home = ManyHome(SHARED, {"A": ("morning", "evening"), "C": ("morning", "evening")}, utc("07:50"))
    home.start()
    home.until("08:05")
    home.press("SIM-0001", TAGS["A"])
    home.move("SIM-0001")
    home.move("SIM-0001")
    home.give(ev.Pressed(home.now, "SIM-0001", home.session("SIM-0001"), 100, ev.Answer.LATER))
    home.move("SIM-0001")
    assert home.dose("A", "morning").stage is Stage.HOLDING
    home.lost("SIM-0001")
    people = tuple(Resident(KEYS[name], "SIM-0002", frozenset({TAGS[name]})) for name in SHARED)
    home.setting = replace(home.setting, residents=people, robots=("SIM-0002",))
    home.give(ev.DaemonStarted(at=home.now, version="test", box="box-0001", epoch=1))
    home.connect("SIM-0002")
    return home


def test_what_lies_in_a_dead_robot_is_never_ordered_of_the_living_one() -> None:
    """At closing the living robot would have put away the sachet that it held for somebody else."""
    home = died_with_a_sachet_in_holding()
    home.until("09:58")
    home.press("SIM-0002", TAGS["C"])
    home.move("SIM-0002")
    home.move("SIM-0002")
    home.give(ev.Pressed(home.now, "SIM-0002", home.session("SIM-0002"), 100, ev.Answer.LATER, tag=TAGS["C"]))
    home.move("SIM-0002")
    assert home.dose("C", "morning").stage is Stage.HOLDING
    home.until("10:00")
    assert home.move("SIM-0002").dose_id == home.dose("C", "morning").dose_id
    home.until("10:05")
    assert home.world.order_under_way("SIM-0002") is None
    assert home.outcome("A", "morning") == "uncertain"
    assert is_open(home.incident("A", "morning"))
    assert home.dose("A", "morning").stage is Stage.HOLDING


def test_what_lies_in_a_dead_robot_is_not_presented_by_the_living_one() -> None:
    home = died_with_a_sachet_in_holding()
    a = home.dose("A", "morning")
    left = tuple(s.label for count in home.world.counts[KEYS["A"]] for s in count.left)
    assert a.label in left
    home.ask(cmd.CountSachets("c-1", KEYS["A"], left, "waste", "technician", home.soon()))
    home.until("08:30")
    assert spent(home.press("SIM-0002", TAGS["A"])) == "left_behind"
    assert home.world.order_under_way("SIM-0002") is None
    incident = home.incident("A", "morning")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "left_behind")
    assert home.take(incident, "Anna").accepted
    assert home.decide(home.dose("A", "morning"), ev.Verdict.GIVEN, "Anna").accepted


def test_a_dose_that_can_never_be_offered_is_not_the_residents_miss() -> None:
    """Late by a person's word, noon's was had just before the evening: the evening's is too soon for as long
    as its window is open, and staff hear of it while there is time."""
    home = home_sharing((DayPart.NOON, DayPart.EVENING))
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    word = (home.dose("noon").dose_id, utc("18:00"), "Anna", "at the dentist's", "home", 0, home.soon())
    assert home.ask(cmd.AuthoriseRelease(home.nonce(), RESIDENT, *word)).accepted
    home.until("17:59")
    home.take_dose()
    home.until("18:05")
    incident = about(home, "evening")
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "too_soon")
    live_until(home, utc("20:05"))
    assert home.outcome("evening") == ("failed", False)
    assert is_open(home.incident("evening"))


def staffed(home: PureHome) -> PureHome:
    home.setting = replace(home.setting, staff=STAFF)
    return home


def key(home: PureHome, tag: str = "key-n") -> list[ev.Event]:
    return home.give(ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100, tag=tag))


def test_who_locked_it_may_unlock_it_whatever_another_has_not_said(home: PureHome) -> None:
    """Otto owns the morning's incident and is on his way home: the robot is not locked until he answers."""
    staffed(home)
    stalled(home)
    incident = home.incident("morning")
    assert incident is not None
    assert home.take(incident, OTHER).accepted
    key(home)
    assert home.world.robot(ROBOT).locked_by == NURSE
    key(home)
    assert home.world.robot(ROBOT).locked_by == ""
    assert home.dose("morning").token == OTHER


def test_the_lock_does_not_end_by_a_window_that_closed(home: PureHome) -> None:
    """Its holder had the right to give, and has not said: also once the dose counts as uncertain."""
    staffed(home)
    home.until("08:05")
    key(home)
    assert home.dose("morning").token == NURSE
    live_until(home, utc("10:30"))
    assert home.outcome("morning") == ("uncertain", False)
    key(home)
    assert home.world.robot(ROBOT).locked_by == NURSE
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, NURSE).accepted
    key(home)
    assert home.world.robot(ROBOT).locked_by == ""


def test_a_sachet_counted_wrongly_does_not_keep_another_resident_from_theirs() -> None:
    """A's sachet was said to be missing, and lies before C's on the strip that they share."""
    home = ManyHome({"A": "SIM-0001", "C": "SIM-0001"}, {"A": ("morning",), "C": ("morning",)}, utc("06:30"))
    home.start()
    taken = cmd.TakeOutMagazine("c-1", "SIM-0001", "technician", home.soon())
    assert home.ask(taken).accepted
    for person in "AC":
        home.give(cmd.LoadRoll(home.roll(person), "technician"))
    for person, place in (("A", "missing"), ("C", "robot")):
        left = tuple(s.label for count in home.world.counts[KEYS[person]] for s in count.left)
        assert home.ask(
            cmd.CountSachets(f"c-{person}", KEYS[person], left, place, "technician", home.soon())
        ).accepted
    assert home.robots["SIM-0001"].labels[0].startswith("A")
    home.until("07:59")
    assert home.outcome("A", "morning") == ""
    home.until("08:00")
    assert home.outcome("A", "morning") == "uncertain"
    assert is_open(home.incident("A", "morning"))
    assert home.move("SIM-0001").kind is ev.OrderKind.DIVERT
    assert home.take_dose("C").startswith("C")
    about_a = home.incident("A", "morning")
    assert about_a is not None
    assert home.take(about_a, "Anna").accepted
    assert home.decide(home.dose("A", "morning"), ev.Verdict.GIVEN, "Anna").accepted
