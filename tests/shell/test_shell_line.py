"""The robot's line gone wrong while a home runs: another robot, noise, and the plug pulled at every state."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from protocol.wire import messages as m
from scheduler import events as ev
from simulator import script
from simulator.clock import Moment
from simulator.robot import Robot
from tests.support.running_home import RunningHome, Wanted, running_home


class NewerRobot(Robot):
    """Speaks a protocol that this home does not know."""

    def receive(self, message: m.Message, moment: Moment) -> list[m.Message]:
        replies = super().receive(message, moment)
        newer = m.PROTOCOL_VERSION + 1
        return [replace(each, protocol=newer) if isinstance(each, m.HelloReply) else each for each in replies]


@pytest.mark.parametrize(
    ("kind", "serial", "reason"),
    [
        (Robot, "SIM-0666", "wrong_serial"),
        (NewerRobot, "SIM-0001", "wrong_protocol"),
    ],
    ids=["serial", "protocol"],
)
async def test_another_robot_on_the_cable_is_ordered_nothing_and_the_open_dose_is_a_care_incident(
    kind: type[Robot], serial: str, reason: str
) -> None:
    async with running_home() as home:
        await home.offered()
        stranger = await home.swap_robot(kind, serial)
        await home.until(lambda: home.events(ev.RobotRejected), "rejected")
        assert [event.reason for event in home.events(ev.RobotRejected)] == [reason]
        home.press()
        await home.until(lambda: home.oncall.incidents("robot_refused"), "on-call heard of the robot")
        await home.until(lambda: home.oncall.incidents("robot_unreachable"), "on-call heard of the dose")
        care = home.oncall.newest("robot_unreachable")
        assert (care.subject, care.priority) == ("dose", "medium")
        await home.until(lambda: not home.unanswered("incident"), "all receipted")
        robot = (await home.ask("status"))["robot"]
        assert (robot["state"], robot["reason"]) == ("rejected", reason)
        assert home.events(ev.Pressed) == []
        assert home.events(ev.OrderIssued) == []
        assert list(stranger.trace) == []
        answer = await home.ask("roll_load", manifest=home.manifest(), by="Tove Tekniker")
        assert answer == {"accepted": False, "reason": "robot_unreachable"}


async def test_a_device_that_is_not_there_is_an_incident_and_the_robot_is_taken_when_it_comes() -> None:
    async with running_home(Wanted(robot=None, start="08:01"), prepared=False) as home:
        await home.start_daemon()
        await home.until(lambda: home.oncall.incidents("robot_unreachable"), "on-call heard of it")
        status = await home.ask("status")
        assert (status["robot"]["state"], status["robot"]["reason"]) == ("absent", "port_missing")
        home.wanted.robot = Robot
        await home.start_robot()
        await home.prepare()
        await home.take_dose()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
        incidents = home.world.incidents
        assert any(incident.kind is ev.Kind.ROBOT_UNREACHABLE for incident in incidents.values())
        await home.until(
            lambda: all(incident.cleared for incident in home.world.incidents.values()), "cleared by evidence"
        )
        await home.until(lambda: not home.unanswered("incident"), "all receipted")


async def test_noise_between_the_frames_of_a_release_changes_nothing() -> None:
    async with running_home(Wanted(start="07:58")) as home:
        await home.offered()

        def noise(line: dict[str, object]) -> None:
            if line["what"] == "motor" and line["turning"]:
                home.do(script.Garbage(at_ms=0, bytes=200))

        known = home.incidents()  # of a start on a slow machine, that the roll came late
        home.on_seen = noise
        home.do(script.Garbage(at_ms=0, bytes=700))
        await home.take_dose()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
        assert len(home.orders(ev.OrderKind.RELEASE)) == 1
        assert home.incidents() == known
        assert home.events(ev.RobotLost) == []


async def test_a_device_that_only_makes_noise_is_no_robot_and_an_incident() -> None:
    async with running_home(Wanted(robot=None, start="08:01"), prepared=False) as home, _noise(home):
        await home.start_daemon()
        await home.until(
            lambda: "no_answer" in [event.reason for event in home.events(ev.RobotLost)], "given up"
        )
        await home.until(lambda: home.oncall.incidents("robot_unreachable"), "on-call heard of it")
        assert home.events(ev.RobotIdentified) == []


@asynccontextmanager
async def _noise(home: RunningHome) -> AsyncIterator[None]:
    """A pseudo-terminal under the robot's name that writes random bytes at whoever listens."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    (home.folder / "robot").symlink_to(os.ttyname(slave))

    async def write() -> None:
        while True:
            with suppress(BlockingIOError):  # nobody listens yet
                os.write(master, os.urandom(64))
            await asyncio.sleep(0.02)

    writing = asyncio.create_task(write())
    try:
        yield
    finally:
        writing.cancel()
        os.close(slave)
        os.close(master)


