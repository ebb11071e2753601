"""What in a broker's configuration endangers alarms: each finding with what it means and how to mend it.

Pure; it is handed the access lists. Who may come in is looked at by `doors`; `sizes` says what so many homes
need. The sentences say what was measured or seen on a real mosquitto, never what is merely unusual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dispenserd.broker.doors import doors, scope
from dispenserd.broker.finding import Finding as Finding
from dispenserd.broker.reading import BrokerSettings, Version, dotted, truth
from dispenserd.broker.sizes import (
    FILES_SPARE,
    FILES_USUAL,
    PACKET_BYTES_NEEDED,
    QUEUE_NEEDED_PER_HOME,
    SESSION_EXPIRY_DAYS,
    sizes,
)

QUEUED_DEFAULT = 1000
PACKET_BYTES_DEFAULT = 268_435_455
"""What mosquitto does where nothing is said; the second is the largest packet that MQTT has."""
HOME_KEEPALIVE_S = 10
"""What homes and on-call ask for."""
CUTS_OFF_AT_MAX_KEEPALIVE = (2, 0, 21)
"""This version alone, Debian 13's: mosquitto's fault 3226."""
DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}


def findings(
    broker: BrokerSettings,
    lists: Mapping[str, str],
    files_limit: int | None,
    version: Version | None,
    homes: int,
    oncall: str,
) -> list[Finding]:
    """`lists`: path of an access list -> its text, where it could be read. `files_limit`: systemd's
    LimitNOFILE, None where nobody says one. `version`: the mosquitto's, None where there is none."""
    found = [
        *_queues(broker, homes),
        _memory(broker),
        _packet(broker),
        *_kept(broker),
        *_keepalive(broker, version),
        scope(broker, version),
        *doors(broker, lists, homes, oncall),
        _files(files_limit, homes),
    ]
    if broker.bridges:
        found.append(
            Finding(
                "connection",
                "unknown",
                f"{broker.bridges}",
                "A bridge carries topics to or from another broker, past these access lists.",
                "Look at the other broker as well, or remove the bridge.",
            )
        )
    return found


# --- queues and memory ------------------------------------------------------------------------------


def _queues(broker: BrokerSettings, homes: int) -> Iterator[Finding]:
    messages = _number(broker, "max_queued_messages", QUEUED_DEFAULT)
    needed, wanted = QUEUE_NEEDED_PER_HOME * homes, sizes(homes).queued_messages
    if 0 < messages < max(needed, QUEUED_DEFAULT + 1):
        yield Finding(
            "max_queued_messages",
            "wrong",
            _said(broker.whole, "max_queued_messages", str(QUEUED_DEFAULT)),
            "Beyond it mosquitto drops alarms and tells nobody: with 1000, 3 500 simultaneous alarms were "
            "acknowledged and 1 023 delivered.",
            f"max_queued_messages {wanted}",
        )
    else:
        unbounded = "nothing is dropped here" if messages == 0 else f"an alarm of each of {homes} homes fits"
        yield Finding("max_queued_messages", "right", str(messages), f"In a burst {unbounded}.")
    queued_bytes = _number(broker, "max_queued_bytes", 0)
    if 0 < queued_bytes < needed * PACKET_BYTES_NEEDED:
        yield Finding(
            "max_queued_bytes",
            "wrong",
            str(queued_bytes),
            "Whichever limit is reached first drops alarms silently, and this one is first.",
            "max_queued_bytes 0, with a memory_limit",
        )
    if truth(broker.whole, "queue_qos0_messages"):
        yield Finding(
            "queue_qos0_messages",
            "wrong",
            "true",
            "Heartbeats wait for an absent on-call and then say that a home is alive which is not.",
            "queue_qos0_messages false",
        )


def _memory(broker: BrokerSettings) -> Finding:
    limit = _number(broker, "memory_limit", 0)
    unbounded = limit == 0 and _number(broker, "max_queued_bytes", 0) == 0
    if unbounded and _number(broker, "max_queued_messages", QUEUED_DEFAULT) == 0:
        return Finding(
            "memory_limit",
            "wrong",
            "nothing bounds the queues",
            "An on-call that is away for days fills the memory until the system kills the broker, and every "
            "queue is lost at once.",
            "memory_limit, or a number in max_queued_messages far above the homes",
        )
    return Finding("memory_limit", "right", str(limit or "none"), "The queues have a bound.")


