"""Each key of the live view, pressed in the view itself, at on-call's real desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from dispenserd.cli.watch.reading import Office, Refused
from dispenserd.cli.watch.telling import Voice
from dispenserd.cli.watch.terminal import Watch
from dispenserd.oncall.limits import OncallLimits
from tests.support.oncall_office import OncallOffice
from tests.support.oncall_rows import voice

SEEN_WITHIN_S = 10.0


@asynccontextmanager
async def view(
    office: OncallOffice, say: Voice | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[int]]:
    app = Watch(Office(office.path, OncallLimits(), office.clock), say or voice())
    async with app.run_test(size=size) as pilot:
        yield pilot


def shown(pilot: Pilot[Any]) -> str:
    """Every text of the topmost screen and of the view below it."""
    screens = [pilot.app.screen, pilot.app.screen_stack[0]]
    texts = [str(each.render()) for screen in screens for each in screen.query(Static) if each.display]
    options = [
        str(each.get_option_at_index(at).prompt)
        for screen in screens
        for each in screen.query(OptionList)
        for at in range(each.option_count)
    ]
    return "\n".join([*texts, *options])


async def sees(pilot: Pilot[Any], *parts: str) -> None:
    for _ in range(int(SEEN_WITHIN_S / 0.05)):
        if all(part in shown(pilot) for part in parts):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{parts} not in\n{shown(pilot)}")


async def test_deciding_asks_what_why_and_whether_and_names_home_and_dose(office: OncallOffice) -> None:
    office.incident(revision=2, kind="order_unknown", detail="in_doubt")
    async with view(office) as pilot:
        await sees(pilot, "I tvivl om dosis")
        await pilot.press("d")
        await sees(pilot, "Hvad er der sket med dosis?", "givet i hånden   (kun når hjemmet har bekræftet")
        await pilot.press("down", "enter")
        await sees(pilot, "Begrundelse")
        await pilot.press(*"fundet", "enter")
        await sees(
            pilot, "Er det rigtigt?", "box-0001, aften man. 2. nov.", "borgeren har fået den", "fundet"
        )
        await pilot.press("enter", "enter", "t")  # pressed once too often: nothing is sent
        await pilot.pause(0.2)
        assert office.decided() == []
        await pilot.press("j")
        await sees(pilot, "Sendt: borgeren har fået den")
    assert office.decided() == [("decide", "had_it", "Anna", 2)]


@pytest.mark.parametrize("keys", [["escape"], ["enter", "escape"], ["enter", "x", "enter", "n"]])
async def test_every_question_can_be_left_and_then_nothing_is_sent(
    office: OncallOffice, keys: list[str]
) -> None:
    office.incident()
    async with view(office) as pilot:
        await sees(pilot, "Tryk t")
        await pilot.press("d")
        await sees(pilot, "Hvad er der sket")
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        await sees(pilot, "Fortrudt. Intet er sendt.")
    assert office.decided() == []


async def test_given_by_hand_without_the_homes_word_is_refused_with_the_next_step(
    office: OncallOffice,
) -> None:
    office.incident()
    async with view(office) as pilot:
        await sees(pilot, "Tryk t")
        await pilot.press("d")
        await sees(pilot, "Hvad er der sket")
        await pilot.press("enter")
        await sees(pilot, "Begrundelse")
        await pilot.press("x", "enter")
        await sees(pilot, "Er det rigtigt?")
        await pilot.press("j")
        await sees(
            pilot,
            "Retten til at give dosis i hånden er ikke hos dig",
            "Intet er sendt. Tag hændelsen, og vent",
        )
    assert office.decided() == []


async def test_what_changed_while_the_question_stood_there_is_refused_and_told(office: OncallOffice) -> None:
    office.incident(priority="medium", kind="left_in_tray", detail="")
    async with view(office) as pilot:
        await sees(pilot, "Tryk t")
        await pilot.press("d")
        await sees(pilot, "Hvad er der sket")
        office.incident(revision=2, kind="dose_missed", detail="")
        await sees(pilot, "STEGET TIL HØJ")
        await pilot.press("down", "down", "enter")
        await sees(pilot, "Begrundelse")
        await pilot.press("x", "enter")
        await sees(pilot, "Er det rigtigt?", "Dosis ligger i bakken")
        await pilot.press("j")
        await sees(pilot, "ændret sig", "HØJ (før mellem)", "Dosis ikke taget (før Dosis ligger i bakken)")
    assert office.decided() == []


async def test_closing_offers_resolutions_and_takes_a_typed_code(office: OncallOffice) -> None:
    office.incident(revision=5, state="acknowledged", owner="Anna", dose="", kind="robot_fault")
    async with view(office) as pilot:
        await sees(pilot, "luk den med c")
        await pilot.press("c")
        await sees(pilot, "Hvordan blev den løst?", "falsk alarm", "anden kode")
        await pilot.press("end", "enter")
        await sees(pilot, "Kode (små bogstaver")
        await pilot.press(*"No good", "enter")
        await sees(pilot, "Luk hændelsen?", "box-0001")
        await pilot.press("j")
        await sees(pilot, "Det er ikke en kode.")
        await pilot.press("c")
        await sees(pilot, "Hvordan blev den løst?")
        await pilot.press("enter")
        await sees(pilot, "Luk hændelsen?", "givet i hånden (given_by_hand)")
        await pilot.press("j")
        await sees(pilot, "Sendt: luk, givet i hånden")
    assert office.decided() == [("close", "", "Anna", 5)]


async def test_closing_what_is_not_mine_says_whose_it_is(office: OncallOffice) -> None:
    office.incident(state="acknowledged", owner="Bo")
    async with view(office) as pilot:
        await sees(pilot, "Bo har den.")
        await pilot.press("c")
        await sees(pilot, "Hvordan")
        await pilot.press("enter")
        await sees(pilot, "Luk hændelsen?")
        await pilot.press("j")
        await sees(pilot, "Bo har taget den.")


async def test_an_incident_without_a_dose_asks_no_question_about_one(office: OncallOffice) -> None:
    office.incident(dose="", kind="robot_fault", subject="robot")
    async with view(office) as pilot:
        await sees(pilot, "Fejl på robotten")
        await pilot.press("d")
        await sees(pilot, "Hændelsen handler ikke om en dosis.")
        assert len(pilot.app.screen_stack) == 1


async def test_a_key_never_hits_what_slid_into_the_place_of_a_closed_one(office: OncallOffice) -> None:
    office.incident("a" * 32)
    office.incident("b" * 32, priority="low", kind="about_to_miss")
    async with view(office) as pilot:
        await sees(pilot, "Kan ikke udleveres", "Dosis venter endnu")
        office.incident("a" * 32, revision=2, state="closed")
        await sees(pilot, "Den, du så på, er ikke åben mere.")
        await pilot.press("t")
        await pilot.pause(0.3)
        assert office.decided() == []
        await pilot.press("down", "t")
        await sees(pilot, "Sendt: du tager den.")
    assert len(office.decided()) == 1


async def test_the_choice_stays_on_its_incident_when_a_more_urgent_one_comes(office: OncallOffice) -> None:
    office.incident("b" * 32, priority="medium", kind="about_to_miss")
    async with view(office) as pilot:
        await sees(pilot, "Dosis venter endnu")
        office.incident("a" * 32)
        await sees(pilot, "NY HØJ")
        chosen = pilot.app.query_one("#list", OptionList)
        assert chosen.highlighted == 1
        await pilot.press("t")
        await sees(pilot, "Sendt: du tager den.")
        office.incident("b" * 32, revision=2, priority="medium", owner="Anna", state="acknowledged")
        await pilot.press("up")
        await sees(pilot, "låget er åbent")
    (taken,) = office.desk.list_incidents(office.clock.now())["incidents"][1:]
    assert (taken["incident"], taken["owner"]) == ("b" * 32, "Anna")


async def test_the_filter_the_homes_and_the_help(office: OncallOffice) -> None:
    office.incident("a" * 32, priority="low", owner="Bo", state="acknowledged")
    office.heartbeat("box-0002", robot="faulted")
    async with view(office, voice("en")) as pilot:
        await sees(pilot, "Bo has it.")
        await pilot.press("f")
        await sees(pilot, "None is yours. 1 others are open", "mine and new high ones only")
        await pilot.press("f")
        await sees(pilot, "Bo has it.")
        await pilot.press("h")
        await sees(pilot, "box-0002", "robot has a fault", "Esc = back")
        await pilot.press("escape", "question_mark")
        await sees(pilot, "In doubt: give nothing by hand before the sachet is found")
        await pilot.press("escape")
        assert len(pilot.app.screen_stack) == 1


async def test_a_key_without_anything_chosen_says_how_to_choose(office: OncallOffice) -> None:
    async with view(office) as pilot:
        await sees(pilot, "Ingen åbne hændelser")
        for key in "tdc":
            await pilot.press(key)
        await sees(pilot, "Vælg en hændelse med piletasterne.")


async def test_five_hundred_incidents_are_drawn_and_scrolled(office: OncallOffice) -> None:
    for number in range(500):
        office.incident(f"{number:032x}", priority="low", home=f"box-{number % 40:04}")
    async with view(office, size=(200, 50)) as pilot:
        await sees(pilot, "500 åbne")
        await pilot.press("end", "t")
        await sees(pilot, "Sendt: du tager den.")
    assert len(office.decided()) == 1


@pytest.mark.parametrize("act", ["take", "close", "decide"])
def test_every_act_names_the_revision_that_was_on_the_screen(office: OncallOffice, act: str) -> None:
    desk = Office(office.path, OncallLimits(), office.clock)
    office.incident(owner="Anna", state="acknowledged")
    (seen,) = (desk.look().seen or pytest.fail("not read")).incidents
    office.incident(revision=2, priority="medium", owner="Anna", state="acknowledged")
    acts = {
        "take": lambda: desk.take(seen, "Anna"),
        "close": lambda: desk.close(seen, "Anna", "visited"),
        "decide": lambda: desk.decide(seen, "Anna", "not_given", "x"),
    }
    refused = acts[act]()
    assert isinstance(refused, Refused)
    assert (refused.code, refused.present and refused.present.revision) == ("stale", 2)
    assert office.decided() == []
