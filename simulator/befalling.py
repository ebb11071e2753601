"""What befalls a robot's matter: motors that stall, labels that are spoilt, lids, sensors, mains. Pure.

`server` does what needs the cable; a press, a lift and a repair are the robot's own.
"""

from __future__ import annotations

from typing import assert_never

from protocol.wire.messages import Message
from simulator import script as s
from simulator.clock import Moment
from simulator.mechanics import DoubleFeed, Faults, Place, PlannedCut
from simulator.robot import Robot

Mishap = (
    s.Stall
    | s.DoubleFeed
    | s.SlowMotor
    | s.PowerCutOnNextRelease
    | s.ForeignLabel
    | s.UnreadableLabel
    | s.OpenLid
    | s.CloseLid
    | s.EmptyStore
    | s.TakeOutMagazine
    | s.StickSensor
    | s.FreeSensors
    | s.Mains
)


def befallen(robot: Robot, act: Mishap, moment: Moment) -> list[Message]:
    """What the robot says when its sensors have seen it."""
    mechanics = robot.mechanics
    faults: Faults = mechanics.faults
    match act:
        case s.Stall():
            faults.stall_next = True
        case s.DoubleFeed():
            faults.double_next = DoubleFeed(act.at_once)
        case s.SlowMotor():
            faults.slow_next_ms = _ms(act.seconds)
        case s.PowerCutOnNextRelease():
            faults.cut_next = PlannedCut(_ms(act.off_s), act.lands)
        case s.ForeignLabel():
            mechanics.spoil_mouth(moment.civil_ms, label=act.label)
        case s.UnreadableLabel():
            mechanics.spoil_mouth(moment.civil_ms, readable=False)
        case s.OpenLid() | s.CloseLid():
            mechanics.lid_open = isinstance(act, s.OpenLid)
        case s.EmptyStore():
            mechanics.empty_store(moment.civil_ms)
        case s.TakeOutMagazine():
            mechanics.load("", [], moment.civil_ms)
        case s.StickSensor():
            faults.stuck[Place(act.place)] = act.occupied
        case s.FreeSensors():
            faults.stuck.clear()
        case s.Mains():
            mechanics.mains, mechanics.battery_percent = act.on, act.battery_percent
        case _:
            assert_never(act)
    return robot.sense(moment)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
