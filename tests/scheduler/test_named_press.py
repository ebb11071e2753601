"""A named helper presses for a resident: whose press it was, for whom, and never a guess (rule 2, S3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given as each_of
from hypothesis import settings
from hypothesis import strategies as st

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import settle
from scheduler.display import display
from scheduler.dose import Stage
from scheduler.events import Answer, PauseKind
from scheduler.expand import Catalogue
from scheduler.outbox import Put
from scheduler.outgoing import changes
from scheduler.record import from_plain, to_plain
from scheduler.world import Helper, SideDose
from tests.support.many_home import KEYS, TAGS, ManyHome, spent
from tests.support.pure_home import DRUGS, utc
from tests.support.two_robots_home import PN_ROBOT, TwoRobotsHome, as_needed

R1, R2 = "SIM-0001", "SIM-0002"
DAY = ("morning", "evening")
MADS, HANNE = "Mads Mikkelsen", "Hanne Holm"
MADS_TAG, HANNE_TAG = "key-mads", "key-hanne"
HELPERS = (
    Helper(MADS, (KEYS["A"],), frozenset({MADS_TAG})),
    Helper(HANNE, (KEYS["A"], KEYS["B"]), frozenset({HANNE_TAG})),
)


def helped(
    lives: Mapping[str, str] = {"A": R1, "B": R1, "C": R1},  # never changed
    slots: Mapping[str, tuple[str, ...]] = {"A": DAY, "B": DAY, "C": DAY},
    at: str = "08:05",
) -> ManyHome:
    """A, B and C share one robot; Mads may act for A, Hanne for A and B."""
    home = ManyHome(lives, {person: slots[person] for person in lives})
    home.setting = replace(home.setting, helpers=HELPERS)
    home.start()
    home.until(at)
    return home


def says(home: ManyHome, answer: Answer, tag: str, serial: str = R1) -> list[ev.Event]:
    return home.give(ev.Pressed(home.now, serial, home.session(serial), 100, answer, tag=tag))


def brought(home: ManyHome, tag: str, serial: str = R1) -> str:
    """The label that lies in the tray by a press with this tag."""
    home.press(serial, tag)
    home.move(serial)
    home.move(serial)
    return home.robots[serial].tray


def pressed(home: ManyHome) -> ev.Pressed:
    return [event for event in home.journal if isinstance(event, ev.Pressed)][-1]


def recorded(home: ManyHome) -> list[str | None]:
    """Whose press each outcome tells of, in the order of the outcomes."""
    return [event.helper for event in home.journal if isinstance(event, ev.OutcomeRecorded)]


def pause(home: ManyHome, *people: str) -> None:
    for person in people:
        home.commands += 1
        said = ("Anna", "in hospital", "home", 0, home.soon())
        asked = cmd.PauseResident(f"c{home.commands}", KEYS[person], PauseKind.HOSPITAL, None, *said)
        assert home.ask(asked).accepted


def acted(home: ManyHome) -> list[str]:
    """For whom of those who are away somebody pressed."""
    return [
        name
        for event in home.journal
        if isinstance(event, ev.PausedAction)
        for name, key in KEYS.items()
        if key == event.resident
    ]


# --- for one resident ---------------------------------------------------------------------------------


def test_a_helpers_press_releases_their_residents_dose_and_is_recorded_as_theirs() -> None:
    home = helped()
    assert brought(home, MADS_TAG) == "A001"
    told = pressed(home)
    assert (told.helper, told.resident, told.tag) == (MADS, KEYS["A"], "known")
    assert home.dose("A", "morning").helper == MADS
    home.lift(R1)
    assert (home.outcome("A", "morning"), recorded(home)) == ("retrieved", [MADS])


def test_the_residents_own_press_is_nobody_elses() -> None:
    home = helped()
    home.take_dose("A")
    assert home.outcome("A", "morning") == "retrieved"
    assert (pressed(home).helper, recorded(home)) == (None, [None])


def test_the_last_press_is_the_one_that_brought_it() -> None:
    """A sachet that a helper had brought out went back; the resident fetched it."""
    home = helped()
    brought(home, MADS_TAG)
    home.until("08:11")
    assert home.move(R1).ground == "left"
    home.until("08:20")
    home.press(R1, TAGS["A"])
    home.move(R1)
    home.lift(R1)
    assert recorded(home) == [None]


def test_a_dose_that_a_helper_fetched_again_is_theirs() -> None:
    home = helped()
    home.press(R1, TAGS["A"])
    home.move(R1)
    home.move(R1)
    home.until("08:11")
    home.move(R1)
    home.until("08:20")
    home.press(R1, MADS_TAG)
    home.move(R1)
    home.lift(R1)
    assert recorded(home) == [MADS]


def test_a_sachet_that_nobody_fetched_is_nobodys_doing() -> None:
    home = helped()
    brought(home, MADS_TAG)
    home.until("08:11")
    home.move(R1)
    home.until("10:01")
    home.move(R1)
    home.until("10:03")
    told = home.dose("A", "morning").outcome
    assert told is not None and (told.outcome, told.helper) == (ev.Outcome.MISSED, None)


def test_no_tag_of_a_helper_reaches_the_journal() -> None:
    home = helped()
    for tag in (MADS_TAG, HANNE_TAG):
        for answer in Answer:
            says(home, answer, tag)
    assert not [event for event in home.journal if MADS_TAG in repr(event) or HANNE_TAG in repr(event)]


def test_a_helper_whose_resident_has_nothing_there_is_an_attempt_like_any_other() -> None:
    home = helped(slots={"A": ("evening",), "B": DAY, "C": DAY})
    assert spent(home.press(R1, MADS_TAG)) == "nothing_of_theirs"
    told = home.about(f"press:{R1}")
    assert told is not None and (told.kind, told.detail) == (ev.Kind.ATTEMPT_BLOCKED, "nothing_of_theirs")
    assert all(dose.releases == 0 for dose in home.world.doses.values())


def test_a_helper_at_the_robot_of_somebody_else_is_an_attempt() -> None:
    home = helped({"A": R1, "C": R2})
    assert spent(home.press(R2, MADS_TAG)) == "other_robot"
    assert home.about(f"press:{R2}") is not None
    assert home.dose("C", "morning").stage is Stage.DUE


def test_a_helper_of_several_at_the_robot_of_somebody_else_is_an_attempt() -> None:
    """That one serves C alone: an anonymous press would be C's there."""
    home = helped({"A": R1, "B": R1, "C": R2})
    for answer in (Answer.TAKE, Answer.NO_THANKS, Answer.LATER):
        assert spent(says(home, answer, HANNE_TAG, R2)) == "other_robot"
    assert home.about(f"press:{R2}") is not None
    dose = home.dose("C", "morning")
    assert (dose.stage, dose.declined, dose.put_off) == (Stage.DUE, None, None)


