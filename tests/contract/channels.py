"""How each MQTT topic of a home is used: who sends, at which QoS, retained or not, which payloads.

The one table behind the AsyncAPI document. A channel without an entry fails a test, and so does one whose
messages a real home sends otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from protocol.mqtt.topics import Channel

Side = Literal["home", "oncall"]


@dataclass(frozen=True, slots=True)
class Route:
    sender: Side
    qos: int
    retain: bool
    payloads: tuple[str, ...]  # by schema, as in `incident/1`
    words: str
    answered: tuple[Channel, str] | None = None  # by which channel and payload


ROUTES: Mapping[Channel, Route] = {
    Channel.STATUS: Route(
        "home",
        1,
        True,
        ("status/1",),
        "Whether the broker has the home. `offline` is the home's last will. Online is no sign of health: "
        "see the heartbeat.",
    ),
    Channel.HEARTBEAT: Route(
        "home",
        0,
        False,
        ("heartbeat/1",),
        "Where the home stands, at every connection and then at most 60 s apart, only while its store "
        "commits (rule 27). A late one is none, so it is sent at QoS 0. No heartbeat means unknown, never "
        "fine.",
    ),
    Channel.INCIDENT: Route(
        "home",
        1,
        False,
        ("incident/1", "answer/1"),
        "Each incident at each revision, and the answer to each command, again and again until on-call's "
        "signed receipt names it. The broker's acknowledgement proves nothing. Drop what you have seen, by "
        "`event_id`.",
        answered=(Channel.RECEIPT, "receipt/1"),
    ),
    Channel.RECEIPT: Route(
        "oncall",
        1,
        False,
        ("receipt/1",),
        "On-call has committed the message of this event. Only then does the home stop to say that nobody "
        "heard.",
    ),
    Channel.DECISION: Route(
        "oncall",
        1,
        False,
        ("decision/1",),
        "A named person takes or closes an incident, or decides about its dose. Sent again until the home's "
        "answer, always with the same `decision_id`; carried out once. Only an answer that is "
        "`accepted` counts.",
        answered=(Channel.INCIDENT, "answer/1"),
    ),
    Channel.POSITION: Route(
        "oncall",
        1,
        False,
        ("position/1",),
        "What on-call keeps of the home's journal, sent when the home connects: a home restored from an old "
        "copy learns that it is behind, and releases nothing (rule 23).",
    ),
    Channel.ASK: Route(
        "oncall",
        1,
        False,
        ("ask/1",),
        "On-call counts other open incidents than the heartbeat says: the home offers all of them once more "
        "(rule 27). At most once a minute.",
    ),
}
