"""What the live view shows, without a terminal: order, words, what is wrong, and that it is never silent."""

from __future__ import annotations

from typing import Any

import pytest

from dispenserd.cli.watch import board
from dispenserd.cli.watch.board import Health, plain_text
from dispenserd.cli.watch.close_up import close_up, differences, next_step
from dispenserd.cli.watch.incident import read_incidents
from dispenserd.cli.watch.phrases import DANISH, ENGLISH
from dispenserd.cli.watch.telling import Line, Role
from dispenserd.oncall.words.language import Language
from protocol.mqtt.instants import to_text
from tests.support.oncall_rows import NOW, decision, minutes, one, row, voice

WELL = Health(NOW, 0.0, "", 1.0, True, True)
ALIVE = {"home": "box-0001", "state": "alive", "since": to_text(NOW - minutes(60)), "robot": "ready"}
SILENT = {"home": "box-0002", "state": "unknown", "since": to_text(NOW - minutes(47)), "robot": "ready"}


def told(lines: list[Line]) -> str:
    return "\n".join(plain_text(line) for line in lines)


def test_the_most_urgent_stands_first_and_what_somebody_owns_after_what_nobody_does() -> None:
    incidents = [
        one("a", 100, priority="low"),
        one("b", 9, owner="Bo"),
        one("c", 20, priority="medium"),
        one("d", 9),
        one("e", -2),
        one("f", 1, priority="unheard_of"),
    ]
    assert [each.incident[0] for each in board.in_order(incidents)] == ["e", "f", "d", "b", "c", "a"]


def test_my_own_view_never_hides_a_high_one_that_nobody_owns() -> None:
    rows = [
        one("a", owner="Anna", priority="low"),
        one("b"),
        one("c", owner="Bo"),
        one("d", priority="medium"),
    ]
    assert [each.incident[0] for each in board.shown(rows, "Anna", mine_only=True)] == ["b", "a"]
    assert len(board.shown(rows, "Anna", mine_only=False)) == 4


@pytest.mark.parametrize("width", [60, 78, 108, 110, 198])
@pytest.mark.parametrize("spoken", ["da", "en"])
def test_a_row_keeps_priority_dose_time_and_owner_at_every_width(width: int, spoken: Language) -> None:
    say = voice(spoken)
    long = one(left=-63, home="box-with-a-long-name-0031", owner="", kind="journal_behind")
    text = plain_text(board.line(long, say, NOW, width))
    assert len(text) <= max(width, 71)
    assert say.priority("high") in text
    assert say.short_dose(long.dose) in text
    assert say.phrases.nobody in text
    assert say.phrases.late.partition(" {")[0] in text


def test_the_time_left_counts_down_and_lateness_stands_out() -> None:
    say = voice()
    assert say.due(one(left=29.5), NOW) == ("om 29 min", Role.HIGH)
    assert say.due(one(left=1.5), NOW) == ("om 90 s", Role.HIGH)
    assert say.due(one(left=200), NOW) == ("om 3t20", Role.HIGH)
    assert say.due(one(left=-3), NOW) == ("FOR SENT 3 min", Role.LATE)
    assert say.due(one(left=-3, owner="Bo"), NOW)[0] == ""
    assert say.due(one(left=3, state="handled"), NOW + minutes(4))[0] == ""


def test_what_somebody_owns_shows_until_when_it_must_have_an_end() -> None:
    owned = {"owner": "Bo", "state": "acknowledged"}
    due = one("b", -3, priority="low", outcome_by=to_text(NOW + minutes(20)), **owned)
    late = one("c", -3, outcome_by=to_text(NOW - minutes(2)), **owned)
    say = voice("en")
    assert say.due(due, NOW) == ("in 20 min", Role.LOW)
    assert say.due(late, NOW) == ("LATE 2 min", Role.LATE)
    assert "Outcome due 03:20 (in 20 min)" in told(close_up(due, say, NOW))
    assert "1 LATE" in plain_text(board.head([due, late], WELL, say, NOW, False, None))
    assert board.in_order([due, one("d", 30, priority="low", **owned)])[0] is due


def test_a_dose_is_named_by_slot_and_date_and_a_second_part_never_left_out() -> None:
    key = "0" * 32
    assert voice().dose(f"{key}/2026-11-02/evening/1") == "aften man. 2. nov."
    assert voice("en").dose(f"{key}/2026-11-02/evening/1") == "evening Mon 2 Nov"
    assert voice().short_dose(f"{key}/2026-11-02/morning-2/3") == "morgen-2 2/11 del 3"
    assert voice().dose("strange") == "strange"
    assert voice().dose(f"{key}/not-a-date/evening/1") == f"{key}/not-a-date/evening/1"


