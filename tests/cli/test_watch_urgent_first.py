"""What a nurse must see at once, at any size: what is most urgent by now, who was called, which home."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.color import Color
from textual.widgets import OptionList, Static

from dispenserd.cli.watch import board
from dispenserd.cli.watch.board import plain_text
from dispenserd.cli.watch.changes import by_key, changes
from dispenserd.cli.watch.close_up import close_up
from dispenserd.cli.watch.incident import Incident
from dispenserd.cli.watch.night import Night, looked
from dispenserd.cli.watch.reading import Look, Seen
from dispenserd.cli.watch.telling import Role
from dispenserd.cli.watch.terminal import STYLES
from dispenserd.oncall.pulse import Pulse
from dispenserd.oncall.words.language import Language
from protocol.mqtt.instants import to_text
from tests.cli.test_watch_keys import sees, view
from tests.support.oncall_office import OncallOffice
from tests.support.oncall_rows import NOW, minutes, one, voice


@pytest.fixture
def office(tmp_path: Path) -> OncallOffice:
    office = OncallOffice(tmp_path)
    office.alive()
    return office


def call(person: str = "Anna Prøve", state: str = "told", ago: float = 5, **changes: str) -> dict[str, Any]:
    return {"person": person, "state": state, "why": "raised", "at": to_text(NOW - minutes(ago)), **changes}


def row_of(incident: Incident, width: int = 78, spoken: Language = "da") -> str:
    return plain_text(board.line(incident, voice(spoken), NOW, width))


# --- urgency ---


def test_what_nobody_took_in_time_stands_where_its_urgency_by_now_puts_it() -> None:
    risen = one("a", -20, priority="low", urgency="high")
    fresh = one("b", 25, priority="medium", urgency="medium")
    assert [each.incident[0] for each in board.in_order([fresh, risen])] == ["a", "b"]
    assert "HØJ " in row_of(risen)
    title = plain_text(close_up(risen, voice(), NOW)[0])
    assert title.startswith("HØJ (hjemmet: lav)  ")
    assert plain_text(close_up(fresh, voice(), NOW)[0]).startswith("mellem  ")


def test_what_was_high_from_the_beginning_stands_before_what_lateness_made_high() -> None:
    risen, high = one("a", -300, priority="low", urgency="high"), one("b", 9)
    assert [each.incident[0] for each in board.in_order([risen, high])] == ["b", "a"]


@pytest.mark.parametrize(("spoken", "said"), [("da", "ukendt siden 02:13"), ("en", "unknown since 02:13")])
def test_a_silent_home_says_since_when_in_the_language_of_the_screen(spoken: Language, said: str) -> None:
    since = to_text(NOW - minutes(47))
    silent = one(kind="home_silent", origin="oncall", dose="", detail="unknown_since", since=since)
    assert said in plain_text(close_up(silent, voice(spoken), NOW)[1])


def test_a_row_of_an_older_on_call_without_urgency_has_that_of_its_priority() -> None:
    assert one(priority="medium").rank == 2


def test_one_that_nobody_takes_rings_when_it_becomes_high() -> None:
    medium, high = one(priority="low", urgency="medium"), one(priority="low", urgency="high")
    (risen,) = changes(by_key([medium]), NOW, by_key([high]), NOW + minutes(0.02), voice())
    assert risen.rings
    assert risen.text.startswith("STEGET TIL HØJ")


def test_my_own_view_keeps_in_sight_what_became_high_and_is_nobodys() -> None:
    risen = one(priority="low", urgency="high")
    assert board.shown([risen], "Anna", mine_only=True) == [risen]


# --- who was called ---


def test_the_chosen_one_says_who_was_called_newest_first_and_who_was_not_reached() -> None:
    told = [call("Cai Prøve", ago=40), call("Anna Prøve", ago=30), call("Bo Prøve", "failed", 20)]
    told.append({**call("", "nobody", 10)})
    lines = close_up(one(told=told), voice(), NOW)
    (called,) = (line for line in lines if plain_text(line).startswith("Kaldt: "))
    assert plain_text(called) == (
        "Kaldt: 02:50 ingen på vagt   02:40 Bo Prøve IKKE NÅET   02:30 Anna Prøve har fået besked"
    )
    roles = dict(called)
    assert roles["02:40 Bo Prøve IKKE NÅET"] is Role.FAULT
    assert roles["02:50 ingen på vagt"] is Role.FAULT


def test_a_notice_that_did_not_get_through_names_whom_it_was_meant_for() -> None:
    failed = one(
        home="", dose="", kind="notice_failed", origin="oncall", detail="Bo Prøve", priority="medium"
    )
    assert "Bo Prøve" in row_of(failed)


def test_what_its_owner_left_without_an_outcome_is_marked_and_stands_among_what_is_nobodys() -> None:
    taken = {"revision": 2, "kind": "dose_missed", "state": "acknowledged", "at": to_text(NOW - minutes(130))}
    reminded = call("Bo", ago=10, why="no_outcome")
    common: dict[str, Any] = {"owner": "Bo", "state": "acknowledged", "priority": "medium"}
    left = one("b", -100, **common, history=[taken], told=[reminded])
    assert left.forgotten
    assert "UAFSLUTTET" in row_of(left)
    assert "UAFSLUTTET" in plain_text(close_up(left, voice(), NOW)[1])
    others = [one("a", 20, priority="medium"), one("c", -100, **common)]
    assert [each.incident[0] for each in board.in_order([*others, left])] == ["b", "a", "c"]
    since: dict[str, Any] = {**taken, "revision": 3, "at": to_text(NOW - minutes(2))}
    assert not one("b", **common, history=[taken, since], told=[reminded]).forgotten
    assert not one("b", **(common | {"state": "handled"}), history=[taken], told=[reminded]).forgotten
    assert not one("b", owner="", history=[taken], told=[reminded]).forgotten


# --- nothing that matters is cut ---


@pytest.mark.parametrize("spoken", ["da", "en"])
@pytest.mark.parametrize("width", [78, 118])
def test_homes_whose_names_differ_at_the_end_are_told_apart(width: int, spoken: Language) -> None:
    names = ("plejecenter-nord-lejlighed-0012", "plejecenter-nord-lejlighed-0013")
    listed = [one("a", home=names[0]), one("b", home=names[1], kind="journal_behind", dose="")]
    room = board.home_chars(listed, width)
    rows = [plain_text(board.line(each, voice(spoken), NOW, width, False, room)) for each in listed]
    assert "0012 " in rows[0]
    assert "0013 " in rows[1]
    assert all(cell_len(row) <= width for row in rows)
    starts = [row.index("lejlighed-00") for row in rows]
    assert starts[0] == starts[1], "columns stand below each other"
    assert "0012" in plain_text(board.home_line({"home": names[0], "state": "alive"}, voice(), NOW))


def test_a_short_name_of_a_home_takes_no_room_from_the_kind() -> None:
    assert board.home_chars([one(home="box-0001")], 78) == board.HOME_CHARS_MIN
    assert board.home_chars([one(home="box-aarhus-12")], 78) == 13


def test_the_deadline_of_the_chosen_one_is_not_torn_apart_at_80_columns() -> None:
    for spoken in ("da", "en"):
        facts = plain_text(close_up(one(left=-3), voice(spoken), NOW)[1])
        assert facts.index("3 min)") < 78


def test_a_window_too_small_says_so_and_one_that_is_not_says_nothing() -> None:
    assert board.too_small(80, 24, voice()) == []
    for size in ((79, 24), (80, 23)):
        (line,) = board.too_small(*size, voice())
        assert f"{size[0]} x {size[1]}" in plain_text(line)
        assert line[0][1] is Role.FAULT


def test_on_a_low_screen_homes_that_are_well_take_one_line() -> None:
    homes = [{"home": f"box-{n}", "state": "alive", "robot": "ready"} for n in range(3)]
    assert len(board.homes_below(homes, voice(), NOW, 24)) == 1
    assert len(board.homes_below(homes, voice(), NOW, 40)) == 3
    assert board.homes_below(homes, voice(), NOW, 20) == []


def test_of_all_homes_those_that_need_a_look_stand_first() -> None:
    homes = [{"home": f"box-{n:03}", "state": "alive" if n != 150 else "unknown"} for n in range(200)]
    assert "box-150" in plain_text(board.all_homes(homes, voice(), NOW)[0])


def test_without_a_broker_nothing_open_is_no_quiet_and_the_time_begins_anew_with_it() -> None:
    def looks(night: Night, connected: bool, at: float) -> Night:
        seen = Seen(NOW + minutes(at), 0.0, {}, [], [])
        return looked(night, Look(seen, "", Pulse(1.0, connected)), seen.at, voice())[0]

    heard = looks(Night(), True, 0)
    assert heard.quiet_since == NOW
    deaf = looks(heard, False, 1)
    assert deaf.quiet_since is None
    assert looks(deaf, True, 9).quiet_since == NOW + minutes(9)


# --- on the screen ---


async def test_a_list_with_more_than_fits_says_how_many_stand_below_and_above(office: OncallOffice) -> None:
    for number in range(20):
        office.incident(f"{number:032x}", left=timedelta(minutes=number + 1))
    async with view(office) as pilot:
        await sees(pilot, "20 åbne")
        await pilot.pause()
        scroll = pilot.app.screen.query_one("#scroll")
        seen = pilot.app.screen.query_one("#list", OptionList).scrollable_content_region.height
        assert scroll.border_title == f"flere: 0 over, {20 - seen} under"
        await pilot.press(*["down"] * 19)
        await pilot.pause(1.2)
        assert scroll.border_title == f"flere: {20 - seen} over, 0 under"


async def test_with_200_homes_the_way_back_stays_in_sight_and_the_pages_turn(office: OncallOffice) -> None:
    for number in range(200):
        office.heartbeat(f"box-{number:04}", ago=timedelta(minutes=47 if number == 150 else 0))
    async with view(office) as pilot:
        await sees(pilot, "199 hjem i live")
        await pilot.press("h")
        await sees(pilot, "Esc = tilbage")
        (text,) = pilot.app.screen.query(".text")
        (keys,) = pilot.app.screen.query(".keys").results(Static)
        assert keys.region.bottom <= 24
        assert str(text.query_one(Static).render()).startswith("box-0150      UKENDT")
        await pilot.press("pagedown")
        await pilot.pause()
        assert text.scroll_y > 0


async def test_in_a_tiny_window_every_incident_keeps_one_line(office: OncallOffice) -> None:
    office.heartbeat()
    office.incident("a" * 32, kind="journal_behind", dose="")
    office.incident("b" * 32)
    async with view(office, size=(40, 12)) as pilot:
        await sees(pilot, "VINDUET ER FOR LILLE (40 x 12)")
        shown = pilot.app.screen.query_one("#list", OptionList)
        assert shown.virtual_size.height == 2


async def test_a_tall_screen_gives_its_room_to_the_list(office: OncallOffice) -> None:
    for number in range(40):
        office.incident(f"{number:032x}", left=timedelta(minutes=number + 1))
    async with view(office, size=(120, 50)) as pilot:
        await sees(pilot, "40 åbne")
        await pilot.pause()
        assert pilot.app.screen.query_one("#list").size.height >= 28
        assert pilot.app.screen.query_one("#scroll").size.height >= 14


def luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.rgb]
    red, green, blue = (p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_every_colour_can_be_read_on_the_chosen_row_too_and_two_meanings_have_two(
    office: OncallOffice,
) -> None:
    """4.5 to 1, as WCAG 2 asks of text."""
    office.incident()
    async with view(office) as pilot:
        await sees(pilot, "1 åbne")
        shown = pilot.app.screen.query_one("#list", OptionList)
        chosen = shown.get_component_styles("option-list--option-highlighted").background
        behind = [chosen, pilot.app.screen.styles.background]
    for role in Role:
        style = Style.parse(STYLES[role])
        if style.color is None:
            continue
        assert style.color.triplet is not None, f"{role}: a theme may give a named colour any look"
        grounds = behind if style.bgcolor is None else [Color.parse(style.bgcolor.name)]
        for ground in grounds:
            light = [luminance(Color(*style.color.triplet)), luminance(ground)]
            assert (max(light) + 0.05) / (min(light) + 0.05) >= 4.5, (role, ground)
    assert len({STYLES[role] for role in (Role.HIGH, Role.MEDIUM, Role.LOW, Role.GOOD, Role.NEVER)}) == 5
