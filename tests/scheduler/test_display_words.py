"""What a resident reads, word for word, with light and sound: each thing a robot of one person can show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.display import TURNED_AWAY, Display, display
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.evolve_press import with_robot
from scheduler.regime import Pause, Regime
from scheduler.window import LocalTime
from scheduler.world import Dose, World
from tests.support.pure_home import RESIDENT, ROBOT, PureHome

NOT_ABLE = Display("alert", "none", ("Robotten kan ikke give medicin nu.", "Personalet får besked."))
MOMENT = Display("steady", "none", ("Et øjeblik ...",))
ASK_STAFF = Display("steady", "none", ("Vent på personalet.", "Tag ikke andet i stedet."))


@pytest.fixture
def home(home: PureHome) -> PureHome:
    """Of a robot with one button."""
    home.world = with_robot(home.world, ROBOT, replace(home.world.robot(ROBOT), answers=False))
    return home


def shown(home: PureHome, world: World | None = None) -> Display:
    return display(world or home.world, home.setting, ROBOT, home.now)


def with_dose(home: PureHome, **changed: Any) -> World:
    dose = replace(home.dose("morning"), **changed)
    return replace(home.world, doses={**home.world.doses, dose.dose_id: dose})


def packed_for(world: World, noon: Dose) -> World:
    """With noon's sachet packed for its time, of what it holds, and at the mouth."""
    robot = world.robot(ROBOT)
    mine = robot.rolls[RESIDENT]
    local = LocalTime("Europe/Copenhagen").local(noon.plan.opens)
    second = replace(mine.sachets[1], local=local, content=noon.plan.content)
    rolls = {RESIDENT: replace(mine, sachets=(second, *mine.sachets[2:]))}
    assert robot.status is not None
    status = replace(robot.status, mouth_label=second.label)
    return with_robot(world, ROBOT, replace(robot, rolls=rolls, status=status))


def with_lid(home: PureHome, world: World, *, open: bool) -> World:
    robot = world.robot(ROBOT)
    assert robot.status is not None
    return with_robot(world, ROBOT, replace(robot, status=replace(robot.status, lid_open=open)))


def answers(world: World) -> World:
    """The robot has a button for each answer."""
    return with_robot(world, ROBOT, replace(world.robot(ROBOT), answers=True))


OFFER = ("Det er tid til din medicin.", "Tryk på knappen.")
MORE = "Eller: senere, nej tak, hjælp."


def test_from_the_next_dose_to_the_sachet_in_the_tray(home: PureHome) -> None:
    assert shown(home) == Display("off", "none", ("Næste medicin kl. 08:00",))
    home.until("08:00")
    assert shown(home) == Display("pulse", "soft", OFFER)
    assert shown(home, answers(home.world)) == Display("pulse", "soft", (*OFFER, MORE))
    home.press()
    assert shown(home) == MOMENT
    home.move()
    assert shown(home) == MOMENT
    home.move()
    assert shown(home) == Display("pulse", "soft", ("Tag din pose i bakken.",))
    assert shown(home, answers(home.world)) == Display("pulse", "soft", ("Tag din pose i bakken.", MORE))
    home.lift()
    assert shown(home) == Display("off", "none", ("Næste medicin kl. 12:00",))


