"""What each robot shows, from the world alone: light, sound and at most four short lines in Danish.

Neutral words, no drug, no name. A due dose comes first; that staff can't be reached comes below it and never
instead of it (S4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduler.dose import Stage
from scheduler.double_feed import printed
from scheduler.events import AsNeededRefused
from scheduler.gate import magazine_misfit, why_not_release, why_not_take_along
from scheduler.given_elsewhere import GIVEN_ELSEWHERE, PERHAPS_ELSEWHERE
from scheduler.offering import PERSONAL_ACTION, doses_at
from scheduler.own_sachet import NO_SACHET, has_no_sachet
from scheduler.personal import must_say_who
from scheduler.plan import Content
from scheduler.questions import QUESTIONS
from scheduler.regime import ORDINARY, QUIET, SUSPENDED
from scheduler.remembered import DOUBLE_FEED
from scheduler.side_doses import robot_asks, together
from scheduler.two_robots import asked_here, is_here
from scheduler.voice import quiet, unwanted
from scheduler.world import Dose, Robot, RobotState, Setting, SideDose, World, robot_of

LINE_CHARS_MAX = 40
"""W-LIMIT: what every robot of the family can show."""


LINES_MAX = 4

HELP = "Personalet ringer. Akut: ring 112."
"""Until somebody has called back: a call for help is no emergency call."""

HELP_BESIDE_THE_NUMBER = ". Akut: 112."


@dataclass(frozen=True, slots=True)
class Display:
    light: str  # off, steady, pulse, alert
    sound: str  # none, soft, loud
    lines: tuple[str, ...]


def display(world: World, setting: Setting, serial: str, now: datetime) -> Display:
    """What this robot should show now."""
    served = setting.served.get(serial, ())
    light, sound, lines = _beside(world, setting, serial, now, *_dose_lines(world, setting, serial, now))
    if served and all(world.regime(resident).mode in QUIET for resident in served):
        light, sound = _still(light)
    waits = any(key in world.help for key in (*served, serial))
    if any(incident.undelivered for incident in world.incidents.values()):
        call = f"Ring {setting.staff_phone}{HELP_BESIDE_THE_NUMBER if waits else ''}"
        lines = (*lines[: LINES_MAX - 2], "Vi kan ikke få fat i personalet.", call)
        light = "alert" if light == "off" else light
    elif waits:
        lines = (*lines[: LINES_MAX - 1], HELP)
    return Display(light, sound, tuple(line[:LINE_CHARS_MAX] for line in lines[:LINES_MAX]))


def _still(light: str) -> tuple[str, str]:
    """Where staff remind, the robot says what it has to say, and is still."""
    return "off" if light == "off" else "steady", "none"


def _dose_lines(
    world: World, setting: Setting, serial: str, now: datetime
) -> tuple[str, str, tuple[str, ...]]:
    there, robot = doses_at(world, setting, serial), world.robot(serial)
    tray = next((d for d in there if d.stage is Stage.IN_TRAY), None)
    if tray is not None and not unwanted(tray):
        lines = _which(world, setting, tray) or ("Tag din pose i bakken.",)
        return "pulse", "soft", (*lines, *_answers(robot))
    lately = robot.spent_at is not None and now < robot.spent_at + setting.limits.press_age
    if lately and robot.spent in TURNED_AWAY:
        return "pulse", "none", TURNED_AWAY[robot.spent]
    withheld = _withheld(world, setting, serial)
    if withheld:
        return "off", "none", withheld
    open_doses = [
        d
        for d in there
        if d.outcome is None
        and d.open_at(now)
        and not _stays_here(d, now)
        and not world.regime(d.plan.resident).withholds
    ]
    packed = [dose for dose in open_doses if not has_no_sachet(world, setting, dose)]
    wanted = [dose for dose in packed or open_doses if dose.declined is None]
    told = () if wanted else _told(world, setting, serial, now)
    if told:
        return "steady", "none", told
    if not open_doses:
        return "off", "none", _next_line(world, setting, serial, now)
    if must_say_who(setting, serial):
        return _shared_lines(world, setting, wanted or open_doses, now)
    return _lines_of(world, setting, (wanted or open_doses)[0], now)


def _which(world: World, setting: Setting, tray: Dose) -> tuple[str, ...]:
    """Rule 7: which one to take, where another may lie beside it. That one may be of another day, and where
    several live, another person's of the same time."""
    at = printed(world, setting, tray)
    if at is None:
        return ()
    name = ("Se efter dit navn på posen.",) if must_say_who(setting, robot_of(setting, tray)) else ()
    return (f"Tag kun posen d. {at.day}/{at.month} kl. {at:%H:%M}.", *name, "Lad en anden pose ligge.")


