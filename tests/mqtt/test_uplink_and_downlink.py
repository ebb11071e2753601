"""A home's two directions against a real mosquitto and a hand-held on-call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispenserd.heartbeat import Heartbeat
from dispenserd.mqtt.downlink import REJECTS_MAX, CommandLife, Downlink
from dispenserd.mqtt.session import BackOff, Broker, Message, Session
from dispenserd.mqtt.translate import presence, row_message
from dispenserd.mqtt.uplink import Uplink
from protocol.mqtt import payloads as p
from protocol.mqtt.signatures import S, seal
from protocol.mqtt.topics import Channel, topic
from scheduler.commands import CloseIncident, DecideDose, RejectCommand, TakeIncident, TakeReceipt
from scheduler.events import IncidentPublished, IncidentUndelivered, Verdict
from scheduler.summary import Summary
from tests.support.broker import TestBroker
from tests.support.paper_home import BOX, DOSE, NOON, PaperHome, at, eventually, noon

PRIVATE = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
SOON = BackOff(first_s=0.05, longest_s=0.2)
LIFE = CommandLife(longest=timedelta(minutes=10), clocks_apart=timedelta(minutes=2))
ACCOUNTS = {"box-7": "box", "staff": "staff"}
ACL = (
    "user box-7\ntopic write dispenserd/1/box-7/#\ntopic read dispenserd/1/box-7/in/#\n"
    "user staff\ntopic readwrite dispenserd/#\n"
)
ACL_WITHOUT_INCIDENTS = ACL.replace("write dispenserd/1/box-7/#", "write dispenserd/1/box-7/status")


@dataclass
class Staff:
    """On-call's end, held by hand: it sees everything and answers only when told to."""

    session: Session
    heard: list[p.IncidentPayload | p.AnswerPayload]
    heartbeats: list[p.HeartbeatPayload]

    async def receipt(self, said: p.IncidentPayload | p.AnswerPayload) -> None:
        incident = isinstance(said, p.IncidentPayload)
        receipt = p.ReceiptPayload(
            schema=p.RECEIPT,
            home=said.home,
            event_id=said.event_id,
            incident=said.incident if incident else "",
            revision=said.revision if isinstance(said, p.IncidentPayload) else 0,
            command_id=said.command_id if isinstance(said, p.AnswerPayload) else "",
        )
        await self.say(Channel.RECEIPT, seal(receipt, PRIVATE))

    async def say(self, channel: Channel, payload: p.Payload | bytes) -> None:
        raw = payload if isinstance(payload, bytes) else p.to_bytes(payload)
        await self.session.publish(Message(topic(BOX, channel), raw))

    def revisions(self) -> list[tuple[str, int]]:
        return [
            (each.incident[:1], each.revision) for each in self.heard if isinstance(each, p.IncidentPayload)
        ]


@asynccontextmanager
async def a_home(
    broker: TestBroker, home: PaperHome, resend_s: float = 20.0, refusal_pause_s: float = 0.2
) -> AsyncIterator[Session]:
    place = Broker(broker.host, broker.port, "box-7", "box")
    session = Session(place, BOX, Downlink.subscriptions(BOX), presence(BOX, home.epoch), SOON)
    uplink = Uplink(home, session, BOX, noon, resend_s, refusal_pause_s)
    downlink = Downlink(home, session, BOX, PUBLIC, LIFE, noon)
    async with _tasks(session.run(), uplink.run(), downlink.run()):
        yield session


@asynccontextmanager
async def staff(broker: TestBroker) -> AsyncIterator[Staff]:
    place = Broker(broker.host, broker.port, "staff", "staff")
    session = Session(
        place, "staff", [("dispenserd/1/+/incident", 1), ("dispenserd/1/+/heartbeat", 0)], None, SOON
    )
    held = Staff(session, [], [])

    async def listen() -> None:
        while True:
            arrived = await session.receive()
            session.acknowledge(arrived)
            if arrived.topic.endswith("heartbeat"):
                held.heartbeats.append(p.read_heartbeat(arrived.payload))
            else:
                held.heard.append(p.read_incident_topic(arrived.payload))

    async with _tasks(session.run(), listen()):
        await eventually(lambda: session.state.connected, "staff connected")
        yield held


@asynccontextmanager
async def _tasks(*loops: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(loop) for loop in loops]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise end


def decision(kind: type[S], **changes: object) -> S:
    fields: dict[str, object] = {
        "schema": p.DECISION,
        "decision_id": "d1",
        "home": BOX,
        "epoch": 3,
        "incident": "a" * 32,
        "revision": 2,
        "by": "Bo Prøve",
        "issued": at(-1),
        "expires": at(9),
    }
    return seal(kind.model_validate({**fields, **changes}), PRIVATE)


