"""What `broker-config --check` finds depends on the mosquitto: a fault comes with a version or goes with one.

The real broker is the installed one: Debian 12's has none of them, Debian 13's has both.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dispenserd.broker.check import CUTS_OFF_AT_MAX_KEEPALIVE, HOME_KEEPALIVE_S, findings
from dispenserd.broker.doors import LISTENER_FORGOTTEN_FROM, scope
from dispenserd.broker.inspection import installed_version
from dispenserd.broker.reading import Version, read_settings
from dispenserd.broker.template import CONFIG
from dispenserd.mqtt.session import KEEPALIVE_S
from tests.broker.harms import (
    HOMES,
    cuts_off_who_speaks,
    keeps_nothing_for_who_is_away,
    lets_a_box_be_another,
    wrong,
)
from tests.support.broker import binary
from tests.support.made_broker import made, replaced


def test_rules_below_their_listener_hold_and_cost_the_queue_with_the_mosquitto_that_forgets_it(
    tmp_path: Path,
) -> None:
    """Debian 12's keeps what waits, Debian 13's drops it: the check says of each what it does."""
    folder = tmp_path / "broker"
    port = made(folder, homes=HOMES)
    assert not keeps_nothing_for_who_is_away(folder, port), "not with the template"
    config, version = folder / CONFIG, installed_version()
    assert version is not None
    rules_below_the_listener(config)
    assert not lets_a_box_be_another(folder, port)
    forgets = version >= LISTENER_FORGOTTEN_FROM
    assert keeps_nothing_for_who_is_away(folder, port) is forgets
    assert wrong(config) == ({"per_listener_settings"} if forgets else set())


@pytest.mark.parametrize(
    ("version", "result", "tells"),
    [
        ((2, 0, 11), "right", "2.0.11"),
        ((2, 0, 12), "wrong", "2.0.12"),
        ((2, 0, 21), "wrong", "2.0.21"),
        ((2, 1, 0), "wrong", "2.1.0"),
        (None, "unknown", "not found here"),
    ],
)
def test_settings_of_each_listener_are_judged_by_the_version(
    tmp_path: Path, version: Version | None, result: str, tells: str
) -> None:
    folder = tmp_path / "broker"
    made(folder, homes=HOMES)
    rules_below_the_listener(folder / CONFIG)
    found = scope(read_settings(folder / CONFIG), version)
    assert found.result == result
    assert tells in found.found
    assert ("per_listener_settings false" in found.fix) is (result != "right")


def test_no_client_is_cut_off_for_its_keepalive_with_the_template_and_homes_are_where_the_check_says_so(
    tmp_path: Path,
) -> None:
    """Debian 13's mosquitto does it to whoever has the most that is allowed; Debian 12's does not."""
    folder = tmp_path / "broker"
    port = made(folder, homes=HOMES)
    assert HOME_KEEPALIVE_S == KEEPALIVE_S, "homes and on-call ask for it"
    for asked_s in (HOME_KEEPALIVE_S, 30, 60):
        assert not cuts_off_who_speaks(folder, port, asked_s), asked_s
    config, version = folder / CONFIG, installed_version()
    template = config.read_text()
    for most in (HOME_KEEPALIVE_S, HOME_KEEPALIVE_S + 1):
        config.write_text(f"{template}max_keepalive {most}\n")
        cut_off = version == CUTS_OFF_AT_MAX_KEEPALIVE and most == HOME_KEEPALIVE_S
        assert cuts_off_who_speaks(folder, port, HOME_KEEPALIVE_S) is cut_off
        assert wrong(config) == ({"max_keepalive"} if cut_off else set())


def test_a_keepalive_is_not_judged_where_the_version_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "mosquitto.conf").write_text("max_keepalive 10\n")
    told = findings(read_settings(tmp_path / "mosquitto.conf"), {}, None, None, HOMES, "oncall")
    assert [each.result for each in told if each.setting == "max_keepalive"] == ["unknown"]


def test_the_version_is_the_installed_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.run([binary(), "-h"], capture_output=True, text=True, check=False).stdout
    known = installed_version()
    assert known is not None
    assert said.startswith(f"mosquitto version {'.'.join(map(str, known))}")
    silent = tmp_path / "mosquitto"
    silent.write_text("#!/bin/sh\necho something else\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed_version() is None


def rules_below_the_listener(config: Path) -> None:
    """per_listener_settings as mosquitto wants it used."""
    replaced(config, "per_listener_settings", "per_listener_settings true")
    lines = config.read_text().splitlines()
    own = [each for each in lines if each.startswith(("allow_", "acl_file"))]
    config.write_text("\n".join([*(each for each in lines if each not in own), *own, ""]))
