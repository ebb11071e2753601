"""Seeded faults in plan, roll and the way to on-call, and what the doctor says of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from dispenserd.clock import SystemClock
from dispenserd.doctor.finding import Result
from dispenserd.mqtt.downlink import Downlink
from scheduler import events as ev
from tests.doctor.brokers import issued, that_lets_nobody_subscribe, with_tls
from tests.doctor.looking import BROKER, Findings, examined, findings, rewritten
from tests.support.authority import STRICT, Authority
from tests.support.broker import TestBroker
from tests.support.home_papers import BOX, DAY, Json, card
from tests.support.running_home import RunningHome, Wanted, running_home

QUIET = Wanted(rate=1.0, start="06:00")
NO_ROBOT = replace(QUIET, robot=None)
MEDICINE = ("configuration", "home", "key", "store_file", "journal_chain", "robot_port", "plan", "roll")


def ending(days: int, version: int = 1) -> Json:
    """A card whose last day is so many days from the first."""
    bundle = card(version)
    for entry in bundle["entry"][1:]:
        [dosage] = entry["resource"]["dosageInstruction"]
        dosage["timing"]["repeat"]["boundsPeriod"]["end"] = (DAY + timedelta(days=days)).isoformat()
    return bundle


@pytest.mark.parametrize(
    ("days", "result", "hours"),
    [(0, Result.WRONG, 17), (1, Result.WARNING, 41), (2, Result.WARNING, 65), (3, Result.OK, 89)],
)
async def test_a_plan_that_ends_soon_is_told_by_the_hours_left(days: int, result: Result, hours: int) -> None:
    async with running_home(QUIET, prepared=False) as home:
        home.put_plan(ending(days))
        await home.start_daemon()
        await home.until(lambda: home.events(ev.PlanAccepted), "accepted")
        beside = (await examined(home, *MEDICINE))["plan"]
        await home.stop_daemon()
        alone = (await examined(home, *MEDICINE))["plan"]
    for found in (beside, alone):
        assert found.result is result
        assert found.facts["hours_left"] == hours


async def test_a_plan_in_which_only_one_prescription_ends_has_no_end() -> None:
    bundle = ending(0)
    [open_ended] = bundle["entry"][-1]["resource"]["dosageInstruction"]
    del open_ended["timing"]["repeat"]["boundsPeriod"]["end"]
    async with running_home(NO_ROBOT, prepared=False) as home:
        home.put_plan(bundle)
        await home.start_daemon()
        await home.until(lambda: home.events(ev.PlanAccepted), "accepted")
        found = (await examined(home, *MEDICINE))["plan"]
        assert (found.result, found.facts["hours_left"]) == (Result.OK, None)


async def test_a_refused_card_is_wrong_whether_the_home_or_the_doctor_reads_it() -> None:
    async with running_home(NO_ROBOT, prepared=False) as home:
        await home.start_daemon()
        await home.until(lambda: home.events(ev.PlanAccepted), "accepted")
        home.put_plan(card(2, person="somebody-else"))
        await home.until(lambda: home.events(ev.PlanRefused), "refused")
        assert (await examined(home, *MEDICINE))["plan"].result is Result.WRONG
        home.put_plan(card(2))
        await home.until(lambda: len(home.events(ev.PlanAccepted)) == 2, "accepted")
        assert (await examined(home, *MEDICINE))["plan"].result is Result.OK
        await home.stop_daemon()
        home.put_plan("{")
        found = (await examined(home, *MEDICINE))["plan"]
        assert found.result is Result.WRONG
        assert found.facts["refused"].startswith("json_broken")
        home.put_plan(card(3))
        found = (await examined(home, *MEDICINE))["plan"]
        assert found.result is Result.WARNING
        assert found.facts["folder"]["card_version"] == 3


async def test_a_home_without_a_plan_is_wrong() -> None:
    async with running_home(NO_ROBOT, prepared=False) as home:
        (next((home.folder / "fag").iterdir()) / "plan.json").unlink()
        await home.start_daemon()
        assert (await examined(home, *MEDICINE))["plan"].result is Result.WRONG


async def test_an_empty_roll_with_a_dose_due_within_12_h_is_wrong() -> None:
    async with running_home(QUIET) as home:
        home.robot.load("ROLL-1", [], home._robot_clock.now())
        await home.stop_daemon()
        found = (await examined(home, *MEDICINE))["roll"]
        assert (found.result, found.facts["left"]) == (Result.WRONG, 0)
        assert "12 h" in found.what


async def test_a_roll_that_nobody_loaded_and_one_that_is_not_the_loaded_one_are_wrong() -> None:
    async with running_home(QUIET, prepared=False) as home:
        await home.start_daemon()
        await home.until(lambda: home.events(ev.RobotCaughtUp) and home.events(ev.DosePlanned), "planned")
        found = (await examined(home, *MEDICINE))["roll"]
        assert (found.result, found.facts["loaded"]) == (Result.WRONG, False)
        assert (await home.ask("roll_load", manifest=home.manifest(), by="Tove Tekniker"))["accepted"]
        assert (await examined(home, *MEDICINE))["roll"].result is Result.OK
        home.mechanics.production_id = "ROLL-9"
        await home.stop_daemon()
        found = (await examined(home, *MEDICINE))["roll"]
        assert (found.result, found.facts["matches"]) == (Result.WRONG, False)


# --- the way to on-call ---


@asynccontextmanager
async def beside(broker: TestBroker, *changes: tuple[str, str]) -> AsyncIterator[RunningHome]:
    """A home's files that name this broker; no home runs."""
    async with running_home(NO_ROBOT, prepared=False) as home:
        with broker:
            rewritten(home, (f"port = {home.broker.port}", f"port = {broker.port}"), *changes)
            yield home


