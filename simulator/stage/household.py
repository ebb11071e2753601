"""Who lives in a scenario's home, and at which robot their doses come out. Data; knows nothing of processes.

A scenario without `[[resident]]` has one, who needs no name. Keys and tags are made of the names, so that a
play's evidence can be judged again by whoever reads the same file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

KEY_CHARS = 32


@dataclass(frozen=True, slots=True)
class Person:
    name: str = ""
    robot: str = ""  # the name of theirs; several may share it
    reminder_only: bool = False  # no medicine of theirs lies in a roll

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
class Household:
    people: tuple[Person, ...] = (Person(),)

    @property
    def several(self) -> bool:
        return len(self.people) > 1

    @property
    def robots(self) -> tuple[str, ...]:
        """Their names, in the order of the people."""
        return tuple(dict.fromkeys(person.robot for person in self.people))

    def serial(self, robot: str) -> str:
        return f"SIM-{self.robots.index(robot) + 1:04}"

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
