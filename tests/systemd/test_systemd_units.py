"""The units: systemd understands every line, and they start what exists with the configuration's names."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text())
    return parser


def test_there_is_a_unit_for_each_process() -> None:
    assert [path.name for path in UNITS] == ["dispenserd-oncall.service", "dispenserd.service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_accepts_the_unit_without_a_word(path: Path, tmp_path: Path) -> None:
    runnable = tmp_path / path.name
    runnable.write_text(path.read_text().replace("/opt/dispenserd/bin/dispenserd", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(runnable)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_unit_is_hardened(path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_unit_restarts_for_ever_but_not_over_a_wrong_configuration(path: Path) -> None:
    assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0"
    service = unit(path)["Service"]
    assert (service["Type"], service["Restart"]) == ("exec", "always")
    assert service["RestartPreventExitStatus"] == "2 3"


def test_the_boxs_unit_hands_over_the_credential_that_the_configuration_names() -> None:
    service = unit(ROOT / "systemd" / "dispenserd.service")["Service"]
    assert service["LoadCredential"].startswith("store-key:")
    assert 'name = "store-key"' in (ROOT / "config" / "dispenserd.toml").read_text()
    assert service["ExecStart"].endswith("dispenserd run --config /etc/dispenserd/dispenserd.toml")
