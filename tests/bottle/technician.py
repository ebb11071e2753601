"""The technician of one history: rolls and their manifests, the store, a magazine that has got stuck."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from scheduler.commands import LoadRoll
from scheduler.roll import Sachet as Packed
from simulator.mechanics import Sachet
from tests.bottle.papers import FOREIGN, WINDOW
from tests.support.pure_home import RESIDENT, ROBOT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

TYPED_S = (1.0, 30.0, 300.0)
"""From a new magazine in the robot to its manifest in the home."""

STORE_FULL = 18


class Technician:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        self.roll = bottle.papers.roll()

    def types_manifest(self) -> None:
        self._bottle.box.hand_in(LoadRoll(self.roll, "technician"))

    def round(self) -> None:
        """A technician looks at the robot: empties the store, and changes a magazine that has got stuck."""
        bottle = self._bottle
        matter = bottle.matter
        if bottle.end.robot.turning or bottle.end.robot.due_ms is not None or not bottle.box.alive:
            return
        if len(matter.store) > STORE_FULL:
            matter.empty_store(bottle.times.true_ms)
            bottle.end.sense()
        if not matter.magazine:
            return
        if matter.magazine[0].label.startswith(FOREIGN):
            self.change_magazine()
            return
        day, slot = bottle.papers.labels[matter.magazine[0].label]
        stuck = max(bottle.papers.opens(day, slot)) + WINDOW + timedelta(hours=1)
        if bottle.times.true > stuck or not matter.magazine[0].readable:
            self.change_magazine()

    def change_magazine(self) -> None:
        """Packed anew for what is still ahead; what is due now is not in it."""
        self.put_in(self.coming())

    def coming(self) -> tuple[Packed, ...]:
        """What a pharmacy packs now."""
        bottle = self._bottle
        return tuple(
            sachet
            for sachet in bottle.papers.roll().sachets
            if max(bottle.papers.opens(*bottle.papers.labels[sachet.label])) > bottle.times.true
        )

    @property
    def typed(self) -> bool:
        """Whether the home has its manifest."""
        return self._bottle.box.engine.world.robot(ROBOT).rolls.get(RESIDENT) == self.roll

    def put_in(self, packed: tuple[Packed, ...]) -> None:
        """Another magazine, with these."""
        bottle = self._bottle
        number = int(self.roll.production_id.rpartition("-")[2]) + 1
        self.roll = replace(bottle.papers.roll(), production_id=f"ROLL-{number}", sachets=packed)
        bottle.say(f"new magazine {self.roll.production_id}")
        bottle.end.mouth_changed()
        bottle.end.load(self.roll.production_id, [Sachet(s.number, s.label) for s in packed])
        bottle.after(bottle.chance.choice(TYPED_S), self._type_manifest)
        bottle.liveness.disturbed()

    def _type_manifest(self) -> None:
        """A person does so until the home takes it."""
        bottle = self._bottle
        if not self.typed:
            bottle.box.hand_in(LoadRoll(self.roll, "technician"))
            bottle.liveness.disturbed()
            bottle.after(TYPED_S[-1], self._type_manifest)
