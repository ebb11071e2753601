"""What is to be thought of the way to on-call: broker, certificates, receipts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispenserd.doctor.finding import Finding, demo_class, ok, unknown, warning, wrong

View = Mapping[str, Any]

CERTIFICATE_LEFT_MIN = timedelta(days=30)
"""Somebody must order, get and install a new one, in homes they visit once a fortnight."""

RECEIPT_AGE_MAX = timedelta(days=8)
"""The weekly test alarm and a day: older, and the way to on-call is unproven."""

STANDINGS: Mapping[str, tuple[str, str]] = {
    "unreachable": (
        "no broker answers",
        "Check [mqtt] host and port, the network, and that the broker runs.",
    ),
    "not_authorised": (
        "the broker does not accept the user name, password or certificate",
        "Correct [mqtt] username and its password file, or the account at the broker.",
    ),
    "refused": ("the broker does not want this client", "Look into the broker's log; it must speak MQTT 5."),
    "lost": (
        "the broker drops the connection",
        "Look into the broker's log: a second client of this name, or its access list.",
    ),
    "connecting": ("no answer yet", "Run this again in half a minute."),
}
"""How a session stands, by its code: in words, and what to do."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """`reason` is "" once it was connected; `step` says what failed: resolve, connect, handshake."""

    host: str
    port: int
    addresses: tuple[str, ...] = ()
    step: str = ""
    reason: str = ""
    tls: bool = False
    tls_version: str = ""


@dataclass(frozen=True, slots=True)
class Validity:
    """One certificate: where it is from, and until when it holds."""

    origin: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A session with the broker: the home's own, or one of ours while no home runs."""

    state: str
    reason: str
    refused_topics: tuple[str, ...]
    of_the_home: bool


def reach(dialled: Dialled) -> Finding:
    place = f"{dialled.host}:{dialled.port}"
    facts = {
        "host": dialled.host,
        "port": dialled.port,
        "addresses": list(dialled.addresses),
        "failed_at": dialled.step,
        "reason": dialled.reason,
    }
    match dialled.step:
        case "resolve":
            return wrong(
                f"The broker's name {dialled.host} leads nowhere ({dialled.reason}).",
                "No alarm leaves this home; it shows them on the robot alone.",
                "Check the network, the name server and [mqtt] host.",
                **facts,
            )
        case "connect":
            return wrong(
                f"No broker answers at {place} ({dialled.reason}).",
                "No alarm leaves this home; it shows them on the robot alone.",
                "Check the network, [mqtt] host and port, and that the broker runs.",
                **facts,
            )
        case _:
            return ok(f"{place} answers.", "There is a way to the broker.", **facts)


def encryption(dialled: Dialled, demo: bool) -> Finding:
    facts = {"tls": dialled.tls, "version": dialled.tls_version, "reason": dialled.reason}
    if not dialled.tls:
        return demo_class(
            demo,
            "The connection to the broker is not encrypted ([mqtt] ca_file is not set).",
            "Whoever is on the way reads when this home has alarms, and can speak in its name.",
            "Set [mqtt] ca_file to the certificate of the authority that signed the broker's, and its TLS "
            "port.",
            **facts,
        )
    if dialled.step in ("resolve", "connect"):
        return unknown("The broker was not reached.", 'See "Way to the broker".', **facts)
    if dialled.step == "handshake":
        return wrong(
            f"The broker could not be proven to be ours: {dialled.reason}.",
            "The home does not speak with it, so no alarm leaves.",
            "Check [mqtt] ca_file (whose signature?), [mqtt] host (a name in the certificate?), its dates "
            "and the "
            "box's clock.",
            **facts,
        )
    return ok(
        f"The broker proved its name with {dialled.tls_version}.", "Nobody else can be taken for it.", **facts
    )


def undialled() -> Finding:
    return unknown("The broker was not dialled in time.", 'See "Way to the broker".')


def unusable(what: str, meaning: str, next_step: str) -> Finding:
    """The configuration's files for the broker can't be used."""
    return wrong(what, meaning, next_step)


def session(standing: Standing | None, why: str) -> Finding:
    """`why` there is no standing."""
    if standing is None:
        return unknown(why, "See the checks of the home and of the way to the broker.")
    whose = "The home's own session" if standing.of_the_home else "A session of our own"
    facts = {
        "standing": standing.state,
        "reason": standing.reason,
        "of_the_home": standing.of_the_home,
        "refused_topics": list(standing.refused_topics),
        "published": False,
    }
    if standing.state != "connected":
        why, next_step = STANDINGS.get(standing.state, (standing.state, "Look into the broker's log."))
        return wrong(
            f"{whose} with the broker: {why} ({standing.reason or 'no reason given'}).",
            "No alarm leaves this home, and no receipt or decision comes in.",
            next_step,
            **facts,
        )
    if standing.refused_topics:
        return wrong(
            f"The broker denies {', '.join(standing.refused_topics)}.",
            "No receipt or decision of on-call can come in: every alarm stays undelivered.",
            "Let the home read its own in/ topics in the broker's access list.",
            **facts,
        )
    return ok(
        f"{whose} over MQTT 5 is accepted, its subscriptions too.",
        "Nothing was published. A broker may accept a subscription and still hand nothing over: only a "
        "receipt "
        "proves the whole way.",
        **facts,
    )


