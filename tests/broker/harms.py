"""What a badly set broker does to alarms, seen on a real one; and what the check says of its settings."""

from __future__ import annotations

import time
from pathlib import Path

from dispenserd.broker.inspection import inspected
from tests.support.made_broker import MadeBroker, tls
from tests.support.mqtt_bytes import CONNACK, PING, PINGRESP, SUBACK, Intruder, connect, publish, subscribe

BOX, OTHER = "box-0001", "box-0002"
INCIDENT = f"dispenserd/1/{BOX}/incident"
HOMES = 500
BURST = 1500
"""Alarms at once: more than mosquitto queues by default."""


def wrong(config: Path, homes: int = HOMES, drop_in: Path | None = None) -> set[str]:
    """The settings that are wrong, without the name of the listener."""
    found = inspected(config, homes, "oncall", [drop_in or config.parent / "systemd.conf"])
    return {each.setting.rpartition(": ")[2] for each in found if each.result == "wrong"}


# --- the harm, on a real broker -----------------------------------------------------------------------


def client(folder: Path, port: int, name: str, *, session_s: int = 0, client_id: str = "") -> Intruder:
    made_client = Intruder(port, tls(folder, name))
    made_client.send(connect(client_id or name, session_s=session_s))
    made_client.read_until(CONNACK)
    return made_client


def came_in(guest: Intruder) -> bool:
    return bool(guest.packets) and guest.packets[0].kind == CONNACK and guest.packets[0].reason == 0


def speak(folder: Path, port: int, count: int = 1, payload: bytes = b"alarm") -> None:
    """Alarms of a box, each acknowledged by the broker."""
    with client(folder, port, BOX) as box:
        for first in range(0, count, 15):
            numbers = range(1, min(15, count - first) + 1)
            box.send(b"".join(publish(INCIDENT, payload, 1, False, number) for number in numbers) + PING)
            box.read_until(PINGRESP)


def away(folder: Path, port: int) -> None:
    """On-call subscribes and goes; its session stays."""
    with client(folder, port, "oncall", session_s=3600) as oncall:
        oncall.send(subscribe(["dispenserd/1/+/incident"]))
        oncall.read_until(SUBACK)


def waited(folder: Path, port: int) -> int:
    """How many alarms waited for on-call."""
    with client(folder, port, "oncall", session_s=3600) as oncall:
        oncall.read_for(0.7)
        return len(oncall.messages())


def loses_alarms(folder: Path, port: int) -> bool:
    with MadeBroker(folder, port):
        away(folder, port)
        speak(folder, port, BURST)
        return waited(folder, port) < BURST


def forgets_at_a_restart(folder: Path, port: int) -> bool:
    with MadeBroker(folder, port) as broker:
        away(folder, port)
        speak(folder, port)
        broker.stop()
        broker.start()
        return waited(folder, port) == 0


def lets_anybody_in(folder: Path, port: int) -> bool:
    """Without TLS, or without a certificate; and they hear or say something."""
    with MadeBroker(folder, port):
        for context in (None, tls(folder)):
            with Intruder(port, context) as guest:
                guest.send(connect("guest"))
                if guest.read_until(CONNACK) and came_in(guest):
                    return True
    return False


def cuts_off_a_long_alarm(folder: Path, port: int) -> bool:
    with MadeBroker(folder, port):
        away(folder, port)
        speak(folder, port, 1, b"x" * 8192)
        return waited(folder, port) == 0


def swallows_a_flood(folder: Path, port: int) -> bool:
    with MadeBroker(folder, port):
        away(folder, port)
        speak(folder, port, 1, b"x" * 2_000_000)
        return waited(folder, port) == 1


def gives_away_a_session(folder: Path, port: int) -> bool:
    with (
        MadeBroker(folder, port),
        client(folder, port, "oncall", session_s=3600) as oncall,
        client(folder, port, OTHER, client_id="oncall"),
    ):
        oncall.send(PING)
        return not oncall.read_until(PINGRESP, 1.0)


def shuts_a_home_out(folder: Path, port: int) -> bool:
    """A home with its right certificate and its will can't be heard."""
    with MadeBroker(folder, port):
        away(folder, port)
        with Intruder(port, tls(folder, BOX)) as box:
            box.send(connect(BOX, will=(f"dispenserd/1/{BOX}/status", b"offline")))
            if not (box.read_until(CONNACK) and came_in(box)):
                return True
            box.send(
                publish(f"dispenserd/1/{BOX}/status", b"online", 1, True) + publish(INCIDENT, b"a", 1) + PING
            )
            box.read_until(PINGRESP)
        return waited(folder, port) == 0


def lets_a_box_be_another(folder: Path, port: int) -> bool:
    """On-call is there and hears: whether anything waits for it is another question."""
    with MadeBroker(folder, port), client(folder, port, "oncall", session_s=3600) as oncall:
        oncall.send(subscribe(["dispenserd/1/+/incident"]))
        oncall.read_until(SUBACK)
        with client(folder, port, OTHER) as box:
            box.send(publish(INCIDENT, b"false alarm", 1) + PING)
            box.read_until(PINGRESP)
        oncall.read_for(0.7)
        return [payload for _, payload in oncall.messages()] == [b"false alarm"]


def keeps_nothing_for_who_is_away(folder: Path, port: int) -> bool:
    with MadeBroker(folder, port):
        away(folder, port)
        speak(folder, port)
        return waited(folder, port) == 0


def does_not_start(folder: Path, port: int) -> bool:
    try:
        with MadeBroker(folder, port):
            return False
    except AssertionError as error:
        return "mosquitto ended" in str(error)


def speaks_in_clear(folder: Path, port: int) -> bool:
    with MadeBroker(folder, port), Intruder(port, None) as guest:
        guest.send(connect("guest"))
        return guest.read_until(CONNACK)


def cuts_off_who_speaks(folder: Path, port: int, keepalive_s: int) -> bool:
    """Without a pause, so that it speaks whenever the broker's second changes."""
    with MadeBroker(folder, port), Intruder(port, tls(folder, BOX)) as box:
        box.send(connect(BOX, keepalive_s=keepalive_s))
        assert box.read_until(CONNACK)
        end = time.monotonic() + 3.2
        while time.monotonic() < end:
            box.send(PING)
            if not box.read_until(PINGRESP):
                return True
    return False