# --- the plug, pulled at every state -----------------------------------------------------------------

OUT_S = 0.15
"""Real seconds without a cable: longer than any motion, shorter than the limit after which it alarms."""


@pytest.mark.parametrize("kind", ["release", "present"])
async def test_unplugged_while_the_motor_turns_the_log_proves_it_and_nothing_is_done_twice(kind: str) -> None:
    async with running_home() as home:
        await home.offered()
        pull = script.Unplug(at_ms=0, for_s=OUT_S * home.wanted.rate)
        _then(home, lambda line: line["what"] == "motor" and line["turning"] == kind, pull)
        home.press()
        await home.until(lambda: home.events(ev.RobotLost), "unplugged")
        assert home.stage() == {"release": "releasing", "present": "presenting"}[kind]
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "back")
        await _fetched(home)
        ends = {event.kind: event.result for event in home.events(ev.OrderEnded)}
        assert ends[ev.OrderKind(kind)] is ev.Result.DONE


async def test_unplugged_with_the_sachet_in_the_holding_place_a_press_presents_it_afterwards() -> None:
    async with running_home() as home:
        await home.offered()
        # Stays in the holding place: the lid opens when the release has ended, so nothing is presented.
        _then(home, lambda line: line["what"] == "moved" and line["to"] == "holding", script.OpenLid(0))
        home.press()
        await home.until(lambda: home.moves and home.stage() == "holding", "held in the robot")
        home.unplug(OUT_S)
        await home.until(lambda: home.events(ev.RobotLost), "unplugged")
        home.do(script.CloseLid(0))
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "back")
        await _fetched(home)


async def test_lifted_while_the_plug_was_out_is_retrieved_when_the_log_is_read() -> None:
    async with running_home() as home:
        await home.offered()
        home.press()
        await home.until(lambda: home.moves[-1:] == [("LBL-001", "holding", "tray")], "in the tray")
        await home.until(lambda: home.stage() == "in_tray", "the home knows")
        home.unplug(OUT_S)
        await home.until(lambda: home.events(ev.RobotLost), "unplugged")
        home.lift()
        lifted_at = home.clock.now()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
        (outcome,) = home.events(ev.OutcomeRecorded)
        assert abs((outcome.happened - lifted_at).total_seconds()) < home.wanted.rate, "when, by its log"
        _once_and_whole(home)


async def test_unplugged_before_anything_was_pressed_the_dose_is_offered_again() -> None:
    async with running_home() as home:
        await home.offered()
        home.unplug(OUT_S)
        await home.until(lambda: home.events(ev.RobotLost), "unplugged")
        home.press()  # nobody hears it; it must not count later
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "back")
        assert home.events(ev.Pressed) == []
        await _fetched(home)


async def test_unplugged_through_the_end_of_the_window_the_dose_has_one_outcome_and_its_log_corrects_it() -> (
    None
):
    """Rule 3: what can't be read is uncertain where a release went out, and the log only corrects it."""
    async with running_home(Wanted(window_min=10, rate=150.0, start="07:58")) as home:
        await home.offered()
        home.press()
        await home.until(lambda: home.stage() == "in_tray", "in the tray")
        home.unplug(5.5)  # past the closing, 4 s after the opening, and the second that it may be gone
        await home.until(lambda: home.outcomes() == [("morning", "uncertain")], "uncertain")
        await home.until(lambda: home.oncall.incidents("robot_unreachable"), "a care incident")
        home.lift()
        await home.until(lambda: home.outcomes()[-1] == ("morning", "retrieved"), "corrected")
        assert home.outcomes() == [("morning", "uncertain"), ("morning", "retrieved")]
        assert [event.revision for event in home.events(ev.OutcomeRecorded)] == [1, 2]
        _once_and_whole(home)
        await home.until(lambda: len(home.filed()) == 2, "both are at the fagsystem")


def _then(home: RunningHome, moment: Callable[[dict[str, object]], bool], act: script.Act) -> None:
    """Done once, at the first such moment."""

    def look(line: dict[str, object]) -> None:
        if moment(line):
            home.on_seen = lambda _: None
            home.do(act)

    home.on_seen = look


async def _fetched(home: RunningHome) -> None:
    """The resident gets the dose after all, with as many presses as it takes."""
    await home.until(lambda: home.stage() == "in_tray" or "Tryk på knappen." in home.lines, "asked again")
    if home.stage() != "in_tray":
        home.press()
        await home.until(lambda: home.stage() == "in_tray", "in the tray")
    home.lift()
    await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
    _once_and_whole(home)


def _once_and_whole(home: RunningHome) -> None:
    """S1 and S5: the sachet went its way once, and nobody was alarmed about a dose that was well."""
    assert [move[1:] for move in home.moves] == [
        ("magazine", "holding"),
        ("holding", "tray"),
        ("tray", "hands"),
    ]
    assert len(home.orders(ev.OrderKind.RELEASE)) == 1