def certificates(found: Sequence[Validity], unreadable: Mapping[str, str], now: datetime) -> Finding:
    """`unreadable`: key of the configuration -> why."""
    facts = {
        "certificates": [{"from": each.origin, "until": each.ends.isoformat()} for each in found],
        "unreadable": dict(unreadable),
    }
    if unreadable:
        told = "; ".join(f"{key}: {why}" for key, why in sorted(unreadable.items()))
        return wrong(
            f"No certificate can be read: {told}.",
            "The home can't speak with the broker.",
            "Put the right file in place.",
            **facts,
        )
    if not found:
        return unknown(
            "There is no certificate: the connection is not encrypted.",
            'See "Broker\'s proof".',
            **facts,
        )
    first = min(found, key=lambda each: each.ends)
    over = [each for each in found if each.ends <= now or each.begins > now]
    if over:
        told = ", ".join(f"{each.origin} (until {each.ends:%Y-%m-%d})" for each in over)
        return wrong(
            f"Not valid today: {told}.",
            "The home does not get through to its broker.",
            "Renew it, or set the box's clock right.",
            **facts,
        )
    said = f"{len(found)} certificates, the first to end: {first.origin} on {first.ends:%Y-%m-%d}."
    if first.ends - now < CERTIFICATE_LEFT_MIN:
        return warning(said, "After that no alarm leaves this home.", "Renew it before then.", **facts)
    return ok(said, "They hold.", **facts)


def receipt(
    newest: datetime | None,
    undelivered: int | None,
    test_alarm: View | None,
    journal_read: bool,
    now: datetime,
) -> Finding:
    """`test_alarm`: the newest one as the status shows it, if this home knows of such."""
    age = None if newest is None else now - newest
    facts = {
        "newest_receipt": None if newest is None else newest.isoformat(),
        "age_s": None if age is None else int(age.total_seconds()),
        "undelivered": undelivered,
        "test_alarm": _unnamed(test_alarm),
    }
    if undelivered:
        return wrong(
            f"{undelivered} open incidents have no receipt of on-call.",
            "Staff may not know of them. The robot shows the number to call.",
            "See the checks of the broker; ask on-call whether its process runs, and call them.",
            **facts,
        )
    if test_alarm and test_alarm.get("state") == "failed":
        return wrong(
            "The newest test alarm got no receipt of on-call.",
            "An alarm of this home would reach nobody.",
            "See the checks of the broker; ask on-call whether its process runs.",
            **facts,
        )
    if newest is None and not journal_read:
        return unknown(
            "The journal could not be read for receipts.", "See the checks of key and store.", **facts
        )
    if newest is None or age is None:
        return warning(
            "No receipt of on-call has ever come.",
            "It is not proven that an alarm of this home reaches anybody.",
            "Raise a test alarm: dispenserd doctor --test-alarm",
            **facts,
        )
    days = age / timedelta(days=1)
    if age > RECEIPT_AGE_MAX:
        return warning(
            f"The newest receipt of on-call is {days:.0f} days old.",
            "Whether an alarm gets through today is not proven.",
            "Raise a test alarm: dispenserd doctor --test-alarm",
            **facts,
        )
    return ok(
        f"The newest receipt of on-call came {_ago(age)} ago, and none is owed.",
        "Alarms of this home reach on-call.",
        **facts,
    )


PASSED = frozenset({"passed", "delivered", "acknowledged", "handled", "closed"})
"""States of a test alarm, or of its incident, that on-call's signed receipt brought about."""

ENDED = PASSED | {"failed"}


def test_alarm(answer: View | None, error: str, waited_s: float) -> Finding:
    """`error`: the code or reason for which the home could not be asked."""
    facts = {**(_unnamed(answer) or {}), "error": error, "waited_s": round(waited_s, 1)}
    if error == "unknown_call":
        return unknown(
            "This home does not know the call for a test alarm.",
            "Use a home of the same version as this command.",
            **facts,
        )
    if answer is None:
        return unknown(f"No test alarm was raised: {error}.", 'See "Running home".', **facts)
    state = str(answer.get("state", ""))
    if state not in PASSED:
        return wrong(
            f"The test alarm is {state or 'unknown'} after {waited_s:.0f} s, without a receipt of on-call.",
            "An alarm of this home would reach nobody.",
            "See the checks of the broker; ask on-call whether its process runs.",
            **facts,
        )
    return ok(
        f"The test alarm was receipted within {waited_s:.0f} s.",
        "An alarm of this home reaches on-call.",
        **facts,
    )


def _unnamed(alarm: View | None) -> View | None:
    """Without who raised it."""
    return None if alarm is None else {key: value for key, value in alarm.items() if key != "by"}


def _ago(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    return (
        f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} h" if hours >= 1 else "less than an hour"
    )