def test_the_third_reminder_is_loud(due: PureHome) -> None:
    for reminders, sound in ((0, "soft"), (2, "soft"), (3, "loud"), (4, "loud")):
        assert shown(due, with_dose(due, reminders=reminders)) == Display("pulse", sound, OFFER)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"stage": Stage.FAILED}, Display(
            "alert", "soft", ("Det gik ikke. Prøv igen: tryk.", "Personalet har fået besked.")
        )),
        ({"anonymous": True}, Display(
            "alert", "soft", ("Brug dit kort eller din kode.", "Personalet har fået besked.")
        )),
        ({"token": "Anna"}, Display("steady", "none", ("Personalet hjælper dig med din medicin.",))),
        ({"stage": Stage.HOLDING}, Display("pulse", "soft", OFFER)),
        ({"stage": Stage.RELEASING}, MOMENT),
        ({"stage": Stage.PRESENTING}, MOMENT),
        ({"stage": Stage.RETRACTING}, ASK_STAFF),
        ({"stage": Stage.HELD}, ASK_STAFF),
        ({"stage": Stage.DOUBT}, ASK_STAFF),
        ({"stage": Stage.IN_STORE}, ASK_STAFF),
    ],
)  # fmt: skip
def test_what_is_said_of_a_dose_in_its_window(
    due: PureHome, changed: dict[str, Any], expected: Display
) -> None:
    assert shown(due, with_dose(due, **changed)) == expected


def test_a_lock_says_that_staff_are_told_and_offers_no_button(due: PureHome) -> None:
    assert shown(due, answers(with_lid(due, due.world, open=True))) == NOT_ABLE


def test_later_and_no_thanks_are_taken_for_what_they_are(due: PureHome) -> None:
    later = Display("steady", "none", ("Helt i orden: vi minder dig om det.", "Tryk, når du vil have den."))
    assert shown(due, with_dose(due, put_off=due.now)) == later
    no_thanks = Display(
        "steady", "none", ("Helt i orden: ikke denne gang.", "Fortryder du, så tryk på knappen.")
    )
    assert shown(due, with_dose(due, declined=due.now)) == no_thanks
    with_staff = Display("steady", "none", ("Personalet hjælper dig med din medicin.",))
    assert shown(due, with_dose(due, declined=due.now, token="Anna")) == with_staff


def test_two_doses_too_close_wait_without_an_alarm(due: PureHome) -> None:
    morning = due.dose("morning")
    same = replace(due.dose("noon").plan, portions=morning.plan.portions)
    world = with_dose(due, stage=Stage.LIFTED, lifted=due.now, outcome=None)
    noon = replace(due.dose("noon"), plan=replace(same, opens=due.now), stage=Stage.DUE)
    had = replace(
        world.doses[morning.dose_id],
        outcome=ev.OutcomeRecorded(due.now, morning.dose_id, 1, ev.Outcome.RETRIEVED, False, "", "", due.now),
    )
    world = replace(world, doses={**world.doses, noon.dose_id: noon, had.dose_id: had})
    world = packed_for(world, noon)
    assert shown(due, world) == Display("steady", "none", ("Det er for tidligt at tage den næste.",))


def test_whoever_is_paused_or_given_by_staff_reads_who_has_their_medicine(due: PureHome) -> None:
    paused = replace(
        due.world,
        regimes={RESIDENT: Regime(pause=Pause(ev.PauseKind.HOSPITAL, due.now, "Anna", None, due.now))},
    )
    phone = due.setting.staff_phone
    lines = ("Din medicin er sat på pause.", "Er du hjemme? Ring til personalet:", phone)
    assert shown(due, paused) == Display("off", "none", lines)
    suspended = replace(due.world, regimes={RESIDENT: Regime(mode=ev.Mode.SUSPENDED)})
    assert shown(due, suspended) == Display("off", "none", ("Personalet giver dig din medicin.",))


@pytest.mark.parametrize("mode", [ev.Mode.ASSISTED])
def test_where_staff_remind_the_robot_is_still(due: PureHome, mode: ev.Mode) -> None:
    quiet = replace(due.world, regimes={RESIDENT: Regime(mode=mode)})
    assert shown(due, quiet) == Display("steady", "none", OFFER)


@pytest.mark.parametrize("why", TURNED_AWAY)
def test_a_press_that_led_to_nothing_is_answered_for_a_minute(due: PureHome, why: str) -> None:
    robot = replace(due.world.robot(ROBOT), spent=why, spent_at=due.now)
    world = with_robot(due.world, ROBOT, robot)
    assert shown(due, world) == Display("pulse", "none", TURNED_AWAY[why])
    due.now += timedelta(seconds=59)
    assert shown(due, world) == Display("pulse", "none", TURNED_AWAY[why])
    due.now += timedelta(seconds=1)
    assert shown(due, world) == Display("pulse", "soft", OFFER)


