"""Staff who stand at the robot with a personal key, gladly while nobody can reach the home (rule 5).

They show the key, wait until the home has locked the robot, and give by hand what the home has passed on to
them; then they say at the terminal what they did, and show the key again, some before they have said it.
Their witness: behind the lock nothing moves towards the resident, and it ends only after the last word. Draws
from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.world import Setting, StaffKey
from tests.bottle.regime_witness import TOWARDS

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

TAGS = {"Nina": "key-of-Nina", "Otto": "key-of-Otto"}
COMES, OFTEN = 0.04, 0.4
"""Of all doses: more often than in life; and where a bug needs it."""

GIVES = 0.55
"""Of what they may give; of the rest they say that they gave nothing, and the resident may come again."""

SHOWN_AGE = timedelta(seconds=62)
MOTION = timedelta(seconds=50)
TAKES_S = 5.0
"""Until the robot is locked, in calm times."""

TRIES_MAX = 4


class Keys:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        self._chance = Random(f"the keys of {seed}")
        self._often = OFTEN if bias == "keys" else COMES
        self.here = ""  # who stands at the robot
        self._shown: list[tuple[datetime, str]] = []
        self._locked: tuple[datetime, str] | None = None
        self._may_give: dict[str, str] = {}  # dose -> who of these
        self._gave: dict[str, str] = {}  # dose -> who gave it, until the home has their word
        self._saying: set[str] = set()
        self.locks = self.given = self.looks = 0

    def plan_day(self, day: date) -> None:
        chance, bottle = self._chance, self._bottle
        for slot in bottle.papers.slots:
            if chance.random() < self._often:
                at = bottle.papers.opens(day, slot)[0] + timedelta(minutes=chance.uniform(-3, 110))
                bottle.at(at, partial(self._comes, chance.choice(list(TAGS))))

    @property
    def locked(self) -> bool:
        return self._locked is not None

    # --- what they do ---

    def _comes(self, who: str) -> None:
        bottle, chance = self._bottle, self._chance
        if self.here or bottle.weather.ended:
            return
        self.here = who
        if chance.random() < 0.5:
            bottle.faraway.network_fails(chance.uniform(600, 15_000), loses_state=False)
        self._shows(who)
        bottle.after(chance.uniform(5, 60), partial(self._waits, TRIES_MAX))
        for _ in range(2):  # the resident presses all the same
            bottle.after(chance.uniform(0, 900), bottle.pressed)

    def _shows(self, who: str) -> None:
        bottle = self._bottle
        bottle.say(f"{who} shows a key")
        self._shown.append((bottle.times.true, who))
        calm = bottle.liveness.settled_at_home(600) and bottle.liveness.robot_here()
        if calm and not self.locked:
            bottle.after(TAKES_S, partial(self._look_locked, bottle.weather.total, self.locks))
        bottle.end.press(Answer.TAKE, TAGS[who])
        bottle.weather.aim()

    def _waits(self, tries: int) -> None:
        """For what the robot's display says."""
        if self.locked:
            self._works()
        elif tries and not self._bottle.weather.ended:
            self._shows(self.here)
            self._bottle.after(self._chance.uniform(20, 200), partial(self._waits, tries - 1))
        else:
            self.here = ""

    def _works(self) -> None:
        """One dose after the other; and then the key again, which some try too early."""
        bottle, chance = self._bottle, self._chance
        if not self.locked:
            self.here = ""
            return
        theirs = [dose for dose, who in self._may_give.items() if who == self.here]
        for dose in theirs:
            if dose not in self._saying:
                self._gives_or_not(dose)
        if not theirs or chance.random() < 0.3:
            self._shows(self.here)
        bottle.after(chance.uniform(20, 600), self._works)

    def _gives_or_not(self, dose: str) -> None:
        bottle, chance = self._bottle, self._chance
        verdict = ev.Verdict.NOT_GIVEN
        due = dose not in bottle.given and bottle.times.true >= max(bottle.opens(dose))
        if dose in self._gave:
            verdict = ev.Verdict.GIVEN
        elif due and not bottle.weather.ended and chance.random() < GIVES:
            bottle.give_by_hand(dose)
            self.given += 1
            self._gave[dose] = self.here
            verdict = ev.Verdict.GIVEN
        self._saying.add(dose)
        bottle.after(chance.uniform(1, 400), partial(self._says, dose, verdict, self.here))

    def _says(self, dose: str, verdict: ev.Verdict, by: str) -> None:
        terminal = self._bottle.deeds.terminal
        words = (verdict, by, "at the robot", "home", "", 0, terminal.soon())
        terminal.says(cmd.DecideDose(terminal.name(), dose, *words), partial(self._answered, dose))

    def _answered(self, dose: str, answer: ev.CommandAnswered) -> None:
        self._saying.discard(dose)
        if answer.accepted:
            self._gave.pop(dose, None)
            self._bottle.after(self._chance.uniform(1, 40), self._bottle.pressed)

    # --- who watches ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.LockedOnTheSpot():
                    assert event.by == self._newest(), "rule 5: locked, and nobody has shown that key"
                    self._locked = (self._bottle.times.true, event.by)
                    self.locks += 1
                case ev.UnlockedOnTheSpot():
                    assert self._newest(), "rule 5: unlocked, and nobody has shown a key"
                    unsaid = [dose[33:] for dose in self._gave]
                    assert not unsaid, f"rule 5: unlocked, and nobody has said what became of {unsaid}"
                    self._locked = None
                case ev.TokenPassed() if event.to in TAGS:
                    self._may_give[event.dose_id] = event.to
                case ev.TokenReturned() | ev.OutcomeRecorded(outcome=ev.Outcome.GIVEN_BY_STAFF):
                    self._may_give.pop(event.dose_id, None)
                case ev.OrderIssued() if event.order.kind in TOWARDS:
                    assert not self.locked, f"rule 5: {event.order.kind} ordered while staff have locked it"

    def sending(self, order: ev.Order) -> None:
        """Rule 11: the last moment."""
        held = self.locked and order.kind in TOWARDS
        assert not held, f"rule 5: {order.kind} sent while staff have locked it"

    def moves(self, dose: str) -> None:
        """Towards the resident, by a motor that may have been told to just before the lock."""
        long = self._locked is not None and self._locked[0] < self._bottle.times.true - MOTION
        assert not long, f"rule 5: {dose[33:]} moves towards the resident while staff have locked it"

    def _look_locked(self, troubles: int, locks: int) -> None:
        bottle = self._bottle
        if bottle.weather.total == troubles and bottle.liveness.settled_at_home(600):
            self.looks += 1
            assert self.locked or self.locks > locks, "rule 5: a key was shown, and nothing is locked"

    def _newest(self) -> str:
        """Whose key was shown last, lately enough to be the reason for anything."""
        slow_s = max(self._bottle.slow_disk_s, self._bottle.commit_s)
        since = self._bottle.times.true - SHOWN_AGE - timedelta(seconds=slow_s)
        return next((who for at, who in reversed(self._shown) if at >= since), "")


def with_keys(setting: Setting) -> Setting:
    staff = tuple(StaffKey(name, frozenset({tag})) for name, tag in TAGS.items())
    return replace(setting, staff=staff)
