"""A home that is well: nothing but what every home of this version is told, and nothing of it changed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from dispenserd.doctor.finding import DEMO_CLASS, Result
from dispenserd.doctor.judge.unit import HARDENED, loosenings
from scheduler import events as ev
from tests.doctor.brokers import issued, with_tls
from tests.doctor.looking import MACHINE, examined, named, rewritten
from tests.support.authority import Authority
from tests.support.running_home import RunningHome, Wanted, running_home

DEMO_CLASSES = {"key", "robot_authentication"}
"""Of every home of this version; docs/doctor.md says so."""

REAL = ("demo = true", "demo = false")


async def with_a_receipt(home: RunningHome) -> None:
    """The plug is pulled for a moment: an incident, its receipt, and all is well again."""
    home.unplug(2.0)
    await home.until(lambda: home.events(ev.IncidentDelivered), "a receipt came")
    await home.until(
        lambda: all(incident.cleared for incident in home.world.incidents.values()), "cleared by evidence"
    )
    await home.until(lambda: not home.unanswered("incident"), "all receipted")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_real_home_that_is_well_is_told_its_demo_class_settings_and_nothing_else(
    tmp_path: Path, authority: Authority
) -> None:
    async with running_home(Wanted(rate=1.0, start="06:00"), prepared=False) as home:
        await home.start_daemon()
        await home.prepare()
        await with_a_receipt(home)
        with with_tls(*issued(authority, tmp_path)) as secured:
            tls = ("oncall_public_key_file", f'ca_file = "{authority.path}"\noncall_public_key_file')
            rewritten(home, REAL, tls, (f"port = {home.broker.port}", f"port = {secured.port}"))
            beside = await examined(home)
            await home.stop_daemon()
            alone = await examined(home)
    for found in (beside, alone):
        assert named(found, Result.WRONG) - MACHINE == DEMO_CLASSES
        assert all(found[name].facts[DEMO_CLASS] for name in DEMO_CLASSES)
    assert named(beside, Result.WARNING) - MACHINE == {"home"}, "it was rewritten under the running home"
    assert beside["home"].facts["older_configuration"]
    assert named(beside, Result.UNKNOWN) - MACHINE == set()
    assert named(alone, Result.WARNING) - MACHINE == {"home"}
    assert named(alone, Result.UNKNOWN) - MACHINE == {"engine"}
    assert beside["broker_session"].facts["of_the_home"]
    assert not alone["broker_session"].facts["of_the_home"]


async def test_a_demo_that_is_well_is_only_warned_of_the_same_settings() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        found = await examined(home)
    assert named(found, Result.WRONG) - MACHINE == set()
    assert {"demo", *DEMO_CLASSES, "broker_encryption"} <= named(found, Result.WARNING)


async def test_ten_runs_beside_a_home_change_nothing_in_its_journal_nor_in_its_session_with_the_robot() -> (
    None
):
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        await asyncio.sleep(0.5)
        before = await home.ask("status")
        connections, rows = home.broker.connections(), len(home.rows())
        for _ in range(10):
            await examined(home)
        after = await home.ask("status")
        sessions = (await home.ask("vitals"))["line"]["sessions"]
        assert (before["head"], rows) == (after["head"], len(home.rows()))
        assert sessions == 1
        assert home.broker.connections() == connections
        assert len(home.events(ev.RobotIdentified)) == 1


async def test_without_a_home_nothing_is_ordered_and_robot_journal_and_broker_stay_as_they_were() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        await home.stop_daemon()
        await home.until(lambda: b'"offline"' in home.oncall.raw[-1].payload, "its last word is heard")
        head, log = home.rows()[-1].hash, len(home.memory.log)
        heard = len(home.oncall.raw)
        found = await examined(home)
        assert found["robot_identity"].result is Result.OK
        assert (home.rows()[-1].hash, len(home.memory.log)) == (head, log)
        assert home.moves == []
        assert len(home.oncall.raw) == heard
        await home.start_daemon()
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "caught up again")


async def test_a_decision_that_waits_at_the_broker_still_reaches_the_home_after_the_doctor_was_there() -> (
    None
):
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        home.unplug(2.0)
        await home.until(lambda: home.oncall.incidents("robot_unreachable"), "on-call heard of the robot")
        await home.until(lambda: not home.unanswered("incident"), "receipted")
        await home.until(lambda: home.world.robot("SIM-0001").state.value == "ready", "plugged in")
        await home.stop_daemon()
        await home.oncall.decide(home.oncall.take(home.oncall.newest("robot_unreachable"), "Berit Beredskab"))
        assert (await examined(home, "configuration", "home", "broker_reach", "broker_session"))[
            "broker_session"
        ].result is Result.OK
        await home.start_daemon()
        await home.until(lambda: home.events(ev.CommandAnswered), "the decision came in")


async def test_every_finding_is_json_without_the_key_the_person_or_a_label() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        key = (home.folder / "key").read_bytes().hex()
        found = await examined(home)
        shown = json.dumps({name: [each.what, dict(each.facts)] for name, each in found.items()})
    for secret in (key, "invented-4711", "LBL-", "ROLL-1", "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64", "C07AB02"):
        assert secret not in shown, secret


def test_the_shipped_unit_is_as_hardened_as_the_doctor_wants_it() -> None:
    text = (Path(__file__).resolve().parents[2] / "systemd" / "dispenserd.service").read_text()
    assert list(loosenings([text])) == []
    assert len(HARDENED) > 20
