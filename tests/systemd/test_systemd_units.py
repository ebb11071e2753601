"""The units, read by systemd's own programs: every line is understood, little is allowed, and they start what
exists with the configuration's names. Seeded faults show that each check can fail.

systemd-analyze verify exits 0 even where it complains: what counts is that it has nothing to say.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dispenserd.oncall.notices import STRAGGLERS_IN_ALL_MAX
from dispenserd.oncall.notifier import AT_ONCE_MAX
from dispenserd.progress import FEEDS_PER_INTERVAL, LOOK_S
from dispenserd.roster_file import ADDRESSES_MAX

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
PROGRAM = "/opt/dispenserd/bin/dispenserd"
EXPOSURE_MAX = 1.5
HEARTBEAT_OUT_S = 60.0

each_unit = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text())
    return parser


def complaints(text: str, name: str, folder: Path) -> str:
    """What systemd has to say about this unit, started from the program in our own environment."""
    runnable = folder / name
    runnable.write_text(text.replace(PROGRAM, str(Path(sys.executable).with_name("dispenserd"))))
    done = subprocess.run(["systemd-analyze", "verify", str(runnable)], capture_output=True, text=True)
    return done.stderr + done.stdout if not done.returncode else f"exit {done.returncode}: {done.stderr}"


def exposure(text: str, name: str, folder: Path) -> float:
    """systemd's figure from 0 (sealed) to 10."""
    (folder / name).write_text(text)
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(folder / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    figure = float(found[1])
    assert (done.returncode == 0) == (figure <= EXPOSURE_MAX), "the threshold is a tenth of it"
    return figure


def test_there_is_a_unit_for_each_process() -> None:
    assert [path.name for path in UNITS] == ["dispenserd-oncall.service", "dispenserd.service"]


@each_unit
def test_systemd_accepts_the_unit_without_a_word(path: Path, tmp_path: Path) -> None:
    assert complaints(path.read_text(), path.name, tmp_path) == ""


@each_unit
@pytest.mark.parametrize(
    ("line", "seeded"),
    [
        ("WatchdogSec=60", "WatchDogSecs=60"),
        ("WatchdogSec=60", "WatchdogSec=soon"),
        ("ProtectSystem=strict", "ProtectSystem=very"),
        ("[Install]", "[Instal]"),
        (PROGRAM, "/opt/dispenserd/bin/dispenser"),
    ],
)
def test_a_line_that_systemd_would_ignore_is_caught(
    path: Path, line: str, seeded: str, tmp_path: Path
) -> None:
    assert line in path.read_text()
    assert complaints(path.read_text().replace(line, seeded), path.name, tmp_path) != ""


@each_unit
def test_the_unit_may_do_little(path: Path, tmp_path: Path) -> None:
    figure = exposure(path.read_text(), path.name, tmp_path)
    print(f"{path.name}: exposure {figure}")
    assert figure <= EXPOSURE_MAX


@each_unit
def test_a_unit_without_its_sandbox_is_caught(path: Path, tmp_path: Path) -> None:
    bare = re.sub(r"(?m)^(Protect|Private|Restrict|SystemCall|Capability|NoNew)\w*=.*$", "", path.read_text())
    assert exposure(bare, path.name, tmp_path) > EXPOSURE_MAX


@each_unit
def test_the_unit_restarts_for_ever_but_not_over_a_wrong_configuration(path: Path) -> None:
    assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0"
    service = unit(path)["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert service["RestartPreventExitStatus"] == "2 3"
    assert float(service["RestartSec"]) >= 5


@each_unit
def test_the_watchdog_bites_before_the_silence_would_alarm_and_not_before_it_can_be_fed(path: Path) -> None:
    watchdog_s = float(unit(path)["Service"]["WatchdogSec"])
    assert 10 * FEEDS_PER_INTERVAL * LOOK_S <= watchdog_s <= HEARTBEAT_OUT_S


def test_on_call_may_have_the_threads_that_its_notices_take() -> None:
    """As many people at once as there may be, each at all addresses, and what hangs."""
    service = unit(ROOT / "systemd" / "dispenserd-oncall.service")["Service"]
    own = 16
    most = own + AT_ONCE_MAX * ADDRESSES_MAX + STRAGGLERS_IN_ALL_MAX
    assert int(service["TasksMax"]) >= most


@each_unit
def test_what_memory_holds_reaches_no_disk(path: Path) -> None:
    """SIGABRT would dump it, and swap would keep it (S6)."""
    service = unit(path)["Service"]
    assert (service["LimitCORE"], service["MemorySwapMax"]) == ("0", "0")


def test_a_crash_loop_gets_slower_where_systemd_can(tmp_path: Path) -> None:
    """254 and newer take the drop-in without a word; before that exactly its two lines are not known."""
    words = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True)
    version = int(words.stdout.split()[1])
    (tmp_path / "dispenserd.service.d").mkdir()
    drop_in = (ROOT / "systemd" / "10-back-off.conf").read_text()
    (tmp_path / "dispenserd.service.d" / "10-back-off.conf").write_text(drop_in)
    said = complaints((ROOT / "systemd" / "dispenserd.service").read_text(), "dispenserd.service", tmp_path)
    unknown = re.findall(r"Unknown key (?:name )?'(\w+)' in section", said)
    assert len(said.splitlines()) == len(unknown), said
    assert unknown == ([] if version >= 254 else ["RestartSteps", "RestartMaxDelaySec"])


def test_each_line_of_the_units_has_a_reason_above_it() -> None:
    """A directive, or the group it stands in, is explained; names that speak for themselves are these."""
    plain = re.compile(
        r"\[|Description|ExecStart=|Restart=|WantedBy|Wants=|Group=|StateDirectoryMode|Protect|Private"
    )
    for path in UNITS:
        previous = "#"
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                told = previous.startswith("#") or plain.match(line) or "=" in previous
                assert told, f"{path.name}: {line}"
            previous = line


# --- what the box lends it ---


def test_the_boxs_unit_hands_over_the_credential_that_the_configuration_names() -> None:
    service = unit(ROOT / "systemd" / "dispenserd.service")["Service"]
    credential = "store-key:/etc/dispenserd/credentials/store-key.cred"
    assert service["LoadCredentialEncrypted"] == credential
    assert "LoadCredential" not in service, "no key lies in clear on the card"
    assert 'name = "store-key"' in (ROOT / "config" / "dispenserd.toml").read_text()
    assert service["ExecStart"] == f"{PROGRAM} run --config /etc/dispenserd/dispenserd.toml"


def test_a_key_made_as_the_page_says_is_one_that_the_service_reads(tmp_path: Path) -> None:
    """systemd decrypts it for the service; here systemd-creds does, with a host key of this test's own."""
    from dispenserd.security.keys import CredentialKey

    page = (ROOT / "docs" / "install.md").read_text()
    (command,) = re.findall(r"^head -c 32 .*\|\n.*$", page, re.MULTILINE)
    encrypted = tmp_path / "store-key.cred"
    environment = {**os.environ, "SYSTEMD_CREDENTIAL_SECRET": str(tmp_path / "host.secret")}
    here = command.replace("/etc/dispenserd/credentials/store-key.cred", str(encrypted))
    here = here.replace("systemd-creds encrypt", "systemd-creds encrypt --with-key=host")
    made = subprocess.run(["sh", "-euc", here], env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    given = tmp_path / "credentials"
    given.mkdir()
    opening = ["systemd-creds", "decrypt", "--name=store-key", str(encrypted), str(given / "store-key")]
    opened = subprocess.run(opening, env=environment, capture_output=True, text=True, check=False)
    assert opened.returncode == 0, opened.stderr
    key = CredentialKey("store-key", str(given)).key()
    assert len(key) == 32 and key not in encrypted.read_bytes()
    other = [*opening[:2], "--name=other", *opening[3:]]
    assert subprocess.run(other, env=environment, capture_output=True, check=False).returncode != 0
