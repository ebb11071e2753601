"""What the resident says at the robot beside take: later, no thanks, help, and answers to what it asks.

And their witness (S7): a no is told as a no and not as a miss, what they do not want does not stay in the
tray, and a wish for help reaches on-call from a home in any state. Draws from a stream of its own, so that
what else a seed decides stays as it is, but for the doses that the resident does not want.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer
from scheduler import events as ev
from tests.bottle.papers import WINDOW, dose_id

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

SPOKEN = 0.25
"""Of all doses: as many are put off or declined; more often than in life."""

HELP_A_DAY = 0.3

BACK_WITHIN_S = 400.0
"""From the word to the sachet back in the holding place; one that came to nothing waits five minutes."""

TOLD_WITHIN_S = 240.0
HEARD_WITHIN_S = 5.0


class Voices:
    def __init__(self, bottle: Bottle, seed: int) -> None:
        self._bottle = bottle
        self._chance = Random(f"the resident's voice of {seed}")
        self._unwanted: list[tuple[datetime, datetime]] = []  # when the resident will press no take
        self.declined: dict[str, datetime] = {}  # dose -> the journal's instant of its last no
        self.words = 0
        self.newest_no: datetime | None = None  # when they last put off or declined anything
        self.helped = self.heard = 0

    # --- what they say ---

    def plan_day(self, day: date) -> None:
        chance, bottle = self._chance, self._bottle
        for slot in bottle.papers.slots:
            opens = bottle.papers.opens(day, slot)[0]
            if chance.random() < SPOKEN:
                self._plan_dose(opens)
        if chance.random() < HELP_A_DAY:
            bottle.after(chance.uniform(0, 86_000), self._help)

    def _plan_dose(self, opens: datetime) -> None:
        chance, bottle = self._chance, self._bottle
        at = opens + timedelta(minutes=chance.uniform(1, 115))
        match chance.choices(("later", "no", "no, then yes", "impatient later"), (30, 40, 15, 15))[0]:
            case "later":
                bottle.at(at, lambda: self.says(Answer.LATER))
            case "no":
                self._unwanted.append((opens - WINDOW, opens + WINDOW))
                bottle.at(at, lambda: self.says(Answer.NO_THANKS))
                bottle.at(at + timedelta(seconds=chance.uniform(2, 200)), self._answers)
            case "no, then yes":
                bottle.at(at, lambda: self.says(Answer.NO_THANKS))
                bottle.at(at + timedelta(minutes=chance.uniform(0.1, 60)), bottle.pressed)
            case _:
                for _ in range(3):
                    bottle.at(at, lambda: self.says(Answer.LATER))
                    bottle.at(at + timedelta(seconds=chance.uniform(1, 40)), bottle.pressed)
                    at += timedelta(seconds=chance.uniform(3, 90))

    def wants_none(self) -> bool:
        """Whether the resident stays away from the button now: they do not want this dose."""
        now = self._bottle.times.true
        return any(begin <= now < end for begin, end in self._unwanted)

    def says(self, answer: Answer) -> None:
        bottle = self._bottle
        bottle.say(f"says {answer.value}")
        self.words += 1
        bottle.weather.counts["the resident speaks"] = bottle.weather.counts.get("the resident speaks", 0) + 1
        troubles, offered = bottle.weather.total, bottle.liveness.offerable()
        bottle.end.press(answer, bottle.company.hands.at_the_first(answer))
        if answer is Answer.NO_THANKS and offered:
            bottle.after(HEARD_WITHIN_S, lambda: self._look_heard(offered, troubles))
        if answer in (Answer.LATER, Answer.NO_THANKS):
            self.newest_no = bottle.times.true
            presses = tuple(bottle.presses)
            bottle.after(BACK_WITHIN_S, lambda: self._look_back(troubles, presses))
        if answer is Answer.HELP:
            calm = bottle.liveness.settled() and bottle.liveness.robot_here()
            bottle.after(TOLD_WITHIN_S, lambda: self._look_told(troubles if calm else -1))

    def _answers(self) -> None:
        self.says(self._chance.choice((Answer.FIRST, Answer.SECOND, Answer.THIRD)))

    def _help(self) -> None:
        self.says(Answer.HELP)

    # --- who watches ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.DoseDeclined():
                    self.declined[event.dose_id] = event.at
                case ev.DosePutOff() | ev.AnswerTakenBack():
                    self.declined.pop(event.dose_id, None)
                case ev.OrderIssued() if event.order.ground == "press":
                    self.declined.pop(event.order.dose_id, None)
                case ev.OutcomeRecorded():
                    self._settled(event)
                case ev.ReminderGiven():
                    assert event.dose_id not in self.declined, "S7: reminded of a dose that was declined"

    def _settled(self, event: ev.OutcomeRecorded) -> None:
        """A no stands where nothing was wished for since."""
        said_no = event.dose_id in self.declined
        name = event.outcome
        assert name is not ev.Outcome.MISSED or not said_no, "S7: told as missed, and they had said no thanks"
        assert name is not ev.Outcome.REFUSED or said_no, "S7: told as refused, and nobody had said no thanks"

    def sending(self, order: ev.Order) -> None:
        """Rule 11: the resident's newest word counts at the last moment, too."""
        if order.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT):
            assert order.dose_id not in self.declined, f"S7: {order.kind} sent after no thanks"

    def _look_back(self, troubles: int, presses: object) -> None:
        """In calm times what they did not want is out of the tray."""
        bottle = self._bottle
        pressed = tuple(bottle.presses)
        calm = bottle.weather.total == troubles and bottle.liveness.settled() and bottle.liveness.robot_here()
        if not calm or pressed != presses or bottle.matter.tray is None:
            return
        journal = bottle.disk.replayed()
        heard = any(dose.put_off is not None or dose.declined is not None for dose in journal.doses.values())
        label = bottle.matter.tray.label
        dose = dose_id(*bottle.papers.labels[label]) if label in bottle.papers.labels else ""
        inside = any(at < bottle.times.true < at + WINDOW for at in bottle.opens(dose)) if dose else False
        assert not (heard and inside), "S7: they did not want it now, and it still lies in the tray"

    def _look_heard(self, dose: str, troubles: int) -> None:
        """In calm times a no to the dose that is on offer is a no to that dose."""
        if self._bottle.weather.total == troubles and self._bottle.liveness.settled():
            self.heard += 1
            assert dose in self.declined, f"S7: no thanks to {dose[33:]}, and the home did not hear it"

    def _look_told(self, troubles: int) -> None:
        bottle = self._bottle
        if bottle.weather.total != troubles or not bottle.liveness.settled():
            return
        self.helped += 1
        told = [each for each in bottle.oncall.told.values() if each["kind"] == "help_asked"]
        assert told, "S7: help was asked for, and on-call was never told"
        since = bottle.times.true - timedelta(seconds=TOLD_WITHIN_S + 1)
        newest = max(each["raised"] for each in told)
        still = any(each["state"] != "closed" for each in told)
        assert still or _instant(newest) >= since or self._closed_since(since), (
            "S7: help was asked for again, and on-call was not told"
        )

    def _closed_since(self, since: datetime) -> bool:
        return any(
            isinstance(event, ev.IncidentClosed) and self._bottle.times.true_of(event.at) >= since
            for event in self._bottle.disk.rows[-400:]
        )


def _instant(told: object) -> datetime:
    return told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