def a_take(**changes: object) -> p.TakePayload:
    return decision(p.TakePayload, action="take", **changes)


# --- up ---------------------------------------------------------------------------------------------


async def test_a_row_is_answered_by_the_receipt_alone() -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home):
            await eventually(lambda: home.of(IncidentPublished) != [], "published")
            assert home.facts == [IncidentPublished(NOON, "a" * 32, 1)]
            assert len(home.rows) == 1  # the broker has it, and that proves nothing
            await eventually(lambda: len(held.heard) == 1, "heard")
            await held.receipt(held.heard[0])
            await eventually(lambda: home.rows == [], "answered")
            assert home.of(TakeReceipt) == [TakeReceipt("a" * 32, 1)]


async def test_rows_are_told_oldest_first_and_answers_among_them() -> None:
    home = PaperHome()
    for revision in range(1, 31):  # more than may be in flight
        home.raise_incident("a", revision)
    home.answer("d1", False, "stale", "a" * 32)
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home):
            await eventually(lambda: len(held.heard) == 31, "all heard")
            assert held.revisions() == [("a", revision) for revision in range(1, 31)]
            answer = held.heard[-1]
            assert isinstance(answer, p.AnswerPayload)
            assert (answer.command_id, answer.accepted, answer.reason) == ("d1", False, "stale")
            await held.receipt(answer)
            await eventually(lambda: TakeReceipt("answer/d1", 0) in home.facts, "answer receipted")
            await eventually(lambda: len(home.of(IncidentPublished)) == 30, "the broker has each")


async def test_without_a_receipt_a_row_is_sent_again_after_a_while_and_told_to_the_home_once() -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home, resend_s=0.3):
            await eventually(lambda: len(held.heard) >= 3, "sent again")
            assert len({each.event_id for each in held.heard}) == 1
            assert len(home.of(IncidentPublished)) == 1


async def test_an_on_call_that_comes_late_hears_of_it_soon() -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with a_home(broker, home, resend_s=2.0):
            await eventually(lambda: home.of(IncidentPublished) != [], "published to nobody")
            async with staff(broker) as held:
                await eventually(lambda: held.revisions() == [("a", 1)], "heard", within_s=1.5)


async def test_a_broker_killed_between_publish_and_receipt_is_told_again_when_it_is_back() -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home):
            await eventually(lambda: held.revisions() == [("a", 1)], "heard")
            broker.kill()
            home.raise_incident("a", 2)
            await asyncio.sleep(0.3)
            broker.start()
            await eventually(lambda: held.revisions() == [("a", 1), ("a", 1), ("a", 2)], "told again")


async def test_a_denied_topic_makes_a_row_undelivered_once_without_a_hot_loop_and_loses_nothing() -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker(ACCOUNTS, ACL_WITHOUT_INCIDENTS) as broker:
        async with a_home(broker, home, refusal_pause_s=0.4) as session:
            await eventually(lambda: home.of(IncidentUndelivered) != [], "undelivered")
            await asyncio.sleep(1.6)
            assert home.facts == [IncidentUndelivered(NOON, "a" * 32, 1, "refused")]
            assert broker.connections() <= 6  # 0.4 s, then 0.8 s between offers, and a reconnect after each
            assert session.state.connected  # in between it is up, for heartbeats
            broker.restart(acl=ACL)
            async with staff(broker) as held:
                await eventually(lambda: held.revisions() == [("a", 1)], "delivered after all", within_s=15)
            assert len(home.rows) == 1


async def test_a_refused_row_does_not_block_the_rows_behind_it() -> None:
    home = PaperHome()
    with TestBroker(ACCOUNTS, ACL) as broker:
        broker.restart(acl=ACL + "\nuser box-7\ntopic deny dispenserd/1/box-7/incident\n")
        async with a_home(broker, home, refusal_pause_s=30.0):
            home.raise_incident("a")
            await eventually(lambda: home.of(IncidentUndelivered) != [], "refused")
            broker.restart(acl=ACL)
            async with staff(broker) as held:
                home.raise_incident("b")
                await eventually(lambda: ("b", 1) in held.revisions(), "the row behind it")
                assert ("a", 1) not in held.revisions()


async def test_wrong_credentials_lose_nothing() -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker(ACCOUNTS | {"box-7": "another"}, ACL) as broker:
        async with a_home(broker, home) as session:
            await eventually(lambda: session.state.standing == "not_authorised", "not authorised")
            assert home.facts == []
            assert len(home.rows) == 1


