"""What people decide about modes and pauses in one history, for everybody who lives in the home: at any time,
gladly in the middle of a window.

From a terminal in the home, again until the home has answered: the same words under the same id (rule 28).
Some forget the word of the nurse, some have no name or ask for what must be refused. Each resident's story
comes from a stream of random numbers of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from tests.bottle.regime_witness import Party, Wish

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_HISTORY = 0.5
"""Of all histories: in as many the first resident has modes and pauses at all, so that the others are as they
ever were. Whoever lives beside them always has."""

A_DAY = 0.35
"""Changes of a mode or a pause for one person; more often than in life."""

RESTRICTED = ("pause", "assisted", "witnessed", "suspended")
WEIGHTS = (40, 20, 20, 20)
BIAS = 8
"""As many times more often where a bug needs one of them; and then in every history."""

AGAIN_S = 400.0
TRIES_MAX = 200
NURSE = "Anna"
STRANGER = "0" * 32


class RegimeLife:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        """`bias`: one of `RESTRICTED` that shall come often."""
        self._bottle = bottle
        self._seed = seed
        self._bias = bias if bias in RESTRICTED else ""
        self._weights = [
            weight * (BIAS if word == bias else 1) for word, weight in zip(RESTRICTED, WEIGHTS, strict=True)
        ]
        self._parties: dict[str, Party] = {}
        self._chances: dict[str, Random] = {}
        self._number = 0

    def joins(self, party: Party, *, always: bool) -> None:
        """Somebody lives here."""
        chance = Random(f"modes and pauses of {party.key} in {self._seed}")
        self._bottle.regimes.knows(party)
        self._parties[party.key] = party
        if always or self._bias or chance.random() < A_HISTORY:
            self._chances[party.key] = chance

    def start(self) -> None:
        for key in self._chances:
            self._later(key)

    def plan_dose(self, dose: str) -> None:
        """In the middle of its window somebody changes something."""
        key = dose[:32]
        chance = self._chances.get(key)
        if chance is not None and chance.random() < A_DAY / 3:
            at = min(self._bottle.opens(dose)) + timedelta(minutes=chance.uniform(-5, 115))
            self._bottle.at(at, partial(self._change, key))

    def end(self) -> None:
        """Whoever is away comes home, and the mode is the normal one again."""
        regimes = self._bottle.regimes
        for key in self._chances:
            if regimes.state(key) == "paused":
                self._say(self._resume(key))
            if regimes.mode(key) != "normal":
                self._say(self._mode(key, ev.Mode.NORMAL))

    def committed(self, events: Sequence[ev.Event]) -> None:
        """Whoever saw the resident have it says so, most of the time."""
        for event in events:
            if isinstance(event, ev.RobotLogged) and event.entry == "lifted":
                chance = self._chances.get(event.dose_id[:32])
                witnessed = self._bottle.regimes.state(event.dose_id[:32]) == "witnessed"
                if chance is not None and witnessed and chance.random() < 0.6:
                    self._bottle.after(chance.uniform(5, 1500), partial(self._saw, event.dose_id))

    # --- what they decide ---

    def _later(self, key: str) -> None:
        self._bottle.after(
            self._chances[key].expovariate(A_DAY / 86_400), partial(self._change_and_go_on, key)
        )

    def _change_and_go_on(self, key: str) -> None:
        self._change(key)
        self._later(key)

    def _change(self, key: str) -> None:
        if self._bottle.weather.ended:
            return
        chance, state = self._chances[key], self._bottle.regimes.state(key)
        if chance.random() < 0.15:
            self._say(self._wrong(key), right=False)
        if state == "paused":
            self._say(self._resume(key) if chance.random() < 0.8 else self._review(key))
        elif state != "normal":
            word = chance.choice(("normal", "normal", "normal", "pause", "assisted", "witnessed"))
            self._say(self._pause(key) if word == "pause" else self._mode(key, ev.Mode(word)))
        else:
            word = chance.choices(RESTRICTED, self._weights)[0]
            self._say(self._pause(key) if word == "pause" else self._mode(key, ev.Mode(word)))
            back_s = chance.uniform(0.1, 3) * 86_400
            self._bottle.after(back_s, partial(self._ends, key))
            if word == "pause":
                self._bottle.after(chance.uniform(0, back_s), partial(self._looks, key))

    def _ends(self, key: str) -> None:
        """It is over by now, if nobody ended it before."""
        match self._bottle.regimes.state(key):
            case "paused":
                self._say(self._resume(key))
            case "normal":
                pass
            case _:
                self._say(self._mode(key, ev.Mode.NORMAL))

    def _looks(self, key: str) -> None:
        """Somebody looks into a pause; or would end it without the word of a nurse."""
        chance = self._chances[key]
        if chance.random() < 0.5:
            self._say(self._resume(key, reconciled=False), right=False)
        else:
            self._say(self._review(key))

    # --- words ---

    def _mode(self, key: str, mode: ev.Mode) -> cmd.SetMode:
        minutes = self._chances[key].randint(60, 28_000)
        review = None if mode is ev.Mode.NORMAL else self._now() + timedelta(minutes=minutes)
        return cmd.SetMode(self._id(), key, mode, review, NURSE, "as agreed", "home", 0, self._soon())

    def _pause(self, key: str) -> cmd.PauseResident:
        chance = self._chances[key]
        kind = chance.choice(list(ev.PauseKind))
        until = self._now() + timedelta(minutes=chance.randint(60, 3600)) if chance.random() < 0.5 else None
        return cmd.PauseResident(self._id(), key, kind, until, "Berit", "told us", "home", 0, self._soon())

    def _review(self, key: str) -> cmd.ReviewPause:
        return cmd.ReviewPause(self._id(), key, NURSE, "still away", "home", 0, self._soon())

    def _resume(self, key: str, *, reconciled: bool = True) -> cmd.ResumeResident:
        return cmd.ResumeResident(self._id(), key, reconciled, "Berit", "back", "home", 0, self._soon())

    def _wrong(self, key: str) -> cmd.RegimeCommand:
        """What the home must refuse, whoever asks."""
        suspended, normal, soon = ev.Mode.SUSPENDED, ev.Mode.NORMAL, self._soon()
        month, name = self._now() + timedelta(days=40), self._id()
        wrong: tuple[cmd.RegimeCommand, ...] = (
            self._resume(key, reconciled=False),
            cmd.ResumeResident(name, key, True, "", "nobody", "home", 0, soon),
            cmd.SetMode(name, key, normal, None, " ", "nobody", "home", 0, soon),
            cmd.SetMode(name, key, suspended, soon, " ", "nobody", "home", 0, soon),
            cmd.SetMode(name, key, suspended, None, NURSE, "no review", "home", 0, soon),
            cmd.SetMode(name, key, suspended, month, NURSE, "too far", "home", 0, soon),
            cmd.SetMode(name, STRANGER, ev.Mode.ASSISTED, soon, NURSE, "a stranger", "home", 0, soon),
        )
        return self._chances[key].choice(wrong)

    def _say(self, fact: cmd.RegimeCommand, *, right: bool = True, tries: int = 0) -> None:
        """Until the home has answered."""
        bottle = self._bottle
        if tries == 0:
            bottle.regimes.asked[fact.command_id] = Wish(fact, right)
            bottle.weather.counts["modes and pauses"] = bottle.weather.counts.get("modes and pauses", 0) + 1
        elif fact.command_id not in bottle.regimes.asked or tries > TRIES_MAX:
            return
        bottle.say(f"asks for {fact}")
        if fact.resident in self._parties:
            self._parties[fact.resident].disturbed()
        bottle.box.hand_in(fact)
        bottle.after(AGAIN_S, lambda: self._say(fact, right=right, tries=tries + 1))

    def _saw(self, dose: str) -> None:
        bottle = self._bottle
        known = bottle.disk.replayed().doses.get(dose)
        if known is not None and known.stage is Stage.LIFTED:
            seen = (ev.Verdict.WITNESSED, NURSE, "seen", "home", "", 0, self._soon())
            bottle.box.hand_in(cmd.DecideDose(self._id(), dose, *seen))

    def _id(self) -> str:
        self._number += 1
        return f"home-regime-{self._number}"

    def _soon(self) -> datetime:
        return self._now() + timedelta(days=3)

    def _now(self) -> datetime:
        """As a person writes it: to the minute."""
        return self._bottle.times.true.replace(second=0, microsecond=0)