def test_the_head_counts_what_is_open_late_and_unowned_and_says_when_it_was_read() -> None:
    rows = [one("a", -1), one("b"), one("c", owner="Bo")]
    head = plain_text(board.head(rows, WELL, voice(), NOW, True, NOW + minutes(10)))
    for part in ("Anna", "3 åbne", "2 uden ejer", "1 FOR SENT", "læst 03:00:00", "lyd fra til 03:10"):
        assert part in head
    assert "kun mine" in head
    head = plain_text(board.head(rows, WELL, voice(), NOW, False, NOW - minutes(1)))
    assert "lyd fra" not in head
    assert "kun mine" not in head


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (Health(NOW, 9.0, "locked", 1.0, True, True), ("KAN IKKE LÆSE", "03:00:00", "locked")),
        (Health(NOW, 4.0, "", 1.0, True, True), ("svarer ikke endnu", "03:00:00")),
        (Health(NOW, 0.0, "", 300.0, False, True), ("VAGTPROCESSEN KØRER IKKE", "5 min")),
        (Health(NOW, 0.0, "", None, False, False), ("VAGTPROCESSEN KØRER IKKE", "oncall run")),
        (Health(NOW, 0.0, "", 1.0, True, False), ("INGEN FORBINDELSE",)),
    ],
)
def test_whatever_keeps_the_list_from_being_true_is_said_in_red(
    health: Health, words: tuple[str, ...]
) -> None:
    lines = board.alarms(health, voice())
    assert lines
    assert all(role is Role.FAULT for line in lines for _, role in line)
    assert all(word in told(lines) for word in words)


def test_a_view_that_sees_says_nothing_red() -> None:
    assert board.alarms(WELL, voice()) == []


def test_an_empty_list_says_since_when_and_who_is_heard() -> None:
    lines = board.nothing([], [ALIVE], WELL, NOW - minutes(90), voice(), NOW)
    assert "siden 01:30" in told(lines)
    assert "1 af 1 hjem høres." in told(lines)


def test_an_empty_list_never_says_that_it_is_quiet_when_it_can_not_know() -> None:
    cases: list[tuple[list[dict[str, Any]], Health]] = [
        ([ALIVE, SILENT], WELL),
        ([], WELL),
        ([ALIVE], Health(NOW, 9.0, "locked", 1.0, True, True)),
        ([ALIVE], Health(NOW, 0.0, "", 60.0, False, True)),
        ([ALIVE], Health(NOW, 0.0, "", 1.0, True, False)),
    ]
    for homes, health in cases:
        lines = board.nothing([], homes, health, NOW - minutes(90), voice(), NOW)
        red = any(role is Role.FAULT for line in lines for _, role in line)
        assert red
        assert not any(role is Role.GOOD for line in lines for _, role in line)
        assert health.blind <= ("siden" not in told(lines))
    assert "1 af 2 hjem høres IKKE" in told(board.nothing([], [ALIVE, SILENT], WELL, NOW, voice(), NOW))


def test_a_filter_that_hides_everything_says_how_many_there_are() -> None:
    lines = board.nothing([one(priority="low")], [ALIVE], WELL, None, voice(), NOW)
    assert "1 andre er åbne" in told(lines)
    assert "siden" not in told(lines)


def test_a_home_nobody_hears_shows_what_it_said_as_the_last_it_said() -> None:
    assert "i live siden 02:00  robot klar" in plain_text(board.home_line(ALIVE, voice(), NOW))
    silent = plain_text(board.home_line({**SILENT, "robot": "ready"}, voice(), NOW))
    assert "UKENDT siden 02:13  sidst: robot klar" in silent
    days = {**SILENT, "since": to_text(NOW - minutes(3 * 24 * 60))}
    assert "30. okt. 03:00" in plain_text(board.home_line(days, voice(), NOW))


def test_homes_of_an_older_or_newer_on_call_are_shown_too() -> None:
    bare = {"home": "box-0001", "state": "alive", "since": to_text(NOW)}
    assert "robot" not in plain_text(board.home_line(bare, voice(), NOW))
    tested = {**ALIVE, "last_test": to_text(NOW - minutes(30)), "next_window": to_text(NOW + minutes(300))}
    line = plain_text(board.home_line(tested, voice(), NOW))
    assert "næste 08:00" in line
    assert "prøve 02:30" in line