def test_a_call_for_help_is_heard_and_is_nobodys_where_nobody_can_tell_for_whom() -> None:
    home = helped({"A": R1, "B": R1, "C": R2})
    says(home, Answer.HELP, HANNE_TAG, R2)
    says(home, Answer.HELP, MADS_TAG, R2)
    asked = [event.resident for event in home.journal if isinstance(event, ev.HelpAsked)]
    assert asked == ["", KEYS["A"]], "no help was asked for C"


def test_a_press_of_before_is_nobodys_release() -> None:
    home = helped()
    old = ev.Pressed(home.now, R1, home.session(R1), 61_000, tag=MADS_TAG)
    assert spent(home.give(old)) == "old"


# --- personal -----------------------------------------------------------------------------------------


def test_a_helpers_tag_is_personal_for_controlled_medicine() -> None:
    home = ManyHome({"A": R1}, {"A": DAY})
    catalogue = Catalogue(frozenset(DRUGS.values()), frozenset(), frozenset({DRUGS["morning"]}))
    home.setting = replace(home.setting, helpers=HELPERS, catalogue=catalogue)
    home.start()
    home.until("08:05")
    assert spent(home.press(R1)) == "personal_action"
    brought(home, HANNE_TAG)
    home.lift(R1)
    assert recorded(home) == [HANNE], "of Hanne's two only A has anything in this robot"


# --- for several --------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["A", "B"])
def test_for_several_it_is_for_the_one_whose_dose_waits(person: str) -> None:
    slots = {"A": ("evening",), "B": ("evening",), "C": ("evening",), person: DAY}
    home = helped(slots=slots)
    assert brought(home, HANNE_TAG).startswith(person)
    assert (pressed(home).helper, pressed(home).resident) == (HANNE, KEYS[person])
    home.lift(R1)
    assert (home.outcome(person, "morning"), recorded(home)) == ("retrieved", [HANNE])


