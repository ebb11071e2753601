"""The import contracts of pyproject.toml notice what they are there to forbid.

`make lint` asks whether the house keeps them. Here a copy of the house breaks every one of them at least
once, and each break must be reported under the right name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import ROOMS, ROOT, texts

SEEDS = (
    ("scheduler.ids", "protocol.wire.messages", "The shell over the drivers"),
    ("drivers.port", "dispenserd.home", "The shell over the drivers"),
    ("dispenserd.home", "protocol.wire.messages", "The shell leaves the wire"),
    ("drivers.port", "protocol.mqtt.topics", "The drivers know the robot's wire"),
    ("simulator.clock", "scheduler.plan", "The simulator knows the wires"),
    ("drivers.port", "simulator.clock", "Nobody imports the simulator"),
    ("dispenserd.home", "protocol.mqtt.topics", "On-call's payloads"),
    ("dispenserd.oncall.keys", "dispenserd.home", "On-call is a process of its own"),
    ("dispenserd.oncall.keys", "scheduler.plan", "On-call is a process of its own"),
    ("dispenserd.store.schema", "dispenserd.mqtt.session", "Engine and store"),
    ("dispenserd.engine", "drivers.port", "Engine and store"),
    ("drivers.port", "serial", "pyserial"),
    ("dispenserd.home", "paho", "paho"),
    ("dispenserd.home", "sqlalchemy", "SQLAlchemy"),
    ("dispenserd.oncall.keys", "sqlcipher3", "SQLCipher and alembic"),
    ("dispenserd.home", "alembic", "SQLCipher and alembic"),
    ("dispenserd.oncall.keys", "apprise", "Apprise"),
    ("protocol.wire.limits", "pydantic", "pydantic"),
    ("dispenserd.home", "typer", "typer and rich"),
    ("simulator.clock", "rich", "typer and rich"),
    ("dispenserd.home", "apscheduler", "APScheduler"),
    ("dispenserd.cli.staff", "textual", "textual"),
    ("scheduler.ids", "cobs", "COBS and CBOR"),
    ("dispenserd.home", "cbor2", "COBS and CBOR"),
    ("scheduler.ids", "cryptography", "cryptography"),
    ("scheduler.plan", "scheduler.decide", "Floors of scheduler"),
    ("protocol.wire.limits", "protocol.wire.link", "Floors of protocol.wire"),
    ("protocol.mqtt.topics", "protocol.mqtt.signatures", "Floors of protocol.mqtt"),
    ("drivers.port", "drivers.connection", "Floors of drivers"),
    ("simulator.clock", "simulator.server", "Floors of simulator"),
    ("dispenserd.home", "dispenserd.engine", "Floors of dispenserd"),
    ("dispenserd.doctor.finding", "dispenserd.doctor.case", "Floors of dispenserd.doctor"),
    ("dispenserd.doctor.judge.plan", "subprocess", "The doctor judges data"),
    ("dispenserd.doctor.judge.clock", "dispenserd.config", "The doctor judges data"),
)


def contracts() -> list[dict[str, Any]]:
    found = tomllib.loads(texts()["pyproject.toml"])["tool"]["importlinter"]["contracts"]
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says about a copy of the house with every seed in it."""
    house = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, house / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", house)
    for importer, imported, _ in SEEDS:
        module = house / Path(*importer.split(".")).with_suffix(".py")
        module.write_text(f"{module.read_text()}\nimport {imported}\n")
    for room in _exhaustive():
        (house / Path(*room.split(".")) / "stranger.py").write_text('"""Nobody gave it a floor."""\n')
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=house,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout.split("Broken contracts", 1)[1]


def _exhaustive() -> list[str]:
    return [container for rule in contracts() if rule.get("exhaustive") for container in rule["containers"]]


def _section(report: str, name: str) -> str:
    title = next(line for line in report.splitlines() if line.startswith(name))
    rest = report.split(f"\n{title}\n", 1)[1]
    later = [rest.find(f"\n{rule['name']}\n") for rule in contracts()]
    return rest[: min((at for at in later if at > 0), default=len(rest))]


@pytest.mark.parametrize(("importer", "imported", "contract"), SEEDS)
def test_it_catches_an_import(report: str, importer: str, imported: str, contract: str) -> None:
    assert f"{importer} -> {imported}" in _section(report, contract)


def test_it_catches_a_file_without_a_floor(report: str) -> None:
    for room in _exhaustive():
        assert f"- {room}.stranger" in _section(report, f"Floors of {room}")


def test_every_contract_has_a_seed() -> None:
    names = [rule["name"] for rule in contracts()]
    assert [name for name in names if not any(name.startswith(seed) for *_, seed in SEEDS)] == []
