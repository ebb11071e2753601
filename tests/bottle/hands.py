"""Who presses for residents with a tag of their own: a helper of one, and one who helps two (rule 2).

In some homes; at the first robot in place of the resident, at the second beside whoever comes anyway. Their
witness: the record says who pressed, for somebody they may act for, never for one of two who both wait; and
no tag stands in it. It keeps its own book of which tag was shown where. Draws from a stream of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer
from scheduler import events as ev
from scheduler.plan import DosePlan
from scheduler.world import Helper, Setting
from tests.bottle.company_papers import SERIAL, Person
from tests.bottle.regime_witness import TOWARDS
from tests.bottle.witnesses import ORDER_LIFE, PRESS_AGE
from tests.support.pure_home import RESIDENT, ROBOT

if TYPE_CHECKING:
    from tests.bottle.company import Company

HELPS = 0.35
"""Of all homes, for each helper that there may be."""

INSTEAD, BESIDE = 0.4, 0.35
"""Of the presses at the first robot, and of the doses of the second."""

SLACK = timedelta(minutes=2)
"""A bad line, and whatever else a press waits for on its way into the journal."""

EDGE = timedelta(minutes=2)
BY_A_PRESS = (ev.Outcome.RETRIEVED, ev.Outcome.TAKEN_ALONG, ev.Outcome.REFUSED)
IN_THE_ROBOT = ("magazine", "holding", "tray")


class Hands:
    def __init__(self, company: Company, seed: int) -> None:
        self._company, self._bottle = company, company.bottle
        self._chance = Random(f"whose hands press for others in {seed}")
        self.helpers = tuple(self._drawn())
        self._tags = {tag: one for one in self.helpers for tag in one.tags}
        self._named = {one.name: one for one in self.helpers}
        self._shown: deque[tuple[datetime, str, str, Answer]] = deque(maxlen=500)
        self._plans: dict[str, DosePlan] = {}
        self._over: set[str] = set()  # doses that wait no more: an outcome, or a person's word
        self._brought: dict[str, str | None] = {}  # dose -> who brought it out, or said no thanks, last
        self.presses = self.whose = self.recorded = 0

    def _drawn(self) -> list[Helper]:
        """Every history draws as often, whoever lives there."""
        draws = [self._chance.random() < HELPS for _ in range(3)]
        papers = self._company.papers
        keys = () if papers.own_robot or papers.as_needed else tuple(one.key for one in papers.persons)
        one = self._chance.choice(keys or ("",))
        found = [("Finn", (RESIDENT,), True), ("Helle", (one,), bool(keys)), ("Bodil", keys, len(keys) > 1)]
        return [
            Helper(name, theirs, frozenset({f"hand-of-{name}"}))
            for (name, theirs, possible), drawn in zip(found, draws, strict=True)
            if possible and drawn
        ]

    def moved_in(self, setting: Setting) -> Setting:
        return replace(setting, helpers=self.helpers)

    # --- what they do ---

    def plan_dose(self, person: Person, dose: str) -> None:
        """Somebody comes for it, or takes it to be theirs."""
        beside = [one for one in self.helpers if RESIDENT not in one.residents]
        if not beside or self._chance.random() > BESIDE:
            return
        papers = self._company.papers
        opens, closes = papers.opens(dose)[0], papers.closes(dose)
        at = opens + self._chance.uniform(-0.05, 1.02) * (closes - opens)
        (tag,) = self._chance.choice(beside).tags
        answer = self._chance.choices((Answer.TAKE, Answer.NO_THANKS, Answer.LATER), (86, 9, 5))[0]
        self._bottle.at(at, partial(self._company.press, tag, answer))

    def at_the_first(self, answer: Answer = Answer.TAKE) -> str:
        """Which tag is shown there: none, or that of who helps the resident."""
        finn = next((one for one in self.helpers if RESIDENT in one.residents), None)
        (tag,) = finn.tags if finn is not None and self._chance.random() < INSTEAD else ("",)
        if tag:
            self._bottle.say("  by Finn's hand")
        self.shows(ROBOT, tag, answer)
        return tag

    def shows(self, serial: str, tag: str, answer: Answer) -> None:
        self.presses += tag in self._tags
        self._shown.append((self._bottle.times.true, serial, tag, answer))

    def surely(self, tag: str, resident: str) -> bool:
        """Whether a press with this tag is for nobody else."""
        return tag in self._tags and self._tags[tag].residents == (resident,)

    def tags_of(self, helper: str) -> frozenset[str]:
        return self._named[helper].tags if helper in self._named else frozenset()

    # --- who watches ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.DosePlanned() if not event.dose.loose:
                    self._plans[event.dose.dose_id] = event.dose
                case ev.DosePlanned() | ev.DoseWithdrawn():
                    known = event.dose.dose_id if isinstance(event, ev.DosePlanned) else event.dose_id
                    self._plans.pop(known, None)
                case ev.Pressed():
                    self._pressed(event)
                case ev.OrderIssued() if event.order.kind in TOWARDS and event.order.ground == "press":
                    order = event.order
                    self._acts(event.helper, order.resident, event.at)
                    self._brought[order.dose_id] = event.helper
                case ev.DoseDeclined() | ev.AnswerTakenBack():
                    self._acts(event.helper, event.dose_id[:32], event.at)
                    self._brought[event.dose_id] = event.helper
                case ev.DecisionMade():
                    self._over.add(event.dose_id)
                case ev.OutcomeRecorded():
                    self._outcome(event)
                case ev.PressSpent(reason="whose"):
                    self.whose += 1
                case _:
                    pass

    def _pressed(self, event: ev.Pressed) -> None:
        told = repr(event)
        in_clear = [tag for _, _, tag, _ in self._shown if tag and tag in told]
        assert not in_clear, "rule 2: a tag stands in the journal"
        if event.staff:
            return
        own = self._own_tags(event.resident)
        if event.helper is None:
            theirs = not event.resident or self._was_shown(own, event.robot, event)
            assert theirs, "rule 2: recorded as the resident's press, and they did not press"
            return
        helper = self._named.get(event.helper)
        assert helper is not None, "rule 2: recorded as the press of a helper whom nobody named"
        assert self._was_shown(helper.tags, event.robot, event), (
            f"rule 2: recorded as {helper.name}'s press, and they did not press"
        )
        assert event.resident in ("", *helper.residents), f"rule 2: {helper.name} pressed for a stranger"
        if event.resident and event.robot == SERIAL and len(helper.residents) > 1:
            others = [dose for dose in self._waiting(helper, event.at) if dose[:32] != event.resident]
            assert not others, f"rule 2: {helper.name} pressed for one, and {others[0][33:]} waited too"

    def _acts(self, name: str | None, resident: str, decided: datetime) -> None:
        """What was done in a helper's name was theirs to do, and they had pressed for it."""
        if name is None:
            return
        helper = self._named.get(name)
        assert helper is not None and resident in helper.residents, (
            f"rule 2: {name}'s press moved what is not of theirs"
        )
        since = self._since(decided, PRESS_AGE + ORDER_LIFE)
        pressed = any(at >= since and tag in helper.tags for at, _, tag, _ in self._shown)
        assert pressed, f"rule 2: done in {name}'s name, who did not press"

    def _outcome(self, event: ev.OutcomeRecorded) -> None:
        self._over.add(event.dose_id)
        if event.by:
            return
        by_a_press = event.outcome in BY_A_PRESS
        brought = self._brought.get(event.dose_id) if by_a_press else None
        told, true = event.helper or "the resident", brought or "the resident"
        assert told == true, f"rule 2: {event.outcome} is told as by {told}, and {true} pressed"
        self.recorded += event.helper is not None

    def _waiting(self, helper: Helper, at: datetime) -> list[str]:
        """Doses of theirs that lie in the robot and could be had then; none where the clock was set."""
        if self._bottle.times.wall_off:
            return []
        return [
            dose
            for dose, plan in self._plans.items()
            if plan.resident in helper.residents and plan.opens + EDGE <= at < plan.closes - EDGE
            if dose not in self._over and self._bottle.where(dose) in IN_THE_ROBOT
        ]

    def _own_tags(self, resident: str) -> frozenset[str]:
        return frozenset(one.tag for one in self._company.persons if one.key == resident)

    def _was_shown(self, tags: frozenset[str], serial: str, event: ev.Pressed) -> bool:
        since = self._since(event.at, timedelta(milliseconds=event.age_ms))
        return any(at >= since and where == serial and tag in tags for at, where, tag, _ in self._shown)

    def _since(self, told: datetime, age: timedelta) -> datetime:
        """Of the oldest press that may be meant by what the home dated so: a commit may take an hour."""
        times = self._bottle.times
        return min(times.true_of(told), times.true) - age - SLACK
