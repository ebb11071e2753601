"""What people do in one home beside what the plan asks for: each of it a story of its own, by its own chance.

Everything here is drawn from streams of random numbers that nothing else draws from, so that what else a seed
decides stays. Each has its witness beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from scheduler import events as ev
from tests.bottle.cards import Cards
from tests.bottle.feeds import Feeds
from tests.bottle.feeds_as_needed import FeedsAsNeeded
from tests.bottle.hours import Hours
from tests.bottle.keys import Keys
from tests.bottle.mains import Mains
from tests.bottle.permits import Permits
from tests.bottle.strips import Strips
from tests.bottle.swaps import Swaps
from tests.bottle.terminal import Terminal

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle


class Deeds:
    def __init__(self, bottle: Bottle, seed: int, bias: str) -> None:
        self.terminal = Terminal(bottle)
        self.permits = Permits(bottle, seed, bias)
        self.mains, self.strips = Mains(bottle, seed, bias), Strips(bottle, seed, bias)
        self.cards, self.keys = Cards(bottle, seed, bias), Keys(bottle, seed, bias)
        self.swaps, self.hours = Swaps(bottle, seed, bias), Hours(bottle, seed, bias)
        self.others = bottle.company.others
        self.adding, self.own_robot = bottle.company.adding, bottle.company.at_their_robot
        self.feeds = Feeds(bottle, seed, bias)
        self.feeds_as_needed = FeedsAsNeeded(bottle.company, seed, bias)

    def start(self) -> None:
        for each in (self.mains, self.strips, self.swaps, self.hours, self.feeds, self.feeds_as_needed):
            each.start()

    def plan_day(self, day: date) -> None:
        for each in (self.permits, self.cards, self.keys):
            each.plan_day(day)

    def answered(self, events: Sequence[ev.Event]) -> None:
        """Before any witness looks at them: which words are good from now on."""
        self.terminal.committed(events)
        self.hours.committed(events)
        self.feeds_as_needed.committed(events)

    def committed(self, own: Sequence[ev.Event]) -> None:
        """Of the first resident and their robot."""
        self.permits.committed(own)
        self.cards.committed(own)
        self.keys.committed(own)
        self.own_robot.committed(own)
        self.feeds.committed(own)

    def mend(self) -> None:
        """After the weather."""
        self.mains.restore()
        self.feeds.mend()
        self.feeds_as_needed.mend()

    @property
    def kept_back(self) -> bool:
        """Sachets are not where the strip would have them: that keeps others back for hours."""
        return self.swaps.any or self.feeds.any

    @property
    def counts(self) -> dict[str, int]:
        """How often each was tried, in the words of the page about the proof."""
        strips = self.strips.short + self.strips.overlapping
        return {
            "a dose let out early or late by a person's word": self.permits.said,
            "the plug is out": self.mains.failures,
            "a strip that ends early, or begins with what was had": strips,
            "a card that changes what a loaded sachet should hold": self.cards.changes,
            "staff lock the robot with a key": self.keys.locks,
            "a magazine is taken out and counted": self.swaps.taken_out,
            "two sachets leave the strip at once": self.feeds.fed,
            "two sachets as needed leave the strip at once": self.feeds_as_needed.fed,
            "somebody takes both of two sachets as needed": self.feeds_as_needed.both,
            "the hours of the day are written anew": self.hours.changed + self.hours.refused,
            "a card adds what a loaded sachet does not hold, or takes it back": self.adding.cards,
            "a strip packed by another card comes": self.adding.strips,
            "somebody asks the robot that has nothing but medicine as needed": self.own_robot.asked,
            "others give planned medicine": self.others.given,
            "that others gave it was a mistake": self.others.taken_back,
            "a person says whether that was the dose or as needed": self.others.witness.said,
            "and presses again before they can have read anything": self.own_robot.hasty,
            "somebody says no or later at that robot, where nothing planned lies": self.own_robot.words,
            "somebody asks the robot with the roll for medicine as needed": self.own_robot.elsewhere,
        }

    @property
    def looks(self) -> dict[str, int]:
        """What their witnesses came to see."""
        cards, added, others = self.cards.witness, self.adding.witness, self.others.witness
        return {
            "doses let out early or late": self.permits.early + self.permits.late,
            "looks at a robot without mains": self.mains.looks,
            "looks at a battery that is too short": self.mains.short_looks,
            "looks at a strip that ends early": self.strips.short_looks,
            "looks at a strip with what was had": self.strips.overlap_looks,
            "sachets held for what a card changed": cards.held,
            "sachets let go by two": cards.let_go,
            "looks at a sachet that was discarded": cards.passed,
            "residents who had to be called about what they were handed": cards.calls,
            "doses given by hand behind a lock": self.keys.given,
            "looks at a lock": self.keys.looks,
            "hours of the day that came into force": self.hours.changed,
            "hours of the day that did not": self.hours.refused,
            "sachets counted after a swap": self.swaps.counted,
            "doses in doubt beside another's sachet": self.feeds.doubts,
            "looks at a double feed": self.feeds.looks,
            "looks at a double feed as needed": self.feeds_as_needed.looks,
            "sachets as needed let out after one that lay beside another": self.feeds_as_needed.checked,
            "looks at a magazine that nobody has counted": self.swaps.looks,
            "sachets that went out beside medicine that was added": added.beside,
            "doses of added medicine given by hand": added.by_hand,
            "looks at medicine that no sachet holds": added.looks,
            "doses that the home knew others gave": others.known,
            "looks at a tray of what others gave": others.back,
            "looks at a dose that was had here and given by others": others.both,
            "looks at a dose that others did not give after all": others.nobody,
            "sachets as needed let out by the robot that has nothing else": self.own_robot.answers,
            "planned doses of what may also be had as needed": self.own_robot.planned,
            "doses of added medicine looked after": added.checked,
        }