TURNED_AWAY = {
    "who": ("Hvem er du?", "Vis din brik, og tryk så."),
    "whose": ("Hvem er det til?", "Vis brikken fra den, det er til."),
    "unknown_tag": ("Brikken kendes ikke her.", "Vis din egen brik, og tryk så."),
    "staff_lock": ("Personalet er ved robotten.", "De giver dig din medicin."),
    "not_said": ("Sig først, om dosis er givet.", "Brug skærmen på boksen."),
    "unlocked": ("Robotten er åben igen.",),
    "other_robot": ("Din medicin er i en anden robot.",),
    "nothing_of_theirs": ("Der er ikke medicin til dig nu.",),
    NO_SACHET: ("Robotten har ikke den medicin.", "Personalet får besked."),
}
"""Why a press led to nothing that is about the person and not about the dose. Shown for as long as a press is
fresh: whoever's dose is due must see that soon again."""


def _withheld(world: World, setting: Setting, serial: str) -> tuple[str, ...]:
    """Rule 22, of the only one served here. Of several nothing is said of who is away: they are left out."""
    served = setting.served.get(serial, ())
    regime = world.regime(served[0]) if len(served) == 1 else ORDINARY
    if regime.pause is not None:
        return ("Din medicin er sat på pause.", "Er du hjemme? Ring til personalet:", setting.staff_phone)
    return ("Personalet giver dig din medicin.",) if regime.withholds == SUSPENDED else ()


def _told(world: World, setting: Setting, serial: str, now: datetime) -> tuple[str, ...]:
    """What somebody here is asked, or was answered."""
    for resident in setting.served.get(serial, ()):
        asked = asked_here(world, setting, resident, serial)
        here = is_here(setting, resident, serial, as_needed=True)
        refused = world.refusals.get(resident) if here else None
        if asked is not None and now < asked.until:
            return QUESTIONS[asked.question].lines
        if refused is not None and now < refused.at + ANSWER_SHOWN:
            return _not_now(setting, refused, now)
    return ()


def _shared_lines(
    world: World, setting: Setting, doses: Sequence[Dose], now: datetime
) -> tuple[str, str, tuple[str, ...]]:
    """Of several people's doses the one that can be had now is shown: one that waits, or that staff see to,
    hides nobody else's. No names."""
    shown = [_lines_of(world, setting, dose, now) for dose in doses]
    return next((lines for lines in shown if lines[0] == "pulse"), shown[0])


