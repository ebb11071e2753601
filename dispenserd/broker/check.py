"""What in a broker's configuration endangers alarms: each finding with what it means and how to mend it.

Pure; it is handed the access lists. `sizes` says what so many homes need. The sentences say what was measured
or seen on a real mosquitto, never what is merely unusual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dispenserd.broker import access
from dispenserd.broker.reading import PER_LISTENER, BrokerSettings, Listener, truth
from dispenserd.broker.sizes import (
    FILES_SPARE,
    FILES_USUAL,
    PACKET_BYTES_NEEDED,
    QUEUE_NEEDED_PER_HOME,
    SESSION_EXPIRY_DAYS,
    sizes,
)

Result = Literal["right", "wrong", "unknown"]

QUEUED_DEFAULT = 1000
PACKET_BYTES_DEFAULT = 268_435_455
SHOWN_MAX = 3
"""Rights named in one sentence; a list that is wrong is mended as a whole."""
DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}


@dataclass(frozen=True, slots=True)
class Finding:
    setting: str
    result: Result
    found: str  # what stands there, or that nothing does
    meaning: str
    fix: str = ""  # "" = nothing to do


def findings(
    broker: BrokerSettings, lists: Mapping[str, str], files_limit: int | None, homes: int, oncall: str
) -> list[Finding]:
    """`lists`: path of an access list -> its text, where it could be read. `files_limit`: systemd's
    LimitNOFILE, None where nobody says one."""
    found = [
        *_queues(broker, homes),
        _memory(broker),
        _packet(broker),
        *_kept(broker),
        _scope(broker),
        *_doors(broker, lists, homes, oncall),
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


# --- doors ------------------------------------------------------------------------------------------


def _scope(broker: BrokerSettings) -> Finding:
    if broker.late_scope:
        return Finding(
            PER_LISTENER,
            "wrong",
            "below a setting that it governs",
            "mosquitto does not start with it there.",
            "Put it first in the file, or remove it.",
        )
    above = [key for key in ("acl_file", "password_file", "plugin") if key in broker.default.own]
    if broker.per_listener and above and broker.default not in broker.listeners:
        return Finding(
            PER_LISTENER,
            "wrong",
            f"true, and {', '.join(above)} above every listener",
            "What stands above the listeners then holds for none of them.",
            "per_listener_settings false, or repeat it below each listener",
        )
    return Finding(
        PER_LISTENER,
        "right",
        "true" if broker.per_listener else "false",
        "Each rule holds where it seems to.",
    )


def _doors(broker: BrokerSettings, lists: Mapping[str, str], homes: int, oncall: str) -> Iterator[Finding]:
    if not broker.listeners:
        yield Finding(
            "listener",
            "wrong",
            "none",
            "mosquitto then serves its own machine alone, and anybody on it: no home can connect.",
            "listener 8883, with certificates",
        )
    for door in broker.listeners:
        yield _anonymous(broker, door)
        yield _tls(broker, door)
        yield _identity(broker, door)
        yield _client_id(broker, door)
        yield _acl(broker, door, lists, oncall)
        yield from _room(broker, door, homes)


def _anonymous(broker: BrokerSettings, door: Listener) -> Finding:
    scope = door.own if broker.per_listener else broker.whole
    if truth(scope, "allow_anonymous"):
        return Finding(
            f"{door.name}: allow_anonymous",
            "wrong",
            "true",
            "Whoever reaches the port speaks and listens without a name.",
            "allow_anonymous false",
        )
    return Finding(f"{door.name}: allow_anonymous", "right", "false", "Nobody comes in without a name.")


def _tls(broker: BrokerSettings, door: Listener) -> Finding:
    name, version = f"{door.name}: TLS", door.own.get("tls_version", "tlsv1.2")
    if "certfile" in door.own and "keyfile" in door.own:
        if version not in ("tlsv1.2", "tlsv1.3"):
            return Finding(name, "wrong", version, "Older TLS can be broken into.", "tls_version tlsv1.2")
        return Finding(name, "right", f"from {version} on", "Nobody on the way reads or changes anything.")
    if door.is_local:
        return Finding(name, "right", "none", "Only processes of this machine reach it.")
    return Finding(
        name,
        "wrong",
        "none",
        "Passwords and what happens in homes cross the network in clear, and anybody can be the broker.",
        "certfile and keyfile below this listener",
    )


def _identity(broker: BrokerSettings, door: Listener) -> Finding:
    name = f"{door.name}: identity"
    by_certificate = truth(door.own, "use_identity_as_username")
    asked = truth(door.own, "require_certificate")
    if truth(door.own, "use_subject_as_username"):
        return Finding(
            name,
            "wrong",
            "use_subject_as_username",
            "A user is then a whole subject, as in CN=box-0001,O=..., and owns no topic: alarms are denied.",
            "use_identity_as_username true",
        )
    if by_certificate and asked:
        return Finding(name, "right", "certificate", "A home is who its certificate says.")
    if by_certificate:
        return Finding(
            name,
            "wrong",
            "use_identity_as_username without require_certificate",
            "The broker asks for no certificate and then lets nobody in who showed none: no home connects.",
            "require_certificate true",
        )
    if broker.of(door, "password_file") or _plugin(broker, door):
        return Finding(name, "right", "password", "A home is whose password it knows.")
    return Finding(
        name,
        "wrong",
        "require_certificate alone" if asked else "none",
        "The broker knows no names, so it can't tell one home from another.",
        "use_identity_as_username true" if asked else "require_certificate and use_identity_as_username true",
    )


def _client_id(broker: BrokerSettings, door: Listener) -> Finding:
    name = f"{door.name}: use_username_as_clientid"
    if truth(door.own, "use_username_as_clientid"):
        return Finding(name, "right", "true", "A session belongs to a name.")
    return Finding(
        name,
        "wrong",
        "false",
        "Any box can connect with the client id of on-call or another box: that one is cut off, and its "
        "session with what was queued is taken over.",
        "use_username_as_clientid true",
    )


def _acl(broker: BrokerSettings, door: Listener, lists: Mapping[str, str], oncall: str) -> Finding:
    name, path = f"{door.name}: acl_file", broker.of(door, "acl_file")
    if _plugin(broker, door):
        return Finding(
            name,
            "unknown",
            "a plugin decides",
            "What it allows can't be seen here.",
            "Look into the plugin's own rules.",
        )
    if path is None:
        return Finding(
            name,
            "wrong",
            "none",
            "Every box hears every home and speaks as any of them.",
            "acl_file, as `dispenserd broker-config` writes it",
        )
    if path not in lists:
        return Finding(
            name,
            "wrong",
            f"{path} can't be read",
            "Without its access list mosquitto does not start, or nobody may do anything.",
            "Correct the path; run this as a user who may read it.",
        )
    rules = access.parse(lists[path])
    wide = access.too_wide(rules, oncall, id_is_name=truth(door.own, "use_username_as_clientid"))
    if wide:
        return Finding(
            name,
            "wrong",
            f"too wide: {_shown(wide)}",
            "An account reaches topics that are not its own: it can read or speak as somebody else.",
            "The access list that `dispenserd broker-config` writes",
        )
    narrow = access.too_narrow(rules, oncall)
    if narrow:
        return Finding(
            name,
            "wrong",
            f"too narrow: not allowed: {_shown(narrow)}",
            "Alarms, receipts or decisions are denied by the broker.",
            f"The access list that `dispenserd broker-config` writes; on-call is taken to be {oncall}",
        )
    return Finding(name, "right", path, "Each home reaches its own topics, on-call its own direction.")


def _room(broker: BrokerSettings, door: Listener, homes: int) -> Iterator[Finding]:
    connections = door.own.get("max_connections", "-1")
    if connections.lstrip("-").isdigit() and 0 <= int(connections) <= homes:
        yield Finding(
            f"{door.name}: max_connections",
            "wrong",
            connections,
            f"{homes} homes and on-call do not fit.",
            f"max_connections {sizes(homes).connections}",
        )
    if door.own.get("max_qos", "2") == "0":
        yield Finding(
            f"{door.name}: max_qos",
            "wrong",
            "0",
            "An alarm is sent with QoS 1, which this listener refuses.",
            "Remove max_qos.",
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


def _plugin(broker: BrokerSettings, door: Listener) -> bool:
    return any(broker.of(door, key) for key in ("plugin", "auth_plugin"))


def _number(broker: BrokerSettings, key: str, default: int) -> int:
    word = broker.whole.get(key, "").split(" ")[0]
    return int(word) if word.isdigit() else default


def _said(settings: Mapping[str, str], key: str, default: str) -> str:
    return settings.get(key, f"not set: {default}")


def _days(duration: str) -> float | None:
    match = re.fullmatch(r"([0-9]+)([hdwmy])", duration)
    return int(match[1]) * DAYS[match[2]] if match else None


def _shown(rights: Sequence[access.Right]) -> str:
    more = f" and {len(rights) - SHOWN_MAX} more" if len(rights) > SHOWN_MAX else ""
    return ", ".join(map(str, rights[:SHOWN_MAX])) + more
