"""A home that can't start says why and touches nothing; one that runs answers every call, bad ones too."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from dispenserd import app
from dispenserd.config import load
from dispenserd.config_file import ConfigError
from dispenserd.control_call import CallError
from dispenserd.store.errors import StoreBroken, StoreKeyError
from protocol.wire import messages as m
from scheduler import events as ev
from simulator import script
from simulator.clock import Moment
from simulator.robot import Robot
from tests.support.home_papers import RESIDENT
from tests.support.running_home import RunningHome, Wanted, running_home

DOSE = f"{RESIDENT}/2026-11-02/morning/1"


class NotingRobot(Robot):
    """Counts how often a host greeted it."""

    greeted = 0

    def receive(self, message: m.Message, moment: Moment) -> list[m.Message]:
        self.greeted += isinstance(message, m.Hello)
        return super().receive(message, moment)


async def test_with_another_key_nothing_starts_and_with_the_right_one_nothing_is_lost() -> None:
    async with running_home(Wanted(robot=NotingRobot)) as home:
        await home.take_dose()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
        await home.until(lambda: home.filed(), "filed")
        await home.stop_daemon()
        rows, key = len(home.journal()), (home.folder / "key").read_bytes()
        (home.folder / "key").write_bytes(os.urandom(32))
        with pytest.raises(StoreKeyError):
            await home.start_daemon()
        assert len(home.journal()) == rows
        assert _greeted(home) == 1, "the robot was not even spoken to"
        assert not (home.folder / "control.sock").exists(), "nobody would answer on it"
        (home.folder / "key").write_bytes(key)
        await home.start_daemon()
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "back")
        assert (await home.ask("doses"))["doses"][0]["outcome"] == "retrieved"
        home.press()
        await home.until(lambda: home.events(ev.PressSpent), "the dose is had")
        assert len(home.moves) == 3


async def test_a_damaged_store_ends_the_start_and_the_robot_stays_locked() -> None:
    async with running_home(Wanted(robot=NotingRobot)) as home:
        await home.offered()
        home.close_journal()
        await home.stop_daemon()
        path = home.folder / "home.db"
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 0x40
        path.write_bytes(bytes(damaged))
        with pytest.raises(StoreBroken):
            await home.start_daemon()
        assert not (home.folder / "control.sock").exists(), "nobody would answer on it"
        home.press()
        assert _greeted(home) == 1, "the robot was not even spoken to"
        assert home.moves == []


def _greeted(home: RunningHome) -> int:
    assert isinstance(home.robot, NotingRobot)
    return home.robot.greeted


@pytest.mark.parametrize(
    ("name", "content", "mode"),
    [
        ("oncall.pub", "ab" * 31, 0o600),
        ("oncall.pub", "no key at all", 0o600),
        ("password", "box-password", 0o644),
        ("password", "two\nlines", 0o600),
    ],
    ids=["short key", "no key", "password for everybody", "password of two lines"],
)
async def test_a_peers_file_that_can_not_be_right_ends_the_start_before_the_store_is_made(
    name: str, content: str, mode: int
) -> None:
    """A home that starts with half a key would believe no receipt, and look well until the first alarm."""
    async with running_home(Wanted(password="box-password", robot=None), prepared=False) as home:
        (home.folder / name).write_text(content)
        (home.folder / name).chmod(mode)
        with pytest.raises(ConfigError):
            await app.run(load(home.write_configuration()), home.clock, None)
        assert not (home.folder / "home.db").exists()
        assert not (home.folder / "control.sock").exists()


# --- calls at the control socket ---------------------------------------------------------------------


async def test_every_view_of_a_running_home_has_its_published_fields() -> None:
    async with running_home() as home:
        await home.offered()
        status = await home.ask("status")
        published = {"box", "epoch", "head", "clock", "robot", "plan", "roll", "undelivered", "display"}
        assert published | {"incidents", "next_window", "loop_lag_ms"} <= set(status)
        assert 0 <= status["loop_lag_ms"]["newest"] <= status["loop_lag_ms"]["max"]
        assert status["clock"] == "trusted"
        assert status["robot"]["auth"] == "none", (
            "an unauthenticated line is shown (S6 is not in force on it)"
        )
        assert status["robot"]["status"]["mouth_label"] == "LBL-001"
        assert status["display"] == list(home.lines)
        doses = (await home.ask("doses"))["doses"]
        shown = {"dose", "date", "slot", "opens", "half", "closes", "stage", "outcome", "late", "by"}
        assert shown | {"revision", "token", "holder", "critical", "held"} <= set(doses[0])
        assert [dose["critical"] for dose in doses[:4]] == [False, False, False, True]
        assert "C07AB02" not in str(status) + str(doses), "ids and codes of ours, no drugs"
        roll = await home.ask("roll_show")
        assert (roll["production_id"], roll["in_robot"], roll["mouth"]) == ("ROLL-1", "ROLL-1", "LBL-001")
        assert len(roll["sachets"]) == roll["left"] == 20


BAD_CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no arguments": ("decide", {}, "bad_arguments"),
    "no such verdict": ("decide", {"verdict": "eaten"}, "bad_arguments"),
    "nobody": ("decide", {"by": "  "}, "bad_arguments"),
    "a name without end": ("decide", {"by": "x" * 81}, "bad_arguments"),
    "a name that is none": ("decide", {"by": ["Nora"]}, "bad_arguments"),
    "no reason": ("decide", {"reason": ""}, "bad_arguments"),
    "no manifest": ("roll_load", {"by": "Tove"}, "wrong_shape"),
    "no person": ("roll_load", {"by": ""}, "bad_arguments"),
}


async def test_a_call_that_makes_no_sense_is_refused_with_words_and_changes_nothing() -> None:
    async with running_home() as home:
        await home.offered()
        whole = {"dose": DOSE, "verdict": "discard", "by": "Nora Nurse", "reason": "seen"}
        rows = len(home.journal())
        for name, (call, change, code) in BAD_CALLS.items():
            if call == "decide":
                arguments = {**whole, **change} if change else {}
            else:
                arguments = {"manifest": home.manifest(), **change} if not change["by"] else change
            with pytest.raises(CallError) as refused:
                await home.ask(call, **arguments)
            assert refused.value.code == code, name
            assert refused.value.what and refused.value.meaning and refused.value.next_step, name
        told = home.journal()[rows:]
        changed = (ev.CommandAnswered, ev.DecisionMade, ev.OutcomeRecorded, ev.RollLoaded, ev.OrderIssued)
        assert [event for event in told if isinstance(event, changed)] == []
        assert await home.ask("decide", **{**whole, "dose": "no-such-dose"}) == {
            "accepted": False,
            "reason": "unknown_dose",
        }
        assert await home.ask("decide", **{**whole, "verdict": "given"}) == {
            "accepted": False,
            "reason": "no_token",
        }
        assert home.moves == []


# --- the fagsystem folder ----------------------------------------------------------------------------


async def test_outcomes_wait_for_a_folder_that_can_not_be_written_also_over_a_restart() -> None:
    async with running_home() as home:
        in_the_way = home.folder / "fag" / RESIDENT / "administrations"
        in_the_way.write_text("no folder")
        await home.take_dose()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
        assert len(home.unanswered("administration")) == 1
        await home.restart_daemon()
        assert len(home.unanswered("administration")) == 1
        in_the_way.unlink()
        home.do(script.Mains(at_ms=0, on=False, battery_percent=90))  # any commit: it looks again
        await home.until(lambda: not home.unanswered("administration"), "filed")
        (administration,) = home.filed()
        (row,) = home.events(ev.AdministrationFiled)
        assert administration["id"] == row.administration_id
        assert administration["status"] == "completed"


async def test_other_clock_times_need_two_persons_also_over_a_restart() -> None:
    async with running_home() as home:
        await home.offered()
        before = time.fromisoformat(home.wanted.clock_times["night"])
        await home.stop_daemon()
        changed = {**home.wanted.clock_times, "night": "23:45"}
        home.wanted = replace(home.wanted, clock_times=changed)
        home.write_configuration()
        await home.start_daemon()
        await home.until(lambda: home.events(ev.ClockTimesRefused), "refused")
        assert home.events(ev.ClockTimesRefused)[0].reason == "version_not_raised"
        assert [one.night for one in home.events(ev.ClockTimesAdopted)] == [before]
