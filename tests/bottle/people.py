"""The resident and the staff of one history. They see the display, the tray and what on-call was told.

A resident comes early, on time, late, twice, at the last second or not at all, and lifts when they please.
Staff take, look, give by hand once the home has confirmed that they may, say what they found, and close.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import Light
from tests.bottle.oncall import Payload
from tests.bottle.papers import WINDOW

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

STAFF = ("Anna", "Berit")
ANSWER_S = 90.0
"""After so long without an answer somebody looks again; then after twice as long, and so on."""

MISTAKES = 0.04
"""Of what staff enter."""

LEFT_LYING = 0.1
"""Of all news: as much lies for hours before somebody looks, until the next dose is due or longer."""

ON_THE_WAY = 0.2
"""Of those who may give a dose: as many are busy for hours first, and a card may change meanwhile."""

TRIES_MAX = 5
"""Then it waits for news, or for the one who goes through all that is open."""


class Resident:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        self._chance = bottle.chance

    def plan_day(self, day: date) -> None:
        self._bottle.voices.plan_day(day)
        for slot in self._bottle.papers.slots:
            self._plan_dose(self._chance.choice(self._bottle.papers.opens(day, slot)))

    def _plan_dose(self, opens: datetime) -> None:
        chance, closes = self._chance, opens + WINDOW
        manner = chance.choices(
            ("on time", "early", "late", "last second", "never", "impatient"), (72, 7, 8, 4, 3, 6)
        )[0]
        match manner:
            case "on time":
                self._comes(opens + _minutes(chance.uniform(0, 30)))
            case "early":
                self._comes(opens - _minutes(chance.uniform(0, 10)))
                self._comes(opens + timedelta(seconds=chance.uniform(-2, 5)))
            case "late":
                self._comes(opens + _minutes(chance.uniform(60, 119)))
            case "last second":
                self._comes(closes + timedelta(seconds=chance.uniform(-12, 2)))
            case "impatient":
                first = opens + _minutes(chance.uniform(0, 100))
                for _ in range(chance.randint(2, 5)):
                    self._comes(first)
                    first += timedelta(seconds=chance.uniform(0.05, 20))
            case _:
                pass

    def _comes(self, at: datetime) -> None:
        self._bottle.at(at, self._press)

    def _press(self, again: int = 2) -> None:
        if self._bottle.voices.wants_none():
            return
        self._bottle.pressed()
        if again:
            later_s = self._chance.uniform(20, 240)
            self._bottle.after(later_s, lambda: self._try_again(again - 1))

    def _try_again(self, again: int) -> None:
        """The display still asks: most people press once more."""
        prompting = self._bottle.end.robot.display.light in (Light.PULSE, Light.ALERT)
        if prompting and self._bottle.matter.tray is None and self._chance.random() < 0.7:
            self._press(again)

    def hears_of_help(self) -> None:
        """Somebody will come, or was there: not everybody stops pressing for that."""
        if self._chance.random() < 0.4:
            self._bottle.after(self._chance.uniform(1, 1500), self._bottle.pressed)

    def sees_sachet(self, closes: datetime) -> None:
        """Something lies in the tray."""
        chance = self._chance
        manner = chance.choices(("soon", "later", "last second", "never"), (90, 5, 3, 2))[0]
        match manner:
            case "soon":
                self._bottle.after(chance.uniform(0.5, 40), self._bottle.lift)
            case "later":
                self._bottle.after(chance.uniform(60, 5000), self._bottle.lift)
            case "last second":
                self._bottle.at(closes + timedelta(seconds=chance.uniform(-3, 6)), self._bottle.lift)
            case _:
                pass


class Staff:
    """`work` is called with every newest revision that on-call learns of, and again when somebody looks.
    `faulty` and `repair` are of the robot that they look after."""

    def __init__(
        self,
        bottle: Bottle,
        chance: Random | None = None,
        faulty: Callable[[], bool] | None = None,
        repair: Callable[[], None] | None = None,
        doubted: Callable[[str], bool] | None = None,
    ) -> None:
        self._bottle = bottle
        self._chance = chance or bottle.chance
        self._faulty = faulty or (lambda: bool(bottle.end.memory.fault))
        self._repair = repair or bottle.repair
        self._doubted = doubted or (lambda dose: dose in bottle.witnesses.in_doubt)
        self._planned: set[str] = set()
        self._tries: dict[str, int] = {}

    def told(self, incident: Payload) -> None:
        if incident["state"] in ("raised", "published"):
            self._tries.pop(incident["incident"], None)
        if incident["state"] != "closed":
            minutes = {"high": 4.0, "medium": 12.0}.get(incident["priority"], 60.0)
            if self._chance.random() < LEFT_LYING:
                minutes = self._chance.uniform(60, 720)
            self._look_in(incident["incident"], self._chance.expovariate(1 / (minutes * 60)))

    def hear_of_a_dose(self) -> None:
        """Somebody rings while a sachet comes out: a moment to look at all that is open."""
        if self._chance.random() < 0.2:
            self._bottle.after(self._chance.uniform(0, 20), self.look_at_all)

    def look_at_all(self) -> None:
        ours = self is self._bottle.staff
        for name, incident in self._bottle.oncall.told.items():
            if incident["state"] != "closed" and self._bottle.company.concerns(incident) is not ours:
                self._tries[name] = TRIES_MAX - 2
                self.work(name)

    def work(self, name: str) -> None:
        self._planned.discard(name)
        incident = self._bottle.oncall.told[name]
        if incident["state"] == "closed":
            return
        bottle = self._bottle
        if not bottle.network.up or not bottle.oncall.up:
            self._look_in(name, 600)
            return
        owner = incident["owner"]
        if owner and owner == bottle.deeds.keys.here:
            self._look_in(name, 1200)  # they stand at the robot, and say themselves what they do
            return
        if not owner:
            bottle.oncall.ask_take(incident, self._chance.choice(STAFF))
        else:
            self._act(incident, owner)
        tries = self._tries[name] = self._tries.get(name, 0) + 1
        if tries < TRIES_MAX:
            self._look_in(name, self._chance.uniform(0.3, 1.5) * ANSWER_S * 2**tries)

    def _act(self, incident: Payload, owner: str) -> None:
        bottle, dose = self._bottle, incident["dose"]
        if dose and self._chance.random() < MISTAKES:
            self._click_wrong(incident, owner)
            return
        if incident["kind"] in ("robot_fault", "release_failed", "double_feed") and self._faulty():
            self._repair()
            return  # and gives or says what is to be said when they come back from the robot
        if incident["kind"] == "double_feed":
            first = self is bottle.staff
            (bottle.deeds.feeds if first else bottle.deeds.feeds_as_needed).taken_out()
        stopped = incident["detail"] in ("no_longer_planned", "given_elsewhere", "perhaps_elsewhere")
        if dose and incident["holds_token"] and not stopped and self._may_give(dose):
            if self._chance.random() < ON_THE_WAY:
                bottle.weather.aim()
                self._look_in(incident["incident"], self._chance.uniform(0.5, 10) * 3600)
            elif self._chance.random() < 0.85:
                bottle.give_by_hand(dose)
                bottle.oncall.ask_decide(incident, owner, "given")
            else:
                bottle.oncall.ask_decide(incident, owner, "not_given")
        elif dose in bottle.given:
            verdict = "given" if self._chance.random() < 0.8 else ""
            if verdict:
                bottle.oncall.ask_decide(incident, owner, verdict)
            self._close(incident, owner)
        elif dose and bottle.company.others.word_about(dose) and not self._doubted(dose):
            bottle.oncall.ask_decide(incident, owner, bottle.company.others.word_about(dose))
            if incident["detail"] != "perhaps_elsewhere":
                self._close(incident, owner)
        elif dose and self._chance.random() < 0.6:
            self._say_what_is_there(incident, owner)
        else:
            self._close(incident, owner)

    def _click_wrong(self, incident: Payload, owner: str) -> None:
        """What was not so, where the home can know it: it must refuse."""
        dose = incident["dose"]
        if self._doubted(dose) or dose in self._bottle.deeds.feeds.doubted:
            return
        if not incident["holds_token"] and dose not in self._bottle.given:
            self._bottle.oncall.ask_decide(incident, owner, "given")
        others = self._bottle.company.others.word_about(dose)  # of those it can know nothing
        if self._bottle.where(dose) != "hands" and dose not in self._bottle.given and not others:
            self._bottle.oncall.ask_decide(incident, owner, "had_it")

    def _may_give(self, dose: str) -> bool:
        """Once, and not before its time."""
        opens = self._bottle.opens(dose)
        return dose not in self._bottle.given and self._bottle.times.true >= max(opens)

    def _say_what_is_there(self, incident: Payload, owner: str) -> None:
        """A person at the robot says truly what they found."""
        dose = incident["dose"]
        where = self._bottle.where(dose)
        if incident["holds_token"]:
            self._bottle.oncall.ask_decide(incident, owner, "not_given")
        elif where == "hands":
            self._bottle.oncall.ask_decide(incident, owner, "had_it")
        elif where != "tray":
            discards = incident["kind"].startswith("sachet") or self._chance.random() < 0.1
            self._bottle.oncall.ask_decide(incident, owner, "discard" if discards else "not_given")

    def _close(self, incident: Payload, owner: str) -> None:
        self._bottle.oncall.ask_close(incident, owner)

    def _look_in(self, name: str, after_s: float) -> None:
        if name not in self._planned:
            self._planned.add(name)
            self._bottle.after(after_s, lambda: self.work(name))


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


Act = Callable[[], None]