@pytest.mark.parametrize("answer", [Answer.TAKE, Answer.LATER, Answer.NO_THANKS])
def test_where_two_wait_nothing_is_guessed(answer: Answer) -> None:
    home = helped()
    before = home.world.doses
    assert spent(says(home, answer, HANNE_TAG)) == "whose"
    assert home.world.doses == before
    assert home.about(f"press:{R1}") is None, "nobody did wrong"
    lines = display(home.world, home.setting, R1, home.now).lines
    assert lines == ("Hvem er det til?", "Vis brikken fra den, det er til.")
    assert (pressed(home).helper, pressed(home).resident) == (HANNE, "")
    home.take_dose("A")
    assert brought(home, HANNE_TAG).startswith("B"), "one is left"


def with_staff(home: ManyHome) -> None:
    dose = home.dose("A", "morning")
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: replace(dose, token="Anna")})


def held(home: ManyHome) -> None:
    dose = replace(home.dose("A", "morning"), stage=Stage.HELD, held="content_mismatch")
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})


def beside(home: ManyHome) -> None:
    """A's own dose was had, and their drops are not."""
    home.take_dose("A")
    plan = home.dose("A", "morning").plan
    side = SideDose(replace(plan, dose_id=plan.dose_id[:-1] + "101"), due=True)
    home.world = replace(home.world, sides={side.dose_id: side})


@pytest.mark.parametrize("waits", [with_staff, held, beside])
def test_whatever_a_press_could_be_about_waits(waits: Callable[[ManyHome], None]) -> None:
    """S3: who helps both may have come for A."""
    home = helped(slots={"A": DAY, "B": DAY, "C": ("evening",)})
    waits(home)
    assert spent(home.press(R1, HANNE_TAG)) == "whose"
    assert home.dose("B", "morning").releases == 0


def test_what_is_taken_beside_the_robot_waits_also_where_another_has_their_medicine_as_needed() -> None:
    home = helped(slots={"A": DAY, "B": DAY, "C": ("evening",)})
    beside(home)
    residents = tuple(
        replace(one, as_needed_robot=R2) if one.key == KEYS["A"] else one for one in home.setting.residents
    )
    home.setting = replace(home.setting, residents=residents, robots=(R1, R2))
    assert spent(home.press(R1, HANNE_TAG)) == "whose"


def test_what_a_person_gave_by_hand_waits_no_more() -> None:
    """Its sachet is still in the magazine."""
    home = helped()
    dose = home.dose("A", "morning")
    given = ev.OutcomeRecorded(
        home.now, dose.dose_id, 1, ev.Outcome.GIVEN_BY_STAFF, False, "Anna", "given", home.now
    )
    home.world = replace(home.world, doses={**home.world.doses, dose.dose_id: replace(dose, outcome=given)})
    home.press(R1, HANNE_TAG)
    assert pressed(home).resident == KEYS["B"]


def test_where_nothing_of_theirs_waits_and_anothers_does_it_is_an_attempt() -> None:
    home = helped(slots={"A": ("evening",), "B": ("evening",), "C": DAY})
    assert spent(home.press(R1, HANNE_TAG)) == "nothing_of_theirs"
    assert home.about(f"press:{R1}") is not None
    assert home.dose("C", "morning").releases == 0


def test_where_theirs_were_had_it_is_no_attempt() -> None:
    home = helped()
    home.take_dose("A")
    home.take_dose("B")
    assert spent(home.press(R1, HANNE_TAG)) == "whose"
    assert home.about(f"press:{R1}") is None
    assert home.dose("C", "morning").releases == 0


def test_for_several_an_answer_is_of_who_was_asked() -> None:
    home = helped()
    home.buttons = True
    home.connect(R1)
    says(home, Answer.NO_THANKS, TAGS["B"])
    says(home, Answer.SECOND, HANNE_TAG)
    dose = home.dose("B", "morning")
    assert (dose.said, dose.helper) == ("not_needed", None), "B said no, and Hanne told why"
    assert spent(says(home, Answer.SECOND, HANNE_TAG)) == "whose"