def _lines_of(world: World, setting: Setting, dose: Dose, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    if dose.declined is not None and not dose.token:
        return "steady", "none", DECLINED
    if dose.token:
        return "steady", "none", ("Personalet hjælper dig med din medicin.",)
    if dose.along_at(now) and dose.stage in (Stage.PLANNED, Stage.DUE, Stage.HOLDING):
        return _along_lines(world, setting, dose, now)
    if dose.stage in (Stage.PLANNED, Stage.DUE, Stage.FAILED, Stage.HOLDING):
        serial = robot_of(setting, dose)
        reason = _why_not(world, setting, dose, now)
        if not reason and dose.anonymous:
            return "alert", "soft", PERSONAL
        if not reason and quiet(dose, setting.limits.reminder_every):
            return "steady", "none", ("Helt i orden: vi minder dig om det.", "Tryk, når du vil have den.")
        light, sound, lines = _offer(dose, reason, who=must_say_who(setting, serial))
        if world.regime(dose.plan.resident).mode in QUIET:
            light, sound = _still(light)
        return light, sound, lines if reason else (*lines, *_answers(world.robot(serial)))
    if dose.stage in (Stage.RELEASING, Stage.PRESENTING):
        return "steady", "none", ("Et øjeblik ...",)
    return "steady", "none", ("Vent på personalet.", "Tag ikke andet i stedet.")


def _why_not(world: World, setting: Setting, dose: Dose, now: datetime) -> str:
    """Why a press would bring nothing; "" = it would, or the dose is on its way."""
    if world.robot(robot_of(setting, dose)).double_feed is not None:
        return DOUBLE_FEED
    return "" if dose.stage is Stage.HOLDING else why_not_release(world, setting, dose, now)


def _along_lines(
    world: World, setting: Setting, dose: Dose, now: datetime
) -> tuple[str, str, tuple[str, ...]]:
    """Before a leave: one press for each sachet, and how many are left."""
    reason = _why_not(world, setting, dose, now)
    if reason:
        return "alert", "none", ("Robotten kan ikke give medicin nu.", "Personalet får besked.")
    left = sum(
        each.plan.resident == dose.plan.resident
        and each.along_at(now)
        and each.outcome is None
        and not _stays_here(each, now)
        and not why_not_take_along(world, setting, each)
        for each in world.doses.values()
    )
    who = must_say_who(setting, robot_of(setting, dose))
    action = "Vis din brik, og tryk på knappen." if who else "Tryk på knappen."
    answers = _answers(world.robot(robot_of(setting, dose)))
    return "pulse", "soft", ("Medicin til turen.", action, f"Tilbage: {left}.", *answers)


def _stays_here(dose: Dose, now: datetime) -> bool:
    """A person has put its sachet away before the leave: the others can be had."""
    return dose.along_at(now) and dose.stage in (Stage.IN_STORE, Stage.OUT)


def _beside(
    world: World, setting: Setting, serial: str, now: datetime,
    light: str, sound: str, lines: tuple[str, ...],
) -> tuple[str, str, tuple[str, ...]]:  # fmt: skip
    """What is due beside the robot, as soon as the robot asks for nothing itself; what it can't give stays in
    sight below. Of two robots the one with the roll shows it."""
    every = setting.limits.reminder_every
    here = setting.served.get(serial, ())
    served = [resident for resident in here if is_here(setting, resident, serial, as_needed=False)]
    if not world.sides:
        return light, sound, lines
    due = [
        together(world, resident, now)
        for resident in served
        if not world.regime(resident).withholds and not robot_asks(world, setting, resident, now)
    ]
    if not any(due) or any(asked_here(world, setting, resident, serial) for resident in served):
        return light, sound, lines
    if must_say_who(setting, serial):
        return _beside_for_one(due, every, light, sound, lines)
    sides = due[0]
    if sides[0].declined is not None:
        return light, sound, lines or DECLINED
    below = lines[:1] if light == "alert" else ()
    if all(quiet(side, every) for side in sides):
        return light if below else "steady", "none", (*QUIET_BESIDE, *below)
    asked = (_amounts(sides), "Tryk på knappen, når du har taget den.")
    return "pulse", _sound(sides), (*asked, *(below or _answers(world.robot(serial))))


def _beside_for_one(
    due: Sequence[Sequence[SideDose]], every: timedelta, light: str, sound: str, lines: tuple[str, ...]
) -> tuple[str, str, tuple[str, ...]]:
    """Where several look at one display it says no amounts: somebody would take another's. A sachet that can
    be had stays in sight above."""
    wait = [sides for sides in due if any(side.declined is None and not quiet(side, every) for side in sides)]
    if not wait:
        return light, sound, lines
    if light == "pulse":
        return light, sound, (*lines, ONE_OF_YOU[0])
    below = lines[:1] if light == "alert" else ()
    return "pulse", _sound(wait[0]), (*ONE_OF_YOU, *below)


def _sound(sides: Sequence[SideDose]) -> str:
    return "loud" if sides[0].reminders >= LOUD_FROM_REMINDER else "soft"


def _amounts(sides: Sequence[SideDose]) -> str:
    """Amounts and units, never a drug: what it is stands on the resident's own list."""
    amounts = [_amount(portion.content) for side in sides for portion in side.plan.portions]
    told = f"Husk også: {', '.join(amounts)}."
    return told if len(told) <= LINE_CHARS_MAX else f"Husk også din anden medicin ({len(amounts)})."


def _amount(content: Content) -> str:
    unit = content.unit if content.quantity <= 1 else PLURALS.get(content.unit, content.unit)
    return f"{content.quantity:f}".replace(".", ",") + f" {unit}"


PLURALS = {
    "tablet": "tabletter",
    "capsule": "kapsler",
    "dråbe": "dråber",
    "drop": "dråber",
    "plaster": "plastre",
    "inhalation": "inhalationer",
    "enhed": "enheder",
    "dosis": "doser",
}
"""Of the units that are counted beside the robot; one that is not here is said as it is."""


def _not_now(setting: Setting, refused: AsNeededRefused, now: datetime) -> tuple[str, ...]:
    """Medicine as needed was asked for: when it is possible, or who can help."""
    if refused.reason == PERSONAL_ACTION:
        return ("Brug dit kort eller din kode.", "Og tryk så igen.")
    if refused.possible is None:
        return ("Ikke nu. Personalet kan hjælpe dig.", "Tryk hjælp, så ringer vi.")
    at = setting.local.local(refused.possible)
    return ("Ikke endnu.", f"Du kan få den {_day(at.date(), setting.local.day_of(now))}fra kl. {at:%H:%M}.")


def _day(day: date, today: date) -> str:
    """`i morgen `, `på torsdag `, `d. 12/11 `; nothing of today."""
    ahead = (day - today).days
    if ahead <= 1:
        return "i morgen " if ahead else ""
    return f"på {WEEKDAYS[day.weekday()]} " if ahead < len(WEEKDAYS) else f"d. {day.day}/{day.month} "


WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")


PERSONAL = ("Brug dit kort eller din kode.", "Personalet har fået besked.")

ANSWER_SHOWN = timedelta(minutes=2)
"""Long enough to be read by somebody who stands there."""

DECLINED = ("Helt i orden: ikke denne gang.", "Fortryder du, så tryk på knappen.")
QUIET_BESIDE = ("Helt i orden: vi minder dig om det.", "Tryk, når du har taget den.")
ONE_OF_YOU = ("En af jer mangler anden medicin.", "Vis din brik, når du har taget den.")


def _offer(dose: Dose, reason: str, *, who: bool) -> tuple[str, str, tuple[str, ...]]:
    if reason == "too_soon":
        return "steady", "none", ("Det er for tidligt at tage den næste.",)
    if reason == GIVEN_ELSEWHERE:
        return "steady", "none", ("Din medicin er givet.", "Er det forkert? Tryk hjælp.")
    if reason == PERHAPS_ELSEWHERE:
        return "steady", "none", ("Måske er din medicin givet.", "Personalet får besked og ser efter.")
    if reason in WAITS_FOR_ANOTHER and who:
        return "steady", "none", ("Vent lidt: en anden pose skal først ud.",)
    if reason:
        return "alert", "none", ("Robotten kan ikke give medicin nu.", "Personalet får besked.")
    if dose.stage is Stage.FAILED:
        return "alert", "soft", ("Det gik ikke. Prøv igen: tryk.", "Personalet har fået besked.")
    sound = "loud" if dose.reminders >= LOUD_FROM_REMINDER else "soft"
    action = "Vis din brik, og tryk på knappen." if who else "Tryk på knappen."
    return "pulse", sound, ("Det er tid til din medicin.", action)


WAITS_FOR_ANOTHER = frozenset({"tray_occupied", "holding_occupied", "wrong_resident"})


def _answers(robot: Robot) -> tuple[str, ...]:
    """S7: what else can be said, on a robot that has the buttons."""
    return ("Eller: senere, nej tak, hjælp.",) if robot.answers else ()


LOUD_FROM_REMINDER = 3
"""Three quarters of an hour unheard: a soft sound did not reach the next room."""


def _next_line(world: World, setting: Setting, serial: str, now: datetime) -> tuple[str, ...]:
    ahead = (d for d in doses_at(world, setting, serial) if d.plan.opens > now and d.outcome is None)
    coming = next((d for d in ahead if not world.regime(d.plan.resident).withholds), None)
    if world.robot(serial).state is not RobotState.READY:
        return ()
    if coming is None:
        return _may_be_asked_for(world, setting, serial)
    return (f"Næste medicin kl. {setting.local.local(coming.plan.opens):%H:%M}",)


def _may_be_asked_for(world: World, setting: Setting, serial: str) -> tuple[str, ...]:
    """At a robot that has somebody's medicine as needed beside the one with their roll."""
    robot = world.robot(serial)
    there = [key for key in setting.served.get(serial, ()) if setting.has_two(key)]
    theirs = [key for key in there if setting.robot_for(key, as_needed=True) == serial]
    if all(magazine_misfit(robot, key) or world.regime(key).withholds for key in theirs):
        return ()
    action = "Vis din brik, og tryk på knappen." if must_say_who(setting, serial) else "Tryk på knappen."
    return ("Medicin, når du har brug for den.", action)
