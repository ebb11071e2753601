"""Who lives in a scenario's home, and at which robot their doses come out. Data; knows nothing of processes.

A scenario without `[[resident]]` has one, who needs no name; one without `[[box]]` has one box. Keys and tags
are made of the names, so that a play's evidence can be judged again by whoever reads the same file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

KEY_CHARS = 32
BOX = "box-0001"


@dataclass(frozen=True, slots=True)
class Person:
    name: str = ""
    robot: str = ""  # the name of theirs; several may share it
    reminder_only: bool = False  # no medicine of theirs lies in a roll
    moves_to: str = ""  # the robot, at another box, that has their roll once they have moved
    moves_in: bool = False  # of this home: they come from another; said by no file

    @property
    def key(self) -> str:
        """The permanent resident key."""
        return hashlib.sha256(f"dispenserd simulate: {self.name}".encode()).hexdigest()[:KEY_CHARS]

    @property
    def tag(self) -> str:
        """What they show at a robot's reader."""
        return f"tag-{self.key[:8]}"

    @property
    def identifier(self) -> str:
        """Of this person at the fagsystem."""
        return f"invented-resident-{self.key[:6]}" if self.name else "invented-resident-1"


@dataclass(frozen=True, slots=True)
class Helper:
    """Who presses for residents by a tag of their own."""

    name: str
    residents: tuple[str, ...] = ("",)  # names of those they act for; left out where one lives there

    @property
    def tag(self) -> str:
        """What they show at a robot's reader."""
        return f"tag-{hashlib.sha256(f'dispenserd simulate helper: {self.name}'.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class BoxPlace:
    """A home: a box, and the robots at it."""

    name: str
    robots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Household:
    """Of one home, or of several between which somebody moves. `all_robots`: of all of them, also of those
    that are not looked at."""

    people: tuple[Person, ...] = (Person(),)
    boxes: tuple[BoxPlace, ...] = ()
    box: str = BOX
    all_robots: tuple[str, ...] = ()
    helpers: tuple[Helper, ...] = ()

    @property
    def several(self) -> bool:
        """Whether a resident is named: more than one lives in the scenario, or somebody moves."""
        return len(self.people) > 1 or bool(self.all_robots or self.boxes)

    @property
    def robots(self) -> tuple[str, ...]:
        """Their names, in the order of the people."""
        names = [person.robot for person in self.people]
        return tuple(dict.fromkeys([*names, *(one.moves_to for one in self.people if one.moves_to)]))

    def number(self, robot: str) -> int:
        """Of the robot's plate: no two in the scenario have one."""
        return (self.all_robots or self.robots).index(robot) + 1

    def serial(self, robot: str) -> str:
        return f"SIM-{self.number(robot):04}"

    def box_of(self, robot: str) -> str:
        """The name of the box at which it stands; "" where there is one."""
        return next((box.name for box in self.boxes if robot in box.robots), "")

    def box_id(self, name: str) -> str:
        return f"box-{[box.name for box in self.boxes].index(name) + 1:04}"

    def at_box(self, name: str) -> Household:
        """The home of one box: who lives there, and who comes or goes."""
        here = next(box for box in self.boxes if box.name == name).robots
        people = [replace(one, moves_to="") for one in self.people if one.robot in here]
        people += [
            replace(one, robot=one.moves_to, moves_to="", moves_in=True)
            for one in self.people
            if one.moves_to in here
        ]
        names = {one.name for one in people}
        helpers = [
            replace(one, residents=tuple(each for each in one.residents if each in names))
            for one in self.helpers
        ]
        theirs = tuple(one for one in helpers if one.residents)
        return Household(tuple(people), box=self.box_id(name), all_robots=self.robots, helpers=theirs)

    def at(self, robot: str) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.robot == robot)

    def has_roll(self, robot: str) -> bool:
        return not all(person.reminder_only for person in self.at(robot))

    def shares(self, person: Person) -> bool:
        return len(self.at(person.robot)) > 1

    def named(self, name: str) -> Person:
        """KeyError for nobody of this home."""
        for person in self.people:
            if person.name == name:
                return person
        raise KeyError(name)

    def of_dose(self, dose_id: str) -> Person:
        """Whose dose this is; the only one's, whatever the key, where there is one."""
        key = dose_id.partition("/")[0]
        return next((person for person in self.people if person.key == key), self.people[0])
