"""A scripted home of the hour: says incidents over a real broker until receipted, beats, answers takes.

It speaks real payloads over the product's own session, and keeps them in a dict instead of a journal.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispenserd.mqtt.session import BackOff, Broker, Message, Session
from protocol.mqtt import payloads as p
from protocol.mqtt.topics import Channel, topic

BEAT_S = 10.0
RESEND_S = 2.0
"""Sooner than a real home: the hour measures on-call, not how long a message may be lost."""


@dataclass
class Incident:
    name: str
    priority: str
    raised: datetime
    deadline: datetime
    state: str = "raised"
    owner: str = ""
    revision: int = 1
    receipted: int = 0
    answer: str = ""  # a decision that waits for our answer


@dataclass
class ScriptedHome:
    box: str
    broker: Broker
    now: Callable[[], datetime]
    silent: bool = False  # beats once, when it is told to
    may_beat: bool = False
    incidents: dict[str, Incident] = field(default_factory=dict)
    first_beat: datetime | None = None

    def __post_init__(self) -> None:
        inward = [(topic(self.box, channel), 1) for channel in (Channel.RECEIPT, Channel.DECISION)]
        self.session = Session(self.broker, self.box, inward, None, BackOff(0.05, 0.2))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.session.run())
            tasks.create_task(self._listen())
            tasks.create_task(self._beat())
            tasks.create_task(self._resend())

    async def raise_incident(self, priority: str, due_s: float) -> Incident:
        """Due in `due_s` seconds."""
        raised = self.now()
        name = hashlib.sha256(f"{self.box}/{len(self.incidents)}".encode()).hexdigest()[:32]
        self.incidents[name] = Incident(name, priority, raised, raised + timedelta(seconds=due_s))
        await self._say(self.incidents[name])
        return self.incidents[name]

    async def close(self, incident: Incident) -> None:
        incident.state = "closed"
        incident.revision += 1
        await self._say(incident)

    async def _say(self, incident: Incident) -> None:
        revision = f"{incident.name}/{incident.revision}"
        payload = p.IncidentPayload.model_validate(
            {
                "schema": p.INCIDENT,
                "home": self.box,
                "epoch": 1,
                "event_id": f"1-{hashlib.sha256(revision.encode()).hexdigest()}",
                "incident": incident.name,
                "revision": incident.revision,
                "subject": "robot",
                "dose": "",
                "kind": "robot_fault",
                "priority": incident.priority,
                "state": incident.state,
                "raised": incident.raised,
                "changed": self.now(),
                "deadline": incident.deadline,
                "owner": incident.owner,
                "holds_token": False,
                "resolution": "",
                "cleared": incident.state == "closed",
                "undelivered": False,
            }
        )
        await self.session.publish(Message(topic(self.box, Channel.INCIDENT), p.to_bytes(payload)))

    async def _resend(self) -> None:
        while True:
            await asyncio.sleep(RESEND_S)
            for incident in self.incidents.values():
                if incident.receipted < incident.revision:
                    await self._say(incident)
                if incident.answer:
                    await self._answer(incident)

    async def _answer(self, incident: Incident) -> None:
        payload = p.AnswerPayload(
            schema=p.ANSWER,
            home=self.box,
            epoch=1,
            event_id=f"1-{hashlib.sha256(incident.answer.encode()).hexdigest()}",
            command_id=incident.answer,
            accepted=True,
            reason="done",
            incident=incident.name,
        )
        await self.session.publish(Message(topic(self.box, Channel.INCIDENT), p.to_bytes(payload)))

    async def _listen(self) -> None:
        while True:
            arrived = await self.session.receive()
            with suppress(p.PayloadRefused):
                if arrived.topic.endswith(Channel.RECEIPT.value):
                    self._receipted(p.read_receipt(arrived.payload))
                else:
                    await self._decided(p.read_decision(arrived.payload))
            self.session.acknowledge(arrived)

    def _receipted(self, receipt: p.ReceiptPayload) -> None:
        for incident in self.incidents.values():
            if receipt.incident == incident.name:
                incident.receipted = max(incident.receipted, receipt.revision)
            if receipt.command_id and receipt.command_id == incident.answer:
                incident.answer = ""

    async def _decided(self, decision: p.DecisionPayload) -> None:
        assert isinstance(decision, p.IncidentDecision), "nobody here sets a mode"
        incident = self.incidents[decision.incident]
        if decision.action == "take" and incident.state == "raised":
            incident.owner, incident.state, incident.answer = (
                decision.by,
                "acknowledged",
                decision.decision_id,
            )
            incident.revision += 1
            await self._say(incident)
            await self._answer(incident)

    async def _beat(self) -> None:
        while True:
            if self.may_beat and self.session.state.connected and not (self.silent and self.first_beat):
                sent = self.session.send(Message(topic(self.box, Channel.HEARTBEAT), self._heartbeat()))
                self.first_beat = self.first_beat or (self.now() if sent else None)
            await asyncio.sleep(BEAT_S if self.first_beat else 0.2)

    def _heartbeat(self) -> bytes:
        open_ones = [each for each in self.incidents.values() if each.state != "closed"]
        lines = sorted(f"{each.name}:{each.revision}" for each in open_ones)
        return p.to_bytes(
            p.HeartbeatPayload(
                schema=p.HEARTBEAT,
                home=self.box,
                at=self.now(),
                epoch=1,
                head="0" * 64,
                clock="trusted",
                robot="ready",
                plan_version=1,
                next_window=None,
                window_open=self.silent,
                incidents=len(open_ones),
                digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            )
        )