def test_of_many_homes_the_troubled_ones_have_their_own_lines() -> None:
    homes = [{**ALIVE, "home": f"box-{n:04}"} for n in range(40)] + [
        SILENT,
        {**ALIVE, "home": "box-9", "robot": "faulted"},
    ]
    lines = board.homes_below(homes, voice(), NOW)
    assert len(lines) == 3
    assert "box-0002" in told(lines)
    assert "robot har fejl" in told(lines)
    assert "41 hjem i live" in told(lines)
    many = [{**SILENT, "home": f"box-{n}"} for n in range(9)]
    assert "6 flere skal ses til" in told(board.homes_below(many, voice(), NOW))


# --- the chosen one ---


@pytest.mark.parametrize("spoken", ["da", "en"])
def test_the_right_to_give_is_shown_as_confirmed_only_when_the_home_confirmed_it(spoken: Language) -> None:
    say = voice(spoken)
    confirmed = ("bekræftet: må give", "confirmed: may give")[spoken == "en"]
    may = (DANISH, ENGLISH)[spoken == "en"].step_confirmed_me
    for token in ("none", "asked", "confirmed"):
        shown = told(close_up(one(owner="Anna", token=token), say, NOW))
        assert (confirmed in shown) == (token == "confirmed")
        assert (may in shown) == (token == "confirmed")
    others = told(close_up(one(owner="Bo", token="confirmed"), say, NOW))
    assert may not in others
    given = decision(state="accepted", action="decide", verdict="given")
    settled = told(close_up(one(owner="Anna", token="confirmed", decision=given), say, NOW))
    assert may not in settled


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Tryk t"),
        ({"owner": "Anna", "token": "asked"}, "Giv intet i hånden"),
        ({"owner": "Anna"}, "Giv intet i hånden"),
        ({"owner": "Anna", "dose": ""}, "luk den med c"),
        ({"owner": "Bo"}, "Bo har den. Ring"),
        ({"owner": "Bo", "token": "confirmed"}, "Bo må give"),
        ({"owner": "Bo", "state": "handled"}, "behandlet"),
    ],
)
def test_the_one_thing_to_do_now_is_said_to_this_person(changes: dict[str, Any], words: str) -> None:
    assert words in next_step(one(**changes), voice())[0]


def test_the_chosen_one_says_why_what_to_do_and_what_not_to_do_and_how_it_came() -> None:
    step = {"revision": 1, "kind": "about_to_miss", "detail": "", "priority": "low", "state": "raised"}
    history = [{**step, "at": to_text(NOW - minutes(10))}]
    refused = decision(state="refused", reason="in_doubt", action="decide", verdict="given")
    shown = told(close_up(one(history=history, decision=refused, undelivered=True), voice(), NOW))
    for part in ("Hvorfor: låget er åbent", "Hvad er sket: ", "Se først efter: ", "Du kan: ", "PAS PÅ: "):
        assert part in shown
    assert "02:50 lav, Dosis venter endnu, ny" in shown
    assert "Anna afgør: givet i hånden - afvist: Ingen ved" in shown
    assert "ikke leveret" in shown


def test_what_changed_since_it_was_on_the_screen_is_named() -> None:
    seen = one(priority="medium")
    now = one(priority="high", owner="Bo", revision=2, state="acknowledged")
    text = differences(seen, now, voice())
    assert "HØJ (før mellem)" in text
    assert "Ejer Bo (før Ejer ingen)" in text
    assert differences(seen, seen, voice()) == ""


def test_rows_that_lack_or_add_something_are_no_reason_to_show_nothing() -> None:
    bare = {"incident": "a", "home": "h", "kind": "home_silent", "priority": "high", "origin": "oncall"}
    (read,) = read_incidents([bare])
    line = plain_text(board.line(read, voice(), NOW, 78))
    assert "vagten: Hjemmet er tavst" in line
    assert told(close_up(read, voice(), NOW))
    odd = row(dose=7, revision="x", raised="yesterday", history=["?"], decision="?", home="bo\x1b[2Jx")
    (read,) = read_incidents([odd, "nothing"])
    assert "\x1b" not in plain_text(board.line(read, voice(), NOW, 78))
