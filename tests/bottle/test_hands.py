"""The witness of named helpers' presses speaks where the record says otherwise than who pressed (rule 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from protocol.wire.messages import Answer
from scheduler import events as ev
from tests.bottle.bottle import Bottle
from tests.bottle.company_papers import KINDS, SERIAL
from tests.bottle.hands import Hands
from tests.bottle.hunt import recipe

SHARED = KINDS[2]
HELLE, BODIL = "hand-of-Helle", "hand-of-Bodil"


@pytest.fixture(scope="module")
def bottle() -> Iterator[Bottle]:
    """The first history with two at one robot and every helper that there may be."""
    for seed in range(1, 200):
        found = Bottle(recipe(seed, SHARED))
        if len(found.company.hands.helpers) == 3:
            yield found
            found.box.bury()
            return
        found.box.bury()
    raise AssertionError("no such history")


@pytest.fixture
def hands(bottle: Bottle) -> Hands:
    """Which has seen nothing yet."""
    fresh = Hands(bottle.company, 0)
    fresh.__dict__ |= {name: bottle.company.hands.__dict__[name] for name in ("helpers", "_tags", "_named")}
    return fresh


def pressed(bottle: Bottle, helper: str | None, resident: str, tag: str = "known") -> ev.Pressed:
    now = bottle.times.true
    return ev.Pressed(now, SERIAL, "s1", 100, resident=resident, tag=tag, helper=helper)


def told(hands: Hands, events: Sequence[ev.Event]) -> str:
    """What the witness said; "" = nothing."""
    try:
        hands.committed(events)
    except AssertionError as violation:
        return str(violation).splitlines()[0]
    return ""


def test_a_press_is_whoever_showed_that_tag(bottle: Bottle, hands: Hands) -> None:
    (theirs,) = hands._named["Helle"].residents
    own = next(one for one in bottle.company.persons if one.key == theirs)
    other = next(one.key for one in bottle.company.persons if one.key != theirs)
    hands.shows(SERIAL, HELLE, Answer.TAKE)
    assert told(hands, [pressed(bottle, "Helle", theirs)]) == ""
    assert told(hands, [pressed(bottle, None, theirs)]).startswith("rule 2: recorded as the resident's press")
    assert told(hands, [pressed(bottle, "Bodil", theirs)]).startswith("rule 2: recorded as Bodil's press")
    assert told(hands, [pressed(bottle, "Karl", theirs)]).startswith(
        "rule 2: recorded as the press of a helper"
    )
    assert told(hands, [pressed(bottle, "Helle", other)]) == "rule 2: Helle pressed for a stranger"
    hands.shows(SERIAL, own.tag, Answer.TAKE)
    assert told(hands, [pressed(bottle, None, theirs)]) == ""


def test_no_tag_stands_in_the_journal(bottle: Bottle, hands: Hands) -> None:
    hands.shows(SERIAL, BODIL, Answer.TAKE)
    assert told(hands, [pressed(bottle, "Bodil", "", BODIL)]) == "rule 2: a tag stands in the journal"


def test_what_was_done_in_a_helpers_name_was_theirs_to_do(bottle: Bottle, hands: Hands) -> None:
    (theirs,) = hands._named["Helle"].residents
    other = next(one.key for one in bottle.company.persons if one.key != theirs)
    now = bottle.times.true

    def declined(resident: str) -> list[ev.Event]:
        return [ev.DoseDeclined(now, f"{resident}/2026-11-02/morning/1", SERIAL, "Helle")]

    assert told(hands, declined(theirs)) == "rule 2: done in Helle's name, who did not press"
    hands.shows(SERIAL, HELLE, Answer.NO_THANKS)
    assert told(hands, declined(theirs)) == ""
    assert told(hands, declined(other)) == "rule 2: Helle's press moved what is not of theirs"


@pytest.mark.parametrize(("who", "said"), [("Helle", ""), (None, "rule 2"), ("Bodil", "rule 2")])
def test_an_outcome_tells_of_who_pressed(bottle: Bottle, hands: Hands, who: str | None, said: str) -> None:
    (theirs,) = hands._named["Helle"].residents
    now, dose = bottle.times.true, f"{theirs}/2026-11-02/morning/1"
    hands.shows(SERIAL, HELLE, Answer.NO_THANKS)
    refused = ev.OutcomeRecorded(now, dose, 1, ev.Outcome.REFUSED, False, "", "no_thanks", now, who)
    heard = told(hands, [ev.DoseDeclined(now, dose, SERIAL, "Helle"), refused])
    assert heard.startswith(said) and bool(heard) == bool(said)
