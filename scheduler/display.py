"""What the robot shows, from the world alone: light, sound and at most four short lines in Danish.

Neutral words, no drug, no name. A due dose comes first; that staff can't be reached comes below it and never
instead of it (S4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.dose import Stage
from scheduler.gate import why_not_release
from scheduler.offering import in_order
from scheduler.regime import QUIET, SUSPENDED
from scheduler.world import Dose, RobotState, Setting, World

LINE_CHARS_MAX = 40
"""W-LIMIT: what every robot of the family can show."""


@dataclass(frozen=True, slots=True)
class Display:
    light: str  # off, steady, pulse, alert
    sound: str  # none, soft, loud
    lines: tuple[str, ...]


def display(world: World, setting: Setting, now: datetime) -> Display:
    """What the robot should show now."""
    light, sound, lines = _dose_lines(world, setting, now)
    if world.regime(setting.resident).mode in QUIET:  # staff remind: it says what it has to say, and is still
        light, sound = "off" if light == "off" else "steady", "none"
    if any(incident.undelivered for incident in world.incidents.values()):
        lines = (*lines, "Vi kan ikke få fat i personalet.", f"Ring {_phone(setting)}")
        light = "alert" if light == "off" else light
    return Display(light, sound, tuple(line[:LINE_CHARS_MAX] for line in lines[:4]))


def _dose_lines(world: World, setting: Setting, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    open_doses = [d for d in in_order(world) if d.open_at(now) and d.outcome is None]
    tray = next((d for d in in_order(world) if d.stage is Stage.IN_TRAY), None)
    if tray is not None:
        return "pulse", "soft", ("Tag din pose i bakken.",)
    regime = world.regime(setting.resident)
    if regime.pause is not None:
        return (
            "off",
            "none",
            ("Din medicin er sat på pause.", "Er du hjemme? Ring til personalet:", _phone(setting)),
        )
    if regime.withholds == SUSPENDED:
        return "off", "none", ("Personalet giver dig din medicin.",)
    if not open_doses:
        return "off", "none", _next_line(world, setting, now)
    dose = open_doses[0]
    if dose.token:
        return "steady", "none", ("Personalet hjælper dig med din medicin.",)
    if dose.stage in (Stage.PLANNED, Stage.DUE, Stage.FAILED, Stage.HOLDING):
        reason = "" if dose.stage is Stage.HOLDING else why_not_release(world, setting, dose, now)
        if dose.anonymous and not reason:
            return "alert", "soft", ("Brug dit kort eller din kode.", "Personalet har fået besked.")
        return _offer(dose, reason)
    if dose.stage in (Stage.RELEASING, Stage.PRESENTING):
        return "steady", "none", ("Et øjeblik ...",)
    return "steady", "none", ("Vent på personalet.", "Tag ikke andet i stedet.")


def _offer(dose: Dose, reason: str) -> tuple[str, str, tuple[str, ...]]:
    if reason == "too_soon":
        return "steady", "none", ("Det er for tidligt at tage den næste.",)
    if reason:
        return "alert", "none", ("Robotten kan ikke give medicin nu.", "Personalet får besked.")
    if dose.stage is Stage.FAILED:
        return "alert", "soft", ("Det gik ikke. Prøv igen: tryk.", "Personalet har fået besked.")
    sound = "loud" if dose.reminders >= LOUD_FROM_REMINDER else "soft"
    return "pulse", sound, ("Det er tid til din medicin.", "Tryk på knappen.")


LOUD_FROM_REMINDER = 3
"""Three quarters of an hour unheard: a soft sound did not reach the next room."""


def _phone(setting: Setting) -> str:
    return setting.staff_phone


def _next_line(world: World, setting: Setting, now: datetime) -> tuple[str, ...]:
    coming = next((d for d in in_order(world) if d.plan.opens > now and d.outcome is None), None)
    if coming is None or world.robot.state is not RobotState.READY:
        return ()
    return (f"Næste medicin kl. {setting.local.local(coming.plan.opens):%H:%M}",)