async def looked(home: RunningHome) -> Findings:
    return await examined(home, *BROKER)


def signed_by(authority: Authority) -> tuple[str, str]:
    return ("oncall_public_key_file", f'ca_file = "{authority.path}"\noncall_public_key_file')


async def test_a_broker_that_is_down_and_a_name_that_leads_nowhere_are_wrong() -> None:
    broker = TestBroker()
    async with beside(broker) as home:
        assert (await looked(home))["broker_reach"].result is Result.OK
        broker.kill()
        found = await looked(home)
        assert found["broker_reach"].result is Result.WRONG
        assert found["broker_reach"].facts["failed_at"] == "connect"
        assert found["broker_session"].result is Result.UNKNOWN
        rewritten(home, ('host = "127.0.0.1"', 'host = "broker.invalid"'))
        found = await looked(home)
        assert found["broker_reach"].facts["failed_at"] == "resolve"


async def test_a_certificate_of_another_authority_is_wrong(tmp_path: Path) -> None:
    true, false = Authority(tmp_path, "True authority"), Authority(tmp_path, "False authority")
    async with beside(with_tls(*issued(false, tmp_path)), signed_by(true)) as home:
        found = await looked(home)
        assert found["broker_encryption"].result is Result.WRONG
        assert "issuer" in found["broker_encryption"].facts["reason"]
        assert found["broker_session"].result is Result.UNKNOWN


