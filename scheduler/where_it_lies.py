"""Where the sachet of a dose in doubt lies that nobody had: as the robot's own sensors say (rules 6 and 7).

Pure; `receive_command` asks when a person has said that it was not given.
"""

from __future__ import annotations

from scheduler.dose import IN_MOTION, Stage
from scheduler.gate import label_misfit
from scheduler.own_sachet import own_label
from scheduler.world import Dose, RobotState, Setting, World, left_behind, robot_of


def where_it_lies(world: World, setting: Setting, dose: Dose) -> tuple[str, str]:
    """(why nobody can say it yet, or ""; what was found). Where the sensors can't tell, it is out of the
    robot and never offered again."""
    serial = robot_of(setting, dose)
    robot = world.robot(serial)
    status = robot.status
    if status is None or robot.state is not RobotState.READY:
        return "robot_not_ready", ""
    if status.tray:
        return "tray_occupied", ""  # retract first: it may still be lifted
    there = [other for other in world.doses.values() if robot_of(setting, other) == serial]
    if left_behind(setting, dose):
        found = "found_out"
    elif status.holding and not any(_may_be_of(other, dose) for other in there):
        found = "found_in_holding"
    elif status.lid_open:
        return "lid_open", ""  # the mouth is not read meanwhile: its very sachet may lie there still
    elif not label_misfit(world, setting, dose) and not _left_the_strip(dose, status.mouth_label):
        found = "found_untouched" if dose.beside and not dose.offered else "found_in_magazine"
    else:
        found = "found_out"
    return "", found


def _may_be_of(other: Dose, dose: Dose) -> bool:
    """Whether what lies in the holding place may be another dose's: after a double feed either one's."""
    fed_with = other.dose_id == dose.beside and other.stage is Stage.DOUBT
    return fed_with or other.stage is Stage.HOLDING or other.stage in IN_MOTION - {Stage.PASSING}


def _left_the_strip(dose: Dose, mouth: str) -> bool:
    """Medicine as needed is in the magazine where its very sachet is: any other one there would fit, too."""
    return dose.plan.as_needed and own_label(dose) not in ("", mouth)
