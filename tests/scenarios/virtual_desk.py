"""On-call of a virtual play: the bottle's receiver, which keeps every revision, and what staff ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.mqtt.payloads import ClosePayload
from simulator.stage.evidence import Line
from tests.bottle.oncall import OnCall, Payload

ANSWER_LOOK_S = 1.0
ANSWER_TRIES = 900
"""A command lives ten minutes: then it has an answer, or never gets one."""


@dataclass
class Desk(OnCall):
    revisions: dict[str, dict[int, Payload]] = field(default_factory=dict)

    def _incident(self, payload: Payload) -> None:
        self.revisions.setdefault(payload["incident"], {})[payload["revision"]] = payload
        super()._incident(payload)

    def listed(self) -> list[Line]:
        """As `oncall list --all` has them."""
        return [
            {
                **{key: now[key] for key in ("incident", "kind", "priority", "state", "revision")},
                "owner": now["owner"],
                "resolution": now["resolution"],
                "history": [
                    {key: each[key] for key in ("revision", "kind", "priority", "state")}
                    for _, each in sorted(self.revisions[name].items())
                ],
            }
            for name, now in self.told.items()
        ]

    async def command(self, arguments: Sequence[str]) -> str:
        """`oncall take|close|decide INCIDENT ...`: why the home refused it, "" when it did not."""
        verb, incident, *rest = arguments
        said = {
            flag[2:]: value for flag, value in zip(rest, [*rest[1:], ""], strict=True) if flag[:2] == "--"
        }
        seen = self.told[incident]
        if verb == "take":
            asked = self.ask_take(seen, said["as"])
        elif verb == "close":
            what = {"action": "close", "resolution": said["resolution"]}
            asked = self._ask(ClosePayload, seen, said["as"], **what)
        else:
            asked = self.ask_decide(seen, said["by"], rest[0][2:].replace("-", "_"))
        for _ in range(ANSWER_TRIES):
            if asked in self.answers:
                answer = self.answers[asked]
                return "" if answer["accepted"] else str(answer["reason"])
            await asyncio.sleep(ANSWER_LOOK_S)
        return "no_answer"