def _packet(broker: BrokerSettings) -> Finding:
    limits = {
        key: _number(broker, key, 0)
        for key in ("max_packet_size", "message_size_limit")
        if key in broker.whole
    }
    for key, limit in limits.items():
        if 0 < limit < PACKET_BYTES_NEEDED:
            return Finding(
                key,
                "wrong",
                str(limit),
                "An alarm may have 8 KiB; one that is longer than this cuts its home off, again and again.",
                "max_packet_size 65536",
            )
    if not any(limits.values()):
        return Finding(
            "max_packet_size",
            "wrong",
            f"not set: {PACKET_BYTES_DEFAULT} bytes",
            "One client that has gone wrong can fill the memory with a single message.",
            "max_packet_size 65536",
        )
    return Finding(
        "max_packet_size", "right", ", ".join(map(str, limits.values())), "Alarms fit, floods don't."
    )


# --- what is kept -----------------------------------------------------------------------------------


def _kept(broker: BrokerSettings) -> Iterator[Finding]:
    if truth(broker.whole, "persistence"):
        yield Finding("persistence", "right", "true", "Sessions and queues survive a regular restart.")
    else:
        yield Finding(
            "persistence",
            "wrong",
            _said(broker.whole, "persistence", "false"),
            "A restart forgets every session and whatever was queued: alarms and decisions come late, by "
            "being sent again.",
            "persistence true, with a persistence_location that the broker may write to",
        )
    expiry = broker.whole.get("persistent_client_expiration")
    days = _days(expiry) if expiry else None
    if expiry and days is None:
        yield Finding("persistent_client_expiration", "unknown", expiry, "This is no duration.", "14d")
    elif days is not None and days < SESSION_EXPIRY_DAYS:
        yield Finding(
            "persistent_client_expiration",
            "wrong",
            expiry or "",
            "A home that is offline for longer than this loses the decisions that wait for it; a roll lasts "
            f"{SESSION_EXPIRY_DAYS} days.",
            f"persistent_client_expiration {SESSION_EXPIRY_DAYS}d",
        )
    else:
        yield Finding(
            "persistent_client_expiration", "right", expiry or "never", "A session lives as long as a roll."
        )
    if not truth(broker.whole, "retain_available", default=True):
        yield Finding(
            "retain_available",
            "wrong",
            "false",
            "A home's status and its last will are retained messages: homes can't connect at all.",
            "retain_available true",
        )


def _keepalive(broker: BrokerSettings, version: Version | None) -> Iterator[Finding]:
    """Where homes have as much as is allowed, a broker may count that as too much."""
    most = _number(broker, "max_keepalive", 0)
    if not 0 < most <= HOME_KEEPALIVE_S or version not in (None, CUTS_OFF_AT_MAX_KEEPALIVE):
        return
    yield Finding(
        "max_keepalive",
        "unknown" if version is None else "wrong",
        str(most),
        f"mosquitto {dotted(CUTS_OFF_AT_MAX_KEEPALIVE)} cuts off, at any moment, a client that asks for this "
        f"or more, and homes ask for {HOME_KEEPALIVE_S}.",
        f"Remove max_keepalive, or more than {HOME_KEEPALIVE_S}",
    )


def _files(limit: int | None, homes: int) -> Finding:
    held = FILES_USUAL if limit is None else limit
    if held < homes + FILES_SPARE:
        return Finding(
            "LimitNOFILE",
            "wrong",
            "not set by systemd" if limit is None else str(limit),
            f"A connection is a file: with 1024 only 1 016 homes connect, and {homes} are to.",
            f"LimitNOFILE={sizes(homes).files} in a drop-in of mosquitto.service; `broker-config` writes one",
        )
    return Finding("LimitNOFILE", "right", str(held), f"{homes} homes can be connected at once.")


# --- values -----------------------------------------------------------------------------------------


def _number(broker: BrokerSettings, key: str, default: int) -> int:
    word = broker.whole.get(key, "").split(" ")[0]
    return int(word) if word.isdigit() else default


def _said(settings: Mapping[str, str], key: str, default: str) -> str:
    return settings.get(key, f"not set: {default}")


def _days(duration: str) -> float | None:
    match = re.fullmatch(r"([0-9]+)([hdwmy])", duration)
    return int(match[1]) * DAYS[match[2]] if match else None