async def test_a_strange_word_in_a_row_does_not_stop_the_alarm() -> None:
    home = PaperHome()
    home.raise_incident("a", kind="Ukendt ting!", owner="Bo Prøve" * 20, resolution="Ringet op")
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home):
            await eventually(lambda: len(held.heard) == 1, "heard")
            said = held.heard[0]
            assert isinstance(said, p.IncidentPayload)
            assert (said.kind, said.resolution, len(said.owner)) == ("other", "other", 80)


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ("", ""),
        (" ", ""),
        ("motor_stall", "motor_stall"),
        ("older_card Bundle.identifier", "older_card"),
        ("wrong_shape Bundle.entry[1]", "wrong_shape"),
        ("label_unknown LBL-003", "label_unknown"),
        ("unknown_drug\tN02BE01", "unknown_drug"),
        ("Bundle.entry[1]", "other"),
        ("bundle.entry", "other"),
        ("/dev/ttyUSB0", "other"),
        ("N02BE01", "other"),
        ("n02be01", "other"),
        ("lbl-003 label_unknown", "other"),
        ("0101901234", "other"),
        ("åben_låge", "other"),
        ("a" * 65, "other"),
    ],
)
def test_of_a_detail_only_its_code_word_leaves_the_house(detail: str, why: str) -> None:
    row = PaperHome().raise_incident("a", detail=detail)
    message = row_message(BOX, PaperHome().position, row)
    said = p.read_incident_topic(message.payload)
    assert isinstance(said, p.IncidentPayload)
    assert said.detail == why
    assert all(rest not in message.payload.decode() for rest in detail.split() if rest != why)


def test_on_call_refuses_a_detail_that_is_no_code_and_hears_a_home_that_sends_none() -> None:
    body = json.loads(
        row_message(BOX, PaperHome().position, PaperHome().raise_incident("a", detail="lid_open")).payload
    )
    for text in ("wrong_shape Bundle.entry[1]", "N02BE01", "/dev/ttyUSB0", None):
        with pytest.raises(p.PayloadRefused, match="detail"):
            p.read_incident_topic(json.dumps(body | {"detail": text}).encode())
    del body["detail"]
    said = p.read_incident_topic(json.dumps(body).encode())
    assert isinstance(said, p.IncidentPayload)
    assert said.detail == ""


def test_a_row_without_a_detail_is_told_all_the_same() -> None:
    for strange in (None, 7, ["older_card"]):
        said = p.read_incident_topic(
            row_message(BOX, PaperHome().position, PaperHome().raise_incident("a", detail=strange)).payload
        )
        assert isinstance(said, p.IncidentPayload)
        assert said.detail == ""


# --- down -------------------------------------------------------------------------------------------


async def test_genuine_decisions_become_commands() -> None:
    home = PaperHome()
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home) as session:
            await eventually(lambda: session.state.connected, "home connected")
            await held.say(Channel.DECISION, a_take())
            await held.say(
                Channel.DECISION,
                decision(p.ClosePayload, action="close", decision_id="d2", resolution="given_by_hand"),
            )
            decided = decision(
                p.DecidePayload,
                action="decide",
                decision_id="d3",
                dose=DOSE,
                verdict="given",
                reason="fra lager",
            )
            await held.say(Channel.DECISION, decided)
            await eventually(lambda: len(home.facts) == 3, "three commands")
            assert home.facts == [
                TakeIncident("d1", "a" * 32, 2, "Bo Prøve", at(9)),
                CloseIncident("d2", "a" * 32, 2, "Bo Prøve", "given_by_hand", at(9)),
                DecideDose("d3", DOSE, Verdict.GIVEN, "Bo Prøve", "fra lager", "oncall", "a" * 32, 2, at(9)),
            ]


async def test_the_same_decision_twice_is_one_command() -> None:
    home = PaperHome()
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home) as session:
            await eventually(lambda: session.state.connected, "home connected")
            for _ in range(3):
                await held.say(Channel.DECISION, a_take())
            await held.say(Channel.DECISION, a_take(decision_id="d2"))
            await eventually(lambda: len(home.of(TakeIncident)) >= 2, "the next one")
            assert [each.command_id for each in home.of(TakeIncident)] == ["d1", "d2"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (a_take().model_copy(update={"by": "Ib Falsk"}), "bad_signature"),
        (seal(a_take(), bytes(32)), "bad_signature"),
        (a_take().model_copy(update={"signature": ""}), "bad_signature"),
        (a_take(issued=at(-10), expires=at(0)), "expired"),
        (a_take(issued=at(-1), expires=at(9.1)), "lives_too_long"),
        (a_take(issued=at(2.1), expires=at(9)), "from_the_future"),
        (a_take(home="box-8"), "other_home"),
        (a_take(epoch=2), "other_epoch"),
        (a_take(epoch=4), "other_epoch"),
    ],
)
async def test_a_bad_decision_is_refused_at_the_door(bad: p.TakePayload, reason: str) -> None:
    home = PaperHome()
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home) as session:
            await eventually(lambda: session.state.connected, "home connected")
            await held.say(Channel.DECISION, bad)
            await eventually(lambda: home.facts != [], "an answer")
            (rejected,) = home.of(RejectCommand)
            assert rejected.reason == reason
            if reason in ("bad_signature", "expired"):
                assert rejected.command_id != "d1"  # a forger can't use up an id of ours


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"{}", b"[" * 5000, b"x" * 9000])
async def test_bytes_that_say_nothing_are_refused_and_the_next_decision_comes_through(raw: bytes) -> None:
    home = PaperHome()
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home) as session:
            await eventually(lambda: session.state.connected, "home connected")
            await held.say(Channel.DECISION, raw)
            await held.say(Channel.DECISION, a_take())
            await eventually(lambda: home.of(TakeIncident) != [], "the good one")
            assert [each.reason for each in home.of(RejectCommand)] == ["unreadable"]


