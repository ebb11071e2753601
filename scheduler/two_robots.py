"""Two robots of one resident: one has their roll, the other their medicine as needed.

A strip goes out in its order, so scheduled sachets and those as needed can't share one. Here stands which of
the two robots a press, a question or a prompt belongs to; what is counted (S1, S2) is counted over both.
`as_needed`, `offering`, `voice` and `display` ask. Of whoever has one robot everything is there.

Policies (2026-11-23):
- The robot with the roll offers and reminds, and shows what is due beside it. The other one is silent until
  it is asked, and there a press of take is a request as well: nothing else lies in it. It is never a word
  about a scheduled dose, and no request is made at the robot with the roll.
- Such a request is answered by another press of take only after `READ_FIRST`: who presses twice in haste has
  not read what is asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.remembered import Asked
from scheduler.world import Setting, World

OTHER_ROBOT = "other_robot"
"""Why a press led to nothing: what it is about lies in another robot."""

READ_FIRST = timedelta(seconds=3)
"""From the question to a press of take that answers it, at a robot where take asked for it."""

OF_AS_NEEDED = frozenset({ev.Question.WHAT_FOR, ev.Question.EFFECT})


def is_here(setting: Setting, resident: str, serial: str, *, as_needed: bool) -> bool:
    """Whether this resident's medicine as needed, or else their scheduled medicine, is this robot's."""
    return not setting.has_two(resident) or setting.robot_for(resident, as_needed=as_needed) == serial


def asked_here(world: World, setting: Setting, resident: str, serial: str) -> Asked | None:
    """What the resident is asked at this robot: there it is shown, and answered."""
    asked = world.asked.get(resident)
    if asked is None:
        return None
    dose = world.doses.get(asked.dose_id)
    as_needed = asked.question in OF_AS_NEEDED or (dose is not None and dose.plan.as_needed)
    return asked if is_here(setting, resident, serial, as_needed=as_needed) else None


def take_asks(setting: Setting, resident: str, press: ev.Pressed) -> bool:
    """Whether take is a request: at the robot with their medicine as needed and nothing else of theirs."""
    here = setting.robot_for(resident, as_needed=True) == press.robot
    return press.answer is ev.Answer.TAKE and setting.has_two(resident) and here


def in_haste(setting: Setting, resident: str, press: ev.Pressed, asked: Asked, now: datetime) -> bool:
    """Whether this press of take comes too soon to answer what the one before it asked for."""
    return take_asks(setting, resident, press) and now < asked.since + READ_FIRST
