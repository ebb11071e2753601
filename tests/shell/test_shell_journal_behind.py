"""A home whose journal lost its end, on real parts: the encrypted file, robot, broker, on-call (rule 23).

A WAL that is gone after a kill is the main file alone, as it stood; a restored disk is an older copy of it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dispenserd.clock import SystemClock
from dispenserd.mqtt.session import BackOff, Broker
from dispenserd.oncall import database as db
from dispenserd.oncall.keys import SigningKey
from dispenserd.oncall.service import serve
from scheduler import events as ev
from simulator import script
from simulator.robot import Robot
from tests.support.oncall_by_hand import PRIVATE, PUBLIC
from tests.support.running_home import RunningHome, Wanted, running_home


def copied(home: RunningHome, to: str) -> Path:
    """The main file as it stands on the disk now: what a kill leaves of it if the WAL is deleted."""
    copy = home.folder / to
    shutil.copy(home.folder / "home.db", copy)
    return copy


async def back_to(home: RunningHome, copy: Path | None) -> None:
    """The box comes up with this file, or with none."""
    await home.stop_daemon()
    home.forget_journal()
    for file in home.folder.glob("home.db*"):
        file.unlink()
    if copy is not None:
        shutil.copy(copy, home.folder / "home.db")
    await home.start_daemon()


async def locked(home: RunningHome, detail: str) -> None:
    """It says so at on-call and on the terminal, and a press moves nothing."""
    await home.until(lambda: home.world.robot("SIM-0001").state == "ready", "caught up")
    await home.until(lambda: home.oncall.incidents("journal_behind"), "on-call hears of it")
    told = home.oncall.newest("journal_behind")
    assert (told.priority, told.detail) == ("high", detail)
    before, orders = list(home.moves), len(home.events(ev.OrderIssued))
    spent = len(home.events(ev.PressSpent))
    home.press()
    await home.until(lambda: len(home.events(ev.PressSpent)) > spent, "the press is answered")
    assert home.moves == before
    assert len(home.events(ev.OrderIssued)) == orders
    assert (await home.ask("status"))["journal_behind"]


@asynccontextmanager
async def real_oncall(home: RunningHome) -> AsyncIterator[db.Database]:
    """On-call's own service, beside the ear held by hand."""
    database = db.create(home.folder / "oncall.db")
    place = Broker(home.broker.host, home.broker.port)
    service = asyncio.create_task(
        serve(database, SigningKey(PRIVATE, PUBLIC), place, SystemClock(), back_off=BackOff(0.05, 0.2))
    )
    try:
        yield database
    finally:
        service.cancel()
        await asyncio.gather(service, return_exceptions=True)


def on_call_has(database: db.Database) -> list[str]:
    with database.reading() as connection:
        return [row.head for row in connection.execute(db.positions.select()).all()]


@pytest.mark.parametrize("lost", ["wal", "copy", "all"])
async def test_a_journal_without_its_end_releases_nothing_and_says_so(lost: str) -> None:
    """S1: the resident has had this dose; the file doesn't know it. The robot has kept the head."""
    async with running_home() as home:
        await home.offered()
        if lost == "copy":
            await home.restart_daemon()
        copy = copied(home, "older")
        await home.take_dose()
        await home.until(lambda: ("morning", "retrieved") in home.outcomes(), "retrieved")
        moved = list(home.moves)
        await back_to(home, None if lost == "all" else copy)
        await home.until(lambda: home.events(ev.JournalFoundBehind), "found")
        (found,) = home.events(ev.JournalFoundBehind)
        hello = home.journal()[home.journal().index(found) :]
        assert any(isinstance(event, ev.RobotIdentified) and event.host_head == found.head for event in hello)
        await locked(home, "robot_knows_newer_journal")
        assert home.moves == moved
        await home.restart_daemon()  # and stays so
        await locked(home, "robot_knows_newer_journal")
        assert len(home.events(ev.JournalFoundBehind)) == 1


async def test_what_on_call_alone_knows_locks_a_home_whose_robot_is_new() -> None:
    async with running_home() as home, real_oncall(home) as database:
        await home.offered()
        copy = copied(home, "older")
        home.do(script.ForeignLabel(at_ms=0, label="X-999"))
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "something was said")
        await home.until(lambda: not home.unanswered("incident"), "receipted")
        kept = on_call_has(database)
        await home.stop_daemon()
        await home.swap_robot(Robot, home.wanted.serial)
        await back_to(home, copy)
        await locked(home, "oncall_knows_newer_journal")
        assert home.events(ev.JournalFoundBehind)[0].head in kept


async def test_the_robot_keeps_the_head_also_after_what_people_did() -> None:
    """No log of a robot tells that staff have the right to give the dose: without this, a network that is
    down and a WAL that is lost would forget it unseen."""
    async with running_home() as home:
        await home.offered()
        home.do(script.ForeignLabel(at_ms=0, label="X-999"))
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call hears of it")
        await home.oncall.decide(home.oncall.take(home.oncall.newest("sachet_mismatch"), "Nora Nurse"))
        await home.until(lambda: home.events(ev.TokenPassed), "the token is hers")
        rows = list(home.rows())
        since = next(n for n, row in enumerate(rows) if row.kind == "TokenPassed")
        await home.until(
            lambda: home.memory.host_head.hex() in [row.hash for row in home.rows()][since:], "kept"
        )


@pytest.mark.parametrize("epoch", [1, 2])
async def test_a_robot_that_knows_another_journal_is_locked_until_a_person_looked(epoch: int) -> None:
    """Out of another home, or with our own head of a later epoch."""
    async with running_home(prepared=False) as home:
        home.memory.confirm(0, epoch, bytes.fromhex("ab" * 32))
        await home.start_daemon()
        await home.prepare()
        await locked(home, "robot_knows_newer_journal")
        found = home.events(ev.JournalFoundBehind)[0]
        assert (found.keeper, found.epoch, found.head) == ("robot", epoch, "ab" * 32)


async def test_restarts_and_a_new_robot_lock_nothing() -> None:
    async with running_home(Wanted(start="07:57")) as home, real_oncall(home):
        for _ in range(3):
            await home.restart_daemon()
        await home.until(lambda: not home.unanswered("incident"), "receipted")
        await home.stop_daemon()
        await home.swap_robot(Robot, home.wanted.serial)
        await home.start_daemon()
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 5, "caught up")
        assert home.events(ev.JournalFoundBehind) == []
        assert "journal_behind" not in dict(home.incidents())


async def test_a_person_at_on_call_ends_it_and_the_same_head_locks_no_more() -> None:
    async with running_home(Wanted(start="07:40")) as home:
        copy = copied(home, "older")
        await home.until(lambda: home.memory.host_head, "the robot keeps a head")
        await back_to(home, copy)
        await home.until(lambda: home.oncall.incidents("journal_behind"), "on-call hears of it")
        await home.until(lambda: home.world.clock.trusted, "the clock is trusted")
        told = home.oncall.newest("journal_behind")
        assert (told.epoch, (await home.ask("status"))["epoch"]) == (2, 2)
        await home.oncall.decide(home.oncall.take(told, "Ada Admin"))
        await home.until(lambda: home.oncall.newest("journal_behind").owner == "Ada Admin", "taken")
        await home.oncall.decide(home.oncall.close(home.oncall.newest("journal_behind"), "Ada Admin"))
        await home.until(lambda: not home.world.behind, "looked into")
        await home.restart_daemon()
        assert not home.world.behind
        assert (await home.ask("status"))["epoch"] == home.rows()[-1].epoch == 2
        await home.until(lambda: home.memory.host_epoch == 2, "the robot keeps the life that goes on")
