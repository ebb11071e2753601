"""The broker of a play: the product's own configuration, or what a demo has where there is no mosquitto."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dispenserd.mqtt.session import BackOff, Broker, BrokerTook, Message, Session
from simulator.stage.brokers import AUTO, EMBEDDED, HOST, PLAIN, TLS, set_up
from simulator.stage.processes import Service, StageError, environment, free_port
from tests.mqtt.test_session_with_a_real_broker import running, up

SOON = BackOff(first_s=0.05, longest_s=0.2)
BOX = "box-0001"
ELSEWHERE = "127.0.0.2"
"""Another address of this machine than the one the broker listens on."""


def nowhere(_name: str, **_: object) -> None:
    """A machine on which nothing is installed."""


def test_without_mosquitto_the_demo_has_its_own_broker_and_says_what_that_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set_up(AUTO, tmp_path, 1, BOX).command[0].endswith("/mosquitto")
    monkeypatch.setattr(shutil, "which", nowhere)
    made = set_up(AUTO, tmp_path, 1, BOX)
    assert "iotcore" in made.command
    assert "no proof of anything about a broker" in made.says
    assert "apt-get install mosquitto" in made.says
    for kind in (PLAIN, TLS):
        with pytest.raises(StageError, match="no mosquitto"):
            set_up(kind, tmp_path, 1, BOX)


def test_without_any_broker_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", nowhere)
    find: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "iotcore" else find(name))
    with pytest.raises(StageError, match=r"apt-get install mosquitto.*iotcore"):
        set_up(AUTO, tmp_path, 1, BOX)


async def test_the_embedded_broker_keeps_what_an_absent_receiver_missed(tmp_path: Path) -> None:
    port = free_port()
    made = set_up(EMBEDDED, tmp_path, port, BOX)
    service = Service("broker", made.command, tmp_path, environment())
    await service.start()
    place = Broker(HOST, port)
    try:
        oncall = Session(place, "oncall", [("out/#", 1)], back_off=SOON)
        async with running(oncall):
            await up(oncall)
        async with running(Session(place, "home", back_off=SOON)) as home:
            await up(home)
            assert isinstance(await home.publish(Message("out/a", b"x" * 8192)), BrokerTook)
        again = Session(place, "oncall", [("out/#", 1)], back_off=SOON)
        async with running(again), asyncio.timeout(10):
            assert len((await again.receive()).payload) == 8192
        assert _answers(HOST, port)
        assert not _answers(ELSEWHERE, port), "nobody else on the network reaches it"
    finally:
        await service.stop()


def _answers(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def test_a_tls_broker_is_what_the_product_writes(tmp_path: Path) -> None:
    made = set_up(TLS, tmp_path, 8899, BOX)
    assert made.says == ""
    for keys, own in ((made.homes[BOX], f"boxes/{BOX}"), (made.oncall, "oncall")):
        assert keys["certificate_file"] == str(tmp_path / "broker" / own / "client.pem")
        assert all(Path(str(keys[name])).is_file() for name in ("ca_file", "certificate_file", "key_file"))
    assert "require_certificate true" in (tmp_path / "broker" / "mosquitto.conf").read_text()
    with pytest.raises(StageError, match=r"ended with 3: .* already exists"):
        set_up(TLS, tmp_path, 8899, BOX)
