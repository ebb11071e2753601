"""How large a broker must be for so many homes: numbers with their reasons, pure.

Written into the template by `template` and asked for by `check`, so both mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass

HOMES_MAX = 20_000
"""More than any municipality has; one mosquitto was measured with half of that."""

QUEUE_PER_HOME = 10
"""An alarm of every home at once, ten times over: an absent on-call is sent each again every 20 s. More would
only make it read old copies for longer when it comes back."""
QUEUE_MIN = 10_000
"""Small fleets get room for a bad day of theirs; it costs nothing until it is used."""
QUEUE_NEEDED_PER_HOME = 2
"""Below this alarms are lost in one burst: every home's alarm and, 20 s later, its copy."""

PACKET_BYTES_MAX = 64 * 1024
"""Eight times the longest payload, and what a session announces as its own limit."""
PACKET_BYTES_NEEDED = 16 * 1024
"""The longest payload has 8 KiB; topic and properties come on top."""

MEMORY_BASE_BYTES = 64 * 1024 * 1024
MEMORY_PER_HOME_BYTES = 128 * 1024
"""A connection takes 26 KiB, ten queued messages of the longest kind 80 KiB."""

FILES_SPARE = 256
"""Listener, database, log, and people who look."""
CONNECTIONS_PER_HOME = 2
"""After an outage a home is back before the broker has noticed that its old connection is dead."""
FILES_USUAL = 1024
"""What a service may open where nobody says otherwise: with it 1016 homes connect."""

SESSION_EXPIRY_DAYS = 14
"""As long as a roll lasts: a home may be offline until its last sachet (S9)."""


@dataclass(frozen=True, slots=True)
class Sizes:
    homes: int
    queued_messages: int
    memory_bytes: int
    connections: int
    files: int


def sizes(homes: int) -> Sizes:
    connections = CONNECTIONS_PER_HOME * homes + FILES_SPARE // 2
    return Sizes(
        homes=homes,
        queued_messages=max(QUEUE_MIN, QUEUE_PER_HOME * homes),
        memory_bytes=MEMORY_BASE_BYTES + MEMORY_PER_HOME_BYTES * homes,
        connections=connections,
        files=connections + FILES_SPARE // 2,
    )
