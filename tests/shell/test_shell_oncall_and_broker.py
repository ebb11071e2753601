"""The way to on-call gone wrong: a broker that won't have what a home says, decisions it must not obey."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from scheduler import events as ev
from simulator import script
from tests.support.home_papers import BOX
from tests.support.oncall_by_hand import FORGERS, LIFE_REAL
from tests.support.running_home import RunningHome, Wanted, running_home

ACCOUNTS = {"staff": "staff-password", BOX: "box-password"}
ACL = (
    f"user {BOX}\ntopic write dispenserd/1/{BOX}/#\ntopic read dispenserd/1/{BOX}/in/#\n"
    "user staff\ntopic readwrite #\n"
)
ACL_WITHOUT_INCIDENTS = ACL.replace(
    f"topic write dispenserd/1/{BOX}/#",
    f"topic write dispenserd/1/{BOX}/status\ntopic write dispenserd/1/{BOX}/heartbeat",
)
UNREACHED = "Vi kan ikke få fat i personalet."


async def test_a_broker_that_refuses_our_password_locks_nothing_and_everything_arrives_once_afterwards() -> (
    None
):
    """S9 and S4: the dose is given; that staff can't be reached stands below the prompt, never instead."""
    async with running_home(Wanted(accounts=ACCOUNTS, acl=ACL, password="wrong")) as home:
        await _held_sachet(home)
        await home.until(lambda: home.events(ev.IncidentUndelivered), "undelivered")
        assert home.events(ev.IncidentUndelivered)[0].reason == "no_receipt"
        prompt = "Vent på personalet."
        await home.until(lambda: UNREACHED in home.lines and home.lines[0] == prompt, "the robot says so")
        assert (await home.ask("status"))["undelivered"] >= 1
        assert home.oncall.said == []
        home.write_password(ACCOUNTS[BOX])
        await home.restart_daemon()
        await _delivered_once(home)


async def test_a_topic_that_the_broker_denies_is_undelivered_until_the_access_list_is_mended() -> None:
    wanted = Wanted(accounts=ACCOUNTS, acl=ACL_WITHOUT_INCIDENTS, password=ACCOUNTS[BOX])
    async with running_home(wanted) as home:
        await _held_sachet(home)
        await home.until(lambda: home.events(ev.IncidentUndelivered), "undelivered")
        await home.until(lambda: UNREACHED in home.lines, "the robot says so")
        assert home.oncall.said == []
        await home.stop_daemon()  # a new process doesn't wait out the pause after a refusal
        home.broker.restart(ACL)
        await home.start_daemon()
        await _delivered_once(home)


async def _held_sachet(home: RunningHome) -> None:
    home.do(script.ForeignLabel(at_ms=0, label="X-999"))
    await home.until(lambda: home.events(ev.DoseHeld), "held")


async def _delivered_once(home: RunningHome) -> None:
    """Every row is receipted, nothing was raised twice, and the robot's line about it is gone."""
    await home.until(lambda: home.oncall.said and not home.unanswered("incident"), "all arrived", 15.0)
    raised = [event.incident.incident_id for event in home.events(ev.IncidentRaised)]
    assert len(raised) == len(set(raised))
    assert {each.incident for each in home.oncall.incidents()} == set(raised)
    await home.until(lambda: UNREACHED not in home.lines, "the line is gone")
    assert all(not incident.undelivered for incident in home.world.incidents.values())


# --- decisions that nobody may obey ------------------------------------------------------------------


async def test_a_forged_take_is_refused_and_an_incident_and_moves_no_token() -> None:
    async with running_home() as home:
        await _held_sachet(home)
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call heard of it")
        forged = home.oncall.take(home.oncall.newest("sachet_mismatch"), "Mallory", private=FORGERS)
        await home.oncall.decide(forged)
        await home.until(lambda: home.oncall.incidents("command_refused"), "an incident")
        await _nothing_was_decided(home, "bad_signature")
        # A forgery uses up nothing: the genuine take of the same revision is carried out.
        await _take(home, "Nora Nurse")


async def test_a_receipt_of_a_forger_delivers_nothing() -> None:
    async with running_home() as home:
        home.oncall.receipts = False
        await _held_sachet(home)
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call heard of it")
        said = home.oncall.newest("sachet_mismatch")
        await home.oncall.receipt(said, private=FORGERS)
        await home.until(lambda: _answers(home, "bad_signature"), "refused at the door")
        assert (said.incident, said.revision) not in _delivered(home)
        await home.until(lambda: UNREACHED in home.lines, "still undelivered")
        home.oncall.receipts = True
        newest = home.oncall.newest("sachet_mismatch")
        await home.oncall.receipt(newest)
        await home.until(
            lambda: (newest.incident, newest.revision) in _delivered(home), "a genuine one counts"
        )