# --- as needed ----------------------------------------------------------------------------------------


def two_ask() -> TwoRobotsHome:
    """B is served by the robot where A has medicine as needed, and Hanne helps both."""
    home = TwoRobotsHome()
    one = home.setting.residents[0]
    two = replace(one, key=KEYS["B"], robot="", tags=frozenset({TAGS["B"]}))
    home.setting = replace(home.setting, residents=(one, two), helpers=HELPERS)
    home.now = utc("07:50")
    home.start()
    home.give(cmd.OfferPlan(KEYS["B"], 1, (as_needed(),), "f-B"))
    home.at("14:00")
    return home


def test_a_request_is_for_the_one_with_medicine_as_needed_there() -> None:
    home = two_ask()
    home.says(PN_ROBOT, Answer.AS_NEEDED, HANNE_TAG)
    home.says(PN_ROBOT, Answer.FIRST, HANNE_TAG)
    (dose,) = home.asked_for()
    assert (dose.plan.resident, dose.helper) == (KEYS["A"], HANNE)
    home.out(PN_ROBOT)
    home.lift(PN_ROBOT)
    assert recorded(home)[-1] == HANNE


def both_have_some(home: TwoRobotsHome) -> None:
    """The one half of the strip is A's, the other B's."""
    strip = home.pn.sachets
    for person, mine in (("A", strip[:15]), ("B", strip[15:])):
        roll = replace(home.pn, resident=KEYS[person], sachets=mine)
        assert any(isinstance(event, ev.RollLoaded) for event in home.give(cmd.LoadRoll(roll, "technician")))


def test_a_request_that_two_could_have_made_is_nobodys() -> None:
    home = two_ask()
    both_have_some(home)
    for answer in (Answer.AS_NEEDED, Answer.TAKE):
        assert spent(home.says(PN_ROBOT, answer, HANNE_TAG)) == "whose"
    assert home.world.asked == {}
    home.asks(MADS_TAG)
    assert [dose.helper for dose in home.asked_for()] == [MADS]


def test_take_answers_what_one_of_them_is_asked() -> None:
    """At the robot with medicine as needed take is an answer, too: once the question could be read."""
    home = two_ask()
    both_have_some(home)
    home.says(PN_ROBOT, Answer.AS_NEEDED, MADS_TAG)
    home.later(5)
    home.says(PN_ROBOT, Answer.TAKE, HANNE_TAG)
    assert [(dose.plan.resident, dose.helper) for dose in home.asked_for()] == [(KEYS["A"], HANNE)]


# --- away ---------------------------------------------------------------------------------------------


def test_a_press_for_somebody_away_is_an_action_for_a_paused_resident() -> None:
    home = helped()
    pause(home, "A")
    assert spent(home.press(R1, MADS_TAG)) == "paused"
    assert acted(home) == ["A"]
    home.press(R1, MADS_TAG)
    assert acted(home) == ["A"], "once"
    assert home.dose("A", "morning").releases == 0


def test_where_all_whom_it_may_be_for_are_away_staff_hear_of_each() -> None:
    home = helped({"A": R1, "B": R1}, {"A": ("evening",), "B": ("evening",)})
    pause(home, "A", "B")
    assert spent(home.press(R1, HANNE_TAG)) == "paused"
    assert acted(home) == ["A", "B"]
    home.press(R1, HANNE_TAG)
    assert acted(home) == ["A", "B"]


def test_the_only_one_with_a_dose_there_may_be_away() -> None:
    home = helped(slots={"A": DAY, "B": ("evening",), "C": DAY})
    pause(home, "A")
    assert home.outcome("A", "morning") == "withheld", "it made way for C"
    assert spent(home.press(R1, HANNE_TAG)) == "paused"
    assert acted(home) == ["A"]


def test_who_is_away_and_had_nothing_there_is_not_meant_for_anothers_dose() -> None:
    """C's waits, and Hanne may not act for C."""
    home = helped(slots={"A": ("evening",), "B": ("evening",), "C": DAY})
    pause(home, "A")
    home.press(R1, HANNE_TAG)
    assert pressed(home).resident == ""
    assert acted(home) == []


