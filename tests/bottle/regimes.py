"""How the resident gets their medicine for now: modes and pauses, as people change them, and who watches.

Staff in the home set a mode or a pause, review it, resume it; some ask for what must be refused, and some
give up halfway. The witness (rule 22, S2) goes by the words that were answered, not by what the home makes of
them: nothing moves towards a resident who is away or suspended, nothing restrictive ends but by a person's
word, nobody is told of a miss while they were away, and the robot reminds nobody whom staff remind. Draws
from a stream of its own, so that what else a seed decides stays as it is, but for the doses it withholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.papers import WINDOW
from tests.support.pure_home import RESIDENT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_HISTORY = 0.5
"""Of all histories: as many have modes and pauses at all, so that the others are as they ever were."""

A_DAY = 0.3
"""Of such a history's days: as often somebody changes something."""

TRIES_MAX = 4
TOLD_WITHIN_S = 240.0
TAKEN_BACK_S = 400.0
"""A sachet that lay in the tray when it was paused; one that came to nothing waits five minutes."""


@dataclass(frozen=True, slots=True)
class Wish:
    fact: cmd.RegimeCommand
    right: bool  # the home must carry it out, as far as this person can know


class Regimes:
    def __init__(self, bottle: Bottle, seed: int) -> None:
        self._bottle = bottle
        self._chance = Random(f"modes and pauses of {seed}")
        self._at_all = self._chance.random() < A_HISTORY
        self._asked: dict[str, Wish] = {}
        self._number = 0
        self.mode = ev.Mode.NORMAL  # these two: by the words that the home accepted
        self.paused = False
        self.changed = 0
        self.kept_out = 0
        self.told = 0
        self._since: list[tuple[datetime, bool]] = []  # when the resident became away, or came back

    # --- what people do ---

    def plan_day(self, _day: date) -> None:
        chance = self._chance
        if self._at_all and chance.random() < A_DAY:
            self._bottle.after(chance.uniform(0, 80_000), self._changes)

    def _changes(self) -> None:
        match self._chance.choices(("mode", "pause", "wrong"), (45, 40, 15))[0]:
            case "mode":
                self._sets(self._chance.choice(list(ev.Mode)))
                self._bottle.after(self._chance.uniform(0.2, 3) * 86_400, lambda: self._sets(ev.Mode.NORMAL))
            case "pause":
                self._pauses()
            case _:
                self._asks_wrongly()

    def _sets(self, mode: ev.Mode) -> None:
        now = self._now()
        review = None if mode is ev.Mode.NORMAL else now + timedelta(minutes=self._chance.randint(60, 6000))
        self._says(
            cmd.SetMode(self._id(), RESIDENT, mode, review, "Anna", "as agreed", "home", 0, self._soon())
        )

    def _pauses(self) -> None:
        chance, now = self._chance, self._now()
        until = now + timedelta(minutes=chance.randint(60, 3600)) if chance.random() < 0.5 else None
        kind = chance.choice(list(ev.PauseKind))
        self._says(
            cmd.PauseResident(self._id(), RESIDENT, kind, until, "Berit", "told us", "home", 0, self._soon())
        )
        away_s = chance.uniform(0.1, 3) * 86_400
        self._bottle.after(away_s, self._resumes)
        if chance.random() < 0.5:
            self._bottle.after(chance.uniform(0, away_s), self._resumes_unreconciled)
        self._bottle.after(chance.uniform(0, away_s), self._reviews)

    def _reviews(self) -> None:
        self._says(cmd.ReviewPause(self._id(), RESIDENT, "Anna", "still away", "home", 0, self._soon()))

    def _resumes(self) -> None:
        self._says(cmd.ResumeResident(self._id(), RESIDENT, True, "Berit", "back", "home", 0, self._soon()))

    def _resumes_unreconciled(self) -> None:
        fact = cmd.ResumeResident(self._id(), RESIDENT, False, "Berit", "back", "home", 0, self._soon())
        self._says(fact, right=False)

    def _asks_wrongly(self) -> None:
        """What the home must refuse, whoever asks."""
        chance, now = self._chance, self._now()
        suspended, soon, month = ev.Mode.SUSPENDED, self._soon(), now + timedelta(days=40)
        wrong: tuple[cmd.RegimeCommand, ...] = (
            cmd.ResumeResident(self._id(), RESIDENT, False, "Berit", "back", "home", 0, soon),
            cmd.SetMode(self._id(), RESIDENT, suspended, None, "Anna", "no review", "home", 0, soon),
            cmd.SetMode(self._id(), RESIDENT, suspended, month, "Anna", "too far", "home", 0, soon),
            cmd.SetMode(self._id(), "0" * 32, ev.Mode.ASSISTED, soon, "Anna", "a stranger", "home", 0, soon),
            cmd.SetMode(self._id(), RESIDENT, suspended, soon, " ", "nobody", "home", 0, soon),
        )
        self._says(chance.choice(wrong), right=False)

    def end(self) -> None:
        """Whoever is away comes home, and the mode is the normal one again."""
        if self.paused:
            self._resumes()
        if self.mode is not ev.Mode.NORMAL:
            self._sets(ev.Mode.NORMAL)

    def _says(self, fact: cmd.RegimeCommand, *, right: bool = True, tries: int = 0) -> None:
        """At the box, again where nothing answered: the same words under the same id (rule 28)."""
        bottle = self._bottle
        self._asked[fact.command_id] = Wish(fact, right)
        bottle.say(f"asks for {fact}")
        bottle.weather.counts["modes and pauses"] = bottle.weather.counts.get("modes and pauses", 0) + (
            not tries
        )
        bottle.liveness.disturbed()
        bottle.box.hand_in(fact)
        if tries < TRIES_MAX:
            bottle.after(600, lambda: self._again(fact, right, tries + 1))

    def _again(self, fact: cmd.RegimeCommand, right: bool, tries: int) -> None:
        if fact.command_id in self._asked:
            self._says(fact, right=right, tries=tries)

    def _id(self) -> str:
        self._number += 1
        return f"home-regime-{self._number}"

    def _soon(self) -> datetime:
        return self._now() + timedelta(days=3)

    def _now(self) -> datetime:
        """As a person writes it: to the minute."""
        return self._bottle.times.true.replace(second=0, microsecond=0)

    # --- who watches ---

    @property
    def withheld(self) -> bool:
        """Whether nothing may move towards the resident."""
        return self.paused or self.mode is ev.Mode.SUSPENDED

    def committed(self, events: Sequence[ev.Event]) -> None:
        answered = any(isinstance(event, ev.CommandAnswered) and event.accepted for event in events)
        for event in events:
            match event:
                case ev.ModeSet() | ev.PauseBegun() | ev.PauseReviewed() | ev.PauseEnded():
                    assert answered and event.by, f"rule 22: nobody's word: {event}"
                case ev.CommandAnswered() if event.command_id in self._asked:
                    self._answered(self._asked.pop(event.command_id), event)
                case ev.OrderIssued() if event.order.kind in TOWARDS:
                    assert not self.withheld, f"S2: {event.order.kind} ordered for somebody away or suspended"
                case ev.OutcomeRecorded() if event.outcome is ev.Outcome.MISSED:
                    self._missed(event.dose_id)
                case ev.ReminderGiven():
                    quiet = self.paused or self.mode is not ev.Mode.NORMAL
                    assert not quiet, "rule 22: reminded by the robot, and staff remind or nobody is there"

    def _answered(self, wish: Wish, answer: ev.CommandAnswered) -> None:
        fact = wish.fact
        assert wish.right or not answer.accepted, f"rule 22: carried out: {fact}"
        if not answer.accepted:
            known = isinstance(fact, (cmd.ReviewPause, cmd.ResumeResident)) and not self.paused
            late = not wish.right or answer.reason in ("until_is_past", "review_needed")
            assert known or late, f"rule 22: refused as {answer.reason}: {fact}"
            return
        self.changed += 1
        match fact:
            case cmd.SetMode():
                self.mode = fact.mode
            case cmd.PauseResident():
                self.paused = True
            case cmd.ResumeResident():
                self.paused = False
            case cmd.ReviewPause():
                return
        self._since.append((self._bottle.times.true, self.withheld))
        self._bottle.liveness.disturbed()
        if self.withheld:
            self._bottle.after(TAKEN_BACK_S, self._look_back)

    def sending(self, order: ev.Order) -> None:
        """The last moment at which it can be kept back."""
        assert order.kind not in TOWARDS or not self.withheld, f"S2: {order.kind} sent to somebody away"

    def pressed(self) -> None:
        """In calm times staff hear of a press by somebody who is away, by all they know."""
        bottle = self._bottle
        troubles = bottle.weather.total
        if self.paused and bottle.liveness.settled() and bottle.liveness.robot_here():
            bottle.after(TOLD_WITHIN_S, lambda: self._look_told(troubles))

    def at_peace(self) -> None:
        """What people's words made of it, and nothing else (rule 22)."""
        regime = self._bottle.disk.replayed().regime(RESIDENT)
        assert (regime.mode, regime.pause is not None) == (self.mode, self.paused), (
            f"rule 22: {regime.mode} and paused {regime.pause is not None}, by their words "
            f"{self.mode} and {self.paused}"
        )

    def _missed(self, dose: str) -> None:
        """Away from before its window until after it."""
        opens = min(self._bottle.opens(dose)) - timedelta(minutes=3)
        before = [paused for at, paused in self._since if at <= opens]
        between = [at for at, _ in self._since if opens < at < opens + WINDOW + timedelta(hours=3)]
        if before and before[-1] and self.paused:
            assert between, f"rule 22: {dose[33:]} told as missed, and they were away all the time"

    def _look_back(self) -> None:
        bottle = self._bottle
        calm = bottle.liveness.settled() and bottle.liveness.robot_here()
        if calm and self.withheld:
            self.kept_out += 1
            assert bottle.matter.tray is None, "S2: withheld, and a sachet still lies in the tray"

    def _look_told(self, troubles: int) -> None:
        bottle = self._bottle
        if bottle.weather.total != troubles or not bottle.liveness.settled() or not self.paused:
            return
        self.told += 1
        kinds = {payload["kind"] for payload in bottle.oncall.told.values() if payload["state"] != "closed"}
        acted = any(payload["kind"] == "paused_action" for payload in bottle.oncall.told.values())
        assert acted, f"rule 22: somebody pressed who is away, and on-call knows of {sorted(kinds)}"


TOWARDS = (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)
