"""What goes wrong in one history: drawn from its seed, aimed at the moments when medicine moves.

Each kind of trouble is a method; `TROUBLES` says how often each comes. Severity scales all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from simulator.line import Badness
from simulator.mechanics import PlannedCut
from tests.bottle.network import Manners
from tests.bottle.oncall import Manner
from tests.bottle.papers import FOREIGN, NOONS
from tests.bottle.robot_end import GOOD
from tests.bottle.witnesses import CLOCKS_APART

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

DAY_S = 86_400.0
BIAS = 30

DRIFT_EVERY_S = 1800.0
DRIFT_S = 3.6
DRIFTS_MAX = timedelta(minutes=1)
"""0.2 %: below a minute in the eight hours until the bottle's home compares its clock with the robot's."""

Trouble = Callable[[], None]


@dataclass(frozen=True)
class Severity:
    """`aimed` = chance that something is planned to fail at a press; `a_day` = troubles a day besides."""

    name: str
    aimed: float
    a_day: float
    again: float  # chance that a recovery is hit too


SEVERITIES = (
    Severity("calm", 0.06, 0.3, 0.2),
    Severity("rough", 0.35, 1.2, 0.4),
    Severity("storm", 0.85, 4.0, 0.7),
)


class Weather:
    def __init__(self, bottle: Bottle, severity: Severity, bias: str = "") -> None:
        """`bias` names a trouble that shall come often."""
        self._bottle = bottle
        self._chance = bottle.chance
        self.severity = severity
        self.ended = False
        self.count = 0
        weights = {
            self.box_dies: 8,
            self.box_long_down: 1,
            self.robot_power: 6,
            self.cable: 5,
            self.bad_line: 5,
            self.network_out: 4,
            self.oncall_out: 2,
            self.messages_wild: 3,
            self.clock_step: 2,
            self.clock_drift: 1,
            self.card: 3,
            self.lid: 2,
            self.stall: 2,
            self.slow_motor: 1,
            self.stray_press: 3,
            self.forgery: 1,
            self.replay: 1,
            self.broker_forgets: 1,
            self.cut_next: 2,
            self.unreadable: 0.4,
            self.foreign_label: 0.5,
            self.new_roll: 0.5,
            self.battery_clock: 0.5,
            self.slow_disk: 2,
            self.session_in_a_commit: 0.5,
            self.log_lost: 0.5,
            self.step_in_a_commit: 0,  # only where a bug needs it: by chance the others come together too
        }
        self._kinds = list(weights)
        often = {kind: (weight or 1) * BIAS for kind, weight in weights.items() if kind.__name__ == bias}
        self._weights = [often.get(kind, weight) for kind, weight in weights.items()]
        self._bias = next((kind for kind in weights if kind.__name__ == bias), None)
        self.counts: dict[str, int] = {}
        self._unheard = False

    def start(self) -> None:
        bottle = self._bottle
        if self._chance.random() < 0.5:
            bottle.line(Badness(delay_s_max=self._chance.choice((0.003, 0.03, 0.2))))
        self._next()

    def end(self) -> None:
        self.ended = True

    def down_s(self) -> float:
        """How long a box that died stays down."""
        return self._chance.choice((0.3, 2.0, 2.0, 5.0, 20.0, 90.0))

    def off_s(self) -> float:
        """How long a robot is without power."""
        return self._chance.choice((0.3, 2.0, 10.0, 60.0, 400.0))

    def aim(self) -> None:
        """Somebody pressed, or an order went out: a good moment to fail."""
        if self.ended or self._chance.random() >= self.severity.aimed:
            return
        chance = self._chance
        aimed = chance.choices(
            (self.light_fuse, self.light_flash, self.cut_motion, self.cable, self.bad_line, self.card,
             self.clock_step, self.box_dies, self.network_out, self.cut_next, self.log_lost, self.new_roll),
            (30, 25, 10, 8, 8, 2, 2, 4, 4, 4, 3, 1),
        )[0]  # fmt: skip
        if self._bias is not None and chance.random() < 0.5:
            aimed = self._bias
        if aimed in (self.light_fuse, self.light_flash):
            self._note(aimed.__name__)
            aimed()
        else:
            self._bottle.after(chance.uniform(0, 15), lambda: self._strike(aimed))

    def recovering(self) -> None:
        """The box or the robot has just come back."""
        if not self.ended and self._chance.random() < self.severity.again:
            self.light_fuse() if self._chance.random() < 0.6 else self.light_flash()

    # --- box and robot ---

    def light_fuse(self) -> None:
        self._bottle.box.fuse.left = self._chance.choice((1, 2, 3, 5, 8, 13, 21, 34, 55))

    def light_flash(self) -> None:
        self._bottle.end.flash.fail_at(self._chance.randint(1, 9), kept=self._chance.random() < 0.5)

    def box_dies(self) -> None:
        self._bottle.kill_box()

    def box_long_down(self) -> None:
        self._bottle.kill_box(down_s=self._chance.choice((400.0, 3_000.0, 9_000.0, 40_000.0)))

    def robot_power(self) -> None:
        self._bottle.end.power_off()

    def slow_disk(self) -> None:
        self._bottle.slow_disk_s = self._chance.choice((0.1, 1.0, 8.0, 150.0, 4_000.0))
        self._bottle.after(self._chance.uniform(60, 9000), self._fast_disk)

    def _fast_disk(self) -> None:
        self._bottle.slow_disk_s = 0.0

    def session_in_a_commit(self) -> None:
        """A commit takes so long that the robot is lost and greeted anew meanwhile."""
        self._bottle.slow_disk_s = 40.0
        self._bottle.after(self._chance.uniform(0, 3), self._short_cut)
        self._bottle.after(self._chance.uniform(60, 900), self._fast_disk)

    def _short_cut(self) -> None:
        self._bottle.end.unplug()
        self._bottle.after(self._chance.uniform(0.5, 5), self._bottle.end.plug_in)

    def step_in_a_commit(self) -> None:
        """And the box's clock moves, while a comparison with the robot's waits behind that commit."""
        self.session_in_a_commit()
        self._bottle.after(self._chance.uniform(0.5, 15), self.clock_step)

    def log_lost(self) -> None:
        """At once; or at the next order, which the robot carries out unheard: what its log said of that was
        never read."""
        if self._chance.random() < 0.5:
            self._bottle.end.lose_log()
        else:
            self._unheard = True

    def sent(self) -> None:
        """An order is on its way to the robot."""
        if self._unheard and not self.ended:
            self._unheard = False
            self._bottle.after(self._chance.uniform(0.0, 0.1), self.cable)
            self._bottle.after(self._chance.uniform(3, 12), self._bottle.end.lose_log)

    def cut_motion(self) -> None:
        end = self._bottle.end
        if end.robot.turning or self._chance.random() < 0.2:
            end.power_off()

    def cut_next(self) -> None:
        off_ms = int(self.off_s() * 1000)
        self._bottle.matter.faults.cut_next = PlannedCut(off_ms, self._chance.random() < 0.5)

    def cable(self) -> None:
        self._bottle.end.unplug()
        self._bottle.after(self._length(), self._bottle.end.plug_in)

    def bad_line(self) -> None:
        chance = self._chance
        bad = Badness(
            loss=chance.choice((0.0, 0.05, 0.3, 0.9)),
            doubling=chance.choice((0.0, 0.1, 0.3)),
            bit_flip=chance.choice((0.0, 0.0002, 0.003)),
            delay_s_max=chance.choice((0.0, 0.05, 0.7, 3.0)),
        )
        self._bottle.line(bad)
        self._bottle.after(chance.choice((5.0, 20.0, 60.0, 200.0)), lambda: self._bottle.line(GOOD))

    def lid(self) -> None:
        self._bottle.lid(open_=True)
        self._bottle.after(self._length(), lambda: self._bottle.lid(open_=False))

    def stall(self) -> None:
        self._bottle.matter.faults.stall_next = True

    def slow_motor(self) -> None:
        self._bottle.matter.faults.slow_next_ms = self._chance.choice((12_000, 29_000, 45_000))

    def stray_press(self) -> None:
        self._bottle.pressed()

    def unreadable(self) -> None:
        if self._bottle.end.robot.due_ms is not None:
            return
        self._bottle.end.mouth_changed()
        self._bottle.matter.spoil_mouth(self._bottle.times.true_ms, readable=False)
        self._bottle.end.sense()

    def foreign_label(self) -> None:
        if self._bottle.end.robot.due_ms is not None:
            return  # what a motor moves was read before
        self._bottle.end.mouth_changed()
        self._bottle.matter.spoil_mouth(self._bottle.times.true_ms, label=f"{FOREIGN}{self.total:04}")
        self._bottle.end.sense()

    def new_roll(self) -> None:
        """A technician puts one in, whatever is under way; as long as no motor turns in the strip."""
        if self._bottle.end.robot.due_ms is None:
            self._bottle.technician.change_magazine()

    # --- network and people far away ---

    def network_out(self) -> None:
        self._bottle.faraway.network_fails(self._length(), loses_state=self._chance.random() < 0.3)

    def oncall_out(self) -> None:
        self._bottle.oncall.up = False
        self._bottle.liveness.far_changed()
        self._bottle.after(self._length(), self._bottle.faraway.oncall_back)

    def messages_wild(self) -> None:
        chance, bottle = self._chance, self._bottle
        bottle.network.manners = Manners(chance.choice((0.5, 8.0, 60.0)), chance.choice((0.1, 0.5)))
        bottle.oncall.manner = Manner(chance.choice((0.0, 0.5)), chance.choice((0.0, 0.5)))
        bottle.after(chance.uniform(600, 20_000), bottle.faraway.messages_calm)

    def forgery(self) -> None:
        """For a while somebody sends a changed copy of each decision, before the true one."""
        self._bottle.oncall.forged = True
        self._bottle.after(self._chance.uniform(600, 20_000), self._no_forgery)

    def _no_forgery(self) -> None:
        self._bottle.oncall.forged = False

    def replay(self) -> None:
        """What was asked comes again, also to a process that knows it only from its journal."""
        if self._chance.random() < 0.5:
            self._bottle.kill_box()
        for after_s in (5.0, 60.0, 300.0):
            self._bottle.after(after_s, self._bottle.oncall.replay)

    def broker_forgets(self) -> None:
        """It took what on-call was not there to hear, and lost it."""
        self.oncall_out()
        self._bottle.after(self._chance.uniform(30, 900), self._forget)

    def _forget(self) -> None:
        self._bottle.faraway.network_fails(self._chance.uniform(1, 60), loses_state=True)

    def card(self) -> None:
        self._bottle.faraway.new_card(self._chance.choice(NOONS), older=self._chance.random() < 0.1)

    # --- clocks ---

    def clock_step(self) -> None:
        """The box's wall clock; somebody or something sets it right again."""
        off_s = self._chance.choice((-90.0, 100.0, 600.0, -3600.0, 86_400.0, -10_000_000.0))
        self._bottle.clocks.step(timedelta(seconds=off_s))
        self._bottle.after(self._length(), lambda: self._bottle.clocks.step(timedelta(0)))

    def clock_drift(self) -> None:
        """The box's wall clock goes wrong so slowly that no look sees a step, up to a few minutes."""
        self._bottle.witnesses.apart = CLOCKS_APART + DRIFTS_MAX
        pace = timedelta(seconds=self._chance.choice((-DRIFT_S, DRIFT_S / 3, DRIFT_S)))
        self._drift(pace, self._chance.randint(7, 100))

    def _drift(self, pace: timedelta, times: int) -> None:
        bottle = self._bottle
        if self.ended or not times:
            bottle.clocks.step(timedelta(0))
        else:
            bottle.clocks.drift(pace)
            bottle.after(DRIFT_EVERY_S, lambda: self._drift(pace, times - 1))

    def battery_clock(self) -> None:
        """The robot's own clock loses its battery, and a person sets it later."""
        self._bottle.clocks.battery(self._chance.choice((-3_600_000, 400_000)))
        self._bottle.after(self._length(), lambda: self._bottle.clocks.battery(0))

    # --- inside ---

    def _length(self) -> float:
        """Most troubles are short; a few outlast a window."""
        return self._chance.choice((0.5, 3.0, 15.0, 60.0, 200.0, 900.0, 5_000.0, 12_000.0))

    def _next(self) -> None:
        self._bottle.after(self._chance.expovariate(self.severity.a_day / DAY_S), self._blow)

    def _blow(self) -> None:
        if not self.ended:
            self._strike(self._chance.choices(self._kinds, self._weights)[0])
            self._next()

    def _strike(self, trouble: Trouble) -> None:
        if not self.ended:
            self._note(trouble.__name__)
            trouble()

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + self._bottle.box_deaths + self._bottle.end.failures

    def _note(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
