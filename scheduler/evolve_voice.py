"""How what the resident said changes the world: who waits for a call, what is asked, what was answered.

Decides nothing, like all of `evolve`.
"""

from __future__ import annotations

from typing import assert_never

from scheduler import events as ev
from scheduler.evolve_dose import with_dose
from scheduler.evolve_press import press_used
from scheduler.machines_of_dose import ASKING, Asking, AskingInput
from scheduler.remembered import Asked
from scheduler.replacing import replace
from scheduler.standing import asking_of
from scheduler.world import World


def evolve_voice(world: World, event: ev.VoiceEvent) -> World:
    """The world after it. A call for help waits from the first until a person closed the incident."""
    match event:
        case ev.HelpAsked():
            who = event.resident or event.robot
            world = replace(world, help={**world.help, who: world.help.get(who, event.at)})
            return press_used(world, event.robot)
        case ev.QuestionAsked():
            asked = Asked(event.question, event.dose_id, event.at, event.until)
            world = replace(world, asked={**world.asked, event.resident: asked})
            return _effect(world, event, "asked")
        case ev.QuestionAnswered():
            return _answered(world, event)
        case _:
            assert_never(event)


def _answered(world: World, event: ev.QuestionAnswered) -> World:
    given = AskingInput.ANSWERED if event.answer else AskingInput.LEFT_OPEN
    if ASKING.after(asking_of(world, event.resident), given) is Asking.NOTHING:
        rest = {resident: each for resident, each in world.asked.items() if resident != event.resident}
        world = replace(world, asked=rest)
    world = press_used(world, event.robot) if event.answer else world
    world = _effect(world, event, event.answer or "left_open")
    dose = world.doses.get(event.dose_id)
    if event.question is ev.Question.WHY_NOT and dose is not None and dose.declined is not None:
        return with_dose(world, replace(dose, said=event.answer))
    side = world.sides.get(event.dose_id)
    if event.question is ev.Question.WHY_NOT and side is not None and side.declined is not None:
        side = replace(side, said=event.answer)
        return replace(world, sides={**world.sides, side.dose_id: side})
    return world


def _effect(world: World, event: ev.QuestionAsked | ev.QuestionAnswered, effect: str) -> World:
    dose = world.doses.get(event.dose_id)
    if event.question is not ev.Question.EFFECT or dose is None:
        return world
    return with_dose(world, replace(dose, effect=effect))
