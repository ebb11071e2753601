"""Notices through Apprise, to a real HTTP endpoint and a real mail server, also to ones that fail."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dispenserd.clock import RatedClock, SystemClock
from dispenserd.oncall import database as db
from dispenserd.oncall import notices
from dispenserd.oncall.notices import is_address, send
from dispenserd.oncall.notifier import Notifier
from dispenserd.oncall.roster import Person, Roster
from dispenserd.oncall.steps import Notice
from dispenserd.oncall.wording import wording
from tests.support.endpoints import Endpoint, free_port, http_endpoint, mail_server
from tests.support.loops import beside
from tests.support.paper_home import BOX, DOSE, NOON, at, eventually
from tests.support.watched_office import ANNA, BO, MERETE, A, Office


def notice(**changes: object) -> Notice:
    fields: dict[str, object] = {
        "number": 7,
        "home": BOX,
        "incident": A,
        "step": 0,
        "kind": "dose_missed",
        "why": "raised",
        "priority": "medium",
        "person": ANNA.name,
        "deadline": at(30),
        "since": None,
        "attempts": 0,
    }
    return Notice(**(fields | changes))  # type: ignore[arg-type]


# --- what it says ---


def test_a_notice_says_home_priority_kind_and_deadline_in_the_persons_language() -> None:
    zone = Roster().zone
    assert wording(notice(), "en", zone) == (
        "MEDIUM: box-7",
        "box-7: dose missed (new). Take it by 13:30. Notice aaaaaaaa-7.",
    )
    assert wording(notice(why="overdue", priority="high"), "da", zone) == (
        "HØJ: box-7",
        "box-7: Dosis ikke taget (ingen har taget den). Tag den senest 13:30. Besked aaaaaaaa-7.",
    )


def test_a_silent_home_is_unknown_since_its_last_heartbeat_and_on_call_speaks_for_itself() -> None:
    zone = Roster().zone
    _, silent = wording(notice(kind="home_silent", since=at(-4)), "en", zone)
    assert "unknown since 02.11. 12:56" in silent
    title, _ = wording(notice(kind="nobody_on_call", home="", priority="high"), "da", zone)
    assert title == "HØJ: vagten"


def test_a_kind_nobody_gave_words_is_still_told() -> None:
    assert "new kind of fault" in wording(notice(kind="new_kind_of_fault"), "en", Roster().zone)[1]


# --- the way there ---


async def test_it_reaches_an_http_endpoint_and_a_mailbox() -> None:
    with http_endpoint() as endpoint, mail_server() as mailbox:
        sent = await send([endpoint.url(), mailbox.url()], "HØJ: box-7", "en dosis er ikke taget")
        assert (sent.results, sent.result) == (("ok", "ok"), "ok")
        assert endpoint.messages() == ["en dosis er ikke taget"]
        ((subject, text),) = mailbox.letters
        assert subject == "HØJ: box-7"
        assert "en dosis er ikke taget" in text


async def test_one_address_of_two_is_enough() -> None:
    with http_endpoint("refuses") as down, http_endpoint() as up:
        sent = await send([down.url(), up.url()], "t", "b")
        assert (sent.reached, sent.result) == (True, "ok_1_of_2")


@pytest.mark.parametrize("mood", ["refuses", "dies", "hangs", "dribbles"])
async def test_an_endpoint_in_any_mood_ends_in_time(mood: str) -> None:
    with http_endpoint(mood) as endpoint:  # type: ignore[arg-type]
        began = time.monotonic()
        sent = await send([endpoint.url()], "t", "b", timeout_s=1.0)
        assert not sent.reached
        assert sent.result == ("timeout" if mood in ("hangs", "dribbles") else "refused")
        assert time.monotonic() - began < 2.5


async def test_nobody_listens_and_a_mail_server_that_refuses() -> None:
    with mail_server() as mailbox:
        mailbox.refuses = True
        sent = await send([f"json://127.0.0.1:{free_port()}/", mailbox.url()], "t", "b")
        assert sent.results == ("refused", "refused")


async def test_threads_left_behind_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "STRAGGLERS_MAX", 2)
    with http_endpoint("hangs") as endpoint:
        sent = [await send([endpoint.url()], "t", "b", timeout_s=0.1) for _ in range(3)]
        assert [each.result for each in sent] == ["timeout", "timeout", "busy"]
        endpoint.closing.set()
        await eventually(lambda: not any(t.name == "notice" for t in threading.enumerate()), "gone")


async def test_an_address_that_hangs_costs_no_other_address_its_try() -> None:
    with http_endpoint("dribbles") as hung, http_endpoint() as up:
        tries = notices.STRAGGLERS_MAX * 4
        await asyncio.gather(*(send([hung.url()], "t", "b", timeout_s=0.2) for _ in range(tries)))
        assert (await send([hung.url()], "t", "b", timeout_s=0.2)).result == "busy"
        assert (await send([up.url()], "t", "b")).result == "ok"


async def test_where_a_gateway_of_many_hangs_another_one_is_tried_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notices, "STRAGGLERS_IN_ALL_MAX", 4)
    with http_endpoint("dribbles") as hung, http_endpoint() as up:
        people = [hung.url(str(number)) for number in range(4)]
        await send(people, "t", "b", timeout_s=0.2)
        assert (await send(people, "t", "b", timeout_s=0.2)).result == "busy"
        assert (await send([up.url()], "t", "b")).result == "ok"


async def test_no_thread_to_be_had_is_a_notice_that_failed_and_no_end_of_on_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with http_endpoint() as up:
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", refused)
            assert (await send([up.url()], "t", "b")).result == "busy"
        assert (await send([up.url()], "t", "b")).result == "ok"


async def test_many_notices_at_once_to_one_address_are_no_sign_that_it_hangs() -> None:
    with http_endpoint() as up:
        sent = await asyncio.gather(*(send([up.url()], "t", "b") for _ in range(notices.STRAGGLERS_MAX * 3)))
        assert {each.result for each in sent} == {"ok"}


def test_what_is_an_address() -> None:
    assert is_address("json://127.0.0.1/x")
    assert not is_address("nonsense://x")
    assert not is_address("Anna")


# --- journalled before and after ---


class Called:
    """An office whose people are reached at real endpoints."""

    def __init__(self, folder: Path, first: Endpoint, second: Endpoint) -> None:
        people = (replace(ANNA, notify=(first.url("anna"),)), replace(BO, notify=(second.url("bo"),)))
        self.roster = Roster(people, MERETE)
        self.path = folder / "o.db"
        self.clock = RatedClock(NOON, SystemClock().monotonic(), 1.0)
        self.office = Office(self.path, self.roster)
        self.office.heartbeat(100_000)

    def notifier(self) -> Notifier:
        return Notifier(self.office.database, self.roster, self.clock, 0.5, (0.05, 0.1))

    def states(self) -> list[tuple[str, str, str, int]]:
        (row,) = [row for row in self.office.rows(everything=True) if row["incident"] == A]
        return [(step["person"], step["state"], step["result"], step["attempts"]) for step in row["told"]]


async def test_a_step_is_told_once_and_its_result_is_kept(tmp_path: Path) -> None:
    with http_endpoint() as first, http_endpoint() as second:
        called = Called(tmp_path, first, second)
        called.office.incident()
        called.office.look(0)
        async with beside(called.notifier().run()):
            await eventually(lambda: called.states()[0][1] == "told", "told")
            await asyncio.sleep(0.3)
        async with beside(called.notifier().run()):  # a restart
            await asyncio.sleep(0.3)
        assert called.states() == [(ANNA.name, "told", "ok", 1)]
        (message,) = first.messages()
        assert DOSE not in message
        assert DOSE.split("/", 1)[0] not in message


@pytest.mark.parametrize("mood", ["refuses", "hangs"])
async def test_a_dead_endpoint_is_tried_again_and_then_the_next_person_is_told(
    tmp_path: Path, mood: str
) -> None:
    with http_endpoint(mood) as first, http_endpoint() as second:  # type: ignore[arg-type]
        called = Called(tmp_path, first, second)
        called.office.incident()
        called.office.look(0)
        async with beside(called.notifier().run()):
            await eventually(lambda: called.states()[0][1] == "failed", "given up")
            called.office.watch.look(called.clock.now())
            await eventually(lambda: second.messages() != [], "the next one is told")
        assert called.states()[0] == (ANNA.name, "failed", "timeout" if mood == "hangs" else "refused", 3)
        assert "a colleague could not be reached" in second.messages()[0]
        assert [row["detail"] for row in called.office.own("notice_failed")] == [ANNA.name]


async def test_a_notice_that_recovers_at_the_last_try_is_told(tmp_path: Path) -> None:
    with http_endpoint("refuses") as first, http_endpoint() as second:
        called = Called(tmp_path, first, second)
        called.office.incident()
        called.office.look(0)
        async with beside(called.notifier().run()):
            await eventually(lambda: first.tries >= 2, "two tries")
            first.mood = "takes"
            await eventually(lambda: called.states()[0][1] != "queued", "settled")
        assert called.states() == [(ANNA.name, "told", "ok", 3)]


async def test_one_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    with http_endpoint("hangs") as first, http_endpoint() as second:
        called = Called(tmp_path, first, second)
        called.office.incident()
        called.office.look(0)
        called.office.incident(incident="b" * 32)
        called.office.look(0)
        called.office.look(30)
        async with beside(called.notifier().run()):
            await eventually(lambda: len(second.messages()) == 2, "the others are told", within_s=2)


async def test_a_locked_database_delays_a_result_and_repeats_no_notice(tmp_path: Path) -> None:
    """The lock is held longer than anybody waits for it."""
    with http_endpoint() as first, http_endpoint() as second:
        called = Called(tmp_path, first, second)
        called.office.incident()
        called.office.look(0)
        busy = db.BUSY_TIMEOUT_MS
        db.BUSY_TIMEOUT_MS = 50
        try:
            async with beside(called.notifier().run()):
                await eventually(lambda: first.tries == 1 or called.states()[0][3] == 1, "begun")
                with db.Database(called.path).writing():
                    await asyncio.sleep(1.0)
                await eventually(lambda: called.states()[0][1] == "told", "told")
        finally:
            db.BUSY_TIMEOUT_MS = busy
        assert len(first.messages()) == 1


def test_an_address_is_not_shown_with_its_person() -> None:
    person = Person("Anna Prøve", "en", ("json://user:s3cret@h/",))
    assert "s3cret" not in repr(person) + repr(Roster((person,)))
