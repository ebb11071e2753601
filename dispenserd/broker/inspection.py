"""Gathers what `check` needs of this machine: configuration, access lists, systemd's limit of files.

Reads and never writes; starts no process and asks no running broker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dispenserd.broker.check import Finding, findings
from dispenserd.broker.reading import BrokerSettings, read_settings

SYSTEMD_FOLDERS = (Path("/etc/systemd/system"), Path("/lib/systemd/system"))
"""Where a unit and its drop-ins stand, the strongest first."""
UNIT = "mosquitto.service"


def inspected(path: Path, homes: int, oncall: str, drop_ins: Sequence[Path]) -> list[Finding]:
    """ConfigError where it can't be read. `drop_ins` are asked instead of systemd's folders."""
    broker = read_settings(path)
    return findings(broker, _access_lists(broker), _files_limit(drop_ins), homes, oncall)


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