def test_who_is_away_keeps_the_helper_from_nobody() -> None:
    home = helped()
    pause(home, "A")
    home.move(R1)
    assert brought(home, HANNE_TAG).startswith("B")
    assert acted(home) == []


# --- no thanks ----------------------------------------------------------------------------------------


def refusal(home: ManyHome, day: int = 1) -> str:
    told = home.incident("A", "morning", day)
    assert told is not None and told.kind is ev.Kind.DOSE_REFUSED
    return told.detail


def test_a_helpers_no_is_told_and_recorded_as_theirs() -> None:
    home = helped({"A": R1})
    says(home, Answer.NO_THANKS, MADS_TAG)
    assert refusal(home) == "by_helper"
    home.until("10:01")
    home.move(R1)
    assert (home.outcome("A", "morning"), recorded(home)) == ("refused", [MADS])
    assert refusal(home) == "by_helper", "and stays so"


def test_the_residents_no_is_theirs() -> None:
    home = helped({"A": R1})
    says(home, Answer.NO_THANKS, TAGS["A"])
    assert refusal(home) == ""
    home.until("10:01")
    home.move(R1)
    assert (home.outcome("A", "morning"), recorded(home)) == ("refused", [None])


def test_why_and_the_day_before_stand_beside_it() -> None:
    home = helped({"A": R1}, {"A": ("morning",)}, at="07:00")
    home.buttons = True
    home.connect(R1)
    home.until("08:05")
    says(home, Answer.NO_THANKS, MADS_TAG)
    says(home, Answer.FIRST, MADS_TAG)
    assert refusal(home) == "unwell_by_helper"
    home.until("10:01")
    home.move(R1)
    home.until("08:05", 2)
    says(home, Answer.NO_THANKS, MADS_TAG)
    assert refusal(home, 2) == "second_day_by_helper"


def test_what_the_resident_takes_back_is_no_helpers_any_more() -> None:
    home = helped({"A": R1})
    brought(home, MADS_TAG)
    says(home, Answer.NO_THANKS, MADS_TAG)
    home.give()
    under_way = home.world.order_under_way(R1)
    assert under_way is not None and under_way.order.kind is ev.OrderKind.RETRACT
    home.move(R1)
    home.press(R1, TAGS["A"])
    home.move(R1)
    home.lift(R1)
    assert recorded(home) == [None]


@pytest.mark.parametrize(("first", "then", "who"), [(MADS_TAG, TAGS["A"], None), (TAGS["A"], MADS_TAG, MADS)])
def test_a_word_taken_back_while_it_lies_in_the_tray_is_whoever_took_it_back(
    first: str, then: str, who: str | None
) -> None:
    """The lid is open: nothing can be taken back into the robot, and the sachet still lies there."""
    home = helped({"A": R1})
    brought(home, first)
    status = replace(home.robots[R1].status(), lid_open=True)
    home.give(ev.RobotReported(home.now, status, R1))
    says(home, Answer.NO_THANKS, first)
    home.press(R1, then)
    assert any(isinstance(event, ev.AnswerTakenBack) for event in home.journal)
    home.lift(R1)
    assert recorded(home) == [who]


@pytest.mark.parametrize(("answer", "outcome"), [(Answer.TAKE, "confirmed"), (Answer.NO_THANKS, "refused")])
@pytest.mark.parametrize(("tag", "who"), [(MADS_TAG, MADS), (TAGS["A"], None)])
def test_medicine_beside_the_robot_likewise(answer: Answer, outcome: str, tag: str, who: str | None) -> None:
    home = helped({"A": R1}, {"A": ("evening",)})
    plan = home.dose("A", "evening").plan
    opens, half, closes = utc("08:00"), utc("09:00"), utc("10:00")
    plan = replace(plan, dose_id=f"{KEYS['A']}/{plan.day}/morning/101", slot="morning")
    side = SideDose(replace(plan, opens=opens, half=half, closes=closes), due=True)
    home.world = replace(home.world, sides={side.dose_id: side})
    says(home, answer, tag)
    if answer is Answer.NO_THANKS:
        told = home.world.incident_about(f"dose:{side.dose_id}")
        assert told is not None and told.detail == ("by_helper" if who else "")
    home.until("10:01")
    settled = home.world.sides[side.dose_id].outcome
    assert settled is not None and (settled.outcome.value, settled.helper) == (outcome, who)


