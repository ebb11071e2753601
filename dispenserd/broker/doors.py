"""Who may come in at a broker's listeners, and what they may do there: findings of `check`. Pure.

Each listener is looked at by itself, because mosquitto lets each have rules of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dispenserd.broker import access
from dispenserd.broker.finding import Finding
from dispenserd.broker.reading import PER_LISTENER, BrokerSettings, Listener, Version, dotted, truth
from dispenserd.broker.sizes import sizes

LISTENER_FORGOTTEN_FROM = (2, 0, 12)
"""From here on a client that has gone belongs to no listener, so with per_listener_settings it is denied
whatever would wait for it: mosquitto's fault 2618, still there in 2.0.21."""
SHOWN_MAX = 3
"""Rights named in one sentence; a list that is wrong is mended as a whole."""


def scope(broker: BrokerSettings, version: Version | None) -> Finding:
    """`version`: of the mosquitto that serves; None where it is not known."""
    forgets = None if version is None else version >= LISTENER_FORGOTTEN_FROM
    if broker.late_scope:
        return Finding(
            PER_LISTENER,
            "wrong",
            "below a setting that it governs",
            "mosquitto does not start with it there.",
            "Put it first in the file, or remove it.",
        )
    above = [key for key in ("acl_file", "password_file", "plugin") if key in broker.default.own]
    if broker.per_listener and above and not broker.default_is_named:
        return Finding(
            PER_LISTENER,
            "wrong",
            f"true, and {', '.join(above)} above every listener",
            "What stands above the listeners then holds for none of them.",
            "per_listener_settings false" + ("" if forgets else ", or repeat it below each listener"),
        )
    if not broker.per_listener:
        return Finding(PER_LISTENER, "right", "false", "Each rule holds where it seems to.")
    return _scoped(version, forgets)


def doors(broker: BrokerSettings, lists: Mapping[str, str], homes: int, oncall: str) -> Iterator[Finding]:
    if not broker.listeners:
        yield Finding(
            "listener",
            "wrong",
            "none",
            "mosquitto then serves its own machine alone, and anybody on it: no home can connect.",
            "listener 8883, with certificates",
        )
    if broker.opens_default and not broker.default_is_named and len(broker.listeners) > 1:
        yield Finding(
            broker.default.name,
            "wrong",
            f"opened by {', '.join(broker.opens_default)} above every listener",
            "mosquitto opens this port beside those that are named, and these settings hold for it alone.",
            "Move them below the listener that they are meant for.",
        )
    for door in broker.listeners:
        yield _anonymous(broker, door)
        yield _tls(broker, door)
        yield _identity(broker, door)
        yield _client_id(broker, door)
        yield _acl(broker, door, lists, oncall)
        yield from _room(broker, door, homes)


def _scoped(version: Version | None, forgets: bool | None) -> Finding:
    """Of rules that stand below their listener, as they must."""
    since = dotted(LISTENER_FORGOTTEN_FROM)
    found = f"true, mosquitto {'not found here' if version is None else dotted(version)}"
    if forgets is False:
        return Finding(
            PER_LISTENER,
            "right",
            found,
            f"Each rule holds where it seems to. With mosquitto {since} or newer nothing would wait for a "
            "client that is away.",
        )
    return Finding(
        PER_LISTENER,
        "unknown" if forgets is None else "wrong",
        found,
        f"From mosquitto {since} on nothing waits then for a client that is away: an alarm is acknowledged "
        "and dropped while on-call is gone, a decision while its home is.",
        "per_listener_settings false, with rules that hold for every listener"
        + (f"; or look where the broker runs: before {since} it does no harm" if forgets is None else ""),
    )


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


def _plugin(broker: BrokerSettings, door: Listener) -> bool:
    return any(broker.of(door, key) for key in ("plugin", "auth_plugin"))


def _shown(rights: Sequence[access.Right]) -> str:
    more = f" and {len(rights) - SHOWN_MAX} more" if len(rights) > SHOWN_MAX else ""
    return ", ".join(map(str, rights[:SHOWN_MAX])) + more
