"""The looks at the machine: systemd's own commands where they are, and a stand-in for a booted systemd."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dispenserd.doctor.finding import Result
from dispenserd.doctor.judge import clock as judge_clock
from dispenserd.doctor.judge import unit as judge_unit
from dispenserd.doctor.look import machine

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "systemd" / "dispenserd.service"


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that systemd has booted: its commands answer with what lies in files of this folder."""
    for name in ("systemctl", "timedatectl", "systemd-analyze"):
        script = tmp_path / name
        script.write_text(f'#!/bin/sh\ncat "$(dirname "$0")/{name}.says"\n')
        script.chmod(0o755)
        (tmp_path / f"{name}.says").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(machine, "BOOTED", tmp_path)
    monkeypatch.setattr(machine, "SYNCHRONISED", tmp_path / "synchronized")
    return tmp_path


def installed(systemd: Path, drop_in: str = "", active: str = "active", load: str = "loaded") -> None:
    own = systemd / "own.conf"
    own.write_text(drop_in)
    shown = [f"LoadState={load}", f"ActiveState={active}", "NRestarts=3", "NeedDaemonReload=no"]
    shown += [f"FragmentPath={SHIPPED}", f"DropInPaths={own}" if drop_in else "DropInPaths="]
    (systemd / "systemctl.says").write_text("\n".join([*shown, ""]))
    rating = "→ Overall exposure level for dispenserd.service: 1.6 OK\n"
    (systemd / "systemd-analyze.says").write_text(rating)


def test_the_shipped_unit_installed_as_it_is_is_well(systemd: Path) -> None:
    installed(systemd)
    seen = machine.unit()
    assert (seen.load, seen.active, seen.restarts, seen.exposure) == ("loaded", "active", 3, 1.6)
    assert judge_unit.unit(seen, demo=False).result is Result.OK


def test_a_drop_in_that_loosens_it_is_read_and_found(systemd: Path) -> None:
    installed(systemd, "[Service]\nProtectHome=no\n")
    found = judge_unit.unit(machine.unit(), demo=False)
    assert found.result is Result.WRONG
    assert found.facts["loosened"] == ["ProtectHome=no"]


def test_a_unit_that_is_not_installed_or_has_failed_is_wrong(systemd: Path) -> None:
    (systemd / "systemctl.says").write_text("LoadState=not-found\nActiveState=inactive\n")
    assert judge_unit.unit(machine.unit(), demo=False).result is Result.WRONG
    installed(systemd, active="failed")
    assert "failed" in judge_unit.unit(machine.unit(), demo=False).what


@pytest.mark.parametrize(
    ("says", "file", "result"),
    [
        ("NTPSynchronized=yes\n", False, Result.OK),
        ("NTPSynchronized=no\n", False, Result.WARNING),
        ("", False, Result.UNKNOWN),
        ("NTPSynchronized=no\n", True, Result.OK),
    ],
)
def test_network_time_by_systemds_word(systemd: Path, says: str, file: bool, result: Result) -> None:
    (systemd / "timedatectl.says").write_text(says)
    if file:
        (systemd / "synchronized").touch()
    assert judge_clock.network(*machine.network_time()).result is result


def test_without_systemd_nothing_is_asked_of_it(systemd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(systemd)
    monkeypatch.setattr(machine, "BOOTED", systemd / "none")
    assert judge_unit.unit(machine.unit(), demo=False).result is Result.UNKNOWN


def test_the_real_systemd_rates_the_shipped_unit_below_the_bound() -> None:
    assert shutil.which("systemd-analyze"), "systemd-analyze is not installed"
    rated = machine.exposure(str(SHIPPED), "--offline=true")
    assert rated is not None
    assert rated < judge_unit.EXPOSURE_MAX


def test_a_time_zone_that_nobody_knows() -> None:
    assert machine.time_zone("Europe/Copenhagen")[0]
    assert not machine.time_zone("Europe/Atlantis")[0]


def test_versions_name_what_the_home_stands_on() -> None:
    assert set(machine.versions()) == {"dispenserd", "python", "sqlcipher", "os", "kernel", "machine"}
    assert machine.versions()["sqlcipher"][0].isdigit()