async def test_a_flood_of_forgeries_is_journalled_up_to_a_bound() -> None:
    home = PaperHome()
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home) as session:
            await eventually(lambda: session.state.connected, "home connected")
            for number in range(REJECTS_MAX + 15):
                await held.say(Channel.DECISION, f"{number}".encode())
            await held.say(Channel.DECISION, a_take())
            await eventually(lambda: home.of(TakeIncident) != [], "the good one")
            assert len(home.of(RejectCommand)) == REJECTS_MAX
            assert len({each.command_id for each in home.of(RejectCommand)}) == REJECTS_MAX


async def test_a_receipt_counts_only_if_genuine_and_for_the_very_event() -> None:
    home = PaperHome()
    row = home.raise_incident("a")
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home):
            await eventually(lambda: len(held.heard) == 1, "heard")
            said = held.heard[0]
            assert isinstance(said, p.IncidentPayload)
            receipt = p.ReceiptPayload(
                schema=p.RECEIPT, home=BOX, event_id=row.event_id, incident=said.incident, revision=1
            )
            await held.say(Channel.RECEIPT, receipt)  # unsigned
            await held.say(Channel.RECEIPT, seal(receipt, bytes(32)))  # somebody else's
            await held.say(Channel.RECEIPT, seal(receipt.model_copy(update={"home": "box-8"}), PRIVATE))
            another = receipt.model_copy(update={"event_id": f"2-{1:064x}"})  # another life of the database
            await held.say(Channel.RECEIPT, seal(another, PRIVATE))
            await eventually(lambda: len(home.of(RejectCommand)) == 3, "three refused")
            await asyncio.sleep(0.2)
            assert home.of(TakeReceipt) == []
            await held.receipt(said)
            await eventually(lambda: home.rows == [], "answered")


# --- heartbeat --------------------------------------------------------------------------------------


def a_summary() -> Summary:
    return Summary("trusted", "ready", 4, at(60), False, 2, "e" * 64)


async def test_a_heartbeat_comes_at_the_connect_and_again_and_never_from_an_unhealthy_home() -> None:
    home = PaperHome()
    healthy = True
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with staff(broker) as held, a_home(broker, home) as session:
            beat = Heartbeat(home, session, BOX, noon, lambda: healthy, a_summary, every_s=0.2)
            async with _tasks(beat.run()):
                await eventually(lambda: len(held.heartbeats) >= 3, "three beats")
                said = held.heartbeats[0]
                assert (said.epoch, said.head, said.incidents, said.next_window) == (*home.head, 2, at(60))
                assert (said.clock, said.robot, said.plan_version, said.window_open) == (
                    "trusted",
                    "ready",
                    4,
                    False,
                )
                healthy = False
                await asyncio.sleep(0.1)
                count = len(held.heartbeats)
                await asyncio.sleep(0.6)
                assert len(held.heartbeats) == count


async def test_a_broker_that_denies_the_heartbeat_still_gets_every_incident() -> None:
    home = PaperHome()
    without_beats = ACL + "\nuser box-7\ntopic deny dispenserd/1/box-7/heartbeat\n"
    with TestBroker(ACCOUNTS, ACL) as broker:
        broker.restart(acl=without_beats)
        async with staff(broker) as held, a_home(broker, home) as session:
            beat = Heartbeat(home, session, BOX, noon, lambda: True, a_summary)
            async with _tasks(beat.run()):
                for number, name in enumerate("abc", start=1):
                    home.raise_incident(name)
                    await eventually(lambda n=number: len(held.revisions()) >= n, "delivered")  # type: ignore[misc]
                await asyncio.sleep(1.0)
                before = broker.connections()
                await asyncio.sleep(1.0)
                assert broker.connections() - before <= 2, "a hot loop of connections"
