"""Far from the home of one history: the network, on-call, and the cards that a doctor changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bottle.network import Manners
from tests.bottle.oncall import Manner

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle


class Faraway:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle

    def network_fails(self, for_s: float, *, loses_state: bool) -> None:
        bottle = self._bottle
        if bottle.network.up:
            bottle.say("network fails")
            bottle.network.fail(loses_state=loses_state)
            bottle.liveness.far_changed()
            bottle.after(for_s, self.network_back)

    def network_back(self) -> None:
        bottle = self._bottle
        if not bottle.network.up:
            bottle.network.recover()
            bottle.liveness.far_changed()

    def oncall_back(self) -> None:
        bottle = self._bottle
        bottle.oncall.up = True
        bottle.liveness.far_changed()
        bottle.network.deliver_to_oncall()

    def messages_calm(self) -> None:
        bottle = self._bottle
        bottle.network.manners, bottle.oncall.manner = Manners(), Manner()
        bottle.liveness.far_changed()

    def new_card(self, noon: int | None, *, older: bool) -> None:
        bottle = self._bottle
        newest = max(bottle.papers.cards)
        if older and newest > 1:
            self._hand_in(bottle.chance.randrange(1, newest))
        elif older:
            self._hand_in(newest)
        elif "noon" in bottle.papers.slots:
            self.sends(noon, bottle.papers.stronger.get(newest, frozenset()))

    def sends(self, noon: int | None, stronger: frozenset[str]) -> None:
        """A doctor's new card, into the folder that the home reads."""
        version = self._bottle.papers.newer(noon, stronger)
        self._hand_in(version)
        self._bottle.after(300, lambda: self._offer_again(version))

    def _hand_in(self, version: int) -> None:
        papers = self._bottle.papers
        other = sorted(papers.stronger.get(version, ()))
        self._bottle.say(f"card {version}: noon at {papers.cards[version]}, stronger: {other}")
        self._bottle.box.hand_in(papers.offer(version))

    def _offer_again(self, version: int) -> None:
        """The folder is read every few seconds: what a dying box missed is offered to the next one."""
        bottle = self._bottle
        if version == max(bottle.papers.cards):
            if bottle.box.alive and bottle.box.ready:
                bottle.box.hand_in(bottle.papers.offer(version))
            else:
                bottle.after(60, lambda: self._offer_again(version))