@pytest.mark.parametrize("reason", ["expired", "other_home", "other_epoch", "lives_too_long", "stale"])
async def test_a_genuine_decision_out_of_its_place_or_time_is_answered_and_not_obeyed(reason: str) -> None:
    async with running_home() as home:
        await _held_sachet(home)
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call heard of it")
        await home.until(lambda: not home.unanswered("incident"), "receipted")
        now, life = home.clock.now(), LIFE_REAL * home.wanted.rate
        changes: dict[str, dict[str, object]] = {
            "expired": {"issued": now - 2 * life, "expires": now - life},
            "other_home": {"home": "box-0002"},
            "other_epoch": {"epoch": 7},
            "lives_too_long": {"expires": now + timedelta(minutes=11) * home.wanted.rate},
            "stale": {"revision": 99},
        }
        raw = home.oncall.take(home.oncall.newest("sachet_mismatch"), "Nora Nurse", changes=changes[reason])
        await home.oncall.decide(raw)
        await home.until(lambda: _answers(home, reason), "answered")
        await _nothing_was_decided(home, reason)


async def test_a_decision_repeated_while_the_home_runs_and_after_its_restart_is_obeyed_once() -> None:
    """Rule 28: nonces outlive their command; the door forgets with the process, the engine does not."""
    async with running_home() as home:
        await _held_sachet(home)
        raw = await _take(home, "Nora Nurse")
        await home.oncall.decide(raw)
        await home.stop_daemon()
        await home.oncall.decide(raw)  # the broker keeps it for the home
        await home.start_daemon()
        await home.oncall.decide(raw)
        await _a_later_message_was_taken_in(home)
        assert len(home.events(ev.IncidentTaken)) == 1
        assert len(home.events(ev.TokenPassed)) == 1
        assert len(_answers(home, "done")) == 1


async def test_an_old_decision_replayed_after_its_life_is_refused_also_across_a_restart() -> None:
    async with running_home(Wanted(rate=120.0)) as home:
        await _held_sachet(home)
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call heard of it")
        soon = home.clock.now() + timedelta(seconds=1) * home.wanted.rate
        raw = home.oncall.take(home.oncall.newest("sachet_mismatch"), "Nora Nurse", changes={"expires": soon})
        await home.oncall.decide(raw)
        await home.until(lambda: home.events(ev.TokenPassed), "obeyed")
        await home.stop_daemon()
        await asyncio.sleep(max(0.0, (soon - home.clock.now()).total_seconds() / home.wanted.rate))
        await home.start_daemon()
        await home.oncall.decide(raw)
        await home.until(lambda: _answers(home, "expired"), "refused")
        assert len(home.events(ev.IncidentTaken)) == 1
        assert len(home.events(ev.TokenPassed)) == 1


async def test_bytes_that_are_no_decision_are_refused_and_the_next_one_comes_through() -> None:
    async with running_home() as home:
        await _held_sachet(home)
        for raw in (b"", b"\xff\xfe", b'{"schema": "dispenserd/decision/1"}', json.dumps([1] * 50).encode()):
            await home.oncall.decide(raw)
        await home.until(lambda: _answers(home, "unreadable"), "refused")
        await _take(home, "Nora Nurse")


async def _take(home: RunningHome, by: str) -> bytes:
    """A genuine take; the home obeys it and on-call hears its answer."""
    await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call heard of it")
    raw = home.oncall.take(home.oncall.newest("sachet_mismatch"), by)
    await home.oncall.decide(raw)
    await home.until(lambda: _answered(home, raw), "answered")
    answer = home.oncall.answer(str(json.loads(raw)["decision_id"]))
    assert answer is not None and (answer.accepted, answer.reason) == (True, "done")
    assert [event.to for event in home.events(ev.TokenPassed)] == [by]
    return raw


def _answered(home: RunningHome, raw: bytes) -> bool:
    return home.oncall.answer(str(json.loads(raw)["decision_id"])) is not None


def _answers(home: RunningHome, reason: str) -> list[ev.CommandAnswered]:
    return [event for event in home.events(ev.CommandAnswered) if event.reason == reason]


def _delivered(home: RunningHome) -> list[tuple[str, int]]:
    return [(event.incident_id, event.revision) for event in home.events(ev.IncidentDelivered)]


async def _nothing_was_decided(home: RunningHome, reason: str) -> None:
    assert _answers(home, reason)[0].accepted is False
    assert home.events(ev.IncidentTaken) == []
    assert home.events(ev.TokenPassed) == []
    assert home.moves == []
    mismatch = home.world.incident_about(f"dose:{home.events(ev.DoseHeld)[0].dose_id}")
    assert mismatch is not None and mismatch.owner == ""


async def _a_later_message_was_taken_in(home: RunningHome) -> None:
    """Messages come in order: once this one is answered, those before it were looked at."""
    await home.oncall.decide(b"marker")
    await home.until(lambda: _answers(home, "unreadable"), "the marker")
