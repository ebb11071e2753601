"""Looks at the way to the broker: name, connection, proof of who it is, and a session where no home has one.

That session is the home's own in all but its voice: client id, subscriptions and what the broker keeps for
it stay as they are, nothing is published, and no message is acknowledged, so that the home gets each at its
next start. Another client id would be no safer: a broker may make the user name the client id. Beside a
running home there is no such session: the home says how its own stands.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path

from dispenserd.config import BoxMqttSection
from dispenserd.doctor.judge.broker import Dialled, Standing, Validity
from dispenserd.mqtt.downlink import Downlink
from dispenserd.mqtt.session import Broker, Session
from dispenserd.mqtt.session import Standing as SessionStanding
from dispenserd.mqtt.tls import unfit
from dispenserd.security import certificates

DIAL_S = 5.0
SESSION_S = 12.0
"""A broker that answers later than the session's own 10 s is as good as none."""

SETTLED = frozenset(SessionStanding) - {SessionStanding.CONNECTING}


def dialled(mqtt: BoxMqttSection) -> tuple[Dialled, Validity | None]:
    """How far a connection comes, and the broker's certificate, if it could be seen."""
    host, port = mqtt.host, mqtt.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as fault:
        return Dialled(host, port, (), "resolve", _why(fault), mqtt.ca_file is not None), None
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    try:
        connection = socket.create_connection((host, port), DIAL_S)
    except OSError as fault:
        return Dialled(host, port, addresses, "connect", _why(fault), mqtt.ca_file is not None), None
    with connection:
        if mqtt.ca_file is None:
            return Dialled(host, port, addresses), None
        return _shaken_hands(connection, mqtt, addresses)


def standing(broker: Broker, box: str) -> Standing:
    """Of a session of our own; blocks for some seconds."""
    return asyncio.run(_standing(broker, box))


def certificate_files(mqtt: BoxMqttSection) -> tuple[list[Validity], dict[str, str]]:
    """What the configuration's certificate files hold, and why others can't be read."""
    found: list[Validity] = []
    unreadable: dict[str, str] = {}
    for key in ("ca_file", "certificate_file"):
        path: Path | None = getattr(mqtt, key, None)
        if path is None:
            continue
        try:
            periods = certificates.periods(path.read_bytes())
        except OSError as fault:
            unreadable[key] = _why(fault)
        except ValueError as fault:
            unreadable[key] = str(fault)
        else:
            found += [Validity(key, begins, ends) for begins, ends in periods]
    return found, unreadable


def _shaken_hands(
    connection: socket.socket, mqtt: BoxMqttSection, addresses: tuple[str, ...]
) -> tuple[Dialled, Validity | None]:
    def stopped(why: str, unfit: bool = False) -> tuple[Dialled, Validity | None]:
        return Dialled(mqtt.host, mqtt.port, addresses, "handshake", why, True, unfit=unfit), None

    try:
        with _context(mqtt).wrap_socket(connection, server_hostname=mqtt.host) as shaken:
            der, version = shaken.getpeercert(binary_form=True), shaken.version() or ""
    except ssl.SSLCertVerificationError as fault:
        return stopped(fault.verify_message, bool(unfit(fault)))
    except ssl.SSLError as fault:
        return stopped((fault.reason or type(fault).__name__).lower().replace("_", " "))
    except OSError as fault:
        return stopped(_why(fault))
    seen = None if der is None else Validity("the broker's own", *certificates.period_of_der(der))
    return Dialled(mqtt.host, mqtt.port, addresses, tls=True, tls_version=version), seen


def _context(mqtt: BoxMqttSection) -> ssl.SSLContext:
    """As strict as the session's: the named authority alone, and the name must fit."""
    context = ssl.create_default_context(cafile=str(mqtt.ca_file))
    certificate: Path | None = getattr(mqtt, "certificate_file", None)
    if certificate is not None:
        context.load_cert_chain(certificate, getattr(mqtt, "key_file", None))
    return context


async def _standing(broker: Broker, box: str) -> Standing:
    session = Session(broker, f"home-{box}", Downlink.subscriptions(box))
    changed = session.watch()
    running = asyncio.create_task(session.run())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(SESSION_S):
                while session.state.standing not in SETTLED:
                    changed.clear()
                    await changed.wait()
        state = session.state
        return Standing(state.standing.value, state.reason, state.refused_topics, of_the_home=False)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _why(fault: OSError) -> str:
    return (fault.strerror or type(fault).__name__).lower()