# --- the record ---------------------------------------------------------------------------------------


def test_the_fagsystem_is_told_who_pressed() -> None:
    home = helped({"A": R1})
    brought(home, MADS_TAG)
    robot = home.robots[R1]
    robot.lifted.append(robot.tray)
    robot.tray = ""
    entry = robot.write(home.now, "lifted", robot=R1, dose_id=robot.in_tray_dose)
    after, events = settle(home.world, home.setting, [entry], home.now)
    rows = [each for each in changes(home.world, after, events) if isinstance(each, Put)]
    assert [row.body["helper"] for row in rows if row.outbox == "administration"] == [MADS]


@pytest.mark.parametrize(
    "kind", [ev.Pressed, ev.OrderIssued, ev.DoseDeclined, ev.AnswerTakenBack, ev.OutcomeRecorded]
)
def test_a_row_of_before_has_no_helper(kind: type) -> None:
    """A journal of before 2026-11-24 is read as it was written: nobody pressed by a tag of their own."""
    assert "helper" in {field.name for field in fields(kind)}
    home = helped({"A": R1})
    brought(home, MADS_TAG)
    home.lift(R1)
    taken_back = ev.AnswerTakenBack(home.now, "d", R1, MADS)
    said = [*home.journal, ev.DoseDeclined(home.now, "d", R1, MADS), taken_back]
    event = next(event for event in said if isinstance(event, kind))
    assert from_plain(to_plain(event)) == event
    plain = to_plain(event)
    assert plain.pop("helper") == MADS
    old = from_plain(plain)
    assert to_plain(old)["helper"] is None


# --- whatever comes -----------------------------------------------------------------------------------

PEOPLE = ("A", "B", "C")
SOME = st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True)
ROBOTS = st.sampled_from((R1, R2))


@each_of(
    st.fixed_dictionaries(dict.fromkeys(PEOPLE, ROBOTS)),
    st.fixed_dictionaries({person: st.sampled_from((("morning",), ("evening",), DAY)) for person in PEOPLE}),
    SOME,
    st.lists(
        st.tuples(
            st.integers(1, 90),
            ROBOTS,
            st.sampled_from(("tag-A", "tag-B", "tag-C", "key-of-one", "", "nobodys")),
            st.sampled_from((Answer.TAKE, Answer.TAKE, Answer.TAKE, Answer.NO_THANKS, Answer.LATER)),
        ),
        max_size=12,
    ),
)
@settings(max_examples=60, deadline=None)
def test_a_helper_moves_nothing_of_anybody_else_and_nothing_where_two_wait(
    lives: dict[str, str],
    slots: dict[str, tuple[str, ...]],
    residents: list[str],
    presses: list[tuple[int, str, str, Answer]],
) -> None:
    """What an order answers is who pressed; what a helper's press did is about one of theirs, and about the
    only one who waited."""
    home = ManyHome(lives, slots)
    one = Helper("One", tuple(KEYS[name] for name in residents), frozenset({"key-of-one"}))
    home.setting = replace(home.setting, helpers=(one,))
    home.start()
    home.until("08:01")
    for minutes, serial, tag, answer in presses:
        if serial not in home.setting.robots:
            continue
        home.until_at(home.now + timedelta(minutes=minutes))
        waits = waiting_at(home, serial)
        helper = "One" if tag == "key-of-one" else None
        for event in says(home, answer, tag, serial):
            if isinstance(event, ev.OrderIssued):
                if event.order.ground != "press":
                    continue
                dose, by = event.order.dose_id, event.helper
            elif isinstance(event, ev.DoseDeclined):
                dose, by = event.dose_id, event.helper
            else:
                continue
            resident = dose.partition("/")[0]
            assert by == helper
            if helper:
                assert resident in one.residents
                assert waits & set(one.residents) == {resident} or len(residents) == 1
        while home.world.order_under_way(serial) is not None:
            home.move(serial)
        if home.robots[serial].tray:
            home.lift(serial)


def waiting_at(home: ManyHome, serial: str) -> set[str]:
    return {
        dose.plan.resident
        for dose in home.world.doses.values()
        if dose.open_at(home.now) and dose.outcome is None
        if home.setting.robot_of(dose.plan.resident) == serial
    }
