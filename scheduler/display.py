"""What each robot shows, from the world alone: light, sound and at most four short lines in Danish.

Neutral words, no drug, no name. A due dose comes first; that staff can't be reached comes below it and never
instead of it (S4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.dose import Stage
from scheduler.gate import why_not_release
from scheduler.offering import doses_at
from scheduler.personal import must_say_who
from scheduler.world import Dose, RobotState, Setting, World, robot_of

LINE_CHARS_MAX = 40
"""W-LIMIT: what every robot of the family can show."""


@dataclass(frozen=True, slots=True)
class Display:
    light: str  # off, steady, pulse, alert
    sound: str  # none, soft, loud
    lines: tuple[str, ...]


def display(world: World, setting: Setting, serial: str, now: datetime) -> Display:
    """What this robot should show now."""
    light, sound, lines = _dose_lines(world, setting, serial, now)
    if any(incident.undelivered for incident in world.incidents.values()):
        lines = (*lines, "Vi kan ikke få fat i personalet.", f"Ring {setting.staff_phone}")
        light = "alert" if light == "off" else light
    return Display(light, sound, tuple(line[:LINE_CHARS_MAX] for line in lines[:4]))


def _dose_lines(
    world: World, setting: Setting, serial: str, now: datetime
) -> tuple[str, str, tuple[str, ...]]:
    there = doses_at(world, setting, serial)
    open_doses = [d for d in there if d.open_at(now) and d.outcome is None]
    tray = next((d for d in there if d.stage is Stage.IN_TRAY), None)
    if tray is not None:
        return "pulse", "soft", ("Tag din pose i bakken.",)
    robot = world.robot(serial)
    lately = robot.spent_at is not None and now < robot.spent_at + setting.limits.press_age
    if lately and robot.spent in TURNED_AWAY:
        return "pulse", "none", TURNED_AWAY[robot.spent]
    if not open_doses:
        return "off", "none", _next_line(world, setting, serial, now)
    if must_say_who(setting, serial):
        return _shared_lines(world, setting, open_doses, now)
    return _lines_of(world, setting, open_doses[0], now)


TURNED_AWAY = {
    "who": ("Hvem er du?", "Vis din brik, og tryk så."),
    "unknown_tag": ("Brikken kendes ikke her.", "Vis din egen brik, og tryk så."),
    "other_robot": ("Din medicin er i en anden robot.",),
    "nothing_of_theirs": ("Der er ikke medicin til dig nu.",),
}
"""Why a press led to nothing that is about the person and not about the dose. Shown for as long as a press is
fresh: whoever's dose is due must see that soon again."""


def _shared_lines(
    world: World, setting: Setting, doses: Sequence[Dose], now: datetime
) -> tuple[str, str, tuple[str, ...]]:
    """Of several people's doses the one that can be had now is shown: one that waits, or that staff see to,
    hides nobody else's. No names."""
    shown = [_lines_of(world, setting, dose, now) for dose in doses]
    return next((lines for lines in shown if lines[0] == "pulse"), shown[0])


def _lines_of(world: World, setting: Setting, dose: Dose, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    if dose.token:
        return "steady", "none", ("Personalet hjælper dig med din medicin.",)
    if dose.stage in (Stage.PLANNED, Stage.DUE, Stage.FAILED, Stage.HOLDING):
        reason = "" if dose.stage is Stage.HOLDING else why_not_release(world, setting, dose, now)
        return _offer(dose, reason, who=must_say_who(setting, robot_of(setting, dose)))
    if dose.stage in (Stage.RELEASING, Stage.PRESENTING):
        return "steady", "none", ("Et øjeblik ...",)
    return "steady", "none", ("Vent på personalet.", "Tag ikke andet i stedet.")


def _offer(dose: Dose, reason: str, *, who: bool) -> tuple[str, str, tuple[str, ...]]:
    if reason == "too_soon":
        return "steady", "none", ("Det er for tidligt at tage den næste.",)
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


LOUD_FROM_REMINDER = 3
"""Three quarters of an hour unheard: a soft sound did not reach the next room."""


def _next_line(world: World, setting: Setting, serial: str, now: datetime) -> tuple[str, ...]:
    there = doses_at(world, setting, serial)
    coming = next((d for d in there if d.plan.opens > now and d.outcome is None), None)
    if coming is None or world.robot(serial).state is not RobotState.READY:
        return ()
    return (f"Næste medicin kl. {setting.local.local(coming.plan.opens):%H:%M}",)