async def test_a_certificate_for_another_name_is_wrong(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with beside(with_tls(*issued(authority, tmp_path, "127.0.0.9")), signed_by(authority)) as home:
        found = await looked(home)
        assert found["broker_encryption"].result is Result.WRONG
        assert "match" in found["broker_encryption"].facts["reason"]


async def test_a_certificate_that_is_not_made_as_it_must_be_is_told_by_what_is_missing(
    tmp_path: Path,
) -> None:
    authority, plain_ca = Authority(tmp_path), Authority(tmp_path, "plain", names_its_key=False)
    of_a_client = issued(authority, tmp_path, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    async with beside(with_tls(*of_a_client), signed_by(authority)) as home:
        found = (await looked(home))["broker_encryption"]
        assert found.result is Result.WRONG
        assert "purpose" in found.what
        assert "docs/broker.md" in found.next_step
    async with beside(with_tls(*issued(plain_ca, tmp_path)), signed_by(plain_ca)) as home:
        found = (await looked(home))["broker_encryption"]
        assert found.result is (Result.WRONG if STRICT else Result.OK)
        assert ("Authority Key Identifier" in found.what) is STRICT


async def test_a_certificate_that_ended_is_wrong_and_one_that_ends_soon_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with beside(with_tls(*issued(authority, tmp_path, days=-1)), signed_by(authority)) as home:
        found = await looked(home)
        assert found["broker_encryption"].result is Result.WRONG
        assert "expired" in found["broker_encryption"].facts["reason"]
    async with beside(with_tls(*issued(authority, tmp_path, days=20)), signed_by(authority)) as home:
        found = await asyncio.to_thread(findings, home.folder / "home.toml", SystemClock(), BROKER)
        assert found["broker_encryption"].result is Result.OK
        assert found["broker_session"].result is Result.OK
        assert found["certificates"].result is Result.WARNING
        assert "broker's own" in found["certificates"].what


async def test_an_authority_file_that_holds_no_certificate_is_wrong_and_ends_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with beside(with_tls(*issued(authority, tmp_path)), signed_by(authority)) as home:
        authority.path.write_text("no certificate")
        found = await looked(home)
        assert found["broker_encryption"].result is Result.WRONG
        assert found["certificates"].result is Result.WRONG
        assert "ca_file" in found["certificates"].facts["unreadable"]


@pytest.mark.parametrize(("password", "result"), [("right", Result.OK), ("false", Result.WRONG)])
async def test_a_wrong_password_is_wrong_with_the_brokers_reason(password: str, result: Result) -> None:
    account = (
        'oncall_public_key_file = "oncall.pub"',
        f'oncall_public_key_file = "oncall.pub"\nusername = "{BOX}"\npassword_file = "password"',
    )
    async with beside(TestBroker({BOX: "right"}), account) as home:
        home.write_password(password)
        found = await looked(home)
        assert found["broker_session"].result is result
        if password == "false":
            assert found["broker_session"].facts["standing"] == "not_authorised"
            assert "password" in found["broker_session"].next_step


async def test_a_broker_that_denies_the_subscription_is_wrong(tmp_path: Path) -> None:
    async with beside(that_lets_nobody_subscribe(tmp_path)) as home:
        found = await looked(home)
        assert found["broker_session"].result is Result.WRONG
        assert len(found["broker_session"].facts["refused_topics"]) == len(Downlink.subscriptions("box-0001"))


async def test_an_access_list_that_keeps_receipts_back_shows_in_the_receipts_it_costs() -> None:
    """mosquitto's own list grants any subscription and then hands nothing over: no session can show it."""
    acl = f"user {BOX}\ntopic write dispenserd/1/{BOX}/#\nuser oncall\ntopic readwrite #\n"
    accounts = {"oncall": "right", BOX: "right"}
    wanted = replace(NO_ROBOT, accounts=accounts, password="right", acl=acl, start="07:55")
    async with running_home(wanted, prepared=False) as home:
        await home.start_daemon()
        await home.until(lambda: home.events(ev.IncidentUndelivered), "nobody receipts")
        found = await examined(home, *BROKER, "key", "store_file", "journal_chain", "receipt")
        assert found["broker_session"].result is Result.OK
        assert "only a receipt proves" in found["broker_session"].meaning
        assert found["receipt"].result is Result.WRONG
        assert found["receipt"].facts["undelivered"] >= 1


async def test_beside_a_home_its_own_session_is_the_evidence() -> None:
    async with running_home(NO_ROBOT, prepared=False) as home:
        await home.start_daemon()
        home.broker.kill()
        await home.until(lambda: not home.oncall.session.state.connected, "the broker is gone")
        found = await looked(home)
        assert found["broker_session"].result is Result.WRONG
        assert found["broker_session"].facts["of_the_home"]
        assert found["broker_session"].facts["standing"] in ("lost", "unreachable")
