"""Gathers what `check` needs of this machine: configuration, access lists, systemd's limit of files, and the
installed mosquitto's version.

Reads and never writes; starts no broker and asks no running one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dispenserd.broker.check import Finding, findings
from dispenserd.broker.reading import BrokerSettings, Version, read_settings

SYSTEMD_FOLDERS = (Path("/etc/systemd/system"), Path("/lib/systemd/system"))
"""Where a unit and its drop-ins stand, the strongest first."""
UNIT = "mosquitto.service"
SBIN = "/usr/sbin:/usr/local/sbin"
"""Where Debian keeps mosquitto, and not on every user's PATH."""
VERSION_WITHIN_S = 5.0
"""It prints a page and ends."""


def inspected(path: Path, homes: int, oncall: str, drop_ins: Sequence[Path]) -> list[Finding]:
    """ConfigError where it can't be read. `drop_ins` are asked instead of systemd's folders."""
    broker = read_settings(path)
    limit, version = _files_limit(drop_ins), installed_version()
    return findings(broker, _access_lists(broker), limit, version, homes, oncall)


def installed_version() -> Version | None:
    """Of the mosquitto on this machine; None where there is none, or it does not say."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "-h"],
            capture_output=True,
            check=False,
            timeout=VERSION_WITHIN_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"^mosquitto version (\d+)\.(\d+)\.(\d+)", said.stdout)
    return None if found is None else tuple(map(int, found.groups()))


def _access_lists(broker: BrokerSettings) -> dict[str, str]:
    named = {broker.whole.get("acl_file"), *(door.own.get("acl_file") for door in broker.listeners)}
    read: dict[str, str] = {}
    for name in filter(None, named):
        try:
            read[name] = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # `check` says what its absence means
    return read


def _files_limit(drop_ins: Sequence[Path]) -> int | None:
    """The last LimitNOFILE that systemd would read; None where there is none."""
    found = None
    for path in drop_ins or _units():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        for value in re.findall(r"^LimitNOFILE=(\S*)$", text, re.MULTILINE):
            soft = value.partition(":")[0]
            found = int(soft) if soft.isdigit() else (2**30 if soft == "infinity" else None)
    return found


def _units() -> list[Path]:
    units = [folder / UNIT for folder in reversed(SYSTEMD_FOLDERS)]
    more = [each for folder in reversed(SYSTEMD_FOLDERS) for each in sorted(folder.glob(f"{UNIT}.d/*.conf"))]
    return [*units, *more]