def refusal(home: PureHome, reason: str, possible: timedelta | None) -> World:
    at = None if possible is None else home.now + possible
    told = ev.AsNeededRefused(home.now, RESIDENT, "p-pain", reason, at, ROBOT)
    return replace(home.world, refusals={RESIDENT: told})


def test_why_not_now_and_when_medicine_as_needed_can_be_had(home: PureHome) -> None:
    def said(reason: str, possible: timedelta | None = None) -> tuple[str, ...]:
        told = shown(home, refusal(home, reason, possible))
        assert (told.light, told.sound) == ("steady", "none")
        return told.lines

    assert said("asked_too_soon", timedelta(hours=2)) == ("Ikke endnu.", "Du kan få den fra kl. 09:50.")
    assert said("asked_too_soon", timedelta(hours=18)) == (
        "Ikke endnu.",
        "Du kan få den i morgen fra kl. 01:50.",
    )
    assert said("no_limit") == ("Ikke nu. Personalet kan hjælpe dig.", "Tryk hjælp, så ringer vi.")
    assert said("personal_action") == ("Brug dit kort eller din kode.", "Og tryk så igen.")
    world = refusal(home, "no_limit", None)
    home.now += timedelta(minutes=2)
    assert shown(home, world).lines == ("Næste medicin kl. 08:00",), "long enough to be read"


def undelivered(home: PureHome) -> World:
    incident = ev.Incident(
        "i", "home", ev.Kind.CLOCK_UNTRUSTED, ev.Priority.HIGH, "", home.now, home.now, undelivered=True
    )
    return replace(home.world, incidents={"i": incident})


def test_that_staff_cannot_be_reached_stands_below_and_never_instead(home: PureHome) -> None:
    """S4."""
    phone = home.setting.staff_phone
    call = ("Vi kan ikke få fat i personalet.", f"Ring {phone}")
    assert shown(home, undelivered(home)) == Display("alert", "none", ("Næste medicin kl. 08:00", *call))
    home.until("08:05")
    assert shown(home, answers(undelivered(home))) == Display("pulse", "soft", (*OFFER, *call))
    waits = replace(undelivered(home), help={RESIDENT: home.now})
    urgent = ("Vi kan ikke få fat i personalet.", f"Ring {phone}. Akut: 112.")
    assert shown(home, waits) == Display("pulse", "soft", (*OFFER, *urgent))


@pytest.mark.parametrize("who", [RESIDENT, ROBOT])
def test_whoever_called_for_help_reads_that_staff_call(due: PureHome, who: str) -> None:
    waits = replace(due.world, help={who: due.now})
    assert shown(due, waits) == Display("pulse", "soft", (*OFFER, "Personalet ringer. Akut: ring 112."))
    of_another = replace(due.world, help={"b" * 32: due.now})
    assert shown(due, of_another) == Display("pulse", "soft", OFFER)


def test_a_robot_that_is_away_names_no_next_dose(home: PureHome) -> None:
    home.lost()
    assert shown(home) == Display("off", "none", ())


def test_what_they_can_have_now_is_shown_before_what_they_could_not(due: PureHome) -> None:
    waits = display(due.world, due.setting, ROBOT, due.now).lines
    no = ev.AsNeededRefused(due.now, RESIDENT, "p-pain", "asked_too_soon", None, ROBOT)
    asked = evolve(due.world, no)
    assert display(asked, due.setting, ROBOT, due.now).lines == waits
    nothing = replace(asked, doses={})
    assert display(nothing, due.setting, ROBOT, due.now).lines[0].startswith("Ikke nu.")
