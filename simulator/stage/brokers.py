"""Which broker a play has: how it is started, and how a home and on-call sign in there.

    plain     mosquitto on loopback, without names or TLS
    tls       mosquitto as `dispenserd broker-config` sets it up: certificates, own topics only
    embedded  rumqttd inside a Python package, for a machine that has no mosquitto: a demo and no proof

The configuration of `tls` is the product's own, made by running the command line as a person would.
"""

from __future__ import annotations

import getpass
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.stage.processes import StageError, broker_binary, environment, write_broker_config

HOST = "127.0.0.1"
AUTO, PLAIN, TLS, EMBEDDED = "auto", "plain", "tls", "embedded"
KINDS = (AUTO, PLAIN, TLS, EMBEDDED)

MAKE_TIMEOUT_S = 60.0
"""For one command that makes a dozen files, on a loaded machine."""

PAYLOAD_BYTES_MAX = 65536
"""Far above the longest message; the embedded broker's default is a quarter of it and drops silently."""

EMBEDDED_SAYS = (
    "No mosquitto here: the play runs on a broker inside a Python package (iotcore). It is on loopback, "
    "knows no certificates and no own topics, keeps nothing over a restart: good to look at, and no proof "
    "of anything about a broker. `make test` and a real home need mosquitto: apt-get install mosquitto"
)
NONE_SAYS = (
    "There is no broker on this machine. Install mosquitto (apt-get install mosquitto) or, for the demo "
    "alone, the package iotcore (pip install 'dispenserd[demo]')"
)


Keys = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class StageBroker:
    command: tuple[str, ...]
    homes: Mapping[str, Keys]  # by box, keys of [mqtt] in the home's configuration
    oncall: Keys
    says: str = ""  # what a person must know who watches


def set_up(kind: str, folder: Path, port: int, *boxes: str) -> StageBroker:
    """For these homes. Everything it needs is in `folder`. StageError where this machine can't have it."""
    if kind == AUTO:
        kind = PLAIN if _has_mosquitto() else EMBEDDED
    return _MAKERS[kind](folder, port, boxes)


def _plain(folder: Path, port: int, boxes: Sequence[str]) -> StageBroker:
    place: dict[str, str | int] = {"host": HOST, "port": port}
    started = (broker_binary(), "-c", str(write_broker_config(folder, port)))
    return StageBroker(started, dict.fromkeys(boxes, place), place)


def _tls(folder: Path, port: int, boxes: Sequence[str]) -> StageBroker:
    made = folder / "broker"
    words = {"--folder": made, "--homes": len(boxes), "--host": HOST, "--bind": HOST, "--port": port}
    words["--user"] = getpass.getuser()  # run by root it would become a user who can't read this folder
    arguments = [str(part) for pair in words.items() for part in pair]
    arguments += [part for box in boxes for part in ("--add-box", box)]
    command = [sys.executable, "-m", "dispenserd", "broker-config", "--make-demo-ca", "--json", *arguments]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=MAKE_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise StageError(f"`dispenserd broker-config` ended with {done.returncode}: {_what(done.stdout)}")
    return StageBroker(
        (broker_binary(), "-c", str(made / "mosquitto.conf")),
        {box: _signs_in(port, f"{made}/boxes/{box}") for box in boxes},
        _signs_in(port, f"{made}/oncall"),
    )


def _signs_in(port: int, own: str) -> dict[str, str | int]:
    return {
        "host": HOST,
        "port": port,
        "ca_file": f"{own}/ca.pem",
        "certificate_file": f"{own}/client.pem",
        "key_file": f"{own}/client.key",
    }


def _embedded(folder: Path, port: int, boxes: Sequence[str]) -> StageBroker:
    if importlib.util.find_spec("iotcore") is None:
        raise StageError(NONE_SAYS)
    config = folder / "rumqttd.toml"
    config.write_text(
        "id = 0\n"
        "[router]\n"
        "id = 0\n"
        "max_connections = 100\n"
        "max_outgoing_packet_count = 200\n"
        "max_segment_size = 104857600\n"
        "max_segment_count = 10\n"
        "[v5.1]\n"
        'name = "demo"\n'
        f'listen = "{HOST}:{port}"\n'
        "next_connection_delay_ms = 1\n"
        "[v5.1.connections]\n"
        "connection_timeout_ms = 60000\n"
        f"max_payload_size = {PAYLOAD_BYTES_MAX}\n"
        "max_inflight_count = 100\n",
        encoding="utf-8",
    )
    place: dict[str, str | int] = {"host": HOST, "port": port}
    command = (sys.executable, "-m", "iotcore", "--log-level", "CRITICAL", "--config", str(config))
    return StageBroker(command, dict.fromkeys(boxes, place), place, EMBEDDED_SAYS)


_MAKERS: Mapping[str, Callable[[Path, int, Sequence[str]], StageBroker]] = {
    PLAIN: _plain,
    TLS: _tls,
    EMBEDDED: _embedded,
}


def _has_mosquitto() -> bool:
    return any(shutil.which("mosquitto", path=path) for path in (None, "/usr/sbin:/usr/local/sbin"))


def _what(printed: str) -> str:
    try:
        return str(json.loads(printed)["what"])
    except (ValueError, KeyError, TypeError):
        return "it printed no reason"
